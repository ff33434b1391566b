"""The volume types of a site, and whether they are replicated."""

from typing import Any

from fakeserver.base.errors import PEER_UNREACHABLE, RequestRefused
from fakeserver.engine.cloud_client.cloud import RemoteCloud
from fakeserver.engine.service import Service
from fakeserver.registry import clouds
from fakeserver.store.sites import SITES

_ENABLED = "<is> True"
_KINDS = {"<in> async": "async", "<in> sync": "sync"}

Type = dict[str, Any]


def read(found: dict[str, Any]) -> Type:
    """Read one of Cinder's types; leave out what Cinder does not show."""
    specs = found.get("extra_specs") or {}
    return {
        "id": found["id"],
        "name": found["name"],
        "replication_enabled": specs.get("replication_enabled") == _ENABLED,
        "replication_type": _KINDS.get(specs.get("replication_type", "")),
    }


def listed(cloud: RemoteCloud) -> list[Type]:
    """List all types of a cloud, by name."""
    return sorted(
        map(read, cloud.volume_types()), key=lambda one: str(one["name"])
    )


def asked(service: Service, site_id: str) -> list[Type]:
    """List the types of a registered site: its own from its cloud, the peer's
    from the peer's service. Raises as a cloud does."""
    if SITES.get(service.site.db, site_id)["local"]:
        return listed(clouds.own_cloud(service, site_id))
    return clouds.peers_volume_types(service, site_id)


def of(service: Service, site_id: str, local: bool) -> list[Type]:
    """List the types of a registered site, read now.

    :param local: answer for the site itself alone, as for its peer.
    """
    record = SITES.get(service.site.db, site_id)
    if local and not record["local"]:
        raise RequestRefused(
            "wrong-site",
            f"This service does not answer for {record['name']}",
            site=record["name"],
            site_id=site_id,
        )
    try:
        with clouds.refusals(service):
            return asked(service, site_id)
    except RequestRefused as refusal:
        if refusal.message != PEER_UNREACHABLE:
            raise
        # nothing is modified here, so nothing may say that it cannot be
        name = SITES.get(service.site.db, site_id)["name"]
        raise RequestRefused(
            "peer-unreachable", f"{name} does not answer"
        ) from refusal
