"""One run of a deployment: its predictors behind one endpoint, from the first request to the last."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from time import monotonic

from rich.console import Console

from servegraph.cli import describe
from servegraph.cli.backend import make_backend
from servegraph.cli.console import print_endpoints
from servegraph.cli.crew import Crew
from servegraph.cli.fronts import graph_routes, graph_services
from servegraph.cli.predictor import LoadedPredictor, RunOptions, ServedPredictor
from servegraph.cli.running import announced
from servegraph.cli.signals import Signals
from servegraph.cli.status_document import status_document
from servegraph.engine import Backend
from servegraph.observe.custom import CustomMetrics
from servegraph.observe.exposition import Exposition
from servegraph.project import Project
from servegraph.serving.common_api import CommonApi
from servegraph.serving.grpc_front import GrpcFront, GrpcLimits
from servegraph.serving.rest import RestFront, Site
from servegraph.serving.server import Ports, Server
from servegraph.spec import SeldonDeployment
from servegraph.spec.annotations import CallLimits

NOT_READY = "[yellow]not every node answers yet: /ready says 503 until they do[/]"
PUBLISH_S = 0.25


def make_session(
    project: Project,
    deployment: SeldonDeployment,
    loaded: Sequence[LoadedPredictor],
    folders: Sequence[Path],
    options: RunOptions,
    crew: Crew,
    started: float,
) -> "Session":
    """The session of this process.

    Args:
        folders: a private one for each predictor.
        started: when the run began, on the monotonic clock in seconds.
    """
    custom = CustomMetrics(crew.rows)
    predictors = [
        ServedPredictor(project, deployment, spec, nodes, number, folder, options, crew, custom)
        for number, ((spec, nodes), folder) in enumerate(zip(loaded, folders, strict=True))
    ]
    return Session(project, deployment, predictors, options, crew, started)


class Session:
    """A deployment's predictors, served by this process.

    Args:
        predictors: at least one that is no shadow.
    """

    def __init__(
        self,
        project: Project,
        deployment: SeldonDeployment,
        predictors: Sequence[ServedPredictor],
        options: RunOptions,
        crew: Crew,
        started: float,
    ) -> None:
        self._project = project
        self._deployment = deployment
        self._predictors = predictors
        # Whoever asks for "the" graph is told of the first one that answers.
        self._first = next(predictor for predictor in predictors if not predictor.spec.shadow)
        self._options = options
        self._crew = crew
        self._started = started

    async def run(self, ports: Ports, out: Console, loading_since: float) -> None:
        """Serve on the ports until SIGINT, SIGTERM or SIGHUP; then answer what was accepted.

        Raises:
            EnvironmentFault: an address cannot be bound, or a node's process does not start.
        """
        signals = Signals()
        signals.listen()
        async with AsyncExitStack() as ending:
            backend = await signals.unless_stopped(self._start(ports, ending, out))
            if backend is None:
                return
            server = self._make_server(backend, ports)
            await server.start()
            for predictor in self._predictors:
                await predictor.start_watching(ending)
            ending.push_async_callback(server.stop, signals.hurry)  # first of all: what is answered is still watched
            with announced(self._project, ports.addresses):
                nodes = [node for predictor in self._predictors for node in predictor.nodes]
                print_endpoints(out, self._deployment.name, ports.addresses, nodes, monotonic() - loading_since)
                if not await backend.ready(False):
                    out.print(NOT_READY)
                await signals.stop.wait()
        out.print("stopped")

    async def work(self, ports: Ports, out: Console, beat: Callable[[], None]) -> None:
        """Do the same as one of several workers: the parent says what is to be said, and runs the monitor.

        Args:
            beat: called as long as this process serves, and its loop turns.

        Raises:
            EnvironmentFault: an address cannot be bound.
        """
        signals = Signals()
        signals.listen()
        async with AsyncExitStack() as ending:
            backend = await signals.unless_stopped(self._start(ports, ending, out))
            if backend is None:
                return
            server = self._make_server(backend, ports)
            await server.start()
            for predictor in self._predictors:
                await predictor.feed_monitor(ending)
            publishing = asyncio.ensure_future(self._publish(beat))
            ending.callback(publishing.cancel)
            ending.push_async_callback(server.stop, signals.hurry)
            await signals.stop.wait()

    async def _publish(self, beat: Callable[[], None]) -> None:
        """Show the other workers what they cannot see by themselves; what requests count they see at once."""
        while True:
            beat()
            for predictor in self._predictors:
                predictor.metrics.publish()
            await asyncio.sleep(PUBLISH_S)

    async def _start(self, ports: Ports, ending: AsyncExitStack, out: Console) -> Backend:
        engines = [await predictor.start(ports.addresses, ending, out) for predictor in self._predictors]
        return make_backend(self._predictors, engines, ending)

    def _make_server(self, backend: Backend, ports: Ports) -> Server:
        first, limits = self._first, self._limits()
        page = Exposition([predictor.metrics for predictor in self._predictors], self._crew.processes)
        common = CommonApi(partial(self._ready, backend), page.render, "/prometheus")
        model = describe.inference_model(self._deployment, [(each.spec, each.nodes) for each in self._in_order()])
        description = describe.graph(self._deployment, first.spec, first.nodes)
        status = partial(status_document, self._deployment, self._predictors, self._crew, self._started)
        routes = graph_routes(backend, first.spec, common, model, description, status, self._deployment)
        rest = RestFront(routes, self._site(limits), first.metrics, common.drain)
        accepted = GrpcLimits(self._options.max_body, limits.grpc_timeout_s, self._options.max_requests)
        rpc = GrpcFront(graph_services(backend, first.spec, common, model), accepted, first.metrics)
        return Server(rest, rpc, ports)

    async def _ready(self, backend: Backend) -> bool:
        return self._crew.is_complete() and await backend.ready(False)

    def _in_order(self) -> list[ServedPredictor]:
        return [self._first, *(each for each in self._predictors if each is not self._first)]

    def _limits(self) -> CallLimits:
        """What the fronts give a request: several predictors give it their own time each."""
        return self._first.limits if len(self._predictors) == 1 else CallLimits()

    def _site(self, limits: CallLimits) -> Site:
        return Site(
            prefix=f"/seldon/{self._deployment.namespace}/{self._deployment.name}",
            deployment=self._deployment.name,
            namespace=self._deployment.namespace,
            forwards=any(predictor.is_remote for predictor in self._predictors),
            timeout_s=limits.rest_timeout_s,
            max_body=self._options.max_body,
            max_requests=self._options.max_requests,
        )
