"""Adopting ZStack objects that somebody else made, over real HTTP against the emulator."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pulumi_modeldeploy.core import inputs, lifecycle, plan, preflight
from pulumi_modeldeploy.errors import Refused
from pulumi_modeldeploy.zstack import api

if TYPE_CHECKING:
    from conftest import Cloud

    from pulumi_modeldeploy.core.operation import Operation
    from pulumi_modeldeploy.core.values import Values

GIVEN = "a1b2c3d4e5f64a1b8c2d3e4f5a6b7c8d"
"""A uuid that was made of nobody's mark."""
OTHER = "urn:pulumi:prod::elsewhere::other::theirs"
HOUR = 3600


def made(cloud: Cloud, **changes: Any) -> str:
    """Have somebody else make an object; answers its uuid."""
    values = cloud.wanted(**{"name": "theirs", "resource_uuid": GIVEN, **changes})
    identifier, _ = cloud.create(values, urn=OTHER)
    cloud.forget()
    return identifier


def wanted(cloud: Cloud, identifier: str, **changes: Any) -> Values:
    return cloud.wanted(**{"name": None, "adopt": identifier, **changes})


def operation(cloud: Cloud, *about: Values, **how: Any) -> Operation:
    op = cloud.operation(*about, **how)
    op.identity = replace(op.identity, adopted=True)
    return op


def take(cloud: Cloud, values: Values, **how: Any) -> Values:
    identifier, state = lifecycle.create(operation(cloud, values, **how), values, "demo")
    assert identifier == values["adopt"]
    return state


def differs(cloud: Cloud, state: Values, values: Values) -> list[str]:
    return cloud.differs(
        plan.managed(cloud.table, operation(cloud).identity, state, values), values
    )


# --- left alone, or changed ----------------------------------------------------------------------


@pytest.mark.parametrize("given", [{}, {"name": "theirs", "resource_uuid": GIVEN}])
def test_one_that_matches_is_left_alone_and_stays_so(either: Cloud, given: Values) -> None:
    identifier = made(either, description="by hand", user_tags=["a"])
    values = wanted(either, identifier, **given)
    state = take(either, values)
    assert either.changes == []
    assert (state["name"], state["uuid"]) == ("theirs", identifier)
    assert differs(either, state, values) == []
    assert [one["tag"] for one in either.tags("userTags")] == ["a"]
    fresh = lifecycle.read(
        operation(either, values), identifier, plan.lasting(either.table, values)
    )
    assert fresh is not None
    assert differs(either, fresh, values) == []


def test_what_differs_is_sent_and_nothing_else(either: Cloud) -> None:
    identifier = made(either, user_tags=["a"])
    values = wanted(either, identifier, description="ours", user_tags=["b"])
    state = take(either, values)
    assert sorted(either.changes) == sorted(
        [either.table.steps[0].calls[0].operation, "CreateUserTag"]
    )
    assert (either.only["name"], either.only["description"]) == ("theirs", "ours")
    assert {one["tag"] for one in either.tags("userTags")} == {"a", "b"}
    assert differs(either, state, values) == []


def test_bound_models_are_those_of_the_program_if_it_names_any(cloud: Cloud) -> None:
    bound, other = "a" * 32, "b" * 32
    identifier = made(cloud, model_uuids=[bound])
    take(cloud, wanted(cloud, identifier))
    assert cloud.changes == []
    take(cloud, wanted(cloud, identifier, model_uuids=[other]))
    assert cloud.changes == ["UnbindModelFromService", "BindModelToService"]


def test_what_the_cloud_never_shows_is_sent_or_believed(running: Cloud) -> None:
    identifier = made(running, environment_variables={"A": "1"})
    values = wanted(running, identifier, environment_variables={"A": "2"}, cpu_num=9)
    state = take(running, values)
    (body,) = running.bodies("UpdateModelServiceInstanceGroup")
    assert body == {"updateModelServiceInstanceGroup": {"environmentVariables": {"A": "2"}}}
    assert state["cpu_num"] == 9
    assert "was made with this zone_uuid, docker_image, cpu_num" in "".join(running.warnings)


def test_a_failed_deployment_is_refused(running: Cloud) -> None:
    identifier = made(running)
    running.admin.fail(identifier, "no memory")
    with pytest.raises(Refused, match="is Error, which no call leads out of"):
        take(running, wanted(running, identifier))
    assert running.changes == []


# --- marks ---------------------------------------------------------------------------------------


def marks(cloud: Cloud) -> set[str]:
    """The marks that are written on objects."""
    texts = (one["tag"] for one in cloud.tags("userTags"))
    return {text.removeprefix("modeldeploy::") for text in texts if "::" in text}


def tag(cloud: Cloud, identifier: str, mark: str) -> None:
    """Write a mark, as a resource does that was renamed."""
    op = operation(cloud, urn=OTHER)
    op.identity = replace(op.identity, mark=mark)
    cloud.table.remark(op, identifier)
    cloud.forget()


def test_one_whose_uuid_is_of_another_mark_needs_a_word(either: Cloud) -> None:
    identifier = made(either, resource_uuid=None)
    theirs = either.operation(urn=OTHER).identity.mark
    assert identifier == api.uuid_of(theirs)
    with pytest.raises(Refused, match="the mark of another resource") as refused:
        take(either, wanted(either, identifier))
    line = f'adopt="{identifier}", adopt_from="{identifier[:12]}"'
    assert str(refused.value).endswith(line)
    assert either.changes == []
    for giver in (theirs, identifier[:12]):
        take(either, wanted(either, identifier, adopt_from=giver))
    assert either.changes == ["CreateUserTag"]
    own = either.operation().identity.mark
    assert marks(either) == {own}
    either.forget()
    take(either, wanted(either, identifier))
    assert either.changes == []


def test_one_with_a_written_mark_needs_a_word(either: Cloud) -> None:
    identifier, theirs = made(either), "0123456789ab"
    tag(either, identifier, theirs)
    with pytest.raises(Refused) as refused:
        take(either, wanted(either, identifier))
    assert str(refused.value).endswith(f'adopt="{identifier}", adopt_from="{theirs}"')
    assert (either.changes, marks(either)) == ([], {theirs})
    take(either, wanted(either, identifier, adopt_from=theirs))
    assert marks(either) == {either.operation().identity.mark}


def test_the_former_owner_makes_a_new_one(either: Cloud) -> None:
    """A create passes over ids whose object carries another's mark."""
    identifier = made(either, resource_uuid=None)
    take(either, wanted(either, identifier, adopt_from=identifier[:12]))
    again, _ = either.create(either.wanted(name="theirs"), urn=OTHER)
    assert again != identifier


def test_our_own_is_taken_however_old(either: Cloud) -> None:
    identifier, _ = either.create(either.wanted())
    either.time.sleep(25 * HOUR)
    either.forget()
    with pytest.raises(Refused, match="25 hours old") as refused:
        either.create(either.wanted())
    line = f'adopt="{identifier}"'
    assert str(refused.value).endswith(line)
    take(either, wanted(either, identifier))
    assert (either.changes, marks(either)) == ([], set())


# --- refused -------------------------------------------------------------------------------------


@pytest.mark.parametrize("uuid", [GIVEN, None], ids=["nobody's", "another's"])
def test_the_line_of_a_refusal_adopts_the_object(either: Cloud, uuid: str | None) -> None:
    identifier = made(either, resource_uuid=uuid)
    normal = either.wanted(name="theirs", resource_uuid=identifier)
    with pytest.raises(Refused, match="has this resource_uuid already") as refused:
        either.create(normal)
    assert either.changes == []
    line = re.search(r'adopt="([^"]+)"(?:, adopt_from="([^"]+)")?$', str(refused.value))
    assert line is not None
    assert (line[1], bool(line[2])) == (identifier, uuid is None)
    values = {**normal, "adopt": line[1]} | ({"adopt_from": line[2]} if line[2] else {})
    assert differs(either, take(either, values), normal) == []


def test_what_is_not_there_is_named(either: Cloud) -> None:
    with pytest.raises(Refused, match=f"there is no {either.table.kind} {GIVEN} to adopt"):
        take(either, wanted(either, GIVEN))
    assert either.changes == []


def test_what_only_a_new_one_can_have_is_refused(cloud: Cloud) -> None:
    identifier = made(cloud)
    values = wanted(cloud, identifier, install_path="/other", start_command="other")
    told = 'install_path ("file:///opt/demo" there). Write what is there, or remove `adopt`'
    with pytest.raises(Refused, match=re.escape(f"it was not touched: {told}")):
        take(cloud, values)
    assert cloud.changes == []


WRONG: dict[str, tuple[Values, str, str]] = {
    "another uuid": (
        {"adopt": GIVEN, "resource_uuid": GIVEN.replace("a", "b")},
        "adopt",
        "must be the same uuid as resource_uuid",
    ),
    "alone": (
        {"adopt_from": "0123456789ab"},
        "adopt_from",
        "is given only together with adopt",
    ),
    "no mark": (
        {"adopt": GIVEN, "adopt_from": "0123456789AB"},
        "adopt_from",
        "must be the 12 hex digits of a mark",
    ),
    "no uuid": ({"adopt": "a-b"}, "adopt", "must be a uuid as ZStack writes it"),
}


@pytest.mark.parametrize("case", list(WRONG))
def test_what_is_malformed_is_a_mistake_at_its_path(case: str, either: Cloud) -> None:
    more, path, text = WRONG[case]
    raw = {**either.base, **more}
    found = inputs.check(either.table.declaration, raw, either.table.rules)
    assert [one.path for one in found.failures] == [path]
    assert text in found.failures[0].text


def test_a_replacement_of_a_given_uuid_makes_that_uuid_again(cloud: Cloud) -> None:
    """The run deletes the adopted one first; the program still asks for it."""
    identifier = made(cloud)
    cloud.delete(identifier, {})
    values = cloud.wanted(resource_uuid=identifier, adopt=identifier, install_path="/new")
    again, state = lifecycle.create(cloud.operation(values), values, "demo")
    assert again == identifier
    assert differs(cloud, state, values) == []


# --- before anything happens ---------------------------------------------------------------------


def test_a_preview_looks_although_there_is_no_preflight(either: Cloud) -> None:
    identifier = made(either)
    for uuid, expected in ((identifier, []), ("f" * 32, ["adopt"])):
        op = operation(either, wanted(either, uuid))
        op.looks = preflight.looks_of(op.table, op.settings, op.identity, op.client)
        problems, _ = preflight.adoption(op, wanted(either, uuid), preflight.Asked())
        assert [one.path for one in problems] == expected
    assert either.changes == []


def test_what_is_read_from_outside_has_all_tags(cloud: Cloud) -> None:
    identifier = made(cloud, user_tags=["a", "b"])
    op = cloud.operation()
    op.about = None
    state = lifecycle.read(op, identifier, None)
    assert state is not None
    assert sorted(state["user_tags"]) == ["a", "b"]
    assert state["name"] == "theirs"
