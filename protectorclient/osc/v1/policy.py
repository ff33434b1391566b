"""``protector policy``: manage the replication of a protection group."""

from __future__ import annotations

import argparse

from protectorclient import exceptions
from protectorclient.osc import columns, command, options, prompts
from protectorclient.osc.formats import selection
from protectorclient.osc.v1 import _reads

PRIMARY_TOKEN = "the API token of the FlashArray at the primary site"
SECONDARY_TOKEN = "the API token of the FlashArray at the secondary site"
#: What is given where something is to change.
FIELDS = (
    "primary_fa_url",
    "secondary_fa_url",
    "primary_fa_api_token_file",
    "primary_fa_api_token_env",
    "secondary_fa_api_token_file",
    "secondary_fa_api_token_env",
    "replication_interval",
    "rpo_minutes",
)


class ShowPolicy(command.ShowOne):
    """Show the replication policy of a protection group

    The command asks both sites, and shows the newer of the two records.
    API tokens are never shown; credentials_set is true if they are stored.
    """

    uses_session = True

    prefixes = {"protection_group": "group"}

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        options.add_sites(parser)
        options.add_group(parser)

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Output:
        wanted = parsed_args.protection_group
        found = _reads.warned(self, self.reads(parsed_args).policy(wanted))
        return columns.shown(found.value)


class SetPolicy(command.ShowOne):
    """Set the replication policy of a protection group

    Options that are not given keep their values. The first policy of a
    group needs both URLs and both API tokens, which are read from a file,
    standard input or an environment variable, or asked for on a terminal.
    """

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        options.add_group(parser)
        parser.add_argument(
            "--primary-fa-url",
            metavar="<url>",
            help="URL of the FlashArray at the primary site",
        )
        parser.add_argument(
            "--secondary-fa-url",
            metavar="<url>",
            help="URL of the FlashArray at the secondary site",
        )
        prompts.add_secret(parser, "primary-fa-api-token", PRIMARY_TOKEN)
        prompts.add_secret(parser, "secondary-fa-api-token", SECONDARY_TOKEN)
        parser.add_argument(
            "--replication-interval",
            metavar="<seconds>",
            type=options.positive,
            help="Time from one replication to the next, in seconds",
        )
        parser.add_argument(
            "--rpo-minutes",
            metavar="<minutes>",
            type=options.positive,
            help="Greatest age of a recovery point, in minutes",
        )

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Output:
        from protectorclient.records.policy import Policy

        selection.check_record(parsed_args, Policy)
        if all(getattr(parsed_args, field) is None for field in FIELDS):
            raise exceptions.UsageProblem("there is nothing to change")
        site, group = self.sites.locate(parsed_args.protection_group)
        policies = site.client.policies
        try:
            old = policies.get(group)
        except exceptions.NotFound:
            old = None
        lacks = "no policy yet"
        if old is not None:
            lacks = "a policy whose URLs the deployment does not show"
        urls = {}
        for field in ("primary_fa_url", "secondary_fa_url"):
            url = getattr(parsed_args, field) or getattr(old, field, None)
            if not url:
                option = "--" + field.replace("_", "-")
                raise exceptions.UsageProblem(
                    f"{group.name} has {lacks}: give {option}"
                )
            urls[field] = url
        policy = policies.set(
            group,
            **urls,
            primary_fa_api_token=prompts.secret(
                parsed_args,
                "primary-fa-api-token",
                PRIMARY_TOKEN,
                needed=old is None,
            ),
            secondary_fa_api_token=prompts.secret(
                parsed_args,
                "secondary-fa-api-token",
                SECONDARY_TOKEN,
                needed=old is None,
            ),
            replication_interval=parsed_args.replication_interval
            or getattr(old, "replication_interval", None),
            rpo_minutes=parsed_args.rpo_minutes
            or getattr(old, "rpo_minutes", None),
        )
        return columns.shown(policy)


class DeletePolicy(command.Command):
    """Delete the replication policy of a protection group"""

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        options.add_group(parser)

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        site, group = self.sites.locate(parsed_args.protection_group)
        site.client.policies.delete(group)
