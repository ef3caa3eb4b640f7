"""A port: ours from the first moment, and closed to new clients before the server ends."""

import ctypes
import socket
import struct
from contextlib import suppress
from errno import EADDRNOTAVAIL

from servegraph.errors import ConfigurationError, PortInUse

BACKLOG = 1024
_SO_ATTACH_FILTER = 26  # asm-generic/socket.h
_BPF_RETURN = 0x06  # BPF_RET | BPF_K: take this many bytes of the packet


class Port:
    """A bound TCP socket. It listens only once it is told to, so nobody connects to a server that loads."""

    def __init__(self, host: str, port: int, option: str, shared: bool = False) -> None:
        """Bind.

        Args:
            option: the flag that chooses another port.
            shared: whether other processes bind it, too, and each gets some of the clients.

        Raises:
            PortInUse: the address cannot be had.
        """
        self._address = (host, port)
        self._option = option
        self._socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._socket.setblocking(False)
        try:
            self._socket.bind(self._address)
        except socket.gaierror as error:
            raise ConfigurationError(f"there is no address {host!r}", hint="give --host an IP address") from error
        except OSError as error:
            raise self._in_use(error) from error

    def listen(self) -> None:
        """Take clients from now on.

        Raises:
            PortInUse: another process that had bound the port, too, listens already.
        """
        try:
            self._socket.listen(BACKLOG)
        except OSError as error:
            raise self._in_use(error) from error

    def duplicate(self) -> socket.socket:
        """Another handle of the socket, for a server that closes it itself."""
        return self._socket.dup()

    def _in_use(self, error: OSError) -> PortInUse:
        host, port = self._address
        self._socket.close()
        hint = f"stop what uses it (ss -ltnp 'sport = :{port}' shows it), or choose another with {self._option}"
        if error.errno == EADDRNOTAVAIL:
            hint = "give --host an address of this machine"
        return PortInUse(f"cannot listen on {host}:{port}: {error.strerror or error}", hint=hint)

    def pause(self) -> None:
        """Let no new client in; those in the queue are still accepted.

        Closing the socket would reset clients that the kernel has accepted and the server has
        not yet. A packet filter that takes nothing leaves them alone. Where filters are not to be
        had (another kernel, a sandbox), those few are lost.
        """
        nothing = ctypes.create_string_buffer(struct.pack("HBBI", _BPF_RETURN, 0, 0, 0))
        with suppress(OSError):
            program = struct.pack("HL", 1, ctypes.addressof(nothing))
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)

    def close(self) -> None:
        """Give the port back."""
        self._socket.close()


def keep_port(host: str, port: int, option: str) -> Port:
    """A free port, kept for servers that share it; raises like `Port`.

    A socket that does not listen gets no clients; it keeps the port while a server is replaced.
    """
    Port(host, port, option).close()  # servers that share a port would let us share theirs
    return Port(host, port, option, shared=True)
