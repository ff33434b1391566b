"""Evidence: reports of drills, moves and plans, and proof that they stand.

A drill, a real move and the run of a plan fill one record. `write` makes a
folder of it: data, JUnit, a page for people, and a manifest that names the
hash of the report before it. `verify` finds what was altered since::

    from protectorclient import evidence

    report = evidence.write(record, "drills", sign_key="drill.pem")
    print(report.path, report.head)
    for finding in evidence.verify("drills", head=report.head).findings:
        print(finding)
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from protectorclient.evidence.problem import EvidenceProblem

if TYPE_CHECKING:
    from protectorclient.evidence.attestation import WrittenAttestation
    from protectorclient.evidence.checking.findings import Result
    from protectorclient.evidence.record import Record
    from protectorclient.evidence.writing import Report

__all__ = ["EvidenceProblem", "attest", "schema", "verify", "write"]

#: A directory, or a report in one.
Path = str | os.PathLike[str]


def write(
    record: Record,
    directory: Path,
    *,
    sign_key: str | None = None,
    passphrase: Callable[[], str] | None = None,
    values: bool = True,
) -> Report:
    """Write the report of a record into a new folder of a directory.

    :param directory: of all reports; it is made where it is not there.
    :param sign_key: a file with an ed25519 private key, mode 0600.
    :param passphrase: is asked where the key has one.
    :param values: whether values of attributes are written.
    :returns: the folder, and the hash to be kept elsewhere.
    :raises EvidenceProblem: it cannot be written; then nothing is.
    """
    from protectorclient.evidence import writing

    signer = None
    if sign_key is not None:
        from protectorclient.evidence.signing import keys

        signer = keys.load_signer(sign_key, passphrase)
    return writing.write(record, directory, signer=signer, values=values)


def verify(
    directory: Path,
    *,
    head: str | None = None,
    public_keys: Sequence[str] = (),
) -> Result:
    """Find what was altered in the reports of a directory, or in one report.

    :param head: the hash of a report that was kept elsewhere: it has to be
        there still.
    :param public_keys: files of the only keys that may have signed.
    :raises EvidenceProblem: there is no report, or it cannot be read.
    """
    from protectorclient.evidence.checking import verify as verifying

    return verifying.verify(directory, head=head, public_keys=public_keys)


def attest(
    report: Path,
    *,
    result: str,
    note: str,
    sign_key: str,
    passphrase: Callable[[], str] | None = None,
) -> WrittenAttestation:
    """Add what a second person says of a report, signed with their key.

    :param report: the folder of the report.
    :param result: ``pass`` or ``fail``.
    :raises EvidenceProblem: it was altered, or the key has signed it
        already.
    """
    from protectorclient.evidence import attestation

    return attestation.attest(
        report,
        result=result,
        note=note,
        sign_key=sign_key,
        passphrase=passphrase,
    )


def schema() -> dict[str, Any]:
    """Return the JSON Schema of `drill.json`."""
    from protectorclient.evidence import document

    return document.schema()
