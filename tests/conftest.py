"""What all tests share: one trained registry, and ports that nobody else gets."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from tests.ports import HELD

ROOT = Path(__file__).parents[1]

TRAIN = """
import importlib.util, sys
from pathlib import Path
from servegraph.artifacts import Registry

spec = importlib.util.spec_from_file_location("screening", sys.argv[1])
screening = sys.modules["screening"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(screening)
screening.train(Registry.embedded(Path(sys.argv[2])), None, "label", print)
"""


@pytest.fixture(scope="session")
def trained_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """State folder of a registry that the project's training filled; shared, so never change it."""
    own = tmp_path_factory.getbasetemp()
    state = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "trained"
    with FileLock(f"{state}.lock"):
        if not (state / "models.lock").exists():
            train = [sys.executable, "-c", TRAIN, str(ROOT / "models" / "screening.py"), str(state)]
            done = subprocess.run(train, capture_output=True, text=True, timeout=100)
            assert done.returncode == 0, done.stderr
            (state / "training.out").write_text(done.stdout)
            (state / "training.err").write_text(done.stderr)
    return state


@pytest.fixture(autouse=True)
def ports_given_back() -> Iterator[None]:
    yield
    HELD.close()
