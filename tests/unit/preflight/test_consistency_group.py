"""The check that Cinder has the consistency group."""

from types import SimpleNamespace
from typing import Any

import pytest

from protectorclient import exceptions
from protectorclient.preflight import check_sites
from protectorclient.preflight.findings import Skip, Verdict


class Side:
    name = "site-a"

    def __init__(self, *ids: str, refuses: bool = False) -> None:
        self._ids = ids
        self._refuses = refuses

    @property
    def volume_groups(self) -> list[dict[str, Any]]:
        if self._refuses:
            why = "Policy does not allow group:get_all"
            raise exceptions.Forbidden(why, code=403)
        return [{"id": one} for one in self._ids]


def judged(side: Side, made: str | None = "cg-1") -> Verdict:
    record = SimpleNamespace(consistency_group_id=made)
    context: Any = SimpleNamespace(
        need=lambda side: side,
        located=SimpleNamespace(groups={"site-a": record}),
    )
    return check_sites.consistency_group(context, side)  # type: ignore[arg-type]


def test_it_is_there() -> None:
    assert judged(Side("other", "cg-1")).good


def test_it_is_not_there() -> None:
    found = judged(Side("other"))
    assert not found.good
    assert found.message == "no volume group cg-1 in Cinder of site-a"
    assert found.affected == ("cg-1",)


def test_a_refusal_is_no_answer() -> None:
    with pytest.raises(Skip, match="not known: Cinder of site-a shows no"):
        judged(Side(refuses=True))


def test_a_group_without_one() -> None:
    with pytest.raises(Skip, match="names no consistency group"):
        judged(Side(), made=None)
