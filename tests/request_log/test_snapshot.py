"""What the shipper prints of copied numbers is what would have been printed on the request path."""

import numpy as np
import pytest

from servegraph.payload import Message, Meta
from servegraph.payload.envelope import Envelope, Text
from servegraph.payload.seldon import MESSAGE
from servegraph.request_log.snapshot import FEW, printed, snapshot

MANY = np.linspace(-1e30, 0.1, 3 * FEW).reshape(3, FEW)
META = Meta("p", {"drift": "ok", "x": [1, 2.5, {"a": True}]}, {"ab": 1}, {"n": "image:1"}, [{"key": "k", "value": 0.1}])


def asked(message: Message, transport: str = "rest") -> Envelope[Message]:
    return Envelope(MESSAGE, transport, value=message)


@pytest.mark.parametrize("kind", ["ndarray", "tensor", "tftensor"])
@pytest.mark.parametrize(
    "array",
    [
        MANY,
        MANY.astype(np.float32),
        MANY.astype(">f8"),
        MANY.T,
        np.where(MANY > 0, MANY, np.nan),
        np.where(MANY > 0, MANY, -np.inf),
        np.arange(3 * FEW),
        np.arange(3 * FEW, dtype=np.uint8).reshape(3, 1, FEW),
        np.arange(3 * FEW) % 2 == 0,
    ],
    ids=["float64", "float32", "big-endian", "transposed", "nan", "inf", "int", "uint8", "bool"],
)
def test_numbers_are_printed_as_they_would_have_been(kind: str, array: np.ndarray):
    message = Message(kind, array, ["a", "b", ""], META)
    body, content_type, encoding, numbers = snapshot(asked(message))
    assert numbers is not None
    assert (content_type, encoding) == ("application/json", "")
    assert printed(numbers, body) == MESSAGE.to_text(message).body


@pytest.mark.parametrize("size", [1, 3 * FEW])
def test_numbers_become_the_protobuf_that_they_would_have_been(size: int):
    message = Message("tensor", np.linspace(0, 1, size).reshape(1, -1), ["a"], Meta("p", {"t": 1.5}, {"ab": 1}))
    body, content_type, _, numbers = snapshot(asked(message, "grpc"))
    assert content_type == "application/protobuf"
    assert numbers is not None
    assert printed(numbers, body) == MESSAGE.to_proto(message).SerializeToString()


@pytest.mark.parametrize(
    "message",
    [
        Message("ndarray", np.ones((1, FEW)), ["a"]),
        Message("ndarray", np.array([["a"] * 100]), []),
        Message("ndarray", np.array([[1, "a"] * 100], dtype=object), []),
        Message("strData", "x" * 1000),
        Message("jsonData", {"a": list(range(1000))}),
        Message("ndarray", MANY, [np.float64(1.5)], META),
        Message("ndarray", MANY, [], Meta(tags={"t": np.float64(1.5)})),
        Message("ndarray", MANY, [], Meta(tags={"t": float("nan")})),
        Message("ndarray", MANY, [], Meta(tags={1: "x"})),
        Message("ndarray", MANY, ["ü"]),
        Message("ndarray", MANY, [], Meta(tags={"t": None})),
    ],
    ids=[
        "few",
        "strings",
        "objects",
        "strData",
        "jsonData",
        "names",
        "numpy tag",
        "nan tag",
        "key",
        "no ASCII",
        "null",
    ],
)
def test_what_is_small_or_no_plain_numbers_is_printed_at_once(message: Message):
    body, content_type, encoding, numbers = snapshot(asked(message))
    assert numbers is None
    assert (body, content_type, encoding) == (MESSAGE.to_text(message).body, "application/json", "")


@pytest.mark.parametrize("transport", ["rest", "grpc"])
def test_a_node_that_changes_the_array_afterwards_does_not_change_the_event(transport: str):
    array, untouched = MANY.copy(), asked(Message("ndarray", MANY), transport)
    body, _, _, numbers = snapshot(asked(Message("ndarray", array), transport))
    array *= 2
    assert numbers is not None
    text = untouched.text().body if transport == "rest" else untouched.proto().SerializeToString()
    assert printed(numbers, body) == text


def test_a_body_that_came_is_sent_as_the_bytes_it_was():
    envelope = Envelope(MESSAGE, "rest", text=Text(b'{"data": {"ndarray": [[1]]}}', "text/x", " GZIP "))
    assert snapshot(envelope) == (b'{"data": {"ndarray": [[1]]}}', "text/x", "gzip", None)
