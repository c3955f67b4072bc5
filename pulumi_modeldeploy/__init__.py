"""Model-serving deployments as Pulumi resources.

`modelarts` has Huawei Cloud and OTC ModelArts services; `errors` every exception.
"""

from importlib.metadata import version as _version

from pulumi_modeldeploy.core.resource import Resource as _Resource

# Resources register through this binding; `core` names no engine.
_Resource.binding = "pulumi_modeldeploy.engine.providers:register"

from pulumi_modeldeploy import errors, modelarts  # noqa: E402  (the binding comes first)

__version__ = _version("pulumi-modeldeploy")
__all__ = ["__version__", "errors", "modelarts"]
