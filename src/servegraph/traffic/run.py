"""A run from its order to its end: the client that is wanted, the screen, Ctrl-C."""

import asyncio
import signal
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from rich.console import Console

from servegraph.traffic import report
from servegraph.traffic.client import Client
from servegraph.traffic.grpc_client import grpc_client
from servegraph.traffic.rest_client import rest_client
from servegraph.traffic.session import Session
from servegraph.traffic.status import ServerStatus, StatusPage
from servegraph.traffic.stream import Script, Stream, play


@dataclass(frozen=True, slots=True)
class Order:
    """What to send and where to.

    Attributes:
        url: where the graph's REST API and its status are.
        grpc: `host:port` to send by gRPC to; None sends by REST.
        count: rows to send, `rate` of them a second.
        feedback: whether to send the labels.
        seed: of the order of the rows.
    """

    url: str
    grpc: str | None
    stream: Stream
    script: Script | None
    count: int
    rate: float
    feedback: bool
    seed: int


async def first_status(url: str) -> ServerStatus:
    """The server's status, once its drift monitor reports.

    Raises:
        EnvironmentFault: the server cannot be reached.
    """
    async with StatusPage(url) as page:
        return await page.when_reported()


async def run(order: Order, status: ServerStatus, out: Console) -> Session:
    """Send it all, or what goes out until Ctrl-C; `status` is the server's of just before.

    Raises:
        EnvironmentFault: gRPC is wanted, and no such server answers.
    """
    rows = play(order.stream, order.script, order.count, order.seed)
    interval = report.TERMINAL_S if out.is_terminal else report.PIPE_S
    async with _client(order) as client, StatusPage(order.url) as page:
        with report.live(out, order.script, order.count) as show:
            session = Session(client, page, status, show, interval)
            await session.run(rows, order.rate, order.feedback, _stop_on_interrupt())
    return session


def _client(order: Order) -> AbstractAsyncContextManager[Client]:
    names = order.stream.feature_names
    return grpc_client(order.grpc, names) if order.grpc else rest_client(order.url, names)


def _stop_on_interrupt() -> asyncio.Event:
    """Set at the first Ctrl-C; a second one ends the process as usual."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def interrupted() -> None:
        stop.set()
        loop.remove_signal_handler(signal.SIGINT)

    loop.add_signal_handler(signal.SIGINT, interrupted)
    return stop
