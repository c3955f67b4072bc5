"""One verb on one object: the connection, the identity and the waits that it works with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pulumi_modeldeploy.core import wire
from pulumi_modeldeploy.core.waits import Sight, Wait, Waiter

if TYPE_CHECKING:
    from collections.abc import Callable

    from pulumi_modeldeploy.core.http import Call, Client
    from pulumi_modeldeploy.core.identity import Identity
    from pulumi_modeldeploy.core.table import Jobs, Table
    from pulumi_modeldeploy.core.values import Json
    from pulumi_modeldeploy.settings import Settings


@dataclass
class Operation:
    """One verb on one object: what it works with.

    Attributes:
        table: The kind of resource.
        client: The connection.
        identity: Whose object it is and where it lives.
        settings: Today's settings.
        waiter: Runs waits, within this operation's time limit.
        warn: Shows a line that stays on the screen.
        incarnation: What the state says of the table's `incarnation`; empty: not known.
        kept_elsewhere: Whether another resource of this run has the object of a mark.
    """

    table: Table
    client: Client
    identity: Identity
    settings: Settings
    waiter: Waiter
    warn: Callable[[str], None]
    incarnation: str = ""
    kept_elsewhere: Callable[[str], bool] = lambda _: False
    said: set[str] = field(default_factory=set)

    def say(self, text: str) -> None:
        """Show a line in the resource's row."""
        self.waiter.report(text)

    def caution(self, text: str) -> None:
        """Show a line that stays on the screen, once."""
        if text not in self.said:
            self.said.add(text)
            self.warn(text)

    def call(self, call: Call, body: Json | None = None, **path: str) -> Json:
        """Send a call, and follow its job if it answers with one."""
        answer = self.client.send(call, body=body, alive=self.waiter.alive, path=path)
        jobs = self.table.jobs
        job = jobs.path(answer.status, answer.body) if jobs else None
        return answer.body if jobs is None or job is None else self._follow(jobs, job)

    def _follow(self, jobs: Jobs, job: str) -> Json:
        done: list[Json] = []

        def look() -> Sight:
            answer = self.client.send(jobs.look, path={"job": job})
            if answer.status == jobs.running:
                return Sight("working", "job accepted")
            done.append(answer.body)
            return Sight("done", "job done")

        self.waiter.wait(jobs.wait, look)
        return done[-1]

    def show(self, identifier: str) -> Json | None:
        """Get an object's document; `None` if there is no such object, or only its successor."""
        document = self.client.get(self.table.read, path={"id": identifier})
        if document is None or not self.incarnation:
            return document
        found = wire.outputs(self.table.declaration, document).get(self.table.incarnation)
        return document if found == self.incarnation else None

    def wait(
        self, table: Wait, identifier: str, document: Json | None = None, *, fresh: bool = True
    ) -> Json:
        """Wait, and answer the last document; empty when the object is gone.

        Args:
            table: What to wait for.
            identifier: The object.
            document: What it looked like before a change.
            fresh: Whether its state is surely later than that change.
        """
        seen: list[Json] = [{}]
        before = self.table.version(document) if document else None

        def look() -> Sight | None:
            found = self.show(identifier)
            seen.append(found or {})
            if found is None:
                return None
            sight = self.table.sight(found)
            moved = fresh or self.table.version(found) != before
            return Sight(sight.status, sight.words, sight.reason, moved)

        self.waiter.wait(table, look)
        return seen[-1]
