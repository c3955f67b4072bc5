"""For how long something is tried: budgets, outages, fleets that are throttled, wrong clocks."""

import heapq
import itertools
import random
import re
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from email.utils import formatdate
from typing import Any

import pytest
import requests
import requests.adapters
import synthetic
from synthetic import EPOCH, NAMED, Time, World, answer, failed_later, lost
from test_http import (
    GET,
    PATH,
    POST,
    PUT,
    Script,
    Step,
    dropped_connection,
    error,
    read_error,
    refused_connection,
)

from pulumi_modeldeploy.core import lifecycle
from pulumi_modeldeploy.core.http import MOST_SKEW, Client, Clock, Dialect, Signer, Skew
from pulumi_modeldeploy.core.retry import GLANCE, SECONDS, Budget, Retry
from pulumi_modeldeploy.core.values import Values
from pulumi_modeldeploy.errors import (
    AmbiguousError,
    ApiError,
    NotReady,
    Refused,
    Stopped,
    TransportError,
    Unsent,
)

DIALECT = Dialect("Things", read_error)


class Unsigned(requests.auth.AuthBase):
    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


def connect(adapter: requests.adapters.BaseAdapter, clock: Clock, **options: Any) -> Client:
    options = {"dialect": DIALECT, "auth": Unsigned(), **options}
    client = Client("https://things.invalid", path={"realm": "r1"}, clock=clock, **options)
    client._session.trust_env = False  # no proxies of this machine
    client._session.mount("https://", adapter)
    return client


# --- the table and the budget --------------------------------------------------------------------


FAMILIES = Retry(refused=(429, "Busy", "Throttling."), failed=(503, "Internal."))
ERRORS: dict[tuple[int, str], tuple[bool, bool]] = {
    (429, ""): (True, False),
    (400, "Busy"): (True, False),
    (400, "BusyBody"): (False, False),
    (400, "Throttling.User"): (True, False),
    (503, "Throttling.User"): (True, False),
    (400, "Throttling"): (False, False),
    (400, "ThrottlingUser"): (False, False),
    (400, "My.Throttling.User"): (False, False),
    (400, "Internal.Error"): (False, True),
    (503, "Other"): (False, True),
    (400, ""): (False, False),
}


@pytest.mark.parametrize("error", list(ERRORS), ids=str)
def test_a_code_that_ends_in_a_dot_stands_for_all_that_begin_so(error: tuple[int, str]) -> None:
    found = ApiError("DoThing", *error, "no")
    assert (FAMILIES.is_refused(found), FAMILIES.is_failed(found)) == ERRORS[error]


def test_pauses_are_drawn_between_nothing_and_a_limit_that_grows() -> None:
    retry = Retry(base=0.5, most=20)
    for attempt, most in enumerate((1, 2, 4, 8, 16, 20, 20), start=1):
        assert [retry.pause(attempt, chance) for chance in (0, 0.5, 1)] == [0, most / 2, most]
    assert retry.pause(10**6, 1) == 20


def test_a_budget_is_used_up_to_its_end_and_not_beyond() -> None:
    time = Time()
    budget, retry = Budget(time.clock, seconds=30), Retry()
    turns = itertools.count(1)
    while budget.pause(retry, next(turns), wish=0, why="busy"):
        assert sum(time.slept) == budget.lost <= 30
    assert time.slept == [0.5, 1, 2, 4, 8, 10, 4.5]


def test_a_pause_that_is_cut_short_is_not_free() -> None:
    """What sleeps wakes up when the run is cancelled: then nothing may spin."""
    budget = Budget(Clock(sleep=lambda _: None, random=lambda: 0.5))
    turns = itertools.count(1)
    while budget.pause(Retry(), next(turns), wish=0, why="busy"):
        pass
    assert next(turns) < 40


def test_pauses_that_are_noticed_are_shown() -> None:
    row = list[str]()
    budget, retry = Budget(Time().clock, say=row.append), Retry()
    assert budget.pause(retry, 1, wish=0, why="too short")
    assert budget.pause(retry, 1, wish=5, why="asked for")
    assert budget.pause(retry, 9, wish=0, why="long")
    assert row == ["asked for", "long"]


def test_what_is_tried_while_nothing_is_left_says_why_it_was_tried_once() -> None:
    time = Time()
    budget, script = Budget(time.clock), Script(*[error(503) for _ in range(99)])
    client = connect(script, time.clock)
    for text in (
        r"tried \d\d times in 300 s",
        "tried once, since 300 s had gone by in tries before",
    ):
        with pytest.raises(ApiError, match=text):
            client.send(GET, path=PATH, budget=budget)
    assert time.at - 5000 == sum(time.slept) == SECONDS


class Slow(requests.adapters.BaseAdapter):
    """Lets every request run into its limit."""

    def __init__(self, time: Time) -> None:
        super().__init__()
        self.time, self.sent = time, 0

    def send(self, _request: Any, **options: Any) -> requests.Response:
        self.sent += 1
        self.time.at += options["timeout"][1]
        raise requests.ReadTimeout

    def close(self) -> None:
        """Nothing is open."""


def test_tries_that_run_into_their_limit_are_lost_time_too() -> None:
    time = Time()
    slow = Slow(time)
    client = connect(slow, time.clock)
    with pytest.raises(TransportError, match=r"\(ReadTimeout\), tried \d+ times in 3\d\d.*s$"):
        client.send(GET, path=PATH, budget=Budget(time.clock))
    assert time.at - 5000 <= SECONDS + 40
    assert slow.sent < 20


# --- a fleet that is throttled -------------------------------------------------------------------


class Crowd:
    """Time for many threads, of which one runs at a time; it moves on when all of them sleep."""

    def __init__(self, size: int) -> None:
        self.at, self._lock = 0.0, threading.Lock()
        self._asleep: list[tuple[float, int, threading.Event]] = []
        self._order, self._chance = itertools.count(), random.Random(1)  # noqa: S311  (a dice)
        self._awake = size

    @property
    def clock(self) -> Clock:
        return Clock(
            lambda: self.at, lambda: EPOCH + self.at, self.sleep, self._chance.random, self.sleep
        )

    def sleep(self, seconds: float) -> None:
        called = threading.Event()
        with self._lock:
            heapq.heappush(self._asleep, (self.at + seconds, next(self._order), called))
        self.leave()
        assert called.wait(60)

    def leave(self) -> None:
        """Wake the next one, if nobody is awake any more."""
        with self._lock:
            self._awake -= 1
            if not self._awake and self._asleep:
                self.at, _, called = heapq.heappop(self._asleep)
                self._awake = 1
                called.set()

    def run(self, size: int, work: Callable[[int], None]) -> list[Exception]:
        """Do a piece of work in each of so many threads; answers what went wrong."""
        failures: list[Exception] = []

        def one(number: int) -> None:
            try:
                self.sleep(0)
                work(number)
            except Exception as problem:  # noqa: BLE001
                failures.append(problem)
            finally:
                self.leave()

        with ThreadPoolExecutor(size) as pool:
            list(pool.map(one, range(size)))
        return failures


class Throttled(requests.adapters.BaseAdapter):
    """Admits so many requests per second, as gateways count them."""

    def __init__(self, crowd: Crowd, rate: int, **headers: str) -> None:
        super().__init__()
        self.crowd, self.rate, self.headers = crowd, rate, headers
        self.admitted, self.refused = Counter[int](), 0

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        second = int(self.crowd.at)
        if self.admitted[second] < self.rate:
            self.admitted[second] += 1
            response = answer(200, {"id": "t1"})
        else:
            self.refused += 1
            response = error(429, **self.headers)
        response.request, response.url = request, str(request.url)
        return response

    def close(self) -> None:
        """Nothing is open."""


FLEET, CALLS = 200, (GET, POST, GET, GET)


@pytest.mark.parametrize("wish", [None, 1, 5, 30])
def test_a_throttled_fleet_comes_through(wish: int | None) -> None:
    crowd = Crowd(FLEET)
    headers = {} if wish is None else {"Retry_After": str(wish)}
    cloud = Throttled(crowd, 10, **headers)
    client = connect(cloud, crowd.clock)

    def create(_number: int) -> None:
        budget = Budget(crowd.clock)
        for call in CALLS:
            client.send(call, path=PATH, budget=budget)

    assert crowd.run(FLEET, create) == []
    ideal = FLEET * len(CALLS) / 10
    assert sum(cloud.admitted.values()) == FLEET * len(CALLS)
    assert crowd.at <= 1.25 * ideal + (wish or 0) * 7
    assert cloud.refused <= 4 * FLEET * len(CALLS)


# --- outages -------------------------------------------------------------------------------------

OUTAGES: dict[str, Callable[[], Step]] = {
    "nobody listens": refused_connection,
    "connections break": dropped_connection,
    "a gateway's page": lambda: answer(503),
    "a gateway gives up": lambda: answer(504),
    "throttled": lambda: error(429),
}


class Outage:
    """Makes a synthetic cloud out of reach for a time, from its n-th request on."""

    def __init__(self, world: World, kind: str, *, after: int, seconds: float) -> None:
        self.world, self.make, self.after, self.seconds = world, OUTAGES[kind], after, seconds
        self.began: float | None = None
        self._through, world.server.send = world.server.send, self.send  # type: ignore[method-assign]

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        time, server = self.world.time, self.world.server
        if self.began is None and len(server.requests) >= self.after:
            self.began = time.at
        if self.began is None or time.at >= self.began + self.seconds:
            return self._through(request, **options)
        found = self.make()
        if isinstance(found, Exception):
            raise found
        found.request, found.url = request, str(request.url)
        return found


def values(**changes: Any) -> Values:
    return {"name": "oven", "heat": 3, "power": "on", **changes}


@pytest.mark.parametrize("after", [0, 1, 2, 5], ids="after {} requests".format)
@pytest.mark.parametrize("kind", list(OUTAGES))
def test_an_outage_of_two_minutes_fails_no_create(kind: str, after: int, world: World) -> None:
    outage = Outage(world, kind, after=after, seconds=120)
    identifier, state = lifecycle.create(world.operation(), values())
    assert outage.began is not None
    assert list(world.server.kilns) == [identifier]
    assert state["status"] == "ACTIVE"
    assert world.server.changing == ["CreateKiln"]


@pytest.mark.parametrize("kind", list(OUTAGES))
def test_an_outage_of_two_minutes_fails_no_update_and_no_delete(kind: str, world: World) -> None:
    identifier, state = lifecycle.create(world.operation(), values())
    Outage(world, kind, after=0, seconds=120)
    new = values(heat=5, note="x")
    state = lifecycle.update(world.operation(state=state), identifier, new, state)
    assert (state["heat"], state["note"]) == (5, "x")
    Outage(world, kind, after=0, seconds=120)
    assert lifecycle.read(world.operation(state=state), identifier, state) == state
    Outage(world, kind, after=0, seconds=120)
    lifecycle.delete(world.operation(state=state), identifier, state)
    assert world.server.kilns == {}


@pytest.mark.parametrize("after", [0, 1])
@pytest.mark.parametrize("kind", list(OUTAGES))
def test_an_outage_that_does_not_end_is_told_after_minutes(
    kind: str, after: int, world: World
) -> None:
    """In one paragraph: what was sent, what came of it, how often, for how long."""
    Outage(world, kind, after=after, seconds=10**6)
    began = world.time.at
    with pytest.raises((ApiError, TransportError, Refused)) as info:
        lifecycle.create(world.operation(), values())
    assert SECONDS <= world.time.at - began <= 2 * SECONDS
    text = str(info.value)
    assert "\n" not in text
    assert re.search(r", tried \d\d times in (299\.5|300) s$", text)
    assert world.server.kilns == {}


def test_an_outage_during_a_wait_is_for_the_waits_limit_to_judge(plain: World) -> None:
    """Its looks cost the verb nothing: what comes after it has all its time."""
    plain.server.build_seconds = 900
    op = plain.operation()
    outage = Outage(plain, "nobody listens", after=4, seconds=800)
    lifecycle.create(op, values())
    assert outage.began is not None
    assert op.budget.lost == 0


# --- answers that get lost -----------------------------------------------------------------------


@pytest.mark.parametrize("times", range(1, lifecycle.TRIES))
def test_a_create_is_sent_again_until_one_arrives(times: int, world: World) -> None:
    world.server.faults["CreateKiln"] = [lambda _work: answer(502)] * times
    identifier, _ = lifecycle.create(world.operation(), values())
    assert list(world.server.kilns) == [identifier]
    assert world.server.changing == ["CreateKiln"] * (times + 1)
    assert world.time.slept[:times] == [0.5, 1, 2, 4, 8][:times]


@pytest.mark.parametrize("fault", [lost, failed_later(500)], ids=["lost", "failed"])
@pytest.mark.parametrize("times", [1, 5])
def test_what_arrived_is_not_sent_again(times: int, fault: Any, world: World) -> None:
    world.server.faults["CreateKiln"] = [fault] * times
    identifier, _ = lifecycle.create(world.operation(), values())
    assert list(world.server.kilns) == [identifier]
    assert world.server.changing == ["CreateKiln"]


@pytest.mark.parametrize("operation", ["AnnotateKiln", "RebuildKiln", "PowerKiln", "AddVent"])
def test_steps_are_sent_again_after_pauses(operation: str, world: World) -> None:
    identifier, state = lifecycle.create(world.operation(), values())
    slept = len(world.time.slept)
    world.server.faults[operation] = [lambda _work: answer(502)] * 3
    new = values(heat=5, note="x", vents=["v"], power="off")
    state = lifecycle.update(world.operation(state=state), identifier, new, state)
    assert world.server.calls(operation) == world.server.calls(operation)[:1] * 4
    assert {0.5, 1, 2} <= {*world.time.slept[slept:]}
    assert (state["heat"], state["note"], state["status"]) == (5, "x", "COLD")


@pytest.mark.parametrize("operation", ["AnnotateKiln", "RebuildKiln", "PowerKiln", "AddVent"])
def test_a_step_that_nobody_takes_is_given_up_and_stored(operation: str, world: World) -> None:
    identifier, state = lifecycle.create(world.operation(), values())
    world.server.faults[operation] = [lambda _work: answer(502)] * 99
    new = values(heat=5, note="x", vents=["v"], power="off")
    with pytest.raises(NotReady, match=f"{operation}: .*HTTP 502"):
        lifecycle.update(world.operation(state=state), identifier, new, state)
    assert len(world.server.calls(operation)) == lifecycle.TRIES


def test_pauses_between_tries_come_out_of_the_same_budget(plain: World) -> None:
    plain.server.faults["CreateKiln"] = [lambda _work: answer(502)] * 99
    op = plain.operation()
    op.budget.lost = SECONDS - 5
    with pytest.raises(Refused, match=r"HTTP 502\), .*; after 5 tries no kiln of this resource"):
        lifecycle.create(op, values())
    assert plain.time.slept == [0.5, 1, 2, 1.5]


@pytest.mark.parametrize("by", ["server", "client"])
def test_a_run_that_ends_in_such_a_pause_sends_nothing_more(by: str) -> None:
    world = World(by=by)
    world.server.faults["CreateKiln"] = [lambda _work: answer(502)] * 99
    with pytest.raises(Stopped, match=r"HTTP 502.*the run is over"):
        lifecycle.create(world.operation(alive=lambda: not world.time.slept), values())
    assert world.server.changing == ["CreateKiln"]


def test_a_run_that_ends_after_a_lost_answer_stores_what_it_made() -> None:
    """It looks once more, although it is over."""
    world = World(by="client", jobs=NAMED)
    world.server.faults["CreateKiln"] = [failed_later(500)]
    with pytest.raises(NotReady, match="the run is over") as info:
        lifecycle.create(world.operation(alive=lambda: not world.server.kilns), values())
    assert list(world.server.kilns) == [info.value.id]


@pytest.mark.parametrize("kind", list(OUTAGES))
def test_a_run_that_ends_in_an_outage_stores_what_is_known(kind: str, plain: World) -> None:
    """Its last look is not repeated, and that it got no answer costs no id."""

    def alive() -> bool:
        if plain.server.kilns and plain.server.send == through:
            Outage(plain, kind, after=0, seconds=10**6)
        return not plain.server.kilns

    through = plain.server.send
    with pytest.raises(NotReady, match=r"the run .*is over.*cannot be asked just now") as info:
        lifecycle.create(plain.operation(alive=alive), values())
    assert list(plain.server.kilns) == [info.value.id]
    assert sum(plain.time.slept) < 60


@pytest.mark.parametrize("kind", list(OUTAGES))
def test_a_run_that_ends_in_an_outage_says_that_a_job_goes_on(kind: str) -> None:
    world = World(by="client", jobs=NAMED)

    def alive() -> bool:
        if world.server.pending and world.server.send == through:
            Outage(world, kind, after=0, seconds=10**6)
        return not world.server.pending

    through = world.server.send
    with pytest.raises(Stopped, match="the cloud goes on making it"):
        lifecycle.create(world.operation(alive=alive), values())


# --- jobs that were not carried out --------------------------------------------------------------


def starting(world: World, times: int) -> None:
    """Let the next creating jobs end with nothing done: the cloud's server is starting."""
    made = world.server._create
    said = {"fault": {"code": "STARTING", "text": "not ready"}}
    ends = [answer(503, said) for _ in range(times)]
    world.server._create = lambda sent: ends.pop() if ends else made(sent)  # type: ignore[method-assign]


def job_world() -> World:
    world = World(by="client", jobs=NAMED)
    dialect = replace(synthetic.DIALECT, retry=Retry(refused=("STARTING",), by_code=True))
    plain = world.connect

    def connect(settings: Any, identity: Any) -> Client:
        client = plain(settings, identity)
        client.dialect = dialect
        return client

    world.connect = connect  # type: ignore[method-assign]
    return world


def test_a_job_that_says_it_was_not_carried_out_is_sent_again() -> None:
    world = job_world()
    starting(world, 3)
    op = world.operation()
    identifier, state = lifecycle.create(op, values())
    assert list(world.server.kilns) == [identifier]
    assert state["status"] == "ACTIVE"
    names = [one.headers["X-Job"] for one in world.server.requests if "X-Job" in one.headers]
    assert len(names) == len({*names}) == 4
    assert op.budget.lost == 0.5 + 1 + 2


def test_one_that_never_is_ends_in_an_error_after_minutes() -> None:
    world = job_world()
    starting(world, 999)
    with pytest.raises(
        ApiError, match=r"not ready \(HTTP 503, STARTING\), tried \d\d times in 300 s"
    ):
        lifecycle.create(world.operation(), values())
    assert world.server.kilns == {}
    assert 10 < len(world.server.calls("CreateKiln")) < 50


# --- clocks that differ --------------------------------------------------------------------------

HOUR = 3600.0
SKEWED = Dialect(
    "Things",
    read_error,
    skew=Skew(("TooSkewed", "signature expired"), apart="see to the clocks", agree="see to zones"),
)


class Dated(Signer):
    """Writes its time into a header."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["X-Time"] = str(self.now())
        return request


class Gateway(requests.adapters.BaseAdapter):
    """Refuses what is dated more than 15 minutes from its own time, which `date` tells."""

    def __init__(self, time: Time, code: str = "TooSkewed", message: str = "no") -> None:
        super().__init__()
        self.time, self.code, self.message = time, code, message
        self.date: Callable[[float], str | None] = lambda at: formatdate(at, usegmt=True)
        self.strict, self.seen = False, list[float]()
        self.barrier: threading.Barrier | None = None

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        own, said = EPOCH + self.time.at, float(request.headers["X-Time"])
        self.seen.append(said - own)
        good = abs(said - own) <= 900 and not self.strict
        document = {"id": "t1"} if good else {"code": self.code, "message": self.message}
        date = self.date(own)
        headers = {} if date is None else {"Date": date}
        response = answer(200 if good else 401, document, **headers)
        response.request, response.url = request, str(request.url)
        if self.barrier and not good:
            self.barrier.wait()
        return response

    def close(self) -> None:
        """Nothing is open."""


class Skewed:
    """A client whose clock is wrong by so many seconds, before a gateway."""

    def __init__(self, wrong: float, **options: Any) -> None:
        self.time = Time()
        self.gateway = Gateway(self.time, **options)
        wall = lambda: EPOCH + self.time.at + wrong  # noqa: E731
        clock = replace(self.time.clock, wall=wall)
        self.client = connect(self.gateway, clock, dialect=SKEWED, auth=Dated(wall))

    def refused(self) -> str:
        with pytest.raises(ApiError) as info:
            self.client.send(POST)
        assert not isinstance(info.value, AmbiguousError)
        return str(info.value)


@pytest.mark.parametrize(
    "said", [{}, {"code": "X", "message": "bad: signature expired, server time: 1"}]
)
@pytest.mark.parametrize("call", [GET, POST, PUT], ids=lambda call: call.method)
@pytest.mark.parametrize("wrong", [HOUR, -HOUR, 8 * HOUR, 901, -901, -23 * HOUR])
def test_a_wrong_clock_is_set_right_by_the_answer_and_the_call_sent_again(
    wrong: float, call: Any, said: dict[str, str]
) -> None:
    bench = Skewed(wrong, **said)
    assert bench.client.send(call, path=PATH).body == {"id": "t1"}
    assert [abs(one) > 900 for one in bench.gateway.seen] == [True, False]
    assert bench.time.slept == []


def test_what_was_learned_is_kept_for_the_connection_and_its_neighbours() -> None:
    bench = Skewed(HOUR)
    for client in (bench.client, bench.client, bench.client.beside("https://b.invalid", SKEWED)):
        client.send(POST)
    assert [round(one) for one in bench.gateway.seen] == [3600, 0, 0, 0]
    assert bench.client.wall() == pytest.approx(EPOCH + bench.time.at, abs=1)


def test_a_clock_that_is_put_right_meanwhile_is_noticed_again() -> None:
    bench = Skewed(HOUR)
    bench.client.send(POST)
    auth = bench.client._signer
    assert auth is not None
    auth._now = lambda: EPOCH + bench.time.at
    bench.client.send(POST)
    assert [round(one) for one in bench.gateway.seen] == [3600, 0, -3600, 0]


DATES: dict[str, Callable[[float], str | None]] = {
    "none": lambda _: None,
    "no date": lambda _: "soon",
    "of another time": lambda _: "Thu, 01 Jan 1970 00:00:00 GMT",
    "far ahead": lambda at: formatdate(at + HOUR + 2 * MOST_SKEW, usegmt=True),
    "no such day": lambda _: "Wed, 45 Oct 2026 07:28:00 GMT",
}


@pytest.mark.parametrize("case", list(DATES))
def test_a_date_that_cannot_be_is_not_believed(case: str) -> None:
    bench = Skewed(HOUR)
    bench.gateway.date = DATES[case]
    assert bench.refused() == "Make: no (HTTP 401, TooSkewed); see to the clocks"
    assert len(bench.gateway.seen) == 1
    assert bench.client.wall() == bench.client.clock.wall()


@pytest.mark.parametrize("wrong", [0, 200, -200])
def test_where_the_clocks_agree_something_else_is_wrong(wrong: float) -> None:
    bench = Skewed(wrong)
    bench.gateway.strict = True
    assert bench.refused() == "Make: no (HTTP 401, TooSkewed); see to zones"
    assert len(bench.gateway.seen) == 1


def test_what_is_refused_with_the_right_time_too_is_not_sent_a_third_time() -> None:
    bench = Skewed(HOUR)
    bench.gateway.strict = True
    assert bench.refused() == "Make: no (HTTP 401, TooSkewed); see to zones"
    assert [round(one) for one in bench.gateway.seen] == [3600, 0]


def test_another_refusal_moves_no_clock() -> None:
    bench = Skewed(HOUR, code="Locked", message="the key is locked")
    assert bench.refused() == "Make: the key is locked (HTTP 401, Locked)"
    assert len(bench.gateway.seen) == 1


def test_who_has_no_clock_to_set_right_is_told_to_see_to_it() -> None:
    script = Script(answer(403, {"code": "TooSkewed", "message": "no"}))
    client = connect(script, Time().clock, dialect=SKEWED)
    with pytest.raises(ApiError, match=r"TooSkewed\); see to the clocks"):
        client.send(GET, path=PATH)


def test_a_call_of_a_single_attempt_is_signed_anew_all_the_same() -> None:
    bench = Skewed(HOUR)
    assert bench.client.send(replace(GET, attempts=1), path=PATH).status == 200


def test_a_run_that_is_over_signs_nothing_anew() -> None:
    bench = Skewed(HOUR)
    alive = iter([True, False])
    with pytest.raises(Stopped):
        bench.client.send(POST, budget=Budget(bench.time.clock, lambda: next(alive)))
    assert len(bench.gateway.seen) == 1


def test_threads_that_are_refused_together_are_all_sent_again() -> None:
    """Those that were signed before the clock was set right, too."""
    size = 8
    bench = Skewed(HOUR)
    bench.gateway.barrier = threading.Barrier(size, timeout=20)
    with ThreadPoolExecutor(size) as pool:
        found = list(pool.map(lambda _: bench.client.send(POST).status, range(size)))
    assert found == [200] * size
    assert sorted(round(one) for one in bench.gateway.seen) == [0] * size + [3600] * size


def test_a_lookup_of_a_program_is_not_kept_waiting_for_long() -> None:
    time = Time()
    client = connect(Script(*[error(503) for _ in range(99)]), time.clock)
    with pytest.raises(ApiError):
        client.send(GET, path=PATH)
    assert sum(time.slept) == GLANCE


def test_a_create_whose_run_ends_before_its_call_says_that_nothing_was_sent(world: World) -> None:
    def alive() -> bool:
        return not world.server.journal

    with pytest.raises(Unsent, match=r"was not sent: the run is over$"):
        lifecycle.create(world.operation(alive=alive), values())
    assert list(world.server.kilns) == []
