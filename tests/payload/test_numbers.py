"""A large body reads as a small one does, although its numbers are read apart."""

import tracemalloc
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from typing import Any

import numpy as np
import orjson
import pytest

from servegraph.errors import InvalidPayload, ServeGraphError
from servegraph.payload import Message, wire_json
from servegraph.payload.envelope import Text
from servegraph.payload.numbers import LARGE, printed
from servegraph.payload.open_inference import request_of_document, split
from servegraph.payload.seldon import MESSAGE

ROW = b"[1.5, -2.25,3e-7 ,\n4]"
ROWS = b", ".join([ROW] * 9000)
VALUES = b",".join([b"1.5,-2,0.1,1e300"] * 9000)
WHOLE_ROWS = b", ".join([b"[1, -2,9007199254740993 ,\n40000]"] * 9000)
WHOLE_VALUES = b",".join([b"100,-2,0,7000000"] * 9000)


def _read(body: bytes) -> Message | tuple[type, str]:
    try:
        return MESSAGE.from_text(Text(body))
    except ServeGraphError as error:
        return type(error), str(error)


def _read_at_once(body: bytes) -> Message | tuple[type, str]:
    try:
        return wire_json.decode(wire_json.parse(body))
    except ServeGraphError as error:
        return type(error), str(error)


def _same(one: Any, other: Any) -> None:
    if isinstance(other, Message) and isinstance(other.value, np.ndarray):
        assert (one.kind, one.names, one.meta, one.value.dtype) == (
            other.kind,
            other.names,
            other.meta,
            other.value.dtype,
        )
        assert one.value.shape == other.value.shape
        assert one.value.flags.writeable
        assert repr(one.value.tolist()) == repr(other.value.tolist())
    else:
        assert one == other


def _seldon_bodies() -> Iterator[bytes]:
    yield b'{"data":{"ndarray":[%b]}}' % ROWS
    yield b' { "meta" : {"puid":"a"}, "data" : {"names":["t","f"], "ndarray" : [ %b ] , "x":true } } ' % ROWS
    yield b'{"data":{"ndarray":[%b]}}' % VALUES
    yield b'{"data":{"tensor":{"values":[%b],"shape":[9000,4]},"names":["a"]}}' % VALUES
    yield b'{"data":{"tensor":{"shape":[4,9000],"values":[%b]}}}' % ROWS
    yield b'{"data":{"tensor":{"shape":[7],"values":[%b]}}}' % VALUES
    yield b'{"data":{"tensor":{"shape":[7],"values":[%b]}}}' % ROWS
    yield b'{"data":{"tensor":{"shape":"x","values":[%b]}}}' % VALUES
    yield b'{"data":{"tensor":{"shape":[-1,4],"values":[%b]},"ndarray":[[1.5]]}}' % VALUES
    yield b'{"data":{"ndarray":[%b],"ndarray":[[1.5]]}}' % ROWS
    yield b'{"data":{"ndarray":[%b]},"data":{"ndarray":[[2.5]]}}' % ROWS
    yield b'{"jsonData":{"data":{"ndarray":[%b]}}}' % ROWS
    yield b'[{"data":{"ndarray":[%b]}}]' % ROWS
    yield b'{"strData":"%b \\"ndarray\\":[1.0]"}' % (b"x" * LARGE)
    yield b'{"data":{"ndarray":[%b]}}' % WHOLE_ROWS
    yield b'{"data":{"ndarray":[%b]}}' % WHOLE_VALUES
    yield b'{"data":{"tensor":{"shape":[4,9000],"values":[%b]}}}' % WHOLE_VALUES
    yield b'{"data":{"ndarray":[%b]}}' % b",".join([b"[]"] * LARGE)
    for row in (
        b'["a", "]", "[\\"]", "],["]',
        b"[null, 1]",
        b"[NaN, 1]",
        b'["NaN", NaN, -Infinity]',
        b'[{"a":[1]}, 1.5]',
        b"[[1],[2]]",
        b"[1, true]",
        b'["\xc3\xa4",1]',
    ):
        rows = b", ".join([row] * 20_000)
        yield b'{"data":{"names":["t","f"],"ndarray" : [ %b ] , "x":[true]}}' % rows
        yield b'{"data":{"ndarray":[%b,["a"]],"y":"]"}}' % rows
        yield b'{"data":{"ndarray":[%b,"a"]}}' % rows
        yield b'{"data":{"ndarray":[%b,["%b"]]}}' % (rows, b"x" * 10 * LARGE)
        yield b'{"data":{"ndarray":[%b' % rows
        yield b'{"data":{"ndarray":[%b]' % rows
        yield b'{"data":{"ndarray":[%b]]}}' % rows
        yield b'{"data":{"ndarray":[%b]},"data":{"ndarray":[["a"]]}}' % rows
        yield b'{"data":{"tensor":{"values":[%b],"shape":[1]}}}' % rows
        yield b'{"jsonData":{"data":{"ndarray":[%b]}}}' % rows
    for one, other in ((WHOLE_ROWS, ROWS), (ROWS, WHOLE_ROWS), (WHOLE_VALUES, VALUES), (VALUES, WHOLE_VALUES)):
        yield b'{"data":{"ndarray":[%b,%b]}}' % (one, other)
        yield b'{"data":{"tensor":{"shape":[72000],"values":[%b,%b]}}}' % (one, other)
    for key in (b"doubleVal", b"double_val", b"floatVal"):
        for dtype in (b"DT_DOUBLE", b"DT_FLOAT"):
            head = b'{"data":{"tftensor":{"tensorShape":{"dim":[{"size":"36000"}]},"dtype":"%b","%b":[' % (dtype, key)
            yield head + VALUES + b"]}}}"
            yield head + WHOLE_VALUES + b"]}}}"
            yield head + WHOLE_VALUES[:-1] + b".5]}}}"
            yield head + VALUES.replace(b"1e300", b"3") + b"]}}}"
            yield head + VALUES + b'],"double_val":[1.5]}}}'
            yield head + ROWS + b"]}}}"
    for key in (b"tensorContent", b"tensor_content"):
        for encode in (b64encode, urlsafe_b64encode):
            content = encode(np.random.default_rng(0).normal(size=36_000).tobytes())
            head = (
                b'{"data":{"names":["a"],"tftensor":{"tensorShape":{"dim":[{"size":"36000"}]},"dtype":"DT_DOUBLE","%b"'
                % key
            )
            for given in (
                content,
                content[:-1],
                content[:-2],
                content + b"=",
                content[:9] + b" " + content[9:],
                content + b"\\n",
            ):
                yield head + b' : "%b"}}}' % given
            yield head + b':"%b","doubleVal":[1.5]}}}' % content
            yield head + b':"%b","tensor_content":""}}}' % content
            yield head + b':"%b}}}' % content
            yield head.replace(b"36000", b"35000") + b':"%b"}}}' % content
            yield b'{"jsonData":%b:"%b"}}}}' % (head, content)
            yield b'{"data":{"tensor":{"shape":[1],"values":[1.5],"%b":"%b"}}}' % (key, content)
    for odd in (
        b"true",
        b"null",
        b'"1.5"',
        b"NaN",
        b"1e999",
        b"[]",
        b"{}",
        b"",
        b"9007199254740993",
        b"1" * 400,
        b"9223372036854775808",
        b"-1e5",
    ):
        for whole in (b"%b,[1,2,3,%b]" % (WHOLE_ROWS, odd), b"[%b,2,3,4],%b" % (odd, WHOLE_ROWS)):
            yield b'{"data":{"ndarray":[%b]}}' % whole
        for whole in (b"%b,%b" % (WHOLE_VALUES, odd), b"%b,%b" % (odd, WHOLE_VALUES)):
            yield b'{"data":{"tensor":{"shape":[36001],"values":[%b]}}}' % whole
        yield b'{"data":{"ndarray":[%b,[1.5,2,3,%b]]}}' % (ROWS, odd)
        yield b'{"data":{"ndarray":[[%b,2,3,4],%b]}}' % (odd, ROWS)
        yield b'{"data":{"tensor":{"shape":[36001],"values":[%b,%b]}}}' % (VALUES, odd)
        yield b'{"data":{"tensor":{"shape":[36001],"values":[%b,%b]}}}' % (odd, VALUES)
    for broken in (b"]", b",", b"[", b"],[[", b"]]", b"}", b'"', b"[1.5]", b"\xff", b"[1.5,2,3]"):
        yield b'{"data":{"ndarray":[%b%b]}}' % (ROWS, broken)
        yield b'{"data":{"ndarray":[%b%b,%b]}}' % (ROWS, broken, ROWS)
        yield b'{"data":{"ndarray":[%b]%b}}' % (ROWS, broken)
        yield b'{"data":{"tensor":{"shape":[72000],"values":[%b%b,%b]}}}' % (VALUES, broken, VALUES)


@pytest.mark.parametrize("body", [pytest.param(body, id=str(place)) for place, body in enumerate(_seldon_bodies())])
def test_large_messages_read_as_at_once(body: bytes) -> None:
    _same(_read(body), _read_at_once(body))


def _infer_bodies() -> Iterator[bytes]:
    head = b'{"inputs":[{"name":"a","shape":[%b],"datatype":"%b","data":[%b]%b}'
    for datatype in (b"FP64", b"FP32", b"INT64", b"BOOL", b"BYTES", b"X"):
        yield head % (b"9000,4", datatype, ROWS, b"") + b"]}"
        yield head % (b"36000", datatype, VALUES, b',"parameters":{"f":true}') + b"]}"
        for odd in (b"true", b"null", b"9007199254740993", b'"a"', b"1e999"):
            yield head % (b"4", datatype, b"1.0,2,3," + odd, b" " * LARGE) + b"]}"
    wholes = b",".join([b"3.0,9007199254740993"] * 9000)
    yield head % (b"18000", b"INT64", wholes, b"") + b"]}"
    yield head % (b"9", b"FP64", VALUES, b"") + b"]}"
    second = b',{"name":"b","shape":[2],"datatype":"FP64","data":[1.5,null]}'
    yield head % (b"36000", b"FP64", VALUES.replace(b"1e300", b"7"), b"") + second + b"]}"
    yield head % (b"2", b"FP64", b"1.5,2", b',"parameters":{"data":[1.5]}') + b'],"x":[%b]}' % VALUES


def _infer(body: bytes, apart: bool) -> Any:
    try:
        request = request_of_document(split(Text(body), apart=apart))
    except InvalidPayload as error:
        return type(error), str(error)
    return [
        (each.name, each.datatype, each.data.dtype.str, each.data.shape, each.data.tolist(), each.parameters)
        for each in request.inputs
    ]


@pytest.mark.parametrize("body", [pytest.param(body, id=str(place)) for place, body in enumerate(_infer_bodies())])
def test_large_infer_requests_read_as_at_once(body: bytes) -> None:
    assert repr(_infer(body, True)) == repr(_infer(body, False))


@pytest.mark.parametrize("dtype", ["f8", "f4", "f2", ">f8", "i8", "u1", ">i4", "?"])
@pytest.mark.parametrize("shape", [(30_000,), (3, 7000), (20_000, 3), (40, 30, 20), (2, 0), (0,)])
def test_arrays_are_printed_as_their_lists(dtype: str, shape: tuple[int, ...]) -> None:
    numbers = (np.random.default_rng(0).normal(size=shape) * 100).astype(dtype)
    assert printed(numbers) == orjson.dumps(numbers.tolist())
    if numbers.ndim > 1:
        assert printed(numbers.T, b"{", b"}") == b"{" + orjson.dumps(numbers.T.tolist()) + b"}"


def test_the_text_of_a_large_array_is_in_memory_once() -> None:
    numbers = np.random.default_rng(0).normal(size=50_000)
    tracemalloc.start()
    text = printed(numbers)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1.5 * len(text)


def test_an_array_that_is_printed_on_the_loop_is_printed_without_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    def paused(seconds: float) -> None:
        raise AssertionError(f"the loop would sleep for {seconds} s")

    monkeypatch.setattr("servegraph.payload.numbers.sleep", paused)
    numbers = np.arange(LARGE // 8) / 7
    assert orjson.loads(printed(numbers)) == numbers.tolist()
