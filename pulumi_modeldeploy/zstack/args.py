"""Nested arguments of ZStack resources, and the checks that several of its resources share.

Sources: the API explorer, the developer guide and the error catalogue (`ORG_ZSTACK_AI_1xxxx`).
"""

from __future__ import annotations

import re
from typing import Any

from pulumi_modeldeploy.core.checks import Check, length, one_of, pattern
from pulumi_modeldeploy.core.declare import Args, NotRequired, Required, arg
from pulumi_modeldeploy.core.values import UNKNOWN, camel

ARCHITECTURES = ("x86_64", "aarch64", "mips64el", "loongarch64")
"""Processors that the platform knows."""

_UUID = re.compile("[0-9a-z]{32}")

UUID = pattern(
    _UUID.pattern,
    "be a uuid as ZStack writes it: 32 lower-case letters and digits, no dashes",
    name="uuid",
    public=True,
)
"""A uuid that refers to something. Shipped objects have a letter beyond f now and then."""

RESOURCE_UUID = pattern(
    "[0-9a-f]{8}[0-9a-f]{4}[1-5][0-9a-f]{3}[89ab][0-9a-f]{3}[0-9a-f]{12}",
    "be a uuid of version 1 to 5 in lower case, without its dashes",
    name="uuid",
    public=True,
)
"""A uuid that the client chooses, which the cloud judges more strictly than a reference."""

PROBE = pattern(r"/\S{0,511}", 'begin with "/", hold no spaces and be at most 512 long')
"""Path of a probe (10037, 10038)."""


def is_uuid(value: object) -> bool:
    """Tell whether a value can refer to something."""
    return isinstance(value, str) and _UUID.fullmatch(value) is not None


def uuids() -> Check:
    """A list of uuids that refer to something; wrong entries are named by their places."""

    def judge(value: Any) -> str | None:
        entries = enumerate(value)
        wrong = [f"[{i}]" for i, one in entries if one is not UNKNOWN and not is_uuid(one)]
        return f"wrong: {', '.join(wrong)}" if wrong else None

    text = "hold uuids as ZStack writes them: 32 lower-case letters and digits, no dashes"
    return Check("uuids", text, judge, public=True)


def distinct() -> Check:
    """A list without repetition; what repeats is named by its place."""

    def judge(value: Any) -> str | None:
        entries = enumerate(value)
        again = [f"[{i}]" for i, one in entries if one is not UNKNOWN and value.index(one) < i]
        return f"repeated: {', '.join(again)}" if again else None

    return Check("distinct", "hold nothing twice", judge)


class ArchitectureImageArgs(Args, spelled=camel, trimmed=True):
    """Images for one architecture of processors: of virtual machines, containers or both."""

    cpu_architecture: Required[str] = arg(
        checks=[one_of(*ARCHITECTURES)],
        lowered=True,
        source="error catalogue, 10049 and 10050",
    )
    """Architecture: `x86_64`, `aarch64`, `mips64el` or `loongarch64`; upper case is the same. No
    two entries have the same one."""
    vm_image_uuid: NotRequired[str] = arg(
        default=None, checks=[UUID], source="error catalogue, 10051 to 10054"
    )
    """Image of virtual machines, enabled and ready; this or `docker_image` is needed."""
    docker_image: NotRequired[str] = arg(
        default=None,
        checks=[length(1, 255)],
        source="error catalogue, 10051; database",
    )
    """Image of containers, at most 255 characters; this or `vm_image_uuid` is needed."""


__all__ = ["ArchitectureImageArgs"]
