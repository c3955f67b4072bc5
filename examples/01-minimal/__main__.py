"""The smallest real-time service: one model, one instance, all of the traffic."""

import pulumi

from pulumi_modeldeploy import modelarts

config = pulumi.Config()

service = modelarts.Service(
    "minimal",
    infer_type="real-time",
    config=[
        modelarts.ServiceConfigArgs(
            model_id=config.require("modelId"),
            specification="modelarts.vm.cpu.2u",
            instance_count=1,
            weight=100,
        ),
    ],
)

pulumi.export("url", service.access_address)
