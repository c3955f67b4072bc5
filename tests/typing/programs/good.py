"""A program that uses everything the way users do; no type checker may find anything in it."""

from typing import TYPE_CHECKING, Any

import pulumi

import pulumi_modeldeploy
from pulumi_modeldeploy import modelarts, pai, zstack

if TYPE_CHECKING:
    from typing_extensions import assert_type

config = pulumi.Config()
weight = config.require_int("weight")
network: pulumi.Output[str] = pulumi.Output.from_input("vpc")

minimal = modelarts.Service(
    "minimal",
    infer_type="real-time",
    config=[
        modelarts.ServiceConfigArgs(
            model_id="m", specification="modelarts.vm.cpu.2u", instance_count=1, weight=100
        )
    ],
)

plain = modelarts.Service(
    "plain",
    pulumi.ResourceOptions(protect=True),
    infer_type="real-time",
    config=[{"model_id": "m", "specification": "s", "instance_count": 1, "weight": 100}],
)

full = modelarts.Service(
    "full",
    opts=pulumi.ResourceOptions(depends_on=[minimal]),
    service_name=network.apply(lambda name: f"{name}-service"),
    infer_type="real-time",
    description=config.get("description"),
    workspace_id=None,
    vpc_id=network,
    subnet_network_id=minimal.service_id,
    security_group_id=minimal.id,
    cluster_id="cluster",
    pool_name=network,
    schedule=[modelarts.ScheduleArgs(type="stop", time_unit="HOURS", duration=2)],
    additional_properties=modelarts.ServiceAdditionalPropertiesArgs(
        smn_notification=modelarts.SmnNotificationArgs(topic_urn=network, events=[1, 3])
    ),
    load_balancer_policy="ROUND_ROBIN",
    priority=weight,
    desired_status="running",
    config=[
        modelarts.ServiceConfigArgs(
            model_id=network,
            specification="custom",
            instance_count=weight,
            weight=minimal.config.apply(lambda entries: entries[0].weight),
            envs={"PLAIN": "1", "RESOLVED": network, "SECRET": config.require_secret("token")},
            custom_spec=modelarts.CustomSpecArgs(cpu=0.5, memory=1024, gpu_p4=1),
            cluster_id=None,
            pool_name="pool",
        ),
        {"model_id": network, "specification": "s", "instance_count": 1, "weight": 0},
    ],
)

batch = modelarts.Service(
    "batch",
    infer_type="batch",
    config=[
        modelarts.ServiceConfigArgs(
            model_id=network,
            specification="s",
            instance_count=1,
            src_path=network,
            dest_path="https://bucket.obs.example.com/out/",
            req_uri="/",
            mapping_type="csv",
            mapping_rule={"type": "object", "properties": {"a": {"type": "number", "index": 0}}},
            additional_properties=modelarts.ServiceConfigAdditionalPropertiesArgs(
                persistent_volumes=[modelarts.PersistentVolumeArgs(mount_path="/data")],
                log_volume=[{"host_path": "/var/log", "mount_path": network}],
                max_surge=0.5,
                dew_secret=None,
            ),
            affinity=modelarts.AffinityArgs(
                node_affinity=modelarts.NodeAffinityArgs(
                    mode="required",
                    pool_infos=[
                        modelarts.AffinityPoolInfoArgs(
                            pool_name=network, nodes=[modelarts.AffinityNodeArgs(name="192.0.2.1")]
                        )
                    ],
                )
            ),
        )
    ],
    service_secrets=[modelarts.ServiceSecretArgs(secret_id=network, mouth_path="/s")],
    additional_properties=modelarts.ServiceAdditionalPropertiesArgs(
        log_report_channels=[
            modelarts.LogReportChannelArgs(
                type="LTS",
                configuration=modelarts.LogConfigurationArgs(
                    log_group_id=network, log_stream_id="s"
                ),
            )
        ],
        websocket_upgrade=True,
    ),
)
edge = modelarts.Service(
    "edge",
    infer_type="edge",
    config=[modelarts.ServiceConfigArgs(model_id="m", specification="s", nodes=["n", network])],
)

pulumi.export("url", full.access_address)

model = modelarts.get_model(model_name="mnist", install_type="real-time")
monitor = modelarts.get_monitor_output(service_id=full.service_id, node_id=None)

center = zstack.get_model_center(name="main")
found = zstack.get_model_service_output(name=network, model_center_uuid=center.uuid, type=None)

llm = zstack.ModelService(
    "llm",
    yaml="services: []",
    request_cpu=1,
    request_memory=pulumi.Output.from_input(1),
    model_center_uuid=center.uuid,
    install_path="/opt",
    start_command="serve",
    architecture_images=[
        zstack.ArchitectureImageArgs(cpu_architecture="x86_64", docker_image=network),
        {"cpu_architecture": "aarch64", "docker_image": "i"},
    ],
    model_uuids=[network, "m"],
    vendor_to_spec_uuids_map={"NVIDIA": ["s", network], "Huawei": pulumi.Output.from_input(["t"])},
    user_tags=None,
)
runs = zstack.ModelServiceDeployment(
    "runs",
    model_service_uuid=llm.uuid,
    zone_uuid="z",
    type="Container",
    environment_variables={"A": network},
    opts=pulumi.ResourceOptions(protect=True),
)

llama = pai.AppService(
    "llama",
    service_name=None,
    app_type="LLM",
    app_version=config.get("version"),
    service_spec=network,
    replicas=weight,
    config={"ModelStorage": "oss", "OssPath": network, "More": {"depth": [1]}},
    workspace_id="7",
    quota_id=None,
    labels={"team": network},
    safety_lock="dangerous",
    desired_status="running",
    opts=pulumi.ResourceOptions(depends_on=[runs]),
)
plain_app = pulumi_modeldeploy.pai.AppService(
    "plain", app_type="LLM", service_spec="llama_7b_fp16", replicas=1, profile="p"
)
entry = pai.get_service(labels={"team": "a"}, status="Running", profile=None)
ways = pai.get_service_endpoints(service_name="shared")
later = pai.get_service_endpoints_output(service_name=llama.service_name)
token: pulumi.Output[str] = later.access_token
events = pai.get_service_events_output(service_name=llama.id, start_time=llama.create_time)
same = pai.get_service_output(labels={"team": network}, service_spec=network)

shared = modelarts.Service.get("shared", "id", opts=pulumi.ResourceOptions(depends_on=[full]))
other = zstack.ModelService.get("other", network, profile="p")
more = zstack.ModelServiceDeployment.get("more", id=runs.uuid, profile=None)
app = pai.AppService.get("app", llama.service_name)
adopted = modelarts.Service(
    "adopted", adopt=network, adopt_from="0123456789ab", infer_type="edge", config=[]
)

if TYPE_CHECKING:
    assert_type(shared, modelarts.Service)
    assert_type(other, zstack.ModelService)
    assert_type(more, zstack.ModelServiceDeployment)
    assert_type(shared.access_address, pulumi.Output[str])
    assert_type(more.url, pulumi.Output[str | None])
    assert_type(app, pai.AppService)
    assert_type(plain_app, pai.AppService)
    assert_type(llama.service_name, pulumi.Output[str])
    assert_type(llama.service_spec, pulumi.Output[str])
    assert_type(llama.app_version, pulumi.Output[str | None])
    assert_type(llama.replicas, pulumi.Output[int])
    assert_type(llama.config, pulumi.Output[dict[str, Any] | None])
    assert_type(llama.labels, pulumi.Output[dict[str, str] | None])
    assert_type(llama.desired_status, pulumi.Output[str])
    assert_type(llama.access_token, pulumi.Output[str])
    assert_type(llama.current_version, pulumi.Output[int])
    assert_type(llama.gateway, pulumi.Output[str | None])
    assert_type(pai.get_services(app_type="LLM"), list[pai.ServiceEntry])
    assert_type(entry, pai.ServiceDetails)
    assert_type(entry.labels, dict[str, str])
    assert_type(entry.internet_endpoint, str | None)
    assert_type(entry.config, pai.AppConfig | None)
    assert_type(same, pulumi.Output[pai.ServiceDetails])
    assert_type(ways.access_token, pulumi.Output[str])
    assert_type(ways.endpoints, list[pai.Endpoint])
    assert_type(ways.endpoints[0].port, int | None)
    assert_type(later, pulumi.Output[pai.ServiceEndpoints])
    assert_type(events, pulumi.Output[list[pai.ServiceEvent]])
    assert_type(llm.uuid, pulumi.Output[str])
    assert_type(llm.name, pulumi.Output[str])
    assert_type(llm.request_memory, pulumi.Output[int])
    assert_type(llm.model_uuids, pulumi.Output[list[str] | None])
    assert_type(llm.vendor_to_spec_uuids_map, pulumi.Output[dict[str, list[str]] | None])
    assert_type(llm.architecture_images, pulumi.Output[list[zstack.ArchitectureImageArgs]])
    assert_type(llm.size, pulumi.Output[int])
    assert_type(llm.version, pulumi.Output[str | None])
    assert_type(llm.model_service_images, pulumi.Output[list[zstack.ModelServiceImage]])
    assert_type(runs.url, pulumi.Output[str | None])
    assert_type(runs.instances, pulumi.Output[list[zstack.Instance]])
    assert_type(full.id, pulumi.Output[str])
    assert_type(full.service_id, pulumi.Output[str])
    assert_type(full.access_address, pulumi.Output[str])
    assert_type(full.service_name, pulumi.Output[str])
    assert_type(full.description, pulumi.Output[str | None])
    assert_type(full.priority, pulumi.Output[int | None])
    assert_type(full.desired_status, pulumi.Output[str])
    assert_type(full.progress, pulumi.Output[int])
    assert_type(full.is_free, pulumi.Output[bool])
    assert_type(full.config, pulumi.Output[list[modelarts.ServiceConfigArgs]])
    assert_type(full.schedule, pulumi.Output[list[modelarts.ScheduleArgs] | None])
    assert_type(full.config_status, pulumi.Output[list[modelarts.ConfigStatus]])
    assert_type(full.config.apply(lambda c: c[0].weight), pulumi.Output[int | None])
    assert_type(full.config.apply(lambda c: c[0].model_id), pulumi.Output[str])
    assert_type(full.config.apply(lambda c: c[0].envs), pulumi.Output[dict[str, str] | None])
    assert_type(full.config_status.apply(lambda c: c[0].model_name), pulumi.Output[str])
    assert_type(
        full.config_status.apply(lambda c: c[0].specification_details),
        pulumi.Output[modelarts.SpecificationDetails | None],
    )
    assert_type(full.due_time, pulumi.Output[int | None])
    assert_type(batch.config.apply(lambda c: c[0].src_path), pulumi.Output[str | None])
    assert_type(edge.config.apply(lambda c: c[0].nodes), pulumi.Output[list[str] | None])
    assert_type(full.error_msg, pulumi.Output[str | None])
    assert_type(full.resource_name, str)
    assert_type(model, modelarts.Model)
    assert_type(model.model_id, str)
    assert_type(model.specification, modelarts.ModelSpecification | None)
    assert_type(modelarts.get_specifications(is_free=True), list[modelarts.Specification])
    assert_type(modelarts.get_services(status="failed")[0].progress, int | None)
    assert_type(modelarts.get_update_log(service_id="s"), list[modelarts.UpdateLogEntry])
    assert_type(
        modelarts.get_events_output(service_id=full.id), pulumi.Output[list[modelarts.Event]]
    )
    assert_type(monitor.apply(lambda load: load.monitors[0].cpu_core_usage), pulumi.Output[float])
    assert_type(center, zstack.ModelCenter)
    assert_type(center.uuid, str)
    assert_type(center.capacity, zstack.Capacity | None)
    assert_type(zstack.get_gpu_specs(vendor="AMD", state=None), list[zstack.GpuSpec])
    assert_type(found, pulumi.Output[zstack.ModelServiceEntry])
    assert_type(found.apply(lambda one: one.request_cpu), pulumi.Output[int])
