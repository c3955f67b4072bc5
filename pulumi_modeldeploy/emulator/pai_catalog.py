"""What app services are made of: specifications and models in OSS or on NAS.

Sources: pages of CreateAppService and UpdateAppService (specifications, keys of `Config`), page on
mounting storage, FAQ about EAS. Until objects of a kind are seeded, every one of that kind is taken
to exist. What is missing shows when the service is deployed, not in the answer to the call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pulumi_modeldeploy.emulator.fields import Field, Kind

if TYPE_CHECKING:
    from pulumi_modeldeploy.emulator.calls import Document
    from pulumi_modeldeploy.emulator.pai_network import Network

OSS, NAS = "oss", "nas"
_NAS_KEYS = ("NasMountTarget", "NasPath", "VpcID", "VswitchID", "SecurityGroupID")
_NAME = "ServiceSpec"

SEED = (
    Field(
        "serviceSpecs",
        Kind.LIST,
        items=Field(
            "",
            Kind.OBJECT,
            table=(
                Field(_NAME, required=True, size=(1, 128)),
                Field("fails", size=(1, 1000)),
                Field("waits", size=(1, 1000)),
            ),
        ),
    ),
    Field("ossPaths", Kind.LIST, items=Field("", matches="oss://.+", characters="oss://bucket/")),
)


class Size(NamedTuple):
    """What an instance has; memory in MB."""

    cpu: int
    gpu: int
    memory: int


#: Parameters of the model in billions -> size. The pages say nothing about sizes: own choice.
_SIZES = {"6b": Size(8, 1, 32768), "7b": Size(8, 1, 32768), "13b": Size(16, 2, 65536)}


def size(spec: str) -> Size:
    """Return what an instance of a specification has."""
    found = (_SIZES[part] for part in spec.split("_") if part in _SIZES)
    return next(found, _SIZES["7b"])


class Catalog:
    """The seeded specifications and OSS paths, and the network that NAS is mounted over."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._specs: dict[str, Document] = {}
        self._paths: list[str] = []

    def has_spec(self, spec: str) -> bool:
        """Whether a specification can be deployed."""
        return spec in self._specs if self._specs else True

    def doom(self, body: Document, region: str) -> str | None:
        """Return why a deployment fails, `None` if it does not."""
        fails = self._specs.get(body[_NAME], {}).get("fails")
        if fails:
            return str(fails)
        config = body.get("Config", {})
        path = config.get("OssPath")
        if config.get("ModelStorage") == NAS:
            return self._doom_of_nas(config, region)
        if path is not None and self._paths and not str(path).startswith(tuple(self._paths)):
            return f"The path {path} does not exist."
        return None

    def _doom_of_nas(self, config: Document, region: str) -> str | None:
        """NAS is mounted over the VPC of its mount target (page on mounting storage)."""
        lacks = next((key for key in _NAS_KEYS if not config.get(key)), None)
        if lacks is not None:
            return f"{lacks} is needed to mount NAS."
        return self._network.problem(config, region)

    def waits(self, spec: str) -> str | None:
        """Return why instances of a specification do not come up, `None` if they do."""
        waits = self._specs.get(spec, {}).get("waits")
        return str(waits) if waits else None

    def seed(self, document: Document) -> None:
        """Add objects; a specification that is known already is replaced."""
        self._specs.update({row[_NAME]: row for row in document.get("serviceSpecs", ())})
        self._paths += document.get("ossPaths", ())

    def reset(self) -> None:
        """Forget what was seeded."""
        self._specs.clear()
        self._paths.clear()

    def dump(self) -> Document:
        """Return what was seeded as a JSON document."""
        return {"serviceSpecs": list(self._specs.values()), "ossPaths": list(self._paths)}

    def load(self, document: Document) -> None:
        """Take over what `dump` returned."""
        self.seed(document)
