"""Lookups of ModelArts in a program of the real engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Stack

    from pulumi_modeldeploy.emulator import Emulator

PROGRAM = """
model = modelarts.get_model(model_name="mnist", model_version="1.0.1")
made = service("made", config=[config(model.model_id)])
pulumi.export("specification", modelarts.get_specification(specification="s.gpu").display_en)
pulumi.export("name", modelarts.get_service_output(service_id=made.id).service_name)
events = modelarts.get_events_output(service_id=made.id)
pulumi.export("last", events.apply(lambda found: found[0].event_info))
"""
MISSING = (
    "cannot look up a model: there is none with model_name 'mnits'; "
    "names like it: 'mnist', 'mnist2'"
)


def test_a_program_looks_up_what_its_service_needs_and_then_the_service(
    stack: Stack, emulator: Emulator
) -> None:
    models = [
        {"model_id": "id-1", "model_name": "mnist", "model_version": "1.0.0"},
        {"model_id": "id-2", "model_name": "mnist", "model_version": "1.0.1"},
        {"model_id": "id-3", "model_name": "mnist2", "model_version": "1.0.0"},
    ]
    flavours = [
        {"specification": "modelarts.vm.cpu.2u"},
        {"specification": "s.gpu", "display_en": "a GPU"},
    ]
    emulator.admin.seed(modelarts={"models": models, "specifications": flavours})
    stack.program(PROGRAM)
    run = stack.preview()
    assert run.ok, run.output
    assert emulator.admin.requests("ListServiceEvents") == [], "nothing is known yet"
    stack.up()
    (made,) = emulator.admin.resources("modelarts")
    assert made["config"][0]["model_id"] == "id-2"
    for name, value in (
        ("specification", "a GPU"),
        ("name", made["service_name"]),
        ("last", "start service success"),
    ):
        assert stack.run("stack", "output", name).output.strip() == value
    assert stack.up("--refresh").unchanged

    stack.program('modelarts.get_model(model_name="mnits")')
    for run in (stack.preview(), stack.try_up()):
        assert not run.ok
        assert "Traceback" not in run.output
        lines = [line.strip() for line in run.diagnostics.splitlines()]
        assert [line for line in lines if "model" in line] == [f"error: {MISSING}"]
