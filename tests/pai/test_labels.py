"""Labels of app services: calls of their own, others' beside ours, and the mark among them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pulumi_modeldeploy.core import lifecycle
from pulumi_modeldeploy.errors import NotReady
from pulumi_modeldeploy.pai import api
from pulumi_modeldeploy.pai.service import TABLE

if TYPE_CHECKING:
    from conftest import Cloud

    from pulumi_modeldeploy.core.values import Values

PUT, DROP = "UpdateServiceLabel", "DeleteServiceLabel"
THEIRS = {"theirs": "x"}

CASES: dict[str, tuple[dict[str, str] | None, dict[str, str] | None, list[Any]]] = {
    "nothing said": (None, None, []),
    "the first": (None, {"a": "1"}, [{"Labels": {"a": "1"}}]),
    "the same": ({"a": "1"}, {"a": "1"}, []),
    "in another order": ({"a": "1", "b": "2"}, {"b": "2", "a": "1"}, []),
    "one more": ({"a": "1"}, {"a": "1", "b": "2"}, [{"Labels": {"b": "2"}}]),
    "another value": (
        {"a": "1", "b": "2"},
        {"a": "1", "b": "3"},
        [{"Labels": {"b": "3"}}],
    ),
    "emptied": ({"a": "1"}, {"a": ""}, [{"Labels": {"a": ""}}]),
    "one less": ({"a": "1", "b": "2"}, {"a": "1"}, [{"LabelKeys": '["b"]'}]),
    "two less": ({"a": "1", "b": "2"}, {}, [{"LabelKeys": '["a", "b"]'}]),
    "all taken away": ({"a": "1"}, None, [{"LabelKeys": '["a"]'}]),
    "one for another": (
        {"a": "1"},
        {"b": "2"},
        [{"LabelKeys": '["a"]'}, {"Labels": {"b": "2"}}],
    ),
    "odd keys": (
        {'a,"b': "1"},
        {"ä b/c": "ü&="},
        [{"LabelKeys": '["a,\\"b"]'}, {"Labels": {"ä b/c": "ü&="}}],
    ),
    "one of theirs, as it is": (None, THEIRS, []),
    "one of theirs, changed": (None, {"theirs": "y"}, [{"Labels": {"theirs": "y"}}]),
}


def said(cloud: Cloud) -> list[Any]:
    """What was said about labels: bodies and queries, in order."""
    rows = [one for one in cloud.requests if one["operation"] in (PUT, DROP)]
    return [one["body"] or one["query"] for one in rows]


def settled(cloud: Cloud, identifier: str, state: Values, values: Values) -> None:
    assert cloud.differs(state, values) == []
    refreshed = cloud.read(identifier, state)
    assert cloud.differs(refreshed, values) == []
    cloud.forget()
    cloud.update(identifier, values, refreshed)
    assert cloud.changes == []


def made(cloud: Cloud, labels: dict[str, str] | None) -> tuple[str, Values]:
    identifier, state = cloud.create(cloud.wanted(labels=labels))
    cloud.do(api.LABEL, {"Labels": THEIRS})
    return identifier, state


@pytest.mark.parametrize("case", list(CASES))
def test_what_differs_is_set_and_taken_away_and_others_stay(case: str, cloud: Cloud) -> None:
    before, after, calls = CASES[case]
    identifier, state = made(cloud, before)
    values = cloud.wanted(labels=after)
    state = cloud.update(identifier, values, state)
    assert said(cloud) == calls
    assert cloud.labels == {**THEIRS, "modeldeploy": cloud.mark, **(after or {})}
    settled(cloud, identifier, state, values)


@pytest.mark.parametrize("fault", ["lost-response", "truncate", "reset", "status"])
@pytest.mark.parametrize("case", ["one for another", "another value", "all taken away"])
def test_answers_may_get_lost(case: str, fault: str, cloud: Cloud) -> None:
    before, after, _ = CASES[case]
    identifier, state = made(cloud, before)
    cloud.admin.faults(
        *({"operation": one, "fault": fault, "times": 2} for one in (PUT, DROP)),
    )
    values = cloud.wanted(labels=after)
    state = cloud.update(identifier, values, state)
    assert cloud.labels == {**THEIRS, "modeldeploy": cloud.mark, **(after or {})}
    settled(cloud, identifier, state, values)


def test_labels_do_not_redeploy_anything(cloud: Cloud) -> None:
    identifier, state = made(cloud, None)
    version = cloud.only["LatestVersion"]
    cloud.time.sleep(60)
    began = cloud.time.passed
    cloud.update(identifier, cloud.wanted(labels={"a": "1"}), state)
    assert cloud.changes == [PUT]
    assert (cloud.only["LatestVersion"], cloud.time.passed) == (version, began)


@pytest.mark.parametrize("desired", ["running", "stopped"])
def test_labels_come_after_the_configuration_and_before_the_start(
    desired: str, cloud: Cloud
) -> None:
    other = {"running": "stopped", "stopped": "running"}[desired]
    identifier, state = cloud.create(cloud.wanted(desired_status=other))
    cloud.forget()
    values = cloud.wanted(labels={"a": "1"}, replicas=2, desired_status=desired)
    state = cloud.update(identifier, values, state)
    goal = {"running": "StartService", "stopped": "StopService"}[desired]
    assert cloud.changes == ["UpdateAppService", PUT, goal]
    settled(cloud, identifier, state, values)


def test_a_label_of_ours_that_somebody_changed_or_took_away_is_drift(cloud: Cloud) -> None:
    values = cloud.wanted(labels={"a": "1", "b": "2", "c": "3"})
    identifier, state = made(cloud, values["labels"])
    cloud.do(api.LABEL, {"Labels": {"a": "9"}})
    cloud.do(api.UNLABEL, LabelKeys="b")
    found = cloud.read(identifier, state)
    assert found["labels"] == {"a": "9", "c": "3"}
    assert cloud.differs(found, values) == ["labels"]
    state = cloud.update(identifier, values, found)
    assert said(cloud) == [{"Labels": {"a": "1", "b": "2"}}]
    settled(cloud, identifier, state, values)


def test_a_mark_that_somebody_took_away_is_no_drift(cloud: Cloud) -> None:
    """Who owns the object stands in the state; a mark only helps those who find it."""
    values = cloud.wanted(labels={"a": "1"})
    identifier, state = made(cloud, values["labels"])
    cloud.do(api.UNLABEL, LabelKeys="modeldeploy")
    settled(cloud, identifier, cloud.read(identifier, state), values)


def test_a_label_that_could_not_be_taken_away_stays_to_be_so(cloud: Cloud) -> None:
    identifier, state = made(cloud, {"a": "1", "b": "2"})
    values = cloud.wanted(labels={"b": "3"})
    cloud.admin.faults({"operation": DROP, "fault": "status", "status": 403})
    with pytest.raises(NotReady, match=r"DeleteServiceLabel: .*HTTP 403") as info:
        cloud.update(identifier, values, state)
    assert info.value.state["labels"] == {"a": "1", "b": "2"}
    cloud.admin.faults()
    state = cloud.update(identifier, values, info.value.state)
    assert cloud.labels == {**THEIRS, "modeldeploy": cloud.mark, "b": "3"}
    settled(cloud, identifier, state, values)


def test_labels_that_a_killed_create_did_not_write_are_written_by_the_next_run(
    cloud: Cloud,
) -> None:
    values = cloud.wanted(labels={"a": "1"})
    cloud.admin.deploy_seconds(60)
    with pytest.raises(NotReady):
        cloud.create(values, limit=10)
    assert cloud.labels == {"modeldeploy": cloud.mark}
    identifier, state = cloud.create(values)
    settled(cloud, identifier, state, values)


def test_what_is_read_from_outside_has_all_labels_but_the_mark(cloud: Cloud) -> None:
    identifier, _ = made(cloud, {"a": "1"})
    found = lifecycle.read(cloud.operation(), identifier, None)
    assert found is not None
    assert found["labels"] == {"a": "1", **THEIRS}


def test_none_is_read_from_outside_where_there_is_only_the_mark(cloud: Cloud) -> None:
    identifier, _ = cloud.create(cloud.wanted())
    found = lifecycle.read(cloud.operation(), identifier, None)
    assert found is not None
    assert "labels" not in found
    assert TABLE.mark_of(cloud.only) == cloud.mark
