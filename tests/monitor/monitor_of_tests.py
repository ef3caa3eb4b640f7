"""A monitor process with a detector that costs nothing to load, or with the project's own.

python monitor_of_tests.py <socket> <checkpoint> light|slow-to-load|cannot-load|<folder of an artifact>
"""

import importlib.util
import math
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from servegraph.monitor.process import serve


class LightDetector:
    """Says that a column drifted when its mean is not that of a standard normal.

    A value of 666 makes it raise, one of 777 makes it work for a minute.
    """

    window = 100
    feature_names = ("a", "b", "c")

    def __init__(self, manner: str) -> None:
        self.manner = manner

    def load_detector(self) -> None:
        if self.manner == "slow-to-load":
            time.sleep(3)
        if self.manner == "cannot-load":
            raise OSError("the reference is gone")

    def detect(self, rows: Any) -> dict[str, Any]:
        if (rows == 666).any():
            raise ArithmeticError("the number of the beast")
        if (rows == 777).any():
            time.sleep(60)
        distances = np.abs(rows.mean(axis=0)) * math.sqrt(len(rows))
        p_values = [math.erfc(distance / math.sqrt(2)) for distance in distances]
        threshold = 0.01 / len(p_values)
        return {
            "is_drift": min(p_values) < threshold,
            "p_values": p_values,
            "distances": distances,
            "threshold": threshold,
        }


def of_project(artifact: str) -> Any:
    """The project's own FeatureDrift."""
    source = Path(__file__).parents[2] / "detectors" / "drift.py"
    spec = importlib.util.spec_from_file_location("drift", source)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.FeatureDrift(artifact)


if __name__ == "__main__":
    socket, checkpoint, kind = sys.argv[1:]
    detector = of_project(kind) if Path(kind).is_absolute() else LightDetector(kind)
    serve(Path(socket), {"drift": detector}, Path(checkpoint), os.getppid(), lambda: None)
