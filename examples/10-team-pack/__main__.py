"""A stable version and a canary, governed by the policy pack in the folder beside."""

import pulumi

from pulumi_modeldeploy import modelarts

config = pulumi.Config()
canary = config.get_int("canaryWeight") or 10

service = modelarts.Service(
    "recommender",
    infer_type="real-time",
    description=config.get("description") or "recommendations for the shop",
    config=[
        modelarts.ServiceConfigArgs(
            model_id="recommender-v1",
            specification=config.get("specification") or "modelarts.vm.cpu.2u",
            instance_count=2,
            weight=100 - canary,
        ),
        modelarts.ServiceConfigArgs(
            model_id="recommender-v2",
            specification="modelarts.vm.cpu.2u",
            instance_count=1,
            weight=canary,
            envs={"LOG_LEVEL": "debug"},
        ),
    ],
)

pulumi.export("url", service.access_address)
