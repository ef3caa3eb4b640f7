"""An HTTP port that several processes listen on: one binds it, the others inherit it."""

import os
import socket
from contextlib import suppress

from servegraph.serving.port import HttpPort


class SharedPort(HttpPort):
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

    def leave(self) -> None:
        """Let no new client in here: the other processes on this port take them.

        The web server cannot stop accepting without dropping clients that it has accepted. So the
        listener is taken from under it: where it asks for clients, another socket says there are none.
        """
        own = os.fstat(self._socket.fileno())
        with socket.socket(socket.AF_UNIX) as nobody:
            nobody.setblocking(False)
            nobody.bind("")  # an abstract name that the kernel chooses, and nobody knows
            nobody.listen()
            for name in os.listdir("/proc/self/fd"):
                with suppress(OSError):
                    is_ours = os.path.samestat(os.stat(f"/proc/self/fd/{name}"), own)
                    if is_ours and int(name) != self._socket.fileno():
                        os.dup2(nobody.fileno(), int(name), inheritable=False)
