"""A model service in ZStack's catalogue, and a deployment that makes it run."""

import pulumi

from pulumi_modeldeploy import zstack

config = pulumi.Config()
center = zstack.get_model_center(name=config.require("modelCenter"))
zone = zstack.get_zone(name=config.require("zone"))
image = "vllm/vllm-openai:v0.11.0"

service = zstack.ModelService(
    "chat",
    description="answers on port 8000",
    model_center_uuid=center.uuid,
    framework="vLLM",
    yaml="""
services:
  - name: chat
    ports: [8000]
    livez: /health
    readyz: /health
    serviceBootupTime: 300
""",
    install_path="file:///opt/services/vllm_0.11.0",
    start_command="vllm serve --port 8000",
    request_cpu=4,
    request_memory=8192,
    architecture_images=[
        zstack.ArchitectureImageArgs(cpu_architecture="x86_64", docker_image=image),
    ],
)

deployment = zstack.ModelServiceDeployment(
    "chat",
    model_service_uuid=service.uuid,
    zone_uuid=zone.uuid,
    type="Container",
    docker_image=image,
    cpu_num=4,
    memory_size=8 * 1024**3,
)

pulumi.export("modelService", service.uuid)
pulumi.export("url", deployment.url)
