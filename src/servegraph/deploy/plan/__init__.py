"""What changes between two deployments, what Seldon's operator will do about it, and what a local server needs.

Pure: versions are resolved and signatures read by whoever calls; see `plan`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from servegraph.deploy.plan.blocks import ADDED, CHANGED, REMOVED, REPLACED, Block, blocks
from servegraph.deploy.plan.effects import Effect, effects
from servegraph.deploy.plan.local import restart_reasons
from servegraph.deploy.plan.notes import Change, notes
from servegraph.deploy.plan.objects import Objects, objects
from servegraph.deploy.plan.subjects import Columns
from servegraph.spec import SeldonDeployment

__all__ = ["Columns", "Plan", "plan"]

_NO_OBJECTS = Objects({}, {}, {}, {}, "")


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan; empty when nothing changes.

    Attributes:
        blocks: what changes in the manifest.
        effects: what happens to the operator's objects.
        notes: what that means.
        restart: why a local server has to be restarted; empty if it need not be.
    """

    name: str
    blocks: tuple[Block, ...] = ()
    effects: tuple[Effect, ...] = ()
    notes: tuple[str, ...] = ()
    restart: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not self.blocks

    def count(self) -> tuple[int, int, int]:
        """How many things are added, changed and destroyed; one that is replaced counts as two."""
        actions = [block.action for block in self.blocks]
        replaced = actions.count(REPLACED)
        return actions.count(ADDED) + replaced, actions.count(CHANGED), actions.count(REMOVED) + replaced


def plan(
    old: SeldonDeployment,
    new: SeldonDeployment,
    columns: Mapping[str, Columns] | None = None,
) -> Plan:
    """What it takes to get from one deployment to the other.

    Args:
        old, new: with their aliases resolved to versions, so that a moved alias is a change.
        columns: those of the artifacts that are known, by modelUri.
    """
    old, new = (SeldonDeployment.read(_without_nulls(each.as_json())) for each in (old, new))
    found = tuple(blocks(old, new, columns or {}))
    if not found:
        return Plan(new.name)
    change = Change(old, new, found, ())
    start = _NO_OBJECTS if change.is_other_object else objects(old)
    done = tuple(effects(start, objects(new)))
    change = Change(old, new, found, done)
    return Plan(new.name, found, done, tuple(notes(change)), restart_reasons(old, new))


def _without_nulls(value: Any) -> Any:
    """A document without values that are null, which the API server drops, too."""
    if isinstance(value, dict):
        return {key: _without_nulls(each) for key, each in value.items() if each is not None}
    return [_without_nulls(each) for each in value] if isinstance(value, list) else value
