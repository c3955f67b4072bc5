"""`zstack.ModelService`: its arguments, its outputs, its table, its quirks.

Sources: AddModelService, UpdateModelService and QueryModelService of the API explorer and the
developer guide of ZStack AIOS; database schema (lengths); catalogue of global error codes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulumi_modeldeploy.core.checks import between, items, length, one_of
from pulumi_modeldeploy.core.declare import (
    UPDATE,
    Change,
    NotRequired,
    NotRequiredList,
    NotRequiredLists,
    Removal,
    Required,
    RequiredObjects,
    arg,
    maybe,
    output,
    output_list,
)
from pulumi_modeldeploy.core.table import Entries, Step
from pulumi_modeldeploy.core.waits import Sight, Wait
from pulumi_modeldeploy.zstack import api, tags
from pulumi_modeldeploy.zstack.args import (
    UUID,
    ArchitectureImageArgs,
    distinct,
    uuids,
)
from pulumi_modeldeploy.zstack.common import INT, LONG, ZStackResource, ZStackTable
from pulumi_modeldeploy.zstack.replies import ModelServiceImage, ModelServiceRef
from pulumi_modeldeploy.zstack.rules import SERVICE_RULES

if TYPE_CHECKING:
    from pulumi_modeldeploy.core.operation import Operation
    from pulumi_modeldeploy.core.values import Json, Values

_ADD = "AddModelService, body"
_TABLE = "AddModelService, body; database schema"
_UPDATABLE = "AddModelService and UpdateModelService, body; database schema"


class ModelService(ZStackResource):
    """A model service of ZStack AIOS: an entry of the catalogue that says how a model is served.

    It serves nobody by itself: `ModelServiceDeployment` makes it run. Errors: whatever is wrong
    with the arguments is reported in the preview; the cloud's own refusal comes with the root of
    its chain of causes.

    https://www.zstack.io/docs/api-explorer/en/aios/explorer/AddModelService
    """

    yaml: Required[str] = arg(checks=[length(1, 2**24 - 1)], secret=True, source=_UPDATABLE)
    """Configuration in YAML: `services` with their ports and probes, `env`, packages."""
    request_cpu: Required[int] = arg(checks=[between(1, INT)], source=_UPDATABLE)
    """CPUs that an instance asks for, at least 1."""
    request_memory: Required[int] = arg(checks=[between(1, LONG)], source=_UPDATABLE)
    """Memory that an instance asks for, at least 1. The vendor does not say in which unit: its
    samples look like MB, its other calls take bytes; the number is passed on as it is."""
    zone_uuid: NotRequired[str] = arg(
        default=None, checks=[UUID], change=Change.REPLACE, echoed=False, source=_ADD
    )
    """Zone that the model service is limited to (since 5.5.28)."""
    model_center_uuid: Required[str] = arg(
        checks=[UUID], change=Change.REPLACE, source="AddModelService, body; 10005"
    )
    """Model center that stores the model service, see `get_model_center`."""
    gpu_compute_capability: NotRequired[str] = arg(
        default=None, checks=[length(0, 32)], removed="", source=_UPDATABLE
    )
    """Compute capability that GPUs must have, such as `7.5`."""
    install_path: Required[str] = arg(checks=[length(1, 512)], change=Change.REPLACE, source=_TABLE)
    """Where the package of the model service lies, at most 512 characters."""
    system: NotRequired[bool] = arg(default=None, change=Change.REPLACE, implied=False, source=_ADD)
    """Whether it is one of the platform's own, which the cloud protects from deletion; a resource
    that says `True` is deleted all the same, by the mode `Enforcing`. The cloud's default is
    `False`."""
    start_command: Required[str] = arg(checks=[length(1, 1024)], source=_UPDATABLE)
    """Command that starts it, at most 1024 characters."""
    python_version: NotRequired[str] = arg(
        default=None, checks=[length(0, 32)], removed="", source=_UPDATABLE
    )
    """Version of Python."""
    conda_version: NotRequired[str] = arg(
        default=None, checks=[length(0, 32)], change=Change.REPLACE, source=_TABLE
    )
    """Version of Conda."""
    type: NotRequired[str] = arg(
        default=None,
        checks=[one_of("Endpoint", "FineTune", "ModelEval", "App")],
        removed="Endpoint",
        implied="Endpoint",
        source=_UPDATABLE,
    )
    """What it is for: `Endpoint` (the cloud's default), `FineTune`, `ModelEval` or `App`."""
    framework: NotRequired[str] = arg(
        default=None, checks=[length(1, 255)], removed="Other", source=_UPDATABLE
    )
    """Framework that serves, such as `vLLM`, `SGLang` or `Transformers`; the list depends on the
    server's version, so an unknown one is a warning. Taken away, `Other` is sent."""
    source: NotRequired[str] = arg(
        default=None,
        checks=[one_of("Other", "Bentoml", "HuggingFace")],
        removed="Other",
        implied="Other",
        source=_UPDATABLE,
    )
    """Where it comes from: `Other` (the cloud's default), `Bentoml` or `HuggingFace`."""
    model_uuids: NotRequiredList[str] = arg(
        default=None,
        checks=[uuids(), distinct()],
        removed=[],
        unordered=True,
        step="models",
        source="AddModelService, body; BindModelToService; UnbindModelFromService",
    )
    """Models that the model service is bound to; others are unbound."""
    architecture_images: RequiredObjects[ArchitectureImageArgs] = arg(
        reads="modelServiceImages",
        checks=[items(1)],
        unordered=True,
        match_by="cpu_architecture",
        source="AddModelService, body; 10012",
    )
    """Images to run, for each architecture of processors; at least one. (The page does not mark it
    as required, the server does.)"""
    support_distributed: NotRequired[bool] = arg(
        default=None, removed=False, implied=False, source=_UPDATABLE
    )
    """Whether it can be deployed over several nodes. The cloud's default is `False`."""
    container_command: NotRequired[str] = arg(
        default=None, checks=[length(0, 65535)], removed="", source=_UPDATABLE
    )
    """Command of the container."""
    container_args: NotRequired[str] = arg(
        default=None, checks=[length(0, 65535)], removed="", source=_UPDATABLE
    )
    """Arguments of the container's command, in one text."""
    vendor_to_spec_uuids_map: NotRequiredLists[str] = arg(
        default=None,
        unordered=True,
        removed=Removal.REPLACE,
        source="AddModelService and UpdateModelService, body; 10044 to 10047",
    )
    """GPU specifications that it can run on, by vendor, see `get_gpu_specs`. The server takes no
    empty map, so taking it away replaces the model service."""
    system_tags: NotRequiredList[str] = arg(
        default=None,
        checks=[distinct()],
        removed=[],
        unordered=True,
        shared=True,
        step="system tags",
        source="AddModelService, beside the body's parameters",
    )
    """System tags, each of a pattern that the platform knows; the platform's own are left alone."""
    readme = maybe(str)
    """Longer description, which shipped and cloned model services have."""
    size = output(int)
    """Size on disk in bytes."""
    has_new_version = maybe(bool)
    """Whether a newer version is offered (since 5.5)."""
    version = maybe(str)
    """Version (since 5.5); of an `App`, what the last part of `install_path` says after `_`."""
    cpu_architectures = output_list(str)
    """Architectures that there are images for."""
    model_service_refs = output_list(ModelServiceRef)
    """Bindings to models."""
    model_service_images = output_list(ModelServiceImage)
    """Images as the cloud keeps them, in the order of `architecture_images`."""


# --- quirks --------------------------------------------------------------------------------------

PRESENT = "present"


def sight(_document: Json) -> Sight:
    """An entry of the catalogue has no states: it is there."""
    return Sight(PRESENT, "in the catalogue")


def fill(op: Operation, document: Json) -> Json:
    """Add the bound models, which answers show as bindings, and the tags."""
    refs = document.get("modelServiceRefs") or []
    models = [str(ref.get("modelUuid")) for ref in refs]
    return tags.fill(op, {**document, "modelUuids": models})


def delete_query(state: Values) -> dict[str, str]:
    """Choose the mode: in the usual one the cloud keeps what is declared as the platform's own."""
    return {"deleteMode": "Enforcing"} if state.get("system") else {}


# --- table ---------------------------------------------------------------------------------------

_THERE = Wait(until=(PRESENT,))

_TYPE = "ModelServiceVO"
"""The name of the type in calls about tags."""

TABLE = ZStackTable(
    kind="ZStack model service",
    owner=ModelService,
    rules=SERVICE_RULES,
    create=api.ADD_SERVICE,
    read=api.SHOW_SERVICE,
    delete=api.DELETE_SERVICE,
    delete_query=delete_query,
    find=tags.finder(api.LIST_SERVICES),
    carrying=tags.carrying(api.LIST_SERVICES),
    remark=tags.remark(_TYPE),
    sight=sight,
    fill=fill,
    steps=(
        Step(UPDATE, api.UPDATE_SERVICE, wait=_THERE),
        Entries("models", api.BIND, api.UNBIND, lambda _id, _entry: {}),
        tags.system_tags(_TYPE),
        tags.user_tags(_TYPE),
        tags.TAG_UUIDS,
    ),
    # Its job is over when the entry is there: nothing else is to be waited for.
    ready=_THERE,
    settled=_THERE,
    gone=Wait(passing=(PRESENT,), limit=300),
)
