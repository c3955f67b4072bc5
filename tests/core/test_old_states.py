"""States of every schema stay readable for ever: files in `golden/states` are never changed.

A new schema gets new files beside the old ones.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pulumi_modeldeploy.core import inputs, plan
from pulumi_modeldeploy.core.declare import BOOKKEEPING, Declaration
from pulumi_modeldeploy.core.identity import SCHEMA, Identity, mark
from pulumi_modeldeploy.modelarts.service import TABLE as MODELARTS

if TYPE_CHECKING:
    from pulumi_modeldeploy.core.table import Table
    from pulumi_modeldeploy.core.values import Values

FOLDER = Path(__file__).parent.parent / "golden" / "states"
TABLES = {"modelarts-service": MODELARTS}
FILES = sorted(path.name for path in FOLDER.glob("*.json"))
"""Named `<resource>-<schema>-<what>.json`: inputs and outputs as a checkpoint has them."""


def as_the_engine_says(value: Any) -> Any:
    """Every number is a float on the engine's wire."""
    if isinstance(value, dict):
        return {key: as_the_engine_says(one) for key, one in value.items()}
    if isinstance(value, list):
        return [as_the_engine_says(one) for one in value]
    whole = isinstance(value, int) and not isinstance(value, bool)
    return float(value) if whole else value


class Old:
    """One stored state, read by today's code."""

    def __init__(self, name: str) -> None:
        stored = json.loads((FOLDER / name).read_text(encoding="utf-8"))
        resource, schema, _ = name.rsplit("-", 2)
        self.table: Table = TABLES[resource]
        self.schema = int(schema)
        self.urn, self.stored = stored["urn"], as_the_engine_says(stored)
        self.identity = Identity.from_state(self.stored["inputs"][BOOKKEEPING])

    @property
    def declaration(self) -> Declaration:
        return self.table.declaration

    def bag(self, *parts: str) -> dict[str, Any]:
        """The stored properties without bookkeeping."""
        whole = {key: one for part in parts for key, one in self.stored[part].items()}
        return {key: one for key, one in whole.items() if key != BOOKKEEPING}

    def values(self, *parts: str) -> Values:
        return self.declaration.from_state(self.bag(*parts))


@pytest.fixture(params=FILES)
def old(request: pytest.FixtureRequest) -> Old:
    return Old(request.param)


def test_there_are_states_of_every_schema() -> None:
    assert {int(name.rsplit("-", 2)[1]) for name in FILES} == set(range(1, SCHEMA + 1))


def test_whose_it_is_is_still_known(old: Old) -> None:
    assert old.identity.schema == old.schema
    assert old.identity.mark == mark(old.identity, old.urn)


def test_its_bookkeeping_is_written_as_it_was(old: Old) -> None:
    """No endpoint where there was none, in a cloud that has regions."""
    stored = old.stored["inputs"][BOOKKEEPING]
    assert old.identity.endpoint == ""
    assert as_the_engine_says(old.identity.to_state()) == stored


def test_only_what_was_deployed_by_a_profile_has_one(old: Old) -> None:
    named = old.values("inputs").get("profile")
    assert old.identity.profile == (named or "")
    assert ("profile" in old.identity.to_state()) is (named is not None)


def test_every_key_is_still_declared(old: Old) -> None:
    known = {**old.declaration.args, **old.declaration.outputs}
    assert set(old.values("inputs", "outputs")) <= set(known)
    assert inputs.check(old.declaration, old.values("inputs")).failures == []


def test_the_same_program_still_changes_nothing(old: Old) -> None:
    today = inputs.check(old.declaration, old.values("inputs"), old.table.rules).values
    state = old.values("inputs", "outputs")
    assert plan.changes(old.table, state, today) == []
    assert not plan.strays(old.table, state, today)


def test_it_is_written_as_it_was(old: Old) -> None:
    assert old.declaration.to_state(old.values("inputs", "outputs")) == old.bag("inputs", "outputs")


def test_outputs_are_shown_by_their_names(old: Old) -> None:
    values = old.values("outputs")
    assert values["service_id"] == old.stored["outputs"]["serviceId"]
    assert values["status"] == old.stored["outputs"]["status"]


def test_free_maps_kept_their_keys() -> None:
    config = Old("modelarts-service-1-full.json").values("inputs")["config"]
    assert config[0]["envs"] == {"load_epoch": "0", "modelName": "mxnet-model-1"}
    assert config[0]["custom_spec"]["gpu_p4"] == 0
