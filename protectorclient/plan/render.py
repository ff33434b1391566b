"""Write a plan as steps with plain commands, for a day without this tool."""

from __future__ import annotations

import dataclasses
import html
import re
import shlex
from collections.abc import Iterable, Iterator

from protectorclient.durations import span
from protectorclient.escape import escaped
from protectorclient.plan.execution.preflight import merged
from protectorclient.plan.file import model, order
from protectorclient.plan.file.resolve import Placement

#: What ends a line, moves the cursor, or cannot be seen.
_ODD = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]"
)
#: The command of each action.
_VERBS = {
    "failover": "failover",
    "failback": "failback",
    "test_failover": "test-failover",
}


@dataclasses.dataclass(frozen=True)
class Step:
    """A step of a runbook: what to do, and the commands that do it."""

    text: str
    commands: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Chapter:
    """A wave of a runbook."""

    title: str
    notes: tuple[str, ...]
    steps: tuple[Step, ...]


def chapters(
    plan: model.Plan,
    placed: tuple[Placement, ...],
    action: str,
    unplanned: bool,
) -> list[Chapter]:
    """Return the plan as chapters, one a wave.

    :param placed: the groups of the plan; where they are not known, the
        names and patterns of the file stand for them.
    """
    use = model.USES[action]
    waves = plan.of_use(use)
    found = [*_of_plan("Before", plan.hooks, "before", use)]
    for number, wave in enumerate(waves):
        names = [
            (one.group.name, one.entry)
            for one in placed
            if one.wave.name == wave.name
        ] or [(one.name, one) for one in wave.groups]
        needs = order.needs_of(waves, number)
        notes = []
        if needs:
            notes.append(f"Begins when {', '.join(needs)} is over.")
        most = wave.parallel or plan.form(unplanned).parallel
        notes.append(f"At most {most} groups at the same time.")
        if wave.timeout:
            notes.append(f"May take {span(wave.timeout)}.")
        steps: list[Step] = []
        if wave.gate:
            steps.append(
                Step(f"Answer before it begins: {wave.gate.question}")
            )
        steps += _hooks(wave.hooks, "before", use)
        for name, entry in names:
            steps += _group(plan, wave, name, entry, action, unplanned)
        steps += _hooks(wave.hooks, "after", use)
        found.append(Chapter(wave.name, tuple(notes), tuple(steps)))
    found += _of_plan("After", plan.hooks, "after", use)
    found += _of_plan("If it fails", plan.hooks, "on_failure", use)
    return found


def _of_plan(
    title: str, hooks: model.Hooks, occasion: str, use: str
) -> Iterator[Chapter]:
    """Yield a chapter for the hooks of the plan, where it has some."""
    steps = tuple(_hooks(hooks, occasion, use))
    if steps:
        yield Chapter(title, (), steps)


def _shell(words: Iterable[str]) -> str:
    """Quote words for a shell, on one line."""
    return " ".join(
        _ansi_c(one) if _ODD.search(one) else shlex.quote(one) for one in words
    )


def _ansi_c(word: str) -> str:
    """Quote a word with signs that a line cannot hold: $'...' of bash."""
    text = "".join(
        f"\\{sign}"
        if sign in "\\'"
        else "".join(f"\\x{byte:02x}" for byte in sign.encode())
        if _ODD.match(sign)
        else sign
        for sign in word
    )
    return f"$'{text}'"


def _hooks(hooks: model.Hooks, occasion: str, use: str) -> Iterator[Step]:
    for hook in hooks.of(occasion, use):
        yield Step("Run the hook:", (_shell(hook.run),))


def _group(
    plan: model.Plan,
    wave: model.Wave,
    name: str,
    entry: model.Entry,
    action: str,
    unplanned: bool,
) -> Iterator[Step]:
    use = model.USES[action]
    optional = "" if wave.critical and entry.critical else " (optional)"
    if entry.needs:
        yield Step(f"{name} needs {', '.join(entry.needs)} to have moved.")
    yield from _hooks(entry.hooks, "before", use)
    verb = _VERBS[action]
    words = ["openstack", "protector", "protection-group"]
    purpose = "unplanned" if unplanned else verb
    check = [*words, "check", name, "--for", purpose]
    move = [*words, verb, name]
    if unplanned:
        move += ["--type", "unplanned"]
    if action != "failback":
        mapping = merged(plan, wave, entry)
        for source, target in mapping.networks_for(action).items():
            move += ["--network-mapping", f"{source}={target}"]
        for source, target in mapping.flavors.items():
            move += ["--flavor-mapping", f"{source}={target}"]
    move.append("--wait")
    if entry.timeout:
        move += ["--timeout", f"{entry.timeout:g}s"]
    yield Step(f"Move {name}{optional}:", (_shell(check), _shell(move)))
    for probe in (*wave.probes, *entry.probes):
        yield Step(f"{name} answers: {probe}")
    yield from _hooks(entry.hooks, "after", use)


def markdown(title: str, found: list[Chapter]) -> str:
    """Write a runbook as Markdown."""
    lines = [f"# {_md(title)}", ""]
    for number, chapter in enumerate(found, 1):
        lines += [f"## {number}. {_md(chapter.title)}", ""]
        lines += [f"{_md(note)}  " for note in chapter.notes]
        lines.append("")
        for step in chapter.steps:
            lines.append(f"- [ ] {_md(step.text)}")
            for command in step.commands:
                lines += ["", "      " + escaped(command)]
            if step.commands:
                lines.append("")
        lines.append("")
    return "\n".join(lines)


def _md(text: str) -> str:
    """Escape what Markdown, or HTML in it, would read as markup."""
    clean = escaped(text)
    return "".join(
        f"\\{sign}" if sign in "\\`*_{}[]<>#|!~&" else sign for sign in clean
    )


def as_html(title: str, found: list[Chapter]) -> str:
    """Write a runbook as one page of HTML, without anything from
    elsewhere."""
    lines = [
        "<!DOCTYPE html>",
        '<html lang="en"><head><meta charset="utf-8">',
        f"<title>{_tag(title)}</title>",
        "<style>body{font-family:sans-serif;max-width:60em;margin:2em auto;"
        "padding:0 1em}pre{background:#eee;color:#000;padding:.5em;"
        "overflow-x:auto;white-space:pre-wrap}</style></head><body>",
        f"<h1>{_tag(title)}</h1>",
    ]
    for number, chapter in enumerate(found, 1):
        lines.append(f"<h2>{number}. {_tag(chapter.title)}</h2>")
        lines += [f"<p>{_tag(note)}</p>" for note in chapter.notes]
        lines.append("<ol>")
        for step in chapter.steps:
            commands = "".join(
                f"<pre>{_tag(command)}</pre>" for command in step.commands
            )
            lines.append(f"<li>{_tag(step.text)}{commands}</li>")
        lines.append("</ol>")
    lines.append("</body></html>")
    return "\n".join(lines) + "\n"


def _tag(text: str) -> str:
    return html.escape(escaped(text))
