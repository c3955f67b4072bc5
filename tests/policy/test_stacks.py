"""Rules over a stack: what comes from where, what providers fill in, what settings are refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from cases import ALIBABA, ANYONE, HUAWEI, INGRESS, NAS, SSH, TO_ECS, WIDE, group_rule
from samples import app, service

from pulumi_modeldeploy.core.values import UNKNOWN
from pulumi_modeldeploy.errors import SettingsError
from pulumi_modeldeploy.policy import rule
from pulumi_modeldeploy.policy.stacks import KINDS
from pulumi_modeldeploy.policy.testing import Planned, foreign, judge

GROUPS = [foreign("huaweicloud:Vpc/secgroup:Secgroup", name) for name in ("g1", "g2")]


def picked(name: str, group: Any) -> Planned:
    """A service whose group was picked from two: `Output.all(g1.id, g2.id).apply(...)`."""
    made = service(name, security_group_id=group)
    return replace(made, depends={"securityGroupId": ["g1", "g2"]})


def of_ours(**properties: Any) -> list[Planned]:
    """A service, its group, and a rule of that, whose ids nobody knows yet."""
    group = {"securityGroupId": UNKNOWN, "depends": {"securityGroupId": "g1"}}
    ours = service(security_group_id=UNKNOWN, depends={"security_group_id": "g1"})
    return [*GROUPS, ours, group_rule(HUAWEI, **{**group, **properties})]


@pytest.mark.parametrize(("first", "second"), [("sg-1", "sg-2"), (UNKNOWN, UNKNOWN)])
def test_groups_that_were_picked_are_not_taken_for_shared(first: Any, second: Any) -> None:
    services = [picked("first", first), picked("second", second)]
    assert judge(rule("separate-groups"), [*GROUPS, *services]).messages == []


def test_a_rule_of_one_of_several_groups_is_held_against_none() -> None:
    open_one = replace(
        group_rule(HUAWEI, **{**SSH, "securityGroupId": UNKNOWN}),
        depends={"securityGroupId": ["g1", "g2"]},
    )
    ours = service(security_group_id=UNKNOWN, depends={"security_group_id": "g1"})
    assert judge(rule("open-groups"), [*GROUPS, ours, open_one]).messages == []


@pytest.mark.parametrize(
    "given",
    [SSH, {**INGRESS, "ports": "22"}, {**ANYONE, "portRangeMin": 22, "portRangeMax": 22}],
)
def test_what_a_provider_fills_in_hides_no_open_group(given: dict[str, Any]) -> None:
    """In a preview a bridged provider says of its defaults that they are not known yet."""
    computed = {
        *("action", "remoteIpPrefix", "remoteGroupId", "remoteAddressGroupId"),
        *("ports", "portRangeMin", "portRangeMax"),
    }
    *others, opened = of_ours(**given)
    opened.outputs = dict.fromkeys(computed - given.keys(), UNKNOWN)
    assert judge(rule("open-groups"), [*others, opened]).messages == [WIDE]


@pytest.mark.parametrize("key", ["action", "protocol", "ports", "remoteIpPrefix"])
def test_what_comes_from_another_resource_may_turn_out_right(key: str) -> None:
    depends = {"securityGroupId": "g1", key: "g2"}
    assert judge(rule("open-groups"), of_ours(**SSH, depends=depends)).messages == [WIDE]
    unknown = of_ours(**{**SSH, key: UNKNOWN}, depends=depends)
    assert judge(rule("open-groups"), unknown).messages == []


def test_a_configuration_that_is_not_known_yet_has_the_group_that_it_comes_from() -> None:
    group = foreign("alicloud:ecs/securityGroup:SecurityGroup", "group")
    one = app(config=UNKNOWN, depends={"config": "group"})
    depends = {"securityGroupId": "group"}
    opened = group_rule(ALIBABA, **TO_ECS, securityGroupId=UNKNOWN, depends=depends)
    expected = [WIDE.replace("digits", "llama")]
    assert judge(rule("open-groups"), [group, one, opened]).messages == expected
    elsewhere = app(config={**NAS, "SecurityGroupID": "sg-1"}, depends={"config": "group"})
    assert judge(rule("open-groups"), [group, elsewhere, opened]).messages == []


@pytest.mark.parametrize("token", [HUAWEI, ALIBABA])
@pytest.mark.parametrize(
    "malformed", [[], {}, [[1]], True, -1.5, 1e30, float("inf"), "²", "9" * 5000, "0.0.0.0/99"]
)
def test_what_is_malformed_ends_the_rule_with_no_error(token: str, malformed: Any) -> None:
    sound = {**ANYONE, "ports": "8080", "type": "ingress", "portRange": "8080/8080"}
    names = {"securityGroupId"}
    for kind in KINDS.values():
        names.update((kind.inbound, kind.protocol, kind.allows))
        names.update((*kind.networks, *kind.others, *kind.ports, *kind.bounds))
    for name in sorted(names):
        opened = group_rule(token, **{**sound, name: malformed})
        assert judge(rule("open-groups"), [service(), opened]).messages in ([], [WIDE]), name


@pytest.mark.parametrize(
    ("name", "settings", "problem"),
    [
        (
            "no-public-endpoint",
            {"networks": ["10.0.0.0/8", "10.0.0.1/8"]},
            "networks: 10.0.0.1/8 must begin its network: 10.0.0.0/8",
        ),
        (
            "no-public-endpoint",
            {"networks": ["fc00::1/7"]},
            "networks: fc00::1/7 must begin its network: fc00::/7",
        ),
        (
            "no-public-endpoint",
            {"networks": ["office"]},
            "networks: each must be a network, such as 10.0.0.0/8",
        ),
        ("open-groups", {"ports": [8080, 0]}, "ports: must be from 1 to 65535"),
        ("open-groups", {"ports": [65536]}, "ports: must be from 1 to 65535"),
    ],
)
def test_settings_that_mean_nothing_are_refused(
    name: str, settings: dict[str, Any], problem: str
) -> None:
    with pytest.raises(SettingsError) as error:
        rule(name).settings.read(name, settings)
    assert problem in str(error.value)


def test_an_address_is_a_network_of_its_own() -> None:
    settings = {"no-public-endpoint": {"networks": ["80.1.2.3"], "hosts": []}}
    for address, public in (("80.1.2.3", False), ("80.1.2.4", True)):
        one = app(outputs={"internet_endpoint": f"http://{address}/api"})
        found = judge(rule("no-public-endpoint"), [one], configuration=settings).messages
        assert bool(found) == public, address
