"""Tags on ZStack's objects: three kinds, each with calls of its own, none shown with the object.

Source: developer manual of ZStack Cloud, chapter on tags; API explorer, tag APIs.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from pulumi_modeldeploy.core.table import Entries
from pulumi_modeldeploy.zstack import api

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pulumi_modeldeploy.core.http import Call
    from pulumi_modeldeploy.core.operation import Operation
    from pulumi_modeldeploy.core.values import Json

SYSTEM, USER, ATTACHED = "systemTags", "userTags", "tagUuids"
"""Keys of the three lists, on the wire of creating calls and in documents that are completed."""

_UUIDS = "tagsByText"
"""Where a completed document keeps the uuid of each tag: a tag is deleted by that."""


def steps(resource_type: str) -> tuple[Entries, ...]:
    """The steps of an update that change the tags of a type of resource."""

    def text_body(identifier: str, entry: str) -> Json:
        return {"resourceType": resource_type, "resourceUuid": identifier, "tag": entry}

    return (
        Entries("system tags", api.ADD_SYSTEM_TAG, api.DELETE_TAG, text_body, _key(SYSTEM)),
        Entries("user tags", api.ADD_USER_TAG, api.DELETE_TAG, text_body, _key(USER)),
        Entries("tags", api.ATTACH_TAG, api.DETACH_TAG, lambda one, _: {"resourceUuids": [one]}),
    )


def _key(kind: str) -> functools.partial[str]:
    return functools.partial(_uuid_of, kind)


def _uuid_of(kind: str, document: Json, text: str) -> str:
    uuids: Mapping[str, Mapping[str, str]] = document[_UUIDS]
    return uuids[kind][text]


def fill(op: Operation, document: Json) -> Json:
    """Complete a document by its tags, if the verb is about them."""
    found: Json = {}
    uuids: dict[str, dict[str, str]] = {}
    if op.concerns("system_tags"):
        tags = _tags(op, api.SYSTEM_TAGS, document)
        uuids[SYSTEM] = {str(tag.get("tag")): str(tag.get("uuid")) for tag in tags}
    if op.concerns("user_tags", "tag_uuids"):
        # A tag that was made beforehand appears among the user's, and names its pattern.
        tags = _tags(op, api.USER_TAGS, document)
        own = [tag for tag in tags if not tag.get("tagPatternUuid")]
        uuids[USER] = {str(tag.get("tag")): str(tag.get("uuid")) for tag in own}
        patterns = (tag.get("tagPatternUuid") for tag in tags)
        found[ATTACHED] = [str(one) for one in patterns if one]
    return {**document, **found, **{kind: list(one) for kind, one in uuids.items()}, _UUIDS: uuids}


def _tags(op: Operation, call: Call, document: Json) -> list[Json]:
    query = {"q": f"resourceUuid={document['uuid']}"}
    tags = op.client.send(call, query=query).body.get(api.ONE)
    return [tag for tag in tags or [] if isinstance(tag, dict)]
