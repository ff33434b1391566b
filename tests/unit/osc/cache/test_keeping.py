"""When sessions are kept."""

import pathlib

import pytest
from openstack.config import loader

from protectorclient.escape import protector
from protectorclient.osc.cache import folder, keeping


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("true", True),
        ("yes", True),
        ("'True'", True),
        ("false", False),
        ("'yes'", False),
        ("1", False),
    ],
)
def test_clouds_yaml_is_understood_as_by_the_sdk(
    said: str, wanted: bool, tmp_path: pathlib.Path
) -> None:
    file = tmp_path / "clouds.yaml"
    file.write_text(f"cache: {{auth: {said}}}\nclouds: {{x: {{}}}}\n")
    config = loader.OpenStackConfig(
        config_files=[str(file)], secure_files=[], vendor_files=[]
    )
    assert config._cache_auth is wanted
    assert keeping.is_asked_for(config.cloud_config) is wanted


@pytest.mark.parametrize("section", [None, [], "auth", {}, {"max_age": 5}])
def test_another_cache_of_the_sdk(section: object) -> None:
    assert not keeping.is_asked_for({"cache": section})
    assert not keeping.is_asked_for({})


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            folder.NotOurs("X is a link", remedy=protector("cache clear")),
            [
                "the session cache is not used: X is a link",
                "openstack protector cache clear",
            ],
        ),
        (
            folder.NotOurs("X belongs to another user"),
            [
                "the session cache is not used: X belongs to another user;"
                " XDG_CACHE_HOME names another folder for caches"
            ],
        ),
    ],
)
def test_a_warning_says_what_to_do(
    error: folder.NotOurs, told: list[str]
) -> None:
    class Speaker:
        def __init__(self) -> None:
            self.lines: list[str] = []

        def warn(self, text: str) -> None:
            self.lines.append(text)

        def next(self, *lines: str) -> None:
            self.lines += lines

    speaker = Speaker()
    keeping.refuse(speaker, error)
    assert speaker.lines == told
