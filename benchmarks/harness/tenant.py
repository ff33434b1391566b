"""Requests of the seeded tenant to a site, its group and its operations."""

import subprocess
import time
from typing import Any

from benchmarks.harness import load
from benchmarks.harness.load import Request
from benchmarks.harness.stage import Sandbox, Stage

#: how long to wait between two looks at an operation, seconds
_POLL = 0.1
_ENDED = ("completed", "failed", "rolled_back")


def token(stage: Stage, site: Sandbox) -> dict[str, str]:
    """Return a token of the seeded tenant, and its project."""
    done = subprocess.run(
        [stage.program("openstack"), "token", "issue", "-f", "shell"],
        check=True,
        env=site.env,
        capture_output=True,
        text=True,
    )
    fields = dict(line.split("=", 1) for line in done.stdout.splitlines())
    return {name: value.strip('"') for name, value in fields.items()}


class Tenant:
    """The seeded tenant at site-a of a sandbox."""

    def __init__(self, stage: Stage, site: Sandbox) -> None:
        issued = token(stage, site)
        self.site = site
        self.root = f"/v1/{issued['project_id']}"
        self.headers = {
            "X-Auth-Token": issued["id"],
            "OpenStack-API-Version": "protector latest",
            "Accept": "application/json",
        }

    def get(self, path: str) -> Any:
        """Return the JSON of a path below the project's."""
        asked = Request(f"{self.root}/{path}")
        return load.answer(self.site.port, asked, self.headers)

    def groups(self) -> dict[str, str]:
        """Return the ids of the groups by their names."""
        found: list[dict[str, str]] = []
        more = "protection-groups?limit=1000"
        while more:
            page = self.get(more)["protection_groups"]
            found += page
            full = len(page) == 1000
            more = (
                f"{more.partition('&')[0]}&marker={page[-1]['id']}"
                if full
                else ""
            )
        return {group["name"]: group["id"] for group in found}

    def action(self, group: str, name: str) -> Request:
        """Return the POST that begins an operation of a group."""
        path = f"{self.root}/protection-groups/{group}/action"
        return Request(path, "POST", {name: {}}, 202)

    def cpu_of_operation(self, group: str, action: str) -> float:
        """Run an operation to its end; return the processor seconds that both
        sites have used.

        Raises RuntimeError for an end that is not `completed`.
        """
        pids, port = self.site.pids, self.site.port
        asked = self.action(group, action)
        began = load.cpu_of(*pids)
        begun = load.answer(port, asked, self.headers)["operation"]
        while True:
            time.sleep(_POLL)
            now = self.get(f"operations/{begun['id']}")["operation"]
            if now["completed_at"]:
                break
        if now["status"] != "completed":
            raise RuntimeError(f"{action} of {group}: {now['error_message']}")
        return load.cpu_of(*pids) - began
