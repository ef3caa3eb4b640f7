"""`servegraph render`: what it writes is stable, committed, and what Kubernetes and Seldon take."""

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from kubernetes.client import ApiClient
from tests.e2e.conftest import ROOT, copy_project
from tests.e2e.running import command, serving

from servegraph.spec import check, load

GRAPHS = ("screening", "ensemble")
TEXT: dict[str, Any] = {"type": "string", "minLength": 1}
WHOLE = {"type": "integer", "format": "int32"}
UNIT = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": TEXT,
        "type": {"enum": ["MODEL", "ROUTER", "COMBINER", "TRANSFORMER", "OUTPUT_TRANSFORMER"]},
        "implementation": TEXT,
        "modelUri": {"type": "string", "pattern": "^models:/[^/@]+/[0-9]+$"},
        "parameters": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name", "value", "type"],
                "properties": {
                    "name": TEXT,
                    "value": TEXT,
                    "type": {"enum": ["INT", "FLOAT", "DOUBLE", "STRING", "BOOL"]},
                },
                "additionalProperties": False,
            },
        },
        "children": {"type": "array", "items": {"$ref": "#/$defs/unit"}},
    },
    "additionalProperties": False,
}
ENVIRONMENT = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["name", "value"],
        "properties": {"name": TEXT, "value": {"type": "string"}},
        "additionalProperties": False,
    },
}
PREDICTOR = {
    "type": "object",
    "required": ["name", "graph"],
    "properties": {
        "name": TEXT,
        "graph": {"$ref": "#/$defs/unit"},
        "replicas": WHOLE,
        "componentSpecs": {
            "type": "array",
            "items": {"type": "object", "required": ["spec"], "properties": {"spec": {"required": ["containers"]}}},
        },
        "svcOrchSpec": {"type": "object", "properties": {"env": ENVIRONMENT}, "additionalProperties": False},
    },
    "additionalProperties": False,
}
# The fields that we write, as the CRD types them, and no others: the API server would drop those in silence.
SCHEMA = {
    "$defs": {"unit": UNIT},
    "type": "object",
    "required": ["apiVersion", "kind", "metadata", "spec"],
    "properties": {
        "apiVersion": {"const": "machinelearning.seldon.io/v1"},
        "kind": {"const": "SeldonDeployment"},
        "metadata": {"type": "object", "required": ["name"], "properties": {"name": TEXT}},
        "spec": {
            "type": "object",
            "required": ["predictors"],
            "properties": {"predictors": {"type": "array", "items": PREDICTOR, "minItems": 1}},
            "additionalProperties": False,
        },
    },
    "additionalProperties": False,
}

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


@pytest.mark.parametrize("name", GRAPHS)
def test_committed_manifest_passes_our_own_rules(name: str) -> None:
    check(load(ROOT / "manifests" / f"{name}.yaml"))


def test_committed_manifest_asks_for_the_routing(manifest: Any) -> None:
    assert predictor(manifest)["svcOrchSpec"]["env"] == [{"name": "SELDON_ENABLE_ROUTING_INJECTION", "value": "true"}]


def test_committed_manifest_fits_the_custom_resource(manifest: Any) -> None:
    jsonschema.validate(manifest, SCHEMA, jsonschema.Draft202012Validator)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["spec", "predictors", 0, "replicas"], "1"),
        (["spec", "predictors", 0, "graph", "name"], None),
        (["spec", "predictors", 0, "graph", "modelUri"], "models:/screening-scaler@champion"),
        (["spec", "predictors", 0, "graph", "children", 0, "children", 0, "kind"], "MODEL"),
        (["spec", "predictors", 0, "svcOrchSpec", "env", 0, "value"], True),
    ],
)
def test_a_manifest_that_the_custom_resource_has_no_place_for_is_refused(path: list[Any], value: object) -> None:
    manifest = yaml.safe_load((ROOT / "manifests" / "screening.yaml").read_text())
    *way, last = path
    part = manifest
    for step in way:
        part = part[step]
    part[last] = value

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(manifest, SCHEMA, jsonschema.Draft202012Validator)


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
