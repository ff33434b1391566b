"""Members: the instances of a group, with what rebuilds them."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterator

from protectorclient import urls
from protectorclient.v1 import _manager, _record
from protectorclient.v1.protection_groups import Group


@dataclasses.dataclass(frozen=True, kw_only=True)
class Flavor(_record.Record):
    """The flavor a member has."""

    id: str = ""
    name: str = ""
    vcpus: int | None = None
    #: MiB.
    ram: int | None = None
    #: GiB.
    disk: int | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class MemberNetwork(_record.Record):
    """A network a member is on."""

    id: str = ""
    name: str = ""
    cidr: str | None = None
    fixed_ip: str | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class MemberVolume(_record.Record):
    """A volume of a member."""

    id: str = ""
    name: str | None = None
    #: GiB.
    size: int | None = None
    bootable: bool | None = None
    device: str | None = None
    volume_type: str | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Member(_record.Record):
    """One instance in a group."""

    id: str = ""
    #: In Nova, at the current primary.
    instance_id: str | None = None
    instance_name: str | None = None
    #: ``protected``, ``failed_over``, ``error``.
    status: str = ""
    flavor: Flavor | None = None
    image_id: str | None = None
    networks: tuple[MemberNetwork, ...] = ()
    volumes: tuple[MemberVolume, ...] = ()
    created_at: datetime.datetime | None = None

    @property
    def name(self) -> str | None:
        """The instance's name, by which a member is found."""
        return self.instance_name


# /v1/{project}/protection-groups/{id}/members
#   GET list, POST add; /{member}: GET, DELETE


class MemberManager(_manager.Manager):
    """The members of a group."""

    def _path(self, group: Group, *rest: str) -> str:
        identity = urls.segment(_record.id_of(group), "protection group")
        return self._http.tenant(
            "protection-groups", identity, "members", *rest
        )

    def _one(self, group: Group, member: Member | str) -> str:
        return self._path(group, urls.segment(_record.id_of(member), "member"))

    def list(
        self,
        group: Group,
        *,
        limit: int | None = None,
        page_size: int | None = None,
        marker: str | None = None,
    ) -> Iterator[Member]:
        """Iterate over members; ``GET members``. *1.0*

        :param limit: stop after so many.
        :param page_size: so many at one request.
        :param marker: begin after the member of this id.
        """
        return self._pages(
            Member,
            self._path(group),
            "members",
            limit=limit,
            page_size=page_size,
            marker=marker,
        )

    def get(self, group: Group, member: Member | str) -> Member:
        """A member by id; ``GET members/{id}``. *1.0*"""
        data = self._http.get(self._one(group, member), "member")
        return self._record(Member, data)

    def find(self, group: Group, name_or_id: Member | str) -> Member:
        """A member by its id, its instance's id or exact name. *1.0*

        :raises NotFound: there is none.
        :raises NotUnique: several instances have the name.
        """
        wanted = _record.id_of(name_or_id)
        every = tuple(self.list(group))
        for member in every:
            if wanted in (member.id, member.instance_id):
                return member
        return self._find(
            wanted, "member", lambda key: self.get(group, key), lambda: every
        )

    def add(self, group: Group, instance_id: str) -> Member:
        """Protect an instance; ``POST members``. *1.0*

        The service reads it from Nova and Cinder.

        :raises VolumeTypeNotReplicated: one of its volumes, named, is
            not replicated or lives on another backend.
        :raises PeerUnreachable: the other site does not answer.
        """
        data = self._write(
            "POST",
            self._path(group),
            "member",
            {"instance_id": instance_id},
        )
        return self._record(Member, data)

    def remove(self, group: Group, member: Member | str) -> None:
        """Protect an instance no more; ``DELETE members/{id}``. *1.0*"""
        self._http.call("DELETE", self._one(group, member))
