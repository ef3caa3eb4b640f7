"""Reading and printing large messages is done aside, in a thread, as it would keep the loop from all other requests.

Each front and each engine has one thread for it, as more would only compete with the loop for Python's one lock.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from servegraph.payload.envelope import Envelope
from servegraph.payload.numbers import LARGE


class Aside:
    """Does it for requests of one event loop."""

    def __init__(self) -> None:
        self._thread: ThreadPoolExecutor | None = None

    async def do[**P, T](self, work: Callable[P, T], *arguments: P.args, **keywords: P.kwargs) -> T:
        """What a function returns; it runs after those that were asked for earlier."""
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="aside")
        # No variable holds the future: an error would keep it, and with it the message, until garbage is looked for.
        return await asyncio.wrap_future(self._thread.submit(work, *arguments, **keywords))


def prints_long(answer: Envelope[Any]) -> bool:
    """Whether it takes long to print an answer: it holds a large array, and was not printed yet."""
    return answer.is_decoded and getattr(answer.value().value, "nbytes", 0) > LARGE
