"""Whether an object that is there already may be taken over, and the line that asks for it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pulumi_modeldeploy.core import diff, wire
from pulumi_modeldeploy.core.declare import ADOPT, ADOPT_FROM, Change
from pulumi_modeldeploy.core.plan import is_leaving, lasting, replacing, strays
from pulumi_modeldeploy.core.values import has_unknown

if TYPE_CHECKING:
    from pulumi_modeldeploy.core.operation import Operation
    from pulumi_modeldeploy.core.values import Json, Values


def line(op: Operation, identifier: str, document: Json) -> str:
    """Write the arguments that adopt an object."""
    mark = whose(op, identifier, document)
    giver = f', {ADOPT_FROM}="{mark}"' if mark not in ("", op.identity.mark) else ""
    return f'{ADOPT}="{identifier}"{giver}'


def carries(op: Operation, identifier: str, document: Json) -> str:
    """Say whose mark is on an object that is in the way."""
    theirs = whose(op, identifier, document) not in ("", op.identity.mark)
    return f"it carries {'the mark of another resource' if theirs else 'no mark'}"


def whose(op: Operation, identifier: str, document: Json, *others: str) -> str:
    """Tell whose an object is: the mark on it, or what stands for that; empty: nobody's.

    Args:
        op: The verb.
        identifier: The object.
        document: It, with the mark that is written on it.
        others: Marks that its id may be made of, besides ours.
    """
    written, chosen = op.table.mark_of(document), op.table.chosen
    if written or chosen is None:
        return written
    made_of = (one for one in (op.identity.mark, *others) if identifier in chosen.all({}, one))
    return next(made_of, chosen.hint(identifier))


def look(op: Operation, identifier: str) -> Json | None:
    """Get what is to be adopted, with the mark on it; `None` if it is not there, or going."""
    document = op.show(identifier)
    if document is None or is_leaving(op.table, document):
        return None
    return op.table.signed(op, document)


def there(op: Operation, document: Json, values: Values) -> Values:
    """Read what an object has of the arguments that are wanted, as far as these are known."""
    return wire.read(op.table.declaration, op.table.undress(document), _known(values))


def _known(values: Values) -> Values:
    return {name: one for name, one in values.items() if not has_unknown(one)}


def missing(op: Operation, values: Values) -> str:
    """Say that there is nothing to adopt, and what to do."""
    return (
        f"there is no {op.table.kind} {values[ADOPT]} to adopt where this resource lives, or it is "
        f"being deleted: remove `{ADOPT}` to have a new one, or give the id of one that is there"
    )


def objection(op: Operation, values: Values, document: Json) -> str:
    """Say why an object may not be adopted, and what to do; empty if it may.

    Args:
        op: The verb.
        values: What the program gives, with what it asks to adopt.
        document: What `look` found.
    """
    identifier, table = str(values[ADOPT]), op.table
    what = f"{table.kind} {identifier}"
    giver = str(values.get(ADOPT_FROM) or "")
    mark = whose(op, identifier, document, giver)
    if mark not in ("", op.identity.mark, giver):
        return (
            f"{what} carries the mark of another resource, so it was not touched. If it is to "
            "change hands, let the other stack forget it first (`pulumi state delete`), and say "
            f"so here: {line(op, identifier, document)}"
        )
    if (mark and op.kept_elsewhere(mark)) or op.held_elsewhere(identifier):
        return f"{what} is another resource's in this run; it was not touched. Remove `{ADOPT}`"
    if table.sight(document).status in table.hopeless:
        return (
            f"{what} is {table.sight(document).words}, which no call leads out of; it was not "
            f"touched. Remove `{ADOPT}` to have a new one"
        )
    return _out_of_reach(op, values, document)


def outlook(op: Operation, values: Values, document: Json) -> str:
    """Say what adopting an object is going to do to it."""
    table, declaration = op.table, op.table.declaration
    has, wanted = there(op, document, lasting(table, values)), lasting(table, _known(values))
    found = diff.compare(declaration, diff.prune(declaration, has), diff.prune(declaration, wanted))
    sent = [name for name in declaration.unseen if wanted.get(name) is not None]
    names = [one.name for one in found] + [one for one in sent if one not in fixed(op, wanted)]
    if strays(table, {"status": table.sight(document).status}, wanted):
        names.append(table.desired)
    changes = f"and updates {', '.join(names)}" if names else "as it is"
    later = ", ".join(name for name, one in values.items() if has_unknown(one))
    unknown = f" ({later}: not known yet)" if later else ""
    return f"adopts {table.kind} {values[ADOPT]} {changes}{unknown}"


def fixed(op: Operation, values: Values) -> list[str]:
    """Name what the cloud never tells and only a new object can have otherwise."""
    declared = op.table.declaration.args
    unseen = (name for name in op.table.declaration.unseen if values.get(name) is not None)
    return [name for name in unseen if declared[name].column.change is Change.REPLACE]


def _out_of_reach(op: Operation, values: Values, document: Json) -> str:
    """Name the arguments of which only a new object can have the wanted value."""
    has = there(op, document, values)
    names = replacing(op.table, has, _known(values))
    if not names:
        return ""
    differing = ", ".join(_as_it_is(op, name, has) for name in names)
    return (
        f"{op.table.kind} {values[ADOPT]} differs in what only a new one can have otherwise; it "
        f"was not touched: {differing}. Write what is there, or remove `{ADOPT}` to have a new one"
    )


def _as_it_is(op: Operation, name: str, has: Values) -> str:
    """Say what an object has, unless the program keeps that argument secret."""
    value = has.get(name)
    hidden = any(path.startswith(name) for path in op.identity.secrets)
    if hidden or isinstance(value, dict | list):
        return name
    return f"{name} ({'not set' if value is None else json.dumps(value, ensure_ascii=False)} there)"
