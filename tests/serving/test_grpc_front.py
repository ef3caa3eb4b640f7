"""The gRPC front on a real server: what all services share."""

import asyncio
import logging
import re
from typing import Any

import grpc
import pytest
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from tests.serving.served import Served, serving, unary

from servegraph.engine import Context
from servegraph.errors import GraphTimedOut, InvalidPayload, UnitAnswered, UnitFailed
from servegraph.payload.numbers import LARGE
from servegraph.payload.schema import message_class
from servegraph.serving.grpc_front import GrpcLimits, Rpc

UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
MESSAGE = "seldon.protos.SeldonMessage"
PATH = "/seldon.protos.Seldon/Predict"
SILENT = "/seldon.protos.Seldon/ModelMetadata"
Code = grpc.StatusCode


def text(value: str) -> Any:
    return message_class(MESSAGE)(strData=value)


def services(handle: Any) -> Any:
    return {
        "seldon.protos.Seldon": {
            "Predict": Rpc(MESSAGE, handle),
            "ModelMetadata": Rpc(MESSAGE, handle, tells_puid=False),
        }
    }


async def echo(proto: Any, context: Context) -> Any:
    return proto


def raises(error: Exception) -> Any:
    async def handle(proto: Any, context: Context) -> Any:
        raise error

    return handle


async def failure(served: Served, request: Any = None, **more: Any) -> tuple[Code, str]:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await served.call(PATH, request or text("x"), MESSAGE, **more)
    return caught.value.code(), caught.value.details() or ""


async def initial_metadata(served: Served, path: str, *metadata: tuple[str, str]) -> dict[str, Any]:
    async with served.channel() as channel:
        call = unary(channel, path, MESSAGE)(text("x"), metadata=metadata)
        await call
        return dict(await call.initial_metadata())


async def test_an_answer_is_counted_by_its_full_name():
    async with serving(services=services(echo)) as served:
        assert (await served.call(PATH, text("x"), MESSAGE)).strData == "x"
    assert served.heard.answers == [(PATH, "unary", "OK")]


async def test_a_puid_is_kept_or_made_and_told_where_it_is_told():
    async with serving(services=services(echo)) as served:
        assert (await initial_metadata(served, PATH, ("seldon-puid", "mine")))["seldon-puid"] == "mine"
        assert UUID4.fullmatch((await initial_metadata(served, PATH))["seldon-puid"])
        assert UUID4.fullmatch((await initial_metadata(served, PATH, ("seldon-puid", "x" * 129)))["seldon-puid"])
        assert "seldon-puid" not in await initial_metadata(served, SILENT, ("seldon-puid", "mine"))


async def test_the_context_has_what_the_caller_sent():
    seen: list[Context] = []

    async def notes(proto: Any, context: Context) -> Any:
        seen.append(context)
        return proto

    async with serving(services=services(notes)) as served:
        metadata = (
            ("seldon-puid", "mine"),
            ("authorization", "x"),
            ("seldon-skip-logging", "false"),
            ("b-bin", b"\x00"),
        )
        await served.call(PATH, text("x"), MESSAGE, metadata=metadata)
        await served.call(PATH, text("x" * LARGE), MESSAGE, timeout=60)
    first, second = seen
    assert (first.puid, first.brought_puid, first.transport, first.logged) == ("mine", True, "grpc", False)
    assert {("authorization", "x"), ("b-bin", b"\x00")} <= {(key, value) for key, value in first.headers}
    assert (second.brought_puid, second.logged) == (False, True)
    assert (first.is_large, second.is_large) == (False, True)
    remaining = second.remaining()
    assert remaining is not None
    assert 50 < remaining < 61


@pytest.mark.parametrize(
    ("error", "code", "details", "counted"),
    [
        (InvalidPayload("no rows", hint="send one"), Code.INVALID_ARGUMENT, "no rows; send one", "InvalidArgument"),
        (UnitFailed("m", "predict", "bröken"), Code.UNKNOWN, "Exception calling application: bröken", "Unknown"),
        (
            UnitAnswered("m", "predict", "theirs", status=400, code="FAILED_PRECONDITION"),
            Code.FAILED_PRECONDITION,
            "theirs",
            "FailedPrecondition",
        ),
        (GraphTimedOut("late"), Code.DEADLINE_EXCEEDED, "late", "DeadlineExceeded"),
        (KeyError("secret"), Code.INTERNAL, "internal error: KeyError", "Internal"),
    ],
)
async def test_errors_have_code_and_sentence(error: Exception, code: Code, details: str, counted: str):
    async with serving(services=services(raises(error))) as served:
        assert await failure(served) == (code, details)
    assert served.heard.answers == [(PATH, "unary", counted)]


@pytest.mark.parametrize(
    "text_",
    ["x" * 100_000, "€" * 100_000, "\ud800", "\x00\n"],
    ids=["long", "long and wide", "half a pair", "no letters"],
)
async def test_whatever_an_error_says_the_caller_gets_it(text_: str, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.CRITICAL, "servegraph")  # pytest cannot pass half a pair on
    async with serving(services=services(raises(UnitFailed("m", "predict", text_)))) as served:
        code, details = await failure(served)
    assert code is Code.UNKNOWN
    assert details.startswith("Exception calling application: ")


async def test_what_is_not_the_callers_fault_is_logged_with_its_puid(caplog: pytest.LogCaptureFixture):
    async with serving(services=services(raises(UnitFailed("m", "predict", "broken")))) as served:
        await failure(served, metadata=(("seldon-puid", "mine"),))
    ours = [record for record in caplog.records if record.name.startswith("servegraph")]
    assert [record.getMessage() for record in ours] == ["puid mine: m.predict: broken"]
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == ours


async def test_bytes_that_are_no_message_are_the_callers_mistake():
    async with serving(services=services(echo)) as served, served.channel() as channel:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await channel.unary_unary(PATH)(b"\xff\xff\xff")
    assert (caught.value.code(), caught.value.details()) == (
        Code.INVALID_ARGUMENT,
        "the request is no message of this method",
    )


async def test_a_method_that_is_not_there_is_unimplemented():
    async with serving(services=services(echo)) as served, served.channel() as channel:
        for path in ("/seldon.protos.Seldon/Nothing", "/no.Service/Predict"):
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await channel.unary_unary(path)(b"")
            assert caught.value.code() is Code.UNIMPLEMENTED


@pytest.mark.parametrize("ours", [True, False])
async def test_a_deadline_is_ours_or_the_callers(ours: bool):
    async def waits(proto: Any, context: Context) -> Any:
        assert (context.remaining() or 99) < 10
        await asyncio.Event().wait()

    stopped = asyncio.Event()

    async def in_time(proto: Any, context: Context) -> Any:
        try:
            async with asyncio.timeout(context.remaining()):
                await waits(proto, context)
        except TimeoutError as error:
            raise GraphTimedOut("late") from error
        finally:
            stopped.set()

    limits = GrpcLimits(timeout_s=0.1 if ours else 60)
    async with serving(services=services(in_time), limits=limits) as served:
        code, _ = await failure(served, timeout=60 if ours else 0.1)
        async with asyncio.timeout(5):
            await stopped.wait()
    assert code is Code.DEADLINE_EXCEEDED


async def test_a_call_that_is_cancelled_stops_its_work():
    asked, stopped = asyncio.Event(), asyncio.Event()

    async def waits(proto: Any, context: Context) -> Any:
        asked.set()
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    async with serving(services=services(waits), limits=GrpcLimits(requests=1)) as served, served.channel() as channel:
        call = unary(channel, PATH, MESSAGE)(text("x"))
        async with asyncio.timeout(5):
            await asked.wait()
            call.cancel()
            await stopped.wait()
        assert (await failure(served, timeout=0.2))[0] is Code.DEADLINE_EXCEEDED  # so it was admitted


async def test_calls_over_the_limit_are_sent_away():
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def waits(proto: Any, context: Context) -> Any:
        asked.set()
        await go_on.wait()
        return proto

    async with serving(services=services(waits), limits=GrpcLimits(requests=1)) as served:
        first = asyncio.ensure_future(served.call(PATH, text("x"), MESSAGE))
        await asked.wait()
        assert await failure(served) == (
            Code.RESOURCE_EXHAUSTED,
            "1 calls are being answered already; call again later",
        )
        go_on.set()
        assert (await first).strData == "x"
        assert (await served.call(PATH, text("y"), MESSAGE)).strData == "y"


async def test_messages_over_the_limit_are_refused_both_ways():
    async def grows(proto: Any, context: Context) -> Any:
        return text(proto.strData * 2)

    async with serving(services=services(grows), limits=GrpcLimits(message_size=1000)) as served:
        assert (await served.call(PATH, text("x" * 400), MESSAGE)).strData == "x" * 800
        assert (await failure(served, text("x" * 1000)))[0] is Code.RESOURCE_EXHAUSTED
        assert (await failure(served, text("x" * 900)))[0] in (Code.RESOURCE_EXHAUSTED, Code.INTERNAL)


async def test_large_messages_pass_by_default():
    async with serving(services=services(echo)) as served:
        options = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
        async with grpc.aio.insecure_channel(f"127.0.0.1:{served.grpc_port}", options=options) as channel:
            answer = await unary(channel, PATH, MESSAGE)(text("x" * 10_000_000))
    assert len(answer.strData) == 10_000_000


async def test_reflection_names_the_services_and_describes_them():
    async with serving(services=services(echo)) as served, served.channel() as channel:
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        asked = [
            reflection_pb2.ServerReflectionRequest(list_services=""),
            reflection_pb2.ServerReflectionRequest(file_containing_symbol="seldon.protos.Seldon"),
        ]
        listed, described = [answer async for answer in stub.ServerReflectionInfo(iter(asked))]
    assert [service.name for service in listed.list_services_response.service] == [
        "grpc.reflection.v1alpha.ServerReflection",
        "seldon.protos.Seldon",
    ]
    assert b"SeldonMessage" in described.file_descriptor_response.file_descriptor_proto[0]
