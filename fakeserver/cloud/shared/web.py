"""The HTTP layer that the five emulated services share."""

import dataclasses
import functools
import json
import urllib.parse
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import flask
from werkzeug.exceptions import HTTPException

from fakeserver.base import quick_check
from fakeserver.base.quick_check import Fits
from fakeserver.base.routes import Blueprint
from fakeserver.cloud.identity.check import IdentityUnreachable
from fakeserver.cloud.shared.rows import Doc
from fakeserver.storage.driver import StorageError

if TYPE_CHECKING:
    from fakeserver.cloud.identity.check import Identity
    from fakeserver.cloud.identity.tokens import Token
    from fakeserver.site import Site

#: what a request may carry, bytes
MAX_BODY = 1 << 20
#: how many objects a page has at most
MAX_PAGE = 1000

#: when to ask again for what nobody could answer, seconds
RETRY_AFTER = 5
UNAUTHENTICATED = "The request you have made requires authentication."

Answer = flask.Response | Doc | tuple[Doc | str, int]


class Validator:
    """A JSON schema, compiled when a body is checked against it first.

    jsonschema is three of a site's megabytes, and a tenth of its start: it is
    not loaded before a body is refused, to word that.
    """

    def __init__(self, schema: Doc) -> None:
        self._schema = schema

    @functools.cached_property
    def fits(self) -> Fits | None:
        return quick_check.compiled(self._schema, {})

    @functools.cached_property
    def compiled(self) -> Any:
        import jsonschema  # type: ignore[import-untyped]

        return jsonschema.Draft202012Validator(self._schema)

    def problem(self, instance: Any) -> Any:
        """Return the error that says best what is wrong; None where nothing
        is."""
        if self.fits is not None and self.fits(instance):
            return None
        from jsonschema.exceptions import (  # type: ignore[import-untyped]
            best_match,
        )

        return best_match(self.compiled.iter_errors(instance))


class CloudError(Exception):
    """A refused request; ``kind`` is the service's name for the error."""

    def __init__(self, status: int, message: str, kind: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.kind = kind


@dataclasses.dataclass(frozen=True)
class Route:
    """One call of a service; an open one needs no token."""

    method: str
    path: str
    view: str
    open: bool = False


class Part:
    """A part of a service: calls that belong together."""

    ROUTES: ClassVar[tuple[Route, ...]] = ()

    def __init__(self, site: "Site", identity: "Identity") -> None:
        self.site = site
        self.identity = identity


class Service:
    """A service of the cloud: its prefix, its parts, its form of errors."""

    name: ClassVar[str]
    prefix: ClassVar[str]
    PARTS: ClassVar[tuple[type[Part], ...]]
    #: whether a token is looked at before the address is
    guarded: ClassVar[bool] = True
    #: whether nothing of it is for who may not even read in a project
    for_readers: ClassVar[bool] = True

    def __init__(self, site: "Site", identity: "Identity") -> None:
        self.site = site
        self.identity = identity

    def blueprint(self) -> flask.Blueprint:
        made = Blueprint(self.name, __name__, url_prefix=self.prefix)
        for kind in self.PARTS:
            part = kind(self.site, self.identity)
            for route in kind.ROUTES:
                view = getattr(part, route.view)
                made.add_url_rule(
                    route.path,
                    endpoint=f"{kind.__name__}-{route.method}-{route.view}"
                    + route.path.replace(".", "_"),
                    view_func=view if route.open else self._checked(view),
                    methods=[route.method],
                    strict_slashes=False,
                )
        made.add_url_rule(
            "/<path:rest>",
            view_func=self._unknown,
            methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
        )
        made.before_request(self.before)
        made.after_request(self.after)
        made.register_error_handler(CloudError, self._refused)
        made.register_error_handler(HTTPException, self._http_error)
        made.register_error_handler(StorageError, self._storage_error)
        return made

    def before(self) -> None:
        """Run before every call; raise CloudError to refuse it."""

    def after(self, answer: flask.Response) -> flask.Response:
        return answer

    def error_body(self, error: CloudError) -> Doc:
        raise NotImplementedError

    def unauthenticated(self) -> Doc:
        """Answer 401 as keystonemiddleware does in front of every service."""
        return {
            "error": {
                "code": 401,
                "title": "Unauthorized",
                "message": UNAUTHENTICATED,
            }
        }

    def caller(self) -> "Token":
        """Return the token's holder; refuse a token without a project."""
        try:
            token = self.identity.check(
                flask.request.headers.get("X-Auth-Token")
            )
        except IdentityUnreachable as error:
            raise CloudError(503, str(error)) from error
        if token is None:
            raise CloudError(401, UNAUTHENTICATED)
        if self.for_readers and not (token.admitted and token.may_read):
            raise CloudError(
                403, "You are not authorized: this needs the role reader."
            )
        return token

    def names(self, caller: "Token", names: dict[str, str]) -> dict[str, str]:
        """Return the names in the address for the view, or refuse them."""
        return names

    def _checked(self, view: Callable[..., Answer]) -> Callable[..., Answer]:
        def checked(**names: str) -> Answer:
            caller = self.caller()
            return view(caller, **self.names(caller, names))

        return checked

    def _unknown(self, rest: str) -> Answer:
        if self.guarded or "X-Auth-Token" in flask.request.headers:
            self.caller()
        raise CloudError(404, "The resource could not be found.")

    def _refused(self, error: CloudError) -> flask.Response:
        if error.status == 401:
            body = self.unauthenticated()
        else:
            body = self.error_body(error)
        answer = flask.jsonify(body)
        answer.status_code = error.status
        if error.status == 401:
            where = self.identity.url.removesuffix("/v3")
            answer.headers["WWW-Authenticate"] = f'Keystone uri="{where}"'
        if error.status == 503:
            answer.headers["Retry-After"] = str(RETRY_AFTER)
        return answer

    def _http_error(self, error: HTTPException) -> flask.Response:
        return self._refused(
            CloudError(error.code or 400, error.description or error.name)
        )

    def _storage_error(self, error: StorageError) -> flask.Response:
        return self._refused(CloudError(503, f"The array says: {error}"))


def validator(schema: Doc) -> Validator:
    """Return the validator of a schema, made once."""
    return Validator(schema)


def body(check: Validator) -> Doc:
    """Return the request's JSON, or refuse it with 400 and the reason."""
    request = flask.request
    if request.content_length and request.content_length > MAX_BODY:
        raise CloudError(413, "Request is too large.")
    try:
        text = request.get_data().decode()
        found = json.loads(text, parse_constant=_no_constant)
        # a lone surrogate is no text: it cannot be kept, nor answered
        json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise CloudError(400, "Malformed request body: not JSON") from error
    problem = check.problem(found)
    if problem is not None:
        where = "/".join(str(step) for step in problem.absolute_path)
        said = problem.message[:300]
        raise CloudError(
            400,
            f"Invalid input for field/attribute {where or 'body'}. {said}",
        )
    return dict(found)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def page(
    docs: list[Doc], plural: str, maximum: int = MAX_PAGE
) -> tuple[list[Doc], list[Doc]]:
    """Return the requested page of a list, and the links to the next one."""
    args = flask.request.args
    limit = page_limit(maximum)
    start = 0
    if marker := args.get("marker"):
        ids = [doc["id"] for doc in docs]
        if marker not in ids:
            raise CloudError(400, f"marker [{marker}] not found")
        start = ids.index(marker) + 1
    found = docs[start : start + limit]
    if not found or start + limit >= len(docs):
        return found, []
    return found, [next_page(found[-1]["id"])]


def page_limit(maximum: int = MAX_PAGE) -> int:
    """Return how many objects the page of the request has at most."""
    return min(_limit(flask.request.args), maximum)


def next_page(marker: str) -> Doc:
    """Return the link to the page after an object; other parameters than the
    marker stay as they are."""
    args = flask.request.args
    query = [
        (name, value)
        for name, value in args.items(multi=True)
        if name != "marker"
    ]
    text = urllib.parse.urlencode([*query, ("marker", marker)])
    return {"rel": "next", "href": f"{flask.request.base_url}?{text}"}


def _limit(args: Mapping[str, str]) -> int:
    text = args.get("limit")
    if text is None:
        return MAX_PAGE
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise CloudError(400, f"Invalid input for query parameters {text!r}")
    return int(text) or MAX_PAGE


def flag(name: str, default: bool = False) -> bool:
    """Return a boolean query parameter, as OpenStack spells it."""
    text = flask.request.args.get(name)
    if text is None:
        return default
    return text.strip().lower() in ("1", "true", "t", "yes", "y", "on")


def sort(docs: Iterable[Doc]) -> list[Doc]:
    """Sort a list by sort_key and sort_dir; ignore keys that do not exist."""
    found = list(docs)
    args = flask.request.args
    keys = args.getlist("sort_key")
    ways = args.getlist("sort_dir")
    if text := args.get("sort"):
        pairs = [part.partition(":") for part in text.split(",")]
        keys = [pair[0] for pair in pairs]
        ways = [pair[2] or "asc" for pair in pairs]
    for n in reversed(range(len(keys))):
        way = ways[n] if n < len(ways) else "asc"
        found.sort(key=_sort_key(keys[n]), reverse=way == "desc")
    return found


def _sort_key(name: str) -> Callable[[Doc], str]:
    names = {"display_name": "name", "uuid": "id"}
    return lambda doc: str(doc.get(names.get(name, name)) or "")
