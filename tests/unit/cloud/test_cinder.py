"""The emulated Cinder: volumes, types, limits."""

from typing import Any

import pytest

from fakeserver.base.seed_world import ARRAYS
from tests.helpers.cloud_parts import Cloud, Maker

VOLUMES = "/volume/v3/{p}/volumes"
TYPES = "/volume/v3/{p}/types"


def create(a: Cloud, **given: Any) -> dict[str, Any]:
    answer = a.post(VOLUMES, {"volume": {"size": 2, **given}})
    assert answer.status_code == 202, answer.text
    made: dict[str, Any] = answer.json["volume"]
    return made


def act(a: Cloud, volume: str, action: Any, **options: Any) -> int:
    answer = a.post(f"{VOLUMES}/{volume}/action", action, **options)
    return answer.status_code


def test_the_seeded_volumes(a: Cloud, b: Cloud) -> None:
    found = a.get(f"{VOLUMES}/detail").json["volumes"]
    assert len(found) == 10
    root = next(one for one in found if one["name"] == "web-1-root")
    assert root["status"] == "in-use"
    assert root["bootable"] == "true"
    assert root["volume_type"] == "flash-async"
    # whose a backend is, is for admins
    assert "os-vol-host-attr:host" not in root
    shown = a.get(f"{VOLUMES}/{root['id']}", as_="admin").json["volume"]
    assert shown["os-vol-host-attr:host"] == "site-a@flasharray-a#pool"
    assert b.get(VOLUMES).json["volumes"] == []


def test_the_address_names_the_tokens_project(a: Cloud) -> None:
    other = a.project("rival")
    answer = a.get(f"/volume/v3/{other}/volumes")
    assert answer.status_code == 400
    assert answer.json["badRequest"]["message"] == "Malformed request url"


def test_projects_are_apart(a: Cloud) -> None:
    mine = create(a)["id"]
    assert a.get(VOLUMES, as_="rival").json["volumes"] == []
    path = f"{VOLUMES}/{mine}"
    for method in ("GET", "DELETE"):
        assert a.call(method, path, as_="rival").status_code == 404
    assert len(a.get(f"{VOLUMES}?all_tenants=1").json["volumes"]) == 11
    rival = a.get(f"{VOLUMES}?all_tenants=1", as_="rival")
    assert rival.json["volumes"] == []
    project = a.project("rival")
    none = a.get(f"{VOLUMES}?all_tenants=1&project_id={project}", as_="admin")
    assert none.json["volumes"] == []


def test_a_reader_looks_and_does_not_touch(a: Cloud) -> None:
    path = f"{VOLUMES}/{create(a)['id']}"
    assert a.get(path, as_="auditor").status_code == 200
    assert a.call("DELETE", path, as_="auditor").status_code == 403
    wish = {"volume": {"size": 1}}
    refused = a.post(VOLUMES, wish, as_="auditor")
    assert refused.status_code == 403
    assert refused.json["forbidden"]["message"] == (
        "Policy doesn't allow volume:create to be performed."
    )


def test_a_volume_lives_on_the_array(a: Cloud) -> None:
    made = create(a, name="v", metadata={"k": "v"})
    name = f"volume-{made['id']}"
    found = a.site.arrays.volume(ARRAYS["site-a"], name)
    assert found is not None and found.size == 2
    path = f"{VOLUMES}/{made['id']}"
    wish = {"volume": {"name": "w", "description": "d"}}
    changed = a.call("PUT", path, wish).json["volume"]
    assert (changed["name"], changed["description"]) == ("w", "d")
    assert a.call("DELETE", path).status_code == 202
    assert a.get(path).status_code == 404
    assert a.site.arrays.volume(ARRAYS["site-a"], name) is None


@pytest.mark.parametrize(
    "given, status",
    [
        ({"size": 0}, 400),
        ({"size": "x"}, 400),
        ({"size": None}, 400),
        ({"size": 10**30}, 400),
        ({"name": 7}, 400),
        ({"metadata": {"a": 1}}, 400),
        ({"unknown": 1}, 400),
        ({"volume_type": "no-such"}, 404),
        ({"snapshot_id": "s"}, 404),
        ({"group_id": "no-such"}, 404),
    ],
)
def test_a_volume_that_is_refused(
    a: Cloud, given: dict[str, Any], status: int
) -> None:
    answer = a.post(VOLUMES, {"volume": {"size": 1, **given}})
    assert answer.status_code == status
    assert len(a.get(VOLUMES).json["volumes"]) == 10


@pytest.mark.parametrize(
    "query, count",
    [
        ("name=web-1-root", 1),
        ("status=available", 1),
        ("status=in-use", 10),
        ("bootable=true", 6),
        ("metadata={'k': 'v'}", 1),
        ("metadata={'k': 'w'}", 0),
        ("limit=3", 3),
    ],
)
def test_filters(a: Cloud, query: str, count: int) -> None:
    create(a, metadata={"k": "v"})
    answer = a.get(f"{VOLUMES}?{query}")
    assert len(answer.json["volumes"]) == count


@pytest.mark.parametrize(
    "query",
    ["metadata=x", "metadata=[]", "metadata={'a': []}", "limit=x", "marker=x"],
)
def test_bad_queries(a: Cloud, query: str) -> None:
    assert a.get(f"{VOLUMES}?{query}").status_code == 400


def test_deeply_nested_filters_are_refused(a: Cloud) -> None:
    text = "(" * 3000
    assert a.get(f"{VOLUMES}?metadata={text}").status_code == 400


def test_pages(a: Cloud) -> None:
    first = a.get(f"{VOLUMES}/detail?limit=6&sort=name:asc").json
    href = first["volumes_links"][0]["href"]
    second = a.get(href.removeprefix(a.site.config.url)).json
    names = [one["name"] for one in first["volumes"] + second["volumes"]]
    assert len(names) == 10 and names == sorted(names)


def test_metadata(a: Cloud) -> None:
    path = f"{VOLUMES}/{create(a)['id']}/metadata"
    a.post(path, {"metadata": {"a": "1", "b": "2"}})
    assert a.call("DELETE", f"{path}/a").status_code == 200
    assert a.call("DELETE", f"{path}/a").status_code == 404
    assert a.get(path).json["metadata"] == {"b": "2"}
    a.call("PUT", path, {"metadata": {}})
    assert a.get(path).json["metadata"] == {}


def test_what_is_in_use_stays(a: Cloud) -> None:
    used = a.world.groups[0].servers[0].volumes[0].id
    answer = a.call("DELETE", f"{VOLUMES}/{used}")
    assert answer.status_code == 400
    assert act(a, used, {"os-unmanage": {}}) == 400


def test_the_life_of_an_attachment(a: Cloud) -> None:
    made = create(a)["id"]
    path = f"{VOLUMES}/{made}"

    def status() -> str:
        found: str = a.get(path).json["volume"]["status"]
        return found

    steps = [
        ({"os-reserve": {}}, "attaching"),
        ({"os-unreserve": {}}, "available"),
        ({"os-attach": {"instance_uuid": "i", "mountpoint": "m"}}, "in-use"),
        ({"os-begin_detaching": {}}, "detaching"),
        ({"os-roll_detaching": {}}, "in-use"),
        ({"os-detach": {}}, "available"),
    ]
    for action, expected in steps:
        assert act(a, made, action) == 202
        assert status() == expected
    assert act(a, made, {"os-detach": {}}) == 400


@pytest.mark.parametrize(
    "action",
    [
        {},
        {"dance": {}},
        {"os-reserve": {}, "os-unreserve": {}},
        {"os-attach": {}},
        {"os-attach": 5},
        {"os-set_bootable": {}},
        {"os-set_bootable": {"bootable": "perhaps"}},
    ],
)
def test_bad_actions(a: Cloud, action: Any) -> None:
    assert act(a, create(a)["id"], action) == 400


def test_a_status_is_reset_by_admins(a: Cloud) -> None:
    made = create(a)["id"]
    assert act(a, made, {"os-reset_status": {"status": "error"}}) == 403
    found = a.keystone.issue(a.user("admin"), a.project())
    done = {"os-reset_status": {"status": "error"}}
    assert act(a, made, done, token=found) == 202
    assert a.get(f"{VOLUMES}/{made}").json["volume"]["status"] == "error"
    bad = {"os-reset_status": {"status": "sleepy"}}
    assert act(a, made, bad, token=found) == 400


def test_members_see_less_of_a_type(a: Cloud) -> None:
    kinds = a.get(TYPES).json["volume_types"]
    specs = {kind["name"]: kind["extra_specs"] for kind in kinds}
    assert specs["flash-async"] == {"replication_enabled": "<is> True"}
    assert specs["standard"] == {}
    every = a.get(TYPES, as_="admin").json["volume_types"]
    assert every[0]["extra_specs"]["replication_type"] == "<in> async"
    own = f"{TYPES}/{kinds[0]['id']}"
    assert (
        a.get(f"{own}/extra_specs").json["extra_specs"]
        == (specs[kinds[0]["name"]])
    )
    assert a.get(f"{own}/encryption").json == {}
    assert a.get(f"{TYPES}/no-such").status_code == 404


def test_the_service_account_sees_all_of_a_type_in_its_own_project(
    a: Cloud,
) -> None:
    found = a.get(TYPES, as_="protector").json["volume_types"]
    assert "replication_type" in found[0]["extra_specs"]
    tenant = a.token("protector", "demo")
    found = a.get(TYPES.replace("{p}", a.project()), token=tenant).json[
        "volume_types"
    ]
    assert "replication_type" not in found[0]["extra_specs"]


def test_types_are_made_by_admins(a: Cloud) -> None:
    wish = {"volume_type": {"name": "gold", "extra_specs": {"a": "b"}}}
    assert a.post(TYPES, wish).status_code == 403
    made = a.post(TYPES, wish, as_="admin").json["volume_type"]
    assert a.post(TYPES, wish, as_="admin").status_code == 409
    path = f"{TYPES}/{made['id']}"
    specs = {"extra_specs": {"replication_enabled": "<is> True"}}
    assert a.post(f"{path}/extra_specs", specs).status_code == 403
    a.post(f"{path}/extra_specs", specs, as_="admin")
    gone = f"{path}/extra_specs/a"
    assert a.call("DELETE", gone, as_="admin").status_code == 202
    assert a.call("DELETE", gone, as_="admin").status_code == 404
    shown = a.get(path).json["volume_type"]
    assert shown["extra_specs"] == specs["extra_specs"]
    create(a, volume_type="gold")
    assert a.call("DELETE", path, as_="admin").status_code == 400
    default = a.get(f"{TYPES}/default").json["volume_type"]
    assert default["name"] == "flash-async"


def test_limits_are_kept(a: Cloud) -> None:
    limits = a.get("/volume/v3/{p}/limits").json["limits"]["absolute"]
    assert limits["totalVolumesUsed"] == 10
    path = f"/volume/v3/{{p}}/os-quota-sets/{a.project()}"
    wish = {"quota_set": {"volumes": 10}}
    assert a.call("PUT", path, wish).status_code == 403
    assert a.call("PUT", path, wish, as_="admin").status_code == 200
    over = a.post(VOLUMES, {"volume": {"size": 1}})
    assert over.status_code == 413
    assert "VolumeLimitExceeded" in over.json["overLimit"]["message"]
    used = a.get(f"{path}?usage=True").json["quota_set"]["volumes"]
    assert used == {"limit": 10, "in_use": 10, "reserved": 0}
    assert a.call("DELETE", path, as_="admin").status_code == 200
    assert create(a)
    used_gb = limits["totalGigabytesUsed"] + 2
    tight = {"quota_set": {"gigabytes": used_gb}}
    a.call("PUT", path, tight, as_="admin")
    over = a.post(VOLUMES, {"volume": {"size": 1}})
    message = over.json["overLimit"]["message"]
    assert message.startswith("VolumeSizeExceedsAvailableQuota")


@pytest.mark.parametrize(
    "version, status",
    [("volume 3.71", 200), ("volume 3.72", 406), ("volume x", 400)],
)
def test_the_microversion(a: Cloud, version: str, status: int) -> None:
    answer = a.get(f"{VOLUMES}/detail", version=version)
    assert answer.status_code == status
    if status == 200:
        assert answer.headers["OpenStack-API-Version"] == version
        assert "group_id" in answer.json["volumes"][0]


def test_the_version_documents_need_no_project(a: Cloud) -> None:
    every = a.client.get("/volume/")
    assert every.status_code == 300
    for path in ("/volume/v3", "/volume/v3/"):
        answer = a.client.get(path)
        assert answer.status_code == 200
        assert answer.json == every.json
    (version,) = every.json["versions"]
    assert version["links"][0]["href"].endswith("/volume/v3/")


def test_small_things(a: Cloud) -> None:
    assert a.get("/volume/v3/{p}/snapshots/detail").json == {"snapshots": []}
    summary = a.get(f"{VOLUMES}/summary").json["volume-summary"]
    assert summary["total_count"] == 10
    assert a.get("/volume/v3/{p}/extensions").json == {"extensions": []}
    zones = a.get("/volume/v3/{p}/os-availability-zone")
    assert zones.json["availabilityZoneInfo"]


def test_seeding_again_brings_the_world_back(make_cloud: Maker) -> None:
    from fakeserver.cloud.shared.seed import seed_clouds

    a = make_cloud("site-a")
    before = a.get(f"{VOLUMES}/detail").json
    create(a)
    with a.site.db.transaction() as tx:
        seed_clouds(tx, "site-a", a.world, a.site.config, a.site.clock.time())
    assert a.get(f"{VOLUMES}/detail").json == before
