"""Valid messages, changed a little or a lot: what hostile and broken clients send.

Everything follows from the `random.Random` given, so a seed repeats a run.
"""

import copy
import json
import math
from random import Random
from typing import Any

JUNK: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1,
    2**31,
    -(2**31) - 1,
    2**63,
    2**64,
    10**400,
    0.5,
    -0.0,
    1e308,
    math.nan,
    math.inf,
    "",
    "x",
    "\ud800",
    "\x00",
    "é" * 300,
    "AAAA",
    "DT_DOUBLE",
    "FP64",
    [],
    {},
    [[]],
    [{}],
    [None],
    [1, "a", None],
    [[1, 2], [3]],
    [2**31 - 1, 2**31 - 1],
    [0, 2**31 - 1],
    [1] * 40,
    {"": {}},
    {"size": -1},
)
WORDS = (
    "data names tensor ndarray tftensor shape values jsonData strData binData customData meta puid tags routing "
    "requestPath metrics key type value status code info reason reward request response truth seldonMessages dtype "
    "tensorShape tensor_shape dim size doubleVal tensorContent inputs outputs name datatype parameters "
    "binary_data_size binary_data content_type id"
).split()
TOKENS = (
    b"NaN",
    b"-Infinity",
    b"1e999",
    b"1" * 5000,
    b"-",
    b"\\ud800",
    b"\\u0000",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\x00",
    b"\xc3\x28",
    b"null",
    b"{",
    b"}",
    b"[",
    b"]",
    b'"',
    b",",
    b":",
    b"[" * 3000,
    b"]" * 3000,
    b'{"a":' * 1000,
)
MAX_BYTES = 1 << 16


def document(random: Random, valid: Any) -> Any:
    """A JSON document with a few of its members changed; the given one stays as it is."""
    changed = {"root": copy.deepcopy(valid)}
    for _ in range(random.choice((0, 1, 1, 1, 2, 3, 8))):
        holder, key = random.choice(list(_places(changed)))
        _change(random, holder, key)
    return changed["root"]


def _places(holder: Any) -> Any:
    """Every (container, key) below a container."""
    for key in list(holder) if isinstance(holder, dict) else range(len(holder)):
        yield holder, key
        if isinstance(holder[key], dict | list):
            yield from _places(holder[key])


def _change(random: Random, holder: Any, key: Any) -> None:
    match random.randrange(8):
        case 0 | 1 | 2:
            holder[key] = copy.deepcopy(random.choice(JUNK))
        case 3:
            holder[key] = [holder[key]] * random.choice((1, 2, 20))
        case 4:
            holder[key] = {random.choice(WORDS): holder[key]}
        case 5 if isinstance(holder, dict) and key != "root":
            holder[random.choice(WORDS)] = holder.pop(key)
        case 6 if isinstance(holder[key], dict):
            holder[key][random.choice(WORDS)] = copy.deepcopy(random.choice(JUNK))
        case 7:
            holder[key] = _nested(random, holder[key])


def _nested(random: Random, inner: Any) -> Any:
    for _ in range(random.choice((2, 33, 199, 201))):
        inner = [inner] if random.random() < 0.5 else {"n": inner}
    return inner


def text(random: Random, valid: Any) -> bytes:
    """The body of a changed document, sometimes no JSON at all."""
    body = json.dumps(document(random, valid), ensure_ascii=random.random() < 0.8).encode(errors="surrogatepass")
    return raw(random, body) if random.random() < 0.4 else body[:MAX_BYTES]


def raw(random: Random, body: bytes) -> bytes:
    """Bytes with a few cuts, splices and flips."""
    changed = bytearray(body)
    for _ in range(random.choice((0, 1, 1, 2, 5, 20))):
        at = random.randrange(len(changed) + 1)
        match random.randrange(6):
            case 0:
                changed[at : at + 1] = bytes([random.randrange(256)])
            case 1:
                changed[at:at] = random.choice(TOKENS)
            case 2:
                del changed[at : at + random.choice((1, 4, 64))]
            case 3:
                del changed[at:]
            case 4:
                changed[at:at] = random.randbytes(random.choice((1, 8, 200)))
            case 5:
                end = random.randrange(len(changed) + 1)
                changed[at:at] = changed[min(at, end) : max(at, end)][:4096]
    return bytes(changed[:MAX_BYTES])


def proto(random: Random, valid: Any) -> bytes:
    """The wire form of a protobuf with changed fields, sometimes of no protobuf at all."""
    message = type(valid)()
    message.CopyFrom(valid)
    for _ in range(random.choice((0, 1, 1, 2, 4))):
        _change_field(random, message)
    body = message.SerializeToString()
    return raw(random, body) if random.random() < 0.5 else body[:MAX_BYTES]


_NUMBERS = (0, 1, -1, 2, 7, 2**31 - 1, -(2**31))


def _change_field(random: Random, message: Any) -> None:
    fields = list(message.DESCRIPTOR.fields)
    if not fields:
        return  # a value of null
    field = random.choice(fields)
    repeated = field.label == field.LABEL_REPEATED
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        return
    if random.random() < 0.1:
        message.ClearField(field.name)
    elif field.message_type is not None:
        inner = getattr(message, field.name)
        _change_field(random, (random.choice(inner) if inner else inner.add()) if repeated else inner)
    elif repeated:
        getattr(message, field.name).extend([_scalar(random, field)] * random.choice((1, 1, 3, 40)))
    else:
        setattr(message, field.name, _scalar(random, field))


def _scalar(random: Random, field: Any) -> Any:
    kind = field.cpp_type
    if kind in (field.CPPTYPE_INT32, field.CPPTYPE_INT64):
        return random.choice(_NUMBERS)
    if kind in (field.CPPTYPE_UINT32, field.CPPTYPE_UINT64):
        return abs(random.choice(_NUMBERS[:6]))
    if kind in (field.CPPTYPE_DOUBLE, field.CPPTYPE_FLOAT):
        return random.choice((0.0, -1.5, math.nan, math.inf, 3e38))
    if kind == field.CPPTYPE_BOOL:
        return random.random() < 0.5
    if kind == field.CPPTYPE_ENUM:
        return random.choice((0, 1, 2, 19))
    if field.type == field.TYPE_BYTES:
        return random.choice((b"", b"\x00", b"\xff" * 7, random.randbytes(16)))
    return random.choice(("", "x", "é", "\x00", "FP64", "BYTES", "INT64", "y" * 300))
