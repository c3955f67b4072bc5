"""The verbs over the synthetic cloud, in every shape that it has."""

import re
from typing import Any, TypeAlias

import pytest
import requests
import synthetic
from synthetic import Work, World

from pulumi_modeldeploy.core import inputs, lifecycle, plan
from pulumi_modeldeploy.core.declare import Declaration
from pulumi_modeldeploy.core.values import Values
from pulumi_modeldeploy.errors import (
    ApiError,
    InvalidInputs,
    NotReady,
    Refused,
    Stopped,
    WaitFailed,
    WaitTimeout,
)

Successor: TypeAlias = tuple[World, str, Values]

WORKERS = [
    {"image": "a", "share": 70, "env": {"LEVEL": "1"}, "limits": {"cpu": 0.5, "gpu": 0}},
    {"image": "b", "share": 30},
]


def wanted(**changes: Any) -> Values:
    """Checked arguments of a kiln; `None` takes one away."""
    raw = {"name": "oven", "heat": 3, "workers": WORKERS, **changes}
    checked = inputs.check(Declaration.of(synthetic.Kiln), raw, (synthetic.SHARES,))
    assert not checked.problems
    return checked.values


def create(world: World, values: Values | None = None, **how: Any) -> tuple[str, Values]:
    return lifecycle.create(world.operation(**how), values or wanted())


def update(world: World, identifier: str, values: Values, olds: Values, **how: Any) -> Values:
    return lifecycle.update(world.operation(**how), identifier, values, olds)


def differs(world: World, state: Values, values: Values) -> list[str]:
    """Arguments that a diff of the state against the program shows."""
    return [one.name for one in plan.changes(world.table, state, values)]


# --- create, read, delete ------------------------------------------------------------------------


def test_create_sends_the_arguments_by_the_clouds_names_and_waits(world: World) -> None:
    identifier, state = create(world, wanted(note="hot", labels={"team": "x"}, zone="z9"))

    (sent,) = world.server.calls("CreateKiln")
    by_client = world.server.by == "client"
    mark = {} if by_client else {"mark": world.operation().identity.mark}
    assert sent == {
        "name": "oven",
        "zone": "z9",
        "targetHeat": 3,
        "note": "hot",
        "meta": {"labels": {"team": "x", **mark}},
        "workers": [
            {
                "image": "a",
                "sharePercent": 70,
                "environment": {"LEVEL": "1"},
                "resources": {"limits": {"cpu": 0.5, "gpuCount": 0}},
            },
            {"image": "b", "sharePercent": 30},
        ],
        **({"id": identifier} if by_client else {}),
    }
    assert state["status"] == "ACTIVE"
    assert state["labels"] == {"team": "x"}
    assert state["url"].startswith("https://kilns.invalid/")
    assert "colour" not in state
    assert world.time.at - 5000 >= world.server.build_seconds


def test_the_second_diff_after_a_create_is_empty(world: World) -> None:
    _, state = create(world)
    assert differs(world, state, wanted()) == []
    assert not plan.strays(world.table, state, wanted())


def test_the_diff_after_a_refresh_is_empty(world: World) -> None:
    identifier, state = create(world, wanted(labels={}, note="", timer=3))
    fresh = lifecycle.read(world.operation(), identifier, state)
    assert fresh is not None
    assert differs(world, fresh, wanted(labels={}, note="", timer=3)) == []


def test_a_refresh_shows_what_somebody_changed_and_nothing_else(world: World) -> None:
    identifier, state = create(world)
    world.server.only["targetHeat"] = 8
    world.server.only["note"] = "not ours"
    fresh = lifecycle.read(world.operation(), identifier, state)
    assert fresh["heat"] == 8
    assert differs(world, fresh, wanted()) == ["heat"]


def test_the_cloud_may_list_entries_in_any_order(world: World) -> None:
    identifier, state = create(world)
    world.server.only["workers"].reverse()
    fresh = lifecycle.read(world.operation(), identifier, state)
    assert differs(world, fresh, wanted()) == []


def test_an_object_that_is_gone_is_read_as_gone(world: World) -> None:
    identifier, state = create(world)
    world.server.kilns.clear()
    world.server.courses.clear()
    assert lifecycle.read(world.operation(), identifier, state) is None


def test_an_object_on_its_way_out_is_read_as_gone(world: World) -> None:
    identifier, state = create(world)
    world.server.only["status"] = "DELETING"
    assert lifecycle.read(world.operation(), identifier, state) is None


def test_read_without_a_state_takes_what_the_cloud_has(world: World) -> None:
    identifier, _ = create(world)
    found = lifecycle.read(world.operation(), identifier, None)
    assert found["heat"] == 3
    assert found["zone"] == "z0"
    assert [one["image"] for one in found["workers"]] == ["a", "b"]


def test_delete_waits_until_the_object_is_gone(world: World) -> None:
    identifier, _ = create(world)
    lifecycle.delete(world.operation(), identifier, {})
    assert world.server.kilns == {}


def test_delete_of_what_does_not_exist_is_done(world: World) -> None:
    lifecycle.delete(world.operation(), "k-404", {})
    assert world.server.changing == ["DeleteKiln"]


def test_delete_goes_on_with_an_interrupted_delete(world: World) -> None:
    identifier, _ = create(world)
    world.server.faults["DeleteKiln"] = [synthetic.lost, synthetic.status(409, "BUSY")]
    lifecycle.delete(world.operation(), identifier, {})
    assert world.server.kilns == {}


def test_a_delete_that_is_refused_is_an_error(world: World) -> None:
    identifier, _ = create(world)
    world.server.faults["DeleteKiln"] = [synthetic.status(403, "DENIED", "not yours")]
    with pytest.raises(ApiError, match=r"DeleteKiln: not yours \(HTTP 403, DENIED\)"):
        lifecycle.delete(world.operation(), identifier, {})
    assert world.server.only["status"] == "ACTIVE"


# --- update --------------------------------------------------------------------------------------

STEPS = {
    "nothing": ({}, []),
    "a word": ({"note": "x"}, [("AnnotateKiln", {"note": "x"})]),
    "a number": ({"heat": 4}, [("RebuildKiln", {"targetHeat": 4})]),
    "both, in the table's order": (
        {"heat": 4, "note": "x"},
        [("AnnotateKiln", {"note": "x"}), ("RebuildKiln", {"targetHeat": 4})],
    ),
    "the order of an unordered list": ({"workers": WORKERS[::-1]}, []),
    "an empty text for none": ({"note": ""}, []),
}


@pytest.mark.parametrize("case", list(STEPS))
def test_update_sends_what_differs(world: World, case: str) -> None:
    changes, calls = STEPS[case]
    identifier, state = create(world)
    world.server.journal.clear()
    state = update(world, identifier, wanted(**changes), state)
    changing = [(name, body) for name, body in world.server.journal if body is not None]
    assert changing == calls
    assert state["status"] == "ACTIVE"
    assert differs(world, state, wanted(**changes)) == []


REMOVALS = {
    "a text": ({"note": "x"}, {}, ("AnnotateKiln", "note", "")),
    "a list": ({}, {"workers": None}, ("RebuildKiln", "workers", [])),
    "an entry": (
        {},
        {"workers": [{**WORKERS[0], "share": 100}]},
        ("RebuildKiln", "workers", [{"image": "a", "sharePercent": 100}]),
    ),
    "a map in an entry": (
        {},
        {"workers": [{"image": "a", "share": 70}, WORKERS[1]]},
        ("RebuildKiln", "workers", [{"image": "a"}, {"image": "b"}]),
    ),
}


@pytest.mark.parametrize("case", list(REMOVALS))
def test_what_is_taken_away_is_taken_away_from_the_cloud(world: World, case: str) -> None:
    before, after, (operation, key, sent) = REMOVALS[case]
    identifier, state = create(world, wanted(**before))
    world.server.journal.clear()
    state = update(world, identifier, wanted(**after), state)
    assert world.server.changing == [operation]
    (body,) = world.server.calls(operation)
    if isinstance(sent, list):
        assert [one["image"] for one in body[key]] == [one["image"] for one in sent]
        assert body[key] == world.server.only[key]
    else:
        assert body[key] == sent
    assert "a map" not in case or "environment" not in world.server.only["workers"][0]
    assert differs(world, state, wanted(**after)) == []


def test_labels_of_a_kiln_keep_the_mark_when_they_change(plain: World) -> None:
    identifier, state = create(plain, wanted(labels={"team": "x"}))
    update(plain, identifier, wanted(labels={"team": "y"}), state)
    mark = plain.operation().identity.mark
    assert plain.server.only["meta"] == {"labels": {"team": "y", "mark": mark}}


def test_update_sends_nothing_where_the_cloud_has_it_already(world: World) -> None:
    identifier, state = create(world)
    world.server.only["targetHeat"] = 5
    world.server.journal.clear()
    update(world, identifier, wanted(heat=5), state)
    assert world.server.changing == []


def test_update_waits_out_what_is_under_way(world: World) -> None:
    identifier, state = create(world)
    kiln = world.server.only
    kiln["status"], world.server.courses[identifier] = (
        "BUILDING",
        [(world.time.at + 40, {"status": "ACTIVE"})],
    )
    update(world, identifier, wanted(heat=4), state)
    assert kiln["targetHeat"] == 4


def test_update_of_what_does_not_exist_says_what_to_do(world: World) -> None:
    with pytest.raises(Refused, match=r"kiln k-404 does not exist any more.*--refresh"):
        update(world, "k-404", wanted(), wanted())
    assert world.server.changing == []


def test_an_upgrade_that_the_cloud_rolled_back_is_a_failure(world: World) -> None:
    identifier, state = create(world)
    world.server.doom = "crack"
    with pytest.raises(NotReady, match=r"ACTIVE with its former configuration.*heat.*back") as info:
        update(world, identifier, wanted(heat=9), state)
    assert info.value.id == identifier
    assert info.value.state["heat"] == 3
    world.server.doom = ""
    assert update(world, identifier, wanted(heat=9), info.value.state)["heat"] == 9


def test_an_update_whose_answer_got_lost_goes_on(world: World) -> None:
    identifier, state = create(world)
    world.server.faults["RebuildKiln"] = [synthetic.lost]
    state = update(world, identifier, wanted(heat=4), state)
    assert state["status"] == "ACTIVE"
    assert world.server.only["targetHeat"] == 4
    assert world.server.only["version"] == 2


def test_a_start_whose_answer_got_lost_goes_on(world: World) -> None:
    identifier, state = create(world, wanted(power="off"))
    world.server.faults["PowerKiln"] = [synthetic.lost]
    state = update(world, identifier, wanted(), state)
    assert state["status"] == "ACTIVE"


def test_a_removed_argument_without_an_empty_value_is_left_alone_if_the_rule_is_off(
    plain: World,
) -> None:
    identifier, state = create(plain, wanted(timer=3))
    state = update(plain, identifier, wanted(), state, stack={"modeldeploy:skipRules": "x"})
    assert plain.server.only["timer"] == 3
    assert "timer" not in state


# --- what should run -----------------------------------------------------------------------------


def test_a_kiln_that_should_be_off_is_created_and_stopped(world: World) -> None:
    _, state = create(world, wanted(power="off"))
    assert state["status"] == "COLD"
    assert world.server.calls("PowerKiln") == [{"power": "off"}]


def test_stop_and_start(world: World) -> None:
    identifier, state = create(world)
    state = update(world, identifier, wanted(power="off"), state)
    assert state["status"] == "COLD"
    state = update(world, identifier, wanted(), state)
    assert state["status"] == "ACTIVE"
    assert world.server.calls("PowerKiln") == [{"power": "off"}, {"power": "on"}]


def test_a_configuration_changes_before_a_start(world: World) -> None:
    identifier, state = create(world, wanted(power="off"))
    world.server.journal.clear()
    update(world, identifier, wanted(heat=4), state)
    assert world.server.changing[0] == "RebuildKiln"
    assert world.server.only["status"] == "ACTIVE"


def test_a_kiln_that_somebody_stopped_shows_as_a_change_of_what_should_run(world: World) -> None:
    identifier, state = create(world)
    world.server.only["status"] = "COLD"
    fresh = lifecycle.read(world.operation(), identifier, state)
    assert fresh["power"] == "off"
    assert differs(world, fresh, wanted()) == ["power"]
    assert plan.strays(world.table, fresh, wanted())
    assert update(world, identifier, wanted(), fresh)["status"] == "ACTIVE"


def test_a_kiln_that_its_own_timer_stopped_is_no_drift(world: World) -> None:
    identifier, state = create(world, wanted(timer=3))
    world.server.only["status"] = "COLD"
    fresh = lifecycle.read(world.operation(), identifier, state)
    assert differs(world, fresh, wanted(timer=3)) == []
    assert not plan.strays(world.table, fresh, wanted(timer=3))


# --- failures and limits -------------------------------------------------------------------------


def test_a_failed_create_is_not_ready_with_state_and_reason(world: World) -> None:
    world.server.doom = "the clay cracked"
    with pytest.raises(NotReady) as info:
        create(world)
    (reason,) = info.value.reasons
    assert reason.startswith("kiln is BROKEN: the clay cracked")
    assert "It is stored with its id; `pulumi up` goes on with it." in reason
    assert info.value.id in world.server.kilns
    assert info.value.state["status"] == "BROKEN"
    assert info.value.state["heat"] == 3
    assert world.server.changing == ["CreateKiln"]


def test_the_next_run_revives_a_failed_one(world: World) -> None:
    world.server.doom = "the clay cracked"
    with pytest.raises(NotReady) as info:
        create(world)
    world.server.doom = ""
    state = update(world, info.value.id, wanted(), info.value.state)
    assert state["status"] == "ACTIVE"
    assert world.server.calls("PowerKiln") == [{"power": "on"}]


def test_a_custom_limit_ends_a_create_and_stores_it(world: World) -> None:
    world.server.build_seconds = 5000
    with pytest.raises(NotReady, match="kiln is still BUILDING after 60 s") as info:
        create(world, limit=60)
    assert world.time.at - 5000 == pytest.approx(60)
    assert info.value.state["status"] == "BUILDING"
    world.server.build_seconds = 10
    state = update(world, info.value.id, wanted(), info.value.state, limit=9000)
    assert state["status"] == "ACTIVE"


def test_the_tables_limit_counts_without_a_custom_one(plain: World) -> None:
    plain.server.build_seconds = 5000
    with pytest.raises(NotReady, match="kiln is still BUILDING after 1200 s"):
        create(plain)


def test_one_custom_limit_holds_for_all_waits_of_an_operation(plain: World) -> None:
    """30 s of building and 5 s of cooling do not fit into 32."""
    identifier, state = create(plain)
    started = plain.time.at
    with pytest.raises(NotReady, match="kiln is still COOLING after 32 s"):
        update(plain, identifier, wanted(heat=4, power="off"), state, limit=32)
    assert plain.time.at - started == pytest.approx(32)


def test_an_object_that_vanishes_while_it_is_made_is_not_stored(world: World) -> None:
    def vanish(work: Work) -> requests.Response:
        world.server.kilns.clear()
        world.server.courses.clear()
        return work()

    first_looks = [lambda work: work()] * 3
    world.server.faults["ShowKiln"] = [*first_looks, vanish]
    with pytest.raises(WaitFailed, match="gone"):
        create(world)
    assert world.server.kilns == {}


def test_a_mistake_that_a_policy_put_in_stops_before_any_call(world: World) -> None:
    values = {**wanted(), "heat": 99}
    with pytest.raises(InvalidInputs, match=r"heat: must be between 1 and 9.*A policy may have"):
        lifecycle.create(world.operation(), values)
    assert world.server.journal == []


def test_a_rule_that_is_off_is_off_in_create_too(plain: World) -> None:
    values = {**wanted(), "workers": [{"image": "a", "share": 20}]}
    create(plain, values, stack={"modeldeploy:skipRules": "shares, other"})
    assert plain.server.calls("CreateKiln")


def test_nothing_is_changed_once_the_run_is_over(world: World) -> None:
    with pytest.raises(Stopped):
        create(world, alive=lambda: False)
    assert world.server.changing == []


# --- jobs ----------------------------------------------------------------------------------------


@pytest.fixture(params=["server", "name", "client", "named"])
def jobs(request: pytest.FixtureRequest) -> World:
    if request.param == "named":
        return World(by="client", jobs=synthetic.NAMED)
    return World(by=request.param, jobs=synthetic.JOBS)


def test_a_job_is_followed_before_the_object_is_waited_for(jobs: World) -> None:
    create(jobs)
    names = [name for name, _ in jobs.server.journal]
    assert names.count("ShowJob") > 2
    last_job = len(names) - 1 - names[::-1].index("ShowJob")
    assert "ShowKiln" not in names[names.index("CreateKiln") : last_job]


def test_a_job_that_fails_says_why(jobs: World) -> None:
    jobs.server.faults["CreateKiln"] = [
        lambda _work: jobs.server._later(
            lambda: synthetic.answer(400, {"fault": {"code": "CLAY", "text": "no clay"}})
        )
    ]
    with pytest.raises(ApiError, match=r"no clay \(HTTP 400, CLAY\)"):
        create(jobs)


def test_a_job_that_fails_in_an_update_is_stored(jobs: World) -> None:
    identifier, state = create(jobs)
    jobs.server.faults["RebuildKiln"] = [
        lambda _work: jobs.server._later(
            lambda: synthetic.answer(400, {"fault": {"code": "CLAY", "text": "no clay"}})
        )
    ]
    with pytest.raises(NotReady, match="no clay") as info:
        update(jobs, identifier, wanted(heat=4), state)
    assert info.value.id == identifier


def test_a_job_that_never_ends_is_given_up(jobs: World) -> None:
    jobs.server.job_seconds = 5000
    with pytest.raises(Exception, match="after 120 s"):
        create(jobs)
    jobs.server.job_seconds = 1
    identifier, state = create(jobs)
    assert state["status"] == "ACTIVE"
    assert list(jobs.server.kilns) == [identifier]


# --- interrupted creates -------------------------------------------------------------------------

ACCIDENTS = {
    "the answer got lost": synthetic.lost,
    "the answer was cut": synthetic.truncated,
    "the answer was empty": synthetic.emptied,
    "the server said 500 afterwards": synthetic.failed_later(500),
    "the gateway said 504 afterwards": synthetic.failed_later(504),
}


@pytest.mark.parametrize("accident", list(ACCIDENTS))
def test_one_kiln_comes_of_a_create_with_an_accident(world: World, accident: str) -> None:
    world.server.faults["CreateKiln"] = [ACCIDENTS[accident]]
    identifier, state = create(world)
    assert list(world.server.kilns) == [identifier]
    assert world.server.changing == ["CreateKiln"]
    assert state["status"] == "ACTIVE"


NOTHING_DONE = {
    "server error": synthetic.status(503),
    "never answered": lambda _work: (_ for _ in ()).throw(requests.ReadTimeout()),
}


@pytest.mark.parametrize("accident", list(NOTHING_DONE))
def test_a_create_that_did_not_happen_is_sent_again(world: World, accident: str) -> None:
    world.server.faults["CreateKiln"] = [NOTHING_DONE[accident]]
    identifier, _ = create(world)
    assert list(world.server.kilns) == [identifier]
    names = [name for name, _ in world.server.journal]
    first, second = (index for index, name in enumerate(names) if name == "CreateKiln")
    assert {"ShowKiln", "ListKilns"} & set(names[first:second])


def test_a_create_that_nobody_answers_is_given_up_with_a_hint(world: World) -> None:
    world.server.faults["CreateKiln"] = [synthetic.status(503, text="overloaded")] * 9
    with pytest.raises(Refused, match=r"overloaded.*6 tries.*Run `pulumi up` again"):
        create(world)
    assert world.server.changing == ["CreateKiln"] * lifecycle.TRIES


def test_name_taken_as_the_answer_to_our_own_create_is_looked_at(world: World) -> None:
    """The first look may come too early: the cloud was still making it."""
    interrupted(world)
    if world.server.by == "server":
        world.server.faults["ListKilns"] = [lambda _work: synthetic.answer(200, {"kilns": []})]
    else:
        world.server.faults["ShowKiln"] = [synthetic.status(404)]
    identifier, state = create(world)
    assert world.server.changing == ["CreateKiln", "CreateKiln"]
    assert list(world.server.kilns) == [identifier]
    assert state["status"] == "ACTIVE"


def test_name_taken_by_a_stranger_is_an_error(plain: World) -> None:
    plain.server.put(name="oven")
    plain.server.faults["ListKilns"] = [lambda _work: synthetic.answer(200, {"kilns": []})]
    with pytest.raises((ApiError, Refused), match=r"taken|not this resource's"):
        create(plain)
    assert plain.server.only["status"] == "ACTIVE"


def test_a_killed_create_is_resumed_by_the_next_run(world: World) -> None:
    still = iter([True, True, True, False])
    with pytest.raises((NotReady, Stopped)):
        create(world, alive=lambda: next(still, False))
    world.time.at += 7
    identifier, state = create(world)
    assert list(world.server.kilns) == [identifier]
    assert state["status"] == "ACTIVE"
    (line,) = [line for line in world.row if line.startswith("resuming kiln")]
    assert re.search(rf"{identifier}, \d+ s old", line)


def interrupted(world: World, values: Values | None = None) -> None:
    """Leave a kiln behind that was made and became ready, with its state lost."""
    with pytest.raises((NotReady, WaitTimeout)):
        create(world, values, limit=1)
    world.time.at += 100


def test_what_is_resumed_is_brought_to_what_is_wanted(world: World) -> None:
    interrupted(world, wanted(note="old"))
    _, state = create(world, wanted(heat=4, note="new"))
    assert world.server.only["targetHeat"] == 4
    assert world.server.only["note"] == "new"
    assert differs(world, state, wanted(heat=4, note="new")) == []


def test_what_was_taken_away_since_is_taken_away_from_what_is_resumed(world: World) -> None:
    interrupted(world, wanted(note="old"))
    create(world, wanted())
    assert world.server.only.get("note", "") == ""


def test_what_was_taken_away_inside_an_entry_is_taken_away_from_what_is_resumed(
    world: World,
) -> None:
    interrupted(world)
    create(world, wanted(workers=[{"image": "a", "share": 70}, WORKERS[1]]))
    assert "environment" not in world.server.only["workers"][0]


def test_what_the_cloud_fills_in_by_itself_is_no_rollback_of_what_is_resumed(plain: World) -> None:
    """As ModelArts' show page does: a version's `pool_name` although only the service's was set."""
    plain.server.fills_in = {"environment": {"LANG": "C"}}
    interrupted(plain, wanted(workers=[{"image": "b", "share": 100}]))
    values = wanted(workers=[{"image": "b", "share": 100}])
    _, state = create(plain, values)
    assert state["status"] == "ACTIVE"
    assert differs(plain, state, values) == []


def test_what_the_cloud_fills_in_by_itself_is_no_drift(world: World) -> None:
    world.server.fills_in = {"environment": {"LANG": "C"}, "priority": 3}
    values = wanted(workers=[{"image": "b", "share": 100}])
    identifier, state = create(world, values)
    world.server.journal.clear()
    fresh = lifecycle.read(world.operation(), identifier, state)
    assert fresh is not None
    assert differs(world, fresh, values) == []
    update(world, identifier, values, fresh)
    assert world.server.changing == []


def test_a_ready_kiln_with_another_immutable_argument_is_refused_with_both_ways_out(
    world: World,
) -> None:
    interrupted(world, wanted(zone="z1"))
    create(world, wanted(zone="z1"))
    with pytest.raises(Refused, match=r"zone.*[Dd]elete it, or go back"):
        create(world, wanted(zone="z2"))
    assert world.server.only["zone"] == "z1"


def test_one_that_never_became_ready_is_made_anew_if_an_immutable_argument_changed(
    world: World,
) -> None:
    world.server.doom = "crack"
    with pytest.raises(NotReady):
        create(world, wanted(zone="z1"))
    world.server.doom = ""
    identifier, state = create(world, wanted(zone="z2"))
    assert list(world.server.kilns) == [identifier]
    assert world.server.only["zone"] == "z2"
    assert state["status"] == "ACTIVE"


def test_one_that_never_became_ready_is_made_anew_if_an_immutable_argument_was_taken_away(
    world: World,
) -> None:
    world.server.doom = "crack"
    with pytest.raises(NotReady):
        create(world, wanted(zone="z1"))
    world.server.doom = ""
    create(world, wanted())
    assert world.server.changing == ["CreateKiln", "DeleteKiln", "CreateKiln"]
    assert "zone" not in world.server.only


def test_what_the_cloud_implies_was_not_taken_away(world: World) -> None:
    interrupted(world, wanted())
    create(world, wanted())
    assert world.server.changing == ["CreateKiln"]


def test_one_that_is_being_deleted_is_waited_out_and_made_anew(world: World) -> None:
    identifier, _ = create(world)
    world.server.only["status"] = "DELETING"
    world.server.courses[identifier] = [(world.time.at + 20, None)]
    _, state = create(world)
    known = world.table.jobs is synthetic.NAMED  # the first one's job, which made what is gone
    assert world.server.changing == ["CreateKiln", "CreateKiln"] + ["CreateKiln"] * known
    assert state["status"] == "ACTIVE"


def test_one_that_is_deleted_again_and_again_ends_in_a_refusal(plain: World) -> None:
    """Somebody else makes and deletes kilns of this name all the time."""

    def haunted(_work: Work) -> requests.Response:
        kiln = plain.server.put(name="oven")
        plain.server._delete(kiln)
        return synthetic.answer(200, {"kilns": plain.server._named("oven")[:1]})

    plain.server.faults["ListKilns"] = [haunted] * 9
    with pytest.raises(Refused):
        create(plain)


def test_a_failed_one_of_an_interrupted_run_is_revived(world: World) -> None:
    world.server.doom = "crack"
    with pytest.raises(NotReady):
        create(world)
    world.server.doom = ""
    _, state = create(world)
    assert state["status"] == "ACTIVE"
    assert world.server.changing == ["CreateKiln", "PowerKiln"]


# --- what is not ours ----------------------------------------------------------------------------

STRANGERS = {
    "without a mark": ({}, "it carries no mark"),
    "with another mark": (
        {"meta": {"labels": {"mark": "0123456789ab"}}},
        "it carries the mark of another resource",
    ),
}


@pytest.mark.parametrize("by", ["server", "name"])
@pytest.mark.parametrize("stranger", list(STRANGERS))
def test_a_foreign_kiln_of_this_name_is_refused_and_not_touched(stranger: str, by: str) -> None:
    world = World(by=by)
    document, reason = STRANGERS[stranger]
    before = dict(world.server.put(name="oven", **document))
    with pytest.raises(Refused, match=reason):
        create(world)
    assert world.server.only == before
    assert world.server.changing == []


def test_another_resource_of_this_stack_is_a_stranger_too(plain: World) -> None:
    create(plain, urn="urn:kiln-a")
    with pytest.raises(Refused, match="the mark of another resource"):
        create(plain, urn="urn:kiln-b")


def test_one_that_a_renamed_resource_of_this_run_has_is_not_resumed(world: World) -> None:
    """An alias, and a new resource under the old name: the object is the renamed one's."""
    create(world)
    world.server.journal.clear()
    op = world.operation()
    op.kept_elsewhere = {op.identity.mark: "urn:renamed"}.__contains__
    with pytest.raises(Refused, match=r"in this run another resource has it.*not touched"):
        lifecycle.create(op, wanted())
    assert world.server.changing == []


def test_one_that_is_too_old_for_an_interrupted_run_is_refused(world: World) -> None:
    interrupted(world)
    world.time.at += 25 * 3600
    with pytest.raises(Refused, match=r"25 hours old, longer.*\(24 hours\).*resumeWithin"):
        create(world)
    assert world.server.changing == ["CreateKiln"]


def test_how_old_it_may_be_is_a_setting(world: World) -> None:
    interrupted(world)
    world.time.at += 25 * 3600
    _, state = create(world, stack={"modeldeploy:resumeWithin": "48"})
    assert state["status"] == "ACTIVE"


@pytest.fixture
def successor() -> Successor:
    """Addressed by name: somebody deleted our kiln and made another one of the same name."""
    world = World(by="name")
    identifier, state = create(world)
    world.server.kilns.clear()
    world.server.put(name=identifier)
    world.server.journal.clear()
    return world, identifier, state


def test_a_successor_of_our_object_is_read_as_gone(successor: Successor) -> None:
    world, identifier, state = successor
    assert lifecycle.read(world.operation(state=state), identifier, state) is None


def test_a_successor_of_our_object_is_not_updated(successor: Successor) -> None:
    world, identifier, state = successor
    with pytest.raises(Refused, match="does not exist any more"):
        lifecycle.update(world.operation(state=state), identifier, wanted(heat=4), state)
    assert world.server.changing == []


def test_a_successor_of_our_object_is_not_deleted(successor: Successor) -> None:
    world, identifier, state = successor
    lifecycle.delete(world.operation(state=state), identifier, {})
    assert world.server.changing == []
    assert world.server.only["status"] == "ACTIVE"


def test_our_own_object_is_deleted_by_name(successor: Successor) -> None:
    world, identifier, _ = successor
    mine = lifecycle.read(world.operation(), identifier, {"heat": 1})
    lifecycle.delete(world.operation(state=mine), identifier, {})
    assert world.server.kilns == {}
