"""What a second person says of a report, signed and kept beside it.

The report itself stays as it is: each attestation is a file of its own,
which names the hash of the manifest and of the attestation before it.
"""

from __future__ import annotations

import dataclasses
import datetime
import json
import os
import pathlib
from collections.abc import Callable

from protectorclient import user_paths
from protectorclient.evidence import folder, names
from protectorclient.evidence.document import moment
from protectorclient.evidence.problem import EvidenceProblem
from protectorclient.evidence.record import RESULTS

#: Of a note, in characters.
LONGEST_NOTE = 4000
FORMAT = 1


@dataclasses.dataclass(frozen=True)
class WrittenAttestation:
    """An attestation that was written."""

    path: pathlib.Path
    result: str
    by: str


def attest(
    report: str | os.PathLike[str],
    *,
    result: str,
    note: str,
    sign_key: str,
    passphrase: Callable[[], str] | None = None,
    now: datetime.datetime | None = None,
) -> WrittenAttestation:
    """Add an attestation to a report; see `protectorclient.evidence`."""
    from protectorclient.evidence.checking import one_report
    from protectorclient.evidence.signing import keys

    if result not in RESULTS:
        raise EvidenceProblem(f"the result is pass or fail, not '{result}'")
    if len(note) > LONGEST_NOTE:
        raise EvidenceProblem(
            f"the note has more than {LONGEST_NOTE} characters"
        )
    path = pathlib.Path(report)
    if not (path / names.MANIFEST).is_file():
        raise EvidenceProblem(
            f"{path} is not a report: it has no {names.MANIFEST}"
        )
    signer = keys.load_signer(sign_key, passphrase)
    with folder.locked(path.resolve().parent):
        found = one_report.look(path)
        if found.findings:
            raise EvidenceProblem(
                f"{path} is not attested: {found.findings[0].message}"
            )
        assert found.manifest is not None
        signing = found.manifest.get("signing_key") or {}
        own = signer.public.sha256
        if own == signing.get("sha256") or own in found.attested_by:
            raise EvidenceProblem(
                f"the key {sign_key} has signed this report already:"
                " an attestation is by another person, with another key"
            )
        number = len(found.attestations) + 1
        by = user_paths.who()
        said = {
            "format": FORMAT,
            "number": number,
            "manifest_sha256": found.sha256,
            "previous_sha256": found.attestations[-1]
            if found.attestations
            else None,
            "result": result,
            "note": note,
            "by": by,
            "at": moment(now or datetime.datetime.now(datetime.UTC)),
            "signing_key": {
                "algorithm": "ed25519",
                "sha256": own,
                "pem": signer.public.pem,
            },
        }
        data = (json.dumps(said, indent=2) + "\n").encode("ascii")
        name = names.attestation(number)
        try:
            # the signature first: it is nothing alone
            folder.write(
                path / names.attestation_signature(number), signer.sign(data)
            )
            folder.write(path / name, data)
        except OSError as error:
            (path / names.attestation_signature(number)).unlink(
                missing_ok=True
            )
            (path / name).unlink(missing_ok=True)
            raise EvidenceProblem(
                f"{path / name} cannot be written: {error.strerror}"
            ) from error
    return WrittenAttestation(path / name, result, by)
