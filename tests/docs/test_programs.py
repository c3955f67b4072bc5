"""The programs of README and guides run as they stand; what the guides of clouds list is true."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pulumi_modeldeploy.core.declare import Change, Declaration, Removal
from pulumi_modeldeploy.core.http import Call
from pulumi_modeldeploy.emulator import Emulator
from pulumi_modeldeploy.zstack import ModelService, ModelServiceDeployment, api, lookups

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Stack

ROOT = Path(__file__).parents[2]
SEED = ROOT / "examples" / "05-zstack" / "seed.json"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PROGRAMS = [
    (page.name, program)
    for page in PAGES
    for program in re.findall(
        r"^```python\n(import pulumi\n.+?)^```$", page.read_text(), re.MULTILINE | re.DOTALL
    )
]
GUIDE = (ROOT / "docs" / "zstack.md").read_text()
CENTER, ZONE, MODEL = ({"uuid": digit * 32, "name": "main"} for digit in "abc")
HEAD = f"""\
import pulumi
from pulumi_modeldeploy import zstack

def service(**more):
    given = dict(
        model_center_uuid="{CENTER["uuid"]}", yaml="services: []", install_path="file:///a",
        start_command="run", request_cpu=1, request_memory=1024,
        architecture_images=[
            zstack.ArchitectureImageArgs(cpu_architecture="x86_64", docker_image="a:1")
        ],
    )
    return zstack.ModelService("chat", **{{**given, **more}})

def deployment(**more):
    given = dict(
        model_service_uuid=service().uuid, zone_uuid="{ZONE["uuid"]}",
        type="Container", docker_image="a:1",
    )
    return zstack.ModelServiceDeployment("chat", **{{**given, **more}})

"""


def section(name: str) -> str:
    return GUIDE.partition(f"\n## {name}\n")[2].partition("\n## ")[0]


@pytest.mark.parametrize(("page", "program"), PROGRAMS, ids=[page for page, _ in PROGRAMS])
def test_a_program_comes_up_and_stays(
    page: str, program: str, stack: Stack, emulator: Emulator
) -> None:
    if "zstack" in program:
        assert "examples/05-zstack/seed.json" in GUIDE
        emulator.admin.seed(**json.loads(SEED.read_text()))
    if "apiKey" in program:
        stack.configure("apiKey", "opens-nothing", secret=True)
    stack.program(program, head="")
    stack.up()
    assert stack.up("--expect-no-changes").unchanged, page
    assert b"opens-nothing" not in stack.stored_bytes()
    stack.destroy()


def test_all_clouds_have_a_program_in_the_readme() -> None:
    readme = [program for page, program in PROGRAMS if page == "README.md"]
    clouds = [re.search(r"import (modelarts|zstack|pai)$", one, re.MULTILINE) for one in readme]
    assert [one and one[1] for one in clouds] == ["modelarts", "zstack", "pai"]
    assert {"zstack.md", "pai.md"} <= {page for page, _ in PROGRAMS}


def calls_of(module: Any) -> Iterator[str]:
    for value in vars(module).values():
        if isinstance(value, Call):
            yield value.operation


def test_the_calls_that_must_be_allowed_are_all_there() -> None:
    source = Path(str(lookups.__file__)).read_text()
    asked = set(re.findall(r'"(Query[A-Z]\w+)"', source))
    listed = set(re.findall(r"`([A-Z]\w+)`", section("Permissions")))
    resources = {"ModelService", "ModelServiceDeployment"}
    assert listed - resources == asked | set(calls_of(api))


def words(begin: str, end: str) -> set[str]:
    """Names in the part of the guide that lies between two phrases."""
    text = " ".join(section("Changes and replacements").split())
    return set(re.findall(r"`([a-z]\w+)`", text.partition(begin)[2].partition(end)[0]))


def changing(resource: type, change: Change) -> set[str]:
    args = Declaration.of(resource).args.values()
    return {one.name for one in args if one.column.change is change}


def test_what_replaces_a_model_service_is_all_there() -> None:
    # A given uuid is told about in a section of its own.
    replacing = changing(ModelService, Change.REPLACE) - {"resource_uuid"}
    assert words("It does not take", "these replace") == replacing


def test_what_changes_a_deployment_in_place_is_all_there() -> None:
    in_place = set(Declaration.of(ModelServiceDeployment).args)
    in_place -= changing(ModelServiceDeployment, Change.REPLACE)
    in_place -= changing(ModelServiceDeployment, Change.ONCE)
    assert words("A deployment changes", "place; everything else") == in_place


def test_what_replaces_when_it_is_taken_away_is_all_there() -> None:
    found = {
        name
        for resource in (ModelService, ModelServiceDeployment)
        for name, item in Declaration.of(resource).args.items()
        if item.on_removal is Removal.REPLACE and name not in changing(resource, Change.REPLACE)
    }
    assert words("and else replaces:", ". A changed") == found


# --- what troubleshooting says -------------------------------------------------------------------


def wrong_zone(stack: Stack, emulator: Emulator) -> None:
    emulator.admin.seed(zstack={"managementNode": {"timeZone": "Pacific/Kiritimati"}})
    stack.configure("zstack:timeZone", "America/Lima")
    stack.program("service()", head=HEAD)


def wrong_key(stack: Stack, _emulator: Emulator) -> None:
    stack.configure("zstack:accessKeyId", "EMULATORzstackKEYid9", secret=True)
    stack.configure("zstack:accessKeySecret", "wrong", secret=True)
    stack.program("service()", head=HEAD)


def wrong_password(stack: Stack, _emulator: Emulator) -> None:
    stack.configure("zstack:accountName", "admin")
    stack.configure("zstack:password", "wrong", secret=True)
    stack.program("service()", head=HEAD)


def no_credentials(stack: Stack, _emulator: Emulator) -> None:
    stack.environment.pop("ZSTACK_ACCESS_KEY_ID")
    stack.environment.pop("ZSTACK_ACCESS_KEY_SECRET")
    stack.program("service()", head=HEAD)


def no_center(stack: Stack, emulator: Emulator) -> None:
    emulator.admin.seed(zstack={"modelCenters": [MODEL]})
    stack.program("service()", head=HEAD)


def unknown_framework(stack: Stack, _emulator: Emulator) -> None:
    stack.program("service(framework='none')", head=HEAD)


def broken_agent(stack: Stack, emulator: Emulator) -> None:
    emulator.admin.seed(zstack={"modelCenters": [CENTER]})
    emulator.admin.fail(CENTER["uuid"], "disk is full")
    stack.program("service()", head=HEAD)


def broken_model(stack: Stack, emulator: Emulator) -> None:
    center = {**CENTER, "serviceNetworkUuid": "d" * 32}
    emulator.admin.seed(zstack={"modelCenters": [center], "models": [{**MODEL, "fails": "memory"}]})
    stack.program(f"deployment(model_uuid='{MODEL['uuid']}')", head=HEAD)


def nobody(stack: Stack, emulator: Emulator) -> None:
    emulator.admin.seed(zstack={"zones": [ZONE]})
    stack.program("zstack.get_zone(name='mine')", head=HEAD)


def foreign_uuid(stack: Stack, _emulator: Emulator) -> None:
    uuid = "a1b2c3d4e5f64a1b8c2d3e4f5a6b7c8d"
    stack.program(f"service(resource_uuid='{uuid}')", head=HEAD)
    stack.up()
    assert stack.run("stack", "init", "other").ok


@pytest.mark.parametrize(
    ("wrong", "texts"),
    [
        (wrong_zone, ["requestTimeTooSkewed", "403"]),
        (wrong_key, ["ID.1000"]),
        (wrong_password, ["ID.1000"]),
        (no_credentials, ["there are no credentials for ZStack"]),
        (no_center, ["SYS.1003"]),
        (unknown_framework, ["SYS.1007", "ORG_ZSTACK_AI_10035"]),
        (broken_agent, ["SYS.1006", "; caused by: "]),
        (broken_model, ["ZStack deployment is Error"]),
        (nobody, ["cannot look up a", ": there is none with"]),
        (foreign_uuid, ["has this resource_uuid already"]),
    ],
)
def test_messages_of_zstack_are_those_of_troubleshooting(
    wrong: Callable[[Stack, Emulator], None], texts: list[str], stack: Stack, emulator: Emulator
) -> None:
    page = (ROOT / "docs" / "troubleshooting.md").read_text()
    wrong(stack, emulator)
    run = stack.try_up()
    assert not run.ok
    for text in texts:
        assert text in run.output
        assert text.removeprefix("ORG_ZSTACK_AI_") in page


def test_a_failed_deployment_is_replaced_by_the_next_run(stack: Stack, emulator: Emulator) -> None:
    broken_model(stack, emulator)
    assert not stack.try_up().ok
    _, failed = emulator.admin.resources("zstack")
    assert failed["status"] == "Error"
    emulator.admin.seed(zstack={"models": [MODEL]})
    stack.up()
    _, running = emulator.admin.resources("zstack")
    assert running["status"] == "Running"
    assert running["uuid"] != failed["uuid"]


def test_another_address_of_the_same_cloud_is_recorded_and_another_cloud_is_refused(
    stack: Stack, emulator: Emulator
) -> None:
    stack.program("service()", head=HEAD)
    stack.up()
    stack.environment["ZSTACK_ENDPOINT"] = emulator.url.replace("127.0.0.1", "localhost")
    stack.up()
    assert "localhost" in stack.resource("chat")["inputs"]["modeldeploy"]["endpoint"]
    with Emulator() as other:
        stack.environment["ZSTACK_ENDPOINT"] = other.url
        for verb in ("refresh", "destroy"):
            run = stack.run(verb, "--yes", "--skip-preview")
            assert not run.ok
            assert re.search("was made at .+ and does not exist at", run.output)
