"""Validate the body of a login before any password is checked.

The words are those of a real Keystone, which checks in this order.
"""

from collections.abc import Callable, Mapping
from typing import Any

from fakeserver.cloud.shared.rows import Doc
from fakeserver.cloud.shared.web import CloudError

_SCOPES = ("system", "project", "domain", "OS-TRUST:trust", "unscoped")
_ONE_SCOPE = "system, project, domain, OS-TRUST:trust or unscoped"


def checked(body: Doc) -> tuple[Doc, Any]:
    """Return the ``identity`` and the ``scope`` of a login; None is no scope.

    Raises CloudError: 400 for what is malformed, 401 for a method that
    this Keystone does not have.
    """
    auth = _part(body, "auth", "request body")
    identity = _part(auth, "identity", "auth")
    methods = identity.get("methods")
    if not isinstance(methods, list):
        raise _wrong("identity/methods", f"{methods!r} is not of type 'array'")
    scope = auth.get("scope")
    if scope is not None:
        _scope(scope)
    for name in methods:
        if name not in identity:
            raise _missing(str(name), "identity")
        if name not in _METHODS:
            raise CloudError(
                401, "Attempted to authenticate with an unsupported method."
            )
        part = identity[name]
        if not isinstance(part, dict):
            raise _wrong(
                f"identity/{name}", f"{part!r} is not of type 'object'"
            )
        _METHODS[name](part)
    return identity, scope


def _password(part: Doc) -> None:
    # "None": it is what a real one writes
    user = _part(part, "user", "None")
    _named(user, "user", "identity/password/user")


def _token(part: Doc) -> None:
    if "id" not in part:
        raise _wrong("identity/token", "'id' is a required property")


def _application_credential(part: Doc) -> None:
    """Check that it is an object; the login refuses what it lacks."""


_METHODS: Mapping[str, Callable[[Doc], None]] = {
    "password": _password,
    "token": _token,
    "application_credential": _application_credential,
}


def _scope(scope: Any) -> None:
    if scope == "unscoped":
        return
    if not isinstance(scope, dict) or (
        len(scope.keys() & set(_SCOPES)) != 1 or len(scope) != 1
    ):
        raise _missing(_ONE_SCOPE, "scope")
    project, domain = scope.get("project"), scope.get("domain")
    if project is not None:
        if not isinstance(project, dict):
            raise _missing("project", "scope")
        _named(project, "project", "scope/project")
    if domain is not None and not isinstance(domain, dict):
        raise _missing("domain", "scope")


def _named(thing: Doc, noun: str, field: str) -> None:
    """Check a reference by id, or by name and domain."""
    if "id" in thing:
        return
    if "name" not in thing:
        raise CloudError(
            400,
            f"Invalid input for field {field}: id or name must be present.",
        )
    if not isinstance(thing.get("domain"), dict):
        raise _missing("domain", noun)


def _part(whole: Doc, name: str, where: str) -> Doc:
    found = whole.get(name)
    if not isinstance(found, dict):
        raise _missing(name, where)
    return found


def _missing(what: str, where: str) -> CloudError:
    return CloudError(
        400,
        f"Expecting to find {what} in {where}. The server could not comply "
        "with the request since it is either malformed or otherwise "
        "incorrect. The client is assumed to be in error.",
    )


def _wrong(field: str, why: str) -> CloudError:
    return CloudError(400, f"Invalid input for field '{field}': {why}")
