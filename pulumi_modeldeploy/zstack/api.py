"""ZStack's API: endpoint, credentials, signature, sessions, errors, jobs, calls, retries.

Sources: developer manual of ZStack Cloud, chapters 1 to 3; the open REST server and Java SDK
(`RestServer`, `ZSClient`, `AccessKeyUtils`); API explorer of ZStack AIOS.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import textwrap
import time
import uuid
import zoneinfo
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone, tzinfo
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import requests
import requests.auth

from pulumi_modeldeploy.core.http import (
    Call,
    Client,
    Dialect,
    Failure,
    Login,
    Signer,
    Skew,
    Unsigned,
)
from pulumi_modeldeploy.core.identity import ChosenId, Place
from pulumi_modeldeploy.core.retry import Retry
from pulumi_modeldeploy.core.table import Jobs
from pulumi_modeldeploy.core.waits import Wait
from pulumi_modeldeploy.errors import SettingsError
from pulumi_modeldeploy.settings import Setting, Settings, profiles

if TYPE_CHECKING:
    from pulumi_modeldeploy.core.identity import Identity
    from pulumi_modeldeploy.core.retry import Budget
    from pulumi_modeldeploy.core.values import Json

ENDPOINT = Setting(
    "zstack:endpoint",
    "address of the management node, such as http://172.20.0.10:8080",
    ("ZSTACK_ENDPOINT",),
)
ACCESS_KEY_ID = Setting(
    "zstack:accessKeyId", "id of the access key", ("ZSTACK_ACCESS_KEY_ID",), secret=True
)
ACCESS_KEY_SECRET = Setting(
    "zstack:accessKeySecret",
    "secret of the access key",
    ("ZSTACK_ACCESS_KEY_SECRET",),
    secret=True,
)
ACCOUNT_NAME = Setting(
    "zstack:accountName", "account to log in with, instead of a key", ("ZSTACK_ACCOUNT_NAME",)
)
PASSWORD = Setting(
    "zstack:password",
    "password of the account",
    ("ZSTACK_ACCOUNT_PASSWORD", "ZSTACK_PASSWORD"),
    secret=True,
)
TIME_ZONE = Setting(
    "zstack:timeZone",
    "time zone of the management node, such as Asia/Shanghai or +08:00: it compares the local time "
    "of signatures (default: this machine's)",
    ("ZSTACK_TIME_ZONE",),
)
CA_BUNDLE = Setting(
    "zstack:caBundle",
    "file with the certificates to trust, instead of the usual ones",
    ("REQUESTS_CA_BUNDLE",),
)
SETTINGS = (
    ENDPOINT,
    ACCESS_KEY_ID,
    ACCESS_KEY_SECRET,
    ACCOUNT_NAME,
    PASSWORD,
    TIME_ZONE,
    CA_BUNDLE,
    profiles("zstack"),
)

CONTEXT = "/zstack"
"""What stands before the paths of all APIs; no part of what is signed."""
_SERVICES = f"{CONTEXT}/v1/ai/model-services"
_GROUPS = f"{_SERVICES}/instances/groups"
_TAGS = ("systemTags", "userTags")
_ACCEPTED = (200, 202)
INVENTORIES = "inventories"
"""A query by uuid answers a list of one, or an empty one."""

# The name of its job makes a call safe to repeat: the server refuses the second one, and the job of
# the first is followed. What creating calls make is looked for, as an earlier run may have sent it.
ADD_SERVICE = Call(
    "AddModelService",
    "POST",
    _SERVICES,
    ok=_ACCEPTED,
    envelope="param",
    beside=_TAGS,
    holds="inventory",
)
LIST_SERVICES = Call("QueryModelService", "GET", _SERVICES)
SHOW_SERVICE = Call("QueryModelService", "GET", f"{_SERVICES}/{{id}}", holds=INVENTORIES)
UPDATE_SERVICE = Call(
    "UpdateModelService",
    "PUT",
    f"{_SERVICES}/{{id}}",
    ok=_ACCEPTED,
    repeatable=True,
    envelope="updateModelService",
)
DELETE_SERVICE = Call(
    "DeleteModelService", "DELETE", f"{_SERVICES}/{{id}}", ok=_ACCEPTED, repeatable=True
)
_BINDING = f"{CONTEXT}/v1/ai/models/{{entry}}/model-services/{{id}}"
BIND = Call("BindModelToService", "POST", _BINDING, ok=_ACCEPTED, repeatable=True, envelope="param")
UNBIND = Call("UnbindModelFromService", "DELETE", _BINDING, ok=_ACCEPTED, repeatable=True)

DEPLOY = Call(
    "DeployModelService",
    "PUT",
    f"{_SERVICES}/{{model_service_uuid}}",
    ok=_ACCEPTED,
    envelope="deployModelService",
    beside=_TAGS,
    holds="inventory",
)
# The slash at the end of a query of groups matters: without it the path is that of a deletion.
LIST_GROUPS = Call("QueryModelServiceInstanceGroup", "GET", f"{_GROUPS}/")
SHOW_GROUP = Call("QueryModelServiceInstanceGroup", "GET", f"{_GROUPS}/{{id}}", holds=INVENTORIES)
WATCH_GROUPS = replace(LIST_GROUPS, attempts=1)
"""The same for those who wait: they look again anyway."""
UPDATE_GROUP = Call(
    "UpdateModelServiceInstanceGroup",
    "PUT",
    f"{CONTEXT}/v1/model-service-instance-groups/{{id}}",
    ok=_ACCEPTED,
    repeatable=True,
    envelope="updateModelServiceInstanceGroup",
)
DELETE_GROUP = Call(
    "DeleteModelServiceInstanceGroup",
    "DELETE",
    f"{_GROUPS}/{{id}}",
    ok=_ACCEPTED,
    repeatable=True,
)

SYSTEM_TAGS = Call("QuerySystemTag", "GET", f"{CONTEXT}/v1/system-tags")
USER_TAGS = Call("QueryUserTag", "GET", f"{CONTEXT}/v1/user-tags")
ADD_SYSTEM_TAG = Call(
    "CreateSystemTag",
    "POST",
    f"{CONTEXT}/v1/system-tags",
    ok=_ACCEPTED,
    repeatable=True,
    envelope="params",
)
ADD_USER_TAG = Call(
    "CreateUserTag",
    "POST",
    f"{CONTEXT}/v1/user-tags",
    ok=_ACCEPTED,
    repeatable=True,
    envelope="params",
)
DELETE_TAG = Call(
    "DeleteTag", "DELETE", f"{CONTEXT}/v1/tags/{{entry}}", ok=_ACCEPTED, repeatable=True
)
_TAGGED = f"{CONTEXT}/v1/tags/{{entry}}/resources"
ATTACH_TAG = Call(
    "AttachTagToResources", "POST", _TAGGED, ok=_ACCEPTED, repeatable=True, envelope="params"
)
DETACH_TAG = Call(
    "DetachTagFromResources",
    "DELETE",
    f"{_TAGGED}?resourceUuids={{id}}",
    ok=_ACCEPTED,
    repeatable=True,
)

LOG_IN = Call(
    "LogInByAccount",
    "PUT",
    f"{CONTEXT}/v1/accounts/login",
    repeatable=True,
    envelope="logInByAccount",
    holds="inventory",
)
JOB = Call("QueryApiJob", "GET", f"{CONTEXT}/v1/api-jobs/{{job}}", ok=_ACCEPTED, attempts=3)
"""Asked again a few times before a failure is believed: what stands between answers 503 as well."""


# --- uuids and jobs ------------------------------------------------------------------------------

_NAMESPACE = uuid.UUID("6f1d3c52-9d1b-5c1e-8d53-2b6b7a1f0c7e")
"""Never changes: uuids of objects are made with it."""


def uuid_of(text: str) -> str:
    """Make a uuid out of a text, as ZStack writes them: version 5, no dashes."""
    return uuid.uuid5(_NAMESPACE, text).hex


def hint(identifier: str) -> str:
    """Take the beginning of a uuid for the mark that it was made of: the cloud's are not like it.

    Nobody can compute the mark itself, but who takes such an object over is to say so.
    """
    return identifier[:12] if re.fullmatch("[0-9a-f]{12}5[0-9a-f]{19}", identifier) else ""


CHOSEN_UUID = ChosenId("resource_uuid", uuid_of, hint)
"""Every creating call takes the uuid of what it creates."""

KNOWN_JOB = "DuplicateJob"
EXPIRED_JOB = "ExpiredJob"
TEXTS: Mapping[str, str] = {
    "Duplicate job uuid": KNOWN_JOB,
    "the job has been expired": EXPIRED_JOB,
}
"""What the REST server says in plain text, and the code by which it is known here."""


def job_of(status: int, answer: Json) -> str | None:
    """Read the job's uuid out of its location.

    The rest of the location is the management node's own address, which clients often cannot
    reach: jobs are asked for at the endpoint.
    """
    if status == requests.codes.ok:
        return None
    return str(answer.get("location", "")).rstrip("/").rpartition("/")[2]


JOBS = Jobs(
    job_of,
    look=JOB,
    running=202,
    wait=Wait(until=("done",), passing=("working",), least=1.0, most=5.0, limit=1800),
    header="X-Job-UUID",
    make=uuid_of,
    known=KNOWN_JOB,
    over=EXPIRED_JOB,
)
"""Calls other than queries and logins answer 202 and a job; 30 minutes are the server's limit."""


# --- errors --------------------------------------------------------------------------------------

SKEW = Skew(
    said=("requestTimeTooSkewed",),
    apart=(
        "the time of the signature differs from the management node's local time by more than 15 "
        f"minutes: set {TIME_ZONE.key} to the node's time zone, and see to the clocks"
    ),
    # A wrong zone looks the same, and no answer tells the node's: it must not be guessed.
    agree=(
        "this machine's clock agrees with the date of the answer, so the management node has "
        f"another local time: set {TIME_ZONE.key} to the node's time zone"
    ),
)
"""15 minutes are granted, and wall clocks are compared."""
_LONGEST_TEXT = 300
"""Characters of a plain text; more is a page of some proxy."""


def read_error(document: Any, _headers: Mapping[str, str]) -> Failure:
    """Read an error: a chain of causes, or what the REST server says in plain text."""
    if isinstance(document, str):
        return _read_text(document.strip())
    error = document.get("error") if isinstance(document, Mapping) else None
    if not isinstance(error, Mapping):
        return Failure("", "")
    chain = list(_chain(error))
    words = [str(one.get("details") or one.get("description") or "") for one in chain]
    # A cause often repeats what it caused.
    told = [word for n, word in enumerate(words) if word and word not in words[:n]]
    # The root's number is the one to look up.
    catalogue = next(
        (one["globalErrorCode"] for one in chain[::-1] if "globalErrorCode" in one), ""
    )
    more = f" [{catalogue}]" if catalogue else ""
    over = any(SESSION_OVER in (one.get("globalErrorCode"), one.get("code")) for one in chain)
    code = NO_SESSION if over else str(error.get("code") or "")
    return Failure(code, f"{'; caused by: '.join(told)}{more}")


def _chain(error: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Walk from an error to its root; one of several objects has several causes."""
    yield error
    causes = error.get("causes")
    for cause in [error.get("cause"), *(causes if isinstance(causes, list) else [])]:
        if isinstance(cause, Mapping):
            yield from _chain(cause)


def _read_text(text: str) -> Failure:
    code = next((code for begin, code in TEXTS.items() if text.startswith(begin)), "")
    # Cut between words: half a secret would not be recognised as one.
    shown = "" if text.startswith("<") else textwrap.shorten(text, _LONGEST_TEXT)
    return Failure(code, shown)


NOT_FOUND = "SYS.1003"
INTERNAL = "SYS.1000"
"""Also the answer to a uuid that somebody has."""
NO_SESSION = "ID.1001"
SESSION_OVER = "ORG_ZSTACK_IDENTITY_10020"
"""The same in newer servers, in either place."""

DIALECT = Dialect(
    "ZStack",
    read_error,
    missing=(NOT_FOUND,),
    taken=(INTERNAL,),
    expired=(NO_SESSION,),
    retry=Retry(
        # The management node is starting, or the plugin is not there yet.
        refused=(429, "SYS.1010", "PORTAL.1000", "PORTAL.1002"),
        # Internal errors, time-outs, failures of agents, HTTP and IO between them.
        failed=(408, 500, 502, 503, 504, INTERNAL, "SYS.1001", "SYS.1006", "SYS.1015", "SYS.1016"),
        # Every error of an API comes as 503.
        by_code=True,
    ),
    skew=SKEW,
)
"""ZStack Cloud with its AI platform."""


# --- connection ----------------------------------------------------------------------------------


def place(settings: Settings) -> Place:
    """Where today's settings lead: there are no regions, the endpoint decides.

    Raises:
        SettingsError: There is no endpoint, or an unheard-of time zone.
    """
    time_zone(settings)
    return Place(endpoint=endpoint(settings))


def endpoint(settings: Settings) -> str:
    """The address of the management node; the context path may stand behind it.

    Raises:
        SettingsError: There is none, or it is no address, or holds credentials, which would stand
            in every state.
    """
    address = settings.require(ENDPOINT).rstrip("/").removesuffix("/v1").removesuffix(CONTEXT)
    if not re.fullmatch(r"https?://[^/@\s]+", address):
        raise SettingsError(
            f"{ENDPOINT.key} must be an address such as http://172.20.0.10:8080, without a path, a "
            "user or a password"
        )
    return address


def connect(settings: Settings, _identity: Identity) -> Client:
    """Open a connection.

    Raises:
        SettingsError: There are no credentials.
    """
    return Client(
        endpoint(settings),
        DIALECT,
        credentials(settings),
        verify=settings.get(CA_BUNDLE) or True,
    )


def credentials(settings: Settings) -> requests.auth.AuthBase:
    """Choose the way to sign: an access key before an account.

    Raises:
        SettingsError: There is neither.
    """
    own = settings.of_one_source((ACCESS_KEY_ID, ACCESS_KEY_SECRET, ACCOUNT_NAME, PASSWORD))
    if own.get(ACCESS_KEY_ID) is not None or own.get(ACCESS_KEY_SECRET) is not None:
        key = (own.require(ACCESS_KEY_ID), own.require(ACCESS_KEY_SECRET))
        return AccessKeyAuth(*key, time_zone(settings))
    if own.get(ACCOUNT_NAME) is None:
        raise SettingsError(
            "there are no credentials for ZStack: give zstack:accessKeyId and "
            "zstack:accessKeySecret (or ZSTACK_ACCESS_KEY_ID and ZSTACK_ACCESS_KEY_SECRET in the "
            "environment), or zstack:accountName and zstack:password"
        )
    return _account(settings, own.require(ACCOUNT_NAME), own.require(PASSWORD))


def _account(settings: Settings, name: str, password: str) -> Login:
    """Log in by name and password, and anew when the session is over."""
    client = Client(endpoint(settings), DIALECT, Unsigned(), verify=settings.get(CA_BUNDLE) or True)
    hashed = hashlib.sha512(password.encode()).hexdigest()

    def log_in(budget: Budget) -> str:
        body = {"accountName": name, "password": hashed}
        answer = client.send(LOG_IN, body=body, budget=budget).body
        return f"OAuth {(LOG_IN.held(answer) or {}).get('uuid')}"

    return Login(log_in)


_OFFSET = re.compile(r"([+-])(0[0-9]|1[0-4]):?([0-5][0-9])")
"""As far from GMT as anybody's time is."""


def time_zone(settings: Settings) -> tzinfo | None:
    """The time zone of the management node; `None`: this machine's.

    Raises:
        SettingsError: Nobody knows it.
    """
    name = settings.get(TIME_ZONE)
    if name is None:
        return None
    offset = _OFFSET.fullmatch(name)
    if offset:
        sign, hours, minutes = offset.groups()
        return timezone(timedelta(hours=int(hours), minutes=int(minutes)) * int(f"{sign}1"))
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise SettingsError(
            f"{TIME_ZONE.key} must be a time zone's name such as Asia/Shanghai or UTC, or an "
            "offset such as +08:00"
        ) from None


class AccessKeyAuth(Signer):
    """Signs with an access key: method, date and path, by HMAC-SHA1.

    The server compares the date with its own wall clock and, as it is delivered, does not look at
    the zone that the date names: dates are written in the management node's time.
    """

    def __init__(
        self,
        key_id: str,
        secret: str,
        zone: tzinfo | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(now)
        self._key_id, self._secret, self._zone = key_id, secret, zone

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add date and signature; each try of a request gets its own."""
        moment = datetime.fromtimestamp(self.now(), timezone.utc).astimezone(self._zone)
        path = unquote(urlsplit(str(request.url)).path).removeprefix(CONTEXT)
        date = written(moment)
        text = f"{str(request.method).upper()}\n{date}\n{path}"
        digest = hmac.new(self._secret.encode(), text.encode(), hashlib.sha1).digest()
        request.headers["Date"] = date
        signature = base64.b64encode(digest).decode()
        request.headers["Authorization"] = f"ZStack {self._key_id}:{signature}"
        return request


_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def written(moment: datetime) -> str:
    """Write a date in English, whatever the machine speaks, with the zone's name.

    The server's pattern knows names; zones that have only an offset are written as from GMT.
    """
    zone = moment.strftime("%Z")
    if not re.fullmatch("[A-Z]{2,5}", zone):
        offset = moment.strftime("%z")
        zone = f"GMT{offset[:3]}:{offset[3:5]}"
    day, month = _DAYS[moment.weekday()], _MONTHS[moment.month - 1]
    return f"{day}, {moment:%d} {month} {moment:%Y %H:%M:%S} {zone}"


_SHOWN = re.compile(r"([A-Z][a-z]{2}) (\d{1,2}), (\d{4}),? (1[0-2]|[1-9]):(\d\d):(\d\d)\s([AP]M)")


def seconds(text: str, zone: tzinfo | None) -> float | None:
    """Read a date as answers have it: in US style, in the node's time, without a zone."""
    found = _SHOWN.fullmatch(text)
    if found is None or found[1] not in _MONTHS:
        return None
    _, day, year, hour, minute, second, half = found.groups()
    month = _MONTHS.index(found[1]) + 1
    afternoon = 12 if half == "PM" else 0
    try:
        moment = datetime(
            *(int(year), month, int(day), int(hour) % 12 + afternoon, int(minute), int(second)),
            tzinfo=zone,  # without one it is this machine's
        )
    except ValueError:
        return None
    return moment.timestamp()
