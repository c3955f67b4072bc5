"""The pages of the rules are current, the guide's programs do what it says, so does the example."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

import pulumi_modeldeploy
from pulumi_modeldeploy.policy import PROFILES, RULES, Rule, pack
from pulumi_modeldeploy.policy.testing import judge

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "policies.md").read_text()
PAGES = ROOT / "docs" / "policies"
BLOCKS = re.findall(r"^```python\n(.+?)^```$", GUIDE, re.MULTILINE | re.DOTALL)


def test_the_pages_are_current() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "docs.policies", "--check"],
        cwd=ROOT / "tools",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("one", RULES, ids=lambda one: one.name)
def test_a_page_says_all_about_its_rule(one: Any) -> None:
    page = (PAGES / f"{one.name}.md").read_text()
    for text in (one.description, one.text, one.steps, one.source, one.severity.value):
        assert text in page
    for name in one.settings.lines():
        assert f"| `{name}` |" in page
    for name in PROFILES:
        assert f"| `{name}` |" in page
    assert f"]({one.name}.md)" in (PAGES / "README.md").read_text()


def test_the_pack_has_the_version_of_the_package() -> None:
    project = yaml.safe_load((ROOT / "policy-pack" / "PulumiPolicy.yaml").read_text())
    assert project["version"] == pulumi_modeldeploy.__version__
    assert project["runtime"] == "python", "an option such as toolchain ends an older host"


def test_the_guide_counts_rules_and_remedies() -> None:
    assert f"[{len(RULES)} rules]" in GUIDE
    section = GUIDE.partition("\n## Remediations\n")[2].partition("\n## ")[0]
    mending = {one.name for one in RULES if isinstance(one, Rule) and one.remedy}
    assert set(re.findall(r"\(policies/([\w-]+)\.md\)", section)) == mending
    assert re.search(r"\bFour\s+rules can\b", section)
    assert len(mending) == 4


def test_the_programs_of_the_guide_work(monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[tuple[str, list[Any], dict[str, Any]]] = []

    def serve(name: str, rules: Any = RULES, **options: Any) -> None:
        served.append((name, pack.policies(rules), options))

    monkeypatch.setattr(pack, "serve", serve)
    monkeypatch.chdir(ROOT / "examples" / "10-team-pack")
    # As a module of its own, in which dataclasses look their types up.
    names: dict[str, Any] = {"__name__": __name__}
    for block in BLOCKS:
        exec(block, names)  # noqa: S102  (the guide is ours)
    assert [name for name, *_ in served] == ["modeldeploy", "modeldeploy", "ours"]
    own = [one.name for one in served[-1][1]]
    assert own == ["weights-come-from-us", "few-services", "instance-ceiling"]
    for profile in served[1][2]["profiles"].values():
        pack.combine([one.name for one in RULES], profile, {})
    tests = [one for name, one in names.items() if name.startswith("test_")]
    assert len(tests) == 2
    for test in tests:
        test()
    labelled = Rule(names["label_team"], "x.", remedy=names["label_team"], mends="Adds it.")
    assert labelled.name == "label-team"


def test_the_files_of_the_guide_configure_what_there_is(tmp_path: Path) -> None:
    (file,) = re.findall(r"^```json\n(.+?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
    (tmp_path / "policies.json").write_text(file)
    assert judge(RULES, [], configuration=tmp_path / "policies.json").messages == []


def test_the_teams_own_tests_pass() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=ROOT / "examples" / "10-team-pack" / "policy",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "5 passed" in done.stdout
