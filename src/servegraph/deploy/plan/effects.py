"""What Seldon's operator does to its objects when a deployment changes, object by object.

Source:
    Seldon Core v1's operator, 1.17 and 1.18: a changed template rolls, a changed selector is deleted and created
    again, what is no longer wanted is deleted when all that is wanted is ready.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from servegraph.deploy.plan.objects import ENGINE_PREDICTOR, Objects, Workload

GATEWAY = "VirtualService or Mappings"  # Istio's, or Ambassador's; which of them, only the operator knows


class Outcome(StrEnum):
    CREATED = "created"
    DELETED = "deleted once all that is new is ready"
    RECREATED = "deleted and created again"
    ROLLED = "rolling update"
    SCALED = "scaled"
    UPDATED = "updated in place"


@dataclass(frozen=True, slots=True)
class Effect:
    """What happens to one object, and because of what.

    Attributes:
        details: more about it, e.g. how many replicas.
        before, after: the Deployment; None of another kind, or where it is not there.
    """

    kind: str
    name: str
    outcome: Outcome
    because: tuple[str, ...] = ()
    details: str = ""
    before: Workload | None = None
    after: Workload | None = None


def effects(old: Objects, new: Objects) -> list[Effect]:
    """All objects that something happens to."""
    return [
        *_workloads(old.workloads, new.workloads),
        *_services(old, new),
        *_scalers(old.scalers, new.scalers),
        *_routes(old, new),
    ]


def _workloads(old: Mapping[str, Workload], new: Mapping[str, Workload]) -> Iterator[Effect]:
    for name in dict.fromkeys((*old, *new)):
        before, after = old.get(name), new.get(name)
        if before is None or after is None:
            outcome = Outcome.DELETED if after is None else Outcome.CREATED
            yield Effect("Deployment", name, outcome, before=before, after=after)
        elif before.selector != after.selector:
            because = tuple(_selector_changes(before, after))
            yield Effect("Deployment", name, Outcome.RECREATED, because, before=before, after=after)
        elif before.template != after.template:
            because = changed(before.template, after.template)
            yield Effect("Deployment", name, Outcome.ROLLED, because, _replicas(before, after), before, after)
        elif _replicas(before, after):
            details = _replicas(before, after)
            yield Effect("Deployment", name, Outcome.SCALED, (), details, before, after)


def _selector_changes(before: Workload, after: Workload) -> Iterator[str]:
    one, two = ({unit.name for unit in workload.nodes} for workload in (before, after))
    yield from (f"node {name} comes" for name in sorted(two - one))
    yield from (f"node {name} goes" for name in sorted(one - two))
    if before.selector.get("seldon-app") != after.selector.get("seldon-app"):
        yield "the engine moves, or its Service has another name"


def changed(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[str, ...]:
    """The keys whose values differ; what only the engine knows counts when there is nothing else."""
    keys = [key for key in dict.fromkeys((*old, *new)) if old.get(key) != new.get(key)]
    own = tuple(key for key in keys if key != ENGINE_PREDICTOR)
    return own or tuple(keys)


def _replicas(before: Workload, after: Workload) -> str:
    """What happens to the number of pods; nothing where an autoscaler keeps it."""
    if after.scaler or (before.replicas == after.replicas and not before.scaler):
        return ""
    if after.replicas is None:
        return "nobody says how many replicas: as many stay as there are"
    if before.scaler:
        return f"{after.replicas} replicas, whatever {before.scaler} had made of it"
    return f"{1 if before.replicas is None else before.replicas} -> {after.replicas} replicas"


def _services(old: Objects, new: Objects) -> Iterator[Effect]:
    for name in dict.fromkeys((*old.services, *new.services)):
        before, after = old.services.get(name), new.services.get(name)
        if before is None or after is None:
            yield Effect("Service", name, Outcome.DELETED if after is None else Outcome.CREATED)
        elif before.selector != after.selector:
            yield Effect("Service", name, Outcome.RECREATED, ("selector",))
        elif before.rest != after.rest:
            yield Effect("Service", name, Outcome.UPDATED, changed(before.rest, after.rest))


def _scalers(old: Mapping[tuple[str, str], Any], new: Mapping[tuple[str, str], Any]) -> Iterator[Effect]:
    for key in dict.fromkeys((*old, *new)):
        before, after = old.get(key), new.get(key)
        if before is None or after is None:
            yield Effect(*key, Outcome.DELETED if after is None else Outcome.CREATED)
        elif before != after:
            yield Effect(*key, Outcome.UPDATED, changed(before, after))


def _routes(old: Objects, new: Objects) -> Iterator[Effect]:
    because = changed(old.routes, new.routes)
    if because:
        moves = ", ".join(_move(key, old.routes, new.routes) for key in because)
        outcome = Outcome.UPDATED if old.routes else Outcome.CREATED
        yield Effect(GATEWAY, new.gateway_name, outcome, because, moves)


def _move(key: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    if key not in old:
        return f"{key}: {new[key]}"
    return f"{key}: {old[key]} -> {new[key]}" if key in new else f"{key}: none"
