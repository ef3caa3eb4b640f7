"""Some three hundred kinds of malformed requests; each makes any number of different ones.

A *framed* attack is a correct HTTP request with something wrong in it, so that its connection
goes on; the others break HTTP, HTTP/2 or TCP itself, and have a connection of their own.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

from tests.hostility import bodies, frames

Step = bytes | float  # what to send, or how many seconds to wait
Ending = Literal["read", "shut", "reset"]

PREDICTIONS = "/api/v1.0/predictions"
FEEDBACK = "/api/v1.0/feedback"
INFER = "/v2/models/echo/infer"


@dataclass(frozen=True)
class Attack:
    """One kind.

    Attributes:
        steps: makes what is sent.
        ending: read the answer, close our side first, or tear the connection down.
    """

    name: str
    steps: Callable[[Random], Sequence[Step]]
    framed: bool = False
    ending: Ending = "read"
    port: Literal["http", "grpc"] = "http"


def request(
    path: str, body: bytes, *headers: str, method: str = "POST", kind: str | None = "application/json"
) -> bytes:
    """A correct HTTP/1.1 request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: x", f"Content-Length: {len(body)}", *headers]
    if kind is not None:
        lines.append(f"Content-Type: {kind}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


GOOD = bodies.dumps({"data": {"ndarray": [[1, 2]]}})


def attacks() -> list[Attack]:
    """All kinds."""
    return [*_bodies(), *_headers(), *_broken_http(), *_broken_tcp(), *_grpc()]


def _bodies() -> Iterator[Attack]:
    yield from _framed(PREDICTIONS, bodies.BROKEN)
    yield from _framed(PREDICTIONS, bodies.SHAPES)
    yield from _framed(PREDICTIONS, bodies.wrong_types(bodies.MESSAGE))
    yield from _framed(PREDICTIONS, bodies.wrong_types(bodies.TF_MESSAGE), "tf: ")
    yield from _framed(FEEDBACK, bodies.wrong_types(bodies.FEEDBACK, depth=2), "feedback: ")
    yield from _framed(INFER, bodies.INFERENCES, "v2: ")
    yield from _framed(INFER, bodies.wrong_types(bodies.INFERENCE), "v2: ")


def _framed(path: str, makes: Mapping[str, bodies.Make], prefix: str = "") -> Iterator[Attack]:
    for name, make in makes.items():
        yield Attack(prefix + name, lambda random, make=make: [request(path, make(random))], framed=True)


_HEADERS: Mapping[str, Callable[[Random], bytes]] = {
    "no content type": lambda r: request(PREDICTIONS, b"x", kind=None),
    "other content type": lambda r: request(
        PREDICTIONS, b"<x/>", kind=r.choice(("text/xml", "image/png", "x", "/", ";"))
    ),
    "unknown charset": lambda r: request(PREDICTIONS, GOOD[1:], kind="application/json; charset=utf-7"),
    "multipart without boundary": lambda r: request(PREDICTIONS, b"--b\r\n\r\n", kind="multipart/form-data"),
    "multipart cut short": lambda r: request(
        PREDICTIONS, b"--b\r\nContent-Dispo", kind="multipart/form-data; boundary=b"
    ),
    "multipart of nothing": lambda r: request(PREDICTIONS, b"--b--\r\n" * 99, kind="multipart/form-data; boundary=b"),
    "form": lambda r: request(PREDICTIONS, b"json=%7B" + b"&json=" * 999, kind="application/x-www-form-urlencoded"),
    "gzip that is none": lambda r: request(PREDICTIONS, r.randbytes(99), "Content-Encoding: gzip"),
    "gzip bomb": lambda r: request(PREDICTIONS, bodies.BOMB, "Content-Encoding: gzip"),
    "unknown encoding": lambda r: request(
        PREDICTIONS, b"\x00" * 9, "Content-Encoding: " + r.choice(("br", "zstd", "x", "gzip, gzip"))
    ),
    "puid of anything": lambda r: request(
        PREDICTIONS, b"{", "Seldon-Puid: " + r.choice(("<b>", "'\"%0d%0a", "é", "x" * 5000))
    ),
    "many headers": lambda r: request(PREDICTIONS, b"{", *(f"X-{n}: {r.random()}" for n in range(80))),
    "json header length beyond the body": lambda r: request(
        INFER, GOOD, f"Inference-Header-Content-Length: {r.choice(('9999', '-1', 'x', '9' * 30))}"
    ),
    "binary tensor beyond the body": lambda r: _binary(r.choice((17, 2**31, 2**63))),
    "binary tensor with bytes left": lambda r: _binary(8, b"\x00" * 64),
    "unknown path": lambda r: request(
        r.choice(("/", "/api", PREDICTIONS + "/", "/%00", "/%2e%2e/", "/" + "x" * 4000)), b"{}"
    ),
    "unknown node": lambda r: request(f"/api/v1.0/status/{r.randrange(10**9)}", b"", method="GET"),
    "unknown model": lambda r: request(f"/v2/models/{r.randrange(10**9)}/infer", bodies.dumps(bodies.INFERENCE)),
    "odd query": lambda r: request(PREDICTIONS + "?json=" + "%5B" * 500 + "&%ff=%", b"{"),
    "other method": lambda r: request(PREDICTIONS, b"{}", method=r.choice(("PUT", "DELETE", "PATCH", "BREW"))),
    "body of a GET": lambda r: request("/api/v1.0/metadata", r.randbytes(2000), method="GET"),
}


def _binary(said: int, tail: bytes = b"") -> bytes:
    tensor = {"name": "a", "shape": [2], "datatype": "FP64", "parameters": {"binary_data_size": said}}
    head = bodies.dumps({"inputs": [tensor]})
    return request(INFER, head + tail, f"Inference-Header-Content-Length: {len(head)}", kind="application/octet-stream")


def _headers() -> Iterator[Attack]:
    for name, make in _HEADERS.items():
        yield Attack(name, lambda random, make=make: [make(random)], framed=True)


def _line(text: str, *headers: str, body: bytes = b"") -> bytes:
    return "\r\n".join((text, *headers)).encode("latin-1") + b"\r\n\r\n" + body


_POST = f"POST {PREDICTIONS} HTTP/1.1"
_CHUNKED = "Transfer-Encoding: chunked"
_BROKEN_HTTP: Mapping[str, Callable[[Random], bytes]] = {
    "length negative": lambda r: _line(_POST, "Host: x", "Content-Length: -1"),
    "length no number": lambda r: _line(
        _POST, "Host: x", "Content-Length: " + r.choice(("x", "1e3", "0x10", "1,2", "٣".encode().decode("latin-1")))
    ),
    "length huge": lambda r: _line(_POST, "Host: x", "Content-Length: " + r.choice(("9" * 15, str(2**63), "9" * 40))),
    "two lengths": lambda r: _line(_POST, "Host: x", "Content-Length: 2", "Content-Length: 3", body=b"{}"),
    "length and chunks": lambda r: _line(_POST, "Host: x", "Content-Length: 2", _CHUNKED, body=b"0\r\n\r\n"),
    "chunk size no number": lambda r: _line(_POST, "Host: x", _CHUNKED, body=b"zz\r\n{}\r\n0\r\n\r\n"),
    "chunk size huge": lambda r: _line(_POST, "Host: x", _CHUNKED, body=b"ffffffffffffffffff\r\n"),
    "chunk without end": lambda r: _line(_POST, "Host: x", _CHUNKED, body=b"2\r\n{}{}{}"),
    "chunks of one byte": lambda r: _line(_POST, "Host: x", _CHUNKED, body=b"1\r\n{\r\n" * 2000 + b"0\r\n\r\n"),
    "unknown transfer encoding": lambda r: _line(_POST, "Host: x", "Transfer-Encoding: x, y"),
    "header without colon": lambda r: _line(_POST, "Host: x", "no colon here"),
    "header name with a space": lambda r: _line(_POST, "Host: x", "A B: c"),
    "NUL in a header": lambda r: _line(_POST, "Host: x", "A: b\x00c"),
    "carriage return in a header": lambda r: _line(_POST, "Host: x", "A: b\rInjected: c"),
    "folded header": lambda r: _line(_POST, "Host: x", "A: b", " c"),
    "thousands of headers": lambda r: _line(_POST, "Host: x", *(f"X-{n}: y" for n in range(5000))),
    "header of a megabyte": lambda r: _line(_POST, "Host: x", "A: " + "b" * r.randrange(500_000, 1_000_000)),
    "no host": lambda r: _line(_POST, "Content-Length: 2", body=b"{}"),
    "bare line feeds": lambda r: _line(_POST, "Host: x").replace(b"\r\n", b"\n"),
    "request line of a megabyte": lambda r: _line(f"GET /{'x' * 1_000_000} HTTP/1.1", "Host: x"),
    "request line of anything": lambda r: r.randbytes(200) + b"\r\n\r\n",
    "request line without version": lambda r: _line("GET /live"),
    "request line of a control character": lambda r: _line("GET /\x01 HTTP/1.1", "Host: x"),
    "version of the future": lambda r: _line(f"GET /live HTTP/{r.randrange(3, 99)}.9", "Host: x"),
    "method of anything": lambda r: _line(
        "".join(map(chr, r.choices(range(33, 127), k=30))) + " /live HTTP/1.1", "Host: x"
    ),
    "proxy request": lambda r: _line("CONNECT example.org:443 HTTP/1.1", "Host: x"),
    "absolute path": lambda r: _line(f"POST http://x{PREDICTIONS} HTTP/1.1", "Content-Length: 1", "Host: y", body=b"{"),
    "upgrade": lambda r: _line(
        _POST, "Host: x", "Connection: upgrade", "Upgrade: " + r.choice(("websocket", "h2c", "x")), "Content-Length: 0"
    ),
    "expectation": lambda r: _line(_POST, "Host: x", "Expect: the unexpected", "Content-Length: 2", body=b"{}"),
    "TLS": lambda r: b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + r.randbytes(500),
    "HTTP/2": lambda r: frames.PREFACE + frames.SETTINGS,
    "only line feeds": lambda r: b"\r\n" * 5000,
    "NUL bytes": lambda r: bytes(5000),
    "garbage behind a good request": lambda r: request(PREDICTIONS, GOOD) + r.randbytes(300),
    "fifty requests at once": lambda r: request(PREDICTIONS, b"{") * 50,
}


def _broken_http() -> Iterator[Attack]:
    for name, make in _BROKEN_HTTP.items():
        yield Attack(name, lambda random, make=make: [make(random)], ending="shut")


def _broken_tcp() -> Iterator[Attack]:
    whole = request(PREDICTIONS, GOOD)
    body = whole.index(b"\r\n\r\n") + 4
    yield Attack("connection and nothing", lambda r: [], ending="shut")
    yield Attack("connection torn down", lambda r: [], ending="reset")
    yield Attack("head cut short", lambda r: [whole[: r.randrange(1, body)]], ending="shut")
    yield Attack("head torn", lambda r: [whole[: r.randrange(1, body)]], ending="reset")
    yield Attack("body cut short", lambda r: [whole[: r.randrange(body, len(whole))]], ending="shut")
    yield Attack("body torn", lambda r: [whole[: r.randrange(body, len(whole))]], ending="reset")
    yield Attack("answer not awaited", lambda r: [whole], ending="reset")
    yield Attack("head in drops", lambda r: _drops(whole[:60]), ending="reset")
    yield Attack("body in drops", lambda r: [whole[:body], *_drops(whole[body:-1])], ending="shut")
    yield Attack(
        "chunks in drops", lambda r: [_line(_POST, "Host: x", _CHUNKED), *_drops(b"1\r\n{\r\n")], ending="reset"
    )


def _drops(data: bytes) -> list[Step]:
    return [step for at in range(0, len(data), 8) for step in (data[at : at + 8], 0.005)]


def _grpc() -> Iterator[Attack]:
    for name, make in frames.ATTACKS.items():
        yield Attack(name, lambda random, make=make: [make(random)], port="grpc")
