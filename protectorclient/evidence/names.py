"""The names of the files of a report."""

from __future__ import annotations

import re

DATA = "drill.json"
JUNIT = "drill.junit.xml"
PAGE = "drill.html"
MANIFEST = "manifest.json"
SIGNATURE = "manifest.sig"
#: An attestation, or its signature.
ATTESTATION = re.compile(r"attestation-([1-9][0-9]{0,5})\.(json|sig)")


def attestation(number: int) -> str:
    """Return the name of an attestation, from 1 on."""
    return f"attestation-{number}.json"


def attestation_signature(number: int) -> str:
    """Return the name of the signature of an attestation."""
    return f"attestation-{number}.sig"
