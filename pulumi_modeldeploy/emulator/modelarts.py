"""ModelArts, version 1 of its service API, with the IAM and VPC calls that its clients need.

Sources: ModelArts API reference (service management, model management) in both the OTC and the
Huawei Cloud edition. The neighbours hold the tables: `modelarts_requests` (bodies),
`modelarts_services` (states), `modelarts_views` (answers), `modelarts_errors`,
`modelarts_catalog` (what services refer to), `huawei_iam` and `huawei_vpc`. All of them are written
from the vendor's pages and share nothing with the package's own declarations.
"""

from __future__ import annotations

import secrets
import uuid
from typing import TYPE_CHECKING, Any

from pulumi_modeldeploy.emulator import modelarts_errors as errors
from pulumi_modeldeploy.emulator import modelarts_services as life
from pulumi_modeldeploy.emulator import modelarts_views as views
from pulumi_modeldeploy.emulator.calls import Cloud, NotJsonError, Operation
from pulumi_modeldeploy.emulator.fields import Breach, Field, InvalidError, Kind, read
from pulumi_modeldeploy.emulator.huawei_iam import (
    PROJECT_ID,
    SECRET_KEYS,
    USER_ID,
    BadSignatureError,
    Identity,
)
from pulumi_modeldeploy.emulator.huawei_vpc import SEED as VPC_SEED
from pulumi_modeldeploy.emulator.huawei_vpc import Network, admits_modelarts
from pulumi_modeldeploy.emulator.journal import mask
from pulumi_modeldeploy.emulator.modelarts_catalog import FAILS, Catalog
from pulumi_modeldeploy.emulator.modelarts_catalog import SEED as CATALOG_SEED
from pulumi_modeldeploy.emulator.modelarts_errors import RefusedError, Stranger, reply
from pulumi_modeldeploy.emulator.modelarts_requests import EDGE, pools, read_create, read_update
from pulumi_modeldeploy.emulator.modelarts_services import Service

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pulumi_modeldeploy.emulator.calls import Call, Document, Reply
    from pulumi_modeldeploy.emulator.clock import Clock

_SERVICES = "/v1/{project_id}/services"
_SERVICE = f"{_SERVICES}/{{service_id}}"
_MODELS = "/v1/{project_id}/models"
_INFERS = "/v1/infers/{service_id}"

#: status of an update body -> states in which it is accepted, and what it does.
_STATUS_CHANGES: dict[str, tuple[frozenset[str], Callable[[Service, int], None]]] = {
    "running": (life.STARTABLE, life.start),
    "stopped": (life.STOPPABLE, life.stop),
}

#: What may be said about a seeded service besides the body of its create call.
_SEEDED = (
    Field("service_id", size=(1, 64)),
    Field("owner", size=(1, 64)),
    Field("status", one_of=life.STATUSES),
    Field("publish_at", Kind.INTEGER, least=0),
)
_SEED = (*CATALOG_SEED, *VPC_SEED, Field("services", Kind.LIST, items=Field("", Kind.OBJECT)))
_SEED_ALIASES = {"clusters": "pools", "security_groups": "securityGroups"}

_FAIL = (
    Field("reason", size=(1, 1000)),
    Field("next", Kind.BOOLEAN),
    Field("status", one_of=("failed", "concerning", "running")),
)


class ModelArts(Cloud):
    """The cloud: its services, its catalogue, and the identity and network side of it."""

    name = "modelarts"
    prefixes = ("/v1/", "/v2/", "/v2.0/", "/v3/", "/v3.0/")

    def __init__(self, clock: Clock, base_url: Callable[[], str]) -> None:
        self._clock = clock
        self._base_url = base_url
        self._services: dict[str, Service] = {}
        self._number = 0
        self._identity = Identity(clock)
        self._network = Network()
        self._catalog = Catalog()
        self.operations = (
            *self._own_operations(),
            *self._identity.operations,
            *self._network.operations,
        )

    def _own_operations(self) -> list[Operation]:
        """Return the route table; fixed paths stand before those with an id in the same place."""
        table = (
            ("ListSpecifications", "GET", f"{_SERVICES}/specifications", self._list_specifications),
            ("ShowService", "GET", _SERVICE, self._show),
            ("ListServices", "GET", _SERVICES, self._list),
            ("CreateService", "POST", _SERVICES, self._create),
            ("UpdateService", "PUT", _SERVICE, self._update),
            ("DeleteService", "DELETE", _SERVICE, self._delete),
            ("ListServiceEvents", "GET", f"{_SERVICE}/events", self._list_events),
            ("ListServiceLogs", "GET", f"{_SERVICE}/logs", self._list_logs),
            ("ShowServiceMonitor", "GET", f"{_SERVICE}/monitor", self._show_monitor),
            ("ListModels", "GET", _MODELS, self._list_models),
            ("ShowModel", "GET", f"{_MODELS}/{{model_id}}", self._show_model),
            ("ListClusters", "GET", "/v1/{project_id}/clusters", self._list_clusters),
            ("ShowPool", "GET", "/v2/{project_id}/pools/{pool_name}", self._show_pool),
        )
        own = [
            Operation(name, method, path, _guarded(answer), "modelarts")
            for name, method, path, answer in table
        ]
        infer = [
            Operation("Infer", method, path, self._infer, "infer", counts_only=True)
            for method in ("POST", "GET")
            for path in (_INFERS, f"{_INFERS}/{{tail:.*}}")
        ]
        return own + infer

    # What the server asks

    def refuse(self, operation: Operation, call: Call) -> Reply | None:
        """Return the error of a request that is not authenticated, `None` if all is well."""
        if operation.api == "open":
            return None
        try:
            stranger = self._stranger(call)
        except BadSignatureError as error:
            return errors.signature_error(operation.api, error)
        return errors.stranger_error(operation.api, stranger) if stranger else None

    def _stranger(self, call: Call) -> Stranger | None:
        try:
            project = self._project(call)
        except LookupError:
            known = "x-auth-token" in call.headers
            return Stranger.BAD_TOKEN if known else Stranger.NO_TOKEN
        except TimeoutError:
            return Stranger.OLD_TOKEN
        if call.params.get("project_id", project) == project:
            return None
        return Stranger.OTHER_PROJECT if project else Stranger.NO_PROJECT

    def _project(self, call: Call) -> str:
        if "authorization" in call.headers:
            return self._identity.verify(call)
        return self._identity.project_of_token(call.headers["x-auth-token"])

    def fault(self, operation: Operation, status: int, code: str, retry_after: float) -> Reply:
        """Return what the vendor answers with this status, or with this code."""
        coded = errors.coded_error(status, code)
        return coded or errors.fault_error(operation, status, retry_after)

    def unknown(self, *, known_path: bool) -> Reply:
        """Return the answer to a request that is not served."""
        return errors.modelarts_error(errors.WRONG_METHOD) if known_path else errors.unknown_api()

    def masked(self, body: Any) -> Any:
        """Return a body without passwords and tokens."""
        return mask(body, SECRET_KEYS)

    def resources(self) -> list[Document]:
        """Return all services as the show call would."""
        return [self._document(service) for service in self._settled()]

    def seed(self, document: Document) -> None:
        """Add models, pools, flavors, network objects and services.

        `{"models": [...], "pools": [...], "specifications": [...], "vpcs": [...], "subnets": [...],
        "securityGroups": [...]}` hold objects as the vendor shows them, of which only the id is
        needed; a model may say `"fails": "reason"`, and deployments of it fail. `"services"` holds
        bodies of create calls, with `service_id`, `owner`, `status`, `publish_at` where wanted.
        """
        merged = dict(document)
        for alias, name in _SEED_ALIASES.items():
            if alias in merged:
                merged[name] = merged.get(name, []) + merged.pop(alias)
        seed = read(_SEED, merged, path=self.name)
        self._catalog.seed(seed)
        self._network.seed(seed)
        for row in seed.get("services", ()):
            self._seed_service(row)

    def _seed_service(self, row: Document) -> None:
        names = {field.name for field in _SEEDED}
        known = {key: value for key, value in row.items() if key in names}
        said = read(_SEEDED, known, path="modelarts.services")
        body = read_create({key: value for key, value in row.items() if key not in names})
        service_id = said.get("service_id") or str(uuid.uuid4())
        service = self._add(body, service_id, said.get("owner", USER_ID))
        service.publish_at = service.update_time = said.get("publish_at", service.publish_at)
        service.progress = 100
        service.enter(said.get("status", "running"), service.since)

    def fail(self, service_id: str, how: Document) -> bool:
        """Let a service fail as `how` says; `False` if there is none with this id.

        `{"reason": ...}` brings it to `failed`; an upgrade that is under way is rolled back
        instead, to `running` with the former configuration. `"next": true` waits for the next
        deployment, be it a start (which then fails) or an upgrade (which is then rolled back).
        `"status": "concerning"` raises the alarm on a running service, `"running"` ends it.
        """
        how = read(_FAIL, how)
        service = self._find(service_id)
        if service is None or service.status == "deleting":
            return False
        reason = how.get("reason", "injected failure")
        status = how.get("status", "failed")
        if how.get("next"):
            service.next_failure = reason
            self._prepare(service)
        elif status == "failed":
            service.progress = life.progress(service, self._clock)
            life.fail(service, reason, self._clock.now())
        elif service.status in life.SERVING:
            life.set_alarm(service, reason, self._clock.now(), on=status == "concerning")
        else:
            raise InvalidError("status", Breach.VALUE, "can be set only on a running service")
        return True

    def reset(self) -> None:
        """Forget everything."""
        self._services.clear()
        for part in (self._identity, self._network, self._catalog):
            part.reset()

    def dump(self) -> Document:
        """Return the state as a JSON document."""
        self.moved = False
        return {
            "services": [service.dump() for service in self._services.values()],
            "number": self._number,
            "identity": self._identity.dump(),
            "network": self._network.dump(),
            "catalog": self._catalog.dump(),
        }

    def load(self, document: Document) -> None:
        """Take over what `dump` returned."""
        self._services = {row["service_id"]: Service(**row) for row in document["services"]}
        self._number = document["number"]
        self._identity.load(document["identity"])
        self._network.load(document["network"])
        self._catalog.load(document["catalog"])

    # Records

    def _find(self, service_id: str) -> Service | None:
        service = self._services.get(service_id)
        if service is None:
            return None
        self.moved |= life.settle(service, self._clock)
        if service.status == "gone":
            del self._services[service_id]
            return None
        return service

    def _settled(self) -> list[Service]:
        found = (self._find(service_id) for service_id in list(self._services))
        return [service for service in found if service is not None]

    def _settled_in(self, call: Call) -> list[Service]:
        """Return the services of the project that a call is about."""
        return [one for one in self._settled() if one.project == call.params["project_id"]]

    def _get(self, call: Call) -> Service:
        service = self._of_project(call.params["service_id"], call)
        if service is None:
            raise RefusedError(errors.NOT_FOUND)
        return service

    def _of_project(self, service_id: str, call: Call) -> Service | None:
        """Return a service of the project that a call is about."""
        service = self._find(service_id)
        there = service is not None and service.project == call.params["project_id"]
        return service if there else None

    def _add(
        self, body: Document, service_id: str, owner: str, project: str = PROJECT_ID
    ) -> Service:
        now = self._clock.now()
        self._number += 1
        service = Service(
            service_id=service_id,
            body=body,
            owner=owner,
            status="deploying",
            since=now,
            publish_at=now,
            update_time=now,
            number=self._number,
            project=project,
        )
        self._services[service_id] = service
        self._prepare(service)
        return service

    def _prepare(self, service: Service) -> None:
        """Look the models up, and whether the deployment is doomed to fail."""
        doom = service.next_failure
        for config in service.body["config"]:
            model = self._catalog.model(config["model_id"])
            if model is not None:  # else forgotten since
                service.models[config["model_id"]] = {
                    key: model[key] for key in ("model_name", "model_version", "model_source")
                }
                doom = doom or model.get(FAILS)
        service.doom = doom

    def _document(self, service: Service) -> Document:
        return views.document(service, self._item(service), self._catalog, self._base_url())

    def _item(self, service: Service) -> Document:
        return views.list_item(
            service,
            now=self._clock.now(),
            progress=life.progress(service, self._clock),
            free=any(
                self._catalog.is_free(config["specification"]) for config in service.body["config"]
            ),
        )

    # The operations on services

    def _create(self, call: Call) -> Reply:
        body = read_create(call.json())
        self._check_references(body, body["config"])
        if any(service.name == body["service_name"] for service in self._settled_in(call)):
            raise RefusedError(errors.NAME_TAKEN)
        project = call.params["project_id"]
        service = self._add(body, str(uuid.uuid4()), USER_ID, project)
        life.deploy(service, service.since)
        ids = _resource_ids(body["config"], "@", service.since)
        return reply({"service_id": service.service_id, "resource_ids": ids})

    def _check_references(self, body: Document, configs: list[Document]) -> None:
        """Check what a body refers to, as far as such objects are seeded."""
        _check_models(configs, body["infer_type"], self._catalog)
        for config in configs:
            if not self._catalog.has_flavor(config["specification"]):
                raise RefusedError(errors.NO_FLAVOR)
            if self._catalog.is_free(config["specification"]) and len(configs) > 1:
                raise RefusedError(errors.FREE_SPLIT)
            used = () if body["infer_type"] == EDGE else pools(config, body)
            if not all(self._catalog.has_pool(pool) for pool in used):
                raise RefusedError(errors.NO_POOL)
        _check_network(body, self._network)

    def _show(self, call: Call) -> Reply:
        return reply(self._document(self._get(call)))

    def _list(self, call: Call) -> Reply:
        query = read(views.LIST_QUERY, call.query, extra=True)
        found = views.select(self._settled_in(call), query)
        items = [
            {**self._item(service), "is_opened_sample_collection": False}
            for service in views.page(found, query)
        ]
        return reply({"total_count": len(found), "count": len(items), "services": items})

    def _update(self, call: Call) -> Reply:
        service = self._get(call)
        _check_owner(service)
        body = read_update(call.json(), service.body)
        if service.status in life.BUSY:
            raise RefusedError(errors.WRONG_STATE)
        status = body.pop("status", None)
        config = body.pop("config", None)
        if status is not None:
            config = None  # update page: next to a status, a config is not looked at
            self._change_status(service, status)
        elif config is not None:
            self._check_references(service.body, config)
        now = self._clock.now()
        life.change(service, body, now)
        if config is None:
            return reply({})
        life.upgrade(service, config, now)
        self._prepare(service)
        ids = _resource_ids(config, "-", now)
        return reply({"update_time": now, "resource_ids": ids})

    def _change_status(self, service: Service, status: str) -> None:
        allowed, change = _STATUS_CHANGES[status]
        if service.status not in allowed:
            raise RefusedError(errors.WRONG_STATE)
        change(service, self._clock.now())
        self._prepare(service)

    def _delete(self, call: Call) -> Reply:
        """Delete all or none: the page does not say what becomes of a half unknown list."""
        ids = call.params["service_id"].split(",")
        services = [self._of_project(service_id, call) for service_id in ids]
        for service in services:
            if service is None:
                raise RefusedError(errors.NOT_FOUND)
            _check_owner(service)
        for service in services:
            if service is not None and service.status != "deleting":
                life.delete(service, self._clock.now())
        return reply({})

    def _list_events(self, call: Call) -> Reply:
        service = self._get(call)
        query = read(views.EVENT_QUERY, call.query, extra=True)
        events = views.select_events(service, query)
        page = views.page(events, query)
        counts = {"total_count": len(events), "count": len(page)}
        return reply({**_head(service), **counts, "events": page})

    def _list_logs(self, call: Call) -> Reply:
        service = self._get(call)
        query = read((views.whole("update_time"),), call.query, extra=True)
        moment = query.get("update_time")
        logs = [log for log in reversed(service.logs) if moment in (None, log["update_time"])]
        return reply({**_head(service), "logs": logs})

    def _show_monitor(self, call: Call) -> Reply:
        return reply(views.monitor(self._get(call)))

    def _infer(self, call: Call) -> Reply:
        """Answer a prediction: by whom, which is what an emulator can say."""
        service = self._find(call.params["service_id"])
        if service is None:
            return errors.modelarts_error(errors.NOT_SERVING)
        config = life.served_by(service)
        if config is None:
            service.failed_times += 1
            return errors.modelarts_error(errors.NOT_SERVING)
        return reply({**_head(service), **views.named(service, config)})

    # The operations on what services refer to

    def _list_specifications(self, call: Call) -> Reply:
        query = read(views.SPECIFICATION_QUERY, call.query, extra=True)
        return _listed("specifications", self._catalog.flavors(), query)

    def _list_models(self, call: Call) -> Reply:
        query = read(views.MODEL_QUERY, call.query, extra=True)
        models = [_without_failure(model) for model in self._catalog.models()]
        return _listed("models", views.select_models(models, query), query)

    def _show_model(self, call: Call) -> Reply:
        model = self._catalog.model(call.params["model_id"])
        if model is None:
            raise RefusedError(errors.NO_MODEL_PAGE)
        return reply(_without_failure(model))

    def _list_clusters(self, call: Call) -> Reply:
        query = read(views.PAGE_QUERY, call.query, extra=True)
        return _listed("clusters", self._catalog.pools(), query)

    def _show_pool(self, call: Call) -> Reply:
        pool = self._catalog.pool(call.params["pool_name"])
        if pool is None:
            raise RefusedError(errors.NO_POOL_PAGE)
        return reply(pool)


# --- small parts ------------------------------------------------------------------------------


def _guarded(answer: Callable[[Call], Reply]) -> Callable[[Call], Reply]:
    """Turn what an operation raises into ModelArts' errors."""

    def guarded(call: Call) -> Reply:
        try:
            return answer(call)
        except RefusedError as refused:
            return refused.reply
        except NotJsonError:
            return errors.modelarts_error(errors.NOT_JSON)
        except InvalidError as error:
            return errors.invalid_error(error)

    return guarded


def _without_failure(model: Document) -> Document:
    return {key: value for key, value in model.items() if key != FAILS}


def _head(service: Service) -> Document:
    return {"service_id": service.service_id, "service_name": service.name}


def _listed(name: str, rows: Sequence[Document], query: Document) -> Reply:
    page = views.page(rows, query)
    return reply({"total_count": len(rows), "count": len(page), name: page})


def _resource_ids(configs: list[Document], separator: str, now: int) -> list[str]:
    """Return one id per config element; create and update pages write them differently."""
    return [f"INF-{secrets.token_hex(8)}{separator}{now}" for _ in configs]


def _check_owner(service: Service) -> None:
    if service.owner != USER_ID:
        raise RefusedError(errors.NOT_OWNER)


def _check_models(configs: list[Document], infer_type: str, catalog: Catalog) -> None:
    """Check existence, state, kind of service, and that version numbers differ (config)."""
    ids = {config["model_id"] for config in configs}
    versions = set()
    for model_id in ids:
        model = catalog.model(model_id)
        if model is None:
            raise RefusedError(errors.NO_MODEL)
        if model["model_status"] != "published":
            raise RefusedError(errors.NOT_PUBLISHED)
        if infer_type not in model["install_type"]:
            raise RefusedError(errors.NOT_FOR_TYPE)
        versions.add(model["model_version"])
    # Models that are taken to exist all show the same version: nothing is known about them.
    if len(ids) < len(configs) or (catalog.models() and len(versions) < len(ids)):
        raise RefusedError(errors.SAME_VERSION)


def _check_network(body: Document, network: Network) -> None:
    """Check VPC, subnet and group; with a dedicated pool they have no effect (create page)."""
    if "vpc_id" not in body or pools({}, body):
        return
    vpc = network.find("vpcs", body["vpc_id"])
    subnet = network.find("subnets", body["subnet_network_id"])
    group = network.find("securityGroups", body["security_group_id"])
    if vpc is None or subnet is None or group is None:
        raise RefusedError(errors.NO_NETWORK)
    if subnet.get("vpc_id", vpc["id"]) != vpc["id"]:
        raise RefusedError(errors.WRONG_SUBNET)
    if not admits_modelarts(group):
        raise RefusedError(errors.CLOSED_GROUP)
