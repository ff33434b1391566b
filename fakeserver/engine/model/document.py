"""The site-neutral document of a group: checksum, views, changes to it."""

import hashlib
import json
from typing import Any

Doc = dict[str, Any]

#: a policy's write-only fields; in a document each is sealed for the pair
TOKENS = ("primary_fa_api_token", "secondary_fa_api_token")


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
    """A group that has no member and no policy yet."""
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
    """The document as a person may read it: fingerprints, no secrets."""
    policy = doc.get("policy")
    if policy is None:
        return doc
    clean = {field: _fingerprint(policy[field]) for field in TOKENS}
    return {**doc, "policy": {**policy, **clean}}


def _fingerprint(token: Doc | None) -> Doc | None:
    if token is None:
        return None
    return {key: value for key, value in token.items() if key != "sealed"}


def sealed_token(doc: Doc, site_id: str) -> str | None:
    """The API token of that site's array, sealed; None without a policy."""
    policy = doc["policy"]
    if policy is None:
        return None
    first = site_id == doc["primary_site_id"]
    field = TOKENS[0] if first else TOKENS[1]
    return str(policy[field]["sealed"])


def checksum(doc: Doc) -> str:
    """SHA-256 of the canonical JSON. A sealed secret differs at every
    sealing, so its fingerprint stands for it."""
    text = json.dumps(
        without_secrets(doc),
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
    )
    return hashlib.sha256(text.encode()).hexdigest()


def peer_of(doc: Doc, site_id: str) -> str:
    """The other site of the group's pair."""
    first = str(doc["primary_site_id"])
    second = str(doc["secondary_site_id"])
    return second if site_id == first else first


def entry(member: dict[str, Any], site_id: str) -> dict[str, Any] | None:
    """What a member has, or had, at a site."""
    found: dict[str, Any] | None = member["sites"].get(site_id)
    return found


def current_entries(doc: Doc) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Each member with what it has at the current primary.

    A member that a partial failover could not rebuild has nothing there.
    """
    here = doc["current_primary_site_id"]
    pairs = ((member, entry(member, here)) for member in doc["members"])
    return [(member, found) for member, found in pairs if found is not None]


def current_array_names(doc: Doc) -> tuple[str, ...]:
    """The array volumes that the group's replication has to carry."""
    return tuple(
        volume["array_name"]
        for _, found in current_entries(doc)
        for volume in found["volumes"]
        if volume.get("array_name")
    )
