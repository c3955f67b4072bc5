"""What to do about refusals of PAI, of its gateway and of the calls beside it.

The cloud's own sentence says what happened, this says where it is mended.

Sources: error tables of Alibaba Cloud's API gateway and of RAM; FAQ about EAS; handling of errors
in the vendor's open tools for EAS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

FOREIGN = "Forbidden.PrivilegeCheckFailed"
"""The name belongs to another account: names are shared by all accounts of a region."""

TAKEN = (
    "another Alibaba Cloud account has a service of this name, and names are unique in a region "
    "across all accounts; nothing was touched. Give another name, or leave it out to have one "
    "made. If that service is yours, the credentials are of the wrong account"
)

_KEY = (
    "see the access key: pai:accessKeyId and pai:accessKeySecret, the environment, or the profile "
    "of the aliyun CLI"
)
_TEMPORARY = "see pai:securityToken: it must be that of the access key, and ends with it"
_MONEY = "see to the balance of the account in the billing center"
_PERMISSION = "the credentials lack a RAM permission: docs/credentials.md lists what is needed"
_ADDRESS = "see pai:endpoint and pai:region: this is no address of PAI-EAS"

ADVICE: Mapping[str, str] = {
    FOREIGN: (
        "the service of this name is another Alibaba Cloud account's: names are unique in a region "
        "across all accounts; give another service_name, or use the credentials of that account"
    ),
    "Forbidden.RAM": _PERMISSION,
    "NoPermission": _PERMISSION,
    "InvalidAccessKeyId.NotFound": _KEY,
    "InvalidAccessKeyId.Inactive": "the access key is disabled: enable it in RAM, or use another",
    "SignatureDoesNotMatch": _KEY,
    "MissingSecurityToken": _TEMPORARY,
    "InvalidSecurityToken.Malformed": _TEMPORARY,
    "InvalidSecurityToken.MismatchWithAccessKey": _TEMPORARY,
    "InvalidSecurityToken.Expired": "the security token has ended: get a new temporary key",
    "InsufficientBalance": _MONEY,
    "InvalidApi.NotFound": _ADDRESS,
    "InvalidProduct.NotFound": _ADDRESS,
    "InvalidProtocol.NeedSsl": "the call is served over https only: see pai:endpoint",
}
"""What to do, by code."""


def advise(_status: int, code: str) -> str:
    """Say what to do about an error, as a part of a sentence; empty where nothing is known."""
    return ADVICE.get(code, "")
