"""What a caller is told when user code raises."""

from typing import Any

import flask
import pytest

import servegraph.component
from servegraph.errors import ArtifactNotFound, InvalidPayload, UnitFailed

TEXT = {"strData": "x"}


def raising(error: BaseException, **members: Any) -> Any:
    def predict(self: Any, X: Any, names: Any) -> Any:
        raise error

    return type("C", (), {"predict": predict, **members})()


def exceptions(name: str) -> list[Any]:
    import seldon_core.flask_utils

    return [getattr(servegraph.component, name), getattr(seldon_core.flask_utils, name)]


async def failure(called: Any) -> UnitFailed:
    with pytest.raises(UnitFailed) as caught:
        await called.rest("predict", TEXT)
    return caught.value


@pytest.mark.parametrize(
    ("error", "text"),
    [(ValueError("boom"), "boom"), (RuntimeError(), ""), (KeyError("k"), "'k'"), (StopIteration("s"), "s")],
)
async def test_any_exception_is_a_500_with_its_text(call: Any, error: Exception, text: str):
    failed = await failure(call(raising(error), "unit"))
    assert (failed.status, failed.reason, failed.message) == (500, "MICROSERVICE_INTERNAL_ERROR", text)
    assert (failed.unit, failed.method, failed.__cause__, failed.body) == ("unit", "predict", error, None)


@pytest.mark.parametrize("cls", exceptions("SeldonMicroserviceException"))
async def test_a_component_may_choose_status_and_reason(call: Any, cls: Any):
    failed = await failure(call(raising(cls("bad thing", status_code=422, payload={"p": 1}, reason="MINE"))))
    assert (failed.status, failed.reason, failed.message) == (422, "MINE", "bad thing")
    failed = await failure(call(raising(cls("bad thing"))))
    assert (failed.status, failed.reason, failed.message) == (400, "MICROSERVICE_BAD_DATA", "bad thing")


async def test_a_component_cannot_end_the_process(call: Any):
    failed = await failure(call(raising(SystemExit(3))))
    assert (failed.status, failed.message) == (500, "the component raised SystemExit(3)")


async def test_errors_of_the_library_say_what_they_say(call: Any):
    assert (await failure(call(raising(ArtifactNotFound("gone"))))).message == "gone"
    with pytest.raises(InvalidPayload, match="^not this$"):
        await call(raising(InvalidPayload("not this"))).rest("predict", TEXT)


class UserError(Exception):
    pass


def blueprint() -> flask.Blueprint:
    handlers = flask.Blueprint("error_handlers", __name__)

    @handlers.app_errorhandler(UserError)
    def handle(error: UserError) -> Any:
        response = flask.jsonify({"custom": str(error)})
        response.status_code = 402
        return response

    return handlers


async def test_a_blueprint_answers_to_the_components_own_exceptions(call: Any):
    called = call(raising(UserError("u1"), model_error_handler=blueprint()))
    for _ in range(2):
        failed = await failure(called)
        assert (failed.status, failed.body, failed.content_type) == (402, b'{"custom":"u1"}\n', "application/json")


@pytest.mark.parametrize("error", [ValueError("boom"), exceptions("SeldonMicroserviceException")[0]("boom", 500)])
async def test_a_blueprint_leaves_other_exceptions_alone(call: Any, error: Exception):
    failed = await failure(call(raising(error, model_error_handler=blueprint())))
    assert (failed.status, failed.message, failed.body) == (500, "boom", None)


async def test_an_http_exception_loses_its_own_status(call: Any):
    from werkzeug.exceptions import Forbidden

    failed = await failure(call(raising(Forbidden(), model_error_handler=blueprint())))
    assert (failed.status, failed.body) == (500, None)
    assert failed.message.startswith("403 Forbidden: ")


async def test_over_grpc_there_is_no_body(call: Any):
    from servegraph.payload.wire_proto import SeldonMessage

    with pytest.raises(UnitFailed) as caught:
        await call(raising(UserError("u1"), model_error_handler=blueprint())).grpc(
            "predict", SeldonMessage(strData="x")
        )
    assert (caught.value.message, caught.value.body) == ("u1", None)
