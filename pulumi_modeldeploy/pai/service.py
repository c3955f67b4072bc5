"""`pai.AppService`: its arguments, its outputs, its table, its quirks.

Sources: CreateAppService, UpdateAppService, DescribeService (structure `Service`),
UpdateServiceLabel and UpdateServiceSafetyLock of PAI-EAS, version 2021-07-01.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pulumi_modeldeploy.core.checks import (
    MARK,
    PROFILE_NAME,
    between,
    length,
    one_of,
    pattern,
)
from pulumi_modeldeploy.core.declare import (
    UPDATE,
    Change,
    Defaulted,
    NotRequired,
    NotRequiredMap,
    NotRequiredTree,
    Removal,
    Required,
    arg,
    maybe,
    output,
)
from pulumi_modeldeploy.core.identity import Identity, Naming
from pulumi_modeldeploy.core.listing import Listing
from pulumi_modeldeploy.core.lock import CHANGE, DELETE, Lock
from pulumi_modeldeploy.core.resource import Resource
from pulumi_modeldeploy.core.table import Goal, Pairs, Sign, Step, Table
from pulumi_modeldeploy.core.values import unpacked
from pulumi_modeldeploy.core.waits import Sight, Wait
from pulumi_modeldeploy.core.watch import Watch
from pulumi_modeldeploy.errors import ApiError, OutOfSight, Refused, TransportError
from pulumi_modeldeploy.pai import api
from pulumi_modeldeploy.pai.advice import FOREIGN, TAKEN
from pulumi_modeldeploy.pai.preflight import PREFLIGHT, SERVICES
from pulumi_modeldeploy.pai.rules import MARK_LABEL, RULES

if TYPE_CHECKING:
    from collections.abc import Collection

    from pulumi_modeldeploy.core.operation import Operation
    from pulumi_modeldeploy.core.values import Json, Values

_CREATE = "CreateAppService, body"
_UPDATABLE = "CreateAppService and UpdateAppService, body"
_QUERY = "CreateAppService and UpdateAppService, query"

SPECS = (
    "llama_7b_fp16",
    "llama_7b_int8",
    "llama_13b_fp16",
    "chatglm_6b_fp16",
    "chatglm_6b_int8",
    "chatglm2_6b_fp16",
    "baichuan_7b_int8",
    "baichuan_13b_fp16",
    "baichuan_7b_fp16",
)
"""Specifications that the page lists; the cloud may know more."""


def pascal(name: str) -> str:
    """Spell a snake_case name the way PAI does: `service_name` is `ServiceName`."""
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


NAME = pattern("[A-Za-z0-9_-]*", "hold only letters, digits, _ and -", public=True)
USUAL_NAME = pattern(
    "[a-z][a-z0-9_]{2,62}",
    "be 3 to 63 lower-case letters, digits and _, a letter first, say the vendor's tools",
    warn=True,
    name="usual",
)
SPEC = pattern(
    "|".join(SPECS),
    f"be one of those that the page lists, unless the cloud knows more: {', '.join(SPECS)}",
    warn=True,
    name="listed",
)
DIGITS = pattern("[0-9]+", "be a number, as in all samples", warn=True, name="digits")


class AppService(Resource, spelled=pascal):
    """A preset application of PAI-EAS, such as a large language model.

    Deploys it and waits until it runs. Errors: whatever is wrong with the arguments is reported in
    the preview; a deployment that fails is stored with its id, and the next `pulumi up` goes on
    with it.

    https://www.alibabacloud.com/help/en/pai/user-guide/api-eas-2021-07-01-createappservice
    """

    service_name: Defaulted[str] = arg(
        default=None,
        checks=[length(1, 63), NAME, USUAL_NAME],
        change=Change.REPLACE,
        source=_CREATE,
    )
    """Name of the service, 1 to 63 characters, unique in the region across all accounts. Default:
    `<resource name>_<mark>`. With a given name a replacement deletes the old service first."""
    app_type: Required[str] = arg(checks=[one_of("LLM")], source=_UPDATABLE)
    """Type of the application; only `LLM` is documented."""
    app_version: NotRequired[str] = arg(
        default=None, checks=[length(1, 128)], removed=Removal.REFUSE, source=_UPDATABLE
    )
    """Version of the application, such as `v1`. Default: the cloud's choice."""
    service_spec: Required[str] = arg(
        reads="AppSpecName", checks=[length(1, 128), SPEC], source=_UPDATABLE
    )
    """Specification: model and precision, such as `llama_7b_fp16`; an unknown one is a warning."""
    replicas: Required[int] = arg(
        reads="TotalInstance", checks=[between(1, 2**31 - 1)], source=_UPDATABLE
    )
    """Number of instances, at least 1. To have none, give `desired_status="stopped"`."""
    config: NotRequiredTree[Any] = arg(
        default=None, reads="AppConfig", secret=True, source=_UPDATABLE
    )
    """Where the model lies, with the page's own keys: `ModelStorage` (`oss` or `nas`) with
    `OssPath`, or with `NasMountTarget`, `NasPath`, `VpcID`, `VswitchID`, `SecurityGroupID`.
    Default: the model of the specification. The whole of it is sent with each change, so that a key
    taken away is gone."""
    workspace_id: NotRequired[str] = arg(
        default=None, query=True, checks=[DIGITS], removed=Removal.REFUSE, source=_QUERY
    )
    """Workspace that the service belongs to. Default: none. Whether the cloud moves a service is
    not documented: where it does not, the update says so."""
    quota_id: NotRequired[str] = arg(
        default=None, query=True, checks=[length(1, 128)], removed=Removal.REFUSE, source=_QUERY
    )
    """Resource quota that the instances use. Default: public resources. As `workspace_id`."""
    labels: NotRequiredMap[str] = arg(
        default=None,
        removed={},
        shared=True,
        late=True,
        step="labels",
        source="UpdateServiceLabel; DeleteServiceLabel",
    )
    """Labels, key to value; those that others attach are left alone. `modeldeploy` is this
    package's own."""
    safety_lock: NotRequired[str] = arg(
        default=None,
        checks=[one_of("none", "dangerous", "all")],
        removed="none",
        late=True,
        step="lock",
        source="UpdateServiceSafetyLock",
    )
    """Lock against mistakes: `none` (the cloud's default), `dangerous` (it cannot be stopped or
    deleted) or `all` (it cannot be changed either). A weaker one is set before the other changes of
    a run, a stronger one after them; what the lock forbids is refused, here as well."""
    desired_status: Defaulted[str] = arg(
        default="running",
        checks=[one_of("running", "stopped")],
        body=False,
        source="StartService; StopService",
    )
    """What should run: `running` (default) or `stopped`, which keeps the configuration only."""
    profile: NotRequired[str] = arg(
        default=None, checks=[PROFILE_NAME], body=False, source="docs/credentials.md"
    )
    """Named set of settings (`pai:profiles`) that says where the service lives and who deploys it.
    Another region replaces the service. Default: none, the plain settings count."""
    adopt: NotRequired[str] = arg(
        default=None,
        checks=[length(1, 63), NAME],
        body=False,
        change=Change.ONCE,
        source="docs/adopting.md",
    )
    """Name of an existing app service that is taken over instead of deploying one."""
    adopt_from: NotRequired[str] = arg(
        default=None, checks=[MARK], body=False, change=Change.ONCE, source="docs/adopting.md"
    )
    """Mark of the resource that the service is taken over from, with `adopt`; needed where the
    service carries one."""

    service_id = output(str)
    """Id of the service, `eas-m-...`; another one under the same name is another service."""
    status = output(str)
    """State: `Creating`, `Deploying`, `Pending`, `Waiting`, `Starting`, `Running`, `Updating`,
    `HotUpdate`, `Scaling`, `Stopping`, `Stopped`, `Failed`, `Deleting` or `DeleteFailed`."""
    reason = output(str)
    """Cause of the state, in one word."""
    message = output(str)
    """What the cloud says about the state."""
    internet_endpoint = output(str)
    """URL of the service in the internet."""
    intranet_endpoint = output(str)
    """URL of the service within the region's VPCs."""
    access_token = output(str, secret=True)
    """Token that requests to the service carry in the header `Authorization`; secret."""
    region = output(str)
    """Region that the service lives in."""
    namespace = output(str)
    """Namespace of the instances."""
    total_instance = output(int)
    """Instances that there should be; 0 while the service is stopped."""
    running_instance = output(int)
    """Instances that run."""
    pending_instance = output(int)
    """Instances that do not run yet."""
    current_version = output(int)
    """Version of the configuration that is deployed, from 1."""
    latest_version = output(int)
    """Last version of the configuration."""
    cpu = output(int)
    """CPU cores of an instance."""
    gpu = output(int)
    """GPUs of an instance."""
    memory = output(int)
    """Memory of an instance in MB."""
    image = output(str)
    """Image that instances run."""
    service_config = output(str, secret=True)
    """Configuration that the cloud makes out of all this, as JSON text; secret, since it may repeat
    what is."""
    caller_uid = output(str)
    """User that made the service."""
    parent_uid = output(str)
    """Account that the service belongs to."""
    create_time = output(str)
    """When the service was made, as 2026-01-02T03:04:05Z."""
    update_time = output(str)
    """When the service was changed last, as 2026-01-02T03:04:05Z."""
    resource = maybe(str)
    """Resource group that the instances use."""
    gateway = maybe(str)
    """Gateway that the service is reached through."""
    service_group = maybe(str)
    """Group that the service belongs to."""


# --- quirks --------------------------------------------------------------------------------------

NAMING = Naming("service_name", most=63, forbidden=r"^[^a-z]+|[^a-z0-9_]", joint="_", lowered=True)
_NAMED_MARK = re.compile(r"_([0-9a-f]{12})$")


def find(op: Operation, values: Values) -> Json | None:
    """Find a service by its name, which all accounts of a region share.

    Raises:
        Refused: It is another account's.
    """
    try:
        return op.look(str(values["service_name"]))
    except ApiError as error:
        if error.code != FOREIGN:
            raise
        raise Refused(f"service_name: {TAKEN} ({FOREIGN})") from error


def identify(values: Values, document: Json, _identity: Identity) -> str:
    """A service is addressed by its name."""
    return str(document.get("ServiceName") or values.get("service_name") or "")


def labels_of(document: Json) -> dict[str, str]:
    """Read labels, which are written as a map and shown as a list."""
    found = document.get("Labels") or []
    if isinstance(found, Mapping):
        return dict(found)
    rows = (one for one in found if isinstance(one, Mapping))
    return {str(one.get("LabelKey")): str(one.get("LabelValue")) for one in rows}


def mark_of(document: Json) -> str:
    """Read whose a service is: a label decides, else what its name ends with."""
    labelled = labels_of(document).get(MARK_LABEL, "")
    named = _NAMED_MARK.search(str(document.get("ServiceName") or ""))
    return labelled or (named.group(1) if named else "")


def carrying(op: Operation, marks: Collection[str]) -> list[tuple[str, Json]]:
    """Find services that carry one of these marks, in one list for all resources."""
    try:
        rows = op.looks.all(SERVICES) if op.looks else []
    except OutOfSight:
        return []  # create looks by itself, and says what is wrong
    return [(mark_of(row), row) for row in rows if mark_of(row) in marks]


def lacks_mark(op: Operation, identifier: str) -> bool:
    """Tell whether the mark is to go into a label, since the name does not carry it."""
    named = NAMING.is_made_of(identifier, op.identity.mark)
    return not named and op.settings.get(api.OWNER_MARK) != "off"


def write_mark(op: Operation, identifier: str) -> None:
    """Write the mark into a label."""
    op.call(api.LABEL, {"Labels": {MARK_LABEL: op.identity.mark}}, id=identifier)


def remark(op: Operation, identifier: str) -> None:
    """Write today's mark over another one; a label decides, whatever the name ends with."""
    if op.settings.get(api.OWNER_MARK) != "off":
        op.say("writing this resource's mark")
        write_mark(op, identifier)


def parse(document: Json) -> Json:
    """Turn labels into a map, and the configuration out of its text."""
    config = unpacked(document.get("AppConfig") or {})
    return {**document, "Labels": labels_of(document), "AppConfig": config}


def undress(document: Json) -> Json:
    """Take the mark out of the labels."""
    labels = {key: one for key, one in labels_of(document).items() if key != MARK_LABEL}
    return {**document, "Labels": labels}


def frozen(olds: Values, news: Values) -> Collection[str]:
    """An ordinary service has no type of app, and no call makes it an app service."""
    ordinary = "app_type" in news and not olds.get("app_type")
    return ("app_type",) if ordinary else ()


def silent(document: Json) -> Collection[str]:
    """A stopped service has no instances, and does not say how many it is going to have."""
    return ("replicas",) if document.get("Status") == "Stopped" else ()


def sight(document: Json) -> Sight:
    """Read the state; while instances come up, how many do."""
    status = str(document.get("Status"))
    up, total = document.get("RunningInstance"), document.get("TotalInstance")
    counted = f", {up} of {total} instances" if total and status not in ("Running", *_STILL) else ""
    return Sight(status, f"{status}{counted}", str(document.get("Message") or ""))


def version(document: Json) -> Any:
    """What moves when a configuration is taken up, or a service is started or stopped."""
    names = ("LatestVersion", "CurrentVersion", "UpdateTime", "TotalInstance")
    return tuple(document.get(name) for name in names)


def age(op: Operation, document: Json) -> float | None:
    """Seconds since a service was made; unknown where its date makes no sense."""
    try:
        made = datetime.strptime(str(document.get("CreateTime")), "%Y-%m-%dT%H:%M:%S%z")
    except ValueError:
        return None
    since = op.client.wall() - made.timestamp()
    return None if since < -AHEAD else max(0.0, since)


AHEAD = 900.0
"""Seconds by which the cloud's clock may be ahead, as much as it grants our signatures."""


SHOWN = 3
"""Events that a message tells at most."""


def event_time(text: str) -> str:
    """Spell a time as events do, and not as services do."""
    return text.replace("T", " ").removesuffix("Z")


def explain(op: Operation, identifier: str) -> str:
    """Tell the last warnings of a service that failed or does not come up."""
    query = {"EventType": "Warning", "PageNum": "1", "PageSize": "10"}
    try:
        document = op.look(identifier) or {}
        since = event_time(str(document.get("UpdateTime") or ""))
        if since:
            # Events of before the last change are of an earlier deployment.
            query["StartTime"] = since
        answer = op.client.get(api.EVENTS, query=query, path={"id": identifier}, budget=op.budget)
    except (ApiError, TransportError):
        return ""  # a permission of its own: without it the state's own message has to do
    rows = [one for one in (answer or {}).get("Events") or [] if isinstance(one, Mapping)]
    rows.sort(key=lambda one: str(one.get("Time") or ""), reverse=True)
    told = dict.fromkeys(_told(one) for one in rows)
    known = ("", str(document.get("Message") or ""))  # the latter says the state itself
    return "; ".join([one for one in told if one not in known][:SHOWN])


def _told(event: Mapping[str, Any]) -> str:
    """Take the sentence out of an event, whose message is a JSON text."""
    text = str(event.get("Message") or event.get("Reason") or "")
    inner = unpacked(text)
    return str(inner.get("message") or text) if isinstance(inner, dict) else text


# --- table ---------------------------------------------------------------------------------------

_STILL = ("Stopped", "Failed", "DeleteFailed", "Deleting")
_QUEUED = ("Pending", "Waiting")
_ON_THE_WAY = (
    *("Creating", "Deploying", *_QUEUED, "Starting", "Updating", "HotUpdate", "Scaling"),
    *("Stopping", "Cloning", "Committing"),
)
_wait = functools.partial(Wait, least=3.0, limit=1800.0)
"""The vendor's own client looks every 3 seconds; pages speak of 5 minutes for a language model."""
_DEPLOYED = _wait(
    until=("Running", "Stopped"),
    fail=("Failed", "DeleteFailed"),
    passing=_ON_THE_WAY,
    appears=30.0,
)
"""Stopped counts: a stopped service takes an update up when it is started, which comes next."""

TABLE = Table(
    kind="PAI app service",
    owner=AppService,
    credentials=api.SETTINGS,
    place=api.place,
    connect=api.connect,
    naming=NAMING,
    rules=RULES,
    create=api.CREATE,
    read=api.DESCRIBE,
    delete=api.DELETE,
    identify=identify,
    find=find,
    mark_of=mark_of,
    carrying=carrying,
    sign=Sign(lacks_mark, write_mark),
    remark=remark,
    exclusive=("service_name",),
    parse=parse,
    undress=undress,
    silent=silent,
    sight=sight,
    version=version,
    age=age,
    steps=(
        Step(
            name=UPDATE,
            call=api.UPDATE,
            wait=_DEPLOYED,
            redeploys=(
                *("app_type", "app_version", "service_spec", "replicas", "config"),
                *("workspace_id", "quota_id"),
            ),
            # What is left out presumably stays as it is, which no page says.
            whole=True,
        ),
        Pairs(
            name="labels",
            put=api.LABEL,
            drop=api.UNLABEL,
            body=lambda pairs: {"Labels": dict(pairs)},
            query=lambda keys: {"LabelKeys": json.dumps(list(keys))},
        ),
    ),
    goals={
        "running": Goal(
            satisfied=("Running",),
            call=api.START,
            body={},
            wait=_wait(
                until=("Running",),
                fail=("Failed", "DeleteFailed"),
                passing=(*_ON_THE_WAY, "Stopped"),
            ),
            coming=_QUEUED,
            doing="be started",
        ),
        "stopped": Goal(
            satisfied=("Stopped",),
            call=api.STOP,
            body={},
            wait=_wait(
                until=("Stopped",),
                fail=("DeleteFailed",),
                passing=(*_ON_THE_WAY, "Running", "Failed"),
            ),
            doing="be stopped",
        ),
    },
    ready=_DEPLOYED,
    # Short of resources, a service may wait for ever: it can be changed meanwhile.
    settled=_wait(
        until=("Running", "Stopped", "Failed", "DeleteFailed", *_QUEUED), passing=_ON_THE_WAY
    ),
    gone=Wait(
        fail=("DeleteFailed",),
        passing=("Deleting", "Running", "Stopped", "Failed", *_ON_THE_WAY),
        least=3.0,
        limit=900.0,
    ),
    watch=Watch(
        Listing(api.WATCH, "Services", ("ServiceName",), "TotalCount", "PageNumber", numbered=True),
        lambda _ids: [{"PageSize": 100}],
    ),
    hopeless=("DeleteFailed",),
    frozen=frozen,
    leaving=("Deleting",),
    incarnation="service_id",
    fleeting=("running_instance", "pending_instance"),
    prose=("message",),
    explain=explain,
    lock=Lock(
        argument="safety_lock",
        call=api.LOCK,
        body=lambda level: {"Lock": level},
        levels={
            "none": (),
            "dangerous": ("be stopped", DELETE),
            "all": (CHANGE, "be started", "be stopped", DELETE),
        },
    ),
    preflight=PREFLIGHT,
)
