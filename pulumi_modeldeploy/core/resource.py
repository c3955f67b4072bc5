"""Base of resources: flattens what a program gave, and hands over to the engine's binding."""

from __future__ import annotations

import decimal
import enum
import importlib
import inspect
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import pulumi
from pulumi import Output

from pulumi_modeldeploy.core.declare import (
    Args,
    Declaration,
    Declared,
    Field,
    Shape,
    arg,
    each_object,
    view,
)

if TYPE_CHECKING:
    from typing_extensions import Self


class Resource(Declared, pulumi.CustomResource):
    """Base of resources: constructs, flattens to camelCase and hands over to the engine's binding.

    The binding is named, not imported: `core` knows no engine, and one class can register through
    a dynamic provider today and a packaged plugin later.
    """

    binding: ClassVar[str] = ""
    """`module:function` that registers a resource; the package's `__init__` sets it."""

    resource_name: str = arg(kw_only=False)
    """The name of the resource in the stack."""
    opts: pulumi.ResourceOptions | None = arg(kw_only=False, default=None)
    """Pulumi's resource options, as they were given."""

    def __init__(
        self, resource_name: str, opts: pulumi.ResourceOptions | None = None, **values: Any
    ) -> None:
        self._register(resource_name, opts, values)

    @classmethod
    def get(
        cls,
        resource_name: str,
        id: pulumi.Input[str],  # noqa: A002  (Pulumi's word)
        *,
        profile: pulumi.Input[str | None] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> Self:
        """Read an object that stays outside of the stack: it is never changed nor deleted.

        Its attributes are what the cloud shows, arguments included. What may hold secrets of
        whoever made it is encrypted in the state.

        Args:
            resource_name: The name of the resource in the stack.
            id: The object's id.
            profile: Named set of settings by which it is reached. Default: the plain ones.
            opts: Pulumi's resource options.

        Raises:
            pulumi.RunError: There is no such object, or it cannot be read; in previews too.
        """
        # Its constructor, maybe a program's own, wants the arguments of an object that is made.
        found = cls.__new__(cls)
        opts = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(id=id))
        found._register(resource_name, opts, {"profile": profile})
        return found

    def _register(
        self, resource_name: str, opts: pulumi.ResourceOptions | None, values: Mapping[str, Any]
    ) -> None:
        self.resource_name, self.opts = resource_name, opts
        given = {name: value for name, value in values.items() if value is not None}
        module, function = Resource.binding.split(":")
        register = getattr(importlib.import_module(module), function)
        register(self, resource_name, flatten(Declaration.of(type(self)), given), opts)

    def _read(self, name: str) -> Any:
        declaration = Declaration.of(type(self))
        item = declaration.args.get(name) or declaration.outputs[name]
        value = pulumi.get(self, item.key)
        if item.shape is Shape.SCALAR and item.type is not int:
            return value
        return value.apply(lambda state: view(item, state))

    def _write(self, name: str, value: Any) -> None:  # noqa: ARG002  (as the descriptors call it)
        raise AttributeError(f"{name} is set when the resource is constructed")


def flatten(declaration: Declaration, given: Mapping[str, Any]) -> dict[str, Any]:
    """Turn arguments (objects, dicts, Outputs at any depth) into the plain camelCase dict."""
    plain = {name: _flat(declaration.args.get(name), value) for name, value in given.items()}
    return declaration.to_state(plain)


def _flat(item: Field | None, value: Any) -> Any:
    """Flatten one value; what an Output resolves to is flattened when it does."""
    if isinstance(value, decimal.Decimal):
        return float(value)
    if isinstance(value, pulumi.CustomResource):
        value = value.id  # as the engine would take it
    if inspect.isawaitable(value):
        value = Output.from_input(value)
    if isinstance(value, Output):
        return value.apply(lambda resolved: Output.from_input(_renamed(item, resolved)))
    if isinstance(value, Args):
        value = vars(value)
    nested = item.nested if item else None
    if nested is not None and isinstance(value, Mapping):
        return {
            name: _flat(nested.args.get(name), one)
            for name, one in value.items()
            if one is not None
        }
    if isinstance(value, Mapping):
        return {str(key): _entry(one) for key, one in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_flat(item, one) for one in value]
    return value if _fits(value) else [[UNFIT]]


def _entry(value: Any) -> Any:
    """Flatten one entry of a free map; `None` is none, and the engine would drop it unseen."""
    if isinstance(value, Output):
        return value.apply(lambda resolved: Output.from_input(_entry(resolved)))
    return [[UNFIT]] if value is None else _flat(None, value)


UNFIT = "unfit"
"""Stands, in two lists, for what cannot go over the engine's wire: no argument is of that kind, so
the check names its place."""


def _fits(value: Any) -> bool:
    """Tell whether the engine's wire can carry a value: texts, and numbers that a double holds."""
    if isinstance(value, enum.Enum):
        value = value.value
    if isinstance(value, int | float):
        return abs(value) <= sys.float_info.max
    return value is None or isinstance(value, str)


def _renamed(item: Field | None, resolved: Any) -> Any:
    """Flatten and rename what an Output resolved to, since the outer renaming cannot see it."""
    return each_object(item, _flat(item, resolved), Declaration.to_state)
