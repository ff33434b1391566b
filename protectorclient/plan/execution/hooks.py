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
import time
from collections.abc import Mapping, Sequence
from typing import Any

from protectorclient.plan.file import model

#: Bytes of a hook's output that are kept.
LARGEST_OUTPUT = 64 * 1024
#: What looks like a secret in the output of a hook.
_SECRET = re.compile(
    r"(?i)((?:pass|secret|token|key|cred)[\w.-]{0,64}[\"']?\s{0,8}[:=]\s{0,8})"
    r"(\"[^\"]*\"|'[^']*'|[^\s,;]+)"
)
#: And what a header of HTTP carries.
_HEADER = re.compile(r"(?i)((?:authorization|x-auth-token)\s*:\s*)[^\r\n]+")


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
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as given:
        given.write(json.dumps(document, default=str).encode())
        given.seek(0)
        try:
            process = subprocess.Popen(
                hook.run,
                stdin=given,
                stdout=out,
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
        status: int | None = None
        error: str | None = None
        try:
            status = process.wait(hook.timeout)
            if status:
                error = f"{hook.run[0]} ended with exit status {status}"
        except subprocess.TimeoutExpired:
            error = f"{hook.run[0]} took longer than {hook.timeout:g} s"
        finally:
            _end(process)
        return Result(
            status, _tail(out), round(time.monotonic() - began, 3), error
        )


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a hook, with all that it has started in its session."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _tail(out: Any) -> str:
    size = out.seek(0, os.SEEK_END)
    out.seek(max(0, size - LARGEST_OUTPUT))
    return mask(out.read().decode("utf-8", "replace"))


def mask(text: str) -> str:
    """Mask what looks like a secret in the output of a hook."""
    return _HEADER.sub(r"\1***", _SECRET.sub(r"\1***", text))
