"""What the clouds have in common under different names: instances, images, models, variables.

Each facet walks over what is known of one resource; a cloud that has no such thing has no entries.
A rule over facets holds for all clouds, and for those that are registered later:

    @instances.register(OurService)
    def _(service: OurService) -> Iterator[tuple[str, int]]: ...
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, NamedTuple

from pulumi_modeldeploy.modelarts.rules import REAL_TIME
from pulumi_modeldeploy.policy.views import (
    ModelArtsService,
    NotKnown,
    PaiAppService,
    View,
    ZStackDeployment,
    ZStackModelService,
    about,
    as_known,
    at,
    given,
    is_known,
    known,
    present,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

MIB_PER_GIB = 1024
GIB = 1024**3


def runs(service: Any) -> bool:
    """Tell whether a service is meant to run."""
    return bool(service.desired_status != "stopped")


def is_real_time(service: ModelArtsService) -> bool:
    """Tell whether a service of ModelArts answers requests."""
    return service.infer_type == REAL_TIME


@functools.singledispatch
def instances(_service: object) -> Iterator[tuple[str, int]]:
    """How many instances there are, by the argument that says so."""
    return iter(())


@instances.register(ModelArtsService)
def _(service: ModelArtsService) -> Iterator[tuple[str, int]]:
    for version in known(service.config):
        yield from present(version, "instance_count")


@instances.register(PaiAppService)
def _(service: PaiAppService) -> Iterator[tuple[str, int]]:
    yield from present(service, "replicas")


@functools.singledispatch
def specifications(_service: object) -> Iterator[tuple[str, str]]:
    """Which flavours instances have."""
    return iter(())


@specifications.register(ModelArtsService)
def _(service: ModelArtsService) -> Iterator[tuple[str, str]]:
    for version in known(service.config):
        yield from present(version, "specification")


@specifications.register(PaiAppService)
def _(service: PaiAppService) -> Iterator[tuple[str, str]]:
    yield from present(service, "service_spec")


@functools.singledispatch
def images(_service: object) -> Iterator[tuple[str, str]]:
    """Which images containers run."""
    return iter(())


@images.register(ZStackModelService)
def _(service: ZStackModelService) -> Iterator[tuple[str, str]]:
    for one in known(service.architecture_images):
        yield from present(one, "docker_image")


@images.register(ZStackDeployment)
def _(service: ZStackDeployment) -> Iterator[tuple[str, str]]:
    yield from present(service, "docker_image")


@functools.singledispatch
def models(_service: object) -> Iterator[tuple[str, str]]:
    """Which models are served, by the ids of the cloud's model registry."""
    return iter(())


@models.register(ModelArtsService)
def _(service: ModelArtsService) -> Iterator[tuple[str, str]]:
    for version in known(service.config):
        yield from present(version, "model_id")


@models.register(ZStackModelService)
def _(service: ZStackModelService) -> Iterator[tuple[str, str]]:
    for model in known(service.model_uuids):
        yield at(service, "model_uuids"), model


@models.register(ZStackDeployment)
def _(service: ZStackDeployment) -> Iterator[tuple[str, str]]:
    yield from present(service, "model_uuid")


@functools.singledispatch
def storage(_service: object) -> Iterator[tuple[str, str]]:
    """Where models and data lie; an empty text: nobody says."""
    return iter(())


@storage.register(ModelArtsService)
def _(service: ModelArtsService) -> Iterator[tuple[str, str]]:
    for version in known(service.config):
        yield from present(version, "src_path", "dest_path")
        for _, properties in present(version, "additional_properties"):
            for _, volumes in present(properties, "persistent_volumes"):
                for volume in known(volumes):
                    if not given(volume, "source_address"):
                        yield at(volume, "source_address"), ""
                    yield from present(volume, "source_address")


@storage.register(PaiAppService)
def _(service: PaiAppService) -> Iterator[tuple[str, str]]:
    config, path = service.config or {}, at(service, "config")
    found = {key: str(value) for key, value in known(config)}
    if "OssPath" in found:
        yield f"{path}['OssPath']", found["OssPath"]
    # Where the path is not known yet, nor is the place.
    if "NasMountTarget" in found and ("NasPath" in found) == ("NasPath" in config):
        server, folder = found["NasMountTarget"].rstrip("/"), found.get("NasPath", "")
        yield f"{path}['NasMountTarget']", f"{server}/{folder.lstrip('/')}"


@storage.register(ZStackModelService)
def _(service: ZStackModelService) -> Iterator[tuple[str, str]]:
    yield from present(service, "install_path")


@functools.singledispatch
def security_groups(_service: object) -> Iterator[tuple[str, str | None]]:
    """Which security groups a service has, by their ids; `None` for one that is not known yet."""
    return iter(())


@security_groups.register(ModelArtsService)
def _(service: ModelArtsService) -> Iterator[tuple[str, str | None]]:
    name = "security_group_id"
    if given(service, name):
        yield at(service, name), service.security_group_id if is_known(service, name) else None


GROUP_OF_PAI = "SecurityGroupID"
"""Where PAI's free configuration names the group through which NAS is mounted."""


@security_groups.register(PaiAppService)
def _(service: PaiAppService) -> Iterator[tuple[str, str | None]]:
    path = f"{at(service, 'config')}[{GROUP_OF_PAI!r}]"
    try:
        group = (service.config or {}).get(GROUP_OF_PAI)
    except NotKnown:
        yield path, None
    else:
        yield from [(path, str(group))] if group is not None else ()


class Variable(NamedTuple):
    """An environment variable, or a parameter of a start command.

    Attributes:
        path: Where it stands.
        name: Its name.
        value: Its value, in plain text whether it is secret or not: never to be shown.
        secret: Whether it was secret in the program.
    """

    path: str
    name: str
    value: str
    secret: bool


@functools.singledispatch
def variables(_service: object) -> Iterator[Variable]:
    """The environment variables and parameters of the containers."""
    return iter(())


@variables.register(ModelArtsService)
def _(service: ModelArtsService) -> Iterator[Variable]:
    for version in known(service.config):
        for path, found in present(version, "envs"):
            yield from _variables(service, path, found)


@variables.register(ZStackDeployment)
def _(service: ZStackDeployment) -> Iterator[Variable]:
    for path, found in present(service, "environment_variables", "startup_parameters"):
        yield from _variables(service, path, found)


def _variables(service: object, path: str, found: dict[str, str]) -> Iterator[Variable]:
    for name, value in known(found):
        secret = about(service).is_secret_entry(path, name)
        yield Variable(f"{path}[{name!r}]", name, str(value), secret)


class Text(NamedTuple):
    """A text that may hold anything.

    Attributes:
        path: Where it stands.
        value: The text, in plain text whether it is secret or not: never to be shown.
        secret: Whether it was secret in the program.
    """

    path: str
    value: str
    secret: bool


@functools.singledispatch
def texts(_service: object) -> Iterator[Text]:
    """Commands and configurations of free text, in which variables may be set."""
    return iter(())


@texts.register(ZStackModelService)
def _(service: ZStackModelService) -> Iterator[Text]:
    yield from _texts(service, "yaml", "start_command", "container_command", "container_args")


@functools.singledispatch
def remarks(_service: object) -> Iterator[Text]:
    """What is said about a service: descriptions, labels, tags; and PAI's configuration."""
    return iter(())


@remarks.register(ModelArtsService)
def _(service: ModelArtsService) -> Iterator[Text]:
    yield from _texts(service, "description")


@remarks.register(PaiAppService)
def _(service: PaiAppService) -> Iterator[Text]:
    for path, found in present(service, "config", "labels"):
        for key, value in known(found):
            if isinstance(value, str):
                secret = about(service).is_secret_entry(path, key)
                yield Text(f"{path}[{key!r}]", value, secret)


@remarks.register(ZStackDeployment)
@remarks.register(ZStackModelService)
def _(service: ZStackDeployment | ZStackModelService) -> Iterator[Text]:
    yield from _texts(service, "description")
    for path, tags in present(service, "user_tags"):
        for index, tag in enumerate(as_known(tags)):
            inner = f"{path}[{index}]"
            yield Text(inner, tag, about(service).is_secret(inner))


def _texts(service: View, *names: str) -> Iterator[Text]:
    for path, value in present(service, *names):
        yield Text(path, value, about(service).is_secret(path))


class Size(NamedTuple):
    """What one instance takes.

    Attributes:
        path: The argument.
        kind: `cpu` (cores), `memory` (GiB) or `accelerators`.
        amount: How much.
    """

    path: str
    kind: str
    amount: float


@functools.singledispatch
def sizes(_service: object) -> Iterator[Size]:
    """What one instance takes, where it is made to measure."""
    return iter(())


@sizes.register(ModelArtsService)
def _(service: ModelArtsService) -> Iterator[Size]:
    for version in known(service.config):
        for _, spec in present(version, "custom_spec"):
            yield from _sizes(spec, "cpu", "cpu")
            yield from _sizes(spec, "memory", "memory", unit=MIB_PER_GIB)
            yield from _sizes(spec, "accelerators", "gpu_p4", "ascend_a310")


@sizes.register(ZStackDeployment)
def _(service: ZStackDeployment) -> Iterator[Size]:
    yield from _sizes(service, "cpu", "cpu_num", "request_cpu_num")
    yield from _sizes(service, "memory", "memory_size", "request_memory_size", unit=GIB)


def _sizes(view: object, kind: str, *names: str, unit: int = 1) -> Iterator[Size]:
    for path, amount in present(view, *names):
        yield Size(path, kind, amount / unit)


@functools.singledispatch
def addresses(_service: object) -> Iterator[tuple[str, str]]:
    """The URLs that a service answers on, which are known once it runs; none within its VPC."""
    return iter(())


@addresses.register(ModelArtsService)
def _(service: ModelArtsService) -> Iterator[tuple[str, str]]:
    yield from present(service, "access_address", "bind_access_address")


@addresses.register(PaiAppService)
def _(service: PaiAppService) -> Iterator[tuple[str, str]]:
    yield from present(service, "internet_endpoint")


@addresses.register(ZStackDeployment)
def _(service: ZStackDeployment) -> Iterator[tuple[str, str]]:
    for url in known(service.urls):
        yield at(service, "urls"), url
