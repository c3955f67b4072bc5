"""Huawei Cloud and OTC ModelArts."""

from pulumi_modeldeploy.modelarts.args import (
    CustomSpecArgs,
    ScheduleArgs,
    ServiceAdditionalPropertiesArgs,
    ServiceConfigArgs,
    SmnNotificationArgs,
)
from pulumi_modeldeploy.modelarts.replies import (
    ConfigStatus,
    CpuInfo,
    GpuInfo,
    MemoryInfo,
    Node,
    NpuInfo,
    SpecificationDetails,
)
from pulumi_modeldeploy.modelarts.service import Service

__all__ = [
    "ConfigStatus",
    "CpuInfo",
    "CustomSpecArgs",
    "GpuInfo",
    "MemoryInfo",
    "Node",
    "NpuInfo",
    "ScheduleArgs",
    "Service",
    "ServiceAdditionalPropertiesArgs",
    "ServiceConfigArgs",
    "SmnNotificationArgs",
    "SpecificationDetails",
]
