"""A model service that runs on GPUs of two vendors, each with its architecture, and two models."""

from pathlib import Path

import pulumi

from pulumi_modeldeploy import zstack

IMAGES = {
    "x86_64": "vllm/vllm-openai:v0.11.0",
    "aarch64": "quay.io/ascend/vllm-ascend:v0.11.0",
}

config = pulumi.Config()
center = zstack.get_model_center(name=config.require("modelCenter"))
zone = zstack.get_zone(name=config.require("zone"))
models = [zstack.get_model(name=name).uuid for name in config.require_object("models")]

service = zstack.ModelService(
    "assistant",
    model_center_uuid=center.uuid,
    framework="vLLM",
    yaml=Path(__file__).with_name("service.yaml").read_text(),
    install_path="file:///opt/services/vllm_0.11.0",
    start_command="vllm serve --port 8000",
    request_cpu=8,
    request_memory=65536,
    architecture_images=[
        zstack.ArchitectureImageArgs(cpu_architecture=architecture, docker_image=image)
        for architecture, image in IMAGES.items()
    ],
    vendor_to_spec_uuids_map={
        vendor: [spec.uuid for spec in zstack.get_gpu_specs(vendor=vendor)]
        for vendor in ("NVIDIA", "Huawei")
    },
    model_uuids=models,
    tag_uuids=[config.require("tag")],
    user_tags=["cost-center:4711"],
)

deployment = zstack.ModelServiceDeployment(
    "assistant",
    # An output of the other resource: that one is made first, and deleted last.
    model_service_uuid=service.uuid,
    zone_uuid=zone.uuid,
    type="Container",
    model_uuid=models[0],
    docker_image=IMAGES["x86_64"],
    cpu_num=8,
    memory_size=64 * 1024**3,
    environment_variables={
        "VLLM_API_KEY": config.require_secret("apiKey"),
        "VLLM_LOGGING_LEVEL": "INFO",
    },
    service_boot_uptime=900,
    user_tags=["cost-center:4711"],
    opts=pulumi.ResourceOptions(custom_timeouts=pulumi.CustomTimeouts(create="30m", update="30m")),
)

pulumi.export("url", deployment.url)
pulumi.export("architectures", service.cpu_architectures)
pulumi.export(
    "models",
    service.model_service_refs.apply(lambda refs: sorted(ref.model_uuid for ref in refs)),
)
