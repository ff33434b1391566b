"""Kinds of tampering with a directory of reports, as a table.

Each row changes a directory of four signed reports, of which the second has
two attestations. ``doc/source/user/evidence.rst`` has the same rows.
"""

from __future__ import annotations

import json
import pathlib
import shutil
from collections.abc import Callable, Iterator
from typing import Any

from protectorclient.evidence.manifest import sha256

#: The four reports, in order.
Reports = list[pathlib.Path]
Tampering = Callable[[Reports], object]

FOUND: dict[str, Tampering] = {}
#: Found where the head is given, or the public key; not without.
FOUND_WITH_HEAD: dict[str, Tampering] = {}
#: Found by nobody who has only the directory and the head.
NOT_FOUND: dict[str, Tampering] = {}


def row(
    name: str, table: dict[str, Tampering] = FOUND
) -> Callable[[Tampering], Tampering]:
    def add(change: Tampering) -> Tampering:
        assert name not in table
        table[name] = change
        return change

    return add


def edit(path: pathlib.Path, **fields: Any) -> None:
    """Change fields of a JSON file, in the form that it has."""
    data = {**json.loads(path.read_bytes()), **fields}
    path.write_text(json.dumps(data, indent=2) + "\n")


def exchange(one: pathlib.Path, other: pathlib.Path) -> None:
    aside = one.with_name("aside")
    one.rename(aside)
    other.rename(one)
    aside.rename(other)


def renew(report: pathlib.Path, **fields: Any) -> None:
    """Make the manifest fit the files of a report again."""
    path = report / "manifest.json"
    held = json.loads(path.read_bytes())
    for one in held["files"]:
        data = (report / one["name"]).read_bytes()
        one.update(sha256=sha256(data), bytes=len(data))
    edit(path, files=held["files"], **fields)


def lie(report: pathlib.Path) -> None:
    data = report / "drill.json"
    data.write_text(data.read_text().replace("900.0", "9000.0"))


def relink(reports: Reports, **fields: Any) -> None:
    """Make the chain fit again, from the first report on."""
    before = None
    for report in reports:
        renew(report, previous=before, **fields)
        manifest = (report / "manifest.json").read_bytes()
        before = {"folder": report.name, "sha256": sha256(manifest)}


def unsign(report: pathlib.Path) -> None:
    edit(report / "manifest.json", signing_key=None)
    (report / "manifest.sig").unlink()
    for path in report.glob("attestation-*"):
        path.unlink()


# -- files of a report


@row("a byte of drill.json is changed")
def _(reports: Reports) -> None:
    path = reports[1] / "drill.json"
    path.write_bytes(path.read_bytes()[:-2] + b" \n")


@row("a figure in drill.json is changed")
def _(reports: Reports) -> None:
    lie(reports[3])


@row("the verdict on drill.html is changed")
def _(reports: Reports) -> None:
    path = reports[1] / "drill.html"
    path.write_text(path.read_text().replace("Passed", "Failed"))


@row("drill.junit.xml is changed")
def _(reports: Reports) -> None:
    with (reports[0] / "drill.junit.xml").open("a") as stream:
        stream.write("<!-- -->")


@row("a file is removed")
def _(reports: Reports) -> None:
    (reports[1] / "drill.html").unlink()


@row("a file is emptied")
def _(reports: Reports) -> None:
    (reports[1] / "drill.html").write_text("")


@row("a file is renamed")
def _(reports: Reports) -> None:
    path = reports[1] / "drill.html"
    path.rename(path.with_name("old.html"))


@row("the ends of the lines of a file are changed")
def _(reports: Reports) -> None:
    path = reports[1] / "drill.json"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))


@row("a file is a link to an equal one")
def _(reports: Reports) -> None:
    path = reports[1] / "drill.html"
    away = reports[1].parent.parent / "copy.html"
    path.rename(away)
    path.symlink_to(away)


@row("a file is a folder")
def _(reports: Reports) -> None:
    path = reports[1] / "drill.html"
    path.unlink()
    path.mkdir()


@row("a file is added to a report")
def _(reports: Reports) -> None:
    (reports[1] / "drill.pdf").write_text("x")


@row("a hidden file is added to a report")
def _(reports: Reports) -> None:
    (reports[1] / ".drill.html").write_text("x")


@row("two files of a report are swapped")
def _(reports: Reports) -> None:
    exchange(reports[1] / "drill.json", reports[1] / "drill.html")


@row("a file is swapped with that of another report")
def _(reports: Reports) -> None:
    exchange(reports[1] / "drill.json", reports[2] / "drill.json")


# -- manifests


@row("the manifest is removed")
def _(reports: Reports) -> None:
    (reports[1] / "manifest.json").unlink()


@row("the manifest is no JSON")
def _(reports: Reports) -> None:
    (reports[1] / "manifest.json").write_text("{")


@row("a key of the manifest is there twice")
def _(reports: Reports) -> None:
    path = reports[3] / "manifest.json"
    path.write_text(path.read_text().replace("{", '{"number": 4,', 1))


@row("the manifest names a file outside of its report")
def _(reports: Reports) -> None:
    path = reports[3] / "manifest.json"
    path.write_text(path.read_text().replace("drill.html", "../x.html"))


@row("an operation in the manifest is changed")
def _(reports: Reports) -> None:
    path = reports[3] / "manifest.json"
    path.write_text(path.read_text().replace("req-test", "req-best"))


@row("who wrote the report is changed in the manifest")
def _(reports: Reports) -> None:
    edit(reports[1] / "manifest.json", written_by="another@machine")


@row("a file and its hash in the manifest are changed")
def _(reports: Reports) -> None:
    lie(reports[1])
    renew(reports[1])


@row("a file, the manifest and all later ones are changed")
def _(reports: Reports) -> None:
    lie(reports[1])
    relink(reports)


# -- signatures


@row("the signature is removed")
def _(reports: Reports) -> None:
    (reports[3] / "manifest.sig").unlink()


@row("the signature is changed")
def _(reports: Reports) -> None:
    path = reports[3] / "manifest.sig"
    path.write_bytes(path.read_bytes()[::-1])


@row("the signature is cut")
def _(reports: Reports) -> None:
    path = reports[3] / "manifest.sig"
    path.write_bytes(path.read_bytes()[:-1])


@row("the signature is that of another report")
def _(reports: Reports) -> None:
    shutil.copy(reports[2] / "manifest.sig", reports[3] / "manifest.sig")


@row("a report in the middle loses its signature and its key")
def _(reports: Reports) -> None:
    unsign(reports[1])


@row("the newest report loses its signature and its key", FOUND_WITH_HEAD)
def _(reports: Reports) -> None:
    unsign(reports[3])


@row("the newest report loses them, and is changed", FOUND_WITH_HEAD)
def _(reports: Reports) -> None:
    unsign(reports[3])
    lie(reports[3])
    renew(reports[3])


@row("all signatures are removed, and all is changed", FOUND_WITH_HEAD)
def _(reports: Reports) -> None:
    for one in reports:
        unsign(one)
    lie(reports[1])
    relink(reports)


# -- the chain


@row("a report in the middle is removed")
def _(reports: Reports) -> None:
    shutil.rmtree(reports[1])


@row("the first report is removed")
def _(reports: Reports) -> None:
    shutil.rmtree(reports[0])


@row("a report is renamed")
def _(reports: Reports) -> None:
    reports[3].rename(reports[3].with_name("20200101T000000Z-x-y"))


@row("two reports are swapped")
def _(reports: Reports) -> None:
    exchange(reports[1], reports[2])


@row("a report is there twice")
def _(reports: Reports) -> None:
    shutil.copytree(reports[1], reports[1].with_name("copy"))


@row("a forged report is inserted after another one")
def _(reports: Reports) -> None:
    forged = reports[1].with_name("20260305T000000Z-forged-x")
    shutil.copytree(reports[2], forged)
    lie(forged)
    unsign(forged)
    renew(forged, folder=forged.name)


@row("a forged first report is inserted")
def _(reports: Reports) -> None:
    forged = reports[1].with_name("20250101T000000Z-forged-x")
    shutil.copytree(reports[0], forged)
    unsign(forged)
    renew(forged, folder=forged.name)


@row("a folder without a manifest is inserted")
def _(reports: Reports) -> None:
    forged = reports[1].with_name("20260305T000000Z-forged-x")
    forged.mkdir()
    shutil.copy(reports[1] / "drill.html", forged)


@row("a report is a link to an equal one")
def _(reports: Reports) -> None:
    away = reports[1].parent.parent / "copy"
    reports[1].rename(away)
    reports[1].symlink_to(away)


@row("the newest report is removed", FOUND_WITH_HEAD)
def _(reports: Reports) -> None:
    shutil.rmtree(reports[3])


@row("the two newest reports are removed", FOUND_WITH_HEAD)
def _(reports: Reports) -> None:
    shutil.rmtree(reports[2])
    shutil.rmtree(reports[3])


@row("all reports are removed", FOUND_WITH_HEAD)
def _(reports: Reports) -> None:
    for one in reports:
        shutil.rmtree(one)


# -- attestations


@row("the result of an attestation is changed")
def _(reports: Reports) -> None:
    edit(reports[1] / "attestation-1.json", result="fail")


@row("the note of the last attestation is changed")
def _(reports: Reports) -> None:
    edit(reports[1] / "attestation-2.json", note="all was well")


@row("the signature of an attestation is removed")
def _(reports: Reports) -> None:
    (reports[1] / "attestation-2.sig").unlink()


@row("an attestation is removed, and a later one is there")
def _(reports: Reports) -> None:
    for name in ("json", "sig"):
        (reports[1] / f"attestation-1.{name}").unlink()


@row("two attestations are swapped")
def _(reports: Reports) -> None:
    for name in ("json", "sig"):
        exchange(
            reports[1] / f"attestation-1.{name}",
            reports[1] / f"attestation-2.{name}",
        )


@row("an attestation is copied to another report")
def _(reports: Reports) -> None:
    for path in reports[1].glob("attestation-1.*"):
        shutil.copy(path, reports[2])


@row("the last attestation is removed", NOT_FOUND)
def _(reports: Reports) -> None:
    for name in ("json", "sig"):
        (reports[1] / f"attestation-2.{name}").unlink()


@row("all attestations are removed", NOT_FOUND)
def _(reports: Reports) -> None:
    for path in list(reports[1].glob("attestation-*")):
        path.unlink()


def names() -> Iterator[str]:
    """Yield the names of all rows."""
    yield from (*FOUND, *FOUND_WITH_HEAD, *NOT_FOUND)
