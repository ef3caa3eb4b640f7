"""Components over REST: what they get, and what becomes of their answers."""

import pytest
from tests.remote.components import Calls, Component, Maker, grpc_envelope, ok, rest_envelope

from servegraph.engine import Context, Method
from servegraph.errors import InvalidRoute, UnitAnswered
from servegraph.payload.envelope import Envelope, Text
from servegraph.payload.seldon import FEEDBACK, MESSAGE


async def test_component_gets_what_the_client_sent(component: Component, remote: Maker, listener: Calls) -> None:
    answer = await remote.unit(component.port).transform(Method.PREDICT, rest_envelope(), Context("PU"))

    assert answer.text() == Text(b'{"strData": "A"}', "application/json")
    assert (answer.transport, answer.codec) == ("rest", MESSAGE)
    received = component.received[0]
    assert (received.method, received.path, received.body) == ("POST", "/predict", b'{"data": {"ndarray": [[5]]}}')
    assert received.headers == {
        "Host": f"127.0.0.1:{component.port}",
        "User-Agent": "Go-http-client/1.1",
        "Accept-Encoding": "gzip",
        "Seldon-Puid": "PU",
        "Content-Type": "application/json",
        "Content-Length": "28",
    }
    assert listener.calls == [("m", "/predict", "post", "200")]


async def test_headers_of_the_client_go_on_except_those_of_its_connection(component: Component, remote: Maker) -> None:
    headers = [
        ("host", "public.example"),
        ("user-agent", "curl/8"),
        ("accept-encoding", "identity"),
        ("authorization", "Bearer t"),
        ("x-request-id", "7"),
        ("connection", "keep-alive, X-Mine"),
        ("x-mine", "1"),
        ("keep-alive", "timeout=5"),
        ("te", "trailers"),
        ("transfer-encoding", "chunked"),
        ("upgrade", "h2c"),
        ("proxy-authorization", "secret"),
        ("expect", "100-continue"),
        ("content-length", "999"),
        ("content-type", "text/wrong"),
        ("content-encoding", "br"),
        ("seldon-puid", "other"),
        ("x-split", "a\r\nEvil: 1"),
        ("trace-bin", b"\x00"),
    ]
    request = Envelope(MESSAGE, "rest", text=Text(b"xx", "", "gzip", 1))
    await remote.unit(component.port).transform(Method.PREDICT, request, Context("PU", headers=headers))

    assert component.received[0].headers == {
        "Host": f"127.0.0.1:{component.port}",
        "User-Agent": "curl/8",
        "Accept-Encoding": "identity",
        "Authorization": "Bearer t",
        "X-Request-Id": "7",
        "Seldon-Puid": "PU",
        "Content-Type": "",
        "Content-Encoding": "gzip",
        "Inference-Header-Content-Length": "1",
        "Content-Length": "2",
    }


async def test_answer_without_a_type_has_none(component: Component, remote: Maker) -> None:
    component.answer = lambda _: ok(b"[1]", "X-Comp: 1", "Inference-Header-Content-Length: 3", content_type=None)
    answer = await remote.unit(component.port).transform(Method.PREDICT, rest_envelope(), Context("PU"))
    assert answer.text() == Text(b"[1]", "", "", 3)


@pytest.mark.parametrize("status", [201, 204, 304, 400, 418, 500, 503])
async def test_any_status_but_200_is_an_error_that_is_passed_on(
    status: int, component: Component, remote: Maker, listener: Calls
) -> None:
    body = b"" if status in (204, 304) else b"it <b>"
    component.answer = lambda _: ok(body, "Content-Encoding: br", status=status, content_type="text/html")
    with pytest.raises(UnitAnswered) as caught:
        await remote.unit(component.port).transform(
            Method.TRANSFORM_INPUT, rest_envelope(), Context("PU", headers=[("accept-encoding", "br")])
        )
    error = caught.value
    assert (error.status, error.body, error.content_type, error.encoding) == (status, body, "text/html", "br")
    assert error.message == (
        "Internal service call from executor failed calling "
        f"http://127.0.0.1:{component.port}/transform-input status code {status}"
    )
    assert listener.calls == [("m", "/transform-input", "post", str(status))]


async def test_cause_of_an_error_stands_in_its_message(component: Component, remote: Maker) -> None:
    component.answer = lambda _: ok(b'{"status": {"info": "no\\nrows"}}', status=400)
    with pytest.raises(UnitAnswered, match="status code 400: no rows$"):
        await remote.unit(component.port).transform(Method.PREDICT, rest_envelope(), Context("PU"))


async def test_router_names_a_branch(component: Component, remote: Maker) -> None:
    component.answer = lambda _: ok(b'{"data": {"ndarray": [[1]]}, "meta": {}}')
    assert await remote.unit(component.port).route(rest_envelope(), Context("PU")) == 1
    assert component.received[0].path == "/route"


async def test_of_a_routers_error_the_status_is_kept(component: Component, remote: Maker) -> None:
    component.answer = lambda _: ok(b'{"status": {"info": "routerr"}}', status=400)
    with pytest.raises(UnitAnswered) as caught:
        await remote.unit(component.port).route(rest_envelope(), Context("PU"))
    info = f"Internal service call from executor failed calling http://127.0.0.1:{component.port}/route status code 400"
    assert caught.value.status == 400
    assert caught.value.body == b'{"status":{"code":500,"info":"' + info.encode() + b'","status":"FAILURE"}}'


async def test_router_without_json_names_no_branch(component: Component, remote: Maker) -> None:
    component.answer = lambda _: ok(b"one")
    with pytest.raises(InvalidRoute, match="not JSON"):
        await remote.unit(component.port).route(rest_envelope(), Context("PU"))


async def test_combiner_gets_the_list_of_all_answers(component: Component, remote: Maker) -> None:
    requests = [rest_envelope(b'{"strData": "a"}'), rest_envelope(b'{"strData": "b"}')]
    await remote.unit(component.port).aggregate(requests, Context("PU"))
    received = component.received[0]
    assert (received.path, received.body) == ("/aggregate", b'[{"strData": "a"},{"strData": "b"}]')
    assert received.headers["Content-Type"] == "application/json"


async def test_combiner_gets_no_list_of_what_is_not_json(component: Component, remote: Maker) -> None:
    with pytest.raises(UnitAnswered) as caught:
        await remote.unit(component.port).aggregate([rest_envelope(b"no")], Context("PU"))
    assert caught.value.body == b'{"status":{"code":500,"info":"Data is not JSON","status":"FAILURE"}}'
    assert component.received == []


async def test_feedback_goes_on_as_it_came(component: Component, remote: Maker) -> None:
    feedback = Envelope(FEEDBACK, "rest", text=Text(b'{"reward": 0.5, "foo": 1}'))
    answer = await remote.unit(component.port).send_feedback(feedback, Context("PU"))
    assert answer.text().body == b'{"strData": "A"}'
    assert answer.codec is MESSAGE
    assert (component.received[0].path, component.received[0].body) == ("/send-feedback", b'{"reward": 0.5, "foo": 1}')


async def test_health_and_metadata_are_asked_with_get(component: Component, remote: Maker) -> None:
    component.answer = lambda received: ok(b'{"name": "mm", "custom": {"a": "b"}}', content_type="text/json")
    unit = remote.unit(component.port)
    health = await unit.health(Context("PU"))
    assert health.text() == Text(b'{"name": "mm", "custom": {"a": "b"}}', "text/json")
    assert await unit.metadata(Context("PU")) == {"name": "mm", "custom": {"a": "b"}}
    assert [(received.method, received.path) for received in component.received] == [
        ("GET", "/health/status"),
        ("GET", "/metadata"),
    ]
    assert "Content-Type" not in component.received[0].headers
    assert "Content-Length" not in component.received[0].headers


@pytest.mark.parametrize("body", [b"no", b"[1]"])
async def test_metadata_that_is_no_object_is_an_error(body: bytes, component: Component, remote: Maker) -> None:
    component.answer = lambda _: ok(body)
    with pytest.raises(UnitAnswered) as caught:
        await remote.unit(component.port).metadata(Context("PU"))
    assert caught.value.status == 500


async def test_message_of_a_grpc_caller_becomes_json(component: Component, remote: Maker) -> None:
    answer = await remote.unit(component.port).transform(Method.PREDICT, grpc_envelope(), Context("PU"))
    assert b'"strData":"q"' in component.received[0].body.replace(b" ", b"")
    assert component.received[0].headers["Content-Type"] == "application/json"
    assert answer.transport == "grpc"
    assert answer.proto().strData == "A"
