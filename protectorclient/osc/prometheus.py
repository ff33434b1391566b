"""The exposition format of Prometheus, for a textfile collector."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from protectorclient.escape import escaped

if TYPE_CHECKING:
    from protectorclient.reports.overview import Overview, Row
    from protectorclient.reports.readiness import GroupReadiness, Readiness

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


#: Of the readiness: metric, what it is, and its value; no line where that is
#: None.
READINESS: tuple[
    tuple[str, str, Callable[[GroupReadiness], float | None]], ...
] = (
    (
        "protector_readiness_loss_seconds",
        "Data that an unplanned failover would lose",
        lambda row: row.loss,
    ),
    (
        "protector_readiness_duration_low_seconds",
        "Shortest of its operations",
        lambda row: row.duration.low if row.duration else None,
    ),
    (
        "protector_readiness_duration_high_seconds",
        "Longest of its operations",
        lambda row: row.duration.high if row.duration else None,
    ),
    (
        "protector_readiness_lost_attributes",
        "Attributes that its instances would lose",
        lambda row: None if row.order is None else float(len(row.losses)),
    ),
    (
        "protector_readiness_lost_addresses",
        "Addresses that its instances would lose",
        lambda row: None if row.order is None else float(len(row.addresses)),
    ),
)


def readiness(found: Readiness) -> Iterator[str]:
    """Return the metrics of what would come back if a site died."""
    name = "protector_readiness_info"
    yield from _head(name, "Whether a protection group would come back")
    for row in found.groups:
        labels = {"if_dead": found.dead, **_labels(row)}
        verdict = str(row.verdict).replace(" ", "_")
        yield _line(name, {**labels, "verdict": verdict}, 1)
    for metric, text, value in READINESS:
        yield from _head(metric, text)
        for row in found.groups:
            labels = {"if_dead": found.dead, **_labels(row)}
            number = value(row)
            if number is not None:
                yield _line(metric, labels, number)


def _labels(row: Row | GroupReadiness) -> dict[str, str]:
    return {"group": row.name, "group_id": row.id}


def _head(name: str, text: str) -> Iterable[str]:
    return (f"# HELP {name} {text}", f"# TYPE {name} gauge")


def _line(name: str, labels: Mapping[str, str], value: float) -> str:
    told = ",".join(f'{key}="{_escaped(it)}"' for key, it in labels.items())
    return f"{name}{{{told}}} {value:g}"


def _escaped(text: str) -> str:
    text = escaped(text, keep="\n")
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
