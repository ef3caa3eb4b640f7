"""The fused form: the graph in one container that Kubernetes takes for a model."""

import json
from typing import Any

import pytest
import yaml
from kubernetes.client import ApiClient
from tests.deploy.graphs import prices

from servegraph.check import check_shippable
from servegraph.deploy.environment import Environment
from servegraph.deploy.fused import fuse
from servegraph.errors import ConfigurationError
from servegraph.spec import SeldonDeployment
from servegraph.spec.crd import violations


def environment(**table: Any) -> Environment:
    return Environment.model_validate({"tracking_uri": "http://mlflow:5000", **table})


def rendered(deployment: SeldonDeployment | None = None, **table: Any) -> tuple[Any, list[Any]]:
    fused = fuse(deployment or prices(), environment(**table))
    document = fused.deployment.as_json()
    assert violations(document) == []
    check_shippable(fused.deployment)
    return document["spec"]["predictors"][0], fused.graphs


def test_graph_is_one_model_without_an_orchestrator():
    predictor, _ = rendered(replicas=2)
    assert predictor["graph"] == {"name": "prices", "type": "MODEL"}
    assert predictor["annotations"] == {"seldon.io/no-engine": "true"}
    assert predictor["replicas"] == 2
    assert "svcOrchSpec" not in predictor


def test_container_serves_the_mounted_graph_on_the_ports_of_the_service():
    predictor, (graph,) = rendered(registry="registry.example.com")
    (container,) = predictor["componentSpecs"][0]["spec"]["containers"]
    assert container["image"] == "registry.example.com/shop/prices:1.4"
    assert container["command"] == [
        *("servegraph", "run", "/etc/servegraph/graph.yaml"),
        *("--host", "0.0.0.0", "--http-port", "9000", "--grpc-port", "9500"),
    ]
    # The operator adds a port named `http` with its first number, 9000; that Prometheus finds has the same.
    assert container["ports"] == [
        {"name": "metrics", "containerPort": 9000, "protocol": "TCP"},
        {"name": "grpc", "containerPort": 9500, "protocol": "TCP"},
    ]
    assert container["envFrom"] == [{"secretRef": {"name": "prices-registry"}}]
    assert container["readinessProbe"]["httpGet"] == {"path": "/ready", "port": 9000}
    assert container["startupProbe"]["httpGet"] == {"path": "/live", "port": 9000}
    assert container["volumeMounts"] == [
        {"name": "tmp", "mountPath": "/tmp"},
        {"name": "state", "mountPath": "/app/.servegraph"},
        {"name": "graph", "mountPath": "/etc/servegraph", "readOnly": True},
    ]
    assert predictor["componentSpecs"][0]["spec"]["volumes"] == [
        {"name": "tmp", "emptyDir": {}},
        {"name": "state", "emptyDir": {}},
        {"name": "graph", "configMap": {"name": graph["metadata"]["name"]}},
    ]
    assert predictor["componentSpecs"][0]["spec"]["terminationGracePeriodSeconds"] == 30


def test_pod_is_what_the_kubernetes_client_reads():
    predictor, _ = rendered()
    pod = predictor["componentSpecs"][0]["spec"]
    client = ApiClient()
    read = client.deserialize(json.dumps(pod), "V1PodSpec", "application/json")
    assert client.sanitize_for_serialization(read) == pod


def test_mounted_graph_is_the_pinned_one():
    _, (graph,) = rendered(namespace="shop")
    served = yaml.safe_load(graph["data"]["graph.yaml"])
    assert graph["metadata"]["namespace"] == "shop"
    assert served["metadata"] == {"name": "prices", "namespace": "shop"}
    assert served["spec"]["predictors"][0]["graph"]["modelUri"] == "models:/prices-clean/3"
    assert "replicas" not in served["spec"]["predictors"][0]


def name_of(deployment: SeldonDeployment, **table: Any) -> str:
    _, (graph,) = rendered(deployment, **table)
    return str(graph["metadata"]["name"])


def test_another_version_is_another_graph_and_another_number_of_pods_is_not():
    other = prices()
    other.spec.predictors[0].graph.model_uri = "models:/prices-clean/4"
    assert name_of(prices()).startswith("prices-default-graph-")
    assert name_of(prices()) == name_of(prices(replicas=7)) == name_of(prices(), replicas=3)
    assert name_of(prices()) != name_of(other)


def test_predictors_are_fused_each_for_itself():
    document = prices().as_json()
    (first,) = document["spec"]["predictors"]
    document["spec"]["predictors"] = [{**first, "traffic": 90}, {**first, "name": "canary", "traffic": 10}]
    fused = fuse(SeldonDeployment.read(document), environment())
    assert [predictor.traffic for predictor in fused.deployment.spec.predictors] == [90, 10]
    served = [yaml.safe_load(graph["data"]["graph.yaml"])["spec"]["predictors"] for graph in fused.graphs]
    assert [[predictor["name"] for predictor in predictors] for predictors in served] == [["default"], ["canary"]]


def test_autoscaler_scales_the_one_pod():
    predictor, _ = rendered(hpaSpec={"maxReplicas": 5})
    assert predictor["componentSpecs"][0]["hpaSpec"] == {"maxReplicas": 5}
    assert "replicas" not in predictor


def test_name_too_long_for_a_container_is_cut():
    deployment = prices()
    deployment.metadata.name = "the-prices-of-all-the-goods-that-the-whole-shop-sells"
    predictor, _ = rendered(deployment)
    assert predictor["graph"]["name"] == "the-prices-of-all-the-goods-that-the-whole-shop"


def test_node_of_another_image_cannot_be_fused():
    document = prices().as_json()
    document["spec"]["predictors"][0]["componentSpecs"][0]["spec"]["containers"][0] = {"name": "clean", "image": "v:2"}
    with pytest.raises(ConfigurationError, match="container 'clean' runs v:2, which has to be a container of its own"):
        fuse(SeldonDeployment.read(document), environment())


def test_two_images_cannot_be_fused():
    with pytest.raises(ConfigurationError, match="the nodes of predictor 'default' name 2 images"):
        fuse(prices(), environment(nodes={"forest": {"image": "shop/forest:1"}}))
