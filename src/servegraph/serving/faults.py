"""Errors on the wire: one table for both fronts.

Source:
    What a component got wrong, or could not read, has the body of Seldon's component server; what
    the graph itself got wrong has the body of Seldon's executor, whose `code` is always 500.
"""

import logging
import re
from time import monotonic
from typing import NamedTuple

from servegraph.errors import (
    BAD_DATA,
    GraphTimedOut,
    InvalidPayload,
    InvalidRoute,
    ModelNotFound,
    Overloaded,
    PayloadError,
    ServeGraphError,
    UnitAnswered,
    UnitError,
    UnitFailed,
    UnitTimedOut,
    UnitUnreachable,
    UnknownModel,
    UnknownPuid,
)
from servegraph.payload.wire_json import dump
from servegraph.serving.grpc_details import fitted, sendable
from servegraph.serving.grpc_status import Code
from servegraph.serving.http1.message import TooLarge, TooSlow
from servegraph.serving.routes import JSON, Answer

TRACEBACK_EVERY_S = 60.0
_LONGEST_LINE = 1000
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")  # a caller's text must not look like another line

# Errors whose text says all there is: nothing in this process failed.
_SAY_IT_ALL = (ModelNotFound, GraphTimedOut, Overloaded, UnitAnswered, UnitTimedOut, UnitUnreachable, InvalidRoute)

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
        told = _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", str(error)[:_LONGEST_LINE])
        trace = None if shown or isinstance(error, _SAY_IT_ALL) else error
        log.error("puid %.128s: %s", puid, told, exc_info=trace)


class Status(NamedTuple):
    """How a class of errors is reported over HTTP and over gRPC."""

    http: int
    grpc: Code


TABLE: dict[type[ServeGraphError], Status] = {
    TooLarge: Status(413, Code.RESOURCE_EXHAUSTED),
    TooSlow: Status(408, Code.DEADLINE_EXCEEDED),
    InvalidPayload: Status(400, Code.INVALID_ARGUMENT),
    UnknownModel: Status(404, Code.NOT_FOUND),
    UnknownPuid: Status(404, Code.NOT_FOUND),
    PayloadError: Status(400, Code.INVALID_ARGUMENT),
    ModelNotFound: Status(500, Code.UNKNOWN),
    GraphTimedOut: Status(504, Code.DEADLINE_EXCEEDED),
    Overloaded: Status(503, Code.RESOURCE_EXHAUSTED),
    UnitFailed: Status(500, Code.UNKNOWN),
    UnitUnreachable: Status(500, Code.UNAVAILABLE),
    UnitTimedOut: Status(504, Code.DEADLINE_EXCEEDED),
    InvalidRoute: Status(500, Code.INTERNAL),
    UnitError: Status(500, Code.INTERNAL),
}
_ANY_OTHER = Status(500, Code.INTERNAL)
_RETRY = (("retry-after", "1"),)


def status_of(error: Exception) -> Status:
    """The row of an error; what has none is our own fault."""
    row = next((TABLE[cls] for cls in type(error).__mro__ if cls in TABLE), _ANY_OTHER)
    if isinstance(error, UnitFailed):
        return row._replace(http=error.status)
    if isinstance(error, UnitAnswered):
        return Status(error.status, Code[error.code] if error.code else Code.UNKNOWN)
    return row


def text_of(error: Exception) -> str:
    """What the caller is told: the sentence and its fix, never a traceback."""
    return sendable(_told(error))


def _told(error: Exception) -> str:
    if isinstance(error, UnitError):
        return error.message
    if not isinstance(error, ServeGraphError):
        return f"internal error: {type(error).__name__}"
    return f"{error}; {error.hint}" if error.hint else str(error)


def details_of(error: Exception) -> str:
    """The same for gRPC, where a component's own errors have a prefix."""
    prefix = "Exception calling application: " if isinstance(error, UnitFailed) else ""
    return fitted(prefix + text_of(error))


def answer_of(error: Exception) -> Answer:
    """The HTTP answer to an error."""
    code = status_of(error).http
    match error:
        case UnitAnswered():
            return Answer(code, error.body, error.content_type, error.encoding)
        case UnitFailed(body=bytes(own)):
            return Answer(code, own, error.content_type)
        case UnitFailed():
            return Answer(code, component_error(text_of(error), error.reason))
        case PayloadError():
            return Answer(code, component_error(text_of(error), BAD_DATA))
    headers = _RETRY if isinstance(error, Overloaded) else ()
    return Answer(code, executor_error(text_of(error)), JSON, headers=headers)


def open_inference_answer(error: Exception) -> Answer:
    """The same as a server of the Open Inference protocol answers."""
    return Answer(status_of(error).http, dump({"error": text_of(error)}))


def relayed_answer(error: Exception) -> Answer:
    """The same where a message is only passed on: what cannot be is the executor's error."""
    if isinstance(error, PayloadError):
        return Answer(500, executor_error(text_of(error)))
    return answer_of(error)


def component_error(info: str, reason: str) -> bytes:
    """The body of an error as a component server writes it."""
    return dump({"status": {"code": -1, "info": info, "reason": reason, "status": 1}})


def executor_error(info: str) -> bytes:
    """The body of an error as the executor writes it."""
    return dump({"status": {"code": 500, "info": info, "status": "FAILURE"}})
