"""Both protocols, over real sockets: what goes out, what is understood, how failures read."""

from collections.abc import AsyncIterator
from typing import Any

import grpc
import numpy as np
import pytest

from servegraph.errors import EnvironmentFault
from servegraph.payload import Message, Meta, wire_proto
from servegraph.payload.schema import message_class
from servegraph.traffic.client import Answer, RequestFailed
from servegraph.traffic.grpc_client import grpc_client
from servegraph.traffic.rest_client import rest_client

ROW = np.array([1.0, 2.5])


async def test_rest_prediction_and_feedback_go_there_and_back(url: str, front: Any) -> None:
    async with rest_client(url, ("class", "size")) as client:
        answer = await client.predict(ROW)
        await client.send_feedback(answer.puid, 1.0, 1)
    assert answer == Answer("p0", {"drift": -1, "ab": 0, "logistic": -1}, {}, predicted=1)
    assert front.rows == [[1.0, 2.5]]
    assert front.feedback == [
        {"request": {}, "response": {"meta": {"puid": "p0"}}, "reward": 1.0, "truth": {"data": {"ndarray": [1]}}}
    ]


async def test_rest_failure_has_the_status_as_reason_and_the_servers_text(url: str, front: Any) -> None:
    front.failures = {0: (500, "ab.route: chose child 7 of 2")}
    async with rest_client(url, ()) as client:
        with pytest.raises(RequestFailed, match=r"^ab\.route: chose child 7 of 2$") as failure:
            await client.predict(ROW)
    assert failure.value.reason == "HTTP 500"


async def test_rest_server_that_is_gone_is_no_connection() -> None:
    async with rest_client("http://127.0.0.1:1", ()) as client:
        with pytest.raises(RequestFailed) as failure:
            await client.predict(ROW)
    assert failure.value.reason == "no connection"


class Seldon:
    """Answers every row with class 1 of arm 0, and refuses the puid `unknown`."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    async def predict(self, proto: Any, _: Any) -> Any:
        self.seen.append(proto)
        meta = Meta(puid="p0", routing={"ab": 0}, tags={"drift": "drift"})
        return wire_proto.encode(Message("ndarray", np.array([[0.25, 0.75]]), ["no", "yes"], meta))

    async def feedback(self, proto: Any, context: Any) -> Any:
        if proto.response.meta.puid == "unknown":
            await context.abort(grpc.StatusCode.NOT_FOUND, "no such puid")
        self.seen.append(proto)
        return wire_proto.encode(Message())

    def method(self, behaviour: Any, name: str) -> Any:
        return grpc.unary_unary_rpc_method_handler(
            behaviour, message_class(name).FromString, lambda message: message.SerializeToString()
        )


@pytest.fixture
async def seldon() -> AsyncIterator[tuple[Seldon, str]]:
    service, server = Seldon(), grpc.aio.server()
    methods = {
        "Predict": service.method(service.predict, "seldon.protos.SeldonMessage"),
        "SendFeedback": service.method(service.feedback, "seldon.protos.Feedback"),
    }
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("seldon.protos.Seldon", methods)])
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    yield service, f"127.0.0.1:{port}"
    await server.stop(None)


async def test_grpc_prediction_and_feedback_go_there_and_back(seldon: tuple[Seldon, str]) -> None:
    service, address = seldon
    async with grpc_client(address, ("class", "size")) as client:
        answer = await client.predict(ROW)
        await client.send_feedback(answer.puid, 0.0, 1)
        with pytest.raises(RequestFailed, match=r"^no such puid$") as failure:
            await client.send_feedback("unknown", 1.0, 1)
    assert answer == Answer("p0", {"ab": 0}, {"drift": "drift"}, predicted=1)
    assert failure.value.reason == "gRPC NOT_FOUND"
    sent, feedback = service.seen
    assert wire_proto.decode(sent).value.tolist() == [[1.0, 2.5]]
    assert list(sent.data.names) == ["class", "size"]
    assert (feedback.response.meta.puid, feedback.reward) == ("p0", 0.0)
    assert [value.number_value for value in feedback.truth.data.ndarray.values] == [1.0]


async def test_grpc_server_that_is_not_there_is_the_machines_fault() -> None:
    with pytest.raises(EnvironmentFault, match=r"^no gRPC server answers at 127\.0\.0\.1:1$"):
        async with grpc_client("127.0.0.1:1", ()):
            pass
