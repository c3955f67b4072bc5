"""A lock on an object: what it forbids is refused in words; it is lifted first and set last."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pulumi_modeldeploy.core import wire
from pulumi_modeldeploy.core.checks import Problem
from pulumi_modeldeploy.core.operation import look_again
from pulumi_modeldeploy.core.plan import changes, replacing
from pulumi_modeldeploy.core.values import has_unknown
from pulumi_modeldeploy.errors import AmbiguousError, Refused, WaitFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from pulumi_modeldeploy.core.http import Call
    from pulumi_modeldeploy.core.operation import Operation
    from pulumi_modeldeploy.core.table import Table
    from pulumi_modeldeploy.core.values import Json, Values
    from pulumi_modeldeploy.errors import ModelDeployError

CHANGE, DELETE = "be changed", "be deleted"
"""What a lock may forbid, besides what a goal's `doing` says."""


@dataclass(frozen=True)
class Lock:
    """How a cloud locks its objects.

    Attributes:
        argument: The argument that says which lock is wanted.
        call: The call that sets it; it gets `{id}`.
        body: Builds its body.
        levels: What each lock forbids, the weakest first.
    """

    argument: str
    call: Call
    body: Callable[[str], Json]
    levels: Mapping[str, Collection[str]]

    @property
    def open(self) -> str:
        """The level of what is not locked."""
        return next(iter(self.levels))

    def told(self, doing: str) -> str:
        """Say what a lock forbids, and the way around that."""
        return f'says that it cannot {doing}: give "{self.open}", run `pulumi up`, and do it then'

    def strength(self, level: Any) -> int:
        """Tell how strong a lock is; one that no page lists forbids nothing that we know of."""
        return list(self.levels).index(level) if level in self.levels else 0


def forbids(table: Table, olds: Values, values: Values) -> list[Problem]:
    """List what a lock that stays forbids of what a program asks for, as far as that is known."""
    lock = table.lock
    if lock is None or olds.get(lock.argument) is None:
        return []
    before, wanted = olds[lock.argument], values.get(lock.argument)
    stays = before if lock.strength(before) <= lock.strength(wanted) else wanted
    found = (one for one in changes(table, olds, values) if not has_unknown(one.new))
    changed = {one.name for one in found} - {lock.argument}
    replaced = not changed.isdisjoint(replacing(table, olds, values))
    goal = table.goals.get(values.get(table.desired, "")) if table.desired in changed else None
    doing = [
        # The old object keeps its own lock until it is deleted.
        (DELETE, before, replaced),
        (CHANGE, stays, not replaced and bool(changed - {table.desired})),
        (goal.doing if goal else "", stays, not replaced and goal is not None),
    ]
    return [
        Problem(lock.argument, lock.told(what), f"{lock.argument}.locked", f"is {level}")
        for what, level, due in doing
        if due and what in lock.levels.get(str(level), ())
    ]


def must_allow(op: Operation, identifier: str, document: Json, doing: str) -> None:
    """See that no lock forbids a call, before it is sent.

    Raises:
        Refused: One does.
    """
    lock = op.table.lock
    if lock is None:
        return
    level = _level(op, lock, document)
    if doing in lock.levels.get(str(level), ()):
        raise Refused(
            f"{op.table.kind} {identifier} is locked ({lock.argument} {level}) and cannot {doing}; "
            f'that was not sent. Give {lock.argument}="{lock.open}", run `pulumi up`, and do it '
            "then"
        )


def lift(op: Operation, identifier: str, values: Values, olds: Values, document: Json) -> Json:
    """Lift or weaken a lock, if that is wanted, before anything else is done."""
    lock = op.table.lock
    if lock is None:
        return document
    wanted = _wanted(op, lock, values, olds)
    weaker = lock.strength(wanted) < lock.strength(_level(op, lock, document))
    return _set(op, lock, identifier, wanted, document) if wanted and weaker else document


def fasten(op: Operation, identifier: str, values: Values, olds: Values, document: Json) -> Json:
    """Lock what has come to be as it should, if that is wanted."""
    lock = op.table.lock
    if lock is None:
        return document
    return _set(op, lock, identifier, _wanted(op, lock, values, olds), document)


def _wanted(op: Operation, lock: Lock, values: Values, olds: Values) -> Any:
    """The lock that there should be; `None`: that is not ours to say."""
    if values.get(lock.argument) is None and olds.get(lock.argument) is not None:
        return op.table.declaration.args[lock.argument].on_removal
    return values.get(lock.argument)


def _level(op: Operation, lock: Lock, document: Json) -> Any:
    return wire.pick(document, op.table.declaration.args[lock.argument].reads)


def _set(op: Operation, lock: Lock, identifier: str, wanted: Any, document: Json) -> Json:
    """Set a lock, unless it is set; an answer that got lost, or is not true, means looking again.

    Raises:
        WaitFailed: It does not become what it was set to.
    """
    for attempt in itertools.count(1):
        if wanted in (None, _level(op, lock, document) or lock.open):
            break
        op.say(f"updating {lock.argument}")
        lost: ModelDeployError | None = None
        try:
            op.call(lock.call, lock.body(wanted), id=identifier)
        except AmbiguousError as error:
            lost = error
        else:
            document = op.wait(op.table.settled, identifier)
            if _level(op, lock, document) != wanted:
                lost = WaitFailed(
                    f"{op.table.kind} {identifier} does not take {lock.argument} {wanted} on"
                )
        if lost is not None:
            look_again(op, lost, attempt)
            document = op.wait(op.table.settled, identifier)
    return document
