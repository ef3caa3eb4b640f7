"""Sends attacks over real sockets, and reads what comes back."""

import asyncio
import socket
import struct
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

from tests.hostility import frames
from tests.hostility.attacks import Attack

ANSWER_S = 20.0  # a framed attack must be answered
PATIENCE_S = 0.25  # what a broken one may leave open, we close
_RESET = struct.pack("ii", 1, 0)
_GONE = (OSError, asyncio.IncompleteReadError)


class Reply(NamedTuple):
    """The answer to a framed attack."""

    status: int
    content_type: str
    body: bytes


@dataclass
class Tally:
    """What came back: how many of each outcome, and for each kind the last answer that should not have been."""

    outcomes: Counter[str] = field(default_factory=Counter)
    wrong: dict[str, str] = field(default_factory=dict)

    @property
    def sent(self) -> int:
        return sum(self.outcomes.values())


class Attacker:
    """Several connections' worth of hostile clients."""

    def __init__(self, http_port: int, grpc_port: int, seed: int) -> None:
        self._ports = {"http": http_port, "grpc": grpc_port}
        self._random = Random(seed)
        self.tally = Tally()

    async def send(self, attacks: Iterable[Attack], clients: int) -> None:
        """Send one of each of the attacks given, by so many clients at once."""
        queue = iter(attacks)
        async with asyncio.TaskGroup() as group:
            for _ in range(clients):
                group.create_task(self._client(queue))

    async def _client(self, queue: Iterable[Attack]) -> None:
        kept: _Kept | None = None
        for attack in queue:
            steps = attack.steps(self._random)
            if attack.framed:
                kept = kept or await _Kept.open(self._ports["http"])
                if not await self._framed(kept, attack, b"".join(step for step in steps if isinstance(step, bytes))):
                    await kept.close()
                    kept = None
            else:
                async with asyncio.timeout(ANSWER_S), _connection(self._ports[attack.port]) as (reader, writer):
                    self.tally.outcomes[await _unframed(attack, steps, reader, writer)] += 1
        if kept:
            await kept.close()

    async def _framed(self, kept: "_Kept", attack: Attack, request: bytes) -> bool:
        """Whether the connection goes on."""
        try:
            async with asyncio.timeout(ANSWER_S):
                reply, goes_on = await kept.ask(request)
        except (*_GONE, ValueError) as error:
            self.tally.outcomes["none"] += 1
            self.tally.wrong[attack.name] = f"no answer: {error!r}"
            return False
        self.tally.outcomes[str(reply.status)] += 1
        if trouble := _trouble(reply):
            self.tally.wrong[attack.name] = trouble
        return goes_on


def _trouble(reply: Reply) -> str | None:
    """What is wrong with an answer: an error must say what it is, in JSON, and not be a bug of ours."""
    said = reply.body[:300].decode(errors="replace")
    if "Traceback" in said or "internal error" in said:
        return f"{reply.status} {said}"
    if reply.status in (404, 405, 431) or reply.status < 400:
        return None
    return (
        None
        if reply.content_type.startswith("application/json") and reply.body[:1] == b"{"
        else f"{reply.status} {said}"
    )


async def _unframed(
    attack: Attack, steps: Iterable[bytes | float], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> str:
    with suppress(*_GONE):  # the server may hang up in the middle
        for step in steps:
            if isinstance(step, bytes):
                writer.write(step)
                await writer.drain()
            else:
                await asyncio.sleep(step)
        if attack.ending == "reset":
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            writer.transport.abort()
            return "reset"
        if attack.ending == "shut":
            writer.write_eof()
    with suppress(*_GONE):
        async with asyncio.timeout(PATIENCE_S):
            await (_until_end_of_call(reader) if attack.port == "grpc" else reader.read())
            return "answered or closed"
    return "left open"


async def _until_end_of_call(reader: asyncio.StreamReader) -> None:
    while True:
        head = await reader.readexactly(9)
        await reader.readexactly(int.from_bytes(head[:3], "big"))
        kind, flags = head[3], head[4]
        if kind in (frames.RST, frames.GOAWAY) or (kind in (frames.DATA, frames.HEADERS) and flags & frames.END_STREAM):
            return


class _Kept:
    """A connection that outlives a request."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, port: int) -> "_Kept":
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def ask(self, request: bytes) -> tuple[Reply, bool]:
        """The reply, and whether the server keeps the connection."""
        self._writer.write(request)
        await self._writer.drain()
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
        body = await self._reader.readexactly(int(fields.get("content-length", "0")))
        reply = Reply(int(head[0].split()[1]), fields.get("content-type", ""), body)
        return reply, fields.get("connection", "") != "close"

    async def close(self) -> None:
        self._writer.close()
        with suppress(OSError):
            await self._writer.wait_closed()


@asynccontextmanager
async def _connection(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
