"""SKLEARN_SERVER: files by their well-known names, methods, and what is refused."""

import json
import pickle
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from servegraph import component
from servegraph.artifacts.compilation import compilation
from servegraph.errors import ArtifactNotFound, ArtifactRefused, ComponentMismatch, ConfigurationError, InvalidPayload
from servegraph.servers.sklearn_server import SKLearnServer

X = np.array([[0.0, 0.0], [0.0, 1.0], [9.0, 0.0], [9.0, 1.0]])
LABELS = ["no", "no", "yes", "yes"]
TREE = "sklearn.tree._tree.Tree"


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("classifier")
    joblib.dump(LogisticRegression().fit(X, LABELS), folder / "model.joblib")
    return folder


@pytest.fixture(scope="module")
def regressor(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("regressor")
    joblib.dump(LinearRegression().fit(X, [0.0, 1.0, 9.0, 10.0]), folder / "model.pkl")
    return folder


@pytest.fixture(scope="module")
def forest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("forest")
    skops.io.dump(RandomForestClassifier(5, random_state=0).fit(X, LABELS), folder / "model.skops")
    return folder


def _loaded(folder: Path, project: str, **parameters: Any) -> SKLearnServer:
    server = SKLearnServer(model_uri=str(folder), project=project, **parameters)
    server.load()
    return server


def test_probabilities_are_the_default_and_named_by_the_classes(classifier: Path, project: Any) -> None:
    server = _loaded(classifier, project(trusted=[classifier]))
    answer = server.predict(np.array([[0, 0], [9, 0]]), [])
    assert answer.shape == (2, 2)
    assert answer.argmax(axis=1).tolist() == [0, 1]
    assert server.class_names() == ["no", "yes"]
    assert server.init_metadata()["inputs"] == [{"messagetype": "tensor", "schema": {"shape": [2]}}]


def test_predict_gives_labels(classifier: Path, project: Any) -> None:
    server = _loaded(classifier, project(trusted=[classifier]), method="predict")
    assert server.predict(np.array([[0, 0], [9, 0]]), []).tolist() == ["no", "yes"]


def test_decision_function_gives_one_number_a_row(classifier: Path, project: Any) -> None:
    server = _loaded(classifier, project(trusted=[classifier]), method="decision_function")
    assert (server.predict(np.array([[0, 0], [9, 0]]), []) > 0).tolist() == [False, True]


def test_regressor_needs_predict(regressor: Path, project: Any) -> None:
    trusting = project(trusted=[regressor])
    with pytest.raises(ConfigurationError, match="LinearRegression has no predict_proba") as raised:
        _loaded(regressor, trusting)
    assert raised.value.hint == "set the node's parameter method to predict"
    assert _loaded(regressor, trusting, method="predict").predict(np.array([[9, 1]]), []).round(6).tolist() == [10.0]


def test_unknown_method_and_parameter_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="method is 'predict_probability'") as raised:
        SKLearnServer("folder", method="predict_probability")
    assert raised.value.hint == "it is one of predict_proba, predict, decision_function"
    with pytest.raises(ComponentMismatch, match="node 'm': SKLearnServer: got an unexpected keyword argument 'methd'"):
        component.build(SKLearnServer, "m", {"model_uri": "folder", "methd": "predict"})


def test_open_inference_predicts_unless_the_request_asks_for_more(classifier: Path, project: Any) -> None:
    server = _loaded(classifier, project(trusted=[classifier]), protocol="v2", method="predict_proba")
    rows = np.array([[9.0, 0.0]])
    assert server.predict(rows, []).tolist() == ["yes"]
    assert server.predict(rows, [], meta={"outputs": ["predict_proba"]}).shape == (1, 2)
    both = server.predict(rows, [], meta={"outputs": ["predict", "predict_proba"]})
    assert both["predict"] == ["yes"]
    assert np.argmax(both["predict_proba"]) == 1
    with pytest.raises(InvalidPayload, match="there is no output 'score'"):
        server.predict(rows, [], meta={"outputs": ["score"]})


def test_wrong_rows_are_the_callers_mistake(classifier: Path, project: Any) -> None:
    server = _loaded(classifier, project(trusted=[classifier]))
    with pytest.raises(InvalidPayload, match="takes rows of 2 features, got an array of 1 x 3"):
        server.predict(np.array([[1, 2, 3]]), [])
    with pytest.raises(InvalidPayload, match="contains NaN"):
        server.predict(np.array([[1, np.nan]]), [])


def test_model_of_a_table_gets_one(tmp_path: Path, project: Any) -> None:
    folder = tmp_path / "table"
    folder.mkdir()
    table = pd.DataFrame({"colour": ["red", "blue", "red", "blue"], "size": [1.0, 2.0, 3.0, 4.0]})
    by_name = ColumnTransformer([("colour", OneHotEncoder(), ["colour"])], remainder="passthrough")
    joblib.dump(make_pipeline(by_name, LogisticRegression()).fit(table, [0, 1, 0, 1]), folder / "model.joblib")
    server = _loaded(folder, project(trusted=[folder]), method="predict")
    assert server.predict(np.array([["red", 1.0], ["blue", 2.0]], dtype=object), []).tolist() == [0, 1]
    assert server.predict(np.array([[1.0, "red"]], dtype=object), ["size", "colour"]).tolist() == [0]
    assert server.predict([{"size": 2.0, "colour": "blue"}], []).tolist() == [1]


def test_forest_is_allowed_by_the_projects_types(forest: Path, project: Any) -> None:
    server = _loaded(forest, project(types=[TREE]))
    assert server.predict(np.array([[9.0, 0.0]]), []).argmax() == 1


def test_forest_is_refused_without_them(forest: Path, project: Any) -> None:
    with pytest.raises(ArtifactRefused, match=r"wants to make sklearn\.tree\._tree\.Tree") as raised:
        _loaded(forest, project())
    assert f'trusted_types = ["{TREE}"]' in str(raised.value.hint)
    assert f"servegraph trust {forest}" in str(raised.value.hint)


def test_forest_is_allowed_by_its_digest(forest: Path, project: Any) -> None:
    assert _loaded(forest, project(trusted=[forest])).class_names() == []


def test_file_may_be_named_by_model_settings(tmp_path: Path, project: Any) -> None:
    skops.io.dump(LinearRegression().fit(X, [0.0, 1.0, 9.0, 10.0]), tmp_path / "other.skops")
    (tmp_path / "model-settings.json").write_text(json.dumps({"parameters": {"uri": "./other.skops"}}))
    assert _loaded(tmp_path, project(), method="predict").predict(np.array([[0, 1]]), []).round(6).tolist() == [1.0]


def test_file_outside_of_the_folder_is_refused(tmp_path: Path, project: Any) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    skops.io.dump([1], tmp_path / "other.skops")
    (folder / "model-settings.json").write_text(json.dumps({"parameters": {"uri": "../other.skops"}}))
    with pytest.raises(ArtifactRefused, match="not in the artifact"):
        _loaded(folder, project())


def test_folder_without_a_model_is_told(tmp_path: Path, project: Any) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "weights.h5").touch()
    with pytest.raises(ArtifactNotFound, match=r"no file model\.joblib or .* it holds weights\.h5"):
        _loaded(folder, project())


def test_metadata_beside_the_model_is_its_metadata(tmp_path: Path) -> None:
    (tmp_path / "metadata.yaml").write_text("name: churn\nversions: [churn/v7]\n")
    assert SKLearnServer(str(tmp_path)).init_metadata() == {"name": "churn", "versions": ["churn/v7"]}


class Trap:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.marker,)


@pytest.mark.parametrize("name", ["model.joblib", "model.pickle", "model.pkl"])
def test_pickle_that_nobody_approved_is_refused_and_not_run(tmp_path: Path, project: Any, name: str) -> None:
    folder, marker = tmp_path / "artifact", tmp_path / "marker"
    folder.mkdir()
    (folder / name).write_bytes(pickle.dumps(Trap(marker)))
    with pytest.raises(ArtifactRefused, match="is a pickle") as raised:
        _loaded(folder, project(types=["pathlib.Path.touch"]))
    assert raised.value.hint == f"if you trust whoever made it: servegraph trust {folder}"
    assert not marker.exists()


def test_approval_ends_with_one_changed_byte(tmp_path: Path, classifier: Path, project: Any) -> None:
    folder = tmp_path / "artifact"
    folder.mkdir()
    (folder / "model.joblib").write_bytes((classifier / "model.joblib").read_bytes())
    trusting = project(trusted=[folder])
    _loaded(folder, trusting)
    (folder / "note.txt").write_text("!")
    with pytest.raises(ArtifactRefused, match="nobody approved"):
        _loaded(folder, trusting)


def test_the_method_runs_as_a_kernel_without_example_rows(forest: Path, project: Any) -> None:
    original = skops.io.load(forest / "model.skops", trusted=[TREE])
    with compilation() as told:
        server = _loaded(forest, project(types=[TREE]))
    assert told.engines == {"predict_proba": "onnxruntime"}
    rows = np.array([[0.0, 0.5], [4.5, 0.0], [9.0, 1.0]])
    assert server.predict(rows, []).tolist() == original.predict_proba(rows).tolist()
    with pytest.raises(InvalidPayload, match="infinity"):
        server.predict(np.array([[np.inf, 0.0]]), [])


def test_a_kernel_gets_named_columns_in_the_order_of_the_model(tmp_path: Path, project: Any) -> None:
    table = pd.DataFrame(X, columns=["a", "b"])
    original = LinearRegression().fit(table, [0.0, 2.0, 9.0, 11.0])
    skops.io.dump(original, tmp_path / "model.skops")
    with compilation() as told:
        server = _loaded(tmp_path, project(), method="predict")
    assert told.engines == {"predict": "numpy"}
    rows = np.array([[1.0, 9.0], [0.5, 2.0]])
    np.testing.assert_allclose(
        server.predict(rows, ["b", "a"]),
        original.predict(table[:0].reindex([0, 1]).assign(a=rows[:, 1], b=rows[:, 0])),
        atol=1e-12,
    )
    np.testing.assert_allclose(
        server.predict(rows, ["x", "y"]), original.predict(pd.DataFrame(rows, columns=["a", "b"])), atol=1e-12
    )


def test_a_required_kernel_that_cannot_be_is_refused(
    classifier: Path, project: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    neighbours = tmp_path / "neighbours"
    neighbours.mkdir()
    joblib.dump(KNeighborsClassifier(1).fit(X, LABELS), neighbours / "model.joblib")
    monkeypatch.setenv("SERVEGRAPH_ACCELERATE", "require")
    trusting = project(trusted=[classifier, neighbours])
    assert _loaded(classifier, trusting).predict(X, []).shape == (4, 2)
    with pytest.raises(ArtifactRefused, match="there is no kernel for sklearn.KNeighborsClassifier"):
        _loaded(neighbours, trusting)
