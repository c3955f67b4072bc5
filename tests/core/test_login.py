"""Logins that end: one new one for each end, one more try for each call, and headers."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
import requests
import requests.adapters
from synthetic import Time, answer
from test_http import DELETE, GET, PATH, POST, Script, Step, error, read_error

from pulumi_modeldeploy.core.http import Client, Dialect, Login, Session
from pulumi_modeldeploy.core.retry import Budget, Retry
from pulumi_modeldeploy.errors import (
    AmbiguousError,
    ApiError,
    LoginRefused,
    Stopped,
    TransportError,
)

DIALECT = Dialect(
    "Things",
    read_error,
    expired=(401, "Over"),
    retry=Retry(refused=(429,), by_code=True, attempts=3),
)


class Door:
    """Logs in; each one has a number."""

    def __init__(self, *failures: Exception) -> None:
        self.failures, self.opened = list(failures), 0

    def __call__(self, _budget: Budget) -> str:
        self.opened += 1
        if self.failures:
            raise self.failures.pop(0)
        return f"login {self.opened}"


class Bench:
    """A client that logs in, over a script."""

    def __init__(self, *steps: Step, door: Door | None = None, **options: Any) -> None:
        self.time, self.script, self.door = Time(), Script(*steps), door or Door()
        self.login = Login(self.door)
        self.client = Client(
            "https://things.invalid",
            DIALECT,
            self.login,
            path={"realm": "r1"},
            clock=self.time.clock,
            **options,
        )
        self.client._session.mount("https://", self.script)

    @property
    def used(self) -> list[str]:
        return [request.headers["Authorization"] for request in self.script.seen]


def test_the_first_request_logs_in_and_the_others_do_not() -> None:
    bench = Bench(answer(200, {}), answer(200, {}))
    assert bench.door.opened == 0
    for _ in range(2):
        bench.client.send(GET, path=PATH)
    assert bench.used == ["login 1", "login 1"]
    assert bench.door.opened == 1


ENDS: dict[str, Callable[[], requests.Response]] = {
    "a status": lambda: error(401),
    "a code": lambda: error(503, "Over"),
}


@pytest.mark.parametrize("end", list(ENDS))
@pytest.mark.parametrize("call", [GET, POST, DELETE], ids=lambda call: call.method)
def test_a_login_that_is_over_is_renewed_and_the_call_sent_once_more(call: Any, end: str) -> None:
    bench = Bench(ENDS[end](), answer(200, {"id": "t1"}))
    assert bench.client.send(call, path=PATH).body == {"id": "t1"}
    assert bench.used == ["login 1", "login 2"]
    assert bench.time.slept == []
    assert bench.client.login == 1


@pytest.mark.parametrize("end", list(ENDS))
def test_one_that_is_over_again_at_once_is_an_error(end: str) -> None:
    bench = Bench(ENDS[end](), ENDS[end](), answer(200, {}))
    with pytest.raises(ApiError, match="Look: no"):
        bench.client.send(GET, path=PATH)
    assert bench.used == ["login 1", "login 2"]
    bench.client.send(GET, path=PATH)  # the next call may have more luck
    assert bench.door.opened <= 3


def test_other_errors_end_no_login() -> None:
    bench = Bench(error(403), answer(200, {}))
    with pytest.raises(ApiError, match="HTTP 403"):
        bench.client.send(GET, path=PATH)
    bench.client.send(GET, path=PATH)
    assert bench.used == ["login 1", "login 1"]


def test_no_new_login_for_a_run_that_is_over() -> None:
    alive = iter([True, False])
    bench = Bench(error(401), answer(200, {}))
    with pytest.raises(Stopped):
        bench.client.send(POST, budget=Budget(bench.time.clock, lambda: next(alive)))
    assert bench.used == ["login 1"]


def test_retries_are_counted_anew_for_the_second_try() -> None:
    bench = Bench(
        error(429, ""), error(401), error(429, ""), error(429, ""), answer(200, {"id": "t1"})
    )
    assert bench.client.send(POST).body == {"id": "t1"}
    assert bench.used == ["login 1"] * 2 + ["login 2"] * 3


def test_without_a_login_the_answer_is_just_an_error() -> None:
    script = Script(error(401))
    client = Client("https://things.invalid", DIALECT, Unsigned(), path={"realm": "r1"})
    client._session.mount("https://", script)
    with pytest.raises(ApiError, match="HTTP 401"):
        client.send(GET, path=PATH)
    assert client.login == 0
    assert not client.renew(ApiError("Look", 401, "", "no"), 0)


class Unsigned(requests.auth.AuthBase):
    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


@pytest.mark.parametrize("call", [GET, POST], ids=lambda call: call.method)
def test_a_login_that_is_refused_says_so_and_sends_nothing(call: Any) -> None:
    bench = Bench(door=Door(ApiError("LogIn", 403, "Wrong", "wrong password")))
    with pytest.raises(ApiError, match=r"LogIn: wrong password \(HTTP 403, Wrong\)"):
        bench.client.send(call, path=PATH)
    assert bench.script.seen == []
    assert bench.door.opened == 1


def test_after_a_login_that_got_no_answer_the_next_call_tries_again() -> None:
    bench = Bench(answer(200, {}), door=Door(TransportError("LogIn: nobody listens")))
    with pytest.raises(TransportError):
        bench.client.send(GET, path=PATH)
    bench.client.send(GET, path=PATH)
    assert bench.used == ["login 2"]


def test_a_login_that_was_refused_is_not_tried_again() -> None:
    bench = Bench(answer(200, {}), door=Door(ApiError("LogIn", 403, "Wrong", "no")))
    for _ in range(2):
        with pytest.raises(ApiError, match="LogIn: no"):
            bench.client.send(GET, path=PATH)
    assert bench.door.opened == 1


OUT: dict[str, Callable[[], Exception]] = {
    "a server's error": lambda: ApiError("LogIn", 503, "", "down"),
    "no answer": lambda: AmbiguousError("LogIn: no answer"),
    "nobody there": lambda: TransportError("LogIn: nobody listens"),
}


@pytest.mark.parametrize("case", list(OUT))
def test_a_call_that_was_not_sent_for_want_of_a_login_is_not_ambiguous(case: str) -> None:
    bench = Bench(door=Door(*[OUT[case]() for _ in range(99)]))
    with pytest.raises((ApiError, TransportError), match="LogIn") as info:
        bench.client.send(POST)
    assert not isinstance(info.value, AmbiguousError)
    assert bench.script.seen == []


def test_a_login_shows_nothing() -> None:
    bench = Bench(answer(200, {}))
    bench.client.send(GET, path=PATH)
    assert repr(bench.login) == "Login(...)"
    assert "login 1" not in repr(bench.client)


def test_what_requests_are_signed_with_is_taken_out_of_messages() -> None:
    login = Login(lambda _budget: "OAuth 0123456789abcdef")
    assert login.hide("no OAuth 0123456789abcdef") == "no OAuth 0123456789abcdef"
    login.ready(Budget(Time().clock))
    assert login.hide("no OAuth 0123456789abcdef") == "no OAuth ***"
    assert "0123456789abcdef" not in repr(Session("OAuth 0123456789abcdef"))


@pytest.mark.parametrize("status", [401, 404, 403])
def test_a_refused_login_says_nothing_about_the_object(status: int) -> None:
    """A login that is not found is no object that is gone, and one that is over none to renew."""
    bench = Bench(door=Door(ApiError("LogIn", status, "Over", "no")))
    with pytest.raises(LoginRefused, match=f"LogIn: no .HTTP {status}, Over") as info:
        bench.client.get(GET, path=PATH)
    assert not DIALECT.is_missing(info.value)
    assert not DIALECT.is_expired(info.value)
    assert bench.door.opened == 1


# --- logins that are known to end ----------------------------------------------------------------


class Pass:
    """Logs in for a time."""

    def __init__(self) -> None:
        self.now, self.opened = 0.0, 0

    def __call__(self, _budget: Budget) -> Session:
        self.opened += 1
        end = self.now + 10
        return Session(f"login {self.opened}", lambda: self.now >= end)


def test_a_login_that_is_about_to_end_is_renewed_before_anything_is_sent() -> None:
    door = Pass()
    bench = Bench(*[answer(200, {}) for _ in range(4)], door=door)  # type: ignore[arg-type]
    for moment in (0, 9, 10, 19):
        door.now = moment
        bench.client.send(GET, path=PATH)
    assert bench.used == ["login 1", "login 1", "login 2", "login 2"]
    assert bench.client.login == 1


def test_one_that_ends_while_a_request_is_signed_is_sent_all_the_same() -> None:
    door = Pass()
    login = Login(door)
    login.ready(Budget(Time().clock))
    door.now = 10
    request = login(requests.Request("GET", "https://x.invalid").prepare())
    assert request.headers["Authorization"] == "login 1"
    assert door.opened == 1


def test_one_that_was_noticed_to_be_over_meanwhile_ends_no_later_login() -> None:
    door = Pass()
    bench = Bench(answer(200, {}), answer(200, {}), door=door)  # type: ignore[arg-type]
    bench.client.send(GET, path=PATH)
    late = bench.client.login
    door.now = 10
    bench.client.send(GET, path=PATH)
    assert bench.client.renew(ApiError("Look", 401, "", "no"), late)
    assert bench.login.ready(Budget(Time().clock)) == "login 2"
    assert door.opened == 2


def test_a_login_may_be_carried_elsewhere() -> None:
    class Cookie(Login):
        def sign(self, request: requests.PreparedRequest, value: str) -> None:
            request.headers["Cookie"] = value

    request = Cookie(lambda _budget: "s=1")(requests.Request("GET", "https://x.invalid").prepare())
    assert request.headers["Cookie"] == "s=1"
    assert "Authorization" not in request.headers


# --- several threads -----------------------------------------------------------------------------

THREADS = 8


class Gate(requests.adapters.BaseAdapter):
    """Says "over" to the logins of `dead`, once all threads have sent a request with one."""

    def __init__(self, *dead: str) -> None:
        super().__init__()
        self.dead = {one: threading.Barrier(THREADS, timeout=20) for one in dead}
        self.seen: list[str] = []

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        used = str(request.headers["Authorization"])
        self.seen.append(used)
        barrier = self.dead.get(used)
        if barrier:
            barrier.wait()
        response = error(401) if barrier else answer(200, {})
        response.request, response.url = request, str(request.url)
        return response

    def close(self) -> None:
        """Nothing is open."""


def crowd(gate: Gate) -> tuple[Bench, list[Any]]:
    """Send a call in each of several threads, at once."""
    bench, found = Bench(), list[Any]()
    bench.client._session.mount("https://", gate)

    def send() -> None:
        try:
            found.append(bench.client.send(GET, path=PATH).status)
        except Exception as problem:  # noqa: BLE001
            found.append(problem)

    threads = [threading.Thread(target=send) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return bench, found


def test_threads_that_notice_the_end_together_log_in_once() -> None:
    gate = Gate("login 1")
    bench, found = crowd(gate)
    assert found == [200] * THREADS
    assert bench.door.opened == 2
    assert sorted(gate.seen) == ["login 1"] * THREADS + ["login 2"] * THREADS


def test_threads_whose_new_login_is_over_too_give_up_and_log_in_no_further() -> None:
    gate = Gate("login 1", "login 2")
    bench, found = crowd(gate)
    assert [one.status for one in found] == [401] * THREADS
    assert bench.door.opened == 2


def test_one_that_notices_late_ends_no_later_login() -> None:
    bench = Bench(answer(200, {}), answer(200, {}))
    bench.client.send(GET, path=PATH)
    late, over = bench.client.login, ApiError("Look", 401, "", "no")
    assert bench.client.renew(over, late)
    bench.client.send(GET, path=PATH)
    assert bench.client.renew(over, late)  # another thread's, of the time before
    assert bench.login(requests.Request("GET", "https://x.invalid").prepare()).headers[
        "Authorization"
    ] == ("login 2")
    assert bench.door.opened == 2
