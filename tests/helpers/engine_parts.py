"""Both services, asked over HTTP, and a look at what is there."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import requests
from keystoneauth1 import exceptions

from fakeserver.base.seed_world import ARRAYS, SITES
from fakeserver.local.pair import LocalPair
from fakeserver.store import groups, operations
from fakeserver.store.operations import Operation

Json = Any
WEB, DB, BARE = "prod-web-app", "prod-db", "bare"
A, B = SITES
NEWEST = {"OpenStack-API-Version": "protector 1.2"}
UNREACHABLE = (
    "Cannot modify protection group \N{EM DASH} remote site unreachable"
)


@dataclasses.dataclass
class Answer:
    """A status, 0 where nobody answered, and a body."""

    status: int
    body: Json

    @property
    def reason(self) -> str:
        """Why it was refused, without the prefix."""
        found: str = self.body["error"]["reason"]
        return found.removeprefix("protector.")

    @property
    def message(self) -> str:
        found: str = self.body["error"]["message"]
        return found

    def told(self, noun: str) -> dict[str, Any]:
        """What is in the wrapping of an answer that was a yes."""
        assert 200 <= self.status < 300, self.body
        found: dict[str, Any] = self.body[noun]
        return found


class Two:
    """Two sites without sockets; an operation runs when it is told to."""

    def __init__(self, pair: LocalPair) -> None:
        self.pair = pair
        self.world = pair.site(A).world
        self.ids = {g.name: g.id for g in self.world.groups}
        self._sessions = {
            f"{site}{user}": pair.session(f"{site}{user}")
            for site in SITES
            for user in ("", "-admin")
        }

    # -- asking

    def ask(
        self,
        site: str,
        method: str,
        path: str,
        json: Json = None,
        *,
        user: str = "-admin",
        headers: Mapping[str, str] = NEWEST,
    ) -> Answer:
        project = self.world.project_id(site, "demo")
        url = f"{self.pair.site(site).url}/v1/{project}/{path}"
        try:
            answer = self._sessions[f"{site}{user}"].request(
                url, method, json=json, headers=dict(headers), raise_exc=False
            )
        except (
            requests.RequestException,
            exceptions.ClientException,
        ) as error:
            return Answer(0, str(error))
        return Answer(answer.status_code, _read(answer))

    def of(self, group: str, rest: str = "") -> str:
        return f"protection-groups/{self.ids[group]}{rest}"

    def act(
        self,
        site: str,
        action: str,
        group: str = WEB,
        *,
        request_id: str | None = None,
        **params: Any,
    ) -> Answer:
        """Post an action; the networks are mapped where it needs them."""
        if action in ("failover", "failback", "test_failover"):
            source = A if action != "failback" else B
            mapping = self.networks(source, group)
            params = {"network_mapping": mapping, **params}
            if group == DB:
                sizes = ["db.big", "db.large"]
                if source == B:
                    sizes.reverse()
                params.setdefault("flavor_mapping", {sizes[0]: sizes[1]})
        headers = dict(NEWEST)
        if request_id is not None:
            headers["X-OpenStack-Request-ID"] = request_id
        return self.ask(
            site,
            "POST",
            self.of(group, "/action"),
            {action: params},
            headers=headers,
        )

    def started(self, site: str, action: str, **params: Any) -> str:
        """The id of the operation that an action has started."""
        answer = self.act(site, action, **params)
        assert answer.status == 202, answer.body
        return str(answer.body["operation"]["id"])

    def done(self, site: str, action: str, **params: Any) -> dict[str, Any]:
        """The record of an operation that ran to its end."""
        operation = self.started(site, action, **params)
        self.pair.drain()
        return self.operation(site, operation)

    def forced(self, site: str, **params: Any) -> dict[str, Any]:
        """A forced failover; its networks are those of the other site."""
        source = B if site == A else A
        mapping = self.networks(source)
        params = {"network_mapping": mapping, "force": True, **params}
        return self.done(site, "failover", **params)

    def networks(self, source: str, group: str = WEB) -> dict[str, str]:
        """The group's network at the source to its twin."""
        kind = "db" if group == DB else "web"
        first = self.world.network_id(A, f"net-primary-{kind}")
        second = self.world.network_id(B, f"net-secondary-{kind}")
        return {first: second} if source == A else {second: first}

    # -- reading

    def group(self, site: str, name: str = WEB) -> dict[str, Any]:
        return self.ask(site, "GET", self.of(name)).told("protection_group")

    def operation(self, site: str, id_: str) -> dict[str, Any]:
        return self.ask(site, "GET", f"operations/{id_}").told("operation")

    def status(
        self, site: str, name: str = WEB, query: str = ""
    ) -> dict[str, Any]:
        path = self.of(name, f"/sync-status{query}")
        return self.ask(site, "GET", path).told("sync_status")

    def sync(self, site: str, name: str = WEB, force: bool = False) -> Answer:
        query = "?force=true" if force else ""
        return self.ask(site, "POST", self.of(name, f"/sync-force{query}"))

    def versions(self, name: str = WEB) -> tuple[int, int]:
        """What each site holds, also one that is cut off."""
        return (self.held(A, name)["version"], self.held(B, name)["version"])

    def states(self, name: str = WEB) -> tuple[str, str]:
        return (self.held(A, name)["status"], self.held(B, name)["status"])

    def held(self, site: str, name: str = WEB) -> dict[str, Any]:
        """The document on a site's disk."""
        found = groups.find(self.pair.site(site).parts.db, self.ids[name])
        assert found is not None
        return found.doc

    def kept(self, site: str, id_: str) -> Operation:
        """An operation on a site's disk, with the engine's own notes."""
        found = operations.find(self.pair.site(site).parts.db, id_)
        assert found is not None
        return found

    def servers(self, site: str) -> dict[str, str]:
        """Name -> status of the tenant's instances."""
        found = self._listed(site, "/compute/v2.1/servers/detail", "servers")
        return {one["name"]: one["status"] for one in found}

    def server_ids(self, site: str) -> dict[str, str]:
        found = self._listed(site, "/compute/v2.1/servers/detail", "servers")
        return {one["id"]: one["name"] for one in found}

    def addresses(self, site: str) -> dict[str, list[str]]:
        """Name -> addresses of the tenant's instances."""
        found = self._listed(site, "/compute/v2.1/servers/detail", "servers")
        return {
            one["name"]: [
                port["addr"]
                for ports in one["addresses"].values()
                for port in ports
            ]
            for one in found
        }

    def volumes(self, site: str) -> dict[str, str]:
        """Name -> id of the tenant's volumes."""
        project = self.world.project_id(site, "demo")
        path = f"/volume/v3/{project}/volumes/detail"
        found = self._listed(site, path, "volumes")
        return {one["name"]: one["id"] for one in found}

    def on_array(self, site: str) -> set[str]:
        """The volumes that operations have made on the site's array."""
        arrays = self.pair.site(site).parts.arrays
        made = arrays.volumes(ARRAYS[site])
        return {one.name for one in made if one.name.startswith("pg-")}

    def _listed(self, site: str, path: str, noun: str) -> list[dict[str, Any]]:
        url = self.pair.site(site).url + path
        answer = self._sessions[site].get(url)
        found: list[dict[str, Any]] = answer.json()[noun]
        return found

    # -- interfering

    def kill_at(self, site: str, step: str, stage: str = "before") -> None:
        """Let the site die the next time that it gets there."""
        self.pair.fault("crash", site=site, match=step, stage=stage, times=1)

    def drain(self, site: str) -> None:
        """Run what waits at one site only."""
        self.pair.site(site).drain()


def _read(answer: requests.Response) -> Json:
    """The document, or the text of whoever stands in front of the site."""
    try:
        return answer.json() if answer.text else {}
    except ValueError:
        return answer.text
