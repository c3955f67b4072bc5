"""ZStack's query language: `q=name=demo&q=requestCpu>=4&sort=-name&limit=10`.

Sources: `RestServer` (parsing, the order in which operators are tried), `QueryFacadeImpl`. The
database compares texts without regard to case, and so does this.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from pulumi_modeldeploy.emulator.zstack_errors import INVALID, ApiError, TextError
from pulumi_modeldeploy.emulator.zstack_messages import Kind, Param, bind_query

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pulumi_modeldeploy.emulator.calls import Document

_LIMIT = 1000
_PARAMS = (
    Param("q", Kind.STRINGS),
    Param("limit", Kind.INT),
    Param("start", Kind.INT),
    Param("count", Kind.BOOLEAN),
    Param("replyWithCount", Kind.BOOLEAN),
    Param("groupBy"),
    Param("sort"),
)


class Condition(NamedTuple):
    """A condition; an element of a list meets it if one of its values does."""

    field: str
    operator: str
    value: str


class Query(NamedTuple):
    """A query string, understood."""

    values: Document
    conditions: list[Condition]
    wanted: list[str]

    @property
    def order(self) -> str:
        """The field to sort by, with its sign."""
        return str(self.values.get("sort", "")).strip()

    @property
    def fields(self) -> list[str]:
        """All fields that it names."""
        asked = [one.field.partition(".")[0] for one in self.conditions]
        named = (self.order.lstrip("+-"), self.values.get("groupBy"))
        return [*asked, *filter(None, named), *self.wanted]


def parse(pairs: Sequence[tuple[str, str]]) -> Query:
    """Understand a query string; raises `TextError`."""
    conditions = [_condition(text) for name, text in pairs if name == "q"]
    return Query(bind_query(_PARAMS, pairs), conditions, _wanted(pairs))


def run(query: Query, rows: Sequence[Document], fields: frozenset[str], kind: str) -> Document:
    """Answer a query over the documents of all objects; raises `ApiError`."""
    for name in query.fields:
        if name not in fields and not name.startswith("__"):
            raise ApiError(INVALID, f"inventory class[{kind}] not having field[{name}]")
    found = [row for row in rows if all(_meets(row, one) for one in query.conditions)]
    total = {"total": len(found)}
    if query.values.get("count"):
        return total
    found = _grouped(_sorted(found, query.order), query.values.get("groupBy"))
    start = max(0, query.values.get("start", 0))
    found = found[start : start + max(0, query.values.get("limit", _LIMIT))]
    if query.wanted:
        found = [{name: row[name] for name in query.wanted if name in row} for row in found]
    return {"inventories": found, **(total if query.values.get("replyWithCount") else {})}


def _wanted(pairs: Sequence[tuple[str, str]]) -> list[str]:
    """Return the fields to answer; of a repeated parameter only the first value is read."""
    given = [value for name, value in pairs if name == "fields"]
    return given[0].split(",") if given else []


def _sorted(rows: list[Document], order: str) -> list[Document]:
    if not order:
        return rows
    name = order.lstrip("+-")

    def key(row: Document) -> tuple[bool, float, str]:
        value = row.get(name)
        number = value if isinstance(value, (int, float)) else 0.0
        return (value is not None, number, _text(value).casefold())

    return sorted(rows, key=key, reverse=order.startswith("-"))


def _grouped(rows: list[Document], name: str | None) -> list[Document]:
    """Keep one row for each value."""
    if name is None:
        return rows
    first: dict[str, Document] = {}
    for row in rows:
        first.setdefault(_text(row.get(name)), row)
    return list(first.values())


# --- conditions -------------------------------------------------------------------------------


def _condition(text: str) -> Condition:
    for operator in _OPERATORS:
        name, found, value = text.partition(operator)
        if found:
            return Condition(name.strip(), operator, value)
    raise TextError(400, f"invalid query string[q={text}], no operator found")


def _meets(row: Document, condition: Condition) -> bool:
    values = _values(row, condition.field.split("."))
    return _OPERATORS[condition.operator](values, condition.value)


def _values(document: Any, way: list[str]) -> list[Any]:
    """Return the values at the end of a path, of every element of the lists on it."""
    if isinstance(document, list):
        return [value for item in document for value in _values(item, way)]
    if not way:
        return [] if document is None else [document]
    if not isinstance(document, dict):
        return []
    return _values(document.get(way[0]), way[1:])


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _equal(value: Any, wanted: str) -> bool:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        try:
            return value == float(wanted)
        except ValueError:
            return False
    return _text(value).casefold() == wanted.casefold()


def _compare(value: Any, wanted: str) -> int:
    if isinstance(value, (int, float)):
        try:
            number = float(wanted)
        except ValueError:
            number = 0.0  # as the database reads a text for a number
        return (value > number) - (value < number)
    left, right = _text(value).casefold(), wanted.casefold()
    return (left > right) - (left < right)


def _like(value: Any, pattern: str) -> bool:
    parts = (
        ".*" if character == "%" else "." if character == "_" else re.escape(character)
        for character in pattern
    )
    return re.fullmatch("".join(parts), _text(value), re.IGNORECASE | re.DOTALL) is not None


def _one_in(values: list[Any], wanted: str) -> bool:
    return any(_equal(value, one) for value in values for one in wanted.split(","))


#: In the order in which the server tries them: the first one that a condition contains wins.
#: A null value meets no condition but `is null`, as in SQL.
_OPERATORS: dict[str, Callable[[list[Any], str], bool]] = {
    "!=": lambda values, wanted: bool(values) and not any(_equal(each, wanted) for each in values),
    ">=": lambda values, wanted: any(_compare(each, wanted) >= 0 for each in values),
    "<=": lambda values, wanted: any(_compare(each, wanted) <= 0 for each in values),
    "!?=": lambda values, wanted: bool(values) and not _one_in(values, wanted),
    "!~=": lambda values, wanted: bool(values) and not any(_like(each, wanted) for each in values),
    "~=": lambda values, wanted: any(_like(each, wanted) for each in values),
    "?=": _one_in,
    "=": lambda values, wanted: any(_equal(each, wanted) for each in values),
    ">": lambda values, wanted: any(_compare(each, wanted) > 0 for each in values),
    "<": lambda values, wanted: any(_compare(each, wanted) < 0 for each in values),
    " is null": lambda values, _: not values,
    " not null": lambda values, _: bool(values),
}
