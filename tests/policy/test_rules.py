"""Each rule: what keeps it, what breaks it, what is not known yet, what is mended."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest
from pulumi_policy import EnforcementLevel
from samples import app, deployment, leaves, model, replaced, service, version

from pulumi_modeldeploy.core.declare import Declaration
from pulumi_modeldeploy.core.values import UNKNOWN
from pulumi_modeldeploy.policy import REMEDIATE, RULES, Rule, rule
from pulumi_modeldeploy.policy.testing import Planned, foreign, judge
from pulumi_modeldeploy.policy.views import kind_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

KEY = "AKIAIOSFODNN7EXAMPLE"
"""The sample key of AWS' own pages."""
MARKER = "hunter2"
ALL_KEPT = [service(), app(), model(), deployment()]
HOW = "give config.require_secret(...) or pulumi.Output.secret(...)"
BY_NAME = f"must be secret, by its name or its form: {HOW}"


@dataclass(frozen=True)
class Case:
    """Resources, how a rule is configured, and what it says."""

    rule: str
    resources: Sequence[Planned]
    messages: Sequence[str] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)


def envs(**variables: str) -> list[dict[str, Any]]:
    return [version(envs=variables)]


def group_rule(token: str, **properties: Any) -> Planned:
    return foreign(token, "rule", **{"securityGroupId": "group-of-ours", **properties})


def properties(**more: Any) -> list[dict[str, Any]]:
    return [version(additional_properties=more)]


HUAWEI = "huaweicloud:Vpc/secgroupRule:SecgroupRule"
OTC = "opentelekomcloud:index/networkingSecgroupRuleV2:NetworkingSecgroupRuleV2"
OTC_V3 = "opentelekomcloud:index/vpcSecgroupRuleV3:VpcSecgroupRuleV3"
ALIBABA = "alicloud:ecs/securityGroupRule:SecurityGroupRule"
ANYONE = {"direction": "ingress", "remoteIpPrefix": "0.0.0.0/0", "protocol": "tcp"}
WIDE = "digits: must have a group that admits everybody to these ports only: 8080"
PLACES = {"src_path": "https://ours.obs.eu-de/in/", "dest_path": "https://theirs.obs.eu-de/out/"}
BATCH = {**PLACES, "req_uri": "/", "mapping_type": "file", "weight": None}
LOGS = {"log_report_channels": [{"type": "LTS"}]}

BROKEN = [
    Case(
        "allowed-regions",
        [service(region="cn-north-4"), app(region="eu-central-1"), deployment()],
        [
            "digits: region: must be one of eu-de, eu-central-*",
            "chat-runs: zone_uuid: must be zone-of-ours",
        ],
        {"regions": ["eu-de", "eu-central-*"], "zones": ["zone-of-ours"]},
    ),
    Case(
        "allowed-workspaces",
        [service(), service("mine", workspace_id="w-1"), app(workspace_id="7"), deployment()],
        [
            "digits: workspace_id: is missing: it must be w-1",
            "llama: workspace_id: must be w-1",
            "chat-runs: project_uuid: is missing: it must be w-1",
        ],
        {"workspaces": ["w-1"]},
    ),
    Case(
        "allowed-specifications",
        [service(config=[version(specification="modelarts.vm.gpu.v100")]), app()],
        [
            "digits: config[0].specification: must be one of modelarts.vm.cpu.*, baichuan_*",
            "llama: service_spec: must be one of modelarts.vm.cpu.*, baichuan_*",
        ],
        {"specifications": ["modelarts.vm.cpu.*", "baichuan_*"]},
    ),
    Case(
        "approved-models",
        [service(), model(model_uuids=["a" * 32]), deployment(model_uuid="a" * 32)],
        [
            "digits: config[1].model_id: must be digits-v1",
            "chat: model_uuids: must be digits-v1",
            "chat-runs: model_uuid: must be digits-v1",
        ],
        {"models": ["digits-v1"]},
    ),
    Case(
        "allowed-storage",
        [
            service(infer_type="batch", config=[version(**BATCH)]),
            service(
                "mounts",
                config=properties(
                    persistent_volumes=[{"mount_path": "/data", "source_address": "theirs/x"}]
                ),
            ),
            app(config={"ModelStorage": "oss", "OssPath": "oss://theirs/llama/"}),
            app("nas", config={"ModelStorage": "nas", "NasMountTarget": "x.nas.aliyuncs.com"}),
        ],
        [
            "digits: config[0].dest_path: must be one of https://ours.*, oss://ours/*",
            (
                "mounts: config[0].additional_properties.persistent_volumes[0].source_address: "
                "must be one of https://ours.*, oss://ours/*"
            ),
            "llama: config['OssPath']: must be one of https://ours.*, oss://ours/*",
            "nas: config['NasMountTarget']: must be one of https://ours.*, oss://ours/*",
        ],
        {"locations": ["https://ours.*", "oss://ours/*"]},
    ),
    Case(
        "allowed-registries",
        [model(), deployment(docker_image="registry.example.com:5000/serving/chat:1")],
        [
            (
                "chat: architecture_images[0].docker_image: must come from "
                "registry.example.com:5000/serving/"
            ),
        ],
        {"registries": ["registry.example.com:5000/serving/"]},
    ),
    Case(
        "pinned-images",
        [
            model(
                architecture_images=[
                    {"cpu_architecture": "x86_64", "docker_image": "vllm:latest"},
                    {"cpu_architecture": "aarch64", "docker_image": "registry:5000/vllm"},
                ]
            ),
            deployment(docker_image=f"vllm@sha256:{'0' * 64}"),
        ],
        [
            f"chat: architecture_images[{n}].docker_image: must have a tag that stays, none of "
            "latest, main, master, nightly, dev"
            for n in (0, 1)
        ],
    ),
    Case(
        "pinned-images",
        [deployment(), deployment("pinned", docker_image=f"vllm:v1@sha256:{'0' * 64}")],
        ["chat-runs: docker_image: must be named by digest: name@sha256:..."],
        {"digest": True},
    ),
    Case(
        "pinned-images",
        [deployment(docker_image="vllm:stable"), deployment("other", docker_image="vllm:latest")],
        ["chat-runs: docker_image: must have a tag that stays, none of stable"],
        {"moving": ["stable"]},
    ),
    Case(
        "instance-ceiling",
        [service(config=[version(), version(model_id="v2", instance_count=9)]), app(replicas=6)],
        [
            "digits: config[1].instance_count: must be at most 5, is 9",
            "llama: replicas: must be at most 5, is 6",
        ],
    ),
    Case(
        "instance-ceiling",
        [service(), app(replicas=3)],
        [
            "digits: config[0].instance_count: must be at most 2, is 3",
            "llama: replicas: must be at most 2, is 3",
        ],
        {"most": 2},
    ),
    Case(
        "instance-size",
        [
            service(
                config=[
                    version(
                        specification="custom",
                        custom_spec={"cpu": 8.5, "memory": 65536, "gpu_p4": 2},
                    )
                ]
            ),
            deployment(cpu_num=16, request_memory_size=64 * 1024**3),
        ],
        [
            "digits: config[0].custom_spec.cpu: must be at most 8 CPU cores, is 8.5",
            "digits: config[0].custom_spec.memory: must be at most 32 GiB of memory, is 64",
            "digits: config[0].custom_spec.gpu_p4: must be at most 1 accelerators, is 2",
            "chat-runs: cpu_num: must be at most 8 CPU cores, is 16",
            "chat-runs: request_memory_size: must be at most 32 GiB of memory, is 64",
        ],
        {"cpu": 8, "memory": 32, "accelerators": 1},
    ),
    Case(
        "weight-step",
        [service(moves=60), service("slow", moves=50)],
        ["digits: config: must move at most 50 percent of the traffic in one run, moves 60"],
    ),
    Case(
        "weight-step",
        [service(moves=30)],
        ["digits: config: must move at most 20 percent of the traffic in one run, moves 30"],
        {"most": 20},
    ),
    Case(
        "minimum-replicas",
        [
            service(
                config=[
                    version(instance_count=1),
                    version(model_id="idle", weight=0, instance_count=1),
                ]
            ),
            service("stopped", desired_status="stopped", config=[version(instance_count=1)]),
            service("batch", infer_type="batch", config=[version(**BATCH, instance_count=1)]),
            app(replicas=1),
        ],
        [
            "digits: config[0].instance_count: must be at least 2, is 1",
            "llama: replicas: must be at least 2, is 1",
        ],
    ),
    Case(
        "minimum-replicas",
        [app()],
        ["llama: replicas: must be at least 3, is 2"],
        {"least": 3},
    ),
    Case(
        "gentle-upgrades",
        [service(config=properties(max_unavailable=0.5))],
        ["digits: config[0].additional_properties.max_unavailable: must be at most 0.25, is 0.5"],
        {"most": 0.25},
    ),
    Case(
        "gentle-upgrades",
        [service(config=properties(max_unavailable=1))],
        ["digits: config[0].additional_properties.max_unavailable: must be at most 0, is 1"],
    ),
    Case(
        "own-network",
        [
            service(vpc_id=None, pool_name=None),
            service("batch", infer_type="batch", vpc_id=None, config=[version(**BATCH)]),
            service("pools", vpc_id=None, pool_name=None, config=[version(cluster_id="c")]),
            deployment(l3_network_uuids=None),
        ],
        [
            "digits: vpc_id: must be given, or a dedicated resource pool",
            "chat-runs: l3_network_uuids: must be given",
        ],
    ),
    Case(
        "approved-groups",
        [service(), app(config={"ModelStorage": "nas", "SecurityGroupID": "sg-2"})],
        [
            "digits: security_group_id: must be one of sg-1, sg-o*",
            "llama: config['SecurityGroupID']: must be one of sg-1, sg-o*",
        ],
        {"groups": ["sg-1", "sg-o*"]},
    ),
    Case(
        "encrypted-secrets",
        [
            service(
                config=envs(
                    DB_PASSWORD="x",
                    url="postgres://app:hunter2@db/features",
                    MAX_TOKENS="512",
                    EOS_TOKEN="</s>",
                    API_KEY="",
                    NOTE="https://user@host/path",
                )
            ),
            deployment(environment_variables={"HF_TOKEN": "y"}, startup_parameters={"seed": KEY}),
            model(yaml=f"env: {KEY}", start_command="run --token hf_" + "a" * 34),
        ],
        [
            f"digits: config[0].envs['DB_PASSWORD']: {BY_NAME}",
            f"digits: config[0].envs['url']: {BY_NAME}",
            f"chat-runs: environment_variables['HF_TOKEN']: {BY_NAME}",
            f"chat-runs: startup_parameters['seed']: {BY_NAME}",
            f"chat: yaml: must be secret, since it holds a key or password: {HOW}",
            f"chat: start_command: must be secret, since it holds a key or password: {HOW}",
        ],
    ),
    Case(
        "encrypted-secrets",
        [
            service(config=envs(PIN="1", DB_PASSWORD="x"), secrets=["config[0].envs.PIN"]),
            service("whole", config=envs(PIN="1", A_TOKEN="x"), secrets=["config"]),
        ],
        [f"digits: config[0].envs['DB_PASSWORD']: {BY_NAME}"],
        {"names": ["PIN"]},
    ),
    Case(
        "encrypted-secrets",
        [service(config=envs(DB_PASSWORD="x"), secrets=["config[0].envs.DB_PASSWORD"])],
        [
            (
                "digits: config[0].envs['DB_PASSWORD']: must not be there: it holds a secret, by "
                "its name or its form"
            )
        ],
        {"encrypted": False},
    ),
    Case(
        "no-host-paths",
        [service(config=properties(log_volume=[{"host_path": "/var/log", "mount_path": "/logs"}]))],
        [
            (
                "digits: config[0].additional_properties.log_volume: must not be there: it mounts "
                "directories of the host"
            )
        ],
    ),
    Case(
        "automatic-stop",
        [
            service(schedule=None),
            service("long", schedule=[{"type": "stop", "time_unit": "DAYS", "duration": 2}]),
            service("brief", schedule=[{"type": "stop", "time_unit": "MINUTES", "duration": 90}]),
            service("stopped", schedule=None, desired_status="stopped"),
            service("batch", infer_type="batch", schedule=None, config=[version(**BATCH)]),
        ],
        [
            "digits: schedule: must stop the service after 12 hours",
            "long: schedule[0].duration: must stop the service after at most 12 hours, is 48 hours",
        ],
    ),
    Case(
        "automatic-stop",
        [service()],
        ["digits: schedule[0].duration: must stop the service after at most 4 hours, is 8 hours"],
        {"hours": 4},
    ),
    Case(
        "log-reporting",
        [
            service(additional_properties=None),
            service("empty", additional_properties={"websocket_upgrade": True}),
        ],
        [
            f"{name}: additional_properties.log_report_channels: must report to LTS"
            for name in ("digits", "empty")
        ],
    ),
    Case(
        "failure-notifications",
        [
            service(additional_properties=LOGS),
            service(
                "other",
                additional_properties={"smn_notification": {"topic_urn": "t", "events": [3]}},
            ),
        ],
        [
            (
                "digits: additional_properties.smn_notification: must be given: somebody is to be "
                "told when the service fails"
            ),
            "other: additional_properties.smn_notification.events: must hold 1",
        ],
    ),
    Case(
        "failure-notifications",
        [service()],
        ["digits: additional_properties.smn_notification.events: must hold 11"],
        {"events": [1, 11]},
    ),
    Case(
        "owner-label",
        [app(labels=None), model(user_tags=["owner"]), deployment(user_tags=["team::x"])],
        [
            "llama: labels: must have a label owner",
            "chat-runs: user_tags: must have a tag of the form key::value with owner",
        ],
    ),
    Case(
        "owner-label",
        [app()],
        ["llama: labels: must have a label cost-centre"],
        {"keys": ["owner", "cost-centre"]},
    ),
    Case(
        "protected",
        [one(protect=False) for one in (service, app, model, deployment)],
        [
            f"{name}: protect: must be True among the resource options"
            for name in ("digits", "llama", "chat", "chat-runs")
        ],
    ),
    Case(
        "safety-lock",
        [app(safety_lock=None), app("open", safety_lock="none")],
        [f"{name}: safety_lock: must be dangerous or all" for name in ("llama", "open")],
    ),
    Case("safety-lock", [app()], ["llama: safety_lock: must be all"], {"levels": ["all"]}),
    Case(
        "dedicated-pool",
        [
            service(pool_name=None),
            service("each", pool_name=None, config=[version(pool_name="p")]),
            app(quota_id=None),
        ],
        [
            "digits: pool_name: must be given: a dedicated resource pool",
            "llama: quota_id: must be given: resources of a quota",
        ],
    ),
    Case(
        "total-instances",
        [service(), app(), deployment(), service("stopped", desired_status="stopped")],
        ["a stack must have at most 7 instances, these are 8"],
        {"most": 7},
    ),
    Case(
        "total-instances",
        [service(secrets=["config"]), app(replicas=5)],
        ["a stack must have at most 7 instances"],
        {"most": 7},
    ),
    Case(
        "hourly-budget",
        [service(), app(), app("unpriced", service_spec="chatglm_6b_fp16")],
        [
            "unpriced: must have a specification that the pack has a price for",
            "a stack must cost at most 4 an hour, this one costs 4.5",
        ],
        {"most": 4, "prices": {"modelarts.vm.cpu.*": 0.5, "llama_7b_*": 1}},
    ),
    Case(
        "one-service-per-model",
        [
            service(),
            service("copy", config=[version(), version(model_id="idle", weight=0)]),
            service("idle", config=[version(model_id="idle")]),
            deployment(model_uuid="a" * 32),
            deployment("twin", model_uuid="a" * 32),
        ],
        [
            "digits: must not serve a model that copy serves already",
            "twin: must not serve a model that chat-runs serves already",
        ],
    ),
    Case(
        "separate-groups",
        [service(), service("other", security_group_id="sg-2"), service("third")],
        ["third: must have a security group of its own, not that of digits"],
    ),
    Case(
        "separate-groups",
        [
            foreign("huaweicloud:Vpc/secgroup:Secgroup", "group"),
            *(
                service(name, security_group_id=UNKNOWN, depends={"security_group_id": "group"})
                for name in ("first", "second")
            ),
        ],
        ["second: must have a security group of its own, not that of first"],
    ),
    *(
        Case("open-groups", [service(), group_rule(token, **more)], [WIDE])
        for token, more in (
            (HUAWEI, {**ANYONE, "ports": "22,8080"}),
            (HUAWEI, {**ANYONE, "remoteIpPrefix": "::/0", "ports": "8000-9000"}),
            (HUAWEI, {**ANYONE, "action": "allow"}),
            (OTC, {**ANYONE, "portRangeMin": 22, "portRangeMax": 22}),
            (OTC, {**ANYONE, "portRangeMin": 8080, "portRangeMax": 8081}),
            (OTC_V3, {**ANYONE, "multiPort": "any"}),
            (
                ALIBABA,
                {"type": "ingress", "ipProtocol": "all", "cidrIp": "0.0.0.0/0"}
                | {"portRange": "-1/-1"},
            ),
            (ALIBABA, {"type": "ingress", "ipv6CidrIp": "::/0", "portRange": "1/65535"}),
        )
    ),
    Case(
        "open-groups",
        [
            service(),
            group_rule(HUAWEI, **ANYONE, ports="8080"),
            service("other", security_group_id="sg-2"),
        ],
        ["digits: must have a group that admits everybody to these ports only: none"],
        {"ports": []},
    ),
    Case(
        "no-public-endpoint",
        [
            service(outputs={"access_address": "https://x.apigw.eu-de.otc.t-systems.com/v1"}),
            app(outputs={"internet_endpoint": "http://10.0.0.1/api"}),
            deployment(outputs={"urls": ["http://192.168.0.7:80", "http://80.1.2.3:80"]}),
        ],
        [
            "digits: access_address: must not be public",
            "chat-runs: urls: must not be public",
        ],
    ),
    Case(
        "no-public-endpoint",
        [
            service(outputs={"access_address": "https://x.apigw.internal/v1"}),
            app(outputs={"internet_endpoint": "http://10.0.0.1/api"}),
        ],
        ["llama: internet_endpoint: must not be public"],
        {"hosts": ["*.internal"], "networks": ["192.168.0.0/16"]},
    ),
]
"""What breaks a rule, and what it says then; resources beside that keep it."""

KEPT = [
    *(Case(one.name, ALL_KEPT) for one in RULES if one.name != "separate-groups"),
    Case("allowed-regions", [service(region="eu-de")], settings={"regions": ["eu-*"]}),
    Case("allowed-regions", [service(), model()], settings={"regions": ["eu-*"], "zones": ["z"]}),
    Case(
        "allowed-workspaces",
        [service(workspace_id="0"), service("b")],
        settings={"workspaces": ["0"]},
    ),
    Case("allowed-registries", ALL_KEPT, settings={"registries": ["docker.io/vllm/"]}),
    Case(
        "encrypted-secrets",
        [
            service(config=envs(A_TOKEN="x"), secrets=["config[0].envs.A_TOKEN"]),
            deployment(environment_variables={"PIN": "1"}),
            model(yaml=KEY, secrets=["yaml"]),
        ],
    ),
    Case("encrypted-secrets", [service(config=envs(A_TOKEN="x"))], settings={"exempt": ["A_*"]}),
    Case("owner-label", [app(), model(), deployment(), service()]),
    Case(
        "separate-groups",
        [
            service(),
            service("b", security_group_id="other"),
            service("batch", infer_type="batch", security_group_id=None, config=[version(**BATCH)]),
        ],
    ),
    Case("hourly-budget", [service()], settings={"most": 10, "prices": {"*": 1}}),
    Case("total-instances", ALL_KEPT, settings={"most": 8}),
    *(
        Case("open-groups", [service(), group_rule(token, **more)])
        for token, more in (
            (HUAWEI, {**ANYONE, "ports": "8080"}),
            (HUAWEI, {**ANYONE, "ports": "22", "remoteIpPrefix": "10.0.0.0/8"}),
            (HUAWEI, {**ANYONE, "ports": "22", "direction": "egress"}),
            (HUAWEI, {**ANYONE, "ports": "22", "action": "deny"}),
            (HUAWEI, {**ANYONE, "ports": "22", "securityGroupId": "of-others"}),
            (HUAWEI, {**ANYONE, "protocol": "icmp"}),
            (HUAWEI, {**ANYONE, "ports": UNKNOWN}),
            (HUAWEI, {**ANYONE, "ports": "22", "action": UNKNOWN}),
            (OTC, {**ANYONE, "portRangeMin": 8080, "portRangeMax": 8080}),
            (OTC, {**ANYONE, "portRangeMin": UNKNOWN, "portRangeMax": 22}),
            ("aws:ec2/securityGroupRule:Rule", {**ANYONE, "ports": "22"}),
            (ALIBABA, {"type": "ingress", "cidrIp": "0.0.0.0/0", "portRange": "8080/8080"}),
            (ALIBABA, {"type": "ingress", "cidrIp": "0.0.0.0/0", "policy": "drop"}),
        )
    ),
]
"""What keeps a rule; `None` of these says anything."""


def named(case: Case) -> str:
    return case.rule


def run(case: Case, resources: Sequence[Planned] | None = None) -> list[str]:
    settings = {case.rule: {"enforcementLevel": "mandatory", **case.settings}}
    return judge(rule(case.rule), resources or case.resources, configuration=settings).messages


@pytest.mark.parametrize("case", BROKEN, ids=named)
def test_a_broken_rule_says_what_is_wrong_and_where(case: Case) -> None:
    assert run(case) == list(case.messages)


@pytest.mark.parametrize("case", KEPT, ids=named)
def test_a_rule_that_is_kept_says_nothing(case: Case) -> None:
    assert run(case) == []


def test_every_rule_is_broken_by_something_and_configured_where_it_can_be() -> None:
    broken = {case.rule for case in BROKEN}
    assert broken == {one.name for one in RULES}
    configured = {(case.rule, name) for case in (*BROKEN, *KEPT) for name in case.settings}
    there = {(one.name, name) for one in RULES for name in one.settings.lines()}
    # What it fills in is of the remediation.
    assert there - configured == {("owner-label", "values")}


@pytest.mark.parametrize("case", BROKEN, ids=named)
def test_what_is_not_known_breaks_no_rule(case: Case) -> None:
    """Wherever something is not known yet, a rule says at most what it said."""
    for index, one in enumerate(case.resources):
        for path, _ in leaves(one.state):
            unknown = replace(one, state=replaced(one.state, path, UNKNOWN), sound=False)
            resources = [*case.resources[:index], unknown, *case.resources[index + 1 :]]
            said = run(case, resources)
            if case.rule in ("total-instances", "hourly-budget"):  # a smaller sum is another text
                said = [text.partition(",")[0] for text in said]
                assert set(said) <= {text.partition(",")[0] for text in case.messages}, path
            elif case.rule not in ("one-service-per-model", "separate-groups"):
                assert set(said) <= set(case.messages), path
            else:  # another one may be the first
                assert len(said) <= len(case.messages), path


@pytest.mark.parametrize("one", RULES, ids=lambda one: one.name)
def test_resources_that_keep_a_rule_keep_it_whatever_is_not_known(one: Any) -> None:
    case = Case(one.name, ())
    for resource in ALL_KEPT:
        for path, _ in leaves(resource.state):
            state = replaced(resource.state, path, UNKNOWN)
            assert run(case, [replace(resource, state=state, sound=False)]) == [], path


@pytest.mark.parametrize("one", RULES, ids=lambda one: one.name)
@pytest.mark.parametrize("malformed", [[], {}, "abc", -1.5, True, [[1]], {"a": {"b": 1}}])
def test_what_is_malformed_ends_no_rule_with_an_error(one: Any, malformed: Any) -> None:
    """Policies run beside the check, which reports what is malformed."""
    levels = dict.fromkeys([one.name], REMEDIATE)
    for resource in ALL_KEPT:
        for path, _ in leaves(resource.state):
            state = replaced(resource.state, path, malformed)
            judge(one, [replace(resource, state=state, sound=False)], configuration=levels)


@pytest.mark.parametrize("case", BROKEN, ids=named)
def test_messages_quote_nothing_that_the_program_gave(case: Case) -> None:
    for index, one in enumerate(case.resources):
        for path, value in leaves(one.state):
            for text in (MARKER, f"{value}{MARKER}", f"{MARKER}{value}"):
                if isinstance(value, str):
                    state = replaced(one.state, path, text)
                    resources = list(case.resources)
                    resources[index] = replace(one, state=state, sound=False)
                    assert MARKER not in " ".join(run(case, resources)), path


@pytest.mark.parametrize("case", BROKEN, ids=named)
def test_numbers_that_are_secret_are_left_out(case: Case) -> None:
    """The same rule is broken, and its message ends before the number."""
    resources = [
        replace(one, secrets=[key for key in Declaration.of(kind.shows()).args if key in names])
        if (kind := kind_of(one.token)) and (names := set(snake(one)))
        else one
        for one in case.resources
    ]
    said = run(case, resources)
    if case.rule != "encrypted-secrets":
        starts = [text.partition(", is ")[0].partition(", moves ")[0] for text in case.messages]
        starts = [text.partition(", these are ")[0].partition(", this one ")[0] for text in starts]
        assert said == starts
    elif case.settings.get("encrypted", True):
        assert said == []


def snake(one: Planned) -> dict[str, Any]:
    kind = kind_of(one.token)
    return Declaration.of(kind.shows()).from_state(one.state) if kind else one.state


@pytest.mark.parametrize("case", BROKEN, ids=named)
def test_both_bindings_and_both_spellings_are_judged_alike(case: Case) -> None:
    packaged = [
        replace(one, token=one.token.replace("pulumi-python:dynamic/", "modeldeploy:"))
        for one in case.resources
    ]
    assert run(case, packaged) == list(case.messages)
    if rule(case.rule).name not in ("separate-groups", "open-groups"):
        spelled = [replace(one, state=snake(one), sound=False) for one in case.resources]
        assert run(case, spelled) == list(case.messages)


# --- remediations --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Mended:
    """A resource, how a rule is configured, and what becomes of its inputs."""

    rule: str
    resource: Planned
    changed: Mapping[str, Any]
    settings: Mapping[str, Any] = field(default_factory=dict)


def stop(hours: int) -> list[dict[str, Any]]:
    return [{"type": "stop", "timeUnit": "HOURS", "duration": hours}]


SECRET_ENVS = [version(instance_count=9, envs={"A_TOKEN": "hush"})]
MENDED = [
    Mended("instance-ceiling", app(replicas=9), {"replicas": 5}),
    Mended("instance-ceiling", app(replicas=9), {"replicas": 3}, {"most": 3}),
    Mended("instance-ceiling", app(), {}),
    Mended("automatic-stop", service(schedule=None), {"schedule": stop(12)}),
    Mended("automatic-stop", service(), {"schedule": stop(3)}, {"hours": 3}),
    Mended("automatic-stop", service(schedule=None, desired_status="stopped"), {}),
    Mended(
        "automatic-stop",
        service(infer_type="batch", schedule=None, config=[version(**BATCH)]),
        {},
    ),
    Mended("automatic-stop", service(schedule=UNKNOWN), {}),
    Mended("automatic-stop", service(infer_type=UNKNOWN, schedule=None), {}),
    Mended(
        "log-reporting",
        service(additional_properties=None),
        {"additionalProperties": {"logReportChannels": [{"type": "LTS"}]}},
    ),
    Mended(
        "log-reporting",
        service(additional_properties={"websocket_upgrade": True}),
        {
            "additionalProperties": {
                "websocketUpgrade": True,
                "logReportChannels": [{"type": "LTS"}],
            }
        },
    ),
    Mended("log-reporting", service(additional_properties=UNKNOWN), {}),
    Mended("owner-label", app(labels=None), {}),
    Mended(
        "owner-label",
        app(labels={"a": "b"}),
        {"labels": {"a": "b", "owner": "ml"}},
        {"values": {"owner": "ml"}},
    ),
    Mended(
        "owner-label", app(labels=None), {"labels": {"owner": "ml"}}, {"values": {"owner": "ml"}}
    ),
    Mended("owner-label", app(labels=UNKNOWN), {}, {"values": {"owner": "ml"}}),
    Mended(
        "owner-label",
        deployment(user_tags=["a::b"]),
        {"userTags": ["a::b", "owner::ml"]},
        {"values": {"owner": "ml"}},
    ),
    Mended(
        "owner-label",
        model(user_tags=None),
        {"userTags": ["owner::ml"]},
        {"values": {"owner": "ml"}},
    ),
]


def mend(case: Mended, resource: Planned | None = None) -> Any:
    settings = {case.rule: {"enforcementLevel": "remediate", **case.settings}}
    return judge(rule(case.rule), [resource or case.resource], configuration=settings)


@pytest.mark.parametrize("case", MENDED, ids=lambda case: case.rule)
def test_a_remediation_changes_what_is_wrong_and_nothing_else(case: Mended) -> None:
    disabled = judge(rule(case.rule), [case.resource], configuration={case.rule: "disabled"})
    name = case.resource.name
    assert mend(case).inputs(name) == {**disabled.inputs(name), **case.changed}


@pytest.mark.parametrize("case", MENDED, ids=lambda case: case.rule)
def test_what_was_mended_keeps_the_rule(case: Mended) -> None:
    verdict = mend(case)
    assert verdict.messages == [] or not case.changed
    assert all(one.level is EnforcementLevel.MANDATORY for one in verdict.violations)


@pytest.mark.parametrize("case", MENDED, ids=lambda case: case.rule)
def test_what_was_mended_is_spelled_as_it_was_given(case: Mended) -> None:
    one = case.resource
    names = Declaration.of(kind_of(one.token).shows())  # type: ignore[union-attr]
    spelled = replace(one, state=snake(one), sound=False)
    expected = snake(replace(one, state={**one.state, **case.changed}))
    found = names.from_state(mend(case, spelled).inputs(one.name))
    # Defaults are filled in by the check only.
    assert {key: found[key] for key in expected} == expected
    assert set(mend(case, spelled).inputs(one.name)) == set(expected)


@pytest.mark.parametrize("case", MENDED, ids=lambda case: case.rule)
def test_what_was_mended_passes_the_check(case: Mended) -> None:
    """Nothing checks it any more before it is sent."""
    inputs = mend(case).inputs(case.resource.name)
    again = replace(case.resource, state=inputs)
    found = judge(rule(case.rule), [again], configuration={case.rule: "disabled"})
    assert found.inputs(case.resource.name) == inputs


def test_every_remedy_mends_something() -> None:
    remedied = {one.name for one in RULES if isinstance(one, Rule) and one.remedy}
    assert {case.rule for case in MENDED if case.changed} == remedied
    assert all(one.mends for one in RULES if isinstance(one, Rule) and one.remedy)


@pytest.mark.parametrize(
    ("resource", "secret", "kept"),
    [
        (
            service(config=SECRET_ENVS, secrets=["config[0].envs.A_TOKEN"]),
            ("config", 0, "envs", "A_TOKEN"),
            {"config[0].instance_count": 5},
        ),
        (service(config=SECRET_ENVS, secrets=["config"]), ("config",), {}),
        (app(replicas=9, secrets=["replicas"]), ("replicas",), {}),
    ],
)
def test_what_is_secret_stays_secret_when_it_is_mended(
    resource: Planned, secret: tuple[Any, ...], kept: Mapping[str, Any]
) -> None:
    del kept
    levels = {"instance-ceiling": "remediate"}
    verdict = judge(rule("instance-ceiling"), [resource], configuration=levels)
    assert verdict.messages == []
    wire: Any = verdict.properties[resource.name]
    for key in secret:
        wire = wire[key]
    assert set(wire) == {"4dabf18193072939515e22adb298388d", "value"}
    assert "modeldeploy" in verdict.properties[resource.name]


def test_a_tag_is_added_beside_a_secret_one() -> None:
    tagged = deployment(user_tags=["a::hush"], secrets=["user_tags[0]"])
    settings = {"owner-label": {"enforcementLevel": "remediate", "values": {"owner": "ml"}}}
    verdict = judge(rule("owner-label"), [tagged], configuration=settings)
    secret, added = verdict.properties["chat-runs"]["userTags"]
    assert (secret["value"], added) == ("a::hush", "owner::ml")
