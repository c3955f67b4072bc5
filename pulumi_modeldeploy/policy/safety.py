"""Rules about who reaches what: networks, secrets, hosts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pulumi_modeldeploy.modelarts.rules import POOLS
from pulumi_modeldeploy.policy import secrecy
from pulumi_modeldeploy.policy.configuration import Settings, setting
from pulumi_modeldeploy.policy.facets import (
    Text,
    Variable,
    is_real_time,
    remarks,
    security_groups,
    texts,
    variables,
)
from pulumi_modeldeploy.policy.places import judge_each, matches
from pulumi_modeldeploy.policy.views import (
    ModelArtsService,
    View,
    ZStackDeployment,
    about,
    at,
    given,
    known,
    present,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pulumi_modeldeploy.core.checks import Report


def in_pool(service: ModelArtsService) -> bool:
    """Tell whether a service runs in a dedicated resource pool; that of a version needs one too."""
    return any(given(service, pool) for pool in POOLS)


def own_network(
    service: ModelArtsService | ZStackDeployment, settings: Settings, report: Report
) -> None:
    """Services run in networks of the team's own.

    Without one, instances are placed in a network that the cloud shares among its customers, from
    which they cannot reach what is private, and in which nobody watches what they send. On
    ModelArts a real-time service needs `vpc_id` or a dedicated pool, whose network wins; on ZStack
    a deployment needs `l3_network_uuids`.
    """
    del settings
    if isinstance(service, ZStackDeployment):
        if not service.l3_network_uuids:
            report(at(service, "l3_network_uuids"), "must be given")
    elif is_real_time(service) and not given(service, "vpc_id") and not in_pool(service):
        report(at(service, "vpc_id"), "must be given, or a dedicated resource pool")


@dataclass(frozen=True)
class Groups(Settings):
    """Which security groups services may have."""

    groups: tuple[str, ...] = setting(
        (), "Ids of security groups; `*` stands for anything. None: all.", wakes=True
    )


def approved_groups(service: View, settings: Groups, report: Report) -> None:
    """Services have approved security groups only.

    What a group admits is seen on the cloud, not in the program that names it; so those that
    somebody has looked at are listed. Says nothing until a list is configured. Groups whose rules
    are in the same program are judged by `open-groups`.
    """
    found = ((path, group) for path, group in security_groups(service) if group is not None)
    judge_each(found, settings.groups, report)


@dataclass(frozen=True)
class Secrecy(Settings):
    """What is taken for a secret."""

    encrypted: bool = setting(
        default=True,
        text="Whether it will do that a secret is encrypted in the state. If not, there may be "
        "none: clouds keep variables in clear, and whoever may read a service reads them.",
    )
    names: tuple[str, ...] = setting(
        (),
        "Further names of variables that hold secrets, in upper or lower case; `*` stands for "
        "anything.",
    )
    exempt: tuple[str, ...] = setting(
        ("BOS_TOKEN", "EOS_TOKEN", "PAD_TOKEN", "STOP_TOKEN", "UNK_TOKEN"),
        "Names of variables that hold none, in upper or lower case; `*` stands for anything. What "
        "has the form of a key is one under these names too.",
    )


def encrypted_secrets(service: View, settings: Secrecy, report: Report) -> None:
    """Secrets in environment variables are encrypted.

    A password that the program has in clear stands in clear in the state, in previews and in the
    repository. Judged are

    - environment variables and start parameters, by name (`DB_PASSWORD`, `hfToken`) and by the
      forms that keys are known to have. By its name none is a secret whose value is a truth value,
      a short number, a path, an address, a reference such as `${NAME}` or `arn:...`, or something
      in brackets, such as `<password>` and `[CLS]`;
    - `yaml` and commands on ZStack, by these forms, and by pairs in them (`NAME: value`,
      `NAME=value`, `--name value`). There a value must hold a digit or a sign besides: a word alone
      is rather the name of a secret than one;
    - `config` and labels on PAI, user tags on ZStack, and descriptions, by these forms only.

    What came out of a secret (`config.require_secret`, `pulumi.Output.secret`) is encrypted; the
    package records which arguments did, since policies are handed everything in plain text. Where
    that is not recorded, and where a value is not known yet, the rule says nothing.
    """
    for found in _secrets(service, settings):
        if not settings.encrypted:
            report(found.path, _MUST_NOT_BE[type(found)])
        elif about(service).tells_secrets and not found.secret:
            report(found.path, f"{_MUST_BE_SECRET[type(found)]}: {_HOW}")


_MUST_BE_SECRET = {
    Variable: "must be secret, by its name or its form",
    Text: "must be secret, since it holds a key or password",
}
_MUST_NOT_BE = {
    Variable: "must not be there: it holds a secret, by its name or its form",
    Text: "must hold no key or password",
}
_HOW = "give config.require_secret(...) or pulumi.Output.secret(...)"


def _secrets(service: View, settings: Secrecy) -> Iterator[Variable | Text]:
    """Walk over what is, or holds, a secret, be it encrypted or not."""
    for variable in variables(service):
        name, value = variable.name, variable.value
        if secrecy.is_key(value) or _is_named(name, value, settings):
            yield variable
    for text in texts(service):
        if secrecy.is_key(text.value) or _sets_secret(text.value, settings):
            yield text
    yield from (remark for remark in remarks(service) if secrecy.is_key(remark.value))


def _sets_secret(text: str, settings: Secrecy) -> bool:
    """Tell whether a free text gives a variable a secret."""
    return any(
        secrecy.is_no_word(value) and _is_named(name, value, settings)
        for name, value in secrecy.pairs(text)
    )


def _is_named(name: str, value: str, settings: Secrecy) -> bool:
    """Tell whether a variable holds a secret by its name, as far as its value may be one."""
    usual = secrecy.is_name(name) and not secrecy.is_plain(value)
    if not usual and not _is_one_of(name, settings.names):
        return False
    return bool(value) and not (secrecy.is_reference(value) or _is_one_of(name, settings.exempt))


def _is_one_of(name: str, names: Iterable[str]) -> bool:
    return matches(name.upper(), map(str.upper, names))


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
