"""Stack configuration and environment -> settings. Nothing else reads either.

A cloud declares its settings as `Setting` rows; stack configuration wins over the environment, and
a profile (a named set of a cloud's settings, for programs that use several accounts, regions or
projects) over both.
"""

from __future__ import annotations

import difflib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi.runtime.config

from pulumi_modeldeploy.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable


@dataclass(frozen=True)
class Setting:
    """One setting.

    Attributes:
        key: Name in the stack configuration, such as `modelarts:region`.
        text: What it is, for messages and the reference page.
        env: Environment variables that are asked in this order when the stack has none.
        secret: Whether it must be marked secret in the stack configuration.
        allowed: Values that it may have; empty: any.
        goes_with: The setting that it belongs to, as an endpoint to its region: where a profile
            gives another value for that one, what the stack has for all does not fit.
    """

    key: str
    text: str
    env: tuple[str, ...] = ()
    secret: bool = False
    allowed: tuple[str, ...] = ()
    goes_with: Setting | None = None

    @property
    def cloud(self) -> str:
        """What stands before the colon."""
        return self.key.partition(":")[0]

    @property
    def name(self) -> str:
        """What stands behind it: its name in a profile."""
        return self.key.partition(":")[2]


def profiles(cloud: str) -> Setting:
    """Declare the setting that holds the profiles of a cloud."""
    return Setting(
        f"{cloud}:{PROFILES}",
        "named sets of these settings, for resources that say `profile`: an object, name -> key "
        "without the cloud -> value; as a secret if it holds credentials",
    )


PROFILES = "profiles"
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
POLICY_PROFILE = Setting(
    "modeldeploy:policyProfile",
    "profile of the policy pack: `baseline` (default), `production`, `development` or one of its "
    "own",
    env=("MODELDEPLOY_POLICY_PROFILE",),
)
POLICY_RULES = Setting(
    "modeldeploy:policyRules",
    "levels and settings of the policy pack's rules in this stack: an object, as in the file of "
    "`--policy-pack-config`, which wins over it",
)
COMMON = (OWNER, RESUME_WITHIN, SKIP_RULES, DEBUG, POLICY_PROFILE, POLICY_RULES)


class Settings:
    """Answers what a setting is; holds credentials, so it never shows values."""

    def __init__(
        self,
        stack: Callable[[str], str | None],
        environ: Mapping[str, str],
        profile: str = "",
        own: Mapping[str, str] | None = None,
        *,
        narrowed: bool = False,
    ) -> None:
        """Read from the profile's `own` values before `stack` before `environ`.

        Args:
            stack: Looks up the stack configuration by full key.
            environ: Environment variables.
            profile: Name of the profile, for messages.
            own: The profile's values, by full key.
            narrowed: Whether sources were left out, see `of_one_source`.
        """
        self._stack, self._environ = stack, environ
        self.profile, self._own, self._narrowed = profile, own or {}, narrowed

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
        """Leave out what comes after the first source that has any of a group.

        A token in somebody's environment must not win over the stack's access key, and a profile
        with credentials must not sign with somebody else's.
        """
        group = tuple(group)
        if any(self._own.get(setting.key) for setting in group):
            return Settings(lambda _: None, {}, self.profile, self._own, narrowed=True)
        if any(self._stack(setting.key) for setting in group):
            return Settings(self._stack, {}, self.profile, self._own, narrowed=True)
        return self

    def of_profile(self, name: str, settings: Iterable[Setting]) -> Settings:
        """The settings that a resource with a profile sees; an empty name is no profile.

        Args:
            name: The profile.
            settings: All settings of its cloud.

        Raises:
            SettingsError: There is no such profile, or a profile is malformed.
        """
        if not name:
            return self
        settings = tuple(settings)
        known = self.profiles(settings)
        if name not in known:
            key = f"{settings[0].cloud}:{PROFILES}"
            there = f"which has {', '.join(sorted(known))}" if known else "which has none at all"
            raise SettingsError(
                f"profile: there is none of this name in {key}, {there}; `pulumi config set --path "
                f"'{key}.NAME.KEY' VALUE` adds one, and what was deployed by a profile needs it "
                "until it is gone"
            )
        return Settings(self._stack, self._environ, name, known[name])

    def profiles(self, settings: Iterable[Setting]) -> dict[str, dict[str, str]]:
        """The values of each profile of a cloud, by full key.

        Raises:
            SettingsError: They are no objects in an object, or a key is no setting of the cloud.
        """
        rows = {setting.key: setting for setting in settings}
        key = next((one for one, row in rows.items() if row.name == PROFILES), "")
        text = self._stack(key) if key else None
        return _profiles(rows.pop(key), rows, text) if text else {}

    def get(self, setting: Setting) -> str | None:
        """Look a setting up; an empty value counts as none.

        Raises:
            SettingsError: The value is not one of those allowed, or the profile needs its own.
        """
        candidates = [
            self._own.get(setting.key),
            self._of_stack(setting),
            *(self._environ.get(env) for env in setting.env),
        ]
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
            environ = setting.env if not self._narrowed else ()
            env = f", or in the environment as {' or '.join(environ)}" if environ else ""
            of = f" of profile {self.profile}" if self.profile else ""
            raise SettingsError(
                f"{setting.key}{of} is missing ({setting.text}): give it by "
                f"`{self._command(setting)}`{env}"
            )
        return value

    def _command(self, setting: Setting) -> str:
        """The command that gives a setting."""
        secret = "--secret " if setting.secret else ""
        key = setting.key
        if self.profile:
            key = f"--path '{setting.cloud}:{PROFILES}.{self.profile}.{setting.name}'"
        return f"pulumi config set {secret}{key} VALUE"

    def _of_stack(self, setting: Setting) -> str | None:
        """What the stack has for all profiles, unless it has it for another region."""
        value, other = self._stack(setting.key), setting.goes_with
        if not value or other is None or self._own.get(setting.key):
            return value
        own = self._own.get(other.key)
        around = (self._stack(other.key), *(self._environ.get(env) for env in other.env))
        plain = next((one for one in around if one), None)
        if own and plain != own:
            raise SettingsError(
                f"{setting.key} belongs to {other.key}, and profile {self.profile} has another "
                f"{other.name}: give it one of its own by `{self._command(setting)}`"
            )
        return value

    def validate(self, settings: Iterable[Setting]) -> None:
        """See that what is given can be used, before anything depends on it.

        Raises:
            SettingsError: A value is malformed or not one of those allowed.
        """
        settings = tuple(settings)
        for setting in (*COMMON, *settings):
            self.get(setting)
        self.profiles(settings)
        _ = self.resume_seconds

    def secrets(self, settings: Iterable[Setting]) -> list[str]:
        """The values of secret settings, of all profiles, to keep them out of messages."""
        settings = tuple(settings)
        try:
            each = [Settings(self._stack, {}, "", own) for own in self.profiles(settings).values()]
        except SettingsError:
            each = []  # what is malformed is never used
        found = (of.get(one) for of in (self, *each) for one in settings if one.secret)
        return list(dict.fromkeys(value for value in found if value is not None))

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
        SettingsError: Names the key and the command that mends it; or profiles are malformed, and
            nobody can tell what is in them.
    """
    settings = tuple(settings)
    rows = {setting.key: setting for setting in settings}
    for name, own in Settings(_program_config, {}).profiles(settings).items():
        key = f"{settings[0].cloud}:{PROFILES}"
        secret = next((rows[one].name for one in own if rows[one].secret), None)
        if secret and not pulumi.runtime.config.is_config_secret(key):
            raise SettingsError(
                f"{key} holds credentials in clear, which would stand in clear in the state: run "
                f"`pulumi config set --secret --path '{key}.{name}.{secret}'` for each of them"
            )
    for setting in settings:
        found = _program_config(setting.key)
        if setting.secret and found and not pulumi.runtime.config.is_config_secret(setting.key):
            raise SettingsError(
                f"{setting.key} stands in clear in the stack configuration and would stand in "
                f"clear in the state: run `pulumi config set --secret {setting.key}`"
            )


def _profiles(
    setting: Setting, rows: Mapping[str, Setting], text: str
) -> dict[str, dict[str, str]]:
    """Read profiles; values are never quoted, they may be credentials in the wrong place."""
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    if not isinstance(document, Mapping):
        raise SettingsError(
            f"{setting.key} must be an object: `pulumi config set --path '{setting.key}.NAME.KEY' "
            "VALUE`"
        )
    return {
        str(name): _profile(f"{setting.key}.{name}", setting.cloud, rows, own)
        for name, own in document.items()
    }


def _profile(path: str, cloud: str, rows: Mapping[str, Setting], own: Any) -> dict[str, str]:
    if not isinstance(own, Mapping):
        raise SettingsError(f"{path} must be an object: name of a setting -> value")
    found = {}
    for name, value in own.items():
        key = f"{cloud}:{name}"
        if key not in rows:
            known = [row.name for row in rows.values()]
            near = difflib.get_close_matches(str(name), known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
            raise SettingsError(f"{path}.{name} is no setting of {cloud}: {hint}")
        # `pulumi config set --path` takes what looks like a number or a truth value for one.
        if not isinstance(value, str | int | float):
            raise SettingsError(f"{path}.{name} must be a text")
        found[key] = value if isinstance(value, str) else json.dumps(value)
    return found


def _program_config(key: str) -> str | None:
    namespace, name = key.split(":", 1)
    return pulumi.Config(namespace).get(name)
