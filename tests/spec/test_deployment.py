"""What others ask of a typed SeldonDeployment."""

from typing import Any

import pytest

from servegraph.spec import Container, Implementation, PredictiveUnit, PredictorSpec, UnitType, split_image


@pytest.mark.parametrize(
    ("svc_orch_spec", "injects"),
    [
        ({"env": [{"name": "SELDON_ENABLE_ROUTING_INJECTION", "value": "true"}]}, True),
        ({"env": [{"name": "SELDON_ENABLE_ROUTING_INJECTION", "value": "false"}]}, True),
        ({"env": [{"name": "OTHER", "value": "1"}, {"name": "SELDON_ENABLE_ROUTING_INJECTION", "value": "0"}]}, True),
        ({"env": [{"name": "SELDON_ENABLE_ROUTING_INJECTION", "value": ""}]}, False),
        ({"env": [{"name": "SELDON_ENABLE_ROUTING_INJECTION"}]}, False),
        ({"env": [{"name": "OTHER", "value": "true"}]}, False),
        ({"env": []}, False),
        ({"env": None}, False),
        ({}, False),
    ],
)
def test_any_text_in_the_variable_means_routing_is_injected(svc_orch_spec: dict[str, Any], injects: bool):
    predictor = PredictorSpec(name="p", graph=PredictiveUnit(name="m"), svc_orch_spec=svc_orch_spec)
    assert predictor.injects_routing is injects


def test_without_orchestrator_settings_routing_is_not_injected():
    assert PredictorSpec(name="p", graph=PredictiveUnit(name="m")).injects_routing is False


def test_environment_holds_the_literal_variables():
    container = {
        "name": "m",
        "env": [{"name": "A", "value": "1"}, {"name": "B", "valueFrom": {}}, {"name": "C", "value": ""}],
    }
    assert Container.model_validate(container).environment() == {"A": "1", "C": ""}
    assert Container.model_validate({"name": "m", "env": None}).environment() == {}


@pytest.mark.parametrize(
    ("unit", "kind"),
    [
        ({}, UnitType.MODEL),
        ({"implementation": "UNKNOWN_IMPLEMENTATION"}, UnitType.MODEL),
        ({"implementation": "SKLEARN_SERVER"}, UnitType.MODEL),
        ({"implementation": "SKLEARN_SERVER", "methods": ["TRANSFORM_INPUT"]}, UnitType.MODEL),
        ({"implementation": "SKLEARN_SERVER", "type": "TRANSFORMER"}, UnitType.MODEL),
        ({"implementation": "RANDOM_ABTEST"}, UnitType.UNKNOWN_TYPE),
        ({"methods": ["ROUTE"]}, UnitType.UNKNOWN_TYPE),
        ({"type": "UNKNOWN_TYPE"}, UnitType.UNKNOWN_TYPE),
        ({"type": "ROUTER"}, UnitType.ROUTER),
        ({"type": "COMBINER", "methods": ["AGGREGATE"]}, UnitType.COMBINER),
    ],
)
def test_the_type_is_what_the_operator_makes_of_it(unit: dict[str, Any], kind: UnitType):
    assert PredictiveUnit.model_validate({"name": "m", **unit}).effective_type is kind


@pytest.mark.parametrize(
    ("implementation", "built_in"),
    [
        (None, None),
        ("UNKNOWN_IMPLEMENTATION", None),
        ("SKLEARN_SERVER", None),
        ("RANDOM_ABTEST", Implementation.RANDOM_ABTEST),
        ("AVERAGE_COMBINER", Implementation.AVERAGE_COMBINER),
        ("SIMPLE_MODEL", Implementation.SIMPLE_MODEL),
        ("SIMPLE_ROUTER", Implementation.SIMPLE_ROUTER),
    ],
)
def test_built_in_implementations_are_seldons_four(implementation: str | None, built_in: Implementation | None):
    assert PredictiveUnit(name="m", implementation=implementation).built_in is built_in


@pytest.mark.parametrize(
    ("image", "parts"),
    [
        ("seldonio/iris:1.2", ("seldonio/iris", "1.2")),
        ("registry:5000/team/iris:1.2", ("registry:5000/team/iris", "1.2")),
        ("registry:5000/team/iris", ("registry:5000/team/iris", "")),
        ("iris@sha256:abc", ("iris", "sha256:abc")),
        ("iris", ("iris", "")),
        ("", ("", "")),
    ],
)
def test_an_image_is_split_into_name_and_version(image: str, parts: tuple[str, str]):
    assert split_image(image) == parts
