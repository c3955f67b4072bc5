"""Fault injection: rules that make requests go wrong, reproducibly."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pulumi_modeldeploy.emulator.fields import Breach, Field, InvalidError, Kind, read

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pulumi_modeldeploy.emulator.calls import Cloud

#: fault -> what it does to a request that the rule hits
FAULTS = {
    "status": "answers with the status, in the vendor's error shape; the work is not done",
    "reset": "drops the connection; the work is not done",
    "timeout": "holds the request until the client gives up; the work is not done",
    "truncate": "does the work, then cuts the answer in the middle",
    "lost-response": "does the work, then drops the connection",
    "slow": "does the work, then answers after `seconds`",
}

ANY = "*"
CLOUDS = ("modelarts", "zstack", "pai")

RULE = (
    Field("cloud", one_of=(ANY, *CLOUDS)),
    Field("operation", size=(1, 100)),
    Field("fault", required=True, one_of=tuple(FAULTS)),
    Field("status", Kind.INTEGER, least=400, most=599),
    Field("code", size=(1, 50)),
    Field("probability", Kind.NUMBER, least=0, most=1),
    Field("times", Kind.INTEGER, least=1),
    Field("seed", Kind.INTEGER),
    Field("seconds", Kind.NUMBER, least=0),
)

BODY = (Field("rules", Kind.LIST, required=True, items=Field("", Kind.OBJECT, table=RULE)),)


@dataclass
class Rule:
    """One rule of `POST /_emulator/faults`.

    `seconds` is the delay of `slow` (default 1) and the Retry-After of `status` 429.
    `code` is the error code that `status` answers with, instead of what is usual for the status.
    `times` counts the requests that it hit; without it the rule stays for good.

    Chance knows only the seed, the rule's `number` among all, the operation and how often that was
    asked for: what other operations and rules come to moves nothing.
    """

    fault: str
    cloud: str = ANY
    operation: str = ANY
    status: int = 503
    code: str = ""
    probability: float = 1.0
    times: int | None = None
    seed: int = 0
    seconds: float = 1.0
    number: int = 0
    _asked: Counter[tuple[str, str]] = field(default_factory=Counter)

    def draws(self, cloud: str, operation: str) -> bool:
        """Whether the rule would hit this request; each one is to be asked about once."""
        if self.cloud not in (ANY, cloud) or self.operation not in (ANY, operation):
            return False
        self._asked[cloud, operation] += 1
        words = (self.seed, self.number, cloud, operation, self._asked[cloud, operation])
        chance = random.Random(repr(words)).random()  # noqa: S311 - reproducible on purpose
        return self.times != 0 and chance < self.probability

    def count(self) -> None:
        """Take note that it hit a request."""
        if self.times is not None:
            self.times -= 1


class Faults:
    """The rules in force; the first one that hits a request counts."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []

    def replace(self, document: Any, clouds: Iterable[Cloud]) -> int:
        """Take the rules of an admin request and return how many; raises `InvalidError`."""
        rows = read(BODY, document)["rules"]
        operations = {
            cloud.name: {operation.name for operation in cloud.operations} for cloud in clouds
        }
        for number, row in enumerate(rows):
            _check_operation(row, operations, f"rules[{number}].operation")
        self._rules = [Rule(**row, number=number) for number, row in enumerate(rows)]
        return len(self._rules)

    def hit(self, cloud: str, operation: str) -> Rule | None:
        """Return the rule that hits this request, if any; all of them draw."""
        hits = [rule for rule in self._rules if rule.draws(cloud, operation)]
        if not hits:
            return None
        hits[0].count()
        return hits[0]

    def clear(self) -> None:
        """Drop all rules."""
        self._rules = []


def _check_operation(row: dict[str, Any], operations: dict[str, set[str]], path: str) -> None:
    """Refuse an operation that nobody serves: the rule would silently never hit."""
    cloud, operation = row.get("cloud", ANY), row.get("operation", ANY)
    if operation == ANY:
        return
    known = operations[cloud] if cloud != ANY else set[str]().union(*operations.values())
    if operation not in known:
        raise InvalidError(
            path, Breach.VALUE, f"must be {ANY} or one of {', '.join(sorted(known))}"
        )
