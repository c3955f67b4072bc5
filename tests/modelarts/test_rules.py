"""What the preview says about the arguments of a service."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as how
from hypothesis import strategies as st

from pulumi_modeldeploy.core import inputs, wire
from pulumi_modeldeploy.core.values import UNKNOWN, Values
from pulumi_modeldeploy.emulator.modelarts_requests import read_create
from pulumi_modeldeploy.modelarts.service import TABLE

GOLDEN = Path(__file__).parent.parent / "golden" / "modelarts"
SAMPLES = sorted(path.name for path in GOLDEN.glob("create-*.json"))
POOL, GROUP = "pool-c8e2", {"vpc_id": "v", "subnet_network_id": "s", "security_group_id": "g"}
SMN = {"topic_urn": "urn:smn:eu-de:p:t", "events": [1, 3]}


def config(**changes: Any) -> Values:
    """One model version; an empty text takes an argument away."""
    whole = {"model_id": "m1", "specification": "modelarts.vm.cpu.2u", "weight": 100}
    return {key: one for key, one in {**whole, "instance_count": 1, **changes}.items() if one != ""}


def custom(**spec: Any) -> Values:
    """A model version with a specification made to measure."""
    return config(specification="custom", custom_spec={"cpu": 1.5, "memory": 7500, **spec})


def bag(*configs: Any, **changes: Any) -> Values:
    whole = {"service_name": "mnist", "infer_type": "real-time", "config": [*configs] or [config()]}
    return {**whole, **changes}


def batch(**changes: Any) -> Values:
    """One configuration of a batch service; an empty text takes an argument away."""
    whole = {
        "model_id": "m1",
        "specification": "modelarts.vm.cpu.2u",
        "instance_count": 1,
        "src_path": "https://bucket.obs.eu-de.example.com/in/",
        "dest_path": "https://bucket.obs.eu-de.example.com/out/",
        "req_uri": "/",
        "mapping_type": "file",
        **changes,
    }
    return {key: one for key, one in whole.items() if one != ""}


def edge(**changes: Any) -> Values:
    """One configuration of an edge service; an empty text takes an argument away."""
    whole = {
        "model_id": "m1",
        "specification": "custom",
        "custom_spec": {"cpu": 1, "memory": 1024},
        "nodes": ["node-1"],
        **changes,
    }
    return {key: one for key, one in whole.items() if one != ""}


def batch_bag(*configs: Any, **changes: Any) -> Values:
    return bag(*(configs or [batch()]), **{"infer_type": "batch", **changes})


def edge_bag(*configs: Any, **changes: Any) -> Values:
    return bag(*(configs or [edge()]), **{"infer_type": "edge", **changes})


def csv(rule: Any) -> Values:
    """A batch service that reads CSV files by a rule."""
    return batch_bag(batch(mapping_type="csv", mapping_rule=rule))


def leaf(index: Any, kind: str = "number") -> Values:
    return {"type": kind, "index": index}


def record(**properties: Any) -> Values:
    return {"type": "object", "properties": properties}


def rows(*entries: Any) -> Values:
    return {"type": "array", "items": [*entries]}


def volumes(*paths: str, logs: tuple[str, ...] = ()) -> Values:
    """Properties with volumes at some paths."""
    found: Values = {"persistent_volumes": [{"mount_path": path} for path in paths]}
    if logs:
        found["log_volume"] = [{"host_path": "/var/log/a", "mount_path": one} for one in logs]
    return found


def pooled(**changes: Any) -> Values:
    """A real-time service in a dedicated pool."""
    return bag(config(**changes), pool_name=POOL)


def near(*infos: Any, mode: Any = "required") -> Values:
    return {"node_affinity": {"mode": mode, "pool_infos": [*infos]}}


def pool_info(pool: Any = POOL, *nodes: Any) -> Values:
    return {"pool_name": pool, "nodes": [{"name": one} for one in nodes or ("192.0.2.7",)]}


def lts(**changes: Any) -> Values:
    whole = {"log_group_id": "g1", "log_stream_id": "s1", **changes}
    return {"log_report_channels": [{"type": "LTS", "configuration": whole}]}


def check(raw: Values) -> inputs.Checked:
    return inputs.check(TABLE.declaration, raw, TABLE.rules)


def smn(**changes: Any) -> Values:
    return {"smn_notification": {**SMN, **changes}}


def timer(**changes: Any) -> list[Values]:
    return [{"type": "stop", "time_unit": "HOURS", "duration": 1, **changes}]


# --- wrong ---------------------------------------------------------------------------------------

M2 = {"model_id": "m2"}
KINDS = (("real-time", bag, config), ("batch", batch_bag, batch), ("edge", edge_bag, edge))
WRONG: dict[str, tuple[Values, str, str]] = {
    # names and texts
    "name empty": (bag(service_name=""), "service_name", "1 to 64 long, has 0"),
    "name too long": (bag(service_name="m" * 65), "service_name", "has 65"),
    "name with a space": (bag(service_name="my model"), "service_name", "letters, digits, - and _"),
    "name with a dot": (bag(service_name="m.1"), "service_name", "letters, digits, - and _"),
    "name with an umlaut": (bag(service_name="größe"), "service_name", "letters"),
    "name in Cyrillic": (bag(service_name="модель"), "service_name", "letters"),
    "name with a raised digit": (bag(service_name="m\u00b2"), "service_name", "letters"),
    "name is a number": (bag(service_name=7), "service_name", "must be a text"),
    "description too long": (
        bag(description="d" * 101),
        "description",
        "at most 100 long, has 101",
    ),
    **{
        f"description with {one}": (bag(description=f"a{one}b"), "description", "hold none of")
        for one in "&!'\"<>"
    },
    "description is a list": (bag(description=["d"]), "description", "must be a text"),
    # the type
    "type missing": ({"service_name": "m", "config": [config()]}, "infer_type", "is missing"),
    "type misspelt": (
        bag(infer_type="realtime"),
        "infer_type",
        "one of real-time, batch, edge",
    ),
    "type with capitals": (
        bag(infer_type="Real-Time"),
        "infer_type",
        "one of real-time, batch, edge",
    ),
    "batch with a capital": (batch_bag(infer_type="Batch"), "infer_type", "one of real-time"),
    "edges": (edge_bag(infer_type="edges"), "infer_type", "one of real-time"),
    "a type like no other": (batch_bag(infer_type="xyz"), "infer_type", "one of real-time"),
    "a type that is a number": (edge_bag(infer_type=1), "infer_type", "must be a text"),
    # the list of versions
    "config missing": ({"service_name": "m", "infer_type": "real-time"}, "config", "is missing"),
    "config empty": (bag(config=[]), "config", "at least one entry"),
    "config an object": (bag(config=config()), "config", "must be a list of objects"),
    "config of texts": (bag("m1"), "config[0]", "must be an object"),
    "unknown name": (bag(desciption="d"), "desciption", "did you mean description?"),
    "unknown name in config": (
        bag(config(instance_cuont=1)),
        "config[0].instance_cuont",
        "did you mean instance_count?",
    ),
    "unknown name in spec": (
        bag(custom(gpu_p5=1), pool_name=POOL),
        "config[0].custom_spec.gpu_p5",
        "did you mean gpu_p4?",
    ),
    # model, specification, instances
    "model missing": (bag(config(model_id="")), "config[0].model_id", "is missing"),
    "model too long": (bag(config(model_id="m" * 65)), "config[0].model_id", "has 65"),
    "model twice": (
        bag(config(weight=50), config(weight=50)),
        "config[0].model_id",
        "is used twice",
    ),
    "model twice, apart": (
        bag(config(weight=50), config(weight=20, **M2), config(weight=30)),
        "config[0].model_id",
        "must differ",
    ),
    "specification missing": (
        bag(config(specification="")),
        "config[0].specification",
        "is missing",
    ),
    "free specification twice": (
        bag(config(weight=50, specification="modelarts.vm.cpu.free"), config(weight=50, **M2)),
        "config[0].specification",
        "single version only",
    ),
    "no instances": (bag(config(instance_count=0)), "config[0].instance_count", "is 0"),
    "negative instances": (bag(config(instance_count=-1)), "config[0].instance_count", "is -1"),
    "too many instances": (bag(config(instance_count=129)), "config[0].instance_count", "is 129"),
    "half an instance": (bag(config(instance_count=1.5)), "config[0].instance_count", "whole"),
    "instances in words": (bag(config(instance_count="two")), "config[0].instance_count", "whole"),
    "instances missing": (bag(config(instance_count="")), "config[0].instance_count", "missing"),
    # weights
    "weight missing": (bag(config(weight=None)), "config[0].weight", "real-time service needs it"),
    "second weight missing": (
        bag(config(weight=50), config(weight=None, **M2)),
        "config[1].weight",
        "is missing",
    ),
    "one weight, not all of it": (bag(config(weight=90)), "config", "add up to 90 (90)"),
    "weights too small": (
        bag(config(weight=70), config(weight=20, **M2)),
        "config",
        "these add up to 90 (70 + 20)",
    ),
    "weights too great": (
        bag(config(weight=70), config(weight=40, **M2)),
        "config",
        "these add up to 110 (70 + 40)",
    ),
    "weights in texts": (
        bag(config(weight="70"), config(weight="20", **M2)),
        "config",
        "these add up to 90 (70 + 20)",
    ),
    "known weights are too great already": (
        bag(config(weight=70), config(weight=40, **M2), config(weight=UNKNOWN, model_id="m3")),
        "config",
        "these add up to 110",
    ),
    "all weights zero": (bag(config(weight=0)), "config", "these add up to 0"),
    "weight with a fraction": (bag(config(weight=33.3)), "config[0].weight", "whole number"),
    "weight in per cent": (bag(config(weight="100%")), "config[0].weight", "whole number"),
    "weight yes": (bag(config(weight=True)), "config[0].weight", "whole number"),
    # environment
    "environment a list": (bag(config(envs=["A=1"])), "config[0].envs", "must be a map"),
    "number in the environment": (bag(config(envs={"A": 1})), "config[0].envs['A']", "be a text"),
    "yes in the environment": (bag(config(envs={"A": True})), "config[0].envs['A']", "be a text"),
    # specifications made to measure
    "custom without its numbers": (
        bag(config(specification="custom"), pool_name=POOL),
        "config[0].custom_spec",
        'needed with specification "custom"',
    ),
    "numbers without custom": (
        bag({**custom(), "specification": "modelarts.vm.cpu.2u"}),
        "config[0].custom_spec",
        'goes with specification "custom" only',
    ),
    "custom in the public pool": (
        bag(custom()),
        "config[0].specification",
        "dedicated resource pools only",
    ),
    "custom in a pool without a name": (
        bag(custom(), cluster_id=""),
        "cluster_id",
        "must be 1 to 64 long, has 0",
    ),
    "no cores": (bag(custom(cpu=0), pool_name=POOL), "config[0].custom_spec.cpu", "at least 0.01"),
    "no memory": (bag(custom(memory=0), pool_name=POOL), "config[0].custom_spec.memory", "least 1"),
    "half a megabyte": (
        bag(custom(memory=0.5), pool_name=POOL),
        "config[0].custom_spec.memory",
        "whole number",
    ),
    "cores missing": (
        bag(config(specification="custom", custom_spec={"memory": 1}), pool_name=POOL),
        "config[0].custom_spec.cpu",
        "is missing",
    ),
    "memory missing": (
        bag(config(specification="custom", custom_spec={"cpu": 1}), pool_name=POOL),
        "config[0].custom_spec.memory",
        "is missing",
    ),
    "negative GPUs": (
        bag(custom(gpu_p4=-1), pool_name=POOL),
        "config[0].custom_spec.gpu_p4",
        "at least 0",
    ),
    "negative chips": (
        bag(custom(ascend_a310=-1), pool_name=POOL),
        "config[0].custom_spec.ascend_a310",
        "at least 0",
    ),
    "half a chip": (
        bag(custom(ascend_a310=0.5), pool_name=POOL),
        "config[0].custom_spec.ascend_a310",
        "whole number",
    ),
    "two kinds of accelerators": (
        bag(custom(gpu_p4=0.5, ascend_a310=1), pool_name=POOL),
        "config[0].custom_spec",
        "either of them",
    ),
    # pools
    "pool of a version alone": (
        bag(config(pool_name=POOL)),
        "config[0].pool_name",
        "needs a pool of the service too",
    ),
    "cluster of a version alone": (
        bag(config(cluster_id="c1")),
        "config[0].cluster_id",
        "needs a pool of the service too",
    ),
    "pool without a name": (bag(pool_name=""), "pool_name", "1 to 64 long, has 0"),
    "workspace without a name": (bag(workspace_id=""), "workspace_id", "1 to 64 long, has 0"),
    "VPC without a name": (bag(**{**GROUP, "vpc_id": ""}), "vpc_id", "1 to 64 long, has 0"),
    "subnet too long": (
        bag(**{**GROUP, "subnet_network_id": "s" * 65}),
        "subnet_network_id",
        "has 65",
    ),
    # schedules
    "two schedules": (bag(schedule=timer() * 2), "schedule", "at most 1"),
    "schedule an object": (bag(schedule=timer()[0]), "schedule", "must be a list of objects"),
    "schedule that starts": (bag(schedule=timer(type="start")), "schedule[0].type", "be stop"),
    "schedule in weeks": (
        bag(schedule=timer(time_unit="WEEKS")),
        "schedule[0].time_unit",
        "one of DAYS, HOURS, MINUTES",
    ),
    "schedule in small letters": (
        bag(schedule=timer(time_unit="hours")),
        "schedule[0].time_unit",
        "one of DAYS, HOURS, MINUTES",
    ),
    "schedule of nothing": (bag(schedule=timer(duration=0)), "schedule[0].duration", "at least 1"),
    "schedule of a fraction": (bag(schedule=timer(duration=1.5)), "schedule[0].duration", "whole"),
    "schedule without duration": (
        bag(schedule=[{"type": "stop", "time_unit": "DAYS"}]),
        "schedule[0].duration",
        "is missing",
    ),
    # notifications
    "topic missing": (
        bag(additional_properties={"smn_notification": {"events": [1]}}),
        "additional_properties.smn_notification.topic_urn",
        "is missing",
    ),
    "topic empty": (
        bag(additional_properties=smn(topic_urn="")),
        "additional_properties.smn_notification.topic_urn",
        "has 0",
    ),
    "no events": (
        bag(additional_properties=smn(events=[])),
        "additional_properties.smn_notification.events",
        "at least one entry",
    ),
    "unheard-of event": (
        bag(additional_properties=smn(events=[1, 4])),
        "additional_properties.smn_notification.events",
        "has 4",
    ),
    "event twice": (
        bag(additional_properties=smn(events=[3, 3])),
        "additional_properties.smn_notification.events",
        "has a number twice",
    ),
    "event in words": (
        bag(additional_properties=smn(events=["running"])),
        "additional_properties.smn_notification.events[0]",
        "whole number",
    ),
    "other properties": (
        bag(additional_properties={"smn": SMN}),
        "additional_properties.smn",
        "known are smn_notification",
    ),
    # what only one type has
    **{
        f"{name} of a {kind} service": (bag(**{**whole, name: value}), name, "is for ")
        for name, value, kinds in (
            ("pool_name", POOL, ("edge",)),
            ("schedule", [], ("batch", "edge")),
            ("load_balancer_policy", "SOURCE_IP", ("batch", "edge")),
            ("priority", 1, ("edge",)),
        )
        for kind in kinds
        for whole in ({"batch": batch_bag(), "edge": edge_bag()}[kind],)
    },
    **{
        f"{name} of a version of a {kind} service": (
            whole(part(**{name: value})),
            f"config[0].{name}",
            "is for ",
        )
        for kind, whole, part in KINDS
        for name, value, owners in (
            ("weight", 100, ("real-time",)),
            ("weight", 0, ("real-time",)),
            ("src_path", "https://a/b/", ("batch",)),
            ("dest_path", "https://a/b/", ("batch",)),
            ("req_uri", "/", ("batch",)),
            ("mapping_type", "csv", ("batch",)),
            ("mapping_rule", {}, ("batch",)),
            ("src_type", "ManifestFile", ("batch",)),
            ("nodes", ["n1"], ("edge",)),
            ("nodes", [], ("edge",)),
            ("affinity", {}, ("real-time", "batch")),
        )
        if kind not in owners
    },
    "pool of a version of an edge service": (
        edge_bag(edge(pool_name="p"), cluster_id="c"),
        "config[0].pool_name",
        "is for real-time and batch services",
    ),
    # batch services
    **{
        f"batch without {name}": (
            batch_bag(batch(**{name: ""})),
            f"config[0].{name}",
            "is missing: a batch service needs it",
        )
        for name in ("instance_count", "src_path", "dest_path", "req_uri", "mapping_type")
    },
    "batch with two versions": (
        batch_bag(batch(), batch(**M2)),
        "config",
        "must have one entry in a batch service, has 2",
    ),
    "batch made to measure in the public pool": (
        batch_bag(batch(specification="custom", custom_spec={"cpu": 1, "memory": 1})),
        "config[0].specification",
        "dedicated resource pools only",
    ),
    **{
        f"{name} as a list": (batch_bag(batch(**{name: []})), f"config[0].{name}", "a text")
        for name in ("src_path", "dest_path", "req_uri", "mapping_type")
    },
    "input longer than can be": (
        batch_bag(batch(src_path="https://" + "a" * 1024)),
        "config[0].src_path",
        "1 to 1024 long",
    ),
    "unheard-of mapping": (
        batch_bag(batch(mapping_type="json")),
        "config[0].mapping_type",
        "one of file, csv",
    ),
    "unheard-of source": (
        batch_bag(batch(src_type="Directory")),
        "config[0].src_type",
        "be ManifestFile",
    ),
    "manifest that is a directory": (
        batch_bag(batch(src_type="ManifestFile")),
        "config[0].src_path",
        "must be a .manifest file",
    ),
    "manifest with an ending": (
        batch_bag(batch(src_type="ManifestFile", src_path="https://a/b.manifest.json")),
        "config[0].src_path",
        "must be a .manifest file",
    ),
    "csv without a rule": (
        batch_bag(batch(mapping_type="csv")),
        "config[0].mapping_rule",
        'needed with mapping_type "csv"',
    ),
    "a rule without csv": (
        batch_bag(batch(mapping_rule=record(a=leaf(0)))),
        "config[0].mapping_rule",
        'goes with mapping_type "csv" only',
    ),
    # rules of mapping
    **{
        f"mapping rule: {name}": (csv(rule), f"config[0].mapping_rule{path}", text)
        for name, rule, path, text in (
            ("a list", [leaf(0)], "", "must be an object"),
            ("a text", "object", "", "must be an object"),
            ("empty", {}, "['type']", "must be one of object, array, string"),
            ("without a type", {"properties": {}}, "['type']", "must be one of object"),
            ("of another type", {"type": "null"}, "['type']", "must be one of object"),
            ("of two types", {"type": ["string", "number"]}, "['type']", "must be one of"),
            ("type with a capital", {"type": "Object"}, "['type']", "must be one of object"),
            ("an object of nothing", {"type": "object"}, "['properties']", "must be an object"),
            ("a list of properties", {"type": "object", "properties": []}, "['properties']", "obj"),
            ("an array of nothing", {"type": "array"}, "['items']", "an object or a list"),
            ("items in words", {"type": "array", "items": "a"}, "['items']", "object or a list"),
            ("a leaf alone, no column", {"type": "string"}, "['index']", "number of a column"),
            ("no column", record(a=leaf(None)), "['properties']['a']['index']", "of a column"),
            ("below -1", record(a=leaf(-2)), "['properties']['a']['index']", "of a column"),
            ("half a column", record(a=leaf(0.5)), "['properties']['a']['index']", "of a column"),
            ("a column in words", record(a=leaf("0")), "['properties']['a']['index']", "of a col"),
            ("a column is yes", record(a=leaf(True)), "['properties']['a']['index']", "of a col"),
            (
                "a column twice",
                record(a=leaf(3), b=leaf(3, "string")),
                "['properties']['b']['index']",
                "that another one has, is 3",
            ),
            (
                "a column twice, deep",
                record(a=rows(record(x=leaf(0)), record(y=leaf(1))), b=record(z=leaf(1))),
                "['properties']['b']['properties']['z']['index']",
                "is 1",
            ),
            ("a property in words", record(a="number"), "['properties']['a']", "be an object"),
            ("an item in words", rows("number"), "['items'][0]", "must be an object with a type"),
            ("the second item", rows(leaf(0), leaf(-3)), "['items'][1]['index']", "of a column"),
            (
                "items that are one object",
                {"type": "array", "items": {"type": "array"}},
                "['items']['items']",
                "an object or a list",
            ),
        )
    },
    # edge services
    "edge without nodes": (edge_bag(edge(nodes="")), "config[0].nodes", "needs nodes, or a"),
    "edge with no nodes": (edge_bag(edge(nodes=[])), "config[0].nodes", "needs nodes, or a"),
    "edge with a node twice": (
        edge_bag(edge(nodes=["a", "b", "a"])),
        "config[0].nodes",
        "each node once",
    ),
    "edge with a node without a name": (
        edge_bag(edge(nodes=["a", ""])),
        "config[0].nodes",
        "not empty texts",
    ),
    "edge with nodes in a text": (edge_bag(edge(nodes="a,b")), "config[0].nodes", "be a list"),
    "edge with nodes as numbers": (edge_bag(edge(nodes=[1])), "config[0].nodes[0]", "be a text"),
    "edge with two versions": (edge_bag(edge(), edge(**M2)), "config", "one entry in an edge"),
    "edge of no instances": (
        edge_bag(edge(instance_count=0)),
        "config[0].instance_count",
        "is 0",
    ),
    "edge cluster of a version alone": (
        edge_bag(edge(cluster_id="c", nodes=["n"])),
        "config[0].cluster_id",
        "needs a pool of the service too",
    ),
    # volumes
    **{
        f"{name} in the public pool, {kind}": (
            whole(part(additional_properties=properties)),
            f"config[0].additional_properties.{name}",
            "needs a dedicated resource pool",
        )
        for kind, whole, part in (("real-time", bag, config), ("batch", batch_bag, batch))
        for name, properties in (
            ("persistent_volumes", volumes("/data")),
            ("log_volume", {"log_volume": [{"host_path": "/a", "mount_path": "/b"}]}),
        )
    },
    **{
        f"mount paths {', '.join((*paths, *logs))}": (
            pooled(additional_properties=volumes(*paths, logs=logs)),
            f"config[0].additional_properties.{where}.mount_path",
            text,
        )
        for paths, logs, where, text in (
            (("data",), (), "persistent_volumes[0]", "absolute"),
            (("./data",), (), "persistent_volumes[0]", "absolute"),
            (("",), (), "persistent_volumes[0]", "1 to 1024 long"),
            (("/",), (), "persistent_volumes[0]", "system directory"),
            (("//",), (), "persistent_volumes[0]", "system directory"),
            (("/data/..",), (), "persistent_volumes[0]", "system directory"),
            (("/var/run",), (), "persistent_volumes[0]", "system directory"),
            (("/var/run/",), (), "persistent_volumes[0]", "system directory"),
            (("/var//run",), (), "persistent_volumes[0]", "system directory"),
            (("/a", "/a"), (), "persistent_volumes[1]", "used twice"),
            (("/a", "/a/"), (), "persistent_volumes[1]", "used twice"),
            (("/a", "//a/./"), (), "persistent_volumes[1]", "used twice"),
            (("/a", "/a/b"), (), "persistent_volumes[1]", "within another"),
            (("/a/b", "/a"), (), "persistent_volumes[1]", "within another"),
            (("/a",), ("/a",), "log_volume[0]", "used twice"),
            (("/a",), ("/a/logs",), "log_volume[0]", "within another"),
            (("/a/b/c",), ("/a",), "log_volume[0]", "within another"),
            (("/a",), ("/var/run",), "log_volume[0]", "system directory"),
            (("/a",), ("logs",), "log_volume[0]", "absolute"),
        )
    },
    "path longer than can be": (
        pooled(additional_properties=volumes("/" + "a" * 1024)),
        "config[0].additional_properties.persistent_volumes[0].mount_path",
        "1 to 1024 long, has 1025",
    ),
    "volume without a path": (
        pooled(additional_properties={"persistent_volumes": [{"name": "a"}]}),
        "config[0].additional_properties.persistent_volumes[0].mount_path",
        "is missing",
    ),
    "logs without a host": (
        pooled(additional_properties={"log_volume": [{"mount_path": "/a"}]}),
        "config[0].additional_properties.log_volume[0].host_path",
        "is missing",
    ),
    "logs without a path": (
        pooled(additional_properties={"log_volume": [{"host_path": "/a"}]}),
        "config[0].additional_properties.log_volume[0].mount_path",
        "is missing",
    ),
    # how upgrades roll
    **{
        f"{name} {value} of a {kind} service": (
            whole(part(additional_properties={name: value})),
            f"config[0].additional_properties.{name}",
            text,
        )
        for kind, whole, part in KINDS
        for name, value, text in (
            ("max_surge", 0, "be greater than 0, is 0"),
            ("max_surge", -0.5, "be greater than 0, is -0.5"),
            ("max_surge", "all", "must be a number"),
            ("max_unavailable", -1, "at least 0, is -1"),
            ("termination_grace_period_seconds", 29, "between 30 and 300, is 29"),
            ("termination_grace_period_seconds", 301, "between 30 and 300, is 301"),
            ("termination_grace_period_seconds", 30.5, "whole number"),
            ("dew_secret", "s1", "must be an object"),
            ("dew_secrets", {}, "did you mean dew_secret?"),
        )
    },
    **{
        f"deploy timeout {value} of a {kind} service": (
            whole(part(deploy_timeout_in_seconds=value)),
            "config[0].deploy_timeout_in_seconds",
            text,
        )
        for kind, whole, part in KINDS
        for value, text in ((0, "at least 1"), (-3, "at least 1"), ("20 min", "whole number"))
    },
    # affinity
    "affinity in the public pool": (
        bag(config(affinity=near(pool_info()))),
        "config[0].affinity",
        "needs a dedicated resource pool",
    ),
    "batch: affinity in the public pool": (
        batch_bag(batch(affinity=near(pool_info()))),
        "config[0].affinity",
        "needs a dedicated resource pool",
    ),
    "affinity to another pool": (
        pooled(affinity=near(pool_info("other"))),
        "config[0].affinity.node_affinity.pool_infos[0].pool_name",
        "a pool that the version runs in",
    ),
    "affinity to a second pool": (
        pooled(affinity=near(pool_info(), pool_info("other"))),
        "config[0].affinity.node_affinity.pool_infos[1].pool_name",
        "a pool that the version runs in",
    ),
    "affinity without a mode": (
        pooled(affinity={"node_affinity": {}}),
        "config[0].affinity.node_affinity.mode",
        "is missing",
    ),
    "affinity in an unheard-of mode": (
        pooled(affinity=near(mode="soft")),
        "config[0].affinity.node_affinity.mode",
        "one of required, preferred",
    ),
    "affinity to no nodes": (
        pooled(affinity=near({"pool_name": POOL, "nodes": []})),
        "config[0].affinity.node_affinity.pool_infos[0].nodes",
        "at least one entry",
    ),
    "affinity without nodes": (
        pooled(affinity=near({"pool_name": POOL})),
        "config[0].affinity.node_affinity.pool_infos[0].nodes",
        "is missing",
    ),
    "affinity to nodes by text": (
        pooled(affinity=near({"pool_name": POOL, "nodes": ["192.0.2.7"]})),
        "config[0].affinity.node_affinity.pool_infos[0].nodes[0]",
        "must be an object",
    ),
    "affinity to a node without a name": (
        pooled(affinity=near({"pool_name": POOL, "nodes": [{}]})),
        "config[0].affinity.node_affinity.pool_infos[0].nodes[0].name",
        "is missing",
    ),
    "affinity without a pool": (
        pooled(affinity=near({"nodes": [{"name": "192.0.2.7"}]})),
        "config[0].affinity.node_affinity.pool_infos[0].pool_name",
        "is missing",
    ),
    # logs, WebSocket, secrets
    "logs to another service": (
        bag(additional_properties={"log_report_channels": [{"type": "AOM"}]}),
        "additional_properties.log_report_channels[0].type",
        "be LTS",
    ),
    "logs to nobody": (
        bag(additional_properties={"log_report_channels": [{}]}),
        "additional_properties.log_report_channels[0].type",
        "is missing",
    ),
    "logs as an object": (
        bag(additional_properties={"log_report_channels": {"type": "LTS"}}),
        "additional_properties.log_report_channels",
        "a list of objects",
    ),
    **{
        f"logs, {name} {value!r}": (
            bag(additional_properties=lts(**{name: value})),
            f"additional_properties.log_report_channels[0].configuration.{name}",
            text,
        )
        for name in ("log_group_id", "log_stream_id")
        for value, text in ((None, "is missing"), ("", "1 to 64 long"), ("l" * 65, "has 65"))
    },
    "WebSocket in words": (
        bag(additional_properties={"websocket_upgrade": "yes"}),
        "additional_properties.websocket_upgrade",
        "True or False",
    ),
    "WebSocket as a number": (
        bag(additional_properties={"websocket_upgrade": 1}),
        "additional_properties.websocket_upgrade",
        "True or False",
    ),
    **{
        f"secret {changes} of a {kind} service": (
            whole(service_secrets=[{"secret_id": "s", "mouth_path": "/s", **changes}]),
            f"service_secrets[0].{path}",
            text,
        )
        for kind, whole, _ in KINDS
        for changes, path, text in (
            ({"secret_id": None}, "secret_id", "is missing"),
            ({"secret_id": ""}, "secret_id", "has 0"),
            ({"mouth_path": None}, "mouth_path", "is missing"),
            ({"mouth_path": ""}, "mouth_path", "has 0"),
            ({"mount_path": "/s"}, "mount_path", "did you mean mouth_path?"),
        )
    },
    "secret as the wire spells it": (
        bag(service_secrets=[{"secretId": "s", "secret_id": "s", "mouth_path": "/s"}]),
        "service_secrets[0].secretId",
        "did you mean secret_id?",
    ),
    # the rest
    "unheard-of policy": (
        bag(load_balancer_policy="RANDOM"),
        "load_balancer_policy",
        "ROUND_ROBIN, LEAST_CONNECTIONS, SOURCE_IP",
    ),
    "priority too small": (bag(priority=0), "priority", "between 1 and 3, is 0"),
    "priority too great": (bag(priority=4), "priority", "between 1 and 3, is 4"),
    "unheard-of goal": (bag(desired_status="paused"), "desired_status", "running, stopped"),
}


@pytest.mark.parametrize("case", list(WRONG))
def test_a_mistake_is_told_once_at_its_place(case: str) -> None:
    raw, path, text = WRONG[case]
    (failure,) = check(raw).failures
    assert failure.path == path
    assert text in failure.show()


MISSING_PARTS = [
    ({"vpc_id"}, {"subnet_network_id", "security_group_id"}),
    ({"subnet_network_id"}, {"vpc_id", "security_group_id"}),
    ({"security_group_id"}, {"vpc_id", "subnet_network_id"}),
    ({"vpc_id", "subnet_network_id"}, {"security_group_id"}),
    ({"vpc_id", "security_group_id"}, {"subnet_network_id"}),
    ({"subnet_network_id", "security_group_id"}, {"vpc_id"}),
]


@pytest.mark.parametrize(("there", "missing"), MISSING_PARTS, ids=lambda one: "+".join(sorted(one)))
def test_the_parts_of_a_network_are_given_together(there: set[str], missing: set[str]) -> None:
    failures = check(bag(**dict.fromkeys(there, "x"))).failures
    assert {failure.path for failure in failures} == missing
    assert all("given together or not at all" in failure.text for failure in failures)


def test_all_mistakes_are_told_in_one_go() -> None:
    raw = bag(
        config(weight=70, instance_count=0, envs={"A": 1}),
        custom(gpu_p4=1, ascend_a310=1) | {"weight": 20, "model_id": "m2"},
        service_name="my model",
        description="<b>",
        vpc_id="v",
        priority=9,
        nmae="x",
    )
    assert {failure.path for failure in check(raw).failures} == {
        "nmae",
        "service_name",
        "description",
        "priority",
        "subnet_network_id",
        "security_group_id",
        "config",
        "config[0].instance_count",
        "config[0].envs['A']",
        "config[1].custom_spec",
        "config[1].specification",
    }


def test_messages_quote_no_texts() -> None:
    for raw, _, _ in WRONG.values():
        shown = " ".join(failure.show() for failure in check(raw).failures)
        for secret in (
            "json",
            "Directory",
            "soft",
            "20 min",
            "AOM",
            "my model",
            "a&b",
            "WEEKS",
            "RANDOM",
            "paused",
            "100%",
            "realtime ",
        ):
            assert secret not in shown


# --- warnings ------------------------------------------------------------------------------------

DOUBTFUL: dict[str, tuple[Values, str, str]] = {
    "name begins with a digit": (bag(service_name="1st"), "service_name", "begin with a letter"),
    "name begins with a dash": (bag(service_name="-m"), "service_name", "begin with a letter"),
    "name begins with a line": (bag(service_name="_m"), "service_name", "begin with a letter"),
    "description with +": (bag(description="a+b"), "description", "neither + nor ="),
    "description with =": (bag(description="a=b"), "description", "neither + nor ="),
    "many instances": (
        bag(config(instance_count=6)),
        "config[0].instance_count",
        "between 1 and 5",
    ),
    "two pools": (bag(pool_name=POOL, cluster_id="c1"), "cluster_id", "has no effect"),
    "two pools of a version": (
        bag(config(pool_name=POOL, cluster_id="c1"), pool_name=POOL),
        "config[0].cluster_id",
        "has no effect",
    ),
    "network of a pool": (bag(pool_name=POOL, **GROUP), "vpc_id", "has no effect"),
    "network of a cluster": (bag(cluster_id="c1", **GROUP), "vpc_id", "has no effect"),
    **{
        f"{name} without https": (
            batch_bag(batch(**{name: "obs://bucket/in/"})),
            f"config[0].{name}",
            "begin with https://",
        )
        for name in ("src_path", "dest_path")
    },
    "API without a slash": (
        batch_bag(batch(req_uri="predict")),
        "config[0].req_uri",
        "begin with /",
    ),
    "manifest read as a directory": (
        batch_bag(batch(src_path="https://a/b.manifest")),
        "config[0].src_type",
        'a manifest is read with "ManifestFile"',
    ),
    **{
        f"deploy timeout {value}": (
            bag(config(deploy_timeout_in_seconds=value)),
            "config[0].deploy_timeout_in_seconds",
            f"between 3 and 120, is {value}",
        )
        for value in (1, 2, 121, 1200)
    },
    **{
        f"{name} {value}": (
            bag(config(additional_properties={name: value})),
            f"config[0].additional_properties.{name}",
            "a share below 1 or a whole number",
        )
        for name, value in (("max_surge", 1.5), ("max_unavailable", 2.25))
    },
    "unheard-of storage": (
        pooled(
            additional_properties={
                "persistent_volumes": [{"mount_path": "/a", "storage_type": "obs"}]
            }
        ),
        "config[0].additional_properties.persistent_volumes[0].storage_type",
        "sfs_turbo or obs_pfs",
    ),
    "mount path with a space": (
        pooled(additional_properties=volumes("/my data")),
        "config[0].additional_properties.persistent_volumes[0].mount_path",
        "as in the console",
    ),
    "logs of a host without a root": (
        pooled(additional_properties={"log_volume": [{"host_path": "a", "mount_path": "/a"}]}),
        "config[0].additional_properties.log_volume[0].host_path",
        "absolute",
    ),
    "secret without a root": (
        bag(service_secrets=[{"secret_id": "s", "mouth_path": "s"}]),
        "service_secrets[0].mouth_path",
        "absolute",
    ),
    "volumes on edge nodes": (
        edge_bag(edge(additional_properties=volumes("/data"))),
        "config[0].additional_properties.persistent_volumes",
        "needs a dedicated resource pool",
    ),
    "affinity to a host by name": (
        pooled(affinity=near(pool_info(POOL, "node-7"))),
        "config[0].affinity.node_affinity.pool_infos[0].nodes[0].name",
        "private IP address",
    ),
    "WebSocket of a batch service": (
        batch_bag(additional_properties={"websocket_upgrade": True}),
        "additional_properties.websocket_upgrade",
        "has no meaning",
    ),
    "WebSocket of an edge service": (
        edge_bag(additional_properties={"websocket_upgrade": True}),
        "additional_properties.websocket_upgrade",
        "has no meaning",
    ),
    "older events": (
        bag(additional_properties=smn(events=[2, 9])),
        "additional_properties.smn_notification.events",
        "has 2, 9",
    ),
}


@pytest.mark.parametrize("case", list(DOUBTFUL))
def test_what_the_sources_disagree_about_is_a_warning(case: str) -> None:
    raw, path, text = DOUBTFUL[case]
    checked = check(raw)
    assert checked.failures == []
    (warning,) = checked.warnings
    assert warning.path == path
    assert text in warning.show()


@pytest.mark.parametrize("case", [*WRONG, *DOUBTFUL])
def test_every_rule_but_those_of_structure_can_be_turned_off(case: str) -> None:
    raw, path, text = {**WRONG, **DOUBTFUL}[case]
    rules = {one.rule for one in check(raw).problems if one.path == path and text in one.show()}
    rest = inputs.check(TABLE.declaration, raw, TABLE.rules, off=rules).problems
    left = {one.rule for one in rest} & rules
    assert left == {rule for rule in rules if rule.endswith((".type", ".required", ".known"))}
    assert rules


# --- right ---------------------------------------------------------------------------------------


def sample(name: str) -> Values:
    found: Values = json.loads((GOLDEN / name).read_text(encoding="utf-8"))
    return found


RIGHT: dict[str, Values] = {
    **{f"the vendor's sample {name}": sample(name) for name in SAMPLES},
    "the least": bag(),
    "automatic name": {"infer_type": "real-time", "config": [config()]},
    "name of one letter": bag(service_name="m"),
    "longest name": bag(service_name="m" * 64),
    "name with all that is allowed": bag(service_name="aZ-09_数字"),
    "no description": bag(description=""),
    "longest description": bag(description="d" * 100),
    "description in Chinese": bag(description="数字识别, 70/30: [v1] (v2)"),
    "three versions, one without traffic": bag(
        config(weight=70), config(weight=30, **M2), config(weight=0, model_id="m3")
    ),
    "weights in texts": bag(config(weight="70"), config(weight="30", **M2)),
    "weights in floats": bag(config(weight=70.0), config(weight=30.0, **M2)),
    "five instances": bag(config(instance_count=5)),
    "empty environment": bag(config(envs={})),
    "environment": bag(config(envs={"A_b-C.d": "", "load_epoch": "0"})),
    "made to measure": bag(custom(cpu=0.01, memory=1, gpu_p4=0.5), pool_name=POOL),
    "made to measure, no accelerator": bag(custom(gpu_p4=0, ascend_a310=0), cluster_id="c1"),
    "made to measure, chips": bag(custom(gpu_p4=0, ascend_a310=2), cluster_id="c1"),
    "pool of a version": bag(config(pool_name="pool-2"), pool_name=POOL),
    "cluster of a version, pool of the service": bag(config(cluster_id="c1"), pool_name=POOL),
    "network": bag(**GROUP),
    "free specification alone": bag(config(specification="modelarts.vm.cpu.free")),
    "schedule": bag(schedule=timer(time_unit="MINUTES", duration=90)),
    "no schedule": bag(schedule=[]),
    "notification": bag(additional_properties=smn(events=[11, 7, 3, 1])),
    "no properties": bag(additional_properties={}),
    "policy and priority": bag(load_balancer_policy="SOURCE_IP", priority=3),
    "stopped": bag(desired_status="stopped", workspace_id="0"),
    "batch": batch_bag(),
    "batch, stopped": batch_bag(desired_status="stopped", priority=3),
    "batch in a pool": batch_bag(pool_name=POOL, priority=1),
    "batch made to measure": batch_bag(
        batch(specification="custom", custom_spec={"cpu": 1, "memory": 1}), cluster_id="c1"
    ),
    "batch out of a manifest": batch_bag(
        batch(src_type="ManifestFile", src_path="https://a/b/c.manifest")
    ),
    "batch: columns left out": csv(record(a=leaf(-1), b=leaf(-1), c=leaf(0.0))),
    "batch: every type of leaf": csv(
        record(a=leaf(0, "string"), b=leaf(1, "number"), c=leaf(2, "integer"), d=leaf(3, "boolean"))
    ),
    "batch: a leaf alone": csv(leaf(0, "string")),
    "batch: items that are one object": csv({"type": "array", "items": record(a=leaf(7))}),
    "batch: a rule with more words": csv(
        {
            "type": "object",
            "description": "input",
            "required": ["Request Data"],
            "properties": {"Request Data": {**leaf(0), "format": "float", "minimum": 0}},
        }
    ),
    "edge": edge_bag(),
    "edge on several nodes": edge_bag(edge(nodes=["b", "a"], instance_count=2, envs={})),
    "edge in a pool": edge_bag(edge(nodes=""), cluster_id="c1"),
    "edge in a pool of a version": edge_bag(edge(nodes="", cluster_id="c2"), cluster_id="c1"),
    "edge of a usual specification": edge_bag(
        edge(specification="modelarts.vm.cpu.2u", custom_spec="")
    ),
    "edge without SSL": edge_bag(edge(envs={"MODELARTS_SSL_ENABLED": "false"})),
    "volumes": pooled(
        additional_properties={
            "persistent_volumes": [
                {"mount_path": "/data"},
                {
                    "name": "v",
                    "mount_path": "/database",
                    "storage_type": "sfs_turbo",
                    "source_address": "0001",
                },
                {"mount_path": "/var/running", "storage_type": "obs_pfs", "source_address": "b/c"},
            ],
            "log_volume": [{"host_path": "/var/log/a", "mount_path": "/logs"}],
        }
    ),
    "volumes in the pool of a version": bag(
        config(cluster_id="c2", additional_properties=volumes("/a", "/b")), cluster_id="c1"
    ),
    "no volumes": bag(config(additional_properties={"persistent_volumes": [], "log_volume": []})),
    "two versions, the same mount": bag(
        config(weight=50, additional_properties=volumes("/a")),
        config(weight=50, additional_properties=volumes("/a"), **M2),
        pool_name=POOL,
    ),
    "upgrades": bag(
        config(
            deploy_timeout_in_seconds=20,
            additional_properties={
                "max_surge": 0.5,
                "max_unavailable": 0,
                "termination_grace_period_seconds": 30,
                "dew_secret": {"Any": [{"thing": 1}]},
            },
        )
    ),
    "upgrades by number": bag(
        config(
            deploy_timeout_in_seconds=120,
            additional_properties={
                "max_surge": 2,
                "max_unavailable": 3.0,
                "termination_grace_period_seconds": 300,
            },
        )
    ),
    "affinity": pooled(affinity=near(pool_info(POOL, "192.0.2.7", "2001:db8::1"))),
    "affinity to the pool of a version": bag(
        config(pool_name="p2", affinity=near(pool_info("p2"), pool_info(), mode="preferred")),
        pool_name=POOL,
    ),
    "affinity to a cluster": batch_bag(batch(affinity=near(pool_info("c1"))), cluster_id="c1"),
    "affinity to nothing": pooled(affinity={}),
    "logs": bag(additional_properties=lts()),
    "logs where ModelArts likes": batch_bag(
        additional_properties={"log_report_channels": [{"type": "LTS"}]}
    ),
    "no logs, no WebSocket": edge_bag(
        additional_properties={"log_report_channels": [], "websocket_upgrade": False}
    ),
    "WebSocket": bag(additional_properties={"websocket_upgrade": True, **smn()}),
    "secrets": bag(
        service_secrets=[
            {"secret_id": "s1", "mouth_path": "/s1"},
            {"secret_id": "s2", "mouth_path": "/s2"},
        ]
    ),
    "no secrets": edge_bag(service_secrets=[]),
    "everything": bag(
        custom(gpu_p4=1) | {"weight": 60, "envs": {"A": "1"}, "pool_name": "pool-2"},
        config(weight=40, **M2),
        description="all",
        workspace_id="0",
        pool_name=POOL,
        schedule=timer(),
        additional_properties=smn(),
        load_balancer_policy="ROUND_ROBIN",
        priority=1,
        desired_status="running",
    ),
}


@pytest.mark.parametrize("case", list(RIGHT))
def test_what_is_right_passes(case: str) -> None:
    assert [problem.show() for problem in check(RIGHT[case]).problems] == []


@pytest.mark.parametrize("case", list(RIGHT))
def test_what_passes_is_taken_by_the_emulator(case: str) -> None:
    """It was written from the vendor's pages without a look at our tables."""
    body = wire.body(TABLE.declaration, check(RIGHT[case]).values)
    assert read_create({"service_name": "automatic", **body})


# --- unknown -------------------------------------------------------------------------------------

Place = tuple[str | int, ...]


def places(value: Any, at: Place = ()) -> list[Place]:
    """Every place in a bag: leaves, objects, lists and entries."""
    inner: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    if isinstance(value, list):
        inner = list(enumerate(value))
    below = [place for key, one in inner for place in places(one, (*at, key))]
    return below if at == () else [at, *below]


def unknown_at(raw: Values, *spots: Place) -> Values:
    """The same bag, not known in some places; the innermost goes first."""
    changed: Any = copy.deepcopy(raw)
    for spot in sorted(spots, key=len, reverse=True):
        holder = changed
        for key in spot[:-1]:
            holder = holder[key]
        holder[spot[-1]] = UNKNOWN
    return dict(changed)


EVERYWHERE = [(case, place) for case in RIGHT for place in places(RIGHT[case])]


def test_one_unknown_anywhere_raises_no_false_alarm() -> None:
    alarms = {
        (case, place): [one.show() for one in check(unknown_at(RIGHT[case], place)).failures]
        for case, place in EVERYWHERE
    }
    assert len(alarms) > 900
    assert {key: texts for key, texts in alarms.items() if texts} == {}


@how(max_examples=200, deadline=None, derandomize=True)
@given(st.data())
def test_many_unknowns_raise_no_false_alarm(data: st.DataObject) -> None:
    raw = RIGHT[data.draw(st.sampled_from(list(RIGHT)))]
    spots = data.draw(st.lists(st.sampled_from(places(raw)), unique=True, max_size=6))
    assert [one.show() for one in check(unknown_at(raw, *spots)).failures] == []


def test_everything_unknown_raises_no_false_alarm() -> None:
    assert check(dict.fromkeys(TABLE.declaration.args, UNKNOWN)).failures == []


def test_an_unknown_stays_unknown() -> None:
    raw = bag(config(weight=UNKNOWN), description=UNKNOWN)
    values = check(raw).values
    assert values["description"] is UNKNOWN
    assert values["config"][0]["weight"] is UNKNOWN


# --- generated -----------------------------------------------------------------------------------

FREE = ("envs", "mapping_rule", "dew_secret")
"""What is judged as a whole or by its own rule, or quoted in paths."""


def path_of(place: Place) -> str:
    """Write a place as messages do."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return text.removeprefix(".")


def replaced_at(raw: Values, place: Place, value: Any) -> Values:
    """The same bag with another value in one place."""
    changed: Any = copy.deepcopy(raw)
    holder = changed
    for key in place[:-1]:
        holder = holder[key]
    holder[place[-1]] = value
    return dict(changed)


def value_at(raw: Values, place: Place) -> Any:
    found: Any = raw
    for key in place:
        found = found[key]
    return found


def judged(raw: Values) -> list[Place]:
    """The places of a bag that are arguments or entries of them."""
    return [place for place in places(raw) if not any(one in FREE for one in place[:-1])]


def misfit(value: Any) -> Any:
    """A value that no argument of this kind takes."""
    return "nonsense" if isinstance(value, dict | list) else {"non": "sense"}


GENERATED: list[tuple[str, Values, str]] = [
    *(
        (f"{case}: nonsense", replaced_at(raw, place, misfit(value_at(raw, place))), path_of(place))
        for case, raw in RIGHT.items()
        for place in judged(raw)
    ),
    *(
        (f"{case}: more", replaced_at(raw, (*at, "nonsense"), 1), path_of((*at, "nonsense")))
        for case, raw in RIGHT.items()
        for at in ((), *judged(raw))
        if isinstance(value_at(raw, at), dict) and not any(one in FREE for one in at)
    ),
]


def test_nonsense_anywhere_is_refused_there_and_nowhere_else() -> None:
    assert len(GENERATED) > 1000
    found = {
        (case, path): {failure.path for failure in check(raw).failures}
        for case, raw, path in GENERATED
    }
    assert {key: paths for key, paths in found.items() if paths != {key[1]}} == {}


def test_there_are_hundreds_of_prepared_mistakes() -> None:
    assert len(WRONG) > 250


Column = tuple[Values, list[Place]]
NAMES = st.text(min_size=1, max_size=4)
LEAF_TYPES = ("string", "number", "integer", "boolean")


def numbered(tree: Any, at: Place = (), found: list[Place] | None = None) -> list[Place]:
    """Give every leaf of a mapping rule a column of its own, in place; answer where they are."""
    found = [] if found is None else found
    if tree["type"] in LEAF_TYPES:
        tree["index"] = len(found)
        found.append((*at, "index"))
    elif tree["type"] == "object":
        for key, one in tree["properties"].items():
            numbered(one, (*at, "properties", key), found)
    else:
        for position, one in enumerate(tree["items"]):
            numbered(one, (*at, "items", position), found)
    return found


TREES = st.recursive(
    st.sampled_from(LEAF_TYPES).map(lambda kind: {"type": kind}),
    lambda inner: st.one_of(
        st.dictionaries(NAMES, inner, max_size=3).map(
            lambda found: {"type": "object", "properties": found}
        ),
        st.lists(inner, max_size=3).map(lambda found: {"type": "array", "items": found}),
    ),
    max_leaves=8,
)


@how(max_examples=200, deadline=None, derandomize=True)
@given(TREES, st.data())
def test_a_mistake_in_a_mapping_rule_is_told_at_its_leaf(tree: Any, data: st.DataObject) -> None:
    tree = copy.deepcopy(tree)
    leaves = numbered(tree)
    assert check(csv(tree)).failures == []
    if not leaves:
        return
    place = data.draw(st.sampled_from(leaves))
    wrong = data.draw(st.sampled_from([None, -2, 0.5, "1", [], {}, "twice"]))
    if wrong == "twice" and len(leaves) > 1:
        wrong = next(value_at(tree, one) for one in leaves if one != place)
    broken = replaced_at(tree, place, wrong)
    (failure,) = check(csv(broken)).failures
    keys = [f"[{key!r}]" for key in place]
    if not isinstance(wrong, int):
        assert failure.path == "config[0].mapping_rule" + "".join(keys)
    assert failure.path.startswith("config[0].mapping_rule[")


ANYTHING = st.recursive(
    st.one_of(
        st.none(),
        st.just(UNKNOWN),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=5),
        st.sampled_from(
            ["real-time", "batch", "edge", "custom", "csv", "file", "/", "object", "array"]
        ),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                ["type", "properties", "items", "index", "config", "nodes", "mount_path", "events"]
            ),
            inner,
            max_size=3,
        ),
    ),
    max_leaves=6,
)


@how(max_examples=1000, deadline=None, derandomize=True)
@given(st.data())
def test_whatever_is_given_is_judged_without_a_crash(data: st.DataObject) -> None:
    raw = RIGHT[data.draw(st.sampled_from(list(RIGHT)))]
    spots = data.draw(st.lists(st.sampled_from(places(raw)), unique=True, min_size=1, max_size=3))
    for spot in sorted(spots, key=len, reverse=True):
        raw = replaced_at(raw, spot, data.draw(ANYTHING))
    checked = check(raw)
    assert all(problem.show() for problem in checked.problems)
    if not checked.failures:
        assert check(checked.values).failures == [], "what passed passes again"
