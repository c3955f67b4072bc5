"""PAI-EAS of Alibaba Cloud, API version 2021-07-01: app services and what is around them.

Sources: pages and metadata of the operations, page on version 3 of the signature, FAQ about EAS.
The neighbours hold the parts: `pai_requests` (parameters), `pai_records` and `pai_services`
(services and their statuses), `pai_views` (answers), `pai_catalog` (specifications and storage),
`pai_network` (VPC and ECS), `pai_identity` (keys and signatures) and `pai_errors`. All of them are
written from the vendor's pages and share nothing with the package's own declarations.
"""

from __future__ import annotations

import hmac
import re
from typing import TYPE_CHECKING, Any

from pulumi_modeldeploy.emulator import pai_errors as errors
from pulumi_modeldeploy.emulator import pai_requests as requests
from pulumi_modeldeploy.emulator import pai_services as life
from pulumi_modeldeploy.emulator import pai_views as views
from pulumi_modeldeploy.emulator.calls import Cloud, NotJsonError, Operation, Reply
from pulumi_modeldeploy.emulator.fields import Breach, InvalidError, read
from pulumi_modeldeploy.emulator.pai_catalog import SEED as CATALOG_SEED
from pulumi_modeldeploy.emulator.pai_catalog import Catalog
from pulumi_modeldeploy.emulator.pai_errors import RefusedError, reply
from pulumi_modeldeploy.emulator.pai_identity import REGION, Identity
from pulumi_modeldeploy.emulator.pai_identity import SEED as KEY_SEED
from pulumi_modeldeploy.emulator.pai_network import PATH as RPC_PATH
from pulumi_modeldeploy.emulator.pai_network import SEED as NETWORK_SEED
from pulumi_modeldeploy.emulator.pai_network import Network
from pulumi_modeldeploy.emulator.pai_records import SEED as RECORDS_SEED
from pulumi_modeldeploy.emulator.pai_records import Records

if TYPE_CHECKING:
    from collections.abc import Callable

    from pulumi_modeldeploy.emulator.calls import Call, Document
    from pulumi_modeldeploy.emulator.clock import Clock
    from pulumi_modeldeploy.emulator.pai_services import Service

_VERSIONS = {"eas": "2021-07-01", "vpc": "2016-04-28", "ecs": "2014-05-26"}
_APPS = "/api/v2/app_services"
_APP = f"{_APPS}/{{ClusterId}}/{{ServiceName}}"
_SERVICES = "/api/v2/services"
_SERVICE = f"{_SERVICES}/{{ClusterId}}/{{ServiceName}}"
_EAS_HOST = re.compile(r"pai-eas(?:-manage-vpc)?\.(?P<region>[a-z0-9-]+)\.")

_ANY = frozenset(life.STATUSES)
_SEED = (*CATALOG_SEED, *NETWORK_SEED, *RECORDS_SEED, KEY_SEED)


class Pai(Cloud):
    """The cloud: its services, what they refer to, and who may call."""

    name = "pai"
    prefixes = ("/api/",)

    def __init__(self, clock: Clock, base_url: Callable[[], str]) -> None:
        self._clock = clock
        self._base_url = base_url
        self._identity = Identity(clock)
        self._network = Network()
        self._catalog = Catalog(self._network)
        self._records = Records(clock, self._catalog, self._move)
        self._rpc = {(row.method, row.name): row for row in map(_whole, self._network.operations)}
        self.operations = (*self._own_operations(), *self._rpc.values())

    def _own_operations(self) -> list[Operation]:
        """Return the route table; what RPC calls share comes first of its path."""
        table = (
            ("CreateAppService", "POST", _APPS, self._create),
            ("UpdateAppService", "PUT", _APP, self._update),
            ("ListServices", "GET", _SERVICES, self._list),
            ("DescribeService", "GET", _SERVICE, self._describe),
            ("DeleteService", "DELETE", _SERVICE, self._delete),
            ("StartService", "PUT", f"{_SERVICE}/start", self._start),
            ("StopService", "PUT", f"{_SERVICE}/stop", self._stop),
            ("RestartService", "PUT", f"{_SERVICE}/restart", self._restart),
            ("ScaleService", "PUT", f"{_SERVICE}/scale", self._scale),
            ("UpdateServiceVersion", "PUT", f"{_SERVICE}/version", self._switch),
            ("UpdateServiceLabel", "PUT", f"{_SERVICE}/label", self._label),
            ("DeleteServiceLabel", "DELETE", f"{_SERVICE}/label", self._unlabel),
            ("UpdateServiceSafetyLock", "PUT", f"{_SERVICE}/lock", self._lock),
            ("DescribeServiceEndpoints", "GET", f"{_SERVICE}/endpoints", self._endpoints),
            ("DescribeServiceEvent", "GET", f"{_SERVICE}/events", self._events),
            ("DescribeServiceDiagnosis", "GET", f"{_SERVICE}/diagnosis", self._diagnosis),
            ("ListServiceInstances", "GET", f"{_SERVICE}/instances", self._instances),
        )
        own = [
            _whole(Operation(name, method, path, answer, "eas"))
            for name, method, path, answer in table
        ]
        unknown = [
            Operation("Unknown", method, RPC_PATH, _no_action, "rpc") for method in ("GET", "POST")
        ]
        infer = [
            Operation("Infer", method, path, self._infer, "infer", counts_only=True)
            for method in ("GET", "POST")
            for path in (views.SERVING, f"{views.SERVING}/{{tail:.*}}")
        ]
        return [*own, *unknown, *infer]

    # What the server asks

    def pick(self, operation: Operation, call: Call) -> Operation:
        """Return the operation that the header of an RPC call names."""
        if operation.path != RPC_PATH:
            return operation
        return self._rpc.get((call.method, call.headers.get("x-acs-action", "")), operation)

    def refuse(self, operation: Operation, call: Call) -> Reply | None:
        """Return the error of a request that is not signed well, or asks for another operation."""
        if operation.api not in _VERSIONS:
            return None
        try:
            self._identity.verify(call, _VERSIONS[operation.api], operation.name)
        except RefusedError as refused:
            return refused.reply(operation.api)
        return None

    def fault(self, operation: Operation, status: int, code: str, retry_after: float) -> Reply:
        """Return what the vendor answers with this status, or with this code."""
        return errors.fault_error(operation.api, status, code, retry_after)

    def unknown(self, *, known_path: bool) -> Reply:
        """Return the answer to a request that is not served."""
        return errors.error_reply(errors.WRONG_METHOD if known_path else errors.NO_API, "eas")

    def masked(self, body: Any) -> Any:
        """Return the body: there are no secrets in any."""
        return body

    def resources(self) -> list[Document]:
        """Return all services of all accounts as DescribeService would."""
        return [self._document(service) for service in self._records.settled()]

    def seed(self, document: Document) -> None:
        """Add services and what they refer to.

        `{"vpcs": [...], "vSwitches": [...], "securityGroups": [...]}` hold objects as the vendor
        shows them, of which only the id is needed; `"ossPaths"` paths that exist with all below;
        `"serviceSpecs"` `{"ServiceSpec": ...}`, with `"fails": "reason"` where deployments fail and
        `"waits": "reason"` where instances do not come up. `"services"` holds bodies of create
        calls, with `Region`, `ServiceId`, `ParentUid` (another account's are nobody's business),
        `Status`, `CreateTime`, `Labels`, `SafetyLock`, `WorkspaceId`, `QuotaId` where wanted.
        `"accessKeys"` holds `accessKeyId`, `accessKeySecret` and, where wanted, `securityToken`,
        `expiration`, `uid`. `"lag"` says how many answers of DescribeService come too late after a
        `create` (as if nothing were there) and an `update` (as if nothing had changed).
        """
        seed = read(_SEED, document, path=self.name)
        self._identity.seed(seed.get("accessKeys", ()))
        self._network.seed(seed)
        self._catalog.seed(seed)
        self._records.seed(seed)

    def fail(self, service_id: str, how: Document) -> bool:
        """Let a service fail as `Records.fail` says; `False` if there is none with this id."""
        return self._records.fail(service_id, how)

    # State

    def _move(self) -> None:
        self.moved = True

    def reset(self) -> None:
        """Forget everything."""
        for part in (self._records, self._identity, self._network, self._catalog):
            part.reset()

    def dump(self) -> Document:
        """Return the state as a JSON document."""
        self.moved = False
        return {
            "records": self._records.dump(),
            "identity": self._identity.dump(),
            "network": self._network.dump(),
            "catalog": self._catalog.dump(),
        }

    def load(self, document: Document) -> None:
        """Take over what `dump` returned."""
        self._records.load(document["records"])
        self._identity.load(document["identity"])
        self._network.load(document["network"])
        self._catalog.load(document["catalog"])

    # Services

    def _get(self, call: Call) -> Service:
        """Return the service that a call is about; names are shared by all accounts."""
        service = self._records.find(call.params["ClusterId"], call.params["ServiceName"])
        if service is None:
            raise RefusedError(errors.NOT_FOUND)
        if service.owner != self._identity.caller(call):
            raise RefusedError(errors.FOREIGN)
        return service

    def _get_unlocked(
        self, call: Call, allowed: frozenset[str] = _ANY, *, danger: bool = False
    ) -> Service:
        """Return the service that a call changes, if lock and status allow that."""
        service = self._get(call)
        if service.lock == "all" or (service.lock == "dangerous" and danger):
            raise RefusedError(errors.LOCKED, f"It is {service.lock}.")
        if service.status not in allowed:
            raise RefusedError(errors.WRONG_STATE, f"It is {service.status}.")
        return service

    def _document(self, service: Service) -> Document:
        return views.document(service, self._clock, self._base_url())

    # The operations on app services

    def _create(self, call: Call) -> Reply:
        body = requests.body(call, requests.CREATE)
        self._check_spec(body)
        region = _region(call)
        if self._records.find(region, body["ServiceName"]) is not None:
            raise RefusedError(errors.NAME_TAKEN)
        service = self._records.add(body, region, self._identity.caller(call))
        self._take_place(service, call)
        service.enter("Creating", service.since)
        self._records.prepare(service)
        shown = self._document(service)
        names = ("ServiceId", "ServiceName", "Status", "Region")
        return reply(
            {name: shown[name] for name in names} | views.endpoints(service, self._base_url())
        )

    def _check_spec(self, body: Document) -> None:
        if "ServiceSpec" in body and not self._catalog.has_spec(body["ServiceSpec"]):
            raise InvalidError("ServiceSpec", Breach.VALUE, "is not a known specification")

    @staticmethod
    def _take_place(service: Service, call: Call) -> None:
        """Take over workspace and quota; whether an update moves a service is not documented."""
        service.workspace_id = call.query.get("WorkspaceId", service.workspace_id)
        service.quota_id = call.query.get("QuotaId", service.quota_id)

    def _update(self, call: Call) -> Reply:
        """A `Config` takes the place of the former one, what is left out stays (not documented)."""
        service = self._get_unlocked(call, life.CHANGEABLE)
        body = requests.body(call, requests.UPDATE)
        self._check_spec(body)
        self._take_place(service, call)
        self._change(service, body)
        return reply({"Message": "Success"})

    def _change(self, service: Service, body: Document) -> None:
        if life.update(service, body, self._clock.now(), self._records.lag["update"]):
            self._records.prepare(service)

    # The operations on services

    def _describe(self, call: Call) -> Reply:
        service, now = self._get(call), self._clock.now()
        if life.is_hidden(service, now):
            raise RefusedError(errors.NOT_FOUND)
        return reply(self._document(life.as_shown(service, now)))

    def _list(self, call: Call) -> Reply:
        query = requests.query(call, requests.LIST)
        region, caller = _region(call), self._identity.caller(call)
        own = [
            one for one in self._records.settled() if (one.region, one.owner) == (region, caller)
        ]
        own.sort(key=lambda service: service.number, reverse=query.get("Order") != "asc")
        found = views.select([views.item(service, self._clock) for service in own], query)
        return reply(_paged("Services", found, query))

    def _delete(self, call: Call) -> Reply:
        service = self._get_unlocked(call, danger=True)
        if service.status != "Deleting":
            life.delete(service, self._clock.now())
        return _message(service, "Service [{name}] in region [{region}] is terminating")

    def _start(self, call: Call) -> Reply:
        service = self._get_unlocked(call, life.STARTABLE)
        life.start(service, self._clock.now())
        self._records.prepare(service)
        return _message(service, "Service [{name}] in region [{region}] is starting")

    def _stop(self, call: Call) -> Reply:
        service = self._get_unlocked(call, life.STOPPABLE, danger=True)
        life.stop(service, self._clock.now(), self._records.lag["update"])
        return _message(service, "Succeed to auto scale service [{name}]")

    def _restart(self, call: Call) -> Reply:
        service = self._get_unlocked(call, life.RESTARTABLE)
        life.restart(service, self._clock.now(), self._records.lag["update"])
        self._records.prepare(service)
        return _message(service, "Service is restarting")

    def _scale(self, call: Call) -> Reply:
        service = self._get_unlocked(call, life.CHANGEABLE)
        count = requests.body(call, requests.SCALE)["Instance"]
        self._change(service, {"Replicas": count})
        return _message(service, "Service [{name}] in region [{region}] is scaling")

    def _switch(self, call: Call) -> Reply:
        service = self._get_unlocked(call, life.CHANGEABLE)
        version = requests.body(call, requests.version(service.current))["Version"]
        life.switch(service, version, self._clock.now(), self._records.lag["update"])
        self._records.prepare(service)
        return _message(service, "Service [{name}] in region [{region}] is starting")

    def _label(self, call: Call) -> Reply:
        service = self._get_unlocked(call)
        service.labels |= requests.body(call, requests.LABELS)["Labels"]
        return _message(service, "Succeed to update service [{name}] labels.")

    def _unlabel(self, call: Call) -> Reply:
        service = self._get_unlocked(call)
        given = call.query.get("LabelKeys") or call.query.get("Keys")
        if not given:
            raise InvalidError("LabelKeys", Breach.MISSING, "is required")
        for key in requests.texts(given, "LabelKeys"):
            service.labels.pop(key, None)
        return _message(service, "Succeed to delete service [{name}] labels.")

    def _lock(self, call: Call) -> Reply:
        service = self._get(call)
        service.lock = requests.body(call, requests.LOCK)["Lock"]
        return _message(service, f"service safety lock updated to {service.lock}")

    # What there is to know about a service

    def _endpoints(self, call: Call) -> Reply:
        service = self._get(call)
        at = views.endpoints(service, self._base_url())
        gateway = {
            "EndpointType": "DefaultGateway",
            "BackendId": "default",
            "PathType": "Service",
            "InternetEndpoints": [at["InternetEndpoint"]],
            "IntranetEndpoints": [at["IntranetEndpoint"]],
        }
        return reply({"Message": "Success", "AccessToken": service.token, "Endpoints": [gateway]})

    def _events(self, call: Call) -> Reply:
        service = self._get(call)
        query = requests.query(call, requests.EVENTS)
        return reply(views.events(service, query, self._clock.now()))

    def _diagnosis(self, call: Call) -> Reply:
        return reply({"DiagnosisList": views.diagnosis(self._get(call))})

    def _instances(self, call: Call) -> Reply:
        service = self._get(call)
        query = requests.query(call, requests.INSTANCES)
        found = views.select_instances(views.instances(service, self._clock), query)
        return reply(_paged("Instances", found, query))

    # The data plane

    def _infer(self, call: Call) -> Reply:
        """Answer a prediction: by whom, which is what an emulator can say."""
        service = self._served(call.params["host"], call.params["service"])
        if service is None:
            return Reply(404, text="")
        token = call.headers.get("authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(token.encode(), service.token.encode()):
            return Reply(401, text="Unauthorized")
        by = life.served_by(service)
        if by is None:
            return Reply(503, text="no healthy upstream")
        names = ("AppType", "AppVersion", "Version")
        said = {
            "ServiceName": service.name,
            "ServiceId": service.service_id,
            "AppSpecName": by["ServiceSpec"],
            **{name: by[name] for name in names},
            "InstanceName": views.instance_name(service, by["Instance"]),
            "Path": f"/{call.params.get('tail', '')}",
        }
        return Reply(200, said)

    def _served(self, host: str, name: str) -> Service | None:
        owner, _, rest = host.partition(".")
        region = rest.removeprefix("vpc.").partition(".")[0]
        service = self._records.find(region, name)
        return service if service is not None and service.owner == owner else None


# --- small parts ------------------------------------------------------------------------------


def _whole(row: Operation) -> Operation:
    """Return an operation that turns what it raises into errors of its API."""

    def guarded(call: Call) -> Reply:
        try:
            return row.answer(call)
        except RefusedError as refused:
            return refused.reply(row.api)
        except NotJsonError:
            return RefusedError(errors.INVALID, "The body is not JSON.").reply(row.api)
        except InvalidError as error:
            return errors.invalid_error(error).reply(row.api)

    return Operation(row.name, row.method, row.path, guarded, row.api)


def _no_action(_call: Call) -> Reply:
    return errors.error_reply(errors.NO_ACTION, "eas")


def _region(call: Call) -> str:
    """Return the region of a call without one in its path: its host or its header names it."""
    host = _EAS_HOST.match(call.headers.get("host", ""))
    return host["region"] if host else call.headers.get("x-acs-region-id", REGION)


def _message(service: Service, text: str) -> Reply:
    return reply({"Message": text.format(name=service.name, region=service.region)})


def _paged(name: str, rows: list[Document], query: Document) -> Document:
    return {
        name: views.page(rows, query),
        "PageNumber": query.get("PageNumber", 1),
        "PageSize": views.page_size(query),
        "TotalCount": len(rows),
    }
