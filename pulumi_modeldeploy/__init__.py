"""Model-serving deployments as Pulumi resources.

`modelarts` has Huawei Cloud and OTC ModelArts services, `zstack` model services of ZStack AIOS and
their deployments, `pai` app services of Alibaba Cloud's PAI; `errors` every exception.
"""

import importlib as _importlib
from importlib.metadata import version as _version
from types import ModuleType as _ModuleType
from typing import TYPE_CHECKING

from pulumi_modeldeploy.core.resource import Resource as _Resource

# Resources register through this binding; `core` names no engine.
_Resource.binding = "pulumi_modeldeploy.engine.providers:register"

from pulumi_modeldeploy import errors  # noqa: E402  (the binding comes first)

__version__ = _version("pulumi-modeldeploy")
__all__ = ["__version__", "errors", "modelarts", "pai", "zstack"]

if TYPE_CHECKING:
    from pulumi_modeldeploy import modelarts, pai, zstack
else:

    def __getattr__(name: str) -> _ModuleType:
        """Import a cloud when it is asked for: who uses one does not wait for the others."""
        if name in __all__:
            return _importlib.import_module(f"{__name__}.{name}")
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
