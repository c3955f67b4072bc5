"""Parameters of ZStack's messages: how the server binds them and what it checks by annotation.

Sources: `RestServer` and `TypeVerifier` (binding), `APIParam` and `ApiMessageParamValidator`
(checks and their texts). Binding follows Gson: keys that a message does not have are dropped
without a word, null is absent, texts are trimmed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

from pulumi_modeldeploy.emulator.zstack_errors import INTERNAL, INVALID, ApiError, TextError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pulumi_modeldeploy.emulator.calls import Document

#: The class that the server's texts name in place of the message, a quirk of it.
_VALIDATOR = "org.zstack.header.message.ApiMessageParamValidator"

_RESOURCE_UUID = re.compile(r"[0-9a-f]{12}[1-5][0-9a-f]{3}[89ab][0-9a-f]{15}")
_INTEGER = re.compile(r"[+-]?[0-9]+(\.0+)?")
_INT = range(-(2**31), 2**31)
_LONG = range(-(2**63), 2**63)


class Kind(Enum):
    """Types of parameters, by the words of Gson's complaints."""

    STRING = "a string"
    INT = "an int"
    LONG = "a long"
    BOOLEAN = "a boolean"
    STRINGS = "an array of strings"
    INTS = "an array of ints"
    OBJECTS = "an array of objects"
    STRING_MAP = "an object of strings"
    LISTS = "an object of arrays of strings"


@dataclass(frozen=True)
class Param:
    """One parameter of a message.

    `refers` names the type of the resource whose uuid it holds; with `lenient` that resource may be
    gone already. `width` is that of the database column, `longest` that of an annotation. `table`
    describes the objects of a list.
    """

    name: str
    kind: Kind = Kind.STRING
    required: bool = False
    one_of: tuple[str, ...] = ()
    longest: int | None = None
    width: int | None = None
    nonempty: bool = False
    refers: str = ""
    lenient: bool = False
    table: tuple[Param, ...] = ()


@dataclass
class Message:
    """What an API gets: its parameters, the tags beside them, and when it runs (milliseconds)."""

    values: Document
    system_tags: list[str] = field(default_factory=list)
    user_tags: list[str] = field(default_factory=list)
    at: int = 0

    def __getitem__(self, name: str) -> Any:
        """Return a parameter that is there."""
        return self.values[name]

    def get(self, name: str, default: Any = None) -> Any:
        """Return a parameter or else `default`."""
        return self.values.get(name, default)


# --- binding ----------------------------------------------------------------------------------


def bind(table: Sequence[Param], document: Mapping[str, Any]) -> Document:
    """Return the parameters that a message takes of a document; raises `TextError`."""
    return {
        row.name: _bound(row, document[row.name])
        for row in table
        if document.get(row.name) is not None
    }


def bind_query(table: Sequence[Param], pairs: Sequence[tuple[str, str]]) -> Document:
    """Return the parameters that a message takes of a query string; raises `TextError`."""
    document: Document = {}
    for row in table:
        many = row.kind in (Kind.STRINGS, Kind.INTS)
        pattern = re.compile(re.escape(row.name) + (r"(\.\d+)?" if many else ""))
        given = [value for name, value in pairs if pattern.fullmatch(name)]
        if many and given:
            document[row.name] = given
        elif len(given) > 1:
            raise TextError(400, f"the query parameter {row.name} has more than one value")
        elif given:
            document[row.name] = given[0]
    return bind(table, document)


def strings(document: Mapping[str, Any], name: str) -> list[str]:
    """Return a list of texts that stands beside the parameters; raises `TextError`."""
    bound = bind((Param(name, Kind.STRINGS),), document)
    return [text for text in bound.get(name, ()) if text is not None]


def _bound(row: Param, value: Any) -> Any:
    return _BINDERS[row.kind](row, value)


def _unfit(row: Param, value: Any) -> TextError:
    return TextError(500, f"{row.name}: expected {row.kind.value} but was {value!r}")


def _bound_string(row: Param, value: Any) -> str:
    """Gson makes texts of numbers and booleans."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (str, int, float)):
        return str(value).strip()
    raise _unfit(row, value)


def _bound_integer(row: Param, value: Any) -> int:
    text = "" if isinstance(value, bool) else str(value).strip()
    if not _INTEGER.fullmatch(text):
        raise TextError(
            400, f"[{row.name}] field is excepted an int or long, but was [{_java(value)}]."
        )
    number = int(text.partition(".")[0])
    if number not in (_LONG if row.kind is Kind.LONG else _INT):
        raise _unfit(row, value)
    return number


def _bound_boolean(row: Param, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise TextError(400, f"[{row.name}] field is excepted a boolean, but was [{_java(value)}].")


def _bound_list(row: Param, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise _unfit(row, value)
    item = Param(row.name, Kind.INT if row.kind is Kind.INTS else Kind.STRING)
    return [None if each is None else _bound(item, each) for each in value]


def _bound_objects(row: Param, value: Any) -> list[Any]:
    if not isinstance(value, list) or any(
        each is not None and not isinstance(each, dict) for each in value
    ):
        raise _unfit(row, value)
    return [None if each is None else bind(row.table, each) for each in value]


def _bound_map(row: Param, value: Any) -> Document:
    if not isinstance(value, dict):
        raise _unfit(row, value)
    inner = Kind.STRINGS if row.kind is Kind.LISTS else Kind.STRING
    item = Param(row.name, inner)
    return {key: None if each is None else _bound(item, each) for key, each in value.items()}


def _java(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


_BINDERS: dict[Kind, Callable[[Param, Any], Any]] = {
    Kind.STRING: _bound_string,
    Kind.INT: _bound_integer,
    Kind.LONG: _bound_integer,
    Kind.BOOLEAN: _bound_boolean,
    Kind.STRINGS: _bound_list,
    Kind.INTS: _bound_list,
    Kind.OBJECTS: _bound_objects,
    Kind.STRING_MAP: _bound_map,
    Kind.LISTS: _bound_map,
}


# --- annotations ------------------------------------------------------------------------------


def check(table: Sequence[Param], values: Document) -> None:
    """Check what the annotations of a message say; raises `ApiError`."""
    for row in table:
        if row.name not in values:
            if row.required:
                raise _invalid(row, "is mandatory, can not be null")
            continue
        for rule in _RULES:
            rule(row, values[row.name])


def check_resource_uuid(values: Document) -> None:
    """Check a uuid that the client chose; raises `ApiError`."""
    uuid = values.get("resourceUuid")
    if uuid is not None and not _RESOURCE_UUID.fullmatch(uuid):
        raise ApiError(INVALID, f"resourceUuid[{uuid}] is not a valid uuid")


def check_width(table: Sequence[Param], values: Document) -> None:
    """Check what the database holds; raises `ApiError`. Lengths are not annotated."""
    for row in table:
        value = values.get(row.name)
        if row.width is not None and isinstance(value, str) and len(value) > row.width:
            raise ApiError(INTERNAL, f"Data truncation: Data too long for column '{row.name}'")


def _invalid(row: Param, problem: str) -> ApiError:
    return ApiError(INVALID, f"field[{row.name}] of message[{_VALIDATOR}] {problem}")


def _check_choice(row: Param, value: Any) -> None:
    if row.one_of and value not in row.one_of:
        raise ApiError(
            INVALID,
            f"valid value for field[{row.name}] of message[{_VALIDATOR}] are "
            f"[{', '.join(row.one_of)}], but {value} found",
        )


def _check_length(row: Param, value: Any) -> None:
    if row.longest is not None and len(value) > row.longest:
        raise _invalid(
            row,
            f"exceeds max length of string. expected was <= {row.longest}, actual was {len(value)}",
        )


def _check_list(row: Param, value: Any) -> None:
    if not isinstance(value, list):
        return
    if row.nonempty and not value:
        raise _invalid(row, "must be a nonempty list")
    if None in value:
        raise _invalid(row, "cannot contain a NULL element")


_RULES: tuple[Callable[[Param, Any], None], ...] = (_check_choice, _check_length, _check_list)
