"""What the people do: start actions over HTTP, as any client would."""

import dataclasses
import random
import uuid
from typing import Any

import requests

from fakeserver.base.seed_world import SITES
from fakeserver.local.pair import LocalPair

VERSION = {"OpenStack-API-Version": "protector 1.2"}
#: group -> network at each site
NETWORKS = {
    "prod-web-app": ("net-primary-web", "net-secondary-web"),
    "prod-db": ("net-primary-db", "net-secondary-db"),
}
#: group -> flavor at each site, where they have other names
FLAVORS = {"prod-db": ("db.big", "db.large")}
UNFINISHED = "protector.operation-in-progress"


@dataclasses.dataclass
class Asked:
    """A POST that was to start an operation."""

    site: str
    request_id: str
    action: str
    #: 0 when nobody answered
    status: int = 0
    #: the operation that the answer named
    operation: str | None = None


class Operator:
    """Speaks to the sites of a pair for one protection group."""

    def __init__(
        self, pair: LocalPair, group: str, dice: random.Random | None = None
    ) -> None:
        self.pair = pair
        self.world = pair.site("a").world
        self.name = group
        self.id = next(g.id for g in self.world.groups if g.name == group)
        self.dice = dice or random.Random(0)
        #: operations that were accepted: site -> ids
        self.accepted: list[tuple[str, str]] = []
        self.asked: list[Asked] = []
        #: whether a forced failover was asked for
        self.forced = False
        #: whether people had to say which of two documents is to stay
        self.named_winner = False
        #: the name of a member that each move is to start
        self.power_on = ""
        #: what the service should not have answered
        self.complaints: list[str] = []
        self._sessions = {
            user: pair.session(user)
            for site in pair.sites
            for user in (site, f"{site}-admin")
        }

    def call(
        self,
        site: str,
        method: str,
        path: str,
        json: Any = None,
        request_id: str | None = None,
        user: str = "",
    ) -> tuple[int, Any]:
        """Status and body; 0 when the service does not answer, where the
        page of a proxy may have come instead."""
        session = self._sessions[site + user]
        project = self.world.project_id(site, "demo")
        url = f"{self.pair.site(site).url}/v1/{project}/{path}"
        headers = dict(VERSION)
        if request_id is not None:
            headers["X-OpenStack-Request-ID"] = request_id
        try:
            answer = session.request(
                url, method, json=json, headers=headers, raise_exc=False
            )
        except Exception as error:
            if not isinstance(error, requests.RequestException) and (
                "keystoneauth1" not in type(error).__module__
            ):
                raise
            return 0, str(error)
        if not answer.text:
            return answer.status_code, None
        try:
            return answer.status_code, answer.json()
        except requests.JSONDecodeError:
            return 0, answer.text

    def group(self, site: str) -> dict[str, Any]:
        status, body = self.call(site, "GET", f"protection-groups/{self.id}")
        assert status == 200, body
        found: dict[str, Any] = body["protection_group"]
        return found

    def primary(self) -> str | None:
        """Who is primary, as the site that is ahead says; None where
        nobody answers, which is no fault of an engine's: it must not
        reach the one in the middle of whose work people ask."""
        ranks = []
        for name, site in self.pair.sites.items():
            if not site.running:
                continue
            path = f"protection-groups/{self.id}"
            status, body = self.call(name, "GET", path)
            if status == 200:
                found = body["protection_group"]
                rank = found["failover_count"], found["metadata_version"]
                here = self.world.site_id(name)
                current = found["current_primary_site_id"]
                other = "site-b" if name == "site-a" else "site-a"
                ranks.append((rank, name if current == here else other))
        return max(ranks)[1] if ranks else None

    def mappings(self, source: str) -> dict[str, dict[str, str]]:
        """What a move from there has to be told."""
        here = SITES.index(source)
        there = 1 - here
        nets, flavors = NETWORKS[self.name], FLAVORS.get(self.name)
        told = {
            "network_mapping": {
                self.world.network_id(SITES[here], nets[here]): (
                    self.world.network_id(SITES[there], nets[there])
                )
            }
        }
        if flavors:
            told["flavor_mapping"] = {flavors[here]: flavors[there]}
        return told

    # -- starting

    def start(self, action: str) -> str:
        """Start what a story calls this; what was answered."""
        site = self.primary()
        if site is None:
            return "nobody there"
        if action in ("forced", "forced-with-test"):
            return self.force()
        if action == "forced-healed":
            self.pair.site("a").kill()
            return self.force()
        if action == "forced-back":
            action = "failback"
        told: dict[str, Any] = {**self.mappings(site), **self._powered(site)}
        bodies: dict[str, dict[str, Any]] = {
            "failover": {"failover": told},
            "failover-again": {"failover": told},
            "failback": {"failback": told},
            "failback-reversed": {
                "failback": {**told, "reverse_replication": True}
            },
            "test": {"test_failover": {**told, "retain_primary": True}},
            "test-stopped": {"test_failover": told},
            "cleanup": {"test_cleanup": {}},
            "cleanup-stopped": {"test_cleanup": {}},
            "sync": {"sync_volumes": {}},
        }
        return self._post(site, bodies[action])

    def force(self) -> str:
        """A forced failover at whichever site is not the primary."""
        source = self.primary()
        if source is None:
            return "nobody there"
        target = "site-b" if source == "site-a" else "site-a"
        if not self.pair.site(target).running:
            return "nobody there"
        self.forced = True
        told = {**self.mappings(source), **self._powered(target)}
        body = {"failover": {**told, "force": True}}
        return self._post(target, body)

    def _powered(self, site: str) -> dict[str, Any]:
        if not self.power_on:
            return {}
        path = f"protection-groups/{self.id}/members"
        status, body = self.call(site, "GET", path)
        found = [
            one["id"]
            for one in (body["members"] if status == 200 else ())
            if one["instance_name"] == self.power_on
        ]
        return {"power_on": found}

    def _post(self, site: str, body: dict[str, Any]) -> str:
        [action] = body
        drawn = uuid.UUID(int=self.dice.getrandbits(128), version=4)
        asked = Asked(site, f"req-{drawn}", action)
        self.asked.append(asked)
        said = self._send(asked, body)
        if asked.status in (0, 202) and self.dice.random() < 0.5:
            self._send(asked, body)
        return said

    def _send(self, asked: Asked, body: dict[str, Any]) -> str:
        """The same POST may go out again: it starts nothing more."""
        status, answer = self.call(
            asked.site,
            "POST",
            f"protection-groups/{self.id}/action",
            body,
            asked.request_id,
        )
        if status != 202:
            if asked.status == 202 and status:
                self.complaints.append(
                    f"{asked.action}, sent twice: {status} {answer}"
                )
            asked.status = asked.status or status
            return f"{status} {answer}"
        operation = str(answer["operation"]["id"])
        if asked.operation not in (None, operation):
            self.complaints.append(
                f"{asked.action}, sent twice, is {asked.operation} and "
                f"{operation}"
            )
        if asked.operation is None:
            self.accepted.append((asked.site, operation))
        asked.status, asked.operation = status, operation
        return operation

    def send_again(self) -> None:
        """Somebody's client repeats what was accepted long ago."""
        for asked in self.asked:
            if asked.operation is None or not (
                self.pair.site(asked.site).running
            ):
                continue
            body = {asked.action: {}}
            self._send(asked, body)

    # -- after an error

    def reset(self) -> str:
        """The way out of an error: one live copy of each, then a status."""
        site = self.primary()
        assert site is not None, "both sites are up by then"
        path = f"protection-groups/{self.id}/action"
        group = self.group(site)
        home = group["current_primary_site_id"] == group["primary_site_id"]
        named = "active" if home else "failed_over"
        body = {"reset_status": {"status": named}}
        status, answer = self.call(site, "POST", path, body, user="-admin")
        if status == 409:
            keep = set(self._living(site, group))
            for one in answer["error"]["details"].get("copies", []):
                if one["id"] not in keep:
                    self._stop(one["site"], one["id"])
            status, answer = self.call(site, "POST", path, body, user="-admin")
        return f"{site} {status} {answer}"

    def _living(self, site: str, group: Any) -> list[str]:
        """The instances that the metadata name at the primary."""
        path = f"protection-groups/{self.id}/metadata"
        _, answer = self.call(site, "GET", path)
        here = group["current_primary_site_id"]
        return [
            member["sites"][here]["instance_id"]
            for member in answer["metadata"]["members"]
        ]

    def _stop(self, site: str, server_id: str) -> None:
        url = f"{self.pair.site(site).url}/compute/v2.1/servers/{server_id}"
        self._sessions[site].post(f"{url}/action", json={"os-stop": None})

    def sync(self) -> str:
        """Bring both copies together, as the refusals advise."""
        path = f"protection-groups/{self.id}/sync-force"
        said = []
        for site in ("site-a", "site-b"):
            status, body = self.call(site, "POST", path)
            if status == 200:
                return f"{site} {body['sync_status']['status']}"
            said.append(body["error"]["reason"])
        ahead = max(
            ("site-a", "site-b"),
            key=lambda one: (
                self.group(one)["failover_count"],
                self.group(one)["metadata_version"],
            ),
        )
        self.named_winner = True
        status, body = self.call(ahead, "POST", f"{path}?force=true")
        assert status == 200, (said, body)
        return f"{said}; {ahead} won"
