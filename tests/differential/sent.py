"""What a request says, as a JSON document: what a meant difference is recognised by."""

import json
import urllib.parse
from collections.abc import Iterator
from typing import Any

from google.protobuf import json_format
from tests.differential.asking import Rest, Rpc

FORM = "application/x-www-form-urlencoded"


def document(request: Rest | Rpc) -> Any:
    """The document that the server reads; None if that is hard to say."""
    if isinstance(request, Rpc):
        return json_format.MessageToDict(request.message)
    query = urllib.parse.urlsplit(request.path).query
    form = (request.body or b"").decode(errors="replace") if request.type == FORM else ""
    for fields in (form, query):
        for text in urllib.parse.parse_qs(fields).get("json", []):
            return _read(text)
    return _read(request.body or b"")


def _read(text: str | bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def messages(request: Rest | Rpc) -> list[dict[str, Any]]:
    """All messages in the document: itself, those of a list, those of feedback; those that are objects."""
    sent = document(request)
    if isinstance(sent, dict):
        listed = sent.get("seldonMessages")
        found = [sent, *(listed if isinstance(listed, list) else [])]
        found += [sent.get(name) for name in ("request", "response", "truth")]
    else:
        found = sent if isinstance(sent, list) else []
    return [each for each in found if isinstance(each, dict)]


def members(request: Rest | Rpc, name: str) -> list[Any]:
    """All values of, for example, `meta.puid` or `data.names` in the messages."""
    outer, _, inner = name.partition(".")
    holders = [each[outer] for each in messages(request) if outer in each]
    if not inner:
        return holders
    return [holder[inner] for holder in holders if isinstance(holder, dict) and inner in holder]


def numbers(node: Any) -> Iterator[int]:
    """All whole numbers in a document."""
    if isinstance(node, dict):
        node = list(node.values())
    if isinstance(node, list):
        for each in node:
            yield from numbers(each)
    elif type(node) is int:
        yield node
