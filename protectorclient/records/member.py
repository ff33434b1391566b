"""The record of a member: an instance and all that rebuilds it."""

from __future__ import annotations

import dataclasses
import datetime

from protectorclient.records import base


@dataclasses.dataclass(frozen=True, kw_only=True)
class Flavor(base.Record):
    """The flavor a member has."""

    id: str = ""
    name: str = ""
    vcpus: int | None = None
    #: MiB.
    ram: int | None = None
    #: GiB.
    disk: int | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class MemberNetwork(base.Record):
    """A network a member is on."""

    id: str = ""
    name: str = ""
    cidr: str | None = None
    fixed_ip: str | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class MemberVolume(base.Record):
    """A volume of a member."""

    id: str = ""
    name: str | None = None
    #: GiB.
    size: int | None = None
    bootable: bool | None = None
    device: str | None = None
    volume_type: str | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Member(base.Record):
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
        """Return the instance's name, by which a member is found."""
        return self.instance_name
