"""Write the report of a record: its files, its manifest, its signature."""

from __future__ import annotations

import dataclasses
import datetime
import os
import pathlib
from typing import TYPE_CHECKING

from protectorclient import user_paths
from protectorclient.evidence import (
    document,
    folder,
    judge,
    junit,
    manifest,
    names,
)
from protectorclient.evidence.problem import EvidenceProblem, ExtraMissing
from protectorclient.evidence.record import Record

if TYPE_CHECKING:
    from protectorclient.evidence.signing.keys import Signer


@dataclasses.dataclass(frozen=True)
class Report:
    """A report that was written."""

    #: The folder.
    path: pathlib.Path
    #: The record with all that follows from it.
    record: Record
    #: The hash of its manifest, to be kept elsewhere: with it
    #: ``evidence verify --head`` finds a report that was cut off.
    head: str
    is_signed: bool = False
    #: What could not be written, a sentence each.
    warnings: tuple[str, ...] = ()


def write(
    record: Record,
    directory: str | os.PathLike[str],
    *,
    signer: Signer | None = None,
    values: bool = True,
    now: datetime.datetime | None = None,
) -> Report:
    """Write the report of a record into a new folder of a directory.

    :param directory: of all reports; it is made where it is not there.
    :param signer: signs the manifest.
    :param values: whether values of attributes are written.
    :param now: when it is written; the record may be older.
    :raises EvidenceProblem: it cannot be written; then nothing is.
    """
    if not values:
        record = document.without_values(record)
    record = judge.judged(record)
    where = pathlib.Path(directory)
    files, warnings = render(record)
    folder.prepare(where)
    with folder.locked(where):
        name = folder.free_name(
            where, folder.name_of(record.began_at, record.name, record.id)
        )
        made = manifest.make(
            record,
            name,
            files,
            before=manifest.newest(where),
            at=now or datetime.datetime.now(datetime.UTC),
            by=user_paths.who(),
            key=signer.public if signer else None,
        )
        every = {**files, names.MANIFEST: made}
        if signer is not None:
            every[names.SIGNATURE] = signer.sign(made)
        path = folder.place(where, name, every)
    return Report(
        path, record, manifest.sha256(made), signer is not None, warnings
    )


def render(record: Record) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """Return the files of a judged record, and why one is missing."""
    files = {
        names.DATA: document.text(record).encode("ascii"),
        names.JUNIT: junit.text(record).encode("utf-8"),
    }
    try:
        from protectorclient.evidence.html import page
    except ImportError:
        missing = ExtraMissing(names.PAGE, "Jinja2")
        return files, (f"{missing.message}; the other files are written",)
    files[names.PAGE] = page.text(record).encode("utf-8")
    return files, ()


__all__ = ["EvidenceProblem", "Report", "render", "write"]
