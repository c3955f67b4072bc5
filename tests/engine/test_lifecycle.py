"""Create, change, drift and delete under the real engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

from pulumi_modeldeploy.modelarts.api import AccessKeyAuth

if TYPE_CHECKING:
    from conftest import Stack

    from pulumi_modeldeploy.emulator import Emulator

CALLS_THAT_CHANGE = ("CreateService", "UpdateService", "DeleteService")

VARIETY = """
service("bare")
service(
    "full",
    description="everything that can be given",
    workspace_id="0",
    vpc_id="vpc-1",
    subnet_network_id="subnet-1",
    security_group_id="group-1",
    schedule=[modelarts.ScheduleArgs(type="stop", time_unit="HOURS", duration=2)],
    additional_properties={
        "smn_notification": {"topic_urn": "urn:smn:cn-north-4:p:topic", "events": [7, 1, 3]}
    },
    load_balancer_policy="SOURCE_IP",
    priority=2,
    config=[config(envs={"some_key": "1", "MODEL_PATH": "/x"})],
)
service(
    "zeros",
    description="",
    schedule=[],
    config=[config("m1", 0, envs={}), config("m2", 0), config("m3", 100)],
)
service(
    "pool",
    cluster_id="cluster-1",
    config=[
        config(
            "m1",
            specification="custom",
            cluster_id="cluster-1",
            custom_spec={"cpu": 1.5, "memory": 7500, "gpu_p4": 0, "ascend_a310": 0},
        )
    ],
)
service("given", service_name="given-name", description="with a mark")
service("stopped", desired_status="stopped")


class Team(pulumi.ComponentResource):
    def __init__(self, kind):
        super().__init__(f"test:index:{kind}", "team")
        service("same", opts=pulumi.ResourceOptions(parent=self))


Team("Red")
Team("Blue")
secret = pulumi.Output.secret("hush-hush-value")
hidden = service("hidden", config=[config(envs={"TOKEN": secret})])
pulumi.export("url", hidden.access_address)
pulumi.export("id", hidden.service_id)
"""


def changing(emulator: Emulator) -> list[str]:
    return [
        r["operation"] for r in emulator.admin.requests() if r["operation"] in CALLS_THAT_CHANGE
    ]


def test_a_second_run_and_a_refresh_change_nothing(stack: Stack, emulator: Emulator) -> None:
    stack.program(VARIETY)
    stack.up()
    assert len(emulator.admin.resources("modelarts")) == 9
    before = changing(emulator)
    assert stack.up().unchanged
    assert stack.refresh().unchanged
    assert stack.up("--refresh").unchanged
    assert changing(emulator) == before
    names = [one["service_name"] for one in emulator.admin.resources("modelarts")]
    assert len({name for name in names if name.startswith("same-")}) == 2
    assert b"hush-hush-value" not in stack.stored_bytes()
    stack.destroy()
    assert emulator.admin.resources("modelarts") == []
    assert stack.resources() == []


HIDDEN = """
def hide(text):
    return pulumi.Output.secret(text)


async def later(text):
    return text


service(
    "hidden",
    description=hide("hidden-description"),
    additional_properties={
        "smn_notification": {"topic_urn": hide("urn:smn:hidden-topic"), "events": [1]}
    },
    config=[
        config(
            hide("hidden-model"),
            specification=hide("hidden-flavour"),
            envs={"A": hide("hidden-value"), "B": later("plain")},
        )
    ],
)
service("whole", config=hide([config("hidden-inside")]))
"""


def test_nothing_that_was_secret_stands_in_the_state_or_on_the_screen(stack: Stack) -> None:
    stack.program(HIDDEN)
    shown = [stack.up().output, stack.up("--refresh", "--diff").output, stack.preview().output]
    stack.program(HIDDEN.replace('"hidden-value"', '"hidden-other"'))
    shown += [stack.preview("--diff").output, stack.up("--diff").output, stack.refresh().output]
    assert "hidden-" not in "".join(shown).replace("hidden-" + _mark(stack, "hidden"), "")
    stored = stack.stored_bytes().replace(b"hidden-" + _mark(stack, "hidden").encode(), b"")
    assert b"hidden-" not in stored
    for credential in ("HW_ACCESS_KEY", "HW_SECRET_KEY"):
        assert stack.environment[credential].encode() not in stored


def _mark(stack: Stack, name: str) -> str:
    return str(stack.resource(name)["outputs"]["modeldeploy"]["mark"])


def test_state_holds_what_the_user_set_and_the_bookkeeping(stack: Stack) -> None:
    stack.program('service("svc", config=[config(envs={"A_b": "1"})])')
    stack.up()
    stored = stack.resource("svc")
    book = stored["outputs"]["modeldeploy"]
    assert book == {
        "organization": "organization",
        "project": "proj",
        "stack": "dev",
        "region": "cn-north-4",
        "projectId": stack.environment["HW_PROJECT_ID"],
        "generation": 0,
        "mark": book["mark"],
        "schema": 1,
    }
    assert stored["inputs"]["serviceName"] == f"svc-{book['mark']}"
    for bag in (stored["inputs"], stored["outputs"]):
        assert bag["config"] == [
            {
                "modelId": "model-1",
                "weight": 100,
                "specification": "modelarts.vm.cpu.2u",
                "instanceCount": 1,
                "envs": {"A_b": "1"},
            }
        ]
        assert len(bag["__provider"]) < 120
    assert stored["outputs"]["configStatus"][0]["modelName"]
    assert "description" not in stored["outputs"]


UPDATES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "description": ('description="one"', 'description="two"', {"description": "two"}),
    "description-removed": ('description="one"', "", {"description": ""}),
    "weights": (
        'config=[config("m1", 70), config("m2", 30)]',
        'config=[config("m1", 60), config("m2", 40)]',
        {"config": [{"weight": 60}, {"weight": 40}]},
    ),
    "envs-removed": (
        'config=[config(envs={"A": "1"})]',
        "config=[config()]",
        {"config": [{"weight": 100}]},
    ),
    "schedule": (
        'schedule=[{"type": "stop", "time_unit": "HOURS", "duration": 2}]',
        'schedule=[{"type": "stop", "time_unit": "HOURS", "duration": 3}]',
        {"schedule": [{"type": "stop", "time_unit": "HOURS", "duration": 3}]},
    ),
    "schedule-removed": (
        'schedule=[{"type": "stop", "time_unit": "HOURS", "duration": 2}]',
        "",
        {"schedule": []},
    ),
    "notification": (
        'additional_properties={"smn_notification": {"topic_urn": "urn:smn:a:b:c", "events": [1]}}',
        'additional_properties={"smn_notification": {"topic_urn": "urn:smn:a:b:c", "events": [3]}}',
        {"additional_properties": {"smn_notification": {"events": [3]}}},
    ),
    "policy": (
        'load_balancer_policy="SOURCE_IP"',
        'load_balancer_policy="ROUND_ROBIN"',
        {"load_balancer_policy": "ROUND_ROBIN"},
    ),
    "priority": ("priority=1", "priority=3", {"priority": 3}),
    "secrets": (
        'service_secrets=[{"secret_id": "a", "mouth_path": "/s"}]',
        'service_secrets=[{"secret_id": "b", "mouth_path": "/s"}]',
        {"service_secrets": [{"secretId": "b", "mouthPath": "/s"}]},
    ),
    "timeout": (
        "config=[config(deploy_timeout_in_seconds=20)]",
        "config=[config(deploy_timeout_in_seconds=30)]",
        {"config": [{"deploy_timeout_in_seconds": 30}]},
    ),
    "logs-on": (
        "",
        'additional_properties={"log_report_channels": [{"type": "LTS"}]}',
        {"additional_properties": {"log_report_channels": [{"type": "LTS"}]}},
    ),
    "nodes": (
        'infer_type="edge", config=[config(weight=None, nodes=["b", "a"])]',
        'infer_type="edge", config=[config(weight=None, nodes=["c", "b"])]',
        {"config": [{"nodes": ["c", "b"]}]},
    ),
    "stop": ("", 'desired_status="stopped"', {"status": "stopped"}),
    "start": ('desired_status="stopped"', "", {"status": "running"}),
}


def covers(actual: Any, wanted: Any) -> bool:
    """Tell whether a document holds at least what is wanted."""
    if isinstance(wanted, dict):
        return all(covers(actual.get(key), value) for key, value in wanted.items())
    if isinstance(wanted, list):
        return len(actual) == len(wanted) and all(map(covers, actual, wanted))
    return bool(actual == wanted)


def test_each_update_is_one_call_with_what_changed(stack: Stack, emulator: Emulator) -> None:
    def programs(position: int) -> str:
        return "\n".join(f'service("{name}", {UPDATES[name][position]})' for name in UPDATES)

    stack.program(programs(0))
    stack.up()
    ids = {one["urn"].rpartition("::")[2]: one["id"] for one in stack.resources()}
    seen = len(emulator.admin.requests())
    stack.program(programs(1))
    stack.up()
    calls = emulator.admin.requests()[seen:]
    assert {r["operation"] for r in calls} <= {"ShowService", "UpdateService"}
    for name, (_, _, wanted) in UPDATES.items():
        bodies = [
            r["body"]
            for r in calls
            if r["operation"] == "UpdateService" and r["path"].endswith(ids[name])
        ]
        assert len(bodies) == 1, name
        assert bodies[0].keys() == wanted.keys(), name
        assert covers(bodies[0], wanted), (name, bodies[0])
    assert stack.up("--refresh").unchanged


REPLACEMENTS: dict[str, tuple[str, str]] = {
    "network": (
        'vpc_id="v1", subnet_network_id="s1", security_group_id="g1"',
        'vpc_id="v2", subnet_network_id="s2", security_group_id="g2"',
    ),
    "network-removed": ('vpc_id="v1", subnet_network_id="s1", security_group_id="g1"', ""),
    "pool": ('pool_name="p1"', 'pool_name="p2"'),
    "cluster": ('cluster_id="c1"', 'cluster_id="c2"'),
    "workspace": ('workspace_id="0"', 'workspace_id="1"'),
    "type": ("", 'infer_type="edge", config=[config(weight=None, nodes=["n"])]'),
    "socket": ('additional_properties={"websocket_upgrade": True}', ""),
    "given": ('service_name="a", cluster_id="c1"', 'service_name="a", cluster_id="c2"'),
    "renamed": ('service_name="b"', 'service_name="c"'),
}


def test_what_cannot_change_is_replaced(stack: Stack, emulator: Emulator) -> None:
    def programs(position: int) -> str:
        return "\n".join(
            f'service("{name}", {REPLACEMENTS[name][position]})' for name in REPLACEMENTS
        )

    stack.program(programs(0))
    stack.up()
    old = {one["urn"].rpartition("::")[2]: one["id"] for one in stack.resources()}
    seen = len(emulator.admin.requests())
    stack.program(programs(1))
    shown = stack.preview()
    assert f"+-{len(REPLACEMENTS)} to replace" in shown.output
    stack.up()
    new = {one["urn"].rpartition("::")[2]: one["id"] for one in stack.resources()}
    assert not set(old.values()) & set(new.values())
    calls = emulator.admin.requests()[seen:]
    for name in REPLACEMENTS:
        created = _position(calls, "CreateService", new_name(stack, name))
        deleted = _position(calls, "DeleteService", old[name])
        delete_first = name in ("given", "renamed")
        assert (deleted < created) is delete_first, name
    assert stack.up("--refresh").unchanged
    assert len(emulator.admin.resources("modelarts")) == len(REPLACEMENTS)


def new_name(stack: Stack, name: str) -> str:
    return str(stack.resource(name)["outputs"]["serviceName"])


def _position(calls: list[dict[str, Any]], operation: str, what: str) -> int:
    def names(call: dict[str, Any]) -> bool:
        return what in (call["path"].rpartition("/")[2], (call["body"] or {}).get("service_name"))

    return next(call["seq"] for call in calls if call["operation"] == operation and names(call))


def test_a_forced_replacement_of_an_automatic_name_keeps_the_service(
    stack: Stack, emulator: Emulator
) -> None:
    stack.program('service("svc")')
    stack.up()
    urn = stack.resource("svc")["urn"]
    run = stack.up("--replace", urn)
    assert "was not deleted: this run goes on using it" in run.diagnostics
    assert len(emulator.admin.resources("modelarts")) == 1
    assert stack.up("--refresh").unchanged
    deleting_first = "opts=pulumi.ResourceOptions(delete_before_replace=True)"
    stack.program(f'service("svc", {deleting_first})')
    before = stack.resource("svc")["id"]
    stack.up("--replace", urn)
    assert stack.resource("svc")["id"] != before
    assert len(emulator.admin.resources("modelarts")) == 1
    assert stack.up("--refresh").unchanged


def test_old_and_new_of_a_replacement_live_side_by_side_for_a_while(
    stack: Stack, emulator: Emulator
) -> None:
    stack.program('service("svc")')
    stack.up()
    stack.program('service("svc", workspace_id="1")')
    stack.up()
    assert stack.resource("svc")["outputs"]["modeldeploy"]["generation"] == 1
    names = [r["body"]["service_name"] for r in emulator.admin.requests("CreateService")]
    assert len(set(names)) == 2
    assert [one["service_name"] for one in emulator.admin.resources("modelarts")] == names[1:]
    assert stack.up("--refresh").unchanged


def test_learning_the_region_is_no_move_and_another_one_is(stack: Stack) -> None:
    region = stack.environment.pop("HW_REGION_NAME")
    stack.program('service("svc")')
    stack.up()
    stack.environment["HW_REGION_NAME"] = region
    assert "replace" not in stack.preview().output
    stack.up()
    del stack.environment["HW_REGION_NAME"]
    assert stack.up().unchanged
    stack.environment["HW_REGION_NAME"] = "eu-de"
    assert "+-1 to replace" in stack.preview().output


def test_the_order_of_versions_says_nothing(stack: Stack, emulator: Emulator) -> None:
    first = 'config("m1", 70, envs={"T": pulumi.Output.secret("hush")})'
    second = 'config("m2", 30, custom_spec=None)'
    stack.program(f'service("svc", config=[{first}, {second}])')
    stack.up()
    stack.program(f'service("svc", config=[{second}, {first}])')
    assert stack.up().unchanged
    assert stack.up("--refresh").unchanged
    assert changing(emulator) == ["CreateService"]


def test_fractions_are_rounded_as_the_server_does(stack: Stack, emulator: Emulator) -> None:
    spec = '{"cpu": 0.335, "memory": 1024, "gpu_p4": 0.125}'
    custom = f'specification="custom", custom_spec={spec}, weight=WEIGHT'
    both = f'pool_name="p", config=[config("m1", {custom}), config("m2", REST)]'
    stack.program(f'service("svc", {both})'.replace("WEIGHT", "0").replace("REST", "100"))
    stack.up()
    sent = emulator.admin.requests("CreateService")[0]["body"]["config"][0]["custom_spec"]
    assert sent == {"cpu": 0.34, "memory": 1024, "gpu_p4": 0.13}
    stack.program(f'service("svc", {both})'.replace("WEIGHT", "10").replace("REST", "90"))
    stack.up()
    assert stack.up("--refresh").unchanged


def test_taking_a_name_away_or_pinning_it_changes_nothing(stack: Stack, emulator: Emulator) -> None:
    stack.program('service("svc")')
    stack.up()
    automatic = stack.resource("svc")["outputs"]["serviceName"]
    stack.program(f'service("svc", service_name="{automatic}")')
    assert stack.up().unchanged
    stack.program('service("svc")')
    assert stack.up().unchanged
    assert changing(emulator) == ["CreateService"]


def test_pinning_what_the_cloud_implies_changes_nothing(stack: Stack, emulator: Emulator) -> None:
    stack.program('service("svc")')
    stack.up()
    stack.program('service("svc", workspace_id="0")')
    assert stack.up().unchanged
    assert stack.up("--refresh").unchanged
    stack.program('service("svc")')
    assert stack.up().unchanged
    assert changing(emulator) == ["CreateService"]


def test_drift_is_shown_by_name_and_repaired(stack: Stack, emulator: Emulator) -> None:
    stack.program('service("svc", description="mine", config=[config("m1", 70), config("m2", 30)])')
    stack.up()
    identifier = stack.resource("svc")["id"]
    change(stack, emulator, identifier, {"description": "theirs"})
    assert "~description" in stack.refresh().output
    shown = stack.preview()
    assert "~description" in shown.output
    stack.up()
    assert emulator.admin.resources("modelarts")[0]["description"] == "mine"
    change(stack, emulator, identifier, {"status": "stopped"})
    assert "~desiredStatus" in stack.refresh().output
    stack.up()
    assert emulator.admin.resources("modelarts")[0]["status"] == "running"
    assert stack.up("--refresh").unchanged


def change(stack: Stack, emulator: Emulator, identifier: str, body: dict[str, Any]) -> None:
    """Change a service behind the program's back."""
    env = stack.environment
    project = env["HW_PROJECT_ID"]
    answer = requests.put(
        f"{emulator.url}/v1/{project}/services/{identifier}",
        json=body,
        auth=AccessKeyAuth(env["HW_ACCESS_KEY"], env["HW_SECRET_KEY"], project),
        timeout=10,
    )
    answer.raise_for_status()
    emulator.admin.advance(10)


def test_a_service_that_somebody_deleted_is_created_again(stack: Stack, emulator: Emulator) -> None:
    stack.program('service("svc")')
    stack.up()
    emulator.admin.reset()
    assert "- 1 deleted" in stack.refresh().output
    stack.up()
    assert len(emulator.admin.resources("modelarts")) == 1
    emulator.admin.reset()
    stack.destroy()


@pytest.mark.parametrize("given", ["", 'service_name="fixed"'], ids=["automatic", "given"])
def test_the_resource_may_be_destroyed_without_its_program(
    stack: Stack, emulator: Emulator, given: str
) -> None:
    stack.program(f'service("svc", {given})')
    stack.up()
    stack.program("", head="")
    stack.destroy()
    assert emulator.admin.resources("modelarts") == []
