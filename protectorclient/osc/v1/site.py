"""``protector site``: manage the records of the two sites."""

from __future__ import annotations

import argparse
from typing import Any

from protectorclient import exceptions
from protectorclient.escape import protector
from protectorclient.exit_codes import ExitCode
from protectorclient.osc import columns, command, options, prompts, waits
from protectorclient.osc.formats import selection

PASSWORD = "the password of the service account"
PEER_PASSWORD = "the password of the account that the other site keeps"
COLUMNS = {
    "ID": "id",
    "Name": "name",
    "Status": "status",
    "Local": "local",
    "Protector URL": "protector_url",
}
LONG_COLUMNS = {
    **COLUMNS,
    "Auth URL": "auth_url",
    "Region": "region_name",
    "Array": "array_name",
    "Description": "description",
}
TYPE_COLUMNS = {
    "ID": "id",
    "Name": "name",
    "Replicated": "replication_enabled",
    "Replication Type": "replication_type",
}
CHECK_COLUMNS = {
    "Asked": "asked",
    "Check": "name",
    "Result": "result",
    "Detail": "detail",
}
#: option, what it is, whether a new site needs it
FIELDS = (
    ("auth-url", "Keystone's URL", True),
    ("protector-url", "The protector service's URL", True),
    ("array-name", "Name of the FlashArray", True),
    (
        "volume-backend-host",
        "Cinder's host of the array's pool, such as host@backend#pool",
        True,
    ),
    ("username", "Name of the service account", True),
    ("project-name", "Project of the service account", True),
    ("user-domain-name", "Domain of the service account", False),
    ("project-domain-name", "Domain of its project", False),
    ("region-name", "Region", False),
    (
        "interface",
        "With which the services read the site's catalog: public (the "
        "default), internal or admin",
        False,
    ),
    ("description", "Description", False),
)
CHOICES = {"interface": ("public", "internal", "admin")}


class ListSite(command.Lister):
    """List the sites that the configured cloud knows"""

    uses_session = True

    prefixes = {"marker": "site"}

    nouns = "sites"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        options.add_long(parser)
        options.add_paging(parser)

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Output:
        sites = self.client.sites.list(
            limit=parsed_args.limit, marker=parsed_args.marker
        )
        return columns.listed(
            [site.to_dict() for site in sites],
            LONG_COLUMNS if parsed_args.long else COLUMNS,
        )


class ShowSite(command.ShowOne):
    """Show a site as the configured cloud knows it"""

    uses_session = True

    prefixes = {"site": "site"}

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        _add_site(parser)

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Output:
        return columns.shown(self.client.sites.find(parsed_args.site))


class CreateSite(command.ShowOne):
    """Register a site at both protector services (admin only)

    A pair needs both of its sites registered at both services. With
    --peer-username the other site uses an account of its own, which needs
    no admin role; without it both use the same one. The passwords are read
    from a file, standard input or an environment variable, or asked for on
    a terminal.
    """

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "name", metavar="<name>", help="Name of the new site"
        )
        _add_fields(parser, new=True)

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Output:
        from protectorclient.records.site import Site

        selection.check_record(parsed_args, Site)
        password = prompts.secret(
            parsed_args, "password", PASSWORD, needed=True
        )
        peers = _peer_account(parsed_args, new=True)
        made = self.pair.create_site(
            parsed_args.name,
            password=password or "",
            **peers,
            **_given(parsed_args),
        )
        return columns.shown(made)


class SetSite(command.ShowOne):
    """Change a site's record at both protector services (admin only)

    The options that are given are changed, the rest stays. --username and
    the password belong to the account that the site's own service uses;
    --peer-username and --peer-password-env to the account that the other
    site uses, even if both are one account.
    """

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        _add_site(parser)
        parser.add_argument("--name", metavar="<name>", help="New name")
        _add_fields(parser, new=False)

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Output:
        from protectorclient.records.site import Site

        selection.check_record(parsed_args, Site)
        changes = _given(parsed_args)
        if parsed_args.name is not None:
            changes["name"] = parsed_args.name
        password = prompts.secret(
            parsed_args, "password", PASSWORD, needed=False
        )
        if password is not None:
            changes["password"] = password
        peers = _peer_account(parsed_args, new=False)
        if not changes and not peers:
            raise exceptions.UsageProblem("there is nothing to change")
        made = self.pair.update_site(parsed_args.site, **changes, **peers)
        own = "username" in changes or "password" in changes
        if own and not peers:
            self.info(
                "The account that the other site keeps is unchanged. Where it"
                " is the same one, change it, too:"
            )
            self.hint(
                protector(
                    "site set {site}"
                    " --peer-username NAME --peer-password-env VARIABLE",
                    site=parsed_args.site,
                )
            )
        return columns.shown(made)


class DeleteSite(command.Command):
    """Delete sites at both protector services (admin only)"""

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "site", metavar="<site>", nargs="+", help="Sites (name or ID)"
        )

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        self.trouble = waits.each(
            parsed_args.site, self.pair.delete_site, self.explain
        )


class ValidateSite(command.Lister):
    """Check all that a site needs, from both services (admin only)

    Each service stores the status that it finds. The exit status is 3 if a
    check fails.
    """

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        _add_site(parser)

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Output:
        selection.check_columns(parsed_args, CHECK_COLUMNS)
        rows = []
        answers, errors = self.pair.each(
            lambda handle: handle.client.sites.validate(
                handle.client.sites.find(parsed_args.site)
            )
        )
        for error in errors.values():
            raise error
        for asked, found in answers.items():
            rows += [
                {"asked": asked, **check.to_dict()} for check in found.checks
            ]
            self.info(f"{parsed_args.site} from {asked}: {found.status}")
            if found.status != "active":
                self.outcome = ExitCode.PROBLEM
        if self.outcome is ExitCode.PROBLEM:
            show = protector("site show {site}", site=parsed_args.site)
            self.afterwards.append(lambda: self.next(show))
        return columns.listed(rows, CHECK_COLUMNS)


class ListSiteVolumeType(command.Lister):
    """List the volume types of a site, and which of them replicate"""

    uses_session = True

    prefixes = {"site": "site"}

    nouns = "volume types"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        _add_site(parser)

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Output:
        sites = self.client.sites
        types = sites.volume_types(sites.find(parsed_args.site))
        return columns.listed([it.to_dict() for it in types], TYPE_COLUMNS)


def _add_site(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("site", metavar="<site>", help="Site (name or ID)")


def _add_fields(parser: argparse.ArgumentParser, *, new: bool) -> None:
    for name, what, needed in FIELDS:
        parser.add_argument(
            f"--{name}",
            metavar=f"<{name}>",
            required=new and needed,
            choices=CHOICES.get(name),
            help=what,
        )
    prompts.add_secret(parser, "password", PASSWORD)
    parser.add_argument(
        "--peer-username",
        metavar="<peer-username>",
        help="Name of the account that the other site uses",
    )
    prompts.add_secret(parser, "peer-password", PEER_PASSWORD)


def _peer_account(
    parsed_args: argparse.Namespace, *, new: bool
) -> dict[str, str]:
    """Return the fields that differ at the other site, if any."""
    username = parsed_args.peer_username
    password = prompts.secret(
        parsed_args,
        "peer-password",
        PEER_PASSWORD,
        needed=new and username is not None,
    )
    if new and password is not None and username is None:
        raise exceptions.UsageProblem(
            "the password of the peer's account goes with --peer-username"
        )
    given = {"peer_username": username, "peer_password": password}
    return {name: it for name, it in given.items() if it is not None}


def _given(parsed_args: argparse.Namespace) -> dict[str, Any]:
    """Return the fields that were given, by their names in the API."""
    names = [name.replace("-", "_") for name, _, _ in FIELDS]
    values = {name: getattr(parsed_args, name) for name in names}
    return {name: value for name, value in values.items() if value is not None}
