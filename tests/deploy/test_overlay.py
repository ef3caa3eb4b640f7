"""A kustomize overlay: whole, the same every time, taken by a cluster, and careful with what others wrote."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes.client import ApiException
from tests.deploy.cluster import Cluster, running_cluster
from tests.deploy.graphs import prices

from servegraph.check.run import check_text
from servegraph.deploy.environment import Environment, Form
from servegraph.deploy.overlay import Monitoring, joined, one_file, overlay, write
from servegraph.errors import ConfigurationError, InvalidGraph

FORMS: tuple[Form, ...] = ("split", "fused")
GROUPS = [{"name": "prices", "rules": [{"alert": "Slow", "expr": "a\nand\nb > 1", "labels": {"severity": "y"}}]}]
MONITORING = Monitoring(GROUPS, '{\n  "title": "prices"\n}\n')
ALWAYS = ["dashboard.yaml", "podmonitor.yaml", "prometheusrule.yaml", "registry.yaml", "seldondeployment.yaml"]


def environment(**table: Any) -> Environment:
    return Environment.model_validate({"tracking_uri": "http://mlflow:5000", "namespace": "shop", **table})


def files(form: Form = "split", **table: Any) -> dict[str, str]:
    return overlay(prices(), environment(**table), form, MONITORING)


def documents(rendered: dict[str, str]) -> list[Any]:
    return [item for name in sorted(rendered) for item in yaml.safe_load_all(rendered[name])]


def document(rendered: dict[str, str], kind: str) -> Any:
    (found,) = [item for item in documents(rendered) if item["kind"] == kind]
    return found


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with running_cluster() as running:
        yield running


@pytest.mark.parametrize(("form", "more"), [("split", []), ("fused", ["graph.yaml"])])
def test_kustomization_names_every_file_beside_it(form: Form, more: list[str]):
    rendered = files(form)
    named = yaml.safe_load(rendered["kustomization.yaml"])
    assert named == {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": sorted([*ALWAYS, *more]),
    }
    assert sorted(rendered) == sorted([*ALWAYS, *more, "kustomization.yaml"])


def test_without_a_tracking_uri_the_secret_is_somebody_elses():
    assert "registry.yaml" not in files(tracking_uri=None, envSecretRefName="mine")


@pytest.mark.parametrize("form", FORMS)
def test_everything_is_in_the_namespace_with_the_labels(form: Form):
    for item in documents(files(form, labels={"release": "prometheus"})):
        if item["kind"] != "Kustomization":
            assert item["metadata"]["namespace"] == "shop"
            assert item["metadata"]["labels"]["release"] == "prometheus"


@pytest.mark.parametrize("form", FORMS)
def test_cluster_takes_every_object(cluster: Cluster, form: Form):
    cluster.objects.clear()
    for name in yaml.safe_load(files(form)["kustomization.yaml"])["resources"]:
        for item in yaml.safe_load_all(files(form)[name]):
            cluster.apply(item)

    seldon, prometheus = "/apis/machinelearning.seldon.io/v1", "/apis/monitoring.coreos.com/v1"
    assert [path for path in sorted(cluster.objects) if "-graph-" not in path] == [
        "/api/v1/namespaces/shop/configmaps/prices-dashboard",
        "/api/v1/namespaces/shop/secrets/prices-registry",
        f"{seldon}/namespaces/shop/seldondeployments/prices",
        f"{prometheus}/namespaces/shop/podmonitors/prices",
        f"{prometheus}/namespaces/shop/prometheusrules/prices",
    ]
    taken = cluster.objects[f"{seldon}/namespaces/shop/seldondeployments/prices"]
    assert taken == document(files(form), "SeldonDeployment")


@pytest.mark.parametrize("form", FORMS)
def test_our_own_rules_find_nothing(form: Form):
    assert check_text(files(form)["seldondeployment.yaml"], "seldondeployment.yaml") == []


def test_cluster_refuses_what_the_schema_does_not_have(cluster: Cluster):
    wrong = document(files(), "SeldonDeployment")
    wrong["spec"]["predictors"][0]["replica"] = 2
    with pytest.raises(ApiException) as refused:
        cluster.apply(wrong)
    assert refused.value.status == 422
    assert "spec.predictors.0.replica" in str(refused.value.body)


def test_pods_are_scraped_where_their_port_is_named_metrics():
    assert document(files(), "PodMonitor")["spec"] == {
        "selector": {"matchLabels": {"app.kubernetes.io/managed-by": "seldon-core", "seldon-deployment-id": "prices"}},
        "podMetricsEndpoints": [{"port": "metrics", "path": "/prometheus", "interval": "15s"}],
    }


def test_rules_and_dashboard_are_those_that_were_given():
    assert document(files(), "PrometheusRule")["spec"] == {"groups": GROUPS}
    found = yaml.safe_load(files()["dashboard.yaml"])
    assert found["data"] == {"prices-dashboard.json": '{\n  "title": "prices"\n}\n'}
    assert found["metadata"]["labels"] == {"grafana_dashboard": "1", "seldon_dashboard": "1"}


def test_words_that_go_reads_as_truth_and_numbers_are_quoted():
    text = files(labels={"a": "y", "b": "1e3", "c": "0o7", "d": "true", "e": "a.b"})["podmonitor.yaml"]
    assert "    a: 'y'\n    b: '1e3'\n    c: '0o7'\n    d: 'true'\n    e: a.b\n" in text


@pytest.mark.parametrize("form", FORMS)
def test_second_render_gives_the_same_bytes(form: Form):
    assert files(form) == files(form)


def test_joined_is_every_object_in_one_text():
    assert list(yaml.safe_load_all(joined(files("fused")))) == [
        item
        for name, text in files("fused").items()
        for item in yaml.safe_load_all(text)
        if name != "kustomization.yaml"
    ]


def test_one_file_has_the_graph_before_the_pods_that_mount_it():
    assert [item["kind"] for item in yaml.safe_load_all(one_file(prices(), environment(), "fused"))] == [
        "ConfigMap",
        "SeldonDeployment",
    ]


def test_misspelt_field_of_an_autoscaler_is_refused():
    with pytest.raises(InvalidGraph, match="SG104: `minReplica` is no field of this object"):
        files(hpaSpec={"minReplica": 1, "maxReplicas": 2})


def test_files_of_an_earlier_render_go_and_those_of_others_stay(tmp_path: Path):
    folder = tmp_path / "overlays" / "prod"
    write(folder, files("fused"), force=False)
    (folder / "patch.yaml").write_text("# mine\n")
    (folder / "notes").mkdir()

    done = write(folder, files("split"), force=False)

    assert done.removed == [folder / "graph.yaml"]
    assert done.foreign == [folder / "notes", folder / "patch.yaml"]
    assert {path.name: path.read_text() for path in folder.glob("*.yaml")} == {
        **files("split"),
        "patch.yaml": "# mine\n",
    }


def test_file_of_another_is_overwritten_only_by_force(tmp_path: Path):
    (tmp_path / "kustomization.yaml").write_text("resources: [mine.yaml]\n")
    with pytest.raises(ConfigurationError, match="kustomization.yaml was not written by `servegraph render`"):
        write(tmp_path, files(), force=False)
    assert [path.name for path in tmp_path.iterdir()] == ["kustomization.yaml"]

    write(tmp_path, files(), force=True)
    assert (tmp_path / "kustomization.yaml").read_text() == files()["kustomization.yaml"]


def test_overlay_of_another_deployment_is_not_replaced(tmp_path: Path):
    folder = tmp_path / "prod"
    write(folder, files(), force=False)
    other = prices()
    other.metadata.name = "costs"
    with pytest.raises(ConfigurationError, match="is the overlay of 'prices'") as caught:
        write(folder, overlay(other, environment(), "split", MONITORING), force=False)
    assert caught.value.hint == f"give 'costs' a folder of its own: -o {folder}-costs; or replace that one with --force"
