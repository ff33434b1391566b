"""A run with real clouds says what it lacks, and leaves nothing behind."""

import pathlib
import signal
from collections.abc import Callable

import pytest

from fakeserver.sandbox import process
from tests.interop import second_run
from tests.interop.full import needs
from tests.interop.place import Place

pytestmark = pytest.mark.interop_full


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(needs, "SBIN", ())
    with pytest.raises(needs.Lacking) as lacking:
        needs.rabbitmq()
    assert str(lacking.value).endswith(
        "\ninstall rabbitmq-server: apt-get install rabbitmq-server"
    )
    assert needs.mariadb() is None, "SQLite takes its place"


@pytest.mark.parametrize(
    "number, name, code",
    [
        (signal.SIGINT, "site-a-placement", 130),
        pytest.param(
            *(signal.SIGTERM, "site-b-nova-compute", 143),
            marks=pytest.mark.interop_release,
        ),
        # nobody can do anything about this one
        pytest.param(
            *(signal.SIGKILL, "site-a-nova-conductor", -9),
            marks=pytest.mark.interop_release,
        ),
    ],
)
def test_its_end_leaves_no_process(
    run: Place,
    tmp_path: pathlib.Path,
    number: signal.Signals,
    name: str,
    code: int,
) -> None:
    def until(done: Callable[[], bool]) -> None:
        assert process.wait(done, 180)

    with second_run.begun(run, "full-up", tmp_path) as begun:
        until((tmp_path / f"{name}.pid").exists)
        begun.send_signal(number)
        assert begun.wait(120) == code
    until(lambda: not second_run.of_folder(tmp_path))
    if number != signal.SIGKILL:
        assert list(tmp_path.glob("*.pid")) == []
