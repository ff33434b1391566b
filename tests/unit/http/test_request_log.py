"""The journal: whole, bounded, and without a secret in it."""

import io
import json
import pathlib
import random
from typing import Any
from unittest import mock

import pytest

from fakeserver.base import masking, request_log
from fakeserver.base.clock import ManualClock
from fakeserver.base.masking import HIDDEN, mask, mask_query
from fakeserver.base.request_log import (
    RequestLog,
    RequestLogMiddleware,
    entries,
)
from fakeserver.cli import show
from fakeserver.sandbox.folder import Folder, Settings

TOKEN = "gAAAAABnQ" + "x" * 120
SECRETS = ("sesame", "fa-token-a", "c2VhbGVk", TOKEN)

LOGIN = {
    "auth": {
        "identity": {
            "methods": ["password"],
            "password": {"user": {"name": "demo", "password": "sesame"}},
        },
        "scope": {"project": {"name": "demo"}},
    }
}
BODIES: list[Any] = [
    LOGIN,
    {"auth": {"identity": {"token": {"id": "sesame"}}}},
    {"auth": {"identity": {"application_credential": {"secret": "sesame"}}}},
    {"policy": {"primary_fa_api_token": "fa-token-a", "rpo_minutes": 5}},
    {"policy": {"secondary_fa_api_token": {"sealed": "c2VhbGVk"}}},
    {"site": {"name": "x", "password": ["sesame"]}},
    {"site": {"name": "x", "Password": "sesame"}},
    {"password": {"other": "sesame"}},
    {"note": f"the token is {TOKEN}, they say"},
    [[{"adminPass": "sesame"}]],
    {"site": {"passwrd": "sesame"}, "token": "fa-token-a"},
    {"policy": {"fa_token": ["sesame"], "apiToken": {"value": "c2VhbGVk"}}},
    {"policies": {"api_token": "sesame", "n": [{"pass": "fa-token-a"}]}},
]


def readable(body: bytes, limit: int) -> Any:
    """What a line of the log holds of a body."""
    kept = masking.readable(body, limit)
    assert kept is not None
    assert "\n" not in kept
    return json.loads(kept)


@pytest.mark.parametrize(
    "body",
    [
        b'{"operation": {"id": "op-1", "metadata_version": 3}}',
        '{"name": "b\u00fccher", "n": [1.5, null, true]}'.encode(),
    ],
)
def test_a_body_without_a_secret_is_kept_as_it_came(body: bytes) -> None:
    assert masking.readable(body, 1000) == body.decode()


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        (b'{"a":\n 1}', '{"a":1}'),
        (b'{"metadata": {"api_key": "s"}}', '{"metadata":{"api_key":"***"}}'),
        (b'{"X-Token": "s"}', '{"X-Token":"***"}'),
    ],
)
def test_any_other_is_written_anew(body: bytes, kept: str) -> None:
    assert masking.readable(body, 1000) == kept


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        '{"size": "db.big", "protector_key": "1"}',
        '{"a": 1, "b": null, "c": "{"}',
        "null",
    ],
)
def test_open_properties_are_kept_as_they_came(text: str) -> None:
    body = f'{{"server": {{"metadata": {text}, "id": 1}}}}'
    assert masking.readable(body.encode(), 1000) == body


@pytest.mark.parametrize("seed", range(5))
def test_what_is_kept_as_it_came_is_what_the_mask_leaves(seed: int) -> None:
    dice = random.Random(seed)
    keys = ["a", "Key", "X_PASS", "metadata", "properties", "protector_key"]
    values = ["{", "}", '"key": "s', "metadata", 1, None, True, [], {}]

    def made(depth: int) -> Any:
        if not depth or dice.random() < 0.3:
            return dice.choice(values)
        found = {dice.choice(keys): made(depth - 1) for _ in range(3)}
        return found if dice.random() < 0.8 else [found]

    for _ in range(200):
        body = made(4)
        for separators in ((",", ":"), (" , ", " : ")):
            text = json.dumps(body, separators=separators)
            assert readable(text.encode(), 1 << 20) == mask(body)


@pytest.mark.parametrize("body", BODIES)
def test_no_secret_is_kept(body: Any) -> None:
    whole = json.dumps(body, separators=(",", ":")).encode()
    assert readable(whole, 1 << 20) == mask(body)
    shown = json.dumps(mask(body))
    assert not [secret for secret in SECRETS if secret in shown]
    assert HIDDEN in shown


def test_a_query_is_covered_like_a_body() -> None:
    query = f"name=x&password=sesame&apiToken=sesame&note={TOKEN}&limit=1"
    assert mask_query(query) == (
        "name=x&password=***&apiToken=***&note=***&limit=1"
    )


def test_a_query_without_a_secret_is_not_taken_apart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # ... which takes the square of the time of a look, with ids in it
    calls = mock.Mock(wraps=masking._SUSPECT_QUERY)
    monkeypatch.setattr(masking, "_SUSPECT_QUERY", calls)
    query = "&".join(["id=op-00000000-0000-4000-8000-000000000001"] * 9)
    assert mask_query(query) == query
    assert not calls.sub.called
    assert mask_query(f"{query}&PassWord=x") == f"{query}&PassWord=***"
    assert calls.sub.called


def test_the_rest_is_kept() -> None:
    policy = {"policy": {"credentials_set": True, "rpo_minutes": 15}}
    assert mask(policy) == policy
    login = {"token": {"methods": ["password"], "user": {"name": "demo"}}}
    assert mask(login) == login
    shown = mask(LOGIN)["auth"]
    assert shown["identity"]["password"]["user"]["name"] == "demo"
    assert shown["scope"] == {"project": {"name": "demo"}}


@pytest.mark.parametrize(
    "body",
    [b'{"password": "sesame"', b"password=sesame", b"[" * 100_000, b"\xff"],
)
def test_what_is_no_json_is_only_counted(body: bytes) -> None:
    assert readable(body, 1 << 20) == f"({len(body)} bytes)"


@pytest.mark.parametrize("body", [*BODIES, {"name": "x"}])
def test_what_the_site_has_written_is_covered_all_the_same(body: Any) -> None:
    """It is known to be JSON, which is not looked at again."""
    text = json.dumps(body).encode()
    kept = masking.readable(text, len(text), written=True)
    assert kept == masking.readable(text, len(text))


def test_long_bodies_are_only_counted() -> None:
    assert readable(b'"' + b"x" * 98 + b'"', 99) == "(100 bytes)"


def test_an_escaped_key_hides_nothing() -> None:
    body = b'{"p\\u0061ssword": "sesame"}'
    assert readable(body, 100) == {"password": HIDDEN}


def call(
    path: pathlib.Path, body: bytes, answer: bytes, **environ: str
) -> dict[str, Any]:
    seen = []

    def app(environ: Any, start: Any) -> list[bytes]:
        seen.append(environ["wsgi.input"].read())
        start("201 Created", [("X-Subject-Token", TOKEN), ("Vary", "x")])
        return [answer]

    journal = RequestLog(path)
    list(
        RequestLogMiddleware(app, journal, ManualClock(0))(
            {
                "REQUEST_METHOD": "POST",
                "PATH_INFO": "/identity/v3/auth/tokens",
                "QUERY_STRING": "nocatalog",
                "CONTENT_LENGTH": str(len(body)),
                "wsgi.input": io.BytesIO(body),
                **environ,
            },
            lambda *args: None,
        )
    )
    journal.close()
    assert seen == [body]
    return list(entries(path))[-1]


def test_a_request_and_its_answer(tmp_path: pathlib.Path) -> None:
    entry = call(
        tmp_path / "j",
        json.dumps(LOGIN).encode(),
        b'{"token": {"methods": ["password"]}}',
        HTTP_X_AUTH_TOKEN=TOKEN,
        HTTP_OPENSTACK_API_VERSION="protector 1.1",
        HTTP_ACCEPT="*/*",
    )
    assert entry["at"] == "1970-01-01T00:00:00Z"
    assert (entry["method"], entry["status"]) == ("POST", 201)
    assert entry["path"] == "/identity/v3/auth/tokens"
    assert entry["query"] == "nocatalog"
    assert entry["headers"] == {
        "x-auth-token": HIDDEN,
        "openstack-api-version": "protector 1.1",
    }
    assert entry["answer_headers"] == {"x-subject-token": HIDDEN}
    assert entry["answer"] == {"token": {"methods": ["password"]}}
    kept = (tmp_path / "j").read_text()
    assert not [secret for secret in SECRETS if secret in kept]


def test_what_a_fault_has_left_of_an_answer_is_no_json(
    tmp_path: pathlib.Path,
) -> None:
    marks = {request_log.WRITTEN: "", request_log.FAULT: "truncate"}
    entry = call(tmp_path / "j", b"", b'{"operation": {"id', **marks)
    assert entry["answer"] == "(18 bytes)"


def test_it_is_private(tmp_path: pathlib.Path) -> None:
    call(tmp_path / "j", b"", b"")
    assert (tmp_path / "j").stat().st_mode & 0o777 == 0o600


def test_it_does_not_grow_for_ever(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "j"
    journal = RequestLog(path, limit=2000)
    for number in range(500):
        journal.write({"number": number, "filler": "x" * 50}, {})
    journal.close()
    size = sum(part.stat().st_size for part in tmp_path.iterdir())
    assert size < 2 * 2200
    numbers = [entry["number"] for entry in entries(path)]
    assert numbers == list(range(numbers[0], 500))


def test_a_torn_line_is_passed_over(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "j"
    path.write_text('{"number": 1}\n{"numb\n[]\n{"number": 2}\n{"nu')
    assert [entry["number"] for entry in entries(path)] == [1, 2]


@pytest.mark.parametrize("raw", [False, True])
def test_what_is_sent_cannot_forge_a_line(
    raw: bool, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nor speak to the terminal that shows it."""
    folder = Folder(tmp_path / "sandbox")
    folder.prepare()
    folder.write(Settings())
    evil = "/\n2026-01-01T00:00:00Z site-a GET / 200\x1b[2J\x7f\x9b\r"
    call(folder.request_log("site-a"), b"{}", b"", PATH_INFO=evil)
    show.requests(folder, None, None, raw)
    shown = capsys.readouterr().out
    assert len(shown.splitlines()) == (1 if raw else 2)
    assert shown.replace("\n", "").isprintable()
    for escape in (r"\n", r"\u001b", r"\u007f", r"\u009b", r"\r"):
        assert escape in shown
    if raw:
        assert json.loads(shown)["path"] == evil
