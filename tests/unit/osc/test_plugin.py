"""The plugin in ``openstack``: nothing of ours is loaded for others."""

import argparse
import inspect
import subprocess
import sys
from typing import Any

import pytest

from protectorclient.osc import plugin

#: What ``openstack`` does with a plugin, whatever is typed.
_LOAD = """
import argparse, sys
import stevedore
before = set(sys.modules)
from protectorclient.osc import plugin
plugin.build_option_parser(argparse.ArgumentParser())
group = "openstack.protector.v1"
loaded = [*stevedore.ExtensionManager(group)]
loaded += stevedore.ExtensionManager(f"{group}.unknown")
print(len(loaded), *sorted(set(sys.modules) - before))
"""


def test_openstack_loads_next_to_nothing_of_ours() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", _LOAD],
        check=True,
        capture_output=True,
        text=True,
    )
    commands, *modules = ran.stdout.split()
    assert int(commands) > 60
    ours = [name for name in modules if name.startswith("protectorclient")]
    assert len(ours) <= 4
    assert modules == ours


def test_a_command_stands_in_until_it_is_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class ShowIt:
        def __init__(self, *given: Any) -> None:
            self.given = given

    monkeypatch.setattr(plugin, "ShowIt", ShowIt, raising=False)
    stand_in = plugin.commands.plugin.ShowIt
    assert stand_in.__name__ == "ShowIt"
    assert stand_in.find() is ShowIt
    # where cliff looks for what it may pass
    assert "cmd_name" in inspect.getfullargspec(stand_in.__init__).args
    options = argparse.Namespace()
    made = stand_in("app", options, cmd_name="it show")
    assert type(made) is ShowIt
    assert made.given == ("app", options, "it show")


def test_a_place_has_nothing_private() -> None:
    assert not hasattr(plugin.commands.v1, "__path__")
