"""Rules over several arguments of ZStack resources, and over what a text or a map says inside.

Sources: the error catalogue, by its numbers (`ORG_ZSTACK_AI_1xxxx`), and samples of answers. What
the catalogue forbids is refused; what only samples suggest warns.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from pulumi_modeldeploy.core.checks import ADOPT_ALONE, Report, Rule, each, given, number
from pulumi_modeldeploy.core.values import UNKNOWN, Values
from pulumi_modeldeploy.zstack.args import PROBE, UUID, is_uuid

if TYPE_CHECKING:
    from collections.abc import Iterator

VENDORS = ("NVIDIA", "AMD", "Intel", "Huawei", "Haiguang", "TianShu")
"""Vendors of GPUs as the platform stores them."""

FRAMEWORKS = (
    "vLLM",
    "SGLang",
    "Transformers",
    "Diffusers",
    "SentenceTransformers",
    "LlamaCpp",
    "Ollama",
    "MindIE",
    "BentoML",
    "Other",
)
"""Frameworks as stored by 5.4 and 5.5; the server's own list is not published."""

VIRTUAL_MACHINE = "VirtualMachine"
CONTAINER = "Container"

MOST_MERGED = 10_000
"""Entries of one mapping, merged ones included: a few lines of YAML can make billions of them."""

RANGE = range(1, 65536)
_IN_RANGE = "must be a whole number between 1 and 65535"


# --- reading YAML --------------------------------------------------------------------------------


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader, made to survive what a text may do to it."""

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Merge mappings (`<<`) up to a limit."""
        super().flatten_mapping(node)
        if len(node.value) > MOST_MERGED:
            raise yaml.MarkedYAMLError(problem=_TOO_MANY, problem_mark=node.start_mark)


def _or_unknown(tag: str) -> None:
    """Take values that Python has no room for, such as the 30th of February, as unknown.

    The server's own parser may well read them.
    """
    construct = yaml.SafeLoader.yaml_constructors[tag]

    def run(loader: _Loader, node: yaml.Node) -> Any:
        try:
            return construct(loader, node)
        except (ArithmeticError, AttributeError, LookupError, ValueError):
            return UNKNOWN

    _Loader.add_constructor(tag, run)


for _tag in ("bool", "float", "int", "timestamp"):
    _or_unknown(f"tag:yaml.org,2002:{_tag}")

# A lone "=" is a text to everybody else.
_Loader.add_constructor(
    "tag:yaml.org,2002:value", yaml.SafeLoader.yaml_constructors["tag:yaml.org,2002:str"]
)


@dataclass(frozen=True)
class _Parsed:
    """What a text says (`UNKNOWN`: it cannot be told), and why it cannot be parsed."""

    document: Any
    mistake: str = ""


_TOO_MANY = "too many merged entries"

_MEANING = {
    _TOO_MANY: f"a mapping merges more than {MOST_MERGED} entries",
    "but found another document": "a second document begins",
    "could not find expected ':'": "a colon is missing",
    "found character '\\t' that cannot start any token": "a tab, where only spaces may be",
    "found unexpected end of stream": "a quotation mark is missing",
    "mapping values are not allowed here": (
        "wrong indentation, or a text with a colon that needs quotation marks"
    ),
}
"""What the parser says -> what it means. The parser's other words may quote the text."""


@functools.lru_cache(maxsize=8)  # several rules read the same text
def _parse(text: str) -> _Parsed:
    try:
        return _Parsed(yaml.load(text, _Loader))  # noqa: S506  (it is a safe loader)
    except RecursionError:
        return _Parsed(UNKNOWN, "must be valid YAML: it is nested too deeply")
    except yaml.reader.ReaderError as error:
        row = text.count("\n", 0, error.position) + 1
        return _Parsed(UNKNOWN, f"must be valid YAML: see line {row} (a forbidden character)")
    except yaml.MarkedYAMLError as error:
        return _Parsed(UNKNOWN, f"must be valid YAML{_explain(error)}")
    except yaml.YAMLError:
        return _Parsed(UNKNOWN, "must be valid YAML")


def _explain(error: yaml.MarkedYAMLError) -> str:
    """Say where a mistake is, and what, without quoting anything."""
    mark = error.problem_mark or error.context_mark
    meaning = _MEANING.get(error.problem or "")
    place = f": see line {mark.line + 1}, column {mark.column + 1}" if mark else ""
    return place + (f" ({meaning})" if meaning else "")


def _parsed(service: Values) -> _Parsed:
    """Parse the argument `yaml` as it arrives at the server, which trims texts."""
    text = service.get("yaml")
    return _parse(text.strip()) if isinstance(text, str) else _Parsed(UNKNOWN)


def _document(service: Values) -> dict[Any, Any]:
    """What `yaml` says, where it is a mapping; what is not one is another rule's matter."""
    document = _parsed(service).document
    return document if isinstance(document, dict) else {}


def _is_given(value: object) -> bool:
    """Tell whether something in a document can be judged."""
    return value is not None and value is not UNKNOWN


def _items(document: dict[Any, Any], name: str) -> Iterator[tuple[str, Any]]:
    """Walk over what can be judged in a list of a document."""
    entries = document.get(name)
    if isinstance(entries, list):
        for index, entry in enumerate(entries):
            if entry is not UNKNOWN:
                yield f"{name}[{index}]", entry


def _services(service: Values) -> Iterator[tuple[str, dict[Any, Any]]]:
    for place, entry in _items(_document(service), "services"):
        if isinstance(entry, dict):
            yield place, entry


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _number(value: object) -> str:
    """Write a number of a document; Python refuses to write some that YAML can."""
    usual = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 10**9
    return f"is {number(value)}" if usual else ""  # type: ignore[arg-type]


# --- yaml ----------------------------------------------------------------------------------------


def _yaml_parses(service: Values, report: Report) -> None:
    mistake = _parsed(service).mistake
    if mistake:
        report("yaml", mistake)


def _yaml_says_something(service: Values, report: Report) -> None:
    if _parsed(service).document is None:
        report("yaml", "says nothing: such a model service cannot be deployed")


def _yaml_mapping(service: Values, report: Report) -> None:
    document = _parsed(service).document
    if _is_given(document) and not isinstance(document, dict):
        report("yaml", "is usually a mapping, with keys such as services and env")


def _yaml_services(service: Values, report: Report) -> None:
    document = _document(service)
    services = document.get("services")
    if _is_given(services) and not isinstance(services, list):
        report("yaml", "services is usually a list of mappings")
    for place, entry in _items(document, "services"):
        if not isinstance(entry, dict):
            report("yaml", f"{place} is usually a mapping")


def _yaml_ports(service: Values, report: Report) -> None:
    for place, entry in _services(service):
        ports = entry.get("ports")
        if _is_given(ports) and not isinstance(ports, list):
            report("yaml", f"{place}.ports must be a list of whole numbers")
        for at, port in _items(entry, "ports"):
            if not _is_whole(port) or port not in RANGE:
                report("yaml", f"{place}.{at} {_IN_RANGE}", _number(port))


def _yaml_ports_distinct(service: Values, report: Report) -> None:
    for place, entry in _services(service):
        seen: set[int] = set()
        for at, port in _items(entry, "ports"):
            if _is_whole(port) and port in seen:
                report("yaml", f"{place}.{at} must not repeat an earlier port", _number(port))
            elif _is_whole(port):
                seen.add(port)


def _yaml_probes(service: Values, report: Report) -> None:
    for place, entry in _services(service):
        for name in ("livez", "readyz"):
            path = entry.get(name)
            right = isinstance(path, str) and PROBE.judge(path) is None
            if _is_given(path) and not right:
                report("yaml", f"{place}.{name} must {PROBE.text}")


def _yaml_bootup_time(service: Values, report: Report) -> None:
    for place, entry in _services(service):
        seconds = entry.get("serviceBootupTime")
        if _is_given(seconds) and not (_is_whole(seconds) and seconds in RANGE):
            report("yaml", f"{place}.serviceBootupTime {_IN_RANGE}", _number(seconds))


def _yaml_env(service: Values, report: Report) -> None:
    document = _document(service)
    env = document.get("env")
    if _is_given(env) and not isinstance(env, list):
        report("yaml", "env is usually a list of texts: key:value")
    for place, entry in _items(document, "env"):
        if isinstance(entry, dict):
            report("yaml", f"{place} is a mapping: write key:value, without a space between")
        elif not isinstance(entry, str) or entry.find(":") < 1:
            report("yaml", f"{place} is usually a text: key:value")


def _yaml_sections(service: Values, report: Report) -> None:
    document = _document(service)
    for name in ("distro", "python"):
        section = document.get(name)
        if _is_given(section) and not isinstance(section, dict):
            report("yaml", f"{name} is usually a mapping")


# --- images, GPUs, tags --------------------------------------------------------------------------


def _images_given(service: Values, report: Report) -> None:
    for path, entry in each(service, "architecture_images"):
        if not given(entry, "vm_image_uuid") and not given(entry, "docker_image"):
            report(path, "needs vm_image_uuid, docker_image or both")


def _distinct_architectures(service: Values, report: Report) -> None:
    seen: set[str] = set()
    for path, entry in each(service, "architecture_images"):
        architecture = entry.get("cpu_architecture")
        if isinstance(architecture, str) and architecture.lower() in seen:
            report(
                f"{path}.cpu_architecture",
                "must not repeat an earlier entry: each architecture has one entry",
            )
        elif isinstance(architecture, str):
            seen.add(architecture.lower())


_GPUS = "vendor_to_spec_uuids_map"


def _vendors(service: Values) -> Iterator[tuple[str, str, Any]]:
    """Walk over the vendors with their paths."""
    vendors = service.get(_GPUS)
    if isinstance(vendors, dict):
        for vendor, specs in vendors.items():
            yield f"{_GPUS}[{vendor!r}]", vendor, specs


def _gpus_given(service: Values, report: Report) -> None:
    if service.get(_GPUS) == {}:
        report(_GPUS, "must name at least one vendor where it is given")


def _gpu_vendors_named(service: Values, report: Report) -> None:
    for path, vendor, _ in _vendors(service):
        if not vendor.strip():
            report(path, "must have a vendor for its key, not a blank")


def _gpu_vendors_known(service: Values, report: Report) -> None:
    known = [vendor.lower() for vendor in VENDORS]
    for path, vendor, _ in _vendors(service):
        name = vendor.strip().lower()
        if name and name not in known:
            report(path, f"is none of the vendors that are known: {', '.join(VENDORS)}")


def _gpu_spec_uuids(service: Values, report: Report) -> None:
    for path, _, specs in _vendors(service):
        for index, spec in enumerate(specs if isinstance(specs, list) else []):
            if spec is not UNKNOWN and not is_uuid(spec):
                report(f"{path}[{index}]", f"must {UUID.text}")


def _gpu_specs_distinct(service: Values, report: Report) -> None:
    for path, _, specs in _vendors(service):
        for index, spec in enumerate(specs if isinstance(specs, list) else []):
            if isinstance(spec, str) and specs.index(spec) < index:
                report(f"{path}[{index}]", "must not repeat an earlier entry")


def _framework_known(service: Values, report: Report) -> None:
    framework = service.get("framework")
    if isinstance(framework, str) and framework not in FRAMEWORKS:
        report("framework", f"is none of the frameworks that are known: {', '.join(FRAMEWORKS)}")


_OURS = re.compile("modeldeploy::[0-9a-f]{12}")
"""Marks on objects: a tag like that would make one another resource's."""


def _reserved_tags(one: Values, report: Report) -> None:
    tags = one.get("user_tags")
    for index, tag in enumerate(tags if isinstance(tags, list) else []):
        if isinstance(tag, str) and _OURS.fullmatch(tag):
            report(f"user_tags[{index}]", "is of a form that this package keeps for itself")


_RESERVED = Rule(
    "reserved-tags",
    _reserved_tags,
    "tags like modeldeploy::0123456789ab are this package's own",
    "this package: whose an object is",
)


def _plain_parameters(resource: Values, report: Report) -> None:
    tags = resource.get("system_tags")
    for index, tag in enumerate(tags if isinstance(tags, list) else []):
        if isinstance(tag, str) and tag.strip().startswith("encryptionParam::"):
            report(
                f"system_tags[{index}]",
                "must not begin with encryptionParam:: since parameters are sent unencrypted",
            )


# --- deployments ---------------------------------------------------------------------------------


_IMAGES = {VIRTUAL_MACHINE: "vm_image_uuid", CONTAINER: "docker_image"}
"""Type of deployment -> argument with its image."""


def _adopted_by_uuid(resource: Values, report: Report) -> None:
    uuid, adopted = resource.get("resource_uuid"), resource.get("adopt")
    if isinstance(uuid, str) and isinstance(adopted, str) and uuid != adopted:
        report("adopt", "must be the same uuid as resource_uuid, or one of them is left out")


ADOPTION_RULES = (
    ADOPT_ALONE,
    Rule(
        "adopt-uuid",
        _adopted_by_uuid,
        "adopt and resource_uuid are the same, where both are given",
        "docs/adopting.md",
    ),
)


def _image_of(kind: str, name: str, source: str) -> Rule:
    """Build the rule that a type of deployment needs its image."""
    image = _IMAGES[kind]

    def run(deployment: Values, report: Report) -> None:
        if deployment.get("type") == kind and not given(deployment, image):
            report(image, f'is missing: it is needed with type "{kind}"')

    return Rule(name, run, f'type "{kind}" needs {image}', source)


def _image_of_other_type(deployment: Values, report: Report) -> None:
    kind = deployment.get("type")
    for other, image in _IMAGES.items():
        if kind in tuple(_IMAGES) and kind != other and given(deployment, image):
            report(image, f'has no effect: it goes with type "{other}"')


def _requests_within_limits(deployment: Values, report: Report) -> None:
    for request, limit in (("request_cpu_num", "cpu_num"), ("request_memory_size", "memory_size")):
        wanted, most = deployment.get(request), deployment.get(limit)
        if _is_whole(wanted) and _is_whole(most) and wanted > most:  # type: ignore[operator]
            # Only the request's own number: the limit may be secret where the request is not.
            report(request, f"must not be above {limit}", _number(wanted))


# --- tables --------------------------------------------------------------------------------------

_CATALOGUE = "error catalogue"
_SAMPLE = "developer guide, samples of answers"

_PLAIN = Rule(
    "plain-parameters",
    _plain_parameters,
    "system tags that begin with encryptionParam:: are not for this provider",
    "developer manual, system tags",
)

SERVICE_RULES = (
    *ADOPTION_RULES,
    Rule("yaml-parses", _yaml_parses, "yaml is valid YAML", f"{_CATALOGUE}, 10042"),
    Rule(
        "yaml-says-something",
        _yaml_says_something,
        "yaml says something",
        f"{_CATALOGUE}, 10094",
        warn=True,
    ),
    Rule("yaml-mapping", _yaml_mapping, "yaml is a mapping", _SAMPLE, warn=True),
    Rule("yaml-services", _yaml_services, "services lists mappings", _SAMPLE, warn=True),
    Rule("yaml-ports", _yaml_ports, "ports are 1 to 65535", f"{_CATALOGUE}, 10039"),
    Rule(
        "yaml-ports-distinct",
        _yaml_ports_distinct,
        "the ports of one service differ",
        f"{_CATALOGUE}, 10040",
    ),
    Rule(
        "yaml-probes",
        _yaml_probes,
        'livez and readyz begin with "/" and hold no spaces',
        f"{_CATALOGUE}, 10037 and 10038",
    ),
    Rule(
        "yaml-bootup-time",
        _yaml_bootup_time,
        "serviceBootupTime is 1 to 65535",
        f"{_CATALOGUE}, 10041",
    ),
    Rule("yaml-env", _yaml_env, "env lists texts: key:value", _SAMPLE, warn=True),
    Rule("yaml-sections", _yaml_sections, "distro and python are mappings", _SAMPLE, warn=True),
    Rule(
        "images-given",
        _images_given,
        "each entry of architecture_images has an image",
        f"{_CATALOGUE}, 10051",
    ),
    Rule(
        "distinct-architectures",
        _distinct_architectures,
        "each architecture has one entry",
        f"{_CATALOGUE}, 10055",
    ),
    Rule("gpus-given", _gpus_given, f"{_GPUS} is not empty", f"{_CATALOGUE}, 10044"),
    Rule("gpu-vendors-named", _gpu_vendors_named, "vendors are not blank", f"{_CATALOGUE}, 10045"),
    Rule(
        "gpu-vendors-known",
        _gpu_vendors_known,
        f"vendors are {', '.join(VENDORS)}",
        "database, upgrade scripts",
        warn=True,
    ),
    Rule("gpu-spec-uuids", _gpu_spec_uuids, "GPU specs are uuids", f"{_CATALOGUE}, 10047"),
    Rule(
        "gpu-specs-distinct",
        _gpu_specs_distinct,
        "the GPU specs of one vendor differ",
        "database, unique key",
    ),
    Rule(
        "framework-known",
        _framework_known,
        f"framework is {', '.join(FRAMEWORKS)}",
        f"{_CATALOGUE}, 10035 and 10036; database, upgrade scripts",
        warn=True,
    ),
    _PLAIN,
    _RESERVED,
)

DEPLOYMENT_RULES = (
    *ADOPTION_RULES,
    _image_of(VIRTUAL_MACHINE, "virtual-machine-image", f"{_CATALOGUE}, 10071"),
    _image_of(CONTAINER, "container-image", f"{_CATALOGUE}, 10075"),
    Rule(
        "image-of-other-type",
        _image_of_other_type,
        "the image of the other type has no effect",
        f"{_CATALOGUE}, 10071 and 10075",
        warn=True,
    ),
    Rule(
        "requests-within-limits",
        _requests_within_limits,
        "requests are not above limits",
        "inferred from the names of the arguments",
        warn=True,
    ),
    _PLAIN,
    _RESERVED,
)
