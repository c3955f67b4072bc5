"""The team's rules."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pulumi_modeldeploy.policy import (
    ADVISORY,
    MANDATORY,
    Inputs,
    ModelArtsService,
    Rule,
    Settings,
    Stack,
    StackRule,
    at,
    given,
    known,
    rule,
    setting,
)
from pulumi_modeldeploy.policy.facets import specifications

if TYPE_CHECKING:
    from pulumi_modeldeploy.policy import Report, StackReport


@dataclass(frozen=True)
class Ticket(Settings):
    """How tickets look."""

    pattern: str = setting(r"OPS-\d+", "Regular expression of a ticket's number.")


def gpus_have_a_ticket(service: ModelArtsService, settings: Ticket, report: Report) -> None:
    """GPUs are asked for by a ticket.

    They are bought months ahead. The description of a service that has some names the ticket.
    """
    told = re.search(settings.pattern, service.description or "")
    for path, specification in specifications(service):
        if ".gpu." in specification and not told:
            report(path, "must not be a GPU without a ticket in the description")


def log_level_is_set(service: ModelArtsService, settings: Settings, report: Report) -> None:
    """Every version has a log level.

    The images of the team write everything where `LOG_LEVEL` is missing.
    """
    del settings
    for version in known(service.config, "envs"):
        if "LOG_LEVEL" not in (version.envs or {}):
            report(at(version, "envs"), "must have LOG_LEVEL")


def set_log_level(service: ModelArtsService, settings: Settings, inputs: Inputs) -> None:
    """Log what is worth knowing."""
    del settings
    for version in known(service.config, "envs"):
        if "LOG_LEVEL" not in (version.envs or {}):
            inputs.enter(version, "envs", "LOG_LEVEL", "info")


def services_are_described(stack: Stack, settings: Settings, report: StackReport) -> None:
    """Somebody who looks at the cloud's console knows what services are for."""
    del settings
    for service in stack.of(ModelArtsService):
        if not given(service, "description"):
            report(service, "must have a description")


RULES = [
    Rule(
        gpus_have_a_ticket,
        "Open a ticket and name it in the description.",
        settings=Ticket,
        level=MANDATORY,
        on=(ModelArtsService,),
    ),
    Rule(
        log_level_is_set,
        "Give LOG_LEVEL among the environment variables.",
        level=ADVISORY,
        on=(ModelArtsService,),
        remedy=set_log_level,
        mends="Sets it to `info`.",
    ),
    StackRule(services_are_described, "Describe the service.", level=ADVISORY),
    rule("instance-ceiling"),
    rule("weight-step"),
    rule("encrypted-secrets"),
]
