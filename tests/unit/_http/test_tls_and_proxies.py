"""Certificates and proxies, each mistake of them in one sentence.

The other side is a real one: OpenSSL's words are not for a mock to invent.
"""

import contextlib
import datetime
import http.server
import pathlib
import ssl
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import trustme
from cryptography.hazmat.primitives import serialization
from keystoneauth1 import adapter, session
from keystoneauth1.identity import v3

from protectorclient import exceptions
from protectorclient._http import failures
from protectorclient._http.obstacles import certificates, proxies
from protectorclient._http.session import with_bounds

SECRET = "s3/cr@t"
PROXIES = (
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
)


class Plain(http.server.BaseHTTPRequestHandler):
    """Answers each GET with the same JSON."""

    def do_GET(self) -> None:
        self.answer(200, b"{}")

    def answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


def refusing(status: int) -> type[Plain]:
    """A proxy that answers everything with one status."""

    class Refusing(Plain):
        def do_GET(self) -> None:
            self.answer(status)

        do_CONNECT = do_POST = do_GET  # noqa: N815 - as http.server has it

    return Refusing


class Garbage(Plain):
    def handle(self) -> None:
        self.request.recv(4096)
        self.request.sendall(b"garbage\r\n\r\n")


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """A client that refuses a certificate is what is wanted here."""


@contextlib.contextmanager
def serving(
    handler: type[Plain] = Plain, context: ssl.SSLContext | None = None
) -> Iterator[int]:
    server = Server(("127.0.0.1", 0), handler)
    if context is not None:
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.01}
    )
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Files:
    """An authority, its certificates, and what is wrong with others."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.authority = trustme.CA()
        self.ca = self.write("ca.pem", self.authority.cert_pem.bytes())
        self.other_ca = self.write(
            "other-ca.pem", trustme.CA().cert_pem.bytes()
        )
        self.junk = self.write("junk.pem", b"junk\n")
        self.missing = str(folder / "missing.pem")
        client = self.authority.issue_cert("client@example.org")
        self.cert = self.write("cert.pem", client.cert_chain_pems[0].bytes())
        self.key = self.write("cert.key", client.private_key_pem.bytes())
        stranger = self.authority.issue_cert("other@example.org")
        self.other_key = self.write(
            "other.key", stranger.private_key_pem.bytes()
        )
        loaded = serialization.load_pem_private_key(
            client.private_key_pem.bytes(), None
        )
        self.locked = self.write(
            "locked.key",
            loaded.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.BestAvailableEncryption(SECRET.encode()),
            ),
        )

    def write(self, name: str, content: bytes) -> str:
        path = self.folder / name
        path.write_bytes(content)
        return str(path)

    def context(
        self, *names: str, days: int = 9, client: bool = False
    ) -> ssl.SSLContext:
        """A server's side, whose certificate ends in so many days."""
        now = datetime.datetime.now(datetime.UTC)
        issued = self.authority.issue_cert(
            *(names or ("127.0.0.1",)),
            not_before=now - datetime.timedelta(days=30),
            not_after=now + datetime.timedelta(days=days),
        )
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        issued.configure_cert(made)
        if client:
            made.verify_mode = ssl.CERT_REQUIRED
            self.authority.configure_trust(made)
            # of TLS 1.3 the refusal comes after the handshake, and races
            # with what the client sends
            made.maximum_version = ssl.TLSVersion.TLSv1_2
        return made


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return Files(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*PROXIES, "requests_ca_bundle", "curl_ca_bundle"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def asked(
    url: str, method: str = "GET", **options: Any
) -> exceptions.ProtectorError:
    """The error of a request to the protector at a URL."""
    below = with_bounds(session.Session(**options))
    with (
        pytest.raises(exceptions.ProtectorError) as caught,
        failures.sending("site-a", url, safe=method == "GET", headers={}),
    ):
        adapter.Adapter(below, endpoint_override=url, raise_exc=False).request(
            "/", method, authenticated=False, connect_retries=0
        )
    return caught.value


def signed_in(url: str, **options: Any) -> exceptions.ProtectorError:
    """The error of a login at a Keystone at a URL."""
    auth = v3.Password(f"{url}/v3", username="demo", password=SECRET)
    made = with_bounds(session.Session(auth=auth, **options))
    with (
        pytest.raises(exceptions.ProtectorError) as caught,
        failures.authenticating("site-a", made),
    ):
        made.get_token()
    return caught.value


#: who is asked: the protector by a read or a change, or its Keystone
WAYS: dict[str, Callable[..., exceptions.ProtectorError]] = {
    "read": asked,
    "change": lambda url, **options: asked(url, "POST", **options),
    "login": signed_in,
}
each_way = pytest.mark.parametrize("ask", WAYS.values(), ids=WAYS)


@each_way
@pytest.mark.parametrize(
    ("server", "said"),
    [
        (
            {"days": -2},
            "the certificate of {url} has expired; the operator of the site"
            " must renew it",
        ),
        (
            {"names": ("other.example.org",)},
            "the certificate of {url} is for another host; use the name that"
            " the certificate has",
        ),
    ],
    ids=["expired", "wrong-host"],
)
def test_the_certificate_of_the_site(
    ask: Callable[..., exceptions.ProtectorError],
    server: dict[str, Any],
    said: str,
    files: Files,
) -> None:
    context = files.context(
        *server.get("names", ()), days=server.get("days", 9)
    )
    with serving(context=context) as port:
        url = f"https://127.0.0.1:{port}"
        error = ask(url, verify=files.ca)
    assert type(error) is exceptions.SiteNotReached
    assert error.message == said.format(url=url)
    assert error.sent is False


@each_way
def test_an_authority_that_is_not_known(
    ask: Callable[..., exceptions.ProtectorError],
    files: Files,
) -> None:
    with serving(context=files.context()) as port:
        url = f"https://127.0.0.1:{port}"
        other = ask(url, verify=files.other_ca)
        nobodys = ask(url)
    who = f"the certificate of {url} is not trusted: no authority"
    assert other.message == (
        f"{who} in {files.other_ca} (cacert) has signed it"
    )
    assert nobodys.message == (
        f"{who} that this machine knows has signed it; name its authority's"
        " file by cacert in clouds.yaml, OS_CACERT or --os-cacert"
    )


@each_way
def test_a_client_certificate_that_is_missing(
    ask: Callable[..., exceptions.ProtectorError],
    files: Files,
) -> None:
    with serving(context=files.context(client=True)) as port:
        url = f"https://127.0.0.1:{port}"
        error = ask(url, verify=files.ca)
    assert type(error) is exceptions.SiteNotReached
    assert error.message == (
        f"{url} asks for a client certificate; name one by cert and key in"
        " clouds.yaml, or OS_CERT and OS_KEY"
    )
    assert error.sent is False


@each_way
def test_a_site_without_tls(
    ask: Callable[..., exceptions.ProtectorError], files: Files
) -> None:
    with serving() as port:
        url = f"https://127.0.0.1:{port}"
        error = ask(url, verify=files.ca)
    assert error.message == (
        f"{url} does not speak TLS; its URL may have to begin http://"
    )


def saying(sentence: bytes) -> type[Plain]:
    """A web server that refuses a plain request at its TLS port."""

    class Saying(Plain):
        def do_GET(self) -> None:
            self.answer(400, b"<html>" + sentence + b"</html>")

        do_POST = do_GET  # noqa: N815 - as http.server has it

    return Saying


class Alert(Plain):
    def handle(self) -> None:
        self.request.recv(4096)
        self.request.sendall(b"\x15\x03\x01\x00\x02\x02\x46")


@each_way
@pytest.mark.parametrize(
    "handler",
    [
        None,
        Alert,
        saying(b"The plain HTTP request was sent to HTTPS port"),
        saying(b"You're speaking plain HTTP to an SSL-enabled server port."),
        saying(b"Client sent an HTTP request to an HTTPS server."),
    ],
    ids=["cut", "alert", "nginx", "apache", "go"],
)
def test_a_plain_url_of_a_tls_port(
    ask: Callable[..., exceptions.ProtectorError],
    handler: type[Plain] | None,
    files: Files,
) -> None:
    """A change that was cut off may have arrived: a port may speak both."""
    context = None if handler else files.context()
    with serving(handler or Plain, context) as port:
        error = ask(f"http://127.0.0.1:{port}")
    said = (
        f"http://127.0.0.1:{port} speaks TLS; change its URL to"
        f" https://127.0.0.1:{port}"
    )
    if handler is None and ask is WAYS["change"]:
        assert type(error) is exceptions.OutcomeUnknown
        assert error.message.endswith(f"was lost: {said}")
    else:
        assert type(error) is exceptions.SiteNotReached
        assert error.message == said


class Cut(Plain):
    def handle(self) -> None:
        self.request.recv(4096)


@each_way
def test_a_plain_port_that_cuts_a_request(
    ask: Callable[..., exceptions.ProtectorError],
) -> None:
    """So does a service that dies: no setting is to blame."""
    with serving(Cut) as port:
        error = ask(f"http://127.0.0.1:{port}")
    assert type(error) is not exceptions.SiteNotReached
    assert "connection reset" in error.message
    assert "TLS" not in error.message


@each_way
def test_files_of_the_callers_own_session(
    ask: Callable[..., exceptions.ProtectorError], files: Files
) -> None:
    """clouds.yaml is checked before; a session of the library's user is
    not."""
    with serving(context=files.context(client=True)) as port:
        url = f"https://127.0.0.1:{port}"
        missing = ask(url, verify=files.missing)
        junk = ask(url, verify=files.junk)
        other = ask(url, verify=files.ca, cert=(files.cert, files.other_key))
    assert type(missing) is exceptions.ConfigProblem
    assert missing.message == (
        f"cacert is '{files.missing}': no such file can be read"
    )
    assert junk.message == (
        f"cacert is '{files.junk}': it has no certificate in PEM form"
    )
    assert other.message == (
        "the client certificate cannot be used: the key in"
        f" {files.other_key} does not belong to {files.cert}"
    )


def test_a_bundle_of_the_environment(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", files.missing)
    error = asked("https://127.0.0.1:1")
    assert type(error) is exceptions.ConfigProblem
    assert error.message == (
        f"REQUESTS_CA_BUNDLE is '{files.missing}': no such file can be read"
    )


def test_nobody_is_asked_for_a_passphrase(files: Files) -> None:
    """OpenSSL would ask at the terminal, and wait."""
    assert certificates.client_problem(files.cert, files.locked) == (
        f"{files.locked} is protected by a passphrase, which nobody can type"
        f" here; write the key without it: openssl pkey -in {files.locked}"
        " -out FILE"
    )


@pytest.mark.parametrize(
    ("cert", "key", "problem"),
    [
        ("missing", "key", "{cert} is no file that can be read"),
        ("cert", "missing", "{key} is no file that can be read"),
        ("junk", "key", "{cert} has no certificate in PEM form"),
        ("cert", "junk", "{key} has no private key in PEM form"),
        ("cert", None, "{cert} has no private key in PEM form"),
        ("cert", "key", None),
    ],
)
def test_a_pair(
    cert: str, key: str | None, problem: str | None, files: Files
) -> None:
    given = (getattr(files, cert), getattr(files, key) if key else None)
    found = certificates.client_problem(*given)
    assert found == (problem and problem.format(cert=given[0], key=given[1]))


def test_a_folder_of_authorities(files: Files, tmp_path: pathlib.Path) -> None:
    assert certificates.authority_problem(str(tmp_path)) == (
        "it is a folder without hashed certificates; give a file, or run:"
        " openssl rehash FOLDER"
    )
    (tmp_path / "0a1b2c3d.0").write_bytes(pathlib.Path(files.ca).read_bytes())
    assert certificates.authority_problem(str(tmp_path)) is None


# Proxies

#: one that is written as a URL wants it
WRITTEN = "s3cr3t"
NAMED = f"http://demo:{WRITTEN}@"


@each_way
@pytest.mark.parametrize("variable", ["https_proxy", "HTTPS_PROXY"])
@pytest.mark.parametrize(
    ("handler", "said"),
    [
        (
            refusing(407),
            "{proxy} asks for a user and a password (HTTP 407); put them in"
            " the variable as http://USER:PASSWORD@HOST:PORT",
        ),
        (
            refusing(502),
            "{proxy} does not reach {url}: it answers HTTP 502; to go around"
            " it, add 192.0.2.1 to NO_PROXY",
        ),
        (
            Garbage,
            "{proxy}, or what is behind it, answers what is not HTTP; to go"
            " around it, add 192.0.2.1 to NO_PROXY",
        ),
    ],
    ids=["407", "502", "garbage"],
)
def test_a_proxy_of_https(
    ask: Callable[..., exceptions.ProtectorError],
    variable: str,
    handler: type[Plain],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = "https://192.0.2.1:8788"
    with serving(handler) as port:
        monkeypatch.setenv(variable, f"{NAMED}127.0.0.1:{port}")
        error = ask(url)
    proxy = f"the proxy http://127.0.0.1:{port} ({variable})"
    assert said.format(proxy=proxy, url=url) in error.message
    assert WRITTEN not in str(error)
    if ask is not WAYS["change"] or handler is not Garbage:
        assert type(error) is exceptions.SiteNotReached


@each_way
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_is_dead(
    ask: Callable[..., exceptions.ProtectorError],
    scheme: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(f"{scheme}_proxy", f"{NAMED}127.0.0.1:1/")
    error = ask(f"{scheme}://192.0.2.1:8788")
    assert type(error) is exceptions.SiteNotReached
    assert error.message == (
        f"the proxy http://127.0.0.1:1 ({scheme}_proxy) cannot be reached:"
        " connection refused; to go around it, add 192.0.2.1 to NO_PROXY"
    )
    assert error.sent is False


@pytest.mark.parametrize("status", [407, 502, 504])
@pytest.mark.parametrize("ask", [asked, signed_in])
def test_a_proxy_of_http_that_answers_by_itself(
    ask: Callable[..., exceptions.ProtectorError],
    status: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with serving(refusing(status)) as port:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{port}")
        error = ask("http://192.0.2.1:8788")
    assert type(error) is exceptions.SiteNotReached
    assert f"HTTP {status}" in error.message
    assert f"the proxy http://127.0.0.1:{port} (HTTP_PROXY)" in error.message


@pytest.mark.parametrize(
    "proxy",
    [
        f"ftp://demo:{SECRET}@127.0.0.1:3128",
        f"http://demo:{SECRET}@127.0.0.1:99999",
        f"http://demo:{SECRET}@[bad",
        f"http://demo:{SECRET}@",
        f"demo:{SECRET}",
        f"socks9://demo:{SECRET}@127.0.0.1:3128",
    ],
)
@each_way
def test_a_proxy_that_there_cannot_be(
    ask: Callable[..., exceptions.ProtectorError],
    proxy: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    error = ask("https://192.0.2.1:8788")
    assert type(error) is exceptions.ConfigProblem
    assert "HTTPS_PROXY" in error.message
    assert "cannot be used; a proxy's URL reads like" in error.message
    assert SECRET not in str(error)
    assert SECRET.partition("@")[0] not in str(error)


def test_a_host_that_takes_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving() as port:
        url = f"http://127.0.0.1:{port}"
        below = with_bounds(session.Session())
        assert below.get(url, authenticated=False).status_code == 200


@pytest.mark.parametrize(
    ("proxy", "shown"),
    [
        ("http://u:p@h:1", "http://h:1"),
        ("http://u:p@w/d@h:1/", "http://h:1"),
        ("u:p@h:1", "http://h:1"),
        ("h:1", "http://h:1"),
        ("http://u:secret", None),
        ("http://", None),
        ("http://h/secret", None),
    ],
)
def test_a_proxy_is_shown_without_its_password(
    proxy: str, shown: str | None
) -> None:
    assert proxies.shown_proxy(proxy) == shown
