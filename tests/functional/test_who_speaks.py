"""What answers in the place of the service, and what the shell makes of it.

The fast shell, and below it the whole of the client's HTTP stack, on a line
that is kept in memory.
"""

from __future__ import annotations

import functools
import itertools
import random
from collections.abc import Callable, Iterator

import pytest
import requests
import urllib3.connection

from fakeserver.local.pair import LocalPair
from protectorclient._http import session
from protectorclient.polling import poller
from protectorclient.v1 import _acting
from tests.helpers.broken_wire import (
    FINE,
    NO_OPERATIONS,
    VOICES,
    Fate,
    Network,
    Voice,
)
from tests.helpers.clirunner import protector
from tests.helpers.sampling import sampled

WEB = "prod-web-app"
MOVE = (
    f"protection-group failover {WEB} --yes"
    " --network-mapping net-primary-web=net-secondary-web"
)
COMMANDS = {"failover": MOVE, "sync_volumes": f"consistency-group sync {WEB}"}
#: One of each kind; tests/contract has them all, below the shell.
TOLD = {
    name: {**VOICES, **NO_OPERATIONS}[name]
    for name in (
        "portal",
        "html 413",
        "json 502",
        "empty 202",
        "another's, marked",
        "gzip bomb",
    )
}


class Wire:
    """The network below the shell, and a clock that no test waits for."""

    def __init__(self, pair: LocalPair, patch: pytest.MonkeyPatch) -> None:
        self.pair = pair
        self.network = Network(pair, random.Random(1))
        #: what was posted, by its request id
        self.posted: list[str] = []
        self.naps = 0
        send = session.BoundedSession.send

        def sent(
            below: session.BoundedSession,
            request: requests.PreparedRequest,
            **kwargs: object,
        ) -> requests.Response:
            self.network.send(request)
            return send(below, request, **kwargs)

        patch.setattr(session.BoundedSession, "send", sent)
        patch.setattr(
            urllib3.connection.HTTPConnection,
            "_new_conn",
            lambda connection: self.network.connect(connection),
        )
        for where, name in ((_acting, "search_pace"), (poller, "Pace")):
            pace = functools.partial(
                getattr(where, name), clock=pair.clock.time, sleep=self.sleep
            )
            patch.setattr(where, name, pace)

    def sleep(self, seconds: float) -> None:
        self.naps += 1
        self.pair.advance(seconds)
        if self.naps > 4:
            self.pair.drain()

    def says(
        self,
        fate: Fate,
        fits: Callable[[requests.PreparedRequest], bool],
        times: int,
    ) -> None:
        left = [fate] * times

        def decide(request: requests.PreparedRequest) -> Fate:
            if starts(request):
                self.posted.append(
                    str(request.headers["X-OpenStack-Request-ID"])
                )
            return left.pop() if left and fits(request) else FINE

        self.network.fate = decide

    def operations(self) -> list[str]:
        """The types of what has begun, as the sites tell themselves."""
        self.network.fate = lambda request: FINE
        self.pair.drain()
        ran = protector("operation list -f value -c type")
        assert (ran.code, ran.err) == (0, ""), ran.err
        return ran.out.split()


def starts(request: requests.PreparedRequest) -> bool:
    url = str(request.url)
    return request.method == "POST" and url.endswith(("/action", "/sync"))


def looks(request: requests.PreparedRequest) -> bool:
    return "/operations" in str(request.url)


@pytest.fixture(scope="module")
def opened_pair() -> Iterator[LocalPair]:
    with LocalPair() as pair:
        yield pair


@pytest.fixture
def wire(opened_pair: LocalPair, monkeypatch: pytest.MonkeyPatch) -> Wire:
    opened_pair.reset()
    path = str(opened_pair.clouds_yaml)
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", path)
    monkeypatch.setenv("OS_CLOUD", "site-a")
    return Wire(opened_pair, monkeypatch)


each_voice = pytest.mark.parametrize(
    "voice",
    sampled([pytest.param(voice, id=name) for name, voice in TOLD.items()], 3),
)
#: Each voice, to one command or the other.
each_post = pytest.mark.parametrize(
    ("kind", "voice"),
    list(zip(itertools.cycle(COMMANDS), TOLD.values(), strict=False)),
    ids=TOLD,
)


@each_post
def test_it_has_begun_and_is_followed(
    wire: Wire, kind: str, voice: Voice
) -> None:
    wire.says(Fate(busy="after", voice=voice), starts, 1)
    ran = protector(f"{COMMANDS[kind]} --wait")
    assert ran.code == 0, ran.err
    assert "looking whether it has begun" in ran.err
    assert len(wire.posted) == 1
    assert wire.operations() == [kind]


@each_post
def test_it_has_not_begun_and_is_posted_again(
    wire: Wire, kind: str, voice: Voice
) -> None:
    wire.says(Fate(busy="before", voice=voice), starts, 1)
    ran = protector(f"{COMMANDS[kind]} --wait")
    assert ran.code == 0, ran.err
    assert len(wire.posted) == 2
    assert len(set(wire.posted)) == 1
    assert wire.operations() == [kind]


@each_post
def test_nobody_else_than_that_ever_answers(
    wire: Wire, kind: str, voice: Voice
) -> None:
    """The POST may have arrived, and the looks are lost as well."""

    def fits(request: requests.PreparedRequest) -> bool:
        return starts(request) or (bool(wire.posted) and looks(request))

    wire.says(Fate(busy="after", voice=voice), fits, 10**6)
    ran = protector(f"{COMMANDS[kind]} --wait")
    assert (ran.code, ran.out) == (12, ""), ran.err
    assert f"whether the {kind} has begun is not known" in ran.err
    assert len(wire.posted) == 1
    assert wire.operations() == [kind]


@each_voice
def test_no_post_ever_arrives(wire: Wire, voice: Voice) -> None:
    """The service tells that nothing has begun: that is said."""
    wire.says(Fate(busy="before", voice=voice), starts, 10**6)
    ran = protector(f"{MOVE} --wait")
    assert ran.code not in (0, 12), ran.err
    assert ran.out == ""
    assert len(set(wire.posted)) == 1
    assert wire.operations() == []


@each_voice
def test_in_the_middle_of_a_wait(wire: Wire, voice: Voice) -> None:
    wire.says(Fate(busy="before", voice=voice), looks, 0)
    ran = protector(f"{MOVE} -f value -c id")
    assert ran.code == 0, ran.err
    wire.says(Fate(busy="before", voice=voice), looks, 12)
    waited = protector(f"operation wait {ran.out.strip()}")
    assert waited.code == 0, waited.err
    assert "completed" in waited.out + waited.err
    assert wire.operations() == ["failover"]


@pytest.mark.parametrize("kind", COMMANDS)
def test_the_answer_is_cut(wire: Wire, kind: str) -> None:
    wire.says(Fate(answer="body"), starts, 1)
    ran = protector(f"{COMMANDS[kind]} --wait")
    assert ran.code == 0, ran.err
    assert len(wire.posted) == 1
    assert wire.operations() == [kind]
