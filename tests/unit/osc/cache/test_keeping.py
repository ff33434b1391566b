"""When sessions are kept."""

import pathlib

import pytest
from openstack.config import loader

from protectorclient.osc.cache import keeping


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
