"""Serve one deployment with several processes."""

import asyncio
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from time import monotonic

import uvloop
from rich.console import Console

from servegraph.cli.crew_memory import CrewMemory
from servegraph.cli.failure import reported
from servegraph.cli.fleet import Fleet
from servegraph.cli.monitor import detectors, supervised_monitor
from servegraph.cli.predictor import LoadedPredictor, RunOptions
from servegraph.cli.request_logging import loggers_of
from servegraph.cli.session import make_session
from servegraph.cli.shipper import supervised_shipper
from servegraph.project import Project
from servegraph.serving.server import KeptPorts
from servegraph.spec import SeldonDeployment
from servegraph.supervisor import lost_threads

WITHOUT = "--no-preload"
_THREADS = "OMP_NUM_THREADS"


def compute_in_one_thread() -> None:
    """Have the workers be the parallelism; to be called before anything is loaded, and overruled by OMP_NUM_THREADS.

    OpenMP's threads in addition would only make them wait for one another, and cannot be forked.
    """
    os.environ.setdefault(_THREADS, "1")


def load_in_each_worker(out: Console) -> None:
    """Begin this command again if what was loaded has threads; forks would be without them, and hang."""
    threads = lost_threads()
    if not threads:
        return
    out.print(f"[yellow]note[/] what was loaded has started {threads} threads: each worker loads for itself")
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-P", "-m", "servegraph.cli", *sys.argv[1:], WITHOUT])


class Workers:
    """The workers of one run.

    Args:
        loaded: the predictors; their components are loaded if `options.preloads`.
        load: loads them in a worker, else.
        folders: a private folder for each predictor.
    """

    def __init__(
        self,
        project: Project,
        deployment: SeldonDeployment,
        loaded: Sequence[LoadedPredictor],
        load: Callable[[], Sequence[LoadedPredictor]],
        folders: Sequence[Path],
        options: RunOptions,
    ) -> None:
        self._project = project
        self._deployment = deployment
        self._loaded = loaded
        self._load = load
        self._folders = folders
        self._options = options

    def run(self, ports: KeptPorts, out: Console, loading_since: float) -> None:
        """Serve until a signal comes; raises like `Fleet.run`."""
        memory = CrewMemory(self._options.workers, len(self._loaded), self._options.feedback_memory)
        work = partial(self._work, memory, ports, monotonic())
        watched = self._options.monitored
        places = list(zip(self._loaded, self._folders, strict=True))
        monitors = [
            supervised_monitor(self._project, nodes, folder)
            for (_, nodes), folder in places
            if watched and detectors(nodes)
        ]
        shippers = [supervised_shipper(folder) for (spec, _), folder in places if loggers_of(spec, os.environ)]
        nodes = [node for _, nodes in self._loaded for node in nodes]
        fleet = Fleet(self._project, memory, work, [*shippers, *monitors], nodes)
        asyncio.run(fleet.run(self._deployment.name, ports.addresses, out, loading_since))

    def _work(self, memory: CrewMemory, ports: KeptPorts, started: float, number: int) -> int:
        """Be a worker."""
        with reported():
            loaded = self._loaded if self._options.preloads else self._load()
            member = memory.member(number)
            session = make_session(
                self._project, self._deployment, loaded, self._folders, self._options, member, started
            )
            uvloop.run(session.work(ports.join(), Console(quiet=True), member.beat))
        return 0
