"""Adopting: what was there before is taken over as it is, and never without being asked to."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import synthetic
from synthetic import World

from pulumi_modeldeploy.core import adopt, inputs, lifecycle, plan, preflight
from pulumi_modeldeploy.core.declare import Declaration
from pulumi_modeldeploy.core.identity import Identity
from pulumi_modeldeploy.core.plan import Memory
from pulumi_modeldeploy.core.values import UNKNOWN
from pulumi_modeldeploy.errors import InvalidInputs, NotReady, Refused

if TYPE_CHECKING:
    from pulumi_modeldeploy.core.operation import Operation
    from pulumi_modeldeploy.core.values import Json, Values

THEIRS = "0123456789ab"
URN, OTHER = "urn:kiln", "urn:other"


def remark(op: Operation, identifier: str) -> None:
    labels = {**synthetic.labels_of(op.look(identifier) or {}), "mark": op.identity.mark}
    op.call(synthetic.ANNOTATE, {"meta": {"labels": labels}}, id=identifier)


def hint(identifier: str) -> str:
    return identifier[:8] + identifier[9:13] if identifier[14:15] == "5" else ""


class Kilns:
    """One cloud, and what is done with kilns of it that somebody else made."""

    def __init__(self, world: World) -> None:
        self.world, self.server = world, world.server
        chosen = world.table.chosen
        own = chosen and replace(chosen, hint=hint)
        world.table = replace(world.table, remark=remark, chosen=own)

    def put(self, **document: Any) -> str:
        """Have somebody else make a kiln; answers its id."""
        made = self.server.put(
            **{"name": "theirs", "targetHeat": 3, "note": "made by hand"} | document
        )
        return str(made["name"] if self.server.by == "name" else made["id"])

    def wanted(self, identifier: str, **changes: Any) -> Values:
        raw = {"heat": 3, "adopt": identifier, **changes}
        checked = inputs.check(Declaration.of(synthetic.Kiln), raw)
        assert not checked.problems
        return checked.values

    def operation(self, **how: Any) -> Operation:
        op = self.world.operation(**how)
        op.identity = replace(op.identity, adopted=True)
        return op

    def create(self, values: Values, **how: Any) -> tuple[str, Values]:
        return lifecycle.create(self.operation(**how), values, "oven")

    @property
    def mark(self) -> str:
        return self.world.operation().identity.mark


@pytest.fixture
def kilns(world: World) -> Kilns:
    return Kilns(world)


@pytest.fixture
def plain_kilns(plain: World) -> Kilns:
    return Kilns(plain)


def marked(mark: str) -> Json:
    return {"meta": {"labels": {"mark": mark, "team": "x"}}}


# --- what is left alone, and what is changed -----------------------------------------------------


@pytest.mark.parametrize("given", [{}, {"name": "theirs", "note": "made by hand", "zone": "z0"}])
def test_one_that_matches_is_left_alone(kilns: Kilns, given: Values) -> None:
    identifier = kilns.put()
    found, state = kilns.create(kilns.wanted(identifier, **given))
    assert found == identifier
    assert kilns.server.changing == []
    assert (state["name"], state["heat"], state["status"]) == ("theirs", 3, "ACTIVE")
    assert not {"adopt", "adopt_from"} & state.keys()


UPDATES: dict[str, tuple[Values, list[str], Json]] = {
    "what redeploys": ({"heat": 5}, ["RebuildKiln"], {"targetHeat": 5}),
    "what does not": ({"note": "new"}, ["AnnotateKiln"], {"note": "new"}),
    "both": ({"heat": 5, "note": "new"}, ["AnnotateKiln", "RebuildKiln"], {"note": "new"}),
    "what should run": ({"power": "off"}, ["PowerKiln"], {"status": "COLD"}),
    "what the cloud never shows": ({"glaze": "blue"}, ["RebuildKiln"], {"glaze": "blue"}),
}


@pytest.mark.parametrize("case", list(UPDATES))
def test_one_that_differs_is_updated_and_nothing_else_of_it(kilns: Kilns, case: str) -> None:
    given, calls, document = UPDATES[case]
    identifier = kilns.put(timer=7, meta={"labels": {"team": "x"}}, racks=["r"], zone="z7")
    _, state = kilns.create(kilns.wanted(identifier, **given))
    assert kilns.server.changing == calls
    kiln = kilns.server.only
    assert {name: kiln[name] for name in document} == document
    assert (kiln["timer"], kiln["racks"], kiln["zone"]) == (7, ["r"], "z7")
    assert synthetic.labels_of(kiln) == {"team": "x"}
    assert not {"timer", "racks", "zone", "labels"} & state.keys()


def test_a_mark_goes_along_with_what_is_written_anyway(plain_kilns: Kilns) -> None:
    identifier = plain_kilns.put(meta={"labels": {"team": "x"}})
    plain_kilns.create(plain_kilns.wanted(identifier, labels={"team": "y"}))
    labels = synthetic.labels_of(plain_kilns.server.only)
    assert labels == {"team": "y", "mark": plain_kilns.mark}


def test_what_nobody_can_look_at_is_believed_and_said(kilns: Kilns) -> None:
    identifier = kilns.put(door="left")
    _, state = kilns.create(kilns.wanted(identifier, door="right"))
    assert (kilns.server.changing, state["door"]) == ([], "right")
    (said,) = kilns.world.warnings
    assert "does not tell whether what is adopted was made with this door" in said


def test_later_runs_leave_the_name_alone_that_nobody_gave(kilns: Kilns) -> None:
    identifier = kilns.put()
    values = kilns.wanted(identifier)
    _, state = kilns.create(values)
    op = kilns.operation()
    assert plan.managed(op.table, op.identity, state, values).keys() == state.keys() - {"name"}
    changed = {**values, "heat": 4}
    state = lifecycle.update(kilns.operation(state=state), identifier, changed, state)
    assert kilns.server.calls("RebuildKiln") == [{"targetHeat": 4}]
    assert (state["name"], "adopt" in state) == ("theirs", False)
    fresh = lifecycle.read(kilns.operation(state=state), identifier, values)
    assert fresh is not None
    assert fresh["name"] == "theirs"


# --- whose it is ---------------------------------------------------------------------------------


def test_one_with_another_mark_is_refused_with_the_line_that_takes_it(kilns: Kilns) -> None:
    identifier = kilns.put(**marked(THEIRS))
    values = kilns.wanted(identifier)
    for more in ({}, {"adopt_from": "ba9876543210"}):
        with pytest.raises(Refused, match="the mark of another resource") as refused:
            kilns.create({**values, **more})
        line = f'adopt="{identifier}", adopt_from="{THEIRS}"'
        assert str(refused.value).endswith(line)
    assert kilns.server.changing == []


def test_whoever_says_from_whom_gets_it_and_writes_the_mark(kilns: Kilns) -> None:
    identifier = kilns.put(**marked(THEIRS))
    found, _ = kilns.create(kilns.wanted(identifier, adopt_from=THEIRS))
    assert found == identifier
    assert kilns.server.changing == ["AnnotateKiln"]
    assert synthetic.labels_of(kilns.server.only) == {"mark": kilns.mark, "team": "x"}


def test_an_answer_that_is_lost_writes_the_mark_all_the_same(kilns: Kilns) -> None:
    identifier = kilns.put(**marked(THEIRS))
    kilns.server.faults = {"AnnotateKiln": [synthetic.lost]}
    kilns.create(kilns.wanted(identifier, adopt_from=THEIRS))
    assert synthetic.labels_of(kilns.server.only)["mark"] == kilns.mark


def test_our_own_is_taken_however_old(kilns: Kilns) -> None:
    identifier = kilns.put(**marked(kilns.mark))
    kilns.world.time.at += 1000 * 3600
    assert kilns.create(kilns.wanted(identifier))[0] == identifier
    assert kilns.server.changing == []


def test_the_mark_in_an_id_counts_too() -> None:
    kilns = Kilns(World(by="client"))
    ours, theirs = (synthetic.CHOSEN.make(one) for one in (kilns.mark, THEIRS))
    for identifier in (ours, theirs):
        kilns.put(id=identifier, name=identifier[:8])
    assert kilns.create(kilns.wanted(ours))[0] == ours
    with pytest.raises(Refused) as refused:
        kilns.create(kilns.wanted(theirs))
    assert str(refused.value).endswith(f'adopt="{theirs}", adopt_from="{hint(theirs)}"')
    assert kilns.server.changing == []
    for giver in (THEIRS, hint(theirs)):
        assert kilns.create(kilns.wanted(theirs, adopt_from=giver))[0] == theirs
    labels = synthetic.labels_of(kilns.server.kilns[theirs])
    assert labels == {"mark": kilns.mark}


@pytest.mark.parametrize("which", ["kept_elsewhere", "held_elsewhere"])
def test_one_that_another_resource_of_the_run_has_is_refused(kilns: Kilns, which: str) -> None:
    identifier = kilns.put(**marked(kilns.mark))
    op = kilns.operation()
    setattr(op, which, lambda _: True)
    with pytest.raises(Refused, match=f"{identifier} is another resource's in this run"):
        lifecycle.create(op, kilns.wanted(identifier))
    assert kilns.server.changing == []


# --- what cannot be adopted ----------------------------------------------------------------------


def test_one_that_is_not_there_is_named(kilns: Kilns) -> None:
    with pytest.raises(Refused, match=r"there is no kiln nowhere to adopt .* remove `adopt`"):
        kilns.create(kilns.wanted("nowhere"))
    assert kilns.server.changing == []


def test_one_that_is_being_deleted_is_as_good_as_gone(kilns: Kilns) -> None:
    identifier = kilns.put()
    kilns.server.only["status"] = "DELETING"
    with pytest.raises(Refused, match=f"no kiln {identifier} to adopt .* it is being deleted"):
        kilns.create(kilns.wanted(identifier))
    assert kilns.server.changing == []


def test_what_only_a_new_one_can_have_is_named_with_both_ways_out(kilns: Kilns) -> None:
    identifier = kilns.put(zone="z1")
    values = kilns.wanted(identifier, zone="z2", name="mine", heat=7, note="new")
    if kilns.server.by == "client":
        values["kiln_uuid"] = "other"
    with pytest.raises(Refused) as refused:
        kilns.create(values)
    told = str(refused.value)
    assert 'name ("theirs" there), zone ("z1" there)' in told
    assert ("kiln_uuid" in told) is ("kiln_uuid" in values)
    assert re.search("heat|note", told) is None
    assert told.endswith("Write what is there, or remove `adopt` to have a new one")
    assert kilns.server.changing == []


def test_what_the_program_keeps_secret_is_not_quoted(kilns: Kilns) -> None:
    identifier = kilns.put(zone="z1")
    op = kilns.operation()
    op.identity = replace(op.identity, secrets=("zone",))
    with pytest.raises(Refused, match=r"it was not touched: zone\. Write"):
        lifecycle.create(op, kilns.wanted(identifier, zone="z2"))


def test_one_that_no_call_helps_is_refused(kilns: Kilns) -> None:
    kilns.world.table = replace(kilns.world.table, hopeless=("BROKEN",))
    identifier = kilns.put()
    kilns.server.only["status"] = "BROKEN"
    with pytest.raises(Refused, match="is broken, which no call leads out of"):
        kilns.create(kilns.wanted(identifier))
    assert kilns.server.changing == []


def test_one_that_failed_is_started_again(kilns: Kilns) -> None:
    identifier = kilns.put()
    kilns.server.only["status"] = "BROKEN"
    _, state = kilns.create(kilns.wanted(identifier))
    assert (kilns.server.changing, state["status"]) == (["PowerKiln"], "ACTIVE")


def test_one_that_is_not_ready_in_time_is_stored(kilns: Kilns) -> None:
    identifier = kilns.put()
    kilns.server.build_seconds = 1000
    with pytest.raises(NotReady) as stored:
        kilns.create(kilns.wanted(identifier, heat=5), limit=60)
    assert (stored.value.id, stored.value.state["status"]) == (identifier, "BUILDING")
    assert stored.value.state["heat"] == 5
    assert "adopt" not in stored.value.state


def test_what_a_policy_made_wrong_is_refused(kilns: Kilns) -> None:
    identifier = kilns.put()
    with pytest.raises(InvalidInputs, match="heat"):
        kilns.create({**kilns.wanted(identifier), "heat": 99})


# --- replacements --------------------------------------------------------------------------------


def test_what_this_run_deleted_is_made_anew_under_an_automatic_name(kilns: Kilns) -> None:
    op = kilns.operation()
    op.replaced = {"gone"}
    _, state = lifecycle.create(op, kilns.wanted("gone"), "oven")
    assert kilns.server.changing == ["CreateKiln"]
    assert state["name"] == kilns.server.only["name"] == f"oven-{kilns.mark}"


def test_the_successor_of_one_that_is_gone_is_resumed(kilns: Kilns) -> None:
    """An interrupted replacement deleted the adopted one and made the next."""
    op = kilns.world.operation()
    made, _ = lifecycle.create(
        op, plan.lasting(op.table, kilns.wanted("x", name=f"oven-{kilns.mark}"))
    )
    kilns.server.journal.clear()
    found, _ = kilns.create(kilns.wanted("gone"))
    assert found == made
    assert kilns.server.changing == []


def test_only_what_was_there_before_is_adopted() -> None:
    memory, old = Memory(), Identity("o", "p", "s", adopted=True)
    assert memory.adopts(URN, None, asked=True)
    assert not memory.adopts(URN, None, asked=False)
    assert memory.adopts(URN, old, asked=False)
    assert not memory.adopts(URN, replace(old, adopted=False), asked=True)
    memory.generation(URN, old, delete_first=True)
    assert not memory.adopts(URN, None, asked=True)
    memory.asked[URN] = "newly"
    assert memory.adopts(URN, None, asked=True)
    assert memory.adopts(OTHER, None, asked=True)


def test_an_object_has_one_holder_until_that_lets_go() -> None:
    memory = Memory()
    assert memory.holds(URN, "k1")
    assert memory.holds(URN, "k1")
    assert not memory.holds(OTHER, "k1")
    assert memory.holds(OTHER, "k2")
    memory.let_go(URN)
    assert memory.holders == {"k2": OTHER}
    assert memory.holds(OTHER, "k1")


def test_no_automatic_name_is_filled_in_for_what_has_one_already() -> None:
    table = World().table
    for olds, expected in (({}, {}), ({"name": "given"}, {"name": "given"})):
        values: Values = {}
        plan.fill_name(table, "oven", values, olds, "0123456789ab", adopted=True)
        assert values == expected


def test_what_counts_once_is_never_a_difference() -> None:
    table, old = World().table, {"heat": 3, "adopt": "a", "adopt_from": THEIRS}
    assert plan.changes(table, old, {"heat": 3}) == []
    assert plan.changes(table, {"heat": 3}, old) == []
    assert plan.once(table, old) == {"adopt": "a", "adopt_from": THEIRS}
    assert plan.lasting(table, old) == {"heat": 3}


# --- what stands in the way of a normal create ---------------------------------------------------


def in_the_way(kilns: Kilns, **document: Any) -> tuple[Refused, str]:
    identifier = kilns.put(name="oven", **document)
    with pytest.raises(Refused) as refused:
        lifecycle.create(kilns.world.operation(), {"name": "oven", "heat": 3, "power": "on"})
    assert kilns.server.changing == []
    return refused.value, identifier


@pytest.fixture(params=["server", "name"])
def named(request: pytest.FixtureRequest) -> Kilns:
    """Clouds in which a name is taken by one object at a time."""
    return Kilns(World(by=request.param))


def test_a_stranger_is_refused_with_the_line_that_adopts_it(named: Kilns) -> None:
    refused, identifier = in_the_way(named)
    assert str(refused).endswith(f'take that one over: adopt="{identifier}"')


def test_somebody_elses_is_refused_with_both_arguments(named: Kilns) -> None:
    refused, identifier = in_the_way(named, **marked(THEIRS))
    assert str(refused).endswith(f'over: adopt="{identifier}", adopt_from="{THEIRS}"')


def test_ours_that_is_too_old_is_refused_with_the_line(named: Kilns) -> None:
    named.world.time.at -= 25 * 3600
    identifier = named.put(name="oven", **marked(named.mark))
    named.world.time.at += 25 * 3600
    with pytest.raises(Refused) as refused:
        lifecycle.create(named.world.operation(), {"name": "oven", "heat": 3, "power": "on"})
    assert str(refused.value).endswith(f'take it over: adopt="{identifier}"')


def test_ours_whose_age_cannot_be_told_is_refused_with_the_line(named: Kilns) -> None:
    named.world.table = replace(named.world.table, age=lambda _op, _document: None)
    refused, identifier = in_the_way(named, **marked(named.mark))
    assert "its age cannot be told" in str(refused)
    assert str(refused).endswith(f'take it over: adopt="{identifier}"')


def test_a_given_id_that_is_taken_is_refused_with_the_line() -> None:
    kilns = Kilns(World(by="client"))
    made = synthetic.CHOSEN.make(THEIRS)
    for identifier, more in (("plain", ""), (made, f', adopt_from="{hint(made)}"')):
        kilns.put(id=identifier, name=identifier[:8])
        values = {"name": "oven", "heat": 3, "power": "on", "kiln_uuid": identifier}
        with pytest.raises(Refused) as refused:
            lifecycle.create(kilns.world.operation(), values)
        assert str(refused.value).endswith(f'take that one over: adopt="{identifier}"{more}')


# --- before anything happens ---------------------------------------------------------------------


class Preview:
    """A look at what is to be adopted, as a preview has it."""

    def __init__(self, kilns: Kilns, **settings: str) -> None:
        self.op = kilns.operation(stack=settings)
        self.op.looks = preflight.looks_of(
            self.op.table, self.op.settings, self.op.identity, self.op.client
        )
        self.row = kilns.world.row

    def judge(self, values: Values, *failing: str) -> tuple[list[str], Values | None]:
        asked = preflight.Asked(failing=failing)
        problems, there = preflight.adoption(self.op, values, asked)
        assert {one.path for one in problems} <= {"adopt"}
        return [one.text for one in problems], there


def test_a_preview_says_what_adopting_will_do(kilns: Kilns) -> None:
    identifier = kilns.put(zone="z1")
    texts, there = Preview(kilns).judge(kilns.wanted(identifier, heat=5, zone=UNKNOWN, door="d"))
    assert (texts, there) == ([], {"heat": 3, "power": "on", "door": "d", "adopt": identifier})
    assert kilns.world.row == [f"adopts kiln {identifier} and updates heat (zone: not known yet)"]


def test_a_preview_refuses_what_create_would(kilns: Kilns) -> None:
    identifier = kilns.put(**marked(THEIRS))
    op = kilns.operation()
    found = adopt.look(op, identifier)
    assert found is not None
    values = kilns.wanted(identifier)
    assert Preview(kilns).judge(values)[0] == [adopt.objection(op, values, found)]
    nowhere = kilns.wanted("nowhere")
    assert Preview(kilns).judge(nowhere) == ([adopt.missing(op, nowhere)], None)
    assert kilns.server.changing == []


UNASKED: dict[str, tuple[Values, dict[str, str], tuple[str, ...]]] = {
    "what is not known": ({"adopt": UNKNOWN}, {}, ()),
    "from whom is not known": ({"adopt_from": UNKNOWN}, {}, ()),
    "what is wrong anyway": ({}, {}, ("adopt",)),
    "what is turned off": ({}, {"modeldeploy:skipRules": "preflight-adopt"}, ()),
}


@pytest.mark.parametrize("case", list(UNASKED))
def test_a_preview_does_not_look(plain_kilns: Kilns, case: str) -> None:
    more, settings, failing = UNASKED[case]
    values = {**plain_kilns.wanted("nowhere"), **more}
    assert Preview(plain_kilns, **settings).judge(values, *failing) == ([], None)
    assert plain_kilns.server.journal == []


def test_a_preview_that_cannot_look_says_so_once(plain_kilns: Kilns) -> None:
    plain_kilns.server.faults = {"ShowKiln": [synthetic.status(401)]}
    preview = Preview(plain_kilns)
    for _ in range(2):
        assert preview.judge(plain_kilns.wanted("k")) == ([], None)
    (said,) = plain_kilns.world.warnings
    assert "the credentials are refused" in said
    assert len(plain_kilns.server.journal) == 1
