"""`[tool.servegraph.env.<name>]`: what it may say, and what an error says of the rest."""

import re
from typing import Any

import pytest

from servegraph.deploy.environment import read_environment
from servegraph.errors import ConfigurationError


def refused(table: dict[str, Any]) -> tuple[str, str | None]:
    with pytest.raises(ConfigurationError) as caught:
        read_environment("prod", {"prod": table})
    return str(caught.value), caught.value.hint


def test_every_key_is_read():
    found = read_environment(
        "prod",
        {
            "prod": {
                "form": "fused",
                "namespace": "shop",
                "registry": "registry.example.com/ml",
                "replicas": 3,
                "resources": {"requests": {"cpu": 0.5, "memory": "1Gi"}, "limits": {"memory": "2Gi"}},
                "nodes": {"linear": {"image": "other:2", "resources": {"limits": {"cpu": 2}}}},
                "annotations": {"seldon.io/rest-timeout": "2000"},
                "labels": {"team": "shop"},
                "envSecretRefName": "registry",
                "serviceAccountName": "puller",
            }
        },
    )
    assert (found.form, found.namespace, found.registry, found.replicas) == (
        "fused",
        "shop",
        "registry.example.com/ml",
        3,
    )
    assert found.resources is not None
    assert found.resources.as_json() == {"requests": {"cpu": "0.5", "memory": "1Gi"}, "limits": {"memory": "2Gi"}}
    assert found.nodes["linear"].resources is not None
    assert found.nodes["linear"].resources.as_json() == {"limits": {"cpu": "2"}}
    assert (found.env_secret_ref_name, found.service_account_name) == ("registry", "puller")


def test_unknown_environment_names_those_that_there_are():
    with pytest.raises(ConfigurationError, match="there is no environment 'live'") as caught:
        read_environment("live", {"prod": {}, "dev": {}})
    assert caught.value.hint is not None
    assert caught.value.hint.endswith("there is now: dev, prod")


def test_unknown_key_is_named_with_those_that_are_known():
    message, hint = refused({"replica": 2})
    assert message == "[tool.servegraph.env.prod] has an unknown key: replica"
    assert hint == (
        "it knows: form, namespace, registry, image, replicas, resources, nodes, hpaSpec, kedaSpec, annotations, "
        "labels, tracking_uri, envSecretRefName, serviceAccountName"
    )


@pytest.mark.parametrize(
    ("table", "message", "hint"),
    [
        ({"form": "whole"}, "form: Input should be 'split' or 'fused'", "form is"),
        ({"replicas": "2"}, "replicas: Input should be a valid integer", "replicas is a number of pods"),
        ({"namespace": "My_Shop"}, "namespace: String should match pattern", "namespace is a Kubernetes namespace"),
        ({"resources": {"request": {}}}, "resources.request: unknown key", 'resources is {requests = {cpu = "250m"'),
        ({"resources": {"limits": {"memory": "1 GB"}}}, "resources.limits.memory: String should match", "resources is"),
        ({"nodes": {"linear": {"replicas": 1}}}, "nodes.linear.replicas: unknown key", "nodes is a table for a node"),
        ({"hpaSpec": {"minReplicas": 1}}, "hpaSpec.maxReplicas: Field required", "hpaSpec is Seldon's hpaSpec"),
        ({"labels": {"team": 1}}, "labels.team: Input should be a valid string", "labels is texts, also for true"),
        (
            {"tracking_uri": "https://me:secret@mlflow"},
            "tracking_uri: has a user or a password in it",
            "tracking_uri is the MLflow server as the pods reach it; with a password it belongs into envSecretRefName",
        ),
    ],
)
def test_wrong_value_is_named_with_what_is_allowed(table: dict[str, Any], message: str, hint: str):
    said, fix = refused(table)
    assert said.startswith(f"[tool.servegraph.env.prod] {message}")
    assert fix is not None
    assert re.match(re.escape(hint), fix)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"hpaSpec": {"maxReplicas": 2}}, {"kedaSpec": {"triggers": []}}),
        ({"image": "a:1"}, {"registry": "r"}),
        ({"tracking_uri": "http://mlflow"}, {"envSecretRefName": "registry"}),
    ],
)
def test_keys_that_exclude_each_other_are_refused(one: dict[str, Any], other: dict[str, Any]):
    message, _ = refused({**one, **other})
    assert message == f"[tool.servegraph.env.prod] has both {next(iter(one))} and {next(iter(other))}"
