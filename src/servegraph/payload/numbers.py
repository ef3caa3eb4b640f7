"""Large arrays in JSON, read and printed piece by piece; and large strings of base64.

Read in one go, the numbers of a body take twice its memory as Python objects before they are an array,
and no other thread runs meanwhile. Nothing here knows what a message is.
"""

import json
import re
from array import array
from binascii import a2b_base64
from collections.abc import Iterator
from io import SEEK_END, BytesIO
from secrets import token_hex
from time import sleep
from typing import Any, NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

LARGE = 128 * 1024  # bytes of a text, or of an array; smaller ones are read in under a millisecond
PIECE = 32 * 1024  # bytes of text that are read, and of numbers that are printed, in one go
PAUSE_S = 20e-6  # after each piece, for threads that wait: else they would have to wait for 5 ms
_LONGEST = 8 * PIECE  # bytes of a row that is read as one of many
_LOOK = 256 * 1024  # bytes in which the array must begin
_BEGIN = re.compile(rb"\[[ \t\r\n]*")
_COMMA = re.compile(rb"[ \t\r\n]*,")
_CLOSE = re.compile(rb"[ \t\r\n]*\]")


class Apart(NamedTuple):
    """A document in which a `mark` stands for the value that has this name, and the value, or its rows."""

    document: Any
    name: str
    mark: str
    value: NDArray[Any] | bytes | list[Any]

    def put_into(self, holder: Any) -> bool:
        """Put the value where the mark is, if it is there."""
        is_there = isinstance(holder, dict) and holder.get(self.name) == self.mark
        if is_there:
            holder[self.name] = self.value
        return is_there


def read_apart(body: bytes, names: re.Pattern[bytes], wholes: bool = False) -> Apart | None:
    """A JSON text and the array that it holds: one or two dimensions of numbers.

    None where the text is not surely of that kind; then it is read as any other.

    Args:
        names: finds the array: its first group is the name, and what it matches ends where the array begins.
        wholes: whether the first number may be a whole one; an array of such alone is of int64.
    """
    found = names.search(body, 0, _LOOK)
    if found is None:
        return None
    start, end = found.end(), _end(body, found.end())
    mark = _mark()
    try:
        document = orjson.loads(b'%b"%b"%b' % (body[:start], mark.encode(), body[end:]))
        numbers = _array(body, start, end, wholes)
    except (ValueError, TypeError, LookupError, OverflowError):
        return None
    return Apart(document, found[1].decode(), mark, numbers)


def read_base64_apart(body: bytes, names: re.Pattern[bytes]) -> Apart | None:
    """The same for a string of base64, and the bytes that it stands for; what `names` matches ends in the string."""
    found = names.search(body, 0, _LOOK)
    if found is None:
        return None
    start, end = found.end(), body.find(b'"', found.end())
    mark = _mark()
    try:
        document = orjson.loads(b"%b%b%b" % (body[:start], mark.encode(), body[end:]))
        content = a2b_base64(memoryview(body)[start:end], strict_mode=True)
    except ValueError:
        return None
    return Apart(document, found[1].decode(), mark, content)


def read_rows_apart(body: bytes, names: re.Pattern[bytes]) -> Apart | None:
    """The same for a list of rows of anything but lists, as Python has them; what `names` matches ends at the list."""
    found = names.search(body, 0, _LOOK)
    if found is None:
        return None
    start, mark = found.end(), _mark()
    try:
        rows, end = _rows(body, start)
        document = orjson.loads(b'%b"%b"%b' % (body[:start], mark.encode(), body[end:]))
    except ValueError:
        return None
    return Apart(document, found[1].decode(), mark, rows)


def _mark() -> str:
    """What nobody can guess, and send in another place."""
    return token_hex(16)


def _end(body: bytes, start: int) -> int:
    """Where the array ends that begins here, if all in it are numbers: at the last bracket before anything else."""
    stops = [place for stop in (b'"', b"}", b"t", b"f") if (place := body.find(stop, start)) >= 0]
    return body.rfind(b"]", start, min(stops, default=len(body))) + 1


def _array(body: bytes, start: int, end: int, wholes: bool) -> NDArray[Any]:
    begin = _BEGIN.match(body, start, end)
    if begin is None:
        raise ValueError("no array begins here")
    is_nested = body[begin.end()] == ord("[")
    numbers, count = array("q"), 0
    lengths: set[int] = set()
    for piece in _pieces(body, begin.end(), end - 1, b"]" if is_nested else b","):
        rows = piece if is_nested else [piece]
        if not numbers and not wholes and type(rows[0][0]) is not float:
            raise TypeError("whole numbers are no fractions")
        for row in rows:
            numbers = _longer(numbers, row)
        count += len(rows)
        lengths.update(map(len, rows))
        sleep(PAUSE_S)
    if not numbers:
        raise ValueError("rows without numbers are of floats")
    kind: type = np.float64 if numbers.typecode == "d" else np.int64
    if not is_nested:
        return np.ndarray(len(numbers), kind, numbers)
    (length,) = lengths
    return np.ndarray((count, length), kind, numbers)


def _longer(numbers: "array[Any]", row: list[Any]) -> "array[Any]":
    """Numbers with those of a row behind them: whole ones, as long as all are, as numpy takes them."""
    try:
        numbers.fromlist(row)
    except TypeError:
        if numbers.typecode == "d":
            raise
        numbers = array("d", numbers)
        numbers.fromlist(row)
    return numbers


def _pieces(body: bytes, at: int, end: int, stop: bytes) -> Iterator[list[Any]]:
    """Some elements of a list at a time, which end at `stop`: a row's bracket, or the comma behind a number."""
    is_nested = stop == b"]"
    while True:
        place = body.find(stop, at + PIECE, end)
        until = end if place < 0 else place + is_nested
        piece = orjson.loads(b"[%b]" % body[at:until])
        if not piece:
            raise ValueError("nothing follows a comma")
        yield piece
        comma = _COMMA.match(body, until, end)
        if comma is None:
            if body[until:end].strip():
                raise ValueError("no comma between two elements")
            return
        at = comma.end()


def _rows(body: bytes, start: int) -> tuple[list[Any], int]:
    """The elements of a list of lists, and where it ends."""
    begin = _BEGIN.match(body, start)
    if begin is None:
        raise ValueError("no list begins here")
    rows: list[Any] = []
    at = begin.end()
    while True:
        piece, until = _some_rows(body, at)
        rows += piece
        sleep(PAUSE_S)
        comma = _COMMA.match(body, until)
        if comma is None:
            break
        at = comma.end()
    close = _CLOSE.match(body, until)
    if close is None:
        raise ValueError("the list does not end")
    return rows, close.end()


def _some_rows(body: bytes, at: int) -> tuple[list[Any], int]:
    """Some rows, and where the last one ends: at a bracket that is neither in a string nor beyond the list.

    Whatever ends at another bracket is no JSON.
    """
    ahead = PIECE
    while True:
        until = body.find(b"]", at + ahead, at + _LONGEST) + 1
        if until:
            text = b"[%b]" % body[at:until]
            try:
                piece: list[Any] = json.loads(text) if b"NaN" in text else orjson.loads(text)
            except (ValueError, RecursionError):
                pass
            else:
                return piece, until
        if not ahead:
            raise ValueError("no row ends here")
        ahead //= 2


def printed(numbers: NDArray[Any], before: bytes = b"", after: bytes = b"") -> bytes:
    """The JSON text of an array of finite numbers, none of which becomes a Python object, between other text.

    Raises:
        TypeError: the array is of a kind that has no JSON.
    """
    text = BytesIO(before)  # unlike joined pieces it is in memory once
    text.seek(0, SEEK_END)
    text.writelines(_printed_pieces(numbers))
    text.write(after)
    return text.getvalue()


def _printed_pieces(numbers: NDArray[Any]) -> Iterator[bytes]:
    piece = PIECE if numbers.nbytes > LARGE else LARGE  # smaller ones are printed on the loop, where a pause is a loss
    if numbers.dtype.kind == "f":
        numbers = numbers.astype(np.float64, copy=False)  # a shorter float would be written as such
    numbers = np.ascontiguousarray(numbers, numbers.dtype.newbyteorder("="))
    at_a_time = max(1, piece * len(numbers) // max(1, numbers.nbytes))
    for start in range(0, len(numbers), at_a_time):
        if start:
            sleep(PAUSE_S)
        text = orjson.dumps(numbers[start : start + at_a_time], option=orjson.OPT_SERIALIZE_NUMPY)
        yield (b"," if start else b"[") + text[1:-1]
    yield b"]" if len(numbers) else b"[]"
