"""One HTTP/1.1 connection that carries one request at a time."""

import asyncio
from typing import cast

from servegraph.http_client.answer import AnswerReader, HttpAnswer
from servegraph.http_client.malformed import MalformedAnswer


class HungUp(Exception):
    """The connection ended before the answer did; `__cause__` is the system's error, if any.

    Attributes:
        started: whether a part of the answer had come.
    """

    def __init__(self, started: bool) -> None:
        super().__init__("the connection ended before the answer did")
        self.started = started


class Connection(asyncio.Protocol):
    """Owns its transport.

    Attributes:
        idle_since: when it was last put aside, in seconds of `time.monotonic`.
    """

    def __init__(self, max_body: int, cuts: bool) -> None:
        self._max_body = max_body
        self._cuts = cuts
        self._transport: asyncio.Transport | None = None
        self._reader: AnswerReader | None = None
        self._answer: asyncio.Future[HttpAnswer] | None = None
        self._is_lost = False
        self.idle_since = 0.0

    @property
    def is_open(self) -> bool:
        """Whether it can carry a request; false for good once either side has ended it."""
        return self._transport is not None and not self._is_lost and not self._transport.is_closing()

    async def exchange(self, head: bytes, body: bytes) -> HttpAnswer:
        """Send a request and wait for its answer.

        Raises:
            HungUp: the other side ended the connection too early.
            MalformedAnswer: it does not speak HTTP, or the answer is too large.
        """
        assert self._transport is not None
        self._reader = AnswerReader(self._max_body, self._cuts)
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.writelines((head, body))
        try:
            answer = await self._answer
        except BaseException:
            self.close()
            raise
        self._reader = self._answer = None
        # An answer that came before the whole request was sent leaves the rest of it in the way.
        if not answer.keeps_alive or self._transport.get_write_buffer_size():
            self.close()
        return answer

    def close(self) -> None:
        """End it now; what is in flight is lost."""
        self._is_lost = True
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if self._reader is None or self._answer is None or self._answer.done():
            self.close()  # nobody asked
            return
        try:
            answer = self._reader.feed(data)
        except MalformedAnswer as error:
            self._answer.set_exception(error)
            return
        if answer is not None:
            self._answer.set_result(answer)

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_lost = True
        if self._reader is None or self._answer is None or self._answer.done():
            return
        answer = self._reader.end() if exc is None else None
        if answer is not None:
            self._answer.set_result(answer)
        else:
            failure = HungUp(self._reader.started)
            failure.__cause__ = exc
            self._answer.set_exception(failure)
