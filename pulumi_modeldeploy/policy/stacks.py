"""Rules about all services of a stack together.

In a preview they see what the resources are going to be, in an update what they have become.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pulumi_modeldeploy.core.checks import number
from pulumi_modeldeploy.core.values import UNKNOWN, Unknown
from pulumi_modeldeploy.errors import SettingsError
from pulumi_modeldeploy.policy.configuration import Settings, setting
from pulumi_modeldeploy.policy.facets import (
    addresses,
    instances,
    is_real_time,
    models,
    runs,
    security_groups,
    specifications,
)
from pulumi_modeldeploy.policy.places import matches
from pulumi_modeldeploy.policy.stack import source
from pulumi_modeldeploy.policy.views import (
    ModelArtsService,
    PaiAppService,
    View,
    ZStackDeployment,
    about,
    as_known,
    at,
    entry,
    is_known,
    known,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from pulumi_policy import PolicyResource

    from pulumi_modeldeploy.policy.rule import StackReport
    from pulumi_modeldeploy.policy.stack import Stack


def _services(stack: Stack) -> list[ModelArtsService | PaiAppService]:
    """Services that may run or not."""
    return [*stack.of(ModelArtsService), *stack.of(PaiAppService)]


def _running(stack: Stack) -> Iterator[ModelArtsService | PaiAppService]:
    """Services that are meant to run, as far as that is known."""
    for service in _services(stack):
        if is_known(service, "desired_status") and runs(service):
            yield service


@dataclass(frozen=True)
class Total(Settings):
    """How many instances a stack may have."""

    most: int = setting(0, "Most instances of all services; 0: any number.", wakes=True, minimum=0)


def total_instances(stack: Stack, settings: Total, report: StackReport) -> None:
    """A stack has no more instances than allowed.

    Many small services are as expensive as a large one. Counted are the instances of services that
    run on ModelArts and PAI, and one for each deployment on ZStack.
    """
    counts = [count for one in _running(stack) for _, count in as_known(instances(one))]
    total = sum(counts) + len(stack.of(ZStackDeployment))
    if 0 < settings.most < total:
        detail = "" if _is_secret(stack, instances) else f", these are {total}"
        report(None, f"a stack must have at most {settings.most} instances{detail}")


def _is_secret(stack: Stack, *facets: Callable[[object], Iterable[tuple[str, object]]]) -> bool:
    """Tell whether a sum over all services would tell something secret: these, or what runs."""
    for service in _services(stack):
        summed = (path for facet in facets for path, _ in as_known(facet(service)))
        if any(about(service).hides(path) for path in (at(service, "desired_status"), *summed)):
            return True
    return False


@dataclass(frozen=True)
class Budget(Settings):
    """What a stack may cost."""

    most: float = setting(
        0.0, "Most that all services may cost in an hour; 0: anything.", wakes=True, minimum=0
    )
    prices: Mapping[str, float] = setting(
        {},
        "What an instance costs in an hour, by specification as in `allowed-specifications`. Of "
        "several that fit, the specification itself counts, and else the longest pattern.",
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
        costs = [(_price(name, settings), count) for name, count in as_known(_costly(service))]
        if any(price is None for price, _ in costs):
            report(service, "must have a specification that the pack has a price for")
        total += sum((price or 0.0) * count for price, count in costs)
    if total > settings.most:
        secret = _is_secret(stack, instances, specifications)
        detail = "" if secret else f", this one costs {number(total)}"
        report(None, f"a stack must cost at most {number(settings.most)} an hour{detail}")


def _price(specification: str, settings: Budget) -> float | None:
    # By what they say, since the engine hands configurations over with sorted keys.
    fitting = [key for key in settings.prices if matches(specification, [key])]
    found = max(fitting, key=lambda key: (key == specification, len(key), key), default=None)
    return None if found is None else settings.prices[found]


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


GROUPS = (
    *("Secgroup", "NetworkingSecgroup", "NetworkingSecgroupV2", "VpcSecgroupV3"),
    "SecurityGroup",
)
"""Ends of the types of security groups: Huawei Cloud and OTC, Alibaba Cloud."""


def _groups(stack: Stack, service: View) -> set[str]:
    """The security groups of a service: their ids, or URNs where ids are not known yet."""
    found = as_known(security_groups(service))
    groups = (group or stack.source(service, path, GROUPS) for path, group in found)
    return {group for group in groups if group}


def separate_groups(stack: Stack, settings: Settings, report: StackReport) -> None:
    """No two services share a security group.

    ModelArts needs a group that admits everybody on port 8080. What else is opened for one service
    is open for all that share its group. On PAI a group only lets a service out, to NAS: nothing
    has to be opened in it, and services that mount one file system may share it.
    """
    del settings
    seen: dict[str, ModelArtsService] = {}
    for service in stack.of(ModelArtsService):
        found = _groups(stack, service)
        first = next((seen[one] for one in sorted(found) if one in seen), None)
        if first is not None:
            report(
                service, f"must have a security group of its own, not that of {about(first).name}"
            )
        for one in found:
            seen.setdefault(one, service)


LAST_PORT = 65535


@dataclass(frozen=True)
class Ports(Settings):
    """What may be open to everybody."""

    ports: tuple[int, ...] = setting(
        (8080,), "Ports that everybody may reach, 1 to 65535; ModelArts needs 8080."
    )

    def __post_init__(self) -> None:
        """Refuse what is no port.

        Raises:
            SettingsError: A number is none.
        """
        if not all(1 <= port <= LAST_PORT for port in self.ports):
            raise SettingsError(f"ports: must be from 1 to {LAST_PORT}")


@dataclass(frozen=True)
class Kind:
    """How a cloud's packages spell a rule of a security group.

    Attributes:
        inbound: The property that says `ingress`.
        networks: Properties that say which network may come in.
        others: Properties that say who else may: groups, lists of addresses.
        ports: Properties that say the ports in one text.
        bounds: Properties that say the first port and the last one.
        protocol: The property that says the protocol.
        allows: The property that says whether the rule admits or refuses.
    """

    inbound: str
    networks: Sequence[str]
    others: Sequence[str]
    ports: Sequence[str]
    bounds: Sequence[str]
    protocol: str
    allows: str


_NEUTRON = Kind(
    "direction",
    ("remoteIpPrefix",),
    ("remoteGroupId", "remoteAddressGroupId"),
    ("ports", "multiPort"),
    ("portRangeMin", "portRangeMax"),
    "protocol",
    "action",
)
_ECS = Kind(
    "type",
    ("cidrIp", "ipv6CidrIp"),
    ("sourceSecurityGroupId", "prefixListId"),
    ("portRange",),
    (),
    "ipProtocol",
    "policy",
)
KINDS: Mapping[str, Kind] = {
    "*:SecgroupRule": _NEUTRON,
    "*:NetworkingSecgroupRule": _NEUTRON,
    "*:NetworkingSecgroupRuleV2": _NEUTRON,
    "*:VpcSecgroupRuleV3": _NEUTRON,
    "alicloud:*:SecurityGroupRule": _ECS,
}
"""Rules of groups by their type: Huawei Cloud (its own package, the bridged one), OTC (two),
Alibaba Cloud. Sources: `huaweicloud_networking_secgroup_rule`,
`opentelekomcloud_networking_secgroup_rule_v2`, `opentelekomcloud_vpc_secgroup_rule_v3` and
`alicloud_security_group_rule` of the providers' documentation."""

ALLOWING = ("allow", "accept", None)
PINGS = ("icmp", "icmpv6", "ipv6-icmp", "1", "58")
"""Protocols without ports that reach no service, by name and by number."""

SHORTEST: Mapping[int, int] = {4: 8, 6: 12}
"""Prefixes of the largest networks, by version of IP, that IANA hands out to registries: a larger
one is nobody's own."""
PUBLIC = ipaddress.IPv6Network("2000::/3")
"""Where the public addresses of IPv6 are; large networks beside it are private."""


def open_groups(stack: Stack, settings: Ports, report: StackReport) -> None:
    """No group of a service is wide open.

    Judged are groups of services on ModelArts and PAI whose rules are in the same program, made
    with the packages of Huawei Cloud, OTC and Alibaba Cloud: each rule that admits everybody to
    more than the allowed ports, pings aside. Everybody may come where a rule names neither network
    nor group nor list of addresses, and where the network is larger than any that IANA hands out:
    a prefix shorter than `/8`, or than `/12` among the public ones of IPv6, so that `0.0.0.0/1`
    counts like `0.0.0.0/0`. What other rules of the group refuse is not set off against it.
    """
    rules = [
        _GroupRule(resource, kind)
        for resource in stack.others
        for token, kind in KINDS.items()
        if matches(resource.resource_type, [token])
    ]
    wide = {rule.group for rule in rules if rule.is_wide(settings.ports)}
    for service in stack.of(View):
        if wide & _groups(stack, service):
            allowed = ", ".join(map(str, settings.ports)) or "none"
            report(
                service, f"must have a group that admits everybody to these ports only: {allowed}"
            )


class _GroupRule:
    """A rule of a security group, whatever package made it."""

    def __init__(self, resource: PolicyResource, kind: Kind) -> None:
        self._resource, self._kind = resource, kind

    @property
    def group(self) -> str | None:
        """The group that it is a rule of: its id, or its URN where the id is not known yet."""
        key = "securityGroupId"
        found = self._read(key)
        return found if isinstance(found, str) else source(self._resource, key, GROUPS)

    def is_wide(self, allowed: Sequence[int]) -> bool:
        """Tell whether it admits everybody to other ports; what is not known does not."""
        kind = self._kind
        inbound = str(self._read(kind.inbound)).lower() == "ingress"
        pings = self._read(kind.protocol) in (*PINGS, UNKNOWN)
        if not inbound or pings or self._read(kind.allows) not in ALLOWING:
            return False
        return self._admits_everybody() and self._opens_others(allowed)

    def _admits_everybody(self) -> bool:
        networks, others = self._read_all(self._kind.networks), self._read_all(self._kind.others)
        if any(isinstance(one, str) and _is_everybody(one) for one in networks):
            return True
        return all(one is None for one in (*networks, *others))

    def _opens_others(self, allowed: Sequence[int]) -> bool:
        texts, bounds = self._read_all(self._kind.ports), self._read_all(self._kind.bounds)
        said = next((one for one in texts if isinstance(one, str)), None)
        known = [one for one in bounds if isinstance(one, str)]
        if said is None and len(known) > 1:
            said = "-".join(known)
        if said is None:
            # No port is given, or one end is open: all are. One not known yet may be right.
            return UNKNOWN not in (*texts, *bounds)
        return not all(
            least <= most and all(port in allowed for port in range(least, most + 1))
            for least, most in _ports(said)
        )

    def _read_all(self, names: Sequence[str]) -> list[str | Unknown | None]:
        return [self._read(name) for name in names]

    def _read(self, name: str) -> str | Unknown | None:
        """Read a property as text: `None` if it is not given, `UNKNOWN` too if it is malformed."""
        value = entry(self._resource.props, name)
        sources = self._resource.property_dependencies
        # In a preview, defaults that the provider fills in are not known either. What the program
        # gives and nobody knows yet comes from another resource, and the engine tells from which.
        if value is UNKNOWN and sources and name not in sources:
            return None
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = number(value)
        if value is None or isinstance(value, str):
            return value or None
        return UNKNOWN


def _is_everybody(text: str) -> bool:
    """Tell whether a network is so large that it means everybody; what is no network is not."""
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    private = isinstance(network, ipaddress.IPv6Network) and not network.overlaps(PUBLIC)
    return not private and network.prefixlen < SHORTEST[network.version]


def _ports(text: str) -> Iterator[tuple[int, int]]:
    """Read ports: `80`, `80,443`, `1000-2000`, `80/80`, and `-1/-1` or any other text for all."""
    for part in text.split(","):
        numbers = re.fullmatch(r"\s*(-?\d{1,5})\s*(?:[-/]\s*(-?\d{1,5}))?\s*", part)
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

    def __post_init__(self) -> None:
        """Refuse what is no network.

        Raises:
            SettingsError: A text is none, or is an address in one.
        """
        for text in self.networks:
            if (problem := _no_network(text)) is not None:
                raise SettingsError(f"networks: {problem}")


def _no_network(text: str) -> str | None:
    """Say what is wrong with a text that should be a network."""
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return "each must be a network, such as 10.0.0.0/8"
    address = ipaddress.ip_interface(text)
    whole = address.ip == network.network_address
    return None if whole else f"{address} must begin its network: {network}"


def no_public_endpoint(stack: Stack, settings: Reach, report: StackReport) -> None:
    """No service answers on a public address.

    Known once a service runs: so the update that deploys it fails in the end, and every preview
    after that before anything changes. Judged are `access_address` on ModelArts,
    `internet_endpoint` on PAI and `urls` on ZStack. Names are not looked up: one that is not listed
    is public, and so is what is no URL.
    """
    for service in stack.of(View):
        for path, url in as_known(addresses(service)):
            if _is_public(url, settings):
                report(service, f"{path}: must not be public")


def _is_public(url: str, settings: Reach) -> bool:
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return not matches(host, settings.hosts)
    networks = (ipaddress.ip_network(one) for one in settings.networks)
    return not any(address in network for network in networks)
