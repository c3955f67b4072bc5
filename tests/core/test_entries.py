"""Lists whose entries have calls of their own; arguments that no answer shows.

And tables without goals, states without a way out, objects that live at another address, outputs
that repeat secrets.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import synthetic
from synthetic import NAMED, READY, World

from pulumi_modeldeploy.core import inputs, lifecycle, plan
from pulumi_modeldeploy.core.declare import Declaration, NotRequiredList, arg
from pulumi_modeldeploy.core.identity import Identity
from pulumi_modeldeploy.core.operation import Operation
from pulumi_modeldeploy.core.values import Values
from pulumi_modeldeploy.errors import ApiError, NotReady, Refused, TransportError

KILN = Declaration.of(synthetic.Kiln)


@pytest.fixture(params=["plain", "jobs that we name"])
def world(request: pytest.FixtureRequest) -> World:
    return World() if request.param == "plain" else World(by="client", jobs=NAMED)


def wanted(**changes: Any) -> Values:
    checked = inputs.check(KILN, {"name": "oven", "heat": 3, **changes})
    assert not checked.problems
    return checked.values


def create(world: World, **changes: Any) -> tuple[str, Values]:
    identifier, state = lifecycle.create(world.operation(), wanted(**changes))
    world.server.journal.clear()
    world.server.requests.clear()
    return identifier, state


def update(world: World, made: tuple[str, Values], **changes: Any) -> Values:
    identifier, olds = made
    return lifecycle.update(world.operation(), identifier, wanted(**changes), olds)


def failed(world: World, made: tuple[str, Values], **changes: Any) -> tuple[str, Values]:
    """Update, which must fail; answers what is stored then."""
    with pytest.raises(NotReady) as info:
        update(world, made, **changes)
    assert info.value.id == made[0]
    return info.value.id, info.value.state


def differs(state: Values, values: Values, world: World) -> list[str]:
    return [one.name for one in plan.changes(world.table, state, values)]


def sent(world: World) -> list[tuple[str, Any]]:
    """What was said about entries: operation and entry, as it stands in the address."""
    pairs = zip(world.server.journal, world.server.requests, strict=True)
    verbs = ("AddRack", "DropRack", "AddVent", "DropVent")
    return [
        (name, str(request.url).rpartition("/")[2]) for (name, _), request in pairs if name in verbs
    ]


# --- entries -------------------------------------------------------------------------------------

ENTRIES: dict[str, tuple[Values, list[str], Values, list[tuple[str, str]]]] = {
    "nothing said, nothing there": ({}, [], {}, []),
    "nothing said about what others added": ({}, ["x"], {}, []),
    "the same": ({"racks": ["a"]}, [], {"racks": ["a"]}, []),
    "another order": ({"racks": ["a", "b"]}, [], {"racks": ["b", "a"]}, []),
    "one more": ({"racks": ["a"]}, [], {"racks": ["a", "b"]}, [("AddRack", "b")]),
    "one less": ({"racks": ["a", "b"]}, [], {"racks": ["b"]}, [("DropRack", "a")]),
    "one for another": (
        {"racks": ["a"]},
        [],
        {"racks": ["b"]},
        [("DropRack", "a"), ("AddRack", "b")],
    ),
    "all that were ours": ({"racks": ["a"]}, ["x"], {}, [("DropRack", "a")]),
    "an empty list": ({"racks": ["a"]}, ["x"], {"racks": []}, [("DropRack", "a")]),
    "the first": ({}, ["x"], {"racks": ["a"]}, [("AddRack", "a")]),
    "one that others have added": ({}, ["x"], {"racks": ["x"]}, []),
    "one that needs quoting": ({}, [], {"racks": ["a/b c"]}, [("AddRack", "a%2Fb%20c")]),
}


@pytest.mark.parametrize("case", list(ENTRIES))
def test_entries_of_a_shared_list_are_added_and_removed_as_they_differ(
    world: World, case: str
) -> None:
    before, foreign, after, calls = ENTRIES[case]
    made = create(world, **before)
    world.server.only.setdefault("racks", []).extend(foreign)
    state = update(world, made, **after)
    assert sent(world) == calls
    assert set(world.server.only["racks"]) == {*foreign, *after.get("racks", [])}
    assert differs(state, wanted(**after), world) == []
    assert set(state.get("racks") or []) == set(after.get("racks") or [])


def test_a_shared_list_is_read_without_what_others_added(world: World) -> None:
    identifier, state = create(world, racks=["a", "b"])
    world.server.only["racks"] = ["x", "b", "a"]
    fresh = lifecycle.read(world.operation(), identifier, state)
    assert fresh["racks"] == ["a", "b"]
    world.server.only["racks"] = ["x", "b"]
    fresh = lifecycle.read(world.operation(), identifier, state)
    assert fresh["racks"] == ["b"]
    assert differs(fresh, wanted(racks=["a", "b"]), world) == ["racks"]
    from_outside = lifecycle.read(world.operation(), identifier, None)
    assert from_outside["racks"] == ["x", "b"]


OWN: dict[str, tuple[Values, list[str], Values, list[tuple[str, str]]]] = {
    "nothing said": ({}, ["x"], {}, []),
    "the same": ({"vents": ["a"]}, [], {"vents": ["a"]}, []),
    "one more": ({"vents": ["a"]}, [], {"vents": ["a", "b"]}, [("AddVent", "b")]),
    "one less, by its key": ({"vents": ["a", "b"]}, [], {"vents": ["b"]}, [("DropVent", "v-a")]),
    "what others added": ({"vents": ["a"]}, ["x"], {"vents": ["a"]}, [("DropVent", "v-x")]),
    "all": ({"vents": ["a"]}, [], {}, [("DropVent", "v-a")]),
}


@pytest.mark.parametrize("case", list(OWN))
def test_entries_of_a_list_of_our_own_are_all_ours(world: World, case: str) -> None:
    before, foreign, after, calls = OWN[case]
    made = create(world, **before)
    world.server.only.setdefault("vents", []).extend(foreign)
    update(world, made, **after)
    assert sent(world) == calls
    if before or after:
        assert set(world.server.only["vents"]) == set(after.get("vents", []))
    else:
        assert world.server.only["vents"] == foreign


def test_adding_says_what_the_table_builds() -> None:
    world = World(by="client", jobs=NAMED)
    made = create(world)
    update(world, made, racks=["a"], vents=["b"])
    assert world.server.calls("AddRack") == [{"on": made[0], "rack": "a"}]
    assert world.server.calls("AddVent") == [{}]


def test_entries_stand_in_the_body_of_a_create(world: World) -> None:
    lifecycle.create(world.operation(), wanted(racks=["a"], vents=["b"]))
    (body,) = world.server.calls("CreateKiln")
    assert (body["racks"], body["vents"]) == (["a"], ["b"])
    assert sent(world) == []


@pytest.mark.parametrize("operation", ["AddRack", "DropRack", "AddVent", "DropVent"])
def test_a_lost_answer_about_an_entry_is_looked_at(world: World, operation: str) -> None:
    made = create(world, racks=["a"], vents=["a"])
    world.server.faults[operation] = [synthetic.lost]
    update(world, made, racks=["b", "c"], vents=["b", "c"])
    assert sorted(world.server.only["racks"]) == ["b", "c"]
    assert sorted(world.server.only["vents"]) == ["b", "c"]


def test_an_entry_that_somebody_else_has_taken_away_meanwhile_is_gone(world: World) -> None:
    made = create(world, racks=["a", "b"])

    def faster(work: synthetic.Work) -> Any:
        world.server.only["racks"].remove("a")
        return work()

    world.server.faults["DropRack"] = [faster]
    assert update(world, made, racks=["b"])["racks"] == ["b"]


def test_what_is_lost_again_and_again_is_stored_and_gone_on_with(world: World) -> None:
    made = create(world)
    world.server.faults["AddRack"] = [synthetic.failed_later(504), *[synthetic.status(504)] * 9]
    made = failed(world, made, racks=["a", "b"])
    del world.server.faults["AddRack"]
    assert update(world, made, racks=["a", "b"])["racks"] == ["a", "b"]
    assert world.server.only["racks"] == ["a", "b"]


BROKEN_STEPS = ["DropRack", "AddRack", "RebuildKiln", "AnnotateKiln"]


@pytest.mark.parametrize("operation", BROKEN_STEPS)
def test_an_entry_that_could_not_be_removed_is_still_ours(world: World, operation: str) -> None:
    made = create(world, racks=["a", "b"])
    world.server.only["racks"].append("x")
    world.server.faults[operation] = [synthetic.status(403, "DENIED")]
    change = {"racks": ["b", "c"], "heat": 5, "note": "new"}
    made = failed(world, made, **change)
    assert "x" not in made[1]["racks"]
    assert differs(made[1], wanted(**change), world)
    update(world, made, **change)
    assert sorted(world.server.only["racks"]) == ["b", "c", "x"]


def test_even_if_the_cloud_cannot_be_asked_what_became_of_it(world: World) -> None:
    made = create(world, racks=["a", "b"])
    world.server.faults["DropRack"] = [synthetic.status(403, "DENIED")]

    def cut(work: synthetic.Work) -> Any:
        return synthetic.answer(403) if world.server.calls("DropRack") else work()

    world.server.faults["ShowKiln"] = [cut] * 30
    made = failed(world, made, racks=["b"])
    world.server.faults.clear()
    update(world, made, racks=["b"])
    assert world.server.only["racks"] == ["b"]


class Deep(synthetic.Kiln):
    """Its answers show the entries inside an object."""

    vents: NotRequiredList[str] = arg(default=None, reads="air.vents", unordered=True, step="vents")


def test_entries_may_be_shown_inside_an_object(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    world.table = replace(world.table, owner=Deep)
    shown = world.server._shown

    def deep(kiln: Any) -> Any:
        document = shown(kiln).json()
        return synthetic.answer(200, {**document, "air": {"vents": kiln.get("vents") or []}})

    monkeypatch.setattr(world.server, "_shown", deep)
    made = create(world, vents=["a"])
    assert update(world, made, vents=["a", "b"])["vents"] == ["a", "b"]
    assert sent(world) == [("AddVent", "b")]


def test_an_entry_that_is_given_twice_is_added_once(world: World) -> None:
    made = create(world)
    update(world, made, racks=["a", "a"])
    assert sent(world) == [("AddRack", "a")]


# --- arguments that no answer shows --------------------------------------------------------------


def test_what_no_answer_shows_is_sent_and_kept(world: World) -> None:
    identifier, state = lifecycle.create(world.operation(), wanted(glaze="blue", door="oak"))
    (body,) = world.server.calls("CreateKiln")
    assert (body["glaze"], body["door"]) == ("blue", "oak")
    assert (state["glaze"], state["door"]) == ("blue", "oak")
    fresh = lifecycle.read(world.operation(), identifier, state)
    assert (fresh["glaze"], fresh["door"]) == ("blue", "oak")
    assert differs(fresh, wanted(glaze="blue", door="oak"), world) == []


def test_without_a_state_nobody_knows_it(world: World) -> None:
    identifier, _ = create(world, glaze="blue")
    fresh = lifecycle.read(world.operation(), identifier, None)
    assert not {"glaze", "door"} & set(fresh)


UNSEEN: dict[str, tuple[Values, Values, list[Any]]] = {
    "the same": ({"glaze": "blue"}, {"glaze": "blue"}, []),
    "nothing": ({}, {}, []),
    "changed": ({"glaze": "blue"}, {"glaze": "red"}, [{"coat": "red"}]),
    "added": ({}, {"glaze": "red"}, [{"coat": "red"}]),
    "taken away": ({"glaze": "blue"}, {}, [{"coat": "none"}]),
    "beside another": (
        {"glaze": "blue"},
        {"glaze": "red", "heat": 4},
        [{"targetHeat": 4, "coat": "red"}],
    ),
    "another alone": ({"glaze": "blue"}, {"glaze": "blue", "heat": 4}, [{"targetHeat": 4}]),
}


@pytest.mark.parametrize("case", list(UNSEEN))
def test_what_no_answer_shows_is_sent_as_it_differs_from_the_state(world: World, case: str) -> None:
    before, after, bodies = UNSEEN[case]
    made = create(world, **before)
    state = update(world, made, **after)
    assert world.server.calls("RebuildKiln") == bodies
    assert state.get("glaze") == after.get("glaze")
    assert world.server.only.get("glaze", "none") == after.get("glaze", "none")


def test_even_if_it_redeploys_it_is_no_rollback(world: World) -> None:
    """Nobody can see whether it has taken effect."""
    steps = [
        replace(one, redeploys=("heat", "glaze")) if one.name == "update" else one
        for one in world.table.steps
    ]
    world.table = replace(world.table, steps=tuple(steps))
    made = create(world, glaze="blue")
    assert update(world, made, glaze="red")["glaze"] == "red"
    assert len(world.server.calls("RebuildKiln")) == 1


@pytest.mark.parametrize("operation", ["AnnotateKiln", "RebuildKiln", "AddRack"])
def test_a_failed_update_keeps_what_was_set_last_and_the_next_sends_again(
    world: World, operation: str
) -> None:
    made = create(world, glaze="blue")
    world.server.faults[operation] = [synthetic.status(403, "DENIED")]
    change = {"glaze": "red", "note": "x", "racks": ["a"]}
    made = failed(world, made, **change)
    assert made[1]["glaze"] == "blue"
    assert "glaze" in differs(made[1], wanted(**change), world)
    state = update(world, made, **change)
    assert state["glaze"] == world.server.only["glaze"] == "red"
    assert world.server.calls("RebuildKiln")[-1] == {"coat": "red"}


def test_one_that_was_to_be_added_is_not_there_after_a_failure(world: World) -> None:
    made = create(world)
    world.server.faults["RebuildKiln"] = [synthetic.status(403, "DENIED")]
    made = failed(world, made, glaze="red")
    assert "glaze" not in made[1]
    assert update(world, made, glaze="red")["glaze"] == "red"


def test_a_create_that_failed_keeps_what_it_was_made_with(world: World) -> None:
    world.server.doom = "crack"
    with pytest.raises(NotReady) as info:
        lifecycle.create(world.operation(), wanted(glaze="blue", door="oak"))
    assert (info.value.state["glaze"], info.value.state["door"]) == ("blue", "oak")


def test_a_lost_answer_sends_what_no_answer_shows_once_more(world: World) -> None:
    """No look can tell whether it was taken, so it is sent until an answer says so."""
    made = create(world, glaze="blue")
    world.server.faults["RebuildKiln"] = [synthetic.lost]
    assert update(world, made, glaze="red")["glaze"] == "red"
    assert world.server.calls("RebuildKiln") == [{"coat": "red"}] * 2


# --- no goals, no way out ------------------------------------------------------------------------


@pytest.fixture
def aimless(world: World) -> World:
    """A cloud without a word for what should run."""
    world.table = replace(
        world.table, goals={}, ready=replace(READY, until=("ACTIVE",)), hopeless=("BROKEN",)
    )
    return world


def test_without_goals_an_update_waits_until_it_is_as_after_a_create(aimless: World) -> None:
    made = create(aimless)
    kiln = aimless.server.only
    kiln["status"] = "COLD"
    aimless.server.courses[made[0]] = [(aimless.time.at + 40, {"status": "ACTIVE"})]
    began = aimless.time.at
    assert update(aimless, made, note="x")["status"] == "ACTIVE"
    assert aimless.time.at - began >= 40


def test_without_goals_one_that_never_gets_there_is_not_ready(aimless: World) -> None:
    made = create(aimless)
    aimless.server.only["status"] = "COLD"
    with pytest.raises(NotReady, match="kiln is still COLD after 1200 s"):
        update(aimless, made, note="x")


def test_with_goals_the_goal_decides(world: World) -> None:
    made = create(world, power="off")
    assert update(world, made, power="off", note="x")["status"] == "COLD"


def test_one_without_a_way_out_is_stored_and_then_hopeless(aimless: World) -> None:
    assert not plan.is_hopeless(aimless.table, create(aimless)[1])
    aimless.server.kilns.clear()
    aimless.server.courses.clear()
    aimless.server.doom = "crack"
    with pytest.raises(NotReady, match="kiln is BROKEN: crack") as info:
        lifecycle.create(aimless.operation(), wanted())
    assert plan.is_hopeless(aimless.table, info.value.state)
    assert aimless.server.calls("PowerKiln") == []


def test_where_there_is_a_way_out_nothing_is_hopeless(world: World) -> None:
    assert not plan.is_hopeless(world.table, {"status": "BROKEN"})
    assert not plan.is_hopeless(world.table, {})


# --- deleting ------------------------------------------------------------------------------------


def test_a_delete_says_what_the_state_says(world: World) -> None:
    world.table = replace(world.table, delete_query=lambda state: {"door": state["door"]})
    identifier, state = create(world, door="oak")
    lifecycle.delete(world.operation(), identifier, state)
    urls = [str(request.url) for request in world.server.requests]
    (deleting,) = [url for url in urls if "?" in url]
    assert deleting.endswith(f"/kilns/{identifier}?door=oak")


def test_what_is_deleted_to_be_made_anew_says_what_it_is(world: World) -> None:
    world.table = replace(
        world.table, delete_query=lambda state: {"zone": str(state.get("zone")), "heat": "1"}
    )
    world.server.doom = "crack"
    with pytest.raises(NotReady):
        lifecycle.create(world.operation(), wanted(zone="z1"))
    world.server.doom = ""
    lifecycle.create(world.operation(), wanted(zone="z2"))
    assert [str(one.url) for one in world.server.requests if "?zone=z1&heat=1" in str(one.url)]


def test_a_delete_whose_answers_got_lost_is_looked_at(world: World) -> None:
    identifier, state = create(world)
    world.server.faults["DeleteKiln"] = [synthetic.failed_later(504)] * 6
    lifecycle.delete(world.operation(), identifier, state)
    assert world.server.kilns == {}


def test_a_delete_that_nobody_took_is_an_error(world: World) -> None:
    identifier, state = create(world)
    world.server.faults["DeleteKiln"] = [synthetic.status(504)] * 60
    with pytest.raises((ApiError, TransportError), match="HTTP 504"):
        lifecycle.delete(world.operation(), identifier, state)
    assert world.server.only["status"] == "ACTIVE"


def test_a_delete_whose_job_is_not_known_any_more_is_looked_at() -> None:
    world = World(by="client", jobs=NAMED)
    identifier, state = create(world)
    world.server.faults["ShowJob"] = [synthetic.status(404, "JOB-OVER")]
    lifecycle.delete(world.operation(), identifier, state)
    assert world.server.kilns == {}
    assert world.server.changing == ["DeleteKiln"]


# --- another address -----------------------------------------------------------------------------

HERE, THERE = "https://kilns.invalid", "https://other.invalid"


def at(world: World, endpoint: str, state: Values | None = None) -> Operation:
    """A verb of a resource whose object was seen at an endpoint."""
    op = world.operation(state=state)
    op.identity = replace(op.identity, endpoint=endpoint)
    return op


MISSING: dict[str, Callable[[Operation, str, Values], Any]] = {
    "read": lifecycle.read,
    "delete": lifecycle.delete,
}


@pytest.mark.parametrize("verb", list(MISSING))
def test_what_is_not_found_at_another_address_is_not_taken_for_gone(
    world: World, verb: str
) -> None:
    with pytest.raises(Refused, match=rf"kiln k9 was made at {THERE} and does not exist at {HERE}"):
        MISSING[verb](at(world, THERE), "k9", wanted())
    assert world.server.changing == []


@pytest.mark.parametrize("endpoint", ["", HERE], ids=["of an old state", "the same"])
@pytest.mark.parametrize("verb", list(MISSING))
def test_at_the_same_address_it_is_gone(world: World, verb: str, endpoint: str) -> None:
    assert MISSING[verb](at(world, endpoint), "k9", wanted()) is None


@pytest.mark.parametrize("endpoint", ["", HERE, THERE])
def test_what_is_found_is_the_same_wherever_it_was(world: World, endpoint: str) -> None:
    identifier, state = create(world)
    fresh = lifecycle.read(at(world, endpoint), identifier, state)
    assert fresh["status"] == "ACTIVE"
    lifecycle.delete(at(world, endpoint), identifier, state)
    assert world.server.kilns == {}


def test_what_is_on_its_way_out_is_gone_at_any_address(world: World) -> None:
    identifier, state = create(world)
    world.server.only["status"] = "DELETING"
    assert lifecycle.read(at(world, THERE), identifier, state) is None


def test_a_successor_at_another_address_is_not_ours() -> None:
    world = World(by="name")
    identifier, state = create(world)
    world.server.kilns.clear()
    world.server.put(name=identifier)
    for verb in MISSING.values():
        with pytest.raises(Refused, match="set the endpoint back"):
            verb(at(world, THERE, state), identifier, state)
    assert world.server.changing == []


def test_another_address_is_no_other_place() -> None:
    one, other = Identity("a", "b", "c", endpoint=HERE), Identity("a", "b", "c", endpoint=THERE)
    assert not one.lives_elsewhere(other)
    assert one.marked("urn:x", "").mark == other.marked("urn:x", "").mark
    assert one != other  # so that an update writes it down


# --- outputs that repeat secrets -----------------------------------------------------------------


def guarded(world: World, *secrets: str, state: Values | None = None) -> Operation:
    op = world.operation(state=state)
    op.identity = replace(op.identity, secrets=secrets)
    return op


def test_no_verb_repeats_a_secret_in_an_output(world: World) -> None:
    values = wanted(note="kilns.invalid")
    identifier, state = lifecycle.create(guarded(world, "note"), values)
    assert state["url"].startswith("https://***/")
    assert state["note"] == "kilns.invalid"  # the engine keeps the argument itself
    fresh = lifecycle.read(guarded(world, "note"), identifier, state)
    assert fresh["url"].startswith("https://***/")
    changed = {**values, "heat": 4}
    state = lifecycle.update(guarded(world, "note"), identifier, changed, state)
    assert state["url"].startswith("https://***/")
    world.server.faults["RebuildKiln"] = [synthetic.status(403, "DENIED")]
    with pytest.raises(NotReady) as info:
        lifecycle.update(guarded(world, "note"), identifier, {**values, "heat": 5}, state)
    assert info.value.state["url"].startswith("https://***/")


def test_without_secrets_outputs_stay(world: World) -> None:
    _, state = create(world, note="kilns.invalid")
    assert state["url"].startswith("https://kilns.invalid/")


@pytest.mark.parametrize("output", ["status", "stamp", "kiln_id"])
def test_what_the_verbs_read_back_is_never_hidden(output: str) -> None:
    world = World(by="name")
    identifier, state = create(world)
    values = wanted(note=state[output])
    state = lifecycle.update(guarded(world, "note"), identifier, values, state)
    fresh = lifecycle.read(guarded(world, "note", state=state), identifier, state)
    assert fresh is not None
    assert fresh[output] == state[output] != "***"
    assert not plan.strays(world.table, fresh, values)
    assert differs(fresh, values, world) == []


def test_a_secret_that_the_cloud_has_lost_hides_nothing_else(world: World) -> None:
    identifier, state = create(world, note="x", labels={"K": "kilns"})
    world.server.only["note"] = ""
    fresh = lifecycle.read(guarded(world, "note", "zone"), identifier, state)
    assert "note" not in fresh
    assert fresh["url"].startswith("https://kilns.invalid/")
