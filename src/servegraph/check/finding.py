"""What a rule found: which rule, how bad, where, what, and what to do about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from servegraph.check.edit import Edit
from servegraph.spec.source import Place, Span


class Level(StrEnum):
    """How bad: an error fails in the cluster or answers wrongly; a warning may; a note is worth knowing."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Found:
    """What a rule says of one place in one object.

    Attributes:
        place: the value that is meant; for something that is missing, where it should be.
        message: what is wrong with it, in one sentence without a full stop.
        help: what to do, in one sentence without a full stop.
        note: why, or what will happen; may be empty.
        edits: the repair, where it is mechanical.
        at_key: whether the key is to be shown rather than its value.
        servable: whether this one can be served on one machine all the same.
    """

    place: Place
    message: str
    help: str
    note: str = ""
    edits: Sequence[Edit] = ()
    at_key: bool = False
    servable: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found in a file.

    Attributes:
        path: the place as text, e.g. `spec.predictors[0].graph.name`.
        blocks_run: whether this machine cannot serve it, either.
    """

    file: str
    span: Span
    code: str
    level: Level
    path: str
    message: str
    help: str
    note: str = ""
    edits: Sequence[Edit] = ()
    blocks_run: bool = False


def path_text(place: Place) -> str:
    """`spec.predictors[0].graph`; keys that hold dots or slashes are quoted."""
    text = ""
    for step in place:
        if isinstance(step, int):
            text += f"[{step}]"
        elif step.replace("_", "a").replace("-", "a").isalnum():
            text += f".{step}" if text else step
        else:
            text += f'["{step}"]'
    return text
