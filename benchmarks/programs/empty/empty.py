"""A dynamic provider that does nothing, with as many inputs as a service has."""

# ruff: noqa: INP001 - a Pulumi program is no package

from __future__ import annotations

from typing import Any

from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider


class EmptyProvider(ResourceProvider):
    """Creates nothing and never sees a change."""

    serialize_as_secret_always = False

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Pretend."""
        return CreateResult("none", props)

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """See nothing."""
        return DiffResult(changes=False)


class Empty(Resource):
    """A resource of it."""

    def __init__(self, name: str) -> None:
        entries = [
            {"modelId": "m", "weight": 50, "specification": "s", "instanceCount": 1}
            for _ in range(2)
        ]
        props = {"inferType": "real-time", "serviceName": name, "config": entries}
        super().__init__(EmptyProvider(), name, props)
