"""Waits are tables, and one loop runs them.

A state that no table lists is tolerated (clouds add states), named once in the row and again in the
time-out error.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pulumi_modeldeploy.core.watch import Ticket
from pulumi_modeldeploy.errors import Stopped, TransportError, WaitFailed, WaitTimeout

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from pulumi_modeldeploy.core.http import Clock
    from pulumi_modeldeploy.core.values import Json
    from pulumi_modeldeploy.core.watch import Watch, Watcher

SHARE = 0.04
"""Of the time passed, between looks: what took a minute is noticed within some seconds."""
QUIET = 5.0
"""Seconds between lines that only a list gave rise to: each is a line in the logs of a pipeline."""


@dataclass(frozen=True)
class Wait:
    """When a wait ends.

    Attributes:
        until: States that end it well. Empty: it ends when the object is gone.
        fail: States from which the wanted one is not reached by waiting.
        passing: States on the way.
        least: Seconds between looks at the beginning.
        most: Seconds between looks at the end; in between it is a share of the time passed.
        limit: Seconds after which it is given up; Pulumi's custom timeouts win.
        settle: Seconds for which a wanted state may still be the one from before a change.
        appears: Seconds for which a new object may not be seen yet.
    """

    until: Collection[str] = ()
    fail: Collection[str] = ()
    passing: Collection[str] = ()
    least: float = 1.0
    most: float = 15.0
    limit: float = 1200.0
    settle: float = 10.0
    appears: float = 0.0


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


@dataclass(frozen=True)
class Listed:
    """Where an object is seen besides its own call, together with others.

    Attributes:
        watch: The list.
        identifier: The object's id in it.
        sight: Reads a row of it.
    """

    watch: Watch
    identifier: str
    sight: Callable[[Json], Sight]


@dataclass
class _Course:
    """How one wait goes.

    Attributes:
        table: What is waited for.
        began: When.
        left: Whether a state was seen that is neither wanted nor a failure.
        shown: What the row has said.
        spoke: When it did last.
    """

    table: Wait
    began: float
    left: bool = False
    shown: list[str] = field(default_factory=list)
    spoke: float = -QUIET

    def is_over(self, sight: Sight, now: float) -> bool:
        """Tell whether a sight ends the wait, well or not; one from before a change does not."""
        if sight.status not in self.table.until and sight.status not in self.table.fail:
            self.left = True
            return False
        return self.left or sight.fresh or now - self.began >= self.table.settle


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

    def wait(
        self,
        table: Wait,
        look: Callable[[], Sight | None],
        watcher: Watcher,
        listed: Listed | None = None,
    ) -> Sight | None:
        """Look until the table is satisfied; answers the last sight, `None` when it is gone.

        Args:
            table: What to wait for.
            look: Looks at the object itself.
            watcher: Looks for everybody, in between.
            listed: Where it sees the object; `None`: nowhere.

        Raises:
            WaitFailed: A failure state, or gone without being waited for.
            WaitTimeout: The limit passed.
            Stopped: The run is over.
        """
        course = _Course(table, self.clock.now())
        while True:
            try:
                sight = look()
            except TransportError as error:
                if error.final:
                    raise
                # An outage is shorter than many a deployment.
                self.report("no answer from the cloud, looking again")
                sight = Sight("out of reach", "", str(error))
                self._rest(course, sight, watcher, None)
                continue
            if sight is None and not table.until:
                return None
            if sight is None and self.clock.now() - course.began >= table.appears:
                raise WaitFailed(f"{self.what} is gone; somebody else has deleted it")
            if sight is None:
                self._rest(course, Sight("not to be seen", ""), watcher, None)
                continue
            if course.is_over(sight, self.clock.now()):
                if sight.status in table.until:
                    return sight
                raise WaitFailed(_failed(self.what, sight))
            self._show(course, sight)
            self._rest(course, sight, watcher, listed)

    def _show(self, course: _Course, sight: Sight) -> None:
        """Report what changed; a state that no table lists is named as such once."""
        table, shown = course.table, course.shown
        if shown[-1:] != [sight.words]:
            known = {*table.until, *table.fail, *table.passing}
            new = sight.status not in known and sight.words not in shown
            shown.append(sight.words)
            course.spoke = self.clock.now()
            self.report(f"{sight.words} (a state not documented)" if new else sight.words)

    def _rest(self, course: _Course, sight: Sight, watcher: Watcher, listed: Listed | None) -> None:
        """Rest until there is something to see, unless the time or the run is over."""
        started, limit = (self._started, self.limit)
        if limit is None:
            started, limit = course.began, course.table.limit
        if self.clock.now() >= started + limit:
            raise WaitTimeout(
                f"{self.what} is still {sight.status} after {limit:g} s"
                f"{f' ({sight.reason})' if sight.reason else ''}"
            )
        if not self.alive():
            raise Stopped(f"{self.what} is {sight.status}; the run that waited for it is over")
        ticket = Ticket(functools.partial(self._pause, course), started + limit, self.alive)
        if listed is not None:
            ticket.watch, ticket.identifier = listed.watch, listed.identifier
            ticket.stirs = functools.partial(self._stirs, course, listed)
        watcher.rest(ticket)

    def _pause(self, course: _Course) -> float:
        table, age = course.table, self.clock.now() - course.began
        pause = min(max(age * SHARE, table.least), table.most)
        return pause * (0.9 + 0.2 * self.clock.random())

    def _stirs(self, course: _Course, listed: Listed, row: Json) -> bool:
        """Tell whether a row calls for a look; what it says on the way only goes into the row."""
        sight, now = listed.sight(row), self.clock.now()
        if course.is_over(sight, now):
            return True
        if now - course.spoke >= QUIET:
            self._show(course, sight)
        return False


def _failed(what: str, sight: Sight) -> str:
    reason = f": {sight.reason}" if sight.reason else ", and the cloud gives no reason"
    return f"{what} is {sight.status}{reason}"
