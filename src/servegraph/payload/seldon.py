"""The codecs of Seldon's protocol: a message, feedback, and the list of messages that a combiner gets."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from google.protobuf.message import DecodeError

from servegraph.errors import InvalidPayload, MalformedArray
from servegraph.payload import wire_json, wire_proto
from servegraph.payload.compression import is_gzip, unzipped
from servegraph.payload.envelope import Amendment, Text
from servegraph.payload.http_body import document_of
from servegraph.payload.json_text import printed
from servegraph.payload.message import Feedback, Message, Meta
from servegraph.payload.numbers import LARGE
from servegraph.payload.quoting import quoted

__all__ = ["FEEDBACK", "MESSAGE", "MESSAGES"]


_NO_FORM = (TypeError, ValueError, KeyError, OverflowError, DecodeError, SystemError, RecursionError)
_MOST_UNPACKED = 256 * 2**20  # bytes of a gzip body


def _document(text: Text) -> Any:
    """The JSON that a body carries: plain, zipped, or in a form."""
    body = unzipped(text.body, _MOST_UNPACKED) if text.encoding and is_gzip(text.encoding) else text.body
    if "form" in text.content_type:
        return document_of(body, text.content_type, lenient=True)
    return wire_json.parse(body)


class _MessageCodec:
    """A SeldonMessage. Implements `Codec[Message]`."""

    def document(self, text: Text) -> Any:
        return _document(text)

    def dump(self, document: Any) -> Text:
        return Text(printed(document))

    def from_document(self, document: Any) -> Message:
        return wire_json.decode(document)

    def from_text(self, text: Text) -> Message:
        is_plain = len(text.body) > LARGE and not text.encoding and "form" not in text.content_type
        return (wire_json.decode_large(text.body) if is_plain else None) or wire_json.decode(_document(text))

    def to_text(self, value: Message) -> Text:
        return Text(_made(wire_json.encode, value))

    def from_proto(self, proto: Any) -> Message:
        return wire_proto.decode(proto)

    def to_proto(self, value: Message) -> Any:
        return _made(wire_proto.encode, value)

    def amend_document(self, document: Any, amendment: Amendment) -> Any:
        if not isinstance(document, dict) or ("meta" not in document and not amendment.creates_meta):
            return document
        return {**document, "meta": _amended_meta(document.get("meta"), amendment)}

    def amend_proto(self, proto: Any, amendment: Amendment) -> Any:
        if not proto.HasField("meta") and not amendment.creates_meta:
            return proto
        amended = type(proto).FromString(proto.SerializeToString())
        meta = Meta(amendment.puid, dict(amendment.tags), dict(amendment.routing))
        for tag in meta.tags:
            amended.meta.tags[tag].Clear()
        wire_proto.fill_meta(amended.meta, meta)
        return amended

    def amend_value(self, value: Message, amendment: Amendment) -> Message:
        meta = _amended(value.meta, amendment)
        if type(value) is Message:
            return Message(value.kind, value.value, value.names, meta)
        return replace(value, meta=meta)  # it remembers more


class _FeedbackCodec:
    """A Feedback, whose JSON is read as strictly as protobuf's. Implements `Codec[Feedback]`.

    An amendment concerns the response, the prediction that is being judged.
    """

    def document(self, text: Text) -> Any:
        return _document(text)

    def dump(self, document: Any) -> Text:
        return Text(printed(document))

    def from_document(self, document: Any) -> Feedback:
        return wire_proto.decode_feedback(wire_proto.parse_feedback(document))

    def from_text(self, text: Text) -> Feedback:
        return self.from_document(_document(text))

    def to_text(self, value: Feedback) -> Text:
        return Text(_made(lambda feedback: printed(wire_json.document_of_feedback(feedback)), value))

    def from_proto(self, proto: Any) -> Feedback:
        return wire_proto.decode_feedback(proto)

    def to_proto(self, value: Feedback) -> Any:
        return _made(wire_proto.encode_feedback, value)

    def amend_document(self, document: Any, amendment: Amendment) -> Any:
        if not isinstance(document, dict):
            return document
        return {**document, "response": MESSAGE.amend_document(document.get("response") or {}, amendment)}

    def amend_proto(self, proto: Any, amendment: Amendment) -> Any:
        amended = type(proto).FromString(proto.SerializeToString())
        amended.response.CopyFrom(MESSAGE.amend_proto(proto.response, amendment))
        return amended

    def amend_value(self, value: Feedback, amendment: Amendment) -> Feedback:
        return replace(value, response=MESSAGE.amend_value(value.response, amendment))


class _MessagesCodec:
    """A SeldonMessageList; in JSON a bare list will do. Implements `Codec[list[Message]]`.

    An amendment concerns every message.
    """

    def document(self, text: Text) -> Any:
        return _document(text)

    def dump(self, document: Any) -> Text:
        return Text(printed(document))

    def from_document(self, document: Any) -> list[Message]:
        return [wire_json.decode(message) for message in _listed(document)]

    def from_text(self, text: Text) -> list[Message]:
        return self.from_document(_document(text))

    def to_text(self, value: list[Message]) -> Text:
        return Text(_made(_printed_list, value))

    def from_proto(self, proto: Any) -> list[Message]:
        return [wire_proto.decode(message) for message in proto.seldonMessages]

    def to_proto(self, value: list[Message]) -> Any:
        return _made(_list_proto, value)

    def amend_document(self, document: Any, amendment: Amendment) -> Any:
        messages = [MESSAGE.amend_document(message, amendment) for message in _listed(document)]
        return messages if isinstance(document, list) else {**document, "seldonMessages": messages}

    def amend_proto(self, proto: Any, amendment: Amendment) -> Any:
        messages = [MESSAGE.amend_proto(message, amendment) for message in proto.seldonMessages]
        return type(proto)(seldonMessages=messages)

    def amend_value(self, value: list[Message], amendment: Amendment) -> list[Message]:
        return [MESSAGE.amend_value(message, amendment) for message in value]


MESSAGE = _MessageCodec()
FEEDBACK = _FeedbackCodec()
MESSAGES = _MessagesCodec()


def _listed(document: Any) -> Sequence[Any]:
    messages = document.get("seldonMessages") if isinstance(document, dict) else document
    if not isinstance(messages, list):
        raise InvalidPayload(f"Invalid request data type: {quoted(document)}", hint="send a list of messages")
    return messages


def _printed_list(messages: Sequence[Message]) -> bytes:
    return printed({"seldonMessages": [wire_json.document_of(message) for message in messages]})


def _list_proto(messages: Sequence[Message]) -> Any:
    return wire_proto.SeldonMessageList(seldonMessages=[wire_proto.encode(message) for message in messages])


def _made[T, R](write: Callable[[T], R], value: T) -> R:
    """What `write` makes of a value; a value that has no such form is the fault of whoever made it."""
    try:
        return write(value)
    except _NO_FORM as error:
        raise MalformedArray(f"the message has no form to be sent in: {error}") from error


def _amended_meta(meta: Any, amendment: Amendment) -> dict[str, Any]:
    amended = _mapping(meta)
    if amendment.puid:
        amended["puid"] = amendment.puid
    if amendment.tags:
        amended["tags"] = {**_mapping(amended.get("tags")), **amendment.tags}
    if amendment.routing:
        amended["routing"] = {**_mapping(amended.get("routing")), **amendment.routing}
    return amended


def _mapping(value: Any) -> dict[str, Any]:
    """A copy of an object; what is none, as a component may have written, gives way."""
    return dict(value) if isinstance(value, Mapping) else {}


def _amended(meta: Meta, amendment: Amendment) -> Meta:
    tags, routing = amendment.tags, amendment.routing
    return Meta(
        amendment.puid or meta.puid,
        {**meta.tags, **tags} if tags else meta.tags,
        {**meta.routing, **routing} if routing else meta.routing,
        meta.request_path,
        meta.metrics,
    )
