"""Too many requests at once, and clients that go away."""

import asyncio
import json

import pytest
from tests.serving.served import serving

from servegraph.serving.rest import Site
from servegraph.serving.routes import Answer, HttpRequest, Route

POST = b"POST /x HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}"


class Waits:
    """A handler that answers when it may, and notes who was stopped."""

    def __init__(self) -> None:
        self.asked = self.stopped = 0
        self.go_on = asyncio.Event()

    async def __call__(self, _: HttpRequest) -> Answer:
        self.asked += 1
        try:
            await self.go_on.wait()
        except asyncio.CancelledError:
            self.stopped += 1
            raise
        return Answer(200, b"done", "text/plain")

    def routes(self) -> list[Route]:
        async def live(_: HttpRequest) -> Answer:
            return Answer(200)

        return [Route("POST", "/x", self, "predictions"), Route("*", "/live", live)]


async def test_requests_over_the_limit_are_sent_away_and_probes_are_not():
    waits = Waits()
    async with serving(waits.routes(), site=Site(max_requests=2)) as served:
        first = [asyncio.ensure_future(served.ask("POST", "/x", b"{}")) for _ in range(2)]
        await served.until(lambda: waits.asked == 2)
        refused = await served.ask("POST", "/x", b"{}", seldon_puid="p")
        assert (refused.status, refused.headers["retry-after"]) == (503, "1")
        assert refused.headers["seldon-puid"] == "p"
        assert json.loads(refused.body) == {
            "status": {
                "code": 500,
                "info": "2 requests are being answered already; send it again later",
                "status": "FAILURE",
            }
        }
        assert (await served.ask("GET", "/live")).status == 200
        assert (await served.ask("GET", "/x")).status == 405
        waits.go_on.set()
        assert [(await answer).body for answer in first] == [b"done", b"done"]
        assert (await served.ask("POST", "/x", b"{}")).body == b"done"
    assert waits.asked == 3


async def test_a_connection_that_was_sent_away_can_ask_again():
    waits = Waits()
    async with serving(waits.routes(), site=Site(max_requests=1)) as served, served.connection() as connection:
        first = asyncio.ensure_future(served.ask("POST", "/x", b"{}"))
        await served.until(lambda: waits.asked == 1)
        connection.write(POST)
        assert (await connection.answer()).status == 503
        waits.go_on.set()
        await first
        connection.write(POST)
        assert (await connection.answer()).body == b"done"


async def test_a_client_that_goes_away_stops_the_work_that_goes_elsewhere():
    waits = Waits()
    async with serving(waits.routes(), site=Site(forwards=True)) as served:
        async with served.connection() as connection:
            connection.write(POST)
            await served.until(lambda: waits.asked == 1)
        await served.until(lambda: served.rest.in_flight == 0)
        assert waits.stopped == 1
        assert served.heard.answers == [("predictions", "post", "499")]
        waits.go_on.set()
        assert (await served.ask("POST", "/x", b"{}")).body == b"done"


async def test_work_in_this_process_goes_on_to_its_end():
    waits = Waits()
    async with serving(waits.routes()) as served:
        async with served.connection() as connection:
            connection.write(POST)
            await served.until(lambda: waits.asked == 1)
        waits.go_on.set()
        await served.until(lambda: served.rest.in_flight == 0)
    assert (waits.stopped, served.heard.answers) == (0, [("predictions", "post", "200")])


@pytest.mark.parametrize("forwards", [False, True])
async def test_many_clients_that_come_and_go_leave_nothing_behind(forwards: bool):
    waits = Waits()
    async with serving(waits.routes(), site=Site(forwards=forwards, max_requests=20)) as served:
        for _ in range(3):
            async with served.connection() as one, served.connection() as another:
                one.write(POST)
                another.write(POST[:-1])
                await served.until(lambda: served.rest.in_flight >= 1)
            await served.until(lambda: served.rest.in_flight == (0 if forwards else waits.asked))
        waits.go_on.set()
        await served.until(lambda: served.rest.in_flight == 0)
        # Of 20 places, 6 of which could have been lost.
        answers = await asyncio.gather(*(served.ask("POST", "/x", b"{}") for _ in range(15)))
        assert {answer.body for answer in answers} == {b"done"}
