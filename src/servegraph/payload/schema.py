"""The protobuf classes of the three protocols, in a descriptor pool of their own.

Seldon's, Triton's and TensorFlow's Python packages register the same message names in protobuf's
global pool, which refuses a second definition. A private pool lets a component import them in our
process.
"""

from functools import cache
from importlib.resources import files
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory


@cache
def pool() -> descriptor_pool.DescriptorPool:
    """The pool that holds the `.proto` files of this package and what they import."""
    data = files("servegraph.payload").joinpath("schemas.binpb").read_bytes()
    own = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(data).file:
        own.Add(file)
    return own


@cache
def message_class(name: str) -> Any:
    """The class of a message by its full name, e.g. `seldon.protos.SeldonMessage`."""
    return message_factory.GetMessageClass(pool().FindMessageTypeByName(name))
