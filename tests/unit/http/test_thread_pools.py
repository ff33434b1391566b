"""Requests that wait for other requests do not take their threads."""

import threading

import pytest

from fakeserver.http.thread_pools import SHARES, Lanes, Pool, lane_of


@pytest.mark.parametrize(
    ("method", "path", "query", "lane"),
    [
        ("POST", "/v1/p/protection-groups/g/action", "", "people"),
        ("GET", "/v1/p/protection-groups/g/sync-status", "", "people"),
        (
            "GET",
            "/v1/p/protection-groups/g/sync-status",
            "local=true",
            "peer",
        ),
        ("GET", "/v1/p/sync-status", "limit=1000", "peer"),
        ("GET", "/v1/admin/sites/s/volume-types", "", "people"),
        ("GET", "/v1/admin/sites/s/volume-types", "local=true", "peer"),
        ("PUT", "/v1/p/protection-groups/g/metadata", "force=true", "peer"),
        ("GET", "/v1/p/protection-groups/g/metadata", "", "people"),
        ("POST", "/identity/v3/auth/tokens", "", "clouds"),
        ("GET", "/compute/v2.1/servers/detail", "", "clouds"),
        ("GET", "/", "", "clouds"),
        ("GET", "/_sandbox/status", "", "control"),
    ],
)
def test_a_request_waits_in_its_lane(method, path, query, lane):
    assert lane_of(method, path, query) == lane


class Asked:
    """What waitress hands over: a connection with a request on it."""

    def __init__(self, path, serve):
        self.requests = [self]
        self.command, self.path, self.query = "GET", path, ""
        self.service = serve

    def cancel(self):
        pass


def test_people_who_wait_leave_the_clouds_their_threads():
    lanes = Lanes(4)
    answered = threading.Event()
    served = threading.Semaphore(0)

    def wait():
        answered.wait(10)
        served.release()

    for _ in range(8):
        lanes.add_task(Asked("/v1/p/protection-groups", wait))
    lanes.add_task(Asked("/compute/v2.1/flavors", answered.set))
    for _ in range(8):
        assert served.acquire(timeout=10)
    lanes.shutdown()
    assert lanes.threads == []


def test_every_lane_may_have_a_thread():
    lanes = Lanes(1)
    assert lanes.most == len(SHARES)
    lanes.shutdown()


def test_a_thread_is_started_for_a_request_that_has_none():
    lanes = Lanes(4)
    gate = threading.Event()
    served = threading.Semaphore(0)

    def wait():
        gate.wait(10)
        served.release()

    assert lanes.threads == []
    for begun in (1, 2, 2, 2):
        lanes.add_task(Asked("/v1/p/protection-groups", wait))
        # two are half of the four
        assert len(lanes.threads) == begun
    gate.set()
    for _ in range(4):
        assert served.acquire(timeout=10)
    lanes.shutdown()
    assert lanes.threads == []


class StillPool(Pool):
    """A pool whose threads do nothing."""

    def start_new_thread(self, target, thread_no):
        pass


def test_a_thread_that_has_nothing_to_do_takes_the_next_request():
    pool = StillPool()
    pool.set_thread_count(8)
    for _ in range(5):
        pool.add_task("a request")
        # its thread has answered it, and waits
        pool.queue.popleft()
        pool.active_count = 0
    assert len(pool.threads) == 1
    for begun in (1, 2, 3):
        pool.add_task("one of several at once")
        assert len(pool.threads) == begun


class RefusedPool(StillPool):
    """A pool that the system gives one thread."""

    def start_new_thread(self, target, thread_no):
        if thread_no:
            raise RuntimeError("can't start new thread")


def test_a_thread_that_the_system_refuses_is_not_waited_for():
    pool = RefusedPool()
    pool.set_thread_count(8)
    for _ in range(3):
        pool.add_task("a request")
    assert (len(pool.threads), len(pool.queue)) == (1, 3)
    none = RefusedPool()
    none.set_thread_count(8)
    none.threads = {0}
    none.stop_count = 1
    with pytest.raises(RuntimeError):
        none.add_task("a request")
    assert none.threads == {0}
