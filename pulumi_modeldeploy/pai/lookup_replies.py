"""What lookups of PAI answer.

Sources: structure `Service`; pages of ListServices, DescribeService, DescribeServiceEvent and
DescribeServiceEndpoints. What may hold secrets of whoever made a service is left out: its generated
configuration, keys of `Config` that no page knows, and the token, except where it is asked for.
"""

from __future__ import annotations

from pulumi_modeldeploy.core.declare import (
    Reply,
    maybe,
    output,
    output_list,
    output_map,
    output_secret,
)
from pulumi_modeldeploy.pai.service import pascal


class AppConfig(Reply, spelled=pascal):
    """Where the model of an app service lies."""

    model_storage = maybe(str)
    """`oss` or `nas`."""
    oss_path = maybe(str)
    """Directory in OSS."""
    nas_mount_target = maybe(str)
    """Mount target of NAS."""
    nas_path = maybe(str)
    """Path on NAS."""
    vpc_id = maybe(str, "VpcID")
    """VPC of the mount target."""
    vswitch_id = maybe(str, "VswitchID")
    """vSwitch of the mount target."""
    security_group_id = maybe(str, "SecurityGroupID")
    """Security group of the mount target."""


class ServiceEntry(Reply, spelled=pascal):
    """A service, as lists show it: without its address. What it does not have is empty or `None`.

    Not only app services: those that were deployed in another way have no `app_type`.
    """

    service_id = output(str)
    """Its id, `eas-m-...`; another one under the same name is another service."""
    service_name = output(str)
    """Its name, unique in the region across all accounts."""
    app_type = maybe(str)
    """Type of the application, such as `LLM`."""
    app_version = maybe(str)
    """Version of the application."""
    service_spec = maybe(str, "AppSpecName")
    """Specification: model and precision, such as `llama_7b_fp16`."""
    config = maybe(AppConfig, "AppConfig")
    """Where the model lies."""
    status = output(str)
    """State, such as `Running` or `Failed`."""
    reason = output(str)
    """Cause of the state, in one word."""
    message = output(str)
    """What the cloud says about the state."""
    region = output(str)
    """Region that it lives in."""
    namespace = output(str)
    """Namespace of the instances."""
    workspace_id = maybe(str)
    """Workspace that it belongs to."""
    quota_id = maybe(str)
    """Resource quota that the instances use."""
    labels = output_map(str)
    """Labels, key to value, with the mark of this package where it is on the service."""
    safety_lock = maybe(str)
    """Lock against mistakes: `none`, `dangerous` or `all`."""
    total_instance = output(int)
    """Instances that there should be; 0 while it is stopped."""
    running_instance = output(int)
    """Instances that run."""
    pending_instance = output(int)
    """Instances that do not run yet."""
    current_version = output(int)
    """Version of the configuration that is deployed, from 1."""
    latest_version = output(int)
    """Last version of the configuration."""
    cpu = output(int)
    """CPU cores of an instance."""
    gpu = output(int)
    """GPUs of an instance."""
    memory = output(int)
    """Memory of an instance in MB."""
    image = maybe(str)
    """Image that instances run."""
    resource = maybe(str)
    """Resource group that the instances use."""
    gateway = maybe(str)
    """Gateway that it is reached through."""
    service_group = maybe(str)
    """Group that it belongs to."""
    weight = maybe(int)
    """Its share of the group's traffic."""
    traffic_state = maybe(str)
    """`standalone`, or `grouping` where it takes part in the group's traffic."""
    role = maybe(str)
    """Role, such as `Standard`."""
    autoscaler_enabled = maybe(bool)
    """Whether it is scaled by its load."""
    cronscaler_enabled = maybe(bool)
    """Whether it is scaled by the clock."""
    caller_uid = output(str)
    """User that made it."""
    parent_uid = output(str)
    """Account that it belongs to."""
    create_time = output(str)
    """When it was made, as 2026-01-02T03:04:05Z."""
    update_time = output(str)
    """When it was changed last, as 2026-01-02T03:04:05Z."""


class ServiceDetails(ServiceEntry):
    """A service with its addresses."""

    internet_endpoint = maybe(str)
    """URL of the service in the internet."""
    intranet_endpoint = maybe(str)
    """URL of the service within the region's VPCs."""
    secondary_internet_endpoint = maybe(str)
    """URL of the results of an asynchronous service in the internet."""
    secondary_intranet_endpoint = maybe(str)
    """URL of the results of an asynchronous service within the region's VPCs."""


class ServiceEvent(Reply, spelled=pascal):
    """Something that happened to a service."""

    type = output(str)
    """`Normal` or `Warning`."""
    reason = output(str)
    """What happened, in one word, such as `Updating`."""
    message = output(str)
    """What happened, in the cloud's words; often a JSON text with a `message` of its own."""
    time = output(str)
    """When, in UTC, as 2026-01-02 03:04:05."""
    resource = maybe(str)
    """What it happened to: the service, or one of its instances."""


class Endpoint(Reply, spelled=pascal):
    """A way to reach a service."""

    endpoint_type = output(str)
    """`DefaultGateway`, `PrivateGateway`, `Nlb` or `Nacos`."""
    backend_id = maybe(str)
    """Id of the gateway, the load balancer or the registry; `default` for the default gateway."""
    path_type = maybe(str)
    """Whether it leads to the service (`Service`) or to its group (`Group`)."""
    internet_endpoints = output_list(str)
    """Addresses in the internet."""
    intranet_endpoints = output_list(str)
    """Addresses within VPCs."""
    port = maybe(int)
    """Port, where the address has none."""


class ServiceEndpoints(Reply, spelled=pascal):
    """All ways to reach a service, and the token that opens them."""

    service_name = output(str)
    """Name of the service."""
    access_token = output_secret(str)
    """Token that requests carry in the header `Authorization`: an Output that is secret, so that it
    is encrypted in the state and not shown."""
    endpoints = output_list(Endpoint)
    """The ways to reach it."""
