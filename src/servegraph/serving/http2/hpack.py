"""Header fields as they travel: RFC 7541. What is received is decoded whole; what is sent is never indexed.

Clients repeat themselves: once the table they share with us rests, their next block is the bytes of an earlier one.
"""

from collections import deque
from collections.abc import Callable, Iterator

from servegraph.serving.http2.huffman import decoded

Field = tuple[bytes, bytes]
Fields = tuple[Field, ...]

TABLE_SIZE = 4096  # the protocol's default; we ask for no other
MOST_REMEMBERED = 64  # blocks
EMPTY_TABLE = b"\x20"  # before a block: from here on nothing is indexed
_OVERHEAD = 32  # what an entry counts beyond its text
_LONGEST_INTEGER = 5  # bytes

_STATIC_TEXT = (
    ":authority= :method=GET :method=POST :path=/ :path=/index.html :scheme=http :scheme=https :status=200 :status=204 "
    ":status=206 :status=304 :status=400 :status=404 :status=500 accept-charset= accept-encoding=gzip,+deflate "
    "accept-language= accept-ranges= accept= access-control-allow-origin= age= allow= authorization= cache-control= "
    "content-disposition= content-encoding= content-language= content-length= content-location= content-range= "
    "content-type= cookie= date= etag= expect= expires= from= host= if-match= if-modified-since= if-none-match= "
    "if-range= if-unmodified-since= last-modified= link= location= max-forwards= proxy-authenticate= "
    "proxy-authorization= range= referer= refresh= retry-after= server= set-cookie= strict-transport-security= "
    "transfer-encoding= user-agent= vary= via= www-authenticate="
)


def _static() -> Iterator[Field]:
    for entry in _STATIC_TEXT.encode().split():
        name, _, value = entry.partition(b"=")
        yield name, value.replace(b"+", b" ")


_STATIC: Fields = tuple(_static())


class Malformed(Exception):
    """A block cannot be decoded: from here on, nobody knows what the table holds."""


class TooLarge(Exception):
    """A block unpacks to more than is taken; the table is intact."""


class FieldDecoder[T]:
    """Reads the header blocks of one connection.

    Args:
        limit: bytes that the fields of a block may count together, 32 for each field beside its text.
        read: makes of the fields what is wanted of them.
    """

    def __init__(self, limit: int, read: Callable[[Fields], T]) -> None:
        self._limit = limit
        self._read = read
        self._table = _Table()
        self._known: dict[bytes, T] = {}

    def read(self, block: bytes) -> T:
        """What a block says.

        Raises:
            Malformed: it is none.
            TooLarge: it has more fields than are taken.
        """
        known = self._known.get(block)
        if known is not None:
            return known
        version = self._table.version
        try:
            made = self._read(self._fields(block))
        finally:  # also a block that is refused may have changed what others mean
            if version != self._table.version or len(self._known) >= MOST_REMEMBERED:
                self._known.clear()
        if version == self._table.version:
            self._known[block] = made
        return made

    def _fields(self, block: bytes) -> Fields:
        fields, size = [], 0
        for field in _fields(_Reader(block), self._table):
            size += _size(field)
            if size <= self._limit:
                fields.append(field)
        if size > self._limit:
            raise TooLarge(f"the metadata counts {size} bytes, and {self._limit} are taken")
        return tuple(fields)


def _fields(block: "_Reader", table: "_Table") -> Iterator[Field]:
    """The fields of a block, which may change the table."""
    is_begun = False
    while not block.is_at_end:
        first = block.first
        if first & 0x80:
            field = table.field(block.integer(7))
        elif first & 0x40:
            field = _literal(block, 6, table)
            table.add(field)
        elif first & 0x20:
            if is_begun:
                raise Malformed("the table's size changes within a block")
            table.resize(block.integer(5))
            continue
        else:
            field = _literal(block, 4, table)
        is_begun = True
        yield field


def _literal(block: "_Reader", bits: int, table: "_Table") -> Field:
    index = block.integer(bits)
    name = table.field(index)[0] if index else block.text()
    return name, block.text()


def _size(field: Field) -> int:
    return len(field[0]) + len(field[1]) + _OVERHEAD


class _Table:
    """The static fields, and those that the client has added. Its `version` counts the changes."""

    def __init__(self) -> None:
        self._added: deque[Field] = deque()  # the newest first
        self._size = 0
        self._most = TABLE_SIZE
        self.version = 0

    def field(self, index: int) -> Field:
        if not index:
            raise Malformed("there is no field 0")
        try:
            return _STATIC[index - 1] if index <= len(_STATIC) else self._added[index - len(_STATIC) - 1]
        except IndexError:
            raise Malformed(f"there is no field {index}") from None

    def add(self, field: Field) -> None:
        self._added.appendleft(field)
        self._size += _size(field)
        self._shrink()

    def resize(self, most: int) -> None:
        if most > TABLE_SIZE:
            raise Malformed(f"a table of {most} bytes is too large")
        self._most = most
        self._shrink()

    def _shrink(self) -> None:
        while self._size > self._most:
            self._size -= _size(self._added.pop())
        self.version += 1


class _Reader:
    """Reads a block from its beginning to its end."""

    def __init__(self, block: bytes) -> None:
        self._block = block
        self._at = 0

    @property
    def is_at_end(self) -> bool:
        return self._at >= len(self._block)

    @property
    def first(self) -> int:
        """The next byte, which stays."""
        if self.is_at_end:
            raise Malformed("the block ends too early")
        return self._block[self._at]

    def integer(self, bits: int) -> int:
        """A number that begins in the last bits of the next byte."""
        most = (1 << bits) - 1
        number = self.first & most
        self._at += 1
        if number < most:
            return number
        for place in range(_LONGEST_INTEGER):
            octet = self.first
            self._at += 1
            number += (octet & 0x7F) << 7 * place
            if not octet & 0x80:
                return number
        raise Malformed("a number is too large")

    def text(self) -> bytes:
        is_coded = self.first & 0x80
        end = self.integer(7) + self._at
        text, self._at = self._block[self._at : end], end
        if end > len(self._block):
            raise Malformed("the block ends within a text")
        if not is_coded:
            return text
        try:
            return decoded(text)
        except ValueError as error:
            raise Malformed(str(error)) from error


def encoded(name: bytes, value: bytes) -> bytes:
    """A field that nobody needs to remember; both parts in at most 16 KiB."""
    return b"\x00" + _length(name) + name + _length(value) + value


def _length(text: bytes) -> bytes:
    length = len(text)
    if length < 0x7F:
        return bytes((length,))
    length -= 0x7F
    return bytes((0x7F, length & 0x7F | 0x80, length >> 7))
