"""Projects whose settings and `trusted.toml` say what may be loaded, and models as people save them."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from servegraph.artifacts.folder import digest
from servegraph.artifacts.trust import approve

MakeProject = Callable[..., str]


@pytest.fixture
def project(tmp_path: Path) -> MakeProject:
    """`project(types=[...], trusted=[folder, ...])`: the folder of a project."""

    def make(types: Sequence[str] = (), trusted: Sequence[Path] = ()) -> str:
        root = tmp_path / "project"
        root.mkdir(exist_ok=True)
        (root / "pyproject.toml").write_text(f"[tool.servegraph]\ntrusted_types = {list(types)!r}\n")
        for folder in trusted:
            approve(root / "trusted.toml", digest(folder), folder.name)
        return str(root)

    return make
