"""What is looked at before an app service is deployed: over real HTTP, against what was seeded."""

from __future__ import annotations

import dataclasses
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from pulumi_modeldeploy.core import lifecycle, preflight
from pulumi_modeldeploy.core.values import UNKNOWN
from pulumi_modeldeploy.errors import ApiError, InvalidInputs, NotReady
from pulumi_modeldeploy.pai.advice import TAKEN
from pulumi_modeldeploy.pai.preflight import PREFLIGHT, SERVICES
from pulumi_modeldeploy.pai.service import TABLE

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Cloud

    from pulumi_modeldeploy.core.checks import Problem
    from pulumi_modeldeploy.core.operation import Operation
    from pulumi_modeldeploy.core.values import Values
    from pulumi_modeldeploy.emulator import Emulator

NAS = {
    "ModelStorage": "nas",
    "NasMountTarget": "317d14-abc.cn-shanghai.nas.aliyuncs.com",
    "NasPath": "/",
    "VpcID": "vpc-1",
    "VswitchID": "vsw-1",
    "SecurityGroupID": "sg-1",
}
NETWORK: dict[str, Any] = {
    "vpcs": [{"VpcId": "vpc-1"}, {"VpcId": "vpc-2"}, {"VpcId": "vpc-3", "RegionId": "cn-beijing"}],
    "vSwitches": [
        {"VSwitchId": "vsw-1", "VpcId": "vpc-1"},
        {"VSwitchId": "vsw-2", "VpcId": "vpc-2"},
    ],
    "securityGroups": [
        {"SecurityGroupId": "sg-1", "VpcId": "vpc-1"},
        {"SecurityGroupId": "sg-2", "VpcId": "vpc-2"},
        {"SecurityGroupId": "sg-0"},
    ],
}
LOOKS = {"DescribeVpcs": 1, "DescribeVSwitches": 1, "DescribeSecurityGroups": 1}
OTHER = "0123456789ab"
"""The mark of some other resource."""


def body(name: str = "llama", **more: Any) -> dict[str, Any]:
    """A service to be seeded."""
    spec = {"AppType": "LLM", "ServiceSpec": "llama_7b_fp16", "Replicas": 1}
    return {"ServiceName": name, **spec, **more}


def nas(**changes: Any) -> dict[str, Any]:
    return {**NAS, **changes}


def run(cloud: Cloud, **how: Any) -> Operation:
    """An operation of a run that has looked at nothing yet."""
    op = cloud.operation(**how)
    looks = preflight.looks_of(TABLE, op.settings, op.identity, op.client)
    return dataclasses.replace(op, looks=looks)


def asked(op: Operation, values: Values, olds: Values | None = None) -> list[Problem]:
    how = preflight.Asked(olds or {})
    return preflight.judge(op, preflight.due(TABLE, op.settings, op.identity, values, how))


def told(op: Operation, values: Values, olds: Values | None = None) -> list[str]:
    return [f"{one.path} [{one.rule}]" for one in asked(op, values, olds)]


def operations(cloud: Cloud) -> Counter[str]:
    return Counter(one["operation"] for one in cloud.requests)


@pytest.fixture
def net(cloud: Cloud) -> Cloud:
    """A cloud with networks; the name of the service is of no interest."""
    cloud.admin.seed(pai=NETWORK)
    return cloud


def mounting(cloud: Cloud, **changes: Any) -> Values:
    """A service with a name of its own, which is not asked about."""
    return cloud.automatic(config=nas(**changes))


# --- the network, right --------------------------------------------------------------------------


def test_a_network_that_fits_is_asked_about_once_whoever_asks(net: Cloud) -> None:
    op = run(net)
    for replicas in range(1, 21):
        assert asked(op, net.automatic(config=NAS, replicas=replicas)) == []
    assert operations(net) == LOOKS
    assert net.warnings == []
    assert net.queries("DescribeVSwitches") == [{"RegionId": "cn-shanghai", "VSwitchId": "vsw-1"}]


def test_a_group_that_tells_no_vpc_is_believed(net: Cloud) -> None:
    assert asked(run(net), mounting(net, SecurityGroupID="sg-0")) == []


def test_threads_that_ask_the_same_share_the_request_in_flight(net: Cloud) -> None:
    net.admin.faults({"operation": "*", "cloud": "pai", "fault": "slow", "seconds": 0.2})
    op, found = run(net), list[Any]()
    values = [net.automatic(config=NAS, replicas=number) for number in range(1, 21)]
    threads = [
        threading.Thread(target=lambda one=one: found.append(asked(op, one))) for one in values
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [[]] * 20
    assert operations(net) == LOOKS


NOT_ASKED: dict[str, dict[str, Any] | None] = {
    "OSS": {"ModelStorage": "oss", "OssPath": "oss://bucket/m/"},
    "the model of the specification": None,
    "nothing": {},
    "another mode with a network": nas(ModelStorage="oss", VpcID="vpc-9"),
    "no ids": {"ModelStorage": "nas", "NasMountTarget": "x", "NasPath": "/"},
}


@pytest.mark.parametrize("case", NOT_ASKED)
def test_without_a_mount_no_network_is_looked_at(case: str, net: Cloud) -> None:
    assert asked(run(net), net.automatic(config=NOT_ASKED[case])) == []
    assert net.requests == []


@pytest.mark.parametrize("nothing", [None, ""])
def test_what_is_given_as_nothing_is_not_asked_about(nothing: str | None, net: Cloud) -> None:
    """A preview shows all mistakes: an empty id is one, and would be found everywhere."""
    values = {**mounting(net), "config": nas(VpcID=nothing, VswitchID="vsw-2")}
    assert asked(run(net), values) == []
    assert operations(net) == {"DescribeVSwitches": 1, "DescribeSecurityGroups": 1}


# --- the network, wrong --------------------------------------------------------------------------

MISTAKES: dict[str, tuple[dict[str, Any], str, str]] = {
    "no VPC": (
        {"VpcID": "vpc-9"},
        "config['VpcID'] [preflight-vpc]",
        "there is no VPC of this id in this region: give that of one that is there",
    ),
    "a VPC of another region": (
        {"VpcID": "vpc-3"},
        "config['VpcID'] [preflight-vpc]",
        "there is no VPC of this id in this region: give that of one that is there",
    ),
    "no vSwitch": (
        {"VswitchID": "vsw-9"},
        "config['VswitchID'] [preflight-vswitch]",
        "there is no vSwitch of this id in this region: give that of one that is there",
    ),
    "a vSwitch of another VPC": (
        {"VswitchID": "vsw-2"},
        "config['VswitchID'] [preflight-vswitch-of-vpc]",
        "the vSwitch belongs to another VPC than VpcID: give one of that VPC",
    ),
    "no group": (
        {"SecurityGroupID": "sg-9"},
        "config['SecurityGroupID'] [preflight-group]",
        "there is no security group of this id in this region: give that of one that is there",
    ),
    "a group of another VPC": (
        {"SecurityGroupID": "sg-2"},
        "config['SecurityGroupID'] [preflight-group-of-vpc]",
        "the security group belongs to another VPC than VpcID: give one of that VPC",
    ),
    "a mount target of another region": (
        {"NasMountTarget": "317d14-abc.cn-beijing.nas.aliyuncs.com"},
        "config['NasMountTarget'] [preflight-region]",
        (
            "the file system is in another region than the service, which cannot mount it then: "
            "give a mount target of the service's region"
        ),
    ),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_is_found_and_told_once(case: str, net: Cloud) -> None:
    changes, where, text = MISTAKES[case]
    (problem,) = asked(run(net), mounting(net, **changes))
    assert f"{problem.path} [{problem.rule}]" == where
    assert problem.text == text
    assert not problem.warn
    assert set(operations(net).values()) == {1}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_create_looks_before_it_sends(case: str, net: Cloud) -> None:
    changes, _, text = MISTAKES[case]
    with pytest.raises(InvalidInputs) as info:
        lifecycle.create(run(net), mounting(net, **changes), "llama")
    assert text in str(info.value)
    assert "Nothing was changed" in str(info.value)
    assert net.changes == []


def test_all_that_is_wrong_is_found_at_once(net: Cloud) -> None:
    values = mounting(net, VpcID="vpc-2", NasMountTarget="x.eu-central-1.nas.aliyuncs.com")
    assert told(run(net), values) == [
        "config['VswitchID'] [preflight-vswitch-of-vpc]",
        "config['SecurityGroupID'] [preflight-group-of-vpc]",
        "config['NasMountTarget'] [preflight-region]",
    ]
    values = mounting(net, VpcID="vpc-9", VswitchID="vsw-9", SecurityGroupID="sg-9")
    assert told(run(net), values) == [
        "config['VpcID'] [preflight-vpc]",
        "config['VswitchID'] [preflight-vswitch]",
        "config['SecurityGroupID'] [preflight-group]",
    ]


TARGETS = [
    "10.0.0.5",
    "cpfs-1.cn-beijing.cpfs.aliyuncs.com",
    "a.b.cn-beijing.nas.aliyuncs.com",
    "nas.aliyuncs.com",
]


@pytest.mark.parametrize("target", TARGETS)
def test_a_mount_target_of_another_form_tells_no_region(target: str, net: Cloud) -> None:
    assert asked(run(net), mounting(net, NasMountTarget=target)) == []


def test_the_region_is_that_of_the_service(net: Cloud) -> None:
    op = run(net, stack={"pai:region": "cn-beijing"})
    only = {"ModelStorage": "nas", "VpcID": "vpc-3"}
    target = "317d14-abc.{}.nas.aliyuncs.com"
    for region, problems in (("cn-beijing", 0), ("cn-shanghai", 1)):
        config = {**only, "NasMountTarget": target.format(region)}
        assert len(asked(op, net.automatic(config=config))) == problems
    assert net.queries("DescribeVpcs") == [{"RegionId": "cn-beijing", "VpcId": "vpc-3"}]


def test_an_update_looks_at_what_changed(net: Cloud) -> None:
    op = run(net)
    before = mounting(net)
    identifier, _ = lifecycle.create(op, before, "llama")
    net.forget()
    with pytest.raises(InvalidInputs, match="preflight-vswitch-of-vpc"):
        lifecycle.update(op, identifier, mounting(net, VswitchID="vsw-2"), before)
    assert net.changes == []
    assert told(run(net), mounting(net, NasPath="/m", VswitchID="vsw-2"), before) == [
        "config['VswitchID'] [preflight-vswitch-of-vpc]"
    ]


def test_what_the_old_arguments_said_is_not_asked_again(net: Cloud) -> None:
    gone = mounting(net, VpcID="vpc-9")
    op = run(net)
    assert asked(op, mounting(net, VpcID="vpc-9", NasPath="/m"), gone) == []
    assert net.requests == []


# --- what is not asked about ---------------------------------------------------------------------


def test_what_is_unknown_waits(net: Cloud) -> None:
    op = run(net)
    assert asked(op, net.automatic(config=UNKNOWN)) == []
    assert asked(op, net.automatic(config=nas(ModelStorage=UNKNOWN, VpcID="vpc-9"))) == []
    assert net.requests == []
    elsewhere = "x.cn-beijing.nas.aliyuncs.com"
    assert asked(op, mounting(net, VpcID=UNKNOWN, NasMountTarget=elsewhere)) == []
    assert operations(net) == {"DescribeVSwitches": 1, "DescribeSecurityGroups": 1}
    assert told(op, mounting(net, VpcID=UNKNOWN, VswitchID="vsw-9")) == [
        "config['VswitchID'] [preflight-vswitch]"
    ]


SECRET: dict[str, tuple[tuple[str, ...], dict[str, int]]] = {
    "the whole": (("config",), {}),
    "the VPC": (("config.VpcID",), {"DescribeVSwitches": 1, "DescribeSecurityGroups": 1}),
    "the switch": (("config.VswitchID",), {"DescribeVpcs": 1, "DescribeSecurityGroups": 1}),
    "the mode": (("config.ModelStorage",), {}),
}


@pytest.mark.parametrize("case", SECRET)
def test_what_is_secret_is_not_put_into_addresses(case: str, net: Cloud) -> None:
    secrets, looks = SECRET[case]
    op = run(net)
    op.identity = dataclasses.replace(op.identity, secrets=secrets)
    assert asked(op, mounting(net)) == []
    assert operations(net) == looks


def test_a_secret_name_is_not_asked_about(cloud: Cloud) -> None:
    op = run(cloud)
    op.identity = dataclasses.replace(op.identity, secrets=("service_name",))
    assert asked(op, cloud.wanted()) == []
    assert cloud.requests == []


@pytest.mark.parametrize("rule", [one.name for one in PREFLIGHT.questions])
def test_a_question_that_is_turned_off_is_not_asked(rule: str, net: Cloud) -> None:
    changes = next(
        changes for changes, where, _ in MISTAKES.values() if where.endswith(f"[{rule}]")
    )
    op = run(net, stack={"modeldeploy:skipRules": rule})
    assert asked(op, mounting(net, **changes)) == []


def test_a_name_that_is_turned_off_is_not_asked_about(cloud: Cloud) -> None:
    cloud.admin.seed(pai={"services": [body()]})
    op = run(cloud, stack={"modeldeploy:skipRules": "preflight-name"})
    assert asked(op, cloud.wanted()) == []
    assert cloud.requests == []


@pytest.mark.parametrize("mode", ["warn", "off"])
def test_modes(mode: str, net: Cloud) -> None:
    net.admin.seed(pai={"services": [body()]})
    op = run(net, stack={"pai:preflight": mode})
    values = net.wanted(config=nas(VpcID="vpc-9"))
    problems = asked(op, values)
    assert [(one.rule, one.warn) for one in problems] == (
        [("preflight-vpc", True), ("preflight-name", True)] if mode == "warn" else []
    )
    assert bool(net.requests) is (mode == "warn")
    with pytest.raises(NotReady, match=r"Failed: VpcID vpc-9 does not exist"):
        lifecycle.create(op, mounting(net, VpcID="vpc-9"), "llama")


# --- names ---------------------------------------------------------------------------------------


def test_a_free_name_is_asked_about_once(cloud: Cloud) -> None:
    op = run(cloud)
    for replicas in (1, 2, 3):
        assert asked(op, cloud.wanted(replicas=replicas)) == []
    assert operations(cloud) == {"DescribeService": 1}


def test_a_name_of_another_account_is_refused_in_words(cloud: Cloud) -> None:
    cloud.admin.seed(pai={"services": [body(ParentUid="42")]})
    (problem,) = asked(run(cloud), cloud.wanted())
    assert (problem.path, problem.rule, problem.warn) == ("service_name", "preflight-name", False)
    assert problem.text == TAKEN
    for words in (
        "another Alibaba Cloud account has a service of this name",
        "across all accounts",
        "Give another name",
        "credentials are of the wrong account",
    ):
        assert words in problem.text
    assert cloud.warnings == []


def test_a_name_of_another_account_is_another_thing_in_another_region(cloud: Cloud) -> None:
    cloud.admin.seed(pai={"services": [body(ParentUid="42", Region="cn-beijing")]})
    assert asked(run(cloud), cloud.wanted()) == []


HOLDERS: dict[str, tuple[dict[str, Any], str, str]] = {
    # what is seeded, whose it is said to be, what adopts it
    "without a mark": (body(), "no mark", 'adopt="llama"'),
    "with other labels": (body(Labels={"team": "x"}), "no mark", 'adopt="llama"'),
    "of another resource": (
        body(Labels={"modeldeploy": OTHER}),
        "the mark of another resource",
        f'adopt="llama", adopt_from="{OTHER}"',
    ),
    "failed": (body(Status="Failed"), "no mark", 'adopt="llama"'),
}


@pytest.mark.parametrize("case", HOLDERS)
def test_a_name_that_a_service_of_the_account_has_is_refused_with_the_line_that_adopts(
    case: str, cloud: Cloud
) -> None:
    seeded, whose, line = HOLDERS[case]
    cloud.admin.seed(pai={"services": [seeded]})
    (problem,) = asked(run(cloud), cloud.wanted())
    assert f"{problem.path} [{problem.rule}]" == "service_name [preflight-name]"
    assert problem.text == (
        "a PAI app service llama has this service_name already and is not this resource's (it "
        f"carries {whose}): give this resource another name, or leave it out, or delete that one "
        f"first, or take that one over: {line}"
    )


def test_a_given_name_may_be_an_automatic_one_of_another_resource(cloud: Cloud) -> None:
    name = f"llama_{OTHER}"
    cloud.admin.seed(pai={"services": [body(name)]})
    (problem,) = asked(run(cloud), cloud.wanted(service_name=name))
    assert problem.text.endswith(f'take that one over: adopt="{name}", adopt_from="{OTHER}"')


@pytest.mark.parametrize(
    "ours",
    [lambda mark: {"Labels": {"modeldeploy": mark}}, lambda _: {"Status": "Deleting"}],
    ids=["marked", "leaving"],
)
def test_a_name_that_is_ours_or_on_its_way_out_is_free(
    ours: Callable[[str], dict[str, Any]], cloud: Cloud
) -> None:
    cloud.admin.deploy_seconds(100)
    cloud.admin.seed(pai={"services": [body(**ours(cloud.mark))]})
    assert asked(run(cloud), cloud.wanted()) == []
    assert operations(cloud) == {"DescribeService": 1}


def test_a_name_that_we_have_already_is_not_asked_about(cloud: Cloud) -> None:
    cloud.admin.seed(pai={"services": [body(ParentUid="42")]})
    assert asked(run(cloud), cloud.wanted(replicas=2), cloud.wanted()) == []
    assert asked(run(cloud), cloud.automatic()) == []
    assert cloud.requests == []


def test_a_rename_asks_about_the_new_name(cloud: Cloud) -> None:
    cloud.admin.seed(pai={"services": [body("other"), body("foreign", ParentUid="42")]})
    before = cloud.wanted()
    for name in ("other", "foreign"):
        assert told(run(cloud), cloud.wanted(service_name=name), before) == [
            "service_name [preflight-name]"
        ]
    assert asked(run(cloud), cloud.wanted(service_name="free"), before) == []


def test_without_marks_a_name_may_be_that_of_what_a_forced_replacement_deletes(
    cloud: Cloud,
) -> None:
    cloud.admin.seed(pai={"services": [body()]})
    op = run(cloud, stack={"pai:ownerMark": "off"})
    assert asked(op, cloud.wanted()) == []
    assert told(op, cloud.wanted(), cloud.wanted(service_name="before")) == [
        "service_name [preflight-name]"
    ]
    op = dataclasses.replace(op, replaced={"llama"})
    assert asked(op, cloud.wanted(), cloud.wanted(service_name="before")) == []


def test_a_list_is_read_to_its_end(cloud: Cloud) -> None:
    names = {f"s{number}" for number in range(230)}
    cloud.admin.seed(pai={"services": [body(name) for name in names]})
    looks = run(cloud).looks
    assert looks is not None
    assert {one["ServiceName"] for one in looks.all(SERVICES)} == names
    assert [one["PageNumber"] for one in cloud.queries("ListServices")] == ["1", "2", "3"]


# --- what cannot be looked at --------------------------------------------------------------------


def skipped(reason: str) -> str:
    return (
        "the preflight was skipped where it cannot look whether what is referred to exists: "
        f"{reason}. The cloud judges that later; `pai:preflight` = off leaves the looks out"
    )


@pytest.mark.parametrize("operation", LOOKS)
def test_no_permission_is_said_once_and_the_rest_is_looked_at(operation: str, net: Cloud) -> None:
    net.admin.faults({"operation": operation, "fault": "status", "status": 403})
    op = run(net)
    wrong = {"VpcID": "vpc-9", "VswitchID": "vsw-9", "SecurityGroupID": "sg-9"}
    found = [told(op, net.automatic(config=nas(**wrong), replicas=n)) for n in range(1, 5)]
    every = {
        "DescribeVpcs": "config['VpcID'] [preflight-vpc]",
        "DescribeVSwitches": "config['VswitchID'] [preflight-vswitch]",
        "DescribeSecurityGroups": "config['SecurityGroupID'] [preflight-group]",
    }
    assert found == [[text for name, text in every.items() if name != operation]] * 4
    assert operations(net) == LOOKS
    assert net.warnings == [
        skipped(f"there is no permission for {operation} (HTTP 403, Forbidden.RAM)")
    ]


WITHOUT: dict[str, dict[str, int]] = {
    "PAI_VPC_ENDPOINT": {"DescribeSecurityGroups": 1},
    "PAI_ECS_ENDPOINT": {"DescribeVpcs": 1, "DescribeVSwitches": 1},
}


@pytest.mark.parametrize("name", WITHOUT)
def test_no_endpoint_is_said_once_and_the_rest_is_looked_at(name: str, net: Cloud) -> None:
    op = run(net, environ={key: one for key, one in net.environ.items() if key != name})
    for replicas in (1, 2, 3):
        assert asked(op, net.automatic(config=NAS, replicas=replicas)) == []
    assert operations(net) == WITHOUT[name]
    (warning,) = net.warnings
    key = "pai:vpcEndpoint" if "VPC" in name else "pai:ecsEndpoint"
    assert f"{key} is missing" in warning
    assert name in warning


@pytest.mark.parametrize("name", WITHOUT)
def test_an_endpoint_out_of_reach_is_said_once(name: str, net: Cloud) -> None:
    op = run(net, environ={**net.environ, name: "http://127.0.0.1:1"})
    for replicas in (1, 2, 3):
        assert asked(op, net.automatic(config=NAS, replicas=replicas)) == []
    assert operations(net) == WITHOUT[name]
    (warning,) = net.warnings
    assert f"no answer from {name[4:7]} at http://127.0.0.1:1" in warning


REFUSED: dict[str, tuple[dict[str, str], str]] = {
    "an unknown key": (
        {"ALIBABA_CLOUD_ACCESS_KEY_ID": "LTAIunknown0123"},
        "HTTP 404, InvalidAccessKeyId.NotFound",
    ),
    "a wrong secret": (
        {"ALIBABA_CLOUD_ACCESS_KEY_SECRET": "wrong-secret-0123"},
        "HTTP 400, SignatureDoesNotMatch",
    ),
    "another token": (
        {"ALIBABA_CLOUD_SECURITY_TOKEN": "wrong-token-0123"},
        "HTTP 400, InvalidSecurityToken.MismatchWithAccessKey",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_credentials_are_tried_once(case: str, net: Cloud) -> None:
    wrong, facts = REFUSED[case]
    op = run(net, environ={**net.environ, **wrong})
    for number in range(5):
        assert asked(op, net.wanted(service_name=f"foo{number}", config=NAS)) == []
    assert len(net.requests) == 1
    assert net.warnings == [skipped(f"the credentials are refused (DescribeVpcs: {facts})")]


@pytest.mark.parametrize("operation", [*LOOKS, "DescribeService"])
def test_an_error_of_the_cloud_is_no_verdict(operation: str, net: Cloud) -> None:
    net.admin.faults({"operation": operation, "fault": "status", "status": 400})
    assert asked(run(net), net.wanted(config=NAS)) == []
    assert net.warnings == [skipped(f"{operation} answers HTTP 400, InvalidParameter")]


def test_a_look_does_not_hold_a_preview_up(net: Cloud) -> None:
    net.admin.faults({"operation": "*", "cloud": "pai", "fault": "status", "status": 503})
    assert asked(run(net), net.wanted(config=NAS)) == []
    assert net.time.passed < 10
    assert set(operations(net).values()) <= {1, 2}
    assert net.warnings != []


def test_what_the_preflight_cannot_see_the_cloud_says(net: Cloud) -> None:
    net.admin.faults(
        {"operation": "CreateAppService", "fault": "status", "status": 400, "times": 1},
        *({"operation": one, "fault": "status", "status": 403} for one in LOOKS),
    )
    with pytest.raises(ApiError, match="CreateAppService"):
        lifecycle.create(run(net), mounting(net, VpcID="vpc-9"), "llama")


# --- under the engine ----------------------------------------------------------------------------

PROGRAM = """\
from pulumi_modeldeploy import pai

NAS = {nas!r}


def app(name, **given):
    given = {{"app_type": "LLM", "service_spec": "llama_7b_fp16", "replicas": 1, **given}}
    return pai.AppService(name, **given)


app("foreign", service_name="foreign")
app("taken", service_name="taken")
app("network", config={{**NAS, "VswitchID": "vsw-2"}})
app("fine", config=NAS)
"""


def test_a_preview_refuses_names_and_networks_in_words(
    stack: Any, emulator: Emulator, cloud: Cloud
) -> None:
    services = [body("foreign", ParentUid="42"), body("taken")]
    emulator.admin.seed(pai={**NETWORK, "services": services})
    stack.program(PROGRAM.format(nas=NAS), head="")
    done = stack.preview()
    assert not done.ok
    for text in (
        f"foreign: service_name: {TAKEN} [preflight-name]",
        'take that one over: adopt="taken" [preflight-name]',
        "network: config['VswitchID']: the vSwitch belongs to another VPC than VpcID",
        "3 mistakes in foreign, network, taken",
    ):
        assert text in " ".join(done.diagnostics.split()), done.output
    assert cloud.changes == []


def test_a_preview_without_credentials_says_once_what_it_cannot_see(
    stack: Any, emulator: Emulator, cloud: Cloud
) -> None:
    emulator.admin.seed(pai=NETWORK)
    stack.program(PROGRAM.format(nas=NAS), head="")
    stack.environment["HOME"] = str(stack.folder)
    for name in cloud.environ:
        if name.startswith("ALIBABA_CLOUD_ACCESS"):
            del stack.environment[name]
    done = stack.preview()
    assert done.ok, done.output
    assert done.diagnostics.count("there are no credentials for PAI") == 1, done.output
    assert done.diagnostics.count("the preflight was skipped") == 1
    assert cloud.requests == []
