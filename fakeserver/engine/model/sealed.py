"""Secrets of members in the metadata document.

User data and the values of some properties are secrets. In the place of each
stands a digest; the secret itself is in ``sealed`` of the document, under
that digest, encrypted for the pair and bound to the group. What two sites or
two members share is there once.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from fakeserver.base.masking import is_secret_property
from fakeserver.base.vault import Unreadable, Vault
from fakeserver.engine.model import attributes
from fakeserver.engine.model.document import SEALED, Doc


class Reference(NamedTuple):
    """A digest in the document that stands for a secret."""

    #: the field of the document, for messages
    field: str
    digest: str
    is_user_data: bool


def hide(
    doc: Doc, vault: Vault, held: dict[str, Any], user_data: str | None
) -> None:
    """Move the secrets of what a member has at a site into the document."""
    known = doc.setdefault(SEALED, {})
    for found in _properties(held):
        for key, value in found.items():
            if isinstance(value, str) and is_secret_property(key):
                mark = vault.fingerprint(value, doc["id"])
                known.setdefault(mark, vault.encrypt(value, doc["id"]))
                found[key] = {"fingerprint": mark}
    if user_data is not None:
        shown = held["attributes"]["user_data"]
        known.setdefault(shown["sha256"], vault.encrypt(user_data, doc["id"]))


def shown_properties(found: dict[str, Any], hidden: str) -> dict[str, Any]:
    """Return properties with a mask in the place of each secret."""
    return {
        key: value if isinstance(value, str) else hidden
        for key, value in found.items()
    }


def open_properties(
    doc: Doc, vault: Vault, found: dict[str, Any]
) -> dict[str, str]:
    """Return properties with their secrets."""
    return {
        key: value
        if isinstance(value, str)
        else vault.decrypt(doc[SEALED][value["fingerprint"]], doc["id"])
        for key, value in found.items()
    }


def open_user_data(doc: Doc, vault: Vault, held: dict[str, Any]) -> str | None:
    """Return the user data that an instance is created with, in base64."""
    shown = held.get("user_data")
    if not shown:
        return None
    return vault.decrypt(doc[SEALED][shown["sha256"]], doc["id"])


def prune(doc: Doc) -> None:
    """Remove the secrets that no member has any more."""
    if SEALED in doc:
        used = {one.digest for one in references(doc)}
        doc[SEALED] = {
            digest: kept
            for digest, kept in doc[SEALED].items()
            if digest in used
        }


def check(doc: Doc, own: Doc | None, vault: Vault) -> str | None:
    """Return the field of the first secret that cannot be read.

    A secret that an export has left out is this site's own, where it has
    one of that digest.
    """
    kept = (own or {}).get(SEALED) or {}
    given = doc.get(SEALED) or {}
    wanted = list(references(doc))
    if wanted:
        given = doc.setdefault(SEALED, {})
    for field, digest, is_user_data in wanted:
        if digest not in given and digest in kept:
            given[digest] = kept[digest]
        try:
            clear = vault.decrypt(given[digest], doc["id"])
        except (Unreadable, KeyError):
            return field
        if digest != _digest(vault, doc, clear, is_user_data):
            return field
    return None


def _digest(vault: Vault, doc: Doc, clear: str, is_user_data: bool) -> str:
    if is_user_data:
        return str((attributes.digest(clear) or {}).get("sha256"))
    return vault.fingerprint(clear, doc["id"])


def references(doc: Doc) -> Iterator[Reference]:
    """Return each place of the document where a digest stands."""
    for n, member in enumerate(doc["members"]):
        for held in member["sites"].values():
            shown = held.get("attributes", {}).get("user_data")
            if shown:
                field = f"members[{n}].user_data"
                yield Reference(field, shown["sha256"], True)
            for found in _properties(held):
                for key, value in found.items():
                    if not isinstance(value, str):
                        field = f"members[{n}].properties.{key}"
                        yield Reference(field, value["fingerprint"], False)


def _properties(held: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Return the properties of an instance and of each of its volumes."""
    for one in (held.get("attributes", {}), *held["volumes"]):
        if one.get("properties"):
            yield one["properties"]
