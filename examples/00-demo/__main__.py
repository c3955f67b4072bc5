"""Two real-time services: one splits its traffic, one stops by itself in the evening."""

import pulumi

from pulumi_modeldeploy import modelarts

config = pulumi.Config()
split = config.get_int("split") or 70

digits = modelarts.Service(
    "digits",
    infer_type="real-time",
    description="two versions side by side",
    config=[
        modelarts.ServiceConfigArgs(
            model_id="digits-v1",
            weight=split,
            specification="modelarts.vm.cpu.2u",
            instance_count=2,
        ),
        modelarts.ServiceConfigArgs(
            model_id="digits-v2",
            weight=100 - split,
            specification="modelarts.vm.cpu.2u",
            instance_count=1,
        ),
    ],
)

speech = modelarts.Service(
    "speech",
    infer_type="real-time",
    description="stops by itself after a working day",
    config=[
        modelarts.ServiceConfigArgs(
            model_id="speech-v1",
            weight=100,
            specification="modelarts.vm.gpu.p4",
            instance_count=1,
            envs={
                "LANGUAGE": "en",
                "API_TOKEN": config.get_secret("apiToken") or pulumi.Output.secret("unset"),
            },
        ),
    ],
    schedule=[modelarts.ScheduleArgs(type="stop", time_unit="HOURS", duration=10)],
)

pulumi.export("digitsUrl", digits.access_address)
pulumi.export("speechUrl", speech.access_address)
