"""Closed-loop clients: each sends its next request when the one before is answered."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.topology.asking import PREDICTIONS, Told, asked, rpc
from tests.topology.processes import Server

PAUSE_S = 0.005  # the machine has better things to do than to starve the process that starts again


@dataclass(frozen=True)
class Exchange:
    """One request of a client; times are those of the monotonic clock."""

    branch: int
    began: float
    ended: float
    told: Told

    @property
    def is_good(self) -> bool:
        return self.told.status in (200, "OK")


@dataclass
class Load:
    """What was asked so far."""

    exchanges: list[Exchange] = field(default_factory=list)

    def good(self, branch: int, since: float) -> list[Exchange]:
        """Requests of a branch that began after a moment and succeeded."""
        return [one for one in self.exchanges if one.branch == branch and one.began >= since and one.is_good]

    @property
    def failed(self) -> list[Exchange]:
        return [one for one in self.exchanges if not one.is_good]


@contextmanager
def load(server: Server, transport: Literal["rest", "grpc"], requests: Sequence[Any]) -> Iterator[Load]:
    """A client for each request, which it sends over and over; its branch is the request's wish of the router."""
    seen, stop = Load(), threading.Event()
    with ExitStack() as stack:
        askers = [stack.enter_context(_asker(server, transport)) for _ in requests]
        clients = [
            threading.Thread(target=_client, args=(ask, request, seen, stop))
            for ask, request in zip(askers, requests, strict=True)
        ]
        for client in clients:
            client.start()
        try:
            yield seen
        finally:
            stop.set()
            for client in clients:
                client.join()


@contextmanager
def _asker(server: Server, transport: Literal["rest", "grpc"]) -> Iterator[Callable[[Any], Told]]:
    if transport == "grpc":
        yield lambda request: rpc(server, "Predict", request)
    else:
        with closing(server.http()) as connection:
            yield lambda request: asked(connection, PREDICTIONS, json.dumps(request).encode())


def _client(ask: Callable[[Any], Told], request: Any, seen: Load, stop: threading.Event) -> None:
    branch = request["meta"]["tags"]["choose"]
    while not stop.wait(PAUSE_S):
        began = time.monotonic()
        told = ask(request)
        seen.exchanges.append(Exchange(branch, began, time.monotonic(), told))
