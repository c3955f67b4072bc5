"""Rules over `config` and over several arguments of PAI's services.

The page shows two modes, OSS and NAS, by a sample each, and says what their keys mean; it does not
say which are needed together. What only follows from the samples, or from the general rules of
mounting storage, warns.

Sources: CreateAppService, body; "Mount storage to services".
"""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Any

from pulumi_modeldeploy.core.checks import ADOPT_ALONE, Report, Rule
from pulumi_modeldeploy.core.values import UNKNOWN, Values

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

OSS, NAS = "oss", "nas"
MODE = "ModelStorage"
NETWORK = ("VpcID", "VswitchID", "SecurityGroupID")
KEYS_OF: Mapping[str, tuple[str, ...]] = {
    OSS: ("OssPath",),
    NAS: ("NasMountTarget", "NasPath", *NETWORK),
}
"""Keys of each mode."""
KEYS = (MODE, *KEYS_OF[OSS], *KEYS_OF[NAS])
"""All keys that the page knows, spelled as there."""
MARK_LABEL = "modeldeploy"
"""The label that holds the mark of a resource whose name is given."""

_FORMS: Mapping[str, tuple[str, str]] = {
    "OssPath": (
        r"oss://[a-z0-9][a-z0-9-]{1,61}[a-z0-9](\..+)?/.*",
        "be of the form oss://BUCKET/DIRECTORY/",
    ),
    "NasPath": (r"/.*", "begin with a slash"),
    "VpcID": (r"vpc-.+", "be the id of a VPC, vpc-..."),
    "VswitchID": (r"vsw-.+", "be the id of a vSwitch, vsw-..."),
    "SecurityGroupID": (r"sg-.+", "be the id of a security group, sg-..."),
}
"""What the values of keys look like."""
_ADVISED: Mapping[str, tuple[str, str]] = {
    "OssPath": (r".*/", "end with a slash, as a directory"),
    "NasMountTarget": (
        r".+\.nas\.aliyuncs\.com",
        "be a mount target such as xxxx.REGION.nas.aliyuncs.com",
    ),
}
"""What they look like in all samples."""


def _at(key: str) -> str:
    return f"config[{key!r}]"


def _config(service: Values) -> Mapping[str, Any]:
    found = service.get("config")
    return found if isinstance(found, dict) else {}


def _texts(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Walk over the documented keys whose values are texts."""
    for key in KEYS:
        if isinstance(config.get(key), str):
            yield key, config[key]


def _spelled(key: str) -> str | None:
    """The documented key that one means which differs in the case of letters only."""
    folded = key.casefold().replace("_", "")
    return next((one for one in KEYS if one.casefold() == folded and one != key), None)


def _misspelled(config: Mapping[str, Any]) -> set[str]:
    """Documented keys that are there under another spelling, which is the only mistake then."""
    return {meant for meant in map(_spelled, config) if meant}


def spelling(service: Values, report: Report) -> None:
    """Name keys that other APIs of the vendor spell differently: the cloud would pass over them."""
    for key in _config(service):
        meant = _spelled(key)
        if meant:
            report(
                _at(key), f"is spelled {meant} here: the cloud passes over what it does not know"
            )


def known(service: Values, report: Report) -> None:
    """Name keys that no page knows; the schema allows any."""
    for key in _config(service):
        if key in KEYS:
            continue
        near = difflib.get_close_matches(key.casefold(), [one.casefold() for one in KEYS], n=1)
        meant = next((one for one in KEYS if near and one.casefold() == near[0]), "")
        hint = f"did you mean {meant}?" if meant else f"documented are {', '.join(KEYS)}"
        report(_at(key), f"is no documented key: {hint}")


def texts(service: Values, report: Report) -> None:
    """All documented keys hold texts."""
    config = _config(service)
    for key in KEYS:
        if key in config and config[key] is not UNKNOWN and not isinstance(config[key], str):
            report(_at(key), "must be a text")


def mode(service: Values, report: Report) -> None:
    """The kind of storage is one of two."""
    found = _config(service).get(MODE)
    if isinstance(found, str) and found not in KEYS_OF:
        report(_at(MODE), f"must be {OSS} or {NAS}, in lower case")


def forms(service: Values, report: Report) -> None:
    """Values look as the page says."""
    _match(service, report, _FORMS)


def samples(service: Values, report: Report) -> None:
    """Values look as in the samples."""
    _match(service, report, _ADVISED)


def _match(service: Values, report: Report, table: Mapping[str, tuple[str, str]]) -> None:
    for key, value in _texts(_config(service)):
        pattern, text = table.get(key, ("", ""))
        if pattern and not re.fullmatch(pattern, value):
            report(_at(key), f"must {text}")


def complete(service: Values, report: Report) -> None:
    """A mode has all of its keys."""
    config = _config(service)
    found, there = config.get(MODE), {*config, *_misspelled(config)}
    for key in KEYS_OF.get(found, ()) if isinstance(found, str) else ():
        if key not in there:
            report("config", f"lacks {key}, which mounting {found} takes")


def fitting(service: Values, report: Report) -> None:
    """Keys are those of the mode."""
    config = _config(service)
    found = config.get(MODE)
    if MODE in _misspelled(config) or found not in (None, *KEYS_OF):
        return  # not known, or wrong, which another rule says
    for other, keys in KEYS_OF.items():
        for key in keys:
            if key in config and other != found:
                report(_at(key), f"is read with {MODE} {other} only")


def labels(service: Values, report: Report) -> None:
    """One label is ours."""
    found = service.get("labels")
    if isinstance(found, dict) and MARK_LABEL in found:
        report(f"labels[{MARK_LABEL!r}]", "is this package's own label: give another key")


_BODY = "CreateAppService, body"
_MOUNT = "CreateAppService, body; Mount storage to services"

RULES = (
    Rule(
        "config-spelling",
        spelling,
        f"documented keys are spelled as on the page: {', '.join(KEYS)}",
        _BODY,
    ),
    Rule("config-known", known, "there are no keys but the documented ones", _BODY, warn=True),
    Rule("config-texts", texts, "values of documented keys are texts", _BODY),
    Rule("config-mode", mode, f"{MODE} is {OSS} or {NAS}", _BODY),
    Rule(
        "config-forms",
        forms,
        "OssPath is oss://BUCKET/DIRECTORY/, NasPath begins with a slash, ids begin with vpc-, "
        "vsw- and sg-",
        _BODY,
    ),
    Rule(
        "config-samples",
        samples,
        "OssPath ends with a slash, NasMountTarget is a host of nas.aliyuncs.com",
        _BODY,
        warn=True,
    ),
    Rule("config-complete", complete, "a mode has all of its keys", _MOUNT, warn=True),
    Rule("config-fitting", fitting, "keys are those of the mode", _BODY, warn=True),
    Rule(
        "labels-mark", labels, f"the label {MARK_LABEL} is left to this package", "docs/adopting.md"
    ),
    ADOPT_ALONE,
)
