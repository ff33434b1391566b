"""What is printed is what is sent, byte for byte; and nothing before."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from fakeserver.local.pair import LocalPair
from tests.helpers.clirunner import EITHER_SHELL, SHELLS, protector
from tests.helpers.sampling import sampled

GROUP = "protection-group"
WEB = "--network-mapping net-primary-web=net-secondary-web"
BACK = "--network-mapping net-secondary-web=net-primary-web"
MOVE = f"{GROUP} failover prod-web-app {WEB} --wait"
TEST = f"{GROUP} test-failover prod-web-app {WEB} --retain-primary"

#: what is done before, and the action
ACTIONS = [
    ((), f"{GROUP} failover prod-web-app {WEB} --reason 'ein Grund: ü'"),
    (
        (),
        f"{GROUP} failover prod-web-app {WEB}"
        " --flavor-mapping m1.large=m2.large",
    ),
    ((MOVE,), f"{GROUP} failback prod-web-app {BACK} --reverse-replication"),
    ((MOVE,), f"{GROUP} failback prod-web-app --reverse-mapping"),
    ((), TEST),
    ((f"{TEST} --wait",), f"{GROUP} test-cleanup prod-web-app"),
    ((), "consistency-group sync prod-web-app"),
]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """All actions that leave this process, as they are on the wire."""
    found: list[requests.PreparedRequest] = []
    real = requests.adapters.HTTPAdapter.send

    def send(self: Any, request: requests.PreparedRequest, **more: Any) -> Any:
        if request.method == "POST" and "/protection-groups/" in str(
            request.url
        ):
            found.append(request)
        return real(self, request, **more)

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", send)
    return found


def as_printed(request: requests.PreparedRequest) -> str:
    """A request in the form of --dry-run, its token masked."""
    headers = {**request.headers, "X-Auth-Token": "***"}
    lines = [f"{request.method} {request.url}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    body = request.body
    text = body.decode() if isinstance(body, bytes) else str(body)
    return "\n".join((*lines, "", text, ""))


def with_id_of(text: str, request: requests.PreparedRequest) -> str:
    """Each command makes a request id of its own."""
    name = "X-OpenStack-Request-ID"
    real = request.headers[name]
    lines = [
        f"{name}: {real}" if line.startswith(name) else line
        for line in text.split("\n")
    ]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("before", "action"),
    sampled(ACTIONS, 4),
    ids=[row[1] for row in ACTIONS],
)
def test_what_is_printed_is_what_is_sent(
    before: tuple[str, ...],
    action: str,
    local_pair: LocalPair,
    sent: list[requests.PreparedRequest],
) -> None:
    for command in before:
        assert protector(command).code == 0
    sent.clear()
    checked = protector(f"{action} --check -f json")
    dry = protector(f"{action} --dry-run")
    data = protector(f"{action} --dry-run -f json")
    assert sent == []
    assert {ran.code for ran in (checked, dry, data)} <= {0}, dry.err
    counted = checked.err.splitlines()[-1]
    assert counted in dry.err.splitlines()
    assert "secret" not in dry.out + data.out

    real = protector(action)
    assert real.code == 0, real.err
    (request,) = sent
    assert with_id_of(dry.out, request) == as_printed(request)
    assert data.json["method"] == request.method
    assert data.json["url"] == request.url
    assert data.json["body"] == json.loads(request.body or "")
    assert {**data.json["headers"], "X-OpenStack-Request-ID": ""} == {
        **request.headers,
        "X-OpenStack-Request-ID": "",
        "X-Auth-Token": "***",
    }


@pytest.mark.parametrize("shell", EITHER_SHELL)
def test_check_is_the_table_of_the_check_command(
    shell: str, local_pair: LocalPair
) -> None:
    run = SHELLS[shell]
    asked = run(f"{GROUP} check prod-db --for failover")
    flagged = run(f"{GROUP} failover prod-db --check")
    assert (asked.code, flagged.code) == (3, 3)
    assert asked.out == flagged.out
    assert asked.err.splitlines()[-1] == flagged.err.splitlines()[-1]
    some = run(f"{GROUP} failover prod-db --check -f value -c Check -c Result")
    assert "flavors problem" in some.out.splitlines()


def test_a_dry_run_with_a_problem_prints_and_ends_with_3(
    local_pair: LocalPair,
) -> None:
    ran = protector(f"{GROUP} failover prod-db --dry-run")
    assert ran.code == 3
    assert ran.out.startswith("POST http://")
    assert "problem: flavors (site-b)" in ran.err
    assert "\nopenstack protector protection-group set prod-db" in ran.err


def test_a_dry_run_at_a_dead_primary(local_pair: LocalPair) -> None:
    local_pair.site("a").kill()
    planned = protector(f"{GROUP} failover prod-web-app {WEB} --dry-run")
    assert (planned.code, planned.out) == (6, "")
    assert "problem: reachable (site-a)" in planned.err
    forced = protector(
        f"{GROUP} failover prod-web-app {WEB} --type unplanned --dry-run"
        " -f json"
    )
    assert forced.code == 0, forced.err
    assert forced.json["body"]["failover"]["force"] is True
    assert local_pair.site("b").url in forced.json["url"]


def test_both_flags_are_too_many(local_pair: LocalPair) -> None:
    ran = protector(f"{GROUP} failover prod-web-app --check --dry-run")
    assert (ran.code, ran.out) == (2, "")


def test_a_dry_run_whose_names_are_not_there(local_pair: LocalPair) -> None:
    """The checks say it; there is no request to be shown."""
    wrong = "--network-mapping nosuch=net-secondary-web"
    for form in ("", "-f json"):
        ran = protector(
            f"{GROUP} failover prod-web-app {wrong} --dry-run {form}"
        )
        assert (ran.code, ran.out) == (3, "")
        assert "problem: networks (site-a)" in ran.err
        assert ran.err.endswith(
            "site-a: no network has the name or id 'nosuch'\n"
        )
