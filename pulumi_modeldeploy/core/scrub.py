"""Keeps secrets out of what is shown.

The provider sees every input in plain text. So no free text of the inputs is shown, whoever's
message it stands in (values out of a closed list are known to everybody, and uuids mean nothing);
of the inputs that the program is known to keep secret, not even short texts and numbers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from pulumi_modeldeploy.core.declare import Declaration, Field, Shape

SURE = 8
"""Characters from which a text is taken out wherever it stands, not only as a word."""
SHORT = 4
"""Texts shorter than this say nothing and would tear every sentence apart."""


def scrub(text: str, declaration: Declaration, *bags: Mapping[str, Any]) -> str:
    """Take every free text of the arguments in `bags` (snake_case names) out of a message."""
    return scrub_texts(text, {leaf for bag in bags for leaf in _free_texts(declaration, bag)})


def scrub_texts(text: str, leaves: Iterable[str]) -> str:
    """Take texts out of a message, also as JSON and Python would quote them."""
    spellings = {
        spelling
        for leaf in leaves
        for spelling in (
            leaf,
            json.dumps(leaf)[1:-1],
            json.dumps(leaf, ensure_ascii=False)[1:-1],
            repr(leaf)[1:-1],
        )
    }
    for leaf in sorted(spellings, key=len, reverse=True):
        before, after = (r"(?<!\w)", r"(?!\w)") if len(leaf) < SURE else ("", "")
        text = re.sub(before + re.escape(leaf) + after, "***", text)
    return text


def scrub_secrets(text: str, bag: Mapping[str, Any], paths: Iterable[str]) -> str:
    """Take what stands at `paths` out of a message, however short, numbers too, as whole words."""
    leaves = {str(leaf) for path in paths for leaf in _leaves(_at(bag, path))}
    for leaf in sorted(leaves - {""}, key=len, reverse=True):
        text = re.sub(rf"(?<![\w.]){re.escape(leaf)}(?![\w]|\.\d)", "***", text)
    return text


def hide(value: Any, bag: Mapping[str, Any], paths: Collection[str]) -> Any:
    """Take what stands at `paths` of a bag out of every text of an output, at any depth."""
    if not paths:
        return value
    if isinstance(value, Mapping):
        return {key: hide(one, bag, paths) for key, one in value.items()}
    if isinstance(value, list):
        return [hide(one, bag, paths) for one in value]
    if not isinstance(value, str):
        return value
    texts = {one for path in paths for one in _texts(_at(bag, path))}
    return scrub_secrets(scrub_texts(value, texts), bag, paths)


def _at(value: Any, path: str) -> Any:
    """Look up a path; where a key holds dots itself, answer the whole map."""
    for number, step in enumerate(re.findall(r"[^.\[\]]+", path)):
        if number == 0 and isinstance(value, Mapping) and step not in value:
            return None  # the whole bag is no answer
        if isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        elif isinstance(value, Mapping) and step in value:
            value = value[step]
        else:
            break
    return value


def _leaves(value: object) -> Iterable[object]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from _leaves(one)
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        yield value


def _free_texts(declaration: Declaration, values: Mapping[str, Any]) -> Iterable[str]:
    for name, value in values.items():
        item = declaration.args.get(name)
        if name in declaration.outputs or (item and _is_public(item, value)):
            continue
        if item and item.shape in (Shape.OBJECT, Shape.OBJECTS):
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, Mapping):
                    yield from _free_texts(Declaration.of(item.type), one)
        else:
            yield from _texts(value)


def _is_public(item: Field, value: Any) -> bool:
    """Tell whether a value may be shown: one of a closed list, or a uuid."""
    public = [check for check in item.column.checks if check.public]
    return value is not None and any(check.judge(value) is None for check in public)


def _texts(value: object) -> Iterable[str]:
    if isinstance(value, Mapping):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, str) and len(value) >= SHORT:
        yield value
