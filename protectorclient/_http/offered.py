"""What a deployment may lack, as a table, and what does its work there.

The page of the Operations API names few addresses; what lies beyond them, a
deployment may not have. Its 404 then means the address, and not the group or
the site that the caller names.
"""

from __future__ import annotations

import http
import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from protectorclient import exceptions

#: What a service answers for an address, or a method, that it lacks.
_NO_SUCH = (
    http.HTTPStatus.NOT_FOUND,
    http.HTTPStatus.METHOD_NOT_ALLOWED,
    http.HTTPStatus.NOT_IMPLEMENTED,
)
#: What the page of the Operations API names in an action.
_ACTIONS = frozenset(
    {"failover", "failback", "test_failover", "test_cleanup", "sync_volumes"}
)
_PARAMETERS = frozenset(
    {
        "network_mapping",
        "flavor_mapping",
        "force",
        "retain_primary",
        "reverse_replication",
    }
)
_ALL_MAPPINGS = "/v1/admin/tenant-mappings"
#: The segments of a path up to the id of a site or a group.
_WITH_ID = 5


class Feature(NamedTuple):
    """A part of the API that a deployment may lack."""

    methods: str
    #: Below ``/v1``, with ``*`` for an id.
    path: str
    #: What it lacks, in a sentence.
    what: str
    #: What does the work, or a part of it; a clause.
    instead: str


_BY_HAND = "its operator does that at the service"
_SITE = "admin/sites/*"
_GROUP = "*/protection-groups/*"
_MEMBERS = ("a list of members", "openstack server list shows instances")
_MAPPINGS = ("tenant mappings", _BY_HAND)

FEATURES = (
    Feature("GET", "admin/sites", "a list of sites", "site show takes an id"),
    Feature("POST", "admin/sites", "the registration of sites", _BY_HAND),
    Feature("PATCH", _SITE, "the change of a site", _BY_HAND),
    Feature("DELETE", _SITE, "the removal of a site", _BY_HAND),
    Feature(
        "POST",
        f"{_SITE}/validate",
        "the validation of a site",
        "site show has its status",
    ),
    Feature(
        "GET",
        f"{_SITE}/volume-types",
        "a list of replicated volume types",
        "openstack volume type list shows all types",
    ),
    Feature("GET POST", "admin/tenant-mappings", *_MAPPINGS),
    Feature("GET DELETE", "admin/tenant-mappings/*", *_MAPPINGS),
    Feature("GET", "health", "a health report", "status works without it"),
    Feature("POST", "*/protection-groups", "the creation of groups", _BY_HAND),
    Feature("PATCH", _GROUP, "the change of a group", _BY_HAND),
    Feature("DELETE", _GROUP, "the deletion of groups", _BY_HAND),
    Feature("GET", f"{_GROUP}/members", *_MEMBERS),
    Feature("POST", f"{_GROUP}/members", "the addition of members", _BY_HAND),
    Feature("GET", f"{_GROUP}/members/*", *_MEMBERS),
    Feature(
        "DELETE", f"{_GROUP}/members/*", "the removal of members", _BY_HAND
    ),
    Feature(
        "DELETE",
        f"{_GROUP}/policy",
        "the removal of a policy",
        "policy set replaces it",
    ),
    Feature(
        "GET",
        f"{_GROUP}/consistency-group",
        "a list of recovery points",
        "consistency-group sync makes one",
    ),
    Feature(
        "GET PUT",
        f"{_GROUP}/metadata",
        "the metadata of groups",
        "failover, failback and sync-status work without them",
    ),
)


def feature(method: str, path: str) -> Feature | None:
    """Return what a deployment may lack at an address, if anything."""
    return next(
        (
            row
            for row in FEATURES
            if method in row.methods.split()
            and re.fullmatch(
                "/v1/" + row.path.replace("*", "[^/]+"), path.rstrip("/")
            )
        ),
        None,
    )


def explained(
    method: str,
    path: str,
    error: exceptions.ProtectorError,
    exists: Callable[[str], bool],
    body: object = None,
) -> exceptions.ProtectorError:
    """Return the error that says what a deployment lacks, or the same.

    :param body: what was sent.
    :param error: what came of the request.
    :param exists: asks whether there is what an address below ``/v1`` names.
    """
    if not isinstance(error, exceptions.HTTPError):
        return error
    if isinstance(error, exceptions.BadRequest) and path.endswith("/action"):
        _name_what_is_beyond(error, body)
    row = feature(method, path)
    if row is None or error.reason or error.code not in _NO_SUCH:
        return error
    above = _above(path)
    if above is not None and exists(above) is (above != _ALL_MAPPINGS):
        above = None
    if above is not None:
        # the group or the site is what does not exist
        return error
    return exceptions.VersionNotSupported(
        f"this deployment does not offer {row.what} ({method}"
        f" /v1/{row.path.replace('*', '...')} answers HTTP {error.code});"
        f" {row.instead}",
        site=error.site,
        request_id=error.request_id,
    )


def _name_what_is_beyond(error: exceptions.BadRequest, body: object) -> None:
    """Name in the error what the page lacks and an action has, where the
    service says of it nothing, or no more than its name."""
    if error.reason or not isinstance(body, Mapping):
        return
    beyond = [str(name) for name in body if name not in _ACTIONS]
    for given in body.values():
        if isinstance(given, Mapping):
            beyond += [str(name) for name in given if name not in _PARAMETERS]
    is_silent = http.HTTPStatus.BAD_REQUEST.phrase in error.message
    told = [name for name in beyond if is_silent or name in error.message]
    if told:
        error.message = (
            f"this deployment may not offer {', '.join(told)}: it refuses the"
            f" action ({error.message.rstrip('.')})"
        )


def _above(path: str) -> str | None:
    """Return the address that shows whether an id in a path exists.

    Of a tenant mapping it is the list of all: a deployment that has it has
    each of them.
    """
    parts = path.rstrip("/").split("/")
    if len(parts) < _WITH_ID:
        return None
    found = "/".join(parts[:_WITH_ID])
    return _ALL_MAPPINGS if found.startswith(f"{_ALL_MAPPINGS}/") else found
