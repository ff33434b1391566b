"""Create and delete records that both services hold under one id.

Sites and tenant mappings are not pushed from one service to the other: the
client makes the record at each. Where the second service refuses, the
client undoes the change at the first, or says what is left there.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol, TypeVar

from protectorclient import exceptions
from protectorclient.pair import both_sites
from protectorclient.pair.site import SiteHandle
from protectorclient.pair.sites import Sites
from protectorclient.records.site import Site
from protectorclient.records.tenant_mapping import TenantMapping
from protectorclient.v1 import _manager
from protectorclient.v1.client import Client

R = TypeVar("R", Site, TenantMapping)


class _Manager(Protocol[R]):
    """What the managers of both kinds of records have."""

    def find(self, name_or_id: str, /) -> R: ...

    def get(self, record: str, /) -> R: ...

    def delete(self, record: R, /) -> None: ...


class MirroredRecords(Sites):
    """Makes, changes and deletes a record at both services."""

    def create_site(
        self,
        name: str,
        *,
        auth_url: str,
        username: str,
        password: str,
        project_name: str,
        peer_username: str | None = None,
        peer_password: str | None = None,
        description: str | None = None,
        region_name: str | None = None,
        interface: str | None = None,
        protector_url: str | None = None,
        array_name: str | None = None,
        volume_backend_host: str | None = None,
        user_domain_name: str | None = None,
        project_domain_name: str | None = None,
    ) -> Site:
        """Register a site at both services; ``POST admin/sites``. *1.0*

        Both have it under one id, or neither has it: where the second
        service refuses, the record at the first one is deleted again.

        :param name: what people call it; unique at each service.
        :param auth_url: its Keystone.
        :param username: of the service account that the site's own service
            keeps.
        :param password: of that account.
        :param project_name: of the service account.
        :param peer_username: of the account that the other site keeps;
            without it both keep the same one.
        :param peer_password: of that account.
        :param description: for people.
        :param region_name: in the catalog; ``RegionOne`` by default.
        :param interface: with which the services read the catalog:
            ``public`` (the default), ``internal`` or ``admin``.
        :param protector_url: its protector service.
        :param array_name: its FlashArray.
        :param volume_backend_host: Cinder's, as ``host@backend#pool``.
        :param user_domain_name: of the account; ``Default`` by default.
        :param project_domain_name: of its project; ``Default`` by default.
        :returns: the site as the first of the two has it registered.
        :raises BadArgument: of the peer's account one half is missing.
        :raises NameConflict: the name, id or address is taken.
        :raises Forbidden: it is for an admin.
        :raises SiteUnreachable: a service gives no answer; nothing is sent.
        :raises OutcomeUnknown: an answer was lost; it may have been done.
        """
        if (peer_username is None) != (peer_password is None):
            raise exceptions.BadArgument(
                "the peer's account needs both a username and a password"
            )

        def make(client: Client, identity: str | None) -> Site:
            # Which service is the site's own is known when it has answered.
            # The account that is an admin is never told to the other one.
            made = client.sites.create(
                name,
                id=identity,
                auth_url=auth_url,
                username=peer_username or username,
                password=peer_password or password,
                project_name=project_name,
                description=description,
                region_name=region_name,
                interface=interface,
                protector_url=protector_url,
                array_name=array_name,
                volume_backend_host=volume_backend_host,
                user_domain_name=user_domain_name,
                project_domain_name=project_domain_name,
            )
            if not (peer_username and made.local):
                return made
            try:
                return client.sites.update(
                    made, username=username, password=password
                )
            except exceptions.ProtectorError:
                with contextlib.suppress(exceptions.ProtectorError):
                    client.sites.delete(made)
                raise

        both_sites.need_both(self)
        return _create(self, make, lambda client, it: client.sites.delete(it))

    def update_site(
        self,
        site: Site | str,
        *,
        name: str | None = None,
        username: str | None = None,
        password: str | None = None,
        peer_username: str | None = None,
        peer_password: str | None = None,
        auth_url: str | None = None,
        project_name: str | None = None,
        description: str | None = None,
        region_name: str | None = None,
        interface: str | None = None,
        protector_url: str | None = None,
        array_name: str | None = None,
        volume_backend_host: str | None = None,
        user_domain_name: str | None = None,
        project_domain_name: str | None = None,
    ) -> Site:
        """Change a site at both services; ``PATCH admin/sites/{id}``. *1.0*

        Only what is given is changed. Where the second service refuses, the
        change at the first one is undone, but for the service account,
        which no service answers: the error's hint says so.

        :param site: its name or id, or a record of it.
        :param name: the new name.
        :param username: of the service account that the site's own service
            keeps.
        :param password: of that account.
        :param peer_username: of the account that the other site keeps.
        :param peer_password: of that account.
        :param auth_url: its Keystone.
        :param project_name: of the service account.
        :param description: for people.
        :param region_name: in the catalog.
        :param interface: with which the services read the catalog.
        :param protector_url: its protector service.
        :param array_name: its FlashArray.
        :param volume_backend_host: Cinder's, as ``host@backend#pool``.
        :param user_domain_name: of the account.
        :param project_domain_name: of its project.
        :returns: the site as the first of the two has it registered.
        :raises NotFound: a service has no such site.
        :raises NotUnique: the name means another site at each service.
        :raises NameConflict: the name or address is taken.
        :raises Forbidden: it is for an admin.
        :raises SiteUnreachable: a service gives no answer; nothing is sent.
        :raises OutcomeUnknown: an answer was lost; it may have been done.
        """
        both_sites.need_both(self)
        return _update(
            self,
            _manager.id_of(site),
            _given(
                name=name,
                auth_url=auth_url,
                project_name=project_name,
                description=description,
                region_name=region_name,
                interface=interface,
                protector_url=protector_url,
                array_name=array_name,
                volume_backend_host=volume_backend_host,
                user_domain_name=user_domain_name,
                project_domain_name=project_domain_name,
            ),
            own=_given(username=username, password=password),
            peers=_given(username=peer_username, password=peer_password),
        )

    def delete_site(self, site: Site | str) -> None:
        """Delete a site at both services; ``DELETE admin/sites/{id}``. *1.0*

        A service that does not have it is passed over.

        :param site: its name or id, or a record of it.
        :raises NotFound: neither service has it.
        :raises NotUnique: the name means another site at each service.
        :raises InUse: a group uses it.
        :raises Forbidden: it is for an admin.
        :raises SiteUnreachable: a service gives no answer; nothing is sent.
        :raises OutcomeUnknown: an answer was lost; it may have been done.
        """
        both_sites.need_both(self)
        wanted = _manager.id_of(site)
        _delete(self, wanted, "site", lambda client: client.sites)

    def create_tenant_mapping(
        self, name: str, projects: Mapping[str, str]
    ) -> TenantMapping:
        """Map a tenant at both; ``POST admin/tenant-mappings``. *1.0*

        Both have it under one id, or neither has it: where the second
        service refuses, the record at the first one is deleted again.

        :param name: what people call it; unique at each service.
        :param projects: the project's id at each site, by site id.
        :returns: the mapping as the first of the two has it.
        :raises BadRequest: one of the sites is not registered.
        :raises NameConflict: the name, id or a project is mapped already.
        :raises Forbidden: it is for an admin.
        :raises SiteUnreachable: a service gives no answer; nothing is sent.
        :raises OutcomeUnknown: an answer was lost; it may have been done.
        """

        def make(client: Client, identity: str | None) -> TenantMapping:
            return client.tenant_mappings.create(name, projects, id=identity)

        def undo(client: Client, made: TenantMapping) -> None:
            client.tenant_mappings.delete(made)

        both_sites.need_both(self)
        return _create(self, make, undo)

    def delete_tenant_mapping(self, mapping: TenantMapping | str) -> None:
        """Delete one at both; ``DELETE admin/tenant-mappings/{id}``. *1.0*

        A service that does not have it is passed over.

        :param mapping: its name or id, or a record of it.
        :raises NotFound: neither service has it.
        :raises NotUnique: the name means another one at each service.
        :raises InUse: a group needs it.
        :raises Forbidden: it is for an admin.
        :raises SiteUnreachable: a service gives no answer; nothing is sent.
        :raises OutcomeUnknown: an answer was lost; it may have been done.
        """
        both_sites.need_both(self)
        _delete(
            self,
            _manager.id_of(mapping),
            "tenant mapping",
            lambda client: client.tenant_mappings,
        )


def _given(**fields: str | None) -> dict[str, str]:
    """Return the fields that are not None."""
    return {name: it for name, it in fields.items() if it is not None}


def _create(
    pair: Sites,
    make: Callable[[Client, str | None], R],
    undo: Callable[[Client, R], object],
) -> R:
    """Make a record at both services; at neither, if one refuses.

    Both are known to be there and to let us in.

    :param make: makes it with a client, under an id where there is one.
    :param undo: takes it back with a client.
    """
    # of two who make one name at once, from either side, the same service
    # decides which is first; each starting at its own, both were refused
    first, second = sorted(pair.handles, key=_address)
    made = make(first.client, None)
    try:
        also = make(second.client, made.id)
    except exceptions.ProtectorError:
        with contextlib.suppress(exceptions.ProtectorError):
            undo(first.client, made)
        raise
    return made if first is pair.primary else also


def _address(handle: SiteHandle) -> str:
    return handle.client.http.endpoint.root


def _delete(
    pair: Sites,
    name: str,
    what: str,
    manager: Callable[[Client], _Manager[R]],
) -> None:
    """Delete a record at both services; gone at one of them is fine.

    :param what: such a record, in words.
    :param manager: the manager of such records in a client.
    """
    found = _find(pair, name, what, manager)
    done: list[str] = []
    for handle in pair.handles:
        if handle.name not in found:
            continue
        try:
            manager(handle.client).delete(found[handle.name])
        except exceptions.ProtectorError as error:
            if done:
                error.hint = f"it is deleted at {done[0]} already"
            raise
        done.append(handle.name)


def _update(
    pair: Sites,
    name: str,
    changes: Mapping[str, str],
    own: Mapping[str, str],
    peers: Mapping[str, str],
) -> Site:
    """Change a site's record at both services, found before the first.

    What the second refuses is taken back at the first.

    :param own: what is changed at the site's own service alone.
    :param peers: what is changed at the other one alone.
    """
    first, second = pair.handles
    found = _find(pair, name, "site", lambda client: client.sites)
    for handle in pair.handles:
        if handle.name not in found:
            raise exceptions.NotFound(
                f"no site has the name or id '{name}'", site=handle.name
            )
    # a site that is of neither service has one account at both
    of_none = not any(it.local for it in found.values())
    each = {
        site: {**changes, **(own if it.local or of_none else peers)}
        for site, it in found.items()
    }
    # the one record may need no change where the other one does
    changed = found[first.name]
    if each[first.name]:
        changed = first.client.sites.update(changed, **each[first.name])
    try:
        if each[second.name]:
            second.client.sites.update(found[second.name], **each[second.name])
    except exceptions.OutcomeUnknown as error:
        error.hint = (
            f"it is changed at {first.name}, and whether at {second.name} is"
            " not known: the same command again makes them equal"
        )
        raise
    except exceptions.ProtectorError as error:
        error.hint = _taken_back(first, found[first.name], each[first.name])
        raise
    return changed


def _taken_back(
    handle: SiteHandle, before: Site, changes: Iterable[str]
) -> str:
    """Put a site's record back, and return the hint for the error.

    The service account is never answered, so it cannot be put back.
    """
    known = before.to_dict()
    old: dict[str, Any] = {
        field: known[field] for field in changes if field in known
    }
    if old:
        try:
            handle.client.sites.update(before, **old)
        except exceptions.ProtectorError as error:
            return (
                f"it is changed at {handle.name} already, and that could not"
                f" be taken back: {error}"
            )
    lost = [field for field in changes if field not in known]
    if lost:
        return (
            f"at {handle.name} the new {', '.join(lost)} cannot be taken"
            " back: give the old ones again"
        )
    return f"the change was taken back at {handle.name}"


def _find(
    pair: Sites,
    name: str,
    what: str,
    manager: Callable[[Client], _Manager[R]],
) -> dict[str, R]:
    """Return the record at each service that has it, by the clouds' names.

    A name is looked up at each, and must mean one record.
    """
    found: dict[str, R] = {}
    for handle in pair.handles:
        with contextlib.suppress(exceptions.NotFound):
            found[handle.name] = manager(handle.client).find(name)
    first, second = pair.handles
    if not found:
        raise exceptions.NotFound(
            f"no {what} has the name or id '{name}', neither at {first.name}"
            f" nor at {second.name}"
        )
    ids = {site: str(record.id) for site, record in found.items()}
    if len(set(ids.values())) > 1:
        told = " and ".join(f"{it} at {site}" for site, it in ids.items())
        raise exceptions.NotUnique(
            f"'{name}' is another {what} at each site: {told}; use the id",
            ids=list(ids.values()),
        )
    for handle in pair.handles:
        if handle.name not in found:
            # under another name, where a change has reached one of them
            with contextlib.suppress(exceptions.NotFound):
                it = manager(handle.client).get(next(iter(ids.values())))
                found[handle.name] = it
    return found
