"""Who may do what: every cell of the table, before a live site."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from fakeserver.api import roles
from fakeserver.local.pair import LocalPair
from tests.helpers.sampling import sampled
from tests.helpers.walking import NOBODY, Walk, body_of, entries

#: users whose roles in the tenant's project are made to be just these
HOLDERS = {
    "reader": "auditor",
    "member": "demo",
    "admin": "admin",
    "protector_peer": "rival",
}
#: the table says who it is for; this says what it comes to
EXPECTED = {
    ("none",): {"reader", "member", "admin", "protector_peer", None},
    ("reader",): {"reader", "member", "admin"},
    ("member",): {"member", "admin"},
    ("admin",): {"admin"},
    ("reader", "protector_peer"): {
        "reader",
        "member",
        "admin",
        "protector_peer",
    },
    ("protector_peer", "admin"): {"protector_peer", "admin"},
}
OPERATIONS = {
    (method, path): entry["operationId"]
    for method, path, entry in entries("1.2", "1.2")
}
CELLS = [
    pytest.param(
        rule,
        asker,
        id=f"{asker or 'nobody'} {rule.method} {rule.path}"
        + (f" {rule.action}" if rule.action else ""),
    )
    for rule in roles.RULES
    for asker in roles.ASKERS
]


@pytest.fixture(scope="module")
def walk(judge: Any) -> Iterator[Walk]:
    with LocalPair() as pair:
        made = Walk(pair, "1.2")
        made.remember()
        yield made


@pytest.fixture(scope="module")
def tokens(walk: Walk) -> dict[str | None, str | None]:
    held: dict[str | None, str | None] = {None: None}
    for role, user in HOLDERS.items():
        held[role] = walk.holder(user, role)
    return held


def body(walk: Walk, rule: roles.Rule) -> Any:
    if rule.action is not None:
        return {rule.action: {"status": "active"}}
    made = body_of(walk, OPERATIONS[rule.method, rule.path])
    if rule.method == "PUT":
        # its tokens are known only as long as the policy is there
        made["metadata"] = {**made["metadata"], "policy": None}
    return made


@pytest.mark.parametrize(("rule", "asker"), sampled(CELLS, 62))
def test_cell(
    walk: Walk,
    tokens: dict[str | None, str | None],
    rule: roles.Rule,
    asker: str | None,
) -> None:
    """Who passes meets what is there, or is not there any more."""
    answer = walk.send(
        rule.method, rule.path, body(walk, rule), token=tokens[asker]
    )
    refused = roles.refusal(rule, asker)
    if refused is None:
        assert answer.status_code in (200, 201, 202, 204, 404, 409)
    else:
        reason = {401: "unauthorized", 403: "forbidden"}[refused]
        assert answer.status_code == refused
        assert answer.json()["error"]["reason"] == f"protector.{reason}"
    # and the table means what it says
    may = EXPECTED[rule.roles or ("none",)]
    assert (refused is None) == (asker in may)


def test_the_table_is_whole() -> None:
    assert {(rule.method, rule.path) for rule in roles.RULES} == set(
        OPERATIONS
    )


# -- other projects


@pytest.fixture(scope="module")
def rival(judge: Any) -> Iterator[Walk]:
    """A world where the first group is there to the end."""
    with LocalPair() as pair:
        made = Walk(pair, "1.2")
        made.remember()
        yield made


def said(answer: requests.Response) -> tuple[int, dict[str, Any]]:
    """An answer without what differs between any two."""
    error = answer.json()["error"]
    error.pop("request_id")
    return answer.status_code, error


TENANTS = [rule for rule in roles.RULES if "{tenant_id}" in rule.path]


@pytest.mark.parametrize(
    "rule",
    TENANTS,
    ids=lambda rule: f"{rule.method} {rule.path} {rule.action or ''}",
)
def test_the_address_of_another_project(walk: Walk, rule: roles.Rule) -> None:
    """It is refused whatever is behind it, and whoever's it is."""
    token = walk.token_of("rival", "rival")
    asked = body(walk, rule)
    theirs = said(walk.send(rule.method, rule.path, asked, token=token))
    assert theirs[0] == 403
    nowhere = rule.path
    for name in ("tenant_id", "pg_id", "member_id", "op_id"):
        nowhere = nowhere.replace(f"{{{name}}}", NOBODY)
    nothing = said(walk.send(rule.method, nowhere, asked, token=token))
    malformed = said(walk.send(rule.method, rule.path, [7], token=token))
    assert theirs == nothing == malformed


@pytest.mark.parametrize(
    "rule",
    [
        rule
        for rule in TENANTS
        if rule.path.count("{") > 1 and rule.method != "PUT"
    ],
    ids=lambda rule: f"{rule.method} {rule.path} {rule.action or ''}",
)
def test_what_belongs_to_another_project(
    rival: Walk, rule: roles.Rule
) -> None:
    """Under one's own address it is as if it were not there."""
    project = rival.world.project_id("site-a", "rival")
    own = rule.path.replace("{tenant_id}", project)
    asked = body(rival, rule)
    token = rival.token
    if rule.roles != roles.MANAGE:
        token = rival.token_of("rival", "rival")
    theirs = rival.send(rule.method, own, asked, token=token)
    absent = own
    for name in ("pg_id", "op_id"):
        absent = absent.replace(f"{{{name}}}", NOBODY)
    nothing = rival.send(rule.method, absent, asked, token=token)
    status, error = said(theirs)
    assert status == 404
    named = rival.names["op_id" if "{op_id}" in own else "pg_id"]
    error["message"] = error["message"].replace(named, NOBODY)
    assert (status, error) == said(nothing)
