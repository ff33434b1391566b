"""The snapshots that arrays keep, as an administrator gets at them."""

import pathlib

import pytest

from fakeserver.cli import main
from fakeserver.local.pair import LocalPair

NAME = "volume-x.op-1"


@pytest.fixture
def pair(tmp_path: pathlib.Path):
    with LocalPair(tmp_path / "pair") as made:
        yield made


def run(pair: LocalPair, capsys, *words: str) -> tuple[int, str, str]:
    code = main.main(["array", *words, "--dir", str(pair.directory)])
    out, err = capsys.readouterr()
    return code, out, err


def test_a_kept_snapshot_becomes_a_volume(pair: LocalPair, capsys) -> None:
    arrays = pair.site("b").parts.arrays
    arrays.create_volume("flasharray-b", "volume-x", 50)
    arrays.set_writing("flasharray-b", "volume-x", True)
    pair.advance("5m")
    arrays.set_writing("flasharray-b", "volume-x", False)
    assert arrays.keep_snapshot("flasharray-b", "volume-x", "op-1") == NAME
    [moment] = arrays.kept("flasharray-b").values()
    arrays.delete_volume("flasharray-b", "volume-x")

    code, out, _ = run(pair, capsys, "snapshots")
    assert code == 0
    head, row = out.splitlines()
    assert head.split()[:4] == ["ARRAY", "SNAPSHOT", "VOLUME", "GIB"]
    assert row.split()[:4] == ["flasharray-b", NAME, "volume-x", "50"]

    code, out, _ = run(pair, capsys, "copy", NAME, "recovered")
    assert (code, out) == (0, "recovered is on flasharray-b\n")
    made = arrays.volume("flasharray-b", "recovered")
    assert (made.size, made.content_at, made.writing) == (50, moment, False)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nothing.op-1", "recovered"), "No array keeps a snapshot"),
        ((NAME, "volume-x"), "There is a volume volume-x on FlashArray"),
    ],
)
def test_what_cannot_be_copied(
    pair: LocalPair, capsys, words: tuple[str, str], said: str
) -> None:
    arrays = pair.site("b").parts.arrays
    arrays.create_volume("flasharray-b", "volume-x", 50)
    arrays.keep_snapshot("flasharray-b", "volume-x", "op-1")
    code, out, err = run(pair, capsys, "copy", *words)
    assert (code, out) == (1, "")
    assert said in err


def test_none_is_kept(pair: LocalPair, capsys) -> None:
    code, out, _ = run(pair, capsys, "snapshots")
    assert (code, len(out.splitlines())) == (0, 1)
