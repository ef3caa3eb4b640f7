"""Requests whose rows may be answered together: which those are, how they are joined, and the answer taken apart.

A component allows it with `row_wise = True`, on its class or on the instance. That promises: the
answer for a row depends on that row alone; neither the client's puid nor the order of the calls
matters; the methods may be called in a thread, one at a time; and what they return is not written to
by later calls, as a buffer would be. Nothing else is ever joined, as user code would see that. A
promise is tried before it is relied on (`Trials`).
"""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np

from servegraph.component.contract import Component, Hook, Hooks
from servegraph.component.meta import as_sent
from servegraph.payload import Kind, Message
from servegraph.payload.message import ARRAY_KINDS

log = logging.getLogger(__name__)

TRIALS = 3
TOLERANCE = 1e-6  # absolute and relative: other numbers of rows are summed up in another order
_METHODS = ("predict", "transform_input", "transform_output")
_NUMBERS = "fiub"


def promised(component: Component, node: str) -> Mapping[str, Hook]:
    """The methods for which requests may be joined; a promise that has no effect is told.

    None of a class that says something of single requests beside their answers; nor those that are
    coroutines, which already run side by side, or get whole messages.
    """
    if getattr(component.instance, "row_wise", False) is not True:
        return {}
    speaks = [name for name in ("tags", "metrics") if getattr(component, name)]
    hooks: dict[str, Hooks] = {name: getattr(component, name) for name in _METHODS}
    found = {
        name: each.plain for name, each in hooks.items() if each.plain and not each.is_async and not each.takes_whole
    }
    if found and not speaks:
        return found
    why = f"it has {speaks[0]}(), which speaks of single requests" if speaks else "no method of it takes plain rows"
    log.warning("node %r: row_wise = True has no effect: %s", node, why)
    return {}


class Form(NamedTuple):
    """What requests must have in common to be joined; their rows are counted along the first axis.

    Attributes:
        meta: what a method that takes it gets, but for the puid.
    """

    method: str
    kind: Kind | None
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    names: tuple[str, ...]
    meta: Any

    def fits(self, other: "Form | None") -> bool:
        """Whether they are the same."""
        try:
            return self == other
        except Exception:  # a tag is an array, or whatever else a component made it
            return False


def rows_of(message: Message) -> int:
    """The number of rows; 0 for a request that is not joined, as it has no rows of numbers."""
    value = message.value
    return len(value) if message.kind in ARRAY_KINDS and value.ndim > 1 and value.dtype.kind in _NUMBERS else 0


def form_of(method: str, hook: Hook, message: Message) -> Form:
    """The form of a request that has rows."""
    value = message.value
    meta = _anonymous(as_sent(message.meta)) if hook.takes_meta else None
    return Form(method, message.kind, value.dtype, value.shape[1:], tuple(message.names), meta)


def _anonymous(meta: Any) -> Any:
    if (type(meta) is dict or isinstance(meta, Mapping)) and "puid" in meta:
        return {name: member for name, member in meta.items() if name != "puid"}
    return meta


def taken_apart(returned: Any, messages: Sequence[Message]) -> list[Any] | None:
    """What each request would have got of what was returned for all; None if that has not a row for each row."""
    ends = list(accumulate([len(message.value) for message in messages]))
    if not is_row_for_row(returned, ends[-1]):
        return None
    if type(returned) is np.ndarray:
        returned = np.ascontiguousarray(returned)
    return [returned[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def is_row_for_row(returned: Any, rows: int) -> bool:
    """Whether what was returned has a row for each row, and can be taken apart and put together."""
    is_array = type(returned) is np.ndarray and returned.ndim > 0
    return (is_array or type(returned) is list) and len(returned) == rows


def laid_in(whole: Any, part: Any, at: int, rows: int) -> Any:
    """What was returned for all `rows` of a request so far, with what was returned for those from `at` on.

    It is made at the first part, where `whole` is None; the answer is None if a part does not fit.
    """
    if type(part) is list:
        return [*(whole or ()), *part] if at == 0 or type(whole) is list else None
    if at == 0:
        whole = np.empty((rows, *part.shape[1:]), part.dtype)
    elif type(whole) is not np.ndarray or whole.dtype != part.dtype or whole.shape[1:] != part.shape[1:]:
        return None
    whole[at : at + len(part)] = part
    return whole


class Trials:
    """Decides whether a promise is believed: joint calls are compared with the requests' own.

    A method's first ones are, and the first of each doubling of their rows. Requests that are all
    alike prove little, so their trials count for such alone.
    """

    def __init__(self) -> None:
        self._passed: Counter[tuple[str, str]] = Counter()
        self._sizes: set[tuple[str, str, int]] = set()  # method, likeness, bit length of the rows

    def are_due(self, method: str, messages: Sequence[Message]) -> bool:
        """Whether a joint call for these requests would be a trial."""
        size = _size(messages)
        return not self._knows(method, "different", size) and not self._knows(method, _likeness(messages), size)

    def are_first(self, method: str) -> bool:
        """Whether nothing is known of a method yet, so that a trial should be small."""
        passed = self._passed
        return passed[method, "different"] < TRIALS and passed[method, "alike"] < TRIALS

    def _knows(self, method: str, likeness: str, size: int) -> bool:
        return self._passed[method, likeness] >= TRIALS and (method, likeness, size) in self._sizes

    def passed(self, method: str, messages: Sequence[Message]) -> None:
        """Their joint answer was right."""
        likeness = _likeness(messages)
        self._passed[method, likeness] += 1
        self._sizes.add((method, likeness, _size(messages)))


def _size(messages: Sequence[Message]) -> int:
    return sum(len(message.value) for message in messages).bit_length()


def _likeness(messages: Sequence[Message]) -> str:
    first = messages[0].value.tobytes()
    return "alike" if all(message.value.tobytes() == first for message in messages[1:]) else "different"


def agree(part: Any, alone: Any) -> bool:
    """Whether a part of a joint answer is what the request got alone: numbers nearly, everything else exactly."""
    try:
        return _is_same(part, alone)
    except Exception:  # they hold what cannot be compared
        return False


def _is_same(part: Any, alone: Any) -> bool:
    if type(part) is not type(alone):
        return False
    try:
        one, other = np.asarray(part), np.asarray(alone)
    except ValueError:  # lists of different lengths
        return bool(part == alone)
    if one.shape != other.shape or one.dtype.kind != other.dtype.kind:
        return False
    if one.dtype.kind in "fc":
        return np.allclose(one, other, TOLERANCE, TOLERANCE, equal_nan=True)
    return np.array_equal(one, other)
