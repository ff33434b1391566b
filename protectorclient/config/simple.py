"""Read the entries of clouds.yaml that need nothing of openstack.config.

Most entries name a Keystone, a user and a project, and no more. To sign in
with one of those takes one request; to load the SDK and keystoneauth for it
takes longer than the request does. The tables below name what makes a cloud
another case: then the SDK reads it, and says what is wrong with it.

No key, file or variable is known here that openstack.config does not know, and
where this module is in doubt, it is not simple.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from protectorclient._http.short.sign_in import Login
from protectorclient.config import shape

SECONDARY_KEY = "protector_secondary_cloud"
SECONDARY_VARIABLE = "OS_SECONDARY_CLOUD"
_FILE_VARIABLE = "OS_CLIENT_CONFIG_FILE"
#: The options of a command line that leave the login as it is.
_OPTIONS = frozenset(
    {
        "cloud",
        "debug",
        "deferred_help",
        "log_file",
        "protector_microversion",
        "secondary_cloud",
        "verbose_level",
    }
)
_VARIABLES = frozenset(
    {
        _FILE_VARIABLE,
        SECONDARY_VARIABLE,
        "OS_CLOUD",
        "OS_PROTECTOR_API_VERSION",
    }
)
#: Where requests finds logins, and the SDK its files in a snap.
_ELSEWHERE = frozenset({"NETRC", "SNAP_REAL_HOME"})
#: Where requests finds its authorities, in its order.
_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_PASSWORD_TYPES = (None, "password", "v3password")
_CREDENTIAL_TYPE = "v3applicationcredential"
_KEYS = frozenset(
    {
        "auth",
        "auth_type",
        "cacert",
        "identity_api_version",
        "interface",
        SECONDARY_KEY,
        "protector_sandbox_instances",
        "region_name",
        "verify",
    }
)
_OF_PASSWORD = frozenset(
    {
        "auth_url",
        "password",
        "project_domain_id",
        "project_domain_name",
        "project_id",
        "project_name",
        "user_domain_id",
        "user_domain_name",
        "user_id",
        "username",
    }
)
_OF_CREDENTIAL = frozenset(
    {
        "application_credential_id",
        "application_credential_secret",
        "auth_url",
    }
)
#: What openstack.config calls a cloud that has no entry.
_NAMELESS = frozenset({"", "defaults", "envvars"})


class NotSimple(Exception):
    """A cloud has to be opened by the SDK."""


class Case(NamedTuple):
    """What makes a cloud another case."""

    what: str
    holds: Callable[[Any], bool]


def _has_more_variables(environ: Mapping[str, str]) -> bool:
    return any(
        (name.startswith("OS_") and name not in _VARIABLES)
        or name in _ELSEWHERE
        or (name.upper().endswith("_PROXY") and name.upper() != "NO_PROXY")
        for name in environ
    )


#: Of the command line, the variables, and the files of the user.
OF_SURROUNDINGS = (
    Case(
        "the command line has an option of the login",
        lambda given: any(
            value not in (None, False) and name not in _OPTIONS
            for name, value in given.options.items()
        ),
    ),
    Case(
        "a variable beyond OS_CLOUD, OS_CLIENT_CONFIG_FILE, OS_SECONDARY_CLOUD"
        " and OS_PROTECTOR_API_VERSION is set, or one that names a proxy or a"
        " netrc",
        lambda given: _has_more_variables(given.environ),
    ),
    Case(
        "no cloud is named",
        lambda given: (given.options.get("cloud") or "") in _NAMELESS,
    ),
    Case(
        "there is a .netrc, or a secure.yaml",
        lambda given: any(map(os.path.exists, _beside(given.folders))),
    ),
)
#: Of clouds.yaml as a whole.
OF_FILE = (
    Case("it is no mapping", lambda found: not isinstance(found, dict)),
    Case(
        "it has a section beside 'clouds', or a cache with more than 'auth'",
        lambda found: (
            not set(found) <= {"clouds", "cache"}
            or not _is_cache(found.get("cache", {}))
        ),
    ),
    Case(
        "'clouds' is no mapping of names",
        lambda found: (
            not isinstance(found.get("clouds"), dict)
            or not all(isinstance(name, str) for name in found["clouds"])
        ),
    ),
)
#: Of the entry of one cloud.
OF_ENTRY = (
    Case(
        "it is no mapping with 'auth'",
        lambda entry: (
            not isinstance(entry, dict)
            or not isinstance(entry.get("auth"), dict)
        ),
    ),
    Case(
        "it has a key beyond auth, auth_type, cacert, identity_api_version,"
        " interface, protector_secondary_cloud, region_name and verify",
        lambda entry: not set(entry) <= _KEYS,
    ),
    Case(
        "a value is no plain text, or has a {key} or a ~ in it",
        lambda entry: not all(map(_is_plain, _texts(entry))),
    ),
    Case(
        "verify is not true, or identity_api_version not 3",
        lambda entry: (
            entry.get("verify", True) is not True
            or str(entry.get("identity_api_version", 3)) != "3"
        ),
    ),
    Case(
        "interface is neither public nor internal nor admin",
        lambda entry: entry.get("interface", "public") not in shape.INTERFACES,
    ),
    Case(
        "auth_type is neither password nor v3applicationcredential, or 'auth'"
        " has other keys than those of it",
        lambda entry: not _is_login(entry.get("auth_type"), entry["auth"]),
    ),
    Case(
        "auth_url does not end in /v3, or names a user",
        lambda entry: (
            not shape.is_address(entry["auth"]["auth_url"])
            or not entry["auth"]["auth_url"].rstrip("/").endswith("/v3")
            or any(sign in entry["auth"]["auth_url"] for sign in "@?#")
        ),
    ),
)
#: Of a cloud, by the file of authorities that belongs to it.
OF_AUTHORITY = (
    Case(
        "cacert, or else REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE, names no file"
        " of certificates; or none is named, and auth_url begins with https",
        lambda cloud: (
            not _is_authority(cloud.verify)
            if isinstance(cloud.verify, str)
            else cloud.login.auth_url.startswith("https")
        ),
    ),
)


@dataclasses.dataclass(frozen=True)
class Surroundings:
    """All that a cloud is read from, but for clouds.yaml."""

    #: The global options, as parsed.
    options: Mapping[str, Any]
    environ: Mapping[str, str]
    #: Where openstack.config looks for its files, in its order.
    folders: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class SimpleCloud:
    """An entry of clouds.yaml, as far as a read needs it."""

    name: str
    login: Login
    #: Whether certificates are checked, or by which file.
    verify: bool | str
    #: The entry that this one names as the other site.
    secondary: str | None


@dataclasses.dataclass(frozen=True)
class SimplePair:
    """The clouds of both sites."""

    first: SimpleCloud
    second: SimpleCloud
    #: Whether somebody names the second one; else it is the only other one.
    is_told: bool
    #: All of clouds.yaml.
    settings: Mapping[str, Any] = dataclasses.field(repr=False)


def pair(given: Surroundings) -> SimplePair:
    """Return the configured cloud and the other site's.

    :raises NotSimple: one of them is another case, or nothing but the site
        itself says which is the other one.
    """
    _refuse(OF_SURROUNDINGS, given)
    found = _file(given)
    _refuse(OF_FILE, found)
    clouds = found["clouds"]
    first = _cloud(clouds, str(given.options["cloud"]), given)
    told = (
        given.options.get("secondary_cloud")
        or given.environ.get(SECONDARY_VARIABLE)
        or first.secondary
    )
    is_told = bool(told)
    if not told:
        others = [name for name in clouds if name != first.name]
        if len(others) != 1:
            raise NotSimple("nothing names the other site")
        (told,) = others
    if told == first.name:
        raise NotSimple("it is named as the other site of itself")
    second = _cloud(clouds, str(told), given)
    return SimplePair(first, second, is_told, found)


def _refuse(cases: tuple[Case, ...], about: Any) -> None:
    for case in cases:
        if case.holds(about):
            raise NotSimple(case.what)


def _beside(folders: tuple[str, ...]) -> Iterator[str]:
    home = os.path.expanduser("~")
    yield os.path.join(home, ".netrc")
    yield os.path.join(home, "_netrc")
    for folder in folders:
        for ending in ("yaml", "yml", "json"):
            yield os.path.join(folder, f"secure.{ending}")


def _file(given: Surroundings) -> Any:
    """Return what clouds.yaml holds.

    :raises NotSimple: there is none, or it cannot be read.
    """
    paths = [
        os.path.join(folder, f"clouds.{ending}")
        for folder in given.folders
        for ending in ("yaml", "yml", "json")
    ]
    if given.environ.get(_FILE_VARIABLE):
        paths.insert(0, given.environ[_FILE_VARIABLE])
    path = next(filter(os.path.exists, paths), "")
    if not path.endswith((".yaml", ".yml")):
        raise NotSimple("there is no clouds.yaml")
    import yaml  # type: ignore[import-untyped]

    try:
        with open(path, encoding="utf-8") as file:
            return yaml.safe_load(file)
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise NotSimple(f"{path}: {type(error).__name__}") from error


def _cloud(
    clouds: Mapping[str, Any], name: str, given: Surroundings
) -> SimpleCloud:
    if name not in clouds or name in _NAMELESS:
        raise NotSimple(f"there is no cloud '{name}'")
    entry = clouds[name]
    _refuse(OF_ENTRY, entry)
    auth = entry["auth"]
    bundles = (given.environ.get(variable) for variable in _BUNDLES)
    found = SimpleCloud(
        name=name,
        login=Login(
            auth_url=auth["auth_url"],
            identity=_identity(auth),
            scope=_scope(auth),
            region_name=entry.get("region_name"),
            interface=entry.get("interface", "public"),
        ),
        verify=entry.get("cacert") or next(filter(None, bundles), True),
        secondary=entry.get(SECONDARY_KEY),
    )
    _refuse(OF_AUTHORITY, found)
    return found


def _is_cache(section: Any) -> bool:
    return (
        isinstance(section, dict)
        and set(section) <= {"auth"}
        and all(isinstance(value, bool) for value in section.values())
    )


def _texts(entry: Mapping[str, Any]) -> Iterator[Any]:
    for key, value in {**entry, **entry["auth"]}.items():
        if key not in ("auth", "identity_api_version", "verify"):
            yield value


def _is_plain(value: Any) -> bool:
    if not isinstance(value, str) or not value:
        return False
    return not any(sign in value for sign in "{}~")


def _is_login(kind: Any, auth: Mapping[str, Any]) -> bool:
    """Return whether a login is one of the two, and whole."""
    keys = set(auth)
    if "auth_url" not in keys:
        return False
    if kind == _CREDENTIAL_TYPE:
        return keys == _OF_CREDENTIAL
    if kind not in _PASSWORD_TYPES or not keys <= _OF_PASSWORD:
        return False
    user = "user_id" in keys or (
        "username" in keys and _has_one(keys, "user_domain")
    )
    project = "project_id" in keys or (
        "project_name" in keys and _has_one(keys, "project_domain")
    )
    both = {"user_id", "username"} <= keys
    return "password" in keys and user and project and not both


def _has_one(keys: set[str], what: str) -> bool:
    return len(keys & {f"{what}_id", f"{what}_name"}) == 1


def _is_authority(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return b"CERTIFICATE-----" in file.read()
    except OSError:
        return False


def _identity(auth: Mapping[str, Any]) -> dict[str, Any]:
    if "application_credential_id" in auth:
        credential = {
            "id": auth["application_credential_id"],
            "secret": auth["application_credential_secret"],
        }
        return {
            "methods": ["application_credential"],
            "application_credential": credential,
        }
    user = _named(auth, "user_id", "username", "user_domain")
    user["password"] = auth["password"]
    return {"methods": ["password"], "password": {"user": user}}


def _scope(auth: Mapping[str, Any]) -> dict[str, Any] | None:
    if "application_credential_id" in auth:
        return None
    return {
        "project": _named(auth, "project_id", "project_name", "project_domain")
    }


def _named(
    auth: Mapping[str, Any], by_id: str, by_name: str, domain: str
) -> dict[str, Any]:
    """Return how Keystone's body names a user or a project."""
    if by_id in auth:
        return {"id": auth[by_id]}
    where = (
        {"id": auth[f"{domain}_id"]}
        if f"{domain}_id" in auth
        else {"name": auth[f"{domain}_name"]}
    )
    return {"name": auth[by_name], "domain": where}
