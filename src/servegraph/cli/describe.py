"""What is said of loaded nodes: to Prometheus, in the metadata, in the status."""

from collections.abc import Sequence
from typing import Any

from servegraph.cli.assemble import LoadedNode
from servegraph.observe.metrics import NodeLabels
from servegraph.serving.open_inference_model import InferenceModel
from servegraph.serving.openapi import GraphDescription
from servegraph.spec import PredictorSpec, SeldonDeployment, split_image


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
    return {node.unit.name: _document(node, predictor) for node in nodes if node.reference}


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


def graph(deployment: SeldonDeployment, nodes: Sequence[LoadedNode]) -> GraphDescription:
    """The graph as the page to try it shows it; rows are those of the first node with a signature."""
    predictor = deployment.spec.predictors[0]
    first = next((node for node in nodes if node.width is not None), None)
    example = first.artifact.input_example() if first and first.artifact else None
    return GraphDescription(
        name=deployment.name,
        namespace=deployment.namespace,
        predictor=predictor.name,
        graph=predictor.graph,
        input_names=first.input_names if first else (),
        width=first.width if first else None,
        example=example[0] if example else (),
    )


def inference_model(deployment: SeldonDeployment, nodes: Sequence[LoadedNode]) -> InferenceModel:
    """The graph as a model of the Open Inference protocol; its tensors as its artifacts' signatures say."""
    predictor = deployment.spec.predictors[0]
    first = next((node for node in nodes if node.width is not None), None)
    width = first.width if first else None
    return InferenceModel(
        name=deployment.name,
        aliases=frozenset((predictor.name, *(node.unit.name for node in nodes))),
        inputs=[] if width is None else [{"name": "input", "datatype": "FP64", "shape": [-1, width]}],
        outputs=_outputs(nodes),
    )


def _outputs(nodes: Sequence[LoadedNode]) -> list[dict[str, Any]]:
    """The tensor of the graph's leaves, if they agree on how wide it is."""
    leaves = [node.component.class_names for node in nodes if node.component and not node.unit.children]
    widths = {len(names) if names else -1 for names in leaves}
    return [{"name": "predict", "datatype": "FP64", "shape": [-1, widths.pop()]}] if len(widths) == 1 else []
