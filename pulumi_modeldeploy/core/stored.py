"""What goes into the state: what the user manages, as the cloud shows it, and the outputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from pulumi_modeldeploy.core import diff, wire
from pulumi_modeldeploy.core.declare import Declaration, Field, Shape
from pulumi_modeldeploy.core.plan import is_hopeless
from pulumi_modeldeploy.core.scrub import hide, scrub
from pulumi_modeldeploy.errors import (
    ApiError,
    ModelDeployError,
    NotReady,
    TransportError,
    WaitError,
    WaitFailed,
)

if TYPE_CHECKING:
    from pulumi_modeldeploy.core.operation import Operation
    from pulumi_modeldeploy.core.table import Table
    from pulumi_modeldeploy.core.values import Json, Values


def read_back(op: Operation, document: Json, managed: Values | None) -> Values:
    """Read the arguments that the user manages out of a document; `None`: whatever it has."""
    found = wire.read(op.table.declaration, op.table.undress(document), managed)
    return with_silent(op.table, document, found, managed or {})


def state_of(op: Operation, document: Json, arguments: Values) -> Values:
    """Build a state: arguments, and all outputs of a document."""
    table, arguments = op.table, _named(op, document, arguments)
    outputs = wire.outputs(table.declaration, table.undress(document), arguments)
    for name in table.prose:
        if name in outputs:
            outputs[name] = scrub(str(outputs[name]), table.declaration, arguments)
    return {**arguments, **_hidden(op, outputs, arguments)}


def _named(op: Operation, document: Json, arguments: Values) -> Values:
    """Show the name that an adopted object has where nobody gave one."""
    naming = op.table.naming
    if naming is None or not op.identity.adopted or arguments.get(naming.argument) is not None:
        return arguments
    found = read_back(op, document, None).get(naming.argument)
    return arguments if found is None else {**arguments, naming.argument: found}


def _hidden(op: Operation, outputs: Values, arguments: Values) -> Values:
    """Hide what outputs repeat of secret inputs: it would stand in the state in clear.

    What the verbs themselves read back is the cloud's own.
    """
    table = op.table
    followed = {item.column.follows for item in table.declaration.args.values()}
    own = {"status", table.incarnation, *followed}
    return {
        name: one if name in own else hide(one, arguments, op.identity.secrets)
        for name, one in outputs.items()
    }


def keep(
    op: Operation,
    identifier: str,
    values: Values,
    olds: Values,
    error: ModelDeployError,
    *,
    new: bool = False,
) -> NoReturn:
    """Have an object stored that exists: what it looks like, and why it is not what it should be.

    What the cloud does not show stays as it was before, so that the next run sends it (again).

    Args:
        op: The verb.
        identifier: The object.
        values: The arguments that it should have.
        olds: Those that it was known to have.
        error: What went wrong.
        new: Whether it was made just now: some clouds take a moment to show that.

    Raises:
        NotReady: It exists.
        ModelDeployError: `error` itself, if the object does not exist any more.
    """
    known = _with_shared(op.table, with_unseen(op.table.declaration, values, olds), olds)
    # Which object of its name it is must not get lost with the other outputs.
    which = {op.table.incarnation: op.incarnation} if op.incarnation else {}
    state, more, gone = {**known, **which}, "", False
    may_hide = new and op.table.ready.appears > 0 and not isinstance(error, WaitFailed)
    op.outlive()
    try:
        document = op.show(identifier)
        gone = document is None and not may_hide
        if document is not None:
            known = with_silent(op.table, document, known, olds)
            state = state_of(op, document, read_back(op, document, known))
            more = _explained(op, identifier) if isinstance(error, WaitError) else ""
    except (TransportError, ApiError) as unseen:
        # What is known is enough to find the object again.
        more = f"the cloud cannot be asked just now: {unseen}"
    if gone:
        raise error
    text = f"{error}{f' ({more})' if more else ''}"
    next_run = "replaces it" if is_hopeless(op.table, state) else "goes on with it"
    reason = f"{text.removesuffix('.')}. It is stored with its id; `pulumi up` {next_run}."
    raise NotReady(identifier, state, [reason]) from error


def _explained(op: Operation, identifier: str) -> str:
    """Ask for more words about a failure; an odd answer must not cost the object's id."""
    try:
        return op.table.explain(op, identifier)
    except Exception as error:  # noqa: BLE001  (whatever a cloud's document makes of it)
        return f"no more can be told, {type(error).__name__}"


def with_silent(table: Table, document: Json, values: Values, olds: Values) -> Values:
    """Take what a document does not tell over from what was set last."""
    silent = table.silent(document)
    told = {name: one for name, one in values.items() if name not in silent}
    return told | {name: olds[name] for name in silent if olds.get(name) is not None}


def with_unseen(declaration: Declaration, values: Values, olds: Values) -> Values:
    """Take what the cloud does not show over from what was set last, nested arguments too."""
    unseen = declaration.unseen
    seen = {
        name: _with_unseen_inside(declaration.args.get(name), one, olds.get(name))
        for name, one in values.items()
        if name not in unseen
    }
    return seen | {name: olds[name] for name in unseen if olds.get(name) is not None}


def _with_unseen_inside(item: Field | None, value: Any, old: Any) -> Any:
    nested = item.nested if item else None
    if item is None or nested is None:
        return value
    if item.shape is Shape.OBJECT and isinstance(value, Mapping):
        return with_unseen(nested, dict(value), old or {})
    if item.shape is Shape.OBJECTS and isinstance(value, list):
        before = diff.counterparts(item, value, old or [])
        return [with_unseen(nested, one, was) for one, was in zip(value, before, strict=True)]
    return value


def _with_shared(table: Table, values: Values, olds: Values) -> Values:
    """Add the shared entries that were to be taken away: they may still be there."""
    merged = dict(values)
    for name, item in table.declaration.args.items():
        if not (item.column.shared and olds.get(name)):
            continue
        if isinstance(olds[name], Mapping):
            merged[name] = {**olds[name], **(values.get(name) or {})}
        else:
            new = [one for one in values.get(name) or [] if one not in olds[name]]
            merged[name] = [*olds[name], *new]
    return merged
