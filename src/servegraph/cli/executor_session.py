"""One run of the executor: a predictor whose nodes run elsewhere, wired from its parts."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import click

from servegraph import remote
from servegraph.cli.fronts import relay_routes, relay_services
from servegraph.cli.private_folder import private_folder
from servegraph.cli.request_logging import loggers_of, start_request_log
from servegraph.cli.shipper import supervised_shipper
from servegraph.cli.signals import Signals
from servegraph.engine import Engine, Parts, RoutingInjection, compile_plan
from servegraph.observe.executor import SELDON_SECONDS
from servegraph.observe.metrics import Metrics, NodeLabels
from servegraph.request_log import Limits, Origin, RequestLogger
from servegraph.serving.common_api import CommonApi
from servegraph.serving.grpc_front import UNLIMITED, GrpcFront, GrpcLimits
from servegraph.serving.openapi import GraphDescription
from servegraph.serving.rest import DEFAULT_HEADERS, RestFront, Site
from servegraph.serving.server import Ports, Server, Tls
from servegraph.spec import ROUTING_INJECTION, PredictorSpec, split_image
from servegraph.spec.annotations import CallLimits


@dataclass(frozen=True, slots=True)
class ExecutorOptions:
    """What flags and annotations say; see `servegraph executor --help`."""

    deployment: str
    namespace: str
    protocol: remote.RemoteProtocol
    metrics_path: str
    hostname: str
    log_queue: int
    log_delivery_s: float
    log_workers: int
    thorough_health: bool
    drain_limit_s: float
    shutdown_delay_s: float
    max_body: int
    max_requests: int
    limits: CallLimits


class ExecutorSession:
    """A predictor served until a signal comes."""

    def __init__(self, predictor: PredictorSpec, options: ExecutorOptions, environment: Mapping[str, str]) -> None:
        self._predictor = predictor
        self._options = options
        self._environment = environment

    async def run(self, ports: Ports) -> None:
        """Serve on the ports until SIGINT, SIGTERM or SIGHUP; then answer what was accepted.

        Raises:
            EnvironmentFault: an address cannot be bound, or a certificate cannot be read.
        """
        signals = Signals()
        signals.listen()
        async with AsyncExitStack() as ending:
            metrics = self._metrics()
            connections = remote.Connections(self._options.limits.grpc_max_message_size or UNLIMITED)
            ending.push_async_callback(connections.close)
            folder = ending.enter_context(private_folder())
            shipper = supervised_shipper(folder) if loggers_of(self._predictor, self._environment) else None
            if shipper is not None:
                ending.push_async_callback(shipper.stop)  # after the last event
            log = await self._request_log(metrics, ports, folder, ending)
            engine = self._engine(connections, metrics, log)
            server = self._server(engine, metrics, ports)
            await server.start()
            if shipper is not None:
                await shipper.start()
            self._announce(ports)
            ending.push_async_callback(server.stop, signals.hurry)
            await signals.stop.wait()
            with suppress(TimeoutError):
                await asyncio.wait_for(signals.hurry.wait(), self._options.shutdown_delay_s)

    def _announce(self, ports: Ports) -> None:
        options, addresses = self._options, ports.addresses
        what = f"{options.deployment}/{self._predictor.name} ({options.protocol})"
        metrics = f"metrics on {addresses.http}{options.metrics_path}"
        click.echo(f"{what}: REST on {addresses.http}, gRPC on {addresses.grpc}, {metrics}")

    def _metrics(self) -> Metrics:
        predictor = self._predictor
        labels = {node.name: _labels(predictor, node.name) for node in predictor.graph.walk()}
        version = predictor.annotations.get("version", "")
        return Metrics(self._options.deployment, predictor.name, version, labels, None, SELDON_SECONDS)

    async def _request_log(
        self, metrics: Metrics, ports: Ports, folder: Path, ending: AsyncExitStack
    ) -> RequestLogger | None:
        options = self._options
        origin = Origin(
            deployment=options.deployment,
            namespace=options.namespace,
            predictor=self._predictor.name,
            protocol=options.protocol,
            host=options.hostname,
            http_port=ports.addresses.http_port,
        )
        limits = Limits(queue=options.log_queue, workers=options.log_workers, delivery_s=options.log_delivery_s)
        return await start_request_log(self._predictor, origin, limits, self._environment, metrics, folder, ending)

    def _engine(self, connections: "remote.Connections", metrics: Metrics, log: RequestLogger | None) -> Engine:
        limits = self._options.limits
        units = remote.units(
            self._predictor,
            self._options.protocol,
            connections,
            transport_default=None,
            timeouts=remote.Timeouts(limits.rest_timeout_s, limits.grpc_timeout_s),
            listener=metrics,
        )
        injects = bool(self._environment.get(ROUTING_INJECTION))
        injection = RoutingInjection.AFTER_EACH_NODE if injects else RoutingInjection.NEVER
        return Engine(compile_plan(self._predictor, Parts(units, log=log), injection), None, metrics)

    def _server(self, engine: Engine, metrics: Metrics, ports: Ports) -> Server:
        options, limits = self._options, self._options.limits
        thorough = options.thorough_health
        common = CommonApi(lambda: engine.ready(thorough), metrics.render, options.metrics_path)
        description = GraphDescription(
            options.deployment, options.namespace, self._predictor.name, self._predictor.graph
        )
        routes = relay_routes(options.protocol, engine, self._predictor, common, description)
        rest = RestFront(routes, self._site(), metrics, common.drain)
        services = relay_services(options.protocol, engine, self._predictor, common)
        size = limits.grpc_max_message_size or UNLIMITED
        rpc = GrpcFront(services, GrpcLimits(size, limits.grpc_timeout_s, options.max_requests), metrics)
        return Server(rest, rpc, ports, self._tls(), options.drain_limit_s)

    def _site(self) -> Site:
        options, environment = self._options, self._environment
        return Site(
            deployment=options.deployment,
            namespace=options.namespace,
            origins=environment.get("CORS_ALLOWED_ORIGINS") or "*",
            headers=environment.get("CORS_ALLOWED_HEADERS") or DEFAULT_HEADERS,
            forwards=True,
            timeout_s=options.limits.rest_timeout_s,
            max_body=options.max_body,
            max_requests=options.max_requests,
        )

    def _tls(self) -> Tls | None:
        folder = self._environment.get("SELDON_CERT_MOUNT_PATH")
        if not folder:
            return None
        certificate = self._environment.get("SELDON_CERT_FILE_NAME") or "tls.crt"
        key = self._environment.get("SELDON_CERT_KEY_FILE_NAME") or "tls.key"
        return Tls(Path(folder, certificate), Path(folder, key))


def _labels(predictor: PredictorSpec, node: str) -> NodeLabels:
    image, version = split_image(predictor.image(node))
    return NodeLabels(image, version, None, None, None)
