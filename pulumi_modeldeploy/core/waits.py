"""Waits are tables, and one loop runs them.

A state that no table lists is tolerated (clouds add states), named once in the row and again in the
time-out error.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from pulumi_modeldeploy.errors import Stopped, TransportError, WaitFailed, WaitTimeout

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from pulumi_modeldeploy.core.http import Clock

T = TypeVar("T")


@dataclass(frozen=True)
class Wait:
    """When a wait ends.

    Attributes:
        until: States that end it well. Empty: it ends when the object is gone.
        fail: States from which the wanted one is not reached by waiting.
        passing: States on the way.
        least: Seconds between looks at the beginning.
        most: Seconds between looks at the end; in between it is a twentieth of the time passed.
        limit: Seconds after which it is given up; Pulumi's custom timeouts win.
        settle: Seconds for which a wanted state may still be the one from before a change.
    """

    until: Collection[str] = ()
    fail: Collection[str] = ()
    passing: Collection[str] = ()
    least: float = 1.0
    most: float = 15.0
    limit: float = 1200.0
    settle: float = 10.0


@dataclass(frozen=True)
class Sight:
    """One look at an object.

    Attributes:
        status: The cloud's word for its state.
        words: What to show in the row, e.g. "deploying 40%".
        reason: What the cloud says about a failure, empty if nothing.
        fresh: Whether the state is known to be later than the change that is waited for.
    """

    status: str
    words: str
    reason: str = ""
    fresh: bool = True


@dataclass
class Waiter:
    """Runs wait tables for one operation: one time limit, one row to report to.

    Attributes:
        what: The object in words, for errors.
        clock: Time.
        report: Shows a line in the resource's row.
        alive: Whether the run that asked is still going on.
        limit: Seconds for the whole operation, from Pulumi's custom timeouts; `None`: the tables'.
    """

    what: str
    clock: Clock
    report: Callable[[str], None]
    alive: Callable[[], bool]
    limit: float | None = None

    def __post_init__(self) -> None:
        self._started = self.clock.now()

    def wait(self, table: Wait, look: Callable[[], Sight | None]) -> Sight | None:
        """Look until the table is satisfied; answers the last sight, `None` when it is gone.

        Raises:
            WaitFailed: A failure state, or gone without being waited for.
            WaitTimeout: The limit passed.
            Stopped: The run is over.
        """
        began = self.clock.now()
        shown: list[str] = []
        left = False
        while True:
            try:
                sight = look()
            except TransportError as error:
                self._pass_over(error, table, began)
                continue
            if sight is None:
                if not table.until:
                    return None
                raise WaitFailed(f"{self.what} is gone; somebody else has deleted it")
            age = self.clock.now() - began
            left = left or (sight.status not in table.until and sight.status not in table.fail)
            if left or sight.fresh or age >= table.settle:
                if sight.status in table.until:
                    return sight
                if sight.status in table.fail:
                    raise WaitFailed(_failed(self.what, sight))
            self._show(table, sight, shown)
            self._pause(table, sight, age, began)

    def _pass_over(self, error: TransportError, table: Wait, began: float) -> None:
        """Go on after a look that got no answer: an outage is shorter than many a deployment."""
        if error.final:
            raise error
        self.report("no answer from the cloud, looking again")
        unseen = Sight("out of reach", "", str(error))
        self._pause(table, unseen, self.clock.now() - began, began)

    def _show(self, table: Wait, sight: Sight, shown: list[str]) -> None:
        """Report what changed; a state that no table lists is named as such once."""
        if shown[-1:] != [sight.words]:
            listed = {*table.until, *table.fail, *table.passing}
            new = sight.status not in listed and sight.words not in shown
            shown.append(sight.words)
            self.report(f"{sight.words} (a state not documented)" if new else sight.words)

    def _pause(self, table: Wait, sight: Sight, age: float, began: float) -> None:
        start, limit = (began, table.limit) if self.limit is None else (self._started, self.limit)
        left = start + limit - self.clock.now()
        if left <= 0:
            raise WaitTimeout(
                f"{self.what} is still {sight.status} after {limit:g} s"
                f"{f' ({sight.reason})' if sight.reason else ''}"
            )
        if not self.alive():
            raise Stopped(f"{self.what} is {sight.status}; the run that waited for it is over")
        pause = min(max(age / 20, table.least), table.most)
        self.clock.sleep(min(pause * (0.9 + 0.2 * self.clock.random()), left))


def _failed(what: str, sight: Sight) -> str:
    reason = f": {sight.reason}" if sight.reason else ", and the cloud gives no reason"
    return f"{what} is {sight.status}{reason}"
