"""gRPC's reflection: tells clients which services there are, and of what messages.

The answers are grpcio's own, which is imported when the first client asks.
"""

from collections.abc import Sequence
from typing import Any

from google.protobuf.message import DecodeError

from servegraph.payload.schema import pool
from servegraph.serving.grpc_call import Prompt
from servegraph.serving.grpc_status import CallFailed, Code

SERVICE = "grpc.reflection.v1alpha.ServerReflection"


def reflection(services: Sequence[str]) -> dict[str, Prompt]:
    """The method by its path."""
    return {f"/{SERVICE}/ServerReflectionInfo": _Reflection([*services, SERVICE]).answer}


class _Reflection:
    def __init__(self, services: Sequence[str]) -> None:
        self._services = services
        self._servicer: Any = None

    def answer(self, message: bytes) -> bytes:
        from grpc_reflection.v1alpha import reflection, reflection_pb2

        if self._servicer is None:
            self._servicer = reflection.ReflectionServicer(self._services, pool=pool())
        try:
            request = reflection_pb2.ServerReflectionRequest.FromString(message)
        except DecodeError as error:
            raise CallFailed(Code.INVALID_ARGUMENT, "the request is no message of this method") from error
        answer: bytes = next(self._servicer.ServerReflectionInfo(iter([request]), None)).SerializeToString()
        return answer
