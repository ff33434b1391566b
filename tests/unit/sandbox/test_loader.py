"""The process that loads what sites need, before it is told of them."""

import os
import pathlib
import subprocess
import sys
from collections.abc import Sequence

import pytest

from fakeserver import __main__ as script
from fakeserver.sandbox import loader, process
from fakeserver.sandbox.folder import Folder

TREE = pathlib.Path(__file__).resolve().parents[3]
SITES = ("site-a", "site-b")


class Pretended(loader.Loader):
    """A loader without a process."""

    def __init__(self, directory: str) -> None:
        super().__init__(directory, 0, -1, -1)
        self.ended = False

    def __exit__(self, *_ended: object) -> None:
        self.ended = True


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[Pretended]:
    """The loaders that are started instead of processes."""
    found: list[Pretended] = []

    def begin(directory: str) -> Pretended:
        found.append(Pretended(directory))
        return found[-1]

    monkeypatch.setattr(loader, "begin", begin)
    monkeypatch.setattr(process, "begin", begin)
    return found


@pytest.mark.parametrize(
    "line, directory",
    [
        ("up", ".protector-sandbox"),
        ("up --dir a", "a"),
        ("--dir a up", "a"),
        ("--dir=a up --port 0", "a"),
        # the last one counts, as for argparse
        ("--dir a up --dir=/b", "/b"),
        # the command says what is wrong
        ("up --bogus", ".protector-sandbox"),
        ("up --dir", ".protector-sandbox"),
        ("", None),
        ("--dir up", None),
        ("--dir a", None),
        ("up --help", None),
        ("-h up", None),
        ("start site-a", None),
        ("down --dir up", None),
        ("status up", None),
    ],
)
def test_it_is_begun_for_an_up_alone(
    line: str,
    directory: str | None,
    begun: list[Pretended],
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    made = loader.begin_early(line.split())
    assert (made is None) == (directory is None)
    expected = [] if directory is None else [str(tmp_path / directory)]
    assert [each.directory for each in begun] == expected


def test_a_system_that_refuses_it_is_asked_again_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(directory: str) -> loader.Loader:
        raise BlockingIOError

    monkeypatch.setattr(loader, "begin", refuse)
    assert loader.begin_early(["up"]) is None


def test_one_of_another_folder_is_not_taken(
    begun: list[Pretended], tmp_path: pathlib.Path
) -> None:
    folder = Folder(tmp_path / "mine")
    process.spawn(folder, Pretended(str(tmp_path / "." / "mine")))
    assert begun == []
    process.spawn(folder, Pretended(str(tmp_path / "other")))
    assert [each.directory for each in begun] == [str(folder.path)]


def test_it_ends_with_a_command_that_has_no_use_for_it(
    begun: list[Pretended],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("gc.disable", lambda: None)
    monkeypatch.setattr(sys, "argv", ["protector-sandbox", "up", "--bogus"])
    with pytest.raises(SystemExit) as ended:
        script.main()
    assert ended.value.code == 2
    assert [each.ended for each in begun] == [True]
    assert "--bogus" in capsys.readouterr().err


def test_it_leaves_nothing_behind(tmp_path: pathlib.Path) -> None:
    before = os.listdir("/proc/self/fd")
    with loader.begin(str(tmp_path / "sandbox")) as made:
        assert process.alive(made.pid)
    with pytest.raises(ChildProcessError):
        os.waitpid(made.pid, 0)
    assert os.listdir("/proc/self/fd") == before
    assert list(tmp_path.iterdir()) == []


def test_it_loads_nothing_of_the_working_directory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    """A ``flask.py`` there is not ours."""
    started: list[list[str]] = []

    def refuse(
        _path: str, command: list[str], *_: object, **__: object
    ) -> int:
        started.append(command)
        raise BlockingIOError

    with monkeypatch.context() as patched, pytest.raises(BlockingIOError):
        patched.setattr(os, "posix_spawn", refuse)
        loader.begin(str(tmp_path / "sandbox"))
    python = started[0][: started[0].index("-m")]
    program = "import sys; print(sys.flags.safe_path)"
    done = subprocess.run(
        [*python, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "True\n"


#: prints the standard streams that the process would lose
STREAMS = """
import os, sys
from fakeserver.sandbox import loader
for number in range(int(sys.argv[1])):
    os.close(number)
def spawn(path, command, environment, file_actions):
    taken = [int(environment[loader.PIPE]), file_actions[0][1]]
    os.write(2, repr([end for end in taken if end < 3]).encode())
    return 0
os.posix_spawn = spawn
made = loader.begin("/nowhere")
os._exit(0)
"""


@pytest.mark.parametrize("closed", [0, 1, 2])
def test_its_pipes_are_no_standard_streams(closed: int) -> None:
    """Of a command that has none: a service, or ``<&- >&-``."""
    done = subprocess.run(
        [sys.executable, "-c", STREAMS, str(closed)],
        cwd=TREE,
        capture_output=True,
        check=True,
    )
    assert done.stderr == b"[]"


def _serve(
    folder: pathlib.Path, told: str, first: pathlib.Path
) -> subprocess.CompletedProcess[str]:
    """Run the process with what it is told on its standard input."""
    ours, theirs = os.pipe()
    try:
        return subprocess.run(
            [sys.executable, "-m", "fakeserver.cli.serve", str(folder)],
            input=told,
            env={
                **os.environ,
                "PYTHONPATH": f"{first}{os.pathsep}{TREE}",
                loader.PIPE: str(theirs),
            },
            pass_fds=[theirs],
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        os.close(ours)
        os.close(theirs)


@pytest.mark.parametrize("told", [SITES, ()], ids=["told", "not told"])
def test_what_cannot_be_loaded_is_said_in_a_log(
    told: Sequence[str], tmp_path: pathlib.Path
) -> None:
    """Once there is one: until then it is silent and writes nothing."""
    broken, folder = tmp_path / "broken", tmp_path / "sandbox"
    for made in (broken, folder):
        made.mkdir()
    (broken / "flask.py").write_text("raise ImportError('no flask here')\n")
    done = _serve(folder, " ".join(told) + "\n" if told else "", broken)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")
    logs = {path.name: path.read_text() for path in folder.iterdir()}
    last = {name: text.splitlines()[-1] for name, text in logs.items()}
    said = {"site-a.log": "ImportError: no flask here"}
    assert last == (said if told else {})
