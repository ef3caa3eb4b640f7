"""A port that several listen on: one leaves, and the others take its clients."""

import os
import socket

from servegraph.serving.component_port import SharedPort


def accepts(listener: socket.socket) -> bool:
    try:
        listener.accept()[0].close()
    except BlockingIOError:
        return False
    return True


def test_who_left_the_port_gets_no_client_and_the_others_do():
    port = SharedPort("127.0.0.1", 0, "--http-port")
    port.listen()
    with socket.socket(fileno=os.dup(port.descriptor)) as server:  # what the web server has
        address = server.getsockname()
        with socket.create_connection(address):
            assert accepts(server)
        port.leave()
        with socket.create_connection(address):
            assert not accepts(server)
            with socket.socket(fileno=os.dup(port.descriptor)) as other:
                assert accepts(other)
    port.close()


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
