"""The real services of one site: started, waited for."""

import os
import pathlib
from collections.abc import Callable

import requests

from tests.interop.environment import HERE
from tests.interop.full import settings
from tests.interop.full.daemons import INSIDE, until
from tests.interop.full.settings import Setting
from tests.interop.processes import Processes, free_ports, tethered

#: type of the catalog, name of the service, path of its address
CATALOG = (
    ("compute", "nova", "/v2.1"),
    ("network", "neutron", ""),
    ("placement", "placement", ""),
    ("block-storage", "cinder", "/v3"),
)
#: service -> what it serves HTTP with
WSGI = {
    "placement": "placement.wsgi.api",
    "neutron": "neutron.wsgi.api",
    "cinder": "cinder.wsgi.api",
    "nova": "nova.wsgi.osapi_compute",
}
#: the others, which only RabbitMQ leads to; nova-compute waits for Placement
WORKERS = (
    "cinder-volume",
    "cinder-scheduler",
    "nova-conductor",
    "nova-scheduler",
)
COMPUTE = "nova-compute"


class RealSite:
    """Placement, Neutron, Cinder and Nova of one site."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        ports = free_ports(len(WSGI))
        self._urls = {
            service: f"http://127.0.0.1:{port}"
            for service, port in zip(WSGI, ports, strict=True)
        }
        self._ports = dict(zip(WSGI, ports, strict=True))

    @property
    def site(self) -> str:
        return self.setting.site

    def catalog(self) -> list[tuple[str, str, str]]:
        """Type, name and address of each service."""
        return [
            (kind, name, self._urls[name] + path)
            for kind, name, path in CATALOG
        ]

    def names(self) -> list[str]:
        """Its processes."""
        return [self._name(each) for each in (*WSGI, *WORKERS, COMPUTE)]

    def start(self, processes: Processes) -> None:
        """Start all but the one that needs another one first."""
        settings.write(self.setting)
        for service, module in WSGI.items():
            self._start(
                processes,
                service,
                self.setting.pythons[service],
                INSIDE / "serve.py",
                str(self._ports[service]),
                module,
                *self._arguments(service),
            )
        for worker in WORKERS:
            self._start_worker(processes, worker)

    def start_compute(self, processes: Processes) -> None:
        """Start nova-compute, which makes its node known to Placement when it
        starts, or never."""
        url = self._urls["placement"]
        self._until(
            processes, "placement", "answering", lambda: _get(url) is not None
        )
        self._start_worker(processes, COMPUTE)

    def wait(self, processes: Processes, token: str) -> None:
        """Wait until servers and volumes can be made."""
        nova, cinder, neutron = (
            self._urls[name] for name in ("nova", "cinder", "neutron")
        )
        for name, what, url, key in (
            ("neutron", "answering", f"{neutron}/v2.0/networks", ""),
            (
                *("cinder-volume", "in service"),
                *(f"{cinder}/v3/os-services?binary=cinder-volume", "services"),
            ),
            (
                *("cinder-scheduler", "in service"),
                f"{cinder}/v3/os-services?binary=cinder-scheduler",
                "services",
            ),
            (
                *(COMPUTE, "known to the scheduler"),
                *(f"{nova}/v2.1/os-hypervisors", "hypervisors"),
            ),
        ):

            def done(url: str = url, key: str = key) -> bool:
                found = _get(url, token)
                if found is None or not key:
                    return found is not None
                return any(one["state"] == "up" for one in found[key])

            self._until(processes, name, what, done)

    def _until(
        self,
        processes: Processes,
        name: str,
        what: str,
        done: Callable[[], bool],
    ) -> None:
        started = [each for each in self.names() if processes.has(each)]
        until(processes, self._name(name), what, done, started)

    def _start_worker(self, processes: Processes, worker: str) -> None:
        service = worker.partition("-")[0]
        program = self.setting.pythons[service].with_name(worker)
        self._start(processes, worker, program, *self._arguments(service, 1))

    def _start(
        self,
        processes: Processes,
        name: str,
        *command: str | pathlib.Path,
    ) -> None:
        service = name.partition("-")[0]
        processes.start(
            self._name(name), tethered(*command), self._environment(service)
        )

    def _arguments(self, service: str, worker: int = 0) -> list[str]:
        # the others look for their files where the environment says
        if not worker and service != "cinder":
            return []
        folder = self.setting.of(service)
        return ["--config-file", str(folder / f"{service}.conf")]

    def _environment(self, service: str) -> dict[str, str]:
        folder = self.setting.of(service)
        paths = [INSIDE, folder / "plugins", HERE.parents[1]]
        return {
            "HOME": str(folder),
            "PYTHONPATH": os.pathsep.join(map(str, paths)),
            "PYTHONWARNINGS": "ignore",
            "OS_NOVA_CONFIG_DIR": str(folder),
            "OS_PLACEMENT_CONFIG_DIR": str(folder),
            "OS_NEUTRON_CONFIG_FILES": str(folder / "neutron.conf"),
        }

    def _name(self, process: str) -> str:
        return f"{self.site}-{process}"


def _get(url: str, token: str = "") -> dict | None:
    """The JSON of an answer; None: there is none yet."""
    try:
        answer = requests.get(url, headers={"X-Auth-Token": token}, timeout=30)
        return answer.json() if answer.ok else None
    except requests.RequestException:
        return None
