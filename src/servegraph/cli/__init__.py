"""The command line: the composition root, the only place that knows all parts.

Commands are imported when they are called, so that `servegraph --help` costs nothing.
"""

import gc
import importlib
import os
import sys

import click

from servegraph import __version__

_COMMANDS = {
    "up": "servegraph.cli.up:up",
    "run": "servegraph.cli.run:run",
    "train": "servegraph.cli.train:train",
    "traffic": "servegraph.cli.traffic:traffic",
    "status": "servegraph.cli.status:status",
    "check": "servegraph.cli.check:check",
    "explain": "servegraph.cli.explain:explain",
    "show": "servegraph.cli.show:show",
    "plan": "servegraph.cli.plan:plan",
    "render": "servegraph.cli.render:render",
    "dashboards": "servegraph.cli.dashboards:dashboards",
    "trust": "servegraph.cli.trust:trust",
    "pull": "servegraph.cli.pull:pull",
    "executor": "servegraph.cli.executor:executor",
    "component": "servegraph.cli.component:component",
    "monitor": "servegraph.cli.monitor:monitor",
    "shipper": "servegraph.cli.shipper:shipper",
}
_SUMMARIES = {
    "up": "Train if nothing is registered, then serve: one command from nothing to an answer.",
    "run": "Serve a graph or a SeldonDeployment manifest on this machine.",
    "train": "Fit the project's models and register them in MLflow.",
    "traffic": "Send held-out rows to the running graph, with feedback, and watch it.",
    "status": "Show what runs: nodes, versions, A/B split, feedback, drift.",
    "check": "Say what is wrong with SeldonDeployments, before a cluster does.",
    "explain": "Tell what a rule of `check` means, with a broken and a repaired example.",
    "show": "Draw a graph: as a tree, or as SVG.",
    "plan": "Tell what a changed graph or manifest would do to what runs.",
    "render": "Write what `kubectl apply` needs for a graph.",
    "dashboards": "Write the Grafana dashboard and the Prometheus rules of a graph.",
    "trust": "Approve artifacts that run code when they are loaded.",
    "pull": "Bring an artifact here: into the cache, or into a folder (a pod's storage initializer).",
    "executor": "Serve a predictor whose nodes run elsewhere: a drop-in for Seldon's executor.",
    "component": "Serve one class: a drop-in for seldon-core-microservice.",
}


_GARBAGE = (20_000, 20, 20)  # with Python's own thresholds, a tenth of a start goes into looking for some


class LazyGroup(click.Group):
    """A group that knows its commands' names and summaries, and imports one when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_SUMMARIES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, _, attribute = _COMMANDS[cmd_name].partition(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_SUMMARIES.items()))


_HELP = """Run, watch and ship Seldon Core inference graphs written as plain Python classes.

\b
First steps, in a project's folder:
  servegraph up                          train if needed, then serve on :8000 and :5001
  servegraph traffic --shift unit-error  send rows, see the drift alarm
  servegraph status                      what runs, and how it does
  servegraph render                      the same graph as a Kubernetes manifest

\b
Exit codes: 0 all well; 1 a finding or failed requests; 2 a wrong call, graph or
project; 3 the machine: a port in use, a missing artifact, no server."""


@click.group(cls=LazyGroup, help=_HELP, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="servegraph")
def cli() -> None:
    """All commands."""


def main() -> None:
    """Entry point: run a command, and turn known errors into one line with the fix."""
    from servegraph.cli.failure import reported

    # Children are executed, not forked to serve: gRPC's fork handlers would only complain.
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # what it has to say we say better
    gc.set_threshold(*_GARBAGE)
    with reported():
        sys.exit(cli.main(standalone_mode=False))
