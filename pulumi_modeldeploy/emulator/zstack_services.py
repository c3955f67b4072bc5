"""Model services of ZStack, and the model centers, models and tags around them.

Sources: pages of the API explorer and the developer guide of ZStack AIOS, SDK actions (parameters
and paths), database schema (widths and defaults). The table at the end lists the APIs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pulumi_modeldeploy.emulator import zstack_rules as rules
from pulumi_modeldeploy.emulator.zstack_errors import FAILED, INVALID, IO, ApiError, broken
from pulumi_modeldeploy.emulator.zstack_messages import Kind, Param
from pulumi_modeldeploy.emulator.zstack_objects import (
    CENTER,
    GROUP,
    MODEL,
    NETWORK,
    PATTERN,
    SERVICE,
    SYSTEM_TAG,
    USER_TAG,
    ZONE,
    chosen,
    new_uuid,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from pulumi_modeldeploy.emulator.calls import Document
    from pulumi_modeldeploy.emulator.zstack_messages import Message
    from pulumi_modeldeploy.emulator.zstack_objects import Objects

PERMISSIVE, ENFORCING = "Permissive", "Enforcing"
TYPES = ("Endpoint", "FineTune", "ModelEval", "App")
SOURCES = ("Other", "Bentoml", "HuggingFace")
DISCONNECTED = "Disconnected"


@dataclass(frozen=True)
class Api:
    """An API: its name, verb and path, the key of its parameters in a body, and what it does.

    An empty key means that the parameters are in the query. `sync` APIs answer at once, `free` ones
    want no credentials. `sole` means that no other API shares the path.
    """

    name: str
    method: str
    path: str
    key: str
    table: tuple[Param, ...]
    act: Callable[[Message], Document]
    sync: bool = False
    free: bool = False
    sole: bool = False


RESOURCE = (Param("resourceUuid"), Param("tagUuids", Kind.STRINGS, refers=PATTERN))
#: The enumeration fails to convert other values, which no annotation checks.
DELETE_MODE = Param("deleteMode")

_IMAGES = Param(
    "architectureImages",
    Kind.OBJECTS,
    table=(Param("cpuArchitecture"), Param("vmImageUuid"), Param("dockerImage")),
)
#: What Add, Clone and Update have in common.
_MUTABLE = (
    Param("name", width=255),
    Param("description", width=2048),
    Param("yaml"),
    Param("requestCpu", Kind.INT),
    Param("requestMemory", Kind.LONG),
    Param("gpuComputeCapability", width=32),
    Param("startCommand", width=1024),
    Param("containerCommand"),
    Param("containerArgs"),
    Param("pythonVersion", width=32),
    Param("type", one_of=TYPES),
    Param("source", one_of=SOURCES),
    Param("framework", width=255),
    Param("supportDistributed", Kind.BOOLEAN),
    Param("vendorToSpecUuidsMap", Kind.LISTS),
)
_FIXED = (
    Param("modelCenterUuid", refers=CENTER),
    Param("installPath", width=512),
    Param("condaVersion", width=32),
    Param("system", Kind.BOOLEAN),
)
_MANDATORY = frozenset(
    {
        "name",
        "yaml",
        "requestCpu",
        "requestMemory",
        "modelCenterUuid",
        "installPath",
        "startCommand",
    }
)
_ADD = (
    *(
        Param(
            row.name,
            row.kind,
            row.name in _MANDATORY,
            row.one_of,
            None,
            row.width,
            refers=row.refers,
        )
        for row in (*_MUTABLE, *_FIXED)
    ),
    _IMAGES,
    Param("zoneUuid", refers=ZONE),
    Param("modelUuids", Kind.STRINGS),
    *RESOURCE,
)
_SERVICE = Param("uuid", required=True, refers=SERVICE)
_UPDATE = (
    _SERVICE,
    *_MUTABLE,
    _IMAGES,
    Param("environmentParameters", Kind.STRING_MAP),
    Param("startupParameters", Kind.STRING_MAP),
    Param("inferenceParams", Kind.STRING_MAP),
    Param("serviceName"),
    Param("servicePorts", Kind.INTS),
    Param("serviceLivez"),
    Param("serviceReadyz"),
    Param("serviceBootupTime", Kind.INT),
    Param("serviceInstallPath"),
    Param("serviceStartCommand"),
)
_CLONE = (
    _SERVICE,
    *_MUTABLE,
    *_FIXED[1:],
    _IMAGES,
    Param("readme"),
    Param("size", Kind.LONG),
    Param("cpuArchitectures", Kind.STRINGS),
    *RESOURCE,
)
_DELETE = (Param("uuid", required=True, refers=SERVICE, lenient=True), DELETE_MODE)
_DELETE_MANY = (Param("uuids", Kind.STRINGS, required=True, nonempty=True), DELETE_MODE)
_BIND = (
    Param("modelUuid", required=True),
    Param("modelServiceUuid", required=True, refers=SERVICE),
)

_CENTER = (
    Param("managementIp"),
    Param("managementPort", Kind.INT),
    Param("storageNetworkUuid", refers=NETWORK),
    Param("serviceNetworkUuid", refers=NETWORK),
    Param("containerRegistry"),
    Param("containerNetwork"),
    Param("containerStorageNetwork"),
    *(Param(name, longest=255) for name in ("name", "url", "description", "parameters")),
)
_ADD_CENTER_NEEDS = frozenset({"name", "url", "managementIp", "managementPort"})
_ADD_CENTER = (
    *(
        Param(row.name, row.kind, row.name in _ADD_CENTER_NEEDS, refers=row.refers)
        for row in _CENTER
    ),
    Param("zoneUuid", refers=ZONE),
    *RESOURCE,
)
_MODEL_TEXTS = ("name", "installPath", "description", "parameters")
_MODEL_MORE = (
    Param("vendor"),
    Param("recommendedGpuNum", Kind.INT),
    Param("gpuConstraintDescription"),
)
_ADD_MODEL = (
    *(Param(name, required=name in ("name", "installPath")) for name in _MODEL_TEXTS),
    Param("modelCenterUuid", required=True, refers=CENTER),
    *_MODEL_MORE,
    Param("token"),
    Param("logo"),
    Param("introduction"),
    Param("size", Kind.LONG),
    Param("version"),
    Param("modelServiceUuids", Kind.STRINGS, refers=SERVICE),
    *RESOURCE,
)
_UPDATE_MODEL = (
    Param("uuid", required=True, refers=MODEL),
    *(Param(name, longest=255) for name in _MODEL_TEXTS),
    Param("modelCenterUuid", refers=CENTER),
    *_MODEL_MORE,
    Param("modelId"),
)
_TAG = tuple(Param(name, required=True) for name in ("resourceType", "resourceUuid", "tag"))
_TAG_RESOURCES = (
    Param("tagUuid", required=True, refers=PATTERN),
    Param("resourceUuids", Kind.STRINGS, required=True, nonempty=True),
)


class Services:
    """The APIs of model services and of what is around them."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        service = "/v1/ai/model-services/{uuid}"
        bind = "/v1/ai/models/{modelUuid}/model-services/{modelServiceUuid}"
        services, many = "/v1/ai/model-services", self.delete_many
        center = "/v1/ai/model-centers/{uuid}"
        model = "/v1/ai/models/{uuid}"
        tag = "/v1/tags/{tagUuid}/resources"
        gone = self._remover
        self.apis = (
            Api("AddModelService", "POST", services, "param", _ADD, self.add),
            Api("CloneModelService", "POST", service, "params", _CLONE, self.clone),
            Api("UpdateModelService", "PUT", service, "updateModelService", _UPDATE, self.update),
            Api("DeleteModelService", "DELETE", service, "", _DELETE, self.delete),
            Api("DeleteModelServices", "DELETE", services, "", _DELETE_MANY, many),
            Api("DeleteModelServices", "DELETE", f"{services}/", "", _DELETE_MANY, many),
            Api("BindModelToService", "POST", bind, "param", _BIND, self.bind),
            Api("UnbindModelFromService", "DELETE", bind, "", _BIND, self.unbind),
            Api(
                "AddModelCenter", "POST", "/v1/ai/model-centers", "param", _ADD_CENTER, self.center
            ),
            Api(
                "UpdateModelCenter",
                "PUT",
                center,
                "updateModelCenter",
                (Param("uuid", required=True, refers=CENTER), *_CENTER),
                self._updater(CENTER),
            ),
            Api("DeleteModelCenter", "DELETE", center, "", _gone(CENTER), gone(CENTER)),
            Api("AddModel", "POST", "/v1/ai/models", "param", _ADD_MODEL, self.model),
            Api("UpdateModel", "PUT", model, "updateModel", _UPDATE_MODEL, self._updater(MODEL)),
            Api("DeleteModel", "DELETE", model, "", _gone(MODEL), self.delete_model),
            Api(
                "CreateSystemTag", "POST", "/v1/system-tags", "params", _TAG, self._tag(SYSTEM_TAG)
            ),
            Api("CreateUserTag", "POST", "/v1/user-tags", "params", _TAG, self._tag(USER_TAG)),
            Api("DeleteTag", "DELETE", "/v1/tags/{uuid}", "", _gone(), self.delete_tag),
            Api("AttachTagToResources", "POST", tag, "params", _TAG_RESOURCES, self.attach),
            Api("DetachTagFromResources", "DELETE", tag, "", _TAG_RESOURCES, self.detach),
        )

    # Model services

    def add(self, message: Message) -> Document:
        """AddModelService."""
        rules.check_service(message, self._objects, complete=True)
        self._check_models(message.get("modelUuids", ()))
        self.check_center(message["modelCenterUuid"])
        values = {
            "type": "Endpoint",
            "source": "Other",
            "framework": "Other",  # the column's default; what newer servers store is not known
            "system": False,
            "supportDistributed": False,
            "size": 0,
            **chosen(message, [row.name for row in (*_MUTABLE, *_FIXED)]),
            "_zoneUuid": message.get("zoneUuid"),
        }
        return self._added(message, values, message["architectureImages"])

    def _added(self, message: Message, values: Document, images: list[Document]) -> Document:
        version = str(values["installPath"]).rsplit("/", maxsplit=1)[-1].rpartition("_")[2]
        if values["type"] == "App":
            values["version"] = version
        record = self._objects.add(SERVICE, values, message.get("resourceUuid"), message.at)
        self._set_images(record, images, message.at)
        record["modelServiceRefs"] = []
        for model in message.get("modelUuids", ()):
            _bind(record, model)
        self._objects.tag(record, SERVICE, message)
        return {"inventory": record}

    @staticmethod
    def _set_images(record: Document, images: list[Document], at: int) -> None:
        record["modelServiceImages"] = [
            {
                "uuid": new_uuid(),
                "modelServiceUuid": record["uuid"],
                **{key: value for key, value in image.items() if value},
                "cpuArchitecture": image["cpuArchitecture"].lower(),
                "createDate": at,
                "lastOpDate": at,
            }
            for image in images
        ]
        record["cpuArchitectures"] = [
            image["cpuArchitecture"] for image in record["modelServiceImages"]
        ]

    def clone(self, message: Message) -> Document:
        """CloneModelService: what is given overrides what the source says."""
        rules.check_service(message, self._objects, complete=False)
        source = self._objects.get(SERVICE, message["uuid"])
        images = message.get("architectureImages", source["modelServiceImages"])
        kept = ("cpuArchitecture", "vmImageUuid", "dockerImage")
        images = [{key: image[key] for key in kept if key in image} for image in images]
        names = [*(row.name for row in (*_MUTABLE, *_FIXED)), "readme", "size"]
        values = {key: value for key, value in source.items() if key in names or key == "_zoneUuid"}
        values.update({"system": False, "size": 0, **chosen(message, names)})
        return self._added(message, values, images)

    def update(self, message: Message) -> Document:
        """UpdateModelService: what is absent stays as it is."""
        rules.check_service(message, self._objects, complete=False)
        record = self._objects.get(SERVICE, message["uuid"])
        text = rules.edited(record["yaml"], message)
        record["yaml"] = text
        record.update(chosen(message, [row.name for row in _MUTABLE]))
        if "architectureImages" in message.values:
            self._set_images(record, message["architectureImages"], message.at)
        record["lastOpDate"] = message.at
        return {"inventory": record}

    def delete(self, message: Message) -> Document:
        """DeleteModelService; groups that it runs as live on without it."""
        self._delete(message["uuid"], message)
        return {}

    def _delete(self, uuid: str, message: Message) -> None:
        record = self._objects.find(SERVICE, uuid)
        if record is None:
            return
        if record["system"] and message.get("deleteMode") != ENFORCING:
            raise broken(10084, f"the system model service[uuid:{uuid}] cannot be deleted")
        for group in self._objects.all(GROUP):
            if group.get("modelServiceUuid") == uuid:
                group["modelServiceUuid"] = None
        self._objects.remove(SERVICE, uuid)

    def delete_many(self, message: Message) -> Document:
        """DeleteModelServices: a result for each, also for those that fail."""
        return {"results": results(message, lambda uuid: self._delete(uuid, message))}

    def bind(self, message: Message) -> Document:
        """BindModelToService; a second time changes nothing (the pages do not say)."""
        self._check_models([message["modelUuid"]])
        record = self._objects.get(SERVICE, message["modelServiceUuid"])
        _bind(record, message["modelUuid"])
        return {"inventory": record}

    def unbind(self, message: Message) -> Document:
        """UnbindModelFromService, also of a model that is not bound (the pages do not say)."""
        record = self._objects.get(SERVICE, message["modelServiceUuid"])
        refs = record["modelServiceRefs"]
        record["modelServiceRefs"] = [
            ref for ref in refs if ref["modelUuid"] != message["modelUuid"]
        ]
        return {}

    def _check_models(self, uuids: list[str]) -> None:
        for uuid in uuids:
            if not self._objects.exists(MODEL, uuid):
                raise broken(10083, f"the model[uuid:{uuid}] does not exist")

    def check_center(self, uuid: str) -> None:
        """Check that the agent of a model center can be reached; raises `ApiError`."""
        center = self._objects.find(CENTER, uuid)
        if center is not None and center.get("status") == DISCONNECTED:
            cause = ApiError(IO, center.get("_reason", "connection refused"))
            agent = ApiError(FAILED, f"the model center[uuid:{uuid}] does not answer", cause=cause)
            raise ApiError(FAILED, "failed to call the model center's agent", cause=agent)

    # Model centers and models

    def center(self, message: Message) -> Document:
        """AddModelCenter."""
        values = {"status": "Connected", **chosen(message, [row.name for row in _CENTER])}
        record = self._objects.add(CENTER, values, message.get("resourceUuid"), message.at)
        self._objects.tag(record, CENTER, message)
        return {"inventory": record}

    def model(self, message: Message) -> Document:
        """AddModel."""
        names = [row.name for row in _ADD_MODEL if row.name not in ("token", "modelServiceUuids")]
        names = [name for name in names if name not in ("resourceUuid", "tagUuids")]
        values = {"size": 0, **chosen(message, names)}
        record = self._objects.add(MODEL, values, message.get("resourceUuid"), message.at)
        for uuid in message.get("modelServiceUuids", ()):
            _bind(self._objects.get(SERVICE, uuid), record["uuid"])
        self._objects.tag(record, MODEL, message)
        return {"inventory": record}

    def delete_model(self, message: Message) -> Document:
        """DeleteModel, unless something runs with it."""
        uuid = message["uuid"]
        users = [group for group in self._objects.all(GROUP) if group.get("modelUuid") == uuid]
        if users and message.get("deleteMode") != ENFORCING:
            raise broken(10082, f"the model[uuid:{uuid}] is in use")
        for service in self._objects.all(SERVICE):
            refs = service["modelServiceRefs"]
            service["modelServiceRefs"] = [ref for ref in refs if ref["modelUuid"] != uuid]
        self._objects.remove(MODEL, uuid)
        return {}

    def _updater(self, kind: str) -> Callable[[Message], Document]:
        """Return the API that changes what is given of a plain record."""

        def update(message: Message) -> Document:
            record = self._objects.find(kind, message["uuid"])
            if record is None:  # taken to exist, but there is nothing to show
                return {}
            values = {key: value for key, value in message.values.items() if key != "uuid"}
            record.update(values, lastOpDate=message.at)
            return {"inventory": record}

        return update

    def _remover(self, kind: str) -> Callable[[Message], Document]:
        def remove(message: Message) -> Document:
            self._objects.remove(kind, message["uuid"])
            return {}

        return remove

    # Tags

    def _tag(self, tags: str) -> Callable[[Message], Document]:
        """Return CreateSystemTag or CreateUserTag."""

        def create(message: Message) -> Document:
            resource, kind = message["resourceUuid"], message["resourceType"]
            if self._objects.kind_of(resource) != kind:
                raise ApiError(INVALID, f"no resource[uuid:{resource}, type:{kind}] found")
            return {
                "inventory": self._objects.add_tag(tags, resource, kind, message["tag"], message.at)
            }

        return create

    def delete_tag(self, message: Message) -> Document:
        """DeleteTag, be it a system tag, a user tag or a pattern with all that hangs on it."""
        for kind in (SYSTEM_TAG, USER_TAG, PATTERN):
            self._objects.remove(kind, message["uuid"])
        for tag in self._objects.all(USER_TAG):
            if tag.get("tagPatternUuid") == message["uuid"]:
                self._objects.remove(USER_TAG, tag["uuid"])
        return {}

    def attach(self, message: Message) -> Document:
        """AttachTagToResources."""

        def attach(uuid: str) -> None:
            kind = self._objects.kind_of(uuid)
            if kind is None:
                raise ApiError(INVALID, f"no resource[uuid:{uuid}] found")
            self._objects.attach(message["tagUuid"], uuid, kind, message.at)

        return {"results": results(message, attach, "resourceUuids")}

    def detach(self, message: Message) -> Document:
        """DetachTagFromResources."""
        for tag in self._objects.all(USER_TAG):
            ours = tag.get("tagPatternUuid") == message["tagUuid"]
            if ours and tag["resourceUuid"] in message["resourceUuids"]:
                self._objects.remove(USER_TAG, tag["uuid"])
        return {}


def _gone(kind: str = "") -> tuple[Param, ...]:
    """Return the parameters of a delete call."""
    return (Param("uuid", required=True, refers=kind, lenient=True), DELETE_MODE)


def _bind(service: Document, model: str) -> None:
    if all(ref["modelUuid"] != model for ref in service["modelServiceRefs"]):
        ref = {"uuid": new_uuid(), "modelUuid": model, "modelServiceUuid": service["uuid"]}
        service["modelServiceRefs"].append(ref)


def results(message: Message, act: Callable[[str], None], name: str = "uuids") -> list[Document]:
    """Do something to several resources and return what became of each."""
    return [_result(uuid, act) for uuid in message[name]]


def _result(uuid: str, act: Callable[[str], None]) -> Document:
    try:
        act(uuid)
    except ApiError as error:
        return {"uuid": uuid, "success": False, "error": error.document}
    return {"uuid": uuid, "success": True}
