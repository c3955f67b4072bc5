"""The reference is what the declarations say, and they say enough."""

from __future__ import annotations

import dataclasses
import importlib.util
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pulumi_modeldeploy.core.checks import Rule, length
from pulumi_modeldeploy.core.declare import Change, Declaration, NotRequired, Required, arg, output
from pulumi_modeldeploy.engine.providers import PROVIDERS
from pulumi_modeldeploy.modelarts.service import TABLE, Service

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def reference() -> ModuleType:
    """The generator, which is a tool and no package."""
    spec = importlib.util.spec_from_file_location("reference", ROOT / "tools/docs/reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["reference"] = module
    spec.loader.exec_module(module)
    return module


class Larger(Service):
    """A service with one more argument and one more output."""

    colour: NotRequired[str] = arg(
        default=None, wire="look.colour", checks=[length(1, 7)], removed="", source="page 7"
    )
    """Colour of the service."""
    hue = output(int)
    """Hue that the cloud chose."""


ENTRY = """\
`str`, default: not sent

Colour of the service.

- Must be 1 to 7 long (`colour.length`).
- A change: in place (UpdateService).
- Taken away: sends `""`.
- In the state `colour`, sent as `look.colour`. Source: page 7."""


class Silent(Service):
    """A service whose further lines say too little."""

    colour: NotRequired[str] = arg(default=None, source="page 7")
    size: Required[int] = arg(change=Change.REPLACE)
    """Size of the service."""
    hue = output(int)


def test_the_pages_are_current(reference: ModuleType) -> None:
    assert reference.stale(ROOT / "docs" / "reference") == [], "run `make docs`"


def test_a_page_that_is_not_current_is_noticed(reference: ModuleType, tmp_path: Path) -> None:
    folder = tmp_path / "reference"
    shutil.copytree(ROOT / "docs" / "reference", folder)
    page = folder / "modelarts.md"
    page.write_text(page.read_text() + "by hand\n")
    (folder / "settings.md").unlink()
    (folder / "gone.md").write_text("of no cloud\n")
    assert reference.stale(folder) == ["gone.md", "modelarts.md", "settings.md"]


@pytest.mark.parametrize("provider", PROVIDERS.values(), ids=PROVIDERS)
def test_every_declared_line_is_documented(reference: ModuleType, provider: type) -> None:
    assert reference.gaps(provider.table()) == []


def test_gaps_are_named(reference: ModuleType) -> None:
    nameless = Rule("odd", lambda _values, _report: None, "is odd", "")
    table = dataclasses.replace(TABLE, owner=Silent, rules=(nameless,))
    assert reference.gaps(table) == [
        "Silent.colour has no docstring under it",
        "Silent.hue has no docstring under it",
        "Silent.size names no source",
        "rule odd names no source",
    ]


def test_one_more_line_is_one_more_entry(
    reference: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Provider:
        token = "test:Larger"
        table = staticmethod(lambda: dataclasses.replace(TABLE, owner=Larger))

    (provider,) = [one for one in PROVIDERS.values() if one.table() is TABLE]
    monkeypatch.setitem(PROVIDERS, provider.location, Provider)
    page = reference.resource("modelarts", Provider)
    assert "| [`colour`](#largercolour) | `str` | not sent | in place (UpdateService) |" in page
    _, _, entry = page.partition("#### Larger.colour\n")
    assert entry.partition("\n##")[0].strip() == ENTRY
    assert "| `hue` | `int` | `hue` | Hue that the cloud chose. |" in page


def test_links_within_a_page_lead_somewhere(reference: ModuleType) -> None:
    for name, page in reference.pages().items():
        headings = re.findall(r"^#+ (.+)$", page, flags=re.MULTILINE)
        anchors = [reference.anchor(heading) for heading in headings]
        assert len(anchors) == len(set(anchors)), name
        assert set(re.findall(r"\]\(#([^)]+)\)", page)) <= set(anchors), name


def test_every_argument_and_output_has_its_entry(reference: ModuleType) -> None:
    page = reference.pages()["modelarts.md"]
    declaration = Declaration.of(Service)
    for name in declaration.args:
        assert f"#### Service.{name}\n" in page
    for name in declaration.outputs:
        assert f"\n| `{name}` | " in page
