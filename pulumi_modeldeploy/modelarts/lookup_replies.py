"""What lookups of ModelArts answer.

Sources: pages of the supported specifications, of the service list, of events, update logs and
monitoring, of the model list, and of the dedicated resource pools.
"""

from __future__ import annotations

from pulumi_modeldeploy.core.declare import Reply, maybe, output, output_list
from pulumi_modeldeploy.modelarts.replies import CpuInfo, GpuInfo, MemoryInfo, NpuInfo


class Specification(Reply):
    """A specification that services can be deployed on."""

    specification = output(str)
    """Its id, such as `modelarts.vm.cpu.2u`: what `specification` of a service's `config` takes."""
    billing_spec = output(str)
    """Id under which it is billed."""
    category = output(str)
    """`CPU`, `GPU` or `NPU`."""
    display_en = output(str)
    """Name in English."""
    display_cn = output(str)
    """Name in Chinese."""
    cpu_info = maybe(CpuInfo)
    """Processors."""
    memory_info = maybe(MemoryInfo)
    """Memory."""
    gpu_info = maybe(GpuInfo)
    """GPUs; where there are none, the cloud may say so by a number of 0."""
    npu_info = maybe(NpuInfo)
    """NPUs; where there are none, the cloud may say so by a number of 0."""
    is_open = output(bool)
    """Whether it may be used; if not, it is applied for by a ticket."""
    spec_status = output(str)
    """State: `normal`, or what else the cloud says."""
    source_type = maybe(str)
    """`auto` where it is for models made by ExeML, else empty or absent."""
    is_free = output(bool)
    """Whether it costs nothing; then one entry in `config` is the most."""
    over_quota = output(bool)
    """Whether the account's quota of it is used up."""
    extend_params = output(int)
    """Item that it is billed by."""


class ScheduleEntry(Reply):
    """When a service stops by itself."""

    type = output(str)
    """`stop`."""
    time_unit = output(str)
    """`DAYS`, `HOURS` or `MINUTES`."""
    duration = output(int)
    """Number of units."""


class ServiceEntry(Reply):
    """A service of the project, as lists show it: without its configuration and its address."""

    service_id = output(str)
    """Its id."""
    service_name = output(str)
    """Its name, unique in the project."""
    description = output(str)
    """Free text, with the mark of this package where it is on the service."""
    infer_type = output(str)
    """`real-time`, `batch` or `edge`."""
    status = output(str)
    """State, such as `running` or `failed`."""
    workspace_id = output(str)
    """Workspace that it belongs to."""
    progress = maybe(int)
    """Progress of a deployment in percent."""
    error_msg = maybe(str)
    """Why it failed."""
    tenant = output(str)
    """Account that it belongs to."""
    project = output(str)
    """Cloud project that it belongs to."""
    owner = output(str)
    """User that it belongs to."""
    publish_at = output(int)
    """When it was published last, milliseconds since 1970."""
    update_time = maybe(int)
    """When its configuration was changed last, milliseconds since 1970."""
    transition_at = maybe(int)
    """When its state changed last, milliseconds since 1970."""
    operation_time = maybe(int)
    """When the cloud was asked, milliseconds since 1970."""
    due_time = maybe(int)
    """When it will stop by itself, milliseconds since 1970."""
    start_time = maybe(int)
    """When a batch job began, milliseconds since 1970."""
    finished_time = maybe(int)
    """When a batch job ended, milliseconds since 1970."""
    schedule = output_list(ScheduleEntry)
    """When it stops by itself."""
    invocation_times = output(int)
    """Requests served in all."""
    failed_times = output(int)
    """Requests that failed in all."""
    is_shared = output(bool)
    """Whether others subscribed to it."""
    shared_count = output(int)
    """How many did."""
    is_free = output(bool)
    """Whether a free specification is used."""
    is_opened_sample_collection = maybe(bool)
    """Whether data of requests are collected."""


class ModelSpecification(Reply):
    """What a model needs at least; empty where nothing was said."""

    min_cpu = maybe(str)
    """Cores."""
    min_gpu = maybe(str)
    """GPUs."""
    min_memory = maybe(str)
    """Memory."""


class Model(Reply):
    """A version of a model (an AI application)."""

    model_id = output(str)
    """Its id: what `model_id` of a service's `config` takes."""
    model_name = output(str)
    """Its name, which all versions share."""
    model_version = output(str)
    """Its version, such as `1.0.0`."""
    model_type = output(str)
    """Kind of model, such as `TensorFlow`, `PyTorch` or `Image`."""
    model_status = output(str)
    """`published`, `publishing`, `failed`, `building` or `building_failed`; only published ones can
    be deployed."""
    model_size = output(int)
    """Size in bytes."""
    install_type = output_list(str)
    """Kinds of services that it can be deployed as: `real-time`, `batch`, `edge`."""
    specification = maybe(ModelSpecification)
    """What it needs at least."""
    description = output(str)
    """Free text."""
    workspace_id = output(str)
    """Workspace that it belongs to."""
    create_at = output(int)
    """When it was made, milliseconds since 1970."""
    owner = output(str)
    """User that it belongs to."""
    project = output(str)
    """Cloud project that it belongs to."""
    tenant = output(str)
    """Account that it belongs to."""
    source_type = maybe(str)
    """`auto` where it was made by ExeML."""
    model_source = maybe(str)
    """Where it comes from: `auto` (ExeML), `algos` (a built-in algorithm) or `custom`."""
    market_flag = maybe(bool)
    """Whether it was subscribed to in the gallery."""
    tunable = maybe(bool)
    """Whether it can be tuned."""
    publishable_flag = maybe(bool)
    """Whether it can be published in the gallery."""


class ClusterNodes(Reply):
    """The nodes of a pool."""

    specification = output(str)
    """Their specification."""
    count = output(int)
    """How many there are."""
    available_count = output(int)
    """How many of them work."""


class ClusterServices(Reply):
    """The services in a pool."""

    realtime_count = output(int)
    """Real-time services."""
    batch_count = output(int)
    """Batch services."""


class Cluster(Reply):
    """A dedicated resource pool."""

    cluster_id = output(str)
    """Its id: what `cluster_id` of a service takes."""
    cluster_name = output(str)
    """Its name."""
    description = output(str)
    """Free text."""
    status = output(str)
    """`running`, `deploying`, `concerning` or `abnormal`."""
    nodes = maybe(ClusterNodes)
    """Its nodes."""
    allocatable_cpu_cores = output(float)
    """CPU cores that are left."""
    allocatable_memory = output(int)
    """Memory that is left, in MB."""
    allocatable_gpus = output(float)
    """GPUs that are left."""
    services_count = maybe(ClusterServices)
    """Services in it."""
    max_node_count = maybe(int)
    """Nodes that it may have."""
    charging_mode = maybe(str)
    """How it is billed."""
    period_type = maybe(str)
    """Unit of the period that was paid in advance: `year` or `month`."""
    period_num = maybe(int)
    """Number of these."""
    product_id = maybe(str)
    """Id of the product that was ordered."""
    order_id = maybe(str)
    """Id of the order."""
    created_at = output(int)
    """When it was made, milliseconds since 1970."""
    owner = output(str)
    """User that it belongs to."""
    project = output(str)
    """Cloud project that it belongs to."""
    tenant = output(str)
    """Account that it belongs to."""


class Event(Reply):
    """Something that happened to a service."""

    event_type = output(str)
    """`normal` or `abnormal`."""
    event_info = output(str)
    """What happened, in the cloud's words."""
    occur_time = output(int)
    """When, milliseconds since 1970."""


class UpdatedSpec(Reply):
    """A specification made to measure."""

    cpu = output(float)
    """Cores."""
    memory = output(int)
    """Memory in MB."""
    gpu_p4 = maybe(float)
    """GPUs."""
    ascend_a310 = maybe(int)
    """Ascend chips."""


class UpdatedConfig(Reply):
    """One entry of the configuration that an update brought.

    Without environment variables and free properties: some of them may be secret.
    """

    model_id = output(str)
    """Id of the model."""
    model_name = maybe(str)
    """Name of the model."""
    model_version = maybe(str)
    """Version of the model."""
    weight = maybe(int)
    """Share of the traffic in percent."""
    specification = maybe(str)
    """Id of the specification."""
    custom_spec = maybe(UpdatedSpec)
    """What it has, where `specification` is `custom`."""
    instance_count = maybe(int)
    """Number of instances."""
    cluster_id = maybe(str)
    """Dedicated resource pool of the old generation."""
    pool_name = maybe(str)
    """Dedicated resource pool of the new generation."""


class NodeUpdate(Reply):
    """What an update did on an edge node."""

    node_id = output(str)
    """Id of the node."""
    node_name = output(str)
    """Name of the node."""
    operation = output(str)
    """`deploy` or `delete`."""
    result = output(bool)
    """Whether it went well."""


class UpdateLogEntry(Reply):
    """One change of a service's configuration, and what came of it."""

    update_time = output(int)
    """When it was asked for, milliseconds since 1970."""
    result = output(str)
    """`SUCCESS`, `FAIL` (the cloud went back to the former configuration) or `RUNNING`."""
    config = output_list(UpdatedConfig)
    """The configuration that was asked for."""
    cluster_id = maybe(str)
    """Dedicated resource pool of the service."""
    success_num = maybe(int)
    """Edge nodes where it went well."""
    failed_num = maybe(int)
    """Edge nodes where it failed."""
    result_detail = output_list(NodeUpdate)
    """What became of each edge node."""


class ModelMonitor(Reply):
    """The load of one model version of a service, or of an edge node."""

    model_id = output(str)
    """Id of the model."""
    model_name = output(str)
    """Name of the model."""
    model_version = output(str)
    """Version of the model."""
    invocation_times = output(int)
    """Requests served in all."""
    failed_times = output(int)
    """Requests that failed in all."""
    model_instance_count = maybe(int)
    """Instances that there should be."""
    model_running_instance_count = maybe(int)
    """Instances that run."""
    cpu_core_usage = output(float)
    """CPU cores in use."""
    cpu_core_total = output(float)
    """CPU cores in all."""
    cpu_memory_usage = output(int)
    """Memory in use, in MB."""
    cpu_memory_total = output(int)
    """Memory in all, in MB."""
    gpu_usage = maybe(float)
    """GPUs in use."""
    gpu_total = maybe(float)
    """GPUs in all."""
    gpu_memory_usage = maybe(float)
    """Memory of GPUs in use, in MB."""
    gpu_memory_total = maybe(float)
    """Memory of GPUs in all, in MB."""
    npu_usage = maybe(float)
    """NPUs in use."""
    npu_total = maybe(float)
    """NPUs in all."""
    npu_memory_usage = maybe(float)
    """Memory of NPUs in use, in MB."""
    npu_memory_total = maybe(float)
    """Memory of NPUs in all, in MB."""
    node_id = maybe(str)
    """Id of the edge node."""
    node_name = maybe(str)
    """Name of the edge node."""


class Monitor(Reply):
    """The load of a service at the moment."""

    service_id = output(str)
    """Id of the service."""
    service_name = output(str)
    """Name of the service."""
    service_instance_count = output(int)
    """Instances that there should be."""
    service_running_instance_count = output(int)
    """Instances that run."""
    req_count_per_min = output(int)
    """Requests in the last minute."""
    monitors = output_list(ModelMonitor)
    """The load of each model version; of an edge service, of each node."""
