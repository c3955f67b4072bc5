"""Makes the resources that a file beside it lists, as the tables of the tests give them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pulumi

from pulumi_modeldeploy.core.declare import Declaration
from pulumi_modeldeploy.policy.views import kind_of


class Foreign(pulumi.CustomResource):
    """A resource of another package."""


unmade = Foreign("test:index:Unmade", "unmade", {})
made: dict[str, pulumi.CustomResource] = {}


def read(value: Any, source: pulumi.CustomResource = unmade) -> Any:
    """Put an id that is not known yet where the list says so."""
    if isinstance(value, dict) and "unknown" in value:
        return source.id
    if isinstance(value, dict):
        return {key: read(one, source) for key, one in value.items()}
    return [read(one, source) for one in value] if isinstance(value, list) else value


def hide(values: Any, path: str) -> None:
    """Make what stands at a path secret."""
    *steps, last = [int(one) if one.isdigit() else one for one in re.findall(r"\w+", path)]
    for step in steps:
        values = values[step]
    values[last] = pulumi.Output.secret(values[last])


def make(one: dict[str, Any]) -> pulumi.CustomResource:
    """Make a resource."""
    opts = pulumi.ResourceOptions(protect=one["protect"])
    sources = {key: made[name] for key, name in one["depends"].items()}
    given = {key: read(value, sources.get(key, unmade)) for key, value in one["state"].items()}
    view = kind_of(one["token"])
    if view is None:
        return Foreign(one["token"], one["name"], given, opts)
    kind: Any = view.shows()
    values = Declaration.of(kind).from_state(given)
    for path in one["secrets"]:
        hide(values, path)
    profile = {"profile": one["region"]} if one["region"] else {}
    made_now: pulumi.CustomResource = kind(one["name"], opts, **values, **profile)
    return made_now


for entry in json.loads((Path(__file__).parent / "resources.json").read_text()):
    made[entry["name"]] = make(entry)
