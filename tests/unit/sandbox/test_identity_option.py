"""``up --identity URL``: what is taken, and what is refused in a sentence."""

import pathlib
from collections.abc import Callable

import pytest
import requests
import requests_mock

from fakeserver.cli import lifecycle, main
from fakeserver.sandbox.folder import Folder, Settings

URL = "http://keystone.example.com:5000/v3"
Said = Callable[..., tuple[int, str]]


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Said:
    def run(*argv: str) -> tuple[int, str]:
        try:
            code = main.main(argv)
        except SystemExit as end:
            code = int(end.code or 0)
        return code, capsys.readouterr().err

    return run


@pytest.mark.parametrize(
    "given", [URL, f"{URL}/", "http://keystone.example.com:5000"]
)
@pytest.mark.parametrize("option", ["identity", "peer-identity"])
def test_the_address_ends_in_v3(option: str, given: str) -> None:
    args = main.parser().parse_args(["up", f"--{option}", given])
    assert getattr(args, option.replace("-", "_")) == URL


@pytest.mark.parametrize(
    "given",
    [
        "",
        "keystone",
        "keystone.example.com:5000",
        "ftp://keystone.example.com",
        "http://",
        "http://[",
        "http://keystone.example.com:x",
        "http://keystone.example.com:0",
        "http://keystone.example.com/?a=b",
    ],
)
def test_what_is_no_address(said: Said, given: str) -> None:
    code, err = said("up", "--identity", given)
    assert code == 2
    assert "is not the URL of a Keystone, as in http" in err


def test_a_password_in_the_address_is_not_repeated(said: Said) -> None:
    code, err = said("up", "--identity", "http://admin:secret@k.example.com")
    assert code == 2
    assert "has no user" in err and "secret" not in err


@pytest.mark.parametrize(
    "before, how",
    [
        ("", "without --identity"),
        ("http://other.example.com/v3", "with --identity http://other"),
    ],
)
def test_a_folder_keeps_its_keystone(
    said: Said, tmp_path: pathlib.Path, before: str, how: str
) -> None:
    folder = Folder(tmp_path / "box")
    folder.prepare()
    folder.write(Settings(port=1, peer_port=2, identity=before))
    code, err = said("up", "--dir", str(folder.path), "--identity", URL)
    assert code == 1
    assert f"was made {how}" in err
    assert "remove the folder" in err


def test_a_history_needs_emulated_keystones(
    said: Said, tmp_path: pathlib.Path
) -> None:
    where = tmp_path / "box"
    code, err = said(
        *("up", "--dir", str(where), "--scenario", "orphans"),
        *("--peer-identity", URL),
    )
    assert code == 2
    assert "--scenario orphans does not go with --identity" in err
    assert not where.exists()


@pytest.mark.parametrize("answers", [True, False])
def test_a_silent_keystone_is_warned_of(
    capsys: pytest.CaptureFixture[str],
    answers: bool,
    tmp_path: pathlib.Path,
) -> None:
    folder, settings = Folder(tmp_path), Settings(identity=URL)
    with requests_mock.Mocker() as mocked:
        if answers:
            mocked.get(URL, json={"version": {"id": "v3.14"}})
        else:
            mocked.get(URL, status_code=502, text="<html>")
        lifecycle._look_for_keystone(folder, settings, "site-a")
        lifecycle._look_for_keystone(folder, settings, "site-b")
    err = capsys.readouterr().err
    if answers:
        assert err == ""
    else:
        assert err == (
            f"No Keystone answers at {URL}. site-a answers 503 until one "
            "does.\n"
        )


def test_a_keystone_of_an_unknown_authority_is_named(
    capsys: pytest.CaptureFixture[str], tmp_path: pathlib.Path
) -> None:
    url = URL.replace("http:", "https:")
    with requests_mock.Mocker() as mocked:
        mocked.get(url, exc=requests.exceptions.SSLError)
        lifecycle._look_for_keystone(
            Folder(tmp_path), Settings(identity=url), "site-a"
        )
    assert capsys.readouterr().err == (
        f"The certificate of {url} is not trusted. site-a answers 503 until"
        " it is; --identity-cacert FILE names its authority.\n"
    )


@pytest.mark.parametrize(
    ("options", "said_of"),
    [
        (("--identity-cacert", "/nowhere/ca.pem"), "cannot be read"),
        (("--identity-cacert", __file__), "has no certificate in PEM form"),
    ],
)
def test_an_authority_that_is_none(
    said: Said,
    tmp_path: pathlib.Path,
    options: tuple[str, ...],
    said_of: str,
) -> None:
    where = tmp_path / "box"
    code, err = said("up", "--dir", str(where), "--identity", URL, *options)
    assert code == 2
    assert said_of in err
    assert not where.exists()
