"""What is shown of a deployment: names, kinds, artifacts, images, shares, and who is asked before whom.

Order is that of the data: a node is asked `before` its children, `after` them, or both. A combiner and an
output transformer come after: nothing is asked of them until their children have answered.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from servegraph.spec import (
    Explainer,
    Implementation,
    PredictiveUnit,
    PredictorSpec,
    SeldonDeployment,
    UnitMethod,
    UnitType,
)


@dataclass(frozen=True, slots=True)
class Node:
    """One node.

    Attributes:
        kind: what it does, for its colour.
        word: what it is called in the manifest: an implementation, a type, or methods.
        share: percent of its router's requests that it gets, e.g. `80%`; empty where nobody can know.
        is_used: whether somebody reads its answer; of several children without a combiner only the first is.
        before, after: when it is asked, relative to its children; without children always `before`.
        joins: whether it makes one answer of those of all its children.
    """

    name: str
    kind: UnitType
    word: str
    artifact: str
    image: str
    logger: str
    share: str
    is_used: bool
    before: bool
    after: bool
    joins: bool
    children: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Predictor:
    """One predictor; `share` is percent of the traffic, for a shadow of that which is copied to it."""

    name: str
    share: str
    is_shadow: bool
    explainer: str
    root: Node


@dataclass(frozen=True, slots=True)
class Outline:
    """A whole deployment; `facts` are what is unusual about it, e.g. `protocol v2`."""

    name: str
    facts: tuple[str, ...]
    predictors: tuple[Predictor, ...]


def outline(deployment: SeldonDeployment, artifacts: Mapping[str, str]) -> Outline:
    """Outline a deployment; `artifacts` says what to write for a modelUri, which else stands as it is."""
    spec = deployment.spec
    said = (
        f"namespace {deployment.metadata.namespace}" if deployment.metadata.namespace else "",
        f"protocol {spec.protocol}" if spec.protocol else "",
        f"transport {spec.transport}" if spec.transport else "",
        f"serverType {spec.server_type}" if spec.server_type else "",
    )
    alone = sum(not predictor.shadow for predictor in spec.predictors) == 1
    predictors = (_predictor(predictor, alone, artifacts) for predictor in spec.predictors)
    return Outline(deployment.name, tuple(fact for fact in said if fact), tuple(predictors))


def _predictor(predictor: PredictorSpec, alone: bool, artifacts: Mapping[str, str]) -> Predictor:
    if predictor.shadow:
        percent = predictor.traffic or 100  # a shadow of 0 gets a copy of everything, too
    else:
        percent = 100 if alone else predictor.traffic or 0
    explainer = predictor.explainer if predictor.has_explainer else None
    return Predictor(
        name=predictor.name,
        share=f"{percent}%",
        is_shadow=predictor.shadow,
        explainer=_explainer(explainer, artifacts) if explainer else "",
        root=_node(predictor.graph, predictor, artifacts),
    )


def _explainer(explainer: Explainer, artifacts: Mapping[str, str]) -> str:
    uri = explainer.model_uri or ""
    return " ".join(part for part in (explainer.type, artifacts.get(uri, uri)) if part)


def _node(
    unit: PredictiveUnit, predictor: PredictorSpec, artifacts: Mapping[str, str], share: str = "", is_used: bool = True
) -> Node:
    uri = unit.model_uri or ""
    joins, after = _joins(unit), _joins(unit) or _transforms_output(unit)
    everyone = joins or unit.is_router
    children = (
        _node(child, predictor, artifacts, _share(unit, index), everyone or index == 0)
        for index, child in enumerate(unit.children)
    )
    return Node(
        name=unit.name,
        kind=_kind(unit),
        word=_word(unit),
        artifact=artifacts.get(uri, uri),
        image=predictor.image(unit.name),
        logger=_logger(unit),
        share=share,
        is_used=is_used,
        before=not after or not unit.children or unit.is_router or _transforms_input(unit),
        after=after and bool(unit.children),
        joins=joins,
        children=tuple(children),
    )


def _kind(unit: PredictiveUnit) -> UnitType:
    if unit.is_router:
        return UnitType.ROUTER
    return UnitType.COMBINER if _joins(unit) else unit.effective_type


def _joins(unit: PredictiveUnit) -> bool:
    combines = unit.effective_type is UnitType.COMBINER or UnitMethod.AGGREGATE in unit.methods
    return combines or unit.built_in is Implementation.AVERAGE_COMBINER


def _transforms_input(unit: PredictiveUnit) -> bool:
    is_asked = unit.effective_type in (UnitType.MODEL, UnitType.TRANSFORMER) or unit.built_in is not None
    return (is_asked and not _joins(unit)) or UnitMethod.TRANSFORM_INPUT in unit.methods


def _transforms_output(unit: PredictiveUnit) -> bool:
    return unit.effective_type is UnitType.OUTPUT_TRANSFORMER or UnitMethod.TRANSFORM_OUTPUT in unit.methods


def _word(unit: PredictiveUnit) -> str:
    if unit.built_in or unit.is_server:
        return str(unit.implementation)
    if unit.type and not isinstance(unit.type, UnitType):
        return unit.type
    if unit.effective_type is UnitType.UNKNOWN_TYPE and unit.methods:
        return ", ".join(unit.methods)
    return str(unit.effective_type)


def _logger(unit: PredictiveUnit) -> str:
    said = unit.logger
    if not isinstance(said, Mapping):
        return ""
    return " ".join(str(part) for part in ("logs", said.get("mode"), said.get("url") and f"→ {said['url']}") if part)


def _share(parent: PredictiveUnit, index: int) -> str:
    """The share of a child; only RANDOM_ABTEST's are known. It draws between the first two."""
    if parent.built_in is not Implementation.RANDOM_ABTEST:
        return ""
    sole = parent.parameters[0] if len(parent.parameters) == 1 else None
    try:
        ratio = float(sole.value) if sole is not None and sole.name == "ratioA" else 0.5
    except ValueError:
        return ""
    first = min(max(ratio, 0.0), 1.0) if ratio == ratio else 0.0  # a draw is never below NaN
    return f"{100 * (first, 1 - first, 0)[min(index, 2)]:.4g}%"
