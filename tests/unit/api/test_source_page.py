"""Each address that exists is a sentence of the published page."""

import pytest

from fakeserver.api import roles, source_page


@pytest.mark.parametrize("cell", source_page.STATED)
def test_an_address_is_one_of_the_api(cell: tuple[str, str]) -> None:
    assert roles.rule_of(*cell).path == cell[1]


def test_a_query_keeps_what_the_page_names() -> None:
    page = source_page.SourcePage("json")
    path = "/v1/{tenant_id}/operations"
    asked = {"limit": ["1"], "operation_type": ["failover"], "x": ["y"]}
    assert page.query(path, asked) == {
        "operation_type": ["failover"],
        "limit": [source_page.LIMIT],
    }


@pytest.mark.parametrize(
    ("body", "unknown"),
    [
        ({"failover": {"force": True}}, None),
        ({"failover": {"reason": "x"}}, "reason"),
        ({"reset_status": {}}, "reset_status"),
    ],
)
def test_an_action_takes_what_the_page_names(
    body: object, unknown: str | None
) -> None:
    assert source_page.SourcePage("json").unknown_in(body) == unknown
