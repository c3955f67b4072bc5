"""The environment variables that make programs use an emulator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulumi_modeldeploy.emulator import huawei_iam, zstack_identity

if TYPE_CHECKING:
    from collections.abc import Mapping


def environment(url: str) -> dict[str, str]:
    """Return endpoints and credentials of the emulator at `url`, by variable name."""
    return {
        "MODELARTS_ENDPOINT": url,
        "MODELARTS_IAM_ENDPOINT": url,
        "MODELARTS_VPC_ENDPOINT": url,
        "HW_ACCESS_KEY": huawei_iam.ACCESS_KEY,
        "HW_SECRET_KEY": huawei_iam.SECRET_KEY,
        "HW_REGION_NAME": huawei_iam.REGION,
        "HW_PROJECT_ID": huawei_iam.PROJECT_ID,
        "ZSTACK_ENDPOINT": url,
        "ZSTACK_ACCESS_KEY_ID": zstack_identity.ACCESS_KEY_ID,
        "ZSTACK_ACCESS_KEY_SECRET": zstack_identity.ACCESS_KEY_SECRET,
    }


def inside(environ: Mapping[str, str], url: str) -> dict[str, str]:
    """Return `environ` turned to the emulator at `url`.

    Credentials of other kinds would win over the emulator's key, another time zone would break its
    signature, and a proxy would hide it.
    """
    kept = {name: value for name, value in environ.items() if name not in _OTHERS}
    hosts = [environ.get("NO_PROXY", ""), "127.0.0.1", "localhost"]
    return {**kept, **environment(url), "NO_PROXY": ",".join(host for host in hosts if host)}


_OTHERS = (
    "HW_ASSUME_ROLE_AGENCY_NAME",
    "HW_ASSUME_ROLE_DOMAIN_NAME",
    "HW_AUTH_TOKEN",
    "HW_SECURITY_TOKEN",
    "OS_AUTH_TOKEN",
    "OS_TOKEN",
    "OS_SECURITY_TOKEN",
    "ZSTACK_ACCOUNT_NAME",
    "ZSTACK_ACCOUNT_PASSWORD",
    "ZSTACK_PASSWORD",
    "ZSTACK_TIME_ZONE",
    "no_proxy",
)


def further_credentials() -> dict[str, str]:
    """Return what the emulator accepts besides, by the usual variable names.

    Not in `environment`: set together, programs would have to choose between them.
    """
    return {
        "HW_AUTH_TOKEN": huawei_iam.TOKEN,
        "HW_USER_NAME": huawei_iam.USER_NAME,
        "HW_USER_PASSWORD": huawei_iam.PASSWORD,
        "HW_DOMAIN_NAME": huawei_iam.DOMAIN_NAME,
        "ZSTACK_ACCOUNT_NAME": zstack_identity.ACCOUNT_NAME,
        "ZSTACK_ACCOUNT_PASSWORD": zstack_identity.PASSWORD,
    }
