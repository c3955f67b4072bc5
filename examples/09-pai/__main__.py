"""Two language models on PAI: one lies in OSS, the other on NAS."""

import pulumi

from pulumi_modeldeploy import pai

config = pulumi.Config()

llama = pai.AppService(
    "llama",
    app_type="LLM",
    service_spec="llama_7b_fp16",
    replicas=config.get_int("replicas") or 1,
    config={"ModelStorage": "oss", "OssPath": config.require("ossPath")},
    labels={"team": "search"},
)

baichuan = pai.AppService(
    "baichuan",
    app_type="LLM",
    service_spec="baichuan_7b_int8",
    replicas=1,
    config={
        "ModelStorage": "nas",
        "NasMountTarget": config.require("nasMountTarget"),
        "NasPath": "/models/baichuan",
        "VpcID": config.require("vpcId"),
        "VswitchID": config.require("vswitchId"),
        "SecurityGroupID": config.require("securityGroupId"),
    },
    labels={"team": "search"},
)

for service in (llama, baichuan):
    pulumi.export(f"{service.resource_name}Url", service.internet_endpoint)
    pulumi.export(f"{service.resource_name}Token", service.access_token)
