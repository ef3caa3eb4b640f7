"""What the author of a component may return and raise, beside plain values and any exception.

The classes have the names and members of those in `seldon_core`, and either will do: they are
recognised by name, so that a component may use that package and need not.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from servegraph.errors import BAD_DATA


class SeldonResponse:
    """A method's result, with tags and metrics for this one answer."""

    def __init__(
        self, data: Any, tags: Mapping[str, Any] | None = None, metrics: Sequence[Mapping[str, Any]] | None = None
    ) -> None:
        self.data = data
        self.tags = tags
        self.metrics = metrics


class SeldonMicroserviceException(Exception):
    """Ends a call with a status and a reason of the author's choice; over HTTP only, as gRPC has neither."""

    status_code = 400

    def __init__(
        self, message: str, status_code: int | None = None, payload: Any = None, reason: str = BAD_DATA
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status_code = self.status_code if status_code is None else status_code
        self.payload = payload
        self.reason = reason


class SeldonNotImplementedError(SeldonMicroserviceException):
    """The method that raises this counts as absent."""


def is_response(value: Any) -> bool:
    """Whether a value is a SeldonResponse, of whichever package."""
    return type(value).__name__ == "SeldonResponse" and hasattr(value, "data")


def is_refusal(error: BaseException | None) -> bool:
    """Whether an error is a SeldonMicroserviceException, of whichever package."""
    return _has_base(error, "SeldonMicroserviceException")


def says_absent(error: BaseException | None) -> bool:
    """Whether an error is a SeldonNotImplementedError, of whichever package."""
    return _has_base(error, "SeldonNotImplementedError")


def _has_base(error: BaseException | None, name: str) -> bool:
    return any(cls.__name__ == name for cls in type(error).__mro__)
