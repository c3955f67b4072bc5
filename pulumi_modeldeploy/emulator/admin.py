"""The invented routes below `/_emulator/`: what a test asks of the emulator itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pulumi_modeldeploy.emulator.calls import Call, NotJsonError, Operation, Reply
from pulumi_modeldeploy.emulator.faults import CLOUDS
from pulumi_modeldeploy.emulator.fields import Breach, Field, InvalidError, Kind, read

if TYPE_CHECKING:
    from collections.abc import Callable

    from pulumi_modeldeploy.emulator.world import World

PREFIX = "/_emulator"

_CLOCK = (
    Field("advance", Kind.NUMBER, least=0),
    Field("deploySeconds", Kind.NUMBER, least=0),
)
_SEED = tuple(Field(name, Kind.OBJECT) for name in CLOUDS)


class Admin:
    """The admin routes over a world. They are not journalled, need no credentials, know no faults.

    `seed` and `fail` hand their bodies to the clouds, whose docstrings say what these may hold.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        table = (
            ("GET", "health", self.health),
            ("POST", "reset", self.reset),
            ("GET", "requests", self.requests),
            ("GET", "resources", self.resources),
            ("POST", "faults", self.faults),
            ("POST", "seed", self.seed),
            ("POST", "clock", self.clock),
            ("POST", "services/{service_id}/fail", self.fail),
        )
        self.operations = [
            Operation(answer.__name__, method, f"{PREFIX}/{path}", _guarded(answer), "admin")
            for method, path, answer in table
        ]

    def health(self, _call: Call) -> Reply:
        """Answer that the emulator is up."""
        return Reply(200, {"status": "ok"})

    def reset(self, _call: Call) -> Reply:
        """Forget everything: objects, journal, faults, and time that was added."""
        self._world.reset()
        return Reply(200, {})

    def requests(self, call: Call) -> Reply:
        """Answer the journal, oldest first, or the entries behind the number `after`."""
        after = call.query.get("after", "0")
        if not after.isdecimal():
            raise InvalidError("after", Breach.VALUE, "must be the number of an entry")
        return Reply(200, self._world.journal.entries(int(after)))

    def resources(self, _call: Call) -> Reply:
        """Answer all deployed services by cloud."""
        return Reply(200, {cloud.name: cloud.resources() for cloud in self._world.clouds})

    def faults(self, call: Call) -> Reply:
        """Replace the fault rules."""
        return Reply(200, {"rules": self._world.faults.replace(call.json(), self._world.clouds)})

    def seed(self, call: Call) -> Reply:
        """Add objects that deployments refer to."""
        document = read(_SEED, call.json())
        clouds = {cloud.name: cloud for cloud in self._world.clouds}
        for name, part in document.items():
            clouds[name].seed(part)
        return Reply(200, {})

    def clock(self, call: Call) -> Reply:
        """Move the time forward or change how long a deployment takes."""
        document = read(_CLOCK, call.json())
        self._world.settle()  # what is over by now, at the old speed, is over
        if "deploySeconds" in document:
            self._world.clock.set_deploy_seconds(document["deploySeconds"])
        self._world.clock.advance(document.get("advance", 0))
        clock = self._world.clock
        return Reply(200, {"now": clock.now(), "deploySeconds": clock.deploy_seconds})

    def fail(self, call: Call) -> Reply:
        """Make a service fail."""
        how: Any = call.json() if call.body else {}
        service_id = call.params["service_id"]
        unfit: InvalidError | None = None
        for cloud in self._world.clouds:
            try:
                if cloud.fail(service_id, how):
                    return Reply(200, {})
            except InvalidError as error:  # noqa: PERF203 - the words may be another cloud's
                unfit = error
        if unfit is not None:
            raise unfit
        return Reply(404, {"error": f"there is no service {service_id}"})


def _guarded(answer: Callable[[Call], Reply]) -> Callable[[Call], Reply]:
    def guarded(call: Call) -> Reply:
        try:
            return answer(call)
        except (InvalidError, NotJsonError) as error:
            return Reply(400, {"error": str(error)})

    return guarded
