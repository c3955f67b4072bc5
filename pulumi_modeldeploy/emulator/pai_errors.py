"""The errors of Alibaba Cloud: of its API gateway and of PAI-EAS, VPC and ECS behind it.

Sources: error tables of the API gateway, metadata of the operations (statuses), handling of errors
in the vendor's open tools for EAS. Nobody publishes the codes for a taken name, a locked service
and a service that is busy: these three are own choices.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, NamedTuple

from pulumi_modeldeploy.emulator.calls import Reply
from pulumi_modeldeploy.emulator.clock import MILLISECONDS
from pulumi_modeldeploy.emulator.fields import Breach, InvalidError

if TYPE_CHECKING:
    from pulumi_modeldeploy.emulator.calls import Document


class Row(NamedTuple):
    """A row of the error catalogue."""

    status: int
    code: str
    message: str


NOT_FOUND = Row(404, "InvalidService.NotFound", "The specified service does not exist.")
FOREIGN = Row(403, "Forbidden.PrivilegeCheckFailed", "The service belongs to another user.")
NAME_TAKEN = Row(409, "InvalidService.AlreadyExists", "The service name already exists.")
WRONG_STATE = Row(409, "IncorrectServiceStatus", "The status of the service does not allow this.")
LOCKED = Row(403, "Forbidden.ServiceLocked", "The safety lock of the service forbids this.")
INVALID = Row(400, "InvalidParameter", "A parameter is not valid.")
MISSING = Row(400, "MissingParameter", "A parameter is missing.")

NO_API = Row(404, "InvalidApi.NotFound", "The specified API is not found.")
NO_ACTION = Row(404, "InvalidAction.NotFound", "The specified action is not found.")
WRONG_METHOD = Row(400, "UnsupportedHTTPMethod", "The HTTP method is not supported.")
INCOMPLETE = Row(400, "IncompleteSignature", "The signature does not conform to the standards.")
NO_KEY = Row(404, "InvalidAccessKeyId.NotFound", "The specified AccessKey ID is not found.")
NO_TOKEN = Row(400, "MissingSecurityToken", "SecurityToken is mandatory for this action.")
OTHER_TOKEN = Row(
    400, "InvalidSecurityToken.MismatchWithAccessKey", "The token is not that of the AccessKey ID."
)
OLD_TOKEN = Row(400, "InvalidSecurityToken.Expired", "The specified SecurityToken has expired.")
BAD_DATE = Row(400, "InvalidTimeStamp.Format", "The specified time stamp is not well formatted.")
OLD_DATE = Row(400, "InvalidTimeStamp.Expired", "The specified time stamp is expired.")
NONCE_USED = Row(400, "SignatureNonceUsed", "The signature nonce was used already.")
WRONG_SIGNATURE = Row(400, "SignatureDoesNotMatch", "The signature does not match ours.")

#: Host in the errors of an API; EAS' own names a region, which errors do not depend on here.
_HOSTS = {"vpc": "vpc.aliyuncs.com", "ecs": "ecs.aliyuncs.com"}
_EAS_HOST = "pai-eas.cn-shanghai.aliyuncs.com"


class RefusedError(Exception):
    """A call is refused: the row of the catalogue and what there is to add to its message."""

    def __init__(self, row: Row, detail: str = "") -> None:
        super().__init__(f"{row.message} {detail}".strip())
        self.row = row

    def reply(self, api: str) -> Reply:
        """Return the answer of an API."""
        return error_reply(self.row._replace(message=str(self)), api)


def reply(body: Document) -> Reply:
    """Return an answer, with its request id."""
    request_id = _request_id()
    return Reply(200, {"RequestId": request_id, **body}, {"x-acs-request-id": request_id})


def error_reply(row: Row, api: str) -> Reply:
    """Return an error as the gateway shapes it."""
    request_id = _request_id()
    help_page = f"https://api.aliyun.com/troubleshoot?q={row.code}&product={api}"
    body: dict[str, Any] = {
        "RequestId": request_id,
        "HostId": _HOSTS.get(api, _EAS_HOST),
        "Code": row.code,
        "Message": row.message,
        "Recommend": f"{help_page}&requestId={request_id}",
    }
    if row.code in _DENIED:
        body["AccessDeniedDetail"] = {"NoPermissionType": "ImplicitDeny", "AuthAction": f"{api}:*"}
    return Reply(row.status, body, {"x-acs-request-id": request_id})


def invalid_error(error: InvalidError) -> RefusedError:
    """Return the refusal of parameters that break their table; it names the parameter."""
    return RefusedError(MISSING if error.breach is Breach.MISSING else INVALID, f"{error}.")


def _request_id() -> str:
    return str(uuid.uuid4()).upper()


# --- fault injection --------------------------------------------------------------------------

_DENIED = frozenset({"Forbidden.RAM", "NoPermission"})
_TOO_MANY = 429

#: status -> usual error. Alibaba's tables throttle with 400: the code tells, not the status.
_FAULTS = {
    400: INVALID,
    403: Row(403, "Forbidden.RAM", "User not authorized to operate on the specified resource."),
    404: NOT_FOUND,
    409: NAME_TAKEN,
    _TOO_MANY: Row(400, "Throttling.User", "Request was denied due to user flow control."),
    500: Row(500, "InternalError", "The request processing has failed due to an unknown error."),
    503: Row(503, "ServiceUnavailable", "The request has failed due to a temporary failure."),
}
#: What a code of Alibaba's begins with, up to the first dot.
_FAMILIES = frozenset(
    {
        *("Forbidden", "IncompleteSignature", "IncorrectServiceStatus", "InsufficientBalance"),
        *("InternalError", "InternalServerError", "InvalidAccessKeyId", "InvalidAction"),
        *("InvalidApi", "InvalidParameter", "InvalidSecurityToken", "InvalidService"),
        *("InvalidTimeStamp", "MissingParameter", "MissingSecurityToken", "NoPermission"),
        *("Rejected", "ServiceUnavailable", "SignatureDoesNotMatch", "SignatureNonceUsed"),
        *("Throttling", "UnsupportedHTTPMethod"),
    }
)


def fault_error(api: str, status: int, code: str, retry_after: float) -> Reply:
    """Return what the gateway answers with this status, or with this code if it is Alibaba's."""
    usual = _FAULTS.get(status) or _FAULTS[503 if status >= 500 else 400]._replace(status=status)  # noqa: PLR2004 - families of HTTP statuses
    coded = code.partition(".")[0] in _FAMILIES
    row = Row(status, code, "Injected.") if coded else usual
    answer = error_reply(row, api)
    if "Throttling" not in row.code:
        return answer
    wait = {"x-acs-retry-after": str(int(retry_after * MILLISECONDS))}
    return Reply(answer.status, answer.body, {**answer.headers, **wait})
