"""Everything that is described happens, and is as it is described."""

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import flask
import pytest

from fakeserver.cloud.identity.check import IdentityUnreachable
from fakeserver.cloud.identity.tokens import Token
from fakeserver.local.pair import LocalPair
from fakeserver.store import groups
from tests.helpers.judging import Judge
from tests.helpers.walking import (
    GROUP,
    GROUPS,
    MAPPINGS,
    MEMBERS,
    NOBODY,
    SITE,
    SITES,
    TENANT,
    VERSIONS,
    Walk,
    body_of,
    entries,
)

#: no body is larger, but that of one operation
LARGE = b" " * (1 << 20) + b"{}"
TIMES = {"import_metadata": 64}


def succeed(walk: Walk) -> None:
    """Everything once, as it should be."""
    for path in ("/", "/v1/", "/v1/openapi.json", SITES, SITE):
        walk.made("GET", path)
    walk.made("PATCH", SITE, body_of(walk, "set_site"))
    walk.made("POST", f"{SITE}/validate")
    walk.made("GET", f"{SITE}/volume-types")
    made = walk.made("POST", SITES, body_of(walk, "create_site"))
    walk.made("DELETE", f"{SITES}/{made['id']}")

    walk.made("GET", f"{MAPPINGS}/{{mapping_id}}")
    made = walk.made("POST", MAPPINGS, body_of(walk, "create_tenant_mapping"))
    walk.made("DELETE", f"{MAPPINGS}/{made['id']}")

    for path in (
        GROUP,
        f"{MEMBERS}/{{member_id}}",
        f"{GROUP}/policy",
        f"{GROUP}/consistency-group",
        f"{GROUP}/sync-status",
        f"{TENANT}/sync-status",
        f"{TENANT}/operations",
        f"{TENANT}/operations/{{op_id}}",
    ):
        walk.made("GET", path)
    walk.send("GET", "/v1/health")
    bare = f"{GROUPS}/{walk.bare}"
    [member] = walk.made("GET", f"{bare}/members")
    walk.made("DELETE", f"{bare}/members/{member['id']}")
    walk.made("POST", f"{bare}/members", body_of(walk, "add_member"))
    for _ in ("made", "replaced"):
        walk.made("POST", f"{bare}/policy", body_of(walk, "set_policy"))
    walk.made("DELETE", f"{bare}/policy")
    walk.made("POST", f"{GROUP}/action", {"sync_volumes": {}})
    walk.made("POST", f"{GROUP}/sync-force")
    walk.made("PUT", f"{GROUP}/metadata", body_of(walk, "import_metadata"))
    body = body_of(walk, "create_protection_group")
    made = walk.made("POST", GROUPS, body)
    walk.made("PATCH", GROUP, body_of(walk, "set_protection_group"))
    walk.made("DELETE", f"{GROUPS}/{made['id']}")


def refuse(walk: Walk, method: str, path: str, entry: dict[str, Any]) -> None:
    """What any request may meet, and what is not there."""
    body = body_of(walk, entry["operationId"])
    walk.send(method, f"{path}?colour=red", body)
    walk.send(method, path, body, token=None)
    walk.send(method, path, body, token=walk.stranger)
    with keystone_silent(walk):
        walk.send(method, path, body)
    beyond = {"OpenStack-API-Version": "protector 9.9"}
    walk.send(method, path, body, headers=beyond)
    junk = {"OpenStack-API-Version": "protector newest"}
    walk.send(method, path, body, headers=junk)
    walk.send(method, path, data=LARGE * TIMES.get(entry["operationId"], 1))
    if "404" in entry["responses"] and entry["operationId"] in NOT_FOUND:
        NOT_FOUND[entry["operationId"]](walk, method, path, body)
    elif "404" in entry["responses"]:
        head, _, tail = path.rpartition("{")
        nobody = NOBODY + tail.partition("}")[2]
        walk.send(method, head + nobody if head else path, body)


@contextlib.contextmanager
def keystone_silent(walk: Walk) -> Iterator[None]:
    """Nobody says whose a token is, as a real Keystone may not."""
    keystone = walk.pair.site("a").keystone

    def check(text: str | None) -> Token | None:
        raise IdentityUnreachable(keystone.url, "connection refused")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keystone, "check", check)
        yield


def theirs(walk: Walk, method: str, path: str, body: Any) -> None:
    """A group of another project."""
    rival = walk.world.project_id("site-a", "rival")
    walk.send(method, path.replace("{tenant_id}", rival), body)


NOT_FOUND: dict[str, Callable[[Walk, str, str, Any], None]] = {
    # a group that is not there would be made
    "import_metadata": theirs,
}


def conflict(walk: Walk) -> None:
    """What has to be otherwise first."""
    taken = {"name": "site-a"}
    site = body_of(walk, "create_site")
    walk.send("POST", SITES, {"site": site["site"] | taken})
    walk.send("PATCH", SITE, {"site": taken})
    walk.send("DELETE", SITE)
    mapping = body_of(walk, "create_tenant_mapping")["tenant_mapping"]
    taken = {"tenant_mapping": mapping | {"name": "demo"}}
    walk.send("POST", MAPPINGS, taken)
    walk.send("DELETE", f"{MAPPINGS}/{{mapping_id}}")
    walk.send("POST", MEMBERS, body_of(walk, "add_member"))
    old = {"metadata": walk.document}
    walk.send("PUT", f"{GROUP}/metadata", old)
    not_done_at_once(walk)

    walk.pair.site("b").stop()
    walk.send("GET", f"{SITE}/volume-types")
    walk.send("POST", GROUPS, body_of(walk, "create_protection_group"))
    walk.send("PATCH", GROUP, body_of(walk, "set_protection_group"))
    walk.send("DELETE", GROUP)
    walk.send("DELETE", f"{MEMBERS}/{{member_id}}")
    walk.send("POST", f"{GROUP}/policy", body_of(walk, "set_policy"))
    walk.send("DELETE", f"{GROUP}/policy")
    walk.send("POST", f"{GROUP}/consistency-group/sync")
    walk.send("POST", f"{GROUP}/action", {"sync_volumes": {}})
    walk.send("POST", f"{GROUP}/sync-force")


def not_done_at_once(walk: Walk) -> None:
    """A discard that nobody works on: the peer is ahead, the engine is not
    there."""
    there = walk.pair.site("b").parts
    group = groups.find(there.db, walk.world.groups[0].id)
    assert group is not None
    group.doc["version"] += 5
    with there.db.transaction() as tx:
        groups.save(tx, group)
    walk.pair.site("a").stop_engine()
    version = group.version
    walk.made("POST", f"{GROUP}/sync-force?force=true&discard={version}")


@dataclasses.dataclass(frozen=True)
class Status:
    """One answer of one operation."""

    operation: str
    status: str


@pytest.mark.parametrize(
    ("newest", "version"),
    [
        # the newest, and what it answers to the oldest; the others are
        # between these two
        pytest.param(
            newest,
            version,
            marks=()
            if newest == "1.2" and version in ("1.0", "1.2")
            else pytest.mark.thorough,
        )
        for newest in VERSIONS
        for version in VERSIONS
        if version <= newest
    ],
)
def test_all_that_is_described_happens(
    newest: str, version: str, judge: Judge
) -> None:
    judge.seen.clear()
    with LocalPair(max_microversion=newest) as pair:
        walk = Walk(pair, version)
        walk.remember()
        succeed(walk)
        for method, path, entry in entries(version, newest):
            refuse(walk, method, path, entry)
        conflict(walk)
    names = {
        (method, path): entry["operationId"]
        for method, path, entry in entries(version, newest)
    }
    met = {
        Status(names[one.method, one.path], str(one.status))
        for one in judge.seen
        # where no version is found, the oldest one answers
        if one.version == version or one.status in (400, 406)
    }
    told = {
        Status(entry["operationId"], status)
        for _, _, entry in entries(version, newest)
        for status in entry["responses"]
    }
    assert {str(one) for one in told - met} == set()
    assert {str(one) for one in met - told} == set()


def broken_record(site: dict[str, Any]) -> dict[str, Any]:
    return {"id": site["id"], "name": 7, "password": "secret"}


@pytest.mark.parametrize(
    ("target", "broken"),
    [
        ("fakeserver.api.render.site", broken_record),
        (
            "fakeserver.api.views.sites.nothing",
            lambda: flask.Response(status=205),
        ),
        (
            "fakeserver.api.views.sites.answer",
            lambda value, status=200: flask.Response(str(value), status),
        ),
    ],
)
def test_the_judge_can_say_no(
    target: str, broken: Any, judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    # one of its own, which has not seen enough of anything
    own = Judge()
    own.attend(monkeypatch)
    with LocalPair() as pair:
        walk = Walk(pair, "1.2")
        walk.made("GET", SITES)
        made = walk.made("POST", SITES, body_of(walk, "create_site"))
        assert not own.wrong
        monkeypatch.setattr(target, broken)
        walk.send("GET", f"{SITES}/{made['id']}")
        walk.send("DELETE", f"{SITES}/{made['id']}")
        assert own.wrong
        judge.wrong.clear()
