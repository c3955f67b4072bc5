"""Every exception of the package.

    ModelDeployError
    ├── SettingsError        a setting is missing or must not be used like this
    ├── InvalidInputs        checked inputs turned out to be wrong after all
    ├── Refused              going on could take over or damage what is not ours
    ├── LookupFailed         what a program looks up is not there, or not the only one
    ├── OutOfSight           what is referred to cannot be looked at
    ├── Stopped              the run that asked for this is over
    │   └── Unsent           ... and what would have changed something was not sent
    ├── ApiError             the cloud answered: no
    │   ├── JobFailed        ... after it had begun
    │   └── LoginRefused     ... to who we say we are; the request itself was not sent
    ├── TransportError       the cloud did not answer
    │   └── AmbiguousError   ... and may or may not have done what it was asked
    │       └── JobOver      an earlier try came to its end, well or not
    ├── RuleFailed           a rule of a policy pack ended with an error of its own
    └── WaitError            a state was not reached
        ├── WaitFailed       the cloud says it never will be
        └── WaitTimeout      not in time
    NotReady                 the object exists, and is not (yet) what it should be

Each text is complete on its own: one paragraph, what happened and what to do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


class ModelDeployError(Exception):
    """Base of all errors of this package."""


class SettingsError(ModelDeployError):
    """A setting is missing, malformed, or must not be used like this."""


class InvalidInputs(ModelDeployError):
    """Inputs that reached a changing call without being right, e.g. after a policy changed them."""


class Refused(ModelDeployError):
    """Going on could take over, double or damage something; nothing was changed."""


class RuleFailed(ModelDeployError):
    """A rule of a policy pack ended with an error, whose own words may quote secrets."""


class LookupFailed(ModelDeployError):
    """What a program looks up is not there, or not the only one of its kind."""


class OutOfSight(ModelDeployError):
    """What a resource refers to cannot be looked at.

    Attributes:
        about: What stands in the way, said once however many resources it concerns.
    """

    def __init__(self, text: str, about: str) -> None:
        self.about = about
        super().__init__(text)


class Stopped(ModelDeployError):
    """The run that asked for this is over; nothing more is changed."""


class Unsent(Stopped):
    """It was over before something was sent that would have changed something."""


class ApiError(ModelDeployError):
    """The cloud refused a request.

    Attributes:
        status: HTTP status.
        code: The cloud's error code, empty when it gave none.
        request_id: What the cloud's support asks for, empty when it gave none.
        advice: What to do about it, as a part of a sentence; empty where the cloud's words must do.
    """

    def __init__(
        self,
        operation: str,
        status: int,
        code: str,
        message: str,
        request_id: str = "",
        advice: str = "",
    ) -> None:
        self.operation, self.status, self.code = operation, status, code
        self.message, self.request_id, self.advice = message, request_id, advice
        super().__init__(self._text())

    def tried(self, effort: str) -> None:
        """Say after the facts how often and for how long it was tried."""
        self.args = (self._text(effort),)

    def _text(self, effort: str = "") -> str:
        facts = [f"HTTP {self.status}", self.code, self.request_id and f"request {self.request_id}"]
        text = f"{self.operation}: {self.message} ({', '.join(f for f in facts if f)}){effort}"
        return f"{text}; {self.advice}" if self.advice else text


class JobFailed(ApiError):
    """A job that the cloud had accepted failed; it may have done a part of its work."""


class LoginRefused(ApiError):
    """A login was refused; the request that needed it was not sent.

    Status and code are left out, since they say nothing about that request: a login that is not
    found does not mean that an object is gone.
    """

    def __init__(self, error: ApiError) -> None:
        super().__init__(
            error.operation,
            error.status,
            error.code,
            error.message,
            error.request_id,
            error.advice,
        )
        self.status, self.code = 0, ""


class TransportError(ModelDeployError):
    """No answer came from the cloud.

    Attributes:
        final: Whether trying again cannot help.
    """

    final = False

    def tried(self, effort: str) -> None:
        """Say how often and for how long it was tried."""
        self.args = (f"{self}{effort}",)


class AmbiguousError(TransportError):
    """No usable answer came, and the request may have been carried out."""


class JobOver(AmbiguousError):
    """An earlier try of a call came to its end; whether it did its work is to be looked for."""


class WaitError(ModelDeployError):
    """A state was not reached."""


class WaitFailed(WaitError):
    """The cloud reached a state from which the wanted one is not reached by waiting."""


class WaitTimeout(WaitError):
    """The time limit passed first."""


class NotReady(ModelDeployError):
    """The object exists but is not what it should be; it is stored, and the next run goes on.

    Attributes:
        id: The object's id.
        state: What to store.
        reasons: What to show.
    """

    def __init__(self, identifier: str, state: dict[str, Any], reasons: Sequence[str]) -> None:
        self.id, self.state, self.reasons = identifier, state, list(reasons)
        super().__init__("; ".join(self.reasons))
