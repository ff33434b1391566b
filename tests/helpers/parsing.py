"""Whether what is printed to be typed can be: the real parsers say."""

from __future__ import annotations

import contextlib
import importlib
import io
import re
import shlex
import warnings

#: commands of others, and the class that parses each
OTHERS = {
    "flavor list": "openstackclient.compute.v2.flavor:ListFlavor",
    "network list": "openstackclient.network.v2.network:ListNetwork",
    "project list": "openstackclient.identity.v3.project:ListProject",
    "quota set": "openstackclient.common.quota:SetQuota",
    "server delete": "openstackclient.compute.v2.server:DeleteServer",
    "server list": "openstackclient.compute.v2.server:ListServer",
    "catalog list": "openstackclient.identity.v3.catalog:ListCatalog",
    "server start": "openstackclient.compute.v2.server:StartServer",
    "server stop": "openstackclient.compute.v2.server:StopServer",
    "token issue": "openstackclient.identity.v3.token:IssueToken",
    "volume delete": "openstackclient.volume.v3.volume:DeleteVolume",
    "volume type list": "openstackclient.volume.v3.volume_type:ListVolumeType",
    "volume type set": "openstackclient.volume.v3.volume_type:SetVolumeType",
}
#: what is not a command of OpenStack: whole lines
SHELL = re.compile(
    r"curl https?://\S+/|systemctl (status|restart) protector-engine"
    r"|journalctl -u protector-engine -n 100"
)
#: how a line begins that somebody will copy
PROGRAMS = ("openstack ", "protector ", "curl ", "systemctl ", "journalctl ")


def commands_of(err: str) -> list[str]:
    """The lines on stderr that are commands; in no other line is one."""
    found = []
    for line in err.splitlines():
        if line.startswith(PROGRAMS) and not line.startswith("protector: "):
            found.append(line)
        else:
            assert not re.search(r"openstack (--\S+ \S+ )*protector ", line)
            assert "hint: openstack" not in line, line
    return found


def parses(line: str) -> None:
    """Fails where a line is not one command that its shell takes.

    Its options and names are taken; nothing is run.
    """
    assert "\n" not in line and "\\\n" not in line
    if SHELL.fullmatch(line):
        return
    words = shlex.split(line)
    # a comment, a prefix or a full stop would be a word too many
    program, *words = words
    assert program in ("openstack", "protector"), line
    given, words = _global(words)
    if program == "openstack" and words[0] != "protector":
        _others(words, line)
        return
    if program == "openstack":
        words = words[1:]
    from protectorclient.shell import ProtectorShell

    shell = ProtectorShell()
    shell.parser.parse_args(given)
    factory, name, rest = shell.command_manager.find_command(words)
    _parse(factory(shell, None).get_parser(name), rest, line)


def _global(words: list[str]) -> tuple[list[str], list[str]]:
    at = 0
    while words[at].startswith("--"):
        at += 2
    return words[:at], words[at:]


def _others(words: list[str], line: str) -> None:
    for count in (3, 2):
        place = OTHERS.get(" ".join(words[:count]))
        if place is not None:
            module, _, name = place.partition(":")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = getattr(importlib.import_module(module), name)
            parser = found(None, None).get_parser(" ".join(words[:count]))
            _parse(parser, words[count:], line)
            return
    raise AssertionError(f"nobody parses this: {line}")


def _parse(parser: object, words: list[str], line: str) -> None:
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
        try:
            parser.parse_args(words)  # type: ignore[attr-defined]
        except SystemExit as end:
            assert end.code == 0, (line, said.getvalue())
