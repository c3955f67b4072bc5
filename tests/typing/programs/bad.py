"""Mistakes of users: each statement with a comment "wrong: ..." must be reported, no other."""

# ruff: noqa: B018 - a misspelt attribute is read to be reported

import pulumi

import pulumi_modeldeploy
from pulumi_modeldeploy import modelarts, pai, zstack

pulumi_modeldeploy.modelart  # wrong: misspelt

entry = modelarts.ServiceConfigArgs(model_id="m", specification="s", instance_count=1, weight=100)
resolved: pulumi.Output[int] = pulumi.Output.from_input(1)

modelarts.Service(  # wrong: infer_type is missing
    "missing", config=[entry]
)
modelarts.Service(  # wrong: config is missing
    "missing-config", infer_type="real-time"
)
modelarts.Service(  # wrong: the name of the resource is missing
    infer_type="real-time", config=[entry]
)
modelarts.Service(
    "misspelt",
    infer_type="real-time",
    config=[entry],
    descriptoin="d",  # wrong: misspelt
)
modelarts.Service(
    "ill-typed",
    infer_type=1,  # wrong: a text is needed
    config=[entry],
)
modelarts.Service(
    "ill-typed-output",
    infer_type="real-time",
    config=[entry],
    vpc_id=resolved,  # wrong: an Output of a number
)
modelarts.Service(
    "no-list",
    infer_type="real-time",
    config=entry,  # wrong: a list is needed
)
modelarts.Service(
    "other-object",
    infer_type="real-time",
    config=[
        modelarts.ScheduleArgs(  # wrong: not this kind of object
            type="stop", time_unit="HOURS", duration=1
        )
    ],
)
modelarts.Service(
    "output-as-argument",
    infer_type="real-time",
    config=[entry],
    status="running",  # wrong: set by the cloud
)
modelarts.Service(
    "positional",
    None,
    "real-time",  # wrong: arguments have names
    config=[entry],
)
modelarts.ServiceConfigArgs(  # wrong: specification is missing
    model_id="m", instance_count=1, weight=100
)
modelarts.ServiceConfigArgs(
    model_id="m",
    specification="s",
    mapping_rule="csv",  # wrong: a tree is an object
)
modelarts.ServiceConfigArgs(
    model_id="m",
    specification="s",
    nodes=[1],  # wrong: ids of nodes are texts
)
modelarts.ServiceConfigArgs(
    model_id="m",
    specification="s",
    instance_count=1,
    wieght=100,  # wrong: misspelt
)
modelarts.ServiceConfigArgs(
    model_id="m",
    specification="s",
    instance_count="one",  # wrong: a number is needed
)
modelarts.ServiceConfigArgs(
    model_id="m",
    specification="s",
    instance_count=1,
    envs={"COUNT": 1},  # wrong: environment variables are texts
)

service = modelarts.Service("right", infer_type="real-time", config=[entry])
service.acces_address  # wrong: misspelt
service.access_address = "x"  # wrong: read only
text: str = service.access_address  # wrong: an Output, not a text
number: pulumi.Output[int] = service.access_address  # wrong: a text, not a number
service.config.apply(lambda c: c[0].wieght)  # wrong: misspelt
service.config.apply(lambda c: c.weight)  # wrong: a list
service.config_status.apply(lambda c: c[0].model_naem)  # wrong: misspelt
service.due_time.apply(lambda due: due / 1000)  # wrong: may be absent
modelarts.Service(service.id, infer_type="real-time", config=[entry])  # wrong: a name is no Output

modelarts.get_events()  # wrong: of which service
modelarts.get_events(service_id=service.id)  # wrong: an Output, not a text
modelarts.get_monitor_output(service_id=resolved)  # wrong: an Output of a number
modelarts.get_specifications(is_free="true")  # wrong: a truth, not a text
modelarts.get_model(model_name="x").model_naem  # wrong: misspelt

zstack.get_model_center(nam="x")  # wrong: misspelt
zstack.get_model_center("x")  # wrong: filters have names
zstack.get_model_center(name=service.id)  # wrong: an Output, not a text
zstack.get_model_center_output(name=resolved)  # wrong: an Output of a number
zstack.get_zone(name="x").uid  # wrong: misspelt
zstack.ModelServiceDeployment("d", zone_uuid="z", type="Container")  # wrong: no model service
runs = zstack.ModelServiceDeployment(
    "runs",
    model_service_uuid=service.id,
    zone_uuid=1,  # wrong: a text
    type="Container",
    l3_networks=["n"],  # wrong: misspelt
    environment_variables=["A"],  # wrong: a map
)
runs.url = "x"  # wrong: an output
modelarts.Service.get("there")  # wrong: which one
modelarts.Service.get("there", 1)  # wrong: an id is a text
modelarts.Service.get("there", "id", config=[entry])  # wrong: it is only read
modelarts.Service.get("there", "id").acces_address  # wrong: misspelt
text = modelarts.Service.get("there", "id").status  # wrong: an Output, not a text
runs.instances.apply(lambda found: found[0].ulr)  # wrong: misspelt

pai.AppService(  # wrong: replicas is missing
    "missing", app_type="LLM", service_spec="llama_7b_fp16"
)
llama = pai.AppService(
    "llama",
    app_type="LLM",
    service_spec="llama_7b_fp16",
    replicas="1",  # wrong: a number is needed
    config=["oss"],  # wrong: an object
    labels={"team": 1},  # wrong: labels are texts
    workspaceid="7",  # wrong: misspelt
    access_token="t",  # wrong: set by the cloud
)
llama.acces_token  # wrong: misspelt
text = llama.access_token  # wrong: an Output, not a text
llama.config.apply(lambda config: config.items())  # wrong: may be absent
pai.get_services(label={"team": "a"})  # wrong: misspelt
pai.get_services(labels={"team": 1})  # wrong: labels are texts
pai.get_service(service_name="x").access_token  # wrong: only with its endpoints
pai.get_service_events()  # wrong: of which service
pai.get_service_events(service_name=llama.service_name)  # wrong: an Output, not a text
pai.get_service_events_output(service_name=resolved)  # wrong: an Output of a number
text = pai.get_service_endpoints(service_name="x").access_token  # wrong: a secret Output
pai.AppService.get("there")  # wrong: which one
