"""The graph as a runtime of MLServer's. A batch holds rows of several requests: the arm is drawn for each row."""

import os
from pathlib import Path

import joblib
import numpy as np
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse

ARMS = ("logistic", "forest")


class Bar(MLModel):
    async def load(self) -> bool:
        folder = Path(os.environ["BENCH_MODELS"])
        self._scaler = joblib.load(folder / "scaler.joblib")
        self._models = [joblib.load(folder / f"{arm}.joblib") for arm in ARMS]
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        rows = self._scaler.transform(NumpyCodec.decode_input(payload.inputs[0]))
        arms = np.random.random(len(rows)) >= 0.5
        probabilities = np.empty((len(rows), 2))
        for arm, model in enumerate(self._models):
            if (chosen := arms == arm).any():
                probabilities[chosen] = model.predict_proba(rows[chosen])
        return InferenceResponse(
            model_name=self.name, outputs=[NumpyCodec.encode_output("probabilities", probabilities)]
        )
