"""The emulated Keystone, Nova, Neutron, Cinder and Glance of one site."""

from typing import TYPE_CHECKING

from fakeserver.cloud.compute.api import Compute
from fakeserver.cloud.compute.images import Image
from fakeserver.cloud.identity.api import Identity
from fakeserver.cloud.identity.keystone import Keystone
from fakeserver.cloud.network.api import Networking
from fakeserver.cloud.volume.api import Volume

if TYPE_CHECKING:
    from flask import Blueprint

    from fakeserver.site import Site

SERVICES = (Identity, Compute, Networking, Volume, Image)


def blueprints(site: "Site", keystone: Keystone) -> list["Blueprint"]:
    """Return one Flask blueprint for each service of the cloud."""
    return [kind(site, keystone).blueprint() for kind in SERVICES]


__all__ = ["Keystone", "blueprints"]
