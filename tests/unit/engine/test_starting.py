"""Starting an instance again, at a Nova that answers before it acts."""

from collections.abc import Callable
from typing import Any

import pytest

from fakeserver.engine.cloud_client.cloud import CloudRefused
from fakeserver.engine.run import starting


class Nova:
    """Answers with one state after the other, the last one for ever; notes
    in which of them it was told to start."""

    def __init__(self, *states: tuple[str, str | None] | None) -> None:
        self._states = list(states)
        self.started_in: list[object] = []

    def server(self, server_id: str) -> dict[str, Any] | None:
        assert server_id == "web-1"
        state = self._states[0]
        if len(self._states) > 1:
            del self._states[0]
        self._last = state
        if state is None:
            return None
        return {"status": state[0], "OS-EXT-STS:task_state": state[1]}

    def start_server(self, server_id: str) -> None:
        if self._last is None:
            raise CloudRefused("site-a", 404, "no such server")
        self.started_in.append(self._last)


class Context:
    """Waits without a clock."""

    def __init__(self, nova: Nova) -> None:
        self._nova = nova
        self.waits = 0

    def cloud(self, site_id: str) -> Nova:
        assert site_id == "a"
        return self._nova

    def wait_until(self, what: str, ready: Callable[[], bool]) -> None:
        assert what == "Starting instance web-1"
        while not ready():
            self.waits += 1
            assert self.waits < 10


SHUTOFF, ACTIVE = ("SHUTOFF", None), ("ACTIVE", None)
POWERING_ON = ("SHUTOFF", "powering-on")
POWERING_OFF = ("ACTIVE", "powering-off")


@pytest.mark.parametrize(
    "states, started_in, waits",
    [
        ((SHUTOFF, ACTIVE), [SHUTOFF], 0),
        ((SHUTOFF, POWERING_ON, POWERING_ON, ACTIVE), [SHUTOFF], 2),
        # asked now, Nova refuses; taken for running, it would stop
        ((POWERING_OFF, POWERING_OFF, SHUTOFF, ACTIVE), [SHUTOFF], 2),
        ((ACTIVE,), [], 0),
    ],
)
def test_it_is_done_when_the_instance_runs(
    states: tuple[tuple[str, str | None] | None, ...],
    started_in: list[object],
    waits: int,
) -> None:
    nova = Nova(*states)
    context = Context(nova)
    starting.start(context, "a", "web-1")  # type: ignore[arg-type]
    assert nova.started_in == started_in
    assert context.waits == waits


def test_one_that_does_not_exist_is_not_started() -> None:
    with pytest.raises(CloudRefused, match="no such server"):
        starting.start(Context(Nova(None)), "a", "web-1")  # type: ignore[arg-type]
