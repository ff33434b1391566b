"""The entry points by which OpenStackClient finds the commands.

Every ``openstack`` command of the machine imports this module, whatever it
goes on to do, so it imports nothing but what is needed to name things.
"""

import argparse
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
            from protectorclient import config, exceptions

            try:
                config.check(getattr(options, "cloud", None) or None)
            except exceptions.ConfigProblem as problem:
                parser.exit(1, f"{problem}\n")
        return options, words

    parser.parse_known_args = parse_known_args  # type: ignore[method-assign]
