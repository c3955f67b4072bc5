"""ZStack's jobs: what an asynchronous call leaves behind, done when its time has come.

Sources: `RestServer` (headers, statuses), `MysqlAsyncRestStore` (retention). A job does its work at
its end, in one piece: until then the object is as it was before, and whoever asks for it meanwhile
sees that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pulumi_modeldeploy.emulator.calls import Reply
from pulumi_modeldeploy.emulator.clock import MILLISECONDS
from pulumi_modeldeploy.emulator.zstack_errors import TIMEOUT, ApiError, TextError
from pulumi_modeldeploy.emulator.zstack_objects import new_uuid

if TYPE_CHECKING:
    from collections.abc import Callable

    from pulumi_modeldeploy.emulator.calls import Call, Document
    from pulumi_modeldeploy.emulator.clock import Clock

#: Share of a deployment that a job takes.
SHARE = 0.05
#: Global config rest/completedApi.expiredPeriod.
KEPT_SECONDS = 10800
_API_TIMEOUT = 1800
_UUID_LENGTH = 32


@dataclass
class Job:
    """A call that was accepted: its API, what to do, and, once done, the answer.

    Times are milliseconds, `timeout` too. `session` says whether the session was valid when the
    call came.
    """

    uuid: str
    api: str
    values: Document
    system_tags: list[str]
    user_tags: list[str]
    session: bool
    since: int
    timeout: int
    ended: int | None = None
    status: int = 0
    answer: Document | None = None


class Jobs:
    """All jobs; `work` does one and returns its answer."""

    def __init__(self, clock: Clock, work: Callable[[Job, int], Reply]) -> None:
        self._clock = clock
        self._work = work
        self._jobs: dict[str, Job] = {}
        self._running: dict[str, Job] = {}

    def accept(
        self,
        call: Call,
        api: str,
        values: Document,
        tags: tuple[list[str], list[str]],
        *,
        session: bool,
    ) -> Job:
        """Take a call; raises `TextError` for its headers."""
        uuid = call.headers.get("X-Job-UUID") or new_uuid()
        if len(uuid) != _UUID_LENGTH:
            raise TextError(400, f"Invalid header X-Job-UUID[{uuid}], it must be 32 characters")
        if self._find(uuid) is not None:
            raise TextError(400, f"Duplicate job uuid[{uuid}]")
        seconds = call.headers.get("X-API-Timeout", str(_API_TIMEOUT))
        if not (seconds.isascii() and seconds.isdigit()):
            raise TextError(400, f"Invalid header X-API-Timeout[{seconds}]")
        now = self._clock.now()
        job = Job(uuid, api, values, *tags, session, now, int(seconds) * MILLISECONDS)
        self._jobs[uuid] = self._running[uuid] = job
        self.settle(now)
        return job

    def settle(self, now: int) -> bool:
        """Do the jobs whose time has come, in that order, and return whether there were some."""
        due = [(self._due(job), job) for job in self._running.values()]
        due = [pair for pair in due if pair[0] <= now]
        for at, job in sorted(due, key=lambda pair: pair[0]):
            late = job.since + job.timeout
            if at > late:
                # The server may well go on with the work; here nothing of it is done.
                reply = ApiError(TIMEOUT, f"API[{job.api}] timed out").reply
            else:
                reply = self._work(job, at)
            del self._running[job.uuid]
            job.ended, job.status, job.answer = min(at, late), reply.status, reply.body
        return bool(due)

    def poll(self, uuid: str) -> Reply:
        """Answer how a job is going."""
        job = self._find(uuid)
        if job is None:
            return Reply(404, text="the job has been expired")
        if job.ended is None:
            return Reply(202, {})
        return Reply(job.status, job.answer)

    def _due(self, job: Job) -> int:
        return self._clock.due(job.since, SHARE)

    def _find(self, uuid: str) -> Job | None:
        job = self._jobs.get(uuid)
        if job is None or job.ended is None:
            return job
        if self._clock.now() - job.ended > KEPT_SECONDS * MILLISECONDS:
            del self._jobs[uuid]
            return None
        return job

    # State

    def reset(self) -> None:
        """Forget all jobs."""
        self._jobs.clear()
        self._running.clear()

    def dump(self) -> list[Document]:
        """Return all jobs as JSON documents that share their parts."""
        kept = (self._find(uuid) for uuid in list(self._jobs))
        return [dict(vars(job)) for job in kept if job is not None]

    def load(self, document: list[Document]) -> None:
        """Take over what `dump` returned."""
        self._jobs = {row["uuid"]: Job(**row) for row in document}
        self._running = {uuid: job for uuid, job in self._jobs.items() if job.ended is None}
