"""The folder of the sessions: ours alone, whole files, never a failure."""

import os
import pathlib
import threading

import pytest

from protectorclient.osc.cache.folder import Folder, NotOurs

ONE, TWO, THREE = (digit * 64 for digit in "123")


@pytest.fixture
def place(tmp_path: pathlib.Path) -> pathlib.Path:
    return tmp_path / "below" / "sessions"


def test_what_is_written_is_read(place: pathlib.Path) -> None:
    folder = Folder(str(place))
    folder.write(ONE, b"content")
    assert Folder(str(place)).read(ONE) == b"content"
    folder.drop(ONE)
    assert folder.read(ONE) is None
    folder.drop(ONE)


def test_the_key_is_made_once(place: pathlib.Path) -> None:
    folder = Folder(str(place))
    assert folder.secret() is None
    made = folder.secret(make=True)
    assert made is not None and len(made) == 32
    assert Folder(str(place)).secret(make=True) == made


def test_twenty_at_once_have_one_key_and_whole_files(
    place: pathlib.Path,
) -> None:
    keys: list[bytes | None] = []
    seen: list[bytes | None] = []
    start = threading.Barrier(20)

    def work(number: int) -> None:
        folder = Folder(str(place))
        start.wait()
        keys.append(folder.secret(make=True))
        folder.write(ONE, bytes([number]) * 5000)
        seen.append(folder.read(ONE))

    threads = [
        threading.Thread(target=work, args=(number,)) for number in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(keys)) == 1 and None not in keys
    for content in seen:
        assert content is not None
        assert len(content) == 5000 and len(set(content)) == 1
    assert sorted(os.listdir(place)) == [f"{ONE}.json", "key"]


@pytest.mark.parametrize("mode", [0o755, 0o710, 0o701])
def test_a_folder_of_everybody_is_not_used(
    place: pathlib.Path, mode: int
) -> None:
    folder = Folder(str(place))
    folder.write(ONE, b"content")
    folder.enable()
    place.chmod(mode)
    for act in (
        lambda: folder.read(ONE),
        lambda: folder.write(ONE, b"more"),
        lambda: folder.secret(make=True),
        folder.enable,
    ):
        with pytest.raises(NotOurs, match="can be read by others"):
            act()
    assert not folder.is_enabled


def test_a_folder_of_another_user_is_not_used(
    place: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Folder(str(place))
    folder.write(ONE, b"content")
    other = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: other)
    with pytest.raises(NotOurs, match="belongs to another user"):
        folder.read(ONE)


def test_a_link_is_not_followed(
    place: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    folder = Folder(str(place))
    folder.write(ONE, b"content")
    (place / f"{TWO}.json").symlink_to(place / f"{ONE}.json")
    with pytest.raises(NotOurs, match="is a link"):
        folder.read(TWO)
    linked = tmp_path / "linked"
    linked.symlink_to(place)
    with pytest.raises(NotOurs, match="linked is a link"):
        Folder(str(linked)).read(ONE)


def test_what_is_to_be_typed_next(place: pathlib.Path) -> None:
    folder = Folder(str(place))
    folder.write(ONE, b"content")
    (place / f"{ONE}.json").chmod(0o644)
    with pytest.raises(NotOurs) as caught:
        folder.read(ONE)
    assert caught.value.remedy == "openstack protector cache clear"
    place.chmod(0o755)
    with pytest.raises(NotOurs) as caught:
        folder.read(ONE)
    assert caught.value.remedy == f"chmod 700 {place}"


def test_a_file_of_another_user_can_be_cleared(
    place: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Folder(str(place))
    folder.write(ONE, b"content")
    other = os.stat_result((0o100600, 0, 0, 1, os.geteuid() + 1, *[0] * 5))
    monkeypatch.setattr(os, "fstat", lambda handle: other)
    with pytest.raises(NotOurs, match="belongs to another user") as caught:
        folder.read(ONE)
    assert caught.value.remedy == "openstack protector cache clear"


def test_what_is_no_folder(place: pathlib.Path) -> None:
    place.parent.mkdir()
    place.write_bytes(b"")
    with pytest.raises(NotOurs, match="sessions is no folder"):
        Folder(str(place)).enable()


@pytest.mark.parametrize("umask", [0o777, 0o177, 0o000])
def test_the_umask_changes_nothing(place: pathlib.Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        Folder(str(place)).write(ONE, b"content")
    finally:
        os.umask(before)
    file = place / f"{ONE}.json"
    modes = [p.stat().st_mode & 0o777 for p in (place.parent, place, file)]
    assert modes == [0o700, 0o700, 0o600]


def test_the_folders_above_can_be_entered(place: pathlib.Path) -> None:
    """A new user has no folder for caches yet."""
    deep = place / "caches" / "ours" / "sessions"
    before = os.umask(0o777)
    try:
        Folder(str(deep)).enable()
    finally:
        os.umask(before)
    for made in (place, *deep.parents[:2], deep):
        assert made.stat().st_mode & 0o777 == 0o700


def test_a_key_that_is_cut_is_made_anew(place: pathlib.Path) -> None:
    folder = Folder(str(place))
    folder.enable()
    (place / "key").write_bytes(b"")
    (place / "key").chmod(0o600)
    assert folder.secret() is None
    made = folder.secret(make=True)
    assert made is not None and len(made) == 32
    assert folder.secret() == made


def test_what_nobody_uses_is_removed(place: pathlib.Path) -> None:
    folder = Folder(str(place))
    folder.enable()
    secret = folder.secret(make=True)
    for name in (ONE, TWO):
        folder.write(name, b"a token")
    draft = f"{ONE}.json.0123456789abcdef"
    (place / draft).write_bytes(b"half a token")
    (place / "notes.json").write_bytes(b"of somebody")
    for name in (f"{ONE}.json", draft, "notes.json", "key", "enabled"):
        os.utime(place / name, (0, 0))
    folder.write(THREE, b"a token")
    assert sorted(os.listdir(place)) == [
        f"{TWO}.json",
        f"{THREE}.json",
        "enabled",
        "key",
        "notes.json",
    ]
    assert folder.secret() == secret


def test_all_is_cleared_that_can_be(place: pathlib.Path) -> None:
    folder = Folder(str(place))
    folder.write(TWO, b"a token")
    for name in (ONE, THREE):
        (place / f"{name}.json").mkdir()
    (place / "notes.json").write_bytes(b"of somebody")
    with pytest.raises(OSError, match=f"{ONE}|{THREE}"):
        folder.clear()
    assert sorted(os.listdir(place)) == [
        f"{ONE}.json",
        f"{THREE}.json",
        "notes.json",
    ]


def test_nothing_of_others_is_cleared(
    place: pathlib.Path,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = Folder(str(place))
    folder.write(ONE, b"a token")
    linked = tmp_path / "linked"
    linked.symlink_to(place)
    with pytest.raises(NotOurs, match="linked is a link"):
        Folder(str(linked)).clear()
    other = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: other)
    with pytest.raises(NotOurs, match="belongs to another user"):
        folder.clear()
    assert folder.count() == 0
    assert os.listdir(place) == [f"{ONE}.json"]


def test_what_is_too_large_or_no_file_is_none_of_ours(
    place: pathlib.Path,
) -> None:
    folder = Folder(str(place))
    folder.write(ONE, b"x" * (2**20 + 1))
    assert folder.read(ONE) is None
    (place / f"{TWO}.json").mkdir()
    assert folder.read(TWO) is None
    os.mkfifo(place / f"{THREE}.json", 0o600)
    assert folder.read(THREE) is None
