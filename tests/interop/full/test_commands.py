"""The emulated Nova, Neutron and Cinder answer the commands of a first day
as the real ones do, but for what is recorded.

``commands.yaml`` holds the differences: what the real and the emulated one
say, and why that stays so. A new one fails here, and so does one that is gone
and still recorded.
"""

import pathlib
from collections.abc import Iterator

import pytest
import yaml

from fakeserver.base.seed_world import REGION, build
from tests.helpers.clirunner import openstack
from tests.interop import place
from tests.interop.full import application, seeding
from tests.interop.full.commands import (
    COMMANDS,
    NETWORK,
    SERVER,
    VOLUME,
    asked,
    summary,
)
from tests.interop.worlds import REAL_REGION

pytestmark = [
    pytest.mark.interop_full,
    pytest.mark.filterwarnings("ignore:::openstack"),
]
RECORDED = pathlib.Path(__file__).with_name("commands.yaml")
REGIONS = {"real": REAL_REGION, "emulated": REGION}


@pytest.fixture(scope="module")
def clouds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[pathlib.Path]:
    """A clouds.yaml with both clouds of site-b, each with one instance."""
    run = place.find()
    world, url = build("default", run.seed), run.keystones["site-b"]
    known = yaml.safe_load((run.sandbox / "clouds.yaml").read_text())["clouds"]
    path = tmp_path_factory.mktemp("commands") / "clouds.yaml"
    path.write_text(
        yaml.safe_dump(
            {
                "clouds": {
                    name: {**known["site-b"], "region_name": region}
                    for name, region in REGIONS.items()
                }
            }
        )
    )
    made = []
    for region in REGIONS.values():
        cloud = seeding.connection(world, url, "demo", region)
        volume = cloud.block_storage.create_volume(
            name=VOLUME, size=1, volume_type="flash-async"
        )
        application.wait(cloud, volume, "available")
        cloud.block_storage.set_volume_bootable_status(volume, True)
        server = application.boot(cloud, SERVER, NETWORK, [volume])
        made.append((cloud, server, volume))
    yield path
    for cloud, server, volume in made:
        cloud.compute.delete_server(server)
        cloud.compute.wait_for_delete(server, interval=0.5, wait=60)
        cloud.block_storage.delete_volume(volume)
        cloud.close()


@pytest.mark.parametrize("command", COMMANDS)
def test_both_answer_alike(
    command: str, clouds: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(clouds))
    told = {
        name: summary(openstack(f"--os-cloud {name} {asked(command)}"))
        for name in REGIONS
    }
    recorded = yaml.safe_load(RECORDED.read_text()) or {}
    if told["real"] == told["emulated"]:
        assert command not in recorded, "it is one no longer: remove it"
        return
    # as it is to be written down, with the reason why it has to stay
    text = yaml.safe_dump({command: told | {"why": ""}}, sort_keys=False)
    held = {**recorded.get(command, {}), "why": ""}
    assert held == told | {"why": ""}, f"\n{text}"


def test_what_is_recorded_is_asked_and_has_a_reason() -> None:
    recorded = yaml.safe_load(RECORDED.read_text()) or {}
    assert set(recorded) <= set(COMMANDS)
    assert all(entry["why"] for entry in recorded.values())
