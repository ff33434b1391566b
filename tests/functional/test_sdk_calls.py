"""Calls of openstacksdk, against the clouds of a sandbox."""

from collections.abc import Iterator
from typing import Any

import openstack
import pytest

from fakeserver.local.pair import LocalPair
from tests.helpers.sampling import sampled
from tests.helpers.sdk_calls import CALLS, Call

#: the SDK's own calls of what it has given up itself
pytestmark = [
    pytest.mark.filterwarnings("ignore::PendingDeprecationWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


@pytest.fixture(scope="module")
def connections() -> Iterator[dict[bool, Any]]:
    with LocalPair(sockets=True) as pair:
        config = openstack.config.OpenStackConfig(
            config_files=[str(pair.clouds_yaml)], load_envvars=False
        )
        found = {
            admin: openstack.connection.Connection(
                config=config.get_one(cloud)
            )
            for admin, cloud in ((False, "site-a"), (True, "site-a-admin"))
        }
        yield found
        for connection in found.values():
            connection.close()


@pytest.mark.parametrize(
    "asked", sampled((pytest.param(one, id=one.name) for one in CALLS), 15)
)
def test_a_call(connections: dict[bool, Any], asked: Call) -> None:
    connection = connections[asked.admin]

    def answer() -> object:
        found = asked.call(connection)
        return list(found) if hasattr(found, "__next__") else found

    if not asked.refusal:
        assert answer() is not None
        return
    with pytest.raises(openstack.exceptions.SDKException) as refused:
        answer()
    assert asked.refusal in str(refused.value)
