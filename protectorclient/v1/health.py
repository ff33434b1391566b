"""Health: whether each group could fail over now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from protectorclient._http import microversions
from protectorclient.records.health import GroupHealth
from protectorclient.v1 import _manager

# /v1/health: GET


class HealthManager(_manager.Manager):
    """The health of the project's groups."""

    def list(
        self,
        *,
        limit: int | None = None,
        page_size: int | None = None,
        marker: str | None = None,
    ) -> Iterator[GroupHealth]:
        """Iterate over the health of groups; ``GET /v1/health``. *1.2*

        :param limit: stop after so many.
        :param page_size: so many at one request.
        :param marker: begin after the group of this id.
        :returns: the health of each group of the token's project, lags in
            seconds.
        :raises VersionNotSupported: the site is older.
        :raises SiteUnreachable: the site gives no answer.
        """
        self._http.require(microversions.HEALTH)
        return self._pages(
            GroupHealth,
            self._http.v1("health"),
            "health",
            limit=limit,
            page_size=page_size,
            marker=marker,
        )

    def fetch(self, ids: Sequence[str]) -> dict[str, GroupHealth]:
        """Return the health of some groups; unknown ones are left out.

        100 cost one request, ``GET /v1/health?protection_group_id=ID``. A
        service that does not filter is asked for its whole report. *1.2*

        :param ids: of the groups.
        :returns: the health of those that are known, by their ids.
        :raises VersionNotSupported: the site is older.
        :raises SiteUnreachable: the site gives no answer.
        """
        self._http.require(microversions.HEALTH)
        wanted = list(dict.fromkeys(ids))
        found = self._with_ids(
            GroupHealth,
            self._http.v1("health"),
            "health",
            "protection_group_id",
            wanted,
        )
        if found is None:
            every = self.list(page_size=_manager.LARGEST_PAGE)
            found = {
                one.protection_group_id: one
                for one in every
                if one.protection_group_id in wanted
            }
        return found
