"""The structural schema as JSON Schema, so that a validator of other people can judge what we write.

Unknown fields are refused, as kubectl asks for; nulls are for the caller to leave out.
"""

from typing import Any

from servegraph.spec.crd_schema import ListOf, MapOf, ObjectOf, Scalar, Schema, schema

_SCALARS: dict[str, dict[str, Any]] = {
    "any": {},
    "string": {"type": "string"},
    "boolean": {"type": "boolean"},
    "date-time": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$"},
    "int32": {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1},
    "int64": {"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1},
    "int-or-string": {"type": ["integer", "string"]},
    "quantity": {
        "type": ["integer", "string"],
        "pattern": r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))"
        r"(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$",
    },
}


def json_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a SeldonDeployment."""
    return _view(schema())


def without_nulls(value: Any) -> Any:
    """What the API server sees of a document's known fields: nulls in objects are absent, those in lists stay."""
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


def _view(wanted: Schema) -> dict[str, Any]:
    match wanted:
        case Scalar(nullable=True):
            return {"anyOf": [{"type": "null"}, _SCALARS[wanted.type]]}
        case Scalar():
            return _SCALARS[wanted.type]
        case ListOf():
            return {"type": "array", "items": _view(wanted.item)}
        case MapOf():
            return {"type": "object", "additionalProperties": _view(wanted.value)}
        case ObjectOf():
            properties = {key: _view(item) for key, item in wanted.properties.items()}
            required = list(wanted.required)
            return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
