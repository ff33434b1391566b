"""The check that Cinder has the consistency group."""

from types import SimpleNamespace
from typing import Any

import pytest

from protectorclient import exceptions
from protectorclient.pair.site_facts import SiteFacts
from protectorclient.preflight import check_sites
from protectorclient.preflight.findings import Skip, Verdict

ALONE = pytest.mark.parametrize("alone", [True, False])


class Finder:
    """Cinder, with some volume groups."""

    def __init__(
        self, *ids: str, refuses: bool = False, shows: bool = True
    ) -> None:
        self._ids = ids
        self._refuses = refuses
        self._shows = shows
        self.asked: list[str] = []

    def volume_groups(self) -> list[dict[str, Any]]:
        self.asked.append("all")
        self._refuse()
        return [{"id": one} for one in self._ids]

    def volume_group(self, group: str) -> dict[str, Any]:
        self.asked.append(group)
        self._refuse()
        if not self._shows or group not in self._ids:
            raise exceptions.NotFound(f"Group {group} could not be found.")
        return {"group": {"id": group}}

    def _refuse(self) -> None:
        if self._refuses:
            why = "Policy does not allow group:get_all"
            raise exceptions.Forbidden(why, code=403)


def judged(
    finder: Finder, made: str | None = "cg-1", *, alone: bool = True
) -> Verdict:
    record = SimpleNamespace(consistency_group_id=made)
    handle: Any = SimpleNamespace(name="site-a", finder=finder)
    context: Any = SimpleNamespace(
        need=lambda side: side,
        located=SimpleNamespace(groups={"site-a": record}),
        alone=alone,
    )
    return check_sites.consistency_group(context, SiteFacts(handle))


@ALONE
def test_it_is_there(alone: bool) -> None:
    """Of several groups each is looked for in one list."""
    finder = Finder("other", "cg-1")
    assert judged(finder, alone=alone).good
    assert finder.asked == (["cg-1"] if alone else ["all"])


@ALONE
def test_it_is_not_there(alone: bool) -> None:
    finder = Finder("other")
    found = judged(finder, alone=alone)
    assert not found.good
    assert found.message == "no volume group cg-1 in Cinder of site-a"
    assert found.affected == ("cg-1",)
    assert finder.asked[-1] == "all"


def test_the_list_has_the_last_word() -> None:
    """Something between answers 404 for what it does not know."""
    assert judged(Finder("cg-1", shows=False)).good


@ALONE
def test_a_refusal_is_no_answer(alone: bool) -> None:
    finder = Finder(refuses=True)
    with pytest.raises(Skip, match="not known: Cinder of site-a shows no"):
        judged(finder, alone=alone)
    # a policy may hide one group, and show the list
    assert finder.asked == (["cg-1", "all"] if alone else ["all"])


def test_a_group_without_one() -> None:
    with pytest.raises(Skip, match="names no consistency group"):
        judged(Finder(), made=None)
