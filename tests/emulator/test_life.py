"""States over time: the clock is moved, nothing sleeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pulumi_modeldeploy.emulator.clock import Clock

if TYPE_CHECKING:
    from conftest import Client

HOUR = 3600
SCHEDULE = [{"type": "stop", "time_unit": "HOURS", "duration": 2}]


def test_a_service_deploys_and_runs(client: Client) -> None:
    service_id = client.create(settled=False)
    seen = []
    for _ in range(5):
        shown = client.show(service_id)
        seen.append((shown["status"], shown["progress"] // 25, shown["config"][0]["status"]))
        assert ("access_address" in shown) is (shown["status"] == "running")
        client.admin.advance(client.deploy_seconds / 4)
    assert seen == [
        ("deploying", 0, "notReady"),
        ("deploying", 1, "notReady"),
        ("deploying", 2, "notReady"),
        ("deploying", 3, "notReady"),
        ("running", 4, "ready"),
    ]
    shown = client.show(service_id)
    assert shown["progress"] == 100
    assert shown["transition_at"] - shown["publish_at"] == client.deploy_seconds * 1000
    assert shown["update_time"] == shown["publish_at"]


def test_a_deployment_leaves_a_trail_of_events(client: Client) -> None:
    service_id = client.create(settled=False)
    assert client.events(service_id) == ["start to deploy service"]
    client.admin.advance(client.deploy_seconds / 2)
    assert client.events(service_id)[-1] == "prepare environment success"
    client.admin.advance(client.deploy_seconds / 2)
    assert client.events(service_id)[-2:] == ["start model", "start service success"]


def test_stop_and_start(client: Client) -> None:
    service_id = client.create()
    assert client.update(service_id, status="stopped").json() == {}
    assert client.status(service_id) == "stopping"
    client.admin.advance(client.deploy_seconds / 4)
    shown = client.show(service_id)
    assert shown["status"] == "stopped"
    assert shown["config"][0]["status"] == "notReady"
    assert "access_address" not in shown
    assert client.update(service_id, status="running").json() == {}
    assert client.status(service_id) == "deploying"
    client.admin.advance(client.deploy_seconds)
    assert client.status(service_id) == "running"
    assert client.show(service_id)["publish_at"] > shown["publish_at"]


def test_delete_takes_a_while_and_keeps_the_name(client: Client) -> None:
    service_id = client.create()
    assert client.ok("DELETE", f"/services/{service_id}") == {}
    assert client.status(service_id) == "deleting"
    assert client.refused("POST", "/services", client.real_time()) == (409, "3503")
    assert client.ok("DELETE", f"/services/{service_id}") == {}
    client.admin.advance(client.deploy_seconds / 4)
    assert client.refused("GET", f"/services/{service_id}") == (404, "3502")
    assert client.refused("DELETE", f"/services/{service_id}") == (404, "3502")
    client.create()


def test_delete_takes_a_list_and_does_all_or_nothing(client: Client) -> None:
    ids = [client.create(service_name=f"n{number}") for number in range(3)]
    assert client.refused("DELETE", f"/services/{ids[0]},unknown") == (404, "3502")
    assert client.status(ids[0]) == "running"
    client.ok("DELETE", f"/services/{ids[0]},{ids[1]}")
    assert [client.status(each) for each in ids] == ["deleting", "deleting", "running"]
    client.admin.advance(client.deploy_seconds)
    assert client.ok("GET", "/services")["total_count"] == 1


def test_a_deploying_service_can_be_deleted(client: Client) -> None:
    service_id = client.create(settled=False)
    client.ok("DELETE", f"/services/{service_id}")
    assert client.status(service_id) == "deleting"


def test_a_schedule_counts_from_the_end_of_the_deployment(client: Client) -> None:
    service_id = client.create(settled=False, schedule=SCHEDULE)
    assert "due_time" not in client.show(service_id)
    client.admin.advance(client.deploy_seconds)
    shown = client.show(service_id)
    assert shown["schedule"] == SCHEDULE
    assert shown["due_time"] == shown["transition_at"] + 2 * HOUR * 1000
    client.admin.advance(2 * HOUR - 1)
    assert client.status(service_id) == "running"
    client.admin.advance(1)
    assert client.status(service_id) == "stopping"
    client.admin.advance(client.deploy_seconds)
    shown = client.show(service_id)
    assert shown["status"] == "stopped"
    assert "due_time" not in shown
    assert client.events(service_id)[-1] == "service stopped"


def test_starting_again_arms_the_schedule_again(client: Client) -> None:
    service_id = client.create(schedule=SCHEDULE)
    client.admin.advance(3 * HOUR)
    assert client.status(service_id) == "stopped"
    client.update(service_id, status="running")
    client.admin.advance(client.deploy_seconds)
    shown = client.show(service_id)
    assert shown["due_time"] == shown["transition_at"] + 2 * HOUR * 1000


def test_what_is_over_unseen_happened_when_it_was_due(client: Client) -> None:
    service_id = client.create(settled=False, schedule=SCHEDULE)
    client.admin.advance(100 * HOUR)
    shown = client.show(service_id)
    stopped = client.deploy_seconds + 2 * HOUR + client.deploy_seconds / 4
    assert shown["status"] == "stopped"
    assert shown["transition_at"] - shown["publish_at"] == stopped * 1000


def test_a_shorter_deployment_also_ends_those_under_way(client: Client) -> None:
    service_id = client.create(settled=False)
    client.admin.deploy_seconds(0)
    assert client.status(service_id) == "running"


def test_a_longer_deployment_does_not_undo_what_is_over(client: Client) -> None:
    service_id = client.create(settled=False)
    client.admin.advance(client.deploy_seconds)
    client.admin.deploy_seconds(1000 * client.deploy_seconds)
    assert client.status(service_id) == "running"


def test_without_deploy_time_a_service_runs_at_once(client: Client) -> None:
    client.admin.deploy_seconds(0)
    service_id = client.create(settled=False)
    assert client.status(service_id) == "running"
    client.ok("DELETE", f"/services/{service_id}")
    assert client.refused("GET", f"/services/{service_id}") == (404, "3502")


class TestFailing:
    def test_a_service_fails_and_can_be_started_again(self, client: Client) -> None:
        service_id = client.create(settled=False)
        client.admin.advance(client.deploy_seconds / 2)
        client.admin.fail(service_id, "no GPU left")
        shown = client.show(service_id)
        assert (shown["status"], shown["error_msg"]) == ("failed", "no GPU left")
        assert shown["progress"] in (50, 51)
        query = {"event_type": "abnormal"}
        events = client.ok("GET", f"/services/{service_id}/events", params=query)["events"]
        assert [event["event_info"] for event in events] == ["service failed: no GPU left"]
        client.update(service_id, status="running")
        client.admin.advance(client.deploy_seconds)
        shown = client.show(service_id)
        assert shown["status"] == "running"
        assert "error_msg" not in shown

    def test_a_running_service_fails(self, client: Client) -> None:
        service_id = client.create()
        client.admin.fail(service_id)
        assert client.status(service_id) == "failed"
        assert "access_address" not in client.show(service_id)

    def test_an_upgrade_under_way_is_rolled_back(self, client: Client) -> None:
        service_id = client.create()
        client.update(service_id, config=[client.config(model_id="new")])
        client.admin.fail(service_id, "bad image")
        check_rolled_back(client, service_id)

    def test_the_next_upgrade_is_rolled_back(self, client: Client) -> None:
        service_id = client.create()
        client.admin.fail(service_id, "bad image", next=True)
        assert client.status(service_id) == "running"
        client.update(service_id, config=[client.config(model_id="new")])
        assert client.status(service_id) == "deploying"
        client.admin.advance(client.deploy_seconds)
        check_rolled_back(client, service_id)
        client.update(service_id, config=[client.config(model_id="new")])
        client.admin.advance(client.deploy_seconds)
        assert client.show(service_id)["config"][0]["model_id"] == "new"

    def test_the_next_start_fails(self, client: Client) -> None:
        service_id = client.create()
        client.update(service_id, status="stopped")
        client.admin.advance(client.deploy_seconds)
        client.admin.fail(service_id, "no disk", next=True)
        client.update(service_id, status="running")
        client.admin.advance(client.deploy_seconds)
        assert client.show(service_id)["error_msg"] == "no disk"

    def test_a_seeded_model_fails_every_deployment(self, client: Client) -> None:
        client.admin.seed(
            modelarts={
                "models": [
                    {"model_id": "good", "model_version": "1.0.0"},
                    {"model_id": "bad", "model_version": "1.0.1", "fails": "crash loop"},
                ]
            }
        )
        assert "fails" not in client.ok("GET", "/models/bad")
        assert "fails" not in client.ok("GET", "/models")["models"][1]
        failed = client.create(config=[client.config(model_id="bad")])
        assert client.show(failed)["error_msg"] == "crash loop"
        service_id = client.create(service_name="other", config=[client.config(model_id="good")])
        client.update(service_id, config=[client.config(model_id="bad")])
        client.admin.advance(client.deploy_seconds)
        shown = client.show(service_id)
        assert (shown["status"], shown["config"][0]["model_id"]) == ("running", "good")

    def test_an_alarm_comes_and_goes(self, client: Client) -> None:
        service_id = client.create()
        client.admin.fail(service_id, status="concerning")
        shown = client.show(service_id)
        assert (shown["status"], shown["config"][0]["status"]) == ("concerning", "concerning")
        assert client.ok("POST", f"/v1/infers/{service_id}")["model_id"] == "model-1"
        assert client.refused("PUT", f"/services/{service_id}", {"status": "running"}) == (
            400,
            "3519",
        )
        client.admin.fail(service_id, status="running")
        assert client.status(service_id) == "running"


def check_rolled_back(client: Client, service_id: str) -> None:
    shown = client.show(service_id)
    assert shown["status"] == "running"
    assert [row["model_id"] for row in shown["config"]] == ["model-1"]
    assert "error_msg" not in shown
    (log,) = client.ok("GET", f"/services/{service_id}/logs")["logs"]
    assert log["result"] == "FAIL"
    assert log["config"][0]["model_id"] == "new"
    assert client.events(service_id)[-3:] == [
        "update service failed: bad image",
        "roll back service",
        "roll back service success",
    ]


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_the_clock_says_when_a_share_of_a_deployment_is_over(share: float) -> None:
    clock = Clock(8)
    assert clock.due(1_000_000, share) == 1_000_000 + 8000 * share
    before = clock.now()
    clock.advance(1.5)
    assert 1500 <= clock.now() - before < 2500


def test_a_faster_clock_ends_nothing_in_the_past() -> None:
    clock = Clock(1000)
    began = clock.now()
    clock.advance(10)
    changed = clock.now()
    clock.set_deploy_seconds(1)
    assert clock.due(began, 1.0) >= changed
    assert clock.due(clock.now() + 5000, 1.0) >= changed + 6000
