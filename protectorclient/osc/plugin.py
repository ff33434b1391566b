"""The entry points by which OpenStackClient finds the commands.

Every ``openstack`` command of the machine imports this module, whatever it
goes on to do, so it imports nothing but what is needed to name things.
"""

import argparse
import importlib
import os
from typing import Any

API_NAME = "protector"
API_VERSIONS = ("1",)
#: A group of its own for the command that answers where words name none.
API_EXTENSIONS = ("unknown",)
DEFAULT_API_VERSION = "1"

#: OpenStackClient looks the value of this option up in the configuration and
#: makes the name of the entry point group from it. Were it the microversion
#: option, ``latest`` would make it look for commands in a group that does not
#: exist, and 2.0 by mistake would drop them without a word: so it is a name
#: that nobody sets, and the default above always holds.
API_VERSION_OPTION = "os_protector_command_set"

#: Short nouns, and what they stand for. They are no commands of their own:
#: neither an entry point nor a line of --help or of the completion is spent.
SHORT_NOUNS = {
    "pg": "protection-group",
    "cg": "consistency-group",
    "op": "operation",
}

#: What ``--os-protector-api-version`` takes.
MICROVERSIONS = ("1.0", "1.1", "1.2", "latest")


class CommandStandIn:
    """Stands for a command until it is made; then it is that command.

    cliff loads the class of every entry point before it looks which one is
    typed, whatever that is: to load a hundred modules of ours would make
    each ``openstack`` command slower.
    """

    #: The command's module and class.
    where: tuple[str, str]

    def __new__(
        cls, app: Any, app_args: Any, cmd_name: str | None = None
    ) -> Any:
        return cls.find()(app, app_args, cmd_name)

    # cliff looks here for what it may pass
    def __init__(
        self, app: Any, app_args: Any, cmd_name: str | None = None
    ) -> None:
        """Do nothing: the command is made by now."""

    @classmethod
    def find(cls) -> Any:
        """Import the command; return its class."""
        module, name = cls.where
        return getattr(importlib.import_module(module), name)


class _Place:
    """A module or package of commands, named and not loaded."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __getattr__(self, name: str) -> Any:
        if name[0].isupper():
            where = (self._path, name)
            return type(name, (CommandStandIn,), {"where": where})
        if name.startswith("_"):
            raise AttributeError(name)
        return _Place(f"{self._path}.{name}")


#: What the entry points of the commands name: ``plugin:commands.v1.x.ShowX``
#: is the class ``ShowX`` in ``protectorclient/osc/v1/x.py``.
commands = _Place(__package__)


def make_client(instance: Any) -> Any:
    """Return the client of the configured cloud, for
    ``client_manager.protector``.

    The commands of this plugin talk to two sites and sign in by themselves;
    this one is for other plugins, which find the session already made.
    """
    from protectorclient.v1.client import Client

    options = instance.get_configuration()
    return Client(
        session=instance.session,
        region_name=instance.region_name,
        interface=instance.interface,
        api_version=options.get("protector_microversion") or "auto",
    )


def build_option_parser(
    parser: argparse.ArgumentParser,
) -> argparse.ArgumentParser:
    """Add the global options to the parser of ``openstack``."""
    parser.add_argument(
        "--os-protector-api-version",
        metavar="<protector-api-version>",
        dest="protector_microversion",
        choices=MICROVERSIONS,
        default=os.environ.get("OS_PROTECTOR_API_VERSION"),
        help="Protector API version: 1.0, 1.1, 1.2 or latest; by default the "
        "newest that the client and the site both know "
        "(Env: OS_PROTECTOR_API_VERSION)",
    )
    parser.add_argument(
        "--secondary-cloud",
        metavar="<cloud-config-name>",
        dest="secondary_cloud",
        default=os.environ.get("OS_SECONDARY_CLOUD"),
        help="Name in clouds.yaml of the other site of the pair; by default "
        "protector_secondary_cloud of the configured cloud "
        "(Env: OS_SECONDARY_CLOUD)",
    )
    _check_first(parser)
    return parser


def _spelt_out(words: list[str], ours: bool) -> list[str]:
    """Return the words of a command line with a short noun spelt out.

    :param ours: the words are those after ``protector``.
    """
    place = 1 if words[:1] == ["help"] else 0
    if not ours:
        if words[place : place + 1] != [API_NAME]:
            return words
        place += 1
    noun = SHORT_NOUNS.get(words[place]) if len(words) > place else None
    if noun is None:
        return words
    return [*words[:place], noun, *words[place + 1 :]]


def _check_first(parser: argparse.ArgumentParser) -> None:
    """Look at the words, and at clouds.yaml before OpenStackClient does.

    A short noun is spelt out. The file is read before any command is looked
    for, and what OpenStackClient has to say of one that is wrong is what
    Python says.
    """
    parse = parser.parse_known_args

    def parse_known_args(*args: Any, **keywords: Any) -> Any:
        options, words = parse(*args, **keywords)
        words = _spelt_out(words, parser.prog == API_NAME)
        if words[:1] == [API_NAME]:
            from protectorclient import exceptions
            from protectorclient.config import files

            try:
                files.check(getattr(options, "cloud", None) or None)
            except exceptions.ConfigProblem as problem:
                parser.exit(1, f"{problem}\n")
        return options, words

    parser.parse_known_args = parse_known_args  # type: ignore[method-assign]
