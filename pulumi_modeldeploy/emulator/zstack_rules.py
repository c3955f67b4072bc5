"""Rules of ZStack's AI plugin, by their numbers in the catalogue of global error codes.

Source: `global-error-en_US.json`, keys `ORG_ZSTACK_AI_1xxxx`; the plugin itself is closed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from pulumi_modeldeploy.emulator.zstack_errors import broken
from pulumi_modeldeploy.emulator.zstack_objects import IMAGE, SPEC

if TYPE_CHECKING:
    from pulumi_modeldeploy.emulator.calls import Document
    from pulumi_modeldeploy.emulator.zstack_messages import Message
    from pulumi_modeldeploy.emulator.zstack_objects import Objects

ARCHITECTURES = ("x86_64", "aarch64", "mips64el", "loongarch64")

#: Not published: names that pages, shipped templates and the database have had since 5.3.20.
FRAMEWORKS = (
    "vLLM",
    "vLLM-Ascend",
    "SGLang",
    "Transformers",
    "Diffusers",
    "SentenceTransformers",
    "sentence_transformers",
    "LlamaCpp",
    "llama.cpp",
    "Ollama",
    "MindIE",
    "MinerU",
    "BentoML",
    "Other",
)

#: Parameters of an update that edit the yaml, which can then not be given itself.
YAML_EDITS = (
    "environmentParameters",
    "startupParameters",
    "inferenceParams",
    "serviceName",
    "servicePorts",
    "serviceLivez",
    "serviceReadyz",
    "serviceBootupTime",
    "serviceInstallPath",
    "serviceStartCommand",
)

_LONGEST_PATH = 512
_LONGEST_IMAGE = 255
_RANGE = range(1, 65536)


def check_service(message: Message, objects: Objects, *, complete: bool) -> None:
    """Check the parameters of Add, Clone and Update; raises `ApiError`.

    `complete` means that images must be given.
    """
    if complete or "architectureImages" in message.values:
        _check_images(message.get("architectureImages"), objects)
    if "vendorToSpecUuidsMap" in message.values:
        _check_vendors(message["vendorToSpecUuidsMap"], objects)
    framework = message.get("framework")
    if framework is not None and framework not in FRAMEWORKS:
        valid = ", ".join(FRAMEWORKS)
        raise broken(10035, f"invalid framework[{framework}], valid values are [{valid}]")
    if "yaml" in message.values:
        parse(message["yaml"])
    if "yaml" in message.values and any(name in message.values for name in YAML_EDITS):
        raise broken(10043, "yaml and individual yaml parameters cannot be set together")
    check_probes(message)


def _check_images(images: list[Document] | None, objects: Objects) -> None:
    if not images:
        raise broken(10012, "architectureImages must not be null or empty")
    seen = set()
    for image in images:
        architecture = image.get("cpuArchitecture", "").lower()
        if not architecture:
            raise broken(10049, "the cpuArchitecture of architectureImages must not be blank")
        if architecture not in ARCHITECTURES:
            raise broken(
                10050,
                f"invalid cpuArchitecture[{image['cpuArchitecture']}], "
                f"supported types are [{', '.join(ARCHITECTURES)}]",
            )
        if architecture in seen:
            raise broken(10055, f"duplicate cpuArchitecture[{architecture}]")
        seen.add(architecture)
        if not (image.get("vmImageUuid") or image.get("dockerImage")):
            raise broken(10051, f"cpuArchitecture[{architecture}] needs vmImageUuid or dockerImage")
        if len(image.get("dockerImage", "")) > _LONGEST_IMAGE:
            raise broken(10051, "dockerImage is too long")
        if image.get("vmImageUuid"):
            check_image(image["vmImageUuid"], objects, (10052, 10053, 10054))


def check_image(uuid: str, objects: Objects, rules: tuple[int, int, int]) -> None:
    """Check that an image exists, is enabled and is ready; raises `ApiError`."""
    if not objects.exists(IMAGE, uuid):
        raise broken(rules[0], f"the image[uuid:{uuid}] does not exist")
    image = objects.find(IMAGE, uuid)
    if image is not None and image["state"] != "Enabled":
        raise broken(rules[1], f"the image[uuid:{uuid}] is not enabled")
    if image is not None and image["status"] != "Ready":
        raise broken(rules[2], f"the image[uuid:{uuid}] is not ready")


def _check_vendors(vendors: Document, objects: Objects) -> None:
    if not vendors:
        raise broken(10044, "vendorToSpecUuidsMap must not be empty")
    for vendor, specs in vendors.items():
        if not vendor.strip():
            raise broken(10045, "the vendor of vendorToSpecUuidsMap must not be blank")
        if specs is None:
            raise broken(10046, f"the specs of vendor[{vendor}] must not be null")
        missing = [uuid for uuid in specs if not _is_of_vendor(uuid, vendor, objects)]
        if missing:
            raise broken(
                10047, f"specs{missing} of vendor[{vendor}] do not exist in GpuDeviceSpecVO"
            )


def _is_of_vendor(uuid: str | None, vendor: str, objects: Objects) -> bool:
    if uuid is None or not objects.exists(SPEC, uuid):
        return False
    spec = objects.find(SPEC, uuid)
    return spec is None or str(spec["vendor"]).casefold() == vendor.casefold()


# --- yaml -------------------------------------------------------------------------------------


def parse(text: str) -> Any:
    """Return what a yaml text says; raises `ApiError`."""
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise broken(10042, f"invalid yaml: {error}") from error


def check_probes(message: Message, up_time: str = "serviceBootupTime") -> None:
    """Check the parameters that edit the yaml; raises `ApiError`."""
    for name, rule in (("serviceLivez", 10037), ("serviceReadyz", 10038)):
        path = message.get(name)
        if path is None:
            continue
        if not path.startswith("/") or " " in path or len(path) > _LONGEST_PATH:
            raise broken(rule, f"{name}[{path}] must start with '/' and hold no spaces")
    ports = message.get("servicePorts", [])
    if any(port not in _RANGE for port in ports):
        raise broken(10039, f"servicePorts{ports} must be in the range of [1, 65535]")
    if len(set(ports)) < len(ports):
        raise broken(10040, f"servicePorts{ports} must not repeat")
    seconds = message.get(up_time)
    if seconds is not None and seconds not in _RANGE:
        raise broken(10041, f"{up_time}[{seconds}] must be in the range of [1, 65535]")


#: Parameter of an update -> key of the first service in the yaml.
_SERVICE_KEYS = {
    "serviceName": "name",
    "servicePorts": "ports",
    "serviceLivez": "livez",
    "serviceReadyz": "readyz",
    "serviceBootupTime": "serviceBootupTime",
    "serviceBootUptime": "serviceBootupTime",
    "serviceInstallPath": "installPath",
    "serviceStartCommand": "startCommand",
}
_ENVIRONMENTS = ("environmentParameters", "environmentVariables")
_MAPS = ("startupParameters", "inferenceParams")


def edited(text: str, message: Message) -> str:
    """Return a yaml text with what a message changes in it; the same text if that is nothing.

    The environment and the maps are replaced as a whole. What a text that is no document of the
    vendor's shape said is lost, as nobody knows better.
    """
    names = (*_SERVICE_KEYS, *_ENVIRONMENTS, *_MAPS)
    if not any(name in message.values for name in names):
        return text
    document = parse(text)
    if not isinstance(document, dict):
        document = {}
    for name in _ENVIRONMENTS:
        if name in message.values:
            document["env"] = [f"{key}:{value}" for key, value in message[name].items()]
    for name in _MAPS:
        if name in message.values:
            document[name] = message[name]
    service = {key: message[name] for name, key in _SERVICE_KEYS.items() if name in message.values}
    if service:
        services = document.get("services")
        rest = services if isinstance(services, list) and services else [{}]
        first = rest[0] if isinstance(rest[0], dict) else {}
        document["services"] = [{**first, **service}, *rest[1:]]
    return str(yaml.safe_dump(document, sort_keys=False)).strip()
