"""Manifests that were made for a cluster: prepackaged servers, containers of which only the image is named."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
import yaml
from google.protobuf import json_format
from tests.e2e.component_running import serving_component
from tests.e2e.running import Running, command, serving

from servegraph.artifacts.folder import digest
from servegraph.artifacts.trust import approve
from servegraph.payload.schema import message_class

ROWS = [[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3]]
PETALS = ["sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)"]


@dataclass(frozen=True)
class Models:
    """A project with models where manifests say they are, and what the models answer to the rows."""

    project: Path
    probabilities: list[list[float]]
    boosted: list[list[float]]
    classes: list[int]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    project = tmp_path_factory.mktemp("foreign")
    (project / "pyproject.toml").write_text('[tool.servegraph.components]\n"lab/doubling" = "doubling:Double"\n')
    (project / "doubling.py").write_text(DOUBLE)
    (project / "manifests" / "iris").mkdir(parents=True)
    (project / "boosted").mkdir()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of MLflow's own import
        made = _save_models(project)
    approve(project / "trusted.toml", digest(project / "manifests" / "iris"), "iris")
    return made


def _save_models(project: Path) -> Models:
    import joblib
    import mlflow.sklearn
    import xgboost
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression

    data = load_iris(as_frame=True)
    logistic = LogisticRegression(max_iter=500).fit(data.data.to_numpy(), data.target)
    joblib.dump(logistic, project / "manifests" / "iris" / "model.joblib")
    settings = {"objective": "multi:softprob", "num_class": 3}
    boosting = xgboost.train(settings, xgboost.DMatrix(data.data.to_numpy(), data.target), 5)
    boosting.save_model(project / "boosted" / "model.json")
    named = LogisticRegression(max_iter=500).fit(data.data, data.target)
    signature = mlflow.models.infer_signature(data.data, data.target.to_frame("species"))
    mlflow.sklearn.save_model(named, str(project / "table"), signature=signature, serialization_format="skops")
    return Models(
        project,
        logistic.predict_proba(ROWS).tolist(),
        boosting.predict(xgboost.DMatrix(np.array(ROWS))).tolist(),
        named.predict(data.data.iloc[:1].assign(**dict(zip(PETALS, ROWS[0], strict=True)))).tolist(),
    )


DOUBLE = """
class Double:
    def predict(self, X, names):
        return X * 2

    def transform_input(self, X, names):
        return X * 2
"""


def manifest(folder: Path, graph: Any, protocol: str = "", containers: Any = (), **spec: Any) -> str:
    """A file with one predictor, as people write them; its name."""
    pods = [{"spec": {"containers": list(containers)}}] if containers else None
    document = {
        "apiVersion": "machinelearning.seldon.io/v1alpha2",
        "kind": "SeldonDeployment",
        "metadata": {"name": "foreign"},
        "spec": {
            "name": "foreign",
            **({"protocol": protocol} if protocol else {}),
            **spec,
            "predictors": [{"name": "default", "replicas": 1, "graph": graph, "componentSpecs": pods}],
        },
    }
    file = folder / f"{graph['name']}-{protocol or 'seldon'}.yaml"
    file.write_text(yaml.safe_dump(document), encoding="utf-8")
    return str(file)


def server(name: str, implementation: str, uri: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "implementation": implementation, "modelUri": uri, "children": [], **more}


def ask_grpc(running: Running, method: str, request: str, answer: str, document: Any) -> Any:
    """The answer of a unary method, as a document."""
    message = json_format.ParseDict(document, message_class(request)())
    with grpc.insecure_channel(f"127.0.0.1:{running.grpc_port}") as channel:
        call = channel.unary_unary(
            method, lambda proto: proto.SerializeToString(), lambda data: message_class(answer).FromString(data)
        )
        return json_format.MessageToDict(call(message, timeout=20), preserving_proto_field_name=True)


def predict_grpc(running: Running, rows: Any) -> Any:
    message = "seldon.protos.SeldonMessage"
    return ask_grpc(running, "/seldon.protos.Seldon/Predict", message, message, {"data": {"ndarray": rows}})


def tensor(rows: Any, **more: Any) -> dict[str, Any]:
    flat = [number for row in rows for number in row]
    return {"inputs": [{"name": "rows", "datatype": "FP64", "shape": [len(rows), len(rows[0])], "data": flat, **more}]}


@pytest.fixture(scope="module")
def trees(models: Models) -> Iterator[Running]:
    """Two prepackaged servers whose answers are averaged; one has a container that sets its memory, and no image."""
    graph = {
        "name": "mean",
        "implementation": "AVERAGE_COMBINER",
        "children": [
            server("logistic", "SKLEARN_SERVER", "iris"),  # beside the manifest
            server("boosted", "XGBOOST_SERVER", (models.project / "boosted").as_uri()),
        ],
    }
    resources = [{"name": "logistic", "resources": {"requests": {"memory": "50Mi"}}}]
    with serving(
        models.project, models.project, manifest(models.project / "manifests", graph, containers=resources)
    ) as it:
        yield it


def test_prepackaged_servers_answer_over_rest_and_grpc(trees: Running, models: Models) -> None:
    expected = np.mean([models.probabilities, models.boosted], axis=0)

    np.testing.assert_allclose(trees.predict(ROWS)["data"]["ndarray"], expected, rtol=1e-6)
    np.testing.assert_allclose(predict_grpc(trees, ROWS)["data"]["ndarray"], expected, rtol=1e-6)
    status, answer = trees.post("/v2/models/logistic/infer", tensor(ROWS))
    assert status == 200
    np.testing.assert_allclose(np.reshape(answer["outputs"][0]["data"], (2, 3)), expected, rtol=1e-6)


def test_prepackaged_servers_are_told_with_their_artifacts(trees: Running) -> None:
    nodes = {node["name"]: node for node in trees.status()["nodes"]}

    assert nodes["logistic"]["artifact"] == "iris"
    assert nodes["boosted"]["component"] == "servegraph.servers.xgboost_server:XGBoostServer"
    assert "SKLEARN_SERVER  iris  sha " in trees.output
    path = trees.predict(ROWS)["meta"]["requestPath"]
    assert path["logistic"].startswith("seldonio/sklearnserver:")


def test_open_inference_answers_as_mlserver_would(models: Models) -> None:
    graph = server("classifier", "SKLEARN_SERVER", "manifests/iris")  # from the folder that we are in
    with serving(models.project, models.project, manifest(models.project, graph, "v2")) as running:
        status, answer = running.post("/v2/models/classifier/infer", tensor(ROWS))
        assert status == 200
        assert (answer["outputs"][0]["name"], answer["outputs"][0]["data"]) == ("predict", [0, 2])
        told = ask_grpc(
            running,
            "/inference.GRPCInferenceService/ModelInfer",
            "inference.ModelInferRequest",
            "inference.ModelInferResponse",
            {
                "model_name": "classifier",
                "inputs": [{"name": "x", "datatype": "FP64", "shape": [1, 4], "contents": {"fp64_contents": ROWS[1]}}],
            },
        )
        assert told["outputs"][0]["shape"] == ["1"]
        assert running.predict(ROWS)["data"]["ndarray"] == [0, 2]

        asked = tensor(ROWS) | {"outputs": [{"name": "predict_proba"}]}
        status, answer = running.post("/v2/models/classifier/infer", asked)
        (output,) = answer["outputs"]
        assert (status, output["name"], output["shape"]) == (200, "predict_proba", [2, 3])
        np.testing.assert_allclose(np.reshape(output["data"], (2, 3)), models.probabilities, rtol=1e-6)
        asked["outputs"] = [{"name": "predict_proba"}, {"name": "predict"}]
        status, answer = running.post("/v2/models/classifier/infer", asked)
        assert [output["name"] for output in answer["outputs"]] == ["predict_proba", "predict"]
        assert answer["outputs"][1]["data"] == [0, 2]
        asked["outputs"] = [{"name": "embedding"}]
        status, answer = running.post("/v2/models/classifier/infer", asked)
        assert (status, answer["error"].partition(";")[0]) == (400, "there is no output 'embedding'")


def test_mlflow_server_finds_columns_by_name(models: Models) -> None:
    graph = server("table", "MLFLOW_SERVER", "table", parameters=[{"name": "xtype", "type": "STRING", "value": "any"}])
    with serving(models.project, models.project, manifest(models.project, graph)) as running:
        for names, row in ((PETALS, ROWS[0]), (PETALS[::-1], ROWS[0][::-1])):
            status, answer = running.post("/api/v1.0/predictions", {"data": {"names": names, "ndarray": [row]}})
            assert (status, answer["data"]["ndarray"]) == (200, models.classes)
        assert running.predict([[5, 3, 1, 0]])["data"]["ndarray"] == [0]  # whole numbers, by position
        columns = [
            {"name": name, "datatype": "FP64", "shape": [1], "data": [value]}
            for name, value in zip(PETALS, ROWS[0], strict=True)
        ]
        status, answer = running.post("/v2/models/table/infer", {"inputs": columns})
        assert (status, answer["outputs"][0]["data"]) == (200, models.classes)


def test_servers_have_processes_of_their_own(models: Models) -> None:
    graph = server("logistic", "SKLEARN_SERVER", "manifests/iris")
    with serving(models.project, models.project, manifest(models.project, graph), "--split") as running:
        np.testing.assert_allclose(running.predict(ROWS)["data"]["ndarray"], models.probabilities, rtol=1e-6)


CONTAINERS = [{"name": "tokenizer", "image": "lab/tokenizer:3"}, {"name": "double", "image": "lab/doubling:2"}]
TEXT = {
    "name": "tokenizer",
    "type": "TRANSFORMER",
    "children": [{"name": "double", "type": "MODEL"}],
}


def test_what_needs_its_container_is_told_at_once(models: Models) -> None:
    graph = {**TEXT, "children": [server("bert", "TRITON_SERVER", "gs://lab/bert"), *TEXT["children"]]}
    graph["children"] = [{**graph["children"][0], "children": [graph["children"][1]]}]
    done = command(models.project, "run", manifest(models.project, graph, "v2", CONTAINERS))

    assert done.returncode == 2
    assert done.stderr == (
        "error: nodes cannot run without their containers:\n"
        "  node 'tokenizer': nothing says which class it is (image lab/tokenizer:3)\n"
        "  node 'bert': TRITON_SERVER is not run here (image nvcr.io/nvidia/tritonserver:21.08-py3)\n"
        "hint: map the image to a class of this project in [tool.servegraph.components], or put a stand-in in the "
        "node's place with --stub NODE, or say where it runs with --remote NODE=http://host:port\n"
    )


def test_stub_stands_in_and_says_so(models: Models) -> None:
    file = manifest(models.project, TEXT, containers=CONTAINERS)
    with serving(models.project, models.project, file, "--stub", "tokenizer") as running:
        answer = running.predict([[1.0, 2.5]])
        assert answer["data"]["ndarray"] == [[2.0, 5.0]]
        assert answer["meta"]["tags"] == {"tokenizer": "stub"}
        assert {node["name"]: node["runs"] for node in running.status()["nodes"]} == {
            "tokenizer": "stub",
            "double": "here",
        }
        assert "● tokenizer    stub  a stand-in answers for it\n" in running.output
        assert "stub" in command(models.project, "status", "--url", running.url).stdout


def test_stub_of_an_artifact_answers_like_it(models: Models) -> None:
    graph = server("table", "MLFLOW_SERVER", "table", type="MODEL")
    with serving(models.project, models.project, manifest(models.project, graph), "--stub", "table") as running:
        assert running.predict(ROWS)["data"] == {"names": ["species"], "ndarray": [[0.5], [0.5]]}


@pytest.mark.parametrize("scheme", ["http", "grpc"])
def test_remote_node_is_called_where_it_runs(models: Models, scheme: str, tmp_path: Path) -> None:
    with serving_component(tmp_path, DOUBLE.replace("Double", "Comp")) as double:
        port = double.http_port if scheme == "http" else double.grpc_port
        address = f"tokenizer={scheme}://127.0.0.1:{port}"
        file = manifest(models.project, TEXT, containers=CONTAINERS)
        with serving(models.project, tmp_path, file, "--remote", address) as running:
            assert running.predict([[1.0, 2.5]])["data"]["ndarray"] == [[4.0, 10.0]]
            assert f"● tokenizer    runs at 127.0.0.1:{port}\n" in running.output


def test_remote_node_speaks_the_protocol_of_the_deployment(models: Models, tmp_path: Path) -> None:
    inner = manifest(models.project, server("inner", "SKLEARN_SERVER", "manifests/iris"), "v2")
    outer = manifest(models.project, server("inner", "TRITON_SERVER", "gs://lab/inner", logger=None), "kfserving")
    with serving(models.project, tmp_path, inner) as behind:
        address = f"inner=http://127.0.0.1:{behind.http_port}"
        with serving(models.project, tmp_path, outer, "--remote", address) as running:
            status, answer = running.post("/v2/models/inner/infer", tensor(ROWS))
            assert (status, answer["outputs"][0]["data"]) == (200, [0, 2])
            assert answer["outputs"][0]["datatype"] == "INT64"
            assert running.predict(ROWS)["data"]["tensor"]["values"] == [0, 2]


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ({"serverType": "kafka"}, "reads its requests from Kafka (serverType: kafka), which is not done here"),
        ({"protocol": "tensorflow"}, "node 'double' runs elsewhere and speaks TensorFlow Serving's protocol"),
    ],
)
def test_what_is_not_served_is_refused(tmp_path: Path, spec: dict[str, str], told: str) -> None:
    endpoint = {"service_host": "10.0.0.1", "service_port": 8501}
    graph = {"name": "double", "type": "MODEL", "endpoint": endpoint}
    done = command(tmp_path, "run", manifest(tmp_path, graph, containers=CONTAINERS, **spec))

    assert done.returncode == 2
    assert told in done.stderr
