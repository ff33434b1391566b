"""What the shells say of a clouds.yaml or of variables that are wrong."""

from __future__ import annotations

import pathlib

import pytest
import yaml
from clirunner import SHELLS, protector

from fakeserver.harness import LocalPair

GROUPS = "protection-group list"
#: What stands in the file -> what is said after its path.
WRONG = {
    "clouds:\n": ": 'clouds' is empty: it takes a mapping of names",
    "- a\n": " holds a list: it takes a mapping with 'clouds'",
    "clouds: {site-a: x}\n": ": cloud 'site-a' is text: it takes a mapping",
    "clouds: {site-a: {auth: [1]}}\n": ": cloud 'site-a': 'auth' is a list:",
    "clouds: {b: {}}\n": " has no cloud 'site-a'; the clouds in it: b",
    "clouds:\n\tx: 1\n": ", line 2: it is not valid YAML: found character",
    "clouds: {site-a: {auth: {auth_url: 5}}}\n": (
        ": cloud 'site-a': 'auth.auth_url' is 5: it takes a URL"
    ),
    "clouds: {site-a: {profile: [x]}}\n": (
        ": cloud 'site-a': 'profile' is a list: it takes the name"
    ),
}


@pytest.mark.parametrize("shell", SHELLS)
def test_a_file_of_another_shape(
    shell: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "clouds.yaml"
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(path))
    monkeypatch.setenv("OS_CLOUD", "site-a")
    for content, said in WRONG.items():
        path.write_text(content)
        ran = SHELLS[shell](GROUPS)
        assert (ran.code, ran.out) == (1, ""), content
        assert ran.err.startswith(f"{path}{said}"), content
        assert ran.err.count("\n") == 1
    path.unlink()
    ran = SHELLS[shell](GROUPS)
    assert (ran.code, ran.err) == (
        1,
        f"there is no cloud 'site-a': OS_CLIENT_CONFIG_FILE names {path}, and"
        " there is no such file\n",
    )
    if shell == "protector":
        # help needs no cloud; OpenStackClient's does
        assert protector(f"{GROUPS} --help").out.startswith("usage: ")


@pytest.mark.parametrize("shell", SHELLS)
def test_variables_that_were_left(
    shell: str, local_pair: LocalPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, value, said in (
        (
            "OS_TOKEN",
            "left-over",
            "OS_TOKEN is set, and authentication by password takes no token:"
            " unset OS_TOKEN, or set OS_AUTH_TYPE to what takes it\n",
        ),
        (
            "OS_CACERT",
            "/nowhere/ca.pem",
            "OS_CACERT is '/nowhere/ca.pem', and no such file can be read\n",
        ),
        (
            "OS_AUTH_URL",
            "a.example.com/v3",
            "OS_AUTH_URL is 'a.example.com/v3': it takes a URL such as"
            " https://keystone.example.com:5000/v3\n",
        ),
        ("OS_AUTH_TYPE", "kerberoz", "OS_AUTH_TYPE is 'kerberoz'; there are "),
        (
            "OS_INTERFACE",
            "outside",
            "OS_INTERFACE is 'outside': it takes one of public, internal,"
            " admin\n",
        ),
    ):
        with monkeypatch.context() as patch:
            patch.setenv(variable, value)
            ran = SHELLS[shell](GROUPS)
        assert (ran.code, ran.out) == (1, ""), (variable, ran.err)
        assert ran.err.startswith(said)
        assert ran.err.count("\n") == 1


@pytest.mark.parametrize("shell", SHELLS)
def test_the_other_site_is_no_entry(
    shell: str, local_pair: LocalPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OS_SECONDARY_CLOUD", "site-x")
    ran = SHELLS[shell]("protection-group sync-status bare")
    clouds = yaml.safe_load(local_pair.clouds_yaml.read_text())["clouds"]
    assert ran.code == 1
    assert ran.err == (
        f"{local_pair.clouds_yaml} has no cloud 'site-x'; the clouds in it:"
        f" {', '.join(sorted(clouds))}\n"
    )
