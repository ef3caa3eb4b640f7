"""A load generator for gRPC, as small as grpcio.aio allows: bytes out, bytes in, nothing decoded.

    python benchmarks/grpc_load.py load <path> <port> <requests> <calls at once> <seconds>
    python benchmarks/grpc_load.py ask <path> <port> <requests>

`load` sends the requests in turn over one connection and prints one line of JSON, as `wrk.lua` does; `ask` sends each
once and prints the answers in base64.
"""

import asyncio
import json
import os
import sys
from base64 import b64encode
from itertools import cycle
from pathlib import Path
from time import perf_counter

os.environ.setdefault("GRPC_VERBOSITY", "NONE")

import grpc
import uvloop

_TIMEOUT_S = 10.0


def read_requests(file: Path) -> list[bytes]:
    """Requests, each behind its length in 12 digits."""
    content, found, at = file.read_bytes(), [], 0
    while at < len(content):
        size = int(content[at : at + 12])
        found.append(content[at + 12 : at + 12 + size])
        at += 12 + size
    return found


class Load:
    """Calls of one method, so many at once, until the time is over."""

    def __init__(self, requests: list[bytes], seconds: float) -> None:
        self._requests = cycle(requests)
        self._seconds = seconds
        self._latencies: list[float] = []
        self._errors = 0

    async def run(self, call: grpc.aio.UnaryUnaryMultiCallable, at_once: int) -> dict[str, float]:
        started = perf_counter()
        async with asyncio.TaskGroup() as tasks:
            for _ in range(at_once):
                tasks.create_task(self._caller(call, started + self._seconds))
        took = perf_counter() - started
        latencies = sorted(self._latencies)
        points = {"p50": 0.5, "p99": 0.99, "p999": 0.999, "max": 1.0}
        return {
            "requests": len(latencies),
            "seconds": took,
            "errors": self._errors,
            **{name: 1e6 * latencies[int(point * (len(latencies) - 1))] for name, point in points.items()},
        }

    async def _caller(self, call: grpc.aio.UnaryUnaryMultiCallable, until: float) -> None:
        while (started := perf_counter()) < until:
            try:
                await call(next(self._requests), timeout=_TIMEOUT_S)
            except grpc.aio.AioRpcError:
                self._errors += 1
            self._latencies.append(perf_counter() - started)


async def main(what: str, path: str, port: str, file: str, *numbers: str) -> None:
    requests = read_requests(Path(file))
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        call = channel.unary_unary(path)
        if what == "load":
            at_once, seconds = numbers
            print(json.dumps(await Load(requests, float(seconds)).run(call, int(at_once))))
        else:
            for request in requests:
                print(b64encode(await call(request, timeout=_TIMEOUT_S)).decode("ascii"))


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
