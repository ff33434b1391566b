"""SIGTERM and SIGHUP: taken as Ctrl-C is, told apart by the status."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading

import pytest

from protectorclient.osc import signals

STATUS = {signal.SIGTERM: 143, signal.SIGHUP: 129}


@pytest.mark.parametrize("number", STATUS)
def test_an_interruption_with_a_status_of_its_own(
    number: signal.Signals,
) -> None:
    before = signal.getsignal(number)
    with signals.listening():
        assert signal.getsignal(number) != before
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
        assert signals.status(130) == STATUS[number]
        assert signals.status(10) == 10
    assert signal.getsignal(number) == before
    with signals.listening():
        assert signals.status(130) == 130


def test_a_signal_that_is_ignored_stays_so() -> None:
    """As ``nohup`` has it."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with signals.listening():
            signal.raise_signal(signal.SIGHUP)
            assert signals.status(130) == 130
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_the_last_words_are_not_cut_off_by_a_second() -> None:
    with signals.listening(), signals.listening():
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGHUP)
        signals.ending()
        signal.raise_signal(signal.SIGHUP)
        assert signals.status(130) == 129


def test_the_third_ends_it() -> None:
    """Whoever hangs in its last words can still be ended."""
    code = (
        "import signal, sys; from protectorclient.osc import signals\n"
        "with signals.listening():\n"
        "    signals.ending()\n"
        "    signal.raise_signal(signal.SIGTERM)\n"
        "    print('still here', flush=True)\n"
        "    signal.raise_signal(signal.SIGTERM)\n"
        "    print('never here', flush=True)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True
    )
    assert (ran.returncode, ran.stdout) == (-signal.SIGTERM, "still here\n")


def test_other_threads_have_no_signals() -> None:
    seen: list[object] = []

    def run() -> None:
        with signals.listening():
            seen.append(signal.getsignal(signal.SIGTERM))

    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert seen == [before]
