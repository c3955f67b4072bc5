"""ZStack's accounts: login sessions and access keys.

Sources: `AccountManagerImpl`, `Session`, `AccessKeyUtils` of the open server, developer manual
chapters 1 and 3. There is one account, the administrator's.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import uuid
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pulumi_modeldeploy.emulator.clock import MILLISECONDS
from pulumi_modeldeploy.emulator.zstack_errors import (
    NO_SESSION,
    UNAUTHENTICATED,
    ApiError,
    TextError,
)

if TYPE_CHECKING:
    from datetime import tzinfo

    from pulumi_modeldeploy.emulator.calls import Call, Document
    from pulumi_modeldeploy.emulator.clock import Clock
    from pulumi_modeldeploy.emulator.zstack_messages import Message

# Made up, and public: they open nothing but an emulator.
ACCESS_KEY_ID = "EMULATORzstackKEYid0"
ACCESS_KEY_SECRET = "emulatorZstackSecretThatOpensNothing0000"  # noqa: S105 - public sample
ACCOUNT_NAME = "admin"
PASSWORD = "password"  # noqa: S105 - the product's initial password
ACCOUNT_UUID = "36c27e8ff05c4780bf6d2fa65700f22e"

SECRET_KEYS = frozenset({"password", "AccessKeySecret", "token"})

#: Sessions end so long after their last use (global config identity/session.timeout).
SESSION_SECONDS = 7200
_SKEW = timedelta(minutes=15)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DATE = re.compile(
    r"[A-Z][a-z]{2}, (\d{1,2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) ([A-Za-z][\w/+:-]*)"
)
#: Names that the time zone data lack or, as CST, read otherwise than the servers' country does.
_ZONES = {"UTC": "UTC", "GMT": "UTC", "Z": "UTC", "CST": "Asia/Shanghai", "PRC": "Asia/Shanghai"}


class Identity:
    """Sessions and the access key.

    `time_zone` is that of the management node (`None`: of this machine); unless `check_time_zone`,
    dates of signatures are compared with its wall clock and the zone that they name is ignored.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._sessions: dict[str, int] = {}
        self.time_zone: str | None = None
        self.check_time_zone = False

    # Headers

    def verify(self, call: Call) -> str:
        """Return the session of a request, empty for an access key.

        Raises `TextError` for what the REST server itself refuses, `ApiError` for a bad key. The
        session is not looked up: that is the APIs' affair.
        """
        header = call.headers.get("Authorization")
        if header is None:
            raise TextError(400, "missing header 'Authorization'")
        scheme, _, value = header.partition(" ")
        if scheme == "OAuth" and value:
            return value
        if scheme != "ZStack":
            raise TextError(400, "Authorization type must be 'OAuth'")
        self._verify_key(call, value)
        return ""

    def _verify_key(self, call: Call, value: str) -> None:
        key, colon, signature = value.partition(":")
        if not (key and colon and signature) or ":" in signature:
            raise TextError(400, "the Authorization header must be 'ZStack AccessKeyID:signature'")
        date = call.headers.get("Date")
        if not date:
            raise TextError(400, "'Date' must be incuded in request header")
        self._check_date(date)
        if key != ACCESS_KEY_ID:
            raise ApiError(UNAUTHENTICATED, f"the access key id[{key}] does not exist")
        path = call.path.removeprefix("/zstack")
        if not hmac.compare_digest(sign(call.method, date, path).encode(), signature.encode()):
            raise ApiError(UNAUTHENTICATED, "wrong accessKey signature")

    def _check_date(self, date: str) -> None:
        parts = _DATE.fullmatch(date)
        if parts is None or parts[2] not in _MONTHS:
            raise TextError(400, f"cannot parse the Date header[{date}]")
        day, month, year, hour, minute, second, zone = parts.groups()
        number = _MONTHS.index(month) + 1
        try:
            said = datetime(  # noqa: DTZ001 - wall-clock fields
                int(year), number, int(day), int(hour), int(minute), int(second)
            )
        except ValueError as error:
            raise TextError(400, f"cannot parse the Date header[{date}]") from error
        own = self.local(self._clock.wall()).replace(tzinfo=None)
        if self.check_time_zone:
            said = said.replace(tzinfo=_zone(zone)).astimezone(timezone.utc).replace(tzinfo=None)
            own = datetime.fromtimestamp(self._clock.wall(), timezone.utc).replace(tzinfo=None)
        if abs(said - own) > _SKEW:
            raise TextError(403, "requestTimeTooSkewed")

    def local(self, seconds: float) -> datetime:
        """Return a moment in the time zone of the management node."""
        moment = datetime.fromtimestamp(seconds, timezone.utc)
        return moment.astimezone(ZoneInfo(self.time_zone) if self.time_zone else None)

    # Sessions

    def valid(self, session: str) -> bool:
        """Whether a session lives."""
        return self._sessions.get(session, 0) > self._clock.now()

    def touch(self, session: str) -> bool:
        """Prolong a session by its use; `False` if it is over. Access keys have none."""
        if not session:
            return True
        if not self.valid(session):
            return False
        self._sessions[session] = self._clock.now() + SESSION_SECONDS * MILLISECONDS
        return True

    def log_in(self, message: Message) -> Document:
        """Open a session for the account with the SHA-512 of its password."""
        hashed = hashlib.sha512(PASSWORD.encode()).hexdigest()
        if (message["accountName"], message["password"]) != (ACCOUNT_NAME, hashed):
            raise ApiError(UNAUTHENTICATED, "wrong account name or password")
        session = uuid.uuid4().hex
        now = self._clock.now()
        self._sessions[session] = now + SESSION_SECONDS * MILLISECONDS
        inventory = {
            "uuid": session,
            "accountUuid": ACCOUNT_UUID,
            "userUuid": ACCOUNT_UUID,
            "createDate": now,
            "expiredDate": self._sessions[session],
        }
        return {"inventory": inventory}

    def log_out(self, message: Message) -> Document:
        """End a session, also one that nobody knows."""
        self._sessions.pop(message["sessionUuid"], None)
        return {}

    def validate(self, message: Message) -> Document:
        """Answer whether a session lives, without prolonging it."""
        return {"valid": self.valid(message["sessionUuid"])}

    # State

    def reset(self) -> None:
        """Forget the sessions and how the node is set."""
        self.load({"sessions": {}, "timeZone": None, "checkTimeZone": False})

    def dump(self) -> Document:
        """Return the state as a JSON document."""
        return {
            "sessions": dict(self._sessions),
            "timeZone": self.time_zone,
            "checkTimeZone": self.check_time_zone,
        }

    def load(self, document: Document) -> None:
        """Take over what `dump` returned."""
        self._sessions = dict(document["sessions"])
        self.time_zone = document["timeZone"]
        self.check_time_zone = document["checkTimeZone"]


def no_session() -> ApiError:
    """Return the error of an API that is called with a session that is over."""
    return ApiError(NO_SESSION, "Session expired")


def sign(method: str, date: str, path: str, secret: str = ACCESS_KEY_SECRET) -> str:
    """Return the signature of a request; `path` begins at `/v1`, without a query."""
    text = f"{method}\n{date}\n{path}"
    digest = hmac.new(secret.encode(), text.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def known_zone(name: str) -> bool:
    """Whether there is a time zone of this name."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return False
    return True


def _zone(name: str) -> tzinfo:
    name = _ZONES.get(name, name)
    if not known_zone(name):
        raise TextError(400, f"unknown time zone in the Date header[{name}]")
    return ZoneInfo(name)
