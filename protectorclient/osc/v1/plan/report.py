"""``protector plan report``."""

from __future__ import annotations

import argparse
import pathlib

from protectorclient.osc import columns, command
from protectorclient.osc.v1.evidence import options, report
from protectorclient.osc.v1.plan import options as plan_options


class ReportPlan(command.ShowOne):
    """Write the report of a run of a plan from its journal

    The journal is read, and both sites are asked for the operations that it
    names; a site that does not answer leaves gaps in the report. The exit
    status is 5 while the run goes on; what the report says does not change
    it.
    """

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        plan_options.add_journal(parser)
        options.add_report(parser, options.DIRECTORY)

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Output:
        from protectorclient.evidence.sources import of_plan

        run = of_plan.read(pathlib.Path(parsed_args.journal))
        writer = options.writer(parsed_args)
        assert writer is not None
        if run.state.drill is not None:
            from protectorclient.drill import record as drills

            record = drills.of_journal(self.pair, run.path)
        else:
            record = of_plan.fill(self.pair, run)
        return report.show(writer.write(self, record))
