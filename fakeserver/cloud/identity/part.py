"""What the parts of the emulated Keystone share: the Keystone itself."""

from typing import TYPE_CHECKING

from fakeserver.cloud.identity.keystone import Keystone
from fakeserver.cloud.shared import web

if TYPE_CHECKING:
    from fakeserver.cloud.identity.check import Identity
    from fakeserver.site import Site


class KeystonePart(web.Part):
    """A part of the emulated Keystone; a real one answers for itself."""

    def __init__(self, site: "Site", identity: "Identity") -> None:
        super().__init__(site, identity)
        if not isinstance(identity, Keystone):
            raise TypeError("these calls are those of the emulated Keystone")
        self.keystone = identity
