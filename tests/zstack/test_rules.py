"""What the rules say about the arguments of ZStack's model services and deployments."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulumi_modeldeploy.core import inputs
from pulumi_modeldeploy.core.checks import Check, Problem, Rule
from pulumi_modeldeploy.core.declare import Declaration, Reply
from pulumi_modeldeploy.core.values import UNKNOWN, Values, camel
from pulumi_modeldeploy.zstack import replies
from pulumi_modeldeploy.zstack.args import (
    PROBE,
    RESOURCE_UUID,
    UUID,
    ArchitectureImageArgs,
    distinct,
    uuids,
)
from pulumi_modeldeploy.zstack.rules import DEPLOYMENT_RULES, SERVICE_RULES

ONE, TWO = "1" * 32, "z" * 32
RULES = {rule.name: rule for rule in (*SERVICE_RULES, *DEPLOYMENT_RULES)}

VENDORS = "NVIDIA, AMD, Intel, Huawei, Haiguang, TianShu"
FRAMEWORKS = (
    "vLLM, SGLang, Transformers, Diffusers, SentenceTransformers, LlamaCpp, Ollama, MindIE, "
    "BentoML, Other"
)
BOOTUP = "services[0].serviceBootupTime must be a whole number between 1 and 65535"
PATH = 'must begin with "/", hold no spaces and be at most 512 long'
LOWER_UUID = "must be a uuid as ZStack writes it: 32 lower-case letters and digits, no dashes"


def run(rule: Rule, values: Values) -> list[Problem]:
    found: list[Problem] = []

    def report(path: str, text: str, detail: str = "") -> None:
        found.append(Problem(path, text, rule.name, detail, rule.warn))

    rule.run(values, report)
    return found


def said(rules: tuple[Rule, ...], values: Values) -> list[str]:
    return [problem.show() for rule in rules for problem in run(rule, values)]


def text(*lines: str) -> Values:
    return {"yaml": "\n".join(lines)}


def one_service(*lines: str) -> Values:
    """A document whose only service has these keys."""
    return text("services:", "- name: a", *(f"  {line}" for line in lines))


GIVEN = "a1b2c3d4e5f64a1b8c2d3e4f5a6b7c8d"
ADOPTING: dict[str, tuple[Values, list[str]]] = {
    "somebody else's without what": (
        {"adopt_from": "0123456789ab"},
        ["adopt_from: adopt_from is given only together with adopt [adopt-alone]"],
    ),
    "another uuid than is given": (
        {"adopt": GIVEN, "resource_uuid": GIVEN[::-1]},
        [
            (
                "adopt: must be the same uuid as resource_uuid, or one of them is left out "
                "[adopt-uuid]"
            )
        ],
    ),
}


def images(*entries: Any) -> Values:
    return {"architecture_images": [*entries]}


def image(architecture: Any, **more: Any) -> Values:
    return {"cpu_architecture": architecture, "docker_image": "r/i:1", **more}


def gpus(**vendors: Any) -> Values:
    return {"vendor_to_spec_uuids_map": vendors}


def deep(text: str) -> str:
    return text * 5000


def bomb() -> str:
    """Ten short lines with nine billion entries."""
    lines = [f"l0: &l0 {{{', '.join(f'k{i}: 1' for i in range(9))}}}"]
    for level in range(1, 10):
        merged = ", ".join([f"*l{level - 1}"] * 9)
        lines.append(f"l{level}: &l{level} {{<<: [{merged}]}}")
    return "\n".join(lines)


# --- wrong ---------------------------------------------------------------------------------------

WRONG_SERVICE: dict[str, tuple[Values, list[str]]] = {
    **ADOPTING,
    # yaml as a text
    "a colon in a text": (
        text("ok: 1", "a: b: c"),
        [
            (
                "yaml: must be valid YAML: see line 2, column 5 (wrong indentation, or a text "
                "with a colon that needs quotation marks) [yaml-parses]"
            )
        ],
    ),
    "a tab": (
        text("a:", "\t- b"),
        [
            (
                "yaml: must be valid YAML: see line 2, column 1 (a tab, where only spaces may be) "
                "[yaml-parses]"
            )
        ],
    ),
    "a quotation mark": (
        text("a: 'b"),
        [
            (
                "yaml: must be valid YAML: see line 1, column 6 (a quotation mark is missing) "
                "[yaml-parses]"
            )
        ],
    ),
    "a key without colon": (
        text("a: 1", "key", "b: 1"),
        ["yaml: must be valid YAML: see line 3, column 1 (a colon is missing) [yaml-parses]"],
    ),
    "two documents": (
        text("a: 1", "---", "b: 2"),
        ["yaml: must be valid YAML: see line 2, column 1 (a second document begins) [yaml-parses]"],
    ),
    "an unknown anchor": (
        text("a: *secret"),
        ["yaml: must be valid YAML: see line 1, column 4 [yaml-parses]"],
    ),
    "a tag of an application": (
        text("a: !Ref b"),
        ["yaml: must be valid YAML: see line 1, column 4 [yaml-parses]"],
    ),
    "an object of Python": (
        text("!!python/object/apply:os.system [ls]"),
        ["yaml: must be valid YAML: see line 1, column 1 [yaml-parses]"],
    ),
    "a control character": (
        text("a: 1", "b: \x00"),
        ["yaml: must be valid YAML: see line 2 (a forbidden character) [yaml-parses]"],
    ),
    "half a character": (
        text("a: \ud800"),
        ["yaml: must be valid YAML: see line 1 (a forbidden character) [yaml-parses]"],
    ),
    "deep lists": (
        text(deep("[")),
        ["yaml: must be valid YAML: it is nested too deeply [yaml-parses]"],
    ),
    "deep mappings": (
        text(deep("{")),
        ["yaml: must be valid YAML: it is nested too deeply [yaml-parses]"],
    ),
    "a bomb": (
        text(bomb()),
        [
            (
                "yaml: must be valid YAML: see line 5, column 5 (a mapping merges more than 10000 "
                "entries) [yaml-parses]"
            )
        ],
    ),
    **{
        f"nothing: {one!r}": (
            text(one),
            ["yaml: says nothing: such a model service cannot be deployed [yaml-says-something]"],
        )
        for one in ("", " \n", "~", "null", "# later", "---")
    },
    **{
        f"no mapping: {one!r}": (
            text(one),
            ["yaml: is usually a mapping, with keys such as services and env [yaml-mapping]"],
        )
        for one in ("model service parameters", "7", "[a]", "- a: 1", "false")
    },
    # what yaml says
    "services a mapping": (
        text("services: {ports: [1]}"),
        ["yaml: services is usually a list of mappings [yaml-services]"],
    ),
    "services of texts": (
        text("services:", "- ports: [1]", "- b", "- 7"),
        [
            "yaml: services[1] is usually a mapping [yaml-services]",
            "yaml: services[2] is usually a mapping [yaml-services]",
        ],
    ),
    "services within themselves": (
        text("services: &a [*a]"),
        ["yaml: services[0] is usually a mapping [yaml-services]"],
    ),
    "ports a number": (
        one_service("ports: 3000"),
        ["yaml: services[0].ports must be a list of whole numbers [yaml-ports]"],
    ),
    "ports out of range": (
        one_service("ports: [0, 1, 65535, 65536, -1]"),
        [
            f"yaml: services[0].ports[{at}] must be a whole number between 1 and 65535, is {port} "
            "[yaml-ports]"
            for at, port in ((0, 0), (3, 65536), (4, -1))
        ],
    ),
    "ports no numbers": (
        one_service("ports: ['3000', true, null, [1], 2020-01-01]"),
        [
            f"yaml: services[0].ports[{at}] must be a whole number between 1 and 65535 [yaml-ports]"
            for at in range(5)
        ],
    ),
    "ports with a fraction": (
        one_service("ports: [3000.5, .nan]"),
        [
            (
                "yaml: services[0].ports[0] must be a whole number between 1 and 65535, is 3000.5 "
                "[yaml-ports]"
            ),
            "yaml: services[0].ports[1] must be a whole number between 1 and 65535 [yaml-ports]",
        ],
    ),
    "a port too long to write": (
        one_service(f"ports: [0x{'f' * 9000}]"),
        ["yaml: services[0].ports[0] must be a whole number between 1 and 65535 [yaml-ports]"],
    ),
    "ports of the second service": (
        text("services:", "- name: a", "- ports: [70000]"),
        [
            (
                "yaml: services[1].ports[0] must be a whole number between 1 and 65535, is 70000 "
                "[yaml-ports]"
            )
        ],
    ),
    "a port twice": (
        one_service("ports: [3000, 3001, 3000]"),
        [
            (
                "yaml: services[0].ports[2] must not repeat an earlier port, is 3000 "
                "[yaml-ports-distinct]"
            )
        ],
    ),
    **{
        f"{probe} {path!r}": (
            one_service(f"{probe}: {path}"),
            [f"yaml: services[0].{probe} {PATH} [yaml-probes]"],
        )
        for probe in ("livez", "readyz")
        for path in ("healthz", "/a b", "''", "7", "[/a]", "{a: b}", "true", f"/{'p' * 512}")
    },
    **{
        f"bootup time {seconds}": (
            one_service(f"serviceBootupTime: {seconds}"),
            [f"yaml: {BOOTUP}{detail} [yaml-bootup-time]"],
        )
        for seconds, detail in (
            ("0", ", is 0"),
            ("65536", ", is 65536"),
            ("30.5", ", is 30.5"),
            ("soon", ""),
            ("true", ""),
            ("[30]", ""),
        )
    },
    "env a mapping": (
        text("env: {A: b}"),
        ["yaml: env is usually a list of texts: key:value [yaml-env]"],
    ),
    "env of other things": (
        text("env:", "- A: b", "- A", "- :b", "- 7", "- null"),
        [
            "yaml: env[0] is a mapping: write key:value, without a space between [yaml-env]",
            *(f"yaml: env[{at}] is usually a text: key:value [yaml-env]" for at in range(1, 5)),
        ],
    ),
    "sections": (
        text("distro: vim", "python: [a]"),
        [
            "yaml: distro is usually a mapping [yaml-sections]",
            "yaml: python is usually a mapping [yaml-sections]",
        ],
    ),
    # images
    "an entry without image": (
        images(image("x86_64"), {"cpu_architecture": "aarch64"}, {}),
        [
            f"architecture_images[{at}]: needs vm_image_uuid, docker_image or both [images-given]"
            for at in (1, 2)
        ],
    ),
    "an architecture twice": (
        images(image("x86_64"), image("aarch64"), image("X86_64")),
        [
            (
                "architecture_images[2].cpu_architecture: must not repeat an earlier entry: each "
                "architecture has one entry [distinct-architectures]"
            )
        ],
    ),
    # GPUs
    "no vendor": (
        gpus(),
        ["vendor_to_spec_uuids_map: must name at least one vendor where it is given [gpus-given]"],
    ),
    "a blank vendor": (
        gpus(**{"": [ONE], " ": [ONE]}),
        [
            f"vendor_to_spec_uuids_map['{blank}']: must have a vendor for its key, not a blank "
            "[gpu-vendors-named]"
            for blank in ("", " ")
        ],
    ),
    "a vendor that nobody knows": (
        gpus(Acme=[ONE]),
        [
            (
                f"vendor_to_spec_uuids_map['Acme']: is none of the vendors that are known: "
                f"{VENDORS} [gpu-vendors-known]"
            )
        ],
    ),
    "adopted by another uuid": (
        {"adopt": "a" * 32, "resource_uuid": "b" * 32},
        ["adopt: must be the same uuid as resource_uuid, or one of them is left out [adopt-uuid]"],
    ),
    "adopted from nothing": (
        {"adopt_from": "0123456789ab"},
        ["adopt_from: adopt_from is given only together with adopt [adopt-alone]"],
    ),
    "a tag of ours": (
        {"user_tags": ["modeldeploy::note", "modeldeploy::0123456789ab", UNKNOWN]},
        ["user_tags[1]: is of a form that this package keeps for itself [reserved-tags]"],
    ),
    "no uuids": (
        gpus(NVIDIA=[ONE, "", ONE.upper() + "A", "A" * 32, None, 7, [ONE]]),
        [
            f"vendor_to_spec_uuids_map['NVIDIA'][{at}]: {LOWER_UUID} [gpu-spec-uuids]"
            for at in range(1, 7)
        ],
    ),
    "a specification twice": (
        gpus(NVIDIA=[ONE, TWO, ONE]),
        [
            (
                "vendor_to_spec_uuids_map['NVIDIA'][2]: must not repeat an earlier entry "
                "[gpu-specs-distinct]"
            )
        ],
    ),
    # texts
    **{
        f"framework {framework!r}": (
            {"framework": framework},
            [
                (
                    f"framework: is none of the frameworks that are known: {FRAMEWORKS} "
                    "[framework-known]"
                )
            ],
        )
        for framework in ("HuggingFace", "vllm", "")
    },
    "encrypted parameters": (
        {"system_tags": ["a::b", " encryptionParam::on"]},
        [
            (
                "system_tags[1]: must not begin with encryptionParam:: since parameters are sent "
                "unencrypted [plain-parameters]"
            )
        ],
    ),
}

WRONG_DEPLOYMENT: dict[str, tuple[Values, list[str]]] = {
    **ADOPTING,
    "a virtual machine without image": (
        {"type": "VirtualMachine"},
        [
            (
                'vm_image_uuid: is missing: it is needed with type "VirtualMachine" '
                "[virtual-machine-image]"
            )
        ],
    ),
    "a container without image": (
        {"type": "Container"},
        ['docker_image: is missing: it is needed with type "Container" [container-image]'],
    ),
    "a virtual machine with both": (
        {"type": "VirtualMachine", "vm_image_uuid": ONE, "docker_image": "i"},
        ['docker_image: has no effect: it goes with type "Container" [image-of-other-type]'],
    ),
    "a container with both": (
        {"type": "Container", "vm_image_uuid": ONE, "docker_image": "i"},
        ['vm_image_uuid: has no effect: it goes with type "VirtualMachine" [image-of-other-type]'],
    ),
    "a container with the other image": (
        {"type": "Container", "vm_image_uuid": UNKNOWN},
        [
            'docker_image: is missing: it is needed with type "Container" [container-image]',
            (
                'vm_image_uuid: has no effect: it goes with type "VirtualMachine" '
                "[image-of-other-type]"
            ),
        ],
    ),
    "a tag of ours": (
        {"user_tags": ["modeldeploy::0123456789ab"]},
        ["user_tags[0]: is of a form that this package keeps for itself [reserved-tags]"],
    ),
    "requests above limits": (
        {
            "request_cpu_num": 8,
            "cpu_num": 4,
            "request_memory_size": 2**34,
            "memory_size": 2**33,
        },
        [
            "request_cpu_num: must not be above cpu_num, is 8 [requests-within-limits]",
            "request_memory_size: must not be above memory_size [requests-within-limits]",
        ],
    ),
    "encrypted parameters": (
        {"system_tags": ["encryptionParam::on"]},
        [
            (
                "system_tags[0]: must not begin with encryptionParam:: since parameters are sent "
                "unencrypted [plain-parameters]"
            )
        ],
    ),
}


@pytest.mark.parametrize("name", WRONG_SERVICE)
def test_a_wrong_service(name: str) -> None:
    values, messages = WRONG_SERVICE[name]
    assert said(SERVICE_RULES, values) == messages


@pytest.mark.parametrize("name", WRONG_DEPLOYMENT)
def test_a_wrong_deployment(name: str) -> None:
    values, messages = WRONG_DEPLOYMENT[name]
    assert said(DEPLOYMENT_RULES, values) == messages


def test_every_rule_is_broken_above() -> None:
    cases = (*WRONG_SERVICE.values(), *WRONG_DEPLOYMENT.values())
    broken = {re.findall(r"\[([a-z-]+)\]$", one)[0] for _, messages in cases for one in messages}
    assert broken == set(RULES)


def test_what_only_samples_suggest_warns() -> None:
    assert {name for name, rule in RULES.items() if rule.warn} == {
        "yaml-says-something",
        "yaml-mapping",
        "yaml-services",
        "yaml-env",
        "yaml-sections",
        "gpu-vendors-known",
        "framework-known",
        "image-of-other-type",
        "requests-within-limits",
    }


def test_rules_are_named_once() -> None:
    for rules in (SERVICE_RULES, DEPLOYMENT_RULES):
        assert len({rule.name for rule in rules}) == len(rules)


# --- right, or not known -------------------------------------------------------------------------

DOCUMENT = """
services:
- name: chat
  ports: [3000, 3001]
  livez: /livez
  readyz: /readyz?full=1
  serviceBootupTime: 30
- ports:
  livez: null
  readyz: ~
  serviceBootupTime:
env:
- MODEL:llama
- URL:http://a:1
distro:
  packages: vim,nfs-utils
python:
  requirements_txt: ./requirements.txt
built: 2024-02-29 10:00:00
more: {a: [1, 2.5, =]}
"""

RIGHT_SERVICE: dict[str, Values] = {
    "nothing": {},
    "a whole document": {"yaml": DOCUMENT},
    "empty lists": text("services: []", "env: []", "python: {}"),
    "no values": text("services:", "env:", "distro:", "python:"),
    "the longest path": one_service(f"livez: /{'p' * 511}"),
    "the same port in two services": text("services:", "- ports: [1]", "- ports: [1]"),
    "an anchor": text("a: &a {ports: [1]}", "services:", "- *a", "- <<: *a", "  name: b"),
    "dates that there are not": text("a: 2024-13-45", "b: &b 2024-02-30", "c: *b"),
    "a number without end": text(f"a: {'9' * 9000}", f"b: {'1:' * 1000}1.5"),
    "tags that do not fit": text("a: !!int ''", "b: !!bool x", "c: !!timestamp x", "d: !!float ''"),
    "other keys": text("a: 1", "2: b", "? 2024-01-01", ": c"),
    "an image of each kind": images(
        {"cpu_architecture": "x86_64", "vm_image_uuid": ONE}, image("aarch64", vm_image_uuid=ONE)
    ),
    "vendors": gpus(NVIDIA=[ONE, TWO], amd=[ONE], HUAWEI=[], **{" Intel ": [TWO]}),
    **{f"framework {one}": {"framework": one} for one in FRAMEWORKS.split(", ")},
    "tags": {"system_tags": ["ha::OnHostFailure", "x::encryptionParam::"]},
}

RIGHT_DEPLOYMENT: dict[str, Values] = {
    "nothing": {},
    "virtual machine": {"type": "VirtualMachine", "vm_image_uuid": ONE},
    "container": {"type": "Container", "docker_image": "i"},
    "a misspelt type": {"type": "container", "docker_image": "i", "vm_image_uuid": ONE},
    "variables": {"environment_variables": {"A": "", "B": "b"}},
    "no variables": {"environment_variables": {}},
    "requests at the limits": {
        "request_cpu_num": 4,
        "cpu_num": 4,
        "request_memory_size": 1,
        "memory_size": 2,
    },
    "requests alone": {"request_cpu_num": 4, "memory_size": 2},
}

UNKNOWN_SERVICE: dict[str, Values] = {
    "all": dict.fromkeys(
        ("yaml", "architecture_images", "vendor_to_spec_uuids_map", "framework", "system_tags"),
        UNKNOWN,
    ),
    "images": images(
        UNKNOWN,
        {"cpu_architecture": UNKNOWN, "vm_image_uuid": UNKNOWN},
        {"cpu_architecture": UNKNOWN, "docker_image": UNKNOWN},
    ),
    "vendors": gpus(NVIDIA=UNKNOWN, AMD=[UNKNOWN, ONE, UNKNOWN]),
    "tags": {"system_tags": [UNKNOWN, "a"]},
}

UNKNOWN_DEPLOYMENT: dict[str, Values] = {
    "type": {"type": UNKNOWN},
    "type with images": {"type": UNKNOWN, "vm_image_uuid": ONE, "docker_image": "i"},
    "image of a virtual machine": {"type": "VirtualMachine", "vm_image_uuid": UNKNOWN},
    "image of a container": {"type": "Container", "docker_image": UNKNOWN},
    "variables": {"environment_variables": UNKNOWN},
    "a variable": {"environment_variables": {"A": UNKNOWN}},
    "requests": {
        "request_cpu_num": UNKNOWN,
        "cpu_num": 1,
        "request_memory_size": 2,
        "memory_size": UNKNOWN,
    },
    "tags": {"system_tags": UNKNOWN},
}


@pytest.mark.parametrize("values", [*RIGHT_SERVICE.values(), *UNKNOWN_SERVICE.values()])
def test_nothing_is_said_about_a_service(values: Values) -> None:
    assert said(SERVICE_RULES, values) == []


@pytest.mark.parametrize("values", [*RIGHT_DEPLOYMENT.values(), *UNKNOWN_DEPLOYMENT.values()])
def test_nothing_is_said_about_a_deployment(values: Values) -> None:
    assert said(DEPLOYMENT_RULES, values) == []


# --- anything ------------------------------------------------------------------------------------

TEXT = "xyzzySECRETxyzzy"
"""What no message may hold."""

_TEXTS = st.sampled_from(
    [TEXT, f"/{TEXT} ", f"encryptionParam::{TEXT}", "Container", "VirtualMachine", "x86_64"]
) | st.text(max_size=8)
_LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.just(UNKNOWN) | _TEXTS
_KEYS = st.sampled_from(
    [*("cpu_architecture", "vm_image_uuid", "docker_image", "NVIDIA", "", " ", "it's")]
) | st.text(max_size=4)
_ANYTHING = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=4),
    max_leaves=12,
)
_NAMES = (
    *("yaml", "architecture_images", "vendor_to_spec_uuids_map", "framework", "system_tags"),
    *("type", "vm_image_uuid", "docker_image", "environment_variables"),
    *("request_cpu_num", "cpu_num", "request_memory_size", "memory_size"),
)


@given(st.dictionaries(st.sampled_from(_NAMES), _ANYTHING))
def test_anything_is_survived_and_no_text_is_quoted(values: Values) -> None:
    for rule in RULES.values():
        for problem in run(rule, values):
            assert TEXT not in problem.show()
            assert problem.path.startswith((*values, "vm_image_uuid", "docker_image"))


_FLOW = st.recursive(
    st.sampled_from(
        [
            *(TEXT, "~", "0", "-1", "70000", "1.5", "true", ".nan", "2024-13-45", "=", "'x", "*a"),
            *("!!int x", f"!{TEXT} x", f"*{TEXT}", f"&{TEXT} x", f'"\\q{TEXT}"', "A:b", "/a b"),
            *(f"%{TEXT}", f"@{TEXT}", f"'{TEXT}", f"{TEXT}: {TEXT}: {TEXT}", "0x" + "f" * 9000),
        ]
    ),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda all_: f"[{', '.join(all_)}]")
        | st.dictionaries(
            st.sampled_from(["ports", "livez", "readyz", "serviceBootupTime", TEXT, "<<", "? [a]"]),
            inner,
            max_size=3,
        ).map(lambda pairs: f"{{{', '.join(f'{key}: {one}' for key, one in pairs.items())}}}")
    ),
    max_leaves=10,
)
_LINES = st.tuples(
    st.sampled_from(["services", "env", "distro", "python", TEXT, "a: &a"]), _FLOW
).map(": ".join)


@given(st.lists(_LINES, max_size=5).map("\n".join) | _FLOW | st.text())
def test_any_yaml_is_survived_and_never_quoted(document: str) -> None:
    for problem in (one for rule in SERVICE_RULES for one in run(rule, {"yaml": document})):
        assert TEXT not in problem.show()
        assert problem.path == "yaml"


# --- checks and replies --------------------------------------------------------------------------


def judged(check: Check, value: Any) -> bool:
    return check.judge(value) is None


@pytest.mark.parametrize(
    ("value", "reference", "chosen"),
    [
        ("5d94103e19254d8696c0f05489c259ab", True, True),
        ("5d94103e19254d8696c0f05489c259az", True, False),  # a shipped object
        ("5d94103e19250d8696c0f05489c259ab", True, False),  # version 0
        ("5d94103e19254d8676c0f05489c259ab", True, False),  # another variant
        ("5D94103E19254D8696C0F05489C259AB", False, False),
        ("5d94103e-1925-4d86-96c0-f05489c259ab", False, False),
        ("5d94103e19254d8696c0f05489c259ab\n", False, False),
        ("", False, False),
    ],
)
def test_uuids(value: str, reference: bool, chosen: bool) -> None:
    assert (judged(UUID, value), judged(RESOURCE_UUID, value)) == (reference, chosen)
    assert judged(uuids(), [ONE, value]) is reference


def test_lists_of_uuids_name_places() -> None:
    assert uuids().judge([UNKNOWN, ONE, "", "A" * 32]) == "wrong: [2], [3]"
    assert uuids().judge([]) is None
    assert distinct().judge([UNKNOWN, ONE, UNKNOWN, TWO, ONE]) == "repeated: [4]"
    assert distinct().judge([UNKNOWN, ONE, TWO, UNKNOWN]) is None


@pytest.mark.parametrize(
    ("path", "right"),
    [
        ("/", True),
        ("/a?b=c", True),
        (f"/{'p' * 511}", True),
        (f"/{'p' * 512}", False),
        ("a", False),
        ("", False),
        ("/a b", False),
        ("/a\n", False),
    ],
)
def test_probes(path: str, right: bool) -> None:
    assert judged(PROBE, path) is right


def test_architectures_are_the_same_in_upper_case() -> None:
    declaration = Declaration.of(ArchitectureImageArgs)
    checked = inputs.check(declaration, {"cpu_architecture": " X86_64", "docker_image": "i\n"})
    assert checked.problems == []
    assert checked.values == {"cpu_architecture": "x86_64", "docker_image": "i"}
    wrong = inputs.check(declaration, {"cpu_architecture": "sparc", "docker_image": " "})
    assert [problem.show() for problem in wrong.problems] == [
        (
            "cpu_architecture: must be one of x86_64, aarch64, mips64el, loongarch64 "
            "[cpu_architecture.one-of]"
        ),
        "docker_image: must be 1 to 255 long, has 0 [docker_image.length]",
    ]


def test_names_on_the_wire_are_camel_case() -> None:
    kinds = [one for one in vars(replies).values() if isinstance(one, type)]
    kinds = [one for one in kinds if issubclass(one, Reply) and one is not Reply]
    assert len(kinds) == 10
    for kind in (*kinds, ArchitectureImageArgs):
        declaration = Declaration.of(kind)
        for field in (*declaration.args.values(), *declaration.outputs.values()):
            assert field.wire == camel(field.name)
