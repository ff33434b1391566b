"""The volumes of a server: list, attach and detach them."""

from typing import ClassVar

from fakeserver.cloud.compute.server import history, power
from fakeserver.cloud.compute.server.find import find, may_write
from fakeserver.cloud.compute.server.states import allow
from fakeserver.cloud.compute.version import since
from fakeserver.cloud.identity.tokens import Token
from fakeserver.cloud.shared import web
from fakeserver.cloud.shared.rows import Doc
from fakeserver.cloud.shared.schema import SERVERS, VOLUMES
from fakeserver.cloud.shared.web import Answer, CloudError, Route
from fakeserver.cloud.volume import disks

_ATTACH = web.validator(
    {
        "type": "object",
        "required": ["volumeAttachment"],
        "properties": {
            "volumeAttachment": {
                "type": "object",
                "required": ["volumeId"],
                "properties": {
                    "volumeId": {"type": "string", "maxLength": 64},
                    "device": {"type": ["string", "null"]},
                    "delete_on_termination": {"type": "boolean"},
                    "tag": {"type": "string"},
                },
                "additionalProperties": False,
            }
        },
    }
)
_VOLUMES = "/v2.1/servers/<server>/os-volume_attachments"


class Attachments(web.Part):
    """List, attach and detach the volumes of a server."""

    ROUTES: ClassVar[tuple[Route, ...]] = (
        Route("GET", _VOLUMES, "index"),
        Route("POST", _VOLUMES, "attach"),
        Route("GET", f"{_VOLUMES}/<volume>", "show"),
        Route("DELETE", f"{_VOLUMES}/<volume>", "detach"),
    )

    def index(self, caller: Token, server: str) -> Answer:
        row = find(self.site.db.connection(), caller, server)
        shown = [_attachment(row, disk) for disk in row["disks"]]
        return {"volumeAttachments": shown}

    def show(self, caller: Token, server: str, volume: str) -> Answer:
        row = find(self.site.db.connection(), caller, server)
        return {"volumeAttachment": _attachment(row, _disk(row, volume))}

    def attach(self, caller: Token, server: str) -> Answer:
        may_write(caller, "os-volumes-attachments:create")
        given = web.body(_ATTACH)["volumeAttachment"]
        with self.site.db.transaction() as tx:
            row = find(tx, caller, server)
            allow(caller, row, "attach_volume")
            volume = disks.for_server(tx, row["project_id"], given["volumeId"])
            disk = power.add_disk(
                tx,
                self.site,
                row,
                volume,
                given.get("device"),
                given.get("delete_on_termination", False),
            )
            SERVERS.put(tx, row)
            power.set_writing(tx, self.site, row)
            history.note(tx, self.site, caller, row, "attach_volume")
        return {"volumeAttachment": _attachment(row, disk)}

    def detach(self, caller: Token, server: str, volume: str) -> Answer:
        may_write(caller, "os-volumes-attachments:delete")
        with self.site.db.transaction() as tx:
            row = find(tx, caller, server)
            allow(caller, row, "detach_volume")
            disk = _disk(row, volume)
            if disk is row["disks"][0]:
                raise CloudError(403, "Cannot detach a root device volume")
            row["disks"].remove(disk)
            SERVERS.put(tx, row)
            if found := VOLUMES.get(tx, volume):
                disks.detach(tx, self.site, found)
            history.note(tx, self.site, caller, row, "detach_volume")
        return "", 202


def _disk(row: Doc, volume: str) -> Doc:
    disk: Doc
    for disk in row["disks"]:
        if disk["id"] == volume:
            return disk
    raise CloudError(
        404,
        f"Instance {row['id']} is not attached to volume {volume}.",
    )


def _attachment(row: Doc, disk: Doc) -> Doc:
    shown: Doc = {
        "volumeId": disk["id"],
        "serverId": row["id"],
        "device": disk["device"],
    }
    if not since(89):
        shown["id"] = disk["id"]
    if since(70):
        shown["tag"] = None
    if since(79):
        shown["delete_on_termination"] = disk["delete_on_termination"]
    return shown
