"""clouds.yaml that is wrong: one sentence that says where, and what fits."""

from __future__ import annotations

import datetime
import os
import pathlib
import random
from collections.abc import Callable
from typing import Any

import pytest
import yaml

import protectorclient
from protectorclient import exceptions

AUTH = {
    "auth_url": "http://127.0.0.1:9/identity/v3",
    "username": "demo",
    "password": "never-shown",
    "project_name": "demo",
    "user_domain_name": "Default",
    "project_domain_name": "Default",
}


def entry(**more: Any) -> dict[str, Any]:
    return {"auth": dict(AUTH), "region_name": "RegionOne", **more}


def text(**more: Any) -> str:
    """A file with site-a as it is told, and a good site-b."""
    clouds = {"site-a": entry(**more), "site-b": entry()}
    return yaml.safe_dump({"clouds": clouds})


def with_auth(**more: Any) -> str:
    auth = {k: v for k, v in {**AUTH, **more}.items() if v is not None}
    return text(auth=auth)


@pytest.fixture
def write(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str | bytes], pathlib.Path]:
    path = tmp_path / "clouds.yaml"

    def made(content: str | bytes) -> pathlib.Path:
        if isinstance(content, str):
            content = content.encode()
        path.write_bytes(content)
        monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(path))
        return path

    return made


URL = "a URL such as https://keystone.example.com:5000/v3"
MAPPING = "a mapping with auth_url, username, password and project_name"
CLOUDS = "a mapping of names, such as site-a, to what is known of each cloud"
#: What stands in the file -> what is said after its path.
WRONG: dict[str, tuple[str | bytes, str]] = {
    "empty": ("", " is empty: it takes a mapping with 'clouds'"),
    "a list": ("- a\n", " holds a list: it takes a mapping with 'clouds'"),
    "a scalar": ("hi\n", " holds text: it takes a mapping with 'clouds'"),
    "empty clouds": ("clouds:\n", f": 'clouds' is empty: it takes {CLOUDS}"),
    "a list of clouds": (
        "clouds: [site-a]\n",
        f": 'clouds' is a list: it takes {CLOUDS}",
    ),
    "no such cloud": (
        "clouds: {x: {}, y: {}}\n",
        " has no cloud 'site-a'; the clouds in it: x, y",
    ),
    "no YAML": (
        "clouds:\n  site-a: [\n    a: }\n",
        ", line 3: it is not valid YAML: expected the node content, but"
        " found '}'",
    ),
    "tabs": (
        "clouds:\n\tsite-a:\n",
        ", line 2: it is not valid YAML: found character '\\t' that cannot"
        " start any token; YAML takes spaces, no tabs",
    ),
    "NUL": (
        "clouds:\n  site-a: \0\n",
        ", line 2: it is not valid YAML: special characters are not allowed",
    ),
    "Latin-1": (
        "clouds:\n  site-é: x\n".encode("latin-1"),
        " is not UTF-8 text: look at byte 16",
    ),
    "deep": (
        f"clouds: {'[' * 600}{']' * 600}\n",
        " is nested too deeply: it takes clouds, each a mapping",
    ),
    "itself": (
        "clouds: &all\n  site-a: *all\n",
        ": cloud 'site-a' is nested too deeply or contains itself",
    ),
    "a section": (
        text() + "cache: 5\n",
        ": 'cache' is a number: it takes a mapping",
    ),
    "an empty entry": (
        "clouds:\n  site-a:\n",
        ": cloud 'site-a' is empty: it takes a mapping with 'auth'",
    ),
    "an entry of text": (
        "clouds:\n  site-a: hello\n",
        ": cloud 'site-a' is text: it takes a mapping with 'auth'",
    ),
    "a number for a key": (
        "clouds:\n  site-a: {5: x}\n",
        ": cloud 'site-a' has the key 5: a key is text; put it in quotes",
    ),
    "auth is text": (
        text(auth="never-shown"),
        f": cloud 'site-a': 'auth' is text: it takes {MAPPING}",
    ),
    "auth is empty": (
        text(auth=None),
        f": cloud 'site-a': 'auth' is empty: it takes {MAPPING}",
    ),
    "no auth_url": (
        with_auth(auth_url=None),
        ": cloud 'site-a': 'auth' lacks auth_url",
    ),
    "no password": (
        with_auth(password=None),
        ": cloud 'site-a': 'auth' lacks password",
    ),
    "auth_url is a number": (
        with_auth(auth_url=5),
        f": cloud 'site-a': 'auth.auth_url' is 5: it takes {URL}",
    ),
    "no scheme": (
        with_auth(auth_url="a.example.com:5000/v3"),
        ": cloud 'site-a': 'auth.auth_url' is 'a.example.com:5000/v3': it"
        f" takes {URL}",
    ),
    "a port of letters": (
        with_auth(auth_url="http://a:b/v3"),
        ": cloud 'site-a': 'auth.auth_url' is 'http://a:b/v3': it takes"
        f" {URL}",
    ),
    "a template": (
        with_auth(auth_url="http://{where}/v3"),
        ": cloud 'site-a': 'auth.auth_url' has {where} in it, and the cloud"
        " has no such key",
    ),
    "two templates": (
        with_auth(auth_url="http://{0}/v3"),
        ": cloud 'site-a': 'auth.auth_url' has {0} in it, and the cloud has"
        " no such key",
    ),
    "half a template": (
        with_auth(auth_url="http://{/v3"),
        ": cloud 'site-a': 'auth.auth_url' has a single { or } in it: write"
        " {{ and }} for the characters themselves",
    ),
    "half a template elsewhere": (
        text(image_format="}"),
        ": cloud 'site-a': 'image_format' has a single { or } in it: write"
        " {{ and }} for the characters themselves",
    ),
    "a space in a host": (
        with_auth(auth_url="http://a .example/v3"),
        ": cloud 'site-a': 'auth.auth_url' is 'http://a .example/v3': it takes"
        f" {URL}",
    ),
    "a host with two dots": (
        with_auth(auth_url="http://a..example/v3"),
        ": cloud 'site-a': 'auth.auth_url' is 'http://a..example/v3': it takes"
        f" {URL}",
    ),
    "a host that is too long": (
        with_auth(auth_url=f"http://{'a' * 64}.example/v3"),
        f": cloud 'site-a': 'auth.auth_url' is 'http://{'a' * 64}.example/v3':"
        f" it takes {URL}",
    ),
    "a list that would become text": (
        with_auth(project_name=["demo"]),
        ": cloud 'site-a': 'auth.project_name' is a list: it takes text",
    ),
    "a password of digits": (
        with_auth(password=12345),
        ": cloud 'site-a': 'auth.password' is a number: put it in quotes",
    ),
    "a user called yes": (
        with_auth(username=True),
        ": cloud 'site-a': 'auth.username' is true or false: put it in quotes",
    ),
    "a date": (
        with_auth(username=datetime.date(2026, 1, 1)),
        ": cloud 'site-a': 'auth.username' is a date: it takes text",
    ),
    "bytes": (
        with_auth(username=b"demo"),
        ": cloud 'site-a': 'auth.username' is neither text nor number: it"
        " takes text",
    ),
    "an old Keystone": (
        text(identity_api_version="2.0"),
        ": cloud 'site-a': 'identity_api_version' is '2.0': it takes 3, or"
        " leave it out",
    ),
    "a part of a section": (
        text() + "metrics: {statsd: 5}\n",
        ": 'metrics.statsd' is 5: it takes a mapping",
    ),
    "a switch of a section": (
        text() + "cache: {auth: [1]}\n",
        ": 'cache.auth' is a list: it takes true or false",
    ),
    "a list in auth": (
        with_auth(username=["demo"]),
        ": cloud 'site-a': 'auth.username' is a list: it takes text",
    ),
    "too much in auth": (
        with_auth(tokens="x"),
        ": cloud 'site-a': 'auth' has 'tokens', and authentication by"
        " password takes no tokens",
    ),
    "auth_type is a list": (
        text(auth_type=["password"]),
        ": cloud 'site-a': 'auth_type' is a list: it takes the name of a"
        " plugin such as password",
    ),
    "no such profile": (
        text(profile="nobody"),
        ": cloud 'site-a': 'profile' is 'nobody': no vendor's is called so",
    ),
    "a profile of lists": (
        text(profile=["a"]),
        ": cloud 'site-a': 'profile' is a list: it takes the name of a"
        " vendor's profile",
    ),
    "an interface": (
        text(interface="outside"),
        ": cloud 'site-a': 'interface' is 'outside': it takes one of public,"
        " internal, admin",
    ),
    "verify": (
        text(verify="perhaps"),
        ": cloud 'site-a': 'verify' is 'perhaps': it takes true or false",
    ),
    "no such CA": (
        text(cacert="/nowhere/ca.pem"),
        ": cloud 'site-a': 'cacert' is '/nowhere/ca.pem', and no such file"
        " can be read",
    ),
    "a CA of lists": (
        text(cacert=[1]),
        ": cloud 'site-a': 'cacert' is a list: it takes the path of a file",
    ),
    "no such key": (
        text(key="/nowhere/key.pem"),
        ": cloud 'site-a': 'key' is '/nowhere/key.pem', and no such file can"
        " be read",
    ),
    "networks": (
        text(networks=5),
        ": cloud 'site-a': 'networks' is 5: it takes a list of mappings, each"
        " with a name",
    ),
    "a timeout": (
        text(api_timeout="soon"),
        ": cloud 'site-a': 'api_timeout' is 'soon': it takes a number of"
        " seconds",
    ),
    "the other site": (
        text(protector_secondary_cloud=["site-b"]),
        ": cloud 'site-a': 'protector_secondary_cloud' is a list: it takes"
        " the name of another entry of the file",
    ),
}


@pytest.mark.parametrize("why", WRONG)
def test_a_sentence_with_file_entry_and_key(
    why: str, write: Callable[[str | bytes], pathlib.Path]
) -> None:
    content, said = WRONG[why]
    path = write(content)
    for open_it in (
        lambda: protectorclient.SitePair.open("site-a", "site-b"),
        lambda: protectorclient.connect("site-a"),
    ):
        with pytest.raises(exceptions.ConfigProblem) as told:
            open_it()
        assert str(told.value) == f"{path}{said}"
        assert "never-shown" not in str(told.value)


def test_what_fits_is_opened(
    write: Callable[[str | bytes], pathlib.Path],
) -> None:
    write(
        text(
            verify=False,
            interface=["internalURL", "public"],
            api_timeout=5,
            regions=["RegionOne", {"name": "RegionTwo", "values": {}}],
            networks=[{"name": "web"}],
        )
    )
    assert protectorclient.connect("site-a").site_name == "site-a"


#: The content of a file beside clouds.yaml -> what is said after its path.
BESIDE = {
    "secure.yaml": {
        "clouds: {site-a: [1]}\n": (
            ": cloud 'site-a' is a list: it takes a mapping with 'auth'"
        ),
        "clouds: {site-a: {auth: x}}\n": (
            f": cloud 'site-a': 'auth' is text: it takes {MAPPING}"
        ),
        "clouds:\n": f": 'clouds' is empty: it takes {CLOUDS}",
    },
    "clouds-public.yaml": {
        "public-clouds:\n": (
            ": 'public-clouds' is empty: it takes a mapping of names to what"
            " is known of each cloud"
        ),
        "public-clouds: {vendor: [1]}\n": (
            ": cloud 'vendor' is a list: it takes a mapping with 'auth'"
        ),
        "public-clouds: {vendor: {auth: [1]}}\n": (
            f": cloud 'vendor': 'auth' is a list: it takes {MAPPING}"
        ),
        "{\n": (
            ", line 2: it is not valid YAML: expected the node content, but"
            " found '<stream end>'"
        ),
    },
}


@pytest.mark.parametrize("name", BESIDE)
def test_a_file_beside_it(
    name: str,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    write: Callable[[str | bytes], pathlib.Path],
) -> None:
    write(text(profile="vendor"))
    path = tmp_path / name
    kinds = {
        "secure.yaml": "SECURE_FILES",
        "clouds-public.yaml": "VENDOR_FILES",
    }
    for file, kind in kinds.items():
        held = [str(tmp_path / file)]
        monkeypatch.setattr(f"openstack.config.loader.{kind}", held)
    for content, said in BESIDE[name].items():
        path.write_text(content)
        with pytest.raises(exceptions.ConfigProblem) as told:
            protectorclient.connect("site-a")
        assert str(told.value) == f"{path}{said}"


@pytest.mark.parametrize(
    "url",
    [
        "https://[2001:db8::1]:5000/v3",
        "http://keystone.example.com./v3",
        "http://k\u00e9ystone.example/v3",
        "http://k_1:5000",
    ],
)
def test_addresses(
    url: str, write: Callable[[str | bytes], pathlib.Path]
) -> None:
    write(with_auth(auth_url=url, project_name=12))
    assert protectorclient.connect("site-a").site_name == "site-a"


def test_the_known_kinds_of_authentication(
    write: Callable[[str | bytes], pathlib.Path],
) -> None:
    path = write(text(auth_type="kerberoz"))
    with pytest.raises(exceptions.ConfigProblem) as told:
        protectorclient.connect("site-a")
    said = str(told.value)
    assert said.startswith(
        f"{path}: cloud 'site-a': 'auth_type' is 'kerberoz'; there are "
    )
    assert "v3applicationcredential" in said


def test_files_that_cannot_be_read(
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(tmp_path))
    with pytest.raises(exceptions.ConfigProblem) as told:
        protectorclient.connect("site-a")
    assert str(told.value) == f"{tmp_path} cannot be read: Is a directory"
    lost = tmp_path / "lost.yaml"
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(lost))
    with pytest.raises(exceptions.ConfigProblem) as told:
        protectorclient.connect("site-a")
    assert str(told.value) == (
        f"there is no cloud 'site-a': OS_CLIENT_CONFIG_FILE names {lost}, and"
        " there is no such file"
    )
    monkeypatch.delenv("OS_CLIENT_CONFIG_FILE")
    with pytest.raises(exceptions.ConfigProblem) as told:
        protectorclient.connect("site-a")
    assert str(told.value).startswith(
        "there is no cloud 'site-a', for there is no clouds.yaml here,"
    )


def test_no_cloud_is_named(
    write: Callable[[str | bytes], pathlib.Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write(text())
    with pytest.raises(exceptions.ConfigProblem) as told:
        protectorclient.connect()
    assert str(told.value) == (
        "no cloud is named, and OS_AUTH_URL is not set: set OS_CLOUD to a"
        " cloud of clouds.yaml (it has: site-a, site-b) or all of"
        " OS_AUTH_URL, OS_USERNAME, OS_PASSWORD, OS_PROJECT_NAME"
    )
    monkeypatch.setenv("OS_AUTH_URL", AUTH["auth_url"])
    monkeypatch.setenv("OS_USERNAME", "demo")
    monkeypatch.setenv("OS_PASSWORD", "never-shown")
    monkeypatch.setenv("OS_TOKEN", "left-over")
    with pytest.raises(exceptions.ConfigProblem) as told:
        protectorclient.connect()
    assert str(told.value) == (
        "OS_TOKEN is set, and authentication by password takes no token:"
        " unset OS_TOKEN, or set OS_AUTH_TYPE to what takes it"
    )


# Strangers' files

#: What somebody may have put where something else belongs.
ODD: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    3.5,
    float("nan"),
    10**400,
    "",
    "x",
    "{y}",
    "{",
    "\x1b[31m",
    "http://",
    "http://[::1",
    [],
    ["a", 1],
    [[]],
    {},
    {"a": None},
    {"name": "x", "values": 5},
    {1: 2},
)
NAMES = (
    "auth_type",
    "profile",
    "region_name",
    "regions",
    "interface",
    "verify",
    "insecure",
    "cacert",
    "cert",
    "key",
    "api_timeout",
    "networks",
    "cloud",
    "identity_api_version",
    "protector_endpoint_override",
    "volume_api_version",
    "domain_id",
    "tenant_name",
    "token",
    "endpoint_type",
    "external_network",
    "vendor",
    "protector_interface",
    "default_domain",
    "protector_secondary_cloud",
)


def mutated(chance: random.Random) -> Any:
    """A file as it is, but for one to three things."""
    found: Any = {"clouds": {"site-a": entry(), "site-b": entry()}}
    for _ in range(chance.randint(1, 3)):
        clouds = found.get("clouds") if isinstance(found, dict) else None
        site = clouds.get("site-a") if isinstance(clouds, dict) else None
        auth = site.get("auth") if isinstance(site, dict) else None
        odd = chance.choice(ODD)
        places = [
            (found, ["clouds", "cache", "client", "metrics", 5]),
            (clouds, ["site-a", "site-b", 7]),
            (site, ["auth", *NAMES]),
            (site, list(NAMES)),
            (auth, [*AUTH, "token", "user_id", "trust_id", 8]),
            (auth, list(AUTH)),
        ]
        open_ones = [
            (part, keys) for part, keys in places if isinstance(part, dict)
        ]
        if not open_ones:
            break
        part, keys = chance.choice(open_ones)
        key = chance.choice(keys)
        if chance.random() < 0.2:
            part.pop(key, None)
        else:
            part[key] = odd
    return found


@pytest.mark.parametrize("seed", range(8))
def test_only_sentences_come_of_a_file_of_strangers(
    seed: int, write: Callable[[str | bytes], pathlib.Path]
) -> None:
    chance = random.Random(seed)
    refused = 0
    for _ in range(40):
        content = yaml.safe_dump(mutated(chance), allow_unicode=True)
        if chance.random() < 0.15:
            place = chance.randrange(len(content) + 1)
            content = (
                content[:place]
                + chance.choice("{}[]&*!|%@\t\"'")
                + (content[place:])
            )
        path = write(content)
        try:
            protectorclient.SitePair.open("site-a", "site-b")
        except exceptions.ProtectorError as error:
            refused += 1
            said = str(error)
            assert str(path) in said or "'site-" in said, (content, said)
            assert "object has no attribute" not in said, (content, said)
            assert "argument" not in said, (content, said)
            assert "\n" not in said
            assert "never-shown" not in said
        assert not os.environ.get("OS_CLOUD")
    assert refused > 10
