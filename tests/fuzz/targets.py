"""Every decoder of a message from outside, as a fuzz target: decode it, then write it in every form again."""

import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import mutation
import valid
from fuzzing import Target
from google.protobuf.message import DecodeError

from servegraph.errors import InvalidPayload
from servegraph.payload.envelope import Codec, Text
from servegraph.payload.http_body import document_of
from servegraph.payload.open_inference import OPEN_INFERENCE
from servegraph.payload.schema import message_class
from servegraph.payload.seldon import FEEDBACK, MESSAGE, MESSAGES

_LENGTH_BYTES = 4


def targets() -> list[Target]:
    """All of them."""
    return [
        _json("message", MESSAGE, valid.MESSAGES),
        _json("feedback", FEEDBACK, valid.FEEDBACKS),
        _json("list", MESSAGES, valid.LISTS),
        _json("inference", OPEN_INFERENCE, valid.INFERENCES),
        _proto("message", MESSAGE, "seldon.protos.SeldonMessage"),
        _proto("feedback", FEEDBACK, "seldon.protos.Feedback"),
        _proto("list", MESSAGES, "seldon.protos.SeldonMessageList"),
        _proto("inference", OPEN_INFERENCE, "inference.ModelInferRequest"),
        Target("binary inference", _binary_case, _decode_binary),
        Target("http body", _http_case, _decode_http),
    ]


def _json(name: str, codec: Codec[Any], documents: Sequence[Any]) -> Target:
    def decode(case: bytes) -> None:
        write_again(codec, codec.from_document(codec.document(Text(case))))

    return Target(f"json {name}", lambda random: mutation.text(random, random.choice(documents)), decode)


def _proto(name: str, codec: Codec[Any], type_name: str) -> Target:
    parse, protos = message_class(type_name).FromString, valid.protos(type_name)

    def decode(case: bytes) -> None:
        write_again(codec, codec.from_proto(_parsed(parse, case)))

    return Target(f"proto {name}", lambda random: mutation.proto(random, random.choice(protos)), decode)


def _parsed(parse: Callable[[bytes], Any], case: bytes) -> Any:
    try:
        return parse(case)
    except DecodeError as error:  # which the gRPC front answers
        raise InvalidPayload("no protobuf") from error


def write_again(codec: Codec[Any], value: Any) -> None:
    """A message that was taken must be fit to go on over both transports, or be refused in words."""
    codec.to_text(value)
    codec.to_proto(value).SerializeToString()


def _binary_case(random: Random) -> bytes:
    """The length that the header says, then the body."""
    document, tail = random.choice(valid.BINARY_INFERENCES)
    head = mutation.text(random, document) if random.random() < 0.5 else json.dumps(document).encode()
    said = random.choice((len(head), len(head), len(head), 0, 1, 2**31 - 1, len(head) + 3))
    return said.to_bytes(_LENGTH_BYTES, "big") + head + (mutation.raw(random, tail) if random.random() < 0.5 else tail)


def _decode_binary(case: bytes) -> None:
    said, body = int.from_bytes(case[:_LENGTH_BYTES], "big"), case[_LENGTH_BYTES:]
    text = Text(body, "application/octet-stream", header_length=said)
    write_again(OPEN_INFERENCE, OPEN_INFERENCE.from_document(OPEN_INFERENCE.document(text)))


_TYPES = (
    "application/json",
    "application/x+json; charset=utf-16",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=b",
    "multipart/form-data",
    "text/plain",
    "",
    "\x00;=\xff",
)
_PART = b'--b\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n'


def _http_case(random: Random) -> bytes:
    """A JSON list of content type and query, a line feed, and the body."""
    content_type = random.choice(_TYPES)
    said = mutation.text(random, random.choice(valid.MESSAGES))
    if content_type.startswith("multipart") and random.random() < 0.9:
        names = (b"data", b"strData", b"binData", b"jsonData", b"meta", b'x"')
        extras = (b"", b'; filename="f"', b"; filename*=utf-8''%ff")
        parts = [_PART % (random.choice(names), random.choice(extras), said) for _ in range(random.choice((1, 1, 3)))]
        said = mutation.raw(random, b"".join(parts) + b"--b--\r\n")
    elif "urlencoded" in content_type:
        said = b"json=" + said
    query = random.choice(("", "", "json=%7B%7D", "json=%ff", "json=" + "%5B" * 500, "json", "&&=;"))
    return json.dumps([content_type, query]).encode() + b"\n" + said


def _decode_http(case: bytes) -> None:
    head, _, body = case.partition(b"\n")
    content_type, query = json.loads(head)
    MESSAGE.from_document(document_of(body, content_type, query))
