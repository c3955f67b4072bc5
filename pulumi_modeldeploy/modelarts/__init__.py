"""Huawei Cloud and OTC ModelArts."""

from pulumi_modeldeploy.modelarts.args import (
    CustomSpecArgs,
    ScheduleArgs,
    ServiceAdditionalPropertiesArgs,
    ServiceConfigArgs,
    SmnNotificationArgs,
)
from pulumi_modeldeploy.modelarts.replies import ConfigStatus
from pulumi_modeldeploy.modelarts.service import Service

__all__ = [
    "ConfigStatus",
    "CustomSpecArgs",
    "ScheduleArgs",
    "Service",
    "ServiceAdditionalPropertiesArgs",
    "ServiceConfigArgs",
    "SmnNotificationArgs",
]
