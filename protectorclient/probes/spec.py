"""Parse what is probed: the text of ``--probe``, and files of them."""

from __future__ import annotations

import dataclasses
import fnmatch
import pathlib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from protectorclient import exceptions

#: Of a text that is looked for, in characters.
_LONGEST = 1000
_KIND = re.compile(
    r"(?P<kind>tcp|http|https|https\+insecure):(?P<rest>.*)"
    r"|console=(?P<text>.*)",
    re.DOTALL,
)
#: A member's name as a shell pattern, and the probe behind it.
_FOR = re.compile(
    r"(?P<members>[^=]+)="
    r"(?P<probe>(?:tcp|https?|https\+insecure):.*|console=.*)",
    re.DOTALL,
)
_WEB = re.compile(
    r"(?:(?P<host>[A-Za-z0-9.-]*[A-Za-z.-][A-Za-z0-9.-]*):)?"
    r"(?P<port>\d+)(?P<path>/[^=]*)?(?:=(?P<text>.*))?",
    re.DOTALL,
)
FORMS = (
    "tcp:PORT, http:PORT/PATH[=TEXT], https:PORT/PATH[=TEXT],"
    " https+insecure:PORT/PATH[=TEXT] or console=TEXT"
)


@dataclasses.dataclass(frozen=True)
class Probe:
    """One question to the application of some members."""

    #: As it was written, without the members.
    text: str
    #: ``tcp``, ``http``, ``https``, ``console``.
    kind: str
    #: The members that are asked, as a shell pattern of their names.
    members: str = "*"
    port: int = 0
    path: str = "/"
    #: Must be in the answer; empty for any.
    wanted: str = ""
    #: The name in the request and on the certificate; empty for the address.
    host: str = ""
    #: Whether the certificate is not checked.
    insecure: bool = False

    def fits(self, member: str) -> bool:
        """Return whether a member is asked."""
        return fnmatch.fnmatchcase(member, self.members)


def parse(text: str) -> Probe:
    """Parse a probe; members may stand before it: ``web-*=tcp:443``.

    :raises UsageProblem: it is none.
    """
    found = _KIND.fullmatch(text)
    if found is not None:
        return _made(text, found, "*")
    split = _FOR.fullmatch(text)
    if split is None:
        raise _wrong(text, f"it is not {FORMS}")
    probe = split["probe"]
    found = _KIND.fullmatch(probe)
    assert found is not None
    return _made(probe, found, split["members"])


def parse_all(texts: Iterable[str]) -> tuple[Probe, ...]:
    """Parse several probes; one that is there twice is asked once.

    :raises UsageProblem: one of them is none.
    """
    return tuple(dict.fromkeys(parse(text) for text in texts))


def _made(text: str, found: re.Match[str], members: str) -> Probe:
    if found["kind"] is None:
        if not found["text"]:
            raise _wrong(text, "console= needs a text to look for")
        return Probe(text, "console", members, wanted=_bounded(text, found))
    kind, rest = found["kind"], found["rest"]
    insecure = kind.endswith("+insecure")
    if kind == "tcp":
        if not rest.isascii() or not rest.isdigit():
            raise _wrong(text, "tcp: needs a port")
        return Probe(text, kind, members, port=_port(text, rest))
    web = _WEB.fullmatch(rest)
    if web is None:
        raise _wrong(text, f"it is not {kind}:[NAME:]PORT/PATH[=TEXT]")
    path = web["path"] or "/"
    if not path.isascii() or not path.isprintable() or " " in path:
        raise _wrong(text, "the path has a character that no URL has")
    return Probe(
        text,
        "https" if insecure else kind,
        members,
        port=_port(text, web["port"]),
        path=path,
        wanted=_bounded(text, web),
        host=web["host"] or "",
        insecure=insecure,
    )


def _port(text: str, digits: str) -> int:
    port = int(digits) if len(digits) < 6 else 0
    if not 0 < port < 65536:
        raise _wrong(text, "a port is a number from 1 to 65535")
    return port


def _bounded(text: str, found: re.Match[str]) -> str:
    wanted = found["text"] or ""
    if len(wanted) > _LONGEST:
        raise _wrong(text, f"it looks for more than {_LONGEST} characters")
    return wanted


def _wrong(text: str, why: str) -> exceptions.UsageProblem:
    return exceptions.UsageProblem(f"probe '{text[:60]}': {why}")


def load(path: str) -> tuple[Probe, ...]:
    """Read a file of probes, as YAML or JSON.

    A mapping of members, as a shell pattern, to a probe or a list of them.

    :raises UsageProblem: it cannot be read, or has something else.
    """
    try:
        text = pathlib.Path(path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise exceptions.UsageProblem(f"{path}: it is not UTF-8") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise exceptions.UsageProblem(f"{path}: {why}") from error
    return _entries(_yaml(text, path), path)


def _yaml(text: str, path: str) -> Any:
    import yaml  # type: ignore[import-untyped]

    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        said = " ".join(str(error).split())
        raise exceptions.UsageProblem(
            f"{path}: it is neither YAML nor JSON: {said}"
        ) from error
    except (AttributeError, KeyError, TypeError) as error:
        raise exceptions.UsageProblem(
            f"{path}: a tag does not fit its value"
        ) from error


def _entries(found: Any, path: str) -> tuple[Probe, ...]:
    if not isinstance(found, Mapping) or not found:
        raise exceptions.UsageProblem(
            f"{path}: it must be lines of MEMBERS: PROBE, such as"
            " 'web-*: tcp:443'"
        )
    probes = []
    for members, given in found.items():
        for text in given if isinstance(given, list) else [given]:
            if not isinstance(text, str) or not isinstance(members, str):
                raise exceptions.UsageProblem(
                    f"{path}: {str(members)[:60]!r} must have a probe, or a"
                    f" list of them: {FORMS}"
                )
            kind = _KIND.fullmatch(text)
            try:
                if kind is None:
                    raise _wrong(text, f"it is not {FORMS}")
                probes.append(_made(text, kind, members))
            except exceptions.UsageProblem as error:
                raise exceptions.UsageProblem(
                    f"{path}: {error.message}"
                ) from None
    return tuple(dict.fromkeys(probes))
