"""A run of everything that meets a secret, and where it could have gone."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import gc
import http.client
import json
import logging
import pathlib
import urllib.parse
from collections.abc import Iterator

import pytest

from fakeserver.base.seed_world import USERS, World
from fakeserver.base.vault import Vault
from fakeserver.cloud.identity.tokens import TokenBox
from fakeserver.local.pair import LocalPair
from tests.helpers import clirunner

#: loggers through which anything of a run might be told
LOGGERS = (
    "fakeserver",
    "keystoneauth",
    "openstack",
    "protectorclient",
    "requests",
    "urllib3",
    "waitress",
    "werkzeug",
)
#: how the names of key files end
KEYS = (".key", ".tokens", ".secret")
#: packages whose objects must not show a secret when they are printed
OURS = ("fakeserver", "protectorclient")


@dataclasses.dataclass(frozen=True)
class Secret:
    """Something planted. The mark in it survives any quoting."""

    what: str
    mark: str

    @property
    def value(self) -> str:
        if self.what in (*USERS, "wrong password"):
            # osc-lib prints the configuration with --debug, and hides a
            # password in it only as far as a quote
            return f"a&%{{}} {self.mark}\u00e9"
        return f"a'\"{self.mark}&%{{}} \u00e9"

    def forms(self) -> set[bytes]:
        """As it might be written down, whole or in part."""
        text = self.value.encode()
        found = {self.mark.encode(), text.hex().encode()}
        for shift in range(3):
            # base64 writes the mark in one of three ways
            inner = self.mark.encode()[(3 - shift) % 3 :]
            whole = len(inner) - len(inner) % 3
            found.add(base64.b64encode(inner[:whole]))
        found.add(urllib.parse.quote(self.mark).encode())
        return found


class Run:
    """Two sites on sockets whose secrets are known to this test."""

    def __init__(self, place: pathlib.Path, patch: pytest.MonkeyPatch) -> None:
        self.place = place
        self.patch = patch
        self.said: list[tuple[str, str]] = []
        self.planted = {
            name: Secret(name, f"Geheim{number:02}x{name.encode().hex()[:12]}")
            for number, name in enumerate(
                (
                    "protector",
                    "protector-peer",
                    "demo",
                    "auditor",
                    "admin",
                    "rival",
                    "wrong password",
                    "array token a",
                    "array token b",
                    "next array token",
                    "new site",
                    "credential",
                    "refused",
                    "misspelt",
                )
            )
        }
        self.tokens: set[str] = set()
        self.sealed: set[str] = set()
        self._watch()
        self.pair = LocalPair(place / "sandbox", sockets=True)

    def _watch(self) -> None:
        patch, planted = self.patch, self.planted
        patch.setattr(World, "password", lambda _, user: planted[user].value)
        peers = planted["protector-peer"].value
        patch.setattr(World, "peer_password", lambda _: peers)
        seal, encrypt = TokenBox.seal, Vault.encrypt

        def sealed(box: TokenBox, claims: object) -> str:
            token = seal(box, claims)  # type: ignore[arg-type]
            self.tokens.add(token)
            return token

        def encrypted(vault: Vault, text: str, context: str) -> str:
            made = encrypt(vault, text, context)
            self.sealed.add(made)
            return made

        patch.setattr(TokenBox, "seal", sealed)
        patch.setattr(Vault, "encrypt", encrypted)

    def plant(self, variable: str, name: str) -> None:
        """A secret where a command reads it."""
        self.patch.setenv(variable, self.planted[name].value)

    def __call__(
        self, command: str, *, code: int = 0, cloud: str = "site-a"
    ) -> clirunner.Ran:
        """A command of ours as it is, and with --debug."""
        self.patch.setenv("OS_CLOUD", cloud)
        self.patch.setenv("OS_CLIENT_CONFIG_FILE", str(self.pair.clouds_yaml))
        ran = clirunner.protector(f"--debug {command}")
        self.said.append((f"protector --debug {command}", ran.out + ran.err))
        assert ran.code == code, ran.err[-2000:]
        return ran

    def openstack(
        self, command: str, *, cloud: str = "site-a", shown: bool = True
    ) -> clirunner.Ran:
        self.patch.setenv("OS_CLOUD", cloud)
        self.patch.setenv("OS_CLIENT_CONFIG_FILE", str(self.pair.clouds_yaml))
        ran = clirunner.openstack(command)
        if shown:
            self.said.append((f"openstack {command}", ran.out + ran.err))
        return ran

    def request(
        self,
        method: str,
        path: str,
        body: object = None,
        raw: str | None = None,
        user: str = "site-a-admin",
    ) -> None:
        """Straight to a site, with what no command would send. There is no
        client that could have told of it."""
        session = self.pair.session(user)
        project = str(session.get_project_id())
        token = str(session.get_token())
        place = self.pair.site("a").url.removeprefix("http://")
        connection = http.client.HTTPConnection(place, timeout=30)
        try:
            connection.request(
                method,
                path.replace("T/", f"/v1/{project}/"),
                body=json.dumps(body) if raw is None else raw,
                headers={
                    "Content-Type": "application/json",
                    "X-Auth-Token": token,
                    "OpenStack-API-Version": "protector latest",
                },
            )
            answer = connection.getresponse()
            text = answer.read().decode()
            said = f"{answer.status} {answer.headers} {text}"
        finally:
            connection.close()
        self.said.append((f"{method} {path}", said))

    def close(self) -> None:
        self.pair.close()

    # -- where it could have gone

    def key_files(self) -> list[pathlib.Path]:
        """The files that are for secrets."""
        found = (self.place / "sandbox").iterdir()
        return [path for path in found if path.suffix in KEYS]

    def written(self) -> Iterator[tuple[str, bytes]]:
        """All files of the run, but those that are for secrets."""
        for path in sorted(self.place.rglob("*")):
            own = path.suffix in KEYS
            if path.is_file() and not own and path.name != "clouds.yaml":
                yield path.name, path.read_bytes()

    def printed(self) -> Iterator[tuple[str, bytes]]:
        """Every object of ours that is alive, as it shows itself."""
        gc.collect()
        for one in gc.get_objects():
            module = str(getattr(type(one), "__module__", ""))
            if module.split(".")[0] in OURS:
                with contextlib.suppress(ReferenceError):
                    name = f"repr of {module}.{type(one).__name__}"
                    yield name, repr(one).encode()

    def spoken(self) -> Iterator[tuple[str, bytes]]:
        for command, text in self.said:
            yield command, text.encode()


@contextlib.contextmanager
def logged(path: pathlib.Path) -> Iterator[None]:
    """All that is logged, down to the last word, in a file."""
    handler = logging.FileHandler(path)
    handler.setFormatter(logging.Formatter("%(name)s %(message)s"))
    loggers = [logging.getLogger(name) for name in LOGGERS]
    before = [(one, one.level) for one in loggers]
    for one in loggers:
        one.addHandler(handler)
        one.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        for one, level in before:
            one.removeHandler(handler)
            one.setLevel(level)
        handler.close()
