"""Stack configuration and environment -> settings. Nothing else reads either.

A cloud declares its settings as `Setting` rows; stack configuration wins over the environment.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi.runtime.config

from pulumi_modeldeploy.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping


@dataclass(frozen=True)
class Setting:
    """One setting.

    Attributes:
        key: Name in the stack configuration, such as `modelarts:region`.
        text: What it is, for messages and the reference page.
        env: Environment variables that are asked in this order when the stack has none.
        secret: Whether it must be marked secret in the stack configuration.
        allowed: Values that it may have; empty: any.
    """

    key: str
    text: str
    env: tuple[str, ...] = ()
    secret: bool = False
    allowed: tuple[str, ...] = ()


OWNER = Setting("modeldeploy:owner", "keeps apart stacks that share organisation, project and name")
RESUME_WITHIN = Setting(
    "modeldeploy:resumeWithin",
    "age in hours up to which a service that carries this stack's mark is resumed (default 24)",
)
SKIP_RULES = Setting(
    "modeldeploy:skipRules", "names of rules that are not checked, separated by commas"
)
DEBUG = Setting(
    "modeldeploy:debug",
    "1: errors with their traceback",
    env=("MODELDEPLOY_DEBUG",),
    allowed=("0", "1"),
)
COMMON = (OWNER, RESUME_WITHIN, SKIP_RULES, DEBUG)


class Settings:
    """Answers what a setting is; holds credentials, so it never shows values."""

    def __init__(self, stack: Callable[[str], str | None], environ: Mapping[str, str]) -> None:
        """Read from `stack` (by full key) before `environ`."""
        self._stack, self._environ = stack, environ

    def __repr__(self) -> str:
        return "Settings(...)"

    @staticmethod
    def of_provider(stack: Callable[[str], str | None]) -> Settings:
        """The settings that a provider process sees; `stack` comes with the configure request."""
        return Settings(stack, os.environ)

    @staticmethod
    def of_program() -> Settings:
        """The settings that the running program sees."""
        return Settings(_program_config, os.environ)

    def of_one_source(self, group: Iterable[Setting]) -> Settings:
        """Narrow to the stack configuration if it has any of a group, lest sources be mixed.

        A token in somebody's environment must not win over the stack's access key.
        """
        if any(self._stack(setting.key) for setting in group):
            return Settings(self._stack, {})
        return self

    def get(self, setting: Setting) -> str | None:
        """Look a setting up; an empty value counts as none.

        Raises:
            SettingsError: The value is not one of those allowed.
        """
        candidates = [self._stack(setting.key), *(self._environ.get(env) for env in setting.env)]
        value = next((found for found in candidates if found), None)
        if value is not None and setting.allowed and value not in setting.allowed:
            raise SettingsError(f"{setting.key} must be one of {', '.join(setting.allowed)}")
        return value

    def require(self, setting: Setting) -> str:
        """Look a setting up that there must be.

        Raises:
            SettingsError: It is missing; the text names each place where it may be given.
        """
        value = self.get(setting)
        if value is None:
            secret = "--secret " if setting.secret else ""
            env = f", or in the environment as {' or '.join(setting.env)}" if setting.env else ""
            raise SettingsError(
                f"{setting.key} is missing ({setting.text}): give it by "
                f"`pulumi config set {secret}{setting.key} VALUE`{env}"
            )
        return value

    def validate(self, settings: Iterable[Setting]) -> None:
        """See that what is given can be used, before anything depends on it.

        Raises:
            SettingsError: A value is malformed or not one of those allowed.
        """
        for setting in (*COMMON, *settings):
            self.get(setting)
        _ = self.resume_seconds

    def secrets(self, settings: Iterable[Setting]) -> list[str]:
        """The values of those settings that are secret, to keep them out of messages."""
        return [value for one in settings if one.secret and (value := self.get(one)) is not None]

    @property
    def skip_rules(self) -> Collection[str]:
        """Names of the rules that the stack turned off."""
        return {name.strip() for name in (self.get(SKIP_RULES) or "").split(",") if name.strip()}

    @property
    def resume_seconds(self) -> float:
        """Age up to which what carries our mark is taken for ours, in seconds."""
        text = self.get(RESUME_WITHIN) or "24"
        if not re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
            raise SettingsError(f"{RESUME_WITHIN.key} must be a number of hours")
        return float(text) * 3600


def refuse_clear_credentials(settings: Iterable[Setting]) -> None:
    """Refuse credentials that stand in clear in the stack configuration.

    They would stand in clear in the state too, in the entry of the provider. Only the program can
    tell: a provider process gets all values in plain text.

    Raises:
        SettingsError: Names the key and the command that mends it.
    """
    for setting in settings:
        found = _program_config(setting.key)
        if setting.secret and found and not pulumi.runtime.config.is_config_secret(setting.key):
            raise SettingsError(
                f"{setting.key} stands in clear in the stack configuration and would stand in "
                f"clear in the state: run `pulumi config set --secret {setting.key}`"
            )


def _program_config(key: str) -> str | None:
    namespace, name = key.split(":", 1)
    return pulumi.Config(namespace).get(name)
