"""``protector operation wait``: stay until operations have ended."""

from __future__ import annotations

import argparse

from protectorclient.osc import columns, options
from protectorclient.osc.v1 import _following
from protectorclient.osc.v1 import operation as operations


class WaitOperation(_following.Following, operations.ShowOperation):
    """Wait until an operation has ended, and show it

    Progress goes to stderr, and the exit status tells how it ended.
    """

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        options.add_timeout(parser)

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Output:
        operation, site = self.find(parsed_args.operation)
        operation = self.follow(operation, site, parsed_args.timeout)
        return operations.shown(self, parsed_args, operation, site)
