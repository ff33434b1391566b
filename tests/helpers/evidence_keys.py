"""Keys of ed25519, for the tests of signatures."""

from __future__ import annotations

import pathlib

from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric import ed25519


def make(path: pathlib.Path, passphrase: str | None = None) -> pathlib.Path:
    """Write a private key, 0600, and its public one behind ``.pub``."""
    key = ed25519.Ed25519PrivateKey.generate()
    how: form.KeySerializationEncryption = form.NoEncryption()
    if passphrase is not None:
        how = form.BestAvailableEncryption(passphrase.encode())
    path.touch(0o600)
    path.write_bytes(
        key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, how)
    )
    public = key.public_key().public_bytes(
        form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo
    )
    path.with_name(f"{path.name}.pub").write_bytes(public)
    return path
