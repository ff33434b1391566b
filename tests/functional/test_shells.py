"""What the two shells read, and what they cost."""

from __future__ import annotations

import importlib.util
import json
import pathlib
import subprocess
import sys
import warnings
from typing import Any

import pytest
import yaml

from fakeserver.local.pair import LocalPair
from protectorclient import shell
from protectorclient.osc.script import deferred_sdk
from protectorclient.osc.script.app import ProtectorShell
from tests.helpers import clirunner
from tests.helpers.clirunner import SHELLS, openstack, protector


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2", "latest"])
@pytest.mark.parametrize("how", ["option", "variable"])
def test_the_commands_load_for_each_api_version(
    version: str,
    how: str,
    local_pair: LocalPair,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    option = ""
    if how == "option":
        option = f"--os-protector-api-version {version}"
    else:
        monkeypatch.setenv("OS_PROTECTOR_API_VERSION", version)
    shown = [
        openstack(f"{option} protector protection-group show bare -f json"),
        protector(f"{option} protection-group show bare -f json"),
    ]
    assert [ran.code for ran in shown] == [0, 0]
    assert shown[0].json == shown[1].json
    assert ("network_mapping" in shown[0].json) is (
        version in ("1.2", "latest")
    )


def test_the_other_sites_cloud(
    local_pair: LocalPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the option, the variable, or the key in clouds.yaml."""
    status = "protection-group sync-status bare -f value -c status"
    monkeypatch.setenv("OS_CLOUD", "site-a-auditor")
    for run in SHELLS.values():
        assert run(status).out == "IN_SYNC\n"
    entries = yaml.safe_load(local_pair.clouds_yaml.read_text())
    entries["clouds"].pop("site-b-auditor")
    for entry in entries["clouds"].values():
        entry.pop("protector_secondary_cloud")
    local_pair.clouds_yaml.write_text(yaml.safe_dump(entries))
    for run in SHELLS.values():
        ran = run("protection-group failover bare")
        assert (ran.code, ran.out) == (1, "")
        assert ran.err == (
            "the other site's cloud is not known: site-b, site-b-admin,"
            " site-b-rival have the auth_url"
            f" {local_pair.site('b').url}/identity/v3. Give"
            " --secondary-cloud, set OS_SECONDARY_CLOUD, or"
            " protector_secondary_cloud in the entry of 'site-a-auditor' in"
            " clouds.yaml; its entries: site-a, site-a-admin,"
            " site-a-auditor, site-a-rival, site-b, site-b-admin,"
            " site-b-rival\n"
        )
    given = protector(f"--secondary-cloud site-b {status}")
    assert (given.code, given.out) == (0, "IN_SYNC\n")
    given = openstack(f"--secondary-cloud site-b protector {status}")
    assert (given.code, given.out) == (0, "IN_SYNC\n")
    monkeypatch.setenv("OS_SECONDARY_CLOUD", "site-b")
    for run in SHELLS.values():
        assert run(status).out == "IN_SYNC\n"


def test_the_primary_without_clouds_yaml(
    local_pair: LocalPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page's Example 2: what an openrc file exports is the primary."""
    monkeypatch.delenv("OS_CLOUD")
    entry = local_pair.cloud("site-b")
    for key, value in entry["auth"].items():
        monkeypatch.setenv(f"OS_{key.upper()}", value)
    monkeypatch.setenv("OS_REGION_NAME", "RegionOne")
    for run in SHELLS.values():
        listed = run("site list -f json")
        assert listed.code == 0, listed.err
        local = [row["Name"] for row in listed.json if row["Local"]]
        assert local == ["site-b"]
    monkeypatch.setenv("OS_SECONDARY_CLOUD", "site-a")
    moved = protector(
        "protection-group failover prod-web-app --wait -f value -c site "
        "--network-mapping net-primary-web=net-secondary-web"
    )
    assert (moved.code, moved.out) == (0, "site-a\n"), moved.err


def test_the_peer_is_read_without_the_command_line(
    local_pair: LocalPair,
) -> None:
    """What is said of one site on the command line is of that site only."""
    project = local_pair.session("site-a").get_project_id()
    ran = protector(
        f"--os-project-id {project} --os-project-name '' "
        "protection-group sync-status bare -f value -c status"
    )
    assert (ran.code, ran.out) == (0, "IN_SYNC\n"), ran.err


def test_an_option_of_another_authentication_plugin(
    local_pair: LocalPair,
) -> None:
    """Those that are not in the short list are learnt when needed."""
    ran = protector("--os-identity-provider x protection-group list")
    assert ran.code == 0, ran.err
    assert protector("--os-no-such-thing x site list").code == 2


@pytest.mark.parametrize("shell", SHELLS)
def test_help_is_made_of_sentences(shell: str, local_pair: LocalPair) -> None:
    shown = " ".join(SHELLS[shell]("site create --help").out.split())
    assert (
        "Register a site at both protector services (admin only). A pair"
        " needs both of its sites registered"
    ) in shown


@pytest.mark.parametrize("shell", SHELLS)
def test_help_names_every_command(shell: str, local_pair: LocalPair) -> None:
    run = SHELLS[shell]
    for command in (
        "protection-group failover",
        "operation show",
        "site volume type list",
    ):
        shown = run(f"{command} --help")
        assert shown.code == 0
        assert command in shown.out
        assert "belongs to" not in shown.out
    everything = run("--help") if shell == "protector" else openstack("--help")
    for command in ("consistency-group sync", "policy set", "health show"):
        assert command in everything.out


def test_without_a_command() -> None:
    for options in ("", "--os-cloud site-a"):
        ran = protector(options)
        assert (ran.code, ran.out) == (2, "")
        lines = ran.err.splitlines()
        assert lines[0] == "usage: protector [options] <command> ..."
        assert "  protection-group failover" in lines
        assert not [line for line in lines if line.startswith("  --")]


def _imported(statement: str) -> set[str]:
    code = (
        f"import json, sys; {statement}; "
        "print(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        check=True,
        text=True,
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_what_every_openstack_command_pays_for() -> None:
    """OpenStackClient imports the plugin, and each module of commands."""
    before = _imported("from osc_lib.command import command")
    commands = pathlib.Path(clirunner.__file__).parents[2]
    names = sorted(
        path.stem
        for path in (commands / "protectorclient/osc/v1").glob("[a-z]*.py")
    )
    assert "operation" in names
    statement = "import protectorclient.osc.plugin; " + "; ".join(
        f"import protectorclient.osc.v1.{name}" for name in names
    )
    added = _imported(f"from osc_lib.command import command; {statement}")
    foreign = {
        name.partition(".")[0]
        for name in added - before
        if not name.startswith("protectorclient")
    }
    assert foreign - {"cliff"} <= set(sys.stdlib_module_names)
    plugin = _imported("import protectorclient.osc.plugin")
    assert not {"cliff", "requests", "keystoneauth1"} & plugin


def test_the_script_does_not_load_openstackclient(
    local_pair: LocalPair,
) -> None:
    loaded = _imported(
        "from protectorclient import shell; "
        "shell.main(['protection-group', 'list'])"
    )
    assert "protectorclient.osc.v1.protection_group" in loaded
    assert "protectorclient.osc.v1.site" not in loaded
    heavy = {"openstackclient", "openstack.connection", "osc_lib.shell"}
    assert not heavy & loaded
    # a read signs in by itself
    assert not {"openstack", "keystoneauth1", "requests"} & loaded
    loaded = _imported(
        "from protectorclient import shell; shell.main(['status'])"
    )
    assert "openstack.config" in loaded
    assert not heavy & loaded


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ["--os-cloud", "site-b", "operation", "wait", "op-1", "op 2"],
            "interrupted\n"
            "protector --os-cloud site-b operation wait op-1 'op 2'\n",
        ),
        (
            ["protection-group", "failover", "prod-db"],
            "interrupted; nothing was started\n",
        ),
    ],
)
@pytest.mark.parametrize(
    "where",
    ["ProtectorShell.__init__", "Commands.find_command", "deferred_sdk.defer"],
)
def test_the_keyboard_before_a_command_has_begun(
    where: str,
    words: list[str],
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    place = "protectorclient.osc.script." + ("" if where[0] == "d" else "app.")
    monkeypatch.setattr(place + where, stop)
    assert shell.main(words) == 130
    assert capsys.readouterr().err == told


@pytest.mark.parametrize(
    ("words", "shown"), [([], 0), (["-v"], 1), (["--debug"], 1)]
)
def test_what_libraries_say_to_programmers_is_shown_with_v(
    words: list[str], shown: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as urllib3 of a certificate that nobody checks."""
    monkeypatch.setattr(sys, "warnoptions", [])
    app = ProtectorShell()
    app.options, _ = app.parser.parse_known_args(words)
    with (
        clirunner._logging_put_back(),
        warnings.catch_warnings(record=True) as caught,
    ):
        warnings.resetwarnings()
        app.configure_logging()
        warnings.warn("unverified", UserWarning, stacklevel=1)
    assert len(caught) == shown


def test_it_can_be_interrupted_before_it_loads_anything() -> None:
    loaded = _imported("import protectorclient.shell")
    assert "cliff" not in loaded
    ours = {name for name in loaded if name.startswith("protectorclient")}
    assert ours == {
        "protectorclient",
        "protectorclient._version",
        "protectorclient.shell",
    }


def test_the_sdk_is_whole_for_whoever_asks_for_more() -> None:
    """A package that was not run is run when something of it is missed."""
    loaded = _imported(
        "from protectorclient.osc.script import deferred_sdk; "
        "deferred_sdk.defer(); "
        "import openstack.config; "
        "assert 'openstack.connection' not in sys.modules; "
        "from openstack import exceptions; "
        "assert 'openstack.connection' not in sys.modules; "
        "import openstack; assert callable(openstack.connect); "
        "assert openstack.__all__; "
        "assert not hasattr(openstack, 'nothing_of_the_kind')"
    )
    assert "openstack.connection" in loaded
    untouched = _imported(
        "import openstack; "
        "from protectorclient.osc.script import deferred_sdk; "
        "deferred_sdk.defer(); assert callable(openstack.connect)"
    )
    assert "openstack.connection" in untouched


def test_a_module_without_submodules_is_whole_too(
    tmp_path: pathlib.Path,
) -> None:
    """Such as the one that osc-lib asks for the debug log."""
    file = tmp_path / "plain.py"
    file.write_text("runs = globals().get('runs', 0) + 1\nanswer = 42\n")
    spec = importlib.util.spec_from_file_location("plain", file)
    assert spec is not None
    loader: Any = deferred_sdk._Unrun(spec.loader)
    spec.loader = loader
    module: Any = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    assert "answer" not in vars(module)
    assert module.answer == 42
    assert not hasattr(module, "nothing_of_the_kind")
    assert module.runs == 1
