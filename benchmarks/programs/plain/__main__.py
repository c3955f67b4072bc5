"""As many resources of a plain dynamic provider, with the inputs of the services."""

# ruff: noqa: INP001 - a Pulumi program is no package

import os

from plain import PROVIDERS, Plain

provider = PROVIDERS[os.environ["PROVIDER"]]
for number in range(int(os.environ["RESOURCES"])):
    Plain(provider(), f"plain-{number}")
