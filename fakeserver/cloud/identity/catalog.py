"""Bodies of tokens and the catalog, in Keystone's form."""

import datetime
from typing import TYPE_CHECKING

from fakeserver.base.ids import stable_hex
from fakeserver.base.seed_world import DOMAIN, REGION
from fakeserver.cloud.identity.keystone import DOMAIN_ID
from fakeserver.cloud.identity.tokens import Token
from fakeserver.cloud.shared.rows import Doc

if TYPE_CHECKING:
    from fakeserver.base.config import SiteConfig

#: type, name, path below the site's URL
SERVICES = (
    ("identity", "keystone", "/identity"),
    ("compute", "nova", "/compute/v2.1"),
    ("network", "neutron", "/networking"),
    ("volumev3", "cinderv3", "/volume/v3/%(project_id)s"),
    ("image", "glance", "/image"),
    ("protector", "protector", ""),
)
#: stands in an address of the catalog for the project of the token
_PROJECT = "%(project_id)s"
INTERFACES = ("public", "internal", "admin")


def isotime(seconds: float) -> str:
    """Format a time as Keystone does, with its fraction of a second."""
    moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def role_id(config: "SiteConfig", name: str) -> str:
    return stable_hex(config.seed, config.site, "role", name)


def services(config: "SiteConfig") -> list[Doc]:
    """Return the services, as /v3/services lists them."""
    return [
        {
            "id": stable_hex(config.seed, config.site, "service", kind),
            "type": kind,
            "name": name,
            "enabled": True,
        }
        for kind, name, _ in SERVICES
    ]


def endpoints(config: "SiteConfig") -> list[Doc]:
    """Return the endpoints, without the project in their addresses."""
    return [
        {
            "id": stable_hex(
                config.seed, config.site, "endpoint", kind, interface
            ),
            "service_id": stable_hex(
                config.seed, config.site, "service", kind
            ),
            "interface": interface,
            "url": config.url + path,
            "region": REGION,
            "region_id": REGION,
            "enabled": True,
        }
        for kind, _, path in SERVICES
        for interface in INTERFACES
    ]


def catalog(config: "SiteConfig", token: Token) -> list[Doc]:
    """Return the catalog of a token; without a project, leave out what needs
    one."""
    known = endpoints(config)
    return [
        {
            "id": service["id"],
            "type": service["type"],
            "name": service["name"],
            "endpoints": [
                {
                    "id": endpoint["id"],
                    "interface": endpoint["interface"],
                    "url": endpoint["url"].replace(_PROJECT, token.project_id),
                    "region": REGION,
                    "region_id": REGION,
                }
                for endpoint in known
                if endpoint["service_id"] == service["id"]
                and (token.project_id or _PROJECT not in endpoint["url"])
            ],
        }
        for service in services(config)
    ]


def token_body(
    config: "SiteConfig",
    token: Token,
    credential: Doc | None,
    with_catalog: bool = True,
) -> Doc:
    """Return the body of POST and GET /v3/auth/tokens."""
    domain = {"id": DOMAIN_ID, "name": DOMAIN}
    said: Doc = {
        "methods": list(token.methods),
        "user": {
            "id": token.user_id,
            "name": token.user_name,
            "domain": domain,
            "password_expires_at": None,
        },
        "audit_ids": list(token.audit_ids[:2]),
        "expires_at": isotime(token.expires_at),
        "issued_at": isotime(token.issued_at),
    }
    if token.project_id:
        said["project"] = {
            "id": token.project_id,
            "name": token.project_name,
            "domain": domain,
        }
        said["is_domain"] = False
    if token.domain_id:
        said["domain"] = domain
    if token.system:
        said["system"] = {"all": True}
    if token.roles:
        said["roles"] = [
            {"id": role_id(config, role), "name": role} for role in token.roles
        ]
    if credential is not None:
        said["application_credential"] = {
            "id": credential["id"],
            "name": credential["name"],
            "restricted": not credential["unrestricted"],
        }
    if with_catalog and token.roles:
        said["catalog"] = catalog(config, token)
    return {"token": said}
