"""What a rule is: a plain function, and one row that says all the rest.

    @dataclass(frozen=True)
    class Ceiling(Settings):
        most: int = setting(5, "Largest number of instances.", minimum=1)

    def ceiling(service: PaiAppService, settings: Ceiling, report: Report) -> None:
        '''An app service has no more instances than a ceiling.

        Why, in as many words as it takes: this goes onto the rule's page.
        '''
        if service.replicas > settings.most:
            report(at(service, "replicas"), f"must be at most {settings.most}")

    CEILING = Rule(ceiling, "Ask for fewer.", on=(PaiAppService,), settings=Ceiling)

Its name, `ceiling`, and its description follow from the function. Messages never quote what the
program gave, since a policy sees secrets in plain text; a number goes into `detail`, which is left
out where the argument is secret.
"""

from __future__ import annotations

import inspect
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from pulumi_policy import (
    EnforcementLevel,
    ResourceValidationPolicy,
    Severity,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

from pulumi_modeldeploy.errors import RuleFailed
from pulumi_modeldeploy.policy.configuration import Settings
from pulumi_modeldeploy.policy.editing import Inputs
from pulumi_modeldeploy.policy.stack import Stack
from pulumi_modeldeploy.policy.views import View, about, view_of

if TYPE_CHECKING:
    from pulumi_policy import ReportViolation, ResourceValidationArgs, StackValidationArgs

    from pulumi_modeldeploy.core.checks import Report

ADVISORY = EnforcementLevel.ADVISORY
MANDATORY = EnforcementLevel.MANDATORY
REMEDIATE = EnforcementLevel.REMEDIATE
DISABLED = EnforcementLevel.DISABLED


class Judge(Protocol):
    """A rule over one resource."""

    @property
    def __name__(self) -> str: ...

    def __call__(self, service: Any, settings: Any, report: Report, /) -> None:
        """Report what is not right about a resource."""


class Remedy(Protocol):
    """Mends what a rule finds wrong, in place."""

    def __call__(self, service: Any, settings: Any, inputs: Inputs, /) -> None:
        """Change `inputs` so that the rule is kept; they are not checked any more."""


class StackReport(Protocol):
    """What a rule over a stack calls for each thing that is not right."""

    def __call__(self, service: View | None, text: str) -> None:
        """Report `text` about a resource, or about the stack as a whole."""


class StackJudge(Protocol):
    """A rule over all resources of a stack."""

    @property
    def __name__(self) -> str: ...

    def __call__(self, stack: Stack, settings: Any, report: StackReport, /) -> None:
        """Report what is not right about a stack."""


@dataclass(frozen=True)
class _Row:
    """What the rows of both kinds of rules say."""

    judge: Any
    steps: str
    source: str = ""
    settings: type[Settings] = Settings
    severity: Severity = Severity.MEDIUM
    level: EnforcementLevel = ADVISORY

    def __post_init__(self) -> None:
        """Refuse what nobody would wait for.

        Raises:
            TypeError: A function is asynchronous.
        """
        for function in (self.judge, getattr(self, "remedy", None)):
            if inspect.iscoroutinefunction(function):
                raise TypeError(f"{self.name}: rules and remedies are plain functions, not async")

    @property
    def name(self) -> str:
        """The name in configurations and messages: that of the function, with hyphens."""
        return str(self.judge.__name__).replace("_", "-")

    @property
    def description(self) -> str:
        """What is right, in one line: the first of the function's docstring.

        Raises:
            TypeError: There is none.
        """
        head = self._docstring.partition("\n")[0]
        if not head:
            raise TypeError(f"{self.name} needs a docstring: its first line is what users are told")
        return head.rstrip(".")

    @property
    def text(self) -> str:
        """Why, and what exactly: the rest of the docstring."""
        return self._docstring.partition("\n")[2].strip()

    @property
    def _docstring(self) -> str:
        return inspect.cleandoc(self.judge.__doc__ or "")

    def _ask(self, function: Any, service: Any, configuration: Any, last: Any, name: str) -> None:
        """Call one of the functions; what is not known is judged in the update, when it is."""
        settings = self.settings.read(self.name, configuration)
        try:
            function(service, settings, last)
        except UnknownValueError:
            return
        except Exception as error:
            raise RuleFailed(_failure(self.name, function, name, error)) from error

    def _words(self) -> dict[str, Any]:
        """What both kinds of policies are told."""
        return {
            "name": self.name,
            "description": self.description,
            "enforcement_level": self.level,
            "config_schema": self.settings.schema(),
            "severity": self.severity,
            "remediation_steps": self.steps,
        }


@dataclass(frozen=True)
class Rule(_Row):
    """A rule over one resource.

    Attributes:
        judge: The function.
        steps: What to do about a violation.
        source: Where the rule comes from.
        settings: What can be configured.
        severity: How bad a violation is.
        level: What a violation does where nothing else is configured.
        on: The resources that it is about, by their views; none: all of this package.
        remedy: Mends a violation, at the level `remediate`; `None`: nothing does.
        mends: What the remedy does.
    """

    judge: Judge
    on: tuple[type[View], ...] = ()
    remedy: Remedy | None = None
    mends: str = ""

    def policy(self) -> ResourceValidationPolicy:
        """The rule as a policy of Pulumi's SDK."""
        remediate = self._remediate if self.remedy else None
        return ResourceValidationPolicy(
            **self._words(), validate=self._validate, remediate=remediate
        )

    def _validate(self, args: ResourceValidationArgs, report: ReportViolation) -> None:
        service = view_of(args)
        if not isinstance(service, self.on or View):
            return
        hides = about(service).hides

        def violated(path: str, text: str, detail: str = "") -> None:
            shown = f", {detail}" if detail and not hides(path) else ""
            report(f"{path}: {text}{shown}", None)

        self._ask(self.judge, service, args.get_config(), violated, about(service).name)

    def _remediate(self, args: ResourceValidationArgs) -> Any:
        service = view_of(args)
        if not isinstance(service, self.on or View):
            return None
        inputs = Inputs(service, args.props)
        self._ask(self.remedy, service, args.get_config(), inputs, about(service).name)
        return args.props if inputs.changed else None


@dataclass(frozen=True)
class StackRule(_Row):
    """A rule over all resources of a stack; its attributes are those of `Rule`."""

    judge: StackJudge

    def policy(self) -> StackValidationPolicy:
        """The rule as a policy of Pulumi's SDK."""
        return StackValidationPolicy(**self._words(), validate=self._validate)

    def _validate(self, args: StackValidationArgs, report: ReportViolation) -> None:
        def violated(service: View | None, text: str) -> None:
            report(text, about(service).urn if service else None)

        self._ask(self.judge, Stack(args.resources), args.get_config(), violated, "the stack")


def _failure(rule: str, function: Any, name: str, error: Exception) -> str:
    """Say where a rule failed; what the error says may quote what it stumbled over."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [one for one in frames if one.filename == inspect.getsourcefile(function)]
    frame = (own or frames)[-1]
    where = f"{Path(frame.filename).name}, line {frame.lineno}"
    return (
        f"rule {rule} could not judge {name}: {type(error).__name__} in {where}; try the rule with "
        "pulumi_modeldeploy.policy.testing.judge to see all of it"
    )
