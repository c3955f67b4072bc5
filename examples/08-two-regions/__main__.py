"""The same service in two regions, each reached by a profile of the stack configuration."""

import pulumi

from pulumi_modeldeploy import modelarts

model = pulumi.Config().require("modelId")

for profile in ("asia", "europe"):
    service = modelarts.Service(
        f"classifier-{profile}",
        profile=profile,
        infer_type="real-time",
        config=[
            modelarts.ServiceConfigArgs(
                model_id=model,
                specification="modelarts.vm.cpu.2u",
                instance_count=1,
                weight=100,
            ),
        ],
    )
    pulumi.export(f"{profile}Url", service.access_address)
