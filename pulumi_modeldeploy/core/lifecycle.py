"""The verbs, over a table per resource. No cloud is named here.

Every verb is level-triggered: it looks first, does what is missing, and may be interrupted at any
moment and run again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from pulumi_modeldeploy.core import diff, inputs, wire
from pulumi_modeldeploy.core.declare import Removal
from pulumi_modeldeploy.core.plan import is_leaving, strays
from pulumi_modeldeploy.core.scrub import scrub
from pulumi_modeldeploy.errors import (
    AmbiguousError,
    ApiError,
    InvalidInputs,
    ModelDeployError,
    NotReady,
    Refused,
    TransportError,
    WaitFailed,
)

if TYPE_CHECKING:
    from pulumi_modeldeploy.core.identity import Identity
    from pulumi_modeldeploy.core.operation import Operation
    from pulumi_modeldeploy.core.table import Step, Table
    from pulumi_modeldeploy.core.values import Json, Values
    from pulumi_modeldeploy.settings import Settings

TRIES = 3
"""How often a call is sent in all, when nobody can tell whether the last one took effect."""
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
    table, clock = op.table, op.client.clock
    _must_be_right(table, values, op.settings)
    dressed = table.dress(op, values)
    sent: float | None = None
    lost: ModelDeployError | None = None
    for _ in range(TRIES):
        found = _find(op, values)
        if found is not None:
            _must_be_ours(op, dressed, found, sent)
            if not _starts_over(op, values, found):
                return _resume(op, values, found)
        began = clock.wall()
        try:
            answer = op.call(table.create, _create_body(table, dressed, op.identity))
        except (AmbiguousError, ApiError) as error:
            if isinstance(error, ApiError) and error.code not in op.client.dialect.taken:
                raise
            op.say(f"{table.create.operation} may have happened, looking for its {table.kind}")
            if isinstance(error, AmbiguousError) and sent is None:
                sent = began
            lost = error
            continue
        identifier = table.identify(values, answer, op.identity)
        if identifier:
            return identifier, _bring_up(op, identifier, values)
        lost = AmbiguousError(f"{table.create.operation}: the answer names no object")
    raise Refused(
        f"{lost}; after {TRIES} tries no {table.kind} of this resource is to be found. Run "
        "`pulumi up` again, and if the name is said to be taken, give another one"
    ) from lost


def _find(op: Operation, values: Values) -> Json | None:
    """Find what stands where the object should be, once what is being deleted has gone."""
    found = op.table.find(op, values)
    if found is None or not is_leaving(op.table, found):
        return found
    op.wait(op.table.gone, op.table.identify(values, found, op.identity))
    return op.table.find(op, values)


def _create_body(table: Table, values: Values, identity: Identity) -> Json:
    if table.body is not None:
        return table.body(values, identity)
    return wire.body(table.declaration, values)


def _must_be_right(table: Table, values: Values, settings: Settings) -> None:
    """Check once more, quietly: a remediating policy changes inputs after the check."""
    checked = inputs.check(table.declaration, values, table.rules, off=settings.skip_rules)
    if checked.failures:
        texts = "; ".join(problem.show() for problem in checked.failures)
        raise InvalidInputs(f"{texts}. A policy may have changed the inputs after the check.")


def _must_be_ours(op: Operation, dressed: Values, found: Json, sent: float | None) -> None:
    """Refuse an object that is not this resource's, or too old to be left by an interrupted run."""
    table, now = op.table, op.client.clock.wall()
    what = f"a {table.kind} {table.identify(dressed, found, op.identity)}"
    age, mark = table.age(found, now), table.mark_of(found)
    appeared = sent is not None and age <= now - sent + SKEW
    if appeared and not mark and not _writes_mark(op, dressed):
        # Absent before our call, present after it, newer than it, and we would have written no
        # mark either: nobody else's.
        return
    if mark != op.identity.mark:
        raise Refused(
            f"{what} has this name already and is not this resource's (it carries "
            f"{'the mark of another resource' if mark else 'no mark'}); it was not touched. Give "
            "this resource another name, or delete that one first."
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
            "`modeldeploy:resumeWithin`; else give this resource another name."
        )


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
    identifier = table.identify(values, found, op.identity)
    if not table.never_ready(found):
        raise Refused(
            f"a {table.kind} {identifier} of an interrupted run exists with another "
            f"{', '.join(frozen)}, which cannot be changed in place; it was not touched. Delete "
            "it, or go back to the former value for one run."
        )
    op.say(f"deleting {identifier} of an interrupted run: its {', '.join(frozen)} cannot change")
    delete(op, identifier)
    return True


def _frozen(table: Table, values: Values, found: Json) -> list[str]:
    """Name the arguments that only a new object can have as they are wanted now."""
    declaration = table.declaration
    actual = wire.read(declaration, found, values)
    frozen = [d.name for d in diff.compare(declaration, actual, values) if d.replaces]
    whole = wire.read(declaration, found, None)
    for name, item in declaration.args.items():
        taken_away = values.get(name) is None and whole.get(name) not in (None, item.column.implied)
        if taken_away and item.on_removal is Removal.REPLACE:
            frozen.append(name)
    return frozen


def _resume(op: Operation, values: Values, found: Json) -> tuple[str, Values]:
    """Go on with an object that is ours."""
    table = op.table
    identifier = table.identify(values, found, op.identity)
    age = table.age(found, op.client.clock.wall())
    op.say(f"resuming {table.kind} {identifier}, {age:.0f} s old, of an interrupted run")
    # What that run had set and the program has taken away since is to go, as far as it can.
    left = wire.read(table.declaration, table.undress(found), None)
    declared = table.declaration.args
    olds = {k: v for k, v in left.items() if not isinstance(declared[k].on_removal, Removal)}
    return identifier, update(op, identifier, values, olds)


def _bring_up(op: Operation, identifier: str, values: Values) -> Values:
    """Wait for a new object, then stop it if that is what is wanted.

    A fresh create that fails is stored, not revived: the failed service holds the reason.
    """
    try:
        document = op.wait(op.table.ready, identifier)
        document = _reach_goal(op, identifier, values, document)
    except ModelDeployError as error:
        _keep(op, identifier, values, error)
    op.say(op.table.sight(document).words)
    return _state(op, document, values)


def update(op: Operation, identifier: str, values: Values, olds: Values) -> Values:
    """Bring an existing object to what is wanted; one that exists is stored whatever happens.

    Raises:
        NotReady: It is not what it should be (yet).
        Refused: It does not exist any more.
    """
    _must_be_right(op.table, values, op.settings)
    document = op.show(identifier)
    if document is None:
        raise Refused(
            f"{op.table.kind} {identifier} does not exist any more: run `pulumi up --refresh`, "
            "which notices that and creates it again"
        )
    try:
        return _converge(op, identifier, values, olds, document)
    except ModelDeployError as error:
        _keep(op, identifier, values, error)


def _keep(op: Operation, identifier: str, values: Values, error: ModelDeployError) -> NoReturn:
    """Have an object stored that exists: what it looks like, and why it is not what it should be.

    Raises:
        NotReady: It exists.
        ModelDeployError: `error` itself, if the object does not exist any more.
    """
    state, more, gone = dict(values), "", False
    try:
        document = op.show(identifier)
        gone = document is None
        if document is not None:
            state = _state(op, document, _read_back(op, document, values))
            more = op.table.explain(op, identifier) if isinstance(error, WaitFailed) else ""
    except (TransportError, ApiError) as unseen:
        # What is known is enough to find the object again.
        more = f"the cloud cannot be asked just now: {unseen}"
    if gone:
        raise error
    text = f"{error}{f' ({more})' if more else ''}"
    reason = f"{text}. It is stored with its id; `pulumi up` goes on with it."
    raise NotReady(identifier, state, [reason]) from error


def _converge(
    op: Operation, identifier: str, values: Values, olds: Values, document: Json
) -> Values:
    """Skip what is satisfied, send the other steps in order, and see that they took effect."""
    table = op.table
    if table.sight(document).status not in table.settled.until:
        document = op.wait(table.settled, identifier)
    for step in table.steps:
        document = _run_step(op, step, identifier, values, olds, document)
    document = _reach_goal(op, identifier, values, document)
    op.say(op.table.sight(document).words)
    return _state(op, document, values)


def _run_step(
    op: Operation, step: Step, identifier: str, values: Values, olds: Values, document: Json
) -> Json:
    """Send one step until nothing of it differs; a lost answer means looking again."""
    for last in (*[False] * (TRIES - 1), True):
        body, names = _step_body(op, step, values, olds, document)
        if not body:
            break
        op.say(f"updating {', '.join(names)}")
        try:
            op.call(step.call, body, id=identifier)
        except AmbiguousError:
            if last:
                raise
            op.say(f"{step.call.operation} may have happened, looking")
            document = op.wait(op.table.settled, identifier)
            continue
        redeploys = any(one in step.redeploys for one in names)
        # What redeploys nothing is no judgement on a failed object: the goal comes next.
        wait = step.wait if redeploys else op.table.settled
        document = op.wait(wait, identifier, document, fresh=not redeploys)
        _must_have_taken(op, step, identifier, values, document)
        break
    return document


def _must_have_taken(
    op: Operation, step: Step, identifier: str, values: Values, document: Json
) -> None:
    """See that a new configuration is there: a cloud that rolled it back looks healthy.

    Only what is wanted counts: where something was taken away, the cloud may fill in its own.
    """
    _, names = _step_body(op, step, values, {}, document)
    undone = [one for one in names if one in step.redeploys]
    if undone:
        raise WaitFailed(
            f"{op.table.kind} {identifier} is {op.table.sight(document).status} with its former "
            f"configuration: the cloud rolled the change of {', '.join(undone)} back"
        )


def _step_body(
    op: Operation, step: Step, values: Values, olds: Values, document: Json
) -> tuple[Json, list[str]]:
    """Build the body out of what differs from the cloud, and name it."""
    table, declaration = op.table, op.table.declaration
    wanted = table.dress(op, values)
    actual = wire.read(declaration, document, diff.union(declaration, wanted, olds))
    differing = diff.compare(
        declaration, diff.prune(declaration, actual), diff.prune(declaration, wanted)
    )
    names = [one.name for one in differing if step.sends(one.item)]
    for name in names:
        empty = declaration.args[name].on_removal
        if wanted.get(name) is None and not isinstance(empty, Removal):
            wanted[name] = empty
    return wire.body(declaration, wanted, only=names), [one for one in names if one in wanted]


def _reach_goal(op: Operation, identifier: str, values: Values, document: Json) -> Json:
    """Start or stop, if what runs contradicts what should; a lost answer means looking again."""
    table = op.table
    for last in (*[False] * (TRIES - 1), True):
        if not strays(table, {"status": table.sight(document).status}, values):
            break
        desired = values[table.desired]
        goal = table.goals[desired]
        op.say(f"{table.sight(document).status}, should be {desired}")
        try:
            op.call(goal.call, goal.body, id=identifier)
        except AmbiguousError:
            if last:
                raise
            document = op.wait(table.settled, identifier)
            continue
        document = op.wait(goal.wait, identifier, document, fresh=False)
        break
    return document


def _read_back(op: Operation, document: Json, managed: Values | None) -> Values:
    """Read the arguments that the user manages out of a document; `None`: whatever it has."""
    return wire.read(op.table.declaration, op.table.undress(document), managed)


def _state(op: Operation, document: Json, arguments: Values) -> Values:
    """Build a state: arguments, and all outputs of a document."""
    table = op.table
    outputs = wire.outputs(table.declaration, table.undress(document), arguments)
    for name in table.prose:
        if name in outputs:
            outputs[name] = scrub(str(outputs[name]), table.declaration, arguments)
    return {**arguments, **outputs}


def read(op: Operation, identifier: str, managed: Values | None) -> Values | None:
    """Read an object's state; `None` when it is gone."""
    document = op.show(identifier)
    if document is None or is_leaving(op.table, document):
        return None
    state = _state(op, document, _read_back(op, document, managed))
    return _observed_goal(op.table, state)


def _observed_goal(table: Table, state: Values) -> Values:
    """Show a service that somebody started or stopped by hand as a change of what should run."""
    status = state.get("status")
    if strays(table, state, state):
        for desired, goal in table.goals.items():
            if status == goal.satisfied[0]:
                return {**state, table.desired: desired}
    return state


def delete(op: Operation, identifier: str) -> None:
    """Delete an object and wait until it is gone; one that does not exist is done."""
    table = op.table
    if op.incarnation and op.show(identifier) is None:
        return
    try:
        op.call(table.delete, id=identifier)
    except ApiError as error:
        if op.client.dialect.is_missing(error):
            return
        document = op.show(identifier)
        if document is not None and not is_leaving(table, document):
            raise
    op.wait(table.gone, identifier)
