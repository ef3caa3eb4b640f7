"""A real server to attack: a graph of one node that answers with what it gets, and takes 8 MiB at once."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.running import Running, serving

WORDS = Path(__file__).parents[1] / "e2e" / "words"


@pytest.fixture
def echo(tmp_path: Path) -> Iterator[Running]:
    project = tmp_path / "project"
    shutil.copytree(WORDS, project)
    with serving(project, tmp_path, "graphs/echo.py", "--max-body-mib", "8") as running:
        yield running
