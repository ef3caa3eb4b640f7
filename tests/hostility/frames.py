"""HTTP/2 frames and gRPC messages by hand, so that they can be wrong."""

import gzip
from collections.abc import Callable, Mapping
from random import Random

from servegraph.payload.schema import message_class

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST, SETTINGS_TYPE, PING, GOAWAY = 0, 1, 3, 4, 6, 7
END_STREAM, END_HEADERS = 1, 4


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


SETTINGS = frame(SETTINGS_TYPE, 0, 0, b"")
_START = PREFACE + SETTINGS


def _text(text: bytes) -> bytes:
    length = len(text)
    if length < 127:
        return bytes([length]) + text
    coded, length = b"\x7f", length - 127
    while length > 127:
        coded, length = coded + bytes([length % 128 + 128]), length // 128
    return coded + bytes([length]) + text


def _fields(*fields: tuple[bytes, bytes]) -> bytes:
    return b"".join(b"\x00" + _text(name) + _text(value) for name, value in fields)


def headers(path: bytes, *more: tuple[bytes, bytes], kind: bytes = b"application/grpc") -> bytes:
    fields = [
        (b":method", b"POST"),
        (b":scheme", b"http"),
        (b":path", path),
        (b":authority", b"x"),
        (b"te", b"trailers"),
    ]
    return frame(HEADERS, END_HEADERS, 1, _fields(*fields, (b"content-type", kind), *more))


PREDICT = b"/seldon.protos.Seldon/Predict"
FEEDBACK = b"/seldon.protos.Seldon/SendFeedback"
INFER = b"/inference.GRPCInferenceService/ModelInfer"


def call(path: bytes, message: bytes, *more: tuple[bytes, bytes], compressed: int = 0) -> bytes:
    """One whole call; the message must be small."""
    body = bytes([compressed]) + len(message).to_bytes(4, "big") + message
    return _START + headers(path, *more) + _data(body)


def _data(body: bytes) -> bytes:
    pieces = [body[at : at + 16_000] for at in range(0, len(body), 16_000)] or [b""]
    last = len(pieces) - 1
    return b"".join(frame(DATA, END_STREAM if at == last else 0, 1, piece) for at, piece in enumerate(pieces))


_MESSAGE = message_class("seldon.protos.SeldonMessage")
_VALID = _MESSAGE(data={"names": ["a"], "tensor": {"shape": [1, 2], "values": [1, 2]}}).SerializeToString()


def _tensor(*shape: int) -> bytes:
    return bytes(_MESSAGE(data={"tensor": {"shape": shape, "values": [1, 2]}}).SerializeToString())


def _nested(depth: int) -> bytes:
    """jsonData of lists in lists, deeper than protobuf reads."""
    value = b""
    for _ in range(depth):
        inner = b"\x0a" + _varint(len(value)) + value
        value = b"\x32" + _varint(len(inner)) + inner
    return b"\x32" + _varint(len(value)) + value


def _varint(number: int) -> bytes:
    coded = b""
    while number > 127:
        coded, number = coded + bytes([number % 128 + 128]), number // 128
    return coded + bytes([number])


def _prefix(said: int, message: bytes) -> bytes:
    return _START + headers(PREDICT) + frame(DATA, END_STREAM, 1, b"\x00" + said.to_bytes(4, "big") + message)


ATTACKS: Mapping[str, Callable[[Random], bytes]] = {
    "grpc random bytes": lambda r: r.randbytes(300),
    "grpc HTTP/1.1": lambda r: b"POST /x HTTP/1.1\r\nHost: x\r\n\r\n",
    "grpc preface cut short": lambda r: PREFACE[: r.randrange(1, 23)],
    "grpc preface and random bytes": lambda r: PREFACE + r.randbytes(300),
    "grpc frame cut short": lambda r: _START + headers(PREDICT)[: r.randrange(1, 60)],
    "grpc frame too long": lambda r: _START + b"\xff\xff\xff\x00\x01\x00\x00\x00\x01" + r.randbytes(99),
    "grpc frame of unknown type": lambda r: _START + frame(99, 255, 1, r.randbytes(50)),
    "grpc data on no stream": lambda r: _START + frame(DATA, END_STREAM, 0, b"x"),
    "grpc data without headers": lambda r: _START + frame(DATA, END_STREAM, 5, b"x"),
    "grpc headers that are none": lambda r: _START + frame(HEADERS, END_HEADERS, 1, r.randbytes(60)),
    "grpc headers without path": lambda r: (
        _START + frame(HEADERS, END_HEADERS | END_STREAM, 1, _fields((b":method", b"POST")))
    ),
    "grpc settings of odd length": lambda r: PREFACE + frame(SETTINGS_TYPE, 0, 0, b"xyz"),
    "grpc pings": lambda r: _START + frame(PING, 0, 0, bytes(8)) * 100,
    "grpc resets": lambda r: _START + b"".join(headers(PREDICT) + frame(RST, 0, 1, bytes(4)) for _ in range(2)),
    "grpc unknown method": lambda r: call(b"/seldon.protos.Seldon/Nothing", _VALID),
    "grpc unknown service": lambda r: call(b"/x" * 20, _VALID),
    "grpc other content type": lambda r: _START + headers(PREDICT, kind=b"text/html") + _data(b"\x00\x00\x00\x00\x00"),
    "grpc empty body": lambda r: _START + headers(PREDICT) + frame(DATA, END_STREAM, 1, b""),
    "grpc prefix cut short": lambda r: _START + headers(PREDICT) + frame(DATA, END_STREAM, 1, b"\x00\x00"),
    "grpc prefix longer than the message": lambda r: _prefix(len(_VALID) + r.randrange(1, 2**31), _VALID),
    "grpc prefix shorter than the message": lambda r: _prefix(2, _VALID),
    "grpc two messages": lambda r: (
        _START + headers(PREDICT) + _data((b"\x00" + len(_VALID).to_bytes(4, "big") + _VALID) * 2)
    ),
    "grpc compressed, not said how": lambda r: call(PREDICT, _VALID, compressed=1),
    "grpc gzip that is none": lambda r: call(PREDICT, r.randbytes(50), (b"grpc-encoding", b"gzip"), compressed=1),
    "grpc gzip bomb": lambda r: call(PREDICT, BOMB, (b"grpc-encoding", b"gzip"), compressed=1),
    "grpc unknown compression": lambda r: call(PREDICT, _VALID, (b"grpc-encoding", b"x"), compressed=1),
    "grpc message of random bytes": lambda r: call(r.choice((PREDICT, FEEDBACK, INFER)), r.randbytes(60)),
    "grpc message cut short": lambda r: call(PREDICT, _VALID[: r.randrange(1, len(_VALID))]),
    "grpc empty message": lambda r: call(r.choice((PREDICT, INFER)), b""),
    "grpc tensor of another size": lambda r: call(PREDICT, _tensor(3, 2)),
    "grpc tensor with a negative side": lambda r: call(PREDICT, _tensor(-1, -2)),
    "grpc tensor of huge sides": lambda r: call(PREDICT, _tensor(*[2**31 - 1] * 5)),
    "grpc tensor of many sides": lambda r: call(PREDICT, _tensor(*[1] * 64, 2)),
    "grpc deep value": lambda r: call(PREDICT, _nested(r.randrange(50, 300))),
    "grpc invalid utf-8": lambda r: call(PREDICT, b"\x2a\x02\xff\xfe"),
    "grpc puid of anything": lambda r: call(PREDICT, b"x", (b"seldon-puid", r.randbytes(20).replace(b"\n", b""))),
    "grpc deadline of anything": lambda r: call(
        PREDICT, _VALID, (b"grpc-timeout", r.choice((b"x", b"-1S", b"9" * 20 + b"S", b"0n")))
    ),
    "grpc many headers": lambda r: call(PREDICT, _VALID, *((b"x-%d" % n, b"y" * 100) for n in range(100))),
}


BOMB = gzip.compress(bytes(48 << 20), 9)  # fits into HTTP/2's first window, and unpacks to more than the server takes
