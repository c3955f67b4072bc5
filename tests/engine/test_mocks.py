"""Programs can be unit-tested with Pulumi's mocks, as its users do."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import pulumi


class Mocks(pulumi.runtime.Mocks):
    def new_resource(self, args):
        assert args.typ == "pulumi-python:dynamic/modelarts:Service", args.typ
        return args.name + "_id", {**args.inputs, "accessAddress": "https://there"}

    def call(self, args):
        return {}


pulumi.runtime.set_mocks(Mocks(), preview=False)

from pulumi_modeldeploy import modelarts


@pulumi.runtime.test
def test():
    given = modelarts.ServiceConfigArgs(
        model_id="m1", weight=100, specification="modelarts.vm.cpu.2u", instance_count=1
    )
    service = modelarts.Service("svc", infer_type="real-time", config=[given])

    found = modelarts.Service.get("there", "an-id")

    def judge(values):
        address, config, identifier, *read = values
        assert read == ["https://there", "an-id"], read
        assert address == "https://there"
        assert (config[0].model_id, config[0].weight) == ("m1", 100)
        assert identifier == "svc_id"

    made = (service.access_address, service.config, service.service_id)
    return pulumi.Output.all(*made, found.access_address, found.service_id).apply(judge)


test()
"""


def test_a_program_runs_under_mocks() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
