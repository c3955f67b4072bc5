"""What is looked at before a ModelArts service is created: network, models, flavours, pools, name.

Sources: create page (table 3: network; table 5: models, specifications), error code page (3503,
3507, 3515, 3516, 3534, 3547, 3589, 3835), pages of the model, specification and pool calls, VPC API
reference (rules of security groups, versions 1 and 3).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pulumi_modeldeploy.core.checks import each, given
from pulumi_modeldeploy.core.http import Call
from pulumi_modeldeploy.core.preflight import Look, Preflight, Question
from pulumi_modeldeploy.core.values import UNKNOWN
from pulumi_modeldeploy.modelarts import api
from pulumi_modeldeploy.modelarts.args import CUSTOM
from pulumi_modeldeploy.modelarts.rules import POOLS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pulumi_modeldeploy.core.preflight import Looks, Subject
    from pulumi_modeldeploy.core.values import Json, Values
    from pulumi_modeldeploy.errors import ApiError

REAL_TIME, BATCH, EDGE = "real-time", "batch", "edge"
TYPES = (REAL_TIME, BATCH, EDGE)
NOT_FOUND = 404
PORT = 8080
EVERYWHERE = "0.0.0.0/0"


# --- looks ---------------------------------------------------------------------------------------


def _codes(*codes: str) -> Callable[[ApiError], bool]:
    """An object is missing by code only: 404 is also the gateway's answer to calls it lacks."""
    return lambda error: error.code in codes


def _not_found(error: ApiError) -> bool:
    """Tell a pool that does not exist: its page names no code of its own."""
    return error.status == NOT_FOUND and error.code.startswith("ModelArts.")


def _call(operation: str, path: str, holds: str = "") -> Call:
    """A look must not hold a preview up: it is repeated once."""
    return Call(operation, "GET", "/v1/{project_id}/" + path, holds=holds, attempts=2)


VPC = "vpc"
_SHOW_VPC = Look(_call("ShowVpc", "vpcs/{id}", "vpc"), VPC, _codes("VPC.0003", "VPC.0101"))
_SHOW_SUBNET = Look(
    _call("ShowSubnet", "subnets/{id}", "subnet"), VPC, _codes("VPC.0202", "VPC.0201")
)
_NO_GROUP = _codes("VPC.0603", "VPC.0601")
_SHOW_GROUP = Look(
    _call("ShowSecurityGroup", "security-groups/{id}", "security_group"), VPC, _NO_GROUP
)
_SHOW_GROUP_V3 = Look(
    replace(
        _SHOW_GROUP.call,
        operation="ShowSecurityGroupV3",
        path="/v3/{project_id}/vpc/security-groups/{id}",
    ),
    VPC,
    _NO_GROUP,
    instead=_SHOW_GROUP,
)
_SHOW_MODEL = Look(
    _call("ShowModel", "models/{id}"),
    missing=_codes("ModelArts.3507", "ModelArts.3001", "ModelArts.3506"),
)
_SPECIFICATIONS = Look(_call("ListSpecifications", "services/specifications", "specifications"))
_CLUSTERS = Look(_call("ListClusters", "clusters", "clusters"))
_SHOW_POOL = Look(
    Call("ShowPool", "GET", "/v2/{project_id}/pools/{id}", attempts=2), missing=_not_found
)
SERVICES = Look(replace(api.LIST, holds="services", attempts=2))


# --- network -------------------------------------------------------------------------------------


def _network(*names: str) -> Callable[[Values], Iterator[tuple[str, Subject]]]:
    """Ask about arguments of the network; a dedicated pool brings its own."""

    def subjects(service: Values) -> Iterator[tuple[str, Subject]]:
        if not any(given(service, pool) for pool in POOLS):
            yield names[0], tuple(service.get(name, UNKNOWN) for name in names)

    return subjects


def _vpc(looks: Looks, vpc: str) -> str | None:
    return _there(looks.one(_SHOW_VPC, id=vpc), "VPC of this id")


def _subnet(looks: Looks, subnet: str) -> str | None:
    found = looks.one(_SHOW_SUBNET, id=subnet)
    return _there(found, "subnet of this network id (its Neutron subnet id is another one)")


def _there(found: Json | None, what: str) -> str | None:
    if found is not None:
        return None
    return f"there is no {what} in this region and project: give that of one that is there"


def _subnet_of_vpc(looks: Looks, subnet: str, vpc: str) -> str | None:
    found = looks.one(_SHOW_SUBNET, id=subnet)
    if found is None or found.get("vpc_id") in (None, "", vpc):
        return None
    if looks.one(_SHOW_VPC, id=vpc) is None:
        return None
    return (
        "the subnet belongs to another VPC than vpc_id: give a subnet of that VPC, or the VPC of "
        "this subnet"
    )


def _group(looks: Looks, group: str) -> str | None:
    return _there(_rules_of(looks, group), "security group of this id")


def _port(looks: Looks, group: str) -> str | None:
    found = _rules_of(looks, group)
    rules = [rule for rule in (found or {}).get("security_group_rules") or [] if _covers(rule)]
    allowed = [_priority(rule) for rule in rules if rule.get("action") in (None, "", "allow")]
    denied = [_priority(rule) for rule in rules if rule.get("action") == "deny"]
    opens = f"inbound TCP {PORT} from {EVERYWHERE}"
    if found is None:
        return None
    if not allowed:
        return (
            f"the group does not admit {opens}: add such a rule, or the service fails with "
            "ModelArts.3534"
        )
    if denied and min(denied) <= min(allowed):
        return (
            f"the group denies {opens} by a rule that comes before the one that admits it: remove "
            "that rule or give it a larger priority, or the service fails with ModelArts.3534"
        )
    return None


def _rules_of(looks: Looks, group: str) -> Json | None:
    """Show a group; only version 3 tells rules that deny."""
    return looks.one(_SHOW_GROUP_V3, id=group)


def _covers(rule: Json) -> bool:
    """Tell whether a rule is about TCP 8080 from everywhere; what is empty means "any"."""
    return (
        rule.get("direction") == "ingress"
        and str(rule.get("ethertype") or "IPv4").lower() == "ipv4"
        and str(rule.get("protocol") or "tcp").lower() in ("tcp", "6", "any")
        and rule.get("enabled") is not False
        and not (rule.get("remote_group_id") or rule.get("remote_address_group_id"))
        and rule.get("remote_ip_prefix") in (None, "", EVERYWHERE)
        and _has_port(rule)
    )


def _has_port(rule: Json) -> bool:
    """Version 3 spells ports as a text such as `22,8000-9000`, version 1 as a range."""
    if rule.get("multiport") not in (None, ""):
        ranges = (part.partition("-") for part in str(rule["multiport"]).split(","))
        return any(_between(low, high or low) for low, _, high in ranges)
    return _between(rule.get("port_range_min"), rule.get("port_range_max"))


def _between(low: Any, high: Any) -> bool:
    try:
        return int(low or 0) <= PORT <= int(high or low or 65535)
    except ValueError:
        return False


def _priority(rule: Json) -> int:
    """1 comes first; of two that are equal the one that denies."""
    return int(rule.get("priority") or 1)


# --- models --------------------------------------------------------------------------------------


def _infer_type(service: Values) -> Any:
    """The type, as far as it is known and right."""
    found = service.get("infer_type")
    return found if found in TYPES else UNKNOWN


def _models(service: Values) -> Iterator[tuple[str, Subject]]:
    for path, config in each(service, "config"):
        yield f"{path}.model_id", (config.get("model_id", UNKNOWN),)


def _models_of_type(service: Values) -> Iterator[tuple[str, Subject]]:
    for path, model in _models(service):
        yield path, (*model, _infer_type(service))


def _pairs_of_models(service: Values) -> Iterator[tuple[str, Subject]]:
    """Pair each model with those before it."""
    before: list[str] = []
    for path, (model,) in _models(service):
        yield from ((path, (model, other)) for other in before if other != model)
        before.append(model)


def _model(looks: Looks, model: str) -> str | None:
    return _there(looks.one(_SHOW_MODEL, id=model), "model of this id")


STATES = {
    "publishing": "is still being published: wait until it is",
    "building": "is still being built: wait until it is published",
    "failed": "could not be published: publish it again, or give another",
    "building_failed": "could not be built: build it again, or give another",
}


def _published(looks: Looks, model: str) -> str | None:
    found = looks.one(_SHOW_MODEL, id=model) or {}
    state = found.get("model_status")
    if state in (None, "", "published"):
        return None
    return f"the model {STATES.get(str(state), 'is not published: publish it first')}"


def _for_type(looks: Looks, model: str, infer_type: str) -> str | None:
    found = looks.one(_SHOW_MODEL, id=model) or {}
    types = found.get("install_type")
    if not isinstance(types, list) or not types or infer_type in types:
        return None
    known = ", ".join(one for one in TYPES if one in types)
    return (
        f"the model cannot be deployed as a {infer_type} service, only as {known or 'another'}: "
        "give another model, or another infer_type"
    )


def _same_version(looks: Looks, model: str, other: str) -> str | None:
    one, two = _version(looks, model), _version(looks, other)
    if None in (*one, *two) or one != two:
        return None
    return "is the same version of the same model as an entry before: give different versions"


def _same_number(looks: Looks, model: str, other: str) -> str | None:
    one, two = _version(looks, model), _version(looks, other)
    if None in (*one, *two) or one[0] == two[0] or one[1] != two[1]:
        return None
    return (
        "has the same version number as another model of this service, which the cloud may take "
        "for the same version (ModelArts.3516): give different ones"
    )


def _version(looks: Looks, model: str) -> tuple[Any, Any]:
    found = looks.one(_SHOW_MODEL, id=model) or {}
    return found.get("model_name"), found.get("model_version")


# --- specifications ------------------------------------------------------------------------------


def _specifications(service: Values) -> Iterator[tuple[str, Subject]]:
    """Ask about flavours with the type and the kind of pool that they are for."""
    infer_type = _infer_type(service)
    if infer_type == EDGE:
        return
    for path, config in each(service, "config"):
        if config.get("specification") != CUSTOM:
            pool = any(given(one, name) for one in (service, config) for name in POOLS)
            flavour = config.get("specification", UNKNOWN)
            yield f"{path}.specification", (flavour, infer_type, "true" if pool else "false")


def _specifications_of_models(service: Values) -> Iterator[tuple[str, Subject]]:
    models = {path.rpartition(".")[0]: model for path, model in _models(service)}
    for path, flavour in _specifications(service):
        yield path, (*flavour, *models[path.rpartition(".")[0]])


def _flavour(looks: Looks, flavour: str, infer_type: str, pool: str) -> tuple[bool, Json | None]:
    query = {"infer_type": infer_type, "is_personal_cluster": pool}
    return looks.among(_SPECIFICATIONS, "specification", flavour, **query)


def _offered(looks: Looks, flavour: str, infer_type: str, pool: str) -> str | None:
    some, found = _flavour(looks, flavour, infer_type, pool)
    if found is not None or not some:
        return None
    where = "dedicated resource pools" if pool == "true" else "the public resource pool"
    return (
        f"this region and project offer no such flavour for {infer_type} services in {where}: give "
        "one of those that the console or ListSpecifications shows"
    )


def _available(looks: Looks, flavour: str, infer_type: str, pool: str) -> str | None:
    found = _flavour(looks, flavour, infer_type, pool)[1] or {}
    if found.get("over_quota") is True:
        return "the quota of this flavour is used up: give back some, or ask for more by a ticket"
    if found.get("is_open") is False:
        return "the flavour is open on request only: apply for it by a ticket"
    if found.get("spec_status") not in (None, "", "normal"):
        return "the cloud says that the flavour is not in its normal state: it may be sold out"
    return None


def _suits(looks: Looks, flavour: str, infer_type: str, pool: str, model: str) -> str | None:
    found = _flavour(looks, flavour, infer_type, pool)[1] or {}
    needs = looks.one(_SHOW_MODEL, id=model) or {}
    if found.get("source_type") == "auto" and "auto" not in (
        needs.get("source_type"),
        needs.get("model_source"),
    ):
        return "the flavour is for models of ExeML only, and this model is none: give another"
    least = needs.get("specification") or {}
    for what, key, unit in (("cpu", "min_cpu", "CPU cores"), ("gpu", "min_gpu", "GPUs")):
        has = _number((found.get(f"{what}_info") or {}).get(what)) if found else None
        need = _number(least.get(key)) if isinstance(least, dict) else None
        if has is not None and need is not None and has < need:
            return f"the flavour has {has:g} {unit}, the model needs {need:g}: give a larger one"
    return None


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


# --- pools ---------------------------------------------------------------------------------------


def _pools(name: str) -> Callable[[Values], Iterator[tuple[str, Subject]]]:
    """Ask about the pools that are used: of two, the new one wins. Edge pools are of another kind.

    A pool of the service is not asked about where each version has one of its own.
    """

    def subjects(service: Values) -> Iterator[tuple[str, Subject]]:
        if _infer_type(service) == EDGE:
            return
        places = [("", service), *((f"{path}.", one) for path, one in each(service, "config"))]
        for path, one in places:
            if given(one, name) and (name == POOLS[0] or not given(one, POOLS[0])):
                yield f"{path}{name}", (one[name], _infer_type(service))

    return subjects


def _cluster(looks: Looks, cluster: str, _infer_type: str) -> str | None:
    """Pools of the new generation are no clusters; where there is none at all, nothing is said."""
    some, found = looks.among(_CLUSTERS, "cluster_id", cluster)
    if found is None:
        return _there(None, "dedicated resource pool of this id") if some else None
    if found.get("status") in (None, "", "running", "concerning"):
        return None
    return _down(found.get("status") == "deploying")


_COMING = ("Creating", "Waiting")
_OVER = ("Deleting", "Deleted", "Error", "CreationFailed")
"""Phases of pools that take no service, those that will and those that will not."""


def _pool(looks: Looks, pool: str, _infer_type: str) -> str | None:
    found = looks.one(_SHOW_POOL, id=pool)
    if found is None:
        return _there(None, "dedicated resource pool of this id")
    status = found.get("status")
    phase = status.get("phase") if isinstance(status, dict) else None
    # Others, such as one that could not be scaled, go on serving.
    return _down(phase in _COMING) if phase in (*_COMING, *_OVER) else None


def _down(comes: bool) -> str:
    if comes:
        return "the dedicated resource pool does not run yet: wait until it does"
    return "the dedicated resource pool does not run: repair it, or give another"


def _concerning(looks: Looks, cluster: str, _infer_type: str) -> str | None:
    _, found = looks.among(_CLUSTERS, "cluster_id", cluster)
    if (found or {}).get("status") == "concerning":
        return "some nodes of the dedicated resource pool do not work"
    return None


# --- name ----------------------------------------------------------------------------------------


def _holder(looks: Looks, name: str) -> Json | None:
    """Find who has a name, in one list for all services."""
    found = (one for one in looks.all(SERVICES) if one.get("service_name") == name)
    return next(found, None)


# --- table ---------------------------------------------------------------------------------------

_TABLE_3, _TABLE_5 = "create page, table 3", "create page, table 5"
_ERRORS = "error codes"

PREFLIGHT = Preflight(
    setting=api.PREFLIGHT,
    connect={VPC: api.connect_vpc},
    holder=_holder,
    unique="error codes, 3503",
    questions=(
        Question("preflight-vpc", _network("vpc_id"), _vpc, "the VPC exists", _TABLE_3),
        Question(
            "preflight-subnet",
            _network("subnet_network_id"),
            _subnet,
            "the subnet exists",
            _TABLE_3,
        ),
        Question(
            "preflight-subnet-of-vpc",
            _network("subnet_network_id", "vpc_id"),
            _subnet_of_vpc,
            "the subnet belongs to the VPC",
            _TABLE_3,
        ),
        Question(
            "preflight-group",
            _network("security_group_id"),
            _group,
            "the security group exists",
            _TABLE_3,
        ),
        Question(
            "preflight-port",
            _network("security_group_id"),
            _port,
            f"the security group admits inbound TCP {PORT} from {EVERYWHERE}, and no rule of the "
            "same or a higher priority denies it",
            f"{_TABLE_3}; {_ERRORS}, 3534",
            mended=True,
        ),
        Question("preflight-model", _models, _model, "the model exists", f"{_ERRORS}, 3507"),
        Question(
            "preflight-published",
            _models,
            _published,
            "the model is published",
            f"{_TABLE_5}; {_ERRORS}, 3515",
            mended=True,
        ),
        Question(
            "preflight-type",
            _models_of_type,
            _for_type,
            "the model can be deployed as a service of this type",
            f"{_ERRORS}, 3589",
        ),
        Question(
            "preflight-versions",
            _pairs_of_models,
            _same_version,
            "no version of a model is there twice",
            f"{_TABLE_3}; {_ERRORS}, 3516",
        ),
        Question(
            "preflight-numbers",
            _pairs_of_models,
            _same_number,
            "the models have different version numbers",
            f"{_TABLE_3}; {_ERRORS}, 3516",
            warn=True,
        ),
        Question(
            "preflight-specification",
            _specifications,
            _offered,
            "the flavour is offered for this type and kind of pool",
            f"{_ERRORS}, 3835",
        ),
        Question(
            "preflight-available",
            _specifications,
            _available,
            "the flavour is open, within the quota and not sold out",
            "page of the specifications",
            warn=True,
        ),
        Question(
            "preflight-fit",
            _specifications_of_models,
            _suits,
            "the flavour has what the model needs at least",
            "pages of the specifications and of the model",
            warn=True,
        ),
        Question(
            "preflight-pool",
            _pools("pool_name"),
            _pool,
            "the dedicated resource pool (new generation) exists and runs",
            f"{_ERRORS}, 3547",
            mended=True,
        ),
        Question(
            "preflight-cluster",
            _pools("cluster_id"),
            _cluster,
            "the dedicated resource pool (old generation) exists and runs",
            f"{_ERRORS}, 3547",
            mended=True,
        ),
        Question(
            "preflight-nodes",
            _pools("cluster_id"),
            _concerning,
            "all nodes of the dedicated resource pool (old generation) work",
            "page of the clusters",
            warn=True,
        ),
    ),
)
