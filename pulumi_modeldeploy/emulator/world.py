"""Everything that one emulator holds: the clouds and what they share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulumi_modeldeploy.emulator.clock import Clock
from pulumi_modeldeploy.emulator.faults import Faults
from pulumi_modeldeploy.emulator.journal import Journal
from pulumi_modeldeploy.emulator.modelarts import ModelArts
from pulumi_modeldeploy.emulator.pai import Pai
from pulumi_modeldeploy.emulator.store import BadStateError, Store
from pulumi_modeldeploy.emulator.zstack import ZStack

if TYPE_CHECKING:
    from pathlib import Path

    from pulumi_modeldeploy.emulator.calls import Cloud


class World:
    """The clouds, their clock, the journal, the fault rules and the state file.

    `base_url` is set by the server once it knows its port. Everything runs in one thread. Raises
    `BadStateError` for a state file that cannot be used.
    """

    def __init__(self, deploy_time: float, state: Path | None = None) -> None:
        self.base_url = ""
        self.clock = Clock(deploy_time)
        self.journal = Journal()
        self.faults = Faults()
        self.clouds: tuple[Cloud, ...] = (
            ModelArts(self.clock, lambda: self.base_url),
            ZStack(self.clock, lambda: self.base_url),
            Pai(self.clock, lambda: self.base_url),
        )
        self._deploy_time = deploy_time
        self._store = Store(state)
        self._load()
        self.save()  # a file that cannot be written is said at the start

    def settle(self) -> None:
        """Bring all objects up to now."""
        for cloud in self.clouds:
            cloud.resources()

    def reset(self) -> None:
        """Forget everything."""
        self.journal.clear()
        self.faults.clear()
        for cloud in self.clouds:
            cloud.reset()
        self.clock.reset(self._deploy_time)

    def save(self) -> None:
        """Write the state file, if there is one."""
        if not self._store.kept:
            return
        clouds = {cloud.name: cloud.dump() for cloud in self.clouds}
        self._store.save({"advanced": self.clock.advanced, "clouds": clouds})

    def _load(self) -> None:
        document = self._store.load()
        if document is None:
            return
        try:
            self.clock.advance(document["advanced"])
            for cloud in self.clouds:
                if cloud.name in document["clouds"]:
                    cloud.load(document["clouds"][cloud.name])
        except (KeyError, TypeError) as error:
            raise BadStateError(f"the state file is damaged: {error!r}") from error
