"""The shell of ``protector``: the same commands, without OpenStackClient.

It reads the same entry points and takes the same global options, but loads
one command instead of all those of OpenStackClient, and leaves signing in
to the command, which knows the site that it needs.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import importlib.metadata
import logging
import os
import sys
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from cliff import app, commandmanager
from stevedore import extension

from protectorclient.osc import plugin
from protectorclient.osc.private_parts import options_of
from protectorclient.osc.script import entry_points

if TYPE_CHECKING:
    from cliff import command as cliff_command
    from openstack.config import loader

GROUP = "openstack.protector.v1"
NOUN = "protector "
DESCRIPTION = (
    "Site recovery for OpenStack, from both sites of a pair. In place of"
    " protection-group, consistency-group and operation, pg, cg and op do"
)
LEVELS = {0: logging.ERROR, 1: logging.WARNING, 2: logging.INFO}

#: Global options: name, where it goes, what it is.
OPTIONS = (
    ("cloud", "cloud", "Cloud name in clouds.yaml"),
    ("region-name", "region_name", "Region name"),
    ("cacert", "cacert", "CA certificate bundle file"),
    ("cert", "cert", "Client certificate bundle file"),
    ("key", "key", "Client certificate key file"),
    ("default-domain", "default_domain", "Default domain ID"),
    ("auth-type", "auth_type", "Authentication type"),
)
#: The authentication options that nearly every cloud makes do with. Others
#: are learnt from keystoneauth's plugins once one of them is given: to ask
#: all the plugins costs more than most commands do.
AUTH_OPTIONS = (
    "application-credential-id",
    "application-credential-name",
    "application-credential-secret",
    "auth-url",
    "domain-id",
    "domain-name",
    "endpoint",
    "passcode",
    "password",
    "project-domain-id",
    "project-domain-name",
    "project-id",
    "project-name",
    "system-scope",
    "token",
    "trust-id",
    "user-domain-id",
    "user-domain-name",
    "user-id",
    "username",
)
#: Variables that are read elsewhere and say nothing of authentication.
OTHER_VARIABLES = frozenset(
    {
        "OS_CLIENT_CONFIG_FILE",
        "OS_CLIENT_SECURE_FILE",
        "OS_CLOUD_NAME",
        "OS_IDENTITY_API_VERSION",
        "OS_INTERFACE",
        "OS_PROTECTOR_API_VERSION",
        "OS_SECONDARY_CLOUD",
        "OS_ENDPOINT_TYPE",
    }
)


#: The exit status of a command line that makes no sense.
USAGE = 2

Select = Callable[..., Iterable[importlib.metadata.EntryPoint]]


class _LogFile(logging.FileHandler):
    """A log file whose failure does not end the command."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Print no traceback of it."""

    def close(self) -> None:
        """Close it, and drop what is buffered and cannot be written."""
        with contextlib.suppress(OSError):
            super().close()


class Commands(commandmanager.CommandManager):
    """The commands by name, each loaded when it is called for.

    :param select: the entry points of a group.
    """

    def __init__(self, select: Select) -> None:
        self._select = select
        super().__init__(GROUP)

    def load_commands(self, namespace: str) -> None:
        self.group_list.append(namespace)
        for entry_point in self._select(group=namespace):
            name = entry_point.name.replace("_", " ").removeprefix(NOUN)
            self.commands[name] = entry_point


class ProtectorShell(app.App):
    """One run of ``protector``."""

    NAME = "protector"
    LOG = logging.getLogger("protector")

    #: Whether a read may leave keystoneauth unloaded: nothing else has
    #: loaded it.
    is_quick = True
    #: The command that was found, and may not have begun yet.
    command: cliff_command.Command | None = None
    _nothing_asked = False

    def __init__(self) -> None:
        self._points = entry_points.found()
        super().__init__(
            description=DESCRIPTION,
            version=_version(),
            command_manager=Commands(self._select),
            deferred_help=True,
        )

    def _select(self, group: str) -> Iterable[importlib.metadata.EntryPoint]:
        """Return the entry points of a group, all of which were read once."""
        return self._points.get(group, ())

    def build_option_parser(
        self,
        description: str | None,
        version: str | None,
        argparse_kwargs: dict[str, Any] | None = None,
    ) -> argparse.ArgumentParser:
        parser = super().build_option_parser(
            description, version, {"prog": self.NAME}
        )
        for name, dest, text in OPTIONS:
            _add_option(parser, name, dest, f"{text} ")
        _add_option(
            parser,
            "interface",
            "interface",
            "Interface type: admin, public or internal ",
            choices=("admin", "public", "internal"),
        )
        verify = parser.add_mutually_exclusive_group()
        verify.add_argument(
            "--verify",
            action="store_true",
            default=None,
            help="Verify the server's certificate (default)",
        )
        verify.add_argument(
            "--insecure",
            action="store_true",
            default=None,
            help="Do not verify the server's certificate",
        )
        _add_auth_options(parser, AUTH_OPTIONS)
        return plugin.build_option_parser(parser)

    def configure_logging(self) -> None:
        """Warnings to stderr, more with -v, everything with --debug."""
        root = logging.getLogger("")
        root.setLevel(logging.DEBUG)
        level = LEVELS.get(self.options.verbose_level, logging.DEBUG)
        if self.options.debug:
            level = logging.DEBUG
        if level > logging.INFO and not sys.warnoptions:
            # what libraries say to programmers; OpenStackClient hides it, too
            warnings.simplefilter("ignore", append=True)
        handlers: list[logging.Handler] = [logging.StreamHandler(self.stderr)]
        if self.options.log_file:
            handlers += self._log_file(self.options.log_file)
        for handler in handlers:
            handler.setLevel(level)
            root.addHandler(handler)
        for name in ("cliff", "stevedore", "iso8601", "requests"):
            logging.getLogger(name).setLevel(logging.ERROR)
        # it masks the whole configuration for a line that nobody reads
        quiet = logging.NOTSET if self.options.debug else logging.INFO
        logging.getLogger("osc_lib").setLevel(quiet)

    def _log_file(self, path: str) -> list[logging.Handler]:
        """Open the log file; a failure is a warning only."""
        try:
            return [_LogFile(path)]
        except OSError as error:
            self.stderr.write(
                f"warning: --log-file: {path} cannot be written:"
                f" {error.strerror or error}\n"
            )
            return []

    def run(self, argv: Sequence[str]) -> int:
        arguments = list(argv)
        if _is_unusual(arguments, self.parser):
            _add_auth_options(self.parser, _all_auth_options())
        status = super().run(arguments)
        return USAGE if self._nothing_asked else status

    def print_help_if_requested(self) -> None:
        if self.options.deferred_help:
            from protectorclient.osc.script import help as script_help

            script_help.show(self)

    def run_subcommand(self, argv: list[str]) -> int:
        """Run a command; one that does not exist is a usage error."""
        try:
            self.command_manager.find_command(argv)
        except ValueError:
            return self._unknown(argv)
        if argv[:1] == ["complete"]:
            from protectorclient.osc.script.help import Complete

            self.command_manager.add_command("complete", Complete)
        if argv[:1] == ["help"] and not self._has_help(argv[1:]):
            return self._unknown(argv[1:])
        return super().run_subcommand(argv)

    def _unknown(self, argv: Sequence[str]) -> int:
        from protectorclient.osc import unknown

        words = list(argv)
        if len(words) > 1 and words[0] == self.NAME:
            # as after "openstack"
            del words[0]
        names = (name for name, _ in self.command_manager)
        for line in unknown.correction(self.NAME, words, names):
            self.stderr.write(f"{line}\n")
        return USAGE

    def _has_help(self, argv: Sequence[str]) -> bool:
        """Return whether cliff has help for the words after ``help``."""
        words = [word for word in argv if not word.startswith("-")]
        try:
            if words:
                self.command_manager.find_command(words)
        except ValueError:
            start = " ".join(words)
            return any(
                name.startswith(start) for name, _ in self.command_manager
            )
        return True

    def prepare_to_run_command(self, cmd: cliff_command.Command) -> None:
        self.command = cmd

    @property
    def has_begun(self) -> bool:
        """Return whether a command runs, which prints how it ends."""
        return getattr(self.command, "parsed", None) is not None

    def interact(self) -> None:
        """Without a command, list the commands, and end."""
        self._nothing_asked = True
        from protectorclient.osc import unknown

        names = (name for name, _ in self.command_manager)
        lines = unknown.listing(self.NAME, names)
        lines[-1] = (
            f"See '{self.NAME} <command> --help', and '{self.NAME} --help' for"
            " the options."
        )
        self.stderr.write("".join(f"{line}\n" for line in lines))

    @functools.cached_property
    def cloud_config(self) -> loader.OpenStackConfig:
        """Return the configured clouds, as OpenStackClient reads them."""
        from osc_lib.cli import client_config

        return client_config.OSC_Config(
            pw_func=_ask_password,
            override_defaults={"interface": "public", "auth_type": "password"},
        )

    def load_formatters(
        self, namespace: str
    ) -> extension.ExtensionManager[Any]:
        """Return the output formats, from the entry points already read."""
        return extension.ExtensionManager.make_test_instance(
            [
                extension.Extension(point.name, point, made, made())
                for point in self._select(group=namespace)
                for made in [point.load()]
            ],
            namespace=namespace,
        )

    def load_completions(self) -> extension.ExtensionManager[Any]:
        """Return the shells that are completed, from the same."""
        namespace = "cliff.formatter.completion"
        return extension.ExtensionManager.make_test_instance(
            [
                extension.Extension(point.name, point, point.load(), None)
                for point in self._select(group=namespace)
            ],
            namespace=namespace,
        )

    def has_hooks(self, command: str | None) -> bool:
        """Return whether another package hooks into a command."""
        name = (command or "").replace(" ", "_")
        return any(self._select(group=f"{GROUP}.{name}"))


def _add_option(
    parser: argparse.ArgumentParser,
    name: str,
    dest: str,
    text: str,
    choices: Sequence[str] | None = None,
) -> None:
    variable = "OS_" + name.upper().replace("-", "_")
    parser.add_argument(
        f"--os-{name}",
        metavar=f"<{name}>",
        dest=dest,
        choices=choices,
        default=os.environ.get(variable),
        help=f"{text}(Env: {variable})",
    )


def _add_auth_options(
    parser: argparse.ArgumentParser, names: Iterable[str]
) -> None:
    for name in names:
        if f"--os-{name}" not in options_of(parser):
            _add_option(parser, name, name.replace("-", "_"), "")


def _is_unusual(argv: list[str], parser: argparse.ArgumentParser) -> bool:
    """Return whether the short list of authentication options will not do."""
    known = set(options_of(parser))
    given = {word.partition("=")[0] for word in argv}
    if any(word.startswith("--os-") for word in given - known):
        return True
    variables = {
        "OS_" + option.removeprefix("--os-").upper().replace("-", "_")
        for option in known
        if option.startswith("--os-")
    }
    return any(
        name.startswith("OS_") and name not in variables | OTHER_VARIABLES
        for name in os.environ
    )


def _all_auth_options() -> list[str]:
    from keystoneauth1.loading import base

    return sorted(
        {
            option.name.lower().replace("_", "-")
            for name in base.get_available_plugin_names()
            for option in base.get_plugin_options(name)
            if "tenant" not in option.name
        }
    )


def _ask_password(prompt: str | None = None) -> str:
    """Ask for a password on a terminal.

    :raises MissingRequiredOptions: there is nobody to ask.
    """
    with contextlib.suppress(EOFError):
        if sys.stdin is not None and sys.stdin.isatty():
            import getpass

            return getpass.getpass(prompt or "Password: ")
    from keystoneauth1 import exceptions, loading

    name = "passcode" if "passcode" in (prompt or "").lower() else "password"
    raise exceptions.MissingRequiredOptions([loading.Opt(name)])


def _version() -> str:
    try:
        return importlib.metadata.version("python-protectorclient")
    except importlib.metadata.PackageNotFoundError:
        return "unknown"
