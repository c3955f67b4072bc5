"""Runs rules over resources without an engine: for the tests of a team's own rules.

    def test_the_ceiling():
        services = [resource(pai.AppService, "llama", app_type="LLM", service_spec="s", replicas=9)]
        assert judge(CEILING, services).messages == ["llama: replicas: must be at most 5, is 9"]

    def test_the_program():
        verdict = judge(RULES, Path("."), profile="production", region="eu-de")
        assert verdict.messages == []

Rules see what the engine would hand them: arguments after the package's check, with guards before
what is not known, and the package's bookkeeping. A program runs under Pulumi's mocks.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import inspect
import json
import re
import runpy
import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pulumi
from google.protobuf import json_format
from pulumi.runtime import mocks
from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyCustomTimeouts,
    PolicyResource,
    PolicyResourceOptions,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.deserialize import (
    SPECIAL_SECRET_SIG,
    SPECIAL_SIG_KEY,
    deserialize_properties,
    serialize_properties,
)
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, UnknownValueError, unknown_checking_proxy

from pulumi_modeldeploy.core import inputs, plan
from pulumi_modeldeploy.core.declare import BOOKKEEPING, Declaration
from pulumi_modeldeploy.core.resource import Resource, flatten
from pulumi_modeldeploy.core.values import UNKNOWN, has_unknown
from pulumi_modeldeploy.errors import InvalidInputs, SettingsError
from pulumi_modeldeploy.policy.catalogue import PROFILES
from pulumi_modeldeploy.policy.pack import BASELINE, LEVEL, combine, policies
from pulumi_modeldeploy.policy.rule import Rule, StackRule
from pulumi_modeldeploy.policy.views import VIEWS, kind_of, plain, within

if TYPE_CHECKING:
    from pulumi_modeldeploy.core.table import Table
    from pulumi_modeldeploy.policy.catalogue import Configuration

PROJECT = "project"
T = TypeVar("T")


# --- resources -----------------------------------------------------------------------------------


@dataclass
class Planned:
    """A resource, as a program gives it; made by `resource` and `foreign`.

    Attributes:
        token: Its type.
        name: Its name in the stack.
        state: Its arguments, spelled as in the state; `UNKNOWN` stands for what is not known.
        outputs: What an update adds to them.
        protect: Whether the resource option `protect` is given.
        secrets: Paths of arguments that are secret, such as `config[0].envs.TOKEN`.
        olds: Its arguments in the last deployment; empty: it is new.
        region: The cloud's region; empty: that of `judge`.
        depends: Which resources an argument comes from, by their names or URNs, by its name in the
            state.
        sound: Whether the arguments must pass the check.
        urn: Its URN; empty: one of its own type and name.
    """

    token: str
    name: str
    state: dict[str, Any]
    outputs: dict[str, Any] = field(default_factory=dict)
    protect: bool = False
    secrets: Sequence[str] = ()
    olds: Mapping[str, Any] = field(default_factory=dict)
    region: str = ""
    depends: Mapping[str, Sequence[str]] = field(default_factory=dict)
    sound: bool = True
    urn: str = ""


def resource(
    kind: type[Resource],
    name: str,
    /,
    *,
    outputs: Mapping[str, Any] | None = None,
    protect: bool = False,
    secrets: Sequence[str] = (),
    olds: Mapping[str, Any] | None = None,
    region: str = "",
    depends: Mapping[str, str] | None = None,
    sound: bool = True,
    packaged: bool = False,
    **arguments: Any,
) -> Planned:
    """Give a resource of this package.

    Args:
        kind: Its class, such as `modelarts.Service`.
        name: Its name in the stack.
        outputs: What the cloud says about it, for rules over a stack after an update.
        protect: Whether the resource option `protect` is given.
        secrets: Paths of arguments that are secret, such as `config[0].envs.TOKEN`.
        olds: Its arguments in the last deployment; `None`: it is new.
        region: The cloud's region; empty: that of `judge`.
        depends: Name of the resource that an argument comes from, by argument.
        sound: Whether the arguments must pass the check.
        packaged: Whether it comes from the packaged plugin instead of a dynamic provider.
        arguments: Its arguments; `UNKNOWN` stands for what is not known before the update.
    """
    declaration = Declaration.of(kind)
    end = next(end for end, view in VIEWS.items() if issubclass(kind, view.shows()))
    prefix = "modeldeploy:" if packaged else "pulumi-python:dynamic/"
    return Planned(
        f"{prefix}{end}",
        name,
        flatten(declaration, arguments),
        declaration.to_state(outputs or {}),
        protect,
        secrets,
        flatten(declaration, olds or {}),
        region,
        {declaration.args[key].key: [one] for key, one in (depends or {}).items()},
        sound,
    )


def foreign(
    token: str, name: str, /, depends: Mapping[str, str] | None = None, **state: Any
) -> Planned:
    """Give a resource of another package, its properties spelled as in the state."""
    return Planned(token, name, state, depends={key: [one] for key, one in (depends or {}).items()})


# --- verdicts ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Violation:
    """What a rule found.

    Attributes:
        rule: Name of the rule.
        resource: Name of the resource; empty: the stack as a whole.
        message: What is wrong.
        level: What that does.
    """

    rule: str
    resource: str
    message: str
    level: EnforcementLevel


@dataclass
class Verdict:
    """What rules found.

    Attributes:
        violations: Everything, by rule.
        unknown: Rules of the SDK's own kind, and resources, where a value was not known yet.
        properties: Inputs of each resource after remediations, by URN, as they go over the wire.
    """

    violations: list[Violation] = field(default_factory=list)
    unknown: list[tuple[str, str]] = field(default_factory=list)
    properties: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def messages(self) -> list[str]:
        """What is wrong, each with the name of the resource, if it is about one."""
        return [f"{one.resource}: {one.message}".removeprefix(": ") for one in self.violations]

    @property
    def stopped(self) -> bool:
        """Whether an update would be stopped."""
        return any(one.level is EnforcementLevel.MANDATORY for one in self.violations)

    def wire(self, name: str) -> dict[str, Any]:
        """The inputs of a resource after remediations, as they go over the wire.

        Args:
            name: Its name in the stack, or its URN where several have that name.

        Raises:
            KeyError: There is no such resource, or several are called so.
        """
        fitting = [urn for urn in self.properties if name in (urn, urn.rpartition("::")[2])]
        if len(fitting) != 1:
            raise KeyError(f"{len(fitting)} resources are called {name}: {', '.join(fitting)}")
        return self.properties[fitting[0]]

    def inputs(self, name: str) -> dict[str, Any]:
        """The inputs of a resource after remediations, spelled as in the state; see `wire`."""
        found: dict[str, Any] = plain(deserialize_properties(self.wire(name)))
        return {key: one for key, one in found.items() if key != BOOKKEEPING}


def judge(
    rules: Rule | StackRule | Policy | Iterable[Rule | StackRule | Policy],
    program: Callable[[], object] | Path | Iterable[Planned],
    *,
    configuration: Configuration | Path | None = None,
    profile: str | None = None,
    profiles: Mapping[str, Configuration] = PROFILES,
    stack: str = "dev",
    region: str = "",
    config: Mapping[str, str] | None = None,
) -> Verdict:
    """Run rules over the resources of a program.

    Args:
        rules: One rule, or several, such as `RULES`.
        program: The resources (`resource`), or a program: a function, a file, or the folder of its
            `__main__.py`.
        configuration: Levels and settings by rule, or the file of `--policy-pack-config`.
        profile: The profile; `None`: each rule at its own level, and those that are disabled too.
        profiles: The profiles that there are.
        stack: The stack's name.
        region: The cloud's region that resources live in.
        config: The stack's configuration, by full key, which a program reads.

    Raises:
        InvalidInputs: Arguments of a resource do not pass the check.
        SettingsError: What is configured is no rule, no level or no setting.
    """
    single = isinstance(rules, Rule | StackRule | Policy)
    own = policies([rules] if single else rules)  # type: ignore[list-item,arg-type]
    said = _read(configuration) if isinstance(configuration, Path) else configuration or {}
    if profile and profile not in profiles:
        raise SettingsError(f"the profile must be one of {', '.join(profiles)}")
    configured = combine(
        [one.name for one in own],
        profiles[profile] if profile else {},
        {"the configuration": said},
        profile=profile or BASELINE,
    )
    if isinstance(program, Path) or callable(program):
        resources = _apart(_run, program, stack, config or {})
    else:
        resources = list(program)
    court = _Court(configured, stack, region, lenient=profile is None)
    return court.judge(own, resources)


def _read(file: Path) -> Configuration:
    found: Configuration = json.loads(file.read_text("utf-8"))
    return found


@dataclass
class _Court:
    """Runs policies of the SDK as its server does."""

    configured: Mapping[str, Mapping[str, Any]]
    stack: str
    region: str
    lenient: bool
    verdict: Verdict = field(default_factory=Verdict)

    def judge(self, own: Sequence[Policy], resources: Sequence[Planned]) -> Verdict:
        """Remedy, then judge each resource, then judge the stack."""
        for one in resources:
            self._register(one)
        for policy in own:
            if isinstance(policy, ResourceValidationPolicy) and self._level(policy) is _REMEDIATE:
                for one in resources:
                    self._remediate(policy, one)
        for policy in own:
            if self._level(policy) is EnforcementLevel.DISABLED:
                continue
            if isinstance(policy, ResourceValidationPolicy) and policy.has_validation():
                for one in resources:
                    self._validate(policy, one)
            elif isinstance(policy, StackValidationPolicy):
                self._validate_stack(policy, resources)
        return self.verdict

    def _register(self, one: Planned) -> None:
        one.urn = one.urn or f"urn:pulumi:{self.stack}::{PROJECT}::{one.token}::{one.name}"
        if one.urn in self.verdict.properties:
            raise InvalidInputs(f"two resources of one type are called {one.name}")
        self.verdict.properties[one.urn] = self._inputs(one)

    def _level(self, policy: Policy) -> EnforcementLevel:
        own = policy.enforcement_level or EnforcementLevel.ADVISORY
        level = self.configured.get(policy.name, {}).get(LEVEL)
        if level is None and self.lenient and own is EnforcementLevel.DISABLED:
            return EnforcementLevel.ADVISORY
        return EnforcementLevel(level) if level else own

    def _settings(self, policy: Policy) -> dict[str, Any]:
        """What the engine would hand over: defaults of the schema, and what is configured."""
        schema = policy.config_schema.properties if policy.config_schema else {}
        found = {key: one["default"] for key, one in schema.items() if "default" in one}
        found |= self.configured.get(policy.name, {})
        return {key: one for key, one in found.items() if key != LEVEL}

    def _inputs(self, one: Planned) -> dict[str, Any]:
        """Check and complete arguments, and spell them as on the engine's wire."""
        view = kind_of(one.token)
        if view is None:
            return dict(_wire(one.state))
        declaration = Declaration.of(view.shows())
        table: Table = sys.modules[declaration.owner.__module__].TABLE
        values = {key: value for key, value in one.state.items() if key != BOOKKEEPING}
        checked = inputs.check(declaration, declaration.from_state(values), table.rules)
        if checked.failures and one.sound:
            texts = "; ".join(problem.show(one.secrets) for problem in checked.failures)
            raise InvalidInputs(f"{one.name}: {texts}")
        state = declaration.to_state(checked.values) if one.sound else values
        wire = _wire(state)
        for path in one.secrets:
            _hide(declaration, wire, path)
        book: dict[str, Any] = {
            "stack": self.stack,
            "project": PROJECT,
            "region": one.region or self.region,
        }
        olds = declaration.from_state(one.olds)
        book |= {"secrets": list(one.secrets)}
        book |= {"adopted": True} if "adopt" in values and not olds else {}
        book |= _wire(plan.was(table, olds, checked.values, one.secrets))
        return {**wire, BOOKKEEPING: book}

    def _args(self, policy: Policy, one: Planned, props: Mapping[str, Any]) -> _Args:
        options = _options(one)
        settings = self._settings(policy)
        return _Args(one.token, props, one.urn, one.name, options, None, settings, {})

    def _remediate(self, policy: ResourceValidationPolicy, one: Planned) -> None:
        wire = self.verdict.properties[one.urn]
        props = unknown_checking_proxy(deserialize_properties(wire, True))
        changed = self._ask(
            policy, one.name, lambda: policy.remediate(self._args(policy, one, props))
        )
        if changed:
            self.verdict.properties[one.urn] = dict(serialize_properties(changed))

    def _validate(self, policy: ResourceValidationPolicy, one: Planned) -> None:
        def report(message: str, _urn: str | None = None) -> None:
            self._report(policy, one.name, message)

        props = unknown_checking_proxy(deserialize_properties(self.verdict.properties[one.urn]))
        args = self._args(policy, one, props)
        self._ask(policy, one.name, lambda: policy.validate(args, report))

    def _validate_stack(self, policy: StackValidationPolicy, resources: Sequence[Planned]) -> None:
        names = {one.urn: one.name for one in resources}

        def report(message: str, urn: str | None = None) -> None:
            self._report(policy, names[urn] if urn else "", message)

        args = _StackArgs(self._resources(resources), self._settings(policy))
        self._ask(policy, "", lambda: policy.validate(args, report))

    def _resources(self, resources: Sequence[Planned]) -> list[PolicyResource]:
        found = []
        for one in resources:
            wire = {**self.verdict.properties[one.urn], **_wire(one.outputs)}
            props = unknown_checking_proxy(deserialize_properties(wire))
            found.append(
                PolicyResource(
                    one.token, props, one.urn, one.name, _options(one), None, None, [], {}
                )
            )
        for one, seen in zip(resources, found, strict=True):
            # The engine tells of what the program gives and nobody knows yet where it comes from.
            unknown = (key for key, value in one.state.items() if has_unknown(value))
            seen.property_dependencies.update({key: [] for key in unknown})
            for key, names in one.depends.items():
                there = [other for other in found if {other.name, other.urn} & {*names}]
                seen.property_dependencies[key] = there
        return found

    def _ask(self, policy: Policy, name: str, run: Callable[[], Any]) -> Any:
        try:
            result = run()
            return _apart(_wait, result) if inspect.isawaitable(result) else result
        except UnknownValueError:
            self.verdict.unknown.append((policy.name, name))
        except _NotApplicable:
            pass  # the rule says that it is about something else
        return None

    def _report(self, policy: Policy, resource: str, message: str) -> None:
        level = self._level(policy)
        # What a remediation has not mended stops an update.
        level = EnforcementLevel.MANDATORY if level is _REMEDIATE else level
        self.verdict.violations.append(Violation(policy.name, resource, message, level))


_REMEDIATE = EnforcementLevel.REMEDIATE


class _NotApplicable(Exception):
    """A rule is not about a resource, it says."""


class _Args(ResourceValidationArgs):
    def not_applicable(self, reason: str | None = None) -> None:
        raise _NotApplicable(reason)


class _StackArgs(StackValidationArgs):
    def not_applicable(self, reason: str | None = None) -> None:
        raise _NotApplicable(reason)


def _apart(function: Callable[..., T], *args: Any) -> T:
    """Run a function in a thread of its own, lest it change the caller's event loop or mocks."""
    with concurrent.futures.ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(function, *args).result()


def _wait(result: Awaitable[Any]) -> Any:
    async def wait() -> Any:
        return await result

    return asyncio.run(wait())


def _options(one: Planned) -> PolicyResourceOptions:
    none = PolicyCustomTimeouts(0, 0, 0)
    return PolicyResourceOptions(one.protect, [], None, [], none, [])


def _wire(value: Any) -> Any:
    """Copy a value as the engine's wire has it."""
    if value is UNKNOWN:
        return UNKNOWN_STRING_VALUE
    if isinstance(value, Mapping):
        return {key: _wire(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_wire(one) for one in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _hide(declaration: Declaration | None, wire: Any, path: str) -> None:
    """Mark what stands at a path as secret, as the engine's wire does."""
    if not isinstance(wire, dict | list):
        return  # what it is in is not known
    start = _first(declaration, wire, path)
    item = declaration.args.get(start) if declaration else None
    key: Any = int(start[1:-1]) if isinstance(wire, list) else item.key if item else start
    rest = path[len(start) :].removeprefix(".")
    if rest:
        # The entries of a list are what its argument is.
        inner = item.nested if item else declaration if isinstance(wire, list) else None
        _hide(inner, wire[key], rest)
    else:
        wire[key] = {SPECIAL_SIG_KEY: SPECIAL_SECRET_SIG, "value": wire[key]}


def _first(declaration: Declaration | None, wire: Any, path: str) -> str:
    """The first step of a path: an index, an argument, or a key of a free map, dots and all."""
    if isinstance(wire, list) or declaration:
        return str(re.findall(r"\[\d+\]|\w+", path)[0])
    return max((str(key) for key in wire if within(path, str(key))), key=len)


# --- programs ------------------------------------------------------------------------------------


@contextlib.contextmanager
def _event_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """Give the thread an event loop; Pulumi's mocks would make one and leave it behind."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        yield loop
    finally:
        asyncio.set_event_loop(None)
        loop.close()


class _Mocks(mocks.Mocks):
    """Answers what was asked for; outputs and ids stay unknown, as in a preview."""

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        return None, args.inputs

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], None]:
        del args
        return {}, None


class _Monitor(mocks.MockMonitor):
    """Takes note of what is registered, as the engine would see it."""

    def __init__(self) -> None:
        super().__init__(_Mocks())
        self.found: list[Planned] = []

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802
        if request.type != "pulumi:pulumi:Stack":
            self.found.append(self._planned(request))
        with _event_loop():
            return super().RegisterResource(request)  # type: ignore[no-untyped-call]

    def ReadResource(self, request: Any) -> Any:  # noqa: N802
        with _event_loop():
            return super().ReadResource(request)  # type: ignore[no-untyped-call]

    def Invoke(self, request: Any) -> Any:  # noqa: N802
        with _event_loop():
            return super().Invoke(request)  # type: ignore[no-untyped-call]

    def _planned(self, request: Any) -> Planned:
        document = json_format.MessageToDict(request.object)
        state = plain(deserialize_properties(document))
        book = state.get(BOOKKEEPING)
        return Planned(
            request.type,
            request.name,
            {key: one for key, one in state.items() if key != "__provider"},
            protect=request.protect,
            secrets=book.get("secrets") or () if isinstance(book, dict) else (),
            depends={
                key: [urn for urn in one.urns if urn in self.resources]
                for key, one in request.propertyDependencies.items()
            },
            urn=self.make_urn(request.parent, request.type, request.name),
        )


def _run(
    program: Callable[[], object] | Path, stack: str, config: Mapping[str, str]
) -> list[Planned]:
    """Run a program under mocks, and answer what it registers."""

    def start() -> None:
        if isinstance(program, Path):
            runpy.run_path(str(program), run_name="__main__")
        else:
            program()

    monitor = _Monitor()
    with _event_loop() as loop:
        pulumi.runtime.set_all_config(dict(config))
        pulumi.runtime.set_mocks(
            monitor.mocks, project=PROJECT, stack=stack, preview=True, monitor=monitor
        )
        pulumi.runtime.test(start)()  # type: ignore[no-untyped-call]
        loop.run_until_complete(loop.shutdown_default_executor())
    return monitor.found


__all__ = ["UNKNOWN", "Planned", "Verdict", "Violation", "foreign", "judge", "resource"]
