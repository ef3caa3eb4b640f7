"""XGBOOST_SERVER: XGBoost's own files are data; answers are the booster's."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xgboost

from servegraph.artifacts.compilation import compilation
from servegraph.errors import ArtifactRefused, InvalidPayload
from servegraph.servers.xgboost_server import XGBoostServer

ROWS = np.random.default_rng(0).random((60, 3))
LABELS = (ROWS[:, 1] > 0.5).astype(int)


def _trained(names: list[str] | None = None) -> xgboost.Booster:
    return xgboost.train(
        {"objective": "binary:logistic", "nthread": 1}, xgboost.DMatrix(ROWS, LABELS, feature_names=names), 5
    )


def _server(folder: Path, project: str = ".") -> XGBoostServer:
    server = XGBoostServer(model_uri=str(folder), project=project)
    server.load()
    return server


@pytest.mark.parametrize(("name", "form"), [("model.json", "json"), ("model.ubj", "ubj"), ("model.bst", "ubj")])
def test_own_formats_are_loaded_without_approval(tmp_path: Path, name: str, form: str) -> None:
    (tmp_path / name).write_bytes(_trained().save_raw(form))
    server = _server(tmp_path)
    answer = server.predict(np.array([[0, 1, 0], [0, 0, 0]]), [])
    assert (answer > 0.5).tolist() == [True, False]
    assert server.predict(np.array([[0.5, None, 0.5]], dtype=object), []).shape == (1,)


def test_names_put_the_columns_in_order_and_unknown_names_do_not(tmp_path: Path) -> None:
    (tmp_path / "model.json").write_bytes(_trained(["a", "b", "c"]).save_raw("json"))
    server = _server(tmp_path)
    assert (server.predict(np.array([[0, 0, 1]]), ["a", "c", "b"]) > 0.5).tolist() == [True]
    assert (server.predict(np.array([[0, 0, 1]]), ["x", "y", "z"]) > 0.5).tolist() == [False]
    assert server.init_metadata()["inputs"][0]["schema"] == {"shape": [3], "names": ["a", "b", "c"]}


def test_rows_of_another_width_are_the_callers_mistake(tmp_path: Path) -> None:
    (tmp_path / "model.json").write_bytes(_trained().save_raw("json"))
    with pytest.raises(InvalidPayload, match="takes 3 columns, got 2"):
        _server(tmp_path).predict(np.array([[0, 1]]), [])


def test_several_classes_have_a_column_each(tmp_path: Path) -> None:
    settings = {"objective": "multi:softprob", "num_class": 3, "nthread": 1}
    booster = xgboost.train(settings, xgboost.DMatrix(ROWS, np.arange(60) % 3), 2)
    (tmp_path / "model.ubj").write_bytes(booster.save_raw("ubj"))
    server = _server(tmp_path)
    assert server.predict(ROWS[:2], []).shape == (2, 3)
    assert server.class_names() == ["t:0", "t:1", "t:2"]


def test_file_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.bst").write_bytes(b"binf" + bytes(100))
    with pytest.raises(ArtifactRefused, match="no readable XGBoost model") as raised:
        _server(tmp_path)
    assert "3.0" in str(raised.value.hint)


def test_pickle_needs_approval(tmp_path: Path, project: Any) -> None:
    folder = tmp_path / "pickled"
    folder.mkdir()
    (folder / "model-settings.json").write_text('{"parameters": {"uri": "m.pkl"}}')
    (folder / "m.pkl").write_bytes(pickle.dumps(_trained()))
    with pytest.raises(ArtifactRefused, match="m.pkl is a pickle"):
        _server(folder, project())
    assert _server(folder, project(trusted=[folder])).predict(ROWS[:2], []).shape == (2,)


def test_the_booster_runs_as_a_kernel(tmp_path: Path) -> None:
    booster = _trained(["a", "b", "c"])
    (tmp_path / "model.json").write_bytes(booster.save_raw("json"))
    with compilation() as told:
        server = _server(tmp_path)
    assert told.engines == {"predict": "onnxruntime"}
    rows = ROWS.copy()
    rows[::7, 1] = np.nan
    want = booster.predict(xgboost.DMatrix(rows, feature_names=["a", "b", "c"]))
    got = server.predict(rows, [])
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-6)
    assert server.predict(np.array([[1, 2, 3]]), []).shape == (1,)
