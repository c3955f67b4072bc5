"""Policy as code: rules about model deployments, profiles, and a pack made of them.

`RULES` is the table; `serve` makes a pack of it, or of a team's own rules beside it; `testing` runs
rules without an engine. Needs the extra `policy`: `pip install 'pulumi-modeldeploy[policy]'`.
"""

from pulumi_modeldeploy.core.checks import Report
from pulumi_modeldeploy.policy.catalogue import PROFILES, RULES, rule
from pulumi_modeldeploy.policy.configuration import Settings, setting
from pulumi_modeldeploy.policy.editing import Inputs
from pulumi_modeldeploy.policy.rule import (
    ADVISORY,
    DISABLED,
    MANDATORY,
    REMEDIATE,
    Rule,
    StackReport,
    StackRule,
)
from pulumi_modeldeploy.policy.stack import Stack
from pulumi_modeldeploy.policy.views import (
    About,
    ModelArtsService,
    NotKnown,
    PaiAppService,
    View,
    ZStackDeployment,
    ZStackModelService,
    about,
    as_known,
    at,
    given,
    is_known,
    known,
    present,
    view_of,
)

__all__ = [
    "ADVISORY",
    "DISABLED",
    "MANDATORY",
    "PROFILES",
    "REMEDIATE",
    "RULES",
    "About",
    "Inputs",
    "ModelArtsService",
    "NotKnown",
    "PaiAppService",
    "Report",
    "Rule",
    "Settings",
    "Stack",
    "StackReport",
    "StackRule",
    "View",
    "ZStackDeployment",
    "ZStackModelService",
    "about",
    "as_known",
    "at",
    "given",
    "is_known",
    "known",
    "present",
    "rule",
    "setting",
    "view_of",
]
