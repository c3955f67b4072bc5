"""PAI app services of Alibaba Cloud, and lookups of what runs there."""

from pulumi_modeldeploy.pai.lookup_replies import (
    AppConfig,
    Endpoint,
    ServiceDetails,
    ServiceEndpoints,
    ServiceEntry,
    ServiceEvent,
)
from pulumi_modeldeploy.pai.lookups import (
    get_service,
    get_service_endpoints,
    get_service_endpoints_output,
    get_service_events,
    get_service_events_output,
    get_service_output,
    get_services,
)
from pulumi_modeldeploy.pai.service import AppService

__all__ = [
    "AppConfig",
    "AppService",
    "Endpoint",
    "ServiceDetails",
    "ServiceEndpoints",
    "ServiceEntry",
    "ServiceEvent",
    "get_service",
    "get_service_endpoints",
    "get_service_endpoints_output",
    "get_service_events",
    "get_service_events_output",
    "get_service_output",
    "get_services",
]
