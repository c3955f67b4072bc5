"""Rules about who reaches what: networks, secrets, hosts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pulumi_modeldeploy.modelarts.rules import POOLS
from pulumi_modeldeploy.policy.configuration import Settings, setting
from pulumi_modeldeploy.policy.facets import is_real_time, texts, variables
from pulumi_modeldeploy.policy.places import matches
from pulumi_modeldeploy.policy.views import (
    ModelArtsService,
    PaiAppService,
    View,
    about,
    at,
    given,
    known,
    present,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pulumi_modeldeploy.core.checks import Report
    from pulumi_modeldeploy.policy.facets import Variable


def in_pool(service: ModelArtsService) -> bool:
    """Tell whether all versions of a service run in dedicated resource pools."""
    if any(given(service, pool) for pool in POOLS):
        return True
    return all(any(given(one, pool) for pool in POOLS) for one in service.config)


def own_network(service: View, settings: Settings, report: Report) -> None:
    """Services run in networks of the team's own.

    Without one, instances are placed in a network that the cloud shares among its customers, from
    which they cannot reach what is private, and in which nobody watches what they send. On
    ModelArts a real-time service needs `vpc_id` or a dedicated pool, whose network wins; on ZStack
    a deployment needs `l3_network_uuids`.
    """
    del settings
    if not isinstance(service, ModelArtsService):
        if not given(service, "l3_network_uuids"):
            report(at(service, "l3_network_uuids"), "must be given")
    elif is_real_time(service) and not given(service, "vpc_id") and not in_pool(service):
        report(at(service, "vpc_id"), "must be given, or a dedicated resource pool")


@dataclass(frozen=True)
class Groups(Settings):
    """Which security groups services may have."""

    groups: tuple[str, ...] = setting(
        (), "Ids of security groups; `*` stands for anything. None: all."
    )


def approved_groups(service: View, settings: Groups, report: Report) -> None:
    """Services have approved security groups only.

    What a group admits is seen on the cloud, not in the program that names it; so those that
    somebody has looked at are listed. Says nothing until a list is configured. Groups whose rules
    are in the same program are judged by `open-groups`.
    """
    for path, group in security_groups(service):
        if settings.groups and not matches(group, settings.groups):
            report(path, f"must be one of {', '.join(settings.groups)}")


def security_groups(service: View) -> Iterator[tuple[str, str]]:
    """Which security groups a service has."""
    if isinstance(service, ModelArtsService):
        yield from present(service, "security_group_id")
    if isinstance(service, PaiAppService):
        for key, value in known(service.config or {}):
            if key == GROUP_OF_PAI:
                yield f"{at(service, 'config')}[{key!r}]", str(value)


GROUP_OF_PAI = "SecurityGroupID"
"""Where PAI's free configuration names the group through which NAS is mounted."""


@dataclass(frozen=True)
class Secrecy(Settings):
    """What is taken for a secret."""

    encrypted: bool = setting(
        default=True,
        text="Whether it will do that a secret is encrypted in the state. If not, there may be "
        "none: clouds keep variables in clear, and whoever may read a service reads them.",
    )
    names: tuple[str, ...] = setting(
        (), "Further names of variables that hold secrets; `*` stands for anything."
    )
    exempt: tuple[str, ...] = setting(
        ("BOS_TOKEN", "EOS_TOKEN", "PAD_TOKEN", "STOP_TOKEN", "UNK_TOKEN"),
        "Names of variables that hold none, whatever they look like.",
    )


_NAME = re.compile(
    r"(?:^|[_.-])(?:PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|CREDENTIALS?|"
    r"(?:API|ACCESS|SECRET|PRIVATE|AUTH|ENCRYPTION)[_.-]?KEY)$",
    re.IGNORECASE,
)
"""Names of variables that hold secrets: by their last word, so that `MAX_TOKENS` is none."""

_VALUE = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"
    r"|\bLTAI[0-9A-Za-z]{12,26}\b"
    r"|\bhf_[0-9A-Za-z]{30,}\b"
    r"|\bgh[pousr]_[0-9A-Za-z]{36,}\b"
    r"|\bsk-[0-9A-Za-z_-]{20,}"
    r"|\beyJ[0-9A-Za-z_-]{10,}\.eyJ[0-9A-Za-z_-]{10,}\."
    r"|[a-z][a-z0-9+.-]*://[^/\s:@]*:[^/\s:@$<{]+@"
)
"""Values that are secrets whatever their name: keys of forms that their makers have published (AWS,
Alibaba Cloud, Hugging Face, GitHub, OpenAI), signed tokens, private keys, passwords in URLs."""


def encrypted_secrets(service: View, settings: Secrecy, report: Report) -> None:
    """Secrets in environment variables are encrypted.

    A password that the program has in clear stands in clear in the state, in previews and in the
    repository. Judged by names (`DB_PASSWORD`, `HF_TOKEN`) and by the forms that keys are known to
    have, in environment variables and start parameters, and on ZStack also in `yaml` and commands.
    What came out of a secret (`config.require_secret`, `pulumi.Output.secret`) is encrypted; the
    package records which arguments did, since policies are handed everything in plain text. Where
    that is not recorded, and where a value is not known yet, the rule says nothing.
    """
    known_secrets = about(service).tells_secrets
    for variable in variables(service):
        if _is_secret(variable, settings) and not settings.encrypted:
            report(variable.path, "must not be there: it holds a secret, by its name or its form")
        elif _is_secret(variable, settings) and known_secrets and not variable.secret:
            report(variable.path, f"must be secret, by its name or its form: {_HOW}")
    for path, text in texts(service):
        if known_secrets and _VALUE.search(text) and not about(service).is_secret(path):
            report(path, f"must be secret, since it holds a key or password: {_HOW}")


_HOW = "give config.require_secret(...) or pulumi.Output.secret(...)"


def _is_secret(variable: Variable, settings: Secrecy) -> bool:
    if not variable.value or matches(variable.name, settings.exempt):
        return False
    named = _NAME.search(variable.name) or matches(variable.name, settings.names)
    return bool(named or _VALUE.search(variable.value))


def no_host_paths(service: ModelArtsService, settings: Settings, report: Report) -> None:
    """No directory of a host is mounted.

    Through `log_volume` a container writes onto the host, beside those of others: what is filled or
    read there is not only its own. Logs go to LTS instead, see `log-reporting`.
    """
    del settings
    for version in known(service.config):
        for _, properties in present(version, "additional_properties"):
            for path, volumes in present(properties, "log_volume"):
                if len(volumes):
                    report(path, "must not be there: it mounts directories of the host")
