"""Serve only what the page of the Operations API states.

A deployment that was built from that page alone: the addresses, fields and
parameters that it names, errors in forms of its own, request ids of its own.
The other site's engine is not bound by it: how two services talk to each
other is their own business, and the page does not say it.
"""

import html
import itertools
import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from flask import Response

from fakeserver.base.config import FORMS, TURNS

_T = "/v1/{tenant_id}"
_PG = f"{_T}/protection-groups/{{pg_id}}"
#: What exists, and where the page states it.
STATED: Mapping[tuple[str, str], str] = {
    ("GET", "/"): "A successful response returns the API version document",
    (
        "GET",
        "/v1/admin/sites/{site_id}",
    ): "status: active from GET /v1/admin/sites/{site_id}",
    (
        "GET",
        f"{_T}/protection-groups",
    ): "openstack protector protection-group list",
    ("GET", _PG): "Run GET /v1/{tenant_id}/protection-groups/{pg_id}",
    (
        "GET",
        f"{_PG}/policy",
    ): "GET /v1/{tenant_id}/protection-groups/{pg_id}/policy",
    (
        "POST",
        f"{_PG}/policy",
    ): "POST /v1/{tenant_id}/protection-groups/{pg_id}/policy",
    (
        "POST",
        f"{_PG}/action",
    ): "POST /v1/{tenant_id}/protection-groups/{pg_id}/action",
    (
        "POST",
        f"{_PG}/consistency-group/sync",
    ): "/v1/{tenant_id}/protection-groups/{pg_id}/consistency-group/sync",
    (
        "GET",
        f"{_PG}/sync-status",
    ): "Check with the sync-status endpoint before operating",
    (
        "POST",
        f"{_PG}/sync-force",
    ): "openstack protector protection-group sync-force prod-web-app",
    ("GET", f"{_T}/operations"): "GET /v1/{tenant_id}/operations",
    (
        "GET",
        f"{_T}/operations/{{op_id}}",
    ): "GET /v1/{tenant_id}/operations/{op_id}",
}
#: The parameters of a query that the page names, by path.
QUERY: Mapping[str, frozenset[str]] = {
    f"{_T}/operations": frozenset({"protection_group_id", "operation_type"}),
}
#: The most records of a list: there are no pages.
LIMIT = "1000"
#: The actions that the page names; and what each takes.
ACTIONS = frozenset(
    {
        "failover",
        "failback",
        "test_failover",
        "test_cleanup",
        "sync_volumes",
    }
)
PARAMETERS = frozenset(
    {
        "network_mapping",
        "flavor_mapping",
        "force",
        "retain_primary",
        "reverse_replication",
    }
)
#: The fields of each record that the page names.
FIELDS: Mapping[str, frozenset[str]] = {
    "site": frozenset({"id", "name", "status"}),
    "protection_group": frozenset(
        {
            "id",
            "name",
            "status",
            "current_primary_site_id",
            "failover_count",
            "metadata_version",
        }
    ),
    "policy": frozenset({"replication_interval"}),
    "sync_status": frozenset({"status", "local_version", "remote_version"}),
    "operation": frozenset(
        {
            "id",
            "protection_group_id",
            "operation_type",
            "status",
            "progress",
            "source_site_id",
            "target_site_id",
            "started_at",
            "completed_at",
            "error_message",
            "steps_completed",
            "steps_failed",
            "result_data",
        }
    ),
}
#: What a result names; and more where what a test made is recorded.
RESULT = frozenset(
    {"instances_created", "volumes_managed", "current_primary_site"}
)
RESULT_OF_TEST = RESULT | {"instances", "volumes"}
_PLURALS = {
    "protection_groups": "protection_group",
    "operations": "operation",
}
#: What no sentence of the page promises.
_HEADERS = ("OpenStack-API-Version", "Vary", "Retry-After", "Allow")


class SourcePage:
    """What a site serves that was built from the page alone.

    :param form: of an error's body: one of `FORMS`.
    """

    def __init__(self, form: str) -> None:
        chosen = FORMS[1:] if form == TURNS else (form,)
        self._forms: Iterator[str] = itertools.cycle(chosen)

    def has(self, method: str, path: str) -> bool:
        """Return whether the page names an address."""
        return (method, path) in STATED

    def query(
        self, path: str, given: Mapping[str, list[str]]
    ) -> dict[str, list[str]]:
        """Return the parameters of a query that the page names; others
        change nothing."""
        known = QUERY.get(path, frozenset())
        left = {name: held for name, held in given.items() if name in known}
        if path in (f"{_T}/operations", f"{_T}/protection-groups"):
            left["limit"] = [LIMIT]
        return left

    def unknown_in(self, body: Any) -> str | None:
        """Return the first key of an action that the page does not name."""
        if not isinstance(body, dict):
            return None
        for action, parameters in body.items():
            if action not in ACTIONS:
                return str(action)
            for name in parameters if isinstance(parameters, dict) else ():
                if name not in PARAMETERS:
                    return str(name)
        return None

    def answer(self, response: Response) -> None:
        """Make an answer into one of the page's."""
        for name in _HEADERS:
            response.headers.pop(name, None)
        if response.status_code >= 400:
            self._refuse(response)
        elif response.is_json:
            body = json.loads(response.get_data())
            response.set_data(json.dumps(_shown(body)))

    def _refuse(self, response: Response) -> None:
        told = json.loads(response.get_data())["error"]
        text = str(told["message"])
        form = next(self._forms)
        if form == "json":
            response.set_data(json.dumps({"error": text}))
        elif form == "text":
            response.mimetype = "text/plain"
            response.set_data(f"{text}\n")
        elif form == "html":
            response.mimetype = "text/html"
            title = f"{told['code']} {told['title']}"
            response.set_data(
                f"<html><head><title>{title}</title></head><body>"
                f"<h1>{title}</h1><p>{html.escape(text)}</p></body></html>"
            )
        else:
            response.mimetype = "text/plain"
            response.set_data(b"")


def _shown(body: dict[str, Any]) -> dict[str, Any]:
    """Return a body with the records and fields of the page alone."""
    shown: dict[str, Any] = {}
    for key, held in body.items():
        if key in FIELDS:
            shown[key] = _only(held, FIELDS[key])
        elif key in _PLURALS:
            fields = FIELDS[_PLURALS[key]]
            shown[key] = [_only(record, fields) for record in held]
        elif key in ("versions", "version"):
            shown[key] = held
    return shown


def _only(record: dict[str, Any], fields: Collection[str]) -> dict[str, Any]:
    shown = {name: held for name, held in record.items() if name in fields}
    result = shown.get("result_data")
    if isinstance(result, dict):
        is_test = shown.get("operation_type") == "test_failover"
        shown["result_data"] = _only(
            result, RESULT_OF_TEST if is_test else RESULT
        )
    return shown
