"""`zstack.ModelServiceDeployment`: a model service that runs, an instance group to the vendor.

Sources: DeployModelService of the API explorer, pages of instance groups of the developer guide of
ZStack AIOS, catalogue of global error codes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulumi_modeldeploy.core.checks import between, length, one_of
from pulumi_modeldeploy.core.declare import (
    UPDATE,
    Change,
    NotRequired,
    NotRequiredList,
    NotRequiredMap,
    Removal,
    Required,
    arg,
    maybe,
    output,
    output_list,
)
from pulumi_modeldeploy.core.listing import Listing
from pulumi_modeldeploy.core.table import Step
from pulumi_modeldeploy.core.waits import Sight, Wait
from pulumi_modeldeploy.core.watch import Watch
from pulumi_modeldeploy.zstack import api, tags
from pulumi_modeldeploy.zstack.args import PROBE, UUID, distinct, uuids
from pulumi_modeldeploy.zstack.common import INT, LONG, ZStackResource, ZStackTable
from pulumi_modeldeploy.zstack.replies import DatasetRef, Instance
from pulumi_modeldeploy.zstack.rules import DEPLOYMENT_RULES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pulumi_modeldeploy.core.operation import Operation
    from pulumi_modeldeploy.core.values import Json

_DEPLOY = "DeployModelService, body"
_UPDATABLE = "DeployModelService and UpdateModelServiceInstanceGroup, body"


class ModelServiceDeployment(ZStackResource):
    """A model service that runs: its instances, and the URLs that they answer on.

    Deploys a model service and waits until it runs. Errors: whatever is wrong with the arguments
    is reported in the preview; a deployment that fails is stored with its uuid, and since the cloud
    has no call that starts it again, the next `pulumi up` replaces it.

    https://www.zstack.io/docs/api-explorer/en/aios/explorer/DeployModelService
    """

    model_service_uuid: Required[str] = arg(
        checks=[UUID],
        change=Change.REPLACE,
        body=False,
        echoed=True,
        source="DeployModelService, path",
    )
    """The model service to run: the `uuid` of a `ModelService`, or one of `get_model_services`."""
    zone_uuid: Required[str] = arg(
        checks=[UUID], change=Change.REPLACE, echoed=False, source=_DEPLOY
    )
    """Zone to run in, see `get_zones`."""
    type: Required[str] = arg(
        checks=[one_of("VirtualMachine", "Container")], change=Change.REPLACE, source=_DEPLOY
    )
    """What instances are: `VirtualMachine` (needs `vm_image_uuid`) or `Container` (needs
    `docker_image`)."""
    model_uuid: NotRequired[str] = arg(
        default=None, checks=[UUID], change=Change.REPLACE, source=_DEPLOY
    )
    """Model to serve, see `get_models`."""
    vm_image_uuid: NotRequired[str] = arg(
        default=None,
        checks=[UUID],
        change=Change.REPLACE,
        echoed=False,
        source="DeployModelService, body; 10071 and 10072",
    )
    """Image of virtual machines, enabled and ready."""
    docker_image: NotRequired[str] = arg(
        default=None,
        checks=[length(1, 255)],
        change=Change.REPLACE,
        echoed=False,
        source="DeployModelService, body; 10075",
    )
    """Image of containers."""
    cpu_num: NotRequired[int] = arg(
        default=None,
        checks=[between(1, INT)],
        change=Change.REPLACE,
        echoed=False,
        source=_DEPLOY,
    )
    """CPUs of an instance, at least 1."""
    memory_size: NotRequired[int] = arg(
        default=None,
        checks=[between(1, LONG)],
        change=Change.REPLACE,
        echoed=False,
        source=_DEPLOY,
    )
    """Memory of an instance in bytes."""
    request_cpu_num: NotRequired[int] = arg(
        default=None,
        checks=[between(1, INT)],
        change=Change.REPLACE,
        echoed=False,
        source=_DEPLOY,
    )
    """CPUs that a container asks for, at least 1."""
    request_memory_size: NotRequired[int] = arg(
        default=None,
        checks=[between(1, LONG)],
        change=Change.REPLACE,
        echoed=False,
        source=_DEPLOY,
    )
    """Memory that a container asks for in bytes."""
    environment_variables: NotRequiredMap[str] = arg(
        default=None, echoed=False, removed={}, source=_UPDATABLE
    )
    """Environment variables of the instances; keys are not renamed."""
    startup_parameters: NotRequiredMap[str] = arg(
        default=None, echoed=False, removed={}, source=_UPDATABLE
    )
    """Parameters of the start command; keys are not renamed."""
    service_boot_uptime: NotRequired[int] = arg(
        default=None,
        checks=[between(1, 65535)],
        echoed=False,
        removed=Removal.REPLACE,
        source="DeployModelService and UpdateModelServiceInstanceGroup, body; 10041",
    )
    """Seconds until an instance is expected to be up, 1 to 65535."""
    service_livez: NotRequired[str] = arg(
        default=None,
        checks=[PROBE],
        echoed=False,
        removed=Removal.REPLACE,
        source="DeployModelService and UpdateModelServiceInstanceGroup, body; 10037",
    )
    """Path that tells whether an instance lives."""
    service_readyz: NotRequired[str] = arg(
        default=None,
        checks=[PROBE],
        echoed=False,
        removed=Removal.REPLACE,
        source="DeployModelService and UpdateModelServiceInstanceGroup, body; 10038",
    )
    """Path that tells whether an instance is ready."""
    primary_storage_uuid: NotRequired[str] = arg(
        default=None, checks=[UUID], change=Change.REPLACE, echoed=False, source=_DEPLOY
    )
    """Primary storage of the instances' disks."""
    dataset_uuids: NotRequiredList[str] = arg(
        default=None,
        checks=[uuids(), distinct()],
        change=Change.REPLACE,
        unordered=True,
        source=_DEPLOY,
    )
    """Datasets that are mounted."""
    model_service_group_uuids: NotRequiredList[str] = arg(
        default=None,
        checks=[uuids(), distinct()],
        change=Change.REPLACE,
        unordered=True,
        echoed=False,
        source="DeployModelService, body; 10070 and 10079",
    )
    """Other deployments that this one depends on; model services of type `ModelEval` need them,
    others must not have them."""
    cluster_uuid: NotRequired[str] = arg(
        default=None, checks=[UUID], change=Change.REPLACE, echoed=False, source=_DEPLOY
    )
    """Cluster to run in."""
    l3_network_uuids: NotRequiredList[str] = arg(
        default=None,
        checks=[uuids(), distinct()],
        change=Change.REPLACE,
        echoed=False,
        source="DeployModelService, body; 10077",
    )
    """Networks of the instances; needed where the model center has none."""
    root_disk_offering_uuid: NotRequired[str] = arg(
        default=None, checks=[UUID], change=Change.REPLACE, echoed=False, source=_DEPLOY
    )
    """Disk offering of the root disk."""
    root_disk_size: NotRequired[int] = arg(
        default=None,
        checks=[between(1, LONG)],
        change=Change.REPLACE,
        echoed=False,
        source=_DEPLOY,
    )
    """Size of the root disk in bytes."""
    project_uuid: NotRequired[str] = arg(
        default=None, checks=[UUID], change=Change.REPLACE, echoed=False, source=_DEPLOY
    )
    """Project that the deployment belongs to."""
    system_tags: NotRequiredList[str] = arg(
        default=None,
        checks=[distinct()],
        change=Change.REPLACE,
        unordered=True,
        echoed=False,
        source="DeployModelService, beside the body's parameters",
    )
    """System tags, each of a pattern that the platform knows. They say how to deploy: GPUs are
    asked for by them, as of virtual machines."""
    status = output(str)
    """State: `Deploying`, `Running`, `Stopped`, `Error` or `Unknown`."""
    url = maybe(str)
    """URL that the first instance answers on."""
    urls = output_list(str)
    """URLs of all instances."""
    model_service_type = output(str)
    """Type of the model service, such as `Endpoint`."""
    yaml = output(str, secret=True)
    """Configuration that the instances run with; secret, since it repeats environment variables."""
    support_metrics = output_list(str)
    """Metrics that can be asked for."""
    export_path = maybe(str)
    """Where results are exported to."""
    instances = output_list(Instance)
    """The instances."""
    dataset_ref_inventories = output_list(DatasetRef)
    """Bindings to datasets."""


# --- quirks --------------------------------------------------------------------------------------


def sight(document: Json) -> Sight:
    """Read the state; while instances start, the row says how many run."""
    status = str(document.get("status"))
    instances = document.get("instances") or []
    states = [str(one.get("status")) for one in instances]
    # The cloud gives no reason anywhere: what it says about each instance has to do.
    reason = f"instances are {', '.join(states)}" if status == "Error" and states else ""
    if status == "Deploying" and len(states) > 1:
        return Sight(status, f"{status}: {states.count('Running')}/{len(states)} instances")
    return Sight(status, status, reason)


def fill(op: Operation, document: Json) -> Json:
    """Add the URLs of the instances, the datasets, and the tags."""
    urls = [str(one["url"]) for one in document.get("instances") or [] if one.get("url")]
    refs = document.get("datasetRefInventories") or []
    datasets = [str(ref.get("datasetUuid")) for ref in refs]
    more = {"urls": urls, "datasetUuids": datasets} | ({"url": urls[0]} if urls else {})
    return tags.fill(op, {**document, **more})


AT_ONCE = 100
"""Uuids in one query."""


def of_uuids(uuids: Sequence[str]) -> list[dict[str, str]]:
    """Ask for deployments by their uuids, as many at once as an address holds."""
    parts = [uuids[at : at + AT_ONCE] for at in range(0, len(uuids), AT_ONCE)]
    return [{"q": f"uuid?={','.join(part)}"} for part in parts]


# --- table ---------------------------------------------------------------------------------------

_STATES = ("Running", "Stopped", "Error", "Unknown")
_RUNS = Wait(until=("Running", "Stopped"), fail=("Error",), passing=("Deploying", "Unknown"))
"""Stopped counts: somebody did that, and no call that is documented starts it again."""

_TYPE = "ModelServiceInstanceGroupVO"
"""The name of the type in calls about tags."""

TABLE = ZStackTable(
    kind="ZStack deployment",
    owner=ModelServiceDeployment,
    rules=DEPLOYMENT_RULES,
    create=api.DEPLOY,
    read=api.SHOW_GROUP,
    delete=api.DELETE_GROUP,
    find=tags.finder(api.LIST_GROUPS),
    carrying=tags.carrying(api.LIST_GROUPS),
    remark=tags.remark(_TYPE),
    sight=sight,
    fill=fill,
    steps=(
        Step(
            UPDATE,
            api.UPDATE_GROUP,
            wait=_RUNS,
            redeploys=(
                "environment_variables",
                "startup_parameters",
                "service_boot_uptime",
                "service_livez",
                "service_readyz",
            ),
            spells={"serviceBootUptime": "serviceBootupTime"},
        ),
        tags.user_tags(_TYPE),
        tags.TAG_UUIDS,
    ),
    ready=_RUNS,
    settled=Wait(until=_STATES, passing=("Deploying",)),
    gone=Wait(passing=("Deploying", *_STATES), limit=600),
    watch=Watch(Listing(api.WATCH_GROUPS, api.INVENTORIES, ("uuid",)), of_uuids),
    hopeless=("Error",),
    never_ready=lambda document: not any(one.get("url") for one in document.get("instances") or []),
)
