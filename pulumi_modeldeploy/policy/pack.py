"""A pack of rules, as Pulumi's engine runs it, and how it is configured.

What holds for a rule is what is said last: the rule's own level and settings, the profile, the
stack configuration, the file of `--policy-pack-config`.
"""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any

from google.protobuf import json_format
from grpc import StatusCode
from pulumi_policy import EnforcementLevel, Policy, PolicyPack
from pulumi_policy import policy as sdk

from pulumi_modeldeploy import settings
from pulumi_modeldeploy.errors import RuleFailed, SettingsError
from pulumi_modeldeploy.policy.catalogue import PROFILES, RULES
from pulumi_modeldeploy.policy.configuration import unknown
from pulumi_modeldeploy.policy.places import matches
from pulumi_modeldeploy.policy.rule import ADVISORY, Rule, StackRule
from pulumi_modeldeploy.policy.views import read_once, shared

if TYPE_CHECKING:
    from grpc import ServicerContext

    from pulumi_modeldeploy.policy.catalogue import Configuration

BASELINE = "baseline"
LEVEL = "enforcementLevel"
"""The key of a rule's level, which Pulumi's configuration files have."""
ALL = "all"
"""Stands for every rule in a configuration."""


def policies(rules: Iterable[Rule | StackRule | Policy] = RULES) -> list[Policy]:
    """Turn rules into policies of Pulumi's SDK; what is one already stays.

    Raises:
        TypeError: Two rules have one name.
    """
    found = [one.policy() if isinstance(one, Rule | StackRule) else one for one in rules]
    twice = [name for name, count in Counter(one.name for one in found).items() if count > 1]
    if twice:
        raise TypeError(f"{', '.join(twice)}: two rules of one pack must have different names")
    return found


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

    Raises:
        SettingsError: A profile names no rule, or `stacks` no profile.
        TypeError: Two rules have one name.
    """
    chooser = Chooser(
        name, list(rules), profiles, stacks or {}, stack_configuration=stack_configuration
    )
    _extend_sdk(chooser)
    late = _Late(chooser.configuration)
    PolicyPack(name, chooser.policies, initial_config=late, description=description)


class Chooser:
    """Chooses what holds in a stack before the file is applied.

    Attributes:
        policies: The rules, as policies of the SDK.
        stack: The stack's name.
        config: The stack's configuration.
    """

    def __init__(
        self,
        pack: str,
        rules: Sequence[Rule | StackRule | Policy],
        profiles: Mapping[str, Configuration],
        stacks: Mapping[str, str],
        *,
        stack_configuration: bool = True,
    ) -> None:
        """Take over what `serve` was given, and refuse what can never hold."""
        self.policies = policies(rules)
        self.stack = ""
        self.config: Mapping[str, str] = {}
        self._levels = {one.name: one.enforcement_level or ADVISORY for one in self.policies}
        ours = (one for one in rules if isinstance(one, Rule | StackRule))
        self._settings = {one.name: one.settings for one in ours}
        self._pack, self._profiles, self._stacks = pack, profiles, stacks
        self._open = stack_configuration
        for name, profile in profiles.items():
            combine(self._names, profile, {}, profile=name)
        for name in stacks.values():
            self._profile(name)

    @property
    def _names(self) -> list[str]:
        return list(self._levels)

    def configuration(self) -> dict[str, dict[str, Any]]:
        """Levels and settings by rule.

        Raises:
            SettingsError: There is no such profile or rule, or what is configured is malformed.
        """
        said = settings.Settings.of_provider(self.config.get)
        chosen = said.get(settings.POLICY_PROFILE) if self._open else None
        own = said.get(settings.POLICY_RULES) if self._open else None
        name = self._own(chosen) if chosen else None
        name = name or self._of_name()
        rules = {key: one for text, one in _object(own).items() if (key := self._own(text))}
        source = f"{settings.POLICY_RULES.key}, policy pack {self._pack}"
        found = combine(self._names, self._profile(name), {source: rules}, profile=name)
        # The engine takes a rule that is configured without a level for an advisory one.
        return {name: {LEVEL: self._levels[name], **one} for name, one in found.items()}

    def judge(self, configuration: Mapping[str, Mapping[str, Any]]) -> None:
        """Refuse what holds in the end, the file included, before anything is judged by it.

        Args:
            configuration: The settings of each rule.

        Raises:
            SettingsError: There is no such rule or setting, or a value is malformed.
        """
        for name, values in _named(configuration, self._names, f"policy pack {self._pack}"):
            if name in self._settings:
                self._settings[name].read(name, values)

    def _own(self, name: str) -> str | None:
        """A name that may be said of one pack only: `PACK/NAME`; `None`: it is of another one."""
        pack, slash, rest = name.partition("/")
        if not slash:
            return name
        return rest if pack == self._pack else None

    def _of_name(self) -> str:
        fitting = (one for key, one in self._stacks.items() if matches(self.stack, [key]))
        return next(fitting, BASELINE)

    def _profile(self, name: str) -> Configuration:
        if name not in self._profiles:
            raise SettingsError(
                f"{settings.POLICY_PROFILE.key}, or what policy pack {self._pack} says of stacks' "
                f"names, must be one of {', '.join(self._profiles)}; PACK/PROFILE for one pack only"
            )
        return self._profiles[name]


def combine(
    names: Sequence[str],
    levels: Configuration,
    others: Mapping[str, Configuration],
    *,
    profile: str = BASELINE,
) -> dict[str, dict[str, Any]]:
    """Put configurations together: for each rule what is said last holds.

    Args:
        names: The names of all rules of the pack.
        levels: The profile; rules of this package that the pack has not may be in it.
        others: What is said after that, by what it is called in messages.
        profile: The profile's name.

    Raises:
        SettingsError: A rule is none, or a level is none.
    """
    absent = {one.name for one in RULES}.difference(names)
    own = {name: one for name, one in levels.items() if name not in absent}
    found: dict[str, dict[str, Any]] = {}
    for source, configuration in {f"profile {profile}": own, **others}.items():
        for name, one in _named(configuration, names, source):
            found.setdefault(name, {}).update(one)
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
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Walk over a configuration, with what is said of all rules for each first."""
    said = {name: _normal(one, f"{source}: {name}") for name, one in configuration.items()}
    everyone = said.pop(ALL, None)
    for name in names if everyone is not None else ():
        yield name, everyone or {}
    for name, one in said.items():
        if name not in names:
            raise SettingsError(f"{source}: {unknown(name, 'rule', names)}")
        yield name, one


def _normal(one: Any, source: str) -> dict[str, Any]:
    """Write a level alone as an object, and levels as the SDK wants them."""
    levels = [member.value for member in EnforcementLevel]
    bare = not isinstance(one, Mapping)
    level = one if bare else one.get(LEVEL)
    if level is None and not bare:
        return dict(one)
    if not isinstance(level, EnforcementLevel) and level not in levels:
        what = "an object, or" if bare else f"an object whose {LEVEL} is"
        raise SettingsError(f"{source} must be {what} one of {', '.join(levels)}")
    return {**({} if bare else one), LEVEL: EnforcementLevel(level)}


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
    """Do what the SDK's server does not.

    It hears which stack it is, refuses settings before they count, and reads resources once.
    Without it the stack's name and configuration count for nothing, only the environment does, a
    misspelt rule is passed over, and a large stack takes longer.
    """
    servicer = getattr(sdk, "_PolicyAnalyzerServicer", None)
    if not hasattr(servicer, "ConfigureStack"):
        return

    class Servicer(servicer):  # type: ignore[misc,valid-type]
        def GetAnalyzerInfo(self, request: Any, context: Any) -> Any:  # noqa: N802
            with _refusing(context):
                return super().GetAnalyzerInfo(request, context)

        def Configure(self, request: Any, context: Any) -> Any:  # noqa: N802
            convert = json_format.MessageToDict
            said = request.policyConfig.items()
            with _refusing(context):
                chooser.judge({name: convert(one.properties) for name, one in said})
            return super().Configure(request, context)

        def ConfigureStack(self, request: Any, context: Any) -> Any:  # noqa: N802
            chooser.stack, chooser.config = request.stack, dict(request.config)
            return super().ConfigureStack(request, context)

        def Analyze(self, request: Any, context: Any) -> Any:  # noqa: N802
            with _refusing(context), shared():
                return super().Analyze(request, context)

        def Remediate(self, request: Any, context: Any) -> Any:  # noqa: N802
            with _refusing(context):
                return super().Remediate(request, context)

        def AnalyzeStack(self, request: Any, context: Any) -> Any:  # noqa: N802
            with _refusing(context), shared():
                return super().AnalyzeStack(request, context)

    sdk._PolicyAnalyzerServicer = Servicer  # type: ignore[misc]  # noqa: SLF001
    if isinstance(getattr(sdk, "json_format", None), ModuleType):
        setattr(sdk, "json_format", _Once())  # noqa: B010  (type checkers refuse the plain way)


@contextlib.contextmanager
def _refusing(context: ServicerContext) -> Iterator[None]:
    """Answer the engine with what is wrong with settings or rules, and nothing around it."""
    try:
        yield
    except (RuleFailed, SettingsError) as error:
        context.abort(StatusCode.INVALID_ARGUMENT, str(error))


class _Once:
    """Protobuf's `json_format` for the SDK's server, which reads each resource for every rule."""

    MessageToDict = staticmethod(lambda message: read_once(message, json_format.MessageToDict))

    def __getattr__(self, name: str) -> Any:
        return getattr(json_format, name)
