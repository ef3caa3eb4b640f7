"""gRPC codes in other words: Go's names, which metrics carry, and the HTTP statuses that correspond.

Source:
    Names: `google.golang.org/grpc/codes`. Statuses: the comments of `google.rpc.Code`.
"""

import grpc

_Code = grpc.StatusCode

_STATUS = {
    _Code.CANCELLED: 499,
    _Code.INVALID_ARGUMENT: 400,
    _Code.DEADLINE_EXCEEDED: 504,
    _Code.NOT_FOUND: 404,
    _Code.ALREADY_EXISTS: 409,
    _Code.PERMISSION_DENIED: 403,
    _Code.RESOURCE_EXHAUSTED: 429,
    _Code.FAILED_PRECONDITION: 400,
    _Code.ABORTED: 409,
    _Code.OUT_OF_RANGE: 400,
    _Code.UNIMPLEMENTED: 501,
    _Code.UNAVAILABLE: 503,
    _Code.UNAUTHENTICATED: 401,
}
_NAMES = {code: "".join(word.capitalize() for word in code.name.split("_")) for code in _Code}
_NAMES |= {_Code.OK: "OK", _Code.CANCELLED: "Canceled"}


def http_status(code: grpc.StatusCode) -> int:
    """The HTTP status for an error with this code."""
    return _STATUS.get(code, 500)


def go_name(code: grpc.StatusCode) -> str:
    """`InvalidArgument` for INVALID_ARGUMENT."""
    return _NAMES[code]
