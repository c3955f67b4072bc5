"""The verbs, over a table per resource. No cloud is named here.

Every verb is level-triggered: it looks first, does what is missing, and may be interrupted at any
moment and run again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pulumi_modeldeploy.core import diff, inputs, wire
from pulumi_modeldeploy.core.checks import Rule
from pulumi_modeldeploy.core.declare import Declaration, Resource
from pulumi_modeldeploy.core.http import Call, Client
from pulumi_modeldeploy.core.identity import Identity, Naming
from pulumi_modeldeploy.core.values import Json, Values, is_empty
from pulumi_modeldeploy.core.waits import Sight, Wait, Waiter
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
from pulumi_modeldeploy.settings import Setting, Settings

CREATE_TRIES = 3
"""How often a create is sent in all, when nobody can tell whether the last one happened."""


@dataclass(frozen=True)
class Step:
    """One call of an update.

    Attributes:
        fields: Arguments that it sends; only those that differ are in the body.
        call: The call; it gets `{id}`.
        wait: What is waited for afterwards.
        redeploys: Arguments after whose change a good state may still be the one from before.
    """

    fields: tuple[str, ...]
    call: Call
    wait: Wait
    redeploys: tuple[str, ...] = ()


@dataclass(frozen=True)
class Goal:
    """A value of the argument that says what should run.

    Attributes:
        satisfied: States in which it does.
        call: The call that leads there; it gets `{id}`.
        body: Its body.
        wait: What is waited for afterwards.
    """

    satisfied: tuple[str, ...]
    call: Call
    body: Json
    wait: Wait


@dataclass(frozen=True)
class Jobs:
    """Calls that answer with a job.

    Attributes:
        path: Where the job is asked for, out of the answer; `None`: the call was done at once.
        look: The call that asks; it gets `{job}`.
        running: Status of an answer that says "not yet".
        limit: Seconds after which a job is given up.
    """

    path: Callable[[int, Json], str | None]
    look: Call
    running: int
    wait: Wait


@dataclass(frozen=True)
class Table:
    """Everything the verbs need to know about one kind of resource.

    Attributes:
        kind: The object in words, such as "ModelArts service".
        owner: The resource's class.
        credentials: Settings that the cloud is reached with.
        place: Region and project (or account) of today's settings.
        connect: Opens a connection to the recorded region and project.
        naming: How automatic names are built; `None`: there are none.
        rules: Rules over several arguments.
        create: The creating call.
        body: Builds its body; `None`: the arguments as declared.
        read: The call that shows one object by `{id}`.
        delete: The deleting call, by `{id}`.
        identify: The id of an object, from its arguments, the answer to create or a document.
        find: Looks for the object that a create of these arguments would collide with or resume.
        mark_of: Whose an object is: the mark written on it, empty if none.
        dress: Adds the mark to the arguments that go onto the wire.
        undress: Takes the mark out of a document.
        sight: Reads status, words for the row, and reason out of a document.
        version: What moves in a document when a new configuration is taken up.
        age: Seconds since an object was made, from its document and the wall clock.
        steps: The calls of an update, in order.
        goals: What should run, by the value of `desired`.
        desired: The argument that says what should run.
        stops_itself: Whether these arguments let the object stop without being asked to.
        ready: The wait after create.
        settled: The wait before an update: out of transient states.
        gone: The wait after delete.
        leaving: States of an object that is on its way out; to the user it is gone.
        explain: More words about a failure, from further calls.
        jobs: How calls that answer with a job are followed.
    """

    kind: str
    owner: type[Resource]
    credentials: tuple[Setting, ...]
    place: Callable[[Settings], tuple[str, str]]
    connect: Callable[[Settings, Identity], Client]
    naming: Naming | None
    rules: tuple[Rule, ...]
    create: Call
    read: Call
    delete: Call
    identify: Callable[[Values, Json, Identity], str]
    find: Callable[[Operation, Values], Json | None]
    mark_of: Callable[[Json], str]
    dress: Callable[[Operation, Values], Values]
    undress: Callable[[Json], Json]
    sight: Callable[[Json], Sight]
    version: Callable[[Json], Any]
    age: Callable[[Json, float], float]
    steps: tuple[Step, ...]
    goals: Mapping[str, Goal]
    ready: Wait
    settled: Wait
    gone: Wait
    leaving: tuple[str, ...] = ()
    desired: str = "desired_status"
    stops_itself: Callable[[Values], bool] = lambda _: False
    explain: Callable[[Operation, str], str] = lambda _operation, _id: ""
    body: Callable[[Values, Identity], Json] | None = None
    jobs: Jobs | None = None

    @property
    def declaration(self) -> Declaration:
        """The arguments and outputs."""
        return Declaration.of(self.owner)


@dataclass
class Operation:
    """One verb on one object: what it works with.

    Attributes:
        table: The kind of resource.
        client: The connection.
        identity: Whose object it is and where it lives.
        settings: Today's settings.
        waiter: Runs waits, within this operation's time limit.
        warn: Shows a line that stays on the screen.
    """

    table: Table
    client: Client
    identity: Identity
    settings: Settings
    waiter: Waiter
    warn: Callable[[str], None]
    said: set[str] = field(default_factory=set)

    def say(self, text: str) -> None:
        """Show a line in the resource's row."""
        self.waiter.report(text)

    def caution(self, text: str) -> None:
        """Show a line that stays on the screen, once."""
        if text not in self.said:
            self.said.add(text)
            self.warn(text)

    def call(self, call: Call, body: Json | None = None, **path: str) -> Json:
        """Send a call, and follow its job if it answers with one."""
        answer = self.client.send(call, body=body, alive=self.waiter.alive, path=path)
        jobs = self.table.jobs
        job = jobs.path(answer.status, answer.body) if jobs else None
        return answer.body if jobs is None or job is None else self._follow(jobs, job)

    def _follow(self, jobs: Jobs, job: str) -> Json:
        done: list[Json] = []

        def look() -> Sight:
            answer = self.client.send(jobs.look, path={"job": job})
            if answer.status == jobs.running:
                return Sight("working", "job accepted")
            done.append(answer.body)
            return Sight("done", "job done")

        self.waiter.wait(jobs.wait, look)
        return done[-1]

    def show(self, identifier: str) -> Json | None:
        """Get an object's document; `None` if there is no such object."""
        return self.client.get(self.table.read, path={"id": identifier})

    def wait(
        self, table: Wait, identifier: str, document: Json | None = None, *, fresh: bool = True
    ) -> Json:
        """Wait, and answer the last document; empty when the object is gone.

        Args:
            table: What to wait for.
            identifier: The object.
            document: What it looked like before a change.
            fresh: Whether its state is surely later than that change.
        """
        seen: list[Json] = [{}]
        before = self.table.version(document) if document else None

        def look() -> Sight | None:
            found = self.show(identifier)
            seen.append(found or {})
            if found is None:
                return None
            sight = self.table.sight(found)
            moved = fresh or self.table.version(found) != before
            return Sight(sight.status, sight.words, sight.reason, moved)

        self.waiter.wait(table, look)
        return seen[-1]


# --- check and diff ------------------------------------------------------------------------------


@dataclass
class Memory:
    """What one provider process has seen of one run, by URN.

    Attributes:
        before: Identities of resources that were checked with old inputs: an empty check after
            that is a replacement.
        gone: Resources whose old object was found missing when a replacement was decided.
        created: Ids that create returned in this run.
        kept: Ids that this run keeps, see `delete_is_foreign`.
    """

    before: dict[str, Identity] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    created: dict[str, str] = field(default_factory=dict)
    kept: dict[str, str] = field(default_factory=dict)

    def generation(self, urn: str, old: Identity | None, *, delete_first: bool) -> int:
        """Decide the generation: it goes up when a replacement leaves the old object alive.

        Not when the old one goes first, and not when it is gone already: an interrupted
        delete-first replacement of a dependent may have created the new one under this
        generation, and going up would leave that behind.
        """
        if old is not None:
            self.before[urn] = old
            return old.generation
        self.kept.pop(urn, None)
        before = self.before.get(urn)
        if before is None:
            return 0
        return before.generation + (0 if delete_first or urn in self.gone else 1)


def fill_name(table: Table, resource_name: str, values: Values, olds: Values, mark: str) -> None:
    """Fill in the automatic name; a name once given or made stays until a replacement."""
    if table.naming is None or values.get(table.naming.argument) is not None:
        return
    kept = olds.get(table.naming.argument)
    values[table.naming.argument] = kept or table.naming.automatic(resource_name, mark)


def changes(table: Table, olds: Values, news: Values) -> list[diff.Difference]:
    """List the arguments that differ from the state."""
    return diff.compare(table.declaration, inputs.normalise(table.declaration, olds), news)


def strays(table: Table, olds: Values, news: Values) -> bool:
    """Tell whether what runs contradicts what should."""
    goal = table.goals.get(news.get(table.desired, ""))
    status = olds.get("status")
    if goal is None or status is None or status in goal.satisfied:
        return False
    return not (table.stops_itself(news) and status in table.goals["stopped"].satisfied)


# --- the verbs -----------------------------------------------------------------------------------


def create(op: Operation, values: Values) -> tuple[str, Values]:
    """Make the object, or go on with what an interrupted create left behind.

    Returns:
        Its id and its state.

    Raises:
        Refused: An object stands in the way that is not ours, or not surely.
        NotReady: It exists but is not ready; the id must be stored.
    """
    table = op.table
    _must_be_right(table, values, op.settings)
    for _ in range(CREATE_TRIES):
        found = table.find(op, values)
        if found is not None:
            if is_leaving(table, found):
                op.wait(table.gone, table.identify(values, found, op.identity))
                continue
            return _resume(op, values, found)
        try:
            dressed = table.dress(op, values)
            answer = op.call(table.create, _create_body(table, dressed, op.identity))
        except AmbiguousError as lost:
            op.say(f"the answer to {table.create.operation} got lost, looking for the service")
            last = lost
            continue
        identifier = table.identify(values, answer, op.identity)
        return identifier, _bring_up(op, identifier, values)
    raise Refused(
        f"{last} ({CREATE_TRIES} tries), and no service of this resource was found: "
        "run `pulumi up` again"
    )


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


def _resume(op: Operation, values: Values, found: Json) -> tuple[str, Values]:
    """Go on with an object that is ours; refuse any other."""
    table = op.table
    identifier = table.identify(values, found, op.identity)
    age = table.age(found, op.client.clock.wall())
    what = f"{table.kind} {identifier}"
    if table.mark_of(found) != op.identity.mark:
        raise Refused(
            f"a {what} has this name already and is not this resource's (it carries "
            f"{'the mark of another resource' if table.mark_of(found) else 'no mark'}); it was "
            "not touched. Give this resource another name, or delete that service first."
        )
    if age > op.settings.resume_seconds:
        raise Refused(
            f"a {what} carries this resource's mark but is {age / 3600:.0f} hours old, longer than "
            f"an interrupted run explains ({op.settings.resume_seconds / 3600:g} hours); it was "
            "not touched. If it is this resource's, raise `modeldeploy:resumeWithin`; else delete "
            "it or give this resource another name."
        )
    frozen = [d.name for d in _against(table, values, found) if d.replaces]
    if frozen:
        raise Refused(
            f"a {what} of an interrupted run exists with another {', '.join(frozen)}, which cannot "
            "be changed in place; it was not touched. Delete it, or go back to its value."
        )
    op.say(f"resuming {what}, {age:.0f} s old, of an interrupted run")
    return identifier, update(op, identifier, values, {})


def _against(table: Table, values: Values, document: Json) -> list[diff.Difference]:
    """Compare arguments with what the cloud has."""
    actual = wire.read(table.declaration, table.undress(document), values)
    return diff.compare(table.declaration, actual, values)


def _bring_up(op: Operation, identifier: str, values: Values) -> Values:
    """Wait for a new object, then stop it if that is what is wanted.

    A fresh create that fails is stored, not revived: the failed service holds the reason.
    """
    try:
        document = op.wait(op.table.ready, identifier)
        document = _reach_goal(op, identifier, values, document)
    except ModelDeployError as error:
        raise _not_ready(op, identifier, values, error) from error
    return state_of(op, document, values, managed=values)


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
        raise _not_ready(op, identifier, values, error) from error


def _not_ready(op: Operation, identifier: str, values: Values, error: ModelDeployError) -> NotReady:
    """Say that an object exists, what it looks like and why it is not what it should be."""
    try:
        document = op.show(identifier)
        more = op.table.explain(op, identifier) if isinstance(error, WaitFailed) else ""
    except (TransportError, ApiError):
        # The cloud cannot be asked just now; what is known is enough to find the object again.
        document, more = None, ""
    state = dict(values) if document is None else state_of(op, document, values)
    text = f"{error}{f' ({more})' if more else ''}"
    return NotReady(
        identifier, state, [f"{text}. It is stored with its id; `pulumi up` goes on with it."]
    )


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
    return state_of(op, document, values, managed=values)


def _run_step(
    op: Operation, step: Step, identifier: str, values: Values, olds: Values, document: Json
) -> Json:
    """Send one step, if anything of it differs, and see that it took effect."""
    body, names = _step_body(op, step, values, olds, document)
    if not body:
        return document
    op.say(f"updating {', '.join(names)}")
    op.call(step.call, body, id=identifier)
    fresh = not any(one in step.redeploys for one in names)
    after = op.wait(step.wait, identifier, document, fresh=fresh)
    _, still = _step_body(op, step, values, olds, after)
    undone = [one for one in still if one in step.redeploys]
    if undone:
        raise WaitFailed(
            f"{op.table.kind} {identifier} is {op.table.sight(after).status} with its former "
            f"configuration: the cloud rolled the change of {', '.join(undone)} back"
        )
    return after


def _step_body(
    op: Operation, step: Step, values: Values, olds: Values, document: Json
) -> tuple[Json, list[str]]:
    """Build the body out of what differs from the cloud, and name it."""
    table, declaration = op.table, op.table.declaration
    wanted = table.dress(op, values)
    actual = wire.read(declaration, document, diff.union(declaration, wanted, olds))
    differing = diff.compare(declaration, diff.prune(actual), diff.prune(wanted))
    names = [one.name for one in differing if one.name in step.fields]
    for name in names:
        if wanted.get(name) is None:
            wanted[name] = declaration.args[name].on_removal
    return wire.body(declaration, wanted, only=names), names


def _reach_goal(op: Operation, identifier: str, values: Values, document: Json) -> Json:
    """Start or stop, if what runs contradicts what should."""
    table = op.table
    if not strays(table, {"status": table.sight(document).status}, values):
        return document
    desired = values[table.desired]
    goal = table.goals[desired]
    op.say(f"{table.sight(document).status}, should be {desired}")
    op.call(goal.call, goal.body, id=identifier)
    return op.wait(goal.wait, identifier, document, fresh=False)


def state_of(
    op: Operation,
    document: Json,
    values: Values | None,
    *,
    managed: Values | None = None,
) -> Values:
    """Build a state: the managed arguments and all outputs.

    Args:
        op: The operation.
        document: The cloud's answer.
        values: The arguments that the user manages; `None`: whatever the cloud has.
        managed: Arguments to store as they are instead of as the cloud shows them.
    """
    table = op.table
    clean = table.undress(document)
    read_back = wire.read(table.declaration, clean, values) if managed is None else managed
    return {**read_back, **wire.outputs(table.declaration, clean)}


def read(op: Operation, identifier: str, managed: Values | None) -> Values | None:
    """Read an object's state; `None` when it is gone."""
    document = op.show(identifier)
    if document is None or is_leaving(op.table, document):
        return None
    state = state_of(op, document, managed)
    return _observed_goal(op.table, state)


def is_leaving(table: Table, document: Json) -> bool:
    """Tell whether an object is on its way out: to the user it does not exist any more."""
    return table.sight(document).status in table.leaving


def _observed_goal(table: Table, state: Values) -> Values:
    """Show a service that somebody started or stopped by hand as a change of what should run."""
    status = state.get("status")
    if strays(table, state, state):
        for desired, goal in table.goals.items():
            if status in goal.satisfied:
                return {**state, table.desired: desired}
    return state


def delete(op: Operation, identifier: str) -> None:
    """Delete an object and wait until it is gone; one that does not exist is done."""
    table = op.table
    try:
        op.call(table.delete, id=identifier)
    except ApiError as error:
        if op.client.dialect.is_missing(error):
            return
        document = op.show(identifier)
        if document is not None and not is_leaving(table, document):
            raise
    op.wait(table.gone, identifier)


# --- secrets -------------------------------------------------------------------------------------


def scrub(text: str, values: object) -> str:
    """Take every free text of the inputs out of what is shown: it may be a secret."""
    for leaf in sorted(set(_texts(values)), key=len, reverse=True):
        bounds = (r"(?<!\w)", r"(?!\w)") if len(leaf) < SURE else ("", "")
        text = re.sub(bounds[0] + re.escape(leaf) + bounds[1], "***", text)
    return text


SURE = 8
"""Characters from which a text is taken out wherever it stands, not only as a word."""
SHORT = 4
"""Texts shorter than this say nothing and would tear every sentence apart."""


def _texts(value: object) -> Iterable[str]:
    if isinstance(value, Mapping):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, str) and len(value) >= SHORT:
        yield value
