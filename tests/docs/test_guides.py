"""The guides name what there is: files, settings, routes, options, faults."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from pulumi_modeldeploy import settings
from pulumi_modeldeploy.emulator.admin import PREFIX, Admin
from pulumi_modeldeploy.emulator.faults import FAULTS, RULE
from pulumi_modeldeploy.emulator.world import World
from pulumi_modeldeploy.engine.providers import PROVIDERS

ROOT = Path(__file__).parents[2]
GUIDES = sorted(
    page for pattern in ("*.md", "docs/**/*.md", "examples/**/*.md") for page in ROOT.glob(pattern)
)
EMULATOR = (ROOT / "docs" / "emulator.md").read_text()
SETTINGS = {
    one.key
    for rows in (settings.COMMON, *(p.table().credentials for p in PROVIDERS.values()))
    for one in rows
}

SYSTEMS = "|".join(sorted({key.partition(":")[0] for key in SETTINGS}))


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", GUIDES, ids=named)
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text()
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert (page.parent / target).exists(), target
    for target, anchor in re.findall(r"\]\(([^)#:]+)#([^)]+)\)", text):
        headings = re.findall(r"^#+ (.+)$", (page.parent / target).read_text(), re.MULTILINE)
        slugs = [re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-") for one in headings]
        assert anchor in slugs, f"{target}#{anchor}"


@pytest.mark.parametrize("page", GUIDES, ids=named)
def test_files_that_are_named_exist(page: Path) -> None:
    rooms = "pulumi_modeldeploy|tests|tools|docs|examples|benchmarks"
    for name in re.findall(rf"`((?:{rooms})/[\w./-]+)`", page.read_text()):
        assert (ROOT / name).exists(), name


@pytest.mark.parametrize("page", GUIDES, ids=named)
def test_settings_that_are_named_exist(page: Path) -> None:
    for key in re.findall(rf"\b(?:{SYSTEMS}):[a-z]\w*(?![\w:])", page.read_text()):
        assert key in SETTINGS, key


def test_the_emulators_routes_are_all_there() -> None:
    served = {
        f"{one.method} {one.path.removeprefix(f'{PREFIX}/')}".replace("{service_id}", "{id}")
        for one in Admin(World(0.0)).operations
    }
    assert set(re.findall(r"^\| `((?:GET|POST) [^`]+)` \|", EMULATOR, re.MULTILINE)) == served


def test_the_emulators_faults_are_all_there() -> None:
    _, _, section = EMULATOR.partition("## Faults")
    tables = re.findall(r"^\| (`.+?`) \|", section.partition("## In tests")[0], re.MULTILINE)
    names = {name for cell in tables for name in re.findall(r"`([\w-]+)`", cell)}
    assert names == {field.name for field in RULE} | set(FAULTS)


def test_the_emulators_options_are_all_there() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pulumi_modeldeploy.cli", "emulator", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    said = set(re.findall(r"--[a-z-]+", done.stdout)) - {"--help", "--"}
    assert set(re.findall(r"^\| `(--[a-z-]+)", EMULATOR, re.MULTILINE)) == said


def test_make_help_names_every_target() -> None:
    text = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z]+):", text, re.MULTILINE))
    done = subprocess.run(
        ["make", "help"],  # noqa: S607 - any make will do
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(re.findall(r"^make (\w+) +\S", done.stdout, re.MULTILINE)) == targets
