"""The program's side of a resource: options, bookkeeping, and mistakes of all resources at once.

The engine reports one failing resource per run, and a refusal cancels the preview. So in a preview
the provider's check refuses nothing: it hands what it found back in the bookkeeping, which previews
echo to the program. Here each text is logged, and when all resources have been heard one verdict
fails the run. In an update check refuses everything itself.

What only the program knows goes the other way: names of the stack, whether a replacement deletes
first, and which values are secret (a provider sees them in plain text).
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import pulumi
from pulumi import Output

from pulumi_modeldeploy import settings
from pulumi_modeldeploy.core.declare import Shape
from pulumi_modeldeploy.core.identity import REFUSED
from pulumi_modeldeploy.engine import sdk
from pulumi_modeldeploy.errors import SettingsError

if TYPE_CHECKING:
    from pulumi_modeldeploy.core.declare import Declaration, Field
    from pulumi_modeldeploy.core.table import Table

PREVIEW = "preview"
SECRETS = "secrets"
NAME = "name"
PARENT = "parent"
DELETE_FIRST = "deleteFirst"
WAITS = "waits"
"""Keys of the bookkeeping that pass between program and check; none is kept in the state."""


PATIENCE = 30.0
"""Seconds without any progress of the program after which the verdict falls all the same."""


@dataclass(frozen=True)
class _Secret:
    """A leaf that came out of a secret Output."""

    value: Any


def options(
    table: Table, props: Mapping[str, Any], opts: pulumi.ResourceOptions | None
) -> pulumi.ResourceOptions:
    """Complete the resource options.

    Where the cloud lets one object have a name at a time, one with a given name can only be
    replaced after it is gone. The option says so, not diff: a forced replacement (`--replace`) does
    not ask diff.
    """
    own = pulumi.ResourceOptions()
    args = table.declaration.args
    if any(args[name].key in props for name in table.exclusive):
        own.delete_before_replace = True
    secret = [item for item in table.declaration.outputs.values() if item.column.secret]
    if opts is not None and opts.id is not None:
        # Nobody here knows which arguments were secret to those who made the object.
        secret += [item for item in args.values() if _may_be_secret(item)]
    own.additional_secret_outputs = [item.key for item in secret]
    return pulumi.ResourceOptions.merge(own, opts)


def _may_be_secret(item: Field) -> bool:
    """Tell whether an argument may hold secrets, as environment variables do, at any depth."""
    inside = item.nested.args.values() if item.nested else ()
    itself = item.column.secret or item.shape is Shape.MAP
    return itself or any(_may_be_secret(one) for one in inside)


def names(table: Table) -> dict[str, Any]:
    """Tell the provider the names of the stack.

    Raises:
        pulumi.RunError: Credentials would stand in clear in the state.
    """
    try:
        settings.refuse_clear_credentials(table.credentials)
    except SettingsError as error:
        raise pulumi.RunError(str(error)) from None
    return {
        "organization": pulumi.get_organization(),
        "project": pulumi.get_project(),
        "stack": pulumi.get_stack(),
    }


def bookkeeping(
    table: Table, name: str, props: Mapping[str, Any], opts: pulumi.ResourceOptions
) -> dict[str, Any]:
    """Build the input that tells the provider what it cannot know."""
    known = names(table)
    secrets = asyncio.ensure_future(_secret_paths(table.declaration, dict(props)))
    book: dict[str, Any] = {
        **known,
        NAME: name,
        SECRETS: Output.from_input(secrets),
    }
    if opts.parent is not None:
        # Its text only: as a dependency, a component would wait for its own children.
        book[PARENT] = Output.from_input(asyncio.ensure_future(opts.parent.urn.future()))
    if opts.delete_before_replace:
        book[DELETE_FIRST] = True
    if pulumi.runtime.is_dry_run():
        book[PREVIEW] = True
        book[WAITS] = True if opts.depends_on else Output.from_input(_waits(dict(props)))
    return book


def listen(name: str, echo: Output[Mapping[str, Any]]) -> None:
    """In a preview: log what check found wrong, and let that fail the run in the end.

    Args:
        name: The resource.
        echo: Its bookkeeping, as it comes back from the engine.
    """
    if pulumi.runtime.is_dry_run():
        verdict = _Verdict.of_this_run()
        verdict.hearings.append(asyncio.ensure_future(verdict.hear(name, echo)))


async def _secret_paths(declaration: Declaration, props: dict[str, Any]) -> list[str]:
    """List the paths, in the user's spelling, of what came out of secret Outputs."""
    found: list[str] = []

    def walk(value: Any, path: str) -> None:
        if isinstance(value, _Secret):
            found.append(path)
        elif isinstance(value, Mapping):
            for key, one in value.items():
                walk(one, f"{path}.{key}" if path else str(key))
        elif isinstance(value, list):
            for index, one in enumerate(value):
                walk(one, f"{path}[{index}]")

    walk(declaration.from_state(await _resolved(props, secret=False)), "")
    return sorted(found)


async def _waits(value: Any) -> bool:
    """Tell whether a value comes out of another resource, be it known already or not."""
    if isinstance(value, Output):
        return bool(await value.resources()) or await _waits(await value.future())
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return any([await _waits(one) for one in value])
    return False


async def _resolved(value: Any, *, secret: bool) -> Any:
    """Wait for Outputs at any depth, and wrap secret leaves."""
    if isinstance(value, Output):
        secret = secret or await value.is_secret()
        value = await value.future(with_unknowns=True)
    if isinstance(value, Mapping):
        return {key: await _resolved(one, secret=secret) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [await _resolved(one, secret=secret) for one in value]
    return _Secret(value) if secret else value


class _Verdict:
    """Fails the run once, when every resource has been judged and one was found wanting."""

    _runs: ClassVar[weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Verdict]] = (
        weakref.WeakKeyDictionary()
    )

    def __init__(self) -> None:
        self.hearings: list[asyncio.Future[None]] = []
        """Kept, since an event loop alone does not keep its tasks alive."""
        self._mistakes: dict[str, int] = {}
        self._own: set[asyncio.Task[Any]] = set()

    @classmethod
    def of_this_run(cls) -> _Verdict:
        """The verdict of the event loop that the program runs in."""
        return cls._runs.setdefault(asyncio.get_event_loop(), cls())

    async def hear(self, name: str, echo: Output[Mapping[str, Any]]) -> None:
        """Wait for what check found; the first mistake makes the run fail in the end."""
        book = await echo.future(with_unknowns=True)
        texts = book.get(REFUSED) if isinstance(book, Mapping) else None
        for text in texts or ():
            # Without the resource: a message with it waits for the URN, which may never come.
            pulumi.log.error(f"{name}: {text}")
        if texts:
            first = not self._mistakes
            self._mistakes[name] = self._mistakes.get(name, 0) + len(texts)
            if first:
                self._announce()

    def _announce(self) -> None:
        """Let the run fail: the SDK awaits every Output in the end, and reports what one raises."""
        before = asyncio.all_tasks()
        failing: asyncio.Future[None] = asyncio.ensure_future(self._fail())
        _ = Output.from_input(failing)
        self._own = asyncio.all_tasks() - before

    async def _fail(self) -> None:
        """Wait until nothing else goes on, since that may construct resources, then raise."""
        while others := {
            task
            for task in asyncio.all_tasks() - self._own - {asyncio.current_task()}
            if not sdk.is_program(task)
        }:
            first = asyncio.FIRST_COMPLETED
            done, _ = await asyncio.wait(others, timeout=PATIENCE, return_when=first)
            if not done:
                break
        count = sum(self._mistakes.values())
        raise pulumi.RunError(
            f"{count} mistake{'s' if count > 1 else ''} in {', '.join(sorted(self._mistakes))} "
            "(listed above); nothing was changed"
        )
