"""Alibaba Cloud's access keys and the signature ACS3-HMAC-SHA256.

Source: page on version 3 of the request structure and signature. The key secret signs as it is;
there is no key derived from region or date.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections import OrderedDict
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from pulumi_modeldeploy.emulator import pai_errors as errors
from pulumi_modeldeploy.emulator.fields import Breach, Field, InvalidError, Kind
from pulumi_modeldeploy.emulator.pai_errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pulumi_modeldeploy.emulator.calls import Call, Document
    from pulumi_modeldeploy.emulator.clock import Clock

# Made up, and public: they open nothing but an emulator.
ACCESS_KEY_ID = "EMULATORpaiKEYid00000000"
ACCESS_KEY_SECRET = "emulatorPaiSecretThatOpensNothing"  # noqa: S105 - public sample
STS_ACCESS_KEY_ID = "STS.EMULATORpaiKEYid0000"
STS_ACCESS_KEY_SECRET = "emulatorPaiStsSecretThatOpensNothing"  # noqa: S105 - public sample
STS_TOKEN = "emulator-pai-sts-token-that-opens-nothing"  # noqa: S105 - public sample

#: The account that the sample keys belong to, and the region of its endpoint.
UID = "1000000000000001"
REGION = "cn-shanghai"

_ALGORITHM = "ACS3-HMAC-SHA256"
_SKEW = 15 * 60
_AUTHORIZATION = re.compile(
    rf"{_ALGORITHM} Credential=(?P<key>[^,]+), ?SignedHeaders=(?P<headers>[^,]+), ?"
    r"Signature=(?P<signature>[0-9a-f]+)"
)
_NEEDED = (
    "host",
    "x-acs-action",
    "x-acs-version",
    "x-acs-date",
    "x-acs-signature-nonce",
    "x-acs-content-sha256",
)
_DATE = "%Y-%m-%dT%H:%M:%SZ"
_UNRESERVED = "-_.~"

SEED = Field(
    "accessKeys",
    Kind.LIST,
    items=Field(
        "",
        Kind.OBJECT,
        table=(
            Field("accessKeyId", required=True, size=(1, 128)),
            Field("accessKeySecret", required=True, size=(1, 128)),
            Field("securityToken", size=(1, 4096)),
            Field("expiration"),
            Field("uid", size=(1, 64)),
        ),
    ),
)


@dataclass(frozen=True)
class AccessKey:
    """An access key; those of STS have a token and perhaps an end (milliseconds since 1970)."""

    id: str
    secret: str
    token: str | None = None
    uid: str = UID
    expires_at: int | None = None


_SAMPLES = (
    AccessKey(ACCESS_KEY_ID, ACCESS_KEY_SECRET),
    AccessKey(STS_ACCESS_KEY_ID, STS_ACCESS_KEY_SECRET, STS_TOKEN),
)


class Identity:
    """The access keys, and the nonces of the requests that they signed lately."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._keys: dict[str, AccessKey] = {}
        self._nonces: OrderedDict[tuple[str, str], float] = OrderedDict()
        self.reset()

    def verify(self, call: Call, version: str, action: str) -> None:
        """Check a signed request for an operation; raises `RefusedError`."""
        header = call.headers.get("authorization", "")
        match = _AUTHORIZATION.fullmatch(header)
        if match is None:
            raise RefusedError(errors.INCOMPLETE, "The Authorization header is missing or bad.")
        signed = match["headers"].split(";")
        _check_headers(call.headers, signed)
        now = self._clock.wall()
        _check_date(call.headers["x-acs-date"], now)
        key = self._key(match["key"], call.headers.get("x-acs-security-token"))
        text = string_to_sign(canonical_request(call, signed))
        if not hmac.compare_digest(signature(key.secret, text), match["signature"]):
            raise RefusedError(errors.WRONG_SIGNATURE, f"The server's string to sign is {text!r}.")
        if call.headers["x-acs-content-sha256"] != hashlib.sha256(call.body).hexdigest():
            raise RefusedError(errors.WRONG_SIGNATURE, "The hash is not that of the body.")
        self._use(key.id, call.headers["x-acs-signature-nonce"], now)
        if (call.headers["x-acs-version"], call.headers["x-acs-action"]) != (version, action):
            raise RefusedError(errors.NO_API, f"Here is {action} of version {version}.")

    def caller(self, call: Call) -> str:
        """Return the account that sent a verified request."""
        match = _AUTHORIZATION.fullmatch(call.headers["authorization"])
        return self._keys[match["key"]].uid if match else UID

    def _key(self, key_id: str, token: str | None) -> AccessKey:
        key = self._keys.get(key_id)
        if key is None:
            raise RefusedError(errors.NO_KEY)
        if key.token is not None and token is None:
            raise RefusedError(errors.NO_TOKEN)
        if key.token != token:
            raise RefusedError(errors.OTHER_TOKEN)
        if key.expires_at is not None and key.expires_at <= self._clock.now():
            raise RefusedError(errors.OLD_TOKEN)
        return key

    def _use(self, key_id: str, nonce: str, now: float) -> None:
        """Remember a nonce for as long as a request with it could be sent again."""
        if (key_id, nonce) in self._nonces:
            raise RefusedError(errors.NONCE_USED)
        self._nonces[key_id, nonce] = now
        while next(iter(self._nonces.values())) < now - 2 * _SKEW:
            self._nonces.popitem(last=False)

    # State

    def seed(self, rows: Iterable[Document]) -> None:
        """Add access keys, also those of other accounts and of STS; raises `InvalidError`."""
        for row in rows:
            end = row.get("expiration")
            key = AccessKey(
                row["accessKeyId"],
                row["accessKeySecret"],
                row.get("securityToken"),
                row.get("uid", UID),
                None if end is None else milliseconds(end, "pai.accessKeys.expiration"),
            )
            self._keys[key.id] = key

    def reset(self) -> None:
        """Forget the seeded keys and all nonces."""
        self._nonces.clear()
        self._keys = {key.id: key for key in _SAMPLES}

    def dump(self) -> Document:
        """Return the keys as a JSON document; nonces do not outlive a restart."""
        return {"keys": [asdict(key) for key in self._keys.values()]}

    def load(self, document: Document) -> None:
        """Take over what `dump` returned."""
        self._keys = {row["id"]: AccessKey(**row) for row in document["keys"]}


def _check_headers(headers: Mapping[str, str], signed: list[str]) -> None:
    """Check that a request has the public headers, and has signed all that it has."""
    lacks = next((name for name in _NEEDED if not headers.get(name)), None)
    if lacks is not None:
        raise RefusedError(errors.INCOMPLETE, f"{lacks} is missing.")
    own = {name.lower() for name in headers if name.lower().startswith("x-acs-")}
    must = own.union(_NEEDED, {"content-type"}.intersection(name.lower() for name in headers))
    unsigned = sorted(must - set(signed))
    if unsigned:
        raise RefusedError(errors.INCOMPLETE, f"{unsigned[0]} must be signed.")


def _check_date(text: str, now: float) -> None:
    try:
        said = datetime.strptime(text, _DATE).replace(tzinfo=timezone.utc)
    except ValueError as error:
        raise RefusedError(errors.BAD_DATE) from error
    if abs(said.timestamp() - now) > _SKEW:
        raise RefusedError(errors.OLD_DATE)


def canonical_request(call: Call, signed: list[str]) -> str:
    """Return the canonical form of a request over the named headers."""
    path = "/".join(_encoded(unquote(part)) for part in call.raw_path.split("/"))
    pairs = sorted((_encoded(name), _encoded(value)) for name, value in call.pairs)
    names = sorted(signed)
    lines = [f"{name}:{call.headers.get(name, '').strip()}\n" for name in names]
    return "\n".join(
        (
            call.method,
            path or "/",
            "&".join(f"{name}={value}" for name, value in pairs),
            "".join(lines),
            ";".join(names),
            call.headers["x-acs-content-sha256"],
        )
    )


def string_to_sign(canonical: str) -> str:
    """Return what is signed of a canonical request."""
    return f"{_ALGORITHM}\n{hashlib.sha256(canonical.encode()).hexdigest()}"


def signature(secret: str, text: str) -> str:
    """Return the signature of a string."""
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def _encoded(text: str) -> str:
    return quote(text, safe=_UNRESERVED)


def milliseconds(text: str, path: str) -> int:
    """Return a time of the form `2026-01-02T03:04:05Z`; raises `InvalidError`."""
    try:
        moment = datetime.strptime(text, _DATE).replace(tzinfo=timezone.utc)
    except ValueError as error:
        raise InvalidError(path, Breach.VALUE, "must be like 2026-01-02T03:04:05Z") from error
    return int(moment.timestamp() * 1000)
