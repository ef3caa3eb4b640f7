"""Load and dump: real-world shapes lose nothing, and what is written is what kubectl reads."""

import json
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import yaml

from servegraph.check import check_servable
from servegraph.errors import ConfigurationError, InvalidGraph, Problem
from servegraph.spec import (
    Parameter,
    ParameterType,
    PredictiveUnit,
    SeldonDeployment,
    UnitMethod,
    UnitType,
    dump,
    load,
    parse,
)

PREPACKAGED = """
apiVersion: machinelearning.seldon.io/v1
kind: SeldonDeployment
metadata: {name: iris, namespace: prod, labels: {team: a}, annotations: {note: "keep me"}, creationTimestamp: null}
spec:
  name: legacy
  protocol: seldon
  transport: rest
  annotations: {seldon.io/rest-timeout: "5000"}
  predictors:
    - name: default
      replicas: 2
      traffic: 100
      labels: {version: v7}
      annotations: {seldon.io/no-engine: "false"}
      progressDeadlineSeconds: 60
      graph:
        name: classifier
        implementation: SKLEARN_SERVER
        modelUri: s3://models/iris
        envSecretRefName: rclone
        serviceAccountName: reader
        logger: {mode: all, url: "http://sink"}
        parameters: [{name: method, type: STRING, value: predict}]
      explainer: {type: AnchorTabular, modelUri: "s3://models/iris-explainer", config: {threshold: "0.9"}}
      svcOrchSpec: {resources: {requests: {cpu: 500m}}, env: [{name: SELDON_LOG_LEVEL, value: DEBUG}]}
status: {state: Available, replicas: 2}
"""

CHAIN_WITH_PODS = """
apiVersion: machinelearning.seldon.io/v1alpha2
kind: SeldonDeployment
metadata: {name: pipeline}
spec:
  predictors:
    - name: main
      componentSpecs:
        - metadata: {labels: {pod: one}}
          spec:
            nodeSelector: {disk: ssd}
            volumes: [{name: data, emptyDir: {}}]
            containers:
              - name: clean
                image: registry:5000/clean@sha256:0123
                env: [{name: LEVEL, value: "3"}, {name: TOKEN, valueFrom: {secretKeyRef: {name: s, key: k}}}]
                volumeMounts: [{name: data, mountPath: /data}]
              - {name: bandit, image: "bandit:2"}
          hpaSpec: {maxReplicas: 4, metrics: [{type: Resource, resource: {name: cpu, targetAverageUtilization: 70}}]}
        - spec: {containers: [{name: left, image: "m:1"}, {name: right, image: "m:2"}]}
          kedaSpec: {triggers: [{type: cron, metadata: {start: "0 8 * * *"}}]}
      graph:
        name: clean
        methods: [TRANSFORM_INPUT, SEND_FEEDBACK]
        endpoint: {type: REST, service_host: localhost, service_port: 9000, httpPort: 9000, grpcPort: 9500}
        children:
          - name: bandit
            type: ROUTER
            parameters:
              - {name: arms, value: "2", type: INT}
              - {name: epsilon, value: "0.1", type: FLOAT}
              - {name: verbose, value: "true", type: BOOL}
            children:
              - {name: left, type: MODEL, children: []}
              - {name: right, type: MODEL, children: []}
"""

AB_TEST = """
kind: SeldonDeployment
apiVersion: machinelearning.seldon.io/v1
metadata: {name: ab}
spec:
  predictors:
    - graph:
        implementation: RANDOM_ABTEST
        name: split
        parameters: [{name: ratioA, value: "0.5", type: FLOAT}]
        children:
          - {name: a, implementation: MLFLOW_SERVER, modelUri: "gs://a"}
          - {name: b, implementation: TRITON_SERVER, modelUri: "gs://b"}
      name: only
"""

SAMPLES = pytest.mark.parametrize("text", [PREPACKAGED, CHAIN_WITH_PODS, AB_TEST], ids=["server", "pods", "ab"])


def written(folder: Path, text: str, name: str = "manifest.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@SAMPLES
def test_yaml_loads_and_dumps_to_an_equal_document(tmp_path: Path, text: str):
    deployment = load(written(tmp_path, text))
    assert yaml.safe_load(dump(deployment)) == yaml.safe_load(text)
    check_servable(deployment)


@SAMPLES
def test_json_loads_and_dumps_to_an_equal_document(tmp_path: Path, text: str):
    document = yaml.safe_load(text)
    deployment = load(written(tmp_path, json.dumps(document, indent="\t"), "manifest.json"))
    assert yaml.safe_load(dump(deployment)) == document


@SAMPLES
def test_dumping_twice_gives_the_same_text(tmp_path: Path, text: str):
    once = dump(load(written(tmp_path, text)))
    assert dump(load(written(tmp_path, once))) == once


def test_unknown_fields_are_kept_at_every_level():
    document = {
        "kind": "SeldonDeployment",
        "metadata": {"name": "x", "finalizers": ["f"]},
        "spec": {
            "oauth_key": "k",
            "predictors": [
                {
                    "name": "p",
                    "ssl": {"certSecretName": "s"},
                    "componentSpecs": [{"pdbSpec": {"minAvailable": "50%"}, "spec": {"containers": []}}],
                    "graph": {"name": "m", "novel": {"deep": [1, {"er": None}]}, "parameters": []},
                }
            ],
        },
        "status": None,
    }
    assert parse(document, "test").as_json() == document


def test_text_is_block_style_with_lists_indented_and_without_anchors():
    env = [{"name": "A", "value": "1"}]
    document: dict[str, Any] = {
        "kind": "SeldonDeployment",
        "metadata": {"name": "x"},
        "spec": {"predictors": [{"name": "p", "graph": {"name": "m"}, "svcOrchSpec": {"env": env, "again": env}}]},
    }
    assert dump(parse(document, "test")) == dedent("""\
        kind: SeldonDeployment
        metadata:
          name: x
        spec:
          predictors:
            - name: p
              graph:
                name: m
              svcOrchSpec:
                env:
                  - name: A
                    value: '1'
                again:
                  - name: A
                    value: '1'
        """)


@pytest.mark.parametrize(
    "value", ["yes", "on", "null", "~", "1", "1.5", "0x1F", "1e-05", "1e5", "1E9", "0o17", "y", "N"]
)
def test_text_that_yaml_readers_take_for_something_else_is_quoted(value: str):
    """kubectl reads YAML with Go's library, for which `1e-05` is a number and `y` a boolean."""
    document = {
        "kind": "SeldonDeployment",
        "metadata": {"name": "x"},
        "spec": {"predictors": [{"name": "p", "graph": {"name": value}}]},
    }
    assert f"name: '{value}'\n" in dump(parse(document, "test"))


def test_python_reads_seldons_names():
    deployment = parse(yaml.safe_load(CHAIN_WITH_PODS), "test")
    predictor = deployment.spec.predictors[0]
    router = predictor.graph.children[0]
    assert (deployment.name, deployment.namespace) == ("pipeline", "default")
    assert [unit.name for unit in predictor.graph.walk()] == ["clean", "bandit", "left", "right"]
    assert predictor.graph.methods == [UnitMethod.TRANSFORM_INPUT, UnitMethod.SEND_FEEDBACK]
    assert predictor.graph.effective_type is UnitType.UNKNOWN_TYPE
    assert router.type is UnitType.ROUTER
    assert [parameter.type for parameter in router.parameters] == [
        ParameterType.INT,
        ParameterType.FLOAT,
        ParameterType.BOOL,
    ]
    assert [container.name for container in predictor.containers()] == ["clean", "bandit", "left", "right"]
    assert (predictor.image("right"), predictor.image("missing")) == ("m:2", "")
    assert predictor.container("missing") is None


def test_the_namespace_is_the_manifests():
    assert parse(yaml.safe_load(PREPACKAGED), "test").namespace == "prod"


def test_python_names_may_be_used_to_build():
    unit = PredictiveUnit(name="m", model_uri="s3://x", parameters=[Parameter(name="a", value="1", type="INT")])
    assert unit.as_json() == {
        "name": "m",
        "modelUri": "s3://x",
        "parameters": [{"name": "a", "value": "1", "type": "INT"}],
    }


def test_null_is_as_good_as_absent_like_for_the_api_server():
    graph = {"name": "m", "children": None, "parameters": None, "methods": None}
    predictor = {"name": "p", "graph": graph, "componentSpecs": None, "annotations": None, "svcOrchSpec": None}
    document = {
        "kind": "SeldonDeployment",
        "metadata": {"name": "x", "labels": None, "annotations": None},
        "spec": {"annotations": None, "predictors": [predictor]},
    }
    deployment = parse(document, "test")
    assert [unit.name for unit in deployment.spec.predictors[0].graph.walk()] == ["m"]


def test_a_missing_file_is_one_sentence(tmp_path: Path):
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path / "none.yaml")
    assert str(caught.value) == f"cannot read {tmp_path / 'none.yaml'}: No such file or directory"
    assert caught.value.hint == "check the path"


@pytest.mark.parametrize("text", ["a: [", "a: b: c", "\tkind: x", "{]"])
def test_broken_yaml_names_the_file(tmp_path: Path, text: str):
    path = written(tmp_path, text)
    with pytest.raises(ConfigurationError) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path} is no YAML: ")


def test_a_binary_file_is_no_yaml(tmp_path: Path):
    path = tmp_path / "x.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigurationError, match="is no YAML"):
        load(path)


@pytest.mark.parametrize("text", ["", "[]", "kind: Deployment", "5", "metadata: {name: x}"])
def test_another_kind_of_object_is_refused(tmp_path: Path, text: str):
    path = written(tmp_path, text)
    with pytest.raises(ConfigurationError) as caught:
        load(path)
    assert str(caught.value) == f"{path} holds no SeldonDeployment"
    assert caught.value.hint == "its `kind` must be SeldonDeployment"


def test_every_field_that_is_missing_or_wrong_is_named():
    document = {
        "kind": "SeldonDeployment",
        "metadata": {},
        "spec": {
            "predictors": [
                {"graph": {"name": "m", "parameters": [{"name": "a", "value": 1, "type": "INT"}]}},
                {"name": "p", "traffic": 0.5},
            ]
        },
    }
    with pytest.raises(InvalidGraph) as caught:
        parse(document, "manifests/x.yaml")
    fix = "see the SeldonDeployment reference for this field"
    assert caught.value.problems == (
        Problem("metadata.name", "Field required", fix),
        Problem("spec.predictors.0.name", "Field required", fix),
        Problem("spec.predictors.0.graph.parameters.0.value", "Input should be a valid string", fix),
        Problem("spec.predictors.1.graph", "Field required", fix),
        Problem("spec.predictors.1.traffic", "Input should be a valid integer", fix),
    )
    assert str(caught.value).startswith(
        "'manifests/x.yaml' cannot be served:\n"
        "  metadata.name: Field required (see the SeldonDeployment reference for this field)\n"
    )


@pytest.mark.parametrize(("field", "value"), [("replicas", "1"), ("traffic", "100"), ("replicas", True)])
def test_a_whole_number_must_be_one(field: str, value: object):
    """The API server refuses the manifest, and writing it back as a number would hide that."""
    predictor = {"name": "p", "graph": {"name": "m"}, field: value}
    with pytest.raises(InvalidGraph):
        parse({"kind": "SeldonDeployment", "metadata": {"name": "x"}, "spec": {"predictors": [predictor]}}, "test")


def test_what_was_never_set_is_not_written():
    assert SeldonDeployment.model_validate({"metadata": {"name": "x"}, "spec": {"predictors": []}}).as_json() == {
        "metadata": {"name": "x"},
        "spec": {"predictors": []},
    }


@pytest.mark.parametrize(
    ("pod", "place"),
    [
        ({"containers": ["x"]}, "spec.predictors.0.componentSpecs.0.spec.containers.0"),
        ({"containers": {"a": 1}}, "spec.predictors.0.componentSpecs.0.spec.containers"),
        ({"containers": [{"name": "m", "env": [{"value": "x"}]}]}, "componentSpecs.0.spec.containers.0.env.0.name"),
        ({"containers": [{"name": "m", "image": 5}]}, "componentSpecs.0.spec.containers.0.image"),
    ],
)
def test_a_malformed_container_is_named_by_its_place(pod: object, place: str):
    predictor = {"name": "p", "graph": {"name": "m"}, "componentSpecs": [{"spec": pod}]}
    with pytest.raises(InvalidGraph) as caught:
        parse({"kind": "SeldonDeployment", "metadata": {"name": "x"}, "spec": {"predictors": [predictor]}}, "test")
    assert caught.value.problems[0].where.endswith(place)
