"""Colours of a terminal, or none; and text that cannot play tricks on one."""

import unicodedata
from dataclasses import dataclass

_CODES = {"error": "1;31", "warning": "1;33", "note": "1;36", "help": "1;32", "frame": "1;34", "bold": "1", "dim": "2"}
_TAB = "    "


@dataclass(frozen=True, slots=True)
class Paint:
    """Writes words in a colour where colours are `on`."""

    on: bool = False

    def __call__(self, style: str, text: str) -> str:
        """`style` is a level, `help`, `frame` (gutters), `bold` or `dim`."""
        return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if self.on and text else text


def printable(text: str) -> str:
    """The text on one line: tabs as spaces, control characters (and those that turn the direction) as `\\x1b`."""
    if text.isprintable():
        return text
    return "".join(_printable(letter) for letter in text)


def _printable(letter: str) -> str:
    if letter == "\t":
        return _TAB
    if unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Zl", "Zp") and letter != "\u200d":
        return ascii(letter)[1:-1]
    return letter


def width(text: str) -> int:
    """Columns that a terminal takes for a printable text."""
    return len(text) if text.isascii() else sum(map(_width, text))


def _width(letter: str) -> int:
    if unicodedata.combining(letter) or letter in "\u200d\ufe0e\ufe0f":
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1
