"""The metadata of a graph: its nodes' documents, and what goes in and comes out of the whole.

Source:
    Seldon's executor: a leaf gives its own inputs and outputs; a MODEL or TRANSFORMER its own
    inputs and its first child's outputs; an OUTPUT_TRANSFORMER or COMBINER its first child's
    inputs and its own outputs; a router its first child's both.
"""

from collections.abc import Mapping
from typing import Any

from google.protobuf import json_format

from servegraph.payload.schema import message_class
from servegraph.spec import PredictiveUnit, PredictorSpec, UnitType

Document = Mapping[str, Any]
_LEFT_OUT_IF_EMPTY = ("name", "platform", "versions", "custom")


def graph_metadata(predictor: PredictorSpec, models: Mapping[str, Document]) -> dict[str, Any]:
    """The graph's metadata; `models` holds a document for each node with a component.

    A document has `name`, `versions`, `platform`, `inputs`, `outputs`, `custom`; any may be absent.
    """
    inputs, outputs = _edges(predictor.graph, models)
    document = {
        "name": predictor.name,
        "models": {node: _node(model) for node, model in sorted(models.items())},
        "graphinputs": inputs,
        "graphoutputs": outputs,
    }
    return {key: value for key, value in document.items() if value is not None}


def _node(model: Document) -> dict[str, Any]:
    order = ("name", "platform", "versions", "inputs", "outputs", "custom")
    return {key: model[key] for key in order if model.get(key) or (key in model and key not in _LEFT_OUT_IF_EMPTY)}


def _edges(unit: PredictiveUnit, models: Mapping[str, Document]) -> tuple[Any, Any]:
    own = models.get(unit.name, {})
    inputs, outputs = own.get("inputs"), own.get("outputs")
    if not unit.children:
        return inputs, outputs
    child_inputs, child_outputs = _edges(unit.children[0], models)
    match unit.effective_type:
        case UnitType.MODEL | UnitType.TRANSFORMER:
            return inputs, child_outputs
        case UnitType.OUTPUT_TRANSFORMER | UnitType.COMBINER:
            return child_inputs, outputs
    return child_inputs, child_outputs


def graph_proto(metadata: Document) -> Any:
    """The same as a SeldonGraphMetadata, whose members are called `inputs` and `outputs`."""
    names = {"graphinputs": "inputs", "graphoutputs": "outputs"}
    document = {names.get(key, key): value for key, value in metadata.items()}
    return json_format.ParseDict(document, message_class("seldon.protos.SeldonGraphMetadata")(), True)


def model_proto(document: Document) -> Any:
    """A node's document as a SeldonModelMetadata."""
    return json_format.ParseDict(dict(document), message_class("seldon.protos.SeldonModelMetadata")(), True)
