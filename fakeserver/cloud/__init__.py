"""The emulated Keystone, Nova, Neutron, Cinder, Glance of one site."""

from typing import TYPE_CHECKING

from fakeserver.cloud.cinder import Volume
from fakeserver.cloud.glance import Image
from fakeserver.cloud.identity import Identity
from fakeserver.cloud.keystone import Keystone
from fakeserver.cloud.neutron import Networking
from fakeserver.cloud.nova import Compute

if TYPE_CHECKING:
    from flask import Blueprint

    from fakeserver.site import Site

SERVICES = (Identity, Compute, Networking, Volume, Image)


def blueprints(site: "Site") -> list["Blueprint"]:
    """One blueprint a service, to be registered where the site answers."""
    keystone = site.keystone
    return [kind(site, keystone).blueprint() for kind in SERVICES]


__all__ = ["Keystone", "blueprints"]
