"""Instance groups of ZStack: model services that were deployed and serve.

Sources: DeployModelService and the pages of instance groups; the statuses beyond `Deploying` and
`Running` are not published. Where the pages are silent, a comment says what was chosen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulumi_modeldeploy.emulator import zstack_rules as rules
from pulumi_modeldeploy.emulator.zstack_errors import broken
from pulumi_modeldeploy.emulator.zstack_messages import Kind, Param
from pulumi_modeldeploy.emulator.zstack_objects import (
    CENTER,
    CLUSTER,
    DATASET,
    FAILS,
    GROUP,
    MODEL,
    NETWORK,
    OFFERING,
    SERVICE,
    STORAGE,
    ZONE,
    chosen,
    new_uuid,
)
from pulumi_modeldeploy.emulator.zstack_services import (
    DELETE_MODE,
    ENFORCING,
    RESOURCE,
    Api,
    Services,
    results,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from pulumi_modeldeploy.emulator.calls import Document
    from pulumi_modeldeploy.emulator.clock import Clock
    from pulumi_modeldeploy.emulator.zstack_messages import Message
    from pulumi_modeldeploy.emulator.zstack_objects import Objects

DEPLOYING, RUNNING, STOPPED, ERROR, UNKNOWN = "Deploying", "Running", "Stopped", "Error", "Unknown"
STATUSES = (DEPLOYING, RUNNING, STOPPED, ERROR, UNKNOWN)

#: Where a deployed instance answers; below the prefix of the cloud, as everything.
SERVING = "/zstack/serving"

_VM, _CONTAINER = "VirtualMachine", "Container"
_EVALUATION = "ModelEval"

_DEPLOY = (
    Param("uuid", required=True, refers=SERVICE),
    Param("name", required=True, width=255),
    Param("zoneUuid", required=True, refers=ZONE),
    Param("type", required=True, one_of=(_VM, _CONTAINER)),
    Param("description", width=2048),
    Param("modelUuid", refers=MODEL),
    Param("vmImageUuid"),
    Param("primaryStorageUuid", refers=STORAGE),
    Param("datasetUuids", Kind.STRINGS, refers=DATASET),
    Param("modelServiceGroupUuids", Kind.STRINGS, refers=GROUP),
    Param("dockerImage"),
    Param("cpuNum", Kind.INT),
    Param("memorySize", Kind.LONG),
    Param("requestCpuNum", Kind.INT),
    Param("requestMemorySize", Kind.LONG),
    Param("environmentVariables", Kind.STRING_MAP),
    Param("startupParameters", Kind.STRING_MAP),
    Param("clusterUuid", refers=CLUSTER),
    Param("l3NetworkUuids", Kind.STRINGS, refers=NETWORK),
    Param("serviceBootUptime", Kind.INT),
    Param("serviceLivez"),
    Param("serviceReadyz"),
    Param("rootDiskOfferingUuid", refers=OFFERING),
    Param("rootDiskSize", Kind.LONG),
    Param("projectUuid"),
    *RESOURCE,
)
_UPDATE = (
    Param("uuid", required=True, refers=GROUP),
    Param("name", longest=255),
    Param("description", longest=2048),
    Param("environmentVariables", Kind.STRING_MAP),
    Param("startupParameters", Kind.STRING_MAP),
    Param("serviceLivez"),
    Param("serviceReadyz"),
    Param("serviceBootupTime", Kind.INT),
)
_DELETE = (Param("uuid", required=True, refers=GROUP, lenient=True), DELETE_MODE)
_DELETE_MANY = (Param("uuids", Kind.STRINGS, required=True, nonempty=True), DELETE_MODE)


class Groups:
    """The APIs of instance groups, and their states, which follow the clock."""

    def __init__(
        self, objects: Objects, services: Services, clock: Clock, base_url: Callable[[], str]
    ) -> None:
        self._objects = objects
        self._services = services
        self._clock = clock
        self._base_url = base_url
        service = "/v1/ai/model-services/{uuid}"
        groups = "/v1/ai/model-services/instances/groups"
        own = "/v1/model-service-instance-groups/{uuid}"
        change = "updateModelServiceInstanceGroup"
        group, many, all_ = (
            "DeleteModelServiceInstanceGroup",
            "DeleteModelServiceInstanceGroups",
            self.delete_many,
        )
        self.apis = (
            Api("DeployModelService", "PUT", service, "deployModelService", _DEPLOY, self.deploy),
            Api(
                "UpdateModelServiceInstanceGroup",
                "PUT",
                own,
                change,
                _UPDATE,
                self.update,
                sole=True,
            ),
            Api(group, "DELETE", f"{groups}/{{uuid}}", "", _DELETE, self.delete),
            Api(many, "DELETE", groups, "", _DELETE_MANY, all_),
            # The path has no other API, so the verb is not looked at: without the slash at its end
            # a query is a deletion.
            Api(many, "GET", groups, "", _DELETE_MANY, all_),
        )

    def deploy(self, message: Message) -> Document:
        """DeployModelService."""
        service = self._objects.get(SERVICE, message["uuid"])
        self._check(message, service)
        self._services.check_center(service["modelCenterUuid"])
        text = rules.edited(service["yaml"], message)
        values = {
            "modelServiceUuid": service["uuid"],
            **chosen(message, ("modelUuid", "name", "description", "type")),
            "status": DEPLOYING,
            "modelServiceType": service["type"],
            "yaml": text,
            "supportMetrics": [],
            "_since": message.at,
            "_needs": message.get("modelServiceGroupUuids", []),
            "_doom": self._doom(message, service),
        }
        record = self._objects.add(GROUP, values, message.get("resourceUuid"), message.at)
        record["instances"] = [self._instance(record, message)]
        record["datasetRefInventories"] = [
            {
                "uuid": new_uuid(),
                "datasetUuid": uuid,
                "modelServiceInstanceGroupUuid": record["uuid"],
            }
            for uuid in message.get("datasetUuids", ())
        ]
        self._objects.tag(record, GROUP, message)
        return {"inventory": self.shown(record)}

    @staticmethod
    def _instance(record: Document, message: Message) -> Document:
        return {
            "uuid": new_uuid(),
            "name": f"{record['name']}-0",
            "modelServiceGroupUuid": record["uuid"],
            **({"vmInstanceUuid": new_uuid()} if record["type"] == _VM else {}),
            "nodeRank": 0,
            "createDate": message.at,
            "lastOpDate": message.at,
        }

    def _doom(self, message: Message, service: Document) -> str | None:
        """Return why the deployment will fail, if it will."""
        models = [ref["modelUuid"] for ref in service["modelServiceRefs"]]
        if "modelUuid" in message.values:
            models = [message["modelUuid"]]
        found = (self._objects.find(MODEL, uuid) or {} for uuid in models)
        dooms = (model[f"_{FAILS}"] for model in found if f"_{FAILS}" in model)
        return next(dooms, None)

    def _check(self, message: Message, service: Document) -> None:
        """Check the rules of the plugin; raises `ApiError`."""
        if message["type"] == _VM:
            image = message.get("vmImageUuid")
            if not image:
                raise broken(10071, "vmImageUuid is needed by type[VirtualMachine]")
            rules.check_image(image, self._objects, (10072, 10072, 10072))
        elif not message.get("dockerImage"):
            raise broken(10075, "dockerImage is needed by type[Container]")
        center = self._objects.find(CENTER, service["modelCenterUuid"])
        networks = ("serviceNetworkUuid", "storageNetworkUuid")
        connected = center is None or any(center.get(name) for name in networks)
        if not message.get("l3NetworkUuids") and not connected:
            raise broken(10077, "l3NetworkUuids is needed: the model center has no network")
        _check_environment(message)
        evaluation, needs = service["type"] == _EVALUATION, message.get("modelServiceGroupUuids")
        if evaluation and not needs:
            raise broken(10079, "modelServiceGroupUuids or url is needed by type[ModelEval]")
        if needs and not evaluation:
            raise broken(10070, f"type[{service['type']}] must not depend on other groups")
        if rules.parse(service["yaml"]) is None:
            raise broken(10094, "the yaml of the model service is empty")
        rules.check_probes(message, "serviceBootUptime")

    def update(self, message: Message) -> Document:
        """UpdateModelServiceInstanceGroup.

        What changes the yaml deploys anew (own choice: the pages do not say what happens).
        """
        record = self._objects.get(GROUP, message["uuid"])
        _check_environment(message)
        rules.check_probes(message)
        record.update(chosen(message, ("name", "description")))
        text = rules.edited(record["yaml"], message)
        if text != record["yaml"]:
            record.update(yaml=text, status=DEPLOYING, _since=message.at, _doom=None)
        record["lastOpDate"] = message.at
        return {"inventory": self.shown(record)}

    def delete(self, message: Message) -> Document:
        """DeleteModelServiceInstanceGroup."""
        self._delete(message["uuid"], message)
        return {}

    def delete_many(self, message: Message) -> Document:
        """DeleteModelServiceInstanceGroups."""
        return {"results": results(message, lambda uuid: self._delete(uuid, message))}

    def _delete(self, uuid: str, message: Message) -> None:
        users = [group for group in self._objects.all(GROUP) if uuid in group["_needs"]]
        if users and message.get("deleteMode") != ENFORCING:
            raise broken(10086, f"the group[uuid:{uuid}] is still referenced")
        self._objects.remove(GROUP, uuid)

    # States

    def settle(self, now: int) -> bool:
        """Bring all groups up to now and return whether one moved."""
        moved = False
        for group in self._objects.all(GROUP):
            due = self._clock.due(group["_since"], 1.0)
            if group["status"] == DEPLOYING and now >= due:
                self.enter(group, ERROR if group["_doom"] else RUNNING, due)
                moved = True
        return moved

    @staticmethod
    def enter(group: Document, status: str, at: int) -> None:
        """Change the status of a group."""
        group.update(status=status, lastOpDate=at, _since=at)
        group["_served"] = group.get("_served", False) or status == RUNNING

    def shown(self, group: Document) -> Document:
        """Return a group with what its instances take from it: status, yaml and addresses."""
        instances = []
        for instance in group["instances"]:
            url = f"{self._base_url()}{SERVING}/{instance['uuid']}"
            served = {"url": url, "internalUrl": url, "urlMaps": {"default": url}}
            instances.append(
                {
                    **instance,
                    "status": group["status"],
                    "yaml": group["yaml"],
                    **(served if group.get("_served") else {}),
                }
            )
        return {**group, "instances": instances}

    def serving(self, instance: str) -> Document | None:
        """Return what an instance answers, `None` if it does not."""
        for group in self._objects.all(GROUP):
            if any(one["uuid"] == instance for one in group["instances"]):
                if group["status"] != RUNNING:
                    return None
                return {
                    "modelServiceUuid": group.get("modelServiceUuid"),
                    "modelServiceGroupUuid": group["uuid"],
                    "instanceUuid": instance,
                    "modelUuid": group.get("modelUuid"),
                }
        return None


def _check_environment(message: Message) -> None:
    for name, value in message.get("environmentVariables", {}).items():
        if value is None:
            raise broken(10078, f"the value of the environment variable[{name}] must not be null")
