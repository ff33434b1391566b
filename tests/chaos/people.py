"""What the people do: start actions over HTTP, as any client would."""

from typing import Any

import requests

from fakeserver.harness import LocalPair

VERSION = {"OpenStack-API-Version": "protector 1.2"}


class Operator:
    """Speaks to the sites of a pair for one protection group."""

    def __init__(self, pair: LocalPair, group: str) -> None:
        self.pair = pair
        self.world = pair.site("a").world
        self.name = group
        self.id = next(g.id for g in self.world.groups if g.name == group)
        #: operations that were accepted: site -> ids
        self.accepted: list[tuple[str, str]] = []
        self._sessions = {
            site: pair.session(f"{site}-admin") for site in pair.sites
        }

    def call(
        self, site: str, method: str, path: str, json: Any = None
    ) -> tuple[int, Any]:
        """Status and body; 0 when nobody answers."""
        session = self._sessions[site]
        project = self.world.project_id(site, "demo")
        url = f"{self.pair.site(site).url}/v1/{project}/{path}"
        try:
            answer = session.request(
                url, method, json=json, headers=VERSION, raise_exc=False
            )
        except Exception as error:
            if not isinstance(error, requests.RequestException) and (
                "keystoneauth1" not in type(error).__module__
            ):
                raise
            return 0, str(error)
        return answer.status_code, answer.json() if answer.text else None

    def cloud(self, site: str, path: str) -> dict[str, Any]:
        """What the tenant's clouds answer at a site."""
        url = f"{self.pair.site(site).url}{path}"
        headers = {"OpenStack-API-Version": "volume 3.70"}
        answer = self._sessions[site].get(url, headers=headers)
        found: dict[str, Any] = answer.json()
        return found

    def group(self, site: str) -> dict[str, Any]:
        status, body = self.call(site, "GET", f"protection-groups/{self.id}")
        assert status == 200, body
        found: dict[str, Any] = body["protection_group"]
        return found

    def primary(self) -> str:
        """Who is primary, as the site that is ahead says."""
        ranks = []
        for name, site in self.pair.sites.items():
            if site.running:
                found = self.group(name)
                rank = found["failover_count"], found["metadata_version"]
                here = self.world.site_id(name)
                current = found["current_primary_site_id"]
                other = "site-b" if name == "site-a" else "site-a"
                ranks.append((rank, name if current == here else other))
        return max(ranks)[1]

    def mapping(self, source: str) -> dict[str, str]:
        names = {"site-a": "net-primary-web", "site-b": "net-secondary-web"}
        target = "site-b" if source == "site-a" else "site-a"
        return {
            self.world.network_id(source, names[source]): (
                self.world.network_id(target, names[target])
            )
        }

    def start(self, action: str) -> str:
        """Start what a story calls this; what was answered."""
        site = self.primary()
        if action in ("forced", "forced-with-test"):
            return self.force()
        if action == "forced-healed":
            self.pair.site("a").kill()
            return self.force()
        if action == "forced-back":
            action = "failback"
        networks = {"network_mapping": self.mapping(site)}
        bodies: dict[str, dict[str, Any]] = {
            "failover": {"failover": networks},
            "failover-again": {"failover": networks},
            "failback": {"failback": networks},
            "failback-reversed": {
                "failback": {**networks, "reverse_replication": True}
            },
            "test": {"test_failover": {**networks, "retain_primary": True}},
            "test-stopped": {"test_failover": networks},
            "cleanup": {"test_cleanup": {}},
            "cleanup-stopped": {"test_cleanup": {}},
            "sync": {"sync_volumes": {}},
        }
        return self._post(site, bodies[action])

    def force(self) -> str:
        """A forced failover at whichever site is not the primary."""
        if not any(site.running for site in self.pair.sites.values()):
            return "nobody there"
        source = self.primary()
        target = "site-b" if source == "site-a" else "site-a"
        if not self.pair.site(target).running:
            return "nobody there"
        networks = self.mapping(source)
        return self._post(
            target,
            {"failover": {"network_mapping": networks, "force": True}},
        )

    def _post(self, site: str, body: dict[str, Any]) -> str:
        status, answer = self.call(
            site, "POST", f"protection-groups/{self.id}/action", body
        )
        if status != 202:
            return f"{status} {answer}"
        operation = answer["operation"]["id"]
        self.accepted.append((site, operation))
        return str(operation)

    def reset(self) -> str:
        """The way out of an error: one live copy of each, then a status."""
        site = self.primary()
        path = f"protection-groups/{self.id}/action"
        group = self.group(site)
        home = group["current_primary_site_id"] == group["primary_site_id"]
        named = "active" if home else "failed_over"
        body = {"reset_status": {"status": named}}
        status, answer = self.call(site, "POST", path, body)
        if status == 409:
            keep = set(self._living(site, group))
            for one in answer["error"]["details"].get("copies", []):
                if one["id"] not in keep:
                    self._stop(one["site"], one["id"])
            status, answer = self.call(site, "POST", path, body)
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
        status, body = self.call(ahead, "POST", f"{path}?force=true")
        assert status == 200, (said, body)
        return f"{said}; {ahead} won"
