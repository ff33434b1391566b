"""Requests that wait for other requests do not take their threads."""

import threading

import pytest

from fakeserver.http.thread_pools import SHARES, Lanes, lane_of


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


def test_every_lane_has_a_thread():
    lanes = Lanes(1)
    assert len(lanes.threads) == len(SHARES)
    lanes.shutdown()
