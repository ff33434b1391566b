"""Compare one report with its manifest, and check its signatures."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import pathlib
import re
import stat
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from protectorclient.evidence import manifest, names
from protectorclient.evidence.checking.findings import Finding
from protectorclient.evidence.problem import EvidenceProblem, ExtraMissing
from protectorclient.evidence.record import RESULTS

_HASH = re.compile(r"[0-9a-f]{64}")
#: What a manifest has to have, and of which type.
_FIELDS: Mapping[str, type | tuple[type, ...]] = {
    "format": int,
    "number": int,
    "folder": str,
    "id": str,
    "name": str,
    "kind": str,
    "verdict": str,
    "files": list,
    "operations": list,
    "previous": (dict, type(None)),
    "signing_key": (dict, type(None)),
}


@dataclasses.dataclass
class OneReport:
    """A report, and what is wrong with it."""

    name: str
    findings: list[Finding] = dataclasses.field(default_factory=list)
    #: None where it cannot be read.
    manifest: dict[str, Any] | None = None
    #: Of the manifest's bytes.
    sha256: str = ""
    #: The hashes of the attestations, in order.
    attestations: list[str] = dataclasses.field(default_factory=list)
    #: The fingerprints of the keys that attest.
    attested_by: list[str] = dataclasses.field(default_factory=list)
    #: The fingerprint of the key that has signed.
    signed_by: str | None = None
    #: Signatures that could not be checked here.
    unchecked: int = 0


def look(
    path: pathlib.Path, allowed: Collection[str] | None = None
) -> OneReport:
    """Check one report.

    :param allowed: the fingerprints of the only keys that may have signed;
        None for any.
    :raises EvidenceProblem: it cannot be read.
    """
    try:
        return _Look(path, allowed).all()
    except OSError as error:
        raise EvidenceProblem(
            f"{path} cannot be read: {error.strerror}"
        ) from error


class _Look:
    def __init__(
        self, path: pathlib.Path, allowed: Collection[str] | None
    ) -> None:
        self._path, self._allowed = path, allowed
        self._found = OneReport(path.resolve().name)

    def _add(self, file: str, kind: str, message: str) -> None:
        self._found.findings.append(
            Finding(self._found.name, file, kind, message)
        )

    def all(self) -> OneReport:
        data = self._read(names.MANIFEST)
        if data is None:
            return self._found
        self._found.sha256 = manifest.sha256(data)
        try:
            held = manifest.parse(data)
            _check_form(held)
        except manifest.Unreadable as error:
            self._add(names.MANIFEST, "altered", f"{error}")
            return self._found
        self._found.manifest = held
        if held["folder"] != self._found.name:
            self._add(
                "",
                "renamed",
                f"its manifest is that of {held['folder']}: it was renamed,"
                " copied or swapped",
            )
        known = {
            names.MANIFEST,
            names.SIGNATURE,
            *(one["name"] for one in held["files"]),
        }
        for one in held["files"]:
            self._file(one)
        self._strangers(known)
        self._same_record(held)
        self._signature(held, data)
        self._attestations()
        return self._found

    # -- files

    def _file(self, one: Mapping[str, Any]) -> None:
        path = self._path / one["name"]
        digest = hashlib.sha256()
        try:
            with _opened(path) as stream:
                while chunk := stream.read(1 << 20):
                    digest.update(chunk)
        except FileNotFoundError:
            self._add(one["name"], "missing", "it is missing")
            return
        except _NoFile as error:
            self._add(one["name"], "altered", str(error))
            return
        if digest.hexdigest() != one["sha256"]:
            self._add(
                one["name"], "altered", "it is not the file that was written"
            )

    def _strangers(self, known: Collection[str]) -> None:
        """Find what the manifest does not name."""
        for name in sorted(os.listdir(self._path)):
            if name in known:
                continue
            if names.ATTESTATION.fullmatch(name):
                continue
            self._add(name, "inserted", "the manifest does not name it")

    def _same_record(self, held: Mapping[str, Any]) -> None:
        """Compare the manifest with the data that it is of."""
        files = {one["name"] for one in held["files"]}
        if names.DATA not in files:
            self._add(names.DATA, "missing", "the manifest does not name it")
            return
        if self._found.findings:
            return
        data = self._read(names.DATA)
        try:
            record = json.loads(data or b"")
            operations = [
                [one["id"], one["request_id"], one["site"]]
                for group in record["groups"]
                for one in group["operations"]
            ]
            said = [record[key] for key in _SAME]
        except (ValueError, KeyError, TypeError, RecursionError):
            self._add(names.DATA, "altered", "it is no report of this tool")
            return
        if said != [held[key] for key in _SAME] or operations != [
            [one.get("id"), one.get("request_id"), one.get("site")]
            for one in held["operations"]
        ]:
            self._add(
                names.MANIFEST,
                "altered",
                "it is not the manifest of drill.json",
            )

    def _read(self, name: str) -> bytes | None:
        """Read a file of the report; None with a finding where that fails."""
        path = self._path / name
        try:
            with _opened(path) as stream:
                data: bytes = stream.read(manifest.LONGEST + 1)
        except FileNotFoundError:
            self._add(name, "missing", "it is missing")
            return None
        except _NoFile as error:
            self._add(name, "altered", str(error))
            return None
        if len(data) > manifest.LONGEST:
            self._add(name, "altered", "it is too long")
            return None
        return data

    # -- signatures

    def _signature(self, held: Mapping[str, Any], data: bytes) -> None:
        there = os.path.lexists(self._path / names.SIGNATURE)
        key = held["signing_key"]
        if key is None:
            if there:
                self._add(
                    names.SIGNATURE,
                    "inserted",
                    "the report was not signed when it was written",
                )
            elif self._allowed is not None:
                self._add("", "unsigned", "it is not signed")
            return
        signature = self._read(names.SIGNATURE)
        if signature is not None and self._is_by(
            key, signature, data, names.SIGNATURE
        ):
            self._found.signed_by = key["sha256"]

    def _is_by(
        self, key: Any, signature: bytes, data: bytes, file: str
    ) -> bool:
        """Return whether a signature is good; add what is wrong with it."""
        from protectorclient.evidence.signing import keys

        try:
            keys.need_cryptography()
        except ExtraMissing:
            self._found.unchecked += 1
            return False
        try:
            public = keys.PublicKey(str(key["pem"]))
            fingerprint = public.sha256
        except (EvidenceProblem, KeyError, TypeError, ValueError):
            self._add(file, "signature", "its public key cannot be read")
            return False
        if fingerprint != key.get("sha256"):
            self._add(file, "signature", "its public key is another one")
            return False
        if self._allowed is not None and fingerprint not in self._allowed:
            self._add(
                file,
                "signature",
                f"it is by another key, whose SHA-256 is {fingerprint}",
            )
            return False
        if not public.fits(signature, data):
            self._add(file, "signature", "the signature does not fit")
            return False
        return True

    def _attestations(self) -> None:
        numbers = sorted(
            {
                int(found[1])
                for name in os.listdir(self._path)
                if (found := names.ATTESTATION.fullmatch(name))
            }
        )
        before: str | None = None
        for expected, number in enumerate(numbers, 1):
            name = names.attestation(number)
            if number != expected:
                self._add(
                    name, "missing", "the attestation before it is missing"
                )
                return
            data = self._read(name)
            signature = self._read(names.attestation_signature(number))
            if data is None or signature is None:
                return
            try:
                held = manifest.parse(data)
            except manifest.Unreadable as error:
                self._add(name, "altered", str(error))
                return
            wrong = self._of_another(held, number, before)
            if wrong:
                self._add(name, "altered", wrong)
                return
            key = held.get("signing_key")
            file = names.attestation_signature(number)
            if self._is_by(key, signature, data, file):
                assert isinstance(key, Mapping)
                if key["sha256"] in (
                    self._found.signed_by,
                    *self._found.attested_by,
                ):
                    self._add(
                        name,
                        "attestation",
                        "it is by a key that has signed this report already",
                    )
                self._found.attested_by.append(str(key["sha256"]))
            before = manifest.sha256(data)
            self._found.attestations.append(before)

    def _of_another(
        self, held: Mapping[str, Any], number: int, before: str | None
    ) -> str | None:
        if held.get("manifest_sha256") != self._found.sha256:
            return "it attests another report, or the report was altered"
        if held.get("number") != number or (
            held.get("previous_sha256") != before
        ):
            return "it is not in its place"
        if held.get("result") not in RESULTS:
            return "its result is neither pass nor fail"
        return None


#: Fields that the manifest has from drill.json.
_SAME = ("kind", "id", "name", "verdict")


class _NoFile(Exception):
    """Not a plain file."""


def _opened(path: pathlib.Path) -> Any:
    """Open a plain file; a link may lead anywhere, and a pipe waits."""
    found = os.lstat(path)
    if stat.S_ISLNK(found.st_mode):
        raise _NoFile("it is a link")
    if not stat.S_ISREG(found.st_mode):
        raise _NoFile("it is not a file")
    return path.open("rb")


def _check_form(held: Mapping[str, Any]) -> None:
    """Refuse a manifest that is of another form.

    :raises Unreadable: it is.
    """
    for name, kind in _FIELDS.items():
        if not isinstance(held.get(name, ...), kind):
            raise manifest.Unreadable(f"it has no {name} of ours")
    if held["format"] != manifest.FORMAT:
        raise manifest.Unreadable(f"its format {held['format']} is not known")
    previous = held["previous"]
    if previous is not None and not (
        isinstance(previous.get("folder"), str)
        and _is_hash(previous.get("sha256"))
    ):
        raise manifest.Unreadable("what it says of the report before is not")
    files = list(_names(held["files"]))
    if len(set(files)) != len(files):
        raise manifest.Unreadable("it names a file twice")
    if not all(isinstance(one, dict) for one in held["operations"]):
        raise manifest.Unreadable("it has no operations of ours")


def _names(files: list[Any]) -> Iterator[str]:
    for one in files:
        name = one.get("name") if isinstance(one, dict) else None
        plain = (
            isinstance(name, str)
            and name not in ("", ".", "..", names.MANIFEST, names.SIGNATURE)
            and "/" not in name
            and "\0" not in name
        )
        if not plain or not _is_hash(one.get("sha256")):
            raise manifest.Unreadable("it names a file that is none of ours")
        yield str(name)


def _is_hash(value: Any) -> bool:
    return isinstance(value, str) and _HASH.fullmatch(value) is not None
