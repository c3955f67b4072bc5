"""Compares cloud, state and program, with nothing of the package's own code."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from chaos.programs import PROJECT, STACK, TOKENS, Program, Wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from pulumi_modeldeploy.emulator import AdminClient

Document = dict[str, Any]
_AUTOMATIC = re.compile("(?P<stem>.+)[-_][0-9a-f]{12}")
_WRITTEN = re.compile(r" ?\[md:[0-9a-f]{12}\]$")
STANDING = "standing"
"""What the names of services begin with that are to be adopted."""
_MOVES = "operation_time"
"""When the cloud was asked: it moves with every look."""


@dataclass
class Findings:
    """What is not as it should be, in words, by what it is.

    Attributes:
        orphans: Services that nobody knows.
        duplicates: Of these, those that the program's own services stand beside.
        takeovers: Foreign services that were touched.
        lost: Services that the program asks for and that do not exist.
        wrong: Services, or the state, that are not as the program says.
        leaks: Places where a secret stands.
        failed: Runs that should have ended well, or otherwise.
    """

    orphans: list[str] = field(default_factory=list)
    duplicates: list[str] = field(default_factory=list)
    takeovers: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    leaks: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """One line for each."""
        return [f"{kind}: {one}" for kind, found in vars(self).items() for one in found]

    def add(self, other: Findings) -> None:
        """Take over what somebody else found."""
        for kind, found in vars(other).items():
            getattr(self, kind).extend(found)


def cloud(admin: AdminClient) -> dict[str, Document]:
    """Return everything that exists, by id."""
    found = {one["service_id"]: one for one in admin.resources("modelarts")}
    found |= {one["uuid"]: one for one in admin.resources("zstack")}
    found |= {one["ServiceName"]: one for one in admin.resources("pai")}
    return {key: {k: v for k, v in one.items() if k != _MOVES} for key, one in found.items()}


@dataclass(frozen=True)
class State:
    """A stack's state, as it is on the disk.

    Attributes:
        ids: Id of each service, by URN.
        doomed: Ids of objects that are still to be deleted.
        unready: URNs of resources that are stored with errors.
        pending: How many operations it says are under way.
    """

    ids: Mapping[str, str]
    doomed: frozenset[str]
    unready: tuple[str, ...]
    pending: int


def state(store: Path) -> State:
    """Read the state out of a file backend."""
    file = store / ".pulumi" / "stacks" / PROJECT / f"{STACK}.json"
    latest = json.loads(file.read_text())["checkpoint"].get("latest") or {}
    ours = [one for one in latest.get("resources") or [] if one["type"].endswith(_TYPES)]
    return State(
        {one["urn"]: one["id"] for one in ours if not one.get("delete")},
        frozenset(one["id"] for one in ours if one.get("delete")),
        tuple(one["urn"] for one in ours if one.get("initErrors")),
        len(latest.get("pending_operations") or []),
    )


_TYPES = tuple(TOKENS.values())


def compare(
    program: Program,
    secret: str,
    known: State,
    there: Mapping[str, Document],
    foreign: Mapping[str, Document],
) -> Findings:
    """Judge what exists after a run that ended well.

    Args:
        program: What was asked for.
        secret: The text that services keep secret.
        known: The state.
        there: The cloud.
        foreign: What stood in it before, as it was then.
    """
    found = Findings()
    found.takeovers += [key for key, one in foreign.items() if there.get(key) != one]
    own = {key: one for key, one in there.items() if key not in foreign}
    for key in own.keys() - set(known.ids.values()):
        found.orphans.append(f"{key} {_named(own[key])}")
        if any(_is_of(wanted, own[key]) for wanted in program.values()):
            found.duplicates.append(f"{key} {_named(own[key])}")
    urns = {one.urn: one.key for one in program.values()}
    found.wrong += [f"{urn} is in the state only" for urn in known.ids.keys() - urns.keys()]
    found.wrong += [f"{one} is still to be deleted" for one in known.doomed]
    found.wrong += [f"{urn} is stored with errors" for urn in known.unready]
    ids = {key: known.ids.get(urn, "") for urn, key in urns.items()}
    for key, wanted in program.items():
        document = own.get(ids[key])
        if document is None:
            found.lost.append(f"{key} {ids[key]}")
        else:
            found.wrong += _differences(wanted, document, ids, secret)
    return found


def _named(document: Document) -> str:
    names = (document.get(key) for key in ("service_name", "name", "ServiceName"))
    return str(next(one for one in names if one))


def _stem(document: Document) -> str:
    """What an automatic name was made of; empty where a name is none."""
    found = _AUTOMATIC.fullmatch(_named(document))
    return found["stem"].replace("_", "-") if found else ""


def _is_of(wanted: Wanted, document: Document) -> bool:
    """Tell whether a service looks as if it were made for a resource, by its name."""
    given = wanted.args.get("service_name") == _named(document)
    return given or _stem(document) in wanted.all_names


def _differences(
    wanted: Wanted, document: Document, ids: Mapping[str, str], secret: str
) -> list[str]:
    """Name what a service has otherwise than it should."""
    expected = EXPECTED[wanted.kind](resolved(wanted.args, ids, secret))
    actual = SHOWN[wanted.kind](document)
    taken = wanted.found and actual["name"].startswith((STANDING, wanted.found))
    if not expected["name"] and (_stem(document) in wanted.all_names or taken):
        expected["name"] = actual["name"]
    if wanted.found and "labels" in actual:  # those of others are left alone
        actual["labels"] = {key: actual["labels"].get(key) for key in expected["labels"]}
    expected["id"], actual["id"] = wanted.found or ids[wanted.key], ids[wanted.key]
    return [
        f"{wanted.key} {ids[wanted.key]}: {name} should be {_quiet(value, secret)}, is "
        f"{_quiet(actual[name], secret)}"
        for name, value in expected.items()
        if actual[name] != value
    ]


def _quiet(value: Any, secret: str) -> str:
    return str(value).replace(secret, "***")


def resolved(value: Any, ids: Mapping[str, str], secret: str) -> Any:
    """Put ids of services and the secret into arguments."""
    if isinstance(value, list):
        return [resolved(one, ids, secret) for one in value]
    if not isinstance(value, dict):
        return value
    if "$of" in value:
        return ids[value["$of"]]
    if "$secret" in value:
        return secret + value["$secret"]
    return {key: resolved(one, ids, secret) for key, one in value.items()}


def _expected_service(args: Document) -> Document:
    (config,) = args["config"]
    return {
        "name": args.get("service_name", ""),
        "description": args.get("description", ""),
        "workspace": args.get("workspace_id", "0"),
        "model": config["model_id"],
        "envs": config["envs"],
        "status": args.get("desired_status", "running"),
    }


def _shown_service(document: Document) -> Document:
    (config,) = document["config"]
    return {
        "name": document["service_name"],
        "description": _WRITTEN.sub("", document["description"]),
        "workspace": document["workspace_id"],
        "model": config["model_id"],
        "envs": config["envs"],
        "status": document["status"],
    }


def _expected_catalogue(args: Document) -> Document:
    return {
        "name": "",
        "description": args.get("description", ""),
        "path": args["install_path"],
        "models": sorted(args.get("model_uuids", [])),
    }


def _shown_catalogue(document: Document) -> Document:
    return {
        "name": document["name"],
        "description": document.get("description", ""),
        "path": document["installPath"],
        "models": sorted(one["modelUuid"] for one in document["modelServiceRefs"]),
    }


def _expected_deployment(args: Document) -> Document:
    return {
        "name": "",
        "description": args.get("description", ""),
        "of": args["model_service_uuid"],
        "model": args["model_uuid"],
        "environment": sorted(f"{k}:{one}" for k, one in args["environment_variables"].items()),
        "status": "Running",
    }


def _shown_deployment(document: Document) -> Document:
    return {
        "name": document["name"],
        "description": document.get("description", ""),
        "of": document.get("modelServiceUuid", ""),
        "model": document["modelUuid"],
        "environment": sorted(yaml.safe_load(document["yaml"])["env"]),
        "status": document["status"],
    }


def _expected_app(args: Document) -> Document:
    return {
        "name": args.get("service_name", ""),
        "spec": args["service_spec"],
        "replicas": args["replicas"],
        "config": args.get("config", {}),
        "labels": args.get("labels", {}),
        "status": "Running",
    }


def _shown_app(document: Document) -> Document:
    labels = {one["LabelKey"]: one["LabelValue"] for one in document["Labels"]}
    return {
        "name": document["ServiceName"],
        "spec": document["AppSpecName"],
        "replicas": document["TotalInstance"],
        "config": json.loads(document["AppConfig"] or "{}"),
        "labels": {key: one for key, one in labels.items() if key in _LABELS},
        "status": document["Status"],
    }


_LABELS = ("team", "word")
"""Labels of programs; there is one more with the mark."""

EXPECTED: Mapping[str, Callable[[Document], Document]] = {
    "service": _expected_service,
    "catalogue": _expected_catalogue,
    "deployment": _expected_deployment,
    "app": _expected_app,
}
SHOWN: Mapping[str, Callable[[Document], Document]] = {
    "service": _shown_service,
    "catalogue": _shown_catalogue,
    "deployment": _shown_deployment,
    "app": _shown_app,
}


def leaks(folder: Path, secrets: list[str]) -> list[str]:
    """Name the files below a folder that hold a secret."""
    wanted = [one.encode() for one in secrets]
    files = (path for path in folder.rglob("*") if path.is_file())
    return [str(path) for path in files if any(one in path.read_bytes() for one in wanted)]
