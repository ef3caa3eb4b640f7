"""A port that several listen on: one leaves, and the others take its clients."""

import asyncio
import os
import socket

from servegraph.serving.component_port import SharedPort
from servegraph.serving.http1.listener import HttpListener
from servegraph.serving.http1.message import Request, Response


def accepts(listener: socket.socket) -> bool:
    try:
        listener.accept()[0].close()
    except BlockingIOError:
        return False
    return True


class Answers:
    """An application that says who it is."""

    max_body = 0

    def __init__(self, name: bytes) -> None:
        self.name = name

    async def __call__(self, _: Request) -> Response:
        return Response(200, "", self.name)


async def who(address: tuple[str, int]) -> bytes:
    reader, writer = await asyncio.open_connection(*address)
    writer.write(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
    async with asyncio.timeout(10):
        said = await reader.read()
    writer.close()
    return said.rpartition(b"\r\n")[2]


async def test_who_left_the_port_gets_no_client_and_the_others_do():
    port = SharedPort("127.0.0.1", 0, "--http-port")
    leaving = HttpListener(port, Answers(b"leaving"))
    staying = HttpListener(SharedPort.inherited(os.dup(port.descriptor)), Answers(b"staying"))
    address = port._socket.getsockname()
    await leaving.start()
    assert await who(address) == b"leaving"
    await staying.start()
    leaving.retire()
    assert {await who(address) for _ in range(20)} == {b"staying"}
    await leaving.close()
    assert await who(address) == b"staying"
    await staying.close()


def test_an_inherited_port_does_not_make_the_socket_block():
    port = SharedPort("127.0.0.1", 0, "--http-port")
    inherited = SharedPort.inherited(os.dup(port.descriptor))
    inherited._socket.dup().close()  # as for the web server

    assert not os.get_blocking(port.descriptor)
    inherited.close()
    port.close()


def test_an_inherited_port_is_the_same_socket():
    port = SharedPort("127.0.0.1", 0, "--http-port")
    inherited = SharedPort.inherited(os.dup(port.descriptor))
    inherited.listen()

    with socket.socket(fileno=os.dup(port.descriptor)) as own, socket.create_connection(own.getsockname()):
        assert accepts(own)
    inherited.close()
    port.close()
