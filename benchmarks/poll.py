"""Measure the CPU time of one poll, as a multiple of a bare GET of
requests; beside it what keystoneauth's own adapter takes, which looks the
endpoint and the token up anew and makes no record."""

import json
import multiprocessing
import socketserver
import statistics
import time
from collections.abc import Callable

import requests
from keystoneauth1 import adapter, fixture, session
from keystoneauth1.identity import v3

from protectorclient import Client

POLLS = 300
ROUNDS = 7
_VERSION = {
    "id": "v1.0",
    "status": "CURRENT",
    "min_version": "1.0",
    "version": "1.2",
}
_OPERATION = {
    "id": "op-1",
    "protection_group_id": "pg-1",
    "operation_type": "failover",
    "status": "running",
    "progress": 55,
    "steps_completed": ["validate_target_site", "get_latest_snapshot"],
    "steps_failed": [],
    "error_message": None,
    "started_at": "2025-11-03T10:00:00Z",
    "completed_at": None,
    "updated_at": "2025-11-03T10:00:00Z",
    "parameters": {"force": False},
    "request_id": "req-1",
}


class _Site(socketserver.StreamRequestHandler):
    """A Keystone and a protector whose answers never change."""

    def handle(self) -> None:
        while line := self.rfile.readline().decode():
            length = 0
            while (header := self.rfile.readline().strip()) != b"":
                name, _, value = header.lower().partition(b":")
                if name == b"content-length":
                    length = int(value)
            self.rfile.read(length)
            status, body = self.answer(line.split()[1])
            text = json.dumps(body).encode()
            head = (
                f"HTTP/1.1 {status}\r\n"
                "Content-Type: application/json\r\n"
                "X-Subject-Token: a-token\r\n"
                "X-OpenStack-Request-ID: req-1\r\n"
                "OpenStack-API-Version: protector 1.2\r\n"
                "Vary: OpenStack-API-Version\r\n"
                f"Content-Length: {len(text)}\r\n\r\n"
            )
            self.wfile.write(head.encode() + text)

    def answer(self, path: str) -> tuple[str, object]:
        if path.endswith("/auth/tokens"):
            port = self.server.server_address[1]
            token = fixture.V3Token(project_id="p-1")
            for name in ("protector", *(f"other-{n}" for n in range(12))):
                token.add_service(name).add_standard_endpoints(
                    public=f"http://127.0.0.1:{port}", region="R"
                )
            return "201 Created", token
        if path == "/v1/":
            return "200 OK", {"version": _VERSION}
        return "200 OK", {"operation": _OPERATION}


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True


def cpu_us(call: Callable[[], object]) -> float:
    """Return the processor time of one call, in microseconds."""
    began = time.process_time()
    for _ in range(POLLS):
        call()
    return (time.process_time() - began) / POLLS * 1e6


def main() -> None:
    with _Server(("127.0.0.1", 0), _Site) as server:
        root = f"http://127.0.0.1:{server.server_address[1]}"
        site = multiprocessing.get_context("fork").Process(
            target=server.serve_forever, daemon=True
        )
        site.start()
        try:
            measure(root)
        finally:
            site.terminate()


def measure(root: str) -> None:
    auth = v3.Password(
        f"{root}/v3",
        "demo",
        "secret",
        project_name="demo",
        user_domain_name="Default",
        project_domain_name="Default",
    )
    client = Client(session=session.Session(auth=auth))
    bare = requests.Session()
    headers = {"X-Auth-Token": "a-token", "Accept": "application/json"}
    url = f"{root}/v1/p-1/operations/op-1"
    plain = adapter.Adapter(
        session.Session(auth=auth), service_type="protector", region_name="R"
    )
    path = "/v1/p-1/operations/op-1"
    subjects: dict[str, Callable[[], object]] = {
        "requests": lambda: bare.get(url, headers=headers, timeout=30).json(),
        "keystoneauth": lambda: plain.get(path).json(),
        "operations.get": lambda: client.operations.get("op-1"),
    }
    spent: dict[str, list[float]] = {name: [] for name in subjects}
    for call in subjects.values():
        cpu_us(call)
    for _ in range(ROUNDS):
        for name, call in subjects.items():
            spent[name].append(cpu_us(call))
    base = min(spent["requests"])
    for name, found in spent.items():
        print(
            f"{name:16} least {min(found):5.0f} us, median"
            f" {statistics.median(found):5.0f} us, {min(found) / base:.2f}"
        )


if __name__ == "__main__":
    main()
