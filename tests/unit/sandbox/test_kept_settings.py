"""What ``up`` keeps of the data: ``--rename-on-manage``, and the ports."""

import errno
import json
import pathlib
from typing import NoReturn

import pytest

from fakeserver.base.seed_world import SITES
from fakeserver.cli import lifecycle, main
from fakeserver.sandbox.folder import Folder, Settings
from fakeserver.sandbox.problem import Problem

A, B = SITES


@pytest.mark.parametrize(
    ("argv", "renames"),
    [
        ((), (False, False)),
        (("--rename-on-manage",), (True, True)),
        (("--rename-on-manage", "both"), (True, True)),
        (("--rename-on-manage", A), (True, False)),
        (("--rename-on-manage", B), (False, True)),
    ],
)
def test_which_site_renames(
    argv: tuple[str, ...], renames: tuple[bool, bool], tmp_path: pathlib.Path
) -> None:
    args = main.parser().parse_args(["up", *argv])
    settings = Settings(rename_on_manage=args.rename_on_manage or "")
    folder = Folder(tmp_path / "sandbox")
    folder.prepare()
    folder.write(settings)
    held = folder.settings()
    configs = [folder.config(held, site) for site in SITES]
    assert tuple(one.renames for one in configs) == renames
    assert tuple(one.of_peer().renames for one in configs) == renames[::-1]
    assert tuple(configs[1].renames_at(site) for site in SITES) == renames


def test_an_unknown_site(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main.parser().parse_args(["up", "--rename-on-manage", "site-c"])
    assert end.value.code == 2
    assert "site-c" in capsys.readouterr().err


def test_data_keep_the_driver_that_they_were_made_with(
    tmp_path: pathlib.Path,
) -> None:
    folder = Folder(tmp_path / "sandbox")
    folder.prepare()
    folder.write(Settings(rename_on_manage=A))
    asked = {"rename_on_manage": B}
    with pytest.raises(Problem, match="made with --rename-on-manage site-a"):
        lifecycle._settings(folder, asked, kept=True)
    held = lifecycle._settings(folder, {}, kept=True)
    assert held.rename_on_manage == A


def test_any_port_is_the_one_that_the_data_have(
    tmp_path: pathlib.Path,
) -> None:
    """The command that made them can be given again, and goes on."""
    folder = Folder(tmp_path / "sandbox")
    folder.prepare()
    asked = {"port": 0, "peer_port": 0}
    made = lifecycle._settings(folder, asked, kept=False)
    assert 0 < made.port != made.peer_port > 0
    folder.write(made)
    assert lifecycle._settings(folder, asked, kept=True) == made
    with pytest.raises(Problem, match=f"with --port {made.port}, which"):
        lifecycle._settings(folder, {"port": made.port + 1}, kept=True)


def test_advice_on_an_occupied_port_can_be_followed(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Data keep their ports: ``--port`` is of use without any alone."""

    def in_use(number: int) -> NoReturn:
        raise OSError(errno.EADDRINUSE, "in use")

    monkeypatch.setattr(lifecycle, "bind", in_use)
    folder = Folder(tmp_path / "sandbox")
    with pytest.raises(Problem, match="choose another with --port"):
        lifecycle.up(folder, {})
    folder.prepare()
    folder.write(Settings())
    with pytest.raises(Problem, match="who has it, or give another --dir"):
        lifecycle.up(folder, {})


def test_a_setting_that_names_no_site(tmp_path: pathlib.Path) -> None:
    folder = Folder(tmp_path / "sandbox")
    folder.prepare()
    folder.write(Settings())
    path = folder.settings_file
    held = json.loads(path.read_text())
    path.write_text(json.dumps({**held, "rename_on_manage": "site-c"}))
    with pytest.raises(Problem, match="rename_on_manage is 'site-c'"):
        folder.settings()
