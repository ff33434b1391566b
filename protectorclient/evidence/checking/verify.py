"""Check the reports of a directory, and that they are one chain."""

from __future__ import annotations

import collections
import os
import pathlib
import re
from collections.abc import Collection, Iterator, Sequence

from protectorclient.evidence import folder
from protectorclient.evidence import names as files
from protectorclient.evidence.checking import one_report
from protectorclient.evidence.checking.findings import Finding, Result
from protectorclient.evidence.checking.one_report import OneReport
from protectorclient.evidence.problem import INSTALL, EvidenceProblem


def verify(
    directory: str | os.PathLike[str],
    *,
    head: str | None = None,
    public_keys: Sequence[str] = (),
) -> Result:
    """Check a directory, or one report; see `protectorclient.evidence`."""
    path = pathlib.Path(directory)
    if head is not None and not re.fullmatch(r"[0-9a-fA-F]{64}", head):
        raise EvidenceProblem(
            f"'{head[:80]}' is not the hash of a report: it has 64"
            " hexadecimal digits"
        )
    allowed = _allowed(public_keys)
    if not path.is_dir():
        raise EvidenceProblem(f"there is no directory {path}")
    if (path / files.MANIFEST).is_file():
        return _single(path, head, allowed)
    return _directory(path, head and head.lower(), allowed)


def _allowed(public_keys: Sequence[str]) -> set[str] | None:
    if not public_keys:
        return None
    from protectorclient.evidence.signing import keys

    return {keys.load_public(one).sha256 for one in public_keys}


def _single(
    path: pathlib.Path, head: str | None, allowed: Collection[str] | None
) -> Result:
    found = one_report.look(path, allowed)
    findings = list(found.findings)
    if head is not None and head.lower() != found.sha256:
        findings.append(
            Finding(found.name, files.MANIFEST, "head", _NOT_THE_HEAD)
        )
    notes = [
        "only this report was checked: name the directory of all reports to"
        " check that none is missing"
    ]
    return _result(findings, [found], found.sha256, notes)


_NOT_THE_HEAD = "its hash is not the one that was given"


def _directory(
    path: pathlib.Path, head: str | None, allowed: Collection[str] | None
) -> Result:
    names, findings, notes = _entries(path)
    if not names and head is None and not findings:
        raise EvidenceProblem(f"there is no report in {path}")
    reports = [one_report.look(path / name, allowed) for name in names]
    findings += [found for one in reports for found in one.findings]
    findings += _chain(reports)
    last = _last(reports)
    if head is not None and head not in {one.sha256 for one in reports}:
        findings.append(
            Finding(
                "",
                "",
                "head",
                "no report has the hash that was given: the newest reports"
                " are missing, or that one was altered",
            )
        )
    return _result(findings, reports, last.sha256 if last else None, notes)


def _result(
    findings: Sequence[Finding],
    reports: Sequence[OneReport],
    head: str | None,
    notes: Sequence[str],
) -> Result:
    keys = collections.Counter(
        key
        for one in reports
        for key in (one.signed_by, *one.attested_by)
        if key is not None
    )
    unchecked = sum(one.unchecked for one in reports)
    more = []
    if unchecked:
        more.append(
            f"{unchecked} signatures were not checked: cryptography is not"
            f" installed: {INSTALL}"
        )
    return Result(
        tuple(findings),
        len(reports),
        head or None,
        dict(keys),
        (*notes, *more),
    )


def _entries(
    path: pathlib.Path,
) -> tuple[list[str], list[Finding], list[str]]:
    """Return the reports of a directory, and what is none."""
    names: list[str] = []
    findings: list[Finding] = []
    notes: list[str] = []
    try:
        entries = sorted(os.scandir(path), key=lambda one: one.name)
    except OSError as error:
        raise EvidenceProblem(
            f"{path} cannot be read: {error.strerror}"
        ) from error
    for entry in entries:
        if entry.name.startswith(folder.UNFINISHED):
            notes.append(
                f"{entry.name} was never finished, and can be removed"
            )
        elif entry.is_symlink():
            findings.append(
                Finding(entry.name, "", "inserted", "it is a link")
            )
        elif entry.is_dir() and (
            folder.DATED.match(entry.name)
            or os.path.lexists(path / entry.name / files.MANIFEST)
        ):
            names.append(entry.name)
        elif entry.name not in (folder.LOCK, *_BESIDE):
            notes.append(f"{entry.name} belongs to no report")
    return names, findings, notes


#: Files that other commands write beside the reports.
_BESIDE = ("history.html",)


def _chain(reports: Sequence[OneReport]) -> Iterator[Finding]:
    """Find what is missing between the reports, or too many."""
    known = {one.sha256: one for one in reports if one.manifest is not None}
    named = {one.name: one for one in reports}
    followers: dict[str | None, list[OneReport]] = {}
    for one in reports:
        if one.manifest is None:
            continue
        before = one.manifest["previous"]
        key = before["sha256"] if before else None
        followers.setdefault(key, []).append(one)
        if before is None:
            if one.manifest["number"] != 1:
                yield Finding(
                    one.name, "", "missing", "the report before it is missing"
                )
            continue
        found = known.get(before["sha256"])
        if found is None:
            altered = before["folder"] in named
            yield Finding(
                before["folder"],
                "",
                "altered" if altered else "missing",
                f"it is not the report that {one.name} follows: it was"
                " altered or exchanged since"
                if altered
                else f"it is missing, and {one.name} follows it",
            )
        elif found.manifest and (
            one.manifest["number"] != found.manifest["number"] + 1
        ):
            yield Finding(
                one.name,
                "",
                "order",
                f"its number does not follow {found.name}",
            )
    for key, several in followers.items():
        if len(several) > 1:
            names = " and ".join(one.name for one in several)
            what = known[key].name if key in known else "the beginning"
            yield Finding(
                several[-1].name,
                "",
                "inserted",
                f"{names} both follow {what}: one was inserted",
            )


def _last(reports: Sequence[OneReport]) -> OneReport | None:
    return max(
        (one for one in reports if one.manifest is not None),
        key=lambda one: (one.manifest or {})["number"],
        default=None,
    )
