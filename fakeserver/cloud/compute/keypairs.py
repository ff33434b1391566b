"""Nova's key pairs: each belongs to a user, not to a project."""

import base64
import binascii
import hashlib
import sqlite3
from typing import ClassVar

import flask

from fakeserver.base.clock import stamp
from fakeserver.cloud.compute.version import needs, since
from fakeserver.cloud.identity.tokens import Token
from fakeserver.cloud.shared import quotas, web
from fakeserver.cloud.shared.rows import Doc
from fakeserver.cloud.shared.schema import KEY_PAIRS
from fakeserver.cloud.shared.web import Answer, CloudError, Route

_KEYS = "/v2.1/os-keypairs"
_CREATE = web.validator(
    {
        "type": "object",
        "required": ["keypair"],
        "properties": {
            "keypair": {
                "type": "object",
                "required": ["name"],
                "properties": {
                    "name": {
                        "type": "string",
                        "minLength": 1,
                        "maxLength": 255,
                        "pattern": r"^[\w .@-]+$",
                    },
                    "public_key": {"type": "string", "maxLength": 65535},
                    "type": {"enum": ["ssh", "x509"]},
                    "user_id": {"type": "string", "maxLength": 255},
                },
                "additionalProperties": False,
            }
        },
        "additionalProperties": False,
    }
)


def get(db: sqlite3.Connection, user_id: str, name: str) -> Doc | None:
    return KEY_PAIRS.get(db, f"{user_id}/{name}")


class KeyPairs(web.Part):
    """List, show, create and delete the key pairs of a user."""

    ROUTES: ClassVar[tuple[Route, ...]] = (
        Route("GET", _KEYS, "index"),
        Route("POST", _KEYS, "create"),
        Route("GET", f"{_KEYS}/<name>", "show"),
        Route("DELETE", f"{_KEYS}/<name>", "delete"),
    )

    def index(self, caller: Token) -> Answer:
        user_id = _user(caller, "index")
        rows = KEY_PAIRS.select(
            self.site.db.connection(), "user_id = ?", (user_id,), "name"
        )
        return {"keypairs": [{"keypair": _brief(row)} for row in rows]}

    def show(self, caller: Token, name: str) -> Answer:
        row = self._get(_user(caller, "show"), name)
        shown = _brief(row) | {
            "user_id": row["user_id"],
            "id": row["number"],
            "created_at": stamp(row["created"]).rstrip("Z") + ".000000",
            "deleted": False,
            "deleted_at": None,
            "updated_at": None,
        }
        return {"keypair": shown}

    def create(self, caller: Token) -> Answer:
        given = web.body(_CREATE)["keypair"]
        user_id = _user(caller, "create", given.get("user_id"))
        public, private = given.get("public_key"), None
        if public is None:
            # a newer Nova makes no private keys
            if since(92):
                raise CloudError(
                    400,
                    "Invalid input for field/attribute keypair. 'public_key' "
                    "is a required property",
                )
            public, private = _made()
        fingerprint = _fingerprint(public)
        with self.site.db.transaction() as tx:
            mine = KEY_PAIRS.select(tx, "user_id = ?", (user_id,))
            if get(tx, user_id, given["name"]) is not None:
                raise CloudError(
                    409, f"Key pair '{given['name']}' already exists."
                )
            if (
                len(mine)
                >= quotas.limits(tx, "compute", caller.project_id)["key_pairs"]
            ):
                raise CloudError(403, "Quota exceeded, too many key pairs.")
            row: Doc = {
                "id": f"{user_id}/{given['name']}",
                "number": 1 + max((one["number"] for one in mine), default=0),
                "user_id": user_id,
                "name": given["name"],
                "type": given.get("type") or "ssh",
                "public_key": public,
                "fingerprint": fingerprint,
                "created": self.site.clock.time(),
            }
            KEY_PAIRS.put(tx, row)
        shown = _brief(row) | {"user_id": user_id}
        if private is not None:
            shown["private_key"] = private
        return {"keypair": shown}, 201 if since(2) else 200

    def delete(self, caller: Token, name: str) -> Answer:
        user_id = _user(caller, "delete")
        with self.site.db.transaction() as tx:
            KEY_PAIRS.delete(tx, self._get(user_id, name)["id"])
        return "", 204 if since(2) else 202

    def _get(self, user_id: str, name: str) -> Doc:
        row = get(self.site.db.connection(), user_id, name)
        if row is None:
            raise CloudError(
                404, f"Keypair {name} not found for user {user_id}"
            )
        return row


def _user(caller: Token, rule: str, asked: str | None = None) -> str:
    """Return the user whose key pairs a request is about; another one's are
    for admins, and for a microversion that can name him."""
    asked = asked or flask.request.args.get("user_id")
    if asked is None or asked == caller.user_id:
        return caller.user_id
    needs(10)
    if not caller.is_admin:
        raise CloudError(
            403,
            f"Policy doesn't allow os_compute_api:os-keypairs:{rule} to be "
            "performed.",
        )
    return asked


def _brief(row: Doc) -> Doc:
    names = ["name", "public_key", "fingerprint"] + (
        ["type"] if since(2) else []
    )
    return {name: row[name] for name in names}


def _made() -> tuple[str, str]:
    """Make a key pair; return the public key and the private one."""
    # not before: few ask for one
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = key.public_key().public_bytes(
        serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    return f"{public.decode()} Generated-by-Nova", private.decode()


def _fingerprint(public: str) -> str:
    """Return the fingerprint of a public key: MD5, as ssh-keygen has it."""
    words = public.split()
    try:
        blob = base64.b64decode(words[1], validate=True)
        if not blob:
            raise ValueError
    except (IndexError, ValueError, binascii.Error):
        raise CloudError(
            400,
            "Keypair data is invalid: failed to generate fingerprint",
        ) from None
    digits = hashlib.md5(blob, usedforsecurity=False).hexdigest()
    return ":".join(digits[n : n + 2] for n in range(0, 32, 2))
