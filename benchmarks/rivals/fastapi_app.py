"""The graph as one writes it by hand with FastAPI: uvicorn fastapi_app:sklearn_app, or :onnx_app."""

import os
from pathlib import Path
from random import random

import numpy as np
from fastapi import FastAPI
from pydantic import BaseModel

ARMS = ("logistic", "forest")
FOLDER = Path(os.environ["BENCH_MODELS"])


class Data(BaseModel):
    ndarray: list[list[float]]


class Question(BaseModel):
    data: Data


def answer(arm: int, probabilities: np.ndarray) -> dict:
    data = {"names": ["malignant", "benign"], "ndarray": probabilities.tolist()}
    return {"data": data, "meta": {"routing": {"ab": arm}}}


def sklearn_app() -> FastAPI:
    import joblib

    app = FastAPI()
    scaler = joblib.load(FOLDER / "scaler.joblib")
    models = [joblib.load(FOLDER / f"{arm}.joblib") for arm in ARMS]

    @app.post("/predict")
    async def predict(question: Question) -> dict:
        rows = np.array(question.data.ndarray)
        arm = int(random() >= 0.5)
        return answer(arm, models[arm].predict_proba(scaler.transform(rows)))

    return app


def onnx_app() -> FastAPI:
    import onnxruntime

    app = FastAPI()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    models = [onnxruntime.InferenceSession(FOLDER / f"{arm}.onnx", options) for arm in ARMS]

    @app.post("/predict")
    async def predict(question: Question) -> dict:
        rows = np.array(question.data.ndarray)
        arm = int(random() >= 0.5)
        (probabilities,) = models[arm].run(["probabilities"], {"rows": rows})
        return answer(arm, probabilities)

    return app
