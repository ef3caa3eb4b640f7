"""`servegraph monitor`: the drift monitor's process. Started by `run`, not by people."""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from servegraph.cli import logs
from servegraph.cli.assemble import LoadedNode
from servegraph.component import build
from servegraph.monitor.process import serve
from servegraph.project import Project, find_project, load_class
from servegraph.supervisor import Supervisor, stand_back


def detectors(nodes: Sequence[LoadedNode]) -> list[str]:
    """The nodes whose rows a monitor tests."""
    return [node.unit.name for node in nodes if node.is_detector]


def supervised_monitor(project: Project, nodes: Sequence[LoadedNode], folder: Path) -> Supervisor:
    """The monitor of a predictor with detectors, to be started; there is one, however many processes feed it."""
    return Supervisor("the drift monitor", monitor_command(project, nodes, folder))


def monitor_command(project: Project, nodes: Sequence[LoadedNode], folder: Path) -> list[str]:
    """The command line of the monitor for the detectors among `nodes`; its socket and checkpoint are in `folder`."""
    described = {
        node.unit.name: {"reference": node.reference, "arguments": dict(node.arguments)}
        for node in nodes
        if node.is_detector
    }
    config = folder / "monitor.json"
    config.write_text(json.dumps({"project": str(project.root), "parent": os.getpid(), "detectors": described}))
    return [sys.executable, "-m", "servegraph.cli", "monitor", str(config)]


def socket_of(folder: Path) -> Path:
    """Where the monitor of a run listens."""
    return folder / "monitor.sock"


@click.command(hidden=True)
@click.argument("config", type=click.Path(path_type=Path))
def monitor(config: Path) -> None:
    logs.configure()
    said = json.loads(config.read_text(encoding="utf-8"))
    project = find_project(Path(said["project"]), required=False)
    built = {
        node: build(load_class(project, item["reference"]), node, item["arguments"])
        for node, item in said["detectors"].items()
    }
    folder = config.parent
    # `run` chose the nodes by their methods, so they are detectors.
    serve(socket_of(folder), built, folder / "checkpoint.json", said["parent"], stand_back)  # type: ignore[arg-type]
