"""The folder of the sessions: ours alone, whole files, never a failure."""

import os
import pathlib
import threading

import pytest

from protectorclient.osc.cache.folder import Folder, NotOurs


@pytest.fixture
def place(tmp_path: pathlib.Path) -> pathlib.Path:
    return tmp_path / "below" / "sessions"


def test_what_is_written_is_read(place: pathlib.Path) -> None:
    folder = Folder(str(place))
    folder.write("one", b"content")
    assert Folder(str(place)).read("one") == b"content"
    folder.drop("one")
    assert folder.read("one") is None
    folder.drop("one")


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
        folder.write("one", bytes([number]) * 5000)
        seen.append(folder.read("one"))

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
    assert sorted(os.listdir(place)) == ["key", "one.json"]


@pytest.mark.parametrize("mode", [0o755, 0o710, 0o701])
def test_a_folder_of_everybody_is_not_used(
    place: pathlib.Path, mode: int
) -> None:
    folder = Folder(str(place))
    folder.write("one", b"content")
    folder.enable()
    place.chmod(mode)
    for act in (
        lambda: folder.read("one"),
        lambda: folder.write("one", b"more"),
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
    folder.write("one", b"content")
    other = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: other)
    with pytest.raises(NotOurs, match="belongs to another user"):
        folder.read("one")


def test_a_link_is_not_followed(
    place: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    folder = Folder(str(place))
    folder.write("one", b"content")
    (place / "two.json").symlink_to(place / "one.json")
    with pytest.raises(NotOurs, match="is a link"):
        folder.read("two")
    linked = tmp_path / "linked"
    linked.symlink_to(place)
    with pytest.raises(NotOurs, match="is no folder"):
        Folder(str(linked)).read("one")


def test_what_is_to_be_typed_next(place: pathlib.Path) -> None:
    folder = Folder(str(place))
    folder.write("one", b"content")
    (place / "one.json").chmod(0o644)
    with pytest.raises(NotOurs) as caught:
        folder.read("one")
    assert caught.value.remedy == "openstack protector cache clear"
    place.chmod(0o755)
    with pytest.raises(NotOurs) as caught:
        folder.read("one")
    assert caught.value.remedy == f"chmod 700 {place}"


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
    folder.write("old", b"a token")
    folder.write("young", b"a token")
    (place / "old.json.0123").write_bytes(b"half a token")
    for name in ("old.json", "old.json.0123", "key", "enabled"):
        os.utime(place / name, (0, 0))
    folder.write("new", b"a token")
    assert sorted(os.listdir(place)) == [
        "enabled",
        "key",
        "new.json",
        "young.json",
    ]
    assert folder.secret() == secret


def test_all_is_cleared_that_can_be(place: pathlib.Path) -> None:
    folder = Folder(str(place))
    for name in ("one", "two", "three"):
        folder.write(name, b"a token")
    for name in ("000", "zzz"):
        (place / name).mkdir()
    with pytest.raises(OSError, match="000|zzz"):
        folder.clear()
    assert sorted(os.listdir(place)) == ["000", "zzz"]


def test_what_is_too_large_or_no_file_is_none_of_ours(
    place: pathlib.Path,
) -> None:
    folder = Folder(str(place))
    folder.write("one", b"x" * (2**20 + 1))
    assert folder.read("one") is None
    (place / "two.json").mkdir()
    assert folder.read("two") is None
    os.mkfifo(place / "three.json", 0o600)
    assert folder.read("three") is None
