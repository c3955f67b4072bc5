"""Writes docs/reference from the declarations: what an argument's line says, and its docstring.

Nothing is listed here by hand: resources come from the table of providers, everything else from
their tables and classes. With `--check` nothing is written; the exit code tells whether the pages
are current.
"""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pulumi_modeldeploy import settings
from pulumi_modeldeploy.core.declare import Change, Declaration, Field, Removal, Shape
from pulumi_modeldeploy.core.preflight import ADOPTION, ADOPTION_TEXT, NAME, NAME_TEXT
from pulumi_modeldeploy.core.table import Step
from pulumi_modeldeploy.engine.providers import PROVIDERS

if TYPE_CHECKING:
    import types
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from pulumi_modeldeploy.core.table import Table
    from pulumi_modeldeploy.core.waits import Wait
    from pulumi_modeldeploy.engine.dynamic import Provider
    from pulumi_modeldeploy.settings import Setting

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "docs" / "reference"
DO_NOT_EDIT = "<!-- Written by `make docs`; edit the declarations instead. -->"
ABOUT_RULES = """\
All arguments are checked in the preview. A rule can be turned off by its name, which stands in
brackets: `pulumi config set modeldeploy:skipRules NAME,NAME`. The cloud may refuse then."""
ABOUT_PREFLIGHT = """\
In the preview as far as it is known, else before anything is sent; see
[Preflight](../concepts.md#preflight). `{key}` turns all of it into warnings or off."""
ABOUT_SETTINGS = """\
A value in the stack configuration (`pulumi config set KEY VALUE`) wins over the environment. A
credential in the stack configuration must be secret (`pulumi config set --secret KEY VALUE`)."""
ABOUT_REPLACEMENTS = """\
*Replacement* means that a new one takes its place. The new one is created before the old one is
deleted; with {name} given, the old one is deleted first, since only one can have it at a time."""


class UndocumentedError(Exception):
    """Something lacks its docstring or its source; the text has one line for each."""


# --- docstrings ----------------------------------------------------------------------------------


def docstrings(owner: type) -> dict[str, str]:
    """Read the docstrings under the attributes of a class and its bases."""
    found: dict[str, str] = {}
    for base in reversed(owner.__mro__):
        file = inspect.getsourcefile(base) if base.__module__ != "builtins" else None
        if file is not None:
            found.update(_of_module(file).get(base.__name__, {}))
    return found


@functools.cache
def _of_module(file: str) -> Mapping[str, Mapping[str, str]]:
    tree = ast.parse(Path(file).read_text("utf-8"))
    classes = (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef))
    return {node.name: dict(_of_class(node)) for node in classes}


def _of_class(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for line, below in zip(node.body, node.body[1:], strict=False):
        match line, below:
            case (
                (ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)])),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                yield name, inspect.cleandoc(text)


# --- what there is -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Kind:
    """A class of nested objects, and the argument or output that leads to it."""

    owner: type
    path: str

    @property
    def declaration(self) -> Declaration:
        """Its arguments and outputs."""
        return Declaration.of(self.owner)


def nested(fields: Iterable[Field], path: str = "") -> Iterator[Kind]:
    """Walk over the classes of nested objects, outer ones first; a class may come twice."""
    for item in fields:
        declaration = item.nested
        if declaration is not None:
            below = f"{path}{item.name}"
            yield Kind(item.type, below)
            inner = [*declaration.args.values(), *declaration.outputs.values()]
            yield from nested(inner, f"{below}.")


def once(kinds: Iterable[Kind]) -> list[Kind]:
    """Drop classes that were seen already."""
    return list({kind.owner: kind for kind in reversed(list(kinds))}.values())[::-1]


def gaps(table: Table) -> list[str]:
    """List the arguments and outputs without docstring or source, and the rules without source."""
    declaration = table.declaration
    fields = (*declaration.args.values(), *declaration.outputs.values())
    owners = [table.owner, *(kind.owner for kind in once(nested(fields)))]
    found = [gap for owner in owners for gap in _gaps_of(owner)]
    return found + [f"rule {rule.name} names no source" for rule in table.rules if not rule.source]


def _gaps_of(owner: type) -> Iterator[str]:
    declaration, texts = Declaration.of(owner), docstrings(owner)
    if not owner.__doc__:
        yield f"{owner.__name__} has no docstring"
    for name in (*declaration.args, *declaration.outputs):
        if not texts.get(name):
            yield f"{owner.__name__}.{name} has no docstring under it"
    for name, item in declaration.args.items():
        if not item.column.source:
            yield f"{owner.__name__}.{name} names no source"


# --- words ---------------------------------------------------------------------------------------


def code(text: object) -> str:
    """Set text in code."""
    return f"`{text}`"


def literal(value: Any) -> str:
    """Spell a value as Python does, quoted as here."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return repr(value)


def type_of(item: Field) -> str:
    """Name a type, with a link if it is described on the same page."""
    name = getattr(item.type, "__name__", "Any")
    word = f"[`{name}`](#{name.lower()})" if item.nested else code(name)
    words = {
        Shape.LIST: f"list of {word}",
        Shape.OBJECTS: f"list of {word}",
        Shape.MAP: f"map of {word}",
        Shape.TREE: "free object",
        Shape.LISTS: f"map of lists of {word}",
    }
    return words.get(item.shape, word)


def default_of(table: Table, item: Field) -> str:
    """Say what an argument is when it is left out."""
    if item.required:
        return "required"
    if item.name == _automatic(table) or item.column.follows:
        return "automatic"
    if item.column.default is None:
        return "not sent"
    return code(literal(item.column.default))


def _automatic(table: Table) -> str:
    """The argument that gets an automatic name."""
    return table.naming.argument if table.naming else ""


def change_of(table: Table, item: Field) -> str:
    """Say what a change does."""
    if item.column.change is not Change.UPDATE:
        return {Change.REPLACE: "replacement", Change.ONCE: "nothing"}[item.column.change]
    calls = [call.operation for step in table.steps if step.sends(item) for call in step.calls]
    if table.lock and item.name == table.lock.argument:
        calls = [table.lock.call.operation]
    if item.name == table.desired:
        calls = sorted({goal.call.operation for goal in table.goals.values()})
    return f"in place ({', '.join(calls)})" if calls else "in place"


def removal_of(table: Table, item: Field) -> str:
    """Say what taking the argument away does."""
    if item.column.change is Change.ONCE:
        return "nothing"
    if item.name == _automatic(table) or item.column.follows:
        return "nothing, it stays"
    if item.column.default is not None:
        return f"as {code(literal(item.column.default))}"
    match item.on_removal:
        case Removal.REPLACE:
            return "replacement"
        case Removal.REFUSE:
            return "refused in the preview: the cloud would keep the last value"
        case value:
            return f"sends {code(literal(value))}"


def rules_of(item: Field, path: str) -> Iterator[str]:
    """Say what the value must be, each rule with the name that turns it off."""
    for check in item.column.checks:
        level = "Warning: should" if check.warn else "Must"
        yield f"{level} {check.text} ({code(f'{path}.{check.name}')})."


# --- Markdown ------------------------------------------------------------------------------------


def grid(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Set a table."""
    lines = [head, ["---"] * len(head), *([cell(one) for one in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def cell(text: str) -> str:
    """Set text in one line of a table."""
    return " ".join(text.replace("|", "\\|").split())


def bullets(lines: Iterable[str]) -> str:
    """Set a list."""
    return "\n".join(f"- {line}" for line in lines)


def anchor(heading: str) -> str:
    """Name the link target of a heading."""
    return "".join(one for one in heading.lower() if one.isalnum() or one in " -_").replace(
        " ", "-"
    )


def argument(table: Table, kind: Kind, item: Field, text: str) -> str:
    """Describe an argument. One of a nested object changes as part of that."""
    path = f"{kind.path}.{item.name}" if kind.path else item.name
    need = "required" if item.required else f"default: {default_of(table, item)}"
    facts = [*rules_of(item, path)]
    if not kind.path:
        facts.append(f"A change: {change_of(table, item)}.")
        if not item.required:
            facts.append(f"Taken away: {removal_of(table, item)}.")
    if item.column.unordered:
        key = f", entries are told apart by {code(item.column.match_by)}"
        facts.append(f"The order does not count{key if item.column.match_by else ''}.")
    facts.append(f"In the state {code(item.key)}, {sent(item)}. Source: {item.column.source}.")
    return f"#### {heading_of(kind, item)}\n\n{type_of(item)}, {need}\n\n{text}\n\n{bullets(facts)}"


def sent(item: Field) -> str:
    """Say how the cloud gets an argument, and how it shows it."""
    if not item.column.body:
        return "not sent with the others"
    if item.column.late:
        return f"sent by a call of its own, shown as {code(item.reads)}"
    place = " in the query" if item.column.query else ""
    if not item.column.echoed:
        shown = ", not shown by the cloud"
    else:
        shown = f", shown as {code(item.reads)}" if item.reads != item.wire else ""
    return f"sent{place} as {code(item.wire)}{shown}"


def arguments(table: Table, kind: Kind) -> str:
    """Describe the arguments of a class, first at a glance, then each."""
    texts = docstrings(kind.owner)
    declared = kind.declaration.args.values()
    head = ["argument", "type", "default", *([] if kind.path else ["a change"])]
    rows = [
        [
            f"[{code(item.name)}](#{anchor(heading_of(kind, item))})",
            type_of(item),
            default_of(table, item),
            *([] if kind.path else [change_of(table, item)]),
        ]
        for item in declared
    ]
    each = [argument(table, kind, item, texts[item.name]) for item in declared]
    return "\n\n".join((grid(head, rows), *each))


def heading_of(kind: Kind, item: Field) -> str:
    """Name an argument so that no other of the page has the same heading."""
    return f"{kind.owner.__name__}.{item.name}"


def outputs(kind: Kind) -> str:
    """Describe the outputs of a class."""
    texts = docstrings(kind.owner)
    rows = (
        [
            code(item.name),
            type_of(item) + (", secret" if item.column.secret else ""),
            code(item.wire),
            texts[item.name],
        ]
        for item in kind.declaration.outputs.values()
    )
    return grid(["output", "type", "the cloud's name", "what it is"], rows)


def _sent_by(table: Table, step: Step) -> list[str]:
    return [code(item.name) for item in table.declaration.args.values() if step.sends(item)]


def waits(table: Table) -> str:
    """Describe how long each verb waits, and for what."""
    rows = [_wait_row("create", table.ready)]
    rows += [
        _wait_row(f"update of {', '.join(_sent_by(table, step))}", step.wait)
        for step in table.steps
        if isinstance(step, Step)
    ]
    rows += [
        _wait_row(f"{code(table.desired)} becomes {code(name)}", goal.wait)
        for name, goal in table.goals.items()
    ]
    rows.append(_wait_row("delete", table.gone))
    return grid(["after", "until it is", "fails when it is", "at most"], rows)


def _wait_row(verb: str, wait: Wait) -> list[str]:
    until = ", ".join(map(code, wait.until)) or "gone"
    return [verb, until, ", ".join(map(code, wait.fail)) or "-", f"{wait.limit:g} s"]


def settings_grid(rows: Iterable[Setting]) -> str:
    """Describe settings."""
    return grid(
        ["stack configuration", "environment", "secret", "what it is"],
        (
            [
                code(one.key),
                ", ".join(map(code, one.env)) or "-",
                "yes" if one.secret else "no",
                one.text + (f": {' or '.join(map(code, one.allowed))}" if one.allowed else ""),
            ]
            for one in rows
        ),
    )


# --- pages ---------------------------------------------------------------------------------------


def resource(cloud: str, provider: type[Provider]) -> str:
    """Describe a resource."""
    table = provider.table()
    missing = gaps(table)
    if missing:
        raise UndocumentedError("\n".join(missing))
    own = Kind(table.owner, "")
    args = once(nested(own.declaration.args.values()))
    replies = once(nested(own.declaration.outputs.values()))
    name = f"{cloud}.{table.owner.__name__}"
    parts = [
        f"## {name}",
        inspect.cleandoc(table.owner.__doc__ or ""),
        f"Type: {code(provider.token)}.",
        ABOUT_RULES,
        *_replacements(table),
        f"### Arguments of {name}",
        arguments(table, own),
        f"### Outputs of {name}",
        "Arguments are outputs too, under their own names.",
        outputs(own),
        f"### Rules over several arguments of {name}",
        grid(
            ["rule", "what is right", "level", "source"],
            (
                [code(rule.name), rule.text, "warning" if rule.warn else "error", rule.source]
                for rule in table.rules
            ),
        ),
        *_preflight(table, name),
        f"### Waiting of {name}",
        "`ResourceOptions(custom_timeouts=...)` changes the limits.",
        waits(table),
    ]
    for kind in args:
        parts += [
            f"### {kind.owner.__name__}",
            inspect.cleandoc(kind.owner.__doc__ or ""),
            f"In {code(kind.path)}; a change here is a change of {code(kind.path.split('.')[0])}.",
            arguments(table, kind),
        ]
    for kind in replies:
        text = inspect.cleandoc(kind.owner.__doc__ or "")
        parts += [f"### {kind.owner.__name__}", text, f"In {code(kind.path)}.", outputs(kind)]
    return "\n\n".join(parts)


def _preflight(table: Table, name: str) -> Iterator[str]:
    """Describe what is looked at before anything is created."""
    preflight = table.preflight
    if preflight is None:
        return
    yield f"### What is looked at before {name} is created"
    yield ABOUT_PREFLIGHT.format(key=preflight.setting.key)
    rows = [(one.name, one.text, one.warn, one.source) for one in preflight.questions]
    if preflight.holder is not None:
        rows.append((NAME, NAME_TEXT, False, preflight.unique))
    rows.append((ADOPTION, ADOPTION_TEXT, False, "docs/adopting.md"))
    yield grid(
        ["rule", "what is right", "level", "source"],
        (
            [code(rule), text, "warning" if warn else "error", source]
            for rule, text, warn, source in rows
        ),
    )


def lookups(cloud: str, module: types.ModuleType, described: Collection[type]) -> Iterator[str]:
    """Describe the functions that read something for programs, and what they answer.

    Args:
        cloud: The name of the module, as programs import it.
        module: The module.
        described: Classes that stand on the page already.
    """
    functions = [one for name in module.__all__ if inspect.isfunction(one := getattr(module, name))]
    if functions:
        yield "## Lookups"
    for function in functions:
        parameters = inspect.signature(function).parameters.values()
        given = ", ".join(map(_parameter, parameters))
        answer = str(function.__annotations__["return"])
        yield f"### {cloud}.{function.__name__}"
        yield f"```python\n{function.__name__}(*, {given}) -> {answer}\n```"
        yield prose(inspect.getdoc(function) or "")
    names = (str(one.__annotations__["return"]).strip("]").rpartition("[")[2] for one in functions)
    roots = [getattr(module, name) for name in dict.fromkeys(names)]
    below = (
        kind
        for root in roots
        for kind in nested(Declaration.of(root).outputs.values(), f"{root.__name__}.")
    )
    for kind in once((*(Kind(root, "") for root in roots), *below)):
        if kind.owner not in described:
            where = [f"In {code(kind.path)}."] if kind.path else []
            text = inspect.cleandoc(kind.owner.__doc__ or "")
            yield "\n\n".join((f"### {kind.owner.__name__}", text, *where, outputs(kind)))


def _parameter(one: inspect.Parameter) -> str:
    """Spell a parameter as its function does."""
    default = "" if one.default is one.empty else f" = {one.default!r}"
    return f"{one.name}: {one.annotation}{default}"


def prose(docstring: str) -> str:
    """Set a docstring: its sections become lists."""
    lines = []
    for line in docstring.splitlines():
        if line.endswith(":") and line[:-1] in ("Args", "Returns", "Raises"):
            lines.append(f"**{line}**\n")
        elif re.match(r"    \S", line):
            lines.append(f"- {line.strip()}")
        else:
            lines.append(line.replace("        ", "  ", 1))
    return "\n".join(lines)


def _replacements(table: Table) -> Iterator[str]:
    """Say in which order a replacement goes."""
    if table.exclusive:
        yield ABOUT_REPLACEMENTS.format(name=" or ".join(map(code, table.exclusive)))


def pages() -> dict[str, str]:
    """Write all pages, by file name.

    Raises:
        UndocumentedError: Something lacks its docstring or its source.
    """
    clouds: dict[str, list[type[Provider]]] = {}
    for provider in PROVIDERS.values():
        clouds.setdefault(provider.table().owner.__module__.split(".")[1], []).append(provider)
    found = {f"{cloud}.md": _cloud(cloud, providers) for cloud, providers in clouds.items()}
    common = (
        "# Settings of all clouds",
        ABOUT_SETTINGS,
        settings_grid(settings.COMMON),
        "Each cloud's own: " + ", ".join(f"[{cloud}]({cloud}.md#settings)" for cloud in clouds),
    )
    return {**found, "settings.md": page_of(common)}


def _cloud(cloud: str, providers: Sequence[type[Provider]]) -> str:
    module = importlib.import_module(f"pulumi_modeldeploy.{cloud}")
    own = {one.key: one for provider in providers for one in provider.table().credentials}
    described = {
        kind.owner
        for provider in providers
        for kind in nested(provider.table().declaration.outputs.values())
    }
    title = inspect.cleandoc(module.__doc__ or cloud).partition("\n")[0].rstrip(".")
    return page_of(
        (
            f"# {title}",
            *(resource(cloud, provider) for provider in providers),
            *lookups(cloud, module, described),
            "## Settings",
            "Those of all clouds are in [settings.md](settings.md).",
            settings_grid(own.values()),
        )
    )


def page_of(parts: Iterable[str]) -> str:
    """Set a page."""
    return "\n\n".join((DO_NOT_EDIT, *parts)) + "\n"


def stale(folder: Path, make: Callable[[], dict[str, str]] = pages) -> list[str]:
    """List the pages in a folder that are missing, not current, or of nothing any more."""
    wanted = make()
    there = {file.name: file.read_text("utf-8") for file in folder.glob("*.md")}
    return sorted(name for name in wanted | there if wanted.get(name) != there.get(name))


def main(
    argv: Sequence[str],
    folder: Path = REFERENCE,
    make: Callable[[], dict[str, str]] = pages,
) -> int:
    """Write the pages, or check them, and return the exit code."""
    try:
        wrong = stale(folder, make)
    except UndocumentedError as error:
        print(f"docs: {error}", file=sys.stderr)
        return 1
    if argv == ["--check"]:
        for name in wrong:
            print(f"docs: {name} is not current, run `make docs`", file=sys.stderr)
        return 1 if wrong else 0
    folder.mkdir(parents=True, exist_ok=True)
    wanted = make()
    for name in wrong:
        if name in wanted:
            (folder / name).write_text(wanted[name], "utf-8")
        else:
            (folder / name).unlink()
        print(f"docs: {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
