"""A provider of other packages' resources, which takes what it is given and does nothing.

The rules about security groups judge resources whose own plugins a test machine cannot get.
"""
# ruff: noqa: N802  (the names of the methods are the engine's)

from __future__ import annotations

import sys
from concurrent import futures
from typing import Any

import grpc
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc
from pulumi.runtime.rpc import UNKNOWN

COMPUTED = ("action", "remoteGroupId", "remoteAddressGroupId", "priority")
"""Properties of rules of groups that Huawei Cloud's provider fills in."""


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """Answers what the engine asks."""

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        del request, context
        return plugin_pb2.PluginInfo(version="1.0.0")

    def CheckConfig(self, request: Any, context: Any) -> Any:
        del context
        return provider_pb2.CheckResponse(inputs=request.news)

    def Configure(self, request: Any, context: Any) -> Any:
        del request, context
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    def Check(self, request: Any, context: Any) -> Any:
        del context
        return provider_pb2.CheckResponse(inputs=request.news)

    def Diff(self, request: Any, context: Any) -> Any:
        del request, context
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    def Create(self, request: Any, context: Any) -> Any:
        del context
        if not request.preview:
            return provider_pb2.CreateResponse(id="made", properties=request.properties)
        given = json_format.MessageToDict(request.properties)
        properties = struct_pb2.Struct()
        # Providers that are bridged from Terraform's say so of what they fill in themselves. With a
        # group that is a text, nobody can tell that from what the program gives.
        if given.get("securityGroupId") == UNKNOWN:
            properties.update(dict.fromkeys(COMPUTED, UNKNOWN))
        properties.update(given)
        return provider_pb2.CreateResponse(properties=properties)

    def Delete(self, request: Any, context: Any) -> Any:
        del request, context
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: Any) -> Any:
        del request, context
        return empty_pb2.Empty()


def main() -> None:
    """Serve until the engine ends the process."""
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Provider(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    server.wait_for_termination()


if __name__ == "__main__":
    main()
