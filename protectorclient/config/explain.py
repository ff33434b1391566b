"""Explain errors of openstack.config and keystoneauth in a sentence."""

from __future__ import annotations

import contextlib
import importlib.metadata
import logging
import os
import re
import string
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

from protectorclient import exceptions
from protectorclient._http.obstacles import certificates
from protectorclient.config import shape
from protectorclient.config.files import Files, check, check_entry, read
from protectorclient.escape import ShellCommand

_UNEXPECTED = re.compile(r"unexpected keyword argument '([^']+)'")
_MISSING = re.compile(r"Missing value ([\w-]+) required")
_NOT_GIVEN = re.compile(r"were not given: (.+)")
_NO_PLUGIN = re.compile(r"[Pp]lugin (\S+) could not be found")
_REQUIRED = re.compile(r"^(\w+) is a required attribute")
_NOT_TYPED = re.compile(r"^No (password) entered")
_REGION = re.compile(
    r"Region (.*) is not a valid region name .* choices are "
    r"(.*)\. Please"
)


@contextlib.contextmanager
def explained(name: str | None) -> Iterator[None]:
    """Turn any error of reading a cloud into a `ConfigProblem`.

    :param name: the entry; without it what ``OS_CLOUD`` or the other
        ``OS_*`` say.
    """
    logger = logging.getLogger("openstack.config")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.filterwarnings("error", message="Couldn't find the vend")
            yield
    except exceptions.ProtectorError:
        raise
    except Exception as error:  # of any kind: nobody has checked the input
        raise problem(error, name) from error
    finally:
        logger.setLevel(level)


def problem(error: Exception, name: str | None) -> exceptions.ConfigProblem:
    """Explain what openstack.config or keystoneauth found wrong.

    :param name: the entry that was wanted.
    :returns: the error with a sentence.
    """
    try:
        # what openstack.config passes over it does not pass over here
        deep = isinstance(error, RecursionError)
        files, name = check(name, strict=deep)
    except exceptions.ConfigProblem as found:
        return found
    return exceptions.ConfigProblem(_sentence(error, files, name))


def _sentence(error: Exception, files: Files, name: str | None) -> str:
    where = f"{files.path}: cloud '{name}'" if name else "the OS_* variables"
    said = " ".join(str(error).split()) or type(error).__name__
    if found := _UNEXPECTED.search(said):
        return _superfluous(found[1], files, name, where)
    if found := _NO_PLUGIN.search(said):
        return _unknown_type(found[1], where)
    if found := _REGION.search(said):
        return _no_region(found[1], found[2].split(","), name, where)
    missing = _MISSING.findall(said)
    for form in (_NOT_GIVEN, _REQUIRED, _NOT_TYPED):
        if found := form.search(said):
            missing = found[1].split(",")
            break
    if missing:
        keys = [key.strip().replace("-", "_") for key in missing]
        if name is None:
            variables = ", ".join(f"OS_{key.upper()}" for key in keys)
            return (
                f"no cloud is named, and {variables} is not set: set OS_CLOUD"
                f" to a cloud of clouds.yaml (it has: {files.known}) or all"
                " of OS_AUTH_URL, OS_USERNAME, OS_PASSWORD, OS_PROJECT_NAME"
            )
        return f"{where}: 'auth' lacks {', '.join(keys)}"
    if "vendor profile" in said:
        profile = files.clouds.get(name or "", {})
        named = profile.get("profile") or profile.get("cloud")
        return f"{where}: 'profile' is '{named}': no vendor's is called so"
    if isinstance(error, KeyError | IndexError | ValueError):
        template = _template(files.clouds.get(name or "", {}))
        if template:
            return f"{where}: {template}"
    if isinstance(error, RecursionError):
        return f"{where} is nested too deeply or contains itself"
    if isinstance(error, TypeError | AttributeError):
        return (
            f"{where}, or a section beside the clouds, has a value that does"
            " not fit its key; --debug shows which"
        )
    return f"{where} cannot be used: {said}"


def _template(entry: Mapping[str, Any]) -> str | None:
    """Explain an error of the {key} in a value, which stands for another."""
    auth = entry.get("auth", {})
    values = {f"auth.{key}": value for key, value in auth.items()}
    values |= {k: v for k, v in entry.items() if k != "auth"}
    for key, value in values.items():
        if not isinstance(value, str) or key == "auth.password":
            continue
        try:
            names = [
                name
                for _, name, _, _ in string.Formatter().parse(value)
                if name is not None
            ]
        except ValueError:
            return (
                f"'{key}' has a single {{ or }} in it: write {{{{ and }}}} for"
                " the characters themselves"
            )
        for name in names:
            if name not in {**auth, **entry}:
                return (
                    f"'{key}' has {{{name}}} in it, and the cloud has no such"
                    " key"
                )
    return None


def _superfluous(key: str, files: Files, name: str | None, where: str) -> str:
    """Explain a key that the kind of authentication does not take."""
    entry = files.clouds.get(name or "", {})
    kind = os.environ.get("OS_AUTH_TYPE") or entry.get("auth_type")
    taken = f"authentication by {kind or 'password'} takes no {key}"
    variable = f"OS_{key.upper()}"
    if key in entry.get("auth", {}) or key in entry:
        return f"{where}: 'auth' has '{key}', and {taken}"
    if variable in os.environ:
        return (
            f"{variable} is set, and {taken}: unset {variable}, or set"
            f" OS_AUTH_TYPE to what takes it"
        )
    option = f"--os-{key.replace('_', '-')}"
    return f"{where}: {taken}: leave out {option}"


def _no_region(
    region: str, known: list[str], name: str | None, where: str
) -> str:
    """Explain a region that the entry does not list."""
    whence = f"the region '{region}' is asked for"
    if os.environ.get("OS_REGION_NAME") == region:
        whence = f"OS_REGION_NAME is '{region}'"
    there = f"{where} has {', '.join(known)}; case counts"
    return f"{whence}, and {there}"


def _unknown_type(kind: str, where: str) -> str:
    # by name alone: to load them says which of them cannot be
    points = importlib.metadata.entry_points(group="keystoneauth1.plugin")
    names = ", ".join(sorted(points.names))
    if os.environ.get("OS_AUTH_TYPE") == kind:
        where = "OS_AUTH_TYPE"
    else:
        where += ": 'auth_type'"
    return f"{where} is '{kind}'; there are {names}"


def check_given(config: Any, name: str | None) -> None:
    """Look at an entry as it was written, before it is put together.

    What is put together has text in place of a list.

    :param config: of openstack.config, which has read the file.
    :param name: the entry that is asked for.
    :raises ConfigProblem: what is wrong there, in a sentence.
    """
    clouds = config.cloud_config.get("clouds") or {}
    name = name or os.environ.get("OS_CLOUD")
    if name and name in clouds and config.config_filename:
        try:
            check_entry(Files(config.config_filename, clouds), name)
        except exceptions.ConfigProblem:
            read(name)  # it may be secure.yaml that is wrong
            raise


def overriding(
    region: Any, name: str | None
) -> tuple[str, ShellCommand] | None:
    """Name the variables that override an entry's login.

    :param region: of openstack.config.
    :param name: the entry that was asked for.
    :returns: a sentence and a command for whoever is refused; None where
        there are none.
    """
    found = []
    with contextlib.suppress(exceptions.ProtectorError):
        entry = read(name).clouds.get(name or "")
        if not isinstance(entry, dict):
            return None
        own = {**entry, **(entry.get("auth") or {})}
        for key, value in (region.config.get("auth") or {}).items():
            variable = f"OS_{key.upper()}"
            if os.environ.get(variable) == str(value) != str(own.get(key)):
                found.append(variable)
    if not found:
        return None
    verb = "is" if len(found) == 1 else "are"
    return (
        f"{' and '.join(found)} {verb} set, and {verb} used in place of what"
        f" the cloud '{name}' has",
        ShellCommand(f"unset {' '.join(found)}"),
    )


def check_region(region: Any, name: str | None) -> None:
    """Look at what was put together of file, variables and options.

    :param region: of openstack.config.
    :param name: the entry that was asked for.
    :raises ConfigProblem: what is wrong there, in a sentence.
    """
    values = dict(region.config)
    auth = values.get("auth") or {}
    if auth.get("auth_url"):
        values["auth_url"] = auth["auth_url"]
    for key, value in auth.items():
        if isinstance(value, dict) or (
            isinstance(value, list) and not key.endswith("methods")
        ):
            whence = _whence(key, value, name, part="auth.")
            raise exceptions.ConfigProblem(
                f"{whence} is {shape.kind(value)}: it takes text"
            )
    checked = {**shape.KEYS, "auth_url": shape.ADDRESS}
    for key, value in values.items():
        check, expected = checked.get(key, (None, ""))
        if check is None or value is None or key in ("regions", "networks"):
            continue
        # where it comes from is looked up for a sentence only: the file is
        # read for it
        if not check(value):
            whence = _whence(key, value, name)
            raise exceptions.ConfigProblem(
                f"{whence} is {shape.shown(value)}: it takes {expected}"
            )
        if key in shape.PATHS and not os.access(
            os.path.expanduser(value), os.R_OK
        ):
            whence = _whence(key, value, name)
            raise exceptions.ConfigProblem(
                f"{whence} is '{value}', and no such file can be read"
            )
    _check_certificates(region, name)


def _check_certificates(region: Any, name: str | None) -> None:
    """Look into the files of certificates that requests will be sent with.

    OpenSSL would ask for the passphrase of a key at the terminal, for each
    connection, and say in its own words what is wrong with the others.

    :raises ConfigProblem: what is wrong there, in a sentence.
    """
    verify, cert = region.get_requests_verify_args()
    values = region.config
    if isinstance(verify, str):
        problem = certificates.authority_problem(verify)
        if problem is not None:
            given = values.get("cacert")
            whence = _whence("cacert", given, name)
            raise exceptions.ConfigProblem(f"{whence} is '{given}': {problem}")
    if values.get("key") and not values.get("cert"):
        whence = _whence("key", values["key"], name)
        raise exceptions.ConfigProblem(
            f"{whence} is '{values['key']}', and no 'cert' is named, whose key"
            " it could be"
        )
    if cert is not None:
        pair = (cert, None) if isinstance(cert, str) else cert
        problem = certificates.client_problem(*pair)
        if problem is not None:
            whence = _whence("cert", values["cert"], name)
            raise exceptions.ConfigProblem(
                f"{whence} cannot be used: {problem}"
            )


def _whence(key: str, value: Any, name: str | None, part: str = "") -> str:
    """Name the source of a value: a file and entry, or a variable."""
    variable = f"OS_{key.upper()}"
    if os.environ.get(variable) == str(value):
        return variable
    full = f"auth.{key}" if part or key == "auth_url" else key
    name = name or os.environ.get("OS_CLOUD")
    with contextlib.suppress(exceptions.ConfigProblem):
        files = read(name)
        if name in files.clouds:
            entry = files.clouds[str(name)]
            # an entry of a vendor's profile may have it from there
            is_option = (
                key in shape.PATHS
                and "profile" not in entry
                and entry.get(key) != value
            )
            if is_option:
                return f"--os-{key}"
            return f"{files.path}: cloud '{name}': '{full}'"
    return f"'{full}' of {name or 'the OS_* variables'}"
