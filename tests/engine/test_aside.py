"""Large messages are decoded in a thread, whatever they are and whoever brings them."""

import threading
from typing import Any

import pytest

from servegraph.engine import Context
from servegraph.payload.envelope import Envelope, Text
from servegraph.payload.numbers import LARGE
from servegraph.payload.seldon import FEEDBACK, MESSAGE
from servegraph.payload.wire_proto import SeldonFeedback, SeldonMessage


class Plain:
    def predict(self, X: Any, names: Any) -> Any:
        return [[1.5]]

    def send_feedback(self, X: Any, names: Any, reward: Any, truth: Any, routing: Any = None) -> Any:
        return []


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """In which threads messages are decoded."""
    found: set[str] = set()

    def noted(decode: Any) -> Any:
        def work(*arguments: Any) -> Any:
            found.add(threading.current_thread().name.partition("_")[0])
            return decode(*arguments)

        return work

    for codec in (type(MESSAGE), type(FEEDBACK)):
        monkeypatch.setattr(codec, "from_text", noted(codec.from_text))
        monkeypatch.setattr(codec, "from_proto", noted(codec.from_proto))
    return found


def padded(size: int) -> bytes:
    return b'{"reward":1,"strData":"a"}' + b" " * size


@pytest.mark.parametrize(("size", "thread"), [(LARGE, "aside"), (0, "MainThread")])
async def test_bodies_are_decoded_aside_if_they_are_large(serve: Any, threads: set[str], size: int, thread: str):
    engine = serve({"name": "m", "type": "MODEL"}, {"m": Plain()}).engine
    await engine.predict(Envelope(MESSAGE, "rest", text=Text(padded(size))), Context("p"))
    assert threads == {thread}
    threads.clear()
    body = padded(size).replace(b',"strData":"a"', b"")
    await engine.send_feedback(Envelope(FEEDBACK, "rest", text=Text(body)), Context("q"))
    assert threads == {thread}


@pytest.mark.parametrize(("is_large", "thread"), [(True, "aside"), (False, "MainThread")])
async def test_protobufs_are_decoded_aside_if_they_are_large(
    serve: Any, threads: set[str], is_large: bool, thread: str
):
    engine = serve({"name": "m", "type": "MODEL"}, {"m": Plain()}).engine
    message = SeldonMessage(strData="a")
    await engine.predict(Envelope(MESSAGE, "grpc", proto=message), Context("p", is_large=is_large))
    feedback = SeldonFeedback(request=message, reward=1.0)
    await engine.send_feedback(Envelope(FEEDBACK, "grpc", proto=feedback), Context("q", is_large=is_large))
    assert threads == {thread}
