"""Access keys of Alibaba Cloud and the signature ACS3-HMAC-SHA256.

Sources: "V3 request structure and signature"; the default credential chain and the CLI's profiles
as `alibabacloud_credentials` reads them.
"""

from __future__ import annotations

import hashlib
import hmac
import importlib
import json
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from pulumi_modeldeploy.core.canonical import canonical, host, payload
from pulumi_modeldeploy.core.http import Signer
from pulumi_modeldeploy.core.scrub import scrub_texts
from pulumi_modeldeploy.errors import SettingsError, TransportError
from pulumi_modeldeploy.settings import Setting, Settings

if TYPE_CHECKING:
    import requests

ACCESS_KEY_ID = Setting(
    "pai:accessKeyId",
    "id of an access key",
    ("ALIBABA_CLOUD_ACCESS_KEY_ID", "ALICLOUD_ACCESS_KEY"),
    secret=True,
)
ACCESS_KEY_SECRET = Setting(
    "pai:accessKeySecret",
    "secret of the access key",
    ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALICLOUD_SECRET_KEY"),
    secret=True,
)
SECURITY_TOKEN = Setting(
    "pai:securityToken",
    "security token of a temporary access key (STS)",
    ("ALIBABA_CLOUD_SECURITY_TOKEN", "ALICLOUD_SECURITY_TOKEN"),
    secret=True,
)
KEYS, PROFILE, CHAIN = "keys", "profile", "chain"
CREDENTIALS = Setting(
    "pai:credentials",
    "where credentials come from: the settings of an access key (keys), a profile of the aliyun "
    "CLI (profile), or whatever the vendor's library finds (chain; roles, OIDC and instances need "
    "it, and it needs pulumi-modeldeploy[alibaba]); default: keys where there are any, else a "
    "profile",
    allowed=(KEYS, PROFILE, CHAIN),
)
CLI_PROFILE = Setting(
    "pai:cliProfile",
    "profile in ~/.aliyun/config.json (default: the current one)",
    ("ALIBABA_CLOUD_PROFILE", "ALICLOUD_PROFILE"),
)
SETTINGS = (ACCESS_KEY_ID, ACCESS_KEY_SECRET, SECURITY_TOKEN, CREDENTIALS, CLI_PROFILE)
_KEYS = (ACCESS_KEY_ID, ACCESS_KEY_SECRET, SECURITY_TOKEN)
"""What comes from one source only."""


@dataclass(frozen=True)
class Keys:
    """An access key; a temporary one has a token."""

    id: str = field(repr=False)
    secret: str = field(repr=False)
    token: str = field(default="", repr=False)


Source: TypeAlias = Callable[[], Keys]
"""Answers the keys to sign with now; those of a chain change."""


def source(settings: Settings) -> Source:
    """Choose where keys come from.

    Raises:
        SettingsError: There are none, or something that they need is missing.
    """
    # Whose credentials these are is said by a profile of the CLI as well as by a key.
    own = settings.of_one_source((*_KEYS, CLI_PROFILE))
    wanted = own.get(CREDENTIALS)
    if wanted == CHAIN:
        # What the environment says is the library's to read.
        return _Chain(None if own is settings else own.get(CLI_PROFILE))
    given = any(own.get(one) is not None for one in _KEYS)
    if wanted == KEYS or (given and wanted is None):
        token = own.get(SECURITY_TOKEN) or ""
        keys = Keys(own.require(ACCESS_KEY_ID), own.require(ACCESS_KEY_SECRET), token)
    else:
        keys = _of_profile(settings)
    return lambda: keys


# --- profiles of the CLI -------------------------------------------------------------------------

_NO_KEYS = (
    f"there are no credentials for PAI: give {ACCESS_KEY_ID.key} and {ACCESS_KEY_SECRET.key} (or "
    f"{ACCESS_KEY_ID.env[0]} and {ACCESS_KEY_SECRET.env[0]} in the environment), or sign in with "
    f"`aliyun configure`, or let the vendor's own chain find some ({CREDENTIALS.key} = {CHAIN})"
)


def _of_profile(settings: Settings) -> Keys:
    """Read the keys of a profile; values are never quoted."""
    try:
        file = Path.home() / ".aliyun" / "config.json"
        document = json.loads(file.read_text("utf-8-sig"))
    except (OSError, RuntimeError) as error:
        raise SettingsError(_NO_KEYS) from error  # or there is not even a home
    except ValueError as error:
        raise SettingsError("~/.aliyun/config.json is no JSON: see `aliyun configure`") from error
    document = document if isinstance(document, dict) else {}
    listed = document.get("profiles")
    rows = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    name = settings.get(CLI_PROFILE) or document.get("current") or "default"
    found = next((one for one in rows if one.get("name") == name), None)
    if found is None:
        known = ", ".join(sorted(str(one.get("name")) for one in rows)) or "none"
        raise SettingsError(
            f"~/.aliyun/config.json has no profile of the name in {CLI_PROFILE.key}, or no current "
            f"one; it has: {known}"
        )
    return _keys_of(found)


_MODES = {"AK": (), "StsToken": ("sts_token",)}
"""Modes that hold keys, and what they need besides them."""
_OF_THE_CHAIN = (
    "RamRoleArn",
    "ChainableRamRoleArn",
    "EcsRamRole",
    "OIDC",
    "CloudSSO",
    "OAuth",
    "External",
)
"""Modes that the vendor's library knows besides."""


def _keys_of(profile: dict[str, Any]) -> Keys:
    mode = profile.get("mode", "AK")
    if mode in _OF_THE_CHAIN:
        raise SettingsError(
            f"the profile of the aliyun CLI is of mode {mode}, which takes the vendor's own chain: "
            f"`pip install 'pulumi-modeldeploy[alibaba]'` and {CREDENTIALS.key} = {CHAIN}"
        )
    if mode not in tuple(_MODES):
        raise SettingsError(
            "the profile of the aliyun CLI is of a mode that is not known here: known are "
            f"{', '.join((*_MODES, *_OF_THE_CHAIN))}"
        )
    needed = ("access_key_id", "access_key_secret", *_MODES[mode])
    keys = {name: profile[name] for name in needed if isinstance(profile.get(name), str)}
    missing = [name for name in needed if not keys.get(name)]
    if missing:
        raise SettingsError(
            f"the profile of the aliyun CLI lacks {', '.join(missing)}: see `aliyun configure`"
        )
    return Keys(*keys.values())


# --- the vendor's chain --------------------------------------------------------------------------


_OF_ALL = (
    'python -c "from alibabacloud_credentials.client import Client; Client().get_credential()"'
)
_OF_A_PROFILE = "aliyun sts GetCallerIdentity --profile NAME"


class _Chain:
    """What the vendor's library finds, and renews; safe to share between threads."""

    def __init__(self, profile: str | None) -> None:
        """Load the library.

        Args:
            profile: The profile of the CLI that is wanted; `None`: whatever is found.

        Raises:
            SettingsError: There is no such library.
        """
        try:
            self._library = importlib.import_module("alibabacloud_credentials.client")
            self._providers = importlib.import_module("alibabacloud_credentials.provider")
        except ImportError as error:
            raise SettingsError(
                f"{CREDENTIALS.key} = {CHAIN} takes the vendor's library: "
                "`pip install 'pulumi-modeldeploy[alibaba]'`"
            ) from error
        self._profile, self._lock = profile, threading.Lock()
        self._client: Any = None
        self._works = False

    def __call__(self) -> Keys:
        """Answer the keys to sign with now.

        Raises:
            TransportError: There are none.
        """
        try:
            found = self._open().get_credential()
        except Exception as error:  # noqa: BLE001  (the library raises what it likes)
            failure = TransportError(
                f"the vendor's chain finds no credentials ({type(error).__name__}): see what "
                f"`{_OF_A_PROFILE if self._profile else _OF_ALL}` says"
            )
            # What was found once is found again; what never was is not there.
            failure.final = not self._works
            # Without the library's own words, which may quote what it was given.
            raise failure from None
        self._works = True
        return Keys(
            found.get_access_key_id() or "",
            found.get_access_key_secret() or "",
            found.get_security_token() or "",
        )

    def _open(self) -> Any:
        """Open the library once: each client of it has a thread of its own."""
        with self._lock:
            if self._client is None:
                make, name = self._providers.CLIProfileCredentialsProvider, self._profile
                own = {"provider": make(profile_name=name)} if name else {}
                self._client = self._library.Client(**own)
            return self._client


# --- signature -----------------------------------------------------------------------------------


class KeySigner(Signer):
    """Signs with an access key: algorithm ACS3-HMAC-SHA256."""

    ALGORITHM = "ACS3-HMAC-SHA256"

    def __init__(
        self,
        keys: Source,
        now: Callable[[], float] = time.time,
        nonce: Callable[[], str] = lambda: uuid.uuid4().hex,
    ) -> None:
        super().__init__(now)
        self._keys, self._nonce = keys, nonce
        self._used: set[Keys] = set()

    def hide(self, text: str) -> str:
        """Take what requests are signed with out of a text, and were before it was renewed."""
        used = [one for keys in tuple(self._used) for one in (keys.id, keys.secret, keys.token)]
        return scrub_texts(text, filter(None, used))

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add date, nonce and signature; each try of a request gets its own."""
        keys = self._keys()
        self._used.add(keys)
        headers, of_body = request.headers, hashlib.sha256(payload(request)).hexdigest()
        headers["x-acs-date"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.now()))
        headers["x-acs-signature-nonce"] = self._nonce()
        headers["x-acs-content-sha256"] = of_body
        if keys.token:
            headers["x-acs-security-token"] = keys.token
        own = {name.lower(): value.strip() for name, value in headers.items()}
        signed = {"host": host(request)} | {
            name: value
            for name, value in own.items()
            if name == "content-type" or name.startswith("x-acs-")
        }
        form, names = canonical(request, signed, of_body)
        text = f"{self.ALGORITHM}\n{hashlib.sha256(form.encode()).hexdigest()}"
        signature = hmac.new(keys.secret.encode(), text.encode(), hashlib.sha256).hexdigest()
        headers["Authorization"] = (
            f"{self.ALGORITHM} Credential={keys.id},SignedHeaders={names},Signature={signature}"
        )
        return request
