"""A stable model version and, while there is one, a canary that gets a share of the traffic."""

import pulumi

from pulumi_modeldeploy import modelarts

config = pulumi.Config()
canary = config.get("canaryModel")
canary_weight = config.require_int("canaryWeight") if canary else 0


def version(model_id: str, weight: int, instances: int) -> modelarts.ServiceConfigArgs:
    """Describe one version behind the service."""
    return modelarts.ServiceConfigArgs(
        model_id=model_id,
        weight=weight,
        specification=config.get("specification") or "modelarts.vm.cpu.2u",
        instance_count=instances,
    )


versions = [version(config.require("stableModel"), 100 - canary_weight, instances=2)]
if canary:
    versions.append(version(canary, canary_weight, instances=1))

service = modelarts.Service(
    "recommender",
    infer_type="real-time",
    description="a stable version and a canary",
    config=versions,
)

pulumi.export("url", service.access_address)
pulumi.export(
    "weights",
    service.config.apply(lambda entries: {entry.model_id: entry.weight for entry in entries}),
)
