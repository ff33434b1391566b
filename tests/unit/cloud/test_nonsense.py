"""No input makes a 500: every call of the clouds, with nonsense."""

import json
from typing import Any

import pytest

from tests.helpers.cloud_parts import Cloud
from tests.helpers.sampling import sampled

BODIES: tuple[bytes, ...] = (
    b"",
    b"{",
    b"null",
    b"[]",
    b'"text"',
    b"12345678901234567890123456789012345678901234567890",
    b"\xff\xfe",
    b'{"a": "\\ud800"}',
    b'{"a": Infinity}',
    b"[" * 20_000,
    b"x" * ((1 << 20) + 1),
)
#: what stands in a wrapper that the call knows
INNER: tuple[Any, ...] = (
    None,
    5,
    [],
    {},
    {"name": None},
    {"name": {"deep": []}},
    {"name": "\0", "size": 2**80, "metadata": []},
)
WRAPPERS = (
    "auth",
    "application_credential",
    "server",
    "flavor",
    "quota_set",
    "metadata",
    "volumeAttachment",
    "network",
    "subnet",
    "quota",
    "volume",
    "volume_type",
    "extra_specs",
    "group",
    "group_type",
    "os-attach",
    "delete",
)
QUERIES = (
    "",
    "?limit=99999999999999999999&marker=%00&name=%ff%fe&sort=:,::",
    "?metadata=%5B&status=%F0&all_tenants=&is_public=%00&fields=&sort_dir=x",
    "?fixed_ips=&sort_key=id&sort_key=addresses&limit=0&list_volume=1",
)
#: Of the calls, so that some are made every day.
PARTS = 6
NAMES = ("no-such", "%00", "%F0%9F%98%80", "a" * 3000)


def calls(a: Cloud) -> list[tuple[str, str]]:
    found = []
    for rule in a.app.url_map.iter_rules():
        if rule.endpoint == "static":
            continue
        for method in sorted(rule.methods or ()):
            if method not in ("HEAD", "OPTIONS"):
                found.append((method, rule.rule))
    return found


def fill(path: str, a: Cloud, name: str) -> str:
    path = path.replace("<project>", a.project())
    while "<" in path:
        head, _, tail = path.partition("<")
        path = head + name + tail.partition(">")[2]
    return path


@pytest.mark.parametrize("part", sampled(range(PARTS), 2))
def test_nonsense(a: Cloud, part: int) -> None:
    """Asked as an admin, who is refused least."""
    headers = {
        "X-Auth-Token": a.token("admin"),
        "X-Subject-Token": "\xe9",
        "OpenStack-API-Version": "volume 3.70, compute 2.90",
    }
    wrapped = [
        json.dumps({wrapper: inner}).encode()
        for wrapper in WRAPPERS
        for inner in INNER
    ]
    checked = 0
    for method, rule in calls(a)[part::PARTS]:
        if method == "GET":
            tries = [
                (fill(rule, a, name) + query, b"")
                for name in NAMES
                for query in QUERIES
            ]
        else:
            path = fill(rule, a, "no-such")
            tries = [(path, body) for body in (*BODIES, *wrapped)]
        for path, body in tries:
            answer = a.client.open(
                path, method=method, data=body, headers=headers
            )
            assert answer.status_code < 500, (method, path, body[:80])
            checked += 1
    assert checked > 200


def test_nonsense_for_what_is_there(a: Cloud) -> None:
    """The same for calls that name something real."""
    server = a.world.groups[0].servers[0]
    volume = server.volumes[0].id
    headers = {
        "X-Auth-Token": a.token(),
        "OpenStack-API-Version": "volume 3.70",
    }
    paths = [
        f"/volume/v3/{a.project()}/volumes/{volume}/action",
        f"/volume/v3/{a.project()}/volumes/{volume}",
        f"/volume/v3/{a.project()}/os-volume-manage",
        f"/networking/v2.0/networks/"
        f"{a.world.network_id('site-a', 'net-primary-web')}",
        "/compute/v2.1/servers",
    ]
    compute = [
        f"/compute/v2.1/servers/{server.id}/action",
        f"/compute/v2.1/servers/{server.id}",
        f"/compute/v2.1/servers/{server.id}/os-volume_attachments",
        f"/compute/v2.1/servers/{server.id}/metadata",
    ]
    actions = (
        "os-start",
        "os-stop",
        "reboot",
        "os-unmanage",
        "os-set_bootable",
        "os-reserve",
        "os-attach",
        "os-detach",
        "os-reset_status",
    )
    for path in (*paths, *compute):
        for method in ("POST", "PUT"):
            for key in (*WRAPPERS, *actions):
                for inner in INNER:
                    body = json.dumps({key: inner})
                    sent = dict(headers)
                    if path.startswith("/compute"):
                        sent.pop("OpenStack-API-Version")
                    answer = a.client.open(
                        path, method=method, data=body, headers=sent
                    )
                    assert answer.status_code < 500, (path, key, inner)
