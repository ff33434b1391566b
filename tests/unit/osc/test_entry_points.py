"""The script finds its entry points, and parses no others."""

import importlib.metadata
import inspect
import pathlib

import pytest

from protectorclient.osc.script import entry_points

#: by package: its folder on the path, and what it declares
PACKAGES = {
    "console": ("first", "[console_scripts]\nx = a:b\n"),
    "hooks": ("first", "[openstack.protector.v1.cg_sync]\nhook = a:Hook\n"),
    "More.Commands": (
        "first",
        "[other]\nx = a:b\n[openstack.protector.v1]\npig_fly = a:Fly\n",
    ),
    "more-commands": ("second", "[openstack.protector.v1]\npig_fall = a:F\n"),
    "plain": ("second", None),
}


@pytest.fixture(autouse=True)
def packages(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, (folder, text) in PACKAGES.items():
        place = tmp_path / folder / f"{name.replace('-', '_')}-1.0.dist-info"
        place.mkdir(parents=True)
        (place / "METADATA").write_text(f"Name: {name}\nVersion: 1.0\n")
        if text is not None:
            (place / "entry_points.txt").write_text(text)
    path = [str(tmp_path / folder) for folder in ("first", "second")]
    monkeypatch.setattr("sys.path", path)


def test_those_of_the_script_are_found_by_their_groups() -> None:
    # what comes first on the path counts of two copies of a package
    found = inspect.unwrap(entry_points.found)()
    assert {
        group: [(point.name, point.value) for point in points]
        for group, points in found.items()
        if group.startswith("openstack.")
    } == {
        "openstack.protector.v1.cg_sync": [("hook", "a:Hook")],
        "openstack.protector.v1": [("pig_fly", "a:Fly")],
    }


def test_no_others_are_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []
    kind = importlib.metadata.PathDistribution
    parse = kind.entry_points.fget  # type: ignore[attr-defined]

    def noted(self: importlib.metadata.PathDistribution) -> object:
        parsed.append(self.metadata["Name"])
        return parse(self)

    monkeypatch.setattr(kind, "entry_points", property(noted))
    inspect.unwrap(entry_points.found)()
    assert sorted(parsed) == ["More.Commands", "hooks"]
