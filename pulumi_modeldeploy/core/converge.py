"""Bring an existing object to what is wanted: skip what is satisfied, send the other steps."""

from __future__ import annotations

import functools
import itertools
from typing import TYPE_CHECKING

from pulumi_modeldeploy.core import diff, inputs, wire
from pulumi_modeldeploy.core.declare import Removal
from pulumi_modeldeploy.core.lock import CHANGE, fasten, lift, must_allow
from pulumi_modeldeploy.core.operation import look_again, write
from pulumi_modeldeploy.core.plan import lasting, managed, strays
from pulumi_modeldeploy.core.preflight import must_fit
from pulumi_modeldeploy.core.stored import keep, state_of, with_silent, with_unseen
from pulumi_modeldeploy.core.table import Entries, Pairs
from pulumi_modeldeploy.errors import (
    AmbiguousError,
    ApiError,
    InvalidInputs,
    ModelDeployError,
    Refused,
    WaitFailed,
)

if TYPE_CHECKING:
    from pulumi_modeldeploy.core.operation import Operation
    from pulumi_modeldeploy.core.table import Step, Table
    from pulumi_modeldeploy.core.values import Json, Values
    from pulumi_modeldeploy.settings import Settings


def update(op: Operation, identifier: str, values: Values, olds: Values) -> Values:
    """Bring an existing object to what is wanted; one that exists is stored whatever happens.

    Raises:
        NotReady: It is not what it should be (yet).
        Refused: It does not exist any more.
    """
    must_be_right(op.table, values, op.settings)
    values, olds = lasting(op.table, values), managed(op.table, op.identity, olds, values)
    must_fit(op, values, olds)
    document = op.show(identifier)
    if document is None:
        must_be_at_home(op, identifier)
        raise Refused(
            f"{op.table.kind} {identifier} does not exist any more: run `pulumi up --refresh`, "
            "which notices that and creates it again"
        )
    return bring(op, identifier, values, olds, document)


def bring(op: Operation, identifier: str, values: Values, olds: Values, document: Json) -> Values:
    """Bring an object that was looked at to what is wanted.

    Args:
        op: The verb.
        identifier: The object.
        values: The arguments that it should have.
        olds: Those that it was known to have.
        document: What it looks like.

    Raises:
        NotReady: It is not what it should be (yet).
    """
    try:
        return _converge(op, identifier, values, olds, document)
    except ModelDeployError as error:
        keep(op, identifier, values, olds, error)


def must_be_at_home(op: Operation, identifier: str) -> None:
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


def must_be_right(table: Table, values: Values, settings: Settings) -> None:
    """Check once more, quietly: a remediating policy changes inputs after the check."""
    checked = inputs.check(table.declaration, values, table.rules, off=settings.skip_rules)
    if checked.failures:
        texts = "; ".join(problem.show() for problem in checked.failures)
        raise InvalidInputs(f"{texts}. A policy may have changed the inputs after the check.")


def _converge(
    op: Operation, identifier: str, values: Values, olds: Values, document: Json
) -> Values:
    """Skip what is satisfied, send the other steps in order, and see that they took effect."""
    table = op.table
    if table.sight(document).status not in table.settled.until:
        document = op.wait(table.settled, identifier)
    document = lift(op, identifier, values, olds, document)
    if op.former_mark:
        must_allow(op, identifier, document, CHANGE)
        write(op, functools.partial(table.remark, op, identifier))
        op.former_mark = ""
        document = op.wait(table.settled, identifier)
    for step in table.steps:
        document = run_step(op, step, identifier, values, olds, document)
    document = reach_goal(op, identifier, values, document)
    document = fasten(op, identifier, values, olds, document)
    if not table.goals and table.sight(document).status not in table.ready.until:
        # No goal says what should run: then it must be as it is after a create.
        document = op.wait(table.ready, identifier)
    op.say(op.table.sight(document).words)
    return state_of(op, document, values)


def run_step(
    op: Operation,
    step: Step | Entries | Pairs,
    identifier: str,
    values: Values,
    olds: Values,
    document: Json,
) -> Json:
    """Send one step until nothing of it differs; a lost answer means looking again."""
    if isinstance(step, Entries):
        return _run_entries(op, step, identifier, values, olds, document)
    if isinstance(step, Pairs):
        return _run_pairs(op, step, identifier, values, olds, document)
    for attempt in itertools.count(1):
        body, query, names = _step_body(op, step, values, olds, document)
        if not names:
            break
        must_allow(op, identifier, document, CHANGE)
        op.say(f"updating {', '.join(names)}")
        declared = op.table.declaration.args
        op.unsure |= {name for name in names if not declared[name].column.echoed}
        redeploys = any(one in step.redeploys for one in names)
        try:
            answer = op.call(step.call, body, query=query, id=identifier)
        except AmbiguousError as error:
            op.say(f"{step.call.operation} may have happened, looking")
            look_again(op, error, attempt)
            # What is from before the call would have it sent once more, amid what it began.
            document = op.wait(op.table.settled, identifier, document, fresh=not redeploys)
            continue
        op.accepted = answer if redeploys else None
        # What redeploys nothing is no judgement on a failed object: the goal comes next.
        wait = step.wait if redeploys else op.table.settled
        document = op.wait(wait, identifier, document, fresh=not redeploys)
        _must_have_taken(op, step, identifier, values, document)
        op.unsure -= set(names)
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
    for attempt in itertools.count(1):
        present = [inputs.plain(item, one) for one in wire.pick(document, item.reads) or []]
        own = [one for one in before or [] if one in present] if item.column.shared else present
        gone = [one for one in own if one not in (wanted or [])]
        new = [one for one in dict.fromkeys(wanted or []) if one not in present]
        if not gone and not new:
            break
        must_allow(op, identifier, document, CHANGE)
        op.say(f"updating {item.name}")
        try:
            for entry in gone:
                _remove_entry(op, step, identifier, step.key(document, entry))
            for entry in new:
                op.call(step.add, step.body(identifier, entry), id=identifier, entry=entry)
        except AmbiguousError as error:
            look_again(op, error, attempt)
            document = op.wait(op.table.settled, identifier)
            continue
        return op.wait(op.table.settled, identifier)
    return document


def _run_pairs(
    op: Operation, step: Pairs, identifier: str, values: Values, olds: Values, document: Json
) -> Json:
    """Set and take away the pairs of a map, as far as the cloud's differ; others' stay."""
    item = next(one for one in op.table.declaration.args.values() if step.sends(one))
    before, wanted = olds.get(item.name) or {}, values.get(item.name) or {}
    for attempt in itertools.count(1):
        present = wire.pick(op.table.undress(document), item.reads) or {}
        new = {key: one for key, one in wanted.items() if present.get(key) != one}
        gone = [key for key in before if key in present and key not in wanted]
        if not gone and not new:
            break
        must_allow(op, identifier, document, CHANGE)
        op.say(f"updating {item.name}")
        try:
            if gone:
                op.call(step.drop, query=step.query(gone), id=identifier)
            if new:
                op.call(step.put, step.body(new), id=identifier)
        except AmbiguousError as error:
            look_again(op, error, attempt)
            document = op.wait(op.table.settled, identifier)
            continue
        return op.wait(op.table.settled, identifier)
    return document


def _remove_entry(op: Operation, step: Entries, identifier: str, entry: str) -> None:
    """Take an entry away; one that is not there (any more) is done."""
    try:
        op.call(step.remove, id=identifier, entry=entry)
    except ApiError as error:
        if not op.client.dialect.is_missing(error):
            raise


def _must_have_taken(
    op: Operation, step: Step, identifier: str, values: Values, document: Json
) -> None:
    """See that a new configuration is there: a cloud that rolled it back looks healthy.

    Only what is wanted counts: where something was taken away, the cloud may fill in its own.
    """
    *_, names = _step_body(op, step, values, values, document)
    declared = op.table.declaration.args
    undone = [one for one in names if one in step.redeploys and declared[one].column.echoed]
    if undone:
        raise WaitFailed(
            f"{op.table.kind} {identifier} is {op.table.sight(document).status} with its former "
            f"configuration: the cloud rolled the change of {', '.join(undone)} back"
        )


def _step_body(
    op: Operation, step: Step, values: Values, olds: Values, document: Json
) -> tuple[Json, dict[str, str], list[str]]:
    """Build body and query out of what differs from the cloud, and name it.

    On an adopted object a mark that is missing is no difference, and goes along with others.
    """
    table, declaration, adopted = op.table, op.table.declaration, op.identity.adopted
    wanted = dict(values) if adopted else table.dress(op, values)
    seen = table.undress(document) if adopted else document
    actual = wire.read(declaration, seen, diff.union(declaration, wanted, olds))
    actual = with_silent(table, document, with_unseen(declaration, actual, olds), olds)
    differing = diff.compare(
        declaration, diff.prune(declaration, actual), diff.prune(declaration, wanted)
    )
    names = [one.name for one in differing if step.sends(one.item) and not _is_emptied(one)]
    names += [name for name in sorted(op.unsure - {*names}) if step.sends(declaration.args[name])]
    for name in names:
        empty = declaration.args[name].on_removal
        if wanted.get(name) is None and not isinstance(empty, Removal):
            wanted[name] = empty
    if adopted and names:
        wanted = table.dress(op, wanted)
    own = [name for name, item in declaration.args.items() if step.sends(item)]
    sent = own if step.whole else names
    body = wire.body(declaration, wanted, only=sent)
    spelled = {step.spells.get(key, key): value for key, value in body.items()}
    query = wire.query(declaration, wanted, only=sent)
    return spelled, query, [one for one in names if one in wanted]


def _is_emptied(difference: diff.Difference) -> bool:
    """Tell whether what was taken away has the value already that would be sent for that."""
    return difference.removed and difference.old == difference.item.on_removal


def reach_goal(op: Operation, identifier: str, values: Values, document: Json) -> Json:
    """Start or stop, if what runs contradicts what should; a lost answer means looking again."""
    table = op.table
    for attempt in itertools.count(1):
        desired, status = values.get(table.desired, ""), table.sight(document).status
        goal = table.goals.get(desired)
        due = strays(table, {"status": status}, values)
        if goal is None or not (due or goal.outdated(document)):
            break
        if status in goal.coming:
            document = op.wait(goal.wait, identifier)
            break
        must_allow(op, identifier, document, goal.doing)
        op.say(f"{status}{'' if due else ' with its former configuration'}, should be {desired}")
        try:
            op.call(goal.call, goal.body, id=identifier)
        except AmbiguousError as error:
            look_again(op, error, attempt)
            document = op.wait(table.settled, identifier, document, fresh=False)
            continue
        document = op.wait(goal.wait, identifier, document, fresh=False)
        break
    return document
