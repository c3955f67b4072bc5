"""Send: build, sign, send, classify, maybe repeat; map errors; hide secrets.

Behaviour is data: a cloud gives a `Dialect` (how its errors look, which may be repeated) and the
`requests` auth object that signs. Clock, sleep and random are passed in. For how long something is
tried is for the verb to say, by its budget.
"""

from __future__ import annotations

import contextlib
import copy
import json
import random
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import quote

import requests
import requests.adapters
import requests.auth

from pulumi_modeldeploy.core.retry import GLANCE, Budget, Retry, date_of
from pulumi_modeldeploy.core.scrub import SURE, scrub_texts
from pulumi_modeldeploy.errors import (
    AmbiguousError,
    ApiError,
    LoginRefused,
    TransportError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from pulumi_modeldeploy.core.values import Json

CONNECT_SECONDS = 5.0
READ_SECONDS: Mapping[str, float] = {"POST": 8.0}
"""Longest wait for the first byte; a create that hangs is looked for, not waited for."""
OTHER_READ_SECONDS = 20.0
SILENT = ("PUT", "DELETE")
"""Methods whose answers may be empty."""
POOL_WIDTH = 256
"""Connections kept per host: as wide as the widest worker pool (`pulumi up --parallel`)."""


@dataclass(frozen=True)
class Call:
    """One operation of a cloud.

    Attributes:
        operation: The vendor's name for it, used in messages.
        method: HTTP method.
        path: Path with `{placeholders}`.
        ok: Statuses that mean success.
        repeatable: Whether sending it twice does no harm, although it changes something.
        envelope: Key of the body that holds what is sent; empty: the body is what is sent.
        beside: Keys that stand beside the envelope and not in it.
        holds: Key of the answer that holds the object (dotted: one within another), alone or as the
            only one of a list (an empty one: there is no such object); empty: the answer is it.
        attempts: Requests in all; 0: as the retry table says.
    """

    operation: str
    method: str
    path: str
    ok: tuple[int, ...] = (200,)
    repeatable: bool = False
    envelope: str = ""
    beside: tuple[str, ...] = ()
    holds: str = ""
    attempts: int = 0

    @property
    def changes(self) -> bool:
        """Whether it changes something in the cloud."""
        return self.method not in ("GET", "HEAD")

    @property
    def safe_to_repeat(self) -> bool:
        """Whether it may be sent again after an answer got lost."""
        return self.repeatable or not self.changes

    def wrapped(self, body: Json) -> Json:
        """Put a body into its envelope."""
        if not self.envelope:
            return body
        beside = {key: body[key] for key in self.beside if key in body}
        return {self.envelope: {k: v for k, v in body.items() if k not in beside}, **beside}

    def held(self, document: Json) -> Json | None:
        """Take the object out of an answer; `None` where there is none."""
        found: Any = document
        for key in self.holds.split(".") if self.holds else ():
            found = found.get(key) if isinstance(found, dict) else None
        if isinstance(found, list):
            found = found[0] if found else None
        return found if isinstance(found, dict) else None


@dataclass(frozen=True)
class Failure:
    """An error document, read."""

    code: str
    message: str
    request_id: str = ""


@dataclass(frozen=True)
class Skew:
    """How a cloud refuses a signature for its time, and what to do where that is not set right.

    Attributes:
        said: Codes, or words of messages, that say so.
        apart: What to do where its answer tells no time, or one that cannot be.
        agree: What to do where its clock and ours agree.
    """

    said: Collection[str] = ()
    apart: str = ""
    agree: str = ""


@dataclass(frozen=True)
class Dialect:
    """How one cloud answers.

    Attributes:
        name: The cloud's name in messages.
        read_error: Reads an error document: any JSON, or the text where it was none.
        missing: Statuses or codes that mean "there is no such object".
        taken: Statuses or codes that mean "there is one of this name".
        expired: Statuses or codes that mean "log in again".
        rejected: Statuses or codes that refuse the credentials.
        retry: What is repeated.
        skew: How it refuses a signature for its time.
        advise: What to do about an error, by status and code; empty where nothing is to be added.
        headers: Headers that every request carries.
        names: The header that names the operation; empty: the address says it.
    """

    name: str
    read_error: Callable[[Any, Mapping[str, str]], Failure]
    missing: Collection[int | str] = (404,)
    taken: Collection[int | str] = ()
    expired: Collection[int | str] = ()
    rejected: Collection[int | str] = (401,)
    retry: Retry = field(default_factory=Retry)
    skew: Skew = field(default_factory=Skew)
    advise: Callable[[int, str], str] = lambda _status, _code: ""
    headers: Mapping[str, str] = field(default_factory=dict)
    names: str = ""

    def is_missing(self, error: ApiError) -> bool:
        """Tell whether an error says that the object does not exist."""
        return error.status in self.missing or error.code in self.missing

    def is_taken(self, error: ApiError) -> bool:
        """Tell whether an error says that there is an object of this name, or id, already."""
        return error.status in self.taken or error.code in self.taken

    def is_expired(self, error: ApiError) -> bool:
        """Tell whether an error says that the login is over."""
        return error.status in self.expired or error.code in self.expired

    def is_rejected(self, error: ApiError) -> bool:
        """Tell whether an error says that the credentials are no good."""
        return error.status in self.rejected or error.code in self.rejected

    def is_skewed(self, failure: Failure) -> bool:
        """Tell whether a failure says that the time of a signature is refused."""
        return any(one == failure.code or one in failure.message for one in self.skew.said)


@dataclass(frozen=True)
class Clock:
    """Time and chance, passed in so that no test waits.

    Attributes:
        now: Seconds since some moment.
        wall: Seconds since 1970.
        sleep: Sleeps, at most until the run is over.
        random: A number from 0 to 1.
        linger: Sleeps although the run is over.
    """

    now: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    random: Callable[[], float] = random.random
    linger: Callable[[float], None] = time.sleep


@dataclass(frozen=True)
class Answer:
    """What the cloud answered to a successful request."""

    status: int
    body: Json
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


class Unsigned(requests.auth.AuthBase):
    """Leaves a request as it is, and keeps `requests` from looking for a `.netrc`."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Sign nothing."""
        return request


LEAST_SKEW = 300.0
"""Seconds from which on clocks differ: clouds grant 900, and answers take their time."""
MOST_SKEW = 86400.0
"""Seconds up to which an answer's date is believed; who tells it is not always the cloud itself."""


class Signer(requests.auth.AuthBase):
    """Base of what dates its signatures: by our clock, and by the cloud's once that is known.

    Safe to share between threads.
    """

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        """Take the clock."""
        self._now, self._lock = now, threading.Lock()
        self.ahead = 0.0
        """By how many seconds the cloud's clock is known to be ahead of ours."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(...)"

    def now(self) -> float:
        """The time to sign with, in seconds since 1970."""
        return self._now() + self.ahead

    def off(self, date: float | None) -> float | None:
        """Seconds by which a date is ahead of the time to sign with; `None`: it cannot be."""
        if date is None or abs(date - self._now()) > MOST_SKEW:
            return None
        return date - self.now()

    def hide(self, text: str) -> str:
        """Take what requests are signed with out of a text, where no setting says it."""
        return text

    def correct(self, date: float | None, ahead: float) -> bool:
        """Sign with the cloud's time from now on; `False`: that would change nothing.

        Args:
            date: The time that the refusal tells.
            ahead: What `ahead` was when the refused request was signed.
        """
        with self._lock:
            if self.ahead == ahead:
                off = self.off(date)
                if off is None or abs(off) < LEAST_SKEW:
                    return False
                self.ahead += off
            # Else a thread that was refused at the same time was faster.
            return True


@dataclass(frozen=True)
class Session:
    """What a login answered.

    Attributes:
        value: The value of the header.
        over: Whether it is about to end, as far as that is known before the cloud says so.
    """

    value: str = field(repr=False)
    over: Callable[[], bool] = lambda: False


class Login(requests.auth.AuthBase):
    """Signs with what a login answered, and logs in anew when that is over.

    Safe to share between threads: those that notice the end together log in once.
    """

    def __init__(self, log_in: Callable[[Budget], str | Session]) -> None:
        """Take the function that logs in and answers the value of the header.

        It gets what it may lose by trying again.
        """
        self._log_in, self._lock = log_in, threading.Lock()
        self._session: Session | None = None
        self._failed: ApiError | TransportError | None = None
        self._failures, self._is_final = 0, False
        self.number = 0
        """Which login this is; grows with each one that is over."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(...)"

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the header."""
        # One that comes to its end just now is sent all the same: this is no place to log in.
        session = self._session
        try:
            self.sign(request, session.value if session else self.ready(Budget(Clock(), seconds=0)))
        except (ApiError, AmbiguousError) as error:
            # Not the answer to this request, which was not sent.
            raise TransportError(str(error)) from error
        return request

    def ready(self, budget: Budget) -> str:
        """Log in, unless that was done before and lasts.

        A login that is refused is not tried again, lest the account be locked; one that fails
        otherwise is the answer for everybody who was waiting for it.
        """
        failures = self._failures
        with self._lock:
            waited = self._session is None and failures != self._failures
            if self._failed is not None and (self._is_final or waited):
                raise self._failed
            if self._session is None:
                self._session = self._new_session(budget)
            elif self._session.over():
                # An outage of the login must not cost what is still good for a while.
                once = Budget(budget.clock, budget.alive, seconds=0)
                with contextlib.suppress(TransportError):
                    self._session, self.number = self._new_session(once), self.number + 1
            return self._session.value

    def _new_session(self, budget: Budget) -> Session:
        try:
            found = self._log_in(budget)
        except (ApiError, TransportError) as error:
            self._failed, self._failures = error, self._failures + 1
            raise
        return found if isinstance(found, Session) else Session(found)

    def refuse(self) -> None:
        """Take note that the last login was refused for good."""
        with self._lock:
            self._is_final = True

    def hide(self, text: str) -> str:
        """Take what requests are signed with out of a text."""
        session = self._session
        words = session.value.split() if session else []
        return scrub_texts(text, [word for word in words if len(word) >= SURE])

    def sign(self, request: requests.PreparedRequest, value: str) -> None:
        """Put the value where the cloud wants it."""
        request.headers["Authorization"] = value

    def forget(self, number: int) -> None:
        """Take note that a login is over, unless a later one has taken its place."""
        with self._lock:
            if number == self.number:
                self._session, self.number = None, self.number + 1


class Client:
    """Sends the calls of one cloud connection; safe to share between threads."""

    def __init__(
        self,
        endpoint: str,
        dialect: Dialect,
        auth: requests.auth.AuthBase,
        *,
        path: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        clock: Clock | None = None,
        verify: str | bool = True,
    ) -> None:
        """Connect.

        Args:
            endpoint: Base URL without a trailing slash.
            dialect: How the cloud answers.
            auth: Signs a prepared request.
            path: Placeholders that every call shares, such as the project.
            headers: Headers that every request carries.
            clock: Time and chance.
            verify: `True`, or the path of a CA bundle.
        """
        self.endpoint, self.dialect, self.clock = endpoint, dialect, clock or Clock()
        self._path, self._headers = dict(path or {}), dict(headers or {})
        self._session = requests.Session()
        self._session.auth, self._verify = auth, verify
        self._login = auth if isinstance(auth, Login) else None
        self._signer = auth if isinstance(auth, Signer) else None
        adapter = requests.adapters.HTTPAdapter(pool_maxsize=POOL_WIDTH)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    def __repr__(self) -> str:
        return f"Client({self.endpoint!r})"

    def beside(self, endpoint: str, dialect: Dialect) -> Client:
        """Open a connection to a neighbour of the cloud, with the same credentials and login."""
        other = copy.copy(self)
        other.endpoint, other.dialect = endpoint, dialect
        return other

    def wall(self) -> float:
        """The time in seconds since 1970, by the cloud's clock as far as that is known."""
        return self.clock.wall() + (self._signer.ahead if self._signer else 0.0)

    def send(
        self,
        call: Call,
        *,
        body: Json | None = None,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        path: Mapping[str, str] | None = None,
        budget: Budget | None = None,
    ) -> Answer:
        """Send a call, repeating it as far as the retry table and the budget allow.

        Args:
            call: The call.
            body: Its body.
            query: Its query; what is `None` is left out.
            headers: Headers beside those of the connection.
            path: Placeholders beside those of the connection.
            budget: What may be lost by trying again, and whether the run goes on; default: as
                much as a look may lose.

        Raises:
            ApiError: The cloud refused.
            AmbiguousError: No usable answer to a request that may have changed something.
            TransportError: No answer, and nothing was changed.
            Stopped: The run is over; nothing was sent.
        """
        request = _Request(call, body, query or {}, headers or {}, path or {})
        budget = budget or Budget(self.clock, seconds=GLANCE)
        self._log_in(budget)
        login = self.login
        try:
            return self._send(request, budget)
        except ApiError as error:
            if not self.renew(error, login):
                raise
        self._log_in(budget)
        return self._send(request, budget)

    @property
    def login(self) -> int:
        """Which login requests are signed with now."""
        return self._login.number if self._login else 0

    def _log_in(self, budget: Budget) -> None:
        """Log in before anything is sent: what goes wrong then says nothing about the call.

        Raises:
            LoginRefused: The login was refused.
            TransportError: The login got no answer, or none just now.
        """
        if self._login is not None:
            try:
                self._login.ready(budget)
            except AmbiguousError as error:
                raise TransportError(str(error)) from error
            except ApiError as error:
                retry = self.dialect.retry
                if retry.is_refused(error) or retry.is_failed(error):
                    raise TransportError(str(error)) from error
                self._login.refuse()
                raise LoginRefused(error) from error

    def renew(self, error: ApiError, login: int) -> bool:
        """Tell whether an error says that a login is over, and see that there will be a new one."""
        if self._login is None or not self.dialect.is_expired(error):
            return False
        self._login.forget(login)
        return True

    def _send(self, request: _Request, budget: Budget) -> Answer:
        call, retry, before = request.call, self.dialect.retry, budget.lost
        attempt, attempts = 0, call.attempts or retry.attempts
        while True:
            attempt += 1
            # A look is let through once: what exists must be stored when a run comes to its end.
            if call.changes or attempt > 1:
                budget.check(call.operation, changes=call.changes)
            began = self.clock.now()
            try:
                return self._once(request, budget)
            except (ApiError, TransportError) as error:
                budget.lost += self.clock.now() - began
                wish = getattr(error, "wish", 0.0)
                more = attempt < attempts and self._may_repeat(call, error)
                if not more or not budget.pause(retry, attempt, wish=wish, why=_why(error)):
                    error.tried(budget.told(attempt, before))
                    if isinstance(error, ApiError) and self._is_ambiguous(call, error):
                        raise AmbiguousError(str(error)) from error
                    raise

    def get(
        self,
        call: Call,
        query: Mapping[str, Any] | None = None,
        path: Mapping[str, str] | None = None,
        budget: Budget | None = None,
    ) -> Json | None:
        """Send a reading call; `None` where the object does not exist.

        Raises:
            ApiError: The cloud refused.
            TransportError: No answer, or none that says anything about the object.
            Stopped: The run is over; nothing was sent.
        """
        retry = self.dialect.retry
        try:
            return call.held(self.send(call, query=query, path=path, budget=budget).body)
        except ApiError as error:
            if self.dialect.is_missing(error):
                return None
            if retry.is_refused(error) or retry.is_failed(error):
                raise TransportError(str(error)) from error
            raise

    def _once(self, request: _Request, budget: Budget) -> Answer:
        """Send once; what is refused for the time of its signature is signed and sent again."""
        ahead = self._signer.ahead if self._signer else 0.0
        try:
            return self._sent(request)
        except _Answered as error:
            if not (error.skewed and self._signer and self._signer.correct(error.date, ahead)):
                raise
        budget.check(request.call.operation, changes=request.call.changes)
        return self._sent(request)

    def _sent(self, request: _Request) -> Answer:
        call, query = request.call, request.query
        places = {**self._path, **request.path}
        path = {name: quote(value, safe="") for name, value in places.items()}
        try:
            response = self._session.request(
                call.method,
                self.endpoint + call.path.format(**path),
                params={key: value for key, value in query.items() if value is not None},
                data=request.content,
                headers={**self._usual(call), **self._headers, **request.headers},
                timeout=(CONNECT_SECONDS, READ_SECONDS.get(call.method, OTHER_READ_SECONDS)),
                allow_redirects=False,
                # Not as the session's: a bundle named in the environment would win over that.
                verify=self._verify,
            )
        except UnicodeError as error:
            hopeless = TransportError(
                f"{call.operation}: a credential or an id holds characters that cannot be sent"
            )
            hopeless.final = True
            raise hopeless from error
        except (requests.RequestException, ValueError) as error:
            self._no_answer(call, error)
        document = _document(response)
        if response.status_code not in call.ok:
            raise self._error(call, response, document)
        if not response.content and call.method in SILENT:
            document = {}
        if not isinstance(document, dict):
            raise AmbiguousError(
                f"{call.operation}: the answer of {self._where()} is no JSON object"
            )
        return Answer(response.status_code, document, response.headers)

    def _usual(self, call: Call) -> dict[str, str]:
        """Headers that all requests of the cloud carry."""
        named = {self.dialect.names: call.operation} if self.dialect.names else {}
        return {"Content-Type": "application/json", **self.dialect.headers, **named}

    def _where(self) -> str:
        return f"{self.dialect.name} at {self.endpoint}"

    def _no_answer(self, call: Call, error: Exception) -> NoReturn:
        """Tell "never sent" from "sent, and nobody knows"."""
        text = f"{call.operation}: no answer from {self._where()} ({type(error).__name__})"
        if isinstance(error, ValueError | requests.exceptions.SSLError):
            # A malformed URL is a ValueError to `requests`; neither mends itself.
            hopeless = TransportError(f"{text}: see the settings of endpoint and CA bundle")
            hopeless.final = True
            raise hopeless from error
        if isinstance(error, requests.ConnectTimeout) or _never_sent(error):
            raise TransportError(text) from error
        raise AmbiguousError(text) from error

    def _error(self, call: Call, response: requests.Response, document: Any) -> ApiError:
        failure = self.dialect.read_error(document, response.headers)
        message = failure.message or response.reason or "no message"
        for auth in (self._login, self._signer):
            message = auth.hide(message) if auth else message
        status, code = response.status_code, failure.code
        skewed, date = self.dialect.is_skewed(failure), date_of(response.headers)
        advice = self._skewed(date) if skewed else self.dialect.advise(status, code)
        error = _Answered(call.operation, status, code, message, failure.request_id, advice)
        error.wish = self.dialect.retry.wish(response.headers)
        error.skewed, error.date = skewed, date
        return error

    def _skewed(self, date: float | None) -> str:
        """Tell what to do where the time of a signature is refused and not set right."""
        skew, off = self.dialect.skew, self._signer.off(date) if self._signer else None
        return skew.apart if off is None else skew.agree

    def _may_repeat(self, call: Call, error: ApiError | TransportError) -> bool:
        retry = self.dialect.retry
        if isinstance(error, ApiError):
            return retry.is_refused(error) or (retry.is_failed(error) and call.safe_to_repeat)
        return not error.final and (call.safe_to_repeat or not isinstance(error, AmbiguousError))

    def _is_ambiguous(self, call: Call, error: ApiError) -> bool:
        return self.dialect.retry.is_failed(error) and not call.safe_to_repeat


class _Answered(ApiError):
    """An error answer with what its headers say.

    Attributes:
        wish: Seconds that the server asks to be left alone.
        skewed: Whether it says that the time of the signature is refused.
        date: When it was given, by the server's clock; `None`: not told.
    """

    wish = 0.0
    skewed = False
    date: float | None = None


def _why(error: ApiError | TransportError) -> str:
    """Say in the row why something is tried again."""
    if isinstance(error, ApiError):
        return f"{error.operation} answers HTTP {error.status}, trying again"
    return "no answer from the cloud, trying again"


@dataclass(frozen=True)
class _Request:
    """A call with what goes into it."""

    call: Call
    body: Json | None
    query: Mapping[str, Any]
    headers: Mapping[str, str]
    path: Mapping[str, str]

    @property
    def content(self) -> bytes | None:
        """The body as it is sent."""
        if self.body is None:
            return None
        return json.dumps(self.call.wrapped(self.body), ensure_ascii=False).encode()


def _document(response: requests.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return response.text


def _never_sent(error: Exception) -> bool:
    """Tell whether not even a connection came about."""
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    return type(reason).__name__ in ("NewConnectionError", "NameResolutionError", "ProxyError")
