"""Ten thousand malformed requests, with good ones in between, against the real command."""

import asyncio
import itertools
from pathlib import Path

import aiohttp
import grpc
from tests.e2e.running import Running
from tests.hostility.attacker import Attacker
from tests.hostility.attacks import PREDICTIONS, attacks

from servegraph.payload.schema import message_class

REQUESTS = 10_000
KINDS = 200
CLIENTS = 8
SEED = 20260101

Message = message_class("seldon.protos.SeldonMessage")


def resident_kb(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0])


class GoodClient:
    """Asks for something sensible over both transports, again and again; any other answer is a failure."""

    def __init__(self, running: Running) -> None:
        self._url = running.url + PREDICTIONS
        self._target = f"127.0.0.1:{running.grpc_port}"
        self._stop = asyncio.Event()
        self.asked = 0
        self.failed: list[str] = []

    async def run(self) -> None:
        async with aiohttp.ClientSession() as session, grpc.aio.insecure_channel(self._target) as channel:
            predict = channel.unary_unary(
                "/seldon.protos.Seldon/Predict", Message.SerializeToString, Message.FromString
            )
            while not self._stop.is_set():
                await self._try(self._rest(session))
                await self._try(self._grpc(predict))
                await asyncio.sleep(0.01)

    def stop(self) -> None:
        self._stop.set()

    async def _try(self, work) -> None:
        self.asked += 1
        try:
            async with asyncio.timeout(20):
                await work
        except (AssertionError, TimeoutError, aiohttp.ClientError, grpc.RpcError) as error:
            self.failed.append(repr(error))

    async def _rest(self, session: aiohttp.ClientSession) -> None:
        row = [[self.asked, 0.5]]
        async with session.post(self._url, json={"data": {"ndarray": row}}) as response:
            answer = await response.json()
            assert response.status == 200, answer
            assert answer["data"]["ndarray"] == row

    async def _grpc(self, predict) -> None:
        request = Message(data={"tensor": {"shape": [1, 1], "values": [self.asked]}})
        assert list((await predict(request)).data.tensor.values) == [self.asked]


async def test_ten_thousand_malformed_requests_harm_nobody(echo: Running) -> None:
    kinds = attacks()
    assert len({attack.name for attack in kinds}) == len(kinds) >= KINDS
    attacker = Attacker(echo.http_port, echo.grpc_port, SEED)
    good = GoodClient(echo)
    working = asyncio.get_running_loop().create_task(good.run())
    await attacker.send(kinds * 12, CLIENTS)  # what is allocated once for each kind of trouble
    before = resident_kb(echo.process.pid)

    warmed = attacker.tally.sent
    await attacker.send(itertools.islice(itertools.cycle(kinds), REQUESTS), CLIENTS)

    good.stop()
    await working
    assert attacker.tally.sent - warmed == REQUESTS
    assert attacker.tally.wrong == {}, "\n".join(f"{kind}: {what}" for kind, what in attacker.tally.wrong.items())
    assert good.failed == []
    assert good.asked > 500
    assert echo.process.poll() is None
    ratio = resident_kb(echo.process.pid) / before
    assert ratio < 1.1, f"{before} KiB grew by {ratio:.3f}"
