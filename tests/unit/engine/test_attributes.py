"""What is read of an instance, and where its secrets are kept."""

import base64
import copy
import hashlib
import pathlib
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fakeserver.base.vault import Vault
from fakeserver.engine.cloud_client.cloud import RemoteCloud
from fakeserver.engine.model import attributes, document, sealed
from fakeserver.engine.model.operation_record import Loss
from fakeserver.engine.run.steps.attributes import InstanceRequest

MOMENT = "2026-03-01T00:00:00Z"
TEXT = base64.b64encode(b"#!/bin/sh\nexport PASSWORD=hunter2\n").decode()
#: as Nova 2.90 shows it to its tenant
SHOWN: dict[str, Any] = {
    "id": "i-1",
    "user_id": "u-1",
    "status": "SHUTOFF",
    "metadata": {"role": "db", "db_password": "x", "protector_key": "k"},
    "security_groups": [{"name": "web"}, {"name": "default"}, {"name": "web"}],
    "OS-EXT-AZ:availability_zone": "az-1",
    "tags": ["b", "a"],
    "description": None,
    "config_drive": "True",
    "OS-EXT-SRV-ATTR:hostname": "db-1",
    "locked": True,
    "server_groups": ["g-1"],
    "key_name": "ops",
}


class Cloud:
    """Answers what it was given; counts nothing."""

    def __init__(self, **answers: Any) -> None:
        self._answers = answers

    def details(self, server_id: str) -> Any:
        return self._answers.get("details")

    def server_group(self, group_id: str) -> Any:
        return self._answers.get("group")

    def key_pair(self, name: str, user_id: str) -> Any:
        return self._answers.get("pair")


def read(cloud: Cloud, admin: Cloud | None = None) -> Any:
    return attributes.read(
        cast(RemoteCloud, cloud), "i-1", MOMENT, cast(RemoteCloud, admin)
    )


def test_all_that_nova_shows_is_read() -> None:
    tenant = Cloud(
        details=SHOWN, group={"name": "anti", "policies": ["anti-affinity"]}
    )
    admin = Cloud(
        details={**SHOWN, "OS-EXT-SRV-ATTR:user_data": TEXT},
        pair={"fingerprint": "aa:bb"},
    )
    found = read(tenant, admin)
    raw = base64.b64decode(TEXT)
    assert found.user_data == TEXT
    assert found.attributes == {
        "properties": {"db_password": "x", "role": "db"},
        "security_groups": ["default", "web"],
        "availability_zone": "az-1",
        "tags": ["a", "b"],
        "description": None,
        "config_drive": True,
        "hostname": "db-1",
        "locked": True,
        "power_state": "SHUTOFF",
        "power_state_at": MOMENT,
        "server_group": {"name": "anti", "policy": "anti-affinity"},
        "key_pair": {"name": "ops", "fingerprint": "aa:bb"},
        "user_data": {
            "sha256": hashlib.sha256(raw).hexdigest(),
            "bytes": len(raw),
        },
    }


def test_what_a_cloud_does_not_show_is_absent() -> None:
    old = {"status": "ACTIVE", "metadata": {}, "key_name": None}
    assert read(Cloud(details=old)).attributes == {
        "properties": {},
        # Nova leaves it out of an instance that has none
        "security_groups": [],
        "key_pair": None,
        "power_state": "ACTIVE",
        "power_state_at": MOMENT,
    }


def test_none_that_is_shown_is_none() -> None:
    shown = {**SHOWN, "server_groups": [], "OS-EXT-SRV-ATTR:user_data": None}
    found = read(Cloud(details=shown))
    assert found.attributes["server_group"] is None
    assert found.attributes["user_data"] is None
    assert found.user_data is None


def test_what_cinder_shows_of_a_volume() -> None:
    admins = {"readonly": "True", "attached_mode": "rw", "tier": "gold"}
    shown = {"metadata": {**admins, "protector_key": "k"}, "multiattach": True}
    assert attributes.of_volume(shown) == {
        "properties": {"tier": "gold"},
        "read_only": True,
        "multiattach": True,
    }
    assert attributes.of_volume({"metadata": {}}) == {"properties": {}}


def test_a_port_is_found_by_its_network_and_address() -> None:
    ports = [
        {
            "network_id": network,
            "fixed_ips": [{"ip_address": "10.0.0.5"}],
            "mac_address": mac,
            "allowed_address_pairs": [],
        }
        for network, mac in (("n-1", "aa"), ("n-2", "bb"))
    ]
    wanted = {"id": "n-2", "fixed_ip": "10.0.0.5"}
    assert attributes.on_port(wanted, ports) == {
        "mac_address": "bb",
        "allowed_address_pairs": [],
    }
    assert attributes.on_port({"id": "n-3", "fixed_ip": "10.0.0.5"}, []) == {}


@pytest.fixture
def vault(tmp_path: pathlib.Path) -> Vault:
    return Vault.open(tmp_path / "key")


@pytest.fixture
def doc(vault: Vault) -> document.Doc:
    """A document with one member that has two secrets."""
    made = document.new_document(
        group_id="g",
        name="g",
        description="",
        replication_type="async",
        volume_type="t",
        primary_site_id="a",
        secondary_site_id="b",
    )
    held = {
        "attributes": {
            "properties": {"role": "db", "DB_Password": "hunter2"},
            "user_data": attributes.digest(TEXT),
            "power_state": "ACTIVE",
        },
        "volumes": [{"properties": {"luks_key": "hunter3"}}],
    }
    sealed.hide(made, vault, held, TEXT)
    made["members"] = [{"id": "m", "sites": {"a": held}}]
    return made


def test_secrets_are_sealed_and_come_back(
    doc: document.Doc, vault: Vault
) -> None:
    text = str(doc)
    assert not any(one in text for one in (TEXT, "hunter2", "hunter3"))
    held = doc["members"][0]["sites"]["a"]
    assert sealed.open_properties(
        doc, vault, held["attributes"]["properties"]
    ) == {"role": "db", "DB_Password": "hunter2"}
    assert sealed.open_user_data(doc, vault, held["attributes"]) == TEXT
    assert sealed.shown_properties(held["attributes"]["properties"], "*") == {
        "role": "db",
        "DB_Password": "*",
    }
    assert len(doc["sealed"]) == 3
    assert "sealed" not in document.without_secrets(doc)


def test_the_same_user_data_is_kept_once(
    doc: document.Doc, vault: Vault
) -> None:
    other = copy.deepcopy(doc["members"][0]["sites"]["a"])
    sealed.hide(doc, vault, other, TEXT)
    doc["members"][0]["sites"]["b"] = other
    assert len(doc["sealed"]) == 3


def test_secrets_go_with_their_member(doc: document.Doc) -> None:
    doc["members"] = []
    sealed.prune(doc)
    assert doc["sealed"] == {}


def test_an_export_is_read_with_the_secrets_of_this_site(
    doc: document.Doc, vault: Vault
) -> None:
    given = copy.deepcopy(document.without_secrets(doc))
    assert sealed.check(given, None, vault) == "members[0].user_data"
    assert sealed.check(given, doc, vault) is None
    assert given["sealed"] == doc["sealed"]


def test_a_secret_of_another_digest_is_refused(
    doc: document.Doc, vault: Vault
) -> None:
    [mark] = (one.digest for one in sealed.references(doc) if one.is_user_data)
    doc["sealed"][mark] = vault.encrypt("b3RoZXI=", "g")
    assert sealed.check(doc, None, vault) == "members[0].user_data"


def test_a_power_state_is_no_change_of_the_document(
    doc: document.Doc,
) -> None:
    before = document.checksum(doc)
    held = doc["members"][0]["sites"]["a"]["attributes"]
    held["power_state"] = "SHUTOFF"
    held["power_state_at"] = MOMENT
    assert document.checksum(doc) == before
    held["properties"]["role"] = "web"
    assert document.checksum(doc) != before


@pytest.mark.parametrize(
    ("kept", "drill", "named"),
    [
        ({"power_state": "ACTIVE"}, False, True),
        ({"power_state": "ACTIVE"}, True, False),
        ({"power_state": "ACTIVE", "locked": False}, False, False),
        # of an engine that keeps no attributes
        ({}, False, False),
    ],
)
def test_a_lock_that_an_old_nova_does_not_show_is_not_kept(
    kept: dict[str, Any], drill: bool, named: bool
) -> None:
    operation: Any = SimpleNamespace(
        is_drill=drill,
        source="site-a",
        name=str,
        doc=dict,
        site=SimpleNamespace(pair=None),
    )
    nova = SimpleNamespace(compute_version=lambda: (2, 1))
    target: Any = SimpleNamespace(name="site-b", cloud=nova)
    member = {"instance_name": "db-1", "attributes": kept}
    request = InstanceRequest(operation, target, member)
    why = "Nova at site-a does not show it; the new instance is not locked"
    assert request.losses({"locked": False}) == (
        [Loss("db-1", "locked", None, why)] if named else []
    )
