"""Tokens of Huawei's IAM: by user name and password, or by an agency of another account.

Source: "Obtaining a User Token" and "Obtaining an Agency Token" of the IAM API reference.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from pulumi_modeldeploy.core.http import Call, Client, Login, Session
from pulumi_modeldeploy.core.retry import Budget
from pulumi_modeldeploy.errors import ApiError, TransportError

if TYPE_CHECKING:
    import requests

    from pulumi_modeldeploy.core.values import Json

Source: TypeAlias = Callable[[Budget], Session]
"""Gets a token, each time a new one."""

CREATE_TOKEN = Call("CreateToken", "POST", "/v3/auth/tokens", ok=(201,), repeatable=True)
TOKEN_HEADER = "X-Auth-Token"  # noqa: S105  (a name)
_ISSUED_HEADER = "X-Subject-Token"
EARLY = 300.0
"""Seconds before its end at which a token counts as over: a request may take its time."""
_FOR_GOOD = (400, 401, 403, 404)
"""Refusals that the same words will meet again."""


class TokenLogin(Login):
    """Signs with a token, renewed shortly before its end or when the cloud says it is over."""

    def __init__(self, client: Client, source: Source) -> None:
        """Take the connection to IAM, and what gets tokens over it."""
        super().__init__(source)
        self.client = client

    def sign(self, request: requests.PreparedRequest, value: str) -> None:
        """Put the token into its header."""
        request.headers[TOKEN_HEADER] = value


def by_password(client: Client, user: str, password: str, domain: str, scope: Json) -> Source:
    """Get tokens of a user.

    Args:
        client: IAM.
        user: Name of the user.
        password: Password.
        domain: Name of the account that the user belongs to.
        scope: What tokens are for, see `of_project` and `of_domain`.
    """
    who = {"name": user, "password": password, "domain": {"name": domain}}
    identity = {"methods": ["password"], "password": {"user": who}}
    advice = (
        "see modelarts:userName, modelarts:password and modelarts:domainName (the account that the "
        "user belongs to), and whether modelarts:projectId is a project of that account"
    )
    return lambda budget: _issued(client, identity, scope, {}, advice, budget)


def by_agency(client: Client, agency: str, domain: str, scope: Json, caller: Source) -> Source:
    """Get tokens of an agency.

    Args:
        client: IAM.
        agency: Name of the agency.
        domain: Name of the account that has the agency.
        scope: What tokens are for.
        caller: Gets tokens of who assumes the agency.
    """
    identity = {
        "methods": ["assume_role"],
        "assume_role": {"agency_name": agency, "domain_name": domain},
    }
    advice = (
        "see modelarts:agencyName and modelarts:agencyDomainName (the account that has the agency, "
        "and the project), and whether the caller may assume agencies (Agent Operator)"
    )

    def get(budget: Budget) -> Session:
        token = caller(budget).value
        return _issued(client, identity, scope, {TOKEN_HEADER: token}, advice, budget)

    return get


def given(token: str) -> Source:
    """Get the same token always."""
    return lambda _budget: Session(token)


def base_url(address: str) -> str:
    """Take the version off an address, as other tools are given it."""
    return address.rstrip("/").removesuffix("/v3")


def of_project(project_id: str) -> Json:
    """A project, which ModelArts needs."""
    return {"project": {"id": project_id}}


def of_domain(name: str) -> Json:
    """An account, which assuming an agency needs."""
    return {"domain": {"name": name}}


def _issued(
    client: Client,
    identity: Json,
    scope: Json,
    headers: Mapping[str, str],
    advice: str,
    budget: Budget,
) -> Session:
    """Ask for a token.

    Raises:
        ApiError: IAM refused.
        TransportError: There was no answer, or one without a token.
    """
    began = client.clock.now()
    body, query = {"auth": {"identity": identity, "scope": scope}}, {"nocatalog": "true"}
    try:
        answer = client.send(CREATE_TOKEN, body=body, query=query, headers=headers, budget=budget)
    except ApiError as error:
        if error.status not in _FOR_GOOD:
            raise
        message = error.message
        for secret in _secrets(identity, headers):
            message = message.replace(secret, "***")
        raise ApiError(
            error.operation, error.status, error.code, message, error.request_id, advice
        ) from None
    token = answer.headers.get(_ISSUED_HEADER)
    if not token:
        raise TransportError(f"{CREATE_TOKEN.operation}: the answer holds no {_ISSUED_HEADER}")
    lasts = _lasts(answer.body.get("token"))
    if lasts is None:
        return Session(token)
    until = began + max(lasts - EARLY, lasts / 2)
    return Session(token, lambda: client.clock.now() >= until)


def _secrets(identity: Json, headers: Mapping[str, str]) -> list[str]:
    user = identity.get("password", {}).get("user", {})
    return [one for one in (user.get("password"), headers.get(TOKEN_HEADER)) if one]


def _lasts(token: Any) -> float | None:
    """Tell for how many seconds a token is good, by IAM's clock alone: ours may be wrong."""
    times = token if isinstance(token, Mapping) else {}
    with contextlib.suppress(ValueError):
        end, begin = (_moment(str(times.get(key))) for key in ("expires_at", "issued_at"))
        return (end - begin).total_seconds() if end > begin else None
    return None


def _moment(text: str) -> datetime:
    """Read a time such as 2025-01-02T03:04:05.000000Z; both are in the same zone."""
    return datetime.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")  # noqa: DTZ007
