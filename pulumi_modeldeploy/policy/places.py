"""Rules about where services live and what they are made of: lists of what is allowed.

They say nothing until a list is configured.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pulumi_modeldeploy.policy.configuration import Settings, setting
from pulumi_modeldeploy.policy.facets import images, models, specifications, storage
from pulumi_modeldeploy.policy.views import (
    ModelArtsService,
    View,
    ZStackDeployment,
    ZStackModelService,
    about,
    at,
    given,
    present,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pulumi_modeldeploy.core.checks import Report


def matches(text: str, patterns: Iterable[str]) -> bool:
    """Tell whether a text is one of a list, in which `*`, and only that, stands for anything."""
    forms = (".*".join(map(re.escape, pattern.split("*"))) for pattern in patterns)
    return any(re.fullmatch(form, text, re.DOTALL) for form in forms)


def one_of(allowed: Sequence[str]) -> str:
    """Say what is allowed; the list is the pack's own, and no secret."""
    return f"must be {'one of ' if len(allowed) > 1 else ''}{', '.join(allowed)}"


def judge_each(found: Iterable[tuple[str, str]], allowed: Sequence[str], report: Report) -> None:
    """Report each that is not in a list; an empty list allows everything."""
    for path, value in found:
        if allowed and not matches(value, allowed):
            report(path, one_of(allowed))


@dataclass(frozen=True)
class Regions(Settings):
    """Where services may live."""

    regions: tuple[str, ...] = setting(
        (),
        "Regions of ModelArts and PAI, such as `eu-de`; `*` stands for anything. None: all.",
        wakes=True,
    )
    zones: tuple[str, ...] = setting((), "Uuids of zones of ZStack. None: all.", wakes=True)


def allowed_regions(service: View, settings: Regions, report: Report) -> None:
    """Services live in allowed regions only.

    Data must not leave a jurisdiction, and quota and support are where the team works. The region
    is the one that the package records for each service: that of its profile, the stack
    configuration or the environment, so it is judged wherever it comes from. ModelArts can be
    called at an endpoint without a region; one of Huawei Cloud or OTC tells it, and where another
    one leads, such as a proxy, nobody knows: that is not allowed either. ZStack has no regions but
    zones.
    """
    own, region = about(service), about(service).region
    if isinstance(service, ZStackDeployment | ZStackModelService):
        judge_each(present(service, "zone_uuid"), settings.zones, report)
    elif region is not None:
        judge_each([("region", region)], settings.regions, report)
    elif settings.regions and own.book and not own.refused:
        what = f"is not told by the settings: it {one_of(settings.regions)}"
        report("region", f"{what}; configure modelarts:region or pai:region")


@dataclass(frozen=True)
class Workspaces(Settings):
    """Which workspaces services may belong to."""

    workspaces: tuple[str, ...] = setting(
        (),
        "Ids of workspaces of ModelArts and PAI, and of projects of ZStack; `*` stands for "
        "anything. ModelArts' default workspace is `0`. None: all.",
        wakes=True,
    )


def allowed_workspaces(service: View, settings: Workspaces, report: Report) -> None:
    """Services belong to allowed workspaces only.

    Permissions, quotas and bills go by workspace. A service of ModelArts that is made without one
    is in the default workspace `0`. One that was adopted may be in any, so it must say so; one of
    PAI or ZStack without one is in none, and that is not allowed either.
    """
    name = "project_uuid" if isinstance(service, ZStackDeployment) else "workspace_id"
    judge_each(present(service, name), settings.workspaces, report)
    made = isinstance(service, ModelArtsService) and not about(service).adopted
    implied = "0" if made else ""
    allowed = settings.workspaces
    if allowed and not given(service, name) and not matches(implied, allowed):
        report(at(service, name), f"is missing: it {one_of(allowed)}")


@dataclass(frozen=True)
class Specifications(Settings):
    """Which flavours instances may have."""

    specifications: tuple[str, ...] = setting(
        (),
        "Specifications of ModelArts, such as `modelarts.vm.cpu.*`, and of PAI, such as "
        "`llama_7b_*`; `custom` allows specifications made to measure. None: all.",
        wakes=True,
    )


def allowed_specifications(service: View, settings: Specifications, report: Report) -> None:
    """Instances have allowed specifications only.

    The specification decides what an hour costs, and which accelerators are taken from others. On
    PAI it names the model too, so that the list says which preset models may be deployed.
    """
    judge_each(specifications(service), settings.specifications, report)


@dataclass(frozen=True)
class Models(Settings):
    """Which models may be served."""

    models: tuple[str, ...] = setting(
        (),
        "Ids of models of ModelArts and uuids of models of ZStack; `*` stands for anything. None: "
        "all.",
        wakes=True,
    )


def approved_models(service: View, settings: Models, report: Report) -> None:
    """Services serve approved models only.

    What has been reviewed (licence, origin, evaluation) has an id in the model registry, and an id
    is one version. Models that a service loads from storage are a matter of `allowed-storage`.
    """
    judge_each(models(service), settings.models, report)


@dataclass(frozen=True)
class Storage(Settings):
    """Where models and data may lie."""

    locations: tuple[str, ...] = setting(
        (),
        "Places as the arguments spell them, such as `oss://our-models/*`, "
        "`https://our-data.obs.eu-de.otc.t-systems.com/*` or, for NAS, mount target and path: "
        "`ours.cn-shanghai.nas.aliyuncs.com/models/*`. `*` stands for anything, slashes included. "
        "None: all.",
        wakes=True,
    )


def allowed_storage(service: View, settings: Storage, report: Report) -> None:
    """Models and data lie in allowed places only.

    A model that is loaded from somebody's bucket is code of theirs, and results that are written
    there are data of ours. Judged are input and output of batch services and mounted volumes on
    ModelArts, `OssPath` and `NasMountTarget` with `NasPath` on PAI, and `install_path` on ZStack. A
    volume without `source_address` does not say where it lies, and that is not allowed either.
    """
    judge_each(storage(service), settings.locations, report)


@dataclass(frozen=True)
class Registries(Settings):
    """Where images may come from."""

    registries: tuple[str, ...] = setting(
        (),
        "Registries, or folders of them, such as `registry.example.com/serving/`; `*` stands for "
        "anything in a host or in a folder. An image without a host is one of `docker.io/`, and "
        "one without a folder is one of `docker.io/library/`. None: all.",
        wakes=True,
    )


def allowed_registries(service: View, settings: Registries, report: Report) -> None:
    """Images come from allowed registries only.

    A registry of one's own scans what is pushed and keeps what is deployed. ZStack only: the images
    of ModelArts and PAI belong to models and specifications.
    """
    allowed = [located(one if one.endswith("/") else f"{one}/") for one in settings.registries]
    for path, image in images(service):
        host, name = located(image)
        fits = (matches(host, [at_host]) and matches(name, [f"{at}*"]) for at_host, at in allowed)
        if allowed and not any(fits):
            report(path, f"must come from {' or '.join(settings.registries)}")


DOCKER_HUB = "docker.io"
"""The registry of images that name none."""


def located(image: str) -> tuple[str, str]:
    """Split an image, or a folder with its slash, into registry and name, as Docker reads it.

    Source: `splitDockerDomain` of github.com/distribution/reference.
    """
    host, slash, name = image.partition("/")
    if not slash or not (re.search("[.:*A-Z]", host) or host == "localhost"):
        host, name = DOCKER_HUB, image
    host = DOCKER_HUB if host.lower() == "index.docker.io" else host.lower()
    official = host == DOCKER_HUB and name and "/" not in name
    return host, f"library/{name}" if official else name


@dataclass(frozen=True)
class Pins(Settings):
    """How images are pinned."""

    digest: bool = setting(
        default=False, text="Whether images must be named by digest (`name@sha256:...`)."
    )
    moving: tuple[str, ...] = setting(
        ("latest", "main", "master", "nightly", "dev"),
        "Tags that move from image to image, and so pin nothing; `*` stands for anything.",
    )


def pinned_images(service: View, settings: Pins, report: Report) -> None:
    """Images are named by a version that stays.

    What `latest` means when an instance is restarted is not what was tested. An image needs a tag
    that does not move, or a digest. ZStack only: a model of ModelArts is a version by itself.
    """
    for path, image in images(service):
        name, _, digest = image.partition("@")
        tag = name.rpartition("/")[2].partition(":")[2]
        if digest:
            continue
        if settings.digest:
            report(path, "must be named by digest: name@sha256:...")
        elif not tag or matches(tag, settings.moving):
            report(path, f"must have a tag that stays, none of {', '.join(settings.moving)}")
