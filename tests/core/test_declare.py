"""What an argument is: names, flattening, the two spellings."""

import asyncio
import typing
from collections.abc import Callable
from typing import Any

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic import Kiln, Limits, Worker

from pulumi_modeldeploy.core.declare import (
    Args,
    Change,
    Declaration,
    NotRequired,
    NotRequiredList,
    NotRequiredLists,
    NotRequiredObject,
    NotRequiredObjects,
    Removal,
    Reply,
    Required,
    Shape,
    arg,
    maybe,
    output,
    output_id,
    output_list,
    output_map,
)
from pulumi_modeldeploy.core.resource import UNFIT, Resource, flatten
from pulumi_modeldeploy.core.values import camel

KILN = Declaration.of(Kiln)


class Shelf(Args):
    width_cm: Required[int] = arg()
    row_2_names: NotRequiredList[str] = arg(default=None)
    is_high: NotRequired[bool] = arg(default=None, wire="isHigh", source="page 3")


class WideShelf(Shelf):
    depth_cm: Required[float] = arg()


class Glaze(Reply):
    tone_name = output(str)


class Report(Reply):
    glazes = output_list(Glaze)
    seen_at = output(int)


class Cabinet(Resource, spelled=camel, trimmed=True):
    """A cloud that spells names and trims texts."""

    shelf_name: NotRequired[str] = arg(default=None)
    given_name: NotRequired[str] = arg(default=None, wire="its_own.name")
    read_name: NotRequired[str] = arg(default=None, reads="shown.as")
    both_names: NotRequired[str] = arg(default=None, wire="sent", reads="shown")
    key_lists: NotRequiredLists[int] = arg(default=None)
    shelf: NotRequiredObject[Shelf] = arg(default=None)

    cabinet_id = output_id()
    made_at = output(str)
    pass_word = output(str, "token", secret=True)
    glaze_seen = maybe(Glaze)
    tag_map = output_map(str)


class WideCabinet(Cabinet):
    extra_width: NotRequired[str] = arg(default=None)
    extra_out = output(str)


class LoudCabinet(Cabinet, spelled=str.upper):
    extra_width: NotRequired[str] = arg(default=None)


class Answered(Reply, spelled=camel, trimmed=True):
    seen_by = output(str)


class AnsweredMore(Answered):
    seen_when = output(str)


# --- names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("heat", "heat"),
        ("service_name", "serviceName"),
        ("gpu_p4", "gpuP4"),
        ("ascend_a310", "ascendA310"),
        ("subnet_network_id", "subnetNetworkId"),
        ("row_2_names", "row2Names"),
    ],
)
def test_state_spells_names_in_camel_case(name: str, key: str) -> None:
    assert camel(name) == key


def test_a_field_knows_its_three_names() -> None:
    field = Declaration.of(Shelf).args["is_high"]
    assert (field.name, field.key, field.wire) == ("is_high", "isHigh", "isHigh")
    field = Declaration.of(Shelf).args["width_cm"]
    assert (field.name, field.key, field.wire) == ("width_cm", "widthCm", "width_cm")


def test_a_field_knows_type_and_shape() -> None:
    fields = {**KILN.args, **KILN.outputs}
    assert {name: (field.type, field.shape) for name, field in fields.items()} == {
        "name": (str, Shape.SCALAR),
        "zone": (str, Shape.SCALAR),
        "heat": (int, Shape.SCALAR),
        "note": (str, Shape.SCALAR),
        "labels": (str, Shape.MAP),
        "timer": (int, Shape.SCALAR),
        "kiln_uuid": (str, Shape.SCALAR),
        "workers": (Worker, Shape.OBJECTS),
        "power": (str, Shape.SCALAR),
        "glaze": (str, Shape.SCALAR),
        "door": (str, Shape.SCALAR),
        "racks": (str, Shape.LIST),
        "vents": (str, Shape.LIST),
        "recipe": (Any, Shape.TREE),
        "adopt": (str, Shape.SCALAR),
        "adopt_from": (str, Shape.SCALAR),
        "kiln_id": (str, Shape.SCALAR),
        "status": (str, Shape.SCALAR),
        "stamp": (str, Shape.SCALAR),
        "url": (str, Shape.SCALAR),
    }


def test_only_arguments_without_a_default_are_required() -> None:
    assert [name for name, field in KILN.args.items() if field.required] == ["heat"]


def test_a_derived_class_has_the_arguments_of_its_base_first() -> None:
    assert list(Declaration.of(WideShelf).args) == [
        "width_cm",
        "row_2_names",
        "is_high",
        "depth_cm",
    ]
    assert "depth_cm" not in Declaration.of(Shelf).args


def test_constructor_parameters_of_a_resource_are_no_arguments() -> None:
    assert not {"resource_name", "opts"} & set(KILN.args)


@pytest.mark.parametrize(
    ("owner", "name", "removal"),
    [
        (Kiln, "note", ""),
        (Kiln, "labels", {}),
        (Kiln, "workers", []),
        (Kiln, "zone", Removal.REPLACE),
        (Kiln, "timer", Removal.REFUSE),
        (Worker, "limits", {}),
        (Shelf, "row_2_names", []),
        (Shelf, "is_high", Removal.REFUSE),
    ],
)
def test_taking_an_argument_away_does_what_its_kind_allows(
    owner: Any, name: str, removal: Any
) -> None:
    assert Declaration.of(owner).args[name].on_removal == removal


def test_a_list_of_objects_must_be_declared_as_such() -> None:
    class Wrong(Args):
        limits: NotRequiredList[Limits] = arg(default=None)

    with pytest.raises(TypeError, match=r"Wrong\.limits: a list of objects is \.\.\.Objects"):
        Declaration.of(Wrong)


def test_entries_without_an_order_must_be_told_apart() -> None:
    class Heap(Args):
        limits: NotRequiredObjects[Limits] = arg(default=None, unordered=True)

    with pytest.raises(TypeError, match=r"Heap\.limits: an unordered list of objects needs"):
        Declaration.of(Heap)


@pytest.mark.parametrize(
    "column", [{"change": Change.REPLACE}, {"removed": Removal.REPLACE}], ids=["change", "removed"]
)
def test_what_a_change_does_is_said_at_the_top_level(column: dict[str, Any]) -> None:
    """A nested argument is changed by sending the whole argument that it stands in."""

    class Deep(Args):
        size: NotRequired[int] = arg(default=None, **column)

    with pytest.raises(TypeError, match=r"Deep\.size: what changes do is said at the top level"):
        Declaration.of(Deep)


# --- what a class says about all of its arguments -------------------------------------------------

SPELLED: dict[str, tuple[type, str, str, str]] = {
    "an argument": (Cabinet, "shelf_name", "shelfName", "shelfName"),
    "one with a name of its own": (Cabinet, "given_name", "its_own.name", "its_own.name"),
    "one with another in answers": (Cabinet, "read_name", "readName", "shown.as"),
    "one with two": (Cabinet, "both_names", "sent", "shown"),
    "an output": (Cabinet, "made_at", "madeAt", "madeAt"),
    "an output with a name of its own": (Cabinet, "pass_word", "token", "token"),
    "the id": (Cabinet, "cabinet_id", "cabinetId", "cabinetId"),
    "an optional output": (Cabinet, "glaze_seen", "glazeSeen", "glazeSeen"),
    "of a derived class": (WideCabinet, "extra_width", "extraWidth", "extraWidth"),
    "an output of a derived class": (WideCabinet, "extra_out", "extraOut", "extraOut"),
    "of its base": (WideCabinet, "shelf_name", "shelfName", "shelfName"),
    "of a derived class that spells anew": (LoudCabinet, "extra_width", *["EXTRA_WIDTH"] * 2),
    "of the base of that": (LoudCabinet, "shelf_name", *["SHELF_NAME"] * 2),
    "of a nested class, which says so itself": (Shelf, "width_cm", "width_cm", "width_cm"),
    "of a reply": (Answered, "seen_by", "seenBy", "seenBy"),
    "of a derived reply": (AnsweredMore, "seen_when", "seenWhen", "seenWhen"),
    "of a reply without it": (Report, "seen_at", "seen_at", "seen_at"),
}


@pytest.mark.parametrize("case", list(SPELLED))
def test_the_class_spells_names_that_have_none_of_their_own(case: str) -> None:
    owner, name, wire, reads = SPELLED[case]
    declaration = Declaration.of(owner)
    field = {**declaration.args, **declaration.outputs}[name]
    assert (field.wire, field.reads) == (wire, reads)
    assert field.key == camel(name)


TRIMMED = {
    Cabinet: True,
    WideCabinet: True,
    LoudCabinet: True,
    Answered: True,
    AnsweredMore: True,
    Shelf: False,
    Report: False,
    Kiln: False,
}


@pytest.mark.parametrize("owner", list(TRIMMED), ids=lambda one: one.__name__)
def test_the_class_says_that_texts_are_trimmed(owner: type) -> None:
    declaration = Declaration.of(owner)
    fields = [*declaration.args.values(), *declaration.outputs.values()]
    assert {field.column.trimmed for field in fields} == {TRIMMED[owner]}


@pytest.mark.parametrize("base", [Args, Reply, Resource], ids=lambda one: one.__name__)
def test_a_class_takes_no_other_keywords(base: Any) -> None:
    with pytest.raises(TypeError):
        type(base)("Odd", (base,), {}, spelt=str)


COLUMNS: dict[str, Any] = {
    "reads": None,
    "echoed": True,
    "shared": False,
    "query": False,
    "late": False,
    "follows": "",
    "lowered": False,
    "trimmed": False,
    "secret": False,
}


def test_an_argument_that_says_nothing_is_shown_ours_and_taken_as_it_is() -> None:
    column = Declaration.of(Shelf).args["width_cm"].column
    assert {name: getattr(column, name) for name in COLUMNS} == COLUMNS


@pytest.mark.parametrize(
    ("body", "echoed", "shown"),
    [(True, None, True), (False, None, False), (True, False, False), (False, True, True)],
)
def test_what_is_not_sent_is_not_shown_unless_it_says_so(
    body: bool, echoed: bool | None, shown: bool
) -> None:
    assert arg(default=None, body=body, echoed=echoed).echoed is shown


def test_outputs_may_be_secret() -> None:
    outputs = Declaration.of(WideCabinet).outputs
    assert [name for name, field in outputs.items() if field.column.secret] == ["pass_word"]


def test_outputs_are_only_read() -> None:
    with pytest.raises(AttributeError, match="seen_by is an output"):
        Answered().seen_by = "x"  # type: ignore[misc]


# --- objects -------------------------------------------------------------------------------------


def test_nested_arguments_read_back_what_they_were_given() -> None:
    worker = Worker(image="a", share=70, limits=Limits(cpu=1))
    assert (worker.image, worker.share, worker.env) == ("a", 70, None)
    worker.share = 30
    assert worker.share == 30
    assert worker.limits == Limits(cpu=1)
    assert worker != Worker(image="a", share=70)


def test_nothing_is_checked_when_an_object_is_made() -> None:
    worker = Worker(imgae="a", share="many")
    assert flatten(KILN, {"workers": [worker]}) == {
        "workers": [{"imgae": "a", "share": "many"}],
    }


def test_an_object_shows_names_and_no_values() -> None:
    assert repr(Worker(image="a-secret", env={"KEY": "a-secret"})) == "Worker(env, image)"


def test_what_stands_in_the_state_is_shown_as_objects() -> None:
    view = Report._view({"glazes": [{"toneName": "red"}, {}], "seenAt": 3.0})
    assert [glaze.tone_name for glaze in view.glazes] == ["red", None]
    assert view.seen_at == 3
    assert isinstance(view.seen_at, int)


# --- flattening ----------------------------------------------------------------------------------

NESTED = {
    "objects": [Worker(image="a", limits=Limits(cpu=0.5, gpu=1), env={"my_key": "v", "_": "w"})],
    "dicts": [
        {"image": "a", "limits": {"cpu": 0.5, "gpu": 1}, "env": {"my_key": "v", "_": "w"}},
    ],
    "an object in a dict": [
        {"image": "a", "limits": Limits(cpu=0.5, gpu=1), "env": {"my_key": "v", "_": "w"}},
    ],
    "a tuple": (Worker(image="a", limits={"cpu": 0.5, "gpu": 1}, env={"my_key": "v", "_": "w"}),),
    "none is left out": [
        {
            "image": "a",
            "share": None,
            "limits": {"cpu": 0.5, "gpu": 1},
            "env": {"my_key": "v", "_": "w"},
        },
    ],
}


@pytest.mark.parametrize("case", list(NESTED))
def test_arguments_are_flattened_however_they_are_nested(case: str) -> None:
    assert flatten(KILN, {"workers": NESTED[case], "heat": 3}) == {
        "heat": 3,
        "workers": [
            {
                "image": "a",
                "limits": {"cpu": 0.5, "gpu": 1},
                "env": {"my_key": "v", "_": "w"},
            }
        ],
    }


def test_flattening_uses_the_names_of_the_state() -> None:
    shelf = Shelf(width_cm=3, row_2_names=["a_b"], is_high=False)

    class Room(Args):
        top_shelf: NotRequiredObject[Shelf] = arg(default=None)

    assert flatten(Declaration.of(Room), {"top_shelf": shelf}) == {
        "topShelf": {"widthCm": 3, "row2Names": ["a_b"], "isHigh": False}
    }


def _resolved(make: Callable[[], Any]) -> Any:
    """What an Output comes to, inside an event loop of its own."""

    async def run() -> Any:
        flat = make()
        return await pulumi.Output.from_input(flat).future()

    return asyncio.run(run())


OUTPUTS = {
    "the whole list": lambda: pulumi.Output.from_input([Worker(image="a", limits=Limits(cpu=1))]),
    "one entry": lambda: [pulumi.Output.from_input(Worker(image="a", limits=Limits(cpu=1)))],
    "a nested object": lambda: [
        Worker(image="a", limits=pulumi.Output.from_input(Limits(cpu=1))),
    ],
    "a leaf": lambda: [
        {"image": pulumi.Output.from_input("a"), "limits": {"cpu": pulumi.Output.from_input(1)}},
    ],
    "an output in an output": lambda: pulumi.Output.from_input(
        [{"image": pulumi.Output.from_input("a"), "limits": {"cpu": 1}}]
    ),
}


@pytest.mark.parametrize("case", list(OUTPUTS))
def test_outputs_are_flattened_as_they_resolve(case: str) -> None:
    flat = _resolved(lambda: flatten(KILN, {"workers": OUTPUTS[case]()}))
    assert flat == {"workers": [{"image": "a", "limits": {"cpu": 1}}]}


def test_what_an_output_resolves_to_gets_the_names_of_the_state() -> None:
    class Rack(Args):
        shelves: NotRequiredObjects[Shelf] = arg(default=None)

    flat = _resolved(
        lambda: flatten(
            Declaration.of(Rack), {"shelves": pulumi.Output.from_input([{"width_cm": 1}])}
        )
    )
    assert flat == {"shelves": [{"widthCm": 1}]}


def test_an_argument_in_the_spelling_of_the_state_is_no_argument() -> None:
    state = Declaration.of(Shelf).to_state({"widthCm": 1, "width_cm": 2})
    assert state == {"widthCm (camelCase)": 1, "widthCm": 2}


LISTED: dict[str, tuple[Any, Any]] = {
    "a dict": ({"my_key": [1, 2], "": []}, {"my_key": [1, 2], "": []}),
    "tuples": ({"a": (1, 2)}, {"a": [1, 2]}),
    "keys that are no texts": ({1: [1]}, {"1": [1]}),
    "none for a list": ({"a": None}, {"a": [[UNFIT]]}),
    "none in a list": ({"a": [None]}, {"a": [None]}),
    "what does not fit": ({"a": [object()]}, {"a": [[[UNFIT]]]}),
}


@pytest.mark.parametrize("case", list(LISTED))
def test_lists_under_keys_are_flattened_and_keys_are_not_renamed(case: str) -> None:
    given, flat = LISTED[case]
    assert flatten(Declaration.of(Cabinet), {"key_lists": given}) == {"keyLists": flat}


LISTED_OUTPUTS: dict[str, Callable[[], Any]] = {
    "the whole map": lambda: pulumi.Output.from_input({"my_key": [1, 2]}),
    "a list": lambda: {"my_key": pulumi.Output.from_input([1, 2])},
    "a tuple": lambda: {"my_key": pulumi.Output.from_input((1, 2))},
    "an entry": lambda: {"my_key": [1, pulumi.Output.from_input(2)]},
    "an output in an output": lambda: pulumi.Output.from_input(
        {"my_key": pulumi.Output.from_input([pulumi.Output.from_input(1), 2])}
    ),
}


@pytest.mark.parametrize("case", list(LISTED_OUTPUTS))
def test_outputs_in_lists_under_keys_are_flattened_as_they_resolve(case: str) -> None:
    flat = _resolved(
        lambda: flatten(Declaration.of(Cabinet), {"key_lists": LISTED_OUTPUTS[case]()})
    )
    assert flat == {"keyLists": {"my_key": [1, 2]}}


def test_lists_under_keys_are_known_by_shape_type_and_removal() -> None:
    field = Declaration.of(Cabinet).args["key_lists"]
    assert (field.shape, field.type, field.nested) == (Shape.LISTS, int, None)
    assert field.on_removal == {}
    assert not field.required


def test_lists_under_keys_read_back_what_they_were_given() -> None:
    class Box(Args):
        rows: NotRequiredLists[str] = arg(default=None)

    assert Box(rows={"my_key": ["a"]}).rows == {"my_key": ["a"]}
    assert Box().rows is None
    assert Box._view({"rows": {"my_key": ["a"]}}).rows == {"my_key": ["a"]}
    assert flatten(Declaration.of(Box), {"rows": {"my_key": ["a"]}}) == {"rows": {"my_key": ["a"]}}


def test_an_attribute_that_holds_lists_under_keys_promises_them() -> None:
    """What a program may pass, and what it reads back."""
    (base,) = [one for one in NotRequiredLists.__orig_bases__ if "Arg" in repr(one)]  # type: ignore[attr-defined]
    passed, read = (str(one) for one in typing.get_args(base))
    assert "Mapping[str, Input[Sequence[Input[T]]]]" in passed
    assert "None" in passed
    assert "dict[str, list[T]] | None" in read


# --- the two spellings ---------------------------------------------------------------------------

texts = st.text(max_size=6)
limits = st.fixed_dictionaries({}, optional={"cpu": st.floats(0, 9), "gpu": st.integers(0, 9)})
workers = st.fixed_dictionaries(
    {},
    optional={
        "image": texts,
        "share": st.integers(),
        "env": st.dictionaries(texts, texts, max_size=3),
        "limits": limits,
    },
)
kilns = st.fixed_dictionaries(
    {},
    optional={
        "name": texts,
        "heat": st.integers(),
        "labels": st.dictionaries(texts, texts, max_size=3),
        "workers": st.lists(workers, max_size=3),
        "kiln_id": texts,
    },
)
cabinets = st.fixed_dictionaries(
    {},
    optional={
        "shelf_name": texts,
        "key_lists": st.dictionaries(texts, st.lists(st.integers(), max_size=3), max_size=3),
        "shelf": st.fixed_dictionaries({}, optional={"width_cm": st.integers()}),
        "pass_word": texts,
    },
)


@given(kilns)
def test_what_goes_into_the_state_comes_back(values: Any) -> None:
    assert KILN.from_state(KILN.to_state(values)) == values


@given(cabinets)
def test_the_clouds_spelling_is_not_the_states(values: Any) -> None:
    cabinet = Declaration.of(Cabinet)
    assert cabinet.from_state(cabinet.to_state(values)) == values
    assert cabinet.to_state(values).get("keyLists") == values.get("key_lists")


@given(st.dictionaries(texts, texts, max_size=4))
def test_keys_of_free_maps_are_never_renamed(labels: Any) -> None:
    assert KILN.to_state({"labels": labels}) == {"labels": labels}
    assert KILN.from_state({"labels": labels}) == {"labels": labels}


def test_a_name_that_is_not_declared_stays_as_it_is() -> None:
    assert KILN.to_state({"kiln_di": 1}) == {"kiln_di": 1}
    assert KILN.from_state({"kilnDi": 1}) == {"kilnDi": 1}


def test_what_is_no_object_where_one_is_declared_stays_as_it_is() -> None:
    odd = {"workers": "many"}
    assert KILN.from_state(KILN.to_state(odd)) == odd
    odd = {"workers": ["many", None, {"image": "a"}]}
    assert KILN.from_state(KILN.to_state(odd)) == odd
