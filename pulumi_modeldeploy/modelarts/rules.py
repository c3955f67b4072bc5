"""Rules over several arguments of a ModelArts service.

Sources: the tables of "Deploying Services" (API reference), its error code page, and the user
guide's page on versions and traffic. A rule that the sources contradict each other about warns.
"""

from __future__ import annotations

import difflib
from collections import Counter
from posixpath import normpath
from typing import TYPE_CHECKING, Any

from pulumi_modeldeploy.core.checks import Report, Rule, adds_up, all_or_none, each, given
from pulumi_modeldeploy.core.values import UNKNOWN, Values
from pulumi_modeldeploy.modelarts.args import CUSTOM

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

POOLS = ("pool_name", "cluster_id")
"""Arguments that name a dedicated resource pool, the winning one first."""


VOLUMES = ("persistent_volumes", "log_volume")
"""Arguments of a version's properties that mount something."""
SYSTEM_DIRECTORIES = ("/", "/var/run")
"""Where a volume would break the container."""
LEAVES = ("string", "number", "integer", "boolean")
"""Types in a mapping rule that are one column of a CSV file."""
IGNORED = -1
"""The column of what is left out."""

REAL_TIME, BATCH, EDGE = TYPES = ("real-time", "batch", "edge")


def type_of(service: Values) -> str:
    """Tell the type of a service; empty where it is not known.

    A misspelt type counts as the nearest: its other mistakes are to be shown in the same preview.
    """
    found = service.get("infer_type")
    if found in TYPES or not isinstance(found, str):
        return str(found) if found in TYPES else ""
    near = difflib.get_close_matches(found.lower(), TYPES, n=1, cutoff=0.6)
    return near[0] if near else ""


def is_real_time(service: Values) -> bool:
    """Tell a real-time service from another, or one whose type is not known."""
    return type_of(service) == REAL_TIME


_FIELDS: Mapping[str, tuple[str, ...]] = {
    "vpc_id": (REAL_TIME,),
    "subnet_network_id": (REAL_TIME,),
    "security_group_id": (REAL_TIME,),
    "pool_name": (REAL_TIME, BATCH),
    "schedule": (REAL_TIME,),
    "load_balancer_policy": (REAL_TIME,),
    "priority": (REAL_TIME, BATCH),
}
"""Arguments of a service that only some types have; tables 3 and 5 for those of its versions."""
_CONFIG_FIELDS: Mapping[str, tuple[str, ...]] = {
    "weight": (REAL_TIME,),
    "pool_name": (REAL_TIME, BATCH),
    "affinity": (REAL_TIME, BATCH),
    "src_path": (BATCH,),
    "dest_path": (BATCH,),
    "req_uri": (BATCH,),
    "mapping_type": (BATCH,),
    "mapping_rule": (BATCH,),
    "src_type": (BATCH,),
    "nodes": (EDGE,),
}
_NEEDED: Mapping[str, tuple[str, ...]] = {
    REAL_TIME: ("weight", "instance_count"),
    BATCH: ("instance_count", "src_path", "dest_path", "req_uri", "mapping_type"),
    EDGE: (),
}
_ARTICLE = {REAL_TIME: "a real-time", BATCH: "a batch", EDGE: "an edge"}


def _fields_of_type(service: Values, report: Report) -> None:
    kind = type_of(service)
    if not kind:
        return
    parts: list[tuple[str, Values, Mapping[str, tuple[str, ...]]]] = [("", service, _FIELDS)]
    parts += [(f"{path}.", config, _CONFIG_FIELDS) for path, config in each(service, "config")]
    for path, part, fields in parts:
        for name, types in fields.items():
            if given(part, name) and kind not in types:
                owners = " and ".join(types)
                report(
                    f"{path}{name}",
                    f"is for {owners} services: remove it from {_ARTICLE[kind]} one",
                )


def _fields_needed(service: Values, report: Report) -> None:
    kind = type_of(service)
    for path, config in each(service, "config"):
        for name in _NEEDED.get(kind, ()):
            if not given(config, name):
                report(f"{path}.{name}", f"is missing: {_ARTICLE[kind]} service needs it")


def _one_config(service: Values, report: Report) -> None:
    kind, configs = type_of(service), service.get("config")
    if kind in (BATCH, EDGE) and isinstance(configs, list) and len(configs) > 1:
        report("config", f"must have one entry in {_ARTICLE[kind]} service", f"has {len(configs)}")


def _manifest(service: Values, report: Report) -> None:
    for path, config in _batches(service):
        source = config.get("src_path")
        named = not isinstance(source, str) or source.endswith(".manifest")
        if config.get("src_type") == "ManifestFile" and not named:
            report(f"{path}.src_path", 'must be a .manifest file with src_type "ManifestFile"')


def _manifest_type(service: Values, report: Report) -> None:
    for path, config in _batches(service):
        source = config.get("src_path")
        named = isinstance(source, str) and source.endswith(".manifest")
        if named and not given(config, "src_type"):
            report(
                f"{path}.src_type",
                'is missing: a manifest is read with "ManifestFile", else src_path is a directory',
            )


def _mapping(service: Values, report: Report) -> None:
    for path, config in _batches(service):
        kind, there = config.get("mapping_type"), given(config, "mapping_rule")
        if kind == "csv" and not there:
            report(f"{path}.mapping_rule", 'is missing: it is needed with mapping_type "csv"')
        if kind == "file" and there:
            report(
                f"{path}.mapping_rule",
                'goes with mapping_type "csv" only: remove it, or set mapping_type to "csv"',
            )


def _batches(service: Values) -> Iterator[tuple[str, Values]]:
    """Walk over the versions of what is, or may be, a batch service."""
    if type_of(service) in (BATCH, ""):
        yield from each(service, "config")


def _mapping_rule(service: Values, report: Report) -> None:
    for path, config in _batches(service):
        if isinstance(config.get("mapping_rule"), dict):
            _Columns(report).walk(config["mapping_rule"], f"{path}.mapping_rule")


class _Columns:
    """Walks over a mapping rule, a JSON schema whose leaves have the column that they are."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.taken: set[int] = set()

    def walk(self, node: Any, path: str) -> None:
        """Judge one node and what is below it."""
        if node is UNKNOWN:
            return
        if not isinstance(node, dict):
            self.report(path, "must be an object with a type")
            return
        kind = node.get("type")
        if kind is UNKNOWN:
            return
        if kind == "object":
            self._properties(node.get("properties"), f"{path}['properties']")
        elif kind == "array":
            self._items(node.get("items"), f"{path}['items']")
        elif isinstance(kind, str) and kind in LEAVES:
            self._leaf(node.get("index"), f"{path}['index']")
        else:
            known = ", ".join(("object", "array", *LEAVES))
            self.report(f"{path}['type']", f"must be one of {known}")

    def _properties(self, below: Any, path: str) -> None:
        if isinstance(below, dict):
            for key, one in below.items():
                self.walk(one, f"{path}[{key!r}]")
        elif below is not UNKNOWN:
            self.report(path, "must be an object: it describes what is inside")

    def _items(self, below: Any, path: str) -> None:
        if isinstance(below, list):
            for position, one in enumerate(below):
                self.walk(one, f"{path}[{position}]")
        elif isinstance(below, dict):
            self.walk(below, path)
        elif below is not UNKNOWN:
            self.report(path, "must be an object or a list: it describes what is inside")

    def _leaf(self, index: Any, path: str) -> None:
        if index is UNKNOWN:
            return
        if not isinstance(index, int) or isinstance(index, bool) or index < IGNORED:
            self.report(path, "must be the number of a column, from 0, or -1 to leave it out")
        elif index in self.taken:
            self.report(path, "names a column that another one has", f"is {index}")
        elif index != IGNORED:
            self.taken.add(index)


def _edge_nodes(service: Values, report: Report) -> None:
    if type_of(service) != EDGE:
        return
    for path, config in each(service, "config"):
        nodes = config.get("nodes")
        if not nodes and not any(given(one, "cluster_id") for one in (service, config)):
            report(f"{path}.nodes", "is missing: an edge service needs nodes, or a cluster_id")
        known = nodes if isinstance(nodes, list) else []
        names = [node for node in known if isinstance(node, str)]
        if not all(names):
            report(f"{path}.nodes", "must hold ids of nodes, not empty texts")
        elif len(set(names)) < len(names):
            report(f"{path}.nodes", "must hold each node once")


def _pools_of(service: Values, config: Values) -> list[Any]:
    """List the dedicated pools that a version may run in, whether they are known or not."""
    return [one[pool] for one in (config, service) for pool in POOLS if given(one, pool)]


def _volumes_in_pools(service: Values, report: Report, kinds: tuple[str, ...]) -> None:
    if type_of(service) not in kinds:
        return
    for path, config in each(service, "config"):
        properties = config.get("additional_properties")
        for name in VOLUMES:
            volumes = properties.get(name) if isinstance(properties, dict) else None
            if isinstance(volumes, list) and volumes and not _pools_of(service, config):
                report(
                    f"{path}.additional_properties.{name}",
                    "needs a dedicated resource pool: give the service a pool_name or cluster_id",
                )


def _pool_of_volumes(service: Values, report: Report) -> None:
    _volumes_in_pools(service, report, (REAL_TIME, BATCH))


def _pool_of_edge_volumes(service: Values, report: Report) -> None:
    _volumes_in_pools(service, report, (EDGE,))


def _mount_paths(service: Values, report: Report) -> None:
    for path, config in each(service, "config"):
        taken: list[str] = []
        for at, mount in _mounts(path, config):
            folder = normpath("/" + mount.lstrip("/"))
            if folder in SYSTEM_DIRECTORIES:
                report(at, "must not be a system directory, such as / and /var/run")
            elif folder in taken:
                report(at, "is used twice: mount paths must differ")
            elif any(_within(folder, other) or _within(other, folder) for other in taken):
                report(at, "must not lie within another mount path, nor hold one")
            taken.append(folder)


def _mounts(path: str, config: Values) -> Iterator[tuple[str, str]]:
    """Walk over the mount paths of one version that are well-formed."""
    properties = config.get("additional_properties")
    if not isinstance(properties, dict):
        return
    for name in VOLUMES:
        for at, volume in each(properties, name):
            mount = volume.get("mount_path")
            if isinstance(mount, str) and mount.startswith("/"):
                yield f"{path}.additional_properties.{at}.mount_path", mount


def _within(inner: str, outer: str) -> bool:
    return inner.startswith(f"{outer}/")


def _affinity(service: Values, report: Report) -> None:
    if type_of(service) == EDGE:
        return
    for path, config in each(service, "config"):
        affinity = config.get("affinity")
        if affinity is None:
            continue
        pools = _pools_of(service, config)
        if not pools:
            report(
                f"{path}.affinity",
                "needs a dedicated resource pool: give the service a pool_name or cluster_id",
            )
        elif isinstance(affinity, dict) and UNKNOWN not in pools:
            _affinity_pools(affinity.get("node_affinity"), f"{path}.affinity", pools, report)


def _affinity_pools(node_affinity: Any, path: str, pools: list[Any], report: Report) -> None:
    if not isinstance(node_affinity, dict):
        return
    for at, info in each(node_affinity, "pool_infos"):
        name = info.get("pool_name")
        if isinstance(name, str) and name and name not in pools:
            report(
                f"{path}.node_affinity.{at}.pool_name",
                "must be a pool that the version runs in: its own or the service's",
            )


def _websocket(service: Values, report: Report) -> None:
    properties = service.get("additional_properties")
    upgrade = properties.get("websocket_upgrade") if isinstance(properties, dict) else None
    if upgrade is True and type_of(service) in (BATCH, EDGE):
        report(
            "additional_properties.websocket_upgrade",
            "has no meaning: only real-time services answer requests on an address",
        )


def _custom_spec(service: Values, report: Report) -> None:
    for path, config in each(service, "config"):
        specification = config.get("specification")
        spec = given(config, "custom_spec")
        if specification == CUSTOM and not spec:
            report(f"{path}.custom_spec", 'is missing: it is needed with specification "custom"')
        if specification not in (CUSTOM, UNKNOWN, None) and spec:
            report(
                f"{path}.custom_spec",
                'goes with specification "custom" only: remove it, or set the specification to '
                '"custom"',
            )


def _custom_pool(service: Values, report: Report) -> None:
    if type_of(service) in (EDGE, "") or any(given(service, pool) for pool in POOLS):
        return
    for path, config in each(service, "config"):
        if config.get("specification") == CUSTOM:
            report(
                f"{path}.specification",
                '"custom" exists in dedicated resource pools only: give the service a pool_name '
                "or cluster_id",
            )


def _one_accelerator(service: Values, report: Report) -> None:
    for path, config in each(service, "config"):
        spec = config.get("custom_spec")
        if isinstance(spec, dict) and _positive(spec, "gpu_p4") and _positive(spec, "ascend_a310"):
            report(
                f"{path}.custom_spec", "has both gpu_p4 and ascend_a310: either of them may be used"
            )


def _positive(spec: Values, name: str) -> bool:
    number: Any = spec.get(name)
    return isinstance(number, int | float) and number > 0


def _pool_of_service(service: Values, report: Report) -> None:
    if any(given(service, pool) for pool in POOLS):
        return
    for path, config in each(service, "config"):
        for pool in POOLS:
            if given(config, pool):
                report(
                    f"{path}.{pool}",
                    "needs a pool of the service too: give the service a pool_name or cluster_id",
                )


def _two_pools(service: Values, report: Report) -> None:
    for path, one in [("", service), *((f"{p}.", c) for p, c in each(service, "config"))]:
        if all(given(one, pool) for pool in POOLS):
            report(f"{path}cluster_id", "has no effect beside pool_name, which wins")


def _network_of_pool(service: Values, report: Report) -> None:
    if given(service, "vpc_id") and any(given(service, pool) for pool in POOLS):
        report("vpc_id", "has no effect: a dedicated resource pool brings its own network")


def _distinct_models(service: Values, report: Report) -> None:
    models = Counter(
        model for _, config in each(service, "config") if isinstance(model := _model(config), str)
    )
    for path, config in each(service, "config"):
        model = _model(config)
        if isinstance(model, str) and models[model] > 1:
            report(f"{path}.model_id", "is used twice: the versions of one service must differ")
            models[model] = 1


def _model(config: Values) -> Any:
    return config.get("model_id")


def _free_flavour(service: Values, report: Report) -> None:
    configs = list(each(service, "config"))
    for path, config in configs:
        specification = config.get("specification")
        if len(configs) > 1 and isinstance(specification, str) and specification.endswith(".free"):
            report(f"{path}.specification", "is a free flavour, which serves a single version only")


_TABLE_3 = "create page, table 3"
_TABLE_5 = "create page, table 5"

_NEWER = "create page, newer edition"
_SHOW = "show page"

RULES = (
    Rule(
        "fields-of-type",
        _fields_of_type,
        "arguments of one type of service are not given with another",
        "create page, tables 3 and 5",
    ),
    Rule(
        "fields-needed",
        _fields_needed,
        "real-time services need weight and instance_count, batch services instance_count, "
        "src_path, dest_path, req_uri and mapping_type",
        _TABLE_5,
    ),
    Rule("one-config", _one_config, "batch and edge services have one version", _TABLE_3),
    adds_up(
        "weights-add-up",
        "config",
        "weight",
        100,
        words="the weights of a real-time service",
        applies=is_real_time,
        source=_TABLE_5,
    ),
    Rule(
        "custom-spec",
        _custom_spec,
        'custom_spec is given exactly when the specification is "custom"',
        _TABLE_5,
    ),
    Rule("custom-pool", _custom_pool, '"custom" needs a dedicated resource pool', _TABLE_5),
    Rule(
        "one-accelerator", _one_accelerator, "gpu_p4 excludes ascend_a310", "create page, table 6"
    ),
    all_or_none("network", "vpc_id", "subnet_network_id", "security_group_id", source=_TABLE_3),
    Rule(
        "pool-of-service",
        _pool_of_service,
        "a pool of a version needs one of the service",
        _TABLE_5,
    ),
    Rule("two-pools", _two_pools, "pool_name wins over cluster_id", _TABLE_5, warn=True),
    Rule(
        "network-of-pool",
        _network_of_pool,
        "a pool's network wins over vpc_id",
        _TABLE_3,
        warn=True,
    ),
    Rule(
        "manifest",
        _manifest,
        'with src_type "ManifestFile", src_path is a .manifest file',
        _TABLE_5,
    ),
    Rule(
        "manifest-type",
        _manifest_type,
        'a .manifest file is read with src_type "ManifestFile"',
        _TABLE_5,
        warn=True,
    ),
    Rule("mapping", _mapping, 'mapping_rule is given exactly with mapping_type "csv"', _TABLE_5),
    Rule(
        "mapping-rule",
        _mapping_rule,
        "every string, number, integer and boolean of a mapping_rule has a column of its own as "
        "index, from 0, or -1; objects have properties, arrays have items",
        _TABLE_5,
    ),
    Rule("edge-nodes", _edge_nodes, "edge services run on nodes or in an edge pool", _TABLE_5),
    Rule(
        "pool-of-volumes",
        _pool_of_volumes,
        "volumes need a dedicated resource pool",
        "create page, table 7",
    ),
    Rule(
        "pool-of-edge-volumes",
        _pool_of_edge_volumes,
        "volumes of edge services may need a pool too",
        "create page, table 7",
        warn=True,
    ),
    Rule(
        "mount-paths",
        _mount_paths,
        "mount paths of a version differ, none lies within another, none is / or /var/run",
        _SHOW,
    ),
    Rule(
        "affinity",
        _affinity,
        "affinity needs a dedicated resource pool and names pools that the version runs in",
        _SHOW,
    ),
    Rule(
        "websocket-of-type",
        _websocket,
        "only real-time services speak WebSocket",
        _NEWER,
        warn=True,
    ),
    Rule("distinct-models", _distinct_models, "the versions of one service differ", _TABLE_3),
    Rule(
        "free-flavour",
        _free_flavour,
        "free flavours serve a single version",
        "user guide, page on versions and traffic",
    ),
)
