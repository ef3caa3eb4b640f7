"""What goes over the socket between a server and its shipper, and how it is written there.

A frame is its two lengths, a head and bodies one after the other. The head is Python's own `marshal`, which
both ends can read as they are the same program: it takes a microsecond for an event, and runs no code when it
is read. It must not be read from anybody else: the socket is in a folder that is the user's alone.

From the server: a `Hello`, then lists of events, at last a number: the seconds until it stops listening. From the
shipper: for each sink what became of its events so far.
"""

import marshal
from asyncio import StreamReader
from collections.abc import Sequence
from dataclasses import dataclass
from struct import Struct
from typing import Any, Literal, NamedTuple

Kind = Literal["request", "response", "feedback"]

_LENGTHS = Struct("<IQ")
THE_END = "the end came first"
LARGE = 64 * 1024
"""Bytes of a body that is not copied into the bytes of its batch, which it ends."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Which predictor the events come from.

    Attributes:
        protocol: seldon, v2 or tensorflow, as it was given to the executor.
        host: the executor's host name; usually empty, as Seldon's operator passes none.
    """

    deployment: str
    namespace: str
    predictor: str
    protocol: str = "seldon"
    host: str = ""
    http_port: int = 8000


@dataclass(frozen=True, slots=True)
class Limits:
    """What a sink may cost.

    Attributes:
        queue: events that may wait.
        queue_bytes: their bodies' bytes, those that are being sent included.
        workers: events that are sent at the same time.
        delivery_s: seconds that a sink may take for an event.
        flush_s: seconds for what still waits at the end.
    """

    queue: int = 10_000
    queue_bytes: int = 64 * 1024 * 1024
    workers: int = 10
    delivery_s: float = 5.0
    flush_s: float = 3.0


Numbers = tuple[str, str, tuple[int, ...], bytes, str]
"""What a message is beside its numbers, whose bytes are the body: its kind, the array's dtype and shape, JSON of the
names and of `meta`, and the transport, which says what is printed.
"""

About = tuple[int, Kind, str, str, int, int, str, str, Numbers | None]
"""An event without its body: the sink's place, kind, node, puid, nanoseconds since 1970, the body's length,
content type, encoding, and what there is to print. It is a plain tuple: thousands may wait, and the collector of
garbage leaves those alone.
"""


class Event(NamedTuple):
    """A message that passed a node, as bytes.

    Attributes:
        sink: its place among the sinks.
        time_ns: when, in nanoseconds since 1970.
        encoding: the body's Content-Encoding, empty for none.
        numbers: what the body is to be printed with, where it is numbers.
    """

    sink: int
    kind: Kind
    node: str
    puid: str
    time_ns: int
    body: bytes
    content_type: str
    encoding: str
    numbers: Numbers | None = None

    @property
    def is_packed(self) -> bool:
        """Whether the sink gets the body unpacked; a sink gets other encodings as they are."""
        return self.encoding == "gzip"


class Hello(NamedTuple):
    """What a server says first: where its events go, where they come from, and what they may cost."""

    sinks: Sequence[str]
    origin: Origin
    limits: Limits


class Report(NamedTuple):
    """What became of a sink's events so far.

    Attributes:
        taken_bytes: of all events of which this tells.
        why: what happened to the last one that was not sent, if there is one.
    """

    sent: int
    failed: int
    dropped: int
    taken_bytes: int
    why: str


def frame(head: Any, bodies: Sequence[bytes] = ()) -> bytes:
    """One frame; raises ValueError for what is no plain value."""
    said = marshal.dumps(head)
    return b"".join((_LENGTHS.pack(len(said), sum(map(len, bodies))), said, *bodies))


def hello_frame(hello: Hello) -> bytes:
    origin, limits = hello.origin, hello.limits
    words = (origin.deployment, origin.namespace, origin.predictor, origin.protocol, origin.host, origin.http_port)
    numbers = (limits.queue, limits.queue_bytes, limits.workers, limits.delivery_s, limits.flush_s)
    return frame((list(hello.sinks), words, numbers))


def read_hello(head: Any) -> Hello:
    sinks, origin, limits = head
    return Hello(sinks, Origin(*origin), Limits(*limits))


def event_frames(events: Sequence[tuple[About, bytes]]) -> list[bytes]:
    """One frame for events, in one piece or two; no body but the last one is large."""
    said = marshal.dumps([about for about, _ in events])
    bodies = [body for _, body in events]
    lengths = _LENGTHS.pack(len(said), sum(map(len, bodies)))
    if len(bodies[-1]) > LARGE:
        return [b"".join((lengths, said, *bodies[:-1])), bodies[-1]]
    return [b"".join((lengths, said, *bodies))]


async def read_frame(reader: StreamReader) -> tuple[Any, bytes]:
    """The head and the bodies of the next frame.

    Raises:
        EOFError: there is none.
        ValueError, TypeError: it cannot be read.
    """
    of_head, of_bodies = _LENGTHS.unpack(await reader.readexactly(_LENGTHS.size))
    head = marshal.loads(await reader.readexactly(of_head))
    return head, await reader.readexactly(of_bodies) if of_bodies else b""


def events_of(heads: Sequence[About], bodies: bytes) -> list[Event]:
    """The events of a frame."""
    found, at = [], 0
    for sink, kind, node, puid, time_ns, length, content_type, encoding, numbers in heads:
        body = bodies[at : at + length]
        at += length
        found.append(Event(sink, kind, node, puid, time_ns, body, content_type, encoding, numbers))
    return found
