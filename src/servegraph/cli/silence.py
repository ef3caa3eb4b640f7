"""Ends workers that hang: their clients would wait for ever, and nobody would take their place."""

import asyncio
import logging
from collections.abc import Callable, Sequence

from servegraph.supervisor import Supervisor

LOOK_S = 1.0
SILENT = 30  # looks at a worker that says nothing before it is killed

log = logging.getLogger(__name__)


async def end_the_silent(
    workers: Sequence[Supervisor], beats: Callable[[int], int], silent: int = SILENT, look_s: float = LOOK_S
) -> None:
    """Kill every worker whose `beats` stay the same for so many looks; its supervisor starts it again.

    Looks are counted, not seconds: a machine that slept has not looked.
    """
    heard: list[object] = [None] * len(workers)
    looks = [0] * len(workers)
    while True:
        await asyncio.sleep(look_s)
        for number, worker in enumerate(workers):
            now = (worker.pid, beats(number))
            looks[number] = looks[number] + 1 if worker.is_ready and now == heard[number] else 0
            heard[number] = now
            if looks[number] >= silent:
                log.warning("%s has hung for %.0f s; it is killed", worker.name, silent * look_s)
                worker.kill()
