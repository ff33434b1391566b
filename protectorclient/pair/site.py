"""One site of a pair: a cloud that is opened when first needed."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from protectorclient import exceptions
from protectorclient._http import urls
from protectorclient.durations import CONNECT_TIMEOUT, READ_TIMEOUT
from protectorclient.escape import protector
from protectorclient.records.site import Site

if TYPE_CHECKING:
    from protectorclient.config.cloud import Access
    from protectorclient.mapping.finder import NameFinder
    from protectorclient.v1.client import Client

T = TypeVar("T")

#: So many operations are looked at for the sites that they name.
_NEWEST = 20


class _kept(Generic[T]):  # noqa: N801 - a decorator
    """A property that is found out when it is first read, and kept.

    `functools.cached_property` of Python 3.11 has one lock for all
    objects: what asks a silent site would make the other one wait.
    """

    def __init__(self, find: Callable[[Any], T]) -> None:
        self._find = find
        self.__doc__ = find.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> _kept[T]: ...

    @overload
    def __get__(self, instance: object, owner: type) -> T: ...

    def __get__(self, instance: object | None, owner: type) -> T | _kept[T]:
        if instance is None:
            return self
        found: T = self._find(instance)
        # of two threads at once both get what was kept first
        kept: T = instance.__dict__.setdefault(self._name, found)
        return kept


class SiteHandle:
    """One of the two sites, as this side's configuration names it."""

    def __init__(
        self,
        name: str,
        access: Access | Callable[[], Access],
        *,
        api_version: str = "auto",
        connect_timeout: float | None = None,
        read_timeout: float | None = None,
        nameless: bool = False,
    ) -> None:
        #: The cloud's name in clouds.yaml; of a cloud without an entry
        #: there, the name that its own record has, once that is known.
        self.name = name
        #: Whether the name only stands for one that is not known yet.
        self.nameless = nameless
        self._access = access
        self._api_version = api_version
        self._timeouts = (connect_timeout, read_timeout)
        self._has_list = True

    def anew(self) -> SiteHandle:
        """Make the same site again: signed in, and nothing else known."""
        again = copy.copy(self)
        for kept in ("client", "finder", "sites", "local"):
            again.__dict__.pop(kept, None)
        return again

    def forget_lists(self) -> None:
        """Forget the clouds' lists that the finder keeps: who asks again sees
        what was renamed, created or deleted."""
        self.__dict__.pop("finder", None)

    @_kept
    def access(self) -> Access:
        """Session and settings of the cloud."""
        # a function stands for a cloud that is opened when it is needed
        return self._access() if callable(self._access) else self._access

    @_kept
    def client(self) -> Client:
        """Return the protector service of the site."""
        return self.access.client(
            api_version=self._api_version,
            connect_timeout=self._timeouts[0],
            read_timeout=self._timeouts[1],
        )

    @_kept
    def finder(self) -> NameFinder:
        """Names to ids at the site."""
        return self.access.finder()

    @_kept
    def sites(self) -> dict[str, Site]:
        """Both sites by id, as this one has them registered.

        Of a deployment without a list of them, those that its groups name.
        """
        try:
            return {site.id: site for site in self.client.sites.list()}
        except exceptions.VersionNotSupported:
            return self._named_sites()

    def _named_sites(self) -> dict[str, Site]:
        """Ask for each site by its id, as groups and operations have it.

        :raises VersionNotSupported: none of them names one.
        """
        ids: dict[str, None] = {}
        for group in self.client.protection_groups.list():
            for one in (
                group.primary_site_id,
                group.secondary_site_id,
                group.current_primary_site_id,
            ):
                ids |= {one: None} if one else {}
        for operation in self.client.operations.list(limit=_NEWEST):
            for one in (operation.source_site_id, operation.target_site_id):
                ids |= {one: None} if one else {}
        if not ids:
            raise exceptions.VersionNotSupported(
                "this deployment has no list of sites, and no group of the"
                " project that names one; operation list works without",
                site=self.name,
            )
        self._has_list = False
        return {one: self.client.sites.get(one) for one in ids}

    @_kept
    def local(self) -> Site:
        """Return the record of this very site.

        A service that does not mark it is recognised by its address,
        then by its cloud's name. One that does not list its sites may not
        show its own: then the record has no id.

        :raises ConfigProblem: there are no records, or none of them can
            be told to be it.
        """
        root = self.client.http.endpoint.root
        sites = self.sites.values()
        for told in (
            [site for site in sites if site.local],
            [site for site in sites if _root(site.protector_url) == root],
            [site for site in sites if site.name == self.name],
        ):
            if len(told) == 1:
                return told[0]
        if not self._has_list:
            return Site(name=self.name)
        if not self.sites:
            raise exceptions.ConfigProblem(
                "no sites are registered; 'site create' registers one at both"
                " services",
                site=self.name,
            ).then(protector("site create --help"))
        raise exceptions.ConfigProblem(
            "the service does not say which of its sites it is itself",
            site=self.name,
        )

    @property
    def known_access(self) -> Access | None:
        """Session and settings, where the cloud has been opened already."""
        if "access" in self.__dict__ or not callable(self._access):
            return self.access
        return None

    @property
    def has_sites(self) -> bool:
        """Return whether the site records have been read already."""
        return "sites" in self.__dict__

    @property
    def known_endpoint(self) -> urls.Endpoint | None:
        """Return the service's URL, where it has been looked up already."""
        if "client" not in self.__dict__:
            return None
        return self.client.http.known_endpoint

    @property
    def clock_skew(self) -> float | None:
        """Seconds that its clock is ahead of ours, once it has answered."""
        return self.client.http.clock_skew

    def rename(self, name: str) -> None:
        """Call the site by another name, in what follows.

        :param name: that of its own record.
        """
        self.name = name
        self.nameless = False
        access = dataclasses.replace(self.access, name=name)
        self.__dict__["access"] = access
        if "client" in self.__dict__:
            self.client.http.site = name
        if "finder" in self.__dict__:
            self.finder.site = name

    def answers(self, url: str | None = None) -> bool:
        """Return whether the protector service answers anything at all.

        :param url: its address as the other site has it registered,
            which is found without this site's Keystone.
        :raises SiteNotReached: a certificate or a proxy stops the question.
        """
        if url is None:
            try:
                return bool(self.client.versions())
            except exceptions.NotTheService:
                # whatever it is, the site is not silent
                return True
            except exceptions.SiteNotReached:
                raise
            except exceptions.ProtectorError:
                return False
        for _ in range(2):
            try:
                return self._answers_at(url)
            except exceptions.SiteNotReached:
                raise
            except exceptions.SiteUnreachable as error:
                if not error.sent:
                    return False
        return False

    def _answers_at(self, url: str) -> bool:
        from protectorclient._http import failures

        address = url.rstrip("/") + "/"
        with failures.sending(self.name, address, safe=True, headers={}):
            response = self.access.session.get(
                address,
                authenticated=False,
                raise_exc=False,
                redirect=False,
                connect_retries=0,
                timeout=(CONNECT_TIMEOUT, READ_TIMEOUT),
            )
        return response.status_code < 500

    def __repr__(self) -> str:
        return f"<SiteHandle {self.name}>"


def _root(url: str | None) -> str | None:
    return urls.Endpoint.from_url(url).root if url else None
