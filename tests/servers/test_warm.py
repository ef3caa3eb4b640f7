"""A second start: answers without the library that the model is of, and not a bit more trust."""

import json
import subprocess
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import joblib
import lightgbm
import numpy as np
import pandas as pd
import pytest
import skops.io
import xgboost
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from servegraph.artifacts.acceleration import Accelerated
from servegraph.artifacts.trust import revoke
from servegraph.errors import ArtifactRefused
from servegraph.servers import SERVERS
from servegraph.servers.mlflow_server import MLFlowServer
from servegraph.servers.sklearn_server import SKLearnServer
from servegraph.servers.xgboost_server import XGBoostServer

ROWS, LABELS = load_breast_cancer(return_X_y=True)
TABLE = pd.DataFrame(ROWS, columns=[f"x {number}" for number in range(30)])  # LightGBM renames such columns
TREE = "sklearn.tree._tree.Tree"
VENDORS = ("joblib", "lightgbm", "mlflow", "onnx", "pandas", "scipy", "skl2onnx", "sklearn", "skops", "xgboost")
SCRIPT = f"""
import json, sys
import numpy as np
asked = json.load(sys.stdin)
answers = {{}}
for name, (reference, folder, project) in asked["servers"].items():
    module, _, cls = reference.partition(":")
    __import__(module)
    server = getattr(sys.modules[module], cls)(folder, project=project)
    server.load()
    answer = server.predict(np.array(asked["rows"]), [])
    whole = server.predict(np.array([[20] * 30]), [])
    answers[name] = [answer.tolist(), whole.tolist(), list(server.class_names()), server.init_metadata()]
vendors = {VENDORS!r}
print(json.dumps([answers, [name for name in vendors if name in sys.modules]]))
"""


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """A model for each server and flavour, in a state folder."""
    root = tmp_path_factory.mktemp("state") / ".servegraph"
    folders = {name: root / name for name in ("pickle", "skops", "booster", "forest", "classifier", "boosted", "light")}
    for name in ("pickle", "skops", "booster"):
        folders[name].mkdir(parents=True)
    joblib.dump(LogisticRegression(solver="liblinear").fit(ROWS, LABELS), folders["pickle"] / "model.joblib")
    forest = RandomForestClassifier(5, random_state=0).fit(TABLE, np.array(["no", "yes"], object)[LABELS])
    skops.io.dump(forest, folders["skops"] / "model.skops")
    booster = xgboost.train({"nthread": 1}, xgboost.DMatrix(TABLE, LABELS), 5)
    booster.save_model(folders["booster"] / "model.json")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from servegraph.artifacts.client import import_mlflow

        mlflow = import_mlflow()
        from mlflow.models import infer_signature

        more = {"signature": infer_signature(TABLE), "pip_requirements": ["mlflow"]}
        skops_too = {"serialization_format": "skops", "skops_trusted_types": [TREE]}
        mlflow.sklearn.save_model(forest, folders["forest"], pyfunc_predict_fn="predict_proba", **skops_too, **more)
        classifier = xgboost.XGBClassifier(n_estimators=5, n_jobs=1).fit(TABLE, LABELS)
        mlflow.xgboost.save_model(classifier, folders["classifier"], model_format="json", **more)
        mlflow.xgboost.save_model(booster, folders["boosted"], model_format="json", **more)
        light = lightgbm.train({"objective": "binary", "verbose": -1}, lightgbm.Dataset(TABLE, LABELS), 5)
        mlflow.lightgbm.save_model(light, folders["light"], **more)
    return folders


def _server_of(name: str) -> str:
    return {"pickle": "SKLEARN_SERVER", "skops": "SKLEARN_SERVER", "booster": "XGBOOST_SERVER"}.get(
        name, "MLFLOW_SERVER"
    )


def _answers(server: Any) -> list[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        server.load()
        answer, whole = server.predict(ROWS[:5], []), server.predict(np.array([[20] * 30]), [])
    return [answer.tolist(), whole.tolist(), list(server.class_names()), server.init_metadata()]


def test_a_warm_start_answers_the_same_and_imports_no_library_of_models(
    saved: Mapping[str, Path], project: Any
) -> None:
    trusting = project(types=[TREE], trusted=[saved["pickle"], saved["light"]])
    servers = {name: (SERVERS[_server_of(name)], str(folder), trusting) for name, folder in saved.items()}
    classes = {"SKLEARN_SERVER": SKLearnServer, "XGBOOST_SERVER": XGBoostServer, "MLFLOW_SERVER": MLFlowServer}
    cold = {n: _answers(classes[_server_of(n)](str(folder), project=trusting)) for n, folder in saved.items()}

    asked = json.dumps({"servers": servers, "rows": ROWS[:5].tolist()})
    done = subprocess.run([sys.executable, "-c", SCRIPT], input=asked, capture_output=True, text=True, timeout=60)

    assert json.loads(done.stdout) == [json.loads(json.dumps(cold)), []], done.stderr


@pytest.mark.parametrize("name", ["pickle", "light"])
def test_what_is_no_longer_approved_is_refused_when_warm(saved: Mapping[str, Path], project: Any, name: str) -> None:
    cls = SKLearnServer if name == "pickle" else MLFlowServer
    trusting = project(trusted=[saved[name]])
    _answers(cls(str(saved[name]), project=trusting))
    assert revoke(Path(trusting) / "trusted.toml", saved[name].name)
    with pytest.raises(ArtifactRefused, match="nobody approved"):
        cls(str(saved[name]), project=trusting).load()


@pytest.mark.parametrize(("name", "cls"), [("skops", SKLearnServer), ("forest", MLFlowServer)])
def test_types_that_are_no_longer_trusted_are_refused_when_warm(
    saved: Mapping[str, Path], project: Any, name: str, cls: Any
) -> None:
    by_type = _answers(cls(str(saved[name]), project=project(types=[TREE])))
    trusting = project(trusted=[saved[name]])
    assert _answers(cls(str(saved[name]), project=trusting)) == by_type
    revoke(Path(trusting) / "trusted.toml", saved[name].name)
    with pytest.raises(ArtifactRefused, match=r"wants to make sklearn\.tree\._tree\.Tree"):
        cls(str(saved[name]), project=trusting).load()


def test_a_pickled_booster_is_refused_when_warm(saved: Mapping[str, Path], project: Any) -> None:
    folder = saved["pickle"].with_name("pickled-booster")
    folder.mkdir()
    (folder / "model-settings.json").write_text('{"parameters": {"uri": "m.pkl"}}')
    joblib.dump(xgboost.train({"nthread": 1}, xgboost.DMatrix(ROWS, LABELS), 2), folder / "m.pkl")
    _answers(XGBoostServer(str(folder), project=project(trusted=[folder])))
    (Path(project()) / "trusted.toml").unlink()
    with pytest.raises(ArtifactRefused, match=r"m\.pkl is a pickle"):
        XGBoostServer(str(folder), project=project()).load()


def test_what_is_no_row_of_numbers_goes_to_the_model_itself_when_warm(saved: Mapping[str, Path], project: Any) -> None:
    trusting = project(types=[TREE])
    _answers(SKLearnServer(str(saved["skops"]), project=trusting))
    server = SKLearnServer(str(saved["skops"]), project=trusting)
    server.load()
    assert isinstance(server._model, Accelerated)
    assert server.predict([dict(zip(TABLE.columns, ROWS[0].tolist(), strict=True))], []).tolist() == (
        server.predict(ROWS[:1], []).tolist()
    )
