"""What commands print: node lines, endpoints, tables. Plain lines in a pipe, colour on a terminal."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.status import Status

if TYPE_CHECKING:  # a second of imports, which commands that only print do not need
    from servegraph.artifacts import Artifact
    from servegraph.cli.assemble import LoadedNode
    from servegraph.serving.server import Addresses

_LONGEST = 4_000  # characters of a line that a terminal takes when it is pasted


def console() -> Console:
    """The terminal, or a pipe that gets unwrapped lines; NO_COLOR is honoured by rich."""
    found = Console(highlight=False)
    return found if found.is_terminal else Console(highlight=False, width=10_000, soft_wrap=True)


@contextmanager
def progress(out: Console, text: str) -> Iterator[Status | None]:
    """A spinner while something is going on; nothing at all in a pipe."""
    if not out.is_terminal:
        yield None
        return
    with out.status(text) as status:
        yield status


def node_line(node: "LoadedNode") -> str:
    """`● scale  screening-scaler@champion → v1  sha 9f2c0a1b  0.41 s`, and what became of its models."""
    if node.is_stub:
        return f"[yellow]●[/] {node.unit.name:<12} stub  [dim]a stand-in answers for it[/]"
    if node.unit.has_address and node.reference is None:
        return f"[blue]●[/] {node.unit.name:<12} [dim]runs at {_address(node.unit.endpoint or {})}[/]"
    if node.reference is None:
        return f"[dim]●[/] {node.unit.name:<12} [dim]{node.unit.built_in}{_parameters(node)}[/]"
    what = [node.unit.implementation] if node.unit.is_server else []
    what += [_artifact(node.artifact) if node.artifact else node.reference]
    line = f"[green]●[/] {node.unit.name:<12} {'  '.join(map(str, what))}  [dim]{node.seconds:.2f} s[/]"
    return "\n".join((line, *_kernels(node)))


def _kernels(node: "LoadedNode") -> Sequence[str]:
    """A line for each method that was tried: `predict_proba: onnxruntime, 100 trees, proved on 21,340 rows ...`."""
    return [f"  {'':<12} [dim]{method}: {escape(said)}[/]" for method, said in node.compiled.lines.items()]


def _address(endpoint: Mapping[str, Any]) -> str:
    ports = {endpoint.get(key) for key in ("httpPort", "grpcPort", "service_port")} - {None}
    return f"{endpoint['service_host']}:{'/'.join(str(port) for port in sorted(ports, key=str))}"


def _parameters(node: "LoadedNode") -> str:
    return "".join(f" {parameter.name}={parameter.value}" for parameter in node.unit.parameters)


def _artifact(artifact: "Artifact") -> str:
    alias = f"@{artifact.alias}" if artifact.alias else ""
    version = f" → v{artifact.version}" if artifact.version.isdecimal() else ""
    return f"{artifact.name}{alias}{version}  [dim]sha[/] {artifact.digest[:8]}"


def print_endpoints(
    out: Console, name: str, addresses: "Addresses", nodes: Sequence["LoadedNode"], seconds: float, workers: int = 1
) -> None:
    """Where the graph answers, and a line to paste that asks it."""
    url = f"http://{addresses.http}"
    what = f"{len(nodes)} {'node' if len(nodes) == 1 else 'nodes'}"
    what += f", {workers} workers" if workers > 1 else ""
    out.print(f"[bold]{name}[/] is ready after {seconds:.1f} s: {what}")
    out.print(f"  REST     {url}/api/v1.0/predictions")
    out.print(f"  gRPC     {addresses.grpc}  seldon.protos.Seldon")
    out.print(f"  metrics  {url}/prometheus")
    out.print("try it:")
    line = _curl(url, nodes)
    line = line if len(line) < _LONGEST else f"{url}/api/v1.0/doc/  (a row is too long for a line)"
    out.print(f"  {line}", soft_wrap=True, markup=False)


def _curl(url: str, nodes: Sequence["LoadedNode"]) -> str:
    example = next((node.artifact.input_example() for node in nodes if node.artifact), None)
    width = next((node.features for node in nodes if node.features), 2)
    rows = example[:1] if example else [[float(number) for number in range(1, width + 1)]]
    body = json.dumps({"data": {"ndarray": rows}}, separators=(",", ":"))
    return f"curl -s {url}/api/v1.0/predictions -H 'Content-Type: application/json' -d '{body}'"
