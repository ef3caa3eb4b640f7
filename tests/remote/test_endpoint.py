"""Where a node's component listens, and over which transport it is called."""

from typing import Any

import pytest

from servegraph.payload.envelope import Transport
from servegraph.remote.endpoint import Endpoint

BOTH = {"service_host": "h", "service_port": 9000, "httpPort": 9000, "grpcPort": 9500}


@pytest.mark.parametrize(
    ("document", "default", "callers", "chosen"),
    [
        (BOTH, None, "rest", "rest"),
        (BOTH, None, "grpc", "grpc"),
        (BOTH, "rest", "grpc", "rest"),
        (BOTH, "grpc", "rest", "grpc"),
        ({**BOTH, "type": "GRPC"}, "rest", "rest", "grpc"),
        ({**BOTH, "type": "REST"}, "grpc", "grpc", "rest"),
        ({"service_host": "h", "httpPort": 9000}, None, "grpc", "rest"),
        ({"service_host": "h", "grpcPort": 9500}, None, "rest", "grpc"),
        ({"service_host": "h", "service_port": 9000}, None, "rest", "rest"),
        ({"service_host": "h", "service_port": 9000, "type": "GRPC"}, None, "rest", "grpc"),
    ],
)
def test_transport_suits_component_and_caller(
    document: Any, default: Transport | None, callers: Transport, chosen: Transport
) -> None:
    endpoint = Endpoint.of(document, default)
    assert endpoint is not None
    assert endpoint.chosen(callers) == chosen


@pytest.mark.parametrize(
    "document", [None, {}, {"service_host": "h"}, {"httpPort": 9000}, {"service_host": "h", "httpPort": 0}]
)
def test_endpoint_without_host_or_port_is_none(document: Any) -> None:
    assert Endpoint.of(document, None) is None


def test_ipv6_address_has_brackets() -> None:
    endpoint = Endpoint.of({"service_host": "::1", "httpPort": 9000}, None)
    assert endpoint is not None
    assert endpoint.authority == "[::1]:9000"
