"""Where we mean to differ from the original: each with its reason and with a request that shows it.

A difference that no entry allows fails a test, and so does an entry whose request makes no difference.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.differential import sent
from tests.differential.asking import NO_HTTP, Answer, Rest, Rpc, doing, post, rpc
from tests.differential.pair import Pair

CALLING = "Exception calling application: "
NO_DATA = "the message has none of data, jsonData, strData, binData, customData"
SHAPE = "data.tensor.shape must be a list of whole numbers, none negative"
# What a component's own exceptions say here, and what the server says where the original loses it over gRPC.
LOST_BY_GRPC = re.compile(
    f"{NO_DATA}|Routing response must be int but got .*|(route|aggregate) is not implemented"
    r"|Bad metric created during request: .*|no( <thanks>)?",
    re.DOTALL,
)
# What the original says when it looks into the meta of a raw method's answer.
RAW_META = re.compile(
    r"'key'|'value'|'\w+' object (has no attribute 'get'|is not iterable|does not support item assignment)"
    r"|list indices must be .*|unsupported operand type.*|sequence item .* expected str instance.*"
)
KINDS: dict[str, tuple[type, str]] = {
    "data.names": (list, "a list"),
    "meta.puid": (str, "a string"),
    "meta.tags": (dict, "an object"),
    "meta.metrics": (list, "a list"),
}
DATA = {"data": {"ndarray": [[1]]}}


@dataclass(frozen=True)
class Deviation:
    """A difference that is meant.

    Attributes:
        reason: why.
        allows: whether it explains (the original's answer, ours) to a request.
        shown_by: the class and a request to it that differ by it.
    """

    reason: str
    allows: Callable[[Rest | Rpc, Answer, Answer], bool]
    shown_by: tuple[str, Rest | Rpc]


def _is_media_type(request: Rest | Rpc, original: Answer, ours: Answer) -> bool:
    said = (ours.status, ours.info, ours.reason)
    return (
        original.status == 500
        and original.info.startswith("415 Unsupported Media Type")
        and said == (400, "Can't find JSON in data", "MICROSERVICE_BAD_DATA")
    )


def _is_lost_text(request: Rest | Rpc, original: Answer, ours: Answer) -> bool:
    return (
        (original.status, original.body, ours.status) == ("UNKNOWN", CALLING, "UNKNOWN")
        and ours.info.startswith(CALLING)
        and LOST_BY_GRPC.fullmatch(ours.info.removeprefix(CALLING)) is not None
    )


def _is_bytearray(request: Rest | Rpc, original: Answer, ours: Answer) -> bool:
    return (
        (original.status, ours.status) == ("UNKNOWN", "UNKNOWN")
        and original.body == f"{CALLING}expected bytes, bytearray found"
        and ours.info.startswith(f"{CALLING}Cannot set seldon.protos.SeldonMessage.binData to bytearray(")
    )


def _is_odd_status(request: Rest | Rpc, original: Answer, ours: Answer) -> bool:
    asked = sent.document(request)
    unreadable = (original.status, original.body) == (NO_HTTP, "BadStatusLine")
    return (
        (unreadable or original.info == "'float' object has no attribute 'strip'")
        and isinstance(asked, dict)
        and (ours.status, ours.body) == (200, {"status": {"code": asked.get("answer_status")}})
    )


def _is_refused_kind(request: Rest | Rpc, original: Answer, ours: Answer) -> bool:
    return (ours.status, ours.reason) == (400, "MICROSERVICE_BAD_DATA") and any(
        ours.info == f"{member} must be {words}" and any(not isinstance(each, kind) for each in _given(request, member))
        for member, (kind, words) in KINDS.items()
    )


def _given(request: Rest | Rpc, member: str) -> list[Any]:
    return [each for each in sent.members(request, member) if each]


def _is_empty_kind(request: Rest | Rpc, original: Answer, ours: Answer) -> bool:
    trips = re.fullmatch(r"'\w+' object (has no attribute '(update|extend)'|is not iterable)", original.info)
    return (
        trips is not None
        and original.status == 500
        and any(
            not each and not isinstance(each, kind)
            for member, (kind, _) in KINDS.items()
            for each in sent.members(request, member)
        )
    )


def _is_refused_early(request: Rest | Rpc, original: Answer, ours: Answer) -> bool:
    paths = [each for each in sent.members(request, "meta.requestPath") if not isinstance(each, dict)]
    metas = [each for each in sent.members(request, "meta") if not isinstance(each, dict)]
    said = {f"'{type(each).__name__}' object is not a mapping" for each in paths}
    said |= {f"'{type(each).__name__}' object has no attribute 'get'" for each in metas}
    return ours.status == 500 and ours.info in said


def _is_no_list(request: Rest | Rpc, original: Answer, ours: Answer) -> bool:
    found = sent.document(request)
    return (
        isinstance(request, Rest)
        and request.path == "/aggregate"
        and isinstance(found, bool | int | float)
        and original.info == f"argument of type '{type(found).__name__}' is not iterable"
        and (ours.status, ours.info) == (400, f"Invalid request data type: {found}")
    )


def _is_shape(request: Rest | Rpc, original: Answer, ours: Answer) -> bool:
    """A shape of the protobuf that is missing, or has a negative size."""
    tensors = [each for each in sent.members(request, "data.tensor") if isinstance(each, dict)]
    odd = [each for each in tensors if min(each.get("shape") or [-1]) < 0]
    scalars = [each for each in odd if not each.get("shape") and len(each.get("values", ())) == 1]
    if ours.info.removeprefix(CALLING) == SHAPE:
        return len(odd) > len(scalars)
    return bool(scalars) and original.info.removeprefix(CALLING).startswith("slice indices must be integers or None")


def _is_raw_meta(request: Rest | Rpc, original: Answer, ours: Answer) -> bool:
    """The raw methods of classes/raw.py answer what they are asked."""
    trips = RAW_META.fullmatch(original.info.removeprefix(CALLING))
    if trips is None or (original.status, ours.status) not in (("UNKNOWN", "OK"), (500, 200)):
        return False
    asked = sent.document(request)
    meta = asked.get("meta", {}) if isinstance(asked, dict) else {}
    metrics = meta.get("metrics", []) if isinstance(meta, dict) else None
    return not isinstance(metrics, list) or not all(map(_is_metric, metrics))


def _is_metric(metric: Any) -> bool:
    return (
        isinstance(metric, dict)
        and "key" in metric
        and isinstance(metric.get("value"), int | float)
        and isinstance(metric.get("tags", {}), dict)
        and all(isinstance(each, str) for each in metric.get("tags", {}).values())
    )


def _is_huge(request: Rest | Rpc, original: Answer, ours: Answer) -> bool:
    return (
        original.status == ours.status
        and any(_is_beyond_64_bits(number) for number in sent.numbers(sent.document(request)))
        and _doubled(original.body) == ours.body
    )


def _is_beyond_64_bits(number: int) -> bool:
    return not -(2**63) <= number < 2**64


def _doubled(node: Any) -> Any:
    if isinstance(node, dict):
        return {name: _doubled(each) for name, each in node.items()}
    if isinstance(node, list):
        return [_doubled(each) for each in node]
    return float(node) if type(node) is int and _is_beyond_64_bits(node) else node


DEVIATIONS: list[Deviation] = [
    Deviation(
        "a body without a JSON content type is 400, as before Flask 3, which raises a 415 of its own",
        _is_media_type,
        ("chameleon", Rest("/predict", b"{}", "text/plain")),
    ),
    Deviation(
        "details of a gRPC error say what REST says, where the original's are empty",
        _is_lost_text,
        ("bare", rpc("Model/Predict", {})),
    ),
    Deviation(
        "a bytearray over gRPC is refused in the words of protobuf 3.20; later ones have their own",
        _is_bytearray,
        ("chameleon", rpc("Model/Predict", doing("bytearray", DATA))),
    ),
    Deviation(
        "a status.code that no HTTP status can be is 200, not an answer that clients cannot read",
        _is_odd_status,
        ("raw", post("/predict", {"answer_status": 1000})),
    ),
    Deviation(
        "data.names, meta.puid, meta.tags and meta.metrics of a wrong type are 400, not passed on",
        _is_refused_kind,
        ("chameleon", post("/predict", {**DATA, "meta": {"puid": 1}})),
    ),
    Deviation(
        "null, 0, false and what is empty counts as absent in their place, whatever the component does with it",
        _is_empty_kind,
        ("decorated", post("/predict", {**DATA, "meta": {"tags": None}})),
    ),
    Deviation(
        "a meta or meta.requestPath that is no object is refused by all methods, before the component is called",
        _is_refused_early,
        ("chameleon", post("/route", {**DATA, "meta": {"requestPath": []}})),
    ),
    Deviation(
        "to aggregate, numbers and booleans are 400 as all else that is no list",
        _is_no_list,
        ("chameleon", Rest("/aggregate", b"0")),
    ),
    Deviation(
        "a tensor in protobuf with a negative size is refused, one value without a shape is a scalar",
        _is_shape,
        ("chameleon", rpc("Model/Predict", {"data": {"tensor": {"values": [1]}}})),
    ),
    Deviation(
        "what a raw method says in meta does not fail its answer; what is no metric is not counted",
        _is_raw_meta,
        ("raw", post("/transform-input", {"meta": {"metrics": [{"key": "k"}]}})),
    ),
    Deviation(
        "whole numbers beyond 64 bits are doubles",
        _is_huge,
        ("chameleon", post("/predict", {"jsonData": {"a": 2**64}})),
    ),
]


def allowed(request: Rest | Rpc, original: Answer, ours: Answer) -> bool:
    return any(each.allows(request, original, ours) for each in DEVIATIONS)


def check(pair: Pair, request: Rest | Rpc) -> None:
    """Ask both; fail with both answers when they differ in a way that is not meant."""
    original, ours = pair.ask(request)
    assert original.exact == ours.exact or allowed(request, original, ours), (
        f"\nrequest:  {request}\noriginal: {original.exact}\nours:     {ours.exact}"
    )
