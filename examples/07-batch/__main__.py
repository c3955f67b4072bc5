"""A batch service: rows of CSV files in, one answer of the model for each out."""

import pulumi

from pulumi_modeldeploy import modelarts

config = pulumi.Config()
columns = ["sepal_length", "sepal_width", "petal_length", "petal_width"]

# The model's input is {"data": {"req_data": [{"sepal_length": ..., ...}]}}.
row = {
    "type": "object",
    "properties": {name: {"type": "number", "index": i} for i, name in enumerate(columns)},
}
rows = {"type": "object", "properties": {"req_data": {"type": "array", "items": [row]}}}

service = modelarts.Service(
    "iris",
    infer_type="batch",
    description="classifies the flowers of one month",
    config=[
        modelarts.ServiceConfigArgs(
            model_id=config.require("modelId"),
            specification="modelarts.vm.cpu.2u",
            instance_count=1,
            src_path=config.require("input"),
            dest_path=config.require("output"),
            req_uri="/",
            mapping_type="csv",
            mapping_rule={"type": "object", "properties": {"data": rows}},
        ),
    ],
)

pulumi.export("status", service.status)
