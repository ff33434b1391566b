"""What was altered in a directory of reports is found."""

import json
import os
import pathlib
import shutil

import pytest

from protectorclient import evidence
from protectorclient.evidence.problem import EvidenceProblem
from tests.helpers import evidence_keys, tampering
from tests.helpers import evidence_samples as samples

DOCUMENT = (
    pathlib.Path(__file__).resolve().parents[3]
    / "doc/source/user/evidence.rst"
)


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Return a folder of keys, and the reports that they have signed."""
    folder = tmp_path_factory.mktemp("chain")
    mine = evidence_keys.make(folder / "mine")
    others = [evidence_keys.make(folder / name) for name in ("jane", "joe")]
    for number in range(4):
        record = samples.drill(
            samples.group(f"app-{number}"), id=f"drill-{number}"
        )
        report = evidence.write(record, folder / "reports", sign_key=str(mine))
        if number == 1:
            for key in others:
                evidence.attest(
                    report.path, result="pass", note="seen", sign_key=str(key)
                )
    (folder / "head").write_text(report.head)
    return folder


@pytest.fixture
def reports(chain: pathlib.Path, tmp_path: pathlib.Path) -> pathlib.Path:
    """Return a copy of the reports, to be tampered with."""
    return pathlib.Path(
        shutil.copytree(chain / "reports", tmp_path / "reports")
    )


def in_order(reports: pathlib.Path) -> tampering.Reports:
    return sorted(one for one in reports.iterdir() if one.is_dir())


def test_what_was_not_altered_is_whole(chain: pathlib.Path) -> None:
    head = (chain / "head").read_text()
    keys = [str(chain / f"{name}.pub") for name in ("mine", "jane", "joe")]
    found = evidence.verify(chain / "reports", head=head, public_keys=keys)
    assert found.findings == ()
    assert (found.reports, found.head, found.notes) == (4, head, ())
    assert sorted(found.keys.values()) == [1, 1, 4]


@pytest.mark.parametrize("kind", tampering.FOUND)
def test_tampering_is_found(kind: str, reports: pathlib.Path) -> None:
    tampering.FOUND[kind](in_order(reports))
    assert evidence.verify(reports).findings


@pytest.mark.parametrize("kind", tampering.FOUND_WITH_HEAD)
def test_tampering_is_found_with_the_head_alone(
    kind: str, reports: pathlib.Path, chain: pathlib.Path
) -> None:
    tampering.FOUND_WITH_HEAD[kind](in_order(reports))
    head = (chain / "head").read_text()
    found = evidence.verify(reports, head=head)
    assert [one.kind for one in found.findings] == ["head"]
    if in_order(reports):
        assert evidence.verify(reports).is_whole
    else:
        with pytest.raises(EvidenceProblem, match="no report in"):
            evidence.verify(reports)


@pytest.mark.parametrize("kind", tampering.NOT_FOUND)
def test_what_cannot_be_found_is_known(
    kind: str, reports: pathlib.Path, chain: pathlib.Path
) -> None:
    tampering.NOT_FOUND[kind](in_order(reports))
    head = (chain / "head").read_text()
    assert evidence.verify(reports, head=head).is_whole


def test_reports_without_a_signature_are_found_by_the_key(
    reports: pathlib.Path, chain: pathlib.Path
) -> None:
    tampering.unsign(in_order(reports)[3])
    keys = [str(chain / f"{name}.pub") for name in ("mine", "jane", "joe")]
    found = evidence.verify(reports, public_keys=keys)
    assert [one.kind for one in found.findings] == ["unsigned"]


def test_another_key_is_found_by_the_key(chain: pathlib.Path) -> None:
    key = str(chain / "jane.pub")
    found = evidence.verify(chain / "reports", public_keys=[key])
    # four manifests, and the attestation of joe
    assert len(found.findings) == 5
    assert all("by another key" in one.message for one in found.findings)


def test_an_older_head_is_still_there(chain: pathlib.Path) -> None:
    newest = evidence.verify(chain / "reports").head
    older = in_order(chain / "reports")[1]
    head = evidence.verify(older).head
    assert head != newest
    assert evidence.verify(chain / "reports", head=head).is_whole


def test_one_report_is_checked_alone(
    chain: pathlib.Path, reports: pathlib.Path
) -> None:
    report = in_order(reports)[1]
    found = evidence.verify(report)
    assert found.is_whole
    assert "only this report" in found.notes[0]
    newest = (chain / "head").read_text()
    assert [one.kind for one in evidence.verify(report, head=newest).findings]
    (report / "drill.html").write_text("x")
    assert [one.file for one in evidence.verify(report).findings] == [
        "drill.html"
    ]


def test_what_was_never_finished_is_no_finding(
    reports: pathlib.Path,
) -> None:
    (reports / ".unfinished-0123").mkdir()
    (reports / "readme.txt").write_text("x")
    (reports / "history.html").write_text("x")
    (reports / ".git").mkdir()
    (reports / "plans").mkdir()
    found = evidence.verify(reports)
    assert found.is_whole
    assert len(found.notes) == 4


def test_a_pipe_in_the_place_of_a_manifest_blocks_nobody(
    reports: pathlib.Path,
) -> None:
    path = in_order(reports)[3] / "manifest.json"
    path.unlink()
    os.mkfifo(path)
    assert [one.message for one in evidence.verify(reports).findings] == [
        "it is not a file"
    ]
    report = evidence.write(samples.drill(), reports)
    held = json.loads((report.path / "manifest.json").read_bytes())
    assert held["number"] == 4


@pytest.mark.parametrize(
    ("path", "head", "message"),
    [
        ("gone", None, "there is no directory"),
        ("", "abc", "is not the hash of a report"),
        (".", None, "there is no report in"),
    ],
)
def test_what_cannot_be_checked_is_said(
    path: str, head: str | None, message: str, tmp_path: pathlib.Path
) -> None:
    with pytest.raises(EvidenceProblem, match=message):
        evidence.verify(tmp_path / path, head=head)


def test_the_document_has_every_row() -> None:
    text = " ".join(DOCUMENT.read_text(encoding="utf-8").split())
    assert [
        one for one in tampering.names() if one.lower() not in text.lower()
    ] == []
    assert len(list(tampering.names())) >= 30
