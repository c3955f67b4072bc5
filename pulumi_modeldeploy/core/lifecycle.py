"""The verbs, over a table per resource. No cloud is named here.

Every verb is level-triggered: it looks first, does what is missing, and may be interrupted at any
moment and run again.
"""

from __future__ import annotations

import string
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pulumi_modeldeploy.core import wire
from pulumi_modeldeploy.core.converge import (
    TRIES,
    must_be_at_home,
    must_be_right,
    reach_goal,
    update,
)
from pulumi_modeldeploy.core.declare import Change, Removal
from pulumi_modeldeploy.core.operation import MOST_JOBS
from pulumi_modeldeploy.core.plan import is_leaving, replacing, strays
from pulumi_modeldeploy.core.stored import keep, read_back, state_of
from pulumi_modeldeploy.errors import (
    AmbiguousError,
    ApiError,
    JobFailed,
    JobOver,
    ModelDeployError,
    Refused,
)

if TYPE_CHECKING:
    from pulumi_modeldeploy.core.http import Call
    from pulumi_modeldeploy.core.operation import Operation
    from pulumi_modeldeploy.core.table import Table
    from pulumi_modeldeploy.core.values import Json, Values

__all__ = ["create", "delete", "read", "update"]

SKEW = 300.0
"""Seconds by which the cloud's clock may differ from ours when an age is compared."""


def create(op: Operation, values: Values) -> tuple[str, Values]:
    """Make the object, or go on with what an interrupted create left behind.

    Looks before it sends: what carries our mark is resumed, anything else in the way is refused.
    An answer that got lost is not believed either way; the next look decides.

    Returns:
        Its id and its state.

    Raises:
        Refused: An object stands in the way that is not ours, or not surely.
        NotReady: It exists but is not ready; the id must be stored.
    """
    must_be_right(op.table, values, op.settings)
    dressed = op.table.dress(op, values)
    tries = _Tries()
    while True:
        found, body = _find(op, values), _create_body(op, dressed)
        if found is not None:
            _must_be_ours(op, dressed, body, found, tries.sent)
            if not _starts_over(op, values, found):
                return _resume(op, values, body, found)
        elif isinstance(tries.lost, JobFailed):
            _choose_again(op, values, tries)
            continue
        elif not tries.left:
            raise Refused(
                f"{tries.lost}; after {TRIES} tries no {op.table.kind} of this resource is to be "
                "found. Run `pulumi up` again, and if the name is said to be taken, give another"
            ) from tries.lost
        answer = _send(op, values, body, tries)
        identifier = op.identify(values, answer) if answer is not None else ""
        if identifier:
            return identifier, _bring_up(op, identifier, values)


@dataclass
class _Tries:
    """What the tries of a create came to.

    Attributes:
        left: How many there may still be.
        jobs: How many jobs of earlier tries, maybe of other runs, were found.
        sent: When a call was sent whose answer got lost.
        lost: What the last try came to.
    """

    left: int = TRIES
    jobs: int = 0
    sent: float | None = None
    lost: ModelDeployError | None = None


def _send(op: Operation, values: Values, body: Json, tries: _Tries) -> Json | None:
    """Send the creating call once; `None` where only a look can tell what came of it."""
    call, began = op.table.create, op.client.clock.wall()
    job = op.job_of(body, tries.jobs)
    try:
        answer = op.call(call, body, job=job, **_places(call, values))
    except JobOver as error:
        tries.jobs, tries.lost = tries.jobs + 1, error
        tries.left = tries.left if tries.jobs < MOST_JOBS else 0
        return None
    except (AmbiguousError, ApiError) as error:
        refused = isinstance(error, ApiError) and error.code not in op.client.dialect.taken
        if refused and not isinstance(error, JobFailed):
            raise
        op.say(f"{call.operation} may have happened, looking for its {op.table.kind}")
        taken = isinstance(error, JobFailed) and error.code in op.client.dialect.taken
        if tries.sent is None and not taken:
            tries.sent = began
        tries.left, tries.lost = tries.left - 1, error
        return None
    if not op.identify(values, answer):
        lost = AmbiguousError(f"{call.operation}: the answer names no object")
        tries.left, tries.lost = tries.left - 1, lost
    return answer


def _places(call: Call, values: Values) -> dict[str, Any]:
    """Fill those placeholders of a call that are arguments."""
    names = [name for _, name, _, _ in string.Formatter().parse(call.path) if name]
    return {name: str(values[name]) for name in names if name in values}


def _choose_again(op: Operation, values: Values, tries: _Tries) -> None:
    """Choose another id, if the cloud says that somebody has ours and nobody is to be found.

    Raises:
        JobFailed: It says something else, or there is no other id.
    """
    failed, choice = tries.lost, op.choice + 1
    taken = isinstance(failed, ApiError) and failed.code in op.client.dialect.taken
    if failed is not None and not (taken and choice < len(op.own_ids(values)) and tries.left):
        raise failed
    op.choice, tries.lost = choice, None


def _find(op: Operation, values: Values) -> Json | None:
    """Find what stands where the object should be, once what is being deleted has gone."""
    found = op.table.find(op, values)
    if found is None or not is_leaving(op.table, found):
        return found
    op.wait(op.table.gone, op.identify(values, found))
    return op.table.find(op, values)


def _create_body(op: Operation, values: Values) -> Json:
    table = op.table
    if table.chosen:
        values = {**values, table.chosen.argument: op.own_id(values)}
    if table.body is not None:
        return table.body(values, op.identity)
    return wire.body(table.declaration, values)


def _must_be_ours(
    op: Operation, dressed: Values, body: Json, found: Json, sent: float | None
) -> None:
    """Refuse an object that is not this resource's, or too old to be left by an interrupted run."""
    table, now = op.table, op.client.clock.wall()
    what = f"a {table.kind} {op.identify(dressed, found)}"
    age, mark = table.age(op, found), _mark_of(op, dressed, body, found)
    appeared = sent is not None and age <= now - sent + SKEW
    if appeared and not mark and not _writes_mark(op, dressed):
        # Absent before our call, present after it, newer than it, and we would have written no
        # mark either: nobody else's.
        return
    own = " or ".join(table.exclusive)
    if mark != op.identity.mark:
        raise Refused(
            f"{what} has this {own} already and is not this resource's (it carries "
            f"{'the mark of another resource' if mark else 'no mark'}); it was not touched. Give "
            f"this resource another {own}, or delete that one first."
        )
    if op.kept_elsewhere(mark):
        raise Refused(
            f"{what} carries this resource's mark, but in this run another resource has it (one "
            "that was renamed, with an alias); it was not touched. Run `pulumi up` once without "
            "this resource, which writes the other one's mark, and then with it."
        )
    if age > op.settings.resume_seconds:
        raise Refused(
            f"{what} carries this resource's mark but is {age / 3600:.0f} hours old, longer than "
            f"an interrupted run explains ({op.settings.resume_seconds / 3600:g} hours); it was "
            "not touched. If this is a forced replacement (--replace, a taint), give the resource "
            "delete_before_replace=True for it. If it was left by an interrupted run, raise "
            f"`modeldeploy:resumeWithin`; else give this resource another {own}."
        )


def _mark_of(op: Operation, values: Values, body: Json, found: Json) -> str:
    """Tell whose an object is: an id made of our mark is ours, a given one needs a proof."""
    chosen, written = op.table.chosen, op.table.mark_of(found)
    if chosen is None or written:
        return written
    ours = values.get(chosen.argument) is None or op.made(body, found)
    return op.identity.mark if ours else ""


def _writes_mark(op: Operation, dressed: Values) -> bool:
    """Tell whether the object as we send it carries our mark."""
    sent = wire.body(op.table.declaration, dressed)
    return op.table.mark_of(sent) == op.identity.mark


def _starts_over(op: Operation, values: Values, found: Json) -> bool:
    """Delete what an interrupted run left if it was never ready and cannot become what is wanted.

    Raises:
        Refused: It was ready once: deleting it is for the user to decide.
    """
    table = op.table
    frozen = _frozen(table, values, table.undress(found))
    if not frozen:
        return False
    identifier = op.identify(values, found)
    if not table.never_ready(found):
        raise Refused(
            f"a {table.kind} {identifier} of an interrupted run exists with another "
            f"{', '.join(frozen)}, which cannot be changed in place; it was not touched. Delete "
            "it, or go back to the former value for one run."
        )
    op.say(f"deleting {identifier} of an interrupted run: its {', '.join(frozen)} cannot change")
    delete(op, identifier, wire.read(table.declaration, table.undress(found), None))
    return True


def _frozen(table: Table, values: Values, found: Json) -> list[str]:
    """Name the arguments that only a new object can have as they are wanted now."""
    declaration = table.declaration
    actual = wire.read(declaration, found, values)
    frozen = replacing(table, actual, values)
    whole = wire.read(declaration, found, None)
    for name, item in declaration.args.items():
        taken_away = values.get(name) is None and whole.get(name) not in (None, item.column.implied)
        if taken_away and item.on_removal is Removal.REPLACE and not item.column.follows:
            frozen.append(name)
    return frozen


def _resume(op: Operation, values: Values, body: Json, found: Json) -> tuple[str, Values]:
    """Go on with an object that is ours."""
    identifier, age = op.identify(values, found), op.table.age(op, found)
    op.say(f"resuming {op.table.kind} {identifier}, {age:.0f} s old, of an interrupted run")
    olds = values if op.made(body, found) else _left(op, values, found)
    return identifier, update(op, identifier, values, olds)


def _left(op: Operation, values: Values, found: Json) -> Values:
    """Tell what an interrupted run had set, as far as anybody knows.

    What the program has taken away since is to go, if it can. What the cloud does not show is sent
    again, if it can be changed, and else believed to be the same.
    """
    table, declared = op.table, op.table.declaration.args
    left = wire.read(table.declaration, table.undress(found), None)
    columns = {name: item.column for name, item in declared.items()}
    unseen = [name for name, one in columns.items() if one.body and not one.echoed]
    fixed = [name for name in unseen if columns[name].change is Change.REPLACE]
    doubtful = [name for name in unseen if name in fixed or values.get(name) is None]
    if doubtful:
        op.caution(
            "the cloud does not tell whether the object that was found again was made with this "
            f"{', '.join(doubtful)}: if that changed since the interrupted run, run `pulumi up` "
            "with `--replace`"
        )
    removable = {k: v for k, v in left.items() if not isinstance(declared[k].on_removal, Removal)}
    return removable | {name: values[name] for name in fixed if name in values}


def _bring_up(op: Operation, identifier: str, values: Values) -> Values:
    """Wait for a new object, then stop it if that is what is wanted.

    A fresh create that fails is stored, not revived: the failed service holds the reason.
    """
    try:
        document = op.wait(op.table.ready, identifier)
        document = reach_goal(op, identifier, values, document)
    except ModelDeployError as error:
        keep(op, identifier, values, values, error)
    op.say(op.table.sight(document).words)
    return state_of(op, document, values)


def read(op: Operation, identifier: str, managed: Values | None) -> Values | None:
    """Read an object's state; `None` when it is gone."""
    document = op.show(identifier)
    if document is None:
        must_be_at_home(op, identifier)
        return None
    if is_leaving(op.table, document):
        return None
    state = state_of(op, document, read_back(op, document, managed))
    return _observed_goal(op.table, state)


def _observed_goal(table: Table, state: Values) -> Values:
    """Show a service that somebody started or stopped by hand as a change of what should run."""
    status = state.get("status")
    if strays(table, state, state):
        for desired, goal in table.goals.items():
            if status == goal.satisfied[0]:
                return {**state, table.desired: desired}
    return state


def delete(op: Operation, identifier: str, state: Values) -> None:
    """Delete an object and wait until it is gone; one that does not exist is done."""
    table = op.table
    moved = op.identity.endpoint not in ("", op.client.endpoint)
    if (op.incarnation or moved) and op.look(identifier) is None:
        must_be_at_home(op, identifier)
        return
    try:
        op.call(table.delete, query=table.delete_query(state), id=identifier)
    except (ApiError, AmbiguousError) as error:
        if isinstance(error, ApiError) and op.client.dialect.is_missing(error):
            return
        document = op.look(identifier)
        if document is not None and not is_leaving(table, document):
            raise
    op.wait(table.gone, identifier)
