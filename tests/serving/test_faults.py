"""The table of errors on the wire, and what is logged of them."""

import json
import logging
from typing import Any

import pytest

from servegraph import errors
from servegraph.errors import (
    GraphTimedOut,
    InvalidPayload,
    InvalidRoute,
    MalformedArray,
    ModelNotFound,
    Overloaded,
    UnitAnswered,
    UnitFailed,
    UnitTimedOut,
    UnitUnreachable,
    UnknownModel,
    UnknownPuid,
)
from servegraph.serving.faults import (
    TABLE,
    FaultLog,
    answer_of,
    details_of,
    open_inference_answer,
    relayed_answer,
    status_of,
    text_of,
)
from servegraph.serving.grpc_status import Code
from servegraph.serving.http1.message import TooLarge, TooSlow, Truncated
from servegraph.serving.routes import Answer


def below(cls: type) -> set[type]:
    return {cls}.union(*(below(child) for child in cls.__subclasses__()))


def test_every_error_of_a_request_has_a_row():
    """One without would be told as our own fault."""
    of_requests = below(errors.ServeGraphError) - below(errors.ConfigurationError) - below(errors.EnvironmentFault)
    ours = {cls for cls in of_requests if cls.__module__ == errors.__name__} - {errors.ServeGraphError}
    assert len(ours) >= 14
    assert [cls for cls in ours if not TABLE.keys() & set(cls.__mro__)] == []


@pytest.mark.parametrize(
    ("error", "http", "code"),
    [
        (InvalidPayload("x"), 400, Code.INVALID_ARGUMENT),
        (MalformedArray("x"), 400, Code.INVALID_ARGUMENT),
        (Truncated("x"), 400, Code.INVALID_ARGUMENT),
        (TooLarge("x"), 413, Code.RESOURCE_EXHAUSTED),
        (TooSlow("x"), 408, Code.DEADLINE_EXCEEDED),
        (UnknownPuid("x"), 404, Code.NOT_FOUND),
        (UnknownModel("x"), 404, Code.NOT_FOUND),
        (ModelNotFound("x"), 500, Code.UNKNOWN),
        (GraphTimedOut("x"), 504, Code.DEADLINE_EXCEEDED),
        (Overloaded("x"), 503, Code.RESOURCE_EXHAUSTED),
        (UnitFailed("m", "predict", "x"), 500, Code.UNKNOWN),
        (UnitFailed("m", "predict", "x", status=418), 418, Code.UNKNOWN),
        (UnitFailed("m", "predict", "x", status=100), 500, Code.UNKNOWN),
        (UnitAnswered("m", "predict", "x", status=503), 503, Code.UNKNOWN),
        (UnitAnswered("m", "predict", "x", status=400, code="INVALID_ARGUMENT"), 400, Code.INVALID_ARGUMENT),
        (UnitUnreachable("m", "predict", "x"), 500, Code.UNAVAILABLE),
        (UnitTimedOut("m", "predict", "x"), 504, Code.DEADLINE_EXCEEDED),
        (InvalidRoute("r", "route", "x"), 500, Code.INTERNAL),
        (ZeroDivisionError(), 500, Code.INTERNAL),
    ],
)
def test_errors_have_their_codes(error: Exception, http: int, code: Code):
    assert status_of(error) == (http, code)
    assert answer_of(error).status == http


COMPONENT = {"code": -1, "status": 1}
EXECUTOR = {"code": 500, "status": "FAILURE"}


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (
            InvalidPayload("no rows", hint="send one"),
            {**COMPONENT, "info": "no rows; send one", "reason": "MICROSERVICE_BAD_DATA"},
        ),
        (
            UnitFailed("m", "predict", "broken"),
            {**COMPONENT, "info": "broken", "reason": "MICROSERVICE_INTERNAL_ERROR"},
        ),
        (UnitFailed("m", "predict", "x", status=418, reason="TEA"), {**COMPONENT, "info": "x", "reason": "TEA"}),
        (InvalidRoute("r", "route", "chose child 7 of 2"), {**EXECUTOR, "info": "chose child 7 of 2"}),
        (UnitUnreachable("m", "predict", "refused"), {**EXECUTOR, "info": "refused"}),
        (ModelNotFound("Failed to find model x"), {**EXECUTOR, "info": "Failed to find model x"}),
        (GraphTimedOut("late"), {**EXECUTOR, "info": "late"}),
        (KeyError("secret"), {**EXECUTOR, "info": "internal error: KeyError"}),
    ],
)
def test_a_body_is_that_of_whoever_found_the_error(error: Exception, status: dict[str, Any]):
    answer = answer_of(error)
    assert json.loads(answer.body) == {"status": status}
    assert (answer.content_type, answer.headers) == ("application/json", ())


def test_members_stand_in_the_order_of_the_originals():
    assert answer_of(UnitFailed("m", "predict", "x", reason="R")).body == (
        b'{"status":{"code":-1,"info":"x","reason":"R","status":1}}'
    )
    assert answer_of(GraphTimedOut("x")).body == b'{"status":{"code":500,"info":"x","status":"FAILURE"}}'


def test_an_error_that_a_component_answered_with_is_passed_on():
    error = UnitAnswered("m", "predict", "x", status=418, body=b"<tea>", content_type="text/html", encoding="identity")
    answer = answer_of(error)
    assert (answer.status, answer.body, answer.content_type, answer.encoding) == (
        418,
        b"<tea>",
        "text/html",
        "identity",
    )


def test_a_component_may_bring_its_own_body():
    error = UnitFailed("m", "predict", "x", status=404, body=b"", content_type="text/html; charset=utf-8")
    assert answer_of(error) == Answer(404, b"", "text/html; charset=utf-8")


def test_who_is_sent_away_is_told_when_to_come_back():
    assert answer_of(Overloaded("full")).headers == (("retry-after", "1"),)


@pytest.mark.parametrize(
    ("error", "details"),
    [
        (UnitFailed("m", "predict", "broken"), "Exception calling application: broken"),
        (UnitAnswered("m", "predict", "theirs", status=500), "theirs"),
        (InvalidPayload("no rows", hint="send one"), "no rows; send one"),
        (KeyError("secret"), "internal error: KeyError"),
    ],
)
def test_details_are_those_of_the_originals(error: Exception, details: str):
    assert details_of(error) == details


def test_open_inference_has_one_form_for_all_errors():
    answer = open_inference_answer(UnknownModel("there is no model 'x'", hint="the model's name is 'm'"))
    assert (answer.status, answer.body) == (404, b"{\"error\":\"there is no model 'x'; the model's name is 'm'\"}")
    assert open_inference_answer(UnitFailed("m", "predict", "broken")) == Answer(500, b'{"error":"broken"}')


def test_what_cannot_be_relayed_is_the_executors_error():
    answer = relayed_answer(InvalidPayload("the body is not JSON"))
    assert (answer.status, json.loads(answer.body)["status"]) == (500, {**EXECUTOR, "info": "the body is not JSON"})
    assert relayed_answer(UnitUnreachable("m", "predict", "x")) == answer_of(UnitUnreachable("m", "predict", "x"))


def test_no_text_has_a_traceback_or_our_own_words():
    assert text_of(UnitFailed("m", "predict", "broken")) == "broken"
    assert "secret" not in text_of(KeyError("secret"))


def test_half_a_surrogate_pair_is_told_as_it_is_written():
    error = UnitFailed("m", "predict", "no \ud800 here")
    assert json.loads(answer_of(error).body)["status"]["info"] == "no \\ud800 here"
    assert details_of(error) == "Exception calling application: no \\ud800 here"


@pytest.mark.parametrize(("character", "kept"), [("x", 2500), ("ä", 1250), ("€", 833), ("%", 2500), ("\n", 2500)])
def test_details_are_no_longer_than_clients_take(character: str, kept: int):
    details = details_of(ModelNotFound(character * 20_000))
    assert details == character * kept + "..."


def test_details_that_clients_take_are_whole():
    assert details_of(ModelNotFound("x" * 7500)) == "x" * 7500
    assert details_of(ModelNotFound("€" * 800)) == "€" * 800


def test_a_node_that_fails_again_is_logged_without_the_traceback(caplog: pytest.LogCaptureFixture):
    log = FaultLog()
    with caplog.at_level(logging.ERROR):
        for node in ("a", "a", "b"):
            log.tell("p", UnitFailed(node, "predict", "broken"))
    assert [record.exc_info is not None for record in caplog.records] == [True, False, True]
    assert caplog.records[1].getMessage() == "puid p: a.predict: broken"


def test_lines_in_the_log_have_a_bound_and_are_one_line_each(caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.ERROR):
        FaultLog().tell("p", UnitFailed("m", "predict", "x" * 100_000))
        FaultLog().tell("p", UnitFailed("m", "predict", "one\ntwo\u2028"))
    long, lines = [record.getMessage() for record in caplog.records]
    assert len(long) < 1100
    assert "\n" not in lines
    assert "\u2028" not in lines
