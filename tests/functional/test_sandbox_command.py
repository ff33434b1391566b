"""The protector-sandbox command with real processes."""

import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest
import requests

from fakeserver.cli.main import main
from fakeserver.http.ports import bind
from fakeserver.sandbox import process
from fakeserver.sandbox.folder import Folder

PORTS = ("--port", "0", "--peer-port", "0")
SITES = ("site-a", "site-b")


class Command:
    """protector-sandbox on one folder, in this process."""

    def __init__(
        self, folder: pathlib.Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.folder = Folder(folder)
        self._capsys = capsys
        self.out = ""
        self.err = ""
        self._said: list[str] = []

    def __call__(self, *words: str) -> int:
        self._capsys.readouterr()
        try:
            code = main([*words, "--dir", str(self.folder.path)])
        except SystemExit as end:
            code = int(str(end.code))
        self.out, self.err = self._capsys.readouterr()
        # shown by pytest when the test fails
        self._said.append(f"{' '.join(words)} -> {code} {self.err}")
        print("\n".join(self._said))
        return code

    def pids(self) -> list[int | None]:
        return [process.running(self.folder, site) for site in SITES]

    def url(self, site: str = "site-a") -> str:
        return self.folder.settings().url_of(site)


@pytest.fixture
def sandbox(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> Iterator[Command]:
    made = Command(tmp_path / "sandbox", capsys)
    yield made
    for site in SITES:
        pid = process.running(made.folder, site)
        if pid is not None:
            process.end(pid, signal.SIGKILL)


def alone(*words: str) -> subprocess.Popen[str]:
    """The command as a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "fakeserver", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def until(happened: Callable[[], object]) -> None:
    assert process.wait(lambda: bool(happened()), 20)


def one_sentence(text: str) -> bool:
    """One line, and below it the command to type next where there is one."""
    sentence, *below = text.splitlines()
    return (
        sentence.startswith("protector-sandbox")
        and len(below) == sentence.endswith(":")
        and all(line.startswith("protector-sandbox ") for line in below)
    )


def token(sandbox: Command) -> requests.Response:
    user = {"name": "demo", "domain": {"name": "Default"}}
    user["password"] = "demo-secret"
    project = {"name": "demo", "domain": {"name": "Default"}}
    identity = {"methods": ["password"], "password": {"user": user}}
    auth = {"identity": identity, "scope": {"project": project}}
    url = f"{sandbox.url()}/identity/v3/auth/tokens"
    return requests.post(url, json={"auth": auth}, timeout=10)


def group_ids(sandbox: Command) -> set[str]:
    answer = token(sandbox)
    project = answer.json()["token"]["project"]["id"]
    found = requests.get(
        f"{sandbox.url()}/v1/{project}/protection-groups",
        headers={"X-Auth-Token": answer.headers["X-Subject-Token"]},
        timeout=10,
    )
    return {group["id"] for group in found.json()["protection_groups"]}


def test_a_day_of_a_sandbox(sandbox: Command) -> None:
    assert sandbox("up", *PORTS, "--pace", "0") == 0
    lines = sandbox.out.splitlines()
    assert lines == [
        f"export OS_CLIENT_CONFIG_FILE={sandbox.folder.clouds_yaml}",
        "export OS_CLOUD=site-a",
    ]
    first, second = sandbox.pids()
    assert first and second and first != second
    assert os.getsid(first) == first
    for site in SITES:
        assert requests.get(sandbox.url(site), timeout=5).json()["versions"]
    for path in sandbox.folder.path.iterdir():
        assert path.stat().st_mode & 0o077 == 0, path.name

    assert sandbox("status") == 0
    assert re.search(rf"site-a\s+running\s+\S+\s+{first}\n", sandbox.out)
    assert sandbox("env") == 0
    assert sandbox.out.splitlines() == [
        *lines,
        "export ARRAY_TOKEN_A=fa-token-a-5f1c0e2b",
        "export ARRAY_TOKEN_B=fa-token-b-91d7ac44",
    ]

    assert sandbox("up") == 1
    assert one_sentence(sandbox.err) and "up already" in sandbox.err

    before = group_ids(sandbox)
    assert sandbox("reset") == 0
    assert group_ids(sandbox) == before
    assert sandbox.pids() == [first, second]

    assert sandbox("journal", "--last", "2") == 0
    assert "/identity/v3/auth/tokens" in sandbox.out
    assert "demo-secret" not in sandbox.out

    assert sandbox("down") == 0
    assert sandbox.pids() == [None, None]
    assert not process.alive(first) and not process.alive(second)
    assert sandbox("down") == 0

    assert sandbox("up") == 0
    assert "goes on with the data" in sandbox.err
    assert group_ids(sandbox) == before
    assert sandbox("down") == 0


@pytest.mark.processes
def test_one_site_at_a_time(sandbox: Command) -> None:
    assert sandbox("up", *PORTS) == 0
    for word in ("stop", "kill"):
        assert sandbox(word, "site-a") == 0
        assert sandbox.pids()[0] is None
        with pytest.raises(requests.ConnectionError):
            requests.get(sandbox.url(), timeout=5)
        assert sandbox(word, "site-a") == 0
        assert "down already" in sandbox.err
        assert sandbox("start", "site-a") == 0
        assert requests.get(sandbox.url(), timeout=5).ok
        assert sandbox("start", "site-a") == 0
        assert "runs already" in sandbox.err
    assert sandbox("stop", "site-c") == 2
    assert one_sentence(sandbox.err)


@pytest.mark.processes
def test_a_recycled_pid_is_nobody(sandbox: Command) -> None:
    assert sandbox("up", *PORTS) == 0
    assert sandbox("kill", "site-a") == 0
    stranger = subprocess.Popen(["sleep", "60"])
    entry = json.dumps({"pid": stranger.pid, "born": "1"})
    process.pid_file(sandbox.folder, "site-a").write_text(entry)
    for word in ("stop", "kill"):
        assert sandbox(word, "site-a") == 0
    assert sandbox("down") == 0
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


@pytest.mark.parametrize("option", ["--port", "--peer-port"])
def test_a_port_that_is_in_use(sandbox: Command, option: str) -> None:
    other = "--peer-port" if option == "--port" else "--port"
    with bind(0) as port:
        number = str(port.getsockname()[1])
        assert sandbox("up", option, number, other, "0") == 1
    assert one_sentence(sandbox.err)
    assert number in sandbox.err and option in sandbox.err
    assert not sandbox.folder.path.exists()


@pytest.mark.parametrize(
    "words",
    [
        ("up", "--port", "5000", "--peer-port", "5000"),
        ("up", "--port", "70000"),
        ("up", "--port", "x"),
        ("up", "--groups", "3"),
        ("up", "--scenario", "nonsense"),
        ("up", "--pace", "-1"),
        ("up", "--max-microversion", "2.0"),
        ("fault", "add", "503", "--probability", "2"),
        ("fault", "add", "503", "--probability", "often"),
        ("fault", "add", "cinder-403", "--times", "1"),
        ("fault", "add", "nonsense"),
        ("fault", "add", "reset", "--stage", "undo"),
        ("fault", "add", "reset", "--match", "recreate_instances"),
        ("clock", "advance", "soon"),
        ("nonsense",),
        (),
    ],
)
def test_usage(sandbox: Command, words: tuple[str, ...]) -> None:
    if words[:1] == ("fault",):
        sandbox.folder.prepare()
        sandbox.folder.settings_file.write_text("{}")
    assert sandbox(*words) == 2
    assert one_sentence(sandbox.err)


@pytest.mark.parametrize(
    "words",
    [
        ("down",),
        ("status",),
        ("env",),
        ("reset",),
        ("start", "site-a"),
        ("stop", "site-a"),
        ("kill", "site-b"),
        ("fault", "list"),
        ("fault", "clear"),
        ("fault", "add", "503"),
        ("clock", "freeze"),
        ("array", "snapshots"),
        ("array", "copy", "a.op-1", "b"),
        ("journal",),
    ],
)
def test_where_there_is_no_sandbox(
    sandbox: Command, words: tuple[str, ...]
) -> None:
    assert sandbox(*words) == 1
    assert one_sentence(sandbox.err)
    assert "There is no sandbox" in sandbox.err
    assert not sandbox.folder.path.exists()


@pytest.mark.processes
def test_data_keeps_what_it_was_made_with(sandbox: Command) -> None:
    assert sandbox("up", *PORTS, "--seed", "7") == 0
    assert sandbox("down") == 0
    assert sandbox("up", "--seed", "8") == 1
    assert one_sentence(sandbox.err) and "--seed 7" in sandbox.err
    assert sandbox("up", "--seed", "7", "--pace", "0") == 0
    assert sandbox("status") == 0
    assert "seed 7, pace 0 s" in sandbox.out
    assert sandbox("down") == 0


@pytest.mark.processes
def test_both_start_together_and_seed_once(sandbox: Command) -> None:
    words = ("--scenario", "fleet", "--groups", "40")
    assert sandbox("up", *PORTS, *words) == 0
    assert len(group_ids(sandbox)) == 40
    assert sandbox("down") == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_up_leaves_nothing(
    sandbox: Command, number: signal.Signals
) -> None:
    path = sandbox.folder.path
    up = alone("up", *PORTS, "--dir", str(path))
    until((path / "sandbox.json").exists)
    up.send_signal(number)
    out, err = up.communicate(timeout=20)
    assert (up.returncode, out) == (130, "")
    assert "nothing was started" in err
    assert not path.exists()


@pytest.mark.processes
def test_a_site_that_does_not_start_says_why(sandbox: Command) -> None:
    assert sandbox("up", *PORTS) == 0
    assert sandbox("stop", "site-b") == 0
    (sandbox.folder.path / "site-b.db").write_text("no database at all")
    assert sandbox("start", "site-b") == 1
    assert one_sentence(sandbox.err)
    assert "not a database" in sandbox.err and "site-b.log" in sandbox.err
    assert sandbox("down") == 0


@pytest.mark.processes
def test_a_site_without_a_folder_ends(sandbox: Command) -> None:
    assert sandbox("up", *PORTS) == 0
    pids = [pid for pid in sandbox.pids() if pid]
    path = sandbox.folder.path
    # the only way to read what is said after that
    logs = [path.with_name(f"{site}.log") for site in SITES]
    for log in logs:
        os.link(path / log.name, log)
    url = sandbox.url()
    try:
        shutil.rmtree(path)
        answer = requests.get(f"{url}/v1/none/operations", timeout=5)
        assert answer.json()["error"]["request_id"].startswith("req-")
        assert process.wait(lambda: not any(map(process.alive, pids)), 10)
    finally:
        for pid in filter(process.alive, pids):
            process.end(pid, signal.SIGKILL)
    for site, log in zip(SITES, logs, strict=True):
        assert (
            f"{site} stops: its folder {path} does not exist"
            in log.read_text()
        )
    assert not path.exists()


@pytest.mark.processes
def test_a_site_notices_that_its_folder_is_another_one(
    sandbox: Command,
) -> None:
    """Removed, and made again before anybody has looked."""
    assert sandbox("up", *PORTS) == 0
    before = [pid for pid in sandbox.pids() if pid]
    try:
        shutil.rmtree(sandbox.folder.path)
        assert sandbox("up", *PORTS) == 0
        assert process.wait(lambda: not any(map(process.alive, before)), 10)
    finally:
        for pid in filter(process.alive, before):
            process.end(pid, signal.SIGKILL)
    assert all(sandbox.pids())
    assert requests.get(sandbox.url(), timeout=5).ok
    assert sandbox("down") == 0


@pytest.mark.parametrize("words", [("up",), ("status",), ("down",)])
def test_where_the_working_directory_is_gone(
    tmp_path: pathlib.Path, words: tuple[str, ...]
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    script = f"rmdir {gone}; exec {sys.executable} -m fakeserver {words[0]}"
    ran = subprocess.run(
        ["sh", "-c", script], cwd=gone, capture_output=True, text=True
    )
    assert (ran.returncode, ran.stdout) == (1, "")
    assert one_sentence(ran.stderr)
    assert "working directory does not exist" in ran.stderr


@pytest.mark.processes
def test_in_the_foreground(sandbox: Command) -> None:
    up = alone("up", *PORTS, "--foreground", "--dir", str(sandbox.folder.path))
    assert up.stdout is not None
    assert up.stdout.readline().startswith("export OS_CLIENT_CONFIG_FILE=")
    until(lambda: all(sandbox.pids()))
    up.send_signal(signal.SIGINT)
    up.communicate(timeout=20)
    assert up.returncode == 0
    assert sandbox.pids() == [None, None]


@pytest.mark.processes
def test_the_foreground_ends_with_a_down_elsewhere(sandbox: Command) -> None:
    up = alone("up", *PORTS, "--foreground", "--dir", str(sandbox.folder.path))
    until((sandbox.folder.path / "foreground").exists)
    assert sandbox("down") == 0
    up.communicate(timeout=20)
    assert up.returncode == 0


@pytest.mark.processes
def test_tls(sandbox: Command) -> None:
    assert sandbox("up", *PORTS, "--tls") == 0
    ca = str(sandbox.folder.path / "ca.pem")
    for site in SITES:
        url = sandbox.url(site)
        assert url.startswith("https://")
        assert requests.get(url, verify=ca, timeout=5).json()["versions"]
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(sandbox.url(), timeout=5)
    assert sandbox("status") == 0
    assert sandbox.out.count("running") == 2
    assert sandbox("reset") == 0
    assert sandbox("down") == 0


@pytest.mark.processes
def test_loopback_and_its_names_only(sandbox: Command) -> None:
    assert sandbox("up", *PORTS) == 0
    evil = {"Host": "evil.example"}
    answer = requests.get(sandbox.url(), headers=evil, timeout=5)
    assert answer.status_code == 403
    assert answer.json()["error"]["reason"] == "protector.forbidden"
    port = sandbox.folder.settings().port
    mine = {i[4][0] for i in socket.getaddrinfo(socket.gethostname(), None)}
    for address in mine - {"127.0.0.1", "::1"}:
        if address.startswith("127.") or ":" in address:
            continue
        with pytest.raises(OSError):
            socket.create_connection((address, port), timeout=2).close()
    assert sandbox("down") == 0


@pytest.mark.processes
def test_the_control_channel_needs_the_secret(sandbox: Command) -> None:
    assert sandbox("up", *PORTS) == 0
    url = f"{sandbox.url()}/_sandbox"
    for headers in ({}, {"X-Sandbox-Secret": "wrong"}):
        for method, path in (("GET", "status"), ("POST", "rest")):
            answer = requests.request(
                method, f"{url}/{path}", headers=headers, timeout=5
            )
            assert answer.status_code == 403
    assert requests.get(sandbox.url(), timeout=5).ok
    assert sandbox("down") == 0


def test_faults_work_on_running_sites(sandbox: Command) -> None:
    assert sandbox("up", *PORTS) == 0
    words = ("--site", "site-a", "--times", "1")
    assert sandbox("fault", "add", "503", *words) == 0
    rule = sandbox.out.strip()
    assert requests.get(sandbox.url("site-b"), timeout=5).status_code == 200
    assert requests.get(sandbox.url(), timeout=5).status_code == 503
    assert requests.get(sandbox.url(), timeout=5).status_code == 200
    assert sandbox("fault", "list") == 0
    assert re.search(
        rf"{rule}\s+503\s+site-a\s+before\s+\*\s+-\s+1\s+0\s+1\n",
        sandbox.out,
    )
    assert sandbox("fault", "clear", rule) == 0
    assert sandbox("fault", "clear", rule) == 1
    assert one_sentence(sandbox.err)
    assert sandbox("down") == 0


@pytest.mark.processes
def test_the_clock_is_shared_and_survives(sandbox: Command) -> None:
    assert sandbox("up", *PORTS) == 0
    assert sandbox("clock", "advance", "2h") == 0
    assert sandbox("kill", "site-a") == 0
    assert sandbox("start", "site-a") == 0
    issued = token(sandbox).json()["token"]["issued_at"]
    ahead = time.time() + 7200
    stamps = [
        time.strftime("%Y-%m-%dT%H:%M", time.gmtime(ahead + offset))
        for offset in (-60, 0)
    ]
    assert issued[:16] in stamps
    assert sandbox("clock", "freeze") == 0
    assert "frozen" in sandbox.out
    # to a microsecond: two at once would differ
    first = token(sandbox).json()["token"]["issued_at"]
    assert token(sandbox).json()["token"]["issued_at"] == first
    assert sandbox("clock", "run") == 0
    assert token(sandbox).json()["token"]["issued_at"] != first
    assert sandbox("down") == 0
