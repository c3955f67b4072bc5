"""What there is to know about app services, who answers their requests, and what is kept."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import requests
from pai_client import DEPLOY_SECONDS, OSS, PaiClient

from pulumi_modeldeploy.emulator import Emulator

if TYPE_CHECKING:
    from pathlib import Path


def test_events_tell_the_story(pai: PaiClient) -> None:
    service_id = pai.create()["ServiceId"]
    pai.admin.fail(service_id, "crashed")
    page = pai.ok("DescribeServiceEvent", "foo")
    reasons = [event["Reason"] for event in page["Events"]]
    assert reasons == ["Failed", "Running", "Waiting", "Creating"]
    assert {event["Resource"] for event in page["Events"]} == {"Service"}
    assert json.loads(page["Events"][1]["Message"]) == {
        "versionId": 1,
        "message": "Service start successfully",
        "availableInstance": 1,
        "unavailableInstance": 0,
    }
    times = [event["Time"] for event in page["Events"]]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", time) for time in times)
    assert times == sorted(times, reverse=True)

    def reasons_of(**query: Any) -> list[str]:
        found = pai.ok("DescribeServiceEvent", "foo", **query)["Events"]
        return [event["Reason"] for event in found]

    assert reasons_of(EventType="Warning") == ["Failed"]
    assert reasons_of(PageNum=2, PageSize=3) == ["Creating"]
    assert reasons_of(StartTime=times[1], EndTime=times[2]) == []
    assert reasons_of(StartTime=times[2], EndTime=times[2]) == ["Waiting"]
    assert reasons_of(InstanceName="foo-1") == []
    counts = pai.ok("DescribeServiceEvent", "foo", PageSize=3)
    assert (counts["TotalCount"], counts["TotalPageNum"], counts["PageNum"]) == (4, 2, 1)
    for name in ("StartTime", "EndTime"):
        bad = pai.refused("DescribeServiceEvent", "foo", **{name: "2026-01-02T03:04:05Z"})
        assert bad == (400, "InvalidParameter")
    pai.admin.advance(8 * 24 * 3600)
    assert reasons_of() == []


def test_endpoints_come_with_the_token(pai: PaiClient) -> None:
    made = pai.create()
    found = pai.ok("DescribeServiceEndpoints", "foo")
    assert found["AccessToken"] == pai.show()["AccessToken"]
    assert found["Endpoints"] == [
        {
            "EndpointType": "DefaultGateway",
            "BackendId": "default",
            "PathType": "Service",
            "InternetEndpoints": [made["InternetEndpoint"]],
            "IntranetEndpoints": [made["IntranetEndpoint"]],
        }
    ]


def test_instances(pai: PaiClient) -> None:
    pai.create(settled=False, ServiceName="my_app", Replicas=3)
    pai.admin.advance(75)
    rows = pai.ok("ListServiceInstances", "my_app")["Instances"]
    assert [row["Status"] for row in rows] == ["Running", "Running", "Pending"]
    assert all(row["InstanceName"].startswith("my-app-") for row in rows)
    assert len({row["InstanceName"] for row in rows}) == 3
    pending = pai.ok("ListServiceInstances", "my_app", InstanceStatus="Pending")
    assert (pending["TotalCount"], pending["PageSize"]) == (1, 100)
    one = pai.ok("ListServiceInstances", "my_app", Filter=rows[0]["InnerIP"], PageSize=1)
    assert [row["InstanceName"] for row in one["Instances"]] == [rows[0]["InstanceName"]]


# --- traffic ----------------------------------------------------------------------------------


def ask(url: str, token: str | None, path: str = "") -> requests.Response:
    headers = {} if token is None else {"Authorization": token}
    return requests.post(url + path, json={"prompt": "?"}, headers=headers, timeout=10)


def test_a_service_answers_who_holds_its_token(pai: PaiClient) -> None:
    pai.without_lag()
    pai.create(settled=False, Replicas=2)
    shown = pai.show()
    token = shown["AccessToken"]
    assert shown["InternetEndpoint"].endswith("cn-shanghai.pai-eas.aliyuncs.com/api/predict/foo")
    assert ask(shown["InternetEndpoint"], token).status_code == 503
    pai.admin.advance(DEPLOY_SECONDS)
    for wrong in (None, "", "x", token[:-1], f"{token}="):
        assert ask(shown["InternetEndpoint"], wrong).status_code == 401
    answers = []
    for url in (shown["InternetEndpoint"], shown["IntranetEndpoint"]):
        for said in (token, f"Bearer {token}"):
            answer = ask(url, said, "/v1/chat")
            assert answer.status_code == 200
            answers.append(answer.json())
    assert len({answer.pop("InstanceName") for answer in answers}) == 2
    assert (
        answers
        == [
            {
                "ServiceName": "foo",
                "ServiceId": shown["ServiceId"],
                "AppType": "LLM",
                "AppVersion": "v1",
                "AppSpecName": "llama_7b_fp16",
                "Version": 1,
                "Path": "/v1/chat",
            }
        ]
        * 4
    )
    assert token not in str(pai.admin.requests())


def test_the_former_version_serves_until_the_new_one_runs(pai: PaiClient) -> None:
    pai.create()
    shown = pai.show()

    def version() -> Any:
        return ask(shown["InternetEndpoint"], shown["AccessToken"]).json()["Version"]

    pai.update(ServiceSpec="chatglm_6b_fp16")
    assert version() == 1
    pai.admin.advance(DEPLOY_SECONDS)
    assert version() == 2


def test_who_does_not_run_does_not_answer(pai: PaiClient) -> None:
    pai.create()
    shown = pai.show()
    url, token = shown["InternetEndpoint"], shown["AccessToken"]
    assert ask(url.replace("foo", "bar"), token).status_code == 404
    assert ask(url.replace(shown["ParentUid"], "42"), token).status_code == 404
    pai.ok("StopService", "foo")
    assert ask(url, token).status_code == 503
    pai.ok("DeleteService", "foo")
    pai.admin.advance(DEPLOY_SECONDS)
    assert ask(url, token).status_code == 404
    pai.create()
    assert ask(url, token).status_code == 401


# --- the emulator around it -------------------------------------------------------------------


def test_the_journal_has_the_vendors_names(pai: PaiClient) -> None:
    body = pai.app()
    pai.ok("CreateAppService", body=body, WorkspaceId="1 2")
    pai.call("DescribeService", "foo")
    pai.call("DescribeVpcs", RegionId="r")
    rows = pai.admin.requests()
    assert [(row["cloud"], row["operation"]) for row in rows] == [
        ("pai", "CreateAppService"),
        ("pai", "DescribeService"),
        ("pai", "DescribeVpcs"),
    ]
    assert (rows[0]["body"], rows[0]["query"]) == (body, {"WorkspaceId": "1 2"})


def test_everything_survives_a_restart(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    with Emulator(deploy_time=DEPLOY_SECONDS, state=state) as emulator:
        pai = PaiClient(emulator)
        with pai.session:
            pai.create(Config=OSS)
            pai.ok("UpdateServiceLabel", "foo", {"Labels": {"a": "b"}})
            pai.admin.seed(
                pai={
                    "lag": {"update": 0},
                    "vpcs": [{"VpcId": "vpc-1"}],
                    "ossPaths": ["oss://examplebucket/"],
                    "serviceSpecs": [{"ServiceSpec": "llama_7b_fp16"}],
                    "accessKeys": [{"accessKeyId": "k", "accessKeySecret": "s"}],
                }
            )
            before = pai.show()
    with Emulator(deploy_time=DEPLOY_SECONDS, state=state) as emulator:
        pai = PaiClient(emulator, ("k", "s"))
        with pai.session:
            shown = pai.show()
            same = {name for name in before if before[name] == shown[name]}
            assert set(before) - same == {"RequestId", "InternetEndpoint", "IntranetEndpoint"}
            assert pai.refused("UpdateAppService", "foo", {"ServiceSpec": "x"})[0] == 400
            pai.update(Replicas=2)
            assert pai.status() == "Scaling"
            assert pai.ok("DescribeVpcs", RegionId="r", VpcId="vpc-2")["TotalCount"] == 0


def test_reset_forgets_everything(pai: PaiClient) -> None:
    pai.create()
    pai.admin.seed(
        pai={
            "lag": {"create": 3},
            "vpcs": [{"VpcId": "vpc-1"}],
            "serviceSpecs": [{"ServiceSpec": "x"}],
            "accessKeys": [{"accessKeyId": "k", "accessKeySecret": "s"}],
        }
    )
    pai.admin.reset()
    assert pai.admin.resources("pai") == []
    pai.create()
    assert pai.status() == "Running"
    assert pai.ok("DescribeVpcs", RegionId="r", VpcId="vpc-2")["TotalCount"] == 1
    pai.key = ("k", "s")
    assert pai.refused("ListServices") == (404, "InvalidAccessKeyId.NotFound")
