"""Find the row of advice for a reason of the service or a failed step."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from protectorclient.advice import causes, guide
from protectorclient.advice.row import Advice
from protectorclient.durations import STUCK_AFTER

if TYPE_CHECKING:
    from protectorclient.records.operation import Operation

#: Every row, once. Of those with the same reason or step the first that
#: fits the message is taken, so a narrower row stands before a wider one.
TABLE: tuple[Advice, ...] = (*guide.NARROWER, *guide.PAGE, *causes.CAUSES)

#: Found by the message alone, at whatever step the operation failed.
_BY_MESSAGE = (
    causes.CLOUD_UNREACHABLE,
    guide.PEER_UNREACHABLE,
    causes.SUPERSEDED,
)


def for_reason(reason: str | None, message: str = "") -> Advice | None:
    """Find the row for a refusal.

    :param reason: the service's word, with its prefix or without.
    :param message: what the service says.
    """
    word = (reason or "").removeprefix("protector.")
    rows = [row for row in TABLE if word in row.reasons]
    if len(rows) == 1:
        return rows[0]
    return next((row for row in rows if row.fits(message)), None)


def for_operation(
    operation: Operation, *, unchanged_for: float | None = None
) -> Advice | None:
    """Find the row for an operation that has failed or does not move.

    :param unchanged_for: seconds since its record last changed.
    """
    if operation.is_finished:
        if operation.state == "completed":
            return None
        if operation.state != "failed":
            return causes.LEFT_BEHIND
        return _for_failed(operation)
    if unchanged_for is not None and unchanged_for > STUCK_AFTER:
        return guide.STUCK
    return None


def _for_failed(operation: Operation) -> Advice:
    message = operation.error_message or ""
    for row in _BY_MESSAGE:
        found = re.search(row.message or "", message)
        if found:
            # the message names the site that fails
            return row.naming(**found.groupdict())
    failed = set(operation.steps_failed)
    for row in TABLE:
        if operation.operation_type in row.types:
            return row
        if failed & set(row.steps) and row.fits(message):
            return row
    return causes.LEFT_BEHIND if operation.leftovers else causes.ROLLED_BACK
