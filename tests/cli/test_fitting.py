"""`servegraph check` on artifacts: signatures read from real MLmodel files, examples sent through real components."""

import json
from pathlib import Path
from textwrap import dedent

import pytest

from servegraph.cli.fitting import fit_findings
from servegraph.project import Project

COMPONENTS = {
    "nodes/steps.py": """
        import numpy as np

        class Scale:
            def __init__(self, model_uri=""):
                pass
            def transform_input(self, X, names):
                return np.asarray(X) * 2

        class Model:
            def __init__(self, model_uri="", width=2):
                self.width = width
            def predict(self, X, names):
                if np.asarray(X).shape[1] != self.width:
                    raise ValueError(f"I take {self.width} columns")
                return X

        class OnlyFloats(Model):
            def predict(self, X, names):
                if np.asarray(X).dtype.kind != "f":
                    raise TypeError("whole numbers")
                return X

        class Astray:
            def route(self, X, names):
                return 7
    """,
}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    for name, text in COMPONENTS.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text))
    return Project(tmp_path)


def artifact(project: Project, name: str, inputs: list[str], outputs: list[str], rows: list[list[float]] | None) -> str:
    """A folder in MLflow's format, with a signature and perhaps an example."""
    folder = project.root / "artifacts" / name
    folder.mkdir(parents=True)

    def columns(names: list[str]) -> str:
        return json.dumps(json.dumps([{"name": each, "type": "double", "required": True} for each in names]))

    lines = [f"signature:\n  inputs: {columns(inputs)}\n  outputs: {columns(outputs)}\n"]
    if rows is not None:
        (folder / "example.json").write_text(json.dumps({"columns": inputs, "data": rows}))
        lines.append("saved_input_example_info: {artifact_path: example.json, type: dataframe}\n")
    (folder / "MLmodel").write_text("".join(lines))
    return str(folder)


def manifest(graph: str, classes: dict[str, str]) -> str:
    containers = ", ".join(
        f"{{name: {node}, image: 'steps:1', env: [{{name: MODEL_NAME, value: 'nodes.steps:{name}'}}]}}"
        for node, name in classes.items()
    )
    return dedent(f"""\
        apiVersion: machinelearning.seldon.io/v1
        kind: SeldonDeployment
        metadata: {{name: churn}}
        spec:
          predictors:
            - name: p
              graph: {graph}
              componentSpecs: [{{spec: {{containers: [{containers}]}}}}]
        """)


def found(project: Project, text: str) -> list[tuple[str, str, str]]:
    findings = fit_findings(project, text, project.root / "m.yaml")
    return [(finding.code, finding.path, finding.message) for finding in findings]


def test_a_graph_that_fits_has_no_findings(project: Project):
    uri = artifact(project, "scaler", ["a", "b"], ["a", "b"], [[1.5, 2.0], [3.0, 4.0]])
    graph = f"{{name: scale, type: TRANSFORMER, modelUri: '{uri}', children: [{{name: model, type: MODEL}}]}}"
    assert found(project, manifest(graph, {"scale": "Scale", "model": "Model"})) == []


def test_signatures_that_disagree_are_found_without_running_anything(project: Project):
    scaler = artifact(project, "scaler", ["a", "b"], ["a", "b"], [[1.0, 2.0]])
    model = artifact(project, "model", ["a", "b", "c"], ["p"], None)
    graph = (
        f"{{name: scale, type: TRANSFORMER, modelUri: '{scaler}', "
        f"children: [{{name: model, type: MODEL, modelUri: '{model}'}}]}}"
    )
    assert found(project, manifest(graph, {"scale": "Scale", "model": "Model"})) == [
        (
            "SG401",
            "spec.predictors[0].graph.children[0].modelUri",
            "'scale' answers with 2 columns, 'model' takes 3 columns",
        )
    ]


def test_a_node_that_refuses_the_example_is_named(project: Project):
    uri = artifact(project, "scaler", ["a", "b", "c"], ["x"], [[1.0, 2.0, 3.0]])
    graph = f"{{name: scale, type: TRANSFORMER, modelUri: '{uri}', children: [{{name: model, type: MODEL}}]}}"
    ((code, path, message),) = found(project, manifest(graph, {"scale": "Scale", "model": "Model"}))
    assert (code, path) == ("SG411", "spec.predictors[0].graph.children[0].name")
    assert "I take 2 columns" in message


def test_whole_numbers_are_tried_too(project: Project):
    uri = artifact(project, "model", ["a", "b"], ["p"], [[1.5, 2.0]])
    graph = f"{{name: model, type: MODEL, modelUri: '{uri}'}}"
    assert (
        found(project, manifest(graph, {"model": "OnlyFloats"})) == []
    )  # the signature says double, so they are widened
    graph = f"{{name: scale, type: TRANSFORMER, modelUri: '{uri}', children: [{{name: model, type: MODEL}}]}}"
    assert found(project, manifest(graph, {"scale": "Scale", "model": "OnlyFloats"})) == []


def test_every_branch_of_a_router_is_asked(project: Project):
    uri = artifact(project, "scaler", ["a", "b"], ["x"], [[1.0, 2.0]])
    graph = (
        f"{{name: scale, type: TRANSFORMER, modelUri: '{uri}', children: [{{name: ab, implementation: RANDOM_ABTEST, "
        "parameters: [{name: ratioA, value: '1.0', type: DOUBLE}], children: [{name: good, type: MODEL}, "
        "{name: bad, type: MODEL, parameters: [{name: width, value: '9', type: INT}]}]}]}"
    )
    ((code, path, message),) = found(project, manifest(graph, {"scale": "Scale", "good": "Model", "bad": "Model"}))
    assert (code, path) == ("SG411", "spec.predictors[0].graph.children[0].children[1].name")
    assert "I take 9 columns" in message


def test_a_router_beyond_its_branches_is_found(project: Project):
    uri = artifact(project, "model", ["a", "b"], ["p"], [[1.0, 2.0]])
    children = f"[{{name: a, type: MODEL, modelUri: '{uri}'}}, {{name: b, type: MODEL}}]"
    graph = f"{{name: way, type: ROUTER, children: {children}}}"
    ((code, path, _),) = found(project, manifest(graph, {"way": "Astray", "a": "Model", "b": "Model"}))
    assert (code, path) == ("SG412", "spec.predictors[0].graph.name")


def test_a_class_that_is_not_there_is_found(project: Project):
    ((code, path, message),) = found(project, manifest("{name: model, type: MODEL}", {"model": "Modell"}))
    assert (code, path) == ("SG413", "spec.predictors[0].graph.name")
    assert "Modell" in message


def test_an_artifact_that_is_not_here_is_a_note(project: Project):
    graph = "{name: model, type: MODEL, modelUri: 'models:/nothing@champion'}"
    ((code, path, message),) = found(project, manifest(graph, {"model": "Model"}))[:1]
    assert (code, path) == ("SG405", "spec.predictors[0].graph.modelUri")
    assert message == "node 'model': models:/nothing@champion is not in the registry of this machine"


def test_a_class_that_raises_is_a_warning(project: Project):
    (project.root / "nodes" / "late.py").write_text(
        "class Late:\n    def load(self):\n        raise OSError('no database here')\n"
    )
    text = manifest("{name: model, type: MODEL}", {"model": "Late"}).replace("nodes.steps:Late", "nodes.late:Late")
    ((code, path, message),) = found(project, text)
    assert (code, path) == ("SG414", "spec.predictors[0].graph.name")
    assert "no database here" in message


def test_a_server_needs_no_protocol_in_the_manifest(project: Project):
    folder = project.root / "boosted"
    folder.mkdir()
    _boosted(folder / "model.json")
    assert found(project, manifest(f"{{name: m, implementation: XGBOOST_SERVER, modelUri: '{folder}'}}", {})) == []


def _boosted(file: Path) -> None:
    import xgboost

    xgboost.train({}, xgboost.DMatrix([[1.0], [2.0]], [0, 1]), 1).save_model(file)


def test_the_classes_of_strangers_are_not_run(project: Project):
    text = manifest("{name: model, type: MODEL}", {"model": "Model"}).replace("nodes.steps", "their.code")
    assert found(project, text) == []


def test_a_file_that_cannot_be_read_is_left_to_others(project: Project):
    assert found(project, "kind: [") == []
    assert found(project, "kind: SeldonDeployment\nspec: 5\n") == []
