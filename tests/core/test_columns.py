"""Free trees, nested arguments that no answer shows, what freezes, what is done with the former."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import synthetic
from synthetic import World

from pulumi_modeldeploy.core import inputs, lifecycle, plan, wire
from pulumi_modeldeploy.core.declare import Args, Declaration, NotRequiredList, arg
from pulumi_modeldeploy.core.values import UNKNOWN
from pulumi_modeldeploy.errors import NotReady, Refused

if TYPE_CHECKING:
    from pulumi_modeldeploy.core.values import Values

KILN = Declaration.of(synthetic.Kiln)


def wanted(**changes: Any) -> Values:
    """Checked arguments of a kiln; `None` takes one away."""
    checked = inputs.check(KILN, {"name": "oven", "heat": 3, **changes}, (synthetic.SHARES,))
    assert not checked.problems
    return checked.values


def create(world: World, values: Values) -> tuple[str, Values]:
    return lifecycle.create(world.operation(), values)


def update(world: World, identifier: str, values: Values, olds: Values) -> Values:
    return lifecycle.update(world.operation(), identifier, values, olds)


def differs(world: World, state: Values, values: Values) -> list[str]:
    return [one.name for one in plan.changes(world.table, state, values)]


# --- trees ---------------------------------------------------------------------------------------

TREE = {"some_key": {"anOther": [{"x_y": 1.0}, 2.5, "3", None, True]}, "": {}}


def test_a_tree_goes_onto_the_wire_as_it_is_but_for_whole_floats(plain: World) -> None:
    create(plain, wanted(recipe=TREE))
    (sent,) = plain.server.calls("CreateKiln")
    assert sent["recipe"] == TREE
    assert str(sent["recipe"]["some_key"]["anOther"][0]) == "{'x_y': 1}"


def test_a_tree_keeps_its_keys_in_the_state() -> None:
    state = KILN.to_state(wanted(recipe=TREE))
    assert state["recipe"] == TREE
    assert KILN.from_state(state)["recipe"] == TREE


@pytest.mark.parametrize("value", [[], "a", 1, True])
def test_a_tree_is_an_object(value: Any) -> None:
    (problem,) = inputs.check(KILN, {"name": "oven", "heat": 3, "recipe": value}).failures
    assert (problem.path, problem.text) == ("recipe", "must be an object")


def test_a_tree_may_be_unknown_anywhere() -> None:
    values = wanted(recipe={"a": [UNKNOWN], "b": UNKNOWN})
    assert values["recipe"] == {"a": [UNKNOWN], "b": UNKNOWN}


def test_a_change_deep_in_a_tree_is_a_change(plain: World) -> None:
    identifier, state = create(plain, wanted(recipe=TREE))
    assert differs(plain, state, wanted(recipe=TREE)) == []
    read = lifecycle.read(plain.operation(), identifier, state)
    assert read is not None
    assert differs(plain, read, wanted(recipe=TREE)) == []
    other = {"some_key": {"anOther": [{"x_y": 2.0}]}}
    assert differs(plain, state, wanted(recipe=other)) == ["recipe"]
    state = update(plain, identifier, wanted(recipe=other), state)
    assert plain.server.calls("RebuildKiln") == [{"recipe": other}]
    update(plain, identifier, wanted(), state)
    assert plain.server.calls("RebuildKiln")[1:] == [{"recipe": {}}]


# --- entries that answers show as objects --------------------------------------------------------


class Rack(Args):
    slots: NotRequiredList[str] = arg(default=None, wire="slotIds", picks="slotId", unordered=True)


@pytest.mark.parametrize("shown", [{"slotId": "a", "size": 1}, "a"])
def test_entries_are_picked_out_of_the_objects_that_answers_show(shown: Any) -> None:
    rack, answer = Declaration.of(Rack), {"slotIds": [shown, {"slotId": "b"}]}
    assert wire.read(rack, answer, {"slots": ["b", "a"]}) == {"slots": ["b", "a"]}
    assert wire.read(rack, answer, None) == {"slots": ["a", "b"]}
    assert wire.body(rack, {"slots": ["b"]}) == {"slotIds": ["b"]}


# --- nested arguments that no answer shows -------------------------------------------------------


def workers(**seals: str | None) -> list[Values]:
    """One worker per image, with its seal."""
    return [
        {"image": image, "share": 100 // len(seals), "seal": seal} for image, seal in seals.items()
    ]


def seals(values: Values) -> dict[str, Any]:
    return {one["image"]: one.get("seal") for one in values["workers"]}


def test_a_nested_argument_that_no_answer_shows_is_kept(plain: World) -> None:
    values = wanted(workers=workers(a="x", b=None))
    identifier, state = create(plain, values)
    read = lifecycle.read(plain.operation(), identifier, state)
    assert read is not None
    assert seals(read) == {"a": "x", "b": None}
    plain.server.journal.clear()
    update(plain, identifier, values, read)
    assert plain.server.changing == []


@pytest.mark.parametrize(
    "after",
    [workers(a="y", b=None), workers(a=None, b=None), workers(a="x", b="z"), workers(b="x", a="x")],
    ids=["changed", "removed", "added", "added, in another order"],
)
def test_a_change_of_a_nested_argument_that_no_answer_shows_is_sent(
    plain: World, after: list[Values]
) -> None:
    identifier, state = create(plain, wanted(workers=workers(a="x", b=None)))
    values = wanted(workers=after)
    state = update(plain, identifier, values, state)
    (sent,) = plain.server.calls("RebuildKiln")
    assert seals(sent) == seals(values)
    assert differs(plain, state, values) == []
    update(plain, identifier, values, state)
    assert len(plain.server.calls("RebuildKiln")) == 1


def test_an_update_that_was_rolled_back_is_sent_again_whole(plain: World) -> None:
    identifier, state = create(plain, wanted(workers=workers(a="x")))
    values = wanted(heat=9, workers=workers(a="y"))
    plain.server.doom = "crack"
    with pytest.raises(NotReady, match="rolled the change of heat back") as info:
        update(plain, identifier, values, state)
    assert seals(info.value.state) == {"a": "x"}
    plain.server.doom = ""
    update(plain, identifier, values, info.value.state)
    assert seals(plain.server.calls("RebuildKiln")[-1]) == {"a": "y"}


# --- what freezes --------------------------------------------------------------------------------


def freezes(olds: Values, news: Values) -> list[str]:
    """A note that ends in an exclamation mark is for ever."""
    old = olds.get("note") or ""
    return ["note"] if old.endswith("!") and news.get("note") != old else []


@pytest.mark.parametrize(
    ("old", "new", "replaced"),
    [
        ("a", "b", []),
        ("a", "a!", []),
        ("a!", "a!", []),
        ("a!", "a", ["note"]),
        ("a!", None, ["note"]),
        (None, "a!", []),
        ("a!", UNKNOWN, ["note"]),
    ],
)
def test_an_argument_freezes_by_its_value(
    plain: World, old: Any, new: Any, replaced: list[str]
) -> None:
    table = replace(plain.table, frozen=freezes)
    olds, news = wanted(note=old), wanted(note=new)
    assert plan.replacing(table, olds, news) == replaced
    assert plan.replacing(plain.table, olds, news) == []


def test_what_always_replaces_and_freezes_too_is_named_once(plain: World) -> None:
    table = replace(plain.table, frozen=lambda _olds, _news: ["zone", "note"])
    assert plan.replacing(table, wanted(zone="z1"), wanted(zone="z2")) == ["zone", "note"]


def test_a_ready_one_whose_frozen_argument_changed_is_not_resumed(plain: World) -> None:
    plain.table = replace(plain.table, frozen=freezes)
    create(plain, wanted(note="a!"))
    for note in ("b", None):
        with pytest.raises(Refused, match=r"another note.*not touched"):
            create(plain, wanted(note=note))


# --- what was done with the former configuration -------------------------------------------------


@pytest.fixture
def fired(plain: World) -> World:
    """A cloud where a kiln may be cold and done, unless it was made hotter since."""
    goal = replace(
        plain.table.goals["on"],
        satisfied=("ACTIVE", "COLD"),
        outdated=lambda document: (
            document["status"] == "COLD" and document["targetHeat"] > document.get("timer", 9)
        ),
    )
    plain.table = replace(plain.table, goals={**plain.table.goals, "on": goal})
    return plain


def done(world: World, values: Values) -> tuple[str, Values]:
    """A kiln that has cooled down."""
    identifier, _ = create(world, values)
    world.server.only["status"] = "COLD"
    state = lifecycle.read(world.operation(), identifier, values)
    assert state is not None
    assert state["status"] == "COLD"
    return identifier, state


def test_what_is_done_stays_done(fired: World) -> None:
    identifier, state = done(fired, wanted(timer=5))
    assert not plan.strays(fired.table, state, wanted(timer=5))
    state = update(fired, identifier, wanted(timer=5, note="new"), state)
    assert fired.server.calls("PowerKiln") == []
    assert state["status"] == "COLD"


@pytest.mark.parametrize("fault", [None, synthetic.lost])
def test_what_was_done_with_the_former_configuration_is_done_again(
    fired: World, fault: Any
) -> None:
    identifier, state = done(fired, wanted(timer=5))
    fired.server.only["targetHeat"] = 6  # an update whose run was killed before it started it
    if fault:
        fired.server.faults["PowerKiln"] = [fault]
    state = update(fired, identifier, wanted(timer=5, heat=6), state)
    assert state["status"] == "ACTIVE"
    assert fired.server.calls("PowerKiln") == [{"power": "on"}]
    assert "COLD with its former configuration, should be on" in fired.row


def test_what_should_be_off_is_not_done_again(fired: World) -> None:
    identifier, state = done(fired, wanted(timer=5))
    fired.server.only["targetHeat"] = 6
    update(fired, identifier, wanted(timer=5, heat=6, power="off"), state)
    assert fired.server.calls("PowerKiln") == []
