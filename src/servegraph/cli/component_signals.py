"""Signals of a component server: the first says stop, a second one now, and a user's code cannot ignore them.

User code may run on the event loop's own thread, where handlers of the loop would wait for it.
Python's own are called in the midst of it, and start a clock that ends the process at last.
"""

import asyncio
import os
import signal
from collections.abc import Callable
from threading import Thread, Timer
from typing import Any

from servegraph.serving.component_server import DRAIN_LIMIT_S, RETIRE_LIMIT_S

LAST_RESORT_S = DRAIN_LIMIT_S + 3.0  # after a signal, whatever the component does
HURRY_LIMIT_S = 3.0  # after a second one
RETIRE = signal.SIGUSR1  # to a worker: end, others go on
_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Signals:
    """What was asked of this process.

    Attributes:
        stop, hurry: set by the first and by the second signal.
        retired: whether it was asked to leave the ports to others.
    """

    def __init__(self, last_resort_s: float, leave: Callable[[], None]) -> None:
        """Begin to listen; `leave` is called before the process is ended after `last_resort_s` seconds."""
        self.stop, self.hurry, self.retired = asyncio.Event(), asyncio.Event(), False
        self._loop = asyncio.get_running_loop()
        self._last_resort_s = last_resort_s
        self._leave = leave
        self._timer: Timer | None = None
        self._told = False
        for number in (*_STOPPING, RETIRE):
            signal.signal(number, self._arrived)

    def _arrived(self, number: int, _: Any) -> None:
        if number == RETIRE:
            self.retired = True
            self._begin(RETIRE_LIMIT_S + 3.0)
        elif self._told:
            self._begin(HURRY_LIMIT_S)
            self._loop.call_soon_threadsafe(self.hurry.set)
        else:
            self._told = True
            self._begin(self._last_resort_s)

    def _begin(self, last_resort_s: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = Timer(last_resort_s, self._end)
        self._timer.daemon = True
        self._timer.start()
        self._loop.call_soon_threadsafe(self.stop.set)

    def follow(self, ended: Callable[[], None]) -> None:
        """Stop when `ended` returns, which is called in a thread."""

        def wait() -> None:
            ended()
            os.kill(os.getpid(), signal.SIGTERM)

        Thread(target=wait, daemon=True).start()

    def _end(self) -> None:
        self._leave()
        os._exit(0)
