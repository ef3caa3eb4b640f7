"""Errors on the wire: one table for both fronts.

Source:
    Bodies have the shape of the executor's `Status`; reasons are the component server's.
"""

import logging
from time import monotonic
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

TRACEBACK_EVERY_S = 60.0

log = logging.getLogger(__name__)


class FaultLog:
    """Logs what is not the caller's fault: every time a line, and the traceback once a minute for each node.

    A caller who makes a component fail cannot fill the disk with it.
    """

    def __init__(self) -> None:
        self._shown: dict[str, float] = {}

    def tell(self, puid: str, error: Exception) -> None:
        kind = f"{type(error).__name__} {getattr(error, 'unit', '')}"
        now = monotonic()
        shown = now - self._shown.get(kind, -TRACEBACK_EVERY_S) < TRACEBACK_EVERY_S
        if not shown:
            self._shown[kind] = now
        log.error("puid %.128s: %.1000s", puid, error, exc_info=None if shown else error)


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
