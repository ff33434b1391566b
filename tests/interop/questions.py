"""What is asked of both Keystones, the real one and the emulated one."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import requests

_DOMAIN = {"id": "default"}
DEMO: Mapping[str, Any] = {"project": {"name": "demo", "domain": _DOMAIN}}
RIVAL: Mapping[str, Any] = {"project": {"name": "rival", "domain": _DOMAIN}}


class Asker:
    """One Keystone, and a token of each user there."""

    def __init__(self, url: str, ids: Mapping[str, str]) -> None:
        self.url = url
        #: the ids of the seeded world, the same at both
        self.ids = ids
        self.tokens = {
            name: self.token(name, scope)
            for name, scope in (
                ("demo", DEMO),
                ("admin", DEMO),
                ("auditor", DEMO),
                ("rival", RIVAL),
            )
        }

    def log_in(self, identity: Any, scope: Any = DEMO) -> requests.Response:
        auth: dict[str, Any] = {"identity": identity}
        if scope is not None:
            auth["scope"] = scope
        return self.send("POST", "/auth/tokens", json={"auth": auth})

    def password(
        self, name: str = "demo", scope: Any = DEMO, password: str = ""
    ) -> requests.Response:
        return self.log_in(by_password(name, password), scope)

    def token(self, name: str, scope: Any = DEMO) -> str:
        answer = self.password(name, scope)
        answer.raise_for_status()
        return answer.headers["X-Subject-Token"]

    def revoked(self) -> str:
        """A token that was good a moment ago."""
        token = self.token("demo")
        own = {"X-Auth-Token": token, "X-Subject-Token": token}
        self.send("DELETE", "/auth/tokens", headers=own)
        return token

    def get(self, path: str, who: str = "demo") -> requests.Response:
        where = path.format(**self.ids)
        return self.send(
            "GET", where, headers={"X-Auth-Token": self.tokens[who]}
        )

    def validate(self, who: str, subject: str) -> requests.Response:
        return self.send(
            "GET",
            "/auth/tokens",
            headers={
                "X-Auth-Token": self.tokens[who],
                "X-Subject-Token": subject,
            },
        )

    def send(
        self, method: str, path: str, **options: Any
    ) -> requests.Response:
        return requests.request(
            method,
            self.url + path,
            timeout=30,
            allow_redirects=False,
            **options,
        )


def by_password(name: str, password: str = "") -> dict[str, Any]:
    user = {
        "name": name,
        "domain": _DOMAIN,
        "password": password or f"{name}-secret",
    }
    return {"methods": ["password"], "password": {"user": user}}


def by_token(token: str) -> dict[str, Any]:
    return {"methods": ["token"], "token": {"id": token}}


@dataclasses.dataclass(frozen=True)
class Question:
    """A request, by a name under which a difference is recorded."""

    name: str
    ask: Callable[[Asker], requests.Response]


LOGINS = (
    Question("login: password, project", lambda k: k.password()),
    Question(
        "login: password, default project", lambda k: k.password(scope=None)
    ),
    Question(
        "login: password, unscoped", lambda k: k.password(scope="unscoped")
    ),
    Question(
        "login: password, unscoped as a mapping",
        lambda k: k.password(scope={"unscoped": {}}),
    ),
    Question(
        "login: admin, domain",
        lambda k: k.password("admin", {"domain": _DOMAIN}),
    ),
    Question(
        "login: member, domain",
        lambda k: k.password(scope={"domain": _DOMAIN}),
    ),
    Question(
        "login: admin, system",
        lambda k: k.password("admin", {"system": {"all": True}}),
    ),
    Question(
        "login: member, system",
        lambda k: k.password(scope={"system": {"all": True}}),
    ),
    Question("login: wrong password", lambda k: k.password(password="x")),
    Question("login: no such user", lambda k: k.password("nobody")),
    Question("login: foreign project", lambda k: k.password(scope=RIVAL)),
    Question(
        "login: no such project",
        lambda k: k.password(
            scope={"project": {"name": "nosuch", "domain": _DOMAIN}}
        ),
    ),
    Question(
        "login: project by id",
        lambda k: k.password(scope={"project": {"id": k.ids["project"]}}),
    ),
    Question(
        "login: project without its domain",
        lambda k: k.password(scope={"project": {"name": "demo"}}),
    ),
    Question(
        "login: user without its domain",
        lambda k: k.log_in(
            {
                "methods": ["password"],
                "password": {
                    "user": {"name": "demo", "password": "demo-secret"}
                },
            }
        ),
    ),
    Question(
        "login: no password",
        lambda k: k.log_in(
            {
                "methods": ["password"],
                "password": {"user": {"name": "demo", "domain": _DOMAIN}},
            }
        ),
    ),
    Question(
        "login: empty body",
        lambda k: k.send("POST", "/auth/tokens", json={}),
    ),
    Question(
        "login: no JSON",
        lambda k: k.send(
            "POST",
            "/auth/tokens",
            data="x",
            headers={"Content-Type": "application/json"},
        ),
    ),
    Question("login: no method", lambda k: k.log_in({"methods": []})),
    Question(
        "login: unknown method",
        lambda k: k.log_in({"methods": ["saml9"], "saml9": {}}),
    ),
    Question(
        "login: a method of Keystone's",
        lambda k: k.log_in(
            {
                "methods": ["totp"],
                "totp": {"user": {"id": "x", "passcode": "1"}},
            }
        ),
    ),
    Question(
        "login: method without its part",
        lambda k: k.log_in({"methods": ["password"]}),
    ),
    Question(
        "login: scope of two kinds",
        lambda k: k.password("admin", {**DEMO, "system": {"all": True}}),
    ),
    Question("login: empty scope", lambda k: k.password(scope={})),
    Question("login: a word as scope", lambda k: k.password(scope="scoped")),
    Question(
        "login: project with neither name nor id",
        lambda k: k.password(scope={"project": {}}),
    ),
    Question(
        "login: domain by name",
        lambda k: k.password("admin", {"domain": {"name": "Default"}}),
    ),
    Question(
        "login: no such domain",
        lambda k: k.password("admin", {"domain": {"name": "nosuch"}}),
    ),
    Question(
        "login: part without a user",
        lambda k: k.log_in({"methods": ["password"], "password": {}}),
    ),
    Question(
        "login: part that is a number",
        lambda k: k.log_in({"methods": ["password"], "password": 1}),
    ),
    Question(
        "login: user with neither name nor id",
        lambda k: k.log_in(
            {"methods": ["password"], "password": {"user": {}}}
        ),
    ),
    Question(
        "login: token without its id",
        lambda k: k.log_in({"methods": ["token"], "token": {}}),
    ),
    Question(
        "login: methods that are a word",
        lambda k: k.log_in({"methods": "password"}),
    ),
    Question(
        "login: application credential, no part",
        lambda k: k.log_in({"methods": ["application_credential"]}, None),
    ),
    Question(
        "login: application credential, no such name",
        lambda k: k.log_in(
            {
                "methods": ["application_credential"],
                "application_credential": {
                    "name": "nosuch",
                    "secret": "x",
                    "user": {"name": "demo", "domain": _DOMAIN},
                },
            },
            None,
        ),
    ),
    Question(
        "login: application credential, no secret",
        lambda k: k.log_in(
            {
                "methods": ["application_credential"],
                "application_credential": {"id": "x" * 32},
            },
            None,
        ),
    ),
    Question("login: token", lambda k: k.log_in(by_token(k.tokens["demo"]))),
    Question(
        "login: token, no scope",
        lambda k: k.log_in(by_token(k.tokens["demo"]), None),
    ),
    Question(
        "login: token, revoked", lambda k: k.log_in(by_token(k.revoked()))
    ),
    Question("login: token, junk", lambda k: k.log_in(by_token("junk"))),
    Question(
        "login: application credential, no such id",
        lambda k: k.log_in(
            {
                "methods": ["application_credential"],
                "application_credential": {"id": "x" * 32, "secret": "x"},
            },
            None,
        ),
    ),
)
TOKENS = (
    Question("validate: own", lambda k: k.validate("demo", k.tokens["demo"])),
    Question(
        "validate: another's, as member",
        lambda k: k.validate("demo", k.tokens["rival"]),
    ),
    Question(
        "validate: another's, as admin",
        lambda k: k.validate("admin", k.tokens["demo"]),
    ),
    Question(
        "validate: another's, as reader",
        lambda k: k.validate("auditor", k.tokens["demo"]),
    ),
    Question(
        "validate: junk, as admin", lambda k: k.validate("admin", "junk")
    ),
    Question(
        "validate: junk, as member", lambda k: k.validate("demo", "junk")
    ),
    Question(
        "validate: revoked, as admin",
        lambda k: k.validate("admin", k.revoked()),
    ),
    Question(
        "validate: without a token",
        lambda k: k.send(
            "GET",
            "/auth/tokens",
            headers={"X-Subject-Token": k.tokens["demo"]},
        ),
    ),
    Question(
        "validate: without a subject",
        lambda k: k.get("/auth/tokens", "admin"),
    ),
    Question(
        "revoke: junk, as admin",
        lambda k: k.send(
            "DELETE",
            "/auth/tokens",
            headers={
                "X-Auth-Token": k.tokens["admin"],
                "X-Subject-Token": "junk",
            },
        ),
    ),
    Question(
        "junk token",
        lambda k: k.send(
            "GET", "/auth/catalog", headers={"X-Auth-Token": "junk"}
        ),
    ),
    Question("no token", lambda k: k.send("GET", "/auth/catalog")),
    Question("version document", lambda k: k.send("GET", "")),
    Question("no such path", lambda k: k.get("/nothing")),
    Question("no such project", lambda k: k.get("/projects/nosuch", "admin")),
    Question("no such user", lambda k: k.get("/users/nosuch", "admin")),
)
PATHS = (
    "/auth/catalog",
    "/auth/projects",
    "/auth/domains",
    "/auth/system",
    "/projects",
    "/projects?name=demo",
    "/projects/{project}",
    "/users",
    "/users/{user}",
    "/users/{user}/projects",
    "/users/{user}/application_credentials",
    "/users/{user}/access_rules",
    "/domains",
    "/domains/default",
    "/roles",
    "/regions",
    "/services",
    "/services?type=compute",
    "/endpoints",
    "/role_assignments",
    "/role_assignments?user.id={user}&include_names=true",
    "/groups",
    "/credentials",
    "/policies",
    "/limits",
    "/registered_limits",
    "/OS-TRUST/trusts",
    "/role_inferences",
)


def _reading(path: str, who: str) -> Question:
    return Question(f"GET {path} as {who}", lambda k: k.get(path, who))


QUESTIONS = (
    *LOGINS,
    *TOKENS,
    *(_reading(path, who) for path in PATHS for who in ("demo", "admin")),
)
