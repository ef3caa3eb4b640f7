"""One message on its way through a graph, in every form that was needed so far.

A body that came over HTTP goes on over HTTP as the bytes it was; a node in our process gets it
decoded, once; a node behind gRPC gets a protobuf. Each form is made when it is first asked for.
Nothing here knows a graph, a server or a wire format: codecs do.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, Protocol

from servegraph.payload.numbers import LARGE

Transport = Literal["rest", "grpc"]
_MISSING: Any = object()  # None is a JSON document


_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(slots=True)  # frozen ones take three times as long to make, and every request makes some
class Text:
    """A body as it travels over HTTP. Do not change it.

    Attributes:
        encoding: the Content-Encoding, empty for none.
        header_length: where Open Inference's binary tensors follow the JSON, the length of the JSON in bytes.
    """

    body: bytes
    content_type: str = "application/json"
    encoding: str = ""
    header_length: int | None = None


@dataclass(slots=True)
class Amendment:
    """What the engine adds to the `meta` of an answer; empty members change nothing. Do not change it.

    Attributes:
        creates_meta: whether an answer without `meta` gets one.
    """

    puid: str = ""
    tags: Mapping[str, Any] = _NOTHING
    routing: Mapping[str, int] = _NOTHING
    creates_meta: bool = True


class Codec[T](Protocol):
    """Translates one type of message between its forms. All may raise InvalidPayload."""

    def document(self, text: Text) -> Any:
        """The parsed JSON of a body."""

    def dump(self, document: Any) -> Text:
        """The body of parsed JSON."""

    def from_document(self, document: Any) -> T:
        """The decoded message of parsed JSON."""

    def from_text(self, text: Text) -> T:
        """The decoded message of a body; the same as that of its parsed JSON."""

    def to_text(self, value: T) -> Text:
        """The body of a decoded message."""

    def from_proto(self, proto: Any) -> T:
        """The decoded message of a protobuf."""

    def to_proto(self, value: T) -> Any:
        """The protobuf of a decoded message."""

    def amend_document(self, document: Any, amendment: Amendment) -> Any:
        """Parsed JSON with the amendment; the document given stays as it is."""

    def amend_proto(self, proto: Any, amendment: Amendment) -> Any:
        """A protobuf with the amendment; the one given stays as it is."""

    def amend_value(self, value: T, amendment: Amendment) -> T:
        """A decoded message with the amendment; the one given stays as it is."""


class Envelope[T]:
    """A message and the forms of it that are known. `transport` is the one that the caller of the graph used."""

    __slots__ = ("_document", "_proto", "_text", "_value", "codec", "transport")

    def __init__(
        self,
        codec: Codec[T],
        transport: Transport,
        *,
        text: Text | None = None,
        document: Any = _MISSING,
        proto: Any = None,
        value: T | None = None,
    ) -> None:
        """One of the four forms must be given; they must say the same."""
        self.codec = codec
        self.transport = transport
        self._text = text
        self._document = document
        self._proto = proto
        self._value = value

    def text(self) -> Text:
        """The body for HTTP."""
        if self._text is None:
            known = self._document is not _MISSING
            self._text = self.codec.dump(self._document) if known else self.codec.to_text(self.value())
        return self._text

    def document(self) -> Any:
        """The parsed JSON. Do not change it."""
        if self._document is _MISSING:
            self._document = self.codec.document(self.text())
        return self._document

    def proto(self) -> Any:
        """The protobuf. Do not change it."""
        if self._proto is None:
            self._proto = self.codec.to_proto(self.value())
        return self._proto

    def value(self) -> T:
        """The decoded message."""
        if self._value is None:
            if self._proto is not None:
                self._value = self.codec.from_proto(self._proto)
            elif self._document is not _MISSING:
                self._value = self.codec.from_document(self._document)
            else:  # the parsed JSON is not kept: it takes several times the body's memory
                self._value = self.codec.from_text(self.text())
        return self._value

    def forget_proto(self) -> None:
        """Hold the protobuf no longer, as the decoded message is there."""
        if self._value is not None:
            self._proto = None

    @property
    def is_large(self) -> bool:
        """Whether it is a body that takes long to decode, and is not decoded yet."""
        return self._value is None and self._text is not None and len(self._text.body) > LARGE

    @property
    def is_decoded(self) -> bool:
        """Whether the decoded message is there already."""
        return self._value is not None

    @property
    def is_only_decoded(self) -> bool:
        """Whether the decoded message is there, and no other form of it."""
        is_written = self._text is not None or self._document is not _MISSING or self._proto is not None
        return self._value is not None and not is_written

    def with_value(self, value: T) -> "Envelope[T]":
        """An envelope of the same kind around another decoded message."""
        return Envelope(self.codec, self.transport, value=value)

    def separate(self, copy: Callable[[T], T]) -> "Envelope[T]":
        """The same message for someone who may change the decoded one; `copy` copies it where it is there already."""
        if self._value is None and self._document is not _MISSING:  # what is decoded of it may hold parts of it
            return Envelope(self.codec, self.transport, text=self.text())
        other = Envelope(self.codec, self.transport, text=self._text, document=self._document, proto=self._proto)
        other._value = None if self._value is None else copy(self._value)
        return other

    def amended(self, amendment: Amendment) -> "Envelope[T]":
        """This message with an amended `meta`, changed in the form that is at hand."""
        codec, transport = self.codec, self.transport
        if self._value is not None:
            return Envelope(codec, transport, value=codec.amend_value(self._value, amendment))
        if self._proto is not None:
            return Envelope(codec, transport, proto=codec.amend_proto(self._proto, amendment))
        return Envelope(codec, transport, document=codec.amend_document(self.document(), amendment))
