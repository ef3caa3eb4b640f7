"""`servegraph monitor`: the drift monitor's process. Started by `run`, not by people."""

import json
from pathlib import Path

import click

from servegraph.cli import logs
from servegraph.cli.context import PROJECT_OPTION, open_project
from servegraph.component import build
from servegraph.monitor.process import serve
from servegraph.project import load_class

_PATH = click.Path(path_type=Path)


@click.command(hidden=True)
@PROJECT_OPTION
@click.option("--detectors", required=True, type=_PATH, help="JSON: node to component and constructor arguments.")
@click.option("--socket", required=True, type=_PATH)
@click.option("--checkpoint", required=True, type=_PATH)
def monitor(folder: Path, detectors: Path, socket: Path, checkpoint: Path) -> None:
    logs.configure()
    project = open_project(folder)
    built = {
        node: build(load_class(project, item["reference"]), node, item["arguments"])
        for node, item in json.loads(detectors.read_text(encoding="utf-8")).items()
    }
    serve(socket, built, checkpoint)  # type: ignore[arg-type]  # `run` chose the nodes by their methods
