"""Lists of PAI-EAS services, and the reads of VPC and ECS: pages, filters, what is shown."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from pai_client import DEPLOY_SECONDS

if TYPE_CHECKING:
    from pai_client import PaiClient

INVALID = (400, "InvalidParameter")
NAS = {
    "ModelStorage": "nas",
    "NasMountTarget": "x.cn-shanghai.nas.aliyuncs.com",
    "NasPath": "/",
    "VpcID": "vpc-1",
    "VswitchID": "vsw-1",
    "SecurityGroupID": "sg-1",
}
NETWORK = {
    "vpcs": [{"VpcId": "vpc-1", "VpcName": "main"}, {"VpcId": "vpc-2"}],
    "vSwitches": [{"VSwitchId": "vsw-1", "VpcId": "vpc-1"}, {"VSwitchId": "vsw-2"}],
    "securityGroups": [
        {"SecurityGroupId": "sg-1", "VpcId": "vpc-1"},
        {"SecurityGroupId": "sg-2", "VpcId": "vpc-2"},
    ],
}


def seed(pai: PaiClient, **changes: dict[str, Any]) -> None:
    """Add services by name, one after the other."""
    services = [pai.app(ServiceName=name, **change) for name, change in changes.items()]
    pai.admin.seed(pai={"services": services})


def test_a_list_shows_no_secrets(pai: PaiClient) -> None:
    pai.create()
    (row,) = pai.ok("ListServices")["Services"]
    shown = pai.show()
    missing = {"AccessToken", "InternetEndpoint", "IntranetEndpoint", "RequestId"}
    assert row == {name: value for name, value in shown.items() if name not in missing}


def test_pages(pai: PaiClient) -> None:
    seed(pai, **{f"s{n}": {} for n in range(5)})
    page = pai.ok("ListServices", PageSize=2, PageNumber=2)
    assert [row["ServiceName"] for row in page["Services"]] == ["s2", "s1"]
    assert (page["TotalCount"], page["PageSize"], page["PageNumber"]) == (5, 2, 2)
    assert pai.names(PageSize=2, PageNumber=4) == []
    first = pai.ok("ListServices")
    assert (first["PageNumber"], first["PageSize"], len(first["Services"])) == (1, 100, 5)


def test_orders(pai: PaiClient) -> None:
    seed(
        pai,
        b={"CreateTime": "2026-01-02T00:00:00Z"},
        a={"CreateTime": "2026-01-03T00:00:00Z"},
        c={"CreateTime": "2026-01-01T00:00:00Z"},
    )
    assert pai.names() == ["a", "b", "c"]
    assert pai.names(Order="asc") == ["c", "b", "a"]
    assert pai.names(Sort="ServiceName", Order="asc") == ["a", "b", "c"]
    assert pai.names(Sort="CreateTime", Order="desc") == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"Filter": "oo"}, ["foo", "food"]),
        ({"ServiceName": "foo"}, ["foo"]),
        ({"ServiceUid": "eas-m-1"}, ["food"]),
        ({"ServiceStatus": "Stopped"}, ["bar"]),
        ({"WorkspaceId": "7"}, ["bar", "food"]),
        ({"WorkspaceId": "7", "IncludeNoWorkspace": "false"}, ["food"]),
        ({"WorkspaceId": "9"}, ["bar"]),
        ({"QuotaId": "q"}, ["bar"]),
        ({"CallerUid": "1000000000000001"}, ["bar", "foo", "food"]),
        ({"CallerUid": "1"}, []),
        ({"ServiceType": "Standard"}, ["bar", "foo", "food"]),
        ({"ServiceType": "Async"}, []),
        ({"ParentServiceUid": "eas-m-1"}, []),
        ({"AutoscalerEnabled": "false"}, ["bar", "foo", "food"]),
        ({"GroupName": "g"}, []),
        ({"Label": '{"a":"1"}'}, ["bar"]),
        ({"Label": '{"a":null}'}, ["bar", "foo"]),
        ({"Label": '{"a":"","b":"2"}'}, ["foo"]),
        ({"Unheard": "of", "Filter": ""}, ["bar", "foo", "food"]),
    ],
)
def test_filters(pai: PaiClient, query: dict[str, str], names: list[str]) -> None:
    seed(
        pai,
        foo={"Labels": {"a": "2", "b": "2"}, "WorkspaceId": "8"},
        bar={"Labels": {"a": "1"}, "Status": "Stopped", "QuotaId": "q"},
        food={"ServiceId": "eas-m-1", "WorkspaceId": "7"},
        foreign={"ParentUid": "42"},
        far={"Region": "cn-beijing"},
    )
    assert sorted(pai.names(**query)) == names


@pytest.mark.parametrize(
    "query",
    [
        {"PageNumber": "0"},
        {"PageSize": "x"},
        {"Order": "up"},
        {"Sort": "Colour"},
        {"Label": "a=b"},
        {"Label": '["a"]'},
    ],
)
def test_refuses_queries(pai: PaiClient, query: dict[str, str]) -> None:
    pai.create()
    assert pai.refused("ListServices", **query) == INVALID


# --- VPC and ECS ------------------------------------------------------------------------------


def rows(pai: PaiClient, action: str, **query: Any) -> list[dict[str, Any]]:
    found = pai.ok(action, **{"RegionId": "cn-shanghai", **query})
    (outer,) = set(found) & {"Vpcs", "VSwitches", "SecurityGroups"}
    ((inner, objects),) = found[outer].items()
    assert inner == {"Vpcs": "Vpc", "VSwitches": "VSwitch"}.get(outer, "SecurityGroup")
    listed: list[dict[str, Any]] = objects
    return listed


def test_until_something_is_seeded_it_exists(pai: PaiClient) -> None:
    (vpc,) = rows(pai, "DescribeVpcs", VpcId="vpc-x")
    assert (vpc["VpcId"], vpc["Status"], vpc["RegionId"]) == ("vpc-x", "Available", "cn-shanghai")
    (switch,) = rows(pai, "DescribeVSwitches", VSwitchId="vsw-x", VpcId="vpc-x")
    assert switch["VpcId"] == "vpc-x"
    (switch,) = rows(pai, "DescribeVSwitches", VSwitchId="vsw-x")
    assert "VpcId" not in switch
    (group,) = rows(pai, "DescribeSecurityGroups", SecurityGroupId="sg-x")
    assert group["SecurityGroupType"] == "normal"
    assert rows(pai, "DescribeVpcs", VpcId="vsw-x") == []
    assert rows(pai, "DescribeVpcs") == []


@pytest.mark.parametrize(
    ("action", "query", "ids"),
    [
        ("DescribeVpcs", {}, ["vpc-1", "vpc-2"]),
        ("DescribeVpcs", {"VpcId": "vpc-2"}, ["vpc-2"]),
        ("DescribeVpcs", {"VpcId": "vpc-2,vpc-3"}, ["vpc-2"]),
        ("DescribeVpcs", {"VpcName": "main"}, ["vpc-1"]),
        ("DescribeVpcs", {"PageSize": "1", "PageNumber": "2"}, ["vpc-2"]),
        ("DescribeVSwitches", {"VSwitchId": "vsw-3"}, []),
        ("DescribeVSwitches", {"VpcId": "vpc-1"}, ["vsw-1"]),
        ("DescribeSecurityGroups", {"SecurityGroupId": "sg-1"}, ["sg-1"]),
        ("DescribeSecurityGroups", {"SecurityGroupIds": '["sg-2","sg-3"]'}, ["sg-2"]),
        ("DescribeSecurityGroups", {"VpcId": "vpc-3"}, []),
    ],
)
def test_seeded_networks(
    pai: PaiClient, action: str, query: dict[str, str], ids: list[str]
) -> None:
    pai.admin.seed(pai=NETWORK)
    key = {"DescribeVpcs": "VpcId", "DescribeVSwitches": "VSwitchId"}.get(action, "SecurityGroupId")
    assert [row[key] for row in rows(pai, action, **query)] == ids


def test_a_network_is_in_its_region(pai: PaiClient) -> None:
    pai.admin.seed(pai={"vpcs": [{"VpcId": "vpc-1", "RegionId": "cn-beijing"}]})
    assert rows(pai, "DescribeVpcs", VpcId="vpc-1") == []
    assert rows(pai, "DescribeVpcs", VpcId="vpc-1", RegionId="cn-beijing")


def test_pages_by_token(pai: PaiClient) -> None:
    pai.admin.seed(pai=NETWORK)
    first = pai.ok("DescribeSecurityGroups", RegionId="r", MaxResults=1)
    assert first["SecurityGroups"]["SecurityGroup"][0]["SecurityGroupId"] == "sg-1"
    more = {"RegionId": "r", "MaxResults": 1, "NextToken": first["NextToken"]}
    second = pai.ok("DescribeSecurityGroups", **more)
    assert second["SecurityGroups"]["SecurityGroup"][0]["SecurityGroupId"] == "sg-2"
    assert second["NextToken"] == ""


def test_parameters_may_come_in_a_form(pai: PaiClient) -> None:
    form = {"content-type": "application/x-www-form-urlencoded"}
    body = b"RegionId=cn-shanghai&VpcId=vpc-x"
    found = pai.ok("DescribeVpcs", body=body, headers=form)
    assert found["Vpcs"]["Vpc"][0]["VpcId"] == "vpc-x"


@pytest.mark.parametrize(
    ("action", "query", "expected"),
    [
        ("DescribeVpcs", {}, (400, "MissingParameter")),
        ("DescribeSecurityGroups", {}, (400, "MissingParameter")),
        ("DescribeVpcs", {"RegionId": "r", "PageSize": "51"}, INVALID),
        ("DescribeVpcs", {"RegionId": "r", "PageNumber": "0"}, INVALID),
        ("DescribeSecurityGroups", {"RegionId": "r", "SecurityGroupIds": "[1]"}, INVALID),
        ("DescribeInstances", {"RegionId": "r"}, (404, "InvalidAction.NotFound")),
    ],
)
def test_refuses_reads(
    pai: PaiClient, action: str, query: dict[str, str], expected: tuple[int, str]
) -> None:
    assert pai.refused(action, **query) == expected


def test_a_read_is_signed_for_its_api(pai: PaiClient) -> None:
    wrong = {"x-acs-version": "2014-05-26"}
    answer = pai.call("DescribeVpcs", RegionId="r", headers=wrong)
    assert (answer.status_code, answer.json()["Code"]) == (404, "InvalidApi.NotFound")
    assert answer.json()["HostId"] == "vpc.aliyuncs.com"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"VpcID": "vpc-3"}, "VpcID vpc-3 does not exist"),
        ({"VswitchID": "vsw-3"}, "VswitchID vsw-3 does not exist"),
        ({"SecurityGroupID": "sg-2"}, "SecurityGroupID sg-2 does not belong to the VPC vpc-1"),
        ({"VpcID": "vpc-2"}, "VswitchID vsw-1 does not belong to the VPC vpc-2"),
        ({"VswitchID": None}, "VswitchID is needed"),
        ({"NasMountTarget": None}, "NasMountTarget is needed"),
    ],
)
def test_nas_needs_its_network(pai: PaiClient, changes: dict[str, Any], says: str) -> None:
    pai.admin.seed(pai=NETWORK)
    config = {name: value for name, value in {**NAS, **changes}.items() if value is not None}
    pai.create(Config=config)
    assert pai.status() == "Failed"
    assert says in pai.show()["Message"]


@pytest.mark.parametrize("seeded", [True, False])
def test_nas_is_mounted(pai: PaiClient, seeded: bool) -> None:
    if seeded:
        pai.admin.seed(pai=NETWORK)
    pai.create(settled=False, Config=NAS)
    pai.admin.advance(DEPLOY_SECONDS)
    assert pai.status() == "Running"
    assert json.loads(pai.show()["AppConfig"]) == NAS
