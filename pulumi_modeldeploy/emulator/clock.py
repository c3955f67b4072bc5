"""Virtual time: the machine's clock plus what `POST /_emulator/clock` added.

Nothing in the emulator sleeps in order to change a state. Every record remembers when its present
state began, and whoever reads it asks this clock whether the state is over. So advancing the clock
moves everything at once, and a test never waits.
"""

from __future__ import annotations

import time

#: Milliseconds, the unit of all times that Huawei's services show.
MILLISECONDS = 1000


class Clock:
    """Time that can be moved forward, and the time that a deployment takes.

    `deploy_seconds` is what a deployment takes from start to running; other transitions take a
    share of it. `advance` never goes backwards.
    """

    def __init__(self, deploy_seconds: float) -> None:
        self.reset(deploy_seconds)

    def reset(self, deploy_seconds: float) -> None:
        """Go back to the real time."""
        self._epoch = time.time() - time.monotonic()
        self._changed = 0
        self.advanced = 0.0
        self.deploy_seconds = deploy_seconds

    def now(self) -> int:
        """Return the virtual time in milliseconds since 1970."""
        return int((self._epoch + time.monotonic() + self.advanced) * MILLISECONDS)

    def wall(self) -> float:
        """Return the real time in seconds since 1970: signatures are dated by real clients."""
        return time.time()

    def advance(self, seconds: float) -> None:
        """Move the time forward."""
        self.advanced += seconds

    def set_deploy_seconds(self, seconds: float) -> None:
        """Change how long a deployment takes, also for those that are under way.

        What ended before stays ended: `due` answers no moment before the change.
        """
        self._changed = self.now()
        self.deploy_seconds = seconds

    def due(self, began: int, share: float) -> int:
        """Return when something that began at `began` and takes `share` of a deployment ends."""
        ends = began + int(self.deploy_seconds * share * MILLISECONDS)
        return max(ends, self._changed)
