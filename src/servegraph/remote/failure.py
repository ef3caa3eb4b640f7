"""Failures of a call in the words that Seldon's executor has for them.

Source:
    Errors of Go's `net/http` and `net`, as the executor's answers show them; operators and their
    scripts know these sentences.
"""

import orjson

from servegraph.errors import UnitAnswered
from servegraph.http_client import HungUp


def hung_up_words(error: HungUp, address: str) -> str:
    """How a connection to `address` ended before its answer did."""
    if isinstance(error.__cause__, ConnectionResetError):
        return f"read tcp {address}: read: connection reset by peer"
    return "unexpected EOF" if error.started else "EOF"


def executor_error(node: str, method: str, info: str, *, status: int = 500, code: str = "") -> UnitAnswered:
    """An error with the executor's own body, which clients find in place of the component's."""
    body = orjson.dumps({"status": {"code": 500, "info": info, "status": "FAILURE"}})
    return UnitAnswered(node, method, info, status=status, body=body, code=code)
