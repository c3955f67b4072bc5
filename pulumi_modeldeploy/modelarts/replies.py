"""What ModelArts adds to an answer: objects that only the cloud fills in.

Source: the page "Obtaining Service Details" of the API reference.
"""

from __future__ import annotations

from pulumi_modeldeploy.core.declare import Reply, maybe, output, output_list


class CpuInfo(Reply):
    """Processors of a specification."""

    cpu = output(float)
    """Cores."""
    arch = output(str)
    """`x86` or `Arm`."""


class MemoryInfo(Reply):
    """Memory of a specification."""

    memory = output(int)
    """Amount, in `unit`."""
    unit = output(str)
    """Unit, such as `MB` or `GB`."""


class GpuInfo(Reply):
    """GPUs of a specification."""

    gpu = output(float)
    """Number."""
    brand = output(str)
    """Vendor."""
    version = output(str)
    """Model."""
    memory = output(int)
    """Memory, in `unit`."""
    unit = output(str)
    """Unit, such as `MB` or `GB`."""


class NpuInfo(Reply):
    """NPUs of a specification."""

    npu = output(int)
    """Number."""
    brand = output(str)
    """Vendor."""
    version = output(str)
    """Model."""
    memory = output(int)
    """Memory, in `unit`."""
    unit = output(str)
    """Unit, such as `MB` or `GB`."""


class SpecificationDetails(Reply):
    """A specification in words and numbers."""

    display_en = output(str)
    """Name in English."""
    display_cn = output(str)
    """Name in Chinese."""
    category = output(str)
    """`CPU`, `GPU` or `NPU`."""
    cpu_info = output(CpuInfo)
    """Processors."""
    memory_info = output(MemoryInfo)
    """Memory."""
    gpu_info = maybe(GpuInfo)
    """GPUs."""
    npu_info = maybe(NpuInfo)
    """NPUs."""


class Node(Reply):
    """An edge node that runs an instance."""

    id = output(str)
    """Id of the node."""
    name = output(str)
    """Name of the node."""
    description = output(str)
    """Description of the node."""
    node_label = output(str)
    """Label of the node."""
    instance_status = output(str)
    """State of the model instance: `running`, `stopped`, `notReady` or `failed`."""
    message = maybe(str)
    """Why `instance_status` is `failed` or `notReady`."""
    state = output(str)
    """State of the host: `RUNNING`, `FAIL` or `UNCONNECTED`."""
    predict_url = output(str)
    """URL that the node serves inference on."""
    host_name = output(str)
    """Host name."""
    host_ips = output_list(str)
    """Addresses of the host."""
    arch = output(str)
    """Architecture of the host."""
    os_name = output(str)
    """Operating system."""
    os_type = output(str)
    """Kind of operating system."""
    os_version = output(str)
    """Version of the operating system."""
    cpu = output(int)
    """CPU cores."""
    memory = output(int)
    """Memory in MB."""
    enable_gpu = output(bool)
    """Whether GPUs are enabled."""
    gpu_num = output(int)
    """GPUs."""
    deployment_num = output(int)
    """Application instances on the node."""
    created_at = output(str)
    """When the node was made, UTC."""
    updated_at = output(str)
    """When the node was changed last, UTC."""


class ConfigStatus(Reply):
    """What the cloud adds to one entry of `config`; the entries stand in the same order.

    What the entry itself says is not repeated: some of it may be secret.
    """

    model_name = output(str)
    """Name of the model."""
    model_version = output(str)
    """Version of the model."""
    source_type = maybe(str)
    """`auto` for models made by ExeML, else absent."""
    status = output(str)
    """`ready`, `notReady` or `concerning`; newer texts use the states of services."""
    specification_details = maybe(SpecificationDetails)
    """The flavour in words and numbers."""
    scaling = output(bool)
    """Whether the cloud changes the number of instances by itself."""
    support_debug = output(bool)
    """Whether the model can be debugged online."""
    start_time = maybe(int)
    """When a batch job began, milliseconds since 1970."""
    finished_time = maybe(int)
    """When a batch job ended, milliseconds since 1970."""
    nodes = output_list(Node)
    """Edge nodes."""
