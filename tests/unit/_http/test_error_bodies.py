"""Any error body becomes one exception with one sentence."""

import itertools
from typing import Any

import pytest
import requests
import requests_mock

from protectorclient import exceptions
from protectorclient._http import error_bodies
from protectorclient.exit_codes import BY_ERROR, ExitCode, code_for

HTML = (
    "<!DOCTYPE html><html><head><title>503 Service Unavailable</title>"
    "<style>h1 {color: red}</style></head><body><h1>Sorry</h1></body></html>"
)


def made(status: int, **kwargs: Any) -> exceptions.HTTPError:
    with requests_mock.Mocker() as mock:
        mock.get("http://site/x", status_code=status, **kwargs)
        response = requests.get("http://site/x", timeout=1)
    return error_bodies.error_from(response, site="site-a")


def test_the_contracts_form() -> None:
    error = made(
        409,
        json={
            "error": {
                "code": 409,
                "title": "Conflict",
                "message": "ask site-b",
                "reason": "protector.wrong-site",
                "request_id": "req-1",
                "details": {"site": "site-b"},
            }
        },
        headers={"Retry-After": "7"},
    )
    assert type(error) is exceptions.WrongSite
    assert error.message == "ask site-b"
    assert error.title == "Conflict"
    assert error.reason == "protector.wrong-site"
    assert error.request_id == "req-1"
    assert error.details == {"site": "site-b"}
    assert error.site == "site-a"
    assert error.code == 409
    assert error.method == "GET"
    assert error.url == "http://site/x"
    assert error.retry_after == 7


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"json": {"error": {"message": "no", "code": 400}}}, "no"),
        ({"json": {"error": "no"}}, "no"),
        ({"json": {"badRequest": {"message": "no", "code": 400}}}, "no"),
        ({"json": {"NeutronError": {"message": "no", "type": "X"}}}, "no"),
        ({"json": {"message": "no", "code": 400}}, "no"),
        ({"json": {"errors": [{"title": "T", "detail": "no"}]}}, "no"),
        ({"json": {"errors": [{"title": "no"}]}}, "no"),
        ({"json": {"errors": []}}, "Bad Request (HTTP 400)"),
        ({"json": {"detail": "no"}}, "no"),
        ({"json": {"faultstring": "no"}}, "no"),
        ({"json": {"error": {}}}, "Bad Request (HTTP 400)"),
        ({"json": {"error": {"message": 5}}}, "Bad Request (HTTP 400)"),
        ({"json": ["no"]}, "Bad Request (HTTP 400)"),
        ({"json": None}, "Bad Request (HTTP 400)"),
        ({"text": "no"}, "no"),
        ({"text": " \n"}, "Bad Request (HTTP 400)"),
        ({"text": ""}, "Bad Request (HTTP 400)"),
        ({"text": HTML}, "503 Service Unavailable"),
        ({"text": "<h1>no &amp; never</h1>"}, "no & never"),
        ({"text": "<p>no\x1b[31m</p>"}, "no [31m"),
        ({"content": b"\xff\xfe\x00no"}, None),
        ({"text": "x" * 5000}, "x" * 499 + "…"),
    ],
)
def test_any_body(body: dict[str, Any], message: str | None) -> None:
    error = made(400, **body)
    assert type(error) is exceptions.BadRequest
    if message is not None:
        assert error.message == message
    assert "\x1b" not in error.message


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, exceptions.Unauthorized),
        (403, exceptions.Forbidden),
        (404, exceptions.NotFound),
        (405, exceptions.HTTPError),
        (406, exceptions.VersionNotSupported),
        (409, exceptions.Conflict),
        (413, exceptions.TooLarge),
        (408, exceptions.ServiceUnavailable),
        (429, exceptions.ServiceUnavailable),
        (500, exceptions.ServerError),
        (502, exceptions.ServiceUnavailable),
        (503, exceptions.ServiceUnavailable),
        (504, exceptions.ServiceUnavailable),
        (599, exceptions.ServerError),
    ],
)
def test_status_without_reason(
    status: int, kind: type[exceptions.ProtectorError]
) -> None:
    assert isinstance(made(status), kind)


def test_messages_of_the_source_tell_the_reason() -> None:
    message = "Cannot modify protection group — remote site unreachable"
    error = made(409, json={"error": {"message": message}})
    assert type(error) is exceptions.PeerUnreachable
    message = "Protection Group is not in failed_over state"
    error = made(409, json={"error": {"message": message}})
    assert type(error) is exceptions.InvalidState


@pytest.mark.parametrize(
    ("header", "seconds"),
    [(None, None), ("", None), ("3", 3.0), ("soon", None), ("-3", None)],
)
def test_retry_after(header: str | None, seconds: float | None) -> None:
    assert error_bodies.retry_after(header) == seconds


def test_retry_after_as_a_date() -> None:
    past = "Wed, 21 Oct 2015 07:28:00 GMT"
    assert error_bodies.retry_after(past) == 0.0


def test_userinfo_is_left_out_of_urls() -> None:
    assert error_bodies.without_userinfo("http://a:b@c/d@e") == "http://c/d@e"


REASONS = {
    6: ["peer-unreachable", "identity-unreachable"],
    5: [
        "invalid-state",
        "operation-in-progress",
        "test-not-cleaned",
        "nothing-to-clean",
        "out-of-sync",
        "wrong-site",
        "metadata-conflict",
        "policy-missing",
    ],
    1: [
        "name-conflict",
        "in-use",
        "bad-request",
        "mapping-incomplete",
        "volume-type-not-replicated",
        "not-found",
        "version-not-supported",
        "too-large",
        "internal",
    ],
    7: ["unauthorized", "forbidden"],
}


@pytest.mark.parametrize(
    ("reason", "code"),
    [(reason, code) for code, all_ in REASONS.items() for reason in all_],
)
def test_the_reason_decides_the_exit_code(reason: str, code: int) -> None:
    status = 500 if reason == "internal" else 409
    error = made(
        status,
        json={"error": {"message": "no", "reason": f"protector.{reason}"}},
    )
    assert code_for(error) == code


def test_a_bare_409_is_refused() -> None:
    assert code_for(made(409)) == ExitCode.REFUSED


def test_every_reason_is_known() -> None:
    every = {reason for all_ in REASONS.values() for reason in all_}
    assert set(error_bodies.BY_REASON) == every


def test_every_error_has_an_exit_code() -> None:
    def below(kind: type[BaseException]) -> list[type[BaseException]]:
        return [kind] + [
            found for sub in kind.__subclasses__() for found in below(sub)
        ]

    for kind in below(exceptions.ProtectorError):
        error = kind.__new__(kind)
        assert code_for(error) != ExitCode.OK
        # the commands have one or two of their own, which are not public
        if kind.__module__ == exceptions.__name__:
            assert kind.__name__ in (exceptions.__doc__ or "")
    assert set(BY_ERROR.values()) | {
        ExitCode.OK,
        ExitCode.PROBLEM,
        ExitCode.WARNING,
        ExitCode.HUNG_UP,
        ExitCode.TERMINATED,
    } == set(ExitCode)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0.0),
        (" 12 ", 12.0),
        ("999999999", 21600.0),
        pytest.param("9" * 5000, None, id="many digits"),
        ("1, 1, 1", None),
        ("-5", None),
        ("1.5", None),
        ("²", None),
        ("inf", None),
        ("Mon, 01 Jan 0001 00:00:00 +2359", 0.0),
        ("Fri, 31 Dec 99999 23:59:59 GMT", None),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("soon", None),
        (",", None),
        ("", None),
    ],
)
def test_retry_after_in_any_form(header: str, seconds: float | None) -> None:
    assert error_bodies.retry_after(header) == seconds


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 200_000,
        b'{"error": ' * 100_000,
        b"9" * 10_000,
        b"\xff\xfe\xfd",
        b"<script" * 100_000,
        b"<" * 1_000_000,
    ],
    ids=itertools.count(),
)
def test_a_body_that_is_a_trap(body: bytes) -> None:
    error = made(400, content=body)
    assert len(error.message) <= 500


def test_a_text_in_letters_that_nobody_knows() -> None:
    headers = {"Content-Type": "text/plain; charset=klingon"}
    assert made(400, text="no", headers=headers).message == "no"
