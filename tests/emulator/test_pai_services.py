"""App services over time: statuses, versions, instances, locks, labels, traffic, failures."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import pytest
from pai_client import DEPLOY_SECONDS, GONE, OSS, PaiClient

CONFLICT = (409, "IncorrectServiceStatus")
LOCKED = (403, "Forbidden.ServiceLocked")


def test_a_create_answers_what_its_page_says(pai: PaiClient) -> None:
    made = pai.create(settled=False)
    names = {"RequestId", "ServiceId", "ServiceName", "Status", "Region"}
    assert set(made) == {*names, "InternetEndpoint", "IntranetEndpoint"}
    assert re.fullmatch(r"eas-m-[a-z0-9]{18}", made["ServiceId"])
    assert (made["ServiceName"], made["Status"], made["Region"]) == (
        "foo",
        "Creating",
        "cn-shanghai",
    )
    assert re.fullmatch(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}", made["RequestId"])


def test_reads_back_under_other_names(pai: PaiClient) -> None:
    made = pai.create(Replicas=2, Config={**OSS, "Größe": [1, None]}, AppVersion="v2")
    pai.ok("UpdateAppService", "foo", {}, WorkspaceId="123", QuotaId="quota1")
    pai.show()
    shown = pai.show()
    wanted = {
        "ServiceId": made["ServiceId"],
        "ServiceUid": made["ServiceId"],
        "ServiceName": "foo",
        "AppType": "LLM",
        "AppSpecName": "llama_7b_fp16",
        "AppVersion": "v2",
        "TotalInstance": 2,
        "WorkspaceId": "123",
        "QuotaId": "quota1",
        "InternetEndpoint": made["InternetEndpoint"],
        "LatestVersion": 1,
        "Labels": [],
        "SafetyLock": "none",
    }
    assert {name: shown[name] for name in wanted} == wanted
    assert json.loads(shown["AppConfig"]) == {**OSS, "Größe": [1, None]}
    assert ": " not in shown["AppConfig"]
    assert not {"Replicas", "ServiceSpec", "Config"} & set(shown)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", shown["CreateTime"])
    assert re.fullmatch(r"[0-9a-f]{40}", base64.b64decode(shown["AccessToken"]).decode())
    assert pai.admin.resources("pai") == [
        {name: value for name, value in shown.items() if name != "RequestId"}
    ]


def test_what_nobody_set_is_there_too(pai: PaiClient) -> None:
    pai.create()
    shown = pai.show()
    assert (shown["AppVersion"], shown["AppConfig"], shown["WorkspaceId"]) == ("v1", "", "")


def test_a_deployment_takes_its_time(pai: PaiClient) -> None:
    pai.create(settled=False, Replicas=2)
    assert pai.status() == "Creating"
    assert pai.after(0.2) == "Waiting"
    assert pai.after(0.5) == "Waiting"
    shown = pai.show()
    counts = [shown[name] for name in ("TotalInstance", "RunningInstance", "PendingInstance")]
    assert counts == [2, 1, 1]
    assert pai.after(0.3) == "Running"
    shown = pai.show()
    assert (shown["RunningInstance"], shown["Reason"]) == (2, "RUNNING")


@pytest.mark.parametrize(
    ("change", "status", "version"),
    [
        ({"ServiceSpec": "chatglm_6b_fp16"}, "Updating", 2),
        ({"AppVersion": "v2"}, "Updating", 2),
        ({"Config": OSS}, "Updating", 2),
        ({"Config": OSS, "Replicas": 3}, "Updating", 2),
        ({"Replicas": 3}, "Scaling", 1),
        ({"Replicas": 1}, "Running", 1),
        ({}, "Running", 1),
    ],
)
def test_an_update_does_what_it_changes(
    pai: PaiClient, change: dict[str, Any], status: str, version: int
) -> None:
    pai.without_lag()
    pai.create()
    assert pai.update(**change)["Message"] == "Success"
    shown = pai.show()
    assert (shown["Status"], shown["LatestVersion"]) == (status, version)
    assert shown["TotalInstance"] == change.get("Replicas", 1)
    assert pai.after(1) == "Running"
    assert pai.show()["UpdateTime"] > shown["CreateTime"]


def test_a_config_takes_the_place_of_the_former_one(pai: PaiClient) -> None:
    pai.without_lag()
    pai.create(Config={**OSS, "extra": "1"})
    pai.update(Config=OSS)
    assert json.loads(pai.show()["AppConfig"]) == OSS
    pai.admin.advance(DEPLOY_SECONDS)
    pai.update(AppVersion="v3")
    assert json.loads(pai.show()["AppConfig"]) == OSS


def test_running_is_said_once_more_after_an_update(pai: PaiClient) -> None:
    pai.create()
    before = pai.show()
    pai.update(ServiceSpec="chatglm_6b_fp16", Replicas=2)
    stale = pai.show()
    assert {**stale, "RequestId": ""} == {**before, "RequestId": ""}
    fresh = pai.show()
    assert (fresh["Status"], fresh["LatestVersion"]) == ("Updating", 2)
    assert (fresh["AppSpecName"], fresh["TotalInstance"]) == ("chatglm_6b_fp16", 2)


def test_a_late_answer_does_not_come_for_ever(pai: PaiClient) -> None:
    pai.create()
    pai.update(Replicas=2)
    pai.admin.advance(6)
    assert pai.status() == "Scaling"


def test_running_is_said_once_more_after_a_stop(pai: PaiClient) -> None:
    pai.create()
    pai.ok("StopService", "foo")
    assert [pai.status(), pai.status()] == ["Running", "Stopping"]


def test_a_failed_service_does_not_say_so_once_more(pai: PaiClient) -> None:
    pai.admin.fail(pai.create()["ServiceId"])
    pai.update()
    assert pai.status() == "Updating"


def test_a_new_service_can_be_unknown_for_a_while(pai: PaiClient) -> None:
    pai.admin.seed(pai={"lag": {"create": 2}})
    pai.create(settled=False)
    assert pai.refused("DescribeService", "foo") == GONE
    assert pai.refused("CreateAppService", body=pai.app())[0] == 409
    assert pai.refused("DescribeService", "foo") == GONE
    assert pai.status() == "Creating"
    pai.create(settled=False, ServiceName="bar")
    pai.admin.advance(6)
    assert pai.status("bar") == "Creating"


def test_stops_and_starts(pai: PaiClient) -> None:
    pai.without_lag()
    pai.create(Replicas=2)
    assert pai.refused("StartService", "foo") == CONFLICT
    pai.ok("StopService", "foo")
    assert pai.status() == "Stopping"
    assert pai.refused("UpdateAppService", "foo", {"Replicas": 1}) == CONFLICT
    assert pai.after(0.25) == "Stopped"
    assert pai.show()["TotalInstance"] == 0
    assert pai.ok("ListServiceInstances", "foo")["Instances"] == []
    assert pai.refused("StopService", "foo") == CONFLICT
    started = pai.ok("StartService", "foo")
    assert started["Message"] == "Service [foo] in region [cn-shanghai] is starting"
    assert pai.status() == "Starting"
    assert pai.after(0.2) == "Waiting"
    assert pai.after(0.8) == "Running"
    assert pai.show()["TotalInstance"] == 2


def test_what_is_under_way_can_only_be_stopped(pai: PaiClient) -> None:
    pai.create(settled=False)
    for action, body in (
        ("UpdateAppService", {}),
        ("StartService", None),
        ("RestartService", None),
    ):
        assert pai.refused(action, "foo", body) == CONFLICT
    pai.ok("StopService", "foo")
    assert pai.after(0.25) == "Stopped"
    assert pai.refused("RestartService", "foo") == CONFLICT
    pai.ok("StartService", "foo")
    assert pai.after(1) == "Running"


def test_a_stopped_service_takes_an_update_for_its_start(pai: PaiClient) -> None:
    pai.create()
    pai.ok("StopService", "foo")
    pai.admin.advance(DEPLOY_SECONDS)
    pai.update(ServiceSpec="baichuan_7b_int8", Replicas=3)
    shown = pai.show()
    assert (shown["Status"], shown["LatestVersion"]) == ("Stopped", 2)
    pai.ok("StartService", "foo")
    assert pai.after(1) == "Running"
    shown = pai.show()
    assert (shown["AppSpecName"], shown["TotalInstance"]) == ("baichuan_7b_int8", 3)


def test_deletes_and_makes_anew_with_another_id(pai: PaiClient) -> None:
    first = pai.create()["ServiceId"]
    deleted = pai.ok("DeleteService", "foo")
    assert deleted["Message"] == "Service [foo] in region [cn-shanghai] is terminating"
    assert pai.status() == "Deleting"
    assert pai.refused("CreateAppService", body=pai.app())[0] == 409
    pai.ok("DeleteService", "foo")
    pai.admin.advance(DEPLOY_SECONDS * 0.25)
    assert pai.refused("DescribeService", "foo") == GONE
    assert pai.refused("DeleteService", "foo") == GONE
    assert pai.create()["ServiceId"] != first
    assert pai.show()["LatestVersion"] == 1


def test_names_are_unique_in_a_region(pai: PaiClient) -> None:
    pai.create()
    assert pai.refused("CreateAppService", body=pai.app())[0] == 409
    hangzhou = {"x-acs-region-id": "cn-hangzhou"}
    made = pai.ok("CreateAppService", body=pai.app(), headers=hangzhou)
    assert made["Region"] == "cn-hangzhou"
    assert pai.names() == ["foo"]
    assert pai.ok("ListServices", headers=hangzhou)["TotalCount"] == 1
    host = {"host": "pai-eas.cn-hangzhou.aliyuncs.com"}
    assert pai.ok("ListServices", headers=host)["Services"][0]["Region"] == "cn-hangzhou"
    pai.region = "cn-hangzhou"
    assert pai.show()["ServiceId"] == made["ServiceId"]
    pai.region = "cn-beijing"
    assert pai.refused("DescribeService", "foo") == GONE


FOREIGN_CALLS = [
    ("DescribeService", None),
    ("UpdateAppService", {"Replicas": 2}),
    ("DeleteService", None),
    ("StartService", None),
    ("StopService", None),
    ("RestartService", None),
    ("ScaleService", {"Instance": 2}),
    ("UpdateServiceLabel", {"Labels": {"a": "b"}}),
    ("UpdateServiceSafetyLock", {"Lock": "none"}),
    ("DescribeServiceEndpoints", None),
    ("DescribeServiceEvent", None),
    ("ListServiceInstances", None),
]


@pytest.mark.parametrize(("action", "body"), FOREIGN_CALLS)
def test_a_foreign_service_is_nobodys_business(pai: PaiClient, action: str, body: Any) -> None:
    pai.admin.seed(pai={"services": [pai.app(ParentUid="42")]})
    before = pai.admin.resources("pai")
    assert pai.refused(action, "foo", body) == (403, "Forbidden.PrivilegeCheckFailed")
    assert pai.refused("CreateAppService", body=pai.app())[0] == 409
    assert pai.names() == []
    assert pai.admin.resources("pai") == before
    assert before[0]["ParentUid"] == "42"


def test_seeded_services_are_what_the_seed_says(pai: PaiClient) -> None:
    said = {
        "ServiceId": "eas-m-seeded",
        "Status": "Stopped",
        "CreateTime": "2020-01-02T03:04:05Z",
        "SafetyLock": "dangerous",
        "WorkspaceId": "7",
        "QuotaId": "quota7",
    }
    pai.admin.seed(pai={"services": [pai.app(**said, Labels={"a": "b"})]})
    shown = pai.show()
    assert {name: shown[name] for name in said} == said
    assert shown["UpdateTime"] == said["CreateTime"]
    assert shown["Labels"] == [{"LabelKey": "a", "LabelValue": "b"}]


def test_labels(pai: PaiClient) -> None:
    pai.create()
    pai.ok("UpdateServiceLabel", "foo", {"Labels": {"a": "1", "b": "2", "ü": ""}})
    told = pai.ok("UpdateServiceLabel", "foo", {"Labels": {"b": "3"}})
    assert told["Message"] == "Succeed to update service [foo] labels."
    labels = {row["LabelKey"]: row["LabelValue"] for row in pai.show()["Labels"]}
    assert labels == {"a": "1", "b": "3", "ü": ""}
    pai.ok("DeleteServiceLabel", "foo", LabelKeys='["a","x"]')
    pai.ok("DeleteServiceLabel", "foo", Keys="ü,y")
    assert pai.show()["Labels"] == [{"LabelKey": "b", "LabelValue": "3"}]
    assert pai.show()["LatestVersion"] == 1


def test_a_dangerous_lock_keeps_a_service_alive(pai: PaiClient) -> None:
    pai.without_lag()
    pai.create()
    told = pai.ok("UpdateServiceSafetyLock", "foo", {"Lock": "dangerous"})
    assert told["Message"] == "service safety lock updated to dangerous"
    assert pai.show()["SafetyLock"] == "dangerous"
    for action in ("DeleteService", "StopService"):
        assert pai.refused(action, "foo") == LOCKED
    pai.update(Replicas=2)
    assert pai.after(1) == "Running"


def test_a_whole_lock_allows_nothing_but_its_end(pai: PaiClient) -> None:
    pai.create()
    pai.ok("UpdateServiceSafetyLock", "foo", {"Lock": "all"})
    for action, body in FOREIGN_CALLS:
        if not action.startswith(("Describe", "List", "UpdateServiceSafetyLock")):
            assert pai.refused(action, "foo", body) == LOCKED
    pai.ok("UpdateServiceSafetyLock", "foo", {"Lock": "none"})
    pai.ok("DeleteService", "foo")


def test_goes_back_to_a_version(pai: PaiClient) -> None:
    pai.without_lag()
    pai.create(Config=OSS)
    pai.update(ServiceSpec="chatglm_6b_fp16", Config={}, Replicas=2)
    pai.admin.advance(DEPLOY_SECONDS)
    for version in (0, 2, 3):
        refused = pai.refused("UpdateServiceVersion", "foo", {"Version": version})
        assert refused == (400, "InvalidParameter")
    pai.ok("UpdateServiceVersion", "foo", {"Version": 1})
    assert pai.status() == "Updating"
    assert pai.after(1) == "Running"
    shown = pai.show()
    assert (shown["CurrentVersion"], shown["LatestVersion"]) == (1, 2)
    assert (shown["AppSpecName"], shown["TotalInstance"]) == ("llama_7b_fp16", 2)
    assert json.loads(shown["AppConfig"]) == OSS
    pai.update(AppVersion="v9")
    shown = pai.show()
    assert (shown["CurrentVersion"], shown["LatestVersion"]) == (3, 3)


def test_scales_and_restarts(pai: PaiClient) -> None:
    pai.without_lag()
    pai.create()
    pai.ok("ScaleService", "foo", {"Instance": 3})
    assert (pai.status(), pai.show()["TotalInstance"]) == ("Scaling", 3)
    pai.admin.advance(25)
    assert pai.show()["RunningInstance"] == 2
    assert pai.after(0.5) == "Running"
    assert pai.ok("RestartService", "foo")["Message"] == "Service is restarting"
    assert pai.status() == "Updating"
    assert pai.after(1) == "Running"
    assert pai.show()["LatestVersion"] == 1
