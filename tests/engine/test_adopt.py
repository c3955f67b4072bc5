"""Adopting and reading what somebody else made, under the real engine."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from pulumi_modeldeploy.emulator.huawei_iam import OTHER_PROJECT_ID, OTHER_REGION

if TYPE_CHECKING:
    from conftest import Stack

    from pulumi_modeldeploy.emulator import Emulator

THEIRS = "0123456789ab"
HUSH = "hush-hush-value"
CONFIG = {
    "model_id": "model-1",
    "weight": 100,
    "specification": "modelarts.vm.cpu.2u",
    "instance_count": 1,
}
DELETE_FIRST = "opts=pulumi.ResourceOptions(delete_before_replace=True)"


def seed(emulator: Emulator, name: str = "digits", **body: Any) -> str:
    """Have somebody else deploy a service; answers its id."""
    usual = {"service_name": name, "infer_type": "real-time", "config": [CONFIG]}
    emulator.admin.seed(modelarts={"services": [{**usual, **body}]})
    return next(i for i, found in services(emulator).items() if found["service_name"] == name)


def services(emulator: Emulator) -> dict[str, dict[str, Any]]:
    return {one["service_id"]: one for one in emulator.admin.resources("modelarts")}


def changing(emulator: Emulator) -> list[str]:
    """The calls so far that changed something."""
    return [one["operation"] for one in emulator.admin.requests() if one["method"] != "GET"]


def steady(stack: Stack) -> None:
    """See that a refresh finds nothing, and that nothing is left to do."""
    assert stack.up("--refresh", "--expect-no-changes").unchanged


def ids(stack: Stack) -> dict[str, str]:
    """The ids of all resources, by name."""
    return {one["urn"].rpartition("::")[2]: one["id"] for one in stack.resources()}


def urns(stack: Stack) -> dict[str, str]:
    return {one["urn"].rpartition("::")[2]: one["urn"] for one in stack.resources()}


def line_for(name: str, text: str) -> str:
    """The arguments that the refusal of a resource tells to write."""
    (told,) = {one.strip() for one in text.splitlines() if f"error: {name}: " in one}
    found = re.search(r'adopt="[^"]+"(, adopt_from="[^"]+")?', told)
    assert found is not None, text
    return found[0]


# --- adopting ------------------------------------------------------------------------------------


def test_the_lines_of_refusals_adopt_and_may_go_or_stay(stack: Stack, emulator: Emulator) -> None:
    names = ("nobodys", "anothers", "ours")
    program = "\n".join(f'service("{one}", service_name="{one}"{{{one}}})' for one in names)
    none = dict.fromkeys(names, "")
    stack.program('service("ours", service_name="ours")')
    stack.up()
    stack.run("state", "delete", urns(stack)["ours"], "--yes")
    stack.configure("modeldeploy:resumeWithin", "0")
    seed(emulator, "nobodys", description="made by hand")
    seed(emulator, "anothers", description=f"made by hand [md:{THEIRS}]")
    before, calls = set(services(emulator)), changing(emulator)

    stack.program(program.format(**none))
    shown = stack.preview().diagnostics
    lines = {one: f", {line_for(one, shown)}" for one in names[:2]}
    assert f'adopt_from="{THEIRS}"' in lines["anothers"]
    stack.program('service("ours", service_name="ours")')
    refused = stack.try_up()
    assert not refused.ok
    assert "hours old, longer than an interrupted run explains" in refused.diagnostics
    told = re.search(r'take it over: (adopt="[^"]+")$', refused.diagnostics, re.MULTILINE)
    assert told is not None
    lines["ours"] = f", {told[1]}"
    assert (set(services(emulator)), changing(emulator)) == (before, calls)

    stack.program(program.format(**lines))
    shown = stack.preview()
    assert shown.ok, shown.output
    assert shown.output.count("as it is") >= len(names)
    stack.up()
    assert set(ids(stack).values()) == before
    assert changing(emulator) == [*calls, "UpdateService"], "another's mark is written over"
    assert stack.up("--expect-no-changes").unchanged
    steady(stack)
    stack.program(program.format(**none))
    assert stack.up("--expect-no-changes").unchanged
    assert stack.refresh("--expect-no-changes").unchanged
    steady(stack)
    assert set(services(emulator)) == before
    stack.destroy()
    assert services(emulator) == {}


def test_a_name_that_nobody_gave_stays_unmanaged_and_is_seen(
    stack: Stack, emulator: Emulator
) -> None:
    identifier = seed(emulator)
    program = 'mine = service("mine"{})\npulumi.export("name", mine.service_name)'
    stack.program(program.format(f', adopt="{identifier}"'))
    assert 'name: "digits"' in stack.up().output
    assert changing(emulator) == []
    steady(stack)
    stored = stack.resource("mine")
    assert "serviceName" not in stored["inputs"]
    assert stored["outputs"]["serviceName"] == "digits"
    for given in (', service_name="digits"', ""):
        stack.program(program.format(given))
        steady(stack)
    stack.program('service("mine", description="new")')
    stack.up()
    assert changing(emulator) == ["UpdateService"]
    assert services(emulator)[identifier]["service_name"] == "digits"
    steady(stack)


def test_a_preview_shows_all_that_cannot_be_adopted(stack: Stack, emulator: Emulator) -> None:
    foreign = seed(emulator, "foreign", description=f"[md:{THEIRS}]")
    other = seed(emulator, "other", workspace_id="7")
    stack.program(
        f"""
service("missing", adopt="nowhere")
service("foreign", adopt="{foreign}")
service("fixed", adopt="{other}", workspace_id="8", vpc_id=pulumi.Output.secret("hush-vpc"),
    subnet_network_id="s", security_group_id="g")
service("odd", adopt="a b", adopt_from="{THEIRS}")
service("alone", adopt_from="0123")
"""
    )
    shown = stack.preview()
    assert not shown.ok
    for text in (
        "missing: adopt: there is no ModelArts service nowhere to adopt",
        f"foreign: adopt: ModelArts service {foreign} carries the mark of another resource",
        f'adopt="{foreign}", adopt_from="{THEIRS}"',
        'workspace_id ("7" there), vpc_id, subnet_network_id (not set there)',
        "odd: adopt: must be the id of an existing object",
        "alone: adopt_from: must be the 12 hex digits of a mark",
        "alone: adopt_from: adopt_from is given only together with adopt",
    ):
        assert text in shown.diagnostics
    assert "hush-vpc" not in shown.output
    stack.program('service("missing", adopt="nowhere")')
    refused = stack.try_up()
    assert "no ModelArts service nowhere to adopt" in refused.diagnostics
    assert "remove `adopt`" in refused.diagnostics
    assert (stack.resources(), changing(emulator)) == ([], [])


def test_a_preview_that_is_turned_off_does_not_look(stack: Stack, emulator: Emulator) -> None:
    stack.configure("modelarts:preflight", "off")
    stack.program('service("missing", adopt="nowhere")')
    assert stack.preview().ok
    assert emulator.admin.requests() == []


def test_one_that_is_not_ready_in_time_is_stored_and_finished_by_the_next_run(
    stack: Stack, emulator: Emulator
) -> None:
    identifier = seed(emulator)
    emulator.admin.deploy_seconds(3600)
    timeouts = "opts=pulumi.ResourceOptions(custom_timeouts=pulumi.CustomTimeouts(create='2s'))"
    stack.program(f'service("mine", adopt="{identifier}", config=[config("m2")], {timeouts})')
    assert not stack.try_up().ok
    assert ids(stack) == {"mine": identifier}
    emulator.admin.advance(4000)
    stack.up()
    assert changing(emulator) == ["UpdateService"]
    assert services(emulator)[identifier]["config"][0]["model_id"] == "m2"
    steady(stack)


def test_no_secret_of_an_adopted_service_is_stored_or_shown(
    stack: Stack, emulator: Emulator
) -> None:
    there = seed(emulator, config=[{**CONFIG, "envs": {"A": HUSH, "B": "hush-theirs"}}])
    envs = f'{{"A": pulumi.Output.secret("{HUSH}"), "B": "plain"}}'
    stack.program(f'service("mine", adopt="{there}", config=[config(envs={envs})])')
    shown = [stack.preview("--diff"), stack.up("--diff"), stack.refresh("--diff")]
    assert services(emulator)[there]["config"][0]["envs"]["B"] == "plain"
    assert all("hush-" not in one.output for one in shown)
    assert b"hush-" not in stack.stored_bytes()


def test_asking_for_another_one_later_is_said_once(stack: Stack, emulator: Emulator) -> None:
    first, second = seed(emulator, "one"), seed(emulator, "two")
    stack.program(f'service("mine", adopt="{first}")\nservice("new")')
    stack.up()
    made = ids(stack)["new"]
    for wanted, said in ((second, [first, made]), (second, []), (made, [first])):
        stack.program(f'service("mine", adopt="{wanted}")\nservice("new", adopt="{wanted}")')
        run = stack.up("--expect-no-changes")
        told = re.findall(r"means nothing here: this resource has (\S+) already", run.diagnostics)
        assert sorted(told) == sorted(said)


# --- what becomes of an adopted one --------------------------------------------------------------

REPLACED = {
    "first": ("", ', workspace_id="1"', False),
    "given": ('service_name="given", ', ', workspace_id="1"', False),
    "forced": (f"{DELETE_FIRST}, ", "", True),
    "both": ('service_name="both", ', "", True),
}
"""Of each kind of replacement: what is given, what changes, and whether it is forced."""


def test_replacements_are_made_anew_although_the_program_still_adopts(
    stack: Stack, emulator: Emulator
) -> None:
    there = {name: seed(emulator, name) for name in (*REPLACED, "kept")}

    def program(changed: bool, adopts: bool = True) -> str:
        lines = [f'service("kept", adopt="{there["kept"]}")']
        for name, (given, change, _) in REPLACED.items():
            adopt = f'adopt="{there[name]}"' if adopts else ""
            lines.append(f'service("{name}", {given}{adopt}{change if changed else ""})')
        return "\n".join(lines).replace(", ,", ",").replace(", )", ")")

    stack.program(program(changed=False))
    stack.up()
    assert ids(stack) == there
    stack.program(program(changed=True))
    names = ["kept", *(name for name, (_, _, forced) in REPLACED.items() if forced)]
    run = stack.up(*(word for name in names for word in ("--replace", urns(stack)[name])))
    # Create first and forced: nothing tells a provider that it is not the first create.
    assert f"{there['kept']} was not deleted" in run.diagnostics
    assert "remove `adopt`" in run.diagnostics
    found = services(emulator)
    for name, (given, _, _) in REPLACED.items():
        made = ids(stack)[name]
        assert made != there[name], name
        assert there[name] not in found, name
        named = found[made]["service_name"]
        assert named == name if "service_name" in given else named.startswith(f"{name}-"), name
    assert set(found) == set(ids(stack).values())
    assert changing(emulator).count("CreateService") == len(REPLACED)
    steady(stack)
    stack.program(program(changed=True, adopts=False))
    steady(stack)


@pytest.mark.parametrize("forced", [False, True])
def test_a_replacement_that_stopped_halfway_is_finished(
    forced: bool, stack: Stack, emulator: Emulator
) -> None:
    identifier = seed(emulator)
    program = f'service("mine", adopt="{identifier}"{{}}, {DELETE_FIRST})'
    stack.program(program.format(""))
    stack.up()
    words = ["--replace", urns(stack)["mine"]] if forced else []
    stack.program(program.format("" if forced else ', workspace_id="1"'))
    emulator.admin.faults({"operation": "CreateService", "fault": "status", "status": 400})
    assert not stack.try_up(*words).ok
    assert services(emulator) == {}
    emulator.admin.faults()
    stack.up()
    assert list(services(emulator)) == [ids(stack)["mine"]]
    steady(stack)


def test_the_line_of_a_refusal_works_within_a_replacement_too(
    stack: Stack, emulator: Emulator
) -> None:
    """A killed run made the new service, could not write its mark, and the state is the old one."""
    stack.configure("modelarts:ownerMark", "off")
    program = 'service("mine", service_name="digits"{})'
    stack.program(program.format(""))
    stack.up()
    emulator.admin.reset()
    successor = seed(emulator, workspace_id="1")
    stack.program(program.format(', workspace_id="1"'))
    refused = stack.try_up()
    assert not refused.ok
    told = re.search(r'take that one over: (adopt="[^"]+")', refused.diagnostics)
    assert told is not None
    stack.program(program.format(f', workspace_id="1", {told[1]}'))
    assert stack.preview().ok
    stack.up()
    assert ids(stack) == {"mine": successor}
    assert changing(emulator) == ["DeleteService"]
    steady(stack)
    stack.program(program.format(', workspace_id="1"'))
    steady(stack)


def test_what_moves_to_another_resource_is_not_deleted_with_the_first(
    stack: Stack, emulator: Emulator
) -> None:
    """Resources are renamed without aliases: the engine deletes the old ones in the end."""
    identifier = seed(emulator)
    stack.program(f'service("a")\nservice("b", adopt="{identifier}")')
    stack.up()
    made, mark = ids(stack)["a"], stack.resource("a")["inputs"]["modeldeploy"]["mark"]
    stack.program(
        f'service("c", adopt="{made}", adopt_from="{mark}")\nservice("d", adopt="{identifier}")'
    )
    run = stack.up()
    assert f"{made} was not deleted: c has it now" in run.diagnostics
    assert f"{identifier} was not deleted: d has it now" in run.diagnostics
    assert ids(stack) == {"c": made, "d": identifier}
    assert set(services(emulator)) == {made, identifier}
    steady(stack)


def test_two_resources_do_not_adopt_the_same(stack: Stack, emulator: Emulator) -> None:
    identifier = seed(emulator)
    stack.program(
        f'one = service("one", adopt="{identifier}")\n'
        f'service("two", adopt="{identifier}", opts=pulumi.ResourceOptions(depends_on=[one]))'
    )
    run = stack.try_up()
    assert f"{identifier} is another resource's in this run" in run.diagnostics
    assert ids(stack) == {"one": identifier}


# --- ZStack --------------------------------------------------------------------------------------

ZSTACK = """\
import pulumi
from pulumi_modeldeploy import zstack


def service(name, **more):
    return zstack.ModelService(
        name,
        yaml="env: [hush-hush-value]",
        request_cpu=1,
        request_memory=1,
        model_center_uuid="c" * 32,
        install_path="/one",
        start_command="serve",
        architecture_images=[{"cpu_architecture": "x86_64", "docker_image": "llm:1"}],
        **more,
    )


def deployment(name, model, **more):
    return zstack.ModelServiceDeployment(
        name,
        model_service_uuid=model.uuid,
        zone_uuid="f" * 32,
        type="Container",
        docker_image="llm:1",
        l3_network_uuids=["e" * 32],
        **more,
    )


"""


@pytest.fixture
def former(new_stack: Any) -> Stack:
    """Another stack, with a model service and its deployment."""
    stack: Stack = new_stack("former")
    stack.program('runs = deployment("runs", service("llm", user_tags=["a"]))', head=ZSTACK)
    stack.up()
    return stack


def test_a_pair_of_zstack_changes_stacks(former: Stack, stack: Stack, emulator: Emulator) -> None:
    llm, runs = ids(former)["llm"], ids(former)["runs"]
    calls = changing(emulator)
    program = 'svc = service("svc", {})\ndep = deployment("dep", svc, {})'
    stack.program(program.format(f'adopt="{llm}"', f'adopt="{runs}"'), head=ZSTACK)
    shown = stack.preview()
    lines = [line_for(name, shown.diagnostics) for name in ("svc", "dep")]
    assert [one.partition(",")[0] for one in lines] == [f'adopt="{llm}"', f'adopt="{runs}"']
    stack.program(program.format(*lines), head=ZSTACK)
    shown = stack.preview()
    assert shown.ok, shown.output
    assert "as it is (model_service_uuid: not known yet)" in shown.output
    stack.up()
    assert changing(emulator) == [*calls, "CreateUserTag", "CreateUserTag"]
    steady(stack)
    stack.program(program.format("", ""), head=ZSTACK)
    steady(stack)
    stack.destroy()
    assert emulator.admin.resources("zstack") == []


# --- reading what stays outside ------------------------------------------------------------------

GET = """
there = modelarts.Service.get("there", {})
pulumi.export("name", there.service_name)
pulumi.export("url", there.access_address)
pulumi.export("model", there.config.apply(lambda one: one[0].model_id))
pulumi.export("runs", there.desired_status)
"""


def test_get_reads_and_never_changes_or_deletes(stack: Stack, emulator: Emulator) -> None:
    there = seed(emulator, config=[{**CONFIG, "envs": {"A": HUSH}}])
    stack.program(GET.format(f'"{there}"'))
    shown = [stack.preview("--diff"), stack.up("--diff")]
    for one in shown:
        for text in ('name : "digits"', 'runs : "running"', 'url  : "http'):
            assert text in one.output
    shown += [stack.refresh("--diff", "--expect-no-changes"), stack.up("--refresh", "--diff")]
    assert shown[-1].unchanged
    assert all(HUSH not in one.output for one in shown)
    assert HUSH.encode() not in stack.stored_bytes()
    stored = stack.resource("there")
    assert stored["external"]
    assert stored["outputs"]["modeldeploy"]["external"]
    stack.destroy()
    assert list(services(emulator)) == [there]
    assert changing(emulator) == []


def test_get_of_one_that_is_missing_is_an_error_in_words(stack: Stack, emulator: Emulator) -> None:
    stack.program(GET.format(f'"{seed(emulator)}"'))
    stack.up()
    emulator.admin.reset()
    missing = r"there is no ModelArts service \S+ where the settings lead to"
    for run in (stack.preview(), stack.try_up()):
        assert not run.ok
        assert re.search(missing, run.diagnostics)
        assert "Traceback" not in run.output
    assert "- 1 deleted" in stack.refresh().output


def test_get_goes_where_its_profile_leads(stack: Stack) -> None:
    for key, value in (("region", OTHER_REGION), ("projectId", OTHER_PROJECT_ID)):
        stack.run("config", "set", "--path", f"modelarts:profiles.eu.{key}", value)
    program = f'far = service("far", profile="eu")\n{GET}'
    stack.program(program.format('far.id, profile="eu"'))
    stack.up()
    steady(stack)
    there = stack.resource("there")
    assert there["id"] == ids(stack)["far"]
    assert there["outputs"]["modeldeploy"]["region"] == OTHER_REGION
    assert there["outputs"]["profile"] == "eu"
    stack.program(program.format("far.id"))
    assert f"there is no ModelArts service {there['id']} where" in stack.preview().diagnostics


def test_what_was_read_may_be_adopted_and_let_go_again(stack: Stack, emulator: Emulator) -> None:
    identifier = seed(emulator)
    stack.program(GET.format(f'"{identifier}"'))
    stack.up()
    stack.program(f'service("there", adopt="{identifier}")')
    stack.up()
    assert not stack.resource("there").get("external")
    steady(stack)
    stack.program(GET.format(f'"{identifier}"'))
    stack.up()
    stack.program("")
    stack.up()
    assert (stack.resources(), list(services(emulator))) == ([], [identifier])
    assert changing(emulator) == []


def test_get_reads_both_resources_of_zstack(
    former: Stack, stack: Stack, emulator: Emulator
) -> None:
    there = ids(former)
    stack.program(
        f'llm = zstack.ModelService.get("llm", "{there["llm"]}")\n'
        f'runs = zstack.ModelServiceDeployment.get("runs", "{there["runs"]}")\n'
        "seen = pulumi.Output.all(llm.user_tags, runs.model_service_uuid, runs.status)\n"
        'pulumi.export("seen", seen)',
        head=ZSTACK,
    )
    stack.up()
    outputs = json.loads(stack.run("stack", "output", "--json").output)
    assert outputs == {"seen": [["a"], there["llm"], "Running"]}
    steady(stack)
    assert HUSH.encode() not in stack.stored_bytes()
    stack.destroy()
    assert len(emulator.admin.resources("zstack")) == len(there)
