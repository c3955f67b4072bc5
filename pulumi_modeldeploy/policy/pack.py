"""A pack of rules, as Pulumi's engine runs it, and how it is configured.

What holds for a rule is what is said last: the rule's own level and settings, the profile, the
stack configuration, the file of `--policy-pack-config`.
"""

from __future__ import annotations

import difflib
import fnmatch
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any

from google.protobuf import json_format
from pulumi_policy import EnforcementLevel, Policy, PolicyPack
from pulumi_policy import policy as sdk

from pulumi_modeldeploy import settings
from pulumi_modeldeploy.errors import SettingsError
from pulumi_modeldeploy.policy.catalogue import PROFILES, RULES
from pulumi_modeldeploy.policy.rule import Rule, StackRule
from pulumi_modeldeploy.policy.views import read_once, shared

if TYPE_CHECKING:
    from pulumi_modeldeploy.policy.catalogue import Configuration

BASELINE = "baseline"
LEVEL = "enforcementLevel"
"""The key of a rule's level, which Pulumi's configuration files have."""
ALL = "all"
"""Stands for every rule in a configuration."""


def policies(rules: Iterable[Rule | StackRule | Policy] = RULES) -> list[Policy]:
    """Turn rules into policies of Pulumi's SDK; what is one already stays."""
    return [one.policy() if isinstance(one, Rule | StackRule) else one for one in rules]


def serve(
    name: str,
    rules: Iterable[Rule | StackRule | Policy] = RULES,
    *,
    profiles: Mapping[str, Configuration] = PROFILES,
    stacks: Mapping[str, str] | None = None,
    stack_configuration: bool = True,
    description: str | None = None,
) -> None:
    """Serve a pack to the engine; does not come back.

    Args:
        name: The pack's name.
        rules: Its rules, ours or policies of Pulumi's SDK.
        profiles: What `modeldeploy:policyProfile` may choose from: levels and settings by rule.
        stacks: The profile of a stack that chooses none, by its name, in which `*` stands for
            anything; the first that fits counts, and else `baseline`.
        stack_configuration: Whether stacks may choose a profile and configure rules. If not, only
            `stacks` and the file do.
        description: What the pack is for.
    """
    chooser = Chooser(profiles, stacks or {}, stack_configuration=stack_configuration)
    own = policies(rules)
    chooser.names = [one.name for one in own]
    _extend_sdk(chooser)
    PolicyPack(name, own, initial_config=_Late(chooser.configuration), description=description)


class Chooser:
    """Chooses what holds in a stack before the file is applied.

    Attributes:
        names: The names of all rules.
        stack: The stack's name.
        config: The stack's configuration.
    """

    def __init__(
        self,
        profiles: Mapping[str, Configuration],
        stacks: Mapping[str, str],
        *,
        stack_configuration: bool = True,
    ) -> None:
        """Take over what `serve` was given."""
        self.names: list[str] = []
        self.stack = ""
        self.config: Mapping[str, str] = {}
        self._profiles, self._stacks, self._open = profiles, stacks, stack_configuration

    def configuration(self) -> dict[str, dict[str, Any]]:
        """Levels and settings by rule.

        Raises:
            SettingsError: There is no such profile or rule, or what is configured is malformed.
        """
        said = settings.Settings.of_provider(self.config.get)
        chosen = said.get(settings.POLICY_PROFILE) if self._open else None
        own = said.get(settings.POLICY_RULES) if self._open else None
        profile = self._profile(chosen or self._of_name())
        return combine(self.names, profile, {settings.POLICY_RULES.key: _object(own)})

    def _of_name(self) -> str:
        fitting = (one for key, one in self._stacks.items() if fnmatch.fnmatch(self.stack, key))
        return next(fitting, BASELINE)

    def _profile(self, name: str) -> Configuration:
        if name not in self._profiles:
            raise SettingsError(
                f"{settings.POLICY_PROFILE.key}, or what the pack says of this stack's name, must "
                f"be one of {', '.join(self._profiles)}"
            )
        return self._profiles[name]


def combine(
    names: Sequence[str], profile: Configuration, others: Mapping[str, Configuration]
) -> dict[str, dict[str, Any]]:
    """Put configurations together: for each rule what is said last holds.

    Args:
        names: The names of all rules of the pack.
        profile: The profile; rules of this package that the pack has not may be in it.
        others: What is said after that, by what it is called in messages.

    Raises:
        SettingsError: A rule is none, or a level is none.
    """
    absent = {one.name for one in RULES}.difference(names)
    own = {name: one for name, one in profile.items() if name not in absent}
    found: dict[str, dict[str, Any]] = {}
    for source, configuration in {"the profile": own, **others}.items():
        for name, one in _named(configuration, names, source):
            found.setdefault(name, {}).update(_normal(one, f"{source}: {name}"))
    return found


def _object(text: str | None) -> Mapping[str, Any]:
    """Read what the stack configures."""
    key = settings.POLICY_RULES.key
    try:
        document = json.loads(text) if text else {}
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise SettingsError(
            f"{key} must be an object: `pulumi config set --path '{key}.RULE.SETTING' VALUE`"
        )
    return document


def _named(
    configuration: Configuration, names: Sequence[str], source: str
) -> Iterator[tuple[str, Any]]:
    """Walk over a configuration, with what is said of all rules for each first."""
    for name in names:
        if ALL in configuration:
            yield name, configuration[ALL]
    for name, one in configuration.items():
        if name in names:
            yield name, one
        elif name != ALL:
            near = difflib.get_close_matches(name, names, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(names)}"
            raise SettingsError(f"{source}: {name} is no rule of this pack: {hint}")


def _normal(one: Any, source: str) -> dict[str, Any]:
    """Write a level alone as an object, and levels as the SDK wants them."""
    if not isinstance(one, Mapping):
        one = {LEVEL: one}
    level = one.get(LEVEL)
    if level is None:
        return dict(one)
    levels = [member.value for member in EnforcementLevel]
    if not isinstance(level, EnforcementLevel) and level not in levels:
        raise SettingsError(f"{source} must be one of {', '.join(levels)}, or an object")
    return {**one, LEVEL: EnforcementLevel(level)}


class _Late(dict[str, Any]):
    """What is looked up when the engine asks what the pack has: only then its stack is known."""

    def __init__(self, make: Callable[[], dict[str, dict[str, Any]]]) -> None:
        super().__init__()
        self._make = make

    def __iter__(self) -> Iterator[str]:
        self.clear()
        self.update(self._make())
        return iter(list(self.keys()))


def _extend_sdk(chooser: Chooser) -> None:
    """Do what the SDK's server does not: hear which stack it is, and read resources once.

    Without it the stack's name and configuration count for nothing, only the environment does, and
    a large stack takes longer.
    """
    servicer = getattr(sdk, "_PolicyAnalyzerServicer", None)
    if not hasattr(servicer, "ConfigureStack"):
        return

    class Servicer(servicer):  # type: ignore[misc,valid-type]
        def ConfigureStack(self, request: Any, context: Any) -> Any:  # noqa: N802
            chooser.stack, chooser.config = request.stack, dict(request.config)
            return super().ConfigureStack(request, context)

        def Analyze(self, request: Any, context: Any) -> Any:  # noqa: N802
            with shared():
                return super().Analyze(request, context)

        def AnalyzeStack(self, request: Any, context: Any) -> Any:  # noqa: N802
            with shared():
                return super().AnalyzeStack(request, context)

    sdk._PolicyAnalyzerServicer = Servicer  # type: ignore[misc]  # noqa: SLF001
    if isinstance(getattr(sdk, "json_format", None), ModuleType):
        setattr(sdk, "json_format", _Once())  # noqa: B010  (type checkers refuse the plain way)


class _Once:
    """Protobuf's `json_format` for the SDK's server, which reads each resource for every rule."""

    MessageToDict = staticmethod(lambda message: read_once(message, json_format.MessageToDict))

    def __getattr__(self, name: str) -> Any:
        return getattr(json_format, name)
