"""A certificate for loopback, created when the sandbox uses TLS."""

import datetime
import fcntl
import os
import pathlib

CA = "ca.pem"
#: the authority, and those of real Keystones
TRUSTED = "trusted.pem"
CERTIFICATE = "server.pem"
KEY = "server.key"
_LOCK = "server.lock"
#: some clients refuse a certificate that is valid for longer
_LIFE = datetime.timedelta(days=800)
_NAMES = ("localhost", "127.0.0.1", "::1")


def make(folder: pathlib.Path) -> None:
    """Create an authority, and under it a certificate for both sites.

    The authority's key is thrown away: it signs this once. Without an
    authority of its own, a certificate is not trusted by every client.
    """
    if _is_complete(folder):
        return
    handle = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(handle, "w") as lock:
        # both sites, and the threads of each, may need it at the same time
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _is_complete(folder):
            _make(folder)


def _is_complete(folder: pathlib.Path) -> bool:
    return all((folder / name).exists() for name in (KEY, CERTIFICATE, CA))


def _make(folder: pathlib.Path) -> None:
    # its import takes a tenth of a second, and most sandboxes use no TLS
    import trustme

    now = datetime.datetime.now(datetime.UTC)
    authority = trustme.CA(organization_name="protector-sandbox authority")
    served = authority.issue_cert(
        *_NAMES,
        organization_name="protector-sandbox",
        not_before=now - datetime.timedelta(days=1),
        not_after=now + _LIFE,
    )
    chain = b"".join(one.bytes() for one in served.cert_chain_pems)
    _write(folder / KEY, served.private_key_pem.bytes())
    _write(folder / CERTIFICATE, chain)
    _write(folder / CA, authority.cert_pem.bytes())


def _write(path: pathlib.Path, data: bytes) -> None:
    """Write a file that nobody sees half written."""
    beside = path.with_name(f".{path.name}")
    beside.unlink(missing_ok=True)
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as out:
        out.write(data)
    beside.replace(path)
