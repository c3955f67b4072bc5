"""What the server hands to a cloud and what it gets back; free of any web framework.

A cloud is one module that lists its operations in a table and answers each of them with a plain
function from a `Call` to a `Reply`. Everything that all clouds share (routing, the journal, faults,
the clock, the state file) is done by the server around that.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Document = dict[str, Any]


class NotJsonError(ValueError):
    """The body of a request is not a JSON document."""


@dataclass(frozen=True)
class Reply:
    """An answer: HTTP status, JSON document (`None`: no body) and further headers.

    `text` is a body of plain text, for vendors that answer so.
    """

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str | None = None


@dataclass
class Call:
    """A request as it came in; `params` are the variable parts of the path.

    `headers` must look names up case-insensitively.
    """

    method: str
    raw_path: str
    raw_query: str
    headers: Mapping[str, str]
    body: bytes
    params: Mapping[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """The decoded path, without the query."""
        return unquote(self.raw_path)

    @cached_property
    def pairs(self) -> list[tuple[str, str]]:
        """The query as decoded pairs, in the order sent; names may repeat."""
        if not self.raw_query:
            return []
        return parse_qsl(self.raw_query, keep_blank_values=True)

    @cached_property
    def query(self) -> dict[str, str]:
        """The query by name; of a repeated name the last value."""
        return dict(self.pairs)

    def json(self) -> Any:
        """Return the body as a JSON document; raises `NotJsonError`."""
        try:
            return json.loads(self.body)
        except ValueError as error:  # also UnicodeDecodeError
            raise NotJsonError(str(error)) from error


@dataclass(frozen=True)
class Operation:
    """A row of a cloud's route table.

    `name` is the vendor's name of the operation (the journal and fault rules use it), `path` has
    variable parts in braces as in `/v1/{project_id}/services`, `api` names the vendor's API that it
    belongs to: its way of authentication and the shape of its errors hang on it. `counts_only`
    means that it changes nothing worth writing to the state file at once.
    """

    name: str
    method: str
    path: str
    answer: Callable[[Call], Reply]
    api: str
    counts_only: bool = False


class Cloud(ABC):
    """What the server needs of a cloud.

    `name` is used in admin requests, the journal and fault rules. Paths below `prefixes` belong to
    this cloud, also those that it does not know. `operations` is its route table, of which the
    first row that fits a request counts. `moved` says whether time changed something since the last
    `dump`.
    """

    name: str
    prefixes: tuple[str, ...]
    operations: Sequence[Operation]
    moved: bool = False

    def pick(self, operation: Operation, call: Call) -> Operation:  # noqa: ARG002 - most need none
        """Return the operation that a request means, of those that share method and path."""
        return operation

    @abstractmethod
    def refuse(self, operation: Operation, call: Call) -> Reply | None:
        """Return the error of a request that is not authenticated, `None` if all is well."""

    @abstractmethod
    def fault(self, operation: Operation, status: int, code: str, retry_after: float) -> Reply:
        """Return what the vendor answers with this HTTP status, for fault injection.

        With a `code` it is the error of that code, if the vendor has one.
        """

    @abstractmethod
    def unknown(self, *, known_path: bool) -> Reply:
        """Return the answer to a request that the vendor does not serve.

        `known_path` means that it serves the path, but not with this method.
        """

    @abstractmethod
    def masked(self, body: Any) -> Any:
        """Return a copy of a request body for the journal, without its secrets."""

    @abstractmethod
    def resources(self) -> list[Document]:
        """Return everything deployed, each as the vendor's show call would answer."""

    @abstractmethod
    def seed(self, document: Document) -> None:
        """Add objects that deployments refer to; raises `fields.InvalidError`."""

    @abstractmethod
    def fail(self, service_id: str, how: Document) -> bool:
        """Make a service fail; `False` if there is none with this id."""

    @abstractmethod
    def reset(self) -> None:
        """Forget everything."""

    @abstractmethod
    def dump(self) -> Document:
        """Return the state as a JSON document."""

    @abstractmethod
    def load(self, document: Document) -> None:
        """Take over a state that `dump` returned."""
