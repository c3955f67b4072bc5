"""What to do about refusals of ModelArts: quotas, resources, accounts, what a service refers to.

The cloud's own sentence says what happened, this says where it is mended. Some numbers mean
different things under different statuses: those are listed with theirs.

Source: the appendix "error codes" of the ModelArts API reference, which has the numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "ModelArts."
ANY = 0
"""Whatever the status."""

_RAISE = "or have the quota raised by a service ticket"
_ALSO_STOPPED = "in the shared pool stopped and failed ones count too"
_SERVICES = f"delete services ({_ALSO_STOPPED}), {_RAISE}"
_PERMISSION = "the credentials lack an IAM permission: the README lists what is needed"
_PROJECT = "modelarts:projectId (HW_PROJECT_ID) must be the project that the credentials are for"
_SUSPENDED = "the account is suspended or restricted: see to its balance in the billing center"
_OVER = (
    "a token in modelarts:token (HW_AUTH_TOKEN) lasts 24 hours and cannot be renewed here: give a "
    "new one, or a user or an access key"
)
_FREE = "the free services are used up: delete one, or choose a specification that costs something"
_FLAVOUR = (
    "there is no such specification for this project: modelarts.get_specifications() lists them"
)
_BUY = "the subscription to the model is missing or over: subscribe to it again"

ADVICE: Mapping[tuple[int, str], str] = {
    # quotas
    (ANY, "0116"): f"a quota of the account is used up: free what is not needed, {_RAISE}",
    (ANY, "0118"): f"a quota of the account is used up: free what is not needed, {_RAISE}",
    (ANY, "3520"): f"there are as many services of this type as may be: {_SERVICES}",
    (ANY, "3521"): f"as many services of this type run as may: stop or delete some, {_RAISE}",
    (ANY, "3522"): (
        f"as many instances of this type are in use as may be: lower instance_count, {_SERVICES}"
    ),
    (ANY, "3561"): f"the quota of nodes is used up: delete nodes, {_RAISE}",
    (ANY, "3578"): f"the quota of models is used up: delete models, {_RAISE}",
    (ANY, "3856"): _FREE,
    (ANY, "3857"): _FREE,
    (ANY, "4860"): f"the quota of real-time services is used up: {_SERVICES}",
    (ANY, "4861"): f"the quota of batch services is used up: {_SERVICES}",
    # resources
    (ANY, "3952"): (
        "not enough is left for this: try later, lower instance_count, or choose another "
        "specification or pool"
    ),
    (ANY, "3976"): (
        "nothing is left of this specification: choose another, or a pool with more nodes of it"
    ),
    (ANY, "6200"): "nothing is left just now: try later, or choose another specification or pool",
    # account and project
    (ANY, "4116"): "the account is in arrears: pay what is due in the billing center",
    (ANY, "4118"): _SUSPENDED,
    (ANY, "6201"): _SUSPENDED,
    (ANY, "6203"): _SUSPENDED,
    (401, "0428"): (
        "ModelArts may not act for this user yet: grant it an agency in its console, under the "
        "permissions in its settings"
    ),
    (401, "0202"): _OVER,
    (401, "0203"): _OVER,
    (400, "0204"): "the token is of no project: ask IAM for one whose scope is the project",
    (400, "0210"): _PROJECT,
    (403, "0210"): _PROJECT,
    (403, "0108"): _PERMISSION,
    (ANY, "0112"): _PERMISSION,
    (ANY, "3518"): "this type of service is not enabled for the account: enable it in the console",
    (ANY, "3540"): "only the user who made the service may change or delete it",
    # what a service refers to
    (ANY, "3507"): "see model_id: modelarts.get_models() lists the models of this project",
    (ANY, "3514"): "a model for batch services must declare its inputs: give it input_params",
    (ANY, "3515"): "wait until the model is published: modelarts.get_model() has its model_status",
    (ANY, "3516"): "entries of config must be of different versions: see model_id",
    (ANY, "3534"): (
        "add a rule to the group of security_group_id that admits inbound TCP 8080 from 0.0.0.0/0"
    ),
    (ANY, "3547"): (
        "see pool_name and cluster_id, and whether the pool is in this region and project"
    ),
    (ANY, "3551"): (
        "see src_path and dest_path, and whether the agency of ModelArts may read that bucket"
    ),
    (ANY, "3580"): _BUY,
    (ANY, "3589"): (
        "choose another infer_type or model: modelarts.get_model() has its install_type"
    ),
    (ANY, "3593"): _BUY,
    (ANY, "3835"): _FLAVOUR,
    (ANY, "3836"): _FLAVOUR,
    (ANY, "3953"): "an AI service uses it: take the service out of that first",
}
"""What to do, by status and number."""


def advise(status: int, code: str) -> str:
    """Say what to do about an error, as a part of a sentence; empty where nothing is known."""
    if not code.startswith(PREFIX):
        return ""
    number = code.removeprefix(PREFIX)
    return ADVICE.get((status, number)) or ADVICE.get((ANY, number), "")
