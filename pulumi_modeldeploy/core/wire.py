"""Checked inputs -> request body; answer -> arguments and outputs.

The only place that knows the cloud's spelling, by the `wire` column of the declaration.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Collection, Mapping
from typing import Any

from pulumi_modeldeploy.core import diff, inputs
from pulumi_modeldeploy.core.declare import Declaration, Field, Shape
from pulumi_modeldeploy.core.values import UNKNOWN, Json, Values, is_empty


def body(
    declaration: Declaration, values: Mapping[str, Any], only: Collection[str] | None = None
) -> Json:
    """Build a request body: what is set, nothing else; zero and empty values are values.

    Args:
        declaration: Names on the wire.
        values: Checked arguments.
        only: Names to send; default: all that the creating call sends.
    """
    document: Json = {}
    for name, item in declaration.args.items():
        if not item.column.query and _is_wanted(item, only) and values.get(name) is not None:
            _put(document, item.wire, _sent(item, values[name]))
    return document


def query(
    declaration: Declaration, values: Mapping[str, Any], only: Collection[str] | None = None
) -> dict[str, str]:
    """Build the query of a request, of the arguments that stand there; as `body`."""
    return {
        item.wire: str(values[name])
        for name, item in declaration.args.items()
        if item.column.query and _is_wanted(item, only) and values.get(name) is not None
    }


def _is_wanted(item: Field, only: Collection[str] | None) -> bool:
    return item.column.body and not item.column.late if only is None else item.name in only


def _sent(item: Field, value: Any) -> Any:
    nested = item.nested
    if nested is None or value is UNKNOWN:
        return value
    if item.shape is Shape.OBJECTS:
        return [one if one is UNKNOWN else body(nested, one) for one in value]
    return body(nested, value)


def read(
    declaration: Declaration, document: Mapping[str, Any], managed: Mapping[str, Any] | None
) -> Values:
    """Read arguments out of an answer.

    Args:
        declaration: Names on the wire.
        document: The cloud's answer.
        managed: The arguments that the user manages, as last known: only these are read, in their
            order, and what the cloud leaves out because it is empty stays as it was. `None`: read
            whatever the cloud says and is not empty.
    """
    found: Values = {}
    for name, item in declaration.args.items():
        stored = None if managed is None else managed.get(name)
        if managed is not None and stored is None:
            continue
        if not item.column.echoed:
            value = stored
        else:
            value = _received(item, pick(document, item.reads), stored, whole=managed is None)
        if value is not None:
            found[name] = value
    return inputs.normalise(declaration, found)


def read_shared(declaration: Declaration, document: Mapping[str, Any]) -> Values:
    """Read what others add entries to, whoever added them; `read` is about one's own."""
    shared = {name: item for name, item in declaration.args.items() if item.column.shared}
    found = {name: pick(document, item.reads) for name, item in shared.items()}
    return {name: copy.copy(one) for name, one in found.items() if one}


def _received(item: Field, actual: Any, stored: Any, *, whole: bool) -> Any:
    """Read one value; `None` where the cloud has none."""
    actual = _as_declared(item, _picked(item, actual))
    if item.column.shared:
        return None if whole else _own(item, actual or (), stored)
    if is_empty(actual):
        # Null, "", 0, {} and [] all mean "not set" in answers: what was set to one of them is.
        keep = _says_nothing(item, stored) or _is_left_out(item, actual)
        return None if whole else stored if keep else actual
    if item.shape is Shape.OBJECT and isinstance(actual, Mapping):
        return read(Declaration.of(item.type), actual, stored)
    if item.shape is Shape.OBJECTS and isinstance(actual, list):
        return _received_objects(item, actual, stored)
    return _aligned(item, actual, stored) if item.column.unordered else actual


def _own(item: Field, actual: Any, stored: Any) -> Any:
    """Take out of what others add entries to what was set, as far as it is there."""
    if isinstance(stored, Mapping):
        return {key: actual[key] for key in stored if key in actual}
    there = [inputs.plain(item, one) for one in actual]
    return [one for one in stored if one in there]


def _aligned(item: Field, actual: Any, stored: Any) -> Any:
    """Put plain lists into the user's order, where the cloud has none."""
    if isinstance(actual, list) and isinstance(stored, list):
        return diff.align(item, actual, stored)
    if isinstance(actual, Mapping) and isinstance(stored, Mapping):
        return {key: _aligned(item, one, stored.get(key)) for key, one in actual.items()}
    return actual


def _picked(item: Field, actual: Any) -> Any:
    """Take entries out of the objects that answers show in their place."""
    if not item.column.picks or not isinstance(actual, list):
        return actual
    return [one.get(item.column.picks) if isinstance(one, Mapping) else one for one in actual]


def _as_declared(item: Field, actual: Any) -> Any:
    """Spell numbers as texts where texts are declared: clouds are not strict about that."""
    if item.type is not str:
        return actual
    if isinstance(actual, Mapping):
        return {key: _as_declared(item, one) for key, one in actual.items()}
    if isinstance(actual, list):
        return [_as_declared(item, one) for one in actual]
    return str(actual) if isinstance(actual, int | float) else actual


def _says_nothing(item: Field, stored: Any) -> bool:
    """Tell whether what was set is empty, or an object of empty values."""
    nested = item.nested
    if nested is not None and isinstance(stored, Mapping):
        stored = diff.prune(nested, stored)
    return is_empty(stored)


def _is_left_out(item: Field, actual: Any) -> bool:
    """Tell whether an object lacks even its own required members: then it says nothing.

    The show page's sample has `"specification": "custom", "custom_spec": {}`.
    """
    nested = item.nested
    return actual == {} and nested is not None and any(o.required for o in nested.args.values())


def _received_objects(item: Field, actual: list[Any], stored: Any) -> list[Values]:
    known = stored if isinstance(stored, list) else []
    actual = _ordered_like(item, actual, known)
    padded = [*known, *[None] * (len(actual) - len(known))]
    nested = Declaration.of(item.type)
    return [read(nested, one, like) for one, like in zip(actual, padded, strict=False)]


def _ordered_like(item: Field, actual: list[Any], known: Any) -> list[Any]:
    """Put the objects of an answer into the user's order, where the cloud has none."""
    objects = [one if isinstance(one, Mapping) else {} for one in actual]
    if not item.column.unordered or not item.column.match_by or not isinstance(known, list):
        return objects
    key = Declaration.of(item.type).args[item.column.match_by]
    return _in_order(objects, [one.get(key.name) for one in known], key)


def _in_order(actual: list[Any], wanted: list[Any], key: Field) -> list[Any]:
    """Put the objects of an answer into the order of the user's list."""
    rest = list(actual)
    found = []
    for identity in wanted:
        match = next(
            (one for one in rest if inputs.plain(key, one.get(key.wire)) == identity), None
        )
        if match is not None:
            rest.remove(match)
            found.append(match)
    return found + rest


def outputs(
    declaration: Declaration, document: Mapping[str, Any], managed: Mapping[str, Any] | None = None
) -> Values:
    """Read the declared outputs out of an answer; what it lacks is absent.

    An output that adds to the entries of an unordered list is put into the order of `managed`.
    """
    lists = {item.reads: item for item in declaration.args.values() if item.column.match_by}
    found: Values = {}
    for name, item in declaration.outputs.items():
        actual = pick(document, item.wire)
        like = lists.get(item.wire)
        if like and isinstance(actual, list):
            actual = _ordered_like(like, actual, (managed or {}).get(like.name))
        if actual is None:
            continue
        nested = item.nested
        if nested is not None and isinstance(actual, list):
            actual = [outputs(nested, one) for one in actual if isinstance(one, Mapping)]
        elif nested is not None and isinstance(actual, Mapping):
            actual = outputs(nested, actual)
        found[name] = _as_promised(item, actual)
    return found


def _as_promised(item: Field, actual: Any) -> Any:
    """Spell an output as its type says, also where a text stands for a number or a truth."""
    if item.type is bool and isinstance(actual, str):
        return {"true": True, "false": False}.get(actual.lower(), actual)
    if item.type in (int, float) and isinstance(actual, str):
        number = _number(actual)
        return actual if number is None else number
    return _as_declared(item, actual)


def _number(text: str) -> float | None:
    """Read a number; `None` where a text is none."""
    try:
        return int(text)
    except ValueError:
        pass
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _put(document: Json, wire: str, value: Any) -> None:
    """Set a value at a dotted place."""
    *path, last = wire.split(".")
    for part in path:
        document = document.setdefault(part, {})
    document[last] = value


def pick(document: Mapping[str, Any], wire: str) -> Any:
    """Get the value at a dotted place, `None` where there is none."""
    found: Any = document
    for part in wire.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found
