"""Match networks and flavors of the source with those of the target.

The outcome is a plan a member: it is written into the operation before the
202, so that no later step has to decide anything.
"""

import functools
import ipaddress
from collections.abc import Callable
from typing import Any

from fakeserver.base.errors import RequestRefused
from fakeserver.engine.cloud_client.cloud import RemoteCloud
from fakeserver.engine.model import drill_networks
from fakeserver.engine.model.document import Doc, entry
from fakeserver.engine.model.member_plan import (
    FlavorPlan,
    MemberPlan,
    NetworkPlan,
)

Record = dict[str, Any]


class Catalog:
    """The networks, flavors and volume types of one site.

    Each list is asked for when it is needed, and once.

    :param ask: returns one of the lists: ``networks``, ``flavors``,
        ``subnets`` or ``types``.
    """

    def __init__(self, site: str, ask: Callable[[str], list[Record]]) -> None:
        self.site = site
        self._ask = ask

    @functools.cached_property
    def networks(self) -> dict[str, Record]:
        return {n["id"]: n for n in self._ask("networks")}

    @functools.cached_property
    def flavors(self) -> dict[str, Record]:
        return {f["id"]: f for f in self._ask("flavors")}

    @functools.cached_property
    def types(self) -> dict[str, Record]:
        return {t["name"]: t for t in self._ask("types")}

    @functools.cached_property
    def cidrs(self) -> dict[str, list[str]]:
        """Return those of the subnets of each network."""
        found: dict[str, list[str]] = {}
        for subnet in self._ask("subnets"):
            found.setdefault(subnet["network_id"], []).append(subnet["cidr"])
        return found

    @classmethod
    def of(cls, cloud: RemoteCloud, site: str) -> "Catalog":
        return cls(
            site,
            lambda what: {
                "networks": lambda: drill_networks.usable(cloud.networks()),
                "flavors": cloud.flavors,
                "subnets": cloud.subnets,
                "types": cloud.volume_types,
            }[what](),
        )

    @classmethod
    def stored(cls, docs: list[Doc], site_id: str, site: str) -> "Catalog":
        """Build the catalog of a silent site from the metadata of a tenant's
        groups."""
        networks, flavors = {}, {}
        for member in (one for doc in docs for one in doc["members"]):
            found = entry(member, site_id)
            if found is None:
                continue
            for network in found["networks"]:
                networks[network["id"]] = network
            flavors[found["flavor"]["id"]] = found["flavor"]
        lists = {
            "networks": list(networks.values()),
            "flavors": list(flavors.values()),
        }
        return cls(site, lambda what: lists.get(what, []))

    def known(self, mapping: dict[str, str]) -> dict[str, str]:
        """Return the part of a mapping whose sources exist here."""
        return {
            key: value
            for key, value in mapping.items()
            if key in self.networks or self.flavor(key) is not None
        }

    def by_id(self, mapping: dict[str, str]) -> dict[str, str]:
        """Return a mapping of networks with an id for each name of a source.

        Who fails over from a silent site can look up no id there.
        """
        found: dict[str, str] = {}
        for key, value in mapping.items():
            named = None
            if key not in self.networks:
                named = self.network_named(key)
            found[named["id"] if named else key] = value
        return found

    def flavor(self, key: str) -> Record | None:
        """Find a flavor by id, else by name."""
        if key in self.flavors:
            return self.flavors[key]
        named = [f for f in self.flavors.values() if f["name"] == key]
        return named[0] if len(named) == 1 else None

    def network_named(self, name: str) -> Record | None:
        named = [n for n in self.networks.values() if n["name"] == name]
        return named[0] if len(named) == 1 else None


def plan_members(
    doc: Doc,
    source_id: str,
    target_id: str,
    source: Catalog,
    target: Catalog,
    network_mapping: dict[str, str],
    flavor_mapping: dict[str, str],
    *,
    isolated: bool = False,
) -> list[MemberPlan]:
    """Plan each member at the target; refuse where something has no match.

    :param isolated: its networks are made later, each in place of one at the
        source.
    """
    # what the members have at the source is there, whatever its cloud says
    stored = Catalog.stored([doc], source_id, source.site)
    if not isolated:
        _check_networks(network_mapping, stored, source, target)
    flavors = _check_flavors(flavor_mapping, stored, source, target)
    home = target_id == doc["primary_site_id"]
    missing: list[str] = []
    plans = []
    for member in doc["members"]:
        at_source = entry(member, source_id)
        if at_source is None:
            continue
        had = entry(member, target_id) if home else None
        plans.append(
            MemberPlan(
                member["id"],
                _flavor_of(at_source, had, flavors, target, missing),
                [
                    _isolated(network)
                    if isolated
                    else _network_of(
                        network,
                        _nth(had, "networks", n),
                        network_mapping,
                        target,
                        missing,
                    )
                    for n, network in enumerate(at_source["networks"])
                ],
                [
                    _type_of(volume, _nth(had, "volumes", n), doc, target)
                    for n, volume in enumerate(at_source["volumes"])
                ],
            )
        )
    if missing:
        names = sorted(set(missing))
        raise RequestRefused(
            "mapping-incomplete",
            f"Nothing at {target.site} matches {', '.join(names)}; "
            "map each to something that exists there",
            missing=names,
        )
    return plans


def _nth(found: Record | None, field: str, n: int) -> Record | None:
    """Return the n-th item that a member had at the target, or None."""
    if found is None or n >= len(found[field]):
        return None
    record: Record = found[field][n]
    return record


def _check_networks(
    mapping: dict[str, str], stored: Catalog, source: Catalog, target: Catalog
) -> None:
    for key, value in mapping.items():
        if key not in stored.networks and key not in source.networks:
            raise _unknown("network_mapping", "network", key, source.site)
        if value not in target.networks:
            raise _unknown("network_mapping", "network", value, target.site)


def _check_flavors(
    mapping: dict[str, str], stored: Catalog, source: Catalog, target: Catalog
) -> dict[str, Record]:
    """Look up each flavor of the mapping; return it by the source's name."""
    found: dict[str, Record] = {}
    for key, value in mapping.items():
        from_ = stored.flavor(key) or source.flavor(key)
        if from_ is None:
            raise _unknown("flavor_mapping", "flavor", key, source.site)
        to = target.flavor(value)
        if to is None:
            raise _unknown("flavor_mapping", "flavor", value, target.site)
        if found.get(from_["name"], to)["id"] != to["id"]:
            raise RequestRefused(
                "bad-request",
                f"flavor_mapping: flavor {from_['name']} is mapped twice",
                field="flavor_mapping",
            )
        found[from_["name"]] = to
    return found


def _unknown(field: str, kind: str, key: str, site: str) -> RequestRefused:
    return RequestRefused(
        "bad-request",
        f"{field}: there is no {kind} {key} at {site}",
        field=field,
        site=site,
    )


def _flavor_of(
    at_source: Record,
    had: Record | None,
    flavors: dict[str, Record],
    target: Catalog,
    missing: list[str],
) -> FlavorPlan:
    flavor = at_source["flavor"]
    chosen = flavors.get(flavor["name"])
    if chosen is None and had is not None:
        chosen = target.flavors.get(had["flavor"]["id"])
    if chosen is None:
        chosen = target.flavor(flavor["name"])
    if chosen is None:
        # the plan is refused; until then this member has none
        missing.append(f"flavor {flavor['name']}")
        chosen = flavor
    fields = ("id", "name", "vcpus", "ram", "disk")
    return FlavorPlan(*(chosen[field] for field in fields))


def _isolated(network: Record) -> NetworkPlan:
    """Plan a network that is made for a test."""
    return NetworkPlan(
        "",
        network["name"],
        network.get("cidr") or "",
        network.get("fixed_ip"),
        wanted_ip=network.get("fixed_ip"),
        stands_for=network["id"],
    )


def _network_of(
    network: Record,
    had: Record | None,
    mapping: dict[str, str],
    target: Catalog,
    missing: list[str],
) -> NetworkPlan:
    chosen = target.networks.get(mapping.get(network["id"], ""))
    if chosen is None and had is not None:
        chosen = target.networks.get(had["id"])
    if chosen is None:
        chosen = target.network_named(network["name"])
    if chosen is None:
        missing.append(f"network {network['name']}")
        chosen = network
    cidrs = target.cidrs.get(chosen["id"], [])
    address = (had or network).get("fixed_ip") or network.get("fixed_ip")
    fitting = [cidr for cidr in cidrs if _fits(address, cidr)]
    fits = bool(fitting)
    cidr = next(iter(fitting or cidrs), "")
    return NetworkPlan(
        chosen["id"],
        chosen["name"],
        cidr,
        address if fits else None,
        wanted_ip=address,
        why_not=None
        if fits or not address
        else f"{address} is not in {', '.join(cidrs) or 'a subnet'}, the "
        f"subnet of {chosen['name']}",
        more_ips=[
            one
            for one in network.get("more_addresses") or ()
            if fits and any(_fits(one, cidr) for cidr in cidrs)
        ]
        or None,
    )


def _fits(address: str | None, cidr: str) -> bool:
    """Return whether an instance can keep its address in the target's
    subnet."""
    if not address or not cidr:
        return False
    return ipaddress.ip_address(address) in ipaddress.ip_network(cidr)


def _type_of(
    volume: Record, had: Record | None, doc: Doc, target: Catalog
) -> str:
    """Choose the volume type at the target: what the volume had there, else
    the same name, else the group's own type."""
    for name in ((had or {}).get("volume_type"), volume["volume_type"]):
        if name in target.types:
            return str(name)
    return str(doc["volume_type"])
