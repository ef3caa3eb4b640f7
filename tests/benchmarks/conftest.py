"""The benchmarks are scripts beside the package: their folder goes on the path, last."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))
