"""How a pack is configured: profiles, stacks, files; and what is said when that is wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf import json_format, struct_pb2
from grpc import StatusCode
from pulumi.runtime import proto
from pulumi_policy import EnforcementLevel, ResourceValidationPolicy, StackValidationPolicy
from pulumi_policy import policy as sdk
from samples import NO_NETWORK, app, service, version

from pulumi_modeldeploy.core.values import UNKNOWN
from pulumi_modeldeploy.errors import RuleFailed, SettingsError
from pulumi_modeldeploy.policy import (
    ADVISORY,
    DISABLED,
    MANDATORY,
    PROFILES,
    REMEDIATE,
    RULES,
    ModelArtsService,
    Rule,
    Settings,
    StackRule,
    pack,
    rule,
    setting,
)
from pulumi_modeldeploy.policy.testing import _Court, judge

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pulumi_modeldeploy.policy.testing import Planned

NAMES = [one.name for one in RULES]


def test_there_are_rules_about_resources_and_about_stacks_and_all_are_documented() -> None:
    assert len(NAMES) == len(set(NAMES)) >= 18
    for one in RULES:
        assert one.description, one.name
        assert one.text, one.name
        assert one.steps.endswith("."), one.name
        assert one.source, one.name
    assert {type(one) for one in RULES} == {Rule, StackRule}
    assert rule("own-network").name == "own-network"


def test_every_row_becomes_a_policy_of_the_sdk() -> None:
    own = pack.policies()
    assert [one.name for one in own] == NAMES
    for row, policy in zip(RULES, own, strict=True):
        assert policy.enforcement_level is row.level
        assert policy.severity is row.severity
        assert policy.description == row.description
        assert policy.remediation_steps == row.steps
        if isinstance(row, Rule):
            assert isinstance(policy, ResourceValidationPolicy)
            assert policy.has_remediation() == (row.remedy is not None)
        else:
            assert isinstance(policy, StackValidationPolicy)
        schema = policy.config_schema
        assert list(row.settings.lines()) == list(schema.properties if schema else {})
    assert pack.policies(own) == own


@pytest.mark.parametrize(
    "one", [one for one in RULES if one.settings.lines()], ids=lambda o: o.name
)
def test_defaults_are_of_the_type_that_the_schema_says(one: Any) -> None:
    schema = one.settings.schema()
    kinds = {"array": list, "object": dict, "string": str, "boolean": bool}
    kinds |= {"integer": int, "number": float}
    for line in schema.properties.values():
        assert isinstance(line["default"], kinds[line["type"]])
        assert line["description"].endswith(".")
    defaults = {name: line["default"] for name, line in schema.properties.items()}
    assert one.settings.read(one.name, defaults) == one.settings()


def test_profiles_name_rules_and_remedy_only_what_can_be() -> None:
    assert set(PROFILES) == {"baseline", "production", "development"}
    for configuration in PROFILES.values():
        found = pack.combine(NAMES, configuration, {})
        for name, one in found.items():
            row = rule(name)
            row.settings.read(name, {key: v for key, v in one.items() if key != "enforcementLevel"})
            if one["enforcementLevel"] is REMEDIATE:
                assert isinstance(row, Rule)
                assert row.remedy is not None


@dataclass(frozen=True)
class Everything(Settings):
    """One setting of each kind."""

    how_many: int = setting(1, "How many.", minimum=0)
    share: float = setting(0.5, "Share.")
    name: str = setting("a", "Name.")
    is_on: bool = setting(default=False, text="Whether.")
    some_names: tuple[str, ...] = setting((), "Names.")
    prices: Mapping[str, float] = setting({}, "Prices.")


def test_settings_are_read_as_the_engine_hands_them_over() -> None:
    found = Everything.read(
        "r",
        {
            "howMany": 3.0,
            "share": 1,
            "name": "b",
            "isOn": True,
            "someNames": ["x"],
            "prices": {"x": 2},
        },
    )
    assert (found.how_many, type(found.how_many), found.share) == (3, int, 1.0)
    assert (found.name, found.is_on, found.some_names) == ("b", True, ("x",))
    assert found.prices == {"x": 2.0}
    schema = Everything.schema()
    assert schema is not None
    assert schema.properties["howMany"] == {
        "type": "integer",
        "minimum": 0,
        "default": 1,
        "description": "How many.",
    }
    assert schema.properties["prices"]["additionalProperties"] == {"type": "number"}
    assert Settings.schema() is None


@pytest.mark.parametrize(
    ("configuration", "text"),
    [
        ({"howMany": 1.5}, "r: howMany must be of type integer"),
        ({"howMany": True}, "r: howMany must be of type integer"),
        ({"share": "x"}, "r: share must be of type number"),
        ({"name": 3}, "r: name must be of type string"),
        ({"isOn": 1}, "r: isOn must be of type boolean"),
        ({"someNames": "x"}, "r: someNames must be a list of strings"),
        ({"someNames": [1]}, "r: someNames must be of type string"),
        ({"prices": [1]}, "r: prices must be an object of numbers"),
        ({"how_many": 1}, "r: how_many is no setting: did you mean howMany?"),
        ({"zzz": 1}, "r: zzz is no setting: there are howMany, share, name, isOn, someNames"),
    ],
)
def test_wrong_settings_are_named(configuration: dict[str, Any], text: str) -> None:
    with pytest.raises(SettingsError, match=text.replace("?", r"\?")):
        Everything.read("r", configuration)


# --- what holds in a stack -----------------------------------------------------------------------


class Aborted(Exception):
    """What the engine is answered."""


class Context:
    """Stands in for the engine's call."""

    def abort(self, code: StatusCode, text: str) -> None:
        assert code is StatusCode.INVALID_ARGUMENT
        raise Aborted(text)


@pytest.fixture
def servicer(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Serve a pack without a server, and without coming to a stop."""
    served: list[Any] = []

    def start(name: str, policies: Any, **more: Any) -> None:
        kind = sdk._PolicyAnalyzerServicer  # type: ignore[attr-defined]
        served.append(kind(name, "0.0.1", policies, ADVISORY, more["initial_config"]))

    monkeypatch.setattr(pack, "PolicyPack", start)
    monkeypatch.setattr(sdk, "_PolicyAnalyzerServicer", sdk._PolicyAnalyzerServicer)
    monkeypatch.delenv("MODELDEPLOY_POLICY_PROFILE", raising=False)

    def serve(
        stack: str | None,
        config: Mapping[str, str],
        *,
        file: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> dict[str, Any]:
        pack.serve("ours", **options)
        if stack is not None:
            request = SimpleNamespace(stack=stack, config=config, tags={})
            served[-1].ConfigureStack(request, None)
        info = served[-1].GetAnalyzerInfo(None, Context())
        if file is not None:
            request = proto.ConfigureAnalyzerRequest()
            for name, values in file.items():
                request.policyConfig[name].properties.update(values)
            served[-1].Configure(request, Context())
        return {
            name: (EnforcementLevel(LEVELS[one.enforcementLevel]), dict(one.properties))
            for name, one in info.initialConfig.items()
        }

    return serve


LEVELS = {0: "advisory", 1: "mandatory", 2: "disabled", 3: "remediate"}
STOPS = "automatic-stop"


def test_without_a_profile_the_rules_speak_for_themselves(servicer: Any) -> None:
    assert servicer("dev", {}) == {}
    assert servicer(None, {}) == {}, "nobody tells the stack when a pack is published"


def test_the_stack_configuration_chooses_a_profile(servicer: Any) -> None:
    found = servicer("x", {"modeldeploy:policyProfile": "development"})
    assert found[STOPS] == (REMEDIATE, {})
    assert found["instance-ceiling"] == (REMEDIATE, {"most": 2})
    assert found["own-network"] == (DISABLED, {})
    found = servicer("x", {"modeldeploy:policyProfile": "production"})
    assert found["protected"] == (MANDATORY, {})
    assert found["no-public-endpoint"] == (ADVISORY, {})


def test_so_does_the_environment_and_the_name_of_the_stack(
    servicer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    stacks = {"prod*": "production", "dev-*": "development"}
    assert servicer("prod-eu", {}, stacks=stacks)["protected"] == (MANDATORY, {})
    assert servicer("dev-1", {}, stacks=stacks)[STOPS] == (REMEDIATE, {})
    assert servicer("test", {}, stacks=stacks) == {}
    chosen = {"modeldeploy:policyProfile": "baseline"}
    assert servicer("prod-eu", chosen, stacks=stacks) == {}
    monkeypatch.setenv("MODELDEPLOY_POLICY_PROFILE", "development")
    assert servicer("prod-eu", {}, stacks=stacks)[STOPS] == (REMEDIATE, {})
    assert servicer("prod-eu", chosen, stacks=stacks) == {}


def test_the_stack_configures_rules_over_its_profile(servicer: Any) -> None:
    rules = {"instance-ceiling": {"most": 7}, "own-network": "mandatory", "all": "advisory"}
    config = {
        "modeldeploy:policyProfile": "development",
        "modeldeploy:policyRules": json.dumps(rules),
    }
    found = servicer("x", config)
    assert found["instance-ceiling"] == (ADVISORY, {"most": 7})
    assert found["own-network"] == (MANDATORY, {})
    assert found["protected"] == (ADVISORY, {})
    assert len(found) == len(RULES)


def test_a_pack_can_keep_stacks_from_configuring_it(
    servicer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELDEPLOY_POLICY_PROFILE", "development")
    config = {"modeldeploy:policyProfile": "nonsense", "modeldeploy:policyRules": "{"}
    options = {"stacks": {"prod": "production"}, "stack_configuration": False}
    assert servicer("prod", config, **options)["protected"] == (MANDATORY, {})
    assert servicer("x", config, **options) == {}


def test_what_is_configured_without_a_level_keeps_its_own(servicer: Any) -> None:
    rules = {"allowed-regions": {"regions": ["eu-de"]}, "minimum-replicas": {"least": 3}}
    found = servicer("x", {"modeldeploy:policyRules": json.dumps(rules)})
    assert found == {
        "allowed-regions": (MANDATORY, {"regions": ["eu-de"]}),
        "minimum-replicas": (DISABLED, {"least": 3}),
    }
    profiles = {"baseline": {"weight-step": {"most": 10}}}
    assert servicer("x", {}, profiles=profiles) == {"weight-step": (ADVISORY, {"most": 10})}


def test_several_packs_share_the_configuration_of_a_stack(servicer: Any) -> None:
    rules = {"ours/own-network": "mandatory", "theirs/gpus-have-tickets": {"pattern": "x"}}
    config = {"modeldeploy:policyRules": json.dumps(rules)}
    assert servicer("x", config) == {"own-network": (MANDATORY, {})}
    stacks = {"x": "production"}
    for profile, level in (("theirs/gold", MANDATORY), ("ours/development", DISABLED)):
        config = {"modeldeploy:policyProfile": profile}
        assert servicer("x", config, stacks=stacks)["log-reporting"] == (level, {})


@dataclass(frozen=True)
class Plain(Settings):
    most: int = 3


@dataclass(frozen=True)
class Listed(Settings):
    names: list[str] = setting([], "Names.")  # noqa: RUF009  (as settings are written)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Plain, r"Plain: most must be declared by setting\(...\)"),
        (Listed, r"list\[str\] is no type of a setting: see Settings"),
    ],
)
def test_settings_that_cannot_be_configured_are_refused(kind: type[Settings], text: str) -> None:
    with pytest.raises(TypeError, match=text):
        Rule(protects, "None.", settings=kind).policy()


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"profiles": {"gold": {"own-netwrok": "mandatory"}}}, "profile gold: own-netwrok is no"),
        ({"profiles": {"gold": {"own-network": "loud"}}}, "profile gold: own-network must be an"),
        ({"stacks": {"other*": "gold"}}, "must be one of baseline, production, development"),
        ({"rules": [rule("protected"), rule("protected")]}, "protected: two rules of one pack"),
    ],
)
def test_what_can_never_hold_is_refused_at_once(
    servicer: Any, options: dict[str, Any], text: str
) -> None:
    with pytest.raises((SettingsError, TypeError), match=text):
        servicer("x", {}, **options)


def test_a_rule_that_is_none_is_named() -> None:
    with pytest.raises(KeyError, match="own-netwrok is no rule: did you mean own-network"):
        rule("own-netwrok")
    with pytest.raises(SettingsError, match="the profile must be one of baseline, production"):
        judge(RULES, [], profile="prod")


def test_a_pack_has_profiles_and_rules_of_its_own(servicer: Any) -> None:
    profiles = {"baseline": {}, "strict": {"own-network": "mandatory"}}
    own = [rule("own-network"), *pack.policies([rule("protected")])]
    with pytest.raises(SettingsError, match="profile strict: own-netwrok is no rule"):
        pack.combine(NAMES, {"own-netwrok": "mandatory"}, {}, profile="strict")
    config = {"modeldeploy:policyProfile": "production"}
    assert servicer("x", config, rules=own) == dict.fromkeys(
        ("own-network", "protected"), (MANDATORY, {})
    )
    config = {"modeldeploy:policyProfile": "strict"}
    assert servicer("x", config, rules=own, profiles=profiles) == {"own-network": (MANDATORY, {})}


@pytest.mark.parametrize(
    ("config", "text"),
    [
        ({"Profile": "prodution"}, "policyProfile, or .+, must be one of baseline, production, de"),
        ({"Rules": "{"}, "policyRules must be an object: `pulumi config set --path"),
        ({"Rules": "[1]"}, "policyRules must be an object"),
        (
            {"Rules": '{"own-netwrok": "mandatory"}'},
            "policyRules, policy pack ours: own-netwrok is no rule: did you mean own-network",
        ),
        ({"Rules": '{"zzz": "mandatory"}'}, "zzz is no rule: there are allowed-reg"),
        (
            {"Rules": '{"own-network": "strict"}'},
            "own-network must be an object, or one of advisory, mandatory, remediate, disabled",
        ),
        ({"Rules": '{"own-network": null}'}, "own-network must be an object, or one of advisory"),
        ({"Rules": '{"all": "x"}'}, "policyRules, policy pack ours: all must be an object, or one"),
        (
            {"Rules": '{"own-network": {"enforcementLevel": 3}}'},
            "own-network must be an object whose enforcementLevel is one of adv",
        ),
    ],
)
def test_what_a_stack_configures_wrongly_is_named(
    servicer: Any, config: dict[str, str], text: str
) -> None:
    with pytest.raises(Aborted, match=text):
        servicer("x", {f"modeldeploy:policy{key}": value for key, value in config.items()})


@pytest.mark.parametrize(
    ("file", "text"),
    [
        (
            {"own-netwrok": {}},
            "policy pack ours: own-netwrok is no rule: did you mean own-network?",
        ),
        ({"weight-step": {"mots": 1}}, "weight-step: mots is no setting: did you mean most?"),
        ({"weight-step": {"most": 0}}, "weight-step: most must be at least 1"),
        ({"weight-step": {"most": 101}}, "weight-step: most must be at most 100"),
        ({"instance-ceiling": {"most": 1.5}}, "instance-ceiling: most must be of type integer"),
    ],
)
def test_what_a_file_configures_wrongly_is_named(
    servicer: Any, file: dict[str, Any], text: str
) -> None:
    with pytest.raises(Aborted, match=text.replace("?", r"\?")):
        servicer("x", {}, file=file)


def test_what_a_file_configures_rightly_is_taken(servicer: Any) -> None:
    def plain(args: Any, report: Any) -> None:
        del args, report

    own = [*RULES, ResourceValidationPolicy("plain", "P.", plain)]
    file = {"all": {}, "weight-step": {"most": 10}, "plain": {"anything": 1}}
    assert servicer("x", {}, file=file, rules=own) == {}


def test_an_sdk_that_hears_no_stack_still_serves(
    servicer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then the environment and the file configure it."""
    monkeypatch.delattr(sdk._PolicyAnalyzerServicer, "ConfigureStack")  # type: ignore[attr-defined]
    monkeypatch.delattr(sdk.proto.AnalyzerServicer, "ConfigureStack")
    stacks = {"prod": "production"}
    assert servicer(None, {}, stacks=stacks) == {}
    monkeypatch.setenv("MODELDEPLOY_POLICY_PROFILE", "production")
    assert servicer(None, {}, stacks=stacks)["protected"] == (MANDATORY, {})


def test_the_package_does_without_the_policy_sdk() -> None:
    program = (
        "import sys, pulumi_modeldeploy\n"
        "from pulumi_modeldeploy import modelarts, pai, zstack\n"
        "from pulumi_modeldeploy.engine import providers\n"
        "assert not [m for m in sys.modules if 'policy' in m and 'pulumi' in m and 'proto' not in m"
        " and not m.startswith('pulumi.')], sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_rule_without_a_docstring_is_refused() -> None:
    def silent(service: Planned, settings: Settings, report: Any) -> None:
        del service, settings, report

    with pytest.raises(TypeError, match="silent needs a docstring"):
        Rule(silent, "Nothing.").policy()


# --- what is added to the SDK's server -----------------------------------------------------------


def asked(one: Planned, kind: Any) -> Any:
    """A request of the engine about a resource."""
    state = struct_pb2.Struct()
    state.update(_Court({}, "dev", "eu-de", lenient=False)._inputs(one))
    urn = f"urn:pulumi:dev::p::{one.token}::{one.name}"
    return kind(type=one.token, urn=urn, name=one.name, properties=state)


WILD = [
    service(**NO_NETWORK, pool_name=None, config=[version(instance_count=9)]),
    service("late", config=[version(instance_count=UNKNOWN, envs={"A_TOKEN": "x"})]),
    app(labels=None, replicas=7),
]


def protects(service: Any, settings: Settings, report: Any) -> None:
    """Services are protected."""
    del service, settings, report


def clumsy(service: Any, settings: Settings, report: Any) -> None:
    """Counts are texts."""
    del settings, report
    int(service.config[0].envs["A_TOKEN"])


def clumsy_stack(stack: Any, settings: Settings, report: Any) -> None:
    """Counts are texts everywhere."""
    for one in stack.of(ModelArtsService):
        clumsy(one, settings, report)


LINE = clumsy.__code__.co_firstlineno + 3


@pytest.mark.parametrize(
    ("one", "call", "about"),
    [
        (Rule(clumsy, "None."), "Analyze", "rule clumsy could not judge digits"),
        (
            Rule(protects, "None.", remedy=clumsy, level=REMEDIATE),
            "Remediate",
            "rule protects could not judge digits",
        ),
        (
            StackRule(clumsy_stack, "None."),
            "AnalyzeStack",
            "rule clumsy-stack could not judge the stack",
        ),
    ],
)
def test_a_rule_that_fails_is_named_and_its_error_not_quoted(
    one: Rule | StackRule, call: str, about: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = service(config=[version(envs={"A_TOKEN": "hush"})], secrets=["config[0].envs.A_TOKEN"])
    levels = {one.name: "remediate"}
    with pytest.raises(RuleFailed, match=about) as caught:
        judge(one, [made], configuration=levels)
    assert "hush" not in str(caught.value)
    assert "hush" in str(caught.value.__cause__), "the kit shows authors everything"
    monkeypatch.setattr(sdk, "_PolicyAnalyzerServicer", sdk._PolicyAnalyzerServicer)
    pack._extend_sdk(pack.Chooser("ours", [one], {}, {}))
    own = pack.policies([one])
    servicer = sdk._PolicyAnalyzerServicer("ours", "0.0.1", own, REMEDIATE, {})  # type: ignore[attr-defined]
    request = asked(made, proto.AnalyzeRequest)
    if isinstance(one, StackRule):
        resources = [asked(made, proto.AnalyzerResource)]
        request = proto.AnalyzeStackRequest(resources=resources)
    with pytest.raises(Aborted, match=f"{about}: ValueError in test_pack.py, line {LINE}; try"):
        getattr(servicer, call)(request, Context())


def test_rules_are_plain_functions() -> None:
    async def slow(service: Any, settings: Any, report: Any) -> None:
        """It waits."""

    for make in (
        lambda: Rule(slow, "None."),
        lambda: StackRule(slow, "None."),
        lambda: Rule(protects, "None.", remedy=slow),
    ):
        with pytest.raises(TypeError, match="rules and remedies are plain functions, not async"):
            make()


@pytest.mark.parametrize("extended", [True, False])
def test_resources_are_read_once_and_judged_as_ever(
    *, extended: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine asks again and again; what it gets does not depend on who asked before."""
    read: list[Any] = []
    convert = json_format.MessageToDict
    monkeypatch.setattr(json_format, "MessageToDict", lambda one: read.append(one) or convert(one))
    monkeypatch.setattr(sdk, "_PolicyAnalyzerServicer", sdk._PolicyAnalyzerServicer)
    monkeypatch.setattr(sdk, "json_format", json_format)
    if extended:
        pack._extend_sdk(pack.Chooser("ours", RULES, {}, {}))
    own = pack.policies()
    servicer = sdk._PolicyAnalyzerServicer("ours", "0.0.1", own, ADVISORY, {})  # type: ignore[attr-defined]
    found = []
    for one in (*WILD, replace(WILD[0], state=WILD[1].state), *WILD):
        answer = servicer.Analyze(asked(one, proto.AnalyzeRequest), None)
        found.append([(one.policyName, one.message) for one in answer.diagnostics])
    stack = [*WILD, service("twin")]
    requests = [asked(one, proto.AnalyzerResource) for one in stack]
    answer = servicer.AnalyzeStack(proto.AnalyzeStackRequest(resources=requests), None)
    found.append([(one.policyName, one.message) for one in answer.diagnostics])
    assert found[0] == found[4]
    assert found[3] != found[0], "the same name, and other properties"
    told = [{rule for rule, _ in one} for one in found]
    assert told[0] == {"instance-ceiling", "own-network"}
    assert told[1] == {"encrypted-secrets"}
    assert told[2] == {"instance-ceiling", "owner-label"}
    assert told[-1] == {"separate-groups"}
    resources = len(WILD) * 2 + 1
    enabled = sum(isinstance(one, Rule) and one.level is not DISABLED for one in RULES)
    stacks = sum(isinstance(one, StackRule) and one.level is not DISABLED for one in RULES)
    times = resources + len(stack) if extended else resources * enabled + len(stack) * stacks
    assert len(read) == times


def test_a_remediation_sees_what_the_one_before_it_did() -> None:
    levels = dict.fromkeys(("automatic-stop", "instance-ceiling"), "remediate")
    verdict = judge(RULES, [WILD[0], service("s", schedule=None)], configuration=levels)
    assert verdict.inputs("s")["schedule"][0]["duration"] == 12
    assert verdict.inputs("digits")["config"][0]["instanceCount"] == 5
