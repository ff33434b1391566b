"""Actions from Python: their audit log and their dry run."""

import json
import pathlib
from collections.abc import Iterator

import pytest
import requests

from fakeserver.local.pair import LocalPair
from protectorclient import AuditLog, SitePair, exceptions
from protectorclient._http import dry_run
from tests.helpers.library_parts import NETWORKS, WEB, Live

pytestmark = pytest.mark.decided


@pytest.fixture
def log(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> pathlib.Path:
    """The file of the user's audit log; it is not there yet."""
    path = tmp_path / "state" / "journal.jsonl"
    monkeypatch.setenv("PROTECTOR_JOURNAL", str(path))
    return path


@pytest.fixture(scope="module")
def old() -> Iterator[Live]:
    """Two sites of API 1.1, which keep no reason."""
    with LocalPair(sockets=True, max_microversion="1.1") as pair:
        yield Live(pair)


@pytest.fixture(scope="module")
def new() -> Iterator[Live]:
    with LocalPair(sockets=True) as pair:
        yield Live(pair)


def pair_of(live: Live, audit_log: AuditLog | bool) -> SitePair:
    first, second = live.handle("site-a"), live.handle("site-b")
    return SitePair(first, second, audit_log=audit_log)


# The audit log


def test_a_reason_is_kept_here_where_the_site_keeps_none(
    old: Live, log: pathlib.Path
) -> None:
    started = old.sites().sync_volumes(WEB, reason="power cut")
    assert started.warnings == (
        "the reason is kept in the audit log here alone: site-a is asked in"
        " version 1.1, and it takes 1.2",
    )
    assert started.audit_log == "written"
    asked, begun = AuditLog().entries()
    assert (asked["event"], begun["event"]) == ("asked", "begun")
    assert asked["reason"] == begun["reason"] == "power cut"
    assert begun["operation_id"] == started.operation.id
    old.finish(started.operation)


def test_no_audit_log_and_no_word_that_there_is_one(
    old: Live, log: pathlib.Path
) -> None:
    started = pair_of(old, False).sync_volumes(WEB, reason="power cut")
    assert started.warnings == (
        "the reason is kept nowhere: site-a is asked in version 1.1, and it"
        " takes 1.2",
    )
    assert started.audit_log is None
    assert not log.exists()
    old.finish(started.operation)


def test_an_audit_log_of_its_own(
    new: Live, log: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    own = AuditLog(tmp_path / "own.jsonl")
    new.finish(pair_of(new, own).sync_volumes(WEB).operation)
    assert [entry["event"] for entry in own.entries()] == ["asked", "begun"]
    assert not log.exists()


def test_an_audit_log_that_fails_is_warned_of_once(
    new: Live, tmp_path: pathlib.Path
) -> None:
    said: list[str] = []
    pair = pair_of(new, AuditLog(tmp_path, warn=said.append))
    for _ in range(2):
        started = pair.sync_volumes(WEB)
        assert started.audit_log == "failed"
        new.finish(started.operation)
    assert said == [
        f"the audit log {tmp_path} cannot be written: Is a directory;"
        " PROTECTOR_JOURNAL names another file"
    ]


def test_a_file_of_an_earlier_version_is_read_and_continued(
    new: Live, log: pathlib.Path
) -> None:
    earlier = {"at": "2026-01-01T03:00:00Z", "event": "asked", "user": "ada"}
    log.parent.mkdir()
    log.write_text(json.dumps(earlier) + "\n{cut\n")
    new.finish(new.sites().sync_volumes(WEB).operation)
    found = list(AuditLog().entries())
    assert found[0] == earlier
    assert [entry["event"] for entry in found] == ["asked", "asked", "begun"]


# The dry run


def test_a_dry_run_leaves_a_shared_session_alone(
    new: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who shares the session sends in the middle of it, and is answered."""
    pair = new.sites()
    prepared = pair.prepare("failover", WEB, network_mapping=NETWORKS)
    other = pair.primary.client
    shared = other.http.session
    below = shared.session
    seen: list[str] = []
    original = dry_run._CapturingSession.send

    def send(
        self: dry_run._CapturingSession,
        request: requests.PreparedRequest,
        **options: object,
    ) -> requests.Response:
        assert shared.session is below
        seen.append(other.protection_groups.find(WEB).name)
        return original(self, request, **options)

    monkeypatch.setattr(dry_run._CapturingSession, "send", send)
    shown = prepared.outgoing()
    assert (shown.method, seen) == ("POST", [WEB])
    assert shared.session is below


def test_a_dry_run_sends_nothing_but_questions(
    new: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token that is over is not asked for again while it is caught."""
    pair = new.sites()
    prepared = pair.prepare("failover", WEB, network_mapping=NETWORKS)
    before = [one.id for one in pair.primary.client.operations.list()]
    client = pair.primary.client
    sent: list[str] = []
    below = client.http.session.session
    original = below.send

    def send(
        request: requests.PreparedRequest, **options: object
    ) -> requests.Response:
        sent.append(f"{request.method} {request.path_url}")
        return original(request, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(below, "send", send)
    monkeypatch.setattr(
        client.http.session.auth, "_needs_reauthenticate", lambda: True
    )
    shown = prepared.outgoing()
    assert shown.url.endswith("/action")
    assert set(sent) <= {
        "POST /identity/v3/auth/tokens",
        "POST /v3/auth/tokens",
    }
    monkeypatch.undo()
    after = [one.id for one in client.operations.list()]
    assert after == before


def test_a_dry_run_is_refused_what_the_action_is(old: Live) -> None:
    groups = old.client().protection_groups
    group = old.group()
    for call in (groups.act, groups.dry_run):
        with pytest.raises(exceptions.VersionNotSupported):
            call(group, "failover", {"reason": "power cut"})


def test_there_is_no_such_action(new: Live) -> None:
    with pytest.raises(exceptions.BadArgument, match="'failovr' is not"):
        new.sites().prepare("failovr", WEB)


# A sync before a move


@pytest.fixture
def own() -> Iterator[Live]:
    with LocalPair(sockets=True) as pair:
        yield Live(pair)


def test_a_sync_stands_before_a_move(own: Live) -> None:
    pair = pair_of(own, False)
    started = pair.failover(WEB, network_mapping=NETWORKS, sync_first=True)
    synced = started.synced
    assert synced is not None
    assert (synced.operation_type, synced.status) == (
        "sync_volumes",
        "completed",
    )
    assert started.operation.operation_type == "failover"
    assert synced.request_id != started.operation.request_id
    own.finish(started.operation)
    back = pair.failback(WEB, sync_first=True)
    assert back.synced is not None
    own.finish(back.operation, "site-b")


def test_a_sync_that_fails_begins_no_move(own: Live) -> None:
    own.pair.fault("step", match="replicate_snapshot", message="cut")
    with pytest.raises(exceptions.OperationFailed, match="cut"):
        pair_of(own, False).failover(
            WEB, network_mapping=NETWORKS, sync_first=True
        )
    types = {one.operation_type for one in own.client().operations.list()}
    assert types == {"sync_volumes"}


def test_no_sync_before_an_unplanned_failover(own: Live) -> None:
    with pytest.raises(exceptions.UsageProblem, match="has no sync before"):
        pair_of(own, False).failover(
            WEB, network_mapping=NETWORKS, unplanned=True, sync_first=True
        )
    own.pair.site("a").kill()
    forced = pair_of(own, False).failover(
        WEB, network_mapping=NETWORKS, unplanned=True
    )
    own.pair.site("a").start()
    own.finish(forced.operation, "site-b")
    pair = pair_of(own, False)
    pair.sync_force(WEB)
    with pytest.raises(exceptions.CertainRefusal, match="replicate over"):
        pair.failback(WEB, sync_first=True)
