"""One verb on one object: the connection, the identity and the waits that it works with."""

from __future__ import annotations

import contextlib
import itertools
import json
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pulumi_modeldeploy.core import wire
from pulumi_modeldeploy.core.retry import GLANCE, Budget
from pulumi_modeldeploy.core.waits import Listed, Sight, Wait, Waiter
from pulumi_modeldeploy.core.watch import Watcher
from pulumi_modeldeploy.errors import (
    AmbiguousError,
    ApiError,
    JobFailed,
    JobOver,
    Stopped,
    TransportError,
    WaitError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from pulumi_modeldeploy.core.http import Call, Client
    from pulumi_modeldeploy.core.identity import Identity
    from pulumi_modeldeploy.core.preflight import Looks
    from pulumi_modeldeploy.core.table import Jobs, Table
    from pulumi_modeldeploy.core.values import Json, Values
    from pulumi_modeldeploy.errors import ModelDeployError
    from pulumi_modeldeploy.settings import Settings


MOST_JOBS = 1000
"""Jobs of the same create that a cloud may know: it forgets them after some hours."""


MOST_LOOKS = 200
"""How many of them are looked at for a proof."""


TRIES = 6
"""How often a call is sent in all, when nobody can tell whether the last one took effect."""


def look_again(op: Operation, error: ModelDeployError, attempt: int) -> None:
    """Pause before it is looked for what came of a call, and that is sent again if it must be.

    Raises:
        ModelDeployError: `error`: it was sent often enough, or there is no time left.
        Stopped: The run is over.
    """
    if attempt == TRIES or not op.again(error, attempt):
        raise error


def write(op: Operation, send: Callable[[], None], *, hidden: bool = False) -> None:
    """Write what may be written twice; a lost answer means writing it again.

    Args:
        op: The verb.
        send: Writes it.
        hidden: Whether the object may not be seen yet.

    Raises:
        ApiError: The cloud refuses, or does not know the object.
        AmbiguousError: No answer came, often enough.
    """
    for attempt in itertools.count(1):
        try:
            send()
        except (AmbiguousError, ApiError) as error:
            unseen = isinstance(error, ApiError) and op.client.dialect.is_missing(error)
            if not isinstance(error, AmbiguousError) and not (hidden and unseen):
                raise
            look_again(op, error, attempt)
            continue
        break


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
        held_elsewhere: Whether another resource of this run has the object of an id.
        about: Arguments that the verb is about: what only further calls tell is asked for these
            only; `None`: for all.
        choice: Which of the ids that we choose is the next: somebody has those before it, or the
            cloud refused them.
        former_mark: The mark in the state, if it is another one than today's and today's is not
            written yet.
        unsure: Arguments that the cloud does not show and that a failed update sent: nobody knows
            what it has.
        looks: What this run has looked at; `None`: nothing is looked at before.
        replaced: Ids of objects that this run replaces.
        accepted: What the cloud answered to a change that it takes up by a deployment; `None`:
            there was none.
        watcher: Looks for all who wait over the connection.
        budget: What the verb may lose by trying again.
    """

    table: Table
    client: Client
    identity: Identity
    settings: Settings
    waiter: Waiter
    warn: Callable[[str], None]
    incarnation: str = ""
    kept_elsewhere: Callable[[str], bool] = lambda _: False
    held_elsewhere: Callable[[str], bool] = lambda _: False
    about: Collection[str] | None = None
    choice: int = 0
    former_mark: str = ""
    unsure: set[str] = field(default_factory=set)
    looks: Looks | None = None
    replaced: Collection[str] = ()
    accepted: Json | None = None
    said: set[str] = field(default_factory=set)
    watcher: Watcher = field(init=False)
    budget: Budget = field(init=False)

    def __post_init__(self) -> None:
        self.watcher = Watcher.of(self.client)
        self.budget = Budget(self.client.clock, self.alive, self.say)

    def alive(self) -> bool:
        """Tell whether the run that asked for this is still going on."""
        return self.waiter.alive()

    def say(self, text: str) -> None:
        """Show a line in the resource's row."""
        self.waiter.report(text)

    def caution(self, text: str) -> None:
        """Show a line that stays on the screen, once."""
        if text not in self.said:
            self.said.add(text)
            self.warn(text)

    def concerns(self, *names: str) -> bool:
        """Tell whether the verb is about one of these arguments."""
        return self.about is None or any(name in self.about for name in names)

    def meets(self, document: Json) -> None:
        """Take note of which object this is about, where ids are names: no other one will do."""
        if self.table.incarnation and not self.incarnation:
            found = wire.outputs(self.table.declaration, document).get(self.table.incarnation)
            self.incarnation = str(found or "")

    def writes_mark(self, dressed: Values) -> bool:
        """Tell whether the object as we send it carries our mark."""
        sent = wire.body(self.table.declaration, dressed)
        return self.table.mark_of(sent) == self.identity.mark

    def leaves_mark(self, dressed: Values) -> bool:
        """Tell whether the object carries our mark in the end."""
        sign, name = self.table.sign, self.identify(dressed, {})
        return self.writes_mark(dressed) or (sign is not None and sign.due(self, name))

    def own_id(self, values: Values) -> str:
        """The id that we choose for the object of these arguments; empty where the cloud does."""
        ids = self.own_ids(values)
        return ids[self.choice] if ids else ""

    def identify(self, values: Values, document: Json) -> str:
        """The id of an object, empty where an answer lacks it."""
        return self.own_id(values) or self.table.identify(values, document, self.identity)

    def find_own(
        self, values: Values, look: Callable[[str], Json | None] | None = None
    ) -> Json | None:
        """Find the object of one of the ids that we choose; `look` tells who has an id."""
        free: list[int] = []
        for choice, identifier in enumerate(self.own_ids(values)):
            found = (look or self.look)(identifier)
            if found is None:
                free.append(choice)
            elif self._may_be_ours(values, found):
                self.choice = choice
                return self.table.fill(self, found)
        self.choice = next((one for one in free if one >= self.choice), self.choice)
        return None

    def _may_be_ours(self, values: Values, found: Json) -> bool:
        """Tell a renamed resource's object, which carries another mark, from one of ours.

        Not where the id is the user's: whoever has that is in the way.
        """
        given = self.table.chosen is not None and values.get(self.table.chosen.argument) is not None
        return given or self.table.mark_of(found) in ("", self.identity.mark)

    def own_ids(self, values: Values) -> list[str]:
        """The ids that we choose, each for where the cloud refuses the one before."""
        chosen = self.table.chosen
        return chosen.all(values, self.identity.mark) if chosen else []

    # calls and their jobs

    def call(
        self,
        call: Call,
        body: Json | None = None,
        *,
        job: str = "",
        query: Mapping[str, str] | None = None,
        **path: str,
    ) -> Json:
        """Send a call, and follow its job if it answers with one.

        Args:
            call: The call.
            body: Its body.
            job: The name of its job, where an earlier try, maybe of another run, may have left one;
                default: a new name.
            query: Its query.
            path: Its placeholders.

        Raises:
            JobFailed: The job failed.
            JobOver: There was a job of the name `job`; it has come to its end, and whether it did
                what was asked is to be looked for.
        """
        jobs = self.table.jobs
        if jobs is None:
            return self.client.send(
                call, body=body, query=query, path=path, budget=self.budget
            ).body
        login, renewed, attempt, before = self.client.login, False, 0, self.budget.lost
        while True:
            attempt += 1
            try:
                return self._with_job(jobs, call, body, job, query, path)
            except JobFailed as error:
                if not renewed and self.client.renew(error, login):
                    renewed = True
                elif not self._begins_anew(error, attempt):
                    error.tried(self.budget.told(attempt, before))
                    raise
            job = ""

    def _begins_anew(self, error: JobFailed, attempt: int) -> bool:
        """Pause before a job is sent again that says it was not carried out, if there is time."""
        retry, why = self.client.dialect.retry, f"{error.operation} was put off, trying again"
        refused = retry.is_refused(error)
        return refused and self.budget.pause(retry, attempt, wish=0.0, why=why)

    def _with_job(
        self,
        jobs: Jobs,
        call: Call,
        body: Json | None,
        job: str,
        query: Mapping[str, str] | None,
        path: Mapping[str, str],
    ) -> Json:
        headers = {jobs.header: job or jobs.make(str(uuid.uuid4()))} if jobs.header else {}
        try:
            answer = self.client.send(
                call, body=body, query=query, headers=headers, path=path, budget=self.budget
            )
        except ApiError as error:
            if not jobs.known or error.code != jobs.known:
                raise
            # A request whose answer got lost: of this call, or, by its name, of an earlier run.
            if not job:
                return self._follow(jobs, headers[jobs.header], call)
            # What failed then may go well now; a name that is known and forgotten is used up.
            with contextlib.suppress(JobFailed, AmbiguousError):
                self._follow(jobs, job, call)
            raise JobOver(f"{call.operation}: an earlier try came to its end") from error
        name = jobs.path(answer.status, answer.body)
        if name is None:
            return answer.body
        return self._follow(jobs, name or headers.get(jobs.header, ""), call)

    def _follow(self, jobs: Jobs, job: str, call: Call) -> Json:
        done: list[Json] = []

        def look() -> Sight:
            answer = self._look_at(jobs, job, call)
            if answer is None:
                return Sight("working", "job accepted", f"the job of {call.operation} goes on")
            done.append(answer)
            return Sight("done", "job done")

        self.waiter.wait(jobs.wait, look, self.watcher)
        return done[-1]

    def _look_at(self, jobs: Jobs, job: str, call: Call) -> Json | None:
        """Ask for a job; `None` while it runs."""
        try:
            answer = self.client.send(jobs.look, path={"job": job}, budget=self._glance())
        except ApiError as error:
            if jobs.over and error.code == jobs.over:
                lost = AmbiguousError(f"{call.operation}: its job is not known any more")
                lost.final = True
                raise lost from error
            if not error.code:
                # Not the job's own failure, but something on the way to it.
                raise TransportError(str(error)) from error
            raise JobFailed(
                call.operation,
                error.status,
                error.code,
                error.message,
                error.request_id,
                error.advice,
            ) from error
        return None if answer.status == jobs.running else answer.body

    def job_of(self, order: Json, attempt: int) -> str:
        """The name of the job of a create: the same for the same path and body, in every run."""
        jobs = self.table.jobs
        if jobs is None or not jobs.header:
            return ""
        text = json.dumps(order, sort_keys=True, ensure_ascii=False)
        return jobs.make(f"{self.identity.mark}\n{attempt}\n{text}")

    def made(self, order: Json, found: Json) -> bool:
        """Tell whether the cloud knows that an object came of a create of ours just like this."""
        jobs, born = self.table.jobs, self.table.born(found)
        if jobs is None or not jobs.header or born is None:
            return False
        for number in range(MOST_LOOKS):
            try:
                answer = self._follow(jobs, self.job_of(order, number), self.table.create)
            except JobFailed:
                continue
            except (ApiError, TransportError, WaitError):
                break  # not known (any more), out of reach, or without end: nothing proves it
            made = self.table.create.held(answer)
            if made is not None and self.table.born(made) == born:
                return True
        return False

    def again(self, error: ModelDeployError, attempt: int) -> bool:
        """Pause before it is looked for what came of a call; `False`: there is no time for that.

        Args:
            error: What the call came to.
            attempt: How often it was sent, from 1.

        Raises:
            Stopped: The run is over, and nobody knows what came of the call.
        """
        retry, why = self.client.dialect.retry, "nobody knows what came of that, looking"
        paused = self.budget.pause(retry, attempt, wish=0.0, why=why)
        if not self.alive():
            raise Stopped(f"{error}; the run is over") from error
        return paused

    # looks

    def ask(
        self,
        call: Call,
        query: Mapping[str, Any] | None = None,
        path: Mapping[str, str] | None = None,
    ) -> Json:
        """Send a reading call of the cloud's own."""
        return self.client.send(call, query=query, path=path, budget=self.budget).body

    def look(self, identifier: str, budget: Budget | None = None) -> Json | None:
        """Get an object's own document; `None` if there is none, or only its successor's."""
        document = self.client.get(
            self.table.read, path={"id": identifier}, budget=budget or self.budget
        )
        if document is None:
            return None
        document = self.table.parse(document)
        if not self.incarnation:
            return document
        found = wire.outputs(self.table.declaration, document).get(self.table.incarnation)
        return document if found == self.incarnation else None

    def _glance(self) -> Budget:
        """What a look may lose whose wait goes on without it."""
        return Budget(self.client.clock, self.alive, outlives=True, seconds=GLANCE)

    def outlive(self) -> None:
        """Allow looks although the run may be over: what exists must be stored."""
        self.budget = self._glance()

    def show(self, identifier: str) -> Json | None:
        """Get an object's document with what only further calls tell; `None` as `look`."""
        document = self.look(identifier)
        return None if document is None else self.table.fill(self, document)

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

        def read(found: Json) -> Sight:
            sight = self.table.sight(found)
            moved = fresh or self.table.version(found) != before
            return Sight(sight.status, sight.words, sight.reason, moved)

        def look() -> Sight | None:
            found = self.look(identifier, self._glance())
            seen.append(found or {})
            return None if found is None else read(found)

        watch = self.table.watch
        listed = None if watch is None else Listed(watch, identifier, read)
        self.waiter.wait(table, look, self.watcher, listed)
        return self.table.fill(self, seen[-1]) if seen[-1] else {}
