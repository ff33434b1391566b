"""The replication policy of a group."""

from typing import Any

from fakeserver.base.clock import stamp
from fakeserver.base.errors import RequestRefused
from fakeserver.engine import array_links
from fakeserver.engine.model.document import TOKENS
from fakeserver.engine.service import Service
from fakeserver.registry.notes import note
from fakeserver.registry.preconditions import Doc
from fakeserver.site import Site
from fakeserver.store import groups
from fakeserver.store.groups import Group

#: what a policy has when it is not said
DEFAULTS = {"replication_interval": 300, "rpo_minutes": 15}


def require(group: Group) -> Doc:
    """Return the group's policy, or refuse the request where it has none."""
    found: Doc | None = group.doc["policy"]
    if found is None:
        raise RequestRefused(
            "not-found", f"Protection group {group.name} has no policy"
        )
    return found


def put(
    service: Service, project_id: str, group_id: str, given: dict[str, Any]
) -> tuple[Group, bool]:
    """Create or replace the policy; return whether it is new.

    It starts the replication, also one that an operation has stopped.
    """
    site = service.site
    made = groups.get(site.db, project_id, group_id).doc["policy"] is None

    def mutate(doc: Doc) -> None:
        doc["policy"] = {
            **DEFAULTS,
            **given,
            **_tokens(site, group_id, given, doc["policy"]),
        }

    with service.followed(group_id):
        service.change(project_id, group_id, mutate, array_links.START)
    note(site, group_id, "policy_updated_at", stamp(site.clock.time()))
    return groups.get(site.db, project_id, group_id), made


def _tokens(
    site: Site,
    group_id: str,
    given: dict[str, Any],
    old: Doc | None,
) -> Doc:
    """Seal each API token for the pair; keep a token that is not given."""
    sealed = {}
    for field in TOKENS:
        text = given.get(field)
        if text is not None:
            sealed[field] = {
                "sealed": site.pair.encrypt(text, group_id),
                "fingerprint": site.pair.fingerprint(text, group_id),
            }
        elif old is not None:
            sealed[field] = old[field]
        else:
            raise RequestRefused(
                "bad-request",
                f"policy.{field} is missing",
                field=f"policy.{field}",
            )
    return sealed


def delete(service: Service, project_id: str, group_id: str) -> None:
    """Delete the policy and stop the replication; recovery points stay."""
    site = service.site

    def mutate(doc: Doc) -> None:
        doc["policy"] = None

    require(groups.get(site.db, project_id, group_id))
    with service.followed(group_id):
        service.change(project_id, group_id, mutate, array_links.FOLLOW)
