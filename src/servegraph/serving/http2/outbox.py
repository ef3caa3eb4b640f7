"""What waits to be sent on one connection, as far as the client's windows let it.

A stream's frames keep their order; streams that wait take turns.
"""

from collections import deque
from collections.abc import Callable

from servegraph.serving.http2.frames import (
    DATA,
    DEFAULT_FRAME,
    DEFAULT_WINDOW,
    END_HEADERS,
    END_STREAM,
    HEADERS,
    MOST,
    RST_STREAM,
    Code,
    ConnectionFault,
    frame,
    number,
)
from servegraph.serving.http2.hpack import EMPTY_TABLE

_KIND, _FLAGS = 3, 4  # where a frame has them


class Outbox:
    """Sends headers and data of streams.

    Args:
        write: puts a frame on its way.

    Attributes:
        sent: bytes of data so far.
    """

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._write = write
        self._window = DEFAULT_WINDOW
        self._initial = DEFAULT_WINDOW
        self._spent: dict[int, int] = {}  # by stream: how much smaller its window is than the initial one
        self._waiting: dict[int, deque[memoryview | bytes]] = {}  # data, and frames that follow it
        self.frame_size = DEFAULT_FRAME
        self.is_paused = False
        self.sent = 0
        self._is_new = True
        self._has_grown = False  # a window has, and those that wait have not been told

    def headers(self, stream: int, block: bytes, *, ends: bool = False) -> None:
        """Send a block of fields, at most as large as any client's frames; the last one ends the stream."""
        if self._is_new:  # a client that keeps no table, or a smaller one, waits to hear that we need none
            self._is_new, block = False, EMPTY_TABLE + block
        self._follow(stream, frame(HEADERS, END_HEADERS | END_STREAM if ends else END_HEADERS, stream, block))

    def reset(self, stream: int, code: Code) -> None:
        """End a stream after what is sent on it: the rest of the client's body is not needed."""
        self._follow(stream, frame(RST_STREAM, 0, stream, number(code)))

    def _follow(self, stream: int, made: bytes) -> None:
        """Send a frame after all data of its stream."""
        waiting = self._waiting.get(stream)
        if waiting is not None:
            waiting.append(made)
            return
        self._write(made)
        if made[_KIND] == RST_STREAM or made[_FLAGS] & END_STREAM:
            self._spent.pop(stream, None)

    def data(self, stream: int, payload: bytes) -> None:
        """Send a part of the body."""
        waiting = self._waiting.get(stream)
        if waiting is not None:
            waiting.append(memoryview(payload))
        elif rest := self._sent(stream, memoryview(payload)):
            self._waiting[stream] = deque((rest,))

    def _sent(self, stream: int, data: memoryview) -> memoryview:
        """Send as much as may be; the rest."""
        while data and not self.is_paused and not self._has_grown:
            spent = self._spent.get(stream, 0)
            room = min(self._window, self._initial - spent, self.frame_size, len(data))
            if room <= 0:
                break
            self._window -= room
            self.sent += room
            self._spent[stream] = spent + room
            self._write(frame(DATA, 0, stream, data[:room]))
            data = data[room:]
        return data

    def resume(self) -> None:
        """Send what waits, as far as windows have grown. This takes a look at all of it: once in a turn is enough."""
        self._has_grown = False
        for stream in list(self._waiting):
            if self.is_paused or self._window <= 0:
                return
            for item in self._waiting.pop(stream):
                if isinstance(item, bytes):
                    self._follow(stream, item)
                elif (waiting := self._waiting.get(stream)) is not None:
                    waiting.append(item)
                elif rest := self._sent(stream, item):
                    self._waiting[stream] = deque((rest,))  # behind the other streams

    def grow(self, stream: int, size: int) -> None:
        """The client gave a window more room, as `resume` will see: the connection's, with the number 0, or a stream's.

        Raises:
            ConnectionFault: by nothing, or by too much.
        """
        if stream:
            self._spent[stream] = self._spent.get(stream, 0) - size
            window = self._initial - self._spent[stream]
        else:
            self._window += size
            window = self._window
        if not size or window > MOST:
            code = Code.FLOW_CONTROL_ERROR if size else Code.PROTOCOL_ERROR
            raise ConnectionFault(code, f"a window grows by {size}")
        self._has_grown = bool(self._waiting)

    def begin_with(self, window: int) -> None:
        """All streams begin with another window from now on, as if those that are open had; see `resume`.

        Raises:
            ConnectionFault: it is too large.
        """
        if window > MOST:
            raise ConnectionFault(Code.FLOW_CONTROL_ERROR, "a window is too large")
        self._initial = window
        self._has_grown = bool(self._waiting)

    def forget(self, stream: int) -> None:
        """Send nothing more of a stream."""
        self._waiting.pop(stream, None)
        self._spent.pop(stream, None)

    def holds(self, stream: int) -> bool:
        """Whether something of a stream waits."""
        return stream in self._waiting

    def __len__(self) -> int:
        """How many streams have something that waits."""
        return len(self._waiting)

    @property
    def is_due(self) -> bool:
        """Whether `resume` may send something."""
        return self._has_grown
