"""Start the real commands, each in a process group of its own, and leave nothing of them behind."""

import http.client
import json
import os
import signal
import subprocess
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import grpc
from tests.e2e.running import BIN, wait_until
from tests.ports import free_port
from tests.topology.graphs import NAMESPACE, PREDICTOR, ROUTING_INJECTION, Address, Graph, Part, write_manifest

PARTS = Path(__file__).parent / "parts"
READY_S = 60.0
GONE_S = 20.0
MARK = "SERVEGRAPH_TEST_RUN"


@dataclass
class Process:
    """A command that runs; its mark is in the environment of all that it starts."""

    popen: subprocess.Popen[bytes]
    log: Path
    mark: str = field(repr=False)

    @property
    def output(self) -> str:
        return self.log.read_text(encoding="utf-8")

    @property
    def alive(self) -> list[int]:
        """Process ids of it and of everything it started."""
        return sorted(_marked(self.mark))

    def nodes(self) -> dict[str, int]:
        """Process ids of the component servers that it started, by node name."""
        return {name: pid for pid in reversed(self.alive) if (name := _variable(pid, "PREDICTIVE_UNIT_ID"))}

    def end(self, number: int = signal.SIGTERM) -> int:
        """Ask it to end; the exit code."""
        self.popen.send_signal(number)
        return self.popen.wait(timeout=GONE_S)


@dataclass(frozen=True)
class Server:
    """A graph, or a component, that answers."""

    process: Process
    address: Address
    channel: grpc.Channel

    def http(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.address.http_port, timeout=20)


def _marked(mark: str) -> Iterator[int]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and _is_marked(entry, mark):
            yield int(entry.name)


def _is_marked(entry: Path, mark: str) -> bool:
    try:
        state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z" and _variable(int(entry.name), MARK) == mark


def _variable(pid: int, name: str) -> str:
    """A variable that a process was started with; empty if there is none."""
    try:
        lines = Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return ""
    return next((line.partition("=")[2] for line in lines if line.startswith(f"{name}=")), "")


@contextmanager
def started(
    arguments: Sequence[str], folder: Path, log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[Process]:
    """A command; at the end it and all that it started are killed, whatever happened."""
    mark = uuid.uuid4().hex
    # What is killed leaves its temporary folders behind: they shall be with those of the tests.
    own = {MARK: mark, "TMPDIR": str(log.parent), "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    with log.open("wb") as output:
        popen = subprocess.Popen(
            arguments,
            cwd=folder,
            env={**os.environ, **own, **(environment or {})},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    process = Process(popen, log, mark)
    try:
        yield process
    finally:
        for pid in process.alive:
            _kill(pid)
        popen.wait(timeout=GONE_S)
        wait_until(lambda: not process.alive, GONE_S, "a process is left")


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


@contextmanager
def ready(process: Process, address: Address, path: str) -> Iterator[Server]:
    """The server of a command, once GET `path` is answered with 200 and its gRPC port takes callers."""
    wait_until(lambda: _is_ready(process, address, path), READY_S, f"not ready: {process.log}")
    with grpc.insecure_channel(f"127.0.0.1:{address.grpc_port}") as channel:
        grpc.channel_ready_future(channel).result(READY_S)
        yield Server(process, address, channel)


def _is_ready(process: Process, address: Address, path: str) -> bool:
    assert process.popen.poll() is None, process.output
    connection = http.client.HTTPConnection("127.0.0.1", address.http_port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def free_address() -> Address:
    return Address(free_port(), free_port())


@contextmanager
def run(
    graph: Graph,
    folder: Path,
    *options: str,
    addresses: Mapping[str, Address] | None = None,
    annotations: Mapping[str, str] | None = None,
) -> Iterator[tuple[Process, Address]]:
    """`servegraph run` of a graph, not yet ready."""
    manifest = write_manifest(folder, graph, addresses, annotations)
    address = free_address()
    ports = ["--http-port", str(address.http_port), "--grpc-port", str(address.grpc_port)]
    command = [str(BIN / "servegraph"), "run", str(manifest), *ports, *options]
    with started(command, PARTS, folder / f"run-{graph.name}.log") as process:
        yield process, address


@contextmanager
def executor(graph: Graph, folder: Path, addresses: Mapping[str, Address]) -> Iterator[tuple[Process, Address]]:
    """`servegraph executor` of a graph whose components are there, not yet ready."""
    manifest = write_manifest(folder, graph, addresses)
    address = free_address()
    identity = ["--sdep", graph.name, "--namespace", NAMESPACE, "--predictor", PREDICTOR]
    ports = ["--http_port", str(address.http_port), "--grpc_port", str(address.grpc_port)]
    command = [str(BIN / "servegraph"), "executor", *identity, *ports, "--file", str(manifest), "--host", "127.0.0.1"]
    environment = {ROUTING_INJECTION: "true"} if graph.injects_routing else {}
    with started(command, folder, folder / f"executor-{graph.name}.log", environment) as process:
        yield process, address


@contextmanager
def component(node: Part, folder: Path, program: Sequence[str], separator: str) -> Iterator[tuple[Process, Address]]:
    """A component server for a node, not yet ready."""
    address = free_address()
    numbers = {"http": address.http_port, "grpc": address.grpc_port, "metrics": free_port()}
    ports = [word for name, number in numbers.items() for word in (f"--{name}-port", str(number))]
    environment = {
        "PREDICTIVE_UNIT_ID": node.name,
        "PREDICTIVE_UNIT_IMAGE": node.image,
        "PREDICTIVE_UNIT_PARAMETERS": json.dumps(node.parameters),
        "PREDICTOR_ID": PREDICTOR,
    }
    command = [*program, f"nodes.talk{separator}{node.component}", *ports]
    with started(command, PARTS, folder / f"node-{node.name}.log", environment) as process:
        yield process, address


OURS = ((str(BIN / "servegraph"), "component"), ":")
ORIGINAL = ((str(BIN / "seldon-core-microservice"),), ".")


@contextmanager
def components(nodes: Sequence[Part], folder: Path, server: tuple[Sequence[str], str]) -> Iterator[dict[str, Server]]:
    """Component servers that are ready, by node name."""
    with ExitStack() as stack:
        starting = {node.name: stack.enter_context(component(node, folder, *server)) for node in nodes}
        yield {name: stack.enter_context(ready(*begun, "/health/status")) for name, begun in starting.items()}
