"""Where services run: in a network of one's own, or in a dedicated resource pool."""

import pulumi

from pulumi_modeldeploy import modelarts

config = pulumi.Config()

# On ModelArts' shared resources, placed in a VPC of ours. The three belong together.
private = modelarts.Service(
    "private",
    infer_type="real-time",
    description="reached from our own network",
    vpc_id=config.require("vpcId"),
    subnet_network_id=config.require("subnetNetworkId"),
    security_group_id=config.require("securityGroupId"),
    config=[
        modelarts.ServiceConfigArgs(
            model_id=config.require("modelId"),
            specification="modelarts.vm.cpu.2u",
            instance_count=1,
            weight=100,
        ),
    ],
)

# In a dedicated pool, with a specification made to measure. The pool brings its own network.
pooled = modelarts.Service(
    "pooled",
    infer_type="real-time",
    description="half a core in our own pool",
    pool_name=config.require("poolName"),
    config=[
        modelarts.ServiceConfigArgs(
            model_id=config.require("modelId"),
            specification="custom",
            custom_spec=modelarts.CustomSpecArgs(cpu=0.5, memory=1024),
            instance_count=2,
            weight=100,
        ),
    ],
    schedule=[modelarts.ScheduleArgs(type="stop", time_unit="HOURS", duration=12)],
    additional_properties=modelarts.ServiceAdditionalPropertiesArgs(
        smn_notification=modelarts.SmnNotificationArgs(
            topic_urn=config.require("topicUrn"),
            events=[1, 3],  # failed, running
        ),
    ),
)

pulumi.export("privateUrl", private.access_address)
pulumi.export("pooledUrl", pooled.access_address)
