"""The reasons for which the API refuses a request, each with its status."""

from typing import Any

#: reason (prefixed ``protector.`` on the wire) -> status
STATUS = {
    "peer-unreachable": 409,
    "invalid-state": 409,
    "operation-in-progress": 409,
    "test-not-cleaned": 409,
    "nothing-to-clean": 409,
    "out-of-sync": 409,
    "wrong-site": 409,
    "metadata-conflict": 409,
    "policy-missing": 409,
    "name-conflict": 409,
    "in-use": 409,
    "bad-request": 400,
    "mapping-incomplete": 400,
    "volume-type-not-replicated": 400,
    "unauthorized": 401,
    "forbidden": 403,
    "not-found": 404,
    "version-not-supported": 406,
    "too-large": 413,
    "internal": 500,
    "identity-unreachable": 503,
}

PEER_UNREACHABLE = (
    "Cannot modify protection group \N{EM DASH} remote site unreachable"
)
NOT_FAILED_OVER = "Protection Group is not in failed_over state"


class RequestRefused(Exception):
    """A refused request; nothing was changed."""

    def __init__(self, reason: str, message: str, **details: Any) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.details = details

    @property
    def status(self) -> int:
        return STATUS[self.reason]
