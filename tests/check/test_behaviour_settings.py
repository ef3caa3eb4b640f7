"""SG33x to SG36x beyond the examples: servers, traffic, annotations, ignored fields."""

import json
from typing import Any

import pytest

from servegraph.check import Finding, check_text

Value = dict[str, Any]


def server(name: str = "m", implementation: str = "SKLEARN_SERVER", **more: Any) -> Value:
    return {"name": name, "implementation": implementation, "modelUri": "gs://models/churn", **more}


def findings(*predictors: Value, **spec: Any) -> list[Finding]:
    metadata = {"name": "churn", "annotations": spec.pop("outside", {})}
    document = {
        "apiVersion": "machinelearning.seldon.io/v1",
        "kind": "SeldonDeployment",
        "metadata": metadata,
        "spec": {**spec, "predictors": list(predictors)},
    }
    return [each for each in check_text(json.dumps(document), "m.json") if each.code >= "SG3"]


def codes(*predictors: Value, **spec: Any) -> list[str]:
    return [each.code for each in findings(*predictors, **spec) if each.level != "note"]


def one(graph: Value | None = None, **more: Any) -> Value:
    return {"name": "p", "graph": graph or server(), **more}


# Servers


@pytest.mark.parametrize(
    ("implementation", "protocol", "expected"),
    [
        ("TRITON_SERVER", "seldon", ["SG330"]),
        ("TRITON_SERVER", "tensorflow", ["SG330"]),
        ("TRITON_SERVER", "v2", []),
        ("TRITON_SERVER", "kfserving", []),
        ("HUGGINGFACE_SERVER", "", ["SG330"]),
        ("TEMPO_SERVER", "seldon", ["SG330"]),
        ("TENSORFLOW_SERVER", "v2", ["SG330"]),
        ("TENSORFLOW_SERVER", "kfserving", ["SG330"]),
        ("TENSORFLOW_SERVER", "tensorflow", []),
        ("TENSORFLOW_SERVER", "", []),
        ("SKLEARN_SERVER", "tensorflow", []),  # refused by the webhook
        ("XGBOOST_SERVER", "v2", []),
    ],
)
def test_servers_have_images_for_some_protocols(implementation: str, protocol: str, expected: list[str]):
    assert codes(one(server(implementation=implementation)), protocol=protocol) == expected


def test_an_image_of_ones_own_makes_up_for_a_missing_one():
    pods = [{"spec": {"containers": [{"name": "m", "image": "example/triton:1"}]}}]
    assert codes(one(server(implementation="TRITON_SERVER"), componentSpecs=pods)) == []


def test_v2_is_offered_only_if_all_nodes_speak_it():
    (finding,) = [each for each in findings(one(server(implementation="TRITON_SERVER"))) if each.code == "SG330"]
    assert len(finding.edits) == 1
    chain = server(implementation="TRITON_SERVER", children=[server("n")])
    (finding,) = [each for each in findings(one(chain)) if each.code == "SG330"]
    assert finding.edits == []


@pytest.mark.parametrize(
    ("probe", "expected"),
    [
        ({}, ["SG332"]),
        ({"livenessProbe": {"initialDelaySeconds": 60, "periodSeconds": 5, "failureThreshold": 20}}, ["SG332"]),
        ({"livenessProbe": {"initialDelaySeconds": 80, "periodSeconds": 5, "failureThreshold": 200}}, []),
        ({"startupProbe": {"failureThreshold": 60}}, []),
    ],
)
def test_an_mlflow_server_needs_patience(probe: Value, expected: list[str]):
    node = server(implementation="MLFLOW_SERVER", parameters=[{"name": "xtype", "value": "ndarray", "type": "STRING"}])
    pods = [{"spec": {"containers": [{"name": "m", **probe}]}}]
    assert codes(one(node, componentSpecs=pods)) == expected
    assert codes(one(node, componentSpecs=pods), protocol="v2") == ["SG334"]


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("models:/churn@champion", ["SG335"]),
        ("runs:/0123/model", ["SG335"]),
        ("file:///srv/model", ["SG335"]),
        ("./model", ["SG335"]),
        ("/srv/model", ["SG335"]),
        ("s3:bucket/model", []),
        ("my-minio:bucket/model", []),
        ("https://example.com/model", []),
        ("pvc://claim/model", []),
    ],
)
def test_model_uris_that_the_downloader_does_not_know(uri: str, expected: list[str]):
    assert codes(one(server(modelUri=uri))) == expected
    assert codes(one(server(modelUri=uri, storageInitializerImage="example/fetch:1"))) == []


def test_strange_model_uris_are_told_once_for_a_predictor():
    chain = server("a", modelUri="models:/a/1", children=[server("b", modelUri="models:/b/1")])
    (finding,) = [each for each in findings(one(chain)) if each.code == "SG335"]
    assert finding.message == ("node 'a': Seldon's own downloader cannot fetch models:/a/1, and 1 more like it")


def test_a_model_name_that_is_the_nodes_own_does_no_harm():
    named = {"name": "model_name", "value": "m", "type": "STRING"}
    node = server(implementation="TENSORFLOW_SERVER", parameters=[named])
    assert codes(one(node)) == []
    assert codes(one(node), protocol="tensorflow") == []
    named["value"] = "other"
    assert codes(one(node)) == ["SG334"]


def test_triton_reads_parameters_only_when_it_fetches_the_model_itself():
    node = server(implementation="TRITON_SERVER", parameters=[{"name": "load_model", "value": "m", "type": "STRING"}])
    assert codes(one(node), protocol="v2") == ["SG334"]
    assert codes(one(node), protocol="v2", annotations={"seldon.io/no-storage-initializer": "true"}) == []


# Traffic


@pytest.mark.parametrize(
    ("shares", "expected"),
    [
        ([120, -20], ["SG340", "SG340"]),
        ([150], ["SG340"]),
        ([100, 0], ["SG341"]),
        ([100, None], ["SG341"]),
        ([0, 100], []),
        ([50, 50, 0], ["SG341"]),
        ([100], []),
        ([90, 10], []),
    ],
)
def test_shares_of_traffic(shares: list[int | None], expected: list[str]):
    predictors = [
        {"name": f"p{index}", "graph": server(), **({} if share is None else {"traffic": share})}
        for index, share in enumerate(shares)
    ]
    assert codes(*predictors) == expected


@pytest.mark.parametrize(("traffic", "expected"), [({"traffic": 0}, ["SG343"]), ({"traffic": 20}, []), ({}, [])])
def test_a_shadow_takes_no_part_in_the_shares(traffic: Value, expected: list[str]):
    shadow = {"name": "s", "graph": server(), "shadow": True, **traffic}
    assert codes(one(traffic=100), shadow) == expected


# Annotations


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("rest-timeout", "5s", ["SG350"]),
        ("rest-timeout", "", ["SG350"]),
        ("rest-timeout", "5000.0", ["SG350"]),
        ("rest-timeout", "٣٣٣٣", ["SG350"]),
        ("rest-timeout", "5000", []),
        ("rest-timeout", "5", ["SG352"]),
        ("rest-timeout", "-1", ["SG352"]),
        ("grpc-timeout", "10", ["SG352"]),
        ("grpc-max-message-size", "100", ["SG352"]),
        ("grpc-max-message-size", "100MB", ["SG350"]),
        ("executor-logger-queue-size", "big", ["SG350"]),
        ("executor-logger-queue-size", "5", []),
        ("istio-retries", "three", ["SG350"]),
        ("istio-retries-timeout", "2", ["SG353"]),
        ("ambassador-circuit-breakers-max-connections", "many", ["SG350"]),
        ("ambassador-header", "location", ["SG354"]),
        ("ambassador-header", "location: london", []),
        ("ambassador-regex-header", "location: .*", ["SG354"]),
        ("headless-svc", "False", ["SG357"]),
        ("headless-svc", "false", []),
        ("engine-separate-pod", "True", []),
        ("engine-separate-pod", "1", ["SG358"]),
        ("engine-rest-port", "x", []),
        ("rest-connection-timeout", "1", ["SG363"]),
        ("no-engine", "true", ["SG364"]),
        ("svc-name", "direct", ["SG364"]),
        ("istio-hosts", "a", ["SG365"]),
        ("controller-id", "a", ["SG365"]),
        ("last-applied", "{}", []),
    ],
)
def test_annotations_of_the_spec(key: str, value: str, expected: list[str]):
    assert codes(one(), annotations={f"seldon.io/{key}": value}) == expected


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("rest-timeout", []),
        ("istio-retries", ["SG364"]),
        ("headless-svc", ["SG364"]),
        ("engine-separate-pod", ["SG364"]),
        ("executor-logger-queue-size", ["SG364"]),
    ],
)
def test_annotations_of_a_predictor(key: str, expected: list[str]):
    assert codes(one(annotations={f"seldon.io/{key}": "1000"})) == expected


@pytest.mark.parametrize(
    ("key", "expected"), [("rest-timeout", ["SG364"]), ("istio-retries", []), ("engine-separate-pod", ["SG364"])]
)
def test_annotations_outside_of_the_spec(key: str, expected: list[str]):
    assert codes(one(), outside={f"seldon.io/{key}": "1000"}) == expected


def test_others_annotations_are_nobodys_business():
    assert codes(one(), annotations={"example.com/a": "b=c", "project": "x", "getambassador.io/config": "y"}) == []


def test_an_equals_sign_disables_timeouts_of_the_same_pods_alone():
    timeout = {"seldon.io/rest-timeout": "5000"}
    assert codes(one(annotations={"example.com/a": "b=c"}), annotations=timeout) == ["SG351"]
    assert codes(one(), annotations=timeout, outside={"example.com/a": "b=c"}) == []


@pytest.mark.parametrize(
    ("value", "expected"), [("true", []), ("false", ["SG356"]), ("True", ["SG356"]), ("", ["SG356"])]
)
def test_only_the_word_true_leaves_the_orchestrator_out(value: str, expected: list[str]):
    assert codes(one(annotations={"seldon.io/no-engine": value})) == expected


# Ignored fields


def test_a_port_that_its_container_declares_is_not_replaced():
    port = {"name": "http", "containerPort": 8501}
    pods = [{"spec": {"containers": [{"name": "m", "image": "i:1", "ports": [port]}]}}]
    node = {"name": "m", "type": "MODEL", "endpoint": {"httpPort": 8501}}
    assert codes(one(node, componentSpecs=pods)) == []
    node["endpoint"] = {"httpPort": 8501, "grpcPort": 8500, "service_host": "0.0.0.0"}
    assert codes(one(node, componentSpecs=pods)) == ["SG367", "SG367"]


def test_ports_are_counted_over_all_containers():
    containers = [{"name": "helper", "image": "i:1"}, {"name": "m", "image": "i:1"}]
    node = {"name": "m", "type": "MODEL", "endpoint": {"httpPort": 9000, "grpcPort": 9501}}
    (finding,) = [
        each
        for each in findings(one(node, componentSpecs=[{"spec": {"containers": containers}}]))
        if each.code == "SG367"
    ]
    assert finding.message == "httpPort 9000 of node 'm' is replaced by 9001"


def test_fields_of_a_download_need_a_model():
    bare = {"name": "m", "implementation": "HUGGINGFACE_SERVER", "storageInitializerImage": "example/fetch:1"}
    assert codes(one(bare), protocol="v2") == ["SG368"]
    draw = {
        "name": "ab",
        "implementation": "RANDOM_ABTEST",
        "modelUri": "gs://models/x",
        "children": [server("a"), server("b")],
    }
    assert codes(one(draw)) == ["SG368"]


def test_engine_resources_are_moved_only_to_where_nothing_stands():
    resources = {"requests": {"cpu": "1"}}
    (finding,) = [each for each in findings(one(engineResources=resources)) if each.code == "SG360"]
    assert len(finding.edits) == 2
    (finding,) = [each for each in findings(one(engineResources=resources, svcOrchSpec={})) if each.code == "SG360"]
    assert finding.edits == []
