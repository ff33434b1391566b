"""The name of a session's file: another for all that changes the answer."""

import argparse
import pathlib

import pytest
from openstack.config import loader

from protectorclient.osc.cache import key

SECRET = b"s" * 32


@pytest.fixture(autouse=True)
def _home(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("OS_CLOUD", "site-a")


def name(secret: bytes = SECRET, **options: object) -> str:
    return key.name(secret, argparse.Namespace(**options))


def test_the_same_twice() -> None:
    assert name(cloud="site-a") == name(cloud="site-a")


@pytest.mark.parametrize(
    "options",
    [
        {"cloud": "site-b"},
        {"cloud": "site-a", "insecure": True},
        {"cloud": "site-a", "password": "x"},
        {"cloud": "site-a", "project_name": ""},
    ],
)
def test_another_option(options: dict[str, object]) -> None:
    assert name(**options) != name(cloud="site-a")


@pytest.mark.parametrize(
    "option", ["verbose_level", "debug", "log_file", "timing"]
)
def test_what_is_about_the_output_is_no_part_of_it(option: str) -> None:
    assert name(**{option: 2}) == name(**{option: 1})


@pytest.mark.parametrize(
    "variable",
    [
        "OS_PASSWORD",
        "OS_SOME_NEW_OPTION",
        "https_proxy",
        "NO_PROXY",
        "REQUESTS_CA_BUNDLE",
        "XDG_CONFIG_HOME",
    ],
)
def test_another_variable(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = name()
    monkeypatch.setenv(variable, "one")
    one = name()
    monkeypatch.setenv(variable, "other")
    assert len({before, one, name()}) == 3


@pytest.mark.parametrize(
    "file",
    [
        "clouds.yaml",
        "secure.yaml",
        "clouds-public.yml",
        ".config/openstack/clouds.json",
    ],
)
def test_another_content_of_a_file(file: str, tmp_path: pathlib.Path) -> None:
    before = name()
    path = tmp_path / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("one")
    one = name()
    path.write_text("two")
    assert len({before, one, name()}) == 3


def test_another_certificate_under_the_same_name(
    tmp_path: pathlib.Path,
) -> None:
    path = tmp_path / "ca.pem"
    path.write_text("one")
    before = name(cacert=str(path))
    path.write_text("two")
    assert name(cacert=str(path)) != before


def test_another_key_and_another_folder(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = name()
    assert name(b"t" * 32) != here
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    assert name() != here


def test_every_file_that_openstack_config_reads() -> None:
    """Whichever of its versions is installed."""
    wanted = {
        pathlib.Path(path).name
        for path in (
            *loader.CONFIG_FILES,
            *loader.SECURE_FILES,
            *loader.VENDOR_FILES,
        )
    }
    assert wanted <= {pathlib.Path(path).name for path in key.paths()}
    assert "/etc/openstack/clouds.yaml" in key.paths()
