"""Show what is behind Nova's servers: hosts, services, migrations, usage."""

from typing import ClassVar

import flask

from fakeserver.base.clock import stamp
from fakeserver.cloud.compute.server.find import (
    admin_only,
    find,
    may_write,
)
from fakeserver.cloud.compute.server.render import Places
from fakeserver.cloud.compute.version import needs, since
from fakeserver.cloud.identity.tokens import Token
from fakeserver.cloud.shared import web
from fakeserver.cloud.shared.rows import Doc
from fakeserver.cloud.shared.schema import SERVERS
from fakeserver.cloud.shared.web import Answer, CloudError, Route

_SERVER = "/v2.1/servers/<server>"
_USAGE = "/v2.1/os-simple-tenant-usage"
#: the types of a console that Nova knows; no host of this cloud has one
_CONSOLES = ("novnc", "spice-html5", "serial", "webmks", "rdp-html5")


class Hosts(web.Part):
    """Show the one compute host of a site, and its services, to admins."""

    ROUTES: ClassVar[tuple[Route, ...]] = (
        Route("GET", "/v2.1/os-hypervisors", "hypervisors"),
        Route("GET", "/v2.1/os-hypervisors/detail", "hypervisor_details"),
        Route("GET", "/v2.1/os-hypervisors/<hypervisor>", "hypervisor"),
        Route("GET", "/v2.1/os-services", "services"),
        Route("GET", "/v2.1/os-hosts", "hosts"),
        Route("GET", "/v2.1/os-agents", "agents"),
        Route("GET", "/v2.1/os-aggregates", "aggregates"),
        Route("GET", "/v2.1/os-migrations", "migrations"),
    )

    def hypervisors(self, caller: Token) -> Answer:
        admin_only(caller, "os-hypervisors:list")
        shown = self._hypervisor()
        names = ("id", "hypervisor_hostname", "state", "status")
        return {"hypervisors": [{name: shown[name] for name in names}]}

    def hypervisor_details(self, caller: Token) -> Answer:
        admin_only(caller, "os-hypervisors:list-detail")
        return {"hypervisors": [self._hypervisor()]}

    def hypervisor(self, caller: Token, hypervisor: str) -> Answer:
        admin_only(caller, "os-hypervisors:show")
        shown = self._hypervisor()
        if hypervisor != str(shown["id"]):
            raise CloudError(
                404, f"Hypervisor with ID '{hypervisor}' could not be found."
            )
        return {"hypervisor": shown}

    def services(self, caller: Token) -> Answer:
        admin_only(caller, "os-services:list")
        controller = self.site.config.site
        shown = [
            {
                "id": self._id(binary) if since(53) else number,
                "binary": binary,
                "host": host,
                "zone": zone,
                "status": "enabled",
                "state": "up",
                "disabled_reason": None,
                "updated_at": self._now(),
            }
            | ({"forced_down": False} if since(11) else {})
            for number, (binary, host, zone) in enumerate(
                (
                    ("nova-conductor", controller, "internal"),
                    ("nova-scheduler", controller, "internal"),
                    ("nova-compute", self._host, "nova"),
                ),
                1,
            )
        ]
        return {"services": shown}

    def hosts(self, caller: Token) -> Answer:
        needs(1, 43)
        admin_only(caller, "os-hosts:list")
        found = (
            (self.site.config.site, "conductor", "internal"),
            (self.site.config.site, "scheduler", "internal"),
            (self._host, "compute", "nova"),
        )
        names = ("host_name", "service", "zone")
        return {"hosts": [dict(zip(names, one, strict=True)) for one in found]}

    def agents(self, caller: Token) -> Answer:
        raise CloudError(
            410,
            "This resource is no longer available. No forwarding address "
            "is given.",
        )

    def aggregates(self, caller: Token) -> Answer:
        admin_only(caller, "os-aggregates:index")
        return {"aggregates": []}

    def migrations(self, caller: Token) -> Answer:
        admin_only(caller, "os-migrations:index")
        return {"migrations": []}

    @property
    def _host(self) -> str:
        return f"compute-{self.site.config.site}"

    def _id(self, name: str) -> str:
        world = self.site.world
        return world.flavor_id(self.site.config.site, name)

    def _now(self) -> str:
        return stamp(self.site.clock.time()).rstrip("Z") + ".000000"

    def _hypervisor(self) -> Doc:
        servers = SERVERS.select(self.site.db.connection())
        shown: Doc = {
            "id": self._id("hypervisor") if since(53) else 1,
            "hypervisor_hostname": self._host,
            "hypervisor_type": "QEMU",
            "hypervisor_version": 8002000,
            "host_ip": "127.0.0.1",
            "state": "up",
            "status": "enabled",
            "service": {
                "id": self._id("nova-compute") if since(53) else 3,
                "host": self._host,
                "disabled_reason": None,
            },
        }
        if since(53):
            shown["servers"] = [
                {"uuid": row["id"], "name": row["name"]} for row in servers
            ]
        if since(88):
            return shown | {"uptime": None}
        flavors = [row["flavor"] for row in servers]
        return shown | {
            "vcpus": 512,
            "vcpus_used": sum(flavor["vcpus"] for flavor in flavors),
            "memory_mb": 4 * 1024 * 1024,
            "memory_mb_used": sum(flavor["ram"] for flavor in flavors),
            "free_ram_mb": 4 * 1024 * 1024
            - sum(flavor["ram"] for flavor in flavors),
            "local_gb": 0,
            "local_gb_used": 0,
            "free_disk_gb": 0,
            "disk_available_least": 0,
            "running_vms": len(servers),
            "current_workload": 0,
            "cpu_info": {},
        }


class Usage(web.Part):
    """Show what the servers of a project have used."""

    ROUTES: ClassVar[tuple[Route, ...]] = (
        Route("GET", _USAGE, "index"),
        Route("GET", f"{_USAGE}/<project>", "show"),
    )

    def index(self, caller: Token) -> Answer:
        admin_only(caller, "os-simple-tenant-usage:list")
        rows = SERVERS.select(self.site.db.connection())
        projects = sorted({row["project_id"] for row in rows})
        return {"tenant_usages": [self._usage(one) for one in projects]}

    def show(self, caller: Token, project: str) -> Answer:
        if project != caller.project_id:
            admin_only(caller, "os-simple-tenant-usage:show")
        return {"tenant_usage": self._usage(project)}

    def _usage(self, project: str) -> Doc:
        rows = SERVERS.select(
            self.site.db.connection(), "project_id = ?", (project,)
        )
        now = self.site.clock.time()
        hours = {row["id"]: (now - row["created"]) / 3600 for row in rows}

        def total(name: str) -> float:
            return float(
                sum(row["flavor"][name] * hours[row["id"]] for row in rows)
            )

        args = flask.request.args
        return {
            "tenant_id": project,
            "start": args.get("start", ""),
            "stop": args.get("end", ""),
            "total_hours": sum(hours.values()),
            "total_vcpus_usage": total("vcpus"),
            "total_memory_mb_usage": total("ram"),
            "total_local_gb_usage": total("disk"),
            "server_usages": [
                {
                    "instance_id": row["id"],
                    "name": row["name"],
                    "tenant_id": project,
                    "flavor": row["flavor"]["name"],
                    "vcpus": row["flavor"]["vcpus"],
                    "memory_mb": row["flavor"]["ram"],
                    "local_gb": row["flavor"]["disk"],
                    "hours": hours[row["id"]],
                    "state": row["status"].lower(),
                    "started_at": stamp(row["created"]).rstrip("Z")
                    + ".000000",
                    "ended_at": None,
                    "uptime": int(hours[row["id"]] * 3600),
                }
                for row in rows
            ],
        }


class ServerExtras(web.Part):
    """Show the addresses and migrations of a server, and open no console."""

    ROUTES: ClassVar[tuple[Route, ...]] = (
        Route("GET", f"{_SERVER}/ips", "ips"),
        Route("GET", f"{_SERVER}/ips/<network>", "ips_of"),
        Route("GET", f"{_SERVER}/migrations", "migrations"),
        Route("POST", f"{_SERVER}/remote-consoles", "console"),
    )

    def ips(self, caller: Token, server: str) -> Answer:
        return {"addresses": self._addresses(caller, server)}

    def ips_of(self, caller: Token, server: str, network: str) -> Answer:
        found = self._addresses(caller, server)
        if network not in found:
            raise CloudError(
                404, "Instance is not a member of specified network"
            )
        return {network: found[network]}

    def migrations(self, caller: Token, server: str) -> Answer:
        needs(23)
        find(self.site.db.connection(), caller, server)
        admin_only(caller, "servers:migrations:index")
        return {"migrations": []}

    def console(self, caller: Token, server: str) -> Answer:
        needs(6)
        find(self.site.db.connection(), caller, server)
        may_write(caller, "os-remote-consoles")
        asked = web.body(_CONSOLE)["remote_console"]["type"]
        raise CloudError(400, f"Unavailable console type {asked}.")

    def _addresses(self, caller: Token, server: str) -> Doc:
        db = self.site.db.connection()
        row = find(db, caller, server)
        places = Places(db, [row])
        shown = places.addresses(places.ports(row["id"]))
        return {
            name: [
                {"version": one["version"], "addr": one["addr"]}
                for one in found
            ]
            for name, found in shown.items()
        }


_CONSOLE = web.validator(
    {
        "type": "object",
        "required": ["remote_console"],
        "properties": {
            "remote_console": {
                "type": "object",
                "required": ["protocol", "type"],
                "properties": {
                    "protocol": {"type": "string"},
                    "type": {"enum": list(_CONSOLES)},
                },
                "additionalProperties": False,
            }
        },
    }
)
