"""From the body of an HTTP request to the JSON document in it, in all the ways a client may send one.

Nothing here knows what the document says, or a server.

Source:
    Seldon's component server: multipart parts become members of one object; else the form field
    `json`, else the query parameter `json`, also of a POST; else a body with a JSON content type.
"""

import base64
from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl

from servegraph.errors import InvalidPayload, MalformedArray
from servegraph.payload.json_text import read

_MULTIPART = "multipart/form-data"
_FORM = "application/x-www-form-urlencoded"
_MOST_FIELDS = 1000
_MOST_PARTS = 128
_EXAMPLE = 'send {"data": {"ndarray": [[1.0, 2.0]]}} with the content type application/json'


def document_of(body: bytes, content_type: str, query: str = "", lenient: bool = False) -> Any:
    """The parsed JSON that a request carries.

    Args:
        query: the query string, without the question mark.
        lenient: whether any body that is JSON is taken, whatever its content type says.

    Raises:
        InvalidPayload: there is no JSON.
        MalformedArray: there is a form, or a parameter, which is no JSON; the cause is the parser's error.
    """
    if _MULTIPART in content_type.lower():
        return _of_parts(body, content_type)
    text = _field(body, content_type, query)
    if text:
        return _read_field(text)
    if not lenient and not _is_json(content_type):
        raise InvalidPayload("Can't find JSON in data", hint=_EXAMPLE)
    document = _read_body(body)
    if document is None:
        raise InvalidPayload("Can't find JSON in data", hint=_EXAMPLE)
    return document


def passthrough_of(body: bytes, content_type: str, query: str = "") -> Any:
    """What a request hands to a component that decodes by itself: the text of `json`, or the body as it is.

    Raises:
        MalformedArray: it has parts, one of which is no JSON.
    """
    if _MULTIPART in content_type.lower():
        return _of_parts(body, content_type)
    return _field(body, content_type, query) or body


def _is_json(content_type: str) -> bool:
    kind = _media_type(content_type)
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))


def _media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _read_body(body: bytes) -> Any:
    try:
        return read(body)
    except ValueError as error:
        raise InvalidPayload("Can't find JSON in data", hint=_EXAMPLE) from error
    except RecursionError as error:
        raise MalformedArray("the JSON is nested too deep") from error


def _read_field(text: str | bytes) -> Any:
    try:
        return read(text)
    except (ValueError, RecursionError) as error:
        raise MalformedArray(f"a form field or parameter is no JSON: {error}") from error


def _field(body: bytes, content_type: str, query: str) -> str:
    """The text of `json` in the form, or else in the query; empty if there is none."""
    form = body.decode(errors="replace") if _media_type(content_type) == _FORM else ""
    return (form and _first(form)) or (query and _first(query))


def _first(fields: str) -> str:
    try:
        pairs = parse_qsl(fields, max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise InvalidPayload(f"a form has over {_MOST_FIELDS} fields") from error
    return next((value for name, value in pairs if name == "json"), "")


def _of_parts(body: bytes, content_type: str) -> dict[str, Any]:
    """Text parts come first, the first of a name counts; files take the place of text."""
    fields: dict[str, Any] = {}
    files: dict[str, Any] = {}
    for name, is_file, content in _parts(body, content_type):
        found = files if is_file else fields
        if name not in found:
            found[name] = _of_file(name, content) if is_file else _of_text(name, content)
    return {**fields, **files}


def _parts(body: bytes, content_type: str) -> list[tuple[str, bool, bytes]]:
    import multipart  # seldom needed

    boundary = multipart.parse_options_header(content_type)[1].get("boundary")
    if not boundary:
        return []
    size = len(body) + 1
    limits = {"part_limit": _MOST_PARTS, "spool_limit": size, "memory_limit": size}
    try:
        with BytesIO(body) as stream:
            parser = multipart.MultipartParser(stream, boundary, **limits)
            return [(part.name, part.filename is not None, part.raw) for part in parser]
    except multipart.ParserLimitReached as error:
        raise InvalidPayload(f"the multipart body is refused: {error}") from error
    except multipart.MultipartError:
        return []  # as the component server does: it then says that there is no data in {}


def _of_text(name: str, content: bytes) -> Any:
    return content.decode(errors="replace") if name == "strData" else _read_field(content)


def _of_file(name: str, content: bytes) -> str:
    if name == "binData":
        return base64.b64encode(content).decode("ascii")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise MalformedArray(f"the file {name} is not UTF-8") from error
