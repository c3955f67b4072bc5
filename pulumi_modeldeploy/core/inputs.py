"""Raw values -> checked inputs and everything that is wrong with them, at once.

Unknown-aware: what is not known yet is skipped, what is known is judged. Declared defaults are
filled in, and what servers only echo after normalising is normalised here (numeric strings to
numbers, whole floats to integers), so that state, wire and diff never meet two spellings.
"""

from __future__ import annotations

import decimal
import difflib
import math
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from pulumi_modeldeploy.core.checks import Check, Problem, Rule
from pulumi_modeldeploy.core.declare import Declaration, Field, Removal, Shape
from pulumi_modeldeploy.core.values import UNKNOWN, Values

_Builder: TypeAlias = "Callable[[Field, Any, str, Checked, bool], tuple[Any, str]]"


@dataclass
class Checked:
    """Arguments by name, normalised as far as they are right, and the problems found."""

    values: Values
    problems: list[Problem] = field(default_factory=list)

    @property
    def failures(self) -> list[Problem]:
        """The problems that forbid a deployment."""
        return [problem for problem in self.problems if not problem.warn]

    @property
    def warnings(self) -> list[Problem]:
        """The problems that the cloud may or may not mind."""
        return [problem for problem in self.problems if problem.warn]


STRUCTURAL = ("type", "required", "known")
"""Last words of the rules that cannot be turned off: what breaks them cannot be sent."""


def check(
    declaration: Declaration,
    raw: Mapping[str, Any],
    rules: Iterable[Rule] = (),
    *,
    off: Collection[str] = (),
    olds: Mapping[str, Any] | None = None,
) -> Checked:
    """Check raw arguments (snake_case names) and fill in the declared defaults.

    Args:
        declaration: What may be given.
        raw: What was given, as it came over the engine's wire.
        rules: Rules over several arguments.
        off: Names of rules that the stack turned off.
        olds: Arguments of the last deployment, to judge what was taken away.
    """
    checked = Checked({})
    _object(declaration, raw, "", checked)
    for rule in rules:
        _apply(rule, checked)
    if olds is not None:
        _removals(declaration, olds, checked)
    off = {rule for rule in off if rule.rpartition(".")[2] not in STRUCTURAL}
    checked.problems = [problem for problem in checked.problems if problem.rule not in off]
    failing = {problem.path for problem in checked.failures}
    checked.problems = [p for p in checked.problems if not p.warn or p.path not in failing]
    return checked


def normalise(declaration: Declaration, raw: Mapping[str, Any]) -> Values:
    """Bring stored or read arguments into the normal form, without judging or completing them."""
    checked = Checked({})
    known = {name: value for name, value in raw.items() if name in declaration.args}
    _object(declaration, known, "", checked, strict=False)
    return checked.values


def _object(
    declaration: Declaration,
    raw: Mapping[str, Any],
    at: str,
    checked: Checked,
    *,
    strict: bool = True,
) -> Values:
    """Normalise one object into `checked.values` (top level) or a new dict (nested)."""
    values: Values = {} if at else checked.values
    prefix = f"{at}." if at else ""
    for name in raw:
        if name not in declaration.args:
            checked.problems.append(_unknown_name(prefix, name, declaration))
    for name, item in declaration.args.items():
        path = prefix + name
        value = raw.get(name)
        if value is None and strict:
            value = item.column.default if not item.required else None
        if value is not None:
            values[name] = _value(item, value, path, checked, strict=strict)
        elif item.required:
            text = "is missing: it must be given"
            checked.problems.append(Problem(path, text, f"{_rule_path(path)}.required"))
    return values


def _unknown_name(prefix: str, name: str, declaration: Declaration) -> Problem:
    """Name the nearest declared argument for one that is not declared."""
    spelled = name.split(" ", maxsplit=1)[0]  # without the note of `Declaration.to_state`
    near = difflib.get_close_matches(spelled, list(declaration.args), n=1, cutoff=0.6)
    hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(declaration.args)}"
    rule = f"{_rule_path(prefix + spelled)}.known"
    return Problem(prefix + name, f"is no argument of {declaration.owner.__name__}: {hint}", rule)


def _value(item: Field, value: Any, path: str, checked: Checked, *, strict: bool) -> Any:
    """Normalise and judge one value; to all other rules a malformed one counts as unknown."""
    value = _shaped(_SHAPES[item.shape], item, value, path, checked, strict)
    if strict and value is not UNKNOWN:
        for rule in item.column.checks:
            _judge(rule, value, path, checked)
    return value


def _shaped(
    build: _Builder, item: Field, value: Any, path: str, checked: Checked, strict: bool
) -> Any:
    """Build one value, or report why it cannot be; what was stored or read stays as it is then."""
    if value is UNKNOWN:
        return UNKNOWN
    built, wrong = build(item, value, path, checked, strict)
    if wrong:
        checked.problems.append(Problem(path, wrong, f"{_rule_path(path)}.type"))
        return UNKNOWN if strict else value
    return built


def _judge(rule: Check, value: Any, path: str, checked: Checked) -> None:
    """Run one check on a well-formed value."""
    detail = rule.judge(value)
    if detail is not None:
        name = f"{_rule_path(path)}.{rule.name}"
        checked.problems.append(Problem(path, f"must {rule.text}", name, detail, rule.warn))


def _apply(rule: Rule, checked: Checked) -> None:
    """Run one rule over several arguments."""

    def report(path: str, text: str, detail: str = "") -> None:
        checked.problems.append(Problem(path, text, rule.name, detail, rule.warn))

    rule.run(checked.values, report)


def _removals(declaration: Declaration, olds: Mapping[str, Any], checked: Checked) -> None:
    """Refuse to take away what the cloud would silently keep."""
    for name, item in declaration.args.items():
        gone = olds.get(name) is not None and checked.values.get(name) is None
        if gone and item.on_removal is Removal.REFUSE:
            text = (
                "was taken away, and the cloud keeps the last value when nothing is sent: "
                "give the value that it should have, or replace the resource (--replace)"
            )
            checked.problems.append(Problem(name, text, f"{name}.removed"))


def _rule_path(path: str) -> str:
    """Name a rule by the argument, whatever the position in a list."""
    return "".join(part.split("]")[-1] for part in path.split("["))


def _scalar(item: Field, value: Any, path: str, checked: Checked, strict: bool) -> tuple[Any, str]:
    del path, checked, strict
    if item.type is str:
        return plain(item, value), "" if isinstance(value, str) else "must be a text"
    if item.type is bool:
        return value, "" if isinstance(value, bool) else "must be True or False"
    if item.type is float:
        number = _number(value)
        return (value, "must be a number") if number is None else (_rounded(item, number), "")
    if item.type is int:
        number = _number(value)
        return (number, "") if isinstance(number, int) else (value, "must be a whole number")
    return value, ""


def plain(item: Field, value: Any) -> Any:
    """Write a text as the cloud does, which would otherwise give another one back."""
    if isinstance(value, str) and item.column.trimmed and item.shape is not Shape.MAP:
        value = value.strip()
    return value.lower() if isinstance(value, str) and item.column.lowered else value


def _rounded(item: Field, number: float) -> float:
    """Round half up, as the servers that keep few decimals do."""
    if item.column.decimals is None:
        return number
    step = decimal.Decimal(1).scaleb(-item.column.decimals)
    rounded = decimal.Decimal(repr(number)).quantize(step, decimal.ROUND_HALF_UP)
    return int(rounded) if rounded == int(rounded) else float(rounded)


def _number(value: Any) -> float | None:
    """Read a number, also out of a text such as "70", which the vendors' own samples send.

    A whole one becomes an integer, since the engine hands every number over as a float.
    """
    if isinstance(value, str):
        value = _number_in(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not _is_finite(value):
        return None
    return int(value) if isinstance(value, int) or value.is_integer() else value


def _number_in(text: str) -> float | None:
    if re.fullmatch(r"[+-]?[0-9]{1,18}", text):
        return int(text)
    try:
        return float(text)
    except ValueError:
        return None


def _is_finite(value: float) -> bool:
    return isinstance(value, int) or math.isfinite(value)


def _list(item: Field, value: Any, path: str, checked: Checked, strict: bool) -> tuple[Any, str]:
    if not isinstance(value, list):
        return value, "must be a list"
    entries = enumerate(value)
    return [_shaped(_scalar, item, v, f"{path}[{i}]", checked, strict) for i, v in entries], ""


def _map(item: Field, value: Any, path: str, checked: Checked, strict: bool) -> tuple[Any, str]:
    if not isinstance(value, Mapping):
        return value, "must be a map"
    entries = value.items()
    return {
        key: _shaped(_scalar, item, one, f"{path}[{key!r}]", checked, strict)
        for key, one in entries
    }, ""


def _lists(item: Field, value: Any, path: str, checked: Checked, strict: bool) -> tuple[Any, str]:
    if not isinstance(value, Mapping):
        return value, "must be a map of lists"
    entries = value.items()
    return {
        key: _shaped(_list, item, one, f"{path}[{key!r}]", checked, strict) for key, one in entries
    }, ""


def _tree(item: Field, value: Any, path: str, checked: Checked, strict: bool) -> tuple[Any, str]:
    del item, path, checked, strict
    return _whole(value), "" if isinstance(value, Mapping) else "must be an object"


def _whole(value: Any) -> Any:
    """Turn whole floats into integers at any depth, since the engine hands over floats only."""
    if isinstance(value, Mapping):
        return {key: _whole(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_whole(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _nested(item: Field, value: Any, path: str, checked: Checked, strict: bool) -> tuple[Any, str]:
    if not isinstance(value, Mapping):
        return value, "must be an object"
    return _object(Declaration.of(item.type), value, path, checked, strict=strict), ""


def _objects(item: Field, value: Any, path: str, checked: Checked, strict: bool) -> tuple[Any, str]:
    if not isinstance(value, list):
        return value, "must be a list of objects"
    entries = enumerate(value)
    return [_shaped(_nested, item, v, f"{path}[{i}]", checked, strict) for i, v in entries], ""


_SHAPES: Mapping[Shape, _Builder] = {
    Shape.SCALAR: _scalar,
    Shape.LIST: _list,
    Shape.MAP: _map,
    Shape.LISTS: _lists,
    Shape.TREE: _tree,
    Shape.OBJECT: _nested,
    Shape.OBJECTS: _objects,
}
