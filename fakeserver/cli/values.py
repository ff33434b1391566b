"""Read the values of options; each error is one sentence."""

import argparse
import pathlib
import urllib.parse

from fakeserver.sandbox import durations


def port(text: str) -> int:
    number = integer(text)
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError(f"{text} is not a port")
    return number


def keystone(text: str) -> str:
    """Return the address of a Keystone, with ``/v3`` at its end."""
    try:
        parts = urllib.parse.urlsplit(text)
        known = parts.scheme in ("http", "https") and parts.hostname
        usable = known and parts.port != 0
    except ValueError:
        usable = False
    if "@" in text:
        # it may hold a password
        raise argparse.ArgumentTypeError("the URL of a Keystone has no user")
    if not usable or parts.query:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not the URL of a Keystone, as in "
            "http://keystone.example.com:5000/v3"
        )
    bare = text.partition("#")[0].rstrip("/")
    return bare if bare.endswith("/v3") else f"{bare}/v3"


def count(text: str) -> int:
    number = integer(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return number


def integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no number") from None


def probability(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number <= 1:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not above 0 and at most 1"
        )
    return number


def seconds(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds")
    return number


def duration(text: str) -> float:
    try:
        return durations.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def authority(text: str) -> str:
    """Return the absolute path of a file of authorities."""
    path = pathlib.Path(text).absolute()
    try:
        found = b"CERTIFICATE-----" in path.read_bytes()
    except OSError as error:
        raise argparse.ArgumentTypeError(
            f"{text} cannot be read: {error.strerror}"
        ) from None
    if not found:
        raise argparse.ArgumentTypeError(
            f"{text} has no certificate in PEM form"
        )
    return str(path)
