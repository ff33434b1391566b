"""Run the hooks of a plan: programs of the user, without a shell."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import re
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from typing import IO, Any

from protectorclient.plan.file import model

#: Bytes of a hook's output that are kept.
LARGEST_OUTPUT = 64 * 1024
#: Read of it beyond that, so that a secret is not cut from its name.
_MORE = 16 * 1024
#: Seconds for the end of the output after the hook has ended; what it has
#: left running may hold the pipe open for ever.
_DRAIN = 0.2
_MASK = "***"
#: What looks like a secret in the output of a hook: how it begins, and the
#: secret itself.
_SECRETS = (
    # password=..., "token": "...", export API_KEY=...
    re.compile(
        r"(?i)((?:pass|pwd|secret|token|key|cred)[\w.-]{0,64}[\"']?"
        r"\s{0,8}[:=]\s{0,8})(\"[^\"\r\n]*\"|'[^'\r\n]*'|[^\s,;]+)"
    ),
    # --password ..., as a shell traces it
    re.compile(
        r"(?i)(--?(?:[\w-]{0,64}-)?(?:pass|pwd|secret|token|key|cred)"
        r"[\w-]{0,64} +)(\"[^\"\r\n]*\"|'[^'\r\n]*'|[^\s,;]+)"
    ),
    # a header of HTTP
    re.compile(
        r"(?i)((?:authorization|x-auth-token|x-subject-token)[\"']?"
        r"\s{0,8}:\s{0,8})([^\r\n]+)"
    ),
    # http://user:password@host
    re.compile(
        r"(\b[a-z][a-z0-9+.-]{0,20}://[^\s/:@]{0,256}:)([^\s/@]+)(?=@)"
    ),
    # tokens of Keystone, and of others, by how they look
    re.compile(r"(\b)(gAAAA[\w-]{40,}={0,2}|eyJ[\w-]{8,}\.[\w-]+\.[\w-]*)"),
    # a private key in PEM, also one that is cut
    re.compile(
        r"(-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----)"
        r"((?:(?!-----END).|\n){1,20000})"
    ),
)


@dataclasses.dataclass(frozen=True)
class Result:
    """How a hook ended."""

    #: Its exit status; None where it could not be run or took too long.
    status: int | None
    #: The end of what it wrote, secrets masked.
    output: str
    #: In seconds.
    seconds: float
    #: Why it did not end well; a sentence.
    error: str | None = None

    @property
    def is_good(self) -> bool:
        """Return whether the hook succeeded."""
        return self.status == 0


def run(
    hook: model.Hook,
    document: Mapping[str, Any] | Sequence[Any],
    *,
    run_id: str,
    attempt: int,
    folder: str | None = None,
    more: Mapping[str, str] | None = None,
) -> Result:
    """Run a hook to its end, or to the end of its time.

    :param document: what it gets on standard input, as JSON.
    :param attempt: the number of times that this hook was begun.
    :param folder: where it runs.
    :param more: variables of its environment.
    """
    began = time.monotonic()
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("OS_")
    } | {
        "PROTECTOR_RUN_ID": run_id,
        "PROTECTOR_ATTEMPT": str(attempt),
        **(more or {}),
    }
    with tempfile.TemporaryFile() as given:
        given.write(json.dumps(document, default=str).encode())
        given.seek(0)
        try:
            process = subprocess.Popen(
                hook.run,
                stdin=given,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=environment,
                cwd=folder,
                # Ctrl-C is for the runner; a hook goes on to its end
                start_new_session=True,
            )
        except (OSError, ValueError) as refused:
            said = getattr(refused, "strerror", None) or str(refused)
            return Result(
                None, "", 0.0, f"{hook.run[0]} cannot be run: {said}"
            )
    assert process.stdout is not None
    output = _Output(process.stdout)
    status: int | None = None
    error: str | None = None
    try:
        status = process.wait(hook.timeout)
        if status:
            error = f"{hook.run[0]} {_how(status)}"
    except subprocess.TimeoutExpired:
        error = f"{hook.run[0]} took longer than {hook.timeout:g} s"
    finally:
        _end(process)
    return Result(
        status, output.text(), round(time.monotonic() - began, 3), error
    )


def _how(status: int) -> str:
    if status > 0:
        return f"ended with exit status {status}"
    with contextlib.suppress(ValueError):
        return f"was ended by the signal {signal.Signals(-status).name}"
    return f"was ended by the signal {-status}"


class _Output:
    """Reads what a hook writes, and keeps its end alone.

    What the hook leaves running may write on: it is read and dropped, so
    that it does not stand still.
    """

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe
        self._kept = b""
        self._is_cut = False
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        most = LARGEST_OUTPUT + _MORE
        with self._pipe:
            while chunk := os.read(self._pipe.fileno(), LARGEST_OUTPUT):
                self._is_cut |= len(self._kept) + len(chunk) > most
                self._kept = (self._kept + chunk)[-most:]

    def text(self) -> str:
        """Return the end of the output, secrets masked."""
        self._thread.join(_DRAIN)
        kept, is_cut = self._kept, self._is_cut
        text = mask(_whole_words(kept, is_cut).decode("utf-8", "replace"))
        data = text.encode("utf-8")
        if len(data) > LARGEST_OUTPUT:
            text = data[-LARGEST_OUTPUT:].decode("utf-8", "ignore")
        return text


def _whole_words(kept: bytes, is_cut: bool) -> bytes:
    """Drop the rest of a line, or of a word, whose beginning is cut off."""
    if not is_cut:
        return kept
    for end in (b"\n", b" ", b",", b";"):
        place = kept.find(end, 0, _MORE)
        if place >= 0:
            return kept[place + 1 :]
    return kept


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a hook, with all that it has started in its session."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def mask(text: str) -> str:
    """Mask what looks like a secret in the output of a hook."""
    for secret in _SECRETS:
        text = secret.sub(rf"\g<1>{_MASK}", text)
    return text


def masked_words(words: Sequence[str]) -> tuple[str, ...]:
    """Mask what looks like a secret in the words of a command: also a word
    behind an option such as ``--password``."""
    found = []
    for before, word in zip(("", *words), words, strict=False):
        name = before if before.startswith("-") else ""
        is_secret = name and mask(f"{name} x") != f"{mask(name)} x"
        found.append(_MASK if is_secret else mask(word))
    return tuple(found)
