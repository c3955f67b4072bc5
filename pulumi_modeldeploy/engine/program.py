"""The program's side of a resource: options, bookkeeping, and mistakes of all resources at once.

The engine reports one failing resource per run. So the check of `core/inputs` also runs here, on
what is known when a resource is constructed and on Outputs as they resolve. In a preview each
mistake is logged, the provider's check is told which texts were (and refuses only others, since a
refusal cancels the preview and swallows what comes later), and once all are judged one verdict
fails the run. In an update nothing is told, and the provider's check refuses everything.
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import pulumi
from pulumi import Output
from pulumi.output import Unknown as EngineUnknown

from pulumi_modeldeploy import settings
from pulumi_modeldeploy.core import inputs
from pulumi_modeldeploy.core.values import UNKNOWN, Values
from pulumi_modeldeploy.errors import SettingsError

if TYPE_CHECKING:
    from pulumi_modeldeploy.core.declare import Declaration
    from pulumi_modeldeploy.core.table import Table

REPORTED = "reported"
SECRETS = "secrets"
NAME = "name"
DELETE_FIRST = "deleteFirst"
PASSING = (REPORTED, SECRETS, NAME, DELETE_FIRST)
"""Bookkeeping that only check needs; it is not kept in the state."""


@dataclass(frozen=True)
class _Secret:
    """A leaf that came out of a secret Output."""

    value: Any


def options(
    table: Table, props: Mapping[str, Any], opts: pulumi.ResourceOptions | None
) -> pulumi.ResourceOptions:
    """Complete the resource options.

    Where the cloud's names are unique, an object with a given name can only be replaced after it
    is gone. The option says so, not diff: a forced replacement (`--replace`) does not ask diff.
    """
    own = pulumi.ResourceOptions()
    naming = table.naming
    if naming and naming.unique and table.declaration.args[naming.argument].key in props:
        own.delete_before_replace = True
    return pulumi.ResourceOptions.merge(own, opts)


def bookkeeping(
    table: Table, name: str, props: Mapping[str, Any], opts: pulumi.ResourceOptions
) -> dict[str, Any]:
    """Build the input that tells the provider what it cannot know."""
    try:
        settings.refuse_clear_credentials(table.credentials)
        off = settings.Settings.of_program().skip_rules
    except SettingsError as error:
        raise pulumi.RunError(str(error)) from None
    judged = _judge(table, name, props, off)
    verdict = asyncio.ensure_future(judged)
    _Verdict.of_this_run().pending.add(verdict)
    told: Output[dict[str, list[str]]] = Output.from_input(verdict)
    book: dict[str, Any] = {
        "organization": pulumi.get_organization(),
        "project": pulumi.get_project(),
        "stack": pulumi.get_stack(),
        NAME: name,
        SECRETS: told.apply(lambda found: found[SECRETS]),
    }
    if opts.delete_before_replace:
        book[DELETE_FIRST] = True
    if pulumi.runtime.is_dry_run():
        book[REPORTED] = told.apply(lambda found: found[REPORTED])
    return book


async def _judge(
    table: Table, name: str, props: Mapping[str, Any], off: Any
) -> dict[str, list[str]]:
    """Check what is known, log what is wrong, and tell what was logged."""
    raw, secrets = _unwrap(table.declaration, await _resolved(dict(props), secret=False))
    checked = inputs.check(table.declaration, raw, table.rules, off=off)
    for problem in checked.warnings:
        pulumi.log.warn(f"{name}: {problem.show(secrets)}")
    texts = [problem.show(secrets) for problem in checked.failures]
    if texts and pulumi.runtime.is_dry_run():
        for text in texts:
            # Without the resource: with it, the message would wait for a URN that never comes.
            pulumi.log.error(f"{name}: {text}")
        _Verdict.of_this_run().condemn(name, len(texts))
    return {REPORTED: texts, SECRETS: secrets}


async def _resolved(value: Any, *, secret: bool) -> Any:
    """Wait for Outputs at any depth; what is not known is `UNKNOWN`, secret leaves are wrapped."""
    if isinstance(value, Output):
        secret = secret or await value.is_secret()
        known = await value.is_known()
        value = await value.future(with_unknowns=True)
        if not known and not isinstance(value, Mapping | list):
            return UNKNOWN
    if isinstance(value, EngineUnknown):
        return UNKNOWN
    if isinstance(value, Mapping):
        return {key: await _resolved(one, secret=secret) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [await _resolved(one, secret=secret) for one in value]
    return _Secret(value) if secret else value


def _unwrap(declaration: Declaration, wrapped: dict[str, Any]) -> tuple[Values, list[str]]:
    """Rename to the user's spelling, and take the secrets' wraps off, noting their paths."""
    secrets: list[str] = []

    def bare(value: Any, path: str) -> Any:
        if isinstance(value, _Secret):
            secrets.append(path)
            return value.value
        if isinstance(value, Mapping):
            at = f"{path}." if path else ""
            return {key: bare(one, f"{at}{key}") for key, one in value.items()}
        if isinstance(value, list):
            return [bare(one, f"{path}[{index}]") for index, one in enumerate(value)]
        return value

    return bare(declaration.from_state(wrapped), ""), secrets


class _Verdict:
    """Fails the run once, when every resource has been judged and one was found wanting."""

    _runs: ClassVar[weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Verdict]] = (
        weakref.WeakKeyDictionary()
    )

    def __init__(self) -> None:
        self.pending: set[asyncio.Future[Any]] = set()
        self._mistakes: dict[str, int] = {}

    @classmethod
    def of_this_run(cls) -> _Verdict:
        """The verdict of the event loop that the program runs in."""
        return cls._runs.setdefault(asyncio.get_event_loop(), cls())

    def condemn(self, name: str, mistakes: int) -> None:
        """Note a resource with mistakes; the first one makes the run fail in the end."""
        first = not self._mistakes
        self._mistakes[name] = mistakes
        if first:
            # The SDK awaits every Output before it ends the program, and reports what they raise.
            failing: asyncio.Future[None] = asyncio.ensure_future(self._fail())
            _ = Output.from_input(failing)

    async def _fail(self) -> None:
        while waiting := [one for one in self.pending if not one.done()]:
            await asyncio.wait(waiting)
        count = sum(self._mistakes.values())
        raise pulumi.RunError(
            f"{count} mistake{'s' if count > 1 else ''} in {', '.join(sorted(self._mistakes))} "
            "(listed above); nothing was changed"
        )
