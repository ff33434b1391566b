"""Health: whether each group could fail over now."""

from __future__ import annotations

from collections.abc import Iterator

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
