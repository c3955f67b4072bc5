"""The one watcher of a connection: how few requests a fleet needs, and that nobody is forgotten."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest
from synthetic import Time

from pulumi_modeldeploy.core.http import Answer, Call
from pulumi_modeldeploy.core.listing import Listing
from pulumi_modeldeploy.core.waits import Listed, Sight, Wait, Waiter
from pulumi_modeldeploy.core.watch import FAILURES, SLICE, STEP, Ticket, Watch, Watcher
from pulumi_modeldeploy.errors import ApiError, Stopped, TransportError, WaitFailed, WaitTimeout

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

TABLE = Wait(until=("running",), fail=("failed",), passing=("deploying",), limit=600)
GONE = Wait(passing=("deleting",), limit=600)
LIST = Call("ListKilns", "GET", "/kilns")
PAGE = 10
WATCH = Watch(
    Listing(LIST, "kilns", ("id",), total="total", start="offset"),
    lambda _ids: [{"limit": PAGE}],
    page=PAGE,
)
SECONDS = 60
"""Of real time, after which a test has hung."""


class Seats(list[Ticket]):
    """Those who rest; time moves only when all who wait do."""

    def __init__(self) -> None:
        super().__init__()
        self.changed, self.waiting = threading.Condition(), 0

    def append(self, ticket: Ticket) -> None:
        super().append(ticket)
        with self.changed:
            self.changed.notify_all()

    def leave(self) -> None:
        """One waits no more."""
        with self.changed:
            self.waiting -= 1
            self.changed.notify_all()

    def settle(self) -> None:
        """Wait until all of them rest."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self) >= self.waiting, SECONDS)


@dataclass
class Kilns:
    """A cloud that lists its kilns in pages, and the connection to it."""

    time: Time = field(default_factory=Time)
    ready: dict[str, float] = field(default_factory=dict)
    gone: dict[str, float] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    odd: set[str] = field(default_factory=set)
    failing: Callable[[], Exception | None] = lambda: None
    looks: Counter[str] = field(default_factory=Counter)
    moments: list[float] = field(default_factory=list)
    lists: int = 0

    def __post_init__(self) -> None:
        self.seats = Seats()
        self.clock = replace(self.time.clock, sleep=self.sleep)

    def sleep(self, seconds: float) -> None:
        self.seats.settle()
        self.time.sleep(seconds)

    def status(self, name: str) -> str | None:
        if self.clock.now() >= self.gone.get(name, float("inf")):
            return None
        if name in self.gone:
            return "deleting"
        return "running" if self.clock.now() >= self.ready[name] else "deploying"

    def send(self, _call: Call, query: dict[str, Any], path: object) -> Answer:
        assert path is None
        self.lists += 1
        error = self.failing()
        if error is not None:
            raise error
        rows = [
            {"id": name, "status": ["odd"] if name in self.odd else self.status(name)}
            for name in sorted({*self.ready, *self.gone} - self.hidden)
            if self.status(name)
        ]
        page = rows[query["offset"] : query["offset"] + PAGE]
        return Answer(200, {"kilns": page, "total": len(rows)})

    def look(self, name: str) -> Sight | None:
        self.looks[name] += 1
        self.moments.append(self.clock.now())
        status = self.status(name)
        return None if status is None else Sight(status, status)


def read(row: dict[str, Any]) -> Sight:
    """Read a row; an odd one cannot be read."""
    return Sight(row["status"] + "", row["status"])


def fleet(
    kilns: Kilns,
    names: Iterable[str] = (),
    *,
    table: Wait = TABLE,
    watch: Watch | None = WATCH,
    alive: Callable[[], bool] = lambda: True,
    look: Callable[[str], Sight | None] | None = None,
    row: Callable[[dict[str, Any]], Sight] = read,
) -> dict[str, object]:
    """Wait for kilns, each in a thread of its own; answers how each wait ended."""
    watcher = Watcher(kilns)  # type: ignore[arg-type]
    watcher._tickets = kilns.seats
    names = list(names) or [*kilns.ready, *kilns.gone]
    ends: dict[str, object] = {}

    def wait(name: str) -> None:
        waiter = Waiter(name, kilns.clock, lambda _: None, alive)
        listed = None if watch is None else Listed(watch, name, row)
        try:
            ends[name] = waiter.wait(table, lambda: (look or kilns.look)(name), watcher, listed)
        except Exception as error:  # noqa: BLE001  (the test looks at it)
            ends[name] = error
        finally:
            kilns.seats.leave()

    threads = [threading.Thread(target=wait, args=(name,), daemon=True) for name in names]
    kilns.seats.waiting = len(threads)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
        assert not thread.is_alive()
    return ends


def test_a_fleet_needs_two_looks_each_and_one_list_per_interval() -> None:
    kilns = Kilns(ready={f"k{number}": 5060 + number % 7 for number in range(50)})
    ends = fleet(kilns)
    assert {*ends.values()} == {Sight("running", "running")}
    assert max(kilns.looks.values()) <= 2
    pages, intervals = 50 / PAGE, 67 / TABLE.least
    assert kilns.lists <= 2 * pages * intervals


def test_the_slowest_is_not_forgotten_when_the_watching_one_leaves() -> None:
    kilns = Kilns(ready={f"k{number}": 5000 + 10 * number for number in range(20)})
    assert {*fleet(kilns).values()} == {Sight("running", "running")}
    # Noticed in time, although whoever watched left again and again.
    assert kilns.clock.now() <= 5190 * 1.001 + 15 + 1


def test_one_looks_for_itself() -> None:
    kilns = Kilns(ready={"k": 5010.0})
    fleet(kilns)
    assert kilns.lists == 0
    assert 2 <= kilns.looks["k"] <= 12


def test_what_costs_more_pages_than_looks_is_not_listed_again() -> None:
    kilns = Kilns(ready={f"k{number:03}": 5030.0 for number in range(100)})
    fleet(kilns, ["k001", "k002", "k003"])
    assert kilns.lists == 100 / PAGE
    assert min(kilns.looks.values()) > 2


def test_what_no_list_shows_is_looked_at_by_itself() -> None:
    kilns = Kilns(ready={f"k{number}": 5020.0 for number in range(5)}, hidden={"k3"})
    assert {*fleet(kilns).values()} == {Sight("running", "running")}
    assert kilns.looks["k3"] > 2


def test_what_vanishes_from_the_list_is_looked_for() -> None:
    kilns = Kilns(gone={f"k{number}": 5020.0 for number in range(30)})
    assert {*fleet(kilns, table=GONE).values()} == {None}
    assert max(kilns.looks.values()) <= 3


@pytest.mark.parametrize("error", [ApiError("ListKilns", 403, "", "no"), TransportError("none")])
def test_without_a_list_everybody_looks_for_himself(error: Exception) -> None:
    kilns = Kilns(ready={f"k{number}": 5020.0 for number in range(5)}, failing=lambda: error)
    assert {*fleet(kilns).values()} == {Sight("running", "running")}
    assert kilns.lists >= FAILURES
    assert min(kilns.looks.values()) >= 2


def test_a_list_that_fails_now_and_then_costs_nothing() -> None:
    turns = iter(range(10_000))
    kilns = Kilns(
        ready={f"k{number}": 5020.0 for number in range(8)},
        failing=lambda: TransportError("lost") if next(turns) % 2 else None,
    )
    assert {*fleet(kilns).values()} == {Sight("running", "running")}
    assert max(kilns.looks.values()) <= 2


def test_an_odd_row_ends_nobody_s_wait() -> None:
    kilns = Kilns(ready={f"k{number}": 5020.0 for number in range(5)}, odd={"k1"})
    assert {*fleet(kilns).values()} == {Sight("running", "running")}


def test_looks_without_a_list_do_not_grow_with_the_fleet() -> None:
    kilns = Kilns(ready={f"k{number}": 5100.0 for number in range(100)})
    fleet(kilns, watch=None)
    rate = Counter(int(moment) for moment in kilns.moments if 5003 <= moment < 5100)
    assert max(rate.values()) <= SLICE / STEP + 1
    assert min(kilns.looks.values()) > 10


def test_the_end_of_the_run_wakes_everybody() -> None:
    kilns = Kilns(ready={f"k{number}": 9000.0 for number in range(30)})
    ends = fleet(kilns, alive=lambda: kilns.clock.now() < 5005)
    assert {type(end) for end in ends.values()} == {Stopped}
    assert kilns.clock.now() < 5020


def test_the_limit_counts_for_each() -> None:
    kilns = Kilns(ready={f"k{number}": 9000.0 for number in range(10)})
    ends = fleet(kilns)
    assert {type(end) for end in ends.values()} == {WaitTimeout}
    assert max(kilns.looks.values()) <= 4


def test_a_failure_that_a_list_shows_is_told_after_a_look() -> None:
    kilns = Kilns(ready={"a": 5020.0, "b": 5020.0, "c": 5020.0})
    whole = kilns.status
    kilns.status = lambda name: "failed" if whole(name) == "running" else whole(name)  # type: ignore[method-assign]
    ends = fleet(kilns)
    assert {type(end) for end in ends.values()} == {WaitFailed}


def test_leaving_a_former_state_may_be_seen_in_the_list_only() -> None:
    """An update: good at the first look, deploying in a list, good again."""
    kilns = Kilns(ready={"a": 5002.5, "b": 5002.5})

    def stale(row: dict[str, Any]) -> Sight:
        return Sight(row["status"], row["status"], fresh=False)

    ends = fleet(kilns, look=lambda _: stale({"status": "running"}), row=stale)
    assert {*ends.values()} == {stale({"status": "running"})}
    assert kilns.clock.now() < 5000 + TABLE.settle
