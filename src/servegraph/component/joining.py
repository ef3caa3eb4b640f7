"""Calls of a component that promises to work row by row, made alone, several as one, or one in several parts.

Nothing here knows threads or an event loop: `batching` decides when and where.
"""

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from servegraph.component import plain
from servegraph.component.contract import Hook
from servegraph.component.cost import Cost
from servegraph.component.invoke import UserCode
from servegraph.component.row_wise import (
    TRIALS,
    Form,
    Trials,
    agree,
    form_of,
    is_row_for_row,
    laid_in,
    taken_apart,
)
from servegraph.payload import Message
from servegraph.payload.envelope import Envelope, Transport

MOST_ROWS = 256  # of a joint call; larger requests are called alone, or in parts
MOST_BYTES = 16 << 20
PART_S = 5e-3  # so long others wait for a large request; longer calls are made in parts, with others in between
MOST_TRIED = 4  # requests of a trial, which calls each of them alone, too
MOST_MISSES = 3  # joint calls in succession whose answer cannot be taken apart

Answer = Envelope[Message]

log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Call:
    """What one request asks of the component.

    Attributes:
        rows: 0 for a request without rows of numbers, which is never joined.
        form: what may be joined with it; None if it must be asked alone.
        whole: what was returned for its first rows, where it is made in parts.
        at: how many rows those are.
        joint: the joint call that failed, after which it is made alone.
        future: where whoever made the call waits for its answer.
    """

    method: str
    hook: Hook
    message: Message
    transport: Transport
    rows: int
    form: Form | None = None
    whole: Any = None
    at: int = 0
    joint: "_Failed | None" = None
    future: Any = None


@dataclass(slots=True, eq=False)
class _Failed:
    """A joint call that raised: was it one of the requests, or that there were so many?

    Attributes:
        rows: of all.
        left: calls that were not made alone yet.
        is_explained: whether one of them raised something alone, too.
    """

    rows: int
    left: int
    is_explained: bool = False


Outcome = Answer | BaseException | None


class Joining:
    """Makes calls, and measures them."""

    def __init__(self, node: str, code: UserCode) -> None:
        self._node = node
        self._code = code
        self.cost = Cost()
        self._trials = Trials()
        self._divided: Counter[str] = Counter()  # trials passed, by method
        self._joins = True
        self._most_rows = MOST_ROWS
        self._misses = 0

    def call(self, method: str, hook: Hook, request: Envelope[Message], rows: int) -> Call:
        """The call for a request with so many rows; raises PayloadError."""
        return Call(method, hook, request.value(), request.transport, rows)

    def open(self, call: Call) -> None:
        """Let the call be joined with others."""
        if self._joins and call.rows:
            call.form = form_of(call.method, call.hook, call.message)

    def joinable(self, waiting: Sequence[Call]) -> list[int]:
        """The places of the first call and of those that can be made together with it.

        None overtakes one of its own form, so that a large request is not put off by small ones.
        """
        first, found = waiting[0], [0]
        rows, form = first.rows, first.form
        if form is None or not self._joins:
            return found
        most = min(self._most_rows, MOST_BYTES * rows // max(1, first.message.value.nbytes))
        for place, call in enumerate(waiting[1:], start=1):
            if form.fits(call.form):
                rows += call.rows
                if rows > most:
                    break
                found.append(place)
        is_small = self._trials.are_first(first.method) and self._is_trial([waiting[place] for place in found])
        return found[:MOST_TRIED] if is_small else found

    def made(self, calls: Sequence[Call]) -> list[Outcome]:
        """What became of each call: an answer, an error, or None if it must be made again: alone, or its next part."""
        if len(calls) == 1:
            return [self._single(calls[0])]
        if self._is_trial(calls):
            return self._tried(calls)
        try:
            parts = self._parts(calls, _rows(calls))
        except BaseException:  # it is told to those that raise it alone
            failed = _Failed(sum(call.rows for call in calls), len(calls))
            for call in calls:
                call.joint = failed
            return [None] * len(calls)
        if parts is None:
            self._miss(calls[0].method)
            return [None] * len(calls)
        return [_outcome(self._answered, call, part) for call, part in zip(calls, parts, strict=True)]

    def alone(self, call: Call) -> Answer:
        """The answer of a call on its own; raises as `UserCode.attempt` and `UserCode.answer`."""
        return self._answered(call, self._returned(call))

    def _single(self, call: Call) -> Outcome:
        step = self._rows_at_once(call)
        if step == call.rows:
            # No variable holds the outcome: an error would keep it, and with it itself and the message.
            return self._explained(call.joint, _outcome(self.alone, call))
        if self._divided[call.method] < TRIALS:
            return self._tried_in_parts(call, step)
        whole = self._advanced(call, step)
        if whole is None and call.at == call.rows:  # they do not fit together
            return _outcome(self.alone, call)
        return None if whole is None else _outcome(self._answered, call, whole)

    def _explained(self, failed: _Failed | None, outcome: Outcome) -> Outcome:
        """The outcome of a call that was made alone; if none of those fails that failed jointly, they were too many."""
        if failed is None:
            return outcome
        failed.left -= 1
        failed.is_explained |= isinstance(outcome, BaseException)
        if failed.left == 0 and not failed.is_explained and failed.rows <= self._most_rows:
            self._most_rows = failed.rows // 2
            what = "node %r: calls for %d rows together fail, and none of them alone; at most %d are joined from now on"
            log.warning(what, self._node, failed.rows, self._most_rows)
        return outcome

    def _rows_at_once(self, call: Call) -> int:
        """How many rows of a large request are asked for in one call."""
        if call.form is None or call.rows <= MOST_ROWS or not self._joins:
            return call.rows
        seconds = self.cost.expected(call.method, call.rows) or 0.0
        return -(-call.rows // max(1, int(seconds / PART_S)))

    def _advanced(self, call: Call, step: int) -> Any:
        """Make the next part of a call: what all parts returned after the last one, None before, and if one fails."""
        message = call.message
        values = message.value[call.at : call.at + step].copy()  # whatever becomes of it, the request stays as it is
        try:
            keywords = plain.keywords(call.hook, message)
            returned = self._measured(call, len(values), values, list(message.names), keywords)
        except BaseException:  # it is told if the whole raises it
            returned = None
        at, call.at = call.at, call.at + len(values)
        fits = is_row_for_row(returned, len(values))
        call.whole = laid_in(call.whole, returned, at, call.rows) if fits else None
        if call.whole is None:
            call.at = call.rows
        return call.whole if call.at == call.rows else None

    def _tried_in_parts(self, call: Call, step: int) -> Outcome:
        """The call made in parts, and then as a whole, to compare."""
        whole = None
        while call.at < call.rows:
            whole = self._advanced(call, step)
        try:
            returned = self._returned(call)
        except BaseException as error:  # whoever waits for the call decides what it is
            return error
        if whole is None:
            self._miss(call.method)
        elif agree(whole, returned):
            self._divided[call.method] += 1
        else:
            self._refuse(f"{call.method} answers some rows of a request otherwise than all of them")
        return _outcome(self._answered, call, returned)

    def _is_trial(self, calls: Sequence[Call]) -> bool:
        return len(calls) > 1 and self._trials.are_due(calls[0].method, _messages(calls))

    def _tried(self, calls: Sequence[Call]) -> list[Outcome]:
        """The calls made alone, and then together, to compare."""
        values = _rows(calls)  # before somebody changes them in place
        outcomes: list[Outcome] = []
        returned: list[Any] = []
        for call in calls:
            try:
                returned.append(self._returned(call))
                outcomes.append(self._answered(call, returned[-1]))
            except BaseException as error:  # whoever waits for the call decides what it is
                outcomes.append(error)
        if len(returned) == len(calls):
            self._judge(calls, values, returned)
        return outcomes

    def _judge(self, calls: Sequence[Call], values: NDArray[Any], alone: Sequence[Any]) -> None:
        """Compare what each request got alone with a joint call for all."""
        method = calls[0].method
        try:
            parts = self._parts(calls, values)
        except BaseException:  # each of them alone did not raise it
            parts = None
        if parts is None:
            self._miss(method)
        elif all(map(agree, parts, alone)):
            self._trials.passed(method, _messages(calls))
        else:
            self._refuse(f"{method} answers the rows of several requests otherwise than those of each")

    def _parts(self, calls: Sequence[Call], values: NDArray[Any]) -> list[Any] | None:
        """What a joint call returned for each; None if it has not a row for each row. Raises what the call does."""
        form = calls[0].form
        assert form is not None
        keywords = {"meta": form.meta} if calls[0].hook.takes_meta else {}
        parts = taken_apart(self._measured(calls[0], len(values), values, list(form.names), keywords), _messages(calls))
        if parts is not None:
            self._misses = 0
        return parts

    def _miss(self, method: str) -> None:
        self._misses += 1
        if self._misses == MOST_MISSES:
            self._refuse(f"{method} does not answer with a row for each row")

    def _returned(self, call: Call) -> Any:
        message = call.message
        return self._measured(call, call.rows, message.value, message.names, plain.keywords(call.hook, message))

    def _measured(self, call: Call, rows: int, values: Any, names: Any, keywords: Mapping[str, Any]) -> Any:
        started = perf_counter()
        try:
            return self._code.attempt_at_once(call.method, call.hook, call.transport, values, names, **keywords)
        finally:
            self.cost.took(call.method, rows, perf_counter() - started)

    def _answered(self, call: Call, returned: Any) -> Answer:
        return plain.answered(self._code, call.method, returned, call.message, call.transport)

    def _refuse(self, why: str) -> None:
        if self._joins:
            log.warning("node %r: row_wise = True has no effect from now on: %s", self._node, why)
        self._joins = False


def _messages(calls: Sequence[Call]) -> list[Message]:
    return [call.message for call in calls]


def _rows(calls: Sequence[Call]) -> NDArray[Any]:
    return np.concatenate([call.message.value for call in calls])


def _outcome(make: Callable[..., Answer], *arguments: Any) -> Outcome:
    try:
        return make(*arguments)
    except BaseException as error:  # whoever waits for the call decides what it is
        return error
