"""The services of PAI-EAS that there are, by region and name: all accounts share the names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulumi_modeldeploy.emulator import pai_requests as requests
from pulumi_modeldeploy.emulator import pai_services as life
from pulumi_modeldeploy.emulator.fields import Field, Kind, read
from pulumi_modeldeploy.emulator.pai_identity import REGION, UID, milliseconds
from pulumi_modeldeploy.emulator.pai_services import Service

if TYPE_CHECKING:
    from collections.abc import Callable

    from pulumi_modeldeploy.emulator.calls import Document
    from pulumi_modeldeploy.emulator.clock import Clock
    from pulumi_modeldeploy.emulator.pai_catalog import Catalog

#: Of an app that names none: the page does not say which one it gets.
_APP_VERSION = "v1"

#: The answers that come too late: DescribeService does not know a service yet, or still shows what
#: was before an update. Only the latter is seen often enough to be the rule.
_USUAL_LAG = {"create": 0, "update": 1}

#: What may be said about a seeded service besides the body of its create call.
_SEEDED = (
    Field("Region", size=(1, 64)),
    Field("ServiceId", matches="eas-m-.+", characters="eas-m-"),
    Field("ParentUid", size=(1, 64)),
    Field("Status", one_of=life.STATUSES),
    Field("CreateTime"),
    Field("Labels", Kind.STRINGS),
    Field("SafetyLock", one_of=("none", "dangerous", "all")),
    Field("WorkspaceId"),
    Field("QuotaId"),
)
SEED = (
    Field("services", Kind.LIST, items=Field("", Kind.OBJECT)),
    Field(
        "lag",
        Kind.OBJECT,
        table=(Field("create", Kind.INTEGER, least=0), Field("update", Kind.INTEGER, least=0)),
    ),
)
_FAIL = (
    Field("reason", size=(1, 1000)),
    Field("next", Kind.BOOLEAN),
    Field("status", one_of=("Failed", "DeleteFailed", "Waiting", "Pending", "Running")),
)


class Records:
    """All services; `move` is called when time changed one.

    `lag` is how many answers of DescribeService come too late, after a `create` and an `update`.
    """

    def __init__(self, clock: Clock, catalog: Catalog, move: Callable[[], None]) -> None:
        self._clock = clock
        self._catalog = catalog
        self._move = move
        self._services: dict[tuple[str, str], Service] = {}
        self._number = 0
        self.lag = dict(_USUAL_LAG)

    def settled(self) -> list[Service]:
        """Return all services, as they are now."""
        found = (self.find(*key) for key in list(self._services))
        return [service for service in found if service is not None]

    def find(self, region: str, name: str) -> Service | None:
        """Return a service as it is now."""
        service = self._services.get((region, name))
        if service is None:
            return None
        if life.settle(service, self._clock):
            self._move()
        if service.status == "gone":
            del self._services[region, name]
            return None
        return service

    def add(self, body: Document, region: str, owner: str) -> Service:
        """Add a service that somebody created."""
        now = self._clock.now()
        self._number += 1
        body = {"AppVersion": _APP_VERSION, **body}
        name = body.pop("ServiceName")
        service = Service(
            service_id=life.new_id(),
            name=name,
            region=region,
            owner=owner,
            body=body,
            status="Creating",
            since=now,
            create_time=now,
            update_time=now,
            token=life.new_token(),
            number=self._number,
            hidden=self.lag["create"],
            versions=[life.configuration(body)],
        )
        self._services[region, name] = service
        return service

    def prepare(self, service: Service) -> None:
        """Look up what a service refers to: whether its deployment fails, or never ends."""
        doom = self._catalog.doom(service.body, service.region)
        service.doom = service.next_failure or doom
        service.stuck = self._catalog.waits(service.body["ServiceSpec"])

    def fail(self, service_id: str, how: Document) -> bool:
        """Let a service fail as `how` says; `False` if there is none with this id.

        `{"reason": ...}` brings it to `Failed`. `"status"` names another state: `DeleteFailed`,
        `Waiting` and `Pending` (both for good), or `Running` out of these. `"next": true` waits for
        the next deployment (which then fails) or deletion (which ends in `DeleteFailed`).
        """
        found = (one for one in self.settled() if one.service_id == service_id)
        service = next(found, None)
        if service is None or service.status == "Deleting":
            return False
        how = read(_FAIL, how)
        reason = how.get("reason", "injected failure")
        if how.get("next"):
            service.next_failure = reason
            self.prepare(service)
        else:
            _enter(service, how.get("status", "Failed"), reason, self._clock.now())
        return True

    # State

    def seed(self, document: Document) -> None:
        """Add the services of a seed and take over its lag; raises `InvalidError`."""
        self.lag.update(document.get("lag", {}))
        for row in document.get("services", ()):
            self._seed(row)

    def _seed(self, row: Document) -> None:
        names = {field.name for field in _SEEDED}
        known = {key: value for key, value in row.items() if key in names}
        said = read(_SEEDED, known, path="pai.services")
        rest = {key: value for key, value in row.items() if key not in names}
        body = read(requests.CREATE, rest, path="pai.services")
        service = self.add(body, said.get("Region", REGION), said.get("ParentUid", UID))
        service.hidden = 0
        service.service_id = said.get("ServiceId", service.service_id)
        service.labels = said.get("Labels", {})
        service.lock = said.get("SafetyLock", service.lock)
        service.workspace_id = said.get("WorkspaceId", "")
        service.quota_id = said.get("QuotaId", "")
        if "CreateTime" in said:
            at = milliseconds(said["CreateTime"], "pai.services.CreateTime")
            service.create_time = service.update_time = at
        _enter(service, said.get("Status", "Running"), "", service.since)

    def reset(self) -> None:
        """Forget everything."""
        self._services.clear()
        self.lag = dict(_USUAL_LAG)

    def dump(self) -> Document:
        """Return all services as a JSON document."""
        return {
            "services": [service.dump() for service in self._services.values()],
            "number": self._number,
            "lag": dict(self.lag),
        }

    def load(self, document: Document) -> None:
        """Take over what `dump` returned."""
        services = [Service(**row) for row in document["services"]]
        self._services = {(service.region, service.name): service for service in services}
        self._number = document["number"]
        self.lag = dict(document["lag"])


def _enter(service: Service, status: str, reason: str, at: int) -> None:
    """Bring a service into a status from outside."""
    service.doom = service.past = None
    if status == "Running":
        life.run(service, at)
    elif status == "Failed":
        life.fail(service, reason, at)
    else:
        service.stuck = reason if status == "Waiting" else None
        service.enter(status, at, reason)
