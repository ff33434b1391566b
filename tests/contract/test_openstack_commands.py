"""The real OpenStackClient against the clouds of both sites.

Every command has to end well and to say nothing on stderr.
"""

import json
import pathlib
from collections.abc import Iterator
from typing import Any

import pytest

from fakeserver.local.pair import LocalPair
from tests.helpers.clirunner import Ran, openstack

pytestmark = pytest.mark.versions

#: releases before 2026.2 do not ask for it by themselves
GROUPS = "--os-volume-api-version 3.13"


@pytest.fixture(scope="module")
def pair() -> Iterator[LocalPair]:
    with LocalPair(sockets=True) as found:
        yield found


@pytest.fixture(autouse=True)
def clouds(pair: LocalPair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(pair.clouds_yaml))


def run(command: str, cloud: str = "site-a") -> Ran:
    ran = openstack(f"--os-cloud {cloud} {command}")
    assert (ran.code, ran.err) == (0, ""), ran
    return ran


def ask(command: str, cloud: str = "site-a") -> Any:
    return json.loads(run(f"{command} -f json", cloud).out)


def names(command: str, cloud: str = "site-a") -> list[str]:
    return [row["Name"] for row in ask(command, cloud)]


def test_token_issue(pair: LocalPair) -> None:
    for cloud in ("site-a", "site-b"):
        site = pair.site(cloud)
        token = ask("token issue", cloud)
        assert token["project_id"] == site.world.project_id(cloud, "demo")
        assert token["user_id"] == site.world.user_id(cloud, "demo")
        assert site.keystone.check(token["id"]) is not None


def test_catalog(pair: LocalPair) -> None:
    assert names("catalog list") == [
        "keystone",
        "nova",
        "neutron",
        "cinderv3",
        "glance",
        "protector",
    ]
    shown = ask("catalog show protector")
    assert shown["type"] == "protector"
    urls = {endpoint["url"] for endpoint in shown["endpoints"]}
    assert urls == {pair.site("site-a").url}


def test_servers() -> None:
    found = ask("server list")
    web = next(row for row in found if row["Name"] == "web-1")
    assert web["Status"] == "ACTIVE"
    assert web["Networks"] == {"net-primary-web": ["10.10.0.11"]}
    assert web["Flavor"] == "m1.large"
    assert web["Image"] == "N/A (booted from volume)"
    assert len(ask("server list --long")) == 6
    assert ask("server list", "site-b") == []
    shown = ask("server show web-1")
    assert shown["flavor"]["name"] == "m1.large"
    assert len(shown["volumes_attached"]) == 2
    assert shown["image"] == "N/A (booted from volume)"


def test_an_older_nova_is_asked_for_the_flavors() -> None:
    found = ask("--os-compute-api-version 2.1 server list")
    assert {row["Flavor"] for row in found} == {"m1.large", "db.big"}


def test_flavors() -> None:
    assert names("flavor list") == ["db.big", "m1.large", "m2.large"]
    assert names("flavor list --all", "site-a-admin")
    shown = ask("flavor show db.large", "site-b")
    assert (shown["vcpus"], shown["ram"], shown["disk"]) == (8, 32768, 100)


def test_networks() -> None:
    assert names("network list", "site-b") == [
        "net-secondary-web",
        "net-secondary-db",
    ]
    made = ask("network create spare")
    assert ask("network show spare")["id"] == made["id"]
    subnet = ask(
        "subnet create --network spare --subnet-range 10.99.0.0/24 spare-v4"
    )
    assert subnet["gateway_ip"] == "10.99.0.1"
    assert "spare-v4" in names("subnet list")
    run("network delete spare")
    assert "spare" not in names("network list")
    assert len(ask("port list")) == 6


def test_images() -> None:
    assert names("image list") == ["sandbox-image"]
    assert names("image list --long", "site-b-admin") == ["sandbox-image"]
    missing = openstack("--os-cloud site-a image show x")
    assert (missing.code, missing.out) == (1, "")
    assert "No Image found for x" in missing.err


def test_volumes() -> None:
    found = ask("volume list")
    assert len(found) == 10
    root = next(row for row in found if row["Name"] == "web-1-root")
    assert (root["Status"], root["Size"]) == ("in-use", 20)
    assert ask("volume list", "site-b") == []
    shown = ask("volume show web-1-root")
    assert shown["type"] == "flash-async"
    assert shown["attachments"][0]["device"] == "/dev/vda"


def test_volume_types() -> None:
    kinds = ["flash-async", "flash-sync", "standard"]
    assert names("volume type list") == kinds
    member = ask("volume type show flash-async")
    assert member["properties"] == {"replication_enabled": "<is> True"}
    admin = ask("volume type show flash-async", "site-a-admin")
    assert admin["properties"]["replication_type"] == "<in> async"


def test_volume_groups() -> None:
    assert len(names(f"{GROUPS} volume group list")) == 3
    hosts = [row["Host"] for row in ask("volume service list", "site-a-admin")]
    assert "site-a@flasharray-a" in hosts


def test_projects() -> None:
    assert names("project list --my-projects") == ["demo"]
    every = names("project list", "site-a-admin")
    assert every == ["demo", "rival", "service"]
    shown = ask("project show rival", "site-a-admin")
    assert shown["enabled"] is True
    assert len(ask("endpoint list", "site-a-admin")) == 18
    assert "protector" in names("service list", "site-a-admin")
    assert "auditor" in names("user list", "site-a-admin")


def test_limits_and_quotas() -> None:
    limits = {
        row["Name"]: row["Value"] for row in ask("limits show --absolute")
    }
    assert limits["instances_used"] == 6
    assert ask("quota show")
    run("quota set --instances 7 demo", "site-b-admin")
    found = {
        row["Resource"]: row["Limit"] for row in ask("quota show", "site-b")
    }
    assert found["instances"] == 7


def test_a_server_of_ones_own() -> None:
    run("volume create --size 3 fresh --bootable", "site-b")
    made = ask(
        "server create --volume fresh --flavor m1.large "
        "--network net-secondary-web own",
        "site-b",
    )
    assert made["name"] == "own"
    run("server stop own", "site-b")
    (row,) = ask("server list", "site-b")
    assert (row["Name"], row["Status"]) == ("own", "SHUTOFF")
    run("server start own", "site-b")
    run("server delete own", "site-b")
    run("volume delete fresh", "site-b")
    assert ask("volume list", "site-b") == []


def test_an_application_credential(
    pair: LocalPair,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answer = ask("application credential create backup --role reader")
    # releases before 2025.2 show the names of the fields: project_id
    made = {name.replace("_", " ").lower(): answer[name] for name in answer}
    url = pair.site("site-a").url
    (tmp_path / "clouds.yaml").write_text(
        json.dumps(
            {
                "clouds": {
                    "backup": {
                        "auth_type": "v3applicationcredential",
                        "region_name": "RegionOne",
                        "auth": {
                            "auth_url": f"{url}/identity/v3",
                            "application_credential_id": made["id"],
                            "application_credential_secret": made["secret"],
                        },
                    }
                }
            }
        )
    )
    config = str(tmp_path / "clouds.yaml")
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", config)
    assert ask("token issue", "backup")["project_id"] == made["project id"]
    assert len(ask("server list", "backup")) == 6
    refused = openstack("--os-cloud backup server stop web-1")
    assert refused.code == 1
    assert "Policy doesn't allow" in refused.err
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(pair.clouds_yaml))
    run("application credential delete backup")
    assert names("application credential list") == []


def test_others_see_nothing_of_it() -> None:
    assert ask("server list", "site-a-rival") == []
    assert ask("volume list", "site-a-rival") == []
    assert ask("network list", "site-a-rival") == []
    assert len(ask("server list", "site-a-auditor")) == 6
