"""HTTP/2 byte for byte: what a client may send, in which order, and what it must not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from tests.ports import free_port

from servegraph.serving.grpc_call import Call, Sizes
from servegraph.serving.grpc_message import packed
from servegraph.serving.grpc_server import GrpcServer
from servegraph.serving.http2 import connection
from servegraph.serving.http2.frames import (
    ACK,
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    FRAME_SIZE,
    GOAWAY,
    HEADERS,
    INITIAL_WINDOW,
    PADDED,
    PING,
    PREFACE,
    PRIORITISED,
    PRIORITY,
    PUSH_PROMISE,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
    Code,
    frame,
    number,
    setting,
)
from servegraph.serving.http2.hpack import FieldDecoder, encoded
from servegraph.serving.http2.outbox import Outbox
from servegraph.serving.port import Port

FIELDS = b"".join(
    encoded(name, value)
    for name, value in (
        (b":method", b"POST"),
        (b":scheme", b"http"),
        (b":path", b"/s/echo"),
        (b"content-type", b"application/grpc"),
    )
)
START = PREFACE + frame(SETTINGS, 0, 0)


def headers(stream: int = 1, flags: int = END_HEADERS, block: bytes = FIELDS) -> bytes:
    return frame(HEADERS, flags, stream, block)


def data(message: bytes, stream: int = 1, flags: int = END_STREAM) -> bytes:
    return frame(DATA, flags, stream, packed(message))


class Client:
    """Writes frames as they stand, and reads the server's."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._fields = FieldDecoder(10**6, dict)

    def write(self, *frames: bytes) -> None:
        self._writer.write(b"".join(frames))

    async def frame(self) -> tuple[int, int, int, bytes]:
        async with asyncio.timeout(10):
            head = await self._reader.readexactly(9)
            payload = await self._reader.readexactly(int.from_bytes(head[:3]))
        return head[3], head[4], int.from_bytes(head[5:]), payload

    async def next(self, *kinds: int) -> tuple[int, int, int, bytes]:
        """The next frame of these kinds."""
        while (found := await self.frame())[0] not in kinds:
            pass
        return found

    async def answer(self) -> tuple[int, bytes, dict[bytes, bytes]]:
        """Stream, body and trailers of the next answer to end, where answers do not overlap."""
        body = b""
        while True:
            kind, flags, stream, payload = await self.next(DATA, HEADERS)
            if kind == DATA:
                body += payload
            elif flags & END_STREAM:
                return stream, body, self._fields.read(payload)
            else:
                self._fields.read(payload)

    async def echoed(self) -> bytes:
        _, body, trailers = await self.answer()
        assert trailers[b"grpc-status"] == b"0"
        return body[5:]

    async def end(self) -> tuple[Code, str]:
        """Why the server ended the connection."""
        _, _, _, payload = await self.next(GOAWAY)
        async with asyncio.timeout(10):
            assert await self._reader.read() == b""
        return Code(int.from_bytes(payload[4:8])), payload[8:].decode()

    async def is_closed(self) -> bool:
        async with asyncio.timeout(10):
            try:
                await self._reader.read()
            except ConnectionError:
                pass
            return True

    def close(self) -> None:
        self._writer.close()


class Served:
    def __init__(self, server: GrpcServer, port: int) -> None:
        self.server = server
        self._port = port

    @asynccontextmanager
    async def client(self) -> AsyncIterator[Client]:
        client = Client(*await asyncio.open_connection("127.0.0.1", self._port))
        try:
            yield client
        finally:
            client.close()


@asynccontextmanager
async def serving(stream=None, **methods) -> AsyncIterator[Served]:
    async def echo(call: Call, message: bytes) -> bytes:
        return message

    port = free_port()
    paths = {f"/s/{name}": method for name, method in {"echo": echo, **methods}.items()}
    server = GrpcServer(paths, {"/s/flow": stream} if stream else {}, Sizes(10**6, 10**6))
    await server.start(Port("127.0.0.1", port, "--grpc-port"), None)
    try:
        yield Served(server, port)
    finally:
        await server.stop(None)


@asynccontextmanager
async def one_client() -> AsyncIterator[Client]:
    async with serving() as served, served.client() as client:
        yield client


async def test_a_call_may_come_byte_for_byte():
    async with one_client() as client:
        for octet in START + headers() + data(b"hello"):
            client.write(bytes((octet,)))
            await asyncio.sleep(0)
        assert await client.echoed() == b"hello"


async def test_calls_may_come_all_at_once():
    async with one_client() as client:
        client.write(START, *(headers(stream) + data(b"%d" % stream, stream) for stream in range(1, 40, 2)))
        assert [await client.echoed() for _ in range(1, 40, 2)] == [b"%d" % stream for stream in range(1, 40, 2)]


@pytest.mark.parametrize(
    "call",
    [
        headers(flags=0, block=FIELDS[:9]) + frame(CONTINUATION, 0, 1, b"") + frame(CONTINUATION, 4, 1, FIELDS[9:]),
        headers(flags=END_HEADERS | PADDED | PRIORITISED, block=b"\x03" + bytes(5) + FIELDS + bytes(3)),
        frame(PRIORITY, 0, 1, bytes(5)) + headers() + frame(99, 255, 1, b"?"),
    ],
    ids=["continued", "padded", "among frames that do not matter"],
)
async def test_headers_may_come_in_many_forms(call: bytes):
    async with one_client() as client:
        client.write(START, call, frame(DATA, PADDED, 1, b"\x02" + packed(b"hello") + bytes(2)))
        client.write(headers(block=encoded(b"trailer", b"x"), flags=END_HEADERS | END_STREAM))
        assert await client.echoed() == b"hello"


async def test_settings_and_pings_are_acknowledged():
    async with one_client() as client:
        client.write(START, frame(PING, 0, 0, b"12345678"), frame(PING, ACK, 0, b"12345678"))
        assert (await client.next(SETTINGS))[1] == 0
        assert await client.next(SETTINGS) == (SETTINGS, ACK, 0, b"")
        assert await client.next(PING) == (PING, ACK, 0, b"12345678")


@pytest.mark.parametrize(
    ("sent", "code", "text"),
    [
        (b"POST / HTTP/1.1\r\n\r\n", Code.PROTOCOL_ERROR, "this port speaks HTTP/2"),
        (START + b"\x00\x40\x01" + bytes(6), Code.FRAME_SIZE_ERROR, "a frame of 16385 bytes"),
        (START + headers(2), Code.PROTOCOL_ERROR, "a request on stream 2"),
        (START + data(b"x", 0), Code.PROTOCOL_ERROR, "stream 0 was never opened"),
        (START + headers() + data(b"x", 3), Code.PROTOCOL_ERROR, "stream 3 was never opened"),
        (START + frame(RST_STREAM, 0, 1, bytes(4)), Code.PROTOCOL_ERROR, "stream 1 was never opened"),
        (START + headers(block=b"\x80"), Code.COMPRESSION_ERROR, "there is no field 0"),
        (START + headers(flags=0) + data(b"x"), Code.PROTOCOL_ERROR, "header fields are interrupted"),
        (START + frame(CONTINUATION, 4, 1, FIELDS), Code.PROTOCOL_ERROR, "a frame that nobody waits for"),
        (START + frame(PUSH_PROMISE, 4, 1, FIELDS), Code.PROTOCOL_ERROR, "a frame that nobody waits for"),
        (
            START + headers(flags=0) + frame(CONTINUATION, 0, 1, bytes(10_000)) * 7,
            Code.ENHANCE_YOUR_CALM,
            "header fields of over 65536 bytes",
        ),
        (START + frame(SETTINGS, 0, 0, b"x"), Code.FRAME_SIZE_ERROR, "settings of an odd length"),
        (START + frame(PING, 0, 0, b"x"), Code.FRAME_SIZE_ERROR, "a frame of 1 bytes, where 8 are all"),
        (START + frame(WINDOW_UPDATE, 0, 0, b"x"), Code.FRAME_SIZE_ERROR, "a frame of 1 bytes, where 4 are all"),
        (START + frame(WINDOW_UPDATE, 0, 0, number(0)), Code.PROTOCOL_ERROR, "a window grows by 0"),
        (
            START + frame(WINDOW_UPDATE, 0, 0, number(2**31 - 1)),
            Code.FLOW_CONTROL_ERROR,
            "a window grows by 2147483647",
        ),
        (
            START + frame(SETTINGS, 0, 0, setting(INITIAL_WINDOW, 2**31)),
            Code.FLOW_CONTROL_ERROR,
            "a window is too large",
        ),
        (START + headers() + frame(DATA, PADDED, 1, b"\x05abc"), Code.PROTOCOL_ERROR, "a frame is all padding"),
        (PREFACE + frame(PING, 0, 0, bytes(8)), Code.PROTOCOL_ERROR, "a client begins with its settings"),
        (PREFACE + frame(SETTINGS, ACK, 0), Code.PROTOCOL_ERROR, "a client begins with its settings"),
        (START + headers(0), Code.PROTOCOL_ERROR, "a request on stream 0"),
        (START + frame(SETTINGS, 0, 1), Code.PROTOCOL_ERROR, "a frame of the whole connection on stream 1"),
        (START + frame(PING, 0, 1, bytes(8)), Code.PROTOCOL_ERROR, "a frame of the whole connection on stream 1"),
        (START + frame(SETTINGS, ACK, 0, bytes(6)), Code.FRAME_SIZE_ERROR, "a frame of 6 bytes, where 0 are all"),
        (
            START + headers() + frame(RST_STREAM, 0, 1, b"x"),
            Code.FRAME_SIZE_ERROR,
            "a frame of 1 bytes, where 4 are all",
        ),
        (START + frame(WINDOW_UPDATE, 0, 1, number(1)), Code.PROTOCOL_ERROR, "stream 1 was never opened"),
    ],
)
async def test_a_client_that_breaks_the_rules_is_told_why(sent: bytes, code: Code, text: str):
    async with one_client() as client:
        client.write(sent)
        assert await client.end() == (code, text)


async def test_a_client_that_says_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(connection, "GREETING_S", 0.05)
    async with one_client() as client:
        client.write(PREFACE[:10])
        assert await client.is_closed()


async def test_a_client_that_does_not_read_is_not_waited_for(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(connection, "STALL_S", 0.05)
    async with one_client() as client:
        client.write(START, frame(SETTINGS, 0, 0, setting(INITIAL_WINDOW, 2**31 - 1)))
        client.write(frame(WINDOW_UPDATE, 0, 0, number(2**30)))
        message = bytes(900_000)
        for stream in range(1, 41, 2):
            pieces = [packed(message)[at : at + 16_384] for at in range(0, len(message) + 5, 16_384)]
            client.write(headers(stream), *(frame(DATA, 0, stream, piece) for piece in pieces))
            client.write(frame(DATA, END_STREAM, stream))
        await asyncio.sleep(0.2)
        assert await client.is_closed()


async def test_an_answer_waits_for_the_windows_of_its_client():
    async with one_client() as client:
        client.write(START, frame(SETTINGS, 0, 0, setting(INITIAL_WINDOW, 10)))
        client.write(headers(1), data(b"x" * 20, 1), headers(3), data(b"y" * 3, 3))
        sent = [await client.next(DATA, HEADERS) for _ in range(5)]
        assert [(kind, stream, len(payload)) for kind, _, stream, payload in sent if kind == DATA] == [
            (DATA, 1, 10),
            (DATA, 3, 8),
        ]
        client.write(frame(WINDOW_UPDATE, 0, 1, number(7)))
        assert await client.next(DATA, HEADERS) == (DATA, 0, 1, b"x" * 7)
        client.write(frame(SETTINGS, 0, 0, setting(INITIAL_WINDOW, 11)))
        assert await client.next(DATA, HEADERS) == (DATA, 0, 1, b"x")
        client.write(frame(WINDOW_UPDATE, 0, 1, number(100)))
        assert (await client.next(DATA, HEADERS))[3] == b"x" * 7
        assert (await client.next(DATA, HEADERS))[1] & END_STREAM


async def test_an_answer_waits_for_the_connections_window_and_takes_its_frames_size():
    message = b"x" * 100_000
    pieces = [packed(message)[at : at + 16_384] for at in range(0, len(message), 16_384)]
    async with one_client() as client:
        client.write(START, frame(SETTINGS, 0, 0, setting(INITIAL_WINDOW, 10**6) + setting(FRAME_SIZE, 50_000)))
        client.write(headers(), *(frame(DATA, 0, 1, piece) for piece in pieces), frame(DATA, END_STREAM, 1))
        sizes = [len((await client.next(DATA))[3]) for _ in range(2)]
        assert sizes == [50_000, 15_535]
        client.write(frame(WINDOW_UPDATE, 0, 0, number(50_000)))
        assert len((await client.next(DATA))[3]) == 100_005 - 65_535


async def test_a_reset_stops_the_work_and_forgets_the_answer():
    asked, stopped = asyncio.Event(), asyncio.Event()

    async def waits(call: Call, message: bytes) -> bytes:
        asked.set()
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()
        raise AssertionError

    block = FIELDS.replace(b"/s/echo", b"/s/wait")
    async with serving(wait=waits) as served, served.client() as client:
        client.write(START, headers(block=block), data(b"x"))
        await asked.wait()
        client.write(frame(RST_STREAM, 0, 1, number(8)))
        async with asyncio.timeout(5):
            await stopped.wait()
        client.write(headers(3), data(b"y", 3))
        assert await client.answer() == (3, packed(b"y"), {b"grpc-status": b"0"})


async def test_what_comes_for_a_call_that_was_answered_does_no_harm():
    async with one_client() as client:
        client.write(START, headers(block=FIELDS.replace(b"/s/echo", b"/s/none")))
        assert (await client.answer())[2][b"grpc-status"] == b"12"
        assert await client.next(RST_STREAM) == (RST_STREAM, 0, 1, number(Code.NO_ERROR))
        client.write(
            data(b"x" * 100), frame(WINDOW_UPDATE, 0, 1, number(5)), headers(1), frame(RST_STREAM, 0, 1, bytes(4))
        )
        client.write(headers(3), data(b"y", 3))
        assert await client.echoed() == b"y"


async def test_a_large_message_is_given_room_as_it_comes():
    async with one_client() as client:
        message = packed(b"x" * 900_000)
        client.write(START, headers(), frame(SETTINGS, 0, 0, setting(INITIAL_WINDOW, 10**6)))
        client.write(*(frame(DATA, 0, 1, message[at : at + 16_384]) for at in range(0, 600_000, 16_384)))
        await client.next(WINDOW_UPDATE)  # the connection's first one
        _, _, stream, payload = await client.next(WINDOW_UPDATE)
        assert (stream, int.from_bytes(payload) > 500_000) == (1, True)


async def test_streams_over_the_limit_are_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(connection, "STREAMS", 2)
    async with one_client() as client:
        client.write(START, headers(1), headers(3), headers(5))
        assert await client.next(RST_STREAM) == (RST_STREAM, 0, 5, number(Code.REFUSED_STREAM))


async def test_metadata_that_is_too_large_ends_the_call_alone():
    block = FIELDS + encoded(b"x", b"y" * 8000)
    async with one_client() as client:
        client.write(START, headers(block=encoded(b"a", b"b") * 480 + FIELDS))
        assert (await client.answer())[2][b"grpc-status"] == b"8"
        client.write(headers(3, block=block), data(b"y", 3))
        assert await client.echoed() == b"y"


async def test_what_is_no_grpc_is_415():
    async with one_client() as client:
        client.write(START, headers(block=FIELDS.replace(b"application/grpc", b"application/json")))
        assert (await client.answer())[2] == {b":status": b"415"}


async def test_at_the_end_clients_are_told_first_and_answered():
    go_on = asyncio.Event()

    async def waits(call: Call, message: bytes) -> bytes:
        await go_on.wait()
        return message

    block = FIELDS.replace(b"/s/echo", b"/s/wait")
    async with serving(wait=waits) as served, served.client() as client:
        client.write(START, headers(block=block), data(b"x"))
        await client.next(SETTINGS)
        client.write(frame(PING, 0, 0, bytes(8)))
        await client.next(PING)
        stopping = asyncio.ensure_future(served.server.stop(10))
        assert (await client.next(GOAWAY))[3] == number(2**31 - 1) + bytes(4)
        ping = await client.next(PING)
        client.write(headers(3), data(b"late", 3), frame(PING, ACK, 0, ping[3]))
        assert await client.answer() == (3, packed(b"late"), {b"grpc-status": b"0"})
        assert (await client.next(GOAWAY))[3] == number(3) + bytes(4)
        go_on.set()
        assert await client.echoed() == b"x"
        async with asyncio.timeout(5):
            await stopping


async def test_the_end_does_not_wait_longer_than_it_may():
    async def waits(call: Call, message: bytes) -> bytes:
        await asyncio.Event().wait()
        raise AssertionError

    block = FIELDS.replace(b"/s/echo", b"/s/wait")
    async with serving(wait=waits) as served, served.client() as client, served.client() as silent:
        client.write(START, headers(block=block), data(b"x"))
        await client.next(SETTINGS)
        async with asyncio.timeout(5):
            await served.server.stop(0.05)
        assert await client.is_closed()
        assert await silent.is_closed()


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (headers(block=b"\x40\x01A\x01b" + FIELDS), Code.PROTOCOL_ERROR),
        (headers(block=encoded(b"a", b"b") + FIELDS), Code.PROTOCOL_ERROR),
        (headers(block=FIELDS + encoded(b"A", b"b")), Code.PROTOCOL_ERROR),
        (headers(block=FIELDS + encoded(b"a b", b"b")), Code.PROTOCOL_ERROR),
        (headers(block=FIELDS + encoded(b"", b"b")), Code.PROTOCOL_ERROR),
        (headers(block=FIELDS + encoded(b"a", b"b\r\nc: d")), Code.PROTOCOL_ERROR),
        (headers(block=FIELDS + encoded(b"connection", b"close")), Code.PROTOCOL_ERROR),
        (headers(block=FIELDS + encoded(b"te", b"gzip")), Code.PROTOCOL_ERROR),
        (headers(block=encoded(b":path", b"/") + FIELDS), Code.PROTOCOL_ERROR),
        (headers(block=encoded(b":status", b"200") + FIELDS), Code.PROTOCOL_ERROR),
        (headers(block=encoded(b":path", b"/s/echo")), Code.PROTOCOL_ERROR),
        (headers() + headers(block=encoded(b"a", b"b")), Code.PROTOCOL_ERROR),
        (headers(block=FIELDS.replace(b"echo", b"wait")) + data(b"x") + data(b"x"), Code.STREAM_CLOSED),
        (headers(block=FIELDS.replace(b"echo", b"wait")) + data(b"x") + headers(), Code.STREAM_CLOSED),
    ],
)
async def test_a_call_that_breaks_the_rules_ends_alone(sent: bytes, code: Code):
    async def waits(call: Call, message: bytes) -> bytes:
        return await asyncio.Event().wait()

    async with serving(wait=waits) as served, served.client() as client:
        client.write(START, sent, headers(3), data(b"y", 3))
        assert await client.next(RST_STREAM) == (RST_STREAM, 0, 1, number(code))
        assert await client.echoed() == b"y"


async def test_a_flag_that_means_nothing_does_not_matter():
    async with one_client() as client:
        client.write(START, headers(), data(b"hello", flags=END_STREAM | PRIORITISED))
        assert await client.echoed() == b"hello"


async def test_a_client_without_a_table_hears_that_none_is_needed():
    async with one_client() as client:
        client.write(PREFACE, frame(SETTINGS, 0, 0, setting(1, 0)), headers(), data(b"x"))
        assert (await client.next(HEADERS))[3].startswith(b"\x20\x88")


async def test_answers_that_are_not_taken_count_as_calls(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(connection, "STREAMS", 3)
    async with one_client() as client:
        client.write(START, frame(SETTINGS, 0, 0, setting(INITIAL_WINDOW, 0)))
        client.write(*(headers(stream) + data(b"x", stream) for stream in (1, 3, 5, 7)))
        assert await client.next(RST_STREAM) == (RST_STREAM, 0, 7, number(Code.REFUSED_STREAM))
        client.write(frame(WINDOW_UPDATE, 0, 1, number(100)))
        assert await client.echoed() == b"x"
        client.write(headers(9), data(b"x", 9), frame(WINDOW_UPDATE, 0, 9, number(100)))
        assert await client.echoed() == b"x"


async def test_a_client_that_opens_no_window_is_not_waited_for(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(connection, "STALL_S", 0.05)
    async with one_client() as client:
        client.write(START, frame(SETTINGS, 0, 0, setting(INITIAL_WINDOW, 3)), headers(), data(b"x"))
        assert await client.is_closed()


async def test_a_client_with_nothing_to_take_may_stay(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(connection, "STALL_S", 0.02)
    async with one_client() as client:
        for stream in (1, 3):
            client.write(START if stream == 1 else b"", headers(stream), data(b"x", stream))
            assert await client.echoed() == b"x"
            await asyncio.sleep(0.1)


async def test_an_early_end_follows_the_answers_that_wait():
    async with serving(stream=lambda message: message) as served, served.client() as client:
        client.write(START, frame(SETTINGS, 0, 0, setting(INITIAL_WINDOW, 3)))
        client.write(headers(block=FIELDS.replace(b"echo", b"flow")), data(b"one", flags=0), data(b"two", flags=0))
        await client.next(DATA)
        client.write(frame(WINDOW_UPDATE, 0, 1, number(100)))
        assert (await client.frame())[:3] == (DATA, 0, 1)
        kind, flags, _, block = await client.frame()
        assert (kind, flags) == (HEADERS, END_HEADERS | END_STREAM)
        assert FieldDecoder(10**6, dict).read(block)[b"grpc-message"] == b"the answers are not taken"
        assert await client.frame() == (RST_STREAM, 0, 1, number(Code.NO_ERROR))


async def test_answers_to_a_stream_are_kept_in_bounds():
    async with serving(stream=lambda message: bytes(100_000)) as served, served.client() as client:
        client.write(START, frame(SETTINGS, 0, 0, setting(INITIAL_WINDOW, 2**31 - 1)))
        client.write(frame(WINDOW_UPDATE, 0, 0, number(2**30)))
        client.write(headers(block=FIELDS.replace(b"echo", b"flow")), data(b"", flags=0) * 5_000)
        size = 0
        while (found := await client.next(DATA, HEADERS))[0] == DATA or not found[1] & END_STREAM:
            size += len(found[3])
        assert size < 10**8


async def test_a_stream_whose_method_fails_says_so():
    def fails(message: bytes) -> bytes:
        raise ZeroDivisionError

    async with serving(stream=fails) as served, served.client() as client:
        client.write(START, headers(block=FIELDS.replace(b"echo", b"flow")), data(b"x"))
        assert (await client.answer())[2][b"grpc-status"] == b"13"


async def test_details_that_a_client_made_long_do_no_harm():
    block = FIELDS + encoded(b"grpc-encoding", b"\xff" * 7000)
    async with one_client() as client:
        client.write(START, headers(block=block), frame(DATA, END_STREAM, 1, b"\x01" + packed(b"x")[1:]))
        assert (await client.answer())[2][b"grpc-status"] == b"12"


async def test_new_calls_are_refused_once_the_client_knows_that_we_leave():
    go_on = asyncio.Event()

    async def waits(call: Call, message: bytes) -> bytes:
        await go_on.wait()
        return message

    async with serving(wait=waits) as served, served.client() as client:
        client.write(START, headers(block=FIELDS.replace(b"/s/echo", b"/s/wait")), data(b"x"))
        await client.next(SETTINGS)
        stopping = asyncio.ensure_future(served.server.stop(10))
        ping = await client.next(PING)
        client.write(frame(PING, ACK, 0, ping[3]), headers(3), data(b"late", 3))
        assert await client.next(RST_STREAM) == (RST_STREAM, 0, 3, number(Code.REFUSED_STREAM))
        go_on.set()
        assert await client.echoed() == b"x"
        await stopping


async def test_windows_are_handed_out_once_in_a_turn(monkeypatch: pytest.MonkeyPatch):
    taken = []
    resume = Outbox.resume
    monkeypatch.setattr(Outbox, "resume", lambda outbox: taken.append(outbox) or resume(outbox))
    async with one_client() as client:
        client.write(START, frame(SETTINGS, 0, 0, setting(INITIAL_WINDOW, 0)), headers(), data(b"x" * 100))
        await client.next(HEADERS)
        client.write(frame(WINDOW_UPDATE, 0, 1, number(1)) * 105)
        assert await client.echoed() == b"x" * 100
        assert len(taken) < 10


async def test_calls_that_are_cancelled_at_once_count_until_the_turn_ends(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(connection, "STREAMS", 3)
    async with one_client() as client:
        client.write(START, *(headers(stream) + frame(RST_STREAM, 0, stream, number(8)) for stream in (1, 3, 5, 7)))
        assert await client.next(RST_STREAM) == (RST_STREAM, 0, 7, number(Code.REFUSED_STREAM))
        client.write(headers(9), data(b"x", 9))
        assert await client.echoed() == b"x"
