"""Quirks of ModelArts: how a service is found, whose it is, how it looks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import settings as how
from hypothesis import strategies as st

from pulumi_modeldeploy.core.http import Clock
from pulumi_modeldeploy.core.values import UNKNOWN
from pulumi_modeldeploy.errors import SettingsError
from pulumi_modeldeploy.modelarts import api, iam, service
from pulumi_modeldeploy.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Cloud

    from pulumi_modeldeploy.core.values import Values

    Arguments = Callable[..., Values]

MARK = "0123456789ab"

# --- whose it is ---------------------------------------------------------------------------------

WHOSE: dict[str, tuple[dict[str, Any], str]] = {
    "nothing written": ({"service_name": "mnist", "description": "digits"}, ""),
    "no description": ({"service_name": "mnist"}, ""),
    "null": ({"service_name": "mnist", "description": None}, ""),
    "in the description": ({"service_name": "mnist", "description": f"digits [md:{MARK}]"}, MARK),
    "alone in the description": ({"service_name": "mnist", "description": f"[md:{MARK}]"}, MARK),
    "in the name": ({"service_name": f"mnist-{MARK}", "description": "digits"}, MARK),
    "the description decides": (
        {"service_name": "mnist-ba9876543210", "description": f"[md:{MARK}]"},
        MARK,
    ),
    "not at the end": ({"service_name": "mnist", "description": f"[md:{MARK}] digits"}, ""),
    "too short": ({"service_name": "mnist-0123456789a", "description": "[md:0123]"}, ""),
    "no hex digits": ({"service_name": "mnist-0123456789xy"}, ""),
    "not at the end of the name": ({"service_name": f"mnist-{MARK}-2"}, ""),
}


@pytest.mark.parametrize("case", list(WHOSE))
def test_a_mark_is_read_where_it_is_written(case: str) -> None:
    document, mark = WHOSE[case]
    assert service.mark_of(document) == mark


DRESSED: dict[str, tuple[Values, dict[str, str], str | None]] = {
    "a given name": ({"service_name": "mnist", "description": "digits"}, {}, "digits [md:{}]"),
    "no description": ({"service_name": "mnist"}, {}, "[md:{}]"),
    "an empty one": ({"service_name": "mnist", "description": ""}, {}, "[md:{}]"),
    "the longest that has room": (
        {"service_name": "mnist", "description": "d" * 82},
        {},
        "d" * 82 + " [md:{}]",
    ),
    "too long": ({"service_name": "mnist", "description": "d" * 83}, {}, "d" * 83),
    "turned off": (
        {"service_name": "mnist", "description": "digits"},
        {"modelarts:ownerMark": "off"},
        "digits",
    ),
    "turned on": ({"service_name": "mnist"}, {"modelarts:ownerMark": "on"}, "[md:{}]"),
    "the name of another mark": ({"service_name": f"mnist-{MARK}"}, {}, "[md:{}]"),
}


@pytest.mark.parametrize("case", list(DRESSED))
def test_a_mark_is_written_into_the_description_of_a_given_name(case: str, cloud: Cloud) -> None:
    values, stack, expected = DRESSED[case]
    found = service.dress(cloud.operation(stack=stack), values)
    assert found.get("description") == (expected and expected.format(cloud.mark))
    assert {**found, "description": ""} == {**values, "description": ""}


def test_an_automatic_name_carries_the_mark_itself(cloud: Cloud) -> None:
    values = {"service_name": f"mnist-{cloud.mark}", "description": "digits"}
    assert service.dress(cloud.operation(), values) == values


def test_a_mark_that_does_not_fit_is_said_once(cloud: Cloud) -> None:
    op = cloud.operation()
    for _ in range(3):
        service.dress(op, {"service_name": "mnist", "description": "d" * 100})
    (warning,) = cloud.warnings
    assert "leaves no room for this resource's mark" in warning


def test_an_unheard_of_owner_mark_is_refused(cloud: Cloud) -> None:
    op = cloud.operation(stack={"modelarts:ownerMark": "yes"})
    with pytest.raises(SettingsError, match="modelarts:ownerMark must be one of on, off"):
        service.dress(op, {"service_name": "mnist"})


@how(max_examples=100, deadline=None, derandomize=True)
@given(st.text(max_size=82))
def test_what_is_written_is_taken_out_again(text: str) -> None:
    marked = f"{text} [md:{MARK}]" if text else f"[md:{MARK}]"
    assert service.mark_of({"description": marked}) == MARK
    assert service.undress({"description": marked, "x": 1}) == {"description": text, "x": 1}


def test_a_description_without_a_mark_stays_as_it_is() -> None:
    for document in ({}, {"description": ""}, {"description": None}, {"description": "digits"}):
        assert service.undress(document) == document


# --- how it is found -----------------------------------------------------------------------------


def put(cloud: Cloud, *names: str, **more: Any) -> None:
    """Services of somebody else."""
    one = {"model_id": "m", "specification": "modelarts.vm.cpu.2u", "instance_count": 1}
    body = {"infer_type": "real-time", "config": [{**one, "weight": 100}], **more}
    cloud.admin.seed(modelarts={"services": [{**body, "service_name": name} for name in names]})


def test_a_service_is_found_by_its_whole_name(cloud: Cloud) -> None:
    put(cloud, "mnist-2", "my-mnist", "mnist", "mnist_old")
    found = service.find(cloud.operation(), {"service_name": "mnist"})
    assert found is not None
    assert found["service_name"] == "mnist"
    assert found["config"], "a list has none: it was shown"


def test_a_name_that_only_others_begin_with_is_not_found(cloud: Cloud) -> None:
    put(cloud, "mnist-2", "my-mnist")
    assert service.find(cloud.operation(), {"service_name": "mnist"}) is None


def test_a_name_is_found_on_a_later_page(cloud: Cloud) -> None:
    put(cloud, "mnist", *(f"mnist-{number}" for number in range(120)))
    assert service.find(cloud.operation(), {"service_name": "mnist"}) is not None
    assert len(cloud.admin.requests("ListServices")) == 2


def test_a_name_that_is_on_no_page_is_not_found(cloud: Cloud) -> None:
    put(cloud, *(f"mnist-{number}" for number in range(100)))
    assert service.find(cloud.operation(), {"service_name": "mnist"}) is None


# --- how it looks --------------------------------------------------------------------------------

NEVER: dict[str, tuple[dict[str, Any], bool]] = {
    "deploying": ({"status": "deploying"}, True),
    "waiting": ({"status": "waiting"}, True),
    "failed": ({"status": "failed", "invocation_times": 0}, True),
    "running": ({"status": "running"}, False),
    "stopping": ({"status": "stopping"}, False),
    "stopped": ({"status": "stopped"}, False),
    "concerning": ({"status": "concerning"}, False),
    "a state that nobody knows": ({"status": "upgrading"}, False),
    "upgrading, still answering": ({"status": "deploying", "access_address": "https://x"}, False),
    "failed after it was used": ({"status": "failed", "invocation_times": 3}, False),
    "a batch service, not begun": ({"status": "deploying", "config": [{"model_id": "m"}]}, True),
    "a batch service that failed on the way": (
        {"status": "failed", "config": [{"start_time": 1}]},
        False,
    ),
    "a batch service that is run again": (
        {"status": "deploying", "config": [{"start_time": 1, "finished_time": 2}]},
        False,
    ),
    "a batch service that finished": ({"status": "finished"}, False),
    "an edge service, not there yet": (
        {"status": "deploying", "config": [{"nodes": [{"instance_status": "notReady"}]}]},
        True,
    ),
    "an edge service whose nodes still run": (
        {"status": "deploying", "config": [{"nodes": [{"instance_status": "running"}]}]},
        False,
    ),
    "an edge service that failed everywhere": (
        {"status": "failed", "config": [{"nodes": [{"instance_status": "failed"}]}]},
        True,
    ),
    "nodes as they were sent": ({"status": "failed", "config": [{"nodes": ["n1"]}]}, True),
    "configuration in a text": ({"status": "failed", "config": '[{"start_time": 1}]'}, False),
}


@pytest.mark.parametrize("case", list(NEVER))
def test_what_was_ready_once_is_known(case: str) -> None:
    document, never = NEVER[case]
    assert bool(service.never_ready(document)) is never


OUTDATED: dict[str, tuple[dict[str, Any], bool]] = {
    "finished with its configuration": ({"update_time": 1, "transition_at": 5}, False),
    "finished in the moment of the change": ({"update_time": 5, "transition_at": 5}, False),
    "changed since": ({"update_time": 6, "transition_at": 5}, True),
    "changed since, by the task": (
        {"update_time": 6, "transition_at": 4, "config": [{"finished_time": 5}]},
        True,
    ),
    "the task ended later than the state says": (
        {"update_time": 6, "transition_at": 4, "config": [{"finished_time": 7}]},
        False,
    ),
    "no times": ({}, False),
    "nobody knows when it ended": ({"update_time": 6}, False),
    "running": ({"status": "running", "update_time": 6, "transition_at": 5}, False),
    "stopped": ({"status": "stopped", "update_time": 6, "transition_at": 5}, False),
}


@pytest.mark.parametrize("case", list(OUTDATED))
def test_a_run_of_a_former_configuration_is_told_from_todays(case: str) -> None:
    document, former = OUTDATED[case]
    assert service.outdated({"status": "finished", **document}) is former


LTS: dict[str, Any] = {"log_report_channels": [{"type": "LTS"}]}
OTHER_LTS = {
    "log_report_channels": [
        {"type": "LTS", "configuration": {"log_group_id": "g", "log_stream_id": "s"}}
    ]
}
SOCKET = {"websocket_upgrade": True}
SMN = {"smn_notification": {"topic_urn": "t", "events": [1]}}
FROZEN: dict[str, tuple[Any, Any, bool]] = {
    "nothing": (None, None, False),
    "logs on": ({}, LTS, False),
    "logs on, from nothing": (None, LTS, False),
    "logs stay on": (LTS, LTS, False),
    "logs stay on, something else changes": (LTS, {**LTS, **SMN}, False),
    "logs changed": (LTS, OTHER_LTS, True),
    "logs changed back": (OTHER_LTS, LTS, True),
    "logs off": (LTS, {"log_report_channels": []}, True),
    "logs left out": ({**LTS, **SMN}, SMN, True),
    "all properties left out, with logs": (LTS, None, True),
    "empty logs left out": ({"log_report_channels": []}, {}, False),
    "logs not known yet": (LTS, {"log_report_channels": UNKNOWN}, True),
    "WebSocket on": ({}, SOCKET, False),
    "WebSocket on, from off": ({"websocket_upgrade": False}, SOCKET, False),
    "WebSocket stays on": ({**SOCKET, **SMN}, SOCKET, False),
    "WebSocket off": (SOCKET, {"websocket_upgrade": False}, True),
    "WebSocket left out": (SOCKET, {}, True),
    "WebSocket not known yet": (SOCKET, {"websocket_upgrade": UNKNOWN}, True),
    "no WebSocket left out": ({"websocket_upgrade": False}, {}, False),
    "properties not known yet": ({**SOCKET, **LTS}, UNKNOWN, True),
    "properties not known yet, nothing on": (SMN, UNKNOWN, False),
}


@pytest.mark.parametrize("case", list(FROZEN))
def test_what_is_on_cannot_be_changed(case: str) -> None:
    old, new, frozen = FROZEN[case]
    olds, news = {"additional_properties": old}, {"additional_properties": new}
    assert service.frozen(olds, news) == (["additional_properties"] if frozen else [])


def test_age_counts_from_the_publication(cloud: Cloud) -> None:
    op = cloud.operation()
    op.client.clock = Clock(wall=lambda: 1585809241.902)
    assert service.age(op, {"publish_at": 1585809231902}) == pytest.approx(10)


def test_a_failure_is_explained_by_the_last_abnormal_events(cloud: Cloud) -> None:
    put(cloud, "mnist")
    identifier = cloud.only["service_id"]
    for reason in ("no node", "no image"):
        cloud.admin.fail(identifier, reason)
    told = service.explain(cloud.operation(), identifier)
    assert "no node" in told
    assert "no image" in told


@pytest.mark.parametrize("status", [403, 500])
def test_without_permission_to_read_events_there_is_no_explanation(
    status: int, cloud: Cloud
) -> None:
    put(cloud, "mnist")
    cloud.admin.faults({"operation": "ListServiceEvents", "fault": "status", "status": status})
    assert service.explain(cloud.operation(), cloud.only["service_id"]) == ""


# --- where it is, and by whom it is asked --------------------------------------------------------

ENDPOINTS = {
    "cn-north-4": "https://modelarts.cn-north-4.myhuaweicloud.com",
    "eu-de": "https://modelarts.eu-de.otc.t-systems.com",
    "eu-west-101": "https://modelarts.eu-west-101.myhuaweicloud.eu",
}


@pytest.mark.parametrize("region", list(ENDPOINTS))
def test_every_region_has_its_endpoint(region: str) -> None:
    stack = {"modelarts:region": region, "modelarts:projectId": "p", "modelarts:token": "t"}
    found = Settings(stack.get, {})
    identity = service.Identity("", "", "", *api.place(found)[:2])
    assert api.connect(found, identity).endpoint == ENDPOINTS[region]


HOSTS = {
    "https://modelarts.cn-north-4.myhuaweicloud.com": "cn-north-4",
    "HTTPS://MODELARTS.CN-NORTH-4.MYHUAWEICLOUD.COM:443/": "cn-north-4",
    "https://modelarts.ap-southeast-1.myhuaweicloud.cn": "ap-southeast-1",
    "https://modelarts.eu-west-101.myhuaweicloud.eu/v1": "eu-west-101",
    "https://user@modelarts.eu-de.otc.t-systems.com.": "eu-de",
    "https://modelarts.myhuaweicloud.com": "",
    "http://127.0.0.1:4599": "",
    "https://proxy.example.org/modelarts.eu-de.otc.t-systems.com": "",
    "https://modelarts.eu-de.otc.t-systems.com.example.org": "",
    "https://modelarts.eu-de.otc.t-systems.com@example.org": "",
    "https://otc.t-systems.com.example-eu.org/?modelarts.eu-de.otc.t-systems.com": "",
}
"""Endpoints, and the region that each tells."""


def at_endpoint(address: str, **more: str) -> Settings:
    given = {"modelarts:endpoint": address, "modelarts:projectId": "p", "modelarts:token": "t"}
    return Settings({**given, **more}.get, {})


@pytest.mark.parametrize("address", list(HOSTS))
def test_a_vendor_s_endpoint_tells_the_region(address: str) -> None:
    found = at_endpoint(address)
    assert api.place(found) == (HOSTS[address], "p", "")
    identity = service.Identity("", "", "", *api.place(found)[:2])
    assert api.connect(found, identity).endpoint == address.rstrip("/")


@pytest.mark.parametrize("address", list(HOSTS))
@pytest.mark.parametrize("region", ["cn-north-4", "eu-nl"])
def test_an_endpoint_of_another_region_is_refused(address: str, region: str) -> None:
    found = at_endpoint(address, **{"modelarts:region": region})
    identity = service.Identity("", "", "", region, "p")
    if HOSTS[address] in ("", region):
        assert api.place(found).region == region
        assert api.connect(found, identity).endpoint == address.rstrip("/")
        return
    for ask in (lambda: api.place(found), lambda: api.connect(found, identity)):
        with pytest.raises(SettingsError) as info:
            ask()
        assert str(info.value) == (
            "modelarts:endpoint is an address of another region than modelarts:region: what is "
            "made there is not found here. Give that of the region, or leave it out"
        )


@pytest.mark.parametrize("region", [{}, {"modelarts:region": "cn-north-4"}], ids=["told", "given"])
def test_what_lives_elsewhere_is_not_looked_for_at_today_s_endpoint(region: dict[str, str]) -> None:
    found = at_endpoint("https://modelarts.cn-north-4.myhuaweicloud.com", **region)
    client = api.connect(found, service.Identity("", "", "", "eu-de", "p"))
    assert client.endpoint == ENDPOINTS["eu-de"]


def test_an_endpoint_that_tells_its_region_needs_no_address_of_iam() -> None:
    user = {"HW_USER_NAME": "u", "HW_USER_PASSWORD": "p", "HW_DOMAIN_NAME": "d"}
    address = "https://modelarts.eu-de.otc.t-systems.com"
    settings = Settings({"modelarts:endpoint": address}.get, {**user, "HW_PROJECT_ID": "p"})
    login = api.credentials(settings, "p", api.place(settings).region)
    assert isinstance(login, iam.TokenLogin)
    assert login.client.endpoint == "https://iam.eu-de.otc.t-systems.com"


def test_a_given_endpoint_wins() -> None:
    stack = {"modelarts:endpoint": "http://x:1/", "modelarts:region": "eu-de"}
    found = Settings({**stack, "modelarts:token": "t"}.get, {"HW_PROJECT_ID": "p"})
    identity = service.Identity("", "", "", *api.place(found)[:2])
    assert api.connect(found, identity).endpoint == "http://x:1"
    assert (identity.region, identity.project_id) == ("eu-de", "p")


CREDENTIALS: dict[str, tuple[dict[str, str], type]] = {
    "a token": ({"modelarts:token": "t"}, api.TokenAuth),
    "an access key": ({"modelarts:accessKey": "a", "modelarts:secretKey": "s"}, api.AccessKeyAuth),
    "a token before an access key": (
        {"modelarts:token": "t", "modelarts:accessKey": "a", "modelarts:secretKey": "s"},
        api.TokenAuth,
    ),
}


@pytest.mark.parametrize("case", list(CREDENTIALS))
def test_credentials_are_chosen(case: str) -> None:
    stack, kind = CREDENTIALS[case]
    assert type(api.credentials(Settings(stack.get, {}), "p")) is kind


MISSING = {
    "all": ({}, r"no credentials for ModelArts.*modelarts:accessKey.*HW_ACCESS_KEY.*HW_AUTH_TOKEN"),
    "the secret key": ({"modelarts:accessKey": "a"}, "modelarts:secretKey is missing"),
    "the access key": ({"modelarts:secretKey": "s"}, "modelarts:accessKey is missing"),
}


@pytest.mark.parametrize("case", list(MISSING))
def test_missing_credentials_are_named(case: str) -> None:
    stack, text = MISSING[case]
    with pytest.raises(SettingsError, match=text):
        api.credentials(Settings(stack.get, {}), "p")


ERRORS: dict[str, tuple[Any, tuple[str, str, str]]] = {
    "ModelArts": (
        {"error_code": "ModelArts.3502", "error_msg": "no service"},
        ("ModelArts.3502", "no service", "header-1"),
    ),
    "gateway": (
        {"error_code": "APIG.0308", "error_msg": "slow down", "request_id": "r1"},
        ("APIG.0308", "slow down", "r1"),
    ),
    "VPC": ({"code": "VPC.0603", "message": "no group"}, ("VPC.0603", "no group", "header-1")),
    "IAM": (
        {"error": {"code": 401, "message": "bad password", "title": "Unauthorized"}},
        ("401", "bad password", "header-1"),
    ),
    "no document": (None, ("", "", "header-1")),
    "a list": ([1], ("", "", "header-1")),
    "an error that is a text": ({"error": "no"}, ("", "", "header-1")),
}


@pytest.mark.parametrize("case", list(ERRORS))
def test_every_shape_of_an_error_is_read(case: str) -> None:
    document, expected = ERRORS[case]
    found = api.read_error(document, {"X-Request-Id": "header-1"})
    assert (found.code, found.message, found.request_id) == expected


TIMES = {
    "numbers": (1500, 1600, True),
    "texts": ("1500", "1600", True),
    "one of each": (1700, "1600", False),
    "nonsense": ("soon", None, False),
}


@pytest.mark.parametrize("case", list(TIMES))
def test_a_batch_that_finished_before_it_changed_is_outdated(case: str) -> None:
    ended, changed, due = TIMES[case]
    document = {"status": "finished", "transition_at": ended, "update_time": changed, "config": []}
    assert service.outdated(document) is due
    assert not service.outdated({**document, "status": "running"})
