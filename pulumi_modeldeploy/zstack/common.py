"""What ZStack's resources have in common: names, tags, uuids and dates, and how they are reached.

Sources: AddModelService and DeployModelService of the API explorer; REST server (uuids, dates).
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from pulumi_modeldeploy.core.checks import MARK, PROFILE_NAME, length
from pulumi_modeldeploy.core.declare import (
    Change,
    Defaulted,
    NotRequired,
    NotRequiredList,
    arg,
    output,
    output_id,
)
from pulumi_modeldeploy.core.identity import Naming
from pulumi_modeldeploy.core.resource import Resource
from pulumi_modeldeploy.core.table import Table
from pulumi_modeldeploy.core.values import camel
from pulumi_modeldeploy.zstack import api, tags
from pulumi_modeldeploy.zstack.args import RESOURCE_UUID, UUID, distinct, uuids

if TYPE_CHECKING:
    from pulumi_modeldeploy.core.operation import Operation
    from pulumi_modeldeploy.core.values import Json

INT, LONG = 2**31 - 1, 2**63 - 1
"""Largest numbers that the server's types hold."""

_CREATING = "AddModelService and DeployModelService, body"


class ZStackResource(Resource, spelled=camel, trimmed=True):
    """Base of ZStack's resources: the arguments that every creating call takes."""

    name: Defaulted[str] = arg(
        default=None, checks=[length(1, 255)], source=f"{_CREATING}; database schema"
    )
    """Name, 1 to 255 characters, not unique. Default: `<resource name>-<mark>`."""
    description: NotRequired[str] = arg(
        default=None,
        checks=[length(0, 2048)],
        removed="",
        source=f"{_CREATING}; database schema",
    )
    """Free text, at most 2048 characters."""
    resource_uuid: NotRequired[str] = arg(
        default=None,
        reads="uuid",
        checks=[RESOURCE_UUID],
        change=Change.REPLACE,
        follows="uuid",
        source=f"{_CREATING}; REST server",
    )
    """Uuid of the object. Default: made of the resource's mark."""
    tag_uuids: NotRequiredList[str] = arg(
        default=None,
        checks=[uuids(), distinct()],
        removed=[],
        unordered=True,
        shared=True,
        step="tags",
        source=_CREATING,
    )
    """Tags, made beforehand, that are attached; what others attach is left alone."""
    user_tags: NotRequiredList[str] = arg(
        default=None,
        checks=[distinct()],
        removed=[],
        unordered=True,
        shared=True,
        step="user tags",
        source="AddModelService and DeployModelService, beside the body's parameters",
    )
    """Tags of free text; what others add is left alone."""
    profile: NotRequired[str] = arg(
        default=None, checks=[PROFILE_NAME], body=False, source="docs/credentials.md"
    )
    """Named set of settings (`zstack:profiles`) that says where it lives and who deploys it.
    Default: none, the plain settings count."""
    adopt: NotRequired[str] = arg(
        default=None, checks=[UUID], body=False, change=Change.ONCE, source="docs/adopting.md"
    )
    """Uuid of an existing object that is taken over instead of making one."""
    adopt_from: NotRequired[str] = arg(
        default=None, checks=[MARK], body=False, change=Change.ONCE, source="docs/adopting.md"
    )
    """Mark of the resource that the object is taken over from, with `adopt`; needed where the
    object carries one."""

    uuid = output_id()
    """Uuid of the object; the same as `id`."""
    create_date = output(str)
    """When it was made, in the management node's local time."""
    last_op_date = output(str)
    """When it was changed last, in the management node's local time."""


AHEAD = 900.0
"""Seconds by which the node's clock may be ahead, as much as it grants our signatures."""


def age(op: Operation, document: Json) -> float | None:
    """Seconds since an object was made; unknown where its date or the time zone makes no sense."""
    made = api.seconds(str(document.get("createDate")), api.time_zone(op.settings))
    since = None if made is None else op.client.wall() - made
    return None if since is None or since < -AHEAD else max(0.0, since)


ZStackTable = functools.partial(
    Table,
    credentials=api.SETTINGS,
    place=api.place,
    connect=api.connect,
    naming=Naming("name", most=255, forbidden=r"\s"),
    chosen=api.CHOSEN_UUID,
    mark_of=tags.mark_of,
    signed=tags.signed,
    exclusive=("resource_uuid",),
    version=lambda document: document.get("lastOpDate"),
    age=age,
    born=lambda document: document.get("createDate"),
    jobs=api.JOBS,
)
"""A table with what holds for every kind of resource."""
