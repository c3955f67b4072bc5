"""Tables of body fields and the one reader that applies them.

A request is described by a tuple of `Field` rows, nested where the vendor nests. `read` returns a
clean copy of a document or raises `InvalidError` at the first field that breaks its row; the cloud
turns the kind of the breach into its own error code. The admin routes use the same reader.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

Document = dict[str, Any]


class Breach(Enum):
    """How a document breaks its table."""

    UNKNOWN = "unknown"
    MISSING = "missing"
    TYPE = "type"
    VALUE = "value"


class InvalidError(Exception):
    """A document does not fit its table: where, in what way, and in words."""

    def __init__(self, path: str, breach: Breach, problem: str) -> None:
        super().__init__(f"{path or 'the body'} {problem}")
        self.path = path
        self.breach = breach


class Kind(Enum):
    """JSON types as the vendors' tables name them."""

    STRING = "a string"
    INTEGER = "an integer"
    NUMBER = "a number"
    BOOLEAN = "a boolean"
    OBJECT = "an object"
    LIST = "an array"
    STRINGS = "a map of strings"


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return _is_integer(value) or (isinstance(value, float) and math.isfinite(value))


def _is_strings(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(item, str) for item in value.values())


_FITS: dict[Kind, Callable[[Any], bool]] = {
    Kind.STRING: lambda value: isinstance(value, str),
    Kind.INTEGER: _is_integer,
    Kind.NUMBER: _is_number,
    Kind.BOOLEAN: lambda value: isinstance(value, bool),
    Kind.OBJECT: lambda value: isinstance(value, dict),
    Kind.LIST: lambda value: isinstance(value, list),
    Kind.STRINGS: _is_strings,
}

_INTEGER_TEXT = re.compile(r"[+-]?[0-9]{1,18}")


@dataclass(frozen=True)
class Field:
    """One row: a name, a JSON type, and what the value must be.

    `only` and `needed` name scopes (for ModelArts: infer types) in which the field may or must be
    given; `required` means in all of them. `size` bounds the length of a string or list, `least`,
    `most` and `above` (exclusive) a number; `forbidden` lists characters, `matches` is a pattern
    for all of a text and `characters` its wording. `text_ok` accepts an integer as text. `blank`
    means that an empty string counts as not given, `extra` that an object may have further keys,
    which are kept. `table` describes an object, `items` the elements of a list.
    """

    name: str
    kind: Kind = Kind.STRING
    required: bool = False
    only: frozenset[str] | None = None
    needed: frozenset[str] = frozenset()
    size: tuple[int, int] | None = None
    least: float | None = None
    most: float | None = None
    above: float | None = None
    one_of: Collection[Any] = ()
    forbidden: str = ""
    matches: str = ""
    characters: str = ""
    text_ok: bool = False
    blank: bool = False
    extra: bool = False
    table: tuple[Field, ...] = ()
    items: Field | None = None


def read(
    table: Sequence[Field],
    document: object,
    *,
    scope: str = "",
    path: str = "",
    extra: bool = False,
) -> Document:
    """Return a clean copy of `document`; raises `InvalidError` at the first breach of `table`.

    `extra` keeps keys that the table does not know instead of refusing them.
    """
    if not isinstance(document, dict):
        raise InvalidError(path, Breach.TYPE, f"must be {Kind.OBJECT.value}")
    rows = {row.name: row for row in table}
    unknown = [name for name in document if name not in rows]
    if unknown and not extra:
        raise InvalidError(_join(path, unknown[0]), Breach.UNKNOWN, "is not a known parameter")
    clean: Document = {name: document[name] for name in unknown}
    for name, row in rows.items():
        here = _join(path, name)
        given = name in document and not (row.blank and document[name] == "")
        if given:
            if row.only is not None and scope not in row.only:
                raise InvalidError(here, Breach.VALUE, f"does not apply to {scope} services")
            clean[name] = _value(row, document[name], scope, here)
        elif row.required or scope in row.needed:
            raise InvalidError(here, Breach.MISSING, "is required")
    return clean


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _value(row: Field, value: Any, scope: str, path: str) -> Any:
    if row.text_ok and isinstance(value, str) and _INTEGER_TEXT.fullmatch(value):
        value = int(value)
    if not _FITS[row.kind](value):
        raise InvalidError(path, Breach.TYPE, f"must be {row.kind.value}")
    for rule in _RULES:
        problem = rule(row, value)
        if problem:
            raise InvalidError(path, Breach.VALUE, problem)
    if row.table:
        return read(row.table, value, scope=scope, path=path, extra=row.extra)
    if row.items is not None:
        item = row.items
        return [_value(item, each, scope, f"{path}[{n}]") for n, each in enumerate(value)]
    return value


def _check_size(row: Field, value: Any) -> str | None:
    if row.size is None or row.size[0] <= len(value) <= row.size[1]:
        return None
    unit = "characters" if row.kind is Kind.STRING else "elements"
    return f"must have {row.size[0]} to {row.size[1]} {unit}, has {len(value)}"


def _check_range(row: Field, value: Any) -> str | None:
    if row.least is not None and value < row.least:
        return f"must not be smaller than {row.least}"
    if row.most is not None and value > row.most:
        return f"must not be greater than {row.most}"
    if row.above is not None and value <= row.above:
        return f"must be greater than {row.above}"
    return None


def _check_choice(row: Field, value: Any) -> str | None:
    if not row.one_of or value in row.one_of:
        return None
    return f"must be one of {', '.join(str(choice) for choice in row.one_of)}"


def _check_text(row: Field, value: Any) -> str | None:
    if row.forbidden and any(character in row.forbidden for character in value):
        return f"must not contain any of {row.forbidden}"
    if row.matches and not re.fullmatch(row.matches, value):
        return f"may only consist of {row.characters}"
    return None


_RULES = (_check_size, _check_range, _check_choice, _check_text)
