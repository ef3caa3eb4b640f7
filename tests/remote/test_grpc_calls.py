"""Components over gRPC: what they get, and what becomes of their answers."""

import asyncio
from time import monotonic
from typing import Any

import grpc
import pytest
from tests.remote.components import (
    Calls,
    GrpcComponent,
    Maker,
    grpc_envelope,
    message_a,
    rest_envelope,
    seldon_message,
)

from servegraph.engine import Context, Method
from servegraph.errors import GraphTimedOut, InvalidRoute, UnitAnswered, UnitTimedOut, UnitUnreachable
from servegraph.payload.envelope import Envelope
from servegraph.payload.schema import message_class
from servegraph.payload.seldon import FEEDBACK, MESSAGE
from servegraph.remote import Timeouts


@pytest.mark.parametrize(
    ("method", "path"),
    [
        (Method.PREDICT, "/seldon.protos.Model/Predict"),
        (Method.TRANSFORM_INPUT, "/seldon.protos.Transformer/TransformInput"),
        (Method.TRANSFORM_OUTPUT, "/seldon.protos.OutputTransformer/TransformOutput"),
    ],
)
async def test_component_gets_message_and_metadata(
    method: Method, path: str, grpc_component: GrpcComponent, remote: Maker, listener: Calls
) -> None:
    headers: Any = [
        ("x-foo", "bar"),
        ("seldon", "dep"),
        ("trace-bin", b"\x00\xff"),
        ("user-agent", "grpc-python/1"),
        ("seldon-puid", "other"),
        ("grpc-accept-encoding", "gzip"),
        ("te", "trailers"),
        ("content-type", "application/grpc"),
        ("Bad Key", "1"),
        ("x-bad", "a\nb"),
    ]
    answer = await remote.unit(grpc=grpc_component.port).transform(
        method, grpc_envelope(), Context("PU", headers=headers)
    )
    assert (answer.proto().strData, answer.transport, answer.codec) == ("A", "grpc", MESSAGE)
    received = grpc_component.received[0]
    assert (received[0], received[1]) == (path, seldon_message(strData="q").SerializeToString())
    agent = received[2].pop("user-agent")
    assert agent.startswith("grpc-python-asyncio/")
    assert received[2] == {"x-foo": "bar", "seldon": "dep", "trace-bin": b"\x00\xff", "seldon-puid": "PU"}
    assert listener.calls == [("m", path, "unary", "OK")]


async def test_router_names_a_branch(grpc_component: GrpcComponent, remote: Maker) -> None:
    async def answer(method: str, data: bytes, call: Any) -> bytes:
        message = seldon_message()
        message.data.tensor.values.append(1)
        return bytes(message.SerializeToString())

    grpc_component.answer = answer
    assert await remote.unit(grpc=grpc_component.port).route(grpc_envelope(), Context("PU")) == 1
    assert grpc_component.received[0][0] == "/seldon.protos.Router/Route"


async def test_router_without_a_number_names_no_branch(grpc_component: GrpcComponent, remote: Maker) -> None:
    with pytest.raises(InvalidRoute):
        await remote.unit(grpc=grpc_component.port).route(grpc_envelope(), Context("PU"))


async def test_combiner_gets_the_list_of_all_answers(grpc_component: GrpcComponent, remote: Maker) -> None:
    requests = [grpc_envelope(seldon_message(strData=text)) for text in "ab"]
    await remote.unit(grpc=grpc_component.port).aggregate(requests, Context("PU"))
    path, data, _ = grpc_component.received[0]
    messages = message_class("seldon.protos.SeldonMessageList").FromString(data).seldonMessages
    assert (path, [message.strData for message in messages]) == ("/seldon.protos.Combiner/Aggregate", ["a", "b"])


async def test_feedback_goes_to_the_model_service(grpc_component: GrpcComponent, remote: Maker) -> None:
    feedback = Envelope(FEEDBACK, "grpc", proto=message_class("seldon.protos.Feedback")(reward=1))
    answer = await remote.unit(grpc=grpc_component.port).send_feedback(feedback, Context("PU"))
    assert answer.proto().strData == "A"
    assert grpc_component.received[0][0] == "/seldon.protos.Model/SendFeedback"


async def test_metadata_is_a_document(grpc_component: GrpcComponent, remote: Maker) -> None:
    async def answer(method: str, data: bytes, call: Any) -> bytes:
        metadata = message_class("seldon.protos.SeldonModelMetadata")(name="mm", versions=["v"], custom={"c": "d"})
        return bytes(metadata.SerializeToString())

    grpc_component.answer = answer
    unit = remote.unit(grpc=grpc_component.port)
    assert await unit.metadata(Context("PU")) == {"name": "mm", "versions": ["v"], "custom": {"c": "d"}}
    assert grpc_component.received[0][:2] == ("/seldon.protos.Model/Metadata", b"")


async def test_error_keeps_code_and_message(grpc_component: GrpcComponent, remote: Maker, listener: Calls) -> None:
    async def answer(method: str, data: bytes, call: Any) -> bytes:
        await call.abort(grpc.StatusCode.INVALID_ARGUMENT, "bad input")
        raise AssertionError

    grpc_component.answer = answer
    with pytest.raises(UnitAnswered) as caught:
        await remote.unit(grpc=grpc_component.port).transform(Method.PREDICT, grpc_envelope(), Context("PU"))
    error = caught.value
    assert (error.code, error.message, error.status) == ("INVALID_ARGUMENT", "bad input", 400)
    assert error.body == b'{"status":{"code":500,"info":"bad input","status":"FAILURE"}}'
    assert listener.calls == [("m", "/seldon.protos.Model/Predict", "unary", "InvalidArgument")]


async def test_components_own_unavailable_is_its_answer(grpc_component: GrpcComponent, remote: Maker) -> None:
    async def answer(method: str, data: bytes, call: Any) -> bytes:
        await call.abort(grpc.StatusCode.UNAVAILABLE, "still loading")
        raise AssertionError

    grpc_component.answer = answer
    with pytest.raises(UnitAnswered) as caught:
        await remote.unit(grpc=grpc_component.port).transform(Method.PREDICT, grpc_envelope(), Context("PU"))
    assert (caught.value.code, caught.value.message, caught.value.status) == ("UNAVAILABLE", "still loading", 503)


async def test_answer_that_is_no_message_is_an_error(grpc_component: GrpcComponent, remote: Maker) -> None:
    async def answer(method: str, data: bytes, call: Any) -> bytes:
        return b"\xff\xff"

    grpc_component.answer = answer
    with pytest.raises(UnitAnswered, match="no seldon.protos.SeldonMessage"):
        await remote.unit(grpc=grpc_component.port).transform(Method.PREDICT, grpc_envelope(), Context("PU"))


async def test_nobody_there_is_unreachable(grpc_component: GrpcComponent, remote: Maker, listener: Calls) -> None:
    await grpc_component.stop()
    with pytest.raises(UnitUnreachable) as caught:
        await remote.unit(grpc=grpc_component.port).transform(Method.PREDICT, grpc_envelope(), Context("PU"))
    address = f"127.0.0.1:{grpc_component.port}"
    assert caught.value.message == (
        f'connection error: desc = "transport: Error while dialing dial tcp {address}: connect: connection refused"'
    )
    assert listener.calls == []


async def test_restarted_component_is_found_again(grpc_component: GrpcComponent, remote: Maker) -> None:
    unit = remote.unit(grpc=grpc_component.port, timeouts=Timeouts(grpc_s=5))
    for _ in range(8):
        await unit.transform(Method.PREDICT, grpc_envelope(), Context("PU"))
    await grpc_component.stop()
    with pytest.raises(UnitUnreachable):
        await unit.transform(Method.PREDICT, grpc_envelope(), Context("PU"))
    await grpc_component.start(grpc_component.port)
    started = monotonic()
    answered = 0
    while answered < 8:
        assert monotonic() - started < 3
        try:
            await unit.transform(Method.PREDICT, grpc_envelope(), Context("PU"))
            answered += 1
        except UnitUnreachable:
            await asyncio.sleep(0.01)


async def test_slow_component_is_timed_out(grpc_component: GrpcComponent, remote: Maker, listener: Calls) -> None:
    cancelled = asyncio.Event()

    async def answer(method: str, data: bytes, call: Any) -> bytes:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        raise AssertionError

    grpc_component.answer = answer
    unit = remote.unit(grpc=grpc_component.port, timeouts=Timeouts(grpc_s=0.1))
    with pytest.raises(UnitTimedOut) as caught:
        await unit.transform(Method.PREDICT, grpc_envelope(), Context("PU"))
    assert caught.value.message == "context deadline exceeded"
    with pytest.raises(GraphTimedOut, match="context deadline exceeded"):
        await unit.transform(Method.PREDICT, grpc_envelope(), Context("PU", deadline=monotonic() + 0.05))
    async with asyncio.timeout(5):
        await cancelled.wait()
    assert listener.calls == [("m", "/seldon.protos.Model/Predict", "unary", "DeadlineExceeded")] * 2


async def test_caller_who_goes_away_ends_the_call(grpc_component: GrpcComponent, remote: Maker) -> None:
    began, cancelled = asyncio.Event(), asyncio.Event()

    async def answer(method: str, data: bytes, call: Any) -> bytes:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        raise AssertionError

    grpc_component.answer = answer
    unit = remote.unit(grpc=grpc_component.port)
    call = asyncio.ensure_future(unit.transform(Method.PREDICT, grpc_envelope(), Context("PU")))
    await began.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    async with asyncio.timeout(5):
        await cancelled.wait()


async def test_calls_run_in_parallel_on_several_connections(grpc_component: GrpcComponent, remote: Maker) -> None:
    together = asyncio.Event()
    peers = set()

    async def answer(method: str, data: bytes, call: Any) -> bytes:
        peers.add(call.peer())
        if len(grpc_component.received) == 50:
            together.set()
        await together.wait()
        return data

    grpc_component.answer = answer
    unit = remote.unit(grpc=grpc_component.port)
    requests = [grpc_envelope(seldon_message(strData=str(number))) for number in range(50)]
    calls = [unit.transform(Method.PREDICT, request, Context("PU")) for request in requests]
    answers = await asyncio.gather(*calls)
    assert [answer.proto().strData for answer in answers] == [str(number) for number in range(50)]
    assert len(peers) == 10


async def test_huge_messages_pass_both_ways(grpc_component: GrpcComponent, remote: Maker) -> None:
    size = 3 * 2**20  # the test's server takes four

    async def answer(method: str, data: bytes, call: Any) -> bytes:
        return bytes(seldon_message(binData=b"x" * 8 * 2**20).SerializeToString())

    grpc_component.answer = answer
    request = grpc_envelope(seldon_message(binData=b"x" * size))
    found = await remote.unit(grpc=grpc_component.port).transform(Method.PREDICT, request, Context("PU"))
    assert len(found.proto().binData) == 8 * 2**20


async def test_message_of_a_rest_caller_becomes_a_protobuf(grpc_component: GrpcComponent, remote: Maker) -> None:
    headers = [("authorization", "Bearer t"), ("accept-encoding", "gzip"), ("host", "a"), ("content-length", "9")]
    unit = remote.unit(grpc=grpc_component.port)
    answer = await unit.transform(Method.PREDICT, rest_envelope(b'{"strData": "q"}'), Context("PU", headers=headers))
    assert message_class("seldon.protos.SeldonMessage").FromString(grpc_component.received[0][1]).strData == "q"
    assert grpc_component.received[0][2]["authorization"] == "Bearer t"
    assert answer.transport == "rest"
    assert b'"A"' in answer.text().body


async def test_ready_is_who_accepts_connections(grpc_component: GrpcComponent, remote: Maker) -> None:
    unit = remote.unit(grpc=grpc_component.port)
    assert await unit.ready(thorough=True)
    assert (await unit.health(Context("PU"))).text().body == b"{}"
    await grpc_component.stop()
    assert not await unit.ready(thorough=False)
    with pytest.raises(UnitUnreachable):
        await unit.health(Context("PU"))


async def test_name_is_resolved(remote: Maker) -> None:
    component = GrpcComponent(message_a)
    await component.start()
    answer = await remote.unit(grpc=component.port, host="localhost").transform(
        Method.PREDICT, grpc_envelope(), Context("PU")
    )
    assert answer.proto().strData == "A"
    await component.stop()
