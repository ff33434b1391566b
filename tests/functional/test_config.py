"""What the shells say of a clouds.yaml or of variables that are wrong."""

from __future__ import annotations

import io
import pathlib

import pytest
import yaml

from fakeserver.local.pair import LocalPair
from protectorclient import shell as shell_script
from tests.helpers.clirunner import SHELLS, protector

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
    # what the one site says is shown all the same
    assert ran.code == 3
    assert ran.err.startswith("warning: only site-a was asked; ")
    assert (
        f"{local_pair.clouds_yaml} has no cloud 'site-x'; the clouds in it:"
        f" {', '.join(sorted(clouds))}\n"
    ) in ran.err


@pytest.mark.parametrize("shell", SHELLS)
def test_who_signs_in_is_not_whom_the_entry_names(
    shell: str, local_pair: LocalPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OS_USERNAME", "somebody")
    monkeypatch.setenv("OS_PASSWORD", "never-shown")
    ran = SHELLS[shell](f"{GROUPS} --site site-a")
    assert (ran.code, ran.out) == (7, "")
    assert ran.err == (
        "Keystone refused: The request you have made requires"
        " authentication. (HTTP 401); OS_USERNAME and OS_PASSWORD are set, and"
        " are used in place of what the cloud 'site-a' has\n"
        "unset OS_USERNAME OS_PASSWORD\n"
    )
    # the other site's entry is read without them
    assert SHELLS[shell](f"{GROUPS} --site site-b").code == 0


@pytest.mark.parametrize("shell", SHELLS)
def test_a_scope_that_was_left(
    shell: str, local_pair: LocalPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OS_SYSTEM_SCOPE", "all")
    ran = SHELLS[shell](f"{GROUPS} --site site-a")
    assert (ran.code, ran.out) == (7, "")
    assert ran.err.endswith(
        "OS_SYSTEM_SCOPE is set, and is used in place of what the cloud"
        " 'site-a' has\nunset OS_SYSTEM_SCOPE\n"
    )


@pytest.mark.parametrize("shell", SHELLS)
def test_nobody_to_ask_for_a_password(
    shell: str, local_pair: LocalPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    clouds = yaml.safe_load(local_pair.clouds_yaml.read_text())["clouds"]
    monkeypatch.delenv("OS_CLOUD")
    monkeypatch.setenv("OS_AUTH_URL", clouds["site-a"]["auth"]["auth_url"])
    monkeypatch.setenv("OS_USERNAME", "demo")
    monkeypatch.setattr("sys.stdin", io.StringIO())
    ran = SHELLS[shell](GROUPS)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith(
        "no cloud is named, and OS_PASSWORD is not set: set OS_CLOUD to a"
    )
    assert ran.err.count("\n") == 1


def test_a_region_that_there_is_not(
    local_pair: LocalPair,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OS_REGION_NAME", "Mars")
    ran = protector(GROUPS)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == (
        f"OS_REGION_NAME is 'Mars', and {local_pair.clouds_yaml}: cloud"
        " 'site-a' has RegionOne; case counts\n"
    )
    monkeypatch.delenv("OS_REGION_NAME")
    found = yaml.safe_load(local_pair.clouds_yaml.read_text())
    found["clouds"]["site-a"]["region_name"] = "Mars"
    path = tmp_path / "clouds.yaml"
    path.write_text(yaml.safe_dump(found))
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(path))
    for shell in SHELLS.values():
        ran = shell(f"{GROUPS} --site site-a")
        assert (ran.code, ran.out) == (1, "")
        assert ran.err == (
            "site-a: the catalog has no public endpoint of a protector service"
            " in region Mars; its regions: RegionOne; set region_name in"
            " clouds.yaml or OS_REGION_NAME to one of them\n"
            "openstack --os-cloud site-a catalog list\n"
        )


def test_a_log_that_cannot_be_written(
    local_pair: LocalPair, tmp_path: pathlib.Path
) -> None:
    ran = protector(f"--log-file {tmp_path} {GROUPS} -f value -c Name")
    assert (ran.code, ran.out) == (0, "bare\nprod-db\nprod-web-app\n")
    assert ran.err == (
        f"warning: --log-file: {tmp_path} cannot be written: Is a directory\n"
    )
    ran = protector(f"--debug --log-file /dev/full {GROUPS} -f value -c Name")
    assert (ran.code, ran.out) == (0, "bare\nprod-db\nprod-web-app\n")
    assert "Traceback" not in ran.err


def test_a_directory_that_is_gone(
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert shell_script.main(["protection-group", "list"]) == 1
    assert capsys.readouterr().err == (
        "the current directory cannot be used: No such file or directory;"
        " type cd first\n"
    )
