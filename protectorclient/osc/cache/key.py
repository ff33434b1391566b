"""Name the file of a session by everything that could change the answer.

The name is an HMAC under a key that never leaves the folder: passwords in
configuration files and variables go into it, and must not be found out by
trying.
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import os
from collections.abc import Iterator

from protectorclient import user_paths
from protectorclient._version import __version__

#: Global options that change how a command writes, not whom it asks.
_ABOUT_OUTPUT = frozenset(
    {"verbose_level", "log_file", "debug", "deferred_help", "timing"}
)
_FILES = tuple(
    f"{name}.{ending}"
    for name in ("clouds", "secure", "clouds-public")
    for ending in ("yaml", "yml", "json")
)
_FILE_VARIABLES = (
    "OS_CLIENT_CONFIG_FILE",
    "OS_CLIENT_SECURE_FILE",
    "OS_CLIENT_VENDOR_FILE",
)
#: Beside those that begin with OS_ or end in _PROXY.
_VARIABLES = frozenset(
    {
        "CURL_CA_BUNDLE",
        "HOME",
        "NETRC",
        "REQUESTS_CA_BUNDLE",
        "SSL_CERT_DIR",
        "SSL_CERT_FILE",
        "XDG_CONFIG_DIRS",
        "XDG_CONFIG_HOME",
    }
)
#: Options that name files, whose contents count.
_NAMED_FILES = ("cacert", "cert", "key")


def name(secret: bytes, options: argparse.Namespace) -> str:
    """Return the name of the file for one command line's clouds.

    :param secret: the key of the folder.
    :param options: the global options, as parsed.
    """
    digest = hmac.new(secret, digestmod=hashlib.sha256)
    for part in _parts(options):
        # lengths first: no two lists of parts may read the same
        digest.update(f"{len(part)}:".encode())
        digest.update(part)
    return digest.hexdigest()


def _parts(options: argparse.Namespace) -> Iterator[bytes]:
    yield __version__.encode()
    yield str(os.geteuid()).encode()
    yield os.fsencode(os.getcwd())
    given = vars(options)
    for option in sorted(given):
        value = given[option]
        if option not in _ABOUT_OUTPUT and value not in (None, False):
            yield f"{option}={value!r}".encode("utf-8", "surrogateescape")
    for variable in sorted(os.environ):
        if (
            variable.startswith("OS_")
            or variable.upper().endswith("_PROXY")
            or variable in _VARIABLES
        ):
            yield os.fsencode(f"{variable}={os.environ[variable]}")
    for path in paths():
        yield from _contents(path)
    for option in _NAMED_FILES:
        if given.get(option):
            yield from _contents(str(given[option]))


def paths() -> Iterator[str]:
    """Yield each file that openstack.config may read, there or not."""
    for variable in _FILE_VARIABLES:
        if os.environ.get(variable):
            yield os.environ[variable]
    for folder in user_paths.config_folders():
        for file in _FILES:
            yield os.path.join(folder, file)


def _contents(path: str) -> Iterator[bytes]:
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError:
        return
    yield os.fsencode(path)
    yield hashlib.sha256(content).digest()
