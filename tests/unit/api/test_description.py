"""The description is whole, and the same thing as the routes."""

import pathlib
import re
from typing import Any

import flask
import jsonschema
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from fakeserver.api import description, description_files, roles
from fakeserver.api.gate import template
from fakeserver.api.microversion import VERSIONS


@pytest.fixture(params=VERSIONS, ids=lambda version: "{}.{}".format(*version))
def document(request: pytest.FixtureRequest) -> dict[str, Any]:
    return description.document(request.param, VERSIONS[-1])


def test_what_sites_read_is_what_the_files_say() -> None:
    found = description_files.FILE.read_text(encoding="utf-8")
    assert found == description_files.document(), (
        "write it anew: .venv/bin/python tools/description.py"
    )
    assert description_files.known() == description_files.joined()
    assert max(map(len, found.splitlines())) < 8000


def test_a_file_that_has_changed_since_counts(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for file in description_files._FOLDER.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    monkeypatch.setattr(description_files, "_FOLDER", tmp_path)
    before = description_files.known()
    (tmp_path / "zz.yaml").write_text("paths: {/v1/new: {}}")
    assert "/v1/new" not in before["paths"]
    assert "/v1/new" in description_files.known()["paths"]


@pytest.mark.parametrize(
    "text", [None, "", "<<<<<<< HEAD\n{}", "[]", "{}", "\xe4"]
)
def test_a_file_that_is_not_readable_does_not(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, text: str | None
) -> None:
    file = tmp_path / "description.json"
    if text is not None:
        file.write_text(text, encoding="latin-1")
    monkeypatch.setattr(description_files, "FILE", file)
    monkeypatch.setattr(description_files, "joined", lambda: {"paths": {}})
    assert description_files.known() == {"paths": {}}


def test_valid_openapi(document: dict[str, Any]) -> None:
    assert not list(OpenAPIV31SpecValidator(document).iter_errors())


def schemas_in(node: Any) -> Any:
    if isinstance(node, dict):
        if isinstance(node.get("schema"), dict):
            yield node["schema"]
        for child in node.values():
            yield from schemas_in(child)
    elif isinstance(node, list):
        for child in node:
            yield from schemas_in(child)


def test_valid_schemas(document: dict[str, Any]) -> None:
    for schema in schemas_in(document):
        jsonschema.Draft202012Validator.check_schema(
            description.inline(schema, document)
        )


def test_every_reference_names_something(document: dict[str, Any]) -> None:
    for target in re.findall(r"'\$ref': '#/([^']+)'", str(document)):
        node: Any = document
        for part in target.split("/"):
            node = node[part]


def test_every_component_is_used() -> None:
    document = description.document(VERSIONS[-1], VERSIONS[-1])
    text = str(document)
    for kind, named in document["components"].items():
        if kind == "securitySchemes":
            continue
        for name in named:
            used = f"'#/components/{kind}/{name}'" in text
            assert used, f"{kind} {name}"


def served(app: flask.Flask) -> set[tuple[str, str]]:
    return {
        (method, template(rule.rule))
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("protector-")
        for method in rule.methods or ()
        if method != "HEAD"
    }


def test_routes_and_entries_are_the_same(app: flask.Flask) -> None:
    assert served(app) == set(description.routes())


def test_roles_and_entries_are_the_same() -> None:
    table = {(rule.method, rule.path) for rule in roles.RULES}
    assert table == set(description.routes())


def test_secured_is_what_needs_a_role(document: dict[str, Any]) -> None:
    for rule in roles.RULES:
        entry = document["paths"][rule.path][rule.method.lower()]
        assert (entry.get("security") == []) == (not rule.roles), rule
        assert ("401" in entry["responses"]) == bool(rule.roles)


def test_operation_ids_differ(document: dict[str, Any]) -> None:
    found = [
        entry["operationId"]
        for item in document["paths"].values()
        for method, entry in item.items()
        if method in description.METHODS
    ]
    assert len(found) == len(set(found)) == len(list(description.routes()))


def test_versions_differ() -> None:
    old, middle, new = (
        description.document(version, VERSIONS[-1]) for version in VERSIONS
    )

    def fields(whole: dict[str, Any], name: str) -> set[str]:
        schema = whole["components"]["schemas"][name]
        assert set(schema["required"]) <= set(schema["properties"])
        return set(schema["properties"])

    assert fields(middle, "Operation") - fields(old, "Operation") == {
        "result_data"
    }
    mappings = {"network_mapping", "flavor_mapping"}
    for name in ("ProtectionGroup", "NewProtectionGroup"):
        assert fields(new, name) - fields(middle, name) == mappings
    assert "200" in new["paths"]["/v1/health"]["get"]["responses"]
    assert "200" not in middle["paths"]["/v1/health"]["get"]["responses"]
    for whole, known in ((middle, False), (new, True)):
        actions = whole["components"]["schemas"]["Action"]["properties"]
        assert len(actions) == 6
        for action in actions.values():
            assert ("reason" in action["properties"]) == known


def test_served_as_of_the_version_asked_for(call: Any) -> None:
    for version in ("1.0", "1.1", "1.2"):
        found = call(
            "GET", "/v1/openapi.json", role=None, version=version
        ).get_json()
        assert found["info"]["version"] == version
    latest = call("GET", "/v1/openapi.json", role=None).get_json()
    header = latest["components"]["parameters"]["Version"]["schema"]
    assert header["enum"] == ["protector 1.2", "protector latest"]
    plain = call("GET", "/v1/openapi.json", role=None, version=None)
    assert plain.get_json()["info"]["version"] == "1.0"
