"""What the preview says about the arguments of an app service."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as how
from hypothesis import strategies as st

from pulumi_modeldeploy.core import inputs
from pulumi_modeldeploy.core.values import UNKNOWN, Values
from pulumi_modeldeploy.pai.rules import KEYS, RULES
from pulumi_modeldeploy.pai.service import SPECS, TABLE

OSS = {"ModelStorage": "oss", "OssPath": "oss://examplebucket/xxxx/"}
NAS = {
    "ModelStorage": "nas",
    "NasMountTarget": "317d14****-.cn-shanghai.nas.aliyuncs.com",
    "NasPath": "/",
    "SecurityGroupID": "sg-uf6e50fazt4u7smt",
    "VpcID": "vpc-uf66zxxrlv0l4nj49****",
    "VswitchID": "vsw-uf6fg76uu2bx84tci****",
}
"""The modes of the page, letter by letter."""


def bag(**changes: Any) -> Values:
    """Arguments; `...` takes one away."""
    found = {
        "service_name": "foo_1",
        "app_type": "LLM",
        "app_version": "v1",
        "service_spec": "llama_7b_fp16",
        "replicas": 1,
        **changes,
    }
    return {name: value for name, value in found.items() if value is not ...}


def config(base: dict[str, Any], **changes: Any) -> Values:
    """Arguments with a configuration; `...` takes a key away."""
    found = {**base, **changes}
    return bag(config={key: value for key, value in found.items() if value is not ...})


def check(raw: Values, *off: str, olds: Values | None = None) -> inputs.Checked:
    return inputs.check(TABLE.declaration, raw, TABLE.rules, off=off, olds=olds)


def said(raw: Values, *off: str, olds: Values | None = None) -> list[str]:
    """All problems; warnings begin with a question mark."""
    problems = check(raw, *off, olds=olds).problems
    return [f"{'? ' if one.warn else ''}{one.show()}" for one in problems]


# --- right ---------------------------------------------------------------------------------------

RIGHT: dict[str, Values] = {
    "the seed's sample": bag(service_name="foo", config={"ModelStorage": "oss", **OSS}),
    "OSS": config(OSS),
    "NAS": config(NAS),
    "no configuration": bag(),
    "an empty configuration": bag(config={}),
    "no name": bag(service_name=...),
    "no version": bag(app_version=...),
    "the longest name": bag(service_name="a" * 63),
    "the shortest usual name": bag(service_name="a_1"),
    "many instances": bag(replicas=2**31 - 1),
    "a number as a text": bag(replicas="2"),
    "a whole float": bag(replicas=2.0),
    "a bucket with its host": config(
        OSS, OssPath="oss://examplebucket.oss-cn-shanghai-internal.aliyuncs.com/m/"
    ),
    "the root of a bucket": config(OSS, OssPath="oss://examplebucket/"),
    "workspace and quota": bag(workspace_id="123456", quota_id="quota1"),
    "labels": bag(labels={"team": "größe & co", "Modeldeploy": "x"}),
    **{f"lock {lock}": bag(safety_lock=lock) for lock in ("none", "dangerous", "all")},
    **{f"goal {goal}": bag(desired_status=goal) for goal in ("running", "stopped")},
    **{f"specification {spec}": bag(service_spec=spec) for spec in SPECS},
    "adopting": bag(adopt="foo-1", adopt_from="0123456789ab"),
    "a profile": bag(profile="eu-1_a"),
    # nothing is known
    "an unknown configuration": bag(config=UNKNOWN),
    "unknown values": bag(config=dict.fromkeys(NAS, UNKNOWN)),
    "an unknown mode": config(NAS, ModelStorage=UNKNOWN, OssPath="oss://examplebucket/"),
    "unknown arguments": bag(
        service_name=UNKNOWN,
        app_type=UNKNOWN,
        service_spec=UNKNOWN,
        replicas=UNKNOWN,
        labels=UNKNOWN,
        workspace_id=UNKNOWN,
        adopt=UNKNOWN,
        adopt_from=UNKNOWN,
    ),
    "unknown labels": bag(labels={"a": UNKNOWN}),
    "an unknown network": config(NAS, VpcID=UNKNOWN, VswitchID=UNKNOWN, SecurityGroupID=UNKNOWN),
}


@pytest.mark.parametrize("case", RIGHT)
def test_what_is_right_is_not_spoken_of(case: str) -> None:
    assert said(RIGHT[case]) == []


def test_the_pages_example_has_no_mistake() -> None:
    """The page shows it without a path; what it means is not said."""
    checked = check(config({"ModelStorage": "oss"}))
    assert checked.failures == []
    assert [one.rule for one in checked.warnings] == ["config-complete"]


# --- wrong ---------------------------------------------------------------------------------------

FORM = "must be of the form oss://BUCKET/DIRECTORY/ [config-forms]"
MISSPELLED = "is spelled {} here: the cloud passes over what it does not know [config-spelling]"
SPELLED: dict[str, str] = {
    "VSwitchId": "VswitchID",
    "VSwitchID": "VswitchID",
    "vSwitchId": "VswitchID",
    "vswitch_id": "VswitchID",
    "VpcId": "VpcID",
    "vpcId": "VpcID",
    "vpc_id": "VpcID",
    "VPCID": "VpcID",
    "SecurityGroupId": "SecurityGroupID",
    "securityGroupId": "SecurityGroupID",
    "security_group_id": "SecurityGroupID",
    "modelStorage": "ModelStorage",
    "model_storage": "ModelStorage",
    "OSSPath": "OssPath",
    "ossPath": "OssPath",
    "oss_path": "OssPath",
    "NASMountTarget": "NasMountTarget",
    "nasPath": "NasPath",
}
"""Other spellings, some of them of the vendor's other APIs."""
NAMES = "must hold only letters, digits, _ and - [{}.pattern]"
RANGE = "must be between 1 and 2147483647, is {} [replicas.between]"

WRONG: dict[str, tuple[Values, list[str]]] = {
    # single arguments
    **{
        f"no {name}": (
            bag(**{name: ...}),
            [f"{name}: is missing: it must be given [{name}.required]"],
        )
        for name in ("app_type", "service_spec", "replicas")
    },
    "another type": (bag(app_type="SD"), ["app_type: must be LLM [app_type.one-of]"]),
    "no characters": (
        bag(service_name=""),
        ["service_name: must be 1 to 63 long, has 0 [service_name.length]"],
    ),
    "a long name": (
        bag(service_name="a" * 64),
        ["service_name: must be 1 to 63 long, has 64 [service_name.length]"],
    ),
    "a name with a dot": (
        bag(service_name="a.b"),
        [f"service_name: {NAMES.format('service_name')}"],
    ),
    "a name with a line": (
        bag(service_name="abc\n"),
        [f"service_name: {NAMES.format('service_name')}"],
    ),
    "a long version": (
        bag(app_version="v" * 129),
        ["app_version: must be 1 to 128 long, has 129 [app_version.length]"],
    ),
    "an empty specification": (
        bag(service_spec=""),
        ["service_spec: must be 1 to 128 long, has 0 [service_spec.length]"],
    ),
    "no instances": (bag(replicas=0), [f"replicas: {RANGE.format(0)}"]),
    "less than none": (bag(replicas=-1), [f"replicas: {RANGE.format(-1)}"]),
    "too many": (bag(replicas=2**31), [f"replicas: {RANGE.format(2**31)}"]),
    "half an instance": (
        bag(replicas=1.5),
        ["replicas: must be a whole number [replicas.type]"],
    ),
    "a truth value": (bag(replicas=True), ["replicas: must be a whole number [replicas.type]"]),
    "an empty quota": (
        bag(quota_id=""),
        ["quota_id: must be 1 to 128 long, has 0 [quota_id.length]"],
    ),
    "a workspace that is a number": (
        bag(workspace_id=7),
        ["workspace_id: must be a text [workspace_id.type]"],
    ),
    "another lock": (
        bag(safety_lock="some"),
        ["safety_lock: must be one of none, dangerous, all [safety_lock.one-of]"],
    ),
    "another goal": (
        bag(desired_status="Running"),
        ["desired_status: must be one of running, stopped [desired_status.one-of]"],
    ),
    "labels that are none": (bag(labels=["a"]), ["labels: must be a map [labels.type]"]),
    "a label that is a number": (
        bag(labels={"a": 1}),
        ["labels['a']: must be a text [labels.type]"],
    ),
    "a profile with a space": (
        bag(profile="a b"),
        ["profile: must be a name of letters, digits, - and _ [profile.profile]"],
    ),
    "a mark that is none": (
        bag(adopt="a", adopt_from="x"),
        ["adopt_from: must be the 12 hex digits of a mark [adopt_from.mark]"],
    ),
    "no adopted name": (bag(adopt=""), ["adopt: must be 1 to 63 long, has 0 [adopt.length]"]),
    "an adopted name with a slash": (bag(adopt="a/b"), [f"adopt: {NAMES.format('adopt')}"]),
    "an argument that is none": (
        bag(servicespec="a"),
        [
            (
                "servicespec: is no argument of AppService: did you mean service_spec? "
                "[servicespec.known]"
            )
        ],
    ),
    # several arguments
    "somebody else's without what": (
        bag(adopt_from="0123456789ab"),
        ["adopt_from: adopt_from is given only together with adopt [adopt-alone]"],
    ),
    "our label": (
        bag(labels={"a": "b", "modeldeploy": "x"}),
        [
            "labels['modeldeploy']: is this package's own label: give another key [labels-mark]",
        ],
    ),
    # the configuration
    "a configuration that is none": (
        bag(config="oss"),
        ["config: must be an object [config.type]"],
    ),
    "a list": (bag(config=[OSS]), ["config: must be an object [config.type]"]),
    **{
        f"key {key}": (
            config(NAS if meant in NAS else OSS, **{meant: ..., key: "x"}),
            [f"config['{key}']: {MISSPELLED.format(meant)}"],
        )
        for key, meant in SPELLED.items()
    },
    "a key in both spellings": (
        config(NAS, vpcId="vpc-1"),
        [f"config['vpcId']: {MISSPELLED.format('VpcID')}"],
    ),
    **{
        f"no text: {key}": (
            config(NAS if key in NAS else OSS, **{key: value}),
            [f"config[{key!r}]: must be a text [config-texts]"],
        )
        for key, value in zip(KEYS, (7, [], {}, None, True, 1.5, ["x"]), strict=True)
    },
    **{
        f"mode {mode!r}": (
            config(base, ModelStorage=mode),
            ["config['ModelStorage']: must be oss or nas, in lower case [config-mode]"],
        )
        for mode, base in (("OSS", OSS), ("NAS", NAS), ("", OSS), ("cpfs", NAS))
    },
    **{
        f"path {path!r}": (config(OSS, OssPath=path), [f"config['OssPath']: {FORM}"])
        for path in (
            *("", "examplebucket/m/", "oss://", "oss:///m/", "oss://examplebucket"),
            *("OSS://examplebucket/m/", "oss://Examplebucket/m/", "oss://-bucket/m/"),
            *("oss://bucket-/m/", "oss://ab/m/", f"oss://{'b' * 64}/m/", "s3://bucket/m/"),
            *("oss://my_bucket/m/", " oss://examplebucket/m/", "oss://examplebucket/m/\n"),
        )
    },
    "a relative path": (
        config(NAS, NasPath="models/"),
        ["config['NasPath']: must begin with a slash [config-forms]"],
    ),
    "an empty path": (
        config(NAS, NasPath=""),
        ["config['NasPath']: must begin with a slash [config-forms]"],
    ),
    "ids in each other's place": (
        config(NAS, VpcID="vsw-1", VswitchID="sg-1", SecurityGroupID="vpc-1"),
        [
            "config['VpcID']: must be the id of a VPC, vpc-... [config-forms]",
            "config['VswitchID']: must be the id of a vSwitch, vsw-... [config-forms]",
            "config['SecurityGroupID']: must be the id of a security group, sg-... [config-forms]",
        ],
    ),
    "ids without an id": (
        config(NAS, VpcID="vpc-", VswitchID="vsw-", SecurityGroupID="sg-"),
        [
            "config['VpcID']: must be the id of a VPC, vpc-... [config-forms]",
            "config['VswitchID']: must be the id of a vSwitch, vsw-... [config-forms]",
            "config['SecurityGroupID']: must be the id of a security group, sg-... [config-forms]",
        ],
    ),
    "several mistakes": (
        bag(app_type="SD", replicas=0, config={**NAS, "VpcID": "x", "OssPath": 7}),
        [
            "app_type: must be LLM [app_type.one-of]",
            f"replicas: {RANGE.format(0)}",
            "config['OssPath']: must be a text [config-texts]",
            "config['VpcID']: must be the id of a VPC, vpc-... [config-forms]",
        ],
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_said_where_it_is_and_once(case: str) -> None:
    raw, messages = WRONG[case]
    assert said(raw) == messages


LISTED = (
    "must be one of those that the page lists, unless the cloud knows more: "
    f"{', '.join(SPECS)} [service_spec.listed]"
)
USUAL = (
    "service_name: must be 3 to 63 lower-case letters, digits and _, a letter first, say the "
    "vendor's tools [service_name.usual]"
)
UNDOCUMENTED = "is no documented key: {} [config-known]"
ALL_KEYS = f"documented are {', '.join(KEYS)}"
TARGET = "must be a mount target such as xxxx.REGION.nas.aliyuncs.com [config-samples]"
WARNED: dict[str, tuple[Values, list[str]]] = {
    **{
        f"name {name}": (bag(service_name=name), [USUAL])
        for name in ("ab", "Foo", "my-service", "1foo", "_foo")
    },
    "a specification of tomorrow": (bag(service_spec="qwen"), [f"service_spec: {LISTED}"]),
    "half a specification": (bag(service_spec="llama"), [f"service_spec: {LISTED}"]),
    "the one that the page may mean": (
        bag(service_spec="llama_13b_int8"),
        [f"service_spec: {LISTED}"],
    ),
    "a workspace without a number": (
        bag(workspace_id="12 3"),
        ["workspace_id: must be a number, as in all samples [workspace_id.digits]"],
    ),
    "an unheard-of key": (
        config(OSS, Foo="x"),
        [f"config['Foo']: {UNDOCUMENTED.format(ALL_KEYS)}"],
    ),
    "a key that is nearly one": (
        config(OSS, OssPaths="x"),
        [f"config['OssPaths']: {UNDOCUMENTED.format('did you mean OssPath?')}"],
    ),
    "a key with a hyphen": (
        config(NAS, **{"vpc-id": "x"}),
        [f"config['vpc-id']: {UNDOCUMENTED.format('did you mean VpcID?')}"],
    ),
    "a key of nothing": (config(OSS, **{"": 1}), [f"config['']: {UNDOCUMENTED.format(ALL_KEYS)}"]),
    "no slash at the end": (
        config(OSS, OssPath="oss://examplebucket/m"),
        ["config['OssPath']: must end with a slash, as a directory [config-samples]"],
    ),
    **{
        f"target {target!r}": (
            config(NAS, NasMountTarget=target),
            [f"config['NasMountTarget']: {TARGET}"],
        )
        for target in (
            "",
            "10.0.0.5",
            "cpfs-1.cn-shanghai.cpfs.aliyuncs.com",
            "x.nas.aliyuncs.com/",
        )
    },
    **{
        f"no {key}": (
            config(NAS, **{key: ...}),
            [f"config: lacks {key}, which mounting nas takes [config-complete]"],
        )
        for key in NAS
        if key != "ModelStorage"
    },
    "no path": (
        config(OSS, OssPath=...),
        ["config: lacks OssPath, which mounting oss takes [config-complete]"],
    ),
    "nothing of NAS": (
        bag(config={"ModelStorage": "nas"}),
        [
            f"config: lacks {key}, which mounting nas takes [config-complete]"
            for key in ("NasMountTarget", "NasPath", "VpcID", "VswitchID", "SecurityGroupID")
        ],
    ),
    "both at once": (
        config(OSS, NasPath="/", VpcID=UNKNOWN),
        [
            f"config[{key!r}]: is read with ModelStorage nas only [config-fitting]"
            for key in ("NasPath", "VpcID")
        ],
    ),
    "a path without a mode": (
        config(OSS, ModelStorage=...),
        ["config['OssPath']: is read with ModelStorage oss only [config-fitting]"],
    ),
    "a network without a mode": (
        bag(config={"VswitchID": "vsw-1"}),
        ["config['VswitchID']: is read with ModelStorage nas only [config-fitting]"],
    ),
}


@pytest.mark.parametrize("case", WARNED)
def test_what_the_cloud_may_take_warns(case: str) -> None:
    raw, messages = WARNED[case]
    assert said(raw) == [f"? {text}" for text in messages]
    assert check(raw).failures == []


def test_a_mistake_does_not_warn_besides() -> None:
    assert said(config(OSS, OssPath="s3://bucket/m")) == [f"config['OssPath']: {FORM}"]


# --- taken away ----------------------------------------------------------------------------------

KEPT = (
    "{0}: was taken away, and the cloud keeps the last value when nothing is sent: give the value "
    "that it should have, or replace the resource (--replace) [{0}.removed]"
)


@pytest.mark.parametrize("name", ["app_version", "workspace_id", "quota_id"])
def test_what_the_cloud_would_keep_cannot_be_taken_away(name: str) -> None:
    olds = {**bag(app_version=...), name: "1"}
    assert said(bag(app_version=...), olds=olds) == [KEPT.format(name)]


@pytest.mark.parametrize("name", ["config", "labels", "safety_lock", "desired_status", "profile"])
def test_the_rest_can(name: str) -> None:
    value = {"config": OSS, "labels": {"a": "b"}}.get(name, "x")
    assert said(bag(), olds=bag(**{name: value})) == []


# --- turned off ----------------------------------------------------------------------------------


def test_every_rule_has_a_case() -> None:
    every = {
        problem.rule
        for raw, _ in (*WRONG.values(), *WARNED.values())
        for problem in check(raw).problems
    }
    assert {rule.name for rule in RULES} <= every
    declared = {
        f"{name}.{one.name}"
        for name, item in TABLE.declaration.args.items()
        for one in item.column.checks
    }
    assert declared <= every


@pytest.mark.parametrize("case", [*WRONG, *WARNED])
def test_a_rule_that_is_turned_off_says_nothing(case: str) -> None:
    raw = {**WRONG, **WARNED}[case][0]
    rules = {problem.rule for problem in check(raw).problems}
    left = check(raw, *rules)
    fixed = {rule for rule in rules if rule.rpartition(".")[2] in inputs.STRUCTURAL}
    assert {one.rule for one in left.failures} <= fixed
    # A warning about the same value comes to light only where no mistake is told of it.
    assert {one.rule for one in left.problems}.isdisjoint(rules - fixed)


def test_a_structural_rule_cannot_be_turned_off() -> None:
    assert said(bag(config=7), "config.type") == ["config: must be an object [config.type]"]


# --- whatever is given ---------------------------------------------------------------------------

KEY = st.one_of(st.sampled_from([*KEYS, *SPELLED]), st.text(max_size=8))
LEAF = st.one_of(
    st.none(),
    st.just(UNKNOWN),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from([*OSS.values(), *NAS.values(), *SPECS, "LLM", "stopped", "0123456789ab"]),
)
ANYTHING = st.recursive(
    LEAF,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEY, inner, max_size=4)),
    max_leaves=8,
)
ARGUMENTS = st.sampled_from([*TABLE.declaration.args, "x"])


@how(max_examples=1000, deadline=None, derandomize=True, database=None)
@given(st.dictionaries(ARGUMENTS, ANYTHING, max_size=5), st.dictionaries(KEY, ANYTHING, max_size=6))
def test_whatever_is_given_is_judged_without_a_crash(given_: Values, tree: Values) -> None:
    raw = {**bag(config=tree), **given_}
    checked = check(raw)
    assert all(problem.show() for problem in checked.problems)
    if not checked.failures:
        again = check(checked.values)
        assert again.values == checked.values, "what passed is its own normal form"
        assert again.problems == checked.problems


@how(max_examples=300, deadline=None, derandomize=True, database=None)
@given(st.dictionaries(st.text(max_size=12), LEAF, max_size=6))
def test_values_are_never_quoted(tree: Values) -> None:
    raw = bag(config=dict.fromkeys(tree, "sec-ret-value"), service_spec="sec-ret-value")
    for problem in check(raw).problems:
        assert "sec-ret-value" not in problem.show()
