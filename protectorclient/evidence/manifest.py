"""The manifest of a report: what belongs to it, and what was before it.

``manifest.json`` names each file of the report with its SHA-256, the
operations and requests of both sites, and the hash of the manifest before
it, so that the reports of a directory are a chain. ``manifest.sig`` is a
signature of its bytes.
"""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import json
import pathlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from protectorclient.evidence import names
from protectorclient.evidence.document import moment
from protectorclient.evidence.record import Record

if TYPE_CHECKING:
    from protectorclient.evidence.signing.keys import PublicKey

FORMAT = 1
#: No manifest of ours is longer, in bytes.
LONGEST = 16 * 1024 * 1024


@dataclasses.dataclass(frozen=True)
class Link:
    """A report in the chain of a directory, by its manifest."""

    folder: str
    #: Of the manifest's bytes.
    sha256: str
    #: From 1 on.
    number: int


class Unreadable(Exception):
    """A manifest that is none."""


def sha256(data: bytes) -> str:
    """Return the SHA-256 of some bytes, in hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def make(
    record: Record,
    folder: str,
    files: Mapping[str, bytes],
    *,
    before: Link | None,
    at: datetime.datetime,
    by: str,
    key: PublicKey | None,
) -> bytes:
    """Return the manifest of a report.

    :param folder: the name of its folder.
    :param before: the report before it; None for the first.
    :param key: the public key that it is signed for.
    """
    found = {
        "format": FORMAT,
        "number": before.number + 1 if before else 1,
        "folder": folder,
        "kind": record.kind.value,
        "id": record.id,
        "name": record.name,
        "verdict": record.verdict.value,
        "written_at": moment(at),
        "written_by": by,
        "previous": {"folder": before.folder, "sha256": before.sha256}
        if before
        else None,
        "signing_key": {
            "algorithm": "ed25519",
            "sha256": key.sha256,
            "pem": key.pem,
        }
        if key
        else None,
        "files": [
            {"name": name, "sha256": sha256(data), "bytes": len(data)}
            for name, data in sorted(files.items())
        ],
        "operations": [
            {
                "protection_group": group.id,
                "type": one.type,
                "id": one.id,
                "request_id": one.request_id,
                "site": one.site,
            }
            for group in record.groups
            for one in group.operations
        ],
    }
    return (json.dumps(found, indent=2) + "\n").encode("ascii")


def parse(data: bytes) -> dict[str, Any]:
    """Read a manifest, or an attestation; no key may be there twice.

    :raises Unreadable: it is none.
    """

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise Unreadable("a key is there twice")
        return found

    try:
        found = json.loads(data, object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        raise Unreadable("it is not JSON") from error
    if not isinstance(found, dict):
        raise Unreadable("it is not a JSON object")
    return found


def links(directory: pathlib.Path) -> list[Link]:
    """Return the reports of a directory that have a manifest."""
    found = []
    for path in sorted(directory.glob(f"*/{names.MANIFEST}")):
        try:
            if path.is_symlink() or not path.is_file():
                continue
            if path.stat().st_size > LONGEST:
                continue
            data = path.read_bytes()
            number = parse(data).get("number")
        except (OSError, Unreadable):
            continue
        if isinstance(number, int):
            found.append(Link(path.parent.name, sha256(data), number))
    return found


def newest(directory: pathlib.Path) -> Link | None:
    """Return the report that the next one follows."""
    return max(
        links(directory),
        key=lambda one: (one.number, one.folder),
        default=None,
    )
