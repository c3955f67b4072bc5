"""Huawei Cloud's identity side: who may call, by signature or by token.

Sources: API Request Signing Guide (algorithm SDK-HMAC-SHA256), IAM API reference (tokens,
projects, temporary access keys). The credentials below are published samples that open nothing but
an emulator.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from pulumi_modeldeploy.emulator.calls import Call, Document, NotJsonError, Operation, Reply
from pulumi_modeldeploy.emulator.clock import MILLISECONDS
from pulumi_modeldeploy.emulator.fields import Field, InvalidError, Kind, read

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pulumi_modeldeploy.emulator.clock import Clock

ACCESS_KEY = "EMULATORACCESSKEY000"
SECRET_KEY = "emulator-secret-key-that-opens-nothing"  # noqa: S105 - a published sample
TOKEN = "emulator-token-that-opens-nothing"  # noqa: S105 - a published sample
USER_NAME = "emulator-user"
PASSWORD = "emulator-password"  # noqa: S105 - a published sample
DOMAIN_NAME = "emulator-domain"
REGION = "cn-north-4"
PROJECT_ID = "0000000000000000000000000000e001"
DOMAIN_ID = "0000000000000000000000000000d001"
#: A second region of the account, and its project there.
OTHER_REGION = "eu-west-101"
OTHER_PROJECT_ID = "0000000000000000000000000000e002"
#: Another account, which trusts the first one by an agency.
AGENCY_NAME = "emulator-agency"
AGENCY_DOMAIN_NAME = "emulator-customer"
AGENCY_DOMAIN_ID = "0000000000000000000000000000d002"
AGENCY_PROJECT_ID = "0000000000000000000000000000e003"
USER_ID = "0000000000000000000000000000c001"

#: Keys of request bodies that the journal masks (IAM: password and TOTP sign-in, token exchange).
SECRET_KEYS = frozenset({"password", "passcode", "token"})

TOKEN_SECONDS = 24 * 3600
SKEW_SECONDS = 15 * 60
TEMPORARY_SECONDS = (900, 86400)

ALGORITHM = "SDK-HMAC-SHA256"
_EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()
_UNSIGNED = "UNSIGNED-PAYLOAD"
_AUTHORIZATION = re.compile(
    rf"{ALGORITHM} Access=(?P<access>[^,\s]+), *SignedHeaders=(?P<headers>[^,\s]+), *"
    r"Signature=(?P<signature>[0-9a-f]{64})"
)
#: Headers that change the meaning of a request: unsigned they could be added by anybody.
_SIGNED_IF_SENT = ("x-project-id", "x-security-token")


class Project(NamedTuple):
    """A project: its id, the region that it is named after, and the account."""

    id: str
    name: str
    domain_id: str
    domain_name: str


PROJECTS = (
    Project(PROJECT_ID, REGION, DOMAIN_ID, DOMAIN_NAME),
    Project(OTHER_PROJECT_ID, OTHER_REGION, DOMAIN_ID, DOMAIN_NAME),
    Project(AGENCY_PROJECT_ID, REGION, AGENCY_DOMAIN_ID, AGENCY_DOMAIN_NAME),
)
_OWN = {project.id for project in PROJECTS if project.domain_id == DOMAIN_ID}


class BadSignatureError(Exception):
    """A signed request is not accepted; the text is the tail of the gateway's message."""


@dataclass
class Token:
    """A token that IAM issued; `project` is empty for one that is scoped to the domain only."""

    value: str
    project: str
    expires_at: int


@dataclass
class AccessKey:
    """A temporary access key; signed requests with it carry `token` in X-Security-Token."""

    access: str
    secret: str
    token: str
    expires_at: int


# --- signatures -------------------------------------------------------------------------------


def canonical_request(call: Call, signed: Sequence[str]) -> str:
    """Return the text whose hash is signed (signing guide, step 1)."""
    path = "/".join(quote(segment, safe="~") for segment in call.path.split("/"))
    if not path.endswith("/"):
        path += "/"
    query = "&".join(
        f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in sorted(call.pairs)
    )
    headers = "".join(f"{name}:{call.headers.get(name, '').strip()}\n" for name in signed)
    return "\n".join((call.method, path, query, headers, ";".join(signed), _payload_hash(call)))


def signature(secret: str, date: str, canonical: str) -> str:
    """Return the signature of a canonical request (signing guide, steps 2 and 3)."""
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = f"{ALGORITHM}\n{date}\n{digest}"
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def _payload_hash(call: Call) -> str:
    """Hash the body; the one in X-Sdk-Content-Sha256 is believed only if it says "unsigned"."""
    if not call.body:
        return _EMPTY_SHA256
    if call.headers.get("x-sdk-content-sha256") == _UNSIGNED:
        return _UNSIGNED
    return hashlib.sha256(call.body).hexdigest()


def _check_date(text: str, now: float) -> None:
    try:
        date = datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    except ValueError:
        raise BadSignatureError("X-Sdk-Date is missing or malformed") from None
    if abs(date.timestamp() - now) > SKEW_SECONDS:
        own = datetime.fromtimestamp(now, timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        raise BadSignatureError(
            f"calc aksk signature fail:signature expired, signature time:{text},server time:{own}"
        )


# --- the identity service ---------------------------------------------------------------------

_NAMED = (Field("name"), Field("id"))
_USER = (
    Field("name", required=True),
    Field("password", required=True),
    Field("domain", Kind.OBJECT, required=True, table=_NAMED),
)
_PASSWORD = (Field("user", Kind.OBJECT, required=True, table=_USER),)
_EXCHANGE = (
    Field("id"),
    Field("duration_seconds", Kind.INTEGER, least=TEMPORARY_SECONDS[0], most=TEMPORARY_SECONDS[1]),
)
_METHODS = Field("methods", Kind.LIST, required=True, size=(1, 2), items=Field("", size=(1, 64)))
_SCOPE = (
    Field("project", Kind.OBJECT, table=(*_NAMED, Field("domain", Kind.OBJECT, table=_NAMED))),
    Field("domain", Kind.OBJECT, table=_NAMED),
)
_BY_PASSWORD = (_METHODS, Field("password", Kind.OBJECT, required=True, table=_PASSWORD))
_AGENCY = (Field("agency_name", required=True), Field("domain_name"), Field("domain_id"))
_BY_AGENCY = (_METHODS, Field("assume_role", Kind.OBJECT, required=True, table=_AGENCY))
_BY_TOKEN = (_METHODS, Field("token", Kind.OBJECT, table=_EXCHANGE))
_PROVES = {"password": _BY_PASSWORD, "assume_role": _BY_AGENCY}
_CREATE_TEMPORARY = (Field("identity", Kind.OBJECT, required=True, table=_BY_TOKEN),)


def _auth(table: tuple[Field, ...]) -> tuple[Field, ...]:
    return (Field("auth", Kind.OBJECT, required=True, table=table),)


_TITLES = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found"}


def iam_error(status: int, message: str) -> Reply:
    """Return an error as IAM shapes it."""
    title = _TITLES.get(status, "Error")
    return Reply(status, {"error": {"code": status, "message": message, "title": title}})


class Identity:
    """The accepted credentials, and the calls of IAM that hand out more."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tokens: dict[str, Token] = {}
        self._keys: dict[str, AccessKey] = {}
        self.operations = (
            Operation("CreateToken", "POST", "/v3/auth/tokens", self.create_token, "open"),
            Operation("ListProjects", "GET", "/v3/projects", self.list_projects, "iam"),
            Operation(
                "CreateTemporaryAccessKey",
                "POST",
                "/v3.0/OS-CREDENTIAL/securitytokens",
                self.create_temporary_access_key,
                "iam",
            ),
        )

    # Who calls

    def project_of_token(self, value: str) -> str:
        """Return the project of a token.

        Raises `KeyError` if it is unknown and `TimeoutError` if its 24 hours are over.
        """
        if value == TOKEN:
            return PROJECT_ID
        token = self._tokens[value]
        if token.expires_at <= self._clock.now():
            raise TimeoutError
        return token.project

    def verify(self, call: Call) -> str:
        """Check a signed request and return its project; raises `BadSignatureError`."""
        match = _AUTHORIZATION.fullmatch(call.headers.get("authorization", ""))
        if match is None:
            raise BadSignatureError("the Authorization header is malformed")
        date = call.headers.get("x-sdk-date", "")
        _check_date(date, self._clock.wall())
        signed = match["headers"].split(";")
        missing = [name for name in _SIGNED_IF_SENT if name in call.headers and name not in signed]
        if missing or "x-sdk-date" not in signed:
            raise BadSignatureError(f"{(missing or ['x-sdk-date'])[0]} must be signed")
        secret = self._secret(match["access"], call)
        expected = signature(secret, date, canonical_request(call, signed))
        if not hmac.compare_digest(expected, match["signature"]):
            raise BadSignatureError("the signature does not match")
        project = call.headers.get("x-project-id", PROJECT_ID)
        if project not in _OWN:
            raise BadSignatureError("the access key has no such project")
        return project

    def _secret(self, access: str, call: Call) -> str:
        session = call.headers.get("x-security-token")
        if access == ACCESS_KEY:
            if session is not None:
                raise BadSignatureError("the security token does not belong to the access key")
            return SECRET_KEY
        key = self._keys.get(access)
        if key is None:
            raise BadSignatureError("the access key does not exist")
        if session != key.token:
            raise BadSignatureError("the security token does not belong to the access key")
        if key.expires_at <= self._clock.now():
            raise BadSignatureError("the security token has expired")
        return key.secret

    # What IAM answers

    def create_token(self, call: Call) -> Reply:
        """Answer `POST /v3/auth/tokens`: user name and password, or an agency."""
        try:
            document = call.json()
            method = _method(document)
            auth = read(_auth(_to_token(method)), document)["auth"]
        except (NotJsonError, InvalidError) as error:
            return iam_error(400, str(error))
        if auth["identity"]["methods"] != [method]:
            return iam_error(400, "auth.identity.methods must be password or assume_role")
        by_agency = method == "assume_role"
        wrong = _no_agency(auth, self._is_known(call)) if by_agency else _no_user(auth)
        if wrong:
            return iam_error(401, wrong)
        account = AGENCY_DOMAIN_ID if by_agency else DOMAIN_ID
        wanted = auth.get("scope", {}).get("project")
        project = None if wanted is None else _project(wanted, account)
        if wanted is not None and project is None:
            return iam_error(401, "The project does not exist or is not the user's.")
        return self._issue(method, project)

    def _is_known(self, call: Call) -> bool:
        """Tell whether a call carries a token that is good."""
        try:
            self.project_of_token(call.headers.get("x-auth-token", ""))
        except (LookupError, TimeoutError):
            return False
        return True

    def _issue(self, method: str, project: Project | None) -> Reply:
        now = self._clock.now()
        scope = project.id if project else ""
        token = Token(secrets.token_hex(32), scope, now + TOKEN_SECONDS * MILLISECONDS)
        self._tokens[token.value] = token
        domain = {"id": DOMAIN_ID, "name": DOMAIN_NAME}
        body: Document = {
            "expires_at": _iso(token.expires_at),
            "issued_at": _iso(now),
            "methods": [method],
            "user": {"id": USER_ID, "name": USER_NAME, "domain": domain},
            "roles": [{"id": "0", "name": "te_admin"}],
            "catalog": [],
        }
        if project:
            owner = {"id": project.domain_id, "name": project.domain_name}
            body["project"] = {"id": project.id, "name": project.name, "domain": owner}
        return Reply(201, {"token": body}, {"X-Subject-Token": token.value})

    def create_temporary_access_key(self, call: Call) -> Reply:
        """Answer `POST /v3.0/OS-CREDENTIAL/securitytokens`."""
        try:
            auth = read(_auth(_CREATE_TEMPORARY), call.json())["auth"]
        except (NotJsonError, InvalidError) as error:
            return iam_error(400, str(error))
        seconds = auth["identity"].get("token", {}).get("duration_seconds", TEMPORARY_SECONDS[0])
        expires_at = self._clock.now() + seconds * MILLISECONDS
        access = f"EMULATOR{secrets.token_hex(6).upper()}"
        key = AccessKey(access, secrets.token_hex(20), secrets.token_hex(32), expires_at)
        self._keys[key.access] = key
        credential = {
            "access": key.access,
            "secret": key.secret,
            "securitytoken": key.token,
            "expires_at": _iso(expires_at),
        }
        return Reply(201, {"credential": credential})

    def list_projects(self, call: Call) -> Reply:
        """Answer `GET /v3/projects`, optionally by name."""
        projects = [
            {
                "id": project.id,
                "name": project.name,
                "domain_id": project.domain_id,
                "parent_id": project.domain_id,
                "is_domain": False,
                "enabled": True,
                "description": "",
            }
            for project in PROJECTS
            if project.id in _OWN and call.query.get("name", project.name) == project.name
        ]
        return Reply(200, {"projects": projects, "links": {}})

    # State

    def reset(self) -> None:
        """Forget what was issued."""
        self._tokens.clear()
        self._keys.clear()

    def dump(self) -> Document:
        """Return what was issued as a JSON document."""
        return {
            "tokens": [asdict(token) for token in self._tokens.values()],
            "keys": [asdict(key) for key in self._keys.values()],
        }

    def load(self, document: Document) -> None:
        """Take over what `dump` returned."""
        self._tokens = {row["value"]: Token(**row) for row in document["tokens"]}
        self._keys = {row["access"]: AccessKey(**row) for row in document["keys"]}


def _method(document: Any) -> str:
    """Return how a request proves who sends it, by what it says beside the methods."""
    auth = document.get("auth") if isinstance(document, dict) else None
    identity = auth.get("identity") if isinstance(auth, dict) else None
    found = isinstance(identity, dict) and "assume_role" in identity
    return "assume_role" if found else "password"


def _to_token(method: str) -> tuple[Field, ...]:
    return (
        Field("identity", Kind.OBJECT, required=True, table=_PROVES[method]),
        Field("scope", Kind.OBJECT, table=_SCOPE),
    )


def _no_user(auth: Document) -> str:
    """Return why a user is not let in, empty if all is well."""
    user = auth["identity"]["password"]["user"]
    domain = user["domain"].get("name") == DOMAIN_NAME or user["domain"].get("id") == DOMAIN_ID
    right = (user["name"], user["password"], domain) == (USER_NAME, PASSWORD, True)
    return "" if right else "The username or password is wrong."


def _no_agency(auth: Document, known: bool) -> str:
    """Return why an agency may not be assumed, empty if all is well."""
    agency = auth["identity"]["assume_role"]
    domain = (agency.get("domain_name"), agency.get("domain_id"))
    trusts = AGENCY_DOMAIN_NAME in domain or AGENCY_DOMAIN_ID in domain
    if not known:
        return "The request you have made requires authentication."
    right = agency["agency_name"] == AGENCY_NAME and trusts
    return "" if right else "The agency does not exist or does not trust the caller."


def _project(wanted: Document, account: str) -> Project | None:
    """Return the project of an account by its id or, without one, by its name."""
    key, value = ("id", wanted["id"]) if "id" in wanted else ("name", wanted.get("name"))
    found = (one for one in PROJECTS if one.domain_id == account and getattr(one, key) == value)
    return next(found, None)


def _iso(milliseconds: int) -> str:
    moment = datetime.fromtimestamp(milliseconds / MILLISECONDS, timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f") + "Z"
