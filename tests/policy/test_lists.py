"""What lists admit, which rules wait for one, and what is taken for a secret in large texts."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from cases import BROKEN, FORMS, Case
from samples import app, deployment, model, service

from pulumi_modeldeploy.core.declare import BOOKKEEPING
from pulumi_modeldeploy.policy import RULES, rule
from pulumi_modeldeploy.policy.places import Regions, allowed_regions, located, matches
from pulumi_modeldeploy.policy.secrecy import is_key
from pulumi_modeldeploy.policy.testing import judge
from pulumi_modeldeploy.policy.views import About, ModelArtsService, PaiAppService, View

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MATCHES = {
    ("eu-de", "eu-de"): True,
    ("eu-de", "eu-*"): True,
    ("eu-", "eu-*"): True,
    ("eu-de", "*"): True,
    ("", "*"): True,
    ("a\nb", "a*b"): True,
    ("a.b.c", "a.*.c"): True,
    ("eu-de", "eu"): False,
    ("eu-de", "EU-*"): False,
    ("eu-de", "eu-d?"): False,
    ("eu-d?", "eu-d?"): True,
    ("eu-de", "eu-d[e]"): False,
    ("oss://a[1]/x", "oss://a[1]/*"): True,
    ("axb", "a.b"): False,
    ("eu-de\n", "eu-de"): False,
}


@pytest.mark.parametrize(("text", "pattern"), list(MATCHES))
def test_only_an_asterisk_is_special(text: str, pattern: str) -> None:
    assert matches(text, [pattern]) is MATCHES[text, pattern]
    assert matches(text, ["other", pattern]) is MATCHES[text, pattern]
    assert not matches(text, [])


LOCATED = {
    "nginx": ("docker.io", "library/nginx"),
    "nginx:1@sha256:0": ("docker.io", "library/nginx:1@sha256:0"),
    "vllm/vllm-openai:v1": ("docker.io", "vllm/vllm-openai:v1"),
    "docker.io/nginx": ("docker.io", "library/nginx"),
    "Index.Docker.io/nginx": ("docker.io", "library/nginx"),
    "xindex.docker.io/nginx": ("xindex.docker.io", "nginx"),
    "localhost/nginx": ("localhost", "nginx"),
    "registry:5000/nginx": ("registry:5000", "nginx"),
    "REGISTRY/nginx": ("registry", "nginx"),
    "registry.example.com/a/b": ("registry.example.com", "a/b"),
    "docker.io/": ("docker.io", ""),
    "library/": ("docker.io", "library/"),
    "*/": ("*", ""),
}
"""Images and folders, and how Docker reads them."""


@pytest.mark.parametrize("image", list(LOCATED))
def test_an_image_is_split_as_docker_does(image: str) -> None:
    assert located(image) == LOCATED[image]


def region(view: type[View], book: Mapping[str, Any], *regions: str) -> list[tuple[str, str]]:
    """Ask the rule about a service without arguments."""
    found: list[tuple[str, str]] = []
    seen = view.of({}, about=About("a", "urn:pulumi:dev::p::t::a", False, book))

    def report(path: str, text: str, detail: str = "") -> None:
        found.append((path, text + detail))

    allowed_regions(seen, Regions(regions=regions), report)
    return found


@pytest.mark.parametrize("view", [ModelArtsService, PaiAppService])
def test_a_region_that_nobody_tells_is_not_allowed(view: type[View]) -> None:
    book = {"stack": "dev", "region": ""}
    text = "is not told by the settings: it must be one of eu-de, eu-*"
    how = "configure modelarts:region or pai:region"
    assert region(view, book, "eu-de", "eu-*") == [("region", f"{text}; {how}")]
    assert region(view, {**book, "region": "eu-de"}, "eu-de") == []
    assert region(view, book) == []
    assert region(view, {}, "eu-de") == [], "another provider's, which records no region"
    assert region(view, {**book, "refused": ["..."]}, "eu-de") == [], "the check says what is wrong"


def test_a_region_is_asked_of_the_clouds_that_have_some() -> None:
    services = [service(), app(), model(), deployment()]
    configuration = {"allowed-regions": {"regions": ["*"]}}
    messages = judge(rule("allowed-regions"), services, configuration=configuration).messages
    assert [text.partition(":")[0] for text in messages] == ["digits", "llama"]


def without(case: Case, names: Sequence[str]) -> list[str]:
    """Judge a case with some settings left as they are."""
    settings = {key: one for key, one in case.settings.items() if key not in names}
    configuration = {case.rule: {"enforcementLevel": "mandatory", **settings}}
    return judge(rule(case.rule), case.resources, configuration=configuration).messages


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.rule)
def test_a_rule_that_needs_a_setting_is_silent_without(case: Case) -> None:
    needed = rule(case.rule).settings.needs()
    assert without(case, needed) == ([] if needed else list(case.messages))


@pytest.mark.parametrize("one", RULES, ids=lambda one: one.name)
def test_every_setting_that_wakes_a_rule_does_so_alone(one: Any) -> None:
    for name in one.settings.needs():
        cases = [case for case in BROKEN if case.rule == one.name and name in case.settings]
        others = [other for other in one.settings.needs() if other != name]
        assert any(without(case, others) for case in cases), name
    if not one.settings.needs():
        silent = all(not case.messages for case in BROKEN if case.rule == one.name)
        assert not silent


LARGE = 2**20
NOISE = ("a", "a-", "a.", "sk-", "sk-a-", "://", "A=", "--a ", ";password=", "<", "eyJ", "${")


@pytest.mark.parametrize("noise", NOISE)
def test_a_large_text_is_searched_in_one_go(noise: str) -> None:
    verbose = model(yaml=noise * (LARGE // len(noise)), sound=False)
    started = time.process_time()
    assert judge(rule("encrypted-secrets"), [verbose]).messages == []
    assert time.process_time() - started < 30, "hours, where a search begins at each place anew"


@pytest.mark.parametrize("form", FORMS)
def test_a_key_is_found_in_the_middle_of_a_text(form: str) -> None:
    for text in (form, f"use {form} here", f'{{"a": "{form}"}}', f"a\n  {form}\n"):
        assert is_key(text)


def test_the_bookkeeping_tells_what_was_adopted() -> None:
    taken, made = service("taken", adopt="a"), service("made")
    later = service("later", adopt="a", olds={"infer_type": "real-time"})
    verdict = judge(rule("allowed-workspaces"), [taken, made, later])
    books = [verdict.properties[one.urn][BOOKKEEPING] for one in (taken, made, later)]
    assert [book.get("adopted", False) for book in books] == [True, False, False]
