"""The ports of a component server, taken before anything is loaded."""

from contextlib import ExitStack
from dataclasses import dataclass

from servegraph.cli.component_options import ComponentOptions
from servegraph.errors import ConfigurationError
from servegraph.serving.component_port import SharedPort
from servegraph.serving.port import Port, keep_port


@dataclass(frozen=True, slots=True)
class Ports:
    """Bound, not yet listening. `grpc` is None without gRPC; where workers share the port, it only keeps it."""

    http: SharedPort
    metrics: Port
    grpc: Port | None


def take_ports(options: ComponentOptions) -> Ports:
    """Bind the ports.

    Raises:
        ConfigurationError: two of them are one and the same, or the host has no such address.
        PortInUse: another process listens on one of them.
    """
    numbers = [options.http_port, options.metrics_port, *([options.grpc_port] if options.grpc_workers else [])]
    if len(set(numbers)) < len(numbers):
        raise ConfigurationError(
            f"ports must differ, and are {', '.join(map(str, numbers))}",
            hint="choose others with --http-port, --metrics-port and --grpc-port",
        )
    with ExitStack() as failing:
        http = SharedPort(options.host, options.http_port, "--http-port")
        failing.callback(http.close)
        metrics = Port(options.host, options.metrics_port, "--metrics-port")
        failing.callback(metrics.close)
        bound = keep_port if options.is_supervised else Port
        grpc = bound(options.host, options.grpc_port, "--grpc-port") if options.grpc_workers else None
        failing.pop_all()
    return Ports(http, metrics, grpc)
