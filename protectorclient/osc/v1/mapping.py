"""``protector mapping``: map networks and flavors to the other site's."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from protectorclient import exceptions
from protectorclient.durations import SITE_GRACE
from protectorclient.escape import at
from protectorclient.exit_codes import ExitCode
from protectorclient.osc import columns, command, options
from protectorclient.osc.v1 import _reads

if TYPE_CHECKING:
    from protectorclient.mapping.forecast import Forecast
    from protectorclient.mapping.suggest import Suggestion
    from protectorclient.pair.reads.groups import Reads
    from protectorclient.pair.site import SiteHandle

#: The rows of the table of checks that are about mappings.
CHECKS = ("networks", "flavors", "flavor-size", "mapping-shared")


class SuggestMapping(command.Command):
    """Suggest a mapping file for a protection group

    Networks are matched by name, then by address range; flavors by name,
    then by the nearest size that fits. The file holds only what the
    group uses, and each line names the reason for its choice. The exit
    status is 3 if there are lines that you have to fill in.
    """

    prefixes = {"protection_group": "group"}

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        options.add_group(parser)

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        from protectorclient.mapping.forecast import Forecast
        from protectorclient.polling import silence
        from protectorclient.preflight.resources import Resources

        located = self.pair.locate(
            parsed_args.protection_group, grace=SITE_GRACE
        )
        speaker = located.current
        if speaker.name not in located.groups:
            speaker = located.other
        forecast = Forecast(
            located.facts(speaker).document(located.group.id),
            located.site_ids[located.current.name],
            located.site_ids[located.other.name],
        )
        target = located.other
        error = located.errors.get(target.name)
        # the target is needed: it has the time that it takes
        excused = (exceptions.NotFound, silence.GraceExceeded)
        if error is not None and not isinstance(error, excused):
            raise error
        resources = Resources(forecast, located.facts(target))
        networks = resources.suggestions("network")
        flavors = resources.suggestions("flavor")
        head = (
            f"{located.group.name}, from {located.current.name} to"
            f" {target.name}"
        )
        for line in _file(head, networks, flavors):
            self.write(line)
        self._count(networks, flavors, forecast, target.name)

    def _count(
        self,
        networks: Sequence[Suggestion],
        flavors: Sequence[Suggestion],
        forecast: Forecast,
        target: str,
    ) -> None:
        suggestions = (*networks, *flavors)
        left = [
            suggestion
            for suggestion in suggestions
            if suggestion.target is None
        ]
        self.app.stdout.flush()
        self.report(
            f"{len(suggestions) - len(left)} of {len(suggestions)} matched for"
            f" {len(forecast.instances)} instances"
        )
        if left:
            self.outcome = ExitCode.PROBLEM
            # what there is to choose from
            for what, some in (("network", networks), ("flavor", flavors)):
                if any(suggestion.target is None for suggestion in some):
                    self.next(at(target, f"{what} list"))


def _file(
    head: str, networks: Iterable[Suggestion], flavors: Iterable[Suggestion]
) -> Iterator[str]:
    """Write a mapping file, with the reasons as comments."""
    yield f"# {head}"
    for title, suggestions in (("networks", networks), ("flavors", flavors)):
        rows = list(suggestions)
        if not any(suggestion.target for suggestion in rows):
            yield f"{title}: {{}}"
        else:
            yield f"{title}:"
        for suggestion in rows:
            source = quoted(suggestion.source.name)
            if suggestion.target is None:
                yield f"  # {source}: ?  # {suggestion.ground}"
            else:
                target = _unique(suggestion)
                yield f"  {source}: {target}  # {suggestion.ground}"
    yield "# only used by test-failover, over networks:"
    yield "test_networks: {}"


def _unique(suggestion: Suggestion) -> str:
    """Return the name of the target; the id if it has none."""
    assert suggestion.target is not None
    return quoted(suggestion.target.name or suggestion.target.id)


def quoted(text: str) -> str:
    """Quote a text for YAML, where it would be read as something else.

    Numbers, booleans and null are quoted.
    """
    import re

    plain = re.fullmatch(r"[A-Za-z][A-Za-z0-9_.-]*", text)
    odd = text.lower() in ("yes", "no", "on", "off", "true", "false", "null")
    if plain and not odd and text.lower() not in ("y", "n"):
        return text
    return json.dumps(text, ensure_ascii=False)


class CheckMapping(command.Lister):
    """Check a mapping file against both sites of a protection group

    The exit status is 3 if there is a problem.
    """

    prefixes = {"protection_group": "group"}

    aliases = columns.CHECK_ALIASES

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        options.add_group(parser)
        parser.add_argument(
            "file", metavar="<file>", help="Mapping file; - is standard input"
        )
        parser.add_argument(
            "--for",
            dest="purpose",
            choices=("failover", "unplanned", "failback", "test-failover"),
            default="failover",
            help="Check the file for this action (default: failover)",
        )

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Output:
        from protectorclient.mapping import files
        from protectorclient.osc.v1 import _findings
        from protectorclient.preflight import run

        wanted = run.Parameters(mapping_file=files.load(parsed_args.file))
        report = run.run_checks(
            self.pair,
            parsed_args.protection_group,
            parsed_args.purpose,
            wanted,
            only=CHECKS,
        )
        self.outcome = run.exit_code(report.findings)
        for warning in report.warnings:
            self.warn(warning)
        _findings.report_below(self, parsed_args, [report])
        return _findings.output(report.findings, parsed_args.formatter)


class ShowMapping(command.Command):
    """Show the mapping that an operation was started with

    The output is a mapping file with ids, and with names where both sites
    know them.
    """

    prefixes = {"operation": "operation"}

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        options.add_sites(parser)
        parser.add_argument(
            "operation", metavar="<operation>", help="Operation (ID)"
        )

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        from protectorclient.pair.moves import last_mapping

        reads = self.reads(parsed_args)
        found = _reads.warned(self, reads.operation(parsed_args.operation))
        operation, site = found.value, found.site
        used = last_mapping.of(operation, site.name)
        known = self._names(
            reads, networks=bool(used.networks), flavors=bool(used.flavors)
        )
        self.write(
            f"# {operation.operation_type} {operation.id}, begun at"
            f" {site.name}"
        )
        for title, mapping in (
            ("networks", used.networks),
            ("flavors", used.flavors),
        ):
            if not mapping:
                self.write(f"{title}: {{}}")
                continue
            self.write(f"{title}:")
            names = known[title]
            for source, target in mapping.items():
                told = f"{names.get(source)} -> {names.get(target)}"
                whole = source in names and target in names
                note = f"  # {told}" if whole else ""
                self.write(f"  {quoted(source)}: {quoted(target)}{note}")

    def _names(
        self, reads: Reads, **wanted: bool
    ) -> dict[str, dict[str, str]]:
        """Fetch names by id, of networks and flavors, from the sites."""

        def ask(handle: SiteHandle) -> dict[str, list[dict[str, Any]]]:
            lists: dict[str, Callable[[], list[dict[str, Any]]]] = {
                "networks": handle.finder.networks,
                "flavors": handle.finder.flavors,
            }
            return {what: lists[what]() for what in lists if wanted[what]}

        found: dict[str, dict[str, str]] = {what: {} for what in wanted}
        if not any(wanted.values()):
            return found
        told, errors = reads.each(ask)
        for error in errors.values():
            self.warn(f"names are missing: {error}")
        for lists in told.values():
            for what, things in lists.items():
                found[what] |= {
                    str(it.get("id")): str(it.get("name")) for it in things
                }
        return found
