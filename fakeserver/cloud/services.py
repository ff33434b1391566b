"""The emulated services of one site, as Flask blueprints."""

from typing import TYPE_CHECKING

from fakeserver.cloud.compute.api import Compute
from fakeserver.cloud.compute.images import Image
from fakeserver.cloud.identity.api import Identity as IdentityService
from fakeserver.cloud.identity.keystone import Keystone
from fakeserver.cloud.network.api import Networking
from fakeserver.cloud.volume.api import Volume

if TYPE_CHECKING:
    from flask import Blueprint

    from fakeserver.cloud.identity.check import Identity
    from fakeserver.site import Site

SERVICES = (Compute, Networking, Volume, Image)


def blueprints(site: "Site", identity: "Identity") -> list["Blueprint"]:
    """Return one blueprint a service, to be registered where the site
    answers; a real Keystone is none of them."""
    made = [kind(site, identity).blueprint() for kind in SERVICES]
    if isinstance(identity, Keystone):
        made.append(IdentityService(site, identity).blueprint())
    return made


__all__ = ["IdentityService", "Keystone", "blueprints"]
