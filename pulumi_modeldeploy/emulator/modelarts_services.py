"""The life of ModelArts services: one record each, moved along by the clock when it is looked at.

Sources: show page (statuses, fields), update page and error 3519 (which states allow what),
user guide "event" page (the trail of a deployment). Where the pages are silent, a comment says what
was chosen.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from pulumi_modeldeploy.emulator.clock import MILLISECONDS, Clock
from pulumi_modeldeploy.emulator.huawei_iam import PROJECT_ID
from pulumi_modeldeploy.emulator.modelarts_requests import BATCH, REAL_TIME

if TYPE_CHECKING:
    from collections.abc import Callable

    from pulumi_modeldeploy.emulator.calls import Document

NORMAL, ABNORMAL = "normal", "abnormal"
RUNNING, SUCCESS, FAIL = "RUNNING", "SUCCESS", "FAIL"

STATUSES = (
    "running",
    "deploying",
    "concerning",
    "failed",
    "stopped",
    "finished",
    "stopping",
    "deleting",
    "pending",
    "waiting",
)

#: status -> from which it may be reached by an update (error 3519 otherwise).
#: `failed` cannot be stopped: the pages stop only what runs.
STARTABLE = frozenset({"stopped", "failed", "finished"})
STOPPABLE = frozenset({"running", "concerning"})
#: States in which no update at all is accepted.
BUSY = frozenset({"deploying", "stopping", "deleting", "pending", "waiting"})
#: A new config is deployed at once in these; elsewhere it waits for the next start (own choice).
REDEPLOYED = frozenset({"running", "concerning", "failed"})
#: In these the access address answers.
SERVING = frozenset({"running", "concerning"})

_UNIT_SECONDS = {"DAYS": 86400, "HOURS": 3600, "MINUTES": 60}

#: Share of the deployment -> event. The trail of a deployment that goes well.
_TRAIL = (
    (0.0, "start to deploy service"),
    (0.1, "start to build image for model"),
    (0.4, "build image for model success"),
    (0.5, "prepare environment success"),
    (0.6, "schedule resource success"),
    (0.7, "pull image success"),
    (0.8, "start model"),
)


@dataclass
class Service:
    """A service: `body` is what its create call said, as changed by updates since.

    Times are milliseconds. `since` is when the present status began (`transition_at` on the wire).
    `former` is the body before an upgrade that is under way: nothing else can be updated meanwhile.
    `error_msg` is the reason of the last failure. `doom` is why the deployment that
    is under way, or else the next one, fails; `next_failure` is the part of it that was asked for
    and is used up.
    """

    service_id: str
    body: Document
    owner: str
    status: str
    since: int
    publish_at: int
    update_time: int
    number: int
    models: dict[str, Document] = field(default_factory=dict)
    due_time: int | None = None
    error_msg: str | None = None
    progress: int = 0
    invocation_times: int = 0
    failed_times: int = 0
    started_at: int | None = None
    finished_at: int | None = None
    former: Document | None = None
    doom: str | None = None
    next_failure: str | None = None
    trail: int = 0
    logs: list[Document] = field(default_factory=list)
    events: list[Document] = field(default_factory=list)
    balance: dict[str, int] = field(default_factory=dict)
    invocations: dict[str, int] = field(default_factory=dict)
    project: str = PROJECT_ID

    @property
    def name(self) -> str:
        """The service's name."""
        return str(self.body["service_name"])

    @property
    def infer_type(self) -> str:
        """`real-time`, `batch` or `edge`."""
        return str(self.body["infer_type"])

    def dump(self) -> Document:
        """Return the record as a JSON document that shares its parts, for the state file."""
        return dict(vars(self))

    def tell(self, info: str, at: int, kind: str = NORMAL) -> None:
        """Append an event."""
        self.events.append({"event_type": kind, "event_info": info, "occur_time": at})

    def enter(self, status: str, at: int) -> None:
        """Change the status."""
        self.status = status
        self.since = at


# --- states that end by themselves ------------------------------------------------------------


class Passing(NamedTuple):
    """A state that takes a share of the deployment time, and what it ends in."""

    share: float
    end: Callable[[Service, int], None]


def settle(service: Service, clock: Clock) -> bool:
    """Bring a record up to now; `False` if nothing changed. A gone service has status ``gone``."""
    now = clock.now()
    changed = False
    while True:
        passing = passing_state(service)
        if passing is not None:
            due = clock.due(service.since, passing.share)
            _follow_trail(service, clock, min(now, due))
            end = passing.end
        elif service.status in SERVING and service.due_time is not None:
            due, end = service.due_time, _stop_on_schedule
        else:
            return changed
        if due > now:
            return changed
        end(service, due)
        changed = True


def passing_state(service: Service) -> Passing | None:
    """Return how the present status passes, `None` if it stays."""
    if service.status == "running" and service.infer_type == BATCH:
        return _BATCH_RUN
    return _PASSING.get(service.status)


def progress(service: Service, clock: Clock) -> int:
    """Return the progress of the deployment in per cent (show page: rises while deploying)."""
    if service.status != "deploying":
        return service.progress
    needs = max(clock.due(service.since, 1.0) - service.since, 1)
    return min(99, 100 * (clock.now() - service.since) // needs)


def _follow_trail(service: Service, clock: Clock, until: int) -> None:
    if service.status != "deploying":
        return
    while service.trail < len(_TRAIL):
        share, info = _TRAIL[service.trail]
        at = clock.due(service.since, share)
        if at > until:
            return
        service.tell(info, at)
        service.trail += 1


def _end_deploying(service: Service, at: int) -> None:
    if service.doom is not None:
        fail(service, service.doom, at)
        return
    service.tell("start service success", at)
    _finish_log(service, SUCCESS)
    service.former = None
    service.progress = 100
    service.enter("running", at)
    service.started_at = at
    arm_schedule(service, at)


def _end_stopping(service: Service, at: int) -> None:
    service.tell("service stopped", at)
    service.due_time = None
    service.enter("stopped", at)


def _end_deleting(service: Service, at: int) -> None:
    service.enter("gone", at)


def _end_batch(service: Service, at: int) -> None:
    service.tell("batch service finished", at)
    service.finished_at = at
    service.enter("finished", at)


def _stop_on_schedule(service: Service, at: int) -> None:
    service.tell("auto stop: the running time is over", at)
    service.enter("stopping", at)


_PASSING = {
    "deploying": Passing(1.0, _end_deploying),
    "stopping": Passing(0.25, _end_stopping),
    "deleting": Passing(0.25, _end_deleting),
}
_BATCH_RUN = Passing(1.0, _end_batch)


# --- what calls do ----------------------------------------------------------------------------


def deploy(service: Service, at: int) -> None:
    """Begin a deployment."""
    service.enter("deploying", at)
    service.progress = 0
    service.trail = 0
    service.due_time = None
    service.started_at = service.finished_at = None


def start(service: Service, at: int) -> None:
    """Begin a deployment because somebody started the service."""
    service.tell("start service", at)
    service.publish_at = at
    deploy(service, at)


def stop(service: Service, at: int) -> None:
    """Begin to stop."""
    service.tell("stop service", at)
    service.enter("stopping", at)


def delete(service: Service, at: int) -> None:
    """Begin to disappear; the name stays taken meanwhile."""
    service.tell("delete service", at)
    service.enter("deleting", at)


def upgrade(service: Service, config: list[Document], at: int) -> None:
    """Change the configuration; what runs is deployed anew and keeps the old one to fall back on.

    A stopped or finished service takes the configuration for its next start: whether the cloud
    starts it is not documented.
    """
    healthy = service.status in SERVING
    redeployed = service.status in REDEPLOYED
    former = service.body
    service.body = {**former, "config": config}
    service.update_time = at
    result = RUNNING if redeployed else SUCCESS
    service.logs.append(
        {"update_time": at, "result": result, "config": config, "extend_config": []}
    )
    service.tell("update service", at)
    if redeployed:
        service.former = former if healthy else None
        deploy(service, at)


def change(service: Service, body: Document, at: int) -> None:
    """Take over the parts of an update that need no deployment."""
    service.body = {**service.body, **_kept(body, service.body)}
    if "schedule" in body and service.status in SERVING:
        arm_schedule(service, at)


def _kept(new: Document, old: Document) -> Document:
    """Keep LTS and WebSocket where an update leaves them out: once on, they cannot be changed."""
    if "additional_properties" not in new:
        return new
    before = old.get("additional_properties", {})
    frozen = {
        key: before[key] for key in ("websocket_upgrade", "log_report_channels") if before.get(key)
    }
    return {**new, "additional_properties": {**frozen, **new["additional_properties"]}}


def arm_schedule(service: Service, at: int) -> None:
    """Set the moment of the automatic stop, counted from the end of the deployment.

    Published sample data counts so. Starting again arms it again.
    """
    schedule = service.body.get("schedule")
    if not schedule:
        service.due_time = None
        return
    seconds = schedule[0]["duration"] * _UNIT_SECONDS[schedule[0]["time_unit"]]
    service.due_time = at + seconds * MILLISECONDS
    service.tell(f"auto stop is on: after {seconds}s", at)


def fail(service: Service, reason: str, at: int) -> None:
    """Let a service fail, or an upgrade that is under way be rolled back."""
    service.doom = service.next_failure = None
    _finish_log(service, FAIL)
    if service.status == "deploying" and service.former is not None:
        service.tell(f"update service failed: {reason}", at, ABNORMAL)
        service.tell("roll back service", at)
        service.tell("roll back service success", at)
        service.body = service.former
        service.former = None
        service.progress = 100
        service.enter("running", at)
        arm_schedule(service, at)
        return
    service.tell(f"service failed: {reason}", at, ABNORMAL)
    service.former = None
    service.error_msg = reason
    service.due_time = None
    service.enter("failed", at)


def set_alarm(service: Service, reason: str, at: int, *, on: bool) -> None:
    """Let some instances of a running service be unhealthy, or healthy again."""
    if on:
        service.tell(f"instances are abnormal: {reason}", at, ABNORMAL)
    else:
        service.tell("instances are normal again", at)
    service.enter("concerning" if on else "running", at)


def _finish_log(service: Service, result: str) -> None:
    if service.logs and service.logs[-1]["result"] == RUNNING:
        service.logs[-1]["result"] = result


# --- traffic ----------------------------------------------------------------------------------


def serves(service: Service) -> bool:
    """Whether instances run; during an upgrade the former ones do."""
    return service.status in SERVING or service.former is not None


def served_by(service: Service) -> Document | None:
    """Return the config element that answers the next request, and count it; `None`: nobody does.

    Smooth weighted round robin: over as many requests as the weights have in sum, every element
    answers exactly as often as its weight says.
    """
    if service.infer_type != REAL_TIME or not serves(service):
        return None
    configs: list[Document] = (service.former or service.body)["config"]
    balance = service.balance
    for config in configs:
        balance[config["model_id"]] = balance.get(config["model_id"], 0) + config["weight"]
    best = max(configs, key=lambda config: balance[config["model_id"]])
    model_id = best["model_id"]
    balance[model_id] -= sum(config["weight"] for config in configs)
    service.invocation_times += 1
    service.invocations[model_id] = service.invocations.get(model_id, 0) + 1
    return best
