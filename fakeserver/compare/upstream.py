"""The way to a deployment: reads alone, each with a deadline and an end."""

import json
import time
from typing import Any, Protocol

import requests

from fakeserver.api.microversion import HEADER
from fakeserver.compare.exchange import Exchange, Read
from fakeserver.sandbox.problem import Problem

#: Seconds: to connect, between two pieces, for the whole answer.
CONNECT, PIECE, WHOLE = 10.0, 30.0, 60.0
LARGEST = 64 * 1024 * 1024
#: Exit codes of the client's commands for the same causes.
USAGE, UNREACHABLE, REFUSED = 1, 6, 7


class Upstream(Protocol):
    """A deployment that can be read."""

    project_id: str

    def get(self, read: Read) -> Exchange:
        """Make one read.

        :raises Problem: nothing answers.
        """
        ...


class Deployment:
    """A protector service at a URL, and a token of its Keystone."""

    def __init__(
        self, root: str, session: Any, http: requests.Session
    ) -> None:
        """Sign in.

        :param root: from `root_of`.
        :param session: a keystoneauth session of the project to read.
        :raises Problem: Keystone does not answer, or refuses.
        """
        self._root = root
        self._http = http
        self.project_id, self._token = _signed_in(session)

    def get(self, read: Read) -> Exchange:
        """Make one read; redirects are not followed."""
        headers = {"Accept": "application/json"}
        if read.version is not None:
            headers[HEADER] = read.version
        if read.token != "none":
            headers["X-Auth-Token"] = (
                self._token if read.token == "own" else "not-a-token"
            )
        url = self._root + read.address
        until = time.monotonic() + WHOLE
        try:
            with self._http.get(
                url,
                headers=headers,
                timeout=(CONNECT, PIECE),
                allow_redirects=False,
                stream=True,
            ) as response:
                content = _read(response, until)
        except (requests.RequestException, _NoEndError) as error:
            raise Problem(
                f"{url} does not answer: {_why(error)}.", UNREACHABLE
            ) from None
        return Exchange(
            read,
            response.status_code,
            {name.lower(): v for name, v in response.headers.items()},
            content,
        )


class _NoEndError(Exception):
    pass


def _read(response: requests.Response, until: float) -> bytes:
    content = bytearray()
    for piece in response.iter_content(65536):
        content += piece
        if len(content) > LARGEST:
            raise _NoEndError(f"the answer is larger than {LARGEST} bytes")
        if time.monotonic() > until:
            raise _NoEndError(f"the answer takes longer than {WHOLE:.0f} s")
    return bytes(content)


def root_of(url: str) -> str:
    """Return a service's root: catalogs have it, /v1 or /v1/<project>.

    :raises Problem: it is no http(s) URL.
    """
    scheme, _, rest = url.partition("://")
    if scheme not in ("http", "https") or not rest.partition("/")[0]:
        raise Problem(
            f"--upstream {url!r} is no URL; it takes a form such as "
            "http://controller:8788."
        )
    host, _, path = rest.partition("/")
    if "@" in host:
        raise Problem("--upstream takes a URL without a user or a password.")
    parts = path.split("?")[0].rstrip("/").split("/")
    if "v1" in parts:
        parts = parts[: parts.index("v1")]
    return f"{scheme}://{host}" + "".join(f"/{p}" for p in parts if p)


def _signed_in(session: Any) -> tuple[str, str]:
    from keystoneauth1 import exceptions as ksa

    try:
        token, project = session.get_token(), session.get_project_id()
    except ksa.Unauthorized:
        raise Problem("Keystone refuses the credentials.", REFUSED) from None
    except ksa.ClientException as error:
        raise Problem(
            f"Keystone does not answer: {_why(error)}.", UNREACHABLE
        ) from None
    if not token or not project:
        raise Problem("The token is not scoped to a project.", REFUSED)
    return str(project), str(token)


def _why(error: BaseException) -> str:
    text = str(error).splitlines()
    return json.dumps(text[0])[1:-1][:200] if text else type(error).__name__
