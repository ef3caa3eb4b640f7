"""The Huffman code of header fields: RFC 7541, appendix B.

The code is canonical: codes of one length are consecutive numbers, in the order of their bytes, so
that the lengths say it all.
"""

from collections.abc import Iterator
from functools import cache

_TEXT = {
    5: b"012aceiost",
    6: b" %-./3456789=A_bdfghlmnpru",
    7: b":BCDEFGHIJKLMNOPQRSTUVWYjkqvwxyz",
    8: b"&*,;XZ",
    10: b'!"()?',
    11: b"'+|",
    12: b"#>",
    13: b"\x00$@[]~",
    14: b"^}",
    15: b"<`{",
    19: b"\\\xc3\xd0",
}
_OTHERS = {
    20: "80 82-83 a2 b8 c2 e0 e2",
    21: "99 a1 a7 ac b0-b1 b3 d1 d8-d9 e3 e5-e6",
    22: "81 84-86 88 92 9a 9c a0 a3-a4 a9-aa ad b2 b5 b9-bb bd-be c4 c6 e4 e8-e9",
    23: "01 87 89-8b 8c-8d 8f 93 95-98 9b 9d-9e a5-a6 a8 ae-af b4 b6-b7 bc bf c5 e7 ef",
    24: "09 8e 90-91 94 9f ab ce d7 e1 ec-ed",
    25: "c7 cf ea-eb",
    26: "c0-c1 c8-ca cd d2 d5 da-db ee f0 f2-f3 ff",
    27: "cb-cc d3-d4 d6 dd-df f1 f4-f8 fa-fe",
    28: "02-08 0b-0c 0e-15 17-1f 7f dc f9",
    30: "0a 0d 16",
}
_MOST_BITS = 30
_PADDING = 7  # bits, all of them 1, at most


def _bytes(ranges: str) -> bytes:
    ends = (piece.partition("-") for piece in ranges.split())
    return bytes(value for first, _, last in ends for value in range(int(first, 16), int(last or first, 16) + 1))


def _codes() -> Iterator[tuple[tuple[int, int], int]]:
    """Length and number of each code, and the byte it stands for."""
    code, before = 0, 0
    lengths = {**_TEXT, **{length: _bytes(ranges) for length, ranges in _OTHERS.items()}}
    for length, values in lengths.items():
        code <<= length - before
        for value in values:
            yield (length, code), value
            code += 1
        before = length


_BYTES = dict(_codes())
# How far a code has come: its bits behind a 1.
_BEGIN = 1
_NOWHERE = 0
_ENDS = frozenset((1 << bits) - 1 for bits in range(1, _PADDING + 2))


def _step(state: int, half: int) -> tuple[int, bytes]:
    """What four more bits make of a code that has begun: the beginning of the next one, and the text between."""
    text = b""
    for shift in range(3, -1, -1):
        state = state and state << 1 | half >> shift & 1
        length = state.bit_length() - 1
        value = _BYTES.get((length, state - (1 << length))) if state else None
        if value is not None:
            state, text = _BEGIN, text + bytes((value,))
        elif length >= _MOST_BITS:
            state = _NOWHERE
    return state, text


@cache
def _steps() -> dict[int, list[tuple[int, bytes]]]:
    """All steps, made when the first client needs them: by where a code is, and by the next four bits."""
    steps: dict[int, list[tuple[int, bytes]]] = {}
    states = [_BEGIN]
    for state in states:
        if state not in steps:
            steps[state] = [_step(state, half) for half in range(16)]
            states += (after for after, _ in steps[state])
    return steps


def decoded(data: bytes) -> bytes:
    """The text of a Huffman-coded one.

    Raises:
        ValueError: it is none.
    """
    text: list[bytes] = []
    steps, state = _steps(), _BEGIN
    for octet in data:
        state, first = steps[state][octet >> 4]
        state, second = steps[state][octet & 15]
        text += first, second
    if state not in _ENDS:
        raise ValueError("there is no such code" if state == _NOWHERE else "the text ends within a code")
    return b"".join(text)
