"""Ways through a graph: what is made once for all requests that take one."""

from servegraph.engine import Parts, RoutingInjection, compile_plan, way
from servegraph.engine.way import Way, Ways
from servegraph.spec import PredictorSpec

GRAPH = {
    "name": "t",
    "implementation": "SIMPLE_MODEL",
    "children": [
        {
            "name": "r",
            "implementation": "RANDOM_ABTEST",
            "children": [
                {"name": "a", "implementation": "SIMPLE_MODEL"},
                {"name": "b", "implementation": "SIMPLE_MODEL"},
            ],
        }
    ],
}


def ways(injection: RoutingInjection = RoutingInjection.AT_END) -> Ways:
    predictor = PredictorSpec.model_validate({"name": "p", "graph": GRAPH})
    return Ways(compile_plan(predictor, Parts({}, versions={"a": "m/1", "b": "m/2", "t": "s/1"}), injection))


def test_a_way_says_what_all_of_its_answers_say():
    routing = {"t": -1, "r": 1, "b": -1}
    tags = {"versions": {"t": "s/1", "b": "m/2"}}
    assert ways().taken(routing) == Way(routing, (("r", 1),), tags, injected=routing)


def test_a_way_names_the_kernels_on_it():
    predictor = PredictorSpec.model_validate({"name": "p", "graph": GRAPH})
    parts = Parts({}, kernels={"a": "onnxruntime", "b": "numpy"})
    taken = Ways(compile_plan(predictor, parts, RoutingInjection.NEVER)).taken({"t": -1, "r": 0, "a": -1})
    assert taken.tags == {"kernels": {"a": "onnxruntime"}}


def test_routing_is_injected_only_at_the_end():
    assert ways(RoutingInjection.AFTER_EACH_NODE).taken({"t": -1, "r": 0, "a": -1}).injected == {}


def test_predictions_that_went_the_same_way_share_it():
    taken = ways()
    assert taken.taken({"t": -1, "r": 1, "b": -1}) is taken.taken({"t": -1, "r": 1, "b": -1})
    assert taken.taken({"t": -1, "r": 0, "a": -1}).routing == {"t": -1, "r": 0, "a": -1}


def test_a_way_is_no_part_of_the_request_it_was_made_for():
    taken, routing = ways(), {"t": -1, "r": 1, "b": -1}
    found = taken.taken(routing)
    routing["r"] = 0
    assert found.routing == {"t": -1, "r": 1, "b": -1}


def test_the_ways_that_are_remembered_have_a_bound(monkeypatch):
    monkeypatch.setattr(way, "MOST_WAYS", 2)
    taken = ways()
    first = taken.taken({"r": 0})
    for branch in (1, 2):
        taken.taken({"r": branch})
    assert taken.taken({"r": 0}) == first
    assert taken.taken({"r": 0}) is not first
