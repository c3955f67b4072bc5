"""Services that keep every rule of the policy pack."""

# ruff: noqa: INP001 - a Pulumi program is no package

import os

import pulumi

from pulumi_modeldeploy import modelarts

for number in range(int(os.environ["RESOURCES"])):
    modelarts.Service(
        f"service-{number}",
        infer_type="real-time",
        config=[
            modelarts.ServiceConfigArgs(
                model_id=f"m{number}-{version}",
                weight=50,
                specification="modelarts.vm.cpu.2u",
                instance_count=2,
                envs={"LOG_LEVEL": "info"},
            )
            for version in (1, 2)
        ],
        pool_name="pool",
        schedule=[modelarts.ScheduleArgs(type="stop", time_unit="HOURS", duration=8)],
        additional_properties=modelarts.ServiceAdditionalPropertiesArgs(
            log_report_channels=[modelarts.LogReportChannelArgs(type="LTS")],
            smn_notification=modelarts.SmnNotificationArgs(topic_urn="topic", events=[1]),
        ),
        opts=pulumi.ResourceOptions(protect=True),
    )
