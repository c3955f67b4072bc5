"""What a rule over a whole stack sees."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pulumi_modeldeploy.policy.views import View, about, entry, view_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

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

    def referred(self, view: View, key: str, kinds: Sequence[str]) -> set[str]:
        """What an argument refers to: its text, or the URN of the resource that it comes from.

        Args:
            view: A resource.
            key: The argument, as in the state.
            kinds: Ends of the types of resources that are referred to: where a text is not known
                before the update, what it comes from stands for it, if it is one of these.
        """
        resource = next(one for one, other in self._own if other is view)
        return set(references(resource, key, kinds))


def references(resource: PolicyResource, key: str, kinds: Sequence[str]) -> Iterator[str]:
    """Tell what a property of any resource refers to, see `Stack.referred`."""
    value = entry(resource.props, key)
    if isinstance(value, str):
        yield value
    for one in resource.property_dependencies.get(key, ()):
        if one.resource_type.rpartition(":")[2] in kinds:
            yield one.urn
