"""The vendor's sample requests, deployed by programs: the journal shows them, nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Stack

    from pulumi_modeldeploy.emulator import Emulator

SAMPLES = sorted((Path(__file__).parents[1] / "golden" / "modelarts").glob("create-*.json"))


def as_numbers(value: Any) -> Any:
    """Spell the numeric texts of the samples as the numbers that they mean."""
    if isinstance(value, dict):
        return {k: int(v) if k == "weight" else as_numbers(v) for k, v in value.items()}
    return [as_numbers(one) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_the_journal_shows_the_sample(sample: Path, stack: Stack, emulator: Emulator) -> None:
    body = json.loads(sample.read_text())
    stack.configure("modelarts:ownerMark", "off")
    stack.program(f'modelarts.Service("svc", **{body!r})')
    stack.up()
    (created,) = emulator.admin.requests("CreateService")
    assert created["body"] == as_numbers(body)
    (service,) = emulator.admin.resources("modelarts")
    assert service["status"] == ("finished" if body["infer_type"] == "batch" else "running")
    assert stack.up().unchanged
    assert stack.up("--refresh").unchanged
    assert stack.resource("svc")["outputs"]["status"] == service["status"]
    sent = [one["operation"] for one in emulator.admin.requests()]
    assert not {"UpdateService", "DeleteService"} & set(sent)
    stack.destroy()
    assert emulator.admin.resources("modelarts") == []


def test_there_are_the_seven_samples_of_the_page() -> None:
    assert len(SAMPLES) == 7
