"""Keeps secrets out of what is shown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

SURE = 8
"""Characters from which a text is taken out wherever it stands, not only as a word."""
SHORT = 4
"""Texts shorter than this say nothing and would tear every sentence apart."""


def scrub(text: str, values: object) -> str:
    """Take every free text of the inputs out of what is shown: it may be a secret."""
    for leaf in sorted(set(_texts(values)), key=len, reverse=True):
        bounds = (r"(?<!\w)", r"(?!\w)") if len(leaf) < SURE else ("", "")
        text = re.sub(bounds[0] + re.escape(leaf) + bounds[1], "***", text)
    return text


def _texts(value: object) -> Iterable[str]:
    if isinstance(value, Mapping):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, str) and len(value) >= SHORT:
        yield value
