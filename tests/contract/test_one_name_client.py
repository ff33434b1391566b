"""One name that two administrators give to a record at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from fakeserver.local.pair import LocalPair
from protectorclient import SitePair, exceptions

SITE = {
    "auth_url": "http://127.0.0.1:9/v3",
    "protector_url": "http://127.0.0.1:9",
    "array_name": "flasharray-c",
    "volume_backend_host": "c@flasharray-c#pool",
    "username": "protector",
    "password": "secret",
    "project_name": "service",
}


@pytest.fixture
def sites(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalPair]:
    with LocalPair(sockets=True) as pair:
        monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(pair.clouds_yaml))
        yield pair


class Admin:
    """Makes the record from one side, a step at a time."""

    def __init__(self, first: str, second: str) -> None:
        self.pair = SitePair.open(f"{first}-admin", f"{second}-admin")
        self.made: Any = None
        self.error: exceptions.ProtectorError | None = None
        self.tried = threading.Event()

    def create(self, other: Admin, begin: Any = None) -> None:
        for handle in self.pair.handles:
            sites = handle.client.sites
            # an attribute of its own in place of the class's method
            vars(sites)["create"] = self._stepping(sites.create, other, begin)
        try:
            self.made = self.pair.create_site("site-c", **SITE)
        except exceptions.ProtectorError as error:
            self.error = error

    def _stepping(self, create: Any, other: Admin, begin: Any) -> Any:
        def make(name: str, *, id: str | None, **fields: Any) -> Any:
            try:
                made = create(name, id=id, **fields)
            finally:
                self.tried.set()
            if id is None:
                # the other one has a record somewhere before this goes on
                if begin is not None:
                    begin()
                other.tried.wait()
            return made

        return make


def test_one_of_two_administrators_wins(sites: LocalPair) -> None:
    here, there = Admin("site-a", "site-b"), Admin("site-b", "site-a")
    thread = threading.Thread(target=there.create, args=(here,))
    here.create(there, begin=thread.start)
    thread.join()
    (winner,) = [admin for admin in (here, there) if admin.made]
    (loser,) = [admin for admin in (here, there) if admin.error]
    assert isinstance(loser.error, exceptions.NameConflict)
    for handle in winner.pair.handles:
        named = [s for s in handle.client.sites.list() if s.name == "site-c"]
        assert [site.id for site in named] == [winner.made.id]


def test_the_record_is_that_of_the_configured_cloud(sites: LocalPair) -> None:
    for first, second in (("site-a", "site-b"), ("site-b", "site-a")):
        admin = Admin(first, second)
        admin.tried.set()
        admin.create(admin)
        assert admin.made is not None
        known = admin.pair.primary.client.sites.get(admin.made.id)
        assert admin.made.to_dict() == known.to_dict()
        for handle in admin.pair.handles:
            handle.client.sites.delete(admin.made.id)
