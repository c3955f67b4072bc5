"""ZStack: the model service API of its AI platform, on the REST server that carries it.

Sources: the open REST server and SDK of ZStack Cloud 5.3, API explorer and developer guide of
ZStack AIOS. The neighbours hold the parts: `zstack_messages` (binding and annotations),
`zstack_services` and `zstack_groups` (the APIs), `zstack_rules` (the plugin's rules),
`zstack_objects` (records), `zstack_query` (the query language), `zstack_jobs`, `zstack_identity`
and `zstack_errors`. All of them are written from the vendor's sources and pages and share nothing
with the package's own declarations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pulumi_modeldeploy.emulator.calls import Cloud, NotJsonError, Operation, Reply
from pulumi_modeldeploy.emulator.fields import Breach, Field, InvalidError, Kind, read
from pulumi_modeldeploy.emulator.journal import mask
from pulumi_modeldeploy.emulator.zstack_errors import (
    FAILED,
    INTERNAL,
    IO,
    ApiError,
    TextError,
    fault_reply,
)
from pulumi_modeldeploy.emulator.zstack_groups import ERROR, SERVING, STATUSES, Groups
from pulumi_modeldeploy.emulator.zstack_identity import (
    SECRET_KEYS,
    Identity,
    known_zone,
    no_session,
)
from pulumi_modeldeploy.emulator.zstack_jobs import Jobs
from pulumi_modeldeploy.emulator.zstack_messages import (
    Message,
    Param,
    bind,
    bind_query,
    check,
    check_resource_uuid,
    check_width,
    strings,
)
from pulumi_modeldeploy.emulator.zstack_objects import (
    CENTER,
    CLUSTER,
    DATASET,
    GPU,
    GROUP,
    IMAGE,
    MODEL,
    NETWORK,
    PATTERN,
    SERVICE,
    SHELVES,
    SPEC,
    SYSTEM_TAG,
    USER_TAG,
    ZONE,
    Objects,
)
from pulumi_modeldeploy.emulator.zstack_query import parse, run
from pulumi_modeldeploy.emulator.zstack_services import (
    DISCONNECTED,
    ENFORCING,
    PERMISSIVE,
    Api,
    Services,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from pulumi_modeldeploy.emulator.calls import Call, Document
    from pulumi_modeldeploy.emulator.clock import Clock
    from pulumi_modeldeploy.emulator.zstack_jobs import Job

_CONTEXT = "/zstack"
_JOB = "QueryApiJob"

#: API -> type of what it answers, and path of the collection.
_QUERIES = (
    ("QueryModelServiceInstanceGroup", GROUP, "/v1/ai/model-services/instances/groups/"),
    ("QueryModelService", SERVICE, "/v1/ai/model-services"),
    ("QueryModelCenter", CENTER, "/v1/ai/model-centers"),
    ("QueryModel", MODEL, "/v1/ai/models"),
    ("QueryDataset", DATASET, "/v1/ai/datasets"),
    ("QueryPciDeviceSpec", SPEC, "/v1/pci-device-specs"),
    ("QueryGpuDevice", GPU, "/v1/gpu-device/gpu-devices"),
    ("QueryZone", ZONE, "/v1/zones"),
    ("QueryImage", IMAGE, "/v1/images"),
    ("QueryL3Network", NETWORK, "/v1/l3-networks"),
    ("QueryCluster", CLUSTER, "/v1/clusters"),
    ("QuerySystemTag", SYSTEM_TAG, "/v1/system-tags"),
    ("QueryUserTag", USER_TAG, "/v1/user-tags"),
    ("QueryTag", PATTERN, "/v1/tags"),
)

_LOGIN = (Param("accountName", required=True), Param("password", required=True))
_SESSION = (Param("sessionUuid", required=True),)

_NODE = (Field("address", size=(1, 255)), Field("timeZone"), Field("checkTimeZone", Kind.BOOLEAN))
_NODE_KEY = "managementNode"
_FAIL = (
    Field("reason", size=(1, 1000)),
    Field("next", Kind.BOOLEAN),
    Field("status", one_of=(*STATUSES, "Connected", "Disconnected")),
)


class ZStack(Cloud):
    """The cloud: its APIs, the jobs that they become, its objects and its account."""

    name = "zstack"
    prefixes = (f"{_CONTEXT}/",)

    def __init__(self, clock: Clock, base_url: Callable[[], str]) -> None:
        self._clock = clock
        self._base_url = base_url
        self._address: str | None = None
        self._next: dict[str, str] = {}
        self._identity = Identity(clock)
        self._objects = Objects(self._identity.local)
        self._jobs = Jobs(clock, self._work)
        self._services = Services(self._objects)
        self._groups = Groups(self._objects, self._services, clock, base_url)
        self._apis = (*self._account_apis(), *self._services.apis, *self._groups.apis)
        self._by_name = {api.name: api for api in self._apis}
        self.operations = self._table()

    def _account_apis(self) -> tuple[Api, ...]:
        login, session = "/v1/accounts/login", "/v1/accounts/sessions/{sessionUuid}"
        own, key = self._identity, "logInByAccount"
        return (
            Api("LogInByAccount", "PUT", login, key, _LOGIN, own.log_in, True, True, True),
            Api("LogOut", "DELETE", session, "", _SESSION, own.log_out, True, True, True),
            Api(
                "ValidateSession",
                "GET",
                f"{session}/valid",
                "",
                _SESSION,
                own.validate,
                True,
                True,
                True,
            ),
        )

    def _table(self) -> tuple[Operation, ...]:
        """Return the route table; several APIs may share a row's verb and path (see `pick`)."""
        rows = [Operation(_JOB, "GET", "/v1/api-jobs/{uuid}", self._poll, "free")]
        for api in self._apis:
            answer = self._sync(api) if api.sync else self._async(api)
            rows.append(
                Operation(api.name, api.method, api.path, answer, "free" if api.free else "rest")
            )
        rows += [
            Operation(name, "GET", way, self._query(kind), "rest")
            for name, kind, path in _QUERIES
            for way in (path, f"{path.rstrip('/')}/{{uuid}}")
        ]
        infer = [
            Operation("Infer", method, f"{SERVING}/{{instance}}{tail}", self._infer, "free", True)
            for method in ("GET", "POST")
            for tail in ("", "/{tail:.*}")
        ]
        table = [
            Operation(row.name, row.method, _CONTEXT + row.path, _guarded(row.answer), row.api)
            for row in rows
        ]
        return (*table, *infer)

    # What the server asks

    def pick(self, operation: Operation, call: Call) -> Operation:
        """Return the API whose key a body has, of those that share verb and path."""
        rivals = [
            row
            for row in self.operations
            if (row.method, row.path) == (operation.method, operation.path)
        ]
        if len(rivals) == 1:
            return operation
        try:
            body = call.json()
        except NotJsonError:
            return operation
        keys = set(body) if isinstance(body, dict) else set[str]()
        return next((row for row in rivals if self._by_name[row.name].key in keys), operation)

    def refuse(self, operation: Operation, call: Call) -> Reply | None:
        """Return the refusal of a request's headers; sessions are the APIs' affair."""
        if operation.api == "free":
            return None
        try:
            self._identity.verify(call)
        except (TextError, ApiError) as error:
            return error.reply
        return None

    def fault(self, operation: Operation, status: int, code: str, retry_after: float) -> Reply:
        """Return what the vendor answers with this status, or with this code."""
        return fault_reply(status, code, retry_after, job=operation.name == _JOB)

    def unknown(self, *, known_path: bool) -> Reply:
        """Return the answer to a request that is not served."""
        if known_path:
            return Reply(405, text="the method is not supported by the URL")
        return Reply(404, text="no api mapping to the URL")

    def masked(self, body: Any) -> Any:
        """Return a body without passwords and tokens."""
        return mask(body, SECRET_KEYS)

    def resources(self) -> list[Document]:
        """Return all model services, then all instance groups, as queries would."""
        self._settle()
        services = self._objects.all(SERVICE)
        groups = [self._groups.shown(group) for group in self._objects.all(GROUP)]
        return [self._objects.shown(each) for each in (*services, *groups)]

    def seed(self, document: Document) -> None:
        """Add objects that model services and deployments refer to, and set the node.

        Lists of inventories of which only the `uuid` is needed: `zones`, `images`, `modelCenters`,
        `models`, `gpuSpecs`, `gpuDevices`, `tags`, `l3Networks`, `clusters`, `primaryStorages`,
        `datasets`, `diskOfferings`. A model may say `"fails": "reason"`, and deployments of it
        fail. `"managementNode"` may hold `address` (`host:port` in the location of jobs),
        `timeZone` (a name; its wall clock dates what it shows and checks) and `checkTimeZone`
        (dates of signatures are compared as instants).
        """
        document = dict(document)
        node = read(_NODE, document.pop(_NODE_KEY, {}), path=f"zstack.{_NODE_KEY}")
        if "timeZone" in node and not known_zone(node["timeZone"]):
            raise InvalidError(
                f"zstack.{_NODE_KEY}.timeZone", Breach.VALUE, "must be a time zone's name"
            )
        self._objects.seed(document, self._clock.now())
        self._address = node.get("address", self._address)
        self._identity.time_zone = node.get("timeZone", self._identity.time_zone)
        checks = self._identity.check_time_zone
        self._identity.check_time_zone = node.get("checkTimeZone", checks)

    def fail(self, service_id: str, how: Document) -> bool:
        """Let a group, model service or model center fail; `False` if there is none of this id.

        A group goes to `Error` or to the given `status`. Of a model service, or with `"next": true`
        of anything, the next job fails with the reason at the root of its error. A model center is
        disconnected, and calls that need its agent fail, until it is `"status": "Connected"` again.
        """
        self._settle()
        kind = self._objects.kind_of(service_id)
        if kind not in (SERVICE, GROUP, CENTER):
            return False
        how = read(_FAIL, how)
        reason = how.get("reason", "injected failure")
        record = self._objects.get(kind, service_id)
        if kind == SERVICE or how.get("next"):
            self._next[service_id] = reason
        elif kind == GROUP:
            status = how.get("status", ERROR)
            if status not in STATUSES:
                raise InvalidError("status", Breach.VALUE, "is not one of a group")
            self._groups.enter(record, status, self._clock.now())
        else:
            record.update(status=how.get("status", DISCONNECTED), _reason=reason)
        return True

    # State

    def reset(self) -> None:
        """Forget everything."""
        self._address = None
        self._next.clear()
        for part in (self._identity, self._objects, self._jobs):
            part.reset()

    def dump(self) -> Document:
        """Return the state as a JSON document."""
        self.moved = False
        return {
            "address": self._address,
            "next": dict(self._next),
            "identity": self._identity.dump(),
            "objects": self._objects.dump(),
            "jobs": self._jobs.dump(),
        }

    def load(self, document: Document) -> None:
        """Take over what `dump` returned."""
        self._address = document["address"]
        self._next = dict(document["next"])
        self._identity.load(document["identity"])
        self._objects.load(document["objects"])
        self._jobs.load(document["jobs"])

    def _settle(self) -> None:
        """Do what is due, jobs before groups: a job may start a group, not the other way round."""
        now = self._clock.now()
        done = self._jobs.settle(now)
        self.moved |= self._groups.settle(now) or done

    # Calls that answer at once

    def _sync(self, api: Api) -> Callable[[Call], Reply]:
        def answer(call: Call) -> Reply:
            self._settle()
            values, _ = _parameters(api, call)
            check(api.table, values)
            return Reply(200, self._objects.shown(api.act(Message(values, at=self._clock.now()))))

        return answer

    def _query(self, kind: str) -> Callable[[Call], Reply]:
        shelf = SHELVES[kind]
        shown = self._groups.shown if kind == GROUP else dict

        def answer(call: Call) -> Reply:
            self._settle()
            uuid = call.params.get("uuid")
            # With a uuid in the path, the query string is not looked at.
            query = parse(call.pairs if uuid is None else ())
            if not self._identity.touch(self._identity.verify(call)):
                raise no_session()
            rows = self._objects.rows(kind, shown, uuid)
            found = run(query, rows, shelf.fields, kind)
            if "inventories" not in found:
                return Reply(200, found)
            inventories = [
                {key: value for key, value in row.items() if not key.startswith("__")}
                for row in found["inventories"]
            ]
            inventory = kind.removesuffix("VO") + "Inventory"
            schema = {f"inventories[{n}]": inventory for n in range(len(inventories))}
            found["inventories"] = self._objects.shown(inventories)
            return Reply(200, {**found, "schema": schema})

        return answer

    def _poll(self, call: Call) -> Reply:
        self._settle()
        return self._jobs.poll(call.params["uuid"])

    def _infer(self, call: Call) -> Reply:
        self._settle()
        answer = self._groups.serving(call.params["instance"])
        if answer is None:
            return Reply(503, text="no instance is available")
        path = f"/{call.params.get('tail', '')}"
        return Reply(200, {**answer, "path": path})

    # Jobs

    def _async(self, api: Api) -> Callable[[Call], Reply]:
        def answer(call: Call) -> Reply:
            self._settle()
            session = self._identity.touch(self._identity.verify(call))
            values, tags = _parameters(api, call)
            job = self._jobs.accept(call, api.name, values, tags, session=session)
            base = f"http://{self._address}" if self._address else self._base_url()
            location = f"{base}{_CONTEXT}/v1/api-jobs/{job.uuid}"
            return Reply(202, {"location": location, "apiTimeout": job.timeout})

        return answer

    def _work(self, job: Job, at: int) -> Reply:
        """Do a job; parameters are checked before the session, the session before the rules."""
        api = self._by_name[job.api]
        message = Message(job.values, job.system_tags, job.user_tags, at)
        try:
            check(api.table, message.values)
            self._objects.check(api.table, message.values)
            check_resource_uuid(message.values)
            if not job.session:
                raise no_session()
            _check_mode(message)
            self._check_next(message)
            check_width(api.table, message.values)
            return Reply(200, self._objects.shown(api.act(message)))
        except ApiError as error:
            return error.reply

    def _check_next(self, message: Message) -> None:
        """Fail if that was asked for something that the message refers to; raises `ApiError`."""
        values = [value for value in message.values.values() if isinstance(value, str)]
        for uuid in values:
            if uuid in self._next:
                root = ApiError(IO, self._next.pop(uuid))
                middle = ApiError(FAILED, "the agent answered with an error", cause=root)
                raise ApiError(FAILED, "an operation failed on the model center", cause=middle)


def _check_mode(message: Message) -> None:
    mode = message.get("deleteMode", PERMISSIVE)
    if mode not in (PERMISSIVE, ENFORCING):
        raise ApiError(INTERNAL, f"No enum constant APIDeleteMessage.DeletionMode.{mode}")


def _parameters(api: Api, call: Call) -> tuple[Document, tuple[list[str], list[str]]]:
    """Return the parameters of a call and the tags beside them; raises `TextError`.

    Those of the path win. A body without the key of its API has no parameters, save where the key
    selects the API: there it is refused.
    """
    if not api.key:
        values = bind_query(api.table, call.pairs)
        return {**values, **bind(api.table, call.params)}, ([], [])
    body = _body(call)
    given = body.get(api.key)
    if api.key not in body and api.method == "PUT" and not api.sole:
        if not call.body:
            raise TextError(500, "java.lang.NullPointerException")
        raise TextError(400, f"the body doesn't contain action mapping to the URL[{call.path}]")
    if given is not None and not isinstance(given, dict):
        raise TextError(500, f"{api.key}: expected an object but was {given!r}")
    tags = (strings(body, "systemTags"), strings(body, "userTags"))
    return {**bind(api.table, given or {}), **bind(api.table, call.params)}, tags


def _body(call: Call) -> Document:
    if not call.body:
        return {}
    try:
        body = call.json()
    except NotJsonError as error:
        raise TextError(500, f"com.google.gson.JsonSyntaxException: {error}") from error
    if not isinstance(body, dict):
        raise TextError(500, "com.google.gson.JsonSyntaxException: expected an object")
    return body


def _guarded(answer: Callable[[Call], Reply]) -> Callable[[Call], Reply]:
    def guarded(call: Call) -> Reply:
        try:
            return answer(call)
        except (TextError, ApiError) as error:
            return error.reply

    return guarded
