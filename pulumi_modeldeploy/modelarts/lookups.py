"""Lookups of ModelArts: specifications, services, models, pools, and what happened to a service.

    model = modelarts.get_model(model_name="mnist", model_version="1.0.2")
    modelarts.Service("digits", config=[{"model_id": model.model_id, ...}], ...)

`get_models` and its like answer all that fit, in the order of their names, maybe none; `get_model`
and its like answer exactly one or end the program with a `pulumi.RunError`. What is about one
service (`get_events`, `get_update_log`, `get_monitor`) takes its id. Where a filter is an `Output`,
the functions whose names end in `_output` answer an Output. Nothing is asked in a preview that does
not know the filter yet.

The pages leave open how exactly the cloud compares names, so filters are sent only to have less to
read and are applied here too; nor do they agree whether an offset counts pages or objects, and all
known clients count objects.

Sources: the pages of the supported specifications, of the service list, of events, update logs and
monitoring, of the model list, and of the dedicated resource pools, ModelArts API reference.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from pulumi import Input, Output

from pulumi_modeldeploy.core.declare import Reply
from pulumi_modeldeploy.core.http import Call
from pulumi_modeldeploy.core.listing import Listing
from pulumi_modeldeploy.core.lookups import (
    Cloud,
    Filter,
    Kind,
    Text,
    find,
    find_one,
    later,
)
from pulumi_modeldeploy.modelarts import api
from pulumi_modeldeploy.modelarts.lookup_replies import (
    Cluster,
    Event,
    Model,
    Monitor,
    ServiceEntry,
    Specification,
    UpdateLogEntry,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from pulumi_modeldeploy.core.http import Client
    from pulumi_modeldeploy.core.values import Json

R = TypeVar("R", bound=Reply)
Query: TypeAlias = dict[str, Any]
Truth: TypeAlias = Input[bool | None] | None
"""A filter that is true or false and may not be known yet."""
Number: TypeAlias = Input[int | None] | None
"""A filter that is a whole number and may not be known yet."""

PAGE = 1000
"""Objects in one answer, also where the cloud is not told."""


# --- queries -------------------------------------------------------------------------------------

_WORDS = re.compile(r"[A-Za-z0-9 ]+")
"""Texts that can be looked for in events."""


def _said(given: Mapping[str, Any], names: Collection[str]) -> Query:
    """Say filters as a query does."""
    words = {True: "true", False: "false"}
    said = {name: given[name] for name in names if name in given}
    return {name: words[one] if isinstance(one, bool) else one for name, one in said.items()}


def _ask(
    listing: Listing,
    sent: tuple[str, ...],
    fixed: Query,
    tidy: Callable[[Query], Query],
    client: Client,
    given: Mapping[str, Any],
) -> list[Json]:
    """Get all objects that may fit."""
    pages = {**fixed, "limit": PAGE} if listing.total else fixed
    path = {"id": given["service_id"]} if "{id}" in listing.call.path else None
    return listing.all(client, {**pages, **tidy(_said(given, sent))}, path)


def _of_models(query: Query) -> Query:
    """Names are looked for by likeness, and an underscore is any character, unless told otherwise.

    Source: the model list page.
    """
    return {**query, "exact_match": "true"} if "model_name" in query else query


def _of_events(query: Query) -> Query:
    """Texts are looked for in English and without special characters (page of events)."""
    words = query.get("event_info", "")
    return query if _WORDS.fullmatch(words) else {**query, "event_info": None}


def _monitor(call: Call, client: Client, given: Mapping[str, Any]) -> list[Json]:
    """Get the load of one service, of all its nodes or of one."""
    found = client.send(call, query=_said(given, ("node_id",)), path={"id": given["service_id"]})
    rows, node = found.body.get("monitors"), given.get("node_id")
    if node is None or not isinstance(rows, list):
        return [found.body]
    return [{**found.body, "monitors": [one for one in rows if one.get("node_id") == node]}]


# --- table ---------------------------------------------------------------------------------------

_CLOUD = Cloud(api.SETTINGS, api.place, api.connect)
_ANY_TEXT, _ANY_TRUTH = Filter(str), Filter(bool)
"""What no answer shows, so that only the cloud can tell whether it fits."""


def _kind(
    label: str,
    operation: str,
    path: str,
    listing: tuple[str, tuple[str, ...]],
    reply: type[R],
    *,
    name: str,
    sent: tuple[str, ...] = (),
    fixed: Query | None = None,
    tidy: Callable[[Query], Query] = dict,
    paged: bool = True,
    **columns: Any,
) -> Kind[R]:
    """Make a row: label, call, where objects stand and what tells them apart, reply.

    Args:
        label: What messages call it.
        operation: The vendor's name of the call.
        path: Its path within the project.
        listing: Key of the answer that holds objects, and those keys of an object that identify it.
        reply: What programs get.
        name: The attribute with the name.
        sent: Filters that the cloud knows too.
        fixed: What is always asked, such as an order that pages can rely on.
        tidy: What becomes of the filters that are sent.
        paged: Whether there are pages.
        columns: Further columns of the kind.
    """
    call = Call(operation, "GET", f"/v1/{{project_id}}/{path}")
    holds, keys = listing
    total, start = ("total_count", "offset") if paged else ("", "")
    all_of = Listing(call, holds, keys, total, start)
    fetch = functools.partial(_ask, all_of, sent, fixed or {}, tidy)
    return Kind(label, _CLOUD, reply, fetch, key=keys[0], name=name, **columns)


_SPECIFICATION = _kind(
    "specification",
    "ListSpecifications",
    "services/specifications",
    ("specifications", ("specification", "source_type")),
    Specification,
    name="specification",
    sent=("infer_type", "is_personal_cluster"),
    folded=("category",),
    filters={
        "infer_type": _ANY_TEXT,
        "is_personal_cluster": _ANY_TRUTH,
        "source_type": Filter(str, lambda one, wish: (one.source_type or "") == wish),
    },
    apart="source_type",
)
_SERVICE = _kind(
    "service",
    "ListServices",
    "services",
    ("services", ("service_id",)),
    ServiceEntry,
    name="service_name",
    sent=(
        "service_id",
        "service_name",
        "model_id",
        "workspace_id",
        "infer_type",
        "status",
        "cluster_id",
    ),
    fixed={"sort_by": "service_name", "order": "asc"},
    filters={"model_id": _ANY_TEXT, "cluster_id": _ANY_TEXT},
)
_MODEL = _kind(
    "model",
    "ListModels",
    "models",
    ("models", ("model_id",)),
    Model,
    name="model_name",
    sent=("model_name", "model_version", "model_status", "workspace_id"),
    fixed={"sort_by": "create_at", "order": "asc"},
    tidy=_of_models,
    folded=("model_type",),
    filters={
        "install_type": Filter(str, lambda one, wish: wish in (one.install_type or ())),
    },
    apart="model_version",
)
_CLUSTER = _kind(
    "dedicated resource pool",
    "ListClusters",
    "clusters",
    ("clusters", ("cluster_id",)),
    Cluster,
    name="cluster_name",
    sent=("cluster_name", "status"),
    fixed={"sort_by": "created_at", "order": "asc"},
)
_EVENT = _kind(
    "service's events",
    "ListServiceEvents",
    "services/{id}/events",
    ("events", ("occur_time", "event_info", "event_type")),
    Event,
    name="event_info",
    sent=("event_type", "event_info", "start_time", "end_time"),
    fixed={"sort_by": "occur_time", "order": "asc"},
    tidy=_of_events,
    filters={
        "service_id": _ANY_TEXT,
        "event_info": Filter(str, lambda one, wish: wish in str(one.event_info)),
        "start_time": Filter(int, lambda one, wish: (one.occur_time or 0) >= wish),
        "end_time": Filter(int, lambda one, wish: (one.occur_time or 0) <= wish),
    },
    newest="occur_time",
)
_UPDATE = _kind(
    "service's update log",
    "ListServiceLogs",
    "services/{id}/logs",
    ("logs", ("update_time",)),
    UpdateLogEntry,
    name="result",
    sent=("update_time",),
    filters={"service_id": _ANY_TEXT},
    newest="update_time",
    paged=False,
)
_MONITOR = Kind(
    "service's load",
    _CLOUD,
    Monitor,
    functools.partial(
        _monitor, Call("ShowServiceMonitor", "GET", "/v1/{project_id}/services/{id}/monitor")
    ),
    key="service_id",
    name="service_name",
    filters={"service_id": _ANY_TEXT, "node_id": _ANY_TEXT},
)


# --- functions -----------------------------------------------------------------------------------


def get_specifications(
    *,
    specification: str | None = None,
    category: str | None = None,
    infer_type: str | None = "real-time",
    is_personal_cluster: bool | None = None,
    source_type: str | None = None,
    is_open: bool | None = None,
    is_free: bool | None = None,
    over_quota: bool | None = None,
    spec_status: str | None = None,
    profile: str | None = None,
) -> list[Specification]:
    """Get all specifications that fit, in the order of their names.

    Args:
        specification: Its id, such as `modelarts.vm.cpu.2u`.
        category: `CPU`, `GPU` or `NPU`, in upper or lower case.
        infer_type: What it is for: `real-time` or `batch`.
        is_personal_cluster: Whether it is for dedicated pools; the cloud's default is the
            shared one.
        source_type: `auto`: for models made by ExeML; empty: for all others.
        is_open: Whether it may be used.
        is_free: Whether it costs nothing.
        over_quota: Whether the account's quota of it is used up.
        spec_status: State, such as `normal`.
        profile: Profile of the settings, as of `Service`.

    Raises:
        pulumi.RunError: A setting is missing, a credential stands in clear, or the cloud refuses.

    Source: page of the supported specifications, ModelArts API reference.
    """
    return find(
        _SPECIFICATION,
        specification=specification,
        category=category,
        infer_type=infer_type,
        is_personal_cluster=is_personal_cluster,
        source_type=source_type,
        is_open=is_open,
        is_free=is_free,
        over_quota=over_quota,
        spec_status=spec_status,
        profile=profile,
    )


def get_specification(
    *,
    specification: str | None = None,
    category: str | None = None,
    infer_type: str | None = "real-time",
    is_personal_cluster: bool | None = None,
    source_type: str | None = None,
    is_open: bool | None = None,
    is_free: bool | None = None,
    over_quota: bool | None = None,
    spec_status: str | None = None,
    profile: str | None = None,
) -> Specification:
    """Get the one specification that fits; filters as of `get_specifications`.

    Raises:
        pulumi.RunError: There is none, or there are several: the text names what comes near, or
            each of them. Else as of `get_specifications`.

    Source: page of the supported specifications, ModelArts API reference.
    """
    return find_one(
        _SPECIFICATION,
        specification=specification,
        category=category,
        infer_type=infer_type,
        is_personal_cluster=is_personal_cluster,
        source_type=source_type,
        is_open=is_open,
        is_free=is_free,
        over_quota=over_quota,
        spec_status=spec_status,
        profile=profile,
    )


def get_specification_output(
    *,
    specification: Text = None,
    category: Text = None,
    infer_type: Text = "real-time",
    is_personal_cluster: Truth = None,
    source_type: Text = None,
    is_open: Truth = None,
    is_free: Truth = None,
    over_quota: Truth = None,
    spec_status: Text = None,
    profile: Text = None,
) -> Output[Specification]:
    """`get_specification` for filters that may be Outputs; its errors end the program as well."""
    return later(
        get_specification,
        specification=specification,
        category=category,
        infer_type=infer_type,
        is_personal_cluster=is_personal_cluster,
        source_type=source_type,
        is_open=is_open,
        is_free=is_free,
        over_quota=over_quota,
        spec_status=spec_status,
        profile=profile,
    )


def get_services(
    *,
    service_name: str | None = None,
    service_id: str | None = None,
    infer_type: str | None = None,
    status: str | None = None,
    model_id: str | None = None,
    workspace_id: str | None = None,
    cluster_id: str | None = None,
    profile: str | None = None,
) -> list[ServiceEntry]:
    """Get all services of the project that fit, in the order of their names.

    Those that others deployed, too; an address or a configuration is not in lists.

    Args:
        service_name: Its name, spelled as it is.
        service_id: Its id.
        infer_type: `real-time`, `batch` or `edge`.
        status: State, such as `running`.
        model_id: Id of a model that it serves.
        workspace_id: Workspace that it belongs to; the usual one is `0`.
        cluster_id: Dedicated resource pool that it runs in.
        profile: Profile of the settings, as of `Service`.

    Raises:
        pulumi.RunError: A setting is missing, a credential stands in clear, or the cloud refuses.

    Source: page of the service list, ModelArts API reference.
    """
    return find(
        _SERVICE,
        service_name=service_name,
        service_id=service_id,
        infer_type=infer_type,
        status=status,
        model_id=model_id,
        workspace_id=workspace_id,
        cluster_id=cluster_id,
        profile=profile,
    )


def get_service(
    *,
    service_name: str | None = None,
    service_id: str | None = None,
    infer_type: str | None = None,
    status: str | None = None,
    model_id: str | None = None,
    workspace_id: str | None = None,
    cluster_id: str | None = None,
    profile: str | None = None,
) -> ServiceEntry:
    """Get the one service that fits; filters as of `get_services`.

    Raises:
        pulumi.RunError: There is none, or there are several: the text names what comes near, or
            each of them. Else as of `get_services`.

    Source: page of the service list, ModelArts API reference.
    """
    return find_one(
        _SERVICE,
        service_name=service_name,
        service_id=service_id,
        infer_type=infer_type,
        status=status,
        model_id=model_id,
        workspace_id=workspace_id,
        cluster_id=cluster_id,
        profile=profile,
    )


def get_service_output(
    *,
    service_name: Text = None,
    service_id: Text = None,
    infer_type: Text = None,
    status: Text = None,
    model_id: Text = None,
    workspace_id: Text = None,
    cluster_id: Text = None,
    profile: Text = None,
) -> Output[ServiceEntry]:
    """`get_service` for filters that may be Outputs; its errors end the program as well."""
    return later(
        get_service,
        service_name=service_name,
        service_id=service_id,
        infer_type=infer_type,
        status=status,
        model_id=model_id,
        workspace_id=workspace_id,
        cluster_id=cluster_id,
        profile=profile,
    )


def get_models(
    *,
    model_name: str | None = None,
    model_version: str | None = None,
    model_id: str | None = None,
    model_status: str | None = None,
    model_type: str | None = None,
    install_type: str | None = None,
    workspace_id: str | None = None,
    profile: str | None = None,
) -> list[Model]:
    """Get all models that fit, in the order of their names.

    Each version of a model is a model of its own.

    Args:
        model_name: Its name, spelled as it is.
        model_version: Its version, such as `1.0.0`.
        model_id: Its id.
        model_status: State; only `published` ones can be deployed.
        model_type: Kind of model, such as `PyTorch`, in upper or lower case.
        install_type: Kind of service that it can be deployed as: `real-time`, `batch` or
            `edge`.
        workspace_id: Workspace that it belongs to; the usual one is `0`.
        profile: Profile of the settings, as of `Service`.

    Raises:
        pulumi.RunError: A setting is missing, a credential stands in clear, or the cloud refuses.

    Source: page of the model list, ModelArts API reference.
    """
    return find(
        _MODEL,
        model_name=model_name,
        model_version=model_version,
        model_id=model_id,
        model_status=model_status,
        model_type=model_type,
        install_type=install_type,
        workspace_id=workspace_id,
        profile=profile,
    )


def get_model(
    *,
    model_name: str | None = None,
    model_version: str | None = None,
    model_id: str | None = None,
    model_status: str | None = None,
    model_type: str | None = None,
    install_type: str | None = None,
    workspace_id: str | None = None,
    profile: str | None = None,
) -> Model:
    """Get the one model that fits; filters as of `get_models`.

    Raises:
        pulumi.RunError: There is none, or there are several: the text names what comes near, or
            each of them. Else as of `get_models`.

    Source: page of the model list, ModelArts API reference.
    """
    return find_one(
        _MODEL,
        model_name=model_name,
        model_version=model_version,
        model_id=model_id,
        model_status=model_status,
        model_type=model_type,
        install_type=install_type,
        workspace_id=workspace_id,
        profile=profile,
    )


def get_model_output(
    *,
    model_name: Text = None,
    model_version: Text = None,
    model_id: Text = None,
    model_status: Text = None,
    model_type: Text = None,
    install_type: Text = None,
    workspace_id: Text = None,
    profile: Text = None,
) -> Output[Model]:
    """`get_model` for filters that may be Outputs; its errors end the program as well."""
    return later(
        get_model,
        model_name=model_name,
        model_version=model_version,
        model_id=model_id,
        model_status=model_status,
        model_type=model_type,
        install_type=install_type,
        workspace_id=workspace_id,
        profile=profile,
    )


def get_clusters(
    *,
    cluster_name: str | None = None,
    cluster_id: str | None = None,
    status: str | None = None,
    profile: str | None = None,
) -> list[Cluster]:
    """Get all dedicated resource pools of the old generation that fit, in the order of their names.

    Pools of the new generation, which `pool_name` of a service takes, are not in this list.

    Args:
        cluster_name: Its name, spelled as it is.
        cluster_id: Its id.
        status: `running`, `deploying`, `concerning` or `abnormal`.
        profile: Profile of the settings, as of `Service`.

    Raises:
        pulumi.RunError: A setting is missing, a credential stands in clear, or the cloud refuses.

    Source: page of the dedicated resource pools, ModelArts API reference.
    """
    return find(
        _CLUSTER, cluster_name=cluster_name, cluster_id=cluster_id, status=status, profile=profile
    )


def get_cluster(
    *,
    cluster_name: str | None = None,
    cluster_id: str | None = None,
    status: str | None = None,
    profile: str | None = None,
) -> Cluster:
    """Get the one dedicated resource pool that fits; filters as of `get_clusters`.

    Raises:
        pulumi.RunError: There is none, or there are several: the text names what comes near, or
            each of them. Else as of `get_clusters`.

    Source: page of the dedicated resource pools, ModelArts API reference.
    """
    return find_one(
        _CLUSTER, cluster_name=cluster_name, cluster_id=cluster_id, status=status, profile=profile
    )


def get_cluster_output(
    *,
    cluster_name: Text = None,
    cluster_id: Text = None,
    status: Text = None,
    profile: Text = None,
) -> Output[Cluster]:
    """`get_cluster` for filters that may be Outputs; its errors end the program as well."""
    return later(
        get_cluster,
        cluster_name=cluster_name,
        cluster_id=cluster_id,
        status=status,
        profile=profile,
    )


def get_events(
    *,
    service_id: str,
    event_type: str | None = None,
    event_info: str | None = None,
    start_time: int | None = None,
    end_time: int | None = None,
    profile: str | None = None,
) -> list[Event]:
    """Get what happened to a service, the newest first.

    The cloud forgets events after a month. One that is told twice is there once.

    Args:
        service_id: Id of the service.
        event_type: `normal` or `abnormal`.
        event_info: A part of the text, spelled as it is.
        start_time: Not before, milliseconds since 1970.
        end_time: Not after, milliseconds since 1970.
        profile: Profile of the settings, as of `Service`.

    Raises:
        pulumi.RunError: There is no such service, a setting is missing, a credential stands in
            clear, or the cloud refuses.

    Source: page of events, ModelArts API reference.
    """
    return find(
        _EVENT,
        service_id=service_id,
        event_type=event_type,
        event_info=event_info,
        start_time=start_time,
        end_time=end_time,
        profile=profile,
    )


def get_events_output(
    *,
    service_id: Input[str],
    event_type: Text = None,
    event_info: Text = None,
    start_time: Number = None,
    end_time: Number = None,
    profile: Text = None,
) -> Output[list[Event]]:
    """`get_events` for a service that may not be there yet; errors end the program."""
    return later(
        get_events,
        service_id=service_id,
        event_type=event_type,
        event_info=event_info,
        start_time=start_time,
        end_time=end_time,
        profile=profile,
    )


def get_update_log(
    *,
    service_id: str,
    update_time: int | None = None,
    profile: str | None = None,
) -> list[UpdateLogEntry]:
    """Get what changes of a service's configuration came to, the newest first.

    Args:
        service_id: Id of the service.
        update_time: When the change was asked for, milliseconds since 1970: the one with this
            `update_time`.
        profile: Profile of the settings, as of `Service`.

    Raises:
        pulumi.RunError: There is no such service, a setting is missing, a credential stands in
            clear, or the cloud refuses.

    Source: page of update logs, ModelArts API reference.
    """
    return find(_UPDATE, service_id=service_id, update_time=update_time, profile=profile)


def get_update_log_output(
    *,
    service_id: Input[str],
    update_time: Number = None,
    profile: Text = None,
) -> Output[list[UpdateLogEntry]]:
    """`get_update_log` for a service that may not be there yet; errors end the program."""
    return later(get_update_log, service_id=service_id, update_time=update_time, profile=profile)


def get_monitor(
    *,
    service_id: str,
    node_id: str | None = None,
    profile: str | None = None,
) -> Monitor:
    """Get the load of a service at the moment.

    Args:
        service_id: Id of the service.
        node_id: An edge node; default: all of them.
        profile: Profile of the settings, as of `Service`.

    Raises:
        pulumi.RunError: There is no such service, a setting is missing, a credential stands in
            clear, or the cloud refuses.

    Source: page of monitoring, ModelArts API reference.
    """
    return find(_MONITOR, service_id=service_id, node_id=node_id, profile=profile)[0]


def get_monitor_output(
    *,
    service_id: Input[str],
    node_id: Text = None,
    profile: Text = None,
) -> Output[Monitor]:
    """`get_monitor` for a service that may not be there yet; errors end the program."""
    return later(get_monitor, service_id=service_id, node_id=node_id, profile=profile)
