"""A report is written whole, once, and signed as openssl checks it."""

import errno
import json
import os
import pathlib
import shutil
import subprocess
import sys
import threading
from typing import Any

import pytest

from protectorclient import evidence
from protectorclient.evidence import folder
from protectorclient.evidence.problem import EvidenceProblem
from tests.helpers import evidence_keys
from tests.helpers import evidence_samples as samples

FILES = {"drill.json", "drill.html", "drill.junit.xml", "manifest.json"}


def files(report: Any) -> set[str]:
    return {one.name for one in report.path.iterdir()}


def test_a_report_has_its_files_and_names_the_one_before(
    tmp_path: pathlib.Path,
) -> None:
    first = evidence.write(samples.drill(), tmp_path / "a" / "b")
    second = evidence.write(samples.drill(), tmp_path / "a" / "b")
    assert files(first) == FILES
    assert first.path.name == "20260304T023000Z-prod-web-app-drill-0001"
    assert second.path.name == f"{first.path.name}-2"
    held = json.loads((second.path / "manifest.json").read_bytes())
    assert held["previous"] == {
        "folder": first.path.name,
        "sha256": first.head,
    }
    assert held["number"] == 2
    assert [one["request_id"] for one in held["operations"]] == [
        "req-test-prod-web-app",
        "req-clean-prod-web-app",
    ]
    assert held["signing_key"] is None
    assert evidence.verify(tmp_path / "a" / "b").head == second.head


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("prod", "prod"),
        ("../../etc/passwd", "etc-passwd"),
        ("a b\n\x1b[31m\u202e", "a-b---31m"),
        ("-rf", "rf"),
        ("...", "x"),
        ("", "x"),
        ("本" * 200, "本" * 26),
        ("x" * 300, "x" * 80),
        ("\ud800", "x"),
    ],
)
def test_a_folder_has_a_name_that_every_shell_takes(
    name: str, expected: str, tmp_path: pathlib.Path
) -> None:
    record = samples.drill(name=name, id="../op")
    assert evidence.write(record, tmp_path).path.name == (
        f"20260304T023000Z-{expected}-op"
    )


def test_many_writers_make_one_chain(tmp_path: pathlib.Path) -> None:
    writers = [
        threading.Thread(
            target=evidence.write, args=(samples.drill(), tmp_path)
        )
        for _ in range(8)
    ]
    for one in writers:
        one.start()
    for one in writers:
        one.join()
    found = evidence.verify(tmp_path)
    assert (found.reports, found.findings) == (8, ())


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
def test_a_full_disk_leaves_nothing(
    number: int, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = evidence.write(samples.drill(), tmp_path)
    left = [2]

    def fsync(handle: int) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(EvidenceProblem, match=os.strerror(number)):
        evidence.write(samples.drill(), tmp_path)
    monkeypatch.undo()
    assert [one for one in tmp_path.iterdir() if one.is_dir()] == [first.path]
    assert evidence.verify(tmp_path).is_whole


def test_an_interrupt_leaves_nothing(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(folder, "write", interrupted)
    with pytest.raises(KeyboardInterrupt):
        evidence.write(samples.drill(), tmp_path)
    assert [one.name for one in tmp_path.iterdir()] == [folder.LOCK]


def test_a_directory_that_cannot_be_one_is_refused(
    tmp_path: pathlib.Path,
) -> None:
    (tmp_path / "file").write_text("x")
    for path in (tmp_path / "file", tmp_path / "file" / "x", "a\0b"):
        with pytest.raises(EvidenceProblem, match="no report can be written"):
            evidence.write(samples.drill(), path)


@pytest.mark.parametrize(
    ("package", "lacking"),
    [("jinja2", {"drill.html"}), ("cryptography", set())],
)
def test_without_the_extra_the_rest_is_written(
    package: str,
    lacking: set[str],
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in list(sys.modules):
        if name.startswith("protectorclient.evidence.html"):
            monkeypatch.delitem(sys.modules, name)
        if name.partition(".")[0] == package:
            monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, package, None)
    found = evidence.write(samples.drill(), tmp_path)
    assert files(found) == FILES - lacking
    said = "drill.html needs Jinja2, which is not installed: pip install"
    assert [one.startswith(said) for one in found.warnings] == [True] * len(
        lacking
    )
    assert evidence.verify(tmp_path).is_whole
    if package == "cryptography":
        key = tmp_path / "key"
        key.touch(0o600)
        with pytest.raises(EvidenceProblem, match="a signature needs crypto"):
            evidence.write(samples.drill(), tmp_path, sign_key=str(key))


def test_what_needs_the_extra_is_not_imported_for_the_rest() -> None:
    code = (
        "import sys; from protectorclient import evidence;"
        "from protectorclient.evidence import writing, judge, junit;"
        "from protectorclient.evidence.checking import verify;"
        "assert not {'jinja2', 'cryptography'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# -- signatures


def test_openssl_checks_a_signature(tmp_path: pathlib.Path) -> None:
    """With a key of openssl's own, as the page shows."""
    openssl = shutil.which("openssl")
    assert openssl is not None, "install openssl"

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [openssl, *words], capture_output=True, text=True, cwd=tmp_path
        )

    run(
        "genpkey", "-algorithm", "ed25519", "-aes256", "-pass", "pass:hush",
        "-out", "drill.pem",
    ).check_returncode()  # fmt: skip
    run(
        "pkey", "-in", "drill.pem", "-passin", "pass:hush", "-pubout",
        "-out", "drill.pub",
    ).check_returncode()  # fmt: skip
    (tmp_path / "drill.pem").chmod(0o600)
    report = evidence.write(
        samples.drill(),
        tmp_path / "reports",
        sign_key=str(tmp_path / "drill.pem"),
        passphrase=lambda: "hush",
    )
    check = (
        "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", "drill.pub",
        "-in", str(report.path / "manifest.json"),
        "-sigfile", str(report.path / "manifest.sig"),
    )  # fmt: skip
    found = run(*check)
    assert (found.returncode, found.stdout.strip()) == (
        0,
        "Signature Verified Successfully",
    )
    with (report.path / "manifest.json").open("ab") as stream:
        stream.write(b" ")
    assert run(*check).returncode != 0


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601])
def test_a_key_that_others_read_is_refused(
    mode: int, tmp_path: pathlib.Path
) -> None:
    key = evidence_keys.make(tmp_path / "key")
    key.chmod(mode)
    with pytest.raises(EvidenceProblem, match=f"its mode is {mode:04o}"):
        evidence.write(samples.drill(), tmp_path / "r", sign_key=str(key))
    assert not (tmp_path / "r").exists()


def test_a_passphrase_is_asked_for_where_there_is_one(
    tmp_path: pathlib.Path,
) -> None:
    plain = evidence_keys.make(tmp_path / "plain")
    locked = evidence_keys.make(tmp_path / "locked", "hush")

    def write(key: pathlib.Path, passphrase: Any) -> Any:
        return evidence.write(
            samples.drill(),
            tmp_path / "r",
            sign_key=str(key),
            passphrase=passphrase,
        )

    def never() -> str:
        raise AssertionError

    assert write(plain, never).is_signed
    assert write(locked, lambda: "hush").is_signed
    with pytest.raises(EvidenceProblem, match="the passphrase is wrong"):
        write(locked, lambda: "loud")
    with pytest.raises(EvidenceProblem, match="and none is given"):
        write(locked, None)


def rsa() -> bytes:
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption()
    )


@pytest.mark.parametrize("what", ["text", "empty", "another", "public"])
def test_a_key_of_another_kind_is_refused(
    what: str, tmp_path: pathlib.Path
) -> None:
    evidence_keys.make(tmp_path / "good")
    data = {
        "text": b"hello",
        "empty": b"",
        "another": rsa(),
        "public": (tmp_path / "good.pub").read_bytes(),
    }[what]
    key = tmp_path / "key"
    key.touch(0o600)
    key.write_bytes(data)
    with pytest.raises(EvidenceProblem, match="not an ed25519 private key"):
        evidence.write(samples.drill(), tmp_path / "r", sign_key=str(key))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "No such file"),
        (lambda path: path.mkdir(0o700), "Is a directory"),
        (lambda path: os.mkfifo(path, 0o600), "is not a file"),
    ],
)
def test_a_key_that_is_no_file_is_refused(
    make: Any, message: str, tmp_path: pathlib.Path
) -> None:
    make(tmp_path / "key")
    with pytest.raises(EvidenceProblem, match=message):
        evidence.write(
            samples.drill(), tmp_path / "r", sign_key=str(tmp_path / "key")
        )


# -- attestations


def test_a_second_person_attests_with_another_key(
    tmp_path: pathlib.Path,
) -> None:
    mine, jane, joe = (
        str(evidence_keys.make(tmp_path / name))
        for name in ("mine", "jane", "joe")
    )
    report = evidence.write(
        samples.drill(), tmp_path / "r", sign_key=mine
    ).path

    def attest(key: str) -> Any:
        return evidence.attest(
            report, result="pass", note="seen\u202e", sign_key=key
        )

    attest(jane)
    assert attest(joe).path.name == "attestation-2.json"
    for key in (mine, jane, joe):
        with pytest.raises(EvidenceProblem, match="has signed this report"):
            attest(key)
    assert evidence.verify(tmp_path / "r").is_whole
    # a report that follows does not mind
    evidence.write(samples.drill(), tmp_path / "r", sign_key=mine)
    assert evidence.verify(tmp_path / "r").is_whole


def test_what_was_altered_is_not_attested(tmp_path: pathlib.Path) -> None:
    key = str(evidence_keys.make(tmp_path / "jane"))
    report = evidence.write(samples.drill(), tmp_path / "r").path
    (report / "drill.html").write_text("x")
    with pytest.raises(EvidenceProblem, match="is not attested: it is not"):
        evidence.attest(report, result="pass", note="", sign_key=key)
    with pytest.raises(EvidenceProblem, match="is not a report"):
        evidence.attest(tmp_path, result="pass", note="", sign_key=key)
    assert not list(report.glob("attestation*"))


def test_an_attestation_that_cannot_be_written_leaves_nothing(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = str(evidence_keys.make(tmp_path / "jane"))
    report = evidence.write(samples.drill(), tmp_path / "r").path
    real = folder.write

    def write(path: pathlib.Path, data: bytes) -> None:
        if path.suffix == ".json":
            raise OSError(errno.ENOSPC, "No space left on device")
        real(path, data)

    monkeypatch.setattr(folder, "write", write)
    with pytest.raises(EvidenceProblem, match="No space left"):
        evidence.attest(report, result="fail", note="", sign_key=key)
    assert not list(report.glob("attestation*"))
