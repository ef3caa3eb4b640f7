"""The protobuf classes of the three protocols, in a descriptor pool of their own.

Seldon's, Triton's and TensorFlow's Python packages register the same message names in protobuf's
global pool, which refuses a second definition. A private pool lets a component import them in our
process.
"""

from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

from google.protobuf import descriptor_pool, message_factory

_FILE = 0x0A  # how each file of a FileDescriptorSet begins: field 1, with its length


@cache
def pool() -> descriptor_pool.DescriptorPool:
    """The pool that holds the `.proto` files of this package and what they import."""
    data = files("servegraph.payload").joinpath("schemas.binpb").read_bytes()
    own = descriptor_pool.DescriptorPool()
    for file in _files(data):
        own.AddSerializedFile(file)
    return own


def _files(data: bytes) -> Iterator[bytes]:
    """The files of a FileDescriptorSet, each serialised; to import its class takes longer than all of this."""
    at = 0
    while at < len(data):
        assert data[at] == _FILE
        length = shift = 0
        while True:
            at += 1
            length |= (data[at] & 0x7F) << shift
            shift += 7
            if not data[at] & 0x80:
                break
        at, begin = at + 1 + length, at + 1
        yield data[begin:at]


@cache
def message_class(name: str) -> Any:
    """The class of a message by its full name, e.g. `seldon.protos.SeldonMessage`."""
    return message_factory.GetMessageClass(pool().FindMessageTypeByName(name))
