"""ZStack AIOS: model services and their deployments."""

from pulumi_modeldeploy.zstack.args import ArchitectureImageArgs
from pulumi_modeldeploy.zstack.deployment import ModelServiceDeployment
from pulumi_modeldeploy.zstack.replies import (
    DatasetRef,
    Instance,
    ModelServiceImage,
    ModelServiceRef,
)
from pulumi_modeldeploy.zstack.service import ModelService

__all__ = [
    "ArchitectureImageArgs",
    "DatasetRef",
    "Instance",
    "ModelService",
    "ModelServiceDeployment",
    "ModelServiceImage",
    "ModelServiceRef",
]
