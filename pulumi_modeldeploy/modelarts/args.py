"""Nested arguments of ModelArts resources: one line per argument, its docstring under it.

Tables are those of the page "Deploying Services" of the API reference.
"""

from __future__ import annotations

from pulumi_modeldeploy.core.checks import between, items, length, one_of, subset
from pulumi_modeldeploy.core.declare import (
    Args,
    NotRequired,
    NotRequiredMap,
    NotRequiredObject,
    Required,
    RequiredList,
    arg,
)

ID = length(1, 64)
"""Ids are as long as the cloud's own data type; sample ids are no UUIDs."""

CUSTOM = "custom"
"""The specification that is described by `custom_spec`."""

MOST_INSTANCES = 128
"""The newer text's limit; the older one says 5, and more by ticket."""
USUAL_INSTANCES = 5

EVENTS = {1: "failed", 3: "running", 7: "concerning", 11: "pending"}
"""Table 11."""
OLDER_EVENTS = {2: "stopped", 9: "deleted"}
"""Known to older texts only; nobody says whether they are still taken."""


class CustomSpecArgs(Args):
    """A specification made to measure, in dedicated resource pools."""

    cpu: Required[float] = arg(checks=[between(0.01)], decimals=2, source="table 6")
    """CPU cores, at least 0.01; rounded to two decimals, as the server does."""
    memory: Required[int] = arg(checks=[between(1)], source="table 6")
    """Memory in MB."""
    gpu_p4: NotRequired[float] = arg(
        default=None, checks=[between(0)], decimals=2, source="table 6"
    )
    """GPUs, rounded to two decimals, as the server does; excludes `ascend_a310`."""
    ascend_a310: NotRequired[int] = arg(default=None, checks=[between(0)], source="table 6")
    """Ascend chips; excludes `gpu_p4`."""


class ServiceConfigArgs(Args):
    """One model version behind a service, and how it runs."""

    model_id: Required[str] = arg(checks=[ID], source="table 5")
    """Id of a published model."""
    specification: Required[str] = arg(checks=[ID], source="table 5")
    """Flavour of an instance, such as `modelarts.vm.cpu.2u`; `custom` in dedicated pools, described
    by `custom_spec`."""
    instance_count: Required[int] = arg(
        checks=[between(1, MOST_INSTANCES), between(1, USUAL_INSTANCES, warn=True)],
        source="table 5",
    )
    """Instances, 1 to 128; more than 5 may need a ticket."""
    weight: NotRequired[int] = arg(default=None, checks=[between(0, 100)], source="table 5")
    """Share of the traffic in percent, 0 to 100; real-time services need it, and the weights of one
    service add up to 100."""
    envs: NotRequiredMap[str] = arg(default=None, source="table 5")
    """Environment variables of the model; keys are not renamed."""
    custom_spec: NotRequiredObject[CustomSpecArgs] = arg(default=None, source="table 5")
    """The specification, exactly when `specification` is `custom`."""
    cluster_id: NotRequired[str] = arg(default=None, checks=[ID], source="table 5")
    """Dedicated resource pool (old generation) of this version; wins over the service's, which must
    be given too."""
    pool_name: NotRequired[str] = arg(default=None, checks=[ID], source="table 5")
    """Id of the dedicated resource pool (new generation) of this version; wins over `cluster_id`
    and over the service's pool, which must be given too."""


class ScheduleArgs(Args):
    """When a real-time service stops by itself."""

    type: Required[str] = arg(checks=[one_of("stop")], source="table 4")
    """What happens: `stop`."""
    time_unit: Required[str] = arg(checks=[one_of("DAYS", "HOURS", "MINUTES")], source="table 4")
    """Unit of `duration`: `DAYS`, `HOURS` or `MINUTES`."""
    duration: Required[int] = arg(checks=[between(1)], source="table 4")
    """How many units after the service started to run."""


class SmnNotificationArgs(Args):
    """Messages of SMN when the service's state changes."""

    topic_urn: Required[str] = arg(checks=[length(1, 512)], source="table 11")
    """URN of the SMN topic."""
    events: RequiredList[int] = arg(
        checks=[items(1), subset(EVENTS | OLDER_EVENTS), subset(EVENTS, warn=True)],
        unordered=True,
        source="table 11",
    )
    """Which changes: 1 failed, 3 running, 7 concerning, 11 pending."""


class ServiceAdditionalPropertiesArgs(Args):
    """Further properties of a service."""

    smn_notification: NotRequiredObject[SmnNotificationArgs] = arg(default=None, source="table 10")
    """Messages when the service's state changes."""


__all__ = [
    "CustomSpecArgs",
    "ScheduleArgs",
    "ServiceAdditionalPropertiesArgs",
    "ServiceConfigArgs",
    "SmnNotificationArgs",
]
