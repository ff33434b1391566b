"""One real Keystone: configured, filled, served on a port of loopback."""

import dataclasses
import json
import pathlib
import shutil
import time
from collections.abc import Mapping
from typing import Any

import requests

from tests.interop import environment
from tests.interop.processes import DidNotStart, Processes

#: how long a Keystone may take until it answers, seconds
PATIENCE = 60.0
INSIDE = environment.HERE / "inside_keystone"
#: the lowest cost of bcrypt that Keystone takes: at the default of 12 each
#: login costs 0.25 s of a processor
CONFIGURATION = """\
[DEFAULT]
log_file = {folder}/keystone.log
use_stderr = false
[database]
connection = sqlite:///{folder}/keystone.db
[token]
provider = fernet
[fernet_tokens]
key_repository = {folder}/fernet
[fernet_receipts]
key_repository = {folder}/fernet
[credential]
key_repository = {folder}/credentials
[cache]
enabled = true
backend = dogpile.cache.memory
[identity]
password_hash_rounds = 4
[oslo_policy]
enforce_scope = true
"""


@dataclasses.dataclass(frozen=True)
class Keystone:
    """The Keystone of one site, in a folder of its own."""

    site: str
    folder: pathlib.Path
    port: int
    python: pathlib.Path

    @property
    def name(self) -> str:
        return f"keystone-{self.site}"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v3"

    @property
    def _configuration(self) -> pathlib.Path:
        return self.folder / "keystone.conf"

    def _environment(self) -> dict[str, str]:
        return {
            "OS_KEYSTONE_CONFIG_FILES": str(self._configuration),
            # of Keystone's own imports
            "PYTHONWARNINGS": "ignore",
        }

    def begin_to_fill(
        self, processes: Processes, world: Mapping[str, Any]
    ) -> str:
        """Make the database anew, with the users and the catalog; the name
        of the process that does it."""
        shutil.rmtree(self.folder, ignore_errors=True)
        for part in ("fernet", "credentials"):
            (self.folder / part).mkdir(mode=0o700, parents=True)
        self._configuration.write_text(
            CONFIGURATION.format(folder=self.folder)
        )
        # it holds passwords, as do clouds.yaml and the database beside it
        described = self.folder / "world.json"
        described.write_text(json.dumps(world))
        name = f"fill-{self.site}"
        processes.start(
            name,
            [self.python, INSIDE / "seed.py", self._configuration, described],
            self._environment(),
        )
        return name

    def start(self, processes: Processes) -> None:
        processes.start(
            self.name,
            [self.python, INSIDE / "serve.py", str(self.port)],
            self._environment(),
        )

    def until_it_answers(self, processes: Processes) -> None:
        """Wait, then make one request that asks Keystone's policy.

        Keystone builds its enforcer at the first of them, without a lock:
        of several that arrive together some are answered 403 or 500.
        """
        until = time.monotonic() + PATIENCE
        while not self._answers():
            if not processes.alive(self.name) or time.monotonic() > until:
                said = processes.last_words(self.name)
                raise DidNotStart(f"{self.name} did not start: {said}")
            time.sleep(0.05)
        token = self.token("admin", "admin-secret", "demo")
        listed = requests.get(
            f"{self.url}/projects", headers={"X-Auth-Token": token}, timeout=30
        )
        listed.raise_for_status()

    def _answers(self) -> bool:
        try:
            return requests.get(self.url, timeout=5).ok
        except requests.RequestException:
            return False

    def token(self, name: str, password: str, project: str) -> str:
        """A token of a user in a project, by their names."""
        domain = {"id": "default"}
        user = {"name": name, "password": password, "domain": domain}
        answer = requests.post(
            f"{self.url}/auth/tokens",
            json={
                "auth": {
                    "identity": {
                        "methods": ["password"],
                        "password": {"user": user},
                    },
                    "scope": {"project": {"name": project, "domain": domain}},
                }
            },
            timeout=30,
        )
        answer.raise_for_status()
        return str(answer.headers["X-Subject-Token"])


def fill_all(
    processes: Processes,
    keystones: Mapping[str, Keystone],
    worlds: Mapping[str, Any],
) -> None:
    """Fill several at the same time."""
    begun = [
        keystone.begin_to_fill(processes, worlds[site])
        for site, keystone in keystones.items()
    ]
    for name in begun:
        processes.wait(name)
