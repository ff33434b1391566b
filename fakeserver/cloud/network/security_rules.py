"""Neutron's security group rules: list, show, create and delete them."""

import ipaddress
import sqlite3
from typing import ClassVar

from fakeserver.base.ids import new_id
from fakeserver.cloud.identity.tokens import Token
from fakeserver.cloud.network import security_groups
from fakeserver.cloud.network.rules import (
    ATTRIBUTES,
    BASE,
    answer,
    checked,
    listed,
    may_write,
    within_quota,
)
from fakeserver.cloud.shared import web
from fakeserver.cloud.shared.rows import Doc
from fakeserver.cloud.shared.schema import SECURITY_GROUP_RULES
from fakeserver.cloud.shared.web import Answer, CloudError, Route

#: what makes a rule another one
_SAME = (
    "direction",
    "ethertype",
    "protocol",
    "port_range_min",
    "port_range_max",
    "remote_ip_prefix",
    "remote_group_id",
)


class SecurityGroupRules(web.Part):
    """List, show, create and delete the rules of a project's groups."""

    ROUTES: ClassVar[tuple[Route, ...]] = (
        Route("GET", f"{BASE}/security-group-rules", "index"),
        Route("POST", f"{BASE}/security-group-rules", "create"),
        Route("GET", f"{BASE}/security-group-rules/<rule>", "show"),
        Route("DELETE", f"{BASE}/security-group-rules/<rule>", "delete"),
    )

    def index(self, caller: Token) -> Answer:
        rows = self._all(self.site.db.connection(), caller)
        shown = [security_groups.rule(row) for row in rows]
        return listed("security_group_rules", shown)

    def show(self, caller: Token, rule: str) -> Answer:
        row = self._find(self.site.db.connection(), caller, rule)
        return answer("security_group_rule", security_groups.rule(row))

    def create(self, caller: Token) -> Answer:
        may_write(caller, "create_security_group_rule")
        noun = "security_group_rule"
        given = checked(ATTRIBUTES[noun], noun)
        with self.site.db.transaction() as tx:
            group = security_groups.find_group(
                tx, caller, given["security_group_id"]
            )
            row = self._row(group, given)
            if remote := row["remote_group_id"]:
                security_groups.require(tx, group["project_id"], [remote])
            for other in security_groups.rules_of(tx, group):
                if all(row[name] == other.get(name) for name in _SAME):
                    raise CloudError(
                        409,
                        "Security group rule already exists. Rule id is "
                        f"{other['id']}.",
                        "SecurityGroupRuleExists",
                    )
            within_quota(tx, group["project_id"], noun)
            SECURITY_GROUP_RULES.put(tx, row)
        return answer(noun, security_groups.rule(row), 201)

    def delete(self, caller: Token, rule: str) -> Answer:
        may_write(caller, "delete_security_group_rule")
        with self.site.db.transaction() as tx:
            row = self._find(tx, caller, rule)
            security_groups.drop_rule(tx, row)
        return "", 204

    def _row(self, group: Doc, given: Doc) -> Doc:
        """Return the new rule, or refuse what Neutron does not accept."""
        first, last = given.get("port_range_min"), given.get("port_range_max")
        protocol = given.get("protocol")
        protocol = None if protocol in (None, "any") else str(protocol).lower()
        if first is not None and protocol is None:
            raise CloudError(
                400,
                "Must also specify protocol if port range is given.",
                "SecurityGroupProtocolRequiredWithPorts",
            )
        if first is not None and last is not None and first > last:
            raise CloudError(
                400,
                "For TCP/UDP protocols, port_range_min must be <= "
                "port_range_max",
                "SecurityGroupInvalidPortRange",
            )
        if given.get("remote_ip_prefix") and given.get("remote_group_id"):
            raise CloudError(
                400,
                "Only remote_ip_prefix or remote_group_id or "
                "remote_address_group_id may be provided.",
                "SecurityGroupMultipleRemoteEntities",
            )
        return {
            "id": new_id(),
            "group_id": group["id"],
            "project_id": group["project_id"],
            "direction": given["direction"],
            "ethertype": given.get("ethertype") or "IPv4",
            "protocol": protocol,
            "port_range_min": first,
            "port_range_max": last,
            "remote_ip_prefix": _prefix(given.get("remote_ip_prefix")),
            "remote_group_id": given.get("remote_group_id"),
            "description": given.get("description") or "",
            "created": self.site.clock.time(),
        }

    def _all(self, db: sqlite3.Connection, caller: Token) -> list[Doc]:
        return [
            row
            for group in security_groups.of_project(db, caller.project_id)
            for row in security_groups.rules_of(db, group)
        ]

    def _find(self, db: sqlite3.Connection, caller: Token, rule: str) -> Doc:
        for row in self._all(db, caller):
            if row["id"] == rule:
                return row
        raise CloudError(
            404,
            f"Security group rule {rule} does not exist",
            "SecurityGroupRuleNotFound",
        )


def _prefix(text: str | None) -> str | None:
    if not text:
        return None
    try:
        return str(ipaddress.ip_network(text, strict=False))
    except ValueError:
        raise CloudError(
            400,
            f"Invalid CIDR {text} given as IP prefix.",
            "InvalidCIDR",
        ) from None
