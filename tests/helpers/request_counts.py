"""What a command asks of each site: every request, sign-in apart."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
import requests

from fakeserver.base import request_log
from fakeserver.local.pair import LocalPair
from tests.helpers.clirunner import Ran

SITES = ("site-a", "site-b")
#: How a client names itself; the engines of the sites do not.
CLIENTS = ("python-protectorclient", "openstacksdk", "python-openstackclient")
#: Who we are, what the service is, and which of the two sites it is.
_SIGN_IN = re.compile(
    r"POST /identity/v3/auth/tokens|GET /v1/|GET /v1/admin/sites"
)
_PROJECT = re.compile(r"/v1/[0-9a-f]+/")
_POLL = re.compile(r"GET /v1/[0-9a-f]+/operations/op-[0-9a-f-]+")
_ID = re.compile(
    r"(?:op-)?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b[0-9a-f]{32}\b"
)


@dataclasses.dataclass(frozen=True)
class Asked:
    """The requests of one command at one site: method, path, query."""

    sign_in: tuple[str, ...]
    questions: tuple[str, ...]
    polls: int = 0

    @property
    def twice(self) -> list[str]:
        """The questions that were put more than once."""
        counted = collections.Counter(self.questions)
        return sorted(text for text, n in counted.items() if n > 1)

    def __str__(self) -> str:
        counted = collections.Counter(
            _ID.sub("ID", text) for text in self.questions
        )
        lines = [f"{n} x {text}" for text, n in sorted(counted.items())]
        return "\n".join(
            (
                f"{len(self.questions)} questions, {self.polls} polls,"
                f" {len(self.sign_in)} to sign in:",
                *lines,
            )
        )


def count(
    pair: LocalPair, run: Callable[[], Ran], *, waits: bool = False
) -> tuple[Ran, Mapping[str, Asked]]:
    """Run a command, and see what it has asked of each site.

    :param waits: questions for an operation by its id are polls.
    """
    before = {site: len(list(_lines(pair, site))) for site in SITES}
    ran = run()
    return ran, {
        site: _sorted(list(_lines(pair, site))[before[site] :], waits)
        for site in SITES
    }


@contextlib.contextmanager
def rows() -> Iterator[dict[str, int]]:
    """Count what lists send: how many rows each, by the question."""
    found: dict[str, int] = collections.Counter()
    send = requests.Session.send

    def counted(self: Any, request: Any, **options: Any) -> Any:
        answer = send(self, request, **options)
        question = _PROJECT.sub("", request.path_url)
        with contextlib.suppress(ValueError):
            for value in answer.json().values():
                if isinstance(value, list):
                    found[_ID.sub("ID", question)] += len(value)
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(requests.Session, "send", counted)
        yield found


def _lines(pair: LocalPair, site: str) -> Iterator[str]:
    """The requests of clients, as a site has written them down."""
    for entry in request_log.entries(pair.folder.request_log(site)):
        headers = entry.get("headers") or {}
        agent = next(
            (v for k, v in headers.items() if k.lower() == "user-agent"), ""
        )
        # a client that has no token yet speaks as its HTTP library
        if agent.startswith(CLIENTS):
            query = entry.get("query")
            text = f"{entry['method']} {entry['path']}"
            yield f"{text}?{query}" if query else text


def _sorted(lines: list[str], waits: bool) -> Asked:
    sign_in, questions, polls = [], [], 0
    for line in lines:
        if _SIGN_IN.fullmatch(line):
            sign_in.append(line)
        elif waits and _POLL.fullmatch(line):
            polls += 1
        else:
            questions.append(line)
    return Asked(tuple(sign_in), tuple(questions), polls)
