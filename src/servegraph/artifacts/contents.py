"""What an artifact's folder holds, and what of it runs code when it is loaded: found out by reading alone.

Nothing is unpickled, imported or executed here.
"""

import pickletools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PICKLES = frozenset((".pkl", ".pickle", ".joblib", ".dill"))
_FORMATS = {".skops": "skops", ".json": "data", ".ubj": "XGBoost", ".bst": "XGBoost", ".yaml": "data", ".txt": "data"}
_PROTOCOLS = tuple(bytes((0x80, number)) for number in range(2, 6))


@dataclass(frozen=True, slots=True)
class Content:
    """One file.

    Attributes:
        format: in a word.
        runs_code: whether loading it may run anything.
        imports: what a pickle would import; the types that a skops file makes beyond its own.
        is_complete: whether the imports were readable to the end of the file.
    """

    name: str
    size: int
    format: str
    runs_code: bool = False
    imports: tuple[str, ...] = ()
    is_complete: bool = True


def contents(folder: Path) -> list[Content]:
    """All files, those that run code first."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    found = [_content(file, file.relative_to(folder).as_posix()) for file in files]
    return sorted(found, key=lambda content: not content.runs_code)


def _content(file: Path, name: str) -> Content:
    size = file.stat().st_size
    with file.open("rb") as opened:
        head = opened.read(2)
    if file.suffix in _PICKLES or head in _PROTOCOLS:
        imports, is_complete = imported(file.read_bytes())
        return Content(name, size, "pickle", True, imports, is_complete)
    if file.suffix in (".py", ".pyc", ".so"):
        return Content(name, size, "code", True)
    if file.suffix == ".skops":
        return Content(name, size, "skops", False, _skops_types(file))
    return Content(name, size, _FORMATS.get(file.suffix, "data" if not file.suffix else file.suffix[1:]))


def imported(pickle: bytes) -> tuple[tuple[str, ...], bool]:
    """The names that a pickle imports, in order, and whether it was readable to its end.

    joblib puts arrays between the instructions, where reading ends.
    """
    found: dict[str, None] = {}
    try:
        found.update(dict.fromkeys(_imports(pickle)))
    except _Unreadable as stopped:
        found.update(dict.fromkeys(stopped.found))
        return tuple(found), False
    return tuple(found), True


class _Unreadable(Exception):
    def __init__(self, found: list[str]) -> None:
        self.found = found


def _imports(pickle: bytes) -> Iterator[str]:
    found: list[str] = []
    memo: dict[int, Any] = {}
    texts: list[str] = []  # the last of those on the stack
    last: Any = None
    try:
        for opcode, argument, _ in pickletools.genops(pickle):
            match opcode.name:
                case "GLOBAL" | "INST":
                    found.append(str(argument).replace(" ", "."))
                case "STACK_GLOBAL":
                    found.append(".".join(texts[-2:]))
                case "MEMOIZE":
                    memo[len(memo)] = last
                case "PUT" | "BINPUT" | "LONG_BINPUT":
                    memo[int(argument or 0)] = last
                case "GET" | "BINGET" | "LONG_BINGET":
                    last = memo.get(int(argument or 0))
                    texts += [last] if isinstance(last, str) else []
                case _:
                    last = argument
                    texts += [argument] if isinstance(argument, str) else []
    except Exception as error:  # arrays of joblib, compression, or damage
        raise _Unreadable(found) from error
    yield from found


def _skops_types(file: Path) -> tuple[str, ...]:
    import skops.io

    try:
        return tuple(sorted(skops.io.get_untrusted_types(file=file)))
    except Exception:  # a damaged file fails anywhere in skops; loading it will say so
        return ()
