"""Who calls: settings, environment, profiles of the CLI, temporary keys, the vendor's chain."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from pulumi_modeldeploy.core import lifecycle
from pulumi_modeldeploy.emulator.pai_identity import (
    ACCESS_KEY_ID,
    ACCESS_KEY_SECRET,
    STS_ACCESS_KEY_ID,
    STS_ACCESS_KEY_SECRET,
    STS_TOKEN,
)
from pulumi_modeldeploy.errors import ApiError, SettingsError, TransportError
from pulumi_modeldeploy.pai import api, credentials
from pulumi_modeldeploy.pai.credentials import Keys
from pulumi_modeldeploy.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import Cloud

PLACE = {"pai:region": "cn-shanghai", "pai:endpoint": "http://localhost:1"}
OURS, OTHER = Keys("of-ours-id", "of-ours-secret"), Keys("other-id", "other-secret")
STACK = {"pai:accessKeyId": OURS.id, "pai:accessKeySecret": OURS.secret}
ALIBABA = {
    "ALIBABA_CLOUD_ACCESS_KEY_ID": OTHER.id,
    "ALIBABA_CLOUD_ACCESS_KEY_SECRET": OTHER.secret,
}
ALICLOUD = {"ALICLOUD_ACCESS_KEY": OTHER.id, "ALICLOUD_SECRET_KEY": OTHER.secret}


def row(name: str, **more: Any) -> dict[str, Any]:
    """A profile of the CLI with a key that says whose it is; `None` takes something away."""
    found = {
        "name": name,
        "mode": "AK",
        "access_key_id": f"{name}-id",
        "access_key_secret": f"{name}-secret",
        "sts_token": "",
        "region_id": "cn-shanghai",
        **more,
    }
    return {key: one for key, one in found.items() if one is not None}


def of(name: str, token: str = "") -> Keys:
    """The keys of such a profile."""
    return Keys(f"{name}-id", f"{name}-secret", token)


class Home:
    """A home directory, in which the CLI has its profiles."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, text: str) -> None:
        (self.folder / ".aliyun").mkdir(exist_ok=True)
        (self.folder / ".aliyun" / "config.json").write_text(text, "utf-8")

    def profiles(self, *rows: dict[str, Any], current: str | None = None) -> None:
        document = {"profiles": list(rows), "meta_path": ""}
        self.write(json.dumps(document | ({"current": current} if current else {})))


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("HOME", str(tmp_path))
    return Home(tmp_path)


def found(stack: dict[str, str], environ: dict[str, str] | None = None, profile: str = "") -> Keys:
    """The keys that these settings lead to."""
    settings = Settings({**PLACE, **stack}.get, environ or {})
    return credentials.source(settings.of_profile(profile, api.SETTINGS))()


# --- each way ------------------------------------------------------------------------------------

WAYS: dict[str, tuple[dict[str, str], dict[str, str], Keys]] = {
    "settings": (STACK, {}, OURS),
    "settings with a token": (
        {**STACK, "pai:securityToken": "t"},
        {},
        Keys(OURS.id, OURS.secret, "t"),
    ),
    "environment": ({}, ALIBABA, OTHER),
    "environment with a token": (
        {},
        {**ALIBABA, "ALIBABA_CLOUD_SECURITY_TOKEN": "t"},
        Keys(OTHER.id, OTHER.secret, "t"),
    ),
    "environment by Terraform's names": ({}, ALICLOUD, OTHER),
    "the same with a token": (
        {},
        {**ALICLOUD, "ALICLOUD_SECURITY_TOKEN": "t"},
        Keys(OTHER.id, OTHER.secret, "t"),
    ),
    "the vendor's names before Terraform's": (
        {},
        {"ALICLOUD_ACCESS_KEY": "x", "ALICLOUD_SECRET_KEY": "y", **ALIBABA},
        OTHER,
    ),
    "the current profile": ({}, {}, of("now")),
    "a profile of the settings": ({"pai:cliProfile": "sts"}, {}, of("sts", "sts-token")),
    "a profile of the environment": ({}, {"ALIBABA_CLOUD_PROFILE": "later"}, of("later")),
    "the same by Terraform's name": ({}, {"ALICLOUD_PROFILE": "later"}, of("later")),
    "asked for: keys": ({"pai:credentials": "keys"}, ALIBABA, OTHER),
    "asked for: a profile": ({"pai:credentials": "profile"}, ALIBABA, of("now")),
    # One source only.
    "the stack's key before the environment's": (STACK, ALIBABA, OURS),
    "the stack's key without the environment's token": (
        STACK,
        {"ALIBABA_CLOUD_SECURITY_TOKEN": "t"},
        OURS,
    ),
    "the stack's key before a profile of the environment": (
        STACK,
        {"ALIBABA_CLOUD_PROFILE": "later"},
        OURS,
    ),
    "the stack's profile before the environment's key": (
        {"pai:cliProfile": "later"},
        ALIBABA,
        of("later"),
    ),
    "a key before a profile of the same place": (
        {**STACK, "pai:cliProfile": "later"},
        {},
        OURS,
    ),
    "a profile that is asked for before a key of the same place": (
        {**STACK, "pai:cliProfile": "later", "pai:credentials": "profile"},
        {},
        of("later"),
    ),
}


@pytest.mark.parametrize("case", WAYS)
def test_keys_come_from_one_place(case: str, home: Home) -> None:
    home.profiles(
        row("first"),
        row("now"),
        row("later", mode=None),
        row("sts", mode="StsToken", sts_token="sts-token"),
        current="now",
    )
    stack, environ, keys = WAYS[case]
    assert found(stack, environ) == keys


EU = {"accessKeyId": "eu-id", "accessKeySecret": "eu-secret"}
NAMED: dict[str, tuple[dict[str, str], dict[str, str], Keys]] = {
    # what the profile of the settings has, what the stack has besides
    "its own key": (EU, STACK, of("eu")),
    "its own key, whatever the stack asks for": (
        EU,
        {**STACK, "pai:credentials": "profile", "pai:securityToken": "t"},
        of("eu"),
    ),
    "its own key, although the stack asks for the chain": (
        EU,
        {"pai:credentials": "chain"},
        of("eu"),
    ),
    "its own profile of the CLI": ({"cliProfile": "eu"}, STACK, of("eu")),
    "none of its own": ({"region": "eu-central-1"}, STACK, OURS),
    "a wish of its own": ({"credentials": "profile"}, STACK, of("now")),
}


@pytest.mark.parametrize("case", NAMED)
def test_a_profile_with_credentials_signs_with_no_others(case: str, home: Home) -> None:
    home.profiles(row("now"), row("eu"), current="now")
    own, stack, keys = NAMED[case]
    endpoint = {"endpoint": "http://localhost:2"}
    every = {**stack, "pai:profiles": json.dumps({"eu": {**endpoint, **own}})}
    assert found(every, ALIBABA, "eu") == keys


def test_a_life_by_each_way(cloud: Cloud, home: Home) -> None:
    home.profiles(
        row("ak", access_key_id=ACCESS_KEY_ID, access_key_secret=ACCESS_KEY_SECRET),
        row(
            "sts",
            mode="StsToken",
            access_key_id=STS_ACCESS_KEY_ID,
            access_key_secret=STS_ACCESS_KEY_SECRET,
            sts_token=STS_TOKEN,
        ),
    )
    place = {k: one for k, one in cloud.environ.items() if "ACCESS_KEY" not in k}
    key = {"pai:accessKeyId": ACCESS_KEY_ID, "pai:accessKeySecret": ACCESS_KEY_SECRET}
    for stack in (key, {"pai:cliProfile": "ak"}, {"pai:cliProfile": "sts"}):
        name, state = cloud.create(cloud.wanted(), stack=stack, environ=place)
        assert cloud.only["Status"] == "Running"
        cloud.delete(name, state, stack=stack, environ=place)
        assert cloud.services == []


# --- profiles of the CLI -------------------------------------------------------------------------


def test_without_a_current_profile_the_default_one_counts(home: Home) -> None:
    home.profiles(row("other"), row("default"))
    assert found({}) == of("default")


def test_a_file_with_a_byte_order_mark_is_read(home: Home) -> None:
    home.write("\ufeff" + json.dumps({"current": "a", "profiles": [row("a")]}))
    assert found({}) == of("a")


NONE = (
    "there are no credentials for PAI: give pai:accessKeyId and pai:accessKeySecret (or "
    "ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET in the environment), or sign "
    "in with `aliyun configure`, or let the vendor's own chain find some (pai:credentials = chain)"
)
NO_JSON = "~/.aliyun/config.json is no JSON: see `aliyun configure`"
NO_PROFILE = (
    "~/.aliyun/config.json has no profile of the name in pai:cliProfile, or no current one; it "
    "has: {}"
)
CHAINED = (
    "the profile of the aliyun CLI is of mode {}, which takes the vendor's own chain: "
    "`pip install 'pulumi-modeldeploy[alibaba]'` and pai:credentials = chain"
)
LACKS = "the profile of the aliyun CLI lacks {}: see `aliyun configure`"
UNKNOWN_MODE = (
    "the profile of the aliyun CLI is of a mode that is not known here: known are AK, StsToken, "
    "RamRoleArn, ChainableRamRoleArn, EcsRamRole, OIDC, CloudSSO, OAuth, External"
)


def file(**changes: Any) -> str:
    """A file whose only profile is changed in something."""
    return json.dumps({"current": "p", "profiles": [row("p", **changes)]})


FILES: dict[str, tuple[str, str]] = {
    "no JSON": ('{"profiles": [', NO_JSON),
    "an empty file": ("", NO_JSON),
    "a list": ("[]", NO_PROFILE.format("none")),
    "an empty object": ("{}", NO_PROFILE.format("none")),
    "profiles that are none": ('{"profiles": {"a": 1}}', NO_PROFILE.format("none")),
    "a number of profiles": ('{"profiles": 7}', NO_PROFILE.format("none")),
    "profiles of another kind": ('{"profiles": ["a", null]}', NO_PROFILE.format("none")),
    "another profile": (
        json.dumps({"current": "p", "profiles": [row("b"), row("a")]}),
        NO_PROFILE.format("a, b"),
    ),
    "no id": (file(access_key_id=None), LACKS.format("access_key_id")),
    "no secret": (file(access_key_secret=""), LACKS.format("access_key_secret")),
    "neither": (
        file(access_key_id="", access_key_secret=None),
        LACKS.format("access_key_id, access_key_secret"),
    ),
    "a number for a secret": (file(access_key_secret=7), LACKS.format("access_key_secret")),
    "no token": (file(mode="StsToken"), LACKS.format("sts_token")),
    **{
        f"mode {mode}": (file(mode=mode), CHAINED.format(mode))
        for mode in (
            *("RamRoleArn", "ChainableRamRoleArn", "EcsRamRole", "OIDC"),
            *("CloudSSO", "OAuth", "External"),
        )
    },
    "a mode that nobody knows": (file(mode="p-secret"), UNKNOWN_MODE),
    "a mode that is a list": (file(mode=["AK"]), UNKNOWN_MODE),
}


@pytest.mark.parametrize("case", FILES)
def test_what_is_wrong_with_a_profile_is_said_without_its_values(case: str, home: Home) -> None:
    text, message = FILES[case]
    home.write(text)
    with pytest.raises(SettingsError) as info:
        found({})
    assert str(info.value) == message
    assert "p-secret" not in str(info.value)


def test_a_profile_that_is_not_there_is_told(home: Home) -> None:
    home.profiles(row("a"), current="a")
    with pytest.raises(SettingsError, match=r"no profile of the name in pai:cliProfile.* has: a$"):
        found({"pai:cliProfile": "b"})


@pytest.mark.parametrize("how", [{}, {"pai:credentials": "profile"}, {"pai:cliProfile": "a"}])
def test_without_any_credentials_all_ways_are_named(how: dict[str, str]) -> None:
    with pytest.raises(SettingsError) as info:
        found(how)
    assert str(info.value) == NONE


def test_who_has_no_home_has_no_profiles_either(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr("pathlib.Path.home", homeless)
    with pytest.raises(SettingsError, match=r"^there are no credentials for PAI"):
        found({})


MISSING: dict[str, tuple[dict[str, str], dict[str, str], str]] = {
    "the secret": ({"pai:accessKeyId": "a"}, {}, "pai:accessKeySecret is missing .*--secret"),
    "the id": (
        {},
        {"ALICLOUD_SECRET_KEY": "s"},
        "pai:accessKeyId is missing .*ALICLOUD_ACCESS_KEY",
    ),
    "all but a token": ({"pai:securityToken": "t"}, {}, "pai:accessKeyId is missing"),
    "the half of a place": ({"pai:accessKeyId": "a"}, ALIBABA, r"Secret is missing .*VALUE`$"),
    "what is asked for": ({"pai:credentials": "keys"}, {}, "pai:accessKeyId is missing"),
    "a way that there is": (
        {"pai:credentials": "magic"},
        ALIBABA,
        "^pai:credentials must be one of keys, profile, chain$",
    ),
}


@pytest.mark.parametrize("case", MISSING)
def test_what_is_missing_is_named(case: str, home: Home) -> None:
    home.profiles(row("a"), current="a")
    stack, environ, text = MISSING[case]
    with pytest.raises(SettingsError, match=text):
        found(stack, environ)


# --- the vendor's chain --------------------------------------------------------------------------

CHAIN = {"pai:credentials": "chain"}


def alone(code: str, home: Home, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run some lines in a process of their own, which has these variables only."""
    begin = (
        "import json, os, sys\n"
        "from pulumi_modeldeploy.core.identity import Identity\n"
        "from pulumi_modeldeploy.settings import Settings\n"
        "from pulumi_modeldeploy import pai\n"
        "from pulumi_modeldeploy.pai import api\n"
        "stack = json.loads(os.environ['STACK'])\n"
        "def connect():\n"
        "    settings = Settings(stack.get, os.environ)\n"
        "    return api.connect(settings, Identity('', '', '', 'cn-shanghai'))\n"
    )
    known = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-c", begin + code],
        env={**known, "HOME": str(home.folder), **environ},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


LOADED = "print([one for one in sys.modules if one.partition('.')[0] in "
LOADED += "('alibabacloud_credentials', 'Tea', 'apscheduler', 'aiohttp')])\n"


@pytest.mark.parametrize("way", ["keys", "profile"])
def test_the_vendors_library_is_loaded_only_when_it_is_asked_for(way: str, home: Home) -> None:
    home.profiles(row("a"), current="a")
    stack = {**PLACE, **(STACK if way == "keys" else {"pai:credentials": "profile"})}
    done = alone(f"connect()\n{LOADED}", home, STACK=json.dumps(stack))
    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")


def test_the_vendors_chain_finds_keys_of_the_environment(cloud: Cloud, home: Home) -> None:
    """The library reads the environment when it is loaded: a process of its own."""
    environ = {key: one for key, one in cloud.environ.items() if key.startswith(("PAI", "ALI"))}
    code = (
        "client = connect()\n"
        "client._session.trust_env = False\n"
        "assert 'alibabacloud_credentials.client' in sys.modules\n"
        "print(client.send(api.LIST).body['TotalCount'])\n"
        "print(client._session.auth, client._session.auth._keys)\n"
    )
    stack = json.dumps(CHAIN)
    off = {"ALIBABA_CLOUD_ECS_METADATA_DISABLED": "true"}
    done = alone(code, home, STACK=stack, **environ, **off)
    assert done.stdout.startswith("0\nKeySigner(...)"), done.stderr
    assert ACCESS_KEY_SECRET not in done.stdout + done.stderr
    assert [one["status"] for one in cloud.requests] == [200]


def test_the_vendors_chain_reads_the_profile_that_is_named(cloud: Cloud, home: Home) -> None:
    """A key of the environment comes first in the chain, unless the stack says whose it is."""
    home.profiles(
        row("current"),
        row(
            "named",
            mode="StsToken",
            access_key_id=STS_ACCESS_KEY_ID,
            access_key_secret=STS_ACCESS_KEY_SECRET,
            sts_token=STS_TOKEN,
        ),
        current="current",
    )
    place = {key: one for key, one in cloud.environ.items() if key.startswith("PAI")}
    code = (
        "client = connect()\n"
        "client._session.trust_env = False\n"
        "print(client.send(api.LIST).body['TotalCount'])\n"
    )
    stack = json.dumps({**CHAIN, "pai:cliProfile": "named"})
    done = alone(code, home, STACK=stack, **place, **ALIBABA)
    assert done.stdout == "0\n", done.stderr
    assert [one["status"] for one in cloud.requests] == [200]


def test_a_chain_that_finds_nothing_says_so_at_once_and_without_the_librarys_words(
    cloud: Cloud, home: Home
) -> None:
    home.profiles(row("a", mode="StsToken", access_key_id="leaks-id", sts_token=""), current="a")
    place = {key: one for key, one in cloud.environ.items() if key.startswith("PAI")}
    code = (
        "import traceback\n"
        "client = connect()\n"
        "for _ in range(2):\n"
        "    try:\n"
        "        client.send(api.LIST)\n"
        "    except Exception as error:\n"
        "        traceback.print_exception(error)\n"
        "        print(error)\n"
    )
    off = {"ALIBABA_CLOUD_ECS_METADATA_DISABLED": "true"}
    done = alone(code, home, STACK=json.dumps(CHAIN), **place, **off)
    text = (
        "the vendor's chain finds no credentials (CredentialException): see what `python -c "
        '"from alibabacloud_credentials.client import Client; Client().get_credential()"` says\n'
    )
    assert done.stdout == text * 2, done.stderr
    assert "leaks-id" not in done.stderr
    assert "a-secret" not in done.stderr
    assert cloud.requests == []


def test_the_command_that_is_named_says_why(home: Home) -> None:
    command = credentials._OF_ALL.removeprefix('python -c "').removesuffix('"')
    off = {"ALIBABA_CLOUD_ECS_METADATA_DISABLED": "true"}
    done = subprocess.run(
        [sys.executable, "-c", command],
        env={"HOME": str(home.folder), "PATH": os.environ["PATH"], **off},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert "unable to load credentials from any of the providers" in done.stderr


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "alibabacloud_credentials.client", None)
    with pytest.raises(SettingsError) as info:
        found(CHAIN)
    assert str(info.value) == (
        "pai:credentials = chain takes the vendor's library: "
        "`pip install 'pulumi-modeldeploy[alibaba]'`"
    )


# --- what a chain may do -------------------------------------------------------------------------


class Library:
    """Stands in for the vendor's library: what it answers can be changed."""

    def __init__(self) -> None:
        self.answer: Keys | Exception = Keys(ACCESS_KEY_ID, ACCESS_KEY_SECRET)
        self.opened: list[object] = []
        self.others = threading.Barrier(1)
        """Opening goes on when so many threads do it, or when no others come."""

    def client(self, provider: object = None) -> Library:
        self.opened.append(provider)
        with suppress(threading.BrokenBarrierError):
            self.others.wait(0.2)
        return self

    def get_credential(self) -> Any:
        if isinstance(self.answer, Exception):
            raise self.answer
        keys = self.answer
        return SimpleNamespace(
            get_access_key_id=lambda: keys.id,
            get_access_key_secret=lambda: keys.secret,
            get_security_token=lambda: keys.token or None,
        )


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Library:
    library = Library()
    modules = {
        "alibabacloud_credentials.client": SimpleNamespace(Client=library.client),
        "alibabacloud_credentials.provider": SimpleNamespace(
            CLIProfileCredentialsProvider=lambda profile_name: f"profile {profile_name}"
        ),
    }
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    return library


def test_renewed_keys_are_used_by_the_next_request(cloud: Cloud, library: Library) -> None:
    op = cloud.operation(stack=CHAIN)
    name, state = lifecycle.create(op, cloud.wanted())
    library.answer = Keys(STS_ACCESS_KEY_ID, STS_ACCESS_KEY_SECRET, STS_TOKEN)
    sent: list[Any] = []
    op.client._session.hooks["response"].append(lambda one, **_: sent.append(one.request))
    lifecycle.delete(op, name, state)
    assert cloud.services == []
    assert {one.headers["x-acs-security-token"] for one in sent} == {STS_TOKEN}
    assert all(f"Credential={STS_ACCESS_KEY_ID}," in one.headers["Authorization"] for one in sent)
    library.answer = Keys("LTAIgone", "no-secret")
    with pytest.raises(ApiError, match=r"InvalidAccessKeyId\.NotFound"):
        op.look(name)
    assert library.opened == [None]


def test_all_keys_that_were_used_are_hidden(cloud: Cloud, library: Library) -> None:
    op = cloud.operation(stack=CHAIN)
    op.look("foo")
    library.answer = Keys(STS_ACCESS_KEY_ID, STS_ACCESS_KEY_SECRET, STS_TOKEN)
    op.look("foo")
    auth: Any = op.client._session.auth
    assert (
        auth.hide(f"{ACCESS_KEY_SECRET} {STS_TOKEN} {STS_ACCESS_KEY_SECRET} x") == "*** *** *** x"
    )


@pytest.mark.parametrize(
    ("stack", "environ", "provider"),
    [
        ({}, {}, None),
        ({}, {"ALIBABA_CLOUD_PROFILE": "p"}, None),
        ({}, ALIBABA, None),
        ({"pai:cliProfile": "p"}, {}, "profile p"),
        ({"pai:cliProfile": "p"}, {**ALIBABA, "ALIBABA_CLOUD_PROFILE": "q"}, "profile p"),
        ({**STACK, "pai:cliProfile": "p"}, {}, "profile p"),
        (STACK, {}, None),
    ],
)
def test_the_chain_is_asked_for_the_profile_of_the_stack(
    stack: dict[str, str], environ: dict[str, str], provider: object, library: Library
) -> None:
    assert found({**CHAIN, **stack}, environ) == Keys(ACCESS_KEY_ID, ACCESS_KEY_SECRET)
    assert library.opened == [provider]


def test_a_chain_that_fails_for_a_while_is_asked_again(cloud: Cloud, library: Library) -> None:
    """What was found once: its renewal may meet an outage."""
    op = cloud.operation(stack=CHAIN)
    op.look("foo")
    works, library.answer = library.answer, OSError("secret-of-the-library")

    def heal() -> None:
        library.answer = works

    cloud.time.meanwhile.extend([lambda: None, heal])
    assert op.look("foo") is None
    assert cloud.time.passed > 0
    library.answer = OSError("secret-of-the-library")
    with pytest.raises(TransportError, match=r"finds no credentials .* tried") as info:
        op.look("foo")
    assert "secret-of-the-library" not in str(info.value)
    assert info.value.__cause__ is None
    assert info.value.__suppress_context__


def test_a_chain_that_never_found_any_is_not_waited_for(cloud: Cloud, library: Library) -> None:
    library.answer = ValueError("secret-of-the-library")
    op = cloud.operation(stack={**CHAIN, "pai:cliProfile": "p"})
    with pytest.raises(TransportError) as info:
        lifecycle.create(op, cloud.wanted())
    assert str(info.value) == (
        "the vendor's chain finds no credentials (ValueError): see what "
        "`aliyun sts GetCallerIdentity --profile NAME` says"
    )
    assert cloud.time.passed == 0
    assert cloud.requests == []


def test_threads_open_the_library_once(library: Library) -> None:
    source = credentials.source(Settings({**PLACE, **CHAIN}.get, {}))
    barrier, library.others = threading.Barrier(8), threading.Barrier(2)

    def ask(_: int) -> Keys:
        barrier.wait()
        return source()

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(ask, range(8))) == {Keys(ACCESS_KEY_ID, ACCESS_KEY_SECRET)}
    assert len(library.opened) == 1


# --- nothing shows -------------------------------------------------------------------------------

FAULTS: list[dict[str, Any]] = [
    {"fault": "reset"},
    {"fault": "truncate"},
    {"fault": "status", "status": 400},
    {"fault": "status", "status": 503},
]


@contextmanager
def maybe(kind: type[Exception], errors: list[str]) -> Iterator[None]:
    """Take down what an error says, with all that caused it."""
    try:
        yield
    except kind as error:
        one: BaseException | None = error
        while one is not None:
            errors.append(f"{one} {one!r} {vars(one)}")
            one = one.__cause__ or one.__context__


@pytest.mark.parametrize("fault", FAULTS, ids=lambda one: " ".join(map(str, one.values())))
def test_no_credential_is_in_an_error_or_a_line_of_the_log(
    fault: dict[str, Any], cloud: Cloud, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    sts = {
        "pai:accessKeyId": STS_ACCESS_KEY_ID,
        "pai:accessKeySecret": STS_ACCESS_KEY_SECRET,
        "pai:securityToken": STS_TOKEN,
    }
    cloud.admin.faults({"operation": "*", "cloud": "pai", **fault})
    shown: list[str] = []
    with maybe(Exception, shown):
        cloud.create(cloud.wanted(), stack=sts)
    assert shown, "no fault passes unnoticed"
    text = "\n".join([*shown, *cloud.row, *cloud.warnings])
    text += "\n".join(record.getMessage() for record in caplog.records)
    for secret in (STS_ACCESS_KEY_ID, STS_ACCESS_KEY_SECRET, STS_TOKEN, "Signature="):
        assert secret not in text


def test_keys_do_not_show() -> None:
    shown = f"{OURS!r} {credentials.source(Settings({**PLACE, **STACK}.get, {}))!r}"
    assert OURS.id not in shown
    assert OURS.secret not in shown
