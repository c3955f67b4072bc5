"""Alibaba Cloud's VPC and ECS, as far as the network of a NAS mount can be looked at.

Sources: pages of DescribeVpcs and DescribeVSwitches (VPC 2016-04-28) and of DescribeSecurityGroups
(ECS 2014-05-26), RPC style: one path, the operation in the header `x-acs-action`, parameters in the
query or the form. Until objects of a kind are seeded, every one of that kind exists that is asked
for by its id; nothing is known then about where it belongs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qsl

from pulumi_modeldeploy.emulator import pai_errors as errors
from pulumi_modeldeploy.emulator.calls import Call, Document, Operation, Reply
from pulumi_modeldeploy.emulator.fields import Field, Kind, read
from pulumi_modeldeploy.emulator.pai_identity import REGION
from pulumi_modeldeploy.emulator.pai_requests import texts, whole

if TYPE_CHECKING:
    from collections.abc import Callable

PATH = "/"
_FORM = "application/x-www-form-urlencoded"


class Shelf(NamedTuple):
    """A kind of object: operation, API, keys of answers and ids, and what ids begin with."""

    operation: str
    api: str
    outer: str
    inner: str
    id: str
    prefix: str
    filters: tuple[str, ...]
    most: int


#: key of seeds -> kind
SHELVES = {
    "vpcs": Shelf(
        "DescribeVpcs", "vpc", "Vpcs", "Vpc", "VpcId", "vpc-", ("VpcName", "ResourceGroupId"), 50
    ),
    "vSwitches": Shelf(
        "DescribeVSwitches",
        "vpc",
        "VSwitches",
        "VSwitch",
        "VSwitchId",
        "vsw-",
        ("VpcId", "ZoneId", "VSwitchName", "ResourceGroupId"),
        50,
    ),
    "securityGroups": Shelf(
        "DescribeSecurityGroups",
        "ecs",
        "SecurityGroups",
        "SecurityGroup",
        "SecurityGroupId",
        "sg-",
        ("VpcId", "SecurityGroupName", "SecurityGroupType", "ResourceGroupId"),
        100,
    ),
}

#: kind -> what an object has that nobody said anything about.
_PLAUSIBLE: dict[str, Document] = {
    "vpcs": {"Status": "Available", "CidrBlock": "192.168.0.0/16", "IsDefault": False},
    "vSwitches": {
        "Status": "Available",
        "CidrBlock": "192.168.0.0/24",
        "AvailableIpAddressCount": 252,
        "IsDefault": False,
    },
    "securityGroups": {"SecurityGroupType": "normal", "ServiceManaged": False},
}


def _seed(kind: str, shelf: Shelf) -> Field:
    table = (
        Field(shelf.id, required=True, matches=f"{shelf.prefix}.+", characters=shelf.prefix),
        Field("RegionId"),
        Field("VpcId"),
    )
    unique = {row.name: row for row in reversed(table)}  # of a VPC the id is the VpcId
    item = Field("", Kind.OBJECT, extra=True, table=tuple(unique.values()))
    return Field(kind, Kind.LIST, items=item)


SEED = tuple(_seed(kind, shelf) for kind, shelf in SHELVES.items())


def _query(shelf: Shelf) -> tuple[Field, ...]:
    return (
        Field("RegionId", required=shelf.id != "VSwitchId", size=(1, 64)),
        *(Field(name) for name in {shelf.id, "SecurityGroupIds", *shelf.filters}),
        whole("PageNumber"),
        whole("PageSize", most=shelf.most),
        whole("MaxResults", most=shelf.most),
        whole("NextToken", least=0),
    )


def _parameters(call: Call) -> Document:
    """Return the parameters, be they in the query or in a form."""
    if not call.headers.get("content-type", "").startswith(_FORM):
        return call.query
    return {**call.query, **dict(parse_qsl(call.body.decode("utf-8", "replace")))}


class Network:
    """The seeded VPCs, vSwitches and security groups, and the calls that read them."""

    def __init__(self) -> None:
        self._shelves: dict[str, dict[str, Document]] = {kind: {} for kind in SHELVES}

    @property
    def operations(self) -> list[Operation]:
        """The route table; all rows share one path."""
        return [
            Operation(shelf.operation, method, PATH, self._describe(kind), shelf.api)
            for kind, shelf in SHELVES.items()
            for method in ("GET", "POST")
        ]

    def _describe(self, kind: str) -> Callable[[Call], Reply]:
        shelf = SHELVES[kind]

        def describe(call: Call) -> Reply:
            query = read(_query(shelf), _parameters(call), extra=True)
            rows = self._select(kind, query)
            size = query.get("MaxResults", query.get("PageSize", 10))
            page = query.get("PageNumber", 1)
            first = query.get("NextToken", (page - 1) * size)
            shown = rows[first : first + size]
            body = {"TotalCount": len(rows), "PageNumber": page, "PageSize": size}
            if "MaxResults" in query:
                more = first + size < len(rows)
                body["NextToken"] = str(first + size) if more else ""
            return errors.reply({**body, shelf.outer: {shelf.inner: shown}})

        return describe

    def _select(self, kind: str, query: Document) -> list[Document]:
        shelf, region = SHELVES[kind], query.get("RegionId", REGION)
        ids = [part for part in query.get(shelf.id, "").split(",") if part]
        if "SecurityGroupIds" in query:
            ids += texts(query["SecurityGroupIds"], "SecurityGroupIds")
        known = {name: query[name] for name in shelf.filters if name in query}
        found = (
            [self.find(kind, one, region, known) for one in ids]
            if ids
            else [self.find(kind, one, region, {}) for one in self._shelves[kind]]
        )
        return [
            row
            for row in found
            if row is not None and all(row.get(name) == value for name, value in known.items())
        ]

    def find(self, kind: str, one: str, region: str, known: Document) -> Document | None:
        """Return an object of a region, a plausible one with what is `known` if none is seeded."""
        shelf, kept = SHELVES[kind], self._shelves[kind]
        row = kept.get(one)
        if row is None and (kept or not one.startswith(shelf.prefix)):
            return None
        row = known if row is None else row
        if row.get("RegionId", region) != region:
            return None
        return {shelf.id: one, "RegionId": region, **_PLAUSIBLE[kind], **row}

    def problem(self, config: Document, region: str) -> str | None:
        """Return what is wrong with the network of a NAS mount, `None` if nothing is."""
        vpc = config["VpcID"]
        parts = (
            ("VpcID", "vpcs"),
            ("VswitchID", "vSwitches"),
            ("SecurityGroupID", "securityGroups"),
        )
        for key, kind in parts:
            row = self.find(kind, str(config[key]), region, {})
            if row is None:
                return f"{key} {config[key]} does not exist."
            if row.get("VpcId", vpc) != vpc:
                return f"{key} {config[key]} does not belong to the VPC {vpc}."
        return None

    # State

    def seed(self, document: Document) -> None:
        """Add objects; one with a known id replaces the old one."""
        for kind, shelf in SHELVES.items():
            self._shelves[kind].update({row[shelf.id]: row for row in document.get(kind, ())})

    def reset(self) -> None:
        """Forget what was seeded."""
        for shelf in self._shelves.values():
            shelf.clear()

    def dump(self) -> Document:
        """Return what was seeded as a JSON document."""
        return {kind: list(shelf.values()) for kind, shelf in self._shelves.items()}

    def load(self, document: Document) -> None:
        """Take over what `dump` returned."""
        self.seed(document)
