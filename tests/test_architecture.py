"""What the tree promises beyond what the linters know: folders, wheel, lock, versions.

The direction of imports inside the library is import-linter's part ([tool.importlinter]).
"""

import ast
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.util import find_spec
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import servegraph

ROOT = Path(__file__).parents[1]
FOLDERS = ("graphs", "models", "transformers", "detectors", "manifests", "tests")
MOUNTED = sorted(path for folder in FOLDERS[:4] for path in ROOT.glob(f"{folder}/**/*.py"))
LOCKS = sorted(ROOT.glob("requirements/*.txt"))


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imports(path: Path) -> set[str]:
    """The modules a file imports, anywhere in it; a relative one keeps its dots."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add("." * node.level + (node.module or ""))
    return found


def pyproject() -> dict[str, dict[str, dict[str, list[str]]]]:
    return tomllib.loads(ROOT.joinpath("pyproject.toml").read_text())


@pytest.mark.parametrize("folder", FOLDERS)
def test_folder_is_no_package(folder: str) -> None:
    assert list(ROOT.glob(f"{folder}/**/__init__.py")) == []


@pytest.mark.parametrize("path", MOUNTED, ids=name)
def test_mounted_file_imports_no_other_folder(path: Path) -> None:
    # `import transformers` is Hugging Face's, as the test of the mount below shows.
    forbidden = {"graphs", "models", "detectors", "manifests", "tests"}
    found = imports(path)

    assert {module for module in found if module.split(".")[0] in forbidden} == set()
    assert {module for module in found if module.startswith((".", "servegraph.project"))} == set()


@pytest.mark.parametrize("path", sorted(ROOT.glob("graphs/*.py")), ids=name)
def test_graph_imports_only_the_dsl_and_the_standard_library(path: Path) -> None:
    foreign = {module for module in imports(path) if module.split(".")[0] not in sys.stdlib_module_names}

    assert foreign == {"servegraph.graph"}


def test_transformers_is_hugging_face_s_after_loading_every_component() -> None:
    script = """
import importlib.util, pathlib
from servegraph.project import find_project, load_module
project = find_project(pathlib.Path())
for folder in ("models", "transformers", "detectors"):
    for path in sorted(pathlib.Path(folder).glob("*.py")):
        module = load_module(project, f"{folder}.{path.stem}", str(path))
        assert pathlib.Path(module.__file__).samefile(path), module.__file__
print(importlib.util.find_spec("transformers").origin)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    spec = find_spec("transformers")

    assert spec is not None
    assert spec.origin is not None
    assert "site-packages/transformers/__init__.py" in spec.origin
    assert done.stdout.strip() == spec.origin


def test_wheel_holds_the_package_and_nothing_else(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, capture_output=True, check=True, timeout=60)
    (wheel,) = tmp_path.iterdir()
    files = {Path(entry) for entry in zipfile.ZipFile(wheel).namelist()}

    assert {path.parts[0] for path in files} == {
        "servegraph",
        f"servegraph-{servegraph.__version__}.dist-info",
    }
    assert {ROOT / "src" / path for path in files if path.parts[0] == "servegraph"} == {
        path for path in ROOT.glob("src/**/*") if path.is_file() and "__pycache__" not in path.parts
    }


def test_every_module_opens_with_a_docstring() -> None:
    modules = [*ROOT.glob("src/**/*.py"), *MOUNTED]

    assert [name(path) for path in modules if not ast.get_docstring(ast.parse(path.read_text()))] == []


@pytest.mark.parametrize("path", LOCKS, ids=name)
def test_lock_has_pinned_names_with_hashes_and_no_address(path: Path) -> None:
    entries = path.read_text().replace("\\\n", "").splitlines()
    pinned = re.compile(r"[a-z0-9-]+(\[[a-z0-9,-]+\])?==\S+( ;[^:]+)?(\s+--hash=sha256:[0-9a-f]{64})+")

    assert [entry for entry in entries if not pinned.fullmatch(entry)] == []


def test_lock_has_what_pyproject_asks_for() -> None:
    document = pyproject()
    project, groups = document["project"], document["dependency-groups"]
    wanted = [*project["dependencies"], *chain(*project["optional-dependencies"].values()), *groups["dev"]]
    locked = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / "requirements/dev.txt").read_text(), re.MULTILINE))

    missing = [
        line
        for line in map(Requirement, wanted)
        if not line.specifier.contains(locked.get(canonicalize_name(line.name), "0"))
    ]
    assert missing == []


def test_version_is_the_same_everywhere() -> None:
    changelog = re.search(r"^## \[?(\d[^\s\]]*)", ROOT.joinpath("CHANGELOG.md").read_text(), re.MULTILINE)

    assert changelog is not None
    assert changelog[1] == servegraph.__version__
    assert pyproject()["project"]["version"] == servegraph.__version__


def test_contributing_quotes_the_code_as_it_is() -> None:
    text = ROOT.joinpath("CONTRIBUTING.md").read_text()
    quotes = re.findall(r"From `([^`]+)`:\n\n```python\n(.*?)```", text, re.DOTALL)

    assert len(quotes) == text.count("```python")
    assert [path for path, code in quotes if code not in ROOT.joinpath(path).read_text()] == []
