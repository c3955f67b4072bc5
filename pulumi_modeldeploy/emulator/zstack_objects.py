"""What ZStack keeps: one shelf of records for each type of resource, and how they are shown.

Sources: SDK inventories, the database schema (what goes with what), the list of queryable fields.
Records are inventories whose dates are milliseconds; keys that begin with an underscore are never
shown. Until something of a type is there, every uuid of that type is taken to exist, save for what
only the AI APIs themselves create.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pulumi_modeldeploy.emulator.clock import MILLISECONDS
from pulumi_modeldeploy.emulator.fields import Field, Kind, read
from pulumi_modeldeploy.emulator.zstack_errors import INTERNAL, ApiError, not_found

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pulumi_modeldeploy.emulator.calls import Document
    from pulumi_modeldeploy.emulator.zstack_messages import Message, Param

ZONE = "ZoneVO"
IMAGE = "ImageVO"
CENTER = "ModelCenterVO"
MODEL = "ModelVO"
SPEC = "PciDeviceSpecVO"
GPU = "GpuDeviceVO"
SERVICE = "ModelServiceVO"
GROUP = "ModelServiceInstanceGroupVO"
PATTERN = "TagPatternVO"
SYSTEM_TAG = "SystemTagVO"
USER_TAG = "UserTagVO"
NETWORK = "L3NetworkVO"
CLUSTER = "ClusterVO"
STORAGE = "PrimaryStorageVO"
DATASET = "DatasetVO"
OFFERING = "DiskOfferingVO"

#: Never taken to exist unseen: nobody but the emulator creates them.
_OWN = frozenset({SERVICE, GROUP, SYSTEM_TAG, USER_TAG})

#: Invented: the reason for which every deployment of a seeded model fails. Never shown.
FAILS = "fails"

_DATES = ("createDate", "lastOpDate", "expiredDate")
_SQL = "%Y-%m-%d %H:%M:%S"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True)
class Shelf:
    """A type of resource: its key in a seed, what a record has by default, its queryable fields."""

    kind: str
    seed: str
    fields: frozenset[str]
    defaults: Document


def _shelf(kind: str, seed: str, fields: str, **defaults: Any) -> Shelf:
    common = "uuid name description createDate lastOpDate"
    return Shelf(kind, seed, frozenset(f"{common} {fields}".split()), defaults)


SHELVES = {
    shelf.kind: shelf
    for shelf in (
        _shelf(ZONE, "zones", "state type isDefault", state="Enabled", type="zstack"),
        _shelf(
            IMAGE,
            "images",
            "state status architecture mediaType format size url system",
            state="Enabled",
            status="Ready",
            architecture="x86_64",
        ),
        _shelf(
            CENTER,
            "modelCenters",
            "storageNetworkUuid serviceNetworkUuid url containerNetwork capacity zdfs managementIp"
            " managementPort containerRegistry containerStorageNetwork parameters status",
            url="192.168.10.12:/ai/model_center",
            status="Connected",
            managementIp="192.168.10.12",
            managementPort=5000,
        ),
        _shelf(
            MODEL,
            "models",
            "installPath parameters modelCenterUuid logo vendor modelId introduction size version"
            " type minGpuMemory recommendedGpuNum gpuConstraintDescription modelServiceRefs",
            size=0,
        ),
        _shelf(
            SPEC,
            "gpuSpecs",
            "vendorId vendor deviceId device subvendorId subdeviceId ramSize maxPartNum type state"
            " isVirtual memory gpuType isolated",
            vendor="NVIDIA",
            type="GPU_3D_Controller",
            state="Enabled",
            isVirtual=False,
        ),
        _shelf(
            GPU,
            "gpuDevices",
            "pciSpecUuid vendor memory gpuStatus allocateStatus hostUuid type serialNumber",
            allocateStatus="Unallocated",
            gpuStatus="Normal",
        ),
        _shelf(
            SERVICE,
            "modelServices",
            "readme yaml requestCpu requestMemory modelCenterUuid type framework source size system"
            " gpuComputeCapability installPath pythonVersion condaVersion startCommand"
            " containerCommand containerArgs supportDistributed cpuArchitectures"
            " vendorToSpecUuidsMap modelServiceRefs modelServiceImages",
        ),
        _shelf(
            GROUP,
            "modelServiceInstanceGroups",
            "modelServiceUuid modelUuid status modelServiceType type yaml supportMetrics exportPath"
            " instances datasetRefInventories",
        ),
        _shelf(PATTERN, "tags", "value color type", value="", color="#186EAE", type="simple"),
        _shelf(SYSTEM_TAG, "systemTags", "inherent resourceUuid resourceType tag type"),
        _shelf(USER_TAG, "userTags", "tagPatternUuid resourceUuid resourceType tag type"),
        _shelf(NETWORK, "l3Networks", "zoneUuid state type system category", state="Enabled"),
        _shelf(CLUSTER, "clusters", "zoneUuid state type hypervisorType", state="Enabled"),
        _shelf(STORAGE, "primaryStorages", "zoneUuid state status type", state="Enabled"),
        _shelf(DATASET, "datasets", "url installPath modelCenterUuid size system", size=0),
        _shelf(OFFERING, "diskOfferings", "diskSize type state", state="Enabled"),
    )
}

#: What a seed may hold: lists of inventories of which only the uuid is needed.
SEED = tuple(
    Field(
        shelf.seed,
        Kind.LIST,
        items=Field(
            "",
            Kind.OBJECT,
            extra=True,
            table=(
                Field("uuid", required=True, size=(1, 64)),
                Field("name", size=(1, 255)),
                *((Field(FAILS, size=(1, 1000)),) if shelf.kind == MODEL else ()),
            ),
        ),
    )
    for shelf in SHELVES.values()
    if shelf.kind not in _OWN
)


class Objects:
    """All records, by type and uuid. `local` turns seconds into the management node's time."""

    def __init__(self, local: Callable[[float], datetime]) -> None:
        self._local = local
        self._shelves: dict[str, dict[str, Document]] = {kind: {} for kind in SHELVES}
        self._strict = set(_OWN)

    # Records

    def all(self, kind: str) -> list[Document]:
        """Return the records of a type, in the order in which they came."""
        return list(self._shelves[kind].values())

    def find(self, kind: str, uuid_: str) -> Document | None:
        """Return a record, `None` if there is none."""
        return self._shelves[kind].get(uuid_)

    def get(self, kind: str, uuid_: str) -> Document:
        """Return a record that was checked to be there."""
        return self._shelves[kind][uuid_]

    def add(self, kind: str, values: Document, uuid_: str | None, at: int) -> Document:
        """Keep a new record; raises `ApiError` if its uuid is taken."""
        uuid_ = uuid_ or new_uuid()
        if any(uuid_ in shelf for shelf in self._shelves.values()):
            raise ApiError(INTERNAL, f"Duplicate entry '{uuid_}' for key 'PRIMARY'")
        record = {"uuid": uuid_, **values, "createDate": at, "lastOpDate": at}
        self._shelves[kind][uuid_] = record
        self._strict.add(kind)
        return record

    def remove(self, kind: str, uuid_: str) -> None:
        """Forget a record and the tags on it, if it is there."""
        self._shelves[kind].pop(uuid_, None)
        for tags in (SYSTEM_TAG, USER_TAG):
            shelf = self._shelves[tags]
            for tag in [one for one in shelf.values() if one["resourceUuid"] == uuid_]:
                del shelf[tag["uuid"]]

    # References

    def exists(self, kind: str, uuid_: str) -> bool:
        """Whether a reference leads somewhere, as far as objects of the type are known."""
        return uuid_ in self._shelves[kind] if kind in self._strict else uuid_ != ""

    def check(self, table: Iterable[Param], values: Document) -> None:
        """Check that what a message refers to exists; raises `ApiError`."""
        for row in table:
            if not row.refers or row.name not in values:
                continue
            value = values[row.name]
            for one in value if isinstance(value, list) else [value]:
                gone = row.lenient and is_uuid(one)
                if not gone and not self.exists(row.refers, one):
                    raise not_found(row.name, row.refers, one)

    # Tags

    def tag(self, resource: Document, kind: str, message: Message) -> None:
        """Attach the tags that came beside and inside the parameters of a create call."""
        for text in message.system_tags:
            self.add_tag(SYSTEM_TAG, resource["uuid"], kind, text, message.at)
        for text in message.user_tags:
            self.add_tag(USER_TAG, resource["uuid"], kind, text, message.at)
        for pattern in message.get("tagUuids", ()):
            self.attach(pattern, resource["uuid"], kind, message.at)

    def add_tag(self, tags: str, resource: str, kind: str, text: str, at: int) -> Document:
        """Attach a tag of text."""
        own: Document = {"type": "User"} if tags == USER_TAG else {"type": "System"}
        if tags == SYSTEM_TAG:
            own["inherent"] = False
        values = {"resourceUuid": resource, "resourceType": kind, "tag": text, **own}
        return self.add(tags, values, None, at)

    def attach(self, pattern: str, resource: str, kind: str, at: int) -> Document:
        """Attach a tag that was made beforehand; a second time changes nothing."""
        for tag in self.all(USER_TAG):
            if (tag.get("tagPatternUuid"), tag["resourceUuid"]) == (pattern, resource):
                return tag
        known = self.find(PATTERN, pattern) or {}
        tag = self.add_tag(USER_TAG, resource, kind, known.get("name", pattern), at)
        tag["tagPatternUuid"] = pattern
        return tag

    def kind_of(self, uuid_: str) -> str | None:
        """Return the type of a resource, `None` if it is unknown."""
        return next((kind for kind, shelf in self._shelves.items() if uuid_ in shelf), None)

    # Documents

    def rows(
        self, kind: str, shown: Callable[[Document], Document], uuid_: str | None = None
    ) -> list[Document]:
        """Return the records of a type for a query, with the pseudo-fields of their tags.

        With a uuid only its record, if there is one.
        """
        tags = self._tags()
        one = None if uuid_ is None else self.find(kind, uuid_)
        found: list[Document] = []
        for record in self.all(kind) if uuid_ is None else filter(None, [one]):
            row = self._dated(visible(shown(record)), lambda moment: moment.strftime(_SQL))
            found.append({**row, **tags.get(record["uuid"], {})})
        return found

    def _tags(self) -> dict[str, Document]:
        """Return the pseudo-fields of all tags, by resource."""
        found: dict[str, Document] = {}
        for kind, field in ((SYSTEM_TAG, "__systemTag__"), (USER_TAG, "__userTag__")):
            for tag in self.all(kind):
                fields = found.setdefault(tag["resourceUuid"], {})
                fields.setdefault(field, []).append(tag["tag"])
                if "tagPatternUuid" in tag:
                    fields.setdefault("__tagUuid__", []).append(tag["tagPatternUuid"])
        return found

    def shown(self, document: Any) -> Any:
        """Return a document for the wire: without nulls and inner keys, dates as the vendor's."""
        return self._dated(visible(document), _java)

    def _dated(self, document: Any, form: Callable[[datetime], str]) -> Any:
        """Write the dates of a document; those of a query come back as it compared them."""
        if isinstance(document, list):
            return [self._dated(item, form) for item in document]
        if not isinstance(document, dict):
            return document
        return {
            key: form(self._moment(value)) if key in _DATES else self._dated(value, form)
            for key, value in document.items()
        }

    def _moment(self, value: float | str) -> datetime:
        if isinstance(value, str):
            return datetime.strptime(value, _SQL)  # noqa: DTZ007 - local by construction
        return self._local(value / MILLISECONDS)

    # State

    def seed(self, document: Document, at: int) -> None:
        """Put inventories on the shelves; one with a known uuid replaces the old one."""
        seed = read(SEED, document, path="zstack")
        for shelf in SHELVES.values():
            for row in seed.get(shelf.seed, ()):
                dates = {"createDate": at, "lastOpDate": at}
                given = {key: value for key, value in row.items() if key not in (FAILS, *_DATES)}
                hidden = {f"_{FAILS}": row[FAILS]} if FAILS in row else {}
                default = {**shelf.defaults, "name": f"{shelf.seed}-{row['uuid'][:8]}"}
                self._shelves[shelf.kind][row["uuid"]] = {**default, **given, **hidden, **dates}
                self._strict.add(shelf.kind)

    def reset(self) -> None:
        """Forget everything."""
        for shelf in self._shelves.values():
            shelf.clear()
        self._strict = set(_OWN)

    def dump(self) -> Document:
        """Return everything as a JSON document that shares its parts."""
        rows = {kind: list(shelf.values()) for kind, shelf in self._shelves.items()}
        return {"rows": rows, "strict": sorted(self._strict)}

    def load(self, document: Document) -> None:
        """Take over what `dump` returned."""
        for kind, rows in document["rows"].items():
            self._shelves[kind] = {row["uuid"]: row for row in rows}
        self._strict = set(document["strict"])


def new_uuid() -> str:
    """Return a uuid as the server makes them."""
    return uuid.uuid4().hex


def is_uuid(text: str) -> bool:
    """Whether a text has the form of a uuid."""
    return len(text) == 32 and set(text) <= set("0123456789abcdef")  # noqa: PLR2004 - digits


def visible(document: Any) -> Any:
    """Return a copy of a document without nulls and inner keys."""
    if isinstance(document, list):
        return [visible(item) for item in document]
    if not isinstance(document, dict):
        return document
    return {
        key: visible(value)
        for key, value in document.items()
        if value is not None and (not key.startswith("_") or key.startswith("__"))
    }


def chosen(message: Message, names: Sequence[str]) -> Document:
    """Return those of the named parameters that a message has."""
    return {name: message[name] for name in names if name in message.values}


def _java(moment: datetime) -> str:
    """Write a date as Java does for the US, as in `Nov 14, 2017 10:20:57 PM`."""
    hour = moment.hour % 12 or 12
    half = "AM" if moment.hour < 12 else "PM"  # noqa: PLR2004 - noon
    day = f"{_MONTHS[moment.month - 1]} {moment.day}, {moment.year}"
    return f"{day} {hour}:{moment.minute:02}:{moment.second:02} {half}"
