"""Explain how a certificate stopped a request: a file of ours, or the site's.

requests reports both in the words of OpenSSL, or as a bare ``OSError``. Here
each becomes one sentence that names the file or the URL.
"""

from __future__ import annotations

import os
import re
import ssl
from typing import Any

from protectorclient._http.obstacles.route import (
    BadSetting,
    Obstacle,
    Route,
)

#: Where the name of a file of authorities may come from.
_CA_VARIABLES = ("OS_CACERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_CA_SETTING = "cacert in clouds.yaml, OS_CACERT or --os-cacert"
_CLIENT_SETTING = "cert and key in clouds.yaml, or OS_CERT and OS_KEY"

#: OpenSSL's X509_V_ERR_*: what is wrong with a certificate.
_BY_CODE = {
    9: "is not valid yet; check the clock of this machine and of the site",
    10: "has expired; the operator of the site must renew it",
    62: "is for another host; use the name that the certificate has",
    64: "is for another host; use the name that the certificate has",
}
#: The same, where no authority is known that has signed it.
_UNTRUSTED = {18, 19, 20, 21, 27}
#: What OpenSSL calls a file of ours that it cannot use.
_FILES = ("KEY_VALUES_MISMATCH", "NO_CERTIFICATE_OR_CRL_FOUND")


def obstacle(links: list[BaseException], route: Route) -> Obstacle | None:
    """Return what a certificate has to do with an error; None for nothing.

    :param links: the error and its causes.
    :param route: what the request was sent with.
    """
    found = _by_file(links, route)
    if found is not None:
        return found
    for link in links:
        if isinstance(link, ssl.SSLCertVerificationError):
            return Obstacle(_not_trusted(link, route))
    for link in links:
        if isinstance(link, ssl.SSLError):
            return _by_handshake(link, route)
    return None


def _by_file(links: list[BaseException], route: Route) -> Obstacle | None:
    if not route.url.lower().startswith("https:"):
        return None
    for link in links:
        reason = getattr(link, "reason", None)
        if isinstance(link, ssl.SSLCertVerificationError):
            return None
        ours = (
            (isinstance(link, ssl.SSLError) and reason in _FILES)
            or (isinstance(link, ssl.SSLError) and "PEM lib" in str(link))
            or (isinstance(link, OSError) and "invalid path" in str(link))
        )
        if ours:
            return BadSetting(_wrong_file(route))
    return None


def _wrong_file(route: Route) -> str:
    cert, key = _pair(route.cert)
    problem = client_problem(cert, key) if cert else None
    if problem:
        return f"the client certificate cannot be used: {problem}"
    if not isinstance(route.verify, str):
        return "a file of certificates cannot be used"
    problem = authority_problem(route.verify)
    problem = problem or "a certificate in it cannot be read"
    return f"{_ca_source(route.verify)} is '{route.verify}': {problem}"


def _pair(cert: Any) -> tuple[str | None, str | None]:
    if isinstance(cert, tuple | list) and len(cert) == 2:
        return cert[0], cert[1]
    return (cert, None) if isinstance(cert, str) else (None, None)


def _ca_source(path: str) -> str:
    for variable in _CA_VARIABLES:
        if os.environ.get(variable) == path:
            return variable
    return "cacert"


def authority_problem(path: str) -> str | None:
    """Return what is wrong with a file or folder of authorities.

    :returns: a clause about it, without its name; None for a good one.
    """
    if os.path.isdir(path):
        if any(re.fullmatch(r"[0-9a-f]{8}\.\d+", n) for n in _names(path)):
            return None
        return (
            "it is a folder without hashed certificates; give a file, or"
            " run: openssl rehash FOLDER"
        )
    if not os.access(path, os.R_OK):
        return "no such file can be read"
    # a whole bundle takes OpenSSL longer than a command has
    if not _holds(path, "CERTIFICATE"):
        return "it has no certificate in PEM form"
    return None


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def client_problem(cert: str, key: str | None) -> str | None:
    """Return what is wrong with a client certificate and its key.

    :param key: None where the certificate's file has the key, too.
    :returns: a sentence that names the file; None for a good pair.
    """
    for path in (cert, key):
        if path is not None and not (
            os.access(path, os.R_OK) and os.path.isfile(path)
        ):
            return f"{path} is no file that can be read"
    asked: list[bool] = []

    def refuse() -> str:
        asked.append(True)
        return ""

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(
            cert, key, password=refuse
        )
    except (ssl.SSLError, OSError) as error:
        held = key or cert
        if asked:
            return (
                f"{held} is protected by a passphrase, which nobody can type"
                f" here; write the key without it: openssl pkey -in {held}"
                " -out FILE"
            )
        if getattr(error, "reason", None) == "KEY_VALUES_MISMATCH":
            return f"the key in {held} does not belong to {cert}"
        if not _holds(cert, "CERTIFICATE"):
            return f"{cert} has no certificate in PEM form"
        if not _holds(held, "PRIVATE KEY"):
            return f"{held} has no private key in PEM form"
        return f"{cert} and {held} cannot be read as certificate and key"
    return None


def _holds(path: str, what: str) -> bool:
    try:
        with open(path, "rb") as text:
            return f"{what}-----".encode() in text.read()
    except OSError:
        return False


def _not_trusted(error: ssl.SSLCertVerificationError, route: Route) -> str:
    who = f"the certificate of {route.host}"
    code = getattr(error, "verify_code", None)
    if code in _BY_CODE:
        return f"{who} {_BY_CODE[code]}"
    said = getattr(error, "verify_message", None) or str(error)
    if code is not None and code not in _UNTRUSTED:
        return f"{who} is refused: {said}"
    if isinstance(route.verify, str):
        return (
            f"{who} is not trusted: no authority in {route.verify}"
            f" ({_ca_source(route.verify)}) has signed it"
        )
    return (
        f"{who} is not trusted: no authority that this machine knows has"
        f" signed it; name its authority's file by {_CA_SETTING}"
    )


def _by_handshake(error: ssl.SSLError, route: Route) -> Obstacle:
    reason = (error.reason or "").upper()
    cert, _ = _pair(route.cert)
    if "ALERT" in reason and cert:
        return Obstacle(
            f"{route.host} refuses the client certificate {cert}"
            f" ({_words(reason)})"
        )
    if "CERTIFICATE" in reason or (
        "ALERT" in reason and "HANDSHAKE" in reason
    ):
        return Obstacle(
            f"{route.host} asks for a client certificate; name one by"
            f" {_CLIENT_SETTING}"
        )
    if reason in ("WRONG_VERSION_NUMBER", "UNKNOWN_PROTOCOL", "HTTP_REQUEST"):
        return Obstacle(
            f"{route.host} does not speak TLS; its URL may have to begin"
            " http://"
        )
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        # of TLS 1.3 the refusal may come after the handshake, or get lost
        hint = "it refuses the client certificate, or it is going down"
        if not cert:
            hint = f"it may ask for a client certificate: {_CLIENT_SETTING}"
        made = Obstacle(f"{route.host} cut the TLS connection; {hint}")
    else:
        made = Obstacle(
            f"the TLS connection to {route.host} failed: {_words(reason)}"
        )
    made.sent = True
    return made


def _words(reason: str) -> str:
    """Write OpenSSL's reason as words."""
    text = re.sub(r"^(TLSV\d+|SSLV\d+)_", "", reason)
    return text.replace("_", " ").lower() or "no reason is given"
