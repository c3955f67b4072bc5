"""What an argument is. One argument is one line, with its docstring under it.

From that line follow the typed keyword argument, the typed output attribute, the checks, the name
on the wire, the change rule, secrecy and the reference page:

    description: NotRequired[str] = arg(default=None, checks=[length(0, 100)], removed="")
    '''Free text, at most 100 characters.'''

`Args` is the base of nested arguments; that of resources is in `core/resource`. The descriptors
(`Required`, ...) make type checkers see `Input[T]` in the constructor, `Output[T]` on a resource
and `T` on a nested object that an `apply` receives. Nothing is checked when an object is
constructed, since any part may still be unknown; `core/inputs` does that.
"""

from __future__ import annotations

import dataclasses
import enum
import sys
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar, overload

import pulumi
from pulumi import Input, Output

from pulumi_modeldeploy.core.values import Values, camel

if typing.TYPE_CHECKING:
    from typing_extensions import Never, Self, dataclass_transform

    from pulumi_modeldeploy.core.checks import Check
    from pulumi_modeldeploy.core.resource import Resource
else:

    def dataclass_transform(**_: Any) -> Callable[[Any], Any]:
        """Stand in for `typing.dataclass_transform` (3.11), which only type checkers read."""
        return lambda cls: cls


T = TypeVar("T")
S = TypeVar("S")
G = TypeVar("G")
N = TypeVar("N", bound="Args")

BOOKKEEPING = "modeldeploy"
"""The one input that is not an argument: identity of the resource, see `core/identity`."""
PROFILE = "profile"
"""The argument that names the settings by which a resource is reached; no cloud gets it."""
ADOPT = "adopt"
"""The argument with the id of an object that is taken over instead of making one."""
ADOPT_FROM = "adopt_from"
"""The argument with the mark of the resource that it is taken over from."""


UPDATE = "update"
"""The step that sends most changes in place."""


class Change(enum.Enum):
    """What a change of an argument does."""

    UPDATE = "update"
    """The step of the resource's table that sends the argument, in place."""
    REPLACE = "replace"
    """The cloud cannot change it: a new object takes the old one's place."""
    ONCE = "once"
    """It counts when the resource is created, and means nothing from then on."""


class Removal(enum.Enum):
    """What taking an argument away does, where it is not a value to send."""

    REPLACE = "replace"
    """A new object without it takes the old one's place."""
    REFUSE = "refuse"
    """Refused in the preview: the cloud keeps what it has when nothing is sent."""


class Shape(enum.Enum):
    """How a value is built."""

    SCALAR = "scalar"
    LIST = "list"
    MAP = "map"
    LISTS = "lists"
    TREE = "tree"
    OBJECT = "object"
    OBJECTS = "objects"


_MISSING: Any = object()


@dataclass(frozen=True)
class Column:
    """What `arg` says about an argument; name and type come from the annotated line."""

    default: Any
    wire: str | None
    reads: str | None
    checks: tuple[Check, ...]
    change: Change
    removed: Any
    unordered: bool
    match_by: str | None
    body: bool
    query: bool
    late: bool
    echoed: bool
    shared: bool
    step: str
    implied: Any
    follows: str
    decimals: int | None
    lowered: bool
    picks: str
    trimmed: bool
    source: str
    secret: bool


@dataclass(frozen=True)
class Field:
    """One argument or output, resolved: column, name and type together."""

    name: str
    type: type
    shape: Shape
    required: bool
    column: Column

    @property
    def key(self) -> str:
        """The name in state and engine."""
        return camel(self.name)

    @property
    def wire(self) -> str:
        """The cloud's name."""
        return self.column.wire or self.name

    @property
    def reads(self) -> str:
        """The cloud's name in its answers."""
        return self.column.reads or self.wire

    @property
    def nested(self) -> Declaration | None:
        """The declaration of the object(s) that the value consists of."""
        if self.shape in (Shape.OBJECT, Shape.OBJECTS):
            return Declaration.of(self.type)
        return None

    @property
    def on_removal(self) -> Any:
        """What taking the argument away does: a `Removal`, or the value that is sent then."""
        if self.column.removed is not _MISSING:
            return self.column.removed
        if self.column.change is Change.REPLACE:
            return Removal.REPLACE
        return _EMPTY.get(self.shape, "" if self.type is str else Removal.REFUSE)


_EMPTY: Mapping[Shape, Any] = {
    Shape.LIST: [],
    Shape.OBJECTS: [],
    Shape.MAP: {},
    Shape.LISTS: {},
    Shape.TREE: {},
    Shape.OBJECT: {},
}


@dataclass(frozen=True)
class Declaration:
    """Arguments and outputs of one class, by name."""

    owner: type
    args: Mapping[str, Field]
    outputs: Mapping[str, Field]

    @property
    def unseen(self) -> list[str]:
        """Arguments that the cloud gets and never shows."""
        columns = {name: item.column for name, item in self.args.items()}
        return [name for name, one in columns.items() if one.body and not one.echoed]

    @staticmethod
    def of(owner: type) -> Declaration:
        """The declaration of a class, resolved at its first use (annotations may look ahead)."""
        found = _DECLARED.get(owner)
        if found is None:
            found = _DECLARED[owner] = Declaration(
                owner, dict(_arguments(owner)), dict(_outputs(owner))
            )
        return found

    def to_state(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Rename snake_case to camelCase, nested objects too; keys of free maps stay as they are.

        A key that is not declared stays as it is, so that the check can name it; one that is
        spelled as in the state gets a note, lest it be taken for the argument.
        """
        fields = {**self.outputs, **self.args}
        keys = {item.key for item in fields.values()}
        state: dict[str, Any] = {}
        for name, value in values.items():
            known = fields.get(name)
            key = known.key if known else f"{name} (camelCase)" if name in keys else name
            state[key] = each_object(known, value, Declaration.to_state)
        return state

    def from_state(self, state: Mapping[str, Any]) -> Values:
        """Rename camelCase to snake_case; a key that is not declared stays as it is."""
        fields = {item.key: item for item in (*self.outputs.values(), *self.args.values())}
        values: Values = {}
        for key, value in state.items():
            known = fields.get(key)
            values[known.name if known else key] = each_object(known, value, Declaration.from_state)
        return values


_DECLARED: dict[type, Declaration] = {}


def each_object(
    known: Field | None, value: Any, rename: Callable[[Declaration, Mapping[str, Any]], Any]
) -> Any:
    """Apply a renaming to the object(s) that a value consists of."""
    nested = known.nested if known else None
    if nested is None:
        return value
    if isinstance(value, list):
        return [rename(nested, v) if isinstance(v, Mapping) else v for v in value]
    return rename(nested, value) if isinstance(value, Mapping) else value


def arg(
    *,
    default: Any = _MISSING,
    kw_only: bool = True,  # noqa: ARG001  (read by type checkers at the call)
    wire: str | None = None,
    reads: str | None = None,
    checks: Iterable[Check] = (),
    change: Change = Change.UPDATE,
    removed: Any = _MISSING,
    unordered: bool = False,
    match_by: str | None = None,
    body: bool = True,
    query: bool = False,
    late: bool = False,
    echoed: bool | None = None,
    shared: bool = False,
    step: str = UPDATE,
    implied: Any = None,
    follows: str = "",
    decimals: int | None = None,
    lowered: bool = False,
    picks: str = "",
    secret: bool = False,
    source: str = "",
) -> Any:
    """Declare an argument.

    Args:
        default: What the argument is when left out. `None` is "not sent, not managed"; without a
            default the argument is required.
        kw_only: For type checkers: `False` makes it positional.
        wire: The cloud's name, with dots for a place inside an object. Default: the name in the
            spelling of the class.
        reads: The cloud's name in its answers, where that is another one.
        checks: Rules for the value, see `core/checks`.
        change: What a change does.
        removed: What taking it away does: the value to send, or a `Removal`. Default: the empty
            value of its kind; for numbers and booleans, which have none, `Removal.REFUSE`; with
            `change=Change.REPLACE`, `Removal.REPLACE`.
        unordered: The cloud does not care for the order of the list.
        match_by: In an unordered list of objects: the argument that tells them apart.
        body: Whether it is sent in the body of create and of updates.
        query: Whether it is sent in their query instead.
        late: Whether the creating call cannot send it: its step does, right after that.
        echoed: Whether the cloud's answers show it; if not, what was set last is what there is.
            Default: as `body`.
        shared: Of a list or a free map: whether others add entries too; only those that were set
            are looked at.
        step: The step of the resource's table that sends a change in place.
        implied: What the cloud takes when the argument is left out; giving it changes nothing.
        follows: The output that holds what was chosen where the argument is left out: giving just
            that, or leaving it out again, changes nothing.
        decimals: How many decimals the cloud keeps; it rounds half up, and so does the check.
        lowered: Whether texts are the same in upper and lower case; they are sent in lower case.
        picks: Of a list of plain values whose entries answers show as objects: the member, by the
            cloud's name, that is the entry.
        secret: Whether it may hold secrets of whoever made the object, as free maps always may: it
            is encrypted where an object outside of the stack is read.
        source: Page and table of the vendor that the line was written from.
    """
    return Column(
        default=default,
        wire=wire,
        reads=reads,
        checks=tuple(checks),
        change=change,
        removed=removed,
        unordered=unordered,
        match_by=match_by,
        body=body,
        query=query,
        late=late,
        echoed=body if echoed is None else echoed,
        shared=shared,
        step=step,
        implied=implied,
        follows=follows,
        decimals=decimals,
        lowered=lowered,
        picks=picks,
        trimmed=False,
        source=source,
        secret=secret,
    )


class Arg(Generic[S, G]):
    """An argument: `S` is what a program may pass, `G` what it reads back."""

    _shape: ClassVar[Shape] = Shape.SCALAR

    def __init__(self, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, obj: None, owner: type) -> Self: ...
    @overload
    def __get__(self, obj: Args | Reply, owner: type) -> G: ...
    @overload
    def __get__(self, obj: Resource, owner: type) -> Output[G]: ...
    def __get__(self, obj: Any, owner: type) -> Any:
        return self if obj is None else obj._read(self._name)

    def __set__(self, obj: Any, value: S) -> None:
        obj._write(self._name, value)


class Required(Arg[Input[T], T]):
    """A value that must be given."""


class NotRequired(Arg["Input[T | None] | None", "T | None"], Generic[T]):
    """A value that may be left out."""


class Defaulted(Arg["Input[T | None] | None", T], Generic[T]):
    """A value that may be left out and then gets one."""


class RequiredList(Arg[Input[Sequence[Input[T]]], "list[T]"], Generic[T]):
    """A list of plain values that must be given."""

    _shape = Shape.LIST


class NotRequiredList(Arg["Input[Sequence[Input[T]] | None] | None", "list[T] | None"], Generic[T]):
    """A list of plain values that may be left out."""

    _shape = Shape.LIST


class NotRequiredMap(
    Arg["Input[Mapping[str, Input[T]] | None] | None", "dict[str, T] | None"], Generic[T]
):
    """A free map: its keys are the user's and are never renamed."""

    _shape = Shape.MAP


class NotRequiredLists(
    Arg[
        "Input[Mapping[str, Input[Sequence[Input[T]]]] | None] | None", "dict[str, list[T]] | None"
    ],
    Generic[T],
):
    """A free map whose values are lists."""

    _shape = Shape.LISTS


class NotRequiredTree(
    Arg["Input[Mapping[str, Any] | None] | None", "dict[str, T] | None"], Generic[T]
):
    """A free tree of JSON: its keys are the user's and are never renamed, at any depth."""

    _shape = Shape.TREE


class RequiredObjects(Arg["Input[Sequence[Input[N | Mapping[str, Any]]]]", "list[N]"], Generic[N]):
    """A list of nested arguments that must be given."""

    _shape = Shape.OBJECTS


class NotRequiredObjects(
    Arg["Input[Sequence[Input[N | Mapping[str, Any]]] | None] | None", "list[N] | None"],
    Generic[N],
):
    """A list of nested arguments that may be left out."""

    _shape = Shape.OBJECTS


class NotRequiredObject(Arg["Input[N | Mapping[str, Any] | None] | None", "N | None"], Generic[N]):
    """A nested argument that may be left out."""

    _shape = Shape.OBJECT


class Out(Generic[T]):
    """An output: set by the cloud, never by the program."""

    def __init__(self, kind: type, shape: Shape, wire: str | None, *, secret: bool = False) -> None:
        self.kind, self.shape, self.wire, self.secret = kind, shape, wire, secret
        self._name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, obj: None, owner: type) -> Self: ...
    @overload
    def __get__(self, obj: Args | Reply, owner: type) -> T: ...
    @overload
    def __get__(self, obj: Resource, owner: type) -> Output[T]: ...
    def __get__(self, obj: Any, owner: type) -> Any:
        return self if obj is None else obj._read(self._name)

    def __set__(self, obj: object, value: Never) -> None:
        # Without this the SDK's own, untyped Output of the same name, in the object's dict, wins.
        raise AttributeError(f"{self._name} is an output")


class OutId(Out[str]):
    """An output that is the resource's id, and so stays known in previews."""

    @overload
    def __get__(self, obj: None, owner: type) -> Self: ...
    @overload
    def __get__(self, obj: Args | Reply, owner: type) -> str: ...
    @overload
    def __get__(self, obj: Resource, owner: type) -> Output[str]: ...
    def __get__(self, obj: Any, owner: type) -> Any:
        return obj.id if isinstance(obj, pulumi.CustomResource) else super().__get__(obj, owner)


def output_id(wire: str | None = None) -> OutId:
    """Declare the output that is the resource's id."""
    return OutId(str, Shape.SCALAR, wire)


def output(kind: type[T], wire: str | None = None, *, secret: bool = False) -> Out[T]:
    """Declare an output of a plain type, or one object (`kind` derived from `Reply`).

    One that may hold a secret, such as a token or a copy of secret inputs, is `secret`.
    """
    nested = isinstance(kind, type) and issubclass(kind, Reply)
    return Out(kind, Shape.OBJECT if nested else Shape.SCALAR, wire, secret=secret)


def output_secret(kind: type[T], wire: str | None = None) -> Out[Output[T]]:
    """Declare an output of what a lookup answers that is secret, such as a token.

    Lookups answer plain values, which a program may print or store; this one is a secret Output.
    """
    found: Any = output(kind, wire, secret=True)
    return found  # type: ignore[no-any-return]


def maybe(kind: type[T], wire: str | None = None) -> Out[T | None]:
    """Declare an output that the cloud may leave out: a plain type, or one object."""
    found: Any = output(kind, wire)
    return found  # type: ignore[no-any-return]


def output_map(kind: type[T], wire: str | None = None) -> Out[dict[str, T]]:
    """Declare an output that is a free map."""
    return Out(kind, Shape.MAP, wire)


def output_list(kind: type[T], wire: str | None = None) -> Out[list[T]]:
    """Declare an output that is a list, of plain values or of objects (`Reply`)."""
    nested = isinstance(kind, type) and issubclass(kind, Reply)
    return Out(kind, Shape.OBJECTS if nested else Shape.LIST, wire)


class _Written:
    """How the names of a class are written on the wire, and its texts."""

    _spelled: ClassVar[Callable[[str], str]] = staticmethod(str)
    _trimmed: ClassVar[bool] = False

    def __init_subclass__(
        cls, *, spelled: Callable[[str], str] | None = None, trimmed: bool = False, **kwargs: Any
    ) -> None:
        """Take the class's keywords.

        Args:
            spelled: The cloud's spelling of a snake_case name; default: as it is.
            trimmed: Whether the cloud takes white space off both ends of texts; those in free maps
                are the user's.
            kwargs: Those of other bases.
        """
        super().__init_subclass__(**kwargs)
        if spelled is not None:
            cls._spelled = staticmethod(spelled)
        cls._trimmed = cls._trimmed or trimmed

    @classmethod
    def _written(cls, name: str, column: Column) -> Column:
        """Complete a column by what the class says about all of its arguments."""
        wire = column.wire or cls._spelled(name)
        return dataclasses.replace(column, wire=wire, trimmed=cls._trimmed)


class _Struct:
    """A nested object: values by snake_case name."""

    def _read(self, name: str) -> Any:
        return vars(self).get(name)

    def _write(self, name: str, value: Any) -> None:
        vars(self)[name] = value

    @classmethod
    def _view(cls, state: Any) -> Any:
        """Show what stands in the state (camelCase) as an object of this class."""
        if not isinstance(state, Mapping):
            return state
        shown = cls.__new__(cls)
        declaration = Declaration.of(cls)
        for item in (*declaration.args.values(), *declaration.outputs.values()):
            if item.key in state:
                vars(shown)[item.name] = view(item, state[item.key])
        return shown

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]  # mutable, and may hold Outputs


def view(item: Field, value: Any) -> Any:
    """Show a value of the state the way the attribute's type promises."""
    if item.shape is Shape.OBJECTS and isinstance(value, list):
        return [item.type._view(one) for one in value]  # type: ignore[attr-defined]
    if item.shape is Shape.OBJECT:
        return item.type._view(value)  # type: ignore[attr-defined]
    if item.shape is Shape.SCALAR and item.type is int and isinstance(value, float):
        return int(value)
    return value


class Reply(_Struct, _Written):
    """Base of objects that only the cloud fills in."""

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"{type(self).__name__}({shown})"


CONSTRUCTOR_ONLY = ("resource_name", "opts")
"""What a resource's constructor takes besides arguments: plain attributes, no inputs."""


@dataclass_transform(kw_only_default=True, field_specifiers=(arg,))
class Declared(_Written):
    """Tells type checkers to read the annotated lines of subclasses as constructor parameters."""

    _columns: ClassVar[Mapping[str, tuple[Any, Column]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        # Pulumi reads class annotations as output types, and ours describe inputs: move them aside.
        lines = vars(cls).get("__annotations__", {})
        columns = {n: cls.__dict__[n] for n in lines if isinstance(cls.__dict__.get(n), Column)}
        own = {name: (lines.pop(name), column) for name, column in columns.items()}
        for name in own:
            if name in CONSTRUCTOR_ONLY and issubclass(cls, pulumi.CustomResource):
                delattr(cls, name)
            else:
                setattr(cls, name, Arg(name))
        cls._columns = {**cls._columns, **own}


class Args(_Struct, Declared):
    """Base of nested arguments: `ServiceConfigArgs(model_id=..., weight=70)`."""

    # A wrong or missing name is reported by the check, with all other mistakes, not raised here.
    def __init__(self, **values: Any) -> None:
        vars(self).update({name: value for name, value in values.items() if value is not None})

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(sorted(vars(self)))})"


def _arguments(owner: type) -> Iterable[tuple[str, Field]]:
    """Resolve the annotated lines of a class and its bases."""
    columns: Mapping[str, tuple[Any, Column]] = getattr(owner, "_columns", {})
    for name, (hint, column) in columns.items():
        if name in CONSTRUCTOR_ONLY and issubclass(owner, pulumi.CustomResource):
            continue
        descriptor, (kind, *_) = _resolve(owner, name, hint)
        shape = descriptor._shape
        if shape is Shape.LIST and isinstance(kind, type) and issubclass(kind, Args):
            raise TypeError(f"{owner.__name__}.{name}: a list of objects is ...Objects[...]")
        nested = issubclass(owner, Args)
        if nested and (column.change is Change.REPLACE or column.removed is not _MISSING):
            raise TypeError(f"{owner.__name__}.{name}: what changes do is said at the top level")
        if shape is Shape.OBJECTS and column.unordered and not column.match_by:
            raise TypeError(f"{owner.__name__}.{name}: an unordered list of objects needs match_by")
        written = owner._written(name, column)  # type: ignore[attr-defined]
        yield name, Field(name, kind, shape, column.default is _MISSING, written)


def _resolve(owner: type, name: str, hint: Any) -> tuple[type[Arg[Any, Any]], tuple[Any, ...]]:
    """Evaluate an annotation such as `"Required[str]"` where its class was written."""
    defining = next(base for base in owner.__mro__ if name in base.__dict__)
    carrier = types.SimpleNamespace(__annotations__={name: hint})
    hints = typing.get_type_hints(carrier, vars(sys.modules[defining.__module__]))
    return typing.get_origin(hints[name]), typing.get_args(hints[name])


def _outputs(owner: type) -> Iterable[tuple[str, Field]]:
    """Collect the outputs of a class and its bases."""
    plain = arg(default=None, body=False)
    for base in reversed(owner.__mro__):
        for name, value in vars(base).items():
            if isinstance(value, Out):
                column = dataclasses.replace(plain, wire=value.wire, secret=value.secret)
                written = owner._written(name, column)  # type: ignore[attr-defined]
                yield name, Field(name, value.kind, value.shape, False, written)
