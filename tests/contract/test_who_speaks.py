"""Who is speaking: the service, or a proxy, a portal, a neighbour.

What stands before a service may answer anything at any moment. Only the
word of the service itself says that there is no such operation or group,
that an action is refused, or which versions there are.
"""

import random
from collections.abc import Callable, Iterator

import pytest
import requests

from fakeserver.local.pair import LocalPair
from protectorclient import exceptions
from protectorclient.config.cloud import Access
from protectorclient.exit_codes import code_for
from protectorclient.pair.site import SiteHandle
from protectorclient.pair.site_pair import SitePair
from protectorclient.polling import poller
from protectorclient.polling.pace import search_pace
from protectorclient.polling.silence import NO_ANSWER
from protectorclient.v1 import Client
from tests.helpers.broken_wire import (
    FINE,
    NO_OPERATIONS,
    VOICES,
    Fate,
    Network,
    Voice,
)
from tests.helpers.library_parts import NETWORKS, WEB, Live, opened
from tests.helpers.sampling import sampled

NOBODY = "op-00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def opened_pair() -> Iterator[LocalPair]:
    yield from opened()


@pytest.fixture
def live(opened_pair: LocalPair) -> Live:
    opened_pair.reset()
    return Live(opened_pair)


class Wired:
    """Clients whose requests go over a line that we hold."""

    def __init__(self, live: Live, *, unmarked: bool = False) -> None:
        self.pair = live.pair
        self.network = Network(live.pair, random.Random(1), unmarked=unmarked)
        self.naps: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.pair.advance(seconds)
        if len(self.naps) > 4:
            self.pair.drain()

    def pace(self) -> poller.Pace:
        return poller.Pace(clock=self.pair.clock.time, sleep=self.sleep)

    def client(self, name: str = "site-a") -> Client:
        return Client(
            self.network.session(name),
            endpoint_override=self.pair.site(name).url,
            site_name=name,
            search_pace=search_pace(
                clock=self.pair.clock.time, sleep=self.sleep
            ),
        )

    def sites(self) -> SitePair:
        return SitePair(
            *(
                SiteHandle(
                    name,
                    Access(
                        name,
                        self.network.session(name),
                        overrides={"protector": self.pair.site(name).url},
                    ),
                )
                for name in ("site-a", "site-b")
            )
        )

    def says(
        self,
        voice: Voice,
        fits: Callable[[requests.PreparedRequest], bool],
        *,
        when: str = "before",
        times: int = 10**6,
    ) -> None:
        """Let something before the sites answer some of the requests."""
        left = [Fate(busy=when, voice=voice)] * times

        def fate(request: requests.PreparedRequest) -> Fate:
            return left.pop() if left and fits(request) else FINE

        self.network.fate = fate


def protector(request: requests.PreparedRequest) -> bool:
    return "/v1/" in str(request.url)


def at(live: Live, name: str) -> Callable[[requests.PreparedRequest], bool]:
    root = live.pair.site(name).url
    return lambda one: protector(one) and str(one.url).startswith(root)


def action(request: requests.PreparedRequest) -> bool:
    return request.method == "POST" and "/action" in str(request.url)


def operation(request: requests.PreparedRequest) -> bool:
    return "/operations/op-" in str(request.url)


each_voice = pytest.mark.parametrize(
    "voice",
    sampled(
        [pytest.param(voice, id=name) for name, voice in VOICES.items()], 8
    ),
)
each_answer = pytest.mark.parametrize(
    "voice",
    sampled(
        [
            pytest.param(voice, id=name)
            for name, voice in {**VOICES, **NO_OPERATIONS}.items()
        ],
        8,
    ),
)


@each_answer
def test_a_wait_asks_on(live: Live, voice: Voice) -> None:
    begun = live.sites().failover(WEB, network_mapping=NETWORKS).operation
    wired = Wired(live)
    # of the first poll on, and often enough to be no hiccup
    wired.says(voice, operation, times=12)
    events: list[poller.Event] = []
    done = wired.sites().wait(
        begun.id, pace=wired.pace(), on_event=events.append
    )
    assert done.status == "completed"
    assert any(isinstance(event, poller.Lost) for event in events)


@each_answer
@pytest.mark.parametrize("when", ["before", "after"])
def test_an_action_is_looked_for_and_begins_once(
    live: Live, voice: Voice, when: str
) -> None:
    wired = Wired(live)
    mapping = live.sites().prepare("failover", WEB, network_mapping=NETWORKS)
    assert mapping.networks is not None
    wired.says(voice, action, when=when, times=1)
    client = wired.client()
    try:
        begun = client.protection_groups.failover(
            mapping.group.id, network_mapping=mapping.networks.ids()
        )
    except exceptions.ServerError:
        # a service that fails by itself is not asked again
        assert (voice.status, when) in {(500, "before"), (599, "before")}
        assert list(live.client().operations.list()) == []
        return
    assert [one.id for one in live.client().operations.list()] == [begun.id]


@each_voice
def test_a_group_is_not_gone(live: Live, voice: Voice) -> None:
    wired = Wired(live)
    wired.says(voice, at(live, "site-a"))
    located = wired.sites().locate(WEB)
    assert located.current.name == "site-a"
    assert list(located.groups) == ["site-b"]
    assert isinstance(located.errors["site-a"], NO_ANSWER)
    assert not isinstance(located.errors["site-a"], exceptions.NotFound)


@each_voice
def test_an_operation_may_be_there(live: Live, voice: Voice) -> None:
    """One site says that there is none; the other has said nothing."""
    wired = Wired(live)
    wired.says(voice, at(live, "site-b"))
    with pytest.raises(exceptions.OperationUnknown) as caught:
        wired.sites().operation(NOBODY)
    assert code_for(caught.value) == 12
    # the documents of the versions are there, the operations are not
    wired.says(voice, operation)
    with pytest.raises(exceptions.OperationUnknown):
        wired.sites().operation(NOBODY)


@each_voice
def test_a_version_is_not_made_up(live: Live, voice: Voice) -> None:
    wired = Wired(live)
    wired.says(voice, lambda one: str(one.url).endswith(("/v1/", ":1/", "/")))
    client = wired.client()
    if voice.status >= 500:
        with pytest.raises(exceptions.ServerError):
            _ = client.api_version
        return
    assert client.api_version == "1.2"
    assert list(client.health.list())


# An id that nobody knows


@pytest.mark.parametrize("unmarked", [False, True])
@pytest.mark.parametrize(
    "identity", [NOBODY, "op-unknown", "x", "../operations", "op 1"]
)
def test_no_site_knows_it(live: Live, identity: str, unmarked: bool) -> None:
    live.sites().failover(WEB, network_mapping=NETWORKS)
    wired = Wired(live, unmarked=unmarked)
    with pytest.raises(exceptions.NotFound) as caught:
        wired.sites().operation(identity)
    assert code_for(caught.value) == 1
    with pytest.raises(exceptions.NotFound) as caught:
        wired.sites().wait(identity, pace=wired.pace())
    assert code_for(caught.value) == 1
    assert sum(wired.naps) < 5


# A deployment without marks


def test_one_404_of_a_service_without_marks_is_not_enough(
    live: Live,
) -> None:
    begun = live.sites().failover(WEB, network_mapping=NETWORKS).operation
    wired = Wired(live, unmarked=True)
    wired.says(VOICES["json 404"], operation, times=1)
    assert wired.client().operations.get(begun.id).id == begun.id


def test_a_404_of_what_is_in_the_list_is_nobodys(live: Live) -> None:
    begun = live.sites().failover(WEB, network_mapping=NETWORKS).operation
    wired = Wired(live, unmarked=True)
    wired.says(VOICES["json 404"], operation)
    with pytest.raises(exceptions.NotTheService):
        wired.client().operations.get(begun.id)


@pytest.mark.parametrize("name", ["html 404", "empty 404", "html 403"])
def test_what_is_no_json_is_not_the_word_of_one_without_marks(
    live: Live, name: str
) -> None:
    wired = Wired(live, unmarked=True)
    client = wired.client()
    list(client.sites.list())
    wired.says(VOICES[name], operation)
    with pytest.raises(exceptions.NotTheService):
        client.operations.get(NOBODY)


def test_a_refusal_without_marks_is_one(live: Live) -> None:
    wired = Wired(live, unmarked=True)
    client = wired.client()
    group = client.protection_groups.find(WEB)
    with pytest.raises(exceptions.Conflict) as caught:
        client.protection_groups.failback(group)
    assert code_for(caught.value) == 5


def test_a_walk_at_sites_without_marks(live: Live) -> None:
    wired = Wired(live, unmarked=True)
    pair = wired.sites()
    begun = pair.failover(WEB, network_mapping=NETWORKS).operation
    assert pair.wait(begun, pace=wired.pace()).state == "completed"
    with pytest.raises(exceptions.NotFound):
        pair.locate("prod-web")
