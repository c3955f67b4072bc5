"""Calls that answer with a job: whose name it has, how it ends, what stands between."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import requests
import synthetic
from synthetic import (
    ANNOTATE,
    CREATE,
    DELETE,
    DIALECT,
    NAMED,
    Server,
    Time,
    World,
    answer,
)

from pulumi_modeldeploy.core.http import Client, Login
from pulumi_modeldeploy.core.operation import Operation
from pulumi_modeldeploy.errors import (
    AmbiguousError,
    ApiError,
    JobFailed,
    JobOver,
    Stopped,
    TransportError,
    WaitTimeout,
)

BODY = {"name": "oven", "targetHeat": 3, "id": "k1"}


def fault(code: str, text: str = "no", status: int = 400) -> requests.Response:
    return answer(status, {"fault": {"code": code, "text": text}})


def ends(server: Server, *responses: requests.Response) -> None:
    """Make the next creating jobs end like this, with nothing done."""
    made, script = server._create, list(responses)
    server._create = lambda sent: script.pop(0) if script else made(sent)  # type: ignore[method-assign]


class LoggedIn(World):
    """A cloud that asks for a login, and ends it with the code OVER."""

    def __init__(self, *, by: str = "client", jobs: Any = NAMED) -> None:
        self.logins = 0
        super().__init__(by=by, jobs=jobs)

    def log_in(self, _budget: Any) -> str:
        self.logins += 1
        return f"login {self.logins}"

    def connect(self, _settings: Any, identity: Any) -> Client:
        client = Client(
            "https://kilns.invalid",
            replace(DIALECT, expired=("OVER",)),
            Login(self.log_in),
            path={"realm": identity.project_id},
            clock=self.time.clock,
        )
        client._session.trust_env = False
        client._session.mount("https://", self.server)
        return client


@pytest.fixture
def world() -> LoggedIn:
    return LoggedIn()


@pytest.fixture
def op(world: LoggedIn) -> Operation:
    return world.operation()


def names(world: World, operation: str = "CreateKiln") -> list[str]:
    """Names of the jobs of an operation, one for each request."""
    pairs = zip(world.server.journal, world.server.requests, strict=True)
    return [request.headers.get("X-Job", "") for (name, _), request in pairs if name == operation]


# --- names ---------------------------------------------------------------------------------------


def test_a_call_carries_the_name_of_its_job(world: LoggedIn, op: Operation) -> None:
    op.call(CREATE, BODY, job="mine")
    assert names(world) == ["mine"]
    assert list(world.server.pending) == ["mine"]


def test_without_a_name_each_call_gets_a_new_one(world: LoggedIn, op: Operation) -> None:
    op.call(CREATE, BODY)
    op.call(CREATE, {**BODY, "id": "k2", "name": "other"})
    first, second = names(world)
    assert first
    assert first != second


def test_where_the_cloud_names_jobs_nothing_is_said() -> None:
    world = LoggedIn(jobs=synthetic.JOBS)
    world.operation().call(CREATE, BODY, job="mine")
    assert names(world) == [""]


def test_looks_at_jobs_carry_no_name(world: LoggedIn, op: Operation) -> None:
    op.call(CREATE, BODY, job="mine")
    assert set(names(world, "ShowJob")) == {""}


def test_the_name_of_a_creates_job_follows_from_mark_body_and_number(world: LoggedIn) -> None:
    name = world.operation().job_of(BODY, 0)
    assert name == world.operation().job_of(dict(reversed(BODY.items())), 0)
    others = [
        world.operation().job_of(BODY, 1),
        world.operation().job_of({**BODY, "targetHeat": 4}, 0),
        world.operation(urn="urn:other").job_of(BODY, 0),
    ]
    assert len({name, *others}) == 4


@pytest.mark.parametrize("jobs", [None, synthetic.JOBS], ids=["no jobs", "the cloud's names"])
def test_where_we_name_no_jobs_there_is_no_name(jobs: Any) -> None:
    assert World(jobs=jobs).operation().job_of(BODY, 0) == ""


# --- known already -------------------------------------------------------------------------------


def test_a_job_of_an_earlier_run_is_followed_to_its_end_and_then_over(
    world: LoggedIn, op: Operation
) -> None:
    world.server.faults["ShowJob"] = [lambda _work: answer(500)] * 99
    still = iter([True, True])
    with pytest.raises(Stopped):
        world.operation(alive=lambda: next(still, False)).call(CREATE, BODY, job="mine")
    del world.server.faults["ShowJob"]
    with pytest.raises(JobOver, match="CreateKiln: an earlier try came to its end"):
        op.call(CREATE, BODY, job="mine")
    assert world.time.at >= world.server.pending["mine"].until
    assert list(world.server.kilns) == ["k1"]


def test_a_job_of_an_earlier_run_that_failed_is_over_too(world: LoggedIn, op: Operation) -> None:
    """What failed then may go well now: the error of then is no answer to this call."""
    ends(world.server, fault("CLAY"))
    with pytest.raises(JobFailed):
        op.call(CREATE, BODY, job="mine")
    with pytest.raises(JobOver):
        op.call(CREATE, BODY, job="mine")
    assert op.call(CREATE, BODY, job="mine 2")["id"] == "k1"


def test_a_repeated_call_finds_its_own_job_and_takes_its_answer(
    world: LoggedIn, op: Operation
) -> None:
    """Only calls that may be repeated come here: the first answer got lost."""
    world.server.put(id="k1", name="oven")
    world.server.faults["DeleteKiln"] = [synthetic.lost]
    assert op.call(DELETE, id="k1") == {}
    first, second = names(world, "DeleteKiln")
    assert first == second
    assert world.server.only["status"] == "DELETING"


def test_a_repeated_call_whose_own_job_failed_says_so(world: LoggedIn, op: Operation) -> None:
    world.server.faults["DeleteKiln"] = [synthetic.lost]
    with pytest.raises(JobFailed, match=r"DeleteKiln: none \(HTTP 404, NONE\)"):
        op.call(DELETE, id="k1")


def test_a_call_that_must_not_be_repeated_is_ambiguous_once_its_answer_got_lost(
    world: LoggedIn, op: Operation
) -> None:
    world.server.faults["CreateKiln"] = [synthetic.lost]
    with pytest.raises(AmbiguousError) as info:
        op.call(CREATE, BODY, job="mine")
    assert not isinstance(info.value, JobOver)
    assert len(names(world)) == 1


def test_another_error_is_none_about_a_job(world: LoggedIn, op: Operation) -> None:
    world.server.faults["CreateKiln"] = [synthetic.status(400, "DENIED", "not yours")]
    with pytest.raises(ApiError, match=r"not yours \(HTTP 400, DENIED\)") as info:
        op.call(CREATE, BODY, job="mine")
    assert not isinstance(info.value, JobFailed)
    assert world.server.calls("ShowJob") == []


# --- ends ----------------------------------------------------------------------------------------


def test_a_job_that_failed_names_the_call_and_keeps_what_was_said(
    world: LoggedIn, op: Operation
) -> None:
    ends(world.server, answer(418, {"fault": {"code": "CLAY", "text": "crack"}}, X_Trace="t-1"))
    with pytest.raises(JobFailed) as info:
        op.call(CREATE, BODY, job="mine")
    error = info.value
    assert str(error) == "CreateKiln: crack (HTTP 418, CLAY, request t-1)"
    assert (error.operation, error.status, error.code) == ("CreateKiln", 418, "CLAY")
    assert (error.message, error.request_id) == ("crack", "t-1")


def test_a_call_that_was_done_at_once_has_no_job(world: LoggedIn, op: Operation) -> None:
    world.server.faults["CreateKiln"] = [lambda _work: answer(200, {"id": "k9"})]
    assert op.call(CREATE, BODY) == {"id": "k9"}
    assert world.server.calls("ShowJob") == []


def test_a_job_that_is_not_known_any_more_is_ambiguous_and_not_asked_for_again(
    world: LoggedIn, op: Operation
) -> None:
    running = synthetic.answer(202, {"state": "running"})
    world.server.faults["ShowJob"] = [lambda _work: running, synthetic.status(404, "JOB-OVER")]
    with pytest.raises(AmbiguousError, match="CreateKiln: its job is not known any more") as info:
        op.call(CREATE, BODY)
    assert info.value.final
    assert not isinstance(info.value, JobOver)
    assert len(world.server.calls("ShowJob")) == 2


OUTAGES: dict[str, Callable[..., requests.Response]] = {
    "a proxy's page": lambda _work: answer(502),
    "a page that says not found": lambda _work: answer(404),
    "a page that says forbidden": lambda _work: answer(403),
    "no answer": lambda _work: (_ for _ in ()).throw(requests.ReadTimeout()),
    "nobody listens": lambda _work: (_ for _ in ()).throw(requests.ConnectTimeout()),
    "an answer that makes no sense": lambda _work: answer(200, ["odd"]),
}


@pytest.mark.parametrize("outage", list(OUTAGES))
def test_an_outage_while_a_job_is_asked_for_is_passed_over(
    world: LoggedIn, op: Operation, outage: str
) -> None:
    world.server.faults["ShowJob"] = [OUTAGES[outage]] * 9
    assert op.call(CREATE, BODY)["id"] == "k1"
    assert not world.server.faults["ShowJob"]
    assert "no answer from the cloud, looking again" in world.row


def test_an_outage_that_lasts_ends_with_the_limit(world: LoggedIn, op: Operation) -> None:
    world.server.faults["ShowJob"] = [OUTAGES["a proxy's page"]] * 9999
    with pytest.raises(WaitTimeout, match=r"kiln is still out of reach after 120 s.*HTTP 502"):
        op.call(CREATE, BODY)


@pytest.mark.parametrize(("limit", "seconds"), [(None, 120), (33, 33)])
def test_a_job_that_never_ends_is_given_up(
    world: LoggedIn, limit: float | None, seconds: float
) -> None:
    world.server.job_seconds = 10**6
    with pytest.raises(WaitTimeout, match=f"kiln is still working after {seconds} s"):
        world.operation(limit=limit).call(CREATE, BODY)
    assert world.time.at - Time().at == pytest.approx(seconds)


def test_a_run_that_is_over_follows_no_job(world: LoggedIn) -> None:
    still = iter([True])
    with pytest.raises(Stopped):
        world.operation(alive=lambda: next(still, False)).call(CREATE, BODY)
    assert len(world.server.calls("ShowJob")) == 1


def test_query_and_places_of_a_call_go_through(world: LoggedIn, op: Operation) -> None:
    world.server.put(id="k 1", name="oven")
    op.call(DELETE, query={"mode": "hard way"}, id="k 1")
    request = world.server.requests[0]
    assert request.url == "https://kilns.invalid/r1/kilns/k%201?mode=hard+way"


# --- a login that is over inside a job -----------------------------------------------------------


def test_a_login_over_inside_a_job_is_renewed_and_the_call_sent_once_more(
    world: LoggedIn, op: Operation
) -> None:
    world.server.put(id="k1", name="oven")
    over = [lambda _work: world.server._later(lambda: fault("OVER"), "first")]
    world.server.faults["AnnotateKiln"] = [*over]
    assert op.call(ANNOTATE, {"note": "x"}, id="k1")["note"] == "x"
    first, second = names(world, "AnnotateKiln")
    assert first != second  # the first name is known already
    assert world.logins >= 2


def test_only_once_more(world: LoggedIn, op: Operation) -> None:
    world.server.put(id="k1", name="oven")
    ended = world.server._later
    world.server._later = lambda _work, job="": ended(lambda: fault("OVER"), job)  # type: ignore[method-assign]
    with pytest.raises(JobFailed, match="OVER"):
        op.call(ANNOTATE, {"note": "x"}, id="k1")
    assert len(names(world, "AnnotateKiln")) == 2


def test_a_named_call_is_sent_once_more_under_another_name(world: LoggedIn, op: Operation) -> None:
    """The first name is used up."""
    ends(world.server, fault("OVER"))
    assert op.call(CREATE, BODY, job="mine")["id"] == "k1"
    first, second = names(world)
    assert first == "mine" != second
    used = [request.headers["Authorization"] for request in world.server.requests]
    assert used[0] == "login 1"
    assert used[-1] != "login 1"


def test_without_a_login_a_job_that_says_so_has_just_failed() -> None:
    world = World(by="client", jobs=NAMED)
    ends(world.server, fault("OVER"))
    with pytest.raises(JobFailed, match="OVER"):
        world.operation().call(CREATE, BODY)
    assert len(names(world)) == 1


# --- what a job proves ---------------------------------------------------------------------------


def test_a_job_that_went_well_proves_that_its_object_is_ours(
    world: LoggedIn, op: Operation
) -> None:
    op.call(CREATE, BODY, job=op.job_of(BODY, 0))
    assert op.made(BODY, world.server.only)
    assert not op.made({**BODY, "targetHeat": 4}, world.server.only)
    assert not world.operation(urn="urn:other").made(BODY, world.server.only)


def test_it_proves_nothing_about_a_later_object_of_the_same_id(
    world: LoggedIn, op: Operation
) -> None:
    op.call(CREATE, BODY, job=op.job_of(BODY, 0))
    world.server.kilns.clear()
    assert not op.made(BODY, world.server.put(id="k1", name="oven"))


def test_the_job_that_made_it_may_be_a_later_one(world: LoggedIn, op: Operation) -> None:
    """Those before it made what is gone, or failed."""
    op.call(CREATE, BODY, job=op.job_of(BODY, 0))
    world.server.kilns.clear()
    ends(world.server, fault("CLAY"))
    with pytest.raises(JobFailed):
        op.call(CREATE, BODY, job=op.job_of(BODY, 1))
    op.call(CREATE, BODY, job=op.job_of(BODY, 2))
    assert op.made(BODY, world.server.only)


@pytest.mark.parametrize("case", ["JOB-OVER", "DENIED"])
def test_what_nobody_tells_proves_nothing(case: str, world: LoggedIn, op: Operation) -> None:
    """The second is said whatever is asked for: that must come to an end."""
    op.call(CREATE, BODY, job=op.job_of(BODY, 0))
    found, look = world.server.only, synthetic.status(403, case)
    world.server._job = lambda _name: look(lambda: answer(200))  # type: ignore[method-assign]
    assert not op.made(BODY, found)


@pytest.mark.parametrize("outage", ["a proxy's page", "no answer"])
def test_what_cannot_be_seen_for_long_proves_nothing(
    outage: str, world: LoggedIn, op: Operation
) -> None:
    op.call(CREATE, BODY, job=op.job_of(BODY, 0))
    began, world.server.faults["ShowJob"] = world.time.at, [OUTAGES[outage]] * 999
    assert not op.made(BODY, world.server.only)
    assert world.time.at - began >= 120


def test_an_outage_that_ends_is_waited_out_before_it_proves_nothing(
    world: LoggedIn, op: Operation
) -> None:
    op.call(CREATE, BODY, job=op.job_of(BODY, 0))
    world.server.faults["ShowJob"] = [OUTAGES["a proxy's page"]] * 9
    assert op.made(BODY, world.server.only)


def test_a_job_that_runs_is_followed_before_it_proves_anything(world: LoggedIn) -> None:
    still = iter([True, True])
    op = world.operation(alive=lambda: next(still, False))
    with pytest.raises(Stopped):
        op.call(CREATE, BODY, job=op.job_of(BODY, 0))
    assert world.time.at < world.server.pending[op.job_of(BODY, 0)].until
    assert world.operation().made(BODY, world.server.only)


@pytest.mark.parametrize("jobs", [None, synthetic.JOBS], ids=["no jobs", "the cloud's names"])
def test_without_names_of_ours_nothing_is_proven(jobs: Any) -> None:
    world = World(by="client", jobs=jobs)
    world.operation().call(CREATE, BODY)
    world.server.journal.clear()
    assert not world.operation().made(BODY, world.server.only)
    assert world.server.journal == []


def test_where_nothing_tells_objects_of_one_id_apart_nothing_is_proven(world: LoggedIn) -> None:
    world.table = replace(world.table, born=lambda _: None)
    op = world.operation()
    op.call(CREATE, BODY, job=op.job_of(BODY, 0))
    assert not op.made(BODY, world.server.only)


def test_transport_errors_of_the_call_itself_are_not_passed_over(
    world: LoggedIn, op: Operation
) -> None:
    world.server.faults["CreateKiln"] = [OUTAGES["nobody listens"]] * 99
    with pytest.raises(TransportError):
        op.call(CREATE, BODY, job="mine")
    assert world.server.calls("ShowJob") == []
