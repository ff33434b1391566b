"""Which two sites form the pair, before one of them is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from protectorclient import exceptions
from protectorclient.durations import SITE_GRACE
from protectorclient.polling.silence import NO_ANSWER

if TYPE_CHECKING:
    from protectorclient.pair.site import SiteHandle


class Sites:
    """Two sites, in the order in which they are configured."""

    def __init__(
        self,
        primary: SiteHandle,
        secondary: SiteHandle,
        *,
        site_grace: float = SITE_GRACE,
        choice: str | None = None,
    ) -> None:
        """Make a pair of two sites; nothing is asked yet.

        :param primary: the first of the two.
        :param secondary: the second of the two.
        :param site_grace: seconds that the second site has in a read when
            the first one has answered.
        :param choice: why the second cloud is taken for the other site,
            where nobody has named it.
        """
        #: The first of the two configured clouds.
        self.primary = primary
        #: The second of the two configured clouds.
        self.secondary = secondary
        self.site_grace = site_grace
        self.choice = choice

    @property
    def either(self) -> str:
        """Both names, for a sentence about one of the two."""
        return f"{self.primary.name} or {self.secondary.name}"

    @property
    def handles(self) -> tuple[SiteHandle, SiteHandle]:
        """Both sites."""
        return self.primary, self.secondary

    def beside(self, handle: SiteHandle) -> SiteHandle:
        """Return the other one of the two.

        :param handle: one of them.
        :returns: the one that it is not; the first, for any other.
        :raises ProtectorError: never; nothing is asked.
        """
        return self.secondary if handle is self.primary else self.primary

    def handle(self, name: str) -> SiteHandle:
        """Return a site by its cloud's name, its site's name or its site id.

        :param name: any of the three.
        :returns: the one of the two that is meant.
        :raises NotFound: neither of the two is called so.
        """
        for handle in self.handles:
            if handle.name == name:
                return handle
        for handle in self.handles:
            try:
                local = handle.local
            except NO_ANSWER:
                continue
            if name in (local.name, local.id):
                return handle
            known = handle.sites.values()
            if len(known) == 2 and any(
                name in (it.name, it.id) for it in known
            ):
                # the other one is not asked for what this one knows
                return self.beside(handle)
        names = " and ".join(handle.name for handle in self.handles)
        raise exceptions.NotFound(
            f"no site is called '{name}': there are {names}"
        )
