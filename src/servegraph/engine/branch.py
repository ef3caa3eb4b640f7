"""Which child a router chose: the number in its answer, in whichever form the answer is.

Source:
    Seldon's executor: the first element of `data.ndarray` (flat, or nested one level), of
    `data.tensor.values` or of `data.tftensor.intVal` counts; a number is cut toward zero, anything
    else in its place reads 0; an answer that is no SeldonMessage may be a plain list of whole
    numbers. Where the executor drops the connection or dies, this raises `InvalidRoute`.
"""

import math
from collections.abc import Sequence
from typing import Any

from google.protobuf import json_format

from servegraph.errors import InvalidRoute, MalformedArray
from servegraph.payload import Message, tftensor
from servegraph.payload.schema import message_class

_MESSAGE = frozenset(("data", "meta", "status"))
_META = frozenset(("puid", "tags", "routing", "requestPath", "metrics"))
_DATA = frozenset(("names", "ndarray", "tensor"))
_TENSOR = frozenset(("shape", "values"))
_NO_DATA = "a router must answer with data: an ndarray or a tensor that holds the number of a child"
_EMPTY = "the router answered with an empty list; its first element must be the number of a child"


def branch_of_message(node: str, message: Message) -> int:
    """The number in a decoded message.

    Raises:
        InvalidRoute: it has none.
    """
    if not message.is_array:
        raise _invalid(node, _NO_DATA)
    if message.value.size == 0:
        raise _invalid(node, _EMPTY)
    return _whole(node, message.value.ravel()[:1].tolist()[0])


def branch_of_document(node: str, document: Any) -> int:
    """The number in parsed JSON; raises like `branch_of_message`."""
    if not isinstance(document, dict):
        return _branch_of_list(node, document)
    first = _first(node, document)
    if first is not _UNUSUAL:
        return _whole(node, first)
    try:
        proto = json_format.ParseDict(document, message_class("seldon.protos.SeldonMessage")())
    except json_format.ParseError:
        return _branch_of_list(node, document)
    return branch_of_proto(node, proto)


def branch_of_proto(node: str, proto: Any) -> int:
    """The number in a SeldonMessage; raises like `branch_of_message`."""
    if proto.WhichOneof("data_oneof") != "data":
        raise _invalid(node, _NO_DATA)
    data = proto.data
    match data.WhichOneof("data_oneof"):
        case "ndarray":
            first = _at_least_one(node, data.ndarray.values)
            if first.WhichOneof("kind") == "list_value":
                first = _at_least_one(node, first.list_value.values)
            return _whole(node, first.number_value)
        case "tensor":
            return _whole(node, _at_least_one(node, data.tensor.values))
        case "tftensor":
            return _whole(node, _at_least_one(node, data.tftensor.int_val or _elements(node, data.tftensor)))
    raise _invalid(node, _NO_DATA)


def _elements(node: str, proto: Any) -> Any:
    """The first element of a TensorProto that holds no `int_val`, as a list; NumPy's whole numbers are 64 bits wide."""
    try:
        return tftensor.to_array(proto).ravel()[:1].tolist()
    except MalformedArray as error:
        raise _invalid(node, str(error)) from error


_UNUSUAL = object()


def _first(node: str, document: dict[str, Any]) -> Any:
    """The first element of an ndarray or tensor in the usual form, which needs no protobuf."""
    data = document.get("data")
    if not isinstance(data, dict) or document.keys() - _MESSAGE or data.keys() - _DATA:
        return _UNUSUAL
    if not isinstance(document.get("meta", {}), dict) or document.get("meta", {}).keys() - _META:
        return _UNUSUAL
    match data:
        case {"ndarray": list(rows)} if "tensor" not in data:
            first = _at_least_one(node, rows)
            return _at_least_one(node, first) if isinstance(first, list) else first
        case {"tensor": {"values": list(values), **rest}} if "ndarray" not in data and not rest.keys() - _TENSOR:
            first = _at_least_one(node, values)
            return first if type(first) in (int, float) else _UNUSUAL
    return _UNUSUAL


def _branch_of_list(node: str, document: Any) -> int:
    if document is not None and not isinstance(document, list):
        raise _invalid(node, f"json: cannot unmarshal {_kind(document)} into Go value of type []int")
    for element in document or ():
        if element is not None and type(element) is not int:
            literal = f" {element!r}" if isinstance(element, float) else ""
            raise _invalid(node, f"json: cannot unmarshal {_kind(element)}{literal} into Go value of type int")
    return _at_least_one(node, document or ()) or 0


def _kind(document: Any) -> str:
    return {dict: "object", list: "array", str: "string", bool: "bool"}.get(type(document), "number")


def _at_least_one(node: str, elements: Sequence[Any]) -> Any:
    if not elements:
        raise _invalid(node, _EMPTY)
    return elements[0]


def _whole(node: str, number: Any) -> int:
    if type(number) not in (int, float):
        return 0
    if not math.isfinite(number):
        raise _invalid(node, f"the router answered with {number}, which is the number of no child")
    return int(number)


def _invalid(node: str, message: str) -> InvalidRoute:
    return InvalidRoute(node, "route", message)
