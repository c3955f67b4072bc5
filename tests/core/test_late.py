"""What the creating call cannot send, or not in its body: queries, maps with calls, marks, locks.

And objects that are seen late, documents that do not tell all, and calls that carry everything.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import synthetic
from synthetic import READY, World

from pulumi_modeldeploy.core import inputs, lifecycle, plan, wire
from pulumi_modeldeploy.core.checks import one_of
from pulumi_modeldeploy.core.declare import Declaration, NotRequired, NotRequiredMap, arg
from pulumi_modeldeploy.core.http import Call
from pulumi_modeldeploy.core.lock import CHANGE, DELETE, Lock
from pulumi_modeldeploy.core.table import Pairs, Sign, Step
from pulumi_modeldeploy.errors import AmbiguousError, ApiError, NotReady, Refused, Stopped

if TYPE_CHECKING:
    from pulumi_modeldeploy.core.operation import Operation
    from pulumi_modeldeploy.core.values import Values


class Vault(synthetic.Kiln):
    """A kiln with what comes late."""

    ward: NotRequired[str] = arg(default=None, query=True)
    tags: NotRequiredMap[str] = arg(default=None, removed={}, shared=True, late=True, step="tags")
    latch: NotRequired[str] = arg(
        default=None,
        checks=[one_of("open", "shut", "sealed")],
        removed="open",
        late=True,
        step="latch",
    )


VAULT = Declaration.of(Vault)
_PLACE = "/{realm}/kilns/{id}"
TAGS = Pairs(
    "tags",
    put=Call("SetTags", "PUT", f"{_PLACE}/tags", repeatable=True),
    drop=Call("DropTags", "DELETE", f"{_PLACE}/tags", repeatable=True),
    body=lambda pairs: {"tags": dict(pairs)},
    query=lambda keys: {"keys": ",".join(keys)},
)
LATCH = Lock(
    "latch",
    Call("SetLatch", "PUT", f"{_PLACE}/latch", repeatable=True),
    lambda level: {"latch": level},
    {"open": (), "shut": ("cool down", DELETE), "sealed": (CHANGE, "cool down", DELETE)},
)


@pytest.fixture
def vault(plain: World) -> World:
    """A cloud whose kilns have tags and latches."""
    goals = plain.table.goals
    plain.table = replace(
        plain.table,
        owner=Vault,
        steps=(*plain.table.steps, TAGS),
        lock=LATCH,
        goals={**goals, "off": replace(goals["off"], doing="cool down")},
    )
    return plain


def wanted(**changes: Any) -> Values:
    checked = inputs.check(VAULT, {"name": "oven", "heat": 3, **changes})
    assert not checked.problems
    return checked.values


def create(world: World, **changes: Any) -> tuple[str, Values]:
    identifier, state = lifecycle.create(world.operation(), wanted(**changes))
    world.server.journal.clear()
    world.server.requests.clear()
    return identifier, state


def update(world: World, made: tuple[str, Values], **changes: Any) -> Values:
    identifier, olds = made
    state = lifecycle.update(world.operation(), identifier, wanted(**changes), olds)
    assert plan.changes(world.table, state, wanted(**changes)) == []
    return state


def read(world: World, identifier: str, state: Values) -> Values:
    found = lifecycle.read(world.operation(), identifier, state)
    assert found is not None
    return found


def asked(world: World, operation: str) -> list[dict[str, str]]:
    """The queries of the calls of one operation."""
    pairs = zip(world.server.journal, world.server.requests, strict=True)
    urls = [str(request.url) for (name, _), request in pairs if name == operation]
    return [dict(parse_qsl(urlsplit(url).query)) for url in urls]


# --- arguments in the query ----------------------------------------------------------------------


def test_an_argument_of_the_query_is_not_in_the_body() -> None:
    values = wanted(ward="w1", latch="shut", tags={"a": "1"})
    assert wire.query(VAULT, values) == {"ward": "w1"}
    assert wire.body(VAULT, values) == {"name": "oven", "targetHeat": 3}
    assert wire.query(VAULT, values, only=["heat"]) == {}
    assert wire.query(VAULT, wanted()) == {}


def test_it_is_sent_read_and_changed_like_any_other(vault: World) -> None:
    identifier, state = lifecycle.create(vault.operation(), wanted(ward="w1"))
    assert asked(vault, "CreateKiln") == [{"ward": "w1"}]
    assert read(vault, identifier, state)["ward"] == "w1"
    state = update(vault, (identifier, state), ward="w2")
    assert (asked(vault, "RebuildKiln"), vault.server.calls("RebuildKiln")) == (
        [{"ward": "w2"}],
        [{}],
    )
    assert vault.server.only["ward"] == "w2"


def test_the_query_is_part_of_what_names_a_job() -> None:
    """Another query is another order."""
    world = World(by="client", jobs=synthetic.NAMED)
    world.table = replace(world.table, owner=Vault)
    op = world.operation()
    orders = [lifecycle._order(op, wanted(ward=ward)) for ward in ("w1", "w2", None)]
    assert len({op.job_of(order, 0) for order in orders}) == 3
    assert "query" not in orders[2]


# --- calls that carry everything -----------------------------------------------------------------


def whole(world: World) -> World:
    """Let the call of an update carry all of its arguments."""
    steps = (
        replace(one, whole=True) if isinstance(one, Step) and one.name == "update" else one
        for one in world.table.steps
    )
    world.table = replace(world.table, steps=tuple(steps))
    return world


def test_a_call_carries_what_differs_or_all_that_there_is(vault: World) -> None:
    rest: Values = {"ward": "w1", "recipe": {"a": 1}, "note": "of another call"}
    made = create(vault, **rest)
    made = made[0], update(vault, made, **rest, heat=4)
    update(whole(vault), made, **rest, heat=5)
    assert vault.server.calls("RebuildKiln") == [
        {"targetHeat": 4},
        {"targetHeat": 5, "recipe": {"a": 1}},
    ]
    assert asked(vault, "RebuildKiln") == [{}, {"ward": "w1"}]


def test_what_is_taken_away_is_sent_as_empty_beside_the_rest(vault: World) -> None:
    made = create(whole(vault), recipe={"a": 1})
    update(vault, made)
    assert vault.server.calls("RebuildKiln") == [{"targetHeat": 3, "recipe": {}}]


def test_nothing_is_sent_where_nothing_differs(vault: World) -> None:
    made = create(whole(vault), recipe={"a": 1}, ward="w1")
    update(vault, made, recipe={"a": 1}, ward="w1")
    assert vault.server.changing == []


# --- maps whose pairs have calls -----------------------------------------------------------------

PAIRS: dict[str, tuple[Any, dict[str, str], Any, list[tuple[str, Any]]]] = {
    "nothing said": (None, {"x": "9"}, None, []),
    "the first": (None, {"x": "9"}, {"a": "1"}, [("SetTags", {"a": "1"})]),
    "the same": ({"a": "1"}, {}, {"a": "1"}, []),
    "another value": ({"a": "1", "b": "2"}, {}, {"a": "3", "b": "2"}, [("SetTags", {"a": "3"})]),
    "an empty value": ({"a": "1"}, {}, {"a": ""}, [("SetTags", {"a": ""})]),
    "one less": ({"a": "1", "b": "2"}, {"x": "9"}, {"b": "2"}, [("DropTags", "a")]),
    "none": ({"a": "1", "b": "2"}, {"x": "9"}, {}, [("DropTags", "a,b")]),
    "nothing said any more": ({"a": "1"}, {"x": "9"}, None, [("DropTags", "a")]),
    "one for another": (
        {"a": "1"},
        {},
        {"b": "2"},
        [("DropTags", "a"), ("SetTags", {"b": "2"})],
    ),
    "one that is there": (None, {"x": "9"}, {"x": "9"}, []),
    "one that is there, changed": (None, {"x": "9"}, {"x": "8"}, [("SetTags", {"x": "8"})]),
}


def said(world: World) -> list[tuple[str, Any]]:
    """What was said about tags: operation, and pairs or keys."""
    pairs = zip(world.server.journal, world.server.requests, strict=True)
    found: list[tuple[str, Any]] = []
    for (name, sent), request in pairs:
        if name == "SetTags":
            found.append((name, sent["tags"]))
        elif name == "DropTags":
            found.append((name, dict(parse_qsl(urlsplit(str(request.url)).query))["keys"]))
    return found


@pytest.mark.parametrize("case", list(PAIRS))
def test_pairs_are_set_and_taken_away_as_they_differ(case: str, vault: World) -> None:
    before, others, after, calls = PAIRS[case]
    made = create(vault, tags=before)
    vault.server.only["tags"] = {**vault.server.only.get("tags", {}), **others}
    state = update(vault, made, tags=after)
    assert said(vault) == calls
    assert vault.server.only.get("tags", {}) == {**others, **(after or {})}
    found = read(vault, made[0], state)
    assert plan.changes(vault.table, found, wanted(tags=after)) == []


@pytest.mark.parametrize("fault", [synthetic.lost, synthetic.status(503), synthetic.truncated])
def test_answers_about_pairs_may_get_lost(fault: Any, vault: World) -> None:
    made = create(vault, tags={"b": "2", "c": "3"})
    tags = replace(TAGS, put=replace(TAGS.put, repeatable=False))
    vault.table = replace(vault.table, steps=(*vault.table.steps[:-1], tags))
    vault.server.faults = {"SetTags": [fault, fault]}
    state = update(vault, made, tags={"a": "1", "c": "3"})
    assert vault.server.only["tags"] == {"a": "1", "c": "3"}
    assert plan.changes(vault.table, read(vault, made[0], state), wanted(tags=state["tags"])) == []


def test_pairs_that_could_not_be_taken_away_are_remembered(vault: World) -> None:
    made = create(vault, tags={"a": "1", "b": "2"})
    vault.server.faults = {"DropTags": [synthetic.status(403)]}
    with pytest.raises(NotReady) as info:
        update(vault, made, tags={"b": "3"})
    assert info.value.state["tags"] == {"a": "1", "b": "2"}
    update(vault, (made[0], info.value.state), tags={"b": "3"})
    assert vault.server.only["tags"] == {"b": "3"}


def test_pairs_are_written_by_a_create_once_the_object_is_ready(vault: World) -> None:
    identifier, state = lifecycle.create(vault.operation(), wanted(tags={"a": "1"}, note="n"))
    assert vault.server.changing == ["CreateKiln", "SetTags"]
    assert (state["tags"], vault.server.only["tags"]) == ({"a": "1"}, {"a": "1"})
    assert read(vault, identifier, state)["tags"] == {"a": "1"}


SHOWN: dict[str, tuple[Any, Any, Any]] = {
    "with others'": ({"a": "1"}, {"a": "1", "x": "9"}, {"a": "1"}),
    "changed": ({"a": "1"}, {"a": "2"}, {"a": "2"}),
    "one is gone": ({"a": "1", "b": "2"}, {"b": "2"}, {"b": "2"}),
    "all are gone": ({"a": "1"}, {"x": "9"}, {}),
    "none shown": ({"a": "1"}, None, {}),
    "none set": ({}, {"x": "9"}, {}),
    "numbers": ({"a": "1"}, {"a": 1}, {"a": "1"}),
}


@pytest.mark.parametrize("case", list(SHOWN))
def test_a_shared_map_is_read_as_far_as_it_was_set(case: str) -> None:
    stored, shown, found = SHOWN[case]
    answer = {"name": "oven", "tags": shown}
    assert wire.read(VAULT, answer, {"name": "oven", "tags": stored})["tags"] == found
    assert "tags" not in wire.read(VAULT, answer, {"name": "oven"})
    assert "tags" not in wire.read(VAULT, answer, None)
    assert wire.read_shared(VAULT, answer) == ({"tags": shown} if shown else {})


# --- locks ---------------------------------------------------------------------------------------

LATCHES: dict[str, tuple[Values, Values, list[str]]] = {
    "set last": ({}, {"heat": 4, "latch": "sealed"}, ["RebuildKiln", "SetLatch"]),
    "lifted first": ({"latch": "sealed"}, {"heat": 4}, ["SetLatch", "RebuildKiln"]),
    "weakened first": (
        {"latch": "sealed"},
        {"latch": "shut", "heat": 4},
        ["SetLatch", "RebuildKiln"],
    ),
    "lifted before cooling": ({"latch": "shut"}, {"power": "off"}, ["SetLatch", "PowerKiln"]),
    "set after cooling": ({}, {"latch": "shut", "power": "off"}, ["PowerKiln", "SetLatch"]),
    "nothing to do": ({"latch": "shut"}, {"latch": "shut"}, []),
    "said to be open": ({}, {"latch": "open"}, []),
}


@pytest.mark.parametrize("case", list(LATCHES))
def test_a_lock_is_lifted_first_and_set_last(case: str, vault: World) -> None:
    before, after, calls = LATCHES[case]
    made = create(vault, **before)
    update(vault, made, **after)
    assert vault.server.changing == calls
    assert vault.server.only.get("latch", "open") == after.get("latch", "open")


def test_a_create_locks_when_all_else_is_done(vault: World) -> None:
    values = wanted(latch="sealed", tags={"a": "1"}, power="off")
    lifecycle.create(vault.operation(), values)
    assert vault.server.changing == ["CreateKiln", "SetTags", "PowerKiln", "SetLatch"]


FORBIDDEN: dict[str, tuple[Values, str]] = {
    "a change": ({"heat": 4}, "changed"),
    "an entry": ({"racks": ["r"]}, "changed"),
    "a pair": ({"tags": {"a": "1"}}, "changed"),
}


@pytest.mark.parametrize("case", list(FORBIDDEN))
def test_what_a_lock_forbids_is_not_sent(case: str, vault: World) -> None:
    change, done = FORBIDDEN[case]
    made = create(vault, latch="sealed")
    text = rf"kiln k-1 is locked \(latch sealed\) and cannot be {done}; that was not sent"
    with pytest.raises(NotReady, match=text):
        update(vault, made, latch="sealed", **change)
    assert vault.server.changing == []


def test_nor_are_goals_and_deletes(vault: World) -> None:
    identifier, state = create(vault, latch="shut")
    with pytest.raises(NotReady, match=r"cannot cool down; that was not sent. Give latch=\"open\""):
        update(vault, (identifier, state), latch="shut", power="off")
    with pytest.raises(Refused, match=r"cannot be deleted"):
        lifecycle.delete(vault.operation(), identifier, state)
    assert vault.server.changing == []
    vault.server.only["latch"] = "open"
    lifecycle.delete(vault.operation(), identifier, state)
    assert vault.server.kilns == {}


def test_a_lock_that_nobody_takes_is_given_up_and_stored(vault: World) -> None:
    made = create(vault)
    latch = replace(LATCH, call=replace(LATCH.call, repeatable=False))
    vault.table = replace(vault.table, lock=latch)
    vault.server.faults = {"SetLatch": [synthetic.status(503)] * 99}
    with pytest.raises(NotReady, match="SetLatch"):
        update(vault, made, latch="shut")
    assert len(vault.server.calls("SetLatch")) == 6


def test_a_lock_that_is_not_set_although_the_answer_says_so_is_told(vault: World) -> None:
    made = create(vault)
    vault.server.faults = {"SetLatch": [lambda _: synthetic.answer(200, {})] * 99}
    with pytest.raises(NotReady, match="kiln k-1 does not take latch shut on"):
        update(vault, made, latch="shut")
    assert len(vault.server.calls("SetLatch")) == 6


def test_a_lock_that_is_shown_late_is_waited_for(vault: World) -> None:
    made = create(vault)
    before = dict(vault.server.only)
    stale = [lambda _: synthetic.answer(200, before)] * 2
    vault.server.faults = {"ShowKiln": [lambda work: work(), *stale]}
    update(vault, made, latch="shut", heat=3)
    assert vault.server.calls("SetLatch") == [{"latch": "shut"}] * 2


def test_an_unknown_lock_forbids_nothing_that_we_know_of(vault: World) -> None:
    made = create(vault, latch="shut")
    vault.server.only["latch"] = "welded"
    update(vault, made, latch="shut", heat=4)
    assert vault.server.only["latch"] == "shut"


# --- marks that are written afterwards -----------------------------------------------------------


def sign(op: Operation, identifier: str) -> None:
    op.call(TAGS.put, {"tags": {"mark": op.identity.mark}}, id=identifier)


@pytest.fixture
def signed() -> World:
    """A cloud whose creating call takes no mark; objects are found by their name."""
    world = World(by="name")
    world.table = replace(
        world.table,
        owner=Vault,
        dress=lambda _, values: dict(values),
        mark_of=lambda document: (document.get("tags") or {}).get("mark", ""),
        sign=Sign(lambda _op, identifier: not identifier.startswith("own"), sign),
    )
    return world


def test_the_mark_comes_right_after_the_create(signed: World) -> None:
    lifecycle.create(signed.operation(), wanted())
    assert [name for name, _ in signed.server.journal][:3] == ["ShowKiln", "CreateKiln", "SetTags"]
    assert signed.table.mark_of(signed.server.only) == signed.operation().identity.mark


def test_it_is_not_written_where_it_is_not_due(signed: World) -> None:
    lifecycle.create(signed.operation(), wanted(name="own-oven"))
    assert signed.server.changing == ["CreateKiln"]


@pytest.mark.parametrize(
    "faults",
    [
        [synthetic.status(404)] * 3,
        [synthetic.lost],
        [synthetic.status(503)] * 2,
    ],
    ids=["not seen yet", "answer lost", "unavailable"],
)
def test_it_is_written_again_until_it_is(faults: list[Any], signed: World) -> None:
    signed.server.faults = {"SetTags": faults}
    lifecycle.create(signed.operation(), wanted())
    assert signed.server.calls("CreateKiln") == [signed.server.calls("CreateKiln")[0]]
    assert signed.table.mark_of(signed.server.only) == signed.operation().identity.mark


def test_an_object_that_cannot_be_marked_is_stored(signed: World) -> None:
    signed.server.faults = {"SetTags": [synthetic.status(403)]}
    with pytest.raises(NotReady, match="SetTags") as info:
        lifecycle.create(signed.operation(), wanted())
    assert (info.value.id, info.value.state["stamp"]) == ("oven", signed.server.only["stamp"])


@pytest.mark.parametrize("fault", [synthetic.lost, synthetic.truncated])
def test_it_is_written_on_what_came_of_a_lost_answer(fault: Any, signed: World) -> None:
    signed.server.faults = {"CreateKiln": [fault]}
    lifecycle.create(signed.operation(), wanted())
    assert signed.server.changing == ["CreateKiln", "SetTags"]
    assert signed.table.mark_of(signed.server.only) == signed.operation().identity.mark


def test_one_without_a_mark_is_nobodys(signed: World) -> None:
    signed.server.put(name="oven")
    with pytest.raises(Refused, match="it carries no mark"):
        lifecycle.create(signed.operation(), wanted())
    assert signed.server.changing == []


# --- objects that are seen late ------------------------------------------------------------------


def hidden(looks: int) -> list[Any]:
    """Answers to looks that come too early: the first one is that before the create."""
    return [lambda work: work(), *[synthetic.status(404)] * looks]


@pytest.mark.parametrize(("appears", "seen"), [(30.0, True), (0.0, False)])
def test_a_new_object_is_waited_for_where_it_takes_a_moment(
    appears: float, seen: bool, signed: World
) -> None:
    signed.table = replace(signed.table, ready=replace(READY, appears=appears))
    signed.server.faults = {"ShowKiln": hidden(3)}
    if seen:
        _, state = lifecycle.create(signed.operation(), wanted())
        assert state["status"] == "ACTIVE"
    else:
        with pytest.raises(Exception, match="kiln is gone; somebody else has deleted it"):
            lifecycle.create(signed.operation(), wanted())


@pytest.mark.parametrize(("appears", "kept"), [(30.0, True), (0.0, False)])
def test_what_is_not_seen_yet_is_stored_with_what_is_known(
    appears: float, kept: bool, signed: World
) -> None:
    signed.table = replace(signed.table, ready=replace(READY, appears=appears))
    signed.server.faults = {"ShowKiln": hidden(9), "SetTags": [synthetic.status(403)]}
    expected = NotReady if kept else ApiError
    with pytest.raises(expected, match="SetTags") as info:
        lifecycle.create(signed.operation(), wanted())
    if isinstance(info.value, NotReady):
        known = {**wanted(), "stamp": signed.server.only["stamp"]}
        assert (info.value.id, info.value.state) == ("oven", known)


def test_an_outage_does_not_cost_which_object_it_is(signed: World) -> None:
    """Somebody may make another one of its name before the next run."""
    identifier, state = lifecycle.create(signed.operation(), wanted())
    signed.server.faults = {
        "RebuildKiln": [synthetic.status(403)],
        "ShowKiln": [lambda work: work(), *[synthetic.status(503)] * 99],
    }
    op = signed.operation(state=state)
    with pytest.raises(NotReady) as info:
        lifecycle.update(op, identifier, wanted(heat=4), state)
    assert info.value.state["stamp"] == state["stamp"]
    assert "status" not in info.value.state


# --- what a document does not tell ---------------------------------------------------------------


@pytest.fixture
def quiet(vault: World) -> World:
    """A cloud where a cold kiln does not say how hot it is going to be."""

    def read_out(document: dict[str, Any]) -> dict[str, Any]:
        cold = document.get("status") == "COLD"
        return {**document, "targetHeat": 0} if cold else document

    vault.table = replace(
        vault.table,
        parse=read_out,
        silent=lambda document: ("heat",) if document["status"] == "COLD" else (),
    )
    return vault


def test_what_a_document_does_not_tell_is_what_was_set_last(quiet: World) -> None:
    identifier, state = create(quiet, power="off", heat=5)
    assert state["heat"] == 5
    found = read(quiet, identifier, state)
    assert found["heat"] == 5
    quiet.server.journal.clear()
    update(quiet, (identifier, found), power="off", heat=5)
    assert quiet.server.changing == []


def test_a_change_of_it_is_sent_once_an_answer_says_so(quiet: World) -> None:
    made = create(quiet, power="off", heat=5)
    quiet.server.faults = {"RebuildKiln": [synthetic.status(403)]}
    with pytest.raises(NotReady) as info:
        update(quiet, made, power="off", heat=6)
    assert info.value.state["heat"] == 5
    state = update(quiet, (made[0], info.value.state), power="off", heat=6)
    assert quiet.server.calls("RebuildKiln") == [{"targetHeat": 6}, {"targetHeat": 6}]
    assert (state["heat"], quiet.server.only["targetHeat"]) == (6, 6)


def test_nobody_knows_it_of_one_that_is_found_again(quiet: World) -> None:
    create(quiet, power="off", heat=5)
    lifecycle.create(quiet.operation(), wanted(power="off", heat=5))
    assert quiet.server.calls("RebuildKiln") == [{"targetHeat": 5}]


# --- states that lead to the goal ----------------------------------------------------------------


def test_a_state_that_leads_to_the_goal_needs_no_call(plain: World) -> None:
    settled = replace(plain.table.settled, until=(*plain.table.settled.until, "BUILDING"))
    made = create(plain)
    plain.server._build(plain.server.only)
    plain.table = replace(
        plain.table,
        settled=settled,
        goals={**plain.table.goals, "on": replace(plain.table.goals["on"], coming=("BUILDING",))},
    )
    values = {name: one for name, one in wanted().items() if name in plain.table.declaration.args}
    state = lifecycle.update(plain.operation(), made[0], values, made[1])
    assert (state["status"], plain.server.changing) == ("ACTIVE", [])


# --- looking again -------------------------------------------------------------------------------


@pytest.mark.parametrize("looks", [1, 2])
def test_what_is_shown_of_before_a_lost_call_does_not_have_it_sent_again(
    looks: int, plain: World
) -> None:
    """The call was taken up, and answers lag behind: amid what it began, another is refused."""
    identifier, state = create(plain)
    before = dict(plain.server.only)
    stale = [lambda _: synthetic.answer(200, before)] * looks
    plain.server.faults = {
        "RebuildKiln": [synthetic.lost],
        "ShowKiln": [lambda work: work(), *stale],
    }
    values = {
        name: one for name, one in wanted(heat=9).items() if name in plain.table.declaration.args
    }
    state = lifecycle.update(plain.operation(), identifier, values, state)
    assert plain.server.calls("RebuildKiln") == [{"targetHeat": 9}]
    assert (state["heat"], state["status"]) == (9, "ACTIVE")


@pytest.mark.parametrize("fault", [synthetic.status(503), synthetic.lost])
@pytest.mark.parametrize("repeatable", [True, False])
def test_a_delete_is_sent_until_it_is_taken_up(repeatable: bool, fault: Any, plain: World) -> None:
    plain.table = replace(plain.table, delete=replace(plain.table.delete, repeatable=repeatable))
    identifier, state = create(plain)
    plain.server.faults = {"DeleteKiln": [fault, fault]}
    lifecycle.delete(plain.operation(), identifier, state)
    assert plain.server.kilns == {}


def test_a_delete_that_nobody_takes_is_given_up(plain: World) -> None:
    plain.table = replace(plain.table, delete=replace(plain.table.delete, repeatable=False))
    identifier, state = create(plain)
    plain.server.faults = {"DeleteKiln": [synthetic.status(503)] * 99}
    with pytest.raises(AmbiguousError, match="DeleteKiln"):
        lifecycle.delete(plain.operation(), identifier, state)
    assert len(plain.server.calls("DeleteKiln")) == 6
    assert plain.server.only["status"] == "ACTIVE"


def test_a_delete_in_a_run_that_is_over_is_not_sent_again(plain: World) -> None:
    plain.table = replace(plain.table, delete=replace(plain.table.delete, repeatable=False))
    identifier, state = create(plain)
    alive = iter([True])
    op = plain.operation(alive=lambda: next(alive, False))
    plain.server.faults = {"DeleteKiln": [synthetic.status(503)]}
    with pytest.raises(Stopped):
        lifecycle.delete(op, identifier, state)
    assert len(plain.server.calls("DeleteKiln")) == 1
