"""The table of errors on the wire, and what is logged of them."""

import json
import logging

import grpc
import pytest

from servegraph.errors import InvalidPayload, InvalidRoute, PayloadError, UnitError, UnitFailed, UnknownPuid
from servegraph.serving.faults import TABLE, FaultLog, body_of, status_of


def test_every_error_of_a_request_has_a_row_of_its_own():
    assert set(TABLE) == {PayloadError, *PayloadError.__subclasses__(), UnitError, *UnitError.__subclasses__()}


@pytest.mark.parametrize(
    ("error", "http", "code"),
    [
        (InvalidPayload("x"), 400, grpc.StatusCode.INVALID_ARGUMENT),
        (UnknownPuid("x"), 404, grpc.StatusCode.NOT_FOUND),
        (UnitFailed("m", "predict", "x"), 500, grpc.StatusCode.INTERNAL),
        (InvalidRoute("r", "route", "x"), 500, grpc.StatusCode.INTERNAL),
        (ZeroDivisionError(), 500, grpc.StatusCode.INTERNAL),
    ],
)
def test_errors_have_their_codes(error: Exception, http: int, code: grpc.StatusCode):
    assert (status_of(error).http, status_of(error).grpc) == (http, code)


def test_a_body_tells_the_fix_and_nothing_of_our_own_faults():
    assert json.loads(body_of(InvalidPayload("no rows", hint="send one")))["status"] == {
        "code": 400,
        "info": "no rows; send one",
        "reason": "MICROSERVICE_BAD_DATA",
        "status": "FAILURE",
    }
    assert json.loads(body_of(KeyError("secret")))["status"]["info"] == "internal error: KeyError"


def test_a_node_that_fails_again_is_logged_without_the_traceback(caplog: pytest.LogCaptureFixture):
    log = FaultLog()
    with caplog.at_level(logging.ERROR):
        for node in ("a", "a", "b"):
            log.tell("p", UnitFailed(node, "predict", "broken"))
    assert [record.exc_info is not None for record in caplog.records] == [True, False, True]
    assert caplog.records[1].getMessage() == "puid p: a.predict: broken"
