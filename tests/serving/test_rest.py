"""The REST front on a real server: texts, headers, and who gets them."""

import asyncio
import gc
import json
import re
import weakref
from time import monotonic
from typing import Any

import pytest
from tests.serving.served import Served, serving

from servegraph.errors import InvalidPayload, UnitFailed
from servegraph.serving.rest import Site
from servegraph.serving.routes import Answer, HttpRequest, Route

UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
HEADERS = "Accept, Accept-Encoding, Authorization, Content-Length, Content-Type, X-CSRF-Token"


async def tells(request: HttpRequest) -> Answer:
    """What came."""
    context = request.context
    told = {
        "path": request.path,
        "query": request.query,
        "body": request.text.body.decode("latin-1"),
        "type": request.text.content_type,
        "encoding": request.text.encoding,
        "header_length": request.text.header_length,
        "parameters": dict(request.parameters),
        "puid": context.puid,
        "brought": context.brought_puid,
        "logged": context.logged,
        "limited": context.deadline is not None,
        "headers": sorted(name for name, _ in context.headers),
    }
    return Answer(200, json.dumps(told).encode())


def answers(answer: Answer) -> Any:
    async def handle(_: HttpRequest) -> Answer:
        return answer

    return handle


def raises(error: Exception) -> Any:
    async def handle(_: HttpRequest) -> Answer:
        raise error

    return handle


ROUTES = [
    Route("POST", "/tell", tells, "predictions"),
    Route("GET", "/of/{model}", tells, "metadata"),
    Route("POST", "/of/{model}", tells, "predictions"),
    Route("*", "/live", answers(Answer(200))),
    Route("GET", "/plain", answers(Answer(200, b"<x>", "text/plain"))),
]


def answering(answer: Answer) -> Any:
    return serving([Route("POST", "/x", answers(answer), "predictions")])


async def told(served: Served, path: str = "/tell", body: bytes = b"{}", **headers: str) -> Any:
    answer = await served.ask("POST", path, body, **headers)
    assert answer.status == 200, answer
    return json.loads(answer.body)


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "DELETE"])
async def test_an_unknown_path_is_404_in_gos_words(method: str):
    async with serving(ROUTES) as served:
        answer = await served.ask(method, "/tell/")
    assert (answer.status, answer.body) == (404, b"404 page not found\n")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert not {"seldon-puid", "access-control-allow-origin"} & answer.headers.keys()
    assert served.heard.answers == []


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "HEAD"])
async def test_another_method_is_405_without_a_body_or_headers(method: str):
    async with serving(ROUTES) as served:
        answer = await served.ask(method, "/tell")
    assert (answer.status, answer.body) == (405, b"")
    ours = answer.headers.keys() - {"content-length", "date", "server"}
    assert ours == set()
    assert served.heard.answers == []


async def test_options_tells_the_methods_and_asks_nobody():
    async with serving(ROUTES) as served:
        answer = await served.ask("OPTIONS", "/of/m", seldon_puid="mine", ce_specversion="1.0")
        assert (answer.status, answer.body) == (200, b"")
        assert answer.headers["access-control-allow-methods"] == "GET,OPTIONS,OPTIONS,POST"
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["access-control-allow-headers"] == HEADERS
        assert (answer.headers["seldon-puid"], answer.headers["ce-id"]) == ("mine", "mine")
        assert UUID4.fullmatch((await served.ask("OPTIONS", "/tell")).headers["seldon-puid"])
    assert served.heard.answers == []


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "HEAD", "PUT"])
async def test_probes_answer_any_method_and_are_not_counted(method: str):
    async with serving(ROUTES) as served:
        answer = await served.ask(method, "/live")
    assert (answer.status, answer.body) == (200, b"")
    assert "access-control-allow-methods" not in answer.headers
    assert "content-type" not in answer.headers
    assert served.heard.answers == []


async def test_head_has_the_headers_and_no_body():
    async with serving([Route("*", "/page", answers(Answer(200, b"12345", "text/plain")))]) as served:
        async with served.connection() as connection:
            for _ in range(2):  # a body would be taken for the next answer
                connection.write(b"HEAD /page HTTP/1.1\r\nhost: x\r\n\r\n")
                answer = await connection.answer(to_head=True)
                assert (answer.status, answer.headers["content-type"]) == (200, "text/plain")


async def test_every_answer_has_the_usual_headers():
    async with serving(ROUTES) as served:
        answer = await served.ask("POST", "/tell", b"{}")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-allow-headers"] == HEADERS
    assert answer.headers["access-control-allow-methods"] == "OPTIONS,POST"
    assert UUID4.fullmatch(answer.headers["seldon-puid"])
    assert not [name for name in answer.headers if name.startswith("ce-")]
    assert served.heard.answers == [("predictions", "post", "200")]


async def test_origins_and_headers_are_the_sites_own_whatever_the_origin():
    async with serving(ROUTES, site=Site(origins="https://a.example", headers="X-One")) as served:
        answer = await served.ask("POST", "/tell", b"{}", origin="https://b.example")
    assert answer.headers["access-control-allow-origin"] == "https://a.example"
    assert answer.headers["access-control-allow-headers"] == "X-One"


@pytest.mark.parametrize(("path", "said"), [("/tell", "/tell"), ("/seldon/lab/m/tell", "/seldon/lab/m/tell")])
async def test_cloudevents_are_echoed(path: str, said: str):
    async with serving(ROUTES, site=Site("/seldon/lab/m", "m", "lab")) as served:
        answer = await served.ask("POST", path, b"{}", seldon_puid="p", ce_specversion="1.0", ce_id="theirs")
    assert {name: value for name, value in answer.headers.items() if name.startswith("ce-")} == {
        "ce-id": "p",
        "ce-specversion": "0.3",
        "ce-path": said,
        "ce-type": "seldon.m.lab.response",
        "ce-source": "seldon.m",
    }


async def test_a_handler_gets_all_that_a_client_sent():
    async with serving(ROUTES, site=Site("/seldon/lab/m")) as served:
        answer = await told(
            served,
            "/seldon/lab/m/of/m%20x?a=1&b=%20",
            b"bytes",
            content_type="text/plain",
            content_encoding="br",
            inference_header_content_length="3",
            seldon_puid="mine",
        )
    assert answer == {
        "path": "/of/m x",
        "query": "a=1&b=%20",
        "body": "bytes",
        "type": "text/plain",
        "encoding": "br",
        "header_length": 3,
        "parameters": {"model": "m x"},
        "puid": "mine",
        "brought": True,
        "logged": True,
        "limited": False,
        "headers": [],
    }


@pytest.mark.parametrize("puid", ["with space", "", "x" * 129, "\xe4"])
async def test_a_puid_that_cannot_be_kept_is_replaced(puid: str):
    async with serving(ROUTES) as served:
        answer = await served.ask("POST", "/tell", b"{}", seldon_puid=puid)
    said = json.loads(answer.body)
    assert (UUID4.fullmatch(said["puid"]) is not None, said["brought"]) == (True, False)
    assert answer.headers["seldon-puid"] == said["puid"]


@pytest.mark.parametrize(
    ("value", "logged"), [("true", False), ("ON", False), ("1", False), ("yes", True), ("false", True), ("", True)]
)
async def test_logging_is_skipped_for_who_asks(value: str, logged: bool):
    async with serving(ROUTES) as served:
        assert (await told(served, seldon_skip_logging=value))["logged"] is logged


async def test_headers_and_time_are_given_where_they_go_on():
    async with serving(ROUTES, site=Site(forwards=True, timeout_s=60)) as served:
        answer = await told(served, authorization="x")
    assert answer["headers"] == ["authorization", "content-length", "content-type", "host"]
    assert answer["limited"] is True


@pytest.mark.parametrize("length", ["-1", "x", "1" * 19, "1.5", "\u0662".encode().decode("latin-1")])
async def test_a_header_length_that_is_no_number_counts_as_none(length: str):
    async with serving(ROUTES) as served:
        assert (await told(served, inference_header_content_length=length))["header_length"] is None


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (Answer(200, b'{"a":"<&>"}'), b'{"a":"\\u003c\\u0026\\u003e"}'),
        (Answer(418, b'{"a":"<"}'), b'{"a":"\\u003c"}'),
        (Answer(200, b"<b>", "text/html"), b"<b>"),
        (Answer(200, b"\x1f\x8b<", encoding="gzip"), b"\x1f\x8b<"),
        (Answer(200, b"{}<<", "application/octet-stream", header_length=2), b"{}<<"),
        (Answer(200, b"{}<<", "application/json", header_length=2), b"{}<<"),
    ],
)
async def test_json_and_nothing_else_is_escaped(answer: Answer, body: bytes):
    async with answering(answer) as served:
        assert (await served.ask("POST", "/x", b"{}")).body == body


async def test_type_encoding_length_and_headers_of_an_answer_are_sent():
    answer = Answer(201, b"{}ab", "application/octet-stream", "identity", 2, (("x-own", "1"),))
    async with answering(answer) as served:
        sent = await served.ask("POST", "/x", b"{}")
    assert (sent.status, sent.headers["content-type"]) == (201, "application/octet-stream")
    assert sent.headers["content-encoding"] == "identity"
    assert sent.headers["inference-header-content-length"] == "2"
    assert sent.headers["x-own"] == "1"
    assert served.heard.answers == [("predictions", "post", "201")]


@pytest.mark.parametrize(
    ("error", "status", "body"),
    [
        (
            InvalidPayload("<no> rows"),
            400,
            b'{"status":{"code":-1,"info":"\\u003cno\\u003e rows","reason":"MICROSERVICE_BAD_DATA","status":1}}',
        ),
        (
            UnitFailed("m", "predict", "broken", status=418, reason="TEA"),
            418,
            b'{"status":{"code":-1,"info":"broken","reason":"TEA","status":1}}',
        ),
        (KeyError("x"), 500, b'{"status":{"code":500,"info":"internal error: KeyError","status":"FAILURE"}}'),
    ],
)
async def test_errors_are_json_and_counted_by_their_status(error: Exception, status: int, body: bytes):
    async with serving([Route("POST", "/x", raises(error), "predictions")]) as served:
        answer = await served.ask("POST", "/x", b"{}", seldon_puid="p")
    assert (answer.status, answer.body) == (status, body)
    assert (answer.headers["content-type"], answer.headers["seldon-puid"]) == ("application/json", "p")
    assert served.heard.answers == [("predictions", "post", str(status))]


async def test_what_is_not_the_callers_fault_is_logged_with_its_puid(caplog: pytest.LogCaptureFixture):
    routes = [
        Route("POST", "/ours", raises(UnitFailed("m", "predict", "broken"))),
        Route("POST", "/theirs", raises(InvalidPayload("no"))),
    ]
    async with serving(routes) as served:
        await served.ask("POST", "/theirs", b"{}")
        await served.ask("POST", "/ours", b"{}", seldon_puid="mine")
    assert [record.getMessage() for record in caplog.records] == ["puid mine: m.predict: broken"]


async def test_a_request_that_fails_is_not_kept_until_garbage_is_looked_for():
    class Large: ...

    kept = []

    async def fails(_: HttpRequest) -> Answer:
        large = Large()
        kept.append(weakref.ref(large))
        raise InvalidPayload("too large")

    async with serving([Route("POST", "/x", fails, "predictions")], site=Site(forwards=True)) as served:
        gc.disable()
        try:
            assert (await served.ask("POST", "/x", b"{}")).status == 400
            limit = monotonic() + 20
            while kept[0]() is not None and monotonic() < limit:
                await asyncio.sleep(0.001)
            assert kept[0]() is None
        finally:
            gc.enable()


async def test_requests_on_one_connection_are_answered_one_after_the_other():
    async with serving(ROUTES) as served, served.connection() as connection:
        one = b"POST /tell HTTP/1.1\r\nhost: x\r\nseldon-puid: %d\r\ncontent-length: 2\r\n\r\n{}"
        connection.write(b"".join(one % number for number in range(5)))
        puids = [json.loads((await connection.answer()).body)["puid"] for _ in range(5)]
    assert puids == ["0", "1", "2", "3", "4"]


async def test_while_draining_answers_ask_to_close_the_connection():
    drained: list[bool] = []
    async with serving(ROUTES, on_drain=lambda: drained.append(True)) as served:
        assert "connection" not in (await served.ask("POST", "/tell", b"{}")).headers
        served.server.drain()
        assert drained == [True]
        async with served.connection() as connection:
            connection.write(b"GET /live HTTP/1.1\r\nhost: x\r\n\r\n")
            assert (await connection.answer()).headers["connection"] == "close"
            assert await connection.ended()


async def test_what_was_accepted_is_answered_before_the_end():
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def waits(_: HttpRequest) -> Answer:
        asked.set()
        await go_on.wait()
        return Answer(200, b"late")

    async with serving([Route("POST", "/x", waits, "predictions")]) as served:
        late = asyncio.ensure_future(served.ask("POST", "/x", b"{}"))
        await asked.wait()
        ending = asyncio.ensure_future(served.server.stop(asyncio.Event()))
        await asyncio.sleep(0.01)
        assert not ending.done()
        go_on.set()
        assert (await late).body == b"late"
        await ending
