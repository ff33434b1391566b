"""Every format of a command carries the same values, those of the record."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from fakeserver.local.pair import LocalPair
from tests.helpers.clirunner import protector
from tests.helpers.exit_table import ADMIN, ADMINS, GOOD, WEB
from tests.helpers.sampling import sampled

#: what reads, and can be asked again and again
READS = (
    "consistency-group show",
    "drill overdue",
    "health show",
    "mapping check",
    "member list",
    "operation diagnose",
    "operation list",
    "operation show",
    "operation wait",
    "policy show",
    "protection-group check",
    "protection-group list",
    "protection-group show",
    "protection-group sync-status",
    "site list",
    "site show",
    "site validate",
    "site volume type list",
    "status",
    "tenant mapping list",
)
#: what grows older between two questions
MOVING = frozenset(
    {
        "age",
        "Age",
        "Lag (s)",
        "last_drill_age_seconds",
        "last_replication_at",
        "recovery_points",
        "replication_lag_seconds",
        "unchanged_for",
        "updated_at",
    }
)


@pytest.fixture(scope="module")
def names() -> Iterator[dict[str, str]]:
    with (
        LocalPair(sockets=True) as pair,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("OS_CLIENT_CONFIG_FILE", str(pair.clouds_yaml))
        patch.setenv("OS_CLOUD", "site-a")
        ran = protector(
            f"protection-group test-failover prod-web-app {WEB}"
            " --retain-primary --wait -f value -c id"
        )
        assert ran.code == 0, ran.err
        mapping = pair.directory / "mapping.yaml"
        mapping.write_text(protector("mapping suggest prod-web-app").out)
        yield {"done": ran.out.strip(), "mapping": str(mapping)}


def written(value: Any) -> str:
    """A value as ``value`` and ``csv`` have it."""
    if value is None:
        return ""
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def still(record: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in record.items() if k not in MOVING}


@pytest.mark.parametrize("command", sampled(READS, 8))
def test_every_format_has_the_same_values(
    command: str, names: dict[str, str]
) -> None:
    admin = ADMIN if command in ADMINS else ""
    typed = f"{admin}{command} {GOOD[command].format(**names)}"
    exact = protector(f"{typed} -f json").json
    assert exact, "there is something to compare"
    found = yaml.safe_load(protector(f"{typed} -f yaml").out)
    if isinstance(exact, dict):
        assert still(found) == still(exact)
        lines = protector(f"{typed} -f value").out.split("\n")[:-1]
        assert len(lines) == len(exact)
        for (field, value), line in zip(exact.items(), lines, strict=True):
            shown = written(value).replace("\n", "\\n")
            assert field in MOVING or line == shown, field
        return
    assert list(map(still, found)) == list(map(still, exact))
    text = protector(f"{typed} -f csv").out
    rows = list(csv.DictReader(io.StringIO(text)))
    assert list(rows[0]) == list(exact[0])
    for row, record in zip(rows, exact, strict=True):
        assert still(row) == still(
            {field: written(value) for field, value in record.items()}
        )


@pytest.mark.parametrize("form", ["json", "yaml", "csv", "value", "table"])
def test_an_empty_list(form: str, names: dict[str, str]) -> None:
    ran = protector(f"protection-group list --name nosuch -f {form}")
    assert ran.code == 0
    if form in ("json", "yaml"):
        assert ran.out == "[]\n"
    said = "There are no protection groups.\n" if form == "table" else ""
    assert ran.err == said


def test_columns_are_called_by_their_titles_or_fields(
    names: dict[str, str],
) -> None:
    for column in ("Result", "severity"):
        for form in ("table", "value"):
            ran = protector(
                f"protection-group check bare --for failback -c {column}"
                f" -f {form} --sort-column {column}"
            )
            assert ran.code == 3, ran.err
            assert "problem" in ran.out
