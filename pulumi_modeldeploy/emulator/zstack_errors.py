"""The errors of ZStack: plain text from the REST server, error codes from the APIs behind it.

Sources: the open REST server (statuses and texts), `conf/errorCodes` (codes and descriptions), the
catalogue of global error codes (rules of the AI plugin).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulumi_modeldeploy.emulator.calls import Reply

if TYPE_CHECKING:
    from pulumi_modeldeploy.emulator.calls import Document

INTERNAL = "SYS.1000"
TIMEOUT = "SYS.1001"
NOT_FOUND = "SYS.1003"
FAILED = "SYS.1006"
INVALID = "SYS.1007"
IO = "SYS.1016"
UNAUTHENTICATED = "ID.1000"
NO_SESSION = "ID.1001"

#: code -> description in the server's catalogue.
DESCRIPTIONS = {
    INTERNAL: "An internal error happened in system",
    TIMEOUT: "An operation timeout",
    NOT_FOUND: "Resource not found",
    FAILED: "An operation failed",
    INVALID: "One or more API argument is invalid",
    IO: "IO error",
    UNAUTHENTICATED: "Authentication failed",
    NO_SESSION: "Session is invalid",
}

#: Status of every error that an API behind the REST server answers.
API_ERROR = 503

_TOO_MANY = 429
_TEXTS = {
    400: "bad request",
    403: "requestTimeTooSkewed",
    404: "the job has been expired",
    405: "only GET method is allowed for querying API status",
    429: "Rate limit exceeded",
    503: "Service Unavailable",
}


class ApiError(Exception):
    """An API fails: a code, details, and what caused it."""

    def __init__(
        self, code: str, details: str, *, rule: int | None = None, cause: ApiError | None = None
    ) -> None:
        super().__init__(details)
        self.code = code
        self.rule = rule
        self.cause = cause

    @property
    def document(self) -> Document:
        """The error as the wire has it; what is not set is left out."""
        error: Document = {
            "code": self.code,
            "description": DESCRIPTIONS[self.code],
            "details": str(self),
        }
        if self.rule is not None:
            error["globalErrorCode"] = f"ORG_ZSTACK_AI_{self.rule}"
        if self.cause is not None:
            error["cause"] = self.cause.document
        return error

    @property
    def reply(self) -> Reply:
        """The answer: always 503."""
        return Reply(API_ERROR, {"error": self.document})


class TextError(Exception):
    """The REST server refuses a request before any API sees it, in plain text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.reply = Reply(status, text=text)


def broken(rule: int, details: str) -> ApiError:
    """Return the error of a rule of the AI plugin, by its number in the catalogue."""
    return ApiError(INVALID, details, rule=rule)


def not_found(field: str, kind: str, uuid: str) -> ApiError:
    """Return the error of a parameter that refers to nothing."""
    return ApiError(
        NOT_FOUND, f"invalid field[{field}], resource[uuid:{uuid}, type:{kind}] not found"
    )


def fault_reply(status: int, code: str, retry_after: float, *, job: bool) -> Reply:
    """Return what the vendor answers with this status, or with this code.

    Who asks for a job and is answered 503 with an error learns the end of that job (`job`): without
    a code the fault is in what stands before the server.
    """
    if code in DESCRIPTIONS:
        return ApiError(code, "injected").reply
    if status == API_ERROR and not job:
        return ApiError(FAILED, "injected", cause=ApiError(IO, "injected I/O error")).reply
    headers = {"Retry-After": str(int(retry_after))} if status == _TOO_MANY else {}
    return Reply(status, headers=headers, text=_TEXTS.get(status, "injected"))
