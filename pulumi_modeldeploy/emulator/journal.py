"""Every request to a vendor's route, in the order of arrival."""

from __future__ import annotations

import itertools
import json
from collections import deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from pulumi_modeldeploy.emulator.calls import Call, Document

#: The oldest entries go first when a load test fills the memory.
LONGEST = 200_000

#: Stands in the journal where a request carried a secret.
MASK = "******"


class Journal:
    """A list of what was asked and answered, without headers and without secrets.

    The entry is made when the request arrives, `status` and `fault` are filled in with the answer:
    `status` stays null where no answer was made (faults `reset` and `timeout`).
    """

    def __init__(self) -> None:
        self._entries: deque[Document] = deque(maxlen=LONGEST)
        self._seq = 0

    def open(
        self, call: Call, *, cloud: str, operation: str, at: int, masked: Callable[[Any], Any]
    ) -> Document:
        """Add an entry for a request and return it."""
        self._seq += 1
        entry: Document = {
            "seq": self._seq,
            "at": at,
            "cloud": cloud,
            "operation": operation,
            "method": call.method,
            "path": call.path,
            "query": _query(call),
            "body": masked(_body(call)),
            "status": None,
            "fault": None,
        }
        self._entries.append(entry)
        return entry

    def entries(self, after: int = 0) -> list[Document]:
        """Return the entries of higher numbers than `after`, oldest first."""
        newest = itertools.takewhile(lambda entry: entry["seq"] > after, reversed(self._entries))
        return list(newest)[::-1]

    def clear(self) -> None:
        """Forget all entries; numbers start again at 1."""
        self._entries.clear()
        self._seq = 0


def mask(document: Any, secret: frozenset[str]) -> Any:
    """Return a copy of a document in which the values of the `secret` keys are masked."""
    if isinstance(document, dict):
        return {
            key: MASK if key in secret else mask(value, secret) for key, value in document.items()
        }
    if isinstance(document, list):
        return [mask(item, secret) for item in document]
    return document


def _query(call: Call) -> Document:
    query: Document = {}
    for name, value in call.pairs:
        if name not in query:
            query[name] = value
        elif isinstance(query[name], list):
            query[name].append(value)
        else:
            query[name] = [query[name], value]
    return query


def _body(call: Call) -> Any:
    if not call.body:
        return None
    try:
        return json.loads(call.body)
    except ValueError:
        return call.body.decode("utf-8", "replace")
