"""Model-serving deployments as Pulumi resources.

`pulumi_modeldeploy.modelarts` has Huawei Cloud and OTC ModelArts services.
"""

from pulumi_modeldeploy.core.declare import Resource

# Resources register through this binding; `core` names no engine.
Resource.binding = "pulumi_modeldeploy.engine.providers:register"
