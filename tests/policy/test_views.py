"""What a rule sees: names and types of the declarations, guards before what is not known."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from pulumi_policy.proxy import (
    UNKNOWN_NUMBER_VALUE,
    UNKNOWN_STRING_VALUE,
    _is_unknown,
    unknown_checking_proxy,
)
from samples import app, deployment, leaves, model, replaced, service

from pulumi_modeldeploy import modelarts
from pulumi_modeldeploy.core.declare import Declaration
from pulumi_modeldeploy.core.values import UNKNOWN
from pulumi_modeldeploy.engine.providers import PROVIDERS
from pulumi_modeldeploy.policy import (
    ModelArtsService,
    NotKnown,
    PaiAppService,
    Stack,
    View,
    ZStackDeployment,
    ZStackModelService,
    about,
    as_known,
    at,
    given,
    is_known,
    known,
    present,
    view_of,
)
from pulumi_modeldeploy.policy.views import SENTINELS, VIEWS, entry

if TYPE_CHECKING:
    from collections.abc import Callable

    from pulumi_modeldeploy.policy.testing import Planned

DYNAMIC = "pulumi-python:dynamic/modelarts:Service"
URN = f"urn:pulumi:prod::shop::component$x::{DYNAMIC}::svc"
STATE: dict[str, Any] = {
    "inferType": "real-time",
    "vpcId": None,
    "config": [
        {"modelId": "m1", "instanceCount": 3.0, "weight": "70", "envs": {"some_key": "x"}},
        {"modelId": "m2", "customSpec": {"cpu": 1.5, "gpuP4": 1.0}},
    ],
    "additionalProperties": {"websocketUpgrade": True},
}


def seen(state: dict[str, Any], token: str = DYNAMIC, *, guarded: bool = True) -> Any:
    """Show a resource, as a rule gets it; not guarded: as a remediation gets it."""
    props = unknown_checking_proxy(state) if guarded else state
    options = SimpleNamespace(protect=True)
    args: Any = SimpleNamespace(resource_type=token, props=props, urn=URN, name="svc", opts=options)
    return view_of(args)


def test_arguments_have_the_names_and_types_of_the_declaration() -> None:
    view = seen(STATE)
    assert isinstance(view, ModelArtsService)
    first, second = view.config
    assert isinstance(first, modelarts.ServiceConfigArgs)
    assert (view.infer_type, view.vpc_id, view.schedule) == ("real-time", None, None)
    assert (first.model_id, first.instance_count, first.weight) == ("m1", 3, 70)
    assert type(first.instance_count) is int
    assert first.envs == {"some_key": "x"}
    assert second.custom_spec is not None
    assert (second.custom_spec.cpu, second.custom_spec.gpu_p4) == (1.5, 1)
    assert view.additional_properties is not None
    assert view.additional_properties.websocket_upgrade is True
    assert at(first, "weight") == "config[0].weight"
    assert at(second.custom_spec, "gpu_p4") == "config[1].custom_spec.gpu_p4"


@pytest.mark.parametrize(
    ("token", "kind"),
    [
        ("pulumi-python:dynamic/modelarts:Service", ModelArtsService),
        ("modeldeploy:modelarts:Service", ModelArtsService),
        ("pulumi-python:dynamic/zstack:ModelService", ZStackModelService),
        ("modeldeploy:zstack:ModelServiceDeployment", ZStackDeployment),
        ("modeldeploy:pai:AppService", PaiAppService),
        ("aws:modelarts:Service", None),
        ("pulumi-python:dynamic/other:Service", None),
        ("pulumi-python:dynamic:Resource", None),
        ("pulumi:pulumi:Stack", None),
    ],
)
def test_types_of_both_bindings_are_known_and_no_others(token: str, kind: type | None) -> None:
    view = seen({}, token)
    assert (type(view) if view else None) is kind


def test_every_resource_of_the_package_has_a_view() -> None:
    tokens = {one.token.rpartition("/")[2]: one.table().owner for one in PROVIDERS.values()}
    assert {end: view.shows() for end, view in VIEWS.items()} == tokens


@pytest.mark.parametrize("kind", VIEWS.values(), ids=VIEWS)
def test_no_argument_is_hidden_by_a_view_itself(kind: type[View]) -> None:
    names = {*Declaration.of(kind.shows()).args, *Declaration.of(kind.shows()).outputs}
    assert not names & {name for name in vars(View) if not name.startswith("__")}


def test_a_misspelt_attribute_is_an_error() -> None:
    view = seen(STATE)
    with pytest.raises(AttributeError):
        _ = view.configs
    with pytest.raises(AttributeError, match="Service has no argument or output configs"):
        at(view, "configs")
    with pytest.raises(AttributeError):
        at(view.config[0], "wieght")


def test_views_never_show_their_values() -> None:
    view = seen({**STATE, "description": "hush"})
    shown = f"{view!r}{view.config!r}{view.config[0]}{about(view).name}"
    assert "hush" not in shown
    assert "m1" not in shown


UNKNOWN_AT = [
    ("inferType", UNKNOWN_STRING_VALUE),
    ("config", UNKNOWN_STRING_VALUE),
    ("additionalProperties", UNKNOWN_STRING_VALUE),
]


@pytest.mark.parametrize("guarded", [True, False])
@pytest.mark.parametrize(("key", "value"), UNKNOWN_AT)
def test_what_is_not_known_raises_and_counts_as_given(
    key: str, value: str, *, guarded: bool
) -> None:
    view = seen({**STATE, key: value}, guarded=guarded)
    name = {"inferType": "infer_type", "additionalProperties": "additional_properties"}.get(
        key, key
    )
    with pytest.raises(NotKnown, match=f"^{name} is not known yet$"):
        getattr(view, name)
    assert given(view, name)
    assert not is_known(view, name)
    assert list(present(view, name)) == []
    assert not given(view, "vpc_id")
    assert is_known(view, "vpc_id")


@pytest.mark.parametrize("guarded", [True, False])
def test_the_known_part_of_lists_and_maps_can_be_walked_over(*, guarded: bool) -> None:
    state = {
        "config": [
            {"modelId": "m1", "weight": UNKNOWN_NUMBER_VALUE, "envs": {"A": "b", "C": "d"}},
            UNKNOWN_STRING_VALUE,
            {"modelId": "m3", "weight": 30, "envs": {"A": UNKNOWN_STRING_VALUE, "C": "d"}},
        ]
    }
    view = seen(state, guarded=guarded)
    assert [one.model_id for one in known(view.config)] == ["m1", "m3"]
    assert [one.model_id for one in known(view.config, "weight")] == ["m3"]
    assert len(view.config) == 3
    assert [at(one, "weight") for one in known(view.config)][1] == "config[2].weight"
    with pytest.raises(NotKnown):
        list(view.config)
    with pytest.raises(NotKnown):
        _ = view.config[1]
    with pytest.raises(NotKnown):
        _ = view.config[0].weight
    envs = view.config[2].envs
    assert dict(known(envs)) == {"C": "d"}
    assert ("A" in envs, "B" in envs, list(envs)) == (True, False, ["A", "C"])
    assert (envs["C"], envs.get("C"), envs.get("B", "z")) == ("d", "d", "z")
    entries = view.config
    touches: list[Callable[[], Any]] = [
        lambda: envs["A"],
        lambda: envs.get("A"),
        lambda: list(envs.values()),
        lambda: dict(envs.items()),
        lambda: dict(envs),
        lambda: {**envs},
        lambda: envs | {},
        lambda: {} | envs,
        lambda: envs == {"A": "x"},
        lambda: envs != {"A": "x"},
        envs.copy,
        lambda: entries[:2],
        lambda: entries[::-1],
        lambda: [*entries],
        lambda: sorted(entries, key=id),
        lambda: entries == [],
        lambda: entries != [],
        lambda: operator.add(entries, []),
        lambda: operator.add([], entries),
        lambda: entries.count(1),
        entries.copy,
    ]
    for number, touch in enumerate(touches):
        with pytest.raises(NotKnown):
            raise AssertionError(f"{number} gave {touch()}")
    assert [one.model_id for one in entries[2:]] == ["m3"]
    assert "m1" not in f"{entries!r}{envs!r}"


def test_a_list_with_something_unknown_holds_what_is_known_and_may_hold_anything_else() -> None:
    view = seen({"userTags": ["a", UNKNOWN_STRING_VALUE]}, "modeldeploy:zstack:ModelService")
    assert "a" in view.user_tags
    with pytest.raises(NotKnown):
        _ = "b" in view.user_tags
    assert list(known(view.user_tags)) == ["a"]
    assert list(as_known(view.user_tags)) == ["a"]


@pytest.mark.parametrize("sample", [service(), app(), model(), deployment()], ids=lambda x: x.name)
def test_malformed_values_count_as_not_known(sample: Planned) -> None:
    """Whatever stands anywhere, an attribute has its type or raises."""
    for path, _ in leaves(sample.state):
        for wrong in ({"a": []}, [[]], -0.5, "x", True, [{}], UNKNOWN):
            changed = replace(sample, state=replaced(sample.state, path, wrong))
            view = seen(changed.state, changed.token)
            for name, item in Declaration.of(view.shows()).args.items():
                if is_known(view, name) and (value := getattr(view, name)) is not None:
                    kinds = {"SCALAR": item.type, "OBJECT": item.type, "OBJECTS": Sequence}
                    kinds |= {
                        "LIST": Sequence,
                        "MAP": Mapping,
                        "LISTS": Mapping,
                        "TREE": Mapping,
                    }
                    assert isinstance(value, kinds[item.shape.name]), (path, wrong, name)


def test_outputs_are_known_once_they_are_there() -> None:
    view = seen({"accessAddress": "https://there", "dueTime": 7.0})
    assert view.access_address == "https://there"
    with pytest.raises(NotKnown):
        _ = view.status


def test_what_a_policy_knows_besides_the_arguments() -> None:
    book = {
        "region": "eu-de",
        "secrets": ["config[0].envs.TOKEN", "vpc_id"],
        "was": {"weights": {"m1": 30.0}},
        "external": True,
        "adopted": True,
    }
    found = about(seen({**STATE, "modeldeploy": book}))
    assert (found.name, found.stack, found.region, found.protect) == ("svc", "prod", "eu-de", True)
    assert (found.adopted, found.external, found.tells_secrets) == (True, True, True)
    assert found.was == {"weights": {"m1": 30}}
    assert [found.is_secret(path) for path in ("config[0].envs.TOKEN", "vpc_id", "config")] == [
        True,
        True,
        False,
    ]
    assert found.hides("config")
    assert found.hides("config[0]")
    assert not found.is_secret("config[0].envs.TOKENS")
    assert not found.hides("config[1]")
    bare = about(seen(STATE))
    assert (bare.region, bare.was, bare.adopted, bare.external) == (None, {}, False, False)
    assert not bare.tells_secrets


@pytest.mark.parametrize(
    ("path", "key", "secret"),
    [
        ("config[0].envs", "DB", True),
        ("config[0].envs", "DB.PASSWORD", False),
        ("config[0].envs", "a.b", True),
        ("config[0].envs", "a", False),
        ("config[1].envs", "anything.at[all]", True),
    ],
)
def test_an_entry_of_a_map_is_told_from_others(path: str, key: str, *, secret: bool) -> None:
    secrets = ["config[0].envs.DB", "config[0].envs.a.b", "config[1].envs"]
    found = about(seen({**STATE, "modeldeploy": {"secrets": secrets}}))
    assert found.is_secret_entry(path, key) == secret


def test_only_a_resource_has_a_name_and_only_views_have_places() -> None:
    with pytest.raises(TypeError, match="only a resource as a whole"):
        about(seen(STATE).config[0])
    with pytest.raises(TypeError, match="str is no view"):
        at("config", "weight")


def test_a_stack_has_what_it_manages_by_name_and_what_belongs_to_others() -> None:
    def one(name: str, token: str = DYNAMIC, **book: Any) -> Any:
        props = unknown_checking_proxy({**STATE, "modeldeploy": book})
        options = SimpleNamespace(protect=False)
        return SimpleNamespace(
            resource_type=token, props=props, urn=f"{URN}-{name}", name=name, opts=options
        )

    resources = [one("b"), one("a"), one("read", external=True), one("x", "aws:x:Y")]
    stack = Stack(resources)
    assert [about(view).name for view in stack.of(ModelArtsService)] == ["a", "b"]
    assert stack.of(PaiAppService) == []
    assert [resource.name for resource in stack.others] == ["x"]


def test_all_texts_of_the_sdk_that_stand_for_something_unknown_are_known() -> None:
    assert len(SENTINELS) >= 7
    assert {UNKNOWN_NUMBER_VALUE, UNKNOWN_STRING_VALUE} <= SENTINELS
    assert all(_is_unknown(text) for text in SENTINELS)


def test_entries_are_copied() -> None:
    assert entry({"a": (1, [2])}, "a") == [1, [2]]
    assert entry({}, "a") is None
