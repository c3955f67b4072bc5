"""The state file: one JSON document, replaced as a whole so that it is never half written."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
        except OSError as error:
            raise BadStateError(f"cannot read the state file: {error}") from error
        except ValueError as error:
            raise BadStateError(f"{self._path} is not a state file: {error}") from error
        if not isinstance(document, dict) or document.get("version") != VERSION:
            raise BadStateError(f"{self._path} is not a state file of this version")
        return document

    def save(self, document: Document) -> None:
        """Replace what was saved; raises `BadStateError` if that is not possible."""
        if self._path is None:
            return
        text = json.dumps({"version": VERSION, **document}, separators=(",", ":"))
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            _replace(self._path, text)
        except OSError as error:
            raise BadStateError(f"cannot write the state file: {error}") from error

    @property
    def kept(self) -> bool:
        """Whether there is a file at all."""
        return self._path is not None


def _replace(path: Path, text: str) -> None:
    """Write beside the file and move over it, so that a reader sees the old or the new text."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    new = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        new.replace(path)
    except BaseException:
        new.unlink()
        raise
