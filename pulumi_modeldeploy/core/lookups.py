"""Lookups: functions for programs that read what a cloud has, and change nothing.

They run in the program's process, in a preview too, with the settings that the resources of the
stack use. A cloud gives a `Kind` for each kind of object; what its documents mean to a program
(type, filters, exactly one, errors) is the same for all clouds and stands here.
"""

from __future__ import annotations

import difflib
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

import pulumi
from pulumi import Input, Output

from pulumi_modeldeploy.core import wire
from pulumi_modeldeploy.core.declare import PROFILE, Declaration, Reply
from pulumi_modeldeploy.core.identity import Identity
from pulumi_modeldeploy.core.scrub import scrub_texts
from pulumi_modeldeploy.errors import LookupFailed, ModelDeployError
from pulumi_modeldeploy.settings import DEBUG, Settings, refuse_clear_credentials

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from pulumi_modeldeploy.core.http import Client
    from pulumi_modeldeploy.core.identity import Place
    from pulumi_modeldeploy.core.values import Json
    from pulumi_modeldeploy.settings import Setting

T = TypeVar("T")
R = TypeVar("R", bound=Reply)

Text: TypeAlias = Input[str | None] | None
"""A text to look something up by that may not be known yet."""

SHOWN = 10
"""Objects that a message lists at most."""


@dataclass(frozen=True)
class Cloud:
    """How lookups reach a cloud.

    Attributes:
        credentials: All of its settings.
        place: Where today's settings lead.
        connect: Opens a connection there.
    """

    credentials: tuple[Setting, ...]
    place: Callable[[Settings], Place]
    connect: Callable[[Settings, Identity], Client]


@dataclass(frozen=True)
class Filter:
    """A filter that is no attribute of a reply, or means something else than "is".

    Attributes:
        type: What is given: `str`, `bool`, `int` or `dict`.
        fits: Whether an object fits; default: that is for the cloud to say.
    """

    type: type
    fits: Callable[[Any, Any], bool] = lambda _one, _wish: True


@dataclass(frozen=True)
class Kind(Generic[R]):
    """One kind of object that programs look up; filters are named like attributes of its reply.

    Attributes:
        label: What messages call it, after "a".
        cloud: Where it is.
        reply: What programs get.
        fetch: Gets documents: at least all that fit the filters; it need not apply any of them.
        key: The attribute that tells objects apart.
        name: The attribute that holds the name, which several may share.
        folded: Attributes that are compared without regard to case.
        filters: Filters that are not just attributes.
        apart: The attribute that mostly tells objects of the same name apart, for messages.
        newest: The attribute by which the newest comes first; empty: the order is that of names.
        whole: Gets the document of the one that was found, where lists leave out a part of it.
    """

    label: str
    cloud: Cloud
    reply: type[R]
    fetch: Callable[[Client, Mapping[str, Any]], Iterable[Json]]
    key: str
    name: str
    folded: Collection[str] = ()
    filters: Mapping[str, Filter] = field(default_factory=dict)
    apart: str = ""
    newest: str = ""
    whole: Callable[[Client, R], Json] | None = None

    def fetched(self, client: Client, given: Mapping[str, Any]) -> list[R]:
        """Get objects that may fit the filters, in the order of their names or times."""
        found = [_shown(self.reply, document) for document in self.fetch(client, given)]
        if self.newest:
            # Of the same moment, what was told last is the newest.
            return sorted(found, key=self._moment_of)[::-1]
        return sorted(found, key=lambda one: (self.name_of(one), self.key_of(one)))

    def fits(self, one: R, given: Mapping[str, Any]) -> bool:
        """Tell whether an object fits all filters; what it lacks fits none."""
        return all(self._fits(one, name, wish) for name, wish in given.items())

    def _fits(self, one: R, name: str, wanted: Any) -> bool:
        if name in self.filters:
            return self.filters[name].fits(one, wanted)
        actual = getattr(one, name)
        if actual is None:
            return False
        if not isinstance(wanted, str):
            return bool(actual == wanted)
        actual = str(actual).strip()
        if name in self.folded:
            return bool(actual.casefold() == wanted.casefold())
        return bool(actual == wanted)

    def type_of(self, name: str) -> type:
        """What a filter takes."""
        if name in self.filters:
            return self.filters[name].type
        return Declaration.of(self.reply).outputs[name].type

    def key_of(self, one: R) -> str:
        """What tells an object apart."""
        return str(getattr(one, self.key))

    def name_of(self, one: R) -> str:
        """The name of an object."""
        return str(getattr(one, self.name))

    def _moment_of(self, one: R) -> tuple[bool, Any]:
        moment = getattr(one, self.newest)
        return moment is not None, moment


def find(kind: Kind[R], *, profile: str | None = None, **wanted: Any) -> list[R]:
    """Get all objects that fit, in the order of the kind.

    Args:
        kind: Their kind.
        profile: Profile of the settings to look with; `None`: the plain settings.
        wanted: What attributes must be, and further filters of the kind; `None` asks for nothing.
            White space at either end of a text does not count.

    Raises:
        pulumi.RunError: A setting is missing, a credential stands in clear, or the cloud refuses.
    """

    def look(client: Client) -> list[R]:
        given = _given(kind, wanted)
        return [one for one in kind.fetched(client, given) if kind.fits(one, given)]

    return _looked_up(kind, profile, look)


def find_one(kind: Kind[R], *, profile: str | None = None, **wanted: Any) -> R:
    """Get the one object that fits.

    Args:
        kind: Its kind.
        profile: As in `find`.
        wanted: What attributes must be, as in `find`.

    Raises:
        pulumi.RunError: There is none (names what comes near), there are several (names each),
            or as in `find`.
    """

    def look(client: Client) -> R:
        given = _given(kind, wanted)
        found = [one for one in kind.fetched(client, given) if kind.fits(one, given)]
        if not found:
            raise LookupFailed(_none(kind, kind.fetched(client, {}), given))
        if len(found) > 1:
            raise LookupFailed(_several(kind, found, given))
        if kind.whole is not None:
            return _shown(kind.reply, kind.whole(client, found[0]))
        return found[0]

    return _looked_up(kind, profile, look)


def later(look: Callable[..., T], **given: Input[Any] | None) -> Output[T]:
    """Look something up when all that it is looked up by is known; until then it is unknown.

    That is so too while a resource that a filter comes from does not exist: a preview knows the
    names of what it is going to make.
    """
    known = Output.all(**given)
    made: Output[Any] = Output.from_input(_ids(known))
    return Output.all(made, known).apply(lambda both: look(**both[1]))


async def _ids(known: Output[Any]) -> list[Output[str]]:
    """Get the ids of all resources that something comes from."""
    return [one.id for one in await known.resources() if isinstance(one, pulumi.CustomResource)]


_WORDS = {str: "a text", bool: "True or False", int: "a whole number", dict: "a dict of texts"}
"""What a filter takes, in words."""


def _given(kind: Kind[Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Take what is asked for, and refuse what is no text (or what else the filter takes)."""
    given: dict[str, Any] = {}
    for name, value in wanted.items():
        needed = kind.type_of(name)
        if needed is dict and isinstance(value, Mapping):
            given[name] = {key: _one(f"{name}[{key!r}]", one, str) for key, one in value.items()}
        elif value is not None:
            given[name] = _one(name, value, needed)
    return given


def _one(name: str, value: object, needed: type) -> object:
    """Take a plain value."""
    if isinstance(value, Output):
        raise LookupFailed(
            f"{name} is an Output, and {_WORDS[needed]} is needed: use the function whose name "
            "ends in `_output`, or call this one in `Output.apply`"
        )
    # Not `isinstance`: a truth is no number.
    if type(value) is not needed and not _is_text(value, needed):
        raise LookupFailed(f"{name} must be {_WORDS[needed]}, not {type(value).__name__}")
    return value.strip() if isinstance(value, str) else value


def _name(profile: object) -> str:
    """Take the name of a profile, and refuse what is none."""
    if isinstance(profile, Output):
        raise LookupFailed(f"{PROFILE} is an Output, and a text is needed")
    if not isinstance(profile, str | None):
        raise LookupFailed(f"{PROFILE} must be a text, not {type(profile).__name__}")
    return profile or ""


def _is_text(value: object, needed: type) -> bool:
    """Tell a text of a derived class, such as a `StrEnum`."""
    return needed is str and isinstance(value, str)


# --- connection and errors -----------------------------------------------------------------------

_CLIENTS: dict[tuple[object, ...], Client] = {}
"""Connections of this process, by all settings that they were opened with."""


def _client(cloud: Cloud, settings: Settings) -> Client:
    key = (cloud.connect, settings.profile, *(settings.get(one) for one in cloud.credentials))
    client = _CLIENTS.get(key)
    if client is None:
        region, project_id, endpoint = cloud.place(settings)
        nobody = Identity("", "", "", region, project_id, endpoint=endpoint)
        client = _CLIENTS[key] = cloud.connect(settings, nobody)
    return client


def _looked_up(kind: Kind[R], profile: object, look: Callable[[Client], T]) -> T:
    """Run a lookup; what goes wrong is one paragraph without secrets, which ends the program."""
    settings = Settings.of_program()
    debug = False
    try:
        debug = settings.get(DEBUG) == "1"
        refuse_clear_credentials(kind.cloud.credentials)
        chosen = settings.of_profile(_name(profile), kind.cloud.credentials)
        return look(_client(kind.cloud, chosen))
    except ModelDeployError as error:
        told = "".join(traceback.format_exception(error)) if debug else str(error)
        clean = scrub_texts(told, settings.secrets(kind.cloud.credentials))
        text = clean if debug else " ".join(clean.split())
        raise pulumi.RunError(f"cannot look up a {kind.label}: {text}") from None


# --- documents -----------------------------------------------------------------------------------


def _shown(reply: type[R], document: Json) -> R:
    """Turn a document into an object, over the spelling of the state, as resources do."""
    declaration = Declaration.of(reply)
    state = declaration.to_state(wire.outputs(declaration, document))
    shown: R = reply._view(state)  # noqa: SLF001  (how every Reply comes about)
    for name, item in declaration.outputs.items():
        if item.column.secret:
            vars(shown)[name] = Output.secret(vars(shown).get(name))
    return shown


# --- messages ------------------------------------------------------------------------------------


def _none(kind: Kind[R], everything: list[R], given: Mapping[str, Any]) -> str:
    """Say that there is none, and what else there is."""
    if not everything:
        return "there is none at all"
    text = f"there is none with {_listed(given)}"
    own = {name: given[name] for name in (kind.key, kind.name) if name in given}
    same = [one for one in everything if own and kind.fits(one, own)]
    rest = [name for name in given if name not in own and name not in kind.filters]
    if same and rest:
        facts = [f"{kind.key_of(one)} has {_listed(_facts(one, rest))}" for one in same]
        return f"{text}: {_few(facts)}"
    names = sorted({kind.name_of(one) for one in everything})
    near = _near(given.get(kind.name, ""), names)
    if near:
        return f"{text}; names like it: {', '.join(map(repr, near))}"
    return f"{text}; there are: {_few(list(map(repr, names)))}"


def _several(kind: Kind[R], found: list[R], given: Mapping[str, Any]) -> str:
    """Say that there are several, and which."""
    apart = [kind.apart] if kind.apart else []
    each = [f"{kind.key_of(one)} ({', '.join(_words_of(kind, one, apart))})" for one in found]
    wanted = f" with {_listed(given)}" if given else ""
    by = " or ".join(f"{name}=" for name in (kind.key, *apart))
    return f"there are {len(found)}{wanted}: {_few(each)}; say which by {by}"


def _words_of(kind: Kind[R], one: R, apart: Iterable[str]) -> list[str]:
    """Name an object, and what tells it apart from others of that name."""
    named = [] if kind.name == kind.key else [repr(kind.name_of(one))]
    return [*named, *(f"{name} {getattr(one, name)!r}" for name in apart)]


def _facts(one: Reply, names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(one, name) for name in names}


def _listed(facts: Mapping[str, Any]) -> str:
    return " and ".join(f"{name} {value!r}" for name, value in facts.items())


def _few(texts: list[str]) -> str:
    more = len(texts) - SHOWN
    return ", ".join(texts[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def _near(name: str, names: Iterable[str]) -> list[str]:
    """Choose the names that come near one, whatever their case."""
    spelled: dict[str, list[str]] = {}
    for one in names:
        spelled.setdefault(one.casefold(), []).append(one)
    close = difflib.get_close_matches(name.casefold(), spelled)
    return [one for match in close for one in spelled[match]]
