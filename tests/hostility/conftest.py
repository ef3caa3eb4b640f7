"""A real server to attack: a graph of one node that answers with what it gets, and takes 8 MiB at once."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.running import Running, serving

WORDS = Path(__file__).parents[1] / "e2e" / "words"


@pytest.fixture(scope="module")
def echo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("hostility")
    project = folder / "project"
    shutil.copytree(WORDS, project)
    with serving(project, folder, "graphs/echo.py", "--max-body-mib", "8") as running:
        yield running
