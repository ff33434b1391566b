"""What keeps a report from being written or read."""

from __future__ import annotations

from protectorclient import exceptions


class EvidenceProblem(exceptions.ProtectorError):
    """A report cannot be written, signed or read."""


#: The command that installs what the pages and the signatures need.
INSTALL = "pip install 'python-protectorclient[report]'"


class ExtraMissing(EvidenceProblem):
    """A package of the extra ``report`` is not installed."""

    def __init__(self, what: str, package: str) -> None:
        super().__init__(
            f"{what} needs {package}, which is not installed: {INSTALL}"
        )
