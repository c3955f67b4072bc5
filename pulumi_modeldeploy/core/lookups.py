"""Lookups: functions for programs that read what a cloud has, and change nothing.

They run in the program's process, in a preview too, with the settings that the resources of the
stack use. A cloud gives a `Kind` for each kind of object; what its documents mean to a program
(type, filters, exactly one, errors) is the same for all clouds and stands here.
"""

from __future__ import annotations

import difflib
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import pulumi
from pulumi import Input, Output

from pulumi_modeldeploy.core import wire
from pulumi_modeldeploy.core.declare import Declaration, Reply
from pulumi_modeldeploy.core.identity import Identity
from pulumi_modeldeploy.core.scrub import scrub_texts
from pulumi_modeldeploy.errors import LookupFailed, ModelDeployError
from pulumi_modeldeploy.settings import DEBUG, Settings, refuse_clear_credentials

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from pulumi_modeldeploy.core.http import Client
    from pulumi_modeldeploy.core.identity import Place
    from pulumi_modeldeploy.core.values import Json
    from pulumi_modeldeploy.settings import Setting

T = TypeVar("T")
R = TypeVar("R", bound=Reply)

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
    """

    label: str
    cloud: Cloud
    reply: type[R]
    fetch: Callable[[Client, Mapping[str, str]], Iterable[Json]]
    key: str
    name: str
    folded: Collection[str] = ()

    def fetched(self, client: Client, given: Mapping[str, str]) -> list[R]:
        """Get objects that may fit the filters, in the order of their names."""
        found = [_shown(self.reply, document) for document in self.fetch(client, given)]
        return sorted(found, key=lambda one: (self.name_of(one), self.key_of(one)))

    def fits(self, one: R, given: Mapping[str, str]) -> bool:
        """Tell whether an object fits all filters; what it lacks fits none."""
        return all(self._same(name, getattr(one, name), wish) for name, wish in given.items())

    def _same(self, name: str, actual: Any, wanted: str) -> bool:
        if actual is None:
            return False
        actual = str(actual).strip()
        if name in self.folded:
            return bool(actual.casefold() == wanted.casefold())
        return bool(actual == wanted)

    def key_of(self, one: R) -> str:
        """What tells an object apart."""
        return str(getattr(one, self.key))

    def name_of(self, one: R) -> str:
        """The name of an object."""
        return str(getattr(one, self.name))


def find(kind: Kind[R], **wanted: str | None) -> list[R]:
    """Get all objects that fit, in the order of their names.

    Args:
        kind: Their kind.
        wanted: What attributes must be; `None` asks for nothing. White space at either end of a
            text does not count.

    Raises:
        pulumi.RunError: A setting is missing, a credential stands in clear, or the cloud refuses.
    """

    def look(client: Client) -> list[R]:
        given = _given(wanted)
        return [one for one in kind.fetched(client, given) if kind.fits(one, given)]

    return _looked_up(kind, look)


def find_one(kind: Kind[R], **wanted: str | None) -> R:
    """Get the one object that fits.

    Args:
        kind: Its kind.
        wanted: What attributes must be, as in `find`.

    Raises:
        pulumi.RunError: There is none (names what comes near), there are several (names each),
            or as in `find`.
    """

    def look(client: Client) -> R:
        given = _given(wanted)
        found = [one for one in kind.fetched(client, given) if kind.fits(one, given)]
        if not found:
            raise LookupFailed(_none(kind, kind.fetched(client, {}), given))
        if len(found) > 1:
            raise LookupFailed(_several(kind, found, given))
        return found[0]

    return _looked_up(kind, look)


def later(look: Callable[..., T], **given: Input[str | None] | None) -> Output[T]:
    """Look something up when all that it is looked up by is known; until then it is unknown."""
    return Output.all(**given).apply(lambda known: look(**known))


def _given(wanted: Mapping[str, Any]) -> dict[str, str]:
    """Take what is asked for, and refuse what is no text."""
    for name, value in wanted.items():
        if isinstance(value, Output):
            raise LookupFailed(
                f"{name} is an Output, and a text is needed: use the function whose name ends in "
                "`_output`, or call this one in `Output.apply`"
            )
        if not isinstance(value, str | None):
            raise LookupFailed(f"{name} must be a text, not {type(value).__name__}")
    return {name: value.strip() for name, value in wanted.items() if value is not None}


# --- connection and errors -----------------------------------------------------------------------

_CLIENTS: dict[tuple[object, ...], Client] = {}
"""Connections of this process, by all settings that they were opened with."""


def _client(cloud: Cloud, settings: Settings) -> Client:
    key = (cloud.connect, *(settings.get(one) for one in cloud.credentials))
    client = _CLIENTS.get(key)
    if client is None:
        region, project_id, endpoint = cloud.place(settings)
        nobody = Identity("", "", "", region, project_id, endpoint=endpoint)
        client = _CLIENTS[key] = cloud.connect(settings, nobody)
    return client


def _looked_up(kind: Kind[R], look: Callable[[Client], T]) -> T:
    """Run a lookup; what goes wrong is one paragraph without secrets, which ends the program."""
    settings = Settings.of_program()
    debug = False
    try:
        debug = settings.get(DEBUG) == "1"
        refuse_clear_credentials(kind.cloud.credentials)
        return look(_client(kind.cloud, settings))
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
    return shown


# --- messages ------------------------------------------------------------------------------------


def _none(kind: Kind[R], everything: list[R], given: Mapping[str, str]) -> str:
    """Say that there is none, and what else there is."""
    if not everything:
        return "there is none at all"
    text = f"there is none with {_listed(given)}"
    own = {name: given[name] for name in (kind.key, kind.name) if name in given}
    same = [one for one in everything if own and kind.fits(one, own)]
    if same:
        rest = [name for name in given if name not in own]
        facts = [f"{kind.key_of(one)} has {_listed(_facts(one, rest))}" for one in same]
        return f"{text}: {_few(facts)}"
    names = sorted({kind.name_of(one) for one in everything})
    near = _near(given.get(kind.name, ""), names)
    if near:
        return f"{text}; names like it: {', '.join(map(repr, near))}"
    return f"{text}; there are: {_few(list(map(repr, names)))}"


def _several(kind: Kind[R], found: list[R], given: Mapping[str, str]) -> str:
    """Say that there are several, and which."""
    each = [f"{kind.key_of(one)} ({kind.name_of(one)!r})" for one in found]
    wanted = f" with {_listed(given)}" if given else ""
    return f"there are {len(found)}{wanted}: {_few(each)}; say which by {kind.key}="


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
