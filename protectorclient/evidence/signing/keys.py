"""Read keys, sign and check.

A private key is PKCS#8 in PEM, as ``openssl genpkey -algorithm ed25519``
writes it. A signature is 64 bytes over the whole file.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import stat
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from protectorclient.evidence.problem import EvidenceProblem, ExtraMissing

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
    )

#: A key file is a few hundred bytes.
_LONGEST = 64 * 1024
#: Bytes of an ed25519 signature.
LENGTH = 64
#: Makes a key of the kind that is needed; for messages and the docs.
MAKE_KEY = "openssl genpkey -algorithm ed25519 -aes256 -out {file}"

Passphrase = Callable[[], str]


@dataclasses.dataclass(frozen=True)
class PublicKey:
    """A key with which signatures are checked."""

    #: PEM.
    pem: str

    @property
    def sha256(self) -> str:
        """Return its fingerprint: the SHA-256 of its DER form."""
        return hashlib.sha256(_der(self.pem)).hexdigest()

    def fits(self, signature: bytes, data: bytes) -> bool:
        """Return whether a signature of some data is by this key."""
        from cryptography.exceptions import InvalidSignature

        key: Any = _loaded_public(self.pem.encode(), "the public key")
        try:
            key.verify(signature, data)
        except InvalidSignature:
            return False
        return True


@dataclasses.dataclass(frozen=True)
class Signer:
    """A private key that is ready to sign."""

    _key: Ed25519PrivateKey

    def sign(self, data: bytes) -> bytes:
        """Return the signature of some data."""
        return self._key.sign(data)

    @property
    def public(self) -> PublicKey:
        """Return the key with which its signatures are checked."""
        from cryptography.hazmat.primitives import serialization as form

        pem = self._key.public_key().public_bytes(
            form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo
        )
        return PublicKey(pem.decode("ascii"))


def need_cryptography() -> None:
    """Raise where signatures can neither be made nor checked.

    :raises ExtraMissing: cryptography is not installed.
    """
    try:
        import cryptography  # noqa: F401
    except ImportError as error:
        raise ExtraMissing("a signature", "cryptography") from error


def load_signer(path: str, passphrase: Passphrase | None = None) -> Signer:
    """Read a private key.

    :param path: for the user alone: mode 0600 or less.
    :param passphrase: is asked for, where the key has one.
    :raises EvidenceProblem: it cannot be used, and why.
    """
    need_cryptography()
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ed25519

    data = _read_private(path)
    key: Any = None
    secret: bytes | None = None
    for _ in range(2):
        try:
            key = serialization.load_pem_private_key(data, secret)
            break
        except TypeError as error:
            # without a passphrase where there is one; never the other way
            if secret is not None:
                raise EvidenceProblem(
                    f"the key {path} cannot be read"
                ) from error
            if passphrase is None:
                raise EvidenceProblem(
                    f"the key {path} has a passphrase, and none is given"
                ) from error
            secret = passphrase().encode("utf-8", "surrogateescape")
        except Exception as error:
            if secret is not None:
                raise EvidenceProblem(
                    f"the key {path} cannot be opened: the passphrase is"
                    " wrong, or the file is damaged"
                ) from error
            raise EvidenceProblem(_no_key(path)) from error
    if not isinstance(key, ed25519.Ed25519PrivateKey):
        raise EvidenceProblem(_no_key(path))
    return Signer(key)


def _no_key(path: str) -> str:
    return (
        f"{path} is not an ed25519 private key in PEM. Make one with:"
        f" {MAKE_KEY.format(file='FILE')}"
    )


def load_public(path: str) -> PublicKey:
    """Read a public key; its file may be read by everybody.

    :raises EvidenceProblem: it cannot be used, and why.
    """
    need_cryptography()
    try:
        with open(path, "rb") as stream:
            data = stream.read(_LONGEST)
    except (OSError, ValueError) as error:
        raise EvidenceProblem(
            f"the public key {path} cannot be read: {_why(error)}"
        ) from error
    _loaded_public(data, path)
    return PublicKey(data.decode("ascii"))


def _loaded_public(data: bytes, where: str) -> Any:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ed25519

    key: Any = None
    try:
        data.decode("ascii")
        key = serialization.load_pem_public_key(data)
    except Exception as error:
        raise EvidenceProblem(
            f"{where} is not an ed25519 public key in PEM"
        ) from error
    if not isinstance(key, ed25519.Ed25519PublicKey):
        raise EvidenceProblem(f"{where} is not an ed25519 public key in PEM")
    return key


def _der(pem: str) -> bytes:
    from cryptography.hazmat.primitives import serialization as form

    key = _loaded_public(pem.encode(), "the public key")
    found: bytes = key.public_bytes(
        form.Encoding.DER, form.PublicFormat.SubjectPublicKeyInfo
    )
    return found


def _read_private(path: str) -> bytes:
    """Read a file that nobody but its owner may read."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as stream:
            found = os.fstat(stream.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise EvidenceProblem(f"the key {path} is not a file")
            if found.st_mode & 0o077:
                raise EvidenceProblem(
                    f"the key {path} can be read by others: its mode is"
                    f" {stat.S_IMODE(found.st_mode):04o}, and has to be 0600."
                    f" Type: chmod 600 {path}"
                )
            return stream.read(_LONGEST)
    except (OSError, ValueError) as error:
        raise EvidenceProblem(
            f"the key {path} cannot be read: {_why(error)}"
        ) from error


def _why(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
