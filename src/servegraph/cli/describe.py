"""What is said of loaded nodes: to Prometheus, in the metadata, in the status."""

import json
from collections.abc import Sequence
from typing import Any

from servegraph.artifacts import Artifact
from servegraph.cli.assemble import LoadedNode
from servegraph.observe.metrics import NodeLabels
from servegraph.servers import SERVERS
from servegraph.servers.sklearn_server import OUTPUTS
from servegraph.serving.open_inference_model import InferenceModel
from servegraph.serving.openapi import GraphDescription
from servegraph.spec import PredictorSpec, SeldonDeployment, split_image

METADATA = "MODEL_METADATA"  # the variable that a component server reads


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


def metadata_overlay(node: LoadedNode, predictor: PredictorSpec) -> str:
    """What goes over a class's own metadata, as its component server takes it: YAML, or nothing.

    It is the MODEL_METADATA of the node's container, else what the node's artifact says, unless the
    class speaks for itself.
    """
    container = predictor.container(node.unit.name)
    given = container.environment().get(METADATA) if container else None
    if given is not None:
        return given
    return "" if node.artifact is None or _speaks_for_itself(node.cls) else json.dumps(_document(node.artifact))


def _speaks_for_itself(cls: type | None) -> bool:
    """Whether a class has metadata; that of Seldon's base class only says that there is none."""
    classes = cls.__mro__ if cls else ()
    return any("init_metadata" in vars(base) for base in classes if base.__name__ != "SeldonComponent")


def _document(artifact: Artifact) -> dict[str, Any]:
    document: dict[str, Any] = {"name": artifact.name, "versions": [artifact.version], "platform": "mlflow"}
    signature = artifact.signature
    if signature and signature.width is not None:
        document["inputs"] = [_tensor(signature.width, signature.input_names)]
    if signature and signature.output_names:
        document["outputs"] = [_tensor(len(signature.output_names), signature.output_names)]
    return document


def _tensor(width: int, names: Sequence[str]) -> dict[str, Any]:
    schema = {"names": list(names), "shape": [width]} if names else {"shape": [width]}
    return {"messagetype": "tensor", "schema": schema}


def status(node: LoadedNode) -> dict[str, Any]:
    """A node's part of the status document.

    `runs` is where: here, elsewhere, or not at all (a stub). `compiled` says of each method whether a kernel
    answers it, or why not.
    """
    artifact = node.artifact
    return {
        "name": node.unit.name,
        "type": str(node.unit.built_in or node.unit.effective_type),
        "runs": runs(node),
        "component": node.reference,
        "artifact": artifact.name if artifact else None,
        "version": artifact.version if artifact else None,
        "digest": artifact.digest if artifact else None,
        "kernel": kernel(node),
        "compiled": dict(node.compiled.lines),
        "children": [child.name for child in node.unit.children],
    }


def kernel(node: LoadedNode) -> str | None:
    """What computes in place of the node's model: `numpy` or `onnxruntime`; None where the model does."""
    return next(iter(node.compiled.engines.values()), None)


def runs(node: LoadedNode) -> str:
    """Where a node runs: `here`, `elsewhere`, as a `stub`, or `built in`."""
    if node.is_stub:
        return "stub"
    if node.reference is not None:
        return "here"
    return "built in" if node.unit.built_in else "elsewhere"


def graph(deployment: SeldonDeployment, predictor: PredictorSpec, nodes: Sequence[LoadedNode]) -> GraphDescription:
    """The graph as the page to try it shows it; rows are those of the first node with a signature."""
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


def inference_model(
    deployment: SeldonDeployment, predictors: Sequence[tuple[PredictorSpec, Sequence[LoadedNode]]]
) -> InferenceModel:
    """The graph as a model of the Open Inference protocol; its tensors as its artifacts' signatures say.

    Of several predictors all names are known, and the tensors are the first one's.
    """
    nodes = predictors[0][1]
    names = [(spec.name, *(node.unit.name for node in each)) for spec, each in predictors]
    first = next((node for node in nodes if node.width is not None), None)
    width = first.width if first else None
    return InferenceModel(
        name=deployment.name,
        aliases=frozenset(name for each in names for name in each),
        inputs=[] if width is None else [{"name": "input", "datatype": "FP64", "shape": [-1, width]}],
        outputs=_outputs(nodes),
        choices=_choices(deployment, predictors),
    )


def _choices(
    deployment: SeldonDeployment, predictors: Sequence[tuple[PredictorSpec, Sequence[LoadedNode]]]
) -> frozenset[str]:
    """The outputs that callers may choose from: where every graph is one scikit-learn server of the v2 protocol."""
    each = [nodes[0] for _, nodes in predictors if len(nodes) == 1]
    are_sklearn = all(node.component and node.reference == SERVERS["SKLEARN_SERVER"] for node in each)
    is_v2 = deployment.spec.protocol in ("v2", "kfserving")
    return frozenset(OUTPUTS) if is_v2 and are_sklearn and len(each) == len(predictors) else frozenset()


def _outputs(nodes: Sequence[LoadedNode]) -> list[dict[str, Any]]:
    """The tensor of the graph's leaves, if they agree on how wide it is."""
    leaves = [node.component.class_names for node in nodes if node.component and not node.unit.children]
    widths = {len(names) if names else -1 for names in leaves}
    return [{"name": "predict", "datatype": "FP64", "shape": [-1, widths.pop()]}] if len(widths) == 1 else []
