"""Changing the inputs of a resource in place, as remediations have to.

What a remediation hands back goes to the provider unchecked and into the state as it is. A copy
would lose what the engine knows of the inputs besides their values: that some are secret, and which
provider they belong to.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any, cast

from pulumi_modeldeploy.core.declare import Declaration
from pulumi_modeldeploy.policy.views import View, path_of


class Inputs:
    """The inputs of a resource.

    Attributes:
        changed: Whether anything was changed.
    """

    def __init__(self, service: View, bag: Mapping[str, Any]) -> None:
        """Prepare to change `bag`, which the engine handed over and `service` shows."""
        self.changed = False
        self._declaration, self._bag = service._declaration, bag  # noqa: SLF001

    def put(self, view: object, name: str, value: Any) -> None:
        """Set an argument.

        Args:
            view: The resource, or an object in its arguments, as the rule sees it.
            name: The argument.
            value: Its value, with names as in programs; it must be right, since nothing checks it.
        """
        declaration, bag = self._find(view)
        item = declaration.args[name]
        bag[item.key] = declaration.to_state({name: value})[item.key]
        self.changed = True

    def enter(self, view: object, name: str, key: str, value: str) -> None:
        """Add an entry to a free map, or set it; arguments as those of `put`."""
        declaration, bag = self._find(view)
        item = declaration.args[name]
        entries = bag.get(item.key)
        if isinstance(entries, Mapping):
            cast("MutableMapping[str, Any]", entries)[key] = value
            self.changed = True
        else:
            self.put(view, name, {key: value})

    def append(self, view: object, name: str, value: str) -> None:
        """Add an entry to a list of plain values; arguments as those of `put`."""
        declaration, bag = self._find(view)
        entries = bag.get(declaration.args[name].key)
        if not entries:
            self.put(view, name, [value])
            return
        # A new list of what the guard shows would hold in clear what is secret in the old one.
        (entries if isinstance(entries, list) else entries["__target"]).append(value)
        self.changed = True

    def _find(self, view: object) -> tuple[Declaration, MutableMapping[str, Any]]:
        """Walk to the object that a view shows."""
        declaration, bag = self._declaration, cast("Any", self._bag)
        for name, index in re.findall(r"(\w+)|\[(\d+)\]", path_of(view)):
            if index:
                bag = cast("Sequence[Any]", bag)[int(index)]
                continue
            item = declaration.args[name]
            declaration, bag = Declaration.of(item.type), bag[item.key]
        return declaration, bag
