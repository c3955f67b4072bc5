"""What ModelArts services refer to: models, pools and flavors.

Sources: pages of the model list, of the dedicated pools and of the supported specifications. Until
objects of a kind are seeded, every id of that kind is taken to exist and every model to be
published.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from pulumi_modeldeploy.emulator.fields import Breach, Field, InvalidError, Kind
from pulumi_modeldeploy.emulator.huawei_iam import DOMAIN_ID, PROJECT_ID, USER_ID
from pulumi_modeldeploy.emulator.modelarts_requests import CUSTOM, INFER_TYPES

if TYPE_CHECKING:
    from pulumi_modeldeploy.emulator.calls import Document

#: Invented: the reason for which every deployment of a seeded model fails. Never shown.
FAILS = "fails"

_MODEL = (
    Field("model_id", required=True, size=(1, 255)),
    Field("model_name"),
    Field("model_version"),
    Field(
        "model_status",
        one_of=("publishing", "published", "failed", "building", "building_failed"),
    ),
    Field("install_type", Kind.LIST, items=Field("", one_of=INFER_TYPES)),
    Field(FAILS, size=(1, 1000)),
)
_POOL = (Field("cluster_id", size=(1, 255)), Field("pool_name", size=(1, 255)))
_FLAVOR = (Field("specification", required=True, size=(1, 255)), Field("is_free", Kind.BOOLEAN))


def _kind(name: str, table: tuple[Field, ...]) -> Field:
    return Field(name, Kind.LIST, items=Field("", Kind.OBJECT, extra=True, table=table))


SEED = (_kind("models", _MODEL), _kind("pools", _POOL), _kind("specifications", _FLAVOR))


def _flavor(spec: str, display: str, cpu: int, memory: int, gpu: Document | None) -> Document:
    flavor: Document = {
        "specification": spec,
        "billing_spec": spec,
        "category": "CPU" if gpu is None else "GPU",
        "cpu_info": {"arch": "x86", "cpu": cpu},
        "memory_info": {"unit": "GiB", "memory": memory},
        "is_open": True,
        "spec_status": "normal",
        "source_type": "",
        "is_free": False,
        "over_quota": False,
        "extend_params": 1,
        "display_en": display,
        "display_cn": display,
    }
    if gpu is not None:
        flavor["gpu_info"] = gpu
    return flavor


_P4 = {"brand": "NVIDIA", "version": "P4", "unit": "GiB", "memory": 8, "gpu": 1}
_T4 = {"brand": "NVIDIA", "version": "T4", "unit": "GiB", "memory": 16, "gpu": 1}

_V100 = {"brand": "NVIDIA", "version": "V100", "unit": "GiB", "memory": 32, "gpu": 1}


def _npu(spec: str, display: str, cpu: int, memory: int) -> Document:
    npu = {"npu_info": {"product_name": "Ascend", "unit": "GiB", "memory": 8, "npu": 1}}
    return {**_flavor(spec, display, cpu, memory, None), "category": "ASCEND", **npu}


def _free(flavor: Document) -> Document:
    return {**flavor, "is_free": True}


#: The flavors that the pages name; a service may ask for others as long as none are seeded.
FLAVORS = {
    flavor["specification"]: flavor
    for flavor in (
        _flavor("modelarts.vm.cpu.2u", "CPU: 2 vCPUs 8 GiB", 2, 8, None),
        _flavor("modelarts.vm.cpu.8u", "CPU: 8 vCPUs 32 GiB", 8, 32, None),
        _flavor("modelarts.vm.gpu.p4", "GPU: 8 vCPUs 32 GiB, 1 x P4", 8, 32, _P4),
        _flavor("modelarts.vm.gpu.pnt004", "GPU: 8 vCPUs 32 GiB, 1 x T4", 8, 32, _T4),
        _flavor("modelarts.vm.gpu.p4u8.container", "GPU: 8 vCPUs 32 GiB, 1 x P4", 8, 32, _P4),
        _flavor("modelarts.vm.gpu.t4", "GPU: 8 vCPUs 32 GiB, 1 x T4", 8, 32, _T4),
        _flavor("modelarts.vm.gpu.t4u8.container", "GPU: 8 vCPUs 32 GiB, 1 x T4", 8, 32, _T4),
        _flavor("modelarts.vm.gpu.v100", "GPU: 8 vCPUs 64 GiB, 1 x V100", 8, 64, _V100),
        _flavor("modelarts.vm.high.p3", "GPU: 8 vCPUs 64 GiB, 1 x V100", 8, 64, _V100),
        _flavor("modelarts.vm.cpu.8ud", "CPU: 8 vCPUs 32 GiB", 8, 32, None),
        _npu("modelarts.vm.ai1.snt3", "Ascend: 3 vCPUs 6 GiB, 1 x Snt3", 3, 6),
        _npu("modelarts.vm.ai1.a310", "Ascend: 3 vCPUs 6 GiB, 1 x 310", 3, 6),
        _npu("modelarts.vm.arm.d310.3u6g", "Ascend: 3 vCPUs 6 GiB, 1 x 310", 3, 6),
        _free(_flavor("modelarts.vm.cpu.free", "CPU: 1 vCPU 4 GiB, free", 1, 4, None)),
        _free(_flavor("modelarts.vm.gpu.free", "GPU: 2 vCPUs 8 GiB, 1 x P4, free", 2, 8, _P4)),
    )
}
_DETAILS = ("display_en", "display_cn", "category", "cpu_info", "memory_info", "gpu_info")


class Catalog:
    """The seeded models, pools and flavors."""

    def __init__(self) -> None:
        self._models: dict[str, Document] = {}
        self._pools: dict[str, Document] = {}
        self._flavors: dict[str, Document] = {}

    def model(self, model_id: str) -> Document | None:
        """Return a model, a plausible one if none is seeded."""
        if self._models:
            return self._models.get(model_id)
        return _model({"model_id": model_id})

    def models(self) -> list[Document]:
        """Return the seeded models."""
        return list(self._models.values())

    def flavors(self) -> list[Document]:
        """Return the flavors that can be deployed on."""
        return list((self._flavors or FLAVORS).values())

    def has_flavor(self, specification: str) -> bool:
        """Whether a flavor can be deployed on."""
        return specification in (CUSTOM, *self._flavors) if self._flavors else True

    def details(self, specification: str) -> Document | None:
        """Return the details of a flavor as the show page has them."""
        flavor = (self._flavors or FLAVORS).get(specification)
        return flavor and {key: flavor[key] for key in _DETAILS if key in flavor}

    def is_free(self, specification: str) -> bool:
        """Whether a flavor is free of charge."""
        flavor = self._flavors.get(specification, {})
        return bool(flavor.get("is_free", specification.endswith(".free")))

    def pools(self) -> list[Document]:
        """Return the seeded dedicated pools."""
        return list(self._pools.values())

    def pool(self, name: str) -> Document | None:
        """Return a pool as version 2 shows it, a plausible one if none is seeded."""
        if not self.has_pool(name):
            return None
        status = self._pools.get(name, {}).get("status", "running")
        phase = _PHASES.get(status, "Running")
        metadata = {"name": name, "labels": {}, "annotations": {}}
        return {
            "kind": "Pool",
            "apiVersion": "v2",
            "metadata": metadata,
            "spec": {"type": "Dedicate", "scope": ["Infer"]},
            "status": {"phase": phase},
        }

    def has_pool(self, pool: str) -> bool:
        """Whether a dedicated pool exists."""
        return pool in self._pools if self._pools else True

    def seed(self, document: Document) -> None:
        """Add objects; one with a known id replaces the old one."""
        for row in document.get("models", ()):
            self._models[row["model_id"]] = _model(row)
        for row in document.get("pools", ()):
            pool = _pool(row)
            self._pools[pool["cluster_id"]] = pool
        for row in document.get("specifications", ()):
            spec = row["specification"]
            base = FLAVORS.get(spec) or _flavor(spec, spec, 2, 8, None)
            self._flavors[spec] = {**base, **row}

    def reset(self) -> None:
        """Forget what was seeded."""
        for shelf in (self._models, self._pools, self._flavors):
            shelf.clear()

    def dump(self) -> Document:
        """Return what was seeded as a JSON document."""
        return {
            "models": self.models(),
            "pools": self.pools(),
            "specifications": list(self._flavors.values()),
        }

    def load(self, document: Document) -> None:
        """Take over what `dump` returned."""
        self.seed(document)


def _model(row: Document) -> Document:
    return {
        # Not out of the id itself, which a program may treat as a secret.
        "model_name": f"model-{hashlib.sha256(row['model_id'].encode()).hexdigest()[:8]}",
        "model_version": "0.0.1",
        "model_type": "Image",
        "model_status": "published",
        "model_size": 0,
        "install_type": list(INFER_TYPES),
        "specification": {},
        "owner": USER_ID,
        "project": PROJECT_ID,
        "tenant": DOMAIN_ID,
        "workspace_id": "0",
        "create_at": 0,
        "description": "",
        "source_type": "",
        "model_source": "custom",
        "market_flag": False,
        "tunable": False,
        "publishable_flag": True,
        **row,
    }


#: Status of a pool of the old generation -> phase of one of the new.
_PHASES = {"deploying": "Creating", "abnormal": "Abnormal"}


def _pool(row: Document) -> Document:
    """Old and new pools share a shelf: their ids do not collide."""
    pool_id = row.get("cluster_id") or row.get("pool_name") or row.get("id")
    if pool_id is None:
        raise InvalidError("modelarts.pools", Breach.MISSING, "need a cluster_id or a pool_name")
    return {
        "cluster_name": pool_id,
        "description": "",
        "tenant": DOMAIN_ID,
        "project": PROJECT_ID,
        "owner": USER_ID,
        "created_at": 0,
        "status": "running",
        "nodes": {"specification": "modelarts.vm.cpu.8u", "count": 1, "available_count": 1},
        "allocatable_cpu_cores": 8,
        "allocatable_memory": 32768,
        "allocatable_gpus": 0,
        "charging_mode": "postpaid",
        "max_node_count": 50,
        **row,
        "cluster_id": pool_id,
    }
