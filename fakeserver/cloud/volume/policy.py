"""Cinder's policy: its default rules, and the policy file of the site.

The file is read again whenever it changes. A file that cannot be read, or a
rule that cannot be understood, gives nobody anything: the rule that Cinder
is born with holds, or the call is refused.
"""

import contextlib
import pathlib
from collections.abc import Mapping
from typing import NamedTuple

from fakeserver.cloud.identity.tokens import Token
from fakeserver.cloud.shared.web import CloudError

MANAGE = "volume_extension:volume_manage"
UNMANAGE = "volume_extension:volume_unmanage"
SERVICES = "volume_extension:services:index"

#: what the deployment guide asks an operator to write
RECOMMENDED = {
    MANAGE: "rule:admin_or_owner",
    UNMANAGE: "rule:admin_or_owner",
    SERVICES: "rule:admin_or_owner",
}

_OWNER = "rule:admin_or_owner"
_MEMBER = "rule:admin_or_member"
_ADMIN = "rule:admin_api"

DEFAULTS: Mapping[str, str] = {
    "context_is_admin": "role:admin",
    "admin_api": "is_admin:True",
    "admin_or_owner": "is_admin:True or project_id:%(project_id)s",
    "admin_or_member": (
        "is_admin:True or (role:member and project_id:%(project_id)s)"
    ),
    MANAGE: _ADMIN,
    UNMANAGE: _ADMIN,
    SERVICES: _ADMIN,
    "volume_extension:list_manageable": _ADMIN,
    "volume_extension:volume_host_attribute": _ADMIN,
    "volume_extension:volume_admin_actions:reset_status": _ADMIN,
    "volume_extension:types_extra_specs:read_sensitive": _ADMIN,
    "volume_extension:type_create": _ADMIN,
    "volume_extension:type_delete": _ADMIN,
    "volume_extension:types_extra_specs:create": _ADMIN,
    "volume_extension:types_extra_specs:delete": _ADMIN,
    "volume_extension:capabilities": _ADMIN,
    "volume_extension:qos_specs_manage:get_all": _ADMIN,
    "volume_extension:services:update": _ADMIN,
    "scheduler_extension:scheduler_stats:get_pools": _ADMIN,
    "clusters:get_all": _ADMIN,
    "volume:extend": _MEMBER,
    "volume:extend_attached_volume": _MEMBER,
    "volume:create_snapshot": _MEMBER,
    "volume:get_all_snapshots": _OWNER,
    "volume:get_snapshot": _OWNER,
    "volume:update_snapshot": _MEMBER,
    "volume:delete_snapshot": _MEMBER,
    "volume_extension:quotas:show": _OWNER,
    "volume_extension:quotas:update": _ADMIN,
    "volume:get": _OWNER,
    "volume:get_all": _OWNER,
    "volume:create": _MEMBER,
    "volume:update": _MEMBER,
    "volume:delete": _MEMBER,
    "volume_extension:volume_actions": _MEMBER,
    "group:get": _OWNER,
    "group:get_all": _OWNER,
    "group:create": _MEMBER,
    "group:update": _MEMBER,
    "group:delete": _MEMBER,
    "group:group_types_manage": _ADMIN,
    "group:access_group_types_specs": _ADMIN,
}

#: how deep rules may refer to rules
_DEPTH = 20


def write_default(path: pathlib.Path) -> None:
    """Write the policy file that the published guide asks for."""
    path.write_text(_default())


def _default() -> str:
    lines = [f'"{name}": "{rule}"\n' for name, rule in RECOMMENDED.items()]
    return "".join(lines)


#: how many answers are remembered
_REMEMBERED = 1000


class _NotUnderstood(Exception):
    pass


class _Question(NamedTuple):
    """All that an answer depends on, besides the rules."""

    action: str
    roles: tuple[str, ...]
    own_project_id: str
    system: bool
    project_id: str


class Policy:
    """The policy rules of the Cinder of one site."""

    def __init__(self, path: pathlib.Path) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._own: dict[str, str] = {}
        #: what was allowed to whom since the file was read
        self._allowed: dict[_Question, bool] = {}

    def enforce(self, action: str, caller: Token, project_id: str) -> None:
        """Check a rule; refuse the call as Cinder does."""
        if not self.allows(action, caller, project_id):
            raise CloudError(
                403, f"Policy doesn't allow {action} to be performed."
            )

    def allows(self, action: str, caller: Token, project_id: str) -> bool:
        self._read_anew()
        asked = _Question(
            action, caller.roles, caller.project_id, caller.system, project_id
        )
        # of these rules, whenever another thread reads newer ones
        allowed = self._allowed
        found = allowed.get(asked)
        if found is None:
            try:
                found = self._rule(action, caller, project_id, 0)
            except _NotUnderstood:
                found = False
            if len(allowed) >= _REMEMBERED:
                allowed.clear()
            allowed[asked] = found
        return found

    def _read_anew(self) -> None:
        """Read the file when it has changed; without one, forget it."""
        seen = None
        with contextlib.suppress(OSError):
            found = self._path.stat()
            seen = (found.st_mtime_ns, found.st_size, found.st_ino)
        if seen != self._seen:
            self._own = {} if seen is None else _read(self._path)
            self._allowed = {}
            self._seen = seen

    def _rule(
        self, name: str, caller: Token, project_id: str, depth: int
    ) -> bool:
        text = self._own.get(name, DEFAULTS.get(name))
        if text is None or depth > _DEPTH:
            raise _NotUnderstood
        return _Check(self, caller, project_id, depth).of(text)

    def atom(
        self, word: str, caller: Token, project_id: str, depth: int
    ) -> bool:
        if word in ("@", "!"):
            return word == "@"
        kind, _, value = word.partition(":")
        if kind == "rule":
            return self._rule(value, caller, project_id, depth + 1)
        if kind == "role":
            return value.lower() in caller.roles
        if kind == "is_admin":
            admin = self._rule(
                "context_is_admin", caller, project_id, depth + 1
            )
            return admin == (value == "True")
        if kind in ("project_id", "tenant_id", "tenant"):
            wanted = value.replace("%(project_id)s", project_id)
            return bool(wanted) and caller.project_id == wanted
        if kind == "system_scope":
            return caller.system and value == "all"
        raise _NotUnderstood


class _Check:
    """Evaluates one expression from left to right: not, and, or, brackets."""

    def __init__(
        self, policy: Policy, caller: Token, project_id: str, depth: int
    ) -> None:
        self._policy = policy
        self._about = (caller, project_id, depth)
        self._words: list[str] = []

    def of(self, text: str) -> bool:
        self._words = _words(text)[::-1]
        if not self._words:
            return True
        try:
            found = self._either()
        except (IndexError, RecursionError):
            raise _NotUnderstood from None
        if self._words:
            raise _NotUnderstood
        return found

    def _either(self) -> bool:
        found = self._both()
        while self._next("or"):
            found = self._both() or found
        return found

    def _both(self) -> bool:
        found = self._one()
        while self._next("and"):
            found = self._one() and found
        return found

    def _one(self) -> bool:
        if self._next("not"):
            return not self._one()
        if self._next("("):
            found = self._either()
            if not self._next(")"):
                raise _NotUnderstood
            return found
        return self._policy.atom(self._words.pop(), *self._about)

    def _next(self, word: str) -> bool:
        if self._words and self._words[-1].lower() == word:
            self._words.pop()
            return True
        return False


def _words(text: str) -> list[str]:
    """Split an expression into words and brackets; keep ``%(name)s`` whole."""
    found = []
    for word in text.split():
        tail = word.lstrip("(")
        bare = tail.rstrip(")")
        found += ["("] * (len(word) - len(tail))
        found += [bare] if bare else []
        found += [")"] * (len(tail) - len(bare))
    return found


def _read(path: pathlib.Path) -> dict[str, str]:
    try:
        text = path.read_text()
    except (OSError, ValueError):
        return {}
    if text == _default():
        return dict(RECOMMENDED)
    # not before a person has changed it: one of a site's megabytes
    import yaml  # type: ignore[import-untyped]

    try:
        found = yaml.safe_load(text)
    except (ValueError, RecursionError, yaml.YAMLError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {
        str(name): rule if isinstance(rule, str) else "!"
        for name, rule in found.items()
    }
