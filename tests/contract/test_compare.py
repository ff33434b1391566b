"""A deployment beside the reference: thirty deviations, each one found."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from fakeserver.cli import main
from fakeserver.compare import agreement
from fakeserver.compare.exchange import Exchange, Read
from fakeserver.compare.upstream import Deployment, root_of
from fakeserver.compare.walk import Walk
from fakeserver.local.pair import LocalPair
from fakeserver.sandbox.problem import Problem
from tests.helpers.clirunner import protector
from tests.helpers.sampling import sampled

Change = Callable[[Exchange], Exchange | None]
MAPPING = "--network-mapping net-primary-web=net-secondary-web"


class Recorded:
    """What a deployment has answered, each read made once."""

    def __init__(self, deployment: Deployment) -> None:
        self.project_id = deployment.project_id
        self._deployment = deployment
        self._kept: dict[tuple[str, str | None, str], Exchange] = {}

    def get(self, read: Read) -> Exchange:
        key = read.address, read.version, read.token
        if key not in self._kept:
            self._kept[key] = self._deployment.get(read)
        return dataclasses.replace(self._kept[key], read=read)


class Changed:
    """A deployment that answers otherwise in one thing."""

    def __init__(self, recorded: Recorded, change: Change) -> None:
        self.project_id = recorded.project_id
        self._recorded, self._change = recorded, change
        self.changed = 0

    def get(self, read: Read) -> Exchange:
        found = self._recorded.get(read)
        other = self._change(found)
        self.changed += other is not None
        return other or found


@pytest.fixture(scope="module")
def recorded() -> Iterator[Recorded]:
    """A site with a failover, a drill, a refusal and a failure behind it."""
    patch = pytest.MonkeyPatch()
    with LocalPair(sockets=True) as pair, patch.context() as patched:
        patched.setenv("OS_CLIENT_CONFIG_FILE", str(pair.clouds_yaml))
        patched.setenv("OS_CLOUD", "site-a")
        group = "protection-group"
        drill = f"{group} test-failover prod-web-app --retain-primary"
        for command in (
            f"{drill} {MAPPING} --wait",
            f"{group} test-cleanup prod-web-app --wait",
            "consistency-group sync prod-web-app --wait",
        ):
            assert protector(command).code == 0, command
        pair.fault("step", match="create_snapshot", times=1)
        sync = "consistency-group sync prod-web-app --wait"
        assert protector(sync).code == 10
        failover = f"{group} failover prod-web-app {MAPPING} --wait"
        assert protector(failover).code == 0
        yield Recorded(deployment_of(pair, "site-a"))


def url_of(pair: LocalPair) -> str:
    return pair.site("site-a").url


def deployment_of(pair: LocalPair, cloud: str) -> Deployment:
    return Deployment(url_of(pair), pair.session(cloud), requests.Session())


def _body(
    pattern: str, change: Callable[[Any], object], status: int = 200
) -> Change:
    """Change the JSON of the answers whose route fits."""

    def changed(exchange: Exchange) -> Exchange | None:
        if exchange.status != status or not re.search(
            pattern, exchange.read.route
        ):
            return None
        body = json.loads(exchange.content)
        try:
            change(body)
        except (KeyError, IndexError, TypeError):
            return None
        content = json.dumps(body).encode()
        if json.loads(exchange.content) == body:
            return None
        return dataclasses.replace(exchange, content=content)

    return changed


def _every(
    noun: str, change: Callable[[Any], object]
) -> Callable[[Any], None]:
    def changed(body: Any) -> None:
        for record in body[noun]:
            change(record)

    return changed


def _set(**fields: Any) -> Callable[[Any], None]:
    return lambda record: record.update(fields)


def _header(name: str, value: str | None, status: int | None = None) -> Change:
    def changed(exchange: Exchange) -> Exchange | None:
        if status is not None and exchange.status != status:
            return None
        headers = dict(exchange.headers)
        headers.pop(name, None)
        if value is not None:
            headers[name] = value
        return dataclasses.replace(exchange, headers=headers)

    return changed


def _status(old: int, new: int, pattern: str = "") -> Change:
    def changed(exchange: Exchange) -> Exchange | None:
        if exchange.status != old or not re.search(
            pattern, exchange.read.route
        ):
            return None
        return dataclasses.replace(exchange, status=new)

    return changed


def _content(pattern: str, content: bytes, kind: str) -> Change:
    def changed(exchange: Exchange) -> Exchange | None:
        if exchange.status < 400 or not re.search(
            pattern, exchange.read.route
        ):
            return None
        headers = {**exchange.headers, "content-type": kind}
        return dataclasses.replace(exchange, headers=headers, content=content)

    return changed


def _ignored(name: str) -> Change:
    """A query parameter that the deployment does not look at."""

    def changed(exchange: Exchange) -> Exchange | None:
        return None

    changed.ignores = name  # type: ignore[attr-defined]
    return changed


GROUPS = r"protection-groups$"
GROUP = r"\{pg_id\}$"
OPERATIONS = r"operations$"
OPERATION = r"\{op_id\}$"

DEVIATIONS: dict[str, tuple[Change, str]] = {
    "a field is missing": (
        _body(GROUP, lambda b: b["protection_group"].pop("member_count")),
        "schema",
    ),
    "a field has another name": (
        _body(
            OPERATION,
            lambda b: b["operation"].update(
                state=b["operation"].pop("status")
            ),
        ),
        "schema",
    ),
    "a number is a text": (
        _body(OPERATION, lambda b: b["operation"].update(progress="100")),
        "schema",
    ),
    "a status of its own": (
        _body(GROUPS, _every("protection_groups", _set(status="ACTIVE"))),
        "schema",
    ),
    "no noun around a record": (
        _body(
            r"sync-status$",
            lambda b: b.update(b.pop("sync_status")),
        ),
        "schema",
    ),
    "times without a zone": (
        _body(
            OPERATIONS,
            _every(
                "operations",
                lambda o: o.update(started_at=o["started_at"].rstrip("Z")),
            ),
        ),
        "schema",
    ),
    "an operation id of another form": (
        _body(
            OPERATIONS,
            _every("operations", lambda o: o.update(id=o["id"][3:])),
        ),
        "schema",
    ),
    "result_data below 1.1": (
        lambda e: (
            _body(OPERATIONS, _every("operations", _set(result_data=None)))(e)
            if e.read.version == "protector 1.0"
            else None
        ),
        "schema",
    ),
    "a token is shown": (
        _body(
            r"policy$",
            lambda b: b["policy"].update(primary_fa_api_token="T-1234"),
        ),
        "secret",
    ),
    "no version header": (
        _header("openstack-api-version", None),
        "version-header",
    ),
    "another version than asked for": (
        _header("openstack-api-version", "protector 1.0", 200),
        "version-header",
    ),
    "no Vary": (_header("vary", None), "vary-header"),
    "no request id": (
        _header("x-openstack-request-id", None),
        "request-id-header",
    ),
    "no challenge": (_header("www-authenticate", None, 401), "challenge"),
    "errors in HTML": (
        _content("", b"<h1>Not Found</h1>", "text/html"),
        "json",
    ),
    "errors as {error: text}": (
        _content("", b'{"error": "not found"}', "application/json"),
        "schema",
    ),
    "errors as a list": (
        _content("", b'["not found"]', "application/json"),
        "schema",
    ),
    "errors as a list that is not described": (
        lambda e: (
            dataclasses.replace(e, status=500, content=b"[1]")
            if e.read.route.endswith("{pg_id}")
            else None
        ),
        "error-form",
    ),
    "a version that is no number": (
        _body(r"^/$", _every("versions", _set(min_version="1.x"))),
        "schema",
    ),
    "the error code is another": (
        _body("", lambda b: b["error"].update(code=500), 404),
        "error-code",
    ),
    "404 as 200": (_status(404, 200, r"\{op_id\}"), "refusal"),
    "401 as 403": (_status(401, 403), "refusal"),
    "406 as 200": (_status(406, 200), "refusal"),
    "500 for a group": (_status(200, 500, GROUP), "status"),
    "groups in no order": (
        _body(GROUPS, lambda b: b["protection_groups"].reverse()),
        "order",
    ),
    "operations oldest first": (
        _body(OPERATIONS, lambda b: b["operations"].reverse()),
        "order",
    ),
    "an operation comes twice": (
        _body(
            OPERATIONS,
            lambda b: b["operations"].append(dict(b["operations"][-1])),
        ),
        "unique",
    ),
    "the member count is wrong": (
        _body(GROUP, lambda b: b["protection_group"].update(member_count=99)),
        "member-count",
    ),
    "the current primary is a third site": (
        _body(
            GROUP,
            lambda b: b["protection_group"].update(
                current_primary_site_id="0" * 8 + "-0000-4000-8000-" + "0" * 12
            ),
        ),
        "group-current-site",
    ),
    "failed over at its primary site": (
        _body(
            GROUPS,
            _every(
                "protection_groups",
                lambda g: g.update(
                    current_primary_site_id=g["primary_site_id"]
                ),
            ),
        ),
        "group-status-site",
    ),
    "completed at 90 percent": (
        _body(OPERATION, lambda b: b["operation"].update(progress=90)),
        "operation-done",
    ),
    "completed without its time": (
        _body(OPERATION, lambda b: b["operation"].update(completed_at=None)),
        "operation-ended",
    ),
    "a step of its own": (
        _body(
            OPERATION,
            lambda b: b["operation"]["steps_completed"].append("celebrate"),
        ),
        "operation-steps",
    ),
    "failed without a reason": (
        lambda e: _body(
            OPERATION,
            lambda b: b["operation"].update(
                error_message=None
                if b["operation"]["status"] == "failed"
                else b["operation"]["error_message"]
            ),
        )(e),
        "operation-failed",
    ),
    "in sync with another checksum": (
        _body(
            r"sync-status$",
            lambda b: b["sync_status"].update(remote_checksum="0" * 64),
        ),
        "sync-status",
    ),
    "the metadata are of another version": (
        _body(r"metadata$", lambda b: b["metadata"].update(version=99)),
        "metadata-group",
    ),
    "a member is not in the metadata": (
        _body(r"metadata$", lambda b: b["metadata"]["members"].pop()),
        "metadata-members",
    ),
    "health leaves a group out": (
        _body(r"health$", lambda b: b["health"].pop()),
        "health-groups",
    ),
    "ready without replication": (
        _body(
            r"health$",
            _every("health", _set(failover_ready=True, reasons=[])),
        ),
        "health-ready",
    ),
    "recovery points oldest first": (
        _body(
            r"consistency-group$",
            lambda b: b["consistency_group"]["recovery_points"].reverse(),
        ),
        "recovery-points",
    ),
    "a volume is not in the consistency group": (
        _body(
            r"consistency-group$",
            lambda b: b["consistency_group"]["volumes"].pop(),
        ),
        "consistency-group-volumes",
    ),
    "limit is ignored": (_ignored("limit"), "limit"),
    "a filter is ignored": (_ignored("name"), "filter"),
    "the next page begins anew": (_ignored("marker"), "pages"),
    "no link to the next page": (
        _body(
            OPERATIONS,
            lambda b: b.pop("links"),
        ),
        "next-link",
    ),
    "both sites are local": (
        _body(r"admin/sites$", _every("sites", _set(local=True))),
        "local-site",
    ),
    "the version documents differ": (
        _body(r"^/v1/$", lambda b: b["version"].update(max_version="1.1")),
        "version-documents",
    ),
    "min_version above max_version": (
        _body(r"^/$", _every("versions", _set(min_version="2.0"))),
        "version-range",
    ),
}


def test_the_reference_does_not_deviate(recorded: Recorded) -> None:
    report = Walk(recorded, 10_000).run()
    assert report.deviations == []
    assert report.groups == 3
    assert report.operations == 5
    assert report.reads > 100


@pytest.mark.parametrize("name", sampled(DEVIATIONS, 5))
def test_a_deviation_is_found(name: str, recorded: Recorded) -> None:
    change, rule = DEVIATIONS[name]
    upstream = Changed(recorded, change)
    ignored = getattr(change, "ignores", None)
    if ignored:
        upstream.get = _ignoring(recorded, ignored)  # type: ignore[method-assign]
    report = Walk(upstream, 10_000).run()
    assert upstream.changed or ignored, "nothing was changed"
    found = {one.rule for one in report.deviations}
    assert rule in found, found


def _ignoring(recorded: Recorded, name: str) -> Callable[[Read], Exchange]:
    def get(read: Read) -> Exchange:
        left = {k: v for k, v in read.query.items() if k != name}
        answer = recorded.get(dataclasses.replace(read, query=left))
        return dataclasses.replace(answer, read=read)

    return get


def test_a_deviation_names_the_commands_that_it_concerns(
    recorded: Recorded,
) -> None:
    change, _ = DEVIATIONS["completed at 90 percent"]
    [found] = Walk(Changed(recorded, change), 10_000).run().deviations[-1:]
    assert "operation wait" in found.commands
    assert found.address.startswith("/v1/")


def test_the_command(
    local_pair: LocalPair, capsys: pytest.CaptureFixture[str]
) -> None:
    url = url_of(local_pair)
    assert main.main(["compare", "--upstream", url, "--reads", "30"]) == 0
    assert capsys.readouterr().out.startswith("30 reads at 1.0, 1.1, 1.2: ")
    assert main.main(["compare", "--upstream", url, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["deviations"] == []


def test_a_deviation_ends_the_command_with_3(
    local_pair: LocalPair, capsys: pytest.CaptureFixture[str]
) -> None:
    url = url_of(local_pair)
    local_pair.fault("503", match="GET */operations")
    assert main.main(["compare", "--upstream", url]) == 3
    assert "concerns: operation list" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["--upstream", "controller"], 1, "is no URL"),
        (["--upstream", "http://u:p@h"], 1, "without a user"),
        (["--upstream", "http://127.0.0.1:1"], 6, "does not answer"),
        (
            ["--upstream", "http://127.0.0.1:1", "--os-cloud", "nope"],
            1,
            "clouds.yaml",
        ),
        (["--upstream", "http://127.0.0.1:1", "--reads", "0"], 1, "--reads"),
    ],
)
def test_what_cannot_be_compared(
    words: list[str],
    code: int,
    sentence: str,
    local_pair: LocalPair,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main.main(["compare", *words]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert sentence in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "url",
    ["http://h:1", "http://h:1/", "http://h:1/v1", "http://h:1/v1/project/"],
)
def test_a_catalog_writes_the_address_in_three_ways(url: str) -> None:
    assert root_of(url) == "http://h:1"


def test_a_service_below_a_path_keeps_it() -> None:
    assert root_of("https://h/dr/v1/x") == "https://h/dr"
    with pytest.raises(Problem):
        root_of("ftp://h")


def test_a_power_state_may_be_read_again_between_two_answers() -> None:
    """And nothing else of a member."""
    listed = {"power_state": 1, "power_state_at": "10:00", "locked": False}
    later = {**listed, "power_state": 4, "power_state_at": "10:01"}
    for attributes, found in (
        (later, []),
        ({"locked": False}, []),
        ({**later, "locked": True}, ["list-and-show"]),
        (None, ["list-and-show"]),
    ):
        same = agreement.same(
            "member", {"attributes": listed}, {"attributes": attributes}
        )
        assert [rule for rule, _ in same] == found


@pytest.mark.thorough
def test_ten_thousand_reads_of_the_reference(recorded: Recorded) -> None:
    report = Walk(recorded._deployment, 10_000).run(rounds=None)
    assert report.reads == 10_000
    assert report.deviations == []
