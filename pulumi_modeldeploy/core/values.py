"""Values as the core sees them: plain JSON-like data in which a leaf may not be known yet.

Names of arguments are snake_case inside the core. Only two borders know other spellings: state and
engine (camelCase, `core/declare`) and the cloud (its own spelling, `core/wire`).
"""

from __future__ import annotations

import enum
import functools
import json
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

Values: TypeAlias = dict[str, Any]
"""Arguments or outputs of one resource (or nested object), by snake_case name."""

Json: TypeAlias = dict[str, Any]
"""A document of the cloud, in its own spelling."""


class Unknown(enum.Enum):
    """The type of `UNKNOWN`, so that a checker can tell it from a value."""

    VALUE = "unknown"

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown.VALUE
"""A value that the engine will only know after something else has been deployed."""


def has_unknown(value: object) -> bool:
    """Tell whether `value` is, or holds at any depth, something unknown."""
    if isinstance(value, Mapping):
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(has_unknown(item) for item in value)
    return value is UNKNOWN


def is_empty(value: object) -> bool:
    """Tell whether `value` is what clouds leave out of an answer: null, "", 0, false, {}, []."""
    return value is None or value in ("", 0, {}, [])


def unpacked(value: Any) -> Any:
    """Take JSON out of a text; what is none stays as it is."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


@functools.cache
def camel(name: str) -> str:
    """Spell a snake_case name the way state and engine do: `gpu_p4` is `gpuP4`."""
    head, *tail = name.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in tail)
