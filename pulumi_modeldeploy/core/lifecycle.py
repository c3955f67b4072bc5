"""The verbs, over a table per resource. No cloud is named here.

Every verb is level-triggered: it looks first, does what is missing, and may be interrupted at any
moment and run again.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import string
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NoReturn

from pulumi_modeldeploy.core import adopt, wire
from pulumi_modeldeploy.core.converge import (
    bring,
    must_be_at_home,
    must_be_right,
    reach_goal,
    run_step,
    update,
)
from pulumi_modeldeploy.core.declare import ADOPT, ADOPT_FROM, Change, Removal
from pulumi_modeldeploy.core.lock import DELETE, fasten, must_allow
from pulumi_modeldeploy.core.operation import MOST_JOBS, TRIES, look_again, write
from pulumi_modeldeploy.core.plan import fill_name, is_leaving, lasting, replacing, strays
from pulumi_modeldeploy.core.preflight import must_fit
from pulumi_modeldeploy.core.stored import keep, read_back, state_of
from pulumi_modeldeploy.errors import (
    AmbiguousError,
    ApiError,
    JobFailed,
    JobOver,
    ModelDeployError,
    Refused,
    Stopped,
    TransportError,
    Unsent,
    WaitError,
)

if TYPE_CHECKING:
    from pulumi_modeldeploy.core.operation import Operation
    from pulumi_modeldeploy.core.table import Table
    from pulumi_modeldeploy.core.values import Json, Values

__all__ = ["create", "delete", "read", "update"]

SKEW = 300.0
"""Seconds by which the cloud's clock may differ from ours when an age is compared."""


def create(op: Operation, values: Values, resource_name: str = "") -> tuple[str, Values]:
    """Make the object, or go on with what an interrupted create left behind, or take one over.

    Looks before it sends: what carries our mark is resumed, anything else in the way is refused.
    An answer that got lost is not believed either way; the next look decides.

    Args:
        op: The verb.
        values: Checked arguments.
        resource_name: The resource's name, for an automatic name that check did not fill in.

    Returns:
        Its id and its state.

    Raises:
        InvalidInputs: It refers to something that does not exist, or does not fit.
        Refused: An object stands in the way that is not ours, or not surely.
        NotReady: It exists but is not ready; the id must be stored.
    """
    must_be_right(op.table, values, op.settings)
    if op.identity.adopted:
        taken = _take_over(op, values) if values.get(ADOPT) else None
        if taken is not None:
            return taken
        values = dict(values)
        fill_name(op.table, resource_name, values, {}, op.identity.mark)
        _must_have_gone(op, values)
    values = lasting(op.table, values)
    must_fit(op, values, {})
    dressed = op.table.dress(op, values)
    tries = _Tries()
    while True:
        found, order = _find(op, values), _order(op, dressed)
        if found is not None:
            proven = op.made(order, found)
            _must_be_ours(op, dressed, found, tries, proven=proven)
            if not _starts_over(op, values, found, proven=proven):
                return _resume(op, values, found, proven=proven)
        elif isinstance(tries.lost, JobFailed):
            _choose_again(op, values, tries)
            continue
        elif not tries.left:
            raise Refused(
                f"{tries.lost}; after {tries.made} tries no {op.table.kind} of this resource is to "
                "be found. Run `pulumi up` again; if something is said to be taken, give another "
                f"{' or '.join(op.table.exclusive)}"
            ) from tries.lost
        try:
            answer = _send(op, values, order, tries)
        except (WaitError, Stopped) as error:
            _keep_what_is_made(op, values, tries, error)
        if answer is not None:
            op.meets(answer)
            identifier = op.identify(values, answer)
            return identifier, _bring_up(op, identifier, values)


GENERATIONS = 16
"""Replacements of a resource among which an interrupted one is looked for."""


def generation_left(op: Operation, urn: str, owner: str) -> int:
    """Tell which generation there is, where no state tells it; 0 where there is none.

    Ctrl-C twice in a replacement leaves the old object to be deleted and the new one unknown; a
    refresh after a replacement that was not written down forgets the old one; and a forced
    replacement is not told what there is.
    """
    table = op.table
    identities = (replace(op.identity, generation=one) for one in range(GENERATIONS))
    marks = {one.marked(urn, owner).mark: one.generation for one in identities}
    found = table.carrying(op, marks)
    there = (marks[mark] for mark, document in found if not is_leaving(table, document))
    return max(there, default=0)


def _take_over(op: Operation, values: Values) -> tuple[str, Values] | None:
    """Adopt an object that was there before: leave it alone if it matches, else update it.

    Returns:
        Its id and its state; `None` where it is not there.
    """
    identifier = str(values[ADOPT])
    found = adopt.look(op, identifier)
    if found is None:
        return None
    refused = adopt.objection(op, values, found)
    if refused:
        raise Refused(refused)
    wanted, has = lasting(op.table, values), adopt.there(op, found, values)
    must_fit(op, wanted, has)
    mark = adopt.whose(op, identifier, found, str(values.get(ADOPT_FROM) or ""))
    op.former_mark = mark if mark != op.identity.mark else ""
    op.meets(found)
    op.say(f"adopting {op.table.kind} {identifier}")
    fixed = adopt.fixed(op, wanted)
    if fixed:
        op.caution(
            f"the cloud does not tell whether what is adopted was made with this {', '.join(fixed)}"
            "; it is taken to be so"
        )
    return identifier, bring(op, identifier, wanted, {name: wanted[name] for name in fixed}, found)


def _must_have_gone(op: Operation, values: Values) -> None:
    """Refuse to make an object in place of one to be adopted that never was.

    It may have been: a replacement deletes it, and an interrupted one left its successor.

    Raises:
        Refused: Nothing says so.
    """
    gone = values.get(ADOPT) in (None, *op.replaced)
    if not gone and _find(op, values) is None:
        raise Refused(adopt.missing(op, values))


@dataclass
class _Tries:
    """What the tries of a create came to.

    Attributes:
        made: How many there were.
        over: Whether there is no time left for another one.
        jobs: How many jobs of earlier tries, maybe of other runs, were found.
        sent: When a call was sent whose answer got lost.
        lost: What the last try came to.
    """

    made: int = 0
    over: bool = False
    jobs: int = 0
    sent: float | None = None
    lost: ModelDeployError | None = None

    @property
    def left(self) -> bool:
        """Whether there may be another one."""
        return self.made < TRIES and not self.over


def _send(op: Operation, values: Values, order: Json, tries: _Tries) -> Json | None:
    """Send the creating call once; `None` where only a look can tell what came of it."""
    call, began = op.table.create, op.client.clock.wall()
    job = op.job_of(order, tries.jobs)
    try:
        answer = op.call(call, order["body"], job=job, query=order.get("query"), **order["path"])
    except JobOver as error:
        tries.jobs, tries.lost = tries.jobs + 1, error
        tries.over = tries.over or tries.jobs >= MOST_JOBS
        return None
    except (AmbiguousError, ApiError) as error:
        refused = isinstance(error, ApiError) and not op.client.dialect.is_taken(error)
        if refused and not isinstance(error, JobFailed):
            raise
        op.say(f"{call.operation} may have happened, looking for its {op.table.kind}")
        if isinstance(error, AmbiguousError) and tries.sent is None:
            tries.sent = began
        lost: ModelDeployError = error
    else:
        if op.identify(values, answer):
            return answer
        lost = AmbiguousError(f"{call.operation}: the answer names no object")
    tries.made, tries.lost = tries.made + 1, lost
    if not isinstance(lost, JobFailed):
        # What a job came to is known; anything else may take a moment to be seen.
        tries.over = not op.again(lost, tries.made)
    return None


def _keep_what_is_made(
    op: Operation, values: Values, tries: _Tries, error: WaitError | Stopped
) -> NoReturn:
    """Have an object stored whose job goes on, if it is to be seen already.

    Raises:
        NotReady: It is.
        WaitError: It is not (yet).
        Stopped: The same, and the run is over.
    """
    if isinstance(error, Unsent) and tries.lost is None:
        raise error
    chosen = op.table.chosen
    op.outlive()
    if chosen is not None and values.get(chosen.argument) is None:
        found = _found_soon(op, values, looks=GRACE if isinstance(error, Stopped) else 1)
        if found is not None:
            keep(op, op.identify(values, found), values, values, error)
    raise type(error)(
        f"{error}; the cloud goes on making it: run `pulumi up` again, which takes it up, before "
        "any `pulumi destroy`"
    ) from error


GRACE = 8
"""Looks, a second apart, for what a job is making when the run is cancelled: Ctrl-C takes a while,
but leaves nothing unknown behind where jobs are short."""


def _found_soon(op: Operation, values: Values, *, looks: int) -> Json | None:
    """Look for an object that a job is making; `None` if it is not to be seen."""
    for number in range(looks):
        if number:
            op.client.clock.linger(1.0)
        with contextlib.suppress(ApiError, TransportError):
            found = op.table.find(op, values)
            if found is not None:
                return found
    return None


def _choose_again(op: Operation, values: Values, tries: _Tries) -> None:
    """Choose another id, if the cloud says that somebody has ours and nobody is to be found.

    Raises:
        JobFailed: It says something else, or there is no other id.
    """
    failed, choice = tries.lost, op.choice + 1
    taken = isinstance(failed, ApiError) and op.client.dialect.is_taken(failed)
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


def _order(op: Operation, dressed: Values) -> Json:
    """Build what the creating call sends: body, query, and path as far as it is of arguments."""
    chosen, values = op.table.chosen, dressed
    if chosen is not None:
        values = {**values, chosen.argument: op.own_id(values)}
    names = [name for _, name, _, _ in string.Formatter().parse(op.table.create.path) if name]
    path = {name: str(values[name]) for name in names if name in values}
    query = wire.query(op.table.declaration, values)
    order = {"body": wire.body(op.table.declaration, values), "path": path}
    return {**order, "query": query} if query else order


def _must_be_ours(
    op: Operation, dressed: Values, found: Json, tries: _Tries, *, proven: bool
) -> None:
    """Refuse an object that is not this resource's, or too old to be left by an interrupted run."""
    table, age = op.table, op.table.age(op, found)
    identifier, own = op.identify(dressed, found), " or ".join(table.exclusive)
    what = f"a {table.kind} {identifier}"
    mark = _mark_of(op, dressed, found, proven=proven)
    if not mark and _appeared(op, dressed, age, tries):
        return
    if mark != op.identity.mark:
        lost = f" What came of our own call: {tries.lost}." if tries.lost else ""
        raise Refused(
            f"{what} has this {own} already and is not this resource's "
            f"({adopt.carries(op, identifier, found)}); it was not touched.{lost} Give this "
            f"resource another {own}, or delete that one first, or take that one over: "
            f"{adopt.line(op, identifier, found)}"
        )
    if op.kept_elsewhere(mark):
        raise Refused(
            f"{what} carries this resource's mark, but in this run another resource has it (one "
            "that was renamed, with an alias); it was not touched. Run `pulumi up` once without "
            "this resource, which writes the other one's mark, and then with it."
        )
    if age is not None or not proven:
        _must_be_young(op, what, age, adopt.line(op, identifier, found))


def _appeared(op: Operation, dressed: Values, age: float | None, tries: _Tries) -> bool:
    """Tell what came between our looks from what is a stranger's, where nothing proves it.

    Absent before our call, present after it, newer than it, and we would have written no mark
    either: nobody else's. Where jobs have names of ours, these decide.
    """
    named = op.table.jobs is not None and op.table.jobs.header
    if tries.sent is None or age is None or named or op.writes_mark(dressed):
        return False
    return age <= op.client.clock.wall() - tries.sent + SKEW


def _must_be_young(op: Operation, what: str, age: float | None, adopts: str) -> None:
    """Refuse what is older than an interrupted run explains."""
    if age is None:
        raise Refused(
            f"{what} carries this resource's mark, but its age cannot be told (its date cannot be "
            "read, or lies in the future), so it may be another stack's; it was not touched. See "
            f"to the setting of the time zone, or take it over: {adopts}"
        )
    if age > op.settings.resume_seconds:
        raise Refused(
            f"{what} carries this resource's mark but is {age / 3600:.0f} hours old, longer than "
            f"an interrupted run explains ({op.settings.resume_seconds / 3600:g} hours); it was "
            "not touched. If this is a forced replacement (--replace, a taint), give the resource "
            "delete_before_replace=True for it. If that one is somebody else's, give this resource "
            f"another {' or '.join(op.table.exclusive)}. If an interrupted run left it, raise "
            f"`modeldeploy:resumeWithin`, or take it over: {adopts}"
        )


def _mark_of(op: Operation, values: Values, found: Json, *, proven: bool) -> str:
    """Tell whose an object is: an id made of our mark is ours, a given one needs a proof."""
    chosen, written = op.table.chosen, op.table.mark_of(found)
    if chosen is None or written:
        return written
    return op.identity.mark if proven or values.get(chosen.argument) is None else ""


def _starts_over(op: Operation, values: Values, found: Json, *, proven: bool) -> bool:
    """Delete what an interrupted run left if it was never ready and cannot become what is wanted.

    Raises:
        Refused: It was ready once: deleting it is for the user to decide.
    """
    table = op.table
    frozen = [] if proven else _frozen(table, values, table.undress(found))
    hopeless = table.sight(found).status in table.hopeless
    if not frozen and not (hopeless and table.never_ready(found)):
        return False
    identifier = op.identify(values, found)
    if not table.never_ready(found):
        raise Refused(
            f"a {table.kind} {identifier} of an interrupted run exists with another "
            f"{', '.join(frozen)}, which cannot be changed in place; it was not touched. Delete "
            "it, or go back to the former value for one run."
        )
    why = f"its {', '.join(frozen)} cannot change" if frozen else table.sight(found).words
    op.say(f"deleting {identifier} of an interrupted run: {why}")
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
    gone = table.frozen(_taken_away(whole, values), {})
    return [*frozen, *(name for name in gone if name not in frozen)]


def _taken_away(whole: Values, values: Values) -> Values:
    """Tell what an object has that is not wanted, also inside of its arguments."""
    rest: Values = {}
    for name, there in whole.items():
        kept = values.get(name)
        if isinstance(there, dict) and isinstance(kept, dict):
            rest[name] = {key: one for key, one in there.items() if kept.get(key) is None}
        elif kept is None:
            rest[name] = there
    return rest


def _resume(op: Operation, values: Values, found: Json, *, proven: bool) -> tuple[str, Values]:
    """Go on with an object that is ours."""
    identifier, age = op.identify(values, found), op.table.age(op, found)
    old = "" if age is None else f", {age:.0f} s old"
    op.say(f"resuming {op.table.kind} {identifier}{old}, of an interrupted run or a lost answer")
    op.meets(found)
    olds = values if proven else _left(op, values, found)
    try:
        if not op.table.mark_of(found):
            _sign(op, identifier)
    except ModelDeployError as error:
        keep(op, identifier, values, olds, error)
    return identifier, update(op, identifier, values, olds)


def _left(op: Operation, values: Values, found: Json) -> Values:
    """Tell what an interrupted run had set, as far as anybody knows.

    What the program has taken away since is to go, if it can. What the cloud does not show is sent
    again, if it can be changed, and else believed to be the same.
    """
    table, declared = op.table, op.table.declaration.args
    left = wire.read(table.declaration, table.undress(found), None)
    unseen = table.declaration.unseen
    replaced = (name for name in unseen if declared[name].column.change is Change.REPLACE)
    fixed = [name for name in replaced if values.get(name) is not None]
    # Where jobs have names, that there is none of ours means that the program has changed since.
    changed = table.jobs is not None and table.jobs.header
    doubtful = [one for one in unseen if one in fixed or (changed and values.get(one) is None)]
    if doubtful:
        op.caution(
            "the cloud does not tell whether the object that was found again was made with this "
            f"{', '.join(doubtful)}: if that changed since the interrupted run, run `pulumi up` "
            "with `--replace`"
        )
    removable = {k: v for k, v in left.items() if not isinstance(declared[k].on_removal, Removal)}
    return removable | {name: values[name] for name in fixed}


def _bring_up(op: Operation, identifier: str, values: Values) -> Values:
    """Wait for a new object, then stop it if that is what is wanted.

    A fresh create that fails is stored, not revived: the failed service holds the reason.
    """
    declared = op.table.declaration.args.values()
    try:
        _sign(op, identifier)
        document = op.wait(op.table.ready, identifier)
        for step in op.table.steps:
            if any(step.sends(one) and one.column.late for one in declared):
                document = run_step(op, step, identifier, values, {}, document)
        document = reach_goal(op, identifier, values, document)
        document = fasten(op, identifier, values, {}, document)
    except ModelDeployError as error:
        keep(op, identifier, values, values, error, new=True)
    op.say(op.table.sight(document).words)
    return state_of(op, document, values)


def _sign(op: Operation, identifier: str) -> None:
    """Write the mark on a new object, which some clouds take a moment to see."""
    sign = op.table.sign
    if sign is not None and sign.due(op, identifier):
        write(op, functools.partial(sign.write, op, identifier), hidden=True)


def read(op: Operation, identifier: str, managed: Values | None) -> Values | None:
    """Read an object's state; `None` when it is gone.

    Args:
        op: The verb.
        identifier: The object.
        managed: The arguments that the user manages, as last known; `None`: all that there are.
    """
    document = op.show(identifier)
    if document is None:
        must_be_at_home(op, identifier)
        return None
    if is_leaving(op.table, document):
        return None
    arguments = read_back(op, document, managed)
    if managed is None:
        arguments |= wire.read_shared(op.table.declaration, op.table.undress(document))
    state = state_of(op, document, arguments)
    return _observed_goal(op.table, state, whole=managed is None)


def _observed_goal(table: Table, state: Values, *, whole: bool) -> Values:
    """Show a service that somebody started or stopped by hand as a change of what should run."""
    status = state.get("status")
    if whole or strays(table, state, state):
        for desired, goal in table.goals.items():
            if status == goal.satisfied[0]:
                return {**state, table.desired: desired}
    return state


def delete(op: Operation, identifier: str, state: Values) -> None:
    """Delete an object and wait until it is gone; one that does not exist is done."""
    table = op.table
    moved = op.identity.endpoint not in ("", op.client.endpoint)
    if op.incarnation or moved or table.lock:
        document = op.look(identifier)
        if document is None:
            must_be_at_home(op, identifier)
            return
        must_allow(op, identifier, document, DELETE)
    for attempt in itertools.count(1):
        try:
            op.call(table.delete, query=table.delete_query(state), id=identifier)
        except (ApiError, AmbiguousError) as error:
            if isinstance(error, ApiError) and op.client.dialect.is_missing(error):
                return
            document = op.look(identifier)
            if document is not None and not is_leaving(table, document):
                if isinstance(error, ApiError):
                    raise
                look_again(op, error, attempt)
                continue
        break
    op.wait(table.gone, identifier)
