"""Give a rebuilt instance what its source has, as far as the target can.

What the target shows of the new instance is compared with the source: every
difference is a loss, with the reason where it is known.
"""

import functools
from typing import Any

from fakeserver.base.vault import Unreadable
from fakeserver.engine.cloud_client.cloud import CloudRefused, RemoteCloud
from fakeserver.engine.model import sealed
from fakeserver.engine.model.operation_record import Loss
from fakeserver.engine.run.step_context import StepContext

Record = dict[str, Any]

#: an attribute, Nova's name for it in a request, and since when it takes it
_ASKED = (
    ("description", "description", (2, 19)),
    ("tags", "tags", (2, 52)),
    ("hostname", "hostname", (2, 90)),
    ("config_drive", "config_drive", (2, 1)),
)
#: what the new instance is compared in; a power state has its own rules
_COMPARED = (
    "security_groups",
    "availability_zone",
    "tags",
    "description",
    "config_drive",
    "hostname",
    "server_group",
    "key_pair",
    "user_data",
    "locked",
)
KEY_PAIR = (
    "A key pair belongs to a user of Nova, and the service is another user"
)
TEST_LOCK = "A test instance is not locked, so that test-cleanup deletes it"
UNLOCKED = "the new instance is not locked"


class TargetCloud:
    """What a target has for instances to use, asked once a step."""

    def __init__(self, cloud: RemoteCloud, name: str) -> None:
        self.cloud = cloud
        self.name = name

    @functools.cached_property
    def groups(self) -> dict[str, str]:
        """Return the ids of the security groups by name."""
        return {one["name"]: one["id"] for one in self.cloud.security_groups()}

    @functools.cached_property
    def zones(self) -> list[str]:
        try:
            return self.cloud.zones()
        except CloudRefused:
            return []

    @functools.cached_property
    def server_groups(self) -> list[Record]:
        try:
            return self.cloud.server_groups()
        except CloudRefused:
            return []


class InstanceRequest:
    """What is asked for a new instance, beside flavor, ports and disks."""

    def __init__(
        self, context: StepContext, target: TargetCloud, at_source: Record
    ) -> None:
        self._context = context
        self._target = target
        self._kept: Record = at_source.get("attributes", {})
        self._member = at_source["instance_name"]
        #: attributes under Nova's names
        self.attributes: Record = {}
        #: the id of a server group at the target
        self.server_group: str | None = None
        #: ids; None leaves it to Neutron
        self.security_groups: list[str] | None = None
        #: attribute -> why the target does not have it
        self._reasons: dict[str, str] = {}
        for ask in (
            self._ask_plain,
            self._ask_zone,
            self._ask_user_data,
            self._ask_security_groups,
            self._ask_server_group,
        ):
            ask()
        if self._kept.get("key_pair"):
            self._reasons["key_pair"] = KEY_PAIR
        if self.locks is False and self._kept.get("locked"):
            self._reasons["locked"] = TEST_LOCK

    @property
    def locks(self) -> bool:
        """Return whether the new instance is to be locked."""
        return bool(self._kept.get("locked")) and not self._context.is_drill

    def properties(self) -> dict[str, str]:
        """Return the properties, secrets opened."""
        doc, pair = self._context.doc(), self._context.site.pair
        kept = self._kept.get("properties", {})
        return sealed.open_properties(doc, pair, kept)

    def losses(self, now: Record) -> list[Loss]:
        """Return what the new instance has not.

        :param now: its attributes, as the target shows them.
        """
        found = []
        for name in _COMPARED:
            lost = _lost(self._kept.get(name), now.get(name))
            if not lost:
                continue
            why = self._reasons.get(name)
            if why is None and name not in now:
                # the target does not show it, and took it
                continue
            why = why or f"At {self._target.name} it is {now.get(name)}"
            found.append(Loss(self._member, name, lost, why))
        if self._hides_the_lock and not self._context.is_drill:
            source = self._context.name(self._context.source)
            why = f"Nova at {source} does not show it; {UNLOCKED}"
            found.append(Loss(self._member, "locked", None, why))
        return found

    @property
    def _hides_the_lock(self) -> bool:
        """Return whether the source's Nova, older than 2.9, has shown the
        instance without its lock."""
        return "power_state" in self._kept and "locked" not in self._kept

    def _ask_plain(self) -> None:
        version = self._target.cloud.compute_version()
        for name, field, since in _ASKED:
            value = self._kept.get(name)
            if not value:
                continue
            if version >= since:
                self.attributes[field] = value
            else:
                needed = ".".join(map(str, since))
                self._reasons[name] = (
                    f"Nova at {self._target.name} is older than {needed}"
                )

    def _ask_zone(self) -> None:
        zone = self._kept.get("availability_zone")
        if not zone:
            return
        if zone in self._target.zones:
            self.attributes["availability_zone"] = zone
        else:
            self._reasons["availability_zone"] = self._missing(
                "availability zone", zone
            )

    def _ask_user_data(self) -> None:
        doc, pair = self._context.doc(), self._context.site.pair
        try:
            text = sealed.open_user_data(doc, pair, self._kept)
        except (Unreadable, KeyError):
            self._reasons["user_data"] = "It cannot be read from the metadata"
            return
        if text is not None:
            self.attributes["user_data"] = text

    def _ask_security_groups(self) -> None:
        names = self._kept.get("security_groups")
        if names is None:
            return
        known = self._target.groups if names else {}
        found = [known[name] for name in names if name in known]
        missing = [name for name in names if name not in known]
        if missing:
            self._reasons["security_groups"] = self._missing(
                "security group", ", ".join(missing)
            )
        if found or not names:
            self.security_groups = found

    def _ask_server_group(self) -> None:
        wanted = self._kept.get("server_group")
        if not wanted:
            return
        for one in self._target.server_groups:
            policy = one.get("policy") or next(
                iter(one.get("policies") or ()), None
            )
            if (one["name"], policy) == (wanted["name"], wanted["policy"]):
                self.server_group = one["id"]
                return
        self._reasons["server_group"] = self._missing(
            f"server group with policy {wanted['policy']}", wanted["name"]
        )

    def _missing(self, noun: str, name: str) -> str:
        return f"{self._target.name} has no {noun} {name}"


def _lost(kept: Any, now: Any) -> Any:
    """Return what of a value is not there any more; what was not there before
    is no loss."""
    if isinstance(kept, list):
        return [one for one in kept if one not in (now or ())]
    return kept if kept and kept != now else None
