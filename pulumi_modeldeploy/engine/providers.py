"""One provider class per resource.

States hold these classes by module and name: they stay importable for ever.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pulumi_modeldeploy.engine import dynamic

if TYPE_CHECKING:
    import pulumi

    from pulumi_modeldeploy.core.resource import Resource


class ModelArtsService(
    dynamic.Provider,
    location="pulumi_modeldeploy.modelarts.service:TABLE",
    type_name="modelarts:Service",
):
    """Serves `modelarts.Service`."""


class ZStackModelService(
    dynamic.Provider,
    location="pulumi_modeldeploy.zstack.service:TABLE",
    type_name="zstack:ModelService",
):
    """Serves `zstack.ModelService`."""


class ZStackModelServiceDeployment(
    dynamic.Provider,
    location="pulumi_modeldeploy.zstack.deployment:TABLE",
    type_name="zstack:ModelServiceDeployment",
):
    """Serves `zstack.ModelServiceDeployment`."""


class PaiAppService(
    dynamic.Provider,
    location="pulumi_modeldeploy.pai.service:TABLE",
    type_name="pai:AppService",
):
    """Serves `pai.AppService`."""


PROVIDERS = {
    provider.location: provider
    for provider in (
        ModelArtsService,
        ZStackModelService,
        ZStackModelServiceDeployment,
        PaiAppService,
    )
}


def register(
    resource: Resource, name: str, props: dict[str, Any], opts: pulumi.ResourceOptions | None
) -> None:
    """Register a resource with the provider of its class, or of the class it is derived from."""
    locations = (f"{base.__module__}:TABLE" for base in type(resource).__mro__)
    provider = next(PROVIDERS[location] for location in locations if location in PROVIDERS)
    dynamic.register(provider(), resource, name, props, opts)
