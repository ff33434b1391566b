"""A site is asked for what concerns one group, and no answer lacks any."""

from __future__ import annotations

import types
from collections.abc import Mapping
from typing import Any

import pytest

from protectorclient import exceptions
from protectorclient.pair.reads import narrow
from protectorclient.pair.site_facts import SiteFacts
from protectorclient.records.protection_group import ProtectionGroup

VOLUMES = [
    {"id": "v-1", "group_id": "cg"},
    {"id": "v-2", "group_id": "cg"},
    {"id": "v-3", "group_id": None},
]


PORTS = [{"id": "p-1", "device_id": "a"}, {"id": "p-2", "device_id": "b"}]


class Site:
    """Neutron, Cinder and the service of a site, and what they are asked."""

    def __init__(
        self, groups: Any = (), refuses: Exception | None = None
    ) -> None:
        self.asked: list[Any] = []
        #: Which of several values of a filter arrive.
        self.arrive = slice(None)
        self._groups = groups
        self._refuses = refuses

    def ports(
        self, wanted: Mapping[str, Any] | None = None
    ) -> list[dict[str, Any]]:
        self.asked.append(("ports", wanted))
        self._refuse(wanted)
        if not wanted or "device_id" not in wanted:
            return PORTS
        some = wanted["device_id"][self.arrive]
        return [one for one in PORTS if one["device_id"] in some]

    def volume_group(self, group: str) -> dict[str, Any]:
        self.asked.append(group)
        self._refuse({"id": group})
        return {"group": {"id": group}}

    def volume_groups(self) -> list[dict[str, Any]]:
        self.asked.append("groups")
        return [{"id": "cg"}]

    def volumes(
        self, wanted: Mapping[str, Any] | None = None
    ) -> list[dict[str, Any]]:
        self.asked.append(("volumes", wanted))
        self._refuse(wanted)
        filters = (wanted or {}).items()
        return [one for one in VOLUMES if filters <= one.items()]

    def _refuse(self, wanted: Mapping[str, Any] | None) -> None:
        if wanted and self._refuses is not None:
            raise self._refuses

    def list(self, **asked: Any) -> list[ProtectionGroup]:
        self.asked.append(asked["fields"])
        if isinstance(self._groups, Exception):
            raise self._groups
        return [ProtectionGroup.from_dict(one) for one in self._groups]


def facts(site: Site, missing: set[str] | None = None) -> SiteFacts:
    client = types.SimpleNamespace(
        http=types.SimpleNamespace(
            missing_parameters=set() if missing is None else missing
        ),
        protection_groups=site,
    )
    handle: Any = types.SimpleNamespace(
        name="site-a", finder=site, client=client
    )
    return SiteFacts(handle)


def test_ports_are_asked_for_by_their_instances() -> None:
    site = Site()
    side = facts(site)
    for ids in (["b", "a"], ["a", "b", "a"]):
        assert narrow.ports_of(side, ids) == PORTS
    assert site.asked == [("ports", {"device_id": ["a", "b"]})]


@pytest.mark.parametrize("arrive", [slice(1), slice(1, None), slice(0)])
def test_one_of_several_instances_is_not_taken_for_all(arrive: slice) -> None:
    """There are proxies that hand on the first or the last value alone."""
    site = Site()
    site.arrive = arrive
    side = facts(site)
    assert narrow.ports_of(side, ["b", "a"]) == PORTS
    assert site.asked == [
        ("ports", {"device_id": ["a", "b"]}),
        ("ports", None),
    ]


def test_ports_are_asked_for_by_network_and_address() -> None:
    site = Site()
    asked = {("n", "10.0.0.1"), ("n", "10.0.0.2"), ("m", "10.0.0.1")}
    narrow.ports_with(facts(site), asked)
    [(_, wanted)] = site.asked
    assert wanted == {
        "network_id": ["m", "n"],
        "fixed_ips": ["ip_address=10.0.0.1", "ip_address=10.0.0.2"],
    }


def test_nothing_is_asked_where_nothing_is_looked_for() -> None:
    site = Site()
    side = facts(site)
    assert narrow.ports_of(side, ()) == []
    assert narrow.ports_with(side, set()) == []
    assert narrow.volumes_of(side, None) == []
    assert site.asked == []


@pytest.mark.parametrize("count", [100, 500, 5000])
def test_many_members_are_one_question(count: int) -> None:
    """No address is longer than a proxy takes; then the list is asked for."""
    site = Site()
    ids = [f"00000000-0000-4000-8000-{n:012d}" for n in range(count)]
    narrow.ports_of(facts(site), ["a", "b", *ids])
    [(_, wanted)] = site.asked
    assert (wanted is None) == (count > 100)


@pytest.mark.parametrize(
    "error",
    [
        exceptions.BadRequest("no such filter", code=400),
        exceptions.HTTPError("URI too long", code=414),
        exceptions.NotTheService("a proxy"),
    ],
)
def test_a_question_that_is_refused_is_put_as_a_list(
    error: Exception,
) -> None:
    site = Site(refuses=error)
    side = facts(site)
    for _ in range(2):
        assert narrow.ports_of(side, ["a"]) == PORTS
        assert narrow.volumes(side, "cg", {"v-1"}) == VOLUMES
    assert [wanted for _, wanted in site.asked] == [
        {"device_id": ["a"]},
        None,
        {"group_id": "cg"},
        None,
    ]


@pytest.mark.parametrize(
    "error",
    [
        exceptions.Forbidden("policy", code=403),
        exceptions.ServiceUnavailable("later", code=503),
        exceptions.SiteUnreachable("no answer"),
    ],
)
def test_any_other_error_is_that_of_the_list(error: Exception) -> None:
    site = Site(refuses=error)
    side = facts(site)
    for _ in range(2):
        with pytest.raises(type(error)):
            narrow.ports_of(side, ["a"])
    assert len(site.asked) == 1


def test_volumes_are_asked_for_by_their_group() -> None:
    site = Site()
    found = narrow.volumes(facts(site), "cg", {"v-1", "v-2"})
    assert {one["id"] for one in found} == {"v-1", "v-2"}
    assert site.asked == [("volumes", {"group_id": "cg"})]


@pytest.mark.parametrize("group", ["cg", "other", None])
def test_one_that_is_in_no_group_is_in_the_whole_list(
    group: str | None,
) -> None:
    site = Site()
    side = facts(site)
    found = narrow.volumes(side, group, {"v-1", "v-3"})
    assert found == VOLUMES
    before = list(site.asked)
    assert narrow.volumes(side, group, {"v-1", "gone"}) == VOLUMES
    assert site.asked == before
    assert len(before) == (1 if group is None else 2)


def test_the_instances_of_all_groups() -> None:
    site = Site([{"id": "pg-1", "instances": ["i-1", "i-2"]}, {"id": "pg-2"}])
    missing: set[str] = set()
    # who does not know the parameter shows whole records
    assert narrow.instances(facts(site, missing), 501) is None
    assert missing == {"fields"}
    site = Site([{"id": "pg-1", "instances": ["i-1", "i-2"]}])
    side = facts(site)
    for _ in range(2):
        assert narrow.instances(side, 501) == {"pg-1": {"i-1", "i-2"}}
    assert site.asked == [["instances"]]


def test_a_service_that_refuses_is_not_asked_again() -> None:
    site = Site(exceptions.BadRequest("fields: is not known", code=400))
    missing: set[str] = set()
    assert narrow.instances(facts(site, missing), 501) is None
    assert narrow.instances(facts(site, missing), 501) is None
    assert len(site.asked) == 1


def test_an_answer_that_does_not_come_is_no_answer() -> None:
    site = Site(exceptions.SiteUnreachable("no answer", site="site-a"))
    missing: set[str] = set()
    with pytest.raises(exceptions.SiteUnreachable):
        narrow.instances(facts(site, missing), 501)
    assert not missing


@pytest.mark.parametrize(
    "error",
    [
        exceptions.NotFound("no volume group has the id"),
        exceptions.Forbidden("policy", code=403),
        exceptions.BadRequest("no such id", code=400),
        exceptions.NotTheService("a proxy"),
    ],
)
def test_a_volume_group_that_is_not_shown_is_looked_for_in_the_list(
    error: Exception,
) -> None:
    site = Site(refuses=error)
    side = facts(site)
    assert narrow.has_volume_group(side, "cg")
    assert not narrow.has_volume_group(side, "other")
    assert site.asked == ["cg", "groups", "other"]
    site = Site()
    assert narrow.has_volume_group(facts(site), "cg")
    assert site.asked == ["cg"]
