"""How wide text is, without a font: an upper bound for the sans-serif fonts that browsers have."""

import unicodedata

# Widths in em of DejaVu Sans, the widest of the usual ones.
_NARROW = dict.fromkeys("iljI|'.,:; ", 0.40) | dict.fromkeys('ft()[]{}!/\\-r"', 0.47)
_WIDE = dict.fromkeys("mwMWQ@%", 1.0) | dict.fromkeys("+=<>~→#", 0.86)
_ONE = _NARROW | _WIDE
_BOLD = 1.14
_BREAKS = "-_./:@, "


def printable(text: str) -> str:
    """The text without control characters and halves of characters, which neither XML nor a terminal should get."""
    return "".join("\N{REPLACEMENT CHARACTER}" if _is_control(char) else char for char in text)


def _is_control(char: str) -> bool:
    return unicodedata.category(char) in ("Cc", "Cs", "Cf") or char in "\ufffe\uffff"


def width(text: str, size: float, bold: bool = False) -> int:
    """Pixels that a line needs at most; `size` is the font's."""
    em = sum(_width(char) for char in text)
    return int(em * size * (_BOLD if bold else 1)) + 1


def _width(char: str) -> float:
    if char in _ONE:
        return _ONE[char]
    if not char.isascii():
        return 1.1
    return 0.78 if char.isupper() else 0.65


def wrap(text: str, limit: int, size: float, bold: bool = False) -> list[str]:
    """The text in lines of at most `limit` pixels; broken after punctuation where there is some, else anywhere."""
    lines, line = [], ""
    for char in text:
        if width(line + char, size, bold) > limit and line:
            cut = _cut(line)
            lines.append(line[:cut].strip())
            line = line[cut:]
        line += char
    return [*lines, line.strip()] if line.strip() else lines


def _cut(line: str) -> int:
    """Where a full line ends; a break in its first half would waste the rest."""
    last = max(line.rfind(char) for char in _BREAKS) + 1
    return last if last > len(line) // 2 else len(line)
