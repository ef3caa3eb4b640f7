"""The bar: what the libraries below us allow. One function on granian, orjson and onnxruntime, no framework.

    python benchmarks/by_hand.py <folder of the .onnx files> <port>

It answers `POST /` with a Seldon message, draws the arm of the A/B test for each request, and checks nothing.
"""

import sys
from pathlib import Path
from random import random

import numpy as np
import onnxruntime
import orjson
from granian import Granian
from granian.constants import Interfaces, Loops


def session(file: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])


class Application:
    """StandardScaler and LogisticRegression are one file, StandardScaler and RandomForestClassifier the other."""

    def __init__(self, folder: Path) -> None:
        self._arms = [session(folder / f"{arm}.onnx") for arm in ("logistic", "forest")]

    async def __rsgi__(self, scope, protocol) -> None:
        rows = np.array(orjson.loads(await protocol())["data"]["ndarray"], dtype=np.float64)
        arm = int(random() >= 0.5)
        (probabilities,) = self._arms[arm].run(["probabilities"], {"rows": rows})
        answer = {
            "data": {"names": ["malignant", "benign"], "ndarray": probabilities.tolist()},
            "meta": {"routing": {"ab": arm}},
        }
        protocol.response_bytes(200, [("content-type", "application/json")], orjson.dumps(answer))


def load(_target: str) -> Application:
    return Application(Path(sys.argv[1]))


if __name__ == "__main__":
    server = Granian(
        "by_hand", port=int(sys.argv[2]), interface=Interfaces.RSGI, loop=Loops.uvloop, log_enabled=False, backlog=1024
    )
    server.serve(target_loader=load)
