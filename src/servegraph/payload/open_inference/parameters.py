"""Parameters of protobuf messages, which are scalars, to and from those of the model, which are what JSON has."""

from typing import Any

import orjson

from servegraph.payload.open_inference.model import Parameters


def parameters_of(protos: Any) -> Parameters:
    """The parameters in a map of InferParameter; one without a value is None."""
    return {name: _value(proto) for name, proto in protos.items()}


def _value(proto: Any) -> Any:
    choice = proto.WhichOneof("parameter_choice")
    return None if choice is None else getattr(proto, choice)


def fill_parameters(protos: Any, parameters: Parameters) -> None:
    """Write parameters into a map of InferParameter; lists and objects as their JSON, null not at all."""
    for name, value in parameters.items():
        if value is not None:
            field, scalar = _scalar(value)
            setattr(protos[name], field, scalar)


def _scalar(value: Any) -> tuple[str, Any]:
    match value:
        case bool():
            return "bool_param", value
        case int() if -(2**63) <= value < 2**63:
            return "int64_param", value
        case int() if 2**63 <= value < 2**64:
            return "uint64_param", value
        case int() | float():
            return "double_param", float(value)
        case str():
            return "string_param", value
    return "string_param", orjson.dumps(value).decode()
