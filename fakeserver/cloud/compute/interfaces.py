"""The ports of a server: list, attach and detach them."""

from typing import ClassVar

from fakeserver.cloud.compute.servers import find, may_write
from fakeserver.cloud.identity.tokens import Token
from fakeserver.cloud.network import addresses
from fakeserver.cloud.shared import web
from fakeserver.cloud.shared.rows import Doc
from fakeserver.cloud.shared.web import Answer, CloudError, Route

_PLUG = web.validator(
    {
        "type": "object",
        "required": ["interfaceAttachment"],
        "properties": {
            "interfaceAttachment": {
                "type": "object",
                "required": ["net_id"],
                "properties": {
                    "net_id": {"type": "string", "maxLength": 64},
                    "fixed_ips": {
                        "type": "array",
                        "minItems": 1,
                        "maxItems": 1,
                        "items": {
                            "type": "object",
                            "required": ["ip_address"],
                            "properties": {
                                "ip_address": {
                                    "type": "string",
                                    "maxLength": 64,
                                }
                            },
                            "additionalProperties": False,
                        },
                    },
                },
                "additionalProperties": False,
            }
        },
    }
)
_INTERFACES = "/v2.1/servers/<server>/os-interface"


class Interfaces(web.Part):
    """List, attach and detach the ports of a server."""

    ROUTES: ClassVar[tuple[Route, ...]] = (
        Route("GET", _INTERFACES, "index"),
        Route("POST", _INTERFACES, "plug"),
        Route("DELETE", f"{_INTERFACES}/<port>", "unplug"),
    )

    def index(self, caller: Token, server: str) -> Answer:
        db = self.site.db.connection()
        row = find(db, caller, server)
        shown = [_shown(port) for port in addresses.ports_of(db, row["id"])]
        return {"interfaceAttachments": shown}

    def plug(self, caller: Token, server: str) -> Answer:
        may_write(caller, "os-attach-interfaces:create")
        given = web.body(_PLUG)["interfaceAttachment"]
        fixed = given.get("fixed_ips") or [{"ip_address": None}]
        with self.site.db.transaction() as tx:
            row = find(tx, caller, server)
            port = addresses.add_port(
                tx, row, given["net_id"], fixed[0]["ip_address"]
            )
        return {"interfaceAttachment": _shown(port)}

    def unplug(self, caller: Token, server: str, port: str) -> Answer:
        may_write(caller, "os-attach-interfaces:delete")
        with self.site.db.transaction() as tx:
            row = find(tx, caller, server)
            held = {
                one["id"]: one for one in addresses.ports_of(tx, row["id"])
            }
            if port not in held:
                raise CloudError(404, f"Port id {port} could not be found.")
            addresses.let_go(tx, held[port])
        return "", 202


def _shown(port: Doc) -> Doc:
    return {
        "port_id": port["id"],
        "port_state": "ACTIVE",
        "net_id": port["network_id"],
        "mac_addr": port["mac_address"],
        "fixed_ips": [
            {
                "subnet_id": port["subnet_id"],
                "ip_address": port["ip_address"],
            }
        ],
    }
