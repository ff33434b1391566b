"""One member, and both sites with what each shows of it."""

from __future__ import annotations

import dataclasses
import ipaddress
from collections.abc import Mapping
from typing import Any

from protectorclient.preflight.drift.subject import Subject, quietly


@dataclasses.dataclass(frozen=True)
class Case:
    """A member of the group that an operation has rebuilt."""

    member: str
    source_name: str
    target_name: str
    #: The site where it came from; `Subject.here` is that site.
    source: Subject
    #: The site where it was built; `Subject.here` is that site.
    target: Subject
    is_test: bool
    #: What replaces each network, by ids.
    networks: Mapping[str, str]
    #: What replaces each flavor, by names.
    flavors: Mapping[str, str]
    #: The names of networks that were made for a test, by ids.
    made: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def image_name(self, subject: Subject, image: Any) -> str | None:
        """Return the name of an image at a site; None where it is not
        shown."""
        images = quietly(lambda: subject.here.images, ())
        for one in images:
            if one.get("id") == image:
                return str(one.get("name"))
        return None

    def network_name(self, network: str) -> str:
        """Return the name of a network at the target."""
        if network in self.made:
            return self.made[network]
        for one in quietly(lambda: self.target.here.networks, ()):
            if one.get("id") == network:
                return str(one.get("name"))
        return network

    def has_room(self, network: str, address: str) -> bool:
        """Return whether a subnet of a network at the target has an
        address; also where that is not known."""
        subnets = [
            one
            for one in quietly(lambda: self.target.here.subnets, ())
            if one.get("network_id") == network
        ]
        try:
            wanted = ipaddress.ip_address(address)
            return not subnets or any(
                wanted in ipaddress.ip_network(str(one.get("cidr")), False)
                for one in subnets
            )
        except ValueError:
            return True
