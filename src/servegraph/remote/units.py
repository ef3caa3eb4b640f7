"""The units of a predictor whose components run elsewhere."""

from collections.abc import Mapping

from servegraph.engine import Unit
from servegraph.engine.events import Listener
from servegraph.payload.envelope import Transport
from servegraph.remote.absent_unit import AbsentUnit
from servegraph.remote.connections import Connections
from servegraph.remote.dialect import Dialect
from servegraph.remote.endpoint import Endpoint
from servegraph.remote.protocols import RemoteProtocol, dialect_of
from servegraph.remote.remote_unit import RemoteUnit
from servegraph.remote.rest_hop import RestHop
from servegraph.remote.timing import Timeouts
from servegraph.spec import PredictorSpec


def units(
    predictor: PredictorSpec,
    protocol: RemoteProtocol,
    connections: Connections,
    *,
    transport_default: Transport | None,
    timeouts: Timeouts,
    listener: Listener,
) -> Mapping[str, Unit]:
    """A unit for every node that is not built in, by node name.

    Args:
        transport_default: what a component speaks whose endpoint has no `type`. None is as Seldon's
            executor: the transport of the graph's caller, where the endpoint has a port for it.
    """
    dialect = dialect_of(protocol)
    nodes = [unit for unit in predictor.graph.walk() if unit.built_in is None]
    made: dict[str, Unit] = {}
    for node in nodes:
        endpoint = Endpoint.of(node.endpoint, transport_default)
        made[node.name] = (
            AbsentUnit(node.name)
            if endpoint is None
            else _remote(node.name, endpoint, dialect, connections, timeouts, listener)
        )
    return made


def _remote(
    node: str, endpoint: Endpoint, dialect: Dialect, connections: Connections, timeouts: Timeouts, listener: Listener
) -> RemoteUnit:
    from servegraph.remote.grpc_hop import GrpcHop  # needs grpcio, which takes half a second

    http, channels = connections.http, connections.channels
    rest = RestHop(node, endpoint, dialect, http, timeouts.rest_s, listener)
    grpc = GrpcHop(node, endpoint, dialect, channels, timeouts.grpc_s, listener)
    return RemoteUnit(node, endpoint, dialect, rest, grpc, http)
