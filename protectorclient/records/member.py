"""The record of a member: an instance and all that rebuilds it."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Mapping
from typing import Any

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
    mac_address: str | None = None
    port_security_enabled: bool | None = None
    #: Each with ``ip_address``, and ``mac_address`` where it has one.
    allowed_address_pairs: tuple[Mapping[str, Any], ...] | None = None
    #: Further fixed addresses of the same port.
    more_addresses: tuple[str, ...] | None = None
    #: They do not come with a move.
    floating_ips: tuple[str, ...] | None = None


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
    #: What people set; values that are secrets are masked.
    properties: Mapping[str, str] | None = None
    read_only: bool | None = None
    multiattach: bool | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class ServerGroup(base.Record):
    """The server group of an instance."""

    name: str = ""
    policy: str | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class KeyPair(base.Record):
    """The key pair of an instance; it belongs to a user of Nova."""

    name: str = ""
    #: None where the service may not read it.
    fingerprint: str | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class UserData(base.Record):
    """What is shown of user data, of the bytes that the instance gets."""

    sha256: str = ""
    bytes: int | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class MemberAttributes(base.Record):
    """What an instance has beside flavor, networks and volumes.

    A cloud may not show an attribute to the service: then it is None here
    and `shows` is False. None of an attribute that is shown says that the
    instance has none.
    """

    #: What people set; values that are secrets are masked.
    properties: Mapping[str, str] | None = None
    #: Names.
    security_groups: tuple[str, ...] | None = None
    availability_zone: str | None = None
    tags: tuple[str, ...] | None = None
    description: str | None = None
    config_drive: bool | None = None
    hostname: str | None = None
    server_group: ServerGroup | None = None
    key_pair: KeyPair | None = None
    user_data: UserData | None = None
    #: Nova's status: ``ACTIVE``, ``SHUTOFF``, ...
    power_state: str | None = None
    #: When the power state was read.
    power_state_at: datetime.datetime | None = None
    locked: bool | None = None


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
    #: None where the deployment keeps none.
    attributes: MemberAttributes | None = None
    created_at: datetime.datetime | None = None

    @property
    def name(self) -> str | None:
        """Return the instance's name, by which a member is found."""
        return self.instance_name
