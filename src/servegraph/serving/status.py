"""Errors on the wire: one table for both fronts.

Source:
    Bodies have the shape of the executor's `Status`; reasons are the component server's.
"""

from typing import Any, NamedTuple

import grpc

from servegraph.errors import (
    InvalidPayload,
    InvalidRoute,
    PayloadError,
    ServeGraphError,
    UnitError,
    UnitFailed,
    UnknownPuid,
)
from servegraph.payload.wire_json import dump


class Status(NamedTuple):
    """How a class of errors is reported over HTTP and over gRPC."""

    http: int
    grpc: grpc.StatusCode
    reason: str


_BAD_DATA = "MICROSERVICE_BAD_DATA"
_INTERNAL = "MICROSERVICE_INTERNAL_ERROR"

TABLE: dict[type[ServeGraphError], Status] = {
    InvalidPayload: Status(400, grpc.StatusCode.INVALID_ARGUMENT, _BAD_DATA),
    UnknownPuid: Status(404, grpc.StatusCode.NOT_FOUND, _BAD_DATA),
    PayloadError: Status(400, grpc.StatusCode.INVALID_ARGUMENT, _BAD_DATA),
    UnitFailed: Status(500, grpc.StatusCode.INTERNAL, _INTERNAL),
    InvalidRoute: Status(500, grpc.StatusCode.INTERNAL, _INTERNAL),
    UnitError: Status(500, grpc.StatusCode.INTERNAL, _INTERNAL),
}
_ANY_OTHER = Status(500, grpc.StatusCode.INTERNAL, _INTERNAL)


def status_of(error: Exception) -> Status:
    """The row of an error; what has none is our own fault."""
    return next((TABLE[cls] for cls in type(error).__mro__ if cls in TABLE), _ANY_OTHER)


def text_of(error: Exception) -> str:
    """What the caller is told: the sentence and its fix, never a traceback."""
    if not isinstance(error, ServeGraphError):
        return f"internal error: {type(error).__name__}"
    return f"{error}; {error.hint}" if error.hint else str(error)


def body_of(error: Exception) -> bytes:
    """The JSON body of an error."""
    status = status_of(error)
    document: dict[str, Any] = {
        "code": status.http,
        "info": text_of(error),
        "reason": status.reason,
        "status": "FAILURE",
    }
    return dump({"status": document})
