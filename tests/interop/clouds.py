"""The ways to log in, as entries of clouds.yaml."""

import copy
import dataclasses
import pathlib
from collections.abc import Mapping
from typing import Any

import requests
import yaml

from fakeserver.base.seed_world import DOMAIN, SITES, build
from tests.interop import worlds
from tests.interop.place import Place

Entry = dict[str, Any]
_OTHER = dict(zip(SITES, reversed(SITES), strict=True))
_PROJECT = ("project_name", "project_domain_name")


@dataclasses.dataclass
class Clouds:
    """The clouds.yaml of the sandbox, and what is added to it."""

    place: Place
    entries: dict[str, Entry]
    #: where it is written
    path: pathlib.Path = pathlib.Path()

    @classmethod
    def of(cls, place: Place) -> "Clouds":
        text = (place.sandbox / "clouds.yaml").read_text()
        return cls(place, yaml.safe_load(text)["clouds"])

    def write(self) -> None:
        self.path.write_text(yaml.safe_dump({"clouds": self.entries}))

    def like(self, name: str, **changes: Any) -> Entry:
        """An entry with other keys; None takes one away. ``auth`` is
        changed in the same way."""
        made = copy.deepcopy(self.entries[name])
        _change(made["auth"], changes.pop("auth", {}))
        _change(made, changes)
        return made

    def token(self, name: str) -> str:
        """A fresh token of an entry with a password."""
        auth = self.entries[name]["auth"]
        return _token(auth)

    def pair(self, name: str, made: Mapping[str, Entry]) -> None:
        """Add an entry for each site, each naming the other: site-a-NAME."""
        for site, entry in made.items():
            secondary = f"{_OTHER[site]}-{name}"
            self.entries[f"{site}-{name}"] = {
                **entry,
                "protector_secondary_cloud": secondary,
            }


def _change(entry: Entry, changes: Mapping[str, Any]) -> None:
    for key, value in changes.items():
        if value is None:
            entry.pop(key, None)
        else:
            entry[key] = value


def without_project(**auth: Any) -> Entry:
    return {**dict.fromkeys(_PROJECT), **auth}


def everything(place: Place) -> Clouds:
    """Every way to log in that the matrix tries."""
    made = Clouds.of(place)
    world = build("default", place.seed)
    credentials = {site: _credential(made, site) for site in SITES}
    for site in SITES:
        url = place.keystones[site]
        own = credentials[site]
        secret = {"application_credential_secret": own["secret"]}
        made.pair(
            "credential",
            {
                site: _entry(
                    "v3applicationcredential",
                    url,
                    application_credential_id=own["id"],
                    **secret,
                )
            },
        )
        made.pair(
            "credential-name",
            {
                site: _entry(
                    "v3applicationcredential",
                    url,
                    application_credential_name=own["name"],
                    username="demo",
                    user_domain_name=DOMAIN,
                    **secret,
                )
            },
        )
        made.pair(
            "token",
            {
                site: _entry(
                    "v3token",
                    url,
                    token=made.token(site),
                    project_name="demo",
                    project_domain_name=DOMAIN,
                )
            },
        )
        made.pair(
            "bare-token",
            {site: _entry("v3token", url, token=made.token(site))},
        )
        made.pair(
            "project-id",
            {
                site: made.like(
                    site,
                    auth=without_project(
                        project_id=world.project_id(site, "demo")
                    ),
                )
            },
        )
        made.pair(
            "default-project", {site: made.like(site, auth=without_project())}
        )
        made.pair(
            "wanderer",
            {
                site: made.like(
                    site,
                    auth=without_project(
                        username=worlds.WANDERER,
                        password=world.password(worlds.WANDERER),
                    ),
                )
            },
        )
        made.pair(
            "domain",
            {
                site: made.like(
                    f"{site}-admin", auth=without_project(domain_name=DOMAIN)
                )
            },
        )
        made.pair(
            "system",
            {
                site: made.like(
                    f"{site}-admin", auth=without_project(system_scope="all")
                )
            },
        )
        made.pair(
            "no-version",
            {
                site: made.like(
                    site, auth={"auth_url": url.removesuffix("/v3")}
                )
            },
        )
        made.pair(
            "slash", {site: made.like(site, auth={"auth_url": f"{url}/"})}
        )
        made.pair(
            "wrong-password",
            {site: made.like(site, auth={"password": "wrong"})},
        )
        made.pair(
            "no-such-project",
            {site: made.like(site, auth={"project_name": "nosuch"})},
        )
        made.pair(
            "foreign-project",
            {site: made.like(site, auth={"project_name": "rival"})},
        )
        made.pair(
            "dead-keystone",
            {site: made.like(site, auth={"auth_url": f"{worlds.NOWHERE}/v3"})},
        )
        made.pair(
            "second-region",
            {site: made.like(site, region_name=worlds.SECOND_REGION)},
        )
        made.pair(
            "bare-region",
            {site: made.like(site, region_name=worlds.BARE_REGION)},
        )
        made.pair("no-region", {site: made.like(site, region_name=None)})
        made.pair("internal", {site: made.like(site, interface="internal")})
        made.pair(
            "admin-interface", {site: made.like(site, interface="admin")}
        )
        made.pair(
            "override",
            {
                site: made.like(
                    site,
                    region_name=worlds.BARE_REGION,
                    protector_endpoint_override=place.urls[site],
                )
            },
        )
        made.pair(
            "override-v1",
            {
                site: made.like(
                    site,
                    region_name=worlds.BARE_REGION,
                    protector_endpoint_override=f"{place.urls[site]}/v1",
                )
            },
        )
        made.pair(
            "wanderer-override",
            {
                site: made.like(
                    f"{site}-wanderer",
                    protector_endpoint_override=place.urls[site],
                )
            },
        )
        made.pair(
            "override-keystone",
            {site: made.like(site, protector_endpoint_override=url)},
        )
        made.pair(
            "override-nowhere",
            {
                site: made.like(
                    site, protector_endpoint_override=worlds.NOWHERE
                )
            },
        )
    return made


def _entry(kind: str, url: str, **auth: str) -> Entry:
    return {
        "auth_type": kind,
        "auth": {"auth_url": url, **auth},
        "region_name": "RegionOne",
        "identity_api_version": "3",
    }


def _token(auth: Mapping[str, str]) -> str:
    answer = requests.post(
        f"{auth['auth_url']}/auth/tokens",
        json={
            "auth": {
                "identity": {
                    "methods": ["password"],
                    "password": {
                        "user": {
                            "name": auth["username"],
                            "password": auth["password"],
                            "domain": {"id": "default"},
                        }
                    },
                },
                "scope": {
                    "project": {
                        "name": auth["project_name"],
                        "domain": {"id": "default"},
                    }
                },
            }
        },
        timeout=30,
    )
    answer.raise_for_status()
    return answer.headers["X-Subject-Token"]


def revoke(url: str, token: str) -> None:
    """Revoke a token with itself."""
    answer = requests.delete(
        f"{url}/auth/tokens",
        headers={"X-Auth-Token": token, "X-Subject-Token": token},
        timeout=30,
    )
    answer.raise_for_status()


def _credential(made: Clouds, site: str) -> dict[str, str]:
    """A fresh application credential of demo's."""
    url = made.place.keystones[site]
    world = build("default", made.place.seed)
    path = f"{url}/users/{world.user_id(site, 'demo')}/application_credentials"
    headers = {"X-Auth-Token": made.token(site)}
    for old in requests.get(path, headers=headers, timeout=30).json()[
        "application_credentials"
    ]:
        requests.delete(
            f"{path}/{old['id']}", headers=headers, timeout=30
        ).raise_for_status()
    answer = requests.post(
        path,
        headers=headers,
        json={"application_credential": {"name": "runbook"}},
        timeout=30,
    )
    answer.raise_for_status()
    found: dict[str, str] = answer.json()["application_credential"]
    return found
