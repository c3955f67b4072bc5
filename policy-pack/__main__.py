"""The rules of pulumi-modeldeploy as a policy pack."""

from pulumi_modeldeploy.policy.pack import serve

serve("modeldeploy")
