"""Messages of a gRPC call, however they are cut into pieces."""

import gzip
import tracemalloc
import zlib
from collections.abc import Iterator
from os import urandom

import pytest

from servegraph.payload.numbers import LARGE
from servegraph.serving.grpc_message import MessageReader, Packed, packed
from servegraph.serving.grpc_request import CallHead, read_head
from servegraph.serving.grpc_status import CallFailed, Code

PIECES = [1, 2, 5, 7, 1000]


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def read(data: bytes, limit: int = 1000, encoding: str = "identity", size: int = 1000) -> list[bytes]:
    reader = MessageReader(limit, encoding)
    found = [message for piece in pieces(data, size) for message in reader.messages(piece)]
    assert reader.is_empty
    return [unpacked(message) if isinstance(message, Packed) else message for message in found]


def unpacked(message: Packed) -> bytes:
    small = message.begun()
    return message.unpacked() if small is None else small


def flagged(message: bytes) -> bytes:
    return b"\x01" + packed(message)[1:]


@pytest.mark.parametrize("size", PIECES)
def test_messages_are_whole_whatever_the_pieces(size: int):
    assert read(packed(b"one") + packed(b"") + packed(b"three" * 30), size=size) == [b"one", b"", b"three" * 30]


@pytest.mark.parametrize("cut", [1, 4, 5, 7])
def test_a_message_cut_short_is_none(cut: int):
    reader = MessageReader(1000, "identity")
    assert list(reader.messages(packed(b"one")[:cut])) == []
    assert not reader.is_empty


@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_compressed_messages_are_unpacked(encoding, pack):
    assert read(flagged(pack(b"x" * 500)), encoding=encoding) == [b"x" * 500]


@pytest.mark.parametrize("size", [LARGE - 1, LARGE, LARGE + 1, 10 * LARGE, 1 << 22])
@pytest.mark.parametrize("content", [bytes.fromhex("00"), urandom(1 << 16)])
def test_large_messages_are_unpacked_in_pieces(size: int, content: bytes):
    message = (content * (size // len(content) + 1))[:size]
    assert unpacked(Packed(gzip.compress(message) + b"more", "gzip", size)) == message
    with pytest.raises(CallFailed, match="unpacks to more than"):
        unpacked(Packed(gzip.compress(message), "gzip", size - 1))


def test_a_little_that_is_much_is_not_unpacked_at_once():
    assert Packed(gzip.compress(bytes(10**6)), "gzip", 10**6).begun() is None
    assert Packed(gzip.compress(bytes(1000)), "gzip", 10**6).begun() == bytes(1000)
    cut = Packed(gzip.compress(bytes(10**6))[:-1], "gzip", 10**6)
    assert cut.begun() is None
    with pytest.raises(CallFailed, match="cut short"):
        cut.unpacked()


@pytest.mark.parametrize(
    ("data", "encoding", "code", "text"),
    [
        (
            packed(b"x" * 1001)[:5],
            "identity",
            Code.RESOURCE_EXHAUSTED,
            "the message has 1001 bytes, and 1000 are taken",
        ),
        (
            flagged(gzip.compress(bytes(10**5))),
            "gzip",
            Code.RESOURCE_EXHAUSTED,
            "the message unpacks to more than 1000 bytes",
        ),
        (b"\x02" + packed(b"x")[1:], "gzip", Code.INTERNAL, "a message begins with 2"),
        (flagged(b"x"), "identity", Code.INTERNAL, "the message is compressed, and its encoding is 'identity'"),
        (flagged(b"x"), "zstd", Code.UNIMPLEMENTED, "the message is compressed, and its encoding is 'zstd'"),
        (
            flagged(b"xyz"),
            "gzip",
            Code.INTERNAL,
            "the message is not gzip: Error -3 while decompressing data: incorrect header check",
        ),
        (flagged(gzip.compress(b"x", mtime=0)[:-1]), "gzip", Code.INTERNAL, "the message is not gzip: it is cut short"),
    ],
)
def test_what_is_no_message_is_refused(data: bytes, encoding: str, code: Code, text: str):
    with pytest.raises(CallFailed) as caught:
        read(data, encoding=encoding)
    assert (caught.value.code, caught.value.details) == (code, text)


def head(*more: tuple[bytes, bytes]) -> CallHead:
    return read_head(((b":method", b"POST"), (b":path", b"/s/m"), (b"content-type", b"application/grpc+proto"), *more))


def test_a_head_says_what_is_asked():
    found = head((b"te", b"trailers"), (b"user-agent", b"x"), (b"grpc-encoding", b"gzip"), (b"k-bin", b"AAE,/w=="))
    metadata = (("user-agent", "x"), ("k-bin", b"\x00\x01"), ("k-bin", b"\xff"))
    assert found == CallHead("/s/m", True, metadata, None, "gzip")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (b"2H", 7200.0),
        (b"3M", 180.0),
        (b"4S", 4.0),
        (b"500m", 0.5),
        (b"1000u", 0.001),
        (b"99999999n", 0.099999999),
        (b"", None),
        (b"1", None),
        (b"-1S", None),
        (b"123456789S", None),
    ],
)
def test_a_timeout_has_a_unit(text: bytes, seconds: float | None):
    found = head((b"grpc-timeout", text)).timeout_s
    assert found is None if seconds is None else found == pytest.approx(seconds)


def test_what_is_not_base64_is_empty():
    assert head((b"k-bin", b"a!")).metadata == (("k-bin", b""),)


@pytest.mark.parametrize(
    "fields",
    [
        ((b":method", b"GET"), (b"content-type", b"application/grpc")),
        ((b":method", b"POST"), (b"content-type", b"application/json")),
        ((b":method", b"POST"),),
        ((b":method", b"POST"), (b"content-type", b"application/grpc-web+proto")),
    ],
)
def test_what_is_no_call_is_not_taken_for_one(fields):
    assert not read_head(fields).is_grpc


def test_what_has_come_of_a_message_takes_no_more_room_than_that():
    reader = MessageReader(10**6, "identity")
    pieces = [b"\x00" + (10**6).to_bytes(4), *(b"x" for _ in range(10**5)), *(b"" for _ in range(10**5))]
    tracemalloc.start()
    try:
        assert [message for piece in pieces for message in reader.messages(piece)] == []
        assert tracemalloc.get_traced_memory()[1] < 300_000
    finally:
        tracemalloc.stop()
