"""Post an action, the one way in which operations start."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from protectorclient import exceptions
from protectorclient._http import conversation as http
from protectorclient.polling.pace import Pace, search_pace
from protectorclient.records.operation import Operation
from protectorclient.v1 import _post_once
from protectorclient.v1.operations import OperationManager


def action_body(action: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Build the body of an action: one key, and only what was given."""
    return {
        action: {
            key: dict(value) if isinstance(value, Mapping) else value
            for key, value in params.items()
            if value is not None
        }
    }


class Actor:
    """Posts what starts an operation, so that it never starts two."""

    def __init__(
        self,
        adapter: http.Conversation,
        operations: OperationManager,
        pace: Pace | None = None,
    ) -> None:
        self._http = adapter
        self._operations = operations
        self._pace = pace or search_pace()

    def start(
        self,
        path: str,
        body: Mapping[str, Any] | None,
        *,
        group_id: str,
        operation_type: str,
        parameters: Mapping[str, Any],
        request_id: str | None = None,
        earlier: Callable[[Operation], object] | None = None,
    ) -> Operation:
        """Post a body, or nothing, and return the operation begun.

        :param parameters: how the operation is recognised when the
            answer is lost and the service keeps no ids of ours.
        :param earlier: called where the answer is an operation that was
            there before.
        """
        return self.once(
            lambda request_id: self._post(
                path, body, request_id, (group_id, operation_type)
            ),
            group_id=group_id,
            operation_type=operation_type,
            parameters=parameters,
            request_id=request_id,
            earlier=earlier,
        )

    def record(self, operation_id: str) -> Operation:
        """Parse an operation that another answer holds."""
        return self._operations.get(operation_id)

    def once(
        self,
        post: Callable[[str], Operation],
        *,
        group_id: str,
        operation_type: str,
        parameters: Mapping[str, Any],
        request_id: str | None = None,
        earlier: Callable[[Operation], object] | None = None,
    ) -> Operation:
        """Have something posted that starts an operation, once.

        :param post: sends it under a request id.
        """
        return _post_once.post_action(
            _post_once.Request(
                group_id=group_id,
                operation_type=operation_type,
                parameters=parameters,
                request_id=request_id or http.new_request_id(),
                site=self._http.site,
            ),
            post=post,
            look=lambda: self._operations.list(
                protection_group_id=group_id,
                operation_type=operation_type,
                limit=_post_once.LOOK_BACK,
            ),
            pace=self._pace,
            earlier=earlier,
        )

    def _post(
        self,
        path: str,
        body: Mapping[str, Any] | None,
        request_id: str,
        wanted: tuple[str, str],
    ) -> Operation:
        """Post once, and read the operation of this group and type.

        :param wanted: the group's id and the operation's type.
        :raises OutcomeUnknown: what came is no such operation.
        """
        answer = self._http.call(
            "POST", path, body=body, request_id=request_id
        )
        data = self._http.noun(answer, "operation", "POST")
        found = _operation(data)
        if found is not None and _is_of(found, *wanted):
            return found
        what = (
            "without an operation"
            if found is None
            else f"with another operation, {found.id}"
        )
        raise exceptions.OutcomeUnknown(
            f"the service answered {what}",
            site=self._http.site,
            request_id=request_id,
        )


def _operation(data: object) -> Operation | None:
    """Return the operation in an answer, where it has an id."""
    if not isinstance(data, dict):
        return None
    identity = data.get("id")
    if not (isinstance(identity, str) and identity.strip()):
        return None
    return Operation.from_dict(data)


def _is_of(found: Operation, group_id: str, operation_type: str) -> bool:
    """Return whether an operation agrees with what was posted.

    A service may leave out what the request has said.
    """
    kind = str(found.operation_type or operation_type)
    group = str(found.protection_group_id or group_id)
    return (kind.lower(), group.lower()) == (
        operation_type.lower(),
        group_id.lower(),
    )
