"""Requests wait for a process that starts again, but only those that it never saw, and not for ever."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import grpc
import pytest

from servegraph.cli.split_unit import SplitUnit
from servegraph.engine import Context, Method
from servegraph.errors import UnitUnreachable
from servegraph.http_client import CannotConnect, HungUp
from servegraph.payload.envelope import Envelope, Text
from servegraph.payload.seldon import MESSAGE

REQUEST = Envelope(MESSAGE, "rest", text=Text(b"{}"))


@dataclass
class Flaky:
    """A unit that fails so often before it answers with the request."""

    cause: Exception
    times: int
    calls: int = 0

    async def transform(self, method: Method, request: Any, context: Context) -> Any:
        self.calls += 1
        if self.calls > self.times:
            return request
        raise UnitUnreachable("n", "predict", "gone") from self.cause


def rpc_error(details: str) -> grpc.aio.AioRpcError:
    nothing = grpc.aio.Metadata()
    return grpc.aio.AioRpcError(grpc.StatusCode.UNAVAILABLE, nothing, nothing, details=details)


def ask(unit: Flaky, is_up: Callable[[], bool] = lambda: True, patience_s: float = 5.0) -> Any:
    return SplitUnit(unit, is_up, patience_s).transform(Method.PREDICT, REQUEST, Context("p"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "cause",
    [
        CannotConnect("connection refused"),
        rpc_error("failed to connect to all addresses; last error: UNKNOWN: Connection refused"),
        rpc_error("connections to all backends failing; last error: recvmsg:Connection reset by peer"),
    ],
)
async def test_what_was_never_sent_is_sent_again(cause: Exception) -> None:
    unit = Flaky(cause, times=2)

    assert await ask(unit) is REQUEST
    assert unit.calls == 3


@pytest.mark.parametrize("cause", [HungUp(False), rpc_error("Socket closed"), rpc_error("recvmsg:Connection reset")])
async def test_what_was_in_flight_fails(cause: Exception) -> None:
    unit = Flaky(cause, times=1)

    with pytest.raises(UnitUnreachable):
        await ask(unit)
    assert unit.calls == 1


async def test_nobody_asks_while_the_process_is_down() -> None:
    looks = iter([False, False, True])
    unit = Flaky(CannotConnect("connection refused"), times=1)

    assert await ask(unit, lambda: next(looks)) is REQUEST
    assert unit.calls == 2


async def test_patience_has_an_end() -> None:
    unit = Flaky(CannotConnect("connection refused"), times=1_000)

    with pytest.raises(UnitUnreachable):
        await ask(unit, lambda: False, patience_s=0.1)
    assert unit.calls <= 3
