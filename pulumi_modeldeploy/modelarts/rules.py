"""Rules over several arguments of a ModelArts service.

Sources: the tables of "Deploying Services" (API reference), its error code page, and the user
guide's page on versions and traffic. A rule that the sources contradict each other about warns.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from pulumi_modeldeploy.core.checks import Report, Rule, adds_up, all_or_none, each, given
from pulumi_modeldeploy.core.values import UNKNOWN, Values
from pulumi_modeldeploy.modelarts.args import CUSTOM

POOLS = ("pool_name", "cluster_id")
"""Arguments that name a dedicated resource pool, the winning one first."""


OTHER_TYPES = ("batch", "edge")


def is_real_time(service: Values) -> bool:
    """Tell a real-time service from another, or one whose type is not known.

    A misspelt type counts: its other mistakes are to be shown in the same preview.
    """
    return service.get("infer_type") not in (UNKNOWN, None, *OTHER_TYPES)


def _weights_given(service: Values, report: Report) -> None:
    if is_real_time(service):
        for path, config in each(service, "config"):
            if not given(config, "weight"):
                report(f"{path}.weight", "is missing: a real-time service needs it")


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
    if any(given(service, pool) for pool in POOLS):
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

RULES = (
    Rule("weights-given", _weights_given, "real-time services need weights", _TABLE_5),
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
    Rule("distinct-models", _distinct_models, "the versions of one service differ", _TABLE_3),
    Rule(
        "free-flavour",
        _free_flavour,
        "free flavours serve a single version",
        "user guide, page on versions and traffic",
    ),
)
