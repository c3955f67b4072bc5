"""What breaks and keeps the rules, as tables: for tests with and without the engine."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from samples import NO_NETWORK, app, batch, deployment, model, service, version

from pulumi_modeldeploy.core.values import UNKNOWN
from pulumi_modeldeploy.policy import RULES
from pulumi_modeldeploy.policy.testing import Planned, foreign

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

KEY = "AKIAIOSFODNN7EXAMPLE"
"""The sample key of AWS' own pages."""
ALL_KEPT = [service(), app(), model(), deployment()]
HOW = "give config.require_secret(...) or pulumi.Output.secret(...)"
BY_NAME = f"must be secret, by its name or its form: {HOW}"
BY_FORM = f"must be secret, since it holds a key or password: {HOW}"


@dataclass(frozen=True)
class Case:
    """Resources, how a rule is configured, and what it says."""

    rule: str
    resources: Sequence[Planned]
    messages: Sequence[str] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)


def envs(**variables: str) -> list[dict[str, Any]]:
    return [version(envs=variables)]


def split(*weights: int) -> dict[str, Any]:
    """Arguments of a deployment that split traffic otherwise."""
    names = ("digits-v1", "digits-v2")
    pairs = zip(names, weights, strict=True)
    return {"config": [{"model_id": name, "weight": weight} for name, weight in pairs]}


def group_rule(token: str, **properties: Any) -> Planned:
    return foreign(token, "rule", **{"securityGroupId": "group-of-ours", **properties})


def properties(**more: Any) -> list[dict[str, Any]]:
    return [version(additional_properties=more)]


def edge(name: str = "edge") -> Planned:
    given = {"infer_type": "edge", "schedule": None, "pool_name": None, **NO_NETWORK}
    return service(name, **given, config=[version(weight=None, nodes=["node-of-ours"])])


def images(*names: str, at: int = 0) -> list[Planned]:
    return [deployment(f"image-{n}", docker_image=name) for n, name in enumerate(names, at)]


def down(most: float, instances: Any) -> list[dict[str, Any]]:
    more = {"additional_properties": {"max_unavailable": most}}
    return [version(instance_count=instances, **more)]


DOWN = "config[0].additional_properties.max_unavailable"


def nas(path: Any) -> dict[str, Any]:
    return {"ModelStorage": "nas", "NasMountTarget": "x.nas.aliyuncs.com", "NasPath": path}


NAMES = (
    *("PGPASSWORD", "dbPassword", "hfToken", "HFToken", "MYSQL_PWD", "DB_PASS", "PASSWORD_1"),
    *("SSH_KEY", "SIGNING_KEY", "ACCOUNT_KEY", "API_KEYS", "apikey", "AUTHTOKEN", "clientSecret"),
    *("spring.datasource.password", "AWS_SECRET_ACCESS_KEY", "REDIS-CREDS", "TOKEN2"),
)
"""Variables that hold secrets."""
FORMS = (
    *("glpat-" + "a" * 20, "github_pat_" + "a" * 82, "ghp_" + "a" * 36, "xoxb-1234567890-12345"),
    *("AIza" + "a" * 35, "nvapi-" + "a" * 64, "STS." + "a" * 24, "LTAI" + "a" * 20),
    *("sk-proj-" + "a" * 74, "sk-ant-api03-" + "a" * 93, "hf_" + "a" * 34),
    *("HTTPS://u:p@h", "redis://:p@h", "Server=h;Password=p;", "AccountName=a;AccountKey=p"),
    *("jdbc:mysql://h/d?user=u&password=p", "-----BEGIN RSA PRIVATE KEY-----"),
    f"eyJ{'a' * 10}.eyJ{'a' * 10}.a",
)
"""What has the form of a key or password."""
PAIRS = (
    "env:\n- DB_PASSWORD:hunter2\n",
    "env: [LOG:x, 'hfToken: s3cret']",
    'env: {"API_KEY": "a/b=="}',
    "run: A_TOKEN='t0' vllm serve --api-key ${KEY}",
    "run: vllm serve --api-key a1b2",
    "run: vllm serve --api-key='a1 b2'",
)
"""Free texts that hold a password."""
NO_SECRETS: Sequence[Mapping[str, str]] = (
    {"GOOGLE_APPLICATION_CREDENTIALS": "/run/secrets/gcp.json", "DB_PASSWORD": "./secrets/db"},
    {"HF_HUB_DISABLE_IMPLICIT_TOKEN": "1", "USE_AUTH_TOKEN": "true", "MULTI_PASS": "no"},
    {"CLS_TOKEN": "[CLS]", "SEP_TOKEN": "[SEP]", "IMAGE_TOKEN": "<image>", "EOS_TOKEN": "x"},
    {"DB_PASSWORD": "${DB}", "A_TOKEN": "{{ token }}", "B_TOKEN": "$(cat /t)", "C_TOKEN": "$C"},
    {"A_SECRET": "arn:aws:secretsmanager:eu-central-1:1:secret:a", "B_SECRET": "vault:kv/a#b"},
    {"MAX_TOKENS": "x", "TOKENIZER": "x", "PAD_TOKEN_ID": "x", "KEY_COUNT": "x", "BYPASS": "x"},
    {"PASSWORD_FILE": "x", "SECRET_NAME": "x", "TOKEN_URL": "x", "PUBLIC_KEY": "x", "KEY": "x"},
    {"MODEL": "sk-learn-pipeline-for-digits", "IMAGE": "https://h:80/@scope/x", "PWD": "/app"},
    {"NOTE": "ask-someone-who-has-the-keys-of-it", "URL": "postgres://u:${PASSWORD}@h"},
)
"""Variables that hold none."""
NO_PAIRS = (
    "env: [DB_PASSWORD:word, 'A_TOKEN:${A_TOKEN}', MAX_TOKENS:512, token:512]",
    "python: {index_url: https://packages.example.com/simple, trusted_host: packages}",
    "run: serve --tokenizer a1 --max-tokens 512 --hf-token $HF_TOKEN --api-key-file /run/k1",
    "run: serve --use-auth-token --port 8080 --token",
    "imagePullSecret: registry-1\nlivez: http://token:8080/livez\npad_token: 151643",
    'eos_token: "<|end1|>"\npassword: "{{ pw1 }}"\nsecret: &anchor a1\n',
)
"""Free texts that hold none."""


HUAWEI = "huaweicloud:Vpc/secgroupRule:SecgroupRule"
FROM_GROUP = {"securityGroupId": "group"}
BRIDGED = "huaweicloud:index/networkingSecgroupRule:NetworkingSecgroupRule"
OTC = "opentelekomcloud:index/networkingSecgroupRuleV2:NetworkingSecgroupRuleV2"
OTC_V3 = "opentelekomcloud:index/vpcSecgroupRuleV3:VpcSecgroupRuleV3"
ALIBABA = "alicloud:ecs/securityGroupRule:SecurityGroupRule"
INGRESS = {"direction": "ingress", "protocol": "tcp"}
ANYONE = {**INGRESS, "remoteIpPrefix": "0.0.0.0/0"}
SSH = {**ANYONE, "ports": "22"}
TO_ECS = {"type": "ingress", "ipProtocol": "tcp", "portRange": "22/22"}
NAS = {
    "ModelStorage": "nas",
    "NasMountTarget": "x.cn-shanghai.nas.aliyuncs.com",
    "NasPath": "/",
    "VpcID": "vpc-1",
    "VswitchID": "vsw-1",
}
WIDE = "digits: must have a group that admits everybody to these ports only: 8080"
EVERYBODY = ("0.0.0.0/1", "0::/0", "8.8.8.8/0", "0.0.0.0/0.0.0.0", "2000::/3", "2400::/11")
"""Networks that mean everybody, beside `0.0.0.0/0` and `::/0`."""
SOMEBODY = (
    "10.0.0.0/8",
    "10.1.2.3/8",
    "17.0.0.0/8",
    "fc00::/7",
    "2a00::/12",
    "8.8.8.8",
    "everybody",
)
"""Networks that do not, and what is none."""
LOGS = {"log_report_channels": [{"type": "LTS"}]}

PRICES = [
    ("*", 50),
    ("llama_7b_*16", 60),
    ("llama_7b_fp16", 2),
    ("modelarts.*", 70),
    ("modelarts.vm.*.2u", 1),
]
"""Of each specification there are several prices, and the one that says most is the lowest."""

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
        "allowed-workspaces",
        [service(), service("taken", adopt="a"), service("told", adopt="b", workspace_id="0")],
        ["taken: workspace_id: is missing: it must be 0"],
        {"workspaces": ["0"]},
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
            batch(),
            service(
                "mounts",
                config=properties(
                    persistent_volumes=[
                        {"mount_path": "/data", "source_address": "theirs/x"},
                        {"mount_path": "/more", "name": "anywhere"},
                    ]
                ),
            ),
            app(config={"ModelStorage": "oss", "OssPath": "oss://theirs/llama/"}),
            app("nas", config={"ModelStorage": "nas", "NasMountTarget": "x.nas.aliyuncs.com"}),
            model(),
        ],
        [
            "batch: config[0].dest_path: must be one of https://ours.*, oss://ours/*",
            (
                "mounts: config[0].additional_properties.persistent_volumes[0].source_address: "
                "must be one of https://ours.*, oss://ours/*"
            ),
            (
                "mounts: config[0].additional_properties.persistent_volumes[1].source_address: "
                "must be one of https://ours.*, oss://ours/*"
            ),
            "llama: config['OssPath']: must be one of https://ours.*, oss://ours/*",
            "nas: config['NasMountTarget']: must be one of https://ours.*, oss://ours/*",
            "chat: install_path: must be one of https://ours.*, oss://ours/*",
        ],
        {"locations": ["https://ours.*", "oss://ours/*"]},
    ),
    Case(
        "allowed-storage",
        [
            app(config=nas("/models/llama")),
            app("theirs", config=nas("/theirs/llama")),
            model(install_path="file:///opt/a[b]?/chat"),
            model("other", install_path="file:///opt/ab/chat"),
        ],
        [
            f"{name}: must be one of x.nas.aliyuncs.com/models/*, file:///opt/a[b]?/*"
            for name in ("theirs: config['NasMountTarget']", "other: install_path")
        ],
        {"locations": ["x.nas.aliyuncs.com/models/*", "file:///opt/a[b]?/*"]},
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
        "allowed-registries",
        [
            *images("registry.example.com/vllm:1", "REGISTRY.example.com/vllm:1", "a.ours.io/vllm"),
            *images("registry.example.com.evil.io/vllm:1", "registry.example.com:5000/vllm", at=3),
            *images("evil.io/a.ours.io/vllm", "ours/vllm", at=5),
        ],
        [
            f"image-{n}: docker_image: must come from registry.example.com or *.ours.io"
            for n in (3, 4, 5, 6)
        ],
        {"registries": ["registry.example.com", "*.ours.io"]},
    ),
    Case(
        "allowed-registries",
        [
            *images("nginx", "library/nginx:1", "docker.io/nginx", "index.docker.io/library/nginx"),
            *images("vllm/nginx", "docker.io/vllm/nginx", "localhost/library/nginx", at=4),
        ],
        [f"image-{n}: docker_image: must come from library" for n in (4, 5, 6)],
        {"registries": ["library"]},
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
        "pinned-images",
        images("vllm:nightly-0107", "vllm:v1-nightly"),
        ["image-0: docker_image: must have a tag that stays, none of nightly*"],
        {"moving": ["nightly*"]},
    ),
    Case(
        "instance-ceiling",
        [
            service(
                config=[version(weight=60), version(model_id="v2", weight=40, instance_count=9)]
            ),
            app(replicas=6),
        ],
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
        [
            service(olds=split(10, 90)),
            service("slow", olds=split(20, 80)),
            service("stopped", olds=split(10, 90), desired_status="stopped"),
            service("started", olds={**split(10, 90), "desired_status": "stopped"}),
            service("once", config=[version(model_id="v3")], olds=split(70, 30)),
        ],
        [
            "digits: config: must move at most 50 percent of the traffic in one run, moves 60",
            "once: config: must move at most 50 percent of the traffic in one run, moves 100",
        ],
    ),
    Case(
        "weight-step",
        [service(olds=split(100, 0)), service("slow", olds=split(80, 20))],
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
            batch(instance_count=1),
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
        [f"digits: {DOWN}: must be at most 0.25 of all instances, is 0.5 of all instances"],
        {"most": 0.25},
    ),
    Case(
        "gentle-upgrades",
        [service(config=properties(max_unavailable=1))],
        [f"digits: {DOWN}: must be at most 0 instances, is 1 instance"],
    ),
    Case(
        "gentle-upgrades",
        [
            service("many", config=down(0.99, 100)),
            service("few", config=down(0.99, 1)),
            service("half", config=down(0.5, 3)),
            service("third", config=down(0.3, 3)),
            service("two", config=down(2, 100)),
        ],
        [
            f"many: {DOWN}: must be at most 1 instance, is 0.99 of all instances",
            f"half: {DOWN}: must be at most 1 instance, is 0.5 of all instances",
            f"two: {DOWN}: must be at most 1 instance, is 2 instances",
        ],
        {"most": 1},
    ),
    Case(
        "gentle-upgrades",
        [
            service("ten", config=down(10, 100)),
            service("exact", config=down(7, 100)),
            service("one", config=down(1, 1)),
            service("share", config=down(0.07, 1)),
        ],
        [f"ten: {DOWN}: must be at most 0.07 of all instances, is 10 instances"],
        {"most": 0.07},
    ),
    Case(
        "own-network",
        [
            service("digits", **NO_NETWORK, pool_name=None),
            batch(pool_name=None),
            service("pools", **NO_NETWORK, config=[version(pool_name="p")]),
            deployment(l3_network_uuids=None),
            deployment("nowhere", l3_network_uuids=[]),
        ],
        [
            "digits: vpc_id: must be given, or a dedicated resource pool",
            "chat-runs: l3_network_uuids: must be given",
            "nowhere: l3_network_uuids: must be given",
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
        "approved-groups",
        [service(), service("ours", security_group_id="sg-1")],
        ["digits: security_group_id: must be sg-1"],
        {"groups": ["sg-1"]},
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
            f"chat: yaml: {BY_FORM}",
            f"chat: start_command: {BY_FORM}",
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
        [service(config=envs(PIN="1234", pin="${PIN}", COLOUR="red"))],
        [f"digits: config[0].envs['PIN']: {BY_NAME}"],
        {"names": ["p*n"]},
    ),
    Case(
        "encrypted-secrets",
        [service(config=envs(**dict.fromkeys(NAMES, "x")))],
        [f"digits: config[0].envs[{name!r}]: {BY_NAME}" for name in NAMES],
    ),
    Case(
        "encrypted-secrets",
        [service(config=envs(EOS_TOKEN=KEY, **{f"V{n}": one for n, one in enumerate(FORMS)}))],
        [
            f"digits: config[0].envs[{name!r}]: {BY_NAME}"
            for name in ("EOS_TOKEN", *(f"V{n}" for n in range(len(FORMS))))
        ],
    ),
    Case(
        "encrypted-secrets",
        [model(f"m{n}", yaml=text) for n, text in enumerate(PAIRS)],
        [f"m{n}: yaml: {BY_FORM}" for n in range(len(PAIRS))],
    ),
    Case(
        "encrypted-secrets",
        [
            app(config={"NasPath": f"/{KEY}"}, labels={"owner": KEY, "db.password": "x"}),
            service(description=f"made with {KEY}"),
            model(user_tags=["owner::x", f"key::{KEY}"], description=KEY, secrets=["description"]),
            deployment(user_tags=[f"key::{KEY}"], secrets=["user_tags[0]"]),
        ],
        [
            f"llama: config['NasPath']: {BY_FORM}",
            f"llama: labels['owner']: {BY_FORM}",
            f"digits: description: {BY_FORM}",
            f"chat: user_tags[1]: {BY_FORM}",
        ],
    ),
    Case(
        "encrypted-secrets",
        [
            deployment(
                environment_variables={"DB": "x", "DB.PASSWORD": "y"},
                secrets=["environment_variables.DB"],
            )
        ],
        [f"chat-runs: environment_variables['DB.PASSWORD']: {BY_NAME}"],
    ),
    Case(
        "encrypted-secrets",
        [model(yaml=KEY, secrets=["yaml"]), model("clear", start_command=f"run {KEY}")],
        [
            "chat: yaml: must hold no key or password",
            "clear: start_command: must hold no key or password",
        ],
        {"encrypted": False},
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
            batch(),
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
        [
            app(labels=None),
            app("blank", labels={"owner": " "}),
            deployment(user_tags=["team::x"]),
            model(user_tags=["owner"]),
            model("nobody", user_tags=["owner::"]),
        ],
        [
            "llama: labels: must have a label owner",
            "blank: labels: must have a label owner",
            *(
                f"{name}: user_tags: must have a tag of the form key::value with owner"
                for name in ("chat-runs", "chat", "nobody")
            ),
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
            service("each", config=[version(pool_name="p")]),
            batch(pool_name=None),
            edge(),
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
        "total-instances",
        [service(), app("stopped", desired_status="stopped", secrets=["desired_status"])],
        ["a stack must have at most 4 instances"],
        {"most": 4},
    ),
    Case(
        "total-instances",
        [service(secrets=["config[0].envs.LOG_LEVEL"])],
        ["a stack must have at most 4 instances, these are 5"],
        {"most": 4},
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
        "hourly-budget",
        [app(secrets=["service_spec"])],
        ["a stack must cost at most 4 an hour"],
        {"most": 4, "prices": {"llama_7b_fp16": 21}},
    ),
    Case(
        "hourly-budget",
        [service()],
        ["digits: must have a specification that the pack has a price for"],
        {"most": 4, "prices": {"llama_7b_*": 1}},
    ),
    *(
        Case(
            "hourly-budget",
            [service(), app()],
            ["a stack must cost at most 4 an hour, this one costs 9"],
            {"most": 4, "prices": dict(prices)},
        )
        for prices in (list(PRICES), list(reversed(PRICES)))
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
            (BRIDGED, SSH),
            (HUAWEI, {**SSH, "direction": "Ingress"}),
            *((HUAWEI, {**SSH, "remoteIpPrefix": one}) for one in EVERYBODY),
            (HUAWEI, {**INGRESS, "ports": "22"}),
            (HUAWEI, {**INGRESS, "ports": "22", "remoteIpPrefix": "", "remoteGroupId": ""}),
            (HUAWEI, {**SSH, "remoteGroupId": UNKNOWN}),
            (OTC, {**INGRESS, "portRangeMin": 22, "portRangeMax": 22}),
            (OTC, {**ANYONE, "portRangeMin": "22", "portRangeMax": "22"}),
            (OTC, {**ANYONE, "portRangeMin": 8080}),
            (OTC_V3, {**INGRESS, "multiPort": "22"}),
            (OTC_V3, {**ANYONE, "multiPort": 333}),
            (ALIBABA, TO_ECS),
        )
    ),
    Case(
        "open-groups",
        [
            app(config={**NAS, "SecurityGroupID": "sg-open"}),
            group_rule(ALIBABA, **TO_ECS, cidrIp="0.0.0.0/0", securityGroupId="sg-open"),
        ],
        [WIDE.replace("digits", "llama")],
    ),
    Case(
        "open-groups",
        [
            foreign("alicloud:ecs/securityGroup:SecurityGroup", "group"),
            app(config={**NAS, "SecurityGroupID": UNKNOWN}, depends={"config": "group"}),
            group_rule(
                ALIBABA,
                **TO_ECS,
                cidrIp="0.0.0.0/0",
                securityGroupId=UNKNOWN,
                depends={"securityGroupId": "group"},
            ),
        ],
        [WIDE.replace("digits", "llama")],
    ),
    Case(
        "open-groups",
        [
            foreign("huaweicloud:Vpc/secgroup:Secgroup", "group"),
            service(security_group_id=UNKNOWN, depends={"security_group_id": "group"}),
            group_rule(HUAWEI, **SSH, securityGroupId=UNKNOWN, depends=FROM_GROUP),
        ],
        [WIDE],
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
            service("unreadable", outputs={"access_address": "https://[10.0.0.1/v1"}),
            app(outputs={"internet_endpoint": "http://10.0.0.1/api"}),
            deployment(outputs={"urls": ["http://192.168.0.7:80", "http://80.1.2.3:80"]}),
        ],
        [
            "digits: access_address: must not be public",
            "unreadable: access_address: must not be public",
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
    Case(
        "allowed-regions",
        [service(region="eu-de"), model()],
        settings={"regions": ["eu-*"], "zones": ["z"]},
    ),
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
    Case("encrypted-secrets", [service(config=envs(A_TOKEN="x"))], settings={"exempt": ["a_*"]}),
    Case(
        "encrypted-secrets",
        [service(f"s{n}", config=envs(**one)) for n, one in enumerate(NO_SECRETS)],
    ),
    Case(
        "encrypted-secrets",
        [model(f"m{n}", yaml=text, start_command=text) for n, text in enumerate(NO_PAIRS)],
    ),
    Case("allowed-storage", [app(config=nas(UNKNOWN))], settings={"locations": ["ours"]}),
    Case("gentle-upgrades", [service(config=down(0.99, UNKNOWN))], settings={"most": 1}),
    Case("gentle-upgrades", [service(config=down(9, UNKNOWN))], settings={"most": 0.1}),
    Case("owner-label", [app(), model(), deployment(), service()]),
    Case("owner-label", [app(labels={"owner": UNKNOWN}), model(user_tags=["owner", UNKNOWN])]),
    Case(
        "separate-groups",
        [
            service(),
            service("b", security_group_id="other"),
            batch(),
        ],
    ),
    Case(
        "separate-groups",
        [
            foreign("huaweicloud:Vpc/secgroup:Secgroup", "group"),
            *(
                service(name, security_group_id=name, depends={"security_group_id": "group"})
                for name in ("first", "second")
            ),
        ],
    ),
    Case(
        "separate-groups",
        [app(name, config={**NAS, "SecurityGroupID": "sg-1"}) for name in ("first", "second")],
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
            *((HUAWEI, {**ANYONE, "protocol": one}) for one in ("icmp", "icmpv6", "1", UNKNOWN)),
            (OTC, {**ANYONE, "protocol": "ipv6-icmp"}),
            *((HUAWEI, {**SSH, "remoteIpPrefix": one}) for one in (*SOMEBODY, UNKNOWN, ["::/0"])),
            *(
                (HUAWEI, {**INGRESS, "ports": "22", key: value})
                for key in ("remoteGroupId", "remoteAddressGroupId")
                for value in ("other", UNKNOWN)
            ),
            *((ALIBABA, {**TO_ECS, key: "x"}) for key in ("sourceSecurityGroupId", "prefixListId")),
            (HUAWEI, {**ANYONE, "ports": "", "portRangeMin": 8080, "portRangeMax": 8080}),
            (HUAWEI, {**ANYONE, "ports": [22]}),
            (HUAWEI, {**ANYONE, "ports": UNKNOWN}),
            (HUAWEI, {**SSH, "action": UNKNOWN}),
            (OTC, {**ANYONE, "portRangeMin": 8080, "portRangeMax": 8080}),
            (OTC, {**ANYONE, "portRangeMin": UNKNOWN, "portRangeMax": 22}),
            ("aws:ec2/securityGroupRule:SecurityGroupRule", {"type": "ingress", "fromPort": 22}),
            (ALIBABA, {"type": "ingress", "cidrIp": "0.0.0.0/0", "portRange": "8080/8080"}),
            (ALIBABA, {"type": "ingress", "cidrIp": "0.0.0.0/0", "policy": "drop"}),
        )
    ),
    Case(
        "open-groups",
        [service(), group_rule(HUAWEI, **ANYONE, ports="8080-8081,22")],
        settings={"ports": [22, 8080, 8081]},
    ),
]
"""What keeps a rule; `None` of these says anything."""


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


MENDED = [
    Mended("instance-ceiling", app(replicas=9), {"replicas": 5}),
    Mended("instance-ceiling", app(replicas=9), {"replicas": 3}, {"most": 3}),
    Mended("instance-ceiling", app(), {}),
    Mended("automatic-stop", service(schedule=None), {"schedule": stop(12)}),
    Mended("automatic-stop", service(), {"schedule": stop(3)}, {"hours": 3}),
    Mended("automatic-stop", service(schedule=None, desired_status="stopped"), {}),
    Mended(
        "automatic-stop",
        batch(),
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
    Mended(
        "owner-label",
        app(labels={"owner": ""}),
        {"labels": {"owner": "ml"}},
        {"values": {"owner": "ml"}},
    ),
    Mended(
        "owner-label",
        deployment(user_tags=["owner"]),
        {"userTags": ["owner", "owner::ml"]},
        {"values": {"owner": "ml"}},
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
