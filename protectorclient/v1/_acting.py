"""Starting operations: the one way in which an action is posted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from protectorclient import exceptions, http, posting
from protectorclient.v1.operations import Operation, OperationManager


def action_body(action: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """The body of an action: one key, and only what was given."""
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
        adapter: http.SiteAdapter,
        operations: OperationManager,
        pace: posting.Pace | None = None,
    ) -> None:
        self._http = adapter
        self._operations = operations
        self._pace = pace or posting.Pace()

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
            lambda request_id: self._post(path, body, request_id),
            group_id=group_id,
            operation_type=operation_type,
            parameters=parameters,
            request_id=request_id,
            earlier=earlier,
        )

    def record(self, operation_id: str) -> Operation:
        """An operation that another answer has named."""
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
        return posting.post_action(
            posting.Request(
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
                limit=posting.LOOK_BACK,
            ),
            pace=self._pace,
            earlier=earlier,
        )

    def _post(
        self, path: str, body: Mapping[str, Any] | None, request_id: str
    ) -> Operation:
        answer = self._http.call(
            "POST", path, body=body, request_id=request_id
        )
        data = self._http.noun(answer, "operation", "POST")
        if isinstance(data, dict) and data.get("id"):
            return Operation.from_dict(data)
        raise exceptions.OutcomeUnknown(
            "the service answered without an operation",
            site=self._http.site,
            request_id=request_id,
        )
