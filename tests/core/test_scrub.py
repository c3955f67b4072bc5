"""Free texts of the inputs never show in what clouds answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic import Kiln

from pulumi_modeldeploy.core.declare import Declaration
from pulumi_modeldeploy.core.scrub import scrub
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
