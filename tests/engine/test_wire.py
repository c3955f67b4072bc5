"""Every field is on the wire when it is set, where it is set, and absent when it is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pulumi_modeldeploy.modelarts.service import TABLE

if TYPE_CHECKING:
    from conftest import Stack

    from pulumi_modeldeploy.emulator import Emulator

BARE: dict[str, Any] = {
    "service_name": "bare",
    "infer_type": "real-time",
    "config": [
        {
            "model_id": "m1",
            "weight": 100,
            "specification": "modelarts.vm.cpu.2u",
            "instance_count": 1,
        }
    ],
}

FULL: dict[str, Any] = {
    "service_name": "full",
    "infer_type": "real-time",
    "description": "all of it",
    "workspace_id": "0",
    "vpc_id": "vpc-1",
    "subnet_network_id": "subnet-1",
    "security_group_id": "group-1",
    "cluster_id": "cluster-1",
    "pool_name": "pool-1",
    "schedule": [{"type": "stop", "time_unit": "DAYS", "duration": 3}],
    "additional_properties": {
        "smn_notification": {"topic_urn": "urn:smn:cn-north-4:p:t", "events": [1, 3]},
        "log_report_channels": [
            {"type": "LTS", "configuration": {"log_group_id": "g", "log_stream_id": "s"}}
        ],
        "websocket_upgrade": False,
    },
    "service_secrets": [{"secretId": "s", "mouthPath": "/s"}],
    "load_balancer_policy": "LEAST_CONNECTIONS",
    "priority": 1,
    "config": [
        {
            "model_id": "m1",
            "weight": 0,
            "specification": "custom",
            "instance_count": 2,
            "envs": {"some_key": "1", "MODEL_PATH": "/x"},
            "custom_spec": {"cpu": 0.5, "memory": 1024, "gpu_p4": 0.25, "ascend_a310": 0},
            "cluster_id": "cluster-2",
            "pool_name": "pool-2",
            "deploy_timeout_in_seconds": 20,
            "additional_properties": {
                "persistent_volumes": [
                    {
                        "name": "v",
                        "mount_path": "/v",
                        "storage_type": "sfs_turbo",
                        "source_address": "1",
                    }
                ],
                "log_volume": [{"host_path": "/var/log/v", "mount_path": "/logs"}],
                "max_surge": 0.5,
                "max_unavailable": 0,
                "termination_grace_period_seconds": 30,
                "dew_secret": {"some_key": {"anOther": [0]}},
            },
            "affinity": {
                "node_affinity": {
                    "mode": "required",
                    "pool_infos": [{"pool_name": "pool-2", "nodes": [{"name": "192.0.2.1"}]}],
                }
            },
        },
        {
            "model_id": "m2",
            "weight": 100,
            "specification": "modelarts.vm.cpu.2u",
            "instance_count": 1,
        },
    ],
}


_BATCH: dict[str, Any] = {
    "model_id": "m1",
    "specification": "modelarts.vm.cpu.2u",
    "instance_count": 1,
    "src_path": "https://bucket.obs.example.com/list.manifest",
    "dest_path": "https://bucket.obs.example.com/out/",
    "req_uri": "/",
    "mapping_type": "csv",
    "mapping_rule": {"type": "object", "properties": {"a_Key": {"type": "string", "index": 0}}},
    "src_type": "ManifestFile",
}
_EDGE: dict[str, Any] = {"model_id": "m1", "specification": "s", "nodes": ["n2", "n1"]}
OTHERS: dict[str, Any] = {
    "batch": {"service_name": "batch", "infer_type": "batch", "config": [_BATCH]},
    "edge": {"service_name": "edge", "infer_type": "edge", "config": [_EDGE]},
}


def given(body: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a program whose body this is."""
    names = {"secretId": "secret_id", "mouthPath": "mouth_path"}
    secrets = [
        {names[key]: one for key, one in entry.items()} for entry in body.get("service_secrets", [])
    ]
    return {**body, "service_secrets": secrets} if secrets else body


def test_bodies_hold_what_is_set_and_nothing_else(stack: Stack, emulator: Emulator) -> None:
    stack.configure("modelarts:ownerMark", "off")
    expected = {"bare": BARE, "full": FULL, **OTHERS}
    stack.program(
        "\n".join(f"modelarts.Service({n!r}, **{given(one)!r})" for n, one in expected.items())
    )
    stack.up()
    bodies = {
        r["body"]["service_name"]: r["body"] for r in emulator.admin.requests("CreateService")
    }
    assert bodies == expected
    assert stack.up("--refresh").unchanged


def test_the_full_body_has_every_declared_argument() -> None:
    sent = {name for name, item in TABLE.declaration.args.items() if item.column.body}
    assert sent == FULL.keys()
    (config,) = (item for item in TABLE.declaration.args.values() if item.name == "config")
    assert config.nested is not None
    assert config.nested.args.keys() == {*FULL["config"][0], *_BATCH, *_EDGE}


def test_the_mark_stands_in_the_description_of_given_names_only(
    stack: Stack, emulator: Emulator
) -> None:
    long = "x" * 90
    stack.program(
        'service("automatic", description="mine")\n'
        'service("given", service_name="given", description="mine")\n'
        'service("silent", service_name="silent")\n'
        f'service("long", service_name="long", description="{long}")'
    )
    run = stack.up()
    mark = {
        one["urn"].rpartition("::")[2]: one["outputs"]["modeldeploy"]["mark"]
        for one in stack.resources()
    }
    sent = {
        r["body"]["service_name"]: r["body"].get("description")
        for r in emulator.admin.requests("CreateService")
    }
    assert sent == {
        f"automatic-{mark['automatic']}": "mine",
        "given": f"mine [md:{mark['given']}]",
        "silent": f"[md:{mark['silent']}]",
        "long": long,
    }
    assert run.diagnostics.count("leaves no room for this resource's mark") == 1
    assert stack.resource("given")["outputs"]["description"] == "mine"
    assert "description" not in stack.resource("silent")["outputs"]
    assert stack.up("--refresh").unchanged
