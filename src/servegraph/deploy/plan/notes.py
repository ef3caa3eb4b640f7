"""What the changes in a cluster mean: for requests, for the room that is needed, for what nodes remember.

A note is one sentence or two: the consequence, and why.

Source:
    Seldon Core v1's operator and executor, 1.17 and 1.18.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from servegraph.deploy.plan.blocks import ADDED, Block, is_other_object
from servegraph.deploy.plan.effects import GATEWAY, Effect, Outcome
from servegraph.deploy.plan.objects import Workload, objects
from servegraph.deploy.plan.subjects import whole
from servegraph.spec import PredictiveUnit, SeldonDeployment, UnitMethod, UnitType
from servegraph.spec.servers import SELDON, V2, protocol_name


@dataclass(frozen=True, slots=True)
class Change:
    """All that the notes are made from."""

    old: SeldonDeployment
    new: SeldonDeployment
    blocks: Sequence[Block]
    effects: Sequence[Effect]

    @property
    def is_other_object(self) -> bool:
        return is_other_object(whole(self.old), whole(self.new))

    def of(self, *outcomes: Outcome) -> list[Effect]:
        """What happens to Deployments."""
        return [each for each in self.effects if each.kind == "Deployment" and each.outcome in outcomes]

    @property
    def starting(self) -> list[Workload]:
        """The Deployments whose pods start."""
        found = self.of(Outcome.CREATED, Outcome.ROLLED, Outcome.RECREATED)
        return [each.after for each in found if each.after is not None]

    @property
    def ending(self) -> list[Workload]:
        """The Deployments whose pods end."""
        found = self.of(Outcome.DELETED, Outcome.ROLLED, Outcome.RECREATED)
        return [each.before for each in found if each.before is not None]


def notes(change: Change) -> list[str]:
    """What somebody should know before doing this."""
    return [text for make in _MAKERS for text in make(change)]


def _other_object(change: Change) -> Iterator[str]:
    if change.is_other_object:
        yield (
            f"This is another object: `kubectl apply` makes it beside {change.old.name}, "
            "which stays, pods and all, until you delete it."
        )


def _nothing(change: Change) -> Iterator[str]:
    if not change.effects:
        yield "No object changes: the operator makes the same of both."


def _downtime(change: Change) -> Iterator[str]:
    for each in change.of(Outcome.RECREATED):
        if each.before is None:
            continue
        names = ", ".join(unit.name for unit in each.before.nodes)
        whose = f"predictor {each.before.predictor}" if each.before.has_engine else f"{names or each.name}"
        yield (
            f"Requests to {whose} FAIL for 20 s at least: a selector cannot be changed, so {each.name} is deleted "
            "first and created then."
        )


def _readiness(change: Change) -> Iterator[str]:
    if not change.starting:
        return
    units = [unit for workload in change.starting for unit in workload.nodes]
    plus = "pulling images and downloading models" if any(unit.model_uri for unit in units) else "pulling images"
    rolling = change.of(Outcome.ROLLED)
    until = " Old pods answer until then." if rolling else ""
    yield f"New pods are ready after 20 s at least, the delay of their probes, plus {plus}.{until}"
    if any(unit.implementation == "MLFLOW_SERVER" for unit in units) and _protocol(change.new) == SELDON:
        yield "MLFLOW_SERVER builds its conda environment at every start: minutes, and its probes may end it first."
    if rolling:
        yield "Each Deployment that rolls needs room for one pod more, GPUs included: maxSurge is 25 %, rounded up."


def _requests(change: Change) -> Iterator[str]:
    scaled = [each.before for each in change.of(Outcome.SCALED) if _shrinks(each)]
    ending = [workload for workload in (*change.ending, *scaled) if workload is not None]
    if change.is_other_object or not any(workload.has_engine for workload in ending):
        return
    yield (
        "A few requests can fail as each old pod ends: its engine stops listening at once, while the Service still "
        "sends to it. What it has accepted it answers (15 s)."
    )


def _shrinks(effect: Effect) -> bool:
    before, after = effect.before, effect.after
    return before is not None and after is not None and (after.replicas or 0) < (before.replicas or 1)


def _overlap(change: Change) -> Iterator[str]:
    ending = {each.before.predictor for each in change.of(Outcome.DELETED) if each.before and each.before.has_engine}
    starting = {each.after.predictor for each in change.of(Outcome.CREATED) if each.after and each.after.has_engine}
    for predictor in sorted(ending & starting):
        yield (
            f"The old pods of predictor {predictor} go when every new one is ready, and stay if one never is. "
            "Until then both answer."
        )


def _scaling(change: Change) -> Iterator[str]:
    if change.of(Outcome.SCALED):
        yield "No pod that stays is restarted."
    for each in change.of(Outcome.SCALED, Outcome.CREATED, Outcome.ROLLED):
        after = each.after
        if after is not None and after.replicas == 0 and not after.scaler and (each.details or each.before is None):
            yield (
                f"With 0 replicas {each.name} never counts as ready: the object stays Creating, "
                "the gateway is not told, and nothing old is removed."
            )
    if any(each.kind == "ScaledObject" and each.outcome is Outcome.CREATED for each in change.effects):
        yield "A ScaledObject is made only by an operator with KEDA_ENABLED=true; else nobody scales."


def _autoscaled(change: Change) -> Iterator[str]:
    said = any(field.path == "replicas" for block in change.blocks for field in block.fields if block.action != ADDED)
    if not said:
        return
    for predictor in change.new.spec.predictors:
        for pod in predictor.component_specs or []:
            if pod.hpa_spec or pod.keda_spec:
                name = ", ".join(container.name for container in pod.spec.containers)
                yield f"replicas does not count for the pod of {name}: its autoscaler decides."


def _memory(change: Change) -> Iterator[str]:
    names = {unit.name: None for workload in change.ending for unit in workload.nodes if _learns(unit)}
    if names and not change.is_other_object:
        yield f"What {', '.join(names)} learned from feedback is gone, unless it is kept outside of the pod."


def _learns(unit: PredictiveUnit) -> bool:
    is_router = unit.effective_type is UnitType.ROUTER and not unit.built_in
    return is_router or UnitMethod.SEND_FEEDBACK in unit.methods


def _traffic(change: Change) -> Iterator[str]:
    if not any(each.kind == GATEWAY for each in change.effects):
        return
    predictors = change.new.spec.predictors
    yield "The gateway is told when all Deployments are ready; without one (Istio, Ambassador) nothing splits traffic."
    if len(predictors) > 1 and any(not each.shadow and not each.traffic for each in predictors):
        yield "Ambassador leaves out a weight of 0: its traffic is then split evenly."


def _callers(change: Change) -> Iterator[str]:
    old, new = _protocol(change.old), _protocol(change.new)
    if old != new and change.new.spec.predictors:
        root = change.new.spec.predictors[0].graph.name
        yield (
            f"Callers have to change with it: POST {_path(old, root)} becomes POST {_path(new, root)}. "
            "While it rolls, pods of both protocols answer, and requests of either kind FAIL at the other."
        )
    old_transport, new_transport = (each.spec.transport or "rest" for each in (change.old, change.new))
    if old_transport != new_transport:
        yield f"The engine calls nodes over {new_transport} instead of {old_transport}: their servers have to speak it."


def _protocol(deployment: SeldonDeployment) -> str:
    return protocol_name(deployment.spec.protocol)


def _path(protocol: str, root: str) -> str:
    if protocol == V2:
        return f"/v2/models/{root}/infer"
    return f"/v1/models/{root}:predict" if protocol == "tensorflow" else "/api/v1.0/predictions"


def _columns(change: Change) -> Iterator[str]:
    for block in change.blocks:
        sides = {field.path.partition("[")[0].partition(".")[0] for field in block.fields if block.action != ADDED}
        if block.kind == "node" and "input" in sides:
            yield f"Node {block.name} takes other columns: what sends them has to change with it."
        if block.kind == "node" and "output" in sides:
            yield f"Node {block.name} gives other columns: what reads them has to change with it."


def _ports(change: Change) -> Iterator[str]:
    """Services change at once, the engine that calls them only when its new pod is ready."""
    moved = {each.name for each in change.effects if each.kind == "Service" and "ports" in each.because}
    elsewhere = [workload for workload in objects(change.new).workloads.values() if not workload.has_engine]
    services = {value: unit for workload in elsewhere for unit, value in workload.selector.items()}
    names = [services[name].removeprefix("seldon-app-svc-") for name in sorted(moved & services.keys())]
    if names:
        yield (
            f"Requests that need {', '.join(names)} can FAIL until the roll is over: ports are counted by the order of "
            "the containers, the Services take the new ones at once, and the old engine calls the old ones."
        )


def _unread(change: Change) -> Iterator[str]:
    if any(field.path.startswith("metadata.annotations") for block in change.blocks for field in block.fields):
        yield "metadata.annotations reach no pod: only those of spec, predictors and pods are copied."


_MAKERS: tuple[Callable[[Change], Iterator[str]], ...] = (
    _other_object,
    _nothing,
    _downtime,
    _callers,
    _columns,
    _ports,
    _readiness,
    _requests,
    _overlap,
    _memory,
    _scaling,
    _autoscaled,
    _traffic,
    _unread,
)
