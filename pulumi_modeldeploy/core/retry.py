"""Trying again: what is repeated, after which pauses, and for how long in all.

A table per cloud says what, a budget per verb says for how long. Neither knows how a request is
sent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from pulumi_modeldeploy.errors import Stopped, Unsent

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from pulumi_modeldeploy.core.http import Clock
    from pulumi_modeldeploy.errors import ApiError

SECONDS = 300.0
"""What a verb may lose: enough for a gateway that restarts, and for a fleet that is throttled."""
GLANCE = 30.0
"""What a look may lose that is taken again anyway, or that somebody is waiting for."""
NOTICED = 2.0
"""Seconds from which on somebody looks at the row and wonders."""


@dataclass(frozen=True)
class Retry:
    """When and how often a request is repeated.

    Attributes:
        refused: Statuses and codes that say the request was not carried out: repeated for every
            verb. Like the others, a code that ends in a dot stands for all that begin so.
        failed: Statuses and codes after which nobody knows: repeated where that does no harm.
        by_code: Whether a code, where there is one, decides alone: the status lies.
        attempts: Requests in all; the budget mostly ends it before.
        base: Seconds; the pause is random between 0 and base * 2**attempt.
        most: Longest such pause in seconds.
        asks: Headers by which the server asks for a pause, and the seconds of their unit; the first
            one that can be read counts.
        asked: Longest pause in seconds that the server may ask for.
    """

    refused: Collection[int | str] = (429,)
    failed: Collection[int | str] = (408, 500, 502, 503, 504)
    by_code: bool = False
    attempts: int = 50
    base: float = 0.5
    most: float = 20.0
    asks: Mapping[str, float] = field(default_factory=lambda: {"Retry-After": 1.0})
    asked: float = 120.0

    def is_refused(self, error: ApiError) -> bool:
        """Tell whether an error says that the request was not carried out."""
        return self._lists(self.refused, error)

    def is_failed(self, error: ApiError) -> bool:
        """Tell whether an error leaves open whether the request was carried out."""
        return not self.is_refused(error) and self._lists(self.failed, error)

    def _lists(self, listed: Collection[int | str], error: ApiError) -> bool:
        by_status = error.status in listed and not (self.by_code and error.code)
        families = (one for one in listed if isinstance(one, str) and one.endswith("."))
        return error.code in listed or by_status or error.code.startswith((*families,))

    def pause(self, attempt: int, chance: float) -> float:
        """Seconds after the n-th attempt, from 1: exponential with full jitter.

        Args:
            attempt: Which one failed.
            chance: A number from 0 to 1.
        """
        # The exponent ends where no float does.
        return float(min(self.base * 2.0 ** min(attempt, 64), self.most) * chance)

    def wish(self, headers: Mapping[str, str]) -> float:
        """Seconds that the server asks us to wait at least, up to the limit; 0: it does not ask."""
        found = (_asked(headers, name, unit) for name, unit in self.asks.items())
        return min(next((one for one in found if one is not None), 0.0), self.asked)


def _asked(headers: Mapping[str, str], name: str, unit: float) -> float | None:
    """Read a number or a date, which only the answer's own date makes a time from now."""
    text = headers.get(name, "")
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
        return float(text) * unit
    now, then = date_of(headers), date_of(headers, name)
    return None if now is None or then is None else max(0.0, then - now)


def date_of(headers: Mapping[str, str], name: str = "Date") -> float | None:
    """Read a date of HTTP, in seconds since 1970; `None`: there is none that can be read."""
    try:
        found = parsedate_to_datetime(headers[name])
        return (found if found.tzinfo else found.replace(tzinfo=timezone.utc)).timestamp()
    except (KeyError, ValueError, OverflowError):
        return None


@dataclass
class Budget:
    """What one verb on one object may lose by trying again, as long as its run goes on.

    Tries that failed count with the pauses after them. What a wait lasts does not: it has a limit
    of its own, and its looks have budgets of their own.

    Attributes:
        clock: Time and chance.
        alive: Whether the run is still going on.
        say: Shows a line in the resource's row.
        outlives: Whether a look is taken although the run is over; it is not repeated then.
        seconds: How much may be lost.
        lost: How much was.
    """

    clock: Clock
    alive: Callable[[], bool] = lambda: True
    say: Callable[[str], None] = lambda _: None
    outlives: bool = False
    seconds: float = SECONDS
    lost: float = 0.0

    def check(self, operation: str, *, changes: bool) -> None:
        """See that the run goes on, before a try of a call.

        Args:
            operation: The call.
            changes: Whether it is no look.

        Raises:
            Stopped: The run is over.
        """
        if not ((self.outlives and not changes) or self.alive()):
            over = Unsent if changes else Stopped
            raise over(f"{operation} was not sent: the run is over")

    def pause(self, retry: Retry, attempt: int, *, wish: float, why: str) -> bool:
        """Pause before the next try; `False`: not enough is left for that, or the run is over.

        Args:
            retry: How long pauses are.
            attempt: Which try failed, from 1.
            wish: Seconds that the server asks for. All who were told the same would come back at
                the same moment, so the usual pause is added.
            why: What to show in the row, unless the pause is too short to be noticed.
        """
        left = self.seconds - self.lost
        if left <= wish or (self.outlives and not self.alive()):
            return False
        pause = min(wish + retry.pause(attempt, self.clock.random()), left)
        if pause >= NOTICED:
            self.say(why)
        # What was asked for, whatever was slept: a pause that is cut short must not be free.
        self.lost += pause
        self.clock.sleep(pause)
        return not self.outlives or self.alive()

    def told(self, tries: int, before: float) -> str:
        """Say how often and for how long something was tried; empty where that goes without.

        Args:
            tries: How often.
            before: What had been lost before.
        """
        if tries > 1:
            return f", tried {tries} times in {round(self.lost - before, 1):g} s"
        if before >= self.seconds > 0:
            return f", tried once, since {before:.0f} s had gone by in tries before"
        return ""
