"""`servegraph render`: what it writes is stable, committed, and what Kubernetes and Seldon take."""

import json
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes.client import ApiClient
from tests.e2e.conftest import ROOT, copy_project
from tests.e2e.running import command, serving

from servegraph.check import check_shippable
from servegraph.check.run import check_text
from servegraph.spec import SeldonDeployment
from servegraph.spec.crd import violations

GRAPHS = ("screening", "ensemble")
COMMITTED = ("screening.yaml", "ensemble.yaml", "screening-fused.yaml", "overlays/prod/seldondeployment.yaml")
PUBLISH = """
import sys
from pathlib import Path
from pandas import DataFrame
from servegraph.artifacts import Registry, files, publish_files

registry = Registry.embedded(Path(sys.argv[1]))
folder = files(str(registry.resolve("models:/screening-drift-reference@champion").path))
publish_files(registry, "screening-drift-reference", folder, DataFrame([[0.0] * 30]), "champion")
"""


@pytest.fixture(params=GRAPHS)
def manifest(request: pytest.FixtureRequest) -> Any:
    return yaml.safe_load((ROOT / "manifests" / f"{request.param}.yaml").read_text())


def predictor(manifest: Any) -> Any:
    (only,) = manifest["spec"]["predictors"]
    return only


def test_rendering_twice_gives_the_committed_bytes(tmp_path: Path, trained_store: Path) -> None:
    project = copy_project(tmp_path / "project", trained_store)
    for name in GRAPHS:
        written = project / "manifests" / f"{name}.yaml"
        for _ in range(2):
            written.unlink(missing_ok=True)
            done = command(project, "render", f"graphs/{name}.py")
            assert (done.returncode, done.stdout) == (0, f"wrote {written}\n"), done.stderr
            assert written.read_bytes() == (ROOT / "manifests" / f"{name}.yaml").read_bytes()


def test_graph_of_the_project_is_rendered_to_where_it_is_told(tmp_path: Path, trained_store: Path) -> None:
    project = copy_project(tmp_path / "project", trained_store)
    committed = (ROOT / "manifests" / "screening.yaml").read_text()

    assert command(project, "render", "--output", "-").stdout == committed
    assert command(project, "render", "--output", str(tmp_path / "new" / "it.yaml")).returncode == 0
    assert (tmp_path / "new" / "it.yaml").read_text() == committed


def test_rendering_a_manifest_keeps_it(tmp_path: Path, trained_store: Path) -> None:
    project = copy_project(tmp_path / "project", trained_store)
    done = command(project, "render", "manifests/screening.yaml", "--output", "-")

    assert done.stdout == (ROOT / "manifests" / "screening.yaml").read_text()


def test_committed_manifest_asks_for_the_routing(manifest: Any) -> None:
    assert predictor(manifest)["svcOrchSpec"]["env"] == [{"name": "SELDON_ENABLE_ROUTING_INJECTION", "value": "true"}]


@pytest.mark.parametrize("name", COMMITTED)
def test_committed_manifest_fits_the_custom_resource_and_our_own_rules(name: str) -> None:
    documents = yaml.safe_load_all((ROOT / "manifests" / name).read_text())
    (manifest,) = [document for document in documents if document["kind"] == "SeldonDeployment"]
    assert violations(manifest) == []
    check_shippable(SeldonDeployment.read(manifest))


@pytest.mark.parametrize("name", ["screening-fused.yaml", "overlays/prod/seldondeployment.yaml"])
def test_committed_manifest_for_a_cluster_has_no_finding(name: str) -> None:
    assert check_text((ROOT / "manifests" / name).read_text(), name) == []


def test_committed_manifest_names_versions(manifest: Any) -> None:
    uris = re.findall(r"models:/\S+", yaml.safe_dump(manifest))
    assert uris
    assert all(re.fullmatch(r"models:/[^/@]+/[0-9]+", uri) for uri in uris)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, trained_store: Path) -> Path:
    """A project for tests that write into its manifests/."""
    project = copy_project(tmp_path_factory.mktemp("overlays") / "project", trained_store)
    with (project / "pyproject.toml").open("a") as settings:
        settings.write('\n[tool.servegraph.env.stage]\nnamespace = "wards"\nenvSecretRefName = "registry"\n')
    (project / "requirements.txt").touch()
    return project


def test_overlay_of_the_project_is_the_committed_one(project: Path) -> None:
    committed = ROOT / "manifests" / "overlays" / "prod"
    written = project / "manifests" / "overlays" / "prod"
    shutil.rmtree(written, ignore_errors=True)
    for _ in range(2):
        done = command(project, "render", "--env", "prod")
        assert done.returncode == 0, done.stderr
        assert {path.name: path.read_text() for path in written.iterdir()} == {
            path.name: path.read_text() for path in committed.iterdir()
        }


def test_fused_manifest_of_the_project_is_the_committed_one(project: Path) -> None:
    done = command(project, "render", "--form", "fused", "--output", "-")
    assert done.stdout == (ROOT / "manifests" / "screening-fused.yaml").read_text()
    assert done.stderr == ("note: pods read MLFLOW_TRACKING_URI from the Secret screening-registry, which you create\n")


def test_another_form_takes_away_what_it_does_not_need(project: Path) -> None:
    folder = project / "manifests" / "overlays" / "stage"
    assert command(project, "render", "--env", "stage", "--form", "fused").returncode == 0
    (folder / "mine.yaml").write_text("mine: 1\n")

    done = command(project, "render", "--env", "stage", "--form", "split")

    assert f"removed {folder / 'graph.yaml'}, which an earlier render wrote\n" in done.stdout
    assert done.stderr == f"left {folder / 'mine.yaml'} as it is: it is not of render, and not in kustomization.yaml\n"
    assert sorted(path.name for path in folder.iterdir()) == [
        "dashboard.yaml",
        "kustomization.yaml",
        "mine.yaml",
        "podmonitor.yaml",
        "prometheusrule.yaml",
        "seldondeployment.yaml",
    ]


def test_changed_containerfile_is_kept_until_it_is_forced(project: Path) -> None:
    path = project / "manifests" / "Containerfile"
    assert command(project, "render", "--env", "stage", "--force").returncode == 0
    written = path.read_text()
    path.write_text(written + "RUN true\n")

    done = command(project, "render", "--env", "stage")
    assert f"left {path} as it is: it was changed; --force writes it anew\n" in done.stderr
    assert path.read_text() == written + "RUN true\n"

    assert command(project, "render", "--env", "stage", "--force").returncode == 0
    assert path.read_text() == written


def test_unknown_environment_is_a_wrong_call(project: Path) -> None:
    done = command(project, "render", "--env", "live")
    assert (done.returncode, done.stdout) == (2, "")
    assert "there is no environment 'live'" in done.stderr


@pytest.mark.parametrize(
    ("form", "alerts"),
    [
        ("split", ["GraphErrorBudgetFastBurn", "NodeLatencyHigh"]),
        (
            "fused",
            [
                *("TargetAbsent", "GraphErrorBudgetFastBurn", "NodeLatencyHigh"),
                *("DriftDetected", "DriftDetectorBlind", "DriftDetectorStale"),
                *("MonitorDown", "MonitorDroppingRows", "FeedbackGap"),
            ],
        ),
    ],
)
def test_rules_of_an_overlay_are_those_whose_metrics_its_pods_have(
    project: Path, tmp_path: Path, form: str, alerts: list[str]
) -> None:
    done = command(project, "render", "--env", "stage", "--form", form, "--output", "-")
    objects = {item["kind"]: item for item in yaml.safe_load_all(done.stdout)}
    (group,) = objects["PrometheusRule"]["spec"]["groups"]
    assert [rule["alert"] for rule in group["rules"]] == alerts

    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed (Debian: apt-get install prometheus)")
    rules = tmp_path / "rules.yaml"
    rules.write_text(yaml.safe_dump(objects["PrometheusRule"]["spec"]))
    checked = subprocess.run([promtool, "check", "rules", rules], capture_output=True, text=True, timeout=60)
    assert checked.returncode == 0, checked.stderr
    assert f"{len(alerts)} rules found" in checked.stdout


def as_pod_spec(document: object) -> Any:
    """Read by the Kubernetes client, as an answer of the API server would be, and written again."""
    client = ApiClient()
    pod = client.deserialize(json.dumps(document), "V1PodSpec", "application/json")
    return client.sanitize_for_serialization(pod)


def test_pods_are_what_the_kubernetes_client_reads(manifest: Any) -> None:
    for component in predictor(manifest)["componentSpecs"]:
        assert as_pod_spec(component["spec"]) == component["spec"]


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"containers": [{"image": "i:1"}]},
        {"containers": [{"name": "a", "env": {"MODEL_NAME": "b"}}]},
        {"containers": [{"name": "a", "env": [{"name": "LEVEL", "value": 1}]}]},
    ],
)
def test_pods_that_kubernetes_would_refuse_are_noticed(wrong: object) -> None:
    with pytest.raises(ValueError, match="validation error"):
        as_pod_spec(wrong)


def test_new_version_is_rendered_and_the_old_manifest_still_serves_the_old_one(
    tmp_path: Path, trained_store: Path
) -> None:
    project = copy_project(tmp_path / "project", trained_store)
    publish_again(project)
    committed = (project / "manifests" / "screening.yaml").read_text()
    rendered = command(project, "render", "--output", "-").stdout

    assert rendered == committed.replace("screening-drift-reference/1", "screening-drift-reference/2")
    with serving(project, tmp_path, "manifests/screening.yaml", "--no-monitor") as running:
        assert versions(running.predict([[1.0] * 30]))["drift"] == "screening-drift-reference/1"
    with serving(project, tmp_path, "--no-monitor") as running:
        answered = versions(running.predict([[1.0] * 30]))
        assert (answered["drift"], answered["scale"]) == ("screening-drift-reference/2", "screening-scaler/1")


def publish_again(project: Path) -> None:
    """A second version of one artifact, in this project's registry only."""
    state = project / ".servegraph"
    with closing(sqlite3.connect(state / "mlflow.db")) as database, database:
        database.execute("update experiments set artifact_location = ?", [(state / "mlartifacts").as_uri()])
    publish = [sys.executable, "-c", PUBLISH, str(state)]
    done = subprocess.run(publish, cwd=project, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr


def versions(answer: Any) -> Any:
    return answer["meta"]["tags"]["versions"]
