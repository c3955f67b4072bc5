"""Calls that list objects, page by page or all at once."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pulumi_modeldeploy.errors import TransportError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pulumi_modeldeploy.core.http import Call, Client
    from pulumi_modeldeploy.core.values import Json


@dataclass(frozen=True)
class Listing:
    """A call that lists objects, page by page or all at once.

    Attributes:
        call: The call.
        holds: Key of an answer that holds the objects.
        keys: Keys of an object that tell it apart from all others.
        total: Key of an answer that says how many there are in all; empty: there are no pages.
        start: The query that says after how many objects a page begins, or which page it is.
        numbered: Whether it says which page it is, from 1.
    """

    call: Call
    holds: str
    keys: tuple[str, ...]
    total: str = ""
    start: str = ""
    numbered: bool = False

    def all(
        self,
        client: Client,
        query: Mapping[str, Any] | None = None,
        path: Mapping[str, str] | None = None,
    ) -> list[Json]:
        """Get all objects, each once: pages shift when something is added before them meanwhile.

        The next page begins after what was seen, however much was asked for (or has the next
        number), until there is no more or a page brings nothing new.
        """
        found: dict[tuple[str, ...], Json] = {}
        seen, total, known, pages = 0, 0.0 if not self.total else math.inf, -1, 0
        while known < 0 or (seen < total and len(found) > known):
            known, pages = len(found), pages + 1
            paging = {self.start: pages if self.numbered else seen} if self.total else {}
            answer = client.send(self.call, query={**(query or {}), **paging}, path=path).body
            page = answer.get(self.holds)
            if not isinstance(page, list):
                raise TransportError(f"{self.call.operation}: the answer holds no {self.holds}")
            objects = [one for one in page if isinstance(one, dict)]
            found.update((tuple(str(one.get(key)) for key in self.keys), one) for one in objects)
            seen += len(page)
            if self.total:
                said = answer.get(self.total)
                total = said if isinstance(said, int) else math.inf
        return list(found.values())
