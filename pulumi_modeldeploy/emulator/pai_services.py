"""The life of EAS services: one record each, moved along by the clock when it is looked at.

Sources: structure `Service` (statuses, fields), pages of the operations, FAQ about EAS (what
failures look like). The pages list the statuses and not their order; where they are silent, a
comment says what was chosen.
"""

from __future__ import annotations

import base64
import json
import secrets
import string
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from pulumi_modeldeploy.emulator.clock import MILLISECONDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from pulumi_modeldeploy.emulator.calls import Document
    from pulumi_modeldeploy.emulator.clock import Clock

NORMAL, WARNING = "Normal", "Warning"

STATUSES = (
    *("Creating", "Deploying", "Pending", "Waiting", "Starting", "Updating", "HotUpdate"),
    *("Scaling", "Stopping", "Deleting", "Running", "Stopped", "Failed", "DeleteFailed"),
)

#: Own choices, since the pages do not say which statuses allow what. What is short of resources can
#: be changed, what is under way cannot (the page of UpdateService lists 409); anything can be
#: stopped that is not on its way out; a failed service can be started as a stopped one can.
CHANGEABLE = frozenset({"Running", "Waiting", "Pending", "Failed", "Stopped"})
RESTARTABLE = CHANGEABLE - {"Stopped"}
STARTABLE = frozenset({"Stopped", "Failed"})
STOPPABLE = frozenset(STATUSES) - {"Stopped", "Stopping", "Deleting", "DeleteFailed"}
#: In these the endpoint answers, with what ran before the change that is under way.
SERVING = frozenset({"Running", "Updating", "HotUpdate", "Scaling"})

#: So long after a change, at most, an answer may show the service as it was before.
LAG_SECONDS = 5

_ID_LETTERS = string.ascii_lowercase + string.digits

#: status -> what the service says about itself.
_MESSAGES = {
    "Creating": "Service is creating",
    "Pending": "Service is pending",
    "Waiting": "Service is waiting for its instances",
    "Starting": "Service is starting",
    "Updating": "Service is updating",
    "Scaling": "Service is scaling",
    "Stopping": "Service is stopping",
    "Deleting": "Service is terminating",
    "Running": "Service start successfully",
    "Stopped": "Service is stopped",
}


@dataclass
class Service:
    """A service: `body` is what its create call said, as changed by updates since.

    Times are milliseconds. `since` is when the present status began. `versions` are the bodies that
    became versions, from version 1 on. `serving` is the body that the running instances have, with
    its version. `doom` is why the deployment that is under way, or else the next one, fails;
    `next_failure` is the part of it that was asked for and is used up; `stuck` keeps it waiting.
    `past` is what an answer may still show after a change, for so many more answers.
    """

    service_id: str
    name: str
    region: str
    owner: str
    body: Document
    status: str
    since: int
    create_time: int
    update_time: int
    token: str
    number: int
    workspace_id: str = ""
    quota_id: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    lock: str = "none"
    latest: int = 1
    current: int = 1
    versions: list[Document] = field(default_factory=list)
    serving: Document | None = None
    message: str = ""
    doom: str | None = None
    next_failure: str | None = None
    stuck: str | None = None
    events: list[Document] = field(default_factory=list)
    hidden: int = 0
    past: Document | None = None
    turn: int = 0

    @property
    def replicas(self) -> int:
        """The number of instances that it should have."""
        return int(self.body["Replicas"])

    def dump(self) -> Document:
        """Return the record as a JSON document that shares its parts, for the state file."""
        return dict(vars(self))

    def enter(self, status: str, at: int, message: str = "", kind: str = NORMAL) -> None:
        """Change the status, and append the event that tells of it."""
        self.status = status
        self.since = at
        self.message = message or _MESSAGES.get(status, f"Service is {status}")
        up = self.replicas if status == "Running" else 0
        told = {
            "versionId": self.current,
            "message": self.message,
            "availableInstance": up,
            "unavailableInstance": self.replicas - up,
        }
        text = json.dumps(told, separators=(",", ":"))
        self.events.append({"Type": kind, "Reason": status, "Message": text, "at": at})


def new_id() -> str:
    """Return the id of a new service."""
    return "eas-m-" + "".join(secrets.choice(_ID_LETTERS) for _ in range(18))


def new_token() -> str:
    """Return the access token of a new service."""
    return base64.b64encode(secrets.token_hex(20).encode()).decode()


# --- states that end by themselves ------------------------------------------------------------


class Passing(NamedTuple):
    """A state that takes a share of the deployment time, and what it ends in."""

    share: float
    end: Callable[[Service, int], None]


def settle(service: Service, clock: Clock) -> bool:
    """Bring a record up to now; `False` if nothing changed. A gone service has status ``gone``."""
    now = clock.now()
    changed = False
    while (passing := _passing(service)) is not None:
        due = clock.due(service.since, passing.share)
        if due > now:
            break
        passing.end(service, due)
        changed = True
    return changed


def _passing(service: Service) -> Passing | None:
    """Return how the present status passes, `None` if it stays."""
    if service.status == "Waiting" and service.stuck and not service.doom:
        return None
    return _PASSING.get(service.status)


def _await_instances(service: Service, at: int) -> None:
    service.enter("Waiting", at, service.stuck or "")


def _end_deploying(service: Service, at: int) -> None:
    if service.doom is not None:
        fail(service, service.doom, at)
        return
    if service.status == "Updating" and service.stuck:
        _await_instances(service, at)
        return
    run(service, at)


def run(service: Service, at: int) -> None:
    """Let the instances of the present configuration answer."""
    service.stuck = None
    service.serving = {**service.body, "Version": service.current}
    service.enter("Running", at)


def _end_stopping(service: Service, at: int) -> None:
    service.serving = None
    service.enter("Stopped", at)


def _end_deleting(service: Service, at: int) -> None:
    if service.doom is not None:
        reason, service.doom, service.next_failure = service.doom, None, None
        service.enter("DeleteFailed", at, reason, WARNING)
        return
    service.status = "gone"


#: Creating or starting and then waiting take one deployment time together.
_PASSING = {
    "Creating": Passing(0.2, _await_instances),
    "Starting": Passing(0.2, _await_instances),
    "Waiting": Passing(0.8, _end_deploying),
    "Updating": Passing(1.0, _end_deploying),
    "Scaling": Passing(0.5, _end_deploying),
    "Stopping": Passing(0.25, _end_stopping),
    "Deleting": Passing(0.25, _end_deleting),
}


def running(service: Service, clock: Clock) -> int:
    """Return how many instances run: they come up one after the other."""
    before = service.serving["Replicas"] if service.serving else 0
    if service.status == "Running":
        return service.replicas
    if service.status not in ("Waiting", "Updating", "Scaling"):
        return 0
    passing = _passing(service)
    needs = clock.due(service.since, passing.share) - service.since if passing else 0
    past = min((clock.now() - service.since) / needs, 1) if needs > 0 else 0
    change = service.replicas - before
    return int(before + change * past)


# --- what calls do ----------------------------------------------------------------------------


def start(service: Service, at: int) -> None:
    """Begin a deployment because somebody started the service."""
    service.enter("Starting", at)


def stop(service: Service, at: int, polls: int) -> None:
    """Begin to stop; what was under way is given up."""
    _keep(service, at, polls)
    service.doom = service.stuck = None
    service.update_time = at
    service.enter("Stopping", at)


def delete(service: Service, at: int) -> None:
    """Begin to disappear; the name stays taken meanwhile."""
    service.doom = service.next_failure
    service.enter("Deleting", at)


def restart(service: Service, at: int, polls: int) -> None:
    """Replace the instances by others of the same configuration."""
    _keep(service, at, polls)
    service.update_time = at
    service.enter("Updating", at)


def update(service: Service, change: Document, at: int, polls: int) -> bool:
    """Change the configuration, and return whether something is deployed.

    A new number of instances scales, anything else becomes a version. A stopped service takes the
    configuration for its next start, and an update of a failed one deploys in any case: what the
    cloud does there is not documented.
    """
    _keep(service, at, polls)
    body = {**service.body, **change}
    same = configuration(body) == configuration(service.body)
    scaled = int(body["Replicas"]) != service.replicas
    service.update_time = at
    service.body = body
    if not same:
        service.versions.append(configuration(body))
        service.latest = service.current = len(service.versions)
    if service.status == "Stopped":
        return False
    if not same or service.status == "Failed":
        service.enter("Updating", at)
        return True
    if scaled:
        service.enter("Scaling" if service.serving else "Waiting", at)
    return scaled


def switch(service: Service, version: int, at: int, polls: int) -> None:
    """Go back to an earlier version."""
    _keep(service, at, polls)
    service.update_time = at
    service.body = {**service.versions[version - 1], "Replicas": service.replicas}
    service.current = version
    if service.status != "Stopped":
        service.enter("Updating", at)


def fail(service: Service, reason: str, at: int) -> None:
    """Let a service fail."""
    service.doom = service.next_failure = None
    service.serving = None
    service.enter("Failed", at, reason, WARNING)


def configuration(body: Document) -> Document:
    """Return what a version holds: everything but the number of instances."""
    return {key: value for key, value in body.items() if key != "Replicas"}


# --- what answers show too late ---------------------------------------------------------------

_SHOWN_LATE = ("body", "status", "since", "update_time", "latest", "current", "message", "serving")


def _keep(service: Service, at: int, polls: int) -> None:
    """Keep what the next answers show of a running service instead of the change that follows."""
    service.past = None
    if not polls or service.status != "Running":
        return
    shown = {name: getattr(service, name) for name in _SHOWN_LATE}
    until = at + LAG_SECONDS * MILLISECONDS
    service.past = {"polls": polls, "until": until, "shown": shown}


def is_hidden(service: Service, now: int) -> bool:
    """Whether the next answer does not know the service yet; counts the answer."""
    if not service.hidden or now > service.create_time + LAG_SECONDS * MILLISECONDS:
        return False
    service.hidden -= 1
    return True


def as_shown(service: Service, now: int) -> Service:
    """Return the service as the next answer shows it; counts the answer."""
    past = service.past
    if past is None or now > past["until"]:
        return service
    past["polls"] -= 1
    if not past["polls"]:
        service.past = None
    return replace(service, **past["shown"])


# --- traffic ----------------------------------------------------------------------------------


def served_by(service: Service) -> Document | None:
    """Return what answers the next request and which instance of it, in turns; `None`: nobody."""
    if service.status not in SERVING or service.serving is None:
        return None
    service.turn += 1
    return {**service.serving, "Instance": (service.turn - 1) % service.serving["Replicas"]}
