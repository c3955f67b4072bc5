"""The safety lock of app services: lifted first, set last, and what it forbids refused in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pulumi_modeldeploy.core import lifecycle
from pulumi_modeldeploy.core.lock import DELETE, must_allow
from pulumi_modeldeploy.errors import NotReady, Refused
from pulumi_modeldeploy.pai import api
from pulumi_modeldeploy.pai.service import TABLE

if TYPE_CHECKING:
    from conftest import Cloud

    from pulumi_modeldeploy.core.values import Values

OSS = {"ModelStorage": "oss", "OssPath": "oss://bucket/llama/"}
LOCK, UPDATE, LABEL, STOP, START = (
    "UpdateServiceSafetyLock",
    "UpdateAppService",
    "UpdateServiceLabel",
    "StopService",
    "StartService",
)


def made(cloud: Cloud, **changes: Any) -> tuple[str, Values]:
    """A service, deployed a while ago."""
    identifier, state = cloud.create(cloud.wanted(**changes))
    cloud.time.sleep(60)
    cloud.forget()
    return identifier, state


def settled(cloud: Cloud, identifier: str, state: Values, values: Values) -> None:
    """See that a second run would change nothing, also after a refresh."""
    assert cloud.differs(state, values) == []
    refreshed = cloud.read(identifier, state)
    assert cloud.differs(refreshed, values) == []
    cloud.forget()
    assert cloud.differs(cloud.update(identifier, values, refreshed), values) == []
    assert cloud.changes == []


# --- what is wanted is done in the right order ---------------------------------------------------

CHANGES: dict[str, tuple[Values, Values, list[str]]] = {
    "locked": ({}, {"safety_lock": "all"}, [LOCK]),
    "locked harder": ({"safety_lock": "dangerous"}, {"safety_lock": "all"}, [LOCK]),
    "weakened": ({"safety_lock": "all"}, {"safety_lock": "dangerous"}, [LOCK]),
    "unlocked": ({"safety_lock": "all"}, {"safety_lock": "none"}, [LOCK]),
    "taken away": ({"safety_lock": "all"}, {}, [LOCK]),
    "taken away where it was none": ({"safety_lock": "none"}, {}, []),
    "said to be none": ({}, {"safety_lock": "none"}, []),
    "unlocked and changed": ({"safety_lock": "all"}, {"replicas": 2}, [LOCK, UPDATE]),
    "changed and locked": ({}, {"safety_lock": "all", "replicas": 2}, [UPDATE, LOCK]),
    "changed and locked harder": (
        {"safety_lock": "dangerous"},
        {"safety_lock": "all", "config": OSS, "labels": {"a": "1"}},
        [UPDATE, LABEL, LOCK],
    ),
    "weakened, changed": (
        {"safety_lock": "all"},
        {"safety_lock": "dangerous", "replicas": 2, "labels": {"a": "1"}},
        [LOCK, UPDATE, LABEL],
    ),
    "changed under a weak lock": (
        {"safety_lock": "dangerous"},
        {"safety_lock": "dangerous", "replicas": 2},
        [UPDATE],
    ),
    "stopped and locked": (
        {},
        {"safety_lock": "all", "desired_status": "stopped"},
        [STOP, LOCK],
    ),
    "unlocked and stopped": ({"safety_lock": "all"}, {"desired_status": "stopped"}, [LOCK, STOP]),
    "unlocked and started": (
        {"safety_lock": "all", "desired_status": "stopped"},
        {"safety_lock": "none"},
        [LOCK, START],
    ),
    "started under a weak lock": (
        {"safety_lock": "dangerous", "desired_status": "stopped"},
        {"safety_lock": "dangerous"},
        [START],
    ),
}


@pytest.mark.parametrize("case", list(CHANGES))
def test_it_is_lifted_first_and_set_last(case: str, cloud: Cloud) -> None:
    before, after, calls = CHANGES[case]
    identifier, state = made(cloud, **before)
    values = cloud.wanted(**after)
    state = cloud.update(identifier, values, state)
    assert cloud.changes == calls
    assert cloud.only["SafetyLock"] == after.get("safety_lock", "none")
    settled(cloud, identifier, state, values)


@pytest.mark.parametrize("lock", ["dangerous", "all"])
def test_a_create_locks_last(lock: str, cloud: Cloud) -> None:
    values = cloud.wanted(safety_lock=lock, labels={"a": "1"}, desired_status="stopped")
    identifier, state = cloud.create(values)
    assert cloud.changes == ["CreateAppService", LABEL, LABEL, STOP, LOCK]
    settled(cloud, identifier, state, values)


@pytest.mark.parametrize("fault", ["lost-response", "truncate", "reset", "status"])
def test_a_lock_whose_answer_got_lost_is_set(fault: str, cloud: Cloud) -> None:
    identifier, state = made(cloud)
    values = cloud.wanted(safety_lock="all", replicas=2)
    cloud.admin.faults({"operation": LOCK, "fault": fault, "times": 2})
    state = cloud.update(identifier, values, state)
    assert cloud.only["SafetyLock"] == "all"
    settled(cloud, identifier, state, values)


# --- what it forbids -----------------------------------------------------------------------------

FORBIDDEN: dict[str, tuple[Values, Values, str, list[str]]] = {
    "a change": (
        {"safety_lock": "all"},
        {"safety_lock": "all", "replicas": 2},
        "(safety_lock all) and cannot be changed",
        [],
    ),
    "a label": (
        {"safety_lock": "all"},
        {"safety_lock": "all", "labels": {"a": "1"}},
        "(safety_lock all) and cannot be changed",
        [],
    ),
    "a stop": (
        {"safety_lock": "dangerous"},
        {"safety_lock": "dangerous", "desired_status": "stopped"},
        "(safety_lock dangerous) and cannot be stopped",
        [],
    ),
    "a start": (
        {"safety_lock": "all", "desired_status": "stopped"},
        {"safety_lock": "all"},
        "(safety_lock all) and cannot be started",
        [],
    ),
    "a stop under what was weakened": (
        {"safety_lock": "all"},
        {"safety_lock": "dangerous", "desired_status": "stopped"},
        "(safety_lock dangerous) and cannot be stopped",
        [LOCK],
    ),
    "a stop after a change": (
        {"safety_lock": "dangerous"},
        {"safety_lock": "dangerous", "replicas": 2, "desired_status": "stopped"},
        "(safety_lock dangerous) and cannot be stopped",
        [UPDATE],
    ),
}


@pytest.mark.parametrize("case", list(FORBIDDEN))
def test_what_it_forbids_is_refused_in_words_and_stays_to_be_done(case: str, cloud: Cloud) -> None:
    before, after, text, calls = FORBIDDEN[case]
    identifier, state = made(cloud, **before)
    values = cloud.wanted(**after)
    with pytest.raises(NotReady) as info:
        cloud.update(identifier, values, state)
    (reason,) = info.value.reasons
    assert reason == (
        f'PAI app service llama is locked {text}; that was not sent. Give safety_lock="none", run '
        "`pulumi up`, and do it then. It is stored with its id; `pulumi up` goes on with it."
    )
    assert cloud.changes == calls
    assert cloud.differs(info.value.state, values)
    opened = cloud.wanted(**{**after, "safety_lock": "none"})
    settled(cloud, identifier, cloud.update(identifier, opened, info.value.state), opened)


@pytest.mark.parametrize("lock", ["dangerous", "all"])
def test_a_locked_one_is_not_deleted(lock: str, cloud: Cloud) -> None:
    identifier, state = made(cloud, safety_lock=lock)
    with pytest.raises(Refused) as refused:
        cloud.delete(identifier, state)
    assert str(refused.value) == (
        f"PAI app service llama is locked (safety_lock {lock}) and cannot be deleted; that was not "
        'sent. Give safety_lock="none", run `pulumi up`, and do it then'
    )
    assert cloud.changes == []
    state = cloud.update(identifier, cloud.wanted(safety_lock="none"), state)
    cloud.delete(identifier, state)
    assert cloud.services == []


def test_what_the_cloud_forbids_beyond_that_is_said_by_the_cloud(cloud: Cloud) -> None:
    """It was locked between our look and our call."""
    identifier, state = made(cloud)
    looked: list[bool] = []

    def locks() -> bool:
        if not looked:
            looked.append(True)
            cloud.do(api.LOCK, {"Lock": "all"})
        return True

    with pytest.raises(NotReady, match=r"UpdateAppService: .*Forbidden\.ServiceLocked"):
        cloud.update(identifier, cloud.wanted(replicas=2), state, alive=locks)


# --- locked by hand ------------------------------------------------------------------------------


def test_a_lock_by_hand_is_shown_and_undone_where_the_program_says_one(cloud: Cloud) -> None:
    values = cloud.wanted(safety_lock="none")
    identifier, state = made(cloud, safety_lock="none")
    cloud.do(api.LOCK, {"Lock": "all"})
    found = cloud.read(identifier, state)
    assert found["safety_lock"] == "all"
    assert cloud.differs(found, values) == ["safety_lock"]
    settled(cloud, identifier, cloud.update(identifier, values, found), values)


def test_a_lock_by_hand_is_left_alone_where_the_program_says_none(cloud: Cloud) -> None:
    identifier, state = made(cloud)
    cloud.do(api.LOCK, {"Lock": "all"})
    settled(cloud, identifier, cloud.read(identifier, state), cloud.wanted())
    assert cloud.only["SafetyLock"] == "all"


def test_what_a_lock_by_hand_forbids_can_be_done_as_the_refusal_says(cloud: Cloud) -> None:
    """Its argument is new then, and a change, although it says what is usual."""
    identifier, state = made(cloud)
    cloud.do(api.LOCK, {"Lock": "dangerous"})
    with pytest.raises(Refused, match='Give safety_lock="none"'):
        cloud.delete(identifier, state)
    opened = cloud.wanted(safety_lock="none")
    assert cloud.differs(state, opened) == ["safety_lock"]
    state = cloud.update(identifier, opened, state)
    assert cloud.changes == [LOCK]
    cloud.delete(identifier, state)
    assert cloud.services == []


def test_one_that_somebody_unlocked_is_locked_again(cloud: Cloud) -> None:
    identifier, state = made(cloud, safety_lock="all")
    cloud.do(api.LOCK, {"Lock": "none"})
    values = cloud.wanted(safety_lock="all")
    found = cloud.read(identifier, state)
    assert cloud.differs(found, values) == ["safety_lock"]
    settled(cloud, identifier, cloud.update(identifier, values, found), values)


def test_what_no_page_lists_forbids_nothing_that_we_know_of(cloud: Cloud) -> None:
    lock, op = TABLE.lock, cloud.operation()
    assert lock is not None
    assert [lock.strength(one) for one in ("none", "dangerous", "all", "odd", None)] == [
        *(0, 1, 2),
        *(0, 0),
    ]
    must_allow(op, "llama", {"SafetyLock": "odd"}, DELETE)


# --- with marks ----------------------------------------------------------------------------------


def test_a_renamed_resource_cannot_write_its_mark_on_a_locked_one(cloud: Cloud) -> None:
    identifier, state = made(cloud, safety_lock="all")

    def renamed(values: Values, olds: Values) -> Values:
        op = cloud.operation(olds, values, urn="urn:renamed")
        op.former_mark = cloud.mark
        return lifecycle.update(op, identifier, values, olds)

    with pytest.raises(NotReady, match="cannot be changed"):
        renamed(cloud.wanted(safety_lock="all"), state)
    assert cloud.labels == {"modeldeploy": cloud.mark}
    renamed(cloud.wanted(), state)
    assert cloud.labels == {"modeldeploy": cloud.operation(urn="urn:renamed").identity.mark}
