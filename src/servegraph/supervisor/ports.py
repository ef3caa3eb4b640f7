"""Free ports for children, kept free for them until the end."""

import socket


class PortReserve:
    """Takes ports that nobody uses, and holds them.

    A held socket is bound and never listens, so that on Linux a child that sets SO_REUSEADDR or
    SO_REUSEPORT, as servers do, can bind the same port, and nobody gets it while a child is away.
    """

    def __init__(self, host: str = "127.0.0.1") -> None:
        self._host = host
        self._held: list[socket.socket] = []

    def take(self) -> int:
        """Another free port.

        Raises:
            OSError: there is none.
        """
        held = socket.socket()
        self._held.append(held)
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        held.bind((self._host, 0))
        return int(held.getsockname()[1])

    def close(self) -> None:
        """Give all of them back."""
        for held in self._held:
            held.close()
        self._held.clear()
