"""Starts and ends the sites of a sandbox."""

import contextlib
import dataclasses
import errno
import os
import pathlib
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import FrameType
from typing import Any

from fakeserver.base.config import SITES
from fakeserver.http.ports import bind, bind_any
from fakeserver.sandbox import process
from fakeserver.sandbox.folder import Folder, Settings
from fakeserver.sandbox.loader import Loader
from fakeserver.sandbox.problem import Problem, say
from fakeserver.sandbox.scenarios import FLEET, SCENARIOS

#: how long a site may take until it answers, seconds
START_TIMEOUT = 60.0
#: how often it is looked whether one still runs, seconds
LOOK = 0.1
#: how long a real Keystone may take until it answers, seconds
KEYSTONE_TIMEOUT = 5.0
#: the option that says the port of a site
OPTIONS = {SITES[0]: "--port", SITES[1]: "--peer-port"}
#: settings that data on disk was made with
_FIXED = {
    "port": "--port",
    "peer_port": "--peer-port",
    "tls": "--tls",
    "seed": "--seed",
    "scenario": "--scenario",
    "groups": "--groups",
    "identity": "--identity",
    "peer_identity": "--peer-identity",
    "rename_on_manage": "--rename-on-manage",
}
#: settings in which 0 is any free port
_PORTS = ("port", "peer_port")
INTERRUPTED = 130
#: what to do about a port that cannot be another one
_FOREIGN_PORT = "find out who has it"


class DidNotStart(Problem):
    """A site ended, or never answered; the message names its log."""


def up(
    folder: Folder, asked: Mapping[str, Any], loader: Loader | None = None
) -> None:
    """Start both sites, or neither of them.

    :param loader: the process that splits into them, if it runs already.
    """
    made = not folder.path.exists()
    with interruptible() as interrupted:
        folder.prepare()
        with folder.alone(interrupted):
            _not_up(folder)
            kept = folder.exists()
            try:
                _up(folder, asked, kept, interrupted, loader)
            except Exception as error:
                if not kept:
                    keep_logs = isinstance(error, DidNotStart)
                    _leave_nothing(folder, made, keep_logs)
                raise


def _up(
    folder: Folder,
    asked: Mapping[str, Any],
    kept: bool,
    interrupted: threading.Event,
    loader: Loader | None,
) -> None:
    settings = _settings(folder, asked, kept)
    for site in SITES:
        advice = f"choose another with {OPTIONS[site]}"
        if kept:
            # the data keep the port that they were made with
            advice = f"{_FOREIGN_PORT}, or give another --dir"
        _port_is_free(settings, site, advice)
    if kept:
        say(f"The sandbox goes on with the data in {folder.shown}.")
    scenario = SCENARIOS[settings.scenario]

    def write() -> None:
        if kept:
            _upgrade(folder, settings)
        folder.write(settings)
        if scenario.has_history and not kept:
            from fakeserver.local import scenario_history

            scenario_history.begin_anew(folder, settings, time.time())

    awake = [site for site in SITES if site not in scenario.down]
    launch(folder, settings, awake, interrupted, write, loader)
    for site in awake:
        _look_for_keystone(folder, settings, site)
    for site in scenario.down:
        say(f"{site} does not run in this scenario.")


def _upgrade(folder: Folder, settings: Settings) -> None:
    # a new sandbox needs nothing of it
    from fakeserver.sandbox.upgrade import upgrade

    upgrade(folder, settings)


def _look_for_keystone(folder: Folder, settings: Settings, site: str) -> None:
    """Warn when the real Keystone of a site does not answer."""
    url = settings.identity_of(site)
    if not url:
        return
    # a sandbox with Keystones of its own has nothing to ask
    import requests

    trusted = folder.trusted(settings)
    verify = str(trusted) if trusted else True
    try:
        found = requests.get(url, timeout=KEYSTONE_TIMEOUT, verify=verify)
        found.raise_for_status()
        found.json()["version"]["id"]
    except requests.exceptions.SSLError:
        say(
            f"The certificate of {url} is not trusted. {site} answers 503 "
            "until it is; --identity-cacert FILE names its authority."
        )
    except (requests.RequestException, ValueError, LookupError, TypeError):
        say(
            f"No Keystone answers at {url}. {site} answers 503 until one does."
        )


def _leave_nothing(folder: Folder, made: bool, keep_logs: bool) -> None:
    """Restore the folder as before ``up``, but for a log that names the
    error."""
    folder.remove_data(logs=not keep_logs)
    if made and not keep_logs:
        (folder.path / "up.lock").unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            folder.path.rmdir()


def _not_up(folder: Folder) -> None:
    alive = [site for site in SITES if process.running(folder, site)]
    if not alive:
        return
    sentence = f"The sandbox in {folder.shown} is up already."
    asleep = [site for site in SITES if site not in alive]
    if asleep:
        sentence += (
            f" Start {asleep[0]} too:\n"
            f"protector-sandbox start {asleep[0]} {folder.option}"
        )
    raise Problem(sentence)


def _settings(
    folder: Folder, asked: Mapping[str, Any], kept: bool
) -> Settings:
    """Return the requested settings over those that the data was made with."""
    before = folder.settings() if kept else Settings()
    given = {key: value for key, value in asked.items() if value is not None}
    if kept:
        for name in _PORTS:
            if given.get(name) == 0:
                # the one that it has is as good as any
                del given[name]
        for key, option in _FIXED.items():
            held = getattr(before, key)
            if key in given and given[key] != held:
                how = f"with {option} {held}" if held else f"without {option}"
                raise Problem(
                    f"The data in {folder.shown} was made {how}, which "
                    "cannot change. Give another --dir, or remove the folder."
                )
    settings = dataclasses.replace(before, **given)
    real = settings.identity or settings.peer_identity
    if settings.identity_cacert and not real:
        raise Problem("--identity-cacert goes with --identity.", 2)
    if real and SCENARIOS[settings.scenario].has_history:
        raise Problem(
            f"--scenario {settings.scenario} does not go with --identity: "
            "its operations ran when the Keystones were emulated ones.",
            2,
        )
    counted = SCENARIOS[settings.scenario].counted
    if settings.groups and not counted:
        raise Problem("--groups goes with --scenario fleet.", 2)
    if counted and not settings.groups:
        settings = dataclasses.replace(settings, groups=FLEET)
    if settings.groups:
        from fakeserver.base.seed_world import FLEET_MOST

        if settings.groups > FLEET_MOST:
            raise Problem(f"--groups is at most {FLEET_MOST}.", 2)
    settings = _with_ports(settings)
    if settings.port == settings.peer_port:
        raise Problem(
            f"--port and --peer-port are both {settings.port}; "
            "each site needs its own.",
            2,
        )
    return settings


def _with_ports(settings: Settings) -> Settings:
    """Replace port 0 with a free port."""
    with contextlib.ExitStack() as held:
        for name in _PORTS:
            if getattr(settings, name) == 0:
                # both are held until both are known: they must differ
                port = held.enter_context(bind_any())
                number = port.getsockname()[1]
                settings = dataclasses.replace(settings, **{name: number})
    return settings


def _port_is_free(settings: Settings, site: str, advice: str) -> None:
    number = settings.port_of(site)
    try:
        bind(number).close()
    except OSError as error:
        why = "is in use"
        if error.errno != errno.EADDRINUSE:
            reason = os.strerror(error.errno or errno.EIO)
            why = f"cannot be used ({reason})"
        raise Problem(f"Port {number} for {site} {why}; {advice}.") from None


def launch(
    folder: Folder,
    settings: Settings,
    sites: Sequence[str],
    interrupted: threading.Event,
    write: Callable[[], None] | None = None,
    loader: Loader | None = None,
) -> None:
    """Start sites and wait until each answers; else stop all of them.

    :param write: writes what they read, while they load what they need.
    :param loader: the process that splits into them, if it runs already.
    """
    marks = {site: _size(folder.log(site)) for site in sites}
    done = False
    started = process.spawn(folder, loader)
    try:
        if write is not None:
            write()
        started.go_on(sites)
        _until_they_answer(folder, sites, started, marks, interrupted)
        done = not interrupted.is_set()
    finally:
        if not done:
            started.kill()
            for site in sites:
                process.pid_file(folder, site).unlink(missing_ok=True)
        started.close()
    if not done:
        raise Problem("Interrupted; nothing was started.", INTERRUPTED)
    for site in sites:
        say(f"{site} answers at {settings.url_of(site)}")


def _until_they_answer(
    folder: Folder,
    sites: Sequence[str],
    started: process.SiteStart,
    marks: Mapping[str, int],
    interrupted: threading.Event,
) -> None:
    until = time.monotonic() + START_TIMEOUT
    while not interrupted.is_set() and not started.ready.issuperset(sites):
        started.look(LOOK)
        for site in sites:
            why = None
            if started.ended(site):
                why = _last_words(folder.log(site), marks[site])
            elif site not in started.ready and time.monotonic() > until:
                why = f"no answer within {START_TIMEOUT:.0f} seconds"
            if why is not None and not interrupted.is_set():
                raise DidNotStart(
                    f"{site} did not start: {why.rstrip('.')}; "
                    f"see {folder.shown / folder.log(site).name}."
                )


def _size(path: pathlib.Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _last_words(log: pathlib.Path, mark: int) -> str:
    """Return the last line that was added to a log."""
    if not log.exists():
        return "it ended at once"
    with log.open("rb") as text:
        # a log that had grown too large was begun anew
        text.seek(mark if mark <= log.stat().st_size else 0)
        lines = text.read().decode(errors="replace").split("\n")
    words = [line.strip() for line in lines if line.strip()]
    return words[-1] if words else "it ended at once"


@contextlib.contextmanager
def interruptible() -> Iterator[threading.Event]:
    """Make signals that would end this process set an event instead."""
    interrupted = threading.Event()

    def note(number: int, frame: FrameType | None) -> None:
        interrupted.set()

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    if threading.current_thread() is not threading.main_thread():
        yield interrupted
        return
    before = {number: signal.signal(number, note) for number in numbers}
    try:
        yield interrupted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def down(folder: Folder) -> None:
    """Stop both sites; the data stays."""
    folder.settings()
    with folder.alone():
        found = [(s, process.running(folder, s)) for s in SITES]
        alive = [(site, pid) for site, pid in found if pid is not None]
        for _, pid in alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        for site, pid in alive:
            process.end(pid, signal.SIGTERM)
            process.pid_file(folder, site).unlink(missing_ok=True)
        foreground(folder).unlink(missing_ok=True)
    if not alive:
        say(f"The sandbox in {folder.shown} was down already.")


def foreground(folder: Folder) -> pathlib.Path:
    """Return the file that exists while an ``up --foreground`` waits."""
    return folder.path / "foreground"


def stay(folder: Folder, interrupted: threading.Event) -> None:
    """Wait for a signal, or for a ``down`` elsewhere; then stop both sites."""
    mark = foreground(folder)
    mark.touch(mode=0o600)
    say("Both sites answer. Ctrl-C takes them down.")
    while not interrupted.wait(0.2) and mark.exists():
        pass
    if mark.exists():
        down(folder)


def start(folder: Folder, site: str) -> None:
    """Start one site over the data that it had."""
    from fakeserver.sandbox import channel

    settings = folder.settings()
    with interruptible() as told, folder.alone(told):
        pid = process.running(folder, site)
        folder.write_tokens()
        if pid is None:
            _port_is_free(settings, site, _FOREIGN_PORT)
            _upgrade(folder, settings)
            launch(folder, settings, (site,), told)
            return
        say(f"{site} runs already.")
        process.wait(
            lambda: (
                told.is_set() or channel.answers(folder, settings, site, pid)
            ),
            START_TIMEOUT,
        )
        if not channel.answers(folder, settings, site, pid):
            raise Problem(f"{site} runs, but it does not answer.")


def end(folder: Folder, site: str, number: signal.Signals) -> None:
    """Stop or kill one site; do nothing when it is down."""
    folder.settings()
    with folder.alone():
        pid = process.running(folder, site)
        if pid is None:
            say(f"{site} was down already.")
        else:
            process.end(pid, number)
        process.pid_file(folder, site).unlink(missing_ok=True)
