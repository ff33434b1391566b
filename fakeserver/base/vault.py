"""Encryption of secrets, at rest and in transit to the peer."""

import base64
import binascii
import functools
import hashlib
import hmac
import os
import pathlib
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12


class Unreadable(Exception):
    """This key, or this context, does not open the secret."""


class Vault:
    """Encrypts text under one key, bound to what it belongs to."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._sign = hashlib.sha256(b"fingerprint" + key).digest()

    @functools.cached_property
    def _cipher(self) -> "AESGCM":
        # not before the first secret: seven of a site's megabytes
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        return AESGCM(self._key)

    def __repr__(self) -> str:
        return "Vault(...)"

    @classmethod
    def open(cls, path: pathlib.Path) -> "Vault":
        """Open the vault of a key file; create the file, 0600, the first
        time."""
        key = secrets.token_bytes(32)
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            os.write(handle, base64.urlsafe_b64encode(key))
        finally:
            os.close(handle)
        try:
            # a link, not a rename: of two processes one wins, whole
            os.link(temporary, path)
        except FileExistsError:
            pass
        finally:
            os.unlink(temporary)
        return cls(base64.urlsafe_b64decode(path.read_bytes()))

    def encrypt(self, text: str, context: str) -> str:
        nonce = secrets.token_bytes(_NONCE)
        sealed = self._cipher.encrypt(nonce, text.encode(), context.encode())
        return base64.urlsafe_b64encode(nonce + sealed).decode()

    def decrypt(self, sealed: str, context: str) -> str:
        from cryptography.exceptions import InvalidTag

        try:
            # as base64 does, in half the time: a report reads a thousand
            raw = binascii.a2b_base64(
                sealed.replace("-", "+").replace("_", "/")
            )
            clear = self._cipher.decrypt(
                raw[:_NONCE], raw[_NONCE:], context.encode()
            )
        except (InvalidTag, ValueError) as error:
            raise Unreadable("the secret cannot be read") from error
        return clear.decode()

    def fingerprint(self, text: str, context: str) -> str:
        """Return a value that is the same for the same secret and reveals
        nothing of it."""
        body = f"{context}\0{text}".encode()
        return hmac.new(self._sign, body, hashlib.sha256).hexdigest()
