"""What a session of a wire does: requests and answers, or none."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import requests


class NoAnswer(Exception):
    """No answer came, or not all of it."""


class NoAnswerInTime(NoAnswer):
    """No connection stood, or no piece of an answer came, in time."""


class Answer(Protocol):
    """An answer that has been read to its end, as requests has it."""

    # requests declares plain attributes, and a property does for a reader
    @property
    def status_code(self) -> int: ...

    @property
    def reason(self) -> str: ...

    @property
    def headers(self) -> Mapping[str, str]: ...

    @property
    def is_redirect(self) -> bool: ...

    @property
    def content(self) -> bytes: ...

    def json(self) -> Any: ...


class Session(Protocol):
    """Sends requests, and keeps connections for those to come."""

    @property
    def by_requests(self) -> "requests.Session":
        """Return a session of requests over the same wire, for what only that
        can do: keystoneauth needs one."""
        ...

    def request(self, method: str, url: str, **options: Any) -> Answer:
        """Send a request; return the answer, whatever its status.

        Raises NoAnswer.

        :param options: those of requests.
        """
        ...
