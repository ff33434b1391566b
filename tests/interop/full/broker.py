"""RabbitMQ for the services of both sites, as the user who starts it."""

import base64
import hashlib
import json
import pathlib
import secrets

from tests.interop.full import needs
from tests.interop.full.daemons import until_it_listens
from tests.interop.processes import Processes, free_ports, tethered

USER = "openstack"
NAME = "rabbitmq"
EPMD = "epmd"


class Broker:
    """One RabbitMQ with a virtual host for each site."""

    def __init__(self, folder: pathlib.Path, sites: tuple[str, ...]) -> None:
        self.folder = folder
        self._sites = sites
        self._port, self._nodes, self._names = free_ports(3)
        self._password = secrets.token_hex(16)

    def url(self, site: str) -> str:
        """The transport_url of the services of a site."""
        return (
            f"rabbit://{USER}:{self._password}@127.0.0.1:{self._port}/{site}"
        )

    def start(self, processes: Processes) -> None:
        """Start it; :meth:`wait` waits for it."""
        self.folder.mkdir(mode=0o700)
        self._write()
        names = {
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self._names),
        }
        # RabbitMQ would start one by itself, which outlives it
        processes.start(EPMD, tethered(needs.epmd()), names)
        processes.start(
            NAME,
            tethered(needs.rabbitmq()),
            {
                **names,
                "HOME": str(self.folder),
                "RABBITMQ_NODENAME": f"interop{self._nodes}@localhost",
                "RABBITMQ_DIST_PORT": str(self._nodes),
                "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"),
                "RABBITMQ_CONF_ENV_FILE": str(self.folder / "none"),
                "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "plugins"),
                "RABBITMQ_MNESIA_BASE": str(self.folder / "mnesia"),
                "RABBITMQ_LOG_BASE": str(self.folder / "log"),
                "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
                    "-kernel inet_dist_use_interface {127,0,0,1} +S 2:2 "
                    "+sbwt none +sbwtdcpu none +sbwtdio none"
                ),
            },
        )

    def wait(self, processes: Processes) -> None:
        until_it_listens(processes, NAME, self._port)

    def _write(self) -> None:
        (self.folder / "plugins").write_text("[].\n")
        definitions = self.folder / "definitions.json"
        (self.folder / "rabbitmq.conf").write_text(
            f"listeners.tcp.1 = 127.0.0.1:{self._port}\n"
            f"load_definitions = {definitions}\n"
            "disk_free_limit.absolute = 50MB\n"
        )
        everything = {"configure": ".*", "write": ".*", "read": ".*"}
        definitions.write_text(
            json.dumps(
                {
                    "users": [
                        {
                            "name": USER,
                            "password_hash": _hash(self._password),
                            "hashing_algorithm": (
                                "rabbit_password_hashing_sha256"
                            ),
                            "tags": "",
                        }
                    ],
                    "vhosts": [{"name": site} for site in self._sites],
                    "permissions": [
                        {"user": USER, "vhost": site, **everything}
                        for site in self._sites
                    ],
                }
            )
        )


def _hash(password: str) -> str:
    """A password as RabbitMQ keeps it: four bytes of salt, then the hash."""
    salt = secrets.token_bytes(4)
    digest = hashlib.sha256(salt + password.encode()).digest()
    return base64.b64encode(salt + digest).decode()
