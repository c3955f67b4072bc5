"""What a rule over a whole stack sees."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

from pulumi_modeldeploy.core.values import camel
from pulumi_modeldeploy.policy.views import View, about, view_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pulumi_policy import PolicyResource

V = TypeVar("V", bound=View)


class Stack:
    """The resources of a stack: what they will be in a preview, what they are after an update.

    Attributes:
        others: Resources of other packages, as Pulumi's SDK shows them.
    """

    def __init__(self, resources: Sequence[PolicyResource]) -> None:
        """Sort the resources of a stack, by name too; what it only reads is left out."""
        # They come as they were ready, and each run is to say the same.
        ordered = sorted(resources, key=lambda one: one.urn)
        seen = [(one, view_of(one)) for one in ordered]
        self._own = [(one, view) for one, view in seen if view and not about(view).external]
        self.others = [one for one, view in seen if view is None]

    def of(self, kind: type[V]) -> list[V]:
        """The resources of one kind."""
        return [view for _, view in self._own if isinstance(view, kind)]

    def source(self, view: View, path: str, kinds: Sequence[str]) -> str | None:
        """The URN of what an argument comes from: it stands for a value that is not known yet.

        Args:
            view: A resource.
            path: Its argument, or a place in it, as `at` writes it.
            kinds: Ends of the types of resources that count.

        Returns:
            `None` if it comes from none of these, or from several: nobody knows from which.
        """
        resource = next(one for one, other in self._own if other is view)
        argument = re.split(r"[.\[]", path)[0]
        return source(resource, camel(argument), kinds)


def source(resource: PolicyResource, key: str, kinds: Sequence[str]) -> str | None:
    """The URN of what a property of any resource comes from, see `Stack.source`."""
    found = {
        one.urn
        for one in resource.property_dependencies.get(key, ())
        if one.resource_type.rpartition(":")[2] in kinds
    }
    return found.pop() if len(found) == 1 else None
