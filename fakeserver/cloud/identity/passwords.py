"""Passwords and application secrets: kept hashed, checked quickly."""

import base64
import hashlib
import hmac
import secrets

#: cheap for scrypt: what it hides stands in clouds.yaml beside it, and a
#: sandbox is seeded in no time
_COST = 1 << 7
#: how many good answers are remembered
_REMEMBERED = 256


def hash_secret(text: str) -> str:
    """Return the hash that is kept of a secret."""
    salt = secrets.token_bytes(16)
    return "scrypt$" + "$".join(
        base64.urlsafe_b64encode(part).decode()
        for part in (salt, _scrypt(text, salt))
    )


def _scrypt(text: str, salt: bytes) -> bytes:
    return hashlib.scrypt(text.encode(), salt=salt, n=_COST, r=8, p=1)


class Checker:
    """Compares secrets with their hashes, remembering the right ones.

    Only a keyed digest is remembered, under a key that dies with the
    process, and together with the hash: a changed password is a new one.
    """

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._good: dict[bytes, None] = {}

    def fits(self, text: str, kept: str) -> bool:
        body = f"{kept}\0{text}".encode()
        seen = hmac.digest(self._key, body, "sha256")
        if seen in self._good:
            return True
        _, salt, expected = kept.split("$")
        found = _scrypt(text, base64.urlsafe_b64decode(salt))
        if not hmac.compare_digest(found, base64.urlsafe_b64decode(expected)):
            return False
        if len(self._good) >= _REMEMBERED:
            self._good.clear()
        self._good[seen] = None
        return True
