"""The table of rules, and the profiles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pulumi_policy import EnforcementLevel, Severity

from pulumi_modeldeploy.policy import places, safety, sizes, stacks, upkeep
from pulumi_modeldeploy.policy.configuration import unknown
from pulumi_modeldeploy.policy.rule import (
    ADVISORY,
    DISABLED,
    MANDATORY,
    REMEDIATE,
    Rule,
    StackRule,
)
from pulumi_modeldeploy.policy.views import (
    ModelArtsService,
    PaiAppService,
    ZStackDeployment,
    ZStackModelService,
)

LOW, MEDIUM, HIGH, CRITICAL = Severity.LOW, Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL
EVERYTHING = (ModelArtsService, PaiAppService, ZStackDeployment, ZStackModelService)
SERVICES = (ModelArtsService, PaiAppService)
RUNNING = (*SERVICES, ZStackDeployment)

_DESIGN = "design of this package, section 11"

RULES: tuple[Rule | StackRule, ...] = (
    Rule(
        places.allowed_regions,
        "Deploy into an allowed region: a profile, or the region of the stack's settings.",
        "Azure Policy: Allowed locations",
        places.Regions,
        HIGH,
        MANDATORY,
        on=EVERYTHING,
    ),
    Rule(
        places.allowed_workspaces,
        "Give the id of an allowed workspace or project.",
        "ModelArts and PAI: permissions and quotas by workspace",
        places.Workspaces,
        MEDIUM,
        MANDATORY,
        on=RUNNING,
    ),
    Rule(
        places.allowed_specifications,
        "Choose an allowed specification, or ask for another one to be allowed.",
        "Azure Policy: Allowed virtual machine size SKUs",
        places.Specifications,
        MEDIUM,
        MANDATORY,
        on=SERVICES,
    ),
    Rule(
        places.approved_models,
        "Serve an approved model, or have this one approved.",
        "Azure Policy: deployments should only use approved registry models",
        places.Models,
        HIGH,
        MANDATORY,
        on=(ModelArtsService, ZStackModelService, ZStackDeployment),
    ),
    Rule(
        places.allowed_storage,
        "Copy the model or the data to an allowed place.",
        "Kyverno: Restrict Image Registries, for what is loaded otherwise",
        places.Storage,
        HIGH,
        MANDATORY,
        on=(*SERVICES, ZStackModelService),
    ),
    Rule(
        places.allowed_registries,
        "Push the image to an allowed registry, and name it there.",
        "Kyverno: Restrict Image Registries",
        places.Registries,
        HIGH,
        MANDATORY,
        on=(ZStackModelService, ZStackDeployment),
    ),
    Rule(
        places.pinned_images,
        "Name the image with a tag that stays, or by digest.",
        "Kyverno: Disallow Latest Tag, Require Image Digest",
        places.Pins,
        MEDIUM,
        on=(ZStackModelService, ZStackDeployment),
    ),
    Rule(
        sizes.instance_ceiling,
        "Ask for fewer instances, or for a higher ceiling.",
        "ModelArts, create page, table 5: more than 5 by ticket",
        sizes.Instances,
        MEDIUM,
        on=SERVICES,
        remedy=sizes.lower_instances,
        mends="Lowers the number of instances to the ceiling.",
    ),
    Rule(
        sizes.instance_size,
        "Ask for a smaller instance.",
        "Kubernetes: limit ranges",
        sizes.InstanceSize,
        MEDIUM,
        MANDATORY,
        on=(ModelArtsService, ZStackDeployment),
    ),
    Rule(
        sizes.weight_step,
        "Move the traffic in several runs, watching the service in between.",
        "AWS SageMaker: canary and linear traffic shifting",
        sizes.WeightStep,
        MEDIUM,
        on=(ModelArtsService,),
    ),
    Rule(
        sizes.minimum_replicas,
        "Ask for more instances.",
        "AWS Security Hub, SageMaker.4: initial instance count greater than 1",
        sizes.Replicas,
        MEDIUM,
        DISABLED,
        on=SERVICES,
    ),
    Rule(
        sizes.gentle_upgrades,
        "Lower max_unavailable, or leave it out; max_surge lets an upgrade add instances instead.",
        "ModelArts, newer pages: max_unavailable",
        sizes.Upgrade,
        LOW,
        on=(ModelArtsService,),
    ),
    Rule(
        safety.own_network,
        "Give a VPC, subnet and security group (ModelArts) or networks (ZStack) of your own.",
        "AWS Security Hub, SageMaker.2 and SageMaker.5: in a custom VPC, isolated",
        severity=HIGH,
        on=(ModelArtsService, ZStackDeployment),
    ),
    Rule(
        safety.approved_groups,
        "Give an approved security group, or have this one approved.",
        _DESIGN,
        safety.Groups,
        HIGH,
        MANDATORY,
        on=SERVICES,
    ),
    Rule(
        safety.encrypted_secrets,
        "Put the value into the stack configuration with --secret and read it by require_secret.",
        "AWS Security Hub, CodeBuild.2: no clear text credentials in environment variables",
        safety.Secrecy,
        CRITICAL,
        MANDATORY,
        on=EVERYTHING,
    ),
    Rule(
        safety.no_host_paths,
        "Take log_volume away, and report logs to LTS instead.",
        "Kyverno: Disallow hostPath",
        severity=HIGH,
        level=MANDATORY,
        on=(ModelArtsService,),
    ),
    Rule(
        upkeep.automatic_stop,
        'Give a schedule: ScheduleArgs(type="stop", time_unit="HOURS", duration=...).',
        "Azure Policy: compute instances should have idle shutdown",
        upkeep.Stop,
        LOW,
        DISABLED,
        on=(ModelArtsService,),
        remedy=upkeep.schedule_stop,
        mends="Adds a schedule that stops the service, or shortens the one that there is.",
    ),
    Rule(
        upkeep.log_reporting,
        'Give additional_properties with log_report_channels=[LogReportChannelArgs(type="LTS")].',
        "AWSGuard: elb-logging-enabled, s3-bucket-logging-enabled",
        severity=LOW,
        on=(ModelArtsService,),
        remedy=upkeep.report_logs,
        mends="Adds a channel to LTS. A later run without the pack would replace the service, "
        "since channels cannot be taken away: so no profile does this by itself.",
    ),
    Rule(
        upkeep.failure_notifications,
        "Give additional_properties with an smn_notification.",
        "ModelArts, create page, tables 10 and 11",
        upkeep.Events,
        LOW,
        DISABLED,
        on=(ModelArtsService,),
    ),
    Rule(
        upkeep.owner_label,
        "Give the label (PAI) or the user tag key::value (ZStack).",
        "Kyverno: Require Labels; Azure Policy: Require a tag on resources",
        upkeep.Labels,
        LOW,
        on=(PaiAppService, ZStackDeployment, ZStackModelService),
        remedy=upkeep.add_labels,
        mends="Adds those labels for which `values` has a value.",
    ),
    Rule(
        upkeep.protected,
        "Give opts=pulumi.ResourceOptions(protect=True).",
        "Pulumi: resource option protect",
        severity=MEDIUM,
        level=DISABLED,
        on=EVERYTHING,
    ),
    Rule(
        upkeep.safety_lock,
        'Give safety_lock="dangerous".',
        "PAI: UpdateServiceSafetyLock",
        upkeep.Locks,
        LOW,
        DISABLED,
        on=(PaiAppService,),
    ),
    Rule(
        upkeep.dedicated_pool,
        "Give a dedicated resource pool (ModelArts) or a quota (PAI).",
        "ModelArts: dedicated resource pools; PAI: resource quotas",
        severity=LOW,
        level=DISABLED,
        on=SERVICES,
    ),
    StackRule(
        stacks.total_instances,
        "Ask for fewer instances, or for a higher ceiling.",
        "Kubernetes: resource quotas",
        stacks.Total,
        MEDIUM,
        MANDATORY,
    ),
    StackRule(
        stacks.hourly_budget,
        "Ask for fewer or smaller instances, or for a larger budget.",
        "Infracost: cost policies",
        stacks.Budget,
        MEDIUM,
        MANDATORY,
    ),
    StackRule(
        stacks.one_service_per_model,
        "Serve the model by one service, and split its traffic by weights.",
        _DESIGN,
        severity=LOW,
        level=DISABLED,
    ),
    StackRule(
        stacks.separate_groups,
        "Make a security group for each service.",
        "ModelArts, error 3534: groups admit everybody on port 8080",
        severity=MEDIUM,
    ),
    StackRule(
        stacks.open_groups,
        "Open the port that ModelArts needs, 8080, and admit only your own networks to others.",
        "AWS Security Hub, EC2.18: unrestricted traffic to authorised ports only",
        stacks.Ports,
        HIGH,
        MANDATORY,
    ),
    StackRule(
        stacks.no_public_endpoint,
        "Reach the service within its VPC, or list the gateway that guards it.",
        "Azure Policy: workspaces should disable public network access",
        stacks.Reach,
        HIGH,
        DISABLED,
    ),
)
"""All rules; the level of each is that of the profile `baseline`."""

Configuration = Mapping[str, "EnforcementLevel | str | Mapping[str, Any]"]
"""Rules to be configured, by name: a level, or an object with `enforcementLevel` and settings."""

PROFILES: Mapping[str, Configuration] = {
    "baseline": {},
    "production": {
        **dict.fromkeys(
            (
                *("pinned-images", "instance-ceiling", "weight-step", "minimum-replicas"),
                *("gentle-upgrades", "own-network", "log-reporting", "owner-label", "protected"),
                *("one-service-per-model", "separate-groups"),
            ),
            MANDATORY,
        ),
        **dict.fromkeys(
            ("failure-notifications", "safety-lock", "dedicated-pool", "no-public-endpoint"),
            ADVISORY,
        ),
    },
    "development": {
        "automatic-stop": REMEDIATE,
        "instance-ceiling": {"enforcementLevel": REMEDIATE, "most": 2},
        **dict.fromkeys(("own-network", "log-reporting", "separate-groups"), DISABLED),
    },
}
"""Levels and settings that differ from the rules' own."""


def rule(name: str) -> Rule | StackRule:
    """One rule of the table by its name.

    Raises:
        KeyError: There is none.
    """
    found = {one.name: one for one in RULES}
    if name not in found:
        raise KeyError(unknown(name, "rule", found))
    return found[name]
