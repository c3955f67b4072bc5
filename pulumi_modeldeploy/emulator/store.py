"""The state file: one JSON document, replaced as a whole so that it is never half written."""

from __future__ import annotations

import json
import os
import tempfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from pulumi_modeldeploy.emulator.calls import Document

#: Raised when what is kept changes its shape.
VERSION = 1


class BadStateError(ValueError):
    """The state file cannot be used; the text says why."""


class Store:
    """Keeps a document in a file across restarts; without a path it keeps nothing."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def load(self) -> Document | None:
        """Return what was saved, `None` if nothing was; raises `BadStateError`."""
        if self._path is None or not self._path.exists():
            return None
        try:
            document = json.loads(self._path.read_text("utf-8"))
        except ValueError as error:
            raise BadStateError(f"{self._path} is not a state file: {error}") from error
        if not isinstance(document, dict) or document.get("version") != VERSION:
            raise BadStateError(f"{self._path} is not a state file of this version")
        return document

    def save(self, document: Document) -> None:
        """Replace what was saved."""
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"version": VERSION, **document}, separators=(",", ":"))
        handle, name = tempfile.mkstemp(prefix=f".{self._path.name}.", dir=self._path.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(name, self._path)  # noqa: PTH105 - the atomic one
        except BaseException:
            os.unlink(name)  # noqa: PTH108 - as above
            raise

    @property
    def kept(self) -> bool:
        """Whether there is a file at all."""
        return self._path is not None
