"""What a component server answers when something goes wrong: one rule for REST, one for gRPC.

Source:
    Seldon's component server. Own choices: an exception's text where the original loses it over
    gRPC, 504 where it kills the worker, 413 and 503 where it has no limit.
"""

from typing import NamedTuple

from servegraph.errors import (
    BAD_DATA,
    INTERNAL_ERROR,
    MalformedArray,
    Overloaded,
    PayloadError,
    ServeGraphError,
    UnitFailed,
    UnitTimedOut,
)
from servegraph.payload.json_text import printed
from servegraph.serving.grpc_details import fitted, sendable
from servegraph.serving.grpc_status import Code
from servegraph.serving.http1.message import TooLarge, TooSlow
from servegraph.serving.routes import JSON, Answer

NOT_FOUND = (
    "404 Not Found: The requested URL was not found on the server. "
    "If you entered the URL manually please check your spelling and try again."
)
NOT_ALLOWED = "405 Method Not Allowed: The method is not allowed for the requested URL."
_CALLING = "Exception calling application: "
_STATUS: dict[type[BaseException], tuple[int, Code]] = {
    TooLarge: (413, Code.RESOURCE_EXHAUSTED),
    TooSlow: (408, Code.DEADLINE_EXCEEDED),
    Overloaded: (503, Code.RESOURCE_EXHAUSTED),
    UnitTimedOut: (504, Code.DEADLINE_EXCEEDED),
}


class Fault(NamedTuple):
    """An error in the words of the component server."""

    status: int
    code: Code
    info: str
    reason: str


def fault_of(error: BaseException) -> Fault:
    """What a caller is told about an error; `asyncio.CancelledError` is none."""
    status, code = _STATUS.get(type(error), (500, Code.UNKNOWN))
    match error:
        case UnitFailed():
            return Fault(error.status, code, error.message, error.reason)
        case MalformedArray():
            return Fault(500, code, str(error.__cause__ or error), INTERNAL_ERROR)
        case PayloadError():
            return Fault(status if status != 500 else 400, code, str(error), BAD_DATA)
        case ServeGraphError():
            return Fault(status, code, getattr(error, "message", str(error)), INTERNAL_ERROR)
        case SystemExit() | KeyboardInterrupt():
            return Fault(status, code, f"the component raised {type(error).__name__}", INTERNAL_ERROR)
    return Fault(status, code, str(error), INTERNAL_ERROR)


def answer_of(error: BaseException) -> Answer:
    """The REST answer to an error; a component's own error handler may have made it."""
    if isinstance(error, UnitFailed) and error.body is not None:
        return Answer(error.status, error.body, error.content_type)
    fault = fault_of(error)
    retry = (("retry-after", "1"),) if isinstance(error, Overloaded) else ()
    return failed(fault.status, fault.info, fault.reason, retry)


def failed(status: int, info: str, reason: str, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    """An error's REST answer; `code` in the body is always -1."""
    body = {"status": {"code": -1, "info": info, "reason": reason, "status": 1}}
    return Answer(status, printed(body), JSON, headers=headers)


def details_of(error: BaseException) -> tuple[Code, str]:
    """The gRPC code and details for an error."""
    fault = fault_of(error)
    prefix = _CALLING if fault.code is Code.UNKNOWN else ""
    return fault.code, fitted(prefix + sendable(fault.info))
