"""``--isolated``: what does not go with networks without a router."""

from __future__ import annotations

import argparse

from protectorclient import exceptions


def refuse(parsed_args: argparse.Namespace) -> None:
    """Refuse what cannot be used in networks without a router.

    :raises UsageProblem: there is such an option.
    """
    if parsed_args.network_mapping:
        raise exceptions.UsageProblem(
            "--network-mapping does not go with --isolated: the test gets"
            " networks of its own"
        )
    from protectorclient.probes import spec

    given = list(spec.parse_all(parsed_args.probe))
    if parsed_args.probe_file:
        given += spec.load(parsed_args.probe_file)
    for one in given:
        if one.kind != "console":
            raise exceptions.UsageProblem(
                f"the probe {one.text} does not go with --isolated: its"
                " networks have no router; use console=TEXT, or"
                " --verify-command of drill run"
            )
