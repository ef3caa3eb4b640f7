"""Send things at a rate, whether or not answers come: an open loop, with a limit on what is in flight."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from typing import Any


async def send_at_rate[T](
    things: Iterable[T],
    rate: float,
    concurrency: int,
    handle: Callable[[T], Coroutine[Any, Any, None]],
    stop: asyncio.Event,
) -> None:
    """Handle the n-th thing n/rate seconds after the start, until they end or `stop` is set; wait for all.

    When `concurrency` are in flight the next one waits; those that are late then follow as fast as
    they can, so that the schedule is caught up with. `handle` must not raise.
    """
    loop = asyncio.get_running_loop()
    slots = asyncio.Semaphore(concurrency)
    started = loop.time()
    async with asyncio.TaskGroup() as tasks:
        for number, thing in enumerate(things):
            await _until(started + number / rate, stop)
            await slots.acquire()
            if stop.is_set():
                return
            task = tasks.create_task(handle(thing))
            task.add_done_callback(lambda _: slots.release())


async def _until(due: float, stop: asyncio.Event) -> None:
    # Waiting for the event, not sleeping: an end that is asked for comes at once, however low the rate.
    if due > asyncio.get_running_loop().time():
        with suppress(TimeoutError):
            async with asyncio.timeout_at(due):
                await stop.wait()
