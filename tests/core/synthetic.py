"""A fourth cloud, made up, and its server: what `core` carries without knowing any cloud.

Its kilns come in the shapes that real clouds have: calls that answer with a job (202 and a place to
ask) that the cloud or the client names, objects addressed by their name, ids that the client
chooses, arguments that no answer shows, lists whose entries have calls of their own. Declaration
and table come first; below them the server, which hangs under `requests`, and a clock that nobody
waits for.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import requests
import requests.adapters

from pulumi_modeldeploy.core.checks import (
    ADOPTED,
    MARK,
    adds_up,
    between,
    items,
    length,
    one_of,
)
from pulumi_modeldeploy.core.declare import (
    UPDATE,
    Args,
    Change,
    Defaulted,
    NotRequired,
    NotRequiredList,
    NotRequiredMap,
    NotRequiredObject,
    NotRequiredObjects,
    NotRequiredTree,
    Required,
    arg,
    output,
    output_id,
)
from pulumi_modeldeploy.core.http import Call, Client, Clock, Dialect, Failure
from pulumi_modeldeploy.core.identity import ChosenId, Identity, Naming, Place
from pulumi_modeldeploy.core.operation import Operation
from pulumi_modeldeploy.core.resource import Resource
from pulumi_modeldeploy.core.table import Entries, Goal, Jobs, Step, Table
from pulumi_modeldeploy.core.waits import Sight, Wait, Waiter
from pulumi_modeldeploy.settings import Settings

# --- the cloud, as a cloud's folder would declare it ----------------------------------------------


class Limits(Args):
    cpu: Required[float] = arg(checks=[between(0.1)])
    gpu: NotRequired[int] = arg(default=None, wire="gpuCount", checks=[between(0)])


class Worker(Args):
    image: Required[str] = arg(checks=[length(1, 20)])
    share: NotRequired[int] = arg(default=None, wire="sharePercent", checks=[between(0, 100)])
    env: NotRequiredMap[str] = arg(default=None, wire="environment")
    limits: NotRequiredObject[Limits] = arg(default=None, wire="resources.limits")
    seal: NotRequired[str] = arg(default=None, echoed=False)


class Kiln(Resource):
    name: Defaulted[str] = arg(default=None, checks=[length(1, 40)], change=Change.REPLACE)
    zone: NotRequired[str] = arg(default=None, change=Change.REPLACE, implied="z0")
    heat: Required[int] = arg(wire="targetHeat", checks=[between(1, 9)])
    note: NotRequired[str] = arg(default=None, checks=[length(0, 20)], removed="", step="annotate")
    labels: NotRequiredMap[str] = arg(default=None, wire="meta.labels", step="annotate")
    timer: NotRequired[int] = arg(default=None, checks=[between(1)])
    kiln_uuid: NotRequired[str] = arg(
        default=None, wire="id", change=Change.REPLACE, follows="kiln_id"
    )
    workers: NotRequiredObjects[Worker] = arg(
        default=None, checks=[items(0, 3)], unordered=True, match_by="image"
    )
    power: Defaulted[str] = arg(default="on", checks=[one_of("on", "off")], body=False)
    glaze: NotRequired[str] = arg(default=None, echoed=False, removed="none")
    door: NotRequired[str] = arg(default=None, echoed=False, change=Change.REPLACE)
    racks: NotRequiredList[str] = arg(default=None, unordered=True, shared=True, step="racks")
    vents: NotRequiredList[str] = arg(default=None, reads="ventNames", unordered=True, step="vents")
    recipe: NotRequiredTree[Any] = arg(default=None)
    adopt: NotRequired[str] = arg(default=None, checks=[ADOPTED], body=False, change=Change.ONCE)
    adopt_from: NotRequired[str] = arg(default=None, checks=[MARK], body=False, change=Change.ONCE)

    kiln_id = output_id(wire="id")
    status = output(str)
    stamp = output(str)
    url = output(str, wire="links.self")


SHARES = adds_up(
    "shares", "workers", "share", 100, words="shares", applies=lambda _: True, source="invented"
)
PASSING = ("BUILDING", "COOLING")
READY = Wait(until=("ACTIVE", "COLD"), fail=("BROKEN",), passing=PASSING, least=4)
CREATE = Call("CreateKiln", "POST", "/{realm}/kilns", ok=(200, 202))
LIST = Call("ListKilns", "GET", "/{realm}/kilns")
SHOW = Call("ShowKiln", "GET", "/{realm}/kilns/{id}")
ANNOTATE = Call("AnnotateKiln", "PATCH", "/{realm}/kilns/{id}", ok=(200, 202))
REBUILD = Call("RebuildKiln", "PUT", "/{realm}/kilns/{id}", ok=(200, 202))
POWER = Call("PowerKiln", "POST", "/{realm}/kilns/{id}/power", ok=(200, 202))
DELETE = Call("DeleteKiln", "DELETE", "/{realm}/kilns/{id}", ok=(200, 202, 204), repeatable=True)
JOB = Call("ShowJob", "GET", "/{realm}/jobs/{job}", ok=(200, 202))
_RACK = "/{realm}/kilns/{id}/racks/{entry}"
_VENT = "/{realm}/kilns/{id}/vents/{entry}"
ADD_RACK = Call("AddRack", "POST", _RACK, ok=(200, 202))
DROP_RACK = Call("DropRack", "DELETE", _RACK, ok=(200, 202), repeatable=True)
ADD_VENT = Call("AddVent", "POST", _VENT, ok=(200, 202))
DROP_VENT = Call("DropVent", "DELETE", _VENT, ok=(200, 202), repeatable=True)


CHOSEN = ChosenId("kiln_uuid", lambda text: str(uuid.uuid5(uuid.NAMESPACE_URL, text)))


def find(by: str, op: Operation, values: dict[str, Any]) -> Any:
    if by == "client":
        return op.find_own(values)
    if by == "name":
        return op.show(values["name"])
    listed = op.ask(LIST, {"name": values["name"]})["kilns"]
    return op.show(listed[0]["id"]) if listed else None


def identify(by: str, document: dict[str, Any]) -> str:
    return str(document["name" if by == "name" else "id"])


def dress(by: str, op: Operation, values: dict[str, Any]) -> dict[str, Any]:
    if by == "client":
        return dict(values)
    return {**values, "labels": {**(values.get("labels") or {}), "mark": op.identity.mark}}


def labels_of(document: dict[str, Any]) -> dict[str, str]:
    return (document.get("meta") or {}).get("labels") or {}


def mark_of(document: dict[str, Any]) -> str:
    return labels_of(document).get("mark", "")


def undress(document: dict[str, Any]) -> dict[str, Any]:
    rest = {key: one for key, one in labels_of(document).items() if key != "mark"}
    return {**document, "meta": {"labels": rest}}


def read_error(document: Any, headers: Any) -> Failure:
    fault = document.get("fault", {}) if isinstance(document, dict) else {}
    return Failure(fault.get("code", ""), fault.get("text", ""), headers.get("X-Trace", ""))


DIALECT = Dialect("Kilns", read_error, taken=("TAKEN",))


JOBS = Jobs(
    lambda status, answer: answer["location"].rsplit("/", 1)[1] if status == 202 else None,
    look=JOB,
    running=202,
    wait=Wait(until=("done",), passing=("working",), limit=120),
)
"""Jobs that the cloud names."""
NAMED = replace(
    JOBS,
    header="X-Job",
    make=lambda text: str(uuid.uuid5(uuid.NAMESPACE_OID, text)),
    known="JOB-KNOWN",
    over="JOB-OVER",
)
"""Jobs that we name."""


def table(connect: Callable[[Settings, Identity], Client], *, by: str, jobs: Jobs | None) -> Table:
    """The whole of what the verbs know about kilns."""
    return Table(
        kind="kiln",
        owner=Kiln,
        credentials=(),
        place=lambda _: Place("north", "r1"),
        connect=connect,
        naming=Naming("name", most=40, forbidden=r"[^a-z0-9-]"),
        rules=(SHARES,),
        create=CREATE,
        read=SHOW,
        delete=DELETE,
        chosen=CHOSEN if by == "client" else None,
        exclusive=("name",),
        identify=lambda _values, document, _identity: identify(by, document),
        find=lambda op, values: find(by, op, values),
        mark_of=mark_of,
        born=lambda document: document.get("stamp"),
        dress=lambda op, values: dress(by, op, values),
        undress=undress,
        sight=lambda document: Sight(
            document["status"], document["status"].lower(), document.get("reason", "")
        ),
        version=lambda document: document["version"],
        age=lambda op, document: op.client.clock.wall() - document["bornAt"],
        steps=(
            Step("annotate", ANNOTATE, READY),
            Step(UPDATE, REBUILD, READY, redeploys=("heat", "workers"), spells={"glaze": "coat"}),
            Entries("racks", ADD_RACK, DROP_RACK, lambda one, entry: {"on": one, "rack": entry}),
            Entries(
                "vents", ADD_VENT, DROP_VENT, lambda *_: {}, lambda doc, one: doc["ventIds"][one]
            ),
        ),
        goals={
            "on": Goal(
                ("ACTIVE",),
                POWER,
                {"power": "on"},
                Wait(until=("ACTIVE",), fail=("BROKEN",), passing=(*PASSING, "COLD")),
            ),
            "off": Goal(
                ("COLD",),
                POWER,
                {"power": "off"},
                Wait(until=("COLD",), fail=("BROKEN",), passing=(*PASSING, "ACTIVE")),
            ),
        },
        desired="power",
        stops_itself=lambda values: ("COLD",) if values.get("timer") else (),
        ready=READY,
        settled=Wait(until=("ACTIVE", "COLD", "BROKEN"), passing=PASSING),
        gone=Wait(passing=("DELETING",), limit=300),
        leaving=("DELETING",),
        incarnation="stamp" if by == "name" else "",
        never_ready=lambda document: (
            document["version"] == 1 and document["status"] in ("BUILDING", "BROKEN")
        ),
        jobs=jobs,
    )


# --- time ----------------------------------------------------------------------------------------

EPOCH = 1_700_000_000.0


@dataclass
class Time:
    """A clock that moves when somebody sleeps."""

    at: float = 5000.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += seconds

    @property
    def clock(self) -> Clock:
        return Clock(
            now=lambda: self.at,
            wall=lambda: EPOCH + self.at,
            sleep=self.sleep,
            random=lambda: 0.5,
            linger=self.sleep,
        )


# --- the server ----------------------------------------------------------------------------------

Work = Callable[[], requests.Response]
Fault = Callable[[Work], requests.Response]


def answer(status: int, document: Any = None, **headers: str) -> requests.Response:
    """Build a response as `requests` hands it over."""
    response = requests.Response()
    response.status_code = status
    response._content = b"" if document is None else json.dumps(document).encode()
    response.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return response


def status(code: int, fault: str = "E1", text: str = "no", **headers: str) -> Fault:
    """An error answer; the work is not done."""
    return lambda _work: answer(code, {"fault": {"code": fault, "text": text}}, **headers)


def lost(work: Work) -> requests.Response:
    """The work is done, and the answer never arrives."""
    work()
    raise requests.ReadTimeout("lost")


def truncated(work: Work) -> requests.Response:
    """The work is done, and half of the answer arrives."""
    response = work()
    response._content = response.content[: len(response.content) // 2]
    return response


def emptied(work: Work) -> requests.Response:
    """The work is done, and an empty answer arrives."""
    response = work()
    response._content = b""
    return response


def failed_later(code: int) -> Fault:
    """The work is done, and a server error arrives."""

    def fault(work: Work) -> requests.Response:
        work()
        return answer(code, {"fault": {"code": "E5", "text": "internal"}})

    return fault


@dataclass
class Job:
    """A job: until when it runs, and how it ends."""

    until: float
    end: requests.Response


class Server(requests.adapters.BaseAdapter):
    """The kilns' server. Time moves its states; `faults` make the next calls go wrong."""

    FIELDS = frozenset(
        {"name", "zone", "targetHeat", "note", "meta", "timer", "workers", "id", "power"}
        | {"glaze", "door", "racks", "vents", "recipe", "ward"}
    )
    SILENT = frozenset({"glaze", "door", "vents"})

    def __init__(self, time: Time, *, by: str, jobs: bool) -> None:
        super().__init__()
        self.time, self.by, self.jobs = time, by, jobs
        self.requests: list[requests.PreparedRequest] = []
        self.build_seconds = 30.0
        self.job_seconds = 10.0
        self.kilns: dict[str, dict[str, Any]] = {}
        self.courses: dict[str, list[tuple[float, dict[str, Any] | None]]] = {}
        self.pending: dict[str, Job] = {}
        self.journal: list[tuple[str, Any]] = []
        self.faults: dict[str, list[Fault]] = {}
        self.doom = ""
        self.fills_in: dict[str, Any] = {}
        self.number = 0

    # what tests ask and do

    def calls(self, operation: str) -> list[Any]:
        """Bodies of the calls of one operation."""
        return [sent for name, sent in self.journal if name == operation]

    @property
    def changing(self) -> list[str]:
        """Operations other than looks, in order."""
        looks = ("ShowKiln", "ListKilns", "ShowJob", "LogIn")
        return [name for name, _ in self.journal if name not in looks]

    @property
    def only(self) -> dict[str, Any]:
        """The one kiln that there is."""
        (kiln,) = self.kilns.values()
        return kiln

    def put(self, **document: Any) -> dict[str, Any]:
        """Somebody else's kiln."""
        made = self._make({"targetHeat": 1, **document})
        made["status"], self.courses[self._key(made)] = "ACTIVE", []
        return made

    # requests' side

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        url = urlsplit(str(request.url))
        sent = json.loads(request.body) if request.body else None
        _, realm, *path = url.path.split("/")
        assert realm == "r1"
        name, work = self._route(
            str(request.method),
            [unquote(part) for part in path],
            url,
            sent,
            request.headers.get("X-Job", ""),
        )
        self.journal.append((name, sent))
        self.requests.append(request)
        self._pass_time()
        faults = self.faults.get(name)
        response = faults.pop(0)(work) if faults else work()
        response.request, response.url = request, str(request.url)
        return response

    def close(self) -> None:
        """Nothing is open."""

    # the server's side

    def _route(
        self, method: str, path: list[str], url: Any, sent: Any, job: str
    ) -> tuple[str, Work]:
        asked = {name: values[0] for name, values in parse_qs(url.query).items()}
        if path[0] == "jobs":
            return "ShowJob", lambda: self._job(path[1])
        if len(path) == 1 and method == "GET":
            return "ListKilns", lambda: answer(200, {"kilns": self._named(asked["name"])})
        if len(path) == 1:
            return "CreateKiln", lambda: self._later(lambda: self._create({**sent, **asked}), job)
        if len(path) == 4:
            verb = "Add" if method == "POST" else "Drop"
            name = f"{verb}{path[2].capitalize().removesuffix('s')}"
            return name, lambda: self._later(lambda: self._entry(verb, *path[1:]), job)
        routes: dict[tuple[str, int], tuple[str, Callable[[dict[str, Any]], requests.Response]]] = {
            ("GET", 2): ("ShowKiln", self._shown),
            ("PATCH", 2): ("AnnotateKiln", lambda kiln: self._annotate(kiln, sent)),
            ("PUT", 2): ("RebuildKiln", lambda kiln: self._rebuild(kiln, {**sent, **asked})),
            ("DELETE", 2): ("DeleteKiln", self._delete),
            ("POST", 3): ("PowerKiln", lambda kiln: self._power(kiln, sent["power"])),
            ("PUT", 3): (f"Set{path[-1].capitalize()}", lambda kiln: self._set(kiln, sent)),
            ("DELETE", 3): ("DropTags", lambda kiln: self._drop(kiln, asked["keys"].split(","))),
        }
        name, work = routes[method, len(path)]

        def on_kiln() -> requests.Response:
            kiln = self.kilns.get(path[1])
            return work(kiln) if kiln else answer(404, {"fault": {"code": "NONE", "text": "none"}})

        return name, on_kiln if method == "GET" else lambda: self._later(on_kiln, job)

    def _later(self, work: Work, job: str = "") -> requests.Response:
        """Answer with a job; what goes wrong is said by the job."""
        if not self.jobs:
            return work()
        if job in self.pending:
            return answer(400, {"fault": {"code": "JOB-KNOWN", "text": "there is such a job"}})
        self.number += 1
        job = job or f"j{self.number}"
        self.pending[job] = Job(self.time.at + self.job_seconds, work())
        return answer(202, {"location": f"http://inside.invalid/jobs/{job}"})

    def _job(self, name: str) -> requests.Response:
        job = self.pending.get(name)
        if job is None:
            return answer(404, {"fault": {"code": "JOB-OVER", "text": "no such job"}})
        if self.time.at < job.until:
            return answer(202, {"state": "running"})
        return job.end if job.end.content else answer(200, {})

    def _named(self, name: str) -> list[dict[str, Any]]:
        return [{"id": one["id"]} for one in self.kilns.values() if one["name"] == name]

    def _key(self, kiln: dict[str, Any]) -> str:
        return kiln["name"] if self.by == "name" else kiln["id"]

    def _make(self, sent: dict[str, Any]) -> dict[str, Any]:
        assert set(sent) <= self.FIELDS
        self.number += 1
        own = {
            "id": f"k-{self.number}",
            "stamp": f"s{self.number}",
            "bornAt": EPOCH + self.time.at,
            "version": 1,
            "status": "BUILDING",
        }
        kiln = {**own, **sent, "links": {"self": f"https://kilns.invalid/{own['id']}"}}
        key = self._key(kiln)
        self.kilns[key], self.courses[key] = kiln, []
        return kiln

    def _create(self, sent: dict[str, Any]) -> requests.Response:
        taken = {"fault": {"code": "TAKEN", "text": "the name is taken"}}
        if self._named(sent["name"]) or sent.get("id") in self.kilns:
            return answer(409, taken)
        kiln = self._make(sent)
        self._build(kiln)
        return self._shown(kiln)

    def _build(self, kiln: dict[str, Any]) -> None:
        kiln["status"] = "BUILDING"
        good = {"status": "ACTIVE", "reason": ""}
        bad = {"status": "BROKEN", "reason": self.doom}
        self._then(kiln, self.build_seconds, bad if self.doom else good)

    def _then(self, kiln: dict[str, Any], after: float, change: dict[str, Any] | None) -> None:
        self.courses[self._key(kiln)] = [(self.time.at + after, change)]

    def _pass_time(self) -> None:
        for key, course in list(self.courses.items()):
            while course and course[0][0] <= self.time.at:
                _, change = course.pop(0)
                if change is None:
                    del self.kilns[key], self.courses[key]
                else:
                    self.kilns[key].update(change)

    def _shown(self, kiln: dict[str, Any]) -> requests.Response:
        """Like real ones, it leaves out what is empty, and adds what nobody asked for."""
        filled = {
            name: value
            for name, value in kiln.items()
            if value not in ("", [], {}, 0, None) and name not in self.SILENT
        }
        vents = kiln.get("vents") or []
        if vents:
            filled |= {"ventNames": vents, "ventIds": {one: f"v-{one}" for one in vents}}
        workers = [
            {**self.fills_in, **{name: part for name, part in one.items() if name != "seal"}}
            for one in kiln.get("workers") or []
        ]
        own = {"colour": "red", "zone": "z0", **filled}
        return answer(200, {**own, "workers": workers} if workers else own)

    def _annotate(self, kiln: dict[str, Any], sent: dict[str, Any]) -> requests.Response:
        assert set(sent) <= {"note", "meta"}
        kiln.update(sent)
        return self._shown(kiln)

    def _rebuild(self, kiln: dict[str, Any], sent: dict[str, Any]) -> requests.Response:
        assert set(sent) <= {"targetHeat", "timer", "workers", "coat", "recipe", "ward"}
        sent = {"glaze" if name == "coat" else name: value for name, value in sent.items()}
        if kiln["status"] in ("BUILDING", "COOLING", "DELETING"):
            return answer(409, {"fault": {"code": "BUSY", "text": "busy"}})
        before = {name: kiln.get(name) for name in sent}
        kiln.update(sent)
        kiln["version"] += 1
        self._build(kiln)
        if self.doom:  # a failed upgrade is rolled back
            self._then(kiln, self.build_seconds, {**before, "status": "ACTIVE"})
        return self._shown(kiln)

    def _entry(self, verb: str, key: str, kind: str, entry: str) -> requests.Response:
        entries: list[str] = self.kilns[key].setdefault(kind, [])
        if verb == "Drop":
            entry = entry.removeprefix("v-") if kind == "vents" else entry
        if (entry in entries) == (verb == "Add"):
            return answer(404 if verb == "Drop" else 409, {"fault": {"code": "ODD", "text": entry}})
        entries.append(entry) if verb == "Add" else entries.remove(entry)
        return answer(200, {})

    def _set(self, kiln: dict[str, Any], sent: dict[str, Any]) -> requests.Response:
        """Set tags, besides those that there are, or the latch."""
        tags = {**kiln.get("tags", {}), **sent.get("tags", {})}
        kiln.update({**sent, "tags": tags})
        return answer(200, {})

    def _drop(self, kiln: dict[str, Any], keys: list[str]) -> requests.Response:
        for key in keys:
            del kiln["tags"][key]
        return answer(200, {})

    def _power(self, kiln: dict[str, Any], wanted: str) -> requests.Response:
        wrong = {"on": ("COLD", "BROKEN"), "off": ("ACTIVE",)}
        if kiln["status"] not in wrong[wanted]:
            return answer(409, {"fault": {"code": "BUSY", "text": "busy"}})
        kiln["version"] += 1
        if wanted == "on":
            self._build(kiln)
        else:
            kiln["status"] = "COOLING"
            self._then(kiln, 5.0, {"status": "COLD"})
        return self._shown(kiln)

    def _delete(self, kiln: dict[str, Any]) -> requests.Response:
        kiln["status"] = "DELETING"
        self._then(kiln, 20.0, None)
        return answer(204)


# --- all of it together --------------------------------------------------------------------------


class Unsigned(requests.auth.AuthBase):
    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


class World:
    """One cloud of one shape, and operations on it."""

    def __init__(self, *, by: str = "server", jobs: Jobs | None = None) -> None:
        self.time = Time()
        self.server = Server(self.time, by=by, jobs=jobs is not None)
        self.table = table(self.connect, by=by, jobs=jobs)
        self.row: list[str] = []
        self.warnings: list[str] = []

    def connect(self, _settings: Settings, identity: Identity) -> Client:
        client = Client(
            "https://kilns.invalid",
            DIALECT,
            Unsigned(),
            path={"realm": identity.project_id},
            clock=self.time.clock,
        )
        client._session.trust_env = False  # no proxies of this machine
        client._session.mount("https://", self.server)
        return client

    def operation(
        self,
        *,
        urn: str = "urn:kiln",
        stack: dict[str, str] | None = None,
        alive: Callable[[], bool] = lambda: True,
        limit: float | None = None,
        state: dict[str, Any] | None = None,
    ) -> Operation:
        """One verb of one resource; each run of the program makes new ones."""
        settings = Settings((stack or {}).get, {})
        identity = Identity("acme", "pottery", "prod", "north", "r1").marked(urn, "")
        waiter = Waiter("kiln", self.time.clock, self.row.append, alive, limit)
        client = self.connect(settings, identity)
        known = (state or {}).get(self.table.incarnation, "")
        return Operation(
            self.table, client, identity, settings, waiter, self.warnings.append, known
        )
