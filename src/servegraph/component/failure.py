"""Whose fault it is when user code raises, and what the caller is told.

Source:
    Seldon's component server: any exception is a 500 with its text; a SeldonMicroserviceException
    says its own status and reason. A component may bring a Flask blueprint with answers to its own
    exceptions; Flask is imported only then, and only answers to HTTP come from it.
"""

from typing import Any

from servegraph.component.answer import UnusableAnswer
from servegraph.component.author import is_refusal
from servegraph.component.metrics import BadMetric
from servegraph.errors import BAD_DATA, BAD_METRIC, INTERNAL_ERROR, UnitFailed
from servegraph.payload.envelope import Transport

_UNANSWERED = object()


class Failures:
    """Makes the errors of one component.

    Args:
        blueprint: its `model_error_handler`, if any.
    """

    def __init__(self, unit: str, blueprint: Any) -> None:
        self._unit = unit
        self._blueprint = blueprint
        self._app: Any = None

    def of(self, method: str, error: BaseException, transport: Transport) -> UnitFailed:
        """What to raise, from `error`, when a method failed."""
        if self._blueprint is not None and transport == "rest" and isinstance(error, Exception):
            answered = self._answered(method, error)
            if answered is not None:
                return answered
        status, reason, message = _told(error)
        return UnitFailed(self._unit, method, message, status=status, reason=reason)

    def _answered(self, method: str, error: Exception) -> UnitFailed | None:
        if self._app is None:
            self._app = _app(self._blueprint)
        with self._app.test_request_context(f"/{method}", method="POST"):
            answer = self._app.handle_user_exception(error)
            if answer is _UNANSWERED:
                return None
            response = self._app.make_response(answer)
            return UnitFailed(
                self._unit,
                method,
                str(error),
                status=response.status_code,
                body=response.get_data(),
                content_type=response.content_type,
            )


def _app(blueprint: Any) -> Any:
    from flask import Flask

    app = Flask("component")
    app.register_error_handler(Exception, lambda error: _UNANSWERED)  # type: ignore[arg-type]
    app.register_blueprint(blueprint)
    return app


def _told(error: BaseException) -> tuple[int, str, str]:
    """Status, reason and text of an error."""
    if is_refusal(error):
        status, reason = getattr(error, "status_code", 400), getattr(error, "reason", BAD_DATA)
        return status, reason, str(getattr(error, "message", error))
    match error:
        case UnusableAnswer():
            return 400, BAD_DATA, str(error)
        case BadMetric():
            return 500, BAD_METRIC, str(error)
        case SystemExit():
            return 500, INTERNAL_ERROR, f"the component raised SystemExit({error})"
    return 500, INTERNAL_ERROR, str(error)
