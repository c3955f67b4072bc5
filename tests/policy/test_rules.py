"""Each rule: what keeps it, what breaks it, what is not known yet, what is mended."""

from __future__ import annotations

import functools
import operator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from cases import ALL_KEPT, BROKEN, KEPT, MENDED, Case, Mended
from pulumi_policy import EnforcementLevel
from samples import app, deployment, leaves, replaced, service, version

from pulumi_modeldeploy.core.declare import Declaration
from pulumi_modeldeploy.core.values import UNKNOWN
from pulumi_modeldeploy.policy import REMEDIATE, RULES, Rule, rule
from pulumi_modeldeploy.policy.testing import Planned, judge
from pulumi_modeldeploy.policy.views import kind_of

if TYPE_CHECKING:
    from collections.abc import Sequence

MARKER = "hunter2"


def named(case: Case) -> str:
    return case.rule


def run(case: Case, resources: Sequence[Planned] | None = None) -> list[str]:
    settings = {case.rule: {"enforcementLevel": "mandatory", **case.settings}}
    return judge(rule(case.rule), resources or case.resources, configuration=settings).messages


@pytest.mark.parametrize("case", BROKEN, ids=named)
def test_a_broken_rule_says_what_is_wrong_and_where(case: Case) -> None:
    assert run(case) == list(case.messages)


@pytest.mark.parametrize("case", KEPT, ids=named)
def test_a_rule_that_is_kept_says_nothing(case: Case) -> None:
    assert run(case) == []


def test_every_rule_is_broken_by_something_and_configured_where_it_can_be() -> None:
    broken = {case.rule for case in BROKEN}
    assert broken == {one.name for one in RULES}
    configured = {(case.rule, name) for case in (*BROKEN, *KEPT) for name in case.settings}
    there = {(one.name, name) for one in RULES for name in one.settings.lines()}
    # What it fills in is of the remediation.
    assert there - configured == {("owner-label", "values")}


@pytest.mark.parametrize("case", BROKEN, ids=named)
def test_what_is_not_known_breaks_no_rule(case: Case) -> None:
    """Wherever something is not known yet, a rule says at most what it said."""
    for index, one in enumerate(case.resources):
        for path, _ in leaves(one.state):
            unknown = replace(one, state=replaced(one.state, path, UNKNOWN), sound=False)
            resources = [*case.resources[:index], unknown, *case.resources[index + 1 :]]
            said = run(case, resources)
            if case.rule in ("total-instances", "hourly-budget"):  # a smaller sum is another text
                said = [text.partition(",")[0] for text in said]
                assert set(said) <= {text.partition(",")[0] for text in case.messages}, path
            elif case.rule not in ("one-service-per-model", "separate-groups"):
                assert set(said) <= set(case.messages), path
            else:  # another one may be the first
                assert len(said) <= len(case.messages), path


@pytest.mark.parametrize("one", RULES, ids=lambda one: one.name)
def test_resources_that_keep_a_rule_keep_it_whatever_is_not_known(one: Any) -> None:
    case = Case(one.name, ())
    for resource in ALL_KEPT:
        for path, _ in leaves(resource.state):
            state = replaced(resource.state, path, UNKNOWN)
            assert run(case, [replace(resource, state=state, sound=False)]) == [], path


@pytest.mark.parametrize("one", RULES, ids=lambda one: one.name)
@pytest.mark.parametrize("malformed", [[], {}, "abc", -1.5, True, [[1]], {"a": {"b": 1}}])
def test_what_is_malformed_ends_no_rule_with_an_error(one: Any, malformed: Any) -> None:
    """Policies run beside the check, which reports what is malformed."""
    levels = dict.fromkeys([one.name], REMEDIATE)
    for resource in ALL_KEPT:
        for path, _ in leaves(resource.state):
            state = replaced(resource.state, path, malformed)
            judge(one, [replace(resource, state=state, sound=False)], configuration=levels)


@pytest.mark.parametrize("case", BROKEN, ids=named)
def test_messages_quote_nothing_that_the_program_gave(case: Case) -> None:
    for index, one in enumerate(case.resources):
        for path, value in leaves(one.state):
            for text in (MARKER, f"{value}{MARKER}", f"{MARKER}{value}"):
                if isinstance(value, str):
                    state = replaced(one.state, path, text)
                    resources = list(case.resources)
                    resources[index] = replace(one, state=state, sound=False)
                    assert MARKER not in " ".join(run(case, resources)), path


@pytest.mark.parametrize("case", BROKEN, ids=named)
def test_numbers_that_are_secret_are_left_out(case: Case) -> None:
    """The same rule is broken, and its message ends before the number."""
    resources = []
    for one in case.resources:
        kind = kind_of(one.token)
        items = Declaration.of(kind.shows()).args.values() if kind else ()
        secrets = [item.name for item in items if item.key in one.state]
        resources.append(replace(one, secrets=secrets))
    said = run(case, resources)
    if case.rule == "weight-step":
        assert {text.partition(": ")[2] for text in said} == {
            "config: must have no secret weights: they are compared in each run"
        }
    elif case.rule != "encrypted-secrets":
        starts = [text.partition(", is ")[0].partition(", moves ")[0] for text in case.messages]
        starts = [text.partition(", these are ")[0].partition(", this one ")[0] for text in starts]
        assert said == starts
    elif case.settings.get("encrypted", True):
        assert said == []


@pytest.mark.parametrize("case", BROKEN, ids=named)
def test_both_bindings_are_judged_alike(case: Case) -> None:
    packaged = [
        replace(one, token=one.token.replace("pulumi-python:dynamic/", "modeldeploy:"))
        for one in case.resources
    ]
    assert run(case, packaged) == list(case.messages)


# --- remediations --------------------------------------------------------------------------------


def mend(case: Mended, resource: Planned | None = None) -> Any:
    settings = {case.rule: {"enforcementLevel": "remediate", **case.settings}}
    return judge(rule(case.rule), [resource or case.resource], configuration=settings)


@pytest.mark.parametrize("case", MENDED, ids=lambda case: case.rule)
def test_a_remediation_changes_what_is_wrong_and_nothing_else(case: Mended) -> None:
    disabled = judge(rule(case.rule), [case.resource], configuration={case.rule: "disabled"})
    name = case.resource.name
    assert mend(case).inputs(name) == {**disabled.inputs(name), **case.changed}


@pytest.mark.parametrize("case", MENDED, ids=lambda case: case.rule)
def test_what_was_mended_keeps_the_rule(case: Mended) -> None:
    verdict = mend(case)
    assert verdict.messages == [] or not case.changed
    assert all(one.level is EnforcementLevel.MANDATORY for one in verdict.violations)


@pytest.mark.parametrize("case", MENDED, ids=lambda case: case.rule)
def test_what_was_mended_passes_the_check(case: Mended) -> None:
    """Nothing checks it any more before it is sent."""
    inputs = mend(case).inputs(case.resource.name)
    again = replace(case.resource, state=inputs)
    found = judge(rule(case.rule), [again], configuration={case.rule: "disabled"})
    assert found.inputs(case.resource.name) == inputs


def test_every_remedy_mends_something() -> None:
    remedied = {one.name for one in RULES if isinstance(one, Rule) and one.remedy}
    assert {case.rule for case in MENDED if case.changed} == remedied
    assert all(one.mends for one in RULES if isinstance(one, Rule) and one.remedy)


SECRET_ENVS = [version(instance_count=9, envs={"A_TOKEN": "hush"})]


ENTRY = ("config", 0, "instanceCount")


@pytest.mark.parametrize(
    ("resource", "secret", "lowered"),
    [
        (
            service(config=SECRET_ENVS, secrets=["config[0].envs.A_TOKEN"]),
            ("config", 0, "envs", "A_TOKEN"),
            ENTRY,
        ),
        (service(config=SECRET_ENVS, secrets=["config"]), ("config",), ENTRY),
        (app(replicas=9, secrets=["replicas"]), ("replicas",), ("replicas",)),
    ],
)
def test_what_is_secret_stays_secret_when_it_is_mended(
    resource: Planned, secret: tuple[Any, ...], lowered: tuple[Any, ...]
) -> None:
    levels = {"instance-ceiling": "remediate"}
    verdict = judge(rule("instance-ceiling"), [resource], configuration=levels)
    assert verdict.messages == []
    assert at(verdict.inputs(resource.name), lowered) == 5
    wire = at(verdict.wire(resource.name), secret)
    assert set(wire) == {"4dabf18193072939515e22adb298388d", "value"}
    assert "modeldeploy" in verdict.wire(resource.name)


def at(value: Any, path: tuple[Any, ...]) -> Any:
    return functools.reduce(operator.getitem, path, value)


def test_a_tag_is_added_beside_a_secret_one() -> None:
    tagged = deployment(user_tags=["a::hush"], secrets=["user_tags[0]"])
    settings = {"owner-label": {"enforcementLevel": "remediate", "values": {"owner": "ml"}}}
    verdict = judge(rule("owner-label"), [tagged], configuration=settings)
    secret, added = verdict.wire("chat-runs")["userTags"]
    assert (secret["value"], added) == ("a::hush", "owner::ml")
