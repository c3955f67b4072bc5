"""The network side: reads of version 1, and what ModelArts asks of a security group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pulumi_modeldeploy.emulator.huawei_iam import PROJECT_ID

if TYPE_CHECKING:
    from conftest import Client

ANY = {"direction": "ingress", "protocol": "tcp", "remote_ip_prefix": "0.0.0.0/0"}
OPEN = {**ANY, "port_range_min": 8080, "port_range_max": 8080}
UNKNOWN = "10eb0091-887f-4839-9929-cbc884f1e20e"
OWN = {"vpc_id": "vpc-1", "subnet_network_id": "net-1", "security_group_id": "sg-1"}


def seed(client: Client, *rules: Any, **changes: Any) -> None:
    parts = {
        "vpcs": [{"id": "vpc-1", "name": "main"}],
        "subnets": [{"id": "net-1", "vpc_id": "vpc-1"}],
        "security_groups": [{"id": "sg-1", "security_group_rules": list(rules)}],
        **changes,
    }
    client.admin.seed(modelarts=parts)


#: what a rule says differently -> whether ModelArts is content
RULES = [
    ({}, True),
    ({"protocol": None, "port_range_min": None, "port_range_max": None}, True),
    ({"protocol": "6"}, True),
    ({"port_range_min": 1, "port_range_max": 65535}, True),
    ({"remote_ip_prefix": None}, True),
    ({"direction": "egress"}, False),
    ({"ethertype": "IPv6"}, False),
    ({"protocol": "udp"}, False),
    ({"port_range_max": 8079, "port_range_min": 1}, False),
    ({"port_range_min": 8081, "port_range_max": 9000}, False),
    ({"remote_ip_prefix": "10.0.0.0/8"}, False),
    ({"remote_ip_prefix": None, "remote_group_id": "sg-2"}, False),
]


@pytest.mark.parametrize(("changes", "content"), RULES)
def test_a_group_must_open_port_8080(
    client: Client, changes: dict[str, Any], content: bool
) -> None:
    rule = {key: value for key, value in {**OPEN, **changes}.items() if value is not None}
    seed(client, {"direction": "egress"}, rule)
    body = client.real_time(**OWN)
    if content:
        client.ok("POST", "/services", body)
    else:
        assert client.refused("POST", "/services", body) == (400, "3534")


@pytest.mark.parametrize(
    "changes",
    [{"vpc_id": "other"}, {"subnet_network_id": "other"}, {"security_group_id": "other"}],
)
def test_network_objects_are_looked_up(client: Client, changes: dict[str, Any]) -> None:
    seed(client, OPEN)
    body = client.real_time(**{**OWN, **changes})
    assert client.refused("POST", "/services", body) == (400, "0101")


def test_the_subnet_must_be_of_the_vpc(client: Client) -> None:
    seed(client, OPEN, subnets=[{"id": "net-1", "vpc_id": "elsewhere"}])
    assert client.refused("POST", "/services", client.real_time(**OWN)) == (400, "0101")


def test_with_a_pool_the_network_has_no_effect(client: Client) -> None:
    seed(client)
    client.create(pool_name="pool-1", **OWN)


def test_objects_are_shown(client: Client) -> None:
    seed(client, OPEN)
    vpc = client.ok("GET", "/vpcs/vpc-1")["vpc"]
    assert (vpc["id"], vpc["name"], vpc["status"]) == ("vpc-1", "main", "OK")
    subnet = client.ok("GET", "/subnets/net-1")["subnet"]
    assert (subnet["vpc_id"], subnet["status"]) == ("vpc-1", "ACTIVE")
    group = client.ok("GET", "/security-groups/sg-1")["security_group"]
    (rule,) = group["security_group_rules"]
    assert rule["security_group_id"] == "sg-1"
    assert (rule["ethertype"], rule["port_range_min"]) == ("IPv4", 8080)
    assert rule["remote_group_id"] is None


@pytest.mark.parametrize(
    ("path", "absent", "malformed"),
    [
        ("/vpcs/", "VPC.0003", "VPC.0101"),
        ("/subnets/", "VPC.0202", "VPC.0201"),
        ("/security-groups/", "VPC.0603", "VPC.0601"),
    ],
)
def test_unknown_objects_are_not_found_and_all_are_until_one_is_seeded(
    client: Client, path: str, absent: str, malformed: str
) -> None:
    assert client.call("GET", path + "anything").status_code == 200
    seed(client)
    for name, status, code in ((UNKNOWN, 404, absent), ("anything", 400, malformed)):
        response = client.call("GET", path + name)
        assert (response.status_code, response.json()["code"]) == (status, code)


def test_an_assumed_group_opens_port_8080(client: Client) -> None:
    client.create(**OWN)
    group = client.ok("GET", "/security-groups/sg-1")["security_group"]
    (rule,) = group["security_group_rules"]
    assert {**rule, **OPEN} == rule


def test_rules_are_listed_in_pages(client: Client) -> None:
    rules = [{**OPEN, "id": f"r{n}", "remote_ip_prefix": f"10.{n}.0.0/16"} for n in range(5)]
    seed(client, *rules)

    def ids(**query: Any) -> list[str]:
        found = client.ok("GET", "/security-group-rules", params=query)
        return [rule["id"] for rule in found["security_group_rules"]]

    assert ids() == ["r0", "r1", "r2", "r3", "r4"]
    assert ids(security_group_id="sg-1", limit=2) == ["r0", "r1"]
    assert ids(security_group_id="sg-1", limit=2, marker="r1") == ["r2", "r3"]
    assert ids(marker="r4") == []
    assert ids(security_group_id="sg-2") == []
    assert ids(remote_ip_prefix="10.3.0.0/16") == ["r3"]
    assert client.call("GET", "/security-group-rules?limit=2001").status_code == 400


def test_strangers_are_refused_in_the_shape_of_vpc(client: Client) -> None:
    del client.session.headers["X-Auth-Token"]
    response = client.call("GET", "/vpcs/vpc-1")
    assert (response.status_code, response.json()["code"]) == (401, "VPC.0008")


def test_another_project_is_refused_in_the_shape_of_vpc(client: Client) -> None:
    response = client.call("GET", "/v1/another/vpcs/vpc-1")
    assert (response.status_code, response.json()["code"]) == (400, "VPC.0007")


DENY = {**OPEN, "action": "deny"}


@pytest.mark.parametrize(
    ("rules", "content"),
    [
        ([OPEN, DENY], False),
        ([OPEN, {**DENY, "priority": 2}], True),
        ([{**OPEN, "priority": 3}, {**DENY, "priority": 2}], False),
        ([OPEN, {**DENY, "remote_ip_prefix": "10.0.0.0/8"}], True),
        ([OPEN, {**DENY, "enabled": False}], True),
        ([{**ANY, "multiport": "22,8000-9000"}], True),
        ([{**ANY, "multiport": "22"}], False),
    ],
)
def test_the_first_rule_by_priority_decides(
    client: Client, rules: list[dict[str, Any]], content: bool
) -> None:
    seed(client, *rules)
    body = client.real_time(**OWN)
    if content:
        client.ok("POST", "/services", body)
    else:
        assert client.refused("POST", "/services", body) == (400, "3534")


def test_only_version_3_shows_rules_that_deny(client: Client) -> None:
    seed(client, OPEN, {**DENY, "priority": 7, "port_range_max": 9000})
    older = client.ok("GET", "/security-groups/sg-1")["security_group"]["security_group_rules"]
    assert not any("action" in rule for rule in older)
    path = f"/v3/{PROJECT_ID}/vpc/security-groups/"
    newer = client.call("GET", path + "sg-1").json()["security_group"]["security_group_rules"]
    known = [(rule["action"], rule["priority"], rule["multiport"]) for rule in newer]
    assert known == [("allow", 1, "8080"), ("deny", 7, "8080-9000")]
    response = client.call("GET", path + UNKNOWN)
    assert (response.status_code, response.json()["error_code"]) == (404, "VPC.0603")
