"""The errors of ModelArts and of the gateway in front of it.

Sources: appendix "error codes" of the ModelArts API reference, error codes of the API gateway. The
same number stands under several HTTP statuses there; a row here is one pair of both.
"""

from __future__ import annotations

import uuid
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

from pulumi_modeldeploy.emulator.calls import Reply
from pulumi_modeldeploy.emulator.fields import Breach, InvalidError
from pulumi_modeldeploy.emulator.huawei_iam import BadSignatureError, iam_error
from pulumi_modeldeploy.emulator.huawei_vpc import vpc_error

if TYPE_CHECKING:
    from collections.abc import Callable

    from pulumi_modeldeploy.emulator.calls import Operation


class Row(NamedTuple):
    """A row of the error catalogue."""

    status: int
    number: str
    message: str


NOT_FOUND = Row(404, "3502", "The service does not exist.")
NAME_TAKEN = Row(409, "3503", "The service name already exists.")
NO_MODEL = Row(404, "3507", "The model does not exist.")
NO_MODEL_PAGE = Row(404, "3001", "The model does not exist.")
NOT_PUBLISHED = Row(400, "3515", "The model is not published.")
SAME_VERSION = Row(400, "3516", "The model versions in the configuration must differ.")
WRONG_STATE = Row(400, "3519", "The service cannot be updated in its present state.")
CLOSED_GROUP = Row(
    400, "3534", "The security group must allow inbound TCP port 8080 from 0.0.0.0/0."
)
NOT_OWNER = Row(400, "3540", "The service belongs to another user.")
#: The page of the pools names no code of its own for this.
NO_POOL_PAGE = Row(404, "3547", "The dedicated resource pool does not exist.")
NO_POOL = Row(400, "3547", "The dedicated resource pool does not exist.")
NOT_FOR_TYPE = Row(400, "3589", "The model cannot be deployed as this type of service.")
NO_FLAVOR = Row(400, "3835", "The flavor does not exist.")
NO_NETWORK = Row(400, "0101", "The VPC, the subnet or the security group does not exist.")
WRONG_SUBNET = Row(400, "0101", "The subnet does not belong to the VPC.")
FREE_SPLIT = Row(400, "0107", "A free flavor allows a single configuration only.")
NOT_JSON = Row(400, "4105", "The request body is not valid JSON.")
NOT_SERVING = Row(404, "4203", "The service is not available.")
WRONG_METHOD = Row(405, "2803", "The method is not allowed.")

#: How a body breaks its table -> error number. 0107 names parameters with invalid values.
_BREACHES = {
    Breach.UNKNOWN: "0104",
    Breach.MISSING: "0104",
    Breach.TYPE: "0104",
    Breach.VALUE: "0107",
}


class RefusedError(Exception):
    """A call is refused by ModelArts."""

    def __init__(self, row: Row) -> None:
        super().__init__(row.message)
        self.reply = modelarts_error(row)


def reply(body: Any, status: int = 200) -> Reply:
    """Return an answer of ModelArts, with its request id."""
    return Reply(status, body, {"X-Request-Id": uuid.uuid4().hex})


def modelarts_error(row: Row) -> Reply:
    """Return an error as ModelArts shapes it."""
    body = {"error_code": f"ModelArts.{row.number}", "error_msg": row.message}
    return reply(body, row.status)


def invalid_error(error: InvalidError) -> Reply:
    """Return the error for a body that breaks its table; it names the field."""
    row = Row(400, _BREACHES[error.breach], f"Invalid parameter, {error}.")
    return modelarts_error(row)


def gateway_error(status: int, number: str, message: str, prefix: str = "APIGW") -> Reply:
    """Return an error as the API gateway in front of ModelArts shapes it."""
    request_id = uuid.uuid4().hex
    code = f"{prefix}.{number}"
    body = {"error_msg": message, "error_code": code, "request_id": request_id}
    return Reply(status, body, {"X-Request-Id": request_id})


def unknown_api() -> Reply:
    """Return the gateway's error for a path that it does not know."""
    return gateway_error(404, "0101", "The API does not exist or has not been published.")


# --- who are you ------------------------------------------------------------------------------


class Stranger(Enum):
    """Why a request is not authenticated."""

    NO_TOKEN = Row(401, "0201", "The token is missing.")
    BAD_TOKEN = Row(401, "0203", "The token is invalid.")
    OLD_TOKEN = Row(401, "0202", "The token has expired.")
    NO_PROJECT = Row(400, "0204", "The token carries no project.")
    OTHER_PROJECT = Row(403, "0210", "The project of the URL is not the project of the token.")


def _vpc_stranger(why: Stranger) -> Reply:
    if why is Stranger.OTHER_PROJECT:
        return vpc_error(400, "VPC.0007", "The tenant of the URL is not the token's.")
    return vpc_error(401, "VPC.0008", "Invalid token in the header.")


#: API -> how it says that somebody is not authenticated.
_STRANGERS: dict[str, Callable[[Stranger], Reply]] = {
    "modelarts": lambda why: modelarts_error(why.value),
    "vpc": _vpc_stranger,
    "iam": lambda why: iam_error(401, why.value.message),
    "infer": lambda why: gateway_error(401, "0307", why.value.message, "APIG"),
}


def stranger_error(api: str, why: Stranger) -> Reply:
    """Return the error of an API for a request with a missing or bad token."""
    return _STRANGERS[api](why)


def signature_error(api: str, error: BadSignatureError) -> Reply:
    """Return the gateway's error for a badly signed request."""
    prefix = "APIG" if api == "infer" else "APIGW"
    message = f"Incorrect IAM authentication information: {error}"
    return gateway_error(401, "0301", message, prefix)


# --- fault injection --------------------------------------------------------------------------

_FAULTS = {
    row.status: row
    for row in (
        Row(400, "0101", "Invalid argument."),
        Row(401, "0203", "The token is invalid."),
        Row(403, "0108", "The operation is not authorized."),
        NOT_FOUND,
        NAME_TAKEN,
        Row(500, "0010", "Internal error."),
        Row(503, "4700", "The gateway is unavailable."),
    )
}
_GATEWAY_FAULTS = {502: "0202", 504: "0203"}
_THROTTLED = 429


def coded_error(status: int, code: str) -> Reply | None:
    """Return what ModelArts or its gateway answers with this code; `None`: it is none of theirs."""
    prefix, _, number = code.rpartition(".")
    if prefix == "ModelArts":
        return modelarts_error(Row(status, number, "Injected."))
    if prefix in ("APIG", "APIGW"):
        return gateway_error(status, number, "Injected.", prefix)
    return None


def fault_error(operation: Operation, status: int, retry_after: float) -> Reply:
    """Return what the vendor answers with this status."""
    if status == _THROTTLED:
        message = "The throttling threshold has been reached: user, limit 20, time 1 minute"
        answer = gateway_error(status, "0308", message)
        headers = {**answer.headers, "Retry-After": str(int(retry_after))}
        return Reply(status, answer.body, headers)
    if operation.api in ("iam", "open"):
        return iam_error(status, "injected")
    if operation.api == "vpc":
        return vpc_error(status, "VPC.0105", "injected")
    if status in _FAULTS:
        return modelarts_error(_FAULTS[status])
    return gateway_error(status, _GATEWAY_FAULTS.get(status, "0201"), "Backend unavailable.")
