"""The API of one site over a store of its own and an engine that is told
what to answer."""

import contextlib
import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

import flask
from flask.testing import FlaskClient

from fakeserver import api
from fakeserver.base.clock import stamp
from fakeserver.base.db import dump
from fakeserver.base.errors import RequestRefused
from fakeserver.base.ids import stable_id
from fakeserver.base.routes import Application, Blueprint
from fakeserver.cloud.identity.check import IdentityUnreachable
from fakeserver.cloud.identity.tokens import Token
from fakeserver.engine import array_links
from fakeserver.engine.model.document import new_document
from fakeserver.engine.model.group_state import GroupState
from fakeserver.engine.model.operation_record import OperationRecord
from fakeserver.engine.peer.access import Access
from fakeserver.engine.service import Service
from fakeserver.site import Site
from fakeserver.store import groups, operations
from fakeserver.store.groups import Group
from fakeserver.store.sites import SITES
from fakeserver.store.summary import GroupSummary, Summaries

PROJECT = "a" * 32
OTHER = "b" * 32
ROLES = {
    "reader": ("reader",),
    "member": ("member", "reader"),
    "admin": ("admin", "member", "reader"),
    "protector_peer": ("protector_peer",),
    "stranger": ("other",),
}


class Tokens:
    """A Keystone whose tokens read ``role`` or ``role:project``.

    For a project stands what another scope is called, too: ``@system``,
    ``@domain`` or ``@nothing``. The token ``silence`` has no answer.
    """

    url = "http://127.0.0.1:8788/identity/v3"

    def check(self, text: str | None) -> Token | None:
        if text == "silence":
            raise IdentityUnreachable(self.url, "connection refused")
        role, _, project = (text or "").partition(":")
        if role not in ROLES:
            return None
        return Token(
            user_id="u",
            user_name=role,
            project_id="" if project[:1] == "@" else project or PROJECT,
            project_name="demo",
            roles=ROLES[role],
            expires_at=2e9,
            system=project == "@system",
            domain_id="default" if project == "@domain" else "",
        )


class InSync:
    """A peer that holds the same of every group."""

    def statuses(self, several: Sequence[GroupSummary]) -> dict[str, str]:
        return {group.id: "IN_SYNC" for group in several}


class Engine:
    """Records what it was asked, answers what it was told."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.access = Access(site)
        self.sync = InSync()
        self.summaries = Summaries(site.db)
        self.calls: list[tuple[Any, ...]] = []
        self.refusal: RequestRefused | Exception | None = None

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def called(*values: Any, **options: Any) -> Any:
            self.calls.append((name, *values))
            if self.refusal is not None:
                raise self.refusal
            return getattr(self, f"_{name}")(*values, **options)

        if name.startswith("_"):
            raise AttributeError(name)
        return called

    def _act(
        self, project: str, group: str, action: str, params: Any, rid: str
    ) -> str:
        return dump(operation(0, action, group=group, params=params, rid=rid))

    def _change(
        self,
        project: str,
        group: str,
        mutate: Callable[[Any], None],
        *more: Any,
    ) -> Group:
        found = groups.get(self.site.db, project, group)
        mutate(found.doc)
        found.doc["version"] += 1
        for how in more:
            array_links.owe(found, how)
        with self.site.db.transaction() as tx:
            groups.save(tx, found)
        return found

    @contextlib.contextmanager
    def _followed(self, group: str) -> Iterator[None]:
        yield
        found = groups.find(self.site.db, group)
        if found is not None:
            array_links.catch_up(self.site, found)

    def _delete(self, project: str, group: str, force: bool) -> None:
        found = groups.get(self.site.db, project, group)
        with self.site.db.transaction() as tx:
            groups.remove(tx, found)

    def _sync_status(self, *_: Any, **__: Any) -> dict[str, Any]:
        return SYNC_STATUS

    _sync_force = _local_sync_status = _sync_status

    def _local_sync_statuses(self, *_: Any) -> list[dict[str, Any]]:
        return [SYNC_STATUS]

    def _export(self, *_: Any) -> dict[str, Any]:
        return document("g")

    def _import_(
        self, project: str, group: str, doc: dict[str, Any], force: bool
    ) -> dict[str, Any]:
        return doc


SYNC_STATUS = {
    "protection_group_id": stable_id(1, "g"),
    "status": "IN_SYNC",
    "local_version": 1,
    "remote_version": 1,
    "local_checksum": "0" * 64,
    "remote_checksum": "0" * 64,
    "local_failover_count": 0,
    "remote_failover_count": 0,
    "last_operation_id": None,
    "last_sync_at": None,
    "message": "",
}


def operation(
    number: int,
    kind: str = "failover",
    status: str = "running",
    group: str = stable_id(1, "g"),
    params: dict[str, Any] | None = None,
    rid: str = f"req-{stable_id(1, 'r')}",
) -> dict[str, Any]:
    return {
        "id": f"op-{stable_id(1, 'op', str(number))}",
        "protection_group_id": group,
        "operation_type": kind,
        "status": status,
        "progress": 0,
        "source_site_id": stable_id(1, "site-a"),
        "target_site_id": stable_id(1, "site-b"),
        "started_at": "2025-11-03T10:00:00Z",
        "completed_at": None,
        "updated_at": "2025-11-03T10:00:00Z",
        "error_message": None,
        "steps_completed": [],
        "steps_failed": [],
        "parameters": params or {},
        "request_id": rid,
        "result_data": None,
    }


def document(name: str) -> dict[str, Any]:
    return new_document(
        group_id=stable_id(1, name),
        name=name,
        description="",
        replication_type="async",
        volume_type="flash-async",
        primary_site_id=stable_id(1, "site-a"),
        secondary_site_id=stable_id(1, "site-b"),
    )


class _Alone(Application):
    """The API, and one address of another service."""

    _worked_out = None


def make_app(engine: Engine) -> flask.Flask:
    made = _Alone("test", static_folder=None)
    cloud = Blueprint("cloud", __name__)
    cloud.add_url_rule("/identity/v3", "keystone", lambda: "keystone")
    made.take([*api.blueprints(cast(Service, engine), Tokens()), cloud])
    return made


class Api:
    """Requests as one of the roles, at one version."""

    def __init__(self, client: FlaskClient) -> None:
        self._client = client

    def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        role: str | None = "admin",
        version: str | None = "latest",
        headers: dict[str, str] | None = None,
        **kwargs: Any,
    ) -> Any:
        sent = dict(headers or {})
        if role is not None:
            sent["X-Auth-Token"] = role
        if version is not None:
            sent["OpenStack-API-Version"] = f"protector {version}"
        if body is not None:
            kwargs["json"] = body
        return self._client.open(path, method=method, headers=sent, **kwargs)


def add_group(site: Site, name: str, project: str = PROJECT) -> Group:
    now = stamp(site.clock.time())
    group = Group(
        stable_id(1, name),
        project,
        document(name),
        GroupState(created_at=now, updated_at=now, consistency_group_id="cg"),
    )
    with site.db.transaction() as tx:
        groups.save(tx, group)
    return group


def add_operation(site: Site, record: dict[str, Any]) -> None:
    with site.db.transaction() as tx:
        operations.add(
            tx,
            operations.Operation(
                record["id"],
                PROJECT,
                record["protection_group_id"],
                record["operation_type"],
                record["request_id"],
                OperationRecord.from_json(record),
            ),
        )


def add_site(site: Site, name: str, local: bool, port: int) -> dict[str, Any]:
    record = {
        "id": stable_id(1, name),
        "name": name,
        "description": "",
        "status": "active",
        "local": local,
        "auth_url": f"http://127.0.0.1:{port}/identity/v3",
        "region_name": "RegionOne",
        "interface": "public",
        "protector_url": f"http://127.0.0.1:{port}",
        "array_name": f"flasharray-{name[-1]}",
        "volume_backend_host": f"{name}@flasharray#pool",
        "username": "protector",
        "password": "sealed",
        "project_name": "service",
        "user_domain_name": "Default",
        "project_domain_name": "Default",
        "created_at": "2025-11-03T10:00:00Z",
        "updated_at": "2025-11-03T10:00:00Z",
    }
    with site.db.transaction() as tx:
        SITES.put(tx, record)
    return record


@dataclasses.dataclass
class Error:
    """An answer that has to be an error in the one form there is."""

    status: int
    reason: str
    message: str
    details: dict[str, Any]


def error_of(response: Any) -> Error:
    body = response.get_json()
    assert set(body) == {"error"}, body
    found = body["error"]
    assert set(found) == {
        "code",
        "title",
        "message",
        "reason",
        "request_id",
        "details",
    }
    assert found["code"] == response.status_code
    assert found["request_id"] == response.headers["X-OpenStack-Request-ID"]
    assert found["reason"].startswith("protector.")
    assert response.headers["OpenStack-API-Version"].startswith("protector ")
    assert "OpenStack-API-Version" in response.headers["Vary"]
    return Error(
        found["code"],
        found["reason"].removeprefix("protector."),
        found["message"],
        found["details"],
    )
