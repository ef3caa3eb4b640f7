"""The prepackaged servers let requests be answered together, and answer as they do one by one."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
import skops.io
import xgboost
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from servegraph.component import Caller, Identity, batching, read
from servegraph.payload import Message
from servegraph.payload.envelope import Envelope
from servegraph.payload.seldon import MESSAGE
from servegraph.servers.sklearn_server import SKLearnServer
from servegraph.servers.xgboost_server import XGBoostServer

ROWS, LABELS = load_breast_cancer(return_X_y=True)
TREE = "sklearn.tree._tree.Tree"


class Unheard:
    def custom_metrics(self, *_: Any) -> None: ...

    def reward(self, *_: Any) -> None: ...


def _scaler(folder: Path, project: Any) -> SKLearnServer:
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(ROWS, LABELS)
    joblib.dump(model, folder / "model.joblib")
    return SKLearnServer(str(folder), project=project(trusted=[folder]))


def _forest(folder: Path, project: Any) -> SKLearnServer:
    skops.io.dump(RandomForestClassifier(10, random_state=0).fit(ROWS, LABELS), folder / "model.skops")
    return SKLearnServer(str(folder), project=project(types=[TREE]))


def _table(folder: Path, project: Any) -> SKLearnServer:
    model = RandomForestClassifier(5, random_state=0).fit(pd.DataFrame(ROWS, columns=list(map(str, range(30)))), LABELS)
    joblib.dump(model, folder / "model.joblib")
    return SKLearnServer(str(folder), "predict", project(trusted=[folder]))


def _booster(folder: Path, project: Any) -> XGBoostServer:
    settings = {"objective": "binary:logistic", "nthread": 1}
    (folder / "model.json").write_bytes(xgboost.train(settings, xgboost.DMatrix(ROWS, LABELS), 20).save_raw("json"))
    return XGBoostServer(str(folder))


async def _answers(server: Any, sizes: list[int]) -> tuple[list[Any], int]:
    """Answers to requests that come at once, ten times over, and the rows of the largest call."""
    server.load()
    called: list[int] = []
    predict = server.predict

    def counted(X: Any, names: Any, meta: Any = None) -> Any:
        called.append(len(X))
        return predict(X, names, meta)

    server.predict = counted
    caller = Caller(read(server, "n"), Identity("n", "image:1"), Unheard())
    ends = np.cumsum(sizes)
    parts = [ROWS[end - size : end] for size, end in zip(sizes, ends, strict=True)]
    answers: list[Any] = []
    for _ in range(10):
        asked = [Envelope(MESSAGE, "rest", value=Message("ndarray", part)) for part in parts]
        answers = await asyncio.gather(*(caller.transform("predict", each) for each in asked))
    return answers, max(called)


@pytest.mark.parametrize("make", [_scaler, _forest, _table, _booster])
async def test_answers_do_not_change(
    make: Callable[..., Any], tmp_path: Path, project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batching, "QUICK_S", 0.0)
    sizes = [1, 3, 1, 2, 8, 1, 1, 5]
    folder = tmp_path / "model"
    folder.mkdir()
    joint, most = await _answers(make(folder, project), sizes)
    server = make(folder, project)
    server.row_wise = False
    alone, own = await _answers(server, sizes)
    assert most > max(sizes)
    assert own == max(sizes)
    for each, other in zip(joint, alone, strict=True):
        found, expected = each.value(), other.value()
        np.testing.assert_allclose(found.value, expected.value, rtol=1e-9, atol=1e-12)
        assert (found.kind, found.names, found.meta) == (expected.kind, expected.names, expected.meta)
        assert (found.value.dtype, found.value.shape) == (expected.value.dtype, expected.value.shape)


async def test_a_model_that_mixes_rows_is_found_out(
    tmp_path: Path, project: Any, caplog: pytest.LogCaptureFixture
) -> None:
    model = make_pipeline(FunctionTransformer(_centred), StandardScaler(), LogisticRegression()).fit(ROWS, LABELS)
    folder = tmp_path / "model"
    folder.mkdir()
    joblib.dump(model, folder / "model.joblib")
    server = SKLearnServer(str(folder), project=project(trusted=[folder]))
    with caplog.at_level(logging.WARNING):
        answers, _ = await _answers(server, [1, 1, 1])
    assert "otherwise than those of each" in caplog.text
    assert len({tuple(answer.value().value[0]) for answer in answers}) == 1


def _centred(rows: Any) -> Any:
    return rows - rows.mean(axis=0)
