"""Fernet tokens of the emulated Keystone."""

import base64
import dataclasses
import functools
import json
import os
from typing import TYPE_CHECKING

from fakeserver.base.clock import Clock
from fakeserver.base.config import SiteConfig
from fakeserver.base.vault import Vault

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

#: how many opened tokens are remembered
_REMEMBERED = 512
#: longer ones are junk, and are not looked at
_LONGEST = 2048


@dataclasses.dataclass(frozen=True)
class Claims:
    """The claims of a token; names and roles are looked up."""

    user_id: str
    #: empty for a token that is not scoped to a project
    project_id: str
    system: bool
    methods: tuple[str, ...]
    #: the token's own audit id, then that of the one it was made from
    audit_ids: tuple[str, ...]
    issued_at: float
    expires_at: float
    app_credential_id: str = ""
    #: empty for a token that is not scoped to a domain
    domain_id: str = ""


@dataclasses.dataclass(frozen=True)
class Token:
    """A valid token."""

    user_id: str
    user_name: str
    #: empty for a token that is not scoped to a project
    project_id: str
    project_name: str
    roles: tuple[str, ...]
    expires_at: float
    system: bool = False
    methods: tuple[str, ...] = ()
    audit_ids: tuple[str, ...] = ()
    issued_at: float = 0.0
    app_credential_id: str = ""
    #: empty for a token that is not scoped to a domain
    domain_id: str = ""

    @property
    def scoped(self) -> bool:
        return self.admitted or bool(self.domain_id)

    @property
    def admitted(self) -> bool:
        """Return whether its roles count outside of Keystone.

        A role on a domain is one over Keystone's own objects: its holder
        has no business with instances, volumes and their protection.
        """
        return bool(self.project_id) or self.system

    @property
    def is_admin(self) -> bool:
        return "admin" in self.roles

    @property
    def may_write(self) -> bool:
        return "member" in self.roles or self.is_admin

    @property
    def may_read(self) -> bool:
        return "reader" in self.roles or self.may_write


def new_audit_id() -> str:
    return base64.urlsafe_b64encode(os.urandom(16)).decode().rstrip("=")


class TokenBox:
    """Makes and opens the tokens of one site.

    The key is a file of its own, so that tokens outlive a restart, and a
    reset of the database.
    """

    def __init__(self, config: SiteConfig, clock: Clock) -> None:
        self._clock = clock
        self._key = _key(config)
        self._opened: dict[str, Claims] = {}

    @functools.cached_property
    def _fernet(self) -> "Fernet":
        # not before the first token: seven of a site's megabytes
        from cryptography.fernet import Fernet

        return Fernet(self._key)

    def seal(self, claims: Claims) -> str:
        values = dataclasses.asdict(claims)
        text = json.dumps(values, separators=(",", ":"))
        sealed = self._fernet.encrypt_at_time(
            text.encode(), int(self._clock.time())
        )
        return sealed.decode().rstrip("=")

    def open(self, token: str) -> Claims | None:
        """Return the claims of a token of this site, expired or not."""
        found = self._opened.get(token)
        if found is not None:
            return found
        if not token.isascii() or len(token) > _LONGEST:
            return None
        from cryptography.fernet import InvalidToken

        padded = token + "=" * (-len(token) % 4)
        try:
            values = json.loads(self._fernet.decrypt(padded.encode()))
        except (InvalidToken, ValueError):
            return None
        values["methods"] = tuple(values["methods"])
        values["audit_ids"] = tuple(values["audit_ids"])
        claims = Claims(**values)
        if len(self._opened) >= _REMEMBERED:
            self._opened.clear()
        self._opened[token] = claims
        return claims


def _key(config: SiteConfig) -> bytes:
    """Return the key of a file, 0600; a vault's key has Fernet's own form."""
    path = config.directory / f"{config.site}.tokens"
    Vault.open(path)
    return path.read_bytes()
