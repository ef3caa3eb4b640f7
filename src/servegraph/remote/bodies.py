"""Bodies between components: read where that is needed, made into requests where an answer is none.

Source:
    Seldon's executor: an Open Inference or TensorFlow Serving answer is renamed and written anew,
    with sorted keys; a combiner gets a JSON list of what its children answered.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import orjson

from servegraph.errors import InvalidPayload
from servegraph.http_client import MalformedAnswer
from servegraph.payload import Message
from servegraph.payload.envelope import Codec, Envelope, Text
from servegraph.remote.compression import unpacked

_MAX_REASON = 500  # characters


def parsed(text: Text, limit: int) -> Any:
    """The JSON in a body of at most `limit` bytes; raises MalformedAnswer."""
    try:
        return orjson.loads(unpacked(text, limit).body)
    except orjson.JSONDecodeError as error:
        raise MalformedAnswer(f"the answer is not JSON: {error}") from error


def chained(request: Envelope[Message], rename: Callable[[Any], Any], limit: int) -> Text:
    """The body of the next request: the same if it is a request already.

    Raises:
        MalformedAnswer: it is neither a request nor an answer.
    """
    text = request.text()
    plain = unpacked(text, limit)
    try:
        document = request.document() if plain is text else request.codec.document(plain)
        following = rename(document)
        return text if following is document else _written(request.codec, following, plain)
    except InvalidPayload as error:
        raise MalformedAnswer(str(error)) from error


def _written(codec: Codec[Message], document: Any, answer: Text) -> Text:
    try:
        return replace(answer, body=orjson.dumps(document, option=orjson.OPT_SORT_KEYS), header_length=None)
    except TypeError:
        return codec.dump(document)  # it has tensors of raw bytes


def joined(requests: Sequence[Envelope[Message]], limit: int) -> Text:
    """The JSON list of several bodies; raises MalformedAnswer if one is no JSON."""
    return Text(b"[" + b",".join(_json(request, limit) for request in requests) + b"]")


def _json(request: Envelope[Message], limit: int) -> bytes:
    text = unpacked(request.text(), limit)
    if not request.is_decoded:
        try:
            orjson.loads(text.body)
        except orjson.JSONDecodeError as error:
            raise MalformedAnswer("Data is not JSON") from error
    return text.body


def reason(text: Text) -> str:
    """What an error's body says of its cause, for logs and for callers who get no body; empty if nothing."""
    try:
        info = orjson.loads(text.body)["status"]["info"]
    except (orjson.JSONDecodeError, TypeError, KeyError, IndexError):
        return ""
    return "".join(letter if letter.isprintable() else " " for letter in str(info)[:_MAX_REASON])
