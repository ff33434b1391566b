"""Ids as people type them: their beginnings, the last one, from a pipe."""

from __future__ import annotations

import io
import json

import pytest

from fakeserver.local.pair import LocalPair
from protectorclient import SitePair
from tests.helpers.clirunner import SHELLS, protector
from tests.helpers.sampling import sampled

GROUP = "protection-group"
WEB = "--network-mapping net-primary-web=net-secondary-web"
SYNC = "consistency-group sync {} --wait -f value -c id"

CHANGES = (
    "'{8}' looks like the beginning of an id; what changes something takes"
    " the name or the whole id"
)
TOO_SHORT = "the beginning of an id has 8 digits or more"


def synced(group: str) -> str:
    """A sync of a group that has completed; its id."""
    ran = protector(SYNC.format(group))
    assert ran.code == 0, ran.err
    return ran.out.strip()


def group_id(name: str) -> str:
    pair = SitePair.open("site-a", "site-b")
    return pair.primary.client.protection_groups.find(name).id


def beginnings(identity: str) -> list[str]:
    """The forms in which a part of an operation's id may be typed."""
    bare = identity.removeprefix("op-")
    return [
        f"op-{bare[:8]}",
        bare[:8],
        f"op-{bare[:8]}-...",
        f"op-{bare[:9]}",
        f"OP-{bare[:13].upper()}",
        f"{bare[:8]}\u2026",
        bare,
        identity[:-1],
    ]


READS = (
    "operation show {} -f value -c id",
    "operation wait {} -f value -c id",
)


def test_the_beginning_of_an_operations_id(local_pair: LocalPair) -> None:
    operation = synced("prod-db")
    for form in beginnings(operation):
        for command in READS:
            ran = protector(command.format(form))
            assert (ran.code, ran.out) == (0, f"{operation}\n"), ran.err
    short = operation[:11]
    for run in SHELLS.values():
        for command in (
            f"operation watch {short}",
            f"operation diagnose {short}",
            f"operation show {short} --site site-a",
            f"operation list --marker {short}",
        ):
            assert run(command).code == 0, command


@pytest.mark.parametrize(
    "command",
    sampled(
        [
            f"{GROUP} show {{}}",
            f"{GROUP} check {{}}",
            f"{GROUP} sync-status {{}}",
            "member list {}",
            "policy show {}",
            # the ages of its recovery points differ between two looks
            "consistency-group show {} -c id -c name -c volumes",
            "mapping suggest {}",
            "status {} -f value -c name",
            "operation list --protection-group {}",
            "operation watch --protection-group {}",
            "operation show --last {}",
        ],
        6,
    ),
)
def test_the_beginning_of_a_groups_id(
    command: str, local_pair: LocalPair
) -> None:
    synced("prod-web-app")
    whole = group_id("prod-web-app")
    exact = protector(command.format("prod-web-app"))
    short = protector(command.format(whole[:8]))
    assert (short.code, short.out) == (exact.code, exact.out), short.err


def test_the_beginning_of_a_sites_id(local_pair: LocalPair) -> None:
    pair = SitePair.open("site-a", "site-b")
    whole = pair.secondary.local.id
    for command in ("site show {}", "site volume type list {}"):
        exact = protector(command.format("site-b"))
        short = protector(command.format(whole[:8]))
        assert (short.code, short.out) == (0, exact.out), short.err


@pytest.mark.parametrize(
    "command",
    sampled(
        [
            f"{GROUP} failover {{}} {WEB}",
            f"{GROUP} failover {{}} {WEB} --check",
            f"{GROUP} failover {{}} {WEB} --dry-run",
            f"{GROUP} failback {{}}",
            f"{GROUP} test-failover {{}} {WEB}",
            f"{GROUP} test-cleanup {{}}",
            f"{GROUP} set {{}} --description x",
            f"{GROUP} delete {{}}",
            f"{GROUP} sync-force {{}}",
            f"{GROUP} reconcile {{}} --yes",
            "consistency-group sync {}",
            "member add {} x",
            "member remove {} web-1",
            "policy delete {}",
        ],
        7,
    ),
)
def test_what_changes_something_takes_no_beginning(
    command: str, local_pair: LocalPair
) -> None:
    short = group_id("prod-web-app")[:8]
    ran = protector(command.format(short))
    assert ran.code in (1, 3), ran.err
    assert f"no protection group has the name or id '{short}'" in (
        ran.err + ran.out
    )
    pair = SitePair.open("site-a", "site-b")
    assert list(pair.primary.client.operations.list()) == []
    assert pair.primary.client.protection_groups.find("prod-web-app")


@pytest.mark.parametrize(
    ("command", "noted"),
    [
        (f"{GROUP} failover {{8}}", CHANGES),
        (f"{GROUP} delete {{8}}", CHANGES),
        (f"{GROUP} show {{7}}", TOO_SHORT),
        ("operation show --last {7}", TOO_SHORT),
        ("operation show op-0123abc", TOO_SHORT),
        ("operation wait 0123abc", TOO_SHORT),
        (f"{GROUP} show 0123abcd", None),
        (f"{GROUP} show cafe-web", None),
    ],
)
def test_why_a_beginning_is_not_taken(
    command: str, noted: str | None, local_pair: LocalPair
) -> None:
    whole = group_id("prod-web-app")
    typed = command.replace("{8}", whole[:8]).replace("{7}", whole[:7])
    ran = protector(typed)
    assert ran.code == 1
    found = [at for at in ran.err.splitlines() if at.startswith("hint: ")]
    wanted = [f"hint: {noted}"] if noted else []
    assert found == [at.replace("{8}", whole[:8]) for at in wanted]


def test_an_exact_name_wins(local_pair: LocalPair) -> None:
    short = group_id("prod-web-app")[:8]
    made = protector(f"{GROUP} create {short} --volume-type flash-async")
    assert made.code == 0, made.err
    ran = protector(f"{GROUP} show {short} -f json")
    assert (ran.code, ran.json["name"]) == (0, short)


def test_two_that_begin_alike(
    local_pair: LocalPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One at each site, which nothing but chance would make."""
    from fakeserver.engine import admission

    ids = iter(f"0123abcd-0000-4000-8000-00000000000{n}" for n in range(9))
    monkeypatch.setattr(admission, "new_id", lambda: next(ids))
    first, second = synced("prod-db"), synced("prod-web-app")
    for run in SHELLS.values():
        ran = run("operation show 0123abcd")
        assert (ran.code, ran.out) == (1, "")
        assert sorted(ran.err.splitlines()[:2]) == [
            f"{first}  sync_volumes of prod-db  at site-a",
            f"{second}  sync_volumes of prod-web-app  at site-a",
        ]
        assert ran.err.splitlines()[2] == (
            "'0123abcd' is the beginning of 2 ids of operations; type more of"
            " one of them"
        )
    assert protector(f"operation show {first}").code == 0


@pytest.mark.parametrize("verb", ["show", "wait", "watch", "diagnose"])
def test_what_no_id_begins_with(verb: str, local_pair: LocalPair) -> None:
    ran = protector(f"operation {verb} op-0123abcd")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("no site knows an operation 'op-0123abcd'")


@pytest.mark.parametrize("verb", ["show", "wait", "watch"])
def test_a_beginning_and_a_silent_site(
    verb: str, local_pair: LocalPair
) -> None:
    operation = synced("prod-db")
    local_pair.site("b").kill()
    known = protector(f"operation {verb} {operation[:11]}")
    assert known.code == 0, known.err
    local_pair.site("b").start()
    local_pair.site("a").kill()
    lost = protector(f"operation {verb} {operation[:11]}")
    assert (lost.code, lost.out) == (12, "")
    assert f"nobody who knows {operation[:11]} answers" in lost.err


def test_short_words_cost_no_request(
    local_pair: LocalPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names, whole ids, and what is too short are asked for as they are."""
    from protectorclient.pair import both_sites
    from protectorclient.pair.reads import prefixes

    def never(self: object, question: object) -> None:
        raise AssertionError("asked")

    monkeypatch.setattr(both_sites.BothSites, "each", never)
    asked = both_sites.BothSites([])
    whole = "0123abcd-0000-4000-8000-000000000001"
    for word in ("prod-web-app", whole, "0123abc", "deadbeefy", f"op-{whole}"):
        assert prefixes.expand(word, prefixes.GROUP, asked) == word
    for word in (f"op-{whole}", "op-0123abc", "web"):
        assert prefixes.expand(word, prefixes.OPERATION, asked) == word


# --last


def test_the_last_operation(local_pair: LocalPair) -> None:
    none = protector("operation show --last")
    assert (none.code, none.out, none.err) == (
        1,
        "",
        "there is no operation yet\n"
        "openstack protector operation list --all-sites\n",
    )
    older = synced("prod-db")
    local_pair.advance("10m")
    newest = synced("prod-web-app")
    for run in SHELLS.values():
        last = run("operation show --last -f value -c id")
        assert (last.code, last.out) == (0, f"{newest}\n")
        of = run("operation show --last prod-db -f value -c id")
        assert (of.code, of.out) == (0, f"{older}\n")
    lacking = protector("operation show --last bare")
    assert (lacking.code, lacking.err) == (
        1,
        "there is no operation of bare yet\n"
        "openstack protector operation list --all-sites\n",
    )
    nobody = protector("operation show --last nobody")
    assert nobody.code == 1
    assert "no protection group has the name or id 'nobody'" in nobody.err


def test_one_that_runs_comes_before_a_newer_one(
    local_pair: LocalPair,
) -> None:
    moved = protector(f"{GROUP} failover prod-web-app {WEB} --wait")
    assert moved.code == 0, moved.err
    local_pair.fault("slow-replication", site="site-a", seconds=600.0)
    runs = protector("consistency-group sync prod-db -f value -c id")
    assert runs.code == 0, runs.err
    local_pair.advance("6m")
    newer = synced("prod-web-app")
    last = protector("operation show --last -f value -c id --exit-status")
    assert (last.code, last.out) == (8, runs.out)
    of = protector("operation show --last prod-web-app -f value -c id")
    assert of.out == f"{newer}\n"


def test_two_of_different_sites(local_pair: LocalPair) -> None:
    """A sync at site-a, then another group's at site-b."""
    moved = protector(
        f"{GROUP} failover prod-web-app {WEB} --wait -f value -c id"
    )
    assert moved.code == 0
    local_pair.advance("10m")
    at_a = synced("prod-db")
    local_pair.advance("4m")
    at_b = synced("prod-web-app")
    both = protector("operation show --last -f json")
    assert [one["ID"] for one in both.json] == [at_b, at_a]
    assert [one["Site"] for one in both.json] == ["site-b", "site-a"]
    table = protector("operation show --last")
    assert "prod-db" in table.out
    one = protector("operation show --last prod-db -f json")
    assert one.json["id"] == at_a
    status = protector("operation show --last --exit-status")
    assert status.code == 0
    local_pair.advance("2m")
    later = synced("prod-web-app")
    assert protector("operation show --last -f json").json["id"] == later


# Standard input


def type_in(monkeypatch: pytest.MonkeyPatch, text: str | bytes) -> None:
    data = text if isinstance(text, bytes) else text.encode()
    stream = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8")
    monkeypatch.setattr("sys.stdin", stream)


def test_ids_from_standard_input(
    local_pair: LocalPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = synced("prod-db"), synced("prod-web-app")
    lines = f"\ufeff# what ran\n\n{first}\r\n  {second[:11]}  # web\n{first}\n"
    for command, code in (
        ("operation wait - -f value -c ID", 0),
        ("operation show - -f value -c ID", 0),
    ):
        type_in(monkeypatch, lines)
        ran = protector(command)
        assert (ran.code, ran.out) == (code, f"{first}\n{second}\n"), ran.err
    type_in(monkeypatch, lines)
    watched = protector("operation watch --events -")
    ended = [json.loads(line) for line in watched.out.splitlines()]
    assert watched.code == 0
    assert {one["operation_id"] for one in ended} == {first, second}
    type_in(monkeypatch, f"{first}\n")
    one = protector("operation show - -f json")
    assert one.json["id"] == first
    type_in(monkeypatch, f"{first}\n")
    mixed = protector(f"operation show {second} - -f value -c ID")
    assert mixed.out == f"{second}\n{first}\n"


@pytest.mark.parametrize(
    ("verb", "typed", "told"),
    sampled(
        [
            (verb, typed, told)
            for typed, told in (
                ("", "standard input has no id of an operation; one is"),
                ("# none\n\n", "standard input has no id of an operation"),
                ("op-1 op-2\n", "standard input, line 1: 'op-1 op-2' is not"),
                (b"\xff\xfe\n", "standard input cannot be read"),
            )
            for verb in ("show", "wait", "watch")
        ],
        6,
    ),
)
def test_standard_input_without_ids(
    verb: str,
    typed: str | bytes,
    told: str,
    local_pair: LocalPair,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    type_in(monkeypatch, typed)
    ran = protector(f"operation {verb} -")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(told)


@pytest.mark.parametrize("verb", ["show", "wait", "watch"])
def test_standard_input_that_is_a_terminal(
    verb: str, local_pair: LocalPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdin", Terminal("op-1\n"))
    ran = protector(f"operation {verb} -")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        "'-' reads the ids of operations from standard input, which is a"
        " terminal here\n"
        "openstack protector operation list -f value -c ID |"
        f" openstack protector operation {verb} -\n"
    )


def test_several_of_which_one_is_not_known(local_pair: LocalPair) -> None:
    known = synced("prod-db")
    lost = "op-00000000-0000-4000-8000-000000000000"
    ran = protector(f"operation show {known} {lost} -f value -c ID")
    assert (ran.code, ran.out) == (14, f"{known}\n")
    assert f"no site knows an operation '{lost}'" in ran.err
    assert "1 of 2 operations are not known" in ran.err
    none = protector(f"operation show {lost} {lost[:-1]}1")
    assert (none.code, none.out) == (1, "")


def test_a_wait_shows_the_group(local_pair: LocalPair) -> None:
    operation = synced("prod-db")
    group = group_id("prod-db")
    ran = protector(f"operation wait {operation} -f json")
    assert ran.json["protection_group_id"] == group
    assert ran.json["protection_group_name"] == "prod-db"
    assert ran.err.splitlines()[0].startswith("prod-db: ")
    other = synced("prod-web-app")
    table = protector(f"operation wait {operation} {other}")
    assert "| prod-db " in table.out and "| prod-web-app " in table.out
    several = protector(f"operation wait {operation} {other} -f json").json
    assert [one["Protection Group Name"] for one in several] == [
        "prod-db",
        "prod-web-app",
    ]
    assert several[0]["Protection Group"] == group


def test_what_was_reset_is_listed(local_pair: LocalPair) -> None:
    for run in SHELLS.values():
        ran = run("operation list --type reset_status -f json")
        assert (ran.code, ran.json) == (0, [])
