"""Every walkthrough of the guide: its symptom, then its fix."""

import io
import shlex
import subprocess

import pytest

from fakeserver.cli.walkthroughs import WALKTHROUGHS, Command
from fakeserver.local.pair import LocalPair
from fakeserver.sandbox.scenarios import SCENARIOS
from tests.helpers import clirunner
from tests.helpers.sampling import sampled


class Shell:
    """Types what the table says; the sites are in this process."""

    def __init__(self, pair: LocalPair, capsys: pytest.CaptureFixture[str]):
        self.pair = pair
        self.capsys = capsys

    def type(self, typed: Command) -> None:
        code, said = self._run(self._filled(typed.command))
        said = said.replace("_", " ") + said
        assert code == typed.code, (typed.command, said)
        for text in typed.says:
            assert text in said, (typed.command, said)
        for text in typed.not_said:
            assert text not in said, (typed.command, said)

    def _filled(self, command: str) -> str:
        """What a shell does with ``$(...)``."""
        before, opens, rest = command.partition("$(")
        if not opens:
            return command
        inner, _, after = rest.partition(")")
        _, said = self._run(inner)
        return before + said.strip() + after

    def _run(self, command: str) -> tuple[int, str]:
        program, *words = shlex.split(command.splitlines()[0])
        if program == "openstack":
            ran = clirunner.openstack(command.removeprefix("openstack "))
            return ran.code, ran.out + ran.err
        if program == "protector-sandbox":
            return 0, self._sandbox(words)
        subprocess.run(
            ["bash", "-c", command.replace("./", "")],
            check=True,
            cwd=self.pair.directory.parent,
        )
        return 0, ""

    def _sandbox(self, words: list[str]) -> str:
        match words:
            case ["start", site]:
                self.pair.site(site).start()
            case ["engine", "start", site]:
                self.pair.site(site).start_engine()
            case ["status"]:
                return self._status()
            case _:
                raise AssertionError(words)
        return ""

    def _status(self) -> str:
        out = io.StringIO()
        for name, site in self.pair.sites.items():
            state = "running" if site.running else "stopped"
            if site.config.engine_stopped.exists():
                state += ", engine stopped"
            out.write(f"{name}  {state}\n")
        return out.getvalue()


@pytest.fixture
def shell(request, tmp_path, monkeypatch, capsys):
    folder = tmp_path / ".protector-sandbox"
    pair = LocalPair(folder, scenario=request.param, sockets=True)
    with pair:
        monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(pair.clouds_yaml))
        monkeypatch.setenv("OS_CLOUD", "site-a")
        yield Shell(pair, capsys)


CASES = [pytest.param(t.scenario, t, id=t.scenario) for t in WALKTHROUGHS]


@pytest.mark.parametrize(
    ("shell", "walkthrough"), sampled(CASES, 5), indirect=["shell"]
)
def test_the_symptom_is_there_and_the_fix_of_the_guide_works(
    shell, walkthrough
):
    for typed in (*walkthrough.seen, *walkthrough.fix):
        shell.type(typed)


def test_every_trouble_has_its_scenario():
    named = [walkthrough.scenario for walkthrough in WALKTHROUGHS]
    others = ["default", "empty", "fleet"]
    assert others + named == list(SCENARIOS)
