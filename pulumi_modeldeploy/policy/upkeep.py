"""Rules about what keeps services in order: when they stop, who is told, whose they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pulumi_modeldeploy.core.checks import number
from pulumi_modeldeploy.policy.configuration import Settings, setting
from pulumi_modeldeploy.policy.facets import is_real_time, runs
from pulumi_modeldeploy.policy.safety import in_pool
from pulumi_modeldeploy.policy.views import (
    ModelArtsService,
    PaiAppService,
    View,
    ZStackDeployment,
    ZStackModelService,
    about,
    at,
    given,
    known,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pulumi_modeldeploy.core.checks import Report
    from pulumi_modeldeploy.modelarts import ScheduleArgs
    from pulumi_modeldeploy.policy.editing import Inputs

HOURS_IN = {"DAYS": 24.0, "HOURS": 1.0, "MINUTES": 1 / 60}


@dataclass(frozen=True)
class Stop(Settings):
    """When services stop."""

    hours: int = setting(12, "Most hours that a service runs before it stops by itself.", minimum=1)


def automatic_stop(service: ModelArtsService, settings: Stop, report: Report) -> None:
    """A service stops by itself.

    Nobody stops on Friday what was started on Monday. Judged are real-time services that run; the
    next `pulumi up` leaves one alone that its schedule stopped.
    """
    if not _should_stop(service):
        return
    if not service.schedule:
        report(at(service, "schedule"), f"must stop the service after {settings.hours} hours")
        return
    for one, hours in _late(service, settings):
        report(
            at(one, "duration"),
            f"must stop the service after at most {settings.hours} hours",
            f"is {number(hours)} hours",
        )


def _should_stop(service: ModelArtsService) -> bool:
    return is_real_time(service) and runs(service)


def _late(service: ModelArtsService, settings: Stop) -> Iterator[tuple[ScheduleArgs, float]]:
    """Walk over schedules that let the service run for too long, with their hours."""
    for one in known(service.schedule, "time_unit", "duration"):
        hours = one.duration * HOURS_IN.get(one.time_unit, 0.0)
        if hours > settings.hours:
            yield one, hours


def schedule_stop(service: ModelArtsService, settings: Stop, inputs: Inputs) -> None:
    """Let the service stop after the configured hours, where it runs for longer or for ever."""
    if not _should_stop(service):
        return
    if not service.schedule:
        stop = {"type": "stop", "time_unit": "HOURS", "duration": settings.hours}
        inputs.put(service, "schedule", [stop])
    for one, _ in _late(service, settings):
        inputs.put(one, "time_unit", "HOURS")
        inputs.put(one, "duration", settings.hours)


def log_reporting(service: ModelArtsService, settings: Settings, report: Report) -> None:
    """Logs are reported to LTS.

    Instances take their logs along when they go, and those of a failed one are the ones that are
    needed. Once there are channels, changing or removing them replaces the service.
    """
    del settings
    if not _reports(service):
        report("additional_properties.log_report_channels", "must report to LTS")


def _reports(service: ModelArtsService) -> bool:
    properties = service.additional_properties
    return properties is not None and bool(properties.log_report_channels)


def report_logs(service: ModelArtsService, settings: Settings, inputs: Inputs) -> None:
    """Add a channel to LTS, for which ModelArts makes group and stream."""
    del settings
    channels = [{"type": "LTS"}]
    if service.additional_properties is None:
        inputs.put(service, "additional_properties", {"log_report_channels": channels})
    elif not _reports(service):
        inputs.put(service.additional_properties, "log_report_channels", channels)


FAILED = 1
"""The event of a service that failed, table 11 of the create page."""


@dataclass(frozen=True)
class Events(Settings):
    """What somebody is told about."""

    events: tuple[int, ...] = setting(
        (FAILED,), "Changes that must be told: 1 failed, 3 running, 7 concerning, 11 pending."
    )


def failure_notifications(service: ModelArtsService, settings: Events, report: Report) -> None:
    """Somebody is told when a service fails.

    By SMN, which sends mails, messages and calls to whoever subscribed to the topic.
    """
    properties = service.additional_properties
    path = "additional_properties.smn_notification"
    if properties is None or properties.smn_notification is None:
        report(path, "must be given: somebody is to be told when the service fails")
        return
    told = properties.smn_notification.events
    missing = [str(event) for event in settings.events if event not in told]
    if missing:
        report(f"{path}.events", f"must hold {', '.join(missing)}")


@dataclass(frozen=True)
class Labels(Settings):
    """What services say about whose they are."""

    keys: tuple[str, ...] = setting(("owner",), "Keys that there must be.")
    values: Mapping[str, str] = setting(
        {}, "Values for those that are missing, by key: what the remediation fills in."
    )


def owner_label(service: View, settings: Labels, report: Report) -> None:
    """Services say whose they are.

    Bills and alarms need an addressee. A label on PAI; on ZStack a user tag `key::value`. An empty
    value names nobody. ModelArts has neither.
    """
    name = "labels" if isinstance(service, PaiAppService) else "user_tags"
    for key in _missing(service, settings):
        what = "a label" if name == "labels" else "a tag of the form key::value with"
        report(at(service, name), f"must have {what} {key}")


def _missing(service: View, settings: Labels) -> list[str]:
    """The keys that a service lacks, or has without a value; none where that is not known."""
    if isinstance(service, PaiAppService):
        labels = service.labels or {}
        empty = {key for key, value in known(labels) if not str(value).strip()}
        there = set(labels) - empty
    elif isinstance(service, ZStackDeployment | ZStackModelService):
        tags = [tag.partition("::") for tag in service.user_tags or ()]
        there = {key for key, _, value in tags if value.strip()}
    else:
        return []
    return [key for key in settings.keys if key not in there]


def add_labels(service: View, settings: Labels, inputs: Inputs) -> None:
    """Add the labels that are missing, those for which a value is configured."""
    for key in _missing(service, settings):
        value = settings.values.get(key)
        if value is None:
            continue
        if isinstance(service, PaiAppService):
            inputs.enter(service, "labels", key, value)
        elif isinstance(service, ZStackDeployment | ZStackModelService):
            inputs.append(service, "user_tags", f"{key}::{value}")


def protected(service: View, settings: Settings, report: Report) -> None:
    """Services are protected from deletion.

    `ResourceOptions(protect=True)` makes Pulumi refuse to delete a service, or to replace it, until
    somebody takes the option away in a run of its own.
    """
    del settings
    if not about(service).protect:
        report("protect", "must be True among the resource options")


@dataclass(frozen=True)
class Locks(Settings):
    """How app services are locked."""

    levels: tuple[str, ...] = setting(
        ("dangerous", "all"), "Levels of the lock that will do: `dangerous`, `all`."
    )


def safety_lock(service: PaiAppService, settings: Locks, report: Report) -> None:
    """App services are locked against mistakes.

    Pulumi's own protection does not reach the console; PAI's lock does. `dangerous` forbids
    stopping and deleting, `all` every change; this package lifts it for changes of its own.
    """
    if (service.safety_lock or "none") not in settings.levels:
        report(at(service, "safety_lock"), f"must be {' or '.join(settings.levels)}")


def dedicated_pool(
    service: ModelArtsService | PaiAppService, settings: Settings, report: Report
) -> None:
    """Services run on resources of the team's own.

    In the public pool a service competes with other customers when it starts, and shares their
    hosts. On ModelArts a real-time service needs a dedicated pool, on PAI a service needs a quota.
    Edge services run on nodes of the team's own anyway, and take no `pool_name`; batch services
    come and go, and by the vendor's manuals run in the public pool: both are not judged.
    """
    del settings
    if isinstance(service, PaiAppService):
        if not given(service, "quota_id"):
            report(at(service, "quota_id"), "must be given: resources of a quota")
    elif is_real_time(service) and not in_pool(service):
        report(at(service, "pool_name"), "must be given: a dedicated resource pool")
