"""Looks are shared between resources and threads, and what is out of sight is said once."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import pytest

from pulumi_modeldeploy.core.http import Answer, Call, Client, Dialect, Failure
from pulumi_modeldeploy.core.preflight import Look, Looks, Paging
from pulumi_modeldeploy.errors import ApiError, OutOfSight, SettingsError, TransportError

if TYPE_CHECKING:
    from collections.abc import Mapping

NEWER = Call("ShowThing2", "GET", "/v2/things/{id}")
OLDER = Look(Call("ShowThing1", "GET", "/v1/things/{id}"), missing=lambda error: error.code == "No")
THING = Look(NEWER, missing=OLDER.missing, instead=OLDER)
THINGS = Look(Call("ListThings", "GET", "/v1/things", holds="things"))


class Server:
    """Answers calls by operation: a document, an error, or what a function says."""

    dialect = Dialect("the cloud", lambda _document, _headers: Failure("", ""))

    def __init__(self, **answers: Any) -> None:
        self.answers, self.asked = answers, list[str]()
        self.gate = threading.Event()
        self.gate.set()

    def send(self, call: Call, *, query: Mapping[str, Any], path: Mapping[str, str]) -> Answer:
        self.asked.append(call.operation)
        assert self.gate.wait(10)
        answer = self.answers[call.operation]
        if callable(answer):
            answer = answer(**query, **path)
        if isinstance(answer, Exception):
            raise answer
        return Answer(200, answer)

    @property
    def looks(self) -> Looks:
        return Looks(lambda _: cast("Client", self))


def refused(status: int, code: str = "") -> ApiError:
    return ApiError("ShowThing", status, code, "no")


def test_many_threads_ask_once() -> None:
    server = Server(ShowThing2={"id": "a"})
    looks, found = server.looks, list[Any]()
    server.gate.clear()
    threads = [
        threading.Thread(target=lambda: found.append(looks.one(THING, id="a"))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    server.gate.set()
    for thread in threads:
        thread.join()
    assert found == [{"id": "a"}] * 8
    assert server.asked == ["ShowThing2"]


def test_a_wrong_key_is_shown_once_however_many_look_at_once() -> None:
    """Clouds lock keys that they had to refuse some times."""
    server = Server(ShowThing2=refused(401))
    looks, told = server.looks, list[str]()
    server.gate.clear()

    def look(identifier: str) -> None:
        try:
            looks.one(THING, id=identifier)
        except OutOfSight as error:
            told.append(error.about)

    threads = [threading.Thread(target=look, args=(one,)) for one in "abcdefgh"]
    for thread in threads:
        thread.start()
    server.gate.set()
    for thread in threads:
        thread.join()
    assert server.asked == ["ShowThing2"]
    assert len(told) == 8


def test_what_is_missing_is_asked_once_too() -> None:
    server = Server(ShowThing2=refused(404, "No"))
    looks = server.looks
    assert [looks.one(THING, id="a") for _ in range(3)] == [None] * 3
    assert server.asked == ["ShowThing2"]


def test_a_call_that_is_not_served_is_tried_once() -> None:
    server = Server(ShowThing2=refused(404, "Gateway"), ShowThing1={"id": "a"})
    looks = server.looks
    assert looks.one(THING, id="a") == looks.one(THING, id="b") == {"id": "a"}
    assert server.asked == ["ShowThing2", "ShowThing1", "ShowThing1"]


def test_lists_are_read_to_their_end() -> None:
    rows = [{"id": str(number)} for number in range(5)]

    def page(offset: str, limit: str) -> dict[str, Any]:
        assert limit == "1000"
        return {"total_count": 5, "things": rows[int(offset) : int(offset) + 2]}

    server = Server(ListThings=page)
    looks = server.looks
    assert looks.all(THINGS) == rows
    assert looks.among(THINGS, "id", "4") == (True, {"id": "4"})
    assert server.asked == ["ListThings"] * 3


def test_pages_may_be_numbered() -> None:
    rows = [{"id": str(number)} for number in range(5)]

    def page(page: str, size: str) -> dict[str, Any]:
        assert size == "2"
        return {"all": 5, "things": rows[2 * int(page) - 2 : 2 * int(page)]}

    server = Server(ListThings=page)
    paging = Paging("page", "size", "all", size=2, numbered=True)
    assert server.looks.all(replace(THINGS, paging=paging)) == rows
    assert server.asked == ["ListThings"] * 3


def test_an_error_may_say_something_about_the_object() -> None:
    """Such as that it is there, and somebody else's."""
    theirs = replace(
        OLDER, says=lambda error: {"owner": "others"} if error.code == "Theirs" else None
    )
    server = Server(ShowThing1=refused(403, "Theirs"))
    looks = server.looks
    assert [looks.one(theirs, id="a") for _ in range(2)] == [{"owner": "others"}] * 2
    assert server.asked == ["ShowThing1"]
    server.answers["ShowThing1"] = refused(404, "No")
    assert looks.one(theirs, id="b") is None
    server.answers["ShowThing1"] = refused(403, "Other")
    with pytest.raises(OutOfSight, match="there is no permission for ShowThing"):
        looks.one(theirs, id="c")


def test_credentials_that_are_refused_by_a_code_end_all_looks() -> None:
    server = Server(ShowThing1=refused(404, "NoSuchKey"), ListThings={"things": []})
    looks = server.looks
    server.dialect = replace(server.dialect, rejected=(401, "NoSuchKey"))
    for look in (lambda: looks.one(OLDER, id="a"), lambda: looks.all(THINGS)):
        with pytest.raises(OutOfSight, match="the credentials are refused"):
            look()
    assert server.asked == ["ShowThing1"]


def test_a_list_without_total_ends_with_its_first_page() -> None:
    server = Server(ListThings={"things": [{"id": "a"}]})
    assert server.looks.among(THINGS, "id", "b") == (True, None)
    assert server.asked == ["ListThings"]


def test_an_earlier_list_is_read_again_for_what_it_lacks() -> None:
    rows = [{"id": "a"}]
    server = Server(ListThings=lambda **_: {"things": list(rows)})
    looks = server.looks
    assert looks.among(THINGS, "id", "a") == (True, {"id": "a"})
    rows.append({"id": "b"})
    for _ in range(3):
        assert looks.among(THINGS, "id", "b") == (True, {"id": "b"})
    assert server.asked == ["ListThings"] * 2


@pytest.mark.parametrize(
    ("error", "shut"),
    [
        (refused(401), "everything"),
        (refused(403), "the call"),
        (TransportError("no answer"), "everything"),
        (SettingsError("no credentials"), "everything"),
        (refused(500), "the object"),
    ],
    ids=["unauthenticated", "forbidden", "no-network", "no-credentials", "trouble"],
)
def test_what_is_out_of_sight_is_not_asked_for_again(error: Exception, shut: str) -> None:
    server = Server(ShowThing1=error, ListThings={"things": []})
    looks, errors = server.looks, list[OutOfSight]()
    for name in ("a", "a", "b"):
        with pytest.raises(OutOfSight) as caught:
            looks.one(OLDER, id=name)
        errors.append(caught.value)
    assert [looks.tell(one) for one in errors] == [True, False, False]
    assert len(server.asked) == (2 if shut == "the object" else 1)
    if shut == "everything":
        with pytest.raises(OutOfSight):
            looks.all(THINGS)
    else:
        assert looks.all(THINGS) == []


def test_a_mistake_of_ours_frees_those_who_wait() -> None:
    server = Server(ShowThing2=ZeroDivisionError())
    looks = server.looks
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            looks.one(THING, id="a")
