"""Client of Nova, Neutron and Cinder: only calls that a real cloud answers.

Nothing here waits or repeats: whoever calls knows how long to be patient.
"""

import re
from collections.abc import Mapping, Sequence

from fakeserver.engine.cloud_client.account import (
    Account,
    CloudRefused,
    CloudUnreachable,
    LoginRefused,
    Record,
)
from fakeserver.engine.cloud_client.attribute_calls import AttributeCalls


class RemoteCloud(AttributeCalls):
    """Nova, Neutron and Cinder of a site, in one project."""

    def ping(self) -> None:
        """Ask Keystone, Nova, Neutron and Cinder; raise where one does not
        answer."""
        one = {"limit": "1"}
        self._http.call("compute", "GET", "/flavors", params=one)
        self._http.call("network", "GET", "/networks", params=one)
        self._http.call("volume", "GET", "/types", params=one)

    # -- Nova

    def servers(self, name: str | None = None) -> list[Record]:
        """List the servers of the project, or those of exactly this name."""
        params = {}
        if name is not None:
            # Nova takes the name for a regular expression
            params["name"] = f"^{re.escape(name)}$"
        found = self._all("compute", "/servers/detail", "servers", params)
        return [one for one in found if name in (None, one["name"])]

    def server(self, server_id: str) -> Record | None:
        return self._maybe("compute", f"/servers/{server_id}", "server")

    def attachments(self, server_id: str) -> list[Record]:
        """List the volumes of a server, with the device of each."""
        path = f"/servers/{server_id}/os-volume_attachments"
        found = self._http.call("compute", "GET", path)
        attached: list[Record] = found["volumeAttachments"]
        return attached

    def create_server(
        self,
        *,
        name: str,
        flavor_id: str,
        networks: Sequence[Mapping[str, str]],
        volumes: Sequence[Mapping[str, object]],
        metadata: Mapping[str, str],
        attributes: Mapping[str, object],
        server_group: str | None = None,
    ) -> Record:
        """Create a server that boots from a volume; the answer has little but
        the id.

        :param attributes: what else Nova takes, under its own names.
        """
        devices = [
            {
                "uuid": volume["id"],
                "source_type": "volume",
                "destination_type": "volume",
                "boot_index": volume["boot_index"],
                "delete_on_termination": False,
            }
            | (
                {"device_name": volume["device"]}
                if volume.get("device")
                else {}
            )
            for volume in volumes
        ]
        server = {
            **attributes,
            "name": name,
            "flavorRef": flavor_id,
            # no network at all has a word of its own since 2.37
            "networks": [dict(network) for network in networks] or "none",
            "block_device_mapping_v2": devices,
            "metadata": dict(metadata),
        }
        body: Record = {"server": server}
        if server_group is not None:
            body["os:scheduler_hints"] = {"group": server_group}
        version = self._newest()
        made = self._http.call(
            "compute", "POST", "/servers", json=body, version=version
        )
        created: Record = made["server"]
        return created

    def start_server(self, server_id: str) -> None:
        """Start a server; do nothing where it runs already."""
        self._turn(server_id, "os-start", "ACTIVE")

    def stop_server(self, server_id: str) -> None:
        """Stop a server; do nothing where it is stopped already."""
        self._turn(server_id, "os-stop", "SHUTOFF")

    def delete_server(self, server_id: str) -> None:
        """Delete a server; accept that it does not exist."""
        self._remove("compute", f"/servers/{server_id}")

    def interfaces(self, server_id: str) -> list[Record]:
        """List the ports of a server, with network and address."""
        path = f"/servers/{server_id}/os-interface"
        found = self._http.call("compute", "GET", path)
        ports: list[Record] = found["interfaceAttachments"]
        return ports

    def plug_port(self, server_id: str, port_id: str) -> None:
        """Give a port to a server."""
        self._http.call(
            "compute",
            "POST",
            f"/servers/{server_id}/os-interface",
            json={"interfaceAttachment": {"port_id": port_id}},
        )

    def unplug(self, server_id: str, port_id: str) -> None:
        """Begin to remove a port. Nova leaves a port that it has not made
        itself."""
        self._remove("compute", f"/servers/{server_id}/os-interface/{port_id}")

    def flavors(self) -> list[Record]:
        return self._all("compute", "/flavors/detail", "flavors")

    # -- Neutron

    def networks(self) -> list[Record]:
        """List the networks that the project sees, those of drills too."""
        return self._all("network", "/networks", "networks")

    def subnets(self) -> list[Record]:
        return self._all("network", "/subnets", "subnets")

    # -- Cinder

    def volume_types(self) -> list[Record]:
        """List the volume types; a member sees few of their extra specs."""
        return self._all("volume", "/types", "volume_types")

    def volume(self, volume_id: str) -> Record | None:
        return self._maybe("volume", f"/volumes/{volume_id}", "volume")

    def volumes(
        self, metadata: Mapping[str, str] | None = None
    ) -> list[Record]:
        """List the volumes of the project, or those with this metadata."""
        wanted = dict(metadata or {})
        # the filter's form is a Python dictionary, written out
        params = {"metadata": str(wanted)} if wanted else {}
        found = self._all("volume", "/volumes/detail", "volumes", params)
        return [
            one
            for one in found
            if wanted.items() <= one.get("metadata", {}).items()
        ]

    def manage_volume(
        self,
        *,
        host: str,
        ref_name: str,
        name: str,
        volume_type: str,
        bootable: bool,
        metadata: Mapping[str, str],
    ) -> Record:
        """Manage a volume of the backend into Cinder."""
        body = {
            "host": host,
            "ref": {"source-name": ref_name},
            "name": name,
            "volume_type": volume_type,
            "bootable": bootable,
            "metadata": dict(metadata),
        }
        made = self._http.call(
            "volume", "POST", "/os-volume-manage", json={"volume": body}
        )
        volume: Record = made["volume"]
        return volume

    def unmanage_volume(self, volume_id: str) -> None:
        """Unmanage a volume; accept that it does not exist."""
        try:
            self._act("volume", f"/volumes/{volume_id}", {"os-unmanage": {}})
        except CloudRefused as refusal:
            if refusal.status != 404:
                raise

    # -- groups of volumes

    def group_types(self) -> list[Record]:
        """List the group types; a member sees none of their specs."""
        found = self._http.call("volume", "GET", "/group_types")
        kinds: list[Record] = found["group_types"]
        return kinds

    def groups(self) -> list[Record]:
        """List the volume groups of the project: ids and names."""
        return self._all("volume", "/groups", "groups")

    def create_group(
        self, name: str, group_type: str, volume_types: Sequence[str]
    ) -> Record:
        body = {
            "name": name,
            "group_type": group_type,
            "volume_types": list(volume_types),
        }
        made = self._http.call(
            "volume", "POST", "/groups", json={"group": body}
        )
        group: Record = made["group"]
        return group

    def group(self, group_id: str) -> Record | None:
        """Return a volume group with the ids of its volumes."""
        return self._maybe(
            "volume", f"/groups/{group_id}", "group", {"list_volume": "True"}
        )

    def update_group(
        self,
        group_id: str,
        add: Sequence[str] = (),
        remove: Sequence[str] = (),
    ) -> None:
        body = {}
        if add:
            body["add_volumes"] = ",".join(add)
        if remove:
            body["remove_volumes"] = ",".join(remove)
        if body:
            self._http.call(
                "volume",
                "PUT",
                f"/groups/{group_id}",
                json={"group": body},
                silent=True,
            )

    def delete_group(self, group_id: str) -> None:
        """Delete an empty volume group; accept that it does not exist."""
        body = {"delete": {"delete-volumes": False}}
        try:
            self._act("volume", f"/groups/{group_id}", body)
        except CloudRefused as refusal:
            if refusal.status != 404:
                raise

    # -- both

    def limits(self) -> Record:
        """Return the absolute limits of Nova and of Cinder."""
        found: Record = {}
        for service in ("compute", "volume"):
            answer = self._http.call(service, "GET", "/limits")
            found |= answer["limits"]["absolute"]
        return found

    def _turn(self, server_id: str, action: str, status: str) -> None:
        """Start or stop a server unless it has that status already."""
        try:
            self._act("compute", f"/servers/{server_id}", {action: None})
        except CloudRefused as refusal:
            if refusal.status != 409:
                raise
            found = self.server(server_id)
            if found is None or found["status"] != status:
                raise


__all__ = [
    "Account",
    "CloudRefused",
    "CloudUnreachable",
    "LoginRefused",
    "RemoteCloud",
]
