"""What ZStack adds to an answer: objects that only the cloud fills in.

Sources: the inventories of the developer guide and of the Java SDK. The cloud leaves out what is
null, and newer servers know more fields than older ones: such outputs are `maybe`. Dates are texts
in the server's own time, such as `Nov 14, 2017 10:20:57 PM`.
"""

from __future__ import annotations

from pulumi_modeldeploy.core.declare import Reply, maybe, output, output_list, output_map
from pulumi_modeldeploy.core.values import camel


class ModelServiceRef(Reply, spelled=camel):
    """A model that a model service is bound to."""

    uuid = output(str)
    """Uuid of the binding."""
    model_uuid = output(str)
    """Uuid of the model."""
    model_service_uuid = output(str)
    """Uuid of the model service."""
    is_default = maybe(bool)
    """Whether the model is served by this model service by default; since 5.5."""


class ModelServiceImage(Reply, spelled=camel):
    """The images of a model service on one architecture; an update may give it a new uuid."""

    uuid = output(str)
    """Uuid of the entry, not of an image."""
    model_service_uuid = output(str)
    """Uuid of the model service."""
    cpu_architecture = output(str)
    """Architecture of the processors, such as `x86_64`."""
    vm_image_uuid = maybe(str)
    """Image of virtual machines."""
    docker_image = maybe(str)
    """Image of containers."""
    gpu_vendor = maybe(str)
    """Vendor of the GPUs that the images are made for; since 5.3.40."""
    create_date = output(str)
    """When the entry was made."""
    last_op_date = output(str)
    """When the entry was changed last."""


class ModelServiceEntry(Reply, spelled=camel):
    """A model service as a query shows it."""

    uuid = output(str)
    """Uuid of the model service."""
    name = output(str)
    """Name, which need not be unique."""
    description = maybe(str)
    """Description."""
    readme = maybe(str)
    """Longer description, which shipped and cloned model services have."""
    yaml = output(str)
    """Configuration; updates of single values rewrite it."""
    request_cpu = output(int)
    """CPUs that an instance needs."""
    request_memory = output(int)
    """Memory that an instance needs, in the unit that it was given in."""
    model_center_uuid = output(str)
    """Uuid of the model center."""
    type = output(str)
    """`Endpoint`, `FineTune`, `ModelEval` or `App`."""
    framework = maybe(str)
    """Framework, such as `vLLM`."""
    source = maybe(str)
    """`Other`, `Bentoml` or `HuggingFace`."""
    size = output(int)
    """Bytes in the model center."""
    system = output(bool)
    """Whether it was shipped with the cloud."""
    has_new_version = maybe(bool)
    """Whether there is a newer version; since 5.5."""
    version = maybe(str)
    """Version; since 5.5."""
    gpu_compute_capability = maybe(str)
    """Compute capability that GPUs need, such as `7.5`."""
    install_path = output(str)
    """Where the package of the service lies."""
    python_version = maybe(str)
    """Version of Python."""
    conda_version = maybe(str)
    """Version of Conda."""
    start_command = output(str)
    """Command that starts the service."""
    container_command = maybe(str)
    """Command of containers."""
    container_args = maybe(str)
    """Arguments of `container_command`, as one text."""
    support_distributed = output(bool)
    """Whether it can be deployed across several instances."""
    cpu_architectures = output_list(str)
    """Architectures that there are images for."""
    vendor_to_spec_uuids_map = output_map(list)
    """Vendor of GPUs -> uuids of the GPU specifications that the service runs on."""
    model_service_refs = output_list(ModelServiceRef)
    """Models that it is bound to."""
    model_service_images = output_list(ModelServiceImage)
    """Images by architecture."""
    create_date = output(str)
    """When it was made."""
    last_op_date = output(str)
    """When it was changed last."""


class Instance(Reply, spelled=camel):
    """One running copy of a deployed model service.

    Its own configuration is left out: it repeats environment variables, which may be secret.
    """

    uuid = output(str)
    """Uuid of the instance."""
    name = maybe(str)
    """Name of the instance."""
    model_service_group_uuid = output(str)
    """Uuid of the deployment."""
    status = output(str)
    """State of the instance, such as `Deploying` or `Running`."""
    url = maybe(str)
    """URL that the instance serves on."""
    url_maps = output_map(str)
    """Further URLs by name."""
    internal_url = maybe(str)
    """URL within the cloud."""
    jupyter_url = maybe(str)
    """URL of the notebook."""
    vm_instance_uuid = maybe(str)
    """Uuid of the virtual machine."""
    node_rank = maybe(int)
    """Position among the nodes of a distributed deployment."""
    cluster_id = maybe(int)
    """Number of the container cluster."""
    namespace = maybe(str)
    """Namespace in the container cluster."""
    account_uuid = maybe(str)
    """Uuid of the account that it belongs to."""
    create_date = output(str)
    """When it was made."""
    last_op_date = output(str)
    """When it was changed last."""


class DatasetRef(Reply, spelled=camel):
    """A data set that a deployment uses."""

    uuid = output(str)
    """Uuid of the binding."""
    dataset_uuid = output(str)
    """Uuid of the data set."""
    model_service_instance_group_uuid = output(str)
    """Uuid of the deployment."""


class Capacity(Reply, spelled=camel):
    """How the storage of a model center is used, in bytes."""

    uuid = maybe(str)
    """Uuid of the model center."""
    model_used_capacity = maybe(int)
    """Used by models."""
    model_service_used_capacity = maybe(int)
    """Used by model services."""
    dataset_used_capacity = maybe(int)
    """Used by data sets."""
    fine_tune_used_capacity = maybe(int)
    """Used by fine-tuning."""
    model_evaluation_used_capacity = maybe(int)
    """Used by evaluations."""
    temporary_used_capacity = maybe(int)
    """Used by temporary files."""
    cache_used_capacity = maybe(int)
    """Used by caches."""
    installation_used_capacity = maybe(int)
    """Used by installations; older servers only."""
    available_capacity = maybe(int)
    """Free; since 5.5."""
    total_capacity = maybe(int)
    """Free and used together; since 5.5."""


class ModelCenter(Reply, spelled=camel):
    """A model center: the storage of models and the agent that serves them."""

    uuid = output(str)
    """Uuid of the model center."""
    name = output(str)
    """Name."""
    description = maybe(str)
    """Description."""
    url = output(str)
    """Storage, such as `192.168.10.12:/ai/model_center`."""
    status = output(str)
    """State of the connection; the vendor publishes no list."""
    parameters = maybe(str)
    """Parameters of the storage."""
    management_ip = output(str)
    """Address of the agent."""
    management_port = output(int)
    """Port of the agent."""
    storage_network_uuid = maybe(str)
    """Network to the storage."""
    service_network_uuid = maybe(str)
    """Network that services are reached through; deployments without networks get it."""
    container_registry = maybe(str)
    """Registry of container images."""
    container_storage_network = maybe(str)
    """Network between containers and the storage."""
    container_network = maybe(str)
    """Network of containers."""
    capacity = maybe(Capacity)
    """Use of the storage."""
    create_date = output(str)
    """When it was made."""
    last_op_date = output(str)
    """When it was changed last."""


class Model(Reply, spelled=camel):
    """A model in a model center."""

    uuid = output(str)
    """Uuid of the model."""
    name = output(str)
    """Name."""
    description = maybe(str)
    """Description."""
    install_path = output(str)
    """Where the files lie."""
    parameters = maybe(str)
    """Parameters."""
    model_center_uuid = output(str)
    """Uuid of the model center."""
    logo = maybe(str)
    """Picture."""
    vendor = maybe(str)
    """Who made the model."""
    model_id = maybe(str)
    """Id of the model where it comes from."""
    introduction = maybe(str)
    """Longer description."""
    size = maybe(int)
    """Bytes in the model center."""
    version = maybe(str)
    """Version."""
    type = maybe(str)
    """Kind of model."""
    min_gpu_memory = maybe(int)
    """Memory that its GPUs have at least."""
    version_semver = maybe(str)
    """Version, in a form that can be compared."""
    is_latest_version = maybe(bool)
    """Whether there is no newer version."""
    artifact_checksum = maybe(str)
    """Checksum of the files."""
    artifact_size_bytes = maybe(int)
    """Bytes of the files."""
    architecture_type = maybe(str)
    """Architecture of the model."""
    framework_version = maybe(str)
    """Version of the framework that it was made for."""
    required_accelerator = maybe(str)
    """Accelerator that it needs."""
    recommended_gpu_num = maybe(int)
    """How many GPUs it had best have."""
    gpu_constraint_description = maybe(str)
    """What its GPUs must be like, in words."""
    model_service_refs = output_list(ModelServiceRef)
    """Model services that it is bound to."""
    create_date = output(str)
    """When it was made."""
    last_op_date = output(str)
    """When it was changed last."""


class GpuSpec(Reply, spelled=camel):
    """A kind of GPU; `vendor_to_spec_uuids_map` of a model service refers to it."""

    uuid = output(str)
    """Uuid of the specification."""
    name = output(str)
    """Name."""
    description = maybe(str)
    """Description."""
    vendor_id = maybe(str)
    """Vendor's PCI id."""
    vendor = maybe(str)
    """Vendor, such as `NVIDIA`."""
    device_id = maybe(str)
    """Device's PCI id."""
    device = maybe(str)
    """Device in words."""
    subvendor_id = maybe(str)
    """PCI id of the card's vendor."""
    subdevice_id = maybe(str)
    """PCI id of the card."""
    ram_size = maybe(str)
    """Memory in words."""
    max_part_num = maybe(int)
    """Parts that a device can be split into."""
    type = output(str)
    """Kind of PCI device, such as `GPU_3D_Controller`."""
    state = output(str)
    """`Enabled` or `Disabled`."""
    is_virtual = maybe(bool)
    """Whether it is a part of a device."""
    rom_version = maybe(str)
    """Version of the ROM."""
    rom_md5sum = maybe(str)
    """MD5 sum of the ROM."""
    max_available_devices_per_host = maybe(int)
    """Most free devices that a single host has."""
    memory = maybe(int)
    """Memory in bytes."""
    gpu_type = maybe(str)
    """Kind of GPU."""
    isolated = maybe(bool)
    """Whether devices are isolated."""
    create_date = output(str)
    """When it was made."""
    last_op_date = output(str)
    """When it was changed last."""


class Zone(Reply, spelled=camel):
    """A zone."""

    uuid = output(str)
    """Uuid of the zone."""
    name = output(str)
    """Name."""
    description = maybe(str)
    """Description."""
    type = output(str)
    """Kind of zone."""
    state = output(str)
    """`Enabled` or `Disabled`."""
    is_default = maybe(bool)
    """Whether it is the default zone."""
    create_date = output(str)
    """When it was made."""
    last_op_date = output(str)
    """When it was changed last."""
