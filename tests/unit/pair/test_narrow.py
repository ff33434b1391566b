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


class Site:
    """Neutron, Cinder and the service of a site, and what they are asked."""

    def __init__(
        self, groups: Any = (), refuses: Exception | None = None
    ) -> None:
        self.asked: list[Any] = []
        self._groups = groups
        self._refuses = refuses

    def ports(
        self, wanted: Mapping[str, Any] | None = None
    ) -> list[dict[str, Any]]:
        self.asked.append(("ports", wanted))
        self._refuse(wanted)
        return [{"id": "p-1"}]

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
        assert narrow.ports_of(side, ids) == [{"id": "p-1"}]
    assert site.asked == [("ports", {"device_id": ["a", "b"]})]


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
    narrow.ports_of(facts(site), ids)
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
        assert narrow.ports_of(side, ["a"]) == [{"id": "p-1"}]
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
