"""Identities of predictions: made here, or brought by the client."""

import os
import re
from uuid import UUID

MAX_LENGTH = 128
_PUID = re.compile(rf"[!-~]{{1,{MAX_LENGTH}}}")


def new_puid() -> str:
    """A random UUID (version 4), as Seldon's executor makes them."""
    return str(UUID(bytes=os.urandom(16), version=4))


def is_puid(text: str) -> bool:
    """Whether a client's own identity can be kept: it is remembered, and travels in headers."""
    return _PUID.fullmatch(text) is not None
