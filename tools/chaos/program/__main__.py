"""Deploys whatever `wanted.json` lists."""

import json
import os
from pathlib import Path
from typing import Any

import pulumi

from pulumi_modeldeploy import modelarts, pai, zstack

KINDS: dict[str, Any] = {
    "service": modelarts.Service,
    "catalogue": zstack.ModelService,
    "deployment": zstack.ModelServiceDeployment,
    "app": pai.AppService,
}


class Group(pulumi.ComponentResource):
    """A component; its colour makes its type."""

    def __init__(self, color: str) -> None:
        super().__init__(f"chaos:index:{color}", "group")


made: dict[str, pulumi.CustomResource] = {}
groups: dict[str, Group] = {}


def read(value: Any) -> Any:
    """Put in ids of other services, and secrets."""
    if isinstance(value, list):
        return [read(one) for one in value]
    if not isinstance(value, dict):
        return value
    if "$of" in value:
        return made[value["$of"]].id
    if "$secret" in value:
        return pulumi.Output.secret(os.environ["CHAOS_SECRET"] + value["$secret"])
    return {key: read(one) for key, one in value.items()}


for one in json.loads(Path("wanted.json").read_text()):
    key, color = one["key"], one["parent"]
    if color and color not in groups:
        groups[color] = Group(color)
    *former, name = one["names"]
    opts = pulumi.ResourceOptions(
        parent=groups.get(color),
        delete_before_replace=one["delete_first"] or None,
        aliases=[pulumi.Alias(name=each) for each in former],
    )
    made[key] = KINDS[one["kind"]](name, opts=opts, **read(one["args"]))
    pulumi.export(key, made[key].id)
