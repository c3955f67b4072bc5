"""One watcher per connection: it looks for everybody who waits, so that requests do not add up.

Whoever waits takes out a ticket and rests. One of those who rest does the watching for all, in its
own thread, and hands that over when its own turn has come: there is no thread to start or to stop.
A list only wakes: what holds is what a waiter then sees with its own look.
"""

from __future__ import annotations

import math
import threading
import weakref
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from pulumi_modeldeploy.errors import ApiError, TransportError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pulumi_modeldeploy.core.http import Client
    from pulumi_modeldeploy.core.listing import Listing
    from pulumi_modeldeploy.core.values import Json

SLICE = 1.0
"""Seconds after which the watcher sees who has come, and whose run is over."""
STEP = 0.05
"""Seconds between looks that no list can save: the others have to wait for their turn."""
FAILURES = 3
"""Lists in a row that may fail before everybody looks for himself."""


@dataclass(frozen=True)
class Watch:
    """How many objects are seen with few requests.

    Attributes:
        listing: The call that lists them.
        queries: Its queries, for the ids of those that are waited for.
        page: Objects in an answer, at most.
    """

    listing: Listing
    queries: Callable[[Sequence[str]], Sequence[Mapping[str, Any]]]
    page: int = 100

    def rows(self, client: Client, ids: Sequence[str]) -> dict[str, Json]:
        """List the objects, by id; there may be others among them."""
        key = self.listing.keys[0]
        pages = (self.listing.all(client, query) for query in self.queries(ids))
        return {str(row.get(key)): row for page in pages for row in page}


@dataclass(eq=False)
class Ticket:
    """Somebody who rests until there is something to see.

    Attributes:
        pause: Seconds until the next look is due, counted from now.
        deadline: When to wake in any case.
        alive: Whether the run that waits is still going on.
        watch: The list that shows the object; `None`: none does.
        identifier: The object's id in that list.
        stirs: Judges the object's row in it: whether to look for oneself.
    """

    pause: Callable[[], float]
    deadline: float
    alive: Callable[[], bool]
    watch: Watch | None = None
    identifier: str = ""
    stirs: Callable[[Json], bool] = lambda _: True
    due: float = 0.0
    woken: bool = False
    event: threading.Event = field(default_factory=threading.Event)


class Watcher:
    """Looks for all who wait over one connection."""

    _all: ClassVar[weakref.WeakKeyDictionary[Client, Watcher]] = weakref.WeakKeyDictionary()
    _opening: ClassVar[threading.Lock] = threading.Lock()

    @classmethod
    def of(cls, client: Client) -> Watcher:
        """The watcher of a connection."""
        with cls._opening:
            return cls._all.setdefault(client, cls(weakref.proxy(client)))

    def __init__(self, client: Client) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._tickets: list[Ticket] = []
        self._leads = False
        self._pages: dict[Watch, int] = {}
        self._failures: dict[Watch, int] = {}
        self._looked = -math.inf

    def rest(self, ticket: Ticket) -> None:
        """Rest until the object has stirred, a look of one's own is due, or the run is over."""
        ticket.woken, ticket.due = False, self._next(ticket)
        ticket.event.clear()
        with self._lock:
            self._tickets.append(ticket)
        try:
            while not ticket.woken:
                if not self._take_the_lead():
                    ticket.event.wait()
                    ticket.event.clear()
                    continue
                try:
                    while not ticket.woken:
                        self._round()
                finally:
                    self._hand_over(ticket)
        finally:
            with self._lock:
                if ticket in self._tickets:
                    self._tickets.remove(ticket)

    def _next(self, ticket: Ticket) -> float:
        return min(self._client.clock.now() + ticket.pause(), ticket.deadline)

    def _take_the_lead(self) -> bool:
        with self._lock:
            free, self._leads = not self._leads, True
            return free

    def _hand_over(self, ticket: Ticket) -> None:
        with self._lock:
            self._leads = False
            for other in self._tickets:
                if other is not ticket:
                    other.event.set()
                    return

    def _wake(self, ticket: Ticket) -> None:
        with self._lock:
            if ticket in self._tickets:
                self._tickets.remove(ticket)
        ticket.woken = True
        ticket.event.set()

    def _round(self) -> None:
        """Sleep a little, then look for those who are due."""
        clock = self._client.clock
        with self._lock:
            tickets = list(self._tickets)
        left = min(ticket.due for ticket in tickets) - clock.now()
        clock.sleep(min(left if left > 0 else STEP, SLICE))
        for ticket in tickets:
            if not ticket.alive():
                self._wake(ticket)
        now = clock.now()
        due = sorted((one for one in tickets if one.due <= now), key=lambda one: one.due)
        alone = [one for one in due if one.watch is None]
        for watch in dict.fromkeys(one.watch for one in due if one.watch is not None):
            alone += self._look(watch, [one for one in due if one.watch is watch])
        self._looked = max(self._looked, now - SLICE)
        for ticket in alone[: int((now - self._looked) / STEP)]:
            self._looked += STEP
            self._wake(ticket)

    def _look(self, watch: Watch, due: Sequence[Ticket]) -> Sequence[Ticket]:
        """Look by a list, where that is fewer requests; answers who has to look for himself."""
        with self._lock:
            watched = [one for one in self._tickets if one.watch is watch]
        if len(watched) <= self._pages.get(watch, 1):
            return due
        try:
            rows = watch.rows(self._client, [one.identifier for one in watched])
        except (ApiError, TransportError):
            return self._failed(watch, due)
        self._failures[watch] = 0
        self._pages[watch] = max(1, math.ceil(len(rows) / watch.page))
        for ticket in watched:
            row = rows.get(ticket.identifier)
            if row is None:
                continue  # not listed yet, or not any more: its own look tells
            if _stirs(ticket, row) or ticket.deadline <= self._client.clock.now():
                self._wake(ticket)
            else:
                ticket.due = self._next(ticket)
        return [one for one in due if one.identifier not in rows]

    def _failed(self, watch: Watch, due: Sequence[Ticket]) -> Sequence[Ticket]:
        """Pass over a list that failed; after some of them everybody finds out what is wrong."""
        self._failures[watch] = self._failures.get(watch, 0) + 1
        if self._failures[watch] >= FAILURES:
            return due
        for ticket in due:
            ticket.due = self._next(ticket)
        return [one for one in due if one.deadline <= self._client.clock.now()]


def _stirs(ticket: Ticket, row: Json) -> bool:
    """Judge a row; an odd one must not end the wait of whoever is watching."""
    try:
        return ticket.stirs(row)
    except Exception:  # noqa: BLE001  (whatever a cloud's document makes of it)
        return True
