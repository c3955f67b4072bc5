"""What is looked at before an app service is deployed: the network of a NAS mount, and the name.

Sources: CreateAppService, body; "Mount storage to services" (the mount needs the vSwitch of the
file system, in the same VPC and region); DescribeVpcs, DescribeVSwitches (VPC, version 2016-04-28)
and DescribeSecurityGroups (ECS, version 2014-05-26).
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from pulumi_modeldeploy.core.http import Call
from pulumi_modeldeploy.core.preflight import Look, Paging, Preflight, Question
from pulumi_modeldeploy.errors import Refused
from pulumi_modeldeploy.pai import api
from pulumi_modeldeploy.pai.advice import FOREIGN, TAKEN
from pulumi_modeldeploy.pai.rules import MODE, NAS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pulumi_modeldeploy.core.preflight import Looks, Subject
    from pulumi_modeldeploy.core.values import Json, Values
    from pulumi_modeldeploy.errors import ApiError

VPC, ECS = "VPC", "ECS"

PAGING = Paging("PageNumber", "PageSize", "TotalCount", size=100, numbered=True)
SERVICES = Look(replace(api.LIST, holds="Services", attempts=2), paging=PAGING)
"""All services of the account in the region."""


def _known(error: ApiError) -> Json | None:
    """Another account's service is not shown, but it is there."""
    return {FOREIGN: error.message} if error.code == FOREIGN else None


_SERVICE = Look(replace(api.DESCRIBE, attempts=2), missing=api.DIALECT.is_missing, says=_known)


def _show(operation: str, key: str, holds: str, where: str) -> Look:
    """Show one object of the network; a look must not hold a preview up: it is repeated once."""
    path = f"/?RegionId={{region}}&{key}={{id}}"
    return Look(Call(operation, "GET", path, holds=holds, attempts=2), where)


_SHOW_VPC = _show("DescribeVpcs", "VpcId", "Vpcs.Vpc", VPC)
_SHOW_SWITCH = _show("DescribeVSwitches", "VSwitchId", "VSwitches.VSwitch", VPC)
_SHOW_GROUP = _show(
    "DescribeSecurityGroups", "SecurityGroupId", "SecurityGroups.SecurityGroup", ECS
)


# --- network -------------------------------------------------------------------------------------


def _mount(*keys: str) -> Callable[[Values], Iterator[tuple[str, Subject]]]:
    """Ask about keys of a NAS mount."""

    def subjects(service: Values) -> Iterator[tuple[str, Subject]]:
        config = service.get("config")
        if not isinstance(config, dict) or config.get(MODE) != NAS:
            return
        if all(config.get(key) not in (None, "") for key in keys):
            yield f"config[{keys[0]!r}]", tuple(config[key] for key in keys)

    return subjects


def _vpc(looks: Looks, vpc: str) -> str | None:
    return _there(looks.one(_SHOW_VPC, id=vpc), "VPC")


def _switch(looks: Looks, switch: str) -> str | None:
    return _there(looks.one(_SHOW_SWITCH, id=switch), "vSwitch")


def _group(looks: Looks, group: str) -> str | None:
    return _there(looks.one(_SHOW_GROUP, id=group), "security group")


def _there(found: Json | None, what: str) -> str | None:
    if found is not None:
        return None
    return f"there is no {what} of this id in this region: give that of one that is there"


def _switch_of_vpc(looks: Looks, switch: str, vpc: str) -> str | None:
    return _belongs(looks, looks.one(_SHOW_SWITCH, id=switch), vpc, "vSwitch")


def _group_of_vpc(looks: Looks, group: str, vpc: str) -> str | None:
    return _belongs(looks, looks.one(_SHOW_GROUP, id=group), vpc, "security group")


def _belongs(looks: Looks, found: Json | None, vpc: str, what: str) -> str | None:
    """Tell what is in another VPC; where that does not exist, another question says so."""
    if found is None or found.get("VpcId") in (None, "", vpc):
        return None
    if looks.one(_SHOW_VPC, id=vpc) is None:
        return None
    return f"the {what} belongs to another VPC than VpcID: give one of that VPC"


_HOST = re.compile(r"[^.]+\.([a-z0-9-]+)\.nas\.aliyuncs\.com")


def _same_region(looks: Looks, target: str, vpc: str) -> str | None:
    """The file system must be in the region of the service, which is that of its VPC."""
    host, found = _HOST.fullmatch(target), looks.one(_SHOW_VPC, id=vpc)
    region = (found or {}).get("RegionId")
    if host is None or not region or host[1] == region:
        return None
    return (
        "the file system is in another region than the service, which cannot mount it then: give "
        "a mount target of the service's region"
    )


# --- name ----------------------------------------------------------------------------------------


def _holder(looks: Looks, name: str) -> Json | None:
    """Find who has a name: all accounts of a region share them.

    Raises:
        Refused: Another account has it.
    """
    found = looks.one(_SERVICE, id=name)
    if found is not None and FOREIGN in found:
        raise Refused(TAKEN)
    return found


# --- table ---------------------------------------------------------------------------------------

_BODY = "CreateAppService, body"
_MOUNTS = "Mount storage to services"

PREFLIGHT = Preflight(
    setting=api.PREFLIGHT,
    connect={VPC: api.connect_vpc, ECS: api.connect_ecs},
    holder=_holder,
    unique="CreateService",
    questions=(
        Question("preflight-vpc", _mount("VpcID"), _vpc, "the VPC exists", _BODY),
        Question("preflight-vswitch", _mount("VswitchID"), _switch, "the vSwitch exists", _BODY),
        Question(
            "preflight-vswitch-of-vpc",
            _mount("VswitchID", "VpcID"),
            _switch_of_vpc,
            "the vSwitch belongs to the VPC",
            _MOUNTS,
        ),
        Question(
            "preflight-group",
            _mount("SecurityGroupID"),
            _group,
            "the security group exists",
            _BODY,
        ),
        Question(
            "preflight-group-of-vpc",
            _mount("SecurityGroupID", "VpcID"),
            _group_of_vpc,
            "the security group belongs to the VPC",
            _MOUNTS,
        ),
        Question(
            "preflight-region",
            _mount("NasMountTarget", "VpcID"),
            _same_region,
            "the mount target is in the region of the service",
            _MOUNTS,
        ),
    ),
)
