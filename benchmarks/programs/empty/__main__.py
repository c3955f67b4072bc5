"""As many resources of a provider that does nothing."""

# ruff: noqa: INP001 - a Pulumi program is no package

import os

from empty import Empty

for number in range(int(os.environ["RESOURCES"])):
    Empty(f"empty-{number}")
