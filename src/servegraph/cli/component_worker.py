"""One process that serves a component: alone, or as one of several workers of a parent."""

import os
import random
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import Any

import click

from servegraph.cli import component_link
from servegraph.cli.component_child import Role
from servegraph.cli.component_link import Link
from servegraph.cli.component_load import Loaded
from servegraph.cli.component_options import ComponentOptions
from servegraph.cli.component_ports import Ports
from servegraph.cli.component_service import Service
from servegraph.cli.component_signals import LAST_RESORT_S, Signals
from servegraph.component import Caller, Identity, MetricSink
from servegraph.observe.custom import CustomMetrics
from servegraph.observe.custom_relay import Relay
from servegraph.serving.component_grpc import ComponentGrpc, GrpcOptions
from servegraph.serving.component_http import HttpFront, Limits
from servegraph.serving.component_metrics import metrics_front
from servegraph.serving.component_pool import PatientPool
from servegraph.serving.component_port import SharedPort
from servegraph.serving.component_rest import RestOptions, rest_front
from servegraph.serving.component_server import ComponentServer, Served
from servegraph.serving.port import Port


class _NoRewards:
    """A sink that does not count feedback."""

    def __init__(self, sink: MetricSink) -> None:
        self._sink = sink

    def custom_metrics(self, node: str, method: str, metrics: Sequence[Mapping[str, Any]]) -> None:
        self._sink.custom_metrics(node, method, metrics)

    def reward(self, node: str, reward: float) -> None:
        """Not counted."""


@dataclass(frozen=True, slots=True)
class _Fronts:
    """What answers for the component, not yet bound to ports."""

    rest: HttpFront
    rpc: ComponentGrpc
    pool: PatientPool | None


def _fronts(options: ComponentOptions, loaded: Loaded, sink: MetricSink) -> _Fronts:
    threads = max(options.threads, options.grpc_threads)
    # Only what runs beside the event loop can be given up on.
    pool = PatientPool(threads) if threads > 1 or options.rest_timeout_s is not None else None
    identity = Identity(options.unit, options.image)
    caller = Caller(
        loaded.component,
        identity,
        sink if options.rewards else _NoRewards(sink),
        pool,
        include_metrics=options.include_metrics,
        metadata_overlay=options.metadata,
    )
    rest = RestOptions(Limits(options.max_body), options.rest_timeout_s, options.passthrough, options.access_log)
    rpc = ComponentGrpc(caller, GrpcOptions(options.message_size))
    return _Fronts(rest_front(caller, rest, pool), rpc, pool)


async def serve_alone(options: ComponentOptions, loaded: Loaded, ports: Ports) -> bool:
    """Serve on all ports from this one process, until a signal comes.

    Returns:
        Whether a thread hangs, for which the end of the interpreter would wait.
    """
    signals = Signals(LAST_RESORT_S, options.forget_process)
    store, origin = CustomMetrics(), replace(options.origin, worker_id=str(os.getpid()))
    fronts = _fronts(options, loaded, store.sink(lambda _: origin))
    scraped = metrics_front(
        options.metrics_path, store.render, options.access_log and not options.filter_metrics_access
    )
    rpc = (fronts.rpc, ports.grpc) if ports.grpc is not None else None
    server = ComponentServer([Served(fronts.rest, ports.http), Served(scraped, ports.metrics)], rpc)
    async with AsyncExitStack() as ending:
        if loaded.service is not None:
            service = Service()
            ending.push_async_callback(service.stop)
            await service.start()
        await server.start()
        click.echo(options.summary(type(loaded.component.instance).__name__), err=True)
        await signals.stop.wait()
        await server.stop(signals.hurry)
    return _hangs(fronts)


async def serve_worker(options: ComponentOptions, loaded: Loaded, role: Role, line: Link) -> bool:
    """Serve the ports that the parent gave, until it says stop or ends; the answer is that of `serve_alone`."""
    signals = Signals(LAST_RESORT_S, lambda: None)
    signals.follow(line.wait_for_end)
    fronts = _fronts(options, loaded, Relay(lambda text: line.tell(component_link.METRICS, text)))
    https = [] if role.http is None else [Served(fronts.rest, SharedPort.inherited(role.http))]
    rpc = (fronts.rpc, Port(options.host, options.grpc_port, "--grpc-port", shared=True)) if role.grpc else None
    server = ComponentServer(https, rpc)
    fronts.rest.on_served = _wears_out(options, line)
    await server.start()
    if loaded.service is not None:
        line.tell(component_link.SERVICE)
    line.tell(component_link.READY)
    await signals.stop.wait()
    await server.stop(signals.hurry, alone=not signals.retired)
    return _hangs(fronts)


def _wears_out(options: ComponentOptions, line: Link) -> Any:
    """Tells the parent when as many requests have been served as a worker may."""
    if not options.max_requests:
        return lambda served: None
    limit = options.max_requests + random.randint(0, options.max_requests_jitter)

    def served_one(served: int) -> None:
        if served == limit:
            line.tell(component_link.WORN)

    return served_one


def _hangs(fronts: _Fronts) -> bool:
    if fronts.pool is None:
        return False
    fronts.pool.shutdown(wait=False, cancel_futures=True)
    return fronts.pool.is_busy
