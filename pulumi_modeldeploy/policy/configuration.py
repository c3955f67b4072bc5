"""Settings of rules: a dataclass each, from which JSON schema, reading and pages follow."""

from __future__ import annotations

import dataclasses
import difflib
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from pulumi_policy import PolicyConfigSchema

from pulumi_modeldeploy.core.values import camel
from pulumi_modeldeploy.errors import SettingsError

if TYPE_CHECKING:
    from typing_extensions import Self


def setting(default: Any, text: str, *, wakes: bool = False, **schema: Any) -> Any:
    """Declare a setting of a rule.

    Args:
        default: What holds where nothing is configured.
        text: What it means, for the rule's page.
        wakes: Whether the rule says nothing until this is configured, or another one that wakes it.
        schema: Further words of JSON schema, such as `minimum=1`.
    """
    words = {"text": text, "schema": schema, "default": default, "wakes": wakes}
    return dataclasses.field(default_factory=lambda: default, metadata=words)


_ITEMS: Mapping[Any, str] = {str: "string", int: "integer", float: "number", bool: "boolean"}


@dataclass(frozen=True)
class Settings:
    """Base of the settings of rules, each a line of a frozen dataclass: see `setting`.

    A setting is a `str`, `int`, `float`, `bool`, a tuple of these, or a mapping from texts to
    these. In configurations its name is camelCase. A class may check more in `__post_init__`, by
    `SettingsError`.
    """

    _resolved: ClassVar[Mapping[str, Any]]

    @classmethod
    def lines(cls) -> dict[str, dataclasses.Field[Any]]:
        """The settings, by their names in configurations.

        Raises:
            TypeError: One is not declared by `setting`.
        """
        found = {camel(item.name): item for item in dataclasses.fields(cls)}
        for name, item in found.items():
            if "text" not in item.metadata:
                raise TypeError(f"{cls.__name__}: {name} must be declared by setting(...)")
        return found

    @classmethod
    def needs(cls) -> list[str]:
        """Settings of which one must be configured before the rule says anything; none: it does."""
        return [name for name, item in cls.lines().items() if item.metadata["wakes"]]

    @classmethod
    def _types(cls) -> Mapping[str, Any]:
        """The types of the lines, which take a while to resolve."""
        if "_resolved" not in vars(cls):
            # A type checker's import is enough for what settings may be.
            cls._resolved = typing.get_type_hints(cls, localns={"Mapping": Mapping})
        return cls._resolved

    @classmethod
    def schema(cls) -> PolicyConfigSchema | None:
        """The JSON schema that the engine checks configurations by."""
        hints = cls._types()
        properties = {
            name: {
                **_schema(hints[item.name]),
                **item.metadata["schema"],
                "default": _json(item.metadata["default"]),
                "description": item.metadata["text"],
            }
            for name, item in cls.lines().items()
        }
        return PolicyConfigSchema(properties) if properties else None

    @classmethod
    def read(cls, rule: str, configuration: Mapping[str, Any]) -> Self:
        """Take over a configuration.

        Args:
            rule: Name of the rule, for messages.
            configuration: Its settings, by their names in configurations.

        Raises:
            SettingsError: There is no such setting, or its value is of another type or size.
        """
        hints, values = cls._types(), {}
        for name, value in configuration.items():
            item = cls.lines().get(name)
            if item is None:
                raise SettingsError(f"{rule}: {unknown(name, 'setting', cls.lines())}")
            try:
                values[item.name] = _value(hints[item.name], value)
                _bounds(values[item.name], item.metadata["schema"])
            except (TypeError, ValueError) as error:
                raise SettingsError(f"{rule}: {name} must be {error}") from None
        try:
            return cls(**values)
        except SettingsError as error:
            raise SettingsError(f"{rule}: {error}") from None


def unknown(name: str, kind: str, names: Iterable[str]) -> str:
    """Say that a name is none of its kind, and which one may be meant."""
    near = difflib.get_close_matches(name, list(names), n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(names) or 'none'}"
    return f"{name} is no {kind}: {hint}"


def _schema(hint: Any) -> dict[str, Any]:
    """Write a type as JSON schema."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is tuple:
        return {"type": "array", "items": _schema(inner[0])}
    if origin is Mapping:
        return {"type": "object", "additionalProperties": _schema(inner[1])}
    if hint not in _ITEMS:
        raise TypeError(f"{hint} is no type of a setting: see Settings")
    return {"type": _ITEMS[hint]}


def _json(value: Any) -> Any:
    """Write a default as JSON."""
    if isinstance(value, tuple):
        return list(value)
    return dict(value) if isinstance(value, Mapping) else value


def _value(hint: Any, value: Any) -> Any:
    """Read JSON as a type; the engine hands over every number as a float."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is tuple and isinstance(value, list | tuple):
        return tuple(_value(inner[0], one) for one in value)
    if origin is Mapping and isinstance(value, Mapping):
        pairs = {key: _value(inner[1], one) for key, one in value.items()}
        return types.MappingProxyType(pairs)
    if origin is None and isinstance(value, bool) == (hint is bool):
        if hint is int and isinstance(value, float) and value.is_integer():
            value = int(value)
        if hint is float and isinstance(value, int):
            value = float(value)
        if isinstance(value, hint):
            return value
    raise TypeError(_words(hint))


def _bounds(value: Any, schema: Mapping[str, Any]) -> None:
    if "minimum" in schema and value < schema["minimum"]:
        raise ValueError(f"at least {schema['minimum']}")
    if "maximum" in schema and value > schema["maximum"]:
        raise ValueError(f"at most {schema['maximum']}")


def _words(hint: Any) -> str:
    """Name a type as a message does."""
    kind = _schema(hint)
    plural = {"array": "a list of {}s", "object": "an object of {}s"}.get(kind["type"])
    inner = kind.get("items") or kind.get("additionalProperties") or {}
    return plural.format(inner["type"]) if plural else f"of type {kind['type']}"
