"""The table of a resource: everything the verbs need to know about one kind, as data.

Exceptions of a cloud are named functions in its `service.py`; what two clouds need becomes a column
here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pulumi_modeldeploy.core.declare import Change, Declaration

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from pulumi_modeldeploy.core.checks import Rule
    from pulumi_modeldeploy.core.declare import Field
    from pulumi_modeldeploy.core.http import Call, Client
    from pulumi_modeldeploy.core.identity import ChosenId, Identity, Naming, Place
    from pulumi_modeldeploy.core.lock import Lock
    from pulumi_modeldeploy.core.operation import Operation
    from pulumi_modeldeploy.core.preflight import Preflight
    from pulumi_modeldeploy.core.resource import Resource
    from pulumi_modeldeploy.core.values import Json, Values
    from pulumi_modeldeploy.core.waits import Sight, Wait
    from pulumi_modeldeploy.core.watch import Watch
    from pulumi_modeldeploy.settings import Setting, Settings


@dataclass(frozen=True)
class Step:
    """One call of an update.

    Attributes:
        name: What the `step` column of arguments says; of those that it sends, only those that
            differ are in the body.
        call: The call; it gets `{id}`.
        wait: What is waited for afterwards.
        redeploys: Arguments after whose change a good state may still be the one from before.
        whole: Whether the call carries all of its arguments when one of them differs.
        spells: Names on the wire that this call spells differently: usual one -> its own.
    """

    name: str
    call: Call
    wait: Wait
    redeploys: tuple[str, ...] = ()
    whole: bool = False
    spells: Mapping[str, str] = field(default_factory=dict)

    def sends(self, item: Field) -> bool:
        """Tell whether it is this step that sends a change of an argument."""
        return _sends(self.name, item)

    @property
    def calls(self) -> tuple[Call, ...]:
        """What it calls."""
        return (self.call,)


@dataclass(frozen=True)
class Entries:
    """Calls of an update about the entries of a list, one for each entry.

    Attributes:
        name: What the `step` column of the one argument says.
        add: The call that adds an entry; it gets `{id}` and `{entry}`.
        remove: The call that takes one away; it gets the same.
        body: Builds the body of `add` from id and entry.
        key: What `remove` gets for an entry, out of the document.
    """

    name: str
    add: Call
    remove: Call
    body: Callable[[str, str], Json]
    key: Callable[[Json, str], str] = lambda _, entry: entry

    def sends(self, item: Field) -> bool:
        """Tell whether it is this step that sends a change of an argument."""
        return _sends(self.name, item)

    @property
    def calls(self) -> tuple[Call, ...]:
        """What it calls."""
        return (self.add, self.remove)


@dataclass(frozen=True)
class Pairs:
    """Calls of an update about the pairs of a free map: one sets those that differ, one takes away.

    Attributes:
        name: What the `step` column of the one argument says.
        put: The call that sets pairs; it gets `{id}`.
        drop: The call that takes keys away; it gets the same.
        body: Builds the body of `put` from the pairs.
        query: Builds the query of `drop` from the keys.
    """

    name: str
    put: Call
    drop: Call
    body: Callable[[Mapping[str, Any]], Json]
    query: Callable[[Sequence[str]], Mapping[str, str]]

    def sends(self, item: Field) -> bool:
        """Tell whether it is this step that sends a change of an argument."""
        return _sends(self.name, item)

    @property
    def calls(self) -> tuple[Call, ...]:
        """What it calls."""
        return (self.put, self.drop)


def _sends(step: str, item: Field) -> bool:
    column = item.column
    return column.body and column.change is Change.UPDATE and column.step == step


@dataclass(frozen=True)
class Sign:
    """How the mark is written on a new object, where the creating call cannot.

    Attributes:
        due: Whether it is, on the object of an id.
        write: Writes it.
    """

    due: Callable[[Operation, str], bool]
    write: Callable[[Operation, str], None]


@dataclass(frozen=True)
class Told:
    """What policies are told of the last deployment, since they see no old values.

    Attributes:
        read: Reads it from arguments, as plain values; nothing: there was nothing to compare with.
        paths: Regular expression of the arguments that it comes from, in the user's spelling: it is
            not told where one of them was secret.
    """

    read: Callable[[Values], Mapping[str, Any]]
    paths: str


@dataclass(frozen=True)
class Goal:
    """A value of the argument that says what should run.

    Attributes:
        satisfied: States that need no call, first the one that shows the value: an object found in
            it was brought there by somebody.
        call: The call that leads there; it gets `{id}`.
        body: Its body.
        wait: What is waited for afterwards.
        coming: States that lead there by themselves: they are waited out, and no call is needed.
        doing: What it does to the object, for a lock that may forbid it.
        outdated: Whether what satisfies the goal was done before the configuration changed, so that
            the call is due again.
    """

    satisfied: tuple[str, ...]
    call: Call
    body: Json
    wait: Wait
    coming: tuple[str, ...] = ()
    doing: str = ""
    outdated: Callable[[Json], bool] = lambda _: False


@dataclass(frozen=True)
class Jobs:
    """Calls that answer with a job.

    Attributes:
        path: Where the job is asked for, out of the answer; `None`: the call was done at once.
        look: The call that asks; it gets `{job}`.
        running: Status of an answer that says "not yet".
        wait: How often it is asked for, and for how long; its states are `working` and `done`.
        header: Header by which we choose the job's name; empty: the cloud chooses it.
        make: Builds such a name out of a text.
        known: Code that says that there is a job of this name already.
        over: Code that says that there is no such job (any more).
    """

    path: Callable[[int, Json], str | None]
    look: Call
    running: int
    wait: Wait
    header: str = ""
    make: Callable[[str], str] = str
    known: str = ""
    over: str = ""


@dataclass(frozen=True)
class Table:
    """Everything the verbs need to know about one kind of resource.

    Attributes:
        kind: The object in words, such as "inference service".
        owner: The resource's class.
        credentials: Settings that the cloud is reached with.
        place: Where today's settings lead.
        connect: Opens a connection to the recorded region and project.
        naming: How automatic names are built; `None`: there are none.
        rules: Rules over several arguments.
        create: The creating call.
        read: The call that shows one object by `{id}`.
        delete: The deleting call, by `{id}`.
        sight: Reads status, words for the row, and reason out of a document.
        version: What moves in a document when a new configuration is taken up.
        age: Seconds since an object was made, from its document; `None` where nobody can tell.
        steps: The calls of an update, in order.
        ready: The wait after create.
        settled: The wait before an update: out of transient states.
        gone: The wait after delete.
        watch: How many objects are seen at once by those who wait; `None`: each by its own call.
        chosen: The id that we choose; `None`: the cloud does, and `find`, `identify` and `mark_of`
            say how an object is found.
        find: Looks for the object that a create of these arguments would collide with or resume.
        identify: The id of an object, from its arguments, the answer to create or a document; empty
            where an answer lacks it.
        mark_of: Whose an object is: the mark written on it, empty if none.
        born: What tells an object from one that was made before or later under the same id; `None`:
            nothing does.
        exclusive: Arguments whose values the cloud lets one object have at a time: where one is
            given, a replacement deletes first.
        carrying: Finds objects that carry one of these marks, each with its mark.
        signed: Adds to a document the mark on the object, where only further calls tell that.
        sign: How the mark is written on a new object, where the creating call cannot; `None`: it
            can.
        remark: Writes today's mark by calls of its own, where another one is on the object.
        parse: Takes out of texts, or other forms, what a document holds in them.
        dress: Adds the mark to the arguments that go onto the wire.
        undress: Takes the mark out of a document.
        silent: Arguments that a document does not tell, in the state in which the object is: what
            was set last is what there is.
        fill: Adds to a document what only further calls tell, as far as the verb is about that.
        delete_query: What the deleting call says besides, from the state.
        goals: What should run, by the value of `desired`.
        desired: The argument that says what should run.
        stops_itself: States that these arguments let the object reach without being asked to.
        hopeless: States that no call leads out of: only a new object helps.
        frozen: Names of arguments that only a new object can have, judged by their old and new
            values; what always replaces says so in its own line.
        told: What policies are told of the last deployment, by what they call it.
        leaving: States of an object that is on its way out; to the user it is gone.
        incarnation: The output that differs when somebody made the object anew under the same id,
            where ids are names; empty: ids are never used again.
        fleeting: Outputs that count or date what others do with an object: they alone are no news
            of one outside of the stack.
        prose: Outputs that hold sentences of the cloud, which may quote inputs.
        never_ready: Whether an object was never ready, so that making it anew loses nothing.
        explain: More words about a failure or a wait that took too long, from further calls.
        lock: How objects are locked; `None`: they are not.
        jobs: How calls that answer with a job are followed.
        preflight: What is looked at before anything is created.
    """

    kind: str
    owner: type[Resource]
    credentials: tuple[Setting, ...]
    place: Callable[[Settings], Place]
    connect: Callable[[Settings, Identity], Client]
    naming: Naming | None
    rules: tuple[Rule, ...]
    create: Call
    read: Call
    delete: Call
    sight: Callable[[Json], Sight]
    version: Callable[[Json], Any]
    age: Callable[[Operation, Json], float | None]
    steps: tuple[Step | Entries | Pairs, ...]
    ready: Wait
    settled: Wait
    gone: Wait
    watch: Watch | None = None
    chosen: ChosenId | None = None
    find: Callable[[Operation, Values], Json | None] = lambda op, values: op.find_own(values)
    identify: Callable[[Values, Json, Identity], str] = lambda _values, _document, _identity: ""
    mark_of: Callable[[Json], str] = lambda _: ""
    carrying: Callable[[Operation, Collection[str]], Iterable[tuple[str, Json]]] = (
        lambda _op, _marks: ()
    )
    signed: Callable[[Operation, Json], Json] = lambda _, document: document
    sign: Sign | None = None
    remark: Callable[[Operation, str], None] = lambda _op, _id: None
    born: Callable[[Json], Any] = lambda _: None
    exclusive: tuple[str, ...] = ()
    parse: Callable[[Json], Json] = lambda document: document
    dress: Callable[[Operation, Values], Values] = lambda _, values: dict(values)
    undress: Callable[[Json], Json] = lambda document: document
    silent: Callable[[Json], Collection[str]] = lambda _: ()
    fill: Callable[[Operation, Json], Json] = lambda _, document: document
    delete_query: Callable[[Values], Mapping[str, str]] = lambda _: {}
    goals: Mapping[str, Goal] = field(default_factory=dict)
    desired: str = "desired_status"
    stops_itself: Callable[[Values], Collection[str]] = lambda _: ()
    hopeless: tuple[str, ...] = ()
    frozen: Callable[[Values, Values], Collection[str]] = lambda _olds, _news: ()
    told: Mapping[str, Told] = field(default_factory=dict)
    leaving: tuple[str, ...] = ()
    incarnation: str = ""
    fleeting: tuple[str, ...] = ()
    prose: tuple[str, ...] = ()
    never_ready: Callable[[Json], bool] = lambda _: False
    explain: Callable[[Operation, str], str] = lambda _operation, _id: ""
    lock: Lock | None = None
    jobs: Jobs | None = None
    preflight: Preflight | None = None

    @property
    def declaration(self) -> Declaration:
        """The arguments and outputs."""
        return Declaration.of(self.owner)
