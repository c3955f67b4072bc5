"""Stack configuration and environment become settings, in this order."""

import json
import os
from collections.abc import Iterator
from typing import Any

import pulumi.runtime
import pulumi.runtime.config
import pytest

from pulumi_modeldeploy.errors import SettingsError
from pulumi_modeldeploy.modelarts import api
from pulumi_modeldeploy.settings import (
    OWNER,
    RESUME_WITHIN,
    SKIP_RULES,
    Setting,
    Settings,
    _program_config,
    profiles,
    refuse_clear_credentials,
)

REGION = Setting("kiln:region", "where it stands", ("KILN_REGION", "OLD_KILN_REGION"))
KEY = Setting("kiln:key", "opens it", ("KILN_KEY",), secret=True)
MODE = Setting("kiln:mode", "how it burns", allowed=("slow", "fast"))


def settings(stack: dict[str, str] | None = None, **environ: str) -> Settings:
    return Settings((stack or {}).get, environ)


# --- where a value comes from --------------------------------------------------------------------

ORDER: dict[str, tuple[Settings, str | None]] = {
    "nothing": (settings(), None),
    "the stack": (settings({"kiln:region": "a"}), "a"),
    "the environment": (settings(KILN_REGION="b"), "b"),
    "the older variable": (settings(OLD_KILN_REGION="c"), "c"),
    "the first variable before the older": (settings(KILN_REGION="b", OLD_KILN_REGION="c"), "b"),
    "the stack before the environment": (settings({"kiln:region": "a"}, KILN_REGION="b"), "a"),
    "empty counts as none": (settings({"kiln:region": ""}, KILN_REGION="b"), "b"),
    "empty everywhere": (settings({"kiln:region": ""}, KILN_REGION=""), None),
    "another key": (settings({"kiln:regions": "a", "region": "a"}), None),
}


@pytest.mark.parametrize("case", list(ORDER))
def test_the_stack_wins_over_the_environment(case: str) -> None:
    found, value = ORDER[case]
    assert found.get(REGION) == value


def test_a_missing_setting_names_each_place_where_it_may_be_given() -> None:
    with pytest.raises(SettingsError) as info:
        settings().require(REGION)
    assert str(info.value) == (
        "kiln:region is missing (where it stands): give it by `pulumi config set kiln:region "
        "VALUE`, or in the environment as KILN_REGION or OLD_KILN_REGION"
    )


def test_a_missing_secret_is_to_be_set_as_a_secret() -> None:
    with pytest.raises(SettingsError, match="`pulumi config set --secret kiln:key VALUE`"):
        settings().require(KEY)


def test_a_setting_without_variables_names_none() -> None:
    with pytest.raises(SettingsError, match=r"VALUE`$"):
        settings().require(MODE)


def test_a_setting_that_is_there_is_answered() -> None:
    assert settings(KILN_KEY="k").require(KEY) == "k"


@pytest.mark.parametrize("value", ["slow", "fast"])
def test_an_allowed_value_is_taken(value: str) -> None:
    assert settings({"kiln:mode": value}).get(MODE) == value


@pytest.mark.parametrize("value", ["Slow", "medium", " slow"])
def test_another_value_is_refused_with_those_allowed_and_not_quoted(value: str) -> None:
    with pytest.raises(SettingsError) as info:
        settings({"kiln:mode": value}).get(MODE)
    assert str(info.value) == "kiln:mode must be one of slow, fast"


def test_settings_show_no_values() -> None:
    found = settings({"kiln:key": "t0p-s3cret"}, KILN_KEY="t0p-s3cret")
    assert "s3cret" not in repr(found) + str(found)


# --- common ones ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (None, set()),
        ("weights-add-up", {"weights-add-up"}),
        (" a , b.c,, ", {"a", "b.c"}),
    ],
)
def test_rules_that_are_off_are_separated_by_commas(text: str | None, names: set[str]) -> None:
    found = settings({} if text is None else {SKIP_RULES.key: text})
    assert found.skip_rules == names


@pytest.mark.parametrize(
    ("text", "seconds"), [(None, 86400), ("48", 172800), ("0.5", 1800), ("0", 0)]
)
def test_how_long_to_resume_is_given_in_hours(text: str | None, seconds: float) -> None:
    found = settings({} if text is None else {RESUME_WITHIN.key: text})
    assert found.resume_seconds == seconds


@pytest.mark.parametrize("text", ["a day", "24h", "nan"])
def test_what_is_no_number_of_hours_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="modeldeploy:resumeWithin must be a number of hours"):
        _ = settings({RESUME_WITHIN.key: text}).resume_seconds


# --- in a program --------------------------------------------------------------------------------


@pytest.fixture
def configuration() -> Iterator[None]:
    """Pulumi's configuration of the running program, put back afterwards."""
    config = pulumi.runtime.config
    saved = config.CONFIG.get(), config._SECRET_KEYS.get()
    pulumi.runtime.set_all_config({}, [])
    yield
    pulumi.runtime.set_all_config(saved[0], sorted(saved[1]))


@pytest.mark.usefixtures("configuration")
class TestInAProgram:
    def test_the_stacks_configuration_is_read(self, monkeypatch: pytest.MonkeyPatch) -> None:
        pulumi.runtime.set_all_config({"kiln:region": "a"})
        monkeypatch.setenv("KILN_REGION", "b")
        assert Settings(_program_config, os.environ).get(REGION) == "a"
        pulumi.runtime.set_all_config({})
        assert Settings(_program_config, os.environ).get(REGION) == "b"

    def test_a_provider_reads_what_it_was_configured_with(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pulumi.runtime.set_all_config({"kiln:region": "a"})
        monkeypatch.setenv("KILN_REGION", "b")
        assert Settings.of_provider({"kiln:region": "c"}.get).get(REGION) == "c"
        assert Settings.of_provider({}.get).get(REGION) == "b"

    def test_a_credential_in_clear_is_refused_with_the_command_that_mends_it(self) -> None:
        pulumi.runtime.set_all_config({"kiln:key": "t0p-s3cret"})
        with pytest.raises(SettingsError) as info:
            refuse_clear_credentials([REGION, KEY])
        assert "`pulumi config set --secret kiln:key`" in str(info.value)
        assert "s3cret" not in str(info.value)

    def test_a_credential_that_is_marked_secret_is_taken(self) -> None:
        pulumi.runtime.set_all_config({"kiln:key": "t0p-s3cret"}, ["kiln:key"])
        refuse_clear_credentials([REGION, KEY])
        assert Settings(_program_config, os.environ).get(KEY) == "t0p-s3cret"

    def test_what_is_no_credential_may_stand_in_clear(self) -> None:
        pulumi.runtime.set_all_config({"kiln:region": "a", "kiln:mode": "slow"})
        refuse_clear_credentials([REGION, MODE, KEY])
        assert Settings(_program_config, os.environ).get(REGION) == "a"

    def test_credentials_of_the_environment_are_nobodys_business(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pulumi.runtime.set_all_config({})
        monkeypatch.setenv("KILN_KEY", "k")
        refuse_clear_credentials([KEY])
        assert Settings(_program_config, os.environ).get(KEY) == "k"

    @pytest.mark.parametrize(
        "key", ["accessKey", "secretKey", "securityToken", "token", "password"]
    )
    def test_credentials_of_modelarts_must_be_secret(self, key: str) -> None:
        pulumi.runtime.set_all_config({f"modelarts:{key}": "x", "modelarts:region": "eu-de"})
        with pytest.raises(SettingsError, match=f"modelarts:{key} stands in clear"):
            refuse_clear_credentials(api.SETTINGS)


# --- profiles ------------------------------------------------------------------------------------

LATITUDE = Setting("kiln:latitude", "how far north it stands", ("KILN_LATITUDE",), goes_with=REGION)
ALL = (REGION, LATITUDE, KEY, MODE, profiles("kiln"))


def profiled(name: str, own: Any, stack: dict[str, str] | None = None, **environ: str) -> Settings:
    """The settings of a profile."""
    document = {**(stack or {}), "kiln:profiles": json.dumps(own)}
    return settings(document, **environ).of_profile(name, ALL)


PROFILED: dict[str, tuple[Any, dict[str, str], dict[str, str], str | None]] = {
    "the profile first": ({"region": "p"}, {"kiln:region": "s"}, {"KILN_REGION": "e"}, "p"),
    "then the stack": ({"mode": "slow"}, {"kiln:region": "s"}, {"KILN_REGION": "e"}, "s"),
    "then the environment": ({}, {}, {"KILN_REGION": "e"}, "e"),
    "empty counts as none": ({"region": ""}, {"kiln:region": "s"}, {}, "s"),
    "nothing": ({}, {}, {}, None),
    "what looks like a number": ({"region": 12}, {}, {}, "12"),
    "what looks like a truth": ({"region": True}, {}, {}, "true"),
}


@pytest.mark.parametrize("case", list(PROFILED))
def test_a_profile_wins_over_the_stack(case: str) -> None:
    own, stack, environ, value = PROFILED[case]
    assert profiled("far", {"far": own}, stack, **environ).get(REGION) == value


def test_without_a_name_there_is_no_profile() -> None:
    found = settings({"kiln:region": "s", "kiln:profiles": '{"far": {"region": "p"}}'})
    assert found.of_profile("", ALL) is found
    assert found.get(REGION) == "s"


def test_what_is_missing_in_a_profile_is_given_there() -> None:
    with pytest.raises(SettingsError) as info:
        profiled("far", {"far": {}}).require(KEY)
    assert str(info.value) == (
        "kiln:key of profile far is missing (opens it): give it by `pulumi config set --secret "
        "--path 'kiln:profiles.far.key' VALUE`, or in the environment as KILN_KEY"
    )


WRONG: dict[str, tuple[str, str]] = {
    "another name": (
        '{"far": {}, "near": {}}',
        "profile: there is none of this name in kiln:profiles, which has far, near;",
    ),
    "none at all": ("{}", "in kiln:profiles, which has none at all;"),
    "not given": ("", "in kiln:profiles, which has none at all;"),
    "no JSON": ("s3cret", "kiln:profiles must be an object"),
    "no object": ('["s3cret"]', "kiln:profiles must be an object"),
    "no object inside": ('{"far": "s3cret"}', "kiln:profiles.far must be an object"),
    "an unknown key": (
        '{"far": {"regoin": "s3cret"}}',
        "kiln:profiles.far.regoin is no setting of kiln: did you mean region?",
    ),
    "a key like no other": (
        '{"far": {"zzz": "s3cret"}}',
        "kiln:profiles.far.zzz is no setting of kiln: known are region, latitude, key, mode",
    ),
    "profiles in a profile": ('{"far": {"profiles": {}}}', "kiln:profiles.far.profiles is no"),
    "no text": ('{"far": {"key": {"a": "s3cret"}}}', "kiln:profiles.far.key must be a text"),
    "null": ('{"far": {"key": null}}', "kiln:profiles.far.key must be a text"),
}


@pytest.mark.parametrize("case", list(WRONG))
def test_a_profile_that_is_not_there_or_malformed_is_named(case: str) -> None:
    document, text = WRONG[case]
    found = settings({"kiln:profiles": document})
    with pytest.raises(SettingsError) as info:
        found.of_profile("middle", ALL)
    assert text in str(info.value)
    assert "s3cret" not in str(info.value)
    if "none" not in text:
        with pytest.raises(SettingsError, match="kiln:profiles"):
            found.validate(ALL)
    assert found.secrets(ALL) == []


def test_a_value_that_is_not_allowed_is_refused_in_a_profile_too() -> None:
    with pytest.raises(SettingsError, match="kiln:mode must be one of slow, fast"):
        profiled("far", {"far": {"mode": "medium"}}).validate(ALL)


def test_credentials_of_a_profile_are_not_mixed_with_others() -> None:
    group = (KEY, MODE)
    stack, environ = {"kiln:key": "s", "kiln:mode": "slow"}, {"KILN_KEY": "e"}
    whole = profiled("far", {"far": {"region": "p"}}, stack, **environ).of_one_source(group)
    assert (whole.get(KEY), whole.get(MODE), whole.get(REGION)) == ("s", "slow", "p")
    own = profiled("far", {"far": {"key": "p"}}, stack, **environ).of_one_source(group)
    assert (own.get(KEY), own.get(MODE)) == ("p", None)
    half = profiled("far", {"far": {"mode": "fast"}}, stack, **environ).of_one_source(group)
    with pytest.raises(SettingsError, match=r"kiln:key of profile far is missing.*VALUE`$"):
        half.require(KEY)
    none = profiled("far", {"far": {}}, **environ).of_one_source(group)
    assert none.get(KEY) == "e"


ELSEWHERE: dict[str, tuple[dict[str, str], dict[str, str], str | None]] = {
    "the profile's own": ({"region": "b", "latitude": "2"}, {}, "2"),
    "the same region": ({"region": "a"}, {}, "1"),
    "no region of its own": ({}, {}, "1"),
    "another region": ({"region": "b"}, {}, None),
}


@pytest.mark.parametrize("case", list(ELSEWHERE))
def test_what_belongs_to_another_region_is_not_used(case: str) -> None:
    own, environ, value = ELSEWHERE[case]
    stack = {"kiln:region": "a", "kiln:latitude": "1"}
    found = profiled("far", {"far": own}, stack, **environ)
    if value is not None:
        assert found.get(LATITUDE) == value
        return
    with pytest.raises(SettingsError) as info:
        found.get(LATITUDE)
    assert str(info.value) == (
        "kiln:latitude belongs to kiln:region, and profile far has another region: give it one of "
        "its own by `pulumi config set --path 'kiln:profiles.far.latitude' VALUE`"
    )


def test_secrets_of_all_profiles_are_kept_out_of_messages() -> None:
    own = {"far": {"key": "far-key", "region": "r"}, "near": {"key": "near-key"}}
    found = settings({"kiln:key": "plain", "kiln:profiles": json.dumps(own)}, KILN_KEY="e")
    assert found.secrets(ALL) == ["plain", "far-key", "near-key"]
    assert "far-key" not in repr(found.of_profile("far", ALL))


@pytest.mark.usefixtures("configuration")
class TestProfilesOfAProgram:
    def test_credentials_in_clear_are_refused(self) -> None:
        document = '{"near": {"region": "r"}, "far": {"region": "r", "key": "t0p-s3cret"}}'
        pulumi.runtime.set_all_config({"kiln:profiles": document})
        with pytest.raises(SettingsError) as info:
            refuse_clear_credentials(ALL)
        assert "`pulumi config set --secret --path 'kiln:profiles.far.key'`" in str(info.value)
        assert "s3cret" not in str(info.value)
        pulumi.runtime.set_all_config({"kiln:profiles": document}, ["kiln:profiles"])
        refuse_clear_credentials(ALL)

    def test_what_is_no_credential_may_stand_in_clear(self) -> None:
        pulumi.runtime.set_all_config({"kiln:profiles": '{"far": {"region": "r"}}'})
        refuse_clear_credentials(ALL)

    def test_a_key_that_may_be_a_misspelt_credential_is_refused_at_once(self) -> None:
        pulumi.runtime.set_all_config({"kiln:profiles": '{"far": {"kye": "t0p-s3cret"}}'})
        with pytest.raises(SettingsError, match=r"kiln:profiles\.far\.kye is no setting"):
            refuse_clear_credentials(ALL)


# --- ModelArts -----------------------------------------------------------------------------------

PLACES: dict[str, tuple[dict[str, str], tuple[str, str]]] = {
    "region and project": (
        {"modelarts:region": "eu-de", "modelarts:projectId": "p"},
        ("eu-de", "p"),
    ),
    "an endpoint needs no region": (
        {"modelarts:endpoint": "http://x", "modelarts:projectId": "p"},
        ("", "p"),
    ),
}


@pytest.mark.parametrize("case", list(PLACES))
def test_where_services_live(case: str) -> None:
    stack, place = PLACES[case]
    assert api.place(settings(stack))[:2] == place


def test_without_a_project_there_is_no_place() -> None:
    with pytest.raises(SettingsError, match="modelarts:projectId is missing"):
        api.place(settings({"modelarts:region": "eu-de"}))


def test_without_region_and_endpoint_there_is_no_place() -> None:
    with pytest.raises(SettingsError, match=r"modelarts:region is missing.*HW_REGION_NAME"):
        api.place(settings({"modelarts:projectId": "p"}))


def test_the_common_keys_never_change() -> None:
    assert [OWNER.key, RESUME_WITHIN.key, SKIP_RULES.key] == [
        "modeldeploy:owner",
        "modeldeploy:resumeWithin",
        "modeldeploy:skipRules",
    ]
