"""HTTP/1.1 connections byte for byte: what follows on what, who closes, and who goes away."""

import asyncio
import json
from collections.abc import Callable

import pytest
import uvloop
from tests.serving.answered import GET, HEAD, Application, Waits, bodies, counted, listening, statuses

from servegraph.serving.http1.message import Request, Response

OLD = b"GET /x HTTP/1.0\r\n"
SAID_GET = b'["GET", "/x", "", ""]'


async def test_the_loop_is_the_one_that_is_shipped():
    assert isinstance(asyncio.get_running_loop(), uvloop.Loop)


async def test_a_connection_is_kept_for_the_next_request():
    async with listening() as served, served.client() as client:
        for number in range(3):
            client.write(counted(b"%d" % number))
            answer = await client.answer()
            assert json.loads(answer.body) == ["POST", "/x", "", str(number)]
            assert "connection" not in answer.headers


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (b"GET /x HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n", "close"),
        (b"GET /x HTTP/1.1\r\nhost: h\r\nconnection: x, CLOSE\r\n\r\n", "close"),
        (OLD + b"\r\n", "close"),
        (OLD + b"connection: close\r\n\r\n", "close"),
    ],
)
async def test_a_connection_ends_where_the_client_wants_it(request_: bytes, said: str):
    async with listening() as served, served.client() as client:
        client.write(request_)
        answer = await client.answer()
        assert (answer.body, answer.headers["connection"]) == (SAID_GET, said)
        assert await client.ended()
        await served.until(lambda: served.clients == 0)


async def test_an_old_client_may_keep_its_connection():
    async with listening() as served, served.client() as client:
        for _ in range(2):
            client.write(OLD + b"Connection: Keep-Alive\r\n\r\n")
            answer = await client.answer()
            assert (answer.body, answer.headers["connection"]) == (SAID_GET, "keep-alive")
        client.write(OLD + b"\r\n")
        assert (await client.answer()).headers["connection"] == "close"
        assert await client.ended()


async def test_what_follows_the_last_request_is_not_asked():
    async with listening() as served, served.client() as client:
        client.write(b"POST /x HTTP/1.1\r\nconnection: close\r\ncontent-length: 1\r\n\r\na" + counted(b"b"))
        assert json.loads((await client.answer()).body)[3] == "a"
        assert await client.ended()
        assert served.application.asked == [b"a"]


async def test_many_requests_at_once_are_answered_in_their_order():
    async with listening() as served:
        said = await served.asked(b"".join(counted(b"%d" % number) for number in range(5000)))
    assert [json.loads(body)[3] for body in bodies(said)] == [str(number) for number in range(5000)]


async def test_a_client_that_asks_for_a_lot_at_once_leaves_turns_to_the_others():
    async with listening() as served, served.client() as greedy, served.client() as other:
        for client in (greedy, other):
            client.write(GET)
            await client.answer()
        greedy.write(counted(b"many") * 3000)
        other.write(counted(b"one"))
        assert json.loads((await other.answer()).body)[3] == "one"
        assert served.application.asked.count(b"many") < 3000
        for _ in range(3000):
            await greedy.answer()


@pytest.mark.parametrize("piece", [1, 2, 7])
async def test_requests_may_come_in_pieces(piece: int):
    request = (
        counted(b"12345") + GET + HEAD + b"transfer-encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nt: u\r\n\r\n" + GET
    )
    async with listening() as served, served.client() as client:
        for start in range(0, len(request), piece):
            client.write(request[start : start + piece])
            await client.drain()
            await asyncio.sleep(0)
        said = [json.loads((await client.answer()).body) for _ in range(4)]
    get = ["GET", "/x", "", ""]
    assert said == [["POST", "/x", "", "12345"], get, ["POST", "/x", "", "abc"], get]


async def test_while_one_is_slow_the_next_ones_wait_and_nothing_more_is_read():
    waits = Waits(b"now")
    async with listening(waits) as served, served.client() as client:
        client.write(counted(b"slow"))
        await served.until(lambda: waits.asked == 1)
        client.write(counted(b"now" * 2**15) + counted(b"now"))
        connection = next(iter(served.listener._connections))
        await served.until(lambda: connection._is_held)
        for _ in range(200):
            client.write(counted(b"now" + b"x" * 50_000))
        async with asyncio.timeout(20):
            while not client.said("socket") or client._writer.transport.get_write_buffer_size() < 1_000_000:
                await asyncio.sleep(0)  # what is not read stays with the client
        assert waits.asked == 1
        waits.go_on.set()
        answers = [(await client.answer()).body for _ in range(203)]
        assert [len(answer) for answer in answers] == [4, 3 * 2**15, 3, *[50_003] * 200]


async def test_an_answer_that_is_late_is_followed_by_one_that_is_not():
    waits = Waits(b"2", b"3")
    async with listening(waits) as served, served.client() as client:
        client.write(counted(b"1") + counted(b"2") + counted(b"3"))
        await served.until(lambda: waits.asked == 1)
        waits.go_on.set()
        assert [(await client.answer()).body for _ in range(3)] == [b"1", b"2", b"3"]
        client.write(counted(b"2"))
        assert (await client.answer()).body == b"2"


async def test_an_answer_to_head_has_no_body():
    async with listening() as served, served.client() as client:
        client.write(b"HEAD /x HTTP/1.1\r\n\r\n" + GET)
        assert (await client.answer(to_head=True)).headers["content-length"] == "22"
        assert (await client.answer()).body == SAID_GET


@pytest.mark.parametrize("status", [204, 304])
@pytest.mark.parametrize("method", [b"GET", b"HEAD"])
async def test_a_status_that_has_no_body_gets_none(status: int, method: bytes):
    async def answers(_: Request) -> Response:
        return Response(status, "", b"HTTP/1.1 200 OK\r\n\r\n")

    async with listening(answers) as served:
        said = await served.asked(method + b" /x HTTP/1.1\r\n\r\n" + GET)
    assert statuses(said) == [status, status]
    assert b"content-length" not in said
    assert said.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        (b"/", "/", ""),
        (b"/x?a=b?c%20d", "/x", "a=b?c%20d"),
        (b"/a%20b%2Fc", "/a b/c", ""),
        (b"/%C3%A9", "/é", ""),
        (b"/%zz%ff", "/%zz\ufffd", ""),
        (b"http://h:80/a%20b?c", "/a b", "c"),
        (b"http://h", "/", ""),
        (b"//h/x", "//h/x", ""),
        (b"*", "*", ""),
    ],
)
async def test_targets_are_read(target: bytes, path: str, query: str):
    async with listening() as served:
        said = await served.asked(b"OPTIONS " + target + b" HTTP/1.1\r\nhost: h\r\n\r\n" + GET)
    assert [json.loads(body) for body in bodies(said)] == [["OPTIONS", path, query, ""], json.loads(SAID_GET)]


@pytest.mark.parametrize("more", [b"", counted(b"2") + counted(b"3")])
async def test_a_client_that_ends_its_side_gets_its_answers(more: bytes):
    waits = Waits()
    async with listening(waits) as served, served.client() as client:
        client.write(counted(b"1") + more + b"GET / HT")
        await served.until(lambda: waits.asked == 1)
        client.end()
        await asyncio.sleep(0.01)
        waits.go_on.set()
        assert bodies(await client.rest()) == [b"1", b"2", b"3"][: 3 if more else 1]
        await served.until(lambda: served.clients == 0)


@pytest.mark.parametrize(
    "beginning",
    [
        HEAD + b"content-length: 3\r\n\r\n12",
        HEAD + b"content-length: 3\r\n\r\n",
        HEAD + b"transfer-encoding: chunked\r\n\r\n2\r\n12\r\n0\r\n",
        HEAD + b"connection: upgrade\r\nupgrade: h2c\r\ncontent-length: 3\r\n\r\n12",
    ],
)
async def test_a_body_that_ends_early_is_400(beginning: bytes):
    async with listening() as served:
        said = await served.asked(GET + beginning)
        assert (statuses(said), bodies(said)[1]) == ([200, 400], b"Truncated")
        assert b"connection: close\r\n" in said
        await served.until(lambda: served.clients == 0)


async def test_a_head_that_ends_early_gets_nothing():
    async with listening() as served:
        assert await served.asked(b"GET / HTTP/1.1\r\nhost") == b""
        assert await served.asked(b"") == b""
        await served.until(lambda: served.clients == 0)
        assert served.application.asked == []


@pytest.mark.parametrize("goes", [lambda client: client.close(), lambda client: client.reset()])
async def test_a_client_that_goes_away_is_forgotten(goes: Callable[[object], None]):
    waits = Waits()
    async with listening(waits) as served, served.client() as client:
        client.write(counted(b"1") + counted(b"2"))
        await served.until(lambda: waits.asked == 1)
        goes(client)
        async with served.client() as other:
            other.write(counted(b"3"))
            await served.until(lambda: waits.asked == 2)
            waits.go_on.set()
            assert (await other.answer()).body == b"3"
        await served.until(lambda: served.clients == 0)
        assert served.application.asked[:2] == [b"1", b"3"]


async def test_an_application_that_fails_is_500_and_the_connection_goes_on(caplog: pytest.LogCaptureFixture):
    async def answers(request: Request) -> Response:
        if request.body == b"late":
            await asyncio.sleep(0)
        if request.body:
            raise ValueError("no")
        return Response(200)

    async with listening(answers) as served:
        said = await served.asked(counted(b"now") + GET + counted(b"late") + GET)
    assert statuses(said) == [500, 200, 500, 200]
    assert [record.message for record in caplog.records] == ["a request failed"] * 2


async def test_an_application_that_is_none_is_500(caplog: pytest.LogCaptureFixture):
    class Fails(Application):
        def __call__(self, request: Request):  # type: ignore[no-untyped-def,override]
            raise ValueError("at once")

    async with listening(Fails()) as served:
        assert statuses(await served.asked(GET + GET)) == [500, 500]
    assert "at once" in caplog.text


async def test_a_request_that_is_cancelled_ends_its_connection():
    waits = Waits()
    async with listening(waits) as served, served.client() as client:
        client.write(counted(b"1") + counted(b"2"))
        await served.until(lambda: waits.asked == 1)
        connection = next(iter(served.listener._connections))
        assert connection._task is not None
        connection._task.cancel()
        assert await client.ended()
        await served.until(lambda: served.clients == 0)
        assert (waits.asked, served.listener.in_flight) == (1, 0)


async def test_an_application_that_gives_up_ends_its_connection():
    async def answers(request: Request) -> Response:
        if request.body == b"late":
            await asyncio.sleep(0)
        if request.body:
            raise asyncio.CancelledError
        return Response(200)

    async with listening(answers) as served:
        for body in (b"now", b"late"):
            async with served.client() as client:
                client.write(counted(body))
                assert await client.ended()
        assert statuses(await served.asked(GET)) == [200]
        assert served.listener.in_flight == 0
