"""Directive ``table-of``: renders the tables of the code in the documentation.

``.. table-of:: NAME`` renders one of them. What is printed is what runs, so
a page cannot go on saying what has long been changed.
"""

import functools
import re
from collections.abc import Callable, Iterable, Iterator

import layout
import measured
from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList
from sphinx.application import Sphinx

from fakeserver.api import description, roles
from fakeserver.base import errors
from fakeserver.cli.walkthroughs import WALKTHROUGHS, Command
from fakeserver.engine.model import plans, rules
from fakeserver.faults.kinds import KINDS
from fakeserver.sandbox.scenarios import SCENARIOS
from protectorclient.advice import guide
from protectorclient.config import simple
from protectorclient.escape import ShellCommand
from protectorclient.fidelity import rules as equalities
from protectorclient.preflight import checks as checking
from protectorclient.preflight import refusals as refusing
from protectorclient.preflight.drift import attributes as comparing
from tests.helpers import planted, planted_fidelity

Row = tuple[str, ...]


def literal(words: Iterable[str]) -> str:
    return ", ".join(f"``{word}``" for word in words)


def plain(text: str) -> str:
    """Escape text, so that nothing in it is a link or a reference."""
    return re.sub(r"([*`|_\\]|://)", r"\\\1", text)


def grid(widths: Row, head: Row, rows: Iterable[Row]) -> Iterator[str]:
    """Yield a list-table, line by line."""
    yield ".. list-table::"
    yield "   :header-rows: 1"
    yield f"   :widths: {' '.join(widths)}"
    yield ""
    for row in (head, *rows):
        for number, cell in enumerate(row):
            yield f"   {'  -' if number else '* -'} {cell}"
    yield ""


def steps() -> Iterator[str]:
    """Yield each operation, with the progress at the end of every step."""
    named = {**plans.PLANS, "failback --reverse-replication": plans.REVERSING}
    rows = [
        (f"``{name}``", ", ".join(f"``{s.name}`` {s.end}" for s in plan))
        for name, plan in sorted(named.items())
    ]
    return grid(("30", "70"), ("operation", "steps"), rows)


def states() -> Iterator[str]:
    named = {**rules.RULES, "failover --type unplanned": rules.FORCED}
    rows = [
        (
            f"``{name}``",
            literal(rule.needs),
            f"``{rule.during}``" if rule.during else "unchanged",
            "current primary" if rule.at_primary else "the other",
        )
        for name, rule in sorted(named.items())
    ]
    head = ("action", "status it needs", "while it runs", "asked at")
    return grid(("25", "40", "20", "15"), head, rows)


def access() -> Iterator[str]:
    rows = [
        (
            rule.method,
            f"``{rule.path}``"
            + (f" with ``{rule.action}``" if rule.action else ""),
            *(cell(rule, role) for role in roles.ASKERS),
        )
        for rule in roles.RULES
    ]
    askers = (role or "no token" for role in roles.ASKERS)
    widths = ("9", "41", *("10" for _ in roles.ASKERS))
    return grid(widths, ("method", "path", *askers), rows)


def cell(rule: roles.Rule, role: str | None) -> str:
    refused = roles.refusal(rule, role)
    return "yes" if refused is None else str(refused)


def endpoints() -> Iterator[str]:
    """Yield the endpoints of the OpenAPI description, in short."""
    whole = description.document(description.newest(), description.newest())
    rows = []
    for method, path in description.routes():
        entry = whole["paths"][path][method.lower()]
        since = entry.get(description.MIN_VERSION)
        summary = plain(entry["summary"])
        if since:
            summary += f"; since {since}"
        ends = [s for s in entry["responses"] if s.startswith("2")]
        rows.append((method, f"``{path}``", " or ".join(ends), summary))
    head = ("method", "path", "answer", "what it is for")
    return grid(("9", "46", "9", "36"), head, rows)


def reasons() -> Iterator[str]:
    rows = [
        (str(status), f"``protector.{reason}``")
        for reason, status in sorted(
            errors.STATUS.items(), key=lambda row: (row[1], row[0])
        )
    ]
    return grid(("15", "85"), ("status", "reason"), rows)


def faults() -> Iterator[str]:
    rows = [(f"``{kind.name}``", plain(kind.help)) for kind in KINDS.values()]
    return grid(("25", "75"), ("kind", "what happens"), rows)


def scenarios() -> Iterator[str]:
    rows = [(f"``{n}``", plain(s.help)) for n, s in SCENARIOS.items()]
    return grid(("25", "75"), ("scenario", "what is there"), rows)


def walkthroughs() -> Iterator[str]:
    """Yield each failure of the guide, and its fix in the sandbox."""
    for walkthrough in WALKTHROUGHS:
        yield f"**{plain(walkthrough.symptom)}**"
        yield ""
        yield f"``protector-sandbox up --scenario {walkthrough.scenario}``"
        yield ""
        yield from _session("It shows:", walkthrough.seen)
        yield f"The guide: {plain('; '.join(walkthrough.guide))}."
        yield ""
        yield from _session("Here:", walkthrough.fix)


def _session(head: str, typed: Iterable[Command]) -> Iterator[str]:
    yield head
    yield ""
    yield "::"
    yield ""
    for one in typed:
        for line in one.command.splitlines():
            yield f"    {line}"
        if one.code:
            yield f"    # exit code {one.code}: {', '.join(one.says)}"
    yield ""


def troubleshooting() -> Iterator[str]:
    """Yield the troubleshooting page, from top to bottom."""
    for row in guide.PAGE:
        filled = row.filled()
        yield f"**{plain(filled.symptom)}**"
        yield ""
        yield plain(filled.cause)
        yield ""
        for sentence in filled.fix:
            yield f"#. {plain(sentence)}"
        if filled.commands:
            yield ""
            yield "::"
            yield ""
            for command in filled.commands:
                yield f"    {command}"
        yield ""


def _literal(line: str) -> str:
    """Mark a command as code, and leave prose as it is."""
    return f"``{line}``" if isinstance(line, ShellCommand) else plain(line)


def checks() -> Iterator[str]:
    """Yield the checks; four columns of sentences would not fit a grid."""
    for row in checking.CHECKS:
        yield f"``{row.id}``"
        yield f"    {plain(row.title)}, {row.where.value}."
        yield ""
        yield f"    :for: {literal(sorted(row.purposes))}"
        kind = f"a {row.severity}"
        if row.reason:
            kind += f"; the service refuses with ``{row.reason}``"
        yield f"    :otherwise: {kind}"
        if row.blocks:
            blocked = sorted(row.blocks & row.purposes)
            yield f"    :blocks: {literal(blocked)}"
        yield f"    :cause: {plain(row.advice.cause)}"
        yield f"    :impact: {plain(row.impact)}"
        fix = " ".join(_literal(line) for line in row.advice.short)
        yield f"    :fix: {fix}"
        yield ""


def attributes() -> Iterator[str]:
    """Yield the attributes that are compared, and where each is shown."""
    rows = [
        (kind, plain(one.title), f"``{one.key}``", one.service)
        for kind, of in (
            ("instance", comparing.INSTANCE),
            ("port", comparing.PORT),
            ("volume", comparing.VOLUME),
        )
        for one in of
    ]
    head = ("of", "attribute", "key", "shown by")
    return grid(("12", "40", "28", "20"), head, rows)


def meanings() -> Iterator[str]:
    """Yield what equal means for each attribute of a rebuilt instance."""
    rows = [
        (
            plain(rule.title),
            f"``{prefix}{rule.key}``",
            rule.service,
            plain(rule.equal),
            plain(rule.mapped) or "-",
        )
        for prefix, of in (
            ("", equalities.INSTANCE),
            ("networks[].", equalities.PORT),
            ("volumes[].", equalities.VOLUME),
        )
        for rule in of
    ]
    rows += [
        (
            plain(title),
            f"``{key}``",
            service,
            plain(equal),
            plain(mapped) or "-",
        )
        for key, (title, service, equal, mapped) in equalities.OTHERS.items()
    ]
    head = ("attribute", "key", "shown by", "equal", "differs as mapped")
    return grid(("20", "24", "12", "24", "20"), head, rows)


def planted_rebuilt() -> Iterator[str]:
    """Yield the differences that the tests plant in rebuilt instances."""
    rows = [
        (plain(one.title), f"``{one.attribute}``")
        for one in planted_fidelity.PLANTED
    ]
    return grid(("50", "50"), ("what is done", "attribute"), rows)


def differences() -> Iterator[str]:
    """Yield the differences that the tests plant, and the row of each."""
    rows = [
        (
            plain(one.title),
            f"site-{one.site}",
            f"``{one.attribute}``",
            f"``{one.check}``",
        )
        for one in planted.PLANTED
    ]
    head = ("what is done", "at", "attribute", "check")
    return grid(("30", "10", "42", "18"), head, rows)


def refusals() -> Iterator[str]:
    """Yield the refusals, in the order in which they are checked."""
    rows = [
        (
            f"``{row.check}``",
            f"refused with ``{row.reason}``"
            if row.reason
            else "begun, and rolled back",
            literal(sorted(row.actions)),
        )
        for row in refusing.REFUSALS
    ]
    head = ("check", "by the service", "actions")
    return grid(("25", "40", "35"), head, rows)


def long_road() -> Iterator[str]:
    """Yield what makes a read be opened by the SDK, in the order of asking."""
    parts = {
        "what surrounds the command": simple.OF_SURROUNDINGS,
        "``clouds.yaml``": simple.OF_FILE,
        "the entry of a site": (*simple.OF_ENTRY, *simple.OF_AUTHORITY),
    }
    rows = [
        ("" if place else where, plain(case.what))
        for where, cases in parts.items()
        for place, case in enumerate(cases)
    ]
    return grid(("25", "75"), ("of", "is not plain where"), rows)


TABLES: dict[str, Callable[[], Iterator[str]]] = {
    "steps": steps,
    "states": states,
    "access": access,
    "endpoints": endpoints,
    "reasons": reasons,
    "faults": faults,
    "scenarios": scenarios,
    "walkthroughs": walkthroughs,
    "checks": checks,
    "refusals": refusals,
    "long-road": long_road,
    "attributes": attributes,
    "planted": differences,
    "fidelity": meanings,
    "planted-fidelity": planted_rebuilt,
    "troubleshooting": troubleshooting,
    "benchmarks": measured.figures,
    "benchmark-machine": measured.machine,
    **{
        f"growth-{each.name}": functools.partial(measured.curve, each.name)
        for each in measured.growth.CURVES
    },
    "client-layout": functools.partial(layout.picture, "protectorclient"),
    "server-layout": functools.partial(layout.picture, "fakeserver"),
    "client-tests": functools.partial(layout.tests, "protectorclient"),
    "server-tests": functools.partial(layout.tests, "fakeserver"),
}


class TableOf(Directive):
    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        name = self.arguments[0]
        if name not in TABLES:
            raise self.error(f"there is no table {name}: {', '.join(TABLES)}")
        # what is rendered is no file that Sphinx knows: read the page anew
        self.state.document.settings.env.note_reread()
        lines = StringList(list(TABLES[name]()), source=f"<table {name}>")
        holder = nodes.Element()
        self.state.nested_parse(lines, self.content_offset, holder)
        return holder.children


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("table-of", TableOf)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
