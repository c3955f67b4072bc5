"""Rules about all services of a stack together.

In a preview they see what the resources are going to be, in an update what they have become.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pulumi_modeldeploy.core.checks import number
from pulumi_modeldeploy.policy.configuration import Settings, setting
from pulumi_modeldeploy.policy.facets import addresses, instances, is_real_time, models, runs
from pulumi_modeldeploy.policy.places import matches
from pulumi_modeldeploy.policy.stack import references
from pulumi_modeldeploy.policy.views import (
    ModelArtsService,
    PaiAppService,
    View,
    ZStackDeployment,
    about,
    as_known,
    entry,
    is_known,
    known,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pulumi_policy import PolicyResource

    from pulumi_modeldeploy.policy.rule import StackReport
    from pulumi_modeldeploy.policy.stack import Stack


def _running(stack: Stack) -> Iterator[ModelArtsService | PaiAppService]:
    """Services that are meant to run, as far as that is known."""
    found: list[ModelArtsService | PaiAppService] = [
        *stack.of(ModelArtsService),
        *stack.of(PaiAppService),
    ]
    for service in found:
        if is_known(service, "desired_status") and runs(service):
            yield service


@dataclass(frozen=True)
class Total(Settings):
    """How many instances a stack may have."""

    most: int = setting(0, "Most instances of all services; 0: any number.", minimum=0)


def total_instances(stack: Stack, settings: Total, report: StackReport) -> None:
    """A stack has no more instances than allowed.

    Many small services are as expensive as a large one. Counted are the instances of services that
    run on ModelArts and PAI, and one for each deployment on ZStack.
    """
    counts = [count for one in _running(stack) for _, count in as_known(instances(one))]
    total = sum(counts) + len(stack.of(ZStackDeployment))
    if 0 < settings.most < total:
        detail = "" if _is_secret(stack) else f", these are {total}"
        report(None, f"a stack must have at most {settings.most} instances{detail}")


def _is_secret(stack: Stack) -> bool:
    """Tell whether a sum over all services would tell something secret."""
    services = _running(stack)
    return any(about(one).hides(path) for one in services for path in ("config", "replicas"))


@dataclass(frozen=True)
class Budget(Settings):
    """What a stack may cost."""

    most: float = setting(
        0.0, "Most that all services may cost in an hour; 0: anything.", minimum=0
    )
    prices: Mapping[str, float] = setting(
        {},
        "What an instance costs in an hour, by specification as in `allowed-specifications`; the "
        "first that fits counts.",
    )


def hourly_budget(stack: Stack, settings: Budget, report: StackReport) -> None:
    """A stack costs no more an hour than allowed.

    The prices are the pack's own, in whatever currency: neither cloud tells them. A specification
    without a price is reported, since nobody would notice it otherwise. Counted are services that
    run on ModelArts and PAI.
    """
    if not settings.most:
        return
    total = 0.0
    for service in _running(stack):
        for specification, count in as_known(_costly(service)):
            price = _price(specification, settings)
            if price is None:
                report(service, "must have a specification that the pack has a price for")
            total += (price or 0.0) * count
    if total > settings.most:
        detail = "" if _is_secret(stack) else f", this one costs {number(total)}"
        report(None, f"a stack must cost at most {number(settings.most)} an hour{detail}")


def _price(specification: str, settings: Budget) -> float | None:
    fitting = (price for key, price in settings.prices.items() if matches(specification, [key]))
    return next(fitting, None)


def _costly(service: ModelArtsService | PaiAppService) -> Iterator[tuple[str, int]]:
    """Specifications and how many instances have them, as far as both are known."""
    if isinstance(service, PaiAppService):
        yield service.service_spec, service.replicas
        return
    for version in known(service.config, "specification", "instance_count"):
        yield version.specification, version.instance_count or 0


def one_service_per_model(stack: Stack, settings: Settings, report: StackReport) -> None:
    """A model is served by one service of a stack.

    Two services of one model in production are a copy that somebody forgot, or two truths. Counted
    are model versions that have traffic in real-time services that run, and deployments of ZStack.
    """
    del settings
    servers: dict[str, list[View]] = {}
    found: list[View] = [*_running(stack), *stack.of(ZStackDeployment)]
    for service in found:
        for model in set(as_known(_answering(service))):
            servers.setdefault(model, []).append(service)
    for first, *others in servers.values():
        for service in others:
            report(service, f"must not serve a model that {about(first).name} serves already")


def _answering(service: View) -> Iterator[str]:
    """Models that answer requests through a service."""
    if isinstance(service, ModelArtsService) and is_real_time(service):
        versions = known(service.config, "model_id", "weight")
        yield from (version.model_id for version in versions if version.weight)
    if isinstance(service, ZStackDeployment):
        yield from (model for _, model in models(service))


GROUPS = ("Secgroup", "NetworkingSecgroupV2", "SecurityGroup")
"""Ends of the types of security groups: Huawei Cloud, OTC, Alibaba Cloud."""


def separate_groups(stack: Stack, settings: Settings, report: StackReport) -> None:
    """No two services share a security group.

    ModelArts needs a group that admits everybody on port 8080. What else is opened for one service
    is open for all that share its group.
    """
    del settings
    seen: dict[str, ModelArtsService] = {}
    for service in stack.of(ModelArtsService):
        found = stack.referred(service, "securityGroupId", GROUPS)
        first = next((seen[one] for one in sorted(found) if one in seen), None)
        if first is not None:
            report(
                service, f"must have a security group of its own, not that of {about(first).name}"
            )
        for one in found:
            seen.setdefault(one, service)


@dataclass(frozen=True)
class Ports(Settings):
    """What may be open to everybody."""

    ports: tuple[int, ...] = setting(
        (8080,), "Ports that everybody may reach; ModelArts needs 8080."
    )


@dataclass(frozen=True)
class Kind:
    """How a package spells a rule of a security group; names are those of its properties."""

    inbound: str
    source: tuple[str, ...]
    range: str = ""
    least: str = ""
    most: str = ""
    allows: str = ""


KINDS: Mapping[str, Kind] = {
    "SecgroupRule": Kind(
        "direction", ("remoteIpPrefix",), "ports", "portRangeMin", "portRangeMax", "action"
    ),
    "NetworkingSecgroupRuleV2": Kind(
        "direction", ("remoteIpPrefix",), "", "portRangeMin", "portRangeMax"
    ),
    "VpcSecgroupRuleV3": Kind("direction", ("remoteIpPrefix",), "multiPort", allows="action"),
    "SecurityGroupRule": Kind("type", ("cidrIp", "ipv6CidrIp"), "portRange", allows="policy"),
}
"""Rules of groups by the end of their type: Huawei Cloud, OTC (two), Alibaba Cloud."""

ANYWHERE = ("0.0.0.0/0", "::/0")
ALLOWING = ("allow", "accept", None)


def open_groups(stack: Stack, settings: Ports, report: StackReport) -> None:
    """No group of a service is wide open.

    Judged are groups whose rules are in the same program, made with the packages of Huawei Cloud,
    OTC and Alibaba Cloud: what admits everybody (`0.0.0.0/0` or `::/0`) to more than the allowed
    ports.
    """
    wide: set[str] = set()
    for resource in stack.others:
        kind = KINDS.get(resource.resource_type.rpartition(":")[2])
        if kind is not None and _is_wide(kind, resource, settings.ports):
            wide.update(references(resource, "securityGroupId", GROUPS))
    for service in stack.of(ModelArtsService):
        if wide & stack.referred(service, "securityGroupId", GROUPS):
            allowed = ", ".join(map(str, settings.ports)) or "none"
            report(
                service, f"must have a group that admits everybody to these ports only: {allowed}"
            )


def _is_wide(kind: Kind, resource: PolicyResource, allowed: Sequence[int]) -> bool:
    """Tell whether a rule admits everybody to other ports; what is not known is not."""

    def read(name: str) -> Any:
        return entry(resource.props, name)

    everybody = any(read(name) in ANYWHERE for name in kind.source)
    inbound = read(kind.inbound) == "ingress"
    pings = "icmp" in (read("protocol"), read("ipProtocol"))
    if not inbound or not everybody or pings or read(kind.allows) not in ALLOWING:
        return False
    text = read(kind.range)
    bounds = [read(kind.least), read(kind.most)]
    if isinstance(text, str):
        return not set(_ports(text)) <= {(port, port) for port in allowed}
    if all(isinstance(bound, int | float) for bound in bounds):
        return bounds[0] != bounds[1] or int(bounds[0]) not in allowed
    # No port is given: all are open. One that is not known yet may be right.
    return text is None and bounds == [None, None]


def _ports(text: str) -> Iterator[tuple[int, int]]:
    """Read ports: `80`, `80,443`, `1000-2000`, `80/80`, and `-1/-1` for all."""
    for part in text.split(","):
        numbers = re.fullmatch(r"\s*(-?\d+)\s*(?:[-/]\s*(-?\d+))?\s*", part)
        least, most = numbers.groups() if numbers else ("-1", None)
        yield int(least), int(most or least)


@dataclass(frozen=True)
class Reach(Settings):
    """What is no public address."""

    networks: tuple[str, ...] = setting(
        ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "fc00::/7", "::1/128"),
        "Networks whose addresses are not public.",
    )
    hosts: tuple[str, ...] = setting(
        ("localhost",), "Names of hosts that are not public; `*` stands for anything."
    )


def no_public_endpoint(stack: Stack, settings: Reach, report: StackReport) -> None:
    """No service answers on a public address.

    Known once a service runs: so the update that deploys it fails in the end, and every preview
    after that before anything changes. Judged are `access_address` on ModelArts,
    `internet_endpoint` on PAI and `urls` on ZStack. Names are not looked up: one that is not listed
    is public.
    """
    for service in stack.of(View):
        for path, url in as_known(addresses(service)):
            if _is_public(urlsplit(url).hostname or "", settings):
                report(service, f"{path}: must not be public")


def _is_public(host: str, settings: Reach) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return not matches(host, settings.hosts)
    networks = (ipaddress.ip_network(one) for one in settings.networks)
    return not any(address in network for network in networks)
