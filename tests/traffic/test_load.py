"""The open loop: never early, never more in flight than allowed, ended at once."""

import asyncio

from servegraph.traffic.load import send_at_rate


async def test_things_are_sent_at_their_rate() -> None:
    loop, times = asyncio.get_running_loop(), []

    async def note(number: int) -> None:
        times.append(loop.time() - started)

    started = loop.time()
    await send_at_rate(range(40), 100.0, 8, note, asyncio.Event())
    assert len(times) == 40
    assert all(time >= number / 100 - 0.002 for number, time in enumerate(times))
    assert times[-1] < 0.39 + 1.0  # late by what the machine is busy with, no more


async def test_slow_answers_do_not_slow_the_schedule() -> None:
    async def slow(number: int) -> None:
        await asyncio.sleep(0.2)

    loop = asyncio.get_running_loop()
    started = loop.time()
    await send_at_rate(range(20), 200.0, 64, slow, asyncio.Event())
    assert loop.time() - started < 2.0  # one after the other they would take 4 s


async def test_no_more_are_in_flight_than_allowed() -> None:
    flying, most = 0, 0

    async def fly(number: int) -> None:
        nonlocal flying, most
        flying += 1
        most = max(most, flying)
        await asyncio.sleep(0.001)
        flying -= 1

    await send_at_rate(range(50), 1e6, 3, fly, asyncio.Event())
    assert (most, flying) == (3, 0)


async def test_stop_ends_a_slow_run_at_once_and_waits_for_what_is_in_flight() -> None:
    stop, done = asyncio.Event(), []

    async def handle(number: int) -> None:
        stop.set()
        await asyncio.sleep(0.01)
        done.append(number)

    await asyncio.wait_for(send_at_rate(range(10), 0.01, 4, handle, stop), 5.0)
    assert done == [0]
