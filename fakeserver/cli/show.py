"""Prints the results of the commands on stdout."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from fakeserver.base import json_file
from fakeserver.base.clock import SharedClock, stamp
from fakeserver.base.config import SITES
from fakeserver.sandbox import process
from fakeserver.sandbox.folder import Folder


def lines(texts: Iterable[str]) -> None:
    for text in texts:
        print(text, flush=True)


def table(rows: Sequence[Sequence[str]]) -> None:
    """Print columns as wide as they need to be."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = zip(row, widths, strict=True)
        print("  ".join(f"{c:{w}}" for c, w in cells).rstrip())


def status(folder: Folder) -> None:
    # not for the command that starts the sites
    from fakeserver.sandbox import channel

    settings = folder.settings()
    rows = [("SITE", "STATE", "URL", "PID")]
    for site in SITES:
        pid = process.running(folder, site)
        if pid is None:
            state = "stopped"
        elif channel.answers(folder, settings, site, pid, seconds=2.0):
            state = "running"
            if folder.config(settings, site).engine_stopped.exists():
                state = "running, engine stopped"
        else:
            state = "silent"
        rows.append((site, state, settings.url_of(site), str(pid or "-")))
    table(rows)
    print(
        f"scenario {settings.scenario}, seed {settings.seed}, "
        f"pace {settings.pace:g} s"
    )
    clock(folder)
    count = len([rule for rule in folder.faults().rules() if not rule.spent])
    if count:
        print(f"faults asked for: {count}")


def clock(folder: Folder) -> None:
    """Print the time at each site, and whether it is frozen."""
    path = folder.path / "clock.json"
    times = [stamp(SharedClock(path, site).time()) for site in SITES]
    shown = times[0]
    if times[0] != times[1]:
        shown = ", ".join(
            f"{site} {time}" for site, time in zip(SITES, times, strict=True)
        )
    frozen = path.exists() and json_file.read(path).get("frozen_at")
    print(f"clock {shown}{', frozen' if frozen else ''}")


def snapshots(rows: Iterable[tuple[str, str, str, int | None, float]]) -> None:
    """Print the snapshots that the arrays keep."""
    shown = [("ARRAY", "SNAPSHOT", "VOLUME", "GIB", "NEWEST WRITE")]
    for array, name, volume, size, moment in rows:
        shown.append((array, name, volume, str(size or "-"), stamp(moment)))
    table(shown)


def faults(folder: Folder) -> None:
    folder.settings()
    head = ("ID", "KIND", "SITE", "STAGE", "MATCH", "SECONDS", "CHANCE")
    rows = [(*head, "LEFT", "STRUCK")]
    for rule in folder.faults().rules():
        left = "-" if rule.times is None else str(rule.times - rule.struck)
        rows.append(
            (
                rule.id,
                rule.kind,
                rule.site or "both",
                rule.stage,
                rule.match,
                f"{rule.seconds:g}" if rule.seconds else "-",
                f"{rule.probability:g}",
                left,
                str(rule.struck),
            )
        )
    table(rows)


def requests(
    folder: Folder, only: str | None, last: int | None, raw: bool
) -> None:
    """Print both sites' requests in the order in which they were sent."""
    from fakeserver.base.request_log import entries

    folder.settings()
    found = [
        {"site": site, **entry}
        for site in SITES
        if only in (None, site)
        for entry in entries(folder.request_log(site))
    ]
    found.sort(key=lambda entry: float(entry["real"]))
    for entry in found[-last:] if last else found:
        made = [json.dumps(entry)] if raw else _written(entry)
        lines(map(_harmless, made))


def _harmless(text: str) -> str:
    """Escape control characters as JSON does, so that a client can neither
    forge a line of the log nor control the terminal."""
    return "".join(
        one if one.isprintable() else json.dumps(one)[1:-1].replace(*_DELETE)
        for one in text
    )


#: the one control character that JSON leaves as it is
_DELETE = ("\x7f", r"\u007f")


def _written(entry: dict[str, Any]) -> list[str]:
    query = f"?{entry['query']}" if "query" in entry else ""
    fault = f", fault {entry['fault']}" if "fault" in entry else ""
    made = [
        f"{entry['at']} {entry['site']} {entry['method']} "
        f"{entry['path']}{query} {entry.get('status') or 'no answer'} "
        f"({entry['ms']} ms{fault})"
    ]
    if "body" in entry:
        made.append(f"    > {_short(entry['body'])}")
    if "answer" in entry:
        made.append(f"    < {_short(entry['answer'])}")
    return made


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 400 else f"{text[:400]}..."
