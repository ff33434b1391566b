"""The ports of a server: list, attach and detach them."""

from typing import ClassVar

from fakeserver.cloud.compute.server import history
from fakeserver.cloud.compute.server.find import find, may_write
from fakeserver.cloud.compute.server.states import allow
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
                "properties": {
                    "net_id": {"type": "string", "maxLength": 64},
                    "port_id": {"type": "string", "maxLength": 64},
                    "tag": {"type": "string", "maxLength": 60},
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
        Route("GET", f"{_INTERFACES}/<port>", "show"),
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
            allow(caller, row, "attach_interface")
            if port_id := given.get("port_id"):
                if "net_id" in given:
                    raise CloudError(
                        400, "Must not input both network_id and port_id"
                    )
                port = addresses.bind(tx, row, port_id)
            elif network_id := given.get("net_id"):
                port = addresses.add_port(
                    tx, row, network_id, fixed[0]["ip_address"]
                )
            else:
                raise CloudError(
                    400, "A network or a port is needed: net_id or port_id."
                )
            history.note(tx, self.site, caller, row, "attach_interface")
        return {"interfaceAttachment": _shown(port)}

    def show(self, caller: Token, server: str, port: str) -> Answer:
        db = self.site.db.connection()
        row = find(db, caller, server)
        for one in addresses.ports_of(db, row["id"]):
            if one["id"] == port:
                return {"interfaceAttachment": _shown(one)}
        raise CloudError(
            404,
            f"Instance {server} does not have a port with id {port}",
        )

    def unplug(self, caller: Token, server: str, port: str) -> Answer:
        may_write(caller, "os-attach-interfaces:delete")
        with self.site.db.transaction() as tx:
            row = find(tx, caller, server)
            allow(caller, row, "detach_interface")
            for one in addresses.ports_of(tx, row["id"]):
                if one["id"] == port:
                    addresses.let_go(tx, one)
                    break
            else:
                raise CloudError(404, f"Port id {port} could not be found.")
            history.note(tx, self.site, caller, row, "detach_interface")
        return "", 202


def _shown(port: Doc) -> Doc:
    return {
        "port_id": port["id"],
        "port_state": "ACTIVE",
        "net_id": port["network_id"],
        "mac_addr": port["mac_address"],
        "fixed_ips": addresses.fixed_ips(port),
    }
