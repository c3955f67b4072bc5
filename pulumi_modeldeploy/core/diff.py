"""What changed between two sets of arguments.

Only what the user manages is compared: a key is in the state because the user, or a declared
default, set it, so defaults of a server never show as changes and a removed argument is seen as
removed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pulumi_modeldeploy.core.declare import Change, Declaration, Field, Removal, Shape
from pulumi_modeldeploy.core.values import Values, has_unknown, is_empty


@dataclass(frozen=True)
class Difference:
    """One argument that is not what it was."""

    item: Field
    old: Any
    new: Any

    @property
    def name(self) -> str:
        """The argument's name."""
        return self.item.name

    @property
    def removed(self) -> bool:
        """Whether the argument was taken away."""
        return self.new is None

    @property
    def replaces(self) -> bool:
        """Whether only a new object can have the new value."""
        if self.removed:
            return self.item.on_removal is Removal.REPLACE
        return self.item.column.change is Change.REPLACE


def compare(
    declaration: Declaration, olds: Mapping[str, Any], news: Mapping[str, Any]
) -> list[Difference]:
    """List the arguments that differ; what is unknown differs from everything.

    Leaving an argument out and giving what the cloud then implies, or what was chosen then, is the
    same; what counts only once is never different.
    """
    return [
        Difference(item, olds.get(name), news.get(name))
        for name, item in declaration.args.items()
        if item.column.change is not Change.ONCE
        and not same(item, _meant(item, olds, olds), _meant(item, news, olds))
    ]


def _meant(item: Field, values: Mapping[str, Any], olds: Mapping[str, Any]) -> Any:
    """Tell what an argument comes to; one that follows an output is that where it is left out."""
    value = values.get(item.name)
    if value is None and item.column.follows:
        return olds.get(item.name, olds.get(item.column.follows))
    return item.column.implied if value is None else value


def same(item: Field, old: Any, new: Any) -> bool:
    """Tell whether two values mean the same to the cloud."""
    if old is None or new is None:
        return old is new
    if has_unknown(old) or has_unknown(new):
        return False
    if isinstance(old, list) and isinstance(new, list):
        return _same_lists(item, old, new)
    if item.shape is Shape.OBJECT and isinstance(old, Mapping) and isinstance(new, Mapping):
        return _same_objects(item, old, new)
    if item.shape is Shape.LISTS and isinstance(old, Mapping) and isinstance(new, Mapping):
        return old.keys() == new.keys() and all(same(item, old[key], new[key]) for key in old)
    return bool(old == new)


def _same_objects(item: Field, old: Any, new: Any) -> bool:
    nested = Declaration.of(item.type)
    return all(same(one, old.get(name), new.get(name)) for name, one in nested.args.items())


def _same_lists(item: Field, old: Any, new: Any) -> bool:
    if len(old) != len(new):
        return False
    if item.column.unordered:
        old = align(item, old, new)
    if item.shape is Shape.OBJECTS:
        return all(_same_objects(item, a, b) for a, b in zip(old, new, strict=True))
    return bool(old == new)


def union(declaration: Declaration, wanted: Values, olds: Values) -> Values:
    """Add to the wanted arguments those that were there before, nested ones too.

    What was taken away must be looked for in the cloud as well as what is wanted.
    """
    found: Values = {}
    for name, item in declaration.args.items():
        value, old = wanted.get(name), olds.get(name)
        if item.shape is Shape.OBJECT and value is not None and old is not None:
            value = union(Declaration.of(item.type), value, old)
        elif item.shape is Shape.OBJECTS and value is not None and old is not None:
            value = _union_lists(item, value, old)
        if value is not None or old is not None:
            found[name] = old if value is None else value
    return found


def _union_lists(item: Field, wanted: list[Any], olds: list[Any]) -> list[Any]:
    nested = Declaration.of(item.type)
    before = counterparts(item, wanted, olds)
    return [union(nested, entry, old) for entry, old in zip(wanted, before, strict=True)]


def counterparts(item: Field, entries: list[Any], olds: list[Any]) -> list[Any]:
    """Find for each entry what it was before; an empty one where it was not."""
    if item.column.unordered:
        known = {_identity(item, old): old for old in olds}
        return [known.get(_identity(item, entry), {}) for entry in entries]
    return [*olds, *[{}] * len(entries)][: len(entries)]


def prune(declaration: Declaration, values: Mapping[str, Any]) -> Values:
    """Leave out arguments that say nothing to a cloud, nested ones too.

    Entries of lists stay, and so do those of free maps: an empty variable is a variable.
    """
    pruned = {name: _pruned(declaration.args.get(name), one) for name, one in values.items()}
    return {name: one for name, one in pruned.items() if not is_empty(one)}


def _pruned(item: Field | None, value: Any) -> Any:
    nested = item.nested if item else None
    if nested is None:
        return value
    if isinstance(value, list):
        return [prune(nested, one) if isinstance(one, Mapping) else one for one in value]
    return prune(nested, value) if isinstance(value, Mapping) else value


def align(item: Field, entries: list[Any], like: list[Any]) -> list[Any]:
    """Put the entries of an unordered list into the order of another list."""
    rest = list(entries)
    found = []
    for wanted in like:
        for entry in rest:
            if _identity(item, entry) == _identity(item, wanted):
                found.append(entry)
                rest.remove(entry)
                break
    return found + rest


def _identity(item: Field, entry: Any) -> Any:
    """What tells the entries of an unordered list apart."""
    key = item.column.match_by
    return entry.get(key) if key and isinstance(entry, Mapping) else entry
