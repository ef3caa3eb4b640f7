"""Projects of tests: a folder with a pyproject.toml and whatever files a test needs."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from servegraph.project import Project, find_project

MakeProject = Callable[[Mapping[str, str]], Project]


@pytest.fixture
def make_project(tmp_path: Path) -> Iterator[MakeProject]:
    """`make_project({"models/a.py": source})` is a project with these files; it is unmounted afterwards."""
    before = os.environ.get("SERVEGRAPH_PROJECT")

    def make(files: Mapping[str, str]) -> Project:
        for name, text in {"pyproject.toml": "[tool.servegraph]\n", **files}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return find_project(tmp_path)

    yield make
    if before is None:
        os.environ.pop("SERVEGRAPH_PROJECT", None)
    else:
        os.environ["SERVEGRAPH_PROJECT"] = before
    for name in [name for name in sys.modules if name.startswith("servegraph.project.files")]:
        del sys.modules[name]
