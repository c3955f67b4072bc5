"""What a policy sees of a resource, under the names and with the types of its declaration.

    def has_vpc(service: ModelArtsService, settings: Settings, report: Report) -> None:
        if service.infer_type == "real-time" and not given(service, "vpc_id"):
            report(at(service, "vpc_id"), "must be given")

A view reads what the engine handed over: camelCase or snake_case, floats, and values that are not
known before an update. An attribute that is not known raises `NotKnown`, which ends a rule in
silence: so no rule reports what may turn out to be right. `known` walks over the part of a list or
map that is known. A malformed value counts as not known, since the check reports it.
"""

from __future__ import annotations

import contextlib
import functools
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, overload

from pulumi_policy import proxy
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, UnknownValueError

from pulumi_modeldeploy import modelarts, pai, zstack
from pulumi_modeldeploy.core import inputs
from pulumi_modeldeploy.core.declare import (
    BOOKKEEPING,
    Declaration,
    Field,
    Reply,
    Shape,
    each_object,
)
from pulumi_modeldeploy.core.identity import EXTERNAL, REFUSED
from pulumi_modeldeploy.core.plan import WAS
from pulumi_modeldeploy.core.values import UNKNOWN

if TYPE_CHECKING:
    from pulumi_policy import PolicyResource, ResourceValidationArgs

T = TypeVar("T")

SENTINELS = frozenset(
    value for name, value in vars(proxy).items() if re.fullmatch("UNKNOWN_[A-Z]+_VALUE", name)
)
"""Texts that stand for what is not known, where nothing guards it: in remediations."""


class NotKnown(UnknownValueError):
    """A value is not known before the update, or malformed."""

    def __init__(self, path: str) -> None:
        super().__init__(UNKNOWN_STRING_VALUE, [path])
        self.message = f"{path} is not known yet"

    def __str__(self) -> str:
        return self.message


# --- reading -------------------------------------------------------------------------------------


def plain(value: Any) -> Any:
    """Copy what the engine handed over, with `UNKNOWN` for what is not known."""
    if isinstance(value, str):
        return UNKNOWN if value in SENTINELS else value
    if isinstance(value, Mapping):
        return {str(key): entry(value, key) for key in value}
    if isinstance(value, Sequence):
        return [entry(value, index) for index in range(len(value))]
    return value


def entry(bag: Any, key: Any) -> Any:
    """Copy one entry, `None` if there is none; an error of the SDK guards what is not known."""
    try:
        return plain(bag[key])
    except UnknownValueError:
        return UNKNOWN
    except KeyError:
        return None


class Some(Sequence[T]):
    """A list some entries of which are not known: touching one raises `NotKnown`."""

    def __init__(self, path: str, entries: list[T]) -> None:
        self.path, self.entries = path, entries

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self._sure(one) for one in self.entries[index]]
        return self._sure(self.entries[index])

    def __contains__(self, wanted: object) -> bool:
        return wanted in self.entries or self._unsure()

    def _sure(self, one: Any) -> Any:
        return self._unsure() if one is UNKNOWN else one

    def _unsure(self, *_others: Any) -> Any:
        raise NotKnown(self.path)

    # What takes all entries together takes one that is not known.
    __eq__ = __add__ = __radd__ = __mul__ = __rmul__ = copy = _unsure
    __hash__ = None  # type: ignore[assignment]


class SomeKeys(Mapping[str, T]):
    """A map some values of which are not known: touching one raises `NotKnown`."""

    def __init__(self, path: str, entries: Mapping[str, T]) -> None:
        self.path, self.entries = path, entries

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __contains__(self, key: object) -> bool:
        return key in self.entries

    def __getitem__(self, key: str) -> T:
        found = self.entries[key]
        if found is UNKNOWN:
            raise NotKnown(f"{self.path}.{key}")
        return found

    def _unsure(self, *_others: Any) -> Any:
        raise NotKnown(self.path)

    # What takes all values together takes one that is not known.
    __eq__ = __or__ = __ror__ = copy = _unsure
    __hash__ = None  # type: ignore[assignment]


_KINDS: Mapping[type, type | tuple[type, ...]] = {
    str: str,
    bool: bool,
    int: int,
    float: (int, float),
}


class View(Reply):
    """Base of views, of resources and of the objects in their arguments.

    To type checkers a view is an object of its declared class whose attributes are plain values.
    """

    _declaration: ClassVar[Declaration]
    _bag: Mapping[str, Any]
    _path: str
    _about: About | None
    _memo: dict[str, Any] | None

    @classmethod
    def of(
        cls,
        bag: Mapping[str, Any],
        path: str = "",
        about: About | None = None,
        memo: dict[str, Any] | None = None,
    ) -> View:
        """Show a bag of properties.

        Args:
            bag: The properties.
            path: Where it stands in its resource; empty: it is the resource.
            about: What is known of the resource besides.
            memo: Keeps what was read; `None`: the bag may change.
        """
        shown = cls.__new__(cls)
        vars(shown).update(_bag=bag, _path=path, _about=about, _memo=memo)
        return shown

    @classmethod
    def shows(cls) -> type:
        """The class of resources, or of nested objects, that it is a view of."""
        return cls._declaration.owner

    def _field(self, name: str) -> Field:
        declaration = self._declaration
        item = declaration.args.get(name) or declaration.outputs.get(name)
        if item is None:
            raise AttributeError(f"{declaration.owner.__name__} has no argument or output {name}")
        return item

    def _look(self, name: str) -> Any:
        """Read an argument or output: `None` where there is none, `UNKNOWN` where nobody knows."""
        item = self._field(name)
        # What is in a resource was renamed with it.
        value = entry(self._bag, item.name if self._path else item.key)
        if value is None or value is UNKNOWN:
            return value
        renamed = each_object(item, value, Declaration.from_state)
        if name not in self._declaration.args:
            return renamed
        return inputs.normalise(self._declaration, {name: renamed})[name]

    def _read(self, name: str) -> Any:
        if self._memo is None:
            return self._show(name)
        if name not in self._memo:
            self._memo[name] = self._show(name)
        return self._memo[name]

    def _show(self, name: str) -> Any:
        value, item = self._look(name), self._field(name)
        if value is None and not item.required and name in self._declaration.args:
            return None
        return _shown(item, value, at(self, name), memoized=self._memo is not None)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._path})"


def _shown(item: Field, value: Any, path: str, *, memoized: bool) -> Any:
    """Show a value the way the attribute's type promises.

    Raises:
        NotKnown: It is not known, or of another type.
    """
    if item.shape is Shape.SCALAR and _fits(item.type, value):
        return value
    if item.shape is Shape.OBJECT and isinstance(value, Mapping):
        return _part(item, value, path, memoized=memoized)
    if item.shape in (Shape.LIST, Shape.OBJECTS) and isinstance(value, list):
        entries = enumerate(value)
        shown = [
            _element(item, one, f"{path}[{index}]", memoized=memoized) for index, one in entries
        ]
        return Some(path, shown) if UNKNOWN in shown else shown
    if item.shape in (Shape.MAP, Shape.LISTS, Shape.TREE) and isinstance(value, Mapping):
        return SomeKeys(path, value) if UNKNOWN in value.values() else value
    raise NotKnown(path)


def _element(item: Field, value: Any, path: str, *, memoized: bool) -> Any:
    if item.shape is Shape.OBJECTS and isinstance(value, Mapping):
        return _part(item, value, path, memoized=memoized)
    right = item.shape is Shape.LIST and _fits(item.type, value)
    return value if right else UNKNOWN


def _part(item: Field, value: Mapping[str, Any], path: str, *, memoized: bool) -> View:
    return _nested(item.type).of(value, path, memo={} if memoized else None)


def _fits(kind: type, value: Any) -> bool:
    """Tell whether a value is of a declared type; no number is a truth value."""
    right = isinstance(value, _KINDS.get(kind, object)) and value not in (None, UNKNOWN)
    return right and (kind is bool or not isinstance(value, bool))


@functools.cache
def _nested(owner: type) -> type[View]:
    """The view of a class of nested arguments or outputs."""
    declaration = {"_declaration": Declaration.of(owner)}
    return type(owner.__name__, (View, owner), declaration)


# --- what rules ask ------------------------------------------------------------------------------


def at(view: object, name: str) -> str:
    """The place of an argument, as the user wrote it: `config[0].weight`.

    Raises:
        AttributeError: There is no such argument or output.
    """
    view = _seen(view)
    view._field(name)  # noqa: SLF001  (views and these functions are one mechanism)
    return f"{path_of(view)}.{name}" if path_of(view) else name


def path_of(view: object) -> str:
    """The place of a view in its resource; empty: it is the resource."""
    return _seen(view)._path  # noqa: SLF001


def given(view: object, name: str) -> bool:
    """Tell whether an argument is set, be its value known or not."""
    return _seen(view)._look(name) is not None  # noqa: SLF001


def is_known(view: object, *names: str) -> bool:
    """Tell whether these attributes can be read; one that is not set can, if it is an argument."""
    try:
        for name in names:
            _seen(view)._read(name)  # noqa: SLF001
    except NotKnown:
        return False
    return True


def present(view: object, *names: str) -> Iterator[tuple[str, Any]]:
    """Walk over those of these attributes that are set and known: the place and the value."""
    for name in names:
        value = _seen(view)._read(name) if is_known(view, name) else None  # noqa: SLF001
        if value is not None:
            yield at(view, name), value


@overload
def known(entries: dict[str, T]) -> Iterator[tuple[str, T]]: ...
@overload
def known(entries: list[T] | None, *names: str) -> Iterator[T]: ...
def known(entries: Any, *names: str) -> Iterator[Any]:
    """Walk over what is known of a list or a map, as an attribute showed it.

    Args:
        entries: The list or map; `None`: there is nothing.
        names: Of a list of objects: attributes that must be known.
    """
    found = entries.entries if isinstance(entries, Some | SomeKeys) else entries
    if isinstance(found, Mapping):
        yield from ((key, one) for key, one in found.items() if one is not UNKNOWN)
        return
    for one in found or []:
        if one is not UNKNOWN and (not names or is_known(one, *names)):
            yield one


def as_known(found: Iterable[T]) -> Iterator[T]:
    """Walk as far as what is walked over is known."""
    try:
        yield from found
    except NotKnown:
        return


def about(view: object) -> About:
    """What a policy knows of a resource besides its arguments.

    Raises:
        TypeError: It is the view of a part of a resource.
    """
    found = _seen(view)._about  # noqa: SLF001
    if found is None:
        raise TypeError("only a resource as a whole has a name, a place and options")
    return found


def _seen(view: object) -> View:
    if not isinstance(view, View):
        raise TypeError(f"{type(view).__name__} is no view")
    return view


# --- resources -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class About:
    """What a policy knows of a resource besides its arguments.

    Attributes:
        name: Its name in the stack.
        urn: Its URN.
        protect: Whether Pulumi refuses to delete it.
        book: The bookkeeping of this package; empty where another provider serves the resource.
    """

    name: str
    urn: str
    protect: bool
    book: Mapping[str, Any]

    @property
    def stack(self) -> str:
        """The stack."""
        return self.urn.split(":")[2]

    @property
    def region(self) -> str | None:
        """The cloud's region; `None` where nobody knows, or the cloud has none."""
        return self.book.get("region") or None

    @property
    def external(self) -> bool:
        """Whether it stays outside of the stack, which only reads it."""
        return bool(self.book.get(EXTERNAL))

    @property
    def refused(self) -> bool:
        """Whether the check of a preview found something wrong with it, which it says itself."""
        return REFUSED in self.book

    @property
    def adopted(self) -> bool:
        """Whether it was there before, and was taken over."""
        return bool(self.book.get("adopted"))

    @property
    def was(self) -> Mapping[str, Any]:
        """What an update changes, as it was deployed last, or `HIDDEN` where that was secret.

        `weights` of a service of ModelArts: the traffic of each model that had some, in percent.
        """
        found = self.book.get(WAS)
        return found if isinstance(found, dict) else {}

    @property
    def tells_secrets(self) -> bool:
        """Whether it is known which arguments were secret in the program."""
        return bool(self.book) and self.book.get("secrets") is not UNKNOWN

    def is_secret(self, path: str) -> bool:
        """Tell whether an argument was secret in the program, itself or as part of another."""
        return any(within(path, secret) for secret in self._secrets)

    def is_secret_entry(self, path: str, key: str) -> bool:
        """Tell whether an entry of a free map was secret; its key may be any text."""
        return self.is_secret(path) or f"{path}.{key}" in self._secrets

    def hides(self, path: str) -> bool:
        """Tell whether an argument is secret, or has a secret part."""
        return any(within(path, one) or within(one, path) for one in self._secrets)

    @property
    def _secrets(self) -> Sequence[str]:
        found = self.book.get("secrets")
        return found if isinstance(found, list) else ()


def within(inner: str, outer: str) -> bool:
    """Tell whether a path is another one, or leads into it."""
    return inner == outer or (inner.startswith(outer) and inner[len(outer)] in ".[")


class ModelArtsService(View, modelarts.Service):
    """A service of ModelArts, as a policy sees it."""

    _declaration = Declaration.of(modelarts.Service)


class ZStackModelService(View, zstack.ModelService):
    """A model service in ZStack's catalogue, as a policy sees it."""

    _declaration = Declaration.of(zstack.ModelService)


class ZStackDeployment(View, zstack.ModelServiceDeployment):
    """A deployment of ZStack, as a policy sees it."""

    _declaration = Declaration.of(zstack.ModelServiceDeployment)


class PaiAppService(View, pai.AppService):
    """An app service of PAI, as a policy sees it."""

    _declaration = Declaration.of(pai.AppService)


VIEWS: Mapping[str, type[View]] = {
    "modelarts:Service": ModelArtsService,
    "zstack:ModelService": ZStackModelService,
    "zstack:ModelServiceDeployment": ZStackDeployment,
    "pai:AppService": PaiAppService,
}
"""What is seen how, by the end of the resource's type."""

_TYPE = re.compile(r"(?:pulumi-python:dynamic/|modeldeploy:)(\w+:\w+)")
"""Types of both bindings: dynamic providers, and the packaged plugin."""


def kind_of(token: str) -> type[View] | None:
    """The view of a type; `None`: it is none of this package."""
    matched = _TYPE.fullmatch(token)
    return VIEWS.get(matched[1]) if matched else None


class _Shared(threading.local):
    views: dict[str, View] | None = None
    messages: dict[int, tuple[Any, Any]] | None = None


_SHARED = _Shared()


@contextlib.contextmanager
def shared() -> Iterator[None]:
    """Read and show each resource once, however many rules ask, while nothing changes it.

    The SDK hands each rule a copy of its own, and making that takes longer than judging it.
    """
    _SHARED.views, _SHARED.messages = {}, {}
    try:
        yield
    finally:
        _SHARED.views = _SHARED.messages = None


def read_once(message: Any, read: Callable[[Any], T]) -> T:
    """Read a message of the engine, or answer what was read before."""
    messages = _SHARED.messages
    if messages is None:
        return read(message)
    if id(message) not in messages:
        # With the message itself: while it is kept, no other one has its id.
        messages[id(message)] = (message, read(message))
    found: T = messages[id(message)][1]
    return found


def view_of(resource: ResourceValidationArgs | PolicyResource) -> View | None:
    """Show a resource that a policy was handed; `None`: it is none of this package."""
    views = _SHARED.views
    if views is not None and resource.urn in views:
        return views[resource.urn]
    kind = kind_of(resource.resource_type)
    if kind is None:
        return None
    book = entry(resource.props, BOOKKEEPING)
    known_book = book if isinstance(book, dict) else {}
    about = About(resource.name, resource.urn, resource.opts.protect, known_book)
    view = kind.of(resource.props, about=about, memo=None if views is None else {})
    if views is not None:
        views[resource.urn] = view
    return view
