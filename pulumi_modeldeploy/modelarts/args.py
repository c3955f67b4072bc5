"""Nested arguments of ModelArts resources: one line per argument, its docstring under it.

Tables are those of the page "Deploying Services" of the API reference; "newer pages" are its later
editions and the page "Obtaining Service Details".
"""

from __future__ import annotations

import ipaddress
from typing import Any

from pulumi_modeldeploy.core.checks import (
    Check,
    between,
    items,
    length,
    number,
    one_of,
    pattern,
    subset,
)
from pulumi_modeldeploy.core.declare import (
    Args,
    NotRequired,
    NotRequiredList,
    NotRequiredMap,
    NotRequiredObject,
    NotRequiredObjects,
    NotRequiredTree,
    Required,
    RequiredList,
    RequiredObjects,
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

_NEWER = "newer pages"

ABOVE_ZERO = Check("above", "be greater than 0", lambda value: _unless(value > 0, value))
SHARE_OR_NUMBER = Check(
    "share",
    "be a share below 1 or a whole number",
    lambda value: _unless(value < 1 or isinstance(value, int), value),
    warn=True,
)
HTTPS = pattern("https://.+", "begin with https://, as all the samples do", warn=True, name="url")
PATH = length(1, 1024)
ABSOLUTE = pattern("(/.*)?", "be absolute: begin with /", name="absolute")
BEST_ABSOLUTE = pattern("(/.*)?", "be absolute: begin with /", warn=True, name="absolute")
"""For paths of which the pages say nothing more."""
PLAIN_PATH = pattern(
    r"[A-Za-z0-9\\_./-]*",
    "hold letters, digits, \\ _ - . and / only, as in the console",
    warn=True,
    name="characters",
)


def _unless(right: bool, value: float) -> str | None:
    return None if right else f"is {number(value)}"


def _judge_address(value: Any) -> str | None:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return ""
    return None


ADDRESS = Check("address", "be the private IP address of the node", _judge_address, warn=True)


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


class PersistentVolumeArgs(Args):
    """A volume mounted into the containers; in dedicated resource pools."""

    name: NotRequired[str] = arg(default=None, checks=[length(1, 255)], source="table 8")
    """Name of the volume."""
    mount_path: Required[str] = arg(checks=[PATH, ABSOLUTE, PLAIN_PATH], source="table 8")
    """Absolute path in the container, best an empty directory; not `/` nor `/var/run`, and not in
    another mount path."""
    storage_type: NotRequired[str] = arg(
        default=None,
        checks=[
            length(1, 64),
            pattern(
                "sfs_turbo|obs_pfs",
                "be sfs_turbo or obs_pfs: no other is documented",
                warn=True,
                name="kind",
            ),
        ],
        source=_NEWER,
    )
    """What is mounted: `sfs_turbo`, or `obs_pfs` for a parallel file system of OBS."""
    source_address: NotRequired[str] = arg(default=None, checks=[PATH], source=_NEWER)
    """Id of the SFS Turbo file system, or the OBS path, in the same region."""


class LogVolumeArgs(Args):
    """A directory of the host mounted into the containers; in dedicated resource pools."""

    host_path: Required[str] = arg(checks=[PATH, BEST_ABSOLUTE], source="table 9")
    """Absolute path on the host that logs are written to."""
    mount_path: Required[str] = arg(checks=[PATH, ABSOLUTE, PLAIN_PATH], source="table 9")
    """Absolute path of the logs in the container; not `/` nor `/var/run`, and not in another mount
    path."""


class ServiceConfigAdditionalPropertiesArgs(Args):
    """Further properties of one model version."""

    persistent_volumes: NotRequiredObjects[PersistentVolumeArgs] = arg(
        default=None, source="tables 7 and 8"
    )
    """Volumes mounted into the containers; in dedicated resource pools, whose network must reach
    the storage. Default: none."""
    log_volume: NotRequiredObjects[LogVolumeArgs] = arg(default=None, source="tables 7 and 9")
    """Directories of the host mounted into the containers; in dedicated resource pools. Default:
    none."""
    max_surge: NotRequired[float] = arg(
        default=None, checks=[ABOVE_ZERO, SHARE_OR_NUMBER], source=_NEWER
    )
    """Instances that a rolling upgrade may add: below 1 a share of all, else their number; greater
    than 0. The cloud's default is 1."""
    max_unavailable: NotRequired[float] = arg(
        default=None, checks=[between(0), SHARE_OR_NUMBER], source=_NEWER
    )
    """Instances that may be down in a rolling upgrade: below 1 a share of all, else their number.
    The cloud's default is 0."""
    termination_grace_period_seconds: NotRequired[int] = arg(
        default=None, checks=[between(30, 300)], source=_NEWER
    )
    """Seconds that a container has to end by itself, 30 to 300. The cloud's default is 240."""
    dew_secret: NotRequiredTree[Any] = arg(default=None, source=_NEWER)
    """Secret of DEW, passed on as it is: its members are not documented."""


class AffinityNodeArgs(Args):
    """A node of a dedicated resource pool."""

    name: Required[str] = arg(checks=[length(1, 255), ADDRESS], source=_NEWER)
    """Private IP address of the node."""


class AffinityPoolInfoArgs(Args):
    """Nodes of one dedicated resource pool."""

    pool_name: Required[str] = arg(checks=[length(1, 255)], source=_NEWER)
    """The pool, one of those that the version runs in."""
    nodes: RequiredObjects[AffinityNodeArgs] = arg(checks=[items(1)], source=_NEWER)
    """Its nodes that instances are placed on."""


class NodeAffinityArgs(Args):
    """Which nodes instances are placed on."""

    mode: Required[str] = arg(checks=[one_of("required", "preferred")], source=_NEWER)
    """`required`: on these nodes or not at all; `preferred`: elsewhere too, if need be."""
    pool_infos: NotRequiredObjects[AffinityPoolInfoArgs] = arg(default=None, source=_NEWER)
    """The nodes, by pool."""


class AffinityArgs(Args):
    """Where instances are placed in dedicated resource pools."""

    node_affinity: NotRequiredObject[NodeAffinityArgs] = arg(default=None, source=_NEWER)
    """Which nodes instances are placed on."""


class ServiceConfigArgs(Args):
    """One model version behind a service, and how it runs."""

    model_id: Required[str] = arg(checks=[ID], source="table 5")
    """Id of a published model."""
    specification: Required[str] = arg(checks=[ID], source="table 5")
    """Flavour of an instance, such as `modelarts.vm.cpu.2u`; `custom` in dedicated pools, described
    by `custom_spec`. Edge services may use `custom` anywhere."""
    instance_count: NotRequired[int] = arg(
        default=None,
        checks=[between(1, MOST_INSTANCES), between(1, USUAL_INSTANCES, warn=True)],
        source="table 5",
    )
    """Instances, 1 to 128; more than 5 may need a ticket. Real-time and batch services need it."""
    weight: NotRequired[int] = arg(default=None, checks=[between(0, 100)], source="table 5")
    """Share of the traffic in percent, 0 to 100; real-time services need it, and the weights of one
    service add up to 100. Others have none."""
    envs: NotRequiredMap[str] = arg(default=None, source="table 5")
    """Environment variables of the model; keys are not renamed."""
    custom_spec: NotRequiredObject[CustomSpecArgs] = arg(default=None, source="table 5")
    """The specification, exactly when `specification` is `custom`."""
    cluster_id: NotRequired[str] = arg(default=None, checks=[ID], source="table 5")
    """Dedicated resource pool (old generation) of this version; wins over the service's, which must
    be given too."""
    pool_name: NotRequired[str] = arg(default=None, checks=[ID], source="table 5")
    """Id of the dedicated resource pool (new generation) of this version; wins over `cluster_id`
    and over the service's pool, which must be given too. Not for edge services."""
    src_path: NotRequired[str] = arg(default=None, checks=[PATH, HTTPS], source="table 5")
    """Batch services need it: OBS path of the input, a directory or, with `src_type`, a manifest.
    It must exist."""
    dest_path: NotRequired[str] = arg(default=None, checks=[PATH, HTTPS], source="table 5")
    """Batch services need it: OBS path that the results are written to."""
    req_uri: NotRequired[str] = arg(
        default=None,
        checks=[
            PATH,
            pattern("/.*", "begin with /, as the paths of an API do", warn=True, name="path"),
        ],
        source="table 5",
    )
    """Batch services need it: path of the model's API that is called, out of its `config.json`; `/`
    for built-in images."""
    mapping_type: NotRequired[str] = arg(
        default=None, checks=[one_of("file", "csv")], source="table 5"
    )
    """Batch services need it. `file`: one request per file of the input, for an API whose only
    parameter is a file; `csv`: one per row of its `.csv` files, with `mapping_rule`."""
    mapping_rule: NotRequiredTree[Any] = arg(default=None, source="table 5")
    """Exactly with `mapping_type` `csv`: which column is which parameter. The model's definition of
    its input, a JSON schema, in which every string, number, integer and boolean has its column as
    `index`, from 0; -1 leaves it out. Keys are not renamed."""
    src_type: NotRequired[str] = arg(
        default=None, checks=[one_of("ManifestFile")], source="table 5"
    )
    """`ManifestFile`: `src_path` is a `.manifest` file that lists the input. Default: a directory.
    Batch services only."""
    nodes: NotRequiredList[str] = arg(default=None, unordered=True, picks="id", source="table 5")
    """Ids of the IEF nodes that an edge service runs on; it needs them, or a `cluster_id` of the
    service that is an edge resource pool."""
    deploy_timeout_in_seconds: NotRequired[int] = arg(
        default=None,
        checks=[between(1), between(3, 120, warn=True)],
        echoed=False,
        source=_NEWER,
    )
    """How long one instance may take to be deployed, 3 to 120. Named in seconds; the console's
    field of the same range is in minutes."""
    additional_properties: NotRequiredObject[ServiceConfigAdditionalPropertiesArgs] = arg(
        default=None, source="tables 5 and 7"
    )
    """Further properties, such as volumes and how upgrades roll."""
    affinity: NotRequiredObject[AffinityArgs] = arg(default=None, source=_NEWER)
    """Which nodes of a dedicated resource pool instances are placed on. Not for edge services."""


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


class LogConfigurationArgs(Args):
    """Where LTS keeps logs."""

    log_group_id: Required[str] = arg(checks=[ID], source=_NEWER)
    """Log group."""
    log_stream_id: Required[str] = arg(checks=[ID], source=_NEWER)
    """Log stream in the group."""


class LogReportChannelArgs(Args):
    """A service that logs are reported to."""

    type: Required[str] = arg(checks=[one_of("LTS")], source=_NEWER)
    """Which one: `LTS`."""
    configuration: NotRequiredObject[LogConfigurationArgs] = arg(default=None, source=_NEWER)
    """Log group and stream. Default: ModelArts makes them."""


class ServiceAdditionalPropertiesArgs(Args):
    """Further properties of a service."""

    smn_notification: NotRequiredObject[SmnNotificationArgs] = arg(default=None, source="table 10")
    """Messages when the service's state changes."""
    log_report_channels: NotRequiredObjects[LogReportChannelArgs] = arg(default=None, source=_NEWER)
    """Where logs are reported to. Default: nowhere. Once there are some, changing or removing them
    replaces the service."""
    websocket_upgrade: NotRequired[bool] = arg(default=None, source=_NEWER)
    """Whether the service speaks WebSocket, for models out of container images that do. The cloud's
    default is no. Once it does, changing or removing that replaces the service."""


class ServiceSecretArgs(Args):
    """A secret that the containers of a service find as a file."""

    secret_id: Required[str] = arg(wire="secretId", checks=[length(1, 255)], source=_NEWER)
    """Id of the secret."""
    mouth_path: Required[str] = arg(wire="mouthPath", checks=[PATH, BEST_ABSOLUTE], source=_NEWER)
    """Absolute path in the container that it is mounted at (the cloud's spelling)."""


__all__ = [
    "AffinityArgs",
    "AffinityNodeArgs",
    "AffinityPoolInfoArgs",
    "CustomSpecArgs",
    "LogConfigurationArgs",
    "LogReportChannelArgs",
    "LogVolumeArgs",
    "NodeAffinityArgs",
    "PersistentVolumeArgs",
    "ScheduleArgs",
    "ServiceAdditionalPropertiesArgs",
    "ServiceConfigAdditionalPropertiesArgs",
    "ServiceConfigArgs",
    "ServiceSecretArgs",
    "SmnNotificationArgs",
]
