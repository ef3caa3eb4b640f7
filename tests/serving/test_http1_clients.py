"""Clients that others wrote, once each."""

import asyncio
import http.client
import urllib.request
from collections.abc import Callable

import aiohttp
import httpx
import pytest
import requests
from tests.serving.answered import listening

from servegraph.serving.http1.message import Request, Response

BODY = b"0123456789" * 50_000


async def size(request: Request) -> Response:
    return Response(200, "", b"%d" % len(request.body))


def by_urllib(url: str) -> bytes:
    with urllib.request.urlopen(urllib.request.Request(url, BODY), timeout=10) as answer:
        return bytes(answer.read())


def by_http_client(url: str) -> bytes:
    connection = http.client.HTTPConnection(url.removeprefix("http://").removesuffix("/x"), timeout=10)
    for body in (b"", BODY):
        connection.request("POST", "/x", iter([body]), encode_chunked=True, headers={"expect": "100-continue"})
        said = connection.getresponse().read()
    connection.close()
    return said


def by_requests(url: str) -> bytes:
    with requests.Session() as session:
        assert session.head(url, timeout=10).content == b""
        return session.post(url, BODY, timeout=10).content


def by_httpx(url: str) -> bytes:
    with httpx.Client() as client:
        assert client.head(url).content == b""
        return client.post(url, content=iter([BODY[:10], BODY[10:]])).content


@pytest.mark.parametrize("asks", [by_urllib, by_http_client, by_requests, by_httpx])
async def test_clients_in_python_get_their_answers(asks: Callable[[str], bytes]):
    async with listening(size) as served:
        assert await asyncio.to_thread(asks, served.url + "/x") == b"500000"
        await served.until(lambda: served.clients == 0)


async def test_aiohttp_gets_its_answers():
    async with listening(size) as served, aiohttp.ClientSession() as session:
        for expects in (False, True):
            async with session.post(served.url + "/x", data=BODY, expect100=expects) as answer:
                assert await answer.read() == b"500000"
