"""The team's pack: its own rules beside some of those that come with the package."""

from rules import RULES

from pulumi_modeldeploy.policy.pack import serve

serve("shop-serving", RULES, stacks={"prod*": "production", "dev*": "development"})
