"""Every command's table at every width, and the options of its output."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from importlib import metadata
from typing import Any

import pytest
from cliff import display

from fakeserver.local.pair import LocalPair
from protectorclient.osc import command as base
from protectorclient.osc.formats import formatters, measure
from tests.functional.test_exitcodes import Scene
from tests.functional.test_formats import READS
from tests.helpers.clirunner import SHELLS, Ran, openstack, protector
from tests.helpers.exit_table import ADMIN, ADMINS, FIRST, GOOD, WEB
from tests.helpers.sampling import sampled

WIDTHS = (40, 60, 80, 132)
SYNC = "consistency-group sync {} --wait -f value -c id"


@pytest.fixture(scope="module")
def pair() -> Iterator[LocalPair]:
    with LocalPair(sockets=True) as found:
        yield found


@pytest.fixture
def scene(pair: LocalPair, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(pair.clouds_yaml))
    monkeypatch.setenv("OS_CLOUD", "site-a")
    monkeypatch.setenv("TOKEN", "a-secret-of-the-array")
    pair.reset()
    made = Scene(pair, monkeypatch)
    yield made
    made.close()


@pytest.fixture(scope="module")
def kinds() -> dict[str, type[Any]]:
    """The classes of the commands."""
    found = metadata.entry_points(group="openstack.protector.v1")
    return {
        one.name.removeprefix("protector_").replace(
            "_", " "
        ): one.load().find()
        for one in found
    }


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[int], str]]:
    """Each table that is written, to be drawn again for another width."""
    found: list[Callable[[int], str]] = []

    def keep(name: str) -> None:
        draw = getattr(formatters.Table, name)

        def emit(
            self: Any, titles: Any, data: Any, out: Any, args: Any
        ) -> None:
            data = [*data]

            def again(width: int) -> str:
                monkeypatch.setenv("COLUMNS", str(width))
                drawn = io.StringIO()
                draw(self, titles, data, drawn, args)
                return drawn.getvalue()

            found.append(again)
            draw(self, titles, data, out, args)

        monkeypatch.setattr(formatters.Table, name, emit)

    keep("emit_list")
    keep("emit_one")
    return found


def widest(text: str) -> int:
    return measure.widest(text.splitlines())


@pytest.mark.parametrize("command", sampled(sorted(GOOD), 12))
def test_no_line_is_wider_than_the_terminal(
    command: str,
    scene: Scene,
    tables: list[Callable[[int], str]],
    kinds: dict[str, type[Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scene.set(FIRST.get(command))
    tables.clear()
    monkeypatch.setenv("COLUMNS", str(WIDTHS[0]))
    kind = kinds[command]
    options = ""
    if issubclass(kind, display.DisplayCommandBase):
        options = " --fit-width --print-empty --noindent"
    if issubclass(kind, base.Lister):
        options += " --quote minimal"
    ran = scene.run(
        f"{command} {GOOD[command]}{options}", admin=command in ADMINS
    )
    assert ran.code == 0, ran.err
    assert bool(tables) == issubclass(kind, display.DisplayCommandBase)
    if tables:
        assert widest(ran.out) <= WIDTHS[0]
    for again in tables:
        for width in WIDTHS:
            assert widest(again(width)) <= width


@pytest.fixture(scope="module")
def ids(pair: LocalPair) -> Iterator[dict[str, str]]:
    """What the reading commands are asked for, once for all of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OS_CLIENT_CONFIG_FILE", str(pair.clouds_yaml))
        patch.setenv("OS_CLOUD", "site-a")
        pair.reset()
        drill = protector(
            f"protection-group test-failover prod-web-app {WEB}"
            " --retain-primary --wait -f value -c id"
        )
        synced = protector(SYNC.format("prod-db"))
        assert (drill.code, synced.code) == (0, 0), drill.err + synced.err
        mapping = pair.directory / "mapping.yaml"
        mapping.write_text(protector("mapping suggest prod-web-app").out)
        yield {
            "done": drill.out.strip(),
            "synced": synced.out.strip(),
            "mapping": str(mapping),
        }


@pytest.fixture
def told(ids: dict[str, str], pair: LocalPair, monkeypatch: Any) -> Any:
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(pair.clouds_yaml))
    monkeypatch.setenv("OS_CLOUD", "site-a")
    return ids


def heads(ran: Ran) -> list[str]:
    """The fields or titles of a table."""
    lines = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in ran.out.splitlines()
        if line.startswith("|")
    ]
    if lines[0] == ["Field", "Value"]:
        return [line[0] for line in lines[1:] if line[0]]
    return lines[0]


@pytest.mark.parametrize("command", sampled(READS, 8))
def test_columns_are_chosen(
    command: str, told: dict[str, str], kinds: dict[str, type[Any]]
) -> None:
    """In any case and with underscores, more than one, and some twice."""
    admin = ADMIN if command in ADMINS else ""
    typed = f"{GOOD[command].format(**told)} --max-width 0"
    plain = protector(f"{admin}{command} {typed}")
    whole = heads(plain)
    first, last = whole[0], whole[-1]
    options = (
        f" -c {last.upper().replace(' ', '_')} -c '{first.lower()}'"
        f" -c '{first}'"
    )
    if issubclass(kinds[command], base.Lister):
        options += f" --sort-column '{last.lower()}' --sort-column '{first}'"
        options += " --sort-descending"
    ran = openstack(f"{admin}protector {command} {typed}{options}")
    assert ran.code == plain.code, ran.err
    assert heads(ran) == [first, last]


def test_columns_of_checks_and_of_several_operations(
    told: dict[str, str],
) -> None:
    failover = f"protection-group failover prod-db {WEB}"
    for shell in SHELLS.values():
        ran = shell(f"{failover} --check -c RESULT -c check")
        assert heads(ran) == ["Check", "Result"]
        several = f"operation wait {told['done']} {told['synced']}"
        ran = shell(f"{several} -c OUTCOME -c id -c Status")
        assert heads(ran) == ["ID", "Status", "Outcome"]
        refused = shell(f"{several} -c nosuch")
        assert refused.code == 2
        assert "no column is named nosuch" in refused.err


def test_short_ids_do_not_change_the_order(told: dict[str, str]) -> None:
    exact = [
        row["ID"]
        for row in protector("operation list --sort-column id -f json").json
    ]
    assert exact == sorted(exact)
    for direction, wanted in (("asc", exact), ("desc", exact[::-1])):
        ran = protector(
            f"operation list --sort-column ID --sort-{direction}ending"
            " --max-width 80"
        )
        shown = [
            part
            for line in ran.out.splitlines()
            for part in line.replace("|", " ").split()[:1]
            if part.startswith("op-")
        ]
        assert len(shown) == len(wanted)
        for short, whole in zip(shown, wanted, strict=True):
            assert whole.startswith(short)
