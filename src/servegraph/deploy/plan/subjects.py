"""A deployment taken apart: the object, its predictors, nodes, pods and explainers, a document each.

A node's document holds its unit and its container, as a reader thinks of them as one thing.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from servegraph.spec import ComponentSpec, PredictiveUnit, PredictorSpec, SeldonDeployment


@dataclass(frozen=True, slots=True)
class Columns:
    """What an artifact takes and gives: the types of its columns by name."""

    inputs: Mapping[str, str]
    outputs: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Subject:
    """A thing that a plan has a block for.

    Attributes:
        kind: `SeldonDeployment`, `predictor`, `node`, `pod` or `explainer`.
        name: unique among its kind in its predictor.
        word: more about it, e.g. a node's type.
        document: all that is said of it, but for its name.
    """

    kind: str
    name: str
    word: str
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Part:
    """A predictor with what belongs to it."""

    predictor: Subject
    nodes: Mapping[str, Subject]
    pods: Mapping[str, Subject] = field(default_factory=dict)
    explainer: Subject | None = None


def whole(deployment: SeldonDeployment) -> Subject:
    """What is said of the object itself."""
    document = deployment.as_json()
    rest = {key: value for key, value in document["spec"].items() if key != "predictors"}
    metadata = {key: value for key, value in document["metadata"].items() if key != "creationTimestamp"}
    name = metadata.pop("name")
    top = {key: value for key, value in document.items() if key not in ("kind", "metadata", "spec", "status")}
    top |= {"metadata": metadata} if metadata else {}
    order = [predictor.name for predictor in deployment.spec.predictors]
    return Subject("SeldonDeployment", name, "", {**top, "spec": rest, "predictors": order})


def parts(deployment: SeldonDeployment, columns: Mapping[str, Columns]) -> dict[str, Part]:
    """The predictors by name; `columns` are those of the artifacts that are known, by URI."""
    predictors = deployment.spec.predictors
    names = _unique(each.name for each in predictors)
    return {name: _part(each, columns) for name, each in zip(names, predictors, strict=True)}


def _part(predictor: PredictorSpec, columns: Mapping[str, Columns]) -> Part:
    document = predictor.as_json()
    explainer = document.pop("explainer", None)
    for key in ("name", "graph", "componentSpecs"):
        document.pop(key, None)
    pods = predictor.component_specs or []
    return Part(
        Subject("predictor", predictor.name, "", document),
        _nodes(predictor, columns),
        {str(index): _pod(pod, index, predictor) for index, pod in enumerate(pods) if _has_more(pod, predictor)},
        Subject("explainer", predictor.name, explainer.get("type", ""), explainer) if predictor.has_explainer else None,
    )


def _nodes(predictor: PredictorSpec, columns: Mapping[str, Columns]) -> dict[str, Subject]:
    found = list(_walk(predictor.graph, ""))
    names = _unique(unit.name for unit, _ in found)
    subjects = (
        _node(name, unit, parent, predictor, columns) for name, (unit, parent) in zip(names, found, strict=True)
    )
    return dict(zip(names, subjects, strict=True))


def _walk(unit: PredictiveUnit, parent: str) -> Iterator[tuple[PredictiveUnit, str]]:
    yield unit, parent
    for child in unit.children:
        yield from _walk(child, unit.name)


def _node(
    name: str, unit: PredictiveUnit, parent: str, predictor: PredictorSpec, columns: Mapping[str, Columns]
) -> Subject:
    document = unit.as_json()
    children = [child.name for child in unit.children]
    for key in ("name", "children"):
        document.pop(key, None)
    container = predictor.container(unit.name)
    if container is not None:
        own = container.as_json()
        own.pop("name")
        document = {**own, **document}
        document["pod"] = _pod_of(unit.name, predictor)
    known = columns.get(unit.model_uri or "")
    if known is not None:
        document |= {"input": dict(known.inputs), "output": dict(known.outputs)}
    word = unit.implementation if unit.built_in or unit.is_server else unit.type or unit.effective_type
    return Subject("node", name, str(word), {**document, "parent": parent, "children": children})


def _pod_of(container: str, predictor: PredictorSpec) -> int:
    pods = predictor.component_specs or []
    return next(index for index, pod in enumerate(pods) if any(each.name == container for each in pod.spec.containers))


def _pod(pod: ComponentSpec, index: int, predictor: PredictorSpec) -> Subject:
    return Subject("pod", str(index), "", _pod_document(pod, predictor))


def _has_more(pod: ComponentSpec, predictor: PredictorSpec) -> bool:
    """Whether a pod is more than the containers of its nodes."""
    return bool(_pod_document(pod, predictor))


def _pod_document(pod: ComponentSpec, predictor: PredictorSpec) -> dict[str, Any]:
    nodes = {unit.name for unit in predictor.graph.walk()}
    document = pod.as_json()
    spec = dict(document.pop("spec", {}))
    others = [container for container in spec.pop("containers", ()) if container.get("name") not in nodes]
    spec |= {"containers": others} if others else {}
    return {**document, **({"spec": spec} if spec else {})}


def _unique(names: Iterator[str]) -> Sequence[str]:
    """The names, each once: the second node `x` is `x (2)`."""
    seen: Counter[str] = Counter()
    found = []
    for name in names:
        seen[name] += 1
        found.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return found
