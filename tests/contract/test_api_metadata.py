"""Documents that an admin may send and no site could work with."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from fakeserver.local.pair import LocalPair
from tests.helpers.walking import GROUP, NOBODY, Walk

Doc = dict[str, Any]
Change = Callable[[Doc], object]


@pytest.fixture(scope="module")
def walk(judge: Any) -> Iterator[Walk]:
    with LocalPair() as pair:
        made = Walk(pair, "1.2")
        made.remember()
        yield made


def one_site(doc: Doc) -> None:
    doc["secondary_site_id"] = doc["primary_site_id"]


def elsewhere(doc: Doc) -> None:
    doc["current_primary_site_id"] = NOBODY


def member_elsewhere(doc: Doc) -> None:
    sites = doc["members"][0]["sites"]
    sites[NOBODY] = next(iter(sites.values()))


def member_nowhere(doc: Doc) -> None:
    doc["members"][0]["sites"] = {}


def twins(doc: Doc) -> None:
    doc["members"].append(doc["members"][0])


def drill_elsewhere(doc: Doc) -> None:
    doc["tests"] = [
        {
            "operation_id": "op-1",
            "site_id": NOBODY,
            "instances": [],
            "volumes": [],
            "stopped_site_id": doc["primary_site_id"],
            "stopped": [],
        }
    ]


def operation_elsewhere(doc: Doc) -> None:
    doc["operation"] = {"id": "op-1", "type": "failover", "site_id": NOBODY}


REFUSED: dict[Change, str] = {
    one_site: "metadata.secondary_site_id: must be another than the primary",
    elsewhere: f"metadata.current_primary_site_id: {NOBODY} is not one of "
    "the two sites",
    member_elsewhere: f"metadata.members: {NOBODY} is not one of the two "
    "sites",
    member_nowhere: "metadata.members[0].sites must have at least 1 entries",
    twins: "metadata.members: there are two with the same id",
    drill_elsewhere: f"metadata.tests: {NOBODY} is not one of the two sites",
    operation_elsewhere: f"metadata.operation: {NOBODY} is not one of the "
    "two sites",
}


@pytest.mark.parametrize("change", REFUSED, ids=lambda one: one.__name__)
def test_it_has_to_hold_together(walk: Walk, change: Change) -> None:
    before = walk.made("GET", f"{GROUP}/metadata")
    doc = copy.deepcopy(before)
    doc["version"] += 1
    change(doc)
    answer = walk.send(
        "PUT", f"{GROUP}/metadata?force=true", {"metadata": doc}
    )
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == REFUSED[change]
    assert walk.made("GET", f"{GROUP}/metadata") == before


def test_a_list_has_the_metadata_of_each_group(walk: Walk) -> None:
    """Where they are asked for, as each group's own are, without secrets."""
    groups = f"/v1/{walk.project}/protection-groups"
    plain = walk.made("GET", groups)
    assert not any("metadata" in group for group in plain)
    listed = walk.made("GET", f"{groups}?metadata=true")
    for group, short in zip(listed, plain, strict=True):
        own = walk.made("GET", f"{groups}/{group['id']}/metadata")
        assert group == {**short, "metadata": own}
    assert "sealed" not in str(listed)


def instances(doc: Any) -> set[str]:
    """The ids of the instances that a document names, wherever it does."""
    members = [
        held["instance_id"]
        for member in doc["members"]
        for at_site in member["sites"].values()
        for held in (at_site, at_site.get("left") or {})
        if held.get("instance_id")
    ]
    tests = [one["id"] for test in doc["tests"] for one in test["instances"]]
    return {*members, *tests}


def test_a_list_has_the_fields_that_are_asked_for(walk: Walk) -> None:
    groups = f"/v1/{walk.project}/protection-groups"
    listed = walk.made("GET", f"{groups}?fields=instances&fields=name")
    plain = walk.made("GET", groups)
    assert len(plain) == 3
    for group, short in zip(listed, plain, strict=True):
        own = walk.made("GET", f"{groups}/{short['id']}/metadata")
        assert set(group["instances"]) == instances(own)
        assert len(group["instances"]) == len(set(group["instances"]))
        rest = {key: group[key] for key in group if key != "instances"}
        assert rest == {"id": short["id"], "name": short["name"]}
    assert any(group["instances"] for group in listed)
    answer = walk.send("GET", f"{groups}?fields=policy")
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith("fields")


def brief(doc: Any) -> Any:
    """What a list of brief metadata has of a document."""
    keys = ("primary_site_id", "current_primary_site_id", "tests")
    more = ("network_mapping", "flavor_mapping", "operation")
    left_out = ("attributes", "image_id", "volumes")
    policy = doc["policy"]
    return {
        **{key: doc[key] for key in (*keys, *more)},
        "policy": policy and {"rpo_minutes": policy["rpo_minutes"]},
        "members": [
            {
                "id": member["id"],
                "sites": {
                    site: {k: v for k, v in has.items() if k not in left_out}
                    for site, has in member["sites"].items()
                },
            }
            for member in doc["members"]
        ],
    }


def test_a_list_has_the_metadata_in_brief(walk: Walk) -> None:
    groups = f"/v1/{walk.project}/protection-groups"
    fields = ("failover_count", "metadata_version", "metadata_brief")
    query = "&".join(f"fields={field}" for field in fields)
    listed = walk.made("GET", f"{groups}?{query}")
    plain = walk.made("GET", groups)
    for group, short in zip(listed, plain, strict=True):
        own = walk.made("GET", f"{groups}/{short['id']}/metadata")
        assert group == {
            "id": short["id"],
            "failover_count": short["failover_count"],
            "metadata_version": short["metadata_version"],
            "metadata_brief": brief(own),
        }
    assert {one["metadata_brief"]["policy"] is None for one in listed} == {
        True,
        False,
    }
