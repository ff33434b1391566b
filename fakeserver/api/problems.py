"""Error answers of the API, in the one form that clients read."""

import http
from typing import Any

from flask import Response
from werkzeug.exceptions import HTTPException

from fakeserver.api.answers import answer
from fakeserver.base.errors import RequestRefused

#: when to ask again for what nobody could answer, seconds
RETRY_AFTER = 5
NOWHERE = "The API has no such address"

#: what Flask and werkzeug raise by themselves: status -> (status, reason)
_REASONS = {
    404: (404, "not-found"),
    405: (405, "bad-request"),
    413: (413, "too-large"),
}


def render(
    code: int,
    reason: str,
    message: str,
    request_id: str,
    details: dict[str, Any],
) -> Response:
    return answer(
        {
            "error": {
                "code": code,
                "title": http.HTTPStatus(code).phrase,
                "message": message,
                "reason": f"protector.{reason}",
                "request_id": request_id,
                "details": details,
            }
        },
        code,
    )


def refused(error: RequestRefused, request_id: str, keystone: str) -> Response:
    response = render(
        error.status, error.reason, error.message, request_id, error.details
    )
    if error.status == 401:
        response.headers["WWW-Authenticate"] = f'Keystone uri="{keystone}"'
    if error.status == 503:
        response.headers["Retry-After"] = str(RETRY_AFTER)
    return response


def unrouted(error: HTTPException, method: str, request_id: str) -> Response:
    """Answer a request that failed before a route was found."""
    code, reason = _REASONS.get(error.code or 400, (400, "bad-request"))
    messages = {
        404: NOWHERE,
        405: f"{method[:16]} is not possible at this address",
    }
    message = messages.get(code, "The request is not valid HTTP")
    response = render(code, reason, message, request_id, {})
    if code == 405:
        allowed = getattr(error, "valid_methods", None) or ()
        response.headers["Allow"] = ", ".join(sorted(allowed))
    return response


def internal(request_id: str) -> Response:
    return render(
        500,
        "internal",
        "The service has an internal error; its log has the cause, under "
        "this request id",
        request_id,
        {},
    )
