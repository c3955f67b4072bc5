"""Batch and edge services, and what freezes, under the real engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from conftest import Stack

    from pulumi_modeldeploy.emulator import Emulator

CALLS_THAT_CHANGE = ("CreateService", "UpdateService", "DeleteService")

BATCH = """
def batch(name="batch", opts=None, desired_status=None, **more):
    given = {
        "model_id": "model-1",
        "specification": "modelarts.vm.cpu.2u",
        "instance_count": 1,
        "src_path": "https://bucket.obs.example.com/in/",
        "dest_path": "https://bucket.obs.example.com/out/",
        "req_uri": "/",
        "mapping_type": "file",
        **more,
    }
    return modelarts.Service(
        name,
        infer_type="batch",
        config=[modelarts.ServiceConfigArgs(**given)],
        desired_status=desired_status,
        opts=opts,
    )


"""

WHOLE = """
rule = {
    "type": "object",
    "properties": {
        "req_data": {"type": "array", "items": [{"type": "number", "index": 0}]},
        "reqData": {"type": "string", "index": -1},
    },
}
finished = batch("finished", mapping_type="csv", mapping_rule=rule)
batch("silent", desired_status="stopped")
edge = service(
    "edge",
    infer_type="edge",
    config=[
        modelarts.ServiceConfigArgs(
            model_id="m",
            specification="custom",
            custom_spec=modelarts.CustomSpecArgs(cpu=1, memory=512, gpu_p4=0, ascend_a310=0),
            envs={},
            nodes=["node-b", "node-a"],
        )
    ],
)
service(
    "rolling",
    pool_name="pool-1",
    config=[
        config(
            deploy_timeout_in_seconds=20,
            additional_properties=modelarts.ServiceConfigAdditionalPropertiesArgs(
                persistent_volumes=[modelarts.PersistentVolumeArgs(mount_path="/data")],
                log_volume=[],
                max_surge=0.5,
                max_unavailable=0,
                dew_secret={"some_key": {"anOther": 1}},
            ),
            affinity={
                "node_affinity": {
                    "mode": "preferred",
                    "pool_infos": [{"pool_name": "pool-1", "nodes": [{"name": "192.0.2.1"}]}],
                }
            },
        )
    ],
    additional_properties=modelarts.ServiceAdditionalPropertiesArgs(
        log_report_channels=[modelarts.LogReportChannelArgs(type="LTS")],
        websocket_upgrade=False,
    ),
    service_secrets=[modelarts.ServiceSecretArgs(secret_id="s", mouth_path="/s")],
)
pulumi.export("status", finished.status)
pulumi.export("nodes", edge.config_status.apply(lambda found: [n.name for n in found[0].nodes]))
pulumi.export("first", edge.config.apply(lambda found: found[0].nodes[0]))
pulumi.export("column", finished.config.apply(
    lambda found: found[0].mapping_rule["properties"]["req_data"]["items"][0]["index"]
))
"""


def changing(emulator: Emulator) -> list[str]:
    return [
        r["operation"] for r in emulator.admin.requests() if r["operation"] in CALLS_THAT_CHANGE
    ]


def services(emulator: Emulator) -> dict[str, dict[str, Any]]:
    """What there is, by the first word of its name."""
    found = emulator.admin.resources("modelarts")
    return {one["service_name"].split("-")[0]: one for one in found}


def test_a_second_run_and_a_refresh_change_nothing(stack: Stack, emulator: Emulator) -> None:
    stack.program(BATCH + WHOLE)
    shown = stack.preview()
    assert shown.ok, shown.output
    stack.up()
    states = {name: one["status"] for name, one in services(emulator).items()}
    assert states == {
        "finished": "finished",
        "silent": "finished",
        "edge": "running",
        "rolling": "running",
    }
    before = changing(emulator)
    assert stack.up().unchanged
    assert stack.refresh().unchanged
    assert stack.up("--refresh").unchanged
    assert changing(emulator) == before == ["CreateService"] * 4
    outputs = {
        name: stack.run("stack", "output", name).output.strip()
        for name in ("status", "first", "column")
    }
    assert outputs == {"status": "finished", "first": "node-b", "column": "0"}
    (edge,) = stack.resource("edge")["outputs"]["config"]
    assert edge["customSpec"] == {"cpu": 1, "memory": 512, "gpuP4": 0, "ascendA310": 0}
    (rolling,) = stack.resource("rolling")["outputs"]["config"]
    assert rolling["additionalProperties"] == {
        "persistentVolumes": [{"mountPath": "/data"}],
        "logVolume": [],
        "maxSurge": 0.5,
        "maxUnavailable": 0,
        "dewSecret": {"some_key": {"anOther": 1}},
    }
    assert rolling["deployTimeoutInSeconds"] == 20
    stack.destroy()
    assert emulator.admin.resources("modelarts") == []


def test_a_batch_service_runs_again_when_its_configuration_changes(
    stack: Stack, emulator: Emulator
) -> None:
    stack.program(BATCH + "batch()")
    stack.up()
    identifier = services(emulator)["batch"]["service_id"]
    emulator.admin.advance(60)
    first = services(emulator)["batch"]["config"][0]["finished_time"]
    stack.program(BATCH + 'batch(req_uri="/other")')
    stack.up()
    batch = services(emulator)["batch"]
    assert (batch["service_id"], batch["status"]) == (identifier, "finished")
    assert batch["config"][0]["req_uri"] == "/other"
    assert batch["config"][0]["finished_time"] > first
    bodies = [one["body"] for one in emulator.admin.requests("UpdateService")]
    assert [sorted(body) for body in bodies] == [["config"], ["status"]]
    assert stack.up("--refresh").unchanged


def test_a_batch_service_that_finishes_between_two_runs_is_no_drift(
    stack: Stack, emulator: Emulator
) -> None:
    emulator.admin.deploy_seconds(0.5)
    stack.program(BATCH + "batch()")
    stack.up()
    emulator.admin.advance(60)
    assert services(emulator)["batch"]["status"] == "finished"
    assert stack.up("--refresh").unchanged
    assert stack.resource("batch")["outputs"]["status"] == "finished"
    assert changing(emulator) == ["CreateService"]


SOCKET = 'service("svc", {}additional_properties={})'
FREEZES = (
    ({"websocket_upgrade": True}, {"websocket_upgrade": False}),
    ({"log_report_channels": [{"type": "LTS"}], "websocket_upgrade": False}, {}),
)


def ids(emulator: Emulator) -> dict[str, str]:
    return {name: one["service_id"] for name, one in services(emulator).items()}


def test_what_is_on_once_is_replaced(stack: Stack, emulator: Emulator) -> None:
    def program(properties: list[dict[str, Any]]) -> None:
        each = (f'service("s{n}", additional_properties={one})' for n, one in enumerate(properties))
        stack.program("\n".join(each))

    program([{} for _ in FREEZES])
    stack.up()
    first = ids(emulator)
    program([before for before, _ in FREEZES])
    stack.up()
    assert ids(emulator) == first, "switching on is an update"
    program([after for _, after in FREEZES])
    shown = stack.preview("--diff").output
    assert shown.count("additionalProperties") >= len(FREEZES)
    assert f"+-{len(FREEZES)} to replace" in shown
    stack.up()
    replaced = ids(emulator)
    assert replaced.keys() == first.keys()
    assert set(replaced.values()).isdisjoint(first.values())
    assert stack.up("--refresh").unchanged


def test_what_is_on_once_is_deleted_first_where_the_name_is_given(
    stack: Stack, emulator: Emulator
) -> None:
    name = 'service_name="svc", '
    stack.program(SOCKET.format(name, {"websocket_upgrade": True}))
    stack.up()
    stack.program(SOCKET.format(name, {}))
    stack.up()
    assert changing(emulator) == ["CreateService", "DeleteService", "CreateService"]
    assert services(emulator)["svc"]["additional_properties"] == {}
    assert stack.up("--refresh").unchanged


MISTAKES = """
batch("one", weight=100, src_type="ManifestFile")
batch("two", mapping_type="csv", mapping_rule={"type": "object", "properties": {"a": {}}})
service("three", infer_type="edge", schedule=[{"type": "stop", "time_unit": "DAYS", "duration": 1}])
"""


def test_the_preview_shows_the_mistakes_of_all_types(stack: Stack, emulator: Emulator) -> None:
    stack.program(BATCH + MISTAKES)
    shown = stack.preview()
    assert not shown.ok
    for line in (
        "config[0].weight: is for real-time services: remove it from a batch one",
        "config[0].src_path: must be a .manifest file with src_type",
        "config[0].mapping_rule['properties']['a']['type']: must be one of object, array",
        "schedule: is for real-time services: remove it from an edge one",
        "config[0].nodes: is missing: an edge service needs nodes, or a cluster_id",
    ):
        assert line in shown.output
    assert changing(emulator) == []


def test_a_column_may_be_known_later(stack: Stack, emulator: Emulator) -> None:
    stack.program(
        BATCH
        + """
first = batch("first")
column = first.invocation_times.apply(int)
rule = {"type": "object", "properties": {"a": {"type": "number", "index": column}}}
batch("second", mapping_type="csv", mapping_rule=rule)
"""
    )
    assert stack.preview().ok
    stack.up()
    (entry,) = services(emulator)["second"]["config"]
    assert entry["mapping_rule"]["properties"] == {"a": {"type": "number", "index": 0}}
    assert stack.up("--refresh").unchanged
