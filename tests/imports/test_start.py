"""A program loads the cloud that it uses, and no other; nor what the clouds' extras bring."""

from __future__ import annotations

import subprocess
import sys

import pytest

CLOUDS = ("modelarts", "zstack", "pai")
EXTRAS = ("alibabacloud_credentials", "Tea", "aiohttp", "cryptography", "apscheduler")


def loaded(program: str) -> set[str]:
    """The names of all modules that are loaded after a program."""
    code = f"import sys\n{program}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("cloud", CLOUDS)
@pytest.mark.parametrize(
    "program",
    [
        "from pulumi_modeldeploy import {}",
        "import pulumi_modeldeploy.{}",
        "import pulumi_modeldeploy\npulumi_modeldeploy.{}",
    ],
)
def test_one_cloud_does_not_load_another(cloud: str, program: str) -> None:
    found = loaded(program.format(cloud))
    assert [one for one in CLOUDS if f"pulumi_modeldeploy.{one}" in found] == [cloud]
    assert found.isdisjoint(EXTRAS)


def test_the_package_alone_loads_none() -> None:
    found = loaded("import pulumi_modeldeploy\npulumi_modeldeploy.errors")
    assert [one for one in CLOUDS if f"pulumi_modeldeploy.{one}" in found] == []


def test_what_there_is_not_is_no_attribute() -> None:
    import pulumi_modeldeploy  # noqa: PLC0415 - as a program does

    with pytest.raises(AttributeError, match="has no attribute 'gcp'"):
        _ = pulumi_modeldeploy.gcp  # type: ignore[attr-defined]
