"""Check the shape of clouds.yaml and the files that belong to it."""

from __future__ import annotations

import dataclasses
import functools
import json
import os
import pathlib
from collections.abc import Mapping
from typing import Any

from protectorclient import exceptions
from protectorclient.config import shape

FILE_VARIABLE = "OS_CLIENT_CONFIG_FILE"
SECURE_VARIABLE = "OS_CLIENT_SECURE_FILE"


@dataclasses.dataclass(frozen=True)
class Files:
    """The contents of the files, as far as they could be read."""

    #: The file with the clouds; None where there is none.
    path: str | None
    clouds: Mapping[str, Any]

    @property
    def known(self) -> str:
        """Return the clouds by name, for a sentence."""
        return ", ".join(sorted(self.clouds)) or "none"


def check(
    named: str | None, *, strict: bool = False
) -> tuple[Files, str | None]:
    """Read clouds.yaml, and look at the shape of the wanted cloud.

    :param named: the cloud; without it the one of ``OS_CLOUD``, or the only
        one of the file.
    :param strict: a file that cannot be read is one that was wanted.
    :returns: what was read, and the cloud that is meant.
    :raises ConfigProblem: what is wrong there, in a sentence.
    """
    name = named or os.environ.get("OS_CLOUD") or None
    files = read(name, strict=strict)
    if name is None and len(files.clouds) == 1 and not _has_variables():
        # openstack.config takes the only one
        name = next(iter(files.clouds))
    if name and name != os.environ.get("OS_CLOUD_NAME", "envvars"):
        check_entry(files, name)
    return files, name


def _has_variables() -> bool:
    """Return whether the environment makes a cloud of its own."""
    return "OS_AUTH_URL" in os.environ


def read(named: str | None, *, strict: bool = False) -> Files:
    """Read clouds.yaml as openstack.config would, and look at its shape.

    :param named: the cloud that is wanted; where none is, a file that
        cannot be read is passed over as openstack.config does.
    :param strict: it is not, even then.
    :returns: the file and its clouds.
    :raises ConfigProblem: what is wrong there, in a sentence.
    """
    from openstack.config import loader

    found = Files(None, {})
    for variable, paths in (
        (FILE_VARIABLE, loader.CONFIG_FILES),
        (SECURE_VARIABLE, loader.SECURE_FILES),
    ):
        given = os.environ.get(variable)
        path = next(filter(os.path.exists, [given or "", *paths]), None)
        if path is None:
            continue
        try:
            data = _parsed(path)
        except exceptions.ConfigProblem:
            if named or strict:
                raise
            continue
        clouds = _clouds(path, data)
        if variable == FILE_VARIABLE:
            found = Files(path, clouds)
        elif named in clouds:
            check_entry(Files(path, clouds), str(named))
    return found


def _check_profile(entry: Mapping[str, Any]) -> None:
    """Look at what an entry takes from the file of vendors' clouds.

    :raises ConfigProblem: what is wrong there, in a sentence.
    """
    from openstack.config import loader

    name = entry.get("profile") or entry.get("cloud")
    path = next(filter(os.path.exists, loader.VENDOR_FILES), None)
    if not name or path is None:
        return
    data = _parsed(path)
    clouds = data.get("public-clouds") if isinstance(data, dict) else data
    if not isinstance(clouds, dict):
        raise exceptions.ConfigProblem(
            f"{path}: 'public-clouds' is {shape.kind(clouds)}: it takes a"
            " mapping of names to what is known of each cloud"
        )
    if name in clouds:
        check_entry(Files(path, clouds), name)


def _parsed(path: str) -> Any:
    try:
        text = pathlib.Path(path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise exceptions.ConfigProblem(
            f"{path} is not UTF-8 text: look at byte {error.start + 1}"
        ) from error
    except OSError as error:
        raise exceptions.ConfigProblem(
            f"{path} cannot be read: {error.strerror or error}"
        ) from error
    import yaml  # type: ignore[import-untyped]

    try:
        return _loaded(text, path.endswith("json"))
    except json.JSONDecodeError as error:
        what, line = f"JSON: {error.msg}", error.lineno
    except RecursionError as error:
        raise exceptions.ConfigProblem(
            f"{path} is nested too deeply: it takes clouds, each a mapping"
        ) from error
    except (yaml.YAMLError, ValueError) as error:
        what, line = _yaml_problem(error, text)
    raise exceptions.ConfigProblem(f"{path}, line {line}: it is not {what}")


@functools.lru_cache(maxsize=2)
def _loaded(text: str, is_json: bool) -> Any:
    """Parse a text; a command asks for the same one several times."""
    import yaml

    return json.loads(text) if is_json else yaml.safe_load(text)


def _yaml_problem(error: Exception, text: str) -> tuple[str, int]:
    mark = getattr(error, "problem_mark", None)
    line = mark.line + 1 if mark else 1
    position = getattr(error, "position", None)
    if isinstance(position, int):
        line = text.count("\n", 0, position) + 1
    said = getattr(error, "problem", None) or getattr(error, "reason", None)
    said = " ".join(str(said or error).split())
    if "\\t" in said:
        said += "; YAML takes spaces, no tabs"
    return f"valid YAML: {said}", line


def _clouds(path: str, data: Any) -> Mapping[str, Any]:
    """Return the clouds of a file, or raise what is wrong with it."""
    if not isinstance(data, dict):
        what = "is empty" if data is None else f"holds {shape.kind(data)}"
        raise exceptions.ConfigProblem(
            f"{path} {what}: it takes a mapping with 'clouds'"
        )
    for section, keys in shape.SECTIONS.items():
        part = data.get(section, {})
        if not isinstance(part, dict):
            raise exceptions.ConfigProblem(
                f"{path}: '{section}' is {shape.kind(part)}:"
                " it takes a mapping"
            )
        _check_keys(part, f"{path}: '{section}'")
        _check_values(part, f"{path}: '", keys, prefix=f"{section}.")
    clouds = data.get("clouds", {})
    if not isinstance(clouds, dict):
        raise exceptions.ConfigProblem(
            f"{path}: 'clouds' is {shape.kind(clouds)}: it takes a mapping of"
            " names, such as site-a, to what is known of each cloud"
        )
    return {str(name): cloud for name, cloud in clouds.items()}


def _check_keys(part: Mapping[Any, Any], where: str, deep: int = 9) -> None:
    """Refuse a key that is no text, in what is below a mapping too."""
    for key, value in part.items():
        if not isinstance(key, str):
            raise exceptions.ConfigProblem(
                f"{where} has the key {key!r}: a key is text; put it in quotes"
            )
        if isinstance(value, dict) and deep:
            _check_keys(value, where, deep - 1)


def _check_values(
    part: Mapping[str, Any],
    where: str,
    known: Mapping[str, tuple[shape.Check, str]],
    prefix: str = "",
) -> None:
    """Refuse a value that its key does not take."""
    for key, value in part.items():
        check, expected = known.get(key.replace("-", "_"), (None, ""))
        if check is not None and not check(value):
            raise exceptions.ConfigProblem(
                f"{where}{prefix}{key}' is {shape.shown(value, key)}:"
                f" it takes {expected}"
            )


def check_entry(files: Files, name: str) -> None:
    """Look at the shape of one entry.

    :raises ConfigProblem: what is wrong there, in a sentence.
    """
    if name not in files.clouds:
        raise exceptions.ConfigProblem(_no_cloud(files, name))
    entry = files.clouds[name]
    where = f"{files.path}: cloud '{name}'"
    if not isinstance(entry, dict):
        raise exceptions.ConfigProblem(
            f"{where} is {shape.kind(entry)}: it takes a mapping with 'auth'"
        )
    _check_keys(entry, where)
    _check_values(entry, f"{where}: '", shape.KEYS)
    auth = entry.get("auth", {})
    _check_keys(auth, f"{where}: 'auth'")
    for key, value in auth.items():
        if not shape.is_plain(value) and key not in ("auth_methods",):
            raise exceptions.ConfigProblem(
                f"{where}: 'auth.{key}' is {shape.kind(value)}: it takes text"
            )
        if key.replace("-", "_") in shape.TEXTS and not isinstance(
            value, str | None
        ):
            raise exceptions.ConfigProblem(
                f"{where}: 'auth.{key}' is {shape.kind(value)}: put it in"
                " quotes"
            )
    for key in ("auth_url", "auth-url"):
        if key in auth and not shape.is_address(auth[key]):
            raise exceptions.ConfigProblem(
                f"{where}: 'auth.{key}' is {shape.shown(auth[key])}: it takes"
                f" {shape.ADDRESS[1]}"
            )
    _check_profile(entry)


def _no_cloud(files: Files, name: str) -> str:
    given = os.environ.get(FILE_VARIABLE)
    if given and given != files.path:
        return (
            f"there is no cloud '{name}': {FILE_VARIABLE} names {given}, and"
            " there is no such file"
        )
    if files.path is None:
        return (
            f"there is no cloud '{name}', for there is no clouds.yaml here,"
            " in ~/.config/openstack or in /etc/openstack;"
            f" {FILE_VARIABLE} names one anywhere"
        )
    return (
        f"{files.path} has no cloud '{name}'; the clouds in it: {files.known}"
    )
