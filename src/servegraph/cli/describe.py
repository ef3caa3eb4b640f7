"""What is said of loaded nodes: to Prometheus, in the metadata, in the status."""

from collections.abc import Sequence
from typing import Any

from servegraph.cli.assemble import LoadedNode
from servegraph.observe.metrics import NodeLabels
from servegraph.spec import PredictorSpec, split_image


def labels(node: LoadedNode, predictor: PredictorSpec) -> NodeLabels:
    """The labels of a node's metrics."""
    image, version = split_image(predictor.image(node.unit.name))
    artifact = node.artifact
    return NodeLabels(
        image=image,
        image_version=version,
        artifact=artifact.name if artifact else None,
        artifact_version=artifact.version if artifact else None,
        digest=artifact.digest if artifact else None,
        branches=tuple(child.name for child in node.unit.children) if node.unit.is_router else (),
    )


def documents(nodes: Sequence[LoadedNode], predictor: PredictorSpec) -> dict[str, dict[str, Any]]:
    """Seldon's metadata documents of all nodes with a component, from their artifacts' signatures."""
    return {node.unit.name: _document(node, predictor) for node in nodes if node.component}


def _document(node: LoadedNode, predictor: PredictorSpec) -> dict[str, Any]:
    image, version = split_image(predictor.image(node.unit.name))
    document: dict[str, Any] = {"name": image, "versions": [version]}
    if node.artifact:
        document = {"name": node.artifact.name, "versions": [node.artifact.version], "platform": "mlflow"}
    if node.width is not None:
        document["inputs"] = [_tensor(node.width, node.input_names)]
    if node.component and node.component.class_names:
        names = list(node.component.class_names)
        document["outputs"] = [_tensor(len(names), names)]
    return document


def _tensor(width: int, names: Sequence[str]) -> dict[str, Any]:
    schema = {"names": list(names), "shape": [width]} if names else {"shape": [width]}
    return {"messagetype": "tensor", "schema": schema}


def status(node: LoadedNode) -> dict[str, Any]:
    """A node's part of the status document."""
    artifact = node.artifact
    return {
        "name": node.unit.name,
        "type": str(node.unit.built_in or node.unit.effective_type),
        "component": node.reference,
        "artifact": artifact.name if artifact else None,
        "version": artifact.version if artifact else None,
        "digest": artifact.digest if artifact else None,
        "children": [child.name for child in node.unit.children],
    }
