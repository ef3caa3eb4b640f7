"""The OpenAPI document of a graph: valid, and about this very graph."""

import json
from typing import Any

import jsonschema
import pytest
import schemathesis

from servegraph.serving.openapi import GraphDescription, openapi
from servegraph.serving.openapi_page import content_security_policy, pages
from servegraph.spec import PredictiveUnit


def graph(*children: PredictiveUnit) -> PredictiveUnit:
    return PredictiveUnit(name="scale", type="TRANSFORMER", children=list(children))


def description(**said: Any) -> GraphDescription:
    known = {"name": "screening", "namespace": "lab", "predictor": "main", "graph": graph()}
    return GraphDescription(**{**known, **said})


def schema(document: Any, name: str) -> Any:
    """A schema of the document, with what it refers to."""
    return {"$ref": f"#/components/schemas/{name}", "components": document["components"]}


def accepts(document: Any, name: str, value: Any) -> bool:
    return bool(jsonschema.Draft202012Validator(schema(document, name)).is_valid(value))


KNOWN = description(input_names=("radius", "area"), width=2, example=(1.5, 20.0))
NAMELESS = description(width=3)
UNKNOWN = description()
TEXT = description(input_names=("word",), width=1, example=("hello",))


@pytest.mark.parametrize("described", [KNOWN, NAMELESS, UNKNOWN, TEXT])
def test_document_is_valid_and_its_examples_fit_its_schemas(described: GraphDescription) -> None:
    document = openapi(described)

    schemathesis.openapi.from_dict(document).validate()
    for schema_ in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema_)
    for body in document["components"]["requestBodies"].values():
        media = body["content"]["application/json"]
        assert accepts(document, media["schema"]["$ref"].rpartition("/")[2], media["example"])


def test_paths_are_those_of_both_protocols() -> None:
    paths = openapi(KNOWN)["paths"]

    assert sorted(path for path in paths if not path.startswith("/v2")) == [
        "/api/v0.1/feedback",
        "/api/v0.1/metadata/{model}",
        "/api/v0.1/predictions",
        "/api/v0.1/status/{model}",
        "/api/v1.0/feedback",
        "/api/v1.0/health/status",
        "/api/v1.0/metadata",
        "/api/v1.0/metadata/{model}",
        "/api/v1.0/predictions",
        "/api/v1.0/status",
        "/api/v1.0/status/{model}",
        "/live",
        "/ready",
    ]
    assert sorted(path for path in paths if path.startswith("/v2")) == [
        "/v2",
        "/v2/health/live",
        "/v2/health/ready",
        "/v2/models/{model}",
        "/v2/models/{model}/infer",
        "/v2/models/{model}/ready",
        "/v2/models/{model}/versions/{version}",
        "/v2/models/{model}/versions/{version}/infer",
        "/v2/models/{model}/versions/{version}/ready",
    ]


def test_row_has_the_width_and_the_names_of_the_signature() -> None:
    document = openapi(KNOWN)

    prediction = document["components"]["requestBodies"]["Prediction"]["content"]["application/json"]
    assert prediction["example"] == {"data": {"names": ["radius", "area"], "ndarray": [[1.5, 20.0]]}}
    assert accepts(document, "Prediction", {"data": {"ndarray": [[1, 2], [3, None]]}})
    assert not accepts(document, "Prediction", {"data": {"ndarray": [[1, 2, 3]]}})
    assert not accepts(document, "Prediction", {"data": {"ndarray": [["a", 2]]}})
    assert accepts(openapi(UNKNOWN), "Prediction", {"data": {"ndarray": [["a", 2], {"any": "thing"}]}})


def test_nodes_are_the_only_values_of_the_path_parameter() -> None:
    arms = [PredictiveUnit(name="a"), PredictiveUnit(name="b")]
    document = openapi(description(graph=graph(*arms)))

    parameters = document["components"]["parameters"]
    assert parameters["Node"]["schema"]["enum"] == ["scale", "a", "b"]
    assert parameters["Model"]["schema"]["enum"] == ["screening", "scale", "a", "b"]
    assert document["x-servegraph"]["graph"] == {
        "name": "scale",
        "type": "TRANSFORMER",
        "children": [{"name": name, "type": "MODEL", "children": []} for name in ("a", "b")],
    }


@pytest.mark.parametrize(
    "body",
    [
        {"status": {"code": 500, "info": "no luck", "status": "FAILURE"}},
        {"status": {"code": -1, "info": "no luck", "reason": "MICROSERVICE_INTERNAL_ERROR", "status": 1}},
    ],
)
def test_both_bodies_of_errors_are_described(body: Any) -> None:
    document = openapi(KNOWN)

    assert accepts(document, "Error", body)
    assert not accepts(document, "Error", {"status": {"code": 500, "status": "FAILURE"}})


def test_page_and_documents_lie_where_clients_look_for_them() -> None:
    served = pages(openapi(KNOWN))

    assert sorted(served) == [
        "/api/v0.1/doc/",
        "/api/v0.1/doc/openapi.json",
        "/api/v0.1/doc/seldon.json",
        "/api/v1.0/doc/",
        "/api/v1.0/doc/openapi.json",
        "/api/v1.0/doc/seldon.json",
        "/v2/docs/",
        "/v2/docs/openapi.json",
        "/v2/docs/seldon.json",
    ]
    kind, html = served["/api/v1.0/doc/"]
    assert kind == "text/html; charset=utf-8"
    assert b"http://" not in html.replace(b"http://www.w3.org/2000/svg", b"")
    assert b"https://" not in html
    assert json.loads(served["/api/v1.0/doc/openapi.json"][1])["servers"] == [{"url": "../../.."}]
    assert json.loads(served["/v2/docs/openapi.json"][1])["servers"] == [{"url": "../.."}]
    assert content_security_policy().startswith("default-src 'none'; style-src 'sha256-")
