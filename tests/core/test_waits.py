"""Waits are tables: how they end, what they show, how often they look."""

import itertools
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from synthetic import DIALECT, Time

from pulumi_modeldeploy.core.http import Client, Unsigned
from pulumi_modeldeploy.core.waits import SHARE, Sight, Wait, Waiter
from pulumi_modeldeploy.core.watch import Watcher
from pulumi_modeldeploy.errors import Stopped, WaitFailed, WaitTimeout

TABLE = Wait(
    until=("running",),
    fail=("failed",),
    passing=("deploying", "queued"),
    least=1,
    most=15,
    limit=100,
    settle=10,
)
GONE = Wait(passing=("deleting",), limit=100)


class Bench:
    """A waiter over scripted sights; the last one stays."""

    def __init__(self, *sights: Sight | str | None, **options: Any) -> None:
        self.time, self.row, self.looks = Time(), list[str](), list[float]()
        self.sights = [Sight(one, one) if isinstance(one, str) else one for one in sights]
        options = {"alive": lambda: True, **options}
        self.waiter = Waiter("kiln k1", self.time.clock, self.row.append, **options)
        self.client = Client("http://nowhere", DIALECT, Unsigned(), clock=self.time.clock)
        self.watcher = Watcher(self.client)

    def look(self) -> Sight | None:
        self.looks.append(self.time.at - 5000)
        return self.sights.pop(0) if len(self.sights) > 1 else self.sights[0]

    def wait(self, table: Wait = TABLE) -> Sight | None:
        return self.waiter.wait(table, self.look, self.watcher)


def stale(status: str) -> Sight:
    """A state that may be the one from before the change."""
    return Sight(status, status, fresh=False)


# --- how it ends ---------------------------------------------------------------------------------


def test_it_ends_at_once_where_the_wanted_state_is_there() -> None:
    bench = Bench("running")
    sight = bench.wait()
    assert sight is not None
    assert sight.status == "running"
    assert bench.time.slept == []
    assert bench.row == []


def test_it_waits_through_the_states_on_the_way() -> None:
    bench = Bench("queued", "deploying", "deploying", "running")
    assert bench.wait() == Sight("running", "running")
    assert len(bench.looks) == 4


def test_a_failure_says_why() -> None:
    bench = Bench("deploying", Sight("failed", "failed", "no GPU left"))
    with pytest.raises(WaitFailed, match=r"^kiln k1 is failed: no GPU left$"):
        bench.wait()


def test_a_failure_without_a_reason_says_so() -> None:
    with pytest.raises(WaitFailed, match=r"^kiln k1 is failed, and the cloud gives no reason$"):
        Bench("failed").wait()


def test_gone_is_the_end_where_nothing_else_is_wanted() -> None:
    bench = Bench("deleting", "deleting", None)
    assert bench.wait(GONE) is None
    assert len(bench.looks) == 3


def test_gone_is_a_failure_where_a_state_is_wanted() -> None:
    with pytest.raises(WaitFailed, match="kiln k1 is gone; somebody else has deleted it"):
        Bench("deploying", None).wait()


HIDDEN = replace(TABLE, appears=8)
"""A new object is not seen for some seconds."""


def test_an_object_that_is_not_seen_yet_is_waited_for_where_it_may_be_new() -> None:
    bench = Bench(None, None, "deploying", "running")
    assert bench.wait(HIDDEN) == Sight("running", "running")
    assert bench.row == ["deploying"]


def test_one_that_is_not_seen_for_longer_is_gone() -> None:
    bench = Bench(None)
    with pytest.raises(WaitFailed, match="kiln k1 is gone"):
        bench.wait(HIDDEN)
    assert bench.looks[-2] < HIDDEN.appears <= bench.looks[-1]


def test_one_that_is_not_seen_when_the_time_is_over_is_said_not_to_be() -> None:
    bench = Bench(None, limit=5)
    with pytest.raises(WaitTimeout, match=r"^kiln k1 is still not to be seen after 5 s$"):
        bench.wait(HIDDEN)


def test_an_object_that_comes_back_is_waited_for_until_it_is_gone() -> None:
    assert Bench("running", "deleting", None).wait(GONE) is None


# --- states from before --------------------------------------------------------------------------


def test_a_good_state_from_before_is_not_believed_until_it_was_left() -> None:
    bench = Bench(stale("running"), stale("running"), stale("deploying"), stale("running"))
    bench.wait()
    assert len(bench.looks) == 4


def test_a_bad_state_from_before_is_not_believed_until_it_was_left() -> None:
    bench = Bench(stale("failed"), stale("deploying"), stale("running"))
    assert bench.wait() == stale("running")


def test_a_fresh_state_is_believed_at_once() -> None:
    bench = Bench(stale("running"), Sight("running", "running"))
    bench.wait()
    assert len(bench.looks) == 2


def test_a_good_state_from_before_is_believed_after_a_while() -> None:
    """A change that changed nothing never leaves the state."""
    bench = Bench(stale("running"))
    assert bench.wait() == stale("running")
    assert bench.looks[-2] < TABLE.settle <= bench.looks[-1]


def test_a_bad_state_from_before_is_believed_after_a_while() -> None:
    bench = Bench(stale("failed"))
    with pytest.raises(WaitFailed):
        bench.wait()
    assert bench.looks[-2] < TABLE.settle <= bench.looks[-1]


# --- limits --------------------------------------------------------------------------------------


def test_the_limit_of_the_table_ends_it() -> None:
    bench = Bench(Sight("deploying", "deploying 40%", "waiting for a node"))
    message = r"^kiln k1 is still deploying after 100 s \(waiting for a node\)$"
    with pytest.raises(WaitTimeout, match=message):
        bench.wait()
    assert bench.time.at - 5000 == pytest.approx(100)


def test_a_custom_limit_wins_in_both_directions() -> None:
    short, long = Bench("deploying", limit=30), Bench("deploying", limit=500)
    with pytest.raises(WaitTimeout, match="after 30 s"):
        short.wait()
    with pytest.raises(WaitTimeout, match="after 500 s"):
        long.wait()
    assert long.time.at - 5000 == pytest.approx(500)


def test_a_custom_limit_holds_for_the_operation_as_a_whole() -> None:
    bench = Bench(*["deploying"] * 10, "running", "deploying", limit=30)
    bench.wait()
    before = bench.time.at - 5000
    assert 5 < before < 30
    with pytest.raises(WaitTimeout, match="after 30 s"):
        bench.wait()
    assert bench.time.at - 5000 == pytest.approx(30)


def test_the_tables_limit_holds_for_each_wait() -> None:
    bench = Bench(*["deploying"] * 30, "running", "deploying")
    bench.wait()
    began = bench.time.at
    with pytest.raises(WaitTimeout, match="after 100 s"):
        bench.wait()
    assert bench.time.at - began == pytest.approx(100)


def test_the_wanted_state_counts_even_at_the_last_moment() -> None:
    bench = Bench("deploying", limit=20)
    bench.sights = [*bench.sights]
    ready_at = 5000 + 20.0

    def look() -> Sight:
        status = "running" if bench.time.at >= ready_at else "deploying"
        return Sight(status, status)

    assert bench.waiter.wait(TABLE, look, bench.watcher) == Sight("running", "running")


def test_the_end_of_the_run_ends_it() -> None:
    bench = Bench("deploying", alive=lambda: bench.time.at < 5002.5)
    with pytest.raises(Stopped, match="kiln k1 is deploying; the run that waited for it is over"):
        bench.wait()
    assert len(bench.looks) == 4


# --- states that nobody listed -------------------------------------------------------------------


def test_a_state_that_no_table_lists_is_tolerated_and_named_once() -> None:
    bench = Bench("deploying", "upgrading", "upgrading", "running")
    bench.wait()
    assert bench.row == ["deploying", "upgrading (a state not documented)"]


def test_a_state_that_no_table_lists_is_named_in_the_time_out() -> None:
    with pytest.raises(WaitTimeout, match="kiln k1 is still upgrading"):
        Bench("deploying", "upgrading").wait()


# --- the row -------------------------------------------------------------------------------------

ROWS: dict[str, tuple[Iterable[str], list[str]]] = {
    "only what changed": (
        ["deploying", "deploying", "queued", "queued", "running"],
        ["deploying", "queued"],
    ),
    "a state that comes back": (
        ["deploying", "queued", "deploying", "running"],
        ["deploying", "queued", "deploying"],
    ),
}


@pytest.mark.parametrize("case", list(ROWS))
def test_the_row_says_what_the_cloud_says(case: str) -> None:
    sights, row = ROWS[case]
    bench = Bench(*sights)
    bench.wait()
    assert bench.row == row


def test_the_row_shows_the_words_not_the_state() -> None:
    bench = Bench(
        Sight("deploying", "deploying 10%"), Sight("deploying", "deploying 60%"), "running"
    )
    bench.wait()
    assert bench.row == ["deploying 10%", "deploying 60%"]


# --- how often -----------------------------------------------------------------------------------


def test_looks_get_rarer_with_age() -> None:
    bench = Bench("deploying", limit=3000)
    with pytest.raises(WaitTimeout):
        bench.wait()
    pauses = [after - at for at, after in itertools.pairwise(bench.looks)]
    assert pauses[0] == TABLE.least
    assert pauses[:-1] == pytest.approx(sorted(pauses[:-1]))
    assert max(pauses) == pytest.approx(TABLE.most)
    assert all(
        pause == pytest.approx(min(max(at * SHARE, TABLE.least), TABLE.most))
        for at, pause in zip(bench.looks, pauses[:-1], strict=False)
    )


def test_the_end_of_a_deployment_is_noticed_within_a_twentieth_of_its_time() -> None:
    assert 1.1 * SHARE < 1 / 20


@pytest.mark.parametrize(("chance", "share"), [(0.0, 0.9), (1.0, 1.1)])
def test_looks_of_a_fleet_do_not_fall_together(chance: float, share: float) -> None:
    bench = Bench("deploying", "running")
    clock = bench.time.clock
    drawn = type(clock)(now=clock.now, wall=clock.wall, sleep=clock.sleep, random=lambda: chance)
    waiter = Waiter("kiln", drawn, bench.row.append, lambda: True)
    waiter.wait(TABLE, bench.look, bench.watcher)
    assert sum(bench.time.slept) == pytest.approx(TABLE.least * share)


def test_the_clock_is_the_only_one_asked() -> None:
    """A wait of a day takes no time."""
    bench = Bench("deploying", limit=86400)
    with pytest.raises(WaitTimeout):
        bench.wait()
    assert bench.time.at == pytest.approx(5000 + 86400)
