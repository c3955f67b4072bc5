"""Many services that differ in nothing but their names."""

# ruff: noqa: INP001 - a Pulumi program is no package

import os

from pulumi_modeldeploy import modelarts

for number in range(int(os.environ["RESOURCES"])):
    modelarts.Service(
        f"service-{number}",
        infer_type="real-time",
        config=[
            modelarts.ServiceConfigArgs(
                model_id=f"m{version}",
                weight=50,
                specification="modelarts.vm.cpu.2u",
                instance_count=1,
            )
            for version in (1, 2)
        ],
    )
