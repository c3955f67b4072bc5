"""Send: what is repeated, what is ambiguous, what errors say, what never shows."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import requests
import requests.adapters
import urllib3.exceptions
from synthetic import Time, answer

from pulumi_modeldeploy.core.http import Call, Client, Dialect, Failure
from pulumi_modeldeploy.core.retry import Budget, Retry
from pulumi_modeldeploy.errors import AmbiguousError, ApiError, Stopped, TransportError

GET = Call("Look", "GET", "/{realm}/things/{id}")
POST = Call("Make", "POST", "/{realm}/things", ok=(200, 201))
PUT = Call("Change", "PUT", "/{realm}/things/{id}")
DELETE = Call("Remove", "DELETE", "/{realm}/things/{id}", ok=(200, 204), repeatable=True)
PATH = {"id": "t1"}

Step = requests.Response | Exception


def read_error(document: Any, headers: Any) -> Failure:
    found = document if isinstance(document, dict) else {}
    return Failure(found.get("code", ""), found.get("message", ""), headers.get("X-Request-Id", ""))


DIALECT = Dialect("Things", read_error, retry=Retry(refused=(429, "Throttled"), attempts=4))


class Script(requests.adapters.BaseAdapter):
    """Answers what it was told, in order, and keeps what it was asked."""

    def __init__(self, *steps: Step) -> None:
        super().__init__()
        self.steps, self.seen = list(steps), list[requests.PreparedRequest]()
        self.options: list[dict[str, Any]] = []

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        self.seen.append(request)
        self.options.append(options)
        step = self.steps.pop(0)
        if isinstance(step, Exception):
            raise step
        step.request, step.url = request, str(request.url)
        return step

    def close(self) -> None:
        """Nothing is open."""


class Key(requests.auth.AuthBase):
    """Signs with the number of the request, and knows a secret."""

    def __init__(self) -> None:
        self.secret, self.signed = "t0p-s3cret", 0

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        self.signed += 1
        request.headers["Authorization"] = f"{self.secret} {self.signed}"
        return request


class Bench:
    """A client over a script, on a clock that nobody waits for."""

    def __init__(self, *steps: Step, dialect: Dialect = DIALECT, **options: Any) -> None:
        self.time, self.script = Time(), Script(*steps)
        options = {"path": {"realm": "r1"}, **options}
        self.client = Client(
            "https://things.invalid", dialect, Key(), clock=self.time.clock, **options
        )
        self.client._session.mount("https://", self.script)

    @property
    def sent(self) -> int:
        return len(self.script.seen)

    def budget(self, alive: Callable[[], bool] = lambda: True, **options: Any) -> Budget:
        """What a verb may lose."""
        return Budget(self.time.clock, alive, **options)


def error(status: int, code: str = "E1", **headers: str) -> requests.Response:
    return answer(status, {"code": code, "message": "no"}, **headers)


def refused_connection() -> Exception:
    """What `requests` raises where nobody listens."""
    reason = urllib3.exceptions.NewConnectionError(None, "refused")  # type: ignore[arg-type]
    return requests.ConnectionError(urllib3.exceptions.MaxRetryError(None, "/", reason))  # type: ignore[arg-type]


def unknown_host() -> Exception:
    reason = urllib3.exceptions.NameResolutionError("things", None, OSError())  # type: ignore[arg-type]
    return requests.ConnectionError(urllib3.exceptions.MaxRetryError(None, "/", reason))  # type: ignore[arg-type]


def dropped_connection() -> Exception:
    """What `requests` raises where the connection breaks before the answer."""
    return requests.ConnectionError(urllib3.exceptions.ProtocolError("aborted", OSError()))


# --- one request ---------------------------------------------------------------------------------


def test_a_request_carries_path_query_body_and_headers() -> None:
    bench = Bench(answer(200, {"id": "t1"}), headers={"X-Extra": "1"})
    found = bench.client.send(
        PUT, body={"näme": "ü", "n": 0}, query={"a": "b c", "none": None}, path={"id": "a/b?c"}
    )
    (request,) = bench.script.seen
    assert request.method == "PUT"
    assert request.url == "https://things.invalid/r1/things/a%2Fb%3Fc?a=b+c"
    assert json.loads(request.body or b"") == {"näme": "ü", "n": 0}
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["X-Extra"] == "1"
    assert found.status == 200
    assert found.body == {"id": "t1"}


def test_a_request_without_a_body_has_none_but_an_empty_object_is_one() -> None:
    bench = Bench(answer(200, {}), answer(200, {}))
    bench.client.send(PUT, path=PATH)
    bench.client.send(PUT, body={}, path=PATH)
    assert [request.body for request in bench.script.seen] == [None, b"{}"]


@pytest.mark.parametrize(("call", "seconds"), [(GET, 20), (PUT, 20), (DELETE, 20), (POST, 8)])
def test_every_request_has_limits_and_a_create_the_shortest(call: Call, seconds: float) -> None:
    bench = Bench(answer(200, {}))
    bench.client.send(call, path=PATH)
    assert bench.script.options[0]["timeout"] == (5, seconds)


def test_redirects_are_not_followed() -> None:
    bench = Bench(answer(302, None, Location="https://elsewhere.invalid"))
    with pytest.raises(ApiError, match="HTTP 302"):
        bench.client.send(GET, path=PATH)
    assert bench.sent == 1


def test_an_empty_answer_is_an_empty_document_where_none_is_promised() -> None:
    bench = Bench(answer(204))
    assert bench.client.send(DELETE, path=PATH).body == {}


def test_a_given_ca_bundle_wins_over_the_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/of/the/environment.pem")
    bench = Bench(answer(200, {}), verify="/of/the/stack.pem")
    bench.client.send(GET, path=PATH)
    assert bench.script.options[0]["verify"] == "/of/the/stack.pem"


def test_certificates_are_verified() -> None:
    bench = Bench(answer(200, {}))
    bench.client.send(GET, path=PATH)
    assert bench.script.options[0]["verify"] is not False


# --- what is repeated ----------------------------------------------------------------------------

ALL, SAFE, NEVER = "every verb", "verbs that do no harm twice", "never"
TABLE: dict[str, tuple[Callable[[], Step], str]] = {
    "throttled by status": (lambda: error(429), ALL),
    "throttled by code": (lambda: error(400, "Throttled"), ALL),
    "the request did not arrive in time": (lambda: error(408), SAFE),
    "server error": (lambda: error(500), SAFE),
    "bad gateway": (lambda: error(502), SAFE),
    "unavailable": (lambda: error(503), SAFE),
    "gateway timed out": (lambda: error(504), SAFE),
    "no answer in time": (requests.ReadTimeout, SAFE),
    "connection broke": (dropped_connection, SAFE),
    "answer was cut": (requests.exceptions.ChunkedEncodingError, SAFE),
    "half a document": (lambda: cut(answer(200, {"id": "t1"})), SAFE),
    "a document of another kind": (lambda: answer(200, ["t1"]), SAFE),
    "nobody listens": (refused_connection, ALL),
    "unknown host": (unknown_host, ALL),
    "no connection in time": (requests.ConnectTimeout, ALL),
    "bad request": (lambda: error(400), NEVER),
    "not found": (lambda: error(404), NEVER),
    "conflict": (lambda: error(409), NEVER),
    "not implemented": (lambda: error(501), NEVER),
}


def cut(response: requests.Response) -> requests.Response:
    response._content = response.content[:5]
    return response


@pytest.mark.parametrize("call", [GET, DELETE, POST, PUT], ids=lambda call: call.method)
@pytest.mark.parametrize("accident", list(TABLE))
def test_the_table_says_what_is_repeated(accident: str, call: Call) -> None:
    make, repeated = TABLE[accident]
    bench = Bench(make(), answer(200, {"id": "t1"}))
    harmless = call in (GET, DELETE)
    if repeated == ALL or (repeated == SAFE and harmless):
        assert bench.client.send(call, path=PATH).body == {"id": "t1"}
        assert bench.sent == 2
        assert len(bench.time.slept) == 1
    else:
        with pytest.raises((ApiError, TransportError)) as info:
            bench.client.send(call, path=PATH)
        assert bench.sent == 1
        assert bench.time.slept == []
        assert isinstance(info.value, AmbiguousError) is (repeated == SAFE)


@pytest.mark.parametrize("call", [GET, POST, PUT], ids=lambda call: call.method)
def test_it_is_given_up_after_some_attempts(call: Call) -> None:
    bench = Bench(*[error(429) for _ in range(9)])
    with pytest.raises(ApiError, match=r"HTTP 429, E1\), tried 4 times in 3.5 s$"):
        bench.client.send(call, path=PATH)
    assert bench.sent == 4
    assert bench.time.slept == [0.5, 1, 2]


def test_a_call_that_was_never_sent_is_no_ambiguous_one() -> None:
    bench = Bench(*[refused_connection() for _ in range(4)])
    with pytest.raises(
        TransportError, match=r"Make: no answer from Things at https://things\.invalid"
    ) as info:
        bench.client.send(POST)
    assert not isinstance(info.value, AmbiguousError)


def test_a_create_that_is_throttled_to_the_end_was_refused_not_lost() -> None:
    """By code too, whatever the status: ZStack answers errors with 503."""
    bench = Bench(*[error(503, "Throttled") for _ in range(4)])
    with pytest.raises(ApiError, match="Throttled"):
        bench.client.send(POST)


def test_each_attempt_is_signed_anew() -> None:
    bench = Bench(error(503), error(503), answer(200, {}))
    bench.client.send(GET, path=PATH)
    signatures = [request.headers["Authorization"][-1] for request in bench.script.seen]
    assert signatures == ["1", "2", "3"]


# --- pauses --------------------------------------------------------------------------------------


def test_pauses_grow_up_to_a_limit_and_are_drawn_at_random() -> None:
    retry = Retry(attempts=8, base=0.5, most=20)
    bench = Bench(*[error(503) for _ in range(8)], dialect=Dialect("T", read_error, retry=retry))
    with pytest.raises(ApiError):
        bench.client.send(GET, path=PATH, budget=bench.budget())
    assert bench.time.slept == [most * 0.5 for most in (1, 2, 4, 8, 16, 20, 20)]


ASKED = {
    "seconds": ({"Retry_After": "7"}, 7.0),
    "fractions": ({"Retry_After": "1.5"}, 1.5),
    "nothing": ({"Retry_After": "0"}, 0.0),
    "a date": ({"Retry_After": "Wed, 21 Oct 2026 07:28:10 GMT", "Date": "DATE"}, 10.0),
    "a date that is over": ({"Retry_After": "Wed, 21 Oct 2026 07:27:59 GMT", "Date": "DATE"}, 0.0),
    "a date, and nobody says what time it is": (
        {"Retry_After": "Wed, 21 Oct 2026 07:28:10 GMT"},
        0.0,
    ),
    "no number": ({"Retry_After": "soon", "Date": "DATE"}, 0.0),
    "a number of another script": ({"Retry_After": "\u00b2"}, 0.0),
    "negative": ({"Retry_After": "-3"}, 0.0),
}
DATE = "Wed, 21 Oct 2026 07:28:00 GMT"


@pytest.mark.parametrize("case", list(ASKED))
@pytest.mark.parametrize("status", [429, 503])
def test_the_servers_wish_comes_on_top_of_the_growing_pause(case: str, status: int) -> None:
    """By its own clock. All who were told the same do not come back at the same moment."""
    headers, pause = ASKED[case]
    headers = {name: text.replace("DATE", DATE) for name, text in headers.items()}
    bench = Bench(error(status, **headers), answer(200, {}))
    bench.client.send(GET, path=PATH)
    assert bench.time.slept == [pause + 0.5]


def test_a_cloud_may_ask_by_headers_of_its_own() -> None:
    asks = {"X-Own-Wait": 0.001, "Retry-After": 1.0}
    dialect = Dialect("T", read_error, retry=Retry(asks=asks))
    wishes = [
        {"X_Own_Wait": "2500", "Retry_After": "9"},
        {"Retry_After": "9"},
        {"X_Own_Wait": "soon", "Retry_After": "9"},
        {},
    ]
    bench = Bench(*[error(429, **one) for one in wishes], answer(200, {}), dialect=dialect)
    bench.client.send(POST, budget=bench.budget())
    assert bench.time.slept == [2.5 + 0.5, 9 + 1, 9 + 2, 4]


def test_the_servers_wish_has_a_limit() -> None:
    bench = Bench(error(429, Retry_After="86400"), answer(200, {}))
    bench.client.send(GET, path=PATH, budget=bench.budget())
    assert bench.time.slept == [120.5]


def test_what_the_server_asks_for_beyond_the_budget_is_not_waited_for() -> None:
    bench = Bench(error(429, Retry_After="86400"), answer(200, {}))
    with pytest.raises(ApiError, match=r"HTTP 429, E1\)$"):
        bench.client.send(GET, path=PATH)
    assert bench.time.slept == []


# --- the run is over -----------------------------------------------------------------------------


@pytest.mark.parametrize("call", [POST, PUT, DELETE], ids=lambda call: call.method)
def test_a_changing_call_is_not_sent_once_the_run_is_over(call: Call) -> None:
    bench = Bench()
    with pytest.raises(Stopped, match=f"{call.operation} was not sent: the run is over"):
        bench.client.send(call, path=PATH, budget=bench.budget(lambda: False))
    assert bench.sent == 0


@pytest.mark.parametrize("call", [GET, POST, PUT, DELETE], ids=lambda call: call.method)
@pytest.mark.parametrize("accident", ["throttled by status", "nobody listens"])
def test_nothing_is_repeated_once_the_run_is_over(call: Call, accident: str) -> None:
    bench, make = Bench(), TABLE[accident][0]
    bench.script.steps = [make() for _ in range(9)]
    with pytest.raises(Stopped, match=f"{call.operation} was not sent: the run is over"):
        bench.client.send(call, path=PATH, budget=bench.budget(lambda: not bench.time.slept))
    assert bench.sent == 1
    assert len(bench.time.slept) == 1


def test_looking_once_is_allowed_after_the_run() -> None:
    bench = Bench(answer(200, {}))
    bench.client.send(GET, path=PATH, budget=bench.budget(lambda: False))
    assert bench.sent == 1


@pytest.mark.parametrize("call", [POST, PUT, DELETE], ids=lambda call: call.method)
def test_only_looks_outlive_the_run(call: Call) -> None:
    bench = Bench()
    with pytest.raises(Stopped):
        bench.client.send(call, path=PATH, budget=bench.budget(lambda: False, outlives=True))


def test_a_look_that_outlives_the_run_says_what_it_met() -> None:
    bench = Bench(*[error(503) for _ in range(9)])
    with pytest.raises(ApiError, match="HTTP 503"):
        bench.client.send(GET, path=PATH, budget=bench.budget(lambda: False, outlives=True))
    assert (bench.sent, bench.time.slept) == (1, [])


def test_a_look_that_outlives_the_run_is_repeated_only_while_that_goes_on() -> None:
    """Its pause ends early when the run is over, and what follows is no try."""
    bench = Bench(*[error(503) for _ in range(9)])
    budget = bench.budget(lambda: len(bench.time.slept) < 2, outlives=True)
    with pytest.raises(ApiError, match="HTTP 503"):
        bench.client.send(GET, path=PATH, budget=budget)
    assert bench.sent == 2


# --- errors --------------------------------------------------------------------------------------


def test_an_error_says_operation_message_status_code_and_request() -> None:
    bench = Bench(answer(400, {"code": "E7", "message": "no such clay"}, X_Request_Id="q-1"))
    with pytest.raises(ApiError) as info:
        bench.client.send(POST)
    assert str(info.value) == "Make: no such clay (HTTP 400, E7, request q-1)"
    assert (info.value.operation, info.value.status, info.value.code) == ("Make", 400, "E7")
    assert info.value.request_id == "q-1"


def test_an_error_says_what_to_do_where_the_dialect_knows() -> None:
    def advise(status: int, code: str) -> str:
        return f"buy more of {code}" if status == 400 else ""

    dialect = Dialect("Things", read_error, advise=advise)
    for status, advice in ((400, "buy more of E1"), (409, "")):
        with pytest.raises(ApiError) as info:
            Bench(error(status), dialect=dialect).client.send(POST)
        assert info.value.advice == advice
        assert str(info.value) == f"Make: no (HTTP {status}, E1){advice and '; '}{advice}"


@pytest.mark.parametrize("content", [b"", b"<html>", b"[1]", b'"x"'], ids=repr)
def test_an_error_without_a_document_says_what_there_is(content: bytes) -> None:
    response = answer(418)
    response._content, response.reason = content, "I'm a teapot"
    with pytest.raises(ApiError) as info:
        Bench(response).client.send(GET, path=PATH)
    assert str(info.value) == "Look: I'm a teapot (HTTP 418)"


def test_get_answers_none_where_there_is_no_such_object() -> None:
    assert Bench(error(404)).client.get(GET, path=PATH) is None
    assert Bench(answer(200, {"a": 1})).client.get(GET, path=PATH) == {"a": 1}


def test_what_is_missing_may_be_said_by_a_code() -> None:
    dialect = Dialect("Things", read_error, missing=(410, "Gone"))
    for response in (error(410), error(400, "Gone")):
        assert Bench(response, dialect=dialect).client.get(GET, path=PATH) is None
    with pytest.raises(ApiError, match="HTTP 404"):
        Bench(error(404), dialect=dialect).client.get(GET, path=PATH)


def test_get_raises_other_errors() -> None:
    with pytest.raises(ApiError, match="HTTP 403"):
        Bench(error(403)).client.get(GET, path=PATH)


@pytest.mark.parametrize("status", [429, 503])
def test_get_takes_what_says_nothing_about_the_object_for_no_answer(status: int) -> None:
    """What waits passes over that, be the cloud down or just busy."""
    bench = Bench(*[error(status) for _ in range(9)])
    with pytest.raises(TransportError, match=f"HTTP {status}, E1., tried 4 times in 3.5 s"):
        bench.client.get(GET, path=PATH)


def test_advice_comes_after_how_often_it_was_tried() -> None:
    retry = Retry(attempts=2)
    dialect = Dialect("Things", read_error, retry=retry, advise=lambda *_: "be patient")
    with pytest.raises(ApiError) as info:
        Bench(error(429), error(429), dialect=dialect).client.send(POST)
    assert str(info.value) == "Make: no (HTTP 429, E1), tried 2 times in 0.5 s; be patient"


# --- secrets -------------------------------------------------------------------------------------


def test_nothing_secret_is_shown() -> None:
    bench = Bench(error(400), requests.ReadTimeout("t0p-s3cret"))
    shown = [repr(bench.client), str(bench.client)]
    for call in (POST, POST):
        with pytest.raises((ApiError, TransportError)) as info:
            bench.client.send(call, body={"password": "t0p-s3cret"})
        shown += [str(info.value), repr(info.value)]
    assert "s3cret" not in " ".join(shown)
    assert bench.script.seen[0].headers["Authorization"] == "t0p-s3cret 1"


# --- how bodies and answers are wrapped ----------------------------------------------------------

WRAPPED: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "as it is": ({}, {"a": 1, "tags": []}, {"a": 1, "tags": []}),
    "in an envelope": ({"envelope": "param"}, {"a": 1}, {"param": {"a": 1}}),
    "nothing in it": ({"envelope": "param"}, {}, {"param": {}}),
    "some beside it": (
        {"envelope": "param", "beside": ("tags", "more")},
        {"a": 1, "tags": ["x"]},
        {"param": {"a": 1}, "tags": ["x"]},
    ),
    "empty beside it": (
        {"envelope": "param", "beside": ("tags",)},
        {"tags": []},
        {"param": {}, "tags": []},
    ),
    "beside nothing": ({"beside": ("tags",)}, {"a": 1, "tags": []}, {"a": 1, "tags": []}),
}


@pytest.mark.parametrize("case", list(WRAPPED))
def test_a_body_is_put_into_its_envelope(case: str) -> None:
    columns, body, sent = WRAPPED[case]
    bench, before = Bench(answer(200, {})), dict(body)
    bench.client.send(Call("Make", "POST", "/x", **columns), body=body)
    assert json.loads(bench.script.seen[0].body or b"") == sent
    assert body == before


def test_a_call_without_a_body_has_no_envelope_either() -> None:
    bench = Bench(answer(200, {}))
    bench.client.send(Call("Remove", "DELETE", "/x", envelope="param"))
    assert bench.script.seen[0].body is None


HELD: dict[str, tuple[str, dict[str, Any], Any]] = {
    "the answer": ("", {"a": 1}, {"a": 1}),
    "an empty answer": ("", {}, {}),
    "under a key": ("thing", {"thing": {"a": 1}, "b": 2}, {"a": 1}),
    "the one of a list": ("things", {"things": [{"a": 1}]}, {"a": 1}),
    "none of a list": ("things", {"things": []}, None),
    "null": ("thing", {"thing": None}, None),
    "no such key": ("thing", {"other": {}}, None),
    "no object": ("thing", {"thing": "x"}, None),
    "no objects": ("things", {"things": [None]}, None),
}


@pytest.mark.parametrize("case", list(HELD))
def test_the_object_is_taken_out_of_its_answer(case: str) -> None:
    key, document, found = HELD[case]
    call = Call("Look", "GET", "/x", holds=key)
    assert Bench(answer(200, document)).client.get(call) == found
    assert Bench(answer(200, document)).client.send(call).body == document


@pytest.mark.parametrize("attempts", [1, 2, 3, 7])
def test_a_call_may_have_a_number_of_attempts_of_its_own(attempts: int) -> None:
    bench = Bench(*[error(503) for _ in range(9)])
    with pytest.raises(ApiError):
        bench.client.send(Call("Look", "GET", "/x", attempts=attempts))
    assert bench.sent == attempts


def test_headers_of_a_call_win_over_those_of_all() -> None:
    bench = Bench(answer(200, {}), answer(200, {}), headers={"X-Extra": "1", "X-Job": "none"})
    bench.client.send(GET, path=PATH, headers={"X-Job": "j1"})
    bench.client.send(GET, path=PATH)
    seen = [(one.headers["X-Extra"], one.headers["X-Job"]) for one in bench.script.seen]
    assert seen == [("1", "j1"), ("1", "none")]


def test_headers_of_a_call_are_those_of_all_its_tries() -> None:
    bench = Bench(error(503), error(503), answer(200, {}))
    bench.client.send(GET, path=PATH, headers={"X-Job": "j1"})
    assert [one.headers["X-Job"] for one in bench.script.seen] == ["j1"] * 3


# --- a cloud whose status says nothing -----------------------------------------------------------

LYING = Dialect(
    "Liars",
    read_error,
    missing=("Gone",),
    retry=Retry(refused=(429, "Busy"), failed=(503, "Broke"), by_code=True, attempts=2),
)
BY_CODE: dict[str, tuple[int, str, str]] = {
    "an answer under a bad status": (503, "Denied", NEVER),
    "a bad status alone": (503, "", SAFE),
    "a code that says refused": (503, "Busy", ALL),
    "a code that says failed": (503, "Broke", SAFE),
    "a code that says failed under another status": (400, "Broke", SAFE),
    "throttled by something between": (429, "", ALL),
    "an answer under the status of throttling": (429, "Denied", NEVER),
    "a status that is not listed": (502, "", NEVER),
}


@pytest.mark.parametrize("call", [GET, POST], ids=lambda call: call.method)
@pytest.mark.parametrize("case", list(BY_CODE))
def test_where_there_is_a_code_it_decides_alone(case: str, call: Call) -> None:
    status, code, repeated = BY_CODE[case]
    bench = Bench(error(status, code), answer(200, {"id": "t1"}), dialect=LYING)
    if repeated == ALL or (repeated == SAFE and call is GET):
        assert bench.client.send(call, path=PATH).body == {"id": "t1"}
    else:
        with pytest.raises((ApiError, AmbiguousError)) as info:
            bench.client.send(call, path=PATH)
        assert isinstance(info.value, AmbiguousError) is (repeated == SAFE)
        assert bench.sent == 1


def test_where_codes_do_not_decide_alone_a_bad_status_counts_besides() -> None:
    honest = Dialect("T", read_error, retry=Retry(failed=(503,), attempts=2))
    bench = Bench(error(503, "Denied"), answer(200, {}), dialect=honest)
    bench.client.send(GET, path=PATH)
    assert bench.sent == 2


GOT: dict[str, tuple[int, str, type[Exception] | None]] = {
    "no such object": (503, "Gone", None),
    "an outage": (503, "", TransportError),
    "too busy": (503, "Busy", TransportError),
    "an internal error": (503, "Broke", TransportError),
    "an answer": (503, "Denied", ApiError),
}


@pytest.mark.parametrize("case", list(GOT))
def test_a_look_tells_answers_from_outages(case: str) -> None:
    """What waits passes over an outage, and ends with an answer."""
    status, code, raised = GOT[case]
    bench = Bench(*[error(status, code) for _ in range(2)], dialect=LYING)
    if raised is None:
        assert bench.client.get(GET, path=PATH) is None
    else:
        with pytest.raises(raised) as info:
            bench.client.get(GET, path=PATH)
        assert isinstance(info.value, ApiError) is (raised is ApiError)


PLAIN: dict[str, tuple[bytes, Any]] = {
    "a text": (b"Duplicate job", "Duplicate job"),
    "nothing": (b"", ""),
    "a page": (b"<html>", "<html>"),
    "a document": (b'{"code": "E1"}', {"code": "E1"}),
    "half a document": (b'{"code": "E', '{"code": "E'),
    "a JSON text": (b'"x"', "x"),
    "a list": (b"[1]", [1]),
}


@pytest.mark.parametrize("case", list(PLAIN))
def test_an_error_is_read_as_document_or_else_as_text(case: str) -> None:
    content, document = PLAIN[case]
    response, read = answer(400), list[Any]()
    response._content = content

    def reader(found: Any, _headers: Any) -> Failure:
        read.append(found)
        return Failure("E9", "said")

    with pytest.raises(ApiError, match=r"Look: said \(HTTP 400, E9\)"):
        Bench(response, dialect=Dialect("T", reader)).client.send(GET, path=PATH)
    assert read == [document]


def test_a_text_where_a_document_is_due_is_no_answer() -> None:
    response = answer(200)
    response._content = b"welcome"
    with pytest.raises(AmbiguousError, match="is no JSON object"):
        Bench(response).client.send(POST)
