"""Heads that were read before: clients send the same one again and again, and reading it takes longer than knowing it.

Only what a whole request began with is known, and it is only recognised where a whole request begins and ends with
the piece that came. The same bytes there mean the same.
"""

from servegraph.serving.http1.message import Head

MOST = 512
LONGEST = 2048  # bytes
_NOT_KNOWN = frozenset(("expect", "transfer-encoding", "upgrade"))
END = b"\r\n\r\n"


class KnownHeads:
    """Those of one port, by their bytes, with the length of the body that follows."""

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[Head, int]] = {}

    def recognised(self, piece: bytes) -> tuple[Head, bytes] | None:
        """The head and the body of the one request that the piece is; None where that is not known."""
        end = piece.find(END) + len(END)
        found = self._known.get(piece[:end])
        if found is None or len(piece) - end != found[1]:
            return None
        return found[0], piece[end:]

    def remember(self, piece: bytes, head: Head, length: int) -> None:
        """The piece was one request, with so many bytes of a body."""
        end = piece.find(END) + len(END)
        if len(piece) - end != length or end > LONGEST or not _NOT_KNOWN.isdisjoint(head.headers):
            return
        if len(self._known) >= MOST:
            self._known.clear()  # clients choose the heads: the memory must have a bound
        self._known[piece[:end]] = head, length
