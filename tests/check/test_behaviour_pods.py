"""SG37x to SG39x beyond the examples: pods, explainers, loggers, autoscalers."""

import json
from typing import Any

import pytest

from servegraph.check import check_text

Value = dict[str, Any]
SERVER = {"name": "m", "implementation": "SKLEARN_SERVER", "modelUri": "gs://models/churn"}


def codes(predictor: Value, **spec: Any) -> list[str]:
    document = {
        "apiVersion": "machinelearning.seldon.io/v1",
        "kind": "SeldonDeployment",
        "metadata": {"name": "churn"},
        "spec": {**spec, "predictors": [{"name": "p", **predictor}]},
    }
    found = check_text(json.dumps(document), "m.json")
    return [each.code for each in found if each.code >= "SG3" and each.level != "note"]


def of_container(container: Value, pod: Value | None = None, node: Value | None = None) -> list[str]:
    spec = {"containers": [{"name": "m", "image": "example/m:1", **container}]}
    return codes(
        {"graph": {"name": "m", "type": "MODEL", **(node or {})}, "componentSpecs": [{**(pod or {}), "spec": spec}]}
    )


@pytest.mark.parametrize(
    ("request_", "limit", "expected"),
    [
        ("2", "1500m", ["SG371"]),
        ("500m", "0.5", []),
        ("1Gi", "1G", ["SG371"]),
        ("1e3", "1k", []),
        (2, 1, ["SG371"]),
        ("1", None, []),
    ],
)
def test_quantities_are_compared_as_numbers(request_: object, limit: object, expected: list[str]):
    limits = {} if limit is None else {"limits": {"cpu": limit}}
    assert of_container({"resources": {"requests": {"cpu": request_}, **limits}}) == expected


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("DB_PASSWORD", "correct horse", ["SG372"]),
        ("AWS_ACCESS_KEY_ID", "minioadmin", ["SG372"]),
        ("RCLONE_CONFIG_S3_SECRET_ACCESS_KEY", "minioadmin", ["SG372"]),
        ("HF_TOKEN", "x", ["SG372"]),
        ("DATABASE", "postgres://app:geheim@db/app", ["SG372"]),
        ("ID", "AKIA" + "ABCDEFGHIJKLMNOP", ["SG372"]),
        ("DB_PASSWORD", "", []),
        ("DB_PASSWORD", "$(FROM_ELSEWHERE)", []),
        ("DB_PASSWORD_FILE", "/run/secrets/db", []),
        ("TOKEN", "/var/run/token", []),
        ("MAX_TOKEN", "512", []),
        ("TOKENIZER", "bert", []),
        ("PRIMARY_KEY", "id", []),
        ("DATABASE", "postgres://db/app", []),
    ],
)
def test_secrets_in_variables(name: str, value: str, expected: list[str]):
    assert of_container({"env": [{"name": name, "value": value}]}) == expected


def test_a_secret_of_the_orchestrator_is_found():
    orchestrator = {"env": [{"name": "KAFKA_SASL_PASSWORD", "value": "geheim"}]}
    assert codes({"graph": SERVER, "svcOrchSpec": orchestrator}) == ["SG372"]


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("example/m", ["SG373"]),
        ("example/m:latest", ["SG373"]),
        ("registry:5000/m", ["SG373"]),
        ("registry:5000/m:1", []),
        ("example/m@sha256:" + "0" * 64, []),
        ("example/m:${TAG}", []),
    ],
)
def test_image_tags(image: str, expected: list[str]):
    assert of_container({"image": image}) == expected


def test_a_variable_of_the_operators_does_harm_only_where_the_operator_sets_it():
    parameters = {"env": [{"name": "PREDICTIVE_UNIT_PARAMETERS", "value": "[]"}]}
    assert of_container(parameters) == []
    node = {"parameters": [{"name": "n", "value": "1", "type": "INT"}]}
    assert of_container(parameters, node=node) == ["SG374"]
    assert of_container({"env": [{"name": "PREDICTIVE_UNIT_SERVICE_PORT", "value": "1"}]}) == []
    assert of_container({"env": [{"name": "MLSERVER_GRPC_PORT", "value": "1"}]}) == ["SG374"]


def test_a_helper_needs_an_image_and_tfserving_does_not():
    containers = [{"name": "m"}, {"name": "tfserving"}, {"name": "helper"}]
    assert codes({"graph": SERVER, "componentSpecs": [{"spec": {"containers": containers}}]}) == ["SG375"]


@pytest.mark.parametrize("port", ["http", "grpc", "metrics", "web", "9000", 9000])
def test_probes_of_ports_that_are_there(port: object):
    container = {"ports": [{"name": "web", "containerPort": 8080}], "livenessProbe": {"tcpSocket": {"port": port}}}
    assert of_container(container) == []


def test_a_helper_has_only_the_ports_that_it_declares():
    helper = {"name": "h", "image": "example/h:1", "livenessProbe": {"httpGet": {"port": "http"}}}
    containers = [{"name": "m"}, helper]
    assert codes({"graph": SERVER, "componentSpecs": [{"spec": {"containers": containers}}]}) == ["SG376"]


@pytest.mark.parametrize(("seconds", "expected"), [(1, ["SG378"]), (14, ["SG378"]), (15, []), (60, [])])
def test_grace_periods(seconds: int, expected: list[str]):
    spec = {"terminationGracePeriodSeconds": seconds, "containers": [{"name": "m"}]}
    assert codes({"graph": SERVER, "componentSpecs": [{"spec": spec}]}) == expected


def test_the_account_of_the_pod_counts_among_those_of_its_nodes():
    spec = {"serviceAccountName": "pod", "containers": [{"name": "m"}]}
    pods = [{"spec": spec}]
    assert codes({"graph": {**SERVER, "serviceAccountName": "node"}, "componentSpecs": pods}) == ["SG379"]
    assert codes({"graph": {**SERVER, "serviceAccountName": "pod"}, "componentSpecs": pods}) == []


CPU = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}
HPA = {"maxReplicas": 3, "metricsv2": [{"type": "Resource", "resource": CPU}]}
REQUESTS = {"resources": {"requests": {"cpu": "1"}}}


@pytest.mark.parametrize(
    ("container", "hpa", "expected"),
    [
        ({}, HPA, ["SG391"]),
        ({"resources": {"limits": {"cpu": "1"}}}, HPA, []),
        (REQUESTS, HPA, []),
        ({}, {"maxReplicas": 3}, []),
        ({}, {"maxReplicas": 3, "metrics": [{"resource": {"name": "cpu", "targetAverageValue": "1"}}]}, []),
        ({}, {"maxReplicas": 3, "metrics": [{"resource": {"name": "cpu", "targetAverageUtilization": 5}}]}, ["SG391"]),
        (REQUESTS, {**HPA, "minReplicas": 3}, []),
        (REQUESTS, {**HPA, "minReplicas": 4}, ["SG390"]),
        (REQUESTS, {**HPA, "minReplicas": 0}, ["SG390"]),
        (REQUESTS, {**HPA, "maxReplicas": 0}, ["SG390"]),
    ],
)
def test_autoscalers(container: Value, hpa: Value, expected: list[str]):
    hpa = {**hpa, "metrics": [{"type": "Resource", **metric} for metric in hpa["metrics"]]} if "metrics" in hpa else hpa
    assert of_container(container, {"hpaSpec": hpa}) == expected


def test_an_autoscaler_measures_a_server_without_container_too():
    containers = [{"name": "h", "image": "example/h:1", **REQUESTS}]
    assert codes({"graph": SERVER, "componentSpecs": [{"hpaSpec": HPA, "spec": {"containers": containers}}]}) == [
        "SG391"
    ]


def test_replicas_of_a_predictor_count_for_its_other_pods_and_a_separate_orchestrator():
    scaled = {"hpaSpec": HPA, "spec": {"containers": [{"name": "m", **REQUESTS}]}}
    fixed = {"spec": {"containers": [{"name": "n", "image": "example/n:1"}]}}
    assert codes({"graph": SERVER, "replicas": 2, "componentSpecs": [scaled]}) == ["SG346"]
    graph = {**SERVER, "children": [{"name": "n", "type": "MODEL"}]}
    assert codes({"graph": graph, "replicas": 2, "componentSpecs": [scaled, fixed]}) == []
    separate = {"seldon.io/engine-separate-pod": "true"}
    assert codes({"graph": SERVER, "replicas": 2, "componentSpecs": [scaled]}, annotations=separate) == []


@pytest.mark.parametrize(
    ("type_", "protocol", "expected"),
    [
        ("AnchorTabular", "", []),
        ("anchor_tabular", "", ["SG380"]),
        ("LIME", "v2", ["SG380"]),
        ("", "", []),
        ("Counterfactuals", "seldon", ["SG382"]),
        ("Counterfactuals", "v2", []),
        ("TreeShap", "kfserving", ["SG382"]),
        ("TreeShap", "seldon", []),
    ],
)
def test_explainers(type_: str, protocol: str, expected: list[str]):
    assert codes({"graph": SERVER, "explainer": {"type": type_}}, protocol=protocol) == expected


@pytest.mark.parametrize(
    ("said", "protocol", "expected"),
    [
        ({"initParameters": "{}"}, "v2", []),
        ({"initParameters": "[1]"}, "v2", ["SG384"]),
        ({"initParameters": "[1]"}, "", ["SG383"]),
        ({"config": {"a": "b"}}, "", []),
        ({"config": {"a": "b"}}, "v2", ["SG383"]),
        ({"containerSpec": {"name": "e", "env": [{"name": "A", "value": "b"}]}}, "v2", ["SG383"]),
        ({"containerSpec": {"name": "e_x"}}, "", ["SG303"]),
    ],
)
def test_settings_of_explainers(said: Value, protocol: str, expected: list[str]):
    assert codes({"graph": SERVER, "explainer": {"type": "AnchorTabular", **said}}, protocol=protocol) == expected


@pytest.mark.parametrize(
    ("logger", "expected"),
    [
        ({"mode": "all", "url": "http://broker/prod/default"}, []),
        ({"mode": "All"}, ["SG385"]),
        ({"mode": "all", "url": "broker:80"}, ["SG386"]),
        ({"mode": "all", "url": "http://[::1"}, ["SG386"]),
        ({"mode": "all", "url": "kafka://broker"}, ["SG386"]),
    ],
)
def test_loggers(logger: Value, expected: list[str]):
    assert codes({"graph": {**SERVER, "logger": logger}}) == expected


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("SELDON_ENABLE_ROUTING_INJECTION", "true", []),
        ("SELDON_ENABLE_ROUTING_INJECTION", "False", ["SG388"]),
        ("SELDON_ENABLE_ROUTING_INJECTION", "", []),
        ("KAFKA_INPUT_TOPIC", "in", ["SG389"]),
        ("KAFKA_BROKER", "k:9092", []),
    ],
)
def test_variables_of_the_orchestrator(variable: str, value: str, expected: list[str]):
    assert codes({"graph": SERVER, "svcOrchSpec": {"env": [{"name": variable, "value": value}]}}) == expected


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("scores", False),
        ("registry.example.com:5000/team/scores:1.4.0", False),
        ("nvcr.io/nvidia/tritonserver:21.08-py3", False),
        (f"scores@sha256:{'a' * 64}", False),
        ("https://registry.example.com/scores:1", True),
        ("team/Scores:1", True),
        ("scores:1@sha256:123", True),
        ("two words", True),
    ],
)
def test_what_names_no_image_is_found(image: str, expected: bool):
    pod = {"spec": {"containers": [{"name": "m", "image": image}]}}
    assert ("SG308" in codes({"graph": {"name": "m", "type": "MODEL"}, "componentSpecs": [pod]})) == expected
