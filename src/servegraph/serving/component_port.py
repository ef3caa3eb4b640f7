"""An HTTP port that several processes listen on: one binds it, the others inherit it."""

import socket

from servegraph.serving.port import Port


class SharedPort(Port):
    """A port whose socket can be given to child processes, or was inherited from a parent."""

    @classmethod
    def inherited(cls, descriptor: int) -> "SharedPort":
        """The port of a socket that the parent process bound."""
        port = cls.__new__(cls)
        port._socket = socket.socket(fileno=descriptor)
        # Python takes it for a blocking one, and would make it so: for a moment, and for all who share it.
        port._socket.setblocking(False)
        port._address = port._socket.getsockname()[:2]
        port._option = "--http-port"
        return port

    @property
    def descriptor(self) -> int:
        """The socket's file descriptor, for child processes."""
        return self._socket.fileno()
