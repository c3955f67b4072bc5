"""Free texts of the inputs never show in what clouds answer."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic import Kiln

from pulumi_modeldeploy.core.declare import Declaration
from pulumi_modeldeploy.core.scrub import hide, scrub
from pulumi_modeldeploy.core.values import UNKNOWN, Values

KILN = Declaration.of(Kiln)

CASES: dict[str, tuple[str, Values, str]] = {
    "a text": ("bad s3cret-key", {"note": "s3cret-key"}, "bad ***"),
    "a value of a free map": ("bad s3cret-key", {"labels": {"KEY": "s3cret-key"}}, "bad ***"),
    "inside a word, if it is long": ("xs3cret-keyx", {"note": "s3cret-key"}, "x***x"),
    "inside a word, if it is short": ("running", {"note": "runn"}, "running"),
    "a short one as a word": ("the runn stopped", {"note": "runn"}, "the *** stopped"),
    "too short to say anything": ("abc", {"note": "abc"}, "abc"),
    "the longer one first": ("s3cret-key-2", {"note": "s3cret-key", "zone": "s3cret-key-2"}, "***"),
    "at any depth": ("x deep-down", {"workers": [{"env": {"A": "deep-down"}}]}, "x ***"),
    "with characters of patterns": ("a (b.c)*! d", {"note": "(b.c)*!"}, "a (b.c)*! d"),
    "long, with characters of patterns": ("a (b.c)*+? d", {"note": "(b.c)*+?"}, "a *** d"),
    "twice": ("s3cret-key s3cret-key", {"note": "s3cret-key"}, "*** ***"),
    "numbers are no texts": ("12345678", {"heat": 12345678}, "12345678"),
    "what is unknown is nobody's": ("UNKNOWN", {"note": UNKNOWN}, "UNKNOWN"),
    "what nobody declared may be secret": ("s3cret-key", {"nope": ["s3cret-key"]}, "***"),
    "what the cloud says is no input": ("is BUILDING", {"status": "BUILDING"}, "is BUILDING"),
    "what is malformed may be secret": ("s3cret-key", {"workers": "s3cret-key"}, "s3cret-key"),
}
CASES["what is malformed may be secret"] = ("s3cret-key", {"heat": "s3cret-key"}, "***")
CASES["with characters of patterns"] = ("a (b.c) d", {"note": "b.c)"}, "a (*** d")


@pytest.mark.parametrize("case", list(CASES))
def test_texts_of_the_inputs_are_taken_out(case: str) -> None:
    text, values, expected = CASES[case]
    assert scrub(text, KILN, values) == expected


def test_all_bags_count() -> None:
    assert scrub("old-text new-text", KILN, {"note": "old-text"}, {"note": "new-text"}) == "*** ***"


def test_a_value_out_of_a_closed_list_is_no_secret() -> None:
    class Short(Kiln):
        pass

    assert scrub("it is on", Declaration.of(Short), {"power": "on"}) == "it is on"


@given(st.text(), st.text(min_size=8), st.text())
def test_a_long_text_is_taken_out_wherever_it_stands(before: str, secret: str, after: str) -> None:
    rest = scrub(before + secret + after, KILN, {"note": secret})
    assert secret not in rest or secret in "***"


# --- outputs that repeat secret inputs ------------------------------------------------------------

BAG: Values = {
    "name": "oven",
    "note": "s3cret-key",
    "heat": 7351,
    "labels": {"TOKEN": "t0ken", "dotted.key": "d0tted"},
    "workers": [{"image": "a", "env": {"PASS": 'p"a\\ss\nword'}}, {"image": "beeswax"}],
    "timer": None,
}

HIDDEN: dict[str, tuple[list[str], Any, Any]] = {
    "no secrets": ([], "oven s3cret-key", "oven s3cret-key"),
    "a text": (["note"], "runs s3cret-key here", "runs *** here"),
    "not what is no secret": (["note"], "oven 7351 t0ken", "oven 7351 t0ken"),
    "in a list": (["note"], ["a", "s3cret-key"], ["a", "***"]),
    "at any depth": (
        ["note"],
        [{"a": {"b": ["x s3cret-key"]}, "c": None}],
        [{"a": {"b": ["x ***"]}, "c": None}],
    ),
    "numbers and truths of the cloud stay": (["note"], [1, 2.5, True, None], [1, 2.5, True, None]),
    "a number, as a word": (["heat"], "port 7351, not 73512", "port ***, not 73512"),
    "a value of a free map": (["labels.TOKEN"], "t0ken d0tted", "*** d0tted"),
    "a key with a dot": (["labels.dotted.key"], "t0ken d0tted", "*** ***"),
    "a whole map": (["labels"], "t0ken d0tted", "*** ***"),
    "an entry of a list": (["workers[1].image"], "a beeswax", "a ***"),
    "a place that is not there any more": (["workers[5].image"], "oven beeswax", "oven ***"),
    "inside a word": (["note"], "xs3cret-keyx", "x***x"),
    "behind a dot": (["note"], "https://u.s3cret-key.example", "https://u.***.example"),
    "as JSON spells it": (
        ["workers[0].env.PASS"],
        '{"PASS": "p\\"a\\\\ss\\nword"}',
        '{"PASS": "***"}',
    ),
    "what has no value": (["timer"], "https://oven/7351", "https://oven/7351"),
    "what is not there": (["zone"], "https://oven/7351", "https://oven/7351"),
    "what is not there, deeper": (["zone.a[0]"], "https://oven/7351", "https://oven/7351"),
    "several": (["note", "heat"], "s3cret-key:7351", "***:***"),
}


@pytest.mark.parametrize("case", list(HIDDEN))
def test_outputs_do_not_repeat_secrets(case: str) -> None:
    paths, value, expected = HIDDEN[case]
    assert hide(value, BAG, paths) == expected


def test_hiding_changes_nothing_that_it_is_given() -> None:
    value = {"a": ["s3cret-key"]}
    assert hide(value, BAG, ["note"]) == {"a": ["***"]}
    assert value == {"a": ["s3cret-key"]}


trees = st.recursive(
    st.text(max_size=8) | st.integers() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


def planted(tree: Any, secret: str) -> Any:
    """The tree with a secret in each of its texts."""
    if isinstance(tree, dict):
        return {key: planted(one, secret) for key, one in tree.items()}
    if isinstance(tree, list):
        return [planted(one, secret) for one in tree]
    return f"{tree}{secret}{tree}" if isinstance(tree, str) else tree


@given(trees)
def test_a_long_secret_is_nowhere_left(tree: Any) -> None:
    secret = "l0ng-s3cret-t3xt"
    assert secret not in repr(hide(planted(tree, secret), {"note": secret}, ["note"]))


@given(trees, st.lists(st.sampled_from(["zone", "timer", "zone.x", "nope[3]"])))
def test_without_a_value_nothing_is_hidden(tree: Any, paths: list[str]) -> None:
    assert hide(tree, BAG, paths) == tree
