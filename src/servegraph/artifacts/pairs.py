"""A small TOML file of `"text" = "text"` lines that processes share.

Read as a whole and replaced as a whole, under a lock, so that a line can always be deleted by hand.
"""

import fcntl
import json
import os
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from servegraph.errors import ConfigurationError

Pairs = Mapping[str, str]


def read_pairs(file: Path) -> dict[str, str]:
    """All pairs; none where there is no file.

    Raises:
        ConfigurationError: the file is no TOML.
    """
    try:
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        return {key: str(value) for key, value in tomllib.loads(text).items()}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file} is no TOML: {error}", hint="correct or delete it") from error


def change_pairs(file: Path, header: str, change: Callable[[Pairs], Pairs]) -> None:
    """Replace the file by what `change` makes of it; nobody else changes it meanwhile.

    Args:
        header: comment lines, for whoever opens the file.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with _alone(file.parent):
        pairs = change(read_pairs(file))
        lines = (f"{_quoted(key)} = {_quoted(pairs[key])}\n" for key in sorted(pairs))
        new = file.with_name(f"{file.name}.{os.getpid()}")
        try:
            new.write_text(header + "".join(lines), encoding="utf-8")
            new.replace(file)
        finally:
            new.unlink(missing_ok=True)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    # The folder itself is locked: the file is replaced, and a lock would go with the old one.
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # TOML's strings escape as JSON's do
