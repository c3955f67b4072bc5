"""Tags on ZStack's objects: three kinds, each with calls of its own, none shown with the object.

Source: developer manual of ZStack Cloud, chapter on tags; API explorer, tag APIs.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

from pulumi_modeldeploy.core.table import Entries
from pulumi_modeldeploy.zstack import api

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from pulumi_modeldeploy.core.http import Call
    from pulumi_modeldeploy.core.operation import Operation
    from pulumi_modeldeploy.core.values import Json, Values

SYSTEM, USER, ATTACHED = "systemTags", "userTags", "tagUuids"
"""Keys of the three lists, on the wire of creating calls and in documents that are completed."""

_UUIDS = "tagsByText"
"""Where a completed document keeps the uuid of each tag: a tag is deleted by that."""


def system_tags(resource_type: str) -> Entries:
    """The step of an update that changes system tags."""
    body = _text(resource_type)
    return Entries("system tags", api.ADD_SYSTEM_TAG, api.DELETE_TAG, body, _key(SYSTEM))


def user_tags(resource_type: str) -> Entries:
    """The step of an update that changes tags of free text."""
    body = _text(resource_type)
    return Entries("user tags", api.ADD_USER_TAG, api.DELETE_TAG, body, _key(USER))


TAG_UUIDS = Entries("tags", api.ATTACH_TAG, api.DETACH_TAG, lambda one, _: {"resourceUuids": [one]})
"""The step of an update that changes tags that were made beforehand."""


def _text(resource_type: str) -> Callable[[str, str], Json]:
    def body(identifier: str, entry: str) -> Json:
        return {"resourceType": resource_type, "resourceUuid": identifier, "tag": entry}

    return body


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


MARK = "modeldeploy::"
"""What begins the tag that says whose an object is, where its uuid does not."""
_MARKED = re.compile(f"{MARK}([0-9a-f]{{12}})")


def marks(op: Operation, identifier: str) -> dict[str, str]:
    """Read the marks written on an object, and the uuids of their tags."""
    tags = _tags(op, api.USER_TAGS, {"uuid": identifier})
    texts = {str(tag.get("tag")): str(tag.get("uuid")) for tag in tags}
    found = {_MARKED.fullmatch(text): one for text, one in texts.items()}
    return {match[1]: one for match, one in found.items() if match}


def remark(resource_type: str) -> Callable[[Operation, str], None]:
    """Write today's mark on an object of a resource that was renamed: its uuid stays.

    Else a new resource of the old name would take it for its own.
    """

    def write(op: Operation, identifier: str) -> None:
        own = [] if identifier in op.own_ids({}) else [op.identity.mark]
        written = marks(op, identifier)
        for mark in set(own) - set(written):
            op.call(api.ADD_USER_TAG, _text(resource_type)(identifier, MARK + mark))
        for mark in set(written) - set(own):
            op.call(api.DELETE_TAG, entry=written[mark])

    return write


def finder(call: Call) -> Callable[[Operation, Values], Json | None]:
    """Look for what a create would collide with or resume: one query for all ids that we choose."""

    def find(op: Operation, values: Values) -> Json | None:
        query = {"q": f"uuid?={','.join(op.own_ids(values))}"}
        found = op.client.get(call, query=query, budget=op.budget) or {}
        by_uuid = {str(one.get("uuid")): one for one in found.get(api.INVENTORIES) or []}

        def look(identifier: str) -> Json | None:
            document = by_uuid.get(identifier)
            return None if document is None else signed(op, document)

        return op.find_own(values, look)

    return find


def carrying(call: Call) -> Callable[[Operation, Collection[str]], list[tuple[str, Json]]]:
    """Find what has one of the ids that are made of these marks, unless it carries another one."""

    def find(op: Operation, owners: Collection[str]) -> list[tuple[str, Json]]:
        made_of = {one: mark for mark in owners for one in api.CHOSEN_UUID.all({}, mark)}
        rows = op.ask(call, {"q": f"uuid?={','.join(made_of)}"}).get(api.INVENTORIES) or []
        found = ((made_of[row["uuid"]], row) for row in rows if row.get("uuid") in made_of)
        return [(mark, row) for mark, row in found if mark_of(signed(op, row)) in ("", mark)]

    return find


def signed(op: Operation, document: Json) -> Json:
    """Add to a document the mark that is written on the object; ours, if there are several."""
    written = marks(op, document["uuid"])
    ours = op.identity.mark in written
    return {**document, _MARK: op.identity.mark if ours else next(iter(written), "")}


_MARK = "writtenMark"


def mark_of(document: Json) -> str:
    """Read the mark written on an object that was looked for."""
    return str(document.get(_MARK) or "")


def _tags(op: Operation, call: Call, document: Json) -> list[Json]:
    query = {"q": f"resourceUuid={document['uuid']}"}
    tags = op.ask(call, query).get(api.INVENTORIES)
    return [tag for tag in tags or [] if isinstance(tag, dict)]
