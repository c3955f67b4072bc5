"""What ModelArts shows of its services, and how lists are filtered, sorted and cut into pages.

Sources: show page, list page, pages of events, update logs and monitoring. Optional keys that are
not set are left out, but `additional_properties`, `envs` and `custom_spec` are shown empty, as in
the pages' samples.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pulumi_modeldeploy.emulator import modelarts_services as life
from pulumi_modeldeploy.emulator.fields import Field, Kind
from pulumi_modeldeploy.emulator.huawei_iam import DOMAIN_ID
from pulumi_modeldeploy.emulator.modelarts_requests import BATCH, INFER_TYPES, REAL_TIME

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pulumi_modeldeploy.emulator.calls import Document
    from pulumi_modeldeploy.emulator.modelarts_catalog import Catalog
    from pulumi_modeldeploy.emulator.modelarts_services import Service

#: Shown for a service only if it has them (show page: returned only with such a pool or network).
_PLACES = ("cluster_id", "pool_name", "vpc_id", "subnet_network_id", "security_group_id")

#: Shown for a config element as sent. `deploy_timeout_in_seconds` is not on the show page, neither
#: are the service's `service_secrets`.
_ECHOED = (
    "weight",
    "instance_count",
    "cluster_id",
    "pool_name",
    "src_path",
    "dest_path",
    "req_uri",
    "mapping_type",
    "mapping_rule",
    "src_type",
    "affinity",
)

#: status of the service -> status of its config elements; `notReady` in all others.
_CONFIG_STATUS = {"running": "ready", "concerning": "concerning", "finished": "ready"}


# --- one service ------------------------------------------------------------------------------


def list_item(service: Service, *, now: int, progress: int, free: bool) -> Document:
    """Return what the list page shows of a service."""
    body = service.body
    item: Document = {
        "service_id": service.service_id,
        "service_name": service.name,
        "description": body.get("description", ""),
        "tenant": DOMAIN_ID,
        "project": service.project,
        "owner": service.owner,
        "publish_at": service.publish_at,
        "update_time": service.update_time,
        "infer_type": service.infer_type,
        "workspace_id": body.get("workspace_id", "0"),
        "status": service.status,
        "progress": progress,
        "is_shared": False,
        "shared_count": 0,
        "invocation_times": service.invocation_times,
        "failed_times": service.failed_times,
        "operation_time": now,
        "transition_at": service.since,
        "is_free": free,
        "additional_properties": body.get("additional_properties", {}),
    }
    item.update((key, body[key]) for key in ("load_balancer_policy", "priority") if key in body)
    if body.get("schedule"):
        item["schedule"] = body["schedule"]
    if service.due_time is not None:
        item["due_time"] = service.due_time
    if service.status == "failed":
        item["error_msg"] = service.error_msg
    return item


def document(service: Service, item: Document, catalog: Catalog, base_url: str) -> Document:
    """Return what the show page shows of a service, which includes its list item."""
    body = service.body
    shown = {**item, **{key: body[key] for key in _PLACES if key in body}}
    shown["config"] = [_config(service, config, catalog) for config in body["config"]]
    if service.infer_type == REAL_TIME and life.serves(service):
        shown["access_address"] = f"{base_url}/v1/infers/{service.service_id}"
    return shown


def named(service: Service, config: Document) -> Document:
    """Return which model a config element is about."""
    model = service.models.get(config["model_id"], {})
    return {
        "model_id": config["model_id"],
        "model_name": model.get("model_name", ""),
        "model_version": model.get("model_version", ""),
    }


def _config(service: Service, config: Document, catalog: Catalog) -> Document:
    shown: Document = {
        **named(service, config),
        "specification": config["specification"],
        "custom_spec": config.get("custom_spec", {}),
        "status": _CONFIG_STATUS.get(service.status, "notReady"),
        "scaling": False,
        "envs": config.get("envs", {}),
        "additional_properties": config.get("additional_properties", {}),
        "support_debug": False,
    }
    shown.update((key, config[key]) for key in _ECHOED if key in config)
    if service.models.get(config["model_id"], {}).get("model_source") == "auto":
        shown["source_type"] = "auto"
    details = catalog.details(config["specification"])
    if details:
        shown["specification_details"] = details
    if "nodes" in config:
        shown["nodes"] = [_node(node, service) for node in config["nodes"]]
    if service.infer_type == BATCH and service.started_at is not None:
        shown["start_time"] = service.started_at
    if service.finished_at is not None:
        shown["finished_time"] = service.finished_at
    return shown


def _node(node_id: str, service: Service) -> Document:
    """Return the object that an edge node is shown as: asked for by id, shown with its details."""
    return {
        "id": node_id,
        "name": f"node-{node_id[:8]}",
        "instance_status": "running" if life.serves(service) else "notReady",
        "predict_url": f"http://{node_id}.edge.invalid/{service.service_id}",
        "node_label": "",
        "description": "",
        "host_name": f"host-{node_id[:8]}",
        "os_name": "linux",
        "os_type": "linux",
        "os_version": "EulerOS 2.0",
        "arch": "x86_64",
        "cpu": 8,
        "memory": 32768,
        "gpu_num": 0,
        "enable_gpu": False,
        "host_ips": ["192.0.2.1"],
        "deployment_num": 1,
        "state": "RUNNING",
    }


def monitor(service: Service) -> Document:
    """Return what the monitoring page shows; the numbers of load are made up."""
    running = life.serves(service)
    rows = []
    for config in service.body["config"]:
        count = config.get("instance_count", 1)
        row = {
            **named(service, config),
            "invocation_times": service.invocations.get(config["model_id"], 0),
            "failed_times": 0,
            "cpu_core_usage": "0.0",
            "cpu_core_total": "2.0",
            "cpu_memory_usage": "0",
            "cpu_memory_total": "8192",
            "model_instance_count": count,
            "model_running_instance_count": count if running else 0,
        }
        rows.append(row)
    return {
        "service_id": service.service_id,
        "service_name": service.name,
        "service_instance_count": sum(row["model_instance_count"] for row in rows),
        "service_running_instance_count": sum(row["model_running_instance_count"] for row in rows),
        "req_count_per_min": 0,
        "monitors": rows,
    }


# --- lists ------------------------------------------------------------------------------------


def whole(name: str) -> Field:
    """Return a row for a whole number in a query, where all values are text."""
    return Field(name, Kind.INTEGER, text_ok=True, least=0)


_ORDER = Field("order", one_of=("asc", "desc"))
_BOOLEANS = ("true", "false")

SORT_KEYS: dict[str, Callable[[Service], tuple[Any, int]]] = {
    "publish_at": lambda service: (service.publish_at, service.number),
    "service_name": lambda service: (service.name, service.number),
    "transition_at": lambda service: (service.since, service.number),
}

#: What a list filter compares. The name matches in part: the page leaves it open, so clients must
#: compare names themselves.
_FILTERS: Mapping[str, Callable[[Service, str], bool]] = {
    "service_id": lambda service, value: service.service_id == value,
    "service_name": lambda service, value: value in service.name,
    "infer_type": lambda service, value: service.infer_type == value,
    "status": lambda service, value: service.status == value,
    "workspace_id": lambda service, value: service.body.get("workspace_id", "0") == value,
    "cluster_id": lambda service, value: service.body.get("cluster_id") == value,
    "model_id": lambda service, value: any(
        config["model_id"] == value for config in service.body["config"]
    ),
}

PAGE_QUERY = (whole("offset"), whole("limit"))
LIST_QUERY = (
    *PAGE_QUERY,
    _ORDER,
    Field("sort_by", one_of=tuple(SORT_KEYS)),
    Field("infer_type", blank=True, one_of=INFER_TYPES),
    Field("status", blank=True, one_of=life.STATUSES),
    *(Field(name, blank=True) for name in _FILTERS if name not in ("infer_type", "status")),
)
EVENT_QUERY = (
    *PAGE_QUERY,
    _ORDER,
    Field("sort_by", one_of=("occur_time",)),
    Field("event_type", one_of=(life.NORMAL, life.ABNORMAL)),
    Field("event_info"),
    whole("start_time"),
    whole("end_time"),
)
SPECIFICATION_QUERY = (
    *PAGE_QUERY,
    Field("infer_type", one_of=("real-time", "batch")),
    Field("is_personal_cluster", one_of=_BOOLEANS),
)
MODEL_QUERY = (
    *PAGE_QUERY,
    Field("model_name", blank=True),
    Field("model_version", blank=True),
    Field("model_status", blank=True),
    Field("exact_match", one_of=_BOOLEANS),
)


def select(services: Sequence[Service], query: Document) -> list[Service]:
    """Return the services that a list call asks for, in its order, not yet cut into pages."""
    found = [service for service in services if _matches(service, query)]
    found.sort(key=SORT_KEYS[query.get("sort_by", "publish_at")], reverse=_descends(query))
    return found


def select_events(service: Service, query: Document) -> list[Document]:
    """Return the events that a call asks for, newest first unless it says otherwise."""
    events = [event for event in service.events if _event_matches(event, query)]
    return events[::-1] if _descends(query) else events


def select_models(models: Sequence[Document], query: Document) -> list[Document]:
    """Return the models that a call asks for; names match in part unless it says otherwise."""
    return [model for model in models if _model_matches(model, query)]


def page(rows: Sequence[Any], query: Document) -> list[Any]:
    """Cut out a page; the offset counts records, as all known clients take it."""
    offset: int = query.get("offset", 0)
    limit: int = query.get("limit", 1000)
    return list(rows[offset : offset + limit])


def _descends(query: Document) -> bool:
    return bool(query.get("order", "desc") == "desc")


def _matches(service: Service, query: Document) -> bool:
    return all(fits(service, query[name]) for name, fits in _FILTERS.items() if name in query)


def _event_matches(event: Document, query: Document) -> bool:
    at: int = event["occur_time"]
    return bool(
        query.get("event_type") in (None, event["event_type"])
        and query.get("event_info", "") in event["event_info"]
        and query.get("start_time", at) <= at <= query.get("end_time", at)
    )


def _model_matches(model: Document, query: Document) -> bool:
    name = query.get("model_name", "")
    exact = query.get("exact_match") == "true"
    if name and (name != model["model_name"] if exact else name not in model["model_name"]):
        return False
    return all(query.get(key) in (None, model[key]) for key in ("model_version", "model_status"))
