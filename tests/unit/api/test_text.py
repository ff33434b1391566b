"""What users write may not steer the terminal of whoever reads it."""

from typing import Any

import pytest

from fakeserver.base.ids import stable_id
from fakeserver.site import Site
from tests.helpers.api_parts import (
    PROJECT,
    Api,
    Engine,
    add_group,
    add_site,
    error_of,
)

GROUPS = f"/v1/{PROJECT}/protection-groups"
GROUP = f"{GROUPS}/{stable_id(1, 'g')}"
SITES = "/v1/admin/sites"
SITE = f"{SITES}/{stable_id(1, 'site-a')}"
MAPPINGS = "/v1/admin/tenant-mappings"
IDS = (stable_id(1, "site-a"), stable_id(1, "site-b"))
#: the first and the last of each range that is refused
REFUSED = [
    *(0x00, 0x07, 0x08, 0x0B, 0x0D, 0x1B, 0x1F),
    *(0x7F, 0x80, 0x9B, 0x9F),
    *(0x2028, 0x2029, 0x202A, 0x202E, 0x2066, 0x2069),
]
#: their neighbours, and what people write
TAKEN = [0x20, 0x7E, 0xA0, 0xE9, 0x05D0, 0x200F, 0x2027, 0x202F]
TAKEN += [0x2065, 0x206A, 0x4E2D, 0x1F525]


def new_site(text: str) -> dict[str, Any]:
    site = {
        "name": "north",
        "description": "",
        "auth_url": "http://127.0.0.1:8788/identity/v3",
        "protector_url": "http://127.0.0.1:8788",
        "array_name": "flasharray-a",
        "volume_backend_host": "site-a@flasharray-a#pool",
        "username": "protector",
        "password": "geheim",
        "project_name": "service",
    }
    return {"site": site | {"description": text}}


def new_group(text: str) -> dict[str, Any]:
    fields = ("primary_site_id", "secondary_site_id")
    sites = dict(zip(fields, IDS, strict=True))
    group = {"name": text, "volume_type_id": IDS[0], **sites}
    return {"protection_group": group}


#: method, path, body with the text in it, the field that is named
PLACES = {
    "site description": ("POST", SITES, new_site, "site.description"),
    "site name": (
        "PATCH",
        SITE,
        lambda text: {"site": {"name": text}},
        "site.name",
    ),
    "mapping name": (
        "POST",
        MAPPINGS,
        lambda text: {
            "tenant_mapping": {
                "name": text,
                "projects": dict.fromkeys(IDS, "a"),
            }
        },
        "tenant_mapping.name",
    ),
    "group name": ("POST", GROUPS, new_group, "protection_group.name"),
    "group description": (
        "PATCH",
        GROUP,
        lambda text: {"protection_group": {"description": text}},
        "protection_group.description",
    ),
    "mapped to": (
        "PATCH",
        GROUP,
        lambda text: {"protection_group": {"network_mapping": {"a": text}}},
        "protection_group.network_mapping.a",
    ),
    "mapped from": (
        "PATCH",
        GROUP,
        lambda text: {"protection_group": {"flavor_mapping": {text: "a"}}},
        "protection_group.flavor_mapping",
    ),
    "reason": (
        "POST",
        f"{GROUP}/action",
        lambda text: {"failover": {"reason": text}},
        "failover.reason",
    ),
    "reason of a reset": (
        "POST",
        f"{GROUP}/action",
        lambda text: {"reset_status": {"status": "active", "reason": text}},
        "reset_status.reason",
    ),
    "reason of a sync": (
        "POST",
        f"{GROUP}/consistency-group/sync",
        lambda text: {"reason": text},
        "reason",
    ),
}


@pytest.fixture(autouse=True)
def known(site: Site) -> None:
    add_site(site, "site-a", True, 8788)
    add_site(site, "site-b", False, 8789)
    add_group(site, "g")


@pytest.mark.parametrize("place", PLACES)
def test_control_characters_are_refused(
    call: Api, engine: Engine, place: str
) -> None:
    method, path, body, field = PLACES[place]
    for code in REFUSED:
        text = f"a{chr(code)}b"
        found = error_of(call(method, path, body(text), role="admin"))
        assert (found.status, found.reason) == (400, "bad-request"), hex(code)
        assert found.details["field"] == field
        assert found.message.endswith(
            "must be text without control characters"
        )
        assert chr(code) not in found.message
    assert engine.calls == []


@pytest.mark.parametrize("place", ["group description", "reason", "mapped to"])
def test_what_people_write_is_taken(call: Api, place: str) -> None:
    method, path, body, _ = PLACES[place]
    text = "".join(map(chr, TAKEN)) + "\tof two\nlines"
    assert call(method, path, body(text)).status_code < 300


def test_a_name_is_one_line(call: Api) -> None:
    for text in ("a\nb", "a\tb", "\n", " ", "\u3000"):
        found = error_of(call("POST", GROUPS, new_group(text)))
        assert found.message == (
            "protection_group.name must be one line, and more than spaces"
        )


def test_a_secret_may_be_anything(call: Api) -> None:
    body = {"site": {"password": "a\x1bb\u202e"}}
    assert call("PATCH", SITE, body, role="admin").status_code == 200


def test_the_peer_s_words_are_taken_as_they_are(
    call: Api, engine: Engine
) -> None:
    """A push must never stick on a name, nor the answer after it."""
    path = f"{GROUP}/metadata"
    document = call("GET", path).get_json()["metadata"]
    text = "".join(map(chr, REFUSED)) + "\n"
    document |= {"name": text, "description": text}
    document["network_mapping"] = {text: text}
    answer = call("PUT", path, {"metadata": document}, role="protector_peer")
    assert answer.status_code == 200
    assert engine.calls[-1][3]["name"] == text
    assert answer.get_json()["metadata"]["description"] == text
