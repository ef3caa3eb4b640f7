"""Stand-ins: what each type of node answers with, and that the answer says so."""

from typing import Any

import numpy as np
from tests.engine.units import Unheard

from servegraph.engine import Context, Engine, Parts, RoutingInjection, compile_plan
from servegraph.engine.stub import Stub
from servegraph.payload import Message
from servegraph.payload.envelope import Envelope
from servegraph.payload.seldon import MESSAGE
from servegraph.shared import Ledger
from servegraph.spec import PredictorSpec


async def answer(graph: dict[str, Any], rows: Any, outputs: list[str] | None = None, kind: Any = "ndarray") -> Message:
    predictor = PredictorSpec.model_validate({"name": "p", "graph": graph})
    stubs = {unit.name: Stub(unit, outputs) for unit in predictor.graph.walk()}
    plan = compile_plan(predictor, Parts(stubs, taps=stubs), RoutingInjection.NEVER)
    value = np.array(rows) if kind == "ndarray" else rows
    request = Envelope(MESSAGE, "rest", value=Message(kind, value))
    return (await Engine(plan, Ledger(), Unheard()).predict(request, Context("p"))).value()


MODEL = {"name": "m", "type": "MODEL"}


async def test_model_answers_like_simple_model_for_every_row() -> None:
    told = await answer(MODEL, [[1.0], [2.0]])

    assert told.value.tolist() == [[0.1, 0.9, 0.5]] * 2
    assert told.names == ["class0", "class1", "class2"]
    assert told.meta.tags == {"m": "stub"}


async def test_model_answers_as_wide_as_its_signature() -> None:
    told = await answer(MODEL, [[1.0]], ["benign", "malignant"])

    assert (told.value.tolist(), told.names) == ([[0.5, 0.5]], ["benign", "malignant"])


async def test_model_answers_text_with_numbers() -> None:
    told = await answer(MODEL, "a text", kind="strData")

    assert (told.kind, told.value.tolist()) == ("tensor", [[0.1, 0.9, 0.5]])


async def test_router_takes_the_first_child_and_a_transformer_changes_nothing() -> None:
    graph = {
        "name": "r",
        "type": "ROUTER",
        "children": [{"name": "t", "type": "TRANSFORMER"}, MODEL],
    }
    told = await answer(graph, [[1.0, 2.0]])

    assert told.value.tolist() == [[1.0, 2.0]]
    assert told.meta.tags == {"r": "stub", "t": "stub"}


async def test_combiner_takes_the_first_answer_and_the_tags_of_all() -> None:
    graph = {"name": "c", "type": "COMBINER", "children": [{"name": "t", "type": "TRANSFORMER"}, MODEL]}
    told = await answer(graph, [[1.0, 2.0]])

    assert told.value.tolist() == [[1.0, 2.0]]
    assert told.meta.tags == {"c": "stub", "t": "stub", "m": "stub"}


async def test_output_transformer_passes_the_answer_on() -> None:
    told = await answer({"name": "o", "type": "OUTPUT_TRANSFORMER", "children": [MODEL]}, [[1.0]])

    assert told.value.tolist() == [[0.1, 0.9, 0.5]]
    assert told.meta.tags == {"o": "stub", "m": "stub"}
