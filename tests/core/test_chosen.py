"""Creating under an id that we choose and a job that we name: one object, whatever happens."""

from typing import Any

import pytest
import requests
import synthetic
from synthetic import Work, World, answer
from test_jobs import LoggedIn, ends, fault

from pulumi_modeldeploy.core import inputs, lifecycle
from pulumi_modeldeploy.core.declare import Declaration
from pulumi_modeldeploy.core.values import Values
from pulumi_modeldeploy.errors import ApiError, JobFailed, NotReady, Refused, WaitTimeout


class Killed(BaseException):
    """The process ends, at once and without a trace."""


@pytest.fixture
def world() -> World:
    return World(by="client", jobs=synthetic.NAMED)


def wanted(**changes: Any) -> Values:
    raw = {"name": "oven", "heat": 3, **changes}
    checked = inputs.check(Declaration.of(synthetic.Kiln), raw)
    assert not checked.problems
    return checked.values


GIVEN = wanted(kiln_uuid="mine")
BOTH = {"an id of ours": wanted(), "a given id": GIVEN}


def create(world: World, values: Values | None = None, **how: Any) -> tuple[str, Values]:
    return lifecycle.create(world.operation(**how), values or wanted())


def kill(world: World, at: int, *, done: bool) -> None:
    """Let the process end at a request, once that is done or before."""
    real = world.server.send

    def send(request: requests.PreparedRequest, **how: Any) -> requests.Response:
        if len(world.server.journal) == at:
            if done:
                real(request, **how)
            raise Killed
        return real(request, **how)

    world.server.send = send  # type: ignore[method-assign]


def revive(world: World) -> None:
    del world.server.send  # type: ignore[attr-defined]


def ids(world: World) -> list[str]:
    """Ids that were sent to be created, in order."""
    return [body["id"] for body in world.server.calls("CreateKiln")]


# --- killed --------------------------------------------------------------------------------------


def requests_of_a_create(values: Values) -> int:
    world = World(by="client", jobs=synthetic.NAMED)
    create(world, values)
    return len(world.server.journal)


@pytest.mark.parametrize("later", [0, 600], ids=["at once", "later"])
@pytest.mark.parametrize("done", [False, True], ids=["before it", "after it"])
@pytest.mark.parametrize("which", list(BOTH))
def test_a_create_that_was_killed_at_any_request_is_resumed(
    which: str, done: bool, later: float
) -> None:
    values = BOTH[which]
    count = requests_of_a_create(values)
    assert count > 5
    wrong: list[str] = []
    for at in range(count):
        world = World(by="client", jobs=synthetic.NAMED)
        kill(world, at, done=done)
        with pytest.raises(Killed):
            create(world, values)
        revive(world)
        made = dict(world.server.kilns)
        world.time.at += later
        try:
            identifier, state = create(world, values)
        except Refused as error:
            wrong.append(f"{at}: {error}")
            continue
        assert list(world.server.kilns) == [identifier]
        assert state["status"] == "ACTIVE"
        assert not made or world.server.kilns == made
    assert wrong == []


def test_a_create_that_was_killed_again_and_again_is_resumed(world: World) -> None:
    for at in (2, 5, 8, 11, 20):
        kill(world, at, done=True)
        with pytest.raises(Killed):
            create(world)
        revive(world)
    create(world)
    assert len(set(ids(world))) == 1
    assert len(world.server.kilns) == 1


def test_what_was_killed_is_brought_to_what_is_wanted_now(world: World) -> None:
    kill(world, 3, done=True)
    with pytest.raises(Killed):
        create(world, wanted(note="old"))
    revive(world)
    create(world, wanted(heat=7))
    assert world.server.only["targetHeat"] == 7
    assert world.server.only["note"] == ""


# --- a given id ----------------------------------------------------------------------------------


def test_a_given_id_that_a_stranger_has_is_refused_and_not_touched(world: World) -> None:
    before = dict(world.server.put(id="mine", name="theirs"))
    with pytest.raises(Refused, match=r"a kiln mine has .* and is not this resource's.*not touch"):
        create(world, GIVEN)
    assert world.server.only == before
    assert world.server.changing == []


def test_not_even_one_that_looks_just_like_ours(world: World) -> None:
    world.server.put(id="mine", name="oven", targetHeat=3)
    with pytest.raises(Refused, match="not this resource's"):
        create(world, GIVEN)


def test_nor_one_made_after_our_own_was_deleted(world: World) -> None:
    identifier, state = create(world, GIVEN)
    lifecycle.delete(world.operation(), identifier, state)
    before = dict(world.server.put(id="mine", name="oven", targetHeat=3))
    world.server.journal.clear()
    with pytest.raises(Refused, match="not this resource's"):
        create(world, GIVEN)
    assert world.server.only == before
    assert world.server.changing == []


def test_nor_one_of_another_resource_of_this_stack(world: World) -> None:
    create(world, GIVEN, urn="urn:one")
    with pytest.raises(Refused, match="not this resource's"):
        create(world, GIVEN, urn="urn:two")


def test_a_stranger_that_comes_between_our_look_and_our_call_is_refused(world: World) -> None:
    """The job fails, since somebody has the id; its object was never ours."""

    def first(work: Work) -> requests.Response:
        world.server.put(id="mine", name="theirs")
        return work()

    world.server.faults["CreateKiln"] = [first]
    with pytest.raises((Refused, ApiError)):
        create(world, GIVEN)
    assert world.server.only["name"] == "theirs"
    assert world.server.changing == ["CreateKiln"]


def test_a_given_id_of_an_interrupted_run_is_resumed_thanks_to_its_job(world: World) -> None:
    with pytest.raises((NotReady, WaitTimeout)):
        create(world, GIVEN, limit=12)
    world.time.at += 60
    made = world.server.only["stamp"]
    identifier, _ = create(world, GIVEN)
    assert (identifier, world.server.only["stamp"]) == ("mine", made)
    assert world.server.changing == ["CreateKiln"]


def test_once_its_job_is_forgotten_a_given_id_is_refused(world: World) -> None:
    with pytest.raises((NotReady, WaitTimeout)):
        create(world, GIVEN, limit=12)
    world.time.at += 60
    world.server.pending.clear()
    with pytest.raises(Refused, match="not this resource's"):
        create(world, GIVEN)
    assert world.server.changing == ["CreateKiln"]


def test_what_a_lost_create_left_under_a_given_id_is_ours_without_a_job() -> None:
    """Absent before the call and present after it."""
    world = World(by="client", jobs=None)
    world.server.faults["CreateKiln"] = [synthetic.lost]
    identifier, state = create(world, GIVEN)
    assert (identifier, state["status"]) == ("mine", "ACTIVE")
    assert world.server.changing == ["CreateKiln"]


# --- jobs that failed ----------------------------------------------------------------------------


@pytest.mark.parametrize("which", list(BOTH))
def test_a_job_that_failed_and_left_nothing_is_the_error(world: World, which: str) -> None:
    ends(world.server, fault("CLAY", "no clay"))
    with pytest.raises(JobFailed, match=r"CreateKiln: no clay \(HTTP 400, CLAY\)"):
        create(world, BOTH[which])
    assert len(ids(world)) == 1


@pytest.mark.parametrize("which", list(BOTH))
def test_what_failed_in_an_earlier_run_is_tried_again(world: World, which: str) -> None:
    ends(world.server, *[fault("CLAY", f"no clay {n}") for n in range(3)])
    for n in range(3):
        with pytest.raises(JobFailed, match=f"no clay {n}"):  # its own error, not that of then
            create(world, BOTH[which])
    identifier, _ = create(world, BOTH[which])
    assert list(world.server.kilns) == [identifier]
    assert len(set(ids(world))) == 1


def half(world: World) -> None:
    """Let creating jobs fail although the object is there."""
    made = world.server._create

    def create_and_fail(sent: Any) -> requests.Response:
        made(sent)
        return fault("CLAY", "the lid cracked")

    world.server._create = create_and_fail  # type: ignore[method-assign]


def test_a_job_that_failed_and_left_the_object_is_resumed(world: World) -> None:
    half(world)
    identifier, state = create(world)
    assert list(world.server.kilns) == [identifier]
    assert state["status"] == "ACTIVE"
    assert any(line.startswith(f"resuming kiln {identifier}") for line in world.row)
    assert world.server.changing == ["CreateKiln"]


def test_a_given_id_is_not_believed_ours_without_its_job_s_proof(world: World) -> None:
    half(world)
    with pytest.raises(Refused, match=r"carries no mark.* our own call: .*the lid cracked"):
        create(world, GIVEN)
    assert world.server.changing == ["CreateKiln"]


# --- an id that is refused although nobody has it ------------------------------------------------


def test_an_id_that_is_refused_although_nobody_has_it_gives_way_to_the_next(world: World) -> None:
    ends(world.server, fault("TAKEN"))
    identifier, state = create(world)
    assert state["status"] == "ACTIVE"
    first, second = ids(world)
    assert first == world.operation().own_id({})
    assert second == identifier == state["kiln_id"] != first


def test_ids_go_on_being_chosen_only_so_often(world: World) -> None:
    ends(world.server, *[fault("TAKEN", f"taken {n}") for n in range(9)])
    with pytest.raises(JobFailed, match=r"taken 2 \(HTTP 400, TAKEN\)"):
        create(world)
    assert len(set(ids(world))) == len(ids(world)) == 3
    assert world.server.kilns == {}


def test_the_next_run_creates_once_ids_are_not_refused_any_more(world: World) -> None:
    ends(world.server, *[fault("TAKEN")] * 3)
    with pytest.raises(JobFailed):
        create(world)
    identifier, _ = create(world)
    assert list(world.server.kilns) == [identifier]


def test_a_given_id_never_gives_way(world: World) -> None:
    ends(world.server, fault("TAKEN", "somebody has it"))
    with pytest.raises(JobFailed, match="somebody has it"):
        create(world, GIVEN)
    assert ids(world) == ["mine"]


@pytest.mark.parametrize("code", ["CLAY", "E1", "JOB"])
def test_for_another_reason_no_id_gives_way(world: World, code: str) -> None:
    ends(world.server, fault(code))
    with pytest.raises(JobFailed, match=code):
        create(world)
    assert len(ids(world)) == 1


def test_an_id_that_somebody_has_is_not_given_way_but_resumed(world: World) -> None:
    """Who has our id is we: the first look came too early."""
    create(world)
    world.time.at += 60
    world.server.pending.clear()
    world.server.faults["ShowKiln"] = [synthetic.status(404)]
    identifier, _ = create(world)
    assert len(set(ids(world))) == 1
    assert list(world.server.kilns) == [identifier]


def test_what_was_made_under_a_later_id_is_found_by_the_next_run(world: World) -> None:
    ends(world.server, fault("TAKEN"))
    with pytest.raises(NotReady, match="the run that waited for it is over"):
        create(world, alive=lambda: not world.server.kilns)
    (left,) = world.server.kilns
    world.time.at += 60
    world.server._named = lambda _name: []  # type: ignore[method-assign]  # names hinder nobody
    assert create(world)[0] == left
    assert list(world.server.kilns) == [left]


# --- the same body again and again ---------------------------------------------------------------


@pytest.mark.parametrize("which", list(BOTH))
def test_the_same_is_created_and_deleted_many_times(world: World, which: str) -> None:
    stamps: set[str] = set()
    for turn in range(6):
        identifier, state = create(world, BOTH[which])
        assert state["status"] == "ACTIVE", turn
        stamps.add(state["stamp"])
        lifecycle.delete(world.operation(), identifier, state)
        assert world.server.kilns == {}
    assert len(stamps) == 6
    assert len(set(ids(world))) == 1


@pytest.mark.parametrize("which", list(BOTH))
def test_killed_in_a_later_life_it_is_resumed_too(world: World, which: str) -> None:
    identifier, state = create(world, BOTH[which])
    lifecycle.delete(world.operation(), identifier, state)
    kill(world, len(world.server.journal) + 8, done=True)
    with pytest.raises(Killed):
        create(world, BOTH[which])
    revive(world)
    made = world.server.only["stamp"]
    assert create(world, BOTH[which])[1]["stamp"] == made


def test_a_name_known_whose_record_is_over_hinders_nothing(world: World) -> None:
    identifier, state = create(world)
    lifecycle.delete(world.operation(), identifier, state)
    first, look = next(iter(world.server.pending)), world.server._job
    over = synthetic.status(404, "JOB-OVER")
    world.server._job = lambda name: over(lambda: answer(200)) if name == first else look(name)  # type: ignore[method-assign]
    assert create(world)[0] == identifier


# --- a login that is over while something is made ------------------------------------------------


@pytest.fixture
def logged_in() -> LoggedIn:
    return LoggedIn()


@pytest.mark.parametrize("which", list(BOTH))
def test_a_login_over_inside_the_creating_job_costs_one_more_call(
    logged_in: LoggedIn, which: str
) -> None:
    ends(logged_in.server, fault("OVER"))
    identifier, state = create(logged_in, BOTH[which])
    assert list(logged_in.server.kilns) == [identifier]
    assert state["status"] == "ACTIVE"
    assert logged_in.server.changing == ["CreateKiln", "CreateKiln"]


class Enough(BaseException):
    """Ends what would go on for ever."""


def bounded(world: World, most: int = 300) -> None:
    real = world.server.send

    def send(request: requests.PreparedRequest, **how: Any) -> requests.Response:
        if len(world.server.journal) >= most:
            raise Enough
        return real(request, **how)

    world.server.send = send  # type: ignore[method-assign]


def test_a_login_that_is_over_in_every_job_ends_in_an_error(logged_in: LoggedIn) -> None:
    ends(logged_in.server, *[fault("OVER", "log in")] * 500)
    bounded(logged_in)
    with pytest.raises((ApiError, Refused), match="log in"):
        create(logged_in)


def test_a_cloud_that_knows_every_job_ends_in_an_error(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifecycle, "MOST_JOBS", 50)
    known = synthetic.status(400, "JOB-KNOWN")
    world.server.faults["CreateKiln"] = [known] * 9999
    world.server._job = lambda _name: fault("CLAY")  # type: ignore[method-assign]
    bounded(world, 1000)
    with pytest.raises(Refused, match="an earlier try came to its end"):
        create(world)


# --- what no answer shows ------------------------------------------------------------------------

FIRED = wanted(glaze="blue", door="oak")


def interrupted(world: World, values: Values) -> None:
    with pytest.raises((NotReady, WaitTimeout)):
        create(world, values, limit=12)
    world.time.at += 60


def test_what_a_job_proves_is_not_sent_again(world: World) -> None:
    interrupted(world, FIRED)
    _, state = create(world, FIRED)
    assert world.server.changing == ["CreateKiln"]
    assert (state["glaze"], state["door"]) == ("blue", "oak")
    assert world.warnings == []


CHANGED = {
    "what can be changed": {"glaze": "red"},
    "both": {"glaze": "red", "door": "elm"},
    "something else": {"heat": 4},
}


@pytest.mark.parametrize("case", list(CHANGED))
def test_what_is_not_proven_is_sent_again_where_it_can_be(world: World, case: str) -> None:
    interrupted(world, FIRED)
    values = {**FIRED, **CHANGED[case]}
    _, state = create(world, values)
    (sent,) = world.server.calls("RebuildKiln")
    assert sent["coat"] == values["glaze"] == world.server.only["glaze"] == state["glaze"]


def test_what_is_not_proven_and_cannot_be_changed_is_said(world: World) -> None:
    interrupted(world, FIRED)
    _, state = create(world, {**FIRED, "door": "elm"})
    (caution,) = world.warnings
    assert "made with this door:" in caution
    assert "--replace" in caution
    assert "glaze" not in caution
    assert state["door"] == "elm"  # believed


def test_it_is_said_even_if_it_is_not_given_now(world: World) -> None:
    """That run may have given it."""
    interrupted(world, wanted(glaze="blue"))
    create(world, wanted(glaze="red"))
    (caution,) = world.warnings
    assert "made with this door:" in caution


@pytest.mark.parametrize("jobs", [None, synthetic.JOBS], ids=["no jobs", "the cloud's names"])
def test_without_names_of_ours_all_that_can_be_is_sent_again(jobs: Any) -> None:
    world = World(by="client", jobs=jobs)
    interrupted(world, FIRED)
    create(world, FIRED)
    assert world.server.calls("RebuildKiln") == [{"coat": "blue"}]
    assert len(world.warnings) == 1


def test_what_was_taken_away_since_and_cannot_change_is_said(world: World) -> None:
    interrupted(world, FIRED)
    create(world, wanted(glaze="blue"))
    (caution,) = world.warnings
    assert "made with this door:" in caution


def test_what_was_taken_away_since_and_can_change_is_sent_or_said(world: World) -> None:
    interrupted(world, FIRED)
    create(world, wanted(door="oak"))
    assert world.server.only["glaze"] == "none" or "glaze" in world.warnings[0]


def test_the_id_of_the_mark_given_by_hand_needs_a_proof_like_any_other(world: World) -> None:
    own = world.operation().own_id({})
    assert create(world)[0] == own
    with pytest.raises(Refused, match="not this resource's"):
        create(world, wanted(kiln_uuid=own, name="other"))
