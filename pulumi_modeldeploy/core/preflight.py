"""Look, before anything is created, whether what a resource refers to exists and fits.

A cloud gives a `Preflight`: questions about the arguments, and the reading calls that answer them.
What is the same for all clouds stands here: each distinct thing is asked for once per run, whatever
the number of resources and threads; only what is known and new is asked about; and what cannot be
looked at (no credentials, no permission, no network) is said once and skipped.
"""

from __future__ import annotations

import itertools
import threading
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from pulumi_modeldeploy.core import adopt
from pulumi_modeldeploy.core.checks import Problem
from pulumi_modeldeploy.core.declare import ADOPT, ADOPT_FROM
from pulumi_modeldeploy.core.plan import is_leaving
from pulumi_modeldeploy.core.values import UNKNOWN
from pulumi_modeldeploy.errors import (
    ApiError,
    InvalidInputs,
    LoginRefused,
    OutOfSight,
    Refused,
    SettingsError,
    TransportError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping

    from pulumi_modeldeploy.core.http import Call, Client
    from pulumi_modeldeploy.core.identity import Identity
    from pulumi_modeldeploy.core.operation import Operation
    from pulumi_modeldeploy.core.table import Table
    from pulumi_modeldeploy.core.values import Json, Values
    from pulumi_modeldeploy.settings import Setting, Settings

T = TypeVar("T")
Subject: TypeAlias = tuple[str, ...]
"""What a question is about, in texts; the same subject gets the same answer."""

ERROR, WARN, OFF = "error", "warn", "off"
MODES = (ERROR, WARN, OFF)

FORBIDDEN, UNSERVED = 403, (404, 405)


# --- looking -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Paging:
    """How a list is asked for page by page.

    Attributes:
        start: The query that says after how many objects a page begins, or which page it is.
        limit: The query that says how many a page holds.
        total: Key of an answer that says how many there are in all.
        size: How many a page holds.
        numbered: Whether `start` says which page it is, from 1.
    """

    start: str = "offset"
    limit: str = "limit"
    total: str = "total_count"
    size: int = 1000
    numbered: bool = False

    def query(self, seen: int, pages: int) -> dict[str, str]:
        """The query of the next page, after so many objects and pages."""
        return {
            self.start: str(pages + 1 if self.numbered else seen),
            self.limit: str(self.size),
        }


@dataclass(frozen=True)
class Look:
    """A reading call whose answer many resources share.

    Attributes:
        call: The call; its `holds` is the key of the answer that has the object, or the list.
        where: The connection that it goes over; empty: the resource's own.
        missing: Tells whether an error says that there is no such object.
        instead: What is asked where the cloud does not serve the call.
        says: What an error says about the object, in place of a document; `None`: nothing.
        paging: How a list is asked for.
    """

    call: Call
    where: str = ""
    missing: Callable[[ApiError], bool] = lambda _: False
    instead: Look | None = None
    says: Callable[[ApiError], Json | None] = lambda _: None
    paging: Paging = Paging()


class _Unserved(OutOfSight):
    """The cloud does not serve a call, and there is another one."""


class Looks:
    """The looks of one run over one connection and those beside it; shared between threads."""

    def __init__(self, open_: Callable[[str], Client]) -> None:
        """Take what opens the connection of a name, at its first use."""
        self._open, self._lock = open_, threading.Lock()
        self._asked: dict[Hashable, Future[Any]] = {}
        self._shut: dict[str, OutOfSight] = {}
        self._told: set[str] = set()
        self._first, self._answered = threading.Lock(), False

    def one(self, look: Look, **path: str) -> Json | None:
        """Show one object; `None` where there is none.

        Raises:
            OutOfSight: It cannot be looked at.
        """

        def ask() -> Json | None:
            try:
                answer = self._send(look, {}, path)
            except _Unserved:
                return self.one(look.instead, **path) if look.instead else None
            return None if answer is None else look.call.held(answer)

        found: Json | None = self._once((look.call.operation, *path.values()), ask)
        return found

    def all(self, look: Look, **query: str) -> list[Json]:
        """List all objects.

        Raises:
            OutOfSight: They cannot be looked at.
        """
        rows: list[Json] = self._once(_key(look, query), lambda: self._pages(look, query))
        return rows

    def among(self, look: Look, key: str, value: str, **query: str) -> tuple[bool, Json | None]:
        """Find one object in a list; tells also whether the list has anything at all.

        A list of earlier in this run is asked for again where it lacks the object, once for each:
        another resource of the same program may have made it meanwhile.

        Raises:
            OutOfSight: They cannot be looked at.
        """

        def ask() -> tuple[bool, Json | None]:
            fresh = threading.Event()

            def first() -> list[Json]:
                fresh.set()
                return self._pages(look, query)

            rows = self._once(_key(look, query), first)
            if not fresh.is_set() and not _having(rows, key, value):
                rows = self._pages(look, query)
            return bool(rows), next(iter(_having(rows, key, value)), None)

        found: tuple[bool, Json | None] = self._once((*_key(look, query), key, value), ask)
        return found

    def through(self, operation: str, ask: Callable[[], T]) -> T:
        """Look by calls of one's own, which nobody shares, as carefully.

        Raises:
            OutOfSight: It cannot be looked at.
        """

        def sent() -> T:
            self._must_be_open("", operation)
            try:
                return ask()
            except ApiError as error:
                raise self._refused(operation, error) from error
            except TransportError as error:
                raise self._beyond("connection ", str(error)) from error

        return self._alone(sent)

    def tell(self, error: OutOfSight) -> bool:
        """Tell whether an obstacle has not been spoken of yet."""
        with self._lock:
            first = error.about not in self._told
            self._told.add(error.about)
        return first

    def _once(self, key: Hashable, ask: Callable[[], Any]) -> Any:
        """Ask once; whoever asks the same meanwhile, or later, gets the same answer."""
        with self._lock:
            mine = key not in self._asked
            future = self._asked.setdefault(key, Future())
        if mine:
            try:
                future.set_result(ask())
            except BaseException as error:  # noqa: BLE001  (raised below, here and for those who wait)
                future.set_exception(error)
        return future.result()

    def _pages(self, look: Look, query: Mapping[str, str]) -> list[Json]:
        """Get a list to its end, whatever a page holds."""
        rows: list[Json] = []
        for pages in itertools.count():
            page = look.paging.query(len(rows), pages)
            answer = self._send(look, {**query, **page}, {}) or {}
            more = answer.get(look.call.holds) or []
            rows += [one for one in more if isinstance(one, dict)]
            total = answer.get(look.paging.total)
            if not more or not isinstance(total, int) or len(rows) >= total:
                break
        return rows

    def _send(self, look: Look, query: Mapping[str, str], path: Mapping[str, str]) -> Json | None:
        """Send a call; `None` where there is no such object."""
        return self._alone(lambda: self._sent(look, query, path))

    def _alone(self, send: Callable[[], T]) -> T:
        """Send; the first call goes alone: many at once with a wrong key would have it locked."""
        if self._answered:
            return send()
        with self._first:
            try:
                return send()
            finally:
                self._answered = "*" not in self._shut

    def _must_be_open(self, where: str, operation: str) -> None:
        """Refuse what was out of sight before.

        Raises:
            OutOfSight: It was.
        """
        for shut in ("*", f"connection {where}", operation):
            if shut in self._shut:
                raise self._shut[shut]

    def _sent(self, look: Look, query: Mapping[str, str], path: Mapping[str, str]) -> Json | None:
        call = look.call
        self._must_be_open(look.where, call.operation)
        try:
            client = self._client(look.where)
            return client.send(call, query=query, path=path).body
        except ApiError as error:
            said = look.says(error)
            if said is not None or look.missing(error):
                return said
            if look.instead and error.status in UNSERVED:
                raise self._closed(call.operation, _Unserved(str(error), "")) from error
            raise self._refused(call.operation, error) from error
        except SettingsError as error:
            raise self._beyond(f"connection {look.where}", str(error)) from error
        except TransportError as error:
            raise self._beyond(f"connection {look.where}", str(error)) from error

    def _client(self, where: str) -> Client:
        client: Client = self._once(("connection", where), lambda: self._open(where))
        return client

    def _refused(self, operation: str, error: ApiError) -> OutOfSight:
        """Judge a refusal: a cloud locks keys that it refuses too often."""
        if isinstance(error, LoginRefused):
            return self._beyond("*", str(error))
        facts = f"HTTP {error.status}{error.code and f', {error.code}'}"
        if self._client("").dialect.is_rejected(error):
            return self._beyond("*", f"the credentials are refused ({error.operation}: {facts})")
        if error.status == FORBIDDEN:
            text = f"there is no permission for {error.operation} ({facts})"
            return self._beyond(operation, text)
        return OutOfSight(f"{error.operation} answers {facts}", operation)

    def _beyond(self, what: str, text: str) -> OutOfSight:
        return self._closed(what, OutOfSight(text, what))

    def _closed(self, what: str, error: OutOfSight) -> OutOfSight:
        """Note that something is out of sight for the rest of the run."""
        return self._shut.setdefault(what, error)


def _key(look: Look, query: Mapping[str, str]) -> tuple[str, ...]:
    return (look.call.operation, *(f"{name}={query[name]}" for name in sorted(query)))


def _having(rows: Iterable[Json], key: str, value: str) -> list[Json]:
    return [row for row in rows if row.get(key) == value]


# --- asking --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Question:
    """What is asked about something that a resource refers to.

    Attributes:
        name: Its name, by which a stack can turn it off.
        subjects: What it is asked about, with the arguments' paths, as far as that is known.
        judge: Answers what is wrong and what to do, without quoting texts of the user; `None`:
            nothing, or another question says so. It gets the looks and a subject.
        text: What is right, for the reference page.
        source: Where that was read.
        warn: Whether the cloud may take it all the same.
        mended: Whether another resource of the same program may mend it, although all ids are
            known: then a preview warns where the program says that there is such a dependency.
    """

    name: str
    subjects: Callable[[Values], Iterable[tuple[str, Subject]]]
    judge: Callable[..., str | None]
    text: str
    source: str
    warn: bool = False
    mended: bool = False


@dataclass(frozen=True)
class Preflight:
    """What a cloud looks at before it creates something.

    Attributes:
        setting: Whether what is wrong refuses (`error`, the default), warns (`warn`), or is not
            looked for (`off`).
        connect: Opens the connections beside the resource's own, by name.
        questions: What is asked.
        holder: Finds the object that has a name already; raises `Refused` where that is nobody's to
            touch.
        unique: The vendor's page that says that names are.
    """

    setting: Setting
    connect: Mapping[str, Callable[[Settings, Identity, Client], Client]]
    questions: tuple[Question, ...]
    holder: Callable[[Looks, str], Json | None] | None = None
    unique: str = ""


ADOPTION = "preflight-adopt"
ADOPTION_TEXT = "what is to be adopted exists, and may be adopted"
NAME = "preflight-name"
NAME_TEXT = "a given name is free, or the object that has it carries this resource's mark"


@dataclass(frozen=True)
class Due:
    """A question about one subject that has to be asked now."""

    path: str
    rule: str
    answer: Callable[[Operation, Looks], str | None]
    warn: bool = False


@dataclass
class Asked:
    """How a resource is asked about.

    Attributes:
        olds: The arguments that it has already: what they said is not asked again.
        failing: Paths of arguments that are wrong anyway.
        named: Whether the name is asked about: before a create nobody else looks.
        waits: Whether the program says that other resources come first, in a preview.
    """

    olds: Values = field(default_factory=dict)
    failing: Collection[str] = ()
    named: bool = True
    waits: bool = False


def due(
    table: Table, settings: Settings, identity: Identity, values: Values, asked: Asked
) -> list[Due]:
    """Collect the questions that are open: about what is known, new and not secret.

    A look has an id in its address, which proxies write down; what is secret stays out of that.
    """
    preflight = table.preflight
    if preflight is None or settings.get(preflight.setting) == OFF:
        return []
    values = _open(values, identity.secrets)
    found = [*_references(preflight, values, asked), *_name(table, identity, values, asked)]
    off = settings.skip_rules
    return [one for one in found if one.rule not in off and one.path not in asked.failing]


def _open(value: Any, secrets: Collection[str], path: str = "") -> Any:
    """Take what is secret for unknown."""
    if path in secrets:
        return UNKNOWN
    if isinstance(value, dict):
        prefix = f"{path}." if path else ""
        return {key: _open(one, secrets, f"{prefix}{key}") for key, one in value.items()}
    if isinstance(value, list):
        return [_open(one, secrets, f"{path}[{index}]") for index, one in enumerate(value)]
    return value


def _references(preflight: Preflight, values: Values, asked: Asked) -> Iterator[Due]:
    for question in preflight.questions:
        before = {subject for _, subject in question.subjects(asked.olds)}
        for path, subject in question.subjects(values):
            if subject not in before and all(isinstance(one, str) for one in subject):
                warn = question.warn or (question.mended and asked.waits)
                yield Due(path, question.name, _answer(question, subject), warn)


def _answer(question: Question, subject: Subject) -> Callable[[Operation, Looks], str | None]:
    return lambda _, looks: question.judge(looks, *subject)


def _name(table: Table, identity: Identity, values: Values, asked: Asked) -> Iterator[Due]:
    """Ask about a given name; one that ends in our mark is ours.

    An adopted object may get the name written down that it has; another one replaces it, and then
    it is asked about.
    """
    preflight, naming = table.preflight, table.naming
    if preflight is None or preflight.holder is None or naming is None or not asked.named:
        return
    name, before = values.get(naming.argument), asked.olds.get(naming.argument)
    if name in (None, UNKNOWN, before) or naming.is_made_of(name, identity.mark):
        return
    if identity.adopted and before is None:
        return
    moved = before is not None
    # What is only now asked for takes the place of an old object, with the name that it has.
    new = moved and values.get(ADOPT) != asked.olds.get(ADOPT)
    adopts = values.get(ADOPT) if new else None
    yield Due(naming.argument, NAME, lambda op, looks: _taken(op, looks, values, moved, adopts))


def _taken(op: Operation, looks: Looks, values: Values, moved: bool, adopts: Any) -> str | None:
    """Tell that somebody else has a name.

    Where nothing is known of before, this may be a replacement that was forced, about to delete the
    very object: if we write no mark, none on the object proves nothing.
    """
    table, preflight, naming = op.table, op.table.preflight, op.table.naming
    if preflight is None or preflight.holder is None or naming is None:
        return None
    try:
        found = preflight.holder(looks, values[naming.argument])
    except Refused as error:
        return str(error)
    if found is None or is_leaving(table, found):
        return None
    identifier, mark = table.identify(values, found, op.identity), table.mark_of(found)
    if mark == op.identity.mark or identifier in (adopts, *op.replaced):
        return None
    if not (mark or moved or op.leaves_mark(table.dress(op, values))):
        return None
    return (
        f"a {table.kind} {identifier} has this {naming.argument} already and is not this "
        f"resource's ({adopt.carries(op, identifier, found)}): give this resource another name, or "
        "leave it out, or delete that one first, or take that one over: "
        f"{adopt.line(op, identifier, found)}"
    )


def adoption(op: Operation, values: Values, asked: Asked) -> tuple[list[Problem], Values | None]:
    """Look whether what a resource is to adopt is there, and may be adopted.

    Returns:
        What is wrong, and what the object has of the wanted arguments; `None`: that is not known.
    """
    preflight, seen = op.table.preflight, []
    off = preflight is not None and op.settings.get(preflight.setting) == OFF
    unknown = UNKNOWN in (values[ADOPT], values.get(ADOPT_FROM))
    failing = not {ADOPT, ADOPT_FROM}.isdisjoint(asked.failing)

    def answer(op: Operation, looks: Looks) -> str | None:
        look = partial(adopt.look, op, values[ADOPT])
        document = looks.through(op.table.read.operation, look)
        if document is None:
            return adopt.missing(op, values)
        seen.append(adopt.there(op, document, values))
        wrong = adopt.objection(op, values, document)
        if not wrong:
            op.say(adopt.outlook(op, values, document))
        return wrong or None

    if off or unknown or failing or ADOPTION in op.settings.skip_rules:
        return [], None
    return judge(op, [Due(ADOPT, ADOPTION, answer)]), next(iter(seen), None)


def judge(op: Operation, questions: Iterable[Due]) -> list[Problem]:
    """Ask, and list what is wrong; what cannot be looked at is said once."""
    preflight, looks = op.table.preflight, op.looks
    if looks is None:
        return []
    lenient = preflight is not None and op.settings.get(preflight.setting) == WARN
    problems: list[Problem] = []
    for one in questions:
        try:
            text = one.answer(op, looks)
        except OutOfSight as error:
            if looks.tell(error):
                op.warn(skipped(op.table, str(error)))
            continue
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            odd = OutOfSight(f"an answer is not as documented ({type(error).__name__})", one.rule)
            if looks.tell(odd):
                op.warn(skipped(op.table, str(odd)))
            continue
        if text is not None:
            problems.append(Problem(one.path, text, one.rule, warn=one.warn or lenient))
    return problems


def skipped(table: Table, reason: str) -> str:
    """Say that something was not looked at."""
    key = table.preflight.setting.key if table.preflight else ""
    return (
        "the preflight was skipped where it cannot look whether what is referred to exists: "
        f"{reason.rstrip('.')}. The cloud judges that later"
        f"{f'; `{key}` = {OFF} leaves the looks out' if key else ''}"
    )


def looks_of(table: Table, settings: Settings, identity: Identity, client: Client) -> Looks:
    """Begin the looks of one run over a connection."""
    beside = table.preflight.connect if table.preflight else {}

    def open_(where: str) -> Client:
        return beside[where](settings, identity, client) if where else client

    return Looks(open_)


def must_fit(op: Operation, values: Values, olds: Values) -> None:
    """Look before a changing call: at what check did not know, or a policy changed since.

    The name is left to the verb's own look.

    Raises:
        InvalidInputs: Something that is referred to does not exist, or does not fit.
    """
    asked = Asked(olds, named=False)
    problems = judge(op, due(op.table, op.settings, op.identity, values, asked))
    wrong = [problem.show() for problem in problems if not problem.warn]
    if wrong:
        raise InvalidInputs(f"{'; '.join(wrong)}. Nothing was changed; mend it and run again.")
