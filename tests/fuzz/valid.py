"""Messages that every decoder takes, one of each kind; mutation starts from them."""

from typing import Any

from google.protobuf import json_format

from servegraph.payload.schema import message_class, pool

META: dict[str, Any] = {
    "puid": "p",
    "tags": {"a": [1, {"b": None}], "c": "x"},
    "routing": {"node": 1},
    "requestPath": {"node": "image:1"},
    "metrics": [{"key": "k", "type": "GAUGE", "value": 1.5, "tags": {"t": "v"}}],
}
TENSOR: dict[str, Any] = {"names": ["a", "b"], "tensor": {"shape": [2, 2], "values": [1, 2.5, 3, 4]}}
TF_TENSOR: dict[str, Any] = {
    "dtype": "DT_DOUBLE",
    "tensorShape": {"dim": [{"size": "1"}, {"size": "2"}]},
    "doubleVal": [1, 2],
}
MESSAGES: list[Any] = [
    {"meta": META, "data": TENSOR},
    {"data": {"names": ["a"], "ndarray": [[1], [2.5]]}},
    {"data": {"ndarray": [["a", None], [1, {"b": []}]]}},
    {"data": {"tftensor": TF_TENSOR}},
    {"data": {"tftensor": {"dtype": 7, "tensor_shape": {"dim": [{"size": 1}]}, "string_val": ["eA=="]}}},
    {
        "data": {
            "tftensor": {
                "dtype": "DT_INT64",
                "tensorShape": {"dim": [{"size": 2}]},
                "tensorContent": "AAAAAAAAAAAAAAAAAAAAAA==",
            }
        }
    },
    {"strData": "text"},
    {"binData": "AAEC"},
    {"jsonData": {"any": [1, "x", None, {"deep": [[]]}]}, "meta": {}},
    {"status": {"code": -1, "info": "i", "reason": "r", "status": "FAILURE"}},
]
FEEDBACKS: list[Any] = [
    {
        "request": {"data": TENSOR},
        "response": {"meta": META, "strData": "s"},
        "truth": {"data": {"ndarray": [1]}},
        "reward": 0.5,
    },
    {"reward": 1, "response": {"meta": {"routing": {"node": -1}}}},
]
LISTS: list[Any] = [[MESSAGES[0], MESSAGES[6]], {"seldonMessages": MESSAGES[:3]}]
INFERENCES: list[Any] = [
    {
        "id": "1",
        "parameters": {"content_type": "np", "n": 1, "b": True, "d": 0.5},
        "inputs": [
            {
                "name": "a",
                "shape": [2, 2],
                "datatype": "FP64",
                "data": [1, 2.5, 3, 4],
                "parameters": {"content_type": "np"},
            },
            {"name": "b", "shape": [1], "datatype": "BYTES", "data": ["x"]},
        ],
        "outputs": [{"name": "out", "parameters": {"binary_data": True}}],
    },
    {"inputs": [{"name": "a", "shape": [2, 1], "datatype": "INT64", "data": [[2**60], [-1]]}]},
    {"inputs": [{"name": "a", "shape": [3], "datatype": "BOOL", "data": [True, False, 1]}]},
    {"model_name": "m", "outputs": [{"name": "o", "shape": [1], "datatype": "FP16", "data": [1]}]},
]
BINARY_INFERENCES: list[tuple[Any, bytes]] = [
    (
        {"inputs": [{"name": "a", "shape": [2], "datatype": "FP64", "parameters": {"binary_data_size": 16}}]},
        bytes(16),
    ),
    (
        {"inputs": [{"name": "a", "shape": [2], "datatype": "BYTES", "parameters": {"binary_data_size": 11}}]},
        b"\x01\x00\x00\x00x\x02\x00\x00\x00yz",
    ),
]


PROTOS: dict[str, list[Any]] = {
    "seldon.protos.SeldonMessage": MESSAGES,
    "seldon.protos.Feedback": FEEDBACKS,
    "seldon.protos.SeldonMessageList": LISTS[1:],
    "inference.ModelInferRequest": [
        {
            "modelName": "m",
            "id": "1",
            "parameters": {"p": {"int64Param": "1"}},
            "inputs": [
                {"name": "a", "datatype": "FP64", "shape": ["1", "2"], "contents": {"fp64Contents": [1, 2]}},
                {"name": "b", "datatype": "BYTES", "shape": ["1"], "contents": {"bytesContents": ["eA=="]}},
            ],
            "outputs": [{"name": "o", "parameters": {"p": {"boolParam": True}}}],
        },
        {
            "inputs": [{"name": "c", "datatype": "INT32", "shape": ["2"], "parameters": {"p": {"stringParam": "np"}}}],
            "rawInputContents": ["AAAAAAAAAAA="],
        },
    ],
}


def protos(name: str) -> list[Any]:
    """Valid protobufs of a type by its full name, one for each kind of content."""
    return [json_format.ParseDict(document, message_class(name)(), descriptor_pool=pool()) for document in PROTOS[name]]
