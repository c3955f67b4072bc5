"""What programs ask for: services of all kinds, and the ways in which that changes.

A program is data. The same few lines, in `program`, deploy whatever `wanted.json` lists.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Collection, Mapping

SECRET = "CHAOS_SECRET"  # noqa: S105 - the name of a variable
"""Variable that holds the text that every service keeps secret."""

TEXT = Path(__file__).parent / "program"

TOKENS = {
    "service": "modelarts:Service",
    "catalogue": "zstack:ModelService",
    "deployment": "zstack:ModelServiceDeployment",
    "app": "pai:AppService",
}


@dataclass(frozen=True)
class Wanted:
    """One service that a program asks for.

    Attributes:
        key: What it is known by, the name of its first resource; what follows a dot tells resources
            of one name apart.
        kind: `service` (ModelArts), `catalogue` or `deployment` (ZStack), `app` (PAI).
        args: Arguments; `{"$of": key}` is the id of another service, `{"$secret": text}` the
            secret with a text behind it.
        parent: Colour of the component that it belongs to; empty: none.
        delete_first: Whether its replacements delete first by option.
        names: Names that the resource has had, today's last.
        found: Id of the service that it has adopted and not replaced since; empty: none.
    """

    key: str
    kind: str
    args: Mapping[str, Any]
    parent: str = ""
    delete_first: bool = False
    names: tuple[str, ...] = ()
    found: str = ""

    @property
    def all_names(self) -> tuple[str, ...]:
        """Names that the resource has had, the first too."""
        return (self.key.partition(".")[0], *self.names)

    @property
    def urn(self) -> str:
        """Its URN in the stack of a life."""
        parent = f"chaos:index:{self.parent}$" if self.parent else ""
        token = f"pulumi-python:dynamic/{TOKENS[self.kind]}"
        return f"urn:pulumi:{STACK}::{PROJECT}::{parent}{token}::{self.all_names[-1]}"

    @property
    def refers(self) -> set[str]:
        """Keys of the services that its arguments name."""
        return {one["$of"] for one in _leaves(self.args) if isinstance(one, dict)}

    @property
    def is_given(self) -> bool:
        """Whether its name, or on ZStack its uuid, is given: then a replacement deletes first."""
        return "service_name" in self.args or "resource_uuid" in self.args

    @property
    def is_unmarked(self) -> bool:
        """Whether nothing on the service may say whose it is.

        The name is given, and the description leaves no room; PAI's label comes a moment later.
        """
        if self.kind == "app":
            return "service_name" in self.args
        room = LONGEST - len(self.args.get("description", "")) >= len(" [md:0123456789ab]")
        return "service_name" in self.args and not room

    def having(self, **args: Any) -> Wanted:
        """The same with other arguments; `None` takes one away."""
        merged = {**self.args, **args}
        return replace(self, args={name: one for name, one in merged.items() if one is not None})


STACK, PROJECT = "dev", "chaos"

LONGEST = 100
"""Characters of a description."""

Program = dict[str, Wanted]
"""What is asked for, by key, in the order of construction."""


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, dict) and not {"$of"} & set(value):
        return [leaf for one in value.values() for leaf in _leaves(one)]
    if isinstance(value, list):
        return [leaf for one in value for leaf in _leaves(one)]
    return [value]


def write(program: Program, folder: Path) -> None:
    """Write a program into the folder of its project."""
    shutil.copytree(TEXT, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "wanted.json").write_text(
        json.dumps([asdict(one) | {"names": one.all_names} for one in program.values()])
    )


# --- the first program ---------------------------------------------------------------------------


def first(draw: random.Random) -> Program:
    """Ask for ten services: given and automatic names, twins, dependents."""
    return {
        one.key: one
        for one in (
            Wanted("auto", "service", _service(draw)),
            Wanted(
                "given",
                "service",
                _service(draw, service_name=f"given-{_hex(draw, 4)}")
                | draw.choice(({}, {}, {"description": "w" * LONGEST})),
            ),
            Wanted("heir", "service", _service(draw, envs={"UPSTREAM": {"$of": "given"}})),
            Wanted(
                "still",
                "service",
                _service(draw, service_name=f"still-{_hex(draw, 4)}", desired_status="stopped"),
            ),
            Wanted("twin.1", "service", _service(draw), parent="Blue"),
            Wanted("twin.2", "service", _service(draw), parent="Green"),
            Wanted("entry", "catalogue", _catalogue(draw)),
            Wanted("runs", "deployment", _deployment(draw)),
            Wanted("app", "app", _app(draw)),
            Wanted("named", "app", _app(draw, service_name=f"named_{_hex(draw, 4)}")),
        )
    }


def fleet(draw: random.Random, size: int) -> Program:
    """Ask for many services of all kinds."""
    rows = []
    for number in range(size // 5):
        rows += [
            Wanted(f"app-{number}", "app", _app(draw)),
            Wanted(f"auto-{number}", "service", _service(draw)),
            Wanted(
                f"given-{number}",
                "service",
                _service(draw, service_name=f"given-{number}-{_hex(draw, 4)}"),
            ),
            Wanted(f"entry-{number}", "catalogue", _catalogue(draw)).having(resource_uuid=None),
            Wanted(f"runs-{number}", "deployment", _deployment(draw, f"entry-{number}")),
        ]
    return {one.key: one for one in rows}


def _service(
    draw: random.Random, envs: Mapping[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    described = {"description": f"words {_hex(draw, 3)}"} if _chance(draw, 0.5) else {}
    config = {
        "model_id": "model-1",
        "weight": 100,
        "specification": "modelarts.vm.cpu.2u",
        "instance_count": 1,
        "envs": {"PASSWORD": {"$secret": "-1"}, **(envs or {})},
    }
    return {"infer_type": "real-time", "config": [config], **described, **more}


def _catalogue(draw: random.Random) -> dict[str, Any]:
    given = {"resource_uuid": _uuid(draw)} if _chance(draw, 0.5) else {}
    return {
        "yaml": "services:\n- {name: llm, ports: [3000], livez: /health, readyz: /ready}\n",
        "request_cpu": 4,
        "request_memory": 8192,
        "model_center_uuid": "c" * 32,
        "install_path": "/path-1",
        "start_command": "serve",
        "user_tags": ["team"],
        "architecture_images": [{"cpu_architecture": "x86_64", "docker_image": "llm:1"}],
        **given,
    }


def _deployment(draw: random.Random, of: str = "entry") -> dict[str, Any]:
    return {
        "model_service_uuid": {"$of": of},
        "zone_uuid": "f" * 32,
        "type": "Container",
        "docker_image": "llm:1",
        "model_uuid": f"{draw.randrange(10)}" * 32,
        "l3_network_uuids": ["e" * 32],
        "environment_variables": {"PASSWORD": {"$secret": "-1"}},
    }


def _app(draw: random.Random, **more: Any) -> dict[str, Any]:
    labelled = {"labels": {"team": _hex(draw, 2)}} if _chance(draw, 0.5) else {}
    config = {"ModelStorage": "oss", "OssPath": "oss://bucket/one/", "Note": {"$secret": "-1"}}
    return {
        "app_type": "LLM",
        "service_spec": "llama_7b_fp16",
        "replicas": 1,
        "config": config,
        **labelled,
        **more,
    }


def _chance(draw: random.Random, share: float) -> bool:
    return draw.random() < share


def _hex(draw: random.Random, size: int) -> str:
    return draw.randbytes(size).hex()


def _uuid(draw: random.Random) -> str:
    """Draw a uuid of version 4."""
    digits = _hex(draw, 16)
    return f"{digits[:12]}4{digits[13:16]}8{digits[17:]}"


# --- changes -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Change:
    """What a step asks for.

    Attributes:
        program: The program then.
        calls: Operations of the clouds that this takes, about.
        words: What the command says besides.
        standing: Services that others have made before, by id: they are to be adopted.
    """

    program: Program
    calls: tuple[str, ...]
    words: tuple[str, ...] = ()
    standing: Mapping[str, Wanted] = field(default_factory=dict)


CREATES: Mapping[str, str] = {
    "service": "CreateService",
    "catalogue": "AddModelService",
    "deployment": "DeployModelService",
    "app": "CreateAppService",
}
UPDATES: Mapping[str, str] = {
    "service": "UpdateService",
    "catalogue": "UpdateModelService",
    "deployment": "UpdateModelServiceInstanceGroup",
    "app": "UpdateAppService",
}
DELETES: Mapping[str, str] = {
    "service": "DeleteService",
    "catalogue": "DeleteModelService",
    "deployment": "DeleteModelServiceInstanceGroup",
    "app": "DeleteService",
}
"""Operations by the kind of service."""

MARKS: Mapping[str, str] = {
    "service": "UpdateService",
    "catalogue": "CreateUserTag",
    "deployment": "CreateUserTag",
    "app": "UpdateServiceLabel",
}
"""Operation by kind that writes a mark on an object."""

ANEW: Mapping[str, str] = {
    "service": "workspace_id",
    "catalogue": "install_path",
    "deployment": "model_uuid",
    "app": "service_name",
}
"""An argument by kind that only a new service can have otherwise."""


def change(before: Program, after: Program) -> Change:
    """Build the change from one program to another."""
    calls: list[str] = []
    for key, one in {**before, **after}.items():
        old, new, anew = before.get(key), after.get(key), ANEW[one.kind]
        if old is None or (new and old.args.get(anew) != new.args.get(anew)):
            calls.append(CREATES[one.kind])
        elif new and old.args != new.args:
            calls.append(UPDATES[one.kind])
        if new is None or (old and old.args.get(anew) != new.args.get(anew)):
            calls.append(DELETES[one.kind])
    return Change(after, tuple(calls))


def create(program: Program, draw: random.Random) -> Change:
    """Ask for the first services."""
    return change(program, first(draw))


def update(program: Program, draw: random.Random) -> Change:
    """Change some services in place."""
    return change(
        program, program | {key: updated(program[key], draw) for key in _some(program, draw)}
    )


def anew(program: Program, draw: random.Random) -> Change:
    """Replace some services: automatic names create first, given ones delete first."""
    return change(
        program, program | {key: replaced(program[key], draw) for key in _some(program, draw)}
    )


def force(program: Program, draw: random.Random) -> Change:
    """Replace some services although nothing of them changed.

    Automatic names get the option that the guides ask for, most of the time: without it the service
    is found again and kept. What was adopted is not to be adopted again.
    """
    some = [program[key] for key in _some(program, draw)]
    option, target = _chance(draw, 0.8), _chance(draw, 0.3)
    changed = {
        one.key: replace(
            one.having(adopt=None, adopt_from=None),
            delete_first=option and not one.is_given,
            found="",
        )
        for one in some
    }
    words = ["--target-dependents"] if target else []
    for one in some:
        words += ["--target-replace" if target else "--replace", one.urn]
    calls = [CALL[one.kind] for one in some for CALL in (CREATES, DELETES)]
    return Change(program | changed, tuple(calls), tuple(words))


def remove(program: Program, draw: random.Random) -> Change:
    """Remove some services, and what cannot be without them."""
    return change(program, _without(program, _some(program, draw)))


def rename(program: Program, draw: random.Random) -> Change:
    """Give some resources other names, with aliases for the old ones."""
    some = {
        key: replace(program[key], names=(*program[key].names, f"{key[:4]}-{_hex(draw, 2)}"))
        for key in _some(program, draw)
    }
    # ModelArts' automatic names and ZStack's given uuids carry no mark that could be written anew.
    marked = (
        one for one in some.values() if one.kind == "app" or one.is_given == (one.kind == "service")
    )
    return Change(program | some, tuple(MARKS[one.kind] for one in marked))


def mix(program: Program, draw: random.Random) -> Change:
    """Change, replace and remove at once, and add what is missing of the first program."""
    changed = dict(program)
    for key in _some(program, draw):
        changed[key] = draw.choice((updated, replaced))(program[key], draw)
    if _chance(draw, 0.5):
        changed = _without(changed, _some(changed, draw))
    fresh = first(draw)
    missing = {key: one for key, one in fresh.items() if key not in program}
    merged = {**changed, **missing}
    return change(program, _without(merged, fresh.keys() - merged.keys()))


def adopt(program: Program, draw: random.Random) -> Change:
    """Take over services that others have made, as they are or not."""
    standing, taken, calls = {}, {}, list[str]()
    for number in range(draw.randint(1, 3)):
        kind, key = draw.choice(list(_STANDING)), f"taken-{number}-{_hex(draw, 2)}"
        found, mark = _uuid(draw), draw.choice(("", "", "0123456789ab"))
        args = _STANDING[kind](draw)
        before = Wanted(key, kind, args, found=found).having(resource_uuid=None)
        standing[found] = before.having(adopt_from=mark or None)
        wanted = updated(before, draw) if _chance(draw, 0.7) else before
        if kind == "app":  # what the program does not ask for stays as others made it
            wanted = wanted.having(config=wanted.args.get("config", args["config"]))
        calls += [UPDATES[kind]] if wanted != before else []
        taken[key] = wanted.having(adopt=found, adopt_from=mark or None)
    return Change(program | taken, tuple(calls), standing=standing)


_STANDING: Mapping[str, Callable[[random.Random], dict[str, Any]]] = {
    "service": _service,
    "catalogue": _catalogue,
    "app": _app,
}
"""Kinds of services that others make."""

CHANGES: Mapping[str, Callable[[Program, random.Random], Change]] = {
    "update": update,
    "replace": anew,
    "force": force,
    "remove": remove,
    "rename": rename,
    "adopt": adopt,
    "mix": mix,
}


def edited(how: str, before: Program, draw: random.Random) -> Program:
    """Change a program whose run was cut short.

    Names of PAI's services stay: who gives another one leaves behind what the run may have made.
    """
    after = CHANGES[how](before, draw).program
    for key, one in before.items():
        if one.kind == "app":
            same = after[key].having(service_name=one.args.get("service_name"))
            after[key] = replace(same, found=one.found)
    return after


def _some(program: Program, draw: random.Random) -> list[str]:
    return draw.sample(list(program), min(len(program), draw.randint(1, 4)))


def _without(program: Program, gone: Collection[str]) -> Program:
    """Leave services out, deployments of theirs too; others only lose the reference."""
    needs = {
        key for key, one in program.items() if one.kind == "deployment" and one.refers & {*gone}
    }
    left = {key: one for key, one in program.items() if key not in {*gone, *needs}}
    return {
        key: _with_envs(one, UPSTREAM=None) if one.refers & {*gone} else one
        for key, one in left.items()
    }


def updated(one: Wanted, draw: random.Random) -> Wanted:
    """Change what can be changed in place."""
    word, secret = _hex(draw, 3), {"$secret": f"-{_hex(draw, 3)}"}
    if one.kind == "service":
        described = one.having(description=f"words {word}")
        return described if _chance(draw, 0.3) else _with_envs(described, PASSWORD=secret)
    if one.kind == "catalogue":
        models = [f"{draw.randrange(10)}" * 32]
        return one.having(description=word, user_tags=["team", word], model_uuids=models)
    if one.kind == "app":
        config = {"ModelStorage": "oss", "OssPath": f"oss://bucket/{word}/", "Note": secret}
        changed = draw.choice(({"config": config}, {"replicas": 2, "config": None}, {}))
        return one.having(labels={"word": word}, **changed)
    return one.having(description=word, environment_variables={"PASSWORD": secret, "WORD": word})


def _with_envs(one: Wanted, **envs: Any) -> Wanted:
    if one.kind != "service":
        return one
    (config,) = one.args["config"]
    merged = {**config["envs"], **envs}
    kept = {name: value for name, value in merged.items() if value is not None}
    return one.having(config=[{**config, "envs": kept}])


def replaced(one: Wanted, draw: random.Random) -> Wanted:
    """Change what only a new service can have."""
    values = {
        "service": f"w-{_hex(draw, 3)}",
        "catalogue": f"/path-{_hex(draw, 3)}",
        "deployment": _hex(draw, 16),
        "app": f"other_{_hex(draw, 4)}",
    }
    return replace(one.having(**{ANEW[one.kind]: values[one.kind]}), found="")
