"""Header fields as they travel; the blocks are the examples of RFC 7541, appendix C."""

import pytest

from servegraph.serving.http2 import hpack, huffman
from servegraph.serving.http2.hpack import FieldDecoder, Fields, Malformed, TooLarge, encoded

WWW = ((b":method", b"GET"), (b":scheme", b"http"), (b":path", b"/"), (b":authority", b"www.example.com"))
UNCACHED = (*WWW, (b"cache-control", b"no-cache"))
CUSTOM = (
    (b":method", b"GET"),
    (b":scheme", b"https"),
    (b":path", b"/index.html"),
    (b":authority", b"www.example.com"),
    (b"custom-key", b"custom-value"),
)


def decoder(limit: int = 16_384) -> FieldDecoder[Fields]:
    return FieldDecoder(limit, lambda fields: fields)


@pytest.mark.parametrize(
    "blocks",
    [
        (
            "828684410f7777772e6578616d706c652e636f6d",
            "828684be58086e6f2d6361636865",
            "828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565",
        ),
        (
            "828684418cf1e3c2e5f23a6ba0ab90f4ff",
            "828684be5886a8eb10649cbf",
            "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf",
        ),
    ],
    ids=["plain", "huffman"],
)
def test_blocks_build_on_one_another(blocks: tuple[str, ...]):
    reader = decoder()
    assert [reader.read(bytes.fromhex(block)) for block in blocks] == [WWW, UNCACHED, CUSTOM]


def test_a_block_that_changes_nothing_is_read_once():
    seen = []
    reader = FieldDecoder(16_384, lambda fields: seen.append(fields) or len(seen))
    first = bytes.fromhex("828684410f7777772e6578616d706c652e636f6d")
    again = bytes.fromhex("828684be")
    assert [reader.read(block) for block in (first, again, again, again)] == [1, 2, 2, 2]
    reader.read(encoded(b"a", b"b"))
    reader.read(b"\x40\x01a\x01b")  # this one changes the table: what was read before may mean something else now
    assert (reader.read(again), seen[-1][-1]) == (5, (b"a", b"b"))


def test_what_is_remembered_has_a_bound(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(hpack, "MOST_REMEMBERED", 2)
    seen = []
    reader = FieldDecoder(16_384, seen.append)
    for value in (b"1", b"2", b"3", b"4"):
        reader.read(encoded(b"n", value))
    assert len(reader._known) <= 2


def test_a_smaller_table_forgets_the_oldest():
    reader = decoder()
    reader.read(b"\x40\x01a\x01b" + b"\x40\x01c\x01d")
    reader.read(b"\x3f\x03" + b"\xbe")  # 34 bytes: one entry
    with pytest.raises(Malformed, match="no field 63"):
        reader.read(b"\xbf")


@pytest.mark.parametrize(
    "block",
    [
        b"\x80",  # field 0
        b"\xff\x00",  # of a table that is empty
        b"\x41",  # no value
        b"\x40\x05abc",  # a name cut short
        b"\x00\x81\xff\x00",  # no code of Huffman's
        b"\x00\x01a\x82\x1f\xff\xff",  # too much of one
        b"\xff\xff\xff\xff\xff\xff\xff\xff",  # a number without end
        b"\x3f\xe2\x1f",  # a table of 4097 bytes
        b"\x82\x20",  # another table after a field
    ],
)
def test_what_is_no_block_is_malformed(block: bytes):
    with pytest.raises(Malformed):
        decoder().read(block)


def test_fields_that_unpack_to_too_much_are_not_kept_and_the_table_stays_right():
    reader = decoder(limit=200)
    reader.read(b"\x40\x01a" + b"\x64" + b"b" * 100)
    with pytest.raises(TooLarge, match="399 bytes, and 200 are taken"):
        reader.read(b"\xbe" * 3)
    assert reader.read(b"\xbe") == ((b"a", b"b" * 100),)


@pytest.mark.parametrize("size", [0, 1, 126, 127, 128, 254, 255, 7500])
def test_what_is_sent_can_be_read(size: int):
    assert decoder().read(encoded(b"name", b"v" * size)) == ((b"name", b"v" * size),)


def test_every_byte_has_a_code():
    codes = {value: code for code, value in huffman._BYTES.items()}
    assert len(codes) == 256
    bits = "".join(f"{code:0{length}b}" for length, code in (codes[value] for value in range(256)))
    bits += "1" * (-len(bits) % 8)
    assert huffman.decoded(int(bits, 2).to_bytes(len(bits) // 8)) == bytes(range(256))
    assert (codes[ord("0")], codes[ord("a")], codes[0x16], codes[0xFF]) == (
        (5, 0),
        (5, 3),
        (30, 0x3FFFFFFE),
        (26, 0x3FFFFEE),
    )


def test_a_block_that_is_refused_may_change_what_others_mean():
    reader = decoder(limit=200)
    reader.read(b"\x40\x01a\x01b")
    assert [reader.read(b"\xbe") for _ in range(2)] == [((b"a", b"b"),)] * 2
    with pytest.raises(TooLarge):
        reader.read(b"\x40\x01c\x01d" + encoded(b"x", b"y" * 200))
    assert reader.read(b"\xbe") == ((b"c", b"d"),)
