"""Resources that keep every rule, and a way to change one thing about them."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from pulumi_modeldeploy import modelarts, pai, zstack
from pulumi_modeldeploy.policy.testing import Planned, resource

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

UUID = "0123456789abcdef0123456789abcdef"

SERVICE: Mapping[str, Any] = {
    "infer_type": "real-time",
    "config": [
        {
            "model_id": "digits-v1",
            "specification": "modelarts.vm.cpu.2u",
            "weight": 70,
            "instance_count": 3,
            "envs": {"LOG_LEVEL": "information"},
        },
        {
            "model_id": "digits-v2",
            "specification": "modelarts.vm.cpu.2u",
            "weight": 30,
            "instance_count": 2,
        },
    ],
    "pool_name": "pool-of-ours",
    "vpc_id": "vpc-of-ours",
    "subnet_network_id": "subnet-of-ours",
    "security_group_id": "group-of-ours",
    "schedule": [{"type": "stop", "time_unit": "HOURS", "duration": 8}],
    "additional_properties": {
        "log_report_channels": [{"type": "LTS"}],
        "smn_notification": {"topic_urn": "urn:smn:eu-de:topic", "events": [1, 7]},
    },
}
APP: Mapping[str, Any] = {
    "app_type": "LLM",
    "service_spec": "llama_7b_fp16",
    "replicas": 2,
    "quota_id": "quota-of-ours",
    "labels": {"owner": "search-team"},
    "safety_lock": "dangerous",
}
MODEL: Mapping[str, Any] = {
    "yaml": "services: []",
    "request_cpu": 4,
    "request_memory": 8192,
    "model_center_uuid": UUID,
    "install_path": "file:///opt/services/chat",
    "start_command": "vllm serve",
    "architecture_images": [
        {"cpu_architecture": "x86_64", "docker_image": "vllm/vllm-openai:v0.11.0"}
    ],
    "user_tags": ["owner::search-team"],
}
DEPLOYMENT: Mapping[str, Any] = {
    "model_service_uuid": UUID,
    "zone_uuid": UUID,
    "type": "Container",
    "docker_image": "vllm/vllm-openai:v0.11.0",
    "cpu_num": 4,
    "memory_size": 8 * 1024**3,
    "l3_network_uuids": [UUID],
    "user_tags": ["owner::search-team"],
}

OPTIONS = ("outputs", "secrets", "olds", "region", "depends", "sound", "packaged", "protect")


def _make(kind: Any, usual: Mapping[str, Any], name: str, more: Mapping[str, Any]) -> Planned:
    options = {"protect": True, **{key: more[key] for key in OPTIONS if key in more}}
    changed = {key: one for key, one in more.items() if key not in OPTIONS}
    arguments = {**copy.deepcopy(dict(usual)), **changed}
    given = {key: one for key, one in arguments.items() if one is not None}
    return resource(kind, name, **options, **given)


def service(name: str = "digits", **more: Any) -> Planned:
    """A service of ModelArts; `None` takes an argument away."""
    return _make(modelarts.Service, SERVICE, name, more)


NO_NETWORK: Mapping[str, None] = dict.fromkeys(("vpc_id", "subnet_network_id", "security_group_id"))
BATCH: Mapping[str, Any] = {
    "src_path": "https://ours.obs.eu-de/in/",
    "dest_path": "https://theirs.obs.eu-de/out/",
    "req_uri": "/",
    "mapping_type": "file",
    "weight": None,
}


def batch(name: str = "batch", **more: Any) -> Planned:
    """A batch service of ModelArts, whose one version is changed by `more`."""
    given = {"infer_type": "batch", "schedule": None, **NO_NETWORK}
    return service(name, **given, config=[version(**BATCH, **more)])


def version(**more: Any) -> dict[str, Any]:
    """A model version that has all the traffic; `None` takes an argument away."""
    usual = {**SERVICE["config"][0], "weight": 100, **more}
    return {key: one for key, one in usual.items() if one is not None}


def app(name: str = "llama", **more: Any) -> Planned:
    """An app service of PAI."""
    return _make(pai.AppService, APP, name, more)


def model(name: str = "chat", **more: Any) -> Planned:
    """A model service of ZStack."""
    return _make(zstack.ModelService, MODEL, name, more)


def deployment(name: str = "chat-runs", **more: Any) -> Planned:
    """A deployment of ZStack."""
    return _make(zstack.ModelServiceDeployment, DEPLOYMENT, name, more)


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Walk over everything in a bag of properties: objects and lists, then what is in them."""
    if path:
        yield path, value
    entries: Any = ()
    if isinstance(value, dict):
        entries = value.items()
    elif isinstance(value, list):
        entries = enumerate(value)
    for key, one in entries:
        yield from leaves(one, (*path, key))


def replaced(state: dict[str, Any], path: tuple[Any, ...], by: Any) -> dict[str, Any]:
    """Copy a bag with something else at one place."""
    copied = copy.deepcopy(state)
    inner: Any = copied
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = by
    return copied
