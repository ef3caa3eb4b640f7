"""The OpenAPI document of a component's internal API, served at `/seldon.json`."""

from typing import Any

from servegraph import __version__

_PATHS = {
    "/predict": ("The prediction of a model.", "SeldonMessage"),
    "/transform-input": ("A request as the next node should see it.", "SeldonMessage"),
    "/transform-output": ("An answer as the caller should see it.", "SeldonMessage"),
    "/route": ("The number of the child to ask, as an array of one row and one column.", "SeldonMessage"),
    "/aggregate": ("One answer for the answers of several children.", "SeldonMessageList"),
    "/send-feedback": ("A reward, and the truth, for an earlier prediction.", "Feedback"),
}


def document() -> dict[str, Any]:
    """The whole document, in OpenAPI 3.0."""
    return {
        "openapi": "3.0.3",
        "info": {"title": "Component server", "description": "One node of an inference graph.", "version": __version__},
        "paths": {path: _path(path, *what) for path, what in _PATHS.items()} | _asked_for(),
        "components": {"schemas": _schemas()},
    }


def _path(path: str, summary: str, request: str) -> dict[str, Any]:
    name = path.removeprefix("/")
    query = {"name": "json", "in": "query", "description": "The message as JSON.", "schema": {"type": "string"}}
    body = {
        "required": True,
        "content": {
            "application/json": {"schema": _reference(request)},
            "application/x-www-form-urlencoded": {
                "schema": {"type": "object", "properties": {"json": {"type": "string"}}, "required": ["json"]}
            },
        },
    }
    asked = {"summary": summary, "responses": _responses(_reference("SeldonMessage"))}
    return {
        "get": {"operationId": f"get-{name}", **asked, "parameters": [{**query, "required": True}]},
        "post": {"operationId": name, **asked, "requestBody": body},
    }


def _asked_for() -> dict[str, Any]:
    health = _responses(_reference("SeldonMessage"))
    metadata = _responses({"type": "object"})
    pong = {"200": {"description": "It is up.", "content": {"text/html": {"schema": {"type": "string"}}}}}
    return {
        "/health/ping": {"get": {"operationId": "ping", "summary": "Whether the server is up.", "responses": pong}},
        "/health/status": {
            "get": {"operationId": "status", "summary": "What the component says of its health.", "responses": health}
        },
        "/metadata": {
            "get": {"operationId": "metadata", "summary": "What goes in and comes out.", "responses": metadata}
        },
    }


def _responses(schema: dict[str, Any]) -> dict[str, Any]:
    error = {"description": "An error.", "content": {"application/json": {"schema": _reference("Error")}}}
    answer = {"description": "The answer.", "content": {"application/json": {"schema": schema}}}
    return {"200": answer, "400": error, "500": error, "default": error}


def _reference(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def _object(properties: dict[str, Any], required: tuple[str, ...] = ()) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    return {**schema, "required": list(required)} if required else schema


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _schemas() -> dict[str, Any]:
    text, number, whole = {"type": "string"}, {"type": "number"}, {"type": "integer", "format": "int32"}
    texts = {"type": "object", "additionalProperties": text}
    tensor = _object({"shape": _list(whole), "values": _list(number)}, ("shape", "values"))
    metric = {"key": text, "type": {"enum": ["COUNTER", "GAUGE", "TIMER"]}, "value": number, "tags": texts}
    meta = {"puid": text, "tags": {"type": "object"}, "requestPath": texts, "metrics": _list(_reference("Metric"))}
    message = _reference("SeldonMessage")
    messages = _list(message)
    data = {
        "names": _list(text),
        "tensor": tensor,
        "ndarray": _list({}),
        "tftensor": {"type": "object", "description": "A TensorProto as JSON."},
    }
    status = {"code": whole, "info": text, "reason": text, "status": whole}
    return {
        "SeldonMessage": _object(
            {
                "meta": _object({**meta, "routing": {"type": "object", "additionalProperties": whole}}),
                "data": _object(data),
                "strData": text,
                "binData": {"type": "string", "format": "byte"},
                "jsonData": {},
            }
        ),
        "SeldonMessageList": {"oneOf": [messages, _object({"seldonMessages": messages}, ("seldonMessages",))]},
        "Feedback": _object({"request": message, "response": message, "truth": message, "reward": number}),
        "Metric": _object(metric, ("key", "type", "value")),
        "Error": _object({"status": _object(status)}, ("status",)),
    }
