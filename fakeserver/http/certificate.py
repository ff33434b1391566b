"""A certificate for loopback, created when the sandbox uses TLS."""

import datetime
import ipaddress
import os
import pathlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CA = "ca.pem"
CERTIFICATE = "server.pem"
KEY = "server.key"
_LIFE = datetime.timedelta(days=800)


def make(folder: pathlib.Path) -> None:
    """Create an authority, and under it a certificate for both sites.

    The authority's key is thrown away: it signs this once. Without an
    authority of its own, a certificate is not trusted by every client.
    """
    if all((folder / name).exists() for name in (CA, CERTIFICATE, KEY)):
        return
    root, leaf = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    name = _name("protector-sandbox authority")
    identifier = x509.SubjectKeyIdentifier.from_public_key(root.public_key())
    authority = (
        _builder(name, name, root.public_key())
        .add_extension(x509.BasicConstraints(True, 0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(identifier, critical=False)
        .add_extension(_issued_by(root), critical=False)
        .sign(root, hashes.SHA256())
    )
    names = x509.SubjectAlternativeName(
        [
            x509.DNSName("localhost"),
            x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
            x509.IPAddress(ipaddress.ip_address("::1")),
        ]
    )
    served = (
        _builder(_name("protector-sandbox"), name, leaf.public_key())
        .add_extension(x509.BasicConstraints(False, None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]),
            critical=False,
        )
        .add_extension(
            x509.SubjectKeyIdentifier.from_public_key(leaf.public_key()),
            critical=False,
        )
        .add_extension(_issued_by(root), critical=False)
        .add_extension(names, critical=False)
        .sign(root, hashes.SHA256())
    )
    private = leaf.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    pem = serialization.Encoding.PEM
    _write(folder / KEY, private)
    _write(folder / CERTIFICATE, served.public_bytes(pem))
    _write(folder / CA, authority.public_bytes(pem))


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + _LIFE)
    )


def _issued_by(
    root: ec.EllipticCurvePrivateKey,
) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(
        root.public_key()
    )


def _usage(signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _write(path: pathlib.Path, data: bytes) -> None:
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as out:
        out.write(data)
