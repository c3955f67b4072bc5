"""Lookups of PAI: services, what happened to one, and how it is reached.

    chat = pai.get_service(labels={"team": "chat"}, status="Running")
    pulumi.export("url", chat.internet_endpoint)

`get_services` answers all that fit, in the order of their names, maybe none; `get_service` answers
exactly one, with its addresses, or ends the program with a `pulumi.RunError`. What is about one
service (`get_service_events`, `get_service_endpoints`) takes its name. Where a filter is an
`Output`, the functions whose names end in `_output` answer an Output. Nothing is asked in a preview
that does not know the filter yet.

Lists hold all services of the account in the region, not only app services, and no others': a name
that another account has is not found by `get_service`, and the others say whose it is.

The pages leave open how exactly the cloud compares what a list is filtered by, so filters are sent
only to have less to read and are applied here too.

Sources: ListServices, DescribeService, DescribeServiceEvent and DescribeServiceEndpoints.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from pulumi import Input, Output

from pulumi_modeldeploy.core.listing import Listing
from pulumi_modeldeploy.core.lookups import Cloud, Filter, Kind, Text, find, find_one, later
from pulumi_modeldeploy.core.values import unpacked
from pulumi_modeldeploy.pai import api
from pulumi_modeldeploy.pai.lookup_replies import (
    ServiceDetails,
    ServiceEndpoints,
    ServiceEntry,
    ServiceEvent,
)
from pulumi_modeldeploy.pai.service import event_time, labels_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from pulumi_modeldeploy.core.http import Client
    from pulumi_modeldeploy.core.values import Json

E = TypeVar("E", bound=ServiceEntry)
Labels: TypeAlias = Input[Mapping[str, Input[str]] | None] | None
"""Labels to look a service up by that may not be known yet."""

PAGE = 100
"""Objects in one answer, also where the cloud is not told; the most is not documented."""


# --- queries -------------------------------------------------------------------------------------

_SERVICES = Listing(
    api.LIST, "Services", ("ServiceName",), "TotalCount", "PageNumber", numbered=True
)
_EVENTS = Listing(
    api.EVENTS,
    "Events",
    ("Time", "Type", "Reason", "Message", "Resource"),
    "TotalCount",
    "PageNum",
    numbered=True,
)
# Not the status: the filter's list lacks some of those that services have.
_SENT = {
    "service_name": "ServiceName",
    "service_id": "ServiceUid",
    "workspace_id": "WorkspaceId",
    "quota_id": "QuotaId",
}


def _list(client: Client, given: Mapping[str, Any]) -> list[Json]:
    """Get all services that may fit; what is new comes on the last page."""
    query = {"PageSize": PAGE, "Sort": "CreateTime", "Order": "asc"}
    query |= {key: given[name] for name, key in _SENT.items() if given.get(name)}
    if given.get("labels"):
        query["Label"] = json.dumps(given["labels"])
    return [_plain(one) for one in _SERVICES.all(client, query)]


def _describe(client: Client, one: ServiceEntry) -> Json:
    """Get a service with its addresses, which lists do not show."""
    return _plain(client.send(api.DESCRIBE, path={"id": one.service_name}).body)


def _plain(document: Json) -> Json:
    """Turn labels into a map, and the configuration out of its text."""
    config = unpacked(document.get("AppConfig"))
    # What services of other kinds have there is not documented.
    known = config if isinstance(config, dict) else None
    return {**document, "Labels": labels_of(document), "AppConfig": known}


def _events(client: Client, given: Mapping[str, Any]) -> list[Json]:
    """Get the events of a service, the oldest first; pages begin with the newest."""
    query = {
        "EventType": given.get("event_type"),
        "InstanceName": given.get("instance_name"),
        "StartTime": _moment(given.get("start_time")),
        "EndTime": _moment(given.get("end_time")),
        "PageSize": PAGE,
    }
    return _EVENTS.all(client, query, {"id": given["service_name"]})[::-1]


def _moment(text: str | None) -> str | None:
    return event_time(text) if text else None


def _endpoints(client: Client, given: Mapping[str, Any]) -> list[Json]:
    """Get the ways to reach one service."""
    name = given["service_name"]
    return [{**client.send(api.ENDPOINTS, path={"id": name}).body, "ServiceName": name}]


# --- table ---------------------------------------------------------------------------------------

_CLOUD = Cloud(api.SETTINGS, api.place, api.connect)
_ANY_TEXT = Filter(str)
"""What no answer shows, so that only the cloud can tell whether it fits."""


def _has_labels(one: ServiceEntry, wanted: Mapping[str, str]) -> bool:
    return wanted.items() <= one.labels.items()


def _kind(reply: type[E], whole: Callable[[Client, E], Json] | None = None) -> Kind[E]:
    """Make the row of services, alone or with what lists leave out."""
    return Kind(
        "service",
        _CLOUD,
        reply,
        _list,
        key="service_id",
        name="service_name",
        filters={"labels": Filter(dict, _has_labels)},
        whole=whole,
    )


_SERVICE = _kind(ServiceEntry)
_DETAILS = _kind(ServiceDetails, _describe)
_EVENT = Kind(
    "service's events",
    _CLOUD,
    ServiceEvent,
    _events,
    key="time",
    name="reason",
    filters={
        "service_name": _ANY_TEXT,
        "instance_name": _ANY_TEXT,
        "event_type": Filter(str, lambda one, wish: one.type == wish),
        "start_time": Filter(str, lambda one, wish: (one.time or "") >= (_moment(wish) or "")),
        "end_time": Filter(str, lambda one, wish: (one.time or "") <= (_moment(wish) or "")),
    },
    newest="time",
)
_REACHED = Kind(
    "service's endpoints",
    _CLOUD,
    ServiceEndpoints,
    _endpoints,
    key="service_name",
    name="service_name",
)


# --- functions -----------------------------------------------------------------------------------


def get_services(
    *,
    service_name: str | None = None,
    service_id: str | None = None,
    app_type: str | None = None,
    service_spec: str | None = None,
    status: str | None = None,
    labels: Mapping[str, str] | None = None,
    workspace_id: str | None = None,
    quota_id: str | None = None,
    profile: str | None = None,
) -> list[ServiceEntry]:
    """Get all services of the account in the region that fit, in the order of their names.

    Those that others deployed, too, and in other ways than as an app; an address or a token is not
    in lists.

    Args:
        service_name: Its name, spelled as it is.
        service_id: Its id, `eas-m-...`.
        app_type: Type of the application; `LLM`: app services only.
        service_spec: Specification, such as `llama_7b_fp16`.
        status: State, such as `Running`.
        labels: Labels that it has, maybe among others.
        workspace_id: Workspace that it belongs to.
        quota_id: Resource quota that it uses.
        profile: Profile of the settings, as of `AppService`.

    Raises:
        pulumi.RunError: A setting is missing, a credential stands in clear, or the cloud refuses.

    https://www.alibabacloud.com/help/en/pai/developer-reference/api-eas-2021-07-01-listservices
    """
    return find(
        _SERVICE,
        service_name=service_name,
        service_id=service_id,
        app_type=app_type,
        service_spec=service_spec,
        status=status,
        labels=labels,
        workspace_id=workspace_id,
        quota_id=quota_id,
        profile=profile,
    )


def get_service(
    *,
    service_name: str | None = None,
    service_id: str | None = None,
    app_type: str | None = None,
    service_spec: str | None = None,
    status: str | None = None,
    labels: Mapping[str, str] | None = None,
    workspace_id: str | None = None,
    quota_id: str | None = None,
    profile: str | None = None,
) -> ServiceDetails:
    """Get the one service that fits, with its addresses; filters as of `get_services`.

    Its token is answered by `get_service_endpoints` only.

    Raises:
        pulumi.RunError: There is none, or there are several: the text names what comes near, or
            each of them. Else as of `get_services`.

    https://www.alibabacloud.com/help/en/pai/developer-reference/api-eas-2021-07-01-describeservice
    """
    return find_one(
        _DETAILS,
        service_name=service_name,
        service_id=service_id,
        app_type=app_type,
        service_spec=service_spec,
        status=status,
        labels=labels,
        workspace_id=workspace_id,
        quota_id=quota_id,
        profile=profile,
    )


def get_service_output(
    *,
    service_name: Text = None,
    service_id: Text = None,
    app_type: Text = None,
    service_spec: Text = None,
    status: Text = None,
    labels: Labels = None,
    workspace_id: Text = None,
    quota_id: Text = None,
    profile: Text = None,
) -> Output[ServiceDetails]:
    """`get_service` for filters that may be Outputs; its errors end the program as well."""
    return later(
        get_service,
        service_name=service_name,
        service_id=service_id,
        app_type=app_type,
        service_spec=service_spec,
        status=status,
        labels=labels,
        workspace_id=workspace_id,
        quota_id=quota_id,
        profile=profile,
    )


def get_service_events(
    *,
    service_name: str,
    event_type: str | None = None,
    instance_name: str | None = None,
    start_time: str | None = None,
    end_time: str | None = None,
    profile: str | None = None,
) -> list[ServiceEvent]:
    """Get what happened to a service, the newest first.

    Args:
        service_name: Name of the service.
        event_type: `Normal` or `Warning`.
        instance_name: Instance that it happened to.
        start_time: Only since then, in UTC, as `2026-01-02 03:04:05` or as outputs of services
            say it, `2026-01-02T03:04:05Z`. The cloud's default: seven days ago.
        end_time: Only until then, spelled as `start_time`. The cloud's default: now.
        profile: Profile of the settings, as of `AppService`.

    Raises:
        pulumi.RunError: There is no such service, it is another account's, a setting is missing, a
            credential stands in clear, or the cloud refuses.

    Source: DescribeServiceEvent.
    """
    return find(
        _EVENT,
        service_name=service_name,
        event_type=event_type,
        instance_name=instance_name,
        start_time=start_time,
        end_time=end_time,
        profile=profile,
    )


def get_service_events_output(
    *,
    service_name: Input[str],
    event_type: Text = None,
    instance_name: Text = None,
    start_time: Text = None,
    end_time: Text = None,
    profile: Text = None,
) -> Output[list[ServiceEvent]]:
    """`get_service_events` for a service that may not be there yet; errors end the program."""
    return later(
        get_service_events,
        service_name=service_name,
        event_type=event_type,
        instance_name=instance_name,
        start_time=start_time,
        end_time=end_time,
        profile=profile,
    )


def get_service_endpoints(*, service_name: str, profile: str | None = None) -> ServiceEndpoints:
    """Get all ways to reach a service, and its token.

    The token is a secret Output, also here, where nothing has to be waited for: what is made of it
    by `apply`, exported or given to a resource is encrypted in the state and not shown.

    Args:
        service_name: Name of the service.
        profile: Profile of the settings, as of `AppService`.

    Raises:
        pulumi.RunError: There is no such service, it is another account's, a setting is missing, a
            credential stands in clear, or the cloud refuses.

    Source: DescribeServiceEndpoints.
    """
    return find(_REACHED, service_name=service_name, profile=profile)[0]


def get_service_endpoints_output(
    *,
    service_name: Input[str],
    profile: Text = None,
) -> Output[ServiceEndpoints]:
    """`get_service_endpoints` for a service that may not be there yet; errors end the program."""
    return later(get_service_endpoints, service_name=service_name, profile=profile)
