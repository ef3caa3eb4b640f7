"""`servegraph shipper`: the process that posts events of the request log. `run` and `executor` start it, not people."""

import os
import sys
from pathlib import Path

import click

from servegraph.cli import logs
from servegraph.request_log.shipper import serve
from servegraph.supervisor import Supervisor, stand_back

_ENDS_S = 10.0  # it ends when the servers have, which have a limit of their own


def supervised_shipper(folder: Path) -> Supervisor:
    """The shipper of a predictor with loggers, to be started; there is one, however many processes feed it."""
    command = [sys.executable, "-m", "servegraph.cli", "shipper", str(shipper_socket(folder)), str(os.getpid())]
    return Supervisor("the request log", command, alone_s=_ENDS_S)


def shipper_socket(folder: Path) -> Path:
    """Where the shipper of a run listens."""
    return folder / "shipper.sock"


@click.command(hidden=True)
@click.argument("socket", type=click.Path(path_type=Path))
@click.argument("parent", type=int)
def shipper(socket: Path, parent: int) -> None:
    logs.configure()
    serve(socket, parent, stand_back)
