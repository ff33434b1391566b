"""Validates a registered site with requests to its services."""

import dataclasses
from collections.abc import Callable
from typing import Any

from fakeserver.base.errors import RequestRefused
from fakeserver.base.wire.session import NoAnswer
from fakeserver.engine.cloud_client.account import TIMEOUTS
from fakeserver.engine.cloud_client.cloud import (
    CloudRefused,
    CloudUnreachable,
    RemoteCloud,
)
from fakeserver.engine.service import Service
from fakeserver.registry import clouds, sites, volume_types
from fakeserver.storage.driver import StorageError
from fakeserver.store.sites import SITES

OK, FAILED, SKIPPED = "ok", "failed", "skipped"
#: a site that gives no answer to one of these is not there at all
_PRESENCE = ("keystone", "protector")


class CheckFailed(Exception):
    """A check found a problem; the text is for an admin."""


class CheckSilent(CheckFailed):
    """A check got no answer at all."""


class CheckSkipped(Exception):
    """A check could not run, because an earlier one failed."""


@dataclasses.dataclass
class Probe:
    """The site that is being validated."""

    service: Service
    record: dict[str, Any]
    cloud: RemoteCloud | None = None

    def clouds(self) -> RemoteCloud:
        if self.cloud is None:
            raise CheckSkipped("Keystone gave no token")
        return self.cloud


def _keystone(probe: Probe) -> str:
    probe.cloud = clouds.own_cloud(probe.service, probe.record["id"])
    return f"A token for {probe.record['username']}"


def _protector(probe: Probe) -> str:
    name, url = probe.record["name"], probe.record["protector_url"]
    try:
        if probe.service.site.faults.cuts(name):
            raise NoAnswer("a fault cuts the network to it")
        found = probe.service.site.wire.session().request(
            "GET", f"{url}/", timeout=TIMEOUTS
        )
    except NoAnswer as error:
        raise CheckSilent(f"No answer from {url}") from error
    try:
        versions = [one["max_version"] for one in found.json()["versions"]]
    except (
        ValueError,
        LookupError,
        TypeError,
        RecursionError,
    ) as error:
        raise CheckFailed(f"No protector service at {url}") from error
    return f"Versions up to {', '.join(versions)}"


def _nova(probe: Probe) -> str:
    return f"{len(probe.clouds().flavors())} flavors"


def _neutron(probe: Probe) -> str:
    return f"{len(probe.clouds().networks())} networks"


def _cinder(probe: Probe) -> str:
    return f"{len(probe.clouds().volume_types())} volume types"


def _volume_types(probe: Probe) -> str:
    probe.clouds()
    names = [
        found["name"]
        for found in volume_types.asked(probe.service, probe.record["id"])
        if found["replication_enabled"]
    ]
    if not names:
        raise CheckFailed("No volume type is replicated")
    return f"Replicated: {', '.join(names)}"


def _array(probe: Probe) -> str:
    name = probe.record["array_name"]
    found = probe.service.site.arrays.volumes(name)
    return f"{name} answers, {len(found)} volumes"


#: in the order they are made; what needs a token comes after it
CHECKS: dict[str, Callable[[Probe], str]] = {
    "keystone": _keystone,
    "protector": _protector,
    "nova": _nova,
    "neutron": _neutron,
    "cinder": _cinder,
    "volume_types": _volume_types,
    "array": _array,
}


def validate(service: Service, site_id: str) -> dict[str, Any]:
    """Run every check, and keep the status that follows from the results."""
    site = service.site
    probe = Probe(service, SITES.get(site.db, site_id))
    checks = []
    status = "active"
    for name, check in CHECKS.items():
        result, detail, silent = _made(check, probe)
        checks.append({"name": name, "result": result, "detail": detail})
        if silent and name in _PRESENCE:
            status = "unreachable"
        elif result != OK and status == "active":
            status = "error"
    sites.set_status(site, site_id, status)
    return {"status": status, "checks": checks}


def _made(
    check: Callable[[Probe], str], probe: Probe
) -> tuple[str, str, bool]:
    """Run one check; return its result, its detail, and whether it got no
    answer."""
    try:
        return OK, check(probe), False
    except CheckSkipped as error:
        return SKIPPED, str(error), False
    except CheckSilent as error:
        return FAILED, str(error), True
    except CloudUnreachable as error:
        return FAILED, f"{error.site} does not answer", True
    except (CloudRefused, RequestRefused) as error:
        return FAILED, error.message, False
    except (CheckFailed, StorageError) as error:
        return FAILED, str(error), False
