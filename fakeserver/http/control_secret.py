"""The secret that the sandbox's own channel to a site asks for."""

import os
import pathlib
import secrets

HEADER = "X-Sandbox-Secret"


def open_secret(path: pathlib.Path) -> str:
    """Return the secret of a sandbox; create it, 0600, the first time."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(handle, "w") as out:
        made = secrets.token_urlsafe(32)
        out.write(made + "\n")
    return made
