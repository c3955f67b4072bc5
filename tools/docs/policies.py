"""Writes docs/policies from the table of rules: a page for each, and one that lists them.

Run in the folder `tools`, as `python -m docs.policies`. With `--check` nothing is written; the exit
code tells whether the pages are current.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from pulumi_policy import EnforcementLevel

from docs.reference import ROOT, UndocumentedError, bullets, code, grid, main, page_of
from pulumi_modeldeploy.policy import PROFILES, RULES, Rule, StackRule
from pulumi_modeldeploy.policy.catalogue import EVERYTHING
from pulumi_modeldeploy.policy.pack import LEVEL, combine

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

POLICIES = ROOT / "docs" / "policies"
ABOUT = """\
Levels by profile. *remediate* mends inputs in place; what is still wrong then is *mandatory*. A
rule that needs a setting says nothing at any level until that is configured. How to run and
configure the pack: [the guide](../policies.md)."""
NAMES = [one.name for one in RULES]
CONFIGURED = {name: combine(NAMES, profile, {}) for name, profile in PROFILES.items()}


def level(rule: Rule | StackRule, profile: str) -> str:
    """Name the level that a rule has in a profile."""
    found = CONFIGURED[profile].get(rule.name, {}).get(LEVEL, rule.level)
    return EnforcementLevel(found).value


def differing(rule: Rule | StackRule, profile: str) -> dict[str, Any]:
    """The settings that a profile gives a rule."""
    found = CONFIGURED[profile].get(rule.name, {})
    return {key: one for key, one in found.items() if key != LEVEL}


def subjects(rule: Rule | StackRule) -> str:
    """Name what a rule is about."""
    if isinstance(rule, StackRule):
        return "the stack as a whole"
    names = (f"{one.shows().__module__.split('.')[1]}.{one.shows().__name__}" for one in rule.on)
    return "all resources" if rule.on == EVERYTHING else ", ".join(map(code, names))


def needs(rule: Rule | StackRule) -> str:
    """Name the settings without which a rule says nothing."""
    return " or ".join(map(code, rule.settings.needs()))


def settings_of(rule: Rule | StackRule) -> list[str]:
    """Describe what can be configured, with an example."""
    schema = rule.settings.schema()
    if schema is None:
        return ["## Configuration", "The level only:", _example(rule, {})]
    rows = [
        [code(name), _type(one), code(json.dumps(one["default"])), one["description"]]
        for name, one in schema.properties.items()
    ]
    example = {name: one["default"] for name, one in schema.properties.items()}
    return [
        "## Configuration",
        grid(["setting", "type", "default", "what it is"], rows),
        "As it is by default:",
        _example(rule, example),
    ]


def _example(rule: Rule | StackRule, settings: Mapping[str, Any]) -> str:
    document = {rule.name: {LEVEL: rule.level.value, **settings} if settings else rule.level.value}
    return f"```json\n{json.dumps(document, indent=2)}\n```"


def _type(schema: Mapping[str, Any]) -> str:
    inner = schema.get("items") or schema.get("additionalProperties")
    words = {"array": "list of {}s", "object": "object of {}s"}
    kind = words.get(schema["type"], "{}").format((inner or schema)["type"])
    bounds = [f"{word} {schema[key]}" for key, word in BOUNDS.items() if key in schema]
    return ", ".join((kind, *bounds))


BOUNDS = {"minimum": "at least", "maximum": "at most"}


def page(rule: Rule | StackRule) -> str:
    """Describe a rule.

    Raises:
        UndocumentedError: It says too little about itself.
    """
    if not (rule.text and rule.steps and rule.source):
        raise UndocumentedError(f"{rule.name} lacks an explanation, steps or a source")
    rows = [[code(name), level(rule, name), _settings(differing(rule, name))] for name in PROFILES]
    facts = [
        f"About: {subjects(rule)}.",
        f"Severity: {rule.severity.value}.",
        f"Function: {code(f'{rule.judge.__module__}.{rule.judge.__name__}')}.",
        f"Source: {rule.source}.",
        *([f"Says nothing until {needs(rule)} is configured."] if needs(rule) else []),
    ]
    mends = rule.mends if isinstance(rule, Rule) and rule.mends else "None."
    return page_of(
        (
            f"# {rule.name}",
            f"{rule.description}.",
            rule.text,
            bullets(facts),
            "## What to do",
            rule.steps,
            "## Remediation",
            mends,
            "## Levels",
            grid(["profile", "level", "settings of its own"], rows),
            *settings_of(rule),
        )
    )


def _settings(settings: Mapping[str, Any]) -> str:
    return ", ".join(f"{code(key)}: {code(json.dumps(one))}" for key, one in settings.items())


def index() -> str:
    """List all rules."""
    rows = [
        [
            f"[{one.name}]({one.name}.md)",
            one.description,
            *(level(one, p) for p in PROFILES),
            needs(one),
        ]
        for one in RULES
    ]
    head = ["rule", "what is right", *PROFILES, "needs"]
    resources = [row for row, one in zip(rows, RULES, strict=True) if isinstance(one, Rule)]
    stacks = [row for row, one in zip(rows, RULES, strict=True) if isinstance(one, StackRule)]
    return page_of(
        (
            "# Rules of the policy pack",
            ABOUT,
            "## Of resources",
            grid(head, resources),
            "## Of stacks",
            grid(head, stacks),
        )
    )


def pages() -> dict[str, str]:
    """Write all pages, by file name.

    Raises:
        UndocumentedError: A rule says too little about itself.
    """
    return {"README.md": index(), **{f"{one.name}.md": page(one) for one in RULES}}


def run(argv: Sequence[str]) -> int:
    """Write the pages, or check them, and return the exit code."""
    return main(argv, POLICIES, pages)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
