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


def programs() -> list[dict[str, dict[str, Any]]]:
    """The samples, by file, in as few programs as their names allow: two of them come twice."""
    found: list[dict[str, dict[str, Any]]] = []
    for path in SAMPLES:
        body = json.loads(path.read_text())
        names = [{one["service_name"] for one in program.values()} for program in found]
        free = [n for n, taken in enumerate(names) if body["service_name"] not in taken]
        if not free:
            found.append({})
        found[free[0] if free else -1][path.stem] = body
    return found


@pytest.mark.parametrize("bodies", programs(), ids=" ".join)
def test_the_journal_shows_the_samples(
    bodies: dict[str, dict[str, Any]], stack: Stack, emulator: Emulator
) -> None:
    stack.configure("modelarts:ownerMark", "off")
    services = [f"modelarts.Service({name!r}, **{body!r})" for name, body in bodies.items()]
    stack.program("\n".join(services))
    stack.up()
    created = {
        one["body"]["service_name"]: one["body"] for one in emulator.admin.requests("CreateService")
    }
    assert len(created) == len(bodies)
    assert stack.up().unchanged
    assert stack.up("--refresh").unchanged
    statuses = {one["service_name"]: one["status"] for one in emulator.admin.resources("modelarts")}
    for name, body in bodies.items():
        called = body["service_name"]
        assert created[called] == as_numbers(body), name
        assert statuses[called] == ("finished" if body["infer_type"] == "batch" else "running")
        assert stack.resource(name)["outputs"]["status"] == statuses[called]
    sent = [one["operation"] for one in emulator.admin.requests()]
    assert not {"UpdateService", "DeleteService"} & set(sent)
    stack.destroy()
    assert emulator.admin.resources("modelarts") == []


def test_there_are_the_seven_samples_of_the_page() -> None:
    assert len(SAMPLES) == 7
