"""The gRPC server as grpcio's clients see it, on the event loop that it runs on in earnest."""

import asyncio
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random

import grpc
import pytest
import uvloop
from tests.ports import free_port
from tests.serving.certificates import made_certificate

from servegraph.errors import PortInUse
from servegraph.serving.grpc_call import Call, Sizes, Unary
from servegraph.serving.grpc_message import Packed, packed
from servegraph.serving.grpc_server import GrpcServer
from servegraph.serving.grpc_status import CallFailed, Code
from servegraph.serving.http2.frames import (
    DATA,
    END_HEADERS,
    END_STREAM,
    HEADERS,
    INITIAL_WINDOW,
    PREFACE,
    SETTINGS,
    WINDOW_UPDATE,
    frame,
    number,
    setting,
)
from servegraph.serving.http2.hpack import encoded
from servegraph.serving.port import Port

LARGE = 20_000_000
UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


async def echo(call: Call, message: bytes) -> bytes:
    call.headers.append(("seen", ",".join(key for key, _ in call.metadata if key != "user-agent")))
    return message


@contextmanager
def serving(methods: Mapping[str, Unary], tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """A server in a thread, on uvloop; its port."""
    port, started, ended = free_port(), threading.Event(), asyncio.Event()
    loop = uvloop.new_event_loop()

    async def serve() -> None:
        server = GrpcServer({f"/s/{name}": method for name, method in methods.items()}, {}, Sizes(LARGE, LARGE))
        await server.start(Port("127.0.0.1", port, "--grpc-port"), tls)
        started.set()
        await ended.wait()
        await server.stop(1)

    def run() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(serve())

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert started.wait(10)
        yield port
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(10)


@contextmanager
def method(port: int, name: str, **more) -> Iterator[grpc.UnaryUnaryMultiCallable]:
    with grpc.insecure_channel(f"127.0.0.1:{port}", options=UNLIMITED, **more) as channel:
        yield channel.unary_unary(f"/s/{name}")


@pytest.mark.parametrize("size", [0, 1, 65_536, LARGE])
@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
def test_messages_of_any_size_come_back(size: int, compression: grpc.Compression):
    message = bytes(size)
    with serving({"echo": echo}) as port, method(port, "echo", compression=compression) as ask:
        assert ask(message, timeout=60) == message


def test_others_are_answered_while_a_large_message_is_unpacked(monkeypatch: pytest.MonkeyPatch):
    begun, gate, unpacked = threading.Event(), threading.Event(), Packed.unpacked

    def waiting(message: Packed) -> bytes:
        begun.set()
        assert gate.wait(20)
        return unpacked(message)

    monkeypatch.setattr(Packed, "unpacked", waiting)
    packs = grpc.Compression.Gzip
    with serving({"echo": echo}) as port, method(port, "echo", compression=packs) as ask:
        large = ask.future(bytes(LARGE), timeout=60)
        assert begun.wait(20)
        assert ask(b"x" * 1000, timeout=10) == b"x" * 1000
        assert not large.done()
        gate.set()
        assert large.result() == bytes(LARGE)


def test_many_calls_at_once_are_not_mixed_up():
    with serving({"echo": echo}) as port, method(port, "echo") as ask:
        asked = [(b"%d" % number * number, ask.future(b"%d" % number * number)) for number in range(1, 500)]
        assert all(answer.result(30) == message for message, answer in asked)


def test_metadata_goes_both_ways():
    metadata = (("a", "1"), ("b-bin", b"\x00\xff"), ("c", "x" * 5000))
    with serving({"echo": echo}) as port, method(port, "echo") as ask:
        _, call = ask.with_call(b"x", metadata=metadata)
        assert dict(call.initial_metadata())["seen"] == "a,b-bin,c"


def test_metadata_that_is_too_large_fails_its_call_alone():
    with serving({"echo": echo}) as port, method(port, "echo") as ask:
        with pytest.raises(grpc.RpcError) as caught:
            ask(b"x", metadata=(("a", "x" * 20_000),))
        assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert ask(b"x") == b"x"


@pytest.mark.parametrize(
    ("error", "code", "details"),
    [
        (CallFailed(Code.NOT_FOUND, "100 % gone\n…"), grpc.StatusCode.NOT_FOUND, "100 % gone\n…"),
        (ZeroDivisionError("secret"), grpc.StatusCode.INTERNAL, "internal error"),
        (asyncio.CancelledError(), grpc.StatusCode.CANCELLED, "the call was cancelled"),
    ],
)
def test_a_method_that_fails_says_how(error: BaseException, code: grpc.StatusCode, details: str):
    async def fails(call: Call, message: bytes) -> bytes:
        raise error

    with serving({"fails": fails}) as port, method(port, "fails") as ask:
        with pytest.raises(grpc.RpcError) as caught:
            ask(b"x")
        assert (caught.value.code(), caught.value.details()) == (code, details)


def test_two_messages_and_none_are_the_callers_mistake():
    with serving({"echo": echo}) as port, grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        for messages in ([b"one", b"two"], []):
            with pytest.raises(grpc.RpcError) as caught:
                channel.stream_unary("/s/echo")(iter(messages))
            assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_a_deadline_stops_the_work():
    stopped = threading.Event()

    async def waits(call: Call, message: bytes) -> bytes:
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()
        raise AssertionError

    with serving({"waits": waits}) as port, method(port, "waits") as ask:
        with pytest.raises(grpc.RpcError) as caught:
            ask(b"x", timeout=0.1)
        assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        assert stopped.wait(5)


def test_a_port_in_use_is_the_machines_fault():
    with serving({}) as port, pytest.raises(PortInUse, match=f"cannot listen on 127.0.0.1:{port}"):
        Port("127.0.0.1", port, "--grpc-port")


async def test_of_two_that_bound_a_port_the_second_is_told_when_it_wants_to_listen():
    port = free_port()
    first, second = (Port("127.0.0.1", port, "--grpc-port") for _ in range(2))
    servers = [GrpcServer({}, {}, Sizes(1, 1)) for _ in range(2)]
    await servers[0].start(first)
    with pytest.raises(PortInUse, match=f"cannot listen on 127.0.0.1:{port}"):
        await servers[1].start(second)
    await servers[0].stop(None)


def test_tls_is_spoken_with_a_certificate(tmp_path: Path):
    certificate, key = made_certificate()
    Path(tmp_path, "tls.crt").write_bytes(certificate)
    Path(tmp_path, "tls.key").write_bytes(key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "tls.crt", tmp_path / "tls.key")
    with serving({"echo": echo}, context) as port:
        credentials = grpc.ssl_channel_credentials(certificate)
        with grpc.secure_channel(f"127.0.0.1:{port}", credentials, options=UNLIMITED) as channel:
            assert channel.unary_unary("/s/echo")(b"x" * 10**6, timeout=30) == b"x" * 10**6


async def test_a_client_that_does_not_speak_tls_is_not_remembered(tmp_path: Path):
    certificate, key = made_certificate()
    Path(tmp_path, "tls.pem").write_bytes(certificate + key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "tls.pem")
    port = free_port()
    server = GrpcServer({}, {}, Sizes(1, 1))
    await server.start(Port("127.0.0.1", port, "--grpc-port"), context)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
    await reader.read()
    writer.close()
    async with asyncio.timeout(5):
        await server.stop(60)  # does not wait for it


@pytest.mark.parametrize("seed", range(3))
async def test_bytes_of_any_kind_do_no_harm_to_others(seed: int, caplog: pytest.LogCaptureFixture):
    async def pauses(call: Call, message: bytes) -> bytes:
        await asyncio.sleep(0)
        return message

    random, port = Random(seed), free_port()
    server = GrpcServer({"/s/echo": pauses}, {"/s/flow": bytes}, Sizes(LARGE, LARGE))
    await server.start(Port("127.0.0.1", port, "--grpc-port"))
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            for _ in range(60):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(mutated(random))
                writer.write_eof()
                async with asyncio.timeout(10):
                    with suppress(ConnectionError):
                        await reader.read()
                writer.close()
                assert await channel.unary_unary("/s/echo")(b"x", timeout=10) == b"x"
        assert caplog.records == []
    finally:
        await server.stop(None)


def mutated(random: Random) -> bytes:
    """Two calls on one connection, with some bytes other than they should be."""
    fields = ((b":method", b"POST"), (b":scheme", b"http"), (b"content-type", b"application/grpc"), (b"k-bin", b"AAE"))
    sent = frame(SETTINGS, 0, 0, setting(INITIAL_WINDOW, random.choice((0, 3, 2**31 - 1))))
    for stream, path in ((1, b"/s/echo"), (3, b"/s/flow")):
        block = encoded(b":path", path) + b"".join(encoded(*field) for field in fields)
        sent += frame(HEADERS, END_HEADERS, stream, block) + frame(DATA, 0, stream, packed(b"x" * 20) * 3)
        sent += frame(WINDOW_UPDATE, 0, stream, number(9)) + frame(DATA, END_STREAM, stream)
    data = bytearray(sent)
    for _ in range(random.randrange(8)):
        data[random.randrange(9, len(data))] = random.randrange(256)
    return PREFACE + data
