"""Several accounts, regions and projects in one stack, under the real engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pulumi_modeldeploy.emulator import Emulator
from pulumi_modeldeploy.emulator.huawei_iam import (
    ACCESS_KEY,
    AGENCY_DOMAIN_NAME,
    AGENCY_NAME,
    AGENCY_PROJECT_ID,
    DOMAIN_NAME,
    OTHER_PROJECT_ID,
    OTHER_REGION,
    PASSWORD,
    PROJECT_ID,
    REGION,
    SECRET_KEY,
    USER_NAME,
)

if TYPE_CHECKING:
    from conftest import Stack

PLACES = {
    "cn": {"region": REGION, "projectId": PROJECT_ID},
    "eu": {"region": OTHER_REGION, "projectId": OTHER_PROJECT_ID},
}
USER = {"userName": USER_NAME, "password": PASSWORD, "domainName": DOMAIN_NAME}
SECRET = ("accessKey", "secretKey", "password", "token")
ZSTACK_HEAD = """\
from pulumi_modeldeploy import zstack


def service(name, **given):
    image = zstack.ArchitectureImageArgs(cpu_architecture="x86_64", docker_image="llm:1")
    return zstack.ModelService(
        name,
        yaml="services: []",
        request_cpu=4,
        request_memory=8192,
        install_path="file:///opt/llm",
        start_command="serve",
        architecture_images=[image],
        **given,
    )
"""
BOTH = 'service("far", profile="eu")\nservice("near", profile="cn")'


def profile(stack: Stack, name: str, cloud: str = "modelarts", /, **values: str) -> None:
    """Write a profile into the stack configuration as its user would."""
    for key, value in values.items():
        secret = ["--secret"] if key in SECRET else []
        path = f"{cloud}:profiles.{name}.{key}"
        run = stack.run("config", "set", *secret, "--path", path, value)
        assert run.ok, run.output


def two(stack: Stack) -> None:
    for name, values in PLACES.items():
        profile(stack, name, **values)


def book(stack: Stack, name: str) -> dict[str, Any]:
    found: dict[str, Any] = stack.resource(name)["outputs"]["modeldeploy"]
    assert found == stack.resource(name)["inputs"]["modeldeploy"]
    return found


def where(emulator: Emulator) -> dict[str, str]:
    """The project of each service, by resource."""
    services = emulator.admin.resources("modelarts")
    return {one["service_name"].rpartition("-")[0]: one["project"] for one in services}


def test_one_program_deploys_into_two_regions_and_projects(
    stack: Stack, emulator: Emulator
) -> None:
    two(stack)
    stack.program(f'{BOTH}\nservice("plain")')
    shown = stack.up()
    assert where(emulator) == {"far": OTHER_PROJECT_ID, "near": PROJECT_ID, "plain": PROJECT_ID}
    far = book(stack, "far")
    assert (far["profile"], far["region"], far["projectId"]) == (
        "eu",
        OTHER_REGION,
        OTHER_PROJECT_ID,
    )
    assert stack.resource("far")["outputs"]["profile"] == "eu"
    assert "profile" not in book(stack, "plain")
    assert "profile" not in stack.resource("plain")["outputs"]
    assert stack.up("--expect-no-changes").unchanged
    assert stack.refresh("--expect-no-changes").unchanged
    assert stack.preview().unchanged
    assert SECRET_KEY not in shown.output
    stack.program("", head="")
    stack.destroy()
    assert emulator.admin.resources("modelarts") == []


def test_an_update_goes_where_the_service_lives(stack: Stack, emulator: Emulator) -> None:
    two(stack)
    stack.program(BOTH)
    stack.up()
    stack.program(BOTH.replace('"eu"', '"eu", description="far away"'))
    stack.up()
    told = {one["project"]: one["description"] for one in emulator.admin.resources("modelarts")}
    assert told == {OTHER_PROJECT_ID: "far away", PROJECT_ID: ""}
    (update,) = emulator.admin.requests("UpdateService")
    assert OTHER_PROJECT_ID in update["path"]


def test_a_renamed_profile_that_leads_to_the_same_place_replaces_nothing(
    stack: Stack, emulator: Emulator
) -> None:
    two(stack)
    stack.program(BOTH)
    stack.up()
    identifier = stack.resource("far")["id"]
    assert stack.run("config", "rm", "--path", "modelarts:profiles.eu").ok
    profile(stack, "europe", **PLACES["eu"])
    stack.program(BOTH.replace('"eu"', '"europe"'))
    shown = stack.preview()
    assert shown.ok, shown.output
    assert "replace" not in shown.output
    assert "~modeldeploy,profile" in shown.output
    stack.up("--refresh")
    assert stack.resource("far")["id"] == identifier
    assert book(stack, "far")["profile"] == "europe"
    assert emulator.admin.requests("UpdateService") == []
    assert stack.up("--expect-no-changes").unchanged
    # Without any profile it is still the same place.
    stack.program(BOTH.replace('"eu"', '"europe"').replace(', profile="cn"', ""))
    stack.up()
    assert "profile" not in book(stack, "near")
    assert where(emulator) == {"far": OTHER_PROJECT_ID, "near": PROJECT_ID}
    assert len(emulator.admin.requests("CreateService")) == 2
    assert stack.up("--expect-no-changes").unchanged


def test_another_place_replaces_and_the_old_one_is_deleted_where_it_was(
    stack: Stack, emulator: Emulator
) -> None:
    two(stack)
    stack.program(BOTH)
    stack.up()
    stack.program(BOTH.replace('"cn"', '"eu"'))
    assert "replace" in stack.preview().output
    stack.up()
    assert where(emulator) == {"far": OTHER_PROJECT_ID, "near": OTHER_PROJECT_ID}
    (gone,) = emulator.admin.requests("DeleteService")
    assert f"/{PROJECT_ID}/" in gone["path"]
    assert stack.up("--expect-no-changes").unchanged


def test_each_profile_has_its_own_credentials(stack: Stack, emulator: Emulator) -> None:
    """A key for one project, a user for the other, and an agency for somebody else's."""
    for name in ("HW_ACCESS_KEY", "HW_SECRET_KEY"):
        del stack.environment[name]
    profile(stack, "key", **PLACES["cn"], accessKey=ACCESS_KEY, secretKey=SECRET_KEY)
    profile(stack, "user", **PLACES["eu"], **USER)
    customer = {"agencyName": AGENCY_NAME, "agencyDomainName": AGENCY_DOMAIN_NAME}
    there = {"region": REGION, "projectId": AGENCY_PROJECT_ID}
    profile(stack, "customer", **there, **USER, **customer)
    stack.program("\n".join(f'service("{one}", profile="{one}")' for one in ("key", "user")))
    shown = stack.up().output
    # The same process logs in once for each connection.
    stack.program(
        "\n".join(f'service("{one}", profile="{one}")' for one in ("key", "user", "customer"))
    )
    shown += stack.up().output
    assert where(emulator) == {
        "key": PROJECT_ID,
        "user": OTHER_PROJECT_ID,
        "customer": AGENCY_PROJECT_ID,
    }
    shown += stack.up("--expect-no-changes").output
    shown += stack.refresh("--expect-no-changes").output
    stored = stack.stored_bytes().decode() + str(stack.export())
    for secret in (SECRET_KEY, PASSWORD, ACCESS_KEY):
        assert secret not in shown
        assert secret not in stored


def test_a_profile_with_credentials_uses_no_others(stack: Stack, emulator: Emulator) -> None:
    profile(stack, "half", **PLACES["eu"], accessKey=ACCESS_KEY)
    stack.program('service("svc", profile="half")')
    run = stack.try_up()
    assert not run.ok
    assert "modelarts:secretKey of profile half is missing" in run.diagnostics
    assert "--secret --path 'modelarts:profiles.half.secretKey'" in run.diagnostics
    assert "HW_SECRET_KEY" not in run.diagnostics
    assert ACCESS_KEY not in run.output
    assert emulator.admin.requests("CreateService") == []


MISTAKES = {
    "an unknown profile": (
        PLACES,
        'service("one", profile="us")\nservice("two", profile="asia", infer_type="realtime")',
        [
            "one: profile: there is none of this name in modelarts:profiles, which has cn, eu",
            "two: profile: there is none of this name in modelarts:profiles, which has cn, eu",
            "two: infer_type: must be",
        ],
    ),
    "no profiles at all": (
        {},
        'service("one", profile="us")',
        ["one: profile: there is none of this name in modelarts:profiles, which has none at all"],
    ),
    "a name that is none": (
        PLACES,
        'service("one", profile="e u")',
        ["one: profile: must be a name of letters, digits, - and _ [profile.profile]"],
    ),
    "no text": (PLACES, 'service("one", profile=["eu"])', ["one: profile: must be a text"]),
    "a name that is not known yet": (
        PLACES,
        'service("one", profile=service("two").status)',
        ["one: profile: must be known before anything is deployed"],
    ),
    "an unknown key": (
        {"eu": {"regoin": REGION}},
        'service("one", profile="eu")',
        ["modelarts:profiles.eu.regoin is no setting of modelarts: did you mean region?"],
    ),
    "a key that looks like nothing": (
        {"eu": {"zzz": "1"}},
        'service("one")',
        ["modelarts:profiles.eu.zzz is no setting of modelarts: known are endpoint, iamEndpoint"],
    ),
    "no object": (
        {"eu": {"region.name": "x"}},
        'service("one")',
        ["modelarts:profiles.eu.region must be a text"],
    ),
}


@pytest.mark.parametrize("case", list(MISTAKES))
def test_mistakes_are_reported_in_the_preview(case: str, stack: Stack, emulator: Emulator) -> None:
    profiles, program, expected = MISTAKES[case]
    for name, values in profiles.items():
        profile(stack, name, **values)
    stack.program(program)
    run = stack.preview()
    assert not run.ok
    for line in expected:
        assert line in run.diagnostics
    assert "Traceback" not in run.output
    if "profile: " in expected[0]:
        assert not stack.try_up().ok
    created = len(emulator.admin.requests("CreateService"))
    # In an update, what the name comes from is deployed before it is needed.
    assert created == (1 if case == "a name that is not known yet" else 0)


def test_credentials_in_clear_are_refused(stack: Stack) -> None:
    path = "modelarts:profiles.eu.secretKey"
    assert stack.run("config", "set", "--path", path, SECRET_KEY).ok
    stack.program('service("svc")')
    run = stack.preview()
    assert not run.ok
    assert "modelarts:profiles holds credentials in clear" in run.diagnostics
    assert f"`pulumi config set --secret --path '{path}'`" in run.diagnostics
    assert not stack.try_up().ok
    assert SECRET_KEY not in run.output
    assert SECRET_KEY not in str(stack.export())


def test_what_was_deployed_by_a_profile_needs_it_until_it_is_gone(
    stack: Stack, emulator: Emulator
) -> None:
    two(stack)
    stack.program(BOTH)
    stack.up()
    assert stack.run("config", "rm", "modelarts:profiles").ok
    stack.program('service("plain")')
    run = stack.try_up()
    assert not run.ok
    assert "what was deployed by a profile needs it until it is gone" in run.diagnostics
    two(stack)
    stack.up()
    assert where(emulator) == {"plain": PROJECT_ID}


def test_two_clouds_of_zstack(stack: Stack, emulator: Emulator) -> None:
    with Emulator(deploy_time=0.0) as other:
        for cloud, name in ((emulator, "near"), (other, "far")):
            centers = [{"uuid": name[0] * 32 if name == "far" else "a" * 32, "name": name}]
            cloud.admin.seed(zstack={"modelCenters": centers})
        profile(stack, "b", "zstack", endpoint=other.url)
        program = """
for name, profile in (("near", None), ("far", "b")):
    center = zstack.get_model_center(name=name, profile=profile)
    service(name, model_center_uuid=center.uuid, profile=profile)
"""
        stack.program(program, head=ZSTACK_HEAD)
        stack.up()
        assert [len(one.admin.resources("zstack")) for one in (emulator, other)] == [1, 1]
        assert book(stack, "far")["endpoint"] == other.url
        assert book(stack, "near")["endpoint"] == emulator.url
        assert stack.up("--expect-no-changes").unchanged
        assert stack.refresh("--expect-no-changes").unchanged
        # Another name for the same address is no move.
        profile(stack, "c", "zstack", endpoint=other.url)
        stack.program(program.replace('"b"', '"c"'), head=ZSTACK_HEAD)
        assert "replace" not in stack.preview().output
        stack.up()
        assert book(stack, "far")["profile"] == "c"
        stack.destroy()
        assert [one.admin.resources("zstack") for one in (emulator, other)] == [[], []]


def test_a_lookup_with_an_unknown_profile_ends_the_program(stack: Stack) -> None:
    profile(stack, "b", "zstack", endpoint="http://127.0.0.1:9")
    stack.program('zstack.get_zone(name="z", profile="c")', head=ZSTACK_HEAD)
    run = stack.preview()
    assert not run.ok
    assert "cannot look up a zone: profile: there is none of this name" in run.diagnostics
    assert "zstack:profiles, which has b" in run.diagnostics
