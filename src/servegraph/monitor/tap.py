"""The tap of one detector's node: rows into the client's queue, the last verdict out as tags.

`see` and `tags` run on the request path: no serialization, no clock, no allocation beyond the row.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from servegraph.verdict import DetectorState

Offer = Callable[[str, NDArray[Any], Sequence[str]], None]


class NodeTap:
    """Implements `engine.events.Tap`; starts `blind`."""

    def __init__(self, node: str, offer: Offer) -> None:
        self._node = node
        self._offer = offer
        self.state = DetectorState(node)
        self._tags = _tags(self.state)

    def see(self, rows: NDArray[Any], names: Sequence[str]) -> None:
        self._offer(self._node, rows, names)

    def tags(self) -> Mapping[str, Any]:
        return self._tags

    def learn(self, state: DetectorState) -> None:
        """Take the monitor's word; the mapping of tags is replaced only when it reads differently."""
        self.state = state
        tags = _tags(state)
        if tags != self._tags:
            self._tags = tags

    def lose(self, reason: str) -> None:
        """The monitor is silent: what it said last no longer counts, its count of windows does."""
        self.learn(
            replace(self.state, verdict="blind", reason=reason, features=(), p_values={}, distances={}, missing={})
        )


def _tags(state: DetectorState) -> dict[str, Any]:
    if state.verdict == "ok":
        return {}
    if state.verdict == "drift":
        return {state.node: "drift", f"{state.node}_features": list(state.features)}
    return {state.node: state.verdict}
