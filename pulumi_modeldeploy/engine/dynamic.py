"""The verbs as a dynamic provider.

A provider is a stateless class in an installed module, so that its pickle is a name. Values change
their spelling here: the engine's camelCase, floats and unknowns on one side, the core's on the
other.
"""

from __future__ import annotations

import functools
import importlib
import threading
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import pulumi
from google.protobuf import struct_pb2
from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    ResourceProvider,
    UpdateResult,
)
from pulumi.dynamic.dynamic import serialize_provider
from pulumi.output import UNKNOWN as ENGINE_UNKNOWN
from pulumi.output import Unknown as EngineUnknown

from pulumi_modeldeploy.core import inputs, lifecycle, lock, plan, preflight
from pulumi_modeldeploy.core.converge import must_be_at_home
from pulumi_modeldeploy.core.declare import ADOPT, BOOKKEEPING, PROFILE, Declaration
from pulumi_modeldeploy.core.identity import EXTERNAL, REFUSED, SCHEMA, Identity
from pulumi_modeldeploy.core.operation import Operation
from pulumi_modeldeploy.core.plan import Memory
from pulumi_modeldeploy.core.scrub import scrub, scrub_secrets, scrub_texts
from pulumi_modeldeploy.core.values import UNKNOWN, Values
from pulumi_modeldeploy.core.waits import Waiter
from pulumi_modeldeploy.engine import program, sdk
from pulumi_modeldeploy.errors import (
    ApiError,
    LookupFailed,
    ModelDeployError,
    NotReady,
    SettingsError,
    TransportError,
)
from pulumi_modeldeploy.settings import DEBUG, OWNER, Settings

if TYPE_CHECKING:
    from collections.abc import Hashable

    from typing_extensions import Self

    from pulumi_modeldeploy.core.checks import Problem
    from pulumi_modeldeploy.core.http import Client
    from pulumi_modeldeploy.core.preflight import Looks
    from pulumi_modeldeploy.core.resource import Resource
    from pulumi_modeldeploy.core.table import Table

PROVIDER = "__provider"
T = TypeVar("T")


# --- the program's side --------------------------------------------------------------------------


def register(
    provider: Provider,
    resource: Resource,
    name: str,
    props: dict[str, Any],
    opts: pulumi.ResourceOptions | None,
) -> None:
    """Register a resource that a program has just constructed, or reads (`id` in its options)."""
    table = provider.table()
    opts = program.options(table, props, opts)
    external = opts.id is not None
    book = program.names(table) if external else program.bookkeeping(table, name, props, opts)
    everything = {
        **{item.key: None for item in table.declaration.outputs.values()},
        **{item.key: None for item in table.declaration.args.values()},
        **props,
        BOOKKEEPING: {**book, EXTERNAL: True} if external else book,
        PROVIDER: serialize_provider(provider),
    }
    pulumi.CustomResource.__init__(resource, provider.token, name, everything, opts)
    if not external:
        program.listen(name, pulumi.get(resource, BOOKKEEPING))


# --- the provider's side -------------------------------------------------------------------------


@dataclass
class _Process:
    """What lives as long as the provider process: one run, one phase of it."""

    settings: Settings = field(default_factory=lambda: Settings(lambda _: None, {}))
    memory: Memory = field(default_factory=Memory)
    clients: dict[tuple[object, str, str, str], Client] = field(default_factory=dict)
    looks: dict[Client, Looks] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    said: set[tuple[str, str]] = field(default_factory=set)

    ready: bool = False
    preview: bool = False

    def prepare(self) -> None:
        """Prepare the process for its run; configure runs once per provider class."""
        if not self.ready:
            self.ready = True
            sdk.leave_with_engine()
            sdk.hear_cancel()
            sdk.widen_pool()

    def warn(self, urn: str, text: str) -> None:
        """Show a warning once: a replacement is checked twice."""
        if (urn, text) not in self.said:
            self.said.add((urn, text))
            sdk.Row(urn).warn(text)

    def warn_once(self, urn: str, text: str) -> None:
        """Show a warning once, however many resources it concerns."""
        if ("", text) not in self.said:
            self.said.add(("", text))
            self.warn(urn, text)


PROCESS = _Process()
_IMPORTING = threading.Lock()


def _shown(verb: Callable[..., T]) -> Callable[..., T]:
    """Show an error as one paragraph without secrets; tracebacks only when asked for."""

    @functools.wraps(verb)
    def wrapper(self: Provider, *args: Any) -> T:
        request = sdk.current_request()
        try:
            return verb(self, request, *args)
        except NotReady as error:
            error.reasons = [_clean(self, reason, args) for reason in error.reasons]
            state = struct_pb2.Struct()
            state.update(error.state)
            sdk.partial_error(request, error.id, state, error.reasons)
            raise
        except Exception as error:
            sdk.short_error(request, _clean(self, _told(verb.__name__, error), args))
            raise

    return wrapper


AFTERWARDS: Mapping[str, str] = {
    "create": "Nothing was stored; mend it and run `pulumi up` again.",
    "read": "The state is as it was; run the command again.",
    "update": "The state is as it was; mend it and run `pulumi up` again.",
    "delete": "The service stays in the state; run the command again.",
    "check": "Run the command again.",
    "diff": "Run the command again.",
}
"""What holds after the cloud, or the network, refused a verb."""


def _told(verb: str, error: Exception) -> str:
    if _debugging():
        return "".join(traceback.format_exception(error))
    if isinstance(error, ApiError | TransportError):
        return f"{error}. {AFTERWARDS[verb]}"
    if isinstance(error, ModelDeployError):
        return str(error)
    return (
        f"internal error, {type(error).__name__}: {error} (set {DEBUG.env[0]}=1 for the traceback, "
        "and please report it)"
    )


def _debugging() -> bool:
    try:
        return PROCESS.settings.get(DEBUG) == "1"
    except SettingsError:
        return False  # what is wrong with it was said by the check


def _clean(provider: Provider, text: str, args: tuple[Any, ...]) -> str:
    """Take every free text of a verb's arguments out of a message."""
    declaration = provider.table().declaration
    text = scrub_texts(text, PROCESS.settings.secrets(provider.table().credentials))
    for bag in args:
        if isinstance(bag, Mapping):
            # Not as an identity: a newer state's cannot be read, and that may be the message.
            plain = _from_engine(bag)
            values = declaration.from_state(_arguments(plain))
            book = plain.get(BOOKKEEPING)
            secrets = book.get("secrets") if isinstance(book, Mapping) else None
            text = scrub(text, declaration, values)
            text = scrub_secrets(text, inputs.normalise(declaration, values), secrets or ())
    return text


class Provider(ResourceProvider):
    """The verbs of one resource, over its table."""

    serialize_as_secret_always = False
    location: ClassVar[str]
    """`module:name` of the resource's table."""
    token: ClassVar[str]
    """The resource's type."""

    def __init_subclass__(cls, *, location: str, type_name: str) -> None:
        """Name the table (`module:name`) and the type (`modelarts:Service`)."""
        super().__init_subclass__()
        cls.location, cls.token = location, f"pulumi-python:dynamic/{type_name}"

    @classmethod
    def table(cls) -> Table:
        """Load the resource's table."""
        module, name = cls.location.split(":")
        # One at a time: threads that import modules of one package in different orders get halves.
        with _IMPORTING:
            table: Table = getattr(importlib.import_module(module), name)
        return table

    def configure(self, req: ConfigureRequest) -> None:
        """Take the stack's configuration over; the engine calls it once per process and class."""
        PROCESS.settings = Settings.of_provider(req.config.get)
        PROCESS.prepare()

    @_shown
    def check(
        self, request: sdk.Request, olds: dict[str, Any], news: dict[str, Any]
    ) -> CheckResult:
        """Check and complete the inputs; the bookkeeping becomes the resource's identity."""
        table, given = self.table(), _from_engine(news)
        passing = dict(given.get(BOOKKEEPING) or {})
        PROCESS.preview = bool(passing.get(program.PREVIEW))
        values, _ = _split(table.declaration, news)
        olds_values, old = _split(table.declaration, olds)
        before = olds_values if old else {}
        if old is None:
            values |= PROCESS.memory.mended.get(request.urn, {})
        secrets = passing.get(program.SECRETS) or []
        try:
            identity = _identity(table, self.token, request, passing, old, values)
        except SettingsError as error:
            # Where it lives is not known; what is wrong in itself is.
            checked = inputs.check(
                table.declaration, values, table.rules, off=PROCESS.settings.skip_rules, olds=before
            )
            texts = [problem.show(secrets) for problem in checked.failures]
            if not any(problem.path == PROFILE for problem in checked.failures):
                texts.insert(0, str(error))
            return _checked(given, passing, Identity.from_state(passing), texts)
        name, adopted, unnamed = str(passing.get(program.NAME)), identity.adopted, dict(values)
        plan.fill_name(table, name, values, before, identity.mark, adopted=adopted)
        checked = inputs.check(
            table.declaration, values, table.rules, off=PROCESS.settings.skip_rules, olds=before
        )
        if not checked.failures:
            locked = lock.forbids(table, before, checked.values)
            off = PROCESS.settings.skip_rules
            checked.problems += [problem for problem in locked if problem.rule not in off]
        if old:
            PROCESS.memory.note_update(request.urn, before, values, checked.values)
        if not PROCESS.preview and not checked.failures:
            left = self._left(request, identity, unnamed)
            if left != identity:
                checked.values = plan.renamed(table, name, checked.values, identity.mark, left.mark)
                identity = left
        if PROCESS.preview or not checked.failures:
            # What is wrong in itself is not looked at, and in an update there is no need to.
            checked.problems += self._preflight(request, passing, identity, checked, before)
        for problem in checked.warnings:
            PROCESS.warn(request.urn, problem.show(secrets))
        texts = [problem.show(secrets) for problem in checked.failures]
        # What is wrong is handed back as it was given, for the engine to show.
        sound = values if texts else checked.values
        result = _checked(table.declaration.to_state(sound), passing, identity, texts)
        hidden = old.secrets if old else ()
        result.inputs[BOOKKEEPING] |= plan.was(table, before, checked.values, hidden)
        return result

    def _left(self, request: sdk.Request, identity: Identity, values: Values) -> Identity:
        """Go on with what an interrupted replacement left, where the state has no object.

        A preview needs neither network nor credentials for this; at most it shows another name.
        """
        given = any(values.get(name) is not None for name in self.table().exclusive)
        known = request.urn in ("", *PROCESS.memory.before)
        if given or known or identity.adopted:
            return identity
        try:
            op = self._operation(request, identity, values)
        except SettingsError:
            return identity  # create says it
        owner = PROCESS.settings.get(OWNER) or ""
        generation = lifecycle.generation_left(op, request.urn, owner)
        return replace(identity, generation=generation).marked(request.urn, owner)

    def _preflight(
        self,
        request: sdk.Request,
        passing: Mapping[str, Any],
        identity: Identity,
        checked: inputs.Checked,
        before: Values,
    ) -> list[Problem]:
        """Look whether what the inputs refer to exists and fits, and what they adopt."""
        table, values = self.table(), checked.values
        adopting = identity.adopted and not before
        if adopting and not PROCESS.preview:
            return []  # create is next, and knows what is there
        asked = preflight.Asked(
            olds=before,
            failing={problem.path for problem in checked.failures},
            waits=PROCESS.preview and bool(passing.get(program.WAITS)),
        )
        settings = PROCESS.settings.of_profile(identity.profile, table.credentials)
        due = preflight.due(table, settings, identity, values, asked)
        if not due and not adopting:
            return []
        try:
            op = self._operation(request, identity, values)
        except SettingsError as error:
            PROCESS.warn_once(request.urn, preflight.skipped(table, str(error)))
            return []
        if not adopting:
            return preflight.judge(op, due)
        problems, there = preflight.adoption(op, values, asked)
        if there is None:
            return problems
        asked.olds = there
        return problems + preflight.judge(
            op, preflight.due(table, settings, identity, values, asked)
        )

    @_shown
    def diff(
        self, request: sdk.Request, identifier: str, olds: dict[str, Any], news: dict[str, Any]
    ) -> DiffResult:
        """Tell what changed, and whether only a new object can have it."""
        if REFUSED in (news.get(BOOKKEEPING) or {}):
            # A preview that is going to fail; there is no telling from malformed inputs.
            return DiffResult(changes=True)
        table = self.table()
        old_values, old = _split(table.declaration, olds)
        new_values, new = _split(table.declaration, news)
        news_checked = inputs.normalise(table.declaration, new_values)
        old_values = plan.managed(table, old, old_values, news_checked)
        found = plan.changes(table, old_values, news_checked)
        names = plan.replacing(table, old_values, news_checked) if found else []
        replaces = [table.declaration.args[name].key for name in names]
        if old and new and old.lives_elsewhere(new):
            replaces.append(BOOKKEEPING)
        if plan.is_hopeless(table, old_values) and self._stays(request, identifier, old):
            replaces.append("status")
        self._remember(request, identifier, old, old_values, news_checked, replacing=bool(replaces))
        changed = (
            bool(found or replaces)
            or old != new
            or olds.get(PROVIDER) != news.get(PROVIDER)
            or plan.strays(table, old_values, news_checked)
        )
        # "Unknown" makes the engine compare old and new inputs itself, and show what changed by
        # name, in a refresh too; where they are equal it would take that for "no change".
        return DiffResult(None if changed and request.inputs_differ else changed, replaces)

    def _stays(self, request: sdk.Request, identifier: str, old: Identity | None) -> bool:
        """Look again before an object is replaced for its state; a preview believes what is stored.

        A state may be that of a moment, such as a restart of the host.
        """
        if PROCESS.preview or old is None:
            return True
        op = self._operation(request, old, {})
        document = op.look(identifier)
        return document is None or op.table.sight(document).status in op.table.hopeless

    def _remember(
        self,
        request: sdk.Request,
        identifier: str,
        old: Identity | None,
        state: Values,
        news: Values,
        *,
        replacing: bool,
    ) -> None:
        """Note what a later check, create or delete of this run must know about the object."""
        memory, urn = PROCESS.memory, request.urn
        if replacing:
            memory.replaced.add(identifier)
            memory.mend(self.table(), urn, news)
        elif urn in memory.before:
            memory.kept[urn] = identifier
        if old and not (replacing or memory.holds(urn, self._thing(old, identifier))):
            PROCESS.warn(urn, f"another resource of this program adopted {identifier}: remove one")
        self._answer(urn, identifier, replacing=replacing)
        if not replacing or old is None:
            return
        if urn not in memory.before:
            # Asked before any check: a dependent of a delete-first replacement. Its old object goes
            # first, and the check that follows comes without old inputs.
            memory.before[urn] = old
            memory.gone.add(urn)
            return
        if PROCESS.preview:
            # It needs neither network nor credentials for this; at most it shows another name.
            return
        op = self._operation(request, old, state)
        if op.look(identifier) is None:
            must_be_at_home(op, identifier)
            if not self._has_successor(request, old, state):
                memory.gone.add(urn)

    def _answer(self, urn: str, identifier: str, *, replacing: bool) -> None:
        """Answer a program that newly asks to adopt something: only a replacement still can."""
        asked = PROCESS.memory.asked
        if not replacing and asked.get(urn) not in (None, identifier):
            PROCESS.warn(
                urn,
                f"`{ADOPT}` means nothing here: this resource has {identifier} already. To take "
                "another one over, let it go first: `pulumi state delete`",
            )
        if not replacing or asked.get(urn) == identifier:
            asked.pop(urn, None)

    def _has_successor(self, request: sdk.Request, old: Identity, state: Values) -> bool:
        """Tell whether an interrupted replacement made the new object before the old one went."""
        table, settings = self.table(), PROCESS.settings
        new = replace(old, generation=old.generation + 1)
        new = new.marked(request.urn, settings.get(OWNER) or "")
        name = request.urn.rpartition("::")[2]
        values = plan.renamed(table, name, state, old.mark, new.mark)
        op = self._operation(request, new, values)
        found = table.find(op, values)
        return found is not None and (table.chosen is not None or table.mark_of(found) == new.mark)

    @_shown
    def create(self, request: sdk.Request, props: dict[str, Any]) -> CreateResult:
        """Create the object, or go on with what an interrupted create left."""
        declaration = self.table().declaration
        raw, identity = _split(declaration, props)
        values = inputs.normalise(declaration, raw)
        op = self._operation(request, _must(identity), values)
        op.held_elsewhere = functools.partial(self._held_elsewhere, request.urn, op.identity)
        name = request.urn.rpartition("::")[2]
        with _Storing(declaration, op, props) as storing:
            storing.created = functools.partial(PROCESS.memory.created.__setitem__, request.urn)
            storing.failed = functools.partial(PROCESS.memory.let_go, request.urn)
            identifier, state = lifecycle.create(op, values, name)
        PROCESS.memory.created[request.urn] = identifier
        return CreateResult(identifier, _outputs(declaration, state, op.identity))

    @_shown
    def read(self, request: sdk.Request, identifier: str, props: dict[str, Any]) -> ReadResult:
        """Read the object; inputs too, or drift would be shown without names."""
        table, declaration = self.table(), self.table().declaration
        raw, identity = _split(declaration, props)
        if _must(identity).external:
            return self._read_outside(request, identifier, raw, _must(identity))
        given, _ = _split(declaration, request.inputs)
        # Without the request nobody knows what was given: then it is what the state has.
        raw = plan.managed(table, identity, raw, given or raw)
        managed = inputs.normalise(declaration, raw)
        op = self._operation(request, _must(identity), raw)
        state = lifecycle.read(op, identifier, managed)
        if state is None:
            return ReadResult(None, {})
        kept = plan.once(table, given) | plan.managed(table, identity, state, managed)
        kept = {name: one for name, one in kept.items() if name in declaration.args}
        return ReadResult(
            identifier,
            _outputs(declaration, state, op.identity),
            _outputs(declaration, kept, op.identity),
        )

    def _read_outside(
        self, request: sdk.Request, identifier: str, raw: Values, identity: Identity
    ) -> ReadResult:
        """Read an object that is outside of the stack, as a program or a refresh asks for it."""
        table, asked = self.table(), not identity.placed
        if asked:
            identity = _placed(table, identity, raw)
        op = self._operation(request, identity, raw)
        op.about = None
        state = lifecycle.read(op, identifier, None)
        if state is None and asked:
            raise LookupFailed(
                f"there is no {table.kind} {identifier} where the settings lead to"
                f"{f' (profile {identity.profile})' if identity.profile else ''}: give the id of "
                "one that is there"
            )
        if state is None:
            return ReadResult(None, {})
        state |= {PROFILE: identity.profile} if identity.profile else {}
        if not asked:
            state = plan.unless_fleeting(table, raw, state)
        return ReadResult(identifier, _outputs(table.declaration, state, identity))

    def _thing(self, identity: Identity, identifier: str) -> Hashable:
        """What tells an object from all others of this run."""
        return self.location, identity.region, identity.project_id, identifier

    def _held_elsewhere(self, urn: str, identity: Identity, identifier: str) -> bool:
        """Tell whether another resource of this run has an object; ours from now on if not."""
        return not PROCESS.memory.holds(urn, self._thing(identity, identifier))

    @_shown
    def update(
        self, request: sdk.Request, identifier: str, olds: dict[str, Any], news: dict[str, Any]
    ) -> UpdateResult:
        """Bring the object to what is wanted."""
        declaration = self.table().declaration
        old_raw, old = _split(declaration, olds)
        new_raw, identity = _split(declaration, news)
        op = self._operation(request, _must(identity), old_raw, new_raw)
        if old is not None:
            op.former_mark = old.mark if old.mark != op.identity.mark else ""
            op.unsure = set(old.unsure)
        with _Storing(declaration, op, news):
            state = lifecycle.update(
                op,
                identifier,
                inputs.normalise(declaration, new_raw),
                inputs.normalise(declaration, old_raw),
            )
        return UpdateResult(_outputs(declaration, state, op.identity))

    @_shown
    def delete(self, request: sdk.Request, identifier: str, props: dict[str, Any]) -> None:
        """Delete the object, as what and where it was created."""
        memory, urn = PROCESS.memory, request.urn
        state, identity = _split(self.table().declaration, props)
        if identifier in (memory.created.get(urn), memory.kept.get(urn)):
            again = identity is not None and identity.adopted
            sdk.Row(urn).warn(
                f"{identifier} was not deleted: this run goes on using it (a forced replacement "
                f"found the old one and {'adopted' if again else 'resumed'} it"
                f"{f'; remove `{ADOPT}` before one' if again else ''})"
            )
            return
        holder = memory.holders.get(self._thing(_must(identity), identifier), urn)
        if holder != urn:
            sdk.Row(urn).warn(
                f"{identifier} was not deleted: {holder.rpartition('::')[2]} has it now, which "
                "adopted it"
            )
            return
        lifecycle.delete(self._operation(request, _must(identity), state), identifier, state)
        memory.replaced.add(identifier)

    def _operation(self, request: sdk.Request, identity: Identity, *bags: Values) -> Operation:
        """Prepare a verb; `bags` are the arguments that it is about, the state's first."""
        table = self.table()
        settings = PROCESS.settings.of_profile(identity.profile, table.credentials)
        key = (table.connect, identity.profile, identity.region, identity.project_id)
        with PROCESS.lock:
            client = PROCESS.clients.get(key)
            if client is None:
                client = PROCESS.clients[key] = table.connect(settings, identity)
                # Whoever sleeps wakes up when the engine cancels the run.
                client.clock = replace(client.clock, sleep=sdk.pause)
            looks = PROCESS.looks.get(client)
            if looks is None:
                looks = preflight.looks_of(table, settings, identity, client)
                PROCESS.looks[client] = looks
        row = sdk.Row(request.urn)
        return Operation(
            table,
            client,
            identity,
            settings,
            Waiter(table.kind, client.clock, row.show, request.alive, request.timeout),
            row.warn,
            incarnation=bags[0].get(table.incarnation) or "",
            kept_elsewhere=functools.partial(PROCESS.memory.has_elsewhere, request.urn),
            about={name for bag in bags for name, value in bag.items() if value is not None},
            looks=looks,
            replaced=PROCESS.memory.replaced,
        )


class _Storing:
    """Turn the state of an object that is not ready into what the engine stores."""

    def __init__(self, declaration: Declaration, op: Operation, props: Mapping[str, Any]) -> None:
        self._declaration, self._op, self._provider = declaration, op, props[PROVIDER]

        self.created: Callable[[str], None] = lambda _: None
        """Told the id of an object that create leaves behind."""
        self.failed: Callable[[], None] = lambda: None
        """Told when nothing is stored."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, NotReady):
            mark = self._op.former_mark or self._op.identity.mark
            unsure = tuple(sorted(self._op.unsure))
            identity = replace(self._op.identity, mark=mark, unsure=unsure)
            stored = _outputs(self._declaration, error.state, identity)
            # Without the provider, destroying what was stored would fail.
            error.state = {**stored, PROVIDER: self._provider}
            self.created(error.id)
        elif error is not None:
            self.failed()


def rebuilt_urn(identity: Identity, token: str, passing: Mapping[str, Any]) -> str:
    """Build the URN out of what the program told, where the engine's request is not to be found."""
    _, _, parent, *_ = (*str(passing.get(program.PARENT) or "").split("::"), "", "")[:3]
    chain = f"{parent}$" if parent not in ("", "pulumi:pulumi:Stack") else ""
    place = f"urn:pulumi:{identity.stack}::{identity.project}"
    return f"{place}::{chain}{token}::{passing.get(program.NAME)}"


def _identity(
    table: Table,
    token: str,
    request: sdk.Request,
    passing: Mapping[str, Any],
    old: Identity | None,
    values: Values,
) -> Identity:
    """Complete the identity that the constructor began."""
    placed = _placed(table, Identity.from_state(passing), values)
    urn = request.urn or rebuilt_urn(placed, token, passing)
    adopted = PROCESS.memory.adopts(urn, old, asked=values.get(ADOPT) is not None)
    generation = PROCESS.memory.generation(
        urn, old, delete_first=bool(passing.get(program.DELETE_FIRST))
    )
    known = replace(
        placed,
        # An endpoint needs no region: learning it, or no longer knowing it, is no move.
        region=placed.region or (old.region if old else ""),
        generation=generation,
        adopted=adopted,
    )
    return known.marked(urn, PROCESS.settings.get(OWNER) or "")


def _placed(table: Table, identity: Identity, values: Values) -> Identity:
    """Complete an identity by where today's settings lead."""
    profile = plan.profile_of(values)
    settings = PROCESS.settings.of_profile(profile, table.credentials)
    settings.validate(table.credentials)
    place = table.place(settings)
    return replace(
        identity,
        region=place.region,
        project_id=place.project_id,
        endpoint=place.endpoint,
        profile=profile,
        schema=SCHEMA,
    )


def _checked(
    values: Mapping[str, Any], passing: Mapping[str, Any], identity: Identity, texts: list[str]
) -> CheckResult:
    """Answer a check: in a preview what is wrong goes back to the program, else it is refused."""
    book = identity.to_state()
    if texts and passing.get(program.PREVIEW):
        book[REFUSED], texts = texts, []
    result = {**_arguments(values), BOOKKEEPING: book}
    return CheckResult(_to_engine(result), [CheckFailure("", text) for text in texts])


def _must(identity: Identity | None) -> Identity:
    if identity is None:
        raise ModelDeployError(
            f"the state lacks `{BOOKKEEPING}`: it was not written by this package"
        )
    return identity


def _split(declaration: Declaration, bag: Mapping[str, Any]) -> tuple[Values, Identity | None]:
    """Read a bag of the engine: arguments and outputs by the core's names, and the identity."""
    plain = _from_engine(bag)
    book = plain.get(BOOKKEEPING)
    identity = Identity.from_state(book) if isinstance(book, Mapping) else None
    return declaration.from_state(_arguments(plain)), identity


def _arguments(bag: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in bag.items() if key not in (BOOKKEEPING, PROVIDER)}


def _outputs(declaration: Declaration, state: Values, identity: Identity) -> dict[str, Any]:
    return {**declaration.to_state(state), BOOKKEEPING: identity.to_state()}


def _from_engine(value: Any) -> Any:
    """Take over a bag: unknowns become the core's, everything is copied."""
    if isinstance(value, EngineUnknown):
        return UNKNOWN
    if isinstance(value, Mapping):
        return {key: _from_engine(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_from_engine(one) for one in value]
    return value


def _to_engine(value: Any) -> Any:
    """Hand a bag back: the core's unknown becomes the engine's."""
    if value is UNKNOWN:
        return ENGINE_UNKNOWN
    if isinstance(value, Mapping):
        return {key: _to_engine(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_to_engine(one) for one in value]
    return value
