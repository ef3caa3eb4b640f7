"""The OpenAPI document of the graph that runs, with the names, width and example of its own rows.

The paths and schemas that all graphs share lie in `page/openapi.yaml`; what a front really
answers is decided elsewhere, and tests hold this document against it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import yaml

from servegraph.spec import PredictiveUnit

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class GraphDescription:
    """A graph, as its callers see it.

    Attributes:
        input_names: names of the features of a row, from the first node whose artifact has a
            signature; empty if it has none.
        width: the features of a row; None if nothing says.
        example: one row that the graph understands, plain JSON values; empty if there is none.
    """

    name: str
    namespace: str
    predictor: str
    graph: PredictiveUnit
    input_names: Sequence[str] = ()
    width: int | None = None
    example: Sequence[Any] = ()

    @property
    def row(self) -> list[Any]:
        """A row to show: the example, or zeros."""
        return list(self.example) or [0.0] * (self.width or len(self.input_names) or 2)


def openapi(description: GraphDescription) -> Document:
    """The OpenAPI 3.1 document of a graph.

    `x-servegraph` holds what the page beside it draws: namespace, predictor, the nodes, and the
    names and the example of a row. Server URLs are relative to `/api/v1.0/doc/`.
    """
    document: Document = yaml.safe_load(files(__package__).joinpath("page/openapi.yaml").read_text(encoding="utf-8"))
    document["info"]["title"] = description.name
    document["info"]["description"] = f"The graph {description.name}/{description.predictor} as it runs."
    document["servers"] = [{"url": "../../.."}]
    document["x-servegraph"] = {
        "namespace": description.namespace,
        "predictor": description.predictor,
        "graph": _drawing(description.graph),
        "names": list(description.input_names),
        "example": description.row,
    }
    _name_nodes(document["components"]["parameters"], description)
    _describe_row(document["components"]["schemas"], description)
    _give_examples(document["components"]["requestBodies"], description)
    return document


def _drawing(unit: PredictiveUnit) -> Document:
    return {
        "name": unit.name,
        "type": unit.built_in or unit.effective_type,
        "children": [_drawing(child) for child in unit.children],
    }


def _name_nodes(parameters: Mapping[str, Document], description: GraphDescription) -> None:
    nodes = [unit.name for unit in description.graph.walk()]
    parameters["Node"]["schema"]["enum"] = nodes
    parameters["Model"]["schema"]["enum"] = list(dict.fromkeys((description.name, *nodes)))


def _describe_row(schemas: Document, description: GraphDescription) -> None:
    names, width = list(description.input_names), description.width
    row: Document = {"type": "array", "items": _cell(description.example), "description": "One row."}
    if width is not None:
        row |= {"minItems": width, "maxItems": width, "description": f"One row of {width} features."}
        schemas["Row"] = row
    elif description.example:
        schemas["Row"] = row
    else:
        schemas["Row"] = {"description": "One row: a list of values, or a value."}
    if names:
        schemas["Names"]["examples"] = [names]


def _cell(example: Sequence[Any]) -> Document:
    """The schema of a value, as far as an example tells."""
    numeric = bool(example) and all(type(value) in (int, float) for value in example)
    return {"type": ["number", "null"] if numeric else ["number", "string", "boolean", "null"]}


def _give_examples(bodies: Mapping[str, Document], description: GraphDescription) -> None:
    row = description.row
    data: Document = {"names": list(description.input_names)} if description.input_names else {}
    prediction = {"data": {**data, "ndarray": [row]}}
    feedback = {"request": prediction, "response": {"meta": {"puid": "the puid of an answer"}}, "reward": 1.0}
    textual = any(isinstance(value, str) for value in row)
    tensor = {"name": "input", "shape": [1, len(row)], "datatype": "BYTES" if textual else "FP64", "data": row}
    examples = {"Prediction": prediction, "Feedback": feedback, "Inference": {"inputs": [tensor]}}
    for name, example in examples.items():
        bodies[name]["content"]["application/json"]["example"] = example
