"""The split form: what a cluster with Seldon's operator gets, container by container."""

import json
from typing import Any

import pytest
from kubernetes.client import ApiClient
from tests.deploy.graphs import prices

from servegraph.deploy.environment import Environment
from servegraph.deploy.split import split
from servegraph.errors import ConfigurationError
from servegraph.spec import SeldonDeployment
from servegraph.spec.crd import violations

MODEL_URI = {"name": "model_uri", "value": "/mnt/models", "type": "STRING"}


def environment(**table: Any) -> Environment:
    return Environment.model_validate({"tracking_uri": "http://mlflow:5000", **table})


def rendered(**table: Any) -> Any:
    document = split(prices(), environment(**table)).as_json()
    assert violations(document) == []
    (predictor,) = document["spec"]["predictors"]
    return predictor


def containers(predictor: Any) -> dict[str, Any]:
    (pod,) = predictor["componentSpecs"]
    return {container["name"]: container for container in pod["spec"]["containers"]}


def test_container_runs_its_class_and_is_asked_whether_it_is_well():
    linear = containers(rendered())["linear"]
    assert linear == {
        "name": "linear",
        "image": "shop/prices:1.4",
        "command": ["servegraph", "component"],
        "env": [{"name": "MODEL_NAME", "value": "models.price:Price"}],
        "resources": {"requests": {"cpu": "250m", "memory": "256Mi"}, "limits": {"memory": "1Gi"}},
        "startupProbe": {
            "httpGet": {"path": "/health/ping", "port": "http"},
            "periodSeconds": 2,
            "timeoutSeconds": 3,
            "failureThreshold": 150,
        },
        "readinessProbe": {
            "httpGet": {"path": "/health/status", "port": "http"},
            "periodSeconds": 5,
            "timeoutSeconds": 3,
            "failureThreshold": 2,
        },
        "livenessProbe": {
            "httpGet": {"path": "/health/ping", "port": "http"},
            "periodSeconds": 10,
            "timeoutSeconds": 3,
            "failureThreshold": 3,
        },
        "lifecycle": {"preStop": {"exec": {"command": ["sleep", "15"]}}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
    }


def test_pod_outlives_its_containers_wait_and_runs_as_nobody_special():
    (pod,) = rendered(serviceAccountName="puller")["componentSpecs"]
    assert pod["spec"]["terminationGracePeriodSeconds"] == 35
    assert pod["spec"]["serviceAccountName"] == "puller"
    assert pod["spec"]["securityContext"]["runAsNonRoot"] is True
    assert pod["spec"]["volumes"] == [{"name": "tmp", "emptyDir": {}}]


def test_pod_is_what_the_kubernetes_client_reads():
    (pod,) = rendered(resources={"limits": {"cpu": 2}})["componentSpecs"]
    client = ApiClient()
    read = client.deserialize(json.dumps(pod["spec"]), "V1PodSpec", "application/json")
    assert client.sanitize_for_serialization(read) == pod["spec"]


def test_node_is_pulled_by_the_image_itself_from_the_registry_of_the_secret():
    clean = rendered()["graph"]
    assert clean["storageInitializerImage"] == "shop/prices:1.4"
    assert clean["envSecretRefName"] == "prices-registry"
    assert clean["parameters"] == [{"name": "limit", "value": "9.5", "type": "DOUBLE"}, MODEL_URI]


def test_node_without_artifact_is_told_of_none():
    (mean,) = rendered()["graph"]["children"]
    assert list(mean) == ["name", "type", "children"]


def test_artifact_that_seldons_own_initializer_reads_is_left_to_it():
    forest = rendered()["graph"]["children"][0]["children"][1]
    assert forest == {
        "name": "forest",
        "type": "MODEL",
        "modelUri": "s3://shop/forest",
        "envSecretRefName": "prices-registry",
        "parameters": [MODEL_URI],
    }


def test_executor_keeps_its_environment_and_gets_resources():
    assert rendered()["svcOrchSpec"] == {
        "resources": {"requests": {"cpu": "250m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}},
        "env": [{"name": "SELDON_ENABLE_ROUTING_INJECTION", "value": "true"}],
    }


def test_nodes_of_the_environment_have_their_own():
    predictor = rendered(
        registry="registry.example.com/ml/",
        resources={"requests": {"cpu": "1"}},
        nodes={
            "forest": {"image": "shop/forest@sha256:0abc", "resources": {"limits": {"memory": "4Gi"}}},
            "seldon-container-engine": {"resources": {"limits": {"memory": "1Gi"}}},
        },
    )
    found = containers(predictor)
    assert [found[name]["image"] for name in ("clean", "forest")] == [
        "registry.example.com/ml/shop/prices:1.4",
        "shop/forest@sha256:0abc",
    ]
    assert [found[name]["resources"] for name in ("clean", "forest")] == [
        {"requests": {"cpu": "1"}},
        {"limits": {"memory": "4Gi"}},
    ]
    assert predictor["svcOrchSpec"]["resources"] == {"limits": {"memory": "1Gi"}}


def test_namespace_labels_and_annotations_are_where_they_reach_the_pods():
    document = split(
        prices(), environment(namespace="shop", labels={"team": "a"}, annotations={"seldon.io/rest-timeout": "900"})
    ).as_json()
    assert document["metadata"] == {"name": "prices", "namespace": "shop", "labels": {"team": "a"}}
    assert document["spec"]["annotations"] == {"seldon.io/rest-timeout": "900"}
    assert document["spec"]["predictors"][0]["labels"] == {"team": "a"}


def test_replicas_are_those_of_the_environment():
    assert rendered(replicas=4)["replicas"] == 4
    assert rendered()["replicas"] == 1


@pytest.mark.parametrize(
    ("key", "spec"),
    [
        ("hpaSpec", {"minReplicas": 2, "maxReplicas": 6, "metricsv2": [{"type": "Resource"}]}),
        ("kedaSpec", {"maxReplicaCount": 6, "triggers": [{"type": "cron", "metadata": {"timezone": "UTC"}}]}),
    ],
)
def test_autoscaler_alone_says_how_many_pods_there_are(key: str, spec: dict[str, Any]):
    predictor = rendered(replicas=4, **{key: spec})
    assert "replicas" not in predictor
    assert predictor["componentSpecs"][0][key] == spec


def test_what_a_person_wrote_into_a_container_stays():
    document = prices().as_json()
    (pod,) = document["spec"]["predictors"][0]["componentSpecs"]
    own = {"httpGet": {"path": "/health/ping", "port": "http"}, "periodSeconds": 60}
    pod["spec"]["containers"][0]["livenessProbe"] = own
    pod["spec"]["terminationGracePeriodSeconds"] = 90
    changed = split(SeldonDeployment.read(document), environment()).as_json()["spec"]["predictors"][0]
    assert containers(changed)["clean"]["livenessProbe"] == own
    assert changed["componentSpecs"][0]["spec"]["terminationGracePeriodSeconds"] == 90


def test_container_of_another_image_is_not_touched():
    document = prices().as_json()
    (pod,) = document["spec"]["predictors"][0]["componentSpecs"]
    other = {"name": "clean", "image": "vendor/clean:2", "args": ["serve"]}
    pod["spec"]["containers"][0] = other
    changed = split(SeldonDeployment.read(document), environment(registry="mine")).as_json()["spec"]["predictors"][0]
    assert containers(changed)["clean"] == other
    assert "storageInitializerImage" not in changed["graph"]
    assert "securityContext" not in changed["componentSpecs"][0]["spec"]


def test_autoscaler_without_a_place_is_refused():
    document = prices().as_json()
    (predictor,) = document["spec"]["predictors"]
    del predictor["componentSpecs"]
    predictor["graph"] = {"name": "iris", "implementation": "SKLEARN_SERVER", "modelUri": "s3://shop/iris"}
    with pytest.raises(ConfigurationError, match="predictor 'default' has no componentSpecs"):
        split(SeldonDeployment.read(document), environment(hpaSpec={"maxReplicas": 2}))


def test_pods_without_a_registry_are_refused():
    with pytest.raises(ConfigurationError, match="node 'clean' has models:/prices-clean/3, and nothing tells pods"):
        split(prices(), Environment())


def test_table_for_a_node_that_is_not_there_is_refused():
    with pytest.raises(ConfigurationError, match="a table for 'lineal', which is no node of 'prices'") as caught:
        split(prices(), environment(nodes={"lineal": {}}))
    assert caught.value.hint == (
        "write nodes.<name> with one of clean, mean, linear, forest, seldon-container-engine, prices"
    )
