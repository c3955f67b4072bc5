"""What holds for the emulator as a whole."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest

import pulumi_modeldeploy.emulator as package
from pulumi_modeldeploy.emulator.clock import Clock
from pulumi_modeldeploy.emulator.fields import Breach, Field, InvalidError, Kind, read
from pulumi_modeldeploy.emulator.modelarts import ModelArts

FOLDER = Path(package.__file__).parent


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_the_emulator_shares_no_code_with_what_it_tests(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            names = [node.module]
        for name in names:
            assert not re.match(r"pulumi(\.|$)", name)
            if name.startswith("pulumi_modeldeploy"):
                assert name.startswith("pulumi_modeldeploy.emulator")


def test_only_the_server_knows_the_web_framework() -> None:
    users = {path.stem for path in FOLDER.glob("*.py") if "aiohttp" in path.read_text("utf-8")}
    assert users - {"calls", "server"} == set()


def test_no_route_is_listed_twice() -> None:
    cloud = ModelArts(Clock(1), str)
    routes = [(operation.method, operation.path) for operation in cloud.operations]
    assert len(set(routes)) == len(routes)
    assert all(path.startswith(cloud.prefixes) for _, path in routes)


TABLE = (
    Field("name", required=True, size=(1, 3)),
    Field("count", Kind.INTEGER, text_ok=True, least=0),
    Field("share", Kind.NUMBER, above=0, most=1),
    Field("only_a", only=frozenset("a"), needed=frozenset("a")),
    Field("blank", blank=True, size=(2, 2)),
    Field("free", Kind.OBJECT, extra=True, table=(Field("known", required=True),)),
)
GOOD = {"name": "abc", "only_a": "x"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, {}),
        ({"count": "07"}, {"count": 7}),
        ({"share": 1}, {"share": 1}),
        ({"blank": ""}, {"blank": ...}),
        ({"free": {"known": "k", "more": [1]}}, {}),
    ],
)
def test_reads_what_fits(changes: dict[str, Any], expected: Any) -> None:
    clean = read(TABLE, {**GOOD, **changes}, scope="a")
    wanted = {**GOOD, **changes, **expected}
    assert clean == {key: value for key, value in wanted.items() if value is not ...}


@pytest.mark.parametrize(
    ("changes", "scope", "path", "breach"),
    [
        ({"other": 1}, "a", "other", Breach.UNKNOWN),
        ({"only_a": None}, "a", "only_a", Breach.TYPE),
        ({}, "b", "only_a", Breach.VALUE),
        ({"name": "abcd"}, "a", "name", Breach.VALUE),
        ({"count": "x"}, "a", "count", Breach.TYPE),
        ({"count": -1}, "a", "count", Breach.VALUE),
        ({"count": True}, "a", "count", Breach.TYPE),
        ({"share": 0}, "a", "share", Breach.VALUE),
        ({"share": float("nan")}, "a", "share", Breach.TYPE),
        ({"share": float("inf")}, "a", "share", Breach.TYPE),
        ({"blank": "x"}, "a", "blank", Breach.VALUE),
        ({"free": {}}, "a", "free.known", Breach.MISSING),
    ],
)
def test_says_where_and_how_a_document_does_not_fit(
    changes: dict[str, Any], scope: Any, path: str, breach: Breach
) -> None:
    with pytest.raises(InvalidError) as refusal:
        read(TABLE, {**GOOD, **changes}, scope=scope)
    assert (refusal.value.path, refusal.value.breach) == (path, breach)
    assert str(refusal.value).startswith(path)


def test_what_a_scope_needs_is_missed() -> None:
    with pytest.raises(InvalidError) as refusal:
        read(TABLE, {"name": "a"}, scope="a")
    assert (refusal.value.path, refusal.value.breach) == ("only_a", Breach.MISSING)
