"""Reusable rules for values.

A `Check` judges one argument's value; a `Rule` judges several together. Both carry a name, by which
a stack can turn them off, and the source that they were written from. A message says what is right
and never quotes a free string: the provider sees secrets in plain text and cannot tell.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from pulumi_modeldeploy.core.values import UNKNOWN, Values

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence


@dataclass(frozen=True)
class Check:
    """A rule for one value.

    `text` completes the sentence "must ..." and serves messages and the reference page alike.
    `judge` gets a known value and answers `None`, or what is wrong in numbers (never in strings).
    """

    name: str
    text: str
    judge: Callable[[Any], str | None]
    warn: bool = False
    public: bool = False
    """Whether what passes may be shown, being out of a closed list, or a name without meaning."""


@dataclass(frozen=True)
class Problem:
    """What is wrong, where, and by which rule.

    `detail` has the values concerned; it is left out of the message where one of them is secret.
    """

    path: str
    text: str
    rule: str
    detail: str = ""
    warn: bool = False

    def show(self, secret: Collection[str] = ()) -> str:
        """Write the message, given the paths of what is secret."""
        hidden = any(_touches(self.path, path) for path in secret)
        detail = "" if hidden or not self.detail else f", {self.detail}"
        return f"{self.path}: {self.text}{detail} [{self.rule}]"


def _touches(path: str, other: str) -> bool:
    """Tell whether one path lies within the other; a free map counts as a whole."""
    short, long = sorted((path.partition("['")[0], other), key=len)
    return long == short or (long.startswith(short) and long[len(short)] in ".[")


class Report(Protocol):
    """What a rule calls for each mistake it finds."""

    def __call__(self, path: str, text: str, detail: str = "") -> None:
        """Report `text` at `path`, with the values concerned in `detail`."""


@dataclass(frozen=True)
class Rule:
    """A rule over several arguments of one resource."""

    name: str
    run: Callable[[Values, Report], None]
    text: str
    source: str
    warn: bool = False


def number(value: float) -> str:
    """Write a number: integers whole, others as short as they are."""
    return str(value) if isinstance(value, int) else f"{value:g}"


def length(least: int, most: int) -> Check:
    """Characters of a text, or entries of a list."""

    def judge(value: Any) -> str | None:
        return None if least <= len(value) <= most else f"has {len(value)}"

    bounds = f"at most {most}" if least == 0 else f"{least} to {most}"
    return Check("length", f"be {bounds} long", judge)


def pattern(
    regex: str, text: str, *, warn: bool = False, name: str = "pattern", public: bool = False
) -> Check:
    """A text that matches `regex` as a whole; `text` says what that means."""
    compiled = re.compile(regex)

    def judge(value: Any) -> str | None:
        return None if compiled.fullmatch(value) else ""

    return Check(name, text, judge, warn, public)


def one_of(*allowed: str) -> Check:
    """One of a closed list."""

    def judge(value: Any) -> str | None:
        return None if value in allowed else ""

    text = f"be {'one of ' if len(allowed) > 1 else ''}{', '.join(allowed)}"
    return Check("one-of", text, judge, public=True)


PROFILE_NAME = pattern(
    r"[A-Za-z0-9_-]{1,64}", "be a name of letters, digits, - and _", name="profile", public=True
)
"""A profile of the settings; not secret, since messages name it."""

MARK = pattern("[0-9a-f]{12}", "be the 12 hex digits of a mark", name="mark", public=True)
"""The mark of a resource; it says nothing, and messages name it."""
ADOPTED = pattern(
    "[0-9A-Za-z_-]{1,64}", "be the id of an existing object", name="adopt", public=True
)
"""The id of an object that is adopted; messages name it."""


def between(least: float, most: float | None = None, *, warn: bool = False) -> Check:
    """A number in a range, ends included."""
    text = f"be at least {number(least)}"
    if most is not None:
        text = f"be between {number(least)} and {number(most)}"

    def judge(value: Any) -> str | None:
        right = value >= least and (most is None or value <= most)
        return None if right else f"is {number(value)}"

    return Check("advice" if warn else "between", text, judge, warn)


def items(least: int, most: int | None = None) -> Check:
    """How many entries a list has."""

    def judge(value: Any) -> str | None:
        right = len(value) >= least and (most is None or len(value) <= most)
        return None if right else f"has {len(value)}"

    if most is None:
        text = "have at least one entry" if least == 1 else f"have at least {least} entries"
    else:
        text = f"have {least} to {most} entries" if least else f"have at most {most} entries"
    return Check("items", text, judge)


def subset(allowed: Mapping[int, str], *, warn: bool = False) -> Check:
    """A list of distinct numbers out of a closed list; the mapping says what each means."""
    meaning = ", ".join(f"{number} ({word})" for number, word in allowed.items())

    def judge(value: Any) -> str | None:
        known = [one for one in value if one is not UNKNOWN]
        wrong = [number(n) for n in known if n not in allowed]
        if wrong:
            return f"has {', '.join(wrong)}"
        return None if len(set(known)) == len(known) else "has a number twice"

    return Check(
        "advice" if warn else "subset", f"hold distinct numbers out of {meaning}", judge, warn
    )


def given(values: Mapping[str, Any], name: str) -> bool:
    """Tell whether an argument is set, be its value known or not."""
    return values.get(name) is not None


def each(values: Mapping[str, Any], name: str) -> Iterator[tuple[str, Values]]:
    """Walk over the known objects of a list with their paths."""
    entries = values.get(name)
    if isinstance(entries, list):
        for index, entry in enumerate(entries):
            if isinstance(entry, dict):
                yield f"{name}[{index}]", entry


def all_or_none(name: str, *together: str, source: str) -> Rule:
    """Arguments that are given together or not at all."""
    words = ", ".join(together)

    def run(values: Values, report: Report) -> None:
        missing = [argument for argument in together if not given(values, argument)]
        if missing and len(missing) < len(together):
            for argument in missing:
                report(argument, f"is missing: {words} are given together or not at all")

    return Rule(name, run, f"{words} are given together or not at all", source)


def needs(name: str, argument: str, other: str, *, source: str) -> Rule:
    """An argument that means nothing without another one."""
    words = f"{argument} is given only together with {other}"

    def run(values: Values, report: Report) -> None:
        if given(values, argument) and not given(values, other):
            report(argument, words)

    return Rule(name, run, words, source)


ADOPT_ALONE = needs("adopt-alone", "adopt_from", "adopt", source="docs/adopting.md")
"""Taking over from somebody means nothing without what is taken over."""


def adds_up(
    name: str,
    entries: str,
    key: str,
    total: int,
    *,
    words: str,
    applies: Callable[[Values], bool],
    source: str,
) -> Rule:
    """A number of every entry of a list that must add up; judged as far as it is known."""
    words = f"{words} add up to {total}"

    def run(values: Values, report: Report) -> None:
        if not applies(values):
            return
        parts = _parts(values.get(entries), key)
        known = [part for part in parts if part is not None]
        surplus = sum(known) > total
        if surplus or (len(known) == len(parts) and parts and sum(known) != total):
            sums = " + ".join(number(part) for part in known)
            report(entries, words, f"these add up to {number(sum(known))} ({sums})")

    return Rule(name, run, words, source)


def _parts(entries: object, key: str) -> Sequence[float | None]:
    """Take the number of each entry; `None` where it is not known or not a number."""
    if not isinstance(entries, list):
        return [None]
    found = [entry.get(key) if isinstance(entry, dict) else None for entry in entries]
    return [part if isinstance(part, int | float) else None for part in found]
