"""The entries that need nothing of the SDK: the same login, or not taken."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
import requests_mock as requests_mocker
import yaml
from keystoneauth1 import fixture

from protectorclient.config import cloud, simple

ENTRY: dict[str, Any] = {
    "auth": {
        "auth_url": "http://a:5000/v3",
        "username": "demo",
        "password": "secret",
        "project_name": "demo",
        "user_domain_name": "Default",
        "project_domain_name": "Default",
    },
    "region_name": "RegionOne",
    "protector_secondary_cloud": "site-b",
}
OTHER = {
    **ENTRY,
    "auth": {**ENTRY["auth"], "auth_url": "http://b:5000/v3"},
    "protector_secondary_cloud": "site-a",
}
CREDENTIAL = {
    "auth_type": "v3applicationcredential",
    "auth": {
        "auth_url": "http://a:5000/v3/",
        "application_credential_id": "ac-1",
        "application_credential_secret": "secret",
    },
}


def with_auth(**changes: str | None) -> dict[str, Any]:
    """The entry with other keys in 'auth'; None takes one away."""
    auth = {**ENTRY["auth"], **changes}
    kept = {key: value for key, value in auth.items() if value is not None}
    return {**ENTRY, "auth": kept}


SIMPLE = {
    "names": ENTRY,
    "ids of domains": with_auth(
        user_domain_name=None,
        user_domain_id="default",
        project_domain_name=None,
        project_domain_id="default",
    ),
    "id of the user": with_auth(username=None, user_id="u-1"),
    "id of the project": with_auth(project_name=None, project_id="p-1"),
    "as Horizon writes it": with_auth(
        project_id="p-1", project_domain_name=None
    ),
    "v3password": {**ENTRY, "auth_type": "v3password"},
    "password": {**ENTRY, "auth_type": "password", "verify": True},
    "a version as text": {**ENTRY, "identity_api_version": "3"},
    "a version": {**ENTRY, "identity_api_version": 3},
    "another interface": {**ENTRY, "interface": "internal"},
    "no region": {k: v for k, v in ENTRY.items() if k != "region_name"},
    "an application credential": CREDENTIAL,
}


@pytest.fixture
def given(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., simple.Surroundings]:
    monkeypatch.setenv("HOME", str(tmp_path))
    path = tmp_path / "clouds.yaml"
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(path))

    def make(
        entry: object,
        options: Mapping[str, object] | None = None,
        environ: Mapping[str, str] | None = None,
        **document: object,
    ) -> simple.Surroundings:
        clouds = {"site-a": entry, "site-b": OTHER}
        path.write_text(yaml.safe_dump({"clouds": clouds, **document}))
        return simple.Surroundings(
            {"cloud": "site-a", "verbose_level": 1, **(options or {})},
            {"OS_CLIENT_CONFIG_FILE": str(path), **(environ or {})},
            (str(tmp_path),),
        )

    return make


@pytest.mark.parametrize("what", SIMPLE)
def test_the_login_is_that_of_keystoneauth(
    what: str,
    given: Callable[..., simple.Surroundings],
    requests_mock: requests_mocker.Mocker,
) -> None:
    pair = simple.pair(given(SIMPLE[what], {"secondary_cloud": "site-b"}))
    found = pair.first
    sent = requests_mock.post(
        "http://a:5000/v3/auth/tokens",
        json=fixture.V3Token(project_id="p-1"),
        headers={"X-Subject-Token": "t"},
    )
    access = cloud.open_access("site-a")
    access.session.get_token()
    auth: dict[str, Any] = {"identity": found.login.identity}
    if found.login.scope is not None:
        auth["scope"] = found.login.scope
    assert sent.last_request is not None
    assert sent.last_request.json() == {"auth": auth}
    assert access.region_name == found.login.region_name
    assert (access.interface or "public") == found.login.interface
    assert (found.name, pair.second.name) == ("site-a", "site-b")


def rows() -> Iterator[tuple[str, dict[str, Any]]]:
    """What each row of the tables is for, in the order of the rows."""
    url = ENTRY["auth"]["auth_url"]
    yield "option", {"options": {"password": "typed"}}
    yield "option", {"options": {"insecure": True}}
    yield "a variable beyond", {"environ": {"OS_PASSWORD": "x"}}
    yield "a variable beyond", {"environ": {"OS_USERNAME": ""}}
    yield "a variable beyond", {"environ": {"https_proxy": "http://p:1"}}
    yield "a variable beyond", {"environ": {"NETRC": "/somewhere"}}
    yield "no cloud is named", {"options": {"cloud": None}}
    yield "no cloud is named", {"options": {"cloud": "envvars"}}
    yield "a section beside", {"client": {"force_ipv4": True}}
    yield "a section beside", {"cache": {"auth": True, "max_age": 5}}
    yield "a section beside", {"cache": {"auth": "yes"}}
    yield "no mapping with 'auth'", {"entry": None}
    yield "no mapping with 'auth'", {"entry": {"auth": "x"}}
    yield "a key beyond", {"entry": {**ENTRY, "profile": "rackspace"}}
    yield "a key beyond", {"entry": {**ENTRY, "regions": ["a", "b"]}}
    yield "a key beyond", {"entry": {**ENTRY, "cert": "/etc/cert.pem"}}
    yield "no plain text", {"entry": {**ENTRY, "region_name": ["a"]}}
    yield "no plain text", {"entry": with_auth(password="{username}")}
    yield "no plain text", {"entry": {**ENTRY, "cacert": "~/ca.pem"}}
    yield "no plain text", {"entry": with_auth(password="")}
    yield "verify is not true", {"entry": {**ENTRY, "verify": False}}
    yield "verify is not true", {"entry": {**ENTRY, "identity_api_version": 2}}
    yield "interface is neither", {"entry": {**ENTRY, "interface": "adminURL"}}
    yield "auth_type is neither", {"entry": {**ENTRY, "auth_type": "v3token"}}
    yield "auth_type is neither", {"entry": with_auth(user_domain_name=None)}
    yield "auth_type is neither", {"entry": with_auth(user_domain_id="d")}
    yield "auth_type is neither", {"entry": with_auth(user_id="u")}
    yield "auth_type is neither", {"entry": with_auth(project_name=None)}
    yield "auth_type is neither", {"entry": with_auth(system_scope="all")}
    yield "auth_type is neither", {"entry": with_auth(auth_url=None)}
    yield "auth_url does not", {"entry": with_auth(auth_url=url[:-3])}
    yield "auth_url does not", {"entry": with_auth(auth_url="http://u@a/v3")}
    yield "auth_url does not", {"entry": with_auth(auth_url="ftp://a/v3")}
    yield "cacert, or", {"entry": with_auth(auth_url="https://a:5000/v3")}
    yield "cacert, or", {"entry": {**ENTRY, "cacert": "/not/there"}}
    yield "cacert, or", {"environ": {"CURL_CA_BUNDLE": "/not/there"}}
    yield "no cloud 'site-c'", {"options": {"cloud": "site-c"}}
    yield "no cloud 'site-c'", {"options": {"secondary_cloud": "site-c"}}
    yield "other site of itself", {"options": {"secondary_cloud": "site-a"}}


@pytest.mark.parametrize(("why", "changes"), [*rows()], ids=str)
def test_another_case_is_left_to_the_sdk(
    why: str,
    changes: dict[str, Any],
    given: Callable[..., simple.Surroundings],
) -> None:
    with pytest.raises(simple.NotSimple, match=why):
        simple.pair(given(**{"entry": ENTRY, **changes}))


def test_every_row_has_its_case() -> None:
    tables = (
        *simple.OF_SURROUNDINGS,
        *simple.OF_FILE,
        *simple.OF_ENTRY,
        *simple.OF_AUTHORITY,
    )
    tried = {why for why, _ in rows()} | {
        "it is no mapping",
        "no mapping of names",
        "there is a .netrc",
    }
    for case in tables:
        assert any(why in case.what for why in tried), case.what


@pytest.mark.parametrize("name", [".netrc", "secure.yaml", "secure.json"])
def test_files_beside_clouds_yaml(
    name: str,
    tmp_path: pathlib.Path,
    given: Callable[..., simple.Surroundings],
) -> None:
    surroundings = given(ENTRY)
    (tmp_path / name).touch()
    with pytest.raises(simple.NotSimple, match=r"there is a \.netrc"):
        simple.pair(surroundings)


@pytest.mark.parametrize(
    "text", ["", "[]", "clouds: 5", "clouds: {1: {}}", "a: b: c", "\t", "\0"]
)
def test_another_kind_of_file(
    text: str,
    tmp_path: pathlib.Path,
    given: Callable[..., simple.Surroundings],
) -> None:
    surroundings = given(ENTRY)
    (tmp_path / "clouds.yaml").write_text(text)
    with pytest.raises(simple.NotSimple):
        simple.pair(surroundings)


def test_the_only_other_entry_is_the_other_site(
    given: Callable[..., simple.Surroundings],
) -> None:
    alone = {k: v for k, v in ENTRY.items() if not k.startswith("protector")}
    found = simple.pair(given(alone, cache={"auth": True}))
    assert (found.first.secondary, found.second.name) == (None, "site-b")
    assert not found.is_told
    assert found.settings["cache"] == {"auth": True}


def test_a_bundle_of_the_environment(
    tmp_path: pathlib.Path, given: Callable[..., simple.Surroundings]
) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_text("-----BEGIN CERTIFICATE-----")
    entry = with_auth(auth_url="https://a:5000/v3")
    environ = {"REQUESTS_CA_BUNDLE": str(bundle), "CURL_CA_BUNDLE": "/no"}
    found = simple.pair(given(entry, environ=environ))
    assert found.first.verify == str(bundle)


def test_a_password_is_not_shown(
    given: Callable[..., simple.Surroundings],
) -> None:
    found = simple.pair(given(ENTRY))
    assert "secret" not in repr(found)
    assert "secret" in json.dumps(found.first.login.identity)
