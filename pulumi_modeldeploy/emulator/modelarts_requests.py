"""What ModelArts accepts in the bodies of its service calls.

Sources: create page (tables 3 to 11), update page, API Explorer definition of CreateService for
lengths and ranges. The tables say what one field may be, the functions below what fields must be
together. Where pages differ, the stricter one counts: what passes here passes there.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from posixpath import normpath
from typing import TYPE_CHECKING

from pulumi_modeldeploy.emulator.fields import Breach, Document, Field, InvalidError, Kind, read

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

REAL_TIME, BATCH, EDGE = "real-time", "batch", "edge"
INFER_TYPES = (REAL_TIME, BATCH, EDGE)
CUSTOM = "custom"

_RT = frozenset({REAL_TIME})
_BATCH = frozenset({BATCH})
_EDGE = frozenset({EDGE})
_RT_BATCH = frozenset({REAL_TIME, BATCH})

#: All that one page or another forbids in a description: create page `! < > + & " '`, its schema
#: additionally `=`, update page `< > = & " '`.
_NOT_IN_DESCRIPTION = "!<>=+&\"'"
#: Letters, Chinese characters, digits, hyphens and underscores (create page, service_name).
_NAME = "[A-Za-z0-9_\u4e00-\u9fff-]+"

# Create page, table 6.
_CUSTOM_SPEC = (
    Field("cpu", Kind.NUMBER, required=True, least=0.01),
    Field("memory", Kind.INTEGER, required=True, least=1),
    Field("gpu_p4", Kind.NUMBER, least=0),
    Field("ascend_a310", Kind.INTEGER, least=0),
)

_PERSISTENT_VOLUME = (
    Field("name"),
    Field("mount_path", required=True, size=(1, 1024)),
    Field("storage_type", size=(1, 64)),
    Field("source_address"),
)
_LOG_VOLUME = (
    Field("host_path", required=True, size=(1, 1024)),
    Field("mount_path", required=True, size=(1, 1024)),
)

# Create page, tables 7 to 9, and the newer rows of the API Explorer.
_MODEL_PROPERTIES = (
    Field("persistent_volumes", Kind.LIST, items=Field("", Kind.OBJECT, table=_PERSISTENT_VOLUME)),
    Field("log_volume", Kind.LIST, items=Field("", Kind.OBJECT, table=_LOG_VOLUME)),
    Field("max_surge", Kind.NUMBER, above=0),
    Field("max_unavailable", Kind.NUMBER, least=0),
    Field("termination_grace_period_seconds", Kind.INTEGER, least=30, most=300),
    Field("dew_secret", Kind.OBJECT),
)

_NODE_NAME = (Field("name", required=True, size=(1, 255)),)
_POOL_INFO = (
    Field("pool_name", required=True, size=(1, 255)),
    Field(
        "nodes",
        Kind.LIST,
        required=True,
        size=(1, 1000),
        items=Field("", Kind.OBJECT, table=_NODE_NAME),
    ),
)
_NODE_AFFINITY = (
    Field("mode", required=True, one_of=("required", "preferred")),
    Field("pool_infos", Kind.LIST, items=Field("", Kind.OBJECT, table=_POOL_INFO)),
)
_AFFINITY = (Field("node_affinity", Kind.OBJECT, table=_NODE_AFFINITY),)

# Create page, table 5. The page's samples send the weight as text.
CONFIG = (
    Field("model_id", required=True, size=(1, 255)),
    Field("specification", required=True, size=(1, 255)),
    Field("weight", Kind.INTEGER, needed=_RT, least=0, most=100, text_ok=True),
    # 128 in newer prose, 5 "or more by ticket" in older prose; an edge sample leaves it out.
    Field("instance_count", Kind.INTEGER, needed=_RT_BATCH, least=1, most=128),
    Field("custom_spec", Kind.OBJECT, table=_CUSTOM_SPEC),
    Field("envs", Kind.STRINGS),
    Field("cluster_id", blank=True),
    Field("pool_name", only=_RT_BATCH, blank=True),
    Field("nodes", Kind.LIST, only=_EDGE, items=Field("", size=(1, 255))),
    Field("src_path", only=_BATCH, needed=_BATCH, size=(1, 1024)),
    Field("dest_path", only=_BATCH, needed=_BATCH, size=(1, 1024)),
    Field("req_uri", only=_BATCH, needed=_BATCH, size=(1, 1024)),
    Field("mapping_type", only=_BATCH, needed=_BATCH, one_of=("file", "csv")),
    Field("mapping_rule", Kind.OBJECT, only=_BATCH),
    Field("src_type", only=_BATCH, blank=True, one_of=("ManifestFile",)),
    Field("deploy_timeout_in_seconds", Kind.INTEGER, least=3, most=120),
    Field("additional_properties", Kind.OBJECT, table=_MODEL_PROPERTIES),
    Field("affinity", Kind.OBJECT, only=_RT_BATCH, table=_AFFINITY),
)

# Create page, table 4.
_SCHEDULE = (
    Field("type", required=True, one_of=("stop",)),
    Field("time_unit", required=True, one_of=("DAYS", "HOURS", "MINUTES")),
    Field("duration", Kind.INTEGER, required=True, least=1),
)

# Create page, tables 10 and 11: on the wire the objects themselves, not maps of them.
_SMN = (
    Field("topic_urn", required=True, size=(1, 1024)),
    Field(
        "events",
        Kind.LIST,
        required=True,
        size=(1, 4),
        items=Field("", Kind.INTEGER, one_of=(1, 3, 7, 11)),
    ),
)
_LTS = (
    Field("log_group_id", required=True, size=(1, 64)),
    Field("log_stream_id", required=True, size=(1, 64)),
)
_LOG_CHANNEL = (
    Field("type", required=True, one_of=("LTS",)),
    Field("configuration", Kind.OBJECT, table=_LTS),
)
_SERVICE_PROPERTIES = (
    Field("smn_notification", Kind.OBJECT, table=_SMN),
    Field("log_report_channels", Kind.LIST, items=Field("", Kind.OBJECT, table=_LOG_CHANNEL)),
    Field("websocket_upgrade", Kind.BOOLEAN),
)
_SECRET = (
    Field("secretId", required=True, size=(1, 255)),
    Field("mouthPath", required=True, size=(1, 1024)),  # the page's own spelling
)

# What the create and the update page have in common.
_COMMON = (
    Field("description", size=(0, 100), forbidden=_NOT_IN_DESCRIPTION),
    Field(
        "schedule",
        Kind.LIST,
        only=_RT,
        size=(0, 1),
        items=Field("", Kind.OBJECT, table=_SCHEDULE),
    ),
    Field("additional_properties", Kind.OBJECT, table=_SERVICE_PROPERTIES),
    Field(
        "load_balancer_policy",
        only=_RT,
        one_of=("ROUND_ROBIN", "LEAST_CONNECTIONS", "SOURCE_IP"),
    ),
    Field("service_secrets", Kind.LIST, items=Field("", Kind.OBJECT, table=_SECRET)),
    Field("priority", Kind.INTEGER, only=_RT_BATCH, least=1, most=3),
)


def _config(*, required: bool) -> Field:
    items = Field("", Kind.OBJECT, table=CONFIG)
    return Field("config", Kind.LIST, required=required, size=(1, 1000), items=items)


# Create page, table 3.
CREATE = (
    Field(
        "service_name",
        required=True,
        size=(1, 64),
        matches=_NAME,
        characters="letters, Chinese characters, digits, hyphens and underscores",
    ),
    Field("infer_type", required=True, one_of=INFER_TYPES),
    _config(required=True),
    Field("workspace_id", size=(1, 64)),
    Field("vpc_id", only=_RT, blank=True, size=(1, 64)),
    Field("subnet_network_id", only=_RT, blank=True, size=(1, 64)),
    Field("security_group_id", only=_RT, blank=True, size=(1, 64)),
    Field("cluster_id", blank=True, size=(1, 255)),
    Field("pool_name", only=_RT_BATCH, blank=True, size=(1, 255)),
    *_COMMON,
)

# Update page. Whatever else create takes cannot be changed afterwards.
UPDATE = (Field("status", one_of=("running", "stopped")), _config(required=False), *_COMMON)


def read_create(document: object) -> Document:
    """Return the clean body of a create call; raises `InvalidError`."""
    infer_type = document.get("infer_type") if isinstance(document, dict) else None
    scope = infer_type if isinstance(infer_type, str) else ""
    body = read(CREATE, document, scope=scope)
    for check in (_check_network, _check_properties):
        check(body)
    check_configs(body["config"], body)
    return body


def read_update(document: object, service: Document) -> Document:
    """Return the clean body of an update of a service that was created with body `service`."""
    body = read(UPDATE, document, scope=service["infer_type"])
    _check_properties(body)
    _check_frozen(body.get("additional_properties"), service.get("additional_properties", {}))
    if "config" in body:
        check_configs(body["config"], service)
    return body


# --- what fields must be together -------------------------------------------------------------


def _check_network(body: Document) -> None:
    """Demand all three or none (create page: subnet and group are mandatory with vpc_id)."""
    trio = ("vpc_id", "subnet_network_id", "security_group_id")
    missing = [name for name in trio if name not in body]
    if 0 < len(missing) < len(trio):
        given = next(name for name in trio if name in body)
        raise InvalidError(missing[0], Breach.MISSING, f"is required together with {given}")


def _check_properties(body: Document) -> None:
    events = body.get("additional_properties", {}).get("smn_notification", {}).get("events", [])
    if len(set(events)) < len(events):
        path = "additional_properties.smn_notification.events"
        raise InvalidError(path, Breach.VALUE, "must not repeat an event")


def _check_frozen(new: Document | None, old: Document) -> None:
    """LTS and WebSocket cannot be changed once they are on (additional properties, both notes)."""
    if new is None:
        return
    path = "additional_properties"
    if old.get("websocket_upgrade") and new.get("websocket_upgrade") is False:
        raise InvalidError(
            f"{path}.websocket_upgrade", Breach.VALUE, "cannot be switched off again"
        )
    channels = old.get("log_report_channels")
    if channels and new.get("log_report_channels", channels) != channels:
        raise InvalidError(
            f"{path}.log_report_channels", Breach.VALUE, "cannot be changed once set"
        )


def check_configs(configs: list[Document], service: Document) -> None:
    """Check the config elements together and with what is said for the whole service."""
    infer_type = service["infer_type"]
    if infer_type == REAL_TIME:
        total = sum(config["weight"] for config in configs)
        if total != 100:  # noqa: PLR2004 - per cent
            raise InvalidError(
                "config", Breach.VALUE, f"must have weights of 100 in sum, not {total}"
            )
    elif len(configs) > 1:
        problem = f"must have one element in a {infer_type} service, has {len(configs)}"
        raise InvalidError("config", Breach.VALUE, problem)
    for number, config in enumerate(configs):
        path = f"config[{number}]"
        _check_pool(config, service, path)
        _check_spec(config, service, path)
        _check_volumes(config, service, path)
        _CHECK_TYPE[infer_type](config, service, path)


def pools(config: Document, service: Document) -> set[str]:
    """Return the dedicated pools that a config element may run in; empty: the public pool."""
    names = (level.get(key) for level in (config, service) for key in ("pool_name", "cluster_id"))
    return {name for name in names if name}


def _check_pool(config: Document, service: Document, path: str) -> None:
    """Allow a config's own pool only in a service that has one (create page, table 5)."""
    for key in ("pool_name", "cluster_id"):
        if key in config and not pools({}, service):
            problem = "needs a dedicated pool of the service as well"
            raise InvalidError(f"{path}.{key}", Breach.VALUE, problem)
    affinity = config.get("affinity", {}).get("node_affinity")
    if affinity is None:
        return
    used = pools(config, service)
    if not used:
        raise InvalidError(f"{path}.affinity", Breach.VALUE, "needs a dedicated pool")
    for info in affinity.get("pool_infos", ()):
        if info["pool_name"] not in used:
            problem = "names a pool that the service does not use"
            raise InvalidError(f"{path}.affinity.node_affinity.pool_infos", Breach.VALUE, problem)


def _check_spec(config: Document, service: Document, path: str) -> None:
    """Demand the numbers and the place that custom flavors need (create page, specification)."""
    spec = config.get("custom_spec")
    if config["specification"] == CUSTOM:
        if spec is None:
            raise InvalidError(f"{path}.custom_spec", Breach.MISSING, "is required with custom")
        if service["infer_type"] != EDGE and not pools(config, service):
            problem = "can be custom only in a dedicated pool"
            raise InvalidError(f"{path}.specification", Breach.VALUE, problem)
    if spec is None:
        return
    if spec.get("gpu_p4") and spec.get("ascend_a310"):
        raise InvalidError(
            f"{path}.custom_spec", Breach.VALUE, "cannot have gpu_p4 and ascend_a310"
        )
    for key in ("cpu", "gpu_p4"):
        if key in spec:
            spec[key] = _two_decimals(spec[key])


def _two_decimals(value: float) -> float:
    """Round half up, as the server does with the third decimal (create page, table 6)."""
    if isinstance(value, int):
        return value
    return float(Decimal(str(value)).quantize(Decimal("0.01"), ROUND_HALF_UP))


#: Where a volume would break the container (persistent_volumes, mount_path).
_SYSTEM_FOLDERS = ("/", "/var/run")


def _check_volumes(config: Document, service: Document, path: str) -> None:
    properties = config.get("additional_properties", {})
    mounts: list[str] = []
    for key in ("persistent_volumes", "log_volume"):
        if properties.get(key) and not pools(config, service):
            problem = "can be set only in a dedicated pool"
            raise InvalidError(f"{path}.additional_properties.{key}", Breach.VALUE, problem)
        mounts += [volume["mount_path"] for volume in properties.get(key, ())]
    for problem in _mount_problems(mounts):
        raise InvalidError(f"{path}.additional_properties", Breach.VALUE, problem)


def _mount_problems(mounts: Iterable[str]) -> Iterator[str]:
    seen: list[str] = []
    for mount in mounts:
        if not mount.startswith("/"):
            yield f"has a mount_path that is not absolute: {mount}"
        folder = normpath(mount)
        if folder in _SYSTEM_FOLDERS:
            yield f"mounts over a system folder: {mount}"
        if any(_nested(folder, other) for other in seen):
            yield f"mounts one volume into another: {mount}"
        seen.append(folder)


def _nested(one: str, other: str) -> bool:
    return f"{one}/".startswith(f"{other}/") or f"{other}/".startswith(f"{one}/")


def _check_real_time(_config: Document, _service: Document, _path: str) -> None:
    """Nothing beyond the tables."""


def _check_batch(config: Document, _service: Document, path: str) -> None:
    """CSV input needs a mapping rule, a manifest its file (create page, table 5)."""
    if config["mapping_type"] == "csv":
        if "mapping_rule" not in config:
            raise InvalidError(f"{path}.mapping_rule", Breach.MISSING, "is required with csv")
        _check_columns(config["mapping_rule"], f"{path}.mapping_rule")
    if "src_type" in config and not config["src_path"].endswith(".manifest"):
        raise InvalidError(f"{path}.src_path", Breach.VALUE, "must be a manifest file")


#: Types of the parameters that need an index (create page, mapping_rule).
_COLUMN_TYPES = ("string", "number", "integer", "boolean")


def _check_columns(rule: object, path: str) -> None:
    """Demand a column for each such parameter; they count from 0, and -1 means none."""
    if isinstance(rule, list):
        for number, part in enumerate(rule):
            _check_columns(part, f"{path}[{number}]")
    if not isinstance(rule, dict):
        return
    if rule.get("type") in _COLUMN_TYPES:
        index = rule.get("index")
        if not isinstance(index, int) or isinstance(index, bool) or index < -1:
            raise InvalidError(f"{path}.index", Breach.VALUE, "must be a column, or -1")
        return
    properties = rule.get("properties")
    for name, part in (properties if isinstance(properties, dict) else {}).items():
        _check_columns(part, f"{path}.properties.{name}")
    _check_columns(rule.get("items"), f"{path}.items")


def _check_edge(config: Document, service: Document, path: str) -> None:
    """Edge services run on nodes or, in newer pages, in an edge pool."""
    if not config.get("nodes") and not pools(config, service):
        raise InvalidError(f"{path}.nodes", Breach.MISSING, "is required")


_CHECK_TYPE = {REAL_TIME: _check_real_time, BATCH: _check_batch, EDGE: _check_edge}
