"""Managing and unmanaging volumes, and the policy file that allows it."""

from typing import Any

import pytest
import yaml

from fakeserver.cloud.identity.tokens import Token
from fakeserver.cloud.volume.policy import MANAGE, RECOMMENDED, Policy
from tests.helpers.cloud_parts import Cloud

PATH = "/volume/v3/{p}/os-volume-manage"
HOST = {
    "site-a": "site-a@flasharray-a#pool",
    "site-b": "site-b@flasharray-b#pool",
}


def wish(cloud: Cloud, name: str = "pg-1", **changes: Any) -> dict[str, Any]:
    volume = {
        "host": HOST[cloud.name],
        "ref": {"source-name": name},
        "name": "taken",
        "volume_type": "flash-async",
        "bootable": True,
        "metadata": {"protector_key": name},
        **changes,
    }
    return {"volume": volume}


@pytest.fixture
def full(b: Cloud) -> Cloud:
    """Site B, whose array holds a volume that Cinder does not know."""
    b.site.arrays.create_volume("flasharray-b", "pg-1", 7)
    return b


def manage(cloud: Cloud, **changes: Any) -> str:
    answer = cloud.post(PATH, wish(cloud, **changes))
    assert answer.status_code == 202, answer.text
    made: str = answer.json["volume"]["id"]
    return made


def test_a_volume_is_taken_in_and_given_back(full: Cloud) -> None:
    made = manage(full)
    own = f"/volume/v3/{{p}}/volumes/{made}"
    shown = full.get(own).json["volume"]
    assert (shown["size"], shown["status"]) == (7, "available")
    assert shown["bootable"] == "true"
    assert shown["metadata"] == {"protector_key": "pg-1"}
    gone = full.post(f"{own}/action", {"os-unmanage": {}})
    assert gone.status_code == 202
    assert full.get(own).status_code == 404
    assert full.site.arrays.volume("flasharray-b", "pg-1") is not None
    assert manage(full) != made


def test_a_managed_volume_that_is_deleted_is_gone(full: Cloud) -> None:
    made = manage(full)
    full.call("DELETE", f"/volume/v3/{{p}}/volumes/{made}")
    assert full.site.arrays.volume("flasharray-b", "pg-1") is None


def test_nothing_is_managed_twice(full: Cloud) -> None:
    manage(full)
    for user in ("demo", "rival"):
        answer = full.post(PATH, wish(full), as_=user)
        assert answer.status_code == 400
        message = answer.json["badRequest"]["message"]
        assert "managed by Cinder already" in message


@pytest.mark.parametrize(
    "changes, status",
    [
        ({"name": 5}, 400),
        ({"host": "elsewhere"}, 400),
        ({"host": None}, 400),
        ({"ref": {}}, 400),
        ({"ref": {"source-name": "no-such"}}, 400),
        ({"ref": {"source-name": ""}}, 400),
        ({"ref": "pg-1"}, 400),
        ({"volume_type": "no-such"}, 404),
        ({"bootable": "yes"}, 400),
        ({"metadata": {"a": 1}}, 400),
    ],
)
def test_refused(full: Cloud, changes: dict[str, Any], status: int) -> None:
    body = wish(full)
    body["volume"].update(changes)
    assert full.post(PATH, body).status_code == status
    assert full.get("/volume/v3/{p}/volumes").json["volumes"] == []


def test_a_quota_stops_it(full: Cloud) -> None:
    path = f"/volume/v3/{{p}}/os-quota-sets/{full.project()}"
    full.call("PUT", path, {"quota_set": {"gigabytes": 6}}, as_="admin")
    assert full.post(PATH, wish(full)).status_code == 413


def test_readers_manage_nothing(full: Cloud) -> None:
    assert full.post(PATH, wish(full), as_="auditor").status_code == 403


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "{",
        "- a list",
        "\0",
        f'"{MANAGE}": 5',
        f'"{MANAGE}": "rule:no_such_rule"',
        f'"{MANAGE}": "rule:{MANAGE}"',
        f'"{MANAGE}": "( role:member"',
        f'"{MANAGE}": "role:member or"',
        f'"{MANAGE}": "!"',
        f'"{MANAGE}": "role:admin"',
    ],
)
def test_without_its_rule_a_member_is_refused(
    full: Cloud, text: str | None
) -> None:
    made = manage(full)
    path = full.site.config.cinder_policy
    if text is None:
        path.unlink()
    else:
        path.write_text(text)
    answer = full.post(PATH, wish(full))
    assert answer.status_code == 403
    assert answer.json["forbidden"]["message"] == (
        f"Policy doesn't allow {MANAGE} to be performed."
    )
    if text is None:
        own = f"/volume/v3/{{p}}/volumes/{made}/action"
        assert full.post(own, {"os-unmanage": {}}).status_code == 403
        services = full.get("/volume/v3/{p}/os-services")
        assert services.status_code == 403
        assert services.json["forbidden"]["message"] == (
            "Policy doesn't allow volume_extension:services:index to be "
            "performed."
        )


def test_the_fix_is_read_at_once(full: Cloud) -> None:
    path = full.site.config.cinder_policy
    fixed = path.read_text()
    path.unlink()
    assert full.post(PATH, wish(full)).status_code == 403
    path.write_text(fixed)
    assert full.post(PATH, wish(full)).status_code == 202


def test_the_file_of_a_sandbox_says_what_is_known_of_it(full: Cloud) -> None:
    """A site reads it without the parser."""
    text = full.site.config.cinder_policy.read_text()
    assert yaml.safe_load(text) == RECOMMENDED


def test_only_an_admin_sees_the_services(full: Cloud) -> None:
    """The recommended policy lets a member in, the database does not."""
    path = "/volume/v3/{p}/os-services"
    refused = full.get(path)
    assert refused.status_code == 403
    assert refused.json["forbidden"]["message"] == (
        "User does not have admin privileges"
    )
    services = full.get(path, as_="admin").json["services"]
    assert services[1]["host"] == "site-b@flasharray-b"


def test_what_can_be_managed_is_for_admins(full: Cloud) -> None:
    path = f"/volume/v3/{{p}}/manageable_volumes?host={HOST['site-b']}"
    path = path.replace("#", "%23")
    assert full.get(path).status_code == 403
    (found,) = full.get(path, as_="admin").json["manageable-volumes"]
    assert found["safe_to_manage"] is True
    made = manage(full)
    (found,) = full.get(path, as_="admin").json["manageable-volumes"]
    assert (found["safe_to_manage"], found["cinder_id"]) == (False, made)
    bad = "/volume/v3/{p}/os-volume-manage?host=x"
    assert full.get(bad, as_="admin").status_code == 400


def token(*roles: str) -> Token:
    return Token("u", "user", "p", "project", roles, 0.0)


@pytest.mark.parametrize(
    "rule, roles, allowed",
    [
        ("", (), True),
        ("@", (), True),
        ("!", ("admin",), False),
        ("role:member", ("member",), True),
        ("role:MEMBER", ("member",), True),
        ("not role:member", ("member",), False),
        ("not not role:member", ("member",), True),
        ("role:a or role:b and role:c", ("a",), True),
        ("(role:a or role:b) and role:c", ("a",), False),
        ("((role:a) and (role:c))", ("a", "c"), True),
        ("is_admin:True", ("admin",), True),
        ("is_admin:False", ("admin",), False),
        ("project_id:%(project_id)s", (), True),
        ("rule:admin_or_owner", (), True),
        ("tenant:other", (), False),
        ("system_scope:all", ("admin",), False),
        ("http://example", ("admin",), False),
        ("role:a role:b", ("a", "b"), False),
        (")(", ("admin",), False),
    ],
)
def test_the_language_of_rules(
    a: Cloud, rule: str, roles: tuple[str, ...], allowed: bool
) -> None:
    path = a.site.config.cinder_policy
    path.write_text(f'"x": "{rule}"\n')
    policy = Policy(path)
    assert policy.allows("x", token(*roles), "p") is allowed
    assert not policy.allows("unknown", token("admin"), "p")
