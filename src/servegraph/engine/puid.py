"""Identities of predictions: made here, or brought by the client."""

import os
import re

MAX_LENGTH = 128
_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}
_PUID = re.compile(rf"[!-~]{{1,{MAX_LENGTH}}}")


def new_puid() -> str:
    """A random UUID (version 4), as Seldon's executor makes them."""
    # Written by hand, as it is done for every request and `uuid.UUID` takes four times as long.
    hexa = os.urandom(16).hex()
    return f"{hexa[:8]}-{hexa[8:12]}-4{hexa[13:16]}-{_VARIANT[hexa[16]]}{hexa[17:20]}-{hexa[20:]}"


def is_puid(text: str) -> bool:
    """Whether a client's own identity can be kept: it is remembered, and travels in headers."""
    return _PUID.fullmatch(text) is not None
