"""Groups of volumes in the emulated Cinder."""

from typing import Any

import pytest
from werkzeug.test import TestResponse

from fakeserver.cloud.shared import seed
from tests.helpers.cloud_parts import Cloud

GROUPS = "/volume/v3/{p}/groups"
TYPES = "/volume/v3/{p}/group_types"
V = "volume 3.25"


def call(
    a: Cloud, method: str, path: str, body: Any = None, **options: Any
) -> TestResponse:
    return a.call(method, path, body, version=V, **options)


def create(a: Cloud, *kinds: str, **options: Any) -> str:
    body = {
        "name": "mine",
        "group_type": seed.GROUP_TYPE,
        "volume_types": list(kinds or ("flash-async",)),
    }
    answer = call(a, "POST", GROUPS, {"group": body}, **options)
    assert answer.status_code == 202, answer.text
    made: str = answer.json["group"]["id"]
    return made


def volume(a: Cloud, kind: str = "flash-async") -> str:
    body = {"volume": {"size": 1, "volume_type": kind}}
    made: str = a.post("/volume/v3/{p}/volumes", body).json["volume"]["id"]
    return made


def change(a: Cloud, group: str, **given: Any) -> int:
    path = f"{GROUPS}/{group}"
    return call(a, "PUT", path, {"group": given}).status_code


def members(a: Cloud, group: str) -> list[str]:
    answer = call(a, "GET", f"{GROUPS}/{group}?list_volume=True")
    found: list[str] = answer.json["group"]["volumes"]
    return found


def test_every_seeded_group_has_one_at_each_site(a: Cloud, b: Cloud) -> None:
    for cloud in (a, b):
        found = call(cloud, "GET", f"{GROUPS}/detail").json["groups"]
        assert len(found) == 3
        web = cloud.world.groups[0]
        expected = seed.consistency_group_id(cloud.world, cloud.name, web.id)
        assert expected in [one["id"] for one in found]
        assert len(members(cloud, expected)) == (5 if cloud is a else 0)


def test_volumes_are_listed_by_their_group(a: Cloud) -> None:
    group = seed.consistency_group_id(a.world, "site-a", a.world.groups[0].id)
    path = f"/volume/v3/{{p}}/volumes/detail?group_id={group}"
    found = [one["id"] for one in call(a, "GET", path).json["volumes"]]
    assert found == members(a, group)[::-1]
    first = f"{path}&name=no-such"
    assert call(a, "GET", first).json["volumes"] == []
    assert call(a, "GET", path, as_="rival").json["volumes"] == []
    # before 3.10 Cinder does not know the filter
    older = a.call("GET", path, version="volume 3.9").json["volumes"]
    assert len(older) == 10


def test_volumes_join_and_leave(a: Cloud) -> None:
    group, one, two = create(a), volume(a), volume(a)
    assert change(a, group, add_volumes=f"{one},{two}") == 202
    assert set(members(a, group)) == {one, two}
    # again is fine
    assert change(a, group, add_volumes=one) == 202
    path = f"/volume/v3/{{p}}/volumes/{one}"
    assert call(a, "GET", path).json["volume"]["group_id"] == group
    # in a group a volume neither goes nor is given back
    assert call(a, "DELETE", path).status_code == 400
    gone = call(a, "POST", f"{path}/action", {"os-unmanage": {}})
    assert gone.status_code == 400
    assert change(a, group, remove_volumes=one) == 202
    assert members(a, group) == [two]
    assert call(a, "DELETE", path).status_code == 202


def test_volumes_that_do_not_fit(a: Cloud) -> None:
    group, other, one = create(a), create(a), volume(a)
    change(a, group, add_volumes=one)
    assert change(a, other, add_volumes=one) == 400
    assert change(a, group, add_volumes=volume(a, "standard")) == 400
    assert change(a, group, add_volumes="no-such") == 400
    assert change(a, group, remove_volumes="no-such") == 400
    two = volume(a)
    assert change(a, group, add_volumes=two, remove_volumes=two) == 400
    assert change(a, group) == 400
    assert members(a, group) == [one]


def test_a_group_goes_when_it_is_empty(a: Cloud) -> None:
    group, one = create(a), volume(a)
    change(a, group, add_volumes=one)
    path = f"{GROUPS}/{group}/action"
    keep = {"delete": {"delete-volumes": False}}
    assert call(a, "POST", path, keep).status_code == 400
    change(a, group, remove_volumes=one)
    assert call(a, "POST", path, keep).status_code == 202
    assert call(a, "GET", f"{GROUPS}/{group}").status_code == 404
    assert a.get(f"/volume/v3/{{p}}/volumes/{one}").status_code == 200


def test_a_group_may_take_its_volumes_with_it(a: Cloud) -> None:
    group, one = create(a), volume(a)
    change(a, group, add_volumes=one)
    path = f"{GROUPS}/{group}/action"
    every = {"delete": {"delete-volumes": True}}
    assert call(a, "POST", path, every).status_code == 202
    assert a.get(f"/volume/v3/{{p}}/volumes/{one}").status_code == 404
    used = seed.consistency_group_id(a.world, "site-a", a.world.groups[0].id)
    path = f"{GROUPS}/{used}/action"
    assert call(a, "POST", path, every).status_code == 400


@pytest.mark.parametrize(
    "given, status",
    [
        ({}, 400),
        ({"group_type": "no-such", "volume_types": ["standard"]}, 404),
        ({"group_type": seed.GROUP_TYPE, "volume_types": []}, 400),
        (
            {"group_type": seed.GROUP_TYPE, "volume_types": ["no-such"]},
            404,
        ),
    ],
)
def test_a_group_that_is_refused(
    a: Cloud, given: dict[str, Any], status: int
) -> None:
    answer = call(a, "POST", GROUPS, {"group": given})
    assert answer.status_code == status


def test_cinders_own_group_type_is_reserved(a: Cloud) -> None:
    for as_ in ("demo", "admin"):
        kinds = call(a, "GET", TYPES, as_=as_).json["group_types"]
        (own,) = [k for k in kinds if k["name"] == "default_cgsnapshot_type"]
        for name in (own["id"], own["name"]):
            given = {"group_type": name, "volume_types": ["flash-async"]}
            refused = call(a, "POST", GROUPS, {"group": given}, as_=as_)
            assert refused.status_code == 400
            assert refused.json["badRequest"]["message"] == (
                f"Group_type {own['id']} is reserved for migrating CGs to "
                "groups. Migrated group can only be operated by CG APIs."
            )


def test_projects_are_apart(a: Cloud) -> None:
    group = create(a)
    path = f"{GROUPS}/{group}"
    assert call(a, "GET", path, as_="rival").status_code == 404
    assert call(a, "GET", GROUPS, as_="rival").json["groups"] == []
    body = {"group": {"name": "x"}}
    assert call(a, "PUT", path, body, as_="auditor").status_code == 403
    theirs = create(a, as_="rival")
    mine = volume(a)
    answer = call(
        a,
        "PUT",
        f"{GROUPS}/{theirs}",
        {"group": {"add_volumes": mine}},
        as_="rival",
    )
    assert answer.status_code == 400


def test_old_microversions_know_no_groups(a: Cloud) -> None:
    assert a.get(GROUPS).status_code == 404
    assert a.get(TYPES, version="volume 3.10").status_code == 404
    assert a.get(TYPES, version="volume 3.11").status_code == 200


def test_group_types(a: Cloud) -> None:
    kinds = call(a, "GET", TYPES).json["group_types"]
    assert [kind["name"] for kind in kinds] == list(seed.GROUP_TYPES)
    assert not any("group_specs" in kind for kind in kinds)
    (kind, _) = kinds
    shown = call(a, "GET", f"{TYPES}/{kind['id']}", as_="admin")
    assert shown.json["group_type"]["group_specs"]
    wish = {"group_type": {"name": "other"}}
    assert call(a, "POST", TYPES, wish).status_code == 403
    made = call(a, "POST", TYPES, wish, as_="admin").json["group_type"]
    assert call(a, "POST", TYPES, wish, as_="admin").status_code == 409
    path = f"{TYPES}/{made['id']}"
    assert call(a, "DELETE", path, as_="admin").status_code == 202
    assert call(a, "GET", path).status_code == 404
    used = f"{TYPES}/{kind['id']}"
    assert call(a, "DELETE", used, as_="admin").status_code == 400
