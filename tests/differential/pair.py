"""One class under two servers: the original `seldon-core-microservice` and `servegraph component`."""

import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
from tests.differential.asking import Answer, Rest, Rpc, Server
from tests.e2e.running import BIN, wait_until
from tests.ports import free_port

CLASSES = Path(__file__).parent / "classes"
ORIGINAL = (str(BIN / "seldon-core-microservice"),)
OURS = (str(BIN / "servegraph"), "component")
READY_S = 60.0


@dataclass(frozen=True)
class Pair:
    """The original and ours, running the same class."""

    original: Server
    ours: Server

    def ask(self, request: Rest | Rpc) -> tuple[Answer, Answer]:
        """What the original says, and what we say."""
        return request.ask(self.original), request.ask(self.ours)


@contextmanager
def running(
    reference: str, folder: Path, flags: Sequence[str] = (), env: dict[str, str] | None = None
) -> Iterator[Pair]:
    """Both servers of a class of CLASSES; nothing of them is left at the end."""
    with ExitStack() as stack:
        starting = []
        for name, program in (("original", ORIGINAL), ("ours", OURS)):
            (folder / name).mkdir()
            starting.append(stack.enter_context(_server([*program, reference, *flags], folder / name, env or {})))
        for server, process, log in starting:
            wait_until(lambda s=server, p=process, at=log: _ready_or_dead(s, p, at), READY_S, f"not ready: {log}")
            grpc.channel_ready_future(server.channel).result(READY_S)
        yield Pair(*(server for server, _, _ in starting))


def _ready_or_dead(server: Server, process: subprocess.Popen[bytes], log: Path) -> bool:
    assert process.poll() is None, log.read_text(encoding="utf-8")
    try:
        return Rest("/health/ping", method="GET").ask(server).status == 200
    except OSError:
        return False


@contextmanager
def _server(
    command: list[str], folder: Path, env: dict[str, str]
) -> Iterator[tuple[Server, subprocess.Popen[bytes], Path]]:
    http_port, grpc_port, metrics_port = free_port(), free_port(), free_port()
    ports = ["--http-port", http_port, "--grpc-port", grpc_port, "--metrics-port", metrics_port]
    own = {"HOME": str(folder), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1"}
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, *map(str, ports)],
            cwd=CLASSES,
            env={**os.environ, **own, **env},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        with grpc.insecure_channel(f"127.0.0.1:{grpc_port}") as channel:
            yield Server(http_port, channel), process, log
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill the whole group: the original's main process does not end its gRPC child when it is asked to stop."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait(timeout=20)
    wait_until(lambda: not _group_lives(process.pid), 20, "a process of the group is left")


def _group_lives(session: int) -> bool:
    found = subprocess.run(["ps", "-o", "stat=", "-s", str(session)], capture_output=True, text=True, check=False)
    return any(not state.startswith("Z") for state in found.stdout.split())
