"""The metadata document of a group, which both sites share."""

import hashlib
import json
from typing import Any

Doc = dict[str, Any]

#: a policy's write-only fields; in a document each is sealed for the pair
TOKENS = ("primary_fa_api_token", "secondary_fa_api_token")
#: the secrets of the members, sealed, under the digests that stand for them
SEALED = "sealed"
#: facts of a moment: no change of the document, and not in its checksum
MOMENTARY = ("power_state", "power_state_at", "locked")


def new_document(
    *,
    group_id: str,
    name: str,
    description: str,
    replication_type: str,
    volume_type: str,
    primary_site_id: str,
    secondary_site_id: str,
) -> Doc:
    """Create the document of a group without members and policy."""
    return {
        "id": group_id,
        "name": name,
        "description": description,
        "status": "active",
        "replication_type": replication_type,
        "volume_type": volume_type,
        "primary_site_id": primary_site_id,
        "secondary_site_id": secondary_site_id,
        "current_primary_site_id": primary_site_id,
        "failover_count": 0,
        "version": 1,
        "network_mapping": {},
        "flavor_mapping": {},
        "policy": None,
        "members": [],
        "tests": [],
        "operation": None,
        "deleted": False,
    }


def without_secrets(doc: Doc) -> Doc:
    """Return the document with fingerprints in the place of secrets."""
    shown = {key: value for key, value in doc.items() if key != SEALED}
    policy = doc.get("policy")
    if policy is None:
        return shown
    clean = {field: _fingerprint(policy[field]) for field in TOKENS}
    return {**shown, "policy": {**policy, **clean}}


def _fingerprint(token: Doc | None) -> Doc | None:
    if token is None:
        return None
    return {key: value for key, value in token.items() if key != "sealed"}


def sealed_token(doc: Doc, site_id: str) -> str | None:
    """Return the sealed API token of a site's array; None without a policy."""
    policy = doc["policy"]
    if policy is None:
        return None
    first = site_id == doc["primary_site_id"]
    field = TOKENS[0] if first else TOKENS[1]
    return str(policy[field]["sealed"])


def checksum(doc: Doc) -> str:
    """Return the SHA-256 of the canonical JSON, in which a fingerprint stands
    for each sealed secret: sealing differs each time."""
    text = canonical(lasting(without_secrets(doc)))
    return hashlib.sha256(text.encode()).hexdigest()


def canonical(value: Any) -> str:
    """Return the one JSON that checksums are of."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )


def lasting(doc: Doc) -> Doc:
    """Return the document without the facts of a moment."""
    members = [lasting_member(member) for member in doc["members"]]
    return {**doc, "members": members}


def lasting_member(member: Doc) -> Doc:
    """Return a member without the facts of a moment."""
    sites = {}
    for site_id, held in member["sites"].items():
        if "attributes" in held:
            kept = {
                key: value
                for key, value in held["attributes"].items()
                if key not in MOMENTARY
            }
            held = {**held, "attributes": kept}
        sites[site_id] = held
    return {**member, "sites": sites}


def peer_of(doc: Doc, site_id: str) -> str:
    """Return the id of the other site of the pair."""
    first = str(doc["primary_site_id"])
    second = str(doc["secondary_site_id"])
    return second if site_id == first else first


def entry(member: dict[str, Any], site_id: str) -> dict[str, Any] | None:
    """Return what a member has, or had, at a site."""
    found: dict[str, Any] | None = member["sites"].get(site_id)
    return found


def current_entries(doc: Doc) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Return each member with what it has at the current primary.

    A member that a partial failover could not rebuild has nothing there.
    """
    here = doc["current_primary_site_id"]
    pairs = ((member, entry(member, here)) for member in doc["members"])
    return [(member, found) for member, found in pairs if found is not None]


def current_array_names(doc: Doc) -> tuple[str, ...]:
    """Return the names of the array volumes that the group replicates."""
    return tuple(
        name
        for _, found in current_entries(doc)
        for name in array_names(found)
    )


def array_names(found: Doc) -> tuple[str, ...]:
    """Return the names of the array volumes of a member at a site."""
    names = (volume.get("array_name") for volume in found["volumes"])
    return tuple([name for name in names if name])
