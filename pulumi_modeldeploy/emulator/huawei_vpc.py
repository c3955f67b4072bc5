"""Huawei Cloud's VPC side: what ModelArts refers to when a service runs in an own network.

Source: VPC API reference, version 1 (security groups and their rules, subnets, VPCs) and version 3
(security groups, which tells rules that deny). Until objects of a kind are seeded, every id of that
kind is taken to exist, with settings that ModelArts accepts.
"""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, NamedTuple

from pulumi_modeldeploy.emulator.calls import Call, Document, Operation, Reply
from pulumi_modeldeploy.emulator.fields import Field, Kind
from pulumi_modeldeploy.emulator.huawei_iam import PROJECT_ID

if TYPE_CHECKING:
    from collections.abc import Iterable

#: The port that a security group must open to everybody (create page, table 3).
MODELARTS_PORT = 8080
EVERYWHERE = "0.0.0.0/0"
_LIMIT = 2000
_MOST = 65535
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_ALL_TCP = ("tcp", "6", None)
_OK = 200


class Shelf(NamedTuple):
    """A kind of object: its key in answers and the error codes for absent and malformed ids."""

    key: str
    absent: str
    malformed: str


SHELVES = {
    "vpcs": Shelf("vpc", "VPC.0003", "VPC.0101"),
    "subnets": Shelf("subnet", "VPC.0202", "VPC.0201"),
    "securityGroups": Shelf("security_group", "VPC.0603", "VPC.0601"),
}

RULE = (
    Field("id", size=(1, 64)),
    Field("description"),
    Field("direction", one_of=("ingress", "egress")),
    Field("ethertype", one_of=("IPv4", "IPv6")),
    Field("protocol"),
    Field("port_range_min", Kind.INTEGER, least=0, most=65535),
    Field("port_range_max", Kind.INTEGER, least=0, most=65535),
    Field("remote_ip_prefix"),
    Field("remote_group_id"),
    Field("remote_address_group_id"),
    Field("multiport"),
    Field("action", one_of=("allow", "deny")),
    Field("priority", Kind.INTEGER, least=1, most=100),
    Field("enabled", Kind.BOOLEAN),
)
#: What only version 3 shows of a rule.
_NEWER = ("multiport", "action", "priority", "enabled")
_ID = Field("id", required=True, size=(1, 64))
_COMMON = (_ID, Field("name"), Field("description"))
VPC = (*_COMMON, Field("cidr"), Field("status"))
SUBNET = (*_COMMON, Field("cidr"), Field("status"), Field("vpc_id"), Field("neutron_subnet_id"))
GROUP = (
    *_COMMON,
    Field("vpc_id"),
    Field("security_group_rules", Kind.LIST, items=Field("", Kind.OBJECT, extra=True, table=RULE)),
)
SEED = (
    Field("vpcs", Kind.LIST, items=Field("", Kind.OBJECT, extra=True, table=VPC)),
    Field("subnets", Kind.LIST, items=Field("", Kind.OBJECT, extra=True, table=SUBNET)),
    Field("securityGroups", Kind.LIST, items=Field("", Kind.OBJECT, extra=True, table=GROUP)),
)


def vpc_error(status: int, code: str, message: str) -> Reply:
    """Return an error as VPC version 1 shapes it."""
    return Reply(status, {"code": code, "message": message})


def admits_modelarts(group: Document) -> bool:
    """Whether a security group lets everybody in on TCP 8080 (create page, table 3).

    The first rule by priority decides; of equal ones the one that denies.
    """
    rules = [rule for rule in group["security_group_rules"] if _is_about_modelarts(rule)]
    rules.sort(key=lambda rule: (rule.get("priority", 1), rule.get("action") != "deny"))
    return bool(rules) and rules[0].get("action") != "deny"


def _is_about_modelarts(rule: Document) -> bool:
    return (
        rule["direction"] == "ingress"
        and rule["ethertype"] == "IPv4"
        and rule["protocol"] in _ALL_TCP
        and rule.get("enabled", True)
        and any(low <= MODELARTS_PORT <= high for low, high in _ports(rule))
        and _from_everywhere(rule)
    )


def _ports(rule: Document) -> list[tuple[int, int]]:
    """Return the ranges of ports; none at all means all of them."""
    if rule.get("multiport"):
        pairs = [part.partition("-") for part in rule["multiport"].split(",")]
        return [(int(low), int(high or low)) for low, _, high in pairs]
    low, high = rule["port_range_min"], rule["port_range_max"]
    return [(0 if low is None else low, _MOST if high is None else high)]


def _from_everywhere(rule: Document) -> bool:
    """No source at all means any source, too."""
    if rule["remote_group_id"] or rule["remote_address_group_id"]:
        return False
    return rule["remote_ip_prefix"] in (None, EVERYWHERE)


class Network:
    """The seeded VPCs, subnets and security groups, and the calls that read them."""

    def __init__(self) -> None:
        self._shelves: dict[str, dict[str, Document]] = {name: {} for name in SHELVES}
        self.operations = (
            Operation("ShowVpc", "GET", "/v1/{project_id}/vpcs/{id}", self.show_vpc, "vpc"),
            Operation(
                "ShowSubnet", "GET", "/v1/{project_id}/subnets/{id}", self.show_subnet, "vpc"
            ),
            Operation(
                "ShowSecurityGroup",
                "GET",
                "/v1/{project_id}/security-groups/{id}",
                self.show_security_group,
                "vpc",
            ),
            Operation(
                "ShowSecurityGroupV3",
                "GET",
                "/v3/{project_id}/vpc/security-groups/{id}",
                self.show_security_group_v3,
                "vpc",
            ),
            Operation(
                "ListSecurityGroupRules",
                "GET",
                "/v1/{project_id}/security-group-rules",
                self.list_security_group_rules,
                "vpc",
            ),
        )

    def find(self, kind: str, object_id: str) -> Document | None:
        """Return an object, a plausible one if none of its kind is seeded."""
        shelf = self._shelves[kind]
        return shelf.get(object_id) if shelf else _COMPLETE[kind]({"id": object_id})

    def _show(self, kind: str, object_id: str) -> Reply:
        shelf = SHELVES[kind]
        found = self.find(kind, object_id)
        if found is not None:
            return Reply(200, {shelf.key: found})
        if not _UUID.fullmatch(object_id):
            return vpc_error(400, shelf.malformed, f"{object_id} is not a valid id.")
        return vpc_error(404, shelf.absent, f"{shelf.key} {object_id} could not be found.")

    def show_vpc(self, call: Call) -> Reply:
        """Answer `GET /v1/{project_id}/vpcs/{vpc_id}`."""
        return self._show("vpcs", call.params["id"])

    def show_subnet(self, call: Call) -> Reply:
        """Answer `GET /v1/{project_id}/subnets/{subnet_id}`; the id is the "network id"."""
        return self._show("subnets", call.params["id"])

    def show_security_group(self, call: Call) -> Reply:
        """Answer `GET /v1/{project_id}/security-groups/{security_group_id}`."""
        found = self._show("securityGroups", call.params["id"])
        if found.status != _OK:
            return found
        group = found.body["security_group"]
        rules = [_older(rule) for rule in group["security_group_rules"]]
        return Reply(_OK, {"security_group": {**group, "security_group_rules": rules}})

    def show_security_group_v3(self, call: Call) -> Reply:
        """Answer `GET /v3/{project_id}/vpc/security-groups/{security_group_id}`."""
        found = self._show("securityGroups", call.params["id"])
        request_id = uuid.uuid4().hex
        if found.status != _OK:
            error = {"error_code": found.body["code"], "error_msg": found.body["message"]}
            return Reply(found.status, {**error, "request_id": request_id})
        group = found.body["security_group"]
        rules = [_newer(rule) for rule in group["security_group_rules"]]
        shown = {**group, "security_group_rules": rules}
        return Reply(_OK, {"request_id": request_id, "security_group": shown})

    def list_security_group_rules(self, call: Call) -> Reply:
        """Answer `GET /v1/{project_id}/security-group-rules`, paged by the last id seen."""
        limit = call.query.get("limit", str(_LIMIT))
        if not limit.isdigit() or int(limit) > _LIMIT:
            return vpc_error(400, "VPC.0612", "limit is invalid.")
        rules = [_older(one) for one in self._rules(call.query.get("security_group_id"))]
        prefix = call.query.get("remote_ip_prefix")
        if prefix is not None:
            rules = [rule for rule in rules if rule["remote_ip_prefix"] == prefix]
        ids = [rule["id"] for rule in rules]
        marker = call.query.get("marker")
        start = ids.index(marker) + 1 if marker in ids else 0
        return Reply(200, {"security_group_rules": rules[start : start + int(limit)]})

    def _rules(self, group_id: str | None) -> Iterable[Document]:
        if group_id is not None:
            groups = [self.find("securityGroups", group_id)]
        else:
            groups = list(self._shelves["securityGroups"].values())
        return (rule for group in groups if group for rule in group["security_group_rules"])

    def seed(self, document: Document) -> None:
        """Add objects; one with a known id replaces the old one."""
        for kind in SHELVES:
            for row in document.get(kind, ()):
                self._shelves[kind][row["id"]] = _COMPLETE[kind](row)

    def reset(self) -> None:
        """Forget what was seeded."""
        for shelf in self._shelves.values():
            shelf.clear()

    def dump(self) -> Document:
        """Return what was seeded as a JSON document."""
        return {kind: list(shelf.values()) for kind, shelf in self._shelves.items()}

    def load(self, document: Document) -> None:
        """Take over what `dump` returned."""
        self._shelves = {kind: {row["id"]: row for row in document[kind]} for kind in SHELVES}


# --- what VPC adds to what was given ----------------------------------------------------------


def _vpc(row: Document) -> Document:
    return {"name": "vpc", "description": "", "cidr": "192.168.0.0/16", "status": "OK", **row}


def _subnet(row: Document) -> Document:
    return {
        "name": "subnet",
        "description": "",
        "cidr": "192.168.0.0/24",
        "gateway_ip": "192.168.0.1",
        "dhcp_enable": True,
        "status": "ACTIVE",
        "neutron_network_id": row["id"],
        **row,
    }


def _group(row: Document) -> Document:
    rules = row.get("security_group_rules")
    if rules is None:
        opened = {"port_range_min": MODELARTS_PORT, "port_range_max": MODELARTS_PORT}
        rules = [{"protocol": "tcp", "remote_ip_prefix": EVERYWHERE, **opened}]
    complete = [_rule(rule, row["id"], number) for number, rule in enumerate(rules)]
    base = {"name": "sg", "description": "", "enterprise_project_id": "0"}
    return {**base, **row, "security_group_rules": complete}


def _rule(row: Document, group_id: str, number: int) -> Document:
    """Fill in what VPC always shows; null ports and sources mean "any"."""
    return {
        "id": f"{group_id}-rule-{number}",
        "description": "",
        "security_group_id": group_id,
        "direction": "ingress",
        "ethertype": "IPv4",
        "protocol": None,
        "port_range_min": None,
        "port_range_max": None,
        "remote_ip_prefix": None,
        "remote_group_id": None,
        "remote_address_group_id": None,
        "tenant_id": PROJECT_ID,
        **row,
    }


def _older(rule: Document) -> Document:
    """Show a rule as version 1 does, which knows ranges of ports only and no rules that deny."""
    return {key: value for key, value in rule.items() if key not in _NEWER}


def _newer(rule: Document) -> Document:
    """Show a rule as version 3 does."""
    low, high = rule["port_range_min"], rule["port_range_max"]
    ports = None if low is None and high is None else f"{low}-{high}" if low != high else f"{low}"
    shown = {"action": "allow", "priority": 1, "enabled": True, "multiport": ports, **rule}
    return {k: v for k, v in shown.items() if not k.startswith("port_range") and k != "tenant_id"}


_COMPLETE = {"vpcs": _vpc, "subnets": _subnet, "securityGroups": _group}
