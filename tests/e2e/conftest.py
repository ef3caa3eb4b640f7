"""Projects and servers for the end-to-end tests."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.running import Running, serving

ROOT = Path(__file__).parents[2]
FOLDERS = ("graphs", "models", "transformers", "detectors", "manifests")


def copy_project(target: Path, state: Path) -> Path:
    """This repository's own project in `target`, with a registry that is already trained."""
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, target / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", target)
    own = target / ".servegraph"
    own.mkdir()
    for name in ("mlflow.db", "models.lock"):
        shutil.copy(state / name, own)
    return target


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory, trained_store: Path) -> Path:
    return copy_project(tmp_path_factory.mktemp("project"), trained_store)


@pytest.fixture(scope="session")
def screening(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The screening graph, served by the real command, for all tests that do not break it."""
    with serving(project, tmp_path_factory.mktemp("screening")) as running:
        yield running


@pytest.fixture(scope="session")
def words_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of small classes that says every word of Seldon's contract."""
    target = tmp_path_factory.mktemp("words")
    shutil.copytree(Path(__file__).parent / "words", target, dirs_exist_ok=True)
    return target
