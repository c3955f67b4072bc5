"""Reusable rules: what passes, what is said about what does not, and what is never said."""

from typing import Any

import pytest

from pulumi_modeldeploy.core import inputs
from pulumi_modeldeploy.core.checks import (
    Check,
    Problem,
    Rule,
    adds_up,
    all_or_none,
    between,
    each,
    given,
    items,
    length,
    one_of,
    pattern,
    subset,
)
from pulumi_modeldeploy.core.declare import (
    Args,
    Declaration,
    NotRequired,
    NotRequiredList,
    NotRequiredMap,
    arg,
)
from pulumi_modeldeploy.core.values import UNKNOWN, Values

# --- rules for one value -------------------------------------------------------------------------

CHECKS: dict[str, tuple[Check, list[Any], list[tuple[Any, str]]]] = {
    "length": (
        length(1, 3),
        ["a", "abc", "äöü", ["x"]],
        [
            ("", "x: must be 1 to 3 long, has 0 [x.length]"),
            ("abcd", "x: must be 1 to 3 long, has 4 [x.length]"),
        ],
    ),
    "length from nothing": (
        length(0, 3),
        ["", "abc"],
        [("abcd", "x: must be at most 3 long, has 4 [x.length]")],
    ),
    "pattern": (
        pattern(r"[a-z]+", "hold only small letters"),
        ["a", "abc"],
        [
            ("", "x: must hold only small letters [x.pattern]"),
            ("a1", "x: must hold only small letters [x.pattern]"),
            ("a\n", "x: must hold only small letters [x.pattern]"),
        ],
    ),
    "pattern that has a name and warns": (
        pattern(r"[a-z].*", "begin with a letter", warn=True, name="first"),
        ["a1"],
        [("1a", "x: must begin with a letter [x.first]")],
    ),
    "one of": (
        one_of("stop", "start"),
        ["stop", "start"],
        [("Stop", "x: must be one of stop, start [x.one-of]")],
    ),
    "between": (
        between(1, 5),
        [1, 5, 2.5],
        [
            (0, "x: must be between 1 and 5, is 0 [x.between]"),
            (5.01, "x: must be between 1 and 5, is 5.01 [x.between]"),
        ],
    ),
    "at least": (
        between(0.01),
        [0.01, 10**9],
        [(0, "x: must be at least 0.01, is 0 [x.between]")],
    ),
    "between that warns": (
        between(1, 5, warn=True),
        [5],
        [(6, "x: must be between 1 and 5, is 6 [x.advice]")],
    ),
    "items": (
        items(1),
        [["a"], ["a"] * 50],
        [([], "x: must have at least one entry, has 0 [x.items]")],
    ),
    "items, more than one": (
        items(2),
        [["a", "b"]],
        [(["a"], "x: must have at least 2 entries, has 1 [x.items]")],
    ),
    "items up to": (
        items(0, 1),
        [[], ["a"]],
        [(["a", "b"], "x: must have at most 1 entries, has 2 [x.items]")],
    ),
    "items from to": (
        items(1, 2),
        [["a"]],
        [(["a"] * 3, "x: must have 1 to 2 entries, has 3 [x.items]")],
    ),
    "subset": (
        subset({1: "failed", 3: "running"}),
        [[1], [3, 1], []],
        [
            ([1, 4, 5], "x: must hold distinct numbers out of 1 (failed), 3 (running), has 4, 5"),
            ([1, 1], "x: must hold distinct numbers out of 1 (failed), 3 (running), has a number"),
        ],
    ),
}


class Text(Args):
    x: NotRequired[str] = arg(default=None)


class Number(Args):
    x: NotRequired[float] = arg(default=None)


class Texts(Args):
    x: NotRequiredList[str] = arg(default=None)


class Numbers(Args):
    x: NotRequiredList[int] = arg(default=None)


CARRIERS = {str: Text, float: Number, int: Number, list: Texts}


def judged(check: Check, value: Any) -> inputs.Checked:
    """Check one value the way an argument that carries the check is checked."""
    numbers = isinstance(value, list) and any(isinstance(one, int) for one in value)
    base = Numbers if numbers else CARRIERS.get(type(value), Text)
    column, hint = base._columns["x"][1], base._columns["x"][0]
    carrier = type("Carrier", (base,), {})
    changed = type(column)(**{**vars(column), "checks": (check,)})
    carrier._columns = {"x": (hint, changed)}
    return inputs.check(Declaration.of(carrier), {} if value is None else {"x": value})


RIGHT = [(name, value) for name, (_, right, _) in CHECKS.items() for value in right]
WRONG = [(name, *pair) for name, (_, _, wrong) in CHECKS.items() for pair in wrong]


@pytest.mark.parametrize(("name", "value"), RIGHT, ids=[f"{n}: {v!r:.20}" for n, v in RIGHT])
def test_what_is_right_passes(name: str, value: Any) -> None:
    assert judged(CHECKS[name][0], value).problems == []


@pytest.mark.parametrize(
    ("name", "value", "message"), WRONG, ids=[f"{n}: {v!r:.20}" for n, v, _ in WRONG]
)
def test_what_is_wrong_is_told_with_path_rule_and_what_is_right(
    name: str, value: Any, message: str
) -> None:
    check = CHECKS[name][0]
    (problem,) = judged(check, value).problems
    assert problem.show().startswith(message)
    assert problem.warn is check.warn
    assert problem.rule == f"x.{check.name}"


@pytest.mark.parametrize("name", list(CHECKS))
@pytest.mark.parametrize("value", [None, UNKNOWN], ids=["absent", "unknown"])
def test_what_is_absent_or_unknown_is_not_judged(name: str, value: Any) -> None:
    assert judged(CHECKS[name][0], value).problems == []


def test_unknown_numbers_of_a_list_are_left_out_of_the_judgement() -> None:
    check = subset({1: "failed", 3: "running"})
    assert judged(check, [1, UNKNOWN, 3, UNKNOWN]).problems == []
    (problem,) = judged(check, [UNKNOWN, 7]).problems
    assert problem.detail == "has 7"


FREE_TEXT = {
    "length": "s3cret-s3cret",
    "pattern": "S3CRET",
    "pattern that has a name and warns": "9-s3cret",
    "one of": "s3cret",
}


@pytest.mark.parametrize("name", list(FREE_TEXT))
def test_a_message_never_quotes_a_free_text(name: str) -> None:
    (problem,) = judged(CHECKS[name][0], FREE_TEXT[name]).problems
    assert "s3cret" not in problem.show().lower()


# --- secrets -------------------------------------------------------------------------------------

PROBLEM = Problem("config[1].weight", "must be between 0 and 100", "config.weight.between", "is 7")

SECRETS = {
    "nothing": ([], True),
    "the value itself": (["config[1].weight"], False),
    "an object around it": (["config[1]"], False),
    "the whole argument": (["config"], False),
    "another entry": (["config[0]"], True),
    "an entry with more digits": (["config[10]"], True),
    "a name that begins alike": (["config[1].weights"], True),
    "another argument": (["conf"], True),
}


@pytest.mark.parametrize("case", list(SECRETS))
def test_values_are_shown_only_where_nothing_is_secret(case: str) -> None:
    secret, shown = SECRETS[case]
    text = "config[1].weight: must be between 0 and 100"
    detail = ", is 7" if shown else ""
    assert PROBLEM.show(secret) == f"{text}{detail} [config.weight.between]"


def test_a_sum_is_hidden_if_one_of_its_parts_is_secret() -> None:
    problem = Problem("config", "the weights add up to 100", "sum", "these add up to 90 (70 + 20)")
    assert "70" not in problem.show(["config[0].weight"])


def test_a_value_of_a_free_map_is_hidden_if_it_is_secret() -> None:
    """The program's side knows the path `x.KEY`, the check reports `x['KEY']`."""

    class Labelled(Args):
        x: NotRequiredMap[str] = arg(default=None)

    (problem,) = inputs.check(Declaration.of(Labelled), {"x": {"KEY": 1}}).problems
    shown = Problem(problem.path, problem.text, problem.rule, "is 12345").show(["x.KEY"])
    assert "12345" not in shown


# --- rules over several arguments ----------------------------------------------------------------


def found(rule: Rule, values: Values) -> list[tuple[str, str, str]]:
    """What a rule reports: path, text, detail."""
    reports: list[tuple[str, str, str]] = []
    rule.run(values, lambda path, text, detail="": reports.append((path, text, detail)))
    return reports


TRIO = all_or_none("trio", "a", "b", "c", source="page")
SUM = adds_up("sum", "es", "w", 100, words="shares", applies=lambda v: "off" not in v, source="p")

ALL_OR_NONE: dict[str, tuple[Values, list[str]]] = {
    "none": ({}, []),
    "all": ({"a": "1", "b": "2", "c": "3"}, []),
    "all, some unknown": ({"a": "1", "b": UNKNOWN, "c": UNKNOWN}, []),
    "one": ({"a": "1"}, ["b", "c"]),
    "one, unknown": ({"b": UNKNOWN}, ["a", "c"]),
    "two": ({"a": "1", "c": "1"}, ["b"]),
    "two and none": ({"a": "1", "b": None, "c": "1"}, ["b"]),
}


@pytest.mark.parametrize("case", list(ALL_OR_NONE))
def test_together_or_not_at_all(case: str) -> None:
    values, missing = ALL_OR_NONE[case]
    text = "is missing: a, b, c are given together or not at all"
    assert found(TRIO, values) == [(name, text, "") for name in missing]


def weights(*values: Any) -> Values:
    return {"es": [{"w": value} for value in values]}


ADDS_UP: dict[str, tuple[Values, str | None]] = {
    "right": (weights(70, 30), None),
    "right with zero": (weights(100, 0, 0), None),
    "one": (weights(100), None),
    "too little": (weights(70, 20), "these add up to 90 (70 + 20)"),
    "too much": (weights(70, 40), "these add up to 110 (70 + 40)"),
    "unknown, may be right": (weights(70, UNKNOWN), None),
    "unknown, already too much": (weights(70, UNKNOWN, 40), "these add up to 110 (70 + 40)"),
    "absent, judged elsewhere": (weights(70, None), None),
    "all unknown": (weights(UNKNOWN, UNKNOWN), None),
    "an unknown entry": ({"es": [{"w": 50}, UNKNOWN]}, None),
    "an unknown list": ({"es": UNKNOWN}, None),
    "no list": ({}, None),
    "an empty list": ({"es": []}, None),
    "nothing in it": (weights(0), "these add up to 0 (0)"),
    "does not apply": ({**weights(1), "off": True}, None),
}


@pytest.mark.parametrize("case", list(ADDS_UP))
def test_numbers_add_up_as_far_as_they_are_known(case: str) -> None:
    values, detail = ADDS_UP[case]
    expected = [] if detail is None else [("es", "shares add up to 100", detail)]
    assert found(SUM, values) == expected


def test_given_counts_what_is_unknown_but_not_none() -> None:
    values: Values = {"a": UNKNOWN, "b": None, "c": 0, "d": ""}
    assert [name for name in "abcde" if given(values, name)] == ["a", "c", "d"]


def test_each_walks_over_known_objects_with_their_paths() -> None:
    values: Values = {"es": [{"w": 1}, UNKNOWN, {"w": 2}], "u": UNKNOWN}
    assert list(each(values, "es")) == [("es[0]", {"w": 1}), ("es[2]", {"w": 2})]
    assert list(each(values, "u")) == []
    assert list(each(values, "none")) == []
