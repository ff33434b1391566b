"""What ``--probe`` and its file take."""

import json
import pathlib

import pytest

from protectorclient import exceptions
from protectorclient.probes import spec
from protectorclient.probes.spec import Probe

GOOD = {
    "tcp:443": Probe("tcp:443", "tcp", port=443),
    "web-*=tcp:443": Probe("tcp:443", "tcp", "web-*", port=443),
    "http:80": Probe("http:80", "http", port=80),
    "http:80/a?b=OK": Probe(
        "http:80/a?b=OK", "http", port=80, path="/a?b", wanted="OK"
    ),
    "http:80/=a=b": Probe("http:80/=a=b", "http", port=80, wanted="a=b"),
    "https:www.example.com:443/x": Probe(
        "https:www.example.com:443/x",
        "https",
        port=443,
        path="/x",
        host="www.example.com",
    ),
    "db-?=https+insecure:8443/": Probe(
        "https+insecure:8443/", "https", "db-?", port=8443, insecure=True
    ),
    "console=login:": Probe("console=login:", "console", wanted="login:"),
    "web-1=console=a=b": Probe(
        "console=a=b", "console", "web-1", wanted="a=b"
    ),
}


@pytest.mark.parametrize("text", GOOD)
def test_what_is_taken(text: str) -> None:
    assert spec.parse(text) == GOOD[text]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tcp",
        "tcp:",
        "tcp:0",
        "tcp:65536",
        "tcp:99999999999",
        "tcp:٣",
        "http:",
        "http:/path",
        "http:80path",
        "http:80/a b",
        "http:80/\r\nX: y",
        "https:a b:443/",
        "console=",
        "=tcp:80",
        "udp:53",
        "ftp:21/x",
        f"console={'x' * 2000}",
    ],
)
def test_what_is_refused(text: str) -> None:
    with pytest.raises(exceptions.UsageProblem, match="probe '"):
        spec.parse(text)


def test_members_are_a_shell_pattern() -> None:
    probe = spec.parse("web-[12]=tcp:1")
    assert [probe.fits(f"web-{n}") for n in (1, 2, 3)] == [True, True, False]
    assert spec.parse("tcp:1").fits("anything")
    assert spec.parse_all(["tcp:1", "tcp:1"]) == (spec.parse("tcp:1"),)


def test_a_file(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "probes.yaml"
    path.write_text("web-*: [tcp:80, 'http:80/=OK']\n'*': console=up\n")
    texts = ["web-*=tcp:80", "web-*=http:80/=OK", "console=up"]
    assert spec.load(str(path)) == spec.parse_all(texts)
    path.write_text(json.dumps({"*": "tcp:1"}))
    assert spec.load(str(path)) == spec.parse_all(["tcp:1"])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "tcp:80",
        "web-*: 80",
        "web-*: [1]",
        "web-*: {a: b}",
        "web-*: web-1=tcp:80",
        "1: tcp:80",
        "{",
        "a: !!python/object:x y",
        "a: !!int {}",
    ],
)
def test_a_file_that_is_wrong(text: str, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "probes.yaml"
    path.write_text(text)
    with pytest.raises(exceptions.UsageProblem, match=r"probes\.yaml: "):
        spec.load(str(path))


def test_a_file_that_cannot_be_read(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "probes.yaml"
    path.write_bytes(b"\xff\xfe\x00x")
    for one in (path, tmp_path, tmp_path / "none", "a\0b"):
        with pytest.raises(exceptions.UsageProblem):
            spec.load(str(one))
