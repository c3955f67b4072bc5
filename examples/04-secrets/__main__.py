"""Secrets: one goes into an environment variable, and stays encrypted in the state."""

import pulumi

from pulumi_modeldeploy import modelarts

config = pulumi.Config()
database = pulumi.Output.format(
    "postgres://app:{0}@db.internal/features", config.require_secret("databasePassword")
)

service = modelarts.Service(
    "ranker",
    infer_type="real-time",
    config=[
        modelarts.ServiceConfigArgs(
            model_id=config.require("modelId"),
            specification="modelarts.vm.cpu.2u",
            instance_count=1,
            weight=100,
            envs={"LOG_LEVEL": "info", "DATABASE": database},
        ),
    ],
)

pulumi.export("url", service.access_address)
pulumi.export("environment", service.config.apply(lambda entries: entries[0].envs))
