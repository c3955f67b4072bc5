"""The state file: what is deployed survives a restart, and a bad file is said to be one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import requests

from pulumi_modeldeploy.emulator import Emulator
from pulumi_modeldeploy.emulator.huawei_iam import PROJECT_ID, TOKEN
from pulumi_modeldeploy.emulator.store import BadStateError, Store

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = {"model_id": "m", "specification": "s", "weight": 100, "instance_count": 1}
BODY = {"service_name": "n", "infer_type": "real-time", "config": [CONFIG]}


def call(
    emulator: Emulator, method: str, path: str = "", token: str = TOKEN, **options: Any
) -> requests.Response:
    url = f"{emulator.url}/v1/{PROJECT_ID}{path}"
    return requests.request(method, url, headers={"X-Auth-Token": token}, timeout=10, **options)


def test_everything_but_the_journal_survives_a_restart(tmp_path: Path) -> None:
    state = tmp_path / "deep" / "state.json"
    with Emulator(deploy_time=100, state=state) as emulator:
        emulator.admin.seed(
            modelarts={
                "models": [{"model_id": "m", "model_version": "2.0.0"}],
                "pools": [{"pool_name": "p"}],
                "specifications": [{"specification": "s"}],
                "securityGroups": [{"id": "sg", "security_group_rules": []}],
            }
        )
        keys = requests.post(
            f"{emulator.url}/v3.0/OS-CREDENTIAL/securitytokens",
            json={"auth": {"identity": {"methods": ["token"]}}},
            headers={"X-Auth-Token": TOKEN},
            timeout=10,
        )
        assert keys.status_code == 201
        service_id = call(emulator, "POST", "/services", json=BODY).json()["service_id"]
        emulator.admin.advance(100)
        call(emulator, "PUT", f"/services/{service_id}", json={"config": [CONFIG]})
        emulator.admin.advance(1000)
        before = call(emulator, "GET", f"/services/{service_id}").json()
        events = call(emulator, "GET", f"/services/{service_id}/events").json()
        assert before["status"] == "running"
    with Emulator(deploy_time=1_000_000, state=state) as emulator:
        after = call(emulator, "GET", f"/services/{service_id}").json()
        assert after["operation_time"] >= before["operation_time"]
        assert after["access_address"].startswith(emulator.url)
        for shown in (before, after):
            del shown["access_address"], shown["operation_time"]
        assert after == before
        assert call(emulator, "GET", f"/services/{service_id}/events").json() == events
        assert call(emulator, "GET", "/models/other").status_code == 404
        assert call(emulator, "GET", "/security-groups/sg2").status_code == 400
        assert call(emulator, "GET", "/clusters").json()["count"] == 1
        assert call(emulator, "POST", "/services", json=BODY).status_code == 409
        assert emulator.admin.requests()[0]["operation"] == "ShowService"


def test_issued_tokens_survive_a_restart(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    user = {
        "name": "emulator-user",
        "password": "emulator-password",
        "domain": {"name": "emulator-domain"},
    }
    identity = {"methods": ["password"], "password": {"user": user}}
    auth = {"identity": identity, "scope": {"project": {"id": PROJECT_ID}}}
    with Emulator(state=state) as emulator:
        url = f"{emulator.url}/v3/auth/tokens"
        token = requests.post(url, json={"auth": auth}, timeout=10).headers["X-Subject-Token"]
    with Emulator(state=state) as emulator:
        assert call(emulator, "GET", "/services", token=token).status_code == 200
        assert call(emulator, "GET", "/services", token="guessed").status_code == 401


def test_an_answered_change_is_in_the_file_at_once(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    with Emulator(deploy_time=100, state=state) as emulator:

        def saved() -> Any:
            return json.loads(state.read_text())["clouds"]["modelarts"]["services"]

        service_id = call(emulator, "POST", "/services", json=BODY).json()["service_id"]
        assert [row["service_id"] for row in saved()] == [service_id]
        emulator.admin.advance(100)
        call(emulator, "GET", f"/services/{service_id}")
        assert saved()[0]["status"] == "running"
        call(emulator, "DELETE", f"/services/{service_id}")
        assert saved()[0]["status"] == "deleting"
        emulator.admin.advance(100)
        call(emulator, "GET", f"/services/{service_id}")
        assert saved() == []
        call(emulator, "POST", "/services", json=BODY)
        emulator.admin.reset()
        assert saved() == []
    assert [path.name for path in tmp_path.iterdir()] == ["state.json"]


def test_without_a_file_nothing_is_kept() -> None:
    with Emulator() as emulator:
        call(emulator, "POST", "/services", json=BODY)
    with Emulator() as emulator:
        assert emulator.admin.resources("modelarts") == []


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "{}", '{"version": 999}', '{"version": 1}', '{"version": 1, "advanced": "x"}'],
)
def test_refuses_a_file_that_is_none_of_ours(tmp_path: Path, text: str) -> None:
    state = tmp_path / "state.json"
    state.write_text(text)
    with pytest.raises(BadStateError, match="state file"):
        Emulator(state=state)
    assert state.read_text() == text


def test_refuses_a_file_that_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(BadStateError, match="cannot read"):
        Emulator(state=tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(BadStateError, match="cannot write"):
        Emulator(state=tmp_path / "file" / "state.json")


def test_a_failed_write_leaves_nothing_behind(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "full").mkdir(parents=True)
    with pytest.raises(BadStateError, match="cannot write"):
        Store(folder).save({"a": 1})
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_a_file_is_never_half_written(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    store = Store(state)
    store.save({"a": 1})
    with pytest.raises(TypeError):
        store.save({"a": object()})
    assert store.load() == {"version": 1, "a": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["state.json"]
