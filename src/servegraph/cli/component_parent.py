"""The parent of several workers: starts them, replaces them, keeps their metrics, ends them.

A worker that dies is replaced after a pause; one that has served its share of requests leaves
when its successor is ready, so that somebody always answers. `worker_id` of the metrics is the
process id of a place's first worker: counters go on where a worker ended.
"""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from time import monotonic
from typing import Any

import click

from servegraph.cli import component_child, component_link
from servegraph.cli.component_options import ComponentOptions
from servegraph.cli.component_place import Place, Worker
from servegraph.cli.component_service import Service
from servegraph.cli.component_signals import LAST_RESORT_S, RETIRE, Signals
from servegraph.observe.custom import CustomMetrics
from servegraph.observe.custom_relay import replay
from servegraph.serving.component_metrics import metrics_front
from servegraph.serving.component_port import SharedPort
from servegraph.serving.component_server import ComponentServer, Served
from servegraph.serving.port import Port
from servegraph.supervisor import Backoff

KILL_S = LAST_RESORT_S + 2.0
BACKOFF = Backoff()

log = logging.getLogger(__name__)


class WorkerFailed(Exception):
    """A worker ended before it could serve; it has said why. `code` is its exit code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Parent:
    """All workers of one command."""

    def __init__(self, options: ComponentOptions, http: SharedPort, metrics: Port) -> None:
        self._options = options
        self._http = http
        self._store = CustomMetrics()
        self._service = Service()
        self._service_start: asyncio.Task[None] | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._places = [
            Place(http.descriptor if number < options.workers else None, number < options.grpc_workers)
            for number in range(options.processes)
        ]
        filtered = options.filter_metrics_access
        scraped = metrics_front(options.metrics_path, self.scrape, options.access_log and not filtered)
        self._metrics = ComponentServer([Served(scraped, metrics)])

    def scrape(self) -> bytes:
        """The metrics, with everything that workers said before an answer that has been given."""
        for place, worker in self._all():
            self._hear(place, worker)
        return self._store.render()

    async def run(self) -> None:
        """Serve until a signal comes.

        Raises:
            WorkerFailed: one could not start.
        """
        signals = Signals(KILL_S + 2.0, self._options.forget_process)
        stopped = asyncio.ensure_future(signals.stop.wait())
        async with AsyncExitStack() as ending:
            ending.callback(self._http.close)
            ending.push_async_callback(self._metrics.stop, signals.hurry)
            ending.push_async_callback(self._service.stop)
            ending.push_async_callback(self._end, signals)
            workers = await self._start(stopped)
            if workers:
                click.echo(self._options.summary(self._options.reference), err=True)
                self._tasks = [
                    asyncio.ensure_future(self._keep(place, worker))
                    for place, worker in zip(self._places, workers, strict=True)
                ]
                await stopped
        stopped.cancel()

    async def _start(self, stopped: asyncio.Future[Any]) -> list[Worker]:
        """Start all workers: those that serve now, one for each place, or none if they were told to stop before."""
        workers = []
        for place in self._places:
            worker = await self._spawn(place)
            place.worker_id = str(worker.process.pid)
            workers.append(worker)
        starting: asyncio.Future[Any] = asyncio.gather(*map(self._ready, workers))
        await asyncio.wait([starting, stopped], return_when=asyncio.FIRST_COMPLETED)
        if not starting.done():
            starting.cancel()
            return []
        starting.result()
        await self._metrics.start()
        return workers

    async def _ready(self, worker: Worker) -> None:
        if not await worker.until(worker.ready):
            code = await worker.ended
            raise WorkerFailed(code if code > 0 else 3)

    async def _spawn(self, place: Place) -> Worker:
        worker = Worker(await component_child.start(place.http, place.grpc))
        if place.sink is None:
            origin = replace(self._options.origin, worker_id=str(worker.process.pid))
            place.sink = self._store.sink(lambda _: origin)
        place.workers.append(worker)
        asyncio.get_running_loop().add_reader(worker.link, self._hear, place, worker)
        worker.ended.add_done_callback(lambda _: self._buried(place, worker))
        return worker

    def _hear(self, place: Place, worker: Worker) -> None:
        if not worker.link.is_open:
            return
        for kind, text in worker.link.heard():
            if kind == component_link.METRICS and place.sink is not None:
                replay(text, place.sink)
            elif kind == component_link.READY:
                worker.ready.set()
            elif kind == component_link.WORN:
                worker.worn.set()
            elif kind == component_link.SERVICE and self._service_start is None:
                self._service_start = asyncio.ensure_future(self._service.start())
        if not worker.link.is_open:
            asyncio.get_running_loop().remove_reader(worker.link)
            worker.link.close()

    def _buried(self, place: Place, worker: Worker) -> None:
        self._hear(place, worker)  # its last words
        place.workers.remove(worker)

    async def _keep(self, place: Place, worker: Worker) -> None:
        """Keep a worker in a place: another one for one that died, or that is worn out."""
        delay = BACKOFF.first_s
        while True:
            if await worker.until(worker.worn):
                successor = await self._successor(place)
                if successor is not None:
                    log.info("worker %d has served its share; %d goes on", worker.process.pid, successor.process.pid)
                    with suppress(ProcessLookupError):
                        worker.process.send_signal(RETIRE)
                    worker, delay = successor, BACKOFF.first_s
                    continue
                worker.worn.clear()  # it goes on: nobody can take its place
                continue
            code = await worker.ended
            delay = BACKOFF.first_s if monotonic() - worker.started > BACKOFF.stable_s else delay
            log.warning("worker %d ended (%s); another one starts in %.1f s", worker.process.pid, _how(code), delay)
            await asyncio.sleep(delay)
            delay = min(delay * 2, BACKOFF.longest_s)
            worker = await self._spawn(place)

    async def _successor(self, place: Place) -> Worker | None:
        worker = await self._spawn(place)
        if await worker.until(worker.ready):
            return worker
        log.warning("a successor of worker %s cannot start; the worker goes on", place.worker_id)
        return None

    def _all(self) -> Iterator[tuple[Place, Worker]]:
        for place in self._places:
            for worker in list(place.workers):
                yield place, worker

    async def _end(self, signals: Signals) -> None:
        """Let all workers answer what they have; at a second signal, drop it."""
        for task in self._tasks:
            task.cancel()
        workers = [worker for _, worker in self._all()]
        hurrying = asyncio.ensure_future(self._hurry(workers, signals))
        await asyncio.gather(*(component_child.end(worker.process, KILL_S) for worker in workers))
        hurrying.cancel()
        if self._service_start is not None:
            await self._service_start

    async def _hurry(self, workers: list[Worker], signals: Signals) -> None:
        await signals.hurry.wait()
        for worker in workers:
            with suppress(ProcessLookupError):
                worker.process.terminate()


def _how(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"
