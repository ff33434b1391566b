"""The exposition format of Prometheus, for a textfile collector."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from protectorclient.escape import escaped

if TYPE_CHECKING:
    from protectorclient.reports.overview import Overview, Row

#: Metric, what it is, and its value; no line where that is None.
METRICS: tuple[tuple[str, str, Callable[[Row], float | None]], ...] = (
    (
        "protector_group_ready",
        "Whether a failover would be accepted now",
        lambda row: None if row.ready is None else float(row.ready),
    ),
    (
        "protector_group_in_sync",
        "Whether both sites hold the same metadata",
        lambda row: None if row.in_sync is None else float(row.in_sync),
    ),
    (
        "protector_group_replication_lag_seconds",
        "Age of the newest complete recovery point",
        lambda row: row.lag,
    ),
    (
        "protector_group_rpo_seconds",
        "Age that a recovery point may have, by the policy",
        lambda row: row.rpo,
    ),
    (
        "protector_group_last_drill_age_seconds",
        "Time since the last test failover that succeeded",
        lambda row: row.drill_age,
    ),
)


def lines(overview: Overview) -> Iterator[str]:
    """Return all metrics, one line each, with their heads."""
    yield from _head("protector_site_up", "Whether the site answers")
    for site in overview.sites:
        up = int(site not in overview.errors)
        yield _line("protector_site_up", {"site": site}, up)
    name = "protector_group_info"
    yield from _head(name, "Status and primary of a protection group")
    for row in overview.rows:
        labels = {**_labels(row), "status": row.status}
        yield _line(name, {**labels, "primary": row.primary}, 1)
    for metric, text, value in METRICS:
        yield from _head(metric, text)
        for row in overview.rows:
            found = value(row)
            if found is not None:
                yield _line(metric, _labels(row), found)


def _labels(row: Row) -> dict[str, str]:
    return {"group": row.name, "group_id": row.id}


def _head(name: str, text: str) -> Iterable[str]:
    return (f"# HELP {name} {text}", f"# TYPE {name} gauge")


def _line(name: str, labels: Mapping[str, str], value: float) -> str:
    told = ",".join(f'{key}="{_escaped(it)}"' for key, it in labels.items())
    return f"{name}{{{told}}} {value:g}"


def _escaped(text: str) -> str:
    text = escaped(text, keep="\n")
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
