"""Identities of predictions: made here, or brought by the client."""

import os
import re

MAX_LENGTH = 128
_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}
_PUID = re.compile(rf"[!-~]{{1,{MAX_LENGTH}}}")
_DIGITS = 32  # of a UUID
_AT_ONCE = 256  # UUIDs whose random bytes are asked for together: the system call costs more than all the rest


class _Chance:
    """Random hexadecimal digits of the operating system, of which a fork has its own."""

    def __init__(self) -> None:
        self._digits = ""
        self._at = 0
        os.register_at_fork(after_in_child=self._forget)

    def _forget(self) -> None:
        self._digits, self._at = "", 0

    def digits(self) -> str:
        """As many as a UUID has, once."""
        at = self._at
        if at == len(self._digits):
            self._digits, at = os.urandom(_AT_ONCE * _DIGITS // 2).hex(), 0
        self._at = at + _DIGITS
        return self._digits[at : at + _DIGITS]


_chance = _Chance()  # used by one thread, the event loop's


def new_puid() -> str:
    """A random UUID (version 4), as Seldon's executor makes them."""
    # Written by hand, as it is done for every request and `uuid.UUID` takes four times as long.
    hexa = _chance.digits()
    return f"{hexa[:8]}-{hexa[8:12]}-4{hexa[13:16]}-{_VARIANT[hexa[16]]}{hexa[17:20]}-{hexa[20:]}"


def is_puid(text: str) -> bool:
    """Whether a client's own identity can be kept: it is remembered, and travels in headers."""
    return _PUID.fullmatch(text) is not None
