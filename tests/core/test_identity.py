"""Who a resource is. What is pinned here stands in every state and on every cloud object."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic import World

from pulumi_modeldeploy.core import identity
from pulumi_modeldeploy.core.identity import ChosenId, Identity, Naming, mark
from pulumi_modeldeploy.core.plan import Memory, fill_name
from pulumi_modeldeploy.modelarts.service import TABLE as MODELARTS

ACME = Identity("acme", "shop", "prod")
URN = "urn:pulumi:prod::shop::pulumi-python:dynamic/modelarts:Service::mnist"
CHILD = "urn:pulumi:prod::shop::app:Web$pulumi-python:dynamic/modelarts:Service::mnist"


def changed(**fields: Any) -> Identity:
    """ACME with other fields."""
    return Identity(**{**vars(ACME), **fields})


# --- the mark ------------------------------------------------------------------------------------


def test_the_mark_never_changes() -> None:
    """A golden value: with another one, no service out there would be known as ours."""
    assert mark(ACME, URN) == "1af1f7db8187"
    assert mark(ACME, URN, "team a") == "c20708db8187"
    assert mark(changed(generation=1), URN) == "1af1f7b22dea"
    assert mark(ACME, CHILD) == "1af1f72f2bba"


OTHERS: dict[str, tuple[Identity, str, str]] = {
    "another organisation": (changed(organization="acme2"), URN, ""),
    "another project": (changed(project="shop2"), URN, ""),
    "another stack": (changed(stack="dev"), URN, ""),
    "another owner": (ACME, URN, "team"),
    "another name": (ACME, URN + "2", ""),
    "another parent": (ACME, CHILD, ""),
    "another generation": (changed(generation=1), URN, ""),
    "names that run together": (changed(organization="acmes", project="hop"), URN, ""),
}


@pytest.mark.parametrize("case", list(OTHERS))
def test_another_resource_has_another_mark(case: str) -> None:
    assert mark(*OTHERS[case]) != mark(ACME, URN)


def test_where_it_lives_does_not_change_the_mark() -> None:
    assert mark(changed(region="eu", project_id="p"), URN) == mark(ACME, URN)


@given(st.text(max_size=9), st.text(max_size=9), st.text(max_size=9), st.integers(0, 99))
def test_a_mark_is_twelve_hex_digits(org: str, stack: str, urn: str, generation: int) -> None:
    found = mark(changed(organization=org, stack=stack, generation=generation), urn)
    assert re.fullmatch("[0-9a-f]{12}", found)


def test_the_first_half_of_a_mark_is_the_stacks() -> None:
    assert mark(ACME, URN)[:6] == mark(ACME, CHILD)[:6] == "1af1f7"
    assert mark(changed(stack="dev"), URN)[:6] != "1af1f7"


def test_an_identity_is_completed_with_its_mark() -> None:
    assert ACME.marked(URN, "team a") == changed(mark=mark(ACME, URN, "team a"))


# --- in the state --------------------------------------------------------------------------------


def test_the_state_spells_it_so() -> None:
    whole = changed(region="eu-de", project_id="p1", generation=2, mark="0123456789ab")
    assert whole.to_state() == {
        "organization": "acme",
        "project": "shop",
        "stack": "prod",
        "region": "eu-de",
        "projectId": "p1",
        "generation": 2,
        "mark": "0123456789ab",
        "schema": 1,
    }


@given(st.builds(Identity, *[st.text(max_size=5)] * 5, st.integers(0, 9), st.text(max_size=5)))
def test_an_identity_comes_back_from_the_state(one: Identity) -> None:
    assert Identity.from_state(one.to_state()) == one


def test_the_engine_hands_numbers_over_as_floats() -> None:
    found = Identity.from_state({**ACME.to_state(), "generation": 3.0, "schema": 1.0})
    assert (found.generation, found.schema) == (3, 1)
    assert [type(found.generation), type(found.schema)] == [int, int]


@pytest.mark.parametrize("name", list(vars(ACME)))
def test_an_old_state_may_lack_any_of_it(name: str) -> None:
    state = ACME.to_state()
    state.pop("projectId" if name == "project_id" else name, None)
    nothing = {"generation": 0, "schema": 1, "secrets": (), "unsure": ()}.get(name, "")
    assert Identity.from_state(state) == changed(**{name: nothing})


def test_paths_of_secrets_are_there_where_there_are_any() -> None:
    assert "secrets" not in ACME.to_state()
    hiding = changed(secrets=("config[0].envs.TOKEN",))
    assert hiding.to_state()["secrets"] == ["config[0].envs.TOKEN"]
    assert Identity.from_state(hiding.to_state()) == hiding


def test_an_endpoint_is_there_where_there_is_one() -> None:
    assert "endpoint" not in ACME.to_state()
    there = changed(endpoint="https://172.20.0.10:8080")
    assert there.to_state() == {**ACME.to_state(), "endpoint": "https://172.20.0.10:8080"}
    assert Identity.from_state(there.to_state()) == there
    assert Identity.from_state(ACME.to_state()).endpoint == ""


def test_a_profile_is_there_where_there_is_one() -> None:
    assert "profile" not in ACME.to_state()
    there = changed(profile="eu")
    assert there.to_state() == {**ACME.to_state(), "profile": "eu"}
    assert Identity.from_state(there.to_state()) == there
    assert Identity.from_state(ACME.to_state()).profile == ""
    assert there != ACME
    assert mark(there, URN) == mark(ACME, URN)


ELSEWHERE: dict[str, tuple[dict[str, Any], dict[str, Any], bool]] = {
    "the same": ({"region": "a"}, {"region": "a"}, False),
    "another region": ({"region": "a"}, {"region": "b"}, True),
    "another project": ({"project_id": "p"}, {"project_id": "q"}, True),
    "no region yet": ({}, {"region": "b"}, False),
    "no region any more": ({"region": "a"}, {}, False),
    "another profile": ({"profile": "x"}, {"profile": "y"}, False),
    "another endpoint": ({"endpoint": "x"}, {"endpoint": "y"}, False),
    "an endpoint at last": ({}, {"endpoint": "y"}, False),
    "another generation": ({}, {"generation": 1}, False),
}


@pytest.mark.parametrize("case", list(ELSEWHERE))
def test_where_it_lives_is_region_and_project(case: str) -> None:
    one, other, elsewhere = ELSEWHERE[case]
    assert changed(**one).lives_elsewhere(changed(**other)) is elsewhere


# --- ids that we choose --------------------------------------------------------------------------

CHOSEN = ChosenId("own", lambda text: f"<{text}>")


def test_ids_follow_from_the_mark() -> None:
    """Golden: with other texts, what an interrupted run left behind would not be found."""
    assert CHOSEN.all({}, "m") == ["<m>", "<m\n1>", "<m\n2>"]
    assert CHOSEN.all({"own": None}, "m") == CHOSEN.all({}, "m")


def test_a_given_id_is_the_only_one() -> None:
    assert CHOSEN.all({"own": "mine"}, "m") == ["mine"]


def test_the_schema_is_the_first() -> None:
    assert identity.SCHEMA == 1


# --- automatic names -----------------------------------------------------------------------------

ALLOWED = re.compile("[A-Za-z0-9_\u4e00-\u9fff-]{1,64}")
"""ModelArts: letters, Chinese characters, digits, - and _ (reference 2.1)."""


@given(st.text())
def test_an_automatic_name_fits_the_cloud_whatever_the_resource_is_called(name: str) -> None:
    assert MODELARTS.naming is not None
    found = MODELARTS.naming.automatic(name, "0123456789ab")
    assert found.endswith("-0123456789ab")
    assert ALLOWED.fullmatch(found)


NAMES = {
    "plain": ("mnist", "mnist-0123456789ab"),
    "with what is forbidden": ("my model/v2", "my-model-v2-0123456789ab"),
    "with it at the ends": ("/mnist/", "mnist-0123456789ab"),
    "nothing allowed": ("///", "service-0123456789ab"),
    "empty": ("", "service-0123456789ab"),
    "too long": ("m" * 80, "m" * 51 + "-0123456789ab"),
    "too long, cut at a dash": ("m" * 50 + "-" * 9 + "x", "m" * 50 + "-0123456789ab"),
    "Chinese": ("数字", "数字-0123456789ab"),
}


@pytest.mark.parametrize("case", list(NAMES))
def test_an_automatic_name_is_the_resources_name_and_the_mark(case: str) -> None:
    name, expected = NAMES[case]
    assert MODELARTS.naming is not None
    assert MODELARTS.naming.automatic(name, "0123456789ab") == expected


LOWERED = Naming("name", most=63, forbidden=r"^[^a-z]+|[^a-z0-9_]", joint="_", lowered=True)
JOINED = {
    "My-Model": "my_model_0123456789ab",
    "ABC": "abc_0123456789ab",
    "7b": "b_0123456789ab",
    "-7b": "b_0123456789ab",
    "__x__": "x_0123456789ab",
    "a" * 80: f"{'a' * 50}_0123456789ab",
    "///": "service_0123456789ab",
}


@pytest.mark.parametrize("name", list(JOINED))
def test_a_cloud_may_have_another_joint_and_lower_case_letters_only(name: str) -> None:
    assert LOWERED.automatic(name, "0123456789ab") == JOINED[name]


@given(st.text())
def test_such_a_name_fits_whatever_the_resource_is_called(name: str) -> None:
    found = LOWERED.automatic(name, "0123456789ab")
    assert re.fullmatch("[a-z][a-z0-9_]{2,62}", found)
    assert LOWERED.is_made_of(found, "0123456789ab")


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("x_0123456789ab", True),
        ("x-0123456789ab", False),
        ("x0123456789ab", False),
        ("x_0123456789ab_", False),
        ("x_ba9876543210", False),
        (None, False),
    ],
)
def test_a_name_tells_of_which_mark_it_is_made(name: str | None, made: bool) -> None:
    assert LOWERED.is_made_of(name, "0123456789ab") is made


@given(st.text(max_size=60), st.integers(14, 64))
def test_an_automatic_name_fits_any_length_that_has_room_for_a_mark(name: str, most: int) -> None:
    found = Naming("name", most, "[^a-z]").automatic(name, "0123456789ab")
    assert len(found) <= most or found == "service-0123456789ab"


def test_a_name_is_filled_in_only_where_none_is_given() -> None:
    table, values = World().table, {"name": "oven"}
    fill_name(table, "kiln", values, {}, "0123456789ab")
    assert values == {"name": "oven"}
    values = {}
    fill_name(table, "kiln", values, {}, "0123456789ab")
    assert values == {"name": "kiln-0123456789ab"}


def test_a_name_once_made_or_given_stays() -> None:
    """Removing the argument, renaming the stack or pinning the name changes nothing."""
    for old in ("kiln-ba9876543210", "oven"):
        values: dict[str, Any] = {"name": None}
        fill_name(World().table, "kiln", values, {"name": old}, "0123456789ab")
        assert values == {"name": old}


# --- generations ---------------------------------------------------------------------------------

OLD = changed(generation=4)


def test_the_first_generation_is_zero() -> None:
    assert Memory().generation(URN, None, delete_first=False) == 0


def test_an_existing_resource_keeps_its_generation() -> None:
    memory = Memory()
    assert memory.generation(URN, OLD, delete_first=False) == 4
    assert memory.generation(URN, OLD, delete_first=False) == 4


def test_a_replacement_that_leaves_the_old_one_alive_is_the_next_generation() -> None:
    memory = Memory()
    memory.generation(URN, OLD, delete_first=False)
    assert memory.generation(URN, None, delete_first=False) == 5


def test_a_replacement_that_deletes_first_stays_in_its_generation() -> None:
    memory = Memory()
    memory.generation(URN, OLD, delete_first=True)
    assert memory.generation(URN, None, delete_first=True) == 4


def test_a_replacement_of_what_is_gone_stays_in_its_generation() -> None:
    """An interrupted delete-first replacement: the new one may exist under this generation."""
    memory = Memory()
    memory.generation(URN, OLD, delete_first=False)
    memory.gone.add(URN)
    assert memory.generation(URN, None, delete_first=False) == 4


def test_generations_of_other_resources_do_not_matter() -> None:
    memory = Memory()
    memory.generation(URN, OLD, delete_first=False)
    assert memory.generation(CHILD, None, delete_first=False) == 0


def test_an_empty_check_forgets_that_the_old_one_was_kept() -> None:
    memory = Memory(kept={URN: "k1", CHILD: "k2"})
    memory.generation(URN, None, delete_first=False)
    assert memory.kept == {CHILD: "k2"}


# --- marks that moved ----------------------------------------------------------------------------


def test_a_mark_in_the_old_inputs_of_another_resource_is_known() -> None:
    """An alias: CHILD was URN before, and its object still carries URN's mark."""
    memory = Memory()
    memory.generation(CHILD, ACME.marked(URN, ""), delete_first=False)
    assert memory.has_elsewhere(URN, mark(ACME, URN))
    assert not memory.has_elsewhere(CHILD, mark(ACME, URN))
    assert not memory.has_elsewhere(URN, mark(ACME, CHILD))
