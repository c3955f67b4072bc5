"""What PAI-EAS answers: services, instances, events, endpoints, diagnoses, and pages of them.

Sources: structures `Service` and `Instance`, pages of the operations. Lists show neither endpoints
nor tokens.
"""

from __future__ import annotations

import hashlib
import json
import math
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from pulumi_modeldeploy.emulator import pai_services as life
from pulumi_modeldeploy.emulator.clock import MILLISECONDS
from pulumi_modeldeploy.emulator.fields import Breach, InvalidError
from pulumi_modeldeploy.emulator.pai_catalog import size
from pulumi_modeldeploy.emulator.pai_requests import labels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pulumi_modeldeploy.emulator.calls import Document
    from pulumi_modeldeploy.emulator.clock import Clock
    from pulumi_modeldeploy.emulator.pai_services import Service

#: Path of the data plane: a host of the vendor's, as one part of the path, and the path there.
SERVING = "/{host}/api/predict/{service}"

_EVENT_TIME = "%Y-%m-%d %H:%M:%S"
_WEEK = 7 * 24 * 3600 * MILLISECONDS
_PAGE_SIZE = 100
_PORT = 8080


def _utc(at: int) -> datetime:
    return datetime.fromtimestamp(at / MILLISECONDS, timezone.utc)


def _rfc3339(at: int) -> str:
    return _utc(at).strftime("%Y-%m-%dT%H:%M:%SZ")


def _compact(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


# --- services ---------------------------------------------------------------------------------


def endpoints(service: Service, base_url: str) -> Document:
    """Return the addresses of a service, out of the internet and out of its VPC."""
    hosts = {
        "InternetEndpoint": f"{service.owner}.{service.region}.pai-eas.aliyuncs.com",
        "IntranetEndpoint": f"{service.owner}.vpc.{service.region}.pai-eas.aliyuncs.com",
    }
    return {
        key: base_url + SERVING.format(host=host, service=service.name)
        for key, host in hosts.items()
    }


def document(service: Service, clock: Clock, base_url: str) -> Document:
    """Return a service as DescribeService shows it."""
    token = {"AccessToken": service.token}
    return {**item(service, clock), **endpoints(service, base_url), **token}


def item(service: Service, clock: Clock) -> Document:
    """Return a service as lists show it."""
    body, has = service.body, size(service.body["ServiceSpec"])
    total = 0 if service.status == "Stopped" else service.replicas
    up = min(life.running(service, clock), total)
    return {
        "ServiceId": service.service_id,
        "ServiceUid": service.service_id,
        "ServiceName": service.name,
        "Namespace": service.name,
        "Region": service.region,
        "Status": service.status,
        "Reason": service.status.upper(),
        "Message": service.message,
        "AppType": body["AppType"],
        "AppSpecName": body["ServiceSpec"],
        "AppVersion": body["AppVersion"],
        "AppConfig": _compact(body["Config"]) if "Config" in body else "",
        "TotalInstance": total,
        "RunningInstance": up,
        "PendingInstance": total - up,
        "Cpu": has.cpu,
        "Gpu": has.gpu,
        "Memory": has.memory,
        "Image": f"eas-registry-vpc.{service.region}.cr.aliyuncs.com/pai-eas/llm:emulator",
        "ServiceConfig": _compact(_config(service)),
        "CurrentVersion": service.current,
        "LatestVersion": service.latest,
        "CallerUid": service.owner,
        "ParentUid": service.owner,
        "CreateTime": _rfc3339(service.create_time),
        "UpdateTime": _rfc3339(service.update_time),
        "WorkspaceId": service.workspace_id,
        "QuotaId": service.quota_id,
        "Resource": "",
        "ResourceAlias": "",
        "ResourceBurstable": False,
        "InstanceCountInResource": {"Public": total, "Dedicated": 0, "Quota": 0},
        "Labels": [{"LabelKey": key, "LabelValue": value} for key, value in service.labels.items()],
        "SafetyLock": service.lock,
        "ServiceGroup": "",
        "Gateway": "",
        "Weight": 0,
        "TrafficState": "standalone",
        "Role": "Standard",
        "Source": "",
        "ExtraData": "",
        "AutoscalerEnabled": False,
        "CronscalerEnabled": False,
    }


def _config(service: Service) -> Document:
    """Return the configuration that EAS makes out of an app; its exact content is not published."""
    has, config = size(service.body["ServiceSpec"]), service.body.get("Config", {})
    metadata = {
        "name": service.name,
        "instance": service.replicas,
        "cpu": has.cpu,
        "gpu": has.gpu,
        "memory": has.memory,
        "workspace_id": service.workspace_id,
    }
    mount = config.get("OssPath")
    storage = [{"mount_path": "/model_dir/", "oss": {"path": mount}}] if mount else []
    return {"metadata": metadata, "name": service.name, "storage": storage}


#: Filter of a list -> field of a service that it is compared with.
_EQUAL = {
    "ServiceName": "ServiceName",
    "ServiceUid": "ServiceUid",
    "ServiceStatus": "Status",
    "GroupName": "ServiceGroup",
    "QuotaId": "QuotaId",
    "Gateway": "Gateway",
    "Role": "Role",
    "ResourceId": "Resource",
    "ResourceName": "Resource",
    "ResourceAliasName": "ResourceAlias",
    "ResourceBurstable": "ResourceBurstable",
    "AutoscalerEnabled": "AutoscalerEnabled",
    "CronscalerEnabled": "CronscalerEnabled",
    "TrafficState": "TrafficState",
    "CallerUid": "CallerUid",
}
#: Filters by what no field shows -> what an app service is.
_KNOWN = {"ServiceType": "Standard", "ResourceType": "PublicResource", "ParentServiceUid": ""}


def select(items: Sequence[Document], query: Document) -> list[Document]:
    """Return the services that a list asks for, in its order: the newest first if not told."""
    wanted = labels(query["Label"]) if "Label" in query else {}
    found = [row for row in items if _fits(row, query) and _has(row, wanted)]
    key = query.get("Sort", "CreateTime")
    if found and key not in found[0]:
        raise InvalidError("Sort", Breach.VALUE, "must be a field of services")
    return sorted(found, key=lambda row: str(row[key]), reverse=query.get("Order") != "asc")


def _fits(row: Document, query: Document) -> bool:
    equal = all(
        str(row[field]).lower() == query[name].lower()
        for name, field in _EQUAL.items()
        if name in query
    )
    known = all(value == query[name] for name, value in _KNOWN.items() if name in query)
    return equal and known and query.get("Filter", "") in row["ServiceName"] and _in(row, query)


def _in(row: Document, query: Document) -> bool:
    """Services without a workspace are in every one, unless they are left out."""
    workspace = row["WorkspaceId"]
    if not workspace:
        return str(query.get("IncludeNoWorkspace", "true")).lower() != "false"
    return bool(query.get("WorkspaceId", workspace) == workspace)


def _has(row: Document, wanted: dict[str, str | None]) -> bool:
    have = {label["LabelKey"]: label["LabelValue"] for label in row["Labels"]}
    return all(key in have and value in (None, have[key]) for key, value in wanted.items())


def page(rows: Sequence[Any], query: Document, number: str = "PageNumber") -> list[Any]:
    """Return the page that a query asks for."""
    each = page_size(query)
    first = (query.get(number, 1) - 1) * each
    return list(rows[first : first + each])


def page_size(query: Document) -> int:
    """Return how many rows a page has."""
    return int(query.get("PageSize", _PAGE_SIZE))


# --- instances, events, diagnoses -------------------------------------------------------------


def instance_name(service: Service, number: int) -> str:
    """Return the name of an instance, which is that of a pod."""
    pod = service.name.replace("_", "-")
    version = hashlib.sha256(f"{service.service_id}/{service.current}".encode()).hexdigest()[:10]
    suffix = hashlib.sha256(f"{service.service_id}/{number}".encode()).hexdigest()[:5]
    return f"{pod}-{version}-{suffix}"


def instances(service: Service, clock: Clock) -> list[Document]:
    """Return the instances of a service."""
    up = life.running(service, clock)
    total = 0 if service.status == "Stopped" else service.replicas
    return [_instance(service, number, running=number < up) for number in range(total)]


def _instance(service: Service, number: int, *, running: bool) -> Document:
    status = "Running" if running else "Failed" if service.status == "Failed" else "Pending"
    began = _rfc3339(service.since)
    return {
        "InstanceName": instance_name(service, number),
        "InstancePort": _PORT,
        "InstanceType": "",
        "Namespace": service.name,
        "Status": status,
        "Reason": status.upper(),
        "RestartCount": 0,
        "TotalProcesses": 1,
        "ReadyProcesses": int(running),
        "InnerIP": f"172.17.0.{number % 250 + 2}",
        "HostIP": f"11.0.0.{number % 250 + 2}",
        "CreateTime": began,
        "StartTime": began,
        "ResourceType": "PublicResource",
        "Role": "Standard",
        "IsSpot": False,
        "Isolated": False,
        "LastState": [],
    }


def select_instances(rows: Sequence[Document], query: Document) -> list[Document]:
    """Return the instances that a list asks for; the filter is part of a name or address."""
    asked = {
        "InstanceName": "InstanceName",
        "InstanceStatus": "Status",
        "InstanceIP": "InnerIP",
        "HostIP": "HostIP",
        "ResourceType": "ResourceType",
        "Role": "Role",
    }
    text = query.get("Filter", "")
    return [
        row
        for row in rows
        if all(row[field] == query[name] for name, field in asked.items() if name in query)
        and any(text in row[field] for field in ("InstanceName", "InnerIP", "HostIP"))
    ]


def events(service: Service, query: Document, now: int) -> Document:
    """Return a page of the events of a service, the newest first."""
    begin = _moment(query, "StartTime", now - _WEEK)
    end = _moment(query, "EndTime", now)
    kind = query.get("EventType")
    found = [
        {
            **{key: event[key] for key in ("Type", "Reason", "Message")},
            "Resource": "Service",
            "Time": _utc(event["at"]).strftime(_EVENT_TIME),
        }
        for event in reversed(service.events)
        if begin <= event["at"] < end + MILLISECONDS and kind in (None, event["Type"])
    ]
    if query.get("InstanceName"):
        found = []  # these are events of the service
    return {
        "Events": page(found, query, "PageNum"),
        "PageNum": query.get("PageNum", 1),
        "TotalCount": len(found),
        "TotalPageNum": math.ceil(len(found) / page_size(query)),
    }


def _moment(query: Document, name: str, default: int) -> int:
    text = query.get(name)
    if text is None:
        return default
    try:
        moment = datetime.strptime(text, _EVENT_TIME).replace(tzinfo=timezone.utc)
    except ValueError as error:
        raise InvalidError(name, Breach.VALUE, "must be like 2006-01-02 15:04:05") from error
    return int(moment.timestamp() * MILLISECONDS)


def diagnosis(service: Service) -> list[Document]:
    """Return what is found wrong with a service."""
    wrong = {
        "Failed": "The deployment failed.",
        "DeleteFailed": "The deletion failed.",
        "Waiting": "Instances are not scheduled.",
    }
    if service.status not in wrong or (service.status == "Waiting" and not service.stuck):
        return []
    advice = "Look at the log of the instance."
    return [{"Error": wrong[service.status], "Causes": [service.message], "Advices": [advice]}]
