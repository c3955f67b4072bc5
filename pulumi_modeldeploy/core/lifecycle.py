"""The verbs, over a table per resource. No cloud is named here.

Every verb is level-triggered: it looks first, does what is missing, and may be interrupted at any
moment and run again.
"""

from __future__ import annotations

import string
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from pulumi_modeldeploy.core import diff, inputs, wire
from pulumi_modeldeploy.core.declare import Change, Removal
from pulumi_modeldeploy.core.plan import is_leaving, strays
from pulumi_modeldeploy.core.scrub import hide, scrub
from pulumi_modeldeploy.core.table import Entries
from pulumi_modeldeploy.errors import (
    AmbiguousError,
    ApiError,
    InvalidInputs,
    JobFailed,
    JobOver,
    ModelDeployError,
    NotReady,
    Refused,
    TransportError,
    WaitFailed,
)

if TYPE_CHECKING:
    from pulumi_modeldeploy.core.http import Call
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
    _must_be_right(op.table, values, op.settings)
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
        return None
    except (AmbiguousError, ApiError) as error:
        refused = isinstance(error, ApiError) and error.code not in op.client.dialect.taken
        if refused and not isinstance(error, JobFailed):
            raise
        op.say(f"{call.operation} may have happened, looking for its {op.table.kind}")
        if isinstance(error, AmbiguousError) and tries.sent is None:
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
        JobFailed: It says something else, or the id is the user's.
    """
    chosen, failed = op.table.chosen, tries.lost
    given = chosen is None or values.get(chosen.argument) is not None
    taken = isinstance(failed, ApiError) and failed.code in op.client.dialect.taken
    if failed is not None and (given or not taken or not tries.left):
        raise failed
    op.choice, tries.lost = op.choice + 1, None


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


def _must_be_right(table: Table, values: Values, settings: Settings) -> None:
    """Check once more, quietly: a remediating policy changes inputs after the check."""
    checked = inputs.check(table.declaration, values, table.rules, off=settings.skip_rules)
    if checked.failures:
        texts = "; ".join(problem.show() for problem in checked.failures)
        raise InvalidInputs(f"{texts}. A policy may have changed the inputs after the check.")


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
    chosen = op.table.chosen
    if chosen is None:
        return op.table.mark_of(found)
    ours = values.get(chosen.argument) is None or op.made(body)
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
    frozen = [d.name for d in diff.compare(declaration, actual, values) if d.replaces]
    whole = wire.read(declaration, found, None)
    for name, item in declaration.args.items():
        taken_away = values.get(name) is None and whole.get(name) not in (None, item.column.implied)
        if taken_away and item.on_removal is Removal.REPLACE and not item.column.follows:
            frozen.append(name)
    return frozen


def _resume(op: Operation, values: Values, body: Json, found: Json) -> tuple[str, Values]:
    """Go on with an object that is ours."""
    table, declared = op.table, op.table.declaration.args
    identifier = op.identify(values, found)
    age = table.age(op, found)
    op.say(f"resuming {table.kind} {identifier}, {age:.0f} s old, of an interrupted run")
    # What that run had set and the program has taken away since is to go, as far as it can.
    left = wire.read(table.declaration, table.undress(found), None)
    olds = {k: v for k, v in left.items() if not isinstance(declared[k].on_removal, Removal)}
    return identifier, update(op, identifier, values, {**olds, **_unseen(op, values, body)})


def _unseen(op: Operation, values: Values, body: Json) -> Values:
    """Tell what an object found again was made with, where the cloud does not show it.

    That is proven where its job is known by the body. Else what can be changed is sent again, and
    what cannot be changed is believed to be the same.
    """
    declared = op.table.declaration.args
    unseen = _with_unseen(op.table, {}, values)
    if not unseen or op.made(body):
        return unseen
    fixed = [name for name in unseen if declared[name].column.change is Change.REPLACE]
    if fixed:
        op.caution(
            "the cloud does not tell whether the object that was found again was made with this "
            f"{', '.join(fixed)}; if that changed since, run `pulumi up` with `--replace`"
        )
    return {name: unseen[name] for name in fixed}


def _bring_up(op: Operation, identifier: str, values: Values) -> Values:
    """Wait for a new object, then stop it if that is what is wanted.

    A fresh create that fails is stored, not revived: the failed service holds the reason.
    """
    try:
        document = op.wait(op.table.ready, identifier)
        document = _reach_goal(op, identifier, values, document)
    except ModelDeployError as error:
        _keep(op, identifier, values, values, error)
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
        _keep(op, identifier, values, olds, error)


def _keep(
    op: Operation, identifier: str, values: Values, olds: Values, error: ModelDeployError
) -> NoReturn:
    """Have an object stored that exists: what it looks like, and why it is not what it should be.

    What the cloud does not show stays as it was before, so that the next run sends it (again).

    Raises:
        NotReady: It exists.
        ModelDeployError: `error` itself, if the object does not exist any more.
    """
    known = _with_unseen(op.table, values, olds)
    state, more, gone = dict(known), "", False
    try:
        document = op.show(identifier)
        gone = document is None
        if document is not None:
            state = _state(op, document, _read_back(op, document, known))
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
    if not table.goals and table.sight(document).status not in table.ready.until:
        # No goal says what should run: then it must be as it is after a create.
        document = op.wait(table.ready, identifier)
    op.say(op.table.sight(document).words)
    return _state(op, document, values)


def _run_step(
    op: Operation,
    step: Step | Entries,
    identifier: str,
    values: Values,
    olds: Values,
    document: Json,
) -> Json:
    """Send one step until nothing of it differs; a lost answer means looking again."""
    if isinstance(step, Entries):
        return _run_entries(op, step, identifier, values, olds, document)
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


def _run_entries(
    op: Operation, step: Entries, identifier: str, values: Values, olds: Values, document: Json
) -> Json:
    """Add and take away the entries of a list, as far as the cloud's differs."""
    item = next(one for one in op.table.declaration.args.values() if step.sends(one))
    before, wanted = olds.get(item.name), values.get(item.name)
    if before is None and wanted is None:
        return document
    present: list[str] = document.get(item.reads) or []
    ours = present if not item.column.shared else [one for one in before or [] if one in present]
    gone = [one for one in ours if one not in (wanted or [])]
    new = [one for one in wanted or [] if one not in present]
    if not gone and not new:
        return document
    op.say(f"updating {item.name}")
    for entry in gone:
        op.call(step.remove, id=identifier, entry=step.key(document, entry))
    for entry in new:
        op.call(step.add, step.body(identifier, entry), id=identifier, entry=entry)
    return op.wait(op.table.settled, identifier)


def _must_have_taken(
    op: Operation, step: Step, identifier: str, values: Values, document: Json
) -> None:
    """See that a new configuration is there: a cloud that rolled it back looks healthy.

    Only what is wanted counts: where something was taken away, the cloud may fill in its own.
    """
    _, names = _step_body(op, step, values, {}, document)
    declared = op.table.declaration.args
    undone = [one for one in names if one in step.redeploys and declared[one].column.echoed]
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
    actual = _with_unseen(table, actual, olds)
    differing = diff.compare(
        declaration, diff.prune(declaration, actual), diff.prune(declaration, wanted)
    )
    names = [one.name for one in differing if step.sends(one.item)]
    for name in names:
        empty = declaration.args[name].on_removal
        if wanted.get(name) is None and not isinstance(empty, Removal):
            wanted[name] = empty
    body = wire.body(declaration, wanted, only=names)
    spelled = {step.spells.get(key, key): value for key, value in body.items()}
    return spelled, [one for one in names if one in wanted]


def _with_unseen(table: Table, values: Values, olds: Values) -> Values:
    """Take what the cloud does not show over from what was set last."""
    unseen = [name for name, item in table.declaration.args.items() if not item.column.echoed]
    seen = {name: one for name, one in values.items() if name not in unseen}
    return seen | {name: olds[name] for name in unseen if olds.get(name) is not None}


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
    # What an output repeats of a secret input would stand in the state in clear.
    return {**arguments, **hide(outputs, arguments, op.identity.secrets)}


def read(op: Operation, identifier: str, managed: Values | None) -> Values | None:
    """Read an object's state; `None` when it is gone."""
    document = op.show(identifier)
    if document is None:
        _must_be_at_home(op, identifier)
        return None
    if is_leaving(op.table, document):
        return None
    state = _state(op, document, _read_back(op, document, managed))
    return _observed_goal(op.table, state)


def _must_be_at_home(op: Operation, identifier: str) -> None:
    """Refuse to take an object for gone that was made at another endpoint.

    Raises:
        Refused: The endpoint is another one than that which the object was seen at.
    """
    home, here = op.identity.endpoint, op.client.endpoint
    if home and home != here:
        raise Refused(
            f"{op.table.kind} {identifier} was made at {home} and does not exist at {here}: set "
            "the endpoint back, or, if it is really gone, run `pulumi state delete` for it"
        )


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
        _must_be_at_home(op, identifier)
        return
    try:
        op.call(table.delete, query=table.delete_query(state), id=identifier)
    except ApiError as error:
        if op.client.dialect.is_missing(error):
            return
        document = op.look(identifier)
        if document is not None and not is_leaving(table, document):
            raise
    op.wait(table.gone, identifier)
