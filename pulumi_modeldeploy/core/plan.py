"""What check and diff decide: generation, name, what changed, whether what runs is what should."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pulumi_modeldeploy.core import diff, inputs
from pulumi_modeldeploy.core.declare import ADOPT, PROFILE, Change
from pulumi_modeldeploy.core.values import UNKNOWN
from pulumi_modeldeploy.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable

    from pulumi_modeldeploy.core.identity import Identity
    from pulumi_modeldeploy.core.table import Table
    from pulumi_modeldeploy.core.values import Json, Values

WAS = "was"
"""Key of the bookkeeping: what an update changes of what policies compare, as it was deployed last,
since they see no old values; no part of what a resource is."""
HIDDEN = "hidden"
"""Stands there for what was secret."""


@dataclass
class Memory:
    """What one provider process has seen of one run, by URN.

    Attributes:
        before: Identities of resources that were checked with old inputs: an empty check after
            that is a replacement.
        gone: Resources whose old object was found missing when a replacement was decided.
        created: Ids that create returned in this run.
        replaced: Ids of objects that this run replaces.
        kept: Ids that this run keeps: after a forced replacement that resumed the old object, the
            engine asks to delete it, in the next run at the latest.
        asked: What a program newly asks a resource to adopt that exists already.
        holders: Which resource has an object in this run, by what tells objects apart.
        checked: What the check of an update answered.
        mended: What policies changed of that, where a replacement was decided: the engine checks
            once more what the program gave, and deploys the answer.
    """

    before: dict[str, Identity] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    created: dict[str, str] = field(default_factory=dict)
    replaced: set[str] = field(default_factory=set)
    kept: dict[str, str] = field(default_factory=dict)
    asked: dict[str, str] = field(default_factory=dict)
    holders: dict[Hashable, str] = field(default_factory=dict)
    checked: dict[str, Values] = field(default_factory=dict)
    mended: dict[str, Values] = field(default_factory=dict)

    def adopts(self, urn: str, old: Identity | None, *, asked: bool) -> bool:
        """Tell whether a resource's object is one that was there before.

        What takes the place of an old object is made anew, whatever the program still asks for; but
        what it asks for only now takes that place.
        """
        if old is not None:
            return old.adopted
        return asked and (urn not in self.before or urn in self.asked)

    def holds(self, urn: str, thing: Hashable) -> bool:
        """Note that a resource has an object; `False`: another one of this run has it."""
        return self.holders.setdefault(thing, urn) == urn

    def let_go(self, urn: str) -> None:
        """Forget which objects a resource has: taking them over failed."""
        for thing, holder in tuple(self.holders.items()):
            if holder == urn:
                del self.holders[thing]

    def note_update(self, urn: str, olds: Values, values: Values, answer: Values) -> None:
        """Note the check of an update: what it was asked, and what it answered."""
        self.checked[urn] = answer
        if isinstance(values.get(ADOPT), str) and values[ADOPT] != olds.get(ADOPT):
            self.asked[urn] = values[ADOPT]

    def mend(self, table: Table, urn: str, news: Values) -> None:
        """Note what policies changed between the check of an update and its diff."""
        checked = inputs.normalise(table.declaration, self.checked.get(urn, news))
        names = {name: news.get(name) for name in {*checked, *news}}
        self.mended[urn] = {
            name: value for name, value in names.items() if value != checked.get(name)
        }

    def generation(self, urn: str, old: Identity | None, *, delete_first: bool) -> int:
        """Decide the generation: it goes up when a replacement leaves the old object alive.

        Not when the old one goes first, and not when it is gone already: an interrupted
        delete-first replacement of a dependent may have created the new one under this
        generation, and going up would leave that behind.
        """
        if old is not None:
            self.before[urn] = old
            self.gone.discard(urn)
            return old.generation
        self.kept.pop(urn, None)
        before = self.before.get(urn)
        if before is None:
            return 0
        return before.generation + (0 if delete_first or urn in self.gone else 1)

    def has_elsewhere(self, urn: str, mark: str) -> bool:
        """Tell whether this run saw a mark in the old inputs of another resource.

        An alias does that: the object keeps its old mark until its resource is updated, and a new
        resource under the old name computes the same one.
        """
        # A copy: checks of other resources go on in other threads.
        before = tuple(self.before.items())
        return any(old.mark == mark for other, old in before if other != urn)


def profile_of(values: Values) -> str:
    """The profile that a resource is reached by; empty: none.

    Raises:
        SettingsError: It is not known yet.
    """
    profile = values.get(PROFILE)
    if profile is UNKNOWN:
        raise SettingsError(
            f"{PROFILE}: must be known before anything is deployed, since it says where: give a "
            "text, not an output of a resource"
        )
    # What is no text is refused by the check.
    return profile if isinstance(profile, str) else ""


def fill_name(
    table: Table,
    resource_name: str,
    values: Values,
    olds: Values,
    mark: str,
    *,
    adopted: bool = False,
) -> None:
    """Fill in the automatic name; a name once given or made stays until a replacement.

    What was there before has a name already.
    """
    if table.naming is None or values.get(table.naming.argument) is not None:
        return
    kept = olds.get(table.naming.argument)
    if kept or not adopted:
        values[table.naming.argument] = kept or table.naming.automatic(resource_name, mark)


def renamed(table: Table, resource_name: str, values: Values, old: str, new: str) -> Values:
    """Give arguments the automatic name of another mark, if theirs is an automatic one, or none."""
    if table.naming is None:
        return values
    name, make = table.naming.argument, table.naming.automatic
    mine = values.get(name) in (None, make(resource_name, old))
    return {**values, name: make(resource_name, new)} if mine else values


def once(table: Table, values: Values) -> Values:
    """Take the arguments that count only when a resource is created."""
    declared = table.declaration.args.values()
    names = [item.name for item in declared if item.column.change is Change.ONCE]
    return {name: one for name, one in values.items() if name in names}


def lasting(table: Table, values: Values) -> Values:
    """Leave out arguments that count only when a resource is created."""
    first = once(table, values)
    return {name: one for name, one in values.items() if name not in first}


def managed(table: Table, identity: Identity | None, state: Values, inputs: Values) -> Values:
    """Leave out of a state the name that an adopted object has and that nobody gave."""
    name = table.naming.argument if table.naming else ""
    if identity is None or not identity.adopted or inputs.get(name) is not None:
        return state
    return {key: one for key, one in state.items() if key != name}


def changes(table: Table, olds: Values, news: Values) -> list[diff.Difference]:
    """List the arguments that differ from the state, given with its outputs."""
    known = {**olds, **inputs.normalise(table.declaration, olds)}
    return diff.compare(table.declaration, known, news)


def replacing(table: Table, olds: Values, news: Values) -> list[str]:
    """Name the arguments of which only a new object can have the new value."""
    always = [one.name for one in changes(table, olds, news) if one.replaces]
    old = inputs.normalise(table.declaration, olds)
    frozen = (name for name in table.frozen(old, news) if name not in always)
    return [*always, *frozen]


def unless_fleeting(table: Table, olds: Values, state: Values) -> Values:
    """Answer a state, with the old fleeting outputs where nothing else is new."""
    old = {name: one for name, one in olds.items() if name in table.fleeting}
    rest = {name: one for name, one in state.items() if name not in table.fleeting}
    same = rest == {name: one for name, one in olds.items() if name not in table.fleeting}
    return {**state, **old} if same else state


def strays(table: Table, olds: Values, news: Values) -> bool:
    """Tell whether what runs contradicts what should."""
    goal = table.goals.get(news.get(table.desired, ""))
    status = olds.get("status")
    if goal is None or status is None or status in goal.satisfied:
        return False
    return status not in table.stops_itself(news)


def was(table: Table, olds: Values, news: Values, secrets: Collection[str]) -> dict[str, Any]:
    """Tell for the bookkeeping what was deployed last, where an update changes that.

    Args:
        table: The resource's table.
        olds: Arguments of the last deployment; empty: there is none.
        news: Those of this one.
        secrets: Paths of arguments that were secret in the last one.
    """
    if not table.told or not olds:
        return {}
    before, found = inputs.normalise(table.declaration, olds), dict[str, Any]()
    for name, told in table.told.items():
        old = told.read(before)
        if old and old != told.read(news):
            hidden = any(re.fullmatch(told.paths, path) for path in secrets)
            found[name] = HIDDEN if hidden else old
    return {WAS: found} if found else {}


def is_hopeless(table: Table, olds: Values) -> bool:
    """Tell whether only a new object can be what is wanted."""
    return olds.get("status") in table.hopeless


def is_leaving(table: Table, document: Json) -> bool:
    """Tell whether an object is on its way out: to the user it does not exist any more."""
    return table.sight(document).status in table.leaving
