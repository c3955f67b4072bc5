"""What requests to PAI-EAS may hold.

Sources: pages of the operations (API version 2021-07-01) and their metadata. EAS ignores what it
does not know: Terraform sends further parameters with several calls.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pulumi_modeldeploy.emulator.fields import Breach, Field, InvalidError, Kind, read

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pulumi_modeldeploy.emulator.calls import Call, Document

#: No page has a pattern. This is what all sources together allow.
_NAME = Field(
    "ServiceName",
    required=True,
    size=(1, 63),
    matches="[A-Za-z0-9_-]+",
    characters="letters, digits, underscores and hyphens",
)
_MOST = 2**31 - 1

#: `any` values under free keys; of the documented ones only the kind of storage is a choice.
_CONFIG = Field(
    "Config",
    Kind.OBJECT,
    extra=True,
    table=(
        Field("ModelStorage", one_of=("oss", "nas")),
        *(Field(name) for name in ("OssPath", "NasMountTarget", "NasPath")),
        *(Field(name) for name in ("VpcID", "VswitchID", "SecurityGroupID")),
    ),
)


def _app(*, whole_body: bool) -> tuple[Field, ...]:
    return (
        Field("AppType", required=whole_body, one_of=("LLM",)),
        Field("AppVersion", size=(1, 128)),
        Field("ServiceSpec", required=whole_body, size=(1, 128)),
        Field("Replicas", Kind.INTEGER, required=whole_body, least=1, most=_MOST),
        _CONFIG,
    )


CREATE = (_NAME, *_app(whole_body=True))
UPDATE = _app(whole_body=False)
SCALE = (Field("Instance", Kind.INTEGER, required=True, least=1, most=_MOST),)
LABELS = (Field("Labels", Kind.STRINGS, required=True),)
LOCK = (Field("Lock", required=True, one_of=("none", "dangerous", "all")),)


def version(current: int) -> tuple[Field, ...]:
    """Return the table of UpdateServiceVersion: below the present version."""
    return (Field("Version", Kind.INTEGER, required=True, least=1, most=current - 1),)


def whole(name: str, *, least: int = 1, most: int = _MOST) -> Field:
    """Return a row for a number in a query."""
    return Field(name, Kind.INTEGER, text_ok=True, least=least, most=most)


#: Page and size are numbers in some lists and texts in others; in a query that is the same.
LIST = (whole("PageNumber"), whole("PageSize"), Field("Order", one_of=("asc", "desc")))
EVENTS = (whole("PageNum"), whole("PageSize"), Field("EventType", one_of=("Normal", "Warning")))
INSTANCES = (whole("PageNumber"), whole("PageSize"))


def body(call: Call, table: Sequence[Field]) -> Document:
    """Return what EAS reads of a body; a null is a parameter that is not given."""
    document = call.json() if call.body else {}
    if not isinstance(document, dict):
        raise InvalidError("", Breach.TYPE, "must be an object")
    given = {name: value for name, value in document.items() if value is not None}
    names = {row.name for row in table}
    return read(table, {name: value for name, value in given.items() if name in names})


def query(call: Call, table: Sequence[Field]) -> Document:
    """Return the query; what is empty is not given."""
    given = {name: value for name, value in call.query.items() if value}
    return read(table, given, extra=True)


def texts(value: str, path: str) -> list[str]:
    """Return a list of texts out of a query: a JSON array, or joined by commas."""
    if not value.startswith("["):
        return [part for part in value.split(",") if part]
    found = _parsed(value, path)
    if not all(isinstance(one, str) for one in found):
        raise InvalidError(path, Breach.TYPE, "must be a list of strings")
    return list(found)


def labels(value: str) -> dict[str, str | None]:
    """Return the labels that a list is filtered by; without a value any value will do."""
    found = _parsed(value, "Label")
    if not isinstance(found, dict):
        raise InvalidError("Label", Breach.TYPE, "must be an object")
    return {key: one or None for key, one in found.items()}


def _parsed(value: str, path: str) -> Any:
    try:
        return json.loads(value)
    except ValueError as error:
        raise InvalidError(path, Breach.VALUE, "is not JSON") from error
