"""A service that means ill: no raw control character reaches a terminal.

Every command runs against sites whose answers carry control characters
wherever a person, or another service, has written a text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest

from fakeserver.http import app as site_app
from fakeserver.local.pair import LocalPair
from protectorclient.escape import escaped
from tests.helpers.clirunner import EITHER_SHELL, SHELLS, Ran, protector
from tests.helpers.exit_table import ADMIN, ADMINS, GOOD, WEB

#: ends a line, sets the title, goes up a line, reorders, clears the screen
EVIL = "\nzz\x1b]0;title\x07\x9b31m\x1b[A\u202e\u2066\u2028\x7f\rcompleted"
#: what people write, and services quote
TEXTS = frozenset(
    {
        "description",
        "detail",
        "device",
        "error_message",
        "instance_name",
        "message",
        "reason",
        "reasons",
        "steps_failed",
        "title",
        "why",
    }
)
#: names are looked up: only a list of what there is shows them changed
NAMES = frozenset({"name", "protection_group_name", "array_name", "region"})
#: commands whose things are found without a name
BY_ID = ("list", "status", "health show", "drill overdue", "site validate")
FORMATS = ("table", "csv", "value", "shell")


class Hostile:
    """What the sites answer to the client, and not to each other."""

    def __init__(self) -> None:
        self.keys: frozenset[str] = frozenset()
        self._call = site_app.ErrorMiddleware.__call__

    def __call__(
        self,
        inner: Any,
        environ: WSGIEnvironment,
        start_response: StartResponse,
    ) -> Iterable[bytes]:
        agent = str(environ.get("HTTP_USER_AGENT"))
        if "python-protectorclient" not in agent or not self.keys:
            return self._call(inner, environ, start_response)
        told: list[Any] = []

        def hold(status: str, headers: Any, error: Any = None) -> Any:
            told[:] = [status, headers]
            return lambda data: None

        body = b"".join(self._call(inner, environ, hold))
        status, headers = told
        if "json" in dict(headers).get("Content-Type", ""):
            body = json.dumps(self.changed(json.loads(body))).encode()
        kept = [one for one in headers if one[0] != "Content-Length"]
        start_response(status, [*kept, ("Content-Length", str(len(body)))])
        return [body]

    def changed(self, value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            found = {k: self.changed(v, k) for k, v in value.items()}
            if "id" in value:
                found[f"extra{EVIL}"] = EVIL
            return found
        if isinstance(value, list):
            return [self.changed(item, key) for item in value]
        if key in self.keys and isinstance(value, str | None):
            return f"{value or ''}{EVIL}"
        return value


@pytest.fixture
def hostile(monkeypatch: pytest.MonkeyPatch) -> Hostile:
    made = Hostile()
    monkeypatch.setattr(
        site_app.ErrorMiddleware,
        "__call__",
        lambda inner, environ, start: made(inner, environ, start),
    )
    return made


@pytest.fixture
def pair(hostile: Hostile, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with LocalPair(sockets=True) as made:
        monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(made.clouds_yaml))
        monkeypatch.setenv("OS_CLOUD", "site-a")
        monkeypatch.setenv("TOKEN", "a-secret-of-the-array")
        yield made


def is_clean(ran: Ran, form: str = "") -> None:
    for said in (ran.out, ran.err):
        assert escaped(said, keep="\n\t") == said
        # no line of ours begins where a name ends one; csv quotes it
        begun = any(line.startswith("zz") for line in said.splitlines())
        assert form == "csv" or not begun
    assert "Traceback" not in ran.err


def test_no_command_shows_a_raw_control_character(
    hostile: Hostile, pair: LocalPair
) -> None:
    def id_of(command: str) -> str:
        ran = protector(f"{command} -f value -c id")
        assert ran.code == 0, ran.err
        return ran.out.strip()

    ids = {
        "done": id_of("consistency-group sync prod-db --wait"),
        "moved": id_of(f"protection-group failover prod-web-app {WEB} --wait"),
        "mapping": "/dev/null",
        "instance": "web-1",
        "project_a": "1",
        "project_b": "2",
    }
    seen = 0
    for number, (command, rest) in enumerate(sorted(GOOD.items())):
        hostile.keys = TEXTS
        if any(command.endswith(word) for word in BY_ID):
            hostile.keys = TEXTS | NAMES
        admin = ADMIN if command in ADMINS else ""
        typed = f"{admin}{command} {rest.format(**ids)}"
        ran = protector(typed)
        is_clean(ran)
        seen += "\\x1b" in ran.out + ran.err
        if "-f " in typed or not ran.out:
            continue
        form = FORMATS[number % len(FORMATS)]
        is_clean(protector(f"{typed} -f {form}"), form)
    assert seen >= len(GOOD) / 2


@pytest.mark.parametrize("shell", EITHER_SHELL)
def test_json_and_yaml_have_the_text_exactly(
    shell: str, hostile: Hostile, pair: LocalPair
) -> None:
    run = SHELLS[shell]
    hostile.keys = TEXTS | NAMES
    names = [row["Name"] for row in run("protection-group list -f json").json]
    assert names == [f"{n}{EVIL}" for n in ("bare", "prod-db", "prod-web-app")]
    assert "\x1b" not in run("protection-group list -f yaml").out


def test_an_error_of_the_service_is_one_line(
    hostile: Hostile, pair: LocalPair
) -> None:
    hostile.keys = TEXTS
    ran = protector("protection-group failback prod-web-app")
    assert ran.code == 5
    is_clean(ran)


@pytest.mark.parametrize("rest", ["", " --events"])
def test_a_watch_writes_no_raw_step(
    rest: str, hostile: Hostile, pair: LocalPair
) -> None:
    synced = protector(
        "consistency-group sync prod-db --wait -f value -c id"
    ).out.strip()
    hostile.keys = TEXTS | {"steps_completed", "steps_failed"}
    ran = protector(f"operation watch {synced}{rest}")
    assert "completed" in ran.out
    assert escaped(ran.out, keep="\n") == ran.out
    is_clean(ran)
    if rest:
        told = json.loads(ran.out.splitlines()[0])
        assert all(EVIL in step for step in told["steps"])
