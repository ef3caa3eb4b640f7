"""Bodies that a correct HTTP request may carry, and no graph can use: kind -> what makes one."""

import base64
import copy
import gzip
import json
import math
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

Make = Callable[[Random], bytes]

SCALARS: tuple[Any, ...] = (None, True, -1, 0.5, 2**31, 2**64, 10**400, "", "x", "\x00", "é" * 99)
CONTAINERS: tuple[Any, ...] = ([], {}, [[]], [{}], [None], ["x", 1], {"": []}, [[1, 2], [3]], [2**31 - 1] * 3, [1] * 40)

MESSAGE: dict[str, Any] = {
    "meta": {
        "puid": "p",
        "tags": {"t": 1},
        "routing": {"n": 0},
        "requestPath": {"n": "i"},
        "metrics": [{"key": "k", "type": "COUNTER", "value": 1, "tags": {"a": "b"}}],
    },
    "data": {"names": ["a", "b"], "tensor": {"shape": [1, 2], "values": [1, 2]}},
}
TF_MESSAGE: dict[str, Any] = {
    "data": {"tftensor": {"dtype": "DT_DOUBLE", "tensorShape": {"dim": [{"size": "2"}]}, "doubleVal": [1, 2]}}
}
FEEDBACK: dict[str, Any] = {"request": MESSAGE, "response": MESSAGE, "truth": TF_MESSAGE, "reward": 0.5}
INFERENCE: dict[str, Any] = {
    "id": "1",
    "parameters": {"content_type": "np"},
    "inputs": [{"name": "a", "shape": [2], "datatype": "FP64", "data": [1, 2], "parameters": {"p": 1}}],
    "outputs": [{"name": "o", "parameters": {"binary_data": False}}],
}


def dumps(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode(errors="surrogatepass")


def _nested(opening: bytes, inner: bytes, closing: bytes, most: int) -> Make:
    def make(random: Random) -> bytes:
        depth = random.randrange(most // 2, most)
        return opening * depth + inner + closing * depth

    return make


def _fixed(body: bytes) -> Make:
    return lambda random: body


def _strings(form: bytes, *texts: bytes) -> Make:
    return lambda random: form % random.choice(texts)


_NDARRAY = b'{"data": {"ndarray": [[%s]]}}'
_STRDATA = b'{"strData": "%s"}'

BROKEN: Mapping[str, Make] = {
    "empty body": _fixed(b""),
    "only spaces": lambda random: b" " * random.randrange(1, 100_000),
    "open brace": _fixed(b"{"),
    "close brace": _fixed(b"}"),
    "cut short": lambda random: dumps(MESSAGE)[: random.randrange(1, 100)],
    "twice": _fixed(dumps(MESSAGE) * 2),
    "trailing comma": _fixed(b'{"strData": "x",}'),
    "single quotes": _fixed(b"{'strData': 'x'}"),
    "comment": _fixed(b'{"strData": "x" /* x */}'),
    "bare key": _fixed(b'{strData: "x"}'),
    "bad escape": _strings(_STRDATA, b"\\q", b"\\u12", b"\\uZZZZ", b"\\"),
    "lone surrogate": _strings(_STRDATA, b"\\ud800", b"\\udfff", b"\\ud800\\ud800"),
    "raw control characters": _strings(_STRDATA, b"\x00", b"\n", b"\x1f", b"\x7f\x00"),
    "invalid utf-8": _strings(_STRDATA, b"\xff", b"\xc3\x28", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80", b"\xc0\x80"),
    "invalid utf-8 outside strings": lambda random: random.randbytes(50) + dumps(MESSAGE),
    "random bytes": lambda random: random.randbytes(random.randrange(1, 5000)),
    "utf-8 mark": _fixed(b"\xef\xbb\xbf" + dumps(MESSAGE)[:-1]),
    "utf-16": _fixed(dumps(MESSAGE).decode().encode("utf-16")[:-1]),
    "utf-32": _fixed(dumps(MESSAGE).decode().encode("utf-32")[:-3]),
    "latin-1": _fixed('{"strData": "é"}'.encode("latin-1")),
    "not a number": _strings(_NDARRAY, b"NaN", b"-Infinity", b"nan", b"Infinity, 1"),
    "endless number": _strings(_NDARRAY, b"1e999", b"-1e99999", b"9" * 400, b"1" * 5000),
    "million digits": lambda random: _NDARRAY % (b"7" * random.randrange(100_000, 1_000_000)),
    "odd number": _strings(_NDARRAY, b"01", b"+1", b".5", b"0x10", b"1_000", b"1e", b"--1", b"1."),
    "deep lists, open": _nested(b"[", b"", b"", 100_000),
    "deep objects, open": _nested(b'{"a":', b"", b"", 50_000),
    "deep lists": _nested(b"[", b"1", b"]", 50_000),
    "deep ndarray": _nested(b'{"data":{"ndarray":' + b"[" * 40, b"1", b"]", 900),
    "deep jsonData": lambda random: b'{"jsonData":' + _nested(b"[", b"1", b"]", 20_000)(random) + b"}",
    "deep tags": lambda random: (
        b'{"strData":"x","meta":{"tags":' + _nested(b'{"a":', b"1", b"}", 20_000)(random) + b"}}"
    ),
    "many keys": lambda random: dumps({f"k{random.random()}": index for index in range(5000)}),
    "one key many times": lambda random: b"{" + b'"data":1,' * 20_000 + b'"data":2}',
    "null": _fixed(b"null"),
    "number": _strings(b"%s", b"1", b"-0", b"1e5"),
    "string": _strings(b'"%s"', b"x", b"", b"data"),
    "list": _strings(b"[%s]", b"", b"1", b"{}", dumps(MESSAGE)),
    "no payload": _strings(b"%s", b"{}", b'{"meta": {}}', b'{"x": 1}', b'{"data": {}}', b'{"data": {"names": []}}'),
    "several payloads": _fixed(b'{"strData": 1, "binData": 2, "data": 3}'),
}

SHAPES: Mapping[str, Make] = {
    "tensor of another size": lambda r: _tensor([r.randrange(3, 99), 2], [1, 2]),
    "tensor with a negative side": lambda r: _tensor([-1, r.choice((2, -2))], [1, 2]),
    "tensor of huge sides": lambda r: _tensor([2**31 - 1] * r.randrange(1, 8), []),
    "tensor of no bytes and huge sides": lambda r: _tensor([0, 2**31 - 1, 2**31 - 1], []),
    "tensor of many sides": lambda r: _tensor([1] * r.randrange(33, 3000), [1]),
    "tensor of fractional sides": lambda r: _tensor([0.5, 4], [1, 2]),
    "tensor of text": lambda r: _tensor([2], ["a", "b"]),
    "tensor of lists": lambda r: _tensor([2], [[1], [2, 3]]),
    "tensor of huge numbers": lambda r: _tensor([1], [10 ** r.randrange(309, 400)]),
    "tensor without shape": lambda r: dumps({"data": {"tensor": {"values": [1, 2]}}}),
    "ragged ndarray": lambda r: dumps({"data": {"ndarray": [[1] * r.randrange(9), [1] * 10]}}),
    "ndarray of objects": lambda r: dumps({"data": {"ndarray": [{}, {"a": 1}]}}),
    "ndarray that is no list": lambda r: dumps({"data": {"ndarray": r.choice(SCALARS)}}),
    "ndarray of empty lists": lambda r: dumps({"data": {"ndarray": [[]] * r.randrange(1, 2000)}}),
    "tftensor of huge sides": lambda r: _tf("DT_FLOAT", [2**40, 2**20], floatVal=[1]),
    "tftensor with a negative side": lambda r: _tf("DT_FLOAT", [-1], floatVal=[1]),
    "tftensor of short content": lambda r: _tf(
        "DT_INT64", [2], tensorContent=base64.b64encode(r.randbytes(9)).decode()
    ),
    "tftensor of unknown type": lambda r: _tf(r.choice(("DT_X", 99, "DT_RESOURCE", None)), [1]),
    "tftensor filled from one value": lambda r: _tf("DT_DOUBLE", [2**30], doubleVal=[1]),
    "tftensor of text numbers": lambda r: _tf("DT_INT32", [1], intVal=["x"]),
    "binData no base64": lambda r: dumps({"binData": r.choice(("é", "A", "====", "AA=A", "A" * 4097))}),
}


def _tensor(shape: Any, values: Any) -> bytes:
    return dumps({"data": {"tensor": {"shape": shape, "values": values}}})


def _tf(dtype: Any, sides: list[int], **values: Any) -> bytes:
    shape = {"dim": [{"size": str(side)} for side in sides]}
    return dumps({"data": {"tftensor": {"dtype": dtype, "tensorShape": shape, **values}}})


def wrong_types(document: Any, depth: int = 99) -> dict[str, Make]:
    """For every member of a document one kind with a scalar in its place, and one with a container.

    Args:
        depth: how deep below the document members are looked for.
    """
    return {
        f"{'.'.join(map(str, path))} is a {what}": _replacing(document, path, values)
        for path in _paths(document)
        if len(path) <= depth
        for what, values in (("scalar", SCALARS), ("container", CONTAINERS))
    }


def _paths(document: Any) -> list[tuple[Any, ...]]:
    if isinstance(document, dict):
        members: Any = document.items()
    else:
        members = enumerate(document[:1]) if isinstance(document, list) else ()
    return [path for key, value in members for path in ((key,), *((key, *below) for below in _paths(value)))]


def _replacing(document: Any, path: tuple[Any, ...], values: tuple[Any, ...]) -> Make:
    def make(random: Random) -> bytes:
        changed = copy.deepcopy(document)
        holder = changed
        for key in path[:-1]:
            holder = holder[key]
        holder[path[-1]] = random.choice(values)
        return dumps(changed)

    return make


INFERENCES: Mapping[str, Make] = {
    "data of another size": lambda r: _infer(shape=[r.randrange(3, 999)]),
    "huge shape": lambda r: _infer(shape=[2**31 - 1] * r.randrange(1, 9), data=[]),
    "negative shape": lambda r: _infer(shape=[-1, -2]),
    "unknown datatype": lambda r: _infer(datatype=r.choice(("FP65", "", "fp64", "BF16", "STRING"))),
    "data of another type": lambda r: _infer(datatype=r.choice(("INT8", "UINT64", "BOOL", "BYTES")), data=[-0.5, "x"]),
    "numbers out of range": lambda r: _infer(datatype="INT8", data=[2**40, -(2**70)]),
    "ragged data": lambda r: _infer(data=[[1], [2, 3]]),
    "binary size without bytes": lambda r: _infer(parameters={"binary_data_size": r.choice((1, 16, -1, 2**62, "x"))}),
    "no data": lambda r: dumps({"inputs": [{"name": "a", "shape": [1], "datatype": "FP32"}]}),
    "no inputs": lambda r: r.choice((b"{}", b'{"inputs": []}', b'{"inputs": null}', b'{"inputs": {}}')),
    "thousands of inputs": lambda r: dumps({"inputs": INFERENCE["inputs"] * r.randrange(500, 2000)}),
    "not JSON": lambda r: b"\x00" + r.randbytes(64),
}


def _infer(**changed: Any) -> bytes:
    return dumps({"inputs": [{**INFERENCE["inputs"][0], "parameters": {}, **changed}]})


BOMB = gzip.compress(bytes(32 << 20), 9)
NAN = dumps({"data": {"ndarray": [[math.nan]]}})
