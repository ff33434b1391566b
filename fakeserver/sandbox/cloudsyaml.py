"""The clouds.yaml of a sandbox: every user of the seeded world."""

import json
from collections.abc import Mapping
from typing import Any

from fakeserver.base.config import SiteConfig
from fakeserver.base.seed_world import DOMAIN, REGION, SITES, USERS, World

#: entry -> site, user, the entry of the same user at the other site
_ENTRIES = (
    ("site-a", "site-a", "demo", "site-b"),
    ("site-b", "site-b", "demo", "site-a"),
    ("site-a-admin", "site-a", "admin", "site-b-admin"),
    ("site-b-admin", "site-b", "admin", "site-a-admin"),
    ("site-a-auditor", "site-a", "auditor", "site-b-auditor"),
    ("site-b-auditor", "site-b", "auditor", "site-a-auditor"),
    ("site-a-rival", "site-a", "rival", "site-b-rival"),
    ("site-b-rival", "site-b", "rival", "site-a-rival"),
)


def clouds(
    world: World, auth_urls: Mapping[str, str], config: SiteConfig
) -> dict[str, dict[str, Any]]:
    """Return the entries as a mapping, in the order of the table."""
    made: dict[str, dict[str, Any]] = {}
    for name, site, user, secondary in _ENTRIES:
        entry: dict[str, Any] = {
            "auth": {
                "auth_url": auth_urls[site],
                "username": user,
                "password": world.password(user),
                "project_name": USERS[user][0],
                "user_domain_name": DOMAIN,
                "project_domain_name": DOMAIN,
            },
            "region_name": REGION,
            "identity_api_version": "3",
        }
        if config.ca_file is not None:
            entry["cacert"] = str(config.ca_file)
        entry["protector_secondary_cloud"] = secondary
        # where the instances of this cloud are reached; of no real one
        entry["protector_sandbox_instances"] = str(config.instances_of(site))
        made[name] = entry
    return made


def render(
    world: World, auth_urls: Mapping[str, str], config: SiteConfig
) -> str:
    """Return the text of the file; scalars are quoted as in JSON, which YAML
    reads."""
    lines = [f"# {' and '.join(SITES)} of a protector sandbox", "clouds:"]
    for name, entry in clouds(world, auth_urls, config).items():
        lines += [f"  {name}:", *_block(entry, "    ")]
    return "\n".join(lines) + "\n"


def _block(entry: Mapping[str, Any], indent: str) -> list[str]:
    lines = []
    for key, value in entry.items():
        if isinstance(value, Mapping):
            lines += [f"{indent}{key}:", *_block(value, f"{indent}  ")]
        else:
            lines.append(f"{indent}{key}: {json.dumps(value)}")
    return lines
