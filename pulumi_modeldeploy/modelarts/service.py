"""`modelarts.Service`: its arguments, its outputs, its table, its quirks.

Sources: "Deploying Services" (create page), "Obtaining Service Details" (show page) and "Updating
Service Configurations" of the ModelArts API reference.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

from pulumi_modeldeploy.core.checks import (
    ADOPT_ALONE,
    ADOPTED,
    MARK,
    PROFILE_NAME,
    between,
    items,
    length,
    one_of,
    pattern,
)
from pulumi_modeldeploy.core.declare import (
    UPDATE,
    Change,
    Defaulted,
    NotRequired,
    NotRequiredObject,
    NotRequiredObjects,
    Removal,
    Required,
    RequiredObjects,
    arg,
    maybe,
    output,
    output_id,
    output_list,
)
from pulumi_modeldeploy.core.identity import Identity, Naming
from pulumi_modeldeploy.core.listing import Listing
from pulumi_modeldeploy.core.resource import Resource
from pulumi_modeldeploy.core.table import Goal, Step, Table, Told
from pulumi_modeldeploy.core.values import unpacked
from pulumi_modeldeploy.core.waits import Sight, Wait
from pulumi_modeldeploy.core.watch import Watch
from pulumi_modeldeploy.errors import ApiError, OutOfSight, TransportError
from pulumi_modeldeploy.modelarts import api
from pulumi_modeldeploy.modelarts.args import (
    ID,
    ScheduleArgs,
    ServiceAdditionalPropertiesArgs,
    ServiceConfigArgs,
    ServiceSecretArgs,
)
from pulumi_modeldeploy.modelarts.preflight import PREFLIGHT, SERVICES
from pulumi_modeldeploy.modelarts.replies import ConfigStatus
from pulumi_modeldeploy.modelarts.rules import BATCH, EDGE, REAL_TIME, RULES

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from pulumi_modeldeploy.core.http import Call
    from pulumi_modeldeploy.core.operation import Operation
    from pulumi_modeldeploy.core.values import Json, Values

LONGEST_DESCRIPTION = 100
"""Characters, create page, table 3."""

LETTERS = "A-Za-z\u4e00-\u9fff"
"""Latin and Chinese letters."""
NAME = pattern(rf"[{LETTERS}0-9_-]*", "hold only Latin or Chinese letters, digits, - and _")
FIRST_OF_NAME = pattern(
    rf"[{LETTERS}].*", "begin with a letter, says the older manual", warn=True, name="first"
)
DESCRIPTION = pattern(r"[^&!'\"<>]*", "hold none of & ! ' \" < >", name="characters")
DOUBTFUL = pattern(
    r"[^+=]*", "hold neither + nor =, says one of the pages", warn=True, name="doubtful"
)


class Service(Resource):
    """A model, or several versions of it, served by ModelArts.

    Deploys a real-time, batch or edge service and waits until it runs. Several entries in `config`
    of a real-time service split the traffic by weight. A batch service runs once and is `finished`
    then; a change of its `config` runs it again. Errors: whatever is wrong with the arguments is
    reported in the preview; a deployment that fails is stored with its id, and the next `pulumi up`
    goes on with it.

    https://docs.otc.t-systems.com/modelarts/api-ref/service_management/deploying_services.html
    """

    service_name: Defaulted[str] = arg(
        default=None,
        checks=[length(1, 64), NAME, FIRST_OF_NAME],
        change=Change.REPLACE,
        source="create page, table 3",
    )
    """Name of the service, 1 to 64 characters, unique in the cloud project. Default:
    `<resource name>-<mark>`. With a given name a replacement deletes the old service first."""
    infer_type: Required[str] = arg(
        checks=[one_of(REAL_TIME, BATCH, EDGE)],
        change=Change.REPLACE,
        source="create page, table 3",
    )
    """How the service works: `real-time` answers requests, `batch` works through files and ends,
    `edge` runs on the user's own nodes (no longer on OTC)."""
    config: RequiredObjects[ServiceConfigArgs] = arg(
        checks=[items(1)], unordered=True, match_by="model_id", source="create page, tables 3 and 5"
    )
    """Model versions, how they run and how the traffic is split between them; exactly one entry for
    batch and edge services."""
    description: NotRequired[str] = arg(
        default=None,
        checks=[length(0, LONGEST_DESCRIPTION), DESCRIPTION, DOUBTFUL],
        removed="",
        source="create page, table 3",
    )
    """Free text, at most 100 characters. Where the name is given, the text on the service carries
    the resource's mark too (`modelarts:ownerMark`)."""
    workspace_id: NotRequired[str] = arg(
        default=None,
        checks=[ID],
        change=Change.REPLACE,
        implied="0",
        source="create page, table 3",
    )
    """Workspace that the service belongs to; the cloud's default is `0`."""
    vpc_id: NotRequired[str] = arg(
        default=None, checks=[ID], change=Change.REPLACE, source="create page, table 3"
    )
    """VPC that the instances are placed in; needs `subnet_network_id` and `security_group_id`. The
    cloud's default is a VPC of its own. Real-time services only."""
    subnet_network_id: NotRequired[str] = arg(
        default=None, checks=[ID], change=Change.REPLACE, source="create page, table 3"
    )
    """Network id of the subnet; with `vpc_id`."""
    security_group_id: NotRequired[str] = arg(
        default=None, checks=[ID], change=Change.REPLACE, source="create page, table 3"
    )
    """Security group; with `vpc_id`. It must admit inbound TCP 8080 from 0.0.0.0/0."""
    cluster_id: NotRequired[str] = arg(
        default=None, checks=[ID], change=Change.REPLACE, source="create page, table 3"
    )
    """Dedicated resource pool of the old generation, for edge services an edge resource pool; its
    network wins over `vpc_id`."""
    pool_name: NotRequired[str] = arg(
        default=None, checks=[ID], change=Change.REPLACE, source="create page, table 3"
    )
    """Id of a dedicated resource pool of the new generation; wins over `cluster_id`. Not for edge
    services."""
    schedule: NotRequiredObjects[ScheduleArgs] = arg(
        default=None, checks=[items(0, 1)], removed=[], source="create page, tables 3 and 4"
    )
    """When the service stops by itself, at most one entry. Default: never. Real-time services
    only."""
    additional_properties: NotRequiredObject[ServiceAdditionalPropertiesArgs] = arg(
        default=None, removed={}, source="create page, tables 3 and 10"
    )
    """Further properties, such as notifications. Those that cannot be changed once they are on say
    so; changing them replaces the service."""
    service_secrets: NotRequiredObjects[ServiceSecretArgs] = arg(
        default=None, echoed=False, removed=[], source="create page, newer"
    )
    """Secrets that the containers find as files. Default: none."""
    load_balancer_policy: NotRequired[str] = arg(
        default=None,
        checks=[one_of("ROUND_ROBIN", "LEAST_CONNECTIONS", "SOURCE_IP")],
        removed=Removal.REFUSE,
        source="show page",
    )
    """How requests are spread over instances: `ROUND_ROBIN`, `LEAST_CONNECTIONS` or
    `SOURCE_IP`. Real-time services only."""
    priority: NotRequired[int] = arg(default=None, checks=[between(1, 3)], source="show page")
    """Preemption priority, 1 to 3. Real-time and batch services only."""
    desired_status: Defaulted[str] = arg(
        default="running",
        checks=[one_of("running", "stopped")],
        body=False,
        source="update page",
    )
    """What should run: `running` (default) or `stopped`. A service that its own schedule stopped is
    left alone, and a batch service that has finished is as it should be in both cases."""
    profile: NotRequired[str] = arg(
        default=None, checks=[PROFILE_NAME], body=False, source="docs/credentials.md"
    )
    """Named set of settings (`modelarts:profiles`) that says where the service lives and who
    deploys it. Another region or project replaces the service. Default: none, the plain settings
    count."""
    adopt: NotRequired[str] = arg(
        default=None, checks=[ADOPTED], body=False, change=Change.ONCE, source="docs/adopting.md"
    )
    """Id of an existing service that is taken over instead of deploying one."""
    adopt_from: NotRequired[str] = arg(
        default=None, checks=[MARK], body=False, change=Change.ONCE, source="docs/adopting.md"
    )
    """Mark of the resource that the service is taken over from, with `adopt`; needed where the
    service carries one."""

    service_id = output_id()
    """Id of the service; the same as `id`."""
    status = output(str)
    """State: `deploying`, `running`, `concerning`, `failed`, `stopped`, `stopping`, `pending`,
    `waiting` or, for batch services, `finished`."""
    access_address = output(str)
    """URL that the service answers inference requests on; real-time services only."""
    bind_access_address = maybe(str)
    """The same under a domain name of the user's own."""
    config_status = output_list(ConfigStatus, wire="config")
    """What the cloud says about each entry of `config`."""
    progress = output(int)
    """Progress of a deployment in percent."""
    error_msg = maybe(str)
    """Why the service failed."""
    tenant = output(str)
    """Account that the service belongs to."""
    project = output(str)
    """Cloud project that the service belongs to."""
    owner = output(str)
    """User that the service belongs to."""
    publish_at = output(int)
    """When the service was published last, milliseconds since 1970."""
    update_time = output(int)
    """When the configuration was changed last, milliseconds since 1970."""
    transition_at = output(int)
    """When the state changed last, milliseconds since 1970."""
    operation_time = output(int)
    """When the cloud was asked last, milliseconds since 1970."""
    due_time = maybe(int)
    """When the service will stop by itself, milliseconds since 1970."""
    invocation_times = output(int)
    """Requests served in all."""
    failed_times = output(int)
    """Requests that failed in all."""
    is_shared = output(bool)
    """Whether others subscribed to the service."""
    shared_count = output(int)
    """How many did."""
    is_free = output(bool)
    """Whether a free flavour is used."""
    debug_url = maybe(str)
    """URL for online debugging, where the model supports it."""


# --- quirks --------------------------------------------------------------------------------------

NAMING = Naming("service_name", most=64, forbidden=rf"[^{LETTERS}0-9_-]")

_MARK = re.compile(r" ?\[md:([0-9a-f]{12})\]$")
_NAMED_MARK = re.compile(r"-([0-9a-f]{12})$")


def find(op: Operation, values: Values) -> Json | None:
    """Find a service by its name.

    The page does not say whether the filter is exact, so names are compared here; nor whether
    `offset` counts pages or records, so the next page begins after the records seen.
    """
    name, offset = values["service_name"], 0
    while True:
        query = {"service_name": name, "offset": offset, "limit": 100}
        page = op.ask(api.LIST, query)
        services = page.get("services") or []
        for service in services:
            if service.get("service_name") == name:
                return op.show(service["service_id"])
        offset += len(services)
        if not services or offset >= page.get("total_count", 0):
            return None


def mark_of(document: Json) -> str:
    """Read whose a service is: a mark in the description decides, else one in the name."""
    written = _MARK.search(document.get("description") or "")
    named = written or _NAMED_MARK.search(document.get("service_name") or "")
    return named.group(1) if named else ""


def carrying(op: Operation, marks: Collection[str]) -> list[tuple[str, Json]]:
    """Find services that carry one of these marks, in one list for all resources."""
    try:
        rows = op.looks.all(SERVICES) if op.looks else []
    except OutOfSight:
        return []  # create looks by itself, and says what is wrong
    return [(mark_of(row), row) for row in rows if mark_of(row) in marks]


def dress(op: Operation, values: Values) -> Values:
    """Write the mark into the description, where the name does not carry it."""
    mark = op.identity.mark
    named = NAMING.is_made_of(values.get("service_name"), mark)
    if named or op.settings.get(api.OWNER_MARK) == "off":
        return dict(values)
    description = values.get("description")
    text = f"{description} [md:{mark}]" if description else f"[md:{mark}]"
    if len(text) > LONGEST_DESCRIPTION:
        op.caution(
            "the description leaves no room for this resource's mark: if creating it is "
            "interrupted, the service will have to be adopted"
        )
        return dict(values)
    return {**values, "description": text}


def remark(op: Operation, identifier: str) -> None:
    """Write today's mark into the description of a service that carries another one."""
    document = op.look(identifier) or {}
    name, description = document.get("service_name"), document.get("description") or ""
    text = _MARK.sub("", description)
    new = dress(op, {"service_name": name, "description": text})
    if new["description"] != description and mark_of(new) == op.identity.mark:
        op.say("writing this resource's mark")
        op.call(api.UPDATE, {"description": new["description"]}, id=identifier)


def undress(document: Json) -> Json:
    """Take the mark out of the description."""
    if not document.get("description"):
        return document
    return {**document, "description": _MARK.sub("", document["description"])}


def sight(document: Json) -> Sight:
    """Read the state; the progress counts while a service is deployed."""
    status = str(document.get("status"))
    progress = document.get("progress")
    words = f"deploying {progress}%" if status == "deploying" and progress is not None else status
    return Sight(status, words, str(document.get("error_msg") or ""))


def version(document: Json) -> Any:
    """What moves when a configuration is taken up, or a service is started or stopped."""
    return document.get("update_time"), document.get("transition_at")


def never_ready(document: Json) -> bool:
    """Tell a service whose first deployment has not come to an end, or not to a good one.

    Only real-time services have an address. Batch services have run where a task of theirs began,
    edge services where a node runs an instance.
    """
    coming = document.get("status") in ("deploying", "pending", "waiting", "failed")
    used = document.get("access_address") or document.get("invocation_times")
    configs = configs_of(document)
    began = any(one.get("start_time") or one.get("finished_time") for one in configs)
    nodes = [node for one in configs for node in one.get("nodes") or [] if isinstance(node, dict)]
    runs = any(node.get("instance_status") == "running" for node in nodes)
    return coming and not (used or began or runs)


def parse(document: Json) -> Json:
    """Take `config` out of a text, as OTC may send it."""
    if not isinstance(document.get("config"), str):
        return document
    return {**document, "config": unpacked(document["config"])}


def configs_of(document: Json) -> list[Json]:
    """Take the entries of `config`."""
    entries = unpacked(document.get("config") or [])
    return [one for one in entries if isinstance(one, dict)]


def outdated(document: Json) -> bool:
    """Tell a batch service that finished before its configuration changed.

    No page says whether the cloud runs such a service again by itself; where it does not, the old
    run is what `finished` is about.
    """
    if document.get("status") != "finished":
        return False
    ends = [_moment(one.get("finished_time")) for one in configs_of(document)]
    return 0 < max([_moment(document.get("transition_at")), *ends]) < _changed(document)


def frozen(olds: Values, news: Values) -> list[str]:
    """Log reporting and WebSocket cannot be changed once they are on (notes on both)."""
    old, new = (_properties(values) for values in (olds, news))
    channels = old.get("log_report_channels")
    logs = bool(channels) and new.get("log_report_channels") != channels
    socket = old.get("websocket_upgrade") is True and new.get("websocket_upgrade") is not True
    return ["additional_properties"] if logs or socket else []


def weights(values: Values) -> dict[str, int]:
    """Read the traffic of each model that has some, in percent; nothing where one is not known."""
    if values.get("desired_status") == "stopped":
        return {}
    entries = values.get("config")
    found: dict[str, int] = {}
    for one in entries if isinstance(entries, list) else []:
        if not isinstance(one, dict):
            return {}
        model, share = one.get("model_id"), one.get("weight")
        if not isinstance(model, str) or not isinstance(share, int):
            return {}
        found[model] = found.get(model, 0) + share
    return {model: share for model, share in found.items() if share}


def _properties(values: Values) -> Values:
    found = values.get("additional_properties")
    return found if isinstance(found, dict) else {}


def age(op: Operation, document: Json) -> float:
    """Seconds since the service was published (or, failing that, changed its state)."""
    published = document.get("publish_at") or document.get("transition_at")
    return max(0.0, op.client.wall() - float(published) / 1000) if published else 0.0


def identify(_values: Values, document: Json, _identity: Identity) -> str:
    """The cloud chooses the id."""
    return str(document.get("service_id") or "")


TRAIL = 10
"""Events that a deployment leaves, about: older ones are of an earlier one."""
SHOWN = 3
"""Events that a message tells at most."""


def explain(op: Operation, identifier: str) -> str:
    """Tell the last events of a service that failed, and of an update what the log says."""
    changed = _changed(op.accepted or {})
    told = _last_events(op, identifier, changed)
    if op.accepted is not None:
        told += _logged(op, identifier, changed)
    return "; ".join(told)


def _changed(document: Json) -> int:
    """When a configuration was changed, in milliseconds; 0: not said."""
    return _moment(document.get("update_time"))


def _moment(value: object) -> int:
    """Read a time in milliseconds, which the pages show as a text, too; 0: none."""
    said = str(value)
    return int(said) if said.isdecimal() else 0


def _last_events(op: Operation, identifier: str, since: int) -> list[str]:
    """Tell the last abnormal events, newest first; without any, how far the deployment came."""
    query = {"sort_by": "occur_time", "order": "desc", "start_time": since or None, "limit": TRAIL}
    events = _glance(op, api.EVENTS, identifier, query, "events")
    abnormal = [one for one in events if one.get("event_type") == "abnormal"]
    infos = (str(one["event_info"]) for one in abnormal or events if one.get("event_info"))
    return list(dict.fromkeys(infos))[:SHOWN]


def _logged(op: Operation, identifier: str, changed: int) -> list[str]:
    """Tell what the update log says about an update, the last one where its time is not known."""
    found = _glance(op, api.LOGS, identifier, {"update_time": changed or None}, "logs")
    entries = [one for one in found if not changed or _changed(one) == changed]
    if not entries:
        return []
    last = max(entries, key=_changed)
    failed = [
        f"{one.get('operation')} on node {one.get('node_name') or one.get('node_id')} failed"
        for one in last.get("result_detail") or []
        if one.get("result") is False
    ]
    moment = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(_changed(last) / 1000))
    return [f"update log: {last.get('result')} of {moment}", *failed]


def _glance(
    op: Operation, call: Call, identifier: str, query: Mapping[str, Any], holds: str
) -> list[Json]:
    """List something about a service; nothing where that fails.

    Reading events and logs are permissions of their own; without them the state's own reason has to
    do.
    """
    try:
        found = op.client.get(call, query=query, path={"id": identifier}, budget=op.budget)
    except (ApiError, TransportError):
        return []
    return [one for one in (found or {}).get(holds) or [] if isinstance(one, dict)]


# --- table ---------------------------------------------------------------------------------------

_HEALTHY = ("running", "concerning", "finished")
_ON_THE_WAY = ("deploying", "pending", "waiting", "stopping")
_DEPLOYED = Wait(until=(*_HEALTHY, "stopped"), fail=("failed",), passing=_ON_THE_WAY)
"""Stopped counts: a schedule may be shorter than a look, and a stopped service can be updated."""

TABLE = Table(
    kind="ModelArts service",
    owner=Service,
    credentials=api.SETTINGS,
    place=api.place,
    connect=api.connect,
    naming=NAMING,
    rules=(*RULES, ADOPT_ALONE),
    create=api.CREATE,
    read=api.SHOW,
    delete=api.DELETE,
    identify=identify,
    find=find,
    mark_of=mark_of,
    carrying=carrying,
    remark=remark,
    exclusive=("service_name",),
    dress=dress,
    parse=parse,
    undress=undress,
    sight=sight,
    version=version,
    age=age,
    steps=(
        # Status and configuration never go in one call: the cloud would apply the status only.
        Step(
            name=UPDATE,
            call=api.UPDATE,
            wait=_DEPLOYED,
            redeploys=("config",),
        ),
    ),
    goals={
        "running": Goal(
            satisfied=_HEALTHY,
            call=api.UPDATE,
            body={"status": "running"},
            wait=Wait(until=_HEALTHY, fail=("failed",), passing=(*_ON_THE_WAY, "stopped")),
            outdated=outdated,
        ),
        "stopped": Goal(
            # A failed or finished service does not run, and the cloud refuses to stop it.
            satisfied=("stopped", "failed", "finished"),
            call=api.UPDATE,
            body={"status": "stopped"},
            wait=Wait(
                until=("stopped", "finished"),
                fail=("failed",),
                passing=(*_ON_THE_WAY, "running", "concerning"),
            ),
        ),
    },
    stops_itself=lambda values: ("stopping", "stopped") if values.get("schedule") else (),
    ready=_DEPLOYED,
    settled=Wait(until=(*_HEALTHY, "stopped", "failed"), passing=_ON_THE_WAY),
    gone=Wait(passing=("deleting", *_HEALTHY, *_ON_THE_WAY, "stopped", "failed"), limit=600),
    watch=Watch(
        Listing(api.WATCH, "services", ("service_id",), total="total_count", start="offset"),
        lambda _ids: [{"limit": 100}],
    ),
    frozen=frozen,
    told={"weights": Told(weights, r"config(\[\d+\](\.(model_id|weight))?)?")},
    leaving=("deleting",),
    fleeting=("operation_time", "invocation_times", "failed_times"),
    prose=("error_msg",),
    never_ready=never_ready,
    explain=explain,
    preflight=PREFLIGHT,
)
