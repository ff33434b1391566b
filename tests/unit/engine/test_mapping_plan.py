"""Networks and flavors matched before an operation is accepted."""

import pytest

from fakeserver.base.errors import RequestRefused
from fakeserver.engine.model.mapping_plan import Catalog, plan_members

A, B = "id-a", "id-b"


def flavor(name, id_=None):
    return {
        "id": id_ or f"f-{name}",
        "name": name,
        "vcpus": 1,
        "ram": 2,
        "disk": 3,
    }


def catalog(site, networks, flavors):
    lists = {
        "networks": [{"id": id_, "name": name} for id_, name, _ in networks],
        "flavors": flavors,
        "subnets": [
            {"network_id": id_, "cidr": cidr} for id_, _, cidr in networks
        ],
        "types": [{"name": "flash-async"}],
    }
    return Catalog(site, lists.__getitem__)


@pytest.fixture
def source():
    return catalog(
        "site-a",
        [("na", "web", "10.0.0.0/24"), ("nx", "spare", "10.9.0.0/24")],
        [flavor("m1"), flavor("big")],
    )


@pytest.fixture
def target():
    return catalog(
        "site-b",
        [("nb", "web-b", "10.0.0.0/24"), ("nc", "other", "10.5.0.0/24")],
        [flavor("m1", "fb-m1"), flavor("m2", "fb-m2")],
    )


def document(flavor_name="m1", at_b=None):
    member = {
        "id": "m",
        "sites": {
            A: {
                "instance_id": "i",
                "flavor": flavor(flavor_name),
                "networks": [
                    {
                        "id": "na",
                        "name": "web",
                        "cidr": "10.0.0.0/24",
                        "fixed_ip": "10.0.0.7",
                    }
                ],
                "volumes": [{"volume_type": "flash-async"}],
            }
        },
    }
    if at_b is not None:
        member["sites"][B] = at_b
    return {
        "primary_site_id": A,
        "secondary_site_id": B,
        "volume_type": "flash-async",
        "members": [member],
    }


def plan(doc, source, target, networks, flavors=None, way=(A, B)):
    return plan_members(
        doc, way[0], way[1], source, target, networks, flavors or {}
    )[0]


def test_a_mapped_network_keeps_the_address_that_fits(source, target):
    made = plan(document(), source, target, {"na": "nb"})
    assert made.networks[0].id == "nb"
    assert made.networks[0].fixed_ip == "10.0.0.7"
    assert made.flavor.id == "fb-m1"
    assert made.volume_types == ["flash-async"]


def test_an_address_of_another_range_is_left_to_neutron(source, target):
    made = plan(document(), source, target, {"na": "nc"})
    assert made.networks[0].fixed_ip is None


def test_flavors_map_by_name_or_id(source, target):
    for mapping in ({"m1": "m2"}, {"f-m1": "fb-m2"}, {"m1": "fb-m2"}):
        made = plan(document(), source, target, {"na": "nb"}, mapping)
        assert made.flavor.name == "m2"


def test_what_no_member_uses_may_be_mapped(source, target):
    made = plan(document(), source, target, {"na": "nb", "nx": "nc"})
    assert made.networks[0].id == "nb"


def test_what_has_no_match_is_named_all_of_it(source, target):
    with pytest.raises(RequestRefused) as refused:
        plan(document("big"), source, target, {})
    assert refused.value.reason == "mapping-incomplete"
    assert refused.value.details["missing"] == ["flavor big", "network web"]


@pytest.mark.parametrize(
    ("networks", "flavors", "named"),
    [
        ({"zz": "nb"}, {}, "no network zz at site-a"),
        ({"na": "zz"}, {}, "no network zz at site-b"),
        ({"na": "nb"}, {"zz": "m1"}, "no flavor zz at site-a"),
        ({"na": "nb"}, {"m1": "zz"}, "no flavor zz at site-b"),
        ({"na": "nb"}, {"m1": "m1", "f-m1": "m2"}, "m1 is mapped twice"),
    ],
)
def test_a_half_that_does_not_exist_is_named(
    source, target, networks, flavors, named
):
    with pytest.raises(RequestRefused, match=named) as refused:
        plan(document(), source, target, networks, flavors)
    assert refused.value.reason == "bad-request"


def test_the_way_home_gives_back_what_a_member_had(source, target):
    at_b = {
        "instance_id": "j",
        "flavor": flavor("m2", "fb-m2"),
        "networks": [
            {"id": "nb", "name": "web-b", "cidr": "", "fixed_ip": "10.0.0.9"}
        ],
        "volumes": [{"volume_type": "flash-async"}],
    }
    doc = document("big", at_b)
    made = plan(doc, target, source, {}, way=(B, A))
    assert made.networks[0].id == "na"
    assert made.networks[0].fixed_ip == "10.0.0.7"
    assert made.flavor.name == "big"


def test_stored_metadata_stands_in_for_a_dead_source(target):
    doc = document()
    stored = Catalog.stored([doc], A, "site-a")
    made = plan(doc, stored, target, {"na": "nb"})
    assert made.networks[0].id == "nb"
    with pytest.raises(RequestRefused, match="no network nx at site-a"):
        plan(doc, stored, target, {"na": "nb", "nx": "nc"})


def test_every_subnet_of_a_network_counts(source, target):
    """An address may be in the second; a port may have one in each."""
    doc = document()
    [network] = doc["members"][0]["sites"][A]["networks"]
    network["more_addresses"] = ["fd00::7", "192.0.2.7"]
    target.cidrs["nb"] = ["fd00::/64", "10.0.0.0/24"]
    [made] = plan(doc, source, target, {"na": "nb"}).networks
    assert (made.fixed_ip, made.cidr) == ("10.0.0.7", "10.0.0.0/24")
    assert made.more_ips == ["fd00::7"]
    assert made.why_not is None
