"""Graphs whose nodes are servers elsewhere, behind both fronts."""

import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tests.remote.components import Component, GrpcComponent, Received, ok
from tests.serving.served import Heard, Served, serving

from servegraph.engine import Engine, Parts, RoutingInjection, compile_plan
from servegraph.remote import Connections, RemoteProtocol, Timeouts, units
from servegraph.serving.rest import Site
from servegraph.spec import PredictorSpec


@dataclass
class Relayed:
    """Fronts, and the one server behind all of their nodes."""

    fronts: Served
    component: Component
    grpc_component: GrpcComponent

    @property
    def asked(self) -> list[tuple[str, str, Any]]:
        """Method, path and body of what came to the server."""
        return [(came.method, came.path, came.body.decode()) for came in self.component.received]

    async def ask(self, method: str, path: str, document: Any = None) -> tuple[int, Any]:
        body = None if document is None else json.dumps(document).encode()
        answer = await self.fronts.ask(method, path, body)
        return answer.status, json.loads(answer.body) if answer.body else None


def chain(*names: str) -> dict[str, Any]:
    """Models one below the other."""
    name, *rest = names
    return {"name": name, "type": "MODEL", "children": [chain(*rest)] if rest else []}


@asynccontextmanager
async def relayed(
    protocol: RemoteProtocol,
    wire: Callable[[Engine, PredictorSpec], tuple[Sequence[Any], Any]],
    answer: Callable[[Received], Any] = lambda _: ok(b"{}"),
    answer_grpc: Any = None,
    nodes: Sequence[str] = ("m",),
) -> AsyncIterator[Relayed]:
    """A chain of models; `wire` makes routes and services."""
    async with AsyncExitStack() as ending:
        component, grpc_component = Component(answer), GrpcComponent(answer_grpc)
        await component.start()
        ending.push_async_callback(component.stop)
        await grpc_component.start()
        ending.push_async_callback(grpc_component.stop)
        connections = Connections(64 * 2**20)
        ending.push_async_callback(connections.close)
        predictor = PredictorSpec.model_validate({"name": "p", "graph": chain(*nodes)})
        for node in predictor.graph.walk():
            ports = {"httpPort": component.port, "grpcPort": grpc_component.port, "service_port": component.port}
            node.endpoint = {"service_host": "127.0.0.1", **ports}
        listener = Heard()
        made = units(predictor, protocol, connections, transport_default=None, timeouts=Timeouts(), listener=listener)
        engine = Engine(compile_plan(predictor, Parts(made), RoutingInjection.NEVER), None, listener)
        routes, services = wire(engine, predictor)
        fronts = await ending.enter_async_context(serving(routes, services, site=Site(forwards=True)))
        yield Relayed(fronts, component, grpc_component)
