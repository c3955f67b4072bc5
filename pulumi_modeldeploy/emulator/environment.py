"""The environment variables that make programs use an emulator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulumi_modeldeploy.emulator import huawei_iam, pai_identity, zstack_identity

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
        "PAI_EAS_ENDPOINT": url,
        "PAI_VPC_ENDPOINT": url,
        "PAI_ECS_ENDPOINT": url,
        "ALIBABA_CLOUD_ACCESS_KEY_ID": pai_identity.ACCESS_KEY_ID,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": pai_identity.ACCESS_KEY_SECRET,
        "ALIBABA_CLOUD_REGION_ID": pai_identity.REGION,
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
    "ALIBABA_CLOUD_CREDENTIALS_FILE",
    "ALIBABA_CLOUD_CREDENTIALS_URI",
    "ALIBABA_CLOUD_ECS_METADATA",
    "ALIBABA_CLOUD_OIDC_PROVIDER_ARN",
    "ALIBABA_CLOUD_OIDC_TOKEN_FILE",
    "ALIBABA_CLOUD_PROFILE",
    "ALIBABA_CLOUD_REGION",
    "ALIBABA_CLOUD_ROLE_ARN",
    "ALIBABA_CLOUD_SECURITY_TOKEN",
    "ALICLOUD_ACCESS_KEY",
    "ALICLOUD_PROFILE",
    "ALICLOUD_REGION",
    "ALICLOUD_SECRET_KEY",
    "ALICLOUD_SECURITY_TOKEN",
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
        "ALIBABA_CLOUD_ACCESS_KEY_ID": pai_identity.STS_ACCESS_KEY_ID,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": pai_identity.STS_ACCESS_KEY_SECRET,
        "ALIBABA_CLOUD_SECURITY_TOKEN": pai_identity.STS_TOKEN,
    }
