"""Bodies of tokens and the catalog, in Keystone's form."""

import datetime
from typing import TYPE_CHECKING

from keystoneauth1 import fixture

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
    body = _bare(token)
    known = endpoints(config)
    for service in services(config):
        entry = body.add_service(
            service["type"], name=service["name"], id=service["id"]
        )
        entry.setdefault("endpoints", [])
        for endpoint in known:
            if endpoint["service_id"] != service["id"]:
                continue
            url = endpoint["url"]
            if "%(project_id)s" in url and not token.project_id:
                continue
            entry.add_endpoint(
                endpoint["interface"],
                url.replace("%(project_id)s", token.project_id),
                region=REGION,
                id=endpoint["id"],
            )
    found: list[Doc] = body["token"]["catalog"]
    return found


def token_body(
    config: "SiteConfig",
    token: Token,
    credential: Doc | None,
    with_catalog: bool = True,
) -> Doc:
    """Return the body of POST and GET /v3/auth/tokens."""
    body = _bare(token)
    if token.project_id:
        body.set_project_scope(
            id=token.project_id,
            name=token.project_name,
            domain_id=DOMAIN_ID,
            domain_name=DOMAIN,
            is_domain=False,
        )
    if token.domain_id:
        body.set_domain_scope(id=DOMAIN_ID, name=DOMAIN)
    if token.system:
        body.set_system_scope()
    for role in token.roles:
        body.add_role(name=role, id=role_id(config, role))
    said = body["token"]
    said["user"]["password_expires_at"] = None
    if credential is not None:
        said["application_credential"] = {
            "id": credential["id"],
            "name": credential["name"],
            "restricted": not credential["unrestricted"],
        }
    if with_catalog and token.roles:
        said["catalog"] = catalog(config, token)
    return dict(body)


def _bare(token: Token) -> fixture.V3Token:
    body = fixture.V3Token(
        expires=isotime(token.expires_at),
        issued=isotime(token.issued_at),
        user_id=token.user_id,
        user_name=token.user_name,
        user_domain_id=DOMAIN_ID,
        user_domain_name=DOMAIN,
        methods=list(token.methods),
        audit_id=token.audit_ids[0],
    )
    if len(token.audit_ids) > 1:
        body.audit_chain_id = token.audit_ids[1]
    return body
