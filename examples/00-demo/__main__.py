"""Three clouds in one program: two versions of a model, a catalogue entry that runs, an app."""

import pulumi

from pulumi_modeldeploy import modelarts, pai, zstack

config = pulumi.Config()
split = config.get_int("split") or 70
image = "vllm/vllm-openai:v0.11.0"

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

entry = zstack.ModelService(
    "chat",
    model_center_uuid=zstack.get_model_center(name="main").uuid,
    framework="vLLM",
    yaml="services: [{name: chat, ports: [8000], livez: /health, readyz: /health}]",
    install_path="file:///opt/services/vllm_0.11.0",
    start_command="vllm serve --port 8000",
    request_cpu=4,
    request_memory=8192,
    architecture_images=[
        zstack.ArchitectureImageArgs(cpu_architecture="x86_64", docker_image=image),
    ],
)
chat = zstack.ModelServiceDeployment(
    "chat",
    model_service_uuid=entry.uuid,
    zone_uuid=zstack.get_zone(name="zone-1").uuid,
    type="Container",
    docker_image=image,
)

llama = pai.AppService(
    "llama",
    app_type="LLM",
    service_spec=config.get("model") or "llama_7b_fp16",
    replicas=1,
)

pulumi.export("digitsUrl", digits.access_address)
pulumi.export("chatUrl", chat.url)
pulumi.export("llamaUrl", llama.internet_endpoint)
pulumi.export("llamaToken", llama.access_token)
