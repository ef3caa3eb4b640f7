"""Workers that hang are ended, others are not."""

import asyncio
import itertools
import sys
import time

from servegraph.cli.silence import end_the_silent
from servegraph.supervisor import Backoff, Supervisor

SLEEPS = [sys.executable, "-c", "import time; time.sleep(60)"]


async def test_worker_that_says_nothing_is_replaced_and_its_successor_has_time_again() -> None:
    workers = [Supervisor(f"worker {number}", SLEEPS, backoff=Backoff(first_s=0.01)) for number in (1, 2)]
    for worker in workers:
        await worker.start()
        await worker.until_ready(5)
    first, second = (worker.pid for worker in workers)
    beats, latest = itertools.count(), time.monotonic() + 10

    def heard(number: int) -> int:
        return next(beats) if number == 0 or workers[1].pid != second else 7

    ending = asyncio.create_task(end_the_silent(workers, heard, silent=3, look_s=0.02))
    while workers[1].restarts == 0 and time.monotonic() < latest:
        await asyncio.sleep(0.02)
    await asyncio.sleep(0.3)
    ending.cancel()
    assert [worker.restarts for worker in workers] == [0, 1]
    assert workers[0].pid == first
    for worker in workers:
        await worker.stop()
