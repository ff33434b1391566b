"""Open a session and a client from an entry in clouds.yaml.

openstack.config is imported when a cloud is opened, not before: it loads
all of the SDK.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import urllib.parse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from keystoneauth1 import session as ksa_session
from keystoneauth1.identity.generic import base as generic

from protectorclient import exceptions
from protectorclient._http.session import bound_session, with_bounds
from protectorclient._version import __version__
from protectorclient.config.explain import (
    check_given,
    check_region,
    explained,
)
from protectorclient.mapping.finder import NameFinder
from protectorclient.v1.client import Client

if TYPE_CHECKING:
    from openstack.config import cloud_region
    from openstack.config.loader import OpenStackConfig
    from openstack.connection import Connection

#: The key in a cloud's entry that names the other site's cloud.
SECONDARY_KEY = "protector_secondary_cloud"
#: The key in the entry of a sandbox: see `Access.instances`.
INSTANCES_KEY = "protector_sandbox_instances"
SECONDARY_VARIABLE = "OS_SECONDARY_CLOUD"
#: What openstack.config calls a cloud that has no entry in clouds.yaml.
NAMELESS = ("", "envvars", "defaults")
#: Those that are asked, whose URL an entry may give.
_SERVICES = ("protector", "identity", "network", "compute", "block-storage")


@dataclasses.dataclass(frozen=True)
class Access:
    """All that is needed to speak to one site."""

    #: How messages name the site: the cloud's name.
    name: str
    session: ksa_session.Session = dataclasses.field(repr=False)
    region_name: str | None = None
    interface: str | list[str] | None = None
    #: URLs that stand for the catalog's, by service type.
    overrides: dict[str, str] = dataclasses.field(default_factory=dict)
    #: The cloud that this one's entry names as the other site.
    secondary: str | None = None
    #: The names of user and project, where the entry gives both.
    who: tuple[str, ...] = ()
    #: Whether it has no entry, and the name only stands for one.
    nameless: bool = False
    #: Of a sandbox on this machine, the file that says where its instances
    #: are reached.
    instances: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "session", with_bounds(self.session))

    def client(
        self,
        *,
        api_version: str = "auto",
        connect_timeout: float | None = None,
        read_timeout: float | None = None,
    ) -> Client:
        """Return a client of the site's protector service."""
        return Client(
            self.session,
            endpoint_override=self.overrides.get("protector"),
            region_name=self.region_name,
            interface=self.interface,
            api_version=api_version,
            connect_timeout=connect_timeout,
            read_timeout=read_timeout,
            site_name=self.name,
        )

    def finder(self) -> NameFinder:
        """Return a finder of names in the site's Neutron, Nova, Cinder,
        Keystone."""
        return NameFinder(
            self.session,
            site=self.name,
            region_name=self.region_name,
            interface=self.interface,
            overrides=self.overrides,
        )


def load_config() -> OpenStackConfig:
    """Read clouds.yaml and the environment, as every OpenStack tool does."""
    from openstack import config

    with explained(None):
        return config.OpenStackConfig(
            app_name="python-protectorclient",
            app_version=__version__,
        )


def open_access(
    cloud: str | None = None,
    *,
    region_name: str | None = None,
    config: OpenStackConfig | None = None,
) -> Access:
    """Open the session of a cloud, without a request.

    :param cloud: its entry; without it what ``OS_CLOUD`` or the other
        ``OS_*`` say.
    :param config: clouds.yaml as read already.
    :raises ConfigProblem: which file, entry, key or variable is wrong.
    """
    config = config or load_config()
    with explained(cloud):
        check_given(config, cloud)
        region = config.get_one(cloud, region_name=region_name)
        check_region(region, cloud)
        return access_from_region(region)


def access_from_region(region: cloud_region.CloudRegion) -> Access:
    """Return what is needed to speak to a region of openstack.config."""
    session = region.get_session()
    bound_session(session)
    without_discovery(session)
    overrides = {
        service: url
        for service in _SERVICES
        if (url := region.get_endpoint(service))
    }
    nameless = region.name in NAMELESS
    return Access(
        name=_host(region) if nameless else region.name,
        session=session,
        region_name=region.region_name or None,
        interface=region.get_interface("protector"),
        overrides=overrides,
        secondary=region.config.get(SECONDARY_KEY) or None,
        who=who(region.config.get("auth") or {}),
        nameless=nameless,
        instances=sandbox_instances(region.config),
    )


def sandbox_instances(config: Mapping[str, Any]) -> str | None:
    """Return the key of a sandbox's entry; None in that of a real cloud.

    A sandbox listens on loopback alone: a cloud whose Keystone is anywhere
    else is none, whatever its entry says.
    """
    given = config.get(INSTANCES_KEY)
    url = str((config.get("auth") or {}).get("auth_url") or "")
    try:
        host = urllib.parse.urlsplit(url).hostname or ""
        local = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        local = False
    return str(given) if given and local else None


def _host(region: cloud_region.CloudRegion) -> str:
    """Return a name for a cloud without one: the host of its Keystone."""
    url = str((region.config.get("auth") or {}).get("auth_url") or "")
    return urllib.parse.urlsplit(url).hostname or "the configured cloud"


def who(auth: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of user and project, where both are given.

    :param auth: the options of an entry of clouds.yaml.
    """
    project = auth.get("project_name") or auth.get("tenant_name")
    user = auth.get("username")
    return (str(user), str(project)) if user and project else ()


def without_discovery(session: ksa_session.Session) -> None:
    """Spare a session to ask which versions of Keystone there are.

    An address that ends in ``/v3`` has told already. It saves a request
    for each command, and for a dead Keystone a second timeout.
    """
    auth = session.auth
    if not isinstance(auth, generic.BaseGenericPlugin):
        return
    url = auth.auth_url or ""
    if not url.rstrip("/").endswith("/v3"):
        return
    session.auth = auth.create_plugin(session, (3, 0), url) or auth


def connect(
    cloud: str | None = None,
    *,
    region_name: str | None = None,
    api_version: str = "auto",
    timeout: float | None = None,
    config: OpenStackConfig | None = None,
) -> Client:
    """Open a client of one site, from its entry in clouds.yaml.

    :param cloud: the entry; without it what ``OS_CLOUD`` or the other
        ``OS_*`` say.
    :param api_version: ``auto``, ``latest``, or one like ``1.1``.
    :param timeout: seconds to wait for an answer, 30 by default.
    :param config: clouds.yaml as read already.
    """
    access = open_access(cloud, region_name=region_name, config=config)
    return access.client(api_version=api_version, read_timeout=timeout)


def from_connection(
    connection: Connection, *, api_version: str = "auto"
) -> Client:
    """Open a client on an openstacksdk connection's session."""
    return access_from_connection(connection).client(api_version=api_version)


def access_from_connection(connection: Connection) -> Access:
    """Return what is needed to speak to the site of an SDK connection."""
    region = connection.config
    endpoint = region.get_endpoint("protector")
    return Access(
        name=connection.name or region.name,
        session=connection.session,
        region_name=region.region_name or None,
        interface=region.get_interface("protector"),
        overrides={"protector": endpoint} if endpoint else {},
        secondary=region.config.get(SECONDARY_KEY) or None,
    )


def secondary_name(told: str, primary: Access) -> str:
    """Return the name of the other site's cloud, where it is configured.

    :raises SameSite: it is the first one.
    """
    if told == primary.name:
        raise exceptions.SameSite(
            f"'{told}' is named as the other site of itself; name the other"
            f" one by --secondary-cloud, {SECONDARY_VARIABLE} or the key"
            f" {SECONDARY_KEY} in the entry of '{told}'"
        )
    return told
