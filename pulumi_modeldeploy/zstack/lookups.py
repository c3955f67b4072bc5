"""Lookups of ZStack: zones, model centers, models, model services, specifications of GPUs.

    center = zstack.get_model_center(name="main")
    zstack.ModelService("llm", model_center_uuid=center.uuid, ...)

`get_models` and its like answer all that fit, in the order of their names, maybe none;
`get_model` and its like answer exactly one or end the program with a `pulumi.RunError`. Where a
filter is an `Output`, `get_model_output` and its like answer an Output; lists are had by
`uuid.apply(lambda known: zstack.get_models(model_center_uuid=known))`. Nothing is asked in a
preview that does not know the filter yet.

The query language takes a condition apart at the first operator that it contains anywhere, so a
name such as `a!=b` cannot be asked for. Conditions are sent only where they cannot be mistaken, and
only to have less to read: all filters are applied here too.

Sources: `RestServer` (query language); API explorer of ZStack AIOS, query APIs; developer manual of
ZStack Cloud.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any, TypeVar

from pulumi_modeldeploy.core.declare import Reply
from pulumi_modeldeploy.core.http import Call
from pulumi_modeldeploy.core.listing import Listing
from pulumi_modeldeploy.core.lookups import Cloud, Kind, Text, find, find_one, later
from pulumi_modeldeploy.core.values import camel
from pulumi_modeldeploy.zstack import api
from pulumi_modeldeploy.zstack.replies import (
    GpuSpec,
    Model,
    ModelCenter,
    ModelServiceEntry,
    Zone,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pulumi import Output

    from pulumi_modeldeploy.core.http import Client
    from pulumi_modeldeploy.core.values import Json

R = TypeVar("R", bound=Reply)

PAGE = 500
"""Objects in one answer; a server that is not told answers 1000."""


# --- queries -------------------------------------------------------------------------------------

_PLAIN = re.compile(r"[A-Za-z0-9 ._:/-]+")
"""Values that hold no operator, no `%`, no backslash, and nothing that a database may not store."""


def _fetch(
    listing: Listing, types: tuple[str, ...], client: Client, given: Mapping[str, Any]
) -> list[Json]:
    """Get all objects, in an order that pages can rely on."""
    conditions = _conditions(given) + ([f"type?={','.join(types)}"] if types else [])
    query = {"q": conditions, "sort": "uuid", "limit": PAGE, "replyWithCount": "true"}
    found = listing.all(client, query)
    return [one for one in found if not types or one.get("type") in types]


def _conditions(given: Mapping[str, Any]) -> list[str]:
    """Write conditions that leave out none that fits; words are left to us, whatever their case."""
    plain = {name: value for name, value in given.items() if _PLAIN.fullmatch(value)}
    return [
        # As a part: names are compared without the white space at their ends.
        f"name~=%{value}%" if name == "name" else f"{camel(name)}={value}"
        for name, value in plain.items()
        if name == "name" or name.endswith("uuid")
    ]


# --- table ---------------------------------------------------------------------------------------

_CLOUD = Cloud(api.SETTINGS, api.place, api.connect)

_GPU_TYPES = (
    "GPU_Video_Controller",
    "GPU_3D_Controller",
    "GPU_Processing_Accelerators",
    "GPU_Co_Processor",
    "GPU_Communication_Controller",
)
"""Types of PCI devices that are GPUs."""


def _kind(
    label: str,
    operation: str,
    path: str,
    reply: type[R],
    *,
    words: tuple[str, ...] = (),
    types: tuple[str, ...] = (),
) -> Kind[R]:
    """Make a row: label, call, reply, filters that are words, types to look at."""
    call = Call(operation, "GET", f"{api.CONTEXT}{path}")
    fetch = functools.partial(
        _fetch, Listing(call, api.INVENTORIES, ("uuid",), total="total", start="start"), types
    )
    return Kind(label, _CLOUD, reply, fetch, key="uuid", name="name", folded=words)


_ZONE = _kind("zone", "QueryZone", "/v1/zones", Zone)
_CENTER = _kind("model center", "QueryModelCenter", "/v1/ai/model-centers", ModelCenter)
_MODEL = _kind("model", "QueryModel", "/v1/ai/models", Model, words=("type", "vendor"))
_SERVICE = _kind(
    "model service",
    "QueryModelService",
    "/v1/ai/model-services",
    ModelServiceEntry,
    words=("type", "framework"),
)
_GPU = _kind(
    "GPU specification",
    "QueryPciDeviceSpec",
    "/v1/pci-device-specs",
    GpuSpec,
    words=("vendor", "state"),
    types=_GPU_TYPES,
)


# --- functions -----------------------------------------------------------------------------------


def get_zones(
    *,
    name: str | None = None,
    uuid: str | None = None,
    profile: str | None = None,
) -> list[Zone]:
    """Get all zones that fit, in the order of their names.

    Args:
        name: Its name, spelled as it is.
        uuid: Its uuid, 32 hex digits.
        profile: Profile of the settings, as of `ModelService`.

    Raises:
        pulumi.RunError: A setting is missing, a credential stands in clear, or the cloud refuses.

    Source: QueryZone, developer manual of ZStack Cloud.
    """
    return find(_ZONE, name=name, uuid=uuid, profile=profile)


def get_zone(
    *,
    name: str | None = None,
    uuid: str | None = None,
    profile: str | None = None,
) -> Zone:
    """Get the one zone that fits; filters as of `get_zones`.

    Raises:
        pulumi.RunError: There is none, or there are several: the text names what comes near, or
            each of them. Else as of `get_zones`.

    Source: QueryZone, developer manual of ZStack Cloud.
    """
    return find_one(_ZONE, name=name, uuid=uuid, profile=profile)


def get_zone_output(
    *,
    name: Text = None,
    uuid: Text = None,
    profile: Text = None,
) -> Output[Zone]:
    """`get_zone` for filters that may be Outputs; its errors end the program as well."""
    return later(get_zone, name=name, uuid=uuid, profile=profile)


def get_model_centers(
    *,
    name: str | None = None,
    uuid: str | None = None,
    profile: str | None = None,
) -> list[ModelCenter]:
    """Get all model centers that fit, in the order of their names.

    Args:
        name: Its name, spelled as it is.
        uuid: Its uuid, 32 hex digits.
        profile: Profile of the settings, as of `ModelService`.

    Raises:
        pulumi.RunError: A setting is missing, a credential stands in clear, or the cloud refuses.

    https://www.zstack.io/docs/api-explorer/en/aios/explorer/AddModelCenter
    """
    return find(_CENTER, name=name, uuid=uuid, profile=profile)


def get_model_center(
    *,
    name: str | None = None,
    uuid: str | None = None,
    profile: str | None = None,
) -> ModelCenter:
    """Get the one model center that fits; filters as of `get_model_centers`.

    Raises:
        pulumi.RunError: There is none, or there are several: the text names what comes near, or
            each of them. Else as of `get_model_centers`.

    https://www.zstack.io/docs/api-explorer/en/aios/explorer/AddModelCenter
    """
    return find_one(_CENTER, name=name, uuid=uuid, profile=profile)


def get_model_center_output(
    *,
    name: Text = None,
    uuid: Text = None,
    profile: Text = None,
) -> Output[ModelCenter]:
    """`get_model_center` for filters that may be Outputs; its errors end the program as well."""
    return later(get_model_center, name=name, uuid=uuid, profile=profile)


def get_models(
    *,
    name: str | None = None,
    uuid: str | None = None,
    model_center_uuid: str | None = None,
    type: str | None = None,  # noqa: A002  (the name of the attribute)
    vendor: str | None = None,
    profile: str | None = None,
) -> list[Model]:
    """Get all models that fit, in the order of their names.

    Args:
        name: Its name, spelled as it is.
        uuid: Its uuid, 32 hex digits.
        model_center_uuid: Uuid of the model center that it lies in.
        type: Its type, in upper or lower case.
        vendor: Who made it, in upper or lower case.
        profile: Profile of the settings, as of `ModelService`.

    Raises:
        pulumi.RunError: A setting is missing, a credential stands in clear, or the cloud refuses.

    Source: QueryModel, developer guide of ZStack AIOS.
    """
    return find(
        _MODEL,
        name=name,
        uuid=uuid,
        model_center_uuid=model_center_uuid,
        type=type,
        vendor=vendor,
        profile=profile,
    )


def get_model(
    *,
    name: str | None = None,
    uuid: str | None = None,
    model_center_uuid: str | None = None,
    type: str | None = None,  # noqa: A002  (the name of the attribute)
    vendor: str | None = None,
    profile: str | None = None,
) -> Model:
    """Get the one model that fits; filters as of `get_models`.

    Raises:
        pulumi.RunError: There is none, or there are several: the text names what comes near, or
            each of them. Else as of `get_models`.

    Source: QueryModel, developer guide of ZStack AIOS.
    """
    return find_one(
        _MODEL,
        name=name,
        uuid=uuid,
        model_center_uuid=model_center_uuid,
        type=type,
        vendor=vendor,
        profile=profile,
    )


def get_model_output(
    *,
    name: Text = None,
    uuid: Text = None,
    model_center_uuid: Text = None,
    type: Text = None,  # noqa: A002  (the name of the attribute)
    vendor: Text = None,
    profile: Text = None,
) -> Output[Model]:
    """`get_model` for filters that may be Outputs; its errors end the program as well."""
    return later(
        get_model,
        name=name,
        uuid=uuid,
        model_center_uuid=model_center_uuid,
        type=type,
        vendor=vendor,
        profile=profile,
    )


def get_model_services(
    *,
    name: str | None = None,
    uuid: str | None = None,
    model_center_uuid: str | None = None,
    type: str | None = None,  # noqa: A002  (the name of the attribute)
    framework: str | None = None,
    profile: str | None = None,
) -> list[ModelServiceEntry]:
    """Get all model services that fit, in the order of their names.

    Args:
        name: Its name, spelled as it is.
        uuid: Its uuid, 32 hex digits.
        model_center_uuid: Uuid of the model center that it lies in.
        type: `Endpoint`, `FineTune`, `ModelEval` or `App`, in upper or lower case.
        framework: Framework that serves, such as `vLLM`, in upper or lower case.
        profile: Profile of the settings, as of `ModelService`.

    Raises:
        pulumi.RunError: A setting is missing, a credential stands in clear, or the cloud refuses.

    https://www.zstack.io/docs/api-explorer/en/aios/explorer/QueryModelService
    """
    return find(
        _SERVICE,
        name=name,
        uuid=uuid,
        model_center_uuid=model_center_uuid,
        type=type,
        framework=framework,
        profile=profile,
    )


def get_model_service(
    *,
    name: str | None = None,
    uuid: str | None = None,
    model_center_uuid: str | None = None,
    type: str | None = None,  # noqa: A002  (the name of the attribute)
    framework: str | None = None,
    profile: str | None = None,
) -> ModelServiceEntry:
    """Get the one model service that fits; filters as of `get_model_services`.

    Raises:
        pulumi.RunError: There is none, or there are several: the text names what comes near, or
            each of them. Else as of `get_model_services`.

    https://www.zstack.io/docs/api-explorer/en/aios/explorer/QueryModelService
    """
    return find_one(
        _SERVICE,
        name=name,
        uuid=uuid,
        model_center_uuid=model_center_uuid,
        type=type,
        framework=framework,
        profile=profile,
    )


def get_model_service_output(
    *,
    name: Text = None,
    uuid: Text = None,
    model_center_uuid: Text = None,
    type: Text = None,  # noqa: A002  (the name of the attribute)
    framework: Text = None,
    profile: Text = None,
) -> Output[ModelServiceEntry]:
    """`get_model_service` for filters that may be Outputs; its errors end the program as well."""
    return later(
        get_model_service,
        name=name,
        uuid=uuid,
        model_center_uuid=model_center_uuid,
        type=type,
        framework=framework,
        profile=profile,
    )


def get_gpu_specs(
    *,
    name: str | None = None,
    uuid: str | None = None,
    vendor: str | None = None,
    state: str | None = "Enabled",
    profile: str | None = None,
) -> list[GpuSpec]:
    """Get all GPU specifications that fit, in the order of their names.

    Their uuids are what `vendor_to_spec_uuids_map` of a model service holds.

    Args:
        name: Its name, spelled as it is.
        uuid: Its uuid, 32 hex digits.
        vendor: Vendor, such as `NVIDIA`, in upper or lower case.
        state: `Enabled` or `Disabled`; `None`: whichever.
        profile: Profile of the settings, as of `ModelService`.

    Raises:
        pulumi.RunError: A setting is missing, a credential stands in clear, or the cloud refuses.

    Source: QueryPciDeviceSpec and types of PCI devices, developer manual of ZStack Cloud.
    """
    return find(_GPU, name=name, uuid=uuid, vendor=vendor, state=state, profile=profile)


def get_gpu_spec(
    *,
    name: str | None = None,
    uuid: str | None = None,
    vendor: str | None = None,
    state: str | None = "Enabled",
    profile: str | None = None,
) -> GpuSpec:
    """Get the one GPU specification that fits; filters as of `get_gpu_specs`.

    Raises:
        pulumi.RunError: There is none, or there are several: the text names what comes near, or
            each of them. Else as of `get_gpu_specs`.

    Source: QueryPciDeviceSpec and types of PCI devices, developer manual of ZStack Cloud.
    """
    return find_one(_GPU, name=name, uuid=uuid, vendor=vendor, state=state, profile=profile)


def get_gpu_spec_output(
    *,
    name: Text = None,
    uuid: Text = None,
    vendor: Text = None,
    state: Text = "Enabled",
    profile: Text = None,
) -> Output[GpuSpec]:
    """`get_gpu_spec` for filters that may be Outputs; its errors end the program as well."""
    return later(get_gpu_spec, name=name, uuid=uuid, vendor=vendor, state=state, profile=profile)
